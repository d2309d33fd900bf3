//! The files of another tool's folder.

use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::Folder;

use super::{History, Note};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A place in a file, to show to people.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// From 1; 0 for the whole file.
    pub(crate) line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// A folder and the text of each file below it that a tool may read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// Sorted by name.
    pub(crate) files: Vec<SourceFile>,
    /// What could not be read.
    pub(crate) unread: Vec<Note>,
    /// The folder on disk.
    root: Option<PathBuf>,
}

/// A file of such a folder.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Below the folder, with `/` between its parts.
    pub(crate) name: String,
    /// As people can find it.
    pub(crate) shown: String,
    pub(crate) text: String,
    /// Whether the text is a lossy conversion of a file that is not UTF-8.
    pub(crate) damaged: bool,
}

impl SourceFile {
    /// Returns the name without the folders before it.
    pub(crate) fn base(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Returns a place in it; line 0 is the whole file.
    pub(crate) fn at(&self, line: usize) -> Place {
        Place {
            file: self.shown.clone(),
            line,
        }
    }
}

/// Folders in which no tool keeps migrations.
const PASSED_OVER: [&str; 6] = [
    ".git",
    "target",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
];

/// No tool nests its folders deeper.
const DEEPEST: usize = 16;

impl Sources {
    /// Reads the files with these endings in a folder and those below it.
    /// What cannot be read becomes a note, and the rest is read.
    pub(crate) fn read(folder: &Path, shown: &str, endings: &[&str]) -> Result<Self, CommandError> {
        let mut sources = Self {
            root: Some(folder.to_owned()),
            ..Self::default()
        };
        sources
            .folder(folder, "", shown.trim_end_matches('/'), endings, 0)
            .map_err(|error| {
                CommandError::new(Failure::Io, format!("the folder `{shown}` cannot be read"))
                    .because(error)
            })?;
        sources.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(sources)
    }

    fn folder(
        &mut self,
        folder: &Path,
        prefix: &str,
        shown: &str,
        endings: &[&str],
        depth: usize,
    ) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let base = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{prefix}{base}");
            let place = match shown {
                "" | "." => name.clone(),
                shown => without_detours(&format!("{shown}/{name}")),
            };
            // A link to a folder may form a cycle.
            if entry.file_type()?.is_dir() {
                if depth < DEEPEST && !PASSED_OVER.contains(&base.as_str()) {
                    self.folder(
                        &entry.path(),
                        &format!("{name}/"),
                        shown,
                        endings,
                        depth + 1,
                    )?;
                }
                continue;
            }
            let ending = base.rsplit_once('.').map_or("", |(_, ending)| ending);
            if !endings
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
            {
                continue;
            }
            match text_of(&entry.path()) {
                Ok((text, damaged)) => self.files.push(SourceFile {
                    name,
                    shown: place,
                    text,
                    damaged,
                }),
                Err(why) => {
                    let place = Place {
                        file: place,
                        line: 0,
                    };
                    self.unread.push(Note::left(&place, why));
                }
            }
        }
        Ok(())
    }

    /// Reads a folder around the one that was read, if it is there: `name` begins with `..`.
    pub(crate) fn add(
        &mut self,
        name: &str,
        shown: &str,
        endings: &[&str],
    ) -> Result<(), CommandError> {
        let folder = match &self.root {
            Some(root) => root.join(name),
            None => return Ok(()),
        };
        if !folder.is_dir() {
            return Ok(());
        }
        self.folder(
            &folder,
            &format!("{name}/"),
            shown.trim_end_matches('/'),
            endings,
            0,
        )
        .map_err(|error| {
            CommandError::new(
                Failure::Io,
                format!("the folder `{shown}/{name}` cannot be read"),
            )
            .because(error)
        })?;
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// Returns the files whose names end so.
    pub(crate) fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files
            .iter()
            .filter(move |file| file.name.ends_with(ending))
    }

    /// Returns the text of a file of the folder, or of one around it where the name begins with
    /// `..`.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        if let Some(file) = self.files.iter().find(|file| file.name == name) {
            return Some(file.text.clone());
        }
        let (text, _) = text_of(&self.root.as_ref()?.join(name)).ok()?;
        Some(text)
    }

    /// Returns the path to the folder that was read from each folder above it, the nearest first.
    pub(crate) fn paths_from_above(&self) -> Vec<String> {
        let root = self.root.as_ref().and_then(|root| root.canonicalize().ok());
        let mut path = String::new();
        let mut paths = Vec::new();
        for name in root.iter().flat_map(|root| root.iter().rev()).take(DEEPEST) {
            let name = name.to_string_lossy();
            path = match path.as_str() {
                "" => name.into_owned(),
                rest => format!("{name}/{rest}"),
            };
            paths.push(path.clone());
        }
        paths
    }

    /// Begins a history with what could not be read.
    pub(crate) fn history(&self) -> History {
        History {
            revisions: Vec::new(),
            notes: self.unread.clone(),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(name, text): &(&str, &str)| SourceFile {
            name: (*name).to_owned(),
            shown: format!("old/{name}"),
            text: (*text).to_owned(),
            damaged: text.contains('\u{fffd}'),
        };
        Self {
            files: files.iter().map(file).collect(),
            unread: Vec::new(),
            root: None,
        }
    }
}

/// A path without the folders that `..` leaves again.
fn without_detours(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("..", Some(last)) if !matches!(*last, ".." | "") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn text_of(path: &Path) -> Result<(String, bool), String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > Folder::MAX_FILE {
        let most = Folder::MAX_FILE / (1024 * 1024);
        return Err(format!(
            "it is larger than {most} MiB, the most a revision has"
        ));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let (text, damaged) = match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    };
    // Line ends stay as they are: they may be inside a string.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest.to_owned(), damaged),
        None => (text, damaged),
    })
}
