//! How revisions hang together: a directed graph that answers questions, however broken it is.
//!
//! Two kinds of edge give two views, as in Alembic. *Parents* decide heads, bases and branch
//! points. *Parents and dependencies* decide order, ancestry and what "applied" implies.
//!
//! Nothing here recurses, so a chain of any length is fine, and all of it is linear but for a
//! logarithm.

mod labels;
mod problem;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

pub use problem::Problem;

use crate::{Revision, RevisionId};

/// The graph of a list of revisions; its indices are those of the list.
#[derive(Clone, Debug)]
pub struct Graph {
    ids: Vec<RevisionId>,
    by_id: BTreeMap<RevisionId, u32>,
    labels: BTreeMap<String, u32>,
    parents: Vec<Vec<u32>>,
    dependencies: Vec<Vec<u32>>,
    children: Vec<Vec<u32>>,
    dependents: Vec<Vec<u32>>,
    /// Parents and dependencies first; what stands in a circle comes last.
    order: Vec<u32>,
    /// The place of each revision in `order`.
    rank: Vec<u32>,
    problems: Vec<Problem>,
}

/// A set of revisions of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set(Vec<bool>);

impl Set {
    /// Says whether a revision is in it.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.0[index]
    }

    /// Puts a revision in; says whether it was not there.
    pub fn insert(&mut self, index: usize) -> bool {
        !std::mem::replace(&mut self.0[index], true)
    }

    /// Takes a revision out.
    pub fn remove(&mut self, index: usize) {
        self.0[index] = false;
    }

    /// Iterates over its revisions by index.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(index, in_it)| in_it.then_some(index))
    }

    /// Says whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }
}

impl Graph {
    /// Builds the graph of any revisions; what is wrong with it is listed, and left out of it.
    ///
    /// Where two revisions have one id, the first bears it.
    #[must_use]
    pub fn new(revisions: &[Revision]) -> Self {
        let count = revisions.len();
        let mut graph = Self {
            ids: revisions
                .iter()
                .map(|revision| revision.id.clone())
                .collect(),
            by_id: BTreeMap::new(),
            labels: BTreeMap::new(),
            parents: vec![Vec::new(); count],
            dependencies: vec![Vec::new(); count],
            children: vec![Vec::new(); count],
            dependents: vec![Vec::new(); count],
            order: Vec::with_capacity(count),
            rank: vec![0; count],
            problems: Vec::new(),
        };
        graph.name(revisions);
        graph.connect(revisions);
        graph.sort(revisions);
        graph.find_cycles();
        graph.find_redundant_parents();
        graph
    }

    fn name(&mut self, revisions: &[Revision]) {
        for (index, id) in self.ids.iter().enumerate() {
            match self.by_id.get(id) {
                Some(first) => self.problems.push(Problem::DuplicateRevision {
                    first: *first as usize,
                    second: index,
                }),
                None => {
                    self.by_id.insert(id.clone(), index as u32);
                }
            }
        }
        for (index, revision) in revisions.iter().enumerate() {
            for label in revision.labels.iter() {
                let label: &str = label;
                if let Some(other) = self.by_id.get(label) {
                    self.problems.push(Problem::LabelIsRevision {
                        revision: index,
                        label: label.to_owned(),
                        other: *other as usize,
                    });
                } else if let Some(first) = self.labels.get(label) {
                    self.problems.push(Problem::DuplicateLabel {
                        first: *first as usize,
                        second: index,
                        label: label.to_owned(),
                    });
                } else {
                    self.labels.insert(label.to_owned(), index as u32);
                }
            }
        }
    }

