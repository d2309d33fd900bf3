//! `baseline`: a database that was there before its chain.

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::json;

use crate::{Done as _, current, project};

/// Something of everything that a database of this kind can have.
fn rich(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, boss INTEGER REFERENCES people (id) ON DELETE SET NULL, team INTEGER REFERENCES teams (id), shout TEXT GENERATED ALWAYS AS (upper(name)) STORED, UNIQUE (name, team), CHECK (length(name) > 0));
             CREATE TABLE teams (id INTEGER NOT NULL PRIMARY KEY, lead INTEGER REFERENCES people (id), \"odd \"\"name\" TEXT DEFAULT 'it''s; so') STRICT;
             CREATE TABLE pairs (a INTEGER NOT NULL, b INTEGER NOT NULL DEFAULT (1 + 2), PRIMARY KEY (a, b)) WITHOUT ROWID;
             CREATE INDEX people_named ON people (name DESC) WHERE boss IS NOT NULL;
             CREATE UNIQUE INDEX people_lower ON people (lower(name), team);
             CREATE VIEW bosses AS SELECT boss FROM people WHERE boss IS NOT NULL;
             CREATE VIEW more AS SELECT boss AS b FROM bosses;
             CREATE TRIGGER people_gone AFTER DELETE ON people BEGIN DELETE FROM pairs WHERE a = old.id; UPDATE teams SET lead = NULL; END;
             CREATE VIRTUAL TABLE search USING fts5(body);
             INSERT INTO people (name) VALUES ('A');"
        }
        Dialect::Postgres => {
            "CREATE SCHEMA billing;
             CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s fine');
             CREATE TYPE billing.pair AS (x integer, y text);
             CREATE DOMAIN positive AS integer DEFAULT 1 CHECK (VALUE > 0);
             CREATE SEQUENCE numbers START 7 INCREMENT 3;
             CREATE TABLE people (id BIGSERIAL PRIMARY KEY, name TEXT NOT NULL, mood mood NOT NULL DEFAULT 'sad', boss BIGINT REFERENCES people (id) ON DELETE SET NULL, team BIGINT, shout TEXT GENERATED ALWAYS AS (upper(name)) STORED, n INTEGER DEFAULT nextval('numbers'), p positive, tags TEXT[] NOT NULL DEFAULT '{}', UNIQUE (name, team), CHECK (length(name) > 0));
             CREATE TABLE teams (id BIGINT GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY, lead BIGINT REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED, \"odd \"\"name\" TEXT DEFAULT 'it''s; so');
             ALTER TABLE people ADD CONSTRAINT people_team FOREIGN KEY (team) REFERENCES teams (id);
             CREATE TABLE billing.invoices (id INTEGER PRIMARY KEY, person BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE, total billing.pair, at TIMESTAMPTZ NOT NULL DEFAULT now());
             CREATE TABLE log (at DATE NOT NULL, line TEXT) PARTITION BY RANGE (at);
             CREATE TABLE log_old PARTITION OF log FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
             CREATE INDEX people_named ON people (name DESC) WHERE boss IS NOT NULL;
             CREATE UNIQUE INDEX people_lower ON people (lower(name), team);
             CREATE INDEX people_tags ON people USING gin (tags);
             CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := trim(NEW.name); RETURN NEW; END $$;
             CREATE TRIGGER people_touch BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION touch();
             CREATE FUNCTION total(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql AS 'SELECT a + b';
             ALTER TABLE people ENABLE ROW LEVEL SECURITY;
             CREATE POLICY own ON people USING (boss IS NULL);
             CREATE VIEW bosses AS SELECT boss FROM people WHERE boss IS NOT NULL;
             CREATE VIEW more AS SELECT boss AS b FROM bosses;
             CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS c FROM people;
             COMMENT ON TABLE people IS 'who; is'' there';
             COMMENT ON COLUMN people.name IS 'as they say';
             INSERT INTO people (name) VALUES ('A');"
        }
        Dialect::MySql => {
            "CREATE TABLE people (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'it''s', mood ENUM('sad', 'so so') NOT NULL DEFAULT 'sad', boss BIGINT UNSIGNED, team BIGINT UNSIGNED, shout VARCHAR(100) AS (upper(name)) STORED, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, UNIQUE KEY people_name_team (name, team), CONSTRAINT people_boss FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL, CONSTRAINT people_named CHECK (length(name) > 0)) COMMENT = 'who';
             CREATE TABLE teams (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, `lead` BIGINT UNSIGNED, `odd ``name` VARCHAR(20) DEFAULT 'it''s; so', CONSTRAINT teams_lead FOREIGN KEY (`lead`) REFERENCES people (id));
             ALTER TABLE people ADD CONSTRAINT people_team FOREIGN KEY (team) REFERENCES teams (id);
             CREATE TABLE notes (id INT PRIMARY KEY, body TEXT NOT NULL, FULLTEXT KEY notes_body (body), KEY notes_start (body(10)));
             CREATE SEQUENCE numbers START WITH 7 INCREMENT BY 3;
             CREATE VIEW bosses AS SELECT boss FROM people WHERE boss IS NOT NULL;
             CREATE VIEW more AS SELECT boss AS b FROM bosses;
             CREATE TRIGGER people_touch BEFORE INSERT ON people FOR EACH ROW SET NEW.name = trim(NEW.name);
             CREATE FUNCTION total(a INT, b INT) RETURNS INT DETERMINISTIC RETURN a + b;
             CREATE PROCEDURE sweep() BEGIN DELETE FROM notes; DELETE FROM teams; END;
             INSERT INTO people (name) VALUES ('A');"
        }
    }
}

