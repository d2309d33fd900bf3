//! Functions that only applications use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use migrate_sqlx::{Dialect, Error, StampMode};
use migrate_tests::TestDatabase;

use crate::chain::{AB, migrations};
use crate::scenarios::in_memory;

#[tokio::test]
async fn memory_and_one_connection_are_enough() {
    let pool = in_memory(true).await;
    let chain = migrations(&AB);
    let Err(Error::NotCurrent { pending, .. }) = chain.ensure_current(&pool).await else {
        panic!()
    };
    assert_eq!(pending, ["a", "b"]);
    assert_eq!(chain.plan(&pool).await.unwrap(), ["a", "b"]);
    chain.run(&pool).await.unwrap();
    chain.ensure_current(&pool).await.unwrap();
    chain.revert(&pool).await.unwrap();
    assert_eq!(chain.status(&pool).await.unwrap().pending, ["b"]);
}

#[tokio::test]
async fn foreign_keys_survive_the_rebuild_of_a_table() {
    let pool = in_memory(true).await;
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);";
    let rebuild = "CREATE TABLE p2 (id INTEGER PRIMARY KEY, x); INSERT INTO p2 (id) SELECT id FROM p; DROP TABLE p; ALTER TABLE p2 RENAME TO p;";
    let orphan = "DELETE FROM p;";
    migrations(&[("a", tables, ""), ("b:a", rebuild, "")])
        .run(&pool)
        .await
        .unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM c")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 1);

    let chain = migrations(&[("a", tables, ""), ("b:a", rebuild, ""), ("c:b", orphan, "")]);
    let Err(Error::ForeignKeys { tables, .. }) = chain.run(&pool).await else {
        panic!()
    };
    assert_eq!(tables, ["c"]);
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM p")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 1);
    let on: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(on, 1);
}

#[tokio::test]
async fn futures_can_move_between_threads() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let pool = in_memory(true).await;
    let chain = migrations(&AB);
    sendable(chain.run(&pool)).await.unwrap();
    sendable(chain.ensure_current(&pool)).await.unwrap();
    sendable(chain.status(&pool)).await.unwrap();
    let targets = ["heads".parse().unwrap()];
    let stamp = chain.runner().stamp(&pool, &targets, StampMode::Update);
    sendable(stamp).await.unwrap();
    sendable(chain.revert(&pool)).await.unwrap();
}

/// Counts the statements that sqlx logs.
struct Statements(Arc<AtomicUsize>);

impl tracing::Subscriber for Statements {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn a_start_with_nothing_to_do_is_one_statement() {
    let database = TestDatabase::create(
        Dialect::Postgres,
        "embedded::a_start_with_nothing_to_do_is_one_statement",
    )
    .await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let chain = migrations(&AB);
    let count = Arc::new(AtomicUsize::new(0));
    let _counting = tracing::subscriber::set_default(Statements(Arc::clone(&count)));
    chain.run(&pool).await.unwrap();
    assert!(
        count.swap(0, Ordering::Relaxed) > 1,
        "a run with work is seen"
    );
    chain.run(&pool).await.unwrap();
    assert_eq!(count.swap(0, Ordering::Relaxed), 1);
    chain.ensure_current(&pool).await.unwrap();
    assert_eq!(count.swap(0, Ordering::Relaxed), 1);
    chain.ensure_compatible(&pool).await.unwrap();
    assert_eq!(count.swap(0, Ordering::Relaxed), 1);
    // Beside a newer version, too.
    let older = migrations(&AB[..1]);
    older.ensure_compatible(&pool).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
}
