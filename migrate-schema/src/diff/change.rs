//! One difference between two schemas.

use std::collections::BTreeSet;
use std::fmt;

use crate::schema::kinds::for_each_kind;
use crate::schema::{
    Check, Column, Definition, Domain, Enum, Event, Extension, ForeignKey, Identity, Index, Key,
    Name, ObjectRef, OptionValue, Routine, Sequence, Signature, Table, View,
};
use crate::schema::{composite, types};
use migrate_core::Dialect;

/// One step from a schema to another.
///
/// The name of a table is the one that it has after all renames. [`Display`](fmt::Display)
/// describes the change in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "change", rename_all = "kebab-case")
)]
pub enum Change {
    /// Creates an object, or adds a part to a table.
    Create(Object),
    /// Drops an object or a part of a table, with the data in it.
    Drop(Object),
    /// Changes an object; both are of the same kind and name.
    Alter {
        /// The object before.
        from: Object,
        /// The object after.
        to: Object,
    },
    /// Gives an object another name.
    Rename(Renamed),
}

macro_rules! object {
    ($($(#[$meta:meta])* $Kind:ident($word:literal) in $map:ident: $Name:ty, $Value:ty;)*) => {
        /// An object of a schema, or a part of a table.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(tag = "kind", rename_all = "kebab-case")
        )]
        pub enum Object {
            $(
                #[doc = concat!("A ", $word, ".")]
                $Kind {
                    /// The object's name.
                    name: $Name,
                    /// The object.
                    value: Box<$Value>,
                },
            )*
            /// An option of a table, its comment (`COMMENT`), the tables that it inherits from
            /// (`INHERITS`) or is a partition of (`PARTITION OF`).
            Option {
                /// The table.
                table: Name,
                /// The option's keyword.
                name: String,
                /// The option's value.
                value: OptionValue,
            },
            /// A column.
            Column {
                /// The column's table.
                table: Name,
                /// The column.
                value: Box<Column>,
            },
            /// A constraint.
            Constraint {
                /// The constraint's table.
                table: Name,
                /// The constraint.
                value: Constraint,
            },
            /// An index.
            Index {
                /// The index's table.
                table: Name,
                /// The index's name.
                name: String,
                /// The index.
                value: Box<Index>,
            },
            /// A trigger.
            Trigger {
                /// The trigger's table.
                table: Name,
                /// The trigger's name.
                name: String,
                /// The statement that creates it.
                value: String,
            },
            /// A row security policy of PostgreSQL.
            Policy {
                /// The policy's table.
                table: Name,
                /// The policy's name.
                name: String,
                /// The statement that creates it.
                value: String,
            },
            /// A rewrite rule of PostgreSQL.
            Rule {
                /// The rule's table.
                table: Name,
                /// The rule's name.
                name: String,
                /// The statement that creates it.
                value: String,
            },
        }

        impl From<ObjectRef<'_>> for Object {
            fn from(object: ObjectRef<'_>) -> Self {
                match object {
                    $(ObjectRef::$Kind(name, value) => Self::$Kind {
                        name: name.clone(),
                        value: Box::new(value.clone()),
                    },)*
                }
            }
        }

        impl Object {
            /// Returns the kind's name in lower case.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$Kind { .. } => $word,)*
                    Self::Option { .. } => "option",
                    Self::Column { .. } => "column",
                    Self::Constraint { .. } => "constraint",
                    Self::Index { .. } => "index",
                    Self::Trigger { .. } => "trigger",
                    Self::Policy { .. } => "policy",
                    Self::Rule { .. } => "rule",
                }
            }

            /// Returns the object's name, within its table if it is a part of one.
            #[must_use]
            pub fn name(&self) -> String {
                match self {
                    $(Self::$Kind { name, .. } => name.to_string(),)*
                    Self::Column { value, .. } => value.name.clone(),
                    Self::Constraint { value, .. } => value.name().unwrap_or_default().to_owned(),
                    Self::Option { name, .. }
                    | Self::Index { name, .. }
                    | Self::Trigger { name, .. }
                    | Self::Policy { name, .. }
                    | Self::Rule { name, .. } => name.clone(),
                }
            }

            /// Returns the object as part of a schema; `None` of a part of a table.
            #[must_use]
            pub fn as_ref(&self) -> Option<ObjectRef<'_>> {
                match self {
                    $(Self::$Kind { name, value } => Some(ObjectRef::$Kind(name, value)),)*
                    Self::Option { .. }
                    | Self::Column { .. }
                    | Self::Constraint { .. }
                    | Self::Index { .. }
                    | Self::Trigger { .. }
                    | Self::Policy { .. }
                    | Self::Rule { .. } => None,
                }
            }
        }
    };
}

