//! The one loop that applies and reverts, whatever the database.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use migrate_core::{Cascade, Dialect, Direction, Label, Plan, Revision, Stamp, Statement, Target};

use crate::backend::{Failure, Session};
use crate::error::{Error, StatementError};
use crate::event::{Applied, Event, Report};
use crate::ledger::{AppliedRevision, LOCKING, State, Tables};
use crate::pause::pause;
use crate::status::Joined;
use crate::stop::Stop;

type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// Where a run wants to be.
pub(crate) enum Goal {
    Up(Target),
    Down(Target, Cascade),
    /// Where these revisions are not applied, nor what needs them.
    Without(Vec<String>),
}

/// One run on one connection.
pub(crate) struct Engine<'a> {
    pub(crate) session: &'a mut dyn Session,
    /// The connection that keeps other migrators out, where there is one.
    pub(crate) guard: Option<&'a mut dyn Session>,
    pub(crate) tables: Tables,
    pub(crate) chain: &'a [Revision],
    /// What this run has finished.
    pub(crate) finished: Vec<Applied>,
    /// On SQLite, how many rows point nowhere, by their table and the one they point to.
    pub(crate) dangling: Option<Dangling>,
    /// On SQLite, whether any table can point to another: else there is nothing to check, which
    /// costs a look at every table.
    pub(crate) references: bool,
    /// On PostgreSQL, whether the ledger was locked once, so that nothing is left at work that was
    /// sent before this run had the migrators' lock.
    pub(crate) fenced: bool,
    /// Whether the session is outside any transaction, and has the settings it began with.
    pub(crate) sound: bool,
    /// Whether somebody wants the run to end.
    pub(crate) stop: Stop,
}

type Dangling = BTreeMap<(String, String), usize>;

/// How long one look at another migrator's work is from the next.
const LOOK: Duration = Duration::from_millis(100);

/// How often in a row others may be quicker; far beyond what a chain's length makes likely.
const OVERTAKEN: u32 = 10_000;

/// One revision to apply or revert.
struct Step<'a> {
    revision: Cow<'a, Revision>,
    direction: Direction,
    from_ledger: bool,
    /// Whether the ledger still is as planned, in SQL: 1 or 0.
    unchanged: String,
    /// Statements that an earlier run finished.
    finished: usize,
    resuming: bool,
}

/// What came of a step.
enum Outcome {
    Done,
    /// Somebody else was quicker; nothing was done.
    Overtaken,
}

