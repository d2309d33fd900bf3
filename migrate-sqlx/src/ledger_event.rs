//! An event of the ledger: what was done to a database, when and by whom.

use std::fmt;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// An event that the ledger records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerEvent {
    /// When it was done.
    pub at: Timestamp,
    /// What was done.
    pub kind: EventKind,
    /// The revision; several ids, or none, for a repair of the schema.
    pub revision: String,
    /// The user of the operating system.
    pub by: String,
    /// The host.
    pub host: String,
    /// The version of the tool.
    pub tool: String,
    /// How long it took.
    pub duration: Duration,
    /// Details; may be empty.
    pub detail: String,
}

/// The kind of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A revision was applied.
    Apply,
    /// A revision was reverted.
    Revert,
    /// A revision was recorded without being run.
    Stamp,
    /// A revision was forgotten without being reverted.
    Unstamp,
    /// A revision failed.
    Fail,
    /// The ledger or the schema was repaired.
    Repair,
    /// A kind that this version does not know.
    Other(String),
}

impl EventKind {
    /// Returns the keyword in the ledger.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Apply => "apply",
            Self::Revert => "revert",
            Self::Stamp => "stamp",
            Self::Unstamp => "unstamp",
            Self::Fail => "fail",
            Self::Repair => "repair",
            Self::Other(word) => word,
        }
    }

    pub(crate) fn read(word: String) -> Self {
        let known = [
            Self::Apply,
            Self::Revert,
            Self::Stamp,
            Self::Unstamp,
            Self::Fail,
            Self::Repair,
        ];
        let found = known.into_iter().find(|kind| kind.as_str() == word);
        found.unwrap_or(Self::Other(word))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
