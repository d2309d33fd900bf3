//! The structs that `cargo migrate models` prints, compiled with sqlx and read from real databases.

use std::path::Path;

use migrate_core::{Dialect, LedgerNames};
use migrate_models::Models;
use migrate_schema::Schema;
use migrate_sqlx::SchemaReader;
use migrate_tests::TestDatabase;

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the structs are read, and not used any further"
)]
mod printed {
    pub(super) mod postgres {
        use sqlx::types as rust_decimal;
        use sqlx::types::{chrono, uuid};

        include!("printed_models/postgres.rs");
    }

    pub(super) mod mysql {
        use sqlx::types as rust_decimal;
        use sqlx::types::chrono;

        include!("printed_models/mysql.rs");
    }

    pub(super) mod sqlite {
        use sqlx::types::chrono;

        include!("printed_models/sqlite.rs");
    }
}

use printed::{mysql, postgres, sqlite};

/// Connects to a database.
macro_rules! pool {
    ($pool:ty, $url:expr) => {
        <$pool>::connect($url).await.expect("it is there")
    };
}

/// Creates the tables, and compares what is printed for them with the file that is compiled above;
/// with BLESS in the environment the file is written.
async fn database(dialect: Dialect, name: &str) -> TestDatabase {
    let database = TestDatabase::create(dialect, name).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/printed_models");
    let read = |ending: &str| folder.join(format!("{dialect}.{ending}"));
    let tables = std::fs::read_to_string(read("sql")).expect("the tables");
    database.execute(&tables).await;
    let printed = Models::default().print_missing(&schema(&database).await);
    let printed: Vec<String> = printed.into_iter().map(|(_, text)| text).collect();
    let printed = printed.join("\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(read("rs"), &printed).expect("the file can be written");
    }
    let compiled = std::fs::read_to_string(read("rs")).expect("the structs");
    assert_eq!(printed, compiled);
    database
}

async fn schema(database: &TestDatabase) -> Schema {
    let reader = SchemaReader::new(LedgerNames::DEFAULT);
    let url = database.url();
    let schema = match database.dialect() {
        Dialect::Sqlite => reader.read(&pool!(sqlx::SqlitePool, url)).await,
        Dialect::Postgres => reader.read(&pool!(sqlx::PgPool, url)).await,
        Dialect::MySql => reader.read(&pool!(sqlx::MySqlPool, url)).await,
    };
    schema.expect("it can be read")
}

/// Reads all rows of a table into its struct.
macro_rules! all {
    ($of:ty, $table:expr, $pool:expr) => {
        sqlx::query_as::<_, $of>(concat!("SELECT * FROM ", $table))
            .fetch_all($pool)
            .await
            .expect(stringify!($of))
    };
}

#[tokio::test]
async fn structs_are_read_from_postgres() {
    let database = database(Dialect::Postgres, "printed models postgres").await;
    database
        .execute(
            r#"INSERT INTO kinds (flag, whole, words) VALUES (false, 1, '');
            INSERT INTO kinds (flag, tiny, small, whole, one, two, exact, words, few, three, folded, raw, key, at, zoned, day, hour, zoned_hour, pause, price, old, body, address, mail, cost, state, states, level, numbers, spot, area, span, period, pairs, path)
            VALUES (true, 'a', 1, 2, 0.5, 0.1, 12.5, 'w', 'f', 'abc', 'X', '\x00ff', '00000000-0000-0000-0000-000000000001', now(), now(), now(), now()::time, '12:00+02', '1 day', 5, '{}', '[]', '10.0.0.1', 'a@b', 7.25, 'very glad', '{sad,3rd}', 'high', '{1,2}', '(1,2)', '((0,0),(1,1))', '[1,5)', '[2024-01-01,)', 'a=>1', 'a.b');
            INSERT INTO app.members VALUES (1, 1, now(), NULL, NULL), (1, 2, now(), 'x', 5);
            INSERT INTO app.notes VALUES ('a', 1, 1), ('b', NULL, NULL);
            INSERT INTO match VALUES (1), (NULL);"#,
        )
        .await;
    let pool = &pool!(sqlx::PgPool, database.url());
    // What sqlx has no type for is read as text.
    let kinds = sqlx::query_as::<_, postgres::Kinds>(
        "SELECT *, search::text AS search FROM kinds ORDER BY id",
    );
    let kinds = kinds.fetch_all(pool).await.expect("kinds");
    assert_eq!(kinds.len(), 2);
    assert_eq!(
        kinds[1].states.as_deref(),
        Some(&[postgres::Mood::Sad, postgres::Mood::V3rd][..])
    );
    assert_eq!(all!(postgres::Members, "app.members", pool).len(), 2);
    assert_eq!(all!(postgres::Notes, "app.notes", pool).len(), 2);
    assert_eq!(all!(postgres::Match, "match", pool).len(), 2);
}

