//! What can go wrong with a database, and what to do about it.

use std::time::Duration;

use migrate_core::{Diagnostic, Dialect, Label, RevisionId, TargetError};

use crate::driver_error::{
    DatabaseMessage, DriverError, Refusal, connection_help, missed_lock, timed_out,
};

/// Why a database could not be migrated, read, or found current.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be reached, refuses the user or a query of the migrator, or failed.
    #[error("{}", failed_use(.0.as_sqlx()))]
    Database(#[source] DriverError),
    /// The url is none, or of a database whose feature is not compiled in. It is not shown, as it
    /// may hold a password.
    #[error("the database's url cannot be used: {0}")]
    Url(String),
    /// A parameter of the url is not known, or asks for what the driver does not do. Its value is
    /// not shown, as it may be a password.
    #[error("the database's url cannot be used: {message}")]
    #[non_exhaustive]
    UrlParameter {
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// None of the url's servers is reached and of the kind that `target_session_attrs` asks for.
    #[error("no server of the url can be used")]
    NoServer(#[source] Tried),
    /// The target does not exist, or cannot be reached from where the database is.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The database has revisions that the chain does not know: it is newer.
    #[error("the database has revisions that this chain does not know: `{}`", revisions.join("`, `"))]
    #[non_exhaustive]
    Newer {
        /// Which ones.
        revisions: Vec<String>,
    },
    /// Revisions were applied with another text than the chain has now.
    #[error(
        "revisions were changed after they were applied: `{}`",
        listed(revisions)
    )]
    #[non_exhaustive]
    Changed {
        /// Which ones.
        revisions: Vec<RevisionId>,
    },
    /// A revision was begun and not finished.
    #[error("revision `{revision}` is half done: {statements} of its statements were finished{}", error.as_ref().and_then(|error| error.lines().next()).map(|error| format!(", then: {error}")).unwrap_or_default())]
    #[non_exhaustive]
    Unfinished {
        /// Which one.
        revision: String,
        /// How many of its statements were finished.
        statements: u32,
        /// What the database said.
        error: Option<String>,
        /// Whether it was being reverted.
        reverting: bool,
    },
    /// A table of the ledger's name belongs to something else.
    #[error("the table {table} is no ledger of cargo migrate")]
    #[non_exhaustive]
    ForeignLedger {
        /// The table, quoted.
        table: String,
    },
    /// The schema of `[ledger]` is not there and cannot be made, or is closed to the user.
    #[error("the ledger's schema `{schema}` is missing or closed to this user, and cannot be made")]
    #[non_exhaustive]
    LedgerSchema {
        /// Its name.
        schema: String,
        /// The database.
        dialect: Dialect,
        /// The database's own words.
        source: DriverError,
    },
    /// A revision moves, renames or drops what the ledger is in, and so cannot be recorded.
    #[error("after revision `{revision}` the ledger {table} is not where it was")]
    #[non_exhaustive]
    LedgerLost {
        /// Which revision.
        revision: String,
        /// The ledger's table, quoted.
        table: String,
        /// Whether the revision was rolled back; else it stays.
        rolled_back: bool,
        /// The database's own words.
        source: DriverError,
    },
    /// A revision has no way down.
    #[error("revision `{revision}` cannot be reverted: {}", reason.as_deref().unwrap_or("it has no `down` for this database"))]
    #[non_exhaustive]
    Irreversible {
        /// Which one.
        revision: String,
        /// Why, in its author's words.
        reason: Option<String>,
    },
    /// A revision has no way up on this database.
    #[error("revision `{revision}` has no `up` for {}", dialect.name())]
    #[non_exhaustive]
    MissingDialect {
        /// Which one.
        revision: String,
        /// The database.
        dialect: Dialect,
    },
    /// Another migrator did not finish in time.
    #[error("another migrator has the lock{}, and {} s of waiting were not enough", holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default(), waited.as_secs())]
    #[non_exhaustive]
    Locked {
        /// How long it was waited for.
        waited: Duration,
        /// Who has it, where the database says.
        holder: Option<String>,
    },
    /// A statement of a revision failed.
    #[error(transparent)]
    Statement(Box<StatementError>),
    /// A revision failed outside of its statements: in its COMMIT, or where the ledger is written.
    #[error(transparent)]
    Step(Box<StepError>),
    /// The database is not where the chain ends.
    #[error("the database is not up to date: {} to apply{}", crate::error::count(pending.len(), "revision"), pending.first().map(|first| format!(", the first is `{first}`")).unwrap_or_default())]
    #[non_exhaustive]
    NotCurrent {
        /// The revisions to apply, in order.
        pending: Vec<RevisionId>,
    },
    /// Rows point nowhere after a revision, on SQLite.
    #[error("after revision `{revision}` rows of `{}` would point to rows that do not exist", tables.join("`, `"))]
    #[non_exhaustive]
    ForeignKeys {
        /// Which revision; it was rolled back.
        revision: String,
        /// The tables with such rows.
        tables: Vec<String>,
    },
    /// A `CREATE INDEX CONCURRENTLY` of PostgreSQL found an index of its name that is half built.
    #[error(
        "the index `{index}` of revision `{revision}` is invalid: an earlier try to build it failed"
    )]
    #[non_exhaustive]
    InvalidIndex {
        /// Which revision.
        revision: String,
        /// The index, as SQL writes it.
        index: String,
    },
    /// A half-done revision goes on, but what was finished of it is another text now.
    #[error(
        "revision `{revision}` cannot go on: its statement {number}, of {of} that are finished, was edited"
    )]
    #[non_exhaustive]
    ResumeEdited {
        /// Which revision.
        revision: String,
        /// The first statement that differs, from 1.
        number: usize,
        /// How many are finished.
        of: usize,
        /// The statement as it ran.
        was: String,
        /// Where it stands now.
        label: Box<Label>,
        /// Whether the revision was being reverted.
        reverting: bool,
    },
    /// A half-done revision goes on, but its other statements need what a finished one has left in
    /// its session, which has ended.
    #[error(
        "revision `{revision}` cannot go on: what its finished statement {number} left in the session is gone"
    )]
    #[non_exhaustive]
    ResumeSession {
        /// Which revision.
        revision: String,
        /// The finished statement, from 1.
        number: usize,
        /// Where it stands.
        label: Box<Label>,
        /// Whether the revision was being reverted.
        reverting: bool,
    },
    /// A statement is done, but the ledger could not be told.
    #[error(
        "statement {number} of {of} of revision `{revision}` finished, but the ledger could not record it"
    )]
    #[non_exhaustive]
    Unrecorded {
        /// Which revision.
        revision: String,
        /// Which statement, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// Whether the revision was being reverted.
        reverting: bool,
        /// What the database said.
        source: DriverError,
    },
    /// A script for the client of MySQL or MariaDB is to come back from `USE`.
    #[error(
        "the script of revision `{revision}` cannot come back from `USE`: it does not know the database's name"
    )]
    #[non_exhaustive]
    ScriptUse {
        /// Which revision.
        revision: String,
    },
    /// Somebody wants to say what has become of a revision that is not half done.
    #[error("revision `{revision}` is not half done in this database")]
    #[non_exhaustive]
    NotUnfinished {
        /// Which one.
        revision: String,
    },
    /// A statement was begun and cut off: the database may have finished it or not.
    #[error(
        "nobody knows whether statement {number} of {of} of revision `{revision}` was finished"
    )]
    #[non_exhaustive]
    InDoubt {
        /// Which revision.
        revision: String,
        /// Which statement, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// Where it is in the revision's file.
        label: Box<Label>,
        /// Whether it was being reverted.
        reverting: bool,
    },
    /// The whole run was to be one transaction, and a revision cannot be in it.
    #[error("revision `{revision}` cannot be part of one transaction{}", match dialect { Dialect::MySql => ": MySQL and MariaDB commit with every change of the schema", Dialect::Sqlite | Dialect::Postgres => ": its section says `no-transaction`, or it is half done" })]
    #[non_exhaustive]
    NotAtomic {
        /// The first such revision.
        revision: String,
        /// The database.
        dialect: Dialect,
    },
    /// The connection that kept other migrators out is gone, and somebody else may be at work.
    #[error("the lock was lost before revision `{revision}` was finished")]
    #[non_exhaustive]
    LockLost {
        /// Which one was in work.
        revision: String,
        /// What became of the connection.
        source: DriverError,
    },
    /// The run was asked to end before its time: see [`Runner::stop_when`](crate::Runner::stop_when).
    #[error("stopped before all was done{}", match finished.len() { 0 => String::new(), done => format!(": {} done, the one in work was not", count(done, "revision")) })]
    #[non_exhaustive]
    Stopped {
        /// The revisions of this run that were finished before, and stay.
        finished: Vec<RevisionId>,
    },
    /// The database refused a statement that was to mend its schema.
    #[error("statement {number} of {of} failed, and {}", match (*rolled_back, *number) { (true, _) => "nothing was changed", (false, 1) => "nothing was done before it", (false, _) => "those before it stay" })]
    #[non_exhaustive]
    Repair {
        /// Which statement, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// What it is.
        sql: String,
        /// Whether all was rolled back.
        rolled_back: bool,
        /// The database's own words.
        source: DriverError,
    },
    /// Rows would point nowhere after the schema was repaired, on SQLite; it was rolled back.
    #[error("nothing was changed: rows of `{}` would point to rows that do not exist", tables.join("`, `"))]
    #[non_exhaustive]
    RepairDangling {
        /// The tables with such rows.
        tables: Vec<String>,
    },
    /// Somebody else migrated the database in between.
    #[error("somebody else changed the database's revisions in the meantime")]
    Concurrent,
    /// What the database says of one of its objects cannot be understood.
    #[error("the database's own words about `{object}` cannot be understood")]
    #[non_exhaustive]
    SchemaText {
        /// Which object.
        object: String,
    },
    /// The ledger says that all is applied, and tables which the revisions make are not there.
    #[error(
        "the ledger says that all revisions are applied, but the database lacks {}: `{}`",
        count(tables.len(), "table"),
        tables.join("`, `")
    )]
    #[non_exhaustive]
    MissingTables {
        /// The tables, with their named schema where they have one.
        tables: Vec<String>,
    },
    /// Tables are missing or different from what the chain's revisions make.
    #[cfg(feature = "verify")]
    #[error(
        "the database is not what its revisions make: {}",
        several(differences)
    )]
    #[non_exhaustive]
    SchemaDiffers {
        /// What is missing or different.
        differences: Vec<migrate_schema::Difference>,
    },
    /// The binary has no schema to compare the database with.
    #[cfg(feature = "verify")]
    #[error("the application was compiled without a schema.lock of its chain's head that knows {}", dialect.name())]
    #[non_exhaustive]
    NoSchema {
        /// The database.
        dialect: Dialect,
    },
    /// The text of a revision in the ledger cannot be understood.
    #[error("the ledger's text of revision `{revision}` cannot be read")]
    #[non_exhaustive]
    LedgerText {
        /// Which one.
        revision: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
}

