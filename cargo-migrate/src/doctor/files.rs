//! The revision files.

use std::collections::BTreeMap;
use std::fs;

use migrate_core::{Code, Diagnostic, Folder, Survey};

use super::grouped::grouped;
use super::project::{Project, listed};
use super::{Area, DoctorCode, Finding, Section, Severity, causes, other_tools};
use crate::output::phrase::counted;

pub(super) fn look(project: &Project<'_>) -> Section {
    let (Some(folder), Some(survey)) = (&project.folder, &project.survey) else {
        return no_folder(project);
    };
    let mut section = Section::new(Area::Files).summary(summary(survey));
    let of_files = |found: &&Diagnostic| !super::lock::is_of_lock(found, folder);
    let found: Vec<Diagnostic> = survey
        .diagnostics
        .iter()
        .filter(of_files)
        .cloned()
        .collect();
    section.extend(grouped(
        Area::Files,
        &found,
        |finding, found| match lost_parent(found, project) {
            Some(reported) => reported.onto(finding),
            None => finding.maybe_why(why(found, project, survey)),
        },
    ));
    section.extend(hidden_ends(survey, &found));
    section.extend(without_time(survey));
    section.extend(left_over(project, folder));
    if survey.revisions.is_empty()
        && let Some(seen) = other_tools::seen(project)
    {
        section.push(seen.finding());
    }
    section
}

fn summary(survey: &Survey) -> String {
    let revisions = counted(survey.revisions.len(), "revision");
    let heads = survey.graph.heads().count();
    match (survey.revisions.len(), heads) {
        (0, _) => "no revision yet".to_owned(),
        (_, 1) if survey.graph.problems().is_empty() && survey.graph.bases().count() == 1 => {
            format!("{revisions}, one chain")
        }
        (_, heads) => format!("{revisions}, {}", counted(heads, "head")),
    }
}

fn no_folder(project: &Project<'_>) -> Section {
    let mut section = Section::new(Area::Files);
    let dir = &project.config.dir;
    if let Some(seen) = other_tools::seen(project) {
        section.push(seen.finding());
        return section;
    }
    let missing = project
        .folder_error
        .as_ref()
        .is_none_or(|error| error.kind() == std::io::ErrorKind::NotFound);
    section.push(match missing {
        true => Finding::new(
            Area::Files,
            Severity::Error,
            DoctorCode::NoMigrations,
            format!("there is no migrations folder `{dir}`"),
        )
        .why("the project was not set up, `dir` in migrate.toml names another folder, or this is not the project's folder")
        .help("start with `cargo migrate init`, or name the project with `-C <dir>`"),
        false => Finding::new(
            Area::Files,
            Severity::Error,
            DoctorCode::NoMigrations,
            format!("the migrations folder `{dir}` cannot be read"),
        )
        .why(project.folder_error.as_ref().map(ToString::to_string).unwrap_or_default())
        .help(format!("it must be a folder that you may list: `ls -ld {dir}`")),
    });
    section
}

/// Where git has the parent that nobody has here.
fn lost_parent(found: &Diagnostic, project: &Project<'_>) -> Option<super::git::Whereabouts> {
    if found.code != Code::UnknownParent {
        return None;
    }
    super::git::where_is(project, found.subject.as_deref()?)
}

fn why(found: &Diagnostic, project: &Project<'_>, survey: &Survey) -> Option<String> {
    if found.code == Code::MultipleHeads && survey.graph.bases().count() > 1 {
        return Some("the chain has several bases, and each of its parts has its own head: join the bases first".to_owned());
    }
    if found.code == Code::MissingRevision
        && let Some(seen) = other_tools::seen(project)
    {
        return Some(format!(
            "the folder also has files of {} ({}): `{}` imports them",
            seen.name, seen.evidence, seen.command
        ));
    }
    causes::why(found.code).map(str::to_owned)
}

