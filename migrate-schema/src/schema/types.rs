//! Types: which one holds every value of another, and the zero value of each.

use crate::schema::text::Words;
use crate::schema::values::listed;
use crate::schema::{Column, Name, Schema, Table};
use migrate_core::Dialect;

/// A type taken apart: `numeric(10,2)` is `numeric` with 10 and 2.
struct Type {
    name: String,
    /// What stands in parentheses.
    arguments: Vec<String>,
    unsigned: bool,
    array: bool,
}

impl Type {
    fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let (head, rest) = text.split_once('(').unwrap_or((&text, ""));
        let (inner, tail) = rest.rsplit_once(')').unwrap_or(("", rest));
        let tail = format!("{tail} ");
        // `timestamp(3) with time zone` keeps its tail.
        let zone = ["with time zone", "without time zone"]
            .into_iter()
            .find(|zone| tail.contains(zone))
            .map_or_else(String::new, |zone| format!(" {zone}"));
        let whole = format!("{head} {tail}");
        let name = head
            .replace("unsigned", "")
            .replace("zerofill", "")
            .replace("[]", "");
        Self {
            name: format!("{}{zone}", name.trim()),
            arguments: arguments(inner),
            unsigned: whole.contains("unsigned"),
            array: whole.contains("[]"),
        }
    }

    /// Returns how many bits a whole number has.
    fn bits(&self) -> Option<u32> {
        Some(match self.name.as_str() {
            "tinyint" | "int1" => 8,
            "smallint" | "int2" | "year" => 16,
            "mediumint" => 24,
            "int" | "integer" | "int4" => 32,
            "bigint" | "int8" => 64,
            _ => return None,
        })
    }

    /// Returns how many signs it takes at most; `u64::MAX` if there is no end.
    fn length(&self) -> Option<u64> {
        let given = || self.arguments.first()?.parse().ok();
        Some(match self.name.as_str() {
            "character varying" | "varchar" | "varbinary" => given().unwrap_or(u64::MAX),
            "character" | "char" | "bpchar" | "binary" => given().unwrap_or(1),
            "tinytext" | "tinyblob" => 255,
            "text" | "blob" => u64::from(u16::MAX),
            "mediumtext" | "mediumblob" => 0xff_ffff,
            "longtext" | "longblob" | "citext" | "bytea" => u64::MAX,
            _ => return None,
        })
    }

    fn is_binary(&self) -> bool {
        self.name.ends_with("blob") || self.name.ends_with("binary") || self.name == "bytea"
    }

    /// Returns the digits before and after the point; `None` if there is no end.
    fn digits(&self) -> Option<Option<(i64, i64)>> {
        if !matches!(self.name.as_str(), "numeric" | "decimal") {
            return None;
        }
        let number = |at: usize| self.arguments.get(at)?.trim().parse::<i64>().ok();
        Some(number(0).map(|all| {
            let after = number(1).unwrap_or(0);
            (all - after, after)
        }))
    }
}

/// Takes `'a','b,c'` apart at the commas outside of quotes.
fn arguments(inner: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut quoted = false;
    let mut current = String::new();
    for sign in inner.chars() {
        quoted ^= sign == '\'';
        match sign {
            ',' if !quoted => all.push(std::mem::take(&mut current)),
            sign => current.push(sign),
        }
    }
    if !current.is_empty() {
        all.push(current);
    }
    all
}

