//! `repair --schema`: tables that are not what the ledger says.

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::{Value, json};

use crate::{Done as _, project, revision};

fn shop(dialect: Dialect, url: &str) -> TestProject {
    let project = project(dialect, url);
    revision(
        &project,
        "a",
        "none",
        "CREATE TABLE authors (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, born INTEGER);\n\
         CREATE TABLE books (id INTEGER NOT NULL PRIMARY KEY, author INTEGER NOT NULL, title VARCHAR(200) NOT NULL DEFAULT 'untitled', pages INTEGER,\n\
         CONSTRAINT books_author FOREIGN KEY (author) REFERENCES authors (id), CONSTRAINT books_pages CHECK (pages > 0));",
        "DROP TABLE books;\nDROP TABLE authors;",
    );
    revision(
        &project,
        "b",
        "a",
        "CREATE INDEX books_by_title ON books (title);\n\
         CREATE UNIQUE INDEX authors_by_name ON authors (name);\n\
         CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, book INTEGER NOT NULL REFERENCES books (id));\n\
         CREATE VIEW titles AS SELECT title FROM books;",
        "DROP VIEW titles;\nDROP TABLE orders;",
    );
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}[verify]\nignore = [\"mine_*\"]\n"),
    );
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    project
}

fn statements(document: &Value) -> Vec<&str> {
    let all = document["statements"].as_array().expect("a list");
    all.iter().map(|sql| sql.as_str().expect("SQL")).collect()
}

fn left(document: &Value) -> Vec<String> {
    let all = document["left"].as_array().expect("a list");
    let told = all.iter().map(|it| {
        let word = |key: &str| it[key].as_str().expect("a word").to_owned();
        format!("{} {}", word("kind"), word("object"))
    });
    told.collect()
}

/// What is missing comes back, and rows stay.
async fn what_is_missing_is_added(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let project = shop(dialect, live.url());
    let repair =
        |more: &[&str]| project.run([&["repair", "--schema", "--format", "json"], more].concat());
    let nothing = repair(&[]).success().json();
    assert_eq!(
        nothing,
        json!({"statements": [], "left": [], "executed": false})
    );

    live.execute("INSERT INTO authors (id, name, born) VALUES (1, 'A', 1900)")
        .await;
    live.execute("INSERT INTO books (id, author, title, pages) VALUES (7, 1, 'T', 10)")
        .await;
    live.execute("DROP VIEW titles").await;
    live.execute("DROP TABLE orders").await;
    live.execute("CREATE TABLE mine_own (id INTEGER)").await;
    live.execute("CREATE TABLE _sqlx_migrations (version INTEGER)")
        .await;
    match dialect {
        Dialect::MySql => {
            live.execute("DROP INDEX books_by_title ON books").await;
            live.execute("ALTER TABLE books DROP CONSTRAINT books_pages")
                .await;
            live.execute("ALTER TABLE books DROP FOREIGN KEY books_author")
                .await;
            live.execute("DROP INDEX books_author ON books").await;
        }
        Dialect::Postgres => {
            live.execute("DROP INDEX books_by_title").await;
            live.execute("ALTER TABLE books DROP CONSTRAINT books_pages")
                .await;
            live.execute("ALTER TABLE books DROP CONSTRAINT books_author")
                .await;
        }
        Dialect::Sqlite => {
            live.execute(
                "PRAGMA foreign_keys = OFF; CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY, author INTEGER NOT NULL, title VARCHAR(200) NOT NULL DEFAULT 'untitled', pages INTEGER);\
                 INSERT INTO other SELECT * FROM books; DROP TABLE books; ALTER TABLE other RENAME TO books",
            )
            .await;
        }
    }
    live.execute("ALTER TABLE authors DROP COLUMN born").await;
    project.run(["verify"]).code(1).done();

    let shown = repair(&[]).success().json();
    assert!(!statements(&shown).is_empty());
    assert_eq!(shown["executed"], false);
    assert_eq!(shown["left"], json!([]));
    // Nothing was done yet.
    project.run(["verify"]).code(1).done();
    let done = repair(&["--execute"]).success().json();
    assert_eq!(done["executed"], true);
    assert_eq!(done["statements"], shown["statements"]);
    project.run(["verify"]).success().done();
    let again = repair(&["--execute"]).success().json();
    assert_eq!(again, nothing);
    assert_eq!(
        live.rows("SELECT CAST(id AS CHAR(4)), title FROM books")
            .await,
        [[
            if dialect == Dialect::Postgres {
                "7   "
            } else {
                "7"
            },
            "T"
        ]]
    );
    assert_eq!(live.rows("SELECT name FROM authors").await, [["A"]]);
    // Whoever looks later finds it.
    let status = project.run(["status", "--format", "json", "-v"]).json();
    let events = live
        .rows("SELECT kind, revision, detail FROM migrate_event ORDER BY id")
        .await;
    let last = events.last().expect("an event");
    let number = statements(&done).len();
    let detail = format!(
        "schema: {number} statement{}",
        if number == 1 { "" } else { "s" }
    );
    assert_eq!(last[..], ["repair", "b", &detail], "{status}");
}

