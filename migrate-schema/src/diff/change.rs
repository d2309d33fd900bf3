//! What one schema has and the other has not, piece by piece.

use std::fmt;

use crate::schema::types;
use crate::schema::{
    Check, Column, Enum, ForeignKey, Identity, Index, Key, Name, Sequence, Table, View,
};
use migrate_core::Dialect;

/// One step from a schema to another.
///
/// A name of a table is the one it has after all renames. [`Display`](fmt::Display) says the change
/// in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "change", rename_all = "kebab-case")
)]
pub enum Change {
    /// A table that is new, with all it has.
    CreateTable {
        /// Its name.
        name: Name,
        /// What it is.
        table: Box<Table>,
    },
    /// A table that goes, with its rows.
    DropTable {
        /// Its name.
        name: Name,
        /// What it was.
        table: Box<Table>,
    },
    /// A table that gets another name.
    RenameTable {
        /// The name it had.
        from: Name,
        /// The name it gets.
        to: Name,
    },
    /// Something else about a table: an option, its comment (`COMMENT`), what it inherits from
    /// (`INHERITS`) or is a part of (`PARTITION OF`).
    AlterTable {
        /// The table.
        table: Name,
        /// What it is.
        option: String,
        /// What it was; `None` where it was not there.
        from: Option<String>,
        /// What it becomes; `None` where it goes.
        to: Option<String>,
    },
    /// A column that is new.
    AddColumn {
        /// Its table.
        table: Name,
        /// What it is.
        column: Column,
    },
    /// A column that goes, with what it holds.
    DropColumn {
        /// Its table.
        table: Name,
        /// What it was.
        column: Column,
    },
    /// A column that becomes something else.
    AlterColumn {
        /// Its table.
        table: Name,
        /// What it was.
        from: Box<Column>,
        /// What it becomes.
        to: Box<Column>,
    },
    /// A column that gets another name.
    RenameColumn {
        /// Its table.
        table: Name,
        /// The name it had.
        from: String,
        /// The name it gets.
        to: String,
    },
    /// A constraint that is new.
    AddConstraint {
        /// Its table.
        table: Name,
        /// What it is.
        constraint: Constraint,
    },
    /// A constraint that goes.
    DropConstraint {
        /// Its table.
        table: Name,
        /// What it was.
        constraint: Constraint,
    },
    /// A constraint that gets another name and nothing else.
    RenameConstraint {
        /// Its table.
        table: Name,
        /// What it was.
        from: Constraint,
        /// What it becomes.
        to: Constraint,
    },
    /// An index that is new.
    CreateIndex {
        /// Its table, or its materialised view.
        table: Name,
        /// Its name.
        name: String,
        /// What it is.
        index: Index,
    },
    /// An index that goes.
    DropIndex {
        /// Its table, or its materialised view.
        table: Name,
        /// Its name.
        name: String,
        /// What it was.
        index: Index,
    },
    /// An index that gets another name and nothing else.
    RenameIndex {
        /// Its table.
        table: Name,
        /// The name it had.
        from: String,
        /// The name it gets.
        to: String,
    },
    /// A view that is new.
    CreateView {
        /// Its name.
        name: Name,
        /// What it is.
        view: View,
    },
    /// A view that goes.
    DropView {
        /// Its name.
        name: Name,
        /// What it was.
        view: View,
    },
    /// A view that selects something else.
    AlterView {
        /// Its name.
        name: Name,
        /// What it was.
        from: View,
        /// What it becomes.
        to: View,
    },
    /// A sequence that is new.
    CreateSequence {
        /// Its name.
        name: Name,
        /// What it is.
        sequence: Sequence,
    },
    /// A sequence that goes, with how far it has counted.
    DropSequence {
        /// Its name.
        name: Name,
        /// What it was.
        sequence: Sequence,
    },
    /// A sequence that counts in another way.
    AlterSequence {
        /// Its name.
        name: Name,
        /// What it was.
        from: Sequence,
        /// What it becomes.
        to: Sequence,
    },
    /// An enumerated type that is new.
    CreateEnum {
        /// Its name.
        name: Name,
        /// What it is.
        values: Enum,
    },
    /// An enumerated type that goes.
    DropEnum {
        /// Its name.
        name: Name,
        /// What it was.
        values: Enum,
    },
    /// An enumerated type that gets or loses values.
    AlterEnum {
        /// Its name.
        name: Name,
        /// What it was.
        from: Enum,
        /// What it becomes.
        to: Enum,
    },
    /// Something else that is new.
    Create {
        /// What it is.
        kind: Kind,
        /// The table or view it is on.
        on: Option<Name>,
        /// Its name.
        name: String,
        /// The SQL that makes it.
        definition: String,
    },
    /// Something else that goes.
    Drop {
        /// What it is.
        kind: Kind,
        /// The table or view it is on.
        on: Option<Name>,
        /// Its name.
        name: String,
        /// The SQL that made it.
        definition: String,
    },
    /// Something else that is made in another way.
    Alter {
        /// What it is.
        kind: Kind,
        /// The table or view it is on.
        on: Option<Name>,
        /// Its name.
        name: String,
        /// The SQL that made it.
        from: String,
        /// The SQL that makes it.
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
    /// An exclusion constraint of PostgreSQL, by its name.
    Exclusion(String, String),
    /// A foreign key.
    ForeignKey(ForeignKey),
}

/// What is compared by the SQL that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Kind {
    /// A named schema.
    Schema,
    /// An extension of PostgreSQL.
    Extension,
    /// A collation of PostgreSQL.
    Collation,
    /// A text search dictionary of PostgreSQL.
    Dictionary,
    /// A text search configuration of PostgreSQL.
    Configuration,
    /// A domain of PostgreSQL.
    Domain,
    /// A composite or range type of PostgreSQL.
    Type,
    /// A function or procedure.
    Routine,
    /// A trigger.
    Trigger,
    /// A row security policy of PostgreSQL.
    Policy,
    /// A rewrite rule of PostgreSQL.
    Rule,
}

