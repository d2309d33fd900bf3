//! Errors of a database, with help.

mod display;
mod help;

use std::path::PathBuf;
use std::time::Duration;

use migrate_core::{Diagnostic, Dialect, Label, RevisionId, TargetError};

pub use self::display::ErrorReport;
use crate::driver_error::{DatabaseMessage, DriverError, Refusal, missed_lock};

/// An error of migrating, reading or checking a database.
#[non_exhaustive]
pub enum Error {
    /// The database cannot be reached, refuses the user or a query of the migrator, or failed.
    Database(DriverError),
    /// The url is invalid, or of a database whose feature is not compiled in. It is not shown, as it
    /// may contain a password.
    Url(String),
    /// A parameter of the url is unknown, or not supported by the driver. Its value is not shown, as
    /// it may be a password.
    #[non_exhaustive]
    UrlParameter {
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// No server of the url is reachable and of the kind that `target_session_attrs` asks for.
    NoServer(Tried),
    /// The target does not exist, or cannot be reached from the database's state.
    Target(TargetError),
    /// The database has revisions that the chain does not know: it is newer.
    #[non_exhaustive]
    Newer {
        /// The revisions.
        revisions: Vec<String>,
        /// The phase of all of them, if only that of a phase is in the way:
        /// [`Phase::Contract`](migrate_core::Phase::Contract) for `Migrations::ensure_compatible`.
        phase: Option<migrate_core::Phase>,
    },
    /// The ledger has revisions, and none of them is of this chain: it belongs to another one.
    #[non_exhaustive]
    AnotherChain {
        /// The revisions of the other chain.
        revisions: Vec<String>,
    },
    /// Revisions were changed after they were applied.
    #[non_exhaustive]
    Changed {
        /// The revisions.
        revisions: Vec<RevisionId>,
    },
    /// A revision was begun and not finished.
    #[non_exhaustive]
    Unfinished {
        /// The revision.
        revision: String,
        /// How many of its statements were finished.
        statements: u32,
        /// What the database said.
        error: Option<String>,
        /// Whether it was being reverted.
        reverting: bool,
        /// Where the statement is at which it stopped.
        label: Option<Box<Label>>,
    },
    /// A table of the ledger's name belongs to something else.
    #[non_exhaustive]
    ForeignLedger {
        /// The table, quoted.
        table: String,
    },
    /// The schema of `[ledger]` is missing and cannot be created, or is not accessible to the user.
    #[non_exhaustive]
    LedgerSchema {
        /// Its name.
        schema: String,
        /// The database.
        dialect: Dialect,
        /// The database's error.
        source: DriverError,
    },
    /// A revision moves, renames or drops the ledger's tables or schema, and so cannot be recorded.
    #[non_exhaustive]
    LedgerLost {
        /// The revision.
        revision: String,
        /// The ledger's table, quoted.
        table: String,
        /// Whether the revision was rolled back; otherwise its changes stay.
        rolled_back: bool,
        /// The database's error.
        source: DriverError,
    },
    /// A revision cannot be reverted.
    #[non_exhaustive]
    Irreversible {
        /// The revision.
        revision: String,
        /// The reason that its author gives.
        reason: Option<String>,
    },
    /// A revision has no `up` section for this database.
    #[non_exhaustive]
    MissingDialect {
        /// The revision.
        revision: String,
        /// The database.
        dialect: Dialect,
    },
    /// Another migrator did not finish in time.
    #[non_exhaustive]
    Locked {
        /// How long it was waited for.
        waited: Duration,
        /// The holder, if the database reports it.
        holder: Option<String>,
    },
    /// A statement of a revision failed.
    Statement(Box<StatementError>),
    /// A revision failed outside of its statements: in its COMMIT, or while the ledger was written.
    Step(Box<StepError>),
    /// The database lacks revisions of the chain.
    #[non_exhaustive]
    NotCurrent {
        /// The revisions to apply, in order.
        pending: Vec<RevisionId>,
    },
    /// Rows violate a foreign key after a revision, on SQLite.
    #[non_exhaustive]
    ForeignKeys {
        /// Which revision; it was rolled back.
        revision: String,
        /// The tables with such rows.
        tables: Vec<String>,
    },
    /// A `CREATE INDEX CONCURRENTLY` of PostgreSQL found an invalid index of its name.
    #[non_exhaustive]
    InvalidIndex {
        /// The revision.
        revision: String,
        /// The index, as SQL writes it.
        index: String,
    },
    /// An unfinished revision cannot be resumed, because a finished statement was edited.
    #[non_exhaustive]
    ResumeEdited {
        /// The revision.
        revision: String,
        /// The first statement that differs, counted from 1.
        number: usize,
        /// How many are finished.
        of: usize,
        /// The statement as it ran.
        was: String,
        /// Its place in the file now.
        label: Box<Label>,
        /// Whether the revision was being reverted.
        reverting: bool,
    },
    /// An unfinished revision cannot be resumed, because its other statements need session state of a
    /// finished one, and that session has ended.
    #[non_exhaustive]
    ResumeSession {
        /// The revision.
        revision: String,
        /// The finished statement, counted from 1.
        number: usize,
        /// Its place in the file.
        label: Box<Label>,
        /// Whether the revision was being reverted.
        reverting: bool,
    },
    /// A statement is done, but the ledger could not record it.
    #[non_exhaustive]
    Unrecorded {
        /// The revision.
        revision: String,
        /// The statement, counted from 1.
        number: usize,
        /// The number of statements.
        of: usize,
        /// Whether the revision was being reverted.
        reverting: bool,
        /// What the database said.
        source: DriverError,
    },
    /// A script for the client of MySQL or MariaDB contains `USE`, and cannot switch back.
    #[non_exhaustive]
    ScriptUse {
        /// The revision.
        revision: String,
    },
    /// The outcome of a revision was declared that is not unfinished.
    #[non_exhaustive]
    NotUnfinished {
        /// The revision.
        revision: String,
    },
    /// A statement was interrupted, and its outcome is unknown.
    #[non_exhaustive]
    InDoubt {
        /// The revision.
        revision: String,
        /// The statement, counted from 1.
        number: usize,
        /// The number of statements.
        of: usize,
        /// Where it is in the revision's file.
        label: Box<Label>,
        /// Whether it was being reverted.
        reverting: bool,
    },
    /// The whole run was to be one transaction, and a revision cannot be in it.
    #[non_exhaustive]
    NotAtomic {
        /// The first such revision.
        revision: String,
        /// The database.
        dialect: Dialect,
    },
    /// The connection that held the migrators' lock is gone, and another migrator may be running.
    #[non_exhaustive]
    LockLost {
        /// The revision that was in progress.
        revision: String,
        /// The error of the connection.
        source: DriverError,
    },
    /// The run was stopped early: see [`Runner::stop_when`](crate::Runner::stop_when) and
    /// [`Runner::timeout`](crate::Runner::timeout).
    #[non_exhaustive]
    Stopped {
        /// The revisions of this run that were finished before, and stay.
        finished: Vec<RevisionId>,
        /// The time limit of the run, if that is what stopped it.
        timeout: Option<Duration>,
    },
    /// The database refused a statement of a schema repair.
    #[non_exhaustive]
    Repair {
        /// The statement, counted from 1.
        number: usize,
        /// The number of statements.
        of: usize,
        /// The statement's SQL.
        sql: String,
        /// Whether everything was rolled back.
        rolled_back: bool,
        /// The database's error.
        source: DriverError,
    },
    /// Rows would violate a foreign key after a schema repair, on SQLite; it was rolled back.
    #[non_exhaustive]
    RepairDangling {
        /// The tables with such rows.
        tables: Vec<String>,
    },
    /// Another process migrated the database in the meantime.
    Concurrent,
    /// The database's definition of an object cannot be parsed.
    #[non_exhaustive]
    SchemaText {
        /// The object.
        object: String,
    },
    /// The ledger says that all revisions are applied, but tables that they create are missing.
    #[non_exhaustive]
    MissingTables {
        /// The tables, with their named schema where they have one.
        tables: Vec<String>,
    },
    /// The schema differs from the one that the chain's revisions create.
    #[cfg(feature = "verify")]
    #[non_exhaustive]
    SchemaDiffers {
        /// What is missing or different.
        differences: Vec<migrate_schema::Difference>,
    },
    /// The binary has no schema to compare the database with.
    #[cfg(feature = "verify")]
    #[non_exhaustive]
    NoSchema {
        /// The database.
        dialect: Dialect,
    },
    /// The files of a folder are not a sound chain; none of them was run.
    #[non_exhaustive]
    UnsoundChain {
        /// The folder.
        folder: PathBuf,
        /// What is wrong, and the warnings.
        diagnostics: Vec<Diagnostic>,
    },
    /// A folder of revisions cannot be read.
    #[non_exhaustive]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The text of a revision in the ledger cannot be parsed.
    #[non_exhaustive]
    LedgerText {
        /// The revision.
        revision: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
}

/// The servers of a url, with the reasons why none was used.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tried {
    /// The value of `target_session_attrs`.
    pub attributes: String,
    /// Each server with the reason why it was not used.
    pub servers: Vec<(String, String)>,
    /// The kind of the last refusal, if it is known.
    pub refusal: Option<Refusal>,
}

impl std::error::Error for Tried {}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let servers: Vec<_> = self
            .servers
            .iter()
            .map(|(server, why)| format!("`{server}`: {why}"))
            .collect();
        f.write_str(&servers.join("\n"))
    }
}

