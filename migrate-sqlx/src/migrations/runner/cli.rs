//! What `cargo migrate` does with a database beside running and reverting.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, Direction, Stamp, Target};
use migrate_schema::Schema;
use sqlx::{Connection as _, Pool};

use super::{LAST, Runner};
use crate::applied_revision::AppliedRevision;
use crate::backend::{Backend, Session};
use crate::driver_error::DriverError;
use crate::engine::{Goal, Outcome, SchemaReplay, StampMode};
use crate::error::Error;
use crate::event::Report;
use crate::introspect::SchemaReader;
use crate::ledger_change::RowRepair;
use crate::migration_lock::LockGuard;
use crate::script::{Material, Script};

#[doc(hidden)]
impl Runner<'_> {
    /// [`Runner::stamp`], with the times at which another tool applied the revisions, in the form of
    /// [`Timestamp`](crate::Timestamp).
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn stamp_at<DB: Backend>(
        self,
        pool: &Pool<DB>,
        targets: &[Target],
        mode: StampMode,
        times: &BTreeMap<String, String>,
    ) -> Result<Stamp, Error> {
        self.with_lock(pool, async |engine| {
            engine.stamp(targets, mode, times).await
        })
        .await
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
        let session = self.session_settings().clone();
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let dialect = connection.dialect();
        let database = match dialect {
            Dialect::MySql => connection
                .query("SELECT DATABASE()".to_owned())
                .await
                .map_err(Error::from)?
                .into_iter()
                .flatten()
                .flatten()
                .next(),
            Dialect::Sqlite | Dialect::Postgres => None,
        };
        let mut engine = self.migrations.engine(&mut *connection, self.options);
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
            session: &session,
            database,
            graph: &joined.graph,
            revisions: &revisions,
            recorded: recorded.collect(),
        };
        Script::write(&material, &plan)
    }

    /// Reverts these revisions and all that need them, wherever they are in the chain.
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

    /// Records the declared outcome of an unfinished revision, without running
    /// anything.
    ///
    /// # Errors
    ///
    /// [`Error::NotUnfinished`] if it is not unfinished; see [`Error`].
    pub async fn record_outcome<DB: Backend>(
        self,
        pool: &Pool<DB>,
        revision: &str,
        outcome: Outcome,
    ) -> Result<(), Error> {
        self.with_lock(pool, async |engine| {
            engine.record_outcome(revision, outcome).await
        })
        .await
    }

    /// Changes rows of the ledger without running anything, in one transaction, with an event for
    /// each that says why and what the row was before.
    ///
    /// `before` is the ledger that the changes were planned from, as [`Database::ledger`] read it.
    ///
    /// [`Database::ledger`]: crate::Database::ledger
    ///
    /// # Errors
    ///
    /// [`Error::Concurrent`] if the ledger has changed since; nothing was changed then. See
    /// [`Error`].
    pub async fn repair_ledger<DB: Backend>(
        self,
        pool: &Pool<DB>,
        before: &[AppliedRevision],
        repairs: &[RowRepair],
    ) -> Result<(), Error> {
        self.with_lock(pool, async |engine| {
            engine.repair_ledger(before, repairs).await
        })
        .await
    }

    /// Applies these revisions, one after the other, to an empty database that nothing else uses,
    /// and passes the schema before the first and after each to `on_schema`, with the number of steps done.
    ///
    /// The steps are places in [`Migrations::revisions`], each behind all that it needs. A revision
    /// that cannot be applied ends the replay early, and is not an error: see [`SchemaReplay::stopped`].
    ///
    /// # Errors
    ///
    /// The database cannot be reached or read.
    pub async fn replay<DB: Backend>(
        self,
        pool: &Pool<DB>,
        steps: &[usize],
        mut on_schema: impl FnMut(usize, Schema) + Send,
    ) -> Result<SchemaReplay, Error> {
        let session = self.session_settings();
        let (ledger, wait) = (&self.migrations.ledger, self.options.lock_wait);
        let mut held = LockGuard::take(pool, ledger, session, wait, &mut |_| {}).await?;
        let mut reader_session = match held.work.dialect() {
            Dialect::Sqlite => None,
            Dialect::Postgres | Dialect::MySql => {
                let reader_session = DB::Connection::connect_with(&pool.connect_options()).await;
                Some(reader_session.map_err(Error::from)?)
            }
        };
        let migrations = self.migrations.apart(DB::DIALECT);
        let reader = SchemaReader::new(migrations.ledger.clone());
        let mut engine = migrations.engine(&mut held.work, self.options);
        engine.guard = held.lock.as_mut().map(|lock| lock as &mut dyn Session);
        let reading = reader_session
            .as_mut()
            .map(|reader_session| reader_session as &mut dyn Session);
        let walked = engine.replay(steps, &reader, reading, &mut on_schema).await;
        let sound = engine.sound;
        held.release(sound).await;
        if let Some(reader_session) = reader_session {
            // All schemas are read; a connection that fails to close is gone anyway.
            if let Err(error) = reader_session.close().await {
                tracing::debug!(error = %DriverError::from(error), "the reading connection was closed already");
            }
        }
        walked
    }

    /// Runs statements that repair the schema, and records an event with `detail`. Nothing is done if
    /// the ledger holds other revisions than `applied`.
    ///
    /// On PostgreSQL and SQLite it is one transaction; foreign keys of SQLite are off meanwhile, so
    /// that tables can be rebuilt, and no row may point nowhere afterwards that did not before.
    ///
    /// # Errors
    ///
    /// [`Error::Repair`] names the statement that was refused, [`Error::Concurrent`] says that the
    /// ledger has changed; see [`Error`].
    pub async fn repair_schema<DB: Backend>(
        self,
        pool: &Pool<DB>,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        self.with_lock(pool, async |engine| {
            engine.repair_schema(statements, applied, detail).await
        })
        .await
    }
}
