//! What a protected database wants before it is changed.

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;

/// Lets a person type the environment's name, or wants `--yes` where there is nobody.
pub(crate) fn ask(env: &str, database: &str, what: &str, ui: &Ui) -> Result<(), CommandError> {
    let refused = |message: String| {
        CommandError::new(Failure::Protected, message)
            .help("add `--yes` to do it all the same; nothing was changed")
    };
    if !ui.can_ask() {
        return Err(refused(format!(
            "the environment `{env}` is protected, and nobody can be asked"
        )));
    }
    let question = format_args!(
        "{} {what} on {database}? Type `{env}` to go on:",
        styled(style::WARNING, "protected:")
    );
    match ui.ask(question)? == env {
        true => Ok(()),
        false => Err(refused(format!("not done: the answer was not `{env}`"))),
    }
}

/// Lets a person type what they agree to, or wants `--yes` where there is nobody.
pub(crate) fn confirm(what: &str, database: &str, ui: &Ui) -> Result<(), CommandError> {
    let refused = |message: String| {
        CommandError::new(Failure::NotConfirmed, message)
            .help("add `--yes` to do it without being asked; nothing was changed")
    };
    if !ui.can_ask() {
        return Err(refused(format!(
            "this would {what} in {database}, and nobody can be asked"
        )));
    }
    let question = format_args!(
        "{} {what} in {database}? Type `yes` to go on:",
        styled(style::WARNING, "warning:")
    );
    match ui.ask(question)? == "yes" {
        true => Ok(()),
        false => Err(refused("not done: the answer was not `yes`".to_owned())),
    }
}

/// What loses data is never done to a protected database.
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
