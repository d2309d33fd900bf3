//! How many queries a start costs.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use migrate_sqlx::{Backend, Dialect, Migrations};
use migrate_tests::TestDatabase;
use sqlx::Pool;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::chain::{AB, migrations};

/// What sqlx logged, with the thread it did so on: other tests run beside these.
static LOGGED: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

struct Log;

struct Summary(String);

impl Visit for Summary {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut summary = Summary(String::new());
        event.record(&mut summary);
        let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
        logged.push((thread(), summary.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn thread() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

fn logged_on(thread: &str) -> Vec<String> {
    let logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    let here = logged.iter().filter(|(on, _)| on == thread);
    here.map(|(_, query)| query.clone()).collect()
}

/// The second start sends exactly one query, and so does a check that applies nothing; the whole schema is
/// read with three at most.
async fn one_query<DB: Backend>(pool: &Pool<DB>, chain: &Migrations, thread: &str) {
    // Another test's thread may have set it already.
    let _set = tracing::subscriber::set_global_default(Log);
    chain.run(pool).await.unwrap();
    // A new connection of MySQL begins with a query of sqlx's own.
    drop(pool.acquire().await.unwrap());
    let before = logged_on(thread).len();
    assert!(before > 1, "the log works");
    assert!(chain.run(pool).await.unwrap().steps.is_empty());
    let queries = logged_on(thread).split_off(before);
    assert_eq!(queries.len(), 1, "{queries:#?}");
    chain.ensure_current(pool).await.unwrap();
    assert_eq!(logged_on(thread).len(), before + 2);
    chain.schema(pool).await.unwrap();
    let queries = logged_on(thread).split_off(before + 2);
    assert!((1..=3).contains(&queries.len()), "{queries:#?}");
}

#[tokio::test]
async fn a_start_with_nothing_to_do_is_one_query_on_sqlite() {
    let database = TestDatabase::create(Dialect::Sqlite, "queries sqlite").await;
    let options: SqliteConnectOptions = database.url().parse().unwrap();
    let name = "queries-sqlite";
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.thread_name(move |_| name.to_owned()))
        .await
        .unwrap();
    one_query(&pool, &migrations(&AB), name).await;
}

#[tokio::test]
async fn a_start_with_nothing_to_do_is_one_query_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "queries postgres").await;
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(database.url()).await.unwrap();
    one_query(&pool, &migrations(&AB), &thread()).await;
}

#[tokio::test]
async fn a_start_with_nothing_to_do_is_one_query_on_mysql() {
    let database = TestDatabase::create(Dialect::MySql, "queries mysql").await;
    let pool = MySqlPoolOptions::new().max_connections(1);
    let pool = pool.connect(database.url()).await.unwrap();
    one_query(&pool, &migrations(&AB), &thread()).await;
}
