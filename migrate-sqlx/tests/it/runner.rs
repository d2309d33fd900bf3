//! The settings of a run, and what keeps one from beginning.

use std::time::Duration;

use migrate_core::ChainLock;
use migrate_sqlx::{Dialect, Error, Event, Migrations};
use migrate_tests::TestDatabase;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::sync::Notify;

use crate::chain::{AB, migrations, text};
use crate::scenarios::{connect, run};
use crate::stopped::endless;

pub(crate) async fn events_say_who_did_it(database: TestDatabase) {
    let chain = migrations(&AB);
    let connected = connect(&database).await;
    let to = |target: &str| chain.runner().target(target.parse().unwrap());
    connected.run(to("a").by("shop 1.4.2")).await.unwrap();
    connected.run(to("b").anonymous()).await.unwrap();
    connected
        .revert(to("a").anonymous().by("it's me"))
        .await
        .unwrap();
    connected.run(chain.runner()).await.unwrap();
    let rows = database
        .rows("SELECT done_by, CASE host WHEN '' THEN 'nowhere' ELSE 'here' END FROM migrate_event ORDER BY id")
        .await;
    assert_eq!(
        rows[..3],
        [
            ["shop 1.4.2", "here"],
            ["", "nowhere"],
            ["it's me", "nowhere"]
        ]
    );
    assert_eq!(rows[3][1], "here");
    assert!(!["", "shop 1.4.2", "it's me"].contains(&rows[3][0].as_str()));
}

pub(crate) async fn a_run_ends_at_its_time_limit(database: TestDatabase) {
    let up = format!(
        "CREATE TABLE c (id INTEGER);\n{}",
        endless(database.dialect())
    );
    let chain = migrations(&[AB[0], ("c:a", &up, "DROP TABLE c;")]);
    let limit = Duration::from_secs(1);
    let connected = connect(&database).await;
    connected
        .run(chain.runner().target("a".parse().unwrap()))
        .await
        .unwrap();
    let error = connected
        .run(chain.runner().timeout(limit))
        .await
        .unwrap_err();
    let Error::Stopped { timeout, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*timeout, Some(limit));
    assert!(error.to_string().contains("time limit of 1s"), "{error}");
    let next = connected.run(
        chain
            .runner()
            .lock_wait(Duration::ZERO)
            .target("a".parse().unwrap())
            .resume(true),
    );
    next.await.unwrap();
}

/// Each schema's ledger has its own lock.
#[tokio::test(flavor = "multi_thread")]
async fn tenants_in_schemas_do_not_wait_for_one_another_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "runner::tenants").await;
    let tenant = async |schema: &str| {
        database.execute(&format!("CREATE SCHEMA {schema}")).await;
        let options: PgConnectOptions = database.url().parse().unwrap();
        let options = options.options([("search_path", schema)]);
        PgPoolOptions::new().connect_with(options).await.unwrap()
    };
    let (first, second) = (tenant("first").await, tenant("second").await);
    let mut gate = database.session().await;
    gate.execute("SELECT pg_advisory_lock(7)").await;
    let chain = migrations(&[("a", "SELECT pg_advisory_xact_lock(7);", "SELECT 1;")]);
    let begun = Notify::new();
    let waits = chain
        .runner()
        .on_event(|event| {
            if matches!(event, Event::Started { .. }) {
                begun.notify_one();
            }
        })
        .run(&first);
    let passes = async {
        begun.notified().await;
        // Its own revision waits for nobody.
        let chain = migrations(&AB);
        let run = chain.runner().lock_wait(Duration::ZERO).run(&second).await;
        gate.execute("SELECT pg_advisory_unlock(7)").await;
        run
    };
    let (waited, passed) = tokio::join!(waits, passes);
    waited.unwrap();
    passed.unwrap();
    assert_eq!(
        database
            .rows("SELECT table_schema FROM information_schema.tables WHERE table_name = 'migrate_revision' ORDER BY 1")
            .await,
        [["first"], ["second"]]
    );
}

#[tokio::test]
async fn a_pool_without_a_free_connection_is_named() {
    let database = TestDatabase::create(Dialect::Sqlite, "runner::pool").await;
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(50))
        .connect(database.url())
        .await
        .unwrap();
    let held = pool.acquire().await.unwrap();
    let error = migrations(&AB).run(&pool).await.unwrap_err();
    assert_eq!(error.code(), "pool-timeout");
    let help = error.help().unwrap();
    assert!(help.contains("max_connections"), "{help}");
    drop(held);
    migrations(&AB).run(&pool).await.unwrap();
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_named_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "runner::read_only").await;
    let options: PgConnectOptions = database.url().parse().unwrap();
    let options = options.options([("default_transaction_read_only", "on")]);
    let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
    let error = migrations(&AB).run(&pool).await.unwrap_err();
    assert_eq!(error.code(), "read-only", "{error:?}");
    assert!(error.help().unwrap().contains("primary"));
}

#[tokio::test]
async fn a_file_that_takes_no_writes_is_named() {
    let database = TestDatabase::create(Dialect::Sqlite, "runner::read_only").await;
    run(&database, &migrations(&AB[..1])).await.unwrap();
    let options: SqliteConnectOptions = database.url().replace("?mode=rwc", "").parse().unwrap();
    let pool = SqlitePoolOptions::new();
    let pool = pool.connect_with(options.read_only(true)).await.unwrap();
    migrations(&AB[..1]).run(&pool).await.unwrap();
    let error = migrations(&AB).run(&pool).await.unwrap_err();
    assert_eq!(error.code(), "read-only", "{error:?}");
}

#[tokio::test]
async fn a_folder_can_be_read_when_the_program_runs() {
    let folder = tempfile::tempdir().unwrap();
    let error = Migrations::from_dir(folder.path().join("nowhere")).unwrap_err();
    assert_eq!(error.code(), "unreadable-folder");
    std::fs::write(folder.path().join("a.sql"), text(AB[0])).unwrap();
    std::fs::write(
        folder.path().join("b.sql"),
        text(("b:nowhere", "SELECT 1;", "")),
    )
    .unwrap();
    let error = Migrations::from_dir(folder.path()).unwrap_err();
    assert_eq!(error.code(), "unsound-chain");
    let shown = format!("{error:?}");
    assert!(shown.contains("error[unknown-parent]"), "{shown}");
    assert!(shown.contains("b.sql:2:13"), "{shown}");

    std::fs::remove_file(folder.path().join("b.sql")).unwrap();
    let mut lock = ChainLock::default();
    lock.seal(&migrations(&AB[..1]).revisions()[0]);
    std::fs::write(folder.path().join(ChainLock::FILE), lock.render()).unwrap();
    let chain = Migrations::from_dir(folder.path()).unwrap();
    let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    assert_eq!(chain.run(&pool).await.unwrap().steps.len(), 1);
}
