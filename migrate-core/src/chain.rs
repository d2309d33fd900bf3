//! A chain that is known to be sound.

use std::borrow::Cow;

use crate::{Graph, Hash, Revision};

/// A set of revisions known to be an acyclic graph with no parent missing.
///
/// There is no way to hold a `Chain` that is not valid: it comes from
/// [`Survey::into_chain`](crate::Survey::into_chain), or from an application's binary, in which
/// the compiler checked it.
#[derive(Clone, Debug)]
pub struct Chain {
    revisions: Cow<'static, [Revision]>,
    graph: Graph,
}

impl Chain {
    pub(crate) fn checked(revisions: Vec<Revision>, graph: Graph) -> Self {
        Self {
            revisions: revisions.into(),
            graph,
        }
    }

    /// Makes the chain of revisions that `embed_migrations!` checked.
    #[doc(hidden)]
    #[must_use]
    pub fn embedded(revisions: &'static [Revision]) -> Self {
        Self {
            graph: Graph::new(revisions),
            revisions: Cow::Borrowed(revisions),
        }
    }

    /// Returns the revisions, in the order of their files' names.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Returns how they hang together; its indices are those of [`Chain::revisions`].
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Returns the revision of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Revision> {
        self.graph.index(id).map(|index| &self.revisions[index])
    }

    /// Returns the chain hashes of all revisions that no other one implies: they stand for the
    /// whole chain.
    #[must_use]
    pub fn head_hashes(&self) -> Vec<Hash> {
        (0..self.revisions.len())
            .filter(|index| {
                self.graph.children(*index).is_empty() && self.graph.dependents(*index).is_empty()
            })
            .map(|index| self.revisions[index].chain_hash)
            .collect()
    }
}
