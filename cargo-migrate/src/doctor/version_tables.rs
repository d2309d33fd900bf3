//! Where other tools keep what they have applied.

use migrate_schema::Schema;
use migrate_sqlx::__cli::{Database, discrepancy};
use migrate_sqlx::AppliedRevision;

use super::project::{Project, listed};
use super::{Area, DoctorCode, Finding, Severity};
use crate::import::Tool;
use crate::import::applied::{Applied, is_idle};

/// Version tables of tools that `import` does not know.
pub(super) const OTHERS: [(&str, &str); 6] = [
    ("_prisma_migrations", "Prisma"),
    ("seaql_migrations", "SeaORM"),
    ("django_migrations", "Django"),
    ("knex_migrations", "Knex"),
    ("databasechangelog", "Liquibase"),
    ("__efmigrationshistory", "Entity Framework"),
];

/// The tools whose version tables are there.
pub(super) fn tools(live: &Schema) -> Vec<Tool> {
    let has = |tool: &Tool| {
        let mut tables = live.tables.iter();
        let Some((_, table)) = tables.find(|(name, _)| name.name == tool.version_table()) else {
            return false;
        };
        // Two tools have one name for it.
        let is_dirty = table.column("dirty").is_some();
        match tool {
            Tool::GolangMigrate => is_dirty,
            Tool::Dbmate => !is_dirty,
            _ => true,
        }
    };
    let all = [
        Tool::Alembic,
        Tool::Sqlx,
        Tool::Refinery,
        Tool::Diesel,
        Tool::Dbmate,
        Tool::Goose,
        Tool::GolangMigrate,
        Tool::Flyway,
    ];
    all.into_iter().filter(has).collect()
}

/// Another tool's table that says more than the ledger.
pub(super) async fn other_story(
    project: &Project<'_>,
    tool: Tool,
    database: &Database,
    rows: &[AppliedRevision],
) -> Option<Finding> {
    let table = tool.version_table();
    let name = tool.name();
    let finding = |severity, message: String| {
        Finding::new(Area::Ledger, severity, DoctorCode::OtherTool, message).why(format!(
            "{name} is still run on this database, or was run after the ledger was stamped"
        ))
    };
    let read = match Applied::read(tool, database, table).await {
        Ok(read) => read,
        Err(error) => {
            let message = format!(
                "`{table}` of {name} cannot be relied on: {}",
                error.full_message()
            );
            return Some(
                finding(Severity::Warning, message)
                    .help(format!("inspect it: `SELECT * FROM {table}`")),
            );
        }
    };
    let survey = project.survey.as_ref()?;
    let graph = &survey.graph;
    let dialect = database.dialect();
    let is_idle = |index: usize| {
        let revision = survey.revisions.get(index);
        revision.is_some_and(|revision| is_idle(revision, dialect))
    };
    let resolved = match read.resolve(tool, graph, |_| None, is_idle) {
        Ok(resolved) => resolved,
        Err(error) => {
            let message = format!(
                "`{table}` of {name} does not match the ledger: {}",
                error.full_message()
            );
            return Some(finding(Severity::Warning, message).help(format!(
                "convert its new migrations to revisions, and stop running {name}; drop `{table}` when it is no longer needed"
            )));
        }
    };
    let ours = discrepancy::applied(graph, rows);
    let more: Vec<String> = resolved
        .applied
        .iter()
        .filter(|index| !ours.contains(*index))
        .map(|index| graph.id(index).to_string())
        .collect();
    if more.is_empty() {
        return None;
    }
    let message = format!(
        "`{table}` of {name} says that {} is applied, and the ledger does not",
        listed(&more)
    );
    Some(finding(Severity::Error, message).help(format!(
        "`cargo migrate import {} --stamp` records what that table says",
        tool.word()
    )))
}

/// Says whether a table is where another tool keeps what it has applied.
pub(super) fn is_version_table(live: &Schema, name: &str) -> bool {
    let lower = name.to_lowercase();
    tools(live).iter().any(|tool| tool.version_table() == name)
        || OTHERS.iter().any(|(table, _)| *table == lower)
}