/// What became of each server of a url.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tried {
    /// What `target_session_attrs` says.
    pub attributes: String,
    /// Each server with the reason why it was not taken.
    pub servers: Vec<(String, String)>,
    /// What the last of them refuses, if that is listed.
    pub refusal: Option<Refusal>,
}

impl std::error::Error for Tried {}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told: Vec<_> = self
            .servers
            .iter()
            .map(|(server, why)| format!("`{server}`: {why}"))
            .collect();
        f.write_str(&told.join("\n"))
    }
}

/// A statement that the database refused.
#[derive(Debug, thiserror::Error)]
#[error("statement {number} of {of} of revision `{revision}` failed")]
#[non_exhaustive]
pub struct StatementError {
    /// Which revision.
    pub revision: String,
    /// Which statement, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Where it is in the revision's file.
    pub label: Label,
    /// The revisions of this run that were finished before, and stay.
    pub finished: Vec<RevisionId>,
    /// Whether the revision was rolled back; else the statements before stay.
    pub rolled_back: bool,
    /// Whether nothing of the whole run was kept.
    pub atomic: bool,
    /// On PostgreSQL, the half-built index that the statement has left behind.
    pub invalid_index: Option<String>,
    /// Whether it was being reverted.
    pub reverting: bool,
    /// Whether its text is the one that the ledger kept, and not the file's.
    pub from_ledger: bool,
    /// All that the database said.
    pub message: DatabaseMessage,
    /// The driver's error.
    #[source]
    pub source: DriverError,
}

