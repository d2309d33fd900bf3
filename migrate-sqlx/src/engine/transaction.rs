//! A revision in one transaction, with its row and its event.

use std::time::{Duration, Instant};

use migrate_core::{Dialect, Direction};

use super::session::{Dangling, RESTORING};
use super::{Engine, Step, StepOutcome};
use crate::applied_revision::RevisionState;
use crate::backend::Failure;
use crate::driver_error::Refusal;
use crate::error::{Error, StepPart};
use crate::ledger::LOCKING;
use crate::ledger_event::EventKind;
use crate::notice::muted;

/// How long it has been running, for PostgreSQL, which gets a revision in one message.
const DURATION: &str =
    "(EXTRACT(EPOCH FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint";

/// How many statements record a step: its row and its event.
const RECORDING: usize = 2;

impl Engine<'_> {
    pub(super) async fn create_tables(&mut self) -> Result<(), Error> {
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate().await?;
            let created = self.run_all(self.tables.create()).await;
            return self
                .end(created)
                .await
                .map_err(|error| self.no_schema(error));
        }
        let Err(error) = self.run_all(self.tables.create()).await else {
            return Ok(());
        };
        // Only where it is missing: making it wants a right that the user may not have.
        let Some(schema) = self.tables.missing_schema(&error) else {
            return Err(error);
        };
        let made = self.run(schema).await;
        made.map_err(|error| self.no_schema(error))?;
        self.run_all(self.tables.create()).await
    }

    /// Why there is no schema for the ledger, where that is what an error is about.
    fn no_schema(&self, error: Error) -> Error {
        match (error, self.tables.schema()) {
            (Error::Database(source), Some(schema))
                if source.as_sqlx().as_database_error().is_some() =>
            {
                Error::LedgerSchema {
                    schema: schema.to_owned(),
                    dialect: self.session.dialect(),
                    source,
                }
            }
            (error, _) => error,
        }
    }

    /// PostgreSQL: the revision, its row and its event in one transaction and one message. The
    /// ledger is locked first: the server may still work on what a migrator sent that was killed.
    pub(super) async fn take_at_once(&mut self, step: &Step<'_>) -> Result<StepOutcome, Error> {
        let statements = step.statements(Dialect::Postgres);
        let (cleaning, cleaned) = self.cleaning();
        let begin = match self.open {
            true => "",
            false => "BEGIN;\n",
        };
        let (mut prelude, fences) = self.ledger_lock(step);
        let fenced = cleaned + usize::from(!self.open) + fences;
        let mut before = fenced;
        if let Some(limits) = self.limiting(step, true) {
            prelude.push_str(&limits);
            before += 1;
        }
        let mark = self.stop.mark(Dialect::Postgres);
        let mut message = format!("{mark}{cleaning}{begin}{prelude}");
        // In characters, as the database counts.
        let mut length = message.chars().count();
        let mut starts = Vec::with_capacity(statements.len() + 1);
        for statement in statements {
            let sql = step.revision.sql(*statement);
            starts.push(length);
            length += sql.chars().count() + 2;
            message.push_str(sql);
            message.push_str(";\n");
        }
        starts.push(length);
        message.push_str(&self.restore);
        message.push_str(&self.record(step, DURATION).join(";\n"));
        if !self.options.atomic {
            message.push_str(";\nCOMMIT");
        }
        let Err(failure) = self.session.execute(message).await else {
            self.has_ledger_lock = true;
            self.open = self.options.atomic;
            (self.dirty, self.prepared) = (false, false);
            return Ok(StepOutcome::Done);
        };
        self.rollback().await;
        let failure = match kept_out(failure, fenced, fences, self.options.lock_wait) {
            Ok(outcome) => return outcome,
            Err(failure) => failure,
        };
        // The row was there already: all before it went well.
        let refusal = failure.error.as_database_error();
        if step.direction == Direction::Up
            && failure.finished == before + statements.len() + RESTORING
            && refusal.is_some_and(|error| error.is_unique_violation())
        {
            return Ok(StepOutcome::Overtaken);
        }
        // Its own place is more precise than the count: a mistake of grammar is found before any
        // statement ran.
        let number = match failure.position {
            Some(position) => starts.iter().rposition(|start| *start <= position),
            None => failure.finished.checked_sub(before),
        };
        let Some(number) = number.filter(|number| *number < statements.len()) else {
            let behind = before + statements.len();
            let part = match failure.finished {
                0 if !begin.is_empty() => StepPart::Begin,
                finished if finished < fenced => StepPart::Ledger,
                finished if finished < behind + RESTORING => StepPart::Settings,
                finished if finished < behind + RESTORING + RECORDING => StepPart::Ledger,
                _ => StepPart::Commit,
            };
            return Err(self.in_part(step, part)(Error::from(failure.error)));
        };
        let failure = Failure {
            position: failure.position.map(|position| position - starts[number]),
            ..failure
        };
        Err(self.statement_error(step, number, failure, true))
    }

    /// SQLite: `BEGIN IMMEDIATE` keeps other writers out; inside it the ledger must still be as it
    /// was planned with, and afterwards no row may point nowhere that did not before.
    pub(super) async fn take_on_sqlite(&mut self, step: &Step<'_>) -> Result<StepOutcome, Error> {
        let began = Instant::now();
        if !self.open {
            let begun = self.begin_immediate().await;
            begun.map_err(self.in_part(step, StepPart::Begin))?;
        }
        let done = self.inside_transaction(step, began).await;
        let done = done.map_err(self.in_part(step, StepPart::Ledger));
        let done = match (&done, self.options.atomic) {
            (Ok(Some(_)), true) => {
                self.open = true;
                done
            }
            (Ok(None), true) => {
                self.rollback().await;
                done
            }
            _ => {
                let ended = self.end(done).await;
                ended.map_err(self.in_part(step, StepPart::Commit))
            }
        };
        match done? {
            Some(dangling) => {
                self.foreign_keys.dangling = Some(dangling);
                Ok(StepOutcome::Done)
            }
            None => Ok(StepOutcome::Overtaken),
        }
    }

    /// Returns the tables with dangling rows afterwards, or `None` if another migrator was faster.
    async fn inside_transaction(
        &mut self,
        step: &Step<'_>,
        began: Instant,
    ) -> Result<Option<Vec<Dangling>>, Error> {
        if !self.holds(&step.guard_sql).await? {
            return Ok(None);
        }
        let statements = step.statements(Dialect::Sqlite);
        let before = match self.foreign_keys.dangling.take() {
            Some(dangling) => dangling,
            None => {
                self.foreign_keys.exist = self.has_references().await?;
                self.dangling().await?
            }
        };
        let limits = step.limits(Dialect::Sqlite, self.options.limits);
        for (number, statement) in statements.iter().enumerate() {
            let sql = step.revision.sql(*statement).to_string();
            self.stop
                .set_time_limit(limits.statement.filter(|limit| !limit.is_zero()));
            let ran = self.session.execute(sql).await;
            self.stop.set_time_limit(None);
            if let Err(failure) = ran {
                return Err(self.statement_error(step, number, failure, true));
            }
        }
        self.foreign_keys.exist |= statements.iter().any(|statement| {
            let sql = step.revision.sql(*statement);
            sql.to_ascii_uppercase().contains("REFERENCES")
        });
        let after = self.dangling().await?;
        let tables = Dangling::added(&before, &after);
        self.give_session_back().await?;
        if !tables.is_empty() {
            return Err(Error::ForeignKeys {
                revision: step.revision.id.to_string(),
                tables,
            });
        }
        self.run_all(self.record(step, &began.elapsed().as_millis().to_string()))
            .await?;
        Ok(Some(after))
    }

    fn record(&self, step: &Step<'_>, duration: &str) -> Vec<String> {
        let id = step.revision.id.as_str();
        let (mut record, kind) = match step.direction {
            Direction::Up => {
                let rows = self
                    .tables
                    .insert(&step.revision, RevisionState::Applied, duration);
                (rows, EventKind::Apply)
            }
            Direction::Down => (vec![self.tables.delete(id)], EventKind::Revert),
        };
        record.push(self.tables.event(&kind, id, duration, ""));
        record
    }

    /// What a transaction of PostgreSQL begins with, and how many statements that is. It divides
    /// by zero where the ledger is not as planned. Once it was locked, a way up needs no look any
    /// more: the row's key keeps a revision from being applied twice, whatever became of the lock.
    pub(super) fn ledger_lock(&self, step: &Step<'_>) -> (String, usize) {
        match (self.has_ledger_lock, step.direction) {
            (true, Direction::Up) => (String::new(), 0),
            (true, Direction::Down) => (format!("SELECT 1 / ({});\n", step.guard_sql), 1),
            (false, _) => {
                let lock = self.tables.lock(&step.guard_sql, self.options.lock_wait);
                (lock + ";\n", LOCKING)
            }
        }
    }

    /// Ends the one transaction of the whole run, where it is one.
    pub(super) async fn close(&mut self) -> Result<(), Error> {
        if !self.open {
            return Ok(());
        }
        self.open = false;
        let committed = match self.session.dialect() {
            Dialect::Sqlite => self.insist("COMMIT").await,
            Dialect::Postgres | Dialect::MySql => self.run("COMMIT".to_owned()).await,
        };
        if committed.is_err() {
            self.rollback().await;
        }
        committed
    }

    /// Commits what went well, and rolls back what did not.
    pub(super) async fn end<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        let committed = match done {
            Ok(done) => self.insist("COMMIT").await.map(|()| done),
            failed => failed,
        };
        if committed.is_err() {
            self.rollback().await;
        }
        committed
    }

    pub(super) async fn rollback(&mut self) {
        if self.options.atomic {
            self.open = false;
            self.has_ledger_lock = false;
            self.finished.clear();
            self.foreign_keys.dangling = None;
        }
        // A connection that cannot roll back is not given back to the pool, and the server rolls
        // back when it goes.
        if let Err(failure) = muted(self.session.execute("ROLLBACK".to_owned())).await {
            self.sound = false;
            tracing::debug!(error = %failure.message(), "the transaction could not be rolled back");
        }
    }

    pub(super) async fn begin_immediate(&mut self) -> Result<(), Error> {
        self.insist("BEGIN IMMEDIATE").await
    }

    /// Runs a statement that another connection can block, again and again.
    async fn insist(&mut self, sql: &str) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            self.stop.check()?;
            match self.session.execute(sql.to_owned()).await {
                Ok(()) => return Ok(()),
                // The driver has waited its own time already.
                Err(Failure { error, .. }) if Refusal::of(&error) == Some(Refusal::Busy) => {
                    if since.elapsed() >= self.options.lock_wait {
                        return Err(Error::Locked {
                            waited: self.options.lock_wait,
                            holder: Some("on SQLite, any writer holds it".to_owned()),
                        });
                    }
                }
                Err(failure) => return Err(Error::from(failure.error)),
            }
        }
    }
}

/// Whether a message was stopped by its fence: by the last of its first `fenced` statements, of
/// which the fence has `fences`.
pub(super) fn kept_out(
    failure: Failure,
    fenced: usize,
    fences: usize,
    wait: Duration,
) -> Result<Result<StepOutcome, Error>, Failure> {
    let locking = fences == LOCKING && failure.finished + 2 == fenced;
    match Refusal::of(&failure.error) {
        Some(Refusal::DivisionByZero) if fences > 0 && failure.finished + 1 == fenced => {
            Ok(Ok(StepOutcome::Overtaken))
        }
        Some(Refusal::LockNotAvailable) if locking => Ok(Err(Error::Locked {
            waited: wait,
            holder: None,
        })),
        _ => Err(failure),
    }
}
