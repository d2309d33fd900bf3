//! What works on a database, here on SQLite; the other databases have the runtime's own tests.

use insta::assert_snapshot;
use migrate_tests::TestProject;

use crate::{Done as _, chain, steady};

fn run(project: &TestProject, arguments: &[&str]) -> String {
    steady(&project.run(arguments))
}

#[test]
fn there_and_back() {
    let project = chain("a  b:a  c:b");
    assert_snapshot!(run(&project, &["status"]), @r#"
    database sqlite://dev.db
    at       base: nothing is applied

    pending a add a
    pending b add b
    pending c add c
    ------- stderr -------
    help: `cargo migrate run` applies 3 revisions
    "#);
    assert!(
        !project.path().join("dev.db").exists(),
        "reading makes nothing"
    );
    assert_snapshot!(run(&project, &["run", "--dry-run"]), @r#"
    apply a add a
    apply b add b
    apply c add c
    ------- stderr -------
    3 revisions to apply
    "#);
    assert!(
        !project.path().join("dev.db").exists(),
        "a dry run makes nothing"
    );
    assert_snapshot!(run(&project, &["run", "+2"]), @r#"
    ------- stderr -------
    applied a add a ([time] ms)
    applied b add b ([time] ms)
    2 revisions applied to sqlite://dev.db in [time] ms
    "#);
    assert_snapshot!(run(&project, &["status"]), @r#"
    database sqlite://dev.db
    at       b

    applied a add a ([when])
    applied b add b ([when])
    pending c add c
    ------- stderr -------
    help: `cargo migrate run` applies 1 revision
    "#);
    assert_snapshot!(run(&project, &["up"]), @r#"
    ------- stderr -------
    applied c add c ([time] ms)
    1 revision applied to sqlite://dev.db in [time] ms
    "#);
    assert_snapshot!(run(&project, &["upgrade"]), @r#"
    ------- stderr -------
    nothing to apply: sqlite://dev.db is at c
    "#);
    assert_snapshot!(run(&project, &["current"]), @"c add c (head)");
    assert_snapshot!(run(&project, &["plan", "--down", "-2"]), @r#"
    revert c add c
    revert b add b
    ------- stderr -------
    2 revisions to revert
    "#);
    assert_snapshot!(run(&project, &["redo", "--dry-run"]), @r#"
    revert c add c
    apply c add c
    ------- stderr -------
    1 revision to revert
    1 revision to apply
    "#);
    assert_snapshot!(run(&project, &["redo", "b"]), @r#"
    ------- stderr -------
    reverted c add c ([time] ms)
    reverted b add b ([time] ms)
    applied b add b ([time] ms)
    applied c add c ([time] ms)
    2 revisions redone in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["revert", "--dry-run"]), @r#"
    revert c add c
    ------- stderr -------
    1 revision to revert
    "#);
    assert_snapshot!(run(&project, &["down"]), @r#"
    ------- stderr -------
    reverted c add c ([time] ms)
    1 revision reverted in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["revert", "base"]), @r#"
    ------- stderr -------
    reverted b add b ([time] ms)
    reverted a add a ([time] ms)
    2 revisions reverted in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["revert"]), @"
    ------- stderr -------
    error: `-1` leads past the base of the chain: nothing is applied
    help: there is nothing to revert: `cargo migrate status` shows the database
    [exit status: 1]
    ");
    assert_snapshot!(run(&project, &["current"]), @r#"
    ------- stderr -------
    nothing is applied
    "#);
}

#[test]
fn a_fork_wants_a_target() {
    let project = chain("a  b:a  c:a");
    project.run(["lock"]).code(1).done();
    project.write(
        "migrate.toml",
        "[rules]\nmultiple-heads = \"warn\"\n[env.dev]\nurl = \"sqlite://dev.db\"\n",
    );
    project.run(["lock", "-q"]).success().done();
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    error: there are 2 heads: `b`, `c`
    help: name one, use `heads` for all, or join them with `cargo migrate merge b c`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["run", "heads"]), @r#"
    ------- stderr -------
    applied a add a ([time] ms)
    applied b add b ([time] ms)
    applied c add c ([time] ms)
    3 revisions applied to sqlite://dev.db in [time] ms
    "#);
    assert_snapshot!(run(&project, &["revert"]), @r#"
    ------- stderr -------
    error: ambiguous target `-1`: the next revision may be `b-1`, `c-1`
    help: name one: `cargo migrate revert b-1` or `cargo migrate revert c-1`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["redo"]), @"
    ------- stderr -------
    error: ambiguous target `current`: the next revision may be `b`, `c`
    help: name one: `cargo migrate redo b` or `cargo migrate redo c`
    [exit status: 1]
    ");
    assert_snapshot!(run(&project, &["redo", "b"]), @r#"
    ------- stderr -------
    reverted b add b ([time] ms)
    applied b add b ([time] ms)
    1 revision redone in sqlite://dev.db
    "#);
}

#[test]
fn several_heads_that_the_rules_refuse_run_where_they_are_named() {
    let project = chain("a  b:a");
    project
        .run([
            "new", "c", "--rev-id", "c", "--parent", "a", "--splice", "-q",
        ])
        .success()
        .done();
    let file = "migrations/20261120T143205_c_c.sql";
    let filled = project
        .read(file)
        .replace("-- migrate: up\n", "-- migrate: up\nSELECT 1;\n");
    project.write(file, filled);
    project.run(["run"]).code(1).done();
    project.run(["run", "heads", "-q"]).success().done();
}

#[test]
fn stamp_records_without_running() {
    let project = chain("a  b:a  c:b");
    assert_snapshot!(run(&project, &["stamp", "b", "--dry-run"]), @r#"
    record a
    record b
    "#);
    assert_snapshot!(run(&project, &["stamp", "b"]), @r#"
    ------- stderr -------
    stamped b: 2 revisions recorded, 0 forgotten in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["status"]), @r#"
    database sqlite://dev.db
    at       b

    applied a add a ([when])
    applied b add b ([when])
    pending c add c
    ------- stderr -------
    help: `cargo migrate run` applies 1 revision
    "#);
    assert_snapshot!(run(&project, &["stamp", "a"]), @r#"
    ------- stderr -------
    stamped a: 0 revisions recorded, 1 forgotten in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["stamp", "base", "--purge"]), @r#"
    ------- stderr -------
    stamped base: 0 revisions recorded, 1 forgotten in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["stamp", "+1"]), @r#"
    ------- stderr -------
    error: invalid target `+1`
    help: expected an id, `head`, `heads`, `base`, `current`, `+1`, `-1`, `<id>+1` or `<label>@head`
    [exit status: 1]
    "#);
}

#[test]
fn a_failing_statement_is_shown_where_it_stands() {
    let project = chain("a");
    project.write(
        "b.sql",
        "CREATE TABLE good (id INTEGER);\nCREATE TABL bad (id INTEGER);\n",
    );
    project
        .run(["new", "bad", "--rev-id", "b", "--sql", "b.sql"])
        .success()
        .done();
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    applied a add a ([time] ms)
    error: statement 2 of 2 of revision `b` failed
     --> migrations/20261120T143205_b_bad.sql:8:8
      |
    8 | CREATE TABL bad (id INTEGER);
      |        ^^^^ near "TABL": syntax error
    help: fix the revision, then `cargo migrate run` again; nothing of it was kept
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["current"]), @"a add a (base)");
}

#[test]
fn a_draft_that_was_edited_after_it_was_applied() {
    let project = chain("a");
    project.write("b.sql", "CREATE TABLE t_b (id INTEGER);\n");
    project
        .run(["new", "more", "--rev-id", "b", "--sql", "b.sql"])
        .success()
        .done();
    let file = "migrations/20261120T143205_b_more.sql";
    let text = project.read(file);
    project.run(["run", "-q"]).success().done();
    project.write(file, text.replace("id INTEGER", "id INTEGER, name TEXT"));
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    error: revisions were changed after they were applied: `b`
    help: restore the applied `up` in its file, so that the file's `down` is used; or undo it in the database by hand, then `cargo migrate repair --undone b --execute` and `cargo migrate run`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["status"]), @r#"
    database sqlite://dev.db
    at       b

    applied a add a ([when])
    changed b more ([when])
    ------- stderr -------
    help: restore the applied `up` in its file, so that the file's `down` is used; or undo it in the database by hand, then `cargo migrate repair --undone b --execute` and `cargo migrate run`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["redo"]), @"
    ------- stderr -------
    error: revision `b` cannot be reverted: the text that was applied has an empty `down`
    help: restore the applied `up` in its file, so that the file's `down` is used; or undo it in the database by hand, then `cargo migrate repair --undone b --execute` and `cargo migrate run`
    [exit status: 1]
    ");
}

#[test]
fn a_redo_of_an_edited_draft() {
    let project = chain("a  b:a");
    project.run(["run", "-q"]).success().done();
    let text = project
        .read("migrations/b.sql")
        .replace("id INTEGER", "name TEXT, id INTEGER");
    project.write("migrations/b.sql", text);
    project.run(["lock", "--amend", "b", "-q"]).success().done();
    assert_snapshot!(run(&project, &["redo"]), @r#"
    ------- stderr -------
    warning: the file of `b` has changed or is missing: its text in the ledger is used
    reverted b add b ([time] ms)
    applied b add b ([time] ms)
    1 revision redone in sqlite://dev.db
    "#);
    project.run(["run", "-q"]).success().done();
}

#[test]
fn a_database_that_is_newer_than_the_chain() {
    let project = chain("a  b:a");
    project.run(["run", "-q"]).success().done();
    std::fs::remove_file(project.path().join("migrations/b.sql")).unwrap();
    project
        .run(["lock", "--forget", "b", "-q"])
        .success()
        .done();
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    error: the database has revisions that this chain does not know: `b`
    help: deploy the version that has them, or move a development database to this branch with `cargo migrate switch HEAD`, or revert them with `cargo migrate revert <target>`; both use the ledger's text of `b`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["status"]), @r#"
    database sqlite://dev.db
    at       b

    applied a add a ([when])
    unknown b add b ([when])
    ------- stderr -------
    help: deploy the version that has them, or move a development database to this branch with `cargo migrate switch HEAD`, or revert them with `cargo migrate revert <target>`; both use the ledger's text of `b`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["current"]), @"b add b (head) (unknown)");
    assert_snapshot!(run(&project, &["revert", "a"]), @r#"
    ------- stderr -------
    warning: the file of `b` has changed or is missing: its text in the ledger is used
    reverted b add b ([time] ms)
    1 revision reverted in sqlite://dev.db
    "#);
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    nothing to apply: sqlite://dev.db is at a
    "#);
}

#[test]
fn a_table_of_another_tool_where_the_ledger_would_be() {
    let project = chain("a");
    project.write("migrations/a.sql", "-- revision: a\n-- parents: none\n\n-- migrate: up\nCREATE TABLE other_revision (version TEXT);\n\n-- migrate: irreversible it is the first\n");
    project.write("migrations/chain.lock", "version 1\na - draft\n");
    project.run(["run", "-q"]).success().done();
    project.write(
        "migrate.toml",
        "[ledger]\nprefix = \"other_\"\n[env.dev]\nurl = \"sqlite://dev.db\"\n",
    );
    for command in ["status", "run", "revert", "current"] {
        let output = project.run([command]).code(1);
        assert!(
            output.stderr.contains("is not a ledger of cargo migrate"),
            "{output}"
        );
    }
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    error: the table "other_revision" is not a ledger of cargo migrate
    help: give the ledger another name in migrate.toml: `prefix = "schema_"` below `[ledger]`
    [exit status: 1]
    "#);
}

#[test]
fn irreversible_says_why() {
    let project = chain("a");
    project.write("migrations/b.sql", "-- revision: b\n-- parents: a\n\n-- migrate: up\nCREATE TABLE t_b (id INTEGER);\n\n-- migrate: irreversible the rows are gone\n");
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(run(&project, &["revert"]), @r#"
    ------- stderr -------
    error: revision `b` cannot be reverted: the rows are gone
    help: restore a backup, or write a new revision that undoes it: `cargo migrate new "undo …"`
    [exit status: 1]
    "#);
}

#[test]
fn which_database() {
    let project = chain("a");
    project.write(
        "migrate.toml",
        "[env.prod]\nurl = \"${PROD_URL}\"\n[env.empty]\n",
    );
    assert_snapshot!(run(&project, &["current"]), @r#"
    ------- stderr -------
    error: no database is named
    help: pass `--database-url <url>`, set DATABASE_URL, or write `url = "sqlite://dev.db"` below `[env.dev]` in migrate.toml
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["current", "--env", "prod"]), @r#"
    ------- stderr -------
    error: the url of `[env.prod]` needs the variable `PROD_URL`, which is not set
    help: set it, write it into .env, or pass `--database-url <url>`: `export PROD_URL=…`
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["current", "--env", "prdo"]), @r#"
    ------- stderr -------
    error: migrate.toml has no environment `prdo`
    help: expected one of `empty`, `prod`
    [exit status: 2]
    "#);
    project.write(
        ".env",
        "PROD_URL=sqlite://prod.db\nDATABASE_URL='sqlite://other.db'\n",
    );
    assert_snapshot!(run(&project, &["status", "--env", "prod", "-q"]), @r#"
    database sqlite://prod.db
    at       base: nothing is applied

    pending a add a
    "#);
    assert_snapshot!(run(&project, &["status", "--env", "empty", "-q"]), @r#"
    database sqlite://other.db
    at       base: nothing is applied

    pending a add a
    "#);
    let mut command = project.command();
    command
        .args(["status", "-q"])
        .env("MIGRATE_ENV", "prod")
        .env("PROD_URL", "sqlite://mine.db");
    assert_snapshot!(project.output(&mut command), @r#"
    database sqlite://mine.db
    at       base: nothing is applied

    pending a add a
    "#);
    assert_snapshot!(run(&project, &["status", "-q", "--env", "prod", "--database-url", "sqlite://given.db"]), @r#"
    database sqlite://given.db
    at       base: nothing is applied

    pending a add a
    "#);
    project.write(".env", "SECRET=hun\"ter 2\nDATABASE_URL\n");
    let broken = project.run(["status", "--env", "prod"]).code(1);
    assert!(!broken.to_string().contains("hun"), "{broken}");
    assert_snapshot!(broken, @r#"
    ------- stderr -------
    error: `.env` cannot be read
    help: each line is `NAME=value`; a value with spaces needs quotes
    [exit status: 1]
    "#);
}

#[test]
fn a_protected_environment() {
    let project = chain("a  b:a");
    project.write(
        "migrate.toml",
        "default-env = \"prod\"\n[env.prod]\nurl = \"sqlite://prod.db\"\nprotected = true\n",
    );
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    apply a add a
    apply b add b
    error: the environment `prod` is protected, and the session is non-interactive
    help: add `--yes` to do it anyway; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["run", "--yes"]), @r#"
    ------- stderr -------
    applied a add a ([time] ms)
    applied b add b ([time] ms)
    2 revisions applied to sqlite://prod.db in [time] ms
    "#);
    assert_snapshot!(run(&project, &["run"]), @r#"
    ------- stderr -------
    nothing to apply: sqlite://prod.db is at b
    "#);
    assert_snapshot!(run(&project, &["revert", "--yes"]), @r#"
    ------- stderr -------
    error: the environment `prod` is protected, and this loses data
    help: write a new revision that undoes the change: `cargo migrate new "undo …"`; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["redo", "--yes"]), @r#"
    ------- stderr -------
    error: the environment `prod` is protected, and this loses data
    help: write a new revision that undoes the change: `cargo migrate new "undo …"`; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["stamp", "a"]), @r#"
    ------- stderr -------
    error: the environment `prod` is protected, and the session is non-interactive
    help: add `--yes` to do it anyway; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(run(&project, &["revert", "--dry-run"]), @r#"
    revert b add b
    ------- stderr -------
    1 revision to revert
    "#);
}

#[test]
fn urls_that_lead_nowhere() {
    let project = chain("a");
    project.write("migrate.toml", "");
    let at = |url: &str| run(&project, &["status", "--database-url", url]);
    assert_snapshot!(at("oracle://me:s3cret@host/app"), @r#"
    ------- stderr -------
    error: the database's url cannot be used: `oracle` is not a supported database
    help: write it as `sqlite://app.db`, `postgres://user@host/database` or `mysql://user@host/database`
    [exit status: 1]
    "#);
    assert_snapshot!(at("s3cret"), @r#"
    ------- stderr -------
    error: the database's url cannot be used: it has no scheme
    help: write it as `sqlite://app.db`, `postgres://user@host/database` or `mysql://user@host/database`
    [exit status: 1]
    "#);
    assert_snapshot!(at("postgres://me:s3cret@127.0.0.1:1/app"), @r#"
    ------- stderr -------
    error: the database `postgres://me@127.0.0.1:1/app` cannot be used

    Caused by:
      error communicating with database: Connection refused (os error 111)

    help: check that the server is running, and that host and port are correct
    [exit status: 1]
    "#);
    assert_snapshot!(at("mysql://me:s3cret@127.0.0.1:1/app"), @r#"
    ------- stderr -------
    error: the database `mysql://me@127.0.0.1:1/app` cannot be used

    Caused by:
      error communicating with database: Connection refused (os error 111)

    help: check that the server is running, and that host and port are correct
    [exit status: 1]
    "#);
    assert_snapshot!(at("postgres://me:s3cret@127.0.0.1:port/app"), @r#"
    ------- stderr -------
    error: the database's url cannot be used: a port is a number from 1 to 65535
    help: write it as `sqlite://app.db`, `postgres://user@host/database` or `mysql://user@host/database`
    [exit status: 1]
    "#);
    let output = project.run(["run", "--database-url", "sqlite:///no/such/folder/a.db"]);
    assert_snapshot!(output, @r#"
    ------- stderr -------
    error: the database `sqlite:///no/such/folder/a.db` cannot be used

    Caused by:
      unable to open database file

    help: check that the folder of the file exists and is writable
    [exit status: 1]
    "#);
}

#[test]
fn everything_that_was_done_is_told() {
    let project = chain("a  b:a");
    project.run(["run", "-q"]).success().done();
    project.run(["revert", "-q"]).success().done();
    project.run(["stamp", "-q", "b"]).success().done();
    let status = project
        .run(["status", "--events", "--format", "json"])
        .success()
        .json();
    let events = status["events"].as_array().expect("a list");
    let kinds: Vec<_> = events
        .iter()
        .map(|event| (event["kind"].as_str(), event["revision"].as_str()))
        .collect();
    let expected = [
        ("apply", "a"),
        ("apply", "b"),
        ("revert", "b"),
        ("stamp", "b"),
    ];
    assert_eq!(
        kinds,
        expected.map(|(kind, revision)| (Some(kind), Some(revision)))
    );
    let told = project.run(["history", "--applied", "-v"]).success().stdout;
    for kind in ["apply", "revert", "stamp"] {
        assert!(told.contains(&format!("Z {kind} b")), "{told}");
    }
    let told = project.run(["status", "--events"]).success().stdout;
    assert!(told.contains("Z revert b"), "{told}");
    let short = project.run(["status"]).success().stdout;
    assert!(!short.contains("revert"), "{short}");
}
