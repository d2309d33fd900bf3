//! What nobody wants to find in a folder: each is one clear error, and nothing is half done.

use insta::assert_snapshot;
use migrate_tests::TestProject;

use crate::{Done as _, chain};

/// A chain of one revision with something bad beside it.
fn beside(name: &str, bytes: impl AsRef<[u8]>) -> TestProject {
    let project = chain("a");
    project.write(&format!("migrations/{name}"), bytes);
    project
}

/// `check` tells it, `run` and `new` refuse, and no database is made.
#[track_caller]
fn refused(project: &TestProject) -> String {
    let check = project.run(["check"]).code(1);
    project.run(["run"]).code(1).done();
    project.run(["new", "more"]).code(1).done();
    project.run(["history"]).success().done();
    assert!(!project.path().join("dev.db").exists());
    check.to_string()
}

#[test]
fn a_file_that_is_not_utf_8() {
    assert_snapshot!(refused(&beside("b.sql", b"-- revision: b\n\xff\xfe")), @r#"
    error[unreadable-file]: `migrations/b.sql` cannot be read: it is not UTF-8 (line 2)
    --> migrations/b.sql
     = help: save it as UTF-8 in your editor; where it is Latin-1, with `iconv -f LATIN1 -t UTF-8 migrations/b.sql > migrations/b.sql.tmp && mv migrations/b.sql.tmp migrations/b.sql`

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn an_empty_file() {
    assert_snapshot!(refused(&beside("b.sql", "")), @r#"
    error[missing-revision]: `migrations/b.sql` is empty
     --> migrations/b.sql:1:1
      |
    1 |
      | ^ expected `-- revision: <id>`
      |
      = help: write the header, or delete the file and begin with `cargo migrate new "<message>"`

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn a_file_of_50_mb() {
    assert_snapshot!(refused(&beside("b.sql", vec![b'-'; 50 * 1024 * 1024])), @r#"
    error[unreadable-file]: `migrations/b.sql` cannot be read: it has 50 MiB, and a revision has at most 16 MiB
    --> migrations/b.sql
     = help: load data from the application or with the database's own client, not in a revision

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn a_file_without_a_header() {
    assert_snapshot!(refused(&beside("b.sql", "CREATE TABLE b (id INTEGER);\n")), @r#"
    error[malformed-header]: expected a header line, a comment or a blank line before the first section
     --> migrations/b.sql:1:1
      |
    1 | CREATE TABLE b (id INTEGER);
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: begin the SQL with a line `-- migrate: up`

    error[missing-revision]: `migrations/b.sql` does not name its revision
     --> migrations/b.sql:1:1
      |
    1 | CREATE TABLE b (id INTEGER);
      | ^ expected `-- revision: <id>`
      |
      = help: write the header, or delete the file and begin with `cargo migrate new "<message>"`

    ------- stderr -------
    checked 1 revision: 2 errors
    [exit status: 1]
    "#);
}

#[test]
fn a_header_twice() {
    let text = "-- revision: b\n-- parents: a\n-- revision: c\n\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refused(&beside("b.sql", text)), @r#"
    error[malformed-header]: `revision` is given twice
     --> migrations/b.sql:3:4
      |
    3 | -- revision: c
      |    ^^^^^^^^ and again here
      |
     ::: migrations/b.sql:1:4
      |
    1 | -- revision: b
      |    -------- first here
      |
      = help: delete one of the two lines

    error[lock-missing]: revision `b` is not in chain.lock
     --> migrations/b.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: add it with `cargo migrate lock`

    warning[missing-down]: revision `b` cannot be reverted: it has no `down`
     --> migrations/b.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: add a section `-- migrate: down`, or give the reason with `-- migrate: irreversible <reason>`: `cargo migrate edit b`

    ------- stderr -------
    checked 2 revisions: 2 errors, 1 warning
    [exit status: 1]
    "#);
}

#[test]
fn crlf_and_a_byte_order_mark_are_the_same_revision() {
    let project = chain("a  b:a");
    let text = project.read("migrations/b.sql").replace('\n', "\r\n");
    project.write("migrations/b.sql", format!("\u{feff}{text}"));
    project.run(["check"]).success().done();
    project.run(["run", "-q"]).success().done();
}

#[cfg(unix)]
#[test]
fn a_link_to_itself() {
    let project = chain("a");
    std::os::unix::fs::symlink("b.sql", project.path().join("migrations/b.sql")).unwrap();
    assert_snapshot!(refused(&project), @r#"
    error[unreadable-file]: `migrations/b.sql` cannot be read: Too many levels of symbolic links (os error 40)
    --> migrations/b.sql

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing() {
    let project = chain("a");
    std::os::unix::fs::symlink("gone", project.path().join("migrations/b.sql")).unwrap();
    assert_snapshot!(refused(&project), @r#"
    error[unreadable-file]: `migrations/b.sql` cannot be read: it is a link to nothing
    --> migrations/b.sql

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn a_folder_named_like_a_revision() {
    assert_snapshot!(refused(&beside("b.sql/keep", "")), @r#"
    error[unreadable-file]: `migrations/b.sql` cannot be read: it is a folder
    --> migrations/b.sql
     = help: a revision is a file; rename the folder so that it does not end in `.sql`

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn a_lock_cut_in_half() {
    let project = chain("a  b:a");
    let lock = project.read("migrations/chain.lock");
    project.write("migrations/chain.lock", &lock[..lock.len() - 20]);
    assert_snapshot!(refused(&project), @r#"
    error[lock-malformed]: chain.lock is truncated here
     --> migrations/chain.lock:4:1
      |
    4 | b a 49c27a4bcd9d3ff0261bec4ab68c36914e8afbd875199
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: restore the committed file with `git checkout HEAD -- migrations/chain.lock`, then run `cargo migrate check`

    ------- stderr -------
    checked 2 revisions: 1 error
    [exit status: 1]
    "#);
    project.run(["lock"]).code(1).done();
}

#[test]
fn a_lock_with_the_marks_of_a_merge() {
    let project = chain("a");
    let lock = project.read("migrations/chain.lock");
    project.write(
        "migrations/chain.lock",
        format!("{lock}<<<<<<< HEAD\nb a draft\n=======\nc a draft\n>>>>>>> other\n"),
    );
    assert_snapshot!(refused(&project), @r#"
    error[lock-malformed]: chain.lock has the conflict markers of an unfinished git merge
     --> migrations/chain.lock:4:1
      |
    4 | <<<<<<< HEAD
      | ^^^^^^^^^^^^ keep both sides
      |
      = help: delete the lines `<<<<<<<`, `=======` and `>>>>>>>`, keep all lines between them, then run `cargo migrate check`

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn two_revisions_with_one_id() {
    assert_snapshot!(refused(&beside("b.sql", "-- revision: a\n-- parents: none\n-- migrate: up\nSELECT 1;\n")), @"
    error[duplicate-revision]: two files have the id `a`
     --> migrations/b.sql:1:14
      |
    1 | -- revision: a
      |              ^ this one too
      |
     ::: migrations/a.sql:1:14
      |
    1 | -- revision: a
      |              - first here
      |
      = help: delete the file that is a copy; to keep both, `cargo migrate repair` shows a new id for one of them

    error[lock-changed]: sealed revision `a` was edited
     --> migrations/b.sql:1:14
      |
    1 | -- revision: a
      |              ^
      |
      = help: restore the sealed text, with `cargo migrate repair --ledger` where it was applied, and write a new revision, or accept it with `cargo migrate lock --amend a`

    warning[missing-down]: revision `a` cannot be reverted: it has no `down`
     --> migrations/b.sql:1:14
      |
    1 | -- revision: a
      |              ^
      |
      = help: add a section `-- migrate: down`, or give the reason with `-- migrate: irreversible <reason>`: `cargo migrate edit a`

    ------- stderr -------
    checked 2 revisions: 2 errors, 1 warning
    [exit status: 1]
    ");
}

#[test]
fn an_id_that_is_an_injection() {
    let text = "-- revision: x'; DROP TABLE users; --\n-- parents: a\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refused(&beside("b.sql", text)), @r#"
    error[invalid-revision-id]: invalid revision id `x'; DROP TABLE users; --`: a revision id has only letters, digits, `_` and `.`, not `'`
     --> migrations/b.sql:1:14
      |
    1 | -- revision: x'; DROP TABLE users; --
      |              ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: an id is 1 to 64 letters, digits, `_` and `.`, such as `9f3c1a2b77de`

    ------- stderr -------
    checked 1 revision: 1 error
    [exit status: 1]
    "#);
}

#[test]
fn a_configuration_with_mistakes() {
    let project = chain("a");
    project.write(
        "migrate.toml",
        "dirr = \"x\"\n[rules]\nmultiple-heads = \"maybe\"\n",
    );
    assert_snapshot!(project.run(["check"]), @r#"
    ------- stderr -------
    error[malformed-config]: unknown key `dirr`
     --> migrate.toml:1:1
      |
    1 | dirr = "x"
      | ^^^^
      |
      = help: did you mean `dir`?

    error[malformed-config]: unknown level `maybe`
     --> migrate.toml:3:18
      |
    3 | multiple-heads = "maybe"
      |                  ^^^^^^^
      |
      = help: expected one of `deny`, `warn`, `allow`

    error: the chain cannot be used: 2 errors
    help: `cargo migrate explain malformed-config` shows more
    [exit status: 1]
    "#);
}

#[test]
fn no_migrations_folder() {
    assert_snapshot!(crate::project().run(["check"]), @r#"
    ------- stderr -------
    error: there is no migrations folder `migrations`
    help: create it with `cargo migrate init`
    [exit status: 1]
    "#);
}
