//! Recording without running.

use migrate_core::{Dialect, Stamp, Target};

use super::Engine;
use crate::error::Error;
use crate::ledger::State;
use crate::status::Joined;

impl Engine<'_> {
    /// Records targets without running anything.
    pub(crate) async fn stamp(&mut self, targets: &[Target], purge: bool) -> Result<Stamp, Error> {
        self.tables.settle(self.session).await?;
        if self.session.dialect() == Dialect::Sqlite {
            self.begin_immediate().await?;
            let stamped = match self.stamping(targets, purge).await {
                Ok((stamp, sql)) => self.run_all(sql).await.map(|()| stamp),
                Err(error) => Err(error),
            };
            return self.end(stamped).await;
        }
        let (stamp, sql) = self.stamping(targets, purge).await?;
        let (create, record) = sql.split_at(2);
        self.run_all(create.to_vec()).await?;
        if !record.is_empty() {
            let message = format!("BEGIN;\n{};\nCOMMIT", record.join(";\n"));
            if let Err(failure) = self.session.execute(message).await {
                self.rollback().await;
                return Err(Error::Database(failure.error));
            }
        }
        Ok(stamp)
    }

    /// Plans a stamp, and writes it as SQL: the two tables, then the rows.
    async fn stamping(
        &mut self,
        targets: &[Target],
        purge: bool,
    ) -> Result<(Stamp, Vec<String>), Error> {
        let mut sql = self.tables.create().to_vec();
        let mut rows = self.tables.read(self.session).await?.unwrap_or_default();
        if purge {
            for row in std::mem::take(&mut rows) {
                sql.push(self.tables.delete(&row.revision));
                sql.push(self.tables.event("unstamp", &row.revision, "0", "purged"));
            }
        }
        let joined = Joined::join(self.chain, rows)?;
        self.judge(&joined)?;
        let stamp = Stamp::new(&joined.graph, &joined.applied, targets)?;
        for index in &stamp.forgotten {
            let id = joined.graph.id(*index).as_str();
            sql.push(self.tables.delete(id));
            sql.push(self.tables.event("unstamp", id, "0", ""));
        }
        for index in &stamp.recorded {
            let revision = &joined.revisions[*index];
            sql.push(self.tables.insert(revision, State::Applied, "0"));
            sql.push(self.tables.event("stamp", revision.id.as_str(), "0", ""));
        }
        Ok((stamp, sql))
    }
}
