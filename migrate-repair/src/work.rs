//! The folder during the repair.

use std::collections::{BTreeMap, BTreeSet};

use super::found_lock::FoundLock;
use super::{RepairOptions, Repaired};
use migrate_core::{
    Code, Config, Entry, File, Folder, Hash, LockState, Revision, RevisionId, Survey,
};

/// The folder, the facts known about it before the repair, and the repairs made.
pub(super) struct Work<'a> {
    pub(super) config: &'a Config,
    pub(super) options: &'a RepairOptions,
    pub(super) folder: Folder,
    /// The readable contents of chain.lock.
    pub(super) found: FoundLock,
    /// The entry of each revision in chain.lock.
    pub(super) lock: BTreeMap<String, Entry>,
    /// The hashes of each file before its links were repaired.
    known_hashes: BTreeMap<String, BTreeSet<Hash>>,
    /// The files that were readable from the start, with their original id and hash.
    pub(super) originals: BTreeMap<String, (RevisionId, Hash)>,
    /// The links that were readable from the start: a file and a parent that it names.
    pub(super) links: BTreeSet<(String, RevisionId)>,
    /// The files whose parents named a place instead of a revision.
    pub(super) lost_parents: BTreeSet<String>,
    /// The ids assigned by the repair.
    pub(super) new: BTreeSet<String>,
    pub(super) done: Vec<Repaired>,
    /// The present names of renamed files, by their old names.
    pub(super) renamed: BTreeMap<String, String>,
}

impl<'a> Work<'a> {
    pub(super) fn new(folder: &Folder, config: &'a Config, options: &'a RepairOptions) -> Self {
        let survey = Survey::new(folder, config);
        let found = FoundLock::read(folder, options.committed_lock.as_deref());
        let mut work = Self {
            config,
            options,
            folder: folder.clone(),
            lock: found.entries(&survey.revisions),
            found,
            known_hashes: BTreeMap::new(),
            originals: survey
                .revisions
                .iter()
                .map(|revision| {
                    let original = (revision.id.clone(), revision.hash);
                    (revision.file.to_string(), original)
                })
                .collect(),
            links: survey
                .revisions
                .iter()
                .flat_map(|revision| {
                    let parents = revision.parents.iter();
                    parents.map(|parent| (revision.file.to_string(), parent.clone()))
                })
                .collect(),
            lost_parents: BTreeSet::new(),
            new: BTreeSet::new(),
            done: Vec::new(),
            renamed: BTreeMap::new(),
        };
        work.remember(&survey);
        work
    }

    /// Records the present hash of each file.
    pub(super) fn remember(&mut self, survey: &Survey) {
        for revision in &survey.revisions {
            let hashes = self
                .known_hashes
                .entry(revision.file.to_string())
                .or_default();
            hashes.insert(revision.hash);
        }
    }

    /// Returns the revisions whose hash differs both from their original and from the sealed one.
    pub(super) fn changed(&self, survey: &Survey) -> Vec<RevisionId> {
        let is_changed = |revision: &&Revision| {
            let state = self.lock.get(revision.id.as_str()).map(|entry| entry.state);
            let original = self.originals.get(&*revision.file);
            original.is_some_and(|(id, hash)| *id == revision.id && *hash != revision.hash)
                && state != Some(LockState::Sealed(revision.hash))
        };
        let changed = survey.revisions.iter().filter(is_changed);
        changed.map(|revision| revision.id.clone()).collect()
    }

    /// Returns whether a file had this hash before its links were repaired.
    pub(super) fn had_hash(&self, file: &str, hash: Hash) -> bool {
        self.known_hashes
            .get(file)
            .is_some_and(|hashes| hashes.contains(&hash))
    }

    /// Reads and checks the folder in its present state.
    pub(super) fn survey(&self) -> Survey {
        Survey::new(&self.folder, self.config)
    }

    /// Returns whether there are files whose revision is unknown: one of them may be a missing
    /// parent.
    pub(super) fn has_unidentified_files(&self, survey: &Survey) -> bool {
        !self.folder.unread.is_empty() || survey.revisions.len() < self.folder.files.len()
    }

    /// Returns the names of the files whose revision is unknown.
    pub(super) fn unidentified_files(&self, survey: &Survey) -> Vec<String> {
        let known: BTreeSet<&str> = survey
            .revisions
            .iter()
            .map(|revision| &*revision.file)
            .collect();
        let files = self.folder.files.iter().map(|file| file.name.as_str());
        files
            .filter(|name| !known.contains(name))
            .chain(self.folder.unread.iter().map(String::as_str))
            .map(str::to_owned)
            .collect()
    }

    /// Returns whether chain.lock has sealed a revision.
    pub(super) fn has_sealed(&self, id: &str) -> bool {
        let entry = self.lock.get(id);
        entry.is_some_and(|entry| matches!(entry.state, LockState::Sealed(_)))
    }

    /// Returns whether the hash of a file, before or after its repair, is the sealed one.
    pub(super) fn is_sealed(&self, revision: &Revision) -> bool {
        match self.lock.get(revision.id.as_str()).map(|entry| entry.state) {
            Some(LockState::Sealed(hash)) => {
                hash == revision.hash || self.had_hash(&revision.file, hash)
            }
            _ => false,
        }
    }

    pub(super) fn did(
        &mut self,
        code: Code,
        revision: &str,
        file: &str,
        reason: impl Into<String>,
    ) {
        self.done.push(Repaired {
            code,
            revision: (!revision.is_empty()).then(|| revision.to_owned()),
            file: file.to_owned(),
            reason: reason.into(),
        });
    }

    /// Returns the file with this name, which exists.
    pub(super) fn file(&mut self, name: &str) -> &mut File {
        let file = self.folder.files.iter_mut().find(|file| file.name == name);
        file.expect("a revision has a file")
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: String, text: String) {
        self.folder.files.push(File {
            name,
            text: text.into(),
        });
        self.folder.files.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Returns a name that is not taken.
    pub(super) fn free_name(&self, name: &str) -> String {
        let is_taken = |name: &str| {
            let files = self.folder.files.iter().map(|file| &file.name);
            files
                .chain(&self.folder.unread)
                .any(|file| file.eq_ignore_ascii_case(name))
        };
        let stem = super::names::stem(name);
        let mut free = name.to_owned();
        for number in 2.. {
            if !is_taken(&free) {
                break;
            }
            free = format!("{stem}_{number}.sql");
        }
        free
    }
}
