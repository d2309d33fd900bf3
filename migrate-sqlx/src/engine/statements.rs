//! A revision statement by statement, where no transaction holds it.

use std::time::{Duration, Instant};

use migrate_core::{Dialect, Direction, Limits};
use migrate_sql::{FindingKind, Lexer, SessionEffect, TokenKind, lint, session_effect};

use super::transaction::kept_out;
use super::{Engine, Listener, Step, StepOutcome};
use crate::applied_revision::{IN_DOUBT, RevisionState};
use crate::backend::Failure;
use crate::driver_error::{DriverError, MYSQL_END, missed_lock};
use crate::error::Error;
use crate::ledger_event::EventKind;

/// Why a statement is not done and recorded.
enum Failed {
    /// The database refused it.
    Statement(Failure),
    /// It was not begun, because its record could not be written, or another migrator was running.
    Before(Error),
    /// It is done, and only its record is missing.
    Record(Error),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Statement(failure)
    }
}

/// How a statement and its record go to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// In one transaction.
    Joined,
    /// In one message; its outcome is unknown until it is recorded.
    Message,
    /// Each by itself, the records where nothing that the revision has set reaches them.
    Apart {
        /// Whether the unknown outcome is recorded before the statement.
        before: bool,
        /// Whether it is recorded that the statement is finished.
        after: bool,
    },
}

/// What of a whole section decides how each of its statements is run.
struct Conduct {
    /// For each statement the one that began the section's own transaction around it.
    transactions: Vec<Option<usize>>,
    /// On MySQL, for each statement whether the ledger must be written elsewhere.
    elsewhere: Vec<bool>,
}

