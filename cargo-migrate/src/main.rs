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

use crate::cli::GlobalArgs;
use crate::commands::Cli;
use crate::output::error_report::report;
use crate::output::left_out::LeftOut;
use crate::output::next_command::Next;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::rebuild;

fn main() -> ExitCode {
    let args = arguments(std::env::args_os().collect());
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(cli::usage(&args, &error)),
    };
    let left_out = Arc::new(LeftOut::default());
    let GlobalArgs { selection, output } = cli.global;
    let ui = Ui::new(&output, Next::new(&selection)).with(Arc::clone(&left_out));
    let outcome = Context::new(selection, left_out).and_then(|context| {
        let outcome = commands::run(cli.command, &context, &ui);
        rebuild::announce(&context, &ui);
        outcome.map_err(|error| match error.has_place() {
            true => error.in_folder(&commands::chain_folder(&context)),
            false => error,
        })
    });
    ui.not_replayed();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = match error.is_of_command() {
                true => error.of_command(&command_of(&args)),
                false => error,
            };
            ExitCode::from(report(&error, &ui))
        }
    }
}

/// The command that these arguments name, with the option that turns its targets round.
fn command_of(args: &[OsString]) -> String {
    let matches = Cli::command().try_get_matches_from(args);
    let name = matches
        .ok()
        .and_then(|it| it.subcommand_name().map(str::to_owned));
    let name = name.unwrap_or_default();
    match args.iter().any(|word| word == "--down") {
        true => format!("{name} --down"),
        false => name,
    }
}

/// Cargo calls `cargo-migrate migrate run` for `cargo migrate run`.
fn arguments(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "migrate") {
        args.remove(1);
    }
    args
}
