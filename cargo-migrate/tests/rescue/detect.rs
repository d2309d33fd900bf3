//! `stamp --detect`: the tables say where a database is.

use migrate_core::{Chain, Dialect, Dialects, LedgerNames, Revision};
use migrate_replay::{Position, SchemaIndex, walks};
use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::Migrations;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::json;

use crate::{Done as _, current, project, revision};

/// How long the chain is.
const LENGTH: usize = 200;

/// What a revision of the long chain does, up and down. Every change of a schema that people make
/// is among them, and every 20th changes data alone.
fn step(dialect: Dialect, number: usize) -> (String, String) {
    let (block, place) = (number / 10, number % 10);
    let table = format!("t{block}");
    let drop_index = |name: &str| match dialect {
        Dialect::MySql => format!("DROP INDEX {name} ON {table};"),
        Dialect::Sqlite | Dialect::Postgres => format!("DROP INDEX {name};"),
    };
    if is_data(number) {
        return (
            format!("INSERT INTO {table} (id, name) VALUES ({number}, 'row');"),
            format!("DELETE FROM {table} WHERE id = {number};"),
        );
    }
    match place {
        0 => (
            format!(
                "CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, amount NUMERIC(10, 2));"
            ),
            format!("DROP TABLE {table};"),
        ),
        1 => (
            format!("ALTER TABLE {table} ADD COLUMN note VARCHAR(80) DEFAULT 'none';"),
            format!("ALTER TABLE {table} DROP COLUMN note;"),
        ),
        2 => (
            format!("CREATE INDEX {table}_by_name ON {table} (name);"),
            drop_index(&format!("{table}_by_name")),
        ),
        3 => (
            format!("CREATE UNIQUE INDEX {table}_by_both ON {table} (name, amount);"),
            drop_index(&format!("{table}_by_both")),
        ),
        4 => (
            format!("CREATE VIEW v{block} AS SELECT id, name FROM {table};"),
            format!("DROP VIEW v{block};"),
        ),
        5 => (
            format!(
                "CREATE TABLE {table}_parts (id INTEGER NOT NULL PRIMARY KEY, whole INTEGER NOT NULL REFERENCES {table} (id) ON DELETE CASCADE, CHECK (id > {number}));"
            ),
            format!("DROP TABLE {table}_parts;"),
        ),
        6 => (
            format!(
                "ALTER TABLE {table}_parts ADD COLUMN extra INTEGER NOT NULL DEFAULT {number};"
            ),
            format!("ALTER TABLE {table}_parts DROP COLUMN extra;"),
        ),
        7 => (
            format!("ALTER TABLE {table} DROP COLUMN note;"),
            format!("ALTER TABLE {table} ADD COLUMN note VARCHAR(80) DEFAULT 'none';"),
        ),
        8 => (
            format!("DROP VIEW v{block};"),
            format!("CREATE VIEW v{block} AS SELECT id, name FROM {table};"),
        ),
        _ => (
            format!("ALTER TABLE {table} RENAME COLUMN amount TO total;"),
            format!("ALTER TABLE {table} RENAME COLUMN total TO amount;"),
        ),
    }
}

/// Whether a revision of the long chain leaves the schema as it is.
fn is_data(number: usize) -> bool {
    number % 20 == 2
}

fn name(number: usize) -> String {
    format!("r{number:03}")
}

fn long_chain(dialect: Dialect, url: &str) -> (TestProject, Vec<Revision>) {
    let project = project(dialect, url);
    let mut revisions = Vec::new();
    for number in 0..LENGTH {
        let parent = number
            .checked_sub(1)
            .map_or_else(|| "none".to_owned(), name);
        let (up, down) = step(dialect, number);
        let id = name(number);
        revision(&project, &id, &parent, &up, &down);
        let file = format!("migrations/{id}.sql");
        let text = project.read(&file);
        revisions.push(Revision::parse(&file, &text, Dialects::NONE).expect("a revision"));
    }
    project.run(["lock", "-q"]).success().done();
    (project, revisions)
}

