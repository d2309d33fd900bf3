//! The steps from where a database is to a target. Making a plan reads no database: printing it and
//! running it start from the same value.

use crate::target::{Located, ids};
use crate::{Direction, Graph, RevisionId, Set, SoundGraph, Target, TargetError};

/// The ordered work between two states.
///
/// A plan is made on a [`SoundGraph`], which only a [`Chain`](crate::Chain) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Stamp {
    /// What is recorded without being run, parents first.
    pub recorded: Vec<usize>,
    /// What is forgotten without being reverted, children first.
    pub forgotten: Vec<usize>,
    /// What counts as applied afterwards.
    pub after: Set,
}

impl Plan {
    /// Plans to apply whatever the target needs and the database does not have.
    ///
    /// A target that is applied already gives a plan without steps.
    ///
    /// # Errors
    ///
    /// A refusal of [`TargetError`].
    pub fn up(graph: &SoundGraph, applied: &Set, target: &Target) -> Result<Self, TargetError> {
        if target.place.is_none() && target.steps.is_some_and(|steps| steps < 0) {
            return Err(TargetError::WrongDirection {
                given: target.to_string(),
                command: "revert",
            });
        }
        let wanted = target.resolve(graph, applied)?;
        Ok(Self::including(graph, applied, wanted))
    }

    /// Plans to revert what follows the target or depends on that; what those depended on stays
    /// applied.
    ///
    /// # Errors
    ///
    /// A refusal of [`TargetError`].
    pub fn down(
        graph: &SoundGraph,
        applied: &Set,
        target: &Target,
        cascade: Cascade,
    ) -> Result<Self, TargetError> {
        if target.place.is_none() && target.steps.is_some_and(|steps| steps > 0) {
            return Err(TargetError::WrongDirection {
                given: target.to_string(),
                command: "run",
            });
        }
        let located = target.locate(graph, applied)?;
        if let Some(place) = located
            .places
            .iter()
            .find(|place| !applied.contains(**place))
        {
            return Err(TargetError::NotADescendant {
                given: graph.id(*place).to_string(),
                applied: ids(graph, &graph.effective_heads(applied)),
            });
        }
        let root = target.branch_root(graph)?;
        let own = root.map(|root| graph.branch(root));
        let first = first_to_go(graph, target, &located, root, own.as_ref());
        let plan = Self::without(graph, applied, first);
        if let (Some(own), Cascade::Refuse) = (&own, cascade) {
            let others: Vec<_> = plan
                .steps
                .iter()
                .copied()
                .filter(|index| !own.contains(*index))
                .collect();
            if !others.is_empty() {
                return Err(TargetError::Collateral {
                    given: target.to_string(),
                    others: ids(graph, &others),
                });
            }
        }
        Ok(plan)
    }

    /// Plans to apply these revisions and all that they need.
    #[must_use]
    pub fn including(
        graph: &SoundGraph,
        applied: &Set,
        revisions: impl IntoIterator<Item = usize>,
    ) -> Self {
        let mut missing = graph.ancestors(revisions);
        missing.remove_all(applied);
        Self {
            direction: Direction::Up,
            steps: graph.ordered(&missing),
            before: applied.clone(),
        }
    }

    /// Returns the plan that a finished run has followed, from what was applied before it.
    #[must_use]
    pub fn followed(
        graph: &SoundGraph,
        applied: &Set,
        direction: Direction,
        steps: &[RevisionId],
    ) -> Self {
        let index = |id: &RevisionId| graph.index(id.as_str());
        Self {
            direction,
            steps: steps.iter().filter_map(index).collect(),
            before: applied.clone(),
        }
    }

    /// Plans to revert these revisions and all that needs them, wherever they are in the chain.
    #[must_use]
    pub fn without(
        graph: &SoundGraph,
        applied: &Set,
        revisions: impl IntoIterator<Item = usize>,
    ) -> Self {
        let mut going = graph.descendants(revisions);
        for index in 0..graph.len() {
            if !applied.contains(index) {
                going.remove(index);
            }
        }
        let mut steps = graph.ordered(&going);
        steps.reverse();
        Self {
            direction: Direction::Down,
            steps,
            before: applied.clone(),
        }
    }

    /// Refuses a plan that has nothing to do, for callers who expect work.
    ///
    /// # Errors
    ///
    /// [`TargetError::AlreadyApplied`].
    pub fn strict(self, target: &Target) -> Result<Self, TargetError> {
        if self.steps.is_empty() {
            return Err(TargetError::AlreadyApplied {
                given: target.to_string(),
            });
        }
        Ok(self)
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
        let mut dependents = graph.dependents_in(&applied);
        let mut heads = graph.effective_heads(&applied);
        self.steps.iter().map(move |step| {
            match self.direction {
                Direction::Up => {
                    applied.insert(*step);
                    for index in graph.below(*step) {
                        dependents[index] += 1;
                        heads.retain(|head| *head != index);
                    }
                    heads.push(*step);
                }
                Direction::Down => {
                    applied.remove(*step);
                    heads.retain(|head| head != step);
                    for index in graph.below(*step) {
                        dependents[index] -= 1;
                        if dependents[index] == 0 && applied.contains(index) {
                            heads.push(index);
                        }
                    }
                }
            }
            let sorted = graph.by_id(heads.clone());
            (*step, sorted.map(|head| graph.id(head).clone()).collect())
        })
    }
}

