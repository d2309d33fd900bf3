mod half_done;
mod ledger;

use clap::Args;

use crate::cli::ChangeArgs;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Ui;

/// Say what has become of a revision that is half done
///
/// A revision that stopped half way is gone on with by `run --resume`. Where somebody has finished
/// it or taken it back by hand, this says so in the ledger, and nothing is run.
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// The database has all of this revision now: it counts as applied
    #[arg(
        long,
        value_name = "REVISION",
        conflicts_with = "undone",
        required_unless_present_any = ["undone", "ledger"]
    )]
    done: Option<String>,
    /// The database has nothing of this revision any more: it counts as not applied
    #[arg(long, value_name = "REVISION")]
    undone: Option<String>,
    /// Mend what the ledger has other than the chain and the tables: lost and edited files, rows
    /// that are missing, half done or stale
    #[arg(long, conflicts_with_all = ["done", "undone"])]
    ledger: bool,
    /// Do it; without this it is only shown
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    if args.ledger {
        return ledger::run(args, context, ui);
    }
    half_done::run(args, context, ui)
}
