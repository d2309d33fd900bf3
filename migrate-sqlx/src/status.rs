//! Where a database is, as an application asks for it.

use migrate_core::RevisionId;

use crate::applied_revision::AppliedRevision;

/// Where a database is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The applied heads, sorted: no other applied revision implies them.
    pub current: Vec<RevisionId>,
    /// The applied revisions as the ledger records them, the oldest first.
    pub applied: Vec<AppliedRevision>,
    /// The revisions of the chain that are neither applied nor begun, in the order of application.
    pub pending: Vec<RevisionId>,
    /// Applied revisions that are not in the chain. What is in a ledger need not be a valid id.
    pub unknown: Vec<String>,
    /// Revisions that were applied with another `up`, or after other revisions.
    pub changed: Vec<RevisionId>,
    /// Revisions whose `down` or header was edited after they were applied. Their `up` is what was
    /// applied, and the next run records the edited text.
    pub edited: Vec<RevisionId>,
    /// Revisions that were begun and not finished.
    pub failed: Vec<AppliedRevision>,
}

impl Status {
    /// Returns true if the database is exactly where the chain ends.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.pending.is_empty()
            && self.unknown.is_empty()
            && self.changed.is_empty()
            && self.failed.is_empty()
    }
}
