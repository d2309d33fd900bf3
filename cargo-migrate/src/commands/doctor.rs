use clap::Args;

use crate::doctor::{Project, Report};
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Diagnose files, git, database and models, and show how to fix each problem
///
/// One report of everything: each problem with its severity, its probable cause and the command
/// that fixes it; at the end, the command to run first. Nothing is written, and no problem keeps
/// the rest from being checked. The exit code is 1 if there are problems.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Check only what needs no database
    #[arg(long)]
    offline: bool,
}

pub(crate) fn run(args: &DoctorArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let project = Project::new(context);
    let report = Report::make(&project, args.offline)?;
    match ui.is_json() {
        true => report.json(ui)?,
        false => report.print(ui)?,
    }
    match report.has_errors() {
        true => Err(CommandError::reported()),
        false => Ok(()),
    }
}
