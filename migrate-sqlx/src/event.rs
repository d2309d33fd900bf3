//! The events of a run, and its result.

use std::time::Duration;

use migrate_core::{Direction, Revision, RevisionId};

use crate::applied_revision::Edit;
use crate::notice::Severity;

/// Something that happened in a run, for logs and progress.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another migrator is running; this one waits.
    #[non_exhaustive]
    Waiting {
        /// The other migrator, if the database reports it.
        holder: Option<&'a str>,
    },
    /// The run is planned.
    #[non_exhaustive]
    Planned {
        /// The number of revisions to apply or revert.
        total: usize,
    },
    /// Only the `down` or the header of an applied revision was edited: the ledger has recorded its
    /// text, and nothing was run.
    #[non_exhaustive]
    TextTaken {
        /// The revision.
        revision: &'a Revision,
        /// What was edited.
        edit: Edit,
    },
    /// A revision starts.
    #[non_exhaustive]
    Started {
        /// The revision.
        revision: &'a Revision,
        /// Whether it is applied or reverted.
        direction: Direction,
        /// Whether the text in the ledger is used, because the file has changed or is missing.
        from_ledger: bool,
    },
    /// A revision missed a lock, did nothing, and is retried.
    #[non_exhaustive]
    Retrying {
        /// The revision.
        revision: &'a Revision,
        /// Which retry this is, counted from 1.
        attempt: u32,
        /// The most retries there are.
        of: u32,
        /// The pause before the retry.
        pause: Duration,
    },
    /// The database sent a message other than an error while a revision ran: PostgreSQL's NOTICE,
    /// WARNING and INFO, including `RAISE NOTICE`, and the warnings and notes of MySQL and MariaDB if
    /// a section runs statement by statement.
    ///
    /// It is emitted while the revision runs, once for each message. PostgreSQL's messages are received
    /// through `tracing`; the application's subscriber also gets them, under sqlx's target
    /// `sqlx::postgres::notice`. If the application's only logger is one of `log`, only that gets them.
    #[non_exhaustive]
    Notice {
        /// The revision.
        revision: &'a Revision,
        /// The severity that the database reports.
        severity: Severity,
        /// The error number of MySQL and MariaDB.
        code: Option<&'a str>,
        /// The text of the message.
        message: &'a str,
    },
    /// A revision was applied or reverted.
    #[non_exhaustive]
    Finished {
        /// The revision.
        revision: &'a Revision,
        /// Whether it is applied or reverted.
        direction: Direction,
        /// How long it took.
        duration: Duration,
    },
}

/// A revision that a run applied or reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The revision.
    pub revision: RevisionId,
    /// How long it took.
    pub duration: Duration,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Whether revisions were applied or reverted.
    pub direction: Direction,
    /// The revisions, in the order in which they were applied or reverted; empty if there was nothing
    /// to do.
    pub steps: Vec<Applied>,
    /// The applied heads after the run, sorted.
    pub current: Vec<RevisionId>,
}
