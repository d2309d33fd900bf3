//! Reads a chain.lock that may be broken.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::__support::{entry, is_conflict_marker};
use migrate_core::{ChainLock, Entry, Folder, LockState, Revision};

/// The readable contents of chain.lock.
#[derive(Default)]
pub(super) struct FoundLock {
    /// The entries of all revisions; a conflict may cause several for one.
    lines: Vec<(String, Entry)>,
    /// The reason why it must be rewritten.
    pub(super) wrong: Option<&'static str>,
    /// Set if it cannot be checked: another version wrote it, or it cannot be opened.
    pub(super) foreign: bool,
}

impl FoundLock {
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
