//! Unfinished merges, untracked files, and revisions on other branches.

use migrate_core::{ChainLock, Code, Config, Published, shell_word};

use super::project::{Project, listed};
use super::{Area, DoctorCode, Finding, First, Section, Severity, causes};
use crate::output::error::CommandError;
use crate::output::phrase::counted;
use crate::project::git::{Change, ChangeKind, Repository};

pub(super) fn look(project: &Project<'_>) -> Section {
    let Some(git) = &project.git else {
        return Section::new(Area::Git).summary("no repository, or git is not installed");
    };
    let mut section = Section::new(Area::Git);
    let looked = [
        in_progress(project, git),
        not_committed(project, git),
        published(project, git),
    ];
    for part in looked {
        match part {
            Ok(findings) => section.extend(findings),
            Err(error) => section.push(
                Finding::because(Area::Git, Severity::Note, &error).why("git could not answer"),
            ),
        }
    }
    section.summary = match section.findings.is_empty() {
        true => "every file is tracked, and nothing is in progress".to_owned(),
        false => String::new(),
    };
    let only_notes = |section: &Section| {
        section
            .findings
            .iter()
            .all(|it| it.severity == Severity::Note)
    };
    if only_notes(&section) && !section.findings.is_empty() {
        section.summary = "nothing is wrong".to_owned();
    }
    section
}

/// Where a revision is that is not here.
pub(super) struct Whereabouts {
    why: String,
    /// What brings it here, where that is one command.
    command: Option<String>,
}

impl Whereabouts {
    /// Says so in a finding.
    pub(super) fn onto(self, finding: Finding) -> Finding {
        let finding = finding.why(self.why);
        match self.command {
            Some(command) => finding.command(command),
            None => finding,
        }
    }
}

/// Says where else a revision is: in the last commit, on another branch, or in a commit that
/// deleted it.
pub(super) fn where_is(project: &Project<'_>, id: &str) -> Option<Whereabouts> {
    let git = project.git.as_ref()?;
    let committed = project.committed().and_then(|committed| {
        let index = committed.survey.graph.index(id)?;
        let file = &committed.survey.revisions[index].file;
        Some(committed.folder.shown_file(file))
    });
    if let Some(file) = committed {
        if project.has(&file) {
            return Some(edited(
                &format!("the last commit has it in `{file}`"),
                "HEAD",
                &file,
            ));
        }
        let command = format!("git checkout HEAD -- {}", shell_word(&file));
        return Some(Whereabouts {
            why: format!("its file was deleted here and not committed: `{command}` restores it"),
            command: Some(command),
        });
    }
    let dir = &project.config.dir;
    let branches = git.branches_with(&[id.to_owned()], dir).ok()?;
    if let Some(names) = branches.get(id) {
        return Some(Whereabouts {
            why: format!(
                "git has `{id}` on {}, which is not merged here",
                listed(names)
            ),
            command: None,
        });
    }
    let (commit, file) = git.deleted(id, dir).ok()??;
    if project.has(&file) {
        let before = format!("{commit}~");
        return Some(edited(
            &format!("{file} had it until the commit {commit}"),
            &before,
            &file,
        ));
    }
    let command = format!("git checkout {commit}~ -- {}", shell_word(&file));
    Some(Whereabouts {
        why: format!("the commit {commit} deleted {file}: `{command}` restores it"),
        command: Some(command),
    })
}

/// Where the file is there and is another revision now: checking it out would overwrite that.
fn edited(place: &str, commit: &str, file: &str) -> Whereabouts {
    let command = format!("git diff {commit} -- {}", shell_word(file));
    Whereabouts {
        why: format!("{place}, and that file is another revision now: `{command}` shows the edit"),
        command: Some(command),
    }
}

/// A merge or rebase that is not finished.
fn in_progress(project: &Project<'_>, git: &Repository) -> Result<Vec<Finding>, CommandError> {
    let Some(word) = git.in_progress()? else {
        return Ok(Vec::new());
    };
    let unmerged: Vec<String> = changes(project, git)?
        .into_iter()
        .filter(|change| change.kind == ChangeKind::Unmerged)
        .map(|change| change.path)
        .collect();
    let finding = match unmerged.first() {
        None => Finding::new(
            Area::Git,
            Severity::Warning,
            DoctorCode::MergeInProgress,
            format!("git is in the middle of a {word}"),
        )
        .why("it stopped at a conflict, or waits for its commit; finishing it may fix some of these problems")
        .help(format!("finish it with `git {word} --continue`, or leave it with `git {word} --abort`")),
        Some(first) => Finding::new(
            Area::Git,
            Severity::Error,
            DoctorCode::MergeInProgress,
            format!("git is in the middle of a {word}, and {} is not merged", listed(&unmerged)),
        )
        .why("both sides changed the same lines; in chain.lock, keep both sides")
        .help(format!("edit it, then `git add {first}` and `git {word} --continue`"))
        .file(first.clone())
        .command("git status")
        .urgent(),
    };
    Ok(vec![finding])
}

fn changes(project: &Project<'_>, git: &Repository) -> Result<Vec<Change>, CommandError> {
    git.changes(&[&project.config.dir, Config::FILE])
}

