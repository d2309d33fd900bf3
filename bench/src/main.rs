//! Measures cargo migrate beside sqlx and the databases' own clients, in one run on one machine:
//!
//! ```console
//! $ ./tests/with-servers cargo run --release -p migrate-bench
//! ```
//!
//! Rounds are interleaved and the median counts, so that what else the machine does falls on all
//! alike. Only the ratios say something; the times are those of this machine. The words `check`,
//! `apply`, `start` and `embed` choose what is measured, a number chooses how many revisions.
//!
//! The word `introspect` reads the schema of a thousand tables, beside what the database's own client
//! needs to write it down.
//!
//! The word `cost` measures what an application pays for embedding, beside `sqlx::migrate!`, refinery
//! and diesel_migrations: CPU time of a cold build, and the size of the binary. It needs no server.
//!
//! The word `scale` measures something else, without servers: whether the command's work grows with
//! the chain and no faster. So does `diff`: how long two large schemas take to compare.

mod apply;
mod chain;
mod check;
mod cost;
mod diff;
mod embed;
mod introspect;
mod scale;
mod start;

use std::time::Duration;

use chain::Chain;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000);
    let words: Vec<&String> = arguments
        .iter()
        .filter(|argument| argument.parse::<usize>().is_err())
        .collect();
    if words.iter().any(|word| *word == "scale") {
        return scale::measure();
    }
    if words.iter().any(|word| *word == "cost") {
        return cost::measure();
    }
    if words.iter().any(|word| *word == "diff") {
        diff::measure();
        return Ok(());
    }
    if words.iter().any(|word| *word == "introspect") {
        return introspect::measure().await;
    }
    let wanted = |word: &str| words.is_empty() || words.iter().any(|given| *given == word);

    let chain = Chain::write(count)?;
    println!("{count} revisions, a table and an index each; medians\n");
    println!(
        "{:<34} {:>14} {:>26} {:>8}",
        "", "cargo migrate", "beside", "ratio"
    );
    if wanted("check") {
        check::measure(&chain).await?;
    }
    if wanted("start") {
        start::measure(&chain).await?;
    }
    if wanted("apply") {
        apply::measure(&chain).await?;
    }
    if wanted("embed") {
        embed::measure(&chain)?;
    }
    Ok(())
}

/// Prints a line of the table: the times of several rounds as their medians, and their ratio.
fn compare(what: &str, ours: &[Duration], beside: &str, theirs: &[Duration]) {
    let (ours, theirs) = (median(ours), median(theirs));
    line(
        what,
        &millis(ours),
        &format!("{beside} {}", millis(theirs)),
        ours.as_secs_f64() / theirs.as_secs_f64(),
    );
}

fn line(what: &str, ours: &str, beside: &str, ratio: f64) {
    println!("{what:<34} {ours:>14} {beside:>26} {ratio:>8.2}");
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
