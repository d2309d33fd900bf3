//! The kinds of values that fields hold, independent of spelling.

/// A kind of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `i8` to `i64` and `u8` to `u64`.
    Int {
        /// The width: 8, 16, 32 or 64.
        bits: u8,
        /// Whether it is signed.
        signed: bool,
    },
    /// `f32`.
    Float,
    /// `f64`.
    Double,
    /// Text.
    Text,
    /// A value of another kind, as its text: sqlx's `Text<T>`.
    TextOf(Box<Self>),
    /// Bytes.
    Bytes,
    /// A UUID, in sqlx's default form.
    Uuid,
    /// A UUID as text of this length: 36 with hyphens, 32 without.
    UuidText(u8),
    /// A date and a time, without a time zone.
    DateTime,
    /// An instant: a date and a time in a known time zone.
    Instant,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A duration.
    Duration,
    /// A decimal number.
    Decimal,
    /// JSON.
    Json,
    /// An IP address.
    Ip,
    /// A type of PostgreSQL alone, by its name there.
    Postgres(String),
    /// A user-defined type of PostgreSQL: its name in SQL.
    PostgresNamed(String),
    /// A list of values of one kind.
    Array(Box<Self>),
    /// An enum of unit variants that derives sqlx's `Type`.
    Enum {
        /// The type's name in PostgreSQL, as SQL reads it.
        type_name: String,
        /// The variants' names in the database.
        values: Vec<String>,
    },
    /// An unknown type, by its name in Rust.
    Unknown(String),
}

