//! The chain beside the database.

use std::borrow::Cow;
use std::collections::BTreeSet;

use migrate_core::{Dialects, Graph, Revision, Set};

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
            revisions.to_mut().push(parse(row)?);
        }
        let graph = Graph::new(&revisions);
        let mut applied = graph.none();
        let mut changed = Vec::new();
        for row in &rows {
            let index = graph
                .index(&row.revision)
                .expect("the graph has every row's revision");
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
        let (applied, failed) = self
            .rows
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
    Revision::parse(&row.file, &row.body, Dialects::NONE).map_err(|diagnostics| Error::LedgerText {
        revision: row.revision.clone(),
        diagnostics,
    })
}
