//! `import` of tools whose migrations stand one behind the other.

use std::path::Path;

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};
use sqlx::migrate::Migrator;

use crate::import_alembic::schema;
use crate::{Done as _, project};

fn on(project: &TestProject, database: &TestDatabase, arguments: &[&str]) -> CommandOutput {
    let url = ["--database-url", database.url()];
    project.run(url.into_iter().chain(arguments.iter().copied()))
}

/// Runs the migrations of a folder with sqlx itself.
async fn sqlx_runs(folder: &Path, database: &TestDatabase) {
    let migrator = Migrator::new(folder).await.expect("sqlx reads the folder");
    let ran = match database.dialect() {
        Dialect::Sqlite => {
            migrator
                .run(&sqlx::SqlitePool::connect(database.url()).await.unwrap())
                .await
        }
        Dialect::Postgres => {
            migrator
                .run(&sqlx::PgPool::connect(database.url()).await.unwrap())
                .await
        }
        Dialect::MySql => {
            migrator
                .run(&sqlx::MySqlPool::connect(database.url()).await.unwrap())
                .await
        }
    };
    ran.expect("sqlx runs them");
}

/// Migrations as sqlx's users write them.
fn sqlx_files(project: &TestProject, dialect: Dialect) {
    project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
    project.write("migrations/20240101120000_create_users.sql", "-- Add migration script here\nCREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) DEFAULT 'a;b');\n\nINSERT INTO users (id) VALUES (1);\r\nCREATE INDEX by_name ON users (name);\n");
    project.write(
        "migrations/20240102120000_nothing.sql",
        "-- only a comment\n",
    );
    project.write(
        "migrations/20240103120000_orders.up.sql",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER);",
    );
    project.write(
        "migrations/20240103120000_orders.down.sql",
        "DROP TABLE orders;",
    );
    match dialect {
        Dialect::Postgres => {
            project.write("migrations/20240104120000_f.sql", "CREATE FUNCTION f() RETURNS int AS $$\n-- migrate the rows\nBEGIN\n  RETURN 1;\nEND $$ LANGUAGE plpgsql;\n");
            project.write(
                "migrations/20240105120000_concurrently.sql",
                "-- no-transaction\nCREATE INDEX CONCURRENTLY by_user ON orders (user_id);",
            );
        }
        Dialect::Sqlite => {
            project.write("migrations/20240104120000_trigger.sql", "PRAGMA foreign_keys = OFF;\nCREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE users SET name = 'x'; END;\nPRAGMA foreign_keys = ON;\n");
        }
        Dialect::MySql => {
            project.write("migrations/20240104120000_trigger.sql", "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW BEGIN UPDATE users SET name = 'x'; END;\n");
        }
    }
}

async fn of_sqlx(dialect: Dialect, name: &str) {
    let project = project();
    sqlx_files(&project, dialect);
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    sqlx_runs(&project.path().join("migrations"), &old).await;

    project.run(["import", "sqlx"]).code(1).done();
    let imported = on(
        &project,
        &old,
        &[
            "import",
            "sqlx",
            "--move-old",
            "--stamp",
            "--format",
            "json",
        ],
    )
    .success()
    .json();
    assert_eq!(imported["left_out"], serde_json::json!([]));
    project.run(["check", "--locked"]).success().done();
    let status = on(&project, &old, &["status", "--format", "json"])
        .success()
        .json();
    assert_eq!(status["pending"], serde_json::json!([]));
    let ran = on(&project, &old, &["run", "--format", "json"])
        .success()
        .json();
    assert_eq!(ran["steps"], serde_json::json!([]));

    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    on(&project, &new, &["run"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "_sqlx_migrations")
    );
    // The files that were moved are what sqlx ran.
    sqlx_runs(&project.path().join("migrations/sqlx"), &old).await;
}

#[tokio::test]
async fn of_sqlx_on_sqlite() {
    of_sqlx(Dialect::Sqlite, "import sqlx sqlite").await;
}