/// A revision that failed outside of its statements.
///
/// What the database finds only at the end of a transaction shows here, such as a deferred foreign
/// key; and what a statement has set for the session and is in the way of the ledger.
#[derive(Debug, thiserror::Error)]
#[error("revision `{revision}` failed {phase}{}", if *.reverting { " while it was reverted" } else { "" })]
#[non_exhaustive]
pub struct StepError {
    /// Which revision.
    pub revision: String,
    /// Its file, below the chain's folder.
    pub file: String,
    /// What was done for it.
    pub phase: Phase,
    /// The revisions of this run that were finished before, and stay.
    pub finished: Vec<RevisionId>,
    /// Whether the revision was rolled back; else the statements that finished stay.
    pub rolled_back: bool,
    /// Whether it was being reverted.
    pub reverting: bool,
    /// All that the database said.
    pub message: DatabaseMessage,
    /// The driver's error.
    #[source]
    pub source: DriverError,
}

/// What is done for a revision beside its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Its transaction begins.
    Begin,
    /// The session's settings and limits are set, or restored behind its statements.
    Settings,
    /// Its row and its event are written to the ledger.
    Ledger,
    /// Its transaction ends.
    Commit,
    /// The one transaction of all revisions of a run ends; the revision is the last of them.
    RunCommit,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begin => "in its BEGIN",
            Self::Settings => "while the session was set up or restored",
            Self::Ledger => "while the ledger was written",
            Self::Commit => "in its COMMIT",
            Self::RunCommit => "in the COMMIT of the run, whose last one it is,",
        })
    }
}