impl Engine<'_> {
    /// Where there is no transaction: each finished statement is recorded. On MySQL the record is
    /// in the statement's own message, and in its transaction where it has one.
    pub(super) async fn take_by_statement(
        &mut self,
        step: &Step<'_>,
        on_event: Listener<'_>,
    ) -> Result<StepOutcome, Error> {
        let began = Instant::now();
        let dialect = self.session.dialect();
        let id = step.revision.id.as_str();
        if !step.resuming && !self.begin_by_statement(step).await? {
            return Ok(StepOutcome::Overtaken);
        }
        if step.resuming {
            let (cleaning, _) = self.cleaning();
            if !cleaning.is_empty() {
                self.run(cleaning).await?;
            }
            (self.dirty, self.prepared) = (false, false);
        }
        if let Some(limits) = self.limiting(step, false) {
            self.run(limits).await?;
        }
        let first = self.resume(step).await?;
        let statements = step.statements(dialect);
        let conduct = step.conduct(dialect);
        for (number, statement) in statements.iter().enumerate().skip(first) {
            let sql = step.revision.sql(*statement);
            let manner = conduct.manner(dialect, sql, number);
            // What is rolled back is not done.
            let transaction = conduct.transactions[number];
            let kept = transaction.unwrap_or(number);
            let mut retries = 0;
            let failure = loop {
                if let Err(stopped) = self.stop.check() {
                    if transaction.is_some() {
                        self.rollback().await;
                    }
                    self.record_failure(step, kept, "it was stopped").await;
                    return Err(stopped);
                }
                self.look_at_lock(step).await?;
                let failure = match self.one(step, sql, number, manner, on_event).await {
                    Ok(()) => break None,
                    Err(Failed::Statement(failure)) => failure,
                    Err(Failed::Before(error)) => return Err(error),
                    Err(Failed::Record(error)) => {
                        return Err(self.unrecorded(step, number, error));
                    }
                };
                if dialect != Dialect::Sqlite || transaction.is_some() {
                    self.rollback().await;
                }
                let harmless = is_harmless(dialect, sql, manner);
                if harmless && missed_lock(&failure.error) && retries < self.options.lock_retries {
                    retries += 1;
                    let error = Error::from(failure.error);
                    self.wait_for_lock(&step.revision, retries, &error, on_event)
                        .await?;
                    continue;
                }
                break Some(failure);
            };
            let broken = self.invalid_index(sql).await;
            if let Some(failure) = failure {
                let message = failure.message().report();
                self.record_failure(step, kept, &message).await;
                let mut error = self.statement_error(step, number, failure, false);
                if let Error::Statement(error) = &mut error {
                    error.invalid_index = broken;
                }
                return Err(error);
            }
            if let Some(index) = broken {
                let error = Error::InvalidIndex {
                    revision: id.to_owned(),
                    index,
                };
                self.record_failure(step, number, &error.to_string()).await;
                return Err(error);
            }
        }
        self.finish_by_statement(step, began).await
    }

    fn unrecorded(&self, step: &Step<'_>, number: usize, error: Error) -> Error {
        match error {
            Error::Database(source) => Error::Unrecorded {
                revision: step.revision.id.to_string(),
                number: number + 1,
                of: step.statements(self.session.dialect()).len(),
                reverting: step.direction == Direction::Down,
                source,
            },
            other => other,
        }
    }

    /// Runs a statement and records it, in one transaction where that can be. What cannot is
    /// recorded beforehand as unclear: a crash in between looks the same.
    async fn one(
        &mut self,
        step: &Step<'_>,
        sql: &str,
        number: usize,
        manner: Manner,
        on_event: Listener<'_>,
    ) -> Result<(), Failed> {
        let dialect = self.session.dialect();
        let (id, state) = (step.revision.id.as_str(), step.unfinished_state());
        let unclear = self.tables.progress(id, state, number, Some(IN_DOUBT));
        let progress = self.tables.progress(id, state, number + 1, None);
        let limits = step.limits(dialect, self.options.limits);
        let time = limits.statement.filter(|limit| !limit.is_zero());
        match (manner, dialect) {
            // The record comes first: where it misses a lock, nothing was done that no transaction
            // takes back, as on tables without any.
            (Manner::Joined, Dialect::MySql) => {
                let message = format!("BEGIN;\n{progress};\n{sql}{MYSQL_END}COMMIT");
                Ok(self.in_time(message, time).await?)
            }
            (Manner::Joined, Dialect::Postgres) => {
                let begin = format!("{}BEGIN;\n", self.stop.mark(dialect));
                let room = self.clean_room();
                let message = format!("{begin}{sql};\n{room}{progress};\nCOMMIT");
                let ran = self.session.execute(message).await;
                Ok(ran.map_err(shifted_by(&begin))?)
            }
            (Manner::Joined, Dialect::Sqlite) => {
                self.begin_immediate().await.map_err(Failed::Before)?;
                let mut ran = self.statement(sql, time).await;
                if ran.is_ok() {
                    ran = self.session.execute(progress).await;
                }
                match ran {
                    Ok(()) => Ok(self.end(Ok(())).await.map_err(untold)?),
                    Err(failure) => {
                        self.rollback().await;
                        Err(failure.into())
                    }
                }
            }
            (Manner::Message, _) => {
                let message = format!("{unclear};\n{sql}{MYSQL_END}{progress}");
                match self.in_time(message, time).await {
                    // It never runs again: only its record is missing.
                    Err(failure) if failure.finished >= 2 => {
                        tracing::debug!(error = %failure.message(), "a finished statement was not recorded at the first attempt");
                        let written = self.write(step, &progress, on_event).await;
                        written.map_err(Failed::Record)
                    }
                    ran => Ok(ran?),
                }
            }
            (Manner::Apart { before, after }, _) => {
                if before {
                    let written = self.write(step, &unclear, on_event).await;
                    written.map_err(Failed::Before)?;
                }
                let waits_for_locks = dialect == Dialect::Postgres
                    && step.limits(dialect, Limits::NONE).lock.is_none()
                    && is_concurrent(sql);
                if waits_for_locks {
                    self.run(PATIENCE.to_owned())
                        .await
                        .map_err(Failed::Before)?;
                }
                self.statement(sql, time).await?;
                if waits_for_locks {
                    self.run(IMPATIENCE.to_owned())
                        .await
                        .map_err(Failed::Record)?;
                }
                if after {
                    let written = self.write(step, &progress, on_event).await;
                    written.map_err(Failed::Record)?;
                }
                Ok(())
            }
        }
    }

    /// Runs a statement of the revision alone.
    async fn statement(&mut self, sql: &str, time: Option<Duration>) -> Result<(), Failure> {
        let dialect = self.session.dialect();
        if dialect == Dialect::MySql {
            return self.in_time(sql.to_owned(), time).await;
        }
        let mark = self.stop.mark(dialect);
        self.stop.set_time_limit(time);
        let ran = self.session.execute(format!("{mark}{sql}")).await;
        self.stop.set_time_limit(None);
        ran.map_err(shifted_by(&mark))
    }

    async fn finish_by_statement(
        &mut self,
        step: &Step<'_>,
        began: Instant,
    ) -> Result<StepOutcome, Error> {
        let id = step.revision.id.as_str();
        let millis = began.elapsed().as_millis();
        let (record, kind) = match step.direction {
            Direction::Up => (self.tables.finish(&step.revision, millis), EventKind::Apply),
            Direction::Down => (self.tables.delete(id), EventKind::Revert),
        };
        let event = self.tables.event(&kind, id, &millis.to_string(), "");
        match self.session.dialect() {
            Dialect::Postgres => self.run(self.restore.clone()).await?,
            Dialect::Sqlite => self.give_session_back().await?,
            Dialect::MySql => {}
        }
        self.commit(&[record, event]).await?;
        Ok(StepOutcome::Done)
    }

    /// Records that a revision was begun; not if another migrator was faster.
    async fn begin_by_statement(&mut self, step: &Step<'_>) -> Result<bool, Error> {
        let state = step.unfinished_state();
        let sql = match step.direction {
            Direction::Up => self.tables.insert(&step.revision, state, "0"),
            Direction::Down => {
                let id = step.revision.id.as_str();
                let mut sql = vec![self.tables.progress(id, state, 0, None)];
                if step.other_text {
                    // What is finished is counted in the text that runs.
                    sql.extend(self.tables.rewrite(&step.revision));
                }
                sql
            }
        };
        match self.session.dialect() {
            Dialect::Sqlite => {}
            // The lock of the working connection keeps everybody out.
            Dialect::MySql => return self.commit(&sql).await.map(|()| true),
            Dialect::Postgres => {
                let (cleaning, cleaned) = self.cleaning();
                let (fence, fences) = self.ledger_lock(step);
                let sql = sql.join(";\n");
                let message = format!("{cleaning}BEGIN;\n{fence}{sql};\nCOMMIT");
                let Err(failure) = self.session.execute(message).await else {
                    self.has_ledger_lock = true;
                    (self.dirty, self.prepared) = (false, false);
                    return Ok(true);
                };
                self.rollback().await;
                let fenced = cleaned + 1 + fences;
                return match kept_out(failure, fenced, fences, self.options.lock_wait) {
                    Ok(outcome) => outcome.map(|_| false),
                    Err(failure) => Err(Error::from(failure.error)),
                };
            }
        }
        self.begin_immediate().await?;
        let begun = match self.holds(&step.guard_sql).await {
            Ok(true) => self.run_all(sql).await.map(|()| true),
            other => other,
        };
        self.end(begun).await
    }

    /// Enters where a revision stopped, and why.
    async fn record_failure(&mut self, step: &Step<'_>, number: usize, message: &str) {
        let id = step.revision.id.as_str();
        let state = step.unfinished_state();
        let record = self.tables.progress(id, state, number, Some(message));
        // The connection may be what failed; then the row says "begun", which is true.
        if let Err(error) = self.commit(&[record]).await {
            tracing::warn!(%error, revision = id, "the failure could not be recorded");
        }
    }

    /// Makes sure that no other migrator can be running. Only PostgreSQL needs it, where the lock is on
    /// a connection that can be cut while this one lives.
    async fn look_at_lock(&mut self, step: &Step<'_>) -> Result<(), Error> {
        match &mut self.guard {
            Some(guard) if guard.dialect() == Dialect::Postgres => {
                let alive = guard.query("SELECT 1".to_owned()).await;
                alive.map(drop).map_err(|source| Error::LockLost {
                    revision: step.revision.id.to_string(),
                    source: source.into(),
                })
            }
            _ => Ok(()),
        }
    }

    /// PostgreSQL: the index that a `CREATE INDEX CONCURRENTLY` has left invalid; it
    /// slows writing, serves nobody, and `IF NOT EXISTS` takes it for done ("Building Indexes
    /// Concurrently" in the manual of CREATE INDEX).
    async fn invalid_index(&mut self, sql: &str) -> Option<String> {
        if self.session.dialect() != Dialect::Postgres
            || !sql.to_ascii_uppercase().contains("CONCURRENTLY")
        {
            return None;
        }
        let invalid = "SELECT i.indexrelid::regclass::text, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                       WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1";
        let rows = match self.session.query(invalid.to_owned()).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(error = %DriverError::from(error), "the indexes could not be read");
                return None;
            }
        };
        rows.into_iter().find_map(|row| {
            let mut row = row.into_iter();
            let (shown, name) = (row.next()??, row.next()??);
            sql.contains(&*name).then_some(shown)
        })
    }
}

