//! What commands fail with, and the exit codes.

use crate::output::named_codes::named;

/// Exit codes, beside 0 for success.
pub(crate) mod exit {
    /// Something is wrong with the chain or the database, or the work failed.
    pub(crate) const PROBLEM: u8 = 1;
    /// The command line cannot be used.
    pub(crate) const USAGE: u8 = 2;
    /// Ctrl-C or SIGTERM stopped the command: 128 and the number of SIGINT, as shells have it.
    pub(crate) const INTERRUPTED: u8 = 130;
}

named! {
    /// Why a command fails. The errors of the other packages have codes of their own; where a
    /// command fails for the same reason as they do, the code is the same.
    enum Failure {
        /// The command line asks for something that does not exist or does not fit.
        Usage = "usage",
        /// No package and no migrations folder is here or above.
        NoPackage = "no-package",
        /// `cargo metadata` failed.
        CargoMetadata = "cargo-metadata",
        /// The migrations folder is missing or unreadable.
        NoMigrations = "no-migrations",
        /// There is a chain already.
        ChainExists = "chain-exists",
        /// Nothing says which database the project is for.
        NoDialect = "no-dialect",
        /// No database is named.
        NoDatabase = "no-database",
        /// A url needs a variable that is not set.
        UnsetVariable = "unset-variable",
        /// `.env` cannot be read.
        MalformedDotenv = "malformed-dotenv",
        /// The database has no server.
        NoServer = "no-server",
        /// The database is not one that the project is for.
        WrongDialect = "wrong-dialect",
        /// An extension of SQLite is missing or cannot be loaded.
        Extension = "extension",
        /// A scratch database cannot be created or dropped.
        Scratch = "scratch",
        /// The environment is protected.
        Protected = "protected",
        /// A question was not answered with yes.
        NotConfirmed = "not-confirmed",
        /// The revisions are published.
        Published = "published",
        /// The revision is applied.
        Applied = "applied",
        /// The revision is not applied.
        NotApplied = "not-applied",
        /// What the ledger has could not be compared with the tables.
        NotCompared = "not-compared",
        /// Nothing is applied.
        NothingApplied = "nothing-applied",
        /// There is nothing to work on.
        NothingThere = "nothing-there",
        /// There is one head only.
        NothingToMerge = "nothing-to-merge",
        /// The revisions are where they should be.
        NothingToRebase = "nothing-to-rebase",
        /// No sealed file was edited.
        NothingToAmend = "nothing-to-amend",
        /// Others follow the revision.
        NotAHead = "not-a-head",
        /// Others depend on the revision.
        StillNeeded = "still-needed",
        /// The revision to forget still has its file.
        NotDeleted = "not-deleted",
        /// There is no revision yet.
        NoRevision = "no-revision",
        /// The database has no ledger.
        NoLedger = "no-ledger",
        /// The database has a ledger already.
        LedgerExists = "ledger-exists",
        /// A table is not in the schema.
        MissingTable = "missing-table",
        /// The models and the revisions differ.
        ModelsDiffer = "models-differ",
        /// A snapshot cannot be taken or used.
        Snapshot = "snapshot",
        /// A revision reaches into another database.
        OtherDatabase = "other-database",
        /// A file is there that would be overwritten.
        FileExists = "file-exists",
        /// A file was changed in the meantime.
        FileChanged = "file-changed",
        /// The package is in no git repository.
        NoRepository = "no-repository",
        /// git does not know a reference.
        UnknownReference = "unknown-reference",
        /// Two commits have no common ancestor.
        NoMergeBase = "no-merge-base",
        /// git failed.
        Git = "git",
        /// No editor is configured.
        NoEditor = "no-editor",
        /// The editor failed.
        Editor = "editor",
        /// A backup failed.
        Backup = "backup",
        /// A program that is needed is not installed.
        NoTool = "no-tool",
        /// Another tool's migrations cannot be imported.
        Import = "import",
        /// Alembic's revisions cannot be run.
        Alembic = "alembic",
        /// Alembic's configuration has several environments.
        SeveralEnvironments = "several-environments",
        /// The folder for the imported revisions is in use.
        FolderInUse = "folder-in-use",
        /// The other tool's version table is not in the database.
        NoVersionTable = "no-version-table",
        /// The other tool has a migration that was begun and not finished.
        Unfinished = "unfinished",
        /// A file or a stream cannot be read or written.
        Io = "io",
        /// The answer cannot be written as JSON.
        Json = "json",
        /// The system has no random numbers.
        NoRandomness = "no-randomness",

        /// Ctrl-C or SIGTERM.
        Interrupted = "interrupted",
        /// The database does not answer.
        Database = "database",
        /// A url names no database.
        DatabaseUrl = "database-url",
        /// The database refuses a statement.
        StatementFailed = "statement-failed",
        /// A revision is named that does not exist.
        UnknownRevision = "unknown-revision",
        /// A revision is named that there are several of.
        SeveralHeads = "several-heads",
        /// A target cannot be used here.
        MalformedTarget = "malformed-target",
        /// The id is taken.
        DuplicateRevision = "duplicate-revision",
        /// A draft has no statements.
        EmptyUp = "empty-up",
        /// A draft is among the revisions.
        LockDraft = "lock-draft",
        /// A SQL file has an unterminated statement.
        UnterminatedSql = "unterminated-sql",
        /// A file of SQL has a command for the database's own client.
        ClientCommand = "client-command",
    }
}

impl Failure {
    /// Returns what the command ends with.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => exit::USAGE,
            Self::Interrupted => exit::INTERRUPTED,
            _ => exit::PROBLEM,
        }
    }
}
