//! Schemas that others wrote: files as dumps write them, on each database.

use std::process::Command;

use migrate_core::Dialect;
use migrate_tests::native_dump::postgres_dump;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

/// A project whose environments `a` and `b` are two databases, and none of them the default.
async fn pair(dialect: Dialect, name: &str, sql: [&str; 2]) -> (TestProject, [TestDatabase; 2]) {
    let project = project();
    let a = TestDatabase::create(dialect, &format!("{name} a")).await;
    let b = TestDatabase::create(dialect, &format!("{name} b")).await;
    for (database, sql) in [(&a, sql[0]), (&b, sql[1])] {
        if !sql.is_empty() {
            database.execute(sql).await;
        }
    }
    let (of_a, of_b) = (a.url(), b.url());
    project.write(
        "migrate.toml",
        format!("[env.a]\nurl = \"{of_a}\"\n[env.b]\nurl = \"{of_b}\"\n"),
    );
    (project, [a, b])
}

async fn two_environments(dialect: Dialect) {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    let (project, _databases) = pair(dialect, "cli dumps two", [sql, ""]).await;
    let output = project.run(["diff", "env:a", "env:b"]).success();
    assert!(
        output.stdout.starts_with("drop table `t`"),
        "{}",
        output.stdout
    );
    assert_eq!(project.run(["diff", "env:a", "env:a"]).success().stdout, "");
    project.run(["diff", "env:a", "database"]).code(1).done();
}

#[tokio::test]
async fn two_environments_need_no_default_one_on_sqlite() {
    two_environments(Dialect::Sqlite).await;
}

#[tokio::test]
async fn two_environments_need_no_default_one_on_postgres() {
    two_environments(Dialect::Postgres).await;
}

#[tokio::test]
async fn two_environments_need_no_default_one_on_mariadb() {
    two_environments(Dialect::MySql).await;
}

/// What a dump writes around the schema, and the schema.
async fn a_dump(dialect: Dialect, live: &str, dump: &str) {
    let (project, _databases) = pair(dialect, "cli dumps file", [live, ""]).await;
    project.write("dump.sql", dump);
    project.write("migrations/.keep", "");
    let same = project.run(["diff", "env:a", "dump.sql"]).success();
    assert_eq!(same.stdout, "");
    let new = ["new", "--auto", "all", "--schema", "dump.sql", "--env", "b"];
    project.run(new).success().done();
    project.run(["run", "--env", "b"]).success().done();
    assert_eq!(project.run(["diff", "env:a", "env:b"]).success().stdout, "");
    project.run(["verify", "--env", "b"]).success().done();
}

#[tokio::test]
async fn a_dump_of_postgres_is_a_schema() {
    a_dump(
        Dialect::Postgres,
        "CREATE TABLE t (id integer PRIMARY KEY, s varchar(9) CHECK (s IN ('a', 'b')));
CREATE VIEW v AS SELECT id FROM (SELECT id, s FROM t UNION ALL SELECT 1, NULL::text) q",
        "\\restrict abc\nSELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (id integer NOT NULL, s character varying(9), CONSTRAINT t_s_check CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))));
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
CREATE VIEW public.v AS SELECT q.id FROM (SELECT t.id, t.s FROM public.t UNION ALL SELECT 1, NULL::text) q;
\\unrestrict abc\n",
    )
    .await;
}

#[tokio::test]
async fn a_dump_of_mariadb_is_a_schema() {
    a_dump(
        Dialect::MySql,
        "SET sql_mode = DEFAULT; CREATE TABLE t (id int PRIMARY KEY, other int); CREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN DECLARE a int; SET a = 1; RETURN a; END",
        "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (`id` int(11) NOT NULL, `other` int(11) DEFAULT NULL, PRIMARY KEY (`id`));
DELIMITER ;;
CREATE FUNCTION `f`() RETURNS int(11) DETERMINISTIC BEGIN DECLARE a int; SET a = 1; RETURN a; END ;;
DELIMITER ;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;\n",
    )
    .await;
}

#[tokio::test]
async fn a_dump_of_sqlite_is_a_schema() {
    a_dump(
        Dialect::Sqlite,
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, s TEXT)",
        "CREATE TABLE sqlite_sequence(name,seq);\nCREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, s TEXT);\n",
    )
    .await;
}

