//! The chain of an application, and what it can do with a database.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, select};
use migrate_core::schema::Schema;
use migrate_core::{
    Cascade, Dialect, Direction, Graph, Hash, LedgerNames, Plan, Revision, Stamp, Target,
};
use sqlx::{Connection as _, Pool};

use crate::backend::{Backend, LOCK_WAIT, Session};
use crate::engine::{Engine, Goal};
use crate::error::Error;
use crate::event::{Event, Report};
use crate::held::Held;
use crate::introspect::SchemaReader;
use crate::ledger::{EventRecord, Tables};
use crate::pause::pause;
use crate::script::{Material, Script};
use crate::status::Status;
use crate::stop::Stop;

/// A sound chain, ready to run; as [`embed_migrations!`](crate::embed_migrations) bakes it into a
/// `static`.
///
/// What a start on an up-to-date database needs is there as it is: nothing is read, hashed or
/// allocated of the revisions before there is work to do.
#[derive(Clone, Debug)]
pub struct Migrations {
    source: Source,
    /// The revisions, once they were needed.
    revisions: OnceLock<Vec<Revision>>,
    /// How many there are.
    count: usize,
    heads: Cow<'static, [Hash]>,
    ledger: LedgerNames,
}

/// Where the revisions come from.
#[derive(Clone, Debug)]
enum Source {
    /// The binary: the files' texts, and where in them everything stands.
    Embedded {
        texts: &'static [&'static str],
        table: &'static [u8],
    },
    /// A folder, read already.
    Folder,
}

impl Migrations {
    /// Makes the value that `embed_migrations!` expands to.
    #[doc(hidden)]
    #[must_use]
    pub const fn embedded(
        texts: &'static [&'static str],
        table: &'static [u8],
        heads: &'static [Hash],
        ledger: LedgerNames,
    ) -> Self {
        Self {
            source: Source::Embedded { texts, table },
            revisions: OnceLock::new(),
            count: texts.len(),
            heads: Cow::Borrowed(heads),
            ledger,
        }
    }

    /// Takes a chain that was read from a folder.
    #[must_use]
    pub fn new(revisions: Vec<Revision>, ledger: LedgerNames) -> Self {
        let graph = Graph::new(&revisions);
        let all = graph.descendants(0..graph.len());
        let heads: Vec<_> = graph
            .effective_heads(&all)
            .into_iter()
            .map(|index| revisions[index].chain_hash)
            .collect();
        Self {
            source: Source::Folder,
            count: revisions.len(),
            revisions: OnceLock::from(revisions),
            heads: heads.into(),
            ledger,
        }
    }

    /// Returns the revisions of the chain, in the order of their files' names.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        self.revisions.get_or_init(|| match self.source {
            Source::Embedded { texts, table } => migrate_core::embedded::decode(texts, table),
            Source::Folder => Vec::new(),
        })
    }

    /// Whether the database is exactly where the chain ends, in one round trip.
    async fn is_current(&self, session: &mut dyn Session) -> Result<bool, Error> {
        let tables = Tables::new(session.dialect(), &self.ledger);
        match tables.summary(session, &self.heads).await? {
            Some(summary) => Ok(summary.rows == self.count
                && summary.unfinished == 0
                && summary.heads == self.heads.len()),
            None => Ok(self.count == 0),
        }
    }

    /// Applies all that the database has not, and says what it did.
    ///
    /// A database that has everything costs one round trip and takes no lock.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what was applied before stays applied.
    pub async fn run<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Report, Error> {
        self.runner().run(pool).await
    }

    /// Reverts the last revision.
    ///
    /// # Data loss
    ///
    /// A `down` that drops a table drops its rows.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn revert<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Report, Error> {
        self.runner().revert(pool).await
    }

    /// Applies nothing, and refuses a database that is not exactly where the chain ends.
    ///
    /// # Errors
    ///
    /// [`Error::NotCurrent`], [`Error::Newer`], [`Error::Changed`] or [`Error::Unfinished`] says
    /// what is not as it should be.
    pub async fn ensure_current<DB: Backend>(&self, pool: &Pool<DB>) -> Result<(), Error> {
        let mut connection = pool.acquire().await.map_err(Error::Database)?;
        if self.is_current(&mut *connection).await? {
            return Ok(());
        }
        let mut engine = self.engine(&mut *connection);
        let joined = engine.read().await?;
        engine.judge(&joined, false)?;
        let pending = joined.pending(self.count);
        match pending.is_empty() {
            true => Ok(()),
            false => Err(Error::NotCurrent {
                pending: pending
                    .into_iter()
                    .map(|index| joined.graph.id(index).to_string())
                    .collect(),
            }),
        }
    }

    /// Says where the database is. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or its table is no ledger.
    pub async fn status<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Status, Error> {
        let mut connection = pool.acquire().await.map_err(Error::Database)?;
        let joined = self.engine(&mut *connection).read().await?;
        Ok(joined.status(self.count))
    }

    /// Returns every event, the oldest first. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or its table is no ledger.
    pub async fn events<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Vec<EventRecord>, Error> {
        let mut connection = pool.acquire().await.map_err(Error::Database)?;
        let session = &mut *connection;
        Tables::new(session.dialect(), &self.ledger)
            .events(session)
            .await
    }

    /// Reads the database's schema, without the tables of the ledger. Writes nothing.
    ///
    /// # Errors
    ///
    /// See [`SchemaReader::read`].
    pub async fn schema<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Schema, Error> {
        SchemaReader::new(self.ledger.clone()).read(pool).await
    }

    /// Says what [`Migrations::run`] would apply, in order. Writes nothing.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn plan<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Vec<String>, Error> {
        let mut connection = pool.acquire().await.map_err(Error::Database)?;
        let mut engine = self.engine(&mut *connection);
        let joined = engine.read().await?;
        engine.judge(&joined, false)?;
        let plan = Plan::up(&joined.graph, &joined.applied, &Target::heads())?;
        Ok(plan
            .steps
            .into_iter()
            .map(|index| joined.graph.id(index).to_string())
            .collect())
    }

    /// Writes a plan as a script for the database's own client. Asks no database.
    ///
    /// The plan's indices are those of [`Migrations::revisions`].
    ///
    /// # Errors
    ///
    /// A revision has no way in the plan's direction on this database.
    pub fn script(&self, dialect: Dialect, plan: &Plan) -> Result<Script, Error> {
        let graph = Graph::new(self.revisions());
        let material = Material {
            dialect,
            ledger: &self.ledger,
            graph: &graph,
            revisions: self.revisions(),
            recorded: BTreeMap::new(),
        };
        Script::write(&material, plan)
    }

    /// Begins a run with other settings than the usual ones.
    pub fn runner(&self) -> Runner<'_> {
        Runner {
            migrations: self,
            target: None,
            cascade: Cascade::Refuse,
            resume: false,
            lock_wait: LOCK_WAIT,
            on_event: Box::new(|_| {}),
            stop_when: None,
        }
    }

    fn engine<'a>(&'a self, session: &'a mut dyn Session) -> Engine<'a> {
        Engine {
            tables: Tables::new(session.dialect(), &self.ledger),
            session,
            guard: None,
            chain: self.revisions(),
            finished: Vec::new(),
            dangling: None,
            references: false,
            fenced: false,
            sound: true,
            stop: Stop::new(),
        }
    }
}

