//! chain.lock.

use jiff::{SignedDuration, Timestamp};
use migrate_core::{ChainLock, Code, Diagnostic, Folder, LockState, Survey, shell_word};

use super::grouped::grouped;
use super::project::{Project, listed};
use super::{Area, DoctorCode, Finding, Section, Severity, causes};
use crate::output::phrase::counted;
use crate::project::context::now;
use crate::project::sealed_text::{SealedText, name_undo};

/// A draft is meant to be sealed when its branch is merged; after this it is probably forgotten.
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
        | Code::LockDraft
        | Code::SchemaLockStale => true,
        Code::UnreadableFile => about(),
        _ => false,
    }
}

pub(super) fn look(project: &Project<'_>) -> Section {
    let (Some(folder), Some(survey)) = (&project.folder, &project.survey) else {
        return Section::new(Area::Lock).summary("no folder, no chain.lock");
    };
    let mut section = Section::new(Area::Lock).summary(summary(folder, survey));
    let of_lock = |found: &&Diagnostic| is_of_lock(found, folder);
    let mut found: Vec<Diagnostic> = survey.diagnostics.iter().filter(of_lock).cloned().collect();
    name_undo(&mut found, survey, project.committed());
    section.extend(grouped(Area::Lock, &found, |finding, found| {
        complete(finding, found, project, survey)
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
    project: &Project<'_>,
    survey: &Survey,
) -> Finding {
    let finding = finding.maybe_why(causes::why(found.code).map(str::to_owned));
    match found.code {
        // What their help says is about git: where it does not have the text, that is no way out.
        Code::LockChanged => changed(finding.no_command(), found, project, survey),
        Code::LockDeleted => deleted(finding.no_command(), found, project),
        Code::LockMissing if survey.lock.is_empty() => {
            finding.why("it was never written, or not committed with the files")
        }
        _ => finding,
    }
}

fn changed(
    finding: Finding,
    found: &Diagnostic,
    project: &Project<'_>,
    survey: &Survey,
) -> Finding {
    let Some(label) = found.labels.first() else {
        return finding;
    };
    let (file, id) = (label.file.as_str(), found.subject.as_deref());
    match SealedText::of(id.unwrap_or_default(), file, survey, project.committed()) {
        SealedText::InFile => finding
            .why("it was edited here and not committed: the last commit has the sealed text")
            .command(format!("git checkout HEAD -- {}", shell_word(file))),
        SealedText::InOther(other) => finding
            .why(format!("it was edited here after its file was renamed: the last commit has the sealed text in `{other}`")),
        SealedText::Edited => {
            let command = format!("git log -p -- {}", shell_word(file));
            finding
                .why(format!(
                    "the edit is committed already: `{command}` shows by whom"
                ))
                .command(command)
        }
        SealedText::Nowhere => finding,
    }
}

fn deleted(finding: Finding, found: &Diagnostic, project: &Project<'_>) -> Finding {
    let id = found.subject.as_deref();
    match id.and_then(|id| super::git::where_is(project, id)) {
        Some(place) => place.onto(finding),
        None => finding,
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
        Finding::new(Area::Lock, Severity::Warning, DoctorCode::OldDraft, message)
            .why("it was merged before it was sealed; a draft may be edited after others have applied it, without any warning")
            .help("seal it with `cargo migrate lock`; in CI, `cargo migrate check --locked` refuses drafts"),
    )
}
