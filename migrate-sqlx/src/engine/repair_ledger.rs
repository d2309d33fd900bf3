//! Repairs rows of a ledger that does not match the chain and the tables.

use std::fmt::Write as _;

use migrate_core::Dialect;

use super::Engine;
use crate::applied_revision::{AppliedRevision, RevisionState};
use crate::error::Error;
use crate::ledger::with_version;
use crate::ledger_change::{LedgerChange, RowRepair};
use crate::ledger_event::EventKind;

impl Engine<'_> {
    /// Makes all of the changes, or none if the ledger has changed since they were planned.
    pub(crate) async fn repair_ledger(
        &mut self,
        before: &[AppliedRevision],
        repairs: &[RowRepair],
    ) -> Result<(), Error> {
        if repairs.is_empty() {
            return Ok(());
        }
        self.tables.find_schema(self.session).await?;
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate().await?;
            let repaired = match self.plan_repairs(before, repairs).await {
                Ok(sql) => self.run_all(sql).await,
                Err(error) => Err(error),
            };
            return self.end(repaired).await;
        }
        let sql = self.plan_repairs(before, repairs).await?;
        self.commit(&sql).await
    }

    async fn plan_repairs(
        &mut self,
        before: &[AppliedRevision],
        repairs: &[RowRepair],
    ) -> Result<Vec<String>, Error> {
        let rows = self.tables.read(self.session).await?.unwrap_or_default();
        if rows != before {
            return Err(Error::Concurrent);
        }
        let mut sql = Vec::new();
        for RowRepair { change, reason } in repairs {
            let id = change.revision();
            let row = rows.iter().find(|row| row.revision == id);
            match change {
                LedgerChange::Record(revision) => {
                    sql.extend(self.tables.insert(revision, RevisionState::Applied, "0"));
                }
                LedgerChange::Rewrite(revision) => sql.extend(self.tables.rewrite(revision)),
                LedgerChange::Relink(revision) => sql.push(self.tables.relink(revision)),
                LedgerChange::Finish(id) => {
                    sql.push(self.tables.progress(id, RevisionState::Applied, 0, None));
                }
                LedgerChange::Forget(id) => sql.push(self.tables.delete(id)),
            }
            let detail = detail(reason, change, row);
            sql.push(self.tables.event(&EventKind::Repair, id, "0", &detail));
        }
        Ok(sql)
    }
}

/// The reason and the former row; with its text, if that is kept nowhere else.
fn detail(reason: &str, change: &LedgerChange, row: Option<&AppliedRevision>) -> String {
    let mut detail = reason.to_owned();
    let Some(row) = row else {
        return detail;
    };
    let _infallible = write!(
        detail,
        "; before: {}, hash {}, chain hash {}, file {}",
        row.state.as_str(),
        with_version(&row.hash),
        with_version(&row.chain_hash),
        row.file
    );
    if row.state != RevisionState::Applied {
        let _infallible = write!(detail, ", statements finished: {}", row.statements);
    }
    if let Some(error) = &row.error {
        let _infallible = write!(detail, ", error: {error}");
    }
    if matches!(change, LedgerChange::Rewrite(_) | LedgerChange::Forget(_)) {
        detail.extend(["\n", &row.body]);
    }
    detail
}