/// One step back.
const LAST: Target = Target {
    branch: None,
    place: None,
    steps: Some(-1),
};

/// A run with settings of its own.
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
#[must_use = "a runner does nothing until `run`, `revert`, `undo` or `stamp`"]
pub struct Runner<'a> {
    migrations: &'a Migrations,
    target: Option<Target>,
    cascade: Cascade,
    resume: bool,
    lock_wait: Duration,
    on_event: Box<dyn FnMut(Event<'_>) + Send + 'a>,
    stop_when: Option<BoxFuture<'a, ()>>,
}

impl std::fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("target", &self.target)
            .field("cascade", &self.cascade)
            .field("resume", &self.resume)
            .field("lock_wait", &self.lock_wait)
            .finish_non_exhaustive()
    }
}

impl<'a> Runner<'a> {
    /// Goes to this place instead of all heads, or one step back.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// What a revert does about revisions beyond the branch that the target names.
    pub const fn cascade(mut self, cascade: Cascade) -> Self {
        self.cascade = cascade;
        self
    }

    /// Goes on with a half-done revision after its last finished statement.
    pub const fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Waits this long for another migrator; 60 seconds where nothing is said.
    pub const fn lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }

    /// Calls back as the run goes on.
    pub fn on_event(mut self, on_event: impl FnMut(Event<'_>) + Send + 'a) -> Self {
        self.on_event = Box::new(on_event);
        self
    }

    /// Ends the run early when `signal` is ready: the statement in work is cancelled, its revision
    /// rolled back where the database can, the lock given back, and [`Error::Stopped`] returned.
    ///
    /// Dropping the run's future ends it too, but then the server may go on with the statement it
    /// has.
    pub fn stop_when(mut self, signal: impl Future<Output = ()> + Send + 'a) -> Self {
        self.stop_when = Some(Box::pin(signal));
        self
    }

    /// Applies what the target needs and the database has not.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what was applied before stays applied.
    pub async fn run<DB: Backend>(self, pool: &Pool<DB>) -> Result<Report, Error> {
        if self.target.is_none() && !self.resume {
            let mut connection = pool.acquire().await.map_err(Error::Database)?;
            if self.migrations.is_current(&mut *connection).await? {
                return Ok(Report {
                    direction: migrate_core::Direction::Up,
                    steps: Vec::new(),
                });
            }
        }
        let goal = Goal::Up(self.target.clone().unwrap_or_else(Target::heads));
        self.execute(pool, goal).await
    }

    /// Reverts what follows the target; without one, the last revision.
    ///
    /// Where a file has changed or is not there, the text of the ledger is used.
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

    /// Writes what [`Runner::run`] or [`Runner::revert`] would do as a script that begins where the
    /// database is now. Changes nothing.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn script<DB: Backend>(
        self,
        pool: &Pool<DB>,
        direction: Direction,
    ) -> Result<Script, Error> {
        let mut connection = pool.acquire().await.map_err(Error::Database)?;
        let dialect = connection.dialect();
        let mut engine = self.migrations.engine(&mut *connection);
        let goal = match direction {
            Direction::Up => Goal::Up(self.target.unwrap_or_else(Target::heads)),
            Direction::Down => Goal::Down(self.target.unwrap_or(LAST), self.cascade),
        };
        let (joined, plan) = engine.plan(&goal).await?;
        let mut revisions = joined.revisions.to_vec();
        for index in &plan.steps {
            revisions[*index] = joined.text(*index, direction)?.0.into_owned();
        }
        let recorded = joined
            .rows
            .iter()
            .map(|row| (row.revision.clone(), row.chain_hash.clone()));
        let material = Material {
            dialect,
            ledger: &self.migrations.ledger,
            graph: &joined.graph,
            revisions: &revisions,
            recorded: recorded.collect(),
        };
        Script::write(&material, &plan)
    }

    /// Reverts these revisions and all that needs them, wherever they stand in the chain.
    ///
    /// It is for what a target cannot name: revisions of another branch that the chain does not
    /// have, or that follow another parent now. What is not applied is passed over.
    ///
    /// # Data loss
    ///
    /// A `down` that drops a table drops its rows.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn undo<DB: Backend>(
        self,
        pool: &Pool<DB>,
        revisions: &[String],
    ) -> Result<Report, Error> {
        self.execute(pool, Goal::Without(revisions.to_vec())).await
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
        purge: bool,
    ) -> Result<Stamp, Error> {
        let mut held =
            Held::take(pool, &self.migrations.ledger, self.lock_wait, &mut |_| {}).await?;
        let mut engine = self.migrations.engine(&mut *held.work);
        let stamp = engine.stamp(targets, purge, self.lock_wait).await;
        let sound = engine.sound;
        held.release(sound).await;
        stamp
    }

    async fn execute<DB: Backend>(mut self, pool: &Pool<DB>, goal: Goal) -> Result<Report, Error> {
        let mut on_event = std::mem::replace(&mut self.on_event, Box::new(|_| {}));
        let can_stop = self.stop_when.is_some();
        let mut signal = self.stop_when.take().unwrap_or_else(|| pending().boxed());
        let taking = Held::take(
            pool,
            &self.migrations.ledger,
            self.lock_wait,
            &mut *on_event,
        );
        let mut held = match select(pin!(taking), &mut signal).await {
            Either::Left((held, _)) => held?,
            Either::Right(_) => {
                return Err(Error::Stopped {
                    finished: Vec::new(),
                });
            }
        };
        let stop = Stop::new();
        let cancel = match can_stop {
            true => held.work.stoppable(&stop).await.map_err(Error::Database)?,
            false => None,
        };
        let mut engine = self.migrations.engine(&mut *held.work);
        engine.guard = held.lock.as_mut().map(|lock| lock as &mut dyn Session);
        engine.stop = stop.clone();
        let report = {
            let work = engine.execute(&goal, self.resume, self.lock_wait, &mut *on_event);
            match select(pin!(work), &mut signal).await {
                Either::Left((report, _)) => report,
                Either::Right(((), work)) => stopped(work, &stop, pool, cancel.as_deref()).await,
            }
        };
        let report = report.map_err(|error| match stop.caused(&error) {
            true => Error::Stopped {
                finished: engine
                    .finished
                    .iter()
                    .map(|step| step.revision.clone())
                    .collect(),
            },
            false => error,
        });
        let mut sound = engine.sound;
        if can_stop && let Err(error) = held.work.unstoppable().await {
            sound = false;
            tracing::debug!(%error, "the connection keeps looking for a stop");
        }
        held.release(sound).await;
        report
    }
}

/// Asks the database to end the statement in work, until the run has ended: between two
/// statements there is nothing to cancel.
async fn stopped<DB: Backend>(
    mut work: impl Future<Output = Result<Report, Error>> + Unpin,
    stop: &Stop,
    pool: &Pool<DB>,
    cancel: Option<&str>,
) -> Result<Report, Error> {
    stop.want();
    loop {
        let ask = async {
            if let Some(sql) = cancel
                && let Err(error) = send(pool, sql).await
            {
                tracing::warn!(%error, "the statement in work could not be cancelled");
            }
            pause(AGAIN).await;
        };
        match select(&mut work, pin!(ask)).await {
            Either::Left((report, _)) => return report,
            Either::Right(_) => {}
        }
    }
}

/// How long a statement may take to end before it is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// Sends a statement on a connection of its own: those of the pool may all be at work.
async fn send<DB: Backend>(pool: &Pool<DB>, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = DB::Connection::connect_with(&pool.connect_options()).await?;
    connection.query(sql.to_owned()).await?;
    connection.close().await
}