for_each_kind!(object);

/// An object that gets another name and is otherwise the same.
#[expect(clippy::large_enum_variant, reason = "there are few renames")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
pub enum Renamed {
    /// A table.
    Table {
        /// The old name.
        from: Name,
        /// The new name.
        to: Name,
    },
    /// A column.
    Column {
        /// The column's table.
        table: Name,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// A constraint.
    Constraint {
        /// The constraint's table.
        table: Name,
        /// The constraint with the old name.
        from: Constraint,
        /// The constraint with the new name.
        to: Constraint,
    },
    /// An index.
    Index {
        /// The index's table.
        table: Name,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Constraint {
    /// The primary key.
    PrimaryKey(Key),
    /// A unique constraint.
    Unique(Key),
    /// A check constraint.
    Check(Check),
    /// An exclusion constraint of PostgreSQL: its name and definition.
    Exclusion(String, String),
    /// A foreign key.
    ForeignKey(ForeignKey),
}

impl Change {
    /// Returns whether the change can lose data: rows, the values of a column, or a value that rows
    /// may have.
    ///
    /// A change of a type counts if the new type does not hold every value of the old one.
    #[must_use]
    pub fn is_destructive(&self, dialect: Dialect) -> bool {
        match self {
            Self::Drop(Object::Table { .. } | Object::Sequence { .. }) => true,
            // MariaDB deletes the history of all rows.
            Self::Drop(Object::Option { name, .. }) => name == "WITH SYSTEM VERSIONING",
            // A generated column can be computed again.
            Self::Drop(Object::Column { value, .. }) => value.generated.is_none(),
            Self::Alter {
                from: Object::Column { value: from, .. },
                to: Object::Column { value: to, .. },
            } => {
                from.generated.is_none()
                    && (to.generated.is_some()
                        || types::loses(dialect, &from.sql_type, &to.sql_type))
            }
            Self::Alter {
                from: Object::Enum { value: from, .. },
                to: Object::Enum { value: to, .. },
            } => from.values.iter().any(|value| !to.values.contains(value)),
            Self::Alter {
                from: Object::Domain { value: from, .. },
                to: Object::Domain { value: to, .. },
            } => types::loses(dialect, &from.sql_type, &to.sql_type),
            Self::Alter {
                from: Object::Type { value: from, .. },
                to: Object::Type { value: to, .. },
            } => composite::loses(&from.definition, &to.definition),
            Self::Create(_) | Self::Drop(_) | Self::Alter { .. } | Self::Rename(_) => false,
        }
    }

    /// Returns the table or view that the change is about, by its name after all renames.
    #[must_use]
    pub const fn table(&self) -> Option<&Name> {
        match self {
            Self::Create(object) | Self::Drop(object) | Self::Alter { to: object, .. } => {
                match object {
                    Object::Table { name, .. } | Object::View { name, .. } => Some(name),
                    object => object.table(),
                }
            }
            Self::Rename(renamed) => Some(renamed.table()),
        }
    }
}

impl Object {
    /// Returns the table that the object is a part of.
    #[must_use]
    pub const fn table(&self) -> Option<&Name> {
        match self {
            Self::Option { table, .. }
            | Self::Column { table, .. }
            | Self::Constraint { table, .. }
            | Self::Index { table, .. }
            | Self::Trigger { table, .. }
            | Self::Policy { table, .. }
            | Self::Rule { table, .. } => Some(table),
            _ => None,
        }
    }
}

impl Renamed {
    /// Returns the table that it is or belongs to, by its name after all renames.
    #[must_use]
    pub const fn table(&self) -> &Name {
        match self {
            Self::Table { to: table, .. }
            | Self::Column { table, .. }
            | Self::Constraint { table, .. }
            | Self::Index { table, .. } => table,
        }
    }
}

impl Constraint {
    /// Returns the constraint's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::PrimaryKey(key) | Self::Unique(key) => key.name.as_deref(),
            Self::Check(check) => check.name.as_deref(),
            Self::Exclusion(name, _) => Some(name),
            Self::ForeignKey(key) => key.name.as_deref(),
        }
    }

    /// Returns the constraint with another name.
    #[must_use]
    pub(crate) fn named(&self, name: Option<String>) -> Self {
        let mut named = self.clone();
        match &mut named {
            Self::PrimaryKey(key) | Self::Unique(key) => key.name = name,
            Self::Check(check) => check.name = name,
            Self::Exclusion(old, _) => *old = name.unwrap_or_default(),
            Self::ForeignKey(key) => key.name = name,
        }
        named
    }

    /// Returns all constraints of a table.
    pub(crate) fn all(table: &Table) -> Vec<Self> {
        let uniques = table.uniques.iter().cloned().map(Self::Unique);
        let checks = table.checks.iter().cloned().map(Self::Check);
        let exclusions = table.exclusions.iter();
        let foreign_keys = table.foreign_keys.iter().cloned().map(Self::ForeignKey);
        let key = table.primary_key.iter().cloned().map(Self::PrimaryKey);
        key.chain(uniques)
            .chain(checks)
            .chain(exclusions.map(|(name, sql)| Self::Exclusion(name.clone(), sql.clone())))
            .chain(foreign_keys)
            .collect()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(Object::Option { table, name, value }) => {
                option_changed(f, table, name, None, Some(value))
            }
            Self::Drop(Object::Option { table, name, value }) => {
                option_changed(f, table, name, Some(value), None)
            }
            Self::Alter {
                from: Object::Option { value: from, .. },
                to: Object::Option { table, name, value },
            } => option_changed(f, table, name, Some(from), Some(value)),
            Self::Create(Object::Column { table, value }) => {
                write!(f, "add column `{table}.{}`", value.name)
            }
            Self::Create(Object::Constraint { table, value }) => {
                write!(f, "add {value} to `{table}`")
            }
            Self::Create(object) => changed(f, "create", object, "on"),
            Self::Drop(object) => changed(f, "drop", object, "of"),
            Self::Alter { from, to } => {
                changed(f, "alter", to, "of")?;
                match (from, to) {
                    (Object::Column { value: from, .. }, Object::Column { value: to, .. }) => {
                        write!(f, ": {}", column_changes(from, to).join(", "))
                    }
                    (Object::Enum { value: from, .. }, Object::Enum { value: to, .. }) => {
                        write!(f, ": {}", enum_changes(from, to).join(", "))
                    }
                    _ => Ok(()),
                }
            }
            Self::Rename(renamed) => renamed.fmt(f),
        }
    }
}

