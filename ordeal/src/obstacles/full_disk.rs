//! A full disk.

use std::path::Path;

use migrate_core::Dialect;
use migrate_tests::TestDatabase;

use super::Stage;
use crate::disk::Disk;
use crate::picture::Picture;
use crate::process::is_root;
use crate::server::Server;
use crate::{Arena, Result, Tally};

/// Fills the disk below the database inside a revision, and then frees space.
///
/// # Errors
///
/// This machine cannot run it: a disk needs root or user namespaces.
pub async fn full_disk(arena: &Arena) -> Result<Tally> {
    let mut tally = Tally::new(1);
    match arena.dialect {
        Dialect::Sqlite => sqlite(arena, &mut tally).await?,
        Dialect::Postgres => {
            let fill = "INSERT INTO t_003 SELECT generate_series(1, 600000)";
            let stage = Stage::new(arena, fill).await?;
            let mut disk = Disk::with_room(16 * 1024)?;
            let server = Server::start_on(arena.dialect, &[], Some(&disk)).await?;
            let tablespace = disk.path().join("tablespace");
            let folder = tablespace.display();
            disk.run_line(&format!("mkdir -m 700 {folder}"))?;
            if is_root()? {
                disk.run_line(&format!("chown nobody {folder}"))?;
            }
            let own = TestDatabase::existing(server.url());
            let made = format!("CREATE TABLESPACE tiny LOCATION '{}'", tablespace.display());
            own.execute(&made).await;
            own.execute("CREATE DATABASE tiny TABLESPACE tiny").await;
            let database = TestDatabase::existing(&server.database("tiny"));
            meet(
                &stage,
                &database,
                &mut disk,
                "No space left on device",
                &mut tally,
            )
            .await?;
        }
        Dialect::MySql => {
            let fill = "INSERT INTO t_003 SELECT 1 FROM information_schema.collations a, information_schema.collations b, information_schema.collations c LIMIT 600000";
            let stage = Stage::new(arena, fill).await?;
            // Its databases are folders: this one is the disk.
            let mut disk = Disk::with_room(8 * 1024)?;
            let server = Server::start_on(arena.dialect, &[], Some(&disk)).await?;
            let folder = server.data().join("tiny");
            disk.run_line(&format!(
                "mkdir {0} && mount --bind {1} {0}",
                folder.display(),
                disk.path().display()
            ))?;
            let database = TestDatabase::existing(&server.database("tiny"));
            meet(&stage, &database, &mut disk, "is full", &mut tally).await?;
        }
    }
    Ok(tally)
}

async fn meet(
    stage: &Stage<'_>,
    database: &TestDatabase,
    disk: &mut Disk,
    word: &str,
    tally: &mut Tally,
) -> Result<()> {
    stage.apply_before(database.url()).await?;
    stage
        .meet(database, database.url(), &["run"], word, tally)
        .await?;
    disk.grow()?;
    stage.finish(database, tally).await
}

/// The command itself works on the disk, which only it sees: it is judged by copies.
async fn sqlite(arena: &Arena, tally: &mut Tally) -> Result<()> {
    let fill = "INSERT INTO t_003 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n";
    let mut stage = Stage::new(arena, fill).await?;
    let mut disk = Disk::with_room(1024)?;
    stage.before = disk.enter()?;
    let url = format!(
        "sqlite://{}?mode=rwc",
        disk.path().join("tiny.db").display()
    );
    stage.apply_before(&url).await?;
    let copies = tempfile::tempdir()?;
    let before = picture(&mut disk, &copies.path().join("before.db")).await?;
    let ended = stage.start(&url, &["run"])?.end().await?;
    stage.judge(&ended, 1, "disk is full", tally);
    let after = picture(&mut disk, &copies.path().join("after.db")).await?;
    stage.unchanged(&before, &after, tally);
    disk.grow()?;
    let ended = stage.start(&url, &["run"])?.end().await?;
    if ended.code != Some(0) {
        tally.flaw(1, format_args!("the next run failed:\n{}", ended.said));
    }
    let finished = picture(&mut disk, &copies.path().join("finished.db")).await?;
    if let Some(difference) = stage.expected.difference(&finished) {
        tally.flaw(1, difference);
    }
    Ok(())
}

async fn picture(disk: &mut Disk, copy: &Path) -> Result<Picture> {
    disk.copy("tiny.db", copy)?;
    Picture::take(&TestDatabase::existing(&format!(
        "sqlite://{}",
        copy.display()
    )))
    .await
}