/// Files that only this checkout has.
fn not_committed(project: &Project<'_>, git: &Repository) -> Result<Vec<Finding>, CommandError> {
    let changes = changes(project, git)?;
    let dir = project.config.dir.trim_end_matches('/');
    let lock = format!("{dir}/{}", ChainLock::FILE);
    let mut findings = Vec::new();
    let of = |kind: ChangeKind| -> Vec<String> {
        let of_it = changes.iter().filter(|change| change.kind == kind);
        of_it
            .map(|change| change.path.clone())
            .filter(|path| {
                let name = path
                    .strip_prefix(dir)
                    .and_then(|rest| rest.strip_prefix('/'));
                let is_sql = path.to_ascii_lowercase().ends_with(".sql");
                *path == lock || is_sql && name.is_none_or(|name| !name.contains('/'))
            })
            .collect()
    };
    let untracked = of(ChangeKind::Untracked);
    if let Some(first) = untracked.first() {
        let add = match untracked.len() {
            1 => first.clone(),
            _ => project.config.dir.clone(),
        };
        let add = shell_word(&add);
        let message = format!("git does not track {}", listed(&untracked));
        let finding = Finding::new(Area::Git, Severity::Warning, DoctorCode::NotInGit, message)
            .why("it was not added yet: whoever checks out this branch gets a chain without it")
            .file(first.clone());
        findings.push(match has_errors(project, &untracked) {
            true => finding
                .help(format!(
                    "fix what is wrong with it, above; then `git add {add}`"
                ))
                .no_command(),
            false => finding.help(format!("`git add {add}`")),
        });
    }
    let ignored = of(ChangeKind::Ignored);
    if let Some(first) = ignored.first() {
        let message = format!("git ignores {}", listed(&ignored));
        findings.push(
            Finding::new(
                Area::Git,
                Severity::Error,
                DoctorCode::IgnoredByGit,
                message,
            )
            .why("a line of .gitignore covers it, so it never leaves this checkout")
            .help(format!(
                "`git check-ignore -v {first}` shows the line; remove it and `git add {first}`"
            ))
            .file(first.clone()),
        );
    }
    let is_new = untracked.contains(&lock) || ignored.contains(&lock);
    if !is_new && let Some(committed) = project.committed() {
        let about = |code: Code| matches!(code, Code::LockMissing | Code::LockChanged);
        let behind = committed.survey.diagnostics.iter().any(|it| about(it.code));
        let sound_here = project
            .survey
            .as_ref()
            .is_some_and(|survey| !survey.diagnostics.iter().any(|it| about(it.code)));
        if behind && sound_here {
            findings.push(
                Finding::new(
                    Area::Git,
                    Severity::Warning,
                    DoctorCode::LockNotCommitted,
                    "the last commit has revisions that its chain.lock does not list",
                )
                .why("the files were committed without chain.lock, so the build fails for whoever checks out this branch")
                .help(format!("`git add {lock}` and commit it"))
                .file(lock),
            );
        }
    }
    Ok(findings)
}

/// Returns whether an error is in one of these files.
fn has_errors(project: &Project<'_>, files: &[String]) -> bool {
    let found = project.survey.iter().flat_map(|survey| &survey.diagnostics);
    found.filter(|found| found.is_error()).any(|found| {
        let mut labels = found.labels.iter();
        labels.any(|label| files.contains(&label.file))
    })
}

/// What the remote's main branch has, and what this one does to it.
fn published(project: &Project<'_>, git: &Repository) -> Result<Vec<Finding>, CommandError> {
    let (Some(folder), Some(survey)) = (&project.folder, &project.survey) else {
        return Ok(Vec::new());
    };
    let Some(name) = git.published()? else {
        return Ok(Vec::new());
    };
    let tip = git.commit(&name)?;
    // A clone without any commit yet has nothing to compare.
    let Ok(head) = git.commit("HEAD") else {
        return Ok(Vec::new());
    };
    let published = Published {
        tip: git.folder(&tip)?,
        fork_point: git.folder(&git.merge_base(&head, &tip)?)?,
        name: name.clone(),
    };
    let mut findings: Vec<Finding> = published
        .check(folder, &project.config)
        .iter()
        .filter(|found| !survey.diagnostics.contains(found))
        .map(|found| {
            let mut found = found.clone();
            if found.code == Code::ForkedChain {
                // Until the two are merged, nothing is broken here.
                found.severity = migrate_core::Severity::Warning;
            }
            let mut finding = Finding::of(Area::Git, &found);
            finding.first = First::OfHelp;
            finding.why = match found.code {
                Code::ForkedChain => {
                    Some("others published first: both started at the same revision".to_owned())
                }
                Code::PublishedChanged | Code::PublishedDeleted => {
                    Some("it was changed here, and others may have applied it already".to_owned())
                }
                code => causes::why(code).map(str::to_owned),
            };
            finding
        })
        .collect();
    let tip = migrate_core::Survey::new(&published.tip, &project.config);
    let behind: Vec<String> = tip
        .revisions
        .iter()
        .map(|revision| revision.id.to_string())
        .filter(|id| survey.graph.index(id).is_none() && survey.lock.get(id).is_none())
        .collect();
    if !behind.is_empty() {
        let message = format!(
            "`{name}` has {} that this checkout lacks: {}",
            counted(behind.len(), "revision"),
            listed(&behind)
        );
        findings.push(
            Finding::new(Area::Git, Severity::Note, DoctorCode::Behind, message)
                .why("others have published it since this branch left")
                .help(format!("`git merge {name}`")),
        );
    }
    Ok(findings)
}
