//! `verify` and `diff`: databases beside what their revisions make.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, chain, project};

fn revision(project: &TestProject, id: &str, parents: &str, up: &str, down: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!("-- revision: {id}\n-- parents: {parents}\n-- message: {id}\n-- migrate: up\n{up}\n-- migrate: down\n{down}\n"),
    );
}

/// Two tables that refer to each other, an index and a view.
fn shop(dialect: &str, url: &str) -> TestProject {
    let project = project();
    revision(
        &project,
        "a",
        "none",
        "CREATE TABLE authors (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL);",
        "DROP TABLE authors;",
    );
    revision(
        &project,
        "b",
        "a",
        "CREATE TABLE books (id INTEGER NOT NULL PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors (id), title VARCHAR(200) DEFAULT 'untitled');\nCREATE INDEX books_by_title ON books (title);\nCREATE VIEW titles AS SELECT title FROM books;",
        "DROP VIEW titles;\nDROP TABLE books;",
    );
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[verify]\nignore = [\"mine_*\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(".env", format!("TEST_URL={url}\n"));
    project.run(["lock", "-q"]).success().done();
    project
}

/// What differs is told, and what leads back is SQL that does it.
async fn a_database_beside_its_revisions(dialect: Dialect, name: &str) {
    let database = TestDatabase::create(dialect, name).await;
    let project = shop(dialect.as_str(), database.url());
    project.run(["run", "a", "-q"]).success().done();
    // Not at the end of the chain, but what it should be there.
    project.run(["verify"]).success().done();
    project.run(["run", "-q"]).success().done();
    project.run(["verify"]).success().done();
    database.execute("CREATE TABLE mine_own (id INTEGER)").await;
    project.run(["verify"]).success().done();

    database.execute("DROP VIEW titles").await;
    database
        .execute(match dialect {
            Dialect::MySql => "DROP INDEX books_by_title ON books",
            Dialect::Sqlite | Dialect::Postgres => "DROP INDEX books_by_title",
        })
        .await;
    database
        .execute("ALTER TABLE authors ADD COLUMN extra INTEGER")
        .await;
    let found = project.run(["verify", "--format", "json"]).code(1).json();
    assert_eq!(found["ok"], false);
    let told: Vec<_> = found["differences"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|difference| {
            let text = |key: &str| difference[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("kind"), text("object"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "missing index `books_by_title` of table `books`",
            "missing view `titles`",
            "extra column `authors.extra`"
        ]
    );

    let sql = project.run(["diff", "database", "current", "--format", "sql"]);
    database.execute("DROP TABLE mine_own").await;
    for statement in sql.success().stdout.split_inclusive(";\n") {
        if !statement.contains("mine_own") {
            database.execute(statement).await;
        }
    }
    assert_eq!(project.run(["diff"]).success().stdout, "");
    let scratches = match dialect {
        Dialect::Sqlite => return,
        Dialect::Postgres => {
            "SELECT datname::text FROM pg_database WHERE datname LIKE 'cargo_migrate_scratch_%'"
        }
        Dialect::MySql => {
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'cargo_migrate_scratch_%'"
        }
    };
    // Others may be at work with theirs: ours went, so the number falls to theirs.
    let left = database.rows(scratches).await;
    assert!(left.len() < 20, "{left:?}");
}

#[tokio::test]
async fn a_database_beside_its_revisions_on_sqlite() {
    a_database_beside_its_revisions(Dialect::Sqlite, "cli_verify").await;
}

#[tokio::test]
async fn a_database_beside_its_revisions_on_postgres() {
    a_database_beside_its_revisions(Dialect::Postgres, "cli_verify").await;
}

#[tokio::test]
async fn a_database_beside_its_revisions_on_mariadb() {
    a_database_beside_its_revisions(Dialect::MySql, "cli_verify").await;
}

#[test]
fn the_words_of_a_difference() {
    let project = shop("sqlite", "sqlite://dev.db");
    assert_snapshot!(project.run(["verify"]), @"
    ------- stderr -------
    verified sqlite://dev.db: the schema matches its revisions
    ");
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["diff", "a", "head"]), @"
    create table `books`
    create view `titles`
    ");
    assert_snapshot!(project.run(["diff", "head", "empty", "--format", "sql"]), @r#"
    DROP VIEW "titles";
    -- destructive: the rows of `books`
    DROP TABLE "books";
    -- destructive: the rows of `authors`
    DROP TABLE "authors";
    "#);
    project.write(
        "schema.sql",
        "CREATE TABLE writers (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL);",
    );
    assert_snapshot!(project.run(["diff", "a", "schema.sql"]), @"
    drop table `authors`  loses data
    create table `writers`
    ------- stderr -------
    help: if it was only renamed, add `--rename authors=writers`
    ");
    assert_snapshot!(project.run(["diff", "a", "schema.sql", "--rename", "authors=writers", "--format", "sql"]), @r#"ALTER TABLE "authors" RENAME TO "writers";"#);
    assert_snapshot!(project.run(["diff", "a", "schema.sql", "--rename", "no=writers"]), @"
    ------- stderr -------
    error: `--rename no=writers`: there is no table or column `no` to rename
    [exit status: 2]
    ");
    assert_snapshot!(project.run(["diff", "a", "-1"]), @"
    ------- stderr -------
    error: unexpected argument '-1' found

      tip: to pass '-1' as a value, use '-- -1'

    Usage: cargo migrate diff [OPTIONS] [FROM] [TO]

    For more information, try '--help'.
    [exit status: 2]
    ");
    project.write(
        "schema.sql",
        "CREATE TABLE x (id INTEGER);\n\nCREATE TABLE x (id INTEGER);",
    );
    assert_snapshot!(project.run(["diff", "schema.sql"]), @"
    ------- stderr -------
    error: schema.sql:3: the statement failed in a scratch database

    Caused by:
      table x already exists
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["schema", "authors", "--format", "sql"]), @r#"
    CREATE TABLE "authors" (
        "id" INTEGER PRIMARY KEY,
        "name" VARCHAR(100) NOT NULL
    );
    "#);
    assert_snapshot!(project.run(["status", "--format", "sql"]), @"
    ------- stderr -------
    error: only `history` and `schema` can be answered with a diagram, and `schema` and `diff` with SQL
    help: the others know `--format human` and `--format json`
    [exit status: 2]
    ");
}

/// A snapshot is compared with what has become of the database.
#[test]
fn snapshots() {
    let project = chain("a  b:a");
    project.run(["run", "a", "-q"]).success().done();
    assert_snapshot!(project.run(["snapshot", "--list"]), @"
    ------- stderr -------
    there is no snapshot yet: `cargo migrate snapshot` takes one
    ");
    assert_snapshot!(project.run(["snapshot"]), @"snapshots/dev_20261120T143205Z.json");
    assert_snapshot!(project.run(["snapshot"]), @"
    ------- stderr -------
    error: `snapshots/dev_20261120T143205Z.json` already exists
    help: a snapshot never overwrites a file: name another one
    [exit status: 1]
    ");
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["diff", "snapshots/dev_20261120T143205Z.json", "database"]), @"create table `t_b`");
    project.write("snapshots/dev_20261119T143205Z.json", "{}");
    assert_snapshot!(project.run(["diff", "snapshots/dev_20261119T143205Z.json"]), @"
    ------- stderr -------
    error: `snapshots/dev_20261119T143205Z.json` does not contain a schema
    help: it must be a snapshot, or what `cargo migrate schema --format json` prints
    [exit status: 1]
    ");
    std::fs::remove_file(project.path().join("snapshots/dev_20261120T143205Z.json"))
        .expect("it is there");
    project.write("snapshots/dev_20261118T143205Z.json", "{}");
    assert_snapshot!(project.run(["snapshot", "--keep", "2"]), @"
    snapshots/dev_20261120T143205Z.json
    ------- stderr -------
    1 older snapshot deleted
    ");
    assert_snapshot!(project.run(["snapshot", "--list"]), @"
    snapshots/dev_20261120T143205Z.json
    snapshots/dev_20261119T143205Z.json
    ");
}

/// What only the ledger knows is verified by the text that it kept.
#[test]
fn a_newer_database_is_verified_by_its_ledger() {
    let project = chain("a  b:a");
    project.run(["run", "-q"]).success().done();
    std::fs::remove_file(project.path().join("migrations/b.sql")).expect("it is there");
    let lock = project.read("migrations/chain.lock");
    let kept: Vec<_> = lock
        .lines()
        .filter(|line| !line.starts_with("b "))
        .collect();
    project.write("migrations/chain.lock", kept.join("\n") + "\n");
    assert_snapshot!(project.run(["verify"]), @"
    ------- stderr -------
    verified sqlite://dev.db: the schema matches its revisions
    ");
}

/// Throw-away databases can be on another server than the real one.
#[tokio::test]
async fn a_server_for_throw_away_databases() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_scratch").await;
    let project = shop("postgres", database.url());
    project.run(["run", "-q"]).success().done();
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}scratch-url = \"postgres://nobody:zq7@127.0.0.1:1/x\"\n"),
    );
    let refused = project.run(["verify"]).code(1);
    assert!(refused.stderr.contains("127.0.0.1:1"), "{refused}");
    assert!(!refused.to_string().contains("zq7"), "{refused}");
    project.write(
        "migrate.toml",
        format!("{config}scratch-url = \"${{TEST_URL}}\"\n"),
    );
    project.run(["verify"]).success().done();
}

/// What the models want is asked for, and told apart from what the chain makes.
async fn a_database_beside_the_models(dialect: Dialect, name: &str) {
    const MODELS: &str = "#[derive(migrate_sqlx::Table)]\n#[table(name = \"authors\")]\npub struct Author { pub id: i32, #[column(index)] pub name: String }\n";
    let database = TestDatabase::create(dialect, name).await;
    let project = project();
    project.write("src/lib.rs", MODELS);
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(".env", format!("TEST_URL={}\n", database.url()));
    project.run(["init", "-q"]).success().done();
    project
        .run(["new", "--auto", "authors", "-q"])
        .success()
        .done();
    project.run(["run", "-q"]).success().done();
    // Models cannot say it, so they have nothing against it.
    project
        .run(["new", "names", "--rev-id", "b", "-q"])
        .success()
        .done();
    let file = "migrations/20261120T143205_b_names.sql";
    let text = project.read(file).replace(
        "-- migrate: up\n",
        "-- migrate: up\nCREATE VIEW names AS SELECT name FROM authors;\n",
    );
    project.write(file, text.replace("down\n", "down\nDROP VIEW names;\n"));
    project.run(["run", "-q"]).success().done();
    project.run(["verify", "--models"]).success().done();

    let more = MODELS
        .replace(
            "pub name: String",
            "pub name: Option<String>, pub born: Option<i32>",
        )
        .replace("#[column(index)] ", "");
    project.write("src/lib.rs", more);
    project.run(["verify"]).success().done();
    database
        .execute("CREATE TABLE spare (id INTEGER NOT NULL)")
        .await;
    let found = project
        .run(["verify", "--models", "--format", "json"])
        .code(1)
        .json();
    let told: Vec<_> = found["differences"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|difference| {
            let text = |key: &str| difference[key].as_str().unwrap_or_default().to_owned();
            format!("{}: {} {}", text("against"), text("kind"), text("object"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "chain: extra table `spare`",
            "models: missing column `authors.born`",
            "models: extra index `authors_name_idx` of table `authors`",
            "models: different column `authors.name`",
        ]
    );
    let ignoring = [
        "verify", "--models", "--ignore", "spare", "--format", "json",
    ];
    let found = project.run(ignoring).code(1).json();
    let against = |difference: &serde_json::Value| difference["against"] == "models";
    assert!(
        found["differences"]
            .as_array()
            .expect("a list")
            .iter()
            .all(against),
        "{found}"
    );
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}[verify]\nmodels = true\nignore = [\"spare\"]\n"),
    );
    project.run(["verify"]).code(1).done();
    project.write("src/lib.rs", MODELS);
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn a_database_beside_the_models_on_sqlite() {
    a_database_beside_the_models(Dialect::Sqlite, "cli_verify_models").await;
}

#[tokio::test]
async fn a_database_beside_the_models_on_postgres() {
    a_database_beside_the_models(Dialect::Postgres, "cli_verify_models").await;
}

#[tokio::test]
async fn a_database_beside_the_models_on_mariadb() {
    a_database_beside_the_models(Dialect::MySql, "cli_verify_models").await;
}

#[test]
fn the_words_of_what_the_models_want() {
    let project = shop("sqlite", "sqlite://dev.db");
    project.run(["run", "-q"]).success().done();
    project.write("src/lib.rs", "#[derive(migrate_sqlx::Table)]\n#[table(name = \"authors\")]\npub struct Author { pub id: i32, pub name: i64, pub born: Option<i32> }\n");
    assert_snapshot!(project.run(["verify", "--models", "--ignore", "books"]), @"
    missing column `authors.born`: INTEGER null (the models)
    different column `authors.name`: expected INTEGER not null, found VARCHAR(100) not null (the models)
    ------- stderr -------
    sqlite://dev.db does not match the models: 2 differences
    help: `cargo migrate run` applies what is pending; `cargo migrate check --models` says whether a revision is missing
    [exit status: 1]
    ");
    project.write("src/lib.rs", "#[derive(migrate_sqlx::Table)]\n#[table(name = \"authors\")]\npub struct Author { pub id: i32, pub name: String }\n");
    assert_snapshot!(project.run(["verify", "--models", "--ignore", "books"]), @"
    ------- stderr -------
    verified sqlite://dev.db: the schema matches its revisions, and the models
    ");
}
