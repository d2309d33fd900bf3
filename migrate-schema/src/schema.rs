//! A schema as data: what a database has, in its own spelling.

pub(crate) mod composite;
pub(crate) mod dependencies;
pub(crate) mod kinds;
mod options;
mod state;
pub(crate) mod stored_session;
pub(crate) mod text;
pub(crate) mod types;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use dependencies::{Dependencies, Part};
pub use kinds::{ObjectKind, ObjectRef, Schema};
pub use migrate_sql::Name;
pub use options::{OptionValue, Options};
pub use state::{ColumnState, Grant, Inherited, Privileges, SchemaState, ViewState};
pub use stored_session::with_session;
pub use text::mentions;
pub use types::Affinity;
pub use values::{listed, literals};

/// An object of a database that is not part of its [`Schema`].
///
/// ```
/// use migrate_schema::{Name, NotCarried};
///
/// let event = NotCarried { kind: "event".to_owned(), name: Name::plain("nightly") };
/// assert_eq!(event.to_string(), "event `nightly`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NotCarried {
    /// The kind as the database calls it, in lower case: `event`, `publication`.
    pub kind: String,
    /// The object's name.
    pub name: Name,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Table {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// The primary key.
    pub primary_key: Option<Key>,
    /// The unique constraints, sorted by their columns. On MySQL, where each is an index, only those
    /// over whole columns; the others are unique indexes.
    pub uniques: Vec<Key>,
    /// The foreign keys, sorted by their columns.
    pub foreign_keys: Vec<ForeignKey>,
    /// The check constraints, sorted by their expressions.
    pub checks: Vec<Check>,
    /// The indexes by name, without those that belong to a constraint. An index that MySQL created
    /// for a foreign key is included, as the database does not distinguish it from others.
    pub indexes: BTreeMap<String, Index>,
    /// PostgreSQL's exclusion constraints by name, each as the text after `CONSTRAINT <name>`.
    pub exclusions: BTreeMap<String, String>,
    /// The triggers by name, each with the statement that creates it; on PostgreSQL with a second one
    /// if it is disabled or enabled in another mode than the default, on MySQL in its session
    /// ([`with_session`]).
    pub triggers: BTreeMap<String, String>,
    /// PostgreSQL's row security policies by name, each with the statement that creates it.
    pub policies: BTreeMap<String, String>,
    /// PostgreSQL's rewrite rules by name, each with the statement that creates it.
    pub rules: BTreeMap<String, String>,
    /// The partitioned table that this is a partition of, if any: PostgreSQL.
    pub partition_of: Option<PartitionOf>,
    /// The parents whose columns it inherits, in their order: PostgreSQL's `INHERITS`.
    pub inherits: Vec<Name>,
    /// The comment.
    pub comment: Option<String>,
    /// Further options, such as `STRICT`, `ENGINE` or `PARTITION BY`. A virtual table of SQLite has
    /// `USING`, the module with its arguments, and no columns, as the module defines those.
    pub options: Options,
}

/// The place of a partition in its table. What the partition inherits from the table is not
/// repeated in it, except for the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartitionOf {
    /// The partitioned table.
    pub table: Name,
    /// The rows that it holds: `FOR VALUES FROM (1) TO (10)` or `DEFAULT`.
    pub bounds: String,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The type, as the database writes it: `character varying(255)`, `int(10) unsigned`.
    pub sql_type: String,
    /// Whether it accepts NULL.
    pub nullable: bool,
    /// The default, as SQL after `DEFAULT`; none if [`Column::identity`] says how values are generated.
    pub default: Option<String>,
    /// The expression that computes it, if it is generated.
    pub generated: Option<Generated>,
    /// How the database generates values for it: identity, serial, or auto-increment.
    pub identity: Option<Identity>,
    /// The options of the sequence that numbers it, if they are not the defaults.
    #[cfg_attr(feature = "serde", serde(rename = "numbering"))]
    pub sequence_options: Option<Sequence>,
    /// The collation as SQL writes it, `"de-x-icu"` or `utf8mb4_bin`, if it is not the default of
    /// the table or database.
    pub collation: Option<String>,
    /// The value that it gets whenever its row changes: MySQL's `ON UPDATE`.
    pub on_update: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// Further options: MySQL's `INVISIBLE`, the `ON CONFLICT` of SQLite's `NOT NULL`. Those of
    /// PostgreSQL's `NOT NULL`, from version 18 on, are `CONSTRAINT`, its name if it is not
    /// `<table>_<column>_not_null` or that of the table above, `NO INHERIT` and `NOT VALID`.
    pub options: Options,
    /// Whether it is there only because a table above has it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub inherited: Inherited,
    /// What it was created with and no difference is.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "ColumnState::is_usual")
    )]
    pub state: ColumnState,
}

