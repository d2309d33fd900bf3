use std::time::Duration;

use clap::Args;
use migrate_core::{Dialect, Graph, RevisionId, Survey};
use migrate_sqlx::__cli::{ChainState, Create};
use migrate_sqlx::{LedgerEvent, Status};
use serde::Serialize;

use crate::database::consent::refused;
use crate::database::state_of;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::json;
use crate::output::listing::event_line;
use crate::output::phrase::counted;
use crate::output::progress::with_message;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::next_run::next_run;
use crate::scratch::interrupt::wait;

/// Compare the chain with the database: applied, pending, unknown, changed, failed
///
/// Nothing is written, not even an empty ledger. The exit code is 1 if there are problems; pending
/// revisions are not a problem.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Also list the database's events: what was done, when, by whom and from where
    #[arg(long)]
    events: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    database: &'a str,
    current: Vec<String>,
    applied: Vec<Row<'a>>,
    pending: Vec<String>,
    unknown: &'a [String],
    changed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edited: Vec<String>,
    failed: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<Event<'a>>>,
}

#[derive(Serialize)]
struct Event<'a> {
    at: &'a str,
    kind: &'a str,
    revision: &'a str,
    by: &'a str,
    host: &'a str,
    tool: &'a str,
    duration_ms: u64,
    detail: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    revision: &'a str,
    message: &'a str,
    applied_at: &'a str,
    duration_ms: u64,
    state: &'a str,
    statements: u32,
    error: Option<&'a str>,
    tool: &'a str,
    file: &'a str,
    hash: &'a str,
}

fn row(row: &migrate_sqlx::AppliedRevision) -> Row<'_> {
    Row {
        revision: &row.revision,
        message: &row.message,
        applied_at: row.applied_at.as_str(),
        duration_ms: millis(row.duration),
        state: row.state.as_str(),
        statements: row.statements,
        error: row.error.as_deref(),
        tool: &row.tool,
        file: &row.file,
        hash: &row.hash,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn event(event: &LedgerEvent) -> Event<'_> {
    Event {
        at: event.at.as_str(),
        kind: event.kind.as_str(),
        revision: &event.revision,
        by: &event.by,
        host: &event.host,
        tool: &event.tool,
        duration_ms: millis(event.duration),
        detail: &event.detail,
    }
}

pub(crate) fn run(args: &StatusArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.any_survey(ui)?;
    let config = context.config()?;
    let chosen = context.database()?;
    let (dialect, state, events) = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = state_of(&database, survey, config).await?;
        let events = match args.events {
            true => Some(database.events(&config.ledger).await?),
            false => None,
        };
        Ok((database.dialect(), state, events))
    })?;
    let status = &state.status();
    let is_wrong =
        !(status.unknown.is_empty() && status.changed.is_empty() && status.failed.is_empty());
    let database = chosen.shown();
    if ui.is_json() {
        ui.json(&Document {
            database: &database,
            current: json::names(&status.current),
            applied: status.applied.iter().map(row).collect(),
            pending: json::names(&status.pending),
            unknown: &status.unknown,
            changed: json::names(&status.changed),
            edited: json::names(&status.edited),
            failed: status.failed.iter().map(row).collect(),
            events: events
                .as_ref()
                .map(|events| events.iter().map(event).collect()),
        })?;
    } else {
        show(&state, status, &database, &context.folder()?.shown, ui)?;
        if let Some(events) = events.filter(|events| !events.is_empty()) {
            ui.answer("")?;
            for event in &events {
                ui.answer(event_line(event))?;
            }
        }
        advise(survey, dialect, &state, status, &chosen, ui);
    }
    match is_wrong {
        true => Err(CommandError::reported()),
        false => Ok(()),
    }
}

fn show(
    state: &ChainState<'_, Graph>,
    status: &Status,
    database: &str,
    folder: &str,
    ui: &Ui,
) -> Result<(), CommandError> {
    let has = |ids: &[RevisionId], row: &str| ids.iter().any(|id| id.as_str() == row);
    ui.answer(format_args!("database {database}"))?;
    ui.answer(match status.current.is_empty() {
        true => "at       base: nothing is applied".to_owned(),
        false => format!("at       {}", json::names(&status.current).join(", ")),
    })?;
    if !(status.applied.is_empty() && status.failed.is_empty() && status.pending.is_empty()) {
        ui.answer("")?;
    }
    for row in &status.applied {
        let (sign, word) = if status.unknown.contains(&row.revision) {
            (style::WARNING, "unknown")
        } else if has(&status.changed, &row.revision) {
            (style::WARNING, "changed")
        } else if has(&status.edited, &row.revision) {
            (style::WARNING, "edited ")
        } else {
            (style::GOOD, "applied")
        };
        let when = styled(style::DIM, format_args!("({})", row.applied_at));
        let message = match state.edit(&row.revision) {
            Some(edit) => format!("{}: {edit} was edited after it was applied", row.message),
            None => row.message.clone(),
        };
        ui.answer(format_args!(
            "{} {} {}",
            styled(sign, word),
            styled(style::ID, &row.revision),
            with_message(&message, &when)
        ))?;
    }
    for row in &status.failed {
        let why = row.error.as_deref().unwrap_or("it was interrupted");
        let next = state.next_statement(row);
        let place = next.and_then(|(_, label)| {
            let line = label.place.as_ref()?.line;
            Some(format!(", at {folder}/{}:{line}", label.file))
        });
        ui.answer(format_args!(
            "{}  {} {}",
            styled(style::ERROR, "failed"),
            styled(style::ID, &row.revision),
            with_message(
                &row.message,
                &format!(
                    "after {}{}: {why}",
                    counted(row.statements as usize, "statement"),
                    place.unwrap_or_default()
                )
            )
        ))?;
    }
    for id in &status.pending {
        let message = state
            .graph
            .index(id.as_str())
            .map_or("", |index| &state.revisions[index].message);
        let line = format!(
            "{} {} {message}",
            styled(style::DIM, "pending"),
            styled(style::ID, id)
        );
        ui.answer(line.trim_end())?;
    }
    Ok(())
}

/// Says what to type next.
fn advise(
    survey: &Survey,
    dialect: Dialect,
    state: &ChainState<'_, Graph>,
    status: &Status,
    chosen: &Chosen,
    ui: &Ui,
) {
    let blocks = |require: Require| {
        let mut found = survey.diagnostics.iter();
        found.any(|found| require.blocks(found))
    };
    if blocks(Require::AnyEnds) {
        // No command that changes the database goes on beside it. What breaks the graph was said.
        if !blocks(Require::Graph) {
            ui.help("`cargo migrate check` shows what is wrong with the chain: fix it first");
        }
    } else if let Err(error) = state.judge(false) {
        if let Some(help) = refused(state, error, chosen).help_text() {
            ui.help(help);
        }
    } else if status.pending.is_empty() && !status.edited.is_empty() {
        let revert = match chosen.protected() {
            Some(_) => "",
            None => "; `cargo migrate revert` uses it",
        };
        ui.help(format_args!(
            "`cargo migrate run` records the edited text in the ledger and runs nothing{revert}"
        ));
    } else if !status.pending.is_empty() {
        match next_run(survey, &state.rows, dialect, chosen) {
            Ok(count) => ui.help(format_args!(
                "`cargo migrate run` applies {}",
                counted(count, "revision")
            )),
            Err(error) => {
                ui.warning(ui.shown(&format!(
                    "`cargo migrate run` would refuse: {}",
                    error.full_message()
                )));
                ui.help(
                    error
                        .help_text()
                        .unwrap_or("`cargo migrate check` shows why"),
                );
            }
        }
    }
}