/// Returns whether a column of type `to` may not hold every value of one of type `from`. Unknown types
/// count as losing.
pub(crate) fn loses(dialect: Dialect, from: &str, to: &str) -> bool {
    if from.eq_ignore_ascii_case(to) {
        return false;
    }
    if dialect == Dialect::Sqlite {
        return sqlite_loses(from, to);
    }
    let (from, to) = (Type::parse(from), Type::parse(to));
    if from.array != to.array {
        return true;
    }
    if let (Some(from_bits), Some(to_bits)) = (from.bits(), to.bits()) {
        return match (from.unsigned, to.unsigned) {
            (true, false) => from_bits >= to_bits,
            (false, true) => true,
            _ => from_bits > to_bits,
        };
    }
    if let (Some(bits), Some(digits)) = (from.bits(), to.digits()) {
        let needed = [(8, 3), (16, 5), (24, 8), (32, 10), (64, 20)];
        let needed = needed.into_iter().find(|(of, _)| *of == bits);
        let needed = needed.map_or(20, |(_, digits)| digits);
        return digits.is_some_and(|(before, _)| before < needed);
    }
    if let (Some(from_digits), Some(to_digits)) = (from.digits(), to.digits()) {
        return match (from_digits, to_digits) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(from), Some(to)) => from.0 > to.0 || from.1 > to.1,
        };
    }
    // `text` of PostgreSQL has no end.
    let endless = |it: &Type| match (dialect, it.name.as_str()) {
        (Dialect::Postgres, "text") => Some(u64::MAX),
        _ => it.length(),
    };
    if let (Some(from_length), Some(to_length)) = (endless(&from), endless(&to)) {
        let kinds = from.is_binary() != to.is_binary();
        return kinds || from_length > to_length;
    }
    match (from.name.as_str(), to.name.as_str()) {
        ("enum", "enum") | ("set", "set") => {
            from.arguments.iter().any(|it| !to.arguments.contains(it))
        }
        // What can be written can be kept as a text.
        (_, "text") if dialect == Dialect::Postgres => false,
        (_, "text" | "mediumtext" | "longtext") => from.is_binary() || from.length().is_some(),
        // No number has more digits than these.
        (_, "varchar") if from.bits().is_some() || from.digits().is_some() => {
            to.length().is_none_or(|length| length < 70)
        }
        ("real" | "float", "double precision" | "double") => false,
        ("date", name) if name.starts_with("timestamp") || name == "datetime" => false,
        ("json", "jsonb") => false,
        (one, other) if one == other => {
            let precision = |it: &Type| it.arguments.first().and_then(|it| it.parse::<u32>().ok());
            match (precision(&from), precision(&to)) {
                (Some(from), Some(to)) => from > to,
                // Without one, PostgreSQL keeps microseconds and MySQL seconds.
                (Some(_), None) => dialect == Dialect::MySql,
                (None, Some(to)) => dialect == Dialect::Postgres && to < 6,
                (None, None) => true,
            }
        }
        _ => true,
    }
}

/// How SQLite stores a value in a column
/// (<https://sqlite.org/datatype3.html#determination_of_column_affinity>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// As a whole number, if it is one.
    Integer,
    /// As text.
    Text,
    /// As it is.
    Blob,
    /// As a floating-point number, if it is a number.
    Real,
    /// As a number, if it is one.
    Numeric,
}

impl Affinity {
    /// Returns the affinity of a column's type. In a `STRICT` table, `ANY` stores a value as it is
    /// (<https://sqlite.org/stricttables.html>).
    ///
    /// ```
    /// use migrate_schema::Affinity;
    ///
    /// assert_eq!(Affinity::of("VARCHAR(20)", false), Affinity::Text);
    /// assert_eq!(Affinity::of("ANY", true), Affinity::Blob);
    /// assert_eq!(Affinity::of("ANY", false), Affinity::Numeric);
    /// ```
    #[must_use]
    pub fn of(sql_type: &str, strict: bool) -> Self {
        let sql_type = sql_type.to_uppercase();
        let has = |word: &str| sql_type.contains(word);
        match () {
            () if has("INT") => Self::Integer,
            () if has("CHAR") || has("CLOB") || has("TEXT") => Self::Text,
            () if has("BLOB") || sql_type.is_empty() || strict && sql_type == "ANY" => Self::Blob,
            () if has("REAL") || has("FLOA") || has("DOUB") => Self::Real,
            () => Self::Numeric,
        }
    }
}

