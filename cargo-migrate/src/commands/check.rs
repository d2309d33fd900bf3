use clap::Args;
use migrate_core::{Code, Published};
use migrate_schema::lock::SchemaLock;

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::phrase::counted;
use crate::output::style::{self, styled};
use crate::output::ui::{Ui, drawn};
use crate::project::context::Context;
use crate::project::git::Repository;
use crate::schemas::autogenerate::{self, Source};
use crate::scratch::interrupt::wait;

/// Check the chain and its lock, without a database
///
/// Reports all problems at once, each with its place and the command that fixes it, exactly as the
/// compiler does. `cargo migrate explain <code>` explains each.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Also refuse drafts and an outdated schema.lock, as CI should
    #[arg(long)]
    locked: bool,
    /// Also check this branch against the chain of a git reference: whether it forks that chain,
    /// edits or deletes sealed revisions, or reuses an id; the default is the remote's main branch
    #[arg(long, value_name = "REF", num_args = 0..=1, default_missing_value = "")]
    since: Option<String>,
    /// Also compare the models with the schema of the chain, in scratch databases, and fail if a
    /// revision is missing
    #[arg(long)]
    models: bool,
}

pub(crate) fn run(args: &CheckArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.survey()?;
    let mut found = match &args.since {
        Some(reference) => {
            published(context, reference)?.check(context.folder()?, context.config()?)
        }
        None => survey.diagnostics.clone(),
    };
    let shown = context.folder()?.shown_file(SchemaLock::FILE);
    match SchemaLock::read(&context.dir()?, &shown) {
        Ok(Some(text)) => found.extend(SchemaLock::parse(&shown, &text).err().unwrap_or_default()),
        Ok(None) => {}
        Err(unreadable) => found.push(*unreadable),
    }
    if args.since.is_none() {
        found.extend(migrate_replay::reaching(survey, context.config()?));
    }
    found.sort_by_key(|found| found.severity);
    if args.locked {
        found.retain(|found| found.code != Code::SchemaLockStale);
        found.extend(survey.stale_schemas());
        found.extend(survey.drafts());
        found.sort_by_key(|found| found.severity);
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|found| ui.shown_diagnostic(found))
        .collect();
    let errors = found.iter().filter(|found| found.is_error()).count();
    let warnings = found.len() - errors;
    if ui.is_json() {
        ui.json(&json::Diagnostics::new(&found))?;
    } else {
        for diagnostic in &found {
            ui.answer(format_args!("{}\n", drawn(diagnostic)))?;
        }
        let mut counts = Vec::new();
        if errors > 0 {
            counts.push(counted(errors, "error"));
        }
        if warnings > 0 {
            counts.push(counted(warnings, "warning"));
        }
        let revisions = counted(survey.revisions.len(), "revision");
        match (errors, counts.is_empty()) {
            (0, true) => ui.status(format_args!(
                "{} {revisions}, nothing is wrong",
                styled(style::GOOD, "checked")
            )),
            (0, false) => ui.status(format_args!(
                "{} {revisions}: {}",
                styled(style::GOOD, "checked"),
                counts.join(", ")
            )),
            _ => ui.say(format_args!(
                "{} {revisions}: {}",
                styled(style::ERROR, "checked"),
                counts.join(", ")
            )),
        }
    }
    match errors {
        0 if args.models => models(context, ui),
        0 => Ok(()),
        _ => Err(CommandError::reported()),
    }
}

/// Warns about new revisions that reach out of their database.
pub(super) fn report_reach(context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let context = context.reloaded();
    let found = migrate_replay::reaching(context.survey()?, context.config()?);
    for diagnostic in found.iter().take(MOST_SHOWN) {
        ui.say(format_args!("{}\n", drawn(diagnostic)));
    }
    if let Some(more) = found.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        ui.warning(format_args!(
            "{} more reach out of their database: `cargo migrate check` shows them",
            counted(more, "revision")
        ));
    }
    Ok(())
}

/// At most so many are shown after another command's output.
const MOST_SHOWN: usize = 3;

/// Fails if the models differ from the chain.
fn models(context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let source = Source::read(None, context, ui)?;
    let gaps = wait(autogenerate::gaps(&source, &[], context))?;
    let mut missing = Vec::new();
    for gap in &gaps {
        let changes = migrate_schema::diff(&gap.chain, &gap.wanted, &gap.renames);
        let name = gap.dialect().name();
        missing.extend(changes.iter().map(|change| format!("on {name}: {change}")));
    }
    if missing.is_empty() {
        ui.status(format_args!(
            "{} the models match the chain",
            styled(style::GOOD, "checked")
        ));
        return Ok(());
    }
    let error = CommandError::new(Failure::ModelsDiffer, "the models differ from the chain")
        .help("write it with `cargo migrate new --auto \"…\"`");
    Err(missing.into_iter().fold(error, CommandError::cause))
}

/// Reads what git keeps of a reference and of where this branch left it.
fn published(context: &Context, reference: &str) -> Result<Published, CommandError> {
    let repository = Repository::require(context.root()?)?;
    let name = match reference {
        "" => repository.published()?.ok_or_else(|| {
            CommandError::usage("there is no main branch of a remote `origin`")
                .help("name the reference to compare with: `cargo migrate check --since <ref>`")
        })?,
        reference => reference.to_owned(),
    };
    let tip = repository.commit(&name)?;
    let fork_point = repository.merge_base(&repository.commit("HEAD")?, &tip)?;
    Ok(Published {
        tip: repository.folder(&tip)?,
        fork_point: repository.folder(&fork_point)?,
        name,
    })
}
