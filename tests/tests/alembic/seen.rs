//! A case with both answers, and what can be asked about them.

use std::collections::BTreeSet;

use migrate_core::{Anchor, Cascade, Set, SoundGraph, Target, TargetError};
use migrate_tests::alembic::{Answer, Case, Name};

use crate::differences::DIFFERENCES;
use crate::ours::{self, Ours};

/// Which words of Alembic's stand for which of our codes.
const REFUSALS: &[(&str, &str)] = &[
    ("ambiguous-revision", "Multiple revisions start with"),
    ("ambiguous-walk", "Ambiguous upgrade from multiple current"),
    ("ambiguous-walk", "Ambiguous walk"),
    ("ambiguous-walk", "Multiple heads are present"),
    ("malformed-target", "No such revision or branch"),
    ("malformed-target", "Relative revision"),
    ("not-a-descendant", "Not a valid downgrade target"),
    ("not-a-descendant", "Revision Nothing to drop is not an"),
    ("out-of-range", "Relative revision"),
    ("out-of-range", "Walked too far"),
    ("several-heads", "Multiple heads are present"),
    ("unknown-revision", "No such branch"),
    ("unknown-revision", "No such revision or branch"),
];

/// A case with both answers.
pub(crate) struct Seen<'a> {
    pub(crate) case: &'a Case,
    pub(crate) theirs: &'a Answer,
    pub(crate) ours: Ours,
    pub(crate) graph: SoundGraph,
    pub(crate) applied: Set,
    /// As far as they can be read.
    pub(crate) targets: Vec<Target>,
    /// What each revision implies, itself included.
    implied: Vec<Set>,
}

/// Says that both agree, or by which difference they do not; fails where neither is so.
pub(crate) fn judge(case: &Case, theirs: &Answer) -> Result<&'static str, String> {
    let seen = Seen::new(case, theirs);
    seen.check()?;
    if let Some(agreed) = seen.agreed()? {
        return Ok(agreed);
    }
    let explained = DIFFERENCES
        .iter()
        .find(|difference| !seen.targets.is_empty() && (difference.explains)(&seen));
    let unexplained = || format!("ours:   {:?}\ntheirs: {theirs:?}", seen.ours);
    explained
        .map(|difference| difference.name)
        .ok_or_else(unexplained)
}

impl<'a> Seen<'a> {
    fn new(case: &'a Case, theirs: &'a Answer) -> Self {
        let graph = ours::graph(case);
        let targets = &case.question.targets;
        Self {
            case,
            theirs,
            ours: ours::ours(case, Cascade::Refuse),
            applied: ours::applied(&graph, case),
            targets: targets
                .iter()
                .filter_map(|target| target.parse().ok())
                .collect(),
            implied: (0..graph.len())
                .map(|index| graph.ancestors([index]))
                .collect(),
            graph,
        }
    }

    pub(crate) fn name(&self) -> Name {
        self.case.question.name
    }

    pub(crate) fn has(&self, is: impl Fn(&Target) -> bool) -> bool {
        self.targets.iter().any(is)
    }

    /// The only target, or the first.
    pub(crate) fn target(&self) -> &Target {
        &self.targets[0]
    }

    pub(crate) fn walks_down(&self) -> bool {
        self.target().steps.is_some_and(|steps| steps < 0)
    }

    /// What stands behind Alembic's refusal; empty where it did not refuse.
    pub(crate) fn cause(&self) -> &str {
        match self.theirs {
            Answer::Refused { cause, .. } => cause,
            Answer::Steps { .. } => "",
        }
    }

    /// What one of the targets stands for.
    pub(crate) fn places(&self, target: usize) -> Vec<usize> {
        let resolved = self.targets[target].resolve(&self.graph, &self.applied);
        resolved.unwrap_or_default()
    }

