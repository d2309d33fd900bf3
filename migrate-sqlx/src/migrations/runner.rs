//! A configurable run.

#[cfg(feature = "cli")]
mod cli;

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, select};
use migrate_core::{Cascade, Dialect, Direction, Limits, SessionSettings, Stamp, Target};
use sqlx::{Connection as _, Pool};

use super::Migrations;
use crate::backend::{Backend, Session};
use crate::cancel::CancelToken;
use crate::driver_error::DriverError;
use crate::engine::{Engine, Goal, InDoubt, Options, StampMode};
use crate::error::Error;
use crate::event::{Event, Report};
use crate::ledger::Author;
use crate::migration_lock::LockGuard;
use crate::sleep::Sleeper;

/// One step back.
const LAST: Target = Target {
    branch: None,
    place: None,
    steps: Some(-1),
};

/// A configurable run.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// # async fn example(migrations: &migrate_sqlx::Migrations, pool: sqlx::SqlitePool) -> Result<(), migrate_sqlx::Error> {
/// use migrate_sqlx::Event;
///
/// migrations
///     .runner()
///     .on_event(|event| {
///         if let Event::Finished { revision, duration, .. } = event {
///             println!("applied {} in {duration:?}", revision.id);
///         }
///     })
///     .run(&pool)
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a runner does nothing until `run`, `revert`, `retreat` or `stamp`"]
pub struct Runner<'a> {
    migrations: &'a Migrations,
    target: Option<Target>,
    cascade: Cascade,
    options: Options,
    session: Option<SessionSettings>,
    author: Author,
    timeout: Option<Duration>,
    on_event: Box<dyn FnMut(Event<'_>) + Send + 'a>,
    stop_when: Option<BoxFuture<'a, ()>>,
}

