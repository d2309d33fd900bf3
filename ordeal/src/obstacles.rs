//! Temporary obstacles: the run must report them clearly, leave nothing unfinished, and succeed
//! once they are gone.

mod endless;
mod full_disk;
mod locked;
mod no_permission;
mod read_only;

use migrate_tests::TestDatabase;

use crate::aftermath::Aftermath;
use crate::chain::Chain;
use crate::migrator::{Ended, Migrator, wrapped_in};
use crate::picture::Picture;
use crate::{Arena, Result, Tally};

pub use endless::endless_statement;
pub use full_disk::full_disk;
pub use locked::locked_table;
pub use no_permission::no_permission;
pub use read_only::read_only_database;

/// How many revisions are applied before the obstacle is met.
const BEFORE: usize = 3;

/// A run that meets an obstacle.
struct Stage<'a> {
    arena: &'a Arena,
    chain: Chain,
    expected: Picture,
    /// What the command begins with, such as a program that drops privileges.
    before: Vec<String>,
}

impl<'a> Stage<'a> {
    /// A chain whose last revision runs `sql`, which has no obstacle yet.
    async fn new(arena: &'a Arena, sql: &str) -> Result<Self> {
        Self::prepared(arena, sql, "").await
    }

    /// The same, where databases begin with this.
    async fn prepared(arena: &'a Arena, sql: &str, prepared: &str) -> Result<Self> {
        let mut chain = arena.chain(BEFORE)?;
        chain.add_between(sql)?;
        let database = arena.database().await;
        if !prepared.is_empty() {
            database.execute(prepared).await;
        }
        let run = Migrator::start(chain.command(database.url(), &["run"]))?;
        let ended = run.end().await?;
        if ended.code != Some(0) {
            return Err(format!("an undisturbed run failed:\n{}", ended.said).into());
        }
        Ok(Self {
            arena,
            chain,
            expected: Picture::take(&database).await?,
            before: Vec::new(),
        })
    }

    fn start(&self, url: &str, arguments: &[&str]) -> Result<Migrator> {
        let command = self.chain.command(url, arguments);
        Migrator::start(match self.before.is_empty() {
            true => command,
            false => wrapped_in(&self.before, &command),
        })
    }

    /// Applies what goes before the obstacle.
    async fn apply_before(&self, url: &str) -> Result<()> {
        let ended = self.start(url, &["run", "r002"])?.end().await?;
        match ended.code {
            Some(0) => Ok(()),
            _ => Err(format!("failed before the obstacle:\n{}", ended.said).into()),
        }
    }

    /// Judges a run that the obstacle has stopped: its status, and its words, one of which must
    /// name what is wrong.
    fn judge(&self, ended: &Ended, code: i32, word: &str, tally: &mut Tally) {
        let error = ended.said.lines().find(|line| line.starts_with("error: "));
        match error {
            Some(line) if ended.code == Some(code) && ended.said.contains(word) => {
                tally.saw(&format!("`{line}` … `{word}`"));
            }
            _ => tally.flaw(
                1,
                format_args!("it ended with {:?}:\n{}", ended.code, ended.said),
            ),
        }
    }

    /// Checks that a run has changed nothing, if the database can roll back.
    fn unchanged(&self, before: &Picture, after: &Picture, tally: &mut Tally) {
        if let (true, Some(difference)) = (
            self.arena.dialect.transactional_ddl(),
            before.difference(after),
        ) {
            tally.flaw(1, format_args!("partly done: {difference}"));
        }
    }

    /// Meets the obstacle with this run, and checks that nothing has changed.
    async fn meet(
        &self,
        database: &TestDatabase,
        url: &str,
        arguments: &[&str],
        word: &str,
        tally: &mut Tally,
    ) -> Result<()> {
        let before = Picture::take(database).await?;
        let ended = self.start(url, arguments)?.end().await?;
        self.judge(&ended, 1, word, tally);
        self.unchanged(&before, &Picture::take(database).await?, tally);
        Ok(())
    }

    /// The obstacle is gone.
    async fn finish(&self, database: &TestDatabase, tally: &mut Tally) -> Result<()> {
        let aftermath = Aftermath::new(self.arena, &self.chain, &self.expected);
        aftermath.finish(database, 1, tally).await
    }
}
