//! A row of the ledger, and the revision that it records.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use migrate_core::{Dialect, Dialects, Direction, Hash, Revision};

use crate::error::Error;
use crate::timestamp::Timestamp;

/// A revision that the database says was applied, or is half applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedRevision {
    /// Its id.
    pub revision: String,
    /// What it followed when it was applied.
    pub parents: Vec<String>,
    /// What it does, in a line.
    pub message: String,
    /// Its hash when it was applied.
    pub hash: String,
    /// Its chain hash when it was applied.
    pub chain_hash: String,
    /// Whether it is whole.
    pub state: RevisionState,
    /// How many of its statements were finished, where it is not whole.
    pub statements: u32,
    /// What the database said when it failed.
    pub error: Option<String>,
    /// When it was applied.
    pub applied_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Which version of the tool applied it.
    pub tool: String,
    /// The name of its file.
    pub file: String,
    /// The whole file as it was applied.
    pub body: String,
}

/// Whether a revision is applied as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevisionState {
    /// It is.
    Applied,
    /// Its up was begun and not finished.
    Applying,
    /// Its down was begun and not finished.
    Reverting,
}

impl RevisionState {
    /// Returns the word that stands in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Applying => "applying",
            Self::Reverting => "reverting",
        }
    }
}

/// What stands for the error of a statement that was begun, until its end is recorded.
pub(crate) const IN_DOUBT: &str = "the next one was begun, and its end was not recorded";

impl AppliedRevision {
    /// Says whether it was cut off in the middle of a statement: nobody has recorded whether the
    /// database has finished it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.state != RevisionState::Applied && self.error.as_deref() == Some(IN_DOUBT)
    }
}

impl AppliedRevision {
    /// Reads the revision that the row keeps; `None` where its text is not what its hash says.
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
    /// Its way back.
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

/// Reads the revision that the ledger kept.
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

/// What the row alone tells of a revision whose text cannot be read.
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
        file: row.file.clone().into(),
        text: row.body.clone().into(),
        sections: Cow::default(),
        hash: UNREADABLE,
        chain_hash: UNREADABLE,
    })
}