fn sqlite_loses(from: &str, to: &str) -> bool {
    use Affinity::{Blob, Integer, Numeric, Real, Text};

    // Whether the table is STRICT is not known here; an ANY that is not may lose more.
    match (Affinity::of(from, false), Affinity::of(to, false)) {
        (one, other) if one == other => false,
        // A text such as `007` becomes a number, and `1.0` is written as it is read.
        (_, Blob) | (Integer, Text | Numeric) | (Real, Numeric) => false,
        _ => true,
    }
}

/// Returns a zero value for a column that is not nullable, which existing rows get when it is added.
pub(crate) fn zero(schema: &Schema, table: &Table, column: &Column) -> String {
    let dialect = schema.dialect;
    // A value that the column's own check lists.
    let mut lists = table.checks.iter();
    let values = lists.find_map(|check| listed(&check.expression, &column.name, dialect));
    if let Some(value) = values.and_then(|values| values.into_iter().next()) {
        return dialect.literal(&value);
    }
    let mut fillers = schema.state.fillers.iter();
    let filler = fillers.find(|((name, of), _)| {
        *of == column.name && schema.tables.get(name).is_some_and(|of| of == table)
    });
    if let Some((_, value)) = filler {
        return value.clone();
    }
    if dialect == Dialect::Sqlite {
        let strict = table.options.has("STRICT");
        let text = Affinity::of(&column.sql_type, strict) == Affinity::Text;
        let sql_type = column.sql_type.to_uppercase();
        let json = text && checks_json(table, column);
        return match sql_type.as_str() {
            _ if json || sql_type.starts_with("JSON") => "'{}'",
            "DATE" => "'1970-01-01'",
            "TIME" => "'00:00:00'",
            _ if sql_type.starts_with("DATETIME") || sql_type.starts_with("TIMESTAMP") => {
                "'1970-01-01 00:00:00'"
            }
            _ if text => "''",
            // Bytes may be a UUID, of which there is none with fewer.
            _ if sql_type.contains("BLOB") => "x'00000000000000000000000000000000'",
            _ => "0",
        }
        .to_owned();
    }
    if checks_json(table, column) {
        return "'{}'".to_owned();
    }
    let it = Type::parse(&column.sql_type);
    if it.array {
        return "'{}'".to_owned();
    }
    let is_of = |name: &Name| {
        let sql_type = &column.sql_type;
        *sql_type == name.name || *sql_type == name.quoted(dialect) || *sql_type == name.to_string()
    };
    if let Some((_, of)) = schema.enums.iter().find(|(name, _)| is_of(name)) {
        return of
            .values
            .first()
            .map_or_else(|| "NULL".to_owned(), |value| dialect.literal(value));
    }
    if let Some((_, of)) = schema.types.iter().find(|(name, _)| is_of(name)) {
        return composite(&of.definition, &column.sql_type);
    }
    if let Some((_, domain)) = schema.domains.iter().find(|(name, _)| is_of(name)) {
        if let Some(default) = &domain.default {
            return default.clone();
        }
        let mut lists = domain.checks.iter();
        let values = lists.find_map(|check| listed(&check.expression, "value", dialect));
        if let Some(value) = values.and_then(|values| values.into_iter().next()) {
            return dialect.literal(&value);
        }
        let below = Column {
            sql_type: domain.sql_type.clone(),
            ..column.clone()
        };
        return zero(schema, table, &below);
    }
    match it.name.as_str() {
        _ if it.bits().is_some() || it.digits().is_some() => "0".to_owned(),
        "real" | "float" | "double" | "double precision" | "money" => "0".to_owned(),
        "boolean" | "bool" => "false".to_owned(),
        "date" => "'1970-01-01'".to_owned(),
        "datetime" => "'1970-01-01 00:00:00'".to_owned(),
        // The first second is what MySQL's range begins with, in UTC; a day later is in it anywhere.
        "timestamp" if dialect == Dialect::MySql => "'1970-01-02 00:00:00'".to_owned(),
        name if name.starts_with("timestamp") => "'1970-01-01 00:00:00'".to_owned(),
        name if name.starts_with("time") => "'00:00:00'".to_owned(),
        "interval" => "'0'".to_owned(),
        "uuid" => "'00000000-0000-0000-0000-000000000000'".to_owned(),
        "json" | "jsonb" => "'{}'".to_owned(),
        "inet" | "inet4" => "'0.0.0.0'".to_owned(),
        "cidr" => "'0.0.0.0/32'".to_owned(),
        "inet6" => "'::'".to_owned(),
        "macaddr" => "'00:00:00:00:00:00'".to_owned(),
        "bit" if dialect == Dialect::MySql => "b'0'".to_owned(),
        "bit" => {
            let length = it.arguments.first().and_then(|it| it.parse().ok());
            format!("B'{}'", "0".repeat(length.unwrap_or(1)))
        }
        "point" if dialect == Dialect::Postgres => "'(0,0)'".to_owned(),
        name if dialect == Dialect::Postgres && name.ends_with("range") => "'empty'".to_owned(),
        "enum" => it
            .arguments
            .first()
            .cloned()
            .map_or_else(|| "''".to_owned(), |_| first_value(&column.sql_type)),
        "geometry" | "point" => "ST_GeomFromText('POINT(0 0)')".to_owned(),
        _ => "''".to_owned(),
    }
}