    fn connect(&mut self, revisions: &[Revision]) {
        for (index, revision) in revisions.iter().enumerate() {
            for (position, parent) in revision.parents.iter().enumerate() {
                match self.by_id.get(parent) {
                    None => self.problems.push(Problem::UnknownParent {
                        revision: index,
                        parent: position,
                    }),
                    Some(_) if *parent == revision.id => {
                        self.problems.push(Problem::SelfParent {
                            revision: index,
                            parent: position,
                        });
                    }
                    Some(parent) => {
                        self.parents[index].push(*parent);
                        self.children[*parent as usize].push(index as u32);
                    }
                }
            }
            for (position, name) in revision.depends_on.iter().enumerate() {
                match self.dependency(name) {
                    None => self.problems.push(Problem::UnknownDependency {
                        revision: index,
                        dependency: position,
                    }),
                    Some(dependency) if dependency as usize == index => {
                        self.problems.push(Problem::SelfDependency {
                            revision: index,
                            dependency: position,
                        });
                    }
                    Some(dependency) => {
                        if !self.dependencies[index].contains(&dependency) {
                            self.dependencies[index].push(dependency);
                            self.dependents[dependency as usize].push(index as u32);
                        }
                    }
                }
            }
        }
    }

    /// What a `depends-on` names: an id, a label, or the one id that begins so.
    fn dependency(&self, name: &str) -> Option<u32> {
        let exact = self.by_id.get(name).or_else(|| self.labels.get(name));
        exact.copied().or_else(|| match self.with_prefix(name)[..] {
            [only] => Some(only as u32),
            _ => None,
        })
    }

    /// Kahn's way, with the oldest of what is ready taken first.
    fn sort(&mut self, revisions: &[Revision]) {
        let count = self.ids.len();
        let mut by_age: Vec<u32> = (0..count as u32).collect();
        by_age.sort_by_key(|index| {
            let revision = &revisions[*index as usize];
            (&*revision.created, revision.id.as_str(), *index)
        });
        let mut age = vec![0_u32; count];
        for (position, index) in by_age.iter().enumerate() {
            age[*index as usize] = position as u32;
        }
        let mut waits: Vec<usize> = (0..count).map(|index| self.below(index).count()).collect();
        let mut ready: BinaryHeap<Reverse<u32>> = (0..count)
            .filter(|index| waits[*index] == 0)
            .map(|index| Reverse(age[index]))
            .collect();
        let mut placed = vec![false; count];
        while let Some(Reverse(position)) = ready.pop() {
            let index = by_age[position as usize];
            placed[index as usize] = true;
            self.order.push(index);
            for above in self.children[index as usize]
                .iter()
                .chain(&self.dependents[index as usize])
            {
                waits[*above as usize] -= 1;
                if waits[*above as usize] == 0 {
                    ready.push(Reverse(age[*above as usize]));
                }
            }
        }
        self.order
            .extend(by_age.into_iter().filter(|index| !placed[*index as usize]));
        for (rank, index) in self.order.iter().enumerate() {
            self.rank[*index as usize] = rank as u32;
        }
    }

