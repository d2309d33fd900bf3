//! Migrators that were killed, or that others interfered with.

use std::time::Duration;

use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::{Dialect, Error, InDoubt, Migrations, StepPart};
use migrate_tests::TestDatabase;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::chain::{AB, migrations};
use crate::scenarios::{connect, in_memory, run};

/// Runs a chain and drops the run once the server is inside its slow statement.
async fn drop_inside(database: &TestDatabase, chain: &Migrations) {
    let running = match database.dialect() {
        Dialect::Sqlite => unreachable!("its statements stop with their connection"),
        // The activity shows only the beginning of a long message.
        Dialect::Postgres => {
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()".to_owned()
        }
        // In two parts: a look before this one may still be listed.
        Dialect::MySql => {
            "SELECT 1 FROM information_schema.processlist WHERE info LIKE CONCAT('%BENCHMARK', '(8000000%') AND db = DATABASE()".to_owned()
        }
    };
    let connected = connect(database).await;
    let watch = async { while database.rows(&running).await.is_empty() {} };
    tokio::select! {
        ended = connected.run(chain.runner()) => panic!("{ended:?}"),
        () = watch => {}
    }
}

/// The server continues a message whose sender is gone: the next migrator waits for its end,
/// and then finds the work done.
pub(crate) async fn what_a_killed_migrator_sent_is_waited_for(database: TestDatabase) {
    let slow = match database.dialect() {
        Dialect::Sqlite => return,
        Dialect::Postgres => "INSERT INTO slow SELECT 1 FROM pg_sleep(2);",
        Dialect::MySql => "INSERT INTO slow SELECT BENCHMARK(8000000, SHA2('a', 512));",
    };
    let up = format!("CREATE TABLE slow (id INTEGER);\n{slow}\nCREATE TABLE fast (id INTEGER);");
    let chain = migrations(&[
        AB[0],
        ("s:a", &up, ""),
        ("t:s", "CREATE TABLE t (id INTEGER);", ""),
    ]);
    drop_inside(&database, &chain).await;
    let connected = connect(&database).await;
    match database.dialect() {
        Dialect::MySql => {
            let error = connected.run(chain.runner()).await.unwrap_err();
            let Error::Unfinished { statements, .. } = error else {
                panic!("{error:?}")
            };
            // The server finished the slow statement with its record, or neither.
            assert!(statements >= 1, "{statements}");
            connected.run(chain.runner().resume(true)).await.unwrap();
        }
        _ => {
            connected.run(chain.runner()).await.unwrap();
        }
    }
    assert_eq!(database.rows("SELECT COUNT(*) FROM slow").await, [["1"]]);
    assert_eq!(database.rows("SELECT COUNT(*) FROM fast").await, [["0"]]);
    let status = connected.status(&chain).await.unwrap();
    assert_eq!((status.applied.len(), status.failed.len()), (3, 0));
}

/// Nothing in the ledger may cause a panic, or hide what else is wrong.
pub(crate) async fn a_ledger_that_was_tampered_with_is_told(database: TestDatabase) {
    let chain = migrations(&AB);
    run(&database, &chain).await.unwrap();
    let older = migrations(&AB[..1]);
    database
        .execute("UPDATE migrate_revision SET body = 'no revision at all' WHERE revision = 'b'")
        .await;
    assert_eq!(
        run(&database, &older).await.unwrap_err().code(),
        "database-newer"
    );
    let status = connect(&database).await.status(&older).await.unwrap();
    assert_eq!(
        (status.unknown, status.current),
        (vec!["b".to_owned()], vec!["b".parse().unwrap()])
    );
    let back = older.runner().target("a".parse().unwrap());
    let error = connect(&database).await.revert(back).await.unwrap_err();
    assert_eq!(error.code(), "ledger-text");

    // The text of another revision under this one's name.
    database
        .execute("UPDATE migrate_revision SET body = (SELECT body FROM (SELECT body FROM migrate_revision WHERE revision = 'a') x) WHERE revision = 'b'")
        .await;
    assert_eq!(
        run(&database, &older).await.unwrap_err().code(),
        "database-newer"
    );
    let back = older.runner().target("a".parse().unwrap());
    let error = connect(&database).await.revert(back).await.unwrap_err();
    assert_eq!(error.code(), "ledger-text");

    database
        .execute("UPDATE migrate_revision SET revision = 'no id; --' WHERE revision = 'b'")
        .await;
    let error = run(&database, &older).await.unwrap_err();
    assert_eq!(error.code(), "database-newer");
    assert!(error.to_string().contains("no id; --"), "{error}");
    assert_eq!(
        connect(&database)
            .await
            .status(&older)
            .await
            .unwrap()
            .unknown,
        ["no id; --"]
    );
}

