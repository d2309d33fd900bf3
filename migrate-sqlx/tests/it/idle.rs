//! Servers that end idle sessions, while a migrator waits for another one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use migrate_core::Dialect;
use migrate_sqlx::{Backend, Event, Migrations, Report};
use migrate_tests::TestDatabase;
use sqlx::Pool;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::chain::migrations;
use crate::scenarios::connect;

/// `a` is done at once, `b` waits until the gate is opened.
fn chain() -> Migrations {
    migrations(&[
        ("a", "CREATE TABLE a (id INTEGER);", ""),
        ("b:a", "INSERT INTO gate VALUES (1);", ""),
    ])
}

/// Lets a migrator on this pool wait for a running one until the server has ended the session that
/// the pool had when it began; gives what both of them did. `listed` asks whether a session is
/// there.
async fn wait_beyond<DB: Backend>(
    database: &TestDatabase,
    pool: &Pool<DB>,
    id: impl AsyncFn(&Pool<DB>) -> String,
    listed: &str,
    [close, open]: [&str; 2],
) -> (Report, Report) {
    let chain = chain();
    let mut gate = database.session().await;
    gate.execute(close).await;
    let connected = connect(database).await;
    let working = connected.run(chain.runner());
    let waits = AtomicBool::new(false);
    let session = OnceLock::new();
    let waiting = async {
        // The first has the lock.
        while !database.tables().await.contains(&"a".to_owned()) {}
        session.set(format!("{listed} {}", id(pool).await)).unwrap();
        let runner = chain.runner().on_event(|event| {
            if matches!(event, Event::Waiting { .. }) {
                waits.store(true, Ordering::SeqCst);
            }
        });
        runner.run(pool).await
    };
    let opening = async {
        loop {
            // Lets the others go on.
            database.rows("SELECT 1").await;
            let Some(listed) = session.get().filter(|_| waits.load(Ordering::SeqCst)) else {
                continue;
            };
            if database.rows(listed).await.is_empty() {
                break;
            }
        }
        gate.execute(open).await;
    };
    let (first, second, ()) = tokio::join!(working, waiting, opening);
    (first.unwrap(), second.unwrap())
}

#[tokio::test]
async fn a_migrator_that_waits_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "idle_session").await;
    database.execute("CREATE TABLE gate (id INTEGER)").await;
    let options: PgConnectOptions = database.url().parse().unwrap();
    let options = options.options([("idle_session_timeout", "1s")]);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let id = async |pool: &Pool<sqlx::Postgres>| {
        let id = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(pool);
        i32::to_string(&id.await.unwrap())
    };
    let listed = "SELECT 1 FROM pg_stat_activity WHERE pid =";
    let gate = ["BEGIN; LOCK TABLE gate", "COMMIT"];
    let (first, second) = wait_beyond(&database, &pool, id, listed, gate).await;
    assert_eq!((first.steps.len(), second.steps.len()), (2, 0));
}

#[tokio::test]
async fn a_migrator_that_waits_on_mariadb() {
    let database = TestDatabase::create(Dialect::MySql, "idle_session").await;
    database.execute("CREATE TABLE gate (id INTEGER)").await;
    let options: MySqlConnectOptions = database.url().parse().unwrap();
    let pool = MySqlPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection, _| {
            Box::pin(async {
                let impatient = sqlx::raw_sql("SET SESSION wait_timeout = 1");
                impatient.execute(connection).await.map(drop)
            })
        })
        .connect_with(options)
        .await
        .unwrap();
    let id = async |pool: &Pool<sqlx::MySql>| {
        let id = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(pool);
        u64::to_string(&id.await.unwrap())
    };
    let listed = "SELECT 1 FROM information_schema.processlist WHERE id =";
    let gate = ["LOCK TABLES gate WRITE", "UNLOCK TABLES"];
    let (first, second) = wait_beyond(&database, &pool, id, listed, gate).await;
    assert_eq!((first.steps.len(), second.steps.len()), (2, 0));
}