#[tokio::test]
async fn a_view_that_a_reload_words_otherwise_is_the_same() {
    let view = |null: &str| {
        format!(
            "CREATE TABLE t (id integer); CREATE VIEW v AS SELECT q.id FROM (SELECT id, 2 AS n FROM t UNION ALL SELECT 1, {null}) q"
        )
    };
    let (live, reloaded) = (view("NULL"), view("NULL::integer"));
    let (project, databases) = pair(Dialect::Postgres, "cli dumps view", [&live, &reloaded]).await;
    let texts = "SELECT pg_get_viewdef('v'::regclass)";
    assert_ne!(
        databases[0].rows(texts).await,
        databases[1].rows(texts).await
    );
    assert_eq!(project.run(["diff", "env:a", "env:b"]).success().stdout, "");
}

/// What it says of the server is left out, and named.
#[tokio::test]
async fn a_file_that_reaches_out_makes_its_schema_alone() {
    for (dialect, sql, left_out) in [
        (
            Dialect::MySql,
            "DROP DATABASE IF EXISTS other_one; CREATE TABLE t (id int);",
            "not replayed: out.sql:1 DROP of database `other_one`",
        ),
        (
            Dialect::Postgres,
            "CREATE TABLE t (id int);\nALTER SYSTEM SET work_mem = 1;",
            "not replayed: out.sql:2 ALTER SYSTEM",
        ),
        (
            Dialect::Sqlite,
            "CREATE TABLE t (id int);\nATTACH 'other.db' AS other;\nDETACH other;\nVACUUM INTO 'copy.db';",
            "not replayed: out.sql:4 VACUUM INTO",
        ),
    ] {
        let (project, _databases) = pair(dialect, "cli dumps out", ["", ""]).await;
        project.write("out.sql", sql);
        let output = project.run(["diff", "env:a", "out.sql"]).success();
        assert_eq!(output.stdout, "create table `t`\n");
        assert!(output.stderr.contains(left_out), "{output}");
        assert!(!project.path().join("other.db").exists());
        assert!(!project.path().join("copy.db").exists());
    }
}

/// What another tool keeps in the database is no part of the schema, in whichever comparison.
async fn bookkeeping_of_others(dialect: Dialect, other: &str) {
    let structure = format!("CREATE TABLE t (id INTEGER PRIMARY KEY);\n{other}");
    let (project, databases) = pair(dialect, "cli dumps others", [&structure, &structure]).await;
    project.write("migrations/.keep", "");
    project.write("structure.sql", &structure);
    let a = ["--env", "a"];
    project.run(["baseline", "--env", "a"]).success().done();
    for words in [["diff", "head", "database"], ["diff", "database", "head"]] {
        let output = project.run(words.into_iter().chain(a)).success();
        assert_eq!(output.stdout, "", "{words:?}");
    }
    let to_file = ["diff", "env:a", "structure.sql"];
    assert_eq!(project.run(to_file).success().stdout, "");
    project.run(["verify", "--env", "a"]).success().done();
    // In the other database the chain begins, and its own bookkeeping is there already.
    let mut own = "DROP TABLE t".to_owned();
    if dialect == Dialect::Postgres {
        own.push_str("; DROP SCHEMA app CASCADE");
    }
    databases[1].execute(&own).await;
    let new = [
        "new",
        "--auto",
        "all",
        "--schema",
        "structure.sql",
        "--env",
        "b",
    ];
    let output = project.run(new).success();
    assert!(
        output.stderr.contains("nothing") || output.stdout.is_empty(),
        "{output}"
    );
    project.run(["run", "--env", "b"]).success().done();
}

const RAILS: &str = "CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY);
CREATE TABLE ar_internal_metadata (key_ varchar(255) PRIMARY KEY, value varchar(255));";

#[tokio::test]
async fn bookkeeping_of_others_does_not_count_on_sqlite() {
    bookkeeping_of_others(Dialect::Sqlite, RAILS).await;
}

#[tokio::test]
async fn bookkeeping_of_others_does_not_count_on_postgres() {
    let more = "CREATE SCHEMA _sqlx_test; CREATE TABLE _sqlx_test.databases (id serial);
CREATE SEQUENCE _sqlx_test.database_ids; CREATE SCHEMA app; CREATE TABLE app._sqlx_migrations (v bigint);";
    bookkeeping_of_others(Dialect::Postgres, &format!("{RAILS}\n{more}")).await;
}

#[tokio::test]
async fn bookkeeping_of_others_does_not_count_on_mariadb() {
    bookkeeping_of_others(Dialect::MySql, RAILS).await;
}

