//! `check`.

use insta::assert_snapshot;

use crate::{Done as _, chain};

#[test]
fn nothing_is_wrong() {
    assert_snapshot!(chain("a  b:a").run(["check"]), @r#"
    ------- stderr -------
    checked 2 revisions, nothing is wrong
    "#);
    assert_snapshot!(chain("a  b:a").run(["check", "--locked", "-q"]), @"");
}

#[test]
fn everything_is_told_at_once() {
    let project = chain("a  b:nowhere  c:a");
    project.write("migrations/d.sql", "-- revision: d\n-- parnets: c\n");
    assert_snapshot!(project.run(["check"]), @r#"
    error[unknown-parent]: revision `b` follows `nowhere`, which does not exist
     --> migrations/b.sql:2:13
      |
    2 | -- parents: nowhere
      |             ^^^^^^^ no revision has this id
      |
      = help: `cargo migrate history` lists the revisions

    error[lock-missing]: missing `migrations/chain.lock`, which records each revision as it was sealed
    --> migrations/chain.lock
     = help: write it with `cargo migrate lock`, and commit it

    error[unknown-header]: unknown key `parnets` in revision header
     --> migrations/d.sql:2:4
      |
    2 | -- parnets: c
      |    ^^^^^^^
      |
      = help: did you mean `parents`?

    error[empty-up]: revision `d` has no `up`
     --> migrations/d.sql:1:14
      |
    1 | -- revision: d
      |              ^
      |
      = help: write its SQL below a line `-- migrate: up`: `cargo migrate edit d`

    ------- stderr -------
    checked 4 revisions: 4 errors
    [exit status: 1]
    "#);
}

#[test]
fn drafts_are_refused_where_all_must_be_sealed() {
    let project = chain("a");
    project
        .run(["new", "more", "--sql", "migrations/a.sql"])
        .code(1)
        .done();
    project.write("b.sql", "CREATE TABLE b (id INTEGER);");
    project
        .run(["new", "more", "--rev-id", "b", "--sql", "b.sql"])
        .success()
        .done();
    project.run(["check", "-q"]).success().done();
    assert_snapshot!(project.run(["check", "--locked"]), @r#"
    error[lock-draft]: revision `b` is a draft
     --> migrations/20261120T143205_b_more.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: seal it with `cargo migrate lock`

    warning[missing-down]: revision `b` cannot be reverted: its `down` has no statement
     --> migrations/20261120T143205_b_more.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: add a section `-- migrate: down`, or give the reason with `-- migrate: irreversible <reason>`: `cargo migrate edit b`

    ------- stderr -------
    checked 2 revisions: 1 error, 1 warning
    [exit status: 1]
    "#);
}

#[test]
fn colour_is_only_there_where_it_is_wanted() {
    let project = chain("a  b:nowhere");
    let coloured = project.run(["check", "--color", "always"]).code(1);
    assert!(coloured.stdout.contains("\u{1b}["), "{coloured}");
    let mut command = project.command();
    command
        .arg("check")
        .env_remove("NO_COLOR")
        .env("CARGO_TERM_COLOR", "always");
    assert!(project.output(&mut command).stdout.contains("\u{1b}["));
    assert!(!project.run(["check"]).stdout.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = chain("a  b:a");
    let mut child = project
        .command()
        .args(["history", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
