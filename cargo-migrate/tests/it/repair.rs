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
    b is half done (1 of its statements were finished); it would count as applied
    ------- stderr -------
    help: add `--execute` to do it
    ");
    assert_snapshot!(project.run(["current"]), @"a add a (base)");
    assert_snapshot!(project.run(["repair", "--done", "b", "--execute"]), @"b is half done (1 of its statements were finished); it now counts as applied");
    assert_snapshot!(project.run(["current"]), @"b add b");
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["repair", "--done", "b", "--execute"]), @"
    ------- stderr -------
    error: revision `b` is not half done in this database
    help: `cargo migrate status` shows what is half done, and `cargo migrate stamp` records any place
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
    assert_snapshot!(project.run(["repair"]), @"
    ------- stderr -------
    error: the following required arguments were not provided:
      --done <REVISION>

    Usage: cargo migrate repair --done <REVISION>

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn a_reset_starts_over() {
    let project = chain("a  b:a");
    project.run(["run", "a", "-q"]).success().done();
    assert_snapshot!(project.run(["reset"]), @"
    ------- stderr -------
    error: this would lose everything in sqlite://dev.db, and nobody can be asked
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
    made sqlite://dev.db anew
    applied a add a ([time] ms)
    applied b add b ([time] ms)
    2 revisions applied in [time] ms
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
