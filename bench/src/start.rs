//! A start of the application with nothing to do.

use std::time::{Duration, Instant};

use migrate_sqlx::Dialect;
use migrate_tests::TestDatabase;
use sqlx::{PgPool, SqlitePool};

use crate::chain::Chain;
use crate::{Result, compare};

const ROUNDS: usize = 31;

/// The rounds on one kind of pool; sqlx's traits do not let one generic function do it.
macro_rules! rounds {
    ($chain:expr, $pool:ty, $dialect:expr, $name:literal) => {{
        let ours_on = TestDatabase::create($dialect, concat!("bench start ours ", $name)).await;
        let theirs_on = TestDatabase::create($dialect, concat!("bench start sqlx ", $name)).await;
        let (ours_on, theirs_on) = (
            <$pool>::connect(ours_on.url()).await?,
            <$pool>::connect(theirs_on.url()).await?,
        );
        let (migrations, migrator) = ($chain.migrations()?, $chain.migrator().await?);
        migrations.run(&ours_on).await?;
        migrator.run(&theirs_on).await?;
        let (mut ours, mut theirs): (Vec<Duration>, Vec<Duration>) = Default::default();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            migrations.run(&ours_on).await?;
            ours.push(began.elapsed());

            let began = Instant::now();
            migrator.run(&theirs_on).await?;
            theirs.push(began.elapsed());
        }
        compare(
            concat!("start, nothing to do, ", $name),
            &ours,
            "sqlx",
            &theirs,
        );
    }};
}

pub(crate) async fn measure(chain: &Chain) -> Result<()> {
    rounds!(chain, SqlitePool, Dialect::Sqlite, "SQLite");
    rounds!(chain, PgPool, Dialect::Postgres, "PostgreSQL");
    Ok(())
}