/// How a generated column is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generated {
    /// The expression.
    pub expression: String,
    /// Whether the value is stored, instead of computed whenever it is read.
    pub stored: bool,
}

/// How the database generates the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Identity {
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
    /// PostgreSQL's `serial`: a default from a sequence that belongs to the column.
    Serial,
    /// `AUTO_INCREMENT` of MySQL, `AUTOINCREMENT` of SQLite.
    AutoIncrement,
}

/// A primary key or a unique constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Key {
    /// The columns, in their order.
    pub columns: Vec<String>,
    /// The name; `None` if the database does not name it.
    pub name: Option<String>,
    /// Further columns that its index stores: PostgreSQL's `INCLUDE`.
    pub include: Vec<String>,
    /// Whether two NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// When it is checked.
    pub deferrable: Deferrable,
    /// The text after a column, by the column: `(10)` on MySQL, `COLLATE NOCASE DESC` on SQLite.
    pub qualifiers: BTreeMap<String, String>,
    /// Further options: SQLite's `ON CONFLICT`, PostgreSQL's `WITHOUT OVERLAPS`.
    pub options: Options,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignKey {
    /// The columns, in their order.
    pub columns: Vec<String>,
    /// The table that it references.
    pub table: Name,
    /// The referenced columns.
    pub references: Vec<String>,
    /// What happens when a referenced row is deleted.
    pub on_delete: Action,
    /// What happens when the key of a referenced row changes.
    pub on_update: Action,
    /// When it is checked.
    pub deferrable: Deferrable,
    /// The name; `None` if the database does not name it.
    pub name: Option<String>,
    /// Further options: PostgreSQL's `MATCH` or `NOT VALID`.
    pub options: Options,
}

/// What a foreign key does when a referenced row changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Action {
    /// Rejects the change, at the latest at the end of the transaction; the default.
    #[default]
    NoAction,
    /// Rejects the change immediately. MySQL does so for `NO ACTION` too, which it is read as.
    Restrict,
    /// Does the same to the referencing rows.
    Cascade,
    /// Sets them to NULL.
    SetNull,
    /// Sets them to their default.
    SetDefault,
}

/// When a constraint is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Deferrable {
    /// Immediately.
    #[default]
    No,
    /// Immediately, unless a transaction defers it.
    Immediate,
    /// At the end of the transaction.
    Deferred,
}

/// A check constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Check {
    /// The condition, with or without parentheses around it, as the database writes it.
    pub expression: String,
    /// The name; `None` if the database does not name it.
    pub name: Option<String>,
    /// Further options: PostgreSQL's `NO INHERIT` or `NOT VALID`.
    pub options: Options,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Index {
    /// The columns and expressions, in their order.
    pub parts: Vec<IndexPart>,
    /// Whether it rejects equal rows.
    pub unique: bool,
    /// The access method, such as `gin` or `FULLTEXT`, if it is not the default one.
    pub method: Option<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// Further columns that it stores: PostgreSQL's `INCLUDE`.
    pub include: Vec<String>,
    /// Whether two NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// The comment.
    pub comment: Option<String>,
    /// Further options: PostgreSQL's `fillfactor`, MariaDB's `IGNORED`. An index that PostgreSQL
    /// failed to build has `INVALID`.
    pub options: Options,
}

