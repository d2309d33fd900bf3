//! The connections of a run: one to work on, and one that keeps other migrators out.

use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _};
use migrate_core::{Dialect, LedgerNames, SessionSettings};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Pool};

use crate::backend::{Attempt, Backend, ConnectOptions, Failure, Row, Session, sealed};
use crate::cancel::CancelToken;
use crate::driver_error::DriverError;
use crate::error::Error;
use crate::event::Event;
use crate::ledger::located;

/// However a run ends, the lock is released with its connection, and a connection that may be in the
/// middle of something is not returned to the pool.
pub(crate) struct LockGuard<DB: Backend> {
    pub(crate) work: Work<DB>,
    pub(crate) lock: Option<DB::Connection>,
}

impl<DB: Backend> LockGuard<DB> {
    /// Takes the lock on a connection of its own, and then a connection to work on: while it
    /// waited, the server's idle time-out would have closed it.
    pub(crate) async fn take(
        pool: &Pool<DB>,
        ledger: &LedgerNames,
        session: &SessionSettings,
        wait: Duration,
        on_event: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Self, Error> {
        let since = Instant::now();
        let mut reported = false;
        let mut busy = |holder: Option<String>| {
            if !reported {
                reported = true;
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
        let ledger = &match DB::DIALECT {
            Dialect::Postgres => {
                let mut connection = pool.acquire().await.map_err(Error::from)?;
                located(ledger, &mut *connection).await?
            }
            Dialect::Sqlite | Dialect::MySql => ledger.clone(),
        };
        let lock = match DB::DIALECT {
            // Its transactions lock.
            Dialect::Sqlite => None,
            Dialect::Postgres | Dialect::MySql => {
                let mut lock = DB::Connection::connect_with(&pool.connect_options())
                    .await
                    .map_err(Error::from)?;
                while let Attempt::Busy(holder) =
                    lock.try_lock(ledger, wait).await.map_err(Error::from)?
                {
                    busy(holder)?;
                }
                Some(lock)
            }
        };
        let mut work = Work::take(pool, ledger, session).await?;
        while let Attempt::Busy(holder) = work.try_enter(ledger).await.map_err(Error::from)? {
            busy(holder)?;
        }
        Ok(Self { work, lock })
    }

    /// Releases everything. `sound` says that the connection of the work is in no transaction,
    /// and has the settings it began with; then one of SQLite stays, as a database in memory lives
    /// in it. Others go all the same: a revision may have changed settings of the session, which
    /// are not the application's.
    pub(crate) async fn release(self, sound: bool) {
        let Self { mut work, lock } = self;
        work.clean = sound && work.dialect() == Dialect::Sqlite;
        drop(work);
        if let Some(lock) = lock {
            // A connection that cannot say goodbye is gone all the same, and its lock with it.
            if let Err(error) = lock.close().await {
                tracing::debug!(error = %DriverError::from(error), "the lock's connection was closed already");
            }
        }
    }
}

/// The connection that a run works on.
pub(crate) struct Work<DB: Backend> {
    connection: Place<DB>,
    /// How to make another one.
    renewal: Option<Renewal<DB>>,
    /// Whether the connection may go back to the pool.
    clean: bool,
}

enum Place<DB: Backend> {
    /// One of the pool's: its session is cleaned by SQL, or dies with a database in memory.
    Pooled(PoolConnection<DB>),
    /// One of our own, with the server's own session.
    Own(DB::Connection),
}

/// What a session of our own is made from.
struct Renewal<DB: Backend> {
    options: ConnectOptions<DB>,
    settings: String,
    ledger: LedgerNames,
    stop: Option<CancelToken>,
}

impl<DB: Backend> Renewal<DB> {
    async fn connect(&self) -> Result<DB::Connection, sqlx::Error> {
        let mut connection = DB::Connection::connect_with(&self.options).await?;
        if !self.settings.is_empty() {
            connection.query(self.settings.clone()).await?;
        }
        Ok(connection)
    }
}

impl<DB: Backend> Work<DB> {
    /// Returns a connection of the pool that only reads.
    #[cfg(feature = "cli")]
    pub(crate) async fn reading(pool: &Pool<DB>) -> Result<Self, Error> {
        Ok(Self {
            connection: Place::Pooled(pool.acquire().await.map_err(Error::from)?),
            renewal: None,
            clean: true,
        })
    }

    async fn take(
        pool: &Pool<DB>,
        ledger: &LedgerNames,
        session: &SessionSettings,
    ) -> Result<Self, Error> {
        let settings = DB::settings(session);
        if let Some(options) = DB::own_session(&pool.connect_options()) {
            let renewal = Renewal {
                options,
                settings,
                ledger: ledger.clone(),
                stop: None,
            };
            let connection = renewal.connect().await.map_err(Error::from)?;
            return Ok(Self {
                connection: Place::Own(connection),
                renewal: Some(renewal),
                clean: false,
            });
        }
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        if !settings.is_empty() {
            connection.query(settings).await.map_err(Error::from)?;
        }
        Ok(Self {
            connection: Place::Pooled(connection),
            renewal: None,
            clean: false,
        })
    }

    fn session(&mut self) -> &mut DB::Connection {
        match &mut self.connection {
            Place::Pooled(connection) => &mut *connection,
            Place::Own(connection) => connection,
        }
    }

    async fn renewed(&mut self) -> Result<bool, sqlx::Error> {
        let Some(renewal) = &self.renewal else {
            return Ok(false);
        };
        let mut connection = renewal.connect().await?;
        if let Some(stop) = &renewal.stop {
            connection.make_cancellable(stop).await?;
        }
        let ledger = renewal.ledger.clone();
        let place = std::mem::replace(&mut self.connection, Place::Own(connection));
        if let Place::Own(old) = place {
            // Its lock must be free before the new one takes it.
            old.close().await?;
        }
        while let Attempt::Busy(_) = self.session().try_enter(&ledger).await? {}
        Ok(true)
    }
}

impl<DB: Backend> Drop for Work<DB> {
    fn drop(&mut self) {
        if let Place::Pooled(connection) = &mut self.connection
            && !self.clean
        {
            connection.close_on_drop();
        }
    }
}

impl<DB: Backend> sealed::Sealed for Work<DB> {}

impl<DB: Backend> Session for Work<DB> {
    fn dialect(&self) -> Dialect {
        DB::DIALECT
    }

    fn execute(&mut self, sql: String) -> BoxFuture<'_, Result<(), Failure>> {
        self.session().execute(sql)
    }

    fn query(&mut self, sql: String) -> BoxFuture<'_, Result<Vec<Row>, sqlx::Error>> {
        self.session().query(sql)
    }

    fn try_lock<'a>(
        &'a mut self,
        names: &'a LedgerNames,
        wait: Duration,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        self.session().try_lock(names, wait)
    }

    fn holder<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Option<String>, sqlx::Error>> {
        self.session().holder(names)
    }

    fn make_cancellable<'a>(
        &'a mut self,
        stop: &'a CancelToken,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        if let Some(renewal) = &mut self.renewal {
            renewal.stop = Some(stop.clone());
        }
        self.session().make_cancellable(stop)
    }

    fn reset_cancellable(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        self.session().reset_cancellable()
    }

    fn try_enter<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>> {
        self.session().try_enter(names)
    }

    fn renew(&mut self) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
        self.renewed().boxed()
    }
}
