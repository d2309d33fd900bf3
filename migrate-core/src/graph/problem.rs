//! The problems of a graph.

use std::collections::VecDeque;

use super::{Graph, Merge};

/// A problem of a graph. Numbers are indices of revisions, or positions in their lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Two revisions have one id.
    DuplicateRevision {
        /// The revision that keeps the id.
        first: usize,
        /// The other revision.
        second: usize,
    },
    /// A parent does not exist.
    UnknownParent {
        /// The revision that names the parent.
        revision: usize,
        /// The position of the parent in its list.
        parent: usize,
    },
    /// A revision is its own parent.
    SelfParent {
        /// The revision.
        revision: usize,
        /// The position of the parent in its list.
        parent: usize,
    },
    /// A dependency does not exist.
    UnknownDependency {
        /// The revision that names the dependency.
        revision: usize,
        /// The position of the dependency in its list.
        dependency: usize,
    },
    /// A revision depends on itself.
    SelfDependency {
        /// The revision.
        revision: usize,
        /// The position of the dependency in its list.
        dependency: usize,
    },
    /// Revisions follow one another in a cycle.
    Cycle {
        /// The path around the cycle; it begins and ends with the same revision.
        path: Vec<usize>,
    },
    /// Two revisions have the same label.
    DuplicateLabel {
        /// The revision that keeps the label.
        first: usize,
        /// The other revision.
        second: usize,
        /// The label.
        label: String,
    },
    /// A label is also the id of a revision.
    LabelIsRevision {
        /// The revision with the label.
        revision: usize,
        /// The label.
        label: String,
        /// The revision with the id.
        other: usize,
    },
    /// A merge has a parent that another of its parents already follows.
    RedundantParent {
        /// The merge.
        revision: usize,
        /// The position of the redundant parent.
        parent: usize,
        /// The position of the parent that follows it.
        through: usize,
    },
}

impl Graph {
    /// Reports one cycle of each component: the shortest through its oldest revision.
    pub(super) fn find_cycles(&mut self, components: &[u32]) {
        let count = components.iter().max().map_or(0, |last| *last as usize + 1);
        let mut sizes = vec![0_u32; count];
        for component in components {
            sizes[*component as usize] += 1;
        }
        // The first revision of each component that has several.
        let mut starts = Vec::new();
        for index in self.order() {
            if std::mem::take(&mut sizes[components[index] as usize]) > 1 {
                starts.push(index);
            }
        }
        // Components share no revision, so they can share this.
        let mut from = vec![usize::MAX; self.len()];
        for start in starts {
            let mut open = VecDeque::from([start]);
            while let Some(at) = open.pop_front() {
                if let Some(path) = self.step_around(start, at, components, &mut from, &mut open) {
                    self.problems.push(Problem::Cycle { path });
                    break;
                }
            }
        }
    }

    /// Searches below `at` for `start`; returns the path around the cycle once it is found.
    fn step_around(
        &self,
        start: usize,
        at: usize,
        components: &[u32],
        from: &mut [usize],
        open: &mut VecDeque<usize>,
    ) -> Option<Vec<usize>> {
        for below in self
            .below(at)
            .filter(|below| components[*below] == components[at])
        {
            if below == start {
                let mut path = vec![start, at];
                let mut at = at;
                while at != start {
                    at = from[at];
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if from[below] == usize::MAX {
                from[below] = at;
                open.push_back(below);
            }
        }
        None
    }

    /// Finds the parents that other parents already follow.
    ///
    /// Walks down once for each merge, no deeper than its oldest parent.
    pub(super) fn find_redundant_parents(&mut self, merges: &[Merge]) {
        let spans = match merges {
            [] => return,
            _ => self.spans(),
        };
        let mut seen = vec![u32::MAX; self.len()];
        let mut through_of = vec![0_usize; self.len()];
        for (walk, merge) in merges.iter().enumerate() {
            let walk = walk as u32;
            let floor = merge
                .parents
                .iter()
                .map(|(_, parent)| self.rank[*parent as usize])
                .min();
            // Ranks mean nothing below a cycle.
            let ranks_hold = self.rank[merge.revision] < self.first_in_cycle;
            let Some(floor) = floor.filter(|_| ranks_hold) else {
                continue;
            };
            let few = merge.parents.len() <= 4;
            let may_lead = |index: u32| {
                self.rank[index as usize] >= floor
                    && (!few
                        || merge.parents.iter().any(|(_, parent)| {
                            let (first, last) = spans[*parent as usize];
                            let (lowest, highest) = spans[index as usize];
                            lowest <= first && last <= highest
                        }))
            };
            let mut open: Vec<u32> = Vec::new();
            for (through, parent) in &merge.parents {
                open.push(*parent);
                while let Some(index) = open.pop() {
                    for below in &self.parents[index as usize] {
                        if seen[*below as usize] == walk || !may_lead(*below) {
                            continue;
                        }
                        seen[*below as usize] = walk;
                        open.push(*below);
                        through_of[*below as usize] = *through;
                    }
                }
            }
            for (position, parent) in &merge.parents {
                if seen[*parent as usize] == walk {
                    self.problems.push(Problem::RedundantParent {
                        revision: merge.revision,
                        parent: *position,
                        through: through_of[*parent as usize],
                    });
                }
            }
        }
    }

    /// Numbers the revisions in depth-first order; each gets the lowest number below it and its
    /// own. A revision can reach another only if its span contains the other's: this keeps the
    /// walks of [`Graph::find_redundant_parents`] short beside long branches.
    fn spans(&self) -> Vec<(u32, u32)> {
        let mut spans = vec![(u32::MAX, u32::MAX); self.len()];
        let mut seen = vec![false; self.len()];
        let mut next = 0;
        let mut open: Vec<(u32, usize)> = Vec::new();
        for root in self.order.iter().rev() {
            if !std::mem::replace(&mut seen[*root as usize], true) {
                open.push((*root, 0));
            }
            while let Some((at, cursor)) = open.last_mut() {
                let at = *at as usize;
                let position = *cursor;
                *cursor += 1;
                if let Some(below) = self.parents[at].get(position) {
                    if !std::mem::replace(&mut seen[*below as usize], true) {
                        open.push((*below, 0));
                    }
                    continue;
                }
                open.pop();
                let below = self.parents[at]
                    .iter()
                    .map(|below| spans[*below as usize].0);
                spans[at] = (below.min().unwrap_or(next).min(next), next);
                next += 1;
            }
        }
        spans
    }
}
