//! The chain beside the database.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use migrate_core::{
    Cascade, Dialect, Dialects, Direction, Graph, Hash, Plan, Revision, Set, Target,
};

use crate::engine::{LedgerChange, Mending, check_section};
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
    /// Revisions that were applied with another `up`, or behind other revisions.
    pub changed: Vec<String>,
    /// Revisions whose `down` or header was edited after they were applied; their `up` is what was
    /// applied, and the next run takes their text into the ledger.
    pub edited: Vec<String>,
    /// What was begun and not finished.
    pub failed: Vec<AppliedRevision>,
}

/// A chain beside the ledger of a database: the chain's revisions, then those that only the ledger
/// has. All that shows or plans something begins with it, so that what is shown is what is done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChainState<'a> {
    /// The revisions of the chain, then those that only the ledger has.
    pub revisions: Cow<'a, [Revision]>,
    /// How they follow each other; its indices are those of `revisions`.
    pub graph: Graph,
    /// What is applied, and what is being reverted.
    pub applied: Set,
    /// The rows of the ledger.
    pub rows: Vec<AppliedRevision>,
    /// Applied revisions that the chain does not know.
    pub unknown: Vec<String>,
    /// Revisions that were applied with another `up`, or behind other revisions.
    pub changed: Vec<String>,
    /// Revisions whose `down` or header was edited after they were applied. Their `up` is what was
    /// applied.
    pub edited: Vec<String>,
    dialect: Dialect,
    /// How many revisions the chain has.
    chain: usize,
}

impl<'a> ChainState<'a> {
    pub(crate) fn join(
        chain: &'a [Revision],
        rows: Vec<AppliedRevision>,
        dialect: Dialect,
    ) -> Self {
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
        let (mut changed, mut edited) = (Vec::new(), Vec::new());
        for row in &rows {
            let Some(index) = graph.index(&row.revision) else {
                continue; // no id of ours: told as unknown, and nothing follows it
            };
            if row.state == State::Applied || row.state == State::Reverting {
                applied.insert(index);
            }
            if row.state == State::Applied && revisions[index].hash.to_string() != row.hash {
                match row.edit(&revisions[index], dialect) {
                    Some(_) => edited.push(row.revision.clone()),
                    None => changed.push(row.revision.clone()),
                }
            }
        }
        Self {
            revisions,
            graph,
            applied,
            rows,
            unknown,
            changed,
            edited,
            dialect,
            chain: chain.len(),
        }
    }

