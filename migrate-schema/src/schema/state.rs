//! The state of an object in the database that it was read from.

/// The state of a view in the database that it was read from, which is not part of its schema.
///
/// A PostgreSQL view that is dropped and recreated loses its owner and privileges, so
/// [`statements`](crate::statements) restores them. Any two states are equal, and a state is written
/// neither to schema.lock nor to JSON: privileges belong to a database, not to the project's schema.
#[derive(Clone, Debug, Default)]
pub struct ViewState {
    /// The columns with their types and collations, as far as they matter to
    /// `CREATE OR REPLACE VIEW`; empty if the view was not read from a database.
    pub columns: Vec<(String, String)>,
    /// The owner as SQL writes the name, if it is not the connected user.
    pub owner: Option<String>,
    /// The privileges of others, sorted.
    pub grants: Vec<Grant>,
}

/// The privileges of a role on a view or one of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The privileges: `INSERT, SELECT`.
    pub privileges: String,
    /// The column, if the privileges are not on the whole view.
    pub column: Option<String>,
    /// The role as SQL writes it, or `PUBLIC`.
    pub grantee: String,
    /// Whether the role may grant them to others.
    pub grantable: bool,
}

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
