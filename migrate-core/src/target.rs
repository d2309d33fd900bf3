//! Targets: identifiers as in Alembic, and the revisions that they name.

mod error;

use std::fmt;
use std::str::FromStr;

pub use error::TargetError;

use crate::diagnostic::nearest;
use crate::{Graph, RevisionId, Set};

/// A place in the chain, as typed by the user.
///
/// A full id or a unique prefix of one; `head`, `heads`, `base`, `current`; `+2` and `-1` relative
/// to the database; `<id>+1`; `<label>@head`, `<label>@base`, `<label>@+1`, `<id>@head`.
///
/// ```
/// use migrate_core::Target;
///
/// let target: Target = "billing@head-1".parse()?;
/// assert_eq!(target.to_string(), "billing@head-1");
/// # Ok::<(), migrate_core::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The part before the `@`: a label or an id.
    pub branch: Option<String>,
    /// The place; `None` is the state of the database.
    pub place: Option<Anchor>,
    /// The number of steps from the place, up or down.
    pub steps: Option<i64>,
}

/// The revisions of a target.
pub(crate) struct Located {
    /// The revisions; none for the state before everything.
    pub(crate) places: Vec<usize>,
    /// The revision from which a walk down started.
    pub(crate) walked_from: Option<usize>,
}

/// A place in the chain without steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The only head.
    Head,
    /// All heads.
    Heads,
    /// The state before everything.
    Base,
    /// The state of the database.
    Current,
    /// A revision, by its id or a prefix of it.
    Revision(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(branch) = &self.branch {
            write!(f, "{branch}@")?;
        }
        match &self.place {
            None => {}
            Some(Anchor::Head) => f.write_str("head")?,
            Some(Anchor::Heads) => f.write_str("heads")?,
            Some(Anchor::Base) => f.write_str("base")?,
            Some(Anchor::Current) => f.write_str("current")?,
            Some(Anchor::Revision(id)) => f.write_str(id)?,
        }
        match self.steps {
            Some(steps) => write!(f, "{steps:+}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || TargetError::Malformed(text.to_owned());
        let (branch, rest) = match text.split_once('@') {
            Some((branch, rest)) => (Some(branch), rest),
            None => (None, text),
        };
        let (place, steps) = match rest.rfind(['+', '-']) {
            Some(sign) => {
                let steps: i64 = rest[sign..].parse().map_err(|_| malformed())?;
                (&rest[..sign], Some(steps))
            }
            None => (rest, None),
        };
        let sound = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        };
        if branch.is_some_and(|branch| !sound(branch)) || !(place.is_empty() || sound(place)) {
            return Err(malformed());
        }
        let place = match place {
            "" if matches!(steps, None | Some(0)) => return Err(malformed()),
            "" => None,
            "head" => Some(Anchor::Head),
            "heads" => Some(Anchor::Heads),
            "base" => Some(Anchor::Base),
            "current" => Some(Anchor::Current),
            id => Some(Anchor::Revision(id.to_owned())),
        };
        Ok(Self {
            branch: branch.map(str::to_owned),
            place,
            steps,
        })
    }
}

impl Target {
    /// Returns the target `head`.
    #[must_use]
    pub const fn head() -> Self {
        Self::at(Anchor::Head)
    }

    /// Returns the target `heads`.
    #[must_use]
    pub const fn heads() -> Self {
        Self::at(Anchor::Heads)
    }

    const fn at(place: Anchor) -> Self {
        Self {
            branch: None,
            place: Some(place),
            steps: None,
        }
    }

    /// Returns the revision that the branch of `<branch>@…` names.
    pub(crate) fn branch_root(&self, graph: &Graph) -> Result<Option<usize>, TargetError> {
        let Some(branch) = &self.branch else {
            return Ok(None);
        };
        match graph.label(branch) {
            Some(bearer) => Ok(Some(bearer)),
            None => find(graph, branch).map(Some),
        }
    }

    /// Returns the revisions of the target, including steps; none for `base`.
    ///
    /// `applied` is the state of the database, for `current` and for steps from there.
    ///
    /// # Errors
    ///
    /// A [`TargetError`].
    pub fn resolve(&self, graph: &Graph, applied: &Set) -> Result<Vec<usize>, TargetError> {
        self.locate(graph, applied).map(|located| located.places)
    }

    /// Returns whether the steps are relative to the state of the database.
    pub(crate) fn is_relative(&self) -> bool {
        matches!(self.place, None | Some(Anchor::Current))
    }

