//! `repair --done` and `--undone`: a revision that was finished or undone by hand.

use migrate_sqlx::__cli::{ChainState, Create, LedgerChange, Outcome, RowRepair};
use migrate_sqlx::RevisionState;
use serde::Serialize;

use super::RepairArgs;
use crate::commands::run::runner;
use crate::database::consent::ask;
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::scratch::interrupt::block_on;

#[derive(Serialize)]
struct Document<'a> {
    revision: &'a str,
    declared: &'a str,
    executed: bool,
}

/// Says in the ledger what has become of a revision that stopped half way, or that somebody has
/// undone by hand; nothing is run.
pub(super) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let (given, applied) = match (&args.done, &args.undone) {
        (Some(given), _) => (given, true),
        (None, given) => (given.as_ref().expect("one of them is given"), false),
    };
    let chain = context.chain(Require::AnyEnds)?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = database.state(&migrations).await?;
        let row = state.row(given);
        let unfinished = row.filter(|row| row.state != RevisionState::Applied);
        let undone = (!applied).then(|| undone(&state, given)).transpose()?;
        let was = match (unfinished, undone.flatten()) {
            (Some(row), _) => format!(
                "is unfinished ({} of its statements were finished)",
                row.statements
            ),
            (None, Some(_)) => "is applied".to_owned(),
            (None, None) => {
                return Err(migrate_sqlx::Error::not_unfinished(given.clone()).into());
            }
        };
        let declared = match applied {
            true => Outcome::Applied,
            false => Outcome::NotApplied,
        };
        let word = match applied {
            true => "applied",
            false => "not applied",
        };
        let execute = args.executes();
        if execute {
            if let Some(env) = chosen.protected().filter(|_| !args.change.yes) {
                let what = format!("record `{given}` as {word}");
                ask(env, &chosen.shown(), &what, ui)?;
            }
            let runner = runner(&migrations, &args.change, &chosen, &progress);
            match unfinished {
                Some(_) => database.record_outcome(runner, given, declared).await?,
                None => {
                    let forget = RowRepair {
                        change: LedgerChange::Forget(given.clone()),
                        reason: "declared not applied".to_owned(),
                    };
                    database
                        .repair_ledger(runner, &state.rows, &[forget])
                        .await?;
                }
            }
        }
        if ui.is_json() {
            return ui.json(&Document {
                revision: given,
                declared: word,
                executed: execute,
            });
        }
        ui.answer(format_args!(
            "{} {was}{} {}",
            styled(style::ID, given),
            if execute {
                "; it now counts as"
            } else {
                "; it would count as"
            },
            styled(style::GOOD, word),
        ))?;
        if !execute {
            ui.help("add `--execute` to make these changes");
        }
        Ok(())
    };
    block_on(&progress, work)
}

/// Finds a revision that is applied and that nothing applied needs: somebody may have undone it by
/// hand. `None` where it is not applied.
fn undone(state: &ChainState<'_>, given: &str) -> Result<Option<usize>, CommandError> {
    let row = state
        .row(given)
        .filter(|row| row.state == RevisionState::Applied);
    let Some(index) = row.and_then(|row| state.graph.index(&row.revision)) else {
        return Ok(None);
    };
    let mut needing = state.graph.descendants([index]);
    needing.remove(index);
    let needing: Vec<usize> = needing
        .iter()
        .filter(|index| state.applied.contains(*index))
        .collect();
    match needing.is_empty() {
        true => Ok(Some(index)),
        false => {
            let needing = json::ids(&state.graph, needing);
            Err(CommandError::new(
                Failure::StillNeeded,
                format!(
                    "applied revisions need `{given}`: `{}`",
                    needing.join("`, `")
                ),
            )
            .help("undo those first, starting with the newest")
            .candidates(needing))
        }
    }
}
