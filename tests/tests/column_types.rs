//! The column types that models are given, on real databases: sqlx writes each field's value there
//! and reads it back, and what the compiler says of other columns is what sqlx says.

use std::collections::BTreeMap;

use migrate_core::{Code, Dialect};
use migrate_models::{Derived, Root, read};
use migrate_schema::{Column, Table};
use migrate_tests::TestDatabase;
use sqlx::types::{BigDecimal, Decimal, Json, Text, Uuid, chrono, time};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, TypeInfo as _, ValueRef as _};

/// The type of the column for a field of this type.
fn sql_type(of: &str, dialect: Dialect) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("lib.rs");
    let text = format!("#[derive(Table)] struct T {{ a: {of} }}");
    std::fs::write(&file, text).expect("the file can be written");
    let root = Root {
        name: "app".to_owned(),
        file,
    };
    let models = read(folder.path(), &[root])
        .into_models()
        .expect("a sound model");
    let schema = models
        .schema(dialect)
        .unwrap_or_else(|found| panic!("{found:#?}"));
    let (_, table) = schema.tables.first_key_value().expect("a table");
    table.columns[0].sql_type.clone()
}

/// Whether the compiler takes a field of this type over a column of that.
fn fits(of: &str, sql_type: &str, dialect: Dialect) -> bool {
    let tokens = format!("struct T {{ a: {of} }}").parse().expect("tokens");
    let model = Derived::read(tokens)
        .expect("a struct")
        .model
        .expect("a model");
    let table = Table {
        columns: vec![Column {
            name: "a".to_owned(),
            sql_type: sql_type.to_owned(),
            nullable: of.starts_with("Option"),
            ..Column::default()
        }],
        ..Table::default()
    };
    let problems = model.check(&BTreeMap::from([(dialect, Some(table))]));
    assert!(
        problems
            .iter()
            .all(|problem| problem.code == Code::TypeMismatch),
        "{problems:?}"
    );
    problems.is_empty()
}

/// Writes a value of each type into a column of the type that a model gives it, and reads it back.
macro_rules! round_trip {
    ($connection:ty, $dialect:expr, $database:expr, $place:literal, $($of:ty = $value:expr;)*) => {{
        let database = $database;
        $(
            // A statement that a connection remembers is of the table that was before.
            let mut connection = <$connection>::connect(database.url()).await.expect("it answers");
            let of = stringify!($of).replace(' ', "");
            let column = sql_type(&of, $dialect);
            let value: $of = $value;
            for sql in ["DROP TABLE IF EXISTS t".to_owned(), format!("CREATE TABLE t (a {column})")] {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await
                    .unwrap_or_else(|error| panic!("{of} as {column}: {error}"));
            }
            sqlx::query(concat!("INSERT INTO t VALUES (", $place, ")"))
                .bind(value.clone()).execute(&mut connection).await
                .unwrap_or_else(|error| panic!("{of} into {column}: {error}"));
            let row = sqlx::query("SELECT a FROM t").fetch_one(&mut connection).await.expect("a row");
            let read: $of = row.try_get(0).unwrap_or_else(|error| panic!("{of} from {column}: {error}"));
            assert!(read == value, "{of} as {column}: {read:?} is not {value:?}");
            assert!(fits(&of, &column, $dialect), "{of} over its own {column}");
        )*
    }};
}

fn moment() -> chrono::NaiveDateTime {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day");
    day.and_hms_micro_opt(14, 32, 5, 123_456).expect("a time")
}

#[tokio::test]
async fn sqlx_reads_what_it_wrote_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "column_types_postgres").await;
    round_trip!(sqlx::PgConnection, Dialect::Postgres, database, "$1",
        bool = true;
        i8 = 7;
        i16 = -300;
        i32 = -70_000;
        i64 = i64::MIN;
        f32 = 1.5;
        f64 = -2.25;
        String = "a \u{e9}".to_owned();
        Vec<u8> = vec![0, 255];
        Option<String> = None;
        Vec<String> = vec!["a".to_owned(), String::new()];
        Vec<i64> = vec![1, 2];
        Uuid = Uuid::from_u128(7);
        chrono::NaiveDateTime = moment();
        chrono::DateTime<chrono::Utc> = moment().and_utc();
        chrono::NaiveDate = moment().date();
        chrono::NaiveTime = moment().time();
        time::PrimitiveDateTime = time::PrimitiveDateTime::MIN.replace_year(2026).expect("a year");
        time::OffsetDateTime = time::OffsetDateTime::UNIX_EPOCH;
        time::Date = time::Date::from_ordinal_date(2026, 9).expect("a day");
        time::Time = time::Time::MIDNIGHT;
        Decimal = Decimal::new(12345, 2);
        BigDecimal = "12345678901234567890.5".parse().expect("a number");
        Json<Vec<i32>> = Json(vec![1]);
        Text<std::net::Ipv4Addr> = Text(std::net::Ipv4Addr::LOCALHOST);
        std::net::IpAddr = std::net::Ipv4Addr::LOCALHOST.into();
        sqlx::postgres::types::PgInterval = sqlx::postgres::types::PgInterval { months: 1, days: 2, microseconds: 3 };
        sqlx::postgres::types::PgRange<i32> = sqlx::postgres::types::PgRange::from(1..5);
    );
}

