//! MySQL and MariaDB.

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames};
use sqlx::MySqlConnection;

use super::{Attempt, Failure, PAUSE, Row, Session, driver};
use crate::ledger::literal;

driver!(sqlx::MySql, MySqlConnection);

/// MySQL tells only a line, in words; the engine reads it there.
fn position(_: &sqlx::Error) -> Option<usize> {
    None
}

impl Session for MySqlConnection {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn execute(&mut self, sql: String) -> BoxFuture<'_, Result<(), Failure>> {
        execute(self, sql).boxed()
    }

    fn query(&mut self, sql: String) -> BoxFuture<'_, Result<Vec<Row>, sqlx::Error>> {
        query(self, sql).boxed()
    }

    /// `GET_LOCK` belongs to the connection and is one name space for the whole server, so the
    /// database's name is in it; 64 characters are the most it takes.
    fn try_lock<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async move {
            let schema = names.schema.as_deref().unwrap_or_default();
            let ledger = literal(Dialect::MySql, &format!("/{schema}/{}", names.prefix));
            let name = format!("CONCAT('cargo-migrate.', SHA1(CONCAT(COALESCE(DATABASE(), ''), {ledger})))");
            let attempt = format!("SELECT GET_LOCK({name}, {})", PAUSE.as_secs_f64());
            let rows = query(self, attempt).await?;
            if rows.first().and_then(|row| row.first()?.as_deref()) == Some("1") {
                return Ok(Attempt::Locked);
            }
            let holder = format!(
                "SELECT CONCAT('connection ', id, ' of ', user, ' at ', host) FROM information_schema.processlist WHERE id = IS_USED_LOCK({name})"
            );
            let holder = query(self, holder).await?;
            Ok(Attempt::Busy(holder.into_iter().next().and_then(|row| row.into_iter().next()?)))
        }
        .boxed()
    }
}
