//! MySQL and MariaDB.

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames};
use sqlx::MySqlConnection;

use super::{Attempt, Failure, PAUSE, Row, Session, driver, mysql_lock};
use crate::stop::Stop;

driver!(sqlx::MySql, MySqlConnection, Dialect::MySql);

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

    fn try_lock<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async move {
            // It is idle while others work, however short the server's patience is.
            query(self, "SET SESSION wait_timeout = 2147483".to_owned()).await?;
            get_lock(self, names, "").await
        }
        .boxed()
    }

    fn holder<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Option<String>, sqlx::Error>> {
        holder(self, mysql_lock(names, "")).boxed()
    }

    fn stoppable<'a>(
        &'a mut self,
        _: &'a Stop,
    ) -> BoxFuture<'a, Result<Option<String>, sqlx::Error>> {
        async move {
            let rows = query(
                self,
                "SELECT CONCAT('KILL QUERY ', CONNECTION_ID())".to_owned(),
            );
            Ok(rows.await?.into_iter().flatten().flatten().next())
        }
        .boxed()
    }

    fn unstoppable(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        async { Ok(()) }.boxed()
    }

    /// The server gives the lock back when the session ends, and that is behind its statement.
    fn try_enter<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        get_lock(self, names, ".work").boxed()
    }
}

/// `GET_LOCK` belongs to the connection.
async fn get_lock(
    connection: &mut MySqlConnection,
    names: &LedgerNames,
    suffix: &str,
) -> Result<Attempt, sqlx::Error> {
    let name = mysql_lock(names, suffix);
    let attempt = format!("SELECT GET_LOCK({name}, {})", PAUSE.as_secs_f64());
    let rows = query(connection, attempt).await?;
    if rows.first().and_then(|row| row.first()?.as_deref()) == Some("1") {
        return Ok(Attempt::Locked);
    }
    Ok(Attempt::Busy(holder(connection, name).await?))
}

/// Who has a lock; without the right to see others, the server tells only the connection.
async fn holder(
    connection: &mut MySqlConnection,
    lock: String,
) -> Result<Option<String>, sqlx::Error> {
    let holder = format!(
        "SELECT COALESCE((SELECT CONCAT('connection ', id, ' of ', user, ' at ', host) FROM information_schema.processlist WHERE id = holder), CONCAT('connection ', holder)) \
         FROM (SELECT IS_USED_LOCK({lock}) AS holder) AS used"
    );
    let holder = query(connection, holder).await?;
    Ok(holder
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next()?))
}