/// A statement that the database refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct StatementError {
    /// The revision.
    pub revision: String,
    /// The statement, counted from 1.
    pub number: usize,
    /// The number of statements.
    pub of: usize,
    /// Where it is in the revision's file.
    pub label: Label,
    /// The revisions of this run that were finished before, and stay.
    pub finished: Vec<RevisionId>,
    /// Whether the revision was rolled back; otherwise the statements before stay.
    pub rolled_back: bool,
    /// Whether nothing of the whole run was kept.
    pub atomic: bool,
    /// On PostgreSQL, the invalid index that the statement has left.
    pub invalid_index: Option<String>,
    /// Whether it was being reverted.
    pub reverting: bool,
    /// Whether the text is the ledger's, and not the file's.
    pub from_ledger: bool,
    /// The full message of the database.
    pub message: DatabaseMessage,
    /// The driver's error.
    pub source: DriverError,
}

/// A revision that failed outside of its statements.
///
/// Examples are a violated deferred foreign key, which the database reports at the end of the
/// transaction, and session settings of a statement that keep the ledger from being written.
#[derive(Debug)]
#[non_exhaustive]
pub struct StepError {
    /// The revision.
    pub revision: String,
    /// Its file, below the chain's folder.
    pub file: String,
    /// What failed.
    pub part: StepPart,
    /// The revisions of this run that were finished before, and stay.
    pub finished: Vec<RevisionId>,
    /// Whether the revision was rolled back; otherwise the finished statements stay.
    pub rolled_back: bool,
    /// Whether it was being reverted.
    pub reverting: bool,
    /// The full message of the database.
    pub message: DatabaseMessage,
    /// The driver's error.
    pub source: DriverError,
}