/// Settings of a session that a revision changes reach neither the ledger nor the application.
pub(crate) async fn settings_of_a_revision_end_with_the_run(database: TestDatabase) {
    let (set, ask, fresh) = match database.dialect() {
        Dialect::Sqlite => return,
        Dialect::Postgres => (
            "SELECT pg_catalog.set_config('search_path', '', false); SET standard_conforming_strings = off; SET backslash_quote = off;",
            "SELECT current_setting('search_path')",
            "\"$user\", public",
        ),
        Dialect::MySql => (
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'; SET NAMES latin1;",
            "SELECT @@character_set_client",
            "utf8mb4",
        ),
    };
    let chain = migrations(&[
        ("a", &format!("{set}\n-- it's \\ é"), "SELECT 1;"),
        ("b:a", "-- é's \\\nSELECT 1;", "SELECT 1;"),
    ]);
    let connected = connect(&database).await;
    connected.run(chain.runner()).await.unwrap();
    let status = connected.status(&chain).await.unwrap();
    assert_eq!(status.applied[1].body, chain.revisions()[1].text);
    let setting: String = match &connected {
        Database::Postgres(pool) => sqlx::query_scalar(ask).fetch_one(pool).await.unwrap(),
        Database::MySql(pool) => sqlx::query_scalar(ask).fetch_one(pool).await.unwrap(),
        _ => unreachable!(),
    };
    assert_eq!(setting, fresh);
}

/// A failure after the revision's statements is not blamed on the last of them.
pub(crate) async fn a_ledger_that_cannot_be_written_is_no_failing_statement(
    database: TestDatabase,
) {
    run(&database, &migrations(&AB[..1])).await.unwrap();
    let up = "DROP TABLE migrate_event;";
    let error = run(&database, &migrations(&[AB[0], ("b:a", up, "")]))
        .await
        .unwrap_err();
    let Error::Step(failed) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (failed.revision.as_str(), failed.part),
        ("b", StepPart::Ledger)
    );
}

/// Two at once, where no transaction keeps them apart.
pub(crate) async fn two_at_once_without_a_transaction(database: TestDatabase) {
    let up = "-- migrate: up no-transaction\nCREATE TABLE n (id INTEGER);\nINSERT INTO n VALUES (1);\nINSERT INTO n VALUES (2);";
    let chain: &'static Migrations = Box::leak(Box::new(migrations(&[
        AB[0],
        ("n:a", up, ""),
        ("o:n", AB[1].1, ""),
    ])));
    let mut tasks = Vec::new();
    for _ in 0..6 {
        let connected = connect(&database).await;
        tasks.push(tokio::spawn(
            async move { connected.run(chain.runner()).await },
        ));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(
        database.rows("SELECT id FROM n ORDER BY id").await,
        [["1"], ["2"]]
    );
}

#[tokio::test]
async fn a_database_in_memory_survives_a_failure() {
    let pool = in_memory(true).await;
    let chain = migrations(&[
        AB[0],
        (
            "b:a",
            "CREATE TABLE b (id INTEGER); INSERT INTO nowhere VALUES (1);",
            "",
        ),
    ]);
    assert_eq!(
        chain.run(&pool).await.unwrap_err().code(),
        "statement-failed"
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    let status = chain.status(&pool).await.unwrap();
    assert_eq!(
        (status.current, status.pending),
        (vec!["a".parse().unwrap()], vec!["b".parse().unwrap()])
    );
}

#[tokio::test]
async fn rows_that_point_nowhere_are_counted_for_each_table() {
    for foreign_keys in [true, false] {
        let pool = in_memory(foreign_keys).await;
        let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id TEXT PRIMARY KEY, p INTEGER REFERENCES p (id)) WITHOUT ROWID; CREATE TABLE r (p INTEGER REFERENCES p (id)); INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES ('x', 1);";
        migrations(&[("a", tables, "")]).run(&pool).await.unwrap();
        // What pointed nowhere before is not the revision's fault, even where its rowid changes.
        sqlx::raw_sql("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES ('old', 7); INSERT INTO r VALUES (1), (8); DELETE FROM r WHERE p = 1;")
            .execute(&pool)
            .await
            .unwrap();
        if foreign_keys {
            sqlx::raw_sql("PRAGMA foreign_keys = ON")
                .execute(&pool)
                .await
                .unwrap();
        }
        let rebuild = "CREATE TABLE r2 (x, p INTEGER REFERENCES p (id)); INSERT INTO r2 (p) SELECT p FROM r; DROP TABLE r; ALTER TABLE r2 RENAME TO r;";
        migrations(&[("a", tables, ""), ("b:a", rebuild, "")])
            .run(&pool)
            .await
            .unwrap();
        let orphan = "INSERT INTO c VALUES ('new', 9);";
        let chain = migrations(&[("a", tables, ""), ("b:a", rebuild, ""), ("c:b", orphan, "")]);
        let error = chain.run(&pool).await.unwrap_err();
        assert_eq!(error.code(), "foreign-keys", "{error}");
    }
}

