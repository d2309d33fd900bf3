//! The links of a broken chain, which are changed one by one.

use std::collections::BTreeMap;

use super::age::Ages;
use super::tables;
use super::work::Work;
use migrate_core::__support::with_value;
use migrate_core::{Code, Revision, RevisionId, Survey};

/// A parent named in a `-- parents:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// A revision that exists.
    To(usize),
    /// A revision that does not exist.
    Unknown(RevisionId),
}

/// A name in a `-- depends-on:` line, and the revision that it refers to.
type Dependency = (String, Option<usize>);

/// The revisions of a folder and their links; indices are those of the survey.
pub(super) struct Model {
    pub(super) ids: Vec<RevisionId>,
    /// The revisions' files.
    pub(super) files: Vec<String>,
    /// The parents of each, as in its file.
    pub(super) links: Vec<Vec<Link>>,
    /// The dependencies of each.
    pub(super) dependencies: Vec<Vec<Dependency>>,
    /// The revisions whose tables each uses, with the table.
    pub(super) tables: Vec<Vec<(usize, String)>>,
    pub(super) ages: Ages,
    /// The position of each in the order of their ages.
    pub(super) rank: Vec<usize>,
    /// The parents of each according to chain.lock, if all of them exist.
    pub(super) locked: Vec<Option<Vec<usize>>>,
    /// The parents that only a repaired header names.
    pub(super) guessed: Vec<Vec<usize>>,
    /// Revisions that lost their only parent and need another one, with the code of the problem.
    pub(super) parentless: Vec<Option<Code>>,
    /// The lost parent of each of them.
    pub(super) lost_parents: BTreeMap<usize, Link>,
    pub(super) by_id: BTreeMap<RevisionId, usize>,
    /// The repairs: the revision, the problem and the reason.
    pub(super) done: Vec<(usize, Code, String)>,
    originals: Vec<(Vec<Link>, Vec<Dependency>)>,
}

impl Model {
    pub(super) fn new(survey: &Survey, work: &Work<'_>) -> Self {
        let revisions = &survey.revisions;
        let graph = &survey.graph;
        let ages = Ages::new(revisions, work);
        let to = |id: &RevisionId| match graph.index(id.as_str()) {
            Some(index) => Link::To(index),
            None => Link::Unknown(id.clone()),
        };
        let links: Vec<Vec<Link>> = revisions
            .iter()
            .map(|revision| revision.parents.iter().map(to).collect())
            .collect();
        let need = |name: &str| {
            let named = graph.index(name).or_else(|| graph.label(name));
            named.or_else(|| match graph.with_prefix(name)[..] {
                [only] if !name.is_empty() => Some(only),
                _ => None,
            })
        };
        let dependencies: Vec<Vec<_>> = revisions
            .iter()
            .map(|revision| {
                let needs = revision.depends_on.iter();
                needs.map(|name| (name.to_string(), need(name))).collect()
            })
            .collect();
        let locked = |revision: &Revision| {
            let entry = work.lock.get(revision.id.as_str())?;
            let parents = entry.parents.iter().map(|id| graph.index(id.as_str()));
            parents.collect::<Option<Vec<usize>>>()
        };
        let parentless = revisions.iter().map(|revision| {
            let is_parentless =
                revision.parents.is_empty() && work.lost_parents.contains(&*revision.file);
            is_parentless.then_some(Code::InvalidRevisionId)
        });
        let guessed = revisions.iter().map(|revision| {
            let is_new = |parent: &&RevisionId| {
                let link = (revision.file.to_string(), (*parent).clone());
                !work.links.contains(&link)
            };
            let new = revision.parents.iter().filter(is_new);
            new.filter_map(|parent| graph.index(parent.as_str()))
                .collect()
        });
        Self {
            guessed: guessed.collect(),
            ids: revisions
                .iter()
                .map(|revision| revision.id.clone())
                .collect(),
            files: revisions
                .iter()
                .map(|revision| revision.file.to_string())
                .collect(),
            tables: tables::needs(revisions, work.config),
            rank: ages.ranks(),
            ages,
            locked: revisions.iter().map(locked).collect(),
            parentless: parentless.collect(),
            lost_parents: BTreeMap::new(),
            by_id: (0..revisions.len())
                .rev()
                .map(|index| (revisions[index].id.clone(), index))
                .collect(),
            done: Vec::new(),
            originals: links
                .iter()
                .cloned()
                .zip(dependencies.iter().cloned())
                .collect(),
            links,
            dependencies,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns all revisions in the order of their rank.
    pub(super) fn by_age(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by_key(|index| self.rank[*index]);
        order
    }

    /// Returns the parents of a revision that exist.
    pub(super) fn parents(&self, index: usize) -> impl Iterator<Item = usize> {
        self.links[index].iter().filter_map(|link| match link {
            Link::To(parent) => Some(*parent),
            Link::Unknown(_) => None,
        })
    }

    /// Returns the revisions that must be applied before a revision, through one link.
    pub(super) fn below(&self, index: usize) -> impl Iterator<Item = usize> {
        let needs = self.dependencies[index]
            .iter()
            .filter_map(|(_, need)| *need);
        self.parents(index).chain(needs)
    }

    /// Returns for each revision whether it is one of `of` or needed by one of them.
    pub(super) fn ancestors(&self, of: impl IntoIterator<Item = usize>) -> Vec<bool> {
        reach(self.len(), of, |index| self.below(index).collect())
    }

    /// Returns whether `index` is `other` or needs it.
    pub(super) fn needs(&self, index: usize, other: usize) -> bool {
        self.ancestors([index])[other]
    }

    /// Returns the children of each revision.
    pub(super) fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.len()];
        for index in 0..self.len() {
            for parent in self.parents(index) {
                children[parent].push(index);
            }
        }
        children
    }

