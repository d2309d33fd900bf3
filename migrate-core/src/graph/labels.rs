//! Branch labels: which revisions carry which.

use super::{Graph, Set};

impl Graph {
    /// Returns the labels that a revision carries, sorted.
    ///
    /// As in Alembic, a label spreads from the revision that bears it to all that follows, and
    /// back to what leads only there: up to, and without, the nearest branch point or merge.
    #[must_use]
    pub fn labels_of(&self, index: usize) -> Vec<&str> {
        self.labels
            .iter()
            .filter(|(_, bearer)| self.carriers(**bearer as usize).contains(index))
            .map(|(label, _)| label.as_str())
            .collect()
    }

    /// Returns the revisions that carry the label which `bearer` bears.
    #[must_use]
    pub fn carriers(&self, bearer: usize) -> Set {
        let mut set = self.reach([bearer], |index| {
            self.children[index].iter().map(|child| *child as usize)
        });
        let mut at = bearer;
        while let [parent] = self.parents[at][..] {
            at = parent as usize;
            let is_point = self.children[at].len() > 1 || self.parents[at].len() > 1;
            if is_point || !set.insert(at) {
                break;
            }
        }
        set
    }

    /// Returns all that shares lineage with `index`: it, what it needs and what needs it.
    #[must_use]
    pub fn lineage(&self, index: usize) -> Set {
        let mut set = self.ancestors([index]);
        for found in self.descendants([index]).iter() {
            set.insert(found);
        }
        set
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
