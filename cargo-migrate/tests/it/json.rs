//! The documents of `--format json`, shape by shape.

use insta::assert_snapshot;
use migrate_tests::{CommandOutput, TestProject};

use crate::{Done as _, chain};

const FORK: &str = "a  b:a  l1:b@left  r1:b@right";

/// Runs with `--format json` and gives the document in one line.
fn json(project: &TestProject, arguments: &[&str]) -> String {
    let output: CommandOutput = project.run(arguments.iter().copied().chain(["--format", "json"]));
    format!("{} {}", output.code.expect("no signal"), output.json())
}

#[test]
fn heads_and_branches() {
    let project = chain(FORK);
    assert_snapshot!(json(&project, &["heads"]), @r#"0 {"heads":["l1","r1"]}"#);
    assert_snapshot!(json(&project, &["branches"]), @r#"0 {"branches":["b"]}"#);
}

#[test]
fn history_and_show() {
    let project = chain("a  b:a@left");
    assert_snapshot!(project.run(["history", "--format", "json"]), @r#"
    {
      "revisions": [
        {
          "revision": "b",
          "parents": [
            "a"
          ],
          "depends_on": [],
          "labels": [
            "left"
          ],
          "message": "add b",
          "created": "2026-11-20T14:32:01Z",
          "file": "migrations/b.sql",
          "head": true,
          "base": false,
          "branch_point": false,
          "merge": false
        },
        {
          "revision": "a",
          "parents": [],
          "depends_on": [],
          "labels": [],
          "message": "add a",
          "created": "2026-11-20T14:32:00Z",
          "file": "migrations/a.sql",
          "head": false,
          "base": true,
          "branch_point": false,
          "merge": false
        }
      ]
    }
    "#);
    assert_snapshot!(json(&project, &["show", "a"]), @r#"0 {"base":true,"branch_point":false,"created":"2026-11-20T14:32:00Z","depends_on":[],"file":"migrations/a.sql","head":false,"labels":[],"merge":false,"message":"add a","parents":[],"revision":"a"}"#);
}

#[test]
fn plan_from_needs_no_database_and_no_lock() {
    let project = chain(FORK);
    assert_snapshot!(json(&project, &["plan", "heads", "--from", ""]), @r#"0 {"direction":"up","from":[],"steps":[{"heads_after":["a"],"parents":[],"revision":"a"},{"heads_after":["b"],"parents":["a"],"revision":"b"},{"heads_after":["l1"],"parents":["b"],"revision":"l1"},{"heads_after":["l1","r1"],"parents":["b"],"revision":"r1"}],"to":["l1","r1"]}"#);
    assert_snapshot!(json(&project, &["plan", "b", "--down", "--from", "l1,r1"]), @r#"0 {"direction":"down","from":["l1","r1"],"steps":[{"heads_after":["l1"],"parents":["b"],"revision":"r1"},{"heads_after":["b"],"parents":["b"],"revision":"l1"}],"to":["b"]}"#);
    assert_snapshot!(json(&project, &["plan", "--from", "a"]), @r#"1 {"error":{"candidates":["l1","r1"],"code":"several-heads","help":"name one, use `heads` for all, or join them with `cargo migrate merge l1 r1`","message":"there are 2 heads: `l1`, `r1`"}}"#);
    assert!(!project.path().join("dev.db").exists());
}

#[test]
fn stamp_from_needs_no_database() {
    let project = chain(FORK);
    assert_snapshot!(json(&project, &["stamp", "left@head", "--from", "b", "--dry-run"]), @r#"0 {"from":["b"],"to":["l1"]}"#);
    assert_snapshot!(json(&project, &["stamp", "base", "--from", "l1", "--dry-run"]), @r#"0 {"from":["l1"],"to":[]}"#);
    assert_snapshot!(json(&project, &["stamp", "base", "--from", "l1"]), @r#"2 {"error":{"candidates":[],"code":"usage","help":"add `--dry-run`, or leave `--from` out to stamp the database","message":"`--from` only shows what a stamp would do"}}"#);
}

#[test]
fn what_changes_a_database_answers_with_its_plan() {
    let project = chain("a  b:a");
    assert_snapshot!(json(&project, &["run"]), @r#"0 {"database":"sqlite://dev.db","direction":"up","from":[],"notices":[],"steps":[{"heads_after":["a"],"parents":[],"revision":"a"},{"heads_after":["b"],"parents":["a"],"revision":"b"}],"to":["b"]}"#);
    assert_snapshot!(json(&project, &["run"]), @r#"0 {"database":"sqlite://dev.db","direction":"up","from":["b"],"notices":[],"steps":[],"to":["b"]}"#);
    assert_snapshot!(json(&project, &["current"]), @r#"0 {"current":["b"]}"#);
    assert_snapshot!(json(&project, &["redo"]), @r#"0 {"applied":{"direction":"up","from":["a"],"steps":[{"heads_after":["b"],"parents":["a"],"revision":"b"}],"to":["b"]},"database":"sqlite://dev.db","notices":[],"reverted":{"direction":"down","from":["b"],"steps":[{"heads_after":["a"],"parents":["a"],"revision":"b"}],"to":["a"]}}"#);
    assert_snapshot!(json(&project, &["revert"]), @r#"0 {"database":"sqlite://dev.db","direction":"down","from":["b"],"notices":[],"steps":[{"heads_after":["a"],"parents":["a"],"revision":"b"}],"to":["a"]}"#);
    assert_snapshot!(json(&project, &["stamp", "b"]), @r#"0 {"database":"sqlite://dev.db","from":["a"],"to":["b"]}"#);
}

#[test]
fn status() {
    let project = chain("a  b:a");
    project.run(["run", "a", "-q"]).success().done();
    let mut document = project.run(["status", "--format", "json"]).success().json();
    let row = document["applied"][0].as_object_mut().unwrap();
    for changing in ["applied_at", "duration_ms", "hash"] {
        assert!(row.remove(changing).is_some(), "{changing}");
    }
    assert_snapshot!(document, @r#"{"applied":[{"error":null,"file":"a.sql","message":"add a","revision":"a","state":"applied","statements":0,"tool":"cargo-migrate 0.1.0"}],"changed":[],"current":["a"],"database":"sqlite://dev.db","failed":[],"pending":["b"],"unknown":[]}"#);
}

#[test]
fn authoring() {
    let project = chain("a");
    assert_snapshot!(json(&project, &["new", "more"]), @r#"0 {"file":"migrations/20261120T143205_910a2dec8902_more.sql","parents":["a"],"revision":"910a2dec8902"}"#);
    assert_snapshot!(json(&project, &["lock"]), @r#"1 {"diagnostics":[{"code":"empty-up","column":14,"file":"migrations/20261120T143205_910a2dec8902_more.sql","help":"write its SQL: `cargo migrate edit 910a2dec8902`","line":1,"message":"revision `910a2dec8902` does nothing: its `up` has no statement","severity":"error"}]}"#);
    assert_snapshot!(json(&project, &["init"]), @r#"0 {"created":["migrations/.gitattributes"],"extended":[],"kept":["migrate.toml","migrations/chain.lock"]}"#);
}

#[test]
fn failures() {
    let project = chain("a  b:a  c:nowhere");
    assert_snapshot!(json(&project, &["run"]), @r#"1 {"diagnostics":[{"code":"unknown-parent","column":13,"file":"migrations/c.sql","help":"`cargo migrate history` lists the revisions","line":2,"message":"revision `c` follows `nowhere`, which does not exist","severity":"error"},{"code":"lock-missing","column":null,"file":"migrations/chain.lock","help":"write it with `cargo migrate lock`, and commit it","line":null,"message":"missing `migrations/chain.lock`, which records each revision as it was sealed","severity":"error"}]}"#);
    assert_snapshot!(json(&project, &["check"]), @r#"1 {"diagnostics":[{"code":"unknown-parent","column":13,"file":"migrations/c.sql","help":"`cargo migrate history` lists the revisions","line":2,"message":"revision `c` follows `nowhere`, which does not exist","severity":"error"},{"code":"lock-missing","column":null,"file":"migrations/chain.lock","help":"write it with `cargo migrate lock`, and commit it","line":null,"message":"missing `migrations/chain.lock`, which records each revision as it was sealed","severity":"error"}]}"#);
    assert_snapshot!(json(&project, &["show", "nope"]), @r#"1 {"error":{"candidates":[],"code":"unknown-revision","help":"`cargo migrate history` lists the revisions","message":"revision `nope` does not exist"}}"#);
    let fork = chain(FORK);
    assert_snapshot!(json(&fork, &["run"]), @r#"1 {"error":{"candidates":["l1","r1"],"code":"several-heads","help":"name one, use `heads` for all, or join them with `cargo migrate merge l1 r1`","message":"there are 2 heads: `l1`, `r1`"}}"#);
    assert_snapshot!(json(&fork, &["new", "x"]), @r#"1 {"error":{"candidates":["l1","r1"],"code":"several-heads","help":"choose its parent with `--parent <id>`, or join them with `cargo migrate merge`","message":"there are 2 heads: `l1`, `r1`"}}"#);
}