impl Step<'_> {
    pub(super) const fn unfinished_state(&self) -> RevisionState {
        match self.direction {
            Direction::Up => RevisionState::Applying,
            Direction::Down => RevisionState::Reverting,
        }
    }

    fn conduct(&self, dialect: Dialect) -> Conduct {
        let statements = self.statements(dialect).iter();
        let texts: Vec<&str> = statements.map(|it| self.revision.sql(*it)).collect();
        let groups = out_of_reach(dialect, &texts);
        match dialect {
            Dialect::Sqlite | Dialect::Postgres => Conduct {
                elsewhere: Vec::new(),
                transactions: groups,
            },
            Dialect::MySql => {
                // What the ledger's statements would count as well.
                let counts = texts.iter().any(|sql| {
                    let sql = sql.to_ascii_uppercase();
                    COUNTS.iter().any(|count| sql.contains(count))
                });
                Conduct {
                    elsewhere: groups.iter().map(|it| counts || it.is_some()).collect(),
                    transactions: vec![None; groups.len()],
                }
            }
        }
    }
}

/// For each statement the one that began the section's own transaction around it.
fn own_transactions<T: AsRef<str>>(
    dialect: Dialect,
    statements: impl Iterator<Item = T>,
) -> Vec<Option<usize>> {
    let mut open = None;
    let mut transactions = Vec::new();
    for (number, sql) in statements.enumerate() {
        let found = lint(dialect, sql.as_ref());
        let control = found.filter(|found| found.kind == FindingKind::TransactionControl);
        match control.map(|found| found.what).as_deref() {
            Some("BEGIN" | "START TRANSACTION") => {
                open = open.or(Some(number));
                transactions.push(open);
            }
            Some(_) => transactions.push(open.take()),
            None => transactions.push(open),
        }
    }
    transactions
}

