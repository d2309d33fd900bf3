use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::backup;
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::scratch::interrupt::wait;

/// Keep the database's data in a file
///
/// SQLite is copied by itself, PostgreSQL by `pg_dump`, MySQL and MariaDB by `mariadb-dump` or
/// `mysqldump`. The file is looked at to its end before it gets its name, and no file is ever
/// written over. The command that gets the data back is printed.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file, instead of a new one in the folder `backups`
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
