//! What a protected database wants before it is changed.

use crate::database::Chosen;
use crate::error::CommandError;
use crate::ui::{Ui, style, styled};

/// Asks a person, or wants `--yes` where there is none.
pub(crate) fn ask(env: &str, database: &str, what: &str, ui: &Ui) -> Result<(), CommandError> {
    let refused = |message: String| {
        CommandError::failed("protected", message)
            .help("add `--yes` to do it all the same; nothing was changed")
    };
    if !ui.can_ask() {
        return Err(refused(format!(
            "the environment `{env}` is protected, and nobody can be asked"
        )));
    }
    match ui.ask(format_args!(
        "{} {what} on {database} (`{env}` is protected)?",
        styled(style::WARNING, "protected:")
    ))? {
        true => Ok(()),
        false => Err(refused("not done: the answer was not `y`".to_owned())),
    }
}

/// What loses data is never done to a protected database.
pub(crate) fn refuse_protected(chosen: &Chosen) -> Result<(), CommandError> {
    match chosen.protected() {
        None => Ok(()),
        Some(env) => Err(CommandError::failed(
            "protected",
            format!("the environment `{env}` is protected, and reverting loses data"),
        )
        .help("write a new revision that undoes the change: `cargo migrate new \"undo …\"`; nothing was changed")),
    }
}
