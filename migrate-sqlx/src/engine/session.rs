//! What a run sets for its connection, and gives back.

use std::time::Duration;

use migrate_core::{Dialect, Limits};
use migrate_sql::{SessionEffect, session_effect, session_pragma};

use super::{Engine, LOOK, Step};
use crate::error::Error;
use crate::literal::literal;

/// How many statements give PostgreSQL's settings back.
pub(super) const RESTORING: usize = 3;

/// How many rows of a table point nowhere, and to which table.
#[derive(Debug)]
pub(super) struct Dangling {
    pub(super) table: String,
    pub(super) parent: String,
    pub(super) rows: usize,
}

impl Dangling {
    /// Returns the tables that have more of them than before, sorted.
    pub(super) fn added(before: &[Self], after: &[Self]) -> Vec<String> {
        let are_same =
            |then: &Self, now: &Self| then.table == now.table && then.parent == now.parent;
        let is_new = |now: &&Self| {
            let then = before.iter().find(|then| are_same(then, now));
            then.is_none_or(|then| then.rows < now.rows)
        };
        let mut tables: Vec<_> = after
            .iter()
            .filter(is_new)
            .map(|now| now.table.clone())
            .collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }
}

/// SQLite's foreign keys, which are checked after each revision.
#[derive(Debug, Default)]
pub(super) struct ForeignKeys {
    /// Rows that point nowhere; not known at first.
    pub(super) dangling: Option<Vec<Dangling>>,
    /// Whether any table can point to another: else there is nothing to check, which costs a look
    /// at every table.
    pub(super) exist: bool,
}

/// What SQLite's session was before a revision that changes it.
#[derive(Debug)]
pub(super) struct Saved {
    pragmas: Vec<(&'static str, String)>,
    temporary: Vec<Temporary>,
    attached: Vec<String>,
}

/// A temporary object.
#[derive(Debug, PartialEq, Eq)]
struct Temporary {
    kind: String,
    name: String,
}

impl Saved {
    /// Whether the revision sets a pragma.
    pub(super) fn sets(&self, pragma: &str) -> bool {
        self.pragmas.iter().any(|(name, _)| *name == pragma)
    }
}

/// PostgreSQL: what a revision may leave besides its settings; what `DISCARD ALL` does, but as far
/// as that is allowed inside a transaction ("DISCARD" in the manual).
pub(crate) const CLEANING: [&str; 5] = [
    "CLOSE ALL",
    "UNLISTEN *",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
    "SELECT pg_advisory_unlock_all()",
];

impl Step<'_> {
    /// Whether a statement of it may leave something in its session.
    fn leaves_something(&self, dialect: Dialect) -> bool {
        self.has_effect(dialect, |effect| *effect != SessionEffect::None)
    }

    /// Whether it changes more of its session than the memory of the rows it wrote: then the
    /// ledger's statements must not depend on it.
    pub(super) fn changes_session(&self, dialect: Dialect) -> bool {
        self.has_effect(dialect, |effect| {
            !matches!(effect, SessionEffect::None | SessionEffect::Rows)
        })
    }

    /// Whether the word is anywhere in it; a function's body may hold it as well.
    fn prepares(&self) -> bool {
        let mut statements = self.statements(Dialect::Postgres).iter();
        statements.any(|statement| {
            let sql = self.revision.sql(*statement);
            sql.to_ascii_uppercase().contains("PREPARE")
        })
    }

    fn has_effect(&self, dialect: Dialect, is: impl Fn(&SessionEffect) -> bool) -> bool {
        let statements = self.statements(dialect).iter();
        statements
            .map(|statement| session_effect(dialect, self.revision.sql(*statement)))
            .any(|effect| is(&effect))
    }
}

