//! MySQL and MariaDB.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames, SessionSettings};
use sqlx::mysql::MySqlRow;
use sqlx::{Column as _, MySqlConnection, Row as _};

use super::{
    Attempt, Backend, ConnectOptions, Failure, PAUSE, Row, Session, driver, mysql_lock,
    mysql_settings,
};
use crate::cancel::CancelToken;
use crate::notice::{Notice, Severity, publish};

driver!(sqlx::MySql, MySqlConnection, Dialect::MySql);

impl Backend for sqlx::MySql {
    const DIALECT: Dialect = Dialect::MySql;

    /// The driver adds modes and sets a time zone by itself, which would change what revisions mean
    /// against every client of the server; and some servers refuse it.
    fn own_session(options: &ConnectOptions<Self>) -> Option<ConnectOptions<Self>> {
        let options = options.clone().pipes_as_concat(false);
        Some(options.no_engine_substitution(false).timezone(None))
    }

    fn settings(session: &SessionSettings) -> String {
        mysql_settings(session)
    }
}

/// MySQL reports only a line, in its message; the engine reads it there.
fn position(_: &sqlx::Error) -> Option<usize> {
    None
}

/// Hands on a row of `SHOW WARNINGS`, which follows the statements of a section.
fn hear(row: &MySqlRow) {
    if let Some(warning) = warning(row) {
        publish(warning);
    }
}

/// Reads a row of `SHOW WARNINGS`.
fn warning(row: &MySqlRow) -> Option<Notice> {
    let names = row.columns().iter().map(|column| column.name());
    if !names.eq(["Level", "Code", "Message"]) {
        return None;
    }
    let mut parts = (0..3).map(|column| row.try_get_unchecked::<String, _>(column).ok());
    Some(Notice {
        severity: match parts.next()??.as_str() {
            "Note" => Severity::Notice,
            _ => Severity::Warning,
        },
        code: parts.next()?,
        message: parts.next()??,
    })
}

/// Runs statements, and asks for what there is beside an error, such as why a foreign key is
/// "incorrectly formed".
async fn run(connection: &mut MySqlConnection, sql: String) -> Result<(), Failure> {
    let Err(mut failure) = execute(connection, sql).await else {
        return Ok(());
    };
    let Some(error) = failure.error.as_database_error() else {
        return Err(failure);
    };
    let said = sqlx::raw_sql("SHOW WARNINGS").fetch_all(connection).await;
    // The server ended the connection; its error is enough.
    let said = said.unwrap_or_default();
    failure.warnings = said
        .iter()
        .filter_map(warning)
        .filter(|warning| warning.message != error.message())
        .map(|warning| match warning.code {
            Some(code) => format!("{} ({code})", warning.message),
            None => warning.message,
        })
        .collect();
    Err(failure)
}

impl Session for MySqlConnection {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn execute(&mut self, sql: String) -> BoxFuture<'_, Result<(), Failure>> {
        run(self, sql).boxed()
    }

    fn query(&mut self, sql: String) -> BoxFuture<'_, Result<Vec<Row>, sqlx::Error>> {
        query(self, sql).boxed()
    }

    fn try_lock<'a>(
        &'a mut self,
        names: &'a LedgerNames,
        wait: Duration,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async move {
            // It is idle while others work, however short the server's patience is.
            let seconds = wait.as_secs().clamp(1, 31_536_000);
            let settings = format!(
                "SET SESSION wait_timeout = 2147483, lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}"
            );
            query(self, settings).await?;
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

    fn make_cancellable<'a>(
        &'a mut self,
        stop: &'a CancelToken,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        async move {
            let rows = query(
                self,
                "SELECT CONCAT('KILL QUERY ', CONNECTION_ID())".to_owned(),
            );
            stop.set_cancel_sql(rows.await?.into_iter().flatten().flatten().next());
            Ok(())
        }
        .boxed()
    }

    fn reset_cancellable(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        async { Ok(()) }.boxed()
    }

    /// The server gives the lock back when the session ends, and that is after its statement.
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

/// The holder of a lock; without the right to see other sessions, only its connection id.
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
