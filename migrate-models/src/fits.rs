//! Checks whether a field can hold the values of its column.
//!
//! The answers are those of sqlx when it reads a row (`Type::compatible` and `Decode` of sqlx 0.9),
//! as far as they follow from the column's type alone: a width that sqlx checks for each value is
//! accepted here. Unknown types are accepted.

use super::kind::Kind;
use migrate_core::Dialect;
use migrate_schema::Affinity;

/// Returns whether a field can hold the values of a column; `strict` says that its table of SQLite
/// is `STRICT`.
pub(super) fn fits(kind: &Kind, sql_type: &str, dialect: Dialect, strict: bool) -> bool {
    let sql_type = sql_type.trim().to_lowercase();
    match dialect {
        Dialect::Postgres => postgres(kind, &sql_type),
        Dialect::MySql => mysql(kind, &sql_type),
        Dialect::Sqlite => sqlite(kind, Affinity::of(&sql_type, strict), &sql_type),
    }
}

/// Returns a type's name without the part in parentheses: `timestamp with time zone`.
fn bare(sql_type: &str) -> String {
    let Some((before, rest)) = sql_type.split_once('(') else {
        return sql_type.trim().to_owned();
    };
    let after = rest.rsplit_once(')').map_or("", |(_, after)| after);
    format!("{}{after}", before.trim()).trim().to_owned()
}

/// The names of PostgreSQL's own types, each with its name in [`postgres_allowed`].
const POSTGRES: &[(&str, &str)] = &[
    ("boolean", "boolean"),
    ("bool", "boolean"),
    ("\"char\"", "\"char\""),
    ("smallint", "smallint"),
    ("int2", "smallint"),
    ("smallserial", "smallint"),
    ("integer", "integer"),
    ("int", "integer"),
    ("int4", "integer"),
    ("serial", "integer"),
    ("bigint", "bigint"),
    ("int8", "bigint"),
    ("bigserial", "bigint"),
    ("real", "real"),
    ("float4", "real"),
    ("double precision", "double precision"),
    ("float8", "double precision"),
    ("numeric", "numeric"),
    ("decimal", "numeric"),
    ("text", "text"),
    ("character varying", "text"),
    ("varchar", "text"),
    ("character", "text"),
    ("char", "text"),
    ("bpchar", "text"),
    ("name", "text"),
    ("citext", "text"),
    ("bytea", "bytea"),
    ("uuid", "uuid"),
    ("timestamp", "timestamp"),
    ("timestamp without time zone", "timestamp"),
    ("timestamptz", "timestamptz"),
    ("timestamp with time zone", "timestamptz"),
    ("date", "date"),
    ("time", "time"),
    ("time without time zone", "time"),
    ("timetz", "timetz"),
    ("time with time zone", "timetz"),
    ("interval", "interval"),
    ("json", "json"),
    ("jsonb", "json"),
    ("inet", "inet"),
    ("cidr", "inet"),
    ("macaddr", "macaddr"),
    ("bit", "bit"),
    ("bit varying", "bit"),
    ("varbit", "bit"),
    ("money", "money"),
    ("oid", "oid"),
    ("xml", "xml"),
    ("point", "point"),
    ("line", "line"),
    ("lseg", "lseg"),
    ("box", "box"),
    ("path", "path"),
    ("polygon", "polygon"),
    ("circle", "circle"),
    ("int4range", "int4range"),
    ("int8range", "int8range"),
    ("numrange", "numrange"),
    ("daterange", "daterange"),
    ("tsrange", "tsrange"),
    ("tstzrange", "tstzrange"),
];

fn postgres_class(sql_type: &str) -> Option<&'static str> {
    let name = bare(sql_type);
    let found = POSTGRES.iter().find(|(known, _)| *known == name);
    found.map(|(_, class)| *class)
}

/// Returns whether a type is PostgreSQL's own, and so its name says what sqlx reads.
pub(super) fn is_built_in(sql_type: &str) -> bool {
    let sql_type = sql_type.trim().to_lowercase();
    postgres_class(sql_type.trim_end_matches("[]")).is_some()
}