/// Returns whether a check keeps a column JSON.
fn checks_json(table: &Table, column: &Column) -> bool {
    table.checks.iter().any(|check| {
        let words = Words::of(&check.expression);
        words.mention("json_valid") && words.mention(&column.name)
    })
}

/// Returns a value of a composite type, all of whose attributes are NULL: that is not NULL itself
/// (PostgreSQL manual, "Composite Types"); or an empty range.
fn composite(definition: &str, sql_type: &str) -> String {
    let attributes = definition.trim_start().strip_prefix("AS (");
    let Some(attributes) = attributes else {
        return "'empty'".to_owned();
    };
    let mut depth = 0_i32;
    let mut commas = 0;
    for sign in attributes.chars() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => commas += 1,
            _ => {}
        }
    }
    let nulls = vec!["NULL"; commas + 1];
    format!("ROW({})::{sql_type}", nulls.join(", "))
}

/// Writes a cast of PostgreSQL: through `text` if the two types have none, and none if it is not needed.
/// Without one, PostgreSQL rejects a text that is too long; with one, it truncates it (PostgreSQL
/// manual, 8.3 "Character Types").
pub(crate) fn cast(column: &str, from: &str, to: &str) -> Option<String> {
    let kind = |sql_type: &str| {
        let of = Type::parse(sql_type);
        match of.name.as_str() {
            _ if of.array => "array",
            "boolean" => "boolean",
            "text" => "text",
            "real" | "double precision" => "number",
            "json" | "jsonb" => "json",
            "date" => "date",
            "bytea" => "bytes",
            name if name.starts_with("timestamp") => "date",
            _ if of.bits().is_some() || of.digits().is_some() => "number",
            _ if of.length().is_some() => "text",
            _ => "other",
        }
    };
    let direct = match (kind(from), kind(to)) {
        ("text", _) => true,
        (_, "text") => kind(from) != "bytes",
        ("other" | "array", _) | (_, "other" | "array") => false,
        ("boolean", "number") => to == "integer",
        ("number", "boolean") => from == "integer",
        (from, to) => from == to,
    };
    let by_itself = kind(from) == kind(to) && !matches!(kind(from), "other" | "array" | "bytes");
    Some(match direct {
        _ if by_itself => return None,
        true => format!("{column}::{to}"),
        // Only whole numbers of this one type have it.
        false if kind(from) == "boolean" && kind(to) == "number" => {
            format!("{column}::integer::{to}")
        }
        false => format!("{column}::text::{to}"),
    })
}