/// What was there is the first revision, and made again it is the same.
async fn a_rich_database(dialect: Dialect, test: &str) {
    let live = TestDatabase::create(dialect, test).await;
    let mut made = rich(dialect).to_owned();
    if dialect == Dialect::MySql && !live.is_mariadb().await {
        // MySQL has no sequences.
        let begin = made.find("CREATE SEQUENCE").expect("it is there");
        let end = begin + made[begin..].find(';').expect("it ends") + 1;
        made.replace_range(begin..end, "");
    }
    live.execute(&made).await;
    live.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        .await;
    live.execute("CREATE TABLE tmp_load (x INTEGER)").await;
    let project = project(dialect, live.url());
    let shown = project
        .run(["baseline", "--dry-run", "--exclude", "tmp_*"])
        .success();
    assert!(shown.stdout.contains("-- migrate: up\n"), "{shown}");
    assert!(!project.path().join("migrations").exists());
    assert!(
        !live
            .tables()
            .await
            .iter()
            .any(|table| table.starts_with("migrate_"))
    );

    let made = project.run([
        "baseline",
        "as it was",
        "--rev-id",
        "first",
        "--exclude",
        "tmp_*",
        "--format",
        "json",
    ]);
    let made = made.success().json();
    assert_eq!(made["revision"], "first");
    assert_eq!(made["left_out"], json!([]));
    assert_eq!(made["draft"], false);
    assert_eq!(made["excluded"], json!(["alembic_version", "tmp_load"]));
    assert_eq!(made["stamped"]["from"], json!([]));
    assert_eq!(made["stamped"]["to"], json!(["first"]));
    let file = project.read(made["file"].as_str().expect("it is there"));
    assert!(
        file.contains("-- message: as it was\n-- created: 20"),
        "{file}"
    );
    project.run(["check", "--locked"]).success().done();
    assert_eq!(current(&project), ["first"]);
    assert_eq!(project.run(["run"]).success().stdout, "");
    assert_eq!(live.rows("SELECT name FROM people").await, [["A"]]);
    live.execute("DROP TABLE tmp_load").await;
    project.run(["verify"]).success().done();

    // The same schema on an empty database, and nothing after the way down.
    let empty = TestDatabase::create(dialect, &format!("{test}_empty")).await;
    let other = ["--database-url", empty.url()];
    let on_empty = |words: &[&str]| project.run([words, &other].concat());
    on_empty(&["run", "-q"]).success().done();
    on_empty(&["verify"]).success().done();
    live.execute("DROP TABLE alembic_version").await;
    let schema = |project: &TestProject, url: &str| {
        project
            .run(["schema", "--format", "json", "--database-url", url])
            .success()
            .json()
    };
    assert_eq!(schema(&project, live.url()), schema(&project, empty.url()));
    on_empty(&["revert", "base", "-q"]).success().done();
    let left = on_empty(&["schema"]).success();
    assert_eq!(left.stdout, "");

    // A chain that has begun wants no other beginning.
    let again = project.run(["baseline", "--format", "json"]).code(1).json();
    assert_eq!(again["error"]["code"], "chain-exists");
}

#[tokio::test]
async fn a_rich_database_on_sqlite() {
    a_rich_database(Dialect::Sqlite, "rescue_baseline_rich").await;
}

#[tokio::test]
async fn a_rich_database_on_postgres() {
    a_rich_database(Dialect::Postgres, "rescue_baseline_rich").await;
}

#[tokio::test]
async fn a_rich_database_on_mariadb() {
    a_rich_database(Dialect::MySql, "rescue_baseline_rich").await;
}

