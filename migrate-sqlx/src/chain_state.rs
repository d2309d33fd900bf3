//! The chain beside the ledger of a database: the one join of the two.

use std::borrow::{Borrow, Cow};

use migrate_core::{
    Cascade, Chain, Dialect, Direction, Graph, Label, Phase, Plan, Revision, RevisionId, Set,
    SoundGraph, Stamp, Statement, Survey, Target,
};

use crate::applied_revision::{AppliedRevision, Edit, RevisionState, UNREADABLE, parse, stub};
use crate::error::Error;
use crate::ledger_change::{LedgerChange, RowRepair};
use crate::status::Status;

/// A chain beside the ledger of a database: the chain's revisions, then those that only the ledger
/// has. All that shows or plans something begins with it, so that what is shown is what is done.
///
/// It is pure data. Joined with a [`Chain`] it makes plans; joined with a [`Survey`], whose links may
/// be broken, it can only be shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChainState<'a, G = SoundGraph> {
    /// The revisions of the chain, then those that only the ledger has.
    pub revisions: Cow<'a, [Revision]>,
    /// How they are linked; its indices are those of `revisions`.
    pub graph: G,
    /// What is applied, and what is being reverted.
    pub applied: Set,
    /// The rows of the ledger.
    pub rows: Vec<AppliedRevision>,
    /// Applied revisions that are not in the chain. What is in a ledger need not be a valid id.
    pub unknown: Vec<String>,
    /// Revisions that were applied with another `up`, or after other revisions.
    pub changed: Vec<RevisionId>,
    /// Revisions whose `down` or header was edited after they were applied. Their `up` is what was
    /// applied.
    pub edited: Vec<RevisionId>,
    dialect: Dialect,
    /// How many revisions the chain has.
    chain: usize,
}

impl<'a> ChainState<'a> {
    /// Joins a chain and the rows of a ledger.
    #[must_use]
    pub fn new(chain: &'a Chain, rows: Vec<AppliedRevision>, dialect: Dialect) -> Self {
        let others = ledger_only(chain.graph(), &rows);
        let (revisions, graph) = match chain.extended(others) {
            Cow::Borrowed(chain) => (Cow::Borrowed(chain.revisions()), chain.graph().clone()),
            Cow::Owned(all) => (Cow::Owned(all.revisions().to_vec()), all.graph().clone()),
        };
        Self::join(revisions, graph, chain.revisions().len(), rows, dialect)
    }

    /// Refuses what a run would refuse before it begins, and plans what it would apply.
    ///
    /// # Errors
    ///
    /// Those of [`ChainState::judge`]; the target cannot be reached, or a revision cannot be run on
    /// this database.
    pub fn plan_up(&self, target: &Target, resume: bool) -> Result<Plan, Error> {
        self.judge(resume)?;
        self.judge_steps(Plan::up(&self.graph, &self.applied, target)?)
    }

    /// Refuses what a revert would refuse before it begins, and plans what it would revert.
    ///
    /// # Errors
    ///
    /// [`Error::Unfinished`]; the target cannot be reached; [`Error::Irreversible`] or
    /// [`Error::LedgerText`] of a revision to revert.
    pub fn plan_down(
        &self,
        target: &Target,
        cascade: Cascade,
        resume: bool,
    ) -> Result<Plan, Error> {
        self.judge_unfinished(resume.then_some(RevisionState::Reverting))?;
        self.judge_steps(Plan::down(&self.graph, &self.applied, target, cascade)?)
    }

