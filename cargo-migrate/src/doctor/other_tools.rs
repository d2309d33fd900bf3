//! Other tools whose migrations stand here.

use std::fs;
use std::path::Path;

use super::project::Project;
use super::{Area, DoctorCode, Finding, Severity};
use crate::import::Tool;

/// What was seen of another tool.
pub(super) struct Seen {
    /// How people call it.
    pub(super) name: &'static str,
    /// The file or folder that says so.
    pub(super) evidence: String,
    /// What takes it over.
    pub(super) command: String,
}

impl Seen {
    fn new(tool: Tool, evidence: impl Into<String>) -> Self {
        Self {
            name: tool.name(),
            evidence: evidence.into(),
            command: format!("cargo migrate import {}", tool.word()),
        }
    }

    pub(super) fn finding(&self) -> Finding {
        Finding::new(
            Area::Files,
            Severity::Error,
            DoctorCode::OtherTool,
            format!("there is no revision here, but migrations of {}", self.name),
        )
        .why("the project has used that tool until now")
        .help(format!(
            "`{} --dry-run` shows what would be imported",
            self.command
        ))
        .file(self.evidence.clone())
    }
}

/// Looks for another tool's settings, then for files in its form.
pub(super) fn seen(project: &Project<'_>) -> Option<Seen> {
    for (file, tool) in [
        ("alembic.ini", Tool::Alembic),
        ("diesel.toml", Tool::Diesel),
        ("refinery.toml", Tool::Refinery),
        ("flyway.conf", Tool::Flyway),
        ("flyway.toml", Tool::Flyway),
        ("db/migrations", Tool::Dbmate),
    ] {
        if project.has(file) {
            return Some(Seen::new(tool, file));
        }
    }
    let dir = project.config.dir.trim_end_matches('/');
    [dir, "migrations", "sql", "db/migration"]
        .into_iter()
        .find_map(|folder| in_folder(project, folder))
}

/// Judges a folder by its first files.
fn in_folder(project: &Project<'_>, folder: &str) -> Option<Seen> {
    let path = project.root.join(folder);
    let mut names: Vec<String> = fs::read_dir(&path)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.iter().take(50).find_map(|name| {
        let tool = by_name(&path, name)?;
        Some(Seen::new(tool, format!("{folder}/{name}")))
    })
}

fn by_name(folder: &Path, name: &str) -> Option<Tool> {
    let path = folder.join(name);
    if path.is_dir() {
        let diesel = path.join("up.sql").is_file();
        return diesel.then_some(Tool::Diesel);
    }
    if name == "env.py" {
        return Some(Tool::Alembic);
    }
    let stem = name.strip_suffix(".sql")?;
    // Revisions of ours say so in their first lines.
    let text = fs::read_to_string(&path).unwrap_or_default();
    let begins = |words: &str| {
        text.lines()
            .take(20)
            .any(|line| line.trim().starts_with(words))
    };
    if begins("-- revision:") {
        return None;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = stem.split('_').next().unwrap_or_default();
    match stem {
        _ if begins("-- +goose") => Some(Tool::Goose),
        _ if begins("-- migrate:up") => Some(Tool::Dbmate),
        _ if stem.contains("__") && number.starts_with(['V', 'U', 'R']) => Some(
            match folder.ends_with("sql") || folder.ends_with("db/migration") {
                true => Tool::Flyway,
                false => Tool::Refinery,
            },
        ),
        _ if !digits(number) => None,
        _ if (stem.ends_with(".up") || stem.ends_with(".down")) && number.len() < 14 => {
            Some(Tool::GolangMigrate)
        }
        _ => Some(Tool::Sqlx),
    }
}
