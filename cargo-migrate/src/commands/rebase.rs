use clap::Args;
use migrate_core::{ChainLock, Folder, Rebase, RebaseError, Survey, TargetError};
use migrate_sqlx::__cli::Create;
use serde::Serialize;

use super::show::one;
use crate::database::state_of;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::phrase::counted;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::edits::Edits;
use crate::project::published::Published;
use crate::scratch::interrupt::wait;

const EXAMPLE: &str = "\
Example:
  Two people began at `a`, and your `y` on `x` came second:

    a - b            a - b - x - y
     \\         ->
      x - y          cargo migrate rebase y --onto b
";

/// Move a branch onto another head, instead of merging the two
///
/// The branch is all ancestors of the revision that are not ancestors of the head: its first
/// revision gets the head as its parent, and the rest follows. The edits are shown, and chain.lock
/// is updated. This is for unpublished revisions: if a database has applied them already, use
/// `cargo migrate merge`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct RebaseArgs {
    /// The head of the branch; by default, the only unpublished head
    #[arg(value_name = "REVISION")]
    revision: Option<String>,
    /// The new parent, instead of the other head
    #[arg(long, value_name = "REVISION")]
    onto: Option<String>,
    /// Show the edits without making them
    #[arg(long)]
    dry_run: bool,
    /// Move it even if the database in use has applied it, or cannot be read
    #[arg(long)]
    allow_applied: bool,
    /// Move it even if the remote's main branch has it
    #[arg(long)]
    allow_published: bool,
}

#[derive(Serialize)]
struct Rebased<'a> {
    onto: &'a str,
    moved: Vec<String>,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    revision: &'a str,
    parents: Vec<String>,
    file: String,
}

pub(crate) fn run(args: &RebaseArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.require(Require::AnyEnds)?;
    let graph = &survey.graph;
    let published = Published::of(context)?;
    let revision = match &args.revision {
        Some(given) => one(survey, given)?,
        None => published.own_head(survey)?,
    };
    let onto = match &args.onto {
        Some(given) => one(survey, given)?,
        None => other_end(survey, revision)?,
    };
    let rebase = Rebase::new(graph, revision, onto)?;
    let ids = |indices: &[usize]| json::ids(graph, indices.iter().copied());
    let edited: Vec<usize> = rebase.edits.iter().map(|(index, _)| *index).collect();
    if !args.allow_published {
        published.refuse(&ids(&edited))?;
    }
    if !args.allow_applied {
        refuse_applied(context, survey, &edited)?;
    }

    let (folder, edits) = edited_folder(context, survey, &rebase)?;
    judge(context, survey, &folder)?;
    if !args.dry_run {
        edits.make()?;
    }
    let onto = graph.id(onto).as_str();
    if ui.is_json() {
        let shown = context.folder()?;
        let edits = rebase.edits.iter().map(|(index, parents)| Edit {
            revision: graph.id(*index).as_str(),
            parents: parents.iter().map(ToString::to_string).collect(),
            file: shown.shown_file(&survey.revisions[*index].file),
        });
        return ui.json(&Rebased {
            onto,
            moved: ids(&rebase.moved),
            edits: edits.collect(),
        });
    }
    for line in edits.draw(context).trim_end().lines() {
        ui.answer(line)?;
    }
    let what = counted(rebase.moved.len(), "revision");
    match args.dry_run {
        true => ui.status(format_args!("{what} would be moved onto {onto}")),
        false => ui.status(format_args!(
            "{} {what} onto {}",
            styled(style::GOOD, "moved"),
            styled(style::ID, onto)
        )),
    }
    Ok(())
}

