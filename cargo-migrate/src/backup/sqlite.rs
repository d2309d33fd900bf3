//! SQLite: `VACUUM INTO`, which copies a consistent state while others write
//! (<https://sqlite.org/lang_vacuum.html>).

use std::path::{Path, PathBuf};

use migrate_sqlx::__cli::DatabaseUrl;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::quoted;
use crate::output::error::CommandError;
use crate::output::failure::Failure;

pub(super) struct Source {
    options: SqliteConnectOptions,
    file: PathBuf,
}

impl Source {
    pub(super) fn new(
        url: &DatabaseUrl,
        options: SqliteConnectOptions,
    ) -> Result<Self, CommandError> {
        let file = options.get_filename().to_owned();
        if url.is_in_memory() {
            return Err(CommandError::new(
                Failure::Backup,
                "an in-memory database cannot be backed up",
            ));
        }
        if !file.is_file() {
            return Err(CommandError::new(
                Failure::Backup,
                format!("there is no database file `{}` to back up", file.display()),
            ));
        }
        Ok(Self { options, file })
    }

    pub(super) fn name(&self) -> String {
        let stem = self.file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    pub(super) async fn write(&self, path: &Path) -> Result<(), CommandError> {
        let mut connection = self.options.connect().await.map_err(failed)?;
        sqlx::query("VACUUM INTO ?")
            .bind(path.to_string_lossy())
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        connection.close().await.map_err(failed)?;

        let options = self.options.clone();
        let mut copy = options
            .filename(path)
            .read_only(true)
            .connect()
            .await
            .map_err(failed)?;
        let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_all(&mut copy)
            .await
            .map_err(failed)?;
        copy.close().await.map_err(failed)?;
        match &found[..] {
            [only] if only == "ok" => Ok(()),
            _ => Err(CommandError::new(
                Failure::Backup,
                "the copy is damaged, and no backup was made",
            )
            .cause(found.join("; "))),
        }
    }

    pub(super) fn restore(&self, file: &str) -> String {
        let database = quoted(&self.file.to_string_lossy());
        format!(
            "sqlite3 {database} {}",
            quoted(&format!(".restore {}", quoted(file)))
        )
    }
}

fn failed(error: sqlx::Error) -> CommandError {
    CommandError::new(
        Failure::Backup,
        "the database cannot be copied, and no backup was made",
    )
    .because(error)
}
