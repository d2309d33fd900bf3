//! Drafts that may not be applied: those without a statement anywhere, others in a protected
//! environment.

use std::collections::BTreeSet;

use migrate_core::{ChainLock, Dialect, Direction, LockState, Plan, Revision, RevisionId};
use migrate_sqlx::__cli::ChainState;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::phrase::counted;
use crate::output::ui::Ui;
use crate::project::context::Context;

/// The drafts of a chain that are reported.
#[derive(Debug, Default)]
pub(crate) struct Drafts(BTreeSet<RevisionId>);

impl Drafts {
    /// Returns all drafts that a lock has.
    pub(crate) fn of(lock: &ChainLock) -> Self {
        let drafts = lock
            .iter()
            .filter(|(_, entry)| entry.state == LockState::Draft);
        Self(drafts.map(|(id, _)| id.clone()).collect())
    }

    /// Returns those that a plan reports: those to apply, if the environment is protected.
    pub(crate) fn of_plan(
        context: &Context,
        chosen: &Chosen,
        direction: Direction,
    ) -> Result<Self, CommandError> {
        match (chosen.protected(), direction) {
            (Some(_), Direction::Up) => Ok(Self::of(&context.survey()?.lock)),
            _ => Ok(Self::default()),
        }
    }

    /// Returns true if a revision is one of them.
    pub(crate) fn has(&self, id: &RevisionId) -> bool {
        self.0.contains(id)
    }

    /// Returns those among the steps of a plan.
    pub(crate) fn among(&self, state: &ChainState<'_>, plan: &Plan) -> Vec<String> {
        let ids = plan.steps.iter().map(|index| state.graph.id(*index));
        ids.filter(|id| self.has(id))
            .map(ToString::to_string)
            .collect()
    }

    /// Warns that `run` would refuse a plan.
    pub(crate) fn warn(&self, state: &ChainState<'_>, plan: &Plan, ui: &Ui) {
        let drafts = self.among(state, plan);
        if !drafts.is_empty() {
            ui.warning(format_args!(
                "the environment is protected, and `run` refuses {} there: {SEAL}",
                counted(drafts.len(), "draft")
            ));
        }
    }

    /// Returns true if any of the revisions is a draft that would run nothing.
    pub(crate) fn has_empty(&self, revisions: &[Revision], dialect: Dialect) -> bool {
        revisions
            .iter()
            .any(|revision| self.is_empty(revision, dialect))
    }

    /// Refuses drafts that would be applied, or recorded as applied: those without a statement,
    /// and, unless they are allowed, all of them if the environment is protected.
    pub(crate) fn refuse<'a>(
        &self,
        steps: impl IntoIterator<Item = &'a Revision>,
        dialect: Dialect,
        chosen: &Chosen,
        allowed: bool,
    ) -> Result<(), CommandError> {
        let steps = steps.into_iter().filter(|revision| self.has(&revision.id));
        let drafts: Vec<&Revision> = steps.collect();
        if let Some(empty) = drafts.iter().find(|draft| self.is_empty(draft, dialect)) {
            let id = &empty.id;
            return Err(CommandError::new(
                Failure::EmptyUp,
                format!("the draft `{id}` has nothing to run: its `up` has no statement"),
            )
            .help(format!(
                "write its SQL: `cargo migrate edit {id}`; nothing was changed"
            )));
        }
        let Some(env) = chosen
            .protected()
            .filter(|_| !allowed && !drafts.is_empty())
        else {
            return Ok(());
        };
        let ids: Vec<String> = drafts.iter().map(|draft| draft.id.to_string()).collect();
        Err(CommandError::new(
            Failure::LockDraft,
            format!(
                "the environment `{env}` is protected, and {} would reach it: `{}`",
                counted(ids.len(), "draft"),
                ids.join("`, `")
            ),
        )
        .candidates(ids)
        .help(format!("{SEAL}; nothing was changed")))
    }

    fn is_empty(&self, revision: &Revision, dialect: Dialect) -> bool {
        let section = revision.section(Direction::Up, dialect);
        let statements = section.and_then(|section| section.statements(dialect));
        self.has(&revision.id) && !revision.is_merge() && statements.is_some_and(<[_]>::is_empty)
    }
}

const SEAL: &str = "seal what is finished with `cargo migrate lock`, or add `--allow-drafts`";