/// The head that the branch is to follow where none is named: the only one that it does not lead
/// to.
fn other_end(survey: &Survey, revision: usize) -> Result<usize, CommandError> {
    let graph = &survey.graph;
    let follow = graph.descendants([revision]);
    let others: Vec<usize> = graph
        .heads()
        .filter(|head| !follow.contains(*head))
        .collect();
    match others[..] {
        [only] => Ok(only),
        [] => Err(CommandError::new(
            Failure::NothingToRebase,
            format!(
                "there is no other head to move `{}` onto",
                graph.id(revision)
            ),
        )
        .help("name another parent with `--onto <revision>`")),
        _ => Err(CommandError::from(TargetError::SeveralHeads {
            heads: json::ids(graph, others),
        })
        .help("choose its new parent: `--onto <revision>`")),
    }
}

/// A database that has applied a revision where it stood would have to take it back first.
fn refuse_applied(
    context: &Context,
    survey: &Survey,
    edited: &[usize],
) -> Result<(), CommandError> {
    let chosen = match context.database() {
        Ok(chosen) => chosen,
        Err(error) if error.is(Failure::NoDatabase) => return Ok(()),
        Err(error) => return Err(error),
    };
    let config = context.config()?;
    let state = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        state_of(&database, survey, config).await
    })
    .map_err(|error| match error.help_text() {
        Some(_) => error,
        None => error.help("add `--allow-applied` to move it without asking the database"),
    })?;
    let applied = edited.iter().find(|index| {
        let id = survey.graph.id(**index).as_str();
        state
            .graph
            .index(id)
            .is_some_and(|index| state.applied.contains(index))
    });
    match applied {
        None => Ok(()),
        Some(index) => {
            let id = survey.graph.id(*index);
            Err(CommandError::new(
                Failure::Applied,
                format!("{} has already applied `{id}`", chosen.shown()),
            )
            .help(format!(
                "merge the heads with `cargo migrate merge` instead; or add `--allow-applied`, and then apply it again there: `cargo migrate redo {id}`"
            )))
        }
    }
}

/// The folder as it will be, and what has to be written for it.
fn edited_folder(
    context: &Context,
    survey: &Survey,
    rebase: &Rebase,
) -> Result<(Folder, Edits), CommandError> {
    let dir = context.dir()?;
    let mut folder = context.folder()?.clone();
    let mut edits = Edits::default();
    for (index, parents) in &rebase.edits {
        let revision = &survey.revisions[*index];
        let new = revision.with_parents(parents);
        let file = folder
            .files
            .iter_mut()
            .find(|file| file.name == *revision.file);
        if let Some(file) = file {
            edits.replace(dir.join(&file.name), &file.text, new.clone());
            file.text = new.into();
        }
    }
    // The hashes are those of the new parents.
    let after = Survey::new(&folder, context.config()?);
    let mut lock = survey.lock.clone();
    for (index, _) in &rebase.edits {
        let id = survey.graph.id(*index).as_str();
        if let Some(index) = after.graph.index(id) {
            lock.update(&after.revisions[index]);
        }
    }
    let old = folder.lock.take().unwrap_or_default();
    edits.replace(dir.join(ChainLock::FILE), &old, lock.render());
    folder.lock = Some(lock.render());
    Ok((folder, edits))
}

/// Refuses what would break the chain otherwise than it is broken.
fn judge(context: &Context, survey: &Survey, folder: &Folder) -> Result<(), CommandError> {
    let mut found = Survey::new(folder, context.config()?).diagnostics;
    found.retain(|found| Require::AnyEnds.blocks(found) && !survey.diagnostics.contains(found));
    match found.is_empty() {
        true => Ok(()),
        false => Err(CommandError::diagnostics(found)),
    }
}

impl From<RebaseError> for CommandError {
    fn from(error: RebaseError) -> Self {
        let help = match &error {
            RebaseError::AlreadyFollows { .. } => {
                "there is nothing to do; `cargo migrate history` shows the chain".to_owned()
            }
            RebaseError::AlreadyMerged { revision, onto, .. } => {
                format!("join them again: `cargo migrate merge {revision} {onto}`")
            }
            RebaseError::Cycle { .. } => {
                "name them the other way round, or join two heads with `cargo migrate merge`"
                    .to_owned()
            }
        };
        Self::new(Failure::NothingToRebase, error.to_string()).help(help)
    }
}
