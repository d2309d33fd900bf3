//! Repairs files and ledger together: lost files are restored from the ledger, the chain is
//! repaired, and the rows are updated to match it.

use std::path::Path;

use migrate_core::Diagnostic;
use migrate_repair::Repaired;
use migrate_schema::lock::SchemaLock;
use serde::Serialize;

use super::change::{Change, Note, make};
use super::ledger::{self, Entry, Ledger, Unresolved};
use super::{RepairArgs, files};
use crate::database::consent::ask;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::{Found, RepairEdit};
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::{Ui, drawn};
use crate::project::context::Context;
use crate::project::edits::Edits;
use crate::scratch::interrupt::block_on;

/// The whole plan, with what needs a decision.
struct Plan<'a> {
    ledger: Option<Ledger<'a>>,
    rows: Option<ledger::LedgerPlan>,
    change: Change,
    edits: Edits,
    /// Sealed or applied revisions that have changed.
    changed: Vec<String>,
    entries: Vec<Entry>,
    unresolved: Vec<Diagnostic>,
}

#[derive(Serialize)]
struct Document<'a> {
    edits: Vec<RepairEdit<'a>>,
    ledger: &'a [Entry],
    unresolved: Vec<Left<'a>>,
    /// The folder with what was replaced.
    copied_to: Option<String>,
    executed: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Left<'a> {
    InFiles(Found<'a>),
    InLedger(&'a Unresolved),
}

/// Shows or executes the repair of the files and the ledger.
pub(super) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let progress = Progress::new(ui);
    block_on(&progress, async {
        let plan = Plan::new(args, context, ui).await?;
        let execute = args.executes() && !plan.is_empty();
        if !ui.is_json() {
            plan.show(context, ui)?;
        }
        let mut copied_to = None;
        if execute {
            plan.consent(args, ui)?;
            copied_to = make(context, &plan.edits)?;
            if let (Some(ledger), Some(rows)) = (&plan.ledger, &plan.rows)
                && let Err(error) = ledger.execute(rows, args, &progress).await
            {
                plan.edits.undo()?;
                return Err(error);
            }
        }
        match ui.is_json() {
            true => ui.json(&plan.document(context, copied_to.as_deref(), execute)?)?,
            false => plan.print(args, context, copied_to.as_deref(), execute, ui)?,
        }
        match plan.left() {
            0 => Ok(()),
            _ => Err(CommandError::reported()),
        }
    })
}

impl<'a> Plan<'a> {
    async fn new(args: &RepairArgs, context: &'a Context, ui: &Ui) -> Result<Self, CommandError> {
        let ledger = match args.files {
            true => None,
            false => read_ledger(args, context, ui).await?,
        };
        let mut plan = Plan {
            ledger,
            rows: None,
            change: Change::none(context.folder()?.clone()),
            edits: Edits::default(),
            changed: Vec::new(),
            entries: Vec::new(),
            unresolved: Vec::new(),
        };
        if !args.ledger {
            plan.repair_files(args, context)?;
        }
        // Beside a chain that does not hold together, nothing can be said of a row.
        if plan.unresolved.is_empty() {
            plan.repair_rows().await?;
        } else if plan.ledger.is_some() {
            ui.warning("the ledger was not repaired: the files have to be repaired first");
        }
        plan.edits = plan.change.edits(context)?;
        plan.complete(ui);
        Ok(plan)
    }

    /// Makes what is said to people what they can type.
    fn complete(&mut self, ui: &Ui) {
        let unresolved = std::mem::take(&mut self.unresolved).into_iter();
        self.unresolved = unresolved.map(|left| ui.shown_diagnostic(left)).collect();
        let rows = self.rows.iter_mut().flat_map(|rows| &mut rows.unresolved);
        for left in rows {
            left.help = left.help.take().map(|help| ui.shown(&help));
        }
    }

    fn repair_files(&mut self, args: &RepairArgs, context: &Context) -> Result<(), CommandError> {
        let mut folder = self.change.folder.clone();
        if let Some(ledger) = &self.ledger {
            let given = ledger.give_back(folder)?;
            folder = given.files.folder;
            self.change.notes = given.files.notes;
            self.entries = given.entries;
        }
        let known = self.ledger.iter().flat_map(Ledger::ids);
        let (repair, left) = files::plan(args, context, &folder, known)?;
        self.unresolved = left;
        self.change.notes.extend(repair.done.into_iter().map(noted));
        self.change.folder = repair.folder;
        self.change.renamed = repair.renamed;
        self.changed = repair.changed.iter().map(ToString::to_string).collect();
        Ok(())
    }

    async fn repair_rows(&mut self) -> Result<(), CommandError> {
        let Some(ledger) = &self.ledger else {
            return Ok(());
        };
        let mut planned = ledger.plan(self.change.folder.clone()).await?;
        self.change.folder = planned.files.folder.clone();
        self.change.notes.append(&mut planned.files.notes);
        self.entries.append(&mut planned.entries);
        self.rows = Some(planned);
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.edits.is_empty()
            && self
                .rows
                .as_ref()
                .is_none_or(|rows| rows.row_repairs.is_empty())
    }

    fn left_in_ledger(&self) -> &[Unresolved] {
        self.rows.as_ref().map_or(&[], |rows| &rows.unresolved)
    }

    fn left(&self) -> usize {
        self.unresolved.len() + self.left_in_ledger().len()
    }

