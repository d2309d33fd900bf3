//! Time limits, and locks of other sessions.

use std::time::Duration;

use migrate_sqlx::{Dialect, Error, Event, Limits, Migrations};
use migrate_tests::{TestDatabase, TestSession};
use tokio::sync::Notify;

use crate::chain::{AB, Written, migrations};
use crate::scenarios::{connect, run};
use crate::stopped::endless;

/// A session that has the table `a` for itself.
async fn holder(database: &TestDatabase) -> TestSession {
    let mut session = database.session().await;
    session
        .execute(match database.dialect() {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE",
            Dialect::MySql => "LOCK TABLES a WRITE",
        })
        .await;
    session
}

const fn release(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => "COMMIT",
        Dialect::MySql => "UNLOCK TABLES",
    }
}

/// `a` is applied, and `b` needs a lock on its table.
async fn wanting(database: &TestDatabase) -> Migrations {
    run(database, &migrations(&AB[..1])).await.unwrap();
    let up = "-- migrate: up lock-timeout=50ms\nALTER TABLE a ADD extra INTEGER;";
    migrations(&[AB[0], ("b:a", up, "ALTER TABLE a DROP COLUMN extra;")])
}

/// A revision that only missed its lock is retried, and done once the other session releases it.
pub(crate) async fn a_missed_lock_is_tried_again(database: TestDatabase) {
    let chain = wanting(&database).await;
    let mut holder = holder(&database).await;
    let missed = Notify::new();
    let connected = connect(&database).await;
    let runner = chain.runner().lock_retries(1_000).on_event(|event| {
        if let Event::Retrying { attempt, .. } = event {
            assert!(attempt > 0);
            missed.notify_one();
        }
    });
    let working = connected.run(runner);
    let letting_go = async {
        // SQLite's lock is of the whole database: it is waited for, and not a statement's.
        if database.dialect() != Dialect::Sqlite {
            missed.notified().await;
        }
        holder.execute(release(database.dialect())).await;
    };
    let (report, ()) = tokio::join!(working, letting_go);
    assert_eq!(report.unwrap().steps.len(), 1);
    let events = database
        .rows("SELECT kind, revision FROM migrate_event ORDER BY id")
        .await;
    assert_eq!(events, [["apply", "a"], ["apply", "b"]]);
}

/// Without more retries the failure is reported, with how to continue.
pub(crate) async fn a_missed_lock_is_told(database: TestDatabase) {
    let chain = wanting(&database).await;
    let mut holder = holder(&database).await;
    let connected = connect(&database).await;
    let runner = || {
        chain
            .runner()
            .lock_retries(0)
            .lock_wait(Duration::from_millis(50))
    };
    let error = connected.run(runner()).await.unwrap_err();
    if database.dialect() == Dialect::Sqlite {
        assert_eq!(error.code(), "locked", "{error:?}");
    } else {
        assert_eq!(error.code(), "statement-failed", "{error:?}");
        let help = error.help().unwrap();
        assert!(help.contains("another session holds a lock"), "{help}");
    }
    holder.execute(release(database.dialect())).await;
    let again = runner().resume(database.dialect() == Dialect::MySql);
    assert_eq!(connected.run(again).await.unwrap().steps.len(), 1);
}

/// A statement that takes too long is cancelled.
pub(crate) async fn a_statement_that_takes_too_long_is_ended(database: TestDatabase) {
    let up = format!(
        "-- migrate: up statement-timeout=100ms\nCREATE TABLE c (id INTEGER);\n{}",
        endless(database.dialect())
    );
    let chain = migrations(&[AB[0], ("c:a", &up, "DROP TABLE c;")]);
    let error = run(&database, &chain).await.unwrap_err();
    let Error::Statement(statement) = &error else {
        panic!("{error:?}");
    };
    assert_eq!((statement.number, statement.of), (2, 2));
    let help = error.help().unwrap();
    assert!(help.contains("longer than allowed"), "{help}");
    let status = connect(&database).await.status(&chain).await.unwrap();
    assert_eq!(status.current, ["a"]);
    assert_eq!(
        status.failed.len(),
        usize::from(database.dialect() == Dialect::MySql)
    );
}

