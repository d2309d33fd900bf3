//! Writes chain.lock after the repair of the files.

use std::collections::BTreeSet;

use super::work::Work;
use migrate_core::{ChainLock, Code, LockState, Revision, Survey};

/// Writes the chain.lock for the repaired files.
pub(super) fn repair(work: &mut Work<'_>) {
    let is_nothing = work.folder.files.is_empty() && work.folder.lock.is_none();
    if work.found.foreign || is_nothing {
        return;
    }
    let survey = work.survey();
    let known = work
        .lock
        .iter()
        .map(|(id, entry)| (id.parse().expect("it was read as an id"), entry.clone()));
    let mut lock: ChainLock = known.collect();
    let before = lock.clone();
    if let Some(wrong) = work.found.wrong {
        let code = match work.folder.lock {
            Some(_) => Code::LockMalformed,
            None => Code::LockMissing,
        };
        work.did(code, "", ChainLock::FILE, wrong);
    }
    let mut entered = Vec::new();
    for (index, revision) in survey.revisions.iter().enumerate() {
        let id = revision.id.as_str();
        if survey.graph.index(id) != Some(index) {
            continue;
        }
        match lock.get(id).map(|entry| entry.state) {
            None => {
                lock.draft(revision);
                entered.push(id.to_owned());
            }
            Some(LockState::Draft) => {
                if lock
                    .get(id)
                    .is_some_and(|entry| entry.parents != *revision.parents)
                    && !work.had_hash(&revision.file, revision.hash)
                {
                    lock.draft(revision);
                }
            }
            Some(LockState::Sealed(hash)) if hash == revision.hash => {}
            Some(LockState::Sealed(_)) => {
                if work.is_sealed(revision) || differs_only_in_parents(work, revision) {
                    lock.seal(revision);
                }
            }
        }
    }
    if work.folder.lock.is_some() {
        // A new revision needs no other explanation.
        for id in entered
            .iter()
            .filter(|id| !work.new.contains(*id))
            .cloned()
            .collect::<Vec<_>>()
        {
            work.did(
                Code::LockMissing,
                &id,
                ChainLock::FILE,
                "it was not in chain.lock: it is added as a draft",
            );
        }
    }
    // If all files are gone, the lock is not the problem.
    if !work.folder.files.is_empty() {
        forget(work, &survey, &mut lock);
    }
    if lock != before || work.found.wrong.is_some() {
        work.folder.lock = Some(lock.render());
    }
}

/// Returns whether a file would have the sealed hash if it had the sealed parents: then only the
/// repair has changed it.
fn differs_only_in_parents(work: &Work<'_>, revision: &Revision) -> bool {
    let Some(entry) = work.lock.get(revision.id.as_str()) else {
        return false;
    };
    // A file that was readable and had another hash was edited by somebody.
    if work.originals.contains_key(&*revision.file) {
        return false;
    }
    let text = revision.with_parents(&entry.parents);
    let sealed = Revision::parse(&revision.file, &text, work.config.dialects);
    sealed.is_ok_and(|sealed| LockState::Sealed(sealed.hash) == entry.state)
}

/// Removes revisions from the lock that have no file and that nothing needs.
fn forget(work: &mut Work<'_>, survey: &Survey, lock: &mut ChainLock) {
    let unidentified = work.unidentified_files(survey);
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for revision in &survey.revisions {
        named.extend(revision.parents.iter().map(AsRef::as_ref));
        named.extend(revision.depends_on.iter().map(|name| &**name));
    }
    let gone: Vec<String> = lock
        .iter()
        .map(|(id, _)| id.to_string())
        .filter(|id| survey.graph.index(id).is_none())
        .filter(|id| !named.contains(id.as_str()))
        .filter(|id| !unidentified.iter().any(|name| name.contains(id.as_str())))
        .collect();
    for id in gone {
        lock.remove(&id);
        work.did(
            Code::LockDeleted,
            &id,
            ChainLock::FILE,
            "its file is gone and nothing follows it; a database that has applied it keeps its text: `cargo migrate repair --ledger` restores it",
        );
    }
}
