use super::*;
use Dialect::{MySql, Postgres, Sqlite};
use migrate_core::Dialects;

const fn target(dialect: Dialect) -> ReplayTarget<'static> {
    ReplayTarget {
        dialect,
        own: "shop",
        scratch: "s1",
        cross_database: CrossDatabase::Refuse,
    }
}

/// Replays some statements: returns the texts that are run, and those that are skipped, or the
/// other databases that are named.
fn replay(dialect: Dialect, statements: &[&str]) -> Result<Replay<String>, Vec<String>> {
    let lines: Vec<_> = statements
        .iter()
        .enumerate()
        .map(|(line, sql)| (line + 1, *sql))
        .collect();
    Replay::statements("a.sql", &lines, &target(dialect))
        .map_err(|others| others.into_iter().map(|other| other.database).collect())
}

fn runs(dialect: Dialect, statement: &str) -> String {
    let replay = replay(dialect, &[statement]).unwrap();
    assert_eq!(replay.skipped, [], "{statement}");
    replay.runs.into_iter().next().unwrap()
}

/// Returns the numbers of the skipped statements, counted from 1.
fn left_out(dialect: Dialect, statements: &[&str]) -> Vec<usize> {
    let replay = replay(dialect, statements).unwrap();
    replay.skipped.iter().map(|left| left.line).collect()
}

#[test]
fn the_own_database_becomes_the_scratch_one() {
    for (statement, expected) in [
        (
            "DROP TABLE IF EXISTS `shop`.orders",
            "DROP TABLE IF EXISTS `s1`.orders",
        ),
        ("USE shop", "USE `s1`"),
        (
            "SELECT shop.x FROM shop.shop",
            "SELECT shop.x FROM `s1`.shop",
        ),
        (
            "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */",
            "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `s1` /*!40100 DEFAULT CHARACTER SET utf8mb4 */",
        ),
        ("CREATE DATABASE shop", "CREATE DATABASE IF NOT EXISTS `s1`"),
        (
            "ALTER DATABASE shop CHARACTER SET utf8mb4",
            "ALTER DATABASE `s1` CHARACTER SET utf8mb4",
        ),
        (
            "CREATE TRIGGER shop.t BEFORE INSERT ON shop.a FOR EACH ROW INSERT INTO SHOP.b VALUES (NEW.x)",
            "CREATE TRIGGER `s1`.t BEFORE INSERT ON `s1`.a FOR EACH ROW INSERT INTO `s1`.b VALUES (NEW.x)",
        ),
        (
            "SET @s = 'DROP TABLE shop.a'",
            "SET @s = 'DROP TABLE `s1`.a'",
        ),
        (
            "CREATE DEFINER=`a`@`%` VIEW v AS SELECT 1",
            "CREATE  VIEW v AS SELECT 1",
        ),
        (
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE ON SLAVE DO DELETE FROM t",
        ),
    ] {
        assert_eq!(runs(MySql, statement), expected);
    }
    for (statement, expected) in [
        (
            "ALTER DATABASE shop SET search_path = a",
            "ALTER DATABASE \"s1\" SET search_path = a",
        ),
        (
            "COMMENT ON DATABASE \"shop\" IS 'x'",
            "COMMENT ON DATABASE \"s1\" IS 'x'",
        ),
        (
            "CREATE TABLE shop.orders (id int)",
            "CREATE TABLE shop.orders (id int)",
        ),
        (
            "INSERT INTO shop.public.t VALUES (1)",
            "INSERT INTO \"s1\".public.t VALUES (1)",
        ),
    ] {
        assert_eq!(runs(Postgres, statement), expected);
    }
    assert_eq!(
        runs(Sqlite, "ATTACH 'a'\n|| 'b' AS c"),
        "ATTACH ':memory:'\n AS c"
    );
}

#[test]
fn other_databases_are_refused() {
    for statement in [
        "USE other",
        "DELETE FROM other.t",
        "CREATE TABLE t LIKE other.t",
        "CALL other.p()",
    ] {
        assert_eq!(
            replay(MySql, &[statement]).unwrap_err(),
            ["other"],
            "{statement}"
        );
    }
    let kept = ReplayTarget {
        cross_database: CrossDatabase::Keep,
        ..target(MySql)
    };
    let replay = Replay::statements("a.sql", &[(1, "DELETE FROM other.t")], &kept).unwrap();
    assert_eq!(replay.runs, ["DELETE FROM other.t"]);
    // A schema of PostgreSQL is not a database, and a database can only be referenced by its own
    // name.
    assert_eq!(runs(Postgres, "DELETE FROM other.t"), "DELETE FROM other.t");
}

#[test]
fn nothing_hides_behind_another_meaning_of_quotes() {
    let hidden = "INSERT INTO t VALUES ('\\', (SELECT a FROM other.t), '')";
    let set = "SET sql_mode = 'NO_BACKSLASH_ESCAPES'";
    assert_eq!(replay(MySql, &[set, hidden]).unwrap_err(), ["other"]);
    let named = r#"DELETE FROM "other"."t""#;
    let set = "SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')";
    assert_eq!(replay(MySql, &[set, named]).unwrap_err(), ["other"]);
}