impl Change {
    /// Says whether data can be lost: rows, what a column holds, a value that rows may have.
    ///
    /// A change of a type counts where the new type does not take all that the old one did.
    #[must_use]
    pub fn is_destructive(&self, dialect: Dialect) -> bool {
        match self {
            Self::DropTable { .. } | Self::DropSequence { .. } => true,
            // What is computed can be computed again.
            Self::DropColumn { column, .. } => column.generated.is_none(),
            Self::AlterColumn { from, to, .. } => {
                from.generated.is_none()
                    && (to.generated.is_some()
                        || types::loses(dialect, &from.sql_type, &to.sql_type))
            }
            Self::AlterEnum { from, to, .. } => {
                from.values.iter().any(|value| !to.values.contains(value))
            }
            _ => false,
        }
    }

    /// Returns the table or view it is about, by its name after all renames.
    #[must_use]
    pub const fn table(&self) -> Option<&Name> {
        match self {
            Self::CreateTable { name, .. }
            | Self::DropTable { name, .. }
            | Self::RenameTable { to: name, .. }
            | Self::CreateView { name, .. }
            | Self::DropView { name, .. }
            | Self::AlterView { name, .. } => Some(name),
            Self::AlterTable { table, .. }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::AlterColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::AddConstraint { table, .. }
            | Self::DropConstraint { table, .. }
            | Self::RenameConstraint { table, .. }
            | Self::CreateIndex { table, .. }
            | Self::DropIndex { table, .. }
            | Self::RenameIndex { table, .. } => Some(table),
            Self::Create { on, .. } | Self::Drop { on, .. } | Self::Alter { on, .. } => on.as_ref(),
            Self::CreateSequence { .. }
            | Self::DropSequence { .. }
            | Self::AlterSequence { .. }
            | Self::CreateEnum { .. }
            | Self::DropEnum { .. }
            | Self::AlterEnum { .. } => None,
        }
    }
}

impl Constraint {
    /// Returns its name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::PrimaryKey(key) | Self::Unique(key) => key.name.as_deref(),
            Self::Check(check) => check.name.as_deref(),
            Self::Exclusion(name, _) => Some(name),
            Self::ForeignKey(key) => key.name.as_deref(),
        }
    }

    /// Returns it with another name.
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
}

