//! The directed graph of the revisions, which answers questions however broken the chain is.
//!
//! Two kinds of edge give two views, as in Alembic. *Parents* decide heads, bases and branch
//! points. *Parents and dependencies* decide order, ancestry and what "applied" implies.
//!
//! Nothing here recurses, so a chain can have any length, and everything takes linear time apart
//! from a logarithm.

mod labels;
mod order;
mod problem;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::OnceLock;

pub use problem::Problem;

use crate::{Revision, RevisionId};

/// Revisions by a name: their id, or a label.
type Names = BTreeMap<Cow<'static, str>, u32>;

/// The graph of a list of revisions; its indices are those of the list.
#[derive(Clone, Debug)]
pub struct Graph {
    ids: Vec<RevisionId>,
    by_id: Names,
    labels: Names,
    parents: Vec<Vec<u32>>,
    dependencies: Vec<Vec<u32>>,
    children: Vec<Vec<u32>>,
    dependents: Vec<Vec<u32>>,
    /// Parents and dependencies first; revisions in a cycle come last.
    order: Vec<u32>,
    /// The position of each revision in `order`.
    rank: Vec<u32>,
    /// The rank of the first revision in `order` that is in a cycle or above one.
    first_in_cycle: u32,
    problems: Vec<Problem>,
    /// The labels that each revision carries, computed on first use.
    carried: OnceLock<labels::Carried>,
    /// How many of the revisions are the chain's; those behind are only in a ledger.
    own: usize,
}

/// A revision with several parents, and the position of each in its list.
struct Merge {
    revision: usize,
    parents: Vec<(usize, u32)>,
}

/// A set of revisions of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set(Vec<bool>);

impl Set {
    /// Returns whether the set contains a revision.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.0[index]
    }

    /// Adds a revision; returns whether it was not in the set.
    pub fn insert(&mut self, index: usize) -> bool {
        !std::mem::replace(&mut self.0[index], true)
    }

    /// Removes a revision.
    pub fn remove(&mut self, index: usize) {
        self.0[index] = false;
    }

    /// Removes the revisions of another set.
    pub fn remove_all(&mut self, other: &Self) {
        for (here, there) in self.0.iter_mut().zip(&other.0) {
            *here &= !there;
        }
    }

    /// Iterates over the revisions by index.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(index, in_it)| in_it.then_some(index))
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }
}

impl Graph {
    /// Builds the graph of any revisions; problems are listed, and the edges that cause them are
    /// left out.
    ///
    /// If two revisions have the same id, the first keeps it.
    #[must_use]
    pub fn new(revisions: &[Revision]) -> Self {
        let count = revisions.len();
        let mut graph = Self {
            ids: revisions
                .iter()
                .map(|revision| revision.id.clone())
                .collect(),
            by_id: Names::new(),
            labels: Names::new(),
            parents: vec![Vec::new(); count],
            dependencies: vec![Vec::new(); count],
            children: vec![Vec::new(); count],
            dependents: vec![Vec::new(); count],
            order: Vec::with_capacity(count),
            rank: vec![0; count],
            first_in_cycle: count as u32,
            problems: Vec::new(),
            carried: OnceLock::new(),
            own: revisions.len(),
        };
        graph.name(revisions);
        let merges = graph.connect(revisions);
        if let Some(components) = graph.sort(revisions) {
            graph.find_cycles(&components);
        }
        graph.find_redundant_parents(&merges);
        graph
    }

    fn name(&mut self, revisions: &[Revision]) {
        for (index, id) in self.ids.iter().enumerate() {
            match self.by_id.get(id.as_str()) {
                Some(first) => self.problems.push(Problem::DuplicateRevision {
                    first: *first as usize,
                    second: index,
                }),
                None => {
                    self.by_id.insert(id.to_cow(), index as u32);
                }
            }
        }
        for (index, revision) in revisions.iter().enumerate() {
            for label in revision.labels.iter() {
                if let Some(other) = self.by_id.get(label) {
                    self.problems.push(Problem::LabelIsRevision {
                        revision: index,
                        label: label.to_string(),
                        other: *other as usize,
                    });
                } else if let Some(first) = self.labels.get(label) {
                    self.problems.push(Problem::DuplicateLabel {
                        first: *first as usize,
                        second: index,
                        label: label.to_string(),
                    });
                } else {
                    self.labels.insert(label.clone(), index as u32);
                }
            }
        }
    }

