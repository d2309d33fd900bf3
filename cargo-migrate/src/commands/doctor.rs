use clap::Args;

use crate::doctor::{Project, Report};
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Find what is wrong with files, git, database and models, and what mends it
///
/// One report over everything: what is wrong, how bad it is, why it probably happened, and the
/// command for each; at the end the one to type first. Nothing is written anywhere, and nothing
/// found keeps the rest from being looked at. The exit code is 1 where something is wrong.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Look only at what needs no database
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
