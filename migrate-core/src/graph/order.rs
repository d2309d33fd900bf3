//! The order in which revisions are applied, and the strongly connected components that have none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Graph;
use crate::Revision;
use crate::dag::components;

impl Graph {
    /// Orders all revisions; if there are cycles, returns the component of each revision, see
    /// [`Graph::components`].
    ///
    /// Kahn's algorithm cannot place revisions that are in a cycle or depend on one, so these come
    /// last; edges inside a component are ignored there, and a revision that follows a cycle still
    /// comes after it.
    pub(super) fn sort(&mut self, revisions: &[Revision]) -> Option<Vec<u32>> {
        let count = self.len();
        let mut by_age: Vec<u32> = (0..count as u32).collect();
        by_age.sort_by_key(|index| {
            let revision = &revisions[*index as usize];
            (&*revision.created, revision.id.as_str(), *index)
        });
        self.place(&by_age, &|_, _| true);
        self.first_in_cycle = self.order.len() as u32;
        let components = (self.order.len() < count).then(|| self.components());
        if let Some(components) = &components {
            self.place(&by_age, &|above, below| {
                components[above] != components[below]
            });
        }
        for (rank, index) in self.order.iter().enumerate() {
            self.rank[*index as usize] = rank as u32;
        }
        components
    }

    /// Kahn's algorithm over the revisions without a place, taking the oldest that is ready first.
    fn place(&mut self, by_age: &[u32], counts: &dyn Fn(usize, usize) -> bool) {
        let mut placed = vec![false; self.len()];
        for index in &self.order {
            placed[*index as usize] = true;
        }
        let mut age = vec![0_u32; self.len()];
        for (position, index) in by_age.iter().enumerate() {
            age[*index as usize] = position as u32;
        }
        let mut waits: Vec<usize> = (0..self.len())
            .map(|index| {
                self.below(index)
                    .filter(|below| !placed[*below] && counts(index, *below))
                    .count()
            })
            .collect();
        let mut ready: BinaryHeap<Reverse<u32>> = (0..self.len())
            .filter(|index| !placed[*index] && waits[*index] == 0)
            .map(|index| Reverse(age[index]))
            .collect();
        while let Some(Reverse(position)) = ready.pop() {
            let index = by_age[position as usize];
            self.order.push(index);
            let index = index as usize;
            for above in self.above(index).filter(|above| counts(*above, index)) {
                waits[above] -= 1;
                if waits[above] == 0 {
                    ready.push(Reverse(age[above]));
                }
            }
        }
    }

    /// Numbers the strongly connected components. A revision that is in no cycle is a component of its
    /// own.
    fn components(&self) -> Vec<u32> {
        let components = components(self.len(), |at, position| self.nth_below(at, position));
        components.into_iter().map(|number| number as u32).collect()
    }

    fn nth_below(&self, index: usize, position: usize) -> Option<usize> {
        let parents = &self.parents[index];
        let below = match position.checked_sub(parents.len()) {
            None => parents.get(position),
            Some(position) => self.dependencies[index].get(position),
        };
        below.map(|below| *below as usize)
    }
}
