//! Ctrl-C and SIGTERM while a revision runs.

use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};

use crate::{Done as _, chain, steady};

/// `a`, and `b` that runs this SQL.
fn project(database: &TestDatabase, sql: &str) -> TestProject {
    let project = chain("a");
    project.write(
        "migrate.toml",
        format!("[env.dev]\nurl = \"{}\"\n", database.url()),
    );
    project.write(
        "migrations/b.sql",
        format!("-- revision: b\n-- parents: a\n\n-- migrate: up\nCREATE TABLE b (id INTEGER);\n{sql}\n\n-- migrate: down\nDROP TABLE b;\n"),
    );
    project.run(["lock", "-q"]).success().done();
    project
}

fn start(project: &TestProject) -> Child {
    let mut command = project.command();
    command
        .args(["run", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the command starts")
}

pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
}

pub(crate) fn ended(child: Child) -> CommandOutput {
    let output = child.wait_with_output().expect("it ends");
    CommandOutput {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}

const SLEEPERS: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";

/// Waits until the server is inside the slow statement.
async fn asleep(database: &TestDatabase) {
    let running = match database.dialect() {
        Dialect::Postgres => SLEEPERS,
        _ => {
            "SELECT id FROM information_schema.processlist WHERE state = 'User sleep' AND db = DATABASE()"
        }
    };
    while database.rows(running).await.is_empty() {}
}

#[tokio::test]
async fn postgres_is_rolled_back() {
    for name in ["INT", "TERM"] {
        let database =
            TestDatabase::create(Dialect::Postgres, &format!("interrupt::postgres::{name}")).await;
        let project = project(&database, "SELECT pg_sleep(100000);");
        let child = start(&project);
        asleep(&database).await;
        signal(&child, name);
        let ended = ended(child);
        insta::allow_duplicates! {
            assert_snapshot!(steady(&ended), @"
            ------- stderr -------
            stopping: the running statement is cancelled; a second signal exits at once
            error: stopped before the run was finished: 1 revision done, the one in progress was not
            help: `cargo migrate status` shows where the database is, and how to continue
            [exit status: 130]
            ");
            assert_snapshot!(steady(&project.run(["current"])), @"a add a (base)");
        }
        assert!(database.rows(SLEEPERS).await.is_empty());
        // The lock is free.
        let next = project.run(["run", "a", "-q", "--lock-wait", "0"]);
        next.success().done();
    }
}

#[tokio::test]
async fn mysql_says_where_it_is() {
    let database = TestDatabase::create(Dialect::MySql, "interrupt::mysql").await;
    // Of many rows: one that MySQL is told to end is no failure there.
    let project = project(
        &database,
        "INSERT INTO b SELECT SLEEP(100000) FROM information_schema.collations;",
    );
    let child = start(&project);
    asleep(&database).await;
    signal(&child, "TERM");
    assert_snapshot!(steady(&ended(child)), @"
    ------- stderr -------
    stopping: the running statement is cancelled; a second signal exits at once
    error: stopped before the run was finished: 1 revision done, the one in progress was not
    help: `cargo migrate status` shows where the database is, and how to continue
    [exit status: 130]
    ");
    let status = project.run(["status", "--format", "json"]).code(1).json();
    assert_eq!(status["failed"][0]["statements"], 1);
}

#[tokio::test]
async fn a_second_signal_leaves_at_once() {
    let database = TestDatabase::create(Dialect::Postgres, "interrupt::second").await;
    // It takes no request to end.
    let project = project(
        &database,
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(100000); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;",
    );
    let mut child = start(&project);
    asleep(&database).await;
    signal(&child, "INT");
    let mut stderr = std::io::BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut line).expect("it says so");
    assert!(line.starts_with("stopping"), "{line}");
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    database
        .execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM ({SLEEPERS}) s"
        ))
        .await;
}

#[test]
fn sqlite_is_rolled_back() {
    let project = chain("a");
    project.write(
        "migrations/b.sql",
        "-- revision: b\n-- parents: a\n\n-- migrate: up\nCREATE TABLE b (id INTEGER);\nINSERT INTO b WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0;\n\n-- migrate: down\nDROP TABLE b;\n",
    );
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "a", "-q"]).success().done();
    let child = start(&project);
    // It has begun when it has a journal.
    while !project.path().join("dev.db-journal").exists()
        && !project.path().join("dev.db-wal").exists()
    {}
    signal(&child, "INT");
    assert_snapshot!(steady(&ended(child)), @"
    ------- stderr -------
    stopping: the running statement is cancelled; a second signal exits at once
    error: stopped before the run was finished
    help: `cargo migrate status` shows where the database is, and how to continue
    [exit status: 130]
    ");
    assert_snapshot!(project.run(["current"]), @"a add a (base)");
}
