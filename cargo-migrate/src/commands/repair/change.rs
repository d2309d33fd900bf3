//! The planned edits of files, with their reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use migrate_core::{ChainLock, Code, Folder};

use crate::output::error::CommandError;
use crate::output::json::RepairEdit;
use crate::output::style::{self, styled};
use crate::project::context::{Context, now};
use crate::project::edits::Edits;
use crate::project::write;

/// Where copies of what is replaced go, in the migrations folder: no file in it is a revision, and
/// git does not see it.
const COPIES: &str = ".repair";

/// The planned contents of a folder.
pub(super) struct Change {
    pub(super) folder: Folder,
    /// The new name of each renamed file.
    pub(super) renamed: BTreeMap<String, String>,
    pub(super) notes: Vec<Note>,
}

/// Why a file changes.
pub(super) struct Note {
    pub(super) file: String,
    /// None where it is about chain.lock as a whole.
    pub(super) revision: Option<String>,
    /// The code of the problem.
    pub(super) code: &'static str,
    pub(super) reason: String,
}

impl Note {
    fn shown(&self) -> String {
        let code = styled(style::WARNING, self.code);
        match &self.revision {
            Some(id) => format!("{code} {}: {}", styled(style::ID, id), self.reason),
            None => format!("{code}: {}", self.reason),
        }
    }
}

impl Change {
    /// None yet.
    pub(super) fn none(folder: Folder) -> Self {
        Self {
            folder,
            renamed: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// What has to be written, each file with its reasons; chain.lock last.
    pub(super) fn edits(&self, context: &Context) -> Result<Edits, CommandError> {
        let (before, dir) = (context.folder()?, context.dir()?);
        let after: BTreeMap<&str, &str> = texts(&self.folder);
        let mut edits = Edits::default();
        let note = |edits: &mut Edits, name: &str| {
            for note in self.notes.iter().filter(|note| note.file == name) {
                edits.note(note.shown());
            }
        };
        for (name, old) in texts(before) {
            let new_name = self.renamed.get(name).map_or(name, String::as_str);
            let known = edits.len();
            match after.get(new_name) {
                Some(new) if new_name == name => {
                    edits.replace(dir.join(name), old, (*new).to_owned());
                }
                Some(new) => {
                    edits.rename(dir.join(name), dir.join(new_name), old, (*new).to_owned());
                }
                None => edits.remove(dir.join(name), old),
            }
            if edits.len() > known {
                note(&mut edits, new_name);
            }
        }
        let old_names: BTreeSet<&str> = texts(before).into_keys().collect();
        let new_names: BTreeSet<&str> = self.renamed.values().map(String::as_str).collect();
        for (name, new) in &after {
            if !old_names.contains(name) && !new_names.contains(name) {
                edits.create(dir.join(name), (*new).to_owned());
                note(&mut edits, name);
            }
        }
        let known = edits.len();
        let lock = dir.join(ChainLock::FILE);
        match (&before.lock, &self.folder.lock) {
            (Some(old), Some(new)) => edits.replace(lock, old, new.clone()),
            (None, Some(new)) => edits.create(lock, new.clone()),
            (_, None) => {}
        }
        if edits.len() > known {
            note(&mut edits, ChainLock::FILE);
        }
        Ok(edits)
    }

    /// The same for `--format json`, by what was wrong.
    pub(super) fn document(&self, context: &Context) -> Result<Vec<RepairEdit<'_>>, CommandError> {
        let before = context.folder()?;
        let (old, new) = (texts(before), texts(&self.folder));
        let edits = self.notes.iter().map(|note| {
            let name = note.file.as_str();
            let mut renamed = self.renamed.iter();
            let renamed_from = renamed.find(|(_, new)| *new == name).map(|(old, _)| old);
            let is_lock = name == ChainLock::FILE;
            let was_there = old.contains_key(name) || is_lock && before.lock.is_some();
            RepairEdit {
                revision: note.revision.as_deref(),
                file: before.shown_file(name),
                action: match (renamed_from, was_there) {
                    (Some(_), _) => "rename",
                    (None, false) => "create",
                    (None, true) if is_lock || new.contains_key(name) => "edit",
                    (None, true) => "remove",
                },
                renamed_from: renamed_from.map(|old| before.shown_file(old)),
                code: note.code,
                reason: &note.reason,
            }
        });
        let mut edits: Vec<RepairEdit<'_>> = edits.collect();
        let lock = before.shown_file(ChainLock::FILE);
        if before.lock != self.folder.lock && edits.iter().all(|edit| edit.file != lock) {
            edits.push(RepairEdit {
                revision: None,
                file: lock,
                action: if before.lock.is_some() {
                    "edit"
                } else {
                    "create"
                },
                renamed_from: None,
                code: Code::LockChanged.as_str(),
                reason: "chain.lock is updated to match the files",
            });
        }
        Ok(edits)
    }
}

fn texts(folder: &Folder) -> BTreeMap<&str, &str> {
    let files = folder.files.iter();
    files
        .map(|file| (file.name.as_str(), &*file.text))
        .collect()
}

/// Copies what is replaced and makes the edits; returns the folder of the copies, if there are any.
pub(super) fn make(context: &Context, edits: &Edits) -> Result<Option<PathBuf>, CommandError> {
    edits.unchanged()?;
    if !edits.replace_something() {
        edits.make()?;
        return Ok(None);
    }
    let copies = context.dir()?.join(COPIES);
    let stamp = now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut folder = copies.join(&stamp);
    for number in 2.. {
        if folder.symlink_metadata().is_err() {
            break;
        }
        folder = copies.join(format!("{stamp}_{number}"));
    }
    edits.copy_to(&folder)?;
    let ignore = copies.join(".gitignore");
    if !ignore.is_file() {
        write::replace(
            &ignore,
            "# Copies that `cargo migrate repair` made: delete them once all is well.\n*\n",
        )?;
    }
    edits.make().inspect_err(|_| {
        // Nothing was changed, so there is nothing to keep.
        let _unneeded = fs::remove_dir_all(&folder);
    })?;
    Ok(Some(folder))
}