    pub(crate) fn locate(&self, graph: &Graph, applied: &Set) -> Result<Located, TargetError> {
        let lineage = self.branch_root(graph)?.map(|root| graph.lineage(root));
        let lineage = lineage.as_ref();
        let within = |index: &usize| lineage.is_none_or(|lineage| lineage.contains(*index));
        let start = match &self.place {
            Some(Anchor::Base) => Vec::new(),
            Some(Anchor::Current) | None => tips(graph, applied, lineage),
            Some(Anchor::Head) => {
                let heads: Vec<_> = graph.own_heads().filter(within).collect();
                if heads.len() > 1 {
                    return Err(TargetError::SeveralHeads {
                        heads: ids(graph, &heads),
                    });
                }
                heads
            }
            Some(Anchor::Heads) if lineage.is_none() => graph.own_ends().collect(),
            Some(Anchor::Heads) => graph.own_heads().filter(within).collect(),
            Some(Anchor::Revision(id)) => vec![self.find_within(graph, id, lineage)?],
        };
        let located = |places| Located {
            places,
            walked_from: None,
        };
        match self.steps {
            None => Ok(located(start)),
            Some(steps) if steps >= 0 => self
                .walk_up(graph, &start, steps.unsigned_abs(), lineage)
                .map(located),
            Some(steps) => Ok(Located {
                places: self.walk_down(graph, &start, steps.unsigned_abs())?,
                walked_from: start.first().copied(),
            }),
        }
    }

    fn find_within(
        &self,
        graph: &Graph,
        given: &str,
        lineage: Option<&Set>,
    ) -> Result<usize, TargetError> {
        let (Some(lineage), Some(branch)) = (lineage, &self.branch) else {
            return find(graph, given);
        };
        let mut found = match find(graph, given) {
            // The branch may resolve an ambiguous prefix.
            Err(TargetError::AmbiguousRevision { .. }) => graph.with_prefix(given),
            other => vec![other?],
        };
        found.retain(|index| lineage.contains(*index));
        match found[..] {
            [only] => Ok(only),
            [] => Err(TargetError::OutsideBranch {
                given: given.to_owned(),
                branch: branch.clone(),
            }),
            _ => Err(TargetError::AmbiguousRevision {
                given: given.to_owned(),
                candidates: ids(graph, &found),
            }),
        }
    }

    fn out_of_range<T>(&self, end: &'static str) -> Result<T, TargetError> {
        Err(TargetError::OutOfRange {
            given: self.to_string(),
            end,
            is_empty: false,
        })
    }

    fn ambiguous<T>(&self, graph: &Graph, candidates: &[usize]) -> Result<T, TargetError> {
        Err(TargetError::AmbiguousWalk {
            given: self.to_string(),
            candidates: ids(graph, candidates),
        })
    }

    fn walk_up(
        &self,
        graph: &Graph,
        start: &[usize],
        steps: u64,
        lineage: Option<&Set>,
    ) -> Result<Vec<usize>, TargetError> {
        let within = |index: &usize| lineage.is_none_or(|lineage| lineage.contains(*index));
        let mut at = match start {
            [] => None,
            [only] => Some(*only),
            several => return self.ambiguous(graph, several),
        };
        for _ in 0..steps {
            let next: Vec<usize> = match at {
                None => graph.bases().filter(within).collect(),
                Some(at) => graph
                    .children(at)
                    .iter()
                    .map(|child| *child as usize)
                    .filter(within)
                    .collect(),
            };
            at = match next[..] {
                [] => return self.out_of_range("head"),
                [only] => Some(only),
                _ => return self.ambiguous(graph, &next),
            };
        }
        Ok(at.into_iter().collect())
    }

    fn walk_down(
        &self,
        graph: &Graph,
        start: &[usize],
        steps: u64,
    ) -> Result<Vec<usize>, TargetError> {
        let mut at = match start {
            [] if self.is_relative() && self.branch.is_none() => {
                return Err(TargetError::OutOfRange {
                    given: self.to_string(),
                    end: "base",
                    is_empty: true,
                });
            }
            [] => return self.out_of_range("base"),
            [only] => Some(*only),
            // Each of them, with the same number of steps, is a possible answer.
            several => {
                let candidates = ids(graph, several)
                    .into_iter()
                    .map(|id| format!("{id}-{steps}"));
                return Err(TargetError::AmbiguousWalk {
                    given: self.to_string(),
                    candidates: candidates.collect(),
                });
            }
        };
        for _ in 0..steps {
            let Some(index) = at else {
                return self.out_of_range("base");
            };
            at = match graph.parents(index) {
                [] => None,
                [only] => Some(*only as usize),
                several => {
                    let several: Vec<_> = several.iter().map(|parent| *parent as usize).collect();
                    return self.ambiguous(graph, &several);
                }
            };
        }
        Ok(at.into_iter().collect())
    }
}

