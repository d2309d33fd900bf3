//! Errors of a database, with help.

use std::time::Duration;

use migrate_core::{Diagnostic, Dialect, Label, RevisionId, TargetError};

use crate::driver_error::{
    DatabaseMessage, DriverError, Refusal, connection_help, missed_lock, timed_out, violates_rows,
};

/// An error of migrating, reading or checking a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be reached, refuses the user or a query of the migrator, or failed.
    #[error("{}", failed_use(.0.as_sqlx()))]
    Database(#[source] DriverError),
    /// The url is invalid, or of a database whose feature is not compiled in. It is not shown, as it
    /// may contain a password.
    #[error("the database's url cannot be used: {0}")]
    Url(String),
    /// A parameter of the url is unknown, or not supported by the driver. Its value is not shown, as
    /// it may be a password.
    #[error("the database's url cannot be used: {message}")]
    #[non_exhaustive]
    UrlParameter {
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// No server of the url is reachable and of the kind that `target_session_attrs` asks for.
    #[error("no server of the url can be used")]
    NoServer(#[source] Tried),
    /// The target does not exist, or cannot be reached from the database's state.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The database has revisions that the chain does not know: it is newer.
    #[error("the database has revisions that this chain does not know: `{}`", revisions.join("`, `"))]
    #[non_exhaustive]
    Newer {
        /// The revisions.
        revisions: Vec<String>,
    },
    /// Revisions were changed after they were applied.
    #[error(
        "revisions were changed after they were applied: `{}`",
        listed(revisions)
    )]
    #[non_exhaustive]
    Changed {
        /// The revisions.
        revisions: Vec<RevisionId>,
    },
    /// A revision was begun and not finished.
    #[error("revision `{revision}` is unfinished: {statements} of its statements were finished{}", error.as_ref().and_then(|error| error.lines().next()).map(|error| format!(", then: {error}")).unwrap_or_default())]
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
    #[error("the table {table} is not a ledger of cargo migrate")]
    #[non_exhaustive]
    ForeignLedger {
        /// The table, quoted.
        table: String,
    },
    /// The schema of `[ledger]` is missing and cannot be created, or is not accessible to the user.
    #[error(
        "the ledger's schema `{schema}` is missing or not accessible to this user, and cannot be created"
    )]
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
    #[error("revision `{revision}` moved, renamed or dropped the ledger {table}")]
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
    #[error("revision `{revision}` cannot be reverted: {}", reason.as_deref().unwrap_or("it has no `down` for this database"))]
    #[non_exhaustive]
    Irreversible {
        /// The revision.
        revision: String,
        /// The reason that its author gives.
        reason: Option<String>,
    },
    /// A revision has no `up` section for this database.
    #[error("revision `{revision}` has no `up` for {}", dialect.name())]
    #[non_exhaustive]
    MissingDialect {
        /// The revision.
        revision: String,
        /// The database.
        dialect: Dialect,
    },
    /// Another migrator did not finish in time.
    #[error("another migrator still holds the lock{} after {} s", holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default(), waited.as_secs())]
    #[non_exhaustive]
    Locked {
        /// How long it was waited for.
        waited: Duration,
        /// The holder, if the database reports it.
        holder: Option<String>,
    },
    /// A statement of a revision failed.
    #[error(transparent)]
    Statement(Box<StatementError>),
    /// A revision failed outside of its statements: in its COMMIT, or while the ledger was written.
    #[error(transparent)]
    Step(Box<StepError>),
    /// The database lacks revisions of the chain.
    #[error("the database is not up to date: {} to apply{}", crate::error::count(pending.len(), "revision"), pending.first().map(|first| format!(", the first is `{first}`")).unwrap_or_default())]
    #[non_exhaustive]
    NotCurrent {
        /// The revisions to apply, in order.
        pending: Vec<RevisionId>,
    },
    /// Rows violate a foreign key after a revision, on SQLite.
    #[error("after revision `{revision}` rows of `{}` would point to rows that do not exist", tables.join("`, `"))]
    #[non_exhaustive]
    ForeignKeys {
        /// Which revision; it was rolled back.
        revision: String,
        /// The tables with such rows.
        tables: Vec<String>,
    },
    /// A `CREATE INDEX CONCURRENTLY` of PostgreSQL found an invalid index of its name.
    #[error(
        "the index `{index}` of revision `{revision}` is invalid: an earlier try to build it failed"
    )]
    #[non_exhaustive]
    InvalidIndex {
        /// The revision.
        revision: String,
        /// The index, as SQL writes it.
        index: String,
    },
    /// An unfinished revision cannot be resumed, because a finished statement was edited.
    #[error(
        "revision `{revision}` cannot be resumed: finished statement {number} of {of} was edited"
    )]
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
    #[error(
        "revision `{revision}` cannot be resumed: the session state of its finished statement {number} is lost"
    )]
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
    #[error(
        "statement {number} of {of} of revision `{revision}` finished, but the ledger could not record it"
    )]
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
    #[error(
        "the script of revision `{revision}` cannot switch back after `USE`: the database's name is unknown"
    )]
    #[non_exhaustive]
    ScriptUse {
        /// The revision.
        revision: String,
    },
    /// The outcome of a revision was declared that is not unfinished.
    #[error("revision `{revision}` is not unfinished in this database")]
    #[non_exhaustive]
    NotUnfinished {
        /// The revision.
        revision: String,
    },
    /// A statement was interrupted, and its outcome is unknown.
    #[error("it is unknown whether statement {number} of {of} of revision `{revision}` finished")]
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
    #[error("revision `{revision}` cannot be part of one transaction{}", match dialect { Dialect::MySql => ": MySQL and MariaDB commit at every schema change", Dialect::Sqlite | Dialect::Postgres => ": its section says `no-transaction`, or it is unfinished" })]
    #[non_exhaustive]
    NotAtomic {
        /// The first such revision.
        revision: String,
        /// The database.
        dialect: Dialect,
    },
    /// The connection that held the migrators' lock is gone, and another migrator may be running.
    #[error("the lock was lost before revision `{revision}` was finished")]
    #[non_exhaustive]
    LockLost {
        /// The revision that was in progress.
        revision: String,
        /// The error of the connection.
        source: DriverError,
    },
    /// The run was stopped early: see [`Runner::stop_when`](crate::Runner::stop_when).
    #[error("stopped before the run was finished{}", match finished.len() { 0 => String::new(), done => format!(": {} done, the one in progress was not", count(done, "revision")) })]
    #[non_exhaustive]
    Stopped {
        /// The revisions of this run that were finished before, and stay.
        finished: Vec<RevisionId>,
    },
    /// The database refused a statement of a schema repair.
    #[error("statement {number} of {of} failed, and {}", match (*rolled_back, *number) { (true, _) => "nothing was changed", (false, 1) => "nothing was done before it", (false, _) => "the statements before it stay" })]
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
    #[error("nothing was changed: rows of `{}` would point to rows that do not exist", tables.join("`, `"))]
    #[non_exhaustive]
    RepairDangling {
        /// The tables with such rows.
        tables: Vec<String>,
    },
    /// Another process migrated the database in the meantime.
    #[error("another process changed the database's revisions in the meantime")]
    Concurrent,
    /// The database's definition of an object cannot be parsed.
    #[error("the database's definition of `{object}` cannot be parsed")]
    #[non_exhaustive]
    SchemaText {
        /// The object.
        object: String,
    },
    /// The ledger says that all revisions are applied, but tables that they create are missing.
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
    /// The schema differs from the one that the chain's revisions create.
    #[cfg(feature = "verify")]
    #[error("the database does not match its revisions: {}", several(differences))]
    #[non_exhaustive]
    SchemaDiffers {
        /// What is missing or different.
        differences: Vec<migrate_schema::Difference>,
    },
    /// The binary has no schema to compare the database with.
    #[cfg(feature = "verify")]
    #[error("the application was compiled without a schema.lock of its chain's head for {}", dialect.name())]
    #[non_exhaustive]
    NoSchema {
        /// The database.
        dialect: Dialect,
    },
    /// The text of a revision in the ledger cannot be parsed.
    #[error("the ledger's text of revision `{revision}` cannot be read")]
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
#[derive(Debug, thiserror::Error)]
#[error("statement {number} of {of} of revision `{revision}` failed")]
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
    #[source]
    pub source: DriverError,
}