/// One walk makes the fingerprints; then another database goes from revision to revision, and is
/// found at each of them.
async fn a_long_chain(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let walked = TestDatabase::create(dialect, &format!("{test}_walk")).await;
    let (project, revisions) = long_chain(dialect, live.url());
    let chain = Chain::new(revisions).expect("it is sound");
    let migrations = Migrations::new(chain, LedgerNames::DEFAULT);
    let graph = migrations.chain().graph();
    let all = walks(graph);
    assert_eq!(all.len(), 1);
    let mut schemas = SchemaIndex::default();
    let database = Database::connect(walked.url(), Create::Missing)
        .await
        .expect("it answers");
    let entry = |steps, schema| schemas.record(Position { walk: 0, steps }, &schema);
    let done = database
        .replay(migrations.runner(), &all[0].steps, entry)
        .await;
    let done = done.expect("it is walked");
    assert!(done.stopped.is_none(), "{:?}", done.stopped);
    assert_eq!(done.steps, LENGTH);

    let database = Database::connect(live.url(), Create::Missing)
        .await
        .expect("it answers");
    let at = async |number: usize| {
        let schema = database
            .schema(&LedgerNames::DEFAULT)
            .await
            .expect("it is read");
        let found = schemas.find(&schema);
        let ids: Vec<String> = found
            .iter()
            .map(|position| graph.id(all[0].steps[position.steps - 1]).to_string())
            .collect();
        let mut expected = vec![name(number)];
        if is_data(number) {
            expected.insert(0, name(number - 1));
        } else if is_data(number + 1) && number + 1 < LENGTH {
            expected.push(name(number + 1));
        }
        assert_eq!(ids, expected);
    };
    let mut session = live.session().await;
    for number in 0..LENGTH {
        session.execute(&step(dialect, number).0).await;
        at(number).await;
        // Each time a walk of its own.
        match number {
            // No ledger, and the command finds it too.
            64 if dialect == Dialect::Sqlite => {
                let found = project.run(["stamp", "--detect", "--dry-run", "--format", "json"]);
                let found = found.success().json();
                assert_eq!(found["found"], "r064");
                assert_eq!(found["candidates"], json!(["r064"]));
                assert_eq!(found["stamped"], json!(null));
                assert_eq!(found["differences"], json!([]));
            }
            // A revision that changes data alone cannot be told from the one before.
            142 if dialect == Dialect::Sqlite => {
                let found = project.run(["stamp", "--detect", "--format", "json"]);
                let found = found.code(1).json();
                assert_eq!(found["found"], json!(null));
                assert_eq!(found["exact"], true);
                assert_eq!(found["candidates"], json!(["r141", "r142"]));
                assert_eq!(found["stamped"], json!(null));
            }
            _ => {}
        }
    }

    // One column dropped by hand.
    live.execute("ALTER TABLE t7_parts DROP COLUMN extra").await;
    let lost = project
        .run(["stamp", "--detect", "--format", "json"])
        .code(1)
        .json();
    assert_eq!(lost["found"], json!(null));
    assert_eq!(lost["exact"], false);
    assert_eq!(lost["nearest"], "r199");
    let differences = lost["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0]["kind"], "missing");
    assert_eq!(differences[0]["object"], "column `t7_parts.extra`");
    assert!(
        live.tables()
            .await
            .iter()
            .all(|table| !table.contains("migrate_"))
    );

    if dialect != Dialect::Sqlite {
        return; // each walk takes its time on a server
    }
    live.execute("ALTER TABLE t7_parts ADD COLUMN extra INTEGER NOT NULL DEFAULT 76")
        .await;
    let done = project
        .run(["stamp", "--detect", "--format", "json"])
        .success()
        .json();
    assert_eq!(done["stamped"], json!({"from": [], "to": ["r199"]}));
    assert_eq!(current(&project), ["r199"]);
    assert_eq!(
        project.run(["run", "--format", "json"]).success().code,
        Some(0)
    );
}

#[tokio::test]
async fn a_long_chain_on_sqlite() {
    a_long_chain(Dialect::Sqlite, "rescue_detect_long").await;
}

#[tokio::test]
async fn a_long_chain_on_postgres() {
    a_long_chain(Dialect::Postgres, "rescue_detect_long").await;
}

#[tokio::test]
async fn a_long_chain_on_mariadb() {
    a_long_chain(Dialect::MySql, "rescue_detect_long").await;
}

/// `a - b - d`, and `c` beside `b`.
fn branches(dialect: Dialect, url: &str) -> TestProject {
    let project = project(dialect, url);
    let table = |name: &str| {
        (
            format!("CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY);"),
            format!("DROP TABLE {name};"),
        )
    };
    for (id, parent) in [("a", "none"), ("b", "a"), ("c", "a"), ("d", "b")] {
        let (up, down) = table(&format!("of_{id}"));
        revision(&project, id, parent, &up, &down);
    }
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}[rules]\nmultiple-heads = \"allow\"\n[verify]\nignore = [\"mine_*\"]\n"),
    );
    project.run(["lock", "-q"]).success().done();
    project
}

