//! Migrators are killed, and the next one finishes their work.

use std::time::{Duration, Instant};

use crate::aftermath::Aftermath;
use crate::chain::Transactions;
use crate::migrator::{Ended, Migrator};
use crate::picture::Picture;
use crate::{Arena, Error, Result, Tally};

/// Kills a migrator at a random moment, and lets the next one finish.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn killed_migrators(
    arena: &Arena,
    revisions: usize,
    transactions: Transactions,
) -> Result<Tally> {
    let chain = arena.chain_with(revisions, transactions)?;
    let (expected, undisturbed) = arena.undisturbed(&chain).await?;
    let pace = Pace::of(&undisturbed);
    let aftermath = Aftermath::new(arena, &chain, &expected);
    let mut tally = arena.tally();
    for round in 1..=arena.rounds {
        let database = arena.database().await;
        let victim = Migrator::start(chain.command(&arena.url(&database), &["run"]))?;
        kill(victim, &pace, arena.random(round), round, &mut tally).await?;
        aftermath.finish(&database, round, &mut tally).await?;
        if transactions == Transactions::WithSettings {
            let sql = "SELECT COUNT(*) FROM journal WHERE entry IN ('clean', 'set')";
            let rows = database.rows(sql).await;
            if rows != [[(2 * revisions).to_string()]] {
                tally.flaw(
                    round,
                    format_args!("a session was not as it should be: {rows:?}"),
                );
            }
        }
    }
    Ok(tally)
}

/// The same while everything is reverted.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn killed_reverts(arena: &Arena, revisions: usize) -> Result<Tally> {
    const REVERT: [&str; 2] = ["revert", "base"];
    let chain = arena.chain(revisions)?;
    let database = arena.database().await;
    let url = arena.url(&database);
    let done = async |arguments: &[&str]| {
        let ended = Migrator::start(chain.command(&url, arguments))?
            .end()
            .await?;
        match ended.code {
            Some(0) => Ok(ended),
            _ => Err(Error::from(format!(
                "it failed undisturbed:\n{}",
                ended.said
            ))),
        }
    };
    done(&["run"]).await?;
    let pace = Pace::of(&done(&REVERT).await?);
    let expected = Picture::take(&database).await?;
    let aftermath = Aftermath::new(arena, &chain, &expected).of(&REVERT);
    let mut tally = arena.tally();
    for round in 1..=arena.rounds {
        let database = arena.database().await;
        let url = arena.url(&database);
        let run = Migrator::start(chain.command(&url, &["run"]))?;
        if run.end().await?.code != Some(0) {
            return Err("an undisturbed run failed".into());
        }
        let victim = Migrator::start(chain.command(&url, &REVERT))?;
        kill(victim, &pace, arena.random(round), round, &mut tally).await?;
        aftermath.finish(&database, round, &mut tally).await?;
    }
    Ok(tally)
}

/// Kills it after some of its revisions, and a part of the next one.
async fn kill(
    mut victim: Migrator,
    pace: &Pace,
    mut random: fastrand::Rng,
    round: u32,
    tally: &mut Tally,
) -> Result<()> {
    let after = random.usize(0..pace.revisions);
    victim.has_done(after).await?;
    pace.spin(after, random.f64());
    let killed = victim.kill().await?;
    match (killed.code, killed.done.len()) {
        (Some(0), _) => tally.saw("finished before the kill"),
        (Some(_), _) => {
            tally.flaw(round, format_args!("it failed by itself:\n{}", killed.said));
        }
        (None, 0) => tally.saw("killed before the first revision was done"),
        (None, _) => tally.saw("killed between or in revisions"),
    }
    Ok(())
}

/// The pace of an undisturbed run.
pub(crate) struct Pace {
    start: Duration,
    revision: Duration,
    revisions: usize,
}

impl Pace {
    pub(crate) fn of(ended: &Ended) -> Self {
        let start = ended.done.first().copied().unwrap_or_default();
        let last = ended.done.last().copied().unwrap_or_default();
        let count = u32::try_from(ended.done.len()).unwrap_or(1).max(2) - 1;
        Self {
            start,
            revision: (last - start) / count,
            revisions: ended.done.len().max(1),
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

    /// The time until the next revision is reported, and a bit more.
    fn gap(&self, applied: usize) -> Duration {
        match applied {
            0 => self.start,
            _ => self.revision.mul_f64(1.5),
        }
    }
}