#[tokio::test]
async fn what_is_missing_is_added_on_sqlite() {
    what_is_missing_is_added(Dialect::Sqlite, "rescue_schema_missing").await;
}

#[tokio::test]
async fn what_is_missing_is_added_on_postgres() {
    what_is_missing_is_added(Dialect::Postgres, "rescue_schema_missing").await;
}

#[tokio::test]
async fn what_is_missing_is_added_on_mariadb() {
    what_is_missing_is_added(Dialect::MySql, "rescue_schema_missing").await;
}

/// A column that must not be NULL needs a value for the rows there are.
async fn a_column_without_a_value(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let project = shop(dialect, live.url());
    let repair =
        |more: &[&str]| project.run([&["repair", "--schema", "--format", "json"], more].concat());
    live.execute("INSERT INTO authors (id, name) VALUES (1, 'A')")
        .await;
    match dialect {
        Dialect::MySql => live.execute("DROP INDEX authors_by_name ON authors").await,
        Dialect::Sqlite | Dialect::Postgres => live.execute("DROP INDEX authors_by_name").await,
    }
    live.execute("ALTER TABLE authors DROP COLUMN name").await;
    let refused = repair(&["--execute"]).code(1).json();
    assert_eq!(refused["executed"], false);
    let index = match dialect {
        Dialect::MySql => "unique constraint",
        Dialect::Sqlite | Dialect::Postgres => "index",
    };
    let index = format!("missing {index} `authors_by_name` of table `authors`");
    let mut found = left(&refused);
    found.sort();
    assert_eq!(found, ["missing column `authors.name`", &index]);
    let told = project.run(["repair", "--schema"]).code(1);
    assert!(
        told.stderr.contains("--fill \"authors.name=<value>\""),
        "{}",
        told.stderr
    );

    project
        .run(["repair", "--schema", "--fill", "authors.nme=1"])
        .code(2)
        .done();
    let done = repair(&["--fill", "authors.name='nobody'", "--execute"])
        .success()
        .json();
    assert_eq!(done["executed"], true);
    assert_eq!(live.rows("SELECT name FROM authors").await, [["nobody"]]);
    project.run(["verify"]).success().done();

    // Without rows nothing needs to be said.
    live.execute("DELETE FROM authors").await;
    match dialect {
        Dialect::MySql => live.execute("DROP INDEX authors_by_name ON authors").await,
        Dialect::Sqlite | Dialect::Postgres => live.execute("DROP INDEX authors_by_name").await,
    }
    live.execute("ALTER TABLE authors DROP COLUMN name").await;
    repair(&["--execute"]).success().done();
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn a_column_without_a_value_on_sqlite() {
    a_column_without_a_value(Dialect::Sqlite, "rescue_schema_fill").await;
}

#[tokio::test]
async fn a_column_without_a_value_on_postgres() {
    a_column_without_a_value(Dialect::Postgres, "rescue_schema_fill").await;
}

#[tokio::test]
async fn a_column_without_a_value_on_mariadb() {
    a_column_without_a_value(Dialect::MySql, "rescue_schema_fill").await;
}

/// What differs, and what is too much, only goes where that is said.
async fn changes_and_drops_are_asked_for(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let project = shop(dialect, live.url());
    let repair =
        |more: &[&str]| project.run([&["repair", "--schema", "--format", "json"], more].concat());
    live.execute("INSERT INTO authors (id, name, born) VALUES (1, 'A', 3)")
        .await;
    live.execute("DROP VIEW titles").await;
    match dialect {
        Dialect::Postgres => {
            live.execute("ALTER TABLE books ALTER COLUMN title DROP NOT NULL, ALTER COLUMN title SET DEFAULT 'x'").await;
        }
        Dialect::MySql => {
            live.execute("ALTER TABLE books MODIFY COLUMN title VARCHAR(200) DEFAULT 'x'")
                .await;
        }
        Dialect::Sqlite => {
            live.execute(
                "PRAGMA foreign_keys = OFF; CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY, author INTEGER NOT NULL, title VARCHAR(200) DEFAULT 'x', pages INTEGER,\
                 CONSTRAINT books_author FOREIGN KEY (author) REFERENCES authors (id), CONSTRAINT books_pages CHECK (pages > 0));\
                 DROP TABLE books; ALTER TABLE other RENAME TO books; CREATE INDEX books_by_title ON books (title)",
            )
            .await;
        }
    }
    live.execute("INSERT INTO books (id, author, title, pages) VALUES (1, 1, NULL, 3)")
        .await;
    live.execute("CREATE TABLE spare (id INTEGER)").await;
    live.execute("ALTER TABLE authors ADD COLUMN died INTEGER")
        .await;

    let added = repair(&["--execute"]).code(1).json();
    assert_eq!(added["executed"], true);
    assert!(
        statements(&added)
            .iter()
            .all(|sql| sql.starts_with("CREATE VIEW") || sql.starts_with("CREATE ALGORITHM")),
        "{added}"
    );
    let extra = ["extra table `spare`", "extra column `authors.died`"];
    let mut found = left(&added);
    found.sort();
    assert_eq!(
        found,
        ["different column `books.title`", extra[1], extra[0]]
    );
    // A row has NULL there.
    let refused = repair(&["--allow-changes", "--execute"]).code(1).json();
    assert_eq!(refused["executed"], false, "{refused}");
    assert_eq!(left(&refused).len(), 3);
    let changed = repair(&[
        "--allow-changes",
        "--fill",
        "books.title='none'",
        "--execute",
    ]);
    let changed = changed.code(1).json();
    assert_eq!(changed["executed"], true);
    assert_eq!(left(&changed).len(), 2);
    assert_eq!(live.rows("SELECT title FROM books").await, [["none"]]);
    let shown = project
        .run(["repair", "--schema", "--allow-drops"])
        .success();
    assert!(
        shown.stdout.contains("-- destructive: the rows of `spare`"),
        "{shown}"
    );
    let dropped = repair(&["--allow-drops", "--execute"]).success().json();
    assert_eq!(dropped["left"], json!([]));
    project.run(["verify"]).success().done();
    assert_eq!(live.rows("SELECT name FROM authors").await, [["A"]]);
}

#[tokio::test]
async fn changes_and_drops_are_asked_for_on_sqlite() {
    changes_and_drops_are_asked_for(Dialect::Sqlite, "rescue_schema_changes").await;
}

#[tokio::test]
async fn changes_and_drops_are_asked_for_on_postgres() {
    changes_and_drops_are_asked_for(Dialect::Postgres, "rescue_schema_changes").await;
}

#[tokio::test]
async fn changes_and_drops_are_asked_for_on_mariadb() {
    changes_and_drops_are_asked_for(Dialect::MySql, "rescue_schema_changes").await;
}

/// Rows that stand in the way: nothing is half done where the database can.
async fn rows_that_stand_in_the_way(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let project = shop(dialect, live.url());
    match dialect {
        Dialect::MySql => live.execute("DROP INDEX authors_by_name ON authors").await,
        Dialect::Sqlite | Dialect::Postgres => live.execute("DROP INDEX authors_by_name").await,
    }
    live.execute("DROP TABLE orders").await;
    live.execute("INSERT INTO authors (id, name) VALUES (1, 'A'), (2, 'A')")
        .await;
    let before = live.tables().await;
    let failed = project
        .run(["repair", "--schema", "--execute", "--format", "json"])
        .code(1);
    let told = failed.json();
    assert_eq!(told["error"]["code"], "statement-failed", "{told}");
    assert!(
        told["error"]["message"]
            .as_str()
            .expect("it is there")
            .contains("authors_by_name"),
        "{told}"
    );
    if dialect != Dialect::MySql {
        assert_eq!(live.tables().await, before);
    }
    live.execute("DELETE FROM authors WHERE id = 2").await;
    project
        .run(["repair", "--schema", "--execute"])
        .success()
        .done();
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn rows_that_stand_in_the_way_on_sqlite() {
    rows_that_stand_in_the_way(Dialect::Sqlite, "rescue_schema_rows").await;
}

#[tokio::test]
async fn rows_that_stand_in_the_way_on_postgres() {
    rows_that_stand_in_the_way(Dialect::Postgres, "rescue_schema_rows").await;
}

#[tokio::test]
async fn rows_that_stand_in_the_way_on_mariadb() {
    rows_that_stand_in_the_way(Dialect::MySql, "rescue_schema_rows").await;
}

#[tokio::test]
async fn rows_that_would_point_nowhere_are_told_on_sqlite() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_schema_dangling").await;
    let project = shop(Dialect::Sqlite, live.url());
    live.execute("DROP TABLE orders; CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, book INTEGER NOT NULL); INSERT INTO orders VALUES (1, 99)").await;
    let failed = project.run(["repair", "--schema", "--execute"]).code(1);
    assert!(
        failed.stderr.contains("rows of `orders` would point"),
        "{failed}"
    );
    assert_eq!(live.rows("SELECT book FROM orders").await.len(), 1);
    live.execute("DELETE FROM orders").await;
    project
        .run(["repair", "--schema", "--execute"])
        .success()
        .done();
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn a_protected_database_asks_and_one_without_a_ledger_is_told_what_to_do() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_schema_protected").await;
    let project = shop(Dialect::Sqlite, live.url());
    let config = project.read("migrate.toml");
    let config = config.replace("[env.dev]", "[env.dev]\nprotected = true");
    project.write("migrate.toml", config);
    live.execute("DROP VIEW titles").await;
    let refused = project.run(["repair", "--schema", "--execute"]).code(1);
    assert!(refused.stderr.contains("is protected"), "{refused}");
    project
        .run(["repair", "--schema", "--execute", "--yes"])
        .success()
        .done();
    project.run(["verify"]).success().done();
    live.execute("DROP TABLE migrate_revision").await;
    let refused = project.run(["repair", "--schema"]).code(1);
    assert!(
        refused.stderr.contains("cargo migrate stamp --detect"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_is_not_looked_at_stands_in_no_way_and_stays() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_schema_overlooked").await;
    let project = shop(Dialect::Sqlite, live.url());
    live.execute("INSERT INTO authors (id, name) VALUES (1, 'A')")
        .await;
    // `name` must not be NULL: the table is built again, below a view of somebody else's.
    live.execute(
        "PRAGMA foreign_keys = OFF; CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100), born INTEGER);\
         INSERT INTO other SELECT * FROM authors; DROP TABLE authors; ALTER TABLE other RENAME TO authors;\
         CREATE UNIQUE INDEX authors_by_name ON authors (name);\
         CREATE VIEW mine_names AS SELECT name FROM authors;\
         CREATE TABLE mine_log (name TEXT);\
         CREATE TRIGGER mine_logged AFTER INSERT ON mine_log BEGIN DELETE FROM authors; END",
    )
    .await;
    project
        .run([
            "repair",
            "--schema",
            "--allow-changes",
            "--allow-drops",
            "--execute",
        ])
        .success()
        .done();
    project.run(["verify"]).success().done();
    assert_eq!(live.rows("SELECT name FROM mine_names").await, [["A"]]);
    live.execute("INSERT INTO mine_log VALUES ('x')").await;
    assert!(live.rows("SELECT name FROM authors").await.is_empty());
}

#[tokio::test]
async fn a_key_of_a_table_without_rowid_needs_a_value() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_schema_without_rowid").await;
    let project = project(Dialect::Sqlite, live.url());
    let made = "CREATE TABLE t (a TEXT NOT NULL, id INTEGER NOT NULL PRIMARY KEY) WITHOUT ROWID;";
    revision(&project, "t", "none", made, "DROP TABLE t;");
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    live.execute("DROP TABLE t; CREATE TABLE t (a TEXT NOT NULL); INSERT INTO t VALUES ('x')")
        .await;
    let repair = ["repair", "--schema", "--allow-changes", "--execute"];
    let refused = project.run(repair).code(1);
    assert!(
        refused.stderr.contains("--fill \"t.id=<value>\""),
        "{refused}"
    );
    assert_eq!(live.rows("SELECT a FROM t").await, [["x"]]);
    project
        .run([&repair[..], &["--fill", "t.id=7"]].concat())
        .success()
        .done();
    assert_eq!(
        live.rows("SELECT a, CAST(id AS TEXT) FROM t").await,
        [["x", "7"]]
    );
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn objects_of_every_kind_are_added_and_dropped_on_postgres() {
    let live = TestDatabase::create(Dialect::Postgres, "rescue_schema_kinds").await;
    let project = project(Dialect::Postgres, live.url());
    let objects = |suffix: &str| {
        let kinds = [
            "COLLATION c (provider = icu, locale = 'de-x-icu')",
            "TEXT SEARCH DICTIONARY d (TEMPLATE = simple)",
            "TEXT SEARCH CONFIGURATION f (PARSER = default)",
            "TYPE p AS (x integer, y integer)",
            "TYPE e AS ENUM ('x')",
            "DOMAIN n AS integer",
            "SEQUENCE s",
            "FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "TABLE t (id integer)",
            "VIEW v AS SELECT 1 AS one",
        ];
        let made = kinds.map(|kind| {
            // What each is, and then its name of one letter.
            let words = ["CONFIGURATION", "DICTIONARY", "COLLATION", "FUNCTION"];
            let kinds = ["TYPE", "DOMAIN", "SEQUENCE", "TABLE", "VIEW"];
            let all = words.iter().chain(&kinds);
            let word = all.copied().find(|word| kind.contains(*word)).unwrap();
            let begin = kind.find(word).unwrap() + word.len() + 2;
            format!("CREATE {}{suffix}{};\n", &kind[..begin], &kind[begin..])
        });
        made.concat()
    };
    let dropped = "DROP VIEW v; DROP TABLE t; DROP FUNCTION g; DROP SEQUENCE s; DROP DOMAIN n;
        DROP TYPE e; DROP TYPE p; DROP TEXT SEARCH CONFIGURATION f;
        DROP TEXT SEARCH DICTIONARY d; DROP COLLATION c;";
    revision(&project, "a", "none", &objects(""), dropped);
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    live.execute(dropped).await;
    live.execute(&objects("_extra")).await;
    let verified = project.run(["verify", "--format", "json"]).code(1).json();
    let repair =
        |more: &[&str]| project.run([&["repair", "--schema", "--format", "json"], more].concat());
    let added = repair(&["--execute"]).code(1).json();
    let mut extra = left(&added);
    extra.sort();
    assert_eq!(extra.len(), 10, "{verified}");
    assert!(extra.iter().all(|it| it.starts_with("extra ")), "{extra:?}");
    let done = repair(&["--allow-changes", "--allow-drops", "--execute"]);
    assert_eq!(done.success().json()["left"], json!([]));
    project.run(["verify"]).success().done();
}
