//! PostgreSQL.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames, SessionSettings};
use sqlx::PgConnection;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::{Attempt, Backend, ConnectOptions, Failure, PAUSE, Row, Session, driver};
use crate::cancel::CancelToken;
use crate::literal::literal;

driver!(sqlx::Postgres, PgConnection, Dialect::Postgres);

impl Backend for sqlx::Postgres {
    const DIALECT: Dialect = Dialect::Postgres;

    /// SQL can give back all that a session holds.
    fn own_session(_: &ConnectOptions<Self>) -> Option<ConnectOptions<Self>> {
        None
    }

    fn settings(session: &SessionSettings) -> String {
        let zone = session.time_zone.as_deref();
        zone.map_or_else(String::new, |zone| {
            let zone = literal(Dialect::Postgres, zone);
            format!("SELECT set_config('TimeZone', {zone}, false)")
        })
    }
}

/// PostgreSQL's notices are not rows.
const fn hear(_: &sqlx::postgres::PgRow) {}

fn position(error: &sqlx::Error) -> Option<usize> {
    let error = error
        .as_database_error()?
        .try_downcast_ref::<PgDatabaseError>()?;
    match error.position()? {
        PgErrorPosition::Original(position) => position.checked_sub(1),
        PgErrorPosition::Internal { .. } => None,
    }
}

/// PostgreSQL 17 can end a transaction by its age; older ones do not know the setting.
const UNLIMITED: &str =
    "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'";

/// The key of the advisory lock: FNV-1a over what names the ledger.
fn key(names: &LedgerNames) -> i64 {
    let schema = names.schema.as_deref().unwrap_or_default();
    let name = ["cargo-migrate", schema, &names.prefix].join("\0");
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}

impl Session for PgConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&mut self, sql: String) -> BoxFuture<'_, Result<(), Failure>> {
        execute(self, sql).boxed()
    }

    fn query(&mut self, sql: String) -> BoxFuture<'_, Result<Vec<Row>, sqlx::Error>> {
        query(self, sql).boxed()
    }

    /// An advisory lock of a transaction that stays open: a proxy that pools transactions keeps
    /// it on one server connection, where a lock of the session would silently fail. Idle in read
    /// committed it has no snapshot, so `CREATE INDEX CONCURRENTLY` does not wait for it, nor for
    /// those who try again and again instead of waiting inside the lock.
    fn try_lock<'a>(
        &'a mut self,
        names: &'a LedgerNames,
        _: Duration,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async move {
            let key = key(names);
            let attempt = format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0; {UNLIMITED}; SELECT pg_try_advisory_xact_lock({key})"
            );
            let rows = query(self, attempt).await?;
            if rows.last().and_then(|row| row.first()?.as_deref()) == Some("t") {
                return Ok(Attempt::Locked);
            }
            query(self, "ROLLBACK".to_owned()).await?;
            let holder = self.holder(names).await?;
            query(self, format!("SELECT pg_sleep({})", PAUSE.as_secs_f64())).await?;
            Ok(Attempt::Busy(holder))
        }
        .boxed()
    }

    fn holder<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Option<String>, sqlx::Error>> {
        async move {
            let key = key(names);
            let (high, low) = ((key >> 32) & 0xffff_ffff, key & 0xffff_ffff);
            let holder = format!(
                "SELECT 'process ' || a.pid || ' of ' || coalesce(a.usename::text, '?') || ' at ' || coalesce(host(a.client_addr), 'this host') || ', since ' || to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC' \
                 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
                 WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {high} AND l.objid = {low} AND l.objsubid = 1 \
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            );
            let holder = query(self, holder).await?;
            Ok(holder.into_iter().next().and_then(|row| row.into_iter().next()?))
        }
        .boxed()
    }

    fn make_cancellable<'a>(
        &'a mut self,
        stop: &'a CancelToken,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let mark = stop.mark(Dialect::Postgres);
        let sql = format!(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND left(query, {}) = '{mark}'",
            mark.len()
        );
        stop.set_cancel_sql(Some(sql));
        async { Ok(()) }.boxed()
    }

    fn reset_cancellable(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        async { Ok(()) }.boxed()
    }

    /// Each revision locks the ledger's table in its own transaction, which also works behind a
    /// proxy that pools transactions.
    fn try_enter<'a>(
        &'a mut self,
        _: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async { Ok(Attempt::Unneeded) }.boxed()
    }
}