fn changed(
    f: &mut fmt::Formatter<'_>,
    verb: &str,
    object: &Object,
    preposition: &str,
) -> fmt::Result {
    match object {
        Object::Column { table, value } => write!(f, "{verb} column `{table}.{}`", value.name),
        Object::Constraint { table, value } => {
            write!(f, "{verb} {value} {preposition} `{table}`")
        }
        object => {
            write!(f, "{verb} {} `{}`", object.kind(), object.name())?;
            match object.table() {
                Some(table) => write!(f, " {preposition} `{table}`"),
                None => Ok(()),
            }
        }
    }
}

fn option_changed(
    f: &mut fmt::Formatter<'_>,
    table: &Name,
    name: &str,
    from: Option<&OptionValue>,
    to: Option<&OptionValue>,
) -> fmt::Result {
    let value = |value: Option<&OptionValue>| value.map(|value| String::from(value.clone()));
    let change = becomes(&name.to_lowercase(), value(from), value(to));
    write!(f, "alter table `{table}`: {change}")
}

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { from, to } => write!(f, "rename table `{from}` to `{to}`"),
            Self::Column { table, from, to } => {
                write!(f, "rename column `{table}.{from}` to `{to}`")
            }
            Self::Constraint { table, from, to } => {
                let name = to.name().unwrap_or_default();
                write!(f, "rename {from} of `{table}` to `{name}`")
            }
            Self::Index { table, from, to } => {
                write!(f, "rename index `{from}` of `{table}` to `{to}`")
            }
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, content) = match self {
            Self::PrimaryKey(key) => ("primary key", key.columns.join(", ")),
            Self::Unique(key) => ("unique constraint", key.columns.join(", ")),
            Self::Check(check) => ("check", check.expression.clone()),
            Self::Exclusion(..) => ("exclusion constraint", String::new()),
            Self::ForeignKey(key) => (
                "foreign key",
                format!("{} to {}", key.columns.join(", "), key.table),
            ),
        };
        match self.name() {
            Some(name) => write!(f, "{kind} `{name}`"),
            None => write!(f, "{kind} ({content})"),
        }
    }
}

