//! Resuming unfinished revisions, and recording their progress.

use std::time::Duration;

use migrate_sqlx::{Dialect, Event, Limits};
use migrate_tests::TestDatabase;
use tokio::sync::mpsc::unbounded_channel;

use crate::chain::{AB, migrations};
use crate::scenarios::{connect, in_memory, run};

/// A section whose finished statements stay if one fails.
fn kept(sql: &str) -> String {
    format!("-- migrate: up no-transaction\n{sql}")
}

/// Only what is not finished yet can be edited: the rest would never run.
pub(crate) async fn what_is_finished_may_not_be_edited(database: TestDatabase) {
    let half = "CREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\nDROP TABLE missing;";
    let chain = |sql: &str| migrations(&[("r", &kept(sql), "SELECT 1;")]);
    run(&database, &chain(half)).await.unwrap_err();
    let connected = connect(&database).await;
    for (edited, number) in [
        (
            "CREATE TABLE first (id INTEGER);\nCREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);",
            1,
        ),
        (
            "CREATE TABLE ab (id INTEGER);\nCREATE TABLE c (id INTEGER);\nCREATE TABLE d (id INTEGER);",
            1,
        ),
        (
            "CREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER, extra INTEGER);\nSELECT 1;",
            2,
        ),
        ("CREATE TABLE a (id INTEGER);", 2),
    ] {
        let edited = chain(edited);
        let error = connected
            .run(edited.runner().resume(true))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "resume-edited", "{error:?}");
        let message = error.to_string();
        assert!(
            message.contains(&format!("finished statement {number} of 2")),
            "{message}"
        );
    }
    assert_eq!(
        database.tables().await,
        ["a", "b", "migrate_event", "migrate_revision"]
    );
    // Blanks and comments mean nothing, and the text after them may differ.
    let fixed = chain(
        "CREATE TABLE a (id  INTEGER); -- as before\nCREATE TABLE b (id INTEGER);\nCREATE TABLE c (id INTEGER);\nDROP TABLE missing;",
    );
    connected
        .run(fixed.runner().resume(true))
        .await
        .unwrap_err();
    // What is finished of the second text counts from now on.
    let other = chain(
        "CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);\nCREATE TABLE d (id INTEGER);",
    );
    let error = connected
        .run(other.runner().resume(true))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "resume-edited", "{error:?}");
    let last = chain(
        "CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);\nCREATE TABLE c (id INTEGER);",
    );
    connected.run(last.runner().resume(true)).await.unwrap();
    let status = connected.status(&last).await.unwrap();
    assert_eq!((status.applied.len(), status.changed.len()), (1, 0));
    assert_eq!(status.applied[0].body, last.revisions()[0].text);
}

/// The session of the run that failed has ended: what its statements had set is set again.
pub(crate) async fn a_resumed_revision_has_the_settings_of_its_session(database: TestDatabase) {
    let (set, insert) = match database.dialect() {
        Dialect::Sqlite => (
            "PRAGMA recursive_triggers = ON;",
            "INSERT INTO rate SELECT 'AT', recursive_triggers FROM pragma_recursive_triggers;",
        ),
        Dialect::Postgres => (
            "SELECT set_config('my.rate', '1', false);",
            "INSERT INTO rate VALUES ('AT', current_setting('my.rate', true)::int);",
        ),
        Dialect::MySql => ("SET @rate = 1;", "INSERT INTO rate VALUES ('AT', @rate);"),
    };
    let table = "CREATE TABLE rate (country VARCHAR(2), percent INTEGER);";
    let chain = |failing: &str| {
        let up = kept(&format!("{table}\n{set}\n{insert}\n{failing}\n{insert}"));
        migrations(&[("r", &up, "SELECT 1;")])
    };
    run(&database, &chain("DROP TABLE missing;"))
        .await
        .unwrap_err();
    let connected = connect(&database).await;
    let fixed = chain("SELECT 1;");
    connected.run(fixed.runner().resume(true)).await.unwrap();
    let rows = database.rows("SELECT percent FROM rate").await;
    assert_eq!(rows, [["1"], ["1"]]);
}

/// What is rolled back together is not finished.
async fn a_transaction_of_its_own(dialect: Dialect) {
    let name = format!("resume::a_transaction_of_its_own::{dialect}");
    let database = TestDatabase::create(dialect, &name).await;
    let chain = |third: &str| {
        let up = kept(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY);\nBEGIN;\nINSERT INTO t VALUES (1);\n{third}\nCOMMIT;\nINSERT INTO t VALUES (3);"
        ));
        migrations(&[("r", &up, "SELECT 1;")])
    };
    run(&database, &chain("INSERT INTO t VALUES (1);"))
        .await
        .unwrap_err();
    assert_eq!(database.rows("SELECT id FROM t").await.len(), 0);
    let connected = connect(&database).await;
    let fixed = chain("INSERT INTO t VALUES (2);");
    let status = connected.status(&fixed).await.unwrap();
    assert_eq!(status.failed[0].statements, 1);
    connected.run(fixed.runner().resume(true)).await.unwrap();
    let rows = database.rows("SELECT id FROM t ORDER BY id").await;
    assert_eq!(rows, [["1"], ["2"], ["3"]]);
}