/// The output of a dump that failed is no wish to drop everything.
#[tokio::test]
async fn a_file_that_creates_nothing_is_refused() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    let (project, _databases) = pair(Dialect::Sqlite, "cli dumps empty", [sql, ""]).await;
    project.write("migrations/.keep", "");
    project.run(["baseline", "--env", "a"]).success().done();
    for text in [
        "",
        "-- pg_dump: error: connection failed\n",
        "PRAGMA foreign_keys = OFF;",
    ] {
        project.write("schema.sql", text);
        let words: [&[&str]; 2] = [
            &["new", "--auto", "x", "--schema", "schema.sql", "--env", "a"],
            &["diff", "env:a", "schema.sql"],
        ];
        for words in words {
            let output = project.run(words).code(1);
            let why = "`schema.sql` creates nothing, so that everything would be dropped";
            assert!(output.stderr.contains(why), "{output}");
        }
    }
}

#[tokio::test]
async fn patterns_are_of_all_kinds_of_objects_and_say_what_matches_nothing() {
    let sql = "CREATE SCHEMA app; CREATE TABLE app.dump_of_x (id int); CREATE TABLE kept (id int);
CREATE SEQUENCE dump_numbers; CREATE TYPE dump_kind AS ENUM ('a'); CREATE VIEW dump_view AS SELECT 1 AS a;
CREATE FUNCTION dump_it(a int) RETURNS int LANGUAGE sql AS 'SELECT a'";
    let (project, _databases) = pair(Dialect::Postgres, "cli dumps patterns", [sql, ""]).await;
    project.write("migrations/.keep", "");
    let words = [
        "baseline",
        "--env",
        "a",
        "--exclude",
        "dump_*",
        "--exclude",
        "nope",
    ];
    let output = project.run(words).success();
    assert!(
        output.stderr.contains("`--exclude nope` matches no object"),
        "{output}"
    );
    let found = project
        .run(["diff", "head", "database", "--env", "a"])
        .success()
        .stdout;
    for name in [
        "app.dump_of_x",
        "dump_numbers",
        "dump_kind",
        "dump_view",
        "dump_it",
    ] {
        assert!(found.contains(name), "{name}: {found}");
    }
    assert!(!found.contains("kept"), "{found}");
    project.run(["verify", "--env", "a"]).code(1).done();
    let verify = [
        "verify", "--env", "a", "--ignore", "dump_*", "--ignore", "nope",
    ];
    let output = project.run(verify).success();
    assert!(
        output.stderr.contains("`--ignore nope` matches no object"),
        "{output}"
    );
}

/// The database's own dump of its schema, also of what the chain has not made.
fn native(dialect: Dialect, database: &TestDatabase) -> String {
    if dialect == Dialect::Postgres {
        return postgres_dump(database.url());
    }
    let path = database.url().trim_start_matches("sqlite://");
    let path = path.trim_start_matches("sqlite:");
    let path = path.split('?').next().expect("a path");
    let output = Command::new("sqlite3").args([path, ".schema"]).output();
    let output = output.expect("sqlite3 is installed");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("a schema is UTF-8");
    let mut statements: Vec<&str> = text.split(";\n").collect();
    statements.sort_unstable();
    statements.join(";\n")
}

/// What was damaged is as the chain has made it after `repair --schema`, for each damage alone.
async fn repaired(dialect: Dialect, shop: &str, damages: &[&str]) {
    let (project, [made, live]) = pair(dialect, "cli dumps repaired", [shop, ""]).await;
    project.write("migrations/.keep", "");
    let baseline = project.run(["baseline", "--env", "a", "--format", "json"]);
    let baseline = baseline.success().json();
    assert_eq!(baseline["draft"], false, "{baseline}");
    project.run(["run", "--env", "b", "-q"]).success().done();
    let before = native(dialect, &live);
    if dialect == Dialect::Postgres {
        assert_eq!(native(dialect, &made), before);
    }
    for damage in damages {
        live.execute(damage).await;
        assert_ne!(native(dialect, &live), before, "{damage}");
        project.run(["verify", "--env", "b"]).code(1).done();
        let repair = project.run([
            "repair",
            "--schema",
            "--allow-changes",
            "--allow-drops",
            "--execute",
            "--yes",
            "--env",
            "b",
        ]);
        repair.success().done();
        project.run(["verify", "--env", "b"]).success().done();
        assert_eq!(native(dialect, &live), before, "{damage}");
    }
}

