//! What can be wrong with a graph.

use super::Graph;

/// One thing that is wrong; numbers are indices of revisions, or positions in their lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Two revisions have one id.
    DuplicateRevision {
        /// The one that bears it.
        first: usize,
        /// The other one.
        second: usize,
    },
    /// A parent does not exist.
    UnknownParent {
        /// Whose parent.
        revision: usize,
        /// Its position among the parents.
        parent: usize,
    },
    /// A revision is its own parent.
    SelfParent {
        /// Which one.
        revision: usize,
        /// The position among the parents.
        parent: usize,
    },
    /// A dependency does not exist.
    UnknownDependency {
        /// Whose dependency.
        revision: usize,
        /// Its position among the dependencies.
        dependency: usize,
    },
    /// A revision depends on itself.
    SelfDependency {
        /// Which one.
        revision: usize,
        /// The position among the dependencies.
        dependency: usize,
    },
    /// Revisions need one another in a circle.
    Cycle {
        /// The way around; it begins and ends with the same revision.
        path: Vec<usize>,
    },
    /// Two revisions bear one label.
    DuplicateLabel {
        /// The one that bears it.
        first: usize,
        /// The other one.
        second: usize,
        /// The label.
        label: String,
    },
    /// A label is also the id of a revision.
    LabelIsRevision {
        /// Who bears it.
        revision: usize,
        /// The label.
        label: String,
        /// Whose id it is.
        other: usize,
    },
    /// A merge has a parent that another of its parents already follows.
    RedundantParent {
        /// The merge.
        revision: usize,
        /// The position of the parent that says nothing.
        parent: usize,
        /// The position of the parent that follows it.
        through: usize,
    },
}

impl Graph {
    /// Finds one circle for each knot of revisions that need one another.
    ///
    /// What [`Graph::order`] could not place stands in a circle or above one. Walking down from
    /// such a revision, among those only, must come back to where it was.
    pub(super) fn find_cycles(&mut self) {
        let count = self.len();
        let rank = |index: usize| self.rank[index] as usize;
        let unplaced: Vec<usize> = self
            .order()
            .filter(|index| self.below(*index).any(|below| rank(below) >= rank(*index)))
            .collect();
        if unplaced.is_empty() {
            return;
        }
        // Everything above a circle is unplaced too; the first violation leads down into one.
        let mut stuck = self.descendants(unplaced.iter().copied());
        for index in 0..count {
            if stuck.contains(index) && !self.below(index).any(|below| stuck.contains(below)) {
                stuck.remove(index);
            }
        }
        let mut seen = vec![0_usize; count];
        let mut found = Vec::new();
        for (walk, start) in unplaced
            .into_iter()
            .enumerate()
            .map(|(walk, start)| (walk + 1, start))
        {
            let mut path = Vec::new();
            let mut at = start;
            while seen[at] == 0 {
                seen[at] = walk;
                path.push(at);
                match self.below(at).find(|below| stuck.contains(*below)) {
                    Some(below) => at = below,
                    None => break,
                }
            }
            if seen[at] == walk
                && let Some(begin) = path.iter().position(|index| *index == at)
                && self.below(path[path.len() - 1]).any(|below| below == at)
            {
                let mut circle = path.split_off(begin);
                circle.push(at);
                found.push(circle);
            }
        }
        self.problems
            .extend(found.into_iter().map(|path| Problem::Cycle { path }));
    }

    pub(super) fn find_redundant_parents(&mut self) {
        if self
            .problems
            .iter()
            .any(|problem| matches!(problem, Problem::Cycle { .. }))
        {
            return;
        }
        let mut found = Vec::new();
        for revision in 0..self.len() {
            let parents = &self.parents[revision];
            if parents.len() < 2 || parents.len() != self.written_parents(revision) {
                continue;
            }
            for (position, parent) in parents.iter().enumerate() {
                let through = parents.iter().enumerate().find(|(other, through)| {
                    *other != position
                        && self.is_ancestor_by_parents(*parent as usize, **through as usize)
                });
                if let Some((through, _)) = through {
                    found.push(Problem::RedundantParent {
                        revision,
                        parent: position,
                        through,
                    });
                }
            }
        }
        self.problems.extend(found);
    }

    /// How many parents the file names; fewer are connected where one does not exist.
    fn written_parents(&self, revision: usize) -> usize {
        let broken = self.problems.iter().filter(|problem| {
            matches!(problem, Problem::UnknownParent { revision: at, .. } | Problem::SelfParent { revision: at, .. } if *at == revision)
        });
        self.parents[revision].len() + broken.count()
    }

    /// Whether `ancestor` comes before `of`, by parents alone. What comes before it in the order
    /// cannot lead to it, so only what lies between is looked at.
    fn is_ancestor_by_parents(&self, ancestor: usize, of: usize) -> bool {
        let floor = self.rank[ancestor];
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![of];
        while let Some(index) = open.pop() {
            if index == ancestor {
                return true;
            }
            for parent in &self.parents[index] {
                if self.rank[*parent as usize] >= floor && seen.insert(*parent) {
                    open.push(*parent as usize);
                }
            }
        }
        false
    }
}