/// A branch that no run passes alone, a ledger that is wrong, tables of others.
async fn branches_and_ledgers(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let project = branches(dialect, live.url());
    let detect = |more: &[&str]| {
        let args = [&["stamp", "--detect", "--format", "json"], more].concat();
        project.run(args)
    };
    // Empty: nothing to record, and nothing made.
    let empty = detect(&[]).success().json();
    assert_eq!(empty["found"], "base");
    assert!(live.tables().await.is_empty());

    for table in ["of_a", "of_c"] {
        let sql = format!("CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY)");
        live.execute(&sql).await;
    }
    live.execute("CREATE TABLE mine_own (x INTEGER)").await;
    live.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        .await;
    // `a` and `c` without `b`, though a run applies `b` before `c`.
    assert_eq!(detect(&["--dry-run"]).success().json()["found"], "c");
    // Another target has another schema.
    let other = detect(&["d"]).code(1).json();
    assert_eq!(other["nearest"], "d");
    assert_eq!(other["exact"], false);

    // The ledger tells of both branches: the tables are right.
    project.run(["stamp", "heads", "-q"]).success().done();
    let told = detect(&[]).success();
    assert!(
        told.stderr.contains("the ledger says c, d"),
        "{}",
        told.stderr
    );
    let told = told.json();
    assert_eq!(told["ledger"], json!(["c", "d"]));
    assert_eq!(told["stamped"], json!({"from": ["c", "d"], "to": ["c"]}));
    assert_eq!(current(&project), ["c"]);
    project.run(["verify"]).success().done();
    let again = detect(&[]).success().json();
    assert_eq!(again["found"], "c");
    assert_eq!(again["stamped"], json!(null));

    // A prefix of the run's order, of two branches.
    live.execute("CREATE TABLE of_b (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    assert_eq!(
        detect(&[]).success().json()["stamped"]["to"],
        json!(["b", "c"])
    );
    // Something that only the ledger knows stands in the way, until it is purged.
    project.run(["run", "heads", "-q"]).success().done();
    let file = project.read("migrations/d.sql");
    project.write("migrations/d.sql", file.replace("of_d", "renamed_d"));
    project.run(["lock", "--amend", "d", "-q"]).success().done();
    let nearest = detect(&[]).code(1).json();
    assert_eq!(nearest["nearest"], "b,c");
    assert_eq!(nearest["differences"][0]["object"], "table `of_d`");
    live.execute("DROP TABLE of_d").await;
    let refused = detect(&[]).code(1).json();
    assert_eq!(refused["error"]["code"], "revision-changed");
    let purged = detect(&["--purge"]).success().json();
    assert_eq!(purged["stamped"]["to"], json!(["b", "c"]));
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn branches_and_ledgers_on_sqlite() {
    branches_and_ledgers(Dialect::Sqlite, "rescue_detect_branches").await;
}

#[tokio::test]
async fn branches_and_ledgers_on_postgres() {
    branches_and_ledgers(Dialect::Postgres, "rescue_detect_branches").await;
}

#[tokio::test]
async fn branches_and_ledgers_on_mariadb() {
    branches_and_ledgers(Dialect::MySql, "rescue_detect_branches").await;
}

#[tokio::test]
async fn what_fails_on_an_empty_database_is_told_and_what_is_before_it_is_compared() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_detect_stopped").await;
    let project = project(Dialect::Sqlite, live.url());
    revision(
        &project,
        "a",
        "none",
        "CREATE TABLE a (id INTEGER);",
        "DROP TABLE a;",
    );
    revision(&project, "b", "a", "UPDATE legacy SET x = 1;", "SELECT 1;");
    revision(
        &project,
        "c",
        "b",
        "CREATE TABLE c (id INTEGER);",
        "DROP TABLE c;",
    );
    project.run(["lock", "-q"]).success().done();
    live.execute("CREATE TABLE a (id INTEGER)").await;
    let found = project.run(["stamp", "--detect", "--dry-run"]).success();
    assert_eq!(found.stdout, "record a\n");
    assert!(
        found
            .stderr
            .contains("`b` cannot be applied to an empty database"),
        "{}",
        found.stderr
    );
    assert!(
        found.stderr.contains("no such table: legacy"),
        "{}",
        found.stderr
    );
}

