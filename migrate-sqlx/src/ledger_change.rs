//! Changes to rows of the ledger for which nothing is run.

use migrate_core::Revision;

/// A change to one row of the ledger for which nothing is run; see [`Runner::repair_ledger`].
///
/// [`Runner::repair_ledger`]: crate::Runner::repair_ledger
#[derive(Clone, Debug)]
pub enum LedgerChange {
    /// The ledger lacks the revision: it is recorded as applied.
    Record(Revision),
    /// The row takes over what the revision is now: its parents, its text and its hashes.
    Rewrite(Revision),
    /// The row takes over the revision's chain hash, and keeps the text that was applied.
    Relink(Revision),
    /// The revision was begun and not finished: it counts as applied.
    Finish(String),
    /// The row is taken out.
    Forget(String),
}

/// A change to the ledger, and why it is made.
#[derive(Clone, Debug)]
pub struct RowRepair {
    /// What is changed.
    pub change: LedgerChange,
    /// The reason, which is recorded in the event.
    pub reason: String,
}

impl LedgerChange {
    /// Returns the revision whose row is changed.
    #[must_use]
    pub fn revision(&self) -> &str {
        match self {
            Self::Record(revision) | Self::Rewrite(revision) | Self::Relink(revision) => {
                revision.id.as_str()
            }
            Self::Finish(id) | Self::Forget(id) => id,
        }
    }
}
