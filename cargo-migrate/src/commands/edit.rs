use std::path::Path;
use std::process::{Command, ExitStatus};

use clap::Args;
use migrate_core::LockState;
use serde::Serialize;

use super::show::one;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Open a revision's file in the editor
///
/// The editor is `$VISUAL`, else `$EDITOR`; either may have arguments.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// The revision: an id or the beginning of one, a label, or `head`
    #[arg(value_name = "REVISION", default_value = "head")]
    revision: String,
}

#[derive(Serialize)]
struct Edited {
    file: String,
}

pub(crate) fn run(args: &EditArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.survey()?;
    let revision = &survey.revisions[one(survey, &args.revision)?];
    let id = revision.id.as_str();
    let sealed = survey
        .lock
        .get(id)
        .is_some_and(|entry| entry.state != LockState::Draft);
    if sealed {
        ui.warning(format_args!(
            "`{id}` is sealed: a change of its meaning is refused as lock-changed"
        ));
        ui.help("put the change into a new revision: `cargo migrate new \"<message>\"`");
    }
    let path = context.dir()?.join(&*revision.file);
    open(&path)?;
    match ui.is_json() {
        true => ui.json(&Edited {
            file: context.shown(&path),
        }),
        false => Ok(()),
    }
}

/// Opens a file in the user's editor and waits for its end.
pub(super) fn open(path: &Path) -> Result<(), CommandError> {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let Some(editor) = variable("VISUAL").or_else(|| variable("EDITOR")) else {
        return Err(
            CommandError::new(Failure::NoEditor, "no editor is set").help(format!(
                "set one, such as `export EDITOR=nano`; the file is `{}`",
                path.display()
            )),
        );
    };
    let failed = || CommandError::new(Failure::Editor, format!("the editor `{editor}` failed"));
    let status = start(&editor, path).map_err(|error| failed().because(error))?;
    match status.success() {
        true => Ok(()),
        false => Err(failed()
            .cause(status)
            .help("set $VISUAL or $EDITOR to an installed program")),
    }
}

/// As git does: the shell takes the editor's arguments apart.
#[cfg(unix)]
fn start(editor: &str, path: &Path) -> std::io::Result<ExitStatus> {
    Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), editor])
        .arg(path)
        .status()
}

#[cfg(not(unix))]
fn start(editor: &str, path: &Path) -> std::io::Result<ExitStatus> {
    let mut words = editor.split_whitespace();
    Command::new(words.next().unwrap_or(editor))
        .args(words)
        .arg(path)
        .status()
}
