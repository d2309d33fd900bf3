//! `import` of migrations that mean something only because of the tool that runs them: its order,
//! its transaction, its own table.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};
use serde_json::json;

use crate::import::{dbmate, on, sqlx};
use crate::import_alembic::schema;
use crate::{Done as _, project};

/// A project with the files of another tool in `old`.
fn with(dialect: Dialect, files: &[(&str, &str)]) -> TestProject {
    let project = project();
    project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
    for (name, text) in files {
        project.write(&format!("old/{name}"), text);
    }
    project
}

fn import(project: &TestProject, tool: &str) -> CommandOutput {
    project.run(["import", tool, "old"])
}

fn history(project: &TestProject) -> Vec<String> {
    let history = project
        .run(["history", "--format", "json"])
        .success()
        .json();
    let revisions = history["revisions"].as_array().expect("a list");
    let mut ids: Vec<String> = revisions
        .iter()
        .map(|revision| revision["revision"].as_str().expect("an id").to_owned())
        .collect();
    ids.reverse();
    ids
}

/// The old database is stamped and verified, and a new one gets the same schema.
async fn same(project: &TestProject, old: &TestDatabase, tool: &str, table: &str) -> TestDatabase {
    project.run(["check", "--locked"]).success().done();
    on(project, old, &["import", tool, "--stamp"])
        .success()
        .done();
    let ran = on(project, old, &["run", "--format", "json"])
        .success()
        .json();
    assert_eq!(ran["steps"], json!([]));
    on(project, old, &["verify"]).success().done();
    let new = TestDatabase::create(old.dialect(), &format!("{tool} {table} new")).await;
    on(project, &new, &["run"]).success().done();
    on(project, &new, &["verify"]).success().done();
    assert_eq!(schema(project, &new, ""), schema(project, old, table));
    new
}

/// dbmate sorts the names of its files as text.
#[tokio::test]
async fn the_order_of_dbmate() {
    let files = [
        (
            "20240101000000_a.sql",
            "-- migrate:up\nCREATE TABLE a (id INTEGER);\n-- migrate:down\nDROP TABLE a;\n",
        ),
        (
            "20240102_b.sql",
            "-- migrate:up\nALTER TABLE a RENAME COLUMN c TO d;\n-- migrate:down\nALTER TABLE a RENAME COLUMN d TO c;\n",
        ),
        (
            "20240102000000_c.sql",
            "-- migrate:up\nALTER TABLE a ADD COLUMN c INTEGER;\n-- migrate:down\nALTER TABLE a DROP COLUMN c;\n",
        ),
        (
            "3_last.sql",
            "-- migrate:up\nALTER TABLE a ADD COLUMN e INTEGER;\n-- migrate:down\nALTER TABLE a DROP COLUMN e;\n",
        ),
        (
            "1_first.sql",
            "-- migrate:up\nCREATE TABLE first (id INTEGER);\n-- migrate:down\nDROP TABLE first;\n",
        ),
        (
            "01_zero.sql",
            "-- migrate:up\nCREATE TABLE zero (id INTEGER);\n-- migrate:down\nDROP TABLE zero;\n",
        ),
    ];
    let project = with(Dialect::Sqlite, &files);
    let old = TestDatabase::create(Dialect::Sqlite, "order of dbmate").await;
    dbmate(&project, &old, &["--migrations-dir", "old", "migrate"])
        .success()
        .done();
    import(&project, "dbmate").success().done();
    assert_eq!(
        history(&project),
        [
            "01",
            "1",
            "20240101000000",
            "20240102000000",
            "20240102",
            "3"
        ]
    );
    same(&project, &old, "dbmate", "schema_migrations").await;
}

