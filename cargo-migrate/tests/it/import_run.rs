//! `import --run`: what migrations in code do is recorded from a real run.

use migrate_core::Dialect;
use migrate_tests::native_dump::{mysql_dump, postgres_dump};
use migrate_tests::{CommandOutput, TestDatabase, TestProject};

use crate::import::{on, sqlx};
use crate::{Done as _, project};

/// A program that keeps the table of refinery and has its second migration as code.
const PROGRAM: &str = r#"#!/usr/bin/env bash
set -euo pipefail
url=$1 to=$2 server=("${@:3}")
run() {
    case $url in
    sqlite:*) file=${url#sqlite://} && sqlite3 -bail "${file%\?*}" ;;
    postgres:*) psql -qAtX -v ON_ERROR_STOP=1 "$url" ;;
    mysql:*) mariadb --skip-ssl -N -h "${server[0]}" -P "${server[1]}" -u "${server[2]}" -p"${server[3]}" "${server[4]}" ;;
    esac
}
run <<<"CREATE TABLE IF NOT EXISTS refinery_schema_history (version INTEGER PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255));"
applied=$(run <<<"SELECT COALESCE(MAX(version), 0) FROM refinery_schema_history;")
for ((v = applied + 1; v <= to; v++)); do
    case $v in
    2) (
        cat old/V2__code.txt
        for word in red "it's" 'back\slash'; do
            echo "INSERT INTO tags (label, made) VALUES ('${word//\'/\'\'}', 0.1);"
        done
    ) | run ;;
    *) run <old/V${v}__*.sql ;;
    esac
    run <<<"INSERT INTO refinery_schema_history VALUES ($v, 'x', '2024-01-01T00:00:00Z', '1');"
done
"#;

/// What the code of version 2 does besides a loop of inserts.
fn code(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE, made REAL, twice REAL GENERATED ALWAYS AS (made * 2), raw BLOB);
             INSERT INTO tags (label, raw, made) VALUES (NULL, X'00FF', 0.30000000000000004), ('', X'', -1e300);"
        }
        Dialect::Postgres => {
            "CREATE TYPE mood AS ENUM ('sad', 'glad');
             CREATE TABLE tags (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label TEXT UNIQUE, made DOUBLE PRECISION, twice DOUBLE PRECISION GENERATED ALWAYS AS (made * 2) STORED, raw BYTEA, moods mood[], body JSONB, at TIMESTAMPTZ);
             INSERT INTO tags (label, raw, made, moods, body, at) VALUES (NULL, '\\x00ff', 0.30000000000000004, '{sad,glad}', '{\"a\": [1, null]}', '2024-01-01 12:00:00.123456+02'), ('', '', 'NaN', '{}', 'null', 'infinity');"
        }
        Dialect::MySql => {
            "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');
             CREATE TABLE tags (id INTEGER PRIMARY KEY AUTO_INCREMENT, label VARCHAR(20) UNIQUE, made FLOAT, twice DOUBLE GENERATED ALWAYS AS (made * 2) STORED, raw VARBINARY(9), flags BIT(9), kind ENUM('a', 'b'), body JSON, spot POINT, at DATETIME(6), exact DECIMAL(20, 5));
             INSERT INTO tags (label, raw, made, flags, kind, body, spot, at, exact) VALUES (NULL, X'00FF', 0.3, b'100000001', 'b', '{\"a\": [1, null]}', POINT(1, 2.5), '2024-01-01 12:00:00.123456', 123456789012345.12345), ('', X'', NULL, NULL, NULL, NULL, NULL, NULL, NULL);"
        }
    }
}

/// A project of such a program.
fn refinery(dialect: Dialect, code: &str) -> TestProject {
    let project = project();
    project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
    project.write("tool.sh", PROGRAM);
    project.write(
        "old/V1__users.sql",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20));\nINSERT INTO users VALUES (1, 'a');\n",
    );
    let common =
        "ALTER TABLE users ADD COLUMN seen INTEGER;\nCREATE INDEX by_seen ON users (seen);\n";
    project.write("old/V2__code.txt", format!("{code}\n{common}"));
    project.write(
        "old/V2__code.rs",
        "pub fn migration() -> String { todo!() }\n",
    );
    project.write(
        "old/V3__last.sql",
        "CREATE TABLE last_one (id INTEGER PRIMARY KEY);\n",
    );
    project
}

const RUN: &str = "bash tool.sh {url} {version} {host} {port} {user} {password} {database}";

fn import(project: &TestProject, database: &TestDatabase, run: &str) -> CommandOutput {
    on(
        project,
        database,
        &["import", "refinery", "old", "--run", run],
    )
}

/// Runs the program itself.
fn program(project: &TestProject, database: &TestDatabase, to: &str) {
    let url = database.url();
    let mut words = vec!["tool.sh".to_owned(), url.to_owned(), to.to_owned()];
    if database.dialect() == Dialect::MySql {
        let url = url::Url::parse(url).expect("a url");
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        words.extend([
            text(url.host_str()),
            url.port().map(|port| port.to_string()).unwrap_or_default(),
            url.username().to_owned(),
            text(url.password()),
            url.path().trim_start_matches('/').to_owned(),
        ]);
    }
    let mut command = std::process::Command::new("bash");
    command.current_dir(project.path()).args(words);
    project.output(&mut command).success().done();
}

