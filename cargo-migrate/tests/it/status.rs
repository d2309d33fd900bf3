//! What `status` shows, and what it recommends: only what `run` would do.

use insta::assert_snapshot;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, chain, steady};

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
    let help = "help: `cargo migrate check` shows what is wrong with the chain: fix it first\n";
    assert_eq!(project.run(["status"]).success().stderr, help);
    // Neither is a redo, where it was applied.
    let edited = project.read("migrations/a.sql");
    project.write("migrations/a.sql", edited.replace("t_x", "t_a"));
    project.run(["run", "-q"]).success().done();
    project.write("migrations/a.sql", edited);
    assert_eq!(project.run(["status"]).code(1).stderr, help);
}

/// What was applied has no way back, so it cannot be redone: nothing says that it can.
#[test]
fn a_redo_that_would_be_refused_is_not_recommended() {
    let project = chain("a");
    let text = project.read("migrations/a.sql");
    let (up, _) = text.split_once("-- migrate: down").expect("it has one");
    let draft = up
        .replace("revision: a", "revision: b")
        .replace("parents: none", "parents: a")
        .replace("t_a", "t_b");
    project.write("migrations/b.sql", &draft);
    let lock = project.read("migrations/chain.lock");
    project.write("migrations/chain.lock", lock + "b a draft\n");
    project.run(["run", "-q"]).success().done();
    project.write("migrations/b.sql", draft.replace("t_b", "t_c"));
    for command in [
        &["run"][..],
        &["status"],
        &["doctor"],
        &["repair", "--ledger"],
        &["redo"],
    ] {
        let told = project.run(command).code(1).to_string();
        assert!(!told.contains("`cargo migrate redo"), "{told}");
        assert!(!told.contains("run first: cargo migrate redo"), "{told}");
        assert!(
            told.contains("restore the applied `up` in its file"),
            "{told}"
        );
    }
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

/// As a server leaves it that died while the second statement ran.
#[tokio::test]
async fn a_statement_of_unknown_outcome_is_named_with_what_to_type() {
    let project = chain("a");
    let text = project.read("migrations/a.sql").replace(
        "migrate: up\n",
        "migrate: up no-transaction\nCREATE TABLE first (id INTEGER);\n",
    );
    project.write("migrations/a.sql", text);
    project.run(["lock", "-q", "--amend", "a"]).success().done();
    project.run(["run", "-q"]).success().done();
    let path = project.path().join("dev.db");
    let database = TestDatabase::existing(&format!("sqlite://{}", path.display()));
    database
        .execute(
            "UPDATE migrate_revision SET state = 'applying', statements = 1, \
             error = 'the next one was begun, and its end was not recorded'",
        )
        .await;
    assert_snapshot!(project.run(["status"]), @"
    database sqlite://dev.db
    at       base: nothing is applied

    failed  a add a after 1 statement, at migrations/a.sql:8: the next one was begun, and its end was not recorded
    ------- stderr -------
    help: check whether the database has its changes; if it has, continue with `cargo migrate run --resume=done`, otherwise with `cargo migrate run --resume=again`
    [exit status: 1]
    ");
    let run = project.run(["run", "--lock-wait", "0"]);
    assert_snapshot!(run, @"
    ------- stderr -------
    waiting for another migrator to finish
    error: it is unknown whether statement 2 of 2 of revision `a` finished
     --> migrations/a.sql:8:1
      |
    8 | CREATE TABLE t_a (id INTEGER PRIMARY KEY);
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: check whether the database has its changes; if it has, continue with `cargo migrate run --resume=done`, otherwise with `cargo migrate run --resume=again`
    [exit status: 1]
    ");
    // Resuming asks the same.
    let resumed = project.run(["run", "--resume"]).code(1).stderr;
    assert!(run.stderr.ends_with(&resumed), "{resumed}");
    let doctor = project.run(["doctor"]).code(1).stdout;
    let finding = doctor
        .split("\n\n")
        .find(|part| part.contains("ledger-in-doubt"));
    assert_snapshot!(finding.unwrap_or(&doctor), @"
    error[ledger-in-doubt]: it is unknown whether statement 2 of `a` was finished: `CREATE TABLE t_a (id INTEGER PRIMARY KEY);`
     --> migrations/a.sql:8:1
      = why: the migrator or the server died in the middle of a statement
      = help: `cargo migrate repair --ledger` checks by the tables whether it was finished; or look for its changes yourself: if they are there, continue with `cargo migrate run --resume=done`, otherwise with `cargo migrate run --resume=again`
    ");
    let repair = project.run(["repair", "--ledger"]);
    assert_snapshot!(repair, @"
    count as applied a: the schema is the one after this revision, so it counts as applied
    ------- stderr -------
    1 row of the ledger would be repaired
    help: add `--execute` to make these changes
    ");

    database.execute("DROP TABLE t_a").await;
    project
        .run(["run", "--resume=again", "-q"])
        .success()
        .done();
    assert!(steady(&project.run(["status"])).contains("applied a add a"));
}