#[tokio::test]
async fn sqlx_reads_what_it_wrote_on_mysql() {
    let database = TestDatabase::create(Dialect::MySql, "column_types_mysql").await;
    round_trip!(sqlx::MySqlConnection, Dialect::MySql, database, "?",
        bool = true;
        i8 = -7;
        i16 = -300;
        i32 = -70_000;
        i64 = i64::MIN;
        u8 = u8::MAX;
        u16 = u16::MAX;
        u32 = u32::MAX;
        u64 = u64::MAX;
        f32 = 1.5;
        f64 = -2.25;
        String = "a \u{e9}".to_owned();
        Vec<u8> = vec![0; 70_000];
        Option<String> = None;
        Uuid = Uuid::from_u128(7);
        sqlx::types::uuid::fmt::Hyphenated = Uuid::from_u128(7).hyphenated();
        sqlx::types::uuid::fmt::Simple = Uuid::from_u128(7).simple();
        chrono::NaiveDateTime = moment();
        chrono::DateTime<chrono::Utc> = moment().and_utc();
        chrono::NaiveDate = moment().date();
        chrono::NaiveTime = moment().time();
        // MySQL's begin a second after the epoch.
        time::OffsetDateTime = time::OffsetDateTime::from_unix_timestamp_nanos(86_400_000_007_000).expect("a time");
        time::Date = time::Date::from_ordinal_date(2026, 9).expect("a day");
        time::Time = time::Time::MIDNIGHT;
        Decimal = Decimal::new(1_234_567_890_123, 10);
        BigDecimal = "12345678901234567890.1234567890".parse().expect("a number");
        Json<Vec<i32>> = Json(vec![1]);
        std::net::IpAddr = std::net::Ipv6Addr::LOCALHOST.into();
        Text<std::net::Ipv4Addr> = Text(std::net::Ipv4Addr::LOCALHOST);
    );
}

#[tokio::test]
async fn sqlx_reads_what_it_wrote_on_sqlite() {
    let database = TestDatabase::create(Dialect::Sqlite, "column_types_sqlite").await;
    round_trip!(sqlx::SqliteConnection, Dialect::Sqlite, database, "?",
        bool = true;
        i8 = -7;
        i16 = -300;
        i32 = -70_000;
        i64 = i64::MIN;
        u8 = u8::MAX;
        u16 = u16::MAX;
        u32 = u32::MAX;
        f32 = 1.5;
        f64 = 2.0;
        String = "12".to_owned();
        Vec<u8> = vec![0, 255];
        Option<String> = None;
        Uuid = Uuid::from_u128(7);
        sqlx::types::uuid::fmt::Hyphenated = Uuid::from_u128(7).hyphenated();
        chrono::NaiveDateTime = moment();
        chrono::DateTime<chrono::Utc> = moment().and_utc();
        chrono::NaiveDate = moment().date();
        chrono::NaiveTime = moment().time();
        time::OffsetDateTime = time::OffsetDateTime::UNIX_EPOCH;
        time::Date = time::Date::from_ordinal_date(2026, 9).expect("a day");
        Json<Vec<i32>> = Json(vec![1]);
        Text<Decimal> = Text(Decimal::new(12345, 2));
    );
}

