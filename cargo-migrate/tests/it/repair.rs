//! `repair` of what is half done, and `reset`.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, chain, steady};

/// `a` is applied, and `b` stopped behind its first statement.
fn half_done() -> TestProject {
    let project = chain("a  b:a  c:b");
    let text = project.read("migrations/b.sql");
    let up =
        "-- migrate: up no-transaction\nCREATE TABLE half (id INTEGER);\nDROP TABLE missing;\n";
    let at = text.find("-- migrate: up").expect("it has one");
    project.write(
        "migrations/b.sql",
        format!("{}{up}{}", &text[..at], &text[at + 15..]),
    );
    project.run(["lock", "--amend", "b", "-q"]).success().done();
    project.run(["run", "-q"]).code(1).done();
    project
}

#[test]
fn a_half_done_revision_is_declared_applied() {
    let project = half_done();
    assert_snapshot!(project.run(["repair", "--done", "b"]), @"
    b is unfinished (1 of its statements were finished); it would count as applied
    ------- stderr -------
    help: add `--execute` to make these changes
    ");
    assert_snapshot!(project.run(["current"]), @"a add a (base)");
    assert_snapshot!(project.run(["repair", "--done", "b", "--execute"]), @"b is unfinished (1 of its statements were finished); it now counts as applied");
    assert_snapshot!(project.run(["current"]), @"b add b");
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["repair", "--done", "b", "--execute"]), @"
    ------- stderr -------
    error: revision `b` is not unfinished in this database
    help: `cargo migrate status` shows what is unfinished, and `cargo migrate stamp` records any state
    [exit status: 1]
    ");
    let events = project.run(["status", "--events"]).success();
    assert!(events.stdout.contains("declared applied"), "{events}");
}