    /// Returns the revisions that need each, through one link.
    pub(super) fn above(&self) -> Vec<Vec<usize>> {
        let mut above = vec![Vec::new(); self.len()];
        for index in 0..self.len() {
            for below in self.below(index) {
                above[below].push(index);
            }
        }
        above
    }

    /// Returns the revisions that no other of these follows, sorted by id.
    pub(super) fn heads_of(&self, of: &[usize]) -> Vec<usize> {
        let mut among = vec![false; self.len()];
        of.iter().for_each(|index| among[*index] = true);
        let mut followed = vec![false; self.len()];
        for index in of {
            self.parents(*index)
                .for_each(|parent| followed[parent] = true);
        }
        let mut ends: Vec<usize> = of
            .iter()
            .copied()
            .filter(|index| !followed[*index])
            .collect();
        ends.sort_by_key(|index| &self.ids[*index]);
        ends
    }

    /// Returns the revisions that no other of these needs.
    pub(super) fn highest(&self, of: &[usize]) -> Vec<usize> {
        let mut highest: Vec<usize> = Vec::new();
        for index in of {
            let others = of.iter().copied().filter(|other| other != index);
            if !highest.contains(index) && !self.ancestors(others)[*index] {
                highest.push(*index);
            }
        }
        highest
    }

    /// Sets the parents of a revision.
    pub(super) fn follow(&mut self, index: usize, parents: &[usize], code: Code, why: String) {
        self.links[index] = parents.iter().map(|parent| Link::To(*parent)).collect();
        self.done.push((index, code, why));
    }

    /// Lists revisions for messages.
    pub(super) fn listed(&self, indices: &[usize]) -> String {
        let names: Vec<String> = indices
            .iter()
            .map(|index| format!("`{}`", self.ids[*index]))
            .collect();
        match &names[..] {
            [] => "nothing".to_owned(),
            [only] => only.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }

    /// Returns the parents of a revision in chain.lock, if they can be its parents.
    pub(super) fn locked_parents(&self, index: usize) -> Option<Vec<usize>> {
        let locked = self.locked[index].as_ref()?;
        let needed = self.ancestors(locked.iter().copied());
        (!locked.is_empty() && !needed[index]).then(|| locked.clone())
    }

    /// Removes the parents that other parents follow already.
    pub(super) fn remove_redundant_parents(&mut self) {
        for index in 0..self.len() {
            let parents: Vec<usize> = self.parents(index).collect();
            if parents.len() < 2 {
                continue;
            }
            for parent in &parents {
                let through = parents.iter().find(|other| {
                    *other != parent
                        && self.parents(index).any(|at| at == **other)
                        && self.leads(*parent, **other)
                });
                if let Some(through) = through {
                    let why = format!(
                        "{} follows {} already",
                        self.listed(&[*through]),
                        self.listed(&[*parent])
                    );
                    self.links[index].retain(|link| *link != Link::To(*parent));
                    self.done.push((index, Code::RedundantParent, why));
                }
            }
        }
    }

    /// Returns whether `to` follows `from`, by parents alone.
    fn leads(&self, from: usize, to: usize) -> bool {
        reach(self.len(), [to], |index| self.parents(index).collect())[from]
    }

    /// Writes the changed links into the files, and records the repairs.
    pub(super) fn write(&self, work: &mut Work<'_>, survey: &Survey) {
        for (index, revision) in survey.revisions.iter().enumerate() {
            let (links, dependencies) = &self.originals[index];
            let new_parents = *links != self.links[index];
            let new_dependencies = *dependencies != self.dependencies[index];
            if !new_parents && !new_dependencies {
                continue;
            }
            let mut text = match new_parents {
                true => {
                    let id = |link: &Link| match link {
                        Link::To(parent) => self.ids[*parent].clone(),
                        Link::Unknown(id) => id.clone(),
                    };
                    let parents: Vec<_> = self.links[index].iter().map(id).collect();
                    revision.with_parents(&parents)
                }
                false => revision.text.to_string(),
            };
            if new_dependencies {
                let names: Vec<_> = self.dependencies[index]
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .collect();
                text = with_value(&text, "depends-on", &names.join(", "));
            }
            work.file(&revision.file).text = text.into();
        }
        for (index, code, why) in &self.done {
            let id = self.ids[*index].as_str();
            work.did(*code, id, &self.files[*index], why.clone());
        }
    }
}

fn reach(
    count: usize,
    from: impl IntoIterator<Item = usize>,
    next: impl Fn(usize) -> Vec<usize>,
) -> Vec<bool> {
    let mut seen = vec![false; count];
    let mut open: Vec<usize> = from.into_iter().collect();
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut seen[index], true) {
            open.extend(next(index));
        }
    }
    seen
}