/// A part of a revision besides its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepPart {
    /// Its transaction begins.
    Begin,
    /// The session's settings and limits are set, or restored after its statements.
    Settings,
    /// Its row and its event are written to the ledger.
    Ledger,
    /// Its transaction ends.
    Commit,
    /// The one transaction of all revisions of a run ends; the revision is the last of them.
    RunCommit,
}

impl std::fmt::Display for StepPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begin => "in its BEGIN",
            Self::Settings => "while the session was set up or restored",
            Self::Ledger => "while the ledger was written",
            Self::Commit => "in its COMMIT",
            Self::RunCommit => "in the COMMIT of the run (it is the last revision)",
        })
    }
}

/// Writes a number with its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

const POOL_TIMEOUT: &str = "pool-timeout";
const READ_ONLY: &str = "read-only";

/// The code of a failure that is the same whatever the migrator was doing.
fn code_of_driver(error: &DriverError) -> Option<&'static str> {
    match (error.as_sqlx(), error.refusal()) {
        (sqlx::Error::PoolTimedOut, _) => Some(POOL_TIMEOUT),
        (_, Some(Refusal::ReadOnly)) => Some(READ_ONLY),
        _ => None,
    }
}

macro_rules! codes {
    ($($(#[$cfg:meta])? $pattern:pat => $code:literal,)*) => {
        /// Every code that [`code`](Self::code) can return with any of the features, but for those
        /// of a target, which are [`TargetError::CODES`].
        pub const CODES: &'static [&'static str] = &[POOL_TIMEOUT, READ_ONLY, $($code,)*];

        /// Returns the stable name of the failure; `cargo migrate explain <code>` explains it.
        #[must_use]
        pub fn code(&self) -> &'static str {
            if let Some(code) = self.driver_error().and_then(code_of_driver) {
                return code;
            }
            match self {
                Self::Target(error) => error.code(),
                $($(#[$cfg])? $pattern => $code,)*
            }
        }
    };
}

impl Error {
    codes! {
        Self::Database(_) | Self::NoServer(_) => "database",
        Self::Url(_) => "database-url",
        Self::UrlParameter { .. } => "url-parameter",
        Self::Newer { .. } => "database-newer",
        Self::AnotherChain { .. } => "another-chain",
        Self::Changed { .. } => "revision-changed",
        Self::Unfinished { .. } => "revision-unfinished",
        Self::ForeignLedger { .. } => "foreign-ledger",
        Self::LedgerSchema { .. } => "ledger-schema",
        Self::LedgerLost { .. } => "ledger-lost",
        Self::Irreversible { .. } => "irreversible",
        Self::MissingDialect { .. } => "missing-dialect",
        Self::Locked { .. } => "locked",
        Self::Statement(_) | Self::Repair { .. } => "statement-failed",
        Self::Step(_) => "step-failed",
        Self::NotCurrent { .. } => "not-current",
        Self::ForeignKeys { .. } | Self::RepairDangling { .. } => "foreign-keys",
        Self::InvalidIndex { .. } => "invalid-index",
        Self::ResumeEdited { .. } => "resume-edited",
        Self::ResumeSession { .. } => "resume-session",
        Self::Unrecorded { .. } => "unrecorded",
        Self::ScriptUse { .. } => "script-use",
        Self::NotUnfinished { .. } => "not-unfinished",
        Self::InDoubt { .. } => "in-doubt",
        Self::NotAtomic { .. } => "not-atomic",
        Self::LockLost { .. } => "lock-lost",
        Self::Stopped { .. } => "interrupted",
        Self::Concurrent => "concurrent",
        Self::SchemaText { .. } => "schema-text",
        Self::MissingTables { .. } => "missing-tables",
        #[cfg(feature = "verify")]
        Self::SchemaDiffers { .. } => "schema-differs",
        #[cfg(feature = "verify")]
        Self::NoSchema { .. } => "no-schema",
        Self::LedgerText { .. } => "ledger-text",
        Self::UnsoundChain { .. } => "unsound-chain",
        Self::Folder { .. } => "unreadable-folder",
    }
}

impl Error {
    /// Returns the full message of the database or its driver, if one of them is the cause.
    ///
    /// ```
    /// # fn show(error: &migrate_sqlx::Error) {
    /// if let Some(message) = error.database_message() {
    ///     eprintln!("{message}");
    ///     for (name, text) in message.parts() {
    ///         eprintln!("  {name}: {text}");
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn database_message(&self) -> Option<DatabaseMessage> {
        match self {
            Self::Statement(error) => Some(error.message.clone()),
            Self::Step(error) => Some(error.message.clone()),
            _ => self.driver_error().map(DriverError::message),
        }
    }

    /// Returns the driver's error, if one is the cause.
    #[must_use]
    pub fn driver_error(&self) -> Option<&DriverError> {
        match self {
            Self::Database(source)
            | Self::LedgerSchema { source, .. }
            | Self::LedgerLost { source, .. }
            | Self::Unrecorded { source, .. }
            | Self::LockLost { source, .. }
            | Self::Repair { source, .. } => Some(source),
            Self::Statement(error) => Some(&error.source),
            Self::Step(error) => Some(&error.source),
            _ => None,
        }
    }

    /// Returns the kind of the refusal, if it is known.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::NoServer(tried) => tried.refusal,
            error => error.driver_error()?.refusal(),
        }
    }

    /// The error and the full message of the database, for the ledger.
    pub(crate) fn for_ledger(&self) -> String {
        match self.database_message() {
            Some(message) => format!("{}: {}", self.headline(), message.report()),
            None => self.to_string(),
        }
    }

    /// Returns true if a revision was rolled back only because another session held a lock.
    pub(crate) fn missed_lock(&self) -> bool {
        let source = match self {
            Self::Statement(error) if error.rolled_back => &error.source,
            Self::Step(error) if error.rolled_back => &error.source,
            _ => return false,
        };
        missed_lock(source.as_sqlx())
    }
}

/// Errors of the runtime that the command creates.
#[cfg(feature = "cli")]
#[doc(hidden)]
impl Error {
    /// [`Error::Newer`].
    #[must_use]
    pub const fn newer(revisions: Vec<String>) -> Self {
        Self::Newer {
            revisions,
            phase: None,
        }
    }

    /// [`Error::Changed`].
    #[must_use]
    pub const fn changed(revisions: Vec<RevisionId>) -> Self {
        Self::Changed { revisions }
    }

    /// [`Error::Irreversible`].
    #[must_use]
    pub const fn irreversible(revision: String, reason: String) -> Self {
        Self::Irreversible {
            revision,
            reason: Some(reason),
        }
    }

    /// [`Error::NotUnfinished`].
    #[must_use]
    pub const fn not_unfinished(revision: String) -> Self {
        Self::NotUnfinished { revision }
    }
}

/// Without a source: [`Display`](std::fmt::Display) writes what the database said, and
/// [`Error::driver_error`] returns it.
impl std::error::Error for Error {}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_can_cross_threads() {
        const fn sendable<T: Send + Sync + 'static>() {}
        sendable::<Error>();
    }
}
