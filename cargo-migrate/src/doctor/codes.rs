//! The codes of the findings of `doctor`.

use migrate_core::Code;
use migrate_sqlx::__cli::discrepancy::Kind;

use crate::output::named_codes::named;

named! {
    /// What only `doctor` looks for; what it finds in the ledger row by row is [`Kind`].
    enum DoctorCode {
        /// There is no migrations folder, or it cannot be listed.
        NoMigrations = "no-migrations",
        /// Another tool's migrations, and none of ours.
        OtherTool = "other-tool",
        /// A revision does not say when it was made.
        NoCreatedTime = "no-created-time",
        /// A backup of an editor or a merge tool.
        LeftoverFile = "leftover-file",
        /// A folder with SQL inside the migrations folder.
        UnreadFolder = "unread-folder",
        /// A draft that was forgotten.
        OldDraft = "old-draft",
        /// git waits for the end of a merge or a rebase.
        MergeInProgress = "merge-in-progress",
        /// A file that nobody has added.
        NotInGit = "not-in-git",
        /// A file that .gitignore keeps out.
        IgnoredByGit = "ignored-by-git",
        /// The files were committed and chain.lock was not.
        LockNotCommitted = "lock-not-committed",
        /// The main branch has revisions that this checkout lacks.
        Behind = "behind",
        /// Tables, and nothing that says where they come from.
        NoLedger = "no-ledger",
        /// A migrator is running.
        LedgerLocked = "ledger-locked",
        /// The database lacks what the revisions make.
        SchemaMissing = "schema-missing",
        /// The database has it in another way.
        SchemaDifferent = "schema-different",
        /// The database has what no revision makes.
        SchemaExtra = "schema-extra",
        /// The database could not be compared with the revisions.
        NotCompared = "not-compared",
        /// The models want what no revision makes.
        ModelsDiffer = "models-differ",
    }
}

/// The code of a finding. No string becomes one, as it might have no page.
#[derive(Clone, Debug)]
pub(crate) enum FindingCode {
    Chain(Code),
    Doctor(DoctorCode),
    Ledger(Kind),
    /// What looking has failed with.
    Failure(&'static str),
}

impl FindingCode {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Chain(code) => code.as_str(),
            Self::Doctor(code) => code.code(),
            Self::Ledger(kind) => kind.code(),
            Self::Failure(code) => code,
        }
    }
}

impl From<Code> for FindingCode {
    fn from(code: Code) -> Self {
        Self::Chain(code)
    }
}

impl From<DoctorCode> for FindingCode {
    fn from(code: DoctorCode) -> Self {
        Self::Doctor(code)
    }
}

impl From<Kind> for FindingCode {
    fn from(kind: Kind) -> Self {
        Self::Ledger(kind)
    }
}
