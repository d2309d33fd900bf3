//! Parents, dependencies and labels of imported revisions.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::RevisionId;

use crate::import::names::valid;
use crate::import::{History, Migration, Names, Note};

/// Parents, dependencies and labels of each revision, as this project can have them.
pub(super) struct Links(pub(super) Vec<Link>);

pub(super) struct Link {
    pub(super) parents: Vec<RevisionId>,
    pub(super) depends_on: Vec<String>,
    pub(super) labels: Vec<String>,
}

impl Links {
    pub(super) fn new(history: &History, ids: &Names, notes: &mut Vec<Note>) -> Self {
        let taken: BTreeSet<&str> = history
            .revisions
            .iter()
            .filter_map(|migration| ids.get(&migration.version).map(RevisionId::as_str))
            .collect();
        let mut labels: BTreeMap<&str, String> = BTreeMap::new();
        for migration in &history.revisions {
            for label in &migration.labels {
                let new = valid(label);
                let known = labels.values().any(|other| *other == new);
                if taken.contains(new.as_str()) || known {
                    let why = match known {
                        true => "is given twice",
                        false => "is also an id",
                    };
                    notes.push(Note::left(
                        &migration.place,
                        format!("the label `{label}` {why} and is left out"),
                    ));
                    continue;
                }
                if new != *label {
                    notes.push(Note::changed(
                        &migration.place,
                        format!("the label `{label}` becomes `{new}`"),
                    ));
                }
                labels.insert(label, new);
            }
        }
        let link = |migration: &Migration| {
            let mut parents: Vec<RevisionId> = Vec::new();
            for parent in &migration.parents {
                match ids.get(parent) {
                    Some(id) if !parents.contains(id) => parents.push(id.clone()),
                    Some(_) => {}
                    None => notes.push(Note::left(
                        &migration.place,
                        format!("its parent `{parent}` is in no file and is left out"),
                    )),
                }
            }
            let mut depends_on = Vec::new();
            for name in &migration.depends_on {
                let label = labels.get(name.as_str());
                let beginnings = || {
                    let mut fitting = history
                        .revisions
                        .iter()
                        .filter(|other| other.version.starts_with(name.as_str()));
                    fitting
                        .next()
                        .filter(|_| fitting.next().is_none() && !name.is_empty())
                };
                let found = match (ids.get(name), label) {
                    (Some(id), _) => Some(id.to_string()),
                    (None, Some(label)) => Some(label.clone()),
                    (None, None) => beginnings()
                        .and_then(|other| ids.get(&other.version))
                        .map(ToString::to_string),
                };
                match found {
                    Some(found) => depends_on.push(found),
                    None => notes.push(Note::left(
                        &migration.place,
                        format!("it depends on `{name}`, which is in no file; the dependency is left out"),
                    )),
                }
            }
            let own = migration
                .labels
                .iter()
                .filter_map(|label| labels.get(label.as_str()).cloned());
            Link {
                parents,
                depends_on,
                labels: own.collect(),
            }
        };
        Self(history.revisions.iter().map(link).collect())
    }
}
