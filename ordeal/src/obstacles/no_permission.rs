//! A user who may not create the ledger's tables.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use migrate_core::Dialect;

use super::Stage;
use super::read_only::without_rights;
use crate::arena::{as_user, file};
use crate::{Arena, Result, Tally};

/// Meets an empty database in which the user may not create anything.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn no_permission(arena: &Arena) -> Result<Tally> {
    let mut tally = Tally::new(1);
    let mut stage = Stage::new(arena, "ALTER TABLE t_000 ADD COLUMN c INTEGER").await?;
    let database = arena.database().await;
    let name = database.url().rsplit('/').next().unwrap_or_default();
    let guest = format!("guest_{name}");
    match arena.dialect {
        Dialect::Sqlite => {
            // Its file would have to be made in a folder that takes none.
            stage.before = without_rights()?;
            let file = file(database.url());
            let folder = file.parent().ok_or("a file is in a folder")?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o555))?;
            let ended = stage.start(database.url(), &["run"])?.end().await?;
            stage.judge(&ended, 1, "unable to open", &mut tally);
            if file.exists() {
                tally.flaw(1, "partly done: there is a file");
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        }
        Dialect::Postgres => {
            database
                .execute(&format!("DROP ROLE IF EXISTS {guest}; CREATE ROLE {guest} LOGIN PASSWORD 'guest'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
                .await;
            let word = "permission denied";
            stage
                .meet(
                    &database,
                    &as_user(database.url(), &guest, "guest")?,
                    &["run"],
                    word,
                    &mut tally,
                )
                .await?;
        }
        Dialect::MySql => {
            database
                .execute(&format!("DROP USER IF EXISTS {guest}; CREATE USER {guest} IDENTIFIED BY 'guest'; GRANT SELECT ON {name}.* TO {guest}"))
                .await;
            let word = "command denied";
            stage
                .meet(
                    &database,
                    &as_user(database.url(), &guest, "guest")?,
                    &["run"],
                    word,
                    &mut tally,
                )
                .await?;
        }
    }
    if arena.dialect != Dialect::Sqlite && !database.tables().await.is_empty() {
        tally.flaw(1, "partly done: there are tables");
    }
    stage.finish(&database, &mut tally).await?;
    Ok(tally)
}