/// Writes the first few of what differs.
#[cfg(feature = "verify")]
fn several(differences: &[migrate_schema::Difference]) -> String {
    const MOST: usize = 5;
    let mut told: Vec<String> = differences
        .iter()
        .take(MOST)
        .map(ToString::to_string)
        .collect();
    if differences.len() > MOST {
        told.push(format!("and {} more", differences.len() - MOST));
    }
    told.join("; ")
}

/// Says what could not be done with the database; its own words are the source's.
fn failed_use(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Database(_) => "the database refused a connection or a query of the migrator",
        sqlx::Error::PoolTimedOut => "no connection of the pool became free in time",
        sqlx::Error::PoolClosed => "the pool of connections is closed",
        sqlx::Error::Io(_) => "the connection to the database failed",
        sqlx::Error::Tls(_) => "the TLS connection to the database failed",
        sqlx::Error::Configuration(_) => "the options of the connection are not valid",
        _ => "the driver of the database failed",
    }
}

fn listed(revisions: &[RevisionId]) -> String {
    let ids: Vec<&str> = revisions.iter().map(RevisionId::as_str).collect();
    ids.join("`, `")
}

/// Writes a number with its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

macro_rules! codes {
    ($($(#[$cfg:meta])? $pattern:pat => $code:literal,)*) => {
        /// Every code that [`code`](Self::code) can return with any of the features, but for those
        /// of a target, which are [`TargetError::CODES`].
        pub const CODES: &'static [&'static str] = &[$($code,)*];

        /// Returns the stable name of the failure; `cargo migrate explain <code>` tells its story.
        #[must_use]
        pub const fn code(&self) -> &'static str {
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
    }

    /// Returns what to type or do next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Database(error) => return connection_help(error.as_sqlx()).map(str::to_owned),
            Self::Url(_) => "write it as `sqlite://app.db`, `postgres://user@host/database` or `mysql://user@host/database`".to_owned(),
            Self::UrlParameter { help, .. } => help.clone(),
            Self::NoServer(tried) => match tried.attributes.as_str() {
                "any" => "are the servers running, and are hosts and ports right?".to_owned(),
                attributes => format!("the url asks for `target_session_attrs={attributes}`: name a server that is, or `any`"),
            },
            Self::Target(error) => return error.help(),
            Self::Newer { revisions } => format!(
                "deploy the version that has them, or take a development database to this branch with `cargo migrate switch HEAD`, or take them back with `cargo migrate revert <target>`; both use the ledger's text of {}",
                revisions.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::Changed { revisions } => match &revisions[..] {
                [only] => format!("`cargo migrate redo {only}` reverts what was applied and runs the new text; or take the edit back with git"),
                _ => "take the edits back with git, or `cargo migrate redo` each of them, the newest first".to_owned(),
            },
            Self::Unfinished { reverting: false, .. } => "mend what stopped it, then go on after the last finished statement with `cargo migrate run --resume`".to_owned(),
            Self::Unfinished { .. } => "mend what stopped it, then go on after the last finished statement with `cargo migrate revert --resume`".to_owned(),
            Self::ForeignLedger { .. } => "give the ledger another name in migrate.toml: `prefix = \"schema_\"` below `[ledger]`".to_owned(),
            Self::LedgerSchema { dialect: Dialect::Sqlite, .. } => "SQLite has no schemas of its own: leave `schema` out below `[ledger]` in migrate.toml".to_owned(),
            Self::LedgerSchema { schema, dialect, .. } => {
                let (what, schema) = match dialect {
                    Dialect::MySql => ("DATABASE", dialect.quote(schema)),
                    Dialect::Sqlite | Dialect::Postgres => ("SCHEMA", dialect.quote(schema)),
                };
                format!("let somebody who may make it: `CREATE {what} {schema}`, with the right to create tables in it for the user of the url")
            }
            Self::LedgerLost { rolled_back, .. } => {
                let kept = match rolled_back {
                    true => "nothing of the revision was kept",
                    false => "what the revision did stays, and `cargo migrate stamp --detect` finds where the database is",
                };
                format!("a revision must leave the ledger's tables and their schema alone: keep them in one of their own, `schema = \"…\"` below `[ledger]` in migrate.toml; {kept}")
            }
            Self::Irreversible { .. } => "restore a backup, or write a new revision that undoes it: `cargo migrate new \"undo …\"`".to_owned(),
            Self::MissingDialect { revision, .. } => format!("add a section for it: `cargo migrate edit {revision}`"),
            Self::Locked { .. } => "wait for it, or wait longer with `--lock-wait <seconds>`; the lock goes with its holder".to_owned(),
            Self::Statement(error) => error.help(),
            Self::Step(error) => error.help(),
            Self::InvalidIndex { index, .. } => format!("drop it with `DROP INDEX CONCURRENTLY {index}`, then go on with `cargo migrate run --resume`"),
            Self::ResumeEdited { revision, reverting, .. } => {
                let (verb, word) = match reverting {
                    true => ("revert", "undone"),
                    false => ("run", "done"),
                };
                format!("restore the statements that are finished and edit only those behind them, then `cargo migrate {verb} --resume`; or bring the database there by hand and say so with `cargo migrate repair --{word} {revision} --execute`")
            }
            Self::ResumeSession { revision, reverting, .. } => {
                let word = if *reverting { "undone" } else { "done" };
                format!("run the statements behind it by hand in one session, then say so with `cargo migrate repair --{word} {revision} --execute`")
            }
            Self::Unrecorded { reverting, .. } => {
                let verb = if *reverting { "revert" } else { "run" };
                format!("once the lock is free, `cargo migrate {verb} --resume=done` records it and goes on")
            }
            Self::ScriptUse { .. } => "write the script with the database at hand, without `base:` or another range; or leave `USE` out and write the database's name before those of its tables".to_owned(),
            Self::NotUnfinished { .. } => "`cargo migrate status` shows what is half done, and `cargo migrate stamp` records any place".to_owned(),
            Self::InDoubt { reverting, .. } => {
                let verb = if *reverting { "revert" } else { "run" };
                format!("look whether the database has it; where it has, go on with `cargo migrate {verb} --resume=done`, where not, with `cargo migrate {verb} --resume=again`")
            }
            Self::NotAtomic { dialect: Dialect::MySql, .. } => "run it without `--atomic`: progress is kept a statement at a time".to_owned(),
            Self::NotAtomic { revision, .. } => format!("run up to it without `--atomic`: `cargo migrate run {revision}`"),
            Self::NotCurrent { .. } => "apply them with `cargo migrate run`, or start the application with the right to migrate".to_owned(),
            Self::ForeignKeys { .. } => "delete or mend those rows in the revision itself; it was rolled back".to_owned(),
            Self::LockLost { .. } => "look how far it has come with `cargo migrate status`, then go on with `--resume`".to_owned(),
            Self::Stopped { .. } => "`cargo migrate status` shows where the database is, and how to go on".to_owned(),
            Self::Concurrent => "look where it is now with `cargo migrate status`, then try again".to_owned(),
            Self::MissingTables { .. } => "`cargo migrate verify` shows all that differs, `cargo migrate repair --schema` brings it back".to_owned(),
            Self::Repair { .. } => "mend the rows that stand in its way, then try again: what is done already is not done twice".to_owned(),
            Self::RepairDangling { .. } => "delete or mend those rows, then try again".to_owned(),
            Self::SchemaText { .. } => "this is a gap in cargo migrate: please report it with the statement that made the object".to_owned(),
            #[cfg(feature = "verify")]
            Self::SchemaDiffers { .. } => "`cargo migrate verify` tells all of it, and how to bring the database there".to_owned(),
            #[cfg(feature = "verify")]
            Self::NoSchema { .. } => "write it with `cargo migrate lock`, commit it, and compile again".to_owned(),
            Self::LedgerText { .. } => "restore the revision's file from git, then try again".to_owned(),
        })
    }
}

