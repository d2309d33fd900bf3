//! What `run` would do, for those who recommend it.

use migrate_core::{Dialect, Survey, Target};
use migrate_sqlx::__cli::ChainState;
use migrate_sqlx::AppliedRevision;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::project::context::Require;
use crate::project::drafts::Drafts;

/// Counts the revisions that `cargo migrate run` would apply, or returns what it would refuse them
/// with: a broken chain, several heads, what is in the ledger, drafts.
pub(crate) fn next_run(
    survey: &Survey,
    rows: &[AppliedRevision],
    dialect: Dialect,
    chosen: &Chosen,
) -> Result<usize, CommandError> {
    let chain = survey
        .chain(|code| Require::OneEnd.accepts(code))
        .map_err(CommandError::diagnostics)?;
    let target: Target = "head".parse()?;
    target.resolve(chain.graph(), &chain.graph().none())?;
    let state = ChainState::new(&chain, rows.to_vec(), dialect);
    let plan = state.plan_up(&target, false)?;
    let steps = plan.steps.iter().map(|index| &state.revisions[*index]);
    Drafts::of(&survey.lock).refuse(steps, dialect, chosen, false)?;
    Ok(plan.steps.len())
}