/// A revision that failed outside of its statements.
///
/// Examples are a violated deferred foreign key, which the database reports at the end of the
/// transaction, and session settings of a statement that keep the ledger from being written.
#[derive(Debug, thiserror::Error)]
#[error("revision `{revision}` failed {phase}{}", if *.reverting { " while it was reverted" } else { "" })]
#[non_exhaustive]
pub struct StepError {
    /// The revision.
    pub revision: String,
    /// Its file, below the chain's folder.
    pub file: String,
    /// The phase that failed.
    pub phase: Phase,
    /// The revisions of this run that were finished before, and stay.
    pub finished: Vec<RevisionId>,
    /// Whether the revision was rolled back; otherwise the finished statements stay.
    pub rolled_back: bool,
    /// Whether it was being reverted.
    pub reverting: bool,
    /// The full message of the database.
    pub message: DatabaseMessage,
    /// The driver's error.
    #[source]
    pub source: DriverError,
}

/// A phase of a revision besides its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
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

impl std::fmt::Display for Phase {
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

/// Writes the first few differences.
#[cfg(feature = "verify")]
fn several(differences: &[migrate_schema::Difference]) -> String {
    const MOST: usize = 5;
    let mut texts: Vec<String> = differences
        .iter()
        .take(MOST)
        .map(ToString::to_string)
        .collect();
    if differences.len() > MOST {
        texts.push(format!("and {} more", differences.len() - MOST));
    }
    texts.join("; ")
}

/// Returns what failed; the database's message is in the source.
fn failed_use(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Database(_) => "the database refused a connection or a query of the migrator",
        sqlx::Error::PoolTimedOut => "no connection of the pool became free in time",
        sqlx::Error::PoolClosed => "the pool of connections is closed",
        sqlx::Error::Io(_) => "the connection to the database failed",
        sqlx::Error::Tls(_) => "the TLS connection to the database failed",
        sqlx::Error::Configuration(_) => "the options of the connection are not valid",
        _ => "the database driver failed",
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

        /// Returns the stable name of the failure; `cargo migrate explain <code>` explains it.
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
                "any" => "check that the servers are running, and that the hosts and ports are correct".to_owned(),
                attributes => format!("the url asks for `target_session_attrs={attributes}`: name a server that matches, or use `any`"),
            },
            Self::Target(error) => return error.help(),
            Self::Newer { revisions } => format!(
                "deploy the version that has them, or move a development database to this branch with `cargo migrate switch HEAD`, or revert them with `cargo migrate revert <target>`; both use the ledger's text of {}",
                revisions.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::Changed { revisions } => match &revisions[..] {
                [only] => format!("`cargo migrate redo {only}` reverts what was applied and runs the new text; or undo the edit with git"),
                _ => "undo the edits with git, or `cargo migrate redo` each of them, the newest first".to_owned(),
            },
            Self::Unfinished { error, reverting, .. } => {
                let verb = if *reverting { "revert" } else { "run" };
                match error {
                    Some(_) => format!("fix the cause, then continue after the last finished statement with `cargo migrate {verb} --resume`"),
                    None => format!("it was interrupted before this statement was done: continue with `cargo migrate {verb} --resume`"),
                }
            }
            Self::ForeignLedger { .. } => "give the ledger another name in migrate.toml: `prefix = \"schema_\"` below `[ledger]`".to_owned(),
            Self::LedgerSchema { dialect: Dialect::Sqlite, .. } => "SQLite has no schemas of its own: leave `schema` out below `[ledger]` in migrate.toml".to_owned(),
            Self::LedgerSchema { schema, dialect, .. } => {
                let (what, schema) = match dialect {
                    Dialect::MySql => ("DATABASE", dialect.quote(schema)),
                    Dialect::Sqlite | Dialect::Postgres => ("SCHEMA", dialect.quote(schema)),
                };
                format!("have a user with the privilege run `CREATE {what} {schema}`, and grant the user of the url the right to create tables in it")
            }
            Self::LedgerLost { rolled_back, .. } => {
                let kept = match rolled_back {
                    true => "nothing of the revision was kept",
                    false => "the changes of the revision stay, and `cargo migrate stamp --detect` finds where the database is",
                };
                format!("a revision must leave the ledger's tables and their schema alone: keep them in a schema of their own, `schema = \"…\"` below `[ledger]` in migrate.toml; {kept}")
            }
            Self::Irreversible { .. } => "restore a backup, or write a new revision that undoes it: `cargo migrate new \"undo …\"`".to_owned(),
            Self::MissingDialect { revision, .. } => format!("add a section for it: `cargo migrate edit {revision}`"),
            Self::Locked { .. } => "wait for it, or wait longer with `--lock-wait <seconds>`; the lock is released when its holder ends".to_owned(),
            Self::Statement(error) => error.help(),
            Self::Step(error) => error.help(),
            Self::InvalidIndex { index, .. } => format!("drop it with `DROP INDEX CONCURRENTLY {index}`, then continue with `cargo migrate run --resume`"),
            Self::ResumeEdited { revision, reverting, .. } => {
                let (verb, word) = match reverting {
                    true => ("revert", "undone"),
                    false => ("run", "done"),
                };
                format!("restore the finished statements and edit only those after them, then `cargo migrate {verb} --resume`; or finish it in the database by hand and record that with `cargo migrate repair --{word} {revision} --execute`")
            }
            Self::ResumeSession { revision, reverting, .. } => {
                let word = if *reverting { "undone" } else { "done" };
                format!("run the statements after it by hand in one session, then record that with `cargo migrate repair --{word} {revision} --execute`")
            }
            Self::Unrecorded { reverting, .. } => {
                let verb = if *reverting { "revert" } else { "run" };
                format!("once the lock is free, `cargo migrate {verb} --resume=done` records it and continues")
            }
            Self::ScriptUse { .. } => "write the script with a connection to the database, without `base:` or another range; or leave out `USE` and qualify the tables with the database's name".to_owned(),
            Self::NotUnfinished { .. } => "`cargo migrate status` shows what is unfinished, and `cargo migrate stamp` records any state".to_owned(),
            Self::InDoubt { reverting, .. } => {
                let verb = if *reverting { "revert" } else { "run" };
                format!("check whether the database has its changes; if it has, continue with `cargo migrate {verb} --resume=done`, otherwise with `cargo migrate {verb} --resume=again`")
            }
            Self::NotAtomic { dialect: Dialect::MySql, .. } => "run it without `--atomic`: progress is recorded statement by statement".to_owned(),
            Self::NotAtomic { revision, .. } => format!("run up to it without `--atomic`: `cargo migrate run {revision}`"),
            Self::NotCurrent { .. } => "apply them with `cargo migrate run`, or start the application with the right to migrate".to_owned(),
            Self::ForeignKeys { .. } => "delete or fix those rows in the revision itself; it was rolled back".to_owned(),
            Self::LockLost { .. } => "check its progress with `cargo migrate status`, then continue with `--resume`".to_owned(),
            Self::Stopped { .. } => "`cargo migrate status` shows where the database is, and how to continue".to_owned(),
            Self::Concurrent => "check where it is now with `cargo migrate status`, then try again".to_owned(),
            Self::MissingTables { .. } => "`cargo migrate verify` shows all differences, `cargo migrate repair --schema` fixes them".to_owned(),
            Self::Repair { source, .. } => repair_help(source),
            Self::RepairDangling { .. } => "delete or fix those rows, then try again".to_owned(),
            Self::SchemaText { .. } => "this is a gap in cargo migrate: please report it with the statement that created the object".to_owned(),
            #[cfg(feature = "verify")]
            Self::SchemaDiffers { .. } => "`cargo migrate verify` shows all differences, and how to fix them".to_owned(),
            #[cfg(feature = "verify")]
            Self::NoSchema { .. } => "write it with `cargo migrate lock`, commit it, and compile again".to_owned(),
            Self::LedgerText { .. } => "restore the revision's file from git, then try again".to_owned(),
        })
    }
}

