use clap::Args;
use migrate_sqlx::__cli::Create;

use crate::database::state_of;
use crate::output::error::CommandError;
use crate::output::json;
use crate::output::listing::line;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::scratch::interrupt::wait;

/// Show where the database is
///
/// Prints the applied revisions that no other applied revision follows or depends on. Nothing is
/// written.
#[derive(Debug, Args)]
pub(crate) struct CurrentArgs {}

pub(crate) fn run(_: &CurrentArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.any_survey(ui)?;
    let config = context.config()?;
    let chosen = context.database()?;
    let state = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        state_of(&database, survey, config).await
    })?;
    if ui.is_json() {
        return ui.json(&json::Current {
            current: json::names(&state.heads()),
        });
    }
    let current = state.graph.effective_heads(&state.applied);
    for index in &current {
        let revision = &state.revisions[*index];
        let line = line(&state.graph, revision, *index);
        match *index < survey.revisions.len() {
            true => ui.answer(line)?,
            false => ui.answer(format_args!(
                "{line} {}",
                styled(style::WARNING, "(unknown)")
            ))?,
        }
    }
    if current.is_empty() {
        ui.status("nothing is applied");
    }
    Ok(())
}