/// A column or expression of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IndexPart {
    /// The column's name, or the expression as the database writes it.
    pub over: String,
    /// Whether it is an expression.
    pub expression: bool,
    /// Whether it is in descending order.
    pub descending: bool,
    /// Whether NULLs come first, if that is not the default of the order: PostgreSQL.
    pub nulls_first: Option<bool>,
    /// The collation, if it is not the column's.
    pub collation: Option<String>,
    /// The operator class, if it is not the type's default: PostgreSQL.
    pub operator_class: Option<String>,
    /// How many characters of it are indexed: MySQL.
    pub prefix: Option<u32>,
}

/// A view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// The query.
    pub definition: String,
    /// The names of the columns, if [`View::definition`] does not include them: SQLite.
    pub columns: Vec<String>,
    /// Whether it is materialized.
    pub materialized: bool,
    /// The indexes of a materialized view, by name.
    pub indexes: BTreeMap<String, Index>,
    /// The triggers by name, each with the statement that creates it.
    pub triggers: BTreeMap<String, String>,
    /// PostgreSQL's rewrite rules by name, without the one that implements the view.
    pub rules: BTreeMap<String, String>,
    /// The comment.
    pub comment: Option<String>,
    /// The comments of the columns.
    pub column_comments: BTreeMap<String, String>,
    /// The defaults of the columns, which an INSERT into the view uses: PostgreSQL.
    #[cfg_attr(feature = "serde", serde(default))]
    pub column_defaults: BTreeMap<String, String>,
    /// Further options: PostgreSQL's `security_barrier`, MySQL's `ALGORITHM`.
    pub options: Options,
    /// The columns in the PostgreSQL database that it was read from; never compared or written.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub state: ViewState,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence {
    /// The type of its numbers.
    pub sql_type: String,
    /// The first number.
    pub start: i64,
    /// The difference between two numbers.
    pub increment: i64,
    /// The minimum.
    pub min: i64,
    /// The maximum.
    pub max: i64,
    /// Whether it starts again after the last number.
    pub cycle: bool,
    /// How many numbers a session reserves at a time.
    pub cache: i64,
    /// The column that it is dropped with, though it does not number it: PostgreSQL's `OWNED BY`.
    pub owned_by: Option<(Name, String)>,
    /// The comment.
    pub comment: Option<String>,
}

impl Sequence {
    /// Returns the sequence that PostgreSQL creates for a `serial` or identity column of this type,
    /// if no options are given.
    #[must_use]
    pub fn of_column(sql_type: &str) -> Self {
        let max = match sql_type {
            "smallint" => i64::from(i16::MAX),
            "integer" => i64::from(i32::MAX),
            _ => i64::MAX,
        };
        Self {
            sql_type: sql_type.to_owned(),
            start: 1,
            increment: 1,
            min: 1,
            max,
            cache: 1,
            ..Self::default()
        }
    }
}

/// An enumerated type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Enum {
    /// The values, in their order.
    pub values: Vec<String>,
    /// The comment.
    pub comment: Option<String>,
}

/// A domain: a type with constraints of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Domain {
    /// The underlying type.
    pub sql_type: String,
    /// Whether it accepts NULL.
    pub nullable: bool,
    /// The name of the constraint that keeps it from NULL, if it is not `<domain>_not_null`:
    /// PostgreSQL 17 and later.
    #[cfg_attr(feature = "serde", serde(default))]
    pub not_null_name: Option<String>,
    /// The default, as an expression.
    pub default: Option<String>,
    /// The collation, if it is not the type's default.
    pub collation: Option<String>,
    /// The check constraints, sorted by their expressions.
    pub checks: Vec<Check>,
    /// The comments of the constraints by their names.
    #[cfg_attr(feature = "serde", serde(default))]
    pub constraint_comments: BTreeMap<String, String>,
    /// The comment.
    pub comment: Option<String>,
}