    /// Returns the state with revisions of its own.
    #[must_use]
    pub fn into_owned(self) -> ChainState<'static> {
        ChainState {
            revisions: Cow::Owned(self.revisions.into_owned()),
            graph: self.graph,
            applied: self.applied,
            rows: self.rows,
            unknown: self.unknown,
            changed: self.changed,
            edited: self.edited,
            dialect: self.dialect,
            chain: self.chain,
        }
    }

    /// Returns the row of a revision.
    #[must_use]
    pub fn row(&self, revision: &str) -> Option<&AppliedRevision> {
        self.rows.iter().find(|row| row.revision == revision)
    }

    /// Says what was edited of an applied revision whose `up` is what was applied; `None` where
    /// nothing was, or its `up` as well.
    #[must_use]
    pub fn edit(&self, revision: &str) -> Option<Edit> {
        let is_edited = self.edited.iter().any(|id| id == revision);
        let row = self.row(revision).filter(|_| is_edited)?;
        row.edit(&self.revisions[self.graph.index(revision)?], self.dialect)
    }

    /// Says whether the way down of a revision would be taken from the ledger: its file is gone, or
    /// has another `up` than was applied.
    #[must_use]
    pub fn is_from_ledger(&self, revision: &str) -> bool {
        let mut all = self.unknown.iter().chain(&self.changed);
        all.any(|id| id == revision)
    }

    /// Says whether a revision can be run: its text is that of a file, or could be read from the
    /// ledger.
    #[must_use]
    pub fn is_readable(&self, index: usize) -> bool {
        self.revisions[index].hash != UNREADABLE
    }

    /// Returns the revision to run, and whether it is the one that the ledger kept: on the way down
    /// that is what was applied, where the file's `up` makes something else or there is no file.
    pub(crate) fn text(
        &self,
        index: usize,
        direction: Direction,
    ) -> Result<(Cow<'_, Revision>, bool), Error> {
        let revision = &self.revisions[index];
        let is_it = |id: &String| id == revision.id.as_str();
        if direction == Direction::Down
            && let Some(row) = self.row(revision.id.as_str())
            && row.state == State::Applied
            && row.hash != revision.hash.to_string()
            && !self.edited.iter().any(is_it)
        {
            return Ok((Cow::Owned(parse(row)?), true));
        }
        Ok((Cow::Borrowed(revision), self.unknown.iter().any(is_it)))
    }

    /// What the heads of the chain need and the database has not.
    pub(crate) fn pending(&self) -> Vec<usize> {
        self.graph
            .order()
            .filter(|index| *index < self.chain && !self.applied.contains(*index))
            .collect()
    }

    /// Refuses what a run would refuse, or with `resume` one that goes on with what is half done.
    ///
    /// # Errors
    ///
    /// [`Error::Newer`], [`Error::Changed`] or [`Error::Unfinished`].
    pub fn judge(&self, resume: bool) -> Result<(), Error> {
        if !self.unknown.is_empty() {
            return Err(Error::Newer {
                revisions: self.unknown.clone(),
            });
        }
        if !self.changed.is_empty() {
            return Err(Error::Changed {
                revisions: self.changed.clone(),
            });
        }
        self.judge_unfinished(resume.then_some(State::Applying))
    }

    /// Refuses a revision that was begun and not finished, unless it is `resumable`.
    ///
    /// # Errors
    ///
    /// [`Error::Unfinished`].
    pub fn judge_unfinished(&self, resumable: Option<State>) -> Result<(), Error> {
        let unfinished = self
            .rows
            .iter()
            .find(|row| row.state != State::Applied && Some(row.state) != resumable);
        match unfinished {
            None => Ok(()),
            Some(row) => Err(Error::Unfinished {
                revision: row.revision.clone(),
                statements: row.statements,
                error: row.error.clone(),
                reverting: row.state == State::Reverting,
            }),
        }
    }

    /// Plans the way up, and refuses what a run would refuse before it begins.
    ///
    /// # Errors
    ///
    /// Those of [`ChainState::judge`]; the target cannot be reached, or a revision cannot be run on
    /// this database.
    pub fn plan_up(&self, target: &Target, resume: bool) -> Result<Plan, Error> {
        self.judge(resume)?;
        let plan = Plan::up(&self.graph, &self.applied, target)?;
        self.judge_steps(plan)
    }

    /// Plans the way down, and refuses what a revert would refuse before it begins.
    ///
    /// # Errors
    ///
    /// [`Error::Unfinished`]; the target cannot be reached; [`Error::Irreversible`] or
    /// [`Error::LedgerText`] of a revision that would have to go.
    pub fn plan_down(
        &self,
        target: &Target,
        cascade: Cascade,
        resume: bool,
    ) -> Result<Plan, Error> {
        self.judge_unfinished(resume.then_some(State::Reverting))?;
        let plan = Plan::down(&self.graph, &self.applied, target, cascade)?;
        self.judge_steps(plan)
    }

    fn judge_steps(&self, plan: Plan) -> Result<Plan, Error> {
        for index in &plan.steps {
            let (revision, _) = self.text(*index, plan.direction)?;
            check_section(&revision, plan.direction, self.dialect)?;
        }
        Ok(plan)
    }

    /// Returns the rows that would take over an edited text, each with the revision as it is now:
    /// those of `wanted`, and what follows them by its chain hash.
    pub(crate) fn edits(&self, wanted: impl Fn(&str) -> bool) -> Vec<Mending> {
        let index = |id: &String| self.graph.index(id);
        let edits: BTreeSet<&String> = self.edited.iter().filter(|id| wanted(id)).collect();
        if edits.is_empty() {
            return Vec::new();
        }
        // Behind what is not as the chain has it, a chain hash of the chain would hide that.
        let others = self.edited.iter().filter(|id| !edits.contains(id));
        let different = self.changed.iter().chain(others).filter_map(index);
        let different = self.graph.descendants(different);
        let mut mendings = Vec::new();
        for row in self.rows.iter().filter(|row| row.state == State::Applied) {
            let Some(at) = index(&row.revision).filter(|at| *at < self.chain) else {
                continue;
            };
            let mut revision = self.revisions[at].clone();
            let stands = revision.chain_hash.to_string() == row.chain_hash;
            if edits.contains(&row.revision) {
                let edit = row.edit(&revision, self.dialect).unwrap_or(Edit::Header);
                if different.contains(at)
                    && let Ok(recorded) = row.chain_hash.parse()
                {
                    revision.chain_hash = recorded;
                }
                mendings.push(Mending {
                    change: LedgerChange::Rewrite(revision),
                    reason: format!(
                        "{edit} was edited after it was applied, and its `up` is what was applied: the ledger takes its text, nothing was run"
                    ),
                });
            } else if !stands && !different.contains(at) {
                mendings.push(Mending {
                    change: LedgerChange::Relink(revision),
                    reason: "a revision before it was edited, but not its `up`".to_owned(),
                });
            }
        }
        mendings
    }

    /// Returns where the database is.
    #[must_use]
    pub fn status(&self) -> Status {
        let name = |index: usize| self.graph.id(index).to_string();
        let current = self
            .graph
            .effective_heads(&self.applied)
            .into_iter()
            .map(name)
            .collect();
        let pending = self.pending().into_iter().map(name).collect();
        // Several may be of one moment: then as they follow each other.
        let mut position = vec![0; self.revisions.len()];
        for (place, index) in self.graph.order().enumerate() {
            position[index] = place;
        }
        let place = |row: &AppliedRevision| Some(position[self.graph.index(&row.revision)?]);
        let mut rows = self.rows.clone();
        rows.sort_by_cached_key(|row| (row.applied_at.clone(), place(row)));
        let (applied, failed) = rows
            .into_iter()
            .partition(|row| row.state == State::Applied);
        Status {
            current,
            applied,
            pending,
            unknown: self.unknown.clone(),
            changed: self.changed.clone(),
            edited: self.edited.clone(),
            failed,
        }
    }
}