/// Several ends that no diagnostic reports, because a broken link is reported first.
fn hidden_ends(survey: &Survey, found: &[Diagnostic]) -> Vec<Finding> {
    let reported = |code| found.iter().any(|found| found.code == code);
    let broken = survey.graph.problems().iter().next().is_some();
    let mut findings = Vec::new();
    // A parent that does not exist makes no base.
    let bases: Vec<&str> = survey
        .graph
        .bases()
        .filter(|base| survey.revisions[*base].parents.is_empty())
        .map(|base| survey.graph.id(base).as_str())
        .collect();
    if broken && bases.len() > 1 && !reported(Code::MultipleBases) {
        let message = format!(
            "apart from that, the chain has {} bases: {}",
            bases.len(),
            listed(&bases)
        );
        findings.push(
            Finding::new(Area::Files, Severity::Warning, Code::MultipleBases, message)
                .why(causes::why(Code::MultipleBases).unwrap_or_default())
                .help("`cargo migrate repair` shows how they become one chain"),
        );
    }
    findings
}

/// What has no time of its own stands where its id puts it. In a sound chain without branches the
/// time decides nothing.
fn without_time(survey: &Survey) -> Option<Finding> {
    let graph = &survey.graph;
    let is_line = graph.bases().count() == 1
        && (0..graph.len()).all(|index| graph.children(index).len() < 2)
        && !survey.diagnostics.iter().any(Diagnostic::is_error);
    if is_line {
        return None;
    }
    let ids: Vec<&str> = survey
        .revisions
        .iter()
        .filter(|revision| revision.created.is_empty())
        .map(|revision| revision.id.as_str())
        .collect();
    if ids.is_empty() {
        return None;
    }
    let (noun, verb) = match ids.len() {
        1 => ("revision", "says"),
        _ => ("revisions", "say"),
    };
    let message = format!("the {noun} {} {verb} no `-- created:` time", listed(&ids));
    Some(
        Finding::new(Area::Files, Severity::Note, DoctorCode::NoCreatedTime, message)
            .why("it was written by hand or imported; if several can come next, the time decides, and then the id")
            .help("write `-- created: 2026-11-20T14:32:05Z` into its header; this does not change its hash"),
    )
}

/// What editors and merges leave behind, and folders whose files nobody reads.
fn left_over(project: &Project<'_>, folder: &Folder) -> Vec<Finding> {
    let Ok(entries) = fs::read_dir(project.dir()) else {
        return Vec::new();
    };
    let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_backup = [".orig", ".rej", ".bak", "~", ".swp", ".tmp"]
            .iter()
            .any(|end| name.ends_with(end));
        if is_backup && name.contains(".sql") {
            kinds
                .entry("file")
                .or_default()
                .push(folder.shown_file(&name));
        } else if !name.starts_with('.') && holds_sql(&entry.path()) {
            kinds
                .entry("folder")
                .or_default()
                .push(folder.shown_file(&name));
        }
    }
    let mut findings = Vec::new();
    for (kind, mut names) in kinds {
        names.sort();
        let finding = match kind {
            "file" => Finding::new(
                Area::Files,
                Severity::Note,
                DoctorCode::LeftoverFile,
                format!("{} is not a revision and is not read", listed(&names)),
            )
            .why("an editor or a merge tool left it")
            .help("check whether something in it is still needed, and delete it"),
            _ => Finding::new(
                Area::Files,
                Severity::Note,
                DoctorCode::UnreadFolder,
                format!(
                    "the files in {} are not read: revisions belong in the folder itself",
                    listed(&names)
                ),
            )
            .why("they were moved there, or belong to another tool")
            .help("move revisions up; `cargo migrate import <tool>` reads those of another tool"),
        };
        findings.push(finding.file(names[0].clone()));
    }
    findings
}

fn holds_sql(path: &std::path::Path) -> bool {
    path.is_dir()
        && fs::read_dir(path).is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.path().extension().is_some_and(|it| it == "sql"))
            })
        })
}