#[test]
fn a_half_done_revision_is_declared_not_applied() {
    let project = half_done();
    let told = project.run(["repair", "--undone", "b", "--execute", "--format", "json"]);
    assert_snapshot!(told, @r#"
    {
      "revision": "b",
      "declared": "not applied",
      "executed": true
    }
    "#);
    assert_snapshot!(project.run(["current"]), @"a add a (base)");
    project
        .run(["repair", "--done", "b", "--undone", "b"])
        .code(2)
        .done();
    project
        .run(["repair", "--done", "b", "--files"])
        .code(2)
        .done();
}

#[test]
fn what_is_repaired_is_told_in_json() {
    let project = chain("a  b:a  c:a");
    project.write("migrations/b copy.sql", project.read("migrations/b.sql"));
    let shown = project.run(["repair", "--format", "json"]).success();
    assert_snapshot!(shown, @r#"
    {
      "edits": [
        {
          "revision": "b",
          "file": "migrations/b copy.sql",
          "action": "remove",
          "renamed_from": null,
          "code": "duplicate-revision",
          "reason": "it is identical to `b.sql`, which keeps the id"
        },
        {
          "revision": "3966166bf281",
          "file": "migrations/20261120T143205_3966166bf281_merge_b_c.sql",
          "action": "create",
          "renamed_from": null,
          "code": "multiple-heads",
          "reason": "`b`, `c` were heads; this merge joins them and has no SQL"
        },
        {
          "revision": null,
          "file": "migrations/chain.lock",
          "action": "edit",
          "renamed_from": null,
          "code": "lock-changed",
          "reason": "chain.lock is updated to match the files"
        }
      ],
      "ledger": [],
      "unresolved": [],
      "copied_to": null,
      "executed": false
    }
    "#);
    assert_eq!(shown.json()["executed"], false);
    let done = project
        .run(["repair", "--files", "--execute", "--format", "json"])
        .success()
        .json();
    assert_eq!(done["edits"], shown.json()["edits"]);
    assert_eq!(done["copied_to"], "migrations/.repair/20261120T143205Z");
    assert!(!project.path().join("migrations/b copy.sql").exists());
    assert_eq!(
        project.read("migrations/.repair/.gitignore"),
        "# Copies that `cargo migrate repair` made: delete them once all is well.\n*\n"
    );
    // The clock stands still: the copies of the second time have a folder of their own.
    project.write("migrations/a2.sql", project.read("migrations/a.sql"));
    let again = project
        .run(["repair", "--execute", "--format", "json"])
        .success()
        .json();
    assert_eq!(again["copied_to"], "migrations/.repair/20261120T143205Z_2");
}

#[test]
fn a_dry_run_writes_nothing_though_it_is_to_execute() {
    let project = chain("a  b:a  c:a");
    let lock = project.read("migrations/chain.lock");
    project
        .run(["repair", "--execute", "--dry-run"])
        .success()
        .done();
    assert_eq!(project.read("migrations/chain.lock"), lock);
}

#[test]
fn an_order_names_revisions() {
    let project = chain("a  b");
    assert_snapshot!(project.run(["repair", "--order", "b,x"]), @"
    ------- stderr -------
    error: `--order` names `x`, which is not a revision
    help: name ids, with commas between them: `cargo migrate history` lists them
    [exit status: 1]
    ");
    project
        .run(["repair", "--order", "b", "--execute", "-q"])
        .success()
        .done();
    assert!(project.read("migrations/a.sql").contains("-- parents: b\n"));
}

#[test]
fn a_repaired_chain_runs() {
    let project = chain("a  b:zz  c:c  d");
    project.run(["run", "-q"]).code(1).done();
    project.run(["repair", "--execute", "-q"]).success().done();
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["current"]), @"d add d (head)");
}

#[test]
fn what_cannot_be_copied_is_not_replaced() {
    let project = chain("a  b  c");
    // A file stands where the folder of the copies belongs.
    project.write("migrations/.repair", "");
    let told = project.run(["repair", "--execute"]).code(1);
    assert!(told.stderr.contains("nothing was changed"), "{told}");
    assert!(
        project
            .read("migrations/b.sql")
            .contains("-- parents: none")
    );
    assert!(!project.read("migrations/chain.lock").contains("b a"));
}

#[test]
fn a_reset_starts_over() {
    let project = chain("a  b:a");
    project.run(["run", "a", "-q"]).success().done();
    assert_snapshot!(project.run(["reset"]), @"
    ------- stderr -------
    error: this would lose everything in sqlite://dev.db, and the session is non-interactive
    help: add `--yes` to do it without being asked; nothing was changed
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["reset", "--dry-run"]), @"
    apply a add a
    apply b add b
    ------- stderr -------
    2 revisions to apply
    ");
    assert_snapshot!(steady(&project.run(["reset", "--yes"])), @"
    ------- stderr -------
    recreated sqlite://dev.db
    applied a add a ([time] ms)
    applied b add b ([time] ms)
    2 revisions applied to sqlite://dev.db in [time] ms
    ");
    assert_snapshot!(project.run(["current"]), @"b add b (head)");
}

#[test]
fn a_protected_environment_refuses_a_reset() {
    let project = chain("a");
    project.run(["run", "-q"]).success().done();
    let config = project.read("migrate.toml") + "protected = true\n";
    project.write("migrate.toml", config);
    assert_snapshot!(project.run(["reset", "--yes"]), @r#"
    ------- stderr -------
    error: the environment `dev` is protected, and this loses data
    help: write a new revision that undoes the change: `cargo migrate new "undo …"`; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["current"]), @"a add a (head, base)");
}

/// The database keeps its encoding; what others hold open stands in the way on PostgreSQL.
async fn reset_on_a_server(dialect: Dialect, name: &str) {
    let project = chain("a  b:a");
    let database = TestDatabase::create(dialect, name).await;
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(".env", format!("TEST_URL={}\n", database.url()));
    database.execute("CREATE TABLE by_hand (id INTEGER)").await;
    let session = database.session().await;
    if dialect == Dialect::Postgres {
        let refused = project.run(["reset", "--yes"]).code(1);
        assert!(refused.stderr.contains("`--force`"), "{refused}");
        assert_eq!(database.tables().await, ["by_hand"]);
    }
    project.run(["reset", "--yes", "--force"]).success().done();
    drop(session);
    assert_eq!(
        database.tables().await,
        ["migrate_event", "migrate_revision", "t_a", "t_b"]
    );
}

#[tokio::test]
async fn reset_on_postgres() {
    reset_on_a_server(Dialect::Postgres, "cli_reset").await;
}

#[tokio::test]
async fn reset_on_mariadb() {
    reset_on_a_server(Dialect::MySql, "cli_reset").await;
}
