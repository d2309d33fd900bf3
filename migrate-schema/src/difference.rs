//! The differences between an expected and an actual schema.

use std::fmt;

use crate::ddl::{clause, definition};
use crate::diff::change::{Change, Object, Renamed};
use crate::diff::diff;
use crate::diff::renames::Renames;
use crate::schema::{Column, Name, OptionValue, Schema, Sequence};
use migrate_core::Dialect;

/// An object that is missing, extra or different.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Difference {
    /// Which of the three.
    pub kind: DifferenceKind,
    /// The object, such as ``column `users.email` ``.
    pub object: String,
    /// The table or view it belongs to, where it belongs to one.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub table: Option<Name>,
    /// The expected content.
    pub expected: Option<String>,
    /// The actual content.
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
    /// The object does not exist.
    Missing,
    /// The object exists and is not expected.
    Extra,
    /// The object exists and differs.
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
                write!(f, ": expected {expected}, found {actual}")
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
    let mut all: Vec<Difference> = changes
        .iter()
        .map(|change| difference(expected.dialect, change))
        .collect();
    // Grouped by table, missing objects first.
    all.sort_by(|a, b| (a.kind, &a.table).cmp(&(b.kind, &b.table)));
    all
}

/// Describes a change that leads from the expected schema to the actual one.
fn difference(dialect: Dialect, change: &Change) -> Difference {
    let option = |expected, actual| {
        let (expected, actual) = option_values(expected, actual);
        (DifferenceKind::Different, Some(expected), Some(actual))
    };
    let text = |text: &str| Some(text.to_owned());
    let (kind, expected, actual) = match change {
        Change::Create(Object::Option { value, .. }) => option(None, Some(value)),
        Change::Drop(Object::Option { value, .. }) => option(Some(value), None),
        Change::Create(object) => (DifferenceKind::Extra, None, described_if_column(object)),
        Change::Drop(object) => (DifferenceKind::Missing, described_if_column(object), None),
        Change::Alter { from, to } => match (from, to) {
            (Object::Option { value: from, .. }, Object::Option { value: to, .. }) => {
                option(Some(from), Some(to))
            }
            (Object::Column { value: from, .. }, Object::Column { value: to, .. }) => {
                let (expected, actual) = apart(from, to);
                (DifferenceKind::Different, Some(expected), Some(actual))
            }
            (from, to) => {
                let [expected, actual] = [from, to].map(|object| content(dialect, object));
                (DifferenceKind::Different, expected, actual)
            }
        },
        Change::Rename(renamed) => {
            let (expected, actual) = match renamed {
                Renamed::Table { from, to } => (text(&from.to_string()), text(&to.to_string())),
                Renamed::Column { from, to, .. } | Renamed::Index { from, to, .. } => {
                    (text(from), text(to))
                }
                Renamed::Constraint { from, to, .. } => {
                    (from.name().and_then(text), to.name().and_then(text))
                }
            };
            (DifferenceKind::Different, expected, actual)
        }
    };
    Difference {
        kind,
        object: match change {
            Change::Create(object) | Change::Drop(object) | Change::Alter { from: object, .. } => {
                named(object)
            }
            Change::Rename(renamed) => match renamed {
                Renamed::Table { from, .. } => format!("table `{from}`"),
                Renamed::Column { table, from, .. } => format!("column `{table}.{from}`"),
                Renamed::Constraint { table, from, .. } => {
                    format!("name of {from} of table `{table}`")
                }
                Renamed::Index { table, from, .. } => {
                    format!("name of index `{from}` of table `{table}`")
                }
            },
        },
        table: change.table().cloned(),
        expected,
        actual,
    }
}

/// Names an object as messages do.
fn named(object: &Object) -> String {
    match object {
        Object::Option { table, name, .. } => {
            format!("{} of table `{table}`", name.to_lowercase())
        }
        Object::Column { table, value } => format!("column `{table}.{}`", value.name),
        Object::Constraint { table, value } => format!("{value} of table `{table}`"),
        Object::Index { table, name, .. } => format!("index `{name}` of table `{table}`"),
        object => format!("{} `{}`", object.kind(), object.name()),
    }
}

/// Returns what an object that differs is compared by; `None` if that is not one text.
fn content(dialect: Dialect, object: &Object) -> Option<String> {
    match object {
        Object::View { value, .. } => Some(value.definition.clone()),
        Object::Enum { value, .. } => Some(value.values.join(", ")),
        Object::Sequence { value, .. } => Some(counts(value)),
        Object::Trigger { value, .. }
        | Object::Policy { value, .. }
        | Object::Rule { value, .. } => Some(value.clone()),
        object => definition::create(dialect, object.as_ref()?),
    }
}

/// Describes a sequence by all that it is compared by.
fn counts(sequence: &Sequence) -> String {
    let mut text = clause::sequence(sequence, true);
    if let Some((table, column)) = &sequence.owned_by {
        text = format!("{text} OWNED BY {table}.{column}");
    }
    match &sequence.comment {
        Some(comment) => format!("{text}, comment {comment}"),
        None => text,
    }
}

/// Returns two values of an option in words; a bare keyword is set or not.
fn option_values(expected: Option<&OptionValue>, actual: Option<&OptionValue>) -> (String, String) {
    let (set, missing) = match [expected, actual].contains(&Some(&OptionValue::Set)) {
        true => ("set", "not set"),
        false => ("", "none"),
    };
    let words = |value: Option<&OptionValue>| match value {
        None => missing.to_owned(),
        Some(value) => value.as_value().unwrap_or(set).to_owned(),
    };
    (words(expected), words(actual))
}

fn described_if_column(object: &Object) -> Option<String> {
    match object {
        Object::Column { value, .. } => Some(described(value)),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::differences;
    use crate::schema::{Name, Options, Schema, Table};
    use migrate_core::Dialect;

    #[test]
    fn options_differ_in_words() {
        let schema = |options: Options| {
            let mut schema = Schema::empty(Dialect::Sqlite);
            let table = Table {
                options,
                ..Table::default()
            };
            schema.tables.insert(Name::plain("t"), table);
            schema
        };
        let mut keyword = Options::new();
        keyword.set("WITHOUT ROWID");
        let [mut one, mut other] = [Options::new(), Options::new()];
        one.insert("ENGINE", "InnoDB");
        other.insert("ENGINE", "Aria");
        for (expected, actual, message) in [
            (
                &keyword,
                &Options::new(),
                "different without rowid of table `t`: expected set, found not set",
            ),
            (
                &Options::new(),
                &keyword,
                "different without rowid of table `t`: expected not set, found set",
            ),
            (
                &one,
                &other,
                "different engine of table `t`: expected InnoDB, found Aria",
            ),
            (
                &one,
                &Options::new(),
                "different engine of table `t`: expected InnoDB, found none",
            ),
        ] {
            let found = differences(&schema(expected.clone()), &schema(actual.clone()));
            assert_eq!(found[0].to_string(), message);
            assert_eq!(found.len(), 1);
        }
    }
}