#[tokio::test]
async fn what_is_repaired_is_dumped_as_before_on_postgres() {
    repaired(
        Dialect::Postgres,
        "CREATE TYPE mood AS ENUM ('calm', 'glad');
CREATE DOMAIN age AS int CONSTRAINT positive CHECK (VALUE > 0);
COMMENT ON CONSTRAINT positive ON DOMAIN age IS 'above zero';
CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x', m mood, a age);
COMMENT ON COLUMN author.name IS 'its name';
CREATE TABLE book (id bigint GENERATED ALWAYS AS IDENTITY, author_id int NOT NULL CONSTRAINT by REFERENCES author ON DELETE CASCADE, title text, CONSTRAINT named CHECK (title <> ''), CONSTRAINT book_pk PRIMARY KEY (id));
CREATE INDEX book_title ON book (lower(title)) WHERE title IS NOT NULL;
COMMENT ON INDEX book_title IS 'to find';
CREATE UNIQUE INDEX book_author ON book (author_id, id);
ALTER TABLE book REPLICA IDENTITY USING INDEX book_author;
ALTER TABLE book CLUSTER ON book_author;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON book FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW titles AS SELECT title FROM book;
COMMENT ON VIEW titles IS 'only these';
CREATE POLICY mine ON book USING (author_id = 1);
ALTER TABLE book ENABLE ROW LEVEL SECURITY;
CREATE PUBLICATION shop FOR TABLE book;
CREATE FUNCTION alike(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) = lower($2)';
CREATE OPERATOR === (FUNCTION = alike, LEFTARG = text, RIGHTARG = text);
CREATE VIEW alike_titles AS SELECT title FROM book WHERE title === 'x';",
        &[
            "DROP VIEW alike_titles; DROP OPERATOR === (text, text)",
            "DROP PUBLICATION shop",
            "ALTER PUBLICATION shop ADD TABLE author",
            "DROP VIEW titles, alike_titles; ALTER TABLE book ALTER title TYPE varchar(9)",
            "COMMENT ON VIEW titles IS 'others'; COMMENT ON INDEX book_title IS NULL; COMMENT ON CONSTRAINT positive ON DOMAIN age IS NULL",
            "ALTER TABLE book REPLICA IDENTITY FULL, SET WITHOUT CLUSTER; DROP INDEX book_author",
            "ALTER TABLE book DISABLE ROW LEVEL SECURITY; DROP POLICY mine ON book",
            "ALTER TABLE book DROP CONSTRAINT named, DROP CONSTRAINT by, ALTER title SET NOT NULL",
            "ALTER TABLE author ALTER name DROP DEFAULT, ALTER name DROP NOT NULL",
            "ALTER DOMAIN age DROP CONSTRAINT positive; ALTER DOMAIN age SET DEFAULT 7",
            "DROP TRIGGER touched ON book; CREATE TRIGGER other BEFORE DELETE ON book FOR EACH ROW EXECUTE FUNCTION touch()",
            "ALTER TYPE mood ADD VALUE 'sad'; CREATE TABLE more (a int); CREATE INDEX extra ON book (title)",
            "ALTER TABLE book RENAME CONSTRAINT named TO nameless; ALTER INDEX book_title RENAME TO book_words",
            "DROP TABLE book, author CASCADE",
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_repaired_is_dumped_as_before_on_sqlite() {
    repaired(
        Dialect::Sqlite,
        "CREATE TABLE author (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x');
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INT NOT NULL REFERENCES author (id) ON DELETE CASCADE, title TEXT COLLATE NOCASE, up TEXT GENERATED ALWAYS AS (upper(title)) VIRTUAL, CONSTRAINT named CHECK (title <> ''));
CREATE INDEX book_title ON book (lower(title)) WHERE title IS NOT NULL;
CREATE TABLE word (w TEXT PRIMARY KEY, n INT) WITHOUT ROWID;
CREATE VIEW titles AS SELECT title FROM book;
CREATE TRIGGER touched AFTER UPDATE ON book BEGIN UPDATE word SET n = n + 1; END;",
        &[
            "DROP VIEW titles",
            "DROP TRIGGER touched; CREATE TRIGGER other AFTER DELETE ON book BEGIN DELETE FROM word; END",
            "DROP INDEX book_title; CREATE INDEX extra ON book (title)",
            "DROP TRIGGER touched; DROP TABLE word; CREATE TABLE word (w TEXT PRIMARY KEY, n TEXT); CREATE TRIGGER touched AFTER UPDATE ON book BEGIN UPDATE word SET n = n + 1; END",
            "ALTER TABLE author ADD COLUMN more INT",
            "DROP VIEW titles; DROP TABLE book; CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INT, title TEXT, up TEXT)",
            "DROP VIEW titles; DROP TABLE book; DROP TABLE author; DROP TABLE word",
        ],
    )
    .await;
}
