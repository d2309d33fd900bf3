//! The one loop that applies and reverts, whatever the database.

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
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
use crate::error::{Error, Phase};
use crate::event::{Applied, Event, Report};
use crate::ledger::Tables;
use crate::notice::{Notice, Notices};
use crate::sleep::Sleeper;

type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// Where a run wants to be.
pub(crate) enum Goal {
    Up(Target),
    Down(Target, Cascade),
    #[cfg(feature = "cli")]
    /// Where these revisions are not applied, nor what needs them.
    Without(Vec<String>),
}

/// What to do about a statement that was begun outside a transaction, and cut off: nobody has
/// recorded whether the database has finished it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InDoubt {
    /// Refuse to go on: [`Error::InDoubt`].
    #[default]
    Refuse,
    /// Run it again.
    Again,
    /// Take it for done, and go on with the next.
    Done,
}

/// What somebody says of a revision that was begun and not finished.
#[cfg(feature = "cli")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The database has all of it.
    Applied,
    /// The database has nothing of it.
    NotApplied,
}

/// What a stamp does about what the ledger records already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampMode {
    /// Each target changes its own lineage; other branches stay as they are recorded.
    #[default]
    Update,
    /// All that is recorded is forgotten first.
    Replace,
}

/// How a run goes about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whether to go on with what is half done.
    pub(crate) resume: bool,
    /// What to do about a statement of which nobody knows whether it was finished.
    pub(crate) in_doubt: InDoubt,
    /// Whether all of it is one transaction.
    pub(crate) atomic: bool,
    /// How long to wait for another migrator.
    pub(crate) lock_wait: Duration,
    /// How long statements may take, where their section does not say.
    pub(crate) limits: Limits,
    /// How often what only missed a lock is tried again.
    pub(crate) lock_retries: u32,
    /// Whether somebody wants to know what the database says beside errors.
    pub(crate) listens: bool,
}

impl Options {
    /// Where nothing else is said.
    pub(crate) const DEFAULT: Self = Self {
        resume: false,
        in_doubt: InDoubt::Refuse,
        atomic: false,
        lock_wait: LOCK_WAIT,
        limits: Limits::NONE,
        lock_retries: 5,
        listens: false,
    };
}

/// One run on one connection.
pub(crate) struct Engine<'a> {
    pub(crate) session: &'a mut dyn Session,
    /// The connection that keeps other migrators out, where there is one.
    pub(crate) guard: Option<&'a mut dyn Session>,
    /// Whether somebody wants the run to end.
    pub(crate) stop: CancelToken,
    /// What this run has finished.
    pub(crate) finished: Vec<Applied>,
    /// Whether the session is outside any transaction, and has the settings it began with.
    pub(crate) sound: bool,
    tables: Tables,
    chain: &'a Chain,
    options: Options,
    /// What gives the session's settings back: on SQLite after the run, on PostgreSQL after each
    /// revision, as what it has set must not reach the ledger, nor the next one; dumps empty the
    /// search path, for example.
    restore: String,
    /// PostgreSQL's role as the run began with it.
    role: String,
    /// Whether a revision may have left something in the session that the next one must not find.
    dirty: bool,
    /// Whether a revision has prepared statements on PostgreSQL.
    prepared: bool,
    /// What SQLite's session was before the revision in work, where that changes it.
    saved: Option<Saved>,
    foreign_keys: ForeignKeys,
    /// Set once this run has locked the ledger table, on PostgreSQL. Before that, the server may still
    /// be executing a message from a migrator that was killed.
    has_ledger_lock: bool,
    /// Whether a step has set time limits for the session.
    limited: bool,
    /// Whether the one transaction of the whole run has begun.
    open: bool,
    /// How a statement of this session is ended, where the server does not do it; not known at first.
    ending: Option<Option<String>>,
}

/// How long one look at another migrator's work is from the next.
const LOOK: Duration = Duration::from_millis(100);

