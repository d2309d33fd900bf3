//! Recording without running.

use std::collections::BTreeMap;

use migrate_core::{Dialect, Stamp, Target};

#[cfg(feature = "cli")]
use super::Outcome;
use super::{Engine, StampMode};
use crate::applied_revision::RevisionState;
use crate::chain_state::ChainState;
use crate::error::Error;
use crate::ledger_event::EventKind;

impl Engine<'_> {
    /// Records targets without running anything; `times` has those that are known of when each
    /// revision was applied.
    pub(crate) async fn stamp(
        &mut self,
        targets: &[Target],
        mode: StampMode,
        times: &BTreeMap<String, String>,
    ) -> Result<Stamp, Error> {
        self.tables.find_schema(self.session).await?;
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate().await?;
            let stamped = match self.stamping(targets, mode, times).await {
                Ok((stamp, sql)) => self.run_all(sql).await.map(|()| stamp),
                Err(error) => Err(error),
            };
            return self.end(stamped).await;
        }
        let (stamp, sql) = self.stamping(targets, mode, times).await?;
        let (_, record) = sql.split_at(2);
        self.create_tables().await?;
        if !record.is_empty() {
            self.commit(record).await?;
        }
        Ok(stamp)
    }

    /// Records the declared outcome of an unfinished revision.
    #[cfg(feature = "cli")]
    pub(crate) async fn record_outcome(&mut self, id: &str, outcome: Outcome) -> Result<(), Error> {
        self.tables.find_schema(self.session).await?;
        let joined = self.read().await?;
        let row = joined
            .row(id)
            .filter(|row| row.state != RevisionState::Applied);
        let Some(row) = row else {
            return Err(Error::NotUnfinished {
                revision: id.to_owned(),
            });
        };
        let known = self.chain.get(id);
        let mut record = match (outcome, row.state, known) {
            (Outcome::NotApplied, ..) => vec![self.tables.delete(id)],
            // The file has the text that was finished by hand.
            (Outcome::Applied, RevisionState::Applying, Some(revision)) => {
                let mut record = self.tables.rewrite(revision);
                record.push(self.tables.finish(revision, 0));
                record
            }
            (Outcome::Applied, ..) => {
                vec![self.tables.progress(id, RevisionState::Applied, 0, None)]
            }
        };
        let detail = match outcome {
            Outcome::Applied => "declared applied",
            Outcome::NotApplied => "declared not applied",
        };
        record.push(self.tables.event(&EventKind::Repair, id, "0", detail));
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate().await?;
            let recorded = self.run_all(record).await;
            return self.end(recorded).await;
        }
        self.commit(&record).await
    }

    /// Plans a stamp, and writes it as SQL: the two tables, then the rows.
    async fn stamping(
        &mut self,
        targets: &[Target],
        mode: StampMode,
        times: &BTreeMap<String, String>,
    ) -> Result<(Stamp, Vec<String>), Error> {
        let mut sql = self.tables.create().to_vec();
        let mut rows = self.tables.read(self.session).await?.unwrap_or_default();
        if mode == StampMode::Replace {
            for row in std::mem::take(&mut rows) {
                sql.push(self.tables.delete(&row.revision));
                sql.push(
                    self.tables
                        .event(&EventKind::Unstamp, &row.revision, "0", "purged"),
                );
            }
        }
        let joined = ChainState::new(self.chain, rows, self.session.dialect());
        joined.judge(self.options.resume)?;
        let stamp = joined.stamp(targets)?;
        for index in &stamp.forgotten {
            let id = joined.graph.id(*index).as_str();
            sql.push(self.tables.delete(id));
            sql.push(self.tables.event(&EventKind::Unstamp, id, "0", ""));
        }
        for index in &stamp.recorded {
            let revision = &joined.revisions[*index];
            sql.extend(self.tables.insert(revision, RevisionState::Applied, "0"));
            let time = times.get(revision.id.as_str());
            sql.extend(time.map(|time| self.tables.date(revision.id.as_str(), time)));
            sql.push(
                self.tables
                    .event(&EventKind::Stamp, revision.id.as_str(), "0", ""),
            );
        }
        Ok((stamp, sql))
    }
}
