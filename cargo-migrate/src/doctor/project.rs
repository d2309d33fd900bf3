//! The input of all areas, read as far as possible.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use migrate_core::{Config, Folder, Survey};

use super::{Area, Finding, Severity};
use crate::output::failure::Failure;
use crate::project::context::Context;
use crate::project::git::Repository;
use crate::project::sealed_text::Committed;

/// A project, however broken.
pub(crate) struct Project<'a> {
    pub(super) context: &'a Context,
    pub(super) root: PathBuf,
    pub(super) config: Config,
    /// What keeps the package or its settings from being read.
    pub(super) config_findings: Vec<Finding>,
    /// `None` where there is no migrations folder, or none that can be listed.
    pub(super) folder: Option<Folder>,
    pub(super) folder_error: Option<std::io::Error>,
    pub(super) survey: Option<Survey>,
    pub(super) git: Option<Repository>,
    committed: OnceCell<Option<Committed>>,
}

impl<'a> Project<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        let mut findings = Vec::new();
        let root = match context.root() {
            Ok(root) => root.to_owned(),
            // That there is nothing yet is for the files to report.
            Err(error) if error.is(Failure::NoPackage) => context.start.clone(),
            Err(error) => {
                let finding = Finding::because(Area::Config, Severity::Error, &error);
                findings.push(finding.why("Cargo.toml does not name exactly one package"));
                context.start.clone()
            }
        };
        let config = Config::read(&root).unwrap_or_else(|found| {
            let of = |found| {
                Finding::of(Area::Config, found)
                    .why("a typo, or a setting of another version; the defaults are used for the rest of this report")
            };
            findings.extend(found.iter().map(of));
            Config::default()
        });
        let (folder, folder_error) = match Folder::read(&root.join(&config.dir), &config.dir) {
            Ok(folder) => (Some(folder.leak()), None),
            Err(error) => (None, Some(error)),
        };
        let survey = folder.as_ref().map(|folder| Survey::new(folder, &config));
        Self {
            context,
            git: Repository::find(&root),
            root,
            config,
            config_findings: findings,
            folder,
            folder_error,
            survey,
            committed: OnceCell::new(),
        }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.root.join(&self.config.dir)
    }

    /// Returns whether migrate.toml and the package can be used.
    pub(super) fn is_configured(&self) -> bool {
        self.config_findings.is_empty()
    }

    /// Returns the chain as the last commit has it, where there is one.
    pub(super) fn committed(&self) -> Option<&Committed> {
        let read = || {
            let folder = self.git.as_ref()?.committed().ok()??;
            let survey = Survey::new(&folder, &self.config);
            Some(Committed { folder, survey })
        };
        self.committed.get_or_init(read).as_ref()
    }

    /// Whether a file of the package is there.
    pub(super) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.root.join(path).exists()
    }
}

/// The first few, in backticks.
pub(super) fn listed<T: AsRef<str>>(words: &[T]) -> String {
    const MOST: usize = 8;
    let shown: Vec<&str> = words.iter().take(MOST).map(AsRef::as_ref).collect();
    let listed = format!("`{}`", shown.join("`, `"));
    match words.len() > MOST {
        true => format!("{listed} and {} more", words.len() - MOST),
        false => listed,
    }
}