/// How often in a row others may be quicker; far beyond what a chain's length makes likely.
const OVERTAKEN: u32 = 10_000;

/// How long to wait before the first new try for a lock; each wait is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest wait between two tries.
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
    /// Whether nobody knows if the next statement was finished.
    in_doubt: bool,
    /// What an earlier run has finished of it, and what it takes to go on from there.
    resumed: Option<Resumed>,
    /// Whether the ledger keeps another text than the one that runs.
    other_text: bool,
}

/// What came of a step.
enum StepOutcome {
    Done,
    /// Somebody else was quicker; nothing was done.
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

    pub(crate) async fn read(&mut self) -> Result<ChainState<'a>, Error> {
        let rows = self.tables.read(self.session).await?.unwrap_or_default();
        Ok(ChainState::new(self.chain, rows, self.session.dialect()))
    }

    /// Plans and works until the goal is reached; plans again where somebody else was quicker.
    pub(crate) async fn execute(
        &mut self,
        goal: &Goal,
        on_event: Listener<'_>,
    ) -> Result<Report, Error> {
        let span = tracing::info_span!("migrate");
        self.migrate(goal, on_event).instrument(span).await
    }

    async fn migrate(&mut self, goal: &Goal, on_event: Listener<'_>) -> Result<Report, Error> {
        let direction = match goal {
            Goal::Up(_) => Direction::Up,
            Goal::Down(..) => Direction::Down,
            #[cfg(feature = "cli")]
            Goal::Without(_) => Direction::Down,
        };
        self.tables.settle(self.session).await?;
        self.take_settings().await?;
        let worked = self.work(goal, direction, on_event).await;
        self.give_settings_back().await;
        Ok(Report {
            direction,
            current: worked?,
            steps: std::mem::take(&mut self.finished),
        })
    }

    /// Reads where the database is, and plans from there.
    #[cfg(feature = "cli")]
    pub(crate) async fn plan(&mut self, goal: &Goal) -> Result<(ChainState<'a>, Plan), Error> {
        let joined = self.read().await?;
        let plan = self.plan_from(&joined, goal)?;
        Ok((joined, plan))
    }

    fn plan_from(&self, joined: &ChainState<'_>, goal: &Goal) -> Result<Plan, Error> {
        let resume = self.options.resume;
        match goal {
            Goal::Up(target) => joined.plan_up(target, resume),
            Goal::Down(target, cascade) => joined.plan_down(target, *cascade, resume),
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
                        self.tell_failure(step, &error).await;
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
            let closed = closed.map_err(self.in_phase(last, Phase::RunCommit));
            if let Err(error) = &closed {
                self.tell_failure(last, error).await;
            }
            return closed.map(|()| current);
        }
    }

    /// Says of a step that fails at the ledger's own tables what it has done to them.
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

    /// Gives whoever holds a lock some time: each try waits twice as long as the one before.
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
        tracing::info!(revision = %revision.id, attempt, ?time, %error, "a lock was missed");
        let until = Instant::now() + time;
        let mut sleeper = Sleeper::default();
        while Instant::now() < until {
            self.stop.check()?;
            sleeper.sleep(LOOK.min(time)).await;
        }
        Ok(())
    }

    /// Finds what there is to do, that all of it can be done at all, and the applied heads after it.
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

    /// Finds what a step runs, and that it can be run at all, before anything is.
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
        let needs: BTreeSet<_> = needs
            .map(|index| graph.id(*index as usize).as_str())
            .collect();
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

    /// Takes a step, and reports what the database says meanwhile.
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
        let told = |notice: Notice| {
            report(Event::Notice {
                revision: &step.revision,
                severity: notice.severity,
                code: notice.code.as_deref(),
                message: &notice.message,
            });
        };
        notices.during(taken, told).await
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
        taken.map_err(self.in_phase(step, Phase::Ledger))
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

    /// Whether the database says yes to a condition: 1, and not 0.
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
