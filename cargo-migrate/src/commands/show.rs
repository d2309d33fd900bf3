use clap::Args;
use migrate_core::{LockState, RevisionId, Survey, Target};

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Show one revision: what it follows, and its SQL
///
/// Accepts anything that names one revision: an id or the beginning of one, a label, `head`,
/// `<label>@head`, `<id>-1`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The revision
    #[arg(value_name = "REVISION", allow_negative_numbers = true)]
    revision: String,
}

pub(crate) fn run(args: &ShowArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.any_survey(ui)?;
    let index = one(survey, &args.revision)?;
    if ui.is_json() {
        return ui.json(&context.one_revision(survey, index)?);
    }
    let revision = &survey.revisions[index];
    let graph = &survey.graph;
    let ids = |ids: &[u32]| json::ids(graph, ids.iter().map(|id| *id as usize)).join(", ");
    let parents: Vec<_> = revision.parents.iter().map(RevisionId::as_str).collect();
    let lock = match survey.lock.get(revision.id.as_str()) {
        None => "not in chain.lock".to_owned(),
        Some(entry) => match entry.state {
            LockState::Draft => "draft".to_owned(),
            LockState::Sealed(hash) if hash == revision.hash => "sealed".to_owned(),
            LockState::Sealed(_) => "sealed, and edited since".to_owned(),
        },
    };
    for (key, value) in [
        ("revision", styled(style::ID, &revision.id)),
        ("message", revision.message.to_string()),
        ("file", context.folder()?.shown_file(&revision.file)),
        ("parents", parents.join(", ")),
        ("children", ids(graph.children(index))),
        ("depends on", revision.depends_on.join(", ")),
        ("needed by", ids(graph.dependents(index))),
        ("labels", revision.labels.join(", ")),
        ("created", revision.created.to_string()),
        ("state", lock),
        ("hash", revision.hash.to_string()),
    ] {
        if !value.is_empty() {
            ui.answer(format_args!("{key:<10} {value}"))?;
        }
    }
    let body = revision
        .text
        .find("-- migrate")
        .map_or("", |start| revision.text[start..].trim_end());
    ui.answer(format_args!("\n{body}"))
}

/// Finds the one revision that is named, without a database.
pub(super) fn one(survey: &Survey, given: &str) -> Result<usize, CommandError> {
    let target: Target = given.parse()?;
    let nothing = survey.graph.none();
    if target.place == Some(migrate_core::Anchor::Current)
        || (target.place.is_none() && target.branch.is_none())
    {
        return Err(CommandError::new(
            Failure::MalformedTarget,
            format!("`{given}` depends on a database, and this command reads none"),
        )
        .help("`cargo migrate current` shows where the database is"));
    }
    let found = target.resolve(&survey.graph, &nothing)?;
    match found[..] {
        [only] => Ok(only),
        [] => Err(CommandError::new(
            Failure::NoRevision,
            format!("`{given}` is not a revision but the state before the first"),
        )
        .help("`cargo migrate history` lists the revisions")),
        _ => Err(CommandError::new(
            Failure::SeveralHeads,
            format!("`{given}` names several revisions"),
        )
        .candidates(json::ids(&survey.graph, found))
        .help("name one: `cargo migrate heads` lists them")),
    }
}
