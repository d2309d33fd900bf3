//! What a database has other than it should.

use std::fmt;

use crate::diff::change::{Change, Constraint};
use crate::diff::{diff, renames::Renames};
use crate::schema::{Column, Name, Schema};

/// Something that a database lacks, has too much, or has in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Difference {
    /// Which of the three.
    pub kind: DifferenceKind,
    /// What it is about, such as ``column `users.email` ``.
    pub object: String,
    /// The table or view it belongs to, where it belongs to one.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub table: Option<Name>,
    /// What there should be.
    pub expected: Option<String>,
    /// What there is.
    pub actual: Option<String>,
}

/// How two schemas differ in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum DifferenceKind {
    /// It is not there.
    Missing,
    /// It is there and should not be.
    Extra,
    /// It is there, in another way.
    Different,
}

impl DifferenceKind {
    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.object)?;
        match (self.kind, &self.expected, &self.actual) {
            (DifferenceKind::Different, Some(expected), Some(actual)) => {
                write!(f, ": it should be {expected}, and is {actual}")
            }
            (DifferenceKind::Missing, Some(expected), _) => write!(f, ": {expected}"),
            (DifferenceKind::Extra, _, Some(actual)) => write!(f, ": {actual}"),
            _ => Ok(()),
        }
    }
}

/// Returns what a database has other than it should: the tables first that lack or differ.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Name, Schema, Table, differences};
///
/// let actual = Schema::empty(Dialect::Sqlite);
/// let mut expected = actual.clone();
/// expected.tables.insert(Name::plain("users"), Table::default());
///
/// assert_eq!(differences(&expected, &actual)[0].to_string(), "missing table `users`");
/// ```
#[must_use]
pub fn differences(expected: &Schema, actual: &Schema) -> Vec<Difference> {
    let changes = diff(expected, actual, &Renames::none());
    let mut all: Vec<Difference> = changes.iter().map(difference).collect();
    // What belongs to a table stands together, the worst first.
    all.sort_by(|a, b| (a.kind, &a.table).cmp(&(b.kind, &b.table)));
    all
}

/// What leads from what should be to what is, is what differs.
fn difference(change: &Change) -> Difference {
    let (kind, object, expected, actual) = match change {
        Change::CreateTable { name, .. } => extra(format!("table `{name}`"), None),
        Change::DropTable { name, .. } => missing(format!("table `{name}`"), None),
        Change::AddColumn { table, column } => {
            extra(column_name(table, column), Some(described(column)))
        }
        Change::DropColumn { table, column } => {
            missing(column_name(table, column), Some(described(column)))
        }
        Change::AlterColumn { table, from, to } => {
            let (expected, actual) = apart(from, to);
            different(column_name(table, from), Some(expected), Some(actual))
        }
        Change::AddConstraint { table, constraint } => extra(of(table, constraint), None),
        Change::DropConstraint { table, constraint } => missing(of(table, constraint), None),
        Change::CreateIndex { table, name, .. } => extra(index(table, name), None),
        Change::DropIndex { table, name, .. } => missing(index(table, name), None),
        Change::CreateView { name, .. } => extra(format!("view `{name}`"), None),
        Change::DropView { name, .. } => missing(format!("view `{name}`"), None),
        Change::AlterView { name, from, to } => different(
            format!("view `{name}`"),
            Some(from.definition.clone()),
            Some(to.definition.clone()),
        ),
        Change::CreateSequence { name, .. } => extra(format!("sequence `{name}`"), None),
        Change::DropSequence { name, .. } => missing(format!("sequence `{name}`"), None),
        Change::AlterSequence { name, .. } => different(format!("sequence `{name}`"), None, None),
        Change::CreateEnum { name, .. } => extra(format!("enum `{name}`"), None),
        Change::DropEnum { name, .. } => missing(format!("enum `{name}`"), None),
        Change::AlterEnum { name, from, to } => different(
            format!("enum `{name}`"),
            Some(from.values.join(", ")),
            Some(to.values.join(", ")),
        ),
        Change::AlterTable {
            table,
            option,
            from,
            to,
        } => different(
            format!("{} of table `{table}`", option.to_lowercase()),
            Some(from.clone().unwrap_or_else(|| "none".to_owned())),
            Some(to.clone().unwrap_or_else(|| "none".to_owned())),
        ),
        Change::Create { kind, name, .. } => extra(format!("{} `{name}`", kind.as_str()), None),
        Change::Drop { kind, name, .. } => missing(format!("{} `{name}`", kind.as_str()), None),
        Change::Alter {
            kind,
            name,
            from,
            to,
            ..
        } => different(
            format!("{} `{name}`", kind.as_str()),
            Some(from.clone()),
            Some(to.clone()),
        ),
        Change::RenameTable { from, to } => different(
            format!("table `{from}`"),
            Some(from.to_string()),
            Some(to.to_string()),
        ),
        Change::RenameColumn { table, from, to } => different(
            format!("column `{table}.{from}`"),
            Some(from.clone()),
            Some(to.clone()),
        ),
        Change::RenameIndex { table, from, to } => different(
            format!("name of {}", index(table, from)),
            Some(from.clone()),
            Some(to.clone()),
        ),
        Change::RenameConstraint { table, from, to } => different(
            format!("name of {}", of(table, from)),
            from.name().map(str::to_owned),
            to.name().map(str::to_owned),
        ),
    };
    Difference {
        kind,
        object,
        table: change.table().cloned(),
        expected,
        actual,
    }
}

