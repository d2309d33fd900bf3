//! Another session has locked what a revision needs.

use migrate_core::Dialect;

use super::Stage;
use crate::server::Server;
use crate::{Arena, Result, Tally};

/// Meets a table that is locked, where the database does not wait for ever.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn locked_table(arena: &Arena) -> Result<Tally> {
    let mut tally = Tally::new(1);
    let server = match arena.dialect {
        // It has the setting only for all or for one session.
        Dialect::MySql => Some(Server::start(arena.dialect, &["--lock-wait-timeout=1"]).await?),
        Dialect::Sqlite | Dialect::Postgres => None,
    };
    let arena = &match &server {
        Some(server) => arena.on(server),
        None => arena.clone(),
    };
    let stage = Stage::new(arena, "ALTER TABLE t_000 ADD COLUMN c INTEGER").await?;
    let database = arena.database().await;
    stage.apply_before(database.url()).await?;
    let (lock, word) = match arena.dialect {
        Dialect::Sqlite => ("BEGIN IMMEDIATE", "lock"),
        Dialect::Postgres => {
            let name = database.url().rsplit('/').next().unwrap_or_default();
            let setting = format!("ALTER DATABASE {name} SET lock_timeout = '200ms'");
            database.execute(&setting).await;
            ("BEGIN; LOCK TABLE t_000 IN SHARE MODE", "lock timeout")
        }
        Dialect::MySql => ("LOCK TABLES t_000 READ", "Lock wait timeout"),
    };
    let mut held = database.session().await;
    held.execute(lock).await;
    stage
        .meet(
            &database,
            database.url(),
            &["run", "--lock-wait", "1"],
            word,
            &mut tally,
        )
        .await?;
    drop(held);
    stage.finish(&database, &mut tally).await?;
    Ok(tally)
}
