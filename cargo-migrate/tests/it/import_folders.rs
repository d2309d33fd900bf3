//! `import` of a folder for each database, as one chain.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::import::{on, sqlx};
use crate::import_alembic::schema;
use crate::{Done as _, project};

/// A sqlx project for three databases, of which SQLite and MySQL have a version of their own.
fn three() -> TestProject {
    let project = project();
    for (dialect, key) in [
        ("sqlite", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("postgres", "SERIAL PRIMARY KEY"),
        ("mysql", "INTEGER PRIMARY KEY AUTO_INCREMENT"),
    ] {
        let write = |name: &str, text: &str| project.write(&format!("db/{dialect}/{name}"), text);
        write(
            "1_users.up.sql",
            &format!("CREATE TABLE users (id {key});\n"),
        );
        write("1_users.down.sql", "DROP TABLE users;\n");
        if dialect != "postgres" {
            write(
                "2_index.up.sql",
                "ALTER TABLE users ADD COLUMN age INTEGER;\n",
            );
            write("2_index.down.sql", "ALTER TABLE users DROP COLUMN age;\n");
        }
        write(
            "3_tags.up.sql",
            "CREATE TABLE tags (id INTEGER PRIMARY KEY);\n",
        );
        write("3_tags.down.sql", "DROP TABLE tags;\n");
    }
    project
}

#[test]
fn the_same_version_of_each_folder_is_one_revision() {
    let project = three();
    assert_snapshot!(project.run(["import", "sqlx", "db"]).success(), @r#"
    changed db/sqlite/2_index.up.sql: not every database has it: on the others it does nothing
    ------- stderr -------
    wrote 3 revisions, 3 sealed, 0 drafts, to migrations
    wrote migrate.toml: dialects = ["sqlite", "postgres", "mysql"], sql-mode = "+PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION,IGNORE_SPACE", time-zone = "+00:00"
    help: `cargo migrate import sqlx --stamp` stamps a database that has them
    "#);
    assert_snapshot!(project.read("migrate.toml"), @r#"
    dialects = ["sqlite", "postgres", "mysql"]

    [session]
    sql-mode = "+PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION,IGNORE_SPACE"
    time-zone = "+00:00"
    "#);
    assert_snapshot!(project.read("migrations/1_users.sql"), @"
    -- revision: 1
    -- parents: none
    -- message: users

    -- migrate: up sqlite
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);

    -- migrate: up postgres
    CREATE TABLE users (id SERIAL PRIMARY KEY);

    -- migrate: up mysql
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTO_INCREMENT);

    -- migrate: down
    DROP TABLE users;
    ");
    assert_snapshot!(project.read("migrations/2_index.sql"), @"
    -- revision: 2
    -- parents: 1
    -- message: index

    -- migrate: up sqlite mysql
    ALTER TABLE users ADD COLUMN age INTEGER;

    -- migrate: up postgres
    -- it is only in db/sqlite and db/mysql
    SELECT 1;

    -- migrate: down sqlite mysql
    ALTER TABLE users DROP COLUMN age;

    -- migrate: down postgres
    -- it is only in db/sqlite and db/mysql
    SELECT 1;
    ");
    assert_snapshot!(project.read("migrations/3_tags.sql"), @"
    -- revision: 3
    -- parents: 2
    -- message: tags

    -- migrate: up
    CREATE TABLE tags (id INTEGER PRIMARY KEY);

    -- migrate: down
    DROP TABLE tags;
    ");
    project.run(["check", "--locked"]).success().done();
}

async fn applied_by_sqlx(dialect: Dialect, name: &str) {
    let project = three();
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    let source = format!("db/{dialect}");
    sqlx(&project, &old, &["run", "--source", &source])
        .success()
        .done();
    project.run(["import", "sqlx", "db"]).success().done();
    on(&project, &old, &["import", "sqlx", "--stamp"])
        .success()
        .done();
    let ran = on(&project, &old, &["run", "--format", "json"])
        .success()
        .json();
    assert_eq!(ran["steps"], serde_json::json!([]));
    on(&project, &old, &["verify"]).success().done();
    on(&project, &new, &["run"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "_sqlx_migrations")
    );
    on(&project, &new, &["revert", "base", "--yes"])
        .success()
        .done();
    sqlx(
        &project,
        &old,
        &["revert", "--source", &source, "--target-version", "0"],
    )
    .success()
    .done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "_sqlx_migrations")
    );
}

#[tokio::test]
async fn folders_on_sqlite() {
    applied_by_sqlx(Dialect::Sqlite, "folders sqlite").await;
}

#[tokio::test]
async fn folders_on_postgres() {
    applied_by_sqlx(Dialect::Postgres, "folders postgres").await;
}

#[tokio::test]
async fn folders_on_mariadb() {
    applied_by_sqlx(Dialect::MySql, "folders mariadb").await;
}

#[test]
fn folders_are_chosen() {
    // By what the project is for.
    let project = three();
    project.write("migrate.toml", "dialects = [\"sqlite\", \"mysql\"]\n");
    project.run(["import", "sqlx", "db"]).success().done();
    let text = project.read("migrations/2_index.sql");
    assert!(text.contains("\n-- migrate: up\nALTER"), "{text}");
    assert_eq!(
        project.read("migrate.toml").lines().next(),
        Some("dialects = [\"sqlite\", \"mysql\"]")
    );

    let project = three();
    project.write("migrate.toml", "dialects = [\"sqlite\"]\n");
    project.run(["import", "sqlx", "db"]).success().done();
    assert!(
        project
            .read("migrations/1_users.sql")
            .contains("\n-- migrate: up\nCREATE")
    );

    // By name.
    let project = three();
    project
        .run(["import", "sqlx", "mysql=db/mysql", "postgres=db/postgres"])
        .success()
        .done();
    let text = project.read("migrations/2_index.sql");
    assert!(
        text.contains("-- migrate: up postgres\n-- it is only in db/mysql\nSELECT 1;"),
        "{text}"
    );
    project.run(["check", "--locked"]).success().done();

    let project = three();
    for (paths, why) in [
        (
            vec!["db/mysql", "db/sqlite"],
            "named with a database of its own",
        ),
        (
            vec!["mysql=db/mysql", "db/sqlite"],
            "named with a database of its own",
        ),
        (
            vec!["mysql=db/mysql", "mysql=db/sqlite"],
            "named with a database of its own",
        ),
        (vec!["mysql=db/nowhere"], "there is no folder `db/nowhere`"),
    ] {
        let words = ["import", "sqlx"].into_iter().chain(paths);
        let output = project.run(words).to_string();
        assert!(output.contains(why), "{output}");
    }
    project.write("db/mariadb/1_users.sql", "SELECT 1;");
    let output = project.run(["import", "sqlx", "db"]).code(1).to_string();
    assert!(
        output.contains("two folders for MySQL/MariaDB: `mariadb` and `mysql`"),
        "{output}"
    );
    assert!(!project.path().join("migrations").exists());
}

#[test]
fn folders_that_are_numbered_differently_are_refused() {
    let project = project();
    for (name, folder) in [
        ("1_users", "mysql"),
        ("2_extra", "mysql"),
        ("3_tags", "mysql"),
        ("1_users", "sqlite"),
        ("2_tags", "sqlite"),
    ] {
        project.write(&format!("db/{folder}/{name}.sql"), "SELECT 1;\n");
    }
    assert_snapshot!(project.run(["import", "sqlx", "db"]), @"
    ------- stderr -------
    error: version `2` is `tags` in `db/sqlite` and `extra` in `db/mysql`, where `tags` is `3`
    help: one chain needs the same versions: import each folder as a chain of its own, such as `cargo migrate import sqlx db/sqlite`, with another `dir` in its migrate.toml
    [exit status: 1]
    ");
    assert!(!project.path().join("migrations").exists());
}

#[test]
fn what_one_folder_cannot_have_is_a_draft_that_names_its_file() {
    let project = three();
    project.write("db/mysql/2_index.up.sql", "-- the index\n\nSELECT 'a;\n");
    project.write(
        "db/sqlite/3_tags.up.sql",
        "CREATE TABLE tags (id INTEGER);\n.quit\n",
    );
    let output = project.run(["import", "sqlx", "db"]).success().to_string();
    assert!(
        output.contains("left out db/mysql/2_index.up.sql:3"),
        "{output}"
    );
    assert!(
        output.contains("left out db/sqlite/3_tags.up.sql:2"),
        "{output}"
    );
    assert!(
        output.contains("3 revisions, 1 sealed, 2 drafts"),
        "{output}"
    );
    project.run(["check"]).success().done();
}
