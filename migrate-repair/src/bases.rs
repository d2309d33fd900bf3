//! Repairs several bases that should be one chain, by deciding which part comes first.

use std::collections::BTreeSet;

use super::model::Model;
use super::work::Work;
use migrate_core::{Code, Level};

/// The reason why a part of the chain must come after another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Table(String),
    Dependency(String),
}

/// Puts every base but the first after its predecessor: by the order that the user gives, by their
/// dependencies, by the tables that the revisions use, by their age.
///
/// A base that somebody has already is not put after one that nobody has, whatever tables are used:
/// it would become another revision for all who have it.
pub(super) fn repair(model: &mut Model, work: &Work<'_>) {
    let order = &work.options.order;
    if work.config.rules.multiple_bases != Level::Deny && order.is_empty() {
        return;
    }
    let bases = |model: &Model| -> Vec<usize> {
        let all = model.by_age().into_iter();
        all.filter(|index| model.links[*index].is_empty()).collect()
    };
    if bases(model).len() < 2 {
        return;
    }
    for base in bases(model) {
        if let Some(parents) = model.locked_parents(base) {
            let why = format!(
                "chain.lock records that it follows {}",
                model.listed(&parents)
            );
            model.follow(base, &parents, Code::MultipleBases, why);
        }
    }
    let bases = bases(model);
    let parts = Parts::new(model, bases, order);
    let sequence = parts.sequence(model);
    let Some((first, rest)) = sequence.split_first() else {
        return;
    };
    let mut placed = BTreeSet::from([*first]);
    let mut previous = *first;
    let mut above = model.above();
    for part in rest {
        let base = parts.bases[*part];
        let late = parts.late.iter().filter(|late| {
            parts.of[late.maker].contains(part) && parts.of[late.index].is_subset(&placed)
        });
        let late: Vec<&Late> = late.collect();
        let after = after(&above, late.iter().map(|late| late.index).chain([base]));
        let before: Vec<usize> = (0..model.len())
            .filter(|index| {
                !after[*index] && parts.of[*index].iter().all(|part| placed.contains(part))
            })
            .collect();
        let last = std::mem::replace(&mut previous, *part);
        placed.insert(*part);
        let parents = model.heads_of(&before);
        if parents.is_empty() {
            continue;
        }
        let why = parts.why(model, *part, last, &placed, &parents);
        model.follow(base, &parents, Code::MultipleBases, why);
        for parent in parents {
            above[parent].push(base);
        }
        for Late {
            index,
            maker,
            table,
        } in late
        {
            let mut parents: Vec<usize> = model.parents(*index).collect();
            parents.push(*maker);
            let why = format!(
                "it uses the table `{table}`, which {} creates",
                model.listed(&[*maker])
            );
            model.follow(*index, &model.highest(&parents), Code::MultipleBases, why);
            above[*maker].push(*index);
        }
    }
}

/// Returns for each revision whether it is one of these or needs one.
fn after(above: &[Vec<usize>], of: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut after = vec![false; above.len()];
    let mut open: Vec<usize> = of.collect();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut after[at], true) {
            open.extend(&above[at]);
        }
    }
    after
}

/// The parts of the chain, one per base.
struct Parts {
    /// The base of each part.
    bases: Vec<usize>,
    /// The parts that each revision belongs to: those whose bases lead to it.
    of: Vec<BTreeSet<usize>>,
    /// For each part, the parts that must come before it.
    before: Vec<BTreeSet<(usize, Why)>>,
    /// The position of each part in the order that the user gives.
    said: Vec<Option<usize>>,
    /// The revisions that need a part which comes after their own.
    late: Vec<Late>,
}

/// A draft in a part that stays first, and the revision of a later part whose table it uses.
struct Late {
    index: usize,
    maker: usize,
    table: String,
}