fn postgres(kind: &Kind, sql_type: &str) -> bool {
    match (kind, sql_type.strip_suffix("[]")) {
        (Kind::Array(of), Some(sql_type)) => return postgres(of, sql_type),
        // A domain may be over an array.
        (Kind::Array(_), None) => return postgres_class(sql_type).is_none(),
        (Kind::Unknown(_) | Kind::PostgresNamed(_), _) => return true,
        (_, Some(_)) => return false,
        (_, None) => {}
    }
    // Another type is a domain, an enum or an extension's: its name proves nothing.
    let Some(class) = postgres_class(sql_type) else {
        return true;
    };
    match kind {
        Kind::Bool => class == "boolean",
        Kind::Int { bits, signed } => match (bits, signed) {
            (8, true) => class == "\"char\"",
            (16, true) => class == "smallint",
            (32, true) => class == "integer",
            (64, true) => class == "bigint",
            _ => false,
        },
        Kind::Float => class == "real",
        Kind::Double => class == "double precision",
        Kind::Text | Kind::TextOf(_) | Kind::UuidText(_) => class == "text",
        Kind::Enum { type_name, .. } => {
            postgres_class(&super::types::folded(type_name)) == Some(class)
        }
        Kind::Bytes => class == "bytea",
        Kind::Uuid => class == "uuid",
        Kind::DateTime => class == "timestamp",
        Kind::Instant => class == "timestamptz",
        Kind::Date => class == "date",
        Kind::Time => class == "time",
        Kind::Duration => class == "interval",
        Kind::Decimal => class == "numeric",
        Kind::Json => class == "json",
        Kind::Ip => class == "inet",
        Kind::Postgres(name) => postgres_class(name).is_none_or(|own| own == class),
        Kind::PostgresNamed(_) | Kind::Array(_) | Kind::Unknown(_) => true,
    }
}

fn mysql(kind: &Kind, sql_type: &str) -> bool {
    let unsigned = sql_type.contains("unsigned");
    let name = bare(sql_type);
    let name = name.split_whitespace().next().unwrap_or_default();
    let class = match name {
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => "int",
        "bool" | "boolean" => "int",
        "bit" => "bit",
        "year" => "year",
        "float" | "double" | "real" => "float",
        "decimal" | "numeric" | "dec" | "fixed" => "decimal",
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => "text",
        "enum" => "enum",
        "set" => "set",
        "inet4" | "inet6" | "uuid" => "address",
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => "bytes",
        "datetime" | "timestamp" => "datetime",
        "date" => "date",
        "time" => "time",
        "json" => "json",
        _ => return true,
    };
    match kind {
        Kind::Bool => ["int", "bit"].contains(&class),
        Kind::Int { signed: true, .. } => class == "int" && !unsigned,
        Kind::Int { signed: false, .. } => {
            class == "int" && unsigned || ["bit", "year"].contains(&class)
        }
        Kind::Float | Kind::Double => class == "float",
        // MariaDB reports its JSON as the `longtext` that it is; MySQL's is a type of its own.
        Kind::Text | Kind::TextOf(_) | Kind::UuidText(_) | Kind::Ip => {
            ["text", "enum", "set", "address"].contains(&class)
        }
        Kind::Enum { .. } => ["enum", "text"].contains(&class),
        Kind::Bytes => ["bytes", "text", "enum", "address"].contains(&class),
        Kind::Uuid => class == "bytes",
        // A TIMESTAMP is an instant, and sqlx reads it as nothing else.
        Kind::DateTime => name == "datetime",
        Kind::Instant => class == "datetime",
        Kind::Date => class == "date",
        Kind::Time | Kind::Duration => class == "time",
        Kind::Decimal => class == "decimal",
        Kind::Json => ["json", "text", "bytes"].contains(&class),
        Kind::Postgres(_) | Kind::PostgresNamed(_) | Kind::Array(_) => false,
        Kind::Unknown(_) => true,
    }
}

