//! The command on PostgreSQL and MariaDB; `tests/run` starts them.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, chain};

/// A chain of two and an empty database of the dialect.
pub(crate) async fn with_database(dialect: Dialect, name: &str) -> (TestProject, TestDatabase) {
    let project = chain("a  b:a");
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    let database = TestDatabase::create(dialect, name).await;
    project.write(".env", format!("TEST_URL={}\n", database.url()));
    (project, database)
}

/// Goes there and back, and reads on the way.
async fn there_and_back(dialect: Dialect, name: &str) {
    let (project, _database) = with_database(dialect, name).await;
    let current = |project: &TestProject| project.run(["current"]).success().stdout;
    assert_eq!(current(&project), "");
    project.run(["run", "a"]).success().done();
    assert_eq!(current(&project), "a add a (base)\n");
    project.run(["run"]).success().done();
    project.run(["redo"]).success().done();
    let status = project.run(["status", "--format", "json"]).success().json();
    assert_eq!(status["current"], serde_json::json!(["b"]));
    let database = status["database"].as_str().expect("a text");
    assert!(!database.contains("only-for-tests"), "{database}");
    project.run(["revert", "base"]).success().done();
    project.run(["stamp", "b"]).success().done();
    assert_eq!(current(&project), "b add b (head)\n");
}

#[tokio::test]
async fn there_and_back_on_postgres() {
    there_and_back(Dialect::Postgres, "cli_there_and_back").await;
}

#[tokio::test]
async fn there_and_back_on_mariadb() {
    there_and_back(Dialect::MySql, "cli_there_and_back").await;
}

/// A wrong password and an unknown database: an error that names the server and no secret.
async fn refused(dialect: Dialect, name: &str, codes: [&str; 2]) {
    let (project, database) = with_database(dialect, name).await;
    let wrong = database.url().replace("only-for-tests", "hunter2");
    assert_ne!(wrong, database.url(), "the server has a password");
    let nowhere = format!("{}_is_not_there", database.url());
    for (url, code) in [(wrong, codes[0]), (nowhere, codes[1])] {
        for command in ["status", "run", "current"] {
            for format in ["human", "json"] {
                let output = project
                    .run([command, "--database-url", &url, "--format", format])
                    .code(1);
                let told = output.to_string();
                assert!(!told.contains("hunter2"), "{told}");
                assert!(!told.contains("only-for-tests"), "{told}");
                assert!(told.contains(code), "{told}");
                assert!(told.contains("cannot be used"), "{told}");
            }
        }
    }
}

#[tokio::test]
async fn what_postgres_refuses() {
    refused(
        Dialect::Postgres,
        "cli_refused",
        ["password authentication failed", "does not exist"],
    )
    .await;
}

#[tokio::test]
async fn what_mariadb_refuses() {
    refused(
        Dialect::MySql,
        "cli_refused",
        ["Access denied", "Unknown database"],
    )
    .await;
}

#[tokio::test]
async fn a_half_done_revision_on_mariadb_goes_on_where_it_stopped() {
    let (project, database) = with_database(Dialect::MySql, "cli_resume").await;
    project.write(
        "c.sql",
        "CREATE TABLE one (id INTEGER);\nCREATE TABLE two (id INTEGER);\n",
    );
    project
        .run(["new", "c", "--rev-id", "c", "--sql", "c.sql"])
        .success()
        .done();
    database.execute("CREATE TABLE two (id INTEGER)").await;
    let failed = project.run(["run"]).code(1);
    let told = failed
        .stderr
        .lines()
        .filter(|line| !line.starts_with("applied"));
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    error: statement 2 of 2 of revision `c` failed
     --> migrations/20261120T143205_c_c.sql:8:1
      |
    8 | CREATE TABLE two (id INTEGER);
      | ^^^^^^ Table 'two' already exists
    help: fix the statement, then continue there with `cargo migrate run --resume`
    "#);
    let status = project.run(["status"]).code(1).stdout;
    assert!(status.contains("failed  c c after 1 statement"), "{status}");
    project.run(["run"]).code(1).done();
    database.execute("DROP TABLE two").await;
    project.run(["run", "--resume"]).success().done();
    assert_eq!(project.run(["current"]).stdout, "c c (head)\n");
}
