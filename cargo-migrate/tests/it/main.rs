//! The command, run as people and programs run it.

mod adoption;
mod alembic;
mod authoring;
mod auto;
mod autogenerate;
mod backup;
mod bad_input;
mod check;
mod database;
mod dumps;
mod edits;
mod explain;
mod extensions;
mod git;
mod graph;
mod help;
mod import;
mod import_alembic;
mod import_alembic_run;
mod import_folders;
mod import_meaning;
mod import_run;
mod interrupt;
mod json;
mod ledger_schema;
mod lockfile;
mod messages;
mod offline;
mod package;
mod reach;
mod repair;
mod schema;
mod scratch;
mod secrets;
mod servers;
mod sources;
mod status;
mod stored_code;
mod urls;
mod verify;

use migrate_tests::{CommandOutput, TestProject};

/// Ends a statement whose output does not matter beyond its exit status.
trait Done {
    fn done(self);
}

impl Done for CommandOutput {
    fn done(self) {}
}

/// Times change from run to run.
fn steady(output: &CommandOutput) -> String {
    let mut text = String::new();
    for line in output.to_string().lines() {
        let mut line = line.to_owned();
        if let Some(at) = line.find(" ms") {
            let start = line[..at]
                .rfind(|c: char| !c.is_ascii_digit())
                .map_or(0, |at| at + 1);
            line.replace_range(start..at, "[time]");
        }
        if let (Some(at), true) = (line.find("(20"), line.ends_with("Z)")) {
            line.replace_range(at.., "([when])");
        }
        text.extend([&line, "\n"]);
    }
    text
}

/// A package without migrations.
fn project() -> TestProject {
    TestProject::new(env!("CARGO_BIN_EXE_cargo-migrate"))
}

/// A package with a migrate.toml for SQLite and revisions of a drawing: `a  b:a  c:a` is `b` and
/// `c` on `a`, each with a table of its name; all sealed, where
/// they hold together.
fn chain(drawing: &str) -> TestProject {
    let project = project();
    for (number, word) in drawing.split_whitespace().enumerate() {
        let (word, label) = word.split_once('@').unwrap_or((word, ""));
        let (id, parents) = word.split_once(':').unwrap_or((word, "none"));
        let labels = match label {
            "" => String::new(),
            label => format!("-- labels: {label}\n"),
        };
        let up_down = match parents.contains(',') {
            true => String::new(),
            false => format!(
                "\n-- migrate: up\nCREATE TABLE t_{id} (id INTEGER PRIMARY KEY);\n\n-- migrate: down\nDROP TABLE t_{id};\n"
            ),
        };
        project.write(
            &format!("migrations/{id}.sql"),
            format!(
                "-- revision: {id}\n-- parents: {parents}\n{labels}-- message: add {id}\n-- created: 2026-11-20T14:32:{number:02}Z\n{up_down}"
            ),
        );
    }
    // What is broken beyond its ends stays without a lock.
    project.write(
        "migrate.toml",
        "[rules]\nmultiple-heads = \"allow\"\nmultiple-bases = \"allow\"\n",
    );
    project.run(["lock"]).done();
    project.write(
        "migrate.toml",
        "dialects = [\"sqlite\"]\n\n[env.dev]\nurl = \"sqlite://dev.db\"\n",
    );
    project
}

#[test]
fn every_file_is_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".rs") else {
            continue;
        };
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{name} is not declared"
        );
    }
}