impl std::fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("target", &self.target)
            .field("cascade", &self.cascade)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<'a> Runner<'a> {
    pub(crate) fn new(migrations: &'a Migrations) -> Self {
        Self {
            migrations,
            target: None,
            cascade: Cascade::Refuse,
            options: Options::DEFAULT,
            session: None,
            author: Author::Process,
            timeout: None,
            on_event: Box::new(|_| {}),
            stop_when: None,
        }
    }

    /// Sets the target, instead of all heads when applying, or one step back when reverting.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Sets how a revert treats revisions beyond the branch that the target names.
    pub const fn cascade(mut self, cascade: Cascade) -> Self {
        self.cascade = cascade;
        self
    }

    /// Resumes an unfinished revision after its last finished statement.
    pub const fn resume(mut self, resume: bool) -> Self {
        self.options.resume = resume;
        self
    }

    /// Sets how a resume treats a statement with an unknown outcome.
    pub const fn in_doubt(mut self, in_doubt: InDoubt) -> Self {
        self.options.in_doubt = in_doubt;
        self
    }

    /// Sets how long to wait for another migrator; 60 seconds by default.
    pub const fn lock_wait(mut self, wait: Duration) -> Self {
        self.options.lock_wait = wait;
        self
    }

    /// Lets a run succeed without doing anything on a database that has all revisions of this chain and
    /// beyond them only revisions of the phase `expand`: an older version of an application starts
    /// again while a newer one is being deployed. Without it, that is [`Error::Newer`].
    pub const fn ahead_is_fine(mut self) -> Self {
        self.options.accepts_ahead = true;
        self
    }

    /// Makes the whole run one transaction, on the databases that can: if a revision fails, all is
    /// rolled back. A `no-transaction` section cannot be part of it.
    pub const fn atomic(mut self, atomic: bool) -> Self {
        self.options.atomic = atomic;
        self
    }

    /// Sets how long statements may wait and take if their section does not say; by default the
    /// database's own settings.
    ///
    /// MySQL counts the wait in whole seconds and cancels only SELECT statements; MariaDB cancels any.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Sets how often a revision, or on MySQL a statement, that only missed a lock and has done nothing
    /// is retried; five times by default. The pauses in between grow from a fifth of a second to ten
    /// seconds.
    pub const fn lock_retries(mut self, retries: u32) -> Self {
        self.options.lock_retries = retries;
        self
    }

    /// Sets the session settings of the revisions, instead of those of the chain; see
    /// [`Migrations::with_session`].
    pub fn session(mut self, session: SessionSettings) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets who the ledger's events say did it, such as `"shop 1.4.2"`, instead of the user of the
    /// operating system.
    pub fn by(mut self, name: impl Into<String>) -> Self {
        self.author = match self.author {
            Author::Anonymous(_) => Author::Anonymous(name.into()),
            _ => Author::Named(name.into()),
        };
        self
    }

    /// Records neither the user of the operating system nor the name of the host: for an application
    /// on a person's own device, whose files may be sent to others.
    pub fn anonymous(mut self) -> Self {
        self.author = match self.author {
            Author::Named(name) => Author::Anonymous(name),
            _ => Author::Anonymous(String::new()),
        };
        self
    }

    /// Sets how long the run may take, the wait for another migrator included; then it is stopped as
    /// by [`Runner::stop_when`], and returns [`Error::Stopped`].
    ///
    /// A time limit around the future, such as `tokio::time::timeout`, drops it instead: the server
    /// finishes what it was sent, and applies and records a revision after the caller has gone on.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets a callback for the events of the run.
    pub fn on_event(mut self, on_event: impl FnMut(Event<'_>) + Send + 'a) -> Self {
        self.on_event = Box::new(on_event);
        self.options.listens = true;
        self
    }

    /// Stops the run when `signal` is ready: the running statement is cancelled, its revision rolled
    /// back if the database can, the lock released, and [`Error::Stopped`] returned.
    ///
    /// Dropping the future of the run sends nothing more to the database and releases the lock, but
    /// cancels nothing: the server finishes what it was sent, which on PostgreSQL is a whole revision
    /// with its COMMIT.
    pub fn stop_when(mut self, signal: impl Future<Output = ()> + Send + 'a) -> Self {
        self.stop_when = Some(Box::pin(signal));
        self
    }

    /// Applies the pending revisions that the target needs.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what was applied before stays applied.
    pub async fn run<DB: Backend>(self, pool: &Pool<DB>) -> Result<Report, Error> {
        if self.target.is_none() && !self.options.resume {
            let mut connection = pool.acquire().await.map_err(Error::from)?;
            if self.migrations.is_current(&mut *connection, &[]).await? {
                return Ok(Report {
                    direction: Direction::Up,
                    steps: Vec::new(),
                    current: self.migrations.heads(),
                });
            }
        }
        let goal = Goal::Up(self.target.clone().unwrap_or_else(Target::heads));
        self.execute(pool, goal).await
    }

    /// Reverts what follows the target; without one, the last revision.
    ///
    /// If a file has changed or is missing, the text in the ledger is used.
    ///
    /// # Data loss
    ///
    /// A `down` that drops a table drops its rows.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn revert<DB: Backend>(self, pool: &Pool<DB>) -> Result<Report, Error> {
        let goal = Goal::Down(self.target.clone().unwrap_or(LAST), self.cascade);
        self.execute(pool, goal).await
    }

    /// Reverts the revisions that this chain does not have, with the text in the ledger: brings a
    /// database that a newer version has migrated back to what this version knows.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(migrations: &migrate_sqlx::Migrations, pool: sqlx::SqlitePool) -> Result<(), migrate_sqlx::Error> {
    /// use migrate_sqlx::Error;
    ///
    /// match migrations.ensure_current(&pool).await {
    ///     Err(Error::Newer { .. }) => {
    ///         migrations.runner().retreat(&pool).await?;
    ///     }
    ///     other => other?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Data loss
    ///
    /// A `down` that drops a table drops its rows.
    ///
    /// # Errors
    ///
    /// [`Error::AnotherChain`] if the ledger has no revision of this chain; see [`Error`].
    pub async fn retreat<DB: Backend>(self, pool: &Pool<DB>) -> Result<Report, Error> {
        self.execute(pool, Goal::Retreat).await
    }

    /// Records the targets as applied without running anything.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn stamp<DB: Backend>(
        self,
        pool: &Pool<DB>,
        targets: &[Target],
        mode: StampMode,
    ) -> Result<Stamp, Error> {
        let times = BTreeMap::new();
        self.with_lock(pool, async |engine| {
            engine.stamp(targets, mode, &times).await
        })
        .await
    }

    fn session_settings(&self) -> &SessionSettings {
        let own = self.session.as_ref();
        own.unwrap_or(&self.migrations.session)
    }

    /// Keeps other migrators out while `work` runs, and releases the lock whatever comes of it.
    async fn with_lock<DB: Backend, T>(
        self,
        pool: &Pool<DB>,
        work: impl AsyncFnOnce(&mut Engine<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let session = self.session_settings().clone();
        let (migrations, options) = (self.migrations, self.options);
        let author = self.author.clone();
        // Its callbacks cannot be shared between threads, which the future would then not cross.
        drop(self);
        let (ledger, wait) = (&migrations.ledger, options.lock_wait);
        let mut held = LockGuard::take(pool, ledger, &session, wait, &mut |_| {}).await?;
        let mut engine = migrations.engine(&mut held.work, options);
        engine.sign(author);
        let done = work(&mut engine).await;
        let sound = engine.sound;
        held.release(sound).await;
        done
    }

    async fn execute<DB: Backend>(mut self, pool: &Pool<DB>, goal: Goal) -> Result<Report, Error> {
        let mut on_event = std::mem::replace(&mut self.on_event, Box::new(|_| {}));
        let can_stop = self.stop_when.is_some() || self.timeout.is_some();
        let signal = self.stop_when.take().unwrap_or_else(|| pending().boxed());
        let mut signal = until(signal, self.timeout);
        let session = self.session_settings().clone();
        let taking = LockGuard::take(
            pool,
            &self.migrations.ledger,
            &session,
            self.options.lock_wait,
            &mut *on_event,
        );
        let mut held = match select(pin!(taking), &mut signal).await {
            Either::Left((held, _)) => held?,
            Either::Right((timeout, _)) => {
                return Err(Error::Stopped {
                    finished: Vec::new(),
                    timeout,
                });
            }
        };
        let stop = CancelToken::new();
        // SQLite also cancels what takes too long.
        let can_stop = can_stop || held.work.dialect() == Dialect::Sqlite;
        if can_stop {
            held.work
                .make_cancellable(&stop)
                .await
                .map_err(Error::from)?;
        }
        let mut engine = self.migrations.engine(&mut held.work, self.options);
        engine.guard = held.lock.as_mut().map(|lock| lock as &mut dyn Session);
        engine.stop = stop.clone();
        engine.sign(std::mem::replace(&mut self.author, Author::Process));
        let mut timeout = None;
        let report = {
            let work = engine.execute(&goal, &mut *on_event);
            match select(work, &mut signal).await {
                Either::Left((report, _)) => report,
                Either::Right((reached, work)) => {
                    timeout = reached;
                    stopped(work, &stop, pool).await
                }
            }
        };
        let report = report.map_err(|error| match stop.caused(&error) {
            true => Error::Stopped {
                finished: engine
                    .finished
                    .iter()
                    .map(|step| step.revision.clone())
                    .collect(),
                timeout,
            },
            false => error,
        });
        let mut sound = engine.sound;
        if can_stop && let Err(error) = held.work.reset_cancellable().await {
            sound = false;
            tracing::debug!(error = %DriverError::from(error), "the connection could not be reset after the run");
        }
        held.release(sound).await;
        report
    }
}