#[test]
fn what_is_about_the_server_is_left_out() {
    assert_eq!(
        left_out(
            MySql,
            &[
                "CREATE TABLE t (a INT)",
                "GRANT ALL ON shop.* TO a",
                "SET GLOBAL a = 1",
                "CREATE DATABASE other",
                "INSERT INTO t VALUES (1)"
            ]
        ),
        [2, 3, 4]
    );
    assert_eq!(
        left_out(
            Postgres,
            &[
                "ALTER ROLE a PASSWORD 'x'",
                "CREATE TABLE t (a int)",
                "GRANT SELECT ON t TO a",
                "GRANT CONNECT ON DATABASE other TO a"
            ]
        ),
        [1, 4]
    );
    assert_eq!(
        left_out(
            Sqlite,
            &[
                "VACUUM INTO 'a'",
                "ATTACH 'a.db' AS a",
                "CREATE TABLE a.t (x)",
                "INSERT INTO a.t VALUES (1)",
                "DETACH a"
            ]
        ),
        [1, 4]
    );
    let found = replay(Sqlite, &["ATTACH 'a.db' AS a", "DROP TABLE a.t"]).unwrap();
    assert_eq!(found.runs[1], "DROP TABLE IF EXISTS a.t");
}

#[test]
fn what_would_run_it_is_left_out_too() {
    let statements = [
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE a PASSWORD 'x'; END $$",
        "CREATE FUNCTION g() RETURNS void LANGUAGE sql AS $$ SELECT f() $$",
        "CREATE FUNCTION h() RETURNS void LANGUAGE sql AS $$ SELECT 1 $$",
        "SELECT g()",
        "SELECT h()",
        "DO $$ BEGIN PERFORM f(); END $$",
        "CREATE TRIGGER t AFTER INSERT ON public.orders EXECUTE FUNCTION g()",
        "INSERT INTO orders VALUES (1)",
        "ALTER TABLE orders ADD a int",
        "INSERT INTO others VALUES (1)",
    ];
    assert_eq!(left_out(Postgres, &statements), [4, 6, 8]);
    let statements = [
        "CREATE TABLE log (a INT)",
        "CREATE TRIGGER t AFTER INSERT ON log FOR EACH ROW INSERT INTO other.log VALUES (1)",
        "INSERT INTO log VALUES (1)",
        "CREATE TABLE f (a INT) ENGINE=FEDERATED",
        "ALTER TABLE f ADD b INT",
    ];
    assert_eq!(left_out(MySql, &statements), [3, 4, 5]);
}

#[test]
fn a_table_of_another_server_gets_no_rows() {
    let statements = [
        "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h')",
        "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u')",
        "CREATE TABLE orders (region text) PARTITION BY LIST (region)",
        "CREATE FOREIGN TABLE eu PARTITION OF orders FOR VALUES IN ('eu') SERVER s",
        "INSERT INTO orders VALUES ('eu')",
        "SELECT count(*) FROM eu",
        "CREATE VIEW v AS SELECT * FROM eu",
        "ALTER FOREIGN TABLE eu ADD a int",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM v",
    ];
    let found = replay(Postgres, &statements).unwrap();
    let lines: Vec<_> = found.skipped.iter().map(|left| left.line).collect();
    assert_eq!(lines, [2, 5, 6]);
    assert!(
        found.runs[8].ends_with("FROM v\nWITH NO DATA"),
        "{}",
        found.runs[8]
    );
}

#[test]
fn needed_roles_are_listed() {
    let statements = [
        "GRANT SELECT ON t TO a",
        "SET ROLE b",
        "CREATE ROLE c",
        "GRANT c TO d",
    ];
    let found = replay(Postgres, &statements).unwrap();
    let roles: Vec<_> = found
        .roles
        .iter()
        .map(|role| (&*role.name, role.acts))
        .collect();
    assert_eq!(roles, [("a", false), ("b", true)]);
}

#[test]
fn revisions_keep_their_hashes_and_lines() {
    let text = "-- revision: a\n-- migrate: up mysql\nUSE shop;\nGRANT ALL\n ON *.* TO a;\nDROP TABLE shop.t;\n-- migrate: down\nSELECT 1 FROM shop.t;\n";
    let before = Revision::parse("a.sql", text, Dialects::NONE).unwrap();
    let replay = Replay::revisions(std::slice::from_ref(&before), &target(MySql)).unwrap();
    let after = &replay.runs[0];
    assert_eq!(
        after.text,
        text.replace("shop", "`s1`")
            .replace("GRANT ALL\n ON *.* TO a", "SELECT 1\n")
    );
    assert_eq!(
        (after.hash, after.chain_hash, &after.id),
        (before.hash, before.chain_hash, &before.id)
    );
    let sql: Vec<_> = statements(after, MySql)
        .map(|(_, statement)| after.sql(*statement))
        .collect();
    assert_eq!(
        sql,
        [
            "USE `s1`",
            "SELECT 1\n",
            "DROP TABLE `s1`.t",
            "SELECT 1 FROM `s1`.t"
        ]
    );
    assert_eq!(
        replay.skipped,
        [SkippedStatement {
            file: "a.sql".to_owned(),
            line: 4,
            what: "GRANT".to_owned()
        }]
    );
    // Another dialect has other sections.
    let replay = Replay::revisions(std::slice::from_ref(&before), &target(Postgres)).unwrap();
    assert_eq!(replay.runs, [before]);
}