/// A value is kept as what it is unless the column's affinity makes it something else; sqlx looks
/// at what was kept.
fn sqlite(kind: &Kind, affinity: Affinity, sql_type: &str) -> bool {
    use Affinity::{Integer, Numeric, Real, Text};

    // No affinity: values are read as they were written.
    if affinity == Affinity::Blob {
        return true;
    }
    let name = bare(sql_type);
    let moment = ["datetime", "timestamp", "date", "time"].contains(&name.as_str());
    match kind {
        Kind::Bool => matches!(affinity, Integer | Numeric) && !moment,
        Kind::Int { .. } => matches!(affinity, Integer | Numeric),
        Kind::Float | Kind::Double => matches!(affinity, Real | Numeric) && !moment,
        // NUMERIC converts numeric text to a number; a date or JSON is not numeric.
        Kind::Text | Kind::TextOf(_) => affinity == Text || moment || name == "json",
        Kind::Json => affinity == Text || name.starts_with("json"),
        Kind::UuidText(_) | Kind::Ip | Kind::Enum { .. } => {
            matches!(affinity, Text | Numeric) && !moment
        }
        // Bytes are never converted.
        Kind::Bytes | Kind::Uuid => matches!(affinity, Text | Numeric) && !moment,
        Kind::DateTime | Kind::Instant => name != "date" && name != "time" && name != "boolean",
        Kind::Date => affinity == Text || name == "date",
        Kind::Time => affinity == Text || name == "time",
        // As text, or not at all: NUMERIC would have rounded it.
        Kind::Decimal => affinity == Text,
        Kind::Duration | Kind::Postgres(_) | Kind::PostgresNamed(_) | Kind::Array(_) => false,
        Kind::Unknown(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const I32: Kind = Kind::Int {
        bits: 32,
        signed: true,
    };
    const I64: Kind = Kind::Int {
        bits: 64,
        signed: true,
    };
    const U32: Kind = Kind::Int {
        bits: 32,
        signed: false,
    };

    #[test]
    fn postgres_is_as_strict_as_sqlx() {
        for (kind, sql_type, expected) in [
            (I64, "bigint", true),
            (I64, "integer", false),
            (I32, "serial", true),
            (Kind::Text, "character varying(255)", true),
            (Kind::Text, "integer", false),
            (Kind::Text, "mood", true),
            (Kind::Instant, "timestamp(3) with time zone", true),
            (Kind::Instant, "timestamp without time zone", false),
            (Kind::DateTime, "timestamp(6) without time zone", true),
            (Kind::Decimal, "numeric(10,2)", true),
            (Kind::Double, "numeric(10,2)", false),
            (Kind::Json, "jsonb", true),
            (Kind::Array(Box::new(Kind::Text)), "text[]", true),
            (Kind::Array(Box::new(I32)), "text[]", false),
            (Kind::Text, "text[]", false),
            (Kind::Array(Box::new(I32)), "integer", false),
            (Kind::Unknown("Status".to_owned()), "integer", true),
            (Kind::Postgres("inet".to_owned()), "cidr", true),
        ] {
            assert_eq!(
                fits(&kind, sql_type, Dialect::Postgres, false),
                expected,
                "{kind:?} {sql_type}"
            );
        }
    }

    #[test]
    fn mysql_looks_at_the_sign_and_not_at_the_width() {
        for (kind, sql_type, expected) in [
            (I64, "int(11)", true),
            (I32, "bigint(20)", true),
            (I64, "bigint(20) unsigned", false),
            (U32, "int unsigned", true),
            (U32, "int", false),
            (Kind::Bool, "tinyint(1)", true),
            (Kind::Text, "varchar(255)", true),
            (Kind::Text, "enum('a','b')", true),
            (Kind::Text, "blob", false),
            (Kind::Uuid, "binary(16)", true),
            (Kind::Uuid, "char(36)", false),
            (Kind::UuidText(36), "char(36)", true),
            (Kind::Instant, "datetime(6)", true),
            (Kind::Double, "decimal(10,2)", false),
            (Kind::Json, "longtext", true),
            (Kind::Json, "json", true),
            (Kind::Text, "json", false),
        ] {
            assert_eq!(
                fits(&kind, sql_type, Dialect::MySql, false),
                expected,
                "{kind:?} {sql_type}"
            );
        }
    }

    #[test]
    fn sqlite_goes_by_affinity() {
        for (kind, sql_type, expected) in [
            (I64, "INTEGER", true),
            (I64, "BIGINT", true),
            (I64, "TEXT", false),
            (I64, "", true),
            (Kind::Bool, "BOOLEAN", true),
            (Kind::Text, "VARCHAR(20)", true),
            (Kind::Text, "INTEGER", false),
            (Kind::Text, "STRING", false),
            (Kind::Text, "DATETIME", true),
            (Kind::Instant, "TEXT", true),
            (Kind::Uuid, "BLOB", true),
            (Kind::Decimal, "NUMERIC", false),
            (Kind::Double, "INTEGER", false),
            (Kind::Json, "TEXT", true),
        ] {
            assert_eq!(
                fits(&kind, sql_type, Dialect::Sqlite, false),
                expected,
                "{kind:?} {sql_type}"
            );
        }
    }

    #[test]
    fn every_type_that_is_made_fits_its_own_field() {
        let kinds = [
            Kind::Bool,
            I32,
            I64,
            U32,
            Kind::Float,
            Kind::Double,
            Kind::Text,
            Kind::Bytes,
            Kind::Uuid,
            Kind::UuidText(36),
            Kind::DateTime,
            Kind::Instant,
            Kind::Date,
            Kind::Time,
            Kind::Duration,
            Kind::Decimal,
            Kind::Json,
            Kind::Ip,
            Kind::Postgres("tsrange".to_owned()),
            Kind::Array(Box::new(Kind::Text)),
            Kind::Enum {
                type_name: "Mood".to_owned(),
                values: vec!["sad".to_owned()],
            },
        ];
        for kind in kinds {
            for (dialect, strict) in [
                (Dialect::Postgres, false),
                (Dialect::MySql, false),
                (Dialect::Sqlite, false),
                (Dialect::Sqlite, true),
            ] {
                if let Some(sql_type) = super::super::types::sql_type(&kind, dialect, strict) {
                    // A STRICT column that is a text of a moment is read as one, and a boolean is
                    // a number.
                    assert!(
                        fits(&kind, &sql_type, dialect, false),
                        "{kind:?} {sql_type} {dialect}"
                    );
                }
            }
        }
    }
}
