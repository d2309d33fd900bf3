mod change;
mod declare;
mod files;
mod files_and_ledger;
mod ledger;
mod schema;

use clap::Args;

use crate::cli::ChangeArgs;
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;

const EXAMPLE: &str = "\
Examples:
  cargo migrate repair                       show what would be repaired, and why
  cargo migrate repair --execute             repair it
  cargo migrate repair --order users,orders  the first part begins with `users`
  cargo migrate repair --schema              show the SQL that adds what the tables lack
  cargo migrate repair --done 9f3c           9f3c was finished by hand";

/// Repair the files of a broken chain, and a ledger that does not match it
///
/// Without `--execute`, every edit is shown as a diff with its reason, and nothing is written. What
/// only you can decide is listed with the commands to use.
///
/// Files: several bases become one chain, missing parents are found, copies get their own id,
/// cycles are broken, heads are joined, and chain.lock is updated. Replaced files are copied first,
/// to a folder that is printed. Ledger, if the database in use has one: lost and edited files are
/// restored from it; missing, unfinished and stale rows are corrected to match the chain and the
/// tables.
///
/// `--schema` changes the tables to match the applied revisions. `--done` and `--undone` are for an
/// unfinished revision that `run --resume` cannot continue: they record in the ledger what was done
/// by hand, and nothing is run. `--undone` also works for an applied revision that no other applied
/// revision needs.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct RepairArgs {
    /// Repair only the files, without a database
    #[arg(long, conflicts_with = "ledger")]
    files: bool,
    /// The order of the parts of a chain with several bases, each named by any of its revisions
    #[arg(long, value_name = "REVISIONS", value_delimiter = ',')]
    order: Vec<String>,
    /// Rebase unpublished heads onto the published one, instead of merging them
    #[arg(long)]
    rebase: bool,
    /// The database has all of this revision now: record it as applied
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["undone", "files", "order", "rebase"])]
    done: Option<String>,
    /// The database has nothing of this revision any more: record it as not applied
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["files", "order", "rebase"])]
    undone: Option<String>,
    /// Repair only the ledger, and the lost and edited files that it can restore
    #[arg(long, conflicts_with_all = ["done", "undone", "order", "rebase"])]
    ledger: bool,
    /// Make the changes instead of only showing them
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    schema: schema::SchemaArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

impl RepairArgs {
    /// Whether it is to be done, and not only shown.
    const fn executes(&self) -> bool {
        self.execute && !self.change.dry_run
    }
}

pub(crate) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    if args.schema.schema {
        return schema::run(args, context, ui);
    }
    match (&args.done, &args.undone) {
        (None, None) => files_and_ledger::run(args, context, ui),
        _ => declare::run(args, context, ui),
    }
}
