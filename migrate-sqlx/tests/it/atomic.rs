//! A whole run in one transaction.

use migrate_sqlx::{Dialect, Error, Migrations, Report};
use migrate_tests::TestDatabase;

use crate::chain::{AB, Written, migrations};
use crate::scenarios::connect;

const LEDGER: [&str; 2] = ["migrate_event", "migrate_revision"];

async fn run(database: &TestDatabase, chain: &Migrations) -> Result<Report, Error> {
    let runner = chain.runner().atomic(true);
    connect(database).await.run(runner).await
}

/// If the last revision fails, none is kept; once it is fixed, all are.
pub(crate) async fn an_atomic_run_keeps_all_or_nothing(database: TestDatabase) {
    let failing: Written<'_> = (
        "c:b",
        "CREATE TABLE c (id INTEGER);\nINSERT INTO missing VALUES (1);",
        "DROP TABLE c;",
    );
    let error = run(&database, &migrations(&[AB[0], AB[1], failing])).await;
    let error = error.unwrap_err();
    if database.dialect() == Dialect::MySql {
        assert_eq!(error.code(), "not-atomic", "{error:?}");
        assert!(database.tables().await.is_empty());
        return;
    }
    let Error::Statement(statement) = &error else {
        panic!("{error:?}");
    };
    assert!(statement.atomic && statement.finished.is_empty());
    assert_eq!((statement.number, statement.of), (2, 2));
    assert!(error.help().unwrap().contains("nothing of the whole run"));
    assert_eq!(database.tables().await, LEDGER);
    assert!(
        database
            .rows("SELECT * FROM migrate_revision")
            .await
            .is_empty()
    );
    let events = database
        .rows("SELECT kind, revision FROM migrate_event")
        .await;
    assert_eq!(events, [["fail", "c"]]);

    let fixed: Written<'_> = ("c:b", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;");
    let chain = migrations(&[AB[0], AB[1], fixed]);
    let report = run(&database, &chain).await.unwrap();
    assert_eq!(report.steps.len(), 3);
    assert!(run(&database, &chain).await.unwrap().steps.is_empty());
    let current = connect(&database).await.status(&chain).await.unwrap();
    assert_eq!(current.current, ["c"]);
}

/// So is a revert.
pub(crate) async fn an_atomic_revert_keeps_all_or_nothing(database: TestDatabase) {
    let failing: Written<'_> = ("a0", "CREATE TABLE a0 (id INTEGER);", "DROP TABLE missing;");
    let chain = migrations(&[failing, ("a:a0", AB[0].1, AB[0].2), AB[1]]);
    let connected = connect(&database).await;
    connected.run(chain.runner()).await.unwrap();
    let back = || {
        let target = "base".parse().unwrap();
        chain.runner().atomic(true).target(target)
    };
    let error = connected.revert(back()).await.unwrap_err();
    let expected = match database.dialect() {
        Dialect::MySql => "not-atomic",
        Dialect::Sqlite | Dialect::Postgres => "statement-failed",
    };
    assert_eq!(error.code(), expected, "{error:?}");
    let status = connected.status(&chain).await.unwrap();
    assert_eq!(status.current, ["b"]);
    assert_eq!(
        database.tables().await,
        ["a", "a0", "b", "migrate_event", "migrate_revision"]
    );
}

/// A revision that cannot be part of a transaction is reported before anything runs.
pub(crate) async fn an_atomic_run_refuses_what_needs_no_transaction(database: TestDatabase) {
    let chain = migrations(&[
        AB[0],
        AB[1],
        ("c:b", "-- migrate: up no-transaction\nSELECT 1;", ""),
    ]);
    let error = run(&database, &chain).await.unwrap_err();
    assert_eq!(error.code(), "not-atomic", "{error:?}");
    assert!(database.tables().await.is_empty());
}

/// The second migrator finds the work done, or waits for it.
pub(crate) async fn atomic_runs_at_once_apply_each_revision_once(database: TestDatabase) {
    if database.dialect() == Dialect::MySql {
        let error = run(&database, &migrations(&AB)).await.unwrap_err();
        assert_eq!(error.code(), "not-atomic", "{error:?}");
        return;
    }
    let chain = migrations(&AB);
    let runs = (0..8).map(|_| run(&database, &chain));
    let reports = futures_util::future::join_all(runs).await;
    let steps: usize = reports
        .into_iter()
        .map(|report| report.unwrap().steps.len())
        .sum();
    assert_eq!(steps, 2);
    let applied = database
        .rows("SELECT revision FROM migrate_event ORDER BY id")
        .await;
    assert_eq!(applied, [["a"], ["b"]]);
}
