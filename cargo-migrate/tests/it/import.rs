//! `import` of tools whose migrations stand one behind the other.

use std::process::Command;

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};

use crate::import_alembic::schema;
use crate::{Done as _, project};

pub(crate) fn on(
    project: &TestProject,
    database: &TestDatabase,
    arguments: &[&str],
) -> CommandOutput {
    let url = ["--database-url", database.url()];
    project.run(url.into_iter().chain(arguments.iter().copied()))
}

/// Runs sqlx-cli itself.
pub(crate) fn sqlx(
    project: &TestProject,
    database: &TestDatabase,
    arguments: &[&str],
) -> CommandOutput {
    let program = std::env::var_os("MIGRATE_TEST_SQLX").unwrap_or_else(|| {
        panic!("this test needs sqlx-cli: run it with ./tests/run, which builds it (or set MIGRATE_TEST_SQLX to the program)")
    });
    let mut command = Command::new(program);
    command
        .current_dir(project.path())
        .args(["--no-dotenv", "migrate"])
        .args(arguments)
        .args(["--database-url", database.url()]);
    project.output(&mut command)
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
    sqlx(&project, &old, &["run"]).success().done();

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
    on(&project, &old, &["verify"]).success().done();

    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    on(&project, &new, &["run"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "_sqlx_migrations")
    );
    on(&project, &new, &["verify"]).success().done();
    // The files that were moved are what sqlx ran: it finds nothing to do, and none changed.
    let moved = ["run", "--source", "migrations/sqlx"];
    let output = sqlx(&project, &old, &moved).success();
    assert_eq!(output.stdout, "");
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

/// Runs dbmate itself.
pub(crate) fn dbmate(
    project: &TestProject,
    database: &TestDatabase,
    arguments: &[&str],
) -> CommandOutput {
    let program = std::env::var_os("MIGRATE_TEST_DBMATE").unwrap_or_else(|| {
        panic!("this test needs dbmate: run it with ./tests/run, which installs it (or set MIGRATE_TEST_DBMATE to the program)")
    });
    let url = match database.dialect() {
        Dialect::Sqlite => database
            .url()
            .replace("sqlite://", "sqlite:")
            .replace("?mode=rwc", ""),
        Dialect::Postgres => format!("{}?sslmode=disable", database.url()),
        Dialect::MySql => database.url().to_owned(),
    };
    let mut command = Command::new(program);
    command
        .current_dir(project.path())
        .args(["--url", &url, "--no-dump-schema"])
        .args(arguments);
    project.output(&mut command)
}

async fn of_dbmate(dialect: Dialect, name: &str) {
    let project = project();
    project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
    project.write("db/migrations/20240101120000_create_users.sql", "-- migrate:up\nCREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) DEFAULT 'a;b');\nINSERT INTO users (id) VALUES (1);\n\n-- migrate:down\nDROP TABLE users;\n");
    project.write("db/migrations/20240102120000_index.sql", "-- migrate:up transaction:false\nCREATE INDEX by_name ON users (name);\n\n-- migrate:down\n");
    project.write("db/migrations/20240103120000_orders.sql", "-- migrate:up\nCREATE TABLE orders (id INTEGER PRIMARY KEY);\n\n-- migrate:down\nDROP TABLE orders;\n");
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    dbmate(&project, &old, &["migrate"]).success().done();

    let imported = on(
        &project,
        &old,
        &["import", "dbmate", "--stamp", "--format", "json"],
    )
    .success()
    .json();
    assert_eq!(imported["left_out"], serde_json::json!([]));
    project.run(["check", "--locked"]).success().done();
    let ran = on(&project, &old, &["run", "--format", "json"])
        .success()
        .json();
    assert_eq!(ran["steps"], serde_json::json!([]));
    let status = on(&project, &old, &["status", "--format", "json"])
        .success()
        .json();
    assert_eq!(status["pending"], serde_json::json!([]));
    on(&project, &old, &["verify"]).success().done();
    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    on(&project, &new, &["run"]).success().done();
    on(&project, &new, &["verify"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "schema_migrations")
    );
    dbmate(&project, &old, &["rollback"]).success().done();
    on(&project, &new, &["revert"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "schema_migrations")
    );
}

#[tokio::test]
async fn of_dbmate_on_sqlite() {
    of_dbmate(Dialect::Sqlite, "import dbmate sqlite").await;
}

#[tokio::test]
async fn of_dbmate_on_postgres() {
    of_dbmate(Dialect::Postgres, "import dbmate postgres").await;
}

#[tokio::test]
async fn of_dbmate_on_mariadb() {
    of_dbmate(Dialect::MySql, "import dbmate mariadb").await;
}

#[test]
fn the_files_of_sqlx() {
    let project = project();
    sqlx_files(&project, Dialect::Sqlite);
    assert_snapshot!(project.run(["import", "sqlx"]), @r#"
    ------- stderr -------
    error: the revisions would go to `migrations`, where `20240101120000_create_users.sql` is not a revision
    help: add `--move-old` to move the old files to `migrations/sqlx`; or give the chain a folder of its own, such as `dir = "chain"` in migrate.toml
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["import", "sqlx", "--move-old"]).success(), @"
    changed migrations/20240104120000_trigger.sql:1 and migrations/20240104120000_trigger.sql:3: `PRAGMA foreign_keys` is left out: a revision is applied with foreign keys off and checked at its end
    ------- stderr -------
    wrote 4 revisions, 4 sealed, 0 drafts, to migrations
    help: `cargo migrate import sqlx --stamp` stamps a database that has them
    ");
    assert_snapshot!(project.read("migrations/20240104T120000_20240104120000_trigger.sql"), @"
    -- revision: 20240104120000
    -- parents: 20240103120000
    -- message: trigger
    -- created: 2024-01-04T12:00:00Z

    -- migrate: up
    CREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE users SET name = 'x'; END;

    -- migrate: irreversible sqlx had no down migration for it
    ");
    assert_snapshot!(project.read("migrations/20240102T120000_20240102120000_nothing.sql"), @"
    -- revision: 20240102120000
    -- parents: 20240101120000
    -- message: nothing
    -- created: 2024-01-02T12:00:00Z

    -- migrate: up
    -- only a comment
    -- it did nothing in sqlx, and does nothing here
    SELECT 1;

    -- migrate: down
    -- there is nothing to revert
    SELECT 1;
    ");
    assert_snapshot!(project.run(["import", "sqlx"]), @r#"
    ------- stderr -------
    error: there are already revisions in `migrations`
    help: nothing was written: `cargo migrate import sqlx --stamp` stamps a database; another chain needs another folder, `dir = "…"` in migrate.toml
    [exit status: 1]
    "#);
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
    assert_snapshot!(output, @"
    left out old/V2__in_rust.rs:1: it is a program in Rust: write what it does as SQL
    ------- stderr -------
    wrote 3 revisions, 2 sealed, 1 draft, to migrations
    warning: 1 revision could not be converted completely, for 1 reason
    help: finish each, such as `cargo migrate edit 2`, before it is stamped or run; then `cargo migrate lock`
    stamped 2: 2 revisions recorded; `refinery_schema_history` stays as it is
    ");
    assert_eq!(current(&project, &database), "[\"2\"]");
    assert_snapshot!(project.read("migrations/2_in_rust.sql"), @"
    -- revision: 2
    -- parents: 1
    -- message: in rust

    -- migrate: up
    -- import: not carried over: it is a program in Rust: write what it does as SQL
    -- import: this is the original text
    -- | pub fn migration() -> String {
    -- |     String::new()
    -- | }

    -- migrate: irreversible refinery has no down migrations
    ");
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
    assert_snapshot!(output, @"
    ------- stderr -------
    wrote 2 revisions, 2 sealed, 0 drafts, to migrations
    stamped 20240131120405: 2 revisions recorded; `__diesel_schema_migrations` stays as it is
    ");
    assert_eq!(current(&project, &database), "[\"20240131120405\"]");
    assert_snapshot!(project.read("migrations/20240131T120405_20240131120405_create_a.sql"), @"
    -- revision: 20240131120405
    -- parents: 00000000000000
    -- message: create a
    -- created: 2024-01-31T12:04:05Z

    -- migrate: up no-transaction
    CREATE TABLE a (id INT);

    -- migrate: down no-transaction
    DROP TABLE a;
    ");
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
    assert_snapshot!(output, @"
    ------- stderr -------
    wrote 2 revisions, 2 sealed, 0 drafts, to migrations
    stamped 00001: 1 revision recorded; `goose_db_version` stays as it is
    ");
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
    assert_snapshot!(output, @"
    changed old/000001_a.up.sql:1: its own `BEGIN` and `COMMIT` are left out: a revision is applied as a whole
    ------- stderr -------
    wrote 3 revisions, 3 sealed, 0 drafts, to migrations
    stamped 000002: 2 revisions recorded; `schema_migrations` stays as it is
    ");
    assert_eq!(current(&project, &database), "[\"000002\"]");
    database
        .execute("UPDATE schema_migrations SET dirty = 1")
        .await;
    assert_snapshot!(on(&project, &database, &["import", "golang-migrate", "--stamp"]), @"
    ------- stderr -------
    error: `2` did not finish, according to the table of golang-migrate
    help: repair it with golang-migrate first
    [exit status: 1]
    ");
    database
        .execute("UPDATE schema_migrations SET dirty = 0, version = 9")
        .await;
    assert_snapshot!(on(&project, &database, &["import", "golang-migrate", "--stamp"]), @"
    ------- stderr -------
    error: the database has `9`, which the chain does not have
    help: restore their files and import again, or revert them with golang-migrate
    [exit status: 1]
    ");
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
    assert_snapshot!(output, @r#"
    left out old/R__view.sql: a repeatable migration runs whenever it changes; put what it creates into a revision: `cargo migrate new "view" --sql old/R__view.sql`
    left out old/V1_1__b.sql:1: Flyway fills in `${prefix}` at line 1: write its value
    left out old/V2__c.sql:1: `.mode` is a client command, which servers do not accept
    ------- stderr -------
    wrote 3 revisions, 1 sealed, 2 drafts, to migrations
    warning: 2 revisions could not be converted completely, for 3 reasons
    help: finish each, such as `cargo migrate edit 1.1`, before it is stamped or run; then `cargo migrate lock`
    stamped 1.1: 2 revisions recorded; `flyway_schema_history` stays as it is
    "#);
    assert_eq!(current(&project, &database), "[\"1.1\"]");
    project.run(["check"]).success().done();
    assert_snapshot!(project.read("migrations/1.1_b.sql"), @"
    -- revision: 1.1
    -- parents: 1
    -- message: b

    -- migrate: up
    -- import: not carried over: Flyway fills in `${prefix}` at line 1: write its value
    -- import: this is the original text
    -- | CREATE TABLE ${prefix}b (id INT);

    -- migrate: down
    DROP TABLE b;
    ");
    assert_snapshot!(project.read("migrations/2_c.sql"), @"
    -- revision: 2
    -- parents: 1.1
    -- message: c

    -- migrate: up
    -- import: not carried over: `.mode` is a client command, which servers do not accept
    -- import: this is the original text
    -- | .mode csv
    -- | CREATE TABLE c (id INT);

    -- migrate: irreversible Flyway had no undo migration for it
    ");
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
    assert_snapshot!(output, @"
    ------- stderr -------
    wrote 2 revisions, 2 sealed, 0 drafts, to migrations
    error: `20240101120000` is not applied, although what follows it is
    help: apply it with dbmate first
    [exit status: 1]
    ");
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
    assert_snapshot!(project.run(["import", "sqlx"]), @"
    ------- stderr -------
    error: none of the folders `migrations` exists
    help: say where the migrations are: `cargo migrate import sqlx <path>`
    [exit status: 1]
    ");
    project.write("old/readme.sql", "");
    assert_snapshot!(project.run(["import", "sqlx", "old"]), @"
    ------- stderr -------
    error: `old` contains no migration of sqlx

    Caused by:
      old/readme.sql: sqlx takes only files named `<version>_<description>.sql`

    help: say where they are: `cargo migrate import sqlx <path>`
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["import", "hibernate"]), @"
    ------- stderr -------
    error: invalid value 'hibernate' for '<TOOL>'
      [possible values: alembic, sqlx, refinery, diesel, dbmate, goose, golang-migrate, flyway]

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[tokio::test]
async fn a_draft_that_was_finished_is_recorded_again() {
    let (project, database, output) = by_hand(
        "refinery",
        &[
            ("V1__a.sql", "CREATE TABLE a (id INT);"),
            ("V2__b.rs", "// creates b"),
        ],
        "CREATE TABLE a (id INT); CREATE TABLE b (id INT);
         CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY);
         INSERT INTO refinery_schema_history (version) VALUES (1), (2);",
    )
    .await;
    output.success().done();
    let draft = project.read("migrations/2_b.sql");
    let finished = draft.replace(
        "-- import: this",
        "CREATE TABLE b (id INT);\n-- import: this",
    );
    project.write("migrations/2_b.sql", finished);
    project.run(["lock"]).success().done();
    on(&project, &database, &["run"]).code(1).done();
    on(&project, &database, &["import", "refinery", "--stamp"])
        .success()
        .done();
    let ran = on(&project, &database, &["run", "--format", "json"])
        .success()
        .json();
    assert_eq!(ran["steps"], serde_json::json!([]));

    // What came later by this project stays.
    project
        .run(["new", "later", "--rev-id", "later"])
        .success()
        .done();
    let later = "migrations/20261120T143205_later_later.sql";
    let text = project.read(later).replace(
        "-- migrate: up\n",
        "-- migrate: up\nCREATE TABLE c (id INT);\n",
    );
    project.write(later, text);
    on(&project, &database, &["run"]).success().done();
    on(&project, &database, &["import", "refinery", "--stamp"]).done();
    assert_eq!(current(&project, &database), "[\"later\"]");
}
