//! Runs that are stopped.

use std::time::Duration;

use migrate_sqlx::{AppliedRevision, Dialect, Error, Event};
use migrate_tests::TestDatabase;
use tokio::sync::Notify;

use crate::chain::{AB, migrations};
use crate::scenarios::connect;

/// A statement that never finishes. On MySQL, of many rows: a cancelled sleep is not an error
/// there, but no row follows.
pub(crate) const fn endless(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "INSERT INTO c WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0;"
        }
        Dialect::Postgres => "INSERT INTO c SELECT 1 FROM pg_sleep(100000);",
        Dialect::MySql => "INSERT INTO c SELECT SLEEP(100000) FROM information_schema.collations;",
    }
}

/// The running statement is cancelled, its revision is rolled back if the database can, and the
/// next migrator finds no lock.
pub(crate) async fn a_run_that_is_stopped_is_rolled_back(database: TestDatabase) {
    let up = format!(
        "CREATE TABLE c (id INTEGER);\n{}",
        endless(database.dialect())
    );
    let chain = migrations(&[
        AB[0],
        ("c:a", &up, "DROP TABLE c;"),
        ("d:c", "SELECT 1;", ""),
    ]);
    let connected = connect(&database).await;
    let begun = Notify::new();
    let runner = chain
        .runner()
        .on_event(|event| {
            if let Event::Started { revision, .. } = event
                && revision.id.as_str() == "c"
            {
                begun.notify_one();
            }
        })
        .stop_when(begun.notified());
    let error = connected.run(runner).await.unwrap_err();
    let Error::Stopped { finished, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(finished, &["a"]);
    assert_eq!(error.code(), "interrupted");

    let status = connected.status(&chain).await.unwrap();
    assert_eq!(status.current, ["a"]);
    let left = status.failed.iter().map(|row| row.revision.as_str());
    let left: Vec<_> = left.collect();
    match database.dialect() {
        Dialect::MySql => assert_eq!(left, ["c"]),
        _ => assert!(left.is_empty(), "{left:?}"),
    }
    // The lock is free, the same connection works, and the statement is not running any more.
    let next = chain
        .runner()
        .lock_wait(Duration::ZERO)
        .target("a".parse().unwrap());
    let next = connected.run(next.resume(true)).await;
    next.unwrap();
}

/// Outside a transaction the finished statements stay, and the rest can be resumed.
pub(crate) async fn a_stop_between_statements_can_be_resumed(database: TestDatabase) {
    let up = format!(
        "-- migrate: up no-transaction\nCREATE TABLE c (id INTEGER);\n{}",
        endless(database.dialect())
    );
    let chain = migrations(&[AB[0], ("c:a", &up, "DROP TABLE c;")]);
    let connected = connect(&database).await;
    let watching = connect(&database).await;
    let first_is_done = async {
        let is_one = |row: &AppliedRevision| row.revision == "c" && row.statements == 1;
        // SQLite may refuse to be read while it is written.
        while !matches!(watching.status(&chain).await, Ok(status) if status.failed.iter().any(is_one))
        {
        }
    };
    let error = connected
        .run(chain.runner().stop_when(first_is_done))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "interrupted", "{error:?}");
    let status = connected.status(&chain).await.unwrap();
    let [failed] = &status.failed[..] else {
        panic!("{status:?}");
    };
    assert!(failed.error.is_some(), "{failed:?}");
    let fixed = up.replace(endless(database.dialect()), "INSERT INTO c VALUES (1);");
    let chain = migrations(&[AB[0], ("c:a", &fixed, "DROP TABLE c;")]);
    let runner = chain.runner().lock_wait(Duration::ZERO).resume(true);
    connected.run(runner).await.unwrap();
    assert_eq!(database.rows("SELECT COUNT(*) FROM c").await, [["1"]]);
}

/// A migrator that waits for the lock can be stopped as well.
pub(crate) async fn a_stop_before_the_work_does_nothing(database: TestDatabase) {
    let chain = migrations(&AB);
    let connected = connect(&database).await;
    let runner = chain.runner().stop_when(async {});
    let error = connected.run(runner).await.unwrap_err();
    assert_eq!(error.code(), "interrupted", "{error:?}");
    let status = connected.status(&chain).await.unwrap();
    assert!(status.applied.is_empty(), "{status:?}");
}