#[tokio::test]
async fn the_same_schema_wants_a_choice() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_detect_choice").await;
    let project = project(Dialect::Sqlite, live.url());
    revision(
        &project,
        "a",
        "none",
        "CREATE TABLE a (id INTEGER);",
        "DROP TABLE a;",
    );
    revision(
        &project,
        "b",
        "a",
        "INSERT INTO a VALUES (1);",
        "DELETE FROM a;",
    );
    project.run(["lock", "-q"]).success().done();
    live.execute("CREATE TABLE a (id INTEGER)").await;
    let refused = project.run(["stamp", "--detect"]).code(1);
    assert_eq!(refused.stdout, "a\nb\n");
    assert!(
        refused.stderr.contains("cargo migrate stamp --detect b"),
        "{}",
        refused.stderr
    );
    project.run(["stamp", "--detect", "a"]).success().done();
    assert_eq!(current(&project), ["a"]);
    // What the ledger says is one of them: that is it.
    let kept = project
        .run(["stamp", "--detect", "--format", "json"])
        .success()
        .json();
    assert_eq!(kept["found"], "a");
    project.run(["stamp", "base", "-q"]).success().done();
    project.run(["stamp", "--detect", "--yes"]).success().done();
    assert_eq!(current(&project), ["b"]);
}

#[tokio::test]
async fn a_branch_that_changes_data_alone_is_a_candidate_too() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_detect_twins").await;
    let project = branches(Dialect::Sqlite, live.url());
    // a - b - d, and `e` of data alone beside them, with `f` behind it
    revision(
        &project,
        "e",
        "a",
        "INSERT INTO of_a VALUES (1);",
        "DELETE FROM of_a;",
    );
    revision(
        &project,
        "f",
        "e",
        "UPDATE of_a SET id = 2;",
        "UPDATE of_a SET id = 1;",
    );
    project.run(["lock", "-q"]).success().done();
    live.execute("CREATE TABLE of_a (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    let found = project
        .run(["stamp", "--detect", "--format", "json"])
        .code(1)
        .json();
    assert_eq!(found["candidates"], json!(["a", "e", "f"]));
    assert_eq!(found["found"], json!(null));
}

