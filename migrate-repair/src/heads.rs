//! Repairs several heads by a merge, or by moving one branch after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::HeadsRepair;
use super::age::Ages;
use super::copies::new_id;
use super::model::Link;
use super::work::Work;
use migrate_core::{Code, Graph, HeadsRule, Level, NewRevision, Rebase, RevisionId, Survey};

/// The number of parents that a header line may name.
const MOST: usize = 256;

/// Joins the heads that the rules of the project do not allow.
pub(super) fn repair(work: &mut Work<'_>) {
    if let HeadsRepair::Rebase { published } = &work.options.heads {
        rebase(work, published.as_ref());
    }
    loop {
        let survey = work.survey();
        let Some(group) = groups(&survey, work.config.rules.multiple_heads)
            .into_iter()
            .next()
        else {
            return;
        };
        merge(work, &survey, &group);
    }
}

/// Returns the groups of heads to join.
fn groups(survey: &Survey, rule: HeadsRule) -> Vec<Vec<usize>> {
    let graph = &survey.graph;
    let heads: Vec<usize> = graph.heads().collect();
    match rule {
        HeadsRule::One(Level::Deny) if heads.len() > 1 => vec![heads],
        HeadsRule::One(_) => Vec::new(),
        HeadsRule::Labelled => {
            // Heads of one branch belong together, and so do heads of no branch.
            let mut groups: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
            for head in &heads {
                groups
                    .entry(graph.labels_of(*head))
                    .or_default()
                    .push(*head);
            }
            groups
                .into_values()
                .filter(|group| group.len() > 1)
                .collect()
        }
    }
}

/// Writes the revision that `merge` would write.
fn merge(work: &mut Work<'_>, survey: &Survey, heads: &[usize]) {
    let graph = &survey.graph;
    let heads = &heads[..heads.len().min(MOST)];
    let parents: Vec<RevisionId> = heads.iter().map(|head| graph.id(*head).clone()).collect();
    let names: Vec<&str> = parents.iter().map(RevisionId::as_str).collect();
    let mut taken: BTreeSet<String> = graph.ids().iter().map(ToString::to_string).collect();
    taken.extend(work.lock.keys().cloned());
    let message = match names.len() {
        0..=6 => format!("merge {}", names.join(" ")),
        many => format!("merge {many} heads"),
    };
    let reason = format!(
        "`{}` were heads; this merge joins them and has no SQL",
        names.join("`, `")
    );
    let new = NewRevision {
        id: new_id("cargo-migrate merge 1", names.join(",").as_bytes(), &taken),
        message,
        created: work.options.created.clone(),
        parents,
        ..NewRevision::empty()
    };
    work.new.insert(new.id.to_string());
    let name = work.free_name(&new.file_name(&work.config.file_name));
    work.did(Code::MultipleHeads, new.id.as_str(), &name, reason);
    work.add(name, new.render());
}

/// Moves unpublished branches after published ones; heads whose branch cannot be moved stay.
fn rebase(work: &mut Work<'_>, published: Option<&BTreeSet<String>>) {
    loop {
        let survey = work.survey();
        let graph = &survey.graph;
        let is_published = |index: usize| {
            let id = graph.id(index).as_str();
            match published {
                Some(published) => published.contains(id),
                None => work.has_sealed(id),
            }
        };
        let Some((moved, onto, rebase)) = groups(&survey, work.config.rules.multiple_heads)
            .into_iter()
            .find_map(|group| {
                plan(
                    graph,
                    &Ages::new(&survey.revisions, work).ranks(),
                    &group,
                    &is_published,
                )
            })
        else {
            return;
        };
        let (moved, onto) = (graph.id(moved).clone(), graph.id(onto).clone());
        for (index, parents) in &rebase.edits {
            let revision = &survey.revisions[*index];
            let id = revision.id.to_string();
            work.file(&revision.file).text = revision.with_parents(parents).into();
            let reason = format!(
                "the branch that ends in `{moved}` is not published: it now follows `{onto}`"
            );
            work.did(Code::MultipleHeads, &id, &revision.file, reason);
        }
    }
}

/// Finds a head whose branch can move, and the head that it can follow: a published one, otherwise
/// the oldest.
fn plan(
    graph: &Graph,
    rank: &[usize],
    heads: &[usize],
    is_published: &impl Fn(usize) -> bool,
) -> Option<(usize, usize, Rebase)> {
    let mut heads = heads.to_vec();
    heads.sort_by_key(|head| (!is_published(*head), rank[*head]));
    let (onto, others) = heads.split_first()?;
    others.iter().find_map(|moved| {
        let rebase = Rebase::new(graph, *moved, *onto).ok()?;
        let is_own = !rebase.edits.iter().any(|(index, _)| is_published(*index));
        is_own.then_some((*moved, *onto, rebase))
    })
}

/// Returns whether links are missing, so that additional heads and bases are only a consequence.
pub(super) fn has_gaps(links: &[Vec<Link>]) -> bool {
    links
        .iter()
        .flatten()
        .any(|link| matches!(link, Link::Unknown(_)))
}
