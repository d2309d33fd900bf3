//! Recreates a database, empty.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use migrate_core::Dialect;
use migrate_sqlx::Refusal;
use sqlx::sqlite::SqliteConnectOptions;

use crate::database::server::OtherSessions;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// Drops a database and recreates it, with the encoding and the owner that it had.
pub(crate) async fn recreate(
    chosen: &Chosen,
    other_sessions: OtherSessions,
) -> Result<(), CommandError> {
    if Dialect::from_url(chosen.url()) == Some(Dialect::Sqlite) {
        return remove_files(&chosen.sqlite()?);
    }
    let (mut server, name) = chosen.server().await?;
    let failed = |error| failed(error, chosen);
    let making = server.making(&name).await.map_err(failed)?;
    server.drop(&name, other_sessions).await.map_err(failed)?;
    server.create(&name, &making).await.map_err(failed)
}

fn failed(error: sqlx::Error, chosen: &Chosen) -> CommandError {
    let busy = Refusal::of(&error) == Some(Refusal::InUse);
    let failed = CommandError::from(migrate_sqlx::Error::from(error)).of_database(&chosen.shown());
    match busy {
        true => failed.help("end those sessions, or add `--force` to end them"),
        false => failed,
    }
}

/// Deletes the file and those that SQLite keeps beside it.
fn remove_files(options: &SqliteConnectOptions) -> Result<(), CommandError> {
    let file = options.get_filename();
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let failed = format!("`{}` cannot be deleted", path.display());
                return Err(CommandError::new(Failure::Io, failed).because(error));
            }
            _ => {}
        }
    }
    Ok(())
}
