mod change;
mod files;
mod half_done;
mod ledger;
mod mend;
mod schema;

use clap::Args;

use crate::cli::ChangeArgs;
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;

const EXAMPLE: &str = "\
Examples:
  cargo migrate repair                       show what would be mended, and why so
  cargo migrate repair --execute             mend it
  cargo migrate repair --order users,orders  the first part begins with `users`
  cargo migrate repair --schema              show the SQL that adds what the tables lack
  cargo migrate repair --done 9f3c           somebody has finished 9f3c by hand";

/// Mend the files of a broken chain, and a database that tells another story
///
/// Without `--execute` every edit is shown as a diff with its reason, and nothing is written. What
/// nobody but you can decide is listed with what to type.
///
/// Files: several bases become one chain, missing parents are found, copies get an id of their own,
/// circles are broken, heads are joined, and chain.lock follows. What is replaced is copied first, to
/// a folder that is named. Ledger, where the database in use has one: lost and edited files come back
/// from it, rows that are missing, half done or stale are brought to what chain and tables say.
///
/// `--schema` brings the tables to what the ledger says they are. `--done` and `--undone` are for a
/// revision that stopped half way, where `run --resume` does not go on: they say in the ledger what
/// somebody has done by hand, and nothing is run. `--undone` is also for one that is applied and that
/// nothing applied needs.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct RepairArgs {
    /// Mend the files alone, and ask no database
    #[arg(long, conflicts_with = "ledger")]
    files: bool,
    /// The order in which the parts of a chain with several bases come, by any revision of each
    #[arg(long, value_name = "REVISIONS", value_delimiter = ',')]
    order: Vec<String>,
    /// Put heads that are not published behind the one that is, instead of merging them
    #[arg(long)]
    rebase: bool,
    /// The database has all of this revision now: it counts as applied
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["undone", "files", "order", "rebase"])]
    done: Option<String>,
    /// The database has nothing of this revision any more: it counts as not applied
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["files", "order", "rebase"])]
    undone: Option<String>,
    /// Mend the ledger alone, and what it gives back of lost and edited files
    #[arg(long, conflicts_with_all = ["done", "undone", "order", "rebase"])]
    ledger: bool,
    /// Do it; without this it is only shown
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
        (None, None) => mend::run(args, context, ui),
        _ => half_done::run(args, context, ui),
    }
}