impl Kind {
    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Collation => "collation",
            Self::Dictionary => "text search dictionary",
            Self::Configuration => "text search configuration",
            Self::Domain => "domain",
            Self::Type => "type",
            Self::Routine => "routine",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTable { name, .. } => write!(f, "create table `{name}`"),
            Self::DropTable { name, .. } => write!(f, "drop table `{name}`"),
            Self::RenameTable { from, to } => write!(f, "rename table `{from}` to `{to}`"),
            Self::AlterTable {
                table,
                option,
                from,
                to,
            } => {
                let option = option.to_lowercase();
                write!(f, "alter table `{table}`: {}", becomes(&option, from, to))
            }
            Self::AddColumn { table, column } => {
                write!(f, "add column `{table}.{}`", column.name)
            }
            Self::DropColumn { table, column } => {
                write!(f, "drop column `{table}.{}`", column.name)
            }
            Self::AlterColumn { table, from, to } => {
                let what = differences(from, to).join(", ");
                write!(f, "alter column `{table}.{}`: {what}", to.name)
            }
            Self::RenameColumn { table, from, to } => {
                write!(f, "rename column `{table}.{from}` to `{to}`")
            }
            Self::AddConstraint { table, constraint } => {
                write!(f, "add {constraint} to `{table}`")
            }
            Self::DropConstraint { table, constraint } => {
                write!(f, "drop {constraint} of `{table}`")
            }
            Self::RenameConstraint { table, from, to } => {
                let name = to.name().unwrap_or_default();
                write!(f, "rename {from} of `{table}` to `{name}`")
            }
            Self::CreateIndex { table, name, .. } => {
                write!(f, "create index `{name}` on `{table}`")
            }
            Self::DropIndex { table, name, .. } => write!(f, "drop index `{name}` of `{table}`"),
            Self::RenameIndex { table, from, to } => {
                write!(f, "rename index `{from}` of `{table}` to `{to}`")
            }
            Self::CreateView { name, .. } => write!(f, "create view `{name}`"),
            Self::DropView { name, .. } => write!(f, "drop view `{name}`"),
            Self::AlterView { name, .. } => write!(f, "alter view `{name}`"),
            Self::CreateSequence { name, .. } => write!(f, "create sequence `{name}`"),
            Self::DropSequence { name, .. } => write!(f, "drop sequence `{name}`"),
            Self::AlterSequence { name, .. } => write!(f, "alter sequence `{name}`"),
            Self::CreateEnum { name, .. } => write!(f, "create enum `{name}`"),
            Self::DropEnum { name, .. } => write!(f, "drop enum `{name}`"),
            Self::AlterEnum { name, from, to } => {
                let only = |has: &Enum, other: &Enum| -> Vec<String> {
                    let lacks = |value: &&String| !other.values.contains(value);
                    let quoted = |value: &String| format!("`{value}`");
                    has.values.iter().filter(lacks).map(quoted).collect()
                };
                let mut what = Vec::new();
                for (word, values) in [("add", only(to, from)), ("drop", only(from, to))] {
                    if !values.is_empty() {
                        what.push(format!("{word} {}", values.join(", ")));
                    }
                }
                if what.is_empty() {
                    what.push(match from.values == to.values {
                        true => "comment".to_owned(),
                        false => "order".to_owned(),
                    });
                }
                write!(f, "alter enum `{name}`: {}", what.join(", "))
            }
            Self::Create { kind, on, name, .. } => {
                write!(f, "create {} `{name}`{}", kind.as_str(), Of("on", on))
            }
            Self::Drop { kind, on, name, .. } => {
                write!(f, "drop {} `{name}`{}", kind.as_str(), Of("of", on))
            }
            Self::Alter { kind, on, name, .. } => {
                write!(f, "alter {} `{name}`{}", kind.as_str(), Of("of", on))
            }
        }
    }
}

struct Of<'a>(&'static str, &'a Option<Name>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            None => Ok(()),
            Some(table) => write!(f, " {} `{table}`", self.0),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, what) = match self {
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
            None => write!(f, "{kind} ({what})"),
        }
    }
}

/// Says in words in what two columns differ.
fn differences(from: &Column, to: &Column) -> Vec<String> {
    let mut all = Vec::new();
    if from.sql_type != to.sql_type {
        all.push(format!(
            "type `{}` becomes `{}`",
            from.sql_type, to.sql_type
        ));
    }
    match (from.nullable, to.nullable) {
        (true, false) => all.push("not null".to_owned()),
        (false, true) => all.push("takes null".to_owned()),
        _ => {}
    }
    let mut other = |what: &str, from: Option<String>, to: Option<String>| {
        if from != to {
            all.push(becomes(what, &from, &to));
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
    if from.numbering != to.numbering {
        all.push("numbering".to_owned());
    }
    if from.options != to.options {
        all.push("options".to_owned());
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

fn becomes(what: &str, from: &Option<String>, to: &Option<String>) -> String {
    let space = |text: &str| match text.is_empty() {
        true => String::new(),
        false => format!(" `{text}`"),
    };
    match (from, to) {
        (None, Some(to)) => format!("{what}{}", space(to)),
        (Some(from), None) => format!("no {what}{}", space(from)),
        (Some(from), Some(to)) => format!("{what}{} becomes{}", space(from), space(to)),
        (None, None) => what.to_owned(),
    }
}