#[tokio::test]
async fn a_protected_database_asks_before_it_is_stamped() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_detect_protected").await;
    let project = branches(Dialect::Sqlite, live.url());
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        config.replace("[env.dev]", "[env.dev]\nprotected = true"),
    );
    live.execute("CREATE TABLE of_a (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    let refused = project
        .run(["stamp", "--detect", "--format", "json"])
        .code(1)
        .json();
    assert_eq!(refused["error"]["code"], "protected");
    assert_eq!(live.tables().await, ["of_a"]);
    project.run(["stamp", "--detect", "--yes"]).success().done();
    assert_eq!(current(&project), ["a"]);
    let events = live.rows("SELECT kind, revision FROM migrate_event").await;
    assert_eq!(events, [["stamp", "a"]]);
}

/// A revision that cannot be applied to an empty database may be applied to this one.
#[tokio::test]
async fn what_could_not_be_compared_is_not_forgotten() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_detect_untold").await;
    let project = project(Dialect::Sqlite, live.url());
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}[verify]\nignore = [\"outside\"]\n"),
    );
    revision(
        &project,
        "a",
        "none",
        "CREATE TABLE t (id INTEGER);",
        "DROP TABLE t;",
    );
    revision(
        &project,
        "b",
        "a",
        "INSERT INTO outside VALUES (1);",
        "DELETE FROM outside;",
    );
    revision(
        &project,
        "c",
        "b",
        "INSERT INTO t VALUES (1);",
        "DELETE FROM t;",
    );
    project.run(["lock", "-q"]).success().done();
    live.execute("CREATE TABLE outside (id INTEGER)").await;
    project.run(["run", "--yes"]).success().done();
    assert_eq!(current(&project), ["c"]);

    let shown = project.run(["stamp", "--detect", "--dry-run"]);
    assert_eq!(shown.stdout, "cannot tell c\ncannot tell b\n", "{shown}");
    let refused = project
        .run(["stamp", "--detect", "--yes", "--format", "json"])
        .code(1)
        .json();
    assert_eq!(refused["error"]["code"], "not-compared", "{refused}");
    assert_eq!(current(&project), ["c"]);
    // What is compared is forgotten as before.
    live.execute("DROP TABLE t").await;
    let shown = project.run(["stamp", "--detect", "--dry-run"]);
    assert_eq!(
        shown.stdout, "cannot tell c\ncannot tell b\nforget a\n",
        "{shown}"
    );
    project
        .run(["stamp", "--detect", "--purge", "--yes"])
        .success()
        .done();
    assert_eq!(current(&project), Vec::<String>::new());
}

/// The ledger has a state that no run passes; it has the schema too.
#[tokio::test]
async fn the_state_of_the_ledger_is_compared() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_detect_ledger").await;
    let project = project(Dialect::Sqlite, live.url());
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}[rules]\nmultiple-heads = \"allow\"\n"),
    );
    revision(
        &project,
        "a",
        "none",
        "CREATE TABLE t (id INTEGER);",
        "DROP TABLE t;",
    );
    revision(
        &project,
        "b",
        "a",
        "INSERT INTO t VALUES (1);",
        "DELETE FROM t;",
    );
    revision(
        &project,
        "c",
        "a",
        "CREATE TABLE u (id INTEGER);",
        "DROP TABLE u;",
    );
    revision(
        &project,
        "d",
        "a",
        "INSERT INTO t VALUES (2);",
        "DELETE FROM t;",
    );
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "b", "--yes"]).success().done();
    project.run(["run", "d", "--yes"]).success().done();
    assert_eq!(current(&project), ["b", "d"]);
    let found = project
        .run(["stamp", "--detect", "--yes", "--format", "json"])
        .success()
        .json();
    assert_eq!(found["found"], "b,d", "{found}");
    assert_eq!(current(&project), ["b", "d"]);
}