/// Describes the values that an enum gains and loses.
fn enum_changes(from: &Enum, to: &Enum) -> Vec<String> {
    let only = |has: &Enum, other: &Enum| -> Vec<String> {
        let lacks = |value: &&String| !other.values.contains(value);
        let quoted = |value: &String| format!("`{value}`");
        has.values.iter().filter(lacks).map(quoted).collect()
    };
    let mut changes = Vec::new();
    for (verb, values) in [("add", only(to, from)), ("drop", only(from, to))] {
        if !values.is_empty() {
            changes.push(format!("{verb} {}", values.join(", ")));
        }
    }
    if changes.is_empty() {
        let only = match from.values == to.values {
            true => "comment",
            false => "order",
        };
        changes.push(only.to_owned());
    }
    changes
}

/// Describes how two columns differ.
fn column_changes(from: &Column, to: &Column) -> Vec<String> {
    let mut all = Vec::new();
    if from.sql_type != to.sql_type {
        all.push(format!(
            "type `{}` becomes `{}`",
            from.sql_type, to.sql_type
        ));
    }
    match (from.nullable, to.nullable) {
        (true, false) => all.push("not null".to_owned()),
        (false, true) => all.push("allows null".to_owned()),
        _ => {}
    }
    let mut other = |what: &str, from: Option<String>, to: Option<String>| {
        if from != to {
            all.push(becomes(what, from, to));
        }
    };
    other("default", from.default.clone(), to.default.clone());
    let computed = |column: &Column| {
        column.generated.as_ref().map(|generated| {
            let kept = if generated.stored { " stored" } else { "" };
            format!("{}{kept}", generated.expression)
        })
    };
    other("computed as", computed(from), computed(to));
    let numbered = |column: &Column| column.identity.map(|it| identity(it).to_owned());
    other("numbered", numbered(from), numbered(to));
    other("collation", from.collation.clone(), to.collation.clone());
    other("on update", from.on_update.clone(), to.on_update.clone());
    other("comment", from.comment.clone(), to.comment.clone());
    if from.sequence_options != to.sequence_options {
        all.push("numbering".to_owned());
    }
    let keywords: BTreeSet<&str> = from
        .options
        .keywords()
        .chain(to.options.keywords())
        .collect();
    for keyword in keywords {
        let (before, after) = (from.options.get(keyword), to.options.get(keyword));
        let value = |value: Option<&OptionValue>| value.map(|value| String::from(value.clone()));
        if before != after {
            all.push(becomes(
                &keyword.to_lowercase(),
                value(before),
                value(after),
            ));
        }
    }
    all
}

const fn identity(identity: Identity) -> &'static str {
    match identity {
        Identity::Always => "always",
        Identity::ByDefault => "by default",
        Identity::Serial => "serial",
        Identity::AutoIncrement => "automatically",
    }
}

fn becomes(what: &str, from: Option<String>, to: Option<String>) -> String {
    let space = |text: &str| match text.is_empty() {
        true => String::new(),
        false => format!(" `{text}`"),
    };
    match (from, to) {
        (None, Some(to)) => format!("{what}{}", space(&to)),
        (Some(from), None) => format!("no {what}{}", space(&from)),
        (Some(from), Some(to)) => format!("{what}{} becomes{}", space(&from), space(&to)),
        (None, None) => what.to_owned(),
    }
}
