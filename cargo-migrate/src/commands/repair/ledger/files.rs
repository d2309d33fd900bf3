//! Files that are written again, or put back to what the ledger kept.

use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::{ChainLock, File, Folder};
use serde::Serialize;
use similar::TextDiff;

use crate::context::{Context, now};
use crate::edits::Edits;
use crate::error::CommandError;
use crate::write;

/// Where replaced files are kept, below the migrations folder; no revision is read from there.
const REPLACED: &str = ".replaced";

/// A folder as it is to be, and what leads there.
pub(super) struct Files {
    dir: PathBuf,
    pub(super) folder: Folder,
    changes: Vec<Change>,
}

struct Change {
    name: String,
    /// `None` where there is no such file yet.
    old: Option<String>,
    new: String,
}

/// An edit as `--format json` tells it.
#[derive(Debug, Serialize)]
pub(super) struct Edit {
    file: String,
    action: &'static str,
    diff: String,
}

impl Files {
    pub(super) fn new(dir: PathBuf, folder: Folder) -> Self {
        Self {
            dir,
            folder,
            changes: Vec::new(),
        }
    }

    /// Writes a revision file, new or in place of what it holds.
    pub(super) fn write(&mut self, name: &str, text: &str) {
        let files = &mut self.folder.files;
        let at = files.iter().position(|file| file.name == name);
        let old = at.map(|at| files[at].text.to_string());
        let file = File {
            name: name.to_owned(),
            text: text.to_owned().into(),
        };
        match at {
            Some(at) => files[at] = file,
            None => {
                files.push(file);
                files.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        self.change(name, old, text);
    }

    /// Writes chain.lock, where it says something else than before.
    pub(super) fn write_lock(&mut self, lock: &ChainLock) {
        let text = lock.render();
        let old = self.folder.lock.replace(text.clone());
        if old.as_ref() != Some(&text) {
            self.change(ChainLock::FILE, old, &text);
        }
    }

    fn change(&mut self, name: &str, old: Option<String>, new: &str) {
        self.changes.push(Change {
            name: name.to_owned(),
            old,
            new: new.to_owned(),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn draw(&self, context: &Context) -> String {
        let mut edits = Edits::default();
        for Change { name, old, new } in &self.changes {
            let old = old.as_deref().unwrap_or_default();
            edits.replace(self.dir.join(name), old, new.clone());
        }
        edits.draw(context)
    }

    pub(super) fn json(&self) -> Vec<Edit> {
        let edit = |Change { name, old, new }: &Change| {
            let file = self.folder.shown_file(name);
            let before = old.as_deref().unwrap_or_default();
            let diff = TextDiff::from_lines(before, new);
            let from = match old {
                Some(_) => file.as_str(),
                None => "/dev/null",
            };
            Edit {
                diff: diff.unified_diff().header(from, &file).to_string(),
                action: match old {
                    Some(_) => "replace",
                    None => "create",
                },
                file,
            }
        };
        self.changes.iter().map(edit).collect()
    }

    /// Makes the changes, all or none, and keeps a copy of each revision file that is replaced.
    /// Returns the folder with the copies, where there are any.
    pub(super) fn make(&self) -> Result<Option<PathBuf>, CommandError> {
        for Change { name, old, .. } in &self.changes {
            let path = self.dir.join(name);
            let there = match fs::read_to_string(&path) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(unreadable(&path, error)),
            };
            // What was planned from another text than the file holds now must not be written.
            if there != *old {
                return Err(CommandError::failed(
                    "file-changed",
                    format!("`{}` was changed meanwhile", path.display()),
                )
                .help("nothing was written: type the command again"));
            }
        }
        let copies = self.copy()?;
        for (done, Change { name, old, new }) in self.changes.iter().enumerate() {
            let path = self.dir.join(name);
            let written = match old {
                Some(_) => write::replace(&path, new),
                None => write::create(&path, new),
            };
            if let Err(error) = written {
                self.take_back(done)?;
                return Err(error);
            }
        }
        Ok(copies)
    }

    /// Undoes all changes, where what had to go with them was not done.
    pub(super) fn undo(&self) -> Result<(), CommandError> {
        self.take_back(self.changes.len())
    }

    fn take_back(&self, done: usize) -> Result<(), CommandError> {
        for Change { name, old, .. } in &self.changes[..done] {
            let path = self.dir.join(name);
            match old {
                Some(old) => write::replace(&path, old)?,
                None => fs::remove_file(&path).map_err(|error| unreadable(&path, error))?,
            }
        }
        Ok(())
    }

    fn copy(&self) -> Result<Option<PathBuf>, CommandError> {
        let replaced = |change: &&Change| change.old.is_some() && change.name != ChainLock::FILE;
        let mut replaced = self.changes.iter().filter(replaced).peekable();
        if replaced.peek().is_none() {
            return Ok(None);
        }
        let stamp = now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let parent = self.dir.join(REPLACED);
        if !parent.is_dir() {
            fs::create_dir_all(&parent).map_err(|error| unreadable(&parent, error))?;
            // They are for whoever has run this, not for the repository.
            write::create(&parent.join(".gitignore"), "*\n")?;
        }
        let numbered = (2..).map(|number| format!("{stamp}_{number}"));
        let folder = std::iter::once(stamp.clone())
            .chain(numbered)
            .map(|name| parent.join(name))
            .find(|folder| !folder.exists())
            .expect("the numbers do not end");
        fs::create_dir(&folder).map_err(|error| unreadable(&folder, error))?;
        for change in replaced {
            let old = change.old.as_deref().unwrap_or_default();
            write::create(&folder.join(&change.name), old)?;
        }
        Ok(Some(folder))
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> CommandError {
    CommandError::failed("io", format!("`{}` cannot be written", path.display())).because(error)
}