/// diesel sorts versions, which are texts (`MigrationVersion` of its crate `diesel`).
#[tokio::test]
async fn the_order_of_diesel() {
    let project = with(
        Dialect::Sqlite,
        &[
            ("2024-03-01-120000_a/up.sql", "CREATE TABLE a (id INTEGER);"),
            ("2024-03-05_b/up.sql", "ALTER TABLE a ADD COLUMN b INTEGER;"),
            (
                "2024-03-10-120000-0000_c/up.sql",
                "ALTER TABLE a ADD COLUMN c INTEGER;",
            ),
            (
                "2024-03-20-120000_d/up.sql",
                "ALTER TABLE a RENAME COLUMN c TO d;",
            ),
            (
                "2024-03-20-120000-0000_e/up.sql",
                "ALTER TABLE a RENAME COLUMN d TO e;",
            ),
        ],
    );
    import(&project, "diesel").success().done();
    assert_eq!(
        history(&project),
        [
            "20240301120000",
            "20240305",
            "202403101200000000",
            "20240320120000",
            "202403201200000000"
        ]
    );
    let new = TestDatabase::create(Dialect::Sqlite, "order of diesel new").await;
    on(&project, &new, &["run"]).success().done();
    // A database on which diesel has run the first three of them.
    let old = TestDatabase::create(Dialect::Sqlite, "order of diesel").await;
    old.execute("CREATE TABLE a (id INTEGER, b INTEGER, c INTEGER); CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); INSERT INTO __diesel_schema_migrations (version) VALUES ('20240301120000'), ('20240305'), ('202403101200000000');").await;
    on(&project, &old, &["import", "diesel", "--stamp"])
        .success()
        .done();
    on(&project, &old, &["verify"]).success().done();
    on(&project, &old, &["run"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "__diesel_schema_migrations")
    );
    let created = project.read("migrations/20240310T120000_202403101200000000_c.sql");
    assert!(
        created.contains("-- created: 2024-03-10T12:00:00Z\n"),
        "{created}"
    );
}