    fn connect(&mut self, revisions: &[Revision]) -> Vec<Merge> {
        let mut merges = Vec::new();
        // The revision that named each one last, so that naming it twice creates one edge.
        let mut parent_of = vec![usize::MAX; revisions.len()];
        let mut needed_by = vec![usize::MAX; revisions.len()];
        for (index, revision) in revisions.iter().enumerate() {
            let mut parents = Vec::new();
            for (position, parent) in revision.parents.iter().enumerate() {
                match self.by_id.get(parent.as_str()) {
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
                        let before = &mut parent_of[*parent as usize];
                        if std::mem::replace(before, index) != index {
                            parents.push((position, *parent));
                            self.parents[index].push(*parent);
                            self.children[*parent as usize].push(index as u32);
                        }
                    }
                }
            }
            if parents.len() > 1 {
                merges.push(Merge {
                    revision: index,
                    parents,
                });
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
                        let before = &mut needed_by[dependency as usize];
                        if std::mem::replace(before, index) != index {
                            self.dependencies[index].push(dependency);
                            self.dependents[dependency as usize].push(index as u32);
                        }
                    }
                }
            }
        }
        merges
    }

    /// Returns the revision that a `depends-on` names: by its id, its label, or a unique prefix of
    /// its id.
    fn dependency(&self, name: &str) -> Option<u32> {
        let exact = self.by_id.get(name).or_else(|| self.labels.get(name));
        exact.copied().or_else(|| {
            let mut found = self.beginning(name);
            let only = found.next().filter(|_| !name.is_empty())?;
            found.next().is_none().then_some(only as u32)
        })
    }

    /// Returns all problems.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the number of revisions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether the graph has no revisions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the index of the revision with this id.
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

    /// Returns the revision that has this label.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<usize> {
        self.labels.get(label).map(|index| *index as usize)
    }

    /// Iterates over the labels, sorted, each with the revision that has it.
    pub fn labels(&self) -> impl Iterator<Item = (&str, usize)> {
        self.labels
            .iter()
            .map(|(label, index)| (&**label, *index as usize))
    }

    /// Returns the revisions whose ids begin with `prefix`, sorted by id.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Vec<usize> {
        self.beginning(prefix).collect()
    }

    fn beginning<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.by_id
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(id, _)| id.starts_with(prefix))
            .map(|(_, index)| *index as usize)
    }

    /// Returns the parents of a revision, in the order of its file.
    #[must_use]
    pub fn parents(&self, index: usize) -> &[u32] {
        &self.parents[index]
    }

    /// Returns the revisions that have this one as a parent.
    #[must_use]
    pub fn children(&self, index: usize) -> &[u32] {
        &self.children[index]
    }

    /// Returns the dependencies of a revision.
    #[must_use]
    pub fn dependencies(&self, index: usize) -> &[u32] {
        &self.dependencies[index]
    }

    /// Returns the revisions that depend on this one.
    #[must_use]
    pub fn dependents(&self, index: usize) -> &[u32] {
        &self.dependents[index]
    }

    pub(crate) fn below(&self, index: usize) -> impl Iterator<Item = usize> {
        self.parents[index]
            .iter()
            .chain(&self.dependencies[index])
            .map(|below| *below as usize)
    }

    pub(crate) fn above(&self, index: usize) -> impl Iterator<Item = usize> {
        self.children[index]
            .iter()
            .chain(&self.dependents[index])
            .map(|above| *above as usize)
    }

    /// Iterates over all revisions, parents and dependencies first; ties are broken by the time of
    /// creation, then by id.
    pub fn order(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.order.iter().map(|index| *index as usize)
    }

    pub(crate) fn by_id(&self, mut indices: Vec<usize>) -> std::vec::IntoIter<usize> {
        indices.sort_unstable_by(|a, b| self.ids[*a].cmp(&self.ids[*b]));
        indices.into_iter()
    }

    /// Returns the revisions for which `is` returns true, by id.
    fn which(&self, is: &dyn Fn(usize) -> bool) -> std::vec::IntoIter<usize> {
        self.by_id((0..self.len()).filter(|index| is(*index)).collect())
    }

    /// Returns whether no revision has this one as a parent.
    #[must_use]
    pub fn is_head(&self, index: usize) -> bool {
        self.children[index].is_empty()
    }

    /// Returns whether a revision has no parent in the graph.
    #[must_use]
    pub fn is_base(&self, index: usize) -> bool {
        self.parents[index].is_empty()
    }

    /// Returns whether several revisions have this one as a parent.
    #[must_use]
    pub fn is_branch_point(&self, index: usize) -> bool {
        self.children[index].len() > 1
    }

    /// Iterates over the revisions that no other has as a parent, sorted by id.
    pub fn heads(&self) -> impl Iterator<Item = usize> {
        self.which(&|index| self.is_head(index))
    }

    /// Returns the graph of a chain of `own` revisions and others behind them, which only a ledger has.
    pub(crate) const fn with_own(mut self, own: usize) -> Self {
        self.own = own;
        self
    }

    /// Iterates over the heads of the chain, sorted by id: what only a ledger has moves none of them.
    pub(crate) fn own_heads(&self) -> impl Iterator<Item = usize> {
        self.which(&|index| index < self.own && !self.has_own(&self.children[index]))
    }

    /// Iterates over the revisions of the chain that no other of it needs, sorted by id.
    pub(crate) fn own_ends(&self) -> impl Iterator<Item = usize> {
        self.which(&|index| {
            index < self.own
                && !self.has_own(&self.children[index])
                && !self.has_own(&self.dependents[index])
        })
    }

    fn has_own(&self, indices: &[u32]) -> bool {
        indices.iter().any(|index| (*index as usize) < self.own)
    }

    /// Iterates over the revisions without a parent, sorted by id.
    pub fn bases(&self) -> impl Iterator<Item = usize> {
        self.which(&|index| self.is_base(index))
    }

    /// Iterates over the revisions with several children, sorted by id.
    pub fn branch_points(&self) -> impl Iterator<Item = usize> {
        self.which(&|index| self.is_branch_point(index))
    }

    /// Returns the empty set.
    #[must_use]
    pub fn none(&self) -> Set {
        Set(vec![false; self.len()])
    }

    /// Returns these revisions and all that they need, through parents and dependencies.
    #[must_use]
    pub fn ancestors(&self, of: impl IntoIterator<Item = usize>) -> Set {
        let below = |index: usize| [&*self.parents[index], &self.dependencies[index]];
        self.reach(of.into_iter().collect(), &below)
    }

    /// Returns these revisions and all that need them, through parents and dependencies.
    #[must_use]
    pub fn descendants(&self, of: impl IntoIterator<Item = usize>) -> Set {
        let above = |index: usize| [&*self.children[index], &self.dependents[index]];
        self.reach(of.into_iter().collect(), &above)
    }

    /// Returns these revisions and all that the edges of `next` lead to.
    fn reach<'g>(&'g self, mut open: Vec<usize>, next: &dyn Fn(usize) -> [&'g [u32]; 2]) -> Set {
        let mut set = self.none();
        while let Some(index) = open.pop() {
            if set.insert(index) {
                for edges in next(index) {
                    open.extend(edges.iter().map(|index| *index as usize));
                }
            }
        }
        set
    }

    /// Returns for each revision how many revisions of a set need it.
    pub(crate) fn dependents_in(&self, set: &Set) -> Vec<u32> {
        let mut dependents = vec![0; self.len()];
        for index in set.iter() {
            for below in self.below(index) {
                dependents[below] += 1;
            }
        }
        dependents
    }

    /// Returns the applied revisions that no other applied revision implies, sorted by id: the rows
    /// that Alembic's version table would have.
    #[must_use]
    pub fn effective_heads(&self, applied: &Set) -> Vec<usize> {
        let dependents = self.dependents_in(applied);
        let alone = |index: &usize| dependents[*index] == 0;
        self.by_id(applied.iter().filter(alone).collect()).collect()
    }

    /// Returns the revisions of a set in the order in which they are applied.
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
    /// `c` depends on `dep` and has a label.
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
                    stated_phase: None,
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
    fn a_cycle_is_reported_as_a_path_and_still_listed() {
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
    fn each_component_reports_its_own_cycle() {
        // a - b, both below the cycle of c and d; x leads into it from another cycle
        let graph = graph("c:d  d:c,b  b:a  a:b  x:y,c  y:x  z:y  ok");
        let circles: Vec<String> = graph
            .problems()
            .iter()
            .map(|problem| match problem {
                Problem::Cycle { path } => names(&graph, path.iter().copied()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(circles, ["a b a", "c d c", "x y x"]);
        assert_eq!(names(&graph, graph.order()), "ok a b c d x y z");
    }

    #[test]
    fn a_cycle_may_go_by_way_of_a_dependency() {
        let graph = graph("a+b  b:a");
        let [Problem::Cycle { path }] = graph.problems() else {
            panic!("{:?}", graph.problems())
        };
        assert_eq!(names(&graph, path.iter().copied()), "a b a");
    }

    #[test]
    fn a_parent_named_twice_is_one_edge() {
        let graph = graph("a  b:a,a");
        assert_eq!(graph.branch_points().count(), 0);
        assert!(graph.problems().is_empty());
    }

    #[test]
    fn redundant_parents_are_found_across_distance_and_by_position() {
        let graph = graph("a  b:a  c:b  x  m:a,zz,c  n:x,m  o:m,c,x  p+a  q:a,p");
        let found: Vec<_> = graph
            .problems()
            .iter()
            .filter_map(|problem| match problem {
                Problem::RedundantParent {
                    revision,
                    parent,
                    through,
                } => Some((graph.id(*revision).to_string(), *parent, *through)),
                _ => None,
            })
            .collect();
        assert_eq!(found, [("m".to_owned(), 0, 2), ("o".to_owned(), 1, 0)]);
    }

    #[test]
    fn a_hundred_thousand_merges_are_no_danger() {
        // Merges of the trunk with old bases: a search from each merge to the bottom would never
        // end.
        let bases = (0..50_000).map(|index| format!(" b{index:05}"));
        let merges = (1..50_000).map(|index| match index % 2 {
            0 => format!(" m{index}:m{},b{index:05}", index - 1),
            _ => format!(" m{index}:b{index:05},m{}", index - 1),
        });
        let drawing: String = bases
            .chain([" m0:b00000".to_owned()])
            .chain(merges)
            .collect();
        assert!(graph(&drawing).problems().is_empty());
    }

    #[test]
    fn a_cycle_of_a_hundred_thousand_is_reported() {
        let rest = (1..100_000).map(|index| format!(" r{index}:r{}", index - 1));
        let graph = graph(&format!("r0:r99999{}", rest.collect::<String>()));
        let [Problem::Cycle { path }] = graph.problems() else {
            panic!("one cycle")
        };
        assert_eq!(path.len(), 100_001);
        assert_eq!(graph.order().len(), 100_000);
    }

    proptest::proptest! {
        #[test]
        fn any_graph_is_ordered_and_its_cycles_are_real(
            edges in proptest::collection::vec((0..12_usize, 0..12_usize, proptest::bool::ANY), 0..30),
        ) {
            let mut lists = vec![[Vec::new(), Vec::new()]; 12];
            for (above, below, is_parent) in edges {
                lists[above][usize::from(!is_parent)].push(format!("r{below:02}"));
            }
            let words = lists.iter().enumerate();
            let drawing: String = words.map(|(index, [parents, needs])| format!(" r{index:02}:{}+{}", parents.join(","), needs.join(","))).collect();
            let graph = graph(&drawing);
            let mut all: Vec<usize> = graph.order().collect();
            let place: Vec<usize> = (0..12).map(|index| all.iter().position(|at| *at == index).unwrap()).collect();
            all.sort_unstable();
            proptest::prop_assert_eq!(all, (0..12).collect::<Vec<_>>());
            // Returns whether one needs the other, computed the slow way.
            let needs = |above: usize, below: usize| graph.ancestors(graph.below(above)).contains(below);
            for above in 0..12 {
                for below in graph.below(above) {
                    proptest::prop_assert!(place[below] < place[above] || needs(below, above));
                }
            }
            let mut reported = vec![false; 12];
            for problem in graph.problems() {
                match problem {
                    Problem::Cycle { path } => {
                        proptest::prop_assert!(path.len() > 2 && path.first() == path.last());
                        for edge in path.windows(2) {
                            proptest::prop_assert!(graph.below(edge[0]).any(|below| below == edge[1]));
                        }
                        for (index, reported) in reported.iter_mut().enumerate() {
                            if index == path[0] || needs(index, path[0]) && needs(path[0], index) {
                                proptest::prop_assert!(!std::mem::replace(reported, true));
                            }
                        }
                    }
                    Problem::RedundantParent { revision, .. } => {
                        proptest::prop_assert!(!needs(*revision, *revision));
                    }
                    _ => {}
                }
            }
            for (index, reported) in reported.into_iter().enumerate() {
                proptest::prop_assert_eq!(reported, needs(index, index));
            }
            // A parent is redundant if another parent leads to it, among revisions that have no
            // cycle below them.
            for revision in (0..12).filter(|index| (0..12).all(|at| !needs(at, at) || !graph.ancestors([*index]).contains(at))) {
                let parents: Vec<usize> = graph.parents(revision).iter().map(|parent| *parent as usize).collect();
                let slow = parents.iter().filter(|parent| parents.iter().any(|other| other != *parent && graph.path_to(*other).contains(**parent))).count();
                let found = graph.problems().iter().filter(|problem| matches!(problem, Problem::RedundantParent { revision: at, .. } if *at == revision)).count();
                proptest::prop_assert_eq!(found, slow);
            }
        }
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
