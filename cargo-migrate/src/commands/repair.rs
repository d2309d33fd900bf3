mod half_done;
mod schema;

use clap::Args;

use crate::cli::ChangeArgs;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Ui;

/// Mend a database: what a half-done revision has left, and what its schema lacks
///
/// A revision that stopped half way is gone on with by `run --resume`. Where somebody has finished
/// it or taken it back by hand, `--done` or `--undone` says so in the ledger, and nothing is run.
/// `--schema` brings the tables to what the ledger says they are.
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// The database has all of this revision now: it counts as applied
    #[arg(
        long,
        value_name = "REVISION",
        conflicts_with = "undone",
        required_unless_present_any = ["undone", "schema"]
    )]
    done: Option<String>,
    /// The database has nothing of this revision any more: it counts as not applied
    #[arg(long, value_name = "REVISION")]
    undone: Option<String>,
    /// Do it; without this it is only shown
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    schema: schema::SchemaArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    if args.schema.schema {
        return schema::run(args, context, ui);
    }
    half_done::run(args, context, ui)
}
