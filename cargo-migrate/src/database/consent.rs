//! Consent to changes of a protected database.

use std::borrow::Borrow;

use migrate_core::{Dialect, Direction, Graph};
use migrate_sqlx::__cli::ChainState;
use migrate_sqlx::AppliedRevision;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;

/// Lets a person type the environment's name, or requires `--yes` if the session is
/// non-interactive.
pub(crate) fn ask(env: &str, database: &str, what: &str, ui: &Ui) -> Result<(), CommandError> {
    let refused = |message: String| {
        CommandError::new(Failure::Protected, message)
            .help("add `--yes` to do it anyway; nothing was changed")
    };
    if !ui.can_ask() {
        return Err(refused(format!(
            "the environment `{env}` is protected, and the session is non-interactive"
        )));
    }
    let question = format_args!(
        "{} {what} on {database}? Type `{env}` to continue:",
        styled(style::WARNING, "protected:")
    );
    match ui.ask(question)? == env {
        true => Ok(()),
        false => Err(refused(format!("not done: the answer was not `{env}`"))),
    }
}

/// Lets a person type what they agree to, or requires `--yes` if the session is non-interactive.
pub(crate) fn confirm(what: &str, database: &str, ui: &Ui) -> Result<(), CommandError> {
    let refused = |message: String| {
        CommandError::new(Failure::NotConfirmed, message)
            .help("add `--yes` to do it without being asked; nothing was changed")
    };
    if !ui.can_ask() {
        return Err(refused(format!(
            "this would {what} in {database}, and the session is non-interactive"
        )));
    }
    let question = format_args!(
        "{} {what} in {database}? Type `yes` to continue:",
        styled(style::WARNING, "warning:")
    );
    match ui.ask(question)? == "yes" {
        true => Ok(()),
        false => Err(refused("not done: the answer was not `yes`".to_owned())),
    }
}

/// Refuses to lose data in a protected database.
pub(crate) fn refuse_protected(chosen: &Chosen) -> Result<(), CommandError> {
    match chosen.protected() {
        None => Ok(()),
        Some(env) => Err(CommandError::new(
            Failure::Protected,
            format!("the environment `{env}` is protected, and this loses data"),
        )
        .help("write a new revision that undoes the change: `cargo migrate new \"undo …\"`; nothing was changed")),
    }
}

/// Explains why a run is refused, with a way out that the environment allows.
pub(crate) fn refused<G: Borrow<Graph>>(
    state: &ChainState<'_, G>,
    error: migrate_sqlx::Error,
    chosen: &Chosen,
) -> CommandError {
    let changed = match &error {
        migrate_sqlx::Error::Changed { revisions, .. } => revisions.clone(),
        _ => return error.into(),
    };
    let error = CommandError::from(error);
    let Some(env) = chosen.protected() else {
        let stuck = changed
            .iter()
            .find(|id| cannot_be_redone(&state.rows, id.as_str(), state.dialect()));
        return match stuck {
            Some(id) => error.help(without_a_way_back(id.as_str())),
            None => error,
        };
    };
    let graph: &Graph = state.graph.borrow();
    let changed = state.changed.iter();
    let changed = changed.filter_map(|id| graph.index(id.as_str()));
    // What follows them has to be reverted first.
    let mut undone = graph.ordered(&graph.descendants(changed));
    undone.retain(|index| state.applied.contains(*index));
    undone.reverse();
    error.help(changed_on_protected(
        env,
        &json::ids_in_order(graph, &undone),
    ))
}

/// Returns true if the text that was applied cannot be reverted, and so not redone.
pub(crate) fn cannot_be_redone(rows: &[AppliedRevision], id: &str, dialect: Dialect) -> bool {
    let row = rows.iter().find(|row| row.revision == id);
    let applied = row.and_then(AppliedRevision::kept);
    applied.is_some_and(|applied| {
        let is_one_way = match applied.section(Direction::Down, dialect) {
            Some(down) => down.irreversible.is_some(),
            None => !applied.is_merge(),
        };
        is_one_way || applied.is_empty_down(dialect)
    })
}

/// The help for a changed revision whose applied text has no way back.
pub(crate) fn without_a_way_back(id: &str) -> String {
    format!(
        "restore the applied `up` in its file, so that the file's `down` is used; or undo it in the database by hand, then `cargo migrate repair --undone {id} --execute` and `cargo migrate run`"
    )
}

/// The help for revisions that a protected environment has applied with another `up`; the newest
/// comes first.
pub(crate) fn changed_on_protected(env: &str, revisions: &[String]) -> String {
    let undone: Vec<String> = revisions
        .iter()
        .map(|id| format!("`cargo migrate repair --undone {id} --execute`"))
        .collect();
    format!(
        "`{env}` is protected, so nothing is reverted there: undo the edit with git and write the change into a new revision; or undo manually in the database what was applied, then {}, then `cargo migrate run`",
        undone.join(", ")
    )
}
