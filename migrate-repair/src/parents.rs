//! Repairs parents and dependencies that do not exist, by finding the intended revision.

use super::model::{Link, Model};
use super::names;
use super::work::Work;
use migrate_core::{Code, RevisionId};

/// Finds the missing parents; `unidentified` are the files whose revision is unknown.
pub(super) fn repair(model: &mut Model, work: &Work<'_>, unidentified: &[String]) {
    for index in model.by_age() {
        dependencies(model, work, unidentified, index);
        let unknown: Vec<RevisionId> = model.links[index]
            .iter()
            .filter_map(|link| match link {
                Link::Unknown(id) => Some(id.clone()),
                Link::To(_) => None,
            })
            .collect();
        if unknown.is_empty() && model.parentless[index].is_none() {
            continue;
        }
        let is_gone = |id: &RevisionId| is_gone(work, unidentified, id.as_str());
        if !unknown.iter().any(is_gone) && from_lock(model, index) {
            continue;
        }
        for id in unknown {
            if !is_gone(&id) {
                parent(model, index, &id);
            }
        }
        if model.links[index].is_empty() && model.parentless[index].is_some() {
            if unidentified.is_empty() {
                by_time(model, index);
            } else if let Some(lost) = model.lost_parents.remove(&index) {
                // The unreadable file may be the parent.
                model.links[index].push(lost);
            }
        }
    }
}

/// Returns whether a revision existed and its file is gone, elsewhere or unreadable: then no other
/// revision may take its place.
fn is_gone(work: &Work<'_>, unidentified: &[String], id: &str) -> bool {
    work.lock.contains_key(id)
        || work.options.elsewhere.contains(id)
        || unidentified.iter().any(|name| name.contains(id))
}

/// Restores the parents from chain.lock, which recorded them before they were lost.
fn from_lock(model: &mut Model, index: usize) -> bool {
    let Some(mut parents) = model.locked_parents(index) else {
        return false;
    };
    let kept: Vec<usize> = model
        .parents(index)
        .filter(|parent| !parents.contains(parent))
        .collect();
    parents.extend(kept);
    let why = format!(
        "chain.lock records that it follows {}",
        model.listed(&parents)
    );
    let code = model.parentless[index].unwrap_or(Code::UnknownParent);
    model.follow(index, &parents, code, why);
    true
}

/// Repairs one parent that does not exist.
fn parent(model: &mut Model, index: usize, id: &RevisionId) {
    let name = id.as_str();
    let unknown = Link::Unknown(id.clone());
    let place = model.links[index].iter().position(|link| *link == unknown);
    let Some(place) = place else { return };
    if ["none", "null", "nil", "root", "undefined"].contains(&name.to_lowercase().as_str()) {
        model.links[index].remove(place);
        let why = format!("`{name}` is not a parent");
        model.done.push((index, Code::UnknownParent, why));
        return;
    }
    match intended(model, index, name) {
        Some((found, why)) if !model.needs(found, index) => {
            model.links[index].remove(place);
            if !model.parents(index).any(|parent| parent == found) {
                model.links[index].insert(place, Link::To(found));
            }
            model.done.push((index, Code::UnknownParent, why));
        }
        _ => {
            model.links[index].remove(place);
            model.lost_parents.insert(index, unknown);
            if model.links[index].is_empty() {
                model.parentless[index] = Some(Code::UnknownParent);
            } else {
                let why = format!("`{name}` does not exist; its other parents are kept");
                model.done.push((index, Code::UnknownParent, why));
            }
        }
    }
}