    /// The names of revisions and branches in the targets.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().flat_map(|target| {
            let place = match &target.place {
                Some(Anchor::Revision(id)) => Some(id.as_str()),
                _ => None,
            };
            place.into_iter().chain(target.branch.as_deref())
        })
    }

    /// Says whether a beginning means one thing here and another there: Alembic overlooks ids of
    /// up to three characters, and takes labels for ids.
    pub(crate) fn begins_otherwise(&self, name: &str) -> bool {
        if self.graph.index(name).or(self.graph.label(name)).is_some() {
            return false;
        }
        let ids = self.graph.ids().iter().map(AsRef::as_ref);
        let labels = self.graph.labels().map(|(label, _)| label);
        let ours: BTreeSet<&str> = ids.clone().filter(|id| id.starts_with(name)).collect();
        let theirs = ids.chain(labels).filter(|key| key.len() > 3);
        ours != theirs.filter(|key| key.starts_with(name)).collect()
    }

    fn index(&self, id: &str) -> usize {
        self.graph.index(id).expect("a revision of the graph")
    }

    fn set(&self, ids: &[String]) -> Set {
        self.graph.ancestors(ids.iter().map(|id| self.index(id)))
    }

    /// The rows of a set, found the slow way.
    fn rows(&self, set: &Set) -> Vec<String> {
        let is_top = |index: &usize| {
            !set.iter()
                .any(|top| top != *index && self.implied[top].contains(*index))
        };
        let mut rows: Vec<String> = set
            .iter()
            .filter(is_top)
            .map(|index| self.graph.id(index).to_string())
            .collect();
        rows.sort_unstable();
        rows
    }

    /// Goes a way step by step. Fails where a step comes too early.
    fn replay<'b>(
        &self,
        steps: impl Iterator<Item = (&'b str, Option<&'b Vec<String>>)>,
    ) -> Result<(BTreeSet<&'b str>, bool), String> {
        let mut set = self.applied.clone();
        let mut ids = BTreeSet::new();
        let mut rows_are_right = true;
        for (id, rows) in steps {
            let index = self.index(id);
            let mut others = (0..self.graph.len()).filter(|other| *other != index);
            let (new, early) = match self.name() {
                Name::Downgrade => (
                    set.contains(index),
                    others.any(|other| set.contains(other) && self.implied[other].contains(index)),
                ),
                _ => (
                    !set.contains(index),
                    others.any(|other| !set.contains(other) && self.implied[index].contains(other)),
                ),
            };
            if !new || early {
                return Err(format!("step {id} comes too early, or twice"));
            }
            match self.name() {
                Name::Downgrade => set.remove(index),
                _ => drop(set.insert(index)),
            }
            ids.insert(id);
            rows_are_right &= rows == Some(&self.rows(&set));
        }
        Ok((ids, rows_are_right))
    }

    fn our_steps(&self) -> impl Iterator<Item = (&str, Option<&Vec<String>>)> {
        let steps = match &self.ours {
            Ours::Steps(steps) => steps.as_slice(),
            _ => &[],
        };
        steps.iter().map(|(id, rows)| (id.as_str(), Some(rows)))
    }

    fn their_steps(&self) -> impl Iterator<Item = (&str, Option<&Vec<String>>)> {
        let steps = match self.theirs {
            Answer::Steps { steps } => steps.as_slice(),
            Answer::Refused { .. } => &[],
        };
        steps
            .iter()
            .filter_map(|step| Some((step.revision.as_deref()?, step.rows.as_ref())))
    }

    /// Checks our own answer against the rules, whatever Alembic's is.
    fn check(&self) -> Result<(), String> {
        match &self.ours {
            Ours::Steps(_) => match self.replay(self.our_steps()) {
                Ok((_, true)) => Ok(()),
                Ok((_, false)) => Err("our rows are wrong".to_owned()),
                Err(why) => Err(format!("ours: {why}")),
            },
            Ours::Stamp(rows) => self.check_stamp(&self.set(rows)),
            Ours::Refused(_) => Ok(()),
        }
    }

    fn check_stamp(&self, after: &Set) -> Result<(), String> {
        let places: Vec<usize> = (0..self.targets.len())
            .flat_map(|target| self.places(target))
            .collect();
        let to_base = (0..self.targets.len()).any(|target| self.places(target).is_empty());
        for index in 0..self.graph.len() {
            let wanted = places.iter().any(|at| self.implied[*at].contains(index));
            let above = places.iter().any(|at| self.implied[index].contains(*at));
            let expected = wanted || self.applied.contains(index) && !above;
            let forgotten = to_base && !wanted && !after.contains(index);
            if after.contains(index) != expected && !forgotten {
                let id = self.graph.id(index);
                return Err(format!("our stamp is wrong about {id}: {:?}", self.ours));
            }
        }
        Ok(())
    }

    /// Says how both agree, if they do.
    fn agreed(&self) -> Result<Option<&'static str>, String> {
        Ok(match (&self.ours, self.theirs) {
            (Ours::Steps(_), Answer::Steps { .. }) => {
                let (ours, _) = self.replay(self.our_steps())?;
                let (theirs, rows_are_right) = self
                    .replay(self.their_steps())
                    .map_err(|why| format!("theirs: {why}"))?;
                (ours == theirs && rows_are_right).then_some("the same steps")
            }
            (Ours::Stamp(ours), Answer::Steps { steps }) => {
                let mut before = self.case.question.rows.clone();
                before.sort_unstable();
                let theirs = match steps.last() {
                    Some(step) => step.rows.as_ref(),
                    None => Some(&before),
                };
                (Some(ours) == theirs).then_some("the same stamp")
            }
            (Ours::Refused(error), Answer::Refused { cause, .. }) => {
                let known = REFUSALS
                    .iter()
                    .any(|(code, words)| *code == error.code() && cause.starts_with(words));
                let outside = matches!(error, TargetError::OutsideBranch { .. })
                    && cause.contains(" is not a member of branch ");
                // Of several targets either may be refused first.
                let unread = self.targets.len() < self.case.question.targets.len();
                let either = unread && self.case.question.targets.len() > 1;
                (known || outside || either).then_some("the same refusal")
            }
            _ => None,
        })
    }

    /// Says whether both go the same steps, whatever becomes of Alembic's rows.
    pub(crate) fn same_steps(&self) -> bool {
        let ours: BTreeSet<&str> = self.our_steps().map(|(id, _)| id).collect();
        let theirs: BTreeSet<&str> = self.their_steps().map(|(id, _)| id).collect();
        ours == theirs && !ours.is_empty()
    }

    /// Says whether a revision needs two of which one implies the other: there Alembic's table
    /// gets rows that overlap, or loses count.
    pub(crate) fn has_implied_need(&self) -> bool {
        (0..self.graph.len()).any(|index| {
            let parents = self.graph.parents(index).iter();
            let needs: Vec<usize> = parents
                .chain(self.graph.dependencies(index))
                .map(|need| *need as usize)
                .collect();
            let implies = |a: usize, b: usize| a != b && self.implied[a].contains(b);
            needs.iter().any(|a| needs.iter().any(|b| implies(*a, *b)))
        })
    }

    /// Says whether we keep more, and only what was implied by rows that the target concerns.
    pub(crate) fn kept_by_the_stamp(&self) -> bool {
        let (Ours::Stamp(ours), Answer::Steps { steps }) = (&self.ours, self.theirs) else {
            return false;
        };
        let Some(theirs) = steps.last().and_then(|step| step.rows.as_ref()) else {
            return false;
        };
        let (ours, theirs) = (self.set(ours), self.set(theirs));
        let more = |index: &usize| ours.contains(*index) && !theirs.contains(*index);
        theirs.iter().all(|index| ours.contains(index))
            && ours
                .iter()
                .filter(more)
                .all(|index| self.applied.contains(index))
    }

    /// Says whether our steps are all that is applied in the trees that the walk went down, and
    /// what needs them.
    pub(crate) fn is_own_tree(&self) -> bool {
        let start = Target {
            steps: None,
            ..self.target().clone()
        };
        let Ok(start) = start.resolve(&self.graph, &self.applied) else {
            return false;
        };
        let trunk = self.leading_to(&start);
        let bases = self.graph.bases().filter(|base| trunk.contains(base));
        let tree = self.graph.descendants(bases);
        let expected: BTreeSet<&str> = tree
            .iter()
            .filter(|index| self.applied.contains(*index))
            .map(|index| self.graph.id(index).as_str())
            .collect();
        expected == self.our_steps().map(|(id, _)| id).collect()
    }

    fn leading_to(&self, from: &[usize]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = from.to_vec();
        while let Some(index) = open.pop() {
            if found.insert(index) {
                open.extend(self.graph.parents(index).iter().map(|at| *at as usize));
            }
        }
        found
    }

    /// Says whether we revert nothing but what is of the branch, or list the rest.
    pub(crate) fn is_restricted(&self) -> bool {
        let branch = self.target().branch.as_deref().unwrap_or_default();
        let root = self.graph.label(branch).or_else(|| {
            let found = self.graph.with_prefix(branch);
            self.graph.index(branch).or(found.first().copied())
        });
        let Some(root) = root else {
            return false;
        };
        let behind = self.leading_to(&[root]);
        let lineage = |id: &str| {
            let index = self.index(id);
            behind.contains(&index) || self.leading_to(&[index]).contains(&root)
        };
        let theirs: BTreeSet<&str> = self.their_steps().map(|(id, _)| id).collect();
        match &self.ours {
            Ours::Steps(_) => {
                let mut ours = self.our_steps().map(|(id, _)| id);
                let refused = self.cause() == "Not a valid downgrade target from current heads";
                ours.all(|id| lineage(id) && (refused || theirs.contains(id)))
            }
            Ours::Refused(TargetError::Collateral { others, .. }) => {
                let Ours::Steps(all) = ours::ours(self.case, Cascade::Allow) else {
                    return false;
                };
                let all: BTreeSet<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
                !others.is_empty() && others.iter().all(|id| all.contains(id.as_str()))
            }
            _ => false,
        }
    }
}
