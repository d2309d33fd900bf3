//! The models of the application beside what the chain makes.

use migrate_models::{Models, Root, read};
use migrate_schema::diff;
use migrate_schema::lock::SchemaLock;

use super::grouped::grouped;
use super::project::Project;
use super::{Area, DoctorCode, Finding, Section, Severity, causes, schema};
use crate::output::phrase::counted;
use crate::project::package;
use crate::schemas::autogenerate::{self, Source};

/// Looks at what needs no database: the sources, and whether schema.lock is of this chain.
pub(super) fn look_offline(project: &Project<'_>) -> Section {
    let (mut section, models) = read_all(project);
    if let Some(models) = models
        && section.findings.is_empty()
    {
        section.summary = format!(
            "{}, read and not compared",
            counted(models.models().len(), "model")
        );
    }
    section
}

/// Looks at all of it.
pub(super) async fn look(project: &Project<'_>) -> Section {
    let (mut section, models) = read_all(project);
    let Some(models) = models else {
        return section;
    };
    let count = counted(models.models().len(), "model");
    let sound = project
        .survey
        .as_ref()
        .is_some_and(|survey| !survey.has_errors());
    if !sound || !project.is_configured() {
        section.summary = format!("{count}, not compared: fix the chain first");
        return section;
    }
    let source = Source::Models(Box::new(models));
    match autogenerate::gaps(&source, &[], project.context).await {
        Ok(gaps) => {
            let mut missing = Vec::new();
            for gap in &gaps {
                let changes = diff(&gap.chain, &gap.wanted, &gap.renames);
                let name = gap.dialect().name();
                missing.extend(changes.iter().map(|change| format!("{change} ({name})")));
            }
            match missing.is_empty() {
                true if section.findings.is_empty() => {
                    section.summary = format!("{count}, matching the chain");
                }
                true => {}
                false => section.push(differ(&missing)),
            }
        }
        Err(error) => {
            let finding = schema::not_compared(&error);
            section.push(Finding {
                area: Area::Models,
                message: format!("the models were not compared: {}", error.full_message()),
                ..finding
            });
        }
    }
    section
}

fn differ(missing: &[String]) -> Finding {
    const MOST: usize = 5;
    let mut shown: Vec<String> = missing.iter().take(MOST).cloned().collect();
    if missing.len() > MOST {
        shown.push(format!("and {} more", missing.len() - MOST));
    }
    let message = format!("the models differ from the chain: {}", shown.join("; "));
    Finding::new(
        Area::Models,
        Severity::Error,
        DoctorCode::ModelsDiffer,
        message,
    )
    .why("a model was changed and no revision written for it")
    .help("write it with `cargo migrate new --auto \"…\"`")
    .command("cargo migrate check --models")
}

/// Reads the sources; what was found where there are models that can be compared.
fn read_all(project: &Project<'_>) -> (Section, Option<Models>) {
    let mut section = Section::new(Area::Models);
    if !project.has("Cargo.toml") {
        return (section.summary("no Cargo.toml, no models"), None);
    }
    let targets = match package::targets(&project.root) {
        Ok(targets) => targets,
        Err(error) => {
            section.push(
                Finding::because(Area::Models, Severity::Note, &error)
                    .why("Cargo.toml cannot be understood, so the sources are unknown"),
            );
            return (section, None);
        }
    };
    let roots: Vec<Root> = targets
        .into_iter()
        .map(|(name, file)| Root { name, file })
        .collect();
    let reading = read(&project.root, &roots);
    let broken = reading.has_errors();
    section.extend(grouped(
        Area::Models,
        &reading.diagnostics,
        |finding, found| finding.maybe_why(causes::why(found.code).map(str::to_owned)),
    ));
    section.extend(unreadable_lock(project));
    match reading.models.is_empty() {
        true if section.findings.is_empty() => (section.summary("no struct derives `Table`"), None),
        empty => (section, (!empty && !broken).then_some(reading.models)),
    }
}

/// Whether schema.lock can be read; whether it belongs to this chain is in the lock's section.
fn unreadable_lock(project: &Project<'_>) -> Vec<Finding> {
    let Some(folder) = &project.folder else {
        return Vec::new();
    };
    let shown = folder.shown_file(SchemaLock::FILE);
    let text = match SchemaLock::read(&project.dir(), &shown) {
        Ok(Some(text)) => text,
        Ok(None) => return Vec::new(),
        Err(found) => return vec![Finding::of(Area::Models, &found)],
    };
    match SchemaLock::parse(&shown, &text) {
        Ok(_) => Vec::new(),
        Err(found) => grouped(Area::Models, &found, |finding, _| {
            finding.why("a git merge was left unfinished in it, or somebody edited it")
        }),
    }
}