/// The database's own dump, without what the tools keep of themselves.
async fn dump(database: &TestDatabase) -> String {
    for table in [
        "refinery_schema_history",
        "migrate_event",
        "migrate_revision",
    ] {
        database
            .execute(&format!("DROP TABLE IF EXISTS {table}"))
            .await;
    }
    match database.dialect() {
        Dialect::Sqlite => {
            let tables = database
                .rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
                .await;
            let indexes = database
                .rows("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY name")
                .await;
            format!("{tables:?}{indexes:?}")
        }
        Dialect::Postgres => postgres_dump(database.url()),
        Dialect::MySql => mysql_dump(database.url(), database.is_mariadb().await),
    }
}

/// The rows, by the database's own order and spelling.
async fn rows(database: &TestDatabase) -> Vec<Vec<String>> {
    let tags = match database.dialect() {
        Dialect::Sqlite => {
            "SELECT id || ' ' || quote(label) || quote(made) || quote(twice) || quote(raw) FROM tags ORDER BY id"
        }
        Dialect::Postgres => "SELECT t::text FROM tags t ORDER BY id",
        Dialect::MySql => {
            "SELECT CONCAT_WS('|', id, IFNULL(label, 'NULL'), made + 0e0, twice, HEX(raw), flags + 0, kind, body, ST_AsText(spot), at, exact) FROM tags ORDER BY id"
        }
    };
    let mut rows = database.rows(tags).await;
    rows.extend(database.rows("SELECT name FROM users").await);
    rows
}

async fn recorded(dialect: Dialect, name: &str) {
    let project = refinery(dialect, code(dialect));
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    program(&project, &old, "3");
    let imported = import(&project, &old, RUN).success().to_string();
    assert!(
        imported.contains("wrote 3 revisions, 3 sealed, 0 drafts"),
        "{imported}"
    );
    on(&project, &old, &["import", "refinery", "--stamp"])
        .success()
        .done();
    on(&project, &old, &["verify"]).success().done();
    on(&project, &new, &["run"]).success().done();
    on(&project, &new, &["verify"]).success().done();
    assert_eq!(rows(&new).await, rows(&old).await);
    // Both go on counting from the same number.
    for database in [&old, &new] {
        database
            .execute("INSERT INTO tags (label) VALUES ('next')")
            .await;
    }
    assert_eq!(rows(&new).await, rows(&old).await);
    assert_eq!(dump(&new).await, dump(&old).await);
}

#[tokio::test]
async fn code_is_recorded_on_sqlite() {
    recorded(Dialect::Sqlite, "import run sqlite").await;
}

#[tokio::test]
async fn code_is_recorded_on_postgres() {
    recorded(Dialect::Postgres, "import run postgres").await;
}

#[tokio::test]
async fn code_is_recorded_on_mariadb() {
    recorded(Dialect::MySql, "import run mariadb").await;
}

/// Imports a project whose second version is this SQL, as code.
async fn of_code(code: &str, run: &str) -> (TestProject, CommandOutput) {
    let project = refinery(Dialect::Sqlite, "");
    project.write(
        "old/V2__code.txt",
        format!("CREATE TABLE tags (label TEXT, made REAL);\n{code}"),
    );
    let database = TestDatabase::create(Dialect::Sqlite, "import run code").await;
    let output = import(&project, &database, run);
    (project, output)
}

#[tokio::test]
async fn what_a_run_cannot_show_stays_a_draft() {
    for (code, why) in [
        (
            "UPDATE users SET name = 'b';",
            "it changes or deletes rows of `users`",
        ),
        (
            "DELETE FROM users;",
            "it changes or deletes rows of `users`",
        ),
        (
            "ALTER TABLE users RENAME COLUMN name TO title;",
            "a run shows a rename as a drop too",
        ),
        (
            "CREATE TABLE log (label TEXT); CREATE TRIGGER t AFTER INSERT ON tags BEGIN INSERT INTO log VALUES (NEW.label); END;",
            "it does not give the same rows of `log`",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON tags BEGIN INSERT INTO users VALUES (NEW.rowid + 9, NEW.label); END;",
            "SQLite refuses it: UNIQUE constraint failed: users.id",
        ),
    ] {
        let (project, output) = of_code(code, RUN).await;
        let output = output.success().to_string();
        assert!(output.contains(why), "{code}: {output}");
        assert!(
            output.contains("3 revisions, 2 sealed, 1 draft"),
            "{code}: {output}"
        );
        project.run(["check"]).success().done();
        project.run(["check", "--locked"]).code(1).done();
        assert!(
            project
                .read("migrations/2_code.sql")
                .contains("-- | pub fn migration()")
        );
    }
}

