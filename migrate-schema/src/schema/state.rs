//! How an object stands in the database that it was read from.

/// How a view stands in the database that it was read from, which is no part of its schema.
///
/// A view of PostgreSQL that is dropped and made again loses who owns it and who may use it, so
/// [`statements`](crate::statements) gives that back. It is not compared, any two are equal; and it
/// is not written, neither to schema.lock nor as JSON: who may do what belongs to a database, and
/// not to what the project says of its schema.
#[derive(Clone, Debug, Default)]
pub struct ViewState {
    /// Its columns with their types and collations, as far as they matter to
    /// `CREATE OR REPLACE VIEW`; empty where nobody has asked a database.
    pub columns: Vec<(String, String)>,
    /// Its owner as SQL writes the name, where that is not the user who asked.
    pub owner: Option<String>,
    /// What others may do with it, sorted.
    pub grants: Vec<Grant>,
}

/// What one role may do with a view or one of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// What it may do: `INSERT, SELECT`.
    pub privileges: String,
    /// The column that it may do it with, where not with all of the view.
    pub column: Option<String>,
    /// The role as SQL writes it, or `PUBLIC`.
    pub grantee: String,
    /// Whether it may pass that on.
    pub grantable: bool,
}

impl PartialEq for ViewState {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for ViewState {}

impl ViewState {
    /// Says whether `CREATE OR REPLACE VIEW` makes the other of this: the columns stay, in their
    /// order and with their types, and others come behind them at most
    /// (<https://www.postgresql.org/docs/current/sql-createview.html>).
    pub(crate) fn is_replaceable_by(&self, other: &Self) -> bool {
        !self.columns.is_empty() && other.columns.starts_with(&self.columns)
    }

    /// Says whether it has a column of this name, as far as is known.
    pub(crate) fn may_have(&self, column: &str) -> bool {
        self.columns.is_empty() || self.columns.iter().any(|(name, _)| name == column)
    }
}
