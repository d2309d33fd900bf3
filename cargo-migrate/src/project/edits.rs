//! Changes to files that are shown first, and applied completely or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anstyle::Style;
use migrate_core::with_lf;
use similar::{ChangeTag, TextDiff};

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::style::{self, styled};
use crate::project::context::Context;
use crate::project::write;

/// Files and what they are to hold.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    edits: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    path: PathBuf,
    change: Change,
    /// What is said of it.
    notes: Vec<String>,
}

#[derive(Debug)]
enum Change {
    Replace {
        old: String,
        new: String,
    },
    Create {
        new: String,
    },
    Remove {
        old: String,
    },
    Rename {
        to: PathBuf,
        old: String,
        new: String,
    },
}

impl Change {
    /// What is there now.
    fn old(&self) -> Option<&String> {
        match self {
            Self::Replace { old, .. } | Self::Remove { old } | Self::Rename { old, .. } => {
                Some(old)
            }
            Self::Create { .. } => None,
        }
    }
}

/// Of a file that is new, at most this many lines are shown.
const MOST_NEW_LINES: usize = 20;

impl Edits {
    /// Adds an existing file; if both texts are the same, there is nothing to do.
    pub(crate) fn replace(&mut self, path: PathBuf, old: &str, new: String) {
        if old == new {
            return;
        }
        let new = with_ends_of(old, new);
        if old != new {
            let old = old.to_owned();
            self.push(path, Change::Replace { old, new });
        }
    }

    /// Adds a file that is not there yet.
    pub(crate) fn create(&mut self, path: PathBuf, new: String) {
        self.push(path, Change::Create { new });
    }

    /// Removes an existing file.
    pub(crate) fn remove(&mut self, path: PathBuf, old: &str) {
        let old = old.to_owned();
        self.push(path, Change::Remove { old });
    }

    /// Gives a file another name, and perhaps another text.
    pub(crate) fn rename(&mut self, path: PathBuf, to: PathBuf, old: &str, new: String) {
        let new = with_ends_of(old, new);
        let old = old.to_owned();
        self.push(path, Change::Rename { to, old, new });
    }

    fn push(&mut self, path: PathBuf, change: Change) {
        self.edits.push(Edit {
            path,
            change,
            notes: Vec::new(),
        });
    }

    /// Adds a line that is shown with the last change.
    pub(crate) fn note(&mut self, note: String) {
        if let Some(last) = self.edits.last_mut() {
            last.notes.push(note);
        }
    }

    /// Returns how many files change.
    pub(crate) fn len(&self) -> usize {
        self.edits.len()
    }

    /// Returns true if nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Writes the changes as removed and added lines, with context.
    pub(crate) fn draw(&self, context: &Context) -> String {
        let mut drawing = String::new();
        for edit in &self.edits {
            let name = |path: &Path| context.shown(path);
            let title = match &edit.change {
                Change::Replace { .. } => name(&edit.path),
                Change::Create { .. } => format!("{} (new)", name(&edit.path)),
                Change::Remove { .. } => format!("{} (removed)", name(&edit.path)),
                Change::Rename { to, .. } => format!("{} -> {}", name(&edit.path), name(to)),
            };
            drawing.extend([&styled(TITLE, title), "\n"]);
            for note in &edit.notes {
                drawing.extend(["  ", note, "\n"]);
            }
            match &edit.change {
                Change::Replace { old, new } | Change::Rename { old, new, .. } => {
                    draw_diff(&mut drawing, old, new);
                }
                Change::Create { new } => draw_new(&mut drawing, new),
                Change::Remove { .. } => {}
            }
            drawing.push('\n');
        }
        drawing
    }

    /// Returns true if an existing file is removed or replaced.
    pub(crate) fn replace_something(&self) -> bool {
        self.edits.iter().any(|edit| edit.change.old().is_some())
    }

