//! What the command passes on of what a database says, and what it says to type next.

use std::process::Command;

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::json;

use crate::servers::with_database;
use crate::{Done as _, chain, project};

/// Writes the only revision, a draft.
fn revision(project: &TestProject, up: &str) {
    project.write(
        "migrations/a.sql",
        format!(
            "-- revision: a\n-- parents: none\n-- message: add a\n-- created: 2026-11-20T14:32:00Z\n\n-- migrate: up\n{up}\n-- migrate: irreversible it is a test\n"
        ),
    );
}

async fn one(dialect: Dialect, name: &str, up: &str) -> (TestProject, TestDatabase) {
    let (project, database) = with_database(dialect, name).await;
    for file in ["a.sql", "b.sql", "chain.lock"] {
        std::fs::remove_file(project.path().join("migrations").join(file))
            .expect("the chain has it");
    }
    revision(&project, up);
    project.run(["lock"]).success().done();
    (project, database)
}

#[tokio::test]
async fn the_parts_of_an_error_are_shown_on_postgres() {
    let up = "DO $$ BEGIN\n  RAISE EXCEPTION 'no owner' USING HINT = 'run the importer first', DETAIL = '3 rows';\nEND $$;";
    let (project, _database) = one(Dialect::Postgres, "cli_parts", up).await;
    let human = project.run(["run"]).code(1).stderr;
    for line in [
        "--> migrations/a.sql:8:3",
        "= detail: 3 rows",
        "= hint: run the importer first",
        "= context: PL/pgSQL function inline_code_block line 2 at RAISE",
    ] {
        assert!(human.contains(line), "{human}");
    }
    let error = &project.run(["run", "--format", "json"]).code(1).json()["error"];
    let expected = json!({
        "revision": "a", "file": "migrations/a.sql", "line": 8, "column": 3,
        "database_message": "no owner", "sqlstate": "P0001", "detail": "3 rows",
        "hint": "run the importer first",
        "context": "PL/pgSQL function inline_code_block line 2 at RAISE",
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&error[key], value, "{key} in {error}");
    }
    let events = project.run(["status", "--events"]).stdout;
    assert!(events.contains("HINT: run the importer first"), "{events}");
    assert!(!format!("{human}{error}{events}").contains(" at line "));
}

#[tokio::test]
async fn a_failed_row_has_the_parts_of_its_error_on_mariadb() {
    let up =
        "SET SESSION sql_mode = '';\nCREATE TABLE t (a INT AUTO_INCREMENT, b INT) ENGINE = nosuch;";
    let (project, _database) = one(Dialect::MySql, "cli_parts", up).await;
    let human = project.run(["run"]).code(1).stderr;
    assert!(
        human.contains("= warning: Unknown storage engine 'nosuch' (1286)"),
        "{human}"
    );
    let status = project.run(["status", "--format", "json"]).code(1).json();
    let error = status["failed"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("Incorrect table definition"), "{error}");
    assert!(error.contains("WARNING: Unknown storage engine"), "{error}");
}

#[tokio::test]
async fn what_fails_at_commit_is_shown_on_postgres() {
    let up = "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO b VALUES (3);";
    let (project, _database) = one(Dialect::Postgres, "cli_commit", up).await;
    let human = project.run(["run"]).code(1).stderr;
    for line in [
        "error: revision `a` failed in its COMMIT",
        "--> migrations/a.sql",
        "= detail: Key (id)=(3) is not present in table \"a\".",
    ] {
        assert!(human.contains(line), "{human}");
    }
    let error = &project.run(["run", "--format", "json"]).code(1).json()["error"];
    assert_eq!(error["code"], "step-failed");
    assert_eq!(
        (&error["revision"], &error["sqlstate"]),
        (&json!("a"), &json!("23503"))
    );
}

async fn notices(dialect: Dialect, up: &str, expected: serde_json::Value) {
    let (project, _database) = one(dialect, "cli_notices", up).await;
    let answer = project.run(["run", "--format", "json"]).success().json();
    assert_eq!(answer["notices"], expected);
}

#[tokio::test]
async fn notices_are_told_once_on_postgres() {
    let up = "DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE NOTICE 'same'; END LOOP; RAISE WARNING 'careful'; END $$;";
    let expected = json!([
        {"revision": "a", "severity": "notice", "message": "same", "count": 1000},
        {"revision": "a", "severity": "warning", "message": "careful", "count": 1},
    ]);
    notices(Dialect::Postgres, up, expected).await;
    for (options, expected) in [
        (
            &[][..],
            "notice: a: same\nwarning: a: careful\nnotice: a: same (said 1000 times)\n",
        ),
        (&["-q"], "warning: a: careful\n"),
    ] {
        let (project, _database) = one(Dialect::Postgres, "cli_notices_human", up).await;
        let human = project.run([&["run"], options].concat()).success().stderr;
        assert!(human.starts_with(expected), "{human}");
        assert_eq!(human.contains("applied"), options.is_empty(), "{human}");
    }
}

#[tokio::test]
async fn notices_are_told_once_on_mariadb() {
    let up = "CREATE TABLE t (a INT);\nINSERT IGNORE INTO t VALUES (1e30);\nINSERT IGNORE INTO t VALUES (1e30);";
    let expected = json!([{
        "revision": "a", "severity": "warning", "code": "1264",
        "message": "Out of range value for column 'a' at row 1", "count": 2,
    }]);
    notices(Dialect::MySql, up, expected).await;
}

