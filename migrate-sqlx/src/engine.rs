//! The loop that applies and reverts revisions, for all databases.

mod edits;
mod failure;
mod place;
mod record;
mod repair_ledger;
#[cfg(feature = "cli")]
mod repair_schema;
#[cfg(feature = "cli")]
mod replay;
mod resume;
mod session;
mod statements;
mod time;
mod transaction;
mod watch;
mod writing;

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _};
use tracing::Instrument as _;

use migrate_core::{
    Cascade, Chain, Dialect, Direction, LedgerNames, Limits, Plan, Revision, RevisionId, Section,
    Statement, Target,
};

#[cfg(feature = "cli")]
pub use self::replay::SchemaReplay;
use self::resume::Resumed;
#[cfg(feature = "cli")]
pub(crate) use self::session::CLEANING;
use self::session::{ForeignKeys, Saved};
#[cfg(feature = "cli")]
pub(crate) use self::statements::out_of_reach;
use self::watch::Watch;
#[cfg(feature = "cli")]
pub(crate) use self::writing::QUERY_ONLY;
use crate::applied_revision::{AppliedRevision, RevisionState};
use crate::backend::{LOCK_WAIT, Session};
use crate::cancel::CancelToken;
use crate::chain_state::{ChainState, check_section};
use crate::error::{Error, StepPart};
use crate::event::{Applied, Event, Report};
use crate::ledger::{Author, Tables};
use crate::notice::{Notice, Notices};
use crate::sleep::Sleeper;

type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// The goal of a run.
pub(crate) enum Goal {
    Up(Target),
    Down(Target, Cascade),
    /// Reverts what the chain does not have, and all that needs it.
    Retreat,
    #[cfg(feature = "cli")]
    /// Reverts these revisions and all that need them.
    Without(Vec<String>),
}

/// How to treat a statement that was interrupted outside a transaction: it is unknown whether the
/// database has finished it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InDoubt {
    /// Refuse to continue: [`Error::InDoubt`].
    #[default]
    Refuse,
    /// Run it again.
    Again,
    /// Treat it as finished, and continue with the next.
    Done,
}

/// The declared outcome of an unfinished revision.
#[cfg(feature = "cli")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is in the database.
    Applied,
    /// Nothing of it is in the database.
    NotApplied,
}

/// How a stamp treats existing rows of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampMode {
    /// Each target changes its own lineage; other branches stay as they are recorded.
    #[default]
    Update,
    /// All existing rows are removed first.
    Replace,
}

/// Options of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whether to resume an unfinished revision.
    pub(crate) resume: bool,
    /// How to treat a statement with an unknown outcome.
    pub(crate) in_doubt: InDoubt,
    /// Whether the whole run is one transaction.
    pub(crate) atomic: bool,
    /// How long to wait for another migrator.
    pub(crate) lock_wait: Duration,
    /// Time limits of statements whose section has none.
    pub(crate) limits: Limits,
    /// Whether to accept a database that is compatibly ahead.
    pub(crate) accepts_ahead: bool,
    /// How often a revision is retried that only missed a lock.
    pub(crate) lock_retries: u32,
    /// Whether the caller wants the database's notices and warnings.
    pub(crate) listens: bool,
}

impl Options {
    /// The defaults.
    pub(crate) const DEFAULT: Self = Self {
        resume: false,
        in_doubt: InDoubt::Refuse,
        atomic: false,
        lock_wait: LOCK_WAIT,
        limits: Limits::NONE,
        accepts_ahead: false,
        lock_retries: 5,
        listens: false,
    };
}

