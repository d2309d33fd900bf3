//! Many migrators start at once on an empty database.

use tokio::task::JoinSet;

use crate::migrator::Migrator;
use crate::picture::Picture;
use crate::{Arena, Result, Tally};

/// Starts many migrators at once: all must succeed, and each statement must have run once.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn many_at_once(arena: &Arena, migrators: usize, revisions: usize) -> Result<Tally> {
    let chain = arena.chain(revisions)?;
    let (expected, _) = arena.undisturbed(&chain).await?;
    let mut tally = arena.tally();
    for round in 1..=arena.rounds {
        let database = arena.database().await;
        let command = chain.command(&arena.url(&database), &["run"]);
        let mut held = Vec::new();
        for _ in 0..migrators {
            held.push(Migrator::hold(&command)?);
        }
        for migrator in &mut held {
            migrator.go().await?;
        }
        let mut running = JoinSet::new();
        for migrator in held {
            running.spawn(migrator.end());
        }
        let mut applied = 0;
        while let Some(ended) = running.join_next().await {
            let ended = ended??;
            applied += ended.done.len();
            match ended.code {
                Some(0) if ended.done.is_empty() => tally.saw("found the work done"),
                Some(0) => tally.saw("had work to do"),
                _ => tally.flaw(round, format_args!("a migrator failed:\n{}", ended.said)),
            }
        }
        if applied != revisions {
            tally.flaw(
                round,
                format_args!("{applied} of {revisions} revisions were reported"),
            );
        }
        if let Some(difference) = expected.difference(&Picture::take(&database).await?) {
            tally.flaw(round, difference);
        }
    }
    Ok(tally)
}
