//! The files of a broken chain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::schema::lock::SchemaLock;
use migrate_core::{
    ChainLock, Code, Diagnostic, Folder, HeadsMend, Mended, Problem, Repair, RepairOptions,
    RevisionId, Survey,
};

use super::RepairArgs;
use crate::context::{Context, now};
use crate::edits::Edits;
use crate::error::{CommandError, counted};
use crate::git::Repository;
use crate::json::{Found, RepairEdit, Repaired};
use crate::published::Published;
use crate::ui::{Ui, drawn, style, styled};
use crate::write;

/// Where copies of what is replaced go, in the migrations folder: no file in it is a revision, and
/// git does not see it.
const COPIES: &str = ".repair";

/// Shows or makes the edits that mend the files.
pub(super) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let repair = plan(args, context)?;
    let edits = edits(context, &repair)?;
    let execute = args.executes();
    let copied_to = match execute && !edits.is_empty() {
        true => Some(make(context, &edits)?),
        false => None,
    };
    let unresolved = unresolved(context, &repair)?;
    if ui.is_json() {
        ui.json(&document(
            context,
            &repair,
            &unresolved,
            copied_to.as_deref(),
            execute,
        )?)?;
    } else {
        tell(
            context,
            ui,
            &repair,
            &edits,
            &unresolved,
            copied_to.as_deref(),
        )?;
    }
    match unresolved.is_empty() {
        true => Ok(()),
        false => Err(CommandError::told()),
    }
}

fn plan(args: &RepairArgs, context: &Context) -> Result<Repair, CommandError> {
    let (folder, config) = (context.folder()?, context.config()?);
    let mut options = RepairOptions {
        created: now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        committed_lock: committed_lock(context)?,
        elsewhere: elsewhere(context)?.into_keys().collect(),
        ..RepairOptions::default()
    };
    if args.rebase {
        options.heads = HeadsMend::Rebase {
            published: Published::of(context)?.ids(),
        };
    }
    if !args.order.is_empty() {
        // Revisions may get their ids only as they are mended.
        let mended = Repair::new(folder, config, &options);
        options.order = order(&args.order, &Survey::new(&mended.folder, config))?;
    }
    Ok(Repair::new(folder, config, &options))
}

/// The chain.lock of the last commit, where the one that is there cannot be read.
fn committed_lock(context: &Context) -> Result<Option<String>, CommandError> {
    let is_whole = |text: &String| ChainLock::parse(ChainLock::FILE, text).is_ok();
    if context.folder()?.lock.as_ref().is_some_and(is_whole) {
        return Ok(None);
    }
    let Some(repository) = Repository::find(context.root()?) else {
        return Ok(None);
    };
    Ok(repository.committed()?.and_then(|folder| folder.lock))
}

/// The parents that no file has and a branch that has not been merged does, each with the commit and
/// the path that it has there.
fn elsewhere(context: &Context) -> Result<BTreeMap<String, (String, String)>, CommandError> {
    let survey = context.survey()?;
    let unknown: BTreeSet<&RevisionId> = survey
        .graph
        .problems()
        .iter()
        .filter_map(|problem| match problem {
            Problem::UnknownParent { revision, parent } => {
                Some(&survey.revisions[*revision].parents[*parent])
            }
            _ => None,
        })
        .collect();
    let mut elsewhere = BTreeMap::new();
    if unknown.is_empty() {
        return Ok(elsewhere);
    }
    let Some(repository) = Repository::find(context.root()?) else {
        return Ok(elsewhere);
    };
    for id in unknown {
        if let Some(found) = repository.unmerged(&context.config()?.dir, id.as_str())? {
            elsewhere.insert(id.to_string(), found);
        }
    }
    Ok(elsewhere)
}

/// The ids that the words of `--order` name.
fn order(given: &[String], survey: &Survey) -> Result<Vec<String>, CommandError> {
    let graph = &survey.graph;
    let id = |word: &String| {
        let word = word.trim();
        let with_prefix = graph.with_prefix(word);
        let index = graph.index(word).or(match with_prefix[..] {
            [only] if !word.is_empty() => Some(only),
            _ => None,
        });
        match index {
            Some(index) => Ok(graph.id(index).to_string()),
            None => Err(CommandError::failed(
                "unknown-revision",
                format!("`--order` names `{word}`, which is no revision"),
            )
            .help(
                "name ids, with commas between them: `cargo migrate history` shows those there are",
            )
            .candidates(crate::json::ids(graph, with_prefix))),
        }
    };
    given.iter().map(id).collect()
}

