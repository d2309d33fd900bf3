//! Reads a broken chain.lock, and writes the lock after the repair of the files.

use std::collections::{BTreeMap, BTreeSet};

use super::work::Work;
use migrate_core::__support::{entry, is_conflict_marker};
use migrate_core::{ChainLock, Code, Entry, Folder, LockState, Revision, Survey};

/// The readable contents of chain.lock.
#[derive(Default)]
pub(super) struct Found {
    /// The entries of all revisions; a conflict may cause several for one.
    lines: Vec<(String, Entry)>,
    /// The reason why it must be rewritten.
    wrong: Option<&'static str>,
    /// Set if it cannot be checked: another version wrote it, or it cannot be opened.
    pub(super) foreign: bool,
}

impl Found {
    /// Reads every readable line. If some are unreadable or there is no lock, those of the
    /// committed lock are added.
    pub(super) fn read(folder: &Folder, committed: Option<&str>) -> Self {
        let mut found = Self::default();
        let file = folder.shown_file(ChainLock::FILE);
        let unreadable = folder
            .diagnostics
            .iter()
            .any(|found| found.labels.first().is_some_and(|label| label.file == file));
        if unreadable {
            found.foreign = true;
            return found;
        }
        match folder.lock.as_deref() {
            Some(text) => found.lines(text),
            None => {
                found.wrong = Some(match committed {
                    Some(_) => {
                        "chain.lock was missing: it is restored as committed, with newer revisions as drafts"
                    }
                    None => {
                        "chain.lock was missing: it is written with every revision as a draft; `cargo migrate lock` seals them"
                    }
                });
            }
        }
        let is_whole = folder
            .lock
            .as_deref()
            .is_some_and(|text| ChainLock::parse(&file, text).is_ok());
        if !is_whole && !found.foreign {
            if found.wrong.is_none() {
                found.wrong =
                    Some("some of its lines were invalid: it is rewritten with the others");
            }
            if let Some(committed) = committed.filter(|text| ChainLock::parse(&file, text).is_ok())
            {
                let known: BTreeSet<String> =
                    found.lines.iter().map(|(id, _)| id.clone()).collect();
                let mut before = Self::default();
                before.lines(committed);
                found.lines.extend(
                    before
                        .lines
                        .into_iter()
                        .filter(|(id, _)| !known.contains(id)),
                );
            }
        }
        found
    }

    fn lines(&mut self, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim();
            if is_conflict_marker(trimmed) {
                self.wrong = Some("it had conflict markers: it now has the lines of both sides");
            } else if let Some(version) = trimmed.strip_prefix("version ") {
                self.foreign |= line.ends_with('\n') && version != ChainLock::VERSION.to_string();
            } else if line.ends_with('\n')
                && let Some((id, entry)) = entry(trimmed)
            {
                self.lines.push((id.to_string(), entry));
            }
        }
    }

    /// Returns the entry of each revision. If there are several, the one that matches the file is
    /// used, otherwise a seal before a draft, otherwise the first.
    pub(super) fn entries(&self, revisions: &[Revision]) -> BTreeMap<String, Entry> {
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        let hashes: BTreeSet<_> = revisions
            .iter()
            .map(|revision| (revision.id.as_str(), revision.hash))
            .collect();
        let weight = |id: &str, entry: &Entry| match entry.state {
            LockState::Sealed(hash) if hashes.contains(&(id, hash)) => 2,
            LockState::Sealed(_) => 1,
            LockState::Draft => 0,
        };
        for (id, entry) in &self.lines {
            match entries.get(id) {
                Some(known) if weight(id, known) >= weight(id, entry) => {}
                _ => {
                    entries.insert(id.clone(), entry.clone());
                }
            }
        }
        entries
    }
}

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