impl StatementError {
    fn help(&self) -> String {
        let verb = if self.reverting { "revert" } else { "run" };
        let again = match (self.rolled_back, self.reverting) {
            (true, _) if self.atomic => {
                format!("`cargo migrate {verb}` again; nothing of the whole run was kept")
            }
            (true, false) => "`cargo migrate run` again; nothing of it was kept".to_owned(),
            (true, true) => "`cargo migrate revert` again; nothing of it was undone".to_owned(),
            (false, _) => format!("go on there with `cargo migrate {verb} --resume`"),
        };
        let source = self.source.as_sqlx();
        if let Some(index) = &self.invalid_index {
            return format!(
                "mend the statement, drop the half-built index with `DROP INDEX CONCURRENTLY {index}`, then {again}"
            );
        }
        let refusal = Refusal::of(source);
        if missed_lock(source) {
            return format!(
                "another session has a lock that it needs: find it and let it end, or allow more with `lock-timeout` and `lock-retries` of the environment; then {again}"
            );
        }
        if timed_out(source) {
            return format!(
                "it took longer than it may: allow more with `statement-timeout` of the environment or of its section; then {again}"
            );
        }
        if refusal == Some(Refusal::OutOfLocks) {
            return match self.atomic {
                true => format!(
                    "one transaction holds a lock for every table it touches: run without `--atomic`, or raise the server's `max_locks_per_transaction`; then {again}"
                ),
                false => format!(
                    "one transaction holds a lock for every table it touches: divide the revision, or raise the server's `max_locks_per_transaction`; then {again}"
                ),
            };
        }
        if refusal == Some(Refusal::UnknownOfExtension) {
            return format!(
                "if an extension of SQLite has it, name that in migrate.toml: `extensions = [\"…\"]` below `[sqlite]`; else mend the revision, then {again}"
            );
        }
        if self.rolled_back
            && !self.reverting
            && self.number == 1
            && refusal == Some(Refusal::AlreadyExists)
        {
            return format!(
                "if it was made outside the chain, `cargo migrate stamp --detect` finds where the database is; else mend the revision, then {again}"
            );
        }
        if self.from_ledger {
            let revision = &self.revision;
            let fix = match self.rolled_back {
                true => {
                    "put that `up` into its file (`cargo migrate repair --ledger` writes a lost one), correct the file's `down`, and `cargo migrate revert` again"
                }
                false => "correct the `down` in its file, and `cargo migrate revert --resume`",
            };
            return format!(
                "this is the text that the ledger kept, as the file is gone or has another `up` than was applied: {fix}; or undo it in the database by hand, then `cargo migrate repair --undone {revision} --execute`"
            );
        }
        match self.rolled_back {
            true => format!("mend the revision, then {again}"),
            false => format!("mend the statement, then {again}"),
        }
    }
}