    /// Plans to revert these revisions and all that needs them, with the refusals of
    /// [`ChainState::plan_down`].
    ///
    /// # Errors
    ///
    /// See [`ChainState::plan_down`].
    pub fn plan_without<'i>(
        &self,
        revisions: impl IntoIterator<Item = &'i str>,
        resume: bool,
    ) -> Result<Plan, Error> {
        self.judge_unfinished(resume.then_some(RevisionState::Reverting))?;
        let revisions = revisions.into_iter().filter_map(|id| self.graph.index(id));
        self.judge_steps(Plan::without(&self.graph, &self.applied, revisions))
    }

    /// Plans a stamp from what is applied.
    ///
    /// # Errors
    ///
    /// A target cannot be found.
    pub fn stamp(&self, targets: &[Target]) -> Result<Stamp, Error> {
        Ok(Stamp::new(&self.graph, &self.applied, targets)?)
    }

    fn judge_steps(&self, plan: Plan) -> Result<Plan, Error> {
        for index in &plan.steps {
            let (revision, _) = self.text(*index, plan.direction)?;
            check_section(&revision, plan.direction, self.dialect)?;
        }
        Ok(plan)
    }
}

impl<'a> ChainState<'a, Graph> {
    /// Joins the revisions of a folder, sound or broken, and the rows of a ledger.
    #[must_use]
    pub fn of_survey(survey: &'a Survey, rows: Vec<AppliedRevision>, dialect: Dialect) -> Self {
        let chain = &survey.revisions[..];
        let others = ledger_only(&survey.graph, &rows);
        let (revisions, graph) = match others.is_empty() {
            true => (Cow::Borrowed(chain), survey.graph.clone()),
            false => {
                let all = [chain, &others].concat();
                let graph = Graph::new(&all);
                (Cow::Owned(all), graph)
            }
        };
        Self::join(revisions, graph, chain.len(), rows, dialect)
    }
}

/// The revisions that only the ledger has. What cannot be read still counts as applied; only
/// reverting it has to be refused.
fn ledger_only(chain: &Graph, rows: &[AppliedRevision]) -> Vec<Revision> {
    rows.iter()
        .filter(|row| chain.index(&row.revision).is_none())
        .filter_map(|row| parse(row).ok().or_else(|| stub(row)))
        .collect()
}

impl<'a, G: Borrow<Graph>> ChainState<'a, G> {
    fn join(
        revisions: Cow<'a, [Revision]>,
        graph: G,
        chain: usize,
        rows: Vec<AppliedRevision>,
        dialect: Dialect,
    ) -> Self {
        let links: &Graph = graph.borrow();
        let mut applied = links.none();
        let (mut unknown, mut changed, mut edited) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let index = links.index(&row.revision);
            if index.is_none_or(|index| index >= chain) {
                unknown.push(row.revision.clone());
            }
            let Some(index) = index else {
                continue; // not a valid id, so nothing can follow it
            };
            if row.state == RevisionState::Applied || row.state == RevisionState::Reverting {
                applied.insert(index);
            }
            let revision = &revisions[index];
            if row.state == RevisionState::Applied && revision.hash.to_string() != row.hash {
                match row.edit(revision, dialect) {
                    Some(_) => edited.push(revision.id.clone()),
                    None => changed.push(revision.id.clone()),
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
            chain,
        }
    }

    fn graph(&self) -> &Graph {
        self.graph.borrow()
    }

    /// Returns the applied heads, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<RevisionId> {
        self.ids(self.graph().effective_heads(&self.applied))
    }

    fn ids(&self, indices: impl IntoIterator<Item = usize>) -> Vec<RevisionId> {
        let id = |index| self.graph().id(index).clone();
        indices.into_iter().map(id).collect()
    }

    /// Returns the revisions that only the ledger has and whose text can be read.
    pub fn kept(&self) -> impl Iterator<Item = &Revision> {
        let others = self.revisions[self.chain..].iter();
        others.filter(|revision| revision.hash != UNREADABLE)
    }

    /// Returns the steps of a plan that are reverted with the ledger's text.
    #[must_use]
    pub fn kept_texts(&self, plan: &Plan) -> Vec<RevisionId> {
        let steps = plan.steps.iter().map(|index| &self.revisions[*index].id);
        steps
            .filter(|id| plan.direction == Direction::Down && self.is_from_ledger(id.as_str()))
            .cloned()
            .collect()
    }