/// Returns the heads of the applied revisions. If a branch has none of them, because another branch
/// needs it or started from it, the last applied revision of the branch.
fn tips(graph: &Graph, applied: &Set, lineage: Option<&Set>) -> Vec<usize> {
    let mut heads = graph.effective_heads(applied);
    let Some(lineage) = lineage else {
        return heads;
    };
    heads.retain(|index| lineage.contains(*index));
    if heads.is_empty() {
        let mut active = applied.clone();
        for index in applied.iter().filter(|index| !lineage.contains(*index)) {
            active.remove(index);
        }
        heads = graph.effective_heads(&active);
    }
    heads
}

/// Finds a revision by its id or a prefix of it; a label names the revision that has it.
pub(crate) fn find(graph: &Graph, given: &str) -> Result<usize, TargetError> {
    if let Some(index) = graph.index(given).or_else(|| graph.label(given)) {
        return Ok(index);
    }
    let found = graph.with_prefix(given);
    match found[..] {
        [only] => Ok(only),
        [] => {
            let ids = graph.ids().iter().map(RevisionId::as_str);
            let near = nearest(given, ids.chain(graph.labels().map(|(label, _)| label)));
            Err(TargetError::UnknownRevision {
                given: given.to_owned(),
                nearest: near.map(str::to_owned),
            })
        }
        _ => Err(TargetError::AmbiguousRevision {
            given: given.to_owned(),
            candidates: ids(graph, &found),
        }),
    }
}

pub(crate) fn ids(graph: &Graph, indices: &[usize]) -> Vec<String> {
    let sorted = graph.by_id(indices.to_vec());
    sorted.map(|index| graph.id(index).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{graph, names};

    // a - b - l1 - l2   (left)
    //      \- r1 - r2   (right)
    const FORK: &str = "a  b:a  l1:b@left  l2:l1  r1:b@right  r2:r1";

    fn resolve(applied: &str, target: &str) -> String {
        let graph = graph(FORK);
        let heads: Vec<_> = applied
            .split_whitespace()
            .map(|id| graph.index(id).unwrap())
            .collect();
        let applied = graph.ancestors(heads);
        match target
            .parse::<Target>()
            .and_then(|target| target.resolve(&graph, &applied))
        {
            Ok(found) => names(&graph, found),
            Err(error) => format!("{}: {}", error.code(), error.candidates().join(" ")),
        }
    }

    #[test]
    fn identifiers() {
        for (applied, target, expected) in [
            ("", "l2", "l2"),
            ("", "head", "several-heads: l2 r2"),
            ("", "heads", "l2 r2"),
            ("", "left@head", "l2"),
            ("", "l1@head", "l2"),
            ("", "base", ""),
            ("", "l", "ambiguous-revision: l1 l2"),
            ("", "r3", "unknown-revision: r1"),
            ("", "+1", "a"),
            ("a", "+1", "b"),
            ("b", "+1", "ambiguous-walk: l1 r1"),
            ("b", "left@+1", "l1"),
            ("b", "+9", "ambiguous-walk: l1 r1"),
            ("l2", "+1", "out-of-range: "),
            ("l2", "-1", "l1"),
            ("l2 r2", "-1", "ambiguous-walk: l2-1 r2-1"),
            ("l2 r2", "left@-1", "l1"),
            ("a", "-2", "out-of-range: "),
            ("a", "-1", ""),
            ("", "l2-2", "b"),
            ("", "b+1", "ambiguous-walk: l1 r1"),
            ("l1", "current", "l1"),
            ("l2 r2", "left@current", "l2"),
            ("r2", "left@+1", "l1"),
            ("", "left@r1", "unknown-revision: "),
            ("", "left@b", "b"),
            ("", "left@l", "ambiguous-revision: l1 l2"),
            ("", "left@r", "unknown-revision: "),
            ("", "lef", "unknown-revision: left"),
            ("", "lift@head", "unknown-revision: left"),
            ("", "L2", "unknown-revision: l2"),
            ("", "base+1", "a"),
            ("", "base-1", "out-of-range: "),
            ("", "base+0", ""),
            ("", "l2-0", "l2"),
            ("", "heads+0", "ambiguous-walk: l2 r2"),
            ("", "l2-9223372036854775808", "out-of-range: "),
            ("", "left", "l1"),
        ] {
            assert_eq!(resolve(applied, target), expected, "{applied:?} {target}");
        }
        let nested = graph("ab@one  ac@two");
        let found = "one@a"
            .parse::<Target>()
            .unwrap()
            .resolve(&nested, &nested.none());
        assert_eq!(names(&nested, found.unwrap()), "ab");
        for bad in [
            "",
            "@",
            "a@",
            "a b",
            "a'b",
            "+x",
            "a@b@c",
            "+",
            "+0",
            "-0",
            "left@+0",
            "+99999999999999999999",
        ] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
