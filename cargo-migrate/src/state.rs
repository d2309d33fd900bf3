//! Where a database is on the chain, and how to work on it.

use migrate_core::{
    Chain, Config, Dialects, Direction, Graph, Plan, Revision, Set, Target, TargetError,
};
use migrate_sqlx::{Database, Error, Migrations, Status};

use crate::error::CommandError;
use crate::json;

/// A chain beside a database: the chain's revisions, and those only the ledger has.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) graph: Graph,
    pub(crate) applied: Set,
    pub(crate) status: Status,
    pub(crate) revisions: Vec<Revision>,
}

impl State {
    /// Reads where the database is. Writes nothing.
    pub(crate) async fn read(
        database: &Database,
        migrations: &Migrations,
    ) -> Result<Self, CommandError> {
        let status = database.status(migrations).await?;
        let mut revisions = migrations.revisions().to_vec();
        for row in status.applied.iter().chain(&status.failed) {
            if status.unknown.contains(&row.revision) {
                let kept = Revision::parse(&row.file, &row.body, Dialects::NONE);
                revisions.extend(kept.ok());
            }
        }
        let graph = Graph::new(&revisions);
        let mut applied = graph.none();
        let reverting = status
            .failed
            .iter()
            .filter(|row| row.state == migrate_sqlx::State::Reverting);
        for row in status.applied.iter().chain(reverting) {
            if let Some(index) = graph.index(&row.revision) {
                applied.insert(index);
            }
        }
        Ok(Self {
            graph,
            applied,
            status,
            revisions,
        })
    }

    /// Refuses what `run` would refuse, or with `resume` what `run --resume` would.
    pub(crate) fn judge(&self, resume: bool) -> Result<(), CommandError> {
        let Status {
            unknown, changed, ..
        } = &self.status;
        if !unknown.is_empty() {
            let revisions = unknown.clone();
            return Err(Error::Newer { revisions }.into());
        }
        if !changed.is_empty() {
            let revisions = changed.clone();
            return Err(Error::Changed { revisions }.into());
        }
        match resume {
            true => Ok(()),
            false => self.judge_unfinished(),
        }
    }

    /// Refuses a revision that was begun and not finished.
    pub(crate) fn judge_unfinished(&self) -> Result<(), CommandError> {
        match self.status.failed.first() {
            None => Ok(()),
            Some(row) => Err(Error::Unfinished {
                revision: row.revision.clone(),
                statements: row.statements,
                error: row.error.clone(),
                reverting: row.state == migrate_sqlx::State::Reverting,
            }
            .into()),
        }
    }

    /// Returns the applied heads, sorted.
    pub(crate) fn heads(&self) -> Vec<String> {
        json::ids(&self.graph, self.graph.effective_heads(&self.applied))
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
