//! The column types of Rust types.

use migrate_core::Dialect;

use crate::package::{models, schema, table, wrong};

/// Returns the type of the column `a` of a struct with this field type, in each dialect.
fn column(of: &str, before: &str) -> [Option<String>; 3] {
    let text =
        format!("{before}\n#[derive(Table)] struct T {{ #[column(primary_key = false)] a: {of} }}");
    Dialect::ALL.map(|dialect| {
        let schema = models(&text).schema(dialect).ok()?;
        let table = schema.tables.into_values().next()?;
        let column = table.columns.into_iter().next()?;
        let null = if column.nullable { " NULL" } else { "" };
        Some(format!("{}{null}", column.sql_type))
    })
}

#[test]
fn types_have_their_columns() {
    // Rust, SQLite, PostgreSQL, MySQL; `-` if there is no column type.
    let expected = [
        ("bool", "BOOLEAN", "boolean", "tinyint(1)"),
        ("i8", "INTEGER", "\"char\"", "tinyint"),
        ("i16", "INTEGER", "smallint", "smallint"),
        ("i32", "INTEGER", "integer", "int"),
        ("i64", "INTEGER", "bigint", "bigint"),
        ("u8", "INTEGER", "-", "tinyint unsigned"),
        ("u16", "INTEGER", "-", "smallint unsigned"),
        ("u32", "INTEGER", "-", "int unsigned"),
        ("u64", "INTEGER", "-", "bigint unsigned"),
        ("f32", "REAL", "real", "float"),
        ("f64", "REAL", "double precision", "double"),
        ("String", "TEXT", "text", "varchar(255)"),
        ("std::string::String", "TEXT", "text", "varchar(255)"),
        ("&'static str", "TEXT", "text", "varchar(255)"),
        ("Box<str>", "TEXT", "text", "varchar(255)"),
        ("std::sync::Arc<str>", "TEXT", "text", "varchar(255)"),
        ("Cow<'a, str>", "TEXT", "text", "varchar(255)"),
        ("Vec<u8>", "BLOB", "bytea", "longblob"),
        ("[u8; 32]", "BLOB", "bytea", "longblob"),
        ("&'a [u8]", "BLOB", "bytea", "longblob"),
        ("bytes::Bytes", "BLOB", "bytea", "longblob"),
        (
            "Option<String>",
            "TEXT NULL",
            "text NULL",
            "varchar(255) NULL",
        ),
        (
            "std::option::Option<i32>",
            "INTEGER NULL",
            "integer NULL",
            "int NULL",
        ),
        ("Vec<String>", "-", "text[]", "-"),
        ("Vec<Vec<u8>>", "-", "bytea[]", "-"),
        ("Option<Vec<Option<i32>>>", "-", "integer[] NULL", "-"),
        ("uuid::Uuid", "BLOB", "uuid", "binary(16)"),
        ("sqlx::types::Uuid", "BLOB", "uuid", "binary(16)"),
        ("uuid::fmt::Hyphenated", "TEXT", "character(36)", "char(36)"),
        ("uuid::fmt::Simple", "TEXT", "character(32)", "char(32)"),
        (
            "chrono::NaiveDateTime",
            "DATETIME",
            "timestamp without time zone",
            "datetime(6)",
        ),
        (
            "chrono::DateTime<chrono::Utc>",
            "DATETIME",
            "timestamp with time zone",
            "timestamp(6)",
        ),
        (
            "DateTime<Local>",
            "DATETIME",
            "timestamp with time zone",
            "timestamp(6)",
        ),
        ("sqlx::types::chrono::NaiveDate", "DATE", "date", "date"),
        (
            "chrono::NaiveTime",
            "TIME",
            "time without time zone",
            "time(6)",
        ),
        (
            "time::PrimitiveDateTime",
            "DATETIME",
            "timestamp without time zone",
            "datetime(6)",
        ),
        (
            "time::OffsetDateTime",
            "DATETIME",
            "timestamp with time zone",
            "timestamp(6)",
        ),
        ("sqlx::types::time::Date", "DATE", "date", "date"),
        ("time::Time", "TIME", "time without time zone", "time(6)"),
        (
            "jiff_sqlx::Timestamp",
            "DATETIME",
            "timestamp with time zone",
            "timestamp(6)",
        ),
        (
            "jiff_sqlx::DateTime",
            "DATETIME",
            "timestamp without time zone",
            "datetime(6)",
        ),
        ("std::time::Duration", "-", "interval", "time(6)"),
        ("rust_decimal::Decimal", "TEXT", "numeric", "decimal(38,10)"),
        (
            "sqlx::types::BigDecimal",
            "TEXT",
            "numeric",
            "decimal(38,10)",
        ),
        ("serde_json::Value", "TEXT", "jsonb", "json"),
        ("sqlx::types::Json<Anything>", "TEXT", "jsonb", "json"),
        (
            "sqlx::types::Json<Option<Anything>>",
            "TEXT",
            "jsonb",
            "json",
        ),
        (
            "Option<Json<Vec<Anything>>>",
            "TEXT NULL",
            "jsonb NULL",
            "json NULL",
        ),
        (
            "sqlx::types::Text<Anything>",
            "TEXT",
            "text",
            "varchar(255)",
        ),
        ("std::net::IpAddr", "TEXT", "inet", "varchar(45)"),
        ("sqlx::types::ipnetwork::IpNetwork", "-", "inet", "-"),
        ("sqlx::postgres::types::PgInterval", "-", "interval", "-"),
        ("PgRange<DateTime<Utc>>", "-", "tstzrange", "-"),
        ("PgRange<i64>", "-", "int8range", "-"),
        ("time::Elsewhere", "-", "-", "-"),
        ("other::Date", "-", "-", "-"),
        ("(i32, i32)", "-", "-", "-"),
        ("usize", "-", "-", "-"),
        ("i128", "-", "-", "-"),
        ("char", "-", "-", "-"),
    ];
    for (of, sqlite, postgres, mysql) in expected {
        let found = column(of, "");
        let found = found.map(|found| found.unwrap_or_else(|| "-".to_owned()));
        assert_eq!(found, [sqlite, postgres, mysql].map(str::to_owned), "{of}");
    }
}

