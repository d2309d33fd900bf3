//! The files of a broken chain.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Code, Diagnostic, Folder, Problem, RevisionId, Survey, shell_word};
use migrate_repair::{HeadsRepair, Repair, RepairOptions};

use super::RepairArgs;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::project::context::{Context, now};
use crate::project::git::Repository;
use crate::project::published::Published;

/// The parents that no file has and a branch that has not been merged does: the commit and the path
/// that each has there.
type Elsewhere = BTreeMap<String, (String, String)>;

/// Plans the repair of a folder, and reports what needs a decision; what `known` names is a revision,
/// wherever its file may be.
pub(super) fn plan<'a>(
    args: &RepairArgs,
    context: &Context,
    folder: &Folder,
    known: impl Iterator<Item = &'a str>,
) -> Result<(Repair, Vec<Diagnostic>), CommandError> {
    let config = context.config()?;
    let elsewhere = elsewhere(context)?;
    let applied: BTreeSet<String> = known.map(str::to_owned).collect();
    let published = Published::of(context)?.ids();
    let committed = committed(context)?;
    let mut options = RepairOptions {
        created: now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        published: published.clone().unwrap_or_default(),
        elsewhere: elsewhere.keys().chain(&applied).cloned().collect(),
        applied,
        committed: committed
            .iter()
            .flat_map(|folder| &folder.files)
            .map(|file| file.name.clone())
            .collect(),
        committed_lock: committed.and_then(|folder| folder.lock),
        ..RepairOptions::default()
    };
    if args.rebase {
        options.heads = HeadsRepair::Rebase { published };
    }
    if !args.order.is_empty() {
        // Revisions may get their ids only as they are repaired.
        let repaired = Repair::new(folder, config, &options);
        options.order = order(&args.order, &Survey::new(&repaired.folder, config))?;
    }
    let repair = Repair::new(folder, config, &options);
    let left = unresolved(context, &repair, &elsewhere)?;
    Ok((repair, left))
}

/// The migrations folder of the last commit, if there is one.
fn committed(context: &Context) -> Result<Option<Folder>, CommandError> {
    match Repository::find(context.root()?) {
        Some(repository) => repository.committed(),
        None => Ok(None),
    }
}

/// Asks git for them.
fn elsewhere(context: &Context) -> Result<Elsewhere, CommandError> {
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
            None => Err(CommandError::new(
                Failure::UnknownRevision,
                format!("`--order` names `{word}`, which is not a revision"),
            )
            .help("name ids, with commas between them: `cargo migrate history` lists them")
            .candidates(crate::output::json::ids(graph, with_prefix))),
        }
    };
    given.iter().map(id).collect()
}

/// What is left, with the way that git offers.
fn unresolved(
    context: &Context,
    repair: &Repair,
    elsewhere: &Elsewhere,
) -> Result<Vec<Diagnostic>, CommandError> {
    let mut left = repair.unresolved.clone();
    let survey = Survey::new(&repair.folder, context.config()?);
    for found in &mut left {
        let has_lead = |name: &String| survey.lead(name).is_some();
        if found.code == Code::UnknownDependency && !found.subject.as_ref().is_some_and(has_lead) {
            found.help = Some(
                "only this line says what has to run first, so it is neither guessed nor dropped: name the right revision, or remove it from the line".to_owned(),
            );
        }
    }
    let is_gone =
        |found: &Diagnostic| matches!(found.code, Code::LockDeleted | Code::UnknownParent);
    if !left.iter().any(is_gone) {
        return Ok(left);
    }
    for (id, (commit, path)) in elsewhere {
        for found in left
            .iter_mut()
            .filter(|found| found.code == Code::UnknownParent && found.subject.as_ref() == Some(id))
        {
            let path = shell_word(path);
            found.help = Some(format!(
                "an unmerged branch has it: merge that branch, or check out only the file with `git checkout {commit} -- {path}`"
            ));
        }
    }
    let root = context.root()?;
    let repository = Repository::find(root);
    let dir = &context.config()?.dir;
    for (id, _) in survey.lock.iter() {
        let about_it: Vec<&mut Diagnostic> = left
            .iter_mut()
            .filter(|found| is_gone(found) && found.subject.as_deref() == Some(id.as_str()))
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
                let path = shell_word(&path);
                format!("git has it: `git checkout {commit} -- {path}`; or {ledger}")
            }
            None => {
                format!("restore its file from a colleague or a backup; or {ledger}")
            }
        };
        for found in about_it {
            found.help = Some(help.clone());
        }
    }
    Ok(left)
}