/// Returns the first value of `enum('A','b')` as it is written.
fn first_value(sql_type: &str) -> String {
    let inner = sql_type
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or("", |(inner, _)| inner);
    arguments(inner).into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{cast, loses};
    use migrate_core::Dialect;

    #[test]
    fn a_type_that_takes_less_loses() {
        let cases: [(Dialect, &str, &str, bool); 34] = [
            (Dialect::Postgres, "integer", "bigint", false),
            (Dialect::Postgres, "bigint", "integer", true),
            (Dialect::Postgres, "integer", "text", false),
            (Dialect::Postgres, "text", "integer", true),
            (
                Dialect::Postgres,
                "character varying(10)",
                "character varying(20)",
                false,
            ),
            (
                Dialect::Postgres,
                "character varying(20)",
                "character varying(10)",
                true,
            ),
            (Dialect::Postgres, "character varying", "text", false),
            (Dialect::Postgres, "text", "character varying(20)", true),
            (Dialect::Postgres, "numeric(10,2)", "numeric(12,2)", false),
            (Dialect::Postgres, "numeric(10,2)", "numeric(10,4)", true),
            (Dialect::Postgres, "numeric(10,2)", "numeric", false),
            (Dialect::Postgres, "integer", "numeric(9,0)", true),
            (Dialect::Postgres, "integer", "numeric(10,0)", false),
            (
                Dialect::Postgres,
                "date",
                "timestamp without time zone",
                false,
            ),
            (Dialect::Postgres, "timestamp with time zone", "date", true),
            (Dialect::Postgres, "integer[]", "integer", true),
            (
                Dialect::Postgres,
                "timestamp(3) with time zone",
                "timestamp with time zone",
                false,
            ),
            (Dialect::MySql, "int(10) unsigned", "int(11)", true),
            (Dialect::MySql, "int(10) unsigned", "bigint(20)", false),
            (Dialect::MySql, "int(11)", "int(10) unsigned", true),
            (Dialect::MySql, "varchar(20)", "text", false),
            (Dialect::MySql, "text", "varchar(20)", true),
            (Dialect::MySql, "int(11)", "text", false),
            (Dialect::MySql, "datetime", "text", false),
            (Dialect::MySql, "int(11)", "varchar(20)", true),
            (Dialect::MySql, "blob", "longtext", true),
            (Dialect::MySql, "enum('a','b')", "enum('b','a','c')", false),
            (Dialect::MySql, "enum('a','b')", "enum('a')", true),
            (Dialect::MySql, "longtext", "longblob", true),
            (Dialect::MySql, "datetime(6)", "datetime", true),
            (Dialect::Sqlite, "INTEGER", "TEXT", false),
            (Dialect::Sqlite, "TEXT", "INTEGER", true),
            (Dialect::Sqlite, "VARCHAR(10)", "TEXT", false),
            (Dialect::Sqlite, "REAL", "", false),
        ];
        for (dialect, from, to, expected) in cases {
            assert_eq!(loses(dialect, from, to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_cast_is_written_where_postgres_needs_one() {
        for (from, to, expected) in [
            ("text", "character varying(20)", None),
            ("bigint", "integer", None),
            ("timestamp with time zone", "date", None),
            ("text", "integer", Some("c::integer")),
            ("integer", "boolean", Some("c::boolean")),
            ("boolean", "bigint", Some("c::integer::bigint")),
            ("date", "integer", Some("c::text::integer")),
            ("text[]", "integer[]", Some("c::text::integer[]")),
            ("mood", "status", Some("c::text::status")),
        ] {
            assert_eq!(cast("c", from, to).as_deref(), expected, "{from} to {to}");
        }
    }
}
