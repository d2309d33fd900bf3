//! Migrators are killed, and the next one finishes their work.

use std::time::{Duration, Instant};

use migrate_core::Dialect;
use migrate_tests::TestDatabase;

use crate::chain::Chain;
use crate::migrator::{Ended, Migrator};
use crate::picture::Picture;
use crate::{Arena, Result, Tally};

/// Kills a migrator at a random moment, and lets the next one finish.
///
/// # Errors
///
/// The machine does not allow to try it.
pub async fn killed_migrators(arena: &Arena, revisions: usize) -> Result<Tally> {
    let chain = arena.chain(revisions)?;
    let (expected, undisturbed) = arena.undisturbed(&chain).await?;
    let pace = Pace::of(&undisturbed);
    let mut tally = arena.tally();
    for round in 1..=arena.rounds {
        let database = arena.database().await;
        let mut random = arena.random(round);
        let mut victim = Migrator::start(chain.command(&arena.url(&database), &["run"]))?;
        let after = random.usize(0..revisions);
        victim.has_applied(after).await?;
        pace.spin(after, random.f64());
        let killed = victim.kill().await?;
        match (killed.code, killed.applied.len()) {
            (Some(0), _) => tally.saw("done before the blow"),
            (Some(_), _) => {
                tally.flaw(round, format_args!("it failed by itself:\n{}", killed.said))
            }
            (None, 0) => tally.saw("killed before the first revision was done"),
            (None, _) => tally.saw("killed between or in revisions"),
        }
        finish(arena, &chain, &database, round, &mut tally).await?;
        if let Some(difference) = expected.difference(&Picture::take(&database).await?) {
            tally.flaw(round, difference);
        }
    }
    Ok(tally)
}

/// How an undisturbed run gets on.
pub(crate) struct Pace {
    start: Duration,
    revision: Duration,
}

impl Pace {
    pub(crate) fn of(ended: &Ended) -> Self {
        let start = ended.applied.first().copied().unwrap_or_default();
        let last = ended.applied.last().copied().unwrap_or_default();
        let count = u32::try_from(ended.applied.len()).unwrap_or(1).max(2) - 1;
        Self {
            start,
            revision: (last - start) / count,
        }
    }

    /// Lets a part of the time to the next revision pass, or a bit more.
    pub(crate) fn spin(&self, applied: usize, part: f64) {
        let since = Instant::now();
        let delay = self.gap(applied).mul_f64(part);
        // A sleep is too coarse for what takes a millisecond.
        while since.elapsed() < delay {
            std::hint::spin_loop();
        }
    }

    /// How long until the next revision is told of, and a bit.
    fn gap(&self, applied: usize) -> Duration {
        match applied {
            0 => self.start,
            _ => self.revision.mul_f64(1.5),
        }
    }
}

/// What runs after a disaster: the command as its documentation says.
pub(crate) async fn finish(
    arena: &Arena,
    chain: &Chain,
    database: &TestDatabase,
    round: u32,
    tally: &mut Tally,
) -> Result<()> {
    let arguments: &[&str] = match arena.dialect {
        Dialect::Sqlite | Dialect::Postgres => &["run"],
        Dialect::MySql => &["run", "--resume"],
    };
    let mut mended = false;
    loop {
        let run = Migrator::start(chain.command(&arena.url(database), arguments))?;
        let ended = run.end().await?;
        if ended.code == Some(0) {
            return Ok(());
        }
        // A statement that was finished, and not recorded, is refused the second time.
        let known = ended.said.contains("already exists") || ended.said.contains("Duplicate ");
        if mended || !known || arena.dialect != Dialect::MySql {
            tally.flaw(round, format_args!("the next run failed:\n{}", ended.said));
            return Ok(());
        }
        mended = true;
        tally.saw("finished statement without its record, told by the next run");
        take_back(chain, database).await?;
    }
}

/// Does what a person would: takes the statement back that the ledger does not know of.
async fn take_back(chain: &Chain, database: &TestDatabase) -> Result<()> {
    let sql = "SELECT CONCAT(revision, ''), CONCAT(statements, '') FROM migrate_revision WHERE state = 'applying'";
    let rows = database.rows(sql).await;
    let [revision, finished] = rows.first().map(Vec::as_slice).unwrap_or_default() else {
        return Err("no revision is unfinished".into());
    };
    let number: usize = revision.trim_start_matches('r').parse()?;
    let finished: usize = finished.parse()?;
    let statements = chain.statements(number);
    let (_, back) = statements.get(finished).ok_or("all of it is finished")?;
    database.execute(back).await;
    Ok(())
}
