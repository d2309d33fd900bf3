//! A database that may only be read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use migrate_core::Dialect;

use super::Stage;
use crate::arena::{as_user, file};
use crate::process::is_root;
use crate::server::Server;
use crate::{Arena, Result, Tally};

/// A change that any revision makes.
const SQL: &str = "ALTER TABLE t_000 ADD COLUMN c INTEGER";

/// Meets a database that is read only, first with a ledger and then without one.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn read_only_database(arena: &Arena) -> Result<Tally> {
    let mut tally = Tally::new(2);
    let server = match arena.dialect {
        // It has the setting only for all.
        Dialect::MySql => Some(Server::start(arena.dialect, &[]).await?),
        Dialect::Sqlite | Dialect::Postgres => None,
    };
    let arena = &match &server {
        Some(server) => arena.on(server),
        None => arena.clone(),
    };
    let mut stage = Stage::new(arena, SQL).await?;
    if arena.dialect == Dialect::Sqlite {
        stage.before = without_rights()?;
    }
    for has_ledger in [true, false] {
        let database = arena.database().await;
        let name = database.url().rsplit('/').next().unwrap_or_default();
        // SQLite makes the file, which is to be there, when something is in it.
        database.execute("CREATE TABLE other (id INTEGER)").await;
        database.execute("DROP TABLE other").await;
        if has_ledger {
            stage.apply_before(database.url()).await?;
        }
        let mut url = database.url().to_owned();
        let (on, off, word) = match arena.dialect {
            Dialect::Sqlite => {
                mode(&database, 0o444)?;
                (String::new(), String::new(), "readonly")
            }
            Dialect::Postgres => (
                format!("ALTER DATABASE {name} SET default_transaction_read_only = on"),
                format!(
                    "BEGIN READ WRITE; ALTER DATABASE {name} RESET default_transaction_read_only; COMMIT"
                ),
                "read-only",
            ),
            Dialect::MySql => {
                database
                    .execute("CREATE OR REPLACE USER reader IDENTIFIED BY 'reader'")
                    .await;
                database
                    .execute(&format!("GRANT ALL PRIVILEGES ON {name}.* TO reader"))
                    .await;
                url = as_user(&url, "reader", "reader")?;
                (
                    "SET GLOBAL read_only = 1".to_owned(),
                    "SET GLOBAL read_only = 0".to_owned(),
                    "read-only",
                )
            }
        };
        if !on.is_empty() {
            database.execute(&on).await;
        }
        stage
            .meet(&database, &url, &["run"], word, &mut tally)
            .await?;
        match off.is_empty() {
            true => mode(&database, 0o644)?,
            false => database.execute(&off).await,
        }
        stage.finish(&database, &mut tally).await?;
    }
    Ok(tally)
}

fn mode(database: &migrate_tests::TestDatabase, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(
        file(database.url()),
        fs::Permissions::from_mode(mode),
    )?)
}

/// Root reads and writes what it likes, whatever a file's mode says, unless it gives that up.
pub(super) fn without_rights() -> Result<Vec<String>> {
    let setpriv = [
        "setpriv",
        "--bounding-set",
        "-dac_override,-dac_read_search",
    ];
    Ok(match is_root()? {
        true => setpriv.map(str::to_owned).to_vec(),
        false => Vec::new(),
    })
}
