//! `cargo migrate`: writes, inspects, checks and applies a chain of schema migrations.

mod backup;
mod cli;
mod commands;
mod database;
mod doctor;
mod import;
mod output;
mod project;
mod schemas;
mod scratch;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser as _};

use crate::commands::Cli;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::scratch::LeftOut;

fn main() -> ExitCode {
    let args = arguments(std::env::args_os().collect());
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(output::ui::usage(&args, &error)),
    };
    let left_out = Arc::new(LeftOut::default());
    let ui = Ui::new(&cli.global).with(Arc::clone(&left_out));
    let outcome = Context::new(cli.global, left_out).and_then(|context| {
        commands::run(cli.command, &context, &ui).map_err(|error| match error.is_drawn() {
            true => error.in_folder(&commands::chain_folder(&context)),
            false => error,
        })
    });
    ui.not_replayed();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is("interrupted") => {
            ExitCode::from(error.interrupting(&command_of(&args)).tell(&ui))
        }
        Err(error) => ExitCode::from(error.tell(&ui)),
    }
}

/// The command that these arguments name.
fn command_of(args: &[OsString]) -> String {
    let matches = Cli::command().try_get_matches_from(args);
    let name = matches
        .ok()
        .and_then(|it| it.subcommand_name().map(str::to_owned));
    name.unwrap_or_default()
}

/// Cargo calls `cargo-migrate migrate run` for `cargo migrate run`.
fn arguments(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "migrate") {
        args.remove(1);
    }
    args
}
