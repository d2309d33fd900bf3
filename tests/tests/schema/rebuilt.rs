//! Tables of SQLite that are built again, with what names them and what they name.

use migrate_core::Dialect;
use migrate_schema::{Renames, Schema, statements};

use super::same;
use super::server::Server;

async fn schema_of(server: &mut Server, sql: &str) -> Schema {
    server.empty().await;
    server
        .execute(sql.to_owned())
        .await
        .expect("it can be made");
    server.read().await
}

/// Leads a database with rows there, and back and there again.
async fn lead(server: &mut Server, before: &str, after: &str, rows: &str) {
    let to = schema_of(server, after).await;
    let from = schema_of(server, before).await;
    server
        .execute(rows.to_owned())
        .await
        .expect("rows can be added");
    for (from, to) in [(&from, &to), (&to, &from), (&from, &to)] {
        let ddl = statements(from, to, &Renames::none());
        assert!(
            ddl.iter().any(|ddl| ddl.sql.contains("__new")),
            "a table is built again"
        );
        server.run(&ddl).await.expect("it can be led there");
        same(to, &server.read().await, "it leads elsewhere").expect("it is there");
        assert!(server.dangling().await.is_empty());
        let left = "SELECT name FROM sqlite_schema WHERE sql LIKE '%\\_\\_new%' ESCAPE '\\'";
        assert_eq!(server.rows(left).await, [[""; 0]; 0]);
    }
}

#[tokio::test]
async fn a_table_that_names_itself_is_built_again_with_all_that_hangs_on_it() {
    let mut server = Server::start(Dialect::Sqlite, "a table names itself").await;
    let before = "CREATE TABLE t (
            id INTEGER PRIMARY KEY AUTOINCREMENT, a INT CHECK (t.a > 0), twice AS (a * 2) STORED,
            parent INT REFERENCES t (id) ON DELETE CASCADE, gone TEXT,
            CONSTRAINT named CHECK (\"t\".a < 100 AND main.t.id > 0));
        CREATE INDEX some ON t (a) WHERE t.a > 1;
        CREATE UNIQUE INDEX lowered ON t (abs(a), id);
        CREATE TABLE child (t_id INT REFERENCES t (id) ON DELETE SET NULL);
        CREATE TABLE log (id INT);
        CREATE TRIGGER added AFTER INSERT ON t WHEN NEW.a > (SELECT min(t.a) FROM t) BEGIN INSERT INTO log VALUES (NEW.id); END;
        CREATE TRIGGER of_child AFTER DELETE ON child BEGIN DELETE FROM t WHERE t.id = OLD.t_id; END;
        CREATE VIEW v AS SELECT t.id, t.a FROM t;
        CREATE VIEW over AS SELECT v.a FROM v;
        CREATE TRIGGER into_v INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (NEW.a); END;
        CREATE VIEW logged AS SELECT id FROM log;
        CREATE TRIGGER into_logged INSTEAD OF INSERT ON logged BEGIN INSERT INTO t (a) VALUES (NEW.id); END;";
    let after = before
        .replace(
            "a INT CHECK (t.a > 0)",
            "a BIGINT NOT NULL CHECK (t.a >= 0)",
        )
        .replace("gone TEXT,", "");
    let rows = "INSERT INTO t (id, a, parent) VALUES (1, 5, NULL), (3, 7, 1), (9, 9, 1);
        DELETE FROM t WHERE id = 9; INSERT INTO child VALUES (3), (NULL); DELETE FROM log";
    lead(&mut server, before, &after, rows).await;
    server
        .execute("INSERT INTO v (a) VALUES (20); INSERT INTO logged (id) VALUES (30)".to_owned())
        .await
        .expect("the triggers work");
    let ids = "SELECT CAST(id AS TEXT), CAST(twice AS TEXT) FROM t ORDER BY id";
    // 9 was given once, so it is not given again.
    assert_eq!(
        server.rows(ids).await,
        [["1", "10"], ["3", "14"], ["10", "40"], ["11", "60"]]
    );
    let logged = "SELECT CAST(id AS TEXT) FROM log";
    assert_eq!(server.rows(logged).await, [["10"], ["11"]]);
    let numbers = "SELECT name || seq FROM sqlite_sequence";
    assert_eq!(server.rows(numbers).await, [["t11"]]);
    for refused in [
        "INSERT INTO t (a) VALUES (-1)",
        "INSERT INTO t (a) VALUES (100)",
    ] {
        assert!(server.execute(refused.to_owned()).await.is_err());
    }
    server
        .execute("DELETE FROM child WHERE t_id = 3; DELETE FROM t WHERE id = 1".to_owned())
        .await
        .expect("what points there follows");
    assert_eq!(server.rows(ids).await, [["10", "40"], ["11", "60"]]);
}

#[tokio::test]
async fn strict_tables_and_those_without_rowid_stay_what_they_are() {
    for options in ["STRICT", "WITHOUT ROWID", "STRICT, WITHOUT ROWID"] {
        let mut server = Server::start(Dialect::Sqlite, &format!("built again {options}")).await;
        let before = format!(
            "CREATE TABLE \"odd t\" (k TEXT NOT NULL PRIMARY KEY, a INT, CHECK (\"odd t\".a > 0)) {options};
            CREATE INDEX i ON \"odd t\" (a) WHERE \"odd t\".a <> 3;
            CREATE TABLE child (k TEXT REFERENCES \"odd t\" (k))"
        );
        let after = before.replace("a INT,", "a INT UNIQUE DEFAULT 4,");
        let rows =
            "INSERT INTO \"odd t\" VALUES ('x', 1), ('y', 2); INSERT INTO child VALUES ('x')";
        lead(&mut server, &before, &after, rows).await;
        let found = server
            .rows("SELECT k, CAST(a AS TEXT) FROM \"odd t\" ORDER BY k")
            .await;
        assert_eq!(found, [["x", "1"], ["y", "2"]], "{options}");
    }
}

#[tokio::test]
async fn a_number_that_was_given_is_kept_for_tables_that_are_empty_now() {
    let mut server = Server::start(Dialect::Sqlite, "numbers of empty tables").await;
    let before = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT);
        CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT)";
    let after = before.replace("a INT)", "a INT UNIQUE)");
    let rows = "INSERT INTO t (id) VALUES (41); DELETE FROM t";
    lead(&mut server, before, &after, rows).await;
    server
        .execute("INSERT INTO t (a) VALUES (1); INSERT INTO u (a) VALUES (1)".to_owned())
        .await
        .expect("rows can be added");
    let ids = "SELECT CAST(id AS TEXT) FROM t UNION ALL SELECT CAST(id AS TEXT) FROM u";
    assert_eq!(server.rows(ids).await, [["42"], ["1"]]);
}