#[tokio::test]
async fn a_transaction_of_its_own_on_postgres() {
    a_transaction_of_its_own(Dialect::Postgres).await;
}

#[tokio::test]
async fn a_transaction_of_its_own_on_sqlite() {
    a_transaction_of_its_own(Dialect::Sqlite).await;
}

/// MySQL: what was read from tables cannot be had again.
#[tokio::test]
async fn a_variable_that_is_lost_on_mysql() {
    let name = "resume::a_variable_that_is_lost_on_mysql";
    let database = TestDatabase::create(Dialect::MySql, name).await;
    let chain = |failing: &str| {
        let up = kept(&format!(
            "CREATE TABLE t (id INTEGER);\nSELECT COUNT(*) INTO @n FROM t;\n{failing}\nINSERT INTO t VALUES (@n);"
        ));
        migrations(&[("r", &up, "SELECT 1;")])
    };
    run(&database, &chain("DROP TABLE missing;"))
        .await
        .unwrap_err();
    let connected = connect(&database).await;
    let fixed = chain("SELECT 1;");
    let error = connected
        .run(fixed.runner().resume(true))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "resume-session", "{error:?}");
    assert_eq!(database.rows("SELECT id FROM t").await.len(), 0);
}

/// MySQL: a lock on the ledger while a statement runs does not make it run twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_finished_statement_never_runs_again_on_mysql() {
    for statement in [
        "CALL give_bonus();",
        "CREATE TABLE once AS SELECT GET_LOCK('resume_bonus', 60) AS got;",
    ] {
        let name = "resume::a_finished_statement_never_runs_again_on_mysql";
        let database = TestDatabase::create(Dialect::MySql, name).await;
        let up = format!(
            "CREATE TABLE bonus (cents INTEGER);\nCREATE PROCEDURE give_bonus() BEGIN INSERT INTO bonus VALUES (500); DO GET_LOCK('resume_bonus', 60); DO RELEASE_LOCK('resume_bonus'); END;\n{statement}"
        );
        let chain: &'static _ = Box::leak(Box::new(migrations(&[("r", &up, "SELECT 1;")])));
        let mut holder = database.session().await;
        holder.execute("DO GET_LOCK('resume_bonus', 60)").await;
        let connected = connect(&database).await;
        let (events, mut received) = unbounded_channel();
        let limits = Limits {
            lock: Some(Duration::from_secs(1)),
            statement: None,
        };
        let running = tokio::spawn(async move {
            let runner = chain.runner().limits(limits).lock_retries(50);
            let runner = runner
                .lock_wait(Duration::from_secs(1))
                .on_event(move |event| {
                    if let Event::Retrying { .. } = event {
                        let _whether_anybody_listens = events.send(());
                    }
                });
            connected.run(runner).await
        });
        let waits = "SELECT 1 FROM information_schema.processlist WHERE state = 'User lock' AND db = DATABASE()";
        while database.rows(waits).await.is_empty() {}
        let mut locker = database.session().await;
        locker
            .execute("BEGIN; SELECT * FROM migrate_revision FOR UPDATE")
            .await;
        holder.execute("DO RELEASE_LOCK('resume_bonus')").await;
        received.recv().await.expect("the record missed its lock");
        locker.execute("ROLLBACK").await;
        running.await.unwrap().unwrap();
        let bonus = database.rows("SELECT COUNT(*) FROM bonus").await;
        let expected = if statement.starts_with("CALL") {
            "1"
        } else {
            "0"
        };
        assert_eq!(bonus, [[expected]], "{statement}");
        let status = connect(&database).await.status(chain).await.unwrap();
        assert_eq!((status.applied.len(), status.failed.len()), (1, 0));
    }
}

/// MySQL: a dump locks its tables, and no other one can be written meanwhile.
#[tokio::test]
async fn locked_tables_on_mysql() {
    let name = "resume::locked_tables_on_mysql";
    let database = TestDatabase::create(Dialect::MySql, name).await;
    let up = "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\nCREATE TABLE `city` (`id` int NOT NULL, PRIMARY KEY (`id`));\nLOCK TABLES `city` WRITE;\n/*!40000 ALTER TABLE `city` DISABLE KEYS */;\nINSERT INTO `city` VALUES (1),(2);\n/*!40000 ALTER TABLE `city` ENABLE KEYS */;\nUNLOCK TABLES;\n/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;";
    let chain = migrations(&[
        ("r", up, "DROP TABLE city;"),
        ("s:r", "SET SESSION TRANSACTION READ ONLY;", "SELECT 1;"),
    ]);
    run(&database, &chain).await.unwrap();
    assert_eq!(database.rows("SELECT id FROM city").await.len(), 2);
    let failing = up.replace(
        "UNLOCK TABLES",
        "INSERT INTO city VALUES (1);\nUNLOCK TABLES",
    );
    let back = chain.runner().target("base".parse().unwrap());
    let connected = connect(&database).await;
    connected.revert(back).await.unwrap();
    let failing = migrations(&[("r", &failing, "DROP TABLE city;")]);
    run(&database, &failing).await.unwrap_err();
    let fixed = migrations(&[("r", up, "DROP TABLE city;")]);
    connected.run(fixed.runner().resume(true)).await.unwrap();
    assert_eq!(database.rows("SELECT id FROM city").await.len(), 2);
}