#[test]
fn enums_are_types_of_the_database_or_checked_texts() {
    let text = r#"
        #[derive(sqlx::Type)]
        #[sqlx(type_name = "order_state", rename_all = "snake_case")]
        enum State { New, InWork, #[sqlx(rename = "done!")] Done }
        #[derive(Table)]
        struct T { id: i64, state: State, before: Option<State> }
    "#;
    let postgres = schema(text, Dialect::Postgres);
    let (name, own) = postgres.enums.first_key_value().expect("an enum");
    assert_eq!(name.to_string(), "order_state");
    assert_eq!(own.values, ["new", "in_work", "done!"]);
    let columns = &postgres
        .tables
        .first_key_value()
        .expect("a table")
        .1
        .columns;
    assert_eq!(columns[1].sql_type, "order_state");
    assert!(columns[2].nullable);

    let mysql = table(text, Dialect::MySql);
    assert_eq!(mysql.columns[1].sql_type, "enum('new','in_work','done!')");
    assert!(mysql.checks.is_empty());

    let sqlite = table(text, Dialect::Sqlite);
    assert_eq!(sqlite.columns[1].sql_type, "TEXT");
    let checks: Vec<_> = sqlite
        .checks
        .iter()
        .map(|check| check.expression.as_str())
        .collect();
    assert_eq!(
        checks,
        [
            "\"before\" IN ('new', 'in_work', 'done!')",
            "\"state\" IN ('new', 'in_work', 'done!')"
        ]
    );
}

#[test]
fn an_enum_without_a_type_name_has_the_one_that_sqlx_looks_for() {
    // `to_regtype('OrderState')`, which PostgreSQL folds to lower case.
    let text =
        "#[derive(Type)] enum OrderState { New } #[derive(Table)] struct T { a: OrderState }";
    let schema = schema(text, Dialect::Postgres);
    let (name, own) = schema.enums.first_key_value().expect("an enum");
    assert_eq!(
        (name.to_string().as_str(), own.values[0].as_str()),
        ("orderstate", "New")
    );
}

#[test]
fn an_enum_that_is_kept_as_text_is_checked_in_postgres_too() {
    let text = "#[derive(sqlx::Type)] #[sqlx(type_name = \"TEXT\")] enum S { A, B } #[derive(Table)] struct T { a: S }";
    let table = table(text, Dialect::Postgres);
    assert_eq!(table.columns[0].sql_type, "text");
    assert_eq!(table.checks[0].expression, "\"a\" IN ('A', 'B')");
    assert!(schema(text, Dialect::Postgres).enums.is_empty());
}

#[test]
fn an_enum_with_a_repr_is_a_number() {
    let before = "#[derive(sqlx::Type)] #[repr(i16)] enum Level { Low = 1, High = 2 }";
    let found = column("Level", before);
    assert_eq!(found[1].as_deref(), Some("smallint"));
}

#[test]
fn newtypes_aliases_and_their_parameters_are_seen_through() {
    let before = r#"
        #[derive(sqlx::Type)] #[sqlx(transparent)] struct UserId(i64);
        #[derive(sqlx::Type)] #[sqlx(transparent)] struct Id<T>(T);
        #[derive(sqlx::Type)] #[sqlx(type_name = "Money_Amount")] struct Amount(i64);
        type Maybe<T> = Option<T>;
        type Owner = Maybe<Id<UserId>>;
        type Endless = Endless;
    "#;
    for (of, expected) in [
        ("UserId", Some("bigint")),
        ("Id<String>", Some("text")),
        ("Id<UserId>", Some("bigint")),
        ("Maybe<bool>", Some("boolean NULL")),
        ("Owner", Some("bigint NULL")),
        ("Amount", Some("money_amount")),
        ("Endless", None),
    ] {
        assert_eq!(column(of, before)[1].as_deref(), expected, "{of}");
    }
}

#[test]
fn a_type_of_the_package_is_not_taken_for_one_of_a_crate() {
    let before = "#[derive(sqlx::Type)] #[sqlx(transparent)] struct Date(String);";
    assert_eq!(column("Date", before)[1].as_deref(), Some("text"));
}

#[test]
fn a_type_that_nothing_is_known_of_says_how_to_say_it() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\nstruct T {\n    a: Option<Vec<crate::Thing>>,\n    b: u32,\n    c: Other,\n}\nenum Other { A }\n"
    ));
}
