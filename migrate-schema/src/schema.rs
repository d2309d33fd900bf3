//! A schema as data: what a database has, in its own spelling.

pub(crate) mod kinds;
mod options;
mod state;
pub(crate) mod text;
pub(crate) mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use kinds::{ObjectKind, ObjectRef, Schema};
pub use migrate_sql::Name;
pub use options::{OptionValue, Options};
pub use state::{Grant, ViewState};
pub use types::Affinity;

/// Something that a database has and that is no part of its [`Schema`].
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
    /// What it is, in the database's word, small: `event`, `publication`.
    pub kind: String,
    /// Its name.
    pub name: Name,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Table {
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Its primary key.
    pub primary_key: Option<Key>,
    /// Its unique constraints, sorted by their columns. On MySQL, where each is an index, those
    /// over whole columns and nothing else; the others are unique indexes.
    pub uniques: Vec<Key>,
    /// Its foreign keys, sorted by their columns.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints, sorted by their expressions.
    pub checks: Vec<Check>,
    /// Its indexes by their names, without those that a constraint made. The index that MySQL makes
    /// for a foreign key is one like any other, as the database does not say who made it.
    pub indexes: BTreeMap<String, Index>,
    /// PostgreSQL's exclusion constraints by their names, each as what stands behind
    /// `CONSTRAINT <name>`.
    pub exclusions: BTreeMap<String, String>,
    /// Its triggers by their names, each with the statement that makes it; where one is switched
    /// off or on in another way than usual, with a second statement that does so.
    pub triggers: BTreeMap<String, String>,
    /// PostgreSQL's row security policies by their names, each with the statement that makes it.
    pub policies: BTreeMap<String, String>,
    /// PostgreSQL's rewrite rules by their names, each with the statement that makes it.
    pub rules: BTreeMap<String, String>,
    /// Which part of a partitioned table it is: PostgreSQL.
    pub partition_of: Option<PartitionOf>,
    /// The tables whose columns it has too: PostgreSQL's `INHERITS`, in its order.
    pub inherits: Vec<Name>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
    /// What else makes the table what it is, such as `STRICT`, `ENGINE` or `PARTITION BY`. A
    /// virtual table of SQLite has `USING`, the module with its arguments, and no columns: those
    /// are the module's.
    pub options: Options,
}

/// The place of a partition in its table: what the table has it has too, and that is not repeated
/// there but for the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartitionOf {
    /// The partitioned table.
    pub table: Name,
    /// Which rows it has: `FOR VALUES FROM (1) TO (10)` or `DEFAULT`.
    pub bounds: String,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the database writes it: `character varying(255)`, `int(10) unsigned`.
    pub sql_type: String,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Its default, as it stands behind `DEFAULT`; none where [`Column::identity`] says who numbers it.
    pub default: Option<String>,
    /// What computes it.
    pub generated: Option<Generated>,
    /// Who numbers it.
    pub identity: Option<Identity>,
    /// The sequence that numbers it, where it is not the usual one.
    #[cfg_attr(feature = "serde", serde(rename = "numbering"))]
    pub sequence_options: Option<Sequence>,
    /// Its collation as SQL writes it, `"de-x-icu"` or `utf8mb4_bin`, where that is not the table's
    /// or the database's own.
    pub collation: Option<String>,
    /// What it is set to whenever its row changes: MySQL's `ON UPDATE`.
    pub on_update: Option<String>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
    /// What else makes it what it is: `INVISIBLE` of MySQL, `ON CONFLICT` of SQLite's `NOT NULL`.
    pub options: Options,
}

/// What a generated column is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generated {
    /// The expression.
    pub expression: String,
    /// Whether it is kept, or computed whenever it is read.
    pub stored: bool,
}

/// How a column is numbered by the database.
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
    /// Its columns, in their order.
    pub columns: Vec<String>,
    /// Its name; `None` where nobody gave one and the database has none.
    pub name: Option<String>,
    /// Columns that its index carries along: PostgreSQL's `INCLUDE`.
    pub include: Vec<String>,
    /// Whether two NULLs count as the same.
    pub nulls_not_distinct: bool,
    /// When it is checked.
    pub deferrable: Deferrable,
    /// What stands behind a column in it: `(10)` on MySQL, `COLLATE NOCASE DESC` on SQLite.
    pub qualifiers: BTreeMap<String, String>,
    /// What else makes it what it is: `ON CONFLICT` of SQLite, `WITHOUT OVERLAPS` of PostgreSQL.
    pub options: Options,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignKey {
    /// Its columns, in their order.
    pub columns: Vec<String>,
    /// The table it points to.
    pub table: Name,
    /// The columns there.
    pub references: Vec<String>,
    /// What happens when a row there is deleted.
    pub on_delete: Action,
    /// What happens when a row there gets another key.
    pub on_update: Action,
    /// When it is checked.
    pub deferrable: Deferrable,
    /// Its name; `None` where nobody gave one and the database has none.
    pub name: Option<String>,
    /// What else makes it what it is: `MATCH` or `NOT VALID` of PostgreSQL.
    pub options: Options,
}