#[tokio::test]
async fn code_that_does_nothing_to_an_empty_database_is_a_step() {
    let (project, output) = of_code("UPDATE users SET name = 'a';", RUN).await;
    let output = output.success().to_string();
    assert!(
        output.contains("what it does with rows that are there is not in it"),
        "{output}"
    );
    assert!(output.contains("3 sealed, 0 drafts"), "{output}");
    project.run(["check", "--locked"]).success().done();
}

#[tokio::test]
async fn a_command_that_decides_itself_how_far_it_goes() {
    // One version a call.
    let project = refinery(
        Dialect::Sqlite,
        "CREATE TABLE tags (label TEXT, made REAL);",
    );
    project.write("one.sh", "n=$(sqlite3 \"${1#sqlite://}\" 'SELECT MAX(version) FROM refinery_schema_history' 2>/dev/null || true)\n[ \"$n\" = 3 ] || bash tool.sh \"$1\" $((n + 1))\n");
    let database = TestDatabase::create(Dialect::Sqlite, "import run one").await;
    let output = import(&project, &database, "bash one.sh {url}")
        .success()
        .to_string();
    assert!(output.contains("3 sealed, 0 drafts"), "{output}");

    // All in one call: what the code alone did is unknown.
    let (_, output) = of_code("", "bash tool.sh {url} 3").await;
    let output = output.success().to_string();
    assert!(
        output.contains("applied `1`, `2` and `3` at once"),
        "{output}"
    );
    assert!(output.contains("1 draft"), "{output}");
}

#[tokio::test]
async fn versions_that_no_file_has_are_found_in_a_run() {
    let project = refinery(
        Dialect::Sqlite,
        "CREATE TABLE tags (label TEXT, made REAL);",
    );
    std::fs::remove_file(project.path().join("old/V2__code.rs")).expect("it is there");
    let database = TestDatabase::create(Dialect::Sqlite, "import run no file").await;
    let output = import(&project, &database, RUN).success().to_string();
    assert!(output.contains("3 revisions, 3 sealed"), "{output}");
    on(&project, &database, &["run"]).success().done();
    assert_eq!(database.rows("SELECT label FROM tags").await.len(), 3);
}

/// The real sqlx, with a migration that needs its own table.
async fn of_sqlx(dialect: Dialect, name: &str) {
    let project = project();
    project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
    project.write("old/1_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n");
    project.write(
        "old/2_b.sql",
        "CREATE TABLE b AS SELECT version AS id FROM _sqlx_migrations;\n",
    );
    project.write("old/3_c.sql", "CREATE TABLE c (id INTEGER PRIMARY KEY);\n");
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    sqlx(&project, &old, &["run", "--source", "old"])
        .success()
        .done();
    let output = on(&project, &old, &["import", "sqlx", "old", "--dry-run"]).success();
    assert!(output.stderr.contains("1 draft"), "{output}");
    let program = std::env::var("MIGRATE_TEST_SQLX").expect("a path");
    let run = format!(
        "{program} --no-dotenv migrate run --source old --target-version {{version}} --database-url {{url}}"
    );
    let output = on(&project, &old, &["import", "sqlx", "old", "--run", &run]).success();
    assert!(output.stderr.contains("3 sealed, 0 drafts"), "{output}");
    on(&project, &old, &["import", "sqlx", "--stamp"])
        .success()
        .done();
    on(&project, &old, &["verify"]).success().done();
    on(&project, &new, &["run"]).success().done();
    on(&project, &new, &["verify"]).success().done();
    let all = "SELECT id FROM b ORDER BY id";
    assert_eq!(new.rows(all).await, old.rows(all).await);
}

#[tokio::test]
async fn of_sqlx_on_sqlite() {
    of_sqlx(Dialect::Sqlite, "import run sqlx sqlite").await;
}

#[tokio::test]
async fn of_sqlx_on_postgres() {
    of_sqlx(Dialect::Postgres, "import run sqlx postgres").await;
}

#[tokio::test]
async fn of_sqlx_on_mariadb() {
    of_sqlx(Dialect::MySql, "import run sqlx mariadb").await;
}

#[tokio::test]
async fn a_command_that_does_something_else_is_refused() {
    for (run, why) in [
        (
            "bash tool.sh {url} 3 # {version}",
            "`bash tool.sh {url} 3 # 2` went on to `3`",
        ),
        ("bash tool.sh {url} 1 {version}", "did not apply `3`"),
        (
            "bash tool.sh sqlite://elsewhere.db {version}",
            "cannot be read",
        ),
        ("bash -c 'echo no way >&2; exit 3' {version}", "no way"),
        (
            "no-such-program {version}",
            "`no-such-program 3` cannot be started",
        ),
        ("bash 'x", "is no command line"),
    ] {
        let (project, output) = of_code("", run).await;
        let output = output.to_string();
        assert!(output.contains(why), "{run}: {output}");
        assert!(!project.path().join("migrations").exists(), "{run}");
    }
}