    /// Returns everything that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns how many revisions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Says whether there is no revision.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the revision of this id.
    #[must_use]
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).map(|index| *index as usize)
    }

    /// Returns a revision's id.
    #[must_use]
    pub fn id(&self, index: usize) -> &RevisionId {
        &self.ids[index]
    }

    /// Returns every id, by index.
    #[must_use]
    pub fn ids(&self) -> &[RevisionId] {
        &self.ids
    }

    /// Returns the revision that bears this label.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<usize> {
        self.labels.get(label).map(|index| *index as usize)
    }

    /// Returns the revisions whose ids begin with `prefix`, sorted by id.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Vec<usize> {
        self.by_id
            .range::<str, _>((
                std::ops::Bound::Included(prefix),
                std::ops::Bound::Unbounded,
            ))
            .take_while(|(id, _)| id.as_str().starts_with(prefix))
            .map(|(_, index)| *index as usize)
            .collect()
    }

    /// Returns what a revision follows, in the order of its file.
    #[must_use]
    pub fn parents(&self, index: usize) -> &[u32] {
        &self.parents[index]
    }

    /// Returns what follows a revision.
    #[must_use]
    pub fn children(&self, index: usize) -> &[u32] {
        &self.children[index]
    }

    /// Returns what a revision depends on.
    #[must_use]
    pub fn dependencies(&self, index: usize) -> &[u32] {
        &self.dependencies[index]
    }

    /// Returns what depends on a revision.
    #[must_use]
    pub fn dependents(&self, index: usize) -> &[u32] {
        &self.dependents[index]
    }

    fn below(&self, index: usize) -> impl Iterator<Item = usize> {
        self.parents[index]
            .iter()
            .chain(&self.dependencies[index])
            .map(|below| *below as usize)
    }

    fn above(&self, index: usize) -> impl Iterator<Item = usize> {
        self.children[index]
            .iter()
            .chain(&self.dependents[index])
            .map(|above| *above as usize)
    }

    /// Iterates over all revisions, parents and dependencies first; ties go by the time of
    /// creation, then by id.
    pub fn order(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.order.iter().map(|index| *index as usize)
    }

    fn by_id<'a>(&'a self, indices: impl Iterator<Item = usize> + 'a) -> std::vec::IntoIter<usize> {
        let mut sorted: Vec<_> = indices.collect();
        sorted.sort_unstable_by(|a, b| self.ids[*a].cmp(&self.ids[*b]));
        sorted.into_iter()
    }

    /// Iterates over the revisions that no other has as a parent, sorted by id.
    pub fn heads(&self) -> impl Iterator<Item = usize> {
        self.by_id((0..self.len()).filter(|index| self.children[*index].is_empty()))
    }

    /// Iterates over the revisions without a parent, sorted by id.
    pub fn bases(&self) -> impl Iterator<Item = usize> {
        self.by_id((0..self.len()).filter(|index| self.parents[*index].is_empty()))
    }

    /// Iterates over the revisions with several children, sorted by id.
    pub fn branch_points(&self) -> impl Iterator<Item = usize> {
        self.by_id((0..self.len()).filter(|index| self.children[*index].len() > 1))
    }

    /// Returns the empty set.
    #[must_use]
    pub fn none(&self) -> Set {
        Set(vec![false; self.len()])
    }

    /// Returns these revisions and all they need, through parents and dependencies.
    #[must_use]
    pub fn ancestors(&self, of: impl IntoIterator<Item = usize>) -> Set {
        self.reach(of, |index| self.below(index))
    }

    /// Returns these revisions and all that needs them, through parents and dependencies.
    #[must_use]
    pub fn descendants(&self, of: impl IntoIterator<Item = usize>) -> Set {
        self.reach(of, |index| self.above(index))
    }

    fn reach<I: Iterator<Item = usize>>(
        &self,
        from: impl IntoIterator<Item = usize>,
        next: impl Fn(usize) -> I,
    ) -> Set {
        let mut set = self.none();
        let mut open: Vec<usize> = from
            .into_iter()
            .filter(|index| set.insert(*index))
            .collect();
        while let Some(index) = open.pop() {
            for found in next(index) {
                if set.insert(found) {
                    open.push(found);
                }
            }
        }
        set
    }

    /// Returns what of an applied set no other applied revision implies, sorted by id: the rows
    /// that Alembic's version table would hold.
    #[must_use]
    pub fn effective_heads(&self, applied: &Set) -> Vec<usize> {
        let alone = |index: &usize| self.above(*index).all(|above| !applied.contains(above));
        self.by_id(applied.iter().filter(alone)).collect()
    }

    /// Returns a set's revisions in the order in which they are applied.
    #[must_use]
    pub fn ordered(&self, set: &Set) -> Vec<usize> {
        self.order().filter(|index| set.contains(*index)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::Hash;

    /// Builds revisions from their drawing: `a  b:a  c:a+dep@label` is `b` and `c` on `a`, where
    /// `c` depends on `dep` and bears a label.
    pub(crate) fn revisions(drawing: &str) -> Vec<Revision> {
        let split = |text: &str, at: char| -> Vec<String> {
            text.split(at)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        drawing
            .split_whitespace()
            .map(|word| {
                let (word, labels) = word.split_once('@').unwrap_or((word, ""));
                let (word, depends_on) = word.split_once('+').unwrap_or((word, ""));
                let (id, parents) = word.split_once(':').unwrap_or((word, ""));
                Revision {
                    id: id.parse().unwrap(),
                    parents: split(parents, ',')
                        .iter()
                        .map(|id| id.parse().unwrap())
                        .collect(),
                    depends_on: split(depends_on, ',').into_iter().map(Cow::Owned).collect(),
                    labels: split(labels, ',').into_iter().map(Cow::Owned).collect(),
                    message: Cow::Borrowed(""),
                    created: Cow::Borrowed(""),
                    file: Cow::Borrowed(""),
                    text: Cow::Borrowed(""),
                    sections: Cow::Borrowed(&[]),
                    hash: Hash::from_bytes([0; 32]),
                    chain_hash: Hash::from_bytes([0; 32]),
                }
            })
            .collect()
    }

    pub(crate) fn graph(drawing: &str) -> Graph {
        Graph::new(&revisions(drawing))
    }

    pub(crate) fn names(graph: &Graph, indices: impl IntoIterator<Item = usize>) -> String {
        indices
            .into_iter()
            .map(|index| graph.id(index).as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn order_puts_parents_and_dependencies_first() {
        // a - c - d
        //  \- b -/      b needs x, which is a base of its own
        let graph = graph("d:b,c  b:a+x  c:a  a  x");
        assert_eq!(names(&graph, graph.order()), "a c x b d");
        assert_eq!(names(&graph, graph.heads()), "d x");
        assert_eq!(names(&graph, graph.bases()), "a x");
        assert_eq!(names(&graph, graph.branch_points()), "a");
        assert!(graph.problems().is_empty());
    }

    #[test]
    fn a_dependency_may_be_a_label_or_a_prefix() {
        let graph = graph("abc@left  x+left  y+ab");
        let abc = graph.index("abc").unwrap() as u32;
        assert_eq!(graph.dependencies(1), [abc]);
        assert_eq!(graph.dependencies(2), [abc]);
    }

    #[test]
    fn a_circle_is_told_as_a_path_and_still_listed() {
        let graph = graph("a  b:a,d  c:b  d:c  e:d");
        let [Problem::Cycle { path }] = graph.problems() else {
            panic!("{:?}", graph.problems())
        };
        assert_eq!(path.first(), path.last());
        assert_eq!(path.len(), 4);
        for edge in path.windows(2) {
            assert!(graph.parents(edge[0]).contains(&(edge[1] as u32)));
        }
        assert_eq!(graph.order().len(), 5);
    }

    #[test]
    fn every_problem_is_listed() {
        let graph = graph("a  a  b:zz  c:c  d+nope  e@a  f@x  g@x  h:a  i:h,a  j+j");
        let problems = format!("{:?}", graph.problems());
        for problem in [
            "DuplicateRevision { first: 0, second: 1 }",
            "UnknownParent { revision: 2, parent: 0 }",
            "SelfParent { revision: 3, parent: 0 }",
            "UnknownDependency { revision: 4, dependency: 0 }",
            "LabelIsRevision { revision: 5, label: \"a\", other: 0 }",
            "DuplicateLabel { first: 6, second: 7, label: \"x\" }",
            "RedundantParent { revision: 9, parent: 1, through: 0 }",
            "SelfDependency { revision: 10, dependency: 0 }",
        ] {
            assert!(problems.contains(problem), "{problem} not in {problems}");
        }
    }

    #[test]
    fn a_hundred_thousand_in_a_row_are_no_danger() {
        let rest = (1..100_000).map(|index| format!(" r{index}:r{}", index - 1));
        let graph = graph(&format!("r0{}", rest.collect::<String>()));
        assert!(graph.problems().is_empty());
        assert_eq!(graph.ancestors([99_999]).iter().count(), 100_000);
        assert_eq!(graph.labels_of(5), Vec::<&str>::new());
    }
}