/// For each statement the one after which a revision's session cannot write the ledger for a while:
/// inside a transaction of the section's own, and on MySQL while tables are locked, or for the rest of
/// the section once it has another database, role, kind of transaction, or no binary log.
pub(crate) fn out_of_reach<T: AsRef<str>>(
    dialect: Dialect,
    statements: &[T],
) -> Vec<Option<usize>> {
    if dialect != Dialect::MySql {
        return own_transactions(dialect, statements.iter().map(AsRef::as_ref));
    }
    let mut open = None;
    let mut locked = false;
    let mut groups = Vec::new();
    for (number, sql) in statements.iter().enumerate() {
        let words = first_words(sql.as_ref());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["UNLOCK", ..] if locked => {
                groups.push(open.take());
                locked = false;
                continue;
            }
            ["LOCK" | "FLUSH", ..] if open.is_none() => {
                open = Some(number);
                locked = true;
            }
            ["USE", ..] | ["SET", "ROLE", ..] => open = open.or(Some(number)),
            ["SET", rest @ ..]
                if rest
                    .iter()
                    .any(|word| matches!(*word, "TRANSACTION" | "SQL_LOG_BIN")) =>
            {
                open = open.or(Some(number));
            }
            _ => {}
        }
        groups.push(open);
    }
    groups
}

/// The words that a statement of MySQL begins with, in capitals, those of `/*! … */` among them.
fn first_words(sql: &str) -> Vec<String> {
    let mut lexer = Lexer::new(Dialect::MySql, sql);
    let mut words = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind == TokenKind::Word {
            words.push(sql[token.start..token.end].to_ascii_uppercase());
        }
        if words.len() == 8 {
            break;
        }
    }
    words
}

impl Conduct {
    fn manner(&self, dialect: Dialect, sql: &str, number: usize) -> Manner {
        let own = self.transactions[number];
        let next = self.transactions.get(number + 1).copied().flatten();
        let keeps_its_own = self.transactions.iter().any(Option::is_some);
        match dialect {
            Dialect::MySql
                if !self.elsewhere[number]
                    && !makes_a_program(sql)
                    && session_effect(dialect, sql) != SessionEffect::Unknown =>
            {
                match begins(sql, &ROWS) {
                    true => Manner::Joined,
                    // Of a statement that changes the schema the server may finish only the first
                    // half of the message when the client is gone.
                    false => Manner::Message,
                }
            }
            Dialect::Postgres | Dialect::Sqlite
                if !keeps_its_own
                    && (begins(sql, &ROWS) || begins(sql, &SCHEMA))
                    && lint(dialect, sql).is_none() =>
            {
                Manner::Joined
            }
            // Nothing that is recorded inside a transaction of the section's own would stay.
            _ => Manner::Apart {
                before: own.is_none_or(|begun| begun == number),
                after: own.is_none() || next != own,
            },
        }
    }
}