/// Returns the revision that an unknown name refers to, and the reason.
fn intended(model: &Model, index: usize, name: &str) -> Option<(usize, String)> {
    let only = |found: &mut dyn Iterator<Item = usize>| match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let all = || (0..model.len()).filter(|other| *other != index);
    let id = |other: usize| model.ids[other].as_str();
    let is = |found: Option<usize>, why: &str| {
        found.map(|found| (found, format!("`{name}` {why} {}", model.listed(&[found]))))
    };
    let same = is(
        only(&mut all().filter(|other| id(*other).eq_ignore_ascii_case(name))),
        "differs only in case from",
    );
    let begins = || {
        let long_enough = |id: &str| name.len() >= 3 && id.starts_with(name);
        only(&mut all().filter(|other| long_enough(id(*other))))
    };
    let cut = || {
        let is_longer = |id: &str| id.len() >= 6 && name.starts_with(id);
        only(&mut all().filter(|other| is_longer(id(*other))))
    };
    let file = || {
        let stem = name.strip_suffix(".sql").unwrap_or(name);
        only(&mut all().filter(|other| names::holds(&model.files[*other], stem)))
    };
    same.or_else(|| is(begins(), "is a prefix of"))
        .or_else(|| is(file(), "is in the file name of"))
        .or_else(|| is(cut(), "begins with"))
        .or_else(|| is(typo(model, index, name), "is similar to"))
}

/// Returns the one revision whose id differs in a letter or two. Short ids and numbers are near to
/// everything, so for them this proves nothing.
fn typo(model: &Model, index: usize, name: &str) -> Option<usize> {
    let most = match name.len() {
        0..5 => return None,
        5..8 => 1,
        _ => 2,
    };
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && name.len() < 8;
    let distance = |other: usize| {
        let id = model.ids[other].as_str();
        match id.len().abs_diff(name.len()) <= most {
            true => strsim::damerau_levenshtein(&id.to_lowercase(), &name.to_lowercase()),
            false => usize::MAX,
        }
    };
    let mut near: Vec<(usize, usize)> = (0..model.len())
        .filter(|other| *other != index && !is_number)
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort_unstable();
    match near[..] {
        [(_, only)] => Some(only),
        [(nearest, only), (next, _), ..] if nearest < next => Some(only),
        _ => None,
    }
}

/// Puts a revision after the one that comes just before it, and after those whose tables it uses.
fn by_time(model: &mut Model, index: usize) {
    let above = model.above();
    let mut needs_it = vec![false; model.len()];
    let mut open = vec![index];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut needs_it[at], true) {
            open.extend(&above[at]);
        }
    }
    let before = (0..model.len())
        .filter(|other| !needs_it[*other] && model.rank[*other] < model.rank[index])
        .max_by_key(|other| model.rank[*other]);
    let mut parents: Vec<usize> = before.into_iter().collect();
    let covered = model.ancestors(parents.iter().copied());
    let tables: Vec<(usize, String)> = model.tables[index]
        .iter()
        .filter(|(maker, _)| !needs_it[*maker] && !covered[*maker])
        .cloned()
        .collect();
    parents.extend(tables.iter().map(|(maker, _)| *maker));
    let parents = model.highest(&parents);
    let lost = match model.lost_parents.get(&index) {
        Some(Link::Unknown(id)) => format!("`{id}` does not exist; "),
        Some(Link::To(_)) => "it cannot follow itself; ".to_owned(),
        None => String::new(),
    };
    let why = match (&tables[..], before) {
        ([(maker, table), ..], _) => format!(
            "{lost}it uses the table `{table}`, which {} creates",
            model.listed(&[*maker])
        ),
        ([], Some(before)) => format!("{lost}{}", model.ages.why_before(before, index)),
        ([], None) if model.ages.is_oldest(index) => {
            format!("{lost}it is the oldest, so it has no parent")
        }
        ([], None) => format!("{lost}no other revision comes before it, so it has no parent"),
    };
    if parents.is_empty() && lost.is_empty() {
        // The step that removed its parent has given the reason.
        return;
    }
    let code = model.parentless[index].unwrap_or(Code::UnknownParent);
    model.follow(index, &parents, code, why);
}

/// Repairs misspelled dependencies. One that resembles nothing is kept and reported: nothing else
/// says what has to run before, so it is neither dropped nor invented.
fn dependencies(model: &mut Model, work: &Work<'_>, unidentified: &[String], index: usize) {
    for position in 0..model.dependencies[index].len() {
        let (name, need) = model.dependencies[index][position].clone();
        if need.is_some() || is_gone(work, unidentified, &name) {
            continue;
        }
        if let Some((found, why)) = intended(model, index, &name)
            && !model.needs(found, index)
        {
            model.dependencies[index][position] = (model.ids[found].to_string(), Some(found));
            model.done.push((index, Code::UnknownDependency, why));
        }
    }
}
