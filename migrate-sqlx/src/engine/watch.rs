//! Waiting for another migrator that no lock would show.

use std::time::{Duration, Instant};

use migrate_core::Dialect;

use super::{Engine, Listener};
use crate::applied_revision::{AppliedRevision, RevisionState};
use crate::chain_state::ChainState;
use crate::event::Event;

impl Engine<'_> {
    /// Whether a revision is begun and not failed, on the database where no lock would have kept
    /// us out of another migrator's way: SQLite, outside a transaction.
    pub(super) fn somebody_works(&self, joined: &ChainState<'_>) -> bool {
        self.session.dialect() == Dialect::Sqlite
            && !self.options.resume
            && joined.rows.iter().any(|row| {
                row.state != RevisionState::Applied && (row.error.is_none() || row.is_in_doubt())
            })
    }
}

/// How long to wait while another migrator runs: as long as it makes progress, and then the limit.
pub(super) struct Watch {
    wait: Duration,
    seen: Option<(Instant, Vec<(String, u32)>)>,
}

impl Watch {
    pub(super) const fn new(wait: Duration) -> Self {
        Self { wait, seen: None }
    }

    pub(super) fn goes_on(&mut self, rows: &[AppliedRevision], on_event: Listener<'_>) -> bool {
        let now: Vec<_> = rows
            .iter()
            .map(|row| (row.revision.clone(), row.statements))
            .collect();
        match &self.seen {
            Some((since, seen)) if *seen == now => since.elapsed() < self.wait,
            seen => {
                if seen.is_none() {
                    on_event(Event::Waiting { holder: None });
                }
                self.seen = Some((Instant::now(), now));
                true
            }
        }
    }
}
