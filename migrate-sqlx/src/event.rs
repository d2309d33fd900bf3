//! What a run tells while it works, and what it did.

use std::time::Duration;

use migrate_core::{Direction, Revision, RevisionId};

use crate::applied_revision::Edit;
use crate::notice::Severity;

/// Something that happened in a run; for logs and progress.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another migrator is at work; this one waits.
    #[non_exhaustive]
    Waiting {
        /// Who it is, where the database says.
        holder: Option<&'a str>,
    },
    /// The work is known.
    #[non_exhaustive]
    Planned {
        /// How many revisions there are to apply or revert.
        total: usize,
    },
    /// Only the `down` or the header of an applied revision was edited: the ledger has taken its
    /// text, and nothing was run.
    #[non_exhaustive]
    TextTaken {
        /// Which one.
        revision: &'a Revision,
        /// What was edited.
        edit: Edit,
    },
    /// A revision begins.
    #[non_exhaustive]
    Started {
        /// Which one.
        revision: &'a Revision,
        /// Up or down.
        direction: Direction,
        /// Whether the ledger's text is used, as the file has changed or is not there.
        from_ledger: bool,
    },
    /// A revision missed a lock, did nothing, and is tried again.
    #[non_exhaustive]
    Retrying {
        /// Which one.
        revision: &'a Revision,
        /// The how manieth new try it is, from 1.
        attempt: u32,
        /// How many there are at most.
        of: u32,
        /// How long to wait before it.
        pause: Duration,
    },
    /// The database said something beside errors while a revision ran: PostgreSQL's NOTICE, WARNING
    /// and INFO, `RAISE NOTICE` among them, and the warnings and notes of MySQL and MariaDB where a
    /// section runs statement by statement.
    ///
    /// It comes while the revision is at work, as often as the database says it. PostgreSQL's come by
    /// way of `tracing`, where the application's subscriber has them as well, under sqlx's target
    /// `sqlx::postgres::notice`. In an application whose only logger is one of `log` they stay there.
    #[non_exhaustive]
    Notice {
        /// Which one.
        revision: &'a Revision,
        /// How much weight the database gives it.
        severity: Severity,
        /// The number that MySQL and MariaDB give it.
        code: Option<&'a str>,
        /// What was said.
        message: &'a str,
    },
    /// A revision is applied or reverted.
    #[non_exhaustive]
    Finished {
        /// Which one.
        revision: &'a Revision,
        /// Up or down.
        direction: Direction,
        /// How long it took.
        duration: Duration,
    },
}

/// A revision that a run applied or reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Which one.
    pub revision: RevisionId,
    /// How long it took.
    pub duration: Duration,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Up or down.
    pub direction: Direction,
    /// The revisions, in the order in which they were applied or reverted; empty if there was nothing
    /// to do.
    pub steps: Vec<Applied>,
    /// Where the database is afterwards: its applied heads, sorted.
    pub current: Vec<RevisionId>,
}