impl Parts {
    fn new(model: &Model, bases: Vec<usize>, order: &[String]) -> Self {
        let children = model.children();
        let mut of = vec![BTreeSet::new(); model.len()];
        for (part, base) in bases.iter().enumerate() {
            let mut open = vec![*base];
            while let Some(at) = open.pop() {
                if of[at].insert(part) {
                    open.extend(&children[at]);
                }
            }
        }
        let mut said = vec![None; bases.len()];
        for (place, id) in order.iter().enumerate() {
            let named = model.by_id.get(id.as_str());
            for part in named.into_iter().flat_map(|index| &of[*index]) {
                said[*part].get_or_insert(place);
            }
        }
        let mut parts = Self {
            before: vec![BTreeSet::new(); bases.len()],
            bases,
            of,
            said,
            late: Vec::new(),
        };
        for index in 0..model.len() {
            for (maker, table) in &model.tables[index] {
                parts.demand(model, index, *maker, &Why::Table(table.clone()));
            }
            for (name, need) in &model.dependencies[index] {
                if let Some(need) = need {
                    parts.demand(model, index, *need, &Why::Dependency(name.clone()));
                }
            }
        }
        parts
    }

    /// Requires the parts of `index` to come after those of `other`.
    fn demand(&mut self, model: &Model, index: usize, other: usize, why: &Why) {
        let (here, there) = (&self.of[index], &self.of[other]);
        if !here.is_disjoint(there) {
            return;
        }
        // It is enough that the last of its own parts comes after.
        let Some(last) = here.iter().next_back().copied() else {
            return;
        };
        for part in there.clone() {
            let is_said = self.said[last].is_some()
                && self.said[part].is_some()
                && matches!(why, Why::Table(_));
            let is_fixed = |part: usize| model.ages.is_fixed(self.bases[part]);
            if let Why::Table(table) = why
                && !is_said
                && is_fixed(last)
                && !is_fixed(part)
            {
                if !model.ages.is_fixed(index) {
                    self.late.push(Late {
                        index,
                        maker: other,
                        table: table.clone(),
                    });
                }
            } else if !is_said {
                self.before[last].insert((part, why.clone()));
            }
        }
    }

    /// Returns the parts in the order in which they are joined.
    fn sequence(&self, model: &Model) -> Vec<usize> {
        let mut left: BTreeSet<usize> = (0..self.bases.len()).collect();
        let mut sequence = Vec::new();
        while !left.is_empty() {
            let is_ready = |part: &&usize| {
                self.before[**part]
                    .iter()
                    .all(|(before, _)| !left.contains(before))
            };
            // The bases are sorted by age, so the first is the oldest. If parts wait for one
            // another, the oldest comes first.
            let place = |part: &&usize| (self.said[**part].unwrap_or(usize::MAX), **part);
            let next = left.iter().filter(is_ready).min_by_key(place);
            // Only a dependency of a base itself cannot come after it.
            let is_free = |part: &&usize| {
                let needed = model.ancestors([self.bases[**part]]);
                left.iter()
                    .all(|other| other == *part || !needed[self.bases[*other]])
            };
            let next = next.or_else(|| left.iter().filter(is_free).min_by_key(place));
            let next = next.copied();
            let Some(next) = next else { break };
            left.remove(&next);
            sequence.push(next);
        }
        sequence
    }

    fn why(
        &self,
        model: &Model,
        part: usize,
        last: usize,
        placed: &BTreeSet<usize>,
        parents: &[usize],
    ) -> String {
        let behind = model.listed(parents);
        let table = self.before[part]
            .iter()
            .find(|(before, _)| placed.contains(before));
        let (first, base) = (self.bases[last], self.bases[part]);
        let said = self.said[last].or(self.said[part]);
        match (said, table) {
            (Some(_), _) => {
                format!("it started a separate chain; `--order` puts it after {behind}")
            }
            (None, Some((_, Why::Table(table)))) => {
                format!(
                    "it started a separate chain; it uses the table `{table}`, which exists after {behind}"
                )
            }
            (None, Some((_, Why::Dependency(name)))) => {
                format!(
                    "it started a separate chain; it depends on `{name}`, which exists after {behind}"
                )
            }
            (None, None) if model.rank[first] < model.rank[base] => format!(
                "it started a separate chain; {}",
                model.ages.why_before(first, base)
            ),
            (None, None) => format!("it started a separate chain; it needs what {behind} makes"),
        }
    }
}
