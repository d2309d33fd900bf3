//! A revision that was finished or taken back by hand.

use migrate_sqlx::{Create, Declared};
use serde::Serialize;

use super::RepairArgs;
use crate::commands::run::runner;
use crate::consent::ask;
use crate::context::{Context, Demand};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::state::{State, migrations};
use crate::ui::{Ui, style, styled};

#[derive(Serialize)]
struct Document<'a> {
    revision: &'a str,
    declared: &'a str,
    executed: bool,
}

/// Says in the ledger what has become of a revision that stopped half way; nothing is run.
pub(super) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let (given, applied) = match (&args.done, &args.undone) {
        (Some(given), _) => (given, true),
        (None, given) => (given.as_ref().expect("one of them is given"), false),
    };
    let chain = context.chain(Demand::AnyEnds)?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = State::read(&database, &migrations).await?;
        let failed = &state.status.failed;
        let Some(row) = failed.iter().find(|row| row.revision == *given) else {
            return Err(migrate_sqlx::Error::NotUnfinished {
                revision: given.clone(),
            }
            .into());
        };
        let declared = match applied {
            true => Declared::Applied,
            false => Declared::NotApplied,
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
            database.declare(runner, given, declared).await?;
        }
        if ui.is_json() {
            return ui.json(&Document {
                revision: given,
                declared: word,
                executed: execute,
            });
        }
        let finished = row.statements;
        ui.answer(format_args!(
            "{} is half done ({finished} of its statements were finished){} {}",
            styled(style::ID, given),
            if execute {
                "; it now counts as"
            } else {
                "; it would count as"
            },
            styled(style::GOOD, word),
        ))?;
        if !execute {
            ui.help("add `--execute` to do it");
        }
        Ok(())
    };
    progress.block_on(work)
}
