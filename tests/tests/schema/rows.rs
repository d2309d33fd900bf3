//! What the rows become.

use migrate_core::Dialect;
use migrate_schema::{Rename, Renames, Schema, likely_renames, statements};

use super::same;
use super::server::Server;

/// Makes both schemas; the database has the first, and this in it.
async fn between(server: &mut Server, before: &str, after: &str, rows: &str) -> (Schema, Schema) {
    server.empty().await;
    server
        .execute(after.to_owned())
        .await
        .expect("it can be made");
    let to = server.read().await;
    server.empty().await;
    server
        .execute(before.to_owned())
        .await
        .expect("it can be made");
    let from = server.read().await;
    server
        .execute(rows.to_owned())
        .await
        .expect("rows can be added");
    (from, to)
}

async fn lead(server: &Server, from: &Schema, to: &Schema, renames: &Renames) {
    server
        .run(&statements(from, to, renames))
        .await
        .expect("it can be led there");
    same(to, &server.read().await, "it leads elsewhere").expect("it is there");
    assert!(server.dangling().await.is_empty());
}

const ROWS: &str =
    "INSERT INTO users (id, email, age) VALUES (1, 'a@b.c', 10), (2, NULL, NULL), (7, '', 30);
    INSERT INTO posts (id, user_id, title) VALUES (1, 7, 'x'), (2, 1, 'y'), (3, NULL, 'z')";

#[tokio::test]
async fn rows_and_what_points_to_them_stay_through_many_changes() {
    for dialect in Dialect::ALL {
        let mut server = Server::start(dialect, &format!("rows stay {dialect}")).await;
        let before = "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(20), age INTEGER, old VARCHAR(5));
            CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), title VARCHAR(20));
            CREATE VIEW titles AS SELECT posts.title, users.email FROM posts JOIN users ON users.id = posts.user_id";
        let after = "CREATE TABLE accounts (id BIGINT PRIMARY KEY, mail VARCHAR(40) NOT NULL, age INTEGER NOT NULL, size INTEGER NOT NULL,
                CONSTRAINT not_too_old CHECK (age < 200));
            CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE, title VARCHAR(20) UNIQUE);
            CREATE INDEX by_user ON posts (user_id);
            CREATE VIEW titles AS SELECT posts.title, accounts.mail FROM posts JOIN accounts ON accounts.id = posts.user_id";
        // Only there does a reference in a column's own definition count nothing.
        let (before, after) = match dialect {
            Dialect::MySql => (
                before.replace(
                    "INTEGER REFERENCES users (id)",
                    "INTEGER, FOREIGN KEY (user_id) REFERENCES users (id)",
                ),
                after.replace(
                    "BIGINT REFERENCES accounts (id)",
                    "BIGINT, FOREIGN KEY (user_id) REFERENCES accounts (id)",
                ),
            ),
            Dialect::Sqlite | Dialect::Postgres => (before.to_owned(), after.to_owned()),
        };
        let (from, to) = between(&mut server, &before, &after, ROWS).await;
        let mut renames = Renames::none();
        for text in ["users=accounts", "users.email=mail"] {
            let rename = Rename::parse(text, &from, &to, &renames).expect("both are there");
            renames.add(rename);
        }
        let text = |column: &str| match dialect {
            Dialect::MySql => format!("CAST({column} AS CHAR)"),
            Dialect::Sqlite | Dialect::Postgres => format!("CAST({column} AS TEXT)"),
        };
        lead(&server, &from, &to, &renames).await;
        let sql = format!(
            "SELECT {}, mail, {}, {} FROM accounts ORDER BY id",
            text("id"),
            text("age"),
            text("size")
        );
        assert_eq!(
            server.rows(&sql).await,
            [
                ["1", "a@b.c", "10", "0"],
                ["2", "", "0", "0"],
                ["7", "", "30", "0"]
            ],
            "{dialect}"
        );
        let sql = format!(
            "SELECT {}, {}, title FROM posts ORDER BY id",
            text("id"),
            text("user_id")
        );
        let posts = [["1", "7", "x"], ["2", "1", "y"], ["3", "", "z"]];
        assert_eq!(server.rows(&sql).await, posts, "{dialect}");

        lead(&server, &to, &from, &renames.reversed()).await;
        assert_eq!(server.rows(&sql).await, posts, "{dialect}");
        let sql = format!(
            "SELECT {}, email, {}, old FROM users ORDER BY id",
            text("id"),
            text("age")
        );
        assert_eq!(
            server.rows(&sql).await,
            [
                ["1", "a@b.c", "10", ""],
                ["2", "", "0", ""],
                ["7", "", "30", ""]
            ],
            "{dialect}"
        );
    }
}

#[tokio::test]
async fn a_table_of_sqlite_that_is_built_again_gives_no_number_twice() {
    let mut server = Server::start(Dialect::Sqlite, "numbers").await;
    let before =
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT); CREATE TABLE log (t INT);
        CREATE TRIGGER added AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.id); END";
    let after = before.replace("a INT)", "a INT CHECK (a > 0))");
    let rows =
        "INSERT INTO t (id, a) VALUES (1, 1), (9, 1); DELETE FROM t WHERE id = 9; DELETE FROM log";
    let (from, to) = between(&mut server, before, &after, rows).await;
    lead(&server, &from, &to, &Renames::none()).await;
    server
        .execute("INSERT INTO t (a) VALUES (2)".to_owned())
        .await
        .unwrap();
    assert_eq!(
        server
            .rows("SELECT CAST(id AS TEXT) FROM t ORDER BY id")
            .await,
        [["1"], ["10"]]
    );
    // What is copied fires no trigger, and what comes after does.
    assert_eq!(
        server.rows("SELECT CAST(t AS TEXT) FROM log").await,
        [["10"]]
    );
}

