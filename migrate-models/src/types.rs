//! The column type for a kind of values, in each dialect.
//!
//! The types are those that sqlx reads and writes (the tables in `sqlx::postgres::types`,
//! `sqlx::mysql::types` and `sqlx::sqlite::types`), in the spelling of the database itself.

use super::column::Default_;
use super::kind::Kind;
use migrate_core::Dialect;

/// Returns the type of a column; `None` if the dialect has none.
///
/// `strict` is for SQLite's STRICT tables, which have five types
/// (<https://sqlite.org/stricttables.html>).
pub(super) fn sql_type(kind: &Kind, dialect: Dialect, strict: bool) -> Option<String> {
    match dialect {
        Dialect::Postgres => postgres(kind),
        Dialect::MySql => mysql(kind),
        Dialect::Sqlite if strict => sqlite_strict(kind).map(str::to_owned),
        Dialect::Sqlite => sqlite(kind).map(str::to_owned),
    }
}

fn postgres(kind: &Kind) -> Option<String> {
    let name = match kind {
        Kind::Bool => "boolean",
        // sqlx reads and writes no other widths, and no unsigned numbers.
        Kind::Int {
            bits: 8,
            signed: true,
        } => "\"char\"",
        Kind::Int {
            bits: 16,
            signed: true,
        } => "smallint",
        Kind::Int {
            bits: 32,
            signed: true,
        } => "integer",
        Kind::Int {
            bits: 64,
            signed: true,
        } => "bigint",
        Kind::Int { .. } | Kind::Unknown(_) => return None,
        Kind::Float => "real",
        Kind::Double => "double precision",
        Kind::Text | Kind::TextOf(_) => "text",
        Kind::Bytes => "bytea",
        Kind::Uuid => "uuid",
        Kind::UuidText(length) => return Some(format!("character({length})")),
        Kind::DateTime => "timestamp without time zone",
        Kind::Instant => "timestamp with time zone",
        Kind::Date => "date",
        Kind::Time => "time without time zone",
        Kind::Duration => "interval",
        Kind::Decimal => "numeric",
        Kind::Json => "jsonb",
        Kind::Ip => "inet",
        Kind::Postgres(name) => name,
        Kind::PostgresNamed(name) => return Some(folded(name)),
        Kind::Array(of) => return postgres(of).map(|of| format!("{of}[]")),
        Kind::Enum { type_name, .. } => return Some(folded(type_name)),
    };
    Some(name.to_owned())
}

fn mysql(kind: &Kind) -> Option<String> {
    let name = match kind {
        Kind::Bool => "tinyint(1)",
        Kind::Int { bits, signed } => {
            let name = match bits {
                8 => "tinyint",
                16 => "smallint",
                32 => "int",
                _ => "bigint",
            };
            return Some(match signed {
                true => name.to_owned(),
                false => format!("{name} unsigned"),
            });
        }
        Kind::Float => "float",
        Kind::Double => "double",
        // A TEXT cannot be a key or have a default.
        Kind::Text | Kind::TextOf(_) => "varchar(255)",
        // A BLOB ends at 64 KiB.
        Kind::Bytes => "longblob",
        Kind::Uuid => "binary(16)",
        Kind::UuidText(length) => return Some(format!("char({length})")),
        // Without the 6, fractions of a second are rounded.
        Kind::DateTime => "datetime(6)",
        Kind::Instant => "timestamp(6)",
        Kind::Date => "date",
        Kind::Time | Kind::Duration => "time(6)",
        // MySQL's own default is (10,0), which has no fraction.
        Kind::Decimal => "decimal(38,10)",
        Kind::Json => "json",
        Kind::Ip => "varchar(45)",
        Kind::Enum { values, .. } => {
            return Some(enum_of(values));
        }
        Kind::Postgres(_) | Kind::PostgresNamed(_) | Kind::Array(_) | Kind::Unknown(_) => {
            return None;
        }
    };
    Some(name.to_owned())
}

/// Returns MySQL's type of an enum.
pub(super) fn enum_of(values: &[String]) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|value| Dialect::MySql.literal(value))
        .collect();
    format!("enum({})", values.join(","))
}

fn sqlite(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Bool => "BOOLEAN",
        Kind::DateTime | Kind::Instant => "DATETIME",
        Kind::Date => "DATE",
        Kind::Time => "TIME",
        other => return sqlite_strict(other),
    })
}

fn sqlite_strict(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Bool | Kind::Int { .. } => "INTEGER",
        Kind::Float | Kind::Double => "REAL",
        // A NUMERIC column would keep a decimal as a binary fraction.
        Kind::Text
        | Kind::TextOf(_)
        | Kind::UuidText(_)
        | Kind::DateTime
        | Kind::Instant
        | Kind::Date
        | Kind::Time
        | Kind::Decimal
        | Kind::Json
        | Kind::Ip
        | Kind::Enum { .. } => "TEXT",
        Kind::Bytes | Kind::Uuid => "BLOB",
        Kind::Duration
        | Kind::Postgres(_)
        | Kind::PostgresNamed(_)
        | Kind::Array(_)
        | Kind::Unknown(_) => return None,
    })
}

