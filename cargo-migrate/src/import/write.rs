//! Writes the revisions: all files, or none.

use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::{ChainLock, Config, Folder, Survey};

use super::Tool;
use super::chain::Imported;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::project::context::Context;
use crate::project::edits::Edits;
use crate::project::write;
use crate::schemas::schema_lock;

/// The folder of the chain as it is before.
#[derive(Debug)]
pub(crate) struct Destination {
    dir: PathBuf,
    pub(crate) shown: String,
    config: PathBuf,
    config_text: Option<String>,
    /// What is in the folder, if it is there.
    revisions: usize,
    /// Names of `.sql` files that are not revisions.
    foreign: Vec<String>,
    /// The folder below for what is in the way.
    old: PathBuf,
}

impl Destination {
    /// Inspects the folder of the chain.
    pub(crate) fn look(context: &Context, tool: Tool) -> Result<Self, CommandError> {
        let dir = context.dir()?;
        let config = context.root()?.join(Config::FILE);
        let mut destination = Self {
            shown: context.shown(&dir),
            config_text: fs::read_to_string(&config).ok(),
            config,
            revisions: 0,
            foreign: Vec::new(),
            old: dir.join(tool.word()),
            dir,
        };
        if destination.dir.is_dir() {
            let folder = context.folder()?;
            let survey = Survey::new(folder, context.config()?);
            destination.revisions = survey.revisions.len().max(survey.lock.iter().count());
            let is_revision = |name: &str| {
                survey
                    .revisions
                    .iter()
                    .any(|revision| revision.file == name)
            };
            let names = folder
                .files
                .iter()
                .map(|file| &file.name)
                .chain(&folder.unread);
            destination.foreign = names.filter(|name| !is_revision(name)).cloned().collect();
        }
        Ok(destination)
    }

    /// Returns true if there is a chain already.
    pub(crate) const fn has_chain(&self) -> bool {
        self.revisions > 0
    }

    /// Refuses to put revisions between files that are not revisions.
    pub(crate) fn refuse(&self, source: &Path, move_old: bool) -> Result<(), CommandError> {
        let Some(first) = self.foreign.first() else {
            return Ok(());
        };
        let is_source = same(source, &self.dir);
        if is_source && move_old {
            return match self.old.symlink_metadata() {
                Ok(_) => Err(write::exists(&self.old)),
                Err(_) => Ok(()),
            };
        }
        let error = CommandError::new(
            Failure::FolderInUse,
            format!(
                "the revisions would go to `{}`, where `{first}` is not a revision",
                self.shown
            ),
        );
        Err(match is_source {
            true => error.help(format!(
                "add `--move-old` to move the old files to `{}/{}`; or give the chain a folder of its own, such as `dir = \"chain\"` in migrate.toml",
                self.shown.trim_end_matches('/'),
                self.old.file_name().unwrap_or_default().display(),
            )),
            false => error.help("give the chain a folder of its own, such as `dir = \"chain\"` in migrate.toml"),
        })
    }

    /// Writes the chain; if something cannot be written, what was done is undone.
    pub(crate) fn write(
        &self,
        imported: &Imported,
        source: &Path,
        move_old: bool,
    ) -> Result<(), CommandError> {
        let mut undo = Undo::default();
        let done = self.write_all(imported, same(source, &self.dir) && move_old, &mut undo);
        if done.is_err() {
            undo.back()?;
        }
        done
    }

    fn write_all(
        &self,
        imported: &Imported,
        moves: bool,
        undo: &mut Undo,
    ) -> Result<(), CommandError> {
        undo.folder(&self.dir)?;
        if moves && !self.foreign.is_empty() {
            undo.folder(&self.old)?;
            for name in &self.foreign {
                let (from, to) = (self.dir.join(name), self.old.join(name));
                fs::rename(&from, &to)?;
                undo.moved.push((from, to));
            }
        }
        let attributes = (".gitattributes", schema_lock::ATTRIBUTES.to_owned());
        let files = imported
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.text.to_string()));
        for (name, text) in files.chain([attributes]) {
            let path = self.dir.join(name);
            if name.starts_with('.') && path.exists() {
                continue;
            }
            write::create(&path, &text)?;
            undo.files.push(path);
        }
        let lock = self.dir.join(ChainLock::FILE);
        // An empty one may be there, from `init`.
        match fs::read_to_string(&lock) {
            Ok(old) => undo.old.push((lock.clone(), old)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                undo.files.push(lock.clone());
            }
            Err(error) => {
                return Err(CommandError::new(
                    Failure::Io,
                    format!("`{}` cannot be read", lock.display()),
                )
                .because(error));
            }
        }
        write::replace(&lock, &imported.lock.render())?;
        self.write_config_edits(imported, undo)
    }

    fn write_config_edits(&self, imported: &Imported, undo: &mut Undo) -> Result<(), CommandError> {
        let config_edits = &imported.config_edits;
        if config_edits.is_empty() {
            return Ok(());
        }
        let Some(old) = &self.config_text else {
            write::create(&self.config, &config_edits.written(""))?;
            undo.files.push(self.config.clone());
            return Ok(());
        };
        let new = config_edits.written(old);
        if Config::parse(Config::FILE, &new).is_err() {
            return Err(CommandError::new(
                Failure::Import,
                "the chain needs settings that migrate.toml does not have",
            )
            .help(format!(
                "write below `[rules]` and `[verify]` of migrate.toml: {}",
                config_edits.shown()
            )));
        }
        let mut edits = Edits::default();
        edits.replace(self.config.clone(), old, new);
        edits.make()
    }
}

fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// What was done so far.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    old: Vec<(PathBuf, String)>,
    moved: Vec<(PathBuf, PathBuf)>,
    folders: Vec<PathBuf>,
}

impl Undo {
    /// Creates a folder if it is missing.
    fn folder(&mut self, folder: &Path) -> Result<(), CommandError> {
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(|error| {
                CommandError::new(
                    Failure::Io,
                    format!("the folder `{}` cannot be created", folder.display()),
                )
                .because(error)
            })?;
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    /// Undoes all of it, and returns the first error.
    fn back(self) -> Result<(), CommandError> {
        let files = self.files.iter().filter(|file| file.exists());
        let removed = files.map(|file| Ok(fs::remove_file(file)?));
        let restored = self
            .old
            .iter()
            .map(|(file, text)| write::replace(file, text));
        let moved = self
            .moved
            .iter()
            .map(|(from, to)| Ok(fs::rename(to, from)?));
        let folders = self
            .folders
            .iter()
            .rev()
            .map(|folder| Ok(fs::remove_dir(folder)?));
        let all: Vec<Result<(), CommandError>> = removed
            .chain(restored)
            .chain(moved)
            .chain(folders)
            .collect();
        all.into_iter().collect()
    }
}

impl Imported {
    /// Returns the folder as it will be read.
    pub(crate) fn folder(&self, config: &Config) -> Folder {
        let mut files = self.files.clone();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Folder {
            shown: config.dir.clone(),
            files,
            lock: Some(self.lock.render()),
            ..Folder::default()
        }
    }
}