#[tokio::test]
async fn of_sqlx_on_postgres() {
    of_sqlx(Dialect::Postgres, "import sqlx postgres").await;
}

#[tokio::test]
async fn of_sqlx_on_mariadb() {
    of_sqlx(Dialect::MySql, "import sqlx mariadb").await;
}

#[test]
fn the_files_of_sqlx() {
    let project = project();
    sqlx_files(&project, Dialect::Sqlite);
    assert_snapshot!(project.run(["import", "sqlx"]), @"");
    assert_snapshot!(project.run(["import", "sqlx", "--move-old"]).success(), @"");
    assert_snapshot!(project.read("migrations/20240104T120000_20240104120000_trigger.sql"), @"");
    assert_snapshot!(project.read("migrations/20240102T120000_20240102120000_nothing.sql"), @"");
    assert_snapshot!(project.run(["import", "sqlx"]), @"");
}

/// A folder, a version table, and what comes of them.
async fn by_hand(
    tool: &str,
    files: &[(&str, &str)],
    rows: &str,
) -> (TestProject, TestDatabase, CommandOutput) {
    let project = project();
    project.write("migrate.toml", "dialects = [\"sqlite\"]\n");
    for (name, text) in files {
        project.write(&format!("old/{name}"), text);
    }
    let database = TestDatabase::create(Dialect::Sqlite, &format!("import {tool}")).await;
    database.execute(rows).await;
    let output = on(&project, &database, &["import", tool, "old", "--stamp"]);
    (project, database, output)
}

fn current(project: &TestProject, database: &TestDatabase) -> String {
    let current = on(project, database, &["current", "--format", "json"])
        .success()
        .json();
    current["current"].to_string()
}

#[tokio::test]
async fn of_refinery() {
    let (project, database, output) = by_hand(
        "refinery",
        &[
            ("V1__initial.sql", "CREATE TABLE a (id INT);"),
            ("V2__in_rust.rs", "pub fn migration() -> String {\n    String::new()\n}\n"),
            ("V10__last.sql", "CREATE TABLE b (id INT);"),
            ("mod.rs", ""),
        ],
        "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255));
         INSERT INTO refinery_schema_history (version) VALUES (1), (2);",
    )
    .await;
    assert_snapshot!(output, @"");
    assert_eq!(current(&project, &database), "[\"2\"]");
    assert_snapshot!(project.read("migrations/2_in_rust.sql"), @"");
}

#[tokio::test]
async fn of_diesel() {
    let (project, database, output) = by_hand(
        "diesel",
        &[
            ("00000000000000_diesel_initial_setup/up.sql", "-- nothing on SQLite\n"),
            ("00000000000000_diesel_initial_setup/down.sql", ""),
            ("2024-01-31-120405_create_a/up.sql", "CREATE TABLE a (id INT);"),
            ("2024-01-31-120405_create_a/down.sql", "DROP TABLE a;"),
            ("2024-01-31-120405_create_a/metadata.toml", "run_in_transaction = false\n"),
        ],
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY, run_on TIMESTAMP);
         INSERT INTO __diesel_schema_migrations (version) VALUES ('00000000000000'), ('20240131120405');",
    )
    .await;
    assert_snapshot!(output, @"");
    assert_eq!(current(&project, &database), "[\"20240131120405\"]");
    assert_snapshot!(project.read("migrations/20240131T120405_20240131120405_create_a.sql"), @"");
}

#[tokio::test]
async fn of_goose() {
    let (project, database, output) = by_hand(
        "goose",
        &[
            ("00001_a.sql", "-- +goose Up\n-- +goose StatementBegin\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END\n-- +goose StatementEnd\n\n-- +goose Down\nDROP TRIGGER t;\n"),
            ("00002_b.sql", "-- +goose Up\nCREATE TABLE b (id INT);\n"),
        ],
        "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP);
         INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1), (2, 1), (2, 0);",
    )
    .await;
    assert_snapshot!(output, @"");
    assert_eq!(current(&project, &database), "[\"00001\"]");
}

