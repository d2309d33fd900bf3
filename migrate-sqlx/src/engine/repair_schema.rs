//! Statements that repair a schema outside of revisions.

use std::collections::BTreeSet;

use migrate_core::Dialect;

use super::Engine;
use super::session::Dangling;
use crate::error::Error;
use crate::ledger_event::EventKind;

impl Engine<'_> {
    /// Runs statements, with an event, if the ledger still has exactly these revisions: in one
    /// transaction on PostgreSQL and SQLite, one by one on MySQL.
    pub(crate) async fn repair_schema(
        &mut self,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        self.tables.find_schema(self.session).await?;
        self.take_settings().await?;
        let done = match self.session.dialect() {
            Dialect::Sqlite => self.repair_on_sqlite(statements, applied, detail).await,
            Dialect::Postgres => self.repair_at_once(statements, applied, detail).await,
            Dialect::MySql => self.repair_one_by_one(statements, applied, detail).await,
        };
        self.give_settings_back().await;
        done
    }

    /// Refuses to run if the ledger has changed since the repair was planned.
    async fn judge_same(&mut self, applied: &BTreeSet<String>) -> Result<String, Error> {
        let joined = self.read().await?;
        joined.judge_unfinished(
            self.options
                .resume
                .then_some(crate::RevisionState::Applying),
        )?;
        let now: BTreeSet<String> = joined.rows.iter().map(|row| row.revision.clone()).collect();
        if now != *applied {
            return Err(Error::Concurrent);
        }
        let heads = joined.graph.effective_heads(&joined.applied);
        let heads: Vec<&str> = heads
            .iter()
            .map(|it| joined.graph.id(*it).as_str())
            .collect();
        Ok(heads.join(","))
    }

    async fn repair_on_sqlite(
        &mut self,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        self.begin_immediate().await?;
        let done = self.repair_inside(statements, applied, detail).await;
        self.end(done).await
    }

    async fn repair_inside(
        &mut self,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        let heads = self.judge_same(applied).await?;
        // A key may be new: rows that would point nowhere are not to be let in by it.
        self.foreign_keys.exist = true;
        let before = self.dangling().await?;
        self.run_each(statements, true).await?;
        let after = self.dangling().await?;
        let tables = Dangling::added(&before, &after);
        if !tables.is_empty() {
            return Err(Error::RepairDangling { tables });
        }
        let event = self.tables.event(&EventKind::Repair, &heads, "0", detail);
        self.run(event).await
    }

    async fn repair_at_once(
        &mut self,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        let heads = self.judge_same(applied).await?;
        let event = self.tables.event(&EventKind::Repair, &heads, "0", detail);
        self.run("BEGIN".to_owned()).await?;
        let done = match self.run_each(statements, true).await {
            Ok(()) => self.run_all([event, "COMMIT".to_owned()]).await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            self.rollback().await;
        }
        done
    }

    async fn repair_one_by_one(
        &mut self,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        let heads = self.judge_same(applied).await?;
        if let Err(error) = self.run_each(statements, false).await {
            let detail = format!("{detail}: {}", error.for_ledger());
            let event = self.tables.event(&EventKind::Repair, &heads, "0", &detail);
            if let Err(failure) = self.session.execute(event).await {
                tracing::warn!(error = %failure.message(), "the failure could not be recorded as an event");
            }
            return Err(error);
        }
        let event = self.tables.event(&EventKind::Repair, &heads, "0", detail);
        self.run(event).await
    }

    /// Runs statements up to the first that is refused; `rolled_back` says what becomes of those
    /// before it.
    async fn run_each(&mut self, statements: &[String], rolled_back: bool) -> Result<(), Error> {
        for (number, sql) in statements.iter().enumerate() {
            let ran = self.session.execute(sql.clone()).await;
            ran.map_err(|failure| Error::Repair {
                number: number + 1,
                of: statements.len(),
                sql: sql.clone(),
                rolled_back,
                source: failure.error.into(),
            })?;
        }
        Ok(())
    }
}
