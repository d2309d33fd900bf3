//! The commands, one file each.

mod backup;
mod baseline;
mod branches;
mod check;
mod completions;
mod current;
mod diff;
mod doctor;
mod edit;
mod explain;
mod heads;
mod history;
mod import;
mod init;
mod lock;
mod merge;
mod models;
mod new;
mod offline;
pub(crate) mod plan;
mod rebase;
mod redo;
mod repair;
mod reset;
mod revert;
mod run;
mod schema;
mod show;
mod snapshot;
mod stamp;
mod status;
mod switch;
mod verify;

use clap::builder::styling::{AnsiColor, Effects, Styles};
use clap::{Parser, Subcommand};

use crate::cli::GlobalArgs;
use crate::output::error::CommandError;
use crate::output::ui::{Format, Ui};
use crate::project::context::Context;

pub(crate) use self::run::chain_folder;

/// The colours of cargo's own help.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::BrightRed.on_default().effects(Effects::BOLD))
    .valid(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .invalid(AnsiColor::Yellow.on_default().effects(Effects::BOLD));

/// Write, inspect, check and apply a chain of schema migrations
///
/// A revision is a file with an id, its parents, and SQL to go up and down. The revisions form a
/// chain from its base to its head. Begin with `cargo migrate init`, then `cargo migrate new
/// "create users"`, then `cargo migrate run`.
#[derive(Debug, Parser)]
#[command(name = "cargo-migrate", bin_name = "cargo migrate", version, styles = STYLES)]
#[command(disable_help_subcommand = true, infer_long_args = false)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    #[command(visible_alias = "revision")]
    New(new::NewArgs),
    #[command(visible_aliases = ["up", "upgrade"])]
    Run(run::RunArgs),
    #[command(visible_aliases = ["down", "downgrade"])]
    Revert(revert::RevertArgs),
    Redo(redo::RedoArgs),
    Status(status::StatusArgs),
    Current(current::CurrentArgs),
    Plan(plan::PlanArgs),
    History(history::HistoryArgs),
    Heads(heads::HeadsArgs),
    Branches(branches::BranchesArgs),
    Show(show::ShowArgs),
    Merge(merge::MergeArgs),
    Rebase(rebase::RebaseArgs),
    Stamp(stamp::StampArgs),
    Switch(switch::SwitchArgs),
    Schema(schema::SchemaArgs),
    Import(import::ImportArgs),
    Baseline(baseline::BaselineArgs),
    Check(check::CheckArgs),
    Verify(verify::VerifyArgs),
    Diff(diff::DiffArgs),
    Models(models::ModelsArgs),
    Snapshot(snapshot::SnapshotArgs),
    Backup(backup::BackupArgs),
    Doctor(doctor::DoctorArgs),
    Repair(repair::RepairArgs),
    Reset(reset::ResetArgs),
    Lock(lock::LockArgs),
    Explain(explain::ExplainArgs),
    Edit(edit::EditArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs a command.
pub(crate) fn run(command: Command, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let draws = match ui.format {
        Format::Human | Format::Json => true,
        Format::Mermaid => matches!(command, Command::History(_) | Command::Schema(_)),
        Format::Sql => matches!(command, Command::Diff(_) | Command::Schema(_)),
        Format::Dot => matches!(command, Command::History(_)),
    };
    if !draws {
        return Err(CommandError::usage(
            "only `history` and `schema` can be answered with a diagram, and `schema` and `diff` with SQL",
        )
        .help("the others know `--format human` and `--format json`"));
    }
    match command {
        Command::Init(args) => init::run(&args, context, ui),
        Command::New(args) => new::run(&args, context, ui),
        Command::Run(args) => run::run(&args, context, ui),
        Command::Revert(args) => revert::run(&args, context, ui),
        Command::Redo(args) => redo::run(&args, context, ui),
        Command::Status(args) => status::run(&args, context, ui),
        Command::Current(args) => current::run(&args, context, ui),
        Command::Plan(args) => plan::run(&args, context, ui),
        Command::History(args) => history::run(&args, context, ui),
        Command::Heads(args) => heads::run(&args, context, ui),
        Command::Branches(args) => branches::run(&args, context, ui),
        Command::Show(args) => show::run(&args, context, ui),
        Command::Merge(args) => merge::run(&args, context, ui),
        Command::Rebase(args) => rebase::run(&args, context, ui),
        Command::Stamp(args) => stamp::run(&args, context, ui),
        Command::Switch(args) => switch::run(&args, context, ui),
        Command::Import(args) => import::run(&args, context, ui),
        Command::Baseline(args) => baseline::run(&args, context, ui),
        Command::Schema(args) => schema::run(&args, context, ui),
        Command::Backup(args) => backup::run(&args, context, ui),
        Command::Models(args) => models::run(&args, context, ui),
        Command::Snapshot(args) => snapshot::run(&args, context, ui),
        Command::Verify(args) => verify::run(&args, context, ui),
        Command::Diff(args) => diff::run(&args, context, ui),
        Command::Doctor(args) => doctor::run(&args, context, ui),
        Command::Repair(args) => repair::run(&args, context, ui),
        Command::Reset(args) => reset::run(&args, context, ui),
        Command::Check(args) => check::run(&args, context, ui),
        Command::Lock(args) => lock::run(&args, context, ui),
        Command::Explain(args) => explain::run(&args, context, ui),
        Command::Edit(args) => edit::run(&args, context, ui),
        Command::Completions(args) => completions::run(&args, context, ui),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        super::Cli::command().debug_assert();
    }
}
