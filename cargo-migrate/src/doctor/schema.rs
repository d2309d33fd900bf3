//! Compares the tables with the applied revisions.

use migrate_schema::{Difference, DifferenceKind, differences};
use wildmatch::WildMatch;

use super::ledger::Seen;
use super::project::Project;
use super::version_tables::is_version_table;
use super::{Area, DoctorCode, Finding, Section, Severity};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::phrase::counted;
use crate::schemas::named::expected_and_actual;

/// At most so many differences are named; `verify` lists all.
const MOST: usize = 10;

pub(super) async fn look(project: &Project<'_>, seen: Option<&Seen>) -> Section {
    let mut section = Section::new(Area::Schema);
    let Some(seen) = seen else {
        return section.summary("not compared: no database was read");
    };
    if seen.rows.is_none() {
        return section.summary("not compared: nothing is recorded as applied");
    }
    let found = match compare(project, seen).await {
        Ok(found) => found,
        Err(error) => {
            section.push(not_compared(&error));
            return section.summary("not compared");
        }
    };
    if found.is_empty() {
        return section.summary("the tables match the applied revisions");
    }
    section.extend(of_kind(
        &found,
        DifferenceKind::Missing,
        DoctorCode::SchemaMissing,
        "a table or column was dropped by hand, a backup was restored in part, or a revision was recorded and never run",
        "`cargo migrate repair --schema` creates what is missing",
    ));
    section.extend(of_kind(
        &found,
        DifferenceKind::Different,
        DoctorCode::SchemaDifferent,
        "it was changed by hand, or the revision was edited after it ran",
        "`cargo migrate diff database current --format sql` shows the SQL that fixes it",
    ));
    section.extend(of_kind(
        &found,
        DifferenceKind::Extra,
        DoctorCode::SchemaExtra,
        "it was created outside the migrations: by hand, by the application when it starts, or by another program",
        "`cargo migrate diff current database --format sql` shows its SQL: write it into a revision with `cargo migrate new \"<message>\" --sql <file>`, and record it here with `cargo migrate stamp head`; or ignore it with `ignore` in `[verify]` in migrate.toml",
    ));
    section
}

async fn compare(project: &Project<'_>, seen: &Seen) -> Result<Vec<Difference>, CommandError> {
    let (expected, actual) = expected_and_actual(project.context, &seen.chosen).await?;
    let ignored: Vec<WildMatch> = project
        .config
        .ignored
        .iter()
        .map(|pattern| WildMatch::new(pattern))
        .collect();
    let mut found = differences(&expected, &actual);
    found.retain(|difference| {
        let Some(table) = &difference.table else {
            return true;
        };
        let shown = table.to_string();
        let is_other =
            difference.kind == DifferenceKind::Extra && is_version_table(&seen.live, &table.name);
        !is_other && !ignored.iter().any(|pattern| pattern.matches(&shown))
    });
    Ok(found)
}

/// All of a kind, as one finding.
fn of_kind(
    found: &[Difference],
    kind: DifferenceKind,
    code: DoctorCode,
    why: &str,
    help: &str,
) -> Option<Finding> {
    let alike: Vec<&Difference> = found.iter().filter(|it| it.kind == kind).collect();
    if alike.is_empty() {
        return None;
    }
    let (severity, words) = match kind {
        DifferenceKind::Missing => (Severity::Error, "the database lacks"),
        DifferenceKind::Different => (Severity::Error, "the database differs in"),
        DifferenceKind::Extra => (Severity::Warning, "no revision creates"),
    };
    let mut objects: Vec<String> = alike
        .iter()
        .take(MOST)
        .map(
            |difference| match (kind, &difference.expected, &difference.actual) {
                (DifferenceKind::Different, Some(expected), Some(actual)) => {
                    format!(
                        "{} (expected {expected}, found {actual})",
                        difference.object
                    )
                }
                _ => difference.object.clone(),
            },
        )
        .collect();
    if alike.len() > MOST {
        objects.push(format!("and {} more", alike.len() - MOST));
    }
    let message = format!(
        "{words} {}: {}",
        counted(alike.len(), "thing"),
        objects.join(", ")
    );
    Some(
        Finding::new(Area::Schema, severity, code, message)
            .why(why)
            .help(help),
    )
}

/// That it could not be compared is no fault of the database.
pub(super) fn not_compared(error: &CommandError) -> Finding {
    use migrate_sqlx::Error as Runtime;

    let why = match (error.failure(), error.runtime()) {
        (Some(Failure::Scratch), _) => {
            "this user may not create databases, and a scratch database is needed for the comparison"
        }
        (_, Some(Runtime::Unfinished { .. } | Runtime::InDoubt { .. })) => {
            "a revision is unfinished, so the expected schema is unknown"
        }
        (Some(Failure::Database | Failure::StatementFailed), _)
        | (
            _,
            Some(
                Runtime::Database(_)
                | Runtime::NoServer(_)
                | Runtime::Statement(_)
                | Runtime::Repair { .. },
            ),
        ) => {
            "the revisions do not run in an empty scratch database: they need something that they do not create, or they would fail on a new installation as well"
        }
        _ if !error.found().is_empty() => "the files have to be fixed first",
        _ => "the schema of the revisions could not be built in a scratch database",
    };
    let message = format!("the tables were not compared: {}", error.full_message());
    let finding = Finding::new(
        Area::Schema,
        Severity::Note,
        DoctorCode::NotCompared,
        message,
    )
    .why(why);
    match error.help_text() {
        Some(help) => finding.help(help),
        None if !error.found().is_empty() => finding.help("`cargo migrate check` shows it alone"),
        None => finding.help("`cargo migrate verify` shows the whole error"),
    }
}
