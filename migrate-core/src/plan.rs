//! The steps that take a database from where it is to a target. Making a plan touches no database:
//! printing it and running it start from the same value.

use crate::target::ids;
use crate::{Anchor, Direction, Graph, RevisionId, Set, Target, TargetError};

/// The ordered work between two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Up or down.
    pub direction: Direction,
    /// The revisions to apply or revert, in this order, by index.
    pub steps: Vec<usize>,
    /// What is applied before the first step.
    pub before: Set,
}

/// What a revert does about revisions beyond the branch that was named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cascade {
    /// Refuses, and lists them.
    #[default]
    Refuse,
    /// Reverts them too.
    Allow,
}

/// What a stamp changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What is recorded without being run, parents first.
    pub recorded: Vec<usize>,
    /// What is forgotten without being reverted, children first.
    pub forgotten: Vec<usize>,
    /// What counts as applied afterwards.
    pub after: Set,
}

impl Plan {
    /// Plans the way up: whatever the target needs and the database has not.
    ///
    /// A target that is applied already gives a plan without steps.
    ///
    /// # Errors
    ///
    /// A refusal of [`TargetError`].
    pub fn up(graph: &Graph, applied: &Set, target: &Target) -> Result<Self, TargetError> {
        if target.place.is_none() && target.steps.is_some_and(|steps| steps < 0) {
            return Err(TargetError::Malformed(target.to_string()));
        }
        let mut wanted = graph.ancestors(target.resolve(graph, applied)?);
        for index in applied.iter() {
            wanted.remove(index);
        }
        Ok(Self {
            direction: Direction::Up,
            steps: graph.ordered(&wanted),
            before: applied.clone(),
        })
    }

    /// Plans the way down: what follows the target or depends on that; what those depended on
    /// stays.
    ///
    /// # Errors
    ///
    /// A refusal of [`TargetError`].
    pub fn down(
        graph: &Graph,
        applied: &Set,
        target: &Target,
        cascade: Cascade,
    ) -> Result<Self, TargetError> {
        if target.place.is_none() && target.steps.is_some_and(|steps| steps > 0) {
            return Err(TargetError::Malformed(target.to_string()));
        }
        let root = target.branch_root(graph)?;
        let places = target.resolve(graph, applied)?;
        if let Some(place) = places.iter().find(|place| !applied.contains(**place)) {
            return Err(TargetError::NotADescendant {
                given: graph.id(*place).to_string(),
                applied: ids(graph, &graph.effective_heads(applied)),
            });
        }
        // What goes first: the children of the target, or the bases where it is `base`.
        let mut first: Vec<usize> = match (&places[..], self::start(graph, applied, target)) {
            ([], Some(start)) => vec![start],
            ([], None) => graph.bases().collect(),
            (places, _) => {
                let children = |place: &usize| {
                    graph
                        .children(*place)
                        .iter()
                        .map(|child| *child as usize)
                        .collect::<Vec<_>>()
                };
                places.iter().flat_map(children).collect()
            }
        };
        let own = root.map(|root| branch(graph, root));
        if let Some(own) = &own {
            // A label restricts the way down to the branch's own revisions.
            let restricted = match places[..] {
                [] => graph
                    .descendants(first.iter().copied())
                    .iter()
                    .filter(|index| own.contains(*index))
                    .collect(),
                _ => first
                    .iter()
                    .copied()
                    .filter(|child| {
                        own.contains(*child)
                            || graph
                                .lineage(*child)
                                .iter()
                                .any(|index| Some(index) == root)
                    })
                    .collect::<Vec<_>>(),
            };
            first = restricted;
        }
        let mut going = graph.descendants(first);
        for index in 0..graph.len() {
            if !applied.contains(index) {
                going.remove(index);
            }
        }
        if let (Some(own), Cascade::Refuse) = (&own, cascade) {
            let others: Vec<_> = going.iter().filter(|index| !own.contains(*index)).collect();
            if !others.is_empty() {
                return Err(TargetError::Collateral {
                    given: target.to_string(),
                    others: ids(graph, &others),
                });
            }
        }
        let mut steps = graph.ordered(&going);
        steps.reverse();
        Ok(Self {
            direction: Direction::Down,
            steps,
            before: applied.clone(),
        })
    }

