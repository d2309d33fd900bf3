//! What needs git: `check --since`, `rebase`, `switch`.

use insta::assert_snapshot;
use migrate_tests::TestProject;

use crate::{Done as _, chain, steady};

fn commit(project: &TestProject) {
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--allow-empty", "--message=work"]);
}

/// Adds a sealed revision with a table of its name.
fn add(project: &TestProject, id: &str, parents: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!(
            "-- revision: {id}\n-- parents: {parents}\n-- message: add {id}\n-- created: 2026-11-20T15:00:00Z\n\n-- migrate: up\nCREATE TABLE t_{id} (id INTEGER PRIMARY KEY);\n\n-- migrate: down\nDROP TABLE t_{id};\n"
        ),
    );
}

fn seal(project: &TestProject) {
    let rules = "[rules]\nmultiple-heads = \"allow\"\nmultiple-bases = \"allow\"\n";
    let config = project.read("migrate.toml");
    project.write("migrate.toml", rules);
    project.run(["lock", "-q"]).success().done();
    project.write("migrate.toml", config);
}

/// `main` has `a` and `b`; the branch `feature` left it at `a` and has `x` and `y`.
fn forked() -> TestProject {
    let project = chain("a");
    project.write(".gitignore", "dev.db*\n");
    project.write(".gitattributes", "chain.lock merge=union\n");
    project.git(&["init", "--quiet"]);
    commit(&project);
    project.git(&["checkout", "--quiet", "-b", "feature"]);
    add(&project, "x", "a");
    add(&project, "y", "x");
    seal(&project);
    commit(&project);
    project.git(&["checkout", "--quiet", "main"]);
    add(&project, "b", "a");
    seal(&project);
    commit(&project);
    project.git(&["checkout", "--quiet", "feature"]);
    project
}

#[test]
fn a_fork_is_told_before_the_merge_and_repaired_after() {
    let project = forked();
    project.run(["check"]).success().done();
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    error[forked-chain]: this branch forks the chain of `main`, which continues to `b`
     --> migrations/x.sql:1:14
      |
    1 | -- revision: x
      |              ^ this follows `a`
      |
      = help: run `git merge main`, then `cargo migrate rebase y --onto b`

    ------- stderr -------
    checked 3 revisions: 1 error
    [exit status: 1]
    ");
    project.git(&["merge", "--quiet", "main"]);
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    error[forked-chain]: this branch forks the chain of `main`, which continues to `b`
     --> migrations/x.sql:1:14
      |
    1 | -- revision: x
      |              ^ this follows `a`
      |
      = help: fix it with `cargo migrate rebase y --onto b`

    ------- stderr -------
    checked 4 revisions: 1 error
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["rebase", "y", "--onto", "b"]), @"
    migrations/x.sql
      -- revision: x
    - -- parents: a
    + -- parents: b
      -- message: add x

    migrations/chain.lock
      a - 30c94b09163afb5bfd2d75b7e038249fb2f80effd2b1e2dd378ccd9de06ee7e5
    - x a bd7ee94aceb7a51090b8a8779840706dd5bdb0f362ff1bb725b9066230bc9b74
    + b a 49c27a4bcd9d3ff0261bec4ab68c36914e8afbd87519930c2634ba90fbf595cc
    + x b 72e581bf8023296623f1da7ffc009d3d1e75222ced8c90bc6f4b38fce2592620
      y x 3cfdfea2266fc2cc8900bc4a3dfca21624bfbd4feb82bf157b83075579126855
    - b a 49c27a4bcd9d3ff0261bec4ab68c36914e8afbd87519930c2634ba90fbf595cc
    ------- stderr -------
    moved 2 revisions onto b
    ");
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    ------- stderr -------
    checked 4 revisions, nothing is wrong
    ");
    // It is done: a second time there is nothing to do.
    assert_snapshot!(project.run(["rebase", "y", "--onto", "b"]), @"
    ------- stderr -------
    error: `y` follows `b` already
    help: there is nothing to do; `cargo migrate history` shows the chain
    [exit status: 1]
    ");
}

#[test]
fn a_merge_is_the_way_where_a_merge_was_made() {
    let project = forked();
    add(&project, "z", "a");
    project.write(
        "migrations/m.sql",
        "-- revision: m\n-- parents: y, z\n-- created: 2026-11-20T15:00:00Z\n",
    );
    seal(&project);
    commit(&project);
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    error[forked-chain]: this branch forks the chain of `main`, which continues to `b`
     --> migrations/x.sql:1:14
      |
    1 | -- revision: x
      |              ^ this follows `a`
      |
      = help: run `git merge main`, then `cargo migrate merge b m`

    ------- stderr -------
    checked 5 revisions: 1 error
    [exit status: 1]
    ");
}

