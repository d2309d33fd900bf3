//! SQLite.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames, SessionSettings};
use sqlx::SqliteConnection;

use super::{Attempt, Backend, ConnectOptions, Failure, Row, Session, driver};
use crate::cancel::CancelToken;

driver!(sqlx::Sqlite, SqliteConnection, Dialect::Sqlite);

impl Backend for sqlx::Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;

    /// A database in memory lives in its connection.
    fn own_session(_: &ConnectOptions<Self>) -> Option<ConnectOptions<Self>> {
        None
    }

    fn settings(_: &SessionSettings) -> String {
        String::new()
    }
}

/// The number of SQLite's VM steps between two checks of the cancel token.
const STEPS: i32 = 10_000;

/// SQLite has no notices.
const fn hear(_: &sqlx::sqlite::SqliteRow) {}

/// SQLite's library knows the offset, but sqlx does not pass it on.
fn position(_: &sqlx::Error) -> Option<usize> {
    None
}

impl Session for SqliteConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, sql: String) -> BoxFuture<'_, Result<(), Failure>> {
        execute(self, sql).boxed()
    }

    fn query(&mut self, sql: String) -> BoxFuture<'_, Result<Vec<Row>, sqlx::Error>> {
        query(self, sql).boxed()
    }

    /// `BEGIN IMMEDIATE` lets one writer in at a time, and dies with its process.
    fn try_lock<'a>(
        &'a mut self,
        _: &'a LedgerNames,
        _: Duration,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async { Ok(Attempt::Unneeded) }.boxed()
    }

    fn holder<'a>(
        &'a mut self,
        _: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Option<String>, sqlx::Error>> {
        async { Ok(None) }.boxed()
    }

    fn make_cancellable<'a>(
        &'a mut self,
        stop: &'a CancelToken,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let stop = stop.clone();
        async move {
            let mut handle = self.lock_handle().await?;
            handle.set_progress_handler(STEPS, move || !stop.is_due());
            Ok(())
        }
        .boxed()
    }

    fn reset_cancellable(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        async move {
            self.lock_handle().await?.remove_progress_handler();
            Ok(())
        }
        .boxed()
    }

    /// Its statements end with their process.
    fn try_enter<'a>(
        &'a mut self,
        _: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async { Ok(Attempt::Unneeded) }.boxed()
    }
}
