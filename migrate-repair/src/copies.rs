//! Repairs several files with one id: usually a file was copied to begin the next one.

use std::collections::{BTreeMap, BTreeSet};

use super::age::Ages;
use super::model::Model;
use super::names;
use super::work::Work;
use migrate_core::__support::Hasher;
use migrate_core::__support::with_value;
use migrate_core::{Code, NewRevision, Revision, RevisionId, Survey};

/// Leaves one file for each id.
pub(super) fn repair(work: &mut Work<'_>) {
    let survey = work.survey();
    let mut files: BTreeMap<&RevisionId, Vec<usize>> = BTreeMap::new();
    for (index, revision) in survey.revisions.iter().enumerate() {
        files.entry(&revision.id).or_default().push(index);
    }
    files.retain(|_, files| files.len() > 1);
    if files.is_empty() {
        return;
    }
    let model = Model::new(&survey, work);
    let mut taken: BTreeSet<String> = model.by_id.keys().map(ToString::to_string).collect();
    taken.extend(work.lock.keys().cloned());
    let mut referred: BTreeSet<usize> = files.values().flatten().copied().collect();
    for (id, files) in files {
        let ages = Ages::new(&survey.revisions, work);
        let rank = ages.ranks();
        let revisions = &survey.revisions;
        let is_committed = |index: usize| work.options.committed.contains(&*revisions[index].file);
        let keeper = files.iter().copied().min_by_key(|index| {
            let revision = &revisions[*index];
            (
                !work.is_sealed(revision),
                !is_committed(*index),
                !names::holds(&revision.file, id.as_str()),
                rank[*index],
            )
        });
        // Of identical files, the one is kept whose name has no suffix of its own.
        let keeper = keeper.and_then(|keeper| {
            let same = files
                .iter()
                .filter(|index| revisions[**index].hash == revisions[keeper].hash);
            same.copied().min_by_key(|index| {
                let name = &*revisions[*index].file;
                (!names::holds(name, id.as_str()), name.len(), name)
            })
        });
        let Some(keeper) = keeper else { continue };
        let others = files.iter().copied().filter(|index| *index != keeper);
        let others: Vec<usize> = others.collect();
        let all_others = |is: &dyn Fn(usize) -> bool| others.iter().all(|index| is(*index));
        let why = if work.is_sealed(&revisions[keeper]) {
            "it is the one that chain.lock has sealed"
        } else if is_committed(keeper) && all_others(&|other| !is_committed(other)) {
            "it is the one that git has"
        } else if all_others(&|other| ages.is_older(keeper, other)) {
            "it is the older one"
        } else {
            "nothing else says which is the original, so its file name decides"
        };
        let kept = &revisions[keeper];
        // Copies of copies too: each text is kept once.
        let mut texts = BTreeMap::from([(kept.hash, kept.file.to_string())]);
        for index in files.into_iter().filter(|index| *index != keeper) {
            let revision = &revisions[index];
            if let Some(same) = texts.get(&revision.hash) {
                let reason = format!("it is identical to `{same}`, which keeps the id");
                work.folder.files.retain(|file| file.name != *revision.file);
                work.did(Code::DuplicateRevision, id.as_str(), &revision.file, reason);
                continue;
            }
            let new = new_id("cargo-migrate copy 1", revision.hash.as_bytes(), &taken);
            taken.insert(new.to_string());
            work.new.insert(new.to_string());
            texts.insert(revision.hash, revision.file.to_string());
            let name = renamed(work, revision, &new);
            let reason = format!(
                "`{}` keeps the id `{id}`: {why}; this one is now `{new}`",
                kept.file
            );
            work.did(Code::DuplicateRevision, new.as_str(), &name, reason);
            for child in followers(&model, &survey, keeper, index) {
                // A copy is no evidence about the others.
                if referred.insert(child) {
                    refer(work, &survey.revisions[child], id, &new);
                }
            }
        }
    }
}

/// Derives 12 hex digits from the contents of a revision, so that everybody who repairs the same
/// folder gets the same id.
pub(super) fn new_id(kind: &str, content: &[u8], taken: &BTreeSet<String>) -> RevisionId {
    for number in 0_u64.. {
        let mut hasher = Hasher::new(kind);
        hasher.part(content);
        hasher.part(&number.to_le_bytes());
        let mut id = hasher.finish().to_string();
        id.truncate(12);
        if !taken.contains(&id) {
            return id.parse().expect("hex digits are an id");
        }
    }
    unreachable!("there are more ids than files")
}

/// Writes the new id into the file and renames it; returns the new name.
fn renamed(work: &mut Work<'_>, revision: &Revision, id: &RevisionId) -> String {
    let old = revision.file.to_string();
    let text = with_value(&revision.text, "revision", id.as_str());
    let created = match &*revision.created {
        "" => names::stamp(&old)
            .map(|stamp| names::created(&stamp))
            .unwrap_or_default(),
        created => created.to_owned(),
    };
    let template = NewRevision {
        id: id.clone(),
        message: revision.message.to_string(),
        created,
        ..NewRevision::empty()
    };
    let is_named = work.config.file_name.contains("{id}");
    work.folder.files.retain(|file| file.name != old);
    let name = match is_named {
        true => work.free_name(&template.file_name(&work.config.file_name)),
        false => old.clone(),
    };
    work.add(name.clone(), text);
    if name != old {
        work.renamed.insert(old, name.clone());
    }
    name
}

/// Returns the revisions that name the id and must refer to the copy: the file that keeps the id
/// needs them, or only the copy creates a table that they use.
fn followers(model: &Model, survey: &Survey, keeper: usize, copy: usize) -> Vec<usize> {
    // Links by id lead to the file that comes first; here they must lead nowhere else.
    let bearer = survey.graph.index(model.ids[keeper].as_str());
    let follows = |index: usize| model.below(index).any(|below| Some(below) == bearer);
    let needed = model.ancestors(model.below(keeper));
    (0..model.len())
        .filter(|index| *index != copy && *index != keeper && follows(*index))
        .filter(|index| {
            let uses = |maker: usize| {
                model.tables[*index]
                    .iter()
                    .any(|(needs, _)| *needs == maker)
            };
            needed[*index] || uses(copy) && !uses(keeper)
        })
        .collect()
}

/// Makes a file refer to the copy's new id.
fn refer(work: &mut Work<'_>, child: &Revision, id: &RevisionId, new: &RevisionId) {
    let parents: Vec<RevisionId> = child
        .parents
        .iter()
        .map(|parent| {
            if parent == id {
                new.clone()
            } else {
                parent.clone()
            }
        })
        .collect();
    let mut text = child.with_parents(&parents);
    if child.depends_on.iter().any(|name| **name == *id.as_str()) {
        let names = child
            .depends_on
            .iter()
            .map(|name| match **name == *id.as_str() {
                true => new.as_str(),
                false => name,
            });
        text = with_value(&text, "depends-on", &names.collect::<Vec<_>>().join(", "));
    }
    work.file(&child.file).text = text.into();
    work.did(
        Code::DuplicateRevision,
        child.id.as_str(),
        &child.file,
        format!("of the two revisions `{id}` it can only need the one that is now `{new}`"),
    );
}