#[tokio::test]
async fn a_column_that_numbers_itself_from_now_on_goes_on_from_its_rows() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let mut server = Server::start(dialect, &format!("numbers on {dialect}")).await;
        let before = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT)";
        let afters: &[&str] = match dialect {
            Dialect::Postgres => &[
                "SERIAL PRIMARY KEY",
                "INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            ],
            _ => &["INTEGER PRIMARY KEY AUTO_INCREMENT"],
        };
        for after in afters {
            let after = before.replace("INTEGER PRIMARY KEY", after);
            let (from, to) = between(
                &mut server,
                before,
                &after,
                "INSERT INTO t VALUES (1, 1), (5, 1)",
            )
            .await;
            lead(&server, &from, &to, &Renames::none()).await;
            server
                .execute("INSERT INTO t (a) VALUES (2)".to_owned())
                .await
                .unwrap();
            let found = server
                .rows("SELECT CAST(id AS CHAR(1)) FROM t ORDER BY id")
                .await;
            assert_eq!(found, [["1"], ["5"], ["6"]], "{dialect}");
            lead(&server, &to, &from, &Renames::none()).await;
        }
    }
}

/// To MySQL it is a name of the database, and to MariaDB one of the table.
#[tokio::test]
async fn the_name_of_a_check_moves_to_another_table_on_mysql() {
    let mut server = Server::start(Dialect::MySql, "names of checks").await;
    let check = |name: &str| format!(", CONSTRAINT {name} CHECK (n > 0)");
    let schema = |a: &str, b: &str| {
        format!("CREATE TABLE a (n INT{a}); CREATE TABLE b (n INT{b}); CREATE TABLE z (n INT)")
    };
    let there = schema("", &check("positive"));
    let before = schema(&check("positive"), &check("large"));
    let exchanged = schema(&check("large"), &check("positive"));
    let in_a_new_table = format!(
        "{}; CREATE TABLE c (n INT{})",
        schema("", ""),
        check("large")
    );
    for after in [there, exchanged, in_a_new_table] {
        let rows = "INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)";
        let (from, to) = between(&mut server, &before, &after, rows).await;
        lead(&server, &from, &to, &Renames::none()).await;
        lead(&server, &to, &from, &Renames::none()).await;
        assert_eq!(server.count("a").await + server.count("b").await, 2);
    }
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_and_never_cut() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let mut server = Server::start(dialect, &format!("too long {dialect}")).await;
        let (before, after) = (
            "CREATE TABLE t (a VARCHAR(20))",
            "CREATE TABLE t (a VARCHAR(3))",
        );
        let (from, to) = between(&mut server, before, after, "INSERT INTO t VALUES ('long')").await;
        let refused = server.run(&statements(&from, &to, &Renames::none())).await;
        assert!(refused.is_err(), "{dialect}");
        assert_eq!(
            server.rows("SELECT a FROM t").await,
            [["long"]],
            "{dialect}"
        );
    }
}

#[tokio::test]
async fn values_of_an_enum_stay_while_the_type_is_made_again() {
    let mut server = Server::start(Dialect::Postgres, "moods").await;
    let before = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'gone');
        CREATE TABLE t (id INT, a mood DEFAULT 'sad', all_of mood[], CHECK (a <> 'gone'));
        CREATE INDEX sad_ones ON t (a) WHERE a = 'sad'; CREATE VIEW sad AS SELECT id FROM t WHERE a = 'sad'";
    let after = before
        .replace("('sad', 'ok', 'gone')", "('ok', 'new', 'sad')")
        .replace("'gone'", "'new'");
    let rows = "INSERT INTO t VALUES (1, 'sad', '{ok,sad}'), (2, 'ok', '{}'), (3, NULL, NULL)";
    let (from, to) = between(&mut server, before, &after, rows).await;
    assert!(likely_renames(&from, &to).is_empty());
    let sql = "SELECT id::text, a::text, all_of::text FROM t ORDER BY id";
    let expected = [["1", "sad", "{ok,sad}"], ["2", "ok", "{}"], ["3", "", ""]];
    lead(&server, &from, &to, &Renames::none()).await;
    assert_eq!(server.rows(sql).await, expected);
    lead(&server, &to, &from, &Renames::none()).await;
    assert_eq!(server.rows(sql).await, expected);
    // A value that rows have is not lost silently.
    let sadless = before.replace("('sad', ", "(").replace("'sad'", "'ok'");
    server
        .execute("UPDATE t SET a = 'sad'".to_owned())
        .await
        .unwrap();
    let mut other = Server::start(Dialect::Postgres, "moods without").await;
    other.empty().await;
    other.execute(sadless).await.unwrap();
    let refused = server
        .run(&statements(&from, &other.read().await, &Renames::none()))
        .await;
    assert!(refused.is_err());
}