impl AppliedRevision {
    /// Reads the revision that the row keeps; `None` where its text is not what its hash says.
    #[must_use]
    pub fn kept(&self) -> Option<Revision> {
        let revision = parse(self).ok()?;
        (revision.hash.to_string() == self.hash).then_some(revision)
    }

    /// Says what was edited of a revision since it was applied, where that is not what was applied:
    /// its `up` on this database and what it follows. `None` where it is, or cannot be known.
    #[must_use]
    pub fn edit(&self, revision: &Revision, dialect: Dialect) -> Option<Edit> {
        let kept = self
            .kept()
            .filter(|kept| revision.is_applied_by(kept, dialect))?;
        let down = |revision: &Revision| {
            let section = revision.section(Direction::Down, dialect)?;
            Some((section.transaction, section.irreversible.clone()))
        };
        let same =
            down(&kept) == down(revision) && revision.runs_like(&kept, Direction::Down, dialect);
        Some(match same {
            true => Edit::Header,
            false => Edit::Down,
        })
    }
}

/// What was edited of a revision whose `up` is what was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Its way back.
    Down,
    /// Its header, or what it does on other databases.
    Header,
}

impl fmt::Display for Edit {
    /// Writes what was edited, as the subject of a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "its `down`",
            Self::Header => "its header",
        })
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

/// The hash of a revision whose text cannot be read; no text has it.
const UNREADABLE: Hash = Hash::from_bytes([0; 32]);

/// What the row alone tells of a revision whose text cannot be read.
fn stub(row: &AppliedRevision) -> Option<Revision> {
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
        hash: UNREADABLE,
        chain_hash: UNREADABLE,
    })
}
