//! Broken projects and databases: what `doctor` says, and what the commands that repair them leave
//! behind.

mod baseline;
mod cases;
mod database;
mod detect;
mod doctor;
mod patient;
mod schema;

use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestProject};

/// Ends a statement whose output does not matter beyond its exit status.
trait Done {
    fn done(self);
}

impl Done for CommandOutput {
    fn done(self) {}
}

/// A package for one database, without migrations.
fn project(dialect: Dialect, url: &str) -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(".env", format!("TEST_URL={url}\n"));
    project
}

/// Writes a revision.
fn revision(project: &TestProject, id: &str, parents: &str, up: &str, down: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!("-- revision: {id}\n-- parents: {parents}\n-- message: {id}\n-- migrate: up\n{up}\n-- migrate: down\n{down}\n"),
    );
}

/// Where the ledger says the database is.
#[track_caller]
fn current(project: &TestProject) -> Vec<String> {
    let status = project.run(["status", "--format", "json"]).json();
    let heads = status["current"].as_array().expect("a list");
    heads
        .iter()
        .map(|id| id.as_str().expect("an id").to_owned())
        .collect()
}
