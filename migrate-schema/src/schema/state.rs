//! The state of an object in the database that it was read from.

use std::collections::BTreeMap;

use super::dependencies::Dependencies;
use super::{Name, ObjectKind};

/// The state of a database besides its schema.
///
/// A PostgreSQL object that is dropped and recreated loses its owner and privileges, so
/// [`statements`](crate::statements) restores them. Any two states are equal, and a state is written
/// neither to schema.lock nor to JSON: privileges belong to a database, not to the project's schema.
#[derive(Clone, Debug, Default)]
pub struct SchemaState {
    /// The owners and privileges by the kind and name of the object, where they are not the usual.
    pub privileges: BTreeMap<(ObjectKind, String), Privileges>,
    /// What the catalogue records of dependencies: PostgreSQL.
    pub dependencies: Dependencies,
    /// What rows that have no value yet get, by table and column, where more is known of the column
    /// than its type: what an application reads.
    pub fillers: BTreeMap<(Name, String), String>,
    /// Whether the database names the constraints of `NOT NULL`, so that a renamed table or column
    /// keeps the old name in them: PostgreSQL 18 and later.
    pub names_not_null: bool,
}

/// Who owns an object, and who may do what with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The owner as SQL writes the name, if it is not the connected user.
    pub owner: Option<String>,
    /// The privileges of others, sorted.
    pub grants: Vec<Grant>,
    /// Whether `PUBLIC` lacks what it has on every new type and routine: `USAGE` and `EXECUTE`
    /// (<https://www.postgresql.org/docs/current/ddl-priv.html>).
    pub is_closed: bool,
}

/// The columns of a view in the database that it was read from; any two are equal.
#[derive(Clone, Debug, Default)]
pub struct ViewState {
    /// The columns with their types and collations, as far as they matter to
    /// `CREATE OR REPLACE VIEW`; empty if the view was not read from a database.
    pub columns: Vec<(String, String)>,
}

/// The privileges of a role on an object or one of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The privileges: `INSERT, SELECT`.
    pub privileges: String,
    /// The column, if the privileges are not on the whole object.
    pub column: Option<String>,
    /// The role as SQL writes it, or `PUBLIC`.
    pub grantee: String,
    /// Whether the role may grant them to others.
    pub grantable: bool,
}

/// Whether a column of a PostgreSQL table comes from a table that it inherits from, and is not the
/// table's own as well: `pg_attribute.attislocal` is false.
///
/// Such a column is not written in `CREATE TABLE`, and leaves with the parent's. No statement turns
/// one into the other, so any two are equal.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Inherited(pub bool);

impl PartialEq for Inherited {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Inherited {}

/// What a PostgreSQL column was created with and no difference is: of `NOT NULL` what it has to do with
/// that of a table above, which the database records from version 18 on, and the name of its sequence.
///
/// The first no statement changes, and the second does not follow a renamed table or column, so any
/// two are equal.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct ColumnState {
    /// Whether `NOT NULL` is there only because a table above has it: `pg_constraint.conislocal` is
    /// false.
    pub is_not_null_inherited: bool,
    /// The name of the constraint of `NOT NULL` if a table above has one too and it is not the usual
    /// name.
    pub not_null_name: Option<String>,
    /// The name of the sequence that numbers it, if it is not `<table>_<column>_seq`.
    pub sequence_name: Option<String>,
}

#[cfg(feature = "serde")]
impl ColumnState {
    /// Returns whether there is nothing to keep.
    pub(crate) const fn is_usual(&self) -> bool {
        !self.is_not_null_inherited && self.not_null_name.is_none() && self.sequence_name.is_none()
    }
}

impl PartialEq for ColumnState {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for ColumnState {}

impl SchemaState {
    pub(crate) const fn new() -> Self {
        Self {
            privileges: BTreeMap::new(),
            dependencies: Dependencies::new(),
            fillers: BTreeMap::new(),
            names_not_null: false,
        }
    }
}

impl PartialEq for SchemaState {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for SchemaState {}

impl PartialEq for ViewState {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for ViewState {}

impl ViewState {
    /// Returns whether `CREATE OR REPLACE VIEW` can turn this view into the other: the columns keep their
    /// order and types, and others may only follow them
    /// (<https://www.postgresql.org/docs/current/sql-createview.html>).
    pub(crate) fn is_replaceable_by(&self, other: &Self) -> bool {
        !self.columns.is_empty() && other.columns.starts_with(&self.columns)
    }

    /// Returns whether it has a column of this name, as far as is known.
    pub(crate) fn may_have(&self, column: &str) -> bool {
        self.columns.is_empty() || self.columns.iter().any(|(name, _)| name == column)
    }
}
