//! What to type or do next, for each error.

use migrate_core::Dialect;

use super::{Error, StatementError, StepError, StepPart};
use crate::driver_error::{
    DriverError, READ_ONLY_HELP, Refusal, connection_help, missed_lock, timed_out, violates_rows,
};

impl Error {
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
            Self::Newer { phase: Some(_), .. } => "this version of the application may not work after them: deploy the version that has them".to_owned(),
            Self::Newer { revisions, .. } => format!(
                "deploy the version that has them, or move a development database to this branch with `cargo migrate switch HEAD`, or revert them with `cargo migrate revert <target>`; both use the ledger's text of {}",
                revisions.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::AnotherChain { .. } => "two chains cannot share a ledger: give this one its own with `prefix = \"…\"` below `[ledger]` in migrate.toml, or connect to the database that is meant".to_owned(),
            Self::UnsoundChain { diagnostics, .. } => return diagnostics.first().and_then(|found| found.help.clone()),
            Self::Folder { .. } => "the folder of the revisions is the one that `cargo migrate` calls `migrations`; a relative path starts in the process's working directory".to_owned(),
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
        if refusal == Some(Refusal::ReadOnly) {
            return format!("{READ_ONLY_HELP}; then {again}");
        }
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
        if self.source.refusal() == Some(Refusal::ReadOnly) {
            return format!(
                "nothing can be written: connect to the primary server, or if a statement of the revision sets its transaction to read-only, change that; then {again}"
            );
        }
        if missed_lock(self.source.as_sqlx()) {
            return format!(
                "another session holds a lock that it needs: find that session and let it finish; then {again}"
            );
        }
        match self.part {
            StepPart::Commit | StepPart::RunCommit => format!(
                "a check at the end of the transaction failed, such as a deferred constraint: change the revision or the rows, then {again}"
            ),
            StepPart::Begin => format!("read the database's message, then {again}"),
            StepPart::Settings | StepPart::Ledger => format!(
                "check whether a statement of the revision changes the session's role, its settings or the ledger's tables, and change it, then {again}"
            ),
        }
    }
}