/// sqlx wraps each file of SQLite in a transaction, and foreign keys cannot be switched inside.
#[tokio::test]
async fn transactions_that_a_file_of_sqlx_ends_and_begins() {
    let project = with(
        Dialect::Sqlite,
        &[
            (
                "1_init.sql",
                "CREATE TABLE p (id INTEGER PRIMARY KEY, x TEXT);\nCREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);\nINSERT INTO p VALUES (1, 'one');\nINSERT INTO c VALUES (1);\n",
            ),
            (
                "2_rebuild.sql",
                "-- the recipe of SQLite's manual\nCOMMIT;\nPRAGMA foreign_keys = OFF;\nBEGIN TRANSACTION;\nCREATE TABLE q (id INTEGER PRIMARY KEY, x TEXT NOT NULL);\nINSERT INTO q SELECT * FROM p;\nDROP TABLE p;\nALTER TABLE q RENAME TO p;\nPRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys = ON;\nBEGIN TRANSACTION;\n",
            ),
            (
                "3_after.sql",
                "ALTER TABLE p ADD COLUMN y TEXT;\nCOMMIT;\nPRAGMA foreign_keys=off;\nBEGIN;\nDELETE FROM p WHERE id = 7;\nEND;\nBEGIN;\nCREATE TABLE d (id INTEGER);",
            ),
            (
                "4_vacuum.sql",
                "INSERT INTO d VALUES (1);\nCOMMIT;\nVACUUM;\nBEGIN;\nINSERT INTO d VALUES (2) -- the last\n",
            ),
            ("5_only.sql", "COMMIT;\nBEGIN;\n"),
        ],
    );
    let old = TestDatabase::create(Dialect::Sqlite, "sqlx commits").await;
    sqlx(&project, &old, &["run", "--source", "old"])
        .success()
        .done();
    assert_snapshot!(import(&project, "sqlx").success(), @"
    changed old/2_rebuild.sql:2 and old/5_only.sql:1: its own `COMMIT` and `BEGIN` are left out: a revision is applied as a whole
    changed old/2_rebuild.sql:3, old/2_rebuild.sql:11 and old/3_after.sql:3: `PRAGMA foreign_keys` is left out: a revision is applied with foreign keys off and checked at its end
    changed old/3_after.sql:2: its own `COMMIT`, `BEGIN` and `END` are left out: a revision is applied as a whole
    changed old/4_vacuum.sql:1: `BEGIN` and `COMMIT` are added: it ends and begins transactions, and sqlx began the first and committed the last
    changed old/4_vacuum.sql:2: `COMMIT` keeps it from running in one transaction: its section says `no-transaction`
    ------- stderr -------
    wrote 5 revisions, 5 sealed, 0 drafts, to migrations
    help: `cargo migrate import sqlx --stamp` stamps a database that has them
    ");
    let new = same(&project, &old, "sqlx", "_sqlx_migrations").await;
    for rows in ["SELECT * FROM p", "SELECT * FROM c", "SELECT * FROM d"] {
        assert_eq!(new.rows(rows).await, old.rows(rows).await);
    }
    assert_snapshot!(project.read("migrations/4_vacuum.sql"), @"
    -- revision: 4
    -- parents: 3
    -- message: vacuum

    -- migrate: up no-transaction
    BEGIN; INSERT INTO d VALUES (1);
    COMMIT;
    VACUUM;
    BEGIN;
    INSERT INTO d VALUES (2); -- the last
    COMMIT;

    -- migrate: irreversible sqlx had no down migration for it
    ");
}

/// PostgreSQL needs the commit before a new value of an enum can be used.
#[tokio::test]
async fn a_commit_that_postgres_needs() {
    let project = with(
        Dialect::Postgres,
        &[
            (
                "1_a.sql",
                "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE t (m mood);\n",
            ),
            (
                "2_b.sql",
                "ALTER TYPE mood ADD VALUE 'glad';\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES ('glad');\n",
            ),
            ("3_c.sql", "BEGIN;\nALTER TABLE t ADD COLUMN n INT;\n"),
            (
                "4_d.sql",
                "BEGIN;\nALTER TABLE t ADD COLUMN o INT;\nCOMMIT;\nCOMMIT;\n",
            ),
        ],
    );
    let old = TestDatabase::create(Dialect::Postgres, "sqlx commits postgres").await;
    sqlx(&project, &old, &["run", "--source", "old"])
        .success()
        .done();
    import(&project, "sqlx").success().done();
    let new = same(&project, &old, "sqlx", "_sqlx_migrations").await;
    let rows = "SELECT m::text FROM t";
    assert_eq!(new.rows(rows).await, old.rows(rows).await);
    let text = project.read("migrations/3_c.sql");
    assert!(text.contains("-- migrate: up\nALTER TABLE t"), "{text}");
}

#[tokio::test]
async fn the_version_table_in_a_migration() {
    let project = with(
        Dialect::Sqlite,
        &[
            ("1_a.up.sql", "CREATE TABLE a (id INTEGER);"),
            (
                "2_b.up.sql",
                "ALTER TABLE schema_migrations ADD COLUMN note TEXT;\nCREATE TABLE b (id INTEGER);\nCREATE TRIGGER guard AFTER INSERT ON schema_migrations BEGIN SELECT 1; END;\n",
            ),
            ("2_b.down.sql", "DROP TRIGGER guard;\nDROP TABLE b;\n"),
            (
                "3_c.up.sql",
                "CREATE INDEX by_note ON schema_migrations (note);",
            ),
            ("3_c.down.sql", "DROP INDEX by_note;"),
        ],
    );
    assert_snapshot!(import(&project, "golang-migrate").success(), @"
    left out old/2_b.down.sql:1, old/2_b.up.sql:1 and 3 more: it changes `schema_migrations`, the table of golang-migrate itself, which a new database does not have
    ------- stderr -------
    wrote 3 revisions, 3 sealed, 0 drafts, to migrations
    help: `cargo migrate import golang-migrate --stamp` stamps a database that has them
    ");
    let old = TestDatabase::create(Dialect::Sqlite, "version table").await;
    old.execute("CREATE TABLE schema_migrations (version uint64, dirty bool, note TEXT); INSERT INTO schema_migrations VALUES (3, 0, NULL); CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER); CREATE TRIGGER guard AFTER INSERT ON schema_migrations BEGIN SELECT 1; END; CREATE INDEX by_note ON schema_migrations (note)").await;
    let new = same(&project, &old, "golang-migrate", "schema_migrations").await;
    on(&project, &new, &["revert", "base"]).code(1).done();
    on(&project, &new, &["revert", "1"]).success().done();
}

#[tokio::test]
async fn the_version_table_of_diesel_with_a_trigger_on_postgres() {
    let guard = "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;\nCREATE TRIGGER guard BEFORE INSERT OR UPDATE ON __diesel_schema_migrations FOR EACH STATEMENT EXECUTE FUNCTION guard ();\n";
    let project = with(
        Dialect::Postgres,
        &[
            ("2024-01-01-000000_a/up.sql", "CREATE TABLE a (id INT);"),
            ("2024-01-02-000000_b/up.sql", guard),
            (
                "2024-01-02-000000_b/down.sql",
                "DROP TRIGGER guard ON __diesel_schema_migrations;\nDROP FUNCTION guard;\n",
            ),
            (
                "2024-01-03-000000_c/up.sql",
                "CREATE VIEW applied AS SELECT max(version) FROM __diesel_schema_migrations;\n",
            ),
        ],
    );
    assert_snapshot!(import(&project, "diesel").success(), @"
    left out old/2024-01-02-000000_b/down.sql:1 and old/2024-01-02-000000_b/up.sql:2: it changes `__diesel_schema_migrations`, the table of diesel itself, which a new database does not have
    left out old/2024-01-03-000000_c/up.sql:1: it needs `__diesel_schema_migrations`, the table of diesel itself, which a new database does not have
    ------- stderr -------
    wrote 3 revisions, 2 sealed, 1 draft, to migrations
    warning: 1 revision could not be converted completely, for 3 reasons
    help: finish each, such as `cargo migrate edit 20240103000000`, before it is stamped or run; then `cargo migrate lock`
    ");
    let old = TestDatabase::create(Dialect::Postgres, "version table diesel").await;
    old.execute("CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); INSERT INTO __diesel_schema_migrations (version) VALUES ('20240101000000'), ('20240102000000'); CREATE TABLE a (id INT);").await;
    old.execute(guard).await;
    on(&project, &old, &["import", "diesel", "--stamp"])
        .success()
        .done();
    on(&project, &old, &["verify"]).success().done();
    let new = TestDatabase::create(Dialect::Postgres, "version table diesel new").await;
    on(&project, &new, &["run", "20240102000000"])
        .success()
        .done();
    on(&project, &new, &["verify"]).success().done();
    on(&project, &new, &["revert", "20240101000000"])
        .success()
        .done();
}

/// A down that is there and empty is a step.
#[tokio::test]
async fn empty_downs_are_steps() {
    let project = with(
        Dialect::Sqlite,
        &[
            (
                "00001_a.sql",
                "-- +goose Up\nCREATE TABLE a (id INTEGER);\n-- +goose Down\nDROP TABLE a;\n",
            ),
            (
                "00002_b.sql",
                "-- +goose Up\nINSERT INTO a VALUES (1);\n-- +goose Down\n-- nothing to do\n",
            ),
            (
                "00003_c.sql",
                "-- +goose Up\nINSERT INTO a VALUES (2);\n-- +goose Down\n",
            ),
        ],
    );
    import(&project, "goose").success().done();
    project.run(["check", "--locked"]).success().done();
    let database = TestDatabase::create(Dialect::Sqlite, "empty downs").await;
    on(&project, &database, &["run"]).success().done();
    on(&project, &database, &["revert", "base"])
        .success()
        .done();
    assert_snapshot!(project.read("migrations/00002_b.sql"), @"
    -- revision: 00002
    -- parents: 00001
    -- message: b

    -- migrate: up
    INSERT INTO a VALUES (1);

    -- migrate: down
    -- nothing to do
    -- it did nothing in goose, and does nothing here
    SELECT 1;
    ");
}

const FLYWAY: &str = "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50), description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INTEGER, installed_by VARCHAR(100) NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INTEGER NOT NULL, success BOOLEAN NOT NULL);
     INSERT INTO flyway_schema_history VALUES (1, '1', 'a', 'SQL', 'V1__a.sql', 1, 'me', '2024-01-01 01:02:03', 1, 1), (2, '2', 'fill it', 'JDBC', 'db.V2__Fill_it', NULL, 'me', '2024-01-02 01:02:03.5', 1, 1), (3, '3', 'b', 'SQL', 'V3__b.sql', 1, 'me', '2024-01-03 01:02:03', 1, 1);
     CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);";

fn times(project: &TestProject, database: &TestDatabase) -> Vec<String> {
    let status = on(project, database, &["status", "--format", "json"])
        .success()
        .json();
    let applied = status["applied"].as_array().expect("a list").iter();
    applied
        .map(|row| {
            format!(
                "{} {}",
                row["revision"].as_str().expect("an id"),
                row["applied_at"].as_str().expect("a time")
            )
        })
        .collect()
}

/// Versions that only code has: the file is beside the resources.
#[tokio::test]
async fn code_beside_the_files_of_flyway() {
    let project = project();
    project.write("migrate.toml", "dialects = [\"sqlite\"]\n");
    let resources = "src/main/resources/db/migration";
    project.write(
        &format!("{resources}/V1__a.sql"),
        "CREATE TABLE a (id INTEGER);",
    );
    project.write(
        &format!("{resources}/V3__b.sql"),
        "CREATE TABLE b (id INTEGER);",
    );
    project.write(
        "src/main/java/db/V2__Fill_it.java",
        "class V2__Fill_it {}\n",
    );
    project.write("src/main/java/Main.java", "class Main {}\n");
    project.write("src/main/kotlin/db/V4__More.kt", "class V4__More\n");
    let old = TestDatabase::create(Dialect::Sqlite, "flyway java").await;
    old.execute(FLYWAY).await;
    assert_snapshot!(on(&project, &old, &["import", "flyway", "--stamp"]).success(), @"
    left out src/main/java/db/V2__Fill_it.java:1: it is a program in Java: write what it does as SQL
    left out src/main/kotlin/db/V4__More.kt:1: it is a program in Kotlin: write what it does as SQL
    ------- stderr -------
    wrote 4 revisions, 2 sealed, 2 drafts, to migrations
    warning: 2 revisions could not be converted completely, for 2 reasons
    help: finish each, such as `cargo migrate edit 2`, before it is stamped or run; then `cargo migrate lock`
    stamped 3: 3 revisions recorded; `flyway_schema_history` stays as it is
    ");
    assert_eq!(
        times(&project, &old),
        [
            "1 2024-01-01T01:02:03.000Z",
            "2 2024-01-02T01:02:03.500Z",
            "3 2024-01-03T01:02:03.000Z"
        ]
    );
}

/// The same where no file is found: the table says that there was a version.
#[tokio::test]
async fn code_that_only_the_table_of_flyway_has() {
    let files = [
        ("V1__a.sql", "CREATE TABLE a (id INTEGER);"),
        ("V3__b.sql", "CREATE TABLE b (id INTEGER);"),
    ];
    let project = with(Dialect::Sqlite, &files);
    let old = TestDatabase::create(Dialect::Sqlite, "flyway code").await;
    old.execute(FLYWAY).await;
    import(&project, "flyway").success().done();
    let refused = on(&project, &old, &["import", "flyway", "--stamp"]).code(1);
    assert!(
        refused.stderr.contains("becomes a draft at its place"),
        "{refused}"
    );
    std::fs::remove_dir_all(project.path().join("migrations")).unwrap();
    assert_snapshot!(on(&project, &old, &["import", "flyway", "old", "--stamp"]).success(), @"
    left out flyway_schema_history: `2` is applied and in no file: write what it did as SQL, or `SELECT 1;`
    ------- stderr -------
    wrote 3 revisions, 2 sealed, 1 draft, to migrations
    warning: 1 revision could not be converted completely, for 1 reason
    help: finish each, such as `cargo migrate edit 2`, before it is stamped or run; then `cargo migrate lock`
    stamped 3: 3 revisions recorded; `flyway_schema_history` stays as it is
    ");
    assert_eq!(history(&project), ["1", "2", "3"]);
    let draft = project.read("migrations/2_fill_it.sql");
    project.write(
        "migrations/2_fill_it.sql",
        draft.replace(
            "-- migrate: irreversible",
            "SELECT 1;\n\n-- migrate: irreversible",
        ),
    );
    project.run(["lock"]).success().done();
    same(&project, &old, "flyway", "flyway_schema_history").await;

    // A file that was deleted is not code.
    old.execute("INSERT INTO flyway_schema_history VALUES (4, '4', 'c', 'SQL', 'V4__c.sql', 1, 'me', '2024-01-04 01:02:03', 1, 1)").await;
    std::fs::remove_dir_all(project.path().join("migrations")).unwrap();
    on(&project, &old, &["import", "flyway", "old", "--stamp"])
        .code(1)
        .done();
}

/// diesel's table has nothing but versions; one that comes before all files has its place too.
#[tokio::test]
async fn code_that_only_the_table_of_diesel_has() {
    let files = [
        ("2024-01-02-000000_a/up.sql", "CREATE TABLE a (id INTEGER);"),
        ("2024-01-04-000000_b/up.sql", "CREATE TABLE b (id INTEGER);"),
    ];
    let project = with(Dialect::Sqlite, &files);
    let old = TestDatabase::create(Dialect::Sqlite, "diesel code").await;
    old.execute("CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); INSERT INTO __diesel_schema_migrations VALUES ('20240101000000', '2024-02-01 00:00:00'), ('20240102000000', '2024-02-02 00:00:00'), ('20240103000000', '2024-02-03 00:00:00'); CREATE TABLE a (id INTEGER);").await;
    on(&project, &old, &["import", "diesel", "old", "--stamp"])
        .success()
        .done();
    assert_eq!(
        history(&project),
        [
            "20240101000000",
            "20240102000000",
            "20240103000000",
            "20240104000000"
        ]
    );
    assert_eq!(
        times(&project, &old)[2],
        "20240103000000 2024-02-03T00:00:00.000Z"
    );
    project.run(["check", "--locked"]).code(1).done();
}

/// What sqlx has written is what the ledger says.
async fn times_of_sqlx(dialect: Dialect, name: &str) {
    let project = with(
        dialect,
        &[
            ("1_a.sql", "CREATE TABLE a (id INTEGER);"),
            ("2_b.sql", "CREATE TABLE b (id INTEGER);"),
        ],
    );
    let old = TestDatabase::create(dialect, name).await;
    sqlx(&project, &old, &["run", "--source", "old"])
        .success()
        .done();
    let back = match dialect {
        Dialect::Sqlite => {
            "UPDATE _sqlx_migrations SET installed_on = '2020-01-02 03:04:05' WHERE version = 1"
        }
        Dialect::Postgres => {
            "UPDATE _sqlx_migrations SET installed_on = '2020-01-02 05:04:05+02' WHERE version = 1"
        }
        Dialect::MySql => {
            "UPDATE _sqlx_migrations SET installed_on = '2020-01-02 03:04:05' WHERE version = 1"
        }
    };
    old.execute(back).await;
    on(&project, &old, &["import", "sqlx", "old", "--stamp"])
        .success()
        .done();
    let times = times(&project, &old);
    assert_eq!(times[0], "1 2020-01-02T03:04:05.000Z");
    assert!(times[1].as_str() > "2 2026", "{times:?}");
}

#[tokio::test]
async fn times_of_sqlx_on_sqlite() {
    times_of_sqlx(Dialect::Sqlite, "times sqlx sqlite").await;
}

#[tokio::test]
async fn times_of_sqlx_on_postgres() {
    times_of_sqlx(Dialect::Postgres, "times sqlx postgres").await;
}

#[tokio::test]
async fn times_of_sqlx_on_mariadb() {
    times_of_sqlx(Dialect::MySql, "times sqlx mariadb").await;
}

/// sqlx has foreign keys on in SQLite, so rows go with others.
#[tokio::test]
async fn rows_that_cascades_change() {
    let project = with(
        Dialect::Sqlite,
        &[
            (
                "1_a.sql",
                "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES \"p\" (id) ON UPDATE NO ACTION ON DELETE CASCADE);\nCREATE TABLE d (id INTEGER, FOREIGN KEY (id) REFERENCES p (id) ON UPDATE SET NULL);\nCREATE TABLE q (id INTEGER PRIMARY KEY);\nCREATE TABLE e (q INTEGER REFERENCES q);\nINSERT INTO p VALUES (1), (2);\nINSERT INTO c VALUES (10, 1), (20, 2);\n",
            ),
            (
                "2_b.sql",
                "SELECT 1;\nDELETE FROM p WHERE id = 1;\nDELETE FROM q;\nUPDATE p SET id = 3 WHERE id = 9;\nINSERT OR REPLACE INTO p VALUES (7);\nREPLACE INTO main.p VALUES (8);\n",
            ),
            (
                "3_c.sql",
                "COMMIT;\nPRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE n (id INTEGER PRIMARY KEY);\nINSERT INTO n SELECT * FROM p;\nDROP TABLE p;\nALTER TABLE n RENAME TO p;\nCOMMIT;\nPRAGMA foreign_keys = ON;\nBEGIN;\n",
            ),
        ],
    );
    let old = TestDatabase::create(Dialect::Sqlite, "sqlx cascades").await;
    sqlx(&project, &old, &["run", "--source", "old"])
        .success()
        .done();
    assert_eq!(old.rows("SELECT id FROM c").await, [["20"]]);
    let imported = project
        .run(["import", "sqlx", "old", "--format", "json"])
        .success()
        .json();
    let changed = imported["changed"].as_array().expect("a list").iter();
    let listed: Vec<String> = changed
        .filter(|note| {
            note["message"]
                .as_str()
                .is_some_and(|it| it.contains("ON DELETE"))
        })
        .map(|note| {
            let message = note["message"].as_str().expect("a text");
            format!(
                "{}:{} {}",
                note["file"],
                note["line"],
                &message[..message.find(" also").expect("it")]
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            "\"old/2_b.sql\":2 `DELETE FROM p`",
            "\"old/2_b.sql\":4 `UPDATE p`",
            "\"old/2_b.sql\":5 `INSERT OR REPLACE INTO p`",
            "\"old/2_b.sql\":6 `REPLACE INTO p`"
        ]
    );
    // The check at the end of the revision refuses what would be left behind.
    let new = TestDatabase::create(Dialect::Sqlite, "sqlx cascades new").await;
    let refused = on(&project, &new, &["run"]).code(1);
    assert!(
        refused.stderr.contains("rows of `c` would point to rows"),
        "{refused}"
    );
}

#[test]
fn none_is_a_word_of_the_header() {
    let project = project();
    project.run(["init", "-q"]).success().done();
    assert_snapshot!(project.run(["new", "x", "--parent", "none"]), @"
    ------- stderr -------
    error: revision `none` does not exist
    help: use `base`; `none` is what the header of a first revision says
    [exit status: 1]
    ");
}

/// A folder for each database is a history for each, with the same versions.
#[test]
fn a_folder_for_each_database() {
    let files = [
        (
            "mysql/2024-01-01-000000_a/up.sql",
            "CREATE TABLE a (id INT) ENGINE = InnoDB;",
        ),
        (
            "postgresql/2024-01-01-000000_a/up.sql",
            "CREATE TABLE a (id SERIAL);",
        ),
        (
            "sqlite/2024-01-01-000000_a/up.sql",
            "CREATE TABLE a (id INTEGER);",
        ),
    ];
    let project = with(Dialect::Sqlite, &files);
    import(&project, "diesel").success().done();
    let text = project.read("migrations/20240101T000000_20240101000000_a.sql");
    assert!(text.contains("CREATE TABLE a (id INTEGER);"), "{text}");

    let project = with(Dialect::Sqlite, &files);
    project.write("migrate.toml", "");
    project
        .run(["import", "diesel", "old", "--dialect", "postgres"])
        .success()
        .done();
    let text = project.read("migrations/20240101T000000_20240101000000_a.sql");
    assert!(text.contains("CREATE TABLE a (id SERIAL);"), "{text}");
}

/// Without a dialect, the words of the files tell how they are read.
#[tokio::test]
async fn the_dialect_is_in_the_files() {
    let project = project();
    let trigger = "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = 'y' WHERE id = NEW.id; END;\n";
    project.write("old/1_a.sql", trigger);
    project.write("old/2_b.sql", "CREATE TRIGGER u AFTER DELETE ON a FOR EACH ROW BEGIN DELETE FROM a WHERE id = OLD.id; END;\nCREATE TABLE b (id INTEGER);\n");
    let imported = import(&project, "sqlx").success();
    assert_eq!(imported.stdout, "");
    project.run(["check", "--locked"]).success().done();
    let database = TestDatabase::create(Dialect::Sqlite, "import no dialect").await;
    on(&project, &database, &["run"]).success().done();
    on(&project, &database, &["verify"]).success().done();
}
