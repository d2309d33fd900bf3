//! Schemas that others wrote: files as dumps write them, on each database.

use migrate_core::Dialect;
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