/// Returns what rows get that have no value yet, as SQL: sqlx reads it into the field. `None` where
/// the column's type says enough.
pub(super) fn filler(kind: &Kind, dialect: Dialect) -> Option<String> {
    const NO_UUID: &str = "00000000-0000-0000-0000-000000000000";
    let text = match (kind, dialect) {
        (Kind::TextOf(of), _) => match **of {
            Kind::Bool => "false".to_owned(),
            Kind::Int { .. } | Kind::Float | Kind::Double | Kind::Decimal => "0".to_owned(),
            Kind::Uuid => NO_UUID.to_owned(),
            Kind::Ip => "0.0.0.0".to_owned(),
            Kind::Date => "1970-01-01".to_owned(),
            Kind::Time => "00:00:00".to_owned(),
            Kind::DateTime => "1970-01-01T00:00:00".to_owned(),
            Kind::Instant => "1970-01-01T00:00:00Z".to_owned(),
            Kind::Json => "{}".to_owned(),
            _ => return None,
        },
        (Kind::UuidText(36), _) => NO_UUID.to_owned(),
        (Kind::UuidText(_), _) => NO_UUID.replace('-', ""),
        (Kind::Enum { values, .. }, _) => values.first()?.clone(),
        (Kind::Bytes, Dialect::Sqlite) => return Some("x''".to_owned()),
        (Kind::Json, Dialect::Sqlite) => "{}".to_owned(),
        (Kind::Date, Dialect::Sqlite) => "1970-01-01".to_owned(),
        (Kind::Time, Dialect::Sqlite) => "00:00:00".to_owned(),
        (Kind::DateTime | Kind::Instant, Dialect::Sqlite) => "1970-01-01 00:00:00".to_owned(),
        (Kind::Decimal, Dialect::Sqlite) => "0".to_owned(),
        (Kind::Ip, Dialect::Sqlite | Dialect::MySql) => "0.0.0.0".to_owned(),
        _ => return None,
    };
    Some(dialect.literal(&text))
}

/// Writes a default in a dialect.
///
/// An expression is unchanged, except for the current time, which each dialect writes differently.
pub(super) fn default(said: &Default_, dialect: Dialect, sql_type: &str) -> Option<String> {
    let expression = match said {
        Default_::None => return None,
        Default_::Bool(value) => match dialect {
            Dialect::Postgres => value.to_string(),
            Dialect::Sqlite | Dialect::MySql => u8::from(*value).to_string(),
        },
        Default_::Expression(expression) => expression.clone(),
    };
    let word = expression.trim().to_ascii_lowercase();
    if !["now()", "current_timestamp", "current_timestamp()"].contains(&word.as_str()) {
        return Some(expression);
    }
    Some(match dialect {
        Dialect::Postgres => "now()".to_owned(),
        Dialect::Sqlite => "CURRENT_TIMESTAMP".to_owned(),
        // It must have as many digits as its column (MySQL manual, "Automatic Initialization and
        // Updating for TIMESTAMP and DATETIME").
        Dialect::MySql => match sql_type.split_once('(') {
            Some((_, digits)) => format!("CURRENT_TIMESTAMP({digits}"),
            None => "CURRENT_TIMESTAMP".to_owned(),
        },
    })
}

/// Writes the name of a collation as SQL: PostgreSQL's have capitals and hyphens.
pub(super) fn collation(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres if !name.contains(['"', '.']) => dialect.quote(name),
        _ => name.to_owned(),
    }
}

/// Converts sqlx's name of a PostgreSQL type to that of PostgreSQL: unquoted names are folded to
/// lower case.
pub(super) fn folded(type_name: &str) -> String {
    let mut quoted = false;
    type_name
        .chars()
        .flat_map(|sign| {
            quoted ^= sign == '"';
            let small = (!quoted).then(|| sign.to_lowercase());
            let as_it_is = quoted.then_some(sign);
            small.into_iter().flatten().chain(as_it_is)
        })
        .collect()
}

/// Returns whether an enum is stored in a text column of PostgreSQL: sqlx then knows it by that
/// type's name.
pub(super) fn is_text(type_name: &str) -> bool {
    let name = folded(type_name);
    let name = name.split_once('(').map_or(name.as_str(), |(name, _)| name);
    [
        "text",
        "varchar",
        "character varying",
        "char",
        "bpchar",
        "character",
        "citext",
        "name",
    ]
    .contains(&name.trim())
}
