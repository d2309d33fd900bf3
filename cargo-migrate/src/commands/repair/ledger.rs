//! A ledger that tells another story than the chain and the tables.

mod evidence;
mod files;
mod judge;
mod plan;
mod restore;

use migrate_core::Folder;
use migrate_sqlx::{Create, Migrations};
use serde::Serialize;

use self::files::{Edit, Files};
use self::plan::{Entry, Planner, Repair, Unresolved};
use super::RepairArgs;
use crate::commands::run::runner;
use crate::consent::ask;
use crate::context::Context;
use crate::error::{CommandError, counted};
use crate::progress::Progress;
use crate::ui::{Ui, style, styled};

#[derive(Serialize)]
struct Document<'a> {
    ledger: &'a [Entry],
    edits: Vec<Edit>,
    unresolved: &'a [Unresolved],
    executed: bool,
}

/// Mends the ledger of the database beside the files as they are.
pub(super) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let folder = context.folder()?.clone();
    repair(args, folder, context, ui)
}

/// Mends the ledger of the database beside a folder.
fn repair(
    args: &RepairArgs,
    folder: Folder,
    context: &Context,
    ui: &Ui,
) -> Result<(), CommandError> {
    let config = context.config()?;
    let files = Files::new(context.dir()?, folder);
    let chosen = context.database()?;
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let Some(rows) = database.ledger(&config.ledger).await? else {
            return Err(CommandError::failed(
                "no-ledger",
                format!("`{}` has no ledger to mend", chosen.shown()),
            )
            .help("find out where it is with `cargo migrate stamp --detect`, or begin with `cargo migrate run`"));
        };
        let planner = Planner {
            context,
            chosen: &chosen,
            database: &database,
            rows: &rows,
        };
        let planned = planner.plan(files).await?;
        let execute = args.execute && !args.change.dry_run;
        if !ui.is_json() {
            show(&planned, context, ui)?;
        }
        if execute && !planned.is_empty() {
            if let Some(env) = chosen.protected().filter(|_| !args.change.yes) {
                ask(env, &chosen.shown(), "mend the ledger", ui)?;
            }
            let copies = planned.files.make()?;
            // Nothing of the chain is needed: each change brings its revision.
            let none = Migrations::new(Vec::new(), config.ledger.clone());
            let runner = runner(&none, &args.change, &chosen, &progress);
            if let Err(error) = database.mend_ledger(runner, &rows, &planned.mendings).await {
                planned.files.undo()?;
                return Err(error.into());
            }
            if let Some(copies) = copies {
                ui.status(format_args!(
                    "what was replaced is kept in {}",
                    context.shown(&copies)
                ));
            }
        }
        if ui.is_json() {
            ui.json(&Document {
                ledger: &planned.entries,
                edits: planned.files.json(),
                unresolved: &planned.unresolved,
                executed: execute && !planned.is_empty(),
            })?;
        } else {
            tell(&planned, execute, ui);
        }
        match planned.unresolved.is_empty() {
            true => Ok(()),
            false => Err(CommandError::told()),
        }
    };
    progress.block_on(work)
}

fn show(planned: &Repair, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    for entry in &planned.entries {
        ui.answer(format_args!(
            "{} {}: {}",
            styled(style::GOOD, entry.action.replace('-', " ")),
            styled(style::ID, &entry.revision),
            entry.reason
        ))?;
    }
    let drawing = planned.files.draw(context);
    if !drawing.is_empty() {
        ui.answer(format_args!("\n{}", drawing.trim_end()))?;
    }
    for left in &planned.unresolved {
        ui.answer(format_args!(
            "{} {}: {}",
            styled(style::WARNING, "unresolved"),
            styled(style::ID, &left.revision),
            left.reason
        ))?;
        if let Some(help) = &left.help {
            ui.answer(format_args!("  {} {help}", styled(style::HELP, "help:")))?;
        }
    }
    Ok(())
}

fn tell(planned: &Repair, execute: bool, ui: &Ui) {
    let left = planned.unresolved.len();
    match (planned.is_empty(), left) {
        (true, 0) => ui.status("the ledger is sound: there is nothing to do"),
        (true, _) => {}
        (false, _) if execute => ui.status(format_args!(
            "{} {}",
            styled(style::GOOD, "mended"),
            counted(planned.entries.len(), "revision")
        )),
        (false, _) => ui.help("add `--execute` to do it"),
    }
    if left > 0 {
        ui.say(format_args!(
            "{} left for you to decide",
            counted(left, "thing")
        ));
    }
}