impl StepError {
    fn help(&self) -> String {
        let verb = if self.reverting { "revert" } else { "run" };
        let again = match self.rolled_back {
            true => format!("`cargo migrate {verb}` again; nothing of it was kept"),
            false => format!("go on there with `cargo migrate {verb} --resume`"),
        };
        if missed_lock(self.source.as_sqlx()) {
            return format!(
                "another session has a lock that it needs: find it and let it end; then {again}"
            );
        }
        match self.phase {
            Phase::Commit | Phase::RunCommit => format!(
                "its statements leave behind what a check at the end of the transaction refuses, such as a deferred constraint: change the revision or the rows, then {again}"
            ),
            Phase::Begin => format!("look at the database's own message, then {again}"),
            Phase::Settings | Phase::Ledger => format!(
                "look whether a statement of the revision changes the session's role, its settings or the ledger's tables, change it, then {again}"
            ),
        }
    }
}

impl Error {
    /// Returns all that the database said, or what its driver did, where one of them is the cause.
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

    /// Returns the driver's error, where one is the cause.
    #[must_use]
    pub fn driver_error(&self) -> Option<&DriverError> {
        match self {
            Self::Database(source)
            | Self::LockLost { source, .. }
            | Self::Repair { source, .. } => Some(source),
            Self::Statement(error) => Some(&error.source),
            Self::Step(error) => Some(&error.source),
            _ => None,
        }
    }

    /// Returns what the database or the driver refuses, if that is listed.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::NoServer(tried) => tried.refusal,
            error => error.driver_error()?.refusal(),
        }
    }

    /// What happened and all that the database said of it, for the ledger.
    pub(crate) fn report(&self) -> String {
        match self.database_message() {
            Some(message) => format!("{self}: {}", message.report()),
            None => self.to_string(),
        }
    }

    /// Whether a revision was rolled back only because another session had a lock.
    pub(crate) fn missed_lock(&self) -> bool {
        let source = match self {
            Self::Statement(error) if error.rolled_back => &error.source,
            Self::Step(error) if error.rolled_back => &error.source,
            _ => return false,
        };
        missed_lock(source.as_sqlx())
    }
}

/// What the command refuses in the words of the runtime.
#[cfg(feature = "cli")]
#[doc(hidden)]
impl Error {
    /// [`Error::Newer`].
    #[must_use]
    pub const fn newer(revisions: Vec<String>) -> Self {
        Self::Newer { revisions }
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
