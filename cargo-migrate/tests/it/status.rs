//! What `status` shows, and what it recommends: only what `run` would do.

use migrate_tests::TestProject;

use crate::{Done as _, chain};

/// Asserts that `status` does not recommend a run, but says what `run` says.
#[track_caller]
fn refused(project: &TestProject, message: &str, help: &str) {
    let status = project.run(["status"]);
    let run = project.run(["run", "--yes"]).code(1).stderr;
    assert!(run.contains(message) && run.contains(help), "{run}");
    let told = &status.stderr;
    assert!(!told.contains("`cargo migrate run` applies"), "{told}");
    assert!(told.contains(message) && told.contains(help), "{told}");
}

#[test]
fn a_run_of_several_heads_is_not_recommended() {
    let project = chain("a  b:a  c:a");
    let help = "`cargo migrate merge b c`";
    refused(&project, "there are 2 heads: `b`, `c`", help);
    let doctor = project.run(["doctor"]).code(1).stdout;
    assert!(!doctor.contains("`cargo migrate run`"), "{doctor}");
}

#[test]
fn drafts_of_a_protected_environment_are_not_recommended() {
    let project = chain("a");
    let config = project.read("migrate.toml");
    project.write("migrate.toml", format!("{config}protected = true\n"));
    let status = project.run(["status"]).success().stderr;
    assert!(
        status.contains("`cargo migrate run` applies 1 revision"),
        "{status}"
    );
    project.write(
        "migrations/b.sql",
        project
            .read("migrations/a.sql")
            .replace("t_a", "t_b")
            .replace("revision: a", "revision: b")
            .replace("parents: none", "parents: a"),
    );
    project.write(
        "migrations/chain.lock",
        project.read("migrations/chain.lock") + "b a draft\n",
    );
    let message = "the environment `dev` is protected, and 1 draft would reach it: `b`";
    refused(
        &project,
        message,
        "seal what is finished with `cargo migrate lock`",
    );
    let doctor = project.run(["doctor"]).stdout;
    assert!(
        doctor.contains("`cargo migrate run` would refuse"),
        "{doctor}"
    );
}

#[test]
fn an_edited_chain_is_not_recommended() {
    let project = chain("a");
    let text = project.read("migrations/a.sql").replace("t_a", "t_x");
    project.write("migrations/a.sql", text);
    let status = project.run(["status"]).success().stderr;
    assert!(
        status.ends_with(
            "warning: `cargo migrate run` would refuse: the chain cannot be used\nhelp: `cargo migrate check` shows why\n"
        ),
        "{status}"
    );
}

#[test]
fn an_unfinished_revision_is_listed_once() {
    let project = chain("a  b:a");
    let text = project.read("migrations/a.sql").replace(
        "migrate: up\n",
        "migrate: up no-transaction\nCREATE TABLE first (id INTEGER);\nCREATE TABLE first (id INTEGER);\n",
    );
    project.write("migrations/a.sql", text);
    project.run(["lock", "-q", "--amend", "a"]).success().done();
    project.run(["run"]).code(1).done();
    let status = project.run(["status"]).code(1).stdout;
    assert!(
        status.contains("failed  a add a after 1 statement"),
        "{status}"
    );
    assert!(!status.contains("pending a"), "{status}");
    assert!(status.contains("pending b"), "{status}");
    let status = project.run(["status", "--format", "json"]).code(1).json();
    assert_eq!(status["pending"], serde_json::json!(["b"]));
    assert_eq!(status["failed"][0]["revision"], "a");
}