#[tokio::test]
async fn of_golang_migrate() {
    let (project, database, output) = by_hand(
        "golang-migrate",
        &[
            ("000001_a.up.sql", "BEGIN;\nCREATE TABLE a (id INT);\nCOMMIT;\n"),
            ("000001_a.down.sql", "DROP TABLE a;"),
            ("000002_b.up.sql", "CREATE TABLE b (id INT);"),
            ("000003_c.up.sql", "CREATE TABLE c (id INT);"),
        ],
        "CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (2, 0);",
    )
    .await;
    assert_snapshot!(output, @"");
    assert_eq!(current(&project, &database), "[\"000002\"]");
    database
        .execute("UPDATE schema_migrations SET dirty = 1")
        .await;
    assert_snapshot!(on(&project, &database, &["import", "golang-migrate", "--stamp"]), @"");
    database
        .execute("UPDATE schema_migrations SET dirty = 0, version = 9")
        .await;
    assert_snapshot!(on(&project, &database, &["import", "golang-migrate", "--stamp"]), @"");
}

#[tokio::test]
async fn of_flyway() {
    let (project, database, output) = by_hand(
        "flyway",
        &[
            ("V1__a.sql", "CREATE TABLE a (id INT);"),
            ("V1_1__b.sql", "CREATE TABLE ${prefix}b (id INT);"),
            ("U1.1__b.sql", "DROP TABLE b;"),
            ("V2__c.sql", ".mode csv\nCREATE TABLE c (id INT);\n"),
            ("R__view.sql", "CREATE VIEW v AS SELECT 1;"),
        ],
        "CREATE TABLE flyway_schema_history (installed_rank INT, version VARCHAR(50), type VARCHAR(20), success BOOLEAN);
         INSERT INTO flyway_schema_history VALUES (1, '1', 'SQL', 1), (2, '1.1', 'SQL', 1), (3, NULL, 'SQL', 1);",
    )
    .await;
    assert_snapshot!(output, @"");
    assert_eq!(current(&project, &database), "[\"1.1\"]");
    project.run(["check"]).success().done();
    assert_snapshot!(project.read("migrations/1.1_b.sql"), @"");
    assert_snapshot!(project.read("migrations/2_c.sql"), @"");
}

#[tokio::test]
async fn a_version_that_was_left_out_is_told() {
    let (_project, _database, output) = by_hand(
        "dbmate",
        &[
            ("20240101120000_a.sql", "-- migrate:up\nCREATE TABLE a (id INT);\n-- migrate:down\nDROP TABLE a;\n"),
            ("20240102120000_b.sql", "-- migrate:up\nCREATE TABLE b (id INT);\n"),
        ],
        "CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY); INSERT INTO schema_migrations VALUES ('20240102120000');",
    )
    .await;
    assert_snapshot!(output, @"");
}

#[test]
fn all_files_are_written_or_none() {
    let project = project();
    project.write("migrate.toml", "dialects = [\"sqlite\"]\n");
    project.write("migrations/1_a.sql", "CREATE TABLE a (id INT);");
    project.write("migrations/2_b.sql", "CREATE TABLE b (id INT);");
    // Something is where the lock should go.
    project.write("migrations/chain.lock/x", "");
    project.run(["import", "sqlx", "--move-old"]).code(1).done();
    let mut names: Vec<_> = std::fs::read_dir(project.path().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["1_a.sql", "2_b.sql", "chain.lock"]);
}

#[test]
fn nothing_to_import() {
    let project = project();
    assert_snapshot!(project.run(["import", "sqlx"]), @"");
    project.write("old/readme.sql", "");
    assert_snapshot!(project.run(["import", "sqlx", "old"]), @"");
    assert_snapshot!(project.run(["import", "hibernate"]), @"");
}