/// What a foreign key does when what it points to changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Action {
    /// Refuses, at the latest when the transaction ends; the same as saying nothing.
    #[default]
    NoAction,
    /// Refuses at once. MySQL does the same for `NO ACTION`, and is read as that.
    Restrict,
    /// Does the same to the rows that point there.
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
    /// At once.
    #[default]
    No,
    /// At once, unless a transaction asks for later.
    Immediate,
    /// When the transaction ends.
    Deferred,
}

/// A check constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Check {
    /// What must hold; with parentheses around it or without, as the database writes it.
    pub expression: String,
    /// Its name; `None` where nobody gave one and the database has none.
    pub name: Option<String>,
    /// What else makes it what it is: `NO INHERIT` or `NOT VALID` of PostgreSQL.
    pub options: Options,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Index {
    /// What it is over, in this order.
    pub parts: Vec<IndexPart>,
    /// Whether two rows may be the same there.
    pub unique: bool,
    /// How it works, such as `gin` or `FULLTEXT`, where that is not the usual way.
    pub method: Option<String>,
    /// Which rows it has, where not all.
    pub predicate: Option<String>,
    /// Columns it carries along: PostgreSQL's `INCLUDE`.
    pub include: Vec<String>,
    /// Whether two NULLs count as the same.
    pub nulls_not_distinct: bool,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
    /// What else makes it what it is: `fillfactor` of PostgreSQL, `IGNORED` of MariaDB. An index of
    /// PostgreSQL that could not be built to its end has `INVALID`.
    pub options: Options,
}

/// One column or expression of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IndexPart {
    /// The column's name, or the expression as the database writes it.
    pub over: String,
    /// Whether it is an expression.
    pub expression: bool,
    /// Whether the largest comes first.
    pub descending: bool,
    /// Where NULLs stand, if not where the order puts them by itself: PostgreSQL.
    pub nulls_first: Option<bool>,
    /// Its collation, where that is not the column's.
    pub collation: Option<String>,
    /// Its operator class, where that is not the type's own: PostgreSQL.
    pub operator_class: Option<String>,
    /// How many characters of it count: MySQL.
    pub prefix: Option<u32>,
}

/// A view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// What it selects.
    pub definition: String,
    /// The names of its columns, where [`View::definition`] does not say them: SQLite.
    pub columns: Vec<String>,
    /// Whether its rows are kept.
    pub materialized: bool,
    /// The indexes of its rows by their names, where they are kept.
    pub indexes: BTreeMap<String, Index>,
    /// Its triggers by their names, each with the statement that makes it.
    pub triggers: BTreeMap<String, String>,
    /// PostgreSQL's rewrite rules by their names, without the one that makes it a view.
    pub rules: BTreeMap<String, String>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
    /// The comments of its columns.
    pub column_comments: BTreeMap<String, String>,
    /// What else makes it what it is: `security_barrier` of PostgreSQL, `ALGORITHM` of MySQL.
    pub options: Options,
    /// How it stands in the database that it was read from, where that is PostgreSQL; never
    /// compared or written.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub state: ViewState,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence {
    /// The type of its numbers.
    pub sql_type: String,
    /// Its first number.
    pub start: i64,
    /// How far each is from the one before.
    pub increment: i64,
    /// The least.
    pub min: i64,
    /// The greatest.
    pub max: i64,
    /// Whether it begins again after the last.
    pub cycle: bool,
    /// How many numbers a session takes at once.
    pub cache: i64,
    /// The column it goes away with, though it does not number it: PostgreSQL's `OWNED BY`.
    pub owned_by: Option<(Name, String)>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
}

/// An enumerated type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Enum {
    /// Its values, in their order.
    pub values: Vec<String>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
}

/// A domain: a type with rules of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Domain {
    /// The type it is made of.
    pub sql_type: String,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Its default, as an expression.
    pub default: Option<String>,
    /// Its collation, where that is not the type's own.
    pub collation: Option<String>,
    /// What its values must hold to, sorted by their expressions.
    pub checks: Vec<Check>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
}

/// An object that is created from a single text: a composite or range type, a collation, a text
/// search dictionary or configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Definition {
    /// What stands behind `CREATE TYPE <name>`: `AS (x integer, y integer)`; of a configuration
    /// with the statements that add its mappings.
    pub definition: String,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
}

/// What tells a function or procedure from the others.
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
    /// Its kind: on MySQL a function and a procedure can have the same name.
    pub kind: RoutineKind,
    /// Its name.
    pub name: Name,
    /// The types of what it takes, as `DROP FUNCTION` wants them; empty on MySQL, where the name
    /// is enough.
    pub arguments: String,
}

/// What a routine is.
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
    /// The statement that makes it; `None` where the user who asked may not see it: MySQL.
    pub definition: Option<String>,
    /// What it is for, where somebody has written it down.
    pub comment: Option<String>,
}

/// An extension that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Extension {
    /// The named schema its objects are in; `None` stands for the one that the connection uses by
    /// itself.
    pub schema: Option<String>,
    /// The extensions that must be there before it.
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

    /// Returns its word, small.
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
    /// Reads what [`Signature`] writes; what lacks a kind is a function.
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
    /// Reads what a database calls it; what is not known is the same as nothing.
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

    /// Returns its words in SQL.
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
