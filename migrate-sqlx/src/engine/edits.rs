//! Texts that were edited where it changes nothing of what was applied.

use migrate_core::Direction;

use super::{Engine, Listener, Step};
use crate::chain_state::ChainState;
use crate::error::Error;
use crate::event::Event;

impl Engine<'_> {
    /// Takes the texts of revisions into the ledger of which only the `down` or the header was
    /// edited; on the way down, those that are about to be reverted, so that the ledger has what is
    /// run. Says whether there were any.
    pub(super) async fn take_edits(
        &mut self,
        state: &ChainState<'_>,
        direction: Direction,
        steps: &[Step<'_>],
        on_event: Listener<'_>,
    ) -> Result<bool, Error> {
        let is_step = |id: &str| steps.iter().any(|step| step.revision.id.as_str() == id);
        let edits = state.edits(|id| direction == Direction::Up || is_step(id));
        if edits.is_empty() {
            return Ok(false);
        }
        self.repair_ledger(&state.rows, &edits).await?;
        for id in edits.iter().map(|edit| edit.change.revision()) {
            if let Some(edit) = state.edit(id)
                && let Some(index) = state.graph.index(id)
            {
                let revision = &state.revisions[index];
                tracing::info!(revision = %revision.id, "the ledger takes its edited text");
                on_event(Event::TextTaken { revision, edit });
            }
        }
        Ok(true)
    }
}
