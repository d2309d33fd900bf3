//! Applying the whole chain to an empty database, one transaction a revision.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use migrate_sqlx::Dialect;
use migrate_tests::TestDatabase;
use sqlx::{PgPool, SqlitePool};

use crate::chain::Chain;
use crate::{Result, compare};

/// A disk's moods are larger than what is measured: a median of three would be one of them.
const ROUNDS: usize = 7;

/// The rounds on one kind of pool; sqlx's traits do not let one generic function do it.
macro_rules! rounds {
    ($chain:expr, $pool:ty, $dialect:expr, $name:literal, $client:literal) => {{
        let (mut ours, mut theirs, mut clients): (Vec<Duration>, Vec<Duration>, Vec<Duration>) =
            Default::default();
        let (migrations, migrator) = ($chain.migrations()?, $chain.migrator().await?);
        let installed = Command::new($client).arg("--version").output().is_ok();
        for _ in 0..ROUNDS {
            let database =
                TestDatabase::create($dialect, concat!("bench apply ours ", $name)).await;
            let pool = <$pool>::connect(database.url()).await?;
            let began = Instant::now();
            migrations.run(&pool).await?;
            ours.push(began.elapsed());
            pool.close().await;

            let database =
                TestDatabase::create($dialect, concat!("bench apply sqlx ", $name)).await;
            let pool = <$pool>::connect(database.url()).await?;
            let began = Instant::now();
            migrator.run(&pool).await?;
            theirs.push(began.elapsed());
            pool.close().await;

            if installed {
                let database =
                    TestDatabase::create($dialect, concat!("bench apply client ", $name)).await;
                clients.push(client($chain, &database)?);
            }
        }
        match installed {
            true => compare(concat!("apply on ", $name), &ours, $client, &clients),
            false => println!("apply on {}: {} is not installed", $name, $client),
        }
        compare(concat!("apply on ", $name), &ours, "sqlx", &theirs);
    }};
}

pub(crate) async fn measure(chain: &Chain) -> Result<()> {
    rounds!(chain, SqlitePool, Dialect::Sqlite, "SQLite", "sqlite3");
    rounds!(chain, PgPool, Dialect::Postgres, "PostgreSQL", "psql");
    Ok(())
}

/// Runs the script with the database's own client.
fn client(chain: &Chain, database: &TestDatabase) -> Result<Duration> {
    let mut command = if database.dialect() == Dialect::Sqlite {
        let file = database.url().trim_start_matches("sqlite://");
        let mut command = Command::new("sqlite3");
        command
            .arg("-bail")
            .arg(file.split('?').next().unwrap_or(file));
        command
    } else {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", database.url()]);
        command
    };
    command
        .stdin(File::open(chain.script())?)
        .stdout(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let took = began.elapsed();
    match status.success() {
        true => Ok(took),
        false => Err(format!("{command:?} failed").into()),
    }
}