type Parts = (DifferenceKind, String, Option<String>, Option<String>);

const fn missing(object: String, expected: Option<String>) -> Parts {
    (DifferenceKind::Missing, object, expected, None)
}

const fn extra(object: String, actual: Option<String>) -> Parts {
    (DifferenceKind::Extra, object, None, actual)
}

const fn different(object: String, expected: Option<String>, actual: Option<String>) -> Parts {
    (DifferenceKind::Different, object, expected, actual)
}

fn column_name(table: &Name, column: &Column) -> String {
    format!("column `{table}.{}`", column.name)
}

fn of(table: &Name, constraint: &Constraint) -> String {
    format!("{constraint} of table `{table}`")
}

fn index(table: &Name, name: &str) -> String {
    format!("index `{name}` of table `{table}`")
}

/// A column in a few words.
fn described(column: &Column) -> String {
    traits(column)
        .into_iter()
        .filter_map(|(word, value)| value.map(|value| [word, &value].concat()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same of two columns, without what they share beyond the type.
fn apart(expected: &Column, actual: &Column) -> (String, String) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for ((word, expected), (_, actual)) in traits(expected).into_iter().zip(traits(actual)) {
        if expected == actual && !word.is_empty() {
            continue;
        }
        for (value, side) in [(expected, &mut left), (actual, &mut right)] {
            side.extend(value.map(|value| [word, &value].concat()));
        }
    }
    if left == right {
        left.push("with other options".to_owned());
    }
    (left.join(" "), right.join(" "))
}

fn traits(column: &Column) -> [(&'static str, Option<String>); 9] {
    let generated = column.generated.as_ref();
    [
        ("", Some(column.sql_type.clone())),
        (
            "",
            Some(if column.nullable { "null" } else { "not null" }.to_owned()),
        ),
        ("default ", column.default.clone()),
        (
            "generated as ",
            generated.map(|generated| generated.expression.clone()),
        ),
        (
            "",
            generated.map(|generated| {
                if generated.stored {
                    "stored"
                } else {
                    "virtual"
                }
                .to_owned()
            }),
        ),
        (
            "numbered ",
            column.identity.map(|identity| format!("{identity:?}")),
        ),
        ("collate ", column.collation.clone()),
        ("on update ", column.on_update.clone()),
        ("comment ", column.comment.clone()),
    ]
}
