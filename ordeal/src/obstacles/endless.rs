//! A statement that never ends.

use std::path::Path;

use migrate_core::Dialect;

use super::{BEFORE, Stage};
use crate::arena::file;
use crate::picture::Picture;
use crate::{Arena, Result, Tally};

/// Interrupts a run inside a statement that never ends, as Ctrl-C does.
///
/// # Errors
///
/// This machine cannot run it.
pub async fn endless_statement(arena: &Arena) -> Result<Tally> {
    let mut tally = Tally::new(1);
    let (sql, inside) = match arena.dialect {
        Dialect::Sqlite => (
            "INSERT INTO t_003 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n, patience WHERE patience.ends = 0) SELECT i FROM n WHERE i < 0",
            "",
        ),
        Dialect::Postgres => (
            "SELECT pg_sleep(100000) FROM patience WHERE ends = 0",
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
        ),
        Dialect::MySql => (
            "SELECT SLEEP(100000) FROM patience WHERE ends = 0",
            "SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep' AND db = DATABASE()",
        ),
    };
    let patience = "CREATE TABLE patience (ends INTEGER NOT NULL); INSERT INTO patience VALUES";
    let stage = Stage::prepared(arena, sql, &format!("{patience} (1)")).await?;
    let database = arena.database().await;
    database.execute(&format!("{patience} (0)")).await;
    stage.apply_before(database.url()).await?;
    let before = Picture::take(&database).await?;
    let mut run = stage.start(database.url(), &["run"])?;
    match inside {
        "" => {
            // SQLite has begun when it has a journal.
            let journal = format!("{}-journal", file(database.url()).display());
            while !Path::new(&journal).exists() && run.is_alive()? {}
        }
        inside => while database.rows(inside).await.is_empty() && run.is_alive()? {},
    }
    run.interrupt()?;
    let ended = run.end().await?;
    stage.judge(&ended, 130, "stopped", &mut tally);
    if !ended.done.is_empty() {
        tally.flaw(
            1,
            format_args!(
                "{} revisions were reported after the first {BEFORE}",
                ended.done.len()
            ),
        );
    }
    stage.unchanged(&before, &Picture::take(&database).await?, &mut tally);
    database.execute("UPDATE patience SET ends = 1").await;
    stage.finish(&database, &mut tally).await?;
    Ok(tally)
}
