//! A new revision: judged as if it were there, then written with its line in chain.lock.

use std::path::PathBuf;

use migrate_core::{ChainLock, Code, File, NewRevision, Survey};

use crate::output::error::CommandError;
use crate::output::json::Written;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::write;

/// How a new revision is entered in chain.lock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entering {
    /// Sealed at once, and not as a draft.
    pub(crate) sealed: bool,
    /// What may be wrong with the chain afterwards, beside too many ends.
    pub(crate) allowed: &'static [Code],
}

impl Context {
    /// Writes a revision's file and enters it as a draft; returns the file.
    ///
    /// Nothing is written where the chain would be broken by it.
    pub(crate) fn write_revision(
        &self,
        new: &NewRevision,
        ui: &Ui,
    ) -> Result<PathBuf, CommandError> {
        self.write_revision_as(new, Entering::default(), ui)
    }

    /// [`Context::write_revision`] for one that is not entered as usual.
    pub(crate) fn write_revision_as(
        &self,
        new: &NewRevision,
        entering: Entering,
        ui: &Ui,
    ) -> Result<PathBuf, CommandError> {
        let survey = self.survey()?;
        if let Some(index) = survey.graph.index(new.id.as_str()) {
            let file = self.folder()?.shown_file(&survey.revisions[index].file);
            return Err(CommandError::failed(
                "duplicate-revision",
                format!("there is a revision `{}` already: `{file}`", new.id),
            )
            .help("choose another `--rev-id`, or leave it out for a random one"));
        }
        if survey.lock.get(new.id.as_str()).is_some() {
            return Err(CommandError::failed(
                "duplicate-revision",
                format!(
                    "chain.lock knows a revision `{}` already, whose file is gone",
                    new.id
                ),
            )
            .help("choose another `--rev-id`, or leave it out for a random one"));
        }
        let name = new.file_name(&self.config()?.file_name);
        let text = new.render();
        let dir = self.dir()?;
        let path = dir.join(&name);
        if path.symlink_metadata().is_ok() {
            return Err(write::exists(&path));
        }

        let (after, lock) = self.with(new, name, text.clone(), entering)?;
        let before = &survey.diagnostics;
        let mut news: Vec<_> = after
            .diagnostics
            .into_iter()
            .filter(|found| !before.contains(found) && found.code != Code::EmptyUp)
            .collect();
        let may_be = |code| {
            matches!(code, Code::MultipleHeads | Code::MultipleBases)
                || entering.allowed.contains(&code)
        };
        if news
            .iter()
            .any(|found| found.is_error() && !may_be(found.code))
        {
            return Err(CommandError::diagnostics(news));
        }

        write::create(&path, &text)?;
        if let Err(error) = write::replace(&dir.join(ChainLock::FILE), &lock.render()) {
            // Half of it would be a file that the lock does not know.
            std::fs::remove_file(&path)?;
            return Err(error);
        }
        news.retain(|found| found.is_error());
        for found in &news {
            ui.warning(&found.message);
            if let Some(help) = &found.help {
                ui.help(help);
            }
        }
        Ok(path)
    }

    /// The chain as it will be with this revision, and its lock.
    fn with(
        &self,
        new: &NewRevision,
        name: String,
        text: String,
        entering: Entering,
    ) -> Result<(Survey, ChainLock), CommandError> {
        let mut folder = self.folder()?.clone();
        folder.files.push(File {
            name,
            text: text.into(),
        });
        folder.files.sort_by(|a, b| a.name.cmp(&b.name));
        let mut lock = self.survey()?.lock.clone();
        let unlocked = Survey::new(&folder, self.config()?);
        if let Some(index) = unlocked.graph.index(new.id.as_str()) {
            let revision = &unlocked.revisions[index];
            match entering.sealed {
                true => lock.seal(revision),
                false => lock.draft(revision),
            }
        }
        folder.lock = Some(lock.render());
        Ok((Survey::new(&folder, self.config()?), lock))
    }

    /// Says what was written.
    pub(crate) fn tell_written(
        &self,
        new: &NewRevision,
        path: &std::path::Path,
        ui: &Ui,
    ) -> Result<(), CommandError> {
        let file = self.shown(path);
        if ui.is_json() {
            return ui.json(&Written {
                revision: new.id.as_str(),
                parents: new.parents.iter().map(AsRef::as_ref).collect(),
                file,
            });
        }
        ui.answer(file)
    }
}