    fn consent(&self, args: &RepairArgs, ui: &Ui) -> Result<(), CommandError> {
        let changes_rows = self
            .rows
            .as_ref()
            .is_some_and(|rows| !rows.row_repairs.is_empty());
        let chosen = self.ledger.as_ref().map(|ledger| &ledger.chosen);
        match chosen.filter(|_| changes_rows && !args.change.yes) {
            Some(chosen) => match chosen.protected() {
                Some(env) => ask(env, &chosen.shown(), "repair the ledger", ui),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn show(&self, context: &Context, ui: &Ui) -> Result<(), CommandError> {
        let mut drawing = self.edits.draw(context);
        for found in &self.unresolved {
            drawing.push_str(&drawn(found));
            drawing.push_str("\n\n");
        }
        for line in drawing.trim_end().lines() {
            ui.answer(line)?;
        }
        // Those of files stand with their edits.
        let of_rows: Vec<&Entry> = self.entries.iter().filter(|it| it.is_of_row()).collect();
        if !drawing.is_empty() && of_rows.len() + self.left_in_ledger().len() > 0 {
            ui.answer("")?;
        }
        ledger::show(&of_rows, ui)?;
        ledger::show_unresolved(self.left_in_ledger(), ui)
    }

    fn print(
        &self,
        args: &RepairArgs,
        context: &Context,
        copied_to: Option<&Path>,
        executed: bool,
        ui: &Ui,
    ) -> Result<(), CommandError> {
        let left = match self.left() {
            0 => String::new(),
            1 => "; 1 problem needs your decision".to_owned(),
            many => format!("; {many} problems need your decision"),
        };
        let looked_at = match (&self.ledger, args.ledger) {
            (_, true) => "the ledger",
            (Some(_), false) => "the files and the ledger",
            (None, false) => "the files",
        };
        if self.is_empty() {
            match self.left() {
                0 => ui.status(format_args!(
                    "{} {looked_at}: nothing to repair",
                    styled(style::GOOD, "checked")
                )),
                _ => ui.say(format_args!(
                    "{} {looked_at}: nothing can be repaired automatically{left}",
                    styled(style::ERROR, "checked")
                )),
            }
            return Ok(());
        }
        let rows = self.rows.as_ref().map_or(0, |rows| rows.row_repairs.len());
        let mut what = Vec::new();
        if !self.edits.is_empty() {
            what.push(format!(
                "{} in {}",
                counted(self.change.notes.len().max(1), "problem"),
                counted(self.edits.len(), "file")
            ));
        }
        if rows > 0 {
            what.push(format!("{} of the ledger", counted(rows, "row")));
        }
        let what = what.join(" and ");
        match executed {
            false => ui.say(format_args!("{what} would be repaired{left}")),
            true => ui.say(format_args!(
                "{} {what}{left}",
                styled(style::GOOD, "repaired")
            )),
        }
        if let Some(folder) = copied_to {
            ui.status(format_args!(
                "the replaced files are in {}",
                context.shown(folder)
            ));
        }
        self.warn_of_rows(ui);
        if !executed {
            ui.help("add `--execute` to make these changes");
        } else if !self.edits.is_empty() {
            if context.dir()?.join(SchemaLock::FILE).is_file() {
                ui.help(
                    "schema.lock may belong to another head: `cargo migrate lock --schema` rewrites it",
                );
            }
            ui.help(
                "review it with `git diff` and `cargo migrate history`, and commit it with chain.lock",
            );
        }
        Ok(())
    }

    /// Other databases may have applied what is another revision now.
    fn warn_of_rows(&self, ui: &Ui) {
        if self.changed.is_empty() {
            return;
        }
        let shown = self.changed.iter().take(8).map(|id| format!("`{id}`"));
        let shown: Vec<String> = shown.collect();
        let more = match self.changed.len().saturating_sub(8) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let other = match self.ledger {
            Some(_) => "another",
            None => "a",
        };
        ui.warning(format_args!(
            "{other} database that has applied {}{more} still has the old state: `cargo migrate repair --ledger` updates its rows",
            shown.join(", ")
        ));
    }

    fn document(
        &self,
        context: &Context,
        copied_to: Option<&Path>,
        executed: bool,
    ) -> Result<Document<'_>, CommandError> {
        let in_files = self
            .unresolved
            .iter()
            .map(|found| Left::InFiles(Found::new(found)));
        let in_ledger = self.left_in_ledger().iter().map(Left::InLedger);
        Ok(Document {
            edits: self.change.document(context)?,
            ledger: &self.entries,
            unresolved: in_files.chain(in_ledger).collect(),
            copied_to: copied_to.map(|folder| context.shown(folder)),
            executed,
        })
    }
}

/// Reads the ledger. Where nobody asked for it alone, a database that there is not, or that cannot
/// be reached, leaves the files to be repaired.
async fn read_ledger<'a>(
    args: &RepairArgs,
    context: &'a Context,
    ui: &Ui,
) -> Result<Option<Ledger<'a>>, CommandError> {
    match Ledger::read(context).await {
        Ok(None) if args.ledger => Err(Ledger::absent(context)?),
        Ok(ledger) => Ok(ledger),
        Err(error) if args.ledger => Err(error),
        Err(error) if error.is(Failure::NoDatabase) => Ok(None),
        Err(error) => {
            ui.status(ui.hidden(&format!(
                "only the files are checked: {}",
                error.in_a_line()
            )));
            Ok(None)
        }
    }
}

fn noted(repaired: Repaired) -> Note {
    Note {
        file: repaired.file,
        revision: repaired.revision,
        code: repaired.code.as_str(),
        reason: repaired.reason,
    }
}