/// What has to be written, each file with its reasons; chain.lock last.
fn edits(context: &Context, repair: &Repair) -> Result<Edits, CommandError> {
    let (before, dir) = (context.folder()?, context.dir()?);
    let after: BTreeMap<&str, &str> = texts(&repair.folder);
    let mut edits = Edits::default();
    let note = |edits: &mut Edits, name: &str| {
        for mended in repair.done.iter().filter(|mended| mended.file == name) {
            edits.note(noted(mended));
        }
    };
    for (name, old) in texts(before) {
        let new_name = repair.renamed.get(name).map_or(name, String::as_str);
        let known = edits.len();
        match after.get(new_name) {
            Some(new) if new_name == name => edits.replace(dir.join(name), old, (*new).to_owned()),
            Some(new) => edits.rename(dir.join(name), dir.join(new_name), old, (*new).to_owned()),
            None => edits.remove(dir.join(name), old),
        }
        if edits.len() > known {
            note(&mut edits, new_name);
        }
    }
    let old_names: BTreeSet<&str> = texts(before).into_keys().collect();
    let new_names: BTreeSet<&str> = repair.renamed.values().map(String::as_str).collect();
    for (name, new) in &after {
        if !old_names.contains(name) && !new_names.contains(name) {
            edits.create(dir.join(name), (*new).to_owned());
            note(&mut edits, name);
        }
    }
    let known = edits.len();
    let lock = dir.join(ChainLock::FILE);
    match (&before.lock, &repair.folder.lock) {
        (Some(old), Some(new)) => edits.replace(lock, old, new.clone()),
        (None, Some(new)) => edits.create(lock, new.clone()),
        (_, None) => {}
    }
    if edits.len() > known {
        note(&mut edits, ChainLock::FILE);
    }
    Ok(edits)
}

fn texts(folder: &Folder) -> BTreeMap<&str, &str> {
    let files = folder.files.iter();
    files
        .map(|file| (file.name.as_str(), &*file.text))
        .collect()
}

fn noted(mended: &Mended) -> String {
    let code = styled(style::WARNING, mended.code);
    match &mended.revision {
        Some(id) => format!("{code} {}: {}", styled(style::ID, id), mended.reason),
        None => format!("{code}: {}", mended.reason),
    }
}

/// Copies what is there and makes the edits; returns the folder of the copies.
fn make(context: &Context, edits: &Edits) -> Result<PathBuf, CommandError> {
    edits.unchanged()?;
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
    Ok(folder)
}

/// What is left, with the way that git offers.
fn unresolved(context: &Context, repair: &Repair) -> Result<Vec<Diagnostic>, CommandError> {
    let mut left = repair.unresolved.clone();
    for found in &mut left {
        let is_unclear = found.code == Code::UnknownDependency
            && (found.help.as_ref()).is_none_or(|help| help.contains("migrate history"));
        if is_unclear {
            found.help = Some(
                "it alone says what has to run before, so it is neither guessed nor dropped: name the revision that is meant, or take it out of the line".to_owned(),
            );
        }
    }
    let is_gone =
        |found: &Diagnostic| matches!(found.code, Code::LockDeleted | Code::UnknownParent);
    if !left.iter().any(is_gone) {
        return Ok(left);
    }
    for (id, (commit, path)) in elsewhere(context)? {
        let follows = format!("follows `{id}`");
        for found in left
            .iter_mut()
            .filter(|found| found.code == Code::UnknownParent && found.message.contains(&follows))
        {
            let path = context.shown(&context.root()?.join(&path));
            found.help = Some(format!(
                "a branch that is not merged has it: merge that branch, or take the file alone with `git checkout {commit} -- {path}`"
            ));
        }
    }
    let root = context.root()?;
    let repository = Repository::find(root);
    let survey = Survey::new(&repair.folder, context.config()?);
    let dir = &context.config()?.dir;
    for (id, _) in survey.lock.iter() {
        let quoted = format!("`{id}`");
        let about_it: Vec<&mut Diagnostic> = left
            .iter_mut()
            .filter(|found| is_gone(found) && found.message.contains(&quoted))
            .collect();
        if survey.graph.index(id.as_str()).is_some() || about_it.is_empty() {
            continue;
        }
        let seen = match &repository {
            Some(repository) => repository.last_seen(dir, id.as_str())?,
            None => None,
        };
        let ledger =
            "`cargo migrate repair --ledger` writes it from a database that has applied it";
        let help = match seen {
            Some((commit, path)) => {
                let path = context.shown(&root.join(path));
                format!("git has it: `git checkout {commit} -- {path}`; or {ledger}")
            }
            None => {
                format!("bring its file back from where it is: a colleague, a backup; or {ledger}")
            }
        };
        for found in about_it {
            found.help = Some(help.clone());
        }
    }
    Ok(left)
}