    /// Returns what is applied after the last step.
    #[must_use]
    pub fn after(&self) -> Set {
        let mut set = self.before.clone();
        for step in &self.steps {
            match self.direction {
                Direction::Up => {
                    set.insert(*step);
                }
                Direction::Down => set.remove(*step),
            }
        }
        set
    }

    /// Iterates over the steps with the heads after each, sorted: the rows that Alembic's version
    /// table would hold.
    pub fn with_heads<'a>(
        &'a self,
        graph: &'a Graph,
    ) -> impl Iterator<Item = (usize, Vec<RevisionId>)> + 'a {
        let mut applied = self.before.clone();
        let mut heads: std::collections::BTreeSet<RevisionId> = graph
            .effective_heads(&applied)
            .into_iter()
            .map(|index| graph.id(index).clone())
            .collect();
        self.steps.iter().map(move |step| {
            let below = || {
                graph
                    .parents(*step)
                    .iter()
                    .chain(graph.dependencies(*step))
                    .map(|index| *index as usize)
            };
            match self.direction {
                Direction::Up => {
                    applied.insert(*step);
                    for index in below() {
                        heads.remove(graph.id(index).as_str());
                    }
                    heads.insert(graph.id(*step).clone());
                }
                Direction::Down => {
                    applied.remove(*step);
                    heads.remove(graph.id(*step).as_str());
                    for index in below().filter(|index| applied.contains(*index)) {
                        let above = graph.children(index).iter().chain(graph.dependents(index));
                        if above
                            .into_iter()
                            .all(|above| !applied.contains(*above as usize))
                        {
                            heads.insert(graph.id(index).clone());
                        }
                    }
                }
            }
            (*step, heads.iter().cloned().collect())
        })
    }
}

/// Where a relative walk that ends before the base began: `-2` from `b` in `a - b` reverts `a`
/// and what follows it, not every base.
fn start(graph: &Graph, applied: &Set, target: &Target) -> Option<usize> {
    if target.steps.is_none_or(|steps| steps >= 0) || target.place == Some(Anchor::Base) {
        return None;
    }
    let from = Target {
        steps: None,
        place: target.place.clone().or(Some(Anchor::Current)),
        branch: target.branch.clone(),
    };
    let mut at = *from.resolve(graph, applied).ok()?.first()?;
    while let [parent] = graph.parents(at)[..] {
        at = parent as usize;
    }
    Some(at)
}

/// The revisions that are a branch's own: they carry its label and no merge took them in.
fn branch(graph: &Graph, root: usize) -> Set {
    let mut own = graph.carriers(root);
    for index in graph.order() {
        let foreign = graph.parents(index).len() > 1
            && graph
                .parents(index)
                .iter()
                .any(|parent| !own.contains(*parent as usize));
        let below_foreign = graph.parents(index).len() == 1
            && !own.contains(graph.parents(index)[0] as usize)
            && index != root
            && graph.descendants([root]).contains(index);
        if own.contains(index) && (foreign || below_foreign) {
            own.remove(index);
        }
    }
    own
}

