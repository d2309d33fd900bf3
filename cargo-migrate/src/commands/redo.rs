use clap::Args;
use migrate_core::{Anchor, Dialect, Plan, Target, TargetError};
use migrate_sqlx::__cli::{ChainState, Create};
use migrate_sqlx::Error;

use super::{plan, run::chain_folder, run::runner};
use crate::cli::ChangeArgs;
use crate::database::consent::{cannot_be_redone, refuse_protected, without_a_way_back};
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::{self, DownAndUp, PlanDocument};
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::drafts::Drafts;
use crate::schemas::schema_lock;
use crate::scratch::interrupt::block_on;

/// Revert the last revision and apply it again
///
/// This is for a draft that was edited after it was applied: the text in the ledger is reverted,
/// and the new text is applied. Revisions that follow it are reverted and applied again with it. If
/// only its `down` or its header was edited, the new text is recorded in the ledger, and nothing is
/// run.
#[derive(Debug, Args)]
pub(crate) struct RedoArgs {
    /// The revision, instead of the last
    #[arg(value_name = "REVISION")]
    revision: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &RedoArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let migrations = migrations(&chain, context.config()?);
    let drafts = Drafts::of(&context.survey()?.lock);
    let chosen = context.database_to_write(ui)?;
    if !args.change.dry_run {
        refuse_protected(&chosen)?;
    }
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = database.state(&migrations).await?;
        let index = chosen_revision(&state, args.revision.as_deref())?;
        if state.edit(state.graph.id(index).as_str()).is_some() && state.judge(false).is_ok() {
            let up = Plan::including(&state.graph, &state.applied, []);
            if !args.change.dry_run {
                let runner = runner(&migrations, &args.change, &chosen, &progress);
                let here = at(state.graph.id(index).as_str());
                database.run(runner.target(here)).await?;
                progress.end();
            }
            if ui.is_json() {
                let nothing = Plan::without(&state.graph, &state.applied, []);
                return ui.json(&DownAndUp {
                    database: Some(chosen.shown()).filter(|_| !args.change.dry_run),
                    reverted: PlanDocument::new(&nothing, &state.graph),
                    applied: PlanDocument::of(&up, &state),
                    notices: (!args.change.dry_run).then(|| progress.notices()),
                });
            }
            if args.change.dry_run {
                plan::show_texts(&state, &up, ui);
            }
            ui.status("its `up` has not changed: there is nothing to redo");
            return Ok(());
        }
        let down = Plan::without(&state.graph, &state.applied, [index]);
        judge(&state, &down, database.dialect())?;
        let up = Plan::including(&state.graph, &down.after(), state.applied.iter());
        let steps = up.steps.iter().map(|index| &state.revisions[*index]);
        drafts.refuse(steps, database.dialect(), &chosen, true)?;
        if args.change.dry_run && !ui.is_json() {
            plan::show_from(&state, &down, &Drafts::default(), ui)?;
            return plan::show(&up, &state.graph, &state.revisions, ui);
        }
        let mut current = state.heads();
        if !args.change.dry_run {
            let failed = |error| CommandError::from(error).in_folder(&chain_folder(context));
            let runner = || runner(&migrations, &args.change, &chosen, &progress);
            let undo = json::ids(&state.graph, [index]);
            database.undo(runner(), &undo).await.map_err(failed)?;
            for head in state.heads() {
                let runner = runner().target(at(head.as_str()));
                current = database.run(runner).await.map_err(failed)?.current;
            }
            progress.end();
            ui.status(format_args!(
                "{} redone in {}",
                counted(up.steps.len(), "revision"),
                chosen.shown()
            ));
        }
        if ui.is_json() {
            ui.json(&DownAndUp {
                database: Some(chosen.shown()).filter(|_| !args.change.dry_run),
                reverted: PlanDocument::of(&down, &state),
                applied: PlanDocument::new(&up, &state.graph),
                notices: (!args.change.dry_run).then(|| progress.notices()),
            })?;
        }
        match args.change.dry_run {
            true => Ok(()),
            false => schema_lock::follow(&current, &migrations, &chosen, context, ui).await,
        }
    };
    block_on(&progress, work)
}

/// The applied revision that is named, or the one at the end.
fn chosen_revision(state: &ChainState<'_>, given: Option<&str>) -> Result<usize, CommandError> {
    let given = given.unwrap_or("current");
    let target: Target = given.parse()?;
    let found = target.resolve(&state.graph, &state.applied)?;
    match found[..] {
        [only] if state.applied.contains(only) => Ok(only),
        [only] => Err(CommandError::from(TargetError::NotADescendant {
            given: state.graph.id(only).to_string(),
            applied: json::heads(state),
        })
        .help("only applied revisions can be redone; `cargo migrate run` applies the rest")),
        [] => Err(
            CommandError::new(Failure::NothingApplied, "nothing is applied")
                .help("`cargo migrate run` applies the chain"),
        ),
        _ => Err(CommandError::from(TargetError::AmbiguousWalk {
            given: given.to_owned(),
            candidates: json::ids(&state.graph, found),
        })
        .help("name one: `cargo migrate redo <revision>`")),
    }
}

fn at(id: &str) -> Target {
    Target {
        branch: None,
        place: Some(Anchor::Revision(id.to_owned())),
        steps: None,
    }
}

/// Refuses before anything is reverted what would keep it from being applied again.
fn judge(state: &ChainState<'_>, down: &Plan, dialect: Dialect) -> Result<(), CommandError> {
    let goes = |id: &str| {
        let index = state.graph.index(id);
        index.is_some_and(|index| down.steps.contains(&index))
    };
    if !state.unknown.is_empty() {
        let revisions = state.unknown.clone();
        return Err(Error::newer(revisions).into());
    }
    let revisions: Vec<_> = state
        .changed
        .iter()
        .filter(|id| !goes(id.as_str()))
        .cloned()
        .collect();
    if !revisions.is_empty() {
        let first = revisions[0].clone();
        return Err(CommandError::from(Error::changed(revisions)).help(format!(
            "start with the oldest, which includes those that follow it: `cargo migrate redo {first}`"
        )));
    }
    let applied = state.status().applied;
    for row in applied.iter().filter(|row| goes(&row.revision)) {
        // What cannot be read is for the runtime to refuse; of what was edited, the file is used.
        let Some(applied) = row.kept().filter(|_| state.is_from_ledger(&row.revision)) else {
            continue;
        };
        let id = &row.revision;
        if cannot_be_redone(&state.rows, id, dialect) {
            let what = match applied.is_empty_down(dialect) {
                true => "an empty `down`",
                false => "no way back",
            };
            let reason = format!("the text that was applied has {what}");
            let error = CommandError::from(Error::irreversible(id.clone(), reason));
            return Err(error.help(without_a_way_back(id)));
        }
    }
    Ok(())
}
