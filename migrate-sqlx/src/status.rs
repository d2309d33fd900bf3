//! The chain beside the database.

use std::borrow::Cow;
use std::collections::BTreeSet;

use migrate_core::{Dialects, Direction, Graph, Hash, Revision, Set};

use crate::error::Error;
use crate::ledger::{AppliedRevision, State};

/// Where a database is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The heads of what is applied, sorted: what no other applied revision implies.
    pub current: Vec<String>,
    /// What is applied, as the ledger has it, the oldest first.
    pub applied: Vec<AppliedRevision>,
    /// What the chain's heads need and the database has not, in the order of application.
    pub pending: Vec<String>,
    /// Applied revisions that the chain does not know.
    pub unknown: Vec<String>,
    /// Revisions that were applied with another text.
    pub changed: Vec<String>,
    /// What was begun and not finished.
    pub failed: Vec<AppliedRevision>,
}

/// The chain and the ledger, joined: the chain's revisions, then those that only the ledger has.
pub(crate) struct Joined<'a> {
    pub(crate) revisions: Cow<'a, [Revision]>,
    pub(crate) graph: Graph,
    pub(crate) applied: Set,
    pub(crate) rows: Vec<AppliedRevision>,
    pub(crate) unknown: Vec<String>,
    pub(crate) changed: Vec<String>,
}

impl<'a> Joined<'a> {
    pub(crate) fn join(chain: &'a [Revision], rows: Vec<AppliedRevision>) -> Result<Self, Error> {
        let known: BTreeSet<&str> = chain.iter().map(|revision| revision.id.as_str()).collect();
        let unknown: Vec<String> = rows
            .iter()
            .map(|row| &row.revision)
            .filter(|id| !known.contains(id.as_str()))
            .cloned()
            .collect();
        let mut revisions = Cow::Borrowed(chain);
        for row in rows
            .iter()
            .filter(|row| !known.contains(row.revision.as_str()))
        {
            // What cannot be read still counts as applied; only reverting it has to be refused.
            revisions
                .to_mut()
                .extend(parse(row).ok().or_else(|| stub(row)));
        }
        let graph = Graph::new(&revisions);
        let mut applied = graph.none();
        let mut changed = Vec::new();
        for row in &rows {
            let Some(index) = graph.index(&row.revision) else {
                continue; // no id of ours: told as unknown, and nothing follows it
            };
            if row.state == State::Applied || row.state == State::Reverting {
                applied.insert(index);
            }
            if row.state == State::Applied && revisions[index].hash.to_string() != row.hash {
                changed.push(row.revision.clone());
            }
        }
        Ok(Self {
            revisions,
            graph,
            applied,
            rows,
            unknown,
            changed,
        })
    }

    pub(crate) fn row(&self, revision: &str) -> Option<&AppliedRevision> {
        self.rows.iter().find(|row| row.revision == revision)
    }

    /// Returns the revision to run, and whether it is the one that the ledger kept: on the way down
    /// that is what was applied, whatever the file says now.
    pub(crate) fn text(
        &self,
        index: usize,
        direction: Direction,
    ) -> Result<(Cow<'_, Revision>, bool), Error> {
        let revision = &self.revisions[index];
        let id = revision.id.as_str();
        if let (Direction::Down, Some(row)) = (direction, self.row(id))
            && row.state == State::Applied
            && row.hash != revision.hash.to_string()
        {
            return Ok((Cow::Owned(parse(row)?), true));
        }
        Ok((
            Cow::Borrowed(revision),
            self.unknown.iter().any(|unknown| unknown == id),
        ))
    }

    /// What the heads of the chain need and the database has not.
    pub(crate) fn pending(&self, chain: usize) -> Vec<usize> {
        self.graph
            .order()
            .filter(|index| *index < chain && !self.applied.contains(*index))
            .collect()
    }

    pub(crate) fn status(self, chain: usize) -> Status {
        let name = |index: usize| self.graph.id(index).to_string();
        let current = self
            .graph
            .effective_heads(&self.applied)
            .into_iter()
            .map(name)
            .collect();
        let pending = self.pending(chain).into_iter().map(name).collect();
        // Several may be of one moment: then as they follow each other.
        let mut position = vec![0; self.revisions.len()];
        for (place, index) in self.graph.order().enumerate() {
            position[index] = place;
        }
        let place = |row: &AppliedRevision| Some(position[self.graph.index(&row.revision)?]);
        let mut rows = self.rows;
        rows.sort_by_cached_key(|row| (row.applied_at.clone(), place(row)));
        let (applied, failed) = rows
            .into_iter()
            .partition(|row| row.state == State::Applied);
        Status {
            current,
            applied,
            pending,
            unknown: self.unknown,
            changed: self.changed,
            failed,
        }
    }
}

/// Reads the revision that the ledger kept.
pub(crate) fn parse(row: &AppliedRevision) -> Result<Revision, Error> {
    let unreadable = |diagnostics| Error::LedgerText {
        revision: row.revision.clone(),
        diagnostics,
    };
    match Revision::parse(&row.file, &row.body, Dialects::NONE) {
        Ok(revision) if revision.id.as_str() == row.revision => Ok(revision),
        Ok(_) => Err(unreadable(Vec::new())),
        Err(diagnostics) => Err(unreadable(diagnostics)),
    }
}

/// What the row alone tells of a revision whose text cannot be read.
fn stub(row: &AppliedRevision) -> Option<Revision> {
    let nothing = Hash::from_bytes([0; 32]);
    Some(Revision {
        id: row.revision.parse().ok()?,
        parents: row
            .parents
            .iter()
            .filter_map(|parent| parent.parse().ok())
            .collect(),
        depends_on: Cow::default(),
        labels: Cow::default(),
        message: row.message.clone().into(),
        created: Cow::default(),
        file: row.file.clone().into(),
        text: row.body.clone().into(),
        sections: Cow::default(),
        hash: nothing,
        chain_hash: nothing,
    })
}
