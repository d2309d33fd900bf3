//! The order in which objects can be created.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::text::Words;
use migrate_core::__support::components;

/// An object to create, and the names that its SQL mentions.
pub(crate) struct Item<K> {
    /// What it is.
    pub(crate) key: K,
    /// The name, without the named schema.
    pub(crate) name: String,
    /// The words of its SQL.
    pub(crate) words: Words,
}

/// Returns the places of the items in an order in which each comes after those that it mentions, as
/// far as there is one; otherwise they keep their order.
pub(crate) fn by_mention<K>(items: &[Item<K>]) -> Vec<usize> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut odd = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let name = item.name.to_lowercase();
        if !name
            .chars()
            .all(|sign| sign.is_alphanumeric() || sign == '_')
        {
            odd.push(at);
        }
        places.entry(name).or_default().push(at);
    }
    let needs: Vec<BTreeSet<usize>> = items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let plain = item
                .words
                .iter()
                .filter_map(|word| places.get(word))
                .flatten();
            let odd = odd
                .iter()
                .filter(|other| item.words.mention(&items[**other].name));
            plain
                .chain(odd)
                .copied()
                .filter(|other| *other != at)
                .collect()
        })
        .collect();
    by_needs(&needs)
}

/// The dependencies of a node: those that it must come after, and those that it should come after
/// if possible, such as the objects that a routine's body mentions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) must: BTreeSet<usize>,
    pub(crate) should: BTreeSet<usize>,
}

/// Returns the places so that each comes after those it must, and after those it should unless that
/// closes a cycle.
pub(crate) fn by_must_and_should(needs: &[Needs]) -> Vec<usize> {
    let all: Vec<BTreeSet<usize>> = needs
        .iter()
        .map(|needs| needs.must.union(&needs.should).copied().collect())
        .collect();
    let mut order = Vec::with_capacity(needs.len());
    for cycle in cycles(&all) {
        if cycle.len() == 1 {
            order.extend(cycle);
            continue;
        }
        let inside: BTreeMap<usize, usize> = cycle
            .iter()
            .enumerate()
            .map(|(place, at)| (*at, place))
            .collect();
        let must: Vec<BTreeSet<usize>> = cycle
            .iter()
            .map(|at| {
                needs[*at]
                    .must
                    .iter()
                    .filter_map(|it| inside.get(it).copied())
                    .collect()
            })
            .collect();
        order.extend(by_needs(&must).into_iter().map(|place| cycle[place]));
    }
    order
}

/// Returns the sets of places that need each other, each set after those it needs.
fn cycles(needs: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let needs: Vec<Vec<usize>> = needs
        .iter()
        .map(|needs| needs.iter().copied().collect())
        .collect();
    let next = |at: usize, position: usize| needs[at].get(position).copied();
    let mut cycles: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, cycle) in components(needs.len(), next).into_iter().enumerate() {
        cycles.entry(cycle).or_default().push(at);
    }
    cycles.into_values().collect()
}

/// Returns the places so that each comes after those it needs; a cycle is broken where it is
/// entered first.
pub(crate) fn by_needs(needs: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(needs.len());
    let mut seen = vec![false; needs.len()];
    for start in 0..needs.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        // A stack of its own: a chain of a hundred thousand views is no reason to fall over.
        let mut path = vec![(start, needs[start].iter())];
        while let Some((at, rest)) = path.last_mut() {
            match rest.next() {
                Some(next) if seen[*next] => {}
                Some(next) => {
                    seen[*next] = true;
                    path.push((*next, needs[*next].iter()));
                }
                None => {
                    order.push(*at);
                    path.pop();
                }
            }
        }
    }
    order
}

/// Returns renames as steps that never meet a name that is taken: chains from their end, and
/// circles by way of a name from `free`.
pub(crate) fn renames<N: Clone + Ord>(
    renames: &[(N, N)],
    mut free: impl FnMut(&N) -> N,
) -> Vec<(N, N)> {
    let mut left: BTreeMap<N, N> = renames.iter().cloned().collect();
    let mut steps = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let ready: Vec<N> = left
            .iter()
            .filter(|(_, to)| !left.contains_key(to))
            .map(|(from, _)| from.clone())
            .collect();
        for from in &ready {
            let to = left.remove(from).expect("it was just there");
            steps.push((from.clone(), to));
        }
        if ready.is_empty()
            && let Some((from, to)) = left.pop_first()
        {
            let way = free(&from);
            steps.push((from, way.clone()));
            left.insert(way, to);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Item, Needs, by_mention, by_must_and_should, by_needs, renames};
    use crate::schema::text::Words;

    #[test]
    fn what_is_needed_comes_first() {
        let item = |name: &str, text: &str| Item {
            key: (),
            name: name.to_owned(),
            words: Words::of(text),
        };
        let items = [
            item("a", "select * from b, \"odd name\""),
            item("b", "select * from c"),
            item("c", "select 1"),
            item("odd name", "select * from c"),
        ];
        assert_eq!(by_mention(&items), [2, 1, 3, 0]);
    }

    #[test]
    fn circles_and_long_chains_have_an_order() {
        let cycle = [1, 2, 0].map(|next| BTreeSet::from([next]));
        assert_eq!(by_needs(&cycle), [2, 1, 0]);
        let long: Vec<_> = (1..100_000)
            .map(|next| BTreeSet::from([next]))
            .chain([BTreeSet::new()])
            .collect();
        assert_eq!(by_needs(&long).first(), Some(&99_999));
    }

    #[test]
    fn what_must_be_outweighs_what_should_be() {
        let needs = |must: &[usize], should: &[usize]| Needs {
            must: must.iter().copied().collect(),
            should: should.iter().copied().collect(),
        };
        // 0 must come after 1, which should come after 0 by way of 2; 3 hangs on the circle.
        let all = [
            needs(&[1], &[]),
            needs(&[], &[2]),
            needs(&[0], &[]),
            needs(&[], &[2]),
        ];
        assert_eq!(by_must_and_should(&all), [1, 0, 2, 3]);
        let long: Vec<_> = (1..100_000)
            .map(|next| needs(&[], &[next]))
            .chain([Needs::default()])
            .collect();
        assert_eq!(by_must_and_should(&long).first(), Some(&99_999));
    }

    #[test]
    fn names_can_be_swapped() {
        let steps = renames(
            &[("a", "b"), ("b", "a"), ("c", "d"), ("d", "e")],
            |_| "free",
        );
        assert_eq!(
            steps,
            [
                ("d", "e"),
                ("c", "d"),
                ("a", "free"),
                ("b", "a"),
                ("free", "b")
            ]
        );
    }
}