impl Schema {
    /// Returns the name that PostgreSQL 18 gives to the constraint of a column's `NOT NULL`.
    pub(crate) fn not_null_name(&self, table: &Name, column: &Column) -> String {
        if let Some(name) = column.options.value("CONSTRAINT") {
            return name.to_owned();
        }
        let is_part = |name| {
            self.tables
                .get(name)
                .is_some_and(|it| it.partition_of.is_some())
        };
        match self.not_null_above(table, column) {
            Some(_) if column.state.not_null_name.is_some() => {
                column.state.not_null_name.clone().unwrap_or_default()
            }
            Some((parent, above)) if column.state.is_not_null_inherited || is_part(table) => {
                self.not_null_name(parent, above)
            }
            _ => format!("{}_{}_not_null", table.name, column.name),
        }
    }

    /// Returns a table above, and its column, that gives a column its `NOT NULL`.
    pub(crate) fn not_null_above(&self, table: &Name, column: &Column) -> Option<(&Name, &Column)> {
        let table = self.tables.get(table)?;
        table.parents().find_map(|parent| {
            let above = self.tables.get(parent)?.column(&column.name)?;
            let gives = !above.nullable && !above.options.has("NO INHERIT");
            gives.then_some((parent, above))
        })
    }
}

impl Domain {
    /// Returns the name of the constraint of `NOT NULL`.
    pub(crate) fn not_null_name(&self, domain: &Name) -> String {
        let usual = || format!("{}_not_null", domain.name);
        self.not_null_name.clone().unwrap_or_else(usual)
    }
}

/// An object that is created from a single text: a composite or range type, a collation, a text
/// search dictionary or configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Definition {
    /// The text after `CREATE TYPE <name>`: `AS (x integer, y integer)`; of a configuration with
    /// the statements that add its mappings.
    pub definition: String,
    /// The comment.
    pub comment: Option<String>,
}

/// What distinguishes a function or procedure from others.
///
/// ```
/// use migrate_schema::{Name, RoutineKind, Signature};
///
/// let signature = Signature {
///     kind: RoutineKind::Function,
///     name: Name::from("billing.total"),
///     arguments: "integer, text".to_owned(),
/// };
/// assert_eq!(signature.to_string(), "function billing.total(integer, text)");
/// assert_eq!(Signature::from(signature.to_string()), signature);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", from = "String")
)]
pub struct Signature {
    /// The kind: on MySQL, a function and a procedure can have the same name.
    pub kind: RoutineKind,
    /// The routine's name.
    pub name: Name,
    /// The types of the arguments, as `DROP FUNCTION` needs them; empty on MySQL, where the name
    /// is enough.
    pub arguments: String,
}

/// A kind of routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoutineKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate of PostgreSQL.
    Aggregate,
}

/// A function or procedure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Routine {
    /// The statement that creates it, on MySQL in its session ([`with_session`]); `None` if the user
    /// may not see it: MySQL.
    pub definition: Option<String>,
    /// The comment.
    pub comment: Option<String>,
}

/// A scheduled event of MySQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// The statement that creates it, in its session ([`with_session`]).
    pub definition: String,
}

/// An extension that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Extension {
    /// The named schema that its objects are in; `None` for the connection's default one.
    pub schema: Option<String>,
    /// The extensions that it requires.
    #[cfg_attr(feature = "serde", serde(default))]
    pub requires: BTreeSet<String>,
}

impl fmt::Display for NotCarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