/// One run on one connection.
pub(crate) struct Engine<'a> {
    pub(crate) session: &'a mut dyn Session,
    /// The connection that keeps other migrators out, if there is one.
    pub(crate) guard: Option<&'a mut dyn Session>,
    /// Whether the run shall stop.
    pub(crate) stop: CancelToken,
    /// What this run has finished.
    pub(crate) finished: Vec<Applied>,
    /// Whether the session is outside any transaction, and has the settings it began with.
    pub(crate) sound: bool,
    tables: Tables,
    chain: &'a Chain,
    options: Options,
    /// SQL that restores the session's settings: on SQLite after the run, on PostgreSQL after each
    /// revision, as what it has set must not reach the ledger, nor the next one; dumps empty the
    /// search path, for example.
    restore: String,
    /// PostgreSQL's role as the run began with it.
    role: String,
    /// Whether a revision may have left something in the session that the next one must not find.
    dirty: bool,
    /// Whether a revision has prepared statements on PostgreSQL.
    prepared: bool,
    /// The state of SQLite's session before the current revision, if that changes it.
    saved: Option<Saved>,
    foreign_keys: ForeignKeys,
    /// Set once this run has locked the ledger table, on PostgreSQL. Before that, the server may still
    /// be executing a message from a migrator that was killed.
    has_ledger_lock: bool,
    /// Whether a step has set time limits for the session.
    limited: bool,
    /// Whether the one transaction of the whole run has begun.
    open: bool,
    /// SQL that cancels a statement of this session, if the server has no time limit; unknown at first.
    ending: Option<Option<String>>,
}

/// The interval of checks for another migrator's progress.
const LOOK: Duration = Duration::from_millis(100);

/// How often in a row other migrators may be faster; far more than any chain makes likely.
const OVERTAKEN: u32 = 10_000;

/// The pause before the first retry for a lock; each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between two retries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One revision to apply or revert.
struct Step<'a> {
    revision: Cow<'a, Revision>,
    direction: Direction,
    from_ledger: bool,
    /// Whether the ledger still is as planned, in SQL: 1 or 0.
    guard_sql: String,
    /// Statements that an earlier run finished.
    finished: usize,
    resuming: bool,
    /// Whether the outcome of the next statement is unknown.
    in_doubt: bool,
    /// What an earlier run has finished of it, and what is needed to resume.
    resumed: Option<Resumed>,
    /// Whether the ledger's text differs from the one that runs.
    other_text: bool,
}

/// The outcome of a step.
enum StepOutcome {
    Done,
    /// Another migrator was faster; nothing was done.
    Overtaken,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(
        session: &'a mut dyn Session,
        chain: &'a Chain,
        ledger: &LedgerNames,
        options: Options,
    ) -> Self {
        Self {
            tables: Tables::new(session.dialect(), ledger),
            session,
            guard: None,
            stop: CancelToken::new(),
            finished: Vec::new(),
            sound: true,
            chain,
            options,
            restore: String::new(),
            role: "none".to_owned(),
            dirty: false,
            prepared: false,
            saved: None,
            foreign_keys: ForeignKeys::default(),
            has_ledger_lock: false,
            limited: false,
            open: false,
            ending: None,
        }
    }

    /// Sets who the ledger says did it.
    pub(crate) fn sign(&mut self, author: Author) {
        self.tables.author = author;
    }