/// Compares what the compiler says of each pair of a type and a column with what sqlx says.
macro_rules! matrix {
    ($database:ty, $connection:ty, $dialect:expr, $test:expr, $except:expr, [$($column:literal),*], [$($of:ty),*]) => {
        matrix!($database, $connection, $dialect, $test, $except, &[$($column),*], [$($of),*])
    };
    ($database:ty, $connection:ty, $dialect:expr, $test:expr, $except:expr, $columns:expr, [$($of:ty),*]) => {{
        let database = $test;
        let columns: &[&str] = $columns;
        let mut wrong = Vec::new();
        for &column in columns {
            let mut connection = <$connection>::connect(database.url()).await.expect("it answers");
            for sql in ["DROP TABLE IF EXISTS t".to_owned(), format!("CREATE TABLE t (a {column})")] {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await
                    .unwrap_or_else(|error| panic!("{column}: {error}"));
            }
            sqlx::query("INSERT INTO t VALUES (NULL)").execute(&mut connection).await.expect("a row");
            let row = sqlx::query("SELECT a FROM t").fetch_one(&mut connection).await.expect("a row");
            let value = row.try_get_raw(0).expect("a value");
            let info = value.type_info();
            $({
                let of = stringify!($of).replace(' ', "");
                let theirs = <$of as sqlx::Type<$database>>::compatible(&info);
                let ours = fits(&of, column, $dialect);
                let except: &[(&str, &str)] = &$except;
                let excepted = except.contains(&(of.as_str(), column));
                if (theirs == ours) == excepted {
                    wrong.push(format!("{of} over {column} ({}): sqlx {theirs}, the check {ours}", info.name()));
                }
            })*
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }};
}

#[tokio::test]
async fn the_check_says_what_sqlx_says_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "column_types_check_postgres").await;
    matrix!(sqlx::Postgres, sqlx::PgConnection, Dialect::Postgres, database,
        [],
        [
            "boolean", "\"char\"", "smallint", "integer", "bigint", "real", "double precision",
            "numeric(10,2)", "text", "character varying(9)", "character(9)", "name", "bytea", "uuid",
            "timestamp without time zone", "timestamp(3) with time zone", "date",
            "time without time zone", "time with time zone", "interval", "json", "jsonb", "inet",
            "cidr", "int4range", "tstzrange", "money", "xml", "text[]", "bigint[]", "character varying(9)[]"
        ],
        [
            bool, i8, i16, i32, i64, f32, f64, String, Vec<u8>, Uuid, chrono::NaiveDateTime,
            chrono::DateTime<chrono::Utc>, chrono::NaiveDate, chrono::NaiveTime,
            time::PrimitiveDateTime, time::OffsetDateTime, time::Date, time::Time, Decimal,
            BigDecimal, Json<i32>, std::net::IpAddr, sqlx::postgres::types::PgInterval,
            sqlx::postgres::types::PgRange<i32>, sqlx::postgres::types::PgMoney, Vec<String>, Vec<i64>
        ]
    );
}

#[tokio::test]
async fn the_check_says_what_sqlx_says_on_mysql() {
    let database = TestDatabase::create(Dialect::MySql, "column_types_check_mysql").await;
    let columns: &[&str] = &[
        "tinyint(1)",
        "tinyint(4)",
        "smallint(6)",
        "int(11)",
        "bigint(20)",
        "tinyint(3) unsigned",
        "smallint(5) unsigned",
        "int(10) unsigned",
        "bigint(20) unsigned",
        "float",
        "double",
        "decimal(10,2)",
        "varchar(9)",
        "char(9)",
        "text",
        "longtext",
        "enum('a','b')",
        "binary(16)",
        "varbinary(9)",
        "blob",
        "longblob",
        "datetime(6)",
        "timestamp(6) null",
        "date",
        "time(6)",
        "bit(1)",
        "year(4)",
    ];
    // As each of the two servers tells them, and what only it has.
    let of_server: &[&str] = match database.is_mariadb().await {
        true => &["uuid", "inet6"],
        false => &[
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "tinyint unsigned",
            "smallint unsigned",
            "int unsigned",
            "bigint unsigned",
            "json",
            "year",
        ],
    };
    matrix!(sqlx::MySql, sqlx::MySqlConnection, Dialect::MySql, database,
        [
            // It takes these for bytes, and then there are not 16 of them.
            ("Uuid", "varchar(9)"), ("Uuid", "char(9)"), ("Uuid", "text"), ("Uuid", "longtext"),
            ("Uuid", "enum('a','b')"), ("Uuid", "uuid"), ("Uuid", "inet6"),
            // It takes these for texts, and then they are no JSON.
            ("Json<i32>", "enum('a','b')"), ("Json<i32>", "uuid"), ("Json<i32>", "inet6")
        ],
        &[columns, of_server].concat(),
        [
            bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, String, Vec<u8>, Uuid,
            sqlx::types::uuid::fmt::Hyphenated, chrono::NaiveDateTime, chrono::DateTime<chrono::Utc>,
            chrono::NaiveDate, chrono::NaiveTime, time::PrimitiveDateTime, time::OffsetDateTime,
            time::Date, time::Time, Decimal, BigDecimal, Json<i32>, std::net::IpAddr
        ]
    );
}