impl Table {
    /// Returns the column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns whether a column of SQLite is an alias of the row's number, which the database
    /// generates (<https://sqlite.org/lang_createtable.html#rowid>).
    ///
    /// ```
    /// use migrate_schema::{Column, Key, Table};
    ///
    /// let id = Column { name: "id".to_owned(), sql_type: "INTEGER".to_owned(), ..Column::default() };
    /// let key = Key { columns: vec!["id".to_owned()], ..Key::default() };
    /// let mut table = Table { columns: vec![id], primary_key: Some(key), ..Table::default() };
    /// assert!(table.is_rowid(&table.columns[0]));
    ///
    /// table.options.set("WITHOUT ROWID");
    /// assert!(!table.is_rowid(&table.columns[0]));
    /// ```
    #[must_use]
    pub fn is_rowid(&self, column: &Column) -> bool {
        let key = self.primary_key.as_ref();
        column.sql_type.eq_ignore_ascii_case("INTEGER")
            && !self.options.has("WITHOUT ROWID")
            // `PRIMARY KEY DESC` is no alias.
            && key.is_some_and(|key| {
                key.columns == [column.name.as_str()] && key.qualifiers.is_empty()
            })
    }
}

impl Table {
    /// Returns the tables above it: the partitioned one, or those that it inherits from.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &Name> {
        let whole = self.partition_of.iter().map(|part| &part.table);
        self.inherits.iter().chain(whole)
    }
}

impl Routine {
    /// Returns the statement that creates it, without an end; empty if it is not known.
    pub(crate) fn statement(&self) -> &str {
        let statement = self.definition.as_deref().unwrap_or_default();
        statement.trim_end().trim_end_matches(';')
    }
}

impl RoutineKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Function, Self::Procedure, Self::Aggregate];

    /// Returns its name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Aggregate => "aggregate",
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}({})",
            self.kind.as_str(),
            self.name,
            self.arguments
        )
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.to_string()
    }
}

impl From<String> for Signature {
    /// Parses what [`Signature`] displays; without a kind, it is a function.
    fn from(text: String) -> Self {
        let (kind, rest) = RoutineKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.as_str())?.strip_prefix(' ')?)))
            .unwrap_or((RoutineKind::Function, &text));
        let mut quoted = false;
        let opening = rest.find(|sign| {
            quoted ^= sign == '"';
            sign == '(' && !quoted
        });
        let (name, arguments) = opening.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
        Self {
            kind,
            name: Name::from(name),
            arguments: arguments.strip_suffix(')').unwrap_or(arguments).to_owned(),
        }
    }
}

impl Action {
    /// Parses the SQL keyword; an unknown one is [`Action::NoAction`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "RESTRICT" => Self::Restrict,
            "CASCADE" => Self::Cascade,
            "SET NULL" => Self::SetNull,
            "SET DEFAULT" => Self::SetDefault,
            _ => Self::NoAction,
        }
    }

    /// Returns the SQL keyword.
    #[must_use]
    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, RoutineKind, Signature};

    #[test]
    fn signatures_read_as_they_are_written() {
        for kind in RoutineKind::ALL {
            for (name, arguments) in [
                ("total", ""),
                ("a.total", "integer, numeric(10,2)"),
                ("\"o\"\"d(d\"", "\"x(y)\", \"a\"\".b\"[]"),
                ("function x", "text"),
            ] {
                let signature = Signature {
                    kind,
                    name: Name::from(name),
                    arguments: arguments.to_owned(),
                };
                let text = signature.to_string();
                assert_eq!(Signature::from(text.clone()), signature, "{text}");
            }
        }
    }

    #[test]
    fn names_read_as_they_are_written() {
        for (schema, name) in [
            (None, "users"),
            (Some("billing"), "invoices"),
            (Some("a.b"), "c.d"),
            (None, "odd.name"),
            (None, "."),
            (Some("a"), ".b"),
            (Some("a."), "\"b\""),
        ] {
            let name = Name {
                schema: schema.map(str::to_owned),
                name: name.to_owned(),
            };
            assert_eq!(Name::from(name.to_string()), name, "{name}");
        }
    }
}
