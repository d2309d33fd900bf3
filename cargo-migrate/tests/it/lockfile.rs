//! schema.lock: out of date, and written again.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project, steady};

const CONFIG: &str = "dialects = [\"sqlite\"]\n[env.dev]\nurl = \"sqlite://dev.db\"\n[env.production]\nurl = \"sqlite://production.db\"\nprotected = true\n";

fn draft(project: &TestProject, id: &str, parents: &str, up: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!("-- revision: {id}\n-- parents: {parents}\n-- message: {id}\n-- migrate: up\n{up}\n-- migrate: down\nDROP TABLE t_{id};\n"),
    );
}

/// A draft `a` on SQLite that is applied, and schema.lock.
fn applied() -> TestProject {
    let project = project();
    project.write("migrate.toml", CONFIG);
    project.run(["init", "-q"]).success().done();
    draft(
        &project,
        "a",
        "none",
        "CREATE TABLE t_a (id INTEGER PRIMARY KEY);",
    );
    project.write("migrations/chain.lock", "version 1\na - draft\n");
    project.run(["lock", "--schema", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    project
}

fn edit(project: &TestProject) {
    draft(
        project,
        "a",
        "none",
        "CREATE TABLE t_a (id INTEGER PRIMARY KEY, more TEXT);",
    );
}

/// Chain hashes change with their algorithm, which is not what is told here.
fn without_hashes(text: &str) -> String {
    let short = |word: &str| match word.trim_end().len() == 64 {
        true => word.replace(word.trim_end(), "[hash]"),
        false => word.to_owned(),
    };
    let text: String = text.split_inclusive(' ').map(short).collect();
    text.split_inclusive('\n')
        .map(|line| match line.rsplit_once(' ') {
            Some((before, word)) => format!("{before} {}", short(word)),
            None => line.to_owned(),
        })
        .collect()
}

#[test]
fn an_edited_draft() {
    let project = applied();
    assert_snapshot!(without_hashes(&project.read("migrations/schema.lock")), @"
    # Written by cargo migrate: commit it, do not edit it.
    version 1
    head a [hash]

    [sqlite]
    table t_a
    table t_a column id at=1 type=INTEGER
    table t_a primary-key column=id
    ");
    project.run(["check"]).success().done();
    edit(&project);
    assert_snapshot!(without_hashes(&project.run(["check"]).to_string()), @"
    warning[schema-lock-stale]: `migrations/schema.lock` is out of date: `a`, or what it follows, was edited since
     --> migrations/schema.lock:3:1
      |
    3 | head a [hash]
      | ^^^^^^ the chain hash is different now
      |
      = help: recreate it with `cargo migrate lock --schema`; `cargo migrate run` to the head does so too

    ------- stderr -------
    checked 1 revision: 1 warning
    ");
    assert_snapshot!(without_hashes(&project.run(["check", "--locked"]).to_string()), @"
    error[schema-lock-stale]: `migrations/schema.lock` is out of date: `a`, or what it follows, was edited since
     --> migrations/schema.lock:3:1
      |
    3 | head a [hash]
      | ^^^^^^ the chain hash is different now
      |
      = help: recreate it with `cargo migrate lock --schema`; `cargo migrate run` to the head does so too

    error[lock-draft]: revision `a` is a draft
     --> migrations/a.sql:1:14
      |
    1 | -- revision: a
      |              ^
      |
      = help: seal it with `cargo migrate lock`

    ------- stderr -------
    checked 1 revision: 2 errors
    [exit status: 1]
    ");
    assert_snapshot!(steady(&project.run(["redo"])), @"
    ------- stderr -------
    warning: the file of `a` has changed or is missing: its text in the ledger is used
    reverted a a ([time] ms)
    applied a a ([time] ms)
    1 revision redone in sqlite://dev.db
    wrote migrations/schema.lock: it is the schema of the chain again
    ");
    project.run(["check"]).success().done();
    let lock = project.read("migrations/schema.lock");
    assert!(
        lock.contains("table t_a column more at=2 type=TEXT null"),
        "{lock}"
    );
    // The draft is one still, and what is up to date is left alone.
    assert!(project.read("migrations/chain.lock").contains("a - draft"));
    assert_snapshot!(project.run(["run"]), @"
    ------- stderr -------
    nothing to apply: sqlite://dev.db is at a
    ");
}

#[test]
fn a_revision_more() {
    let project = applied();
    project
        .run(["new", "later", "--rev-id", "b"])
        .success()
        .done();
    // There is nothing in it yet.
    assert_snapshot!(project.run(["check"]), @"
    warning[empty-up]: revision `b` does nothing: its `up` has no statement
     --> migrations/20261120T143205_b_later.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: write its SQL: `cargo migrate edit b`

    ------- stderr -------
    checked 2 revisions: 1 warning
    ");
    draft(
        &project,
        "c",
        "b",
        "CREATE TABLE t_c (id INTEGER PRIMARY KEY);",
    );
    let chain = project.read("migrations/chain.lock");
    project.write("migrations/chain.lock", format!("{chain}c b draft\n"));
    assert_snapshot!(project.run(["check", "-q"]), @"
    warning[empty-up]: revision `b` does nothing: its `up` has no statement
     --> migrations/20261120T143205_b_later.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: write its SQL: `cargo migrate edit b`

    warning[schema-lock-stale]: `migrations/schema.lock` is out of date: the schema of the chain is that at `c` now
     --> migrations/schema.lock:3:1
      |
    3 | head a bb24bd5974a63f5666a1323231f010a3baef4d46c71050d5320fe5dfaa07ccd1
      | ^^^^^^ this is that at `a`
      |
      = help: recreate it with `cargo migrate lock --schema`; `cargo migrate run` to the head does so too
    ");
    assert_snapshot!(project.run(["run", "b"]), @"
    ------- stderr -------
    error: the draft `b` has nothing to run: its `up` has no statement
    help: write its SQL: `cargo migrate edit b`; nothing was changed
    [exit status: 1]
    ");
    let later = "migrations/20261120T143205_b_later.sql";
    let filled = project
        .read(later)
        .replace("-- migrate: up\n", "-- migrate: up\nSELECT 1;\n");
    project.write(later, filled);
    // Not there yet.
    project.run(["run", "b", "-q"]).success().done();
    let old = project.read("migrations/schema.lock");
    assert!(!old.contains("t_c"), "{old}");
    let run = project.run(["run", "--format", "json"]).success();
    assert_eq!(run.json()["to"], serde_json::json!(["c"]));
    let new = project.read("migrations/schema.lock");
    assert!(new.contains("table t_c\n"), "{new}");
    project.run(["revert", "-q"]).success().done();
    assert_eq!(project.read("migrations/schema.lock"), new);
    assert_snapshot!(project.run(["lock", "--schema"]), @"migrations/schema.lock");
    assert_eq!(project.read("migrations/schema.lock"), new);
}

/// Where nobody would commit it, it is left alone.
#[test]
fn in_production_and_in_ci() {
    let project = applied();
    edit(&project);
    let old = project.read("migrations/schema.lock");
    project
        .run([
            "run",
            "--env",
            "production",
            "--yes",
            "--allow-drafts",
            "-q",
        ])
        .success()
        .done();
    assert_eq!(project.read("migrations/schema.lock"), old);
    let fresh = ["run", "-q", "--database-url", "sqlite://fresh.db"];
    let ci = project.output(project.command().env("CI", "true").args(fresh));
    ci.success().done();
    assert_eq!(project.read("migrations/schema.lock"), old);
    project.run(fresh).success().done();
    assert_ne!(project.read("migrations/schema.lock"), old);
}

/// What is in the way of it is no failure of the run.
#[test]
fn a_server_that_does_not_answer() {
    let project = applied();
    draft(
        &project,
        "b",
        "a",
        "CREATE TABLE t_b (id INTEGER PRIMARY KEY);",
    );
    project.write("migrations/chain.lock", "version 1\na - draft\nb a draft\n");
    project.write(
        "migrate.toml",
        format!("{CONFIG}[env.postgres]\nurl = \"postgres://me:zq7@127.0.0.1:1/x\"\n")
            .replace("[\"sqlite\"]", "[\"sqlite\", \"postgres\"]"),
    );
    assert_snapshot!(steady(&project.run(["run"])), @"
    ------- stderr -------
    applied b b ([time] ms)
    1 revision applied to sqlite://dev.db in [time] ms
    warning: `migrations/schema.lock` stays out of date: the database `postgres://me@127.0.0.1:1/x` cannot be used: error communicating with database: Connection refused (os error 111)
    help: fix that, then run `cargo migrate lock --schema`
    ");
}

/// A seal needs no server and stays; what is written and what is not is told.
#[test]
fn a_seal_while_a_server_does_not_answer() {
    let project = applied();
    let before = project.read("migrations/schema.lock");
    project.write(
        "migrate.toml",
        format!("{CONFIG}[env.postgres]\nurl = \"postgres://me:zq7@127.0.0.1:1/x\"\n")
            .replace("[\"sqlite\"]", "[\"sqlite\", \"postgres\"]"),
    );
    assert_snapshot!(project.run(["lock"]), @"
    ------- stderr -------
    error: the database `postgres://me@127.0.0.1:1/x` cannot be used

    Caused by:
      error communicating with database: Connection refused (os error 111)

    note: `migrations/chain.lock` is written: sealed `a`; `migrations/schema.lock` is not written
    help: check that the server is running, and that host and port are correct; then write it with `cargo migrate lock --schema`
    [exit status: 1]
    ");
    assert!(!project.read("migrations/chain.lock").contains("draft"));
    assert_eq!(project.read("migrations/schema.lock"), before);
    assert_snapshot!(project.run(["lock", "--format", "json"]), @r#"
    {
      "error": {
        "code": "database",
        "message": "the database `postgres://me@127.0.0.1:1/x` cannot be used: error communicating with database: Connection refused (os error 111); `migrations/chain.lock` was already up to date; `migrations/schema.lock` is not written",
        "help": "check that the server is running, and that host and port are correct; then write it with `cargo migrate lock --schema`",
        "candidates": []
      }
    }
    [exit status: 1]
    "#);
}

/// git keeps the heads of both sides, and what both say is the schema.
#[test]
fn two_branches_merged_by_git() {
    let project = applied();
    let base = project.read("migrations/schema.lock");
    let added = |id: &str, others: &str| {
        draft(
            &project,
            id,
            "a",
            &format!("CREATE TABLE t_{id} (id INTEGER PRIMARY KEY);"),
        );
        project.write(
            "migrations/chain.lock",
            format!("version 1\na - draft\n{others}{id} a draft\n"),
        );
    };
    added("b", "");
    project.run(["lock", "--schema", "-q"]).success().done();
    let ours = project.read("migrations/schema.lock");
    std::fs::rename(
        project.path().join("migrations/b.sql"),
        project.path().join("b"),
    )
    .expect("it is there");
    added("c", "");
    project.run(["lock", "--schema", "-q"]).success().done();
    let theirs = project.read("migrations/schema.lock");
    std::fs::rename(
        project.path().join("b"),
        project.path().join("migrations/b.sql"),
    )
    .expect("it is there");
    added("c", "b a draft\n");
    let is_new = |line: &&str| !base.lines().any(|old| old == *line);
    let mut merged = String::new();
    for line in ours.lines() {
        merged.extend([line, "\n"]);
        if line.starts_with("head") {
            let head = theirs.lines().find(|line| line.starts_with("head"));
            merged.extend([head.expect("it has a head"), "\n"]);
        }
    }
    for line in theirs
        .lines()
        .filter(is_new)
        .filter(|line| !line.starts_with("head"))
    {
        merged.extend([line, "\n"]);
    }
    project.write("migrations/schema.lock", &merged);
    project
        .run(["merge", "-m", "both", "--rev-id", "m"])
        .success()
        .done();
    let checked = project.run(["check", "--format", "json"]).success().json();
    assert_eq!(checked["diagnostics"], serde_json::json!([]));
    project.run(["lock", "--schema", "-q"]).success().done();
    let written = project.read("migrations/schema.lock");
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&written), sorted(&merged));
}

#[test]
fn marks_of_an_unfinished_merge() {
    let project = applied();
    let lock = project.read("migrations/schema.lock");
    project.write("migrations/schema.lock", format!("{lock}<<<<<<< HEAD\n"));
    assert_snapshot!(project.run(["check"]), @"
    error[schema-lock-malformed]: schema.lock has the conflict markers of an unfinished git merge
     --> migrations/schema.lock:9:1
      |
    9 | <<<<<<< HEAD
      | ^^^^^^^^^^^^
      |
      = help: recreate it: `cargo migrate lock`

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    ");
    project.run(["lock", "-q"]).success().done();
    project.run(["check", "--locked"]).success().done();
}

/// Each database of the project has its section.
#[tokio::test]
async fn on_servers() {
    let postgres = TestDatabase::create(Dialect::Postgres, "cli_schema_lock").await;
    let mysql = TestDatabase::create(Dialect::MySql, "cli_schema_lock").await;
    let project = applied();
    project.write(
        "migrate.toml",
        format!(
            "{CONFIG}[env.postgres]\nurl = \"${{POSTGRES}}\"\n[env.mysql]\nurl = \"${{MYSQL}}\"\n"
        )
        .replace("[\"sqlite\"]", "[\"sqlite\", \"postgres\", \"mysql\"]"),
    );
    let urls = format!("POSTGRES={}\nMYSQL={}\n", postgres.url(), mysql.url());
    project.write(".env", urls);
    let found = project.run(["check", "--format", "json"]).success().json();
    assert_eq!(
        found["diagnostics"][0]["message"],
        "`migrations/schema.lock` has no schema for PostgreSQL"
    );
    project
        .run(["run", "-q", "--env", "mysql"])
        .success()
        .done();
    let lock = project.read("migrations/schema.lock");
    for line in [
        "\n[mysql]\n",
        "\n[postgres]\n",
        "table t_a column id at=1 type=int(11)\n",
        "table t_a column id at=1 type=integer\n",
    ] {
        assert!(lock.contains(line), "{lock}");
    }
    project.run(["check"]).success().done();
}
