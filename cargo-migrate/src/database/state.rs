//! Where a database is on the chain, and how to work on it.

use std::ops::Deref;

use migrate_core::{Chain, Config, Direction, Graph, Plan, Revision, Set, Target, TargetError};
use migrate_sqlx::{ChainState, Database, Migrations, Status};

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::json;
use crate::output::ui::Ui;

/// A chain beside a database, as the runtime joins them, and what is told of it.
#[derive(Debug)]
pub(crate) struct State {
    state: ChainState<'static>,
    pub(crate) status: Status,
}

impl Deref for State {
    type Target = ChainState<'static>;

    fn deref(&self) -> &Self::Target {
        &self.state
    }
}

impl State {
    /// Reads where the database is. Writes nothing.
    pub(crate) async fn read(
        database: &Database,
        migrations: &Migrations,
    ) -> Result<Self, CommandError> {
        let state = database.state(migrations).await?.into_owned();
        let status = state.status();
        Ok(Self { state, status })
    }

    /// Returns the applied heads, sorted.
    pub(crate) fn heads(&self) -> Vec<String> {
        json::ids(&self.graph, self.graph.effective_heads(&self.applied))
    }

    /// Tells why a run is refused, with a way out that the environment does not refuse as well.
    pub(crate) fn refused(&self, error: migrate_sqlx::Error, chosen: &Chosen) -> CommandError {
        let is_changed = matches!(error, migrate_sqlx::Error::Changed { .. });
        let error = CommandError::from(error);
        let Some(env) = chosen.protected().filter(|_| is_changed) else {
            return error;
        };
        let changed = self.changed.iter().filter_map(|id| self.graph.index(id));
        // What follows them has to go first.
        let down = Plan::without(&self.graph, &self.applied, changed);
        let undone = json::ids_in_order(&self.graph, &down.steps);
        error.help(changed_on_protected(env, &undone))
    }

    /// Returns the revisions of a plan that are reverted with the text that the ledger kept.
    pub(crate) fn kept_texts(&self, plan: &Plan) -> Vec<String> {
        let steps = plan
            .steps
            .iter()
            .filter(|_| plan.direction == Direction::Down);
        let steps = steps.map(|index| self.graph.id(*index).as_str());
        let kept = steps.filter(|id| self.is_from_ledger(id));
        kept.map(str::to_owned).collect()
    }

    /// Returns the revisions whose edited text goes into the ledger with a plan: on the way down
    /// those that it reverts, on the way up all of them.
    pub(crate) fn taken(&self, plan: &Plan) -> Vec<String> {
        let is_step = |id: &&String| {
            let index = self.graph.index(id);
            index.is_some_and(|index| plan.steps.contains(&index))
        };
        let taken = self.edited.iter();
        taken
            .filter(|id| plan.direction == Direction::Up || is_step(id))
            .cloned()
            .collect()
    }

    /// Says which texts a plan would use that are not what was applied, or not in a file.
    pub(crate) fn tell_texts(&self, plan: &Plan, ui: &Ui) {
        for id in self.kept_texts(plan) {
            ui.warning(format_args!(
                "the file of `{id}` has changed or is not there: its text in the ledger would be used"
            ));
        }
        for id in self.taken(plan) {
            if let Some(edit) = self.edit(&id) {
                ui.status(format_args!(
                    "`{id}`: {edit} was edited after it was applied; the file's text would be used, and go into the ledger"
                ));
            }
        }
    }

    /// Returns the revisions that can be run, and the applied heads among them: for making in a
    /// throw-away database what is applied.
    pub(crate) fn readable(&self) -> (Vec<Revision>, Vec<String>) {
        let mut applied = self.applied.clone();
        let mut revisions = Vec::with_capacity(self.revisions.len());
        for (index, revision) in self.revisions.iter().enumerate() {
            match self.is_readable(index) {
                true => revisions.push(revision.clone()),
                false => applied.remove(index),
            }
        }
        let heads = json::ids(&self.graph, self.graph.effective_heads(&applied));
        (revisions, heads)
    }

    /// Plans the way up from a place to where all of `wanted` is applied.
    pub(crate) fn up(&self, before: Set, wanted: impl IntoIterator<Item = usize>) -> Plan {
        let mut missing = self.graph.ancestors(wanted);
        for index in before.iter() {
            missing.remove(index);
        }
        Plan {
            direction: Direction::Up,
            steps: self.graph.ordered(&missing),
            before,
        }
    }

    /// Returns the plan that leads through these revisions from here.
    pub(crate) fn plan_of(&self, done: &migrate_sqlx::Report) -> Plan {
        Plan {
            direction: done.direction,
            steps: done
                .steps
                .iter()
                .filter_map(|step| self.graph.index(&step.revision))
                .collect(),
            before: self.applied.clone(),
        }
    }
}

/// What to do about revisions that a protected environment has applied with another `up`; the newest
/// comes first.
pub(crate) fn changed_on_protected(env: &str, revisions: &[String]) -> String {
    let undone: Vec<String> = revisions
        .iter()
        .map(|id| format!("`cargo migrate repair --undone {id} --execute`"))
        .collect();
    format!(
        "`{env}` is protected, so nothing is reverted there: take the edit back with git and write what is new into a new revision; or undo in the database by hand what was applied, then {}, then `cargo migrate run`",
        undone.join(", ")
    )
}

/// Makes the runtime's value of a chain.
pub(crate) fn migrations(chain: &Chain, config: &Config) -> Migrations {
    Migrations::new(chain.revisions().to_vec(), config.ledger.clone())
        .with_session(config.session.clone())
}

/// Returns the applied set of `--from a,b`: these revisions and all they imply.
pub(crate) fn applied_of(graph: &Graph, from: &str) -> Result<Set, TargetError> {
    let none = graph.none();
    let mut indices = Vec::new();
    for word in from
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        indices.extend(word.parse::<Target>()?.resolve(graph, &none)?);
    }
    Ok(graph.ancestors(indices))
}