impl Stamp {
    /// Plans to record each target as the state of its own lineage: all it implies is recorded,
    /// all that descends from it or depends on it is forgotten, other branches stay.
    ///
    /// # Errors
    ///
    /// A refusal of [`TargetError`].
    pub fn new(graph: &Graph, applied: &Set, targets: &[Target]) -> Result<Self, TargetError> {
        let mut after = applied.clone();
        for target in targets {
            if target.steps.is_some() && target.place.is_none() {
                return Err(TargetError::Malformed(target.to_string()));
            }
            let places = target.resolve(graph, applied)?;
            if places.is_empty() {
                let root = target.branch_root(graph)?;
                let gone = match root {
                    None => graph.descendants(0..graph.len()),
                    Some(root) => graph
                        .descendants(branch(graph, root).iter().chain([root]).collect::<Vec<_>>()),
                };
                for index in gone.iter() {
                    after.remove(index);
                }
                continue;
            }
            for place in &places {
                for index in graph
                    .descendants([*place])
                    .iter()
                    .filter(|index| index != place)
                {
                    after.remove(index);
                }
            }
            for index in graph.ancestors(places).iter() {
                after.insert(index);
            }
        }
        let difference = |of: &Set, without: &Set| {
            let mut set = of.clone();
            for index in without.iter() {
                set.remove(index);
            }
            graph.ordered(&set)
        };
        let mut forgotten = difference(applied, &after);
        forgotten.reverse();
        Ok(Self {
            recorded: difference(&after, applied),
            forgotten,
            after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{graph, names};

    fn applied(graph: &Graph, heads: &str) -> Set {
        graph.ancestors(
            heads
                .split_whitespace()
                .map(|id| graph.index(id).unwrap())
                .collect::<Vec<_>>(),
        )
    }

    /// Plans, replays the steps on a set, and writes them with the heads at the end.
    fn up(drawing: &str, from: &str, target: &str) -> String {
        let graph = graph(drawing);
        told(
            &graph,
            Plan::up(&graph, &applied(&graph, from), &target.parse().unwrap()),
        )
    }

    fn down(drawing: &str, from: &str, target: &str) -> String {
        let graph = graph(drawing);
        let plan = Plan::down(
            &graph,
            &applied(&graph, from),
            &target.parse().unwrap(),
            Cascade::Refuse,
        );
        told(&graph, plan)
    }

    fn told(graph: &Graph, plan: Result<Plan, TargetError>) -> String {
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                return format!("{} {}", error.code(), error.candidates().join(" "))
                    .trim()
                    .to_owned();
            }
        };
        let mut set = plan.before.clone();
        let below = |step: usize| {
            graph
                .parents(step)
                .iter()
                .chain(graph.dependencies(step))
                .map(|index| *index as usize)
        };
        for (step, heads) in plan.with_heads(graph) {
            match plan.direction {
                Direction::Up => {
                    assert!(
                        below(step).all(|index| set.contains(index)),
                        "parents first"
                    );
                    set.insert(step);
                }
                Direction::Down => {
                    set.remove(step);
                    assert!(
                        graph
                            .children(step)
                            .iter()
                            .chain(graph.dependents(step))
                            .all(|index| !set.contains(*index as usize))
                    );
                }
            }
            let expected: Vec<_> = graph
                .effective_heads(&set)
                .into_iter()
                .map(|index| graph.id(index).clone())
                .collect();
            assert_eq!(heads, expected);
        }
        assert_eq!(set, plan.after());
        format!(
            "{} => {}",
            names(graph, plan.steps.iter().copied()),
            names(graph, graph.effective_heads(&set))
        )
    }

    // a - b - l1 - l2   (left)
    //      \- r1 - r2   (right)
    const FORK: &str = "a  b:a  l1:b@left  l2:l1  r1:b@right  r2:r1";

    #[test]
    fn up_applies_the_missing_ancestry() {
        assert_eq!(up(FORK, "", "left@head"), "a b l1 l2 => l2");
        assert_eq!(up(FORK, "l2", "heads"), "r1 r2 => l2 r2");
        assert_eq!(up(FORK, "l2", "b"), " => l2");
        assert_eq!(up(FORK, "", "head"), "several-heads l2 r2");
        assert_eq!(up(FORK, "b", "-1"), "malformed-target");
    }

    #[test]
    fn down_removes_what_follows_and_what_depends_on_it() {
        assert_eq!(down(FORK, "l2 r2", "b"), "r2 r1 l2 l1 => b");
        assert_eq!(down(FORK, "l2", "-1"), "l2 => l1");
        assert_eq!(down(FORK, "l2 r2", "-1"), "ambiguous-walk l2-1 r2-1");
        assert_eq!(down(FORK, "l2 r2", "base"), "r2 r1 l2 l1 b a => ");
        assert_eq!(down(FORK, "l1", "r1"), "not-a-descendant l1");
        assert_eq!(down(FORK, "", "base"), " => ");
    }

    #[test]
    fn a_label_restricts_the_way_down() {
        assert_eq!(down(FORK, "l2 r2", "left@b"), "l2 l1 => r2");
        assert_eq!(down(FORK, "l2 r2", "left@base"), "l2 l1 => r2");
        let merged = format!("{FORK}  m:l2,r2");
        assert_eq!(down(&merged, "m", "left@b"), "collateral m");
    }

    // A: a1 - a2        B: b1 - b2 (needs a2) - b3
    const DEPENDS: &str = "a1@A  a2:a1  b1@B  b2:b1+a2  b3:b2";

    #[test]
    fn dependencies_stay_and_dependants_go() {
        assert_eq!(up(DEPENDS, "", "B@head"), "a1 a2 b1 b2 b3 => b3");
        assert_eq!(down(DEPENDS, "b3", "b1"), "b3 b2 => a2 b1");
        assert_eq!(down(DEPENDS, "b3", "a1"), "b3 b2 a2 => a1 b1");
        assert_eq!(down(DEPENDS, "b3", "B@base"), "b3 b2 b1 => a2");
    }

    #[test]
    fn up_to_a_merge_brings_the_other_side_first() {
        let merged = format!("{FORK}  m:l2,r2");
        assert_eq!(up(&merged, "l2", "head"), "r1 r2 m => m");
        assert_eq!(down(&merged, "m", "l2"), "m => l2 r2");
        assert_eq!(
            down(&merged, "m", "-1"),
            "m => l2 r2".replace("m => l2 r2", "ambiguous-walk l2 r2")
        );
    }

    fn stamp(drawing: &str, from: &str, targets: &str) -> String {
        let graph = graph(drawing);
        let targets: Vec<Target> = targets
            .split_whitespace()
            .map(|target| target.parse().unwrap())
            .collect();
        match Stamp::new(&graph, &applied(&graph, from), &targets) {
            Ok(stamp) => names(&graph, graph.effective_heads(&stamp.after)),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn a_stamp_is_the_state_of_its_own_lineage() {
        assert_eq!(stamp(FORK, "", "heads"), "l2 r2");
        assert_eq!(stamp(FORK, "l2 r2", "b"), "b");
        assert_eq!(stamp(FORK, "b", "left@head"), "l2");
        assert_eq!(stamp(FORK, "l2", "right@head"), "l2 r2");
        assert_eq!(stamp(FORK, "l2 r2", "r1"), "l2 r1");
        assert_eq!(stamp(FORK, "l2 r2", "left@base"), "r2");
        assert_eq!(stamp(FORK, "l2 r2", "base"), "");
        assert_eq!(stamp(FORK, "", "head"), "several-heads");
    }

    proptest::proptest! {
        #[test]
        fn up_then_down_leaves_nothing(edges in proptest::collection::vec((0..20_usize, 0..20_usize, 0..3_u8), 0..40)) {
            let mut parents = vec![Vec::new(); 20];
            let mut dependencies = vec![Vec::new(); 20];
            for (a, b, kind) in edges {
                let (low, high) = (a.min(b), a.max(b));
                let list: &mut Vec<usize> = if kind == 0 { &mut dependencies[high] } else { &mut parents[high] };
                if low != high && !list.contains(&low) {
                    list.push(low);
                }
            }
            let join = |list: &[usize]| list.iter().map(|index| format!("r{index:02}")).collect::<Vec<_>>().join(",");
            let drawing: Vec<_> = (0..20).map(|index| format!("r{index:02}:{}+{}", join(&parents[index]), join(&dependencies[index]))).collect();
            let drawing = drawing.join(" ");
            let graph = graph(&drawing);
            let up = Plan::up(&graph, &graph.none(), &Target::heads()).unwrap();
            told(&graph, Ok(up.clone()));
            let down = Plan::down(&graph, &up.after(), &"base".parse().unwrap(), Cascade::Refuse).unwrap();
            told(&graph, Ok(down.clone()));
            proptest::prop_assert!(down.after().is_empty());
            proptest::prop_assert_eq!(up.steps, down.steps.into_iter().rev().collect::<Vec<_>>());
        }
    }
}
