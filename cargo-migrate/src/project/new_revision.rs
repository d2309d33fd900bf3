//! Writes a new revision with its line in chain.lock, after checking the chain with it.

use std::path::{Path, PathBuf};

use migrate_core::{ChainLock, Code, File, NewRevision, Survey};

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::Written;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::write as files;

/// How a new revision is entered in chain.lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewFile {
    Draft,
    Sealed,
}

/// Writes a revision's file and enters it as a draft; returns the file.
/// Nothing is written if the chain would be broken by it.
pub(crate) fn write(
    context: &Context,
    new: &NewRevision,
    ui: &Ui,
) -> Result<PathBuf, CommandError> {
    write_as(context, new, NewFile::Draft, &[], ui)
}

/// Writes a revision that is not entered as usual; `allowed` may be wrong with the chain
/// afterwards, beside too many ends.
pub(crate) fn write_as(
    context: &Context,
    new: &NewRevision,
    file: NewFile,
    allowed: &[Code],
    ui: &Ui,
) -> Result<PathBuf, CommandError> {
    let survey = context.survey()?;
    if let Some(index) = survey.graph.index(new.id.as_str()) {
        let file = context.folder()?.shown_file(&survey.revisions[index].file);
        return Err(CommandError::new(
            Failure::DuplicateRevision,
            format!("revision `{}` already exists: `{file}`", new.id),
        )
        .help("choose another `--rev-id`, or leave it out for a random one"));
    }
    if survey.lock.get(new.id.as_str()).is_some() {
        return Err(CommandError::new(
            Failure::DuplicateRevision,
            format!(
                "chain.lock already has a revision `{}`, whose file is missing",
                new.id
            ),
        )
        .help("choose another `--rev-id`, or leave it out for a random one"));
    }
    let name = new.file_name(&context.config()?.file_name);
    let text = new.render();
    let dir = context.dir()?;
    let path = dir.join(&name);
    if path.symlink_metadata().is_ok() {
        return Err(files::exists(&path));
    }

    let (after, lock) = with(context, new, name, text.clone(), file)?;
    let before = &survey.diagnostics;
    let mut news: Vec<_> = after
        .diagnostics
        .into_iter()
        .filter(|found| !before.contains(found) && found.code != Code::EmptyUp)
        .collect();
    let may_be =
        |code| matches!(code, Code::MultipleHeads | Code::MultipleBases) || allowed.contains(&code);
    if news
        .iter()
        .any(|found| found.is_error() && !may_be(found.code))
    {
        return Err(CommandError::diagnostics(news));
    }

    files::create(&path, &text)?;
    if let Err(error) = files::replace(&dir.join(ChainLock::FILE), &lock.render()) {
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

/// Removes a revision that was just written, and its line in chain.lock; `context` has read the chain
/// before that.
pub(crate) fn undo(context: &Context, path: &Path) -> Result<(), CommandError> {
    let lock = context.dir()?.join(ChainLock::FILE);
    match &context.folder()?.lock {
        Some(text) => files::replace(&lock, text)?,
        None => std::fs::remove_file(&lock)?,
    }
    std::fs::remove_file(path)?;
    Ok(())
}

/// The chain as it will be with this revision, and its lock.
fn with(
    context: &Context,
    new: &NewRevision,
    name: String,
    text: String,
    file: NewFile,
) -> Result<(Survey, ChainLock), CommandError> {
    let mut folder = context.folder()?.clone();
    folder.files.push(File {
        name,
        text: text.into(),
    });
    folder.files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut lock = context.survey()?.lock.clone();
    let unlocked = Survey::new(&folder, context.config()?);
    if let Some(index) = unlocked.graph.index(new.id.as_str()) {
        let revision = &unlocked.revisions[index];
        match file {
            NewFile::Sealed => lock.seal(revision),
            NewFile::Draft => lock.draft(revision),
        }
    }
    folder.lock = Some(lock.render());
    Ok((Survey::new(&folder, context.config()?), lock))
}

/// Prints what was written.
pub(crate) fn report(
    context: &Context,
    new: &NewRevision,
    path: &Path,
    ui: &Ui,
) -> Result<(), CommandError> {
    let file = context.shown(path);
    if ui.is_json() {
        return ui.json(&Written {
            revision: new.id.as_str(),
            parents: new.parents.iter().map(AsRef::as_ref).collect(),
            file,
        });
    }
    ui.answer(file)
}