    /// Returns the revisions whose edited text the ledger records with a plan: when reverting, those
    /// that are reverted; when applying, all of them.
    #[must_use]
    pub fn recorded_edits(&self, plan: &Plan) -> Vec<RevisionId> {
        let is_step = |id: &RevisionId| {
            let index = self.graph().index(id.as_str());
            index.is_some_and(|index| plan.steps.contains(&index))
        };
        let edited = self.edited.iter();
        edited
            .filter(|id| plan.direction == Direction::Up || is_step(id))
            .cloned()
            .collect()
    }

    /// Returns the dialect of the database.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
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
        let is_edited = self.edited.iter().any(|id| id.as_str() == revision);
        let row = self.row(revision).filter(|_| is_edited)?;
        row.edit(&self.revisions[self.graph().index(revision)?], self.dialect)
    }

    /// Returns true if a revert would use the text in the ledger: the file of the revision is gone, or
    /// has another `up` than was applied.
    #[must_use]
    pub fn is_from_ledger(&self, revision: &str) -> bool {
        self.unknown.iter().any(|id| id == revision)
            || self.changed.iter().any(|id| id.as_str() == revision)
    }

    /// Says whether a revision can be run: its text is that of a file, or could be read from the
    /// ledger.
    #[must_use]
    pub fn is_readable(&self, index: usize) -> bool {
        self.revisions[index].hash != UNREADABLE
    }

    /// Returns the revision to run, and whether it is the one that the ledger kept. A revert uses what
    /// was applied if the file has another `up` or is missing.
    pub(crate) fn text(
        &self,
        index: usize,
        direction: Direction,
    ) -> Result<(Cow<'_, Revision>, bool), Error> {
        let revision = &self.revisions[index];
        if direction == Direction::Down
            && let Some(row) = self.row(revision.id.as_str())
            && row.state == RevisionState::Applied
            && row.hash != revision.hash.to_string()
            && !self.edited.contains(&revision.id)
        {
            return Ok((Cow::Owned(parse(row)?), true));
        }
        Ok((Cow::Borrowed(revision), index >= self.chain))
    }

    /// What the heads of the chain need and the database has not.
    pub(crate) fn pending(&self) -> Vec<usize> {
        self.graph()
            .order()
            .filter(|index| *index < self.chain && !self.applied.contains(*index))
            .collect()
    }

    /// Refuses what a run would refuse, or with `resume` what a resumed run would refuse.
    ///
    /// # Errors
    ///
    /// [`Error::AnotherChain`], [`Error::Newer`], [`Error::Changed`], [`Error::Unfinished`] or
    /// [`Error::InDoubt`].
    pub fn judge(&self, resume: bool) -> Result<(), Error> {
        self.judge_owner()?;
        if !self.unknown.is_empty() {
            return Err(Error::Newer {
                revisions: self.unknown.clone(),
                phase: None,
            });
        }
        self.judge_changed()?;
        self.judge_unfinished(resume.then_some(RevisionState::Applying))
    }

    /// Refuses revisions of the chain that were changed after they were applied.
    pub(crate) fn judge_changed(&self) -> Result<(), Error> {
        let is_unknown = |id: &RevisionId| self.unknown.iter().any(|it| it == id.as_str());
        let changed = self.changed.iter().filter(|id| !is_unknown(id));
        let revisions: Vec<RevisionId> = changed.cloned().collect();
        match revisions.is_empty() {
            true => Ok(()),
            false => Err(Error::Changed { revisions }),
        }
    }

    /// Refuses a database that the code of this chain cannot work with: see
    /// [`Migrations::ensure_compatible`](crate::Migrations::ensure_compatible).
    pub(crate) fn judge_compatible(&self) -> Result<(), Error> {
        self.judge_owner()?;
        self.judge_changed()?;
        self.judge_unfinished(None)?;
        let expands = |id: &String| {
            let row = self.row(id);
            row.is_some_and(|row| row.phase == Some(Phase::Expand))
        };
        let breaking = self.unknown.iter().filter(|id| !expands(id));
        let breaking: Vec<String> = breaking.cloned().collect();
        if !breaking.is_empty() {
            return Err(Error::Newer {
                revisions: breaking,
                phase: Some(Phase::Contract),
            });
        }
        let mut pending = self.pending();
        pending.retain(|index| self.revisions[*index].phase() == Phase::Expand);
        match pending.is_empty() {
            true => Ok(()),
            false => Err(Error::NotCurrent {
                pending: self.ids(pending),
            }),
        }
    }

    /// Whether the database has all of the chain, and beyond it only revisions after which older code
    /// can work.
    pub(crate) fn is_compatibly_ahead(&self) -> bool {
        !self.unknown.is_empty() && self.pending().is_empty() && self.judge_compatible().is_ok()
    }

    /// Refuses a ledger that has rows, of which none is of this chain.
    pub(crate) fn judge_owner(&self) -> Result<(), Error> {
        match self.is_of_another_chain() {
            true => Err(Error::AnotherChain {
                revisions: self.unknown.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Whether the ledger has rows, and none of them is of this chain.
    #[must_use]
    pub fn is_of_another_chain(&self) -> bool {
        self.chain > 0 && !self.unknown.is_empty() && self.unknown.len() == self.rows.len()
    }

    /// Refuses a revision that was begun and not finished, unless it is `resumable`.
    ///
    /// # Errors
    ///
    /// [`Error::Unfinished`] or [`Error::InDoubt`].
    pub fn judge_unfinished(&self, resumable: Option<RevisionState>) -> Result<(), Error> {
        let unfinished = self
            .rows
            .iter()
            .find(|row| row.state != RevisionState::Applied && Some(row.state) != resumable);
        match unfinished {
            None => Ok(()),
            Some(row) => Err(self.unfinished(row)),
        }
    }

    fn unfinished(&self, row: &AppliedRevision) -> Error {
        let reverting = row.state == RevisionState::Reverting;
        let next = self.next_statement(row);
        match next {
            Some((of, label)) if row.is_in_doubt() => Error::InDoubt {
                revision: row.revision.clone(),
                number: row.statements as usize + 1,
                of,
                label: Box::new(label),
                reverting,
            },
            next => Error::Unfinished {
                revision: row.revision.clone(),
                statements: row.statements,
                error: row.error.clone(),
                reverting,
                label: next.map(|(_, label)| Box::new(label)),
            },
        }
    }

    /// Returns how many statements an unfinished revision has, and where the one is that it stopped
    /// at. `None` where its text has no such statement.
    #[must_use]
    pub fn next_statement(&self, row: &AppliedRevision) -> Option<(usize, Label)> {
        let direction = match row.state {
            RevisionState::Applied => return None,
            RevisionState::Applying => Direction::Up,
            RevisionState::Reverting => Direction::Down,
        };
        let index = self.graph().index(&row.revision)?;
        let revision = &self.revisions[index];
        let statements = revision.statements(direction, self.dialect);
        let number = row.statements as usize;
        let label = || statement_label(revision, statements, number);
        (number < statements.len()).then(|| (statements.len(), label()))
    }

    /// Returns the rows that would take over an edited text, each with the revision as it is now:
    /// those of `wanted`, and what follows them by its chain hash.
    pub(crate) fn edits(&self, wanted: impl Fn(&str) -> bool) -> Vec<RowRepair> {
        let index = |id: &RevisionId| self.graph().index(id.as_str());
        let mut edits = self.graph().none();
        // Behind what is not as the chain has it, a chain hash of the chain would hide that.
        let mut different: Vec<usize> = self.changed.iter().filter_map(index).collect();
        for at in self.edited.iter().filter_map(index) {
            if wanted(self.revisions[at].id.as_str()) {
                edits.insert(at);
            } else {
                different.push(at);
            }
        }
        if edits.is_empty() {
            return Vec::new();
        }
        let different = self.graph().descendants(different);
        let mut repairs = Vec::new();
        for row in self
            .rows
            .iter()
            .filter(|row| row.state == RevisionState::Applied)
        {
            let at = self.graph().index(&row.revision);
            let Some(at) = at.filter(|at| *at < self.chain) else {
                continue;
            };
            let mut revision = self.revisions[at].clone();
            let is_unmoved = revision.chain_hash.to_string() == row.chain_hash;
            if edits.contains(at) {
                let edit = row.edit(&revision, self.dialect).unwrap_or(Edit::Header);
                if different.contains(at)
                    && let Ok(recorded) = row.chain_hash.parse()
                {
                    revision.chain_hash = recorded;
                }
                repairs.push(RowRepair {
                    change: LedgerChange::Rewrite(revision),
                    reason: format!(
                        "{edit} was edited after it was applied, but its `up` was not: the ledger takes its text, nothing was run"
                    ),
                });
            } else if !is_unmoved && !different.contains(at) {
                repairs.push(RowRepair {
                    change: LedgerChange::Relink(revision),
                    reason: "a revision before it was edited, but not its `up`".to_owned(),
                });
            }
        }
        repairs
    }

    /// Returns where the database is.
    #[must_use]
    pub fn status(&self) -> Status {
        // Several may be of one moment: then as they follow each other.
        let mut position = vec![0; self.revisions.len()];
        for (place, index) in self.graph().order().enumerate() {
            position[index] = place;
        }
        let place = |row: &AppliedRevision| Some(position[self.graph().index(&row.revision)?]);
        let mut rows = self.rows.clone();
        rows.sort_by_cached_key(|row| (row.applied_at.clone(), place(row)));
        let (applied, failed): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| row.state == RevisionState::Applied);
        let mut pending = self.ids(self.pending());
        // What was begun is among the unfinished.
        pending.retain(|id| failed.iter().all(|row| row.revision != id.as_str()));
        Status {
            current: self.heads(),
            applied,
            pending,
            unknown: self.unknown.clone(),
            changed: self.changed.clone(),
            edited: self.edited.clone(),
            failed,
        }
    }
}

/// The place of a statement in its file, or of the last one if there are fewer.
pub(crate) fn statement_label(
    revision: &Revision,
    statements: &[Statement],
    number: usize,
) -> Label {
    let statement = statements.get(number).or_else(|| statements.last());
    let range = statement.map_or(0..0, |statement| statement.range());
    let line = revision.text[range.clone()].lines().next().unwrap_or("");
    let range = range.start..range.start + line.len();
    Label::at(&revision.file, &revision.text, range, "")
}

/// Sees to it that a revision can be run in a direction at all.
pub(crate) fn check_section(
    revision: &Revision,
    direction: Direction,
    dialect: Dialect,
) -> Result<(), Error> {
    let name = || revision.id.to_string();
    match revision.section(direction, dialect) {
        Some(section) if section.irreversible.is_some() => {
            return Err(Error::Irreversible {
                revision: name(),
                reason: section
                    .irreversible
                    .as_deref()
                    .filter(|reason| !reason.is_empty())
                    .map(str::to_owned),
            });
        }
        Some(section) if section.statements(dialect).is_some() => {
            if direction == Direction::Down && revision.is_empty_down(dialect) {
                return Err(Error::Irreversible {
                    revision: name(),
                    reason: Some("its `down` has no statement".to_owned()),
                });
            }
        }
        _ if revision.is_merge() && revision.sections.is_empty() => {}
        _ if direction == Direction::Down => {
            return Err(Error::Irreversible {
                revision: name(),
                reason: None,
            });
        }
        _ => {
            return Err(Error::MissingDialect {
                revision: name(),
                dialect,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use migrate_core::{Config, File, Folder};

    use super::*;
    use crate::timestamp::Timestamp;

    /// A folder of revisions, each written as its id and its parent.
    fn survey(revisions: &[(&str, &str)]) -> Survey {
        let file = |(id, parent): &(&str, &str)| {
            File {
            name: format!("{id}.sql"),
            text: format!(
                "-- revision: {id}\n-- parents: {parent}\n-- migrate: up\nCREATE TABLE {id} (id INTEGER);\n-- migrate: down\nDROP TABLE {id};\n"
            )
            .into(),
        }
        };
        let folder = Folder {
            files: revisions.iter().map(file).collect(),
            ..Folder::default()
        };
        Survey::new(&folder, &Config::default())
    }

    fn row(revision: &Revision) -> AppliedRevision {
        AppliedRevision {
            revision: revision.id.to_string(),
            parents: revision.parents.iter().map(ToString::to_string).collect(),
            message: String::new(),
            hash: revision.hash.to_string(),
            chain_hash: revision.chain_hash.to_string(),
            state: RevisionState::Applied,
            statements: 0,
            error: None,
            applied_at: Timestamp::new(String::new()),
            duration: Duration::ZERO,
            tool: String::new(),
            phase: Some(revision.phase()),
            file: revision.file.to_string(),
            body: revision.text.to_string(),
        }
    }

    fn rows(survey: &Survey) -> Vec<AppliedRevision> {
        survey.revisions.iter().map(row).collect()
    }

    fn chain(survey: &Survey) -> Chain {
        Chain::new(survey.revisions.clone()).expect("it is sound")
    }

    const ONE_BACK: Target = Target {
        branch: None,
        place: None,
        steps: Some(-1),
    };

    #[test]
    fn a_row_that_cannot_be_read_is_applied_and_cannot_be_reverted() {
        let mut rows = rows(&survey(&[("a", "none"), ("b", "a")]));
        rows[1].body =
            "-- revision: b\n-- migrate: up\nCREATE TABLE b (id TEXT DEFAULT 'x);\n".to_owned();
        let chain = chain(&survey(&[("a", "none")]));
        let state = ChainState::new(&chain, rows, Dialect::Sqlite);
        assert_eq!(state.heads(), ["b"]);
        assert_eq!(state.status().current, ["b"]);
        assert_eq!(state.status().unknown, ["b"]);
        assert_eq!(state.kept().count(), 0);
        let refused = state.plan_down(&ONE_BACK, Cascade::Refuse, false);
        assert_eq!(
            refused.expect_err("it cannot be read").code(),
            "ledger-text"
        );
        let refused = state.plan_up(&Target::heads(), false);
        assert_eq!(refused.expect_err("it is newer").code(), "database-newer");
    }

    #[test]
    fn what_only_the_ledger_has_is_reverted_with_its_text() {
        let chain = chain(&survey(&[("a", "none")]));
        let rows = rows(&survey(&[("a", "none"), ("b", "a")]));
        let state = ChainState::new(&chain, rows, Dialect::Sqlite);
        let plan = state
            .plan_down(&ONE_BACK, Cascade::Refuse, false)
            .expect("a plan");
        assert_eq!(state.kept_texts(&plan), ["b"]);
        assert_eq!(state.graph.id(plan.steps[0]), "b");
    }

    #[test]
    fn a_broken_folder_can_be_shown() {
        let broken = survey(&[("a", "none"), ("c", "b")]);
        assert!(!broken.is_graph_sound());
        let rows = rows(&survey(&[("a", "none"), ("b", "a")]));
        let state = ChainState::of_survey(&broken, rows, Dialect::Sqlite);
        let status = state.status();
        assert_eq!(status.current, ["b"]);
        assert_eq!(status.pending, ["c"]);
        assert_eq!(status.unknown, ["b"]);
    }
}