    pub(crate) async fn read(&mut self) -> Result<ChainState<'a>, Error> {
        let rows = self.tables.read(self.session).await?.unwrap_or_default();
        Ok(ChainState::new(self.chain, rows, self.session.dialect()))
    }

    /// Plans and runs until the goal is reached; plans again if another migrator was faster.
    ///
    /// It is boxed because its callers are generic, and so compiled in the application; the engine
    /// is not.
    pub(crate) fn execute<'e>(
        &'e mut self,
        goal: &'e Goal,
        on_event: Listener<'e>,
    ) -> BoxFuture<'e, Result<Report, Error>> {
        let span = tracing::info_span!("migrate");
        self.migrate(goal, on_event).instrument(span).boxed()
    }

    async fn migrate(&mut self, goal: &Goal, on_event: Listener<'_>) -> Result<Report, Error> {
        let direction = match goal {
            Goal::Up(_) => Direction::Up,
            Goal::Down(..) | Goal::Retreat => Direction::Down,
            #[cfg(feature = "cli")]
            Goal::Without(_) => Direction::Down,
        };
        self.tables.find_schema(self.session).await?;
        self.take_settings().await?;
        let worked = self.work(goal, direction, on_event).await;
        self.give_settings_back().await;
        Ok(Report {
            direction,
            current: worked?,
            steps: std::mem::take(&mut self.finished),
        })
    }

    /// Reads the database's state, and plans from there.
    #[cfg(feature = "cli")]
    pub(crate) async fn plan(&mut self, goal: &Goal) -> Result<(ChainState<'a>, Plan), Error> {
        let joined = self.read().await?;
        let plan = self.plan_from(&joined, goal)?;
        Ok((joined, plan))
    }

    fn plan_from(&self, joined: &ChainState<'_>, goal: &Goal) -> Result<Plan, Error> {
        let resume = self.options.resume;
        match goal {
            Goal::Up(_) if self.options.accepts_ahead && joined.is_compatibly_ahead() => {
                Ok(Plan::including(&joined.graph, &joined.applied, []))
            }
            Goal::Up(target) => joined.plan_up(target, resume),
            Goal::Down(target, cascade) => joined.plan_down(target, *cascade, resume),
            Goal::Retreat => {
                joined.judge_owner()?;
                joined.plan_without(joined.unknown.iter().map(String::as_str), resume)
            }
            #[cfg(feature = "cli")]
            Goal::Without(ids) => joined.plan_without(ids.iter().map(String::as_str), resume),
        }
    }

    async fn work(
        &mut self,
        goal: &Goal,
        direction: Direction,
        on_event: Listener<'_>,
    ) -> Result<Vec<RevisionId>, Error> {
        let notices = Notices::new(self.session.dialect(), self.options.listens);
        let mut planned = false;
        let mut sleeper = Sleeper::default();
        let mut watch = Watch::new(self.options.lock_wait);
        let mut overtaken = 0;
        let mut retries = 0;
        'plan: loop {
            self.stop.check()?;
            let joined = self.read().await?;
            if self.somebody_works(&joined) && watch.goes_on(&joined.rows, on_event) {
                sleeper.sleep(LOOK).await;
                continue;
            }
            let (steps, current) = self.steps(&joined, goal, direction)?;
            match self.take_edits(&joined, direction, &steps, on_event).await {
                Ok(false) => {}
                Ok(true) => continue,
                Err(Error::Concurrent) if overtaken < OVERTAKEN => {
                    overtaken += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            if steps.is_empty() {
                return Ok(current);
            }
            if !planned {
                planned = true;
                on_event(Event::Planned { total: steps.len() });
                self.create_tables().await?;
            }
            for step in &steps {
                self.stop.check()?;
                on_event(Event::Started {
                    revision: &step.revision,
                    direction,
                    from_ledger: step.from_ledger,
                });
                let began = Instant::now();
                match self.take_listening(step, &notices, on_event).await {
                    Ok(StepOutcome::Done) => overtaken = 0,
                    Ok(StepOutcome::Overtaken)
                        if direction == Direction::Up && overtaken < OVERTAKEN =>
                    {
                        overtaken += 1;
                        continue 'plan;
                    }
                    Ok(StepOutcome::Overtaken) => return Err(Error::Concurrent),
                    Err(error) if error.missed_lock() && retries < self.options.lock_retries => {
                        retries += 1;
                        self.wait_for_lock(&step.revision, retries, &error, on_event)
                            .await?;
                        continue 'plan;
                    }
                    Err(error) => {
                        let error = self.about_ledger(step, error);
                        self.report_failure(step, &error).await;
                        return Err(error);
                    }
                }
                if !self.options.atomic {
                    retries = 0;
                }
                let duration = began.elapsed();
                tracing::info!(revision = %step.revision.id, direction = direction.as_str(), ?duration, "migrated");
                on_event(Event::Finished {
                    revision: &step.revision,
                    direction,
                    duration,
                });
                self.finished.push(Applied {
                    revision: step.revision.id.clone(),
                    duration,
                });
            }
            let closed = self.close().await;
            let Some(last) = steps.last() else {
                return closed.map(|()| current);
            };
            let closed = closed.map_err(self.in_part(last, StepPart::RunCommit));
            if let Err(error) = &closed {
                self.report_failure(last, error).await;
            }
            return closed.map(|()| current);
        }
    }

    /// Replaces the error of a step that has moved or dropped the ledger's tables.
    fn about_ledger(&self, step: &Step<'_>, error: Error) -> Error {
        let source = match error {
            Error::Database(source) if self.tables.are_gone(source.as_sqlx()) => source,
            Error::Unrecorded { source, .. } if self.tables.are_gone(source.as_sqlx()) => source,
            Error::Step(failed) if self.tables.are_gone(failed.source.as_sqlx()) => failed.source,
            Error::Statement(failed) if self.tables.are_gone(failed.source.as_sqlx()) => {
                failed.source
            }
            other => return other,
        };
        Error::LedgerLost {
            revision: step.revision.id.to_string(),
            table: self.tables.revision_table().to_owned(),
            rolled_back: step.is_whole(self.session.dialect()),
            source,
        }
    }

    /// Waits before a retry for a lock, each time twice as long as before.
    async fn wait_for_lock(
        &mut self,
        revision: &Revision,
        attempt: u32,
        error: &Error,
        on_event: Listener<'_>,
    ) -> Result<(), Error> {
        let doubled = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16));
        let time = doubled.min(LONGEST_PAUSE);
        on_event(Event::Retrying {
            revision,
            attempt,
            of: self.options.lock_retries,
            pause: time,
        });
        tracing::info!(revision = %revision.id, attempt, ?time, %error, "a lock was not available");
        let until = Instant::now() + time;
        let mut sleeper = Sleeper::default();
        while Instant::now() < until {
            self.stop.check()?;
            sleeper.sleep(LOOK.min(time)).await;
        }
        Ok(())
    }

    /// Returns the steps of the run, after checking that all of them can run, and the heads after it.
    fn steps<'j>(
        &self,
        joined: &'j ChainState<'_>,
        goal: &Goal,
        direction: Direction,
    ) -> Result<(Vec<Step<'j>>, Vec<RevisionId>), Error> {
        let plan = self.plan_from(joined, goal)?;
        let current = joined.graph.effective_heads(&plan.after()).into_iter();
        let current = current
            .map(|index| joined.graph.id(index).clone())
            .collect();
        let mut rows = joined.rows.len();
        let mut steps = Vec::with_capacity(plan.steps.len());
        for index in plan.steps {
            let step = self.step(joined, index, direction, rows)?;
            rows = match direction {
                Direction::Up => rows + usize::from(!step.resuming),
                Direction::Down => rows - 1,
            };
            steps.push(step);
        }
        if self.options.atomic {
            let dialect = self.session.dialect();
            if let Some(step) = steps.iter().find(|step| !step.is_whole(dialect)) {
                return Err(Error::NotAtomic {
                    revision: step.revision.id.to_string(),
                    dialect,
                });
            }
        }
        Ok((steps, current))
    }

    /// Returns what a step runs, after checking that it can run.
    fn step<'j>(
        &self,
        joined: &'j ChainState<'_>,
        index: usize,
        direction: Direction,
        rows: usize,
    ) -> Result<Step<'j>, Error> {
        let dialect = self.session.dialect();
        let (revision, from_ledger) = joined.text(index, direction)?;
        let row = joined.row(revision.id.as_str());
        check_section(&revision, direction, dialect)?;
        let unfinished = row.filter(|row| row.state != RevisionState::Applied);
        let resumed = match unfinished {
            None => None,
            Some(row) => Some(self.resumed(&revision, direction, row)?),
        };
        let graph = &joined.graph;
        let needs = match direction {
            Direction::Up => graph.parents(index).iter().chain(graph.dependencies(index)),
            Direction::Down => [].iter().chain(&[]),
        };
        let mut needs: Vec<&str> = needs
            .map(|index| graph.id(*index as usize).as_str())
            .collect();
        needs.sort_unstable();
        needs.dedup();
        let id = revision.id.as_str();
        Ok(Step {
            guard_sql: match direction {
                Direction::Up => self.tables.guard_up_sql(id, unfinished.is_some(), &needs),
                Direction::Down => self.tables.guard_down_sql(id, rows),
            },
            direction,
            from_ledger,
            finished: unfinished.map_or(0, |row| row.statements as usize),
            resuming: unfinished.is_some(),
            in_doubt: unfinished.is_some_and(AppliedRevision::is_in_doubt),
            resumed,
            other_text: row.is_some_and(|row| row.body != revision.text),
            revision,
        })
    }

    /// Runs a step, and reports the database's messages meanwhile.
    async fn take_listening(
        &mut self,
        step: &Step<'_>,
        notices: &Notices,
        on_event: Listener<'_>,
    ) -> Result<StepOutcome, Error> {
        let on_event = Mutex::new(on_event);
        let report = |event: Event<'_>| {
            (on_event.lock().unwrap_or_else(PoisonError::into_inner))(event);
        };
        let mut relay = report;
        let span = tracing::info_span!(
            "revision",
            revision = %step.revision.id,
            direction = step.direction.as_str()
        );
        let taken = self.take(step, &mut relay).instrument(span);
        let forward = |notice: Notice| {
            report(Event::Notice {
                revision: &step.revision,
                severity: notice.severity,
                code: notice.code.as_deref(),
                message: &notice.message,
            });
        };
        notices.during(taken, forward).await
    }

    async fn take(
        &mut self,
        step: &Step<'_>,
        on_event: Listener<'_>,
    ) -> Result<StepOutcome, Error> {
        let dialect = self.session.dialect();
        self.begin_session(step).await?;
        let taken = match (step.is_whole(dialect), dialect) {
            // Boxed, so that their states are not part of this one's: the binary is smaller.
            (true, Dialect::Sqlite) => Box::pin(self.take_on_sqlite(step)).await,
            (true, _) => Box::pin(self.take_at_once(step)).await,
            (false, _) => Box::pin(self.take_by_statement(step, on_event)).await,
        };
        self.end_session(step, taken.is_ok()).await;
        taken.map_err(self.in_part(step, StepPart::Ledger))
    }

    async fn run(&mut self, sql: String) -> Result<(), Error> {
        self.session
            .execute(sql)
            .await
            .map_err(|failure| Error::from(failure.error))
    }

    async fn run_all(&mut self, sql: impl IntoIterator<Item = String>) -> Result<(), Error> {
        for sql in sql {
            self.run(sql).await?;
        }
        Ok(())
    }

    /// Whether a condition is true in the database: 1, and not 0.
    async fn holds(&mut self, condition: &str) -> Result<bool, Error> {
        let rows = self.session.query(format!("SELECT {condition}")).await;
        let rows = rows.map_err(Error::from)?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("1"))
    }
}

impl Step<'_> {
    fn section(&self, dialect: Dialect) -> Option<&Section> {
        self.revision.section(self.direction, dialect)
    }

    fn statements(&self, dialect: Dialect) -> &[Statement] {
        self.revision.statements(self.direction, dialect)
    }

    /// Whether it is a transaction, with its row.
    fn is_whole(&self, dialect: Dialect) -> bool {
        let transaction = self
            .section(dialect)
            .is_none_or(|section| section.transaction);
        dialect.transactional_ddl() && transaction && !self.resuming
    }

    fn limits(&self, dialect: Dialect, usual: Limits) -> Limits {
        self.section(dialect)
            .map_or(Limits::NONE, |section| section.limits)
            .or(usual)
    }
}
