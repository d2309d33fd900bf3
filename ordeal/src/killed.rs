//! Migrators are killed, and the next one finishes their work.

use std::time::{Duration, Instant};

use crate::aftermath::Aftermath;
use crate::chain::Transactions;
use crate::migrator::{Ended, Migrator};
use crate::{Arena, Result, Tally};

/// Kills a migrator at a random moment, and lets the next one finish.
///
/// # Errors
///
/// The machine does not allow to try it.
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
        let mut random = arena.random(round);
        let mut victim = Migrator::start(chain.command(&arena.url(&database), &["run"]))?;
        let after = random.usize(0..revisions);
        victim.has_applied(after).await?;
        pace.spin(after, random.f64());
        let killed = victim.kill().await?;
        match (killed.code, killed.applied.len()) {
            (Some(0), _) => tally.saw("done before the blow"),
            (Some(_), _) => {
                tally.flaw(round, format_args!("it failed by itself:\n{}", killed.said));
            }
            (None, 0) => tally.saw("killed before the first revision was done"),
            (None, _) => tally.saw("killed between or in revisions"),
        }
        aftermath.finish(&database, round, &mut tally).await?;
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
