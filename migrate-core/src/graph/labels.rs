//! Branch labels and the revisions that carry them.

use std::borrow::Cow;

use super::{Graph, Set};

/// The labels that revisions carry.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// All labels, sorted.
    names: Vec<Cow<'static, str>>,
    /// For each revision, the positions of its labels in `names`.
    by: Vec<Vec<u32>>,
}

impl Graph {
    /// Returns the labels that a revision carries, sorted.
    ///
    /// As in Alembic, a label spreads from the revision that has it to all that follows, and back
    /// to revisions that lead only there, up to but not including the nearest branch point or
    /// merge.
    #[must_use]
    pub fn labels_of(&self, index: usize) -> Vec<&str> {
        if self.labels.is_empty() {
            return Vec::new();
        }
        let carried = self.carried.get_or_init(|| self.spread());
        let name = |label: &u32| &*carried.names[*label as usize];
        carried.by[index].iter().map(name).collect()
    }

    fn spread(&self) -> Carried {
        let mut by = vec![Vec::new(); self.len()];
        // The label that visited each revision last, so that a walk costs no more than its
        // carriers.
        let mut seen = vec![u32::MAX; self.len()];
        for (label, bearer) in (0..).zip(self.labels.values()) {
            let mut visit = |index: usize| {
                let new = std::mem::replace(&mut seen[index], label) != label;
                if new {
                    by[index].push(label);
                }
                new
            };
            self.carry(*bearer as usize, &mut visit);
        }
        Carried {
            names: self.labels.keys().cloned().collect(),
            by,
        }
    }

    /// Walks over the revisions that carry the label of `bearer`; `visit` returns whether a
    /// revision was not visited before.
    fn carry(&self, bearer: usize, visit: &mut impl FnMut(usize) -> bool) {
        let mut open = vec![bearer];
        while let Some(index) = open.pop() {
            if visit(index) {
                open.extend(self.children[index].iter().map(|index| *index as usize));
            }
        }
        let mut at = bearer;
        while let [parent] = self.parents[at][..] {
            at = parent as usize;
            if self.is_point(at) || !visit(at) {
                break;
            }
        }
    }

    /// Returns the revisions that carry the label of `bearer`.
    #[must_use]
    pub fn carriers(&self, bearer: usize) -> Set {
        let mut set = self.none();
        self.carry(bearer, &mut |index| set.insert(index));
        set
    }

    /// Returns the carriers that belong to this branch alone, and the revisions that lead to one,
    /// unless the branch begins there. A merge with another branch does not belong to it, nor do
    /// the revisions after it.
    pub(crate) fn branch(&self, bearer: usize) -> Set {
        let carriers = self.carriers(bearer);
        let behind = self.path_to(bearer);
        let mut own = self.none();
        for index in self.order().filter(|index| carriers.contains(*index)) {
            let begins = behind.contains(index);
            if begins
                || self.parents[index]
                    .iter()
                    .all(|parent| own.contains(*parent as usize))
            {
                own.insert(index);
            }
        }
        own
    }

    /// Returns whether a revision is a merge or a branch point, dependencies included.
    fn is_point(&self, index: usize) -> bool {
        let mut above = self.above(index);
        let first = above.next();
        self.parents[index].len() > 1 || above.any(|other| Some(other) != first)
    }

    /// Returns all that shares lineage with `index` by parents: the revision itself, what leads to
    /// it and what follows it.
    #[must_use]
    pub fn lineage(&self, index: usize) -> Set {
        let mut set = self.path_to(index);
        let after = self.reach(vec![index], &|index| [&self.children[index], &[]]);
        for found in after.iter() {
            set.insert(found);
        }
        set
    }

    /// Returns a revision and the revisions that lead to it, by parents alone.
    pub fn path_to(&self, index: usize) -> Set {
        self.reach(vec![index], &|index| [&self.parents[index], &[]])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{graph, names};

    #[test]
    fn a_label_spreads_up_and_back_to_the_branch_point() {
        // a - b - l1 - l2 - l3(left)
        //      \- r1 ----------- m: merges both
        let graph = graph("a  b:a  l1:b  l2:l1@left  l3:l2  r1:b@right  m:l3,r1");
        let carriers = |label| names(&graph, graph.carriers(graph.label(label).unwrap()).iter());
        assert_eq!(carriers("left"), "l1 l2 l3 m");
        assert_eq!(carriers("right"), "r1 m");
        assert_eq!(
            graph.labels_of(graph.index("m").unwrap()),
            ["left", "right"]
        );
    }
}
