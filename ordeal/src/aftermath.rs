//! Finishes the work after a failure, and checks the result.

use std::time::Instant;

use migrate_core::Dialect;
use migrate_tests::TestDatabase;

use crate::chain::{Chain, Statement};
use crate::migrator::{Migrator, PATIENCE};
use crate::picture::Picture;
use crate::{Arena, Result, Tally};

/// How the work is finished, as the command's documentation says, and what the database must be
/// then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aftermath<'a> {
    arena: &'a Arena,
    chain: &'a Chain,
    expected: &'a Picture,
    work: &'a [&'a str],
}

impl<'a> Aftermath<'a> {
    pub(crate) const fn new(arena: &'a Arena, chain: &'a Chain, expected: &'a Picture) -> Self {
        Self {
            arena,
            chain,
            expected,
            work: &["run"],
        }
    }

    /// The same for other work than a run.
    pub(crate) const fn of(self, work: &'a [&'a str]) -> Self {
        Self { work, ..self }
    }

    /// Runs the rest and judges the database.
    pub(crate) async fn finish(
        self,
        database: &TestDatabase,
        round: u32,
        tally: &mut Tally,
    ) -> Result<()> {
        let mut arguments = self.work.to_vec();
        if self.chain.stops_halfway() {
            arguments.push("--resume");
        }
        let unrecorded = self.unrecorded(database).await?;
        if let Some(statement) = &unrecorded {
            tally.saw("with a statement that was finished but not recorded");
            if statement.sql.starts_with("INSERT") {
                tally.flaw(
                    round,
                    format_args!("`{}` and its record are one transaction", statement.sql),
                );
            }
        }
        let run = |words: &[&str]| {
            let url = self.arena.url(database);
            Migrator::start(self.chain.command(&url, words))
        };
        let mut ended = run(&arguments)?.end().await?;
        if ended.code == Some(1) && ended.said.contains("it is unknown whether") {
            tally.saw("where the next run asked whether a statement was finished");
            // As a person would after checking.
            let answer = match unrecorded {
                Some(_) => "--resume=done",
                None => "--resume=again",
            };
            let mut answering = self.work.to_vec();
            answering.push(answer);
            ended = run(&answering)?.end().await?;
        }
        if ended.code != Some(0) {
            tally.flaw(round, format_args!("the next run failed:\n{}", ended.said));
            return Ok(());
        }
        if let Some(difference) = self.expected.difference(&Picture::take(database).await?) {
            tally.flaw(round, difference);
        }
        Ok(())
    }

    /// The statement that was finished but not recorded. There can be one if
    /// statements commit implicitly: each change of the schema on MySQL and MariaDB, and all of a
    /// `no-transaction` section.
    async fn unrecorded(self, database: &TestDatabase) -> Result<Option<Statement>> {
        let is_ledger = |table: &String| table == "migrate_revision";
        if !self.chain.stops_halfway() {
            return Ok(None);
        }
        self.quiet(database).await?;
        if !database.tables().await.iter().any(is_ledger) {
            return Ok(None);
        }
        let sql = "SELECT revision, statements FROM migrate_revision WHERE state = 'applying'";
        let rows = database.rows(sql).await;
        let Some([revision, finished]) = rows.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        let number: usize = revision.trim_start_matches('r').parse()?;
        let finished: usize = finished.parse()?;
        let Some(statement) = self.chain.statements(number).into_iter().nth(finished) else {
            return Ok(None);
        };
        let needs_journal = statement.done.contains("FROM journal");
        if needs_journal
            && !database
                .tables()
                .await
                .iter()
                .any(|table| table == "journal")
        {
            return Ok(None);
        }
        let done = !database.rows(&statement.done).await.is_empty();
        Ok(done.then_some(statement))
    }

    /// Waits until the server has finished what a killed migrator had sent: until then a record only
    /// seems to be missing.
    async fn quiet(self, database: &TestDatabase) -> Result<()> {
        let working = match self.arena.dialect {
            Dialect::Sqlite => return Ok(()),
            Dialect::Postgres => {
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
            }
            Dialect::MySql => {
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            }
        };
        let began = Instant::now();
        while !database.rows(working).await.is_empty() {
            if began.elapsed() > PATIENCE {
                return Err("the server does not end what it was sent".into());
            }
        }
        Ok(())
    }
}
