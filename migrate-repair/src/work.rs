//! The folder while it is mended.

use std::collections::{BTreeMap, BTreeSet};

use super::locks::Found;
use super::model::Model;
use super::{Mended, RepairOptions};
use migrate_core::__support::with_value;
use migrate_core::{
    Code, Config, Entry, File, Folder, Hash, LockState, Revision, RevisionId, Survey,
};

/// The folder, what is known of it from before, and what was done.
pub(super) struct Work<'a> {
    pub(super) config: &'a Config,
    pub(super) options: &'a RepairOptions,
    pub(super) folder: Folder,
    /// What could be read of chain.lock.
    pub(super) found: Found,
    /// What it says of each revision.
    pub(super) lock: BTreeMap<String, Entry>,
    /// What each file meant before its links were mended.
    meant: BTreeMap<String, BTreeSet<Hash>>,
    /// Files that could be read as they were, with what they were.
    pub(super) read: BTreeMap<String, (RevisionId, Hash)>,
    /// The links that could be read as they were: a file and the parent that it names.
    pub(super) links: BTreeSet<(String, RevisionId)>,
    /// Files whose parents named no revision, but a place.
    pub(super) orphans: BTreeSet<String>,
    /// Ids that were given here.
    pub(super) new: BTreeSet<String>,
    pub(super) done: Vec<Mended>,
    /// Files that have another name now, by their old one.
    pub(super) renamed: BTreeMap<String, String>,
}

impl<'a> Work<'a> {
    pub(super) fn new(folder: &Folder, config: &'a Config, options: &'a RepairOptions) -> Self {
        let survey = Survey::new(folder, config);
        let found = Found::read(folder, options.committed_lock.as_deref());
        let mut work = Self {
            config,
            options,
            folder: folder.clone(),
            lock: found.entries(&survey.revisions),
            found,
            meant: BTreeMap::new(),
            read: survey
                .revisions
                .iter()
                .map(|revision| {
                    let was = (revision.id.clone(), revision.hash);
                    (revision.file.to_string(), was)
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
            orphans: BTreeSet::new(),
            new: BTreeSet::new(),
            done: Vec::new(),
            renamed: BTreeMap::new(),
        };
        work.remember(&survey);
        work
    }

    /// Keeps in mind what each file means now.
    pub(super) fn remember(&mut self, survey: &Survey) {
        for revision in &survey.revisions {
            let meant = self.meant.entry(revision.file.to_string()).or_default();
            meant.insert(revision.hash);
        }
    }

    /// The revisions that mean something else than they did, nor what was sealed.
    pub(super) fn changed(&self, survey: &Survey) -> Vec<RevisionId> {
        let is_changed = |revision: &&Revision| {
            let state = self.lock.get(revision.id.as_str()).map(|entry| entry.state);
            let was_read = self.read.get(&*revision.file);
            was_read.is_some_and(|(id, hash)| *id == revision.id && *hash != revision.hash)
                && state != Some(LockState::Sealed(revision.hash))
        };
        let changed = survey.revisions.iter().filter(is_changed);
        changed.map(|revision| revision.id.clone()).collect()
    }

    /// Whether a file meant this before its links were mended.
    pub(super) fn meant(&self, file: &str, hash: Hash) -> bool {
        self.meant
            .get(file)
            .is_some_and(|meant| meant.contains(&hash))
    }

    /// Understands the folder as it is now.
    pub(super) fn survey(&self) -> Survey {
        Survey::new(&self.folder, self.config)
    }

    /// Whether files are there of which nobody knows which revision they are: one of them may be
    /// the parent that is missing.
    pub(super) fn has_strangers(&self, survey: &Survey) -> bool {
        !self.folder.unread.is_empty() || survey.revisions.len() < self.folder.files.len()
    }

    /// The names of files of which nobody knows which revision they are.
    pub(super) fn strangers(&self, survey: &Survey) -> Vec<String> {
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

    /// Whether a file means what was sealed, before or after it was mended.
    pub(super) fn is_sealed(&self, revision: &Revision) -> bool {
        match self.lock.get(revision.id.as_str()).map(|entry| entry.state) {
            Some(LockState::Sealed(hash)) => {
                hash == revision.hash || self.meant(&revision.file, hash)
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
        self.done.push(Mended {
            code,
            revision: (!revision.is_empty()).then(|| revision.to_owned()),
            file: file.to_owned(),
            reason: reason.into(),
        });
    }

    /// The file of this name; it is there.
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

    /// A name that no file has yet.
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

    /// Writes the links of a model into the files.
    pub(super) fn write(&mut self, model: &Model, survey: &Survey) {
        for changed in model.changed() {
            let Some(revision) = survey
                .revisions
                .iter()
                .find(|revision| *revision.file == *changed.file)
            else {
                continue;
            };
            let mut text = match &changed.parents {
                Some(parents) => revision.with_parents(parents),
                None => revision.text.to_string(),
            };
            if let Some(depends_on) = &changed.depends_on {
                text = with_value(&text, "depends-on", &depends_on.join(", "));
            }
            self.file(changed.file).text = text.into();
        }
        for (index, code, why) in &model.done {
            self.did(
                *code,
                model.ids[*index].as_str(),
                &model.files[*index],
                why.clone(),
            );
        }
    }
}
