use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde::Serialize;

use crate::commands::Cli;
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Print a shell's completion script for `cargo-migrate`
///
/// For bash: `cargo migrate completions bash >
/// ~/.local/share/bash-completion/completions/cargo-migrate`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

pub(crate) fn run(args: &CompletionsArgs, _: &Context, ui: &Ui) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "cargo-migrate",
        &mut script,
    );
    if ui.is_json() {
        return ui.json(&Script {
            shell: args.shell.to_string(),
            script: String::from_utf8_lossy(&script).into_owned(),
        });
    }
    std::io::stdout().write_all(&script)?;
    Ok(())
}