/// MySQL's memory of the statement before.
const COUNTS: [&str; 5] = [
    "ROW_COUNT",
    "FOUND_ROWS",
    "WARNING_COUNT",
    "ERROR_COUNT",
    "DIAGNOSTICS",
];

/// The verbs of statements that change rows alone.
const ROWS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "REPLACE"];

/// The verbs of statements that transactions of PostgreSQL and SQLite can hold.
const SCHEMA: [&str; 6] = ["CREATE", "ALTER", "DROP", "TRUNCATE", "COMMENT", "WITH"];

fn begins(sql: &str, verbs: &[&str]) -> bool {
    let word = sql.split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
}

/// Whether a statement that only missed a lock has done nothing: not what PostgreSQL does in parts,
/// and not what runs statements of its own.
fn is_harmless(dialect: Dialect, sql: &str, manner: Manner) -> bool {
    manner == Manner::Joined
        || (dialect == Dialect::MySql && session_effect(dialect, sql) != SessionEffect::Unknown)
}

/// PostgreSQL: lets what waits for older transactions wait. Cancelled, it would leave an invalid
/// index behind ("Building Indexes Concurrently" in the manual of CREATE INDEX).
const PATIENCE: &str = "SELECT set_config('cargo_migrate.lock_timeout', current_setting('lock_timeout'), false), set_config('lock_timeout', '0', false)";

/// Gives the time limit back that [`PATIENCE`] took.
const IMPATIENCE: &str =
    "SELECT set_config('lock_timeout', current_setting('cargo_migrate.lock_timeout'), false)";

fn is_concurrent(sql: &str) -> bool {
    lint(Dialect::Postgres, sql).is_some_and(|found| found.what.ends_with(" CONCURRENTLY"))
}

/// Whether a statement makes a trigger, a routine or an event: MySQL takes its body to the end of the
/// statement with the semicolon, if there is one, and no dump of that can be loaded.
fn makes_a_program(sql: &str) -> bool {
    let mut lexer = Lexer::new(Dialect::MySql, sql);
    let mut words = 0;
    while let Ok(Some(token)) = lexer.next_token() {
        if !token.kind.matters() {
            continue;
        }
        let word = &sql[token.start..token.end];
        let is = |words: &[&str]| words.iter().any(|it| word.eq_ignore_ascii_case(it));
        match words {
            0 if !is(&["CREATE", "ALTER"]) => return false,
            _ if is(&["TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"]) => return true,
            _ if is(&["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER"]) => return false,
            _ => words += 1,
        }
    }
    false
}

/// Adjusts the position of a failure in a statement that had a prefix.
fn shifted_by(before: &str) -> impl FnOnce(Failure) -> Failure {
    let length = before.chars().count();
    move |failure| Failure {
        position: failure.position.and_then(|at| at.checked_sub(length)),
        ..failure
    }
}

/// A failure around a statement, which has no place in it.
fn untold(error: Error) -> Failure {
    Failure {
        finished: 0,
        position: None,
        warnings: Vec::new(),
        error: match error {
            Error::Database(error) => error.into_sqlx(),
            other => sqlx::Error::Protocol(other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, makes_a_program, own_transactions};

    #[test]
    fn programs_of_mysql() {
        for (sql, expected) in [
            (
                "create definer = `a`@`%` /* x */ trigger t before insert on a",
                true,
            ),
            ("CREATE OR REPLACE FUNCTION f() RETURNS INT RETURN 1", true),
            ("ALTER EVENT e DO SELECT 1", true),
            ("CREATE TABLE `trigger` (a INT)", false),
            (
                "CREATE OR REPLACE SQL SECURITY INVOKER VIEW v AS SELECT procedure",
                false,
            ),
            ("DROP TRIGGER t", false),
        ] {
            assert_eq!(makes_a_program(sql), expected, "{sql}");
        }
    }

    #[test]
    fn transactions_of_the_section_itself() {
        let texts = ["x", "BEGIN", "x", "COMMIT", "x", "BEGIN", "END", "BEGIN"];
        let found = own_transactions(Dialect::Postgres, texts.into_iter());
        assert_eq!(
            found,
            [
                None,
                Some(1),
                Some(1),
                Some(1),
                None,
                Some(5),
                Some(5),
                Some(7)
            ]
        );
    }
}
