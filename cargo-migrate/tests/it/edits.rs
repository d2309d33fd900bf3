//! Revisions that were edited after they were applied, drafts where they may not be, and files with
//! other line ends.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::json;

use crate::{Done as _, project, steady};

const CONFIG: &str = "dialects = [\"sqlite\"]\n[env.dev]\nurl = \"sqlite://dev.db\"\n[env.production]\nurl = \"sqlite://production.db\"\nprotected = true\n";

fn write(project: &TestProject, id: &str, parents: &str, up: &str, down: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!("-- revision: {id}\n-- parents: {parents}\n-- message: {id}\n-- created: 2026-11-20T14:32:05Z\n-- migrate: up\n{up}\n{down}"),
    );
}

const UP: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY);";

fn down(sql: &str) -> String {
    format!("-- migrate: down\n{sql}\n")
}

/// A draft `a` that is applied, without a way back.
fn applied() -> TestProject {
    let project = project();
    project.write("migrate.toml", CONFIG);
    write(&project, "a", "none", UP, "");
    project.write("migrations/chain.lock", "version 1\na - draft\n");
    project.run(["run", "-q"]).success().done();
    project
}

#[test]
fn a_way_back_that_is_written_later() {
    let project = applied();
    project.run(["revert"]).code(1).done();
    write(&project, "a", "none", UP, &down("DROP TABLE aa;"));
    assert_snapshot!(steady(&project.run(["revert"])), @"
    ------- stderr -------
    recorded a: its `down` was edited after it was applied; the file's text is used, and is now recorded in the ledger
    error: statement 1 of 1 of revision `a` failed
     --> migrations/a.sql:8:12
      |
    8 | DROP TABLE aa;
      |            ^^ no such table: aa
    help: fix the revision, then `cargo migrate revert` again; nothing of it was undone
    [exit status: 1]
    ");
    write(&project, "a", "none", UP, &down("DROP TABLE a;"));
    assert_snapshot!(steady(&project.run(["status"])), @"
    database sqlite://dev.db
    at       a

    edited  a a: its `down` was edited after it was applied ([when])
    ------- stderr -------
    help: `cargo migrate run` records the edited text in the ledger and runs nothing; `cargo migrate revert` uses it
    ");
    assert_snapshot!(steady(&project.run(["doctor"])), @"
    files: 1 revision, one chain
    lock: 0 sealed, 1 draft
    git: no repository, or git is not installed
    ledger: sqlite://dev.db is at `a`: 1 applied; 1 warning

    warning[ledger-down-edited]: the `down` of `a` was edited after it was applied; the `up` has not changed
     --> migrations/a.sql
      = why: a `down` was corrected or written later: the tables match the file, and `revert` uses its `down`
      = help: `cargo migrate run` records the file's text in the ledger; nothing is run

    schema: the tables match the applied revisions
    models: no struct derives `Table`

    1 warning
    run first: cargo migrate run
    ");
    assert_snapshot!(project.run(["repair", "--ledger"]), @"
    rewrite row a: its `down` was edited after it was applied, and its `up` has not changed: the row gets the file's text; nothing is run
    ------- stderr -------
    1 row of the ledger would be repaired
    help: add `--execute` to make these changes
    ");
    assert_snapshot!(project.run(["plan", "--down"]), @"
    revert a a
    ------- stderr -------
    `a`: its `down` was edited after it was applied; the file's text would be used, and recorded in the ledger
    1 revision to revert
    ");
    assert_snapshot!(project.run(["revert", "--dry-run", "--format", "json"]), @r#"
    {
      "direction": "down",
      "from": [
        "a"
      ],
      "steps": [
        {
          "revision": "a",
          "parents": [],
          "heads_after": []
        }
      ],
      "to": [],
      "edited": [
        "a"
      ]
    }
    "#);
    assert_snapshot!(steady(&project.run(["revert"])), @"
    ------- stderr -------
    recorded a: its `down` was edited after it was applied; the file's text is used, and is now recorded in the ledger
    reverted a a ([time] ms)
    1 revision reverted in sqlite://dev.db
    ");
}

/// Each takes the text into the ledger, and the rows of the table stay.
#[tokio::test]
async fn what_takes_an_edited_text_runs_nothing() {
    for command in [
        &["run"][..],
        &["redo", "a"],
        &["repair", "--ledger", "--execute"],
    ] {
        let project = applied();
        let database = TestDatabase::existing(&format!(
            "sqlite://{}",
            project.path().join("dev.db").display()
        ));
        database.execute("INSERT INTO a VALUES (7)").await;
        write(&project, "a", "none", UP, &down("DROP TABLE a;"));
        project.run(command).success().done();
        assert_eq!(database.rows("SELECT id FROM a").await, [["7"]]);
        let kept = "SELECT body FROM migrate_revision WHERE revision = 'a'";
        assert_eq!(
            database.rows(kept).await,
            [[project.read("migrations/a.sql")]]
        );
        let event = "SELECT kind, detail FROM migrate_event ORDER BY id DESC LIMIT 1";
        let event = &database.rows(event).await[0];
        assert_eq!(event[0], "repair");
        assert!(
            event[1].starts_with("its `down` was edited after it was applied"),
            "{event:?}"
        );
        assert_eq!(
            project.run(["run"]).stderr.trim_end(),
            "nothing to apply: sqlite://dev.db is at a"
        );
        // A second time it is redone indeed.
        project.run(["redo", "-q"]).success().done();
        assert_eq!(
            database.rows("SELECT COUNT(*) FROM a").await,
            [["0"]],
            "{command:?}"
        );
    }
}

#[test]
fn an_amended_way_back_of_a_sealed_revision() {
    let project = applied();
    project.run(["lock", "-q"]).success().done();
    write(&project, "a", "none", UP, &down("DROP TABLE a;"));
    // Sealed, and edited without a word.
    assert_eq!(
        project.run(["revert", "--format", "json"]).json()["diagnostics"][0]["code"],
        "lock-changed"
    );
    project.run(["lock", "--amend", "a", "-q"]).success().done();
    assert_snapshot!(steady(&project.run(["doctor", "-q"])), @"
    files: 1 revision, one chain
    lock: 1 sealed
    git: no repository, or git is not installed
    ledger: sqlite://dev.db is at `a`: 1 applied; 1 warning

    warning[ledger-amended]: the `down` of `a` was edited after it was applied; the `up` has not changed
     --> migrations/a.sql
      = why: `cargo migrate lock --amend` accepted the new text: the tables match the file, and `revert` uses its `down`
      = help: `cargo migrate run` records the file's text in the ledger; nothing is run

    schema: the tables match the applied revisions
    models: no struct derives `Table`

    1 warning
    run first: cargo migrate run
    ");
    assert_snapshot!(steady(&project.run(["run", "--dry-run"])), @"
    ------- stderr -------
    `a`: its `down` was edited after it was applied; the file's text would be used, and recorded in the ledger
    there is nothing to do
    ");
    assert_snapshot!(steady(&project.run(["revert"])), @"
    ------- stderr -------
    recorded a: its `down` was edited after it was applied; the file's text is used, and is now recorded in the ledger
    reverted a a ([time] ms)
    1 revision reverted in sqlite://dev.db
    ");
}

/// The script for a DBA has the way back of the file.
#[tokio::test]
async fn the_script_has_the_way_back_of_the_file() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
        let name = concat!(module_path!(), "::the_script_has_the_way_back_of_the_file");
        let database = TestDatabase::create(dialect, name).await;
        let project = project();
        project.write(
            "migrate.toml",
            format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
        );
        project.write(".env", format!("TEST_URL={}\n", database.url()));
        write(&project, "a", "none", UP, &down("DROP TABLE aa;"));
        project.write("migrations/chain.lock", "version 1\na - draft\n");
        project.run(["run", "-q"]).success().done();
        write(&project, "a", "none", UP, &down("DROP TABLE a;"));
        let script = project.run(["revert", "--sql"]).success();
        assert!(script.stdout.contains("\nDROP TABLE a;\n"), "{script}");
        assert!(!script.stdout.contains("DROP TABLE aa"), "{script}");
        let plan = project.run(["plan", "--down", "--format", "json"]);
        assert_eq!(plan.json()["edited"], json!(["a"]));
        project.run(["revert", "-q"]).success().done();
        assert_eq!(
            database.tables().await,
            ["migrate_event", "migrate_revision"],
            "{dialect}"
        );
    }
}

/// The file's `up` is another: the text of the ledger stands, and where its `down` cannot work, the
/// message names a way that leads out.
#[test]
fn another_up_and_a_way_back_that_fails() {
    let project = applied();
    write(&project, "a", "none", UP, &down("DROP TABLE aa;"));
    project.run(["run", "-q"]).success().done();
    let other = "CREATE TABLE other (id INTEGER PRIMARY KEY);";
    write(&project, "a", "none", other, &down("DROP TABLE other;"));
    assert_snapshot!(steady(&project.run(["revert"])), @"
    ------- stderr -------
    warning: the file of `a` has changed or is missing: its text in the ledger is used
    error: statement 1 of 1 of revision `a` failed
     --> migrations/a.sql (from the ledger):8:12
      |
    8 | DROP TABLE aa;
      |            ^^ no such table: aa
    help: this is the ledger's text, as the file is missing or its `up` differs from what was applied: put that `up` into its file (`cargo migrate repair --ledger` writes a lost one), correct the file's `down`, and `cargo migrate revert` again; or undo it in the database by hand, then `cargo migrate repair --undone a --execute`
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["repair", "--undone", "a"]), @"
    a is applied; it would count as not applied
    ------- stderr -------
    help: add `--execute` to make these changes
    ");
    assert_snapshot!(project.run(["repair", "--undone", "a", "--execute"]), @"a is applied; it now counts as not applied");
    assert_snapshot!(steady(&project.run(["run"])), @"
    ------- stderr -------
    applied a a ([time] ms)
    1 revision applied to sqlite://dev.db in [time] ms
    ");
    assert_snapshot!(project.run(["repair", "--undone", "b", "--execute"]), @"
    ------- stderr -------
    error: revision `b` is not unfinished in this database
    help: `cargo migrate status` shows what is unfinished, and `cargo migrate stamp` records any state
    [exit status: 1]
    ");
}

#[test]
fn what_is_still_needed_was_not_undone() {
    let project = applied();
    write(&project, "b", "a", "CREATE TABLE b (id INTEGER);", "");
    project.write("migrations/chain.lock", "version 1\na - draft\nb a draft\n");
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["repair", "--undone", "a", "--execute"]), @"
    ------- stderr -------
    error: applied revisions need `a`: `b`
    help: undo those first, starting with the newest
    [exit status: 1]
    ");
}

/// `current`, `plan --down` and a dry run say what `status` and `revert` say.
#[tokio::test]
async fn a_row_that_cannot_be_read_is_in_all_answers() {
    let project = applied();
    write(
        &project,
        "b",
        "a",
        "CREATE TABLE b (id INTEGER);",
        &down("DROP TABLE b;"),
    );
    project.write("migrations/chain.lock", "version 1\na - draft\nb a draft\n");
    project.run(["run", "-q"]).success().done();
    std::fs::remove_file(project.path().join("migrations/b.sql")).unwrap();
    project
        .run(["lock", "--forget", "b", "-q"])
        .success()
        .done();
    let database = TestDatabase::existing(&format!(
        "sqlite://{}",
        project.path().join("dev.db").display()
    ));
    let cut_off =
        "-- revision: b\n-- parents: a\n-- migrate: up\nCREATE TABLE b (id TEXT DEFAULT ''x);\n";
    for body in ["", cut_off] {
        let sql = format!("UPDATE migrate_revision SET body = '{body}' WHERE revision = 'b'");
        database.execute(&sql).await;
        let current = project.run(["current"]);
        assert_eq!(current.stdout.trim(), "b b (head) (unknown)");
        let status = project.run(["status", "--format", "json"]).code(1).json();
        assert_eq!(status["current"], json!(["b"]));
        assert_eq!(status["unknown"], json!(["b"]));
        let revert = project.run(["revert", "--format", "json"]).code(1).json();
        assert_eq!(revert["error"]["code"], "ledger-text");
        for command in [
            &["plan", "--down", "--format", "json"][..],
            &["revert", "--dry-run", "--format", "json"],
        ] {
            assert_eq!(project.run(command).code(1).json(), revert, "{command:?}");
        }
        let doctor = project.run(["doctor"]).code(1);
        assert!(doctor.stdout.contains("is at `b`"), "{doctor}");
    }
}

#[test]
fn drafts_and_a_protected_environment() {
    let project = applied();
    assert_snapshot!(project.run(["plan", "--env", "production"]), @"
    apply a a (draft)
    ------- stderr -------
    1 revision to apply
    warning: the environment is protected, and `run` refuses 1 draft there: seal what is finished with `cargo migrate lock`, or add `--allow-drafts`
    ");
    assert_eq!(
        project
            .run(["plan", "--env", "production", "--format", "json"])
            .json()["drafts"],
        json!(["a"])
    );
    let refused = project.run(["run", "--env", "production", "--yes"]);
    assert_snapshot!(refused, @"
    ------- stderr -------
    error: the environment `production` is protected, and 1 draft would reach it: `a`
    help: seal what is finished with `cargo migrate lock`, or add `--allow-drafts`; nothing was changed
    [exit status: 1]
    ");
    for command in [
        &["run", "--yes"][..],
        &["run", "--dry-run"],
        &["run", "--sql"],
        &["stamp", "head", "--yes"],
        &["stamp", "head", "--dry-run"],
    ] {
        let arguments = command
            .iter()
            .chain(&["--env", "production", "--format", "json"]);
        let answer = project.run(arguments).code(1).json();
        assert_eq!(answer["error"]["code"], "lock-draft", "{command:?}");
        assert_eq!(answer["error"]["candidates"], json!(["a"]), "{command:?}");
    }
    assert_snapshot!(steady(&project.run(["run", "--env", "production", "--allow-drafts"])), @"
    ------- stderr -------
    apply a a (draft)
    error: the environment `production` is protected, and the session is non-interactive
    help: add `--yes` to do it anyway; nothing was changed
    [exit status: 1]
    ");
    assert_snapshot!(steady(&project.run(["run", "--env", "production", "--allow-drafts", "--yes"])), @"
    ------- stderr -------
    applied a a ([time] ms)
    1 revision applied to sqlite://production.db in [time] ms
    ");
    // Then its author goes on, and nothing that the help names is refused there.
    let more = "CREATE TABLE a (id INTEGER PRIMARY KEY, more TEXT);";
    write(&project, "a", "none", more, "");
    let changed = project.run(["run", "--env", "production", "--yes"]);
    assert_snapshot!(changed, @"
    ------- stderr -------
    error: revisions were changed after they were applied: `a`
    help: `production` is protected, so nothing is reverted there: undo the edit with git and write the change into a new revision; or undo manually in the database what was applied, then `cargo migrate repair --env production --undone a --execute`, then `cargo migrate run --env production`
    [exit status: 1]
    ");
    for command in [&["status"][..], &["doctor"], &["repair", "--ledger"]] {
        let answer = project.run(command.iter().chain(&["--env", "production"]));
        assert!(!answer.to_string().contains("redo"), "{answer}");
        let way_out = "cargo migrate repair --env production --undone a --execute";
        assert!(answer.to_string().contains(way_out), "{answer}");
    }
    project
        .run([
            "repair",
            "--undone",
            "a",
            "--execute",
            "--env",
            "production",
        ])
        .code(1)
        .done();
    project
        .run([
            "repair",
            "--undone",
            "a",
            "--execute",
            "--env",
            "production",
            "--yes",
        ])
        .success()
        .done();
    // Sealed, it goes there without a word.
    project.run(["lock", "-q"]).success().done();
    assert_snapshot!(project.run(["plan", "--env", "production"]), @"
    apply a a
    ------- stderr -------
    1 revision to apply
    ");
}

#[test]
fn a_draft_without_a_statement_is_applied_nowhere() {
    let project = applied();
    write(&project, "b", "a", "-- later", "");
    project.write("migrations/chain.lock", "version 1\na - draft\nb a draft\n");
    assert_snapshot!(project.run(["run"]), @"
    ------- stderr -------
    error: the draft `b` has nothing to run: its `up` has no statement
    help: write its SQL: `cargo migrate edit b`; nothing was changed
    [exit status: 1]
    ");
    for command in [
        &["run", "--dry-run"][..],
        &["stamp", "head"],
        &["run", "--sql"],
    ] {
        let answer = project.run(command.iter().chain(&["--format", "json"]));
        assert_eq!(
            answer.code(1).json()["error"]["code"],
            "empty-up",
            "{command:?}"
        );
    }
    project.run(["reset", "--yes"]).code(1).done();
    assert!(project.path().join("dev.db").is_file());
    project.run(["run", "a", "-q"]).success().done();
    // A merge may be empty, and so may a sealed revision where the rule says so.
    write(&project, "b", "a", "SELECT 1;", "");
    write(&project, "c", "a", "SELECT 1;", "");
    project.write(
        "migrations/m.sql",
        "-- revision: m\n-- parents: b, c\n-- created: 2026-11-20T14:32:05Z\n",
    );
    write(&project, "d", "m", "-- nothing", "");
    project.write(
        "migrations/chain.lock",
        "version 1\na - draft\nb a draft\nc a draft\nd m draft\nm b,c draft\n",
    );
    project.run(["run", "m", "-q"]).success().done();
    project.write(
        "migrate.toml",
        format!("{CONFIG}[rules]\nempty-up = \"allow\"\n"),
    );
    project.run(["run", "-q"]).code(1).done();
    project.run(["lock", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
}

/// A checkout with CRLF: nothing differs, and what is edited keeps its line ends.
#[test]
fn a_checkout_with_crlf() {
    let project = project();
    project.write("migrate.toml", CONFIG);
    project.run(["init", "-q"]).success().done();
    let trigger =
        "CREATE TRIGGER t AFTER DELETE ON a BEGIN\n  UPDATE a SET id = 'x\ny' WHERE 0;\nEND;";
    let up = format!("{UP}\n{trigger}");
    write(&project, "a", "none", &up, &down("DROP TABLE a;"));
    project.run(["repair", "--execute", "-q"]).success().done();
    project.run(["lock", "-q"]).success().done();
    project.run(["lock", "--schema", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    let lf = project.read("migrations/a.sql");
    for file in ["a.sql", "chain.lock", "schema.lock"] {
        let file = format!("migrations/{file}");
        project.write(&file, project.read(&file).replace('\n', "\r\n"));
    }
    for command in [
        &["check", "--locked"][..],
        &["verify"],
        &["doctor"],
        &["repair"],
    ] {
        project.run(command).success().done();
    }
    let script = project.run(["run", "--sql", "base:head"]).success();
    assert!(script.stdout.contains("'x\ny'"), "{script}");
    assert!(!script.stdout.contains('\r'), "{script}");
    let schema = project.read("migrations/schema.lock");
    project.run(["lock", "--schema", "-q"]).success().done();
    assert_eq!(
        project.read("migrations/schema.lock"),
        schema.replace("\r\n", "\n")
    );
    // A file that is lost comes back as it was applied.
    std::fs::remove_file(project.path().join("migrations/a.sql")).unwrap();
    project
        .run(["repair", "--ledger", "--execute", "-q"])
        .success()
        .done();
    assert_eq!(project.read("migrations/a.sql"), lf);
    // What is rebased keeps the ends of its lines.
    for (id, parents) in [("b", "a"), ("c", "a")] {
        write(&project, id, parents, "SELECT 1;", &down("SELECT 1;"));
        let file = format!("migrations/{id}.sql");
        project.write(&file, project.read(&file).replace('\n', "\r\n"));
    }
    let lock = project.read("migrations/chain.lock");
    project.write(
        "migrations/chain.lock",
        format!("{lock}b a draft\nc a draft\n"),
    );
    project
        .run(["rebase", "c", "--onto", "b", "-q"])
        .success()
        .done();
    let rebased = project.read("migrations/c.sql");
    assert!(rebased.contains("-- parents: b\r\n"), "{rebased:?}");
    assert!(!rebased.replace("\r\n", "").contains('\n'), "{rebased:?}");
}