/// Waits for the signal, or for the time limit; returns the limit if that was first.
fn until<'a>(
    signal: BoxFuture<'a, ()>,
    limit: Option<Duration>,
) -> BoxFuture<'a, Option<Duration>> {
    let Some(limit) = limit else {
        return signal.map(|()| None).boxed();
    };
    async move {
        let mut sleeper = Sleeper::default();
        match select(signal, pin!(sleeper.sleep(limit))).await {
            Either::Left(_) => None,
            Either::Right(_) => Some(limit),
        }
    }
    .boxed()
}

/// Asks the database to cancel the running statement, until the run has ended: between two
/// statements there is nothing to cancel.
async fn stopped<DB: Backend>(
    mut work: BoxFuture<'_, Result<Report, Error>>,
    stop: &CancelToken,
    pool: &Pool<DB>,
) -> Result<Report, Error> {
    stop.cancel();
    let mut sleeper = Sleeper::default();
    loop {
        let ask = async {
            if let Some(sql) = stop.cancel_sql()
                && let Err(error) = send(pool, &sql).await
            {
                tracing::warn!(error = %DriverError::from(error), "the running statement could not be cancelled");
            }
            sleeper.sleep(AGAIN).await;
        };
        match select(&mut work, pin!(ask)).await {
            Either::Left((report, _)) => return report,
            Either::Right(_) => {}
        }
    }
}

/// How long a cancelled statement may take to end before it is cancelled again.
const AGAIN: Duration = Duration::from_millis(500);

/// Sends a statement on a connection of its own: those of the pool may all be in use.
async fn send<DB: Backend>(pool: &Pool<DB>, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = DB::Connection::connect_with(&pool.connect_options()).await?;
    connection.query(sql.to_owned()).await?;
    connection.close().await
}
