//! The connections of a run: one to work on, and one that keeps other migrators out.

use std::time::{Duration, Instant};

use migrate_core::{Dialect, LedgerNames};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Pool};

use crate::backend::{Attempt, Backend, Session as _};
use crate::error::Error;
use crate::event::Event;

/// Whatever ends a run, the lock goes with its connection, and a connection that may be in the
/// middle of something does not go back to the pool.
pub(crate) struct Held<DB: Backend> {
    pub(crate) work: PoolConnection<DB>,
    pub(crate) lock: Option<DB::Connection>,
    /// Whether the connection of the work may go back to the pool.
    clean: bool,
}

impl<DB: Backend> Held<DB> {
    /// Takes the lock on a connection of its own, and then one of the pool to work on: one that was
    /// idle while another migrator worked may be gone, as servers end idle sessions (`wait_timeout`,
    /// `idle_session_timeout`), and the pool finds that out before it gives it away.
    pub(crate) async fn take(
        pool: &Pool<DB>,
        ledger: &LedgerNames,
        wait: Duration,
        on_event: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Self, Error> {
        if DB::DIALECT == Dialect::Sqlite {
            // A database in memory has no second connection, and its transactions lock.
            let work = pool.acquire().await.map_err(Error::Database)?;
            return Ok(Self {
                work,
                lock: None,
                clean: false,
            });
        }
        let mut lock = DB::Connection::connect_with(&pool.connect_options())
            .await
            .map_err(Error::Database)?;
        let since = Instant::now();
        let mut told = false;
        let mut busy = |holder: Option<String>| {
            if !told {
                told = true;
                let holder = holder.as_deref();
                on_event(Event::Waiting { holder });
            }
            match since.elapsed() >= wait {
                true => Err(Error::Locked {
                    waited: wait,
                    holder,
                }),
                false => Ok(()),
            }
        };
        while let Attempt::Busy(holder) = lock.try_lock(ledger).await.map_err(Error::Database)? {
            busy(holder)?;
        }
        let work = pool.acquire().await.map_err(Error::Database)?;
        let mut held = Self {
            work,
            lock: Some(lock),
            clean: false,
        };
        while let Attempt::Busy(holder) =
            held.work.try_enter(ledger).await.map_err(Error::Database)?
        {
            busy(holder)?;
        }
        Ok(held)
    }

    /// Gives everything back. `sound` says that the connection of the work is in no transaction;
    /// then one of SQLite stays, as a database in memory lives in it. Others go all the same: a
    /// revision may have changed settings of the session, which are not the application's.
    pub(crate) async fn release(mut self, sound: bool) {
        self.clean = sound && self.work.dialect() == Dialect::Sqlite;
        let lock = self.lock.take();
        if !self.clean {
            self.work.close_on_drop();
        }
        drop(self);
        if let Some(lock) = lock {
            // A connection that cannot say goodbye is gone all the same, and its lock with it.
            if let Err(error) = lock.close().await {
                tracing::debug!(%error, "the lock's connection was closed already");
            }
        }
    }
}

impl<DB: Backend> Drop for Held<DB> {
    fn drop(&mut self) {
        if !self.clean {
            self.work.close_on_drop();
        }
    }
}