/// Runs the command that a text names first, in a shell, as somebody who pastes it.
fn paste(project: &TestProject, at: &str, text: &str) -> String {
    let (_, rest) = text.split_once("`cargo migrate").expect("a command");
    let (command, _) = rest.split_once('`').expect("its end");
    let program = env!("CARGO_BIN_EXE_cargo-migrate");
    let output = Command::new("sh")
        .current_dir(project.path().join(at))
        .args(["-c", &format!("'{program}'{command}")])
        .output()
        .expect("a shell starts");
    assert!(output.status.success(), "{command}: {output:?}");
    command.to_owned()
}

#[test]
fn what_to_type_next_is_about_the_same_database() {
    let project = chain("a  b:a");
    project.write(
        "migrate.toml",
        "[env.dev]\nurl = \"sqlite://dev.db\"\n[env.\"stage 2\"]\nurl = \"sqlite://stage.db\"\n",
    );
    std::fs::create_dir(project.path().join("else where")).unwrap();
    let help = project.run(["status", "--env", "stage 2"]).success().stderr;
    assert_eq!(paste(&project, "", &help), " run --env 'stage 2'");
    assert!(project.path().join("stage.db").is_file());
    assert!(!project.path().join("dev.db").exists());

    let url = "sqlite://other.db";
    let help = project
        .run(["status", "--database-url", url])
        .success()
        .stderr;
    paste(&project, "", &help);
    assert!(project.path().join("other.db").is_file());

    let from_elsewhere = |arguments: &[&str]| {
        let mut command = project.command();
        command.current_dir(project.path().join("else where"));
        project
            .output(command.args(["-C", ".."]).args(arguments))
            .success()
    };
    let help = from_elsewhere(&["status"]).stderr;
    assert_eq!(paste(&project, "else where", &help), " run -C ..");
    assert!(project.path().join("dev.db").is_file());
}

#[test]
fn a_password_is_in_no_command_to_type() {
    let project = chain("a");
    let url = "postgres://me:s3cr3t-pass@127.0.0.1:1/app?sslmode=disable";
    for format in ["human", "json"] {
        let arguments = ["status", "--database-url", url, "--format", format];
        let output = project.run(arguments).code(1).to_string();
        assert!(!output.contains("s3cr3t"), "{output}");
        let output = project.run(["doctor", "--database-url", url, "--format", format]);
        let output = output.to_string();
        assert!(!output.contains("s3cr3t"), "{output}");
    }
}

#[test]
fn a_protected_environment_is_told_nothing_that_it_refuses() {
    let project = chain("a  b:a");
    let config = "[env.dev]\nurl = \"sqlite://dev.db\"\nprotected = true\n";
    project.write("migrate.toml", config);
    project.run(["run", "--yes"]).success().done();
    for file in ["migrations/b.sql", "migrations/chain.lock"] {
        std::fs::remove_file(project.path().join(file)).unwrap();
    }
    project.run(["lock"]).success().done();
    for command in [&["run", "--yes"][..], &["status"], &["doctor"], &["verify"]] {
        for format in ["human", "json"] {
            let output = project.run([command, &["--format", format]].concat());
            let output = output.to_string();
            for refused in ["revert", "redo", "reset", "switch"] {
                let refused = format!("`cargo migrate {refused}");
                assert!(!output.contains(&refused), "{command:?}: {output}");
            }
        }
    }
    let help = project.run(["run", "--yes"]).code(1).stderr;
    assert!(help.contains("deploy the version that has them"), "{help}");
}

#[test]
fn git_is_named_where_it_has_the_file() {
    let project = chain("a");
    project.write(
        "migrations/a.sql",
        project.read("migrations/a.sql").replace("t_a", "t_x"),
    );
    let without = project.run(["check"]).code(1).stdout;
    assert!(!without.contains("git checkout"), "{without}");
    assert!(
        without.contains("cargo migrate lock --amend a"),
        "{without}"
    );

    let project = chain("a");
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "a"]);
    project.write(
        "migrations/a.sql",
        project.read("migrations/a.sql").replace("t_a", "t_x"),
    );
    let with = project.run(["check"]).code(1).stdout;
    assert!(
        with.contains("`git checkout HEAD -- migrations/a.sql`"),
        "{with}"
    );
}

#[test]
fn a_deleted_revision_is_forgotten_by_the_beginning_of_its_id() {
    let project = chain("first  fourth:first  fifth:fourth");
    std::fs::remove_file(project.path().join("migrations/fifth.sql")).unwrap();
    let several = project.run(["lock", "--forget", "x"]).code(1).stderr;
    assert!(several.contains("has no revision `x`"), "{several}");
    project.run(["lock", "--forget", "fif"]).success().done();
    assert!(!project.read("migrations/chain.lock").contains("fifth"));
}

#[test]
fn a_file_in_utf_16_becomes_one_in_utf_8_as_the_help_says() {
    let project = project();
    let text = "-- revision: a\n-- parents: none\n-- message: é\n\n-- migrate: up\nSELECT 1;\n-- migrate: irreversible no\n";
    let utf_16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    project.write("migrations/it is a.sql", utf_16);
    let answer = project.run(["check", "--format", "json"]).code(1).json();
    let help = answer["diagnostics"][0]["help"].as_str().unwrap();
    let (_, command) = help.split_once('`').unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let status = Command::new("sh")
        .current_dir(project.path())
        .args(["-c", command])
        .status();
    assert!(status.expect("a shell starts").success(), "{command}");
    assert_eq!(project.read("migrations/it is a.sql"), text);
}