/// So it is without a transaction, and where the whole run has a limit; a section can lift it.
pub(crate) async fn a_section_lifts_the_limit_of_the_run(database: TestDatabase) {
    let slow = match database.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO c WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT i FROM n WHERE i < 0;"
        }
        Dialect::Postgres => "INSERT INTO c SELECT 1 FROM pg_sleep(0.05);",
        Dialect::MySql => {
            "INSERT INTO c SELECT SLEEP(0.02) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3) AS three;"
        }
    };
    let strict = Limits {
        lock: None,
        statement: Some(Duration::from_millis(1)),
    };
    let lifted = format!("-- migrate: up no-transaction statement-timeout=none\n{slow}");
    let held = format!("-- migrate: up no-transaction\n{slow}");
    let table: Written<'_> = (
        "t",
        "-- migrate: up statement-timeout=none\nCREATE TABLE c (id INTEGER);",
        "DROP TABLE c;",
    );
    let chain = migrations(&[
        table,
        ("u:t", &lifted, "SELECT 1;"),
        ("v:u", &held, "SELECT 1;"),
    ]);
    let connected = connect(&database).await;
    let error = connected.run(chain.runner().limits(strict)).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "statement-failed", "{error:?}");
    let status = connected.status(&chain).await.unwrap();
    assert_eq!(status.current, ["u"]);
    assert_eq!(status.failed[0].revision, "v");
}

/// What a revision sets for its session does not reach the next one.
pub(crate) async fn settings_do_not_reach_the_next_revision(database: TestDatabase) {
    let set = match database.dialect() {
        Dialect::Sqlite => "SELECT 1;",
        Dialect::Postgres => "SET search_path = pg_catalog; SET lock_timeout = 1;",
        Dialect::MySql => "SET @mine = 1;",
    };
    let role = match database.dialect() {
        Dialect::Postgres => "SET ROLE pg_read_all_data;",
        Dialect::Sqlite | Dialect::MySql => "",
    };
    for (section, role) in [
        ("-- migrate: up", role),
        ("-- migrate: up no-transaction", ""),
    ] {
        let first = format!("{section}\n{set}{role}");
        let second = format!("{section}\nCREATE TABLE made (id INTEGER);");
        let chain = migrations(&[
            ("a", &first, "SELECT 1;"),
            ("b:a", &second, "DROP TABLE made;"),
            ("c:b", "INSERT INTO made VALUES (1);", "SELECT 1;"),
        ]);
        run(&database, &chain).await.unwrap();
        assert_eq!(database.rows("SELECT * FROM made").await.len(), 1);
        let connected = connect(&database).await;
        let back = chain.runner().target("base".parse().unwrap());
        connected.revert(back).await.unwrap();
    }
}

/// PostgreSQL: the index that a failed `CREATE INDEX CONCURRENTLY` leaves is reported, also if
/// `IF NOT EXISTS` would accept it.
#[tokio::test]
async fn an_invalid_index_is_told() {
    let name = concat!(module_path!(), "::an_invalid_index_is_told");
    let database = TestDatabase::create(Dialect::Postgres, name).await;
    let chain = |index: &str| {
        let up = format!("-- migrate: up no-transaction\n{index}");
        migrations(&[AB[0], ("i:a", &up, "DROP INDEX twice;")])
    };
    database
        .execute("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (1)")
        .await;
    let plain = chain("CREATE UNIQUE INDEX CONCURRENTLY twice ON t (id);");
    let error = run(&database, &plain).await.unwrap_err();
    let Error::Statement(statement) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(statement.invalid_index.as_deref(), Some("twice"));
    let help = error.help().unwrap();
    assert!(help.contains("`DROP INDEX CONCURRENTLY twice`"), "{help}");
    // What the revision itself has left is built again.
    database.execute("DELETE FROM t").await;
    let connected = connect(&database).await;
    let report = connected.run(plain.runner().resume(true)).await;
    assert_eq!(report.unwrap().steps.len(), 1);
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'twice'::regclass";
    assert_eq!(database.rows(valid).await, [["true"]]);
    // An index that another session left is not ours to drop.
    let back = plain.runner().target("a".parse().unwrap());
    connected.revert(back).await.unwrap();
    database
        .execute("CREATE INDEX twice ON t (id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'twice'::regclass")
        .await;
    let lenient = chain("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS twice ON t (id);");
    let error = run(&database, &lenient).await.unwrap_err();
    assert_eq!(error.code(), "invalid-index", "{error:?}");
    let status = connected.status(&lenient).await.unwrap();
    assert_eq!(status.failed[0].statements, 0);
}

/// PostgreSQL: if one transaction needs more locks than the server has, the help says so.
#[tokio::test]
async fn too_many_locks_are_explained() {
    let name = concat!(module_path!(), "::too_many_locks_are_explained");
    let database = TestDatabase::create(Dialect::Postgres, name).await;
    // Taking them all would take them from the other tests as well.
    let up = "DO $$ BEGIN RAISE EXCEPTION 'out of shared memory' USING ERRCODE = 'out_of_memory'; END $$;";
    let chain = migrations(&[("a", up, "SELECT 1;")]);
    let error = run(&database, &chain).await.unwrap_err();
    let help = error.help().unwrap();
    assert!(help.contains("max_locks_per_transaction"), "{help}");
}
