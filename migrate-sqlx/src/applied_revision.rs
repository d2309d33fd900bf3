//! A row of the ledger, and the revision that it records.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use migrate_core::{Dialect, Dialects, Direction, Hash, Phase, Revision};

use crate::error::Error;
use crate::timestamp::Timestamp;

/// A revision that is recorded as applied, or as unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedRevision {
    /// The id; a ledger may hold one that is not valid.
    pub revision: String,
    /// Its parents when it was applied.
    pub parents: Vec<String>,
    /// Its message.
    pub message: String,
    /// Its hash when it was applied.
    pub hash: String,
    /// Its chain hash when it was applied.
    pub chain_hash: String,
    /// Whether it is applied as a whole.
    pub state: RevisionState,
    /// How many of its statements were finished, if it is not applied as a whole.
    pub statements: u32,
    /// The error of the database when it failed.
    pub error: Option<String>,
    /// When it was applied.
    pub applied_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Which version of the tool applied it.
    pub tool: String,
    /// Whether older code can work after it; a row without it counts as [`Phase::Contract`].
    pub phase: Option<Phase>,
    /// The name of its file.
    pub file: String,
    /// The whole file as it was applied.
    pub body: String,
}

/// The state of a recorded revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevisionState {
    /// It is applied as a whole.
    Applied,
    /// Its `up` was begun and not finished.
    Applying,
    /// Its `down` was begun and not finished.
    Reverting,
}

impl RevisionState {
    /// Returns the word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Applying => "applying",
            Self::Reverting => "reverting",
        }
    }
}

/// Recorded as the error of a statement that was begun, until its end is recorded.
pub(crate) const IN_DOUBT: &str = "the next one was begun, and its end was not recorded";

impl AppliedRevision {
    /// Returns true if it was interrupted during a statement: it is unknown whether the database has
    /// finished that.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.state != RevisionState::Applied && self.error.as_deref() == Some(IN_DOUBT)
    }
}

impl AppliedRevision {
    /// Reads the revision that the row keeps; `None` if its text does not have its hash.
    #[must_use]
    pub fn kept(&self) -> Option<Revision> {
        let revision = parse(self).ok()?;
        (revision.hash.to_string() == self.hash).then_some(revision)
    }

    /// Says what was edited of a revision since it was applied, where that is not what was applied:
    /// its `up` on this database and what it follows. `None` where it is, or cannot be known.
    #[must_use]
    pub fn edit(&self, revision: &Revision, dialect: Dialect) -> Option<Edit> {
        let kept = self
            .kept()
            .filter(|kept| revision.is_applied_by(kept, dialect))?;
        let down = |revision: &Revision| {
            let section = revision.section(Direction::Down, dialect)?;
            Some((section.transaction, section.irreversible.clone()))
        };
        let same =
            down(&kept) == down(revision) && revision.runs_like(&kept, Direction::Down, dialect);
        Some(match same {
            true => Edit::Header,
            false => Edit::Down,
        })
    }
}

/// What was edited of a revision whose `up` is what was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Its `down`.
    Down,
    /// Its header, or what it does on other databases.
    Header,
}

impl fmt::Display for Edit {
    /// Writes what was edited, as the subject of a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "its `down`",
            Self::Header => "its header",
        })
    }
}

/// Parses the ledger's text of a revision.
pub(crate) fn parse(row: &AppliedRevision) -> Result<Revision, Error> {
    let unreadable = |diagnostics| Error::LedgerText {
        revision: row.revision.clone(),
        diagnostics,
    };
    match Revision::parse(&row.file, &row.body, Dialects::NONE) {
        Ok(revision) if revision.id.as_str() == row.revision => Ok(revision),
        Ok(_) => Err(unreadable(Vec::new())),
        Err(diagnostics) => Err(unreadable(diagnostics)),
    }
}

/// The hash of a revision whose text cannot be read; no text has it.
pub(crate) const UNREADABLE: Hash = Hash::from_bytes([0; 32]);

/// A revision from the row alone, if its text cannot be parsed.
pub(crate) fn stub(row: &AppliedRevision) -> Option<Revision> {
    Some(Revision {
        id: row.revision.parse().ok()?,
        parents: row
            .parents
            .iter()
            .filter_map(|parent| parent.parse().ok())
            .collect(),
        depends_on: Cow::default(),
        labels: Cow::default(),
        message: row.message.clone().into(),
        created: Cow::default(),
        stated_phase: row.phase,
        file: row.file.clone().into(),
        text: row.body.clone().into(),
        sections: Cow::default(),
        hash: UNREADABLE,
        chain_hash: UNREADABLE,
    })
}
