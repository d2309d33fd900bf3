//! The one loop that applies and reverts, whatever the database.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use migrate_core::{Cascade, Dialect, Direction, Label, Plan, Revision, Stamp, Statement, Target};

use crate::backend::{Failure, Session};
use crate::error::{Error, StatementError};
use crate::event::{Applied, Event, Report};
use crate::ledger::{State, Tables};
use crate::status::{Joined, parse};

type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// Where a run wants to be.
pub(crate) enum Goal {
    Up(Target),
    Down(Target, Cascade),
}

/// One run on one connection.
pub(crate) struct Engine<'a> {
    pub(crate) session: &'a mut dyn Session,
    pub(crate) tables: Tables,
    pub(crate) chain: &'a [Revision],
    /// What this run has finished.
    pub(crate) finished: Vec<Applied>,
    /// On SQLite, the rows that pointed nowhere before the run: `table`, `rowid`, `parent`.
    pub(crate) dangling: Option<BTreeSet<Vec<Option<String>>>>,
    /// On SQLite, whether any table can point to another: else there is nothing to check, which
    /// costs a look at every table.
    pub(crate) references: bool,
}

/// One revision to apply or revert.
struct Step<'a> {
    revision: Cow<'a, Revision>,
    direction: Direction,
    from_ledger: bool,
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
    pub(crate) async fn execute(
        &mut self,
        goal: &Goal,
        resume: bool,
        wait: Duration,
        on_event: Listener<'_>,
    ) -> Result<Report, Error> {
        let direction = match goal {
            Goal::Up(_) => Direction::Up,
            Goal::Down(..) => Direction::Down,
        };
        let foreign_keys = self.foreign_keys_off().await?;
        let worked = self.work(goal, direction, resume, wait, on_event).await;
        if foreign_keys {
            self.session
                .execute("PRAGMA foreign_keys = ON".to_owned())
                .await
                .map_err(|failure| Error::Database(failure.error))?;
        }
        worked?;
        Ok(Report {
            direction,
            steps: std::mem::take(&mut self.finished),
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
        'plan: loop {
            let joined = self.read().await?;
            let plan = match goal {
                Goal::Up(target) => {
                    self.judge(&joined, resume)?;
                    Plan::up(&joined.graph, &joined.applied, target)?
                }
                Goal::Down(target, cascade) => {
                    self.judge_unfinished(&joined, resume, State::Reverting)?;
                    Plan::down(&joined.graph, &joined.applied, target, *cascade)?
                }
            };
            let steps = plan
                .steps
                .iter()
                .map(|index| self.step(&joined, *index, direction))
                .collect::<Result<Vec<_>, _>>()?;
            if steps.is_empty() {
                return Ok(());
            }
            if !planned {
                planned = true;
                on_event(Event::Planned { total: steps.len() });
                self.create_tables(wait).await?;
            }
            let mut rows = joined.rows.len();
            for step in &steps {
                on_event(Event::Started {
                    revision: &step.revision,
                    direction,
                    from_ledger: step.from_ledger,
                });
                let began = Instant::now();
                match self.take(step, rows, wait).await? {
                    Outcome::Done => {}
                    Outcome::Overtaken if direction == Direction::Up => continue 'plan,
                    Outcome::Overtaken => return Err(Error::Concurrent),
                }
                rows = match direction {
                    Direction::Up => rows + usize::from(!step.resuming),
                    Direction::Down => rows - 1,
                };
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
    ) -> Result<Step<'j>, Error> {
        let dialect = self.session.dialect();
        let mut revision = Cow::Borrowed(&joined.revisions[index]);
        let row = joined.row(revision.id.as_str());
        let mut from_ledger = joined.unknown.iter().any(|id| id == revision.id.as_str());
        if let (Direction::Down, Some(row)) = (direction, row)
            && row.state == State::Applied
            && row.hash != revision.hash.to_string()
        {
            revision = Cow::Owned(parse(row)?);
            from_ledger = true;
        }
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
        let unfinished = row.filter(|row| row.state != State::Applied);
        Ok(Step {
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
        let sqlite = self.session.dialect() == Dialect::Sqlite;
        if sqlite {
            self.begin_immediate(wait).await?;
        }
        for table in self.tables.create() {
            if let Err(error) = self.run(table).await {
                if sqlite {
                    self.rollback().await;
                }
                return Err(error);
            }
        }
        if sqlite {
            self.run("COMMIT".to_owned()).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        step: &Step<'_>,
        rows: usize,
        wait: Duration,
    ) -> Result<Outcome, Error> {
        let dialect = self.session.dialect();
        let section = step.revision.section(step.direction, dialect);
        let statements = section
            .and_then(|section| section.statements(dialect))
            .unwrap_or_default();
        let whole = dialect.transactional_ddl()
            && section.is_none_or(|section| section.transaction)
            && !step.resuming;
        match (whole, dialect) {
            (true, Dialect::Sqlite) => self.take_on_sqlite(step, statements, rows, wait).await,
            (true, _) => self.take_at_once(step, statements).await,
            (false, _) => self.take_by_statement(step, statements).await,
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

    /// PostgreSQL: the revision, its row and its event in one transaction and one message.
    async fn take_at_once(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
    ) -> Result<Outcome, Error> {
        let duration =
            "(EXTRACT(EPOCH FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint";
        let mut message = String::from("BEGIN;\n");
        let mut starts = Vec::with_capacity(statements.len());
        for statement in statements {
            starts.push(message.chars().count());
            message.push_str(step.revision.sql(*statement));
            message.push_str(";\n");
        }
        message.push_str(&self.record(step, duration).join(";\n"));
        message.push_str(";\nCOMMIT");
        let Err(failure) = self.session.execute(message).await else {
            return Ok(Outcome::Done);
        };
        self.rollback().await;
        // Its own place tells more than the count: a mistake of grammar is found before any
        // statement ran.
        let number = match failure.position {
            Some(position) => starts
                .iter()
                .rposition(|start| *start <= position)
                .unwrap_or(0),
            None => failure.finished.saturating_sub(1),
        };
        if number >= statements.len() {
            return Err(Error::Database(failure.error));
        }
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
        rows: usize,
        wait: Duration,
    ) -> Result<Outcome, Error> {
        let began = Instant::now();
        self.begin_immediate(wait).await?;
        let done = self.inside_transaction(step, statements, rows, began).await;
        match done {
            Ok(Outcome::Done) => match self.session.execute("COMMIT".to_owned()).await {
                Ok(()) => Ok(Outcome::Done),
                Err(failure) => {
                    self.rollback().await;
                    Err(Error::Database(failure.error))
                }
            },
            Ok(Outcome::Overtaken) => {
                self.rollback().await;
                Ok(Outcome::Overtaken)
            }
            Err(error) => {
                self.rollback().await;
                self.tell_failure(step, &error).await;
                Err(error)
            }
        }
    }

    async fn inside_transaction(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
        rows: usize,
        began: Instant,
    ) -> Result<Outcome, Error> {
        let counted = self
            .session
            .query(self.tables.count())
            .await
            .map_err(Error::Database)?;
        let counted = counted
            .first()
            .and_then(|row| row.first()?.as_deref()?.parse().ok());
        if counted != Some(rows) {
            return Ok(Outcome::Overtaken);
        }
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
        let dangling = self.dangling().await?;
        if let Some(before) = &self.dangling {
            let new: BTreeSet<String> = dangling
                .difference(before)
                .filter_map(|row| row.first()?.clone())
                .collect();
            if !new.is_empty() {
                return Err(Error::ForeignKeys {
                    revision: step.revision.id.to_string(),
                    tables: new.into_iter().collect(),
                });
            }
        }
        for sql in self.record(step, &began.elapsed().as_millis().to_string()) {
            self.run(sql).await?;
        }
        Ok(Outcome::Done)
    }

    /// Where there is no transaction: each finished statement is recorded. On MySQL the record is
    /// in the statement's own message, so that a client that dies in between leaves both or none.
    async fn take_by_statement(
        &mut self,
        step: &Step<'_>,
        statements: &[Statement],
    ) -> Result<Outcome, Error> {
        let began = Instant::now();
        let id = step.revision.id.as_str();
        let state = match step.direction {
            Direction::Up => State::Applying,
            Direction::Down => State::Reverting,
        };
        if !step.resuming {
            self.run(match step.direction {
                Direction::Up => self.tables.insert(&step.revision, state, "0"),
                Direction::Down => self.tables.progress(id, state, 0, None),
            })
            .await?;
        }
        let joined = self.session.dialect() == Dialect::MySql;
        for (number, statement) in statements.iter().enumerate().skip(step.finished) {
            let sql = step.revision.sql(*statement);
            let progress = self.tables.progress(id, state, number + 1, None);
            let ran = if joined {
                self.session.execute(format!("{sql};\n{progress}")).await
            } else {
                match self.session.execute(sql.to_owned()).await {
                    Ok(()) => self.session.execute(progress).await,
                    failed => failed,
                }
            };
            if let Err(failure) = ran {
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

    async fn rollback(&mut self) {
        // A connection that cannot roll back is not given back to the pool, and the server rolls
        // back when it goes.
        if let Err(failure) = self.session.execute("ROLLBACK".to_owned()).await {
            tracing::debug!(error = %failure.error, "the transaction had ended already");
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
    /// 7); says whether they were on.
    async fn foreign_keys_off(&mut self) -> Result<bool, Error> {
        if self.session.dialect() != Dialect::Sqlite {
            return Ok(false);
        }
        let rows = self
            .session
            .query("PRAGMA foreign_keys".to_owned())
            .await
            .map_err(Error::Database)?;
        let on = rows.first().and_then(|row| row.first()?.as_deref()) == Some("1");
        if on {
            let tables = "SELECT 1 FROM sqlite_master WHERE sql LIKE '%REFERENCES%' LIMIT 1";
            let found = self
                .session
                .query(tables.to_owned())
                .await
                .map_err(Error::Database)?;
            self.references = !found.is_empty();
            self.dangling = Some(self.dangling().await?);
            self.run("PRAGMA foreign_keys = OFF".to_owned()).await?;
        }
        Ok(on)
    }

    /// The rows that point nowhere.
    async fn dangling(&mut self) -> Result<BTreeSet<Vec<Option<String>>>, Error> {
        if !self.references {
            return Ok(BTreeSet::new());
        }
        let rows = self
            .session
            .query("PRAGMA foreign_key_check".to_owned())
            .await
            .map_err(Error::Database)?;
        Ok(rows.into_iter().collect())
    }

    async fn begin_immediate(&mut self, wait: Duration) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            match self.session.execute("BEGIN IMMEDIATE".to_owned()).await {
                Ok(()) => return Ok(()),
                // SQLITE_BUSY; the driver has waited its own time already.
                Err(Failure { error, .. })
                    if error
                        .as_database_error()
                        .and_then(|error| error.code())
                        .as_deref()
                        == Some("5") =>
                {
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
    pub(crate) async fn stamp(&mut self, targets: &[Target], purge: bool) -> Result<Stamp, Error> {
        let rows = match purge {
            true => Vec::new(),
            false => self.tables.read(self.session).await?.unwrap_or_default(),
        };
        let joined = Joined::join(self.chain, rows)?;
        if !purge {
            self.judge(&joined, false)?;
        }
        let stamp = Stamp::new(&joined.graph, &joined.applied, targets)?;
        self.create_tables(crate::backend::LOCK_WAIT).await?;
        let mut sql = Vec::new();
        if purge {
            for row in self.tables.read(self.session).await?.unwrap_or_default() {
                sql.push(self.tables.delete(&row.revision));
            }
        }
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
        if !sql.is_empty() {
            let message = format!("BEGIN;\n{};\nCOMMIT", sql.join(";\n"));
            if let Err(failure) = self.session.execute(message).await {
                self.rollback().await;
                return Err(Error::Database(failure.error));
            }
        }
        Ok(stamp)
    }
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