    /// Copies every file that is replaced, removed or renamed into a folder, which is made.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<(), CommandError> {
        fs::create_dir_all(folder).map_err(|error| not_made(folder, error))?;
        for edit in self.edits.iter().filter(|edit| edit.change.old().is_some()) {
            let Some(name) = edit.path.file_name() else {
                continue;
            };
            fs::copy(&edit.path, folder.join(name)).map_err(|error| not_made(folder, error))?;
        }
        Ok(())
    }

    /// Applies the changes; if one fails, those before it are undone.
    pub(crate) fn make(&self) -> Result<(), CommandError> {
        self.unchanged()?;
        for (done, edit) in self.edits.iter().enumerate() {
            if let Err(error) = edit.make() {
                self.take_back(done)?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Undoes all changes, if what belongs to them failed.
    pub(crate) fn undo(&self) -> Result<(), CommandError> {
        self.take_back(self.edits.len())
    }

    fn take_back(&self, done: usize) -> Result<(), CommandError> {
        let mut done = self.edits[..done].iter().rev();
        done.try_for_each(Edit::take_back)
    }

    /// What was planned from another text than the files hold now must not be written.
    pub(crate) fn unchanged(&self) -> Result<(), CommandError> {
        for edit in &self.edits {
            let is_as_read = match edit.change.old() {
                Some(old) => fs::read_to_string(&edit.path).ok().as_ref() == Some(old),
                None => edit.path.symlink_metadata().is_err(),
            };
            if !is_as_read {
                return Err(CommandError::new(
                    Failure::FileChanged,
                    format!("`{}` was changed in the meantime", edit.path.display()),
                )
                .help("nothing was written: run the command again"));
            }
        }
        Ok(())
    }
}

impl Edit {
    fn make(&self) -> Result<(), CommandError> {
        match &self.change {
            Change::Replace { new, .. } => write::replace(&self.path, new),
            Change::Create { new } => write::create(&self.path, new),
            Change::Remove { .. } => write::remove(&self.path),
            Change::Rename { to, new, .. } => {
                write::create(to, new)?;
                // Half of it would be one revision in two files.
                write::remove(&self.path).inspect_err(|_| {
                    let _told_below = fs::remove_file(to);
                })
            }
        }
    }

    fn take_back(&self) -> Result<(), CommandError> {
        match &self.change {
            Change::Replace { old, .. } => write::replace(&self.path, old),
            Change::Create { .. } => write::remove(&self.path),
            Change::Remove { old } => write::create(&self.path, old),
            Change::Rename { to, old, .. } => {
                write::create(&self.path, old)?;
                write::remove(to)
            }
        }
    }
}

/// Gives a text the line ends of the file that it replaces.
fn with_ends_of(old: &str, new: String) -> String {
    match old.contains("\r\n") {
        true => with_lf(&new).replace('\n', "\r\n"),
        false => new,
    }
}

fn draw_diff(drawing: &mut String, old: &str, new: &str) {
    let diff = TextDiff::from_lines(old, new);
    for group in diff.grouped_ops(1) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", REMOVED),
                ChangeTag::Insert => ("+", ADDED),
                ChangeTag::Equal => (" ", style::DIM),
            };
            let line = format!("{sign} {}", change.value().trim_end());
            drawing.extend([&styled(style, line.trim_end()), "\n"]);
        }
    }
}

fn draw_new(drawing: &mut String, new: &str) {
    let mut lines = new.lines();
    for line in lines.by_ref().take(MOST_NEW_LINES) {
        drawing.extend([&styled(ADDED, format!("+ {line}").trim_end()), "\n"]);
    }
    let left = lines.count();
    if left > 0 {
        drawing.extend([
            &styled(
                style::DIM,
                format!("  … and {}", crate::output::phrase::counted(left, "line")),
            ),
            "\n",
        ]);
    }
}

fn not_made(folder: &Path, error: std::io::Error) -> CommandError {
    CommandError::new(
        Failure::Io,
        format!(
            "the replaced files cannot be copied to `{}`",
            folder.display()
        ),
    )
    .because(error)
    .help("nothing was changed")
}

const TITLE: Style = Style::new().bold();
const REMOVED: Style = anstyle::AnsiColor::Red.on_default();
const ADDED: Style = anstyle::AnsiColor::Green.on_default();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sql");
        let mut edits = Edits::default();
        edits.replace(path.clone(), "a\r\nb\r\n", "a\nb\n".to_owned());
        assert!(edits.is_empty());
        fs::write(&path, "a\r\nb\r\n").unwrap();
        edits.replace(path.clone(), "a\r\nb\r\n", "a\nc\r\nd".to_owned());
        edits.make().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a\r\nc\r\nd");
    }

    #[test]
    fn changes_are_made_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "a").unwrap();
        fs::write(path("b"), "b").unwrap();
        fs::write(path("c"), "c").unwrap();
        let mut edits = Edits::default();
        edits.replace(path("a"), "a", "A".to_owned());
        edits.remove(path("b"), "b");
        edits.rename(path("c"), path("d"), "c", "D".to_owned());
        edits.create(path("e"), "E".to_owned());
        // The last one cannot be made: its folder is not there.
        let mut broken = Edits { edits: edits.edits };
        broken.create(path("no/where"), String::new());
        let all = || {
            let names = fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<String> = names
                .map(|entry| {
                    let path = entry.unwrap().path();
                    let text = fs::read_to_string(&path).unwrap();
                    format!("{}={text}", path.file_name().unwrap().to_string_lossy())
                })
                .collect();
            names.sort();
            names.join(" ")
        };
        assert!(broken.make().is_err());
        assert_eq!(all(), "a=a b=b c=c");
        broken.edits.pop();
        broken.make().unwrap();
        assert_eq!(all(), "a=A d=D e=E");
        assert!(broken.make().is_err(), "the files are not what was read");
    }
}
