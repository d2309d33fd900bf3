//! The connection to the server is cut, and the next run finishes the work.

use crate::aftermath::Aftermath;
use crate::migrator::Migrator;
use crate::proxy::{Cut, Extent, Proxy, Way};
use crate::{Arena, Result, Tally};

/// Cuts the connections of a migrator after a random byte of its requests or the responses,
/// often in the middle of a message; all of them, or only that one.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn cut_connections(arena: &Arena, revisions: usize) -> Result<Tally> {
    let chain = arena.chain(revisions)?;
    let whole = Proxy::start(&arena.server, None).await?;
    let through = |proxy: &Proxy| {
        Ok::<_, crate::Error>(Arena {
            through: Some(proxy.url(&arena.server)?),
            ..arena.clone()
        })
    };
    let (expected, _) = through(&whole)?.undisturbed(&chain).await?;
    let passed = whole.passed();
    let aftermath = Aftermath::new(arena, &chain, &expected);
    let mut tally = arena.tally();
    for round in 1..=arena.rounds {
        let database = arena.database().await;
        let mut random = arena.random(round);
        let (way, bytes) = match random.bool() {
            true => (Way::Asking, random.u64(1..passed.asking)),
            false => (Way::Answering, random.u64(1..passed.answering)),
        };
        let extent = match random.bool() {
            true => Extent::One,
            false => Extent::All,
        };
        let proxy = Proxy::start(&arena.server, Some(Cut { way, bytes, extent })).await?;
        let url = through(&proxy)?.url(&database);
        let ended = Migrator::start(chain.command(&url, &["run"]))?
            .end()
            .await?;
        match (ended.code, way) {
            _ if !proxy.is_cut() => tally.saw("done before the cut"),
            (Some(0), _) => tally.saw("done all the same"),
            (Some(1), Way::Asking) => tally.saw("cut in a request"),
            (Some(1), Way::Answering) => tally.saw("cut in a response"),
            _ => tally.flaw(
                round,
                format_args!("it ended with {:?}:\n{}", ended.code, ended.said),
            ),
        }
        tally.judge_words(round, &ended);
        aftermath.finish(&database, round, &mut tally).await?;
    }
    Ok(tally)
}