#[tokio::test]
async fn structs_are_read_from_mysql() {
    let database = database(Dialect::MySql, "printed models mysql").await;
    database
        .execute(
            r#"INSERT INTO kinds (flag, whole, words) VALUES (0, 1, '');
            INSERT INTO kinds VALUES (NULL, 1, -1, 1, -2, 2, 3, 4, 5, 6, 0.5, 0.1, 12.5, b'100000001', b'1', 2024, 'w', 'f', 'abc', 'done', 'a,b', X'00FF', X'', now(6), now(), now(), '12:00:00', '{}', POINT(1, 2));
            INSERT INTO members VALUES (1, 1, now(), NULL, NULL), (1, 2, now(), 'x', 5);
            INSERT INTO `match` VALUES (1), (NULL);"#,
        )
        .await;
    let pool = &pool!(sqlx::MySqlPool, database.url());
    // What sqlx has no type for is read as text.
    let kinds = sqlx::query_as::<_, mysql::Kinds>(
        "SELECT k.*, ST_AsText(spot) AS spot FROM kinds k ORDER BY id",
    );
    let kinds = kinds.fetch_all(pool).await.expect("kinds");
    assert_eq!(kinds[1].bits, Some(257));
    assert_eq!(kinds[1].bit_one, Some(true));
    assert_eq!(all!(mysql::Members, "members", pool).len(), 2);
    assert_eq!(all!(mysql::Match, "`match`", pool).len(), 2);
}

#[tokio::test]
async fn structs_are_read_from_sqlite() {
    let database = database(Dialect::Sqlite, "printed models sqlite").await;
    database
        .execute(
            r#"INSERT INTO kinds (flag, whole, words) VALUES (false, 1, '');
            INSERT INTO kinds VALUES (NULL, true, 2, 0.1, 12.5, 'w', 'f', X'00FF', datetime('now'), CURRENT_TIMESTAMP, date('now'), time('now'), '{"a": 1}', 'done');
            INSERT INTO boards VALUES (X'00000000000000000000000000000001', NULL, 'a');
            INSERT INTO strict_kinds VALUES ('a', NULL, NULL, NULL), ('b', 1, 0.5, X'00');
            INSERT INTO members VALUES (1, 1, datetime('now'), NULL, NULL), (1, 2, datetime('now'), 'x', 5);
            INSERT INTO "match" VALUES (1), (NULL);"#,
        )
        .await;
    let pool = &pool!(sqlx::SqlitePool, database.url());
    assert_eq!(all!(sqlite::Kinds, "kinds", pool).len(), 2);
    assert_eq!(all!(sqlite::Boards, "boards", pool).len(), 1);
    assert_eq!(all!(sqlite::StrictKinds, "strict_kinds", pool).len(), 2);
    assert_eq!(all!(sqlite::Members, "members", pool).len(), 2);
    assert_eq!(all!(sqlite::Match, "\"match\"", pool).len(), 2);
}