impl<'a> Engine<'a> {
    pub(crate) async fn read(&mut self) -> Result<Joined<'a>, Error> {
        let rows = self.tables.read(self.session).await?.unwrap_or_default();
        Joined::join(self.chain, rows)
    }

    /// Refuses a database whose ledger tells another story than the chain.
    pub(crate) fn judge(&self, joined: &Joined<'_>, resume: bool) -> Result<(), Error> {
        if !joined.unknown.is_empty() {
            return Err(Error::Newer {
                revisions: joined.unknown.clone(),
            });
        }
        if !joined.changed.is_empty() {
            return Err(Error::Changed {
                revisions: joined.changed.clone(),
            });
        }
        self.judge_unfinished(joined, resume, State::Applying)
    }

    fn judge_unfinished(
        &self,
        joined: &Joined<'_>,
        resume: bool,
        resumable: State,
    ) -> Result<(), Error> {
        let unfinished = joined
            .rows
            .iter()
            .find(|row| row.state != State::Applied && !(resume && row.state == resumable));
        match unfinished {
            None => Ok(()),
            Some(row) => Err(Error::Unfinished {
                revision: row.revision.clone(),
                statements: row.statements,
                error: row.error.clone(),
                reverting: row.state == State::Reverting,
            }),
        }
    }

    /// Plans and works until the goal is reached; plans again where somebody else was quicker.
    #[tracing::instrument(name = "migrate", skip_all)]
    pub(crate) async fn execute(
        &mut self,
        goal: &Goal,
        resume: bool,
        wait: Duration,
        on_event: Listener<'_>,
    ) -> Result<Report, Error> {
        let direction = match goal {
            Goal::Up(_) => Direction::Up,
            Goal::Down(..) | Goal::Without(_) => Direction::Down,
        };
        self.tables.settle(self.session).await?;
        let settings = self.take_settings().await?;
        let worked = self.work(goal, direction, resume, wait, on_event).await;
        if let Err(failure) = self.session.execute(settings).await {
            self.sound = false;
            tracing::debug!(error = %failure.error, "the session's settings could not be given back");
        }
        worked?;
        Ok(Report {
            direction,
            steps: std::mem::take(&mut self.finished),
        })
    }

    /// Reads where the database is, and plans from there.
    pub(crate) async fn plan(&mut self, goal: &Goal) -> Result<(Joined<'a>, Plan), Error> {
        let joined = self.read().await?;
        let plan = self.plan_from(&joined, goal, false)?;
        Ok((joined, plan))
    }

    fn plan_from(&self, joined: &Joined<'_>, goal: &Goal, resume: bool) -> Result<Plan, Error> {
        Ok(match goal {
            Goal::Up(target) => {
                self.judge(joined, resume)?;
                Plan::up(&joined.graph, &joined.applied, target)?
            }
            Goal::Down(target, cascade) => {
                self.judge_unfinished(joined, resume, State::Reverting)?;
                Plan::down(&joined.graph, &joined.applied, target, *cascade)?
            }
            Goal::Without(ids) => {
                self.judge_unfinished(joined, resume, State::Reverting)?;
                let going = ids.iter().filter_map(|id| joined.graph.index(id));
                Plan::without(&joined.graph, &joined.applied, going)
            }
        })
    }

    async fn work(
        &mut self,
        goal: &Goal,
        direction: Direction,
        resume: bool,
        wait: Duration,
        on_event: Listener<'_>,
    ) -> Result<(), Error> {
        let mut planned = false;
        let mut watch = Watch::new(wait);
        let mut overtaken = 0;
        'plan: loop {
            self.stop.check()?;
            let joined = self.read().await?;
            if !resume && self.somebody_works(&joined) && watch.goes_on(&joined.rows, on_event) {
                pause(LOOK).await;
                continue;
            }
            let plan = self.plan_from(&joined, goal, resume)?;
            let mut rows = joined.rows.len();
            let mut steps = Vec::with_capacity(plan.steps.len());
            for index in plan.steps {
                let step = self.step(&joined, index, direction, rows)?;
                rows = match direction {
                    Direction::Up => rows + usize::from(!step.resuming),
                    Direction::Down => rows - 1,
                };
                steps.push(step);
            }
            if steps.is_empty() {
                return Ok(());
            }
            if !planned {
                planned = true;
                on_event(Event::Planned { total: steps.len() });
                self.create_tables(wait).await?;
            }
            for step in &steps {
                self.stop.check()?;
                on_event(Event::Started {
                    revision: &step.revision,
                    direction,
                    from_ledger: step.from_ledger,
                });
                let began = Instant::now();
                match self.take(step, wait).await? {
                    Outcome::Done => overtaken = 0,
                    Outcome::Overtaken if direction == Direction::Up && overtaken < OVERTAKEN => {
                        overtaken += 1;
                        continue 'plan;
                    }
                    Outcome::Overtaken => return Err(Error::Concurrent),
                }
                let duration = began.elapsed();
                tracing::info!(revision = %step.revision.id, direction = direction.as_str(), ?duration, "migrated");
                on_event(Event::Finished {
                    revision: &step.revision,
                    direction,
                    duration,
                });
                self.finished.push(Applied {
                    revision: step.revision.id.to_string(),
                    duration,
                });
            }
            return Ok(());
        }
    }

    /// Finds what a step runs, and that it can be run at all, before anything is.
    fn step<'j>(
        &self,
        joined: &'j Joined<'_>,
        index: usize,
        direction: Direction,
        rows: usize,
    ) -> Result<Step<'j>, Error> {
        let dialect = self.session.dialect();
        let (revision, from_ledger) = joined.text(index, direction)?;
        let row = joined.row(revision.id.as_str());
        check_section(&revision, direction, dialect)?;
        let unfinished = row.filter(|row| row.state != State::Applied);
        let graph = &joined.graph;
        let needs = match direction {
            Direction::Up => graph.parents(index).iter().chain(graph.dependencies(index)),
            Direction::Down => [].iter().chain(&[]),
        };
        let needs: BTreeSet<_> = needs
            .map(|index| graph.id(*index as usize).as_str())
            .collect();
        let id = revision.id.as_str();
        Ok(Step {
            unchanged: match direction {
                Direction::Up => self.tables.allows_up(id, unfinished.is_some(), &needs),
                Direction::Down => self.tables.allows_down(id, rows),
            },
            revision,
            direction,
            from_ledger,
            finished: unfinished.map_or(0, |row| row.statements as usize),
            resuming: unfinished.is_some(),
        })
    }

    async fn run(&mut self, sql: String) -> Result<(), Error> {
        self.session
            .execute(sql)
            .await
            .map_err(|failure| Error::Database(failure.error))
    }

    async fn create_tables(&mut self, wait: Duration) -> Result<(), Error> {
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate(wait).await?;
            let created = self.run_all(self.tables.create()).await;
            return self.end(created, wait).await;
        }
        self.run_all(self.tables.create()).await
    }

    async fn run_all(&mut self, sql: impl IntoIterator<Item = String>) -> Result<(), Error> {
        for sql in sql {
            self.run(sql).await?;
        }
        Ok(())
    }

    /// Commits what went well, and rolls back what did not.
    async fn end<T>(&mut self, done: Result<T, Error>, wait: Duration) -> Result<T, Error> {
        let committed = match done {
            Ok(done) => self.insist("COMMIT", wait).await.map(|()| done),
            failed => failed,
        };
        if committed.is_err() {
            self.rollback().await;
        }
        committed
    }

    #[tracing::instrument(name = "revision", skip_all, fields(revision = %step.revision.id, direction = step.direction.as_str()))]
    async fn take(&mut self, step: &Step<'_>, wait: Duration) -> Result<Outcome, Error> {
        let dialect = self.session.dialect();
        let section = step.revision.section(step.direction, dialect);
        let statements = section
            .and_then(|section| section.statements(dialect))
            .unwrap_or_default();
        let whole = dialect.transactional_ddl()
            && section.is_none_or(|section| section.transaction)
            && !step.resuming;
        match (whole, dialect) {
            (true, Dialect::Sqlite) => self.take_on_sqlite(step, statements, wait).await,
            (true, _) => self.take_at_once(step, statements, wait).await,
            (false, _) => self.take_by_statement(step, statements, wait).await,
        }
    }

    fn record(&self, step: &Step<'_>, duration: &str) -> [String; 2] {
        let id = step.revision.id.as_str();
        match step.direction {
            Direction::Up => [
                self.tables.insert(&step.revision, State::Applied, duration),
                self.tables.event("apply", id, duration, ""),
            ],
            Direction::Down => [
                self.tables.delete(id),
                self.tables.event("revert", id, duration, ""),
            ],
        }
    }

    /// PostgreSQL: the revision, its row and its event in one transaction and one message. The
    /// ledger is locked first: the server may still work on what a migrator sent that was killed.
    async fn take_at_once(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
        wait: Duration,
    ) -> Result<Outcome, Error> {
        let duration =
            "(EXTRACT(EPOCH FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint";
        let (fence, fences) = self.fence(step, wait);
        let mut message = format!("{}BEGIN;\n{fence}", self.stop.mark(Dialect::Postgres));
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
        message.push_str(&self.record(step, duration).join(";\n"));
        message.push_str(";\nCOMMIT");
        let Err(failure) = self.session.execute(message).await else {
            self.fenced = true;
            return Ok(Outcome::Done);
        };
        self.rollback().await;
        let failure = match kept_out(failure, fences, wait) {
            Ok(outcome) => return outcome,
            Err(failure) => failure,
        };
        // The row was there already: BEGIN, the fence and all statements went well.
        let refusal = failure.error.as_database_error();
        if step.direction == Direction::Up
            && failure.finished == 1 + fences + statements.len()
            && refusal.is_some_and(|error| error.is_unique_violation())
        {
            return Ok(Outcome::Overtaken);
        }
        // Its own place tells more than the count: a mistake of grammar is found before any
        // statement ran.
        let number = match failure.position {
            Some(position) => starts.iter().rposition(|start| *start <= position),
            None => failure.finished.checked_sub(fences + 1),
        };
        let Some(number) = number.filter(|number| *number < statements.len()) else {
            return Err(Error::Database(failure.error));
        };
        let failure = Failure {
            position: failure.position.map(|position| position - starts[number]),
            ..failure
        };
        let error = self.statement_error(step, statements, number, failure, true);
        self.tell_failure(step, &error).await;
        Err(error)
    }

    /// SQLite: `BEGIN IMMEDIATE` keeps other writers out; inside it the ledger must still be as it
    /// was planned with, and afterwards no row may point nowhere that did not before.
    async fn take_on_sqlite(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
        wait: Duration,
    ) -> Result<Outcome, Error> {
        let began = Instant::now();
        self.begin_immediate(wait).await?;
        let done = self.inside_transaction(step, statements, began).await;
        let done = self.end(done, wait).await;
        match &done {
            Ok(Some(dangling)) => self.dangling = Some(dangling.clone()),
            Ok(None) => return Ok(Outcome::Overtaken),
            Err(Error::Locked { .. }) => {}
            Err(error) => self.tell_failure(step, error).await,
        }
        done.map(|_| Outcome::Done)
    }

    /// Gives the rows that point nowhere afterwards, or `None` where somebody else was quicker.
    async fn inside_transaction(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
        began: Instant,
    ) -> Result<Option<Dangling>, Error> {
        if !self.is_unchanged(step).await? {
            return Ok(None);
        }
        let before = match self.dangling.take() {
            Some(dangling) => dangling,
            None => {
                self.references = self.has_references().await?;
                self.dangling().await?
            }
        };
        for (number, statement) in statements.iter().enumerate() {
            let sql = step.revision.sql(*statement).to_owned();
            if let Err(failure) = self.session.execute(sql).await {
                return Err(self.statement_error(step, statements, number, failure, true));
            }
        }
        self.references |= statements.iter().any(|statement| {
            let sql = step.revision.sql(*statement);
            sql.to_ascii_uppercase().contains("REFERENCES")
        });
        let after = self.dangling().await?;
        let mut tables: Vec<_> = after
            .iter()
            .filter(|(place, count)| before.get(place).is_none_or(|before| before < count))
            .map(|((table, _), _)| table.clone())
            .collect();
        tables.dedup();
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

    async fn is_unchanged(&mut self, step: &Step<'_>) -> Result<bool, Error> {
        let rows = self
            .session
            .query(format!("SELECT {}", step.unchanged))
            .await
            .map_err(Error::Database)?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("1"))
    }

    /// Where there is no transaction: each finished statement is recorded. On MySQL the record is
    /// in the statement's own message, and in its transaction where it has one.
    async fn take_by_statement(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
        wait: Duration,
    ) -> Result<Outcome, Error> {
        let began = Instant::now();
        let id = step.revision.id.as_str();
        let state = match step.direction {
            Direction::Up => State::Applying,
            Direction::Down => State::Reverting,
        };
        if !step.resuming && !self.begin_by_statement(step, state, wait).await? {
            return Ok(Outcome::Overtaken);
        }
        let joined = self.session.dialect() == Dialect::MySql;
        let mark = self.stop.mark(self.session.dialect());
        for (number, statement) in statements.iter().enumerate().skip(step.finished) {
            if let Err(stopped) = self.stop.check() {
                let record = self
                    .tables
                    .progress(id, state, number, Some("it was stopped"));
                self.run(record).await?;
                return Err(stopped);
            }
            self.look_at_lock(step).await?;
            let sql = step.revision.sql(*statement);
            let progress = self.tables.progress(id, state, number + 1, None);
            let ran = match (joined, changes_rows(sql)) {
                (true, true) => {
                    let message = format!("BEGIN;\n{sql};\n{progress};\nCOMMIT");
                    self.session.execute(message).await
                }
                (true, false) => self.session.execute(format!("{sql};\n{progress}")).await,
                (false, _) => match self.session.execute(format!("{mark}{sql}")).await {
                    Ok(()) => self.session.execute(progress).await,
                    Err(failure) => Err(Failure {
                        position: failure.position.and_then(|at| at.checked_sub(mark.len())),
                        ..failure
                    }),
                },
            };
            if let Err(failure) = ran {
                if joined {
                    self.rollback().await;
                }
                let message = failure.error.to_string();
                let error = self.statement_error(step, statements, number, failure, false);
                let record = self.tables.progress(id, state, number, Some(&message));
                // The connection may be what failed; then the row says "begun", which is true.
                if let Err(failure) = self.session.execute(record).await {
                    tracing::warn!(error = %failure.error, revision = id, "the failure could not be recorded");
                }
                self.tell_failure(step, &error).await;
                return Err(error);
            }
        }
        let millis = began.elapsed().as_millis();
        let (record, kind) = match step.direction {
            Direction::Up => (self.tables.finish(&step.revision, millis), "apply"),
            Direction::Down => (self.tables.delete(id), "revert"),
        };
        let event = self.tables.event(kind, id, &millis.to_string(), "");
        let message = format!("BEGIN;\n{record};\n{event};\nCOMMIT");
        if let Err(failure) = self.session.execute(message).await {
            self.rollback().await;
            return Err(Error::Database(failure.error));
        }
        Ok(Outcome::Done)
    }

    /// What a transaction of PostgreSQL begins with, and how many statements that is. It divides
    /// by zero where the ledger is not as planned. Once it was locked, a way up needs no look any
    /// more: the row's key keeps a revision from being applied twice, whatever became of the lock.
    fn fence(&self, step: &Step<'_>, wait: Duration) -> (String, usize) {
        match (self.fenced, step.direction) {
            (true, Direction::Up) => (String::new(), 0),
            (true, Direction::Down) => (format!("SELECT 1 / ({});\n", step.unchanged), 1),
            (false, _) => (self.tables.lock(&step.unchanged, wait) + ";\n", LOCKING),
        }
    }

    /// Enters that a revision was begun; not where somebody else was quicker.
    async fn begin_by_statement(
        &mut self,
        step: &Step<'_>,
        state: State,
        wait: Duration,
    ) -> Result<bool, Error> {
        let sql = match step.direction {
            Direction::Up => self.tables.insert(&step.revision, state, "0"),
            Direction::Down => {
                let id = step.revision.id.as_str();
                self.tables.progress(id, state, 0, None)
            }
        };
        match self.session.dialect() {
            Dialect::Sqlite => {}
            // The lock of the working connection keeps everybody out.
            Dialect::MySql => return self.run(sql).await.map(|()| true),
            Dialect::Postgres => {
                let (fence, fences) = self.fence(step, wait);
                let message = format!("BEGIN;\n{fence}{sql};\nCOMMIT");
                let Err(failure) = self.session.execute(message).await else {
                    self.fenced = true;
                    return Ok(true);
                };
                self.rollback().await;
                return match kept_out(failure, fences, wait) {
                    Ok(outcome) => outcome.map(|_| false),
                    Err(failure) => Err(Error::Database(failure.error)),
                };
            }
        }
        self.begin_immediate(wait).await?;
        let begun = match self.is_unchanged(step).await {
            Ok(true) => self.run(sql).await.map(|()| true),
            other => other,
        };
        self.end(begun, wait).await
    }

    /// Sees to it that nobody else can be at work. Only PostgreSQL needs it, where the lock is on
    /// a connection that can be cut while this one lives.
    async fn look_at_lock(&mut self, step: &Step<'_>) -> Result<(), Error> {
        match &mut self.guard {
            Some(guard) if guard.dialect() == Dialect::Postgres => {
                let alive = guard.query("SELECT 1".to_owned()).await;
                alive.map(drop).map_err(|source| Error::LockLost {
                    revision: step.revision.id.to_string(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether a revision is begun and not failed, on the database where no lock would have kept
    /// us out of another migrator's way: SQLite, outside a transaction.
    fn somebody_works(&self, joined: &Joined<'_>) -> bool {
        self.session.dialect() == Dialect::Sqlite
            && joined
                .rows
                .iter()
                .any(|row| row.state != State::Applied && row.error.is_none())
    }

    async fn rollback(&mut self) {
        // A connection that cannot roll back is not given back to the pool, and the server rolls
        // back when it goes.
        if let Err(failure) = self.session.execute("ROLLBACK".to_owned()).await {
            self.sound = false;
            tracing::debug!(error = %failure.error, "the transaction could not be rolled back");
        }
    }

    /// Enters a failure among the events; what cannot be entered must not hide the failure.
    async fn tell_failure(&mut self, step: &Step<'_>, error: &Error) {
        let source = std::error::Error::source(error)
            .map(|source| format!(": {source}"))
            .unwrap_or_default();
        let event = self.tables.event(
            "fail",
            step.revision.id.as_str(),
            "0",
            &format!("{error}{source}"),
        );
        if let Err(failure) = self.session.execute(event).await {
            tracing::warn!(error = %failure.error, "the failure could not be entered among the events");
        }
    }

    fn statement_error(
        &self,
        step: &Step<'_>,
        statements: &[Statement],
        number: usize,
        failure: Failure,
        rolled_back: bool,
    ) -> Error {
        let statement = statements[number];
        let sql = step.revision.sql(statement);
        let message = failure
            .error
            .as_database_error()
            .map_or("", |error| error.message());
        let offset = failure
            .position
            .and_then(|position| sql.char_indices().nth(position).map(|(offset, _)| offset))
            .or_else(|| hinted(sql, message))
            .unwrap_or(0);
        let rest = &sql[offset..];
        let word = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let length = word.max(rest.chars().next().map_or(0, char::len_utf8));
        let start = statement.start as usize + offset;
        Error::Statement(Box::new(StatementError {
            revision: step.revision.id.to_string(),
            number: number + 1,
            of: statements.len(),
            label: Label::at(
                &step.revision.file,
                &step.revision.text,
                start..start + length,
                message,
            ),
            finished: self
                .finished
                .iter()
                .map(|step| step.revision.clone())
                .collect(),
            rolled_back,
            reverting: step.direction == Direction::Down,
            source: failure.error,
        }))
    }

    /// Takes SQLite's foreign keys off, as its manual wants for rebuilding tables ("ALTER TABLE",
    /// 7), and gives waiting for a lock some time; returns what gives the settings back.
    async fn take_settings(&mut self) -> Result<String, Error> {
        if self.session.dialect() != Dialect::Sqlite {
            return Ok(String::new());
        }
        let mut setting = async |name: &str| {
            let rows = self.session.query(format!("PRAGMA {name}")).await;
            let value = rows.map_err(Error::Database)?.into_iter().flatten().next();
            Ok::<_, Error>(
                value
                    .flatten()
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(0),
            )
        };
        let foreign_keys: u32 = setting("foreign_keys").await?;
        let timeout: u32 = setting("busy_timeout").await?;
        let settings = |foreign_keys, timeout| {
            format!("PRAGMA foreign_keys = {foreign_keys}; PRAGMA busy_timeout = {timeout}")
        };
        self.run(settings(0, timeout.max(LOOK.subsec_millis())))
            .await?;
        Ok(settings(foreign_keys, timeout))
    }

    async fn has_references(&mut self) -> Result<bool, Error> {
        let tables = "SELECT 1 FROM sqlite_master WHERE sql LIKE '%REFERENCES%' LIMIT 1";
        let found = self.session.query(tables.to_owned()).await;
        Ok(!found.map_err(Error::Database)?.is_empty())
    }

    /// Counts the rows that point nowhere. Their number is what counts: rebuilding a table gives
    /// its rows other row ids, and some tables have none.
    async fn dangling(&mut self) -> Result<Dangling, Error> {
        if !self.references {
            return Ok(Dangling::new());
        }
        let rows = self
            .session
            .query("PRAGMA foreign_key_check".to_owned())
            .await
            .map_err(Error::Database)?;
        let mut dangling = Dangling::new();
        for row in rows {
            let mut row = row.into_iter();
            let table = row.next().flatten().unwrap_or_default();
            let parent = row.nth(1).flatten().unwrap_or_default();
            *dangling.entry((table, parent)).or_default() += 1;
        }
        Ok(dangling)
    }

    async fn begin_immediate(&mut self, wait: Duration) -> Result<(), Error> {
        self.insist("BEGIN IMMEDIATE", wait).await
    }

    /// Runs what another connection can stand in the way of, again and again.
    async fn insist(&mut self, sql: &str, wait: Duration) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            self.stop.check()?;
            match self.session.execute(sql.to_owned()).await {
                Ok(()) => return Ok(()),
                // The driver has waited its own time already.
                Err(Failure { error, .. }) if is_busy(&error) => {
                    if since.elapsed() >= wait {
                        return Err(Error::Locked {
                            waited: wait,
                            holder: None,
                        });
                    }
                }
                Err(failure) => return Err(Error::Database(failure.error)),
            }
        }
    }

    /// Records targets without running anything.
    pub(crate) async fn stamp(
        &mut self,
        targets: &[Target],
        purge: bool,
        wait: Duration,
    ) -> Result<Stamp, Error> {
        self.tables.settle(self.session).await?;
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate(wait).await?;
            let stamped = match self.stamping(targets, purge).await {
                Ok((stamp, sql)) => self.run_all(sql).await.map(|()| stamp),
                Err(error) => Err(error),
            };
            return self.end(stamped, wait).await;
        }
        let (stamp, sql) = self.stamping(targets, purge).await?;
        let (create, record) = sql.split_at(2);
        self.run_all(create.to_vec()).await?;
        if !record.is_empty() {
            let message = format!("BEGIN;\n{};\nCOMMIT", record.join(";\n"));
            if let Err(failure) = self.session.execute(message).await {
                self.rollback().await;
                return Err(Error::Database(failure.error));
            }
        }
        Ok(stamp)
    }

    /// Plans a stamp, and writes it as SQL: the two tables, then the rows.
    async fn stamping(
        &mut self,
        targets: &[Target],
        purge: bool,
    ) -> Result<(Stamp, Vec<String>), Error> {
        let mut sql = self.tables.create().to_vec();
        let mut rows = self.tables.read(self.session).await?.unwrap_or_default();
        if purge {
            for row in std::mem::take(&mut rows) {
                sql.push(self.tables.delete(&row.revision));
                sql.push(self.tables.event("unstamp", &row.revision, "0", "purged"));
            }
        }
        let joined = Joined::join(self.chain, rows)?;
        self.judge(&joined, false)?;
        let stamp = Stamp::new(&joined.graph, &joined.applied, targets)?;
        for index in &stamp.forgotten {
            let id = joined.graph.id(*index).as_str();
            sql.push(self.tables.delete(id));
            sql.push(self.tables.event("unstamp", id, "0", ""));
        }
        for index in &stamp.recorded {
            let revision = &joined.revisions[*index];
            sql.push(self.tables.insert(revision, State::Applied, "0"));
            sql.push(self.tables.event("stamp", revision.id.as_str(), "0", ""));
        }
        Ok((stamp, sql))
    }
}

/// Sees to it that a revision can be run in a direction at all.
pub(crate) fn check_section(
    revision: &Revision,
    direction: Direction,
    dialect: Dialect,
) -> Result<(), Error> {
    let name = || revision.id.to_string();
    match revision.section(direction, dialect) {
        Some(section) if section.irreversible.is_some() => {
            return Err(Error::Irreversible {
                revision: name(),
                reason: section
                    .irreversible
                    .as_deref()
                    .filter(|reason| !reason.is_empty())
                    .map(str::to_owned),
            });
        }
        Some(section) if section.statements(dialect).is_some() => {
            if direction == Direction::Down && revision.is_empty_down(dialect) {
                return Err(Error::Irreversible {
                    revision: name(),
                    reason: Some("its `down` has no statement".to_owned()),
                });
            }
        }
        _ if revision.is_merge() && revision.sections.is_empty() => {}
        _ if direction == Direction::Down => {
            return Err(Error::Irreversible {
                revision: name(),
                reason: None,
            });
        }
        _ => {
            return Err(Error::MissingDialect {
                revision: name(),
                dialect: dialect.name(),
            });
        }
    }
    Ok(())
}

/// How long to look on while another migrator works: as long as it gets on, and then the wait.
struct Watch {
    wait: Duration,
    seen: Option<(Instant, Vec<(String, u32)>)>,
}

impl Watch {
    const fn new(wait: Duration) -> Self {
        Self { wait, seen: None }
    }

    fn goes_on(
        &mut self,
        rows: &[AppliedRevision],
        on_event: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> bool {
        let now: Vec<_> = rows
            .iter()
            .map(|row| (row.revision.clone(), row.statements))
            .collect();
        match &self.seen {
            Some((since, seen)) if *seen == now => since.elapsed() < self.wait,
            seen => {
                if seen.is_none() {
                    on_event(Event::Waiting { holder: None });
                }
                self.seen = Some((Instant::now(), now));
                true
            }
        }
    }
}

/// Whether a message was stopped by its fence, which has `fences` statements behind `BEGIN`.
fn kept_out(
    failure: Failure,
    fences: usize,
    wait: Duration,
) -> Result<Result<Outcome, Error>, Failure> {
    let code = failure
        .error
        .as_database_error()
        .and_then(|error| error.code());
    match code.as_deref() {
        Some("22012") if fences > 0 && failure.finished == fences => Ok(Ok(Outcome::Overtaken)),
        Some("55P03") if fences == LOCKING && failure.finished == 2 => Ok(Err(Error::Locked {
            waited: wait,
            holder: None,
        })),
        _ => Err(failure),
    }
}

/// Whether a statement of MySQL only changes rows, so that a transaction holds it together with
/// its record. Of a statement that changes the schema the server may finish only the first half
/// of the message when the client is gone.
fn changes_rows(sql: &str) -> bool {
    const VERBS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
    let word = sql.split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
}

/// Whether another connection is in the way, whatever the extended code says of how:
/// SQLITE_BUSY, and SQLITE_LOCKED of a shared cache.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Where a message says the mistake is, in words: `near "x"` of SQLite, if it stands there once;
/// `at line 3` of MySQL.
fn hinted(sql: &str, message: &str) -> Option<usize> {
    if let Some((_, rest)) = message.split_once("near \"") {
        let (word, _) = rest.split_once('"')?;
        let mut found = sql.match_indices(word).map(|(offset, _)| offset);
        return match (found.next(), found.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
    }
    let (_, line) = message.rsplit_once(" at line ")?;
    let line: usize = line
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()?;
    let offset = match line {
        0 => return None,
        1 => 0,
        _ => sql.match_indices('\n').nth(line - 2)?.0 + 1,
    };
    let indent = sql[offset..].len() - sql[offset..].trim_start().len();
    Some(offset + indent)
}

#[cfg(test)]
mod tests {
    use super::hinted;

    #[test]
    fn hints_in_messages() {
        assert_eq!(
            hinted("SELECT 1 FORM t", "near \"FORM\": syntax error"),
            Some(9)
        );
        assert_eq!(hinted("a a", "near \"a\": syntax error"), None);
        assert_eq!(
            hinted("x\n  y", "You have an error … near 'y' at line 2"),
            Some(4)
        );
    }
}