fn tell(
    context: &Context,
    ui: &Ui,
    repair: &Repair,
    edits: &Edits,
    unresolved: &[Diagnostic],
    copied_to: Option<&Path>,
) -> Result<(), CommandError> {
    let mut drawing = edits.draw(context);
    for found in unresolved {
        drawing.push_str(&drawn(found));
        drawing.push_str("\n\n");
    }
    for line in drawing.trim_end().lines() {
        ui.answer(line)?;
    }
    let left = match unresolved.len() {
        0 => String::new(),
        1 => "; 1 problem is left to you".to_owned(),
        many => format!("; {many} problems are left to you"),
    };
    if edits.is_empty() {
        match unresolved.is_empty() {
            true => ui.status(format_args!(
                "{} the files: there is nothing to mend",
                styled(style::GOOD, "checked")
            )),
            false => ui.say(format_args!(
                "{} the files: nothing can be mended without you{left}",
                styled(style::ERROR, "checked")
            )),
        }
        return Ok(());
    }
    let what = format!(
        "{} in {}",
        counted(repair.done.len(), "problem"),
        counted(edits.len(), "file")
    );
    match copied_to {
        None => ui.say(format_args!("{what} would be mended{left}")),
        Some(_) => ui.say(format_args!(
            "{} {what}{left}",
            styled(style::GOOD, "mended")
        )),
    }
    if let Some(folder) = copied_to {
        ui.status(format_args!(
            "what was replaced is in {}",
            context.shown(folder)
        ));
    }
    let changed = &repair.changed;
    if !changed.is_empty() {
        let shown: Vec<String> = changed.iter().take(8).map(|id| format!("`{id}`")).collect();
        let more = match changed.len().saturating_sub(8) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        ui.warning(format_args!(
            "a database that has applied {}{more} knows what stood there before: `cargo migrate repair --ledger` brings its rows along",
            shown.join(", ")
        ));
    }
    if copied_to.is_none() {
        ui.help("add `--execute` to do it");
    } else {
        if context.dir()?.join(SchemaLock::FILE).is_file() {
            ui.help("schema.lock may be that of another head: `cargo migrate lock` writes it anew");
        }
        ui.help(
            "look at it with `git diff` and `cargo migrate history`, and commit it with chain.lock",
        );
    }
    Ok(())
}

fn document<'a>(
    context: &Context,
    repair: &'a Repair,
    unresolved: &'a [Diagnostic],
    copied_to: Option<&Path>,
    executed: bool,
) -> Result<Repaired<'a>, CommandError> {
    let before = context.folder()?;
    let (old, new) = (texts(before), texts(&repair.folder));
    let edit = |mended: &'a Mended| {
        let name = mended.file.as_str();
        let renamed_from = repair
            .renamed
            .iter()
            .find(|(_, new)| *new == name)
            .map(|(old, _)| old);
        let is_lock = name == ChainLock::FILE;
        let was_there = old.contains_key(name) || is_lock && before.lock.is_some();
        RepairEdit {
            revision: mended.revision.as_deref(),
            file: before.shown_file(name),
            action: match (renamed_from, was_there) {
                (Some(_), _) => "rename",
                (None, false) => "create",
                (None, true) if is_lock || new.contains_key(name) => "edit",
                (None, true) => "remove",
            },
            renamed_from: renamed_from.map(|old| before.shown_file(old)),
            code: mended.code.as_str(),
            reason: &mended.reason,
        }
    };
    let mut edits: Vec<RepairEdit<'a>> = repair.done.iter().map(edit).collect();
    let lock = before.shown_file(ChainLock::FILE);
    if before.lock != repair.folder.lock && edits.iter().all(|edit| edit.file != lock) {
        edits.push(RepairEdit {
            revision: None,
            file: lock,
            action: "edit",
            renamed_from: None,
            code: Code::LockChanged.as_str(),
            reason: "chain.lock follows the files",
        });
    }
    Ok(Repaired {
        edits,
        unresolved: unresolved.iter().map(Found::new).collect(),
        copied_to: copied_to.map(|folder| context.shown(folder)),
        executed,
    })
}
