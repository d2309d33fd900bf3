//! A ledger that does not match the chain and the tables.

mod evidence;
mod files;
mod judge;
mod ledger_plan;
mod plan;
mod restore;

use migrate_core::{Chain, Folder};
use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::{AppliedRevision, Migrations};

use self::files::Files;
pub(super) use self::ledger_plan::{Entry, LedgerPlan, Unresolved};
use self::plan::Planner;
use super::RepairArgs;
use crate::commands::run::runner;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;

/// The ledger of the database in use, as it was read.
pub(super) struct Ledger<'a> {
    context: &'a Context,
    pub(super) chosen: Chosen,
    database: Database,
    rows: Vec<AppliedRevision>,
}

impl<'a> Ledger<'a> {
    /// Reads it; `None` where the database has none.
    pub(super) async fn read(context: &'a Context) -> Result<Option<Self>, CommandError> {
        let chosen = context.database()?;
        let database = chosen.connect(Create::Nothing).await?;
        let rows = database.ledger(&context.config()?.ledger).await?;
        Ok(rows.map(|rows| Self {
            context,
            chosen,
            database,
            rows,
        }))
    }

    /// Refuses a database without one.
    pub(super) fn absent(context: &Context) -> Result<CommandError, CommandError> {
        let shown = context.database()?.shown();
        Ok(
            CommandError::new(Failure::NoLedger, format!("`{shown}` has no ledger to repair"))
                .help("find its revision with `cargo migrate stamp --detect`, or start with `cargo migrate run`"),
        )
    }

    /// Returns the revisions that it knows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.revision.as_str())
    }

    /// Gives back to a folder the files that it kept, before anybody looks for what is missing.
    pub(super) fn give_back(&self, folder: Folder) -> Result<LedgerPlan, CommandError> {
        self.planner().give_back(Files::new(folder))
    }

    /// Plans its repair beside a folder.
    pub(super) async fn plan(&self, folder: Folder) -> Result<LedgerPlan, CommandError> {
        self.planner().plan(Files::new(folder)).await
    }

    /// Changes its rows.
    pub(super) async fn execute(
        &self,
        planned: &LedgerPlan,
        args: &RepairArgs,
        progress: &Progress<'_>,
    ) -> Result<(), CommandError> {
        if planned.row_repairs.is_empty() {
            return Ok(());
        }
        // Nothing of the chain is needed: each change brings its revision.
        let none = Migrations::new(Chain::empty(), self.context.config()?.ledger.clone());
        let runner = runner(&none, &args.change, &self.chosen, progress);
        let repaired = self
            .database
            .repair_ledger(runner, &self.rows, &planned.row_repairs);
        Ok(repaired.await?)
    }

    const fn planner(&self) -> Planner<'_> {
        Planner {
            context: self.context,
            chosen: &self.chosen,
            database: &self.database,
            rows: self.rows.as_slice(),
        }
    }
}

/// Shows what is done about each row.
pub(super) fn show(entries: &[&Entry], ui: &Ui) -> Result<(), CommandError> {
    for entry in entries {
        ui.answer(format_args!(
            "{} {}: {}",
            styled(style::GOOD, entry.action.replace('-', " ")),
            styled(style::ID, &entry.revision),
            entry.reason
        ))?;
    }
    Ok(())
}

/// Shows what people have to decide.
pub(super) fn show_unresolved(unresolved: &[Unresolved], ui: &Ui) -> Result<(), CommandError> {
    for left in unresolved {
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
