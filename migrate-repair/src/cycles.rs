//! Breaks cycles, by finding the link that is wrong.

use super::model::{Link, Model};
use migrate_core::Code;

/// Breaks every cycle at its least plausible link.
pub(super) fn repair(model: &mut Model) {
    for index in 0..model.len() {
        if model.links[index].contains(&Link::To(index)) {
            model.links[index].retain(|link| *link != Link::To(index));
            if model.links[index].is_empty() {
                model.parentless[index] = Some(Code::SelfParent);
                model.lost_parents.insert(index, Link::To(index));
            } else {
                let why = "it cannot follow itself; its other parents are kept".to_owned();
                model.done.push((index, Code::SelfParent, why));
            }
        }
        if model.dependencies[index]
            .iter()
            .any(|(_, need)| *need == Some(index))
        {
            model.dependencies[index].retain(|(_, need)| *need != Some(index));
            model
                .done
                .push((index, Code::Cycle, "it cannot depend on itself".to_owned()));
        }
    }
    while let Some(cycle) = find_cycle(model) {
        let edges = cycle.iter().zip(cycle.iter().cycle().skip(1));
        let weakest = edges.min_by_key(|(above, below)| plausibility(model, **above, **below));
        let Some((above, below)) = weakest else {
            return;
        };
        cut(model, *above, *below);
    }
}

/// Rates how plausible a link is; the least plausible one is cut: first links from a repaired
/// header, then those that chain.lock does not have, then those that no table requires, then those
/// from an older revision to a younger one.
fn plausibility(model: &Model, above: usize, below: usize) -> (bool, usize, bool, bool, usize) {
    let is_read = !model.guessed[above].contains(&below);
    let locked = match &model.locked[above] {
        Some(locked) if locked.contains(&below) => 2,
        Some(_) => 0,
        None => 1,
    };
    let uses = model.tables[above].iter().any(|(maker, _)| *maker == below);
    let is_against_time = model.rank[above] < model.rank[below];
    (is_read, locked, uses, !is_against_time, model.rank[above])
}

fn cut(model: &mut Model, above: usize, below: usize) {
    let (_, locked, _, _, _) = plausibility(model, above, below);
    let other = model.listed(&[below]);
    let why = match (locked, model.ages.is_older(above, below)) {
        (0, _) => format!("it does not follow {other} in chain.lock"),
        (_, true) => format!("it is older than {other}, so it cannot come after it"),
        (_, false) => format!("the others in the cycle need it, so it cannot come after {other}"),
    };
    model.dependencies[above].retain(|(_, need)| *need != Some(below));
    if model.links[above].contains(&Link::To(below)) {
        model.links[above].retain(|link| *link != Link::To(below));
        if model.links[above].is_empty() {
            model.parentless[above] = Some(Code::Cycle);
        }
    }
    model
        .done
        .push((above, Code::Cycle, format!("this breaks the cycle: {why}")));
}

/// Finds one cycle: each of its revisions needs the next, and the last needs the first.
fn find_cycle(model: &Model) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; model.len()];
    for root in model.by_age() {
        if seen[root] != Seen::No {
            continue;
        }
        let mut path = vec![(root, model.below(root).collect::<Vec<_>>())];
        seen[root] = Seen::Open;
        while let Some((at, open)) = path.last_mut() {
            let at = *at;
            match open.pop() {
                None => {
                    seen[at] = Seen::Done;
                    path.pop();
                }
                Some(next) if seen[next] == Seen::Open => {
                    let start = path.iter().position(|(index, _)| *index == next)?;
                    return Some(path[start..].iter().map(|(index, _)| *index).collect());
                }
                Some(next) if seen[next] == Seen::No => {
                    seen[next] = Seen::Open;
                    path.push((next, model.below(next).collect()));
                }
                Some(_) => {}
            }
        }
    }
    None
}