#[test]
fn what_the_others_have_wrong_is_not_ours() {
    let project = forked();
    project.git(&["checkout", "--quiet", "main"]);
    add(&project, "c", "a");
    seal(&project);
    commit(&project);
    project.git(&["checkout", "--quiet", "-b", "other", "main~1"]);
    project.run(["check", "--since", "main"]).success().done();
}

#[test]
fn edits_and_deletions_of_what_is_published() {
    let project = forked();
    project.git(&["checkout", "--quiet", "-b", "edits", "main"]);
    let edited = project
        .read("migrations/a.sql")
        .replace("INTEGER", "BIGINT");
    project.write("migrations/a.sql", edited);
    std::fs::remove_file(project.path().join("migrations/b.sql")).expect("it is there");
    project
        .run(["lock", "-q", "--amend", "a", "--forget", "b"])
        .success()
        .done();
    project.run(["check"]).success().done();
    assert_snapshot!(project.run(["check", "--since", "main"]), @r#"
    error[published-changed]: this branch edits `a`, which is sealed on `main`
     --> migrations/a.sql:1:14
      |
    1 | -- revision: a
      |              ^
      |
      = help: undo the edit with `git checkout main -- migrations/a.sql`, and write a new revision: `cargo migrate new "<message>"`

    error[published-deleted]: this branch deletes `b`, which is sealed on `main`
    --> migrations/b.sql
     = help: restore it with `git checkout main -- migrations/b.sql`, and write a revision that undoes it: `cargo migrate new "<message>"`

    ------- stderr -------
    checked 1 revision: 2 errors
    [exit status: 1]
    "#);
    // By rule it may be done on purpose.
    let config = project.read("migrate.toml");
    project.write(
        "migrate.toml",
        format!("{config}\n[rules]\npublished-changed = \"warn\"\npublished-deleted = \"allow\"\n"),
    );
    assert_snapshot!(project.run(["check", "--since", "main"]), @r#"
    warning[published-changed]: this branch edits `a`, which is sealed on `main`
     --> migrations/a.sql:1:14
      |
    1 | -- revision: a
      |              ^
      |
      = help: undo the edit with `git checkout main -- migrations/a.sql`, and write a new revision: `cargo migrate new "<message>"`

    ------- stderr -------
    checked 1 revision: 1 warning
    "#);
}

#[test]
fn an_edit_that_the_others_made_is_not_ours() {
    let project = forked();
    project.git(&["checkout", "--quiet", "main"]);
    let edited = project
        .read("migrations/a.sql")
        .replace("INTEGER", "BIGINT");
    project.write("migrations/a.sql", edited);
    project.run(["lock", "-q", "--amend", "a"]).success().done();
    commit(&project);
    project.git(&["checkout", "--quiet", "-b", "behind", "main~1"]);
    project.run(["check", "--since", "main"]).success().done();
}

#[test]
fn an_id_that_is_taken() {
    let project = forked();
    project.git(&["checkout", "--quiet", "-b", "taken", "main~1"]);
    add(&project, "b", "a");
    let other = project.read("migrations/b.sql").replace("t_b", "another");
    project.write("migrations/b.sql", &other);
    seal(&project);
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    error[duplicate-revision]: `main` has a different revision with the id `b`
     --> migrations/b.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: give this one a new id, and change the `-- parents:` lines that name it

    ------- stderr -------
    checked 2 revisions: 1 error
    [exit status: 1]
    ");
    std::fs::rename(
        project.path().join("migrations/b.sql"),
        project.path().join("migrations/mine.sql"),
    )
    .expect("it is there");
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    error[duplicate-revision]: after a merge with `main`, two files have the id `b`
     --> migrations/mine.sql:1:14
      |
    1 | -- revision: b
      |              ^ this one too
      |
     ::: migrations/b.sql:1:14
      |
    1 | -- revision: b
      |              - first here
      |
      = help: delete the file that is a copy; to keep both, `cargo migrate repair` shows a new id for one of them

    ------- stderr -------
    checked 2 revisions: 1 error
    [exit status: 1]
    ");
}

#[test]
fn references_that_are_no_use() {
    let project = forked();
    assert_snapshot!(project.run(["check", "--since", "nowhere"]), @"
    ------- stderr -------
    error: git knows no commit `nowhere`
    help: `git branch --all` lists the branches
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["check", "--since"]), @"
    ------- stderr -------
    error: there is no main branch of a remote `origin`
    help: name the reference to compare with: `cargo migrate check --since <ref>`
    [exit status: 2]
    ");
    assert_snapshot!(project.run(["check", "--since=--upload-pack=x"]), @"
    ------- stderr -------
    error: git knows no commit `--upload-pack=x`
    help: `git branch --all` lists the branches
    [exit status: 1]
    ");
    project.git(&["checkout", "--quiet", "--orphan", "alone"]);
    commit(&project);
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    ------- stderr -------
    error: git finds no common commit of both histories
    help: the two have nothing in common; name a reference of this project
    [exit status: 1]
    ");
    let project = chain("a");
    assert_snapshot!(project.run(["check", "--since", "main"]), @"
    ------- stderr -------
    error: `$PROJECT` is not in a git repository, or git is not installed
    help: create one with `git init`, or leave out the git reference
    [exit status: 1]
    ");
}

#[test]
fn the_remotes_main_branch_is_what_is_published() {
    let project = forked();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.git(&["merge", "--quiet", "main"]);
    assert_snapshot!(project.run(["rebase", "b", "--onto", "y"]), @"
    ------- stderr -------
    error: `b` is published: `origin/main` has sealed it
    help: merge the heads with `cargo migrate merge` instead; if nobody has applied it, add `--allow-published`
    [exit status: 1]
    ");
    // Only one of the heads is not published, so it is clear what is meant.
    assert_snapshot!(project.run(["rebase", "--dry-run"]), @"
    migrations/x.sql
      -- revision: x
    - -- parents: a
    + -- parents: b
      -- message: add x

    migrations/chain.lock
      a - 30c94b09163afb5bfd2d75b7e038249fb2f80effd2b1e2dd378ccd9de06ee7e5
    - x a bd7ee94aceb7a51090b8a8779840706dd5bdb0f362ff1bb725b9066230bc9b74
    + b a 49c27a4bcd9d3ff0261bec4ab68c36914e8afbd87519930c2634ba90fbf595cc
    + x b 72e581bf8023296623f1da7ffc009d3d1e75222ced8c90bc6f4b38fce2592620
      y x 3cfdfea2266fc2cc8900bc4a3dfca21624bfbd4feb82bf157b83075579126855
    - b a 49c27a4bcd9d3ff0261bec4ab68c36914e8afbd87519930c2634ba90fbf595cc
    ------- stderr -------
    2 revisions would be moved onto b
    ");
    assert_snapshot!(project.run(["rebase", "--format", "json"]).json(), @r#"{"edits":[{"file":"migrations/x.sql","parents":["b"],"revision":"x"}],"moved":["x","y"],"onto":"b"}"#);
    project.run(["check", "--since"]).success().done();
}

#[test]
fn what_a_database_has_applied_is_not_moved() {
    let project = forked();
    project.git(&["merge", "--quiet", "main"]);
    project.run(["run", "x"]).success().done();
    assert_snapshot!(project.run(["rebase", "y"]), @"
    ------- stderr -------
    error: sqlite://dev.db has already applied `x`
    help: merge the heads with `cargo migrate merge` instead; or add `--allow-applied`, and then apply it again there: `cargo migrate redo x`
    [exit status: 1]
    ");
    project
        .run(["rebase", "y", "--allow-applied", "-q"])
        .success()
        .done();
    assert_snapshot!(project.run(["run"]), @"
    ------- stderr -------
    error: revisions were changed after they were applied: `x`
    help: `cargo migrate redo x` reverts what was applied and runs the new text; or undo the edit with git
    [exit status: 1]
    ");
    assert_snapshot!(steady(&project.run(["redo", "x"])), @"
    ------- stderr -------
    warning: the file of `x` has changed or is missing: its text in the ledger is used
    reverted x add x ([time] ms)
    applied b add b ([time] ms)
    applied x add x ([time] ms)
    2 revisions redone in sqlite://dev.db
    ");
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["current"]), @"y add y (head)");
}

#[test]
fn what_cannot_be_rebased() {
    let project = chain("a  b:a  c:b");
    assert_snapshot!(project.run(["rebase"]), @"
    ------- stderr -------
    error: it is not clear which branch to move
    help: name its head: `cargo migrate rebase c`
    [exit status: 2]
    ");
    assert_snapshot!(project.run(["rebase", "c"]), @"
    ------- stderr -------
    error: there is no other head to move `c` onto
    help: name another parent with `--onto <revision>`
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["rebase", "a", "--onto", "c"]), @"
    ------- stderr -------
    error: `c` needs `a`, so `a` cannot follow it
    help: name them the other way round, or join two heads with `cargo migrate merge`
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["rebase", "nowhere"]), @"
    ------- stderr -------
    error: revision `nowhere` does not exist
    help: `cargo migrate history` lists the revisions
    [exit status: 1]
    ");
    let project = chain("a  b:a  c:a  d:a");
    assert_snapshot!(project.run(["rebase", "d"]), @"
    ------- stderr -------
    error: there are 2 heads: `b`, `c`
    help: choose its new parent: `--onto <revision>`
    [exit status: 1]
    ");
}

#[test]
fn a_branch_that_was_joined_is_joined_again() {
    let project = chain("a  b:a  c:b  x:a  m:x,b  y:m");
    assert_snapshot!(project.run(["rebase", "y", "--onto", "c"]), @"
    ------- stderr -------
    error: `m` already merges the branch of `y` with that of `c`
    help: join them again: `cargo migrate merge y c`
    [exit status: 1]
    ");
}

#[test]
fn the_database_is_taken_to_another_branch() {
    let project = forked();
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["switch", "main", "--dry-run"]), @"
    revert y add y
    revert x add x
    apply b add b
    ------- stderr -------
    sqlite://dev.db would be at b, as `main` has it
    ");
    assert_snapshot!(steady(&project.run(["switch", "main", "--lock-wait", "5"])), @"
    ------- stderr -------
    revert y add y
    revert x add x
    apply b add b
    reverted y add y ([time] ms)
    reverted x add x ([time] ms)
    applied b add b ([time] ms)
    sqlite://dev.db is at b, as `main` has it
    ");
    project.git(&["checkout", "--quiet", "main"]);
    assert_snapshot!(steady(&project.run(["status"])), @"
    database sqlite://dev.db
    at       b

    applied a add a ([when])
    applied b add b ([when])
    ");
    assert_snapshot!(project.run(["switch", "main"]), @"
    ------- stderr -------
    nothing to do: sqlite://dev.db is at b, as `main` has it
    ");
    // The files of the branch are not here any more, and need not be.
    project.run(["switch", "-q", "feature"]).success().done();
    assert_snapshot!(project.run(["switch", "main", "--format", "json"]).json(), @r#"{"applied":{"direction":"up","from":["a"],"steps":[{"heads_after":["b"],"parents":["a"],"revision":"b"}],"to":["b"]},"database":"sqlite://dev.db","notices":[],"reverted":{"direction":"down","from":["y"],"steps":[{"heads_after":["x"],"parents":["x"],"revision":"y"},{"heads_after":["a"],"parents":["a"],"revision":"x"}],"to":["a"]}}"#);
}

#[test]
fn what_another_branch_has_otherwise_is_done_again() {
    let project = forked();
    project.git(&["checkout", "--quiet", "-b", "edited", "main"]);
    let edited = project
        .read("migrations/a.sql")
        .replace("PRIMARY KEY", "PRIMARY KEY, more TEXT");
    project.write("migrations/a.sql", edited);
    project.run(["lock", "-q", "--amend", "a"]).success().done();
    commit(&project);
    project.git(&["checkout", "--quiet", "main"]);
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(steady(&project.run(["switch", "edited"])), @"
    ------- stderr -------
    revert b add b
    revert a add a
    apply a add a
    apply b add b
    reverted b add b ([time] ms)
    reverted a add a ([time] ms)
    applied a add a ([time] ms)
    applied b add b ([time] ms)
    sqlite://dev.db is at b, as `edited` has it
    ");
    project.git(&["checkout", "--quiet", "edited"]);
    assert_snapshot!(project.run(["run"]), @"
    ------- stderr -------
    nothing to apply: sqlite://dev.db is at b
    ");
}

#[test]
fn where_nobody_should_switch() {
    let project = forked();
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["switch", "nowhere"]), @"
    ------- stderr -------
    error: git knows no commit `nowhere`
    help: `git branch --all` lists the branches
    [exit status: 1]
    ");
    project.git(&["checkout", "--quiet", "-b", "broken", "main"]);
    add(&project, "c", "nobody");
    commit(&project);
    project.git(&["checkout", "--quiet", "feature"]);
    assert_snapshot!(project.run(["switch", "broken"]), @"
    ------- stderr -------
    error[unknown-parent]: revision `c` follows `nobody`, which does not exist
     --> migrations/c.sql:2:13
      |
    2 | -- parents: nobody
      |             ^^^^^^ no revision has this id
      |
      = help: `cargo migrate history` lists the revisions

    error[lock-missing]: revision `c` is not in chain.lock
     --> migrations/c.sql:1:14
      |
    1 | -- revision: c
      |              ^
      |
      = help: add it with `cargo migrate lock`

    error: the chain of `broken` cannot be used: 2 errors
    help: `cargo migrate explain unknown-parent` shows more
    [exit status: 1]
    ");
    let config = project.read("migrate.toml");
    project.write("migrate.toml", format!("{config}protected = true\n"));
    assert_snapshot!(project.run(["switch", "main"]), @r#"
    ------- stderr -------
    error: the environment `dev` is protected, and this loses data
    help: write a new revision that undoes the change: `cargo migrate new "undo …"`; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["current"]), @"y add y (head)");
}

#[test]
fn a_chain_that_run_refuses_is_not_switched_to() {
    let project = forked();
    project.run(["run", "-q"]).success().done();
    project.git(&["checkout", "--quiet", "-b", "both", "main"]);
    project.git(&["merge", "--quiet", "--no-edit", "feature"]);
    for command in [
        &["run"][..],
        &["switch", "HEAD"],
        &["switch", "HEAD", "--dry-run"],
    ] {
        let told = project.run(command).code(1).stderr;
        assert!(told.contains("2 heads: `b`, `y`"), "{told}");
        assert!(told.contains("`cargo migrate merge b y`"), "{told}");
    }
    assert_snapshot!(project.run(["current"]), @"y add y (head)");
}

#[test]
fn what_cannot_be_undone_keeps_the_database_where_it_is() {
    let project = forked();
    let text = project.read("migrations/y.sql");
    let (up, _) = text.split_once("-- migrate: down").expect("it has one");
    project.write(
        "migrations/y.sql",
        format!("{up}-- migrate: irreversible the rows are gone\n"),
    );
    project.run(["lock", "-q", "--amend", "y"]).success().done();
    commit(&project);
    project.run(["run", "-q"]).success().done();
    assert_snapshot!(project.run(["switch", "main"]), @r#"
    ------- stderr -------
    revert y add y
    revert x add x
    apply b add b
    error: revision `y` cannot be reverted: the rows are gone
    help: restore a backup, or write a new revision that undoes it: `cargo migrate new "undo …"`
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["current"]), @"y add y (head)");
}

#[test]
fn repair_names_the_commit_that_has_a_deleted_revision() {
    let project = chain("a  b:a  c:b");
    project.write(".gitignore", "dev.db*\n");
    project.git(&["init", "--quiet"]);
    commit(&project);
    std::fs::remove_file(project.path().join("migrations/b.sql")).expect("it is there");
    commit(&project);
    project.write("notes.txt", "later");
    commit(&project);
    let told = project.run(["repair"]).code(1).stdout;
    let help = told
        .lines()
        .find(|line| line.contains("git has it"))
        .expect("git has it");
    let command = help.split('`').nth(1).expect("a command");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    project.git(&words);
    assert_snapshot!(project.run(["repair"]), @"
    ------- stderr -------
    checked the files: nothing to repair
    ");
}

#[test]
fn repair_rebases_what_the_remote_does_not_have() {
    let project = forked();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.git(&["merge", "--quiet", "--no-edit", "main"]);
    project
        .run(["repair", "--rebase", "--execute", "-q"])
        .success()
        .done();
    assert_snapshot!(project.run(["history", "--no-graph"]), @"
    y add y (head)
    x add x
    b add b
    a add a (base)
    ");
}

#[test]
fn repair_knows_a_parent_that_is_on_another_branch() {
    let project = forked();
    project.git(&["checkout", "--quiet", "main"]);
    add(&project, "z", "y");
    let told = project.run(["repair"]).code(1).stdout;
    let help = told
        .lines()
        .find(|line| line.contains("an unmerged branch has it"))
        .unwrap_or_else(|| panic!("{told}"));
    let command = help.split('`').nth(1).expect("a command");
    assert!(command.ends_with(" -- migrations/y.sql"), "{command}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    project.git(&words);
    assert!(project.read("migrations/y.sql").contains("-- revision: y"));
}