/// What cannot be carried is named, in the file too.
async fn what_cannot_be_carried(dialect: Dialect, test: &str, made: &str, told: &str) {
    let live = TestDatabase::create(dialect, test).await;
    live.execute("CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    live.execute(made).await;
    let project = project(dialect, live.url());
    let document = project.run(["baseline", "--rev-id", "first", "--format", "json"]);
    let document = document.success().json();
    assert_eq!(document["left_out"], json!([told]));
    assert_eq!(document["draft"], true);
    let name = document["file"].as_str().expect("it is there");
    let file = project.read(name);
    assert!(file.contains(&format!("-- left out: {told}\n")), "{file}");
    assert_eq!(current(&project), ["first"]);
    project.run(["check"]).success().done();
    project.run(["check", "--locked"]).code(1).done();
    // Finished by hand, it is recorded again.
    let finished = file.replace(&format!("-- left out: {told}\n"), "SELECT 1;\n");
    project.write(name, finished);
    project.run(["lock", "-q"]).success().done();
    project
        .run(["stamp", "--purge", "first", "-q"])
        .success()
        .done();
    project.run(["run", "-q"]).success().done();
    project.run(["verify"]).success().done();
}

#[tokio::test]
async fn what_cannot_be_carried_on_postgres() {
    let made = "CREATE OPERATOR FAMILY changes USING btree";
    let told = "operator family `changes`";
    what_cannot_be_carried(Dialect::Postgres, "rescue_baseline_left", made, told).await;
}

#[tokio::test]
async fn what_cannot_be_carried_on_mariadb() {
    let made = "CREATE EVENT once ON SCHEDULE AT '2036-01-01' DO DELETE FROM notes";
    let told = "event that runs once `once`";
    what_cannot_be_carried(Dialect::MySql, "rescue_baseline_left", made, told).await;
}

#[tokio::test]
async fn other_dialects_of_the_project_are_named() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_baseline_dialects").await;
    live.execute("CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    let project = project(Dialect::Sqlite, live.url());
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        config.replace("[\"sqlite\"]", "[\"sqlite\", \"postgres\"]"),
    );
    let made = project.run(["baseline", "--rev-id", "first", "--format", "json"]);
    let made = made.success().json();
    assert_eq!(made["missing_dialects"], json!(["postgres"]));
    assert_eq!(made["draft"], true);
    assert_eq!(made["stamped"]["to"], json!(["first"]));
    let file = project.read(made["file"].as_str().expect("it is there"));
    assert!(file.contains("-- migrate: up sqlite\n"), "{file}");
    assert!(file.contains("-- migrate: down sqlite\n"), "{file}");
    let found = project.run(["check", "--format", "json"]).code(1).json();
    assert_eq!(found["diagnostics"][0]["code"], "missing-dialect");
}

#[tokio::test]
async fn an_empty_database_and_a_ledger_without_files_are_refused() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_baseline_refused").await;
    let project = project(Dialect::Sqlite, live.url());
    let refused = project.run(["baseline", "--format", "json"]).code(1).json();
    assert_eq!(refused["error"]["code"], "nothing-there");
    assert!(!project.path().join("migrations").exists());
    live.execute("CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    project.run(["baseline", "-q"]).success().done();
    std::fs::remove_dir_all(project.path().join("migrations")).expect("it is there");
    let refused = project.run(["baseline", "--format", "json"]).code(1).json();
    assert_eq!(refused["error"]["code"], "ledger-exists");
}

#[tokio::test]
async fn schema_lock_is_written_again() {
    let live = TestDatabase::create(Dialect::Sqlite, "rescue_baseline_lock").await;
    live.execute("CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    let project = project(Dialect::Sqlite, live.url());
    project
        .run(["baseline", "--rev-id", "first", "-q"])
        .success()
        .done();
    assert!(!project.path().join("migrations/schema.lock").exists());

    let again = TestDatabase::create(Dialect::Sqlite, "rescue_baseline_lock_again").await;
    again
        .execute("CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)")
        .await;
    let project = crate::project(Dialect::Sqlite, again.url());
    project.write("migrations/schema.lock", "version 1\n");
    project
        .run(["baseline", "--rev-id", "first", "-q"])
        .success()
        .done();
    let lock = project.read("migrations/schema.lock");
    assert!(lock.contains("\nhead first "), "{lock}");
    assert!(lock.contains("[sqlite]\ntable notes\n"), "{lock}");
    project.run(["check"]).success().done();
}

#[tokio::test]
async fn objects_of_any_kind_are_excluded_and_counted() {
    let live = TestDatabase::create(Dialect::Postgres, "rescue_baseline_kinds").await;
    live.execute(
        "CREATE COLLATION keep (provider = icu, locale = 'de-x-icu');
         CREATE COLLATION tmp_c (provider = icu, locale = 'de-x-icu');
         CREATE TEXT SEARCH DICTIONARY keep_a (TEMPLATE = simple);
         CREATE TEXT SEARCH DICTIONARY keep_b (TEMPLATE = simple);
         CREATE TEXT SEARCH DICTIONARY tmp_d (TEMPLATE = simple);
         CREATE TEXT SEARCH CONFIGURATION tmp_f (PARSER = default);
         CREATE TYPE tmp_t AS (x integer);
         CREATE TABLE notes (id integer);",
    )
    .await;
    let project = project(Dialect::Postgres, live.url());
    let args = ["baseline", "--rev-id", "first", "--exclude", "tmp_*"];
    let shown = project.run([&args[..], &["--dry-run"]].concat()).success();
    let made = project.run(args).success();
    assert!(
        made.stderr
            .contains("1 table, 1 collation, 2 text search dictionaries"),
        "{made}"
    );
    assert!(
        shown.stdout.contains("CREATE COLLATION \"keep\""),
        "{shown}"
    );
    assert!(!shown.stdout.contains("tmp_"), "{shown}");
}