#[tokio::test]
async fn a_reader_in_the_way_of_a_commit_is_waited_for() {
    let database = TestDatabase::create(Dialect::Sqlite, "a_reader_in_the_way_of_a_commit").await;
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(
            database
                .url()
                .parse::<SqliteConnectOptions>()
                .unwrap()
                .busy_timeout(Duration::ZERO),
        )
        .await
        .unwrap();
    migrations(&AB[..1]).run(&pool).await.unwrap();
    let reader = Database::connect(database.url(), Create::Nothing)
        .await
        .unwrap();
    let Database::Sqlite(reader) = reader else {
        unreachable!()
    };
    let mut reading = reader.begin().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM a")
        .fetch_one(&mut *reading)
        .await
        .unwrap();
    let chain = migrations(&AB);
    let waited = chain
        .runner()
        .lock_wait(Duration::from_millis(300))
        .run(&pool)
        .await
        .unwrap_err();
    assert_eq!(waited.code(), "locked", "{waited:?}");
    let (ran, ()) = tokio::join!(chain.run(&pool), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        reading.rollback().await.unwrap();
    });
    assert_eq!(ran.unwrap().steps.len(), 1);
}

/// An interrupted statement may be done or not: a person says which.
pub(crate) async fn a_statement_in_doubt_is_asked_about(database: TestDatabase) {
    let up = "-- migrate: up no-transaction\nCREATE TABLE c (id INTEGER);\nCREATE TABLE d (id INTEGER);\nDROP TABLE missing;\nCREATE TABLE e (id INTEGER);";
    let chain = migrations(&[AB[0], ("c:a", up, "DROP TABLE c;")]);
    let connected = connect(&database).await;
    connected.run(chain.runner()).await.unwrap_err();
    // As a server leaves it that dies after the second statement.
    let cut_off = "UPDATE migrate_revision SET statements = 1, error = 'the next one was begun, and its end was not recorded' WHERE revision = 'c'";
    database.execute(cut_off).await;
    let status = connected.status(&chain).await.unwrap();
    assert!(status.failed[0].is_in_doubt());
    let resuming = || chain.runner().resume(true).lock_wait(Duration::ZERO);
    let error = connected.run(resuming()).await.unwrap_err();
    assert_eq!(error.code(), "in-doubt", "{error:?}");
    assert!(error.help().unwrap().contains("--resume=done"), "{error:?}");
    // It was done, so it is passed over.
    database.execute("CREATE TABLE missing (id INTEGER)").await;
    let done = resuming().in_doubt(InDoubt::Done);
    connected.run(done).await.unwrap();
    assert_eq!(
        database.tables().await,
        ["a", "c", "d", "e", "migrate_event", "migrate_revision"]
    );
    // It was not: it is run.
    database
        .execute("DROP TABLE e; DROP TABLE d; CREATE TABLE missing (id INTEGER)")
        .await;
    let begun = cut_off.replace("SET", "SET state = 'applying',");
    database.execute(&begun).await;
    let again = resuming().in_doubt(InDoubt::Again);
    connected.run(again).await.unwrap();
    assert_eq!(
        database.tables().await,
        ["a", "c", "d", "e", "migrate_event", "migrate_revision"]
    );
}