/// A type, its crates, and its kind.
type Known = (&'static str, &'static [&'static str], Kind);

const fn int(bits: u8, signed: bool) -> Kind {
    Kind::Int { bits, signed }
}

/// The types of the language and of its standard library.
const LANGUAGE: &[Known] = &[
    ("bool", &["std", "core"], Kind::Bool),
    ("i8", &["std", "core"], int(8, true)),
    ("i16", &["std", "core"], int(16, true)),
    ("i32", &["std", "core"], int(32, true)),
    ("i64", &["std", "core"], int(64, true)),
    ("u8", &["std", "core"], int(8, false)),
    ("u16", &["std", "core"], int(16, false)),
    ("u32", &["std", "core"], int(32, false)),
    ("u64", &["std", "core"], int(64, false)),
    ("f32", &["std", "core"], Kind::Float),
    ("f64", &["std", "core"], Kind::Double),
    ("str", &["std", "core"], Kind::Text),
    ("String", &["std", "alloc"], Kind::Text),
];

/// The types of the crates that sqlx supports.
const CRATES: &[Known] = &[
    ("IpAddr", &["std", "core"], Kind::Ip),
    ("Ipv4Addr", &["std", "core"], Kind::Ip),
    ("Ipv6Addr", &["std", "core"], Kind::Ip),
    ("Bytes", &["bytes"], Kind::Bytes),
    ("BytesMut", &["bytes"], Kind::Bytes),
    ("BStr", &["bstr"], Kind::Bytes),
    ("BString", &["bstr"], Kind::Bytes),
    ("Uuid", &["uuid"], Kind::Uuid),
    ("Hyphenated", &["uuid"], Kind::UuidText(36)),
    ("Simple", &["uuid"], Kind::UuidText(32)),
    ("NaiveDateTime", &["chrono"], Kind::DateTime),
    ("NaiveDate", &["chrono"], Kind::Date),
    ("NaiveTime", &["chrono"], Kind::Time),
    ("TimeDelta", &["chrono"], Kind::Duration),
    ("PrimitiveDateTime", &["time"], Kind::DateTime),
    ("OffsetDateTime", &["time"], Kind::Instant),
    ("Date", &["time", "jiff_sqlx"], Kind::Date),
    ("Time", &["time", "jiff_sqlx"], Kind::Time),
    ("Timestamp", &["jiff_sqlx"], Kind::Instant),
    (
        "Duration",
        &["std", "core", "chrono", "time"],
        Kind::Duration,
    ),
    ("MySqlTime", &["sqlx"], Kind::Duration),
    ("Decimal", &["rust_decimal"], Kind::Decimal),
    ("BigDecimal", &["bigdecimal"], Kind::Decimal),
    ("Json", &["sqlx"], Kind::Json),
    ("JsonValue", &["sqlx"], Kind::Json),
    ("JsonRawValue", &["sqlx"], Kind::Json),
    ("Value", &["serde_json"], Kind::Json),
    ("RawValue", &["serde_json"], Kind::Json),
    ("Text", &["sqlx"], Kind::Text),
];

/// The types of PostgreSQL alone, in its spelling.
const POSTGRES: &[(&str, &[&str], &str)] = &[
    ("IpNetwork", &["ipnetwork"], "inet"),
    ("Ipv4Network", &["ipnetwork"], "inet"),
    ("Ipv6Network", &["ipnetwork"], "inet"),
    ("IpNet", &["ipnet"], "inet"),
    ("MacAddress", &["mac_address"], "macaddr"),
    ("BitVec", &["bit_vec"], "bit varying"),
    ("Span", &["jiff_sqlx"], "interval"),
    ("PgInterval", &["sqlx"], "interval"),
    ("PgTimeTz", &["sqlx"], "time with time zone"),
    ("PgMoney", &["sqlx"], "money"),
    ("PgCiText", &["sqlx"], "citext"),
    ("PgLTree", &["sqlx"], "ltree"),
    ("PgLQuery", &["sqlx"], "lquery"),
    ("PgHstore", &["sqlx"], "hstore"),
    ("PgCube", &["sqlx"], "cube"),
    ("PgPoint", &["sqlx"], "point"),
    ("PgLine", &["sqlx"], "line"),
    ("PgLSeg", &["sqlx"], "lseg"),
    ("PgBox", &["sqlx"], "box"),
    ("PgPath", &["sqlx"], "path"),
    ("PgPolygon", &["sqlx"], "polygon"),
    ("PgCircle", &["sqlx"], "circle"),
    ("Oid", &["sqlx"], "oid"),
];

/// Returns the kind of the type at a path of another crate; `arguments` are its type arguments.
pub(super) fn known(path: &[String], arguments: &[Kind]) -> Option<Kind> {
    let (name, crates) = path.split_last()?;
    let from = |allowed: &[&str]| match crates.first().map(String::as_str) {
        None => true,
        // sqlx re-exports all of them.
        Some("sqlx" | "sqlx_core" | "sqlx_postgres" | "sqlx_mysql" | "sqlx_sqlite") => {
            let inner = crates.iter().find(|part| {
                CRATES
                    .iter()
                    .any(|(_, names, _)| names.contains(&part.as_str()))
                    && !part.starts_with("sqlx")
            });
            inner.is_none_or(|inner| allowed.contains(&inner.as_str()))
        }
        Some("serde_json") => allowed.contains(&"serde_json"),
        Some(first) => allowed.contains(&first),
    };
    // The kind of these depends on their arguments.
    match (name.as_str(), arguments) {
        ("DateTime", []) if from(&["jiff_sqlx"]) => return Some(Kind::DateTime),
        ("DateTime", _) if from(&["chrono"]) => return Some(Kind::Instant),
        ("PgRange", [of]) if from(&["sqlx"]) => return range(of),
        ("Text", [of]) if from(&["sqlx"]) => return Some(Kind::TextOf(Box::new(of.clone()))),
        _ => {}
    }
    let known = LANGUAGE.iter().chain(CRATES);
    let kind = known
        .filter(|(known, allowed, _)| known == name && from(allowed))
        .map(|(.., kind)| kind.clone());
    let postgres = POSTGRES
        .iter()
        .filter(|(known, allowed, _)| known == name && from(allowed))
        .map(|(.., sql)| Kind::Postgres((*sql).to_owned()));
    kind.chain(postgres).next()
}

fn range(of: &Kind) -> Option<Kind> {
    let name = match of {
        Kind::Int { bits: 32, .. } => "int4range",
        Kind::Int { bits: 64, .. } => "int8range",
        Kind::Decimal => "numrange",
        Kind::Date => "daterange",
        Kind::DateTime => "tsrange",
        Kind::Instant => "tstzrange",
        _ => return None,
    };
    Some(Kind::Postgres(name.to_owned()))
}
