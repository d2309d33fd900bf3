//! Moves a branch after another one, as an alternative to a merge.

use crate::{Graph, RevisionId};

/// The edits that move a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebase {
    /// Each revision whose parents change, by index, with its new parents; the oldest first.
    pub edits: Vec<(usize, Vec<RevisionId>)>,
    /// All revisions whose position changes: the branch, the oldest first.
    pub moved: Vec<usize>,
}

/// The reason why a branch cannot be moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebaseError {
    /// The branch follows that revision already.
    #[error("`{revision}` follows `{onto}` already")]
    AlreadyFollows {
        /// The revision to move.
        revision: RevisionId,
        /// The new parent.
        onto: RevisionId,
    },
    /// A merge has joined the branch with the revision that it should follow.
    #[error("`{merge}` already merges the branch of `{revision}` with that of `{onto}`")]
    AlreadyMerged {
        /// The revision to move.
        revision: RevisionId,
        /// The merge.
        merge: RevisionId,
        /// The new parent.
        onto: RevisionId,
    },
    /// The branch would follow itself.
    #[error("`{onto}` needs `{revision}`, so `{revision}` cannot follow it")]
    Cycle {
        /// A revision that would have to move.
        revision: RevisionId,
        /// The new parent.
        onto: RevisionId,
    },
}

impl Rebase {
    /// Plans to move the branch that ends in `revision` after `onto`: all that leads to `revision`
    /// and not to `onto`, and what follows the branch.
    ///
    /// # Errors
    ///
    /// See [`RebaseError`].
    pub fn new(graph: &Graph, revision: usize, onto: usize) -> Result<Self, RebaseError> {
        let cycle = |revision: usize| RebaseError::Cycle {
            revision: graph.id(revision).clone(),
            onto: graph.id(onto).clone(),
        };
        let below = graph.path_to(onto);
        if below.contains(revision) {
            return Err(cycle(revision));
        }
        let branch = graph.path_to(revision);
        if branch.contains(onto) {
            return Err(RebaseError::AlreadyFollows {
                revision: graph.id(revision).clone(),
                onto: graph.id(onto).clone(),
            });
        }
        let mut going = branch;
        going.remove_all(&below);
        let moved = graph.ordered(&going);
        let needed = graph.ancestors([onto]);
        if let Some(first) = moved.iter().find(|index| needed.contains(**index)) {
            return Err(cycle(*first));
        }
        let mut edits = Vec::new();
        for index in &moved {
            let parents = graph.parents(*index);
            let kept: Vec<_> = parents
                .iter()
                .map(|parent| *parent as usize)
                .filter(|parent| going.contains(*parent))
                .collect();
            if kept.len() == parents.len() && !kept.is_empty() {
                continue;
            }
            if !kept.is_empty() {
                return Err(RebaseError::AlreadyMerged {
                    revision: graph.id(revision).clone(),
                    merge: graph.id(*index).clone(),
                    onto: graph.id(onto).clone(),
                });
            }
            edits.push((*index, vec![graph.id(onto).clone()]));
        }
        Ok(Self { edits, moved })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::graph;

    /// Returns the edits, as `id:parents`.
    fn rebase(drawing: &str, revision: &str, onto: &str) -> String {
        let graph = graph(drawing);
        let index = |id: &str| graph.index(id).unwrap();
        match Rebase::new(&graph, index(revision), index(onto)) {
            Ok(rebase) => rebase
                .edits
                .iter()
                .map(|(index, parents)| {
                    let parents: Vec<_> = parents.iter().map(RevisionId::as_str).collect();
                    format!("{}:{}", graph.id(*index), parents.join(","))
                })
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_branch_goes_behind_the_other() {
        assert_eq!(rebase("a b:a c:a", "c", "b"), "c:b");
        assert_eq!(rebase("a b:a x:a y:x z:y", "z", "b"), "x:b");
        assert_eq!(rebase("a b:a x:a y:x z:y", "y", "b"), "x:b");
    }

    #[test]
    fn a_second_base_becomes_part_of_the_chain() {
        assert_eq!(rebase("a b:a x y:x", "y", "b"), "x:b");
    }

    #[test]
    fn a_branch_that_was_merged_in_itself_moves_as_a_whole() {
        assert_eq!(rebase("a b:a x:a y:a m:x,y", "m", "b"), "x:b y:b");
    }

    #[test]
    fn refusals() {
        assert_eq!(rebase("a b:a", "b", "a"), "`b` follows `a` already");
        assert_eq!(
            rebase("a b:a", "a", "b"),
            "`b` needs `a`, so `a` cannot follow it"
        );
        assert_eq!(
            rebase("a b:a c:b x:a m:x,b y:m", "y", "c"),
            "`m` already merges the branch of `y` with that of `c`"
        );
        assert_eq!(
            rebase("a x:a b:a+x", "x", "b"),
            "`b` needs `x`, so `x` cannot follow it"
        );
    }
}
