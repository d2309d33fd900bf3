//! The folder after the ledger's files are restored.

use migrate_core::{ChainLock, File, Folder};

use crate::commands::repair::change::Note;

/// A folder, and which of its files were rewritten.
pub(in crate::commands::repair) struct Files {
    pub(in crate::commands::repair) folder: Folder,
    pub(in crate::commands::repair) notes: Vec<Note>,
}

impl Files {
    pub(super) const fn new(folder: Folder) -> Self {
        Self {
            folder,
            notes: Vec::new(),
        }
    }

    /// Writes a revision file, new or in place of what it holds.
    pub(super) fn write(&mut self, text: &str, note: Note) {
        let files = &mut self.folder.files;
        let file = File {
            name: note.file.clone(),
            text: text.to_owned().into(),
        };
        match files.iter_mut().find(|there| there.name == file.name) {
            Some(there) => *there = file,
            None => {
                files.push(file);
                files.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        self.notes.push(note);
    }

    /// Writes chain.lock, where it says something else than before.
    pub(super) fn write_lock(&mut self, lock: &ChainLock, code: &'static str) {
        let text = lock.render();
        let old = self.folder.lock.replace(text.clone());
        if old.as_ref() != Some(&text) {
            self.notes.push(Note {
                file: ChainLock::FILE.to_owned(),
                revision: None,
                code,
                reason: "restored files are added again".to_owned(),
            });
        }
    }
}
