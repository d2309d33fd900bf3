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
    section.extend(grouped(Area::Lock, &found, |found| {
        why(found, patient, survey).or_else(|| causes::why(found.code).map(str::to_owned))
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

/// What git knows of it.
fn why(found: &Diagnostic, patient: &Patient<'_>, survey: &Survey) -> Option<String> {
    let committed = patient.committed()?;
    let label = found.labels.first()?;
    match found.code {
        Code::LockChanged => {
            let of_it = |it: &&migrate_core::Revision| label.file.ends_with(&*it.file);
            let here = survey.revisions.iter().find(of_it)?;
            let id = here.id.as_str();
            let there = &committed.revisions[committed.graph.index(id)?];
            let sealed = match survey.lock.get(id)?.state {
                LockState::Sealed(hash) => hash,
                LockState::Draft => return None,
            };
            Some(match there.hash == sealed {
                true => "it was edited here and not committed: the last commit has the sealed text"
                    .to_owned(),
                false => format!(
                    "the edit is committed already: `git log -- {}` shows by whom",
                    label.file
                ),
            })
        }
        Code::LockDeleted => {
            let line = label.place.as_ref()?;
            let id = line.source.as_ref()?.get(line.span.clone())?;
            match committed.graph.index(id) {
                Some(index) => Some(format!(
                    "its file was deleted here and not committed: `git checkout HEAD -- {}` brings it back",
                    patient
                        .folder
                        .as_ref()?
                        .shown_file(&committed.revisions[index].file)
                )),
                None => super::git::where_is(patient, id),
            }
        }
        _ => None,
    }
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