/// What goes first on the way down, and takes along all that follows it or depends on it: the
/// children of the target, or the bases where it is `base`.
fn first_to_go(
    graph: &Graph,
    target: &Target,
    located: &Located,
    root: Option<usize>,
    own: Option<&Set>,
) -> Vec<usize> {
    let to_base = located.places.is_empty();
    if let (true, None, Some(own)) = (to_base, located.walked_from, own) {
        return own.iter().collect();
    }
    let mut first: Vec<usize> = match to_base {
        true => graph.bases().collect(),
        false => located
            .places
            .iter()
            .flat_map(|place| graph.children(*place).iter().map(|child| *child as usize))
            .collect(),
    };
    // A walk goes back the way it came: `-2` from `b` in `a - b` reverts `a` and what follows it,
    // not every base.
    if let Some(from) = located.walked_from
        && (to_base || target.is_relative())
    {
        let way = graph.path_to(from);
        first.retain(|index| way.contains(*index));
    }
    if let Some(root) = root {
        let lineage = graph.lineage(root);
        first.retain(|index| lineage.contains(*index));
    }
    first
}

impl Stamp {
    /// Plans to record each target as the state of its own lineage: all it implies is recorded,
    /// all that descends from it or depends on it is forgotten, other branches stay.
    ///
    /// The order of several targets does not matter.
    ///
    /// # Errors
    ///
    /// A refusal of [`TargetError`].
    pub fn new(graph: &SoundGraph, applied: &Set, targets: &[Target]) -> Result<Self, TargetError> {
        let mut after = applied.clone();
        let mut places = Vec::new();
        for target in targets {
            if target.steps.is_some() && target.place.is_none() {
                return Err(TargetError::Malformed(target.to_string()));
            }
            let found = target.resolve(graph, applied)?;
            if found.is_empty() {
                let gone = match target.branch_root(graph)? {
                    None => graph.descendants(0..graph.len()),
                    Some(root) => graph.descendants(graph.branch(root).iter()),
                };
                after.remove_all(&gone);
            }
            places.extend(found);
        }
        after.remove_all(&graph.descendants(places.iter().copied()));
        for index in graph.ancestors(places).iter() {
            after.insert(index);
        }
        let difference = |of: &Set, without: &Set| {
            let mut set = of.clone();
            set.remove_all(without);
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
    use crate::graph::tests::names;

    fn graph(drawing: &str) -> SoundGraph {
        crate::graph::tests::graph(drawing).into()
    }

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
        outcome(
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
        outcome(&graph, plan)
    }

    fn outcome(graph: &Graph, plan: Result<Plan, TargetError>) -> String {
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

    #[test]
    fn a_walk_with_a_label_refuses_what_is_not_of_the_branch() {
        assert_eq!(down(FORK, "l2 r2", "left@-1"), "l2 => l1 r2");
        assert_eq!(down(FORK, "l2 r2", "left@-2"), "l2 l1 => r2");
        assert_eq!(down(FORK, "l2 r2", "left@-3"), "collateral b r1 r2");
        assert_eq!(down(FORK, "l2 r2", "left@a"), "collateral b r1 r2");
        assert_eq!(down(FORK, "l2 r2", "left@-4"), "collateral a b r1 r2");
        assert_eq!(down(FORK, "l2 r2", "left@-5"), "out-of-range");
    }

    #[test]
    fn a_cascade_takes_the_others_along() {
        let graph = graph(&format!("{FORK}  m:l2,r2"));
        let plan = Plan::down(
            &graph,
            &applied(&graph, "m"),
            &"left@b".parse().unwrap(),
            Cascade::Allow,
        );
        assert_eq!(outcome(&graph, plan), "m l2 l1 => r2");
    }

    #[test]
    fn a_branch_within_a_branch_goes_with_it() {
        // a - l1 - l2 ---- m
        //      \- k1(sub) -/
        let drawing = "a  l1:a@left  l2:l1  k1:l1@sub  m:l2,k1  r1:a@right";
        assert_eq!(down(drawing, "m r1", "left@base"), "m l2 k1 l1 => r1");
        assert_eq!(down(drawing, "m r1", "sub@base"), "collateral m");
    }

    #[test]
    fn a_walk_goes_back_the_way_it_came() {
        // p - x, which needs y
        //  \- y
        assert_eq!(down("p  y:p  x:p+y", "x", "-1"), "x => y");
        // x - y, which needs a
        assert_eq!(down("a  x  y:x+a", "y", "-2"), "y x => a");
        assert_eq!(down("a  x", "", "x-1"), " => ");
    }

    #[test]
    fn a_walk_up_goes_on_where_the_branch_was_left() {
        assert_eq!(up(FORK, "r2", "left@+1"), "l1 => l1 r2");
        assert_eq!(up(FORK, "", "left@+1"), "a => a");
        assert_eq!(up(FORK, "l2 r2", "+1"), "ambiguous-walk l2 r2");
        assert_eq!(up(FORK, "l2", "left@+1"), "out-of-range");
        assert_eq!(up(FORK, "", "l2+1"), "out-of-range");
    }

    #[test]
    fn nothing_to_do_is_refused_only_by_the_strict() {
        let graph = graph(FORK);
        let target = "b".parse().unwrap();
        let plan = Plan::up(&graph, &applied(&graph, "l2"), &target).unwrap();
        assert_eq!(plan.strict(&target).unwrap_err().code(), "already-applied");
        let plan = Plan::up(&graph, &applied(&graph, "a"), &target).unwrap();
        assert_eq!(plan.strict(&target).unwrap().steps.len(), 1);
    }

    #[test]
    fn steps_that_lead_the_other_way_name_the_command() {
        let graph = graph(FORK);
        let b = applied(&graph, "b");
        let error = Plan::up(&graph, &b, &"-1".parse().unwrap()).unwrap_err();
        assert!(error.help().unwrap().contains("cargo migrate revert -1"));
        let error = Plan::down(&graph, &b, &"+1".parse().unwrap(), Cascade::Refuse).unwrap_err();
        assert!(error.help().unwrap().contains("cargo migrate run +1"));
    }

    #[test]
    fn a_hundred_thousand_go_up_and_down() {
        let rest = (1..100_000).map(|index| format!(" r{index}:r{}", index - 1));
        let graph = graph(&format!("r0{}", rest.collect::<String>()));
        let up = Plan::up(&graph, &graph.none(), &Target::head()).unwrap();
        assert_eq!(up.with_heads(&graph).count(), 100_000);
        let base = "base".parse().unwrap();
        let down = Plan::down(&graph, &up.after(), &base, Cascade::Refuse).unwrap();
        assert_eq!(down.with_heads(&graph).count(), 100_000);
        let walk = "-99999".parse().unwrap();
        let down = Plan::down(&graph, &up.after(), &walk, Cascade::Refuse).unwrap();
        assert_eq!(down.steps.len(), 99_999);
    }

    // A: a1 - a2        B: b1 - b2 (needs a2) - b3
    const DEPENDS: &str = "a1@A  a2:a1  b1@B  b2:b1+a2  b3:b2";

    #[test]
    fn dependencies_stay_and_dependants_go() {
        assert_eq!(up(DEPENDS, "", "B@head"), "a1 a2 b1 b2 b3 => b3");
        assert_eq!(down(DEPENDS, "b3", "b1"), "b3 b2 => a2 b1");
        assert_eq!(down(DEPENDS, "b3", "a1"), "b3 b2 a2 => a1 b1");
        assert_eq!(down(DEPENDS, "b3", "B@base"), "b3 b2 b1 => a2");
        assert_eq!(up(DEPENDS, "", "A@head"), "a1 a2 => a2");
    }

    #[test]
    fn dependants_of_another_branch_need_a_cascade() {
        for target in ["A@a1", "A@base", "A@-1"] {
            assert_eq!(down(DEPENDS, "b3", target), "collateral b2 b3", "{target}");
        }
    }

    #[test]
    fn up_to_a_merge_brings_the_other_side_first() {
        let merged = format!("{FORK}  m:l2,r2");
        assert_eq!(up(&merged, "l2", "head"), "r1 r2 m => m");
        assert_eq!(down(&merged, "m", "l2"), "m => l2 r2");
        assert_eq!(down(&merged, "m", "-1"), "ambiguous-walk l2 r2");
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
        assert_eq!(stamp(FORK, "r2", "l1"), "l1 r2");
        assert_eq!(stamp(FORK, "", "l1 r1"), "l1 r1");
        assert_eq!(stamp(FORK, "b", "+1"), "malformed-target");
        assert_eq!(stamp(FORK, "", "l2-1"), "l1");
        assert_eq!(stamp(DEPENDS, "b3", "a1"), "a1 b1");
    }

    #[test]
    fn several_stamps_at_once_have_no_order() {
        for targets in ["l1 b", "b l1"] {
            assert_eq!(stamp(FORK, "l2 r2", targets), "l1");
        }
        for targets in ["base l1", "l1 base", "l1 right@base"] {
            assert_eq!(stamp(FORK, "r2", targets), "l1");
        }
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
            outcome(&graph, Ok(up.clone()));
            let down = Plan::down(&graph, &up.after(), &"base".parse().unwrap(), Cascade::Refuse).unwrap();
            outcome(&graph, Ok(down.clone()));
            proptest::prop_assert!(down.after().is_empty());
            proptest::prop_assert_eq!(up.steps, down.steps.into_iter().rev().collect::<Vec<_>>());
        }
    }
}
