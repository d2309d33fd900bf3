//! Reading the schema of a thousand tables, and comparing it with itself.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use migrate_core::Dialect;
use migrate_schema::{Renames, create, diff};
use migrate_sqlx::LedgerNames;
use migrate_sqlx::SchemaReader;
use migrate_tests::TestDatabase;
use sqlx::{AssertSqlSafe, MySqlPool, PgPool, SqlitePool};

use crate::diff::{TABLES, schema};
use crate::{Result, compare, median, millis};

const ROUNDS: usize = 9;

/// The rounds on one kind of pool; sqlx's traits do not let one generic function do it.
macro_rules! rounds {
    ($pool:ty, $dialect:expr, $client:literal) => {{
        let database = TestDatabase::create($dialect, concat!("bench introspect ", $client)).await;
        let pool = <$pool>::connect(database.url()).await?;
        let statements = create(&schema($dialect, "bigint"));
        for some in statements.chunks(100) {
            let some: Vec<_> = some.iter().map(|ddl| ddl.sql.as_str()).collect();
            let sql = some.join(";\n");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await?;
        }
        let reader = SchemaReader::new(LedgerNames::DEFAULT);
        let (mut ours, mut theirs, mut differ): (Vec<Duration>, Vec<Duration>, Vec<Duration>) =
            Default::default();
        let installed = Command::new($client).arg("--version").output().is_ok();
        pool.close().await;
        for _ in 0..ROUNDS {
            // A server's process reads the catalogue faster the second time: a command has only one.
            let pool = <$pool>::connect(database.url()).await?;
            let began = Instant::now();
            let read = reader.read(&pool).await?;
            ours.push(began.elapsed());
            if read.tables.len() != TABLES {
                return Err(format!("{} tables were read", read.tables.len()).into());
            }
            let again = read.clone();
            let began = Instant::now();
            let changes = black_box(diff(&read, &again, &Renames::none()));
            differ.push(began.elapsed());
            if !changes.is_empty() {
                return Err("a schema differs from itself".into());
            }
            if installed {
                theirs.push(client($client, &database)?);
            }
        }
        let name = $dialect.name();
        match installed {
            true => compare(&format!("introspect {name}"), &ours, $client, &theirs),
            false => println!(
                "introspect {name}: {}, and {} is not installed",
                millis(median(&ours)),
                $client
            ),
        }
        println!("diff with itself, {name}: {}", millis(median(&differ)));
    }};
}

pub(crate) async fn measure() -> Result<()> {
    println!("{TABLES} tables with ten columns, an index and three keys each; medians\n");
    println!(
        "{:<34} {:>14} {:>26} {:>8}",
        "", "cargo migrate", "beside", "ratio"
    );
    rounds!(SqlitePool, Dialect::Sqlite, "sqlite3");
    rounds!(PgPool, Dialect::Postgres, "pg_dump");
    rounds!(MySqlPool, Dialect::MySql, "mariadb-dump");
    Ok(())
}

/// Lets the database's own client write the schema down.
fn client(name: &str, database: &TestDatabase) -> Result<Duration> {
    let mut command = Command::new(name);
    match database.dialect() {
        Dialect::Sqlite => {
            let file = database.url().trim_start_matches("sqlite://");
            command.args([file.split('?').next().unwrap_or(file), ".schema"]);
        }
        Dialect::Postgres => {
            command.args(["--schema-only", "--no-owner", "--no-acl", database.url()]);
        }
        Dialect::MySql => mysql(&mut command, database.url())?,
    }
    command.stdout(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let took = began.elapsed();
    match status.success() {
        true => Ok(took),
        false => Err(format!("{name} failed").into()),
    }
}

/// This client takes no url.
fn mysql(command: &mut Command, url: &str) -> Result<()> {
    let parts = || {
        let (user, rest) = url.strip_prefix("mysql://")?.split_once(':')?;
        let (password, rest) = rest.split_once('@')?;
        let (host, rest) = rest.split_once(':')?;
        let (port, name) = rest.split_once('/')?;
        Some((user, password, host, port, name))
    };
    let (user, password, host, port, name) = parts().ok_or("the url has another form")?;
    command.env("MYSQL_PWD", password);
    command.args(["--no-defaults", "--no-data", "--routines", "--triggers"]);
    command.args(["-h", host, "-P", port, "-u", user, name]);
    Ok(())
}
