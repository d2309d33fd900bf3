//! The server is killed, and the next run finishes the work on the one that recovered.

use crate::aftermath::Aftermath;
use crate::killed::Pace;
use crate::migrator::Migrator;
use crate::server::Server;
use crate::{Arena, Result, Tally};

/// Kills a server of its own in the middle of a run, and starts it again on the same data.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn dead_servers(arena: &Arena, revisions: usize) -> Result<Tally> {
    let mut server = Server::start(arena.dialect, &[]).await?;
    let arena = Arena {
        server: server.url().to_owned(),
        ..arena.clone()
    };
    let chain = arena.chain(revisions)?;
    let (expected, undisturbed) = arena.undisturbed(&chain).await?;
    let pace = Pace::of(&undisturbed);
    let aftermath = Aftermath::new(&arena, &chain, &expected);
    let mut tally = arena.tally();
    for round in 1..=arena.rounds {
        let database = arena.database().await;
        let mut random = arena.random(round);
        let mut run = Migrator::start(chain.command(database.url(), &["run"]))?;
        let after = random.usize(0..revisions);
        run.has_done(after).await?;
        pace.spin(after, random.f64());
        server.kill()?;
        let ended = run.end().await?;
        match ended.code {
            Some(0) => tally.saw("finished before the kill"),
            Some(1) if ended.done.is_empty() => {
                tally.saw("dead before the first revision was done");
            }
            Some(1) => tally.saw("dead between or in revisions"),
            _ => tally.flaw(
                round,
                format_args!("it ended with {:?}:\n{}", ended.code, ended.said),
            ),
        }
        tally.judge_words(round, &ended);
        server.start_again().await?;
        aftermath.finish(&database, round, &mut tally).await?;
    }
    Ok(tally)
}
