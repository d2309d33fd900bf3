//! A revision statement by statement, where no transaction holds it.

use std::time::Instant;

use migrate_core::sql::{FindingKind, Lexer, lint};
use migrate_core::{Dialect, Direction, Label, Statement};

use super::transaction::kept_out;
use super::{Engine, InDoubt, Listener, Outcome, Step};
use crate::backend::Failure;
use crate::driver_error::{DriverError, missed_lock, timed_out};
use crate::error::Error;
use crate::ledger::{IN_DOUBT, State};

impl Engine<'_> {
    /// Where there is no transaction: each finished statement is recorded. On MySQL the record is
    /// in the statement's own message, and in its transaction where it has one.
    pub(super) async fn take_by_statement(
        &mut self,
        step: &Step<'_>,
        on_event: Listener<'_>,
    ) -> Result<Outcome, Error> {
        let began = Instant::now();
        let dialect = self.session.dialect();
        let id = step.revision.id.as_str();
        let state = step.unfinished_state();
        if !step.resuming && !self.begin_by_statement(step, state).await? {
            return Ok(Outcome::Overtaken);
        }
        if let Some(limits) = self.limiting(step, false) {
            self.run(limits).await?;
        }
        let statements = step.statements(dialect);
        let first = self.first_statement(step).await?;
        for (number, statement) in statements.iter().enumerate().skip(first) {
            let sql = step.revision.sql(*statement);
            let mut retries = 0;
            let failure = loop {
                if let Err(stopped) = self.stop.check() {
                    let record = self
                        .tables
                        .progress(id, state, number, Some("it was stopped"));
                    self.run(record).await?;
                    return Err(stopped);
                }
                self.look_at_lock(step).await?;
                let Err(failure) = self.one(step, sql, number).await else {
                    break None;
                };
                if dialect != Dialect::Sqlite {
                    self.rollback().await;
                }
                // What only missed a lock has done nothing, but for what PostgreSQL does in parts.
                let harmless = dialect == Dialect::MySql || step.can_join(dialect, sql);
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
                self.record_failure(step, number, &message).await;
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

    /// Where to go on: behind what was finished.
    async fn first_statement(&mut self, step: &Step<'_>) -> Result<usize, Error> {
        let statements = step.statements(self.session.dialect());
        let Some(statement) = statements.get(step.finished).filter(|_| step.in_doubt) else {
            return Ok(step.finished);
        };
        match self.options.in_doubt {
            InDoubt::Again => Ok(step.finished),
            InDoubt::Done => {
                let id = step.revision.id.as_str();
                let done = step.finished + 1;
                let progress = self
                    .tables
                    .progress(id, step.unfinished_state(), done, None);
                self.run(progress).await?;
                Ok(done)
            }
            InDoubt::Refuse => {
                let revision = &step.revision;
                let line = revision.sql(*statement).lines().next().unwrap_or_default();
                let start = statement.start as usize;
                let place = start..start + line.len();
                Err(Error::InDoubt {
                    revision: revision.id.to_string(),
                    number: step.finished + 1,
                    of: statements.len(),
                    label: Box::new(Label::at(&revision.file, &revision.text, place, "")),
                    reverting: step.direction == Direction::Down,
                })
            }
        }
    }

    /// Runs a statement and records it, in one transaction where that can be. What cannot is
    /// recorded beforehand as in doubt: a death in between tells no other story.
    async fn one(&mut self, step: &Step<'_>, sql: &str, number: usize) -> Result<(), Failure> {
        let dialect = self.session.dialect();
        let (id, state) = (step.revision.id.as_str(), step.unfinished_state());
        let doubt = self.tables.progress(id, state, number, Some(IN_DOUBT));
        let progress = self.tables.progress(id, state, number + 1, None);
        let limits = step.limits(dialect, self.options.limits);
        let time = limits.statement.filter(|limit| !limit.is_zero());
        match (dialect, step.can_join(dialect, sql)) {
            (Dialect::MySql, true) => {
                let message = format!("BEGIN;\n{sql};\nSHOW WARNINGS;\n{progress};\nCOMMIT");
                self.in_time(message, time).await
            }
            (Dialect::MySql, false) if makes_a_program(sql) => {
                self.in_time(format!("{doubt}; {sql}"), time).await?;
                let record = format!("SHOW WARNINGS;\n{progress}");
                self.session.execute(record).await
            }
            (Dialect::MySql, false) => {
                let message = format!("{doubt}; {sql};\nSHOW WARNINGS;\n{progress}");
                match self.in_time(message, time).await {
                    // Who ends a statement that takes long may meet its record.
                    Err(failure) if finished(sql, &failure) && timed_out(&failure.error) => {
                        self.session.execute(progress).await
                    }
                    ran => ran,
                }
            }
            (Dialect::Postgres, true) => {
                let begin = format!("{}BEGIN;\n", self.stop.mark(dialect));
                let message = format!("{begin}{sql};\n{progress};\nCOMMIT");
                self.session.execute(message).await.map_err(behind(&begin))
            }
            (Dialect::Sqlite, true) => {
                self.begin_immediate().await.map_err(untold)?;
                self.stop.limit(time);
                let mut ran = self.session.execute(sql.to_owned()).await;
                self.stop.limit(None);
                if ran.is_ok() {
                    ran = self.session.execute(progress).await;
                }
                match ran {
                    Ok(()) => self.end(Ok(())).await.map_err(untold),
                    Err(failure) => {
                        self.rollback().await;
                        Err(failure)
                    }
                }
            }
            (Dialect::Postgres | Dialect::Sqlite, false) => {
                let mark = self.stop.mark(dialect);
                self.session.execute(doubt).await?;
                self.stop.limit(time);
                let ran = self.session.execute(format!("{mark}{sql}")).await;
                self.stop.limit(None);
                ran.map_err(behind(&mark))?;
                self.session.execute(progress).await
            }
        }
    }

    async fn finish_by_statement(
        &mut self,
        step: &Step<'_>,
        began: Instant,
    ) -> Result<Outcome, Error> {
        let id = step.revision.id.as_str();
        let millis = began.elapsed().as_millis();
        let (record, kind) = match step.direction {
            Direction::Up => (self.tables.finish(&step.revision, millis), "apply"),
            Direction::Down => (self.tables.delete(id), "revert"),
        };
        let event = self.tables.event(kind, id, &millis.to_string(), "");
        let restore = match self.session.dialect() {
            Dialect::Postgres => self.restore.clone(),
            Dialect::Sqlite | Dialect::MySql => String::new(),
        };
        self.commit(&restore, &[record, event]).await?;
        Ok(Outcome::Done)
    }

    /// Enters that a revision was begun; not where somebody else was quicker.
    async fn begin_by_statement(&mut self, step: &Step<'_>, state: State) -> Result<bool, Error> {
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
                let (fence, fences) = self.fence(step);
                let message = format!("BEGIN;\n{fence}{sql};\nCOMMIT");
                let Err(failure) = self.session.execute(message).await else {
                    self.fenced = true;
                    return Ok(true);
                };
                self.rollback().await;
                return match kept_out(failure, 1 + fences, fences, self.options.lock_wait) {
                    Ok(outcome) => outcome.map(|_| false),
                    Err(failure) => Err(Error::from(failure.error)),
                };
            }
        }
        self.begin_immediate().await?;
        let begun = match self.holds(&step.unchanged).await {
            Ok(true) => self.run(sql).await.map(|()| true),
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
        if let Err(failure) = self.session.execute(record).await {
            tracing::warn!(error = %failure.message(), revision = id, "the failure could not be recorded");
        }
    }

    /// Sees to it that nobody else can be at work. Only PostgreSQL needs it, where the lock is on
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

    /// PostgreSQL: the index that a `CREATE INDEX CONCURRENTLY` has left behind half built; it
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
                tracing::warn!(error = %DriverError::from(error), "no look could be had at the indexes");
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
    const fn unfinished_state(&self) -> State {
        match self.direction {
            Direction::Up => State::Applying,
            Direction::Down => State::Reverting,
        }
    }
}

impl Step<'_> {
    /// Whether a statement and its record can be one transaction: not where the database refuses
    /// it inside of one, or commits by itself, and not where the section keeps transactions of its
    /// own.
    fn can_join(&self, dialect: Dialect, sql: &str) -> bool {
        const ROWS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
        const SCHEMA: [&str; 6] = ["CREATE", "ALTER", "DROP", "TRUNCATE", "COMMENT", "WITH"];
        let word = sql.split(|c: char| !c.is_ascii_alphabetic()).next();
        let begins = |verbs: &[&str]| {
            word.is_some_and(|word| verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
        };
        let joins = match dialect {
            // Of a statement that changes the schema the server may finish only the first half of
            // the message when the client is gone.
            Dialect::MySql => begins(&ROWS),
            Dialect::Sqlite | Dialect::Postgres => {
                (begins(&ROWS) || begins(&SCHEMA)) && lint(dialect, sql).is_none()
            }
        };
        let keeps_its_own = |statement: &Statement| {
            let found = lint(dialect, self.revision.sql(*statement));
            found.is_some_and(|found| found.kind == FindingKind::TransactionControl)
        };
        joins && !self.statements(dialect).iter().any(keeps_its_own)
    }
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

/// Whether a statement of MySQL ended well in a message that did not, where it stands second. What a
/// procedure returns is counted as more.
fn finished(sql: &str, failure: &Failure) -> bool {
    let calls = sql
        .get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case("call"));
    matches!(failure.finished, 2 | 3) && !calls
}

/// Places a failure in a statement that something stood before.
fn behind(before: &str) -> impl FnOnce(Failure) -> Failure {
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
    use super::makes_a_program;

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
}
