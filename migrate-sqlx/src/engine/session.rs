//! What a run sets for its connection, and gives back.

use std::collections::BTreeMap;
use std::time::Duration;

use migrate_core::{Dialect, Limits};

use super::{Engine, LOOK, Step};
use crate::error::Error;
use crate::ledger::literal;

/// How many statements give PostgreSQL's settings back.
pub(super) const RESTORING: usize = 2;

/// How many rows point nowhere, by their table and the one they point to.
pub(super) type Dangling = BTreeMap<(String, String), usize>;

/// SQLite's foreign keys, which are checked after each revision.
#[derive(Debug, Default)]
pub(super) struct ForeignKeys {
    /// Rows that point nowhere; not known at first.
    pub(super) dangling: Option<Dangling>,
    /// Whether any table can point to another: else there is nothing to check, which costs a look
    /// at every table.
    pub(super) exist: bool,
}

impl Engine<'_> {
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
        // Between two tries there is a look at the time, and at whether to stop.
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
        let mut restore = "RESET ALL;\nSELECT ".to_owned();
        let calls: Vec<String> = rows
            .map_err(Error::from)?
            .into_iter()
            .map(|row| {
                let mut row = row.into_iter().map(Option::unwrap_or_default);
                let name = literal(Dialect::Postgres, &row.next().unwrap_or_default());
                let value = literal(Dialect::Postgres, &row.next().unwrap_or_default());
                format!("set_config({name}, {value}, false)")
            })
            .collect();
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
            tracing::debug!(error = %failure.message(), "the session's settings could not be given back");
        }
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
    pub(super) async fn dangling(&mut self) -> Result<Dangling, Error> {
        if !self.foreign_keys.exist {
            return Ok(Dangling::new());
        }
        let rows = self
            .session
            .query("PRAGMA foreign_key_check".to_owned())
            .await
            .map_err(Error::from)?;
        let mut dangling = Dangling::new();
        for row in rows {
            let mut row = row.into_iter();
            let table = row.next().flatten().unwrap_or_default();
            let parent = row.nth(1).flatten().unwrap_or_default();
            *dangling.entry((table, parent)).or_default() += 1;
        }
        Ok(dangling)
    }
}
