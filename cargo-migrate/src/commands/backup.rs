use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::backup;
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::scratch::interrupt::wait;

/// Back up the database's data to a file
///
/// SQLite makes its own copy, PostgreSQL is dumped by `pg_dump`, MySQL and MariaDB by
/// `mariadb-dump` or `mysqldump`. The file is checked for completeness before it gets its final
/// name, and no file is ever overwritten. Prints the command that restores the data.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write, instead of a new one in the folder `backups`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document<'a> {
    file: String,
    bytes: u64,
    restore: &'a str,
}

pub(crate) fn run(args: &BackupArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let chosen = context.database()?;
    let made = backup::make(&chosen, args.file.as_deref(), context, ui);
    let backup = wait(made)?;
    let file = context.shown(&backup.file);
    if ui.is_json() {
        return ui.json(&Document {
            file,
            bytes: backup.bytes,
            restore: &backup.restore,
        });
    }
    backup.report(context, ui);
    ui.answer(file)
}
