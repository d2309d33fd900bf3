//! A chain that is known to be sound, and the graph of one.

use std::borrow::{Borrow, Cow};
use std::ops::Deref;

use crate::{Code, Graph, Hash, Problem, Revision, RevisionId};

/// A set of revisions known to be an acyclic graph with no parent missing.
///
/// There is no way to hold a `Chain` that is not valid: it comes from [`Survey::chain`](crate::Survey::chain), from
/// [`Chain::new`], or from an application's binary, in which the compiler checked it.
#[derive(Clone, Debug)]
pub struct Chain {
    revisions: Cow<'static, [Revision]>,
    graph: SoundGraph,
}

/// The graph of a [`Chain`], which is what plans are made on: acyclic, with no link missing.
///
/// It may also contain revisions that only a ledger has ([`Chain::extended`]).
#[derive(Clone, Debug)]
pub struct SoundGraph(Graph);

impl SoundGraph {
    fn check(graph: Graph) -> Result<Self, Vec<Problem>> {
        let problems: Vec<Problem> = graph
            .problems()
            .iter()
            .filter(|problem| !matches!(problem, Problem::RedundantParent { .. }))
            .cloned()
            .collect();
        match problems.is_empty() {
            true => Ok(Self(graph)),
            false => Err(problems),
        }
    }
}

impl Deref for SoundGraph {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.0
    }
}

impl Borrow<Graph> for SoundGraph {
    fn borrow(&self) -> &Graph {
        &self.0
    }
}

impl Code {
    /// Returns true if the graph of a folder with this problem is not that of its revisions: a
    /// link, an id or a whole revision is missing or ambiguous.
    #[must_use]
    pub const fn breaks_graph(self) -> bool {
        matches!(
            self,
            Self::UnreadableFile
                | Self::ConflictMarkers
                | Self::MalformedHeader
                | Self::UnknownHeader
                | Self::MissingRevision
                | Self::InvalidRevisionId
                | Self::DuplicateRevision
                | Self::UnknownParent
                | Self::SelfParent
                | Self::Cycle
                | Self::UnknownDependency
                | Self::DuplicateLabel
                | Self::LabelIsRevision
        )
    }
}

impl Chain {
    pub(crate) fn checked(revisions: Vec<Revision>, graph: Graph) -> Self {
        Self {
            revisions: revisions.into(),
            graph: SoundGraph(graph),
        }
    }

    /// Creates a chain of revisions.
    ///
    /// # Errors
    ///
    /// The problems of their graph.
    pub fn new(revisions: Vec<Revision>) -> Result<Self, Vec<Problem>> {
        let graph = Graph::new(&revisions);
        Self::with_graph(revisions, graph)
    }

    pub(crate) fn with_graph(revisions: Vec<Revision>, graph: Graph) -> Result<Self, Vec<Problem>> {
        Ok(Self {
            graph: SoundGraph::check(graph)?,
            revisions: revisions.into(),
        })
    }

    /// Makes a chain without revisions.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            graph: SoundGraph(Graph::new(&[])),
            revisions: Cow::Borrowed(&[]),
        }
    }

    /// Makes the chain of revisions that `embed_migrations!` checked.
    #[doc(hidden)]
    #[must_use]
    pub fn embedded(revisions: impl Into<Cow<'static, [Revision]>>) -> Self {
        let revisions = revisions.into();
        Self {
            graph: SoundGraph(Graph::new(&revisions)),
            revisions,
        }
    }

    /// Returns this chain followed by revisions that only a ledger has. No revision of the chain
    /// needs one of them. If one of them names a parent that exists nowhere, it has no such parent;
    /// of several with one id, the first counts.
    #[must_use]
    pub fn extended(&self, others: Vec<Revision>) -> Cow<'_, Self> {
        if others.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut revisions = self.revisions.to_vec();
        revisions.extend(others);
        Cow::Owned(Self {
            graph: SoundGraph(Graph::new(&revisions).with_own(self.revisions.len())),
            revisions: revisions.into(),
        })
    }

    /// Returns this chain with other texts of its revisions.
    ///
    /// # Panics
    ///
    /// The revisions are not those of this chain, by their ids and in their order.
    #[must_use]
    pub fn with_revisions(&self, revisions: Vec<Revision>) -> Self {
        let ids = |revisions: &[Revision]| -> Vec<_> {
            revisions.iter().map(|it| it.id.clone()).collect()
        };
        assert_eq!(ids(&self.revisions), ids(&revisions), "the same revisions");
        Self {
            graph: self.graph.clone(),
            revisions: revisions.into(),
        }
    }

    /// Returns the revisions, in the order of their files' names.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Returns how they are linked; its indices are those of [`Chain::revisions`].
    #[must_use]
    pub const fn graph(&self) -> &SoundGraph {
        &self.graph
    }

    /// Returns the revision of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Revision> {
        self.graph.index(id).map(|index| &self.revisions[index])
    }

    /// Returns all revisions that no other one implies, sorted by id, with their chain hashes, which
    /// identify the whole chain.
    #[must_use]
    pub fn heads(&self) -> Vec<(RevisionId, Hash)> {
        let all = self.graph.descendants(0..self.revisions.len());
        let heads = self.graph.effective_heads(&all).into_iter();
        let head = |index: usize| {
            let revision = &self.revisions[index];
            (revision.id.clone(), revision.chain_hash)
        };
        heads.map(head).collect()
    }
}

#[cfg(test)]
impl From<Graph> for SoundGraph {
    fn from(graph: Graph) -> Self {
        Self::check(graph).expect("a sound graph")
    }
}
