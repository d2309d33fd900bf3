//! SQLite.

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames};
use sqlx::SqliteConnection;

use super::{Attempt, Failure, Row, Session, driver};

driver!(sqlx::Sqlite, SqliteConnection);

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
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async { Ok(Attempt::Unneeded) }.boxed()
    }

    /// Its statements end with their process.
    fn try_enter<'a>(
        &'a mut self,
        _: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        async { Ok(Attempt::Unneeded) }.boxed()
    }
}
