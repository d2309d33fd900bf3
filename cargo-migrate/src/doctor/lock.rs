//! chain.lock.

use jiff::{SignedDuration, Timestamp};
use migrate_core::{ChainLock, Code, Diagnostic, Folder, LockState, Survey};

use super::files::grouped;
use super::patient::{Patient, listed};
use super::{Area, Badness, Finding, Section, causes};
use crate::context::now;
use crate::error::counted;

/// A draft is meant to be sealed when its branch is merged; after this nobody is at it any more.
const OLD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Says whether a diagnostic is about the lock, and not about a file.
pub(super) fn is_of_lock(found: &Diagnostic, folder: &Folder) -> bool {
    let file = folder.shown_file(ChainLock::FILE);
    let about = || found.labels.first().is_some_and(|label| label.file == file);
    match found.code {
        Code::LockMalformed
        | Code::LockMissing
        | Code::LockChanged
        | Code::LockDeleted
        | Code::LockDraft => true,
        Code::UnreadableFile => about(),
        _ => false,
    }
}

pub(super) fn look(patient: &Patient<'_>) -> Section {
    let (Some(folder), Some(survey)) = (&patient.folder, &patient.survey) else {
        return Section::new(Area::Lock).summary("no folder, no chain.lock");
    };
    let mut section = Section::new(Area::Lock).summary(summary(folder, survey));
    let of_lock = |found: &&Diagnostic| is_of_lock(found, folder);
    let found: Vec<Diagnostic> = survey.diagnostics.iter().filter(of_lock).cloned().collect();
    section.extend(grouped(Area::Lock, &found, |finding, found| {
        complete(finding, found, patient, survey)
    }));
    section.extend(old_drafts(survey));
    section
}

fn summary(folder: &Folder, survey: &Survey) -> String {
    if folder.lock.is_none() {
        return "there is no chain.lock".to_owned();
    }
    let drafts = survey
        .lock
        .iter()
        .filter(|(_, entry)| entry.state == LockState::Draft)
        .count();
    let sealed = survey.lock.iter().count() - drafts;
    match drafts {
        0 => format!("{sealed} sealed"),
        _ => format!("{sealed} sealed, {}", counted(drafts, "draft")),
    }
}

/// Adds why it probably happened, and what of its help works here.
fn complete(
    finding: Finding,
    found: &Diagnostic,
    patient: &Patient<'_>,
    survey: &Survey,
) -> Finding {
    let (why, command) = match found.code {
        Code::LockChanged => changed(found, patient, survey),
        Code::LockDeleted => deleted(found, patient),
        Code::LockMissing if survey.lock.is_empty() => (
            Some("it was never written, or not committed with the files".to_owned()),
            None,
        ),
        _ => (None, None),
    };
    let why = why.or_else(|| causes::why(found.code).map(str::to_owned));
    let finding = finding.maybe_why(why);
    match (found.code, command) {
        (_, Some(command)) => finding.command(command),
        // Its help is about git, which does not have the text.
        (Code::LockChanged | Code::LockDeleted, None) => finding.no_command(),
        _ => finding,
    }
}

/// Why, and what to type.
type Told = (Option<String>, Option<String>);

fn changed(found: &Diagnostic, patient: &Patient<'_>, survey: &Survey) -> Told {
    let Some(label) = found.labels.first() else {
        return (None, None);
    };
    let of_it = |it: &&migrate_core::Revision| label.file.ends_with(&*it.file);
    let committed = patient.committed().and_then(|committed| {
        let here = survey.revisions.iter().find(of_it)?;
        let there = &committed.revisions[committed.graph.index(here.id.as_str())?];
        let sealed = LockState::Sealed(there.hash);
        Some(survey.lock.get(here.id.as_str())?.state == sealed)
    });
    match committed {
        None => (None, None),
        Some(true) => (
            Some(
                "it was edited here and not committed: the last commit has the sealed text"
                    .to_owned(),
            ),
            Some(format!("git checkout HEAD -- {}", label.file)),
        ),
        Some(false) => (
            Some(format!(
                "the edit is committed already: `git log -- {}` shows by whom",
                label.file
            )),
            Some(format!("git log -- {}", label.file)),
        ),
    }
}

fn deleted(found: &Diagnostic, patient: &Patient<'_>) -> Told {
    let place = found.labels.first().and_then(|label| label.place.as_ref());
    let id = place.and_then(|place| place.source.as_ref()?.get(place.span.clone()));
    let (Some(id), Some(folder)) = (id, &patient.folder) else {
        return (None, None);
    };
    let committed = patient.committed().and_then(|committed| {
        let index = committed.graph.index(id)?;
        Some(folder.shown_file(&committed.revisions[index].file))
    });
    if let Some(file) = committed {
        let command = format!("git checkout HEAD -- {file}");
        let why =
            format!("its file was deleted here and not committed: `{command}` brings it back");
        return (Some(why), Some(command));
    }
    let why = super::git::where_is(patient, id);
    let command = why.as_ref().and_then(|why| {
        let quoted = why.split('`').nth(1)?;
        quoted.starts_with("git ").then(|| quoted.to_owned())
    });
    (why, command)
}

/// Drafts that should have been sealed long ago.
fn old_drafts(survey: &Survey) -> Option<Finding> {
    let is_old = |created: &str| {
        let created: Option<Timestamp> = created.parse().ok();
        created.is_some_and(|created| now().duration_since(created) > OLD)
    };
    let old: Vec<&str> = survey
        .revisions
        .iter()
        .filter(|revision| {
            let entry = survey.lock.get(revision.id.as_str());
            entry.is_some_and(|entry| entry.state == LockState::Draft) && is_old(&revision.created)
        })
        .map(|revision| revision.id.as_str())
        .collect();
    if old.is_empty() {
        return None;
    }
    let message = match old.len() {
        1 => format!("{} has been a draft for more than two weeks", listed(&old)),
        _ => format!("{} have been drafts for more than two weeks", listed(&old)),
    };
    Some(
        Finding::new(Area::Lock, Badness::Warning, "old-draft", message)
            .why("it was merged before it was sealed; a draft may be edited after others have applied it, and nobody would be told")
            .help("seal it with `cargo migrate lock`; in CI, `cargo migrate check --locked` refuses drafts"),
    )
}
