//! `cargo migrate`: writes, inspects, checks and applies a chain of schema migrations.

mod author;
mod auto;
mod backup;
mod baseline;
mod cli;
mod codes;
mod commands;
mod consent;
mod context;
mod database;
mod detect;
mod doctor;
mod dotenv;
mod edits;
mod error;
mod extensions;
mod git;
mod graphlog;
mod graphtext;
mod import;
mod interrupt;
mod json;
mod listing;
mod lockfile;
mod offline;
mod others;
mod package;
mod progress;
mod published;
mod range;
mod schemadiagram;
mod schemafile;
mod schemas;
mod schematext;
mod scratch;
mod server;
mod settle;
mod state;
mod trouble;
mod ui;
mod write;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::context::Context;
use crate::ui::Ui;

fn main() -> ExitCode {
    let args = arguments(std::env::args_os().collect());
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(ui::usage(&args, &error)),
    };
    let ui = Ui::new(&cli.global);
    let outcome =
        Context::new(cli.global).and_then(|context| commands::run(cli.command, &context, &ui));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(error.tell(&ui)),
    }
}

/// Cargo calls `cargo-migrate migrate run` for `cargo migrate run`.
fn arguments(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "migrate") {
        args.remove(1);
    }
    args
}