/// Says what stands in the way of a schema repair, by the class of the database's error.
fn repair_help(source: &DriverError) -> String {
    let again = "then try again: finished statements are not repeated";
    let source = source.as_sqlx();
    if missed_lock(source) || Refusal::of(source) == Some(Refusal::Busy) {
        return format!("another session holds a lock that it needs: let it finish, {again}");
    }
    if timed_out(source) {
        return format!(
            "it took longer than allowed: raise `statement-timeout` of the environment, {again}"
        );
    }
    if violates_rows(source) {
        return format!("fix the rows that are in its way, {again}");
    }
    match Refusal::of(source) {
        Some(Refusal::Denied) => {
            format!("let a user run it who has the right, or grant it, {again}")
        }
        Some(Refusal::DependentObjects) => {
            format!("other objects need what it changes: drop or change those first, {again}")
        }
        Some(Refusal::AlreadyExists) => {
            format!("something of that name is there already: rename or drop it, {again}")
        }
        Some(Refusal::UnknownTable | Refusal::UnknownColumn | Refusal::UnknownSchema) => {
            format!("create what it names, {again}")
        }
        _ => format!("fix what the database's message names, {again}"),
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
            (false, _) => format!("continue there with `cargo migrate {verb} --resume`"),
        };
        let source = self.source.as_sqlx();
        if let Some(index) = &self.invalid_index {
            return format!(
                "fix the statement, drop the invalid index with `DROP INDEX CONCURRENTLY {index}`, then {again}"
            );
        }
        let refusal = Refusal::of(source);
        if missed_lock(source) {
            return format!(
                "another session holds a lock that it needs: find that session and let it finish, or raise `lock-timeout` and `lock-retries` of the environment; then {again}"
            );
        }
        if timed_out(source) {
            return format!(
                "it took longer than allowed: raise `statement-timeout` of the environment or of its section; then {again}"
            );
        }
        if refusal == Some(Refusal::OutOfLocks) {
            return match self.atomic {
                true => format!(
                    "one transaction holds a lock for every table it touches: run without `--atomic`, or raise the server's `max_locks_per_transaction`; then {again}"
                ),
                false => format!(
                    "one transaction holds a lock for every table it touches: split the revision, or raise the server's `max_locks_per_transaction`; then {again}"
                ),
            };
        }
        if refusal == Some(Refusal::UnknownOfExtension) {
            return format!(
                "if an SQLite extension provides it, name the extension in migrate.toml: `extensions = [\"…\"]` below `[sqlite]`; otherwise fix the revision, then {again}"
            );
        }
        if self.rolled_back
            && !self.reverting
            && self.number == 1
            && refusal == Some(Refusal::AlreadyExists)
        {
            return format!(
                "if it was created outside the chain, `cargo migrate stamp --detect` finds where the database is; otherwise fix the revision, then {again}"
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
                "this is the ledger's text, as the file is missing or its `up` differs from what was applied: {fix}; or undo it in the database by hand, then `cargo migrate repair --undone {revision} --execute`"
            );
        }
        match self.rolled_back {
            true => format!("fix the revision, then {again}"),
            false => format!("fix the statement, then {again}"),
        }
    }
}

impl StepError {
    fn help(&self) -> String {
        let verb = if self.reverting { "revert" } else { "run" };
        let again = match self.rolled_back {
            true => format!("`cargo migrate {verb}` again; nothing of it was kept"),
            false => format!("continue there with `cargo migrate {verb} --resume`"),
        };
        if missed_lock(self.source.as_sqlx()) {
            return format!(
                "another session holds a lock that it needs: find that session and let it finish; then {again}"
            );
        }
        match self.phase {
            Phase::Commit | Phase::RunCommit => format!(
                "a check at the end of the transaction failed, such as a deferred constraint: change the revision or the rows, then {again}"
            ),
            Phase::Begin => format!("read the database's message, then {again}"),
            Phase::Settings | Phase::Ledger => format!(
                "check whether a statement of the revision changes the session's role, its settings or the ledger's tables, and change it, then {again}"
            ),
        }
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
    pub(crate) fn report(&self) -> String {
        match self.database_message() {
            Some(message) => format!("{self}: {}", message.report()),
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