impl Engine<'_> {
    /// Gives a revision a session in which nothing was done yet. PostgreSQL's is cleaned in the
    /// revision's own message; see [`Engine::cleaning`].
    pub(super) async fn begin_session(&mut self, step: &Step<'_>) -> Result<(), Error> {
        match self.session.dialect() {
            Dialect::Postgres => {}
            Dialect::MySql if self.dirty => {
                if self.session.renew().await.map_err(Error::from)? {
                    self.limited = false;
                    self.ending = None;
                }
                self.dirty = false;
            }
            Dialect::MySql => {}
            Dialect::Sqlite if step.changes_session(Dialect::Sqlite) => {
                self.saved = Some(self.look_at_session(step).await?);
            }
            Dialect::Sqlite => {}
        }
        Ok(())
    }

    /// Notes what a revision may have left, and on SQLite takes it away.
    pub(super) async fn end_session(&mut self, step: &Step<'_>, succeeded: bool) {
        let dialect = self.session.dialect();
        if dialect != Dialect::Sqlite {
            self.dirty |= !succeeded || step.leaves_something(dialect);
            self.prepared |= dialect == Dialect::Postgres && step.prepares();
        }
        // Where all went well, it was given back before the record.
        if let Err(error) = self.give_session_back().await {
            self.sound = false;
            tracing::debug!(%error, "the session could not be restored");
        }
    }

    /// PostgreSQL: SQL before a revision's message, if an earlier one may have left
    /// something, and how many statements that is.
    pub(super) fn cleaning(&self) -> (String, usize) {
        if !self.dirty {
            return (String::new(), 0);
        }
        // A proxy that pools transactions has statements of its own in the server's session.
        let prepared = self.prepared.then_some("DEALLOCATE ALL");
        // Some of it takes effect only when its transaction ends.
        let (begin, commit) = match self.open {
            true => (None, None),
            false => (Some("BEGIN"), Some("COMMIT")),
        };
        let inner = CLEANING.into_iter().chain(prepared);
        let statements: Vec<&str> = begin.into_iter().chain(inner).chain(commit).collect();
        (format!("{};\n", statements.join(";\n")), statements.len())
    }

    async fn look_at_session(&mut self, step: &Step<'_>) -> Result<Saved, Error> {
        let mut pragmas: Vec<(&str, String)> = Vec::new();
        for statement in step.statements(Dialect::Sqlite) {
            let Some(name) = session_pragma(step.revision.sql(*statement)) else {
                continue;
            };
            if pragmas.iter().any(|(known, _)| *known == name) {
                continue;
            }
            // Nothing but its effect tells this one.
            let sql = match name {
                "case_sensitive_like" => "SELECT 'a' NOT LIKE 'A'".to_owned(),
                name => format!("PRAGMA {name}"),
            };
            let rows = self.session.query(sql).await.map_err(Error::from)?;
            let value = rows.into_iter().flatten().flatten().next();
            pragmas.extend(value.map(|value| (name, value)));
        }
        Ok(Saved {
            pragmas,
            temporary: self.temporary_objects().await?,
            attached: self.attached_databases().await?,
        })
    }

    /// Triggers come before the tables and views that they belong to, and indexes go with them.
    async fn temporary_objects(&mut self) -> Result<Vec<Temporary>, Error> {
        let sql = "SELECT type, name FROM temp.sqlite_master WHERE type <> 'index' \
                   ORDER BY CASE type WHEN 'trigger' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, name";
        let rows = self.session.query(sql.to_owned()).await;
        let rows = rows.map_err(Error::from)?.into_iter();
        Ok(rows
            .filter_map(|row| {
                let mut row = row.into_iter().flatten();
                Some(Temporary {
                    kind: row.next()?,
                    name: row.next()?,
                })
            })
            .collect())
    }

    async fn attached_databases(&mut self) -> Result<Vec<String>, Error> {
        let sql = "SELECT name FROM pragma_database_list";
        let rows = self.session.query(sql.to_owned()).await;
        let rows = rows.map_err(Error::from)?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// SQLite: restores the session's state before the current revision.
    pub(super) async fn give_session_back(&mut self) -> Result<(), Error> {
        let Some(saved) = self.saved.take() else {
            return Ok(());
        };
        for (name, value) in &saved.pragmas {
            self.run(format!("PRAGMA {name} = {value}")).await?;
        }
        for left in self.temporary_objects().await? {
            if !saved.temporary.contains(&left) {
                let Temporary { kind, name } = left;
                let name = Dialect::Sqlite.quote(&name);
                self.run(format!("DROP {kind} IF EXISTS temp.{name}"))
                    .await?;
            }
        }
        for name in self.attached_databases().await? {
            if name != "temp" && !saved.attached.contains(&name) {
                let name = Dialect::Sqlite.quote(&name);
                self.run(format!("DETACH {name}")).await?;
            }
        }
        Ok(())
    }

    /// SQLite: takes the foreign keys off, as its manual wants for rebuilding tables ("ALTER
    /// TABLE", 7), and gives waiting for a lock some time. PostgreSQL: remembers what the
    /// application has set for the session.
    pub(super) async fn take_settings(&mut self) -> Result<(), Error> {
        match self.session.dialect() {
            Dialect::Sqlite => self.take_pragmas().await,
            Dialect::Postgres => self.remember_settings().await,
            Dialect::MySql => Ok(()),
        }
    }

    async fn take_pragmas(&mut self) -> Result<(), Error> {
        let mut setting = async |name: &str| {
            let rows = self.session.query(format!("PRAGMA {name}")).await;
            let value = rows.map_err(Error::from)?.into_iter().flatten().next();
            Ok::<_, Error>(
                value
                    .flatten()
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(0),
            )
        };
        let foreign_keys: u32 = setting("foreign_keys").await?;
        let timeout: u32 = setting("busy_timeout").await?;
        let settings = |foreign_keys, timeout| {
            format!("PRAGMA foreign_keys = {foreign_keys}; PRAGMA busy_timeout = {timeout}")
        };
        // Between two attempts, the time and the cancel token are checked.
        let wait = u32::try_from(self.options.lock_wait.as_millis()).unwrap_or(u32::MAX);
        let patience = timeout.min(wait).max(LOOK.subsec_millis());
        self.run(settings(0, patience)).await?;
        self.restore = settings(foreign_keys, timeout);
        Ok(())
    }

    async fn remember_settings(&mut self) -> Result<(), Error> {
        // `RESET ALL` leaves the role alone, and gives the others what the connection began with.
        let sql = "SELECT name, setting FROM pg_settings WHERE source = 'session' \
                   UNION ALL SELECT 'role', current_setting('role') ORDER BY 1";
        let rows = self.session.query(sql.to_owned()).await;
        // A pooled session may have been used by anybody.
        self.dirty = true;
        let mut restore = "RESET SESSION AUTHORIZATION;\nRESET ALL;\nSELECT ".to_owned();
        let mut calls = Vec::new();
        for row in rows.map_err(Error::from)? {
            let mut row = row.into_iter().map(Option::unwrap_or_default);
            let (name, value) = (
                row.next().unwrap_or_default(),
                row.next().unwrap_or_default(),
            );
            if name == "role" {
                self.role.clone_from(&value);
            }
            let [name, value] = [name, value].map(|text| literal(Dialect::Postgres, &text));
            calls.push(format!("set_config({name}, {value}, false)"));
        }
        restore.push_str(&calls.join(", "));
        restore.push_str(";\n");
        self.restore = restore;
        Ok(())
    }

    /// Leaves SQLite's connection, which goes back to the pool, as it was.
    pub(super) async fn give_settings_back(&mut self) {
        if self.session.dialect() != Dialect::Sqlite {
            return;
        }
        let restore = self.restore.clone();
        if let Err(failure) = self.session.execute(restore).await {
            self.sound = false;
            tracing::debug!(error = %failure.message(), "the session's settings could not be restored");
        }
    }

    /// PostgreSQL: SQL before the ledger's own statements in their transaction, so that
    /// nothing that a revision has set reaches them.
    pub(super) fn clean_room(&self) -> String {
        // Zero would wait forever.
        let wait = self.options.lock_wait.as_millis().clamp(1, 2_147_483_647);
        let role = literal(Dialect::Postgres, &self.role);
        format!(
            "SET LOCAL SESSION AUTHORIZATION DEFAULT;\n\
             SELECT set_config('role', {role}, true), set_config('statement_timeout', '0', true), set_config('lock_timeout', '{wait}', true);\n"
        )
    }

    /// The statement that sets the limits of a step, where there are any: for the transaction, or
    /// for the session.
    pub(super) fn limiting(&mut self, step: &Step<'_>, transaction: bool) -> Option<String> {
        let dialect = self.session.dialect();
        let limits = step.limits(dialect, self.options.limits);
        // What an earlier step has set for the session is taken back.
        if limits == Limits::NONE && !self.limited {
            return None;
        }
        self.limited |= !transaction && dialect != Dialect::Postgres;
        let seconds = |time: Duration| time.as_secs_f64();
        match dialect {
            Dialect::Postgres => {
                let settings = [
                    ("lock_timeout", limits.lock),
                    ("statement_timeout", limits.statement),
                ];
                let calls: Vec<String> = settings
                    .into_iter()
                    .filter_map(|(name, time)| Some((name, time?.as_millis())))
                    .map(|(name, time)| format!("set_config('{name}', '{time}', {transaction})"))
                    .collect();
                (!calls.is_empty()).then(|| format!("SELECT {};\n", calls.join(", ")))
            }
            // Whole seconds, and at least one; nothing is without end there.
            Dialect::MySql => {
                let lock = limits.lock.map_or_else(
                    || "DEFAULT".to_owned(),
                    |time| match time.is_zero() {
                        true => "31536000".to_owned(),
                        false => format!("{}", seconds(time).ceil().clamp(1.0, 31_536_000.0)),
                    },
                );
                // Only MariaDB ends any statement by itself; see `in_time` for MySQL.
                let statement = limits
                    .statement
                    .map_or_else(|| "DEFAULT".to_owned(), |time| seconds(time).to_string());
                Some(format!(
                    "SET SESSION lock_wait_timeout = {lock}, innodb_lock_wait_timeout = {lock} /*M! , max_statement_time = {statement} */;\n"
                ))
            }
            Dialect::Sqlite => {
                let millis = match limits.lock.unwrap_or(LOOK) {
                    Duration::ZERO => i32::MAX as u128,
                    time => time.as_millis(),
                };
                Some(format!("PRAGMA busy_timeout = {millis};\n"))
            }
        }
    }

    pub(super) async fn has_references(&mut self) -> Result<bool, Error> {
        let tables = "SELECT 1 FROM sqlite_master WHERE sql LIKE '%REFERENCES%' LIMIT 1";
        let found = self.session.query(tables.to_owned()).await;
        Ok(!found.map_err(Error::from)?.is_empty())
    }

    /// Counts the rows that point nowhere. Their number is what counts: rebuilding a table gives
    /// its rows other row ids, and some tables have none.
    pub(super) async fn dangling(&mut self) -> Result<Vec<Dangling>, Error> {
        let mut dangling: Vec<Dangling> = Vec::new();
        if !self.foreign_keys.exist {
            return Ok(dangling);
        }
        let rows = self
            .session
            .query("PRAGMA foreign_key_check".to_owned())
            .await
            .map_err(Error::from)?;
        for row in rows {
            let mut row = row.into_iter();
            let table = row.next().flatten().unwrap_or_default();
            let parent = row.nth(1).flatten().unwrap_or_default();
            let mut known = dangling.iter_mut();
            match known.find(|known| known.table == table && known.parent == parent) {
                Some(known) => known.rows += 1,
                None => dangling.push(Dangling {
                    table,
                    parent,
                    rows: 1,
                }),
            }
        }
        Ok(dangling)
    }
}