/// PostgreSQL: a role or a read-only mode that a section sets is not the ledger's.
#[tokio::test]
async fn a_role_without_a_transaction() {
    let name = "resume::a_role_without_a_transaction";
    let database = TestDatabase::create(Dialect::Postgres, name).await;
    database
        .execute("CREATE SCHEMA app; GRANT ALL ON SCHEMA app TO pg_monitor")
        .await;
    let up = kept(
        "SET ROLE pg_monitor;\nCREATE TABLE app.a (id INTEGER);\nSET default_transaction_read_only = on;\nSET statement_timeout = '1ms';\nSELECT 1;",
    );
    let chain = migrations(&[
        ("r", &up, "SELECT 1;"),
        ("s:r", "CREATE TABLE b (id INTEGER);", "SELECT 1;"),
    ]);
    run(&database, &chain).await.unwrap();
    let owners = database
        .rows("SELECT tableowner::text FROM pg_tables WHERE tablename IN ('a', 'b') ORDER BY tablename")
        .await;
    assert_eq!(owners, [["pg_monitor"], ["migrate"]]);
}

/// MariaDB takes no message above 16 MiB by default, and a revision's row is more than its text.
#[tokio::test]
async fn a_long_revision_on_mysql() {
    let name = "resume::a_long_revision_on_mysql";
    let database = TestDatabase::create(Dialect::MySql, name).await;
    let long = format!("CREATE TABLE a (id INTEGER);\n-- {}é", "x".repeat(15 << 20));
    let chain = migrations(&[("r", &long, "DROP TABLE a;")]);
    run(&database, &chain).await.unwrap();
    let connected = connect(&database).await;
    let status = connected.status(&chain).await.unwrap();
    assert_eq!(status.applied[0].body, chain.revisions()[0].text);
    let gone = migrations(&[]);
    let back = gone.runner().target("base".parse().unwrap());
    connected.revert(back).await.unwrap();
    assert_eq!(
        database.tables().await,
        ["migrate_event", "migrate_revision"]
    );
}

/// PostgreSQL: an index that is built concurrently waits for older transactions, and an
/// environment's time limit for locks would leave it invalid.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_waits_for_older_transactions() {
    let name = "resume::an_index_waits_for_older_transactions";
    let database = TestDatabase::create(Dialect::Postgres, name).await;
    database
        .execute("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1)")
        .await;
    let up = kept("CREATE INDEX CONCURRENTLY t_v ON t (v);");
    let chain: &'static _ = Box::leak(Box::new(migrations(&[
        AB[0],
        ("i:a", &up, "DROP INDEX t_v;"),
    ])));
    let mut older = database.session().await;
    older.execute("BEGIN; INSERT INTO t VALUES (2)").await;
    let connected = connect(&database).await;
    let limits = Limits {
        lock: Some(Duration::from_millis(50)),
        statement: None,
    };
    let running = tokio::spawn(async move { connected.run(chain.runner().limits(limits)).await });
    let waits = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY t_v%' AND wait_event_type = 'Lock' \
                 AND datname = current_database() AND clock_timestamp() - query_start > interval '300 ms'";
    while database.rows(waits).await.is_empty() {
        assert!(!running.is_finished(), "it did not wait");
    }
    older.execute("COMMIT").await;
    running.await.unwrap().unwrap();
    let valid = database
        .rows("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 't_v'::regclass")
        .await;
    assert_eq!(valid, [["true"]]);
}

/// The application's connection is as it was, where it is one that cannot be closed.
#[tokio::test]
async fn a_connection_of_sqlite_is_given_back_as_it_was() {
    let pool = in_memory(true).await;
    let own = "CREATE TEMP TABLE mine (id INTEGER); PRAGMA recursive_triggers = ON";
    sqlx::raw_sql(own).execute(&pool).await.unwrap();
    let up = kept(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = OFF; PRAGMA ignore_check_constraints = ON;\nATTACH ':memory:' AS other;\nCREATE TEMP TABLE work (id INTEGER);\nCREATE TEMP VIEW look AS SELECT 1;\nDROP TABLE missing;",
    );
    let chain = migrations(&[AB[0], ("r:a", &up, "SELECT 1;")]);
    chain.run(&pool).await.unwrap_err();
    let asked = "SELECT (SELECT foreign_keys FROM pragma_foreign_keys) || (SELECT recursive_triggers FROM pragma_recursive_triggers) \
                 || (SELECT ignore_check_constraints FROM pragma_ignore_check_constraints) || (SELECT COUNT(*) FROM pragma_database_list WHERE name = 'other') \
                 || (SELECT group_concat(name) FROM sqlite_temp_master)";
    let settings: String = sqlx::query_scalar(asked).fetch_one(&pool).await.unwrap();
    assert_eq!(settings, "1100mine");
}
