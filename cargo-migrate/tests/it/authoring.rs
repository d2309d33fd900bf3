//! `init`, `new`, `merge`, `lock`, `edit`: what writes files.

use insta::assert_snapshot;

use crate::{Done as _, chain, project};

#[test]
fn init_writes_what_is_missing_and_overwrites_nothing() {
    let project = project();
    project.write("migrate.toml", "dir = \"db\"\n");
    assert_snapshot!(project.run(["init", "--ci"]), @r#"
    ------- stderr -------
    created db/chain.lock
    created db/.gitattributes
    created .github/workflows/migrations.yml
    kept migrate.toml
    help: name your database: `url = "…"` below `[env.dev]` in migrate.toml, or DATABASE_URL
    help: write the first revision with `cargo migrate new "<message>"`
    "#);
    assert_eq!(project.read("migrate.toml"), "dir = \"db\"\n");
    assert_snapshot!(project.run(["init"]), @r#"
    ------- stderr -------
    kept migrate.toml
    kept db/chain.lock
    kept db/.gitattributes
    help: name your database: `url = "…"` below `[env.dev]` in migrate.toml, or DATABASE_URL
    help: write the first revision with `cargo migrate new "<message>"`
    "#);
}

#[test]
fn init_finds_the_dialects_in_cargo_toml() {
    let project = project();
    project.write("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nsqlx = { version = \"0.9\", features = [\"mysql\"] }\nmigrate-sqlx = { version = \"0.1\", features = [\"sqlite\"] }\n");
    project.run(["init"]).success().done();
    assert_snapshot!(project.read("migrate.toml"), @r#"
    # Settings of `cargo migrate`. All of them may be left out.

    # Where the revisions are.
    dir = "migrations"

    # The databases that every revision must serve: "sqlite", "postgres", "mysql" (MariaDB too).
    dialects = ["sqlite", "mysql"]

    # What is an error ("deny"), a warning ("warn") or allowed ("allow").
    # [rules]
    # multiple-heads = "deny"   # or "labelled": one head for each labelled branch
    # multiple-bases = "deny"
    # missing-down = "warn"

    # The databases, by name. `dev` is used where none is named with `--env` or MIGRATE_ENV.
    [env.dev]
    url = "sqlite://dev.db"

    # [env.production]
    # url = "${DATABASE_URL}"   # an environment variable, also from .env
    # protected = true          # refuses to revert, and asks before everything else
    "#);
    assert_snapshot!(project.read("migrations/.gitattributes"), @"
    # What two branches add to a lock, git keeps from both.
    chain.lock merge=union
    schema.lock merge=union
    # A revision has the same line ends in every checkout.
    *.sql text eol=lf
    ");
    assert_snapshot!(project.read("migrations/chain.lock"), @r#"
    # Written by cargo migrate: commit it, do not edit it.
    version 1
    "#);
}

#[test]
fn init_outside_a_package_and_with_an_unknown_dialect() {
    let project = migrate_tests::TestProject::empty(env!("CARGO_BIN_EXE_cargo-migrate"));
    assert_snapshot!(project.run(["init", "--dialect", "oracle"]), @r#"
    ------- stderr -------
    error: unknown dialect `oracle`: expected `sqlite`, `postgres` or `mysql`
    [exit status: 2]
    "#);
    assert_snapshot!(project.run(["init", "--dialect", "postgres,mysql", "-q"]), @"");
    assert!(
        project
            .read("migrate.toml")
            .contains("dialects = [\"postgres\", \"mysql\"]")
    );
}

#[test]
fn the_first_three_revisions() {
    let project = project();
    project.run(["init", "-q"]).success().done();
    project.write("users.sql", "\u{feff}CREATE TABLE users (id INTEGER);");
    assert_snapshot!(project.run(["new", "create", "users", "--sql", "users.sql"]), @"migrations/20261120T143205_910a2dec8902_create_users.sql");
    assert_snapshot!(project.read("migrations/20261120T143205_910a2dec8902_create_users.sql"), @r#"
    -- revision: 910a2dec8902
    -- parents: none
    -- message: create users
    -- created: 2026-11-20T14:32:05Z

    -- migrate: up
    CREATE TABLE users (id INTEGER);

    -- migrate: down
    "#);
    assert_snapshot!(project.run(["new", "Größe: ändern!", "--label", "sizes"]), @"migrations/20261120T143205_975835de1c97_größe_ändern.sql");
    assert_snapshot!(project.run(["new", "third", "--rev-id", "v3", "--depends-on", "sizes"]), @"migrations/20261120T143205_v3_third.sql");
    assert_snapshot!(project.read("migrations/chain.lock"), @r#"
    # Written by cargo migrate: commit it, do not edit it.
    version 1
    910a2dec8902 - draft
    975835de1c97 910a2dec8902 draft
    v3 975835de1c97 draft
    "#);
    assert_snapshot!(project.run(["history"]), @r#"
    ○  v3 third (head)
    ○  975835de1c97 Größe: ändern! [sizes]
    ○  910a2dec8902 create users (base)
    "#);
}

#[test]
fn new_refuses_what_would_break_the_chain() {
    let project = chain("a  b:a");
    let lock = project.read("migrations/chain.lock");
    assert_snapshot!(project.run(["new", "x", "--rev-id", "a"]), @r#"
    ------- stderr -------
    error: revision `a` already exists: `migrations/a.sql`
    help: choose another `--rev-id`, or leave it out for a random one
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", "x", "--rev-id", "x'; DROP TABLE users; --"]), @r#"
    ------- stderr -------
    error: invalid revision id `x'; DROP TABLE users; --`: a revision id has only letters, digits, `_` and `.`, not `'`
    help: an id is 1 to 64 letters, digits, `_` and `.`, such as `v4_20_0_users`
    [exit status: 2]
    "#);
    assert_snapshot!(project.run(["new", "x", "--rev-id", "head"]), @r#"
    ------- stderr -------
    error: invalid revision id `head`: `head`, `heads`, `base` and `current` are reserved for places in the chain
    help: an id is 1 to 64 letters, digits, `_` and `.`, such as `v4_20_0_users`
    [exit status: 2]
    "#);
    assert_snapshot!(project.run(["new", "x", "--label", "a"]), @r#"
    ------- stderr -------
    error[label-is-revision]: the label `a` is also the id of a revision
     --> migrations/20261120T143205_910a2dec8902_x.sql:3:12
      |
    3 | -- labels: a
      |            ^ the label
      |
     ::: migrations/a.sql:1:14
      |
    1 | -- revision: a
      |              - the revision
      |
      = help: choose another label

    error: the chain cannot be used: 1 error
    help: `cargo migrate explain label-is-revision` shows more
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", "x", "--parent", "a"]), @r#"
    ------- stderr -------
    error: `a` is not a head: `b` already follows it
    help: add `--splice` to start a new branch there
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", "x", "--parent", "zzz"]), @r#"
    ------- stderr -------
    error: revision `zzz` does not exist
    help: `cargo migrate history` lists the revisions
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", "x", "--depends-on", "zzz"]), @r#"
    ------- stderr -------
    error: revision `zzz` does not exist
    help: `cargo migrate history` lists the revisions
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", "x", "--sql", "nowhere.sql"]), @r#"
    ------- stderr -------
    error: `nowhere.sql` cannot be read

    Caused by:
      No such file or directory (os error 2)
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", " "]), @r#"
    ------- stderr -------
    error: the message is empty
    help: say what the revision does: `cargo migrate new "create users"`
    [exit status: 2]
    "#);
    project.write("half.sql", "INSERT INTO t VALUES ('oops);");
    assert_snapshot!(project.run(["new", "x", "--sql", "half.sql"]), @r#"
    ------- stderr -------
    error[unterminated-sql]: unterminated quoted text
     --> migrations/20261120T143205_910a2dec8902_x.sql:7:23
      |
    7 | INSERT INTO t VALUES ('oops);
      |                       ^ it begins here
      |
      = help: close it, or name the dialects of the section: `-- migrate: up postgres`

    error: the chain cannot be used: 1 error
    help: `cargo migrate explain unterminated-sql` shows more
    [exit status: 1]
    "#);
    assert_eq!(project.read("migrations/chain.lock"), lock);
    assert_eq!(
        std::fs::read_dir(project.path().join("migrations"))
            .unwrap()
            .count(),
        3
    );
}

#[test]
fn new_overwrites_no_file() {
    let project = chain("a");
    project.write("migrations/20261120T143205_b_more.sql.bak", "");
    project.write("migrate.toml", "file-name = \"{id}\"\n");
    std::fs::create_dir(project.path().join("migrations/b.sql")).unwrap();
    let output = project.run(["new", "more", "--rev-id", "b"]).code(1);
    assert!(output.stderr.contains("unreadable-file"), "{output}");
}

#[test]
fn a_fork_is_made_on_purpose_and_merged() {
    let project = chain("a  b:a");
    assert_snapshot!(project.run(["new", "fork", "--parent", "a", "--splice", "--rev-id", "c"]), @"
    migrations/20261120T143205_c_fork.sql
    ------- stderr -------
    warning: the chain has 2 heads: `b`, `c`
    help: join them with `cargo migrate merge b c`, or move your unpublished branch after the other: `cargo migrate rebase b` or `cargo migrate rebase c`
    ");
    assert_snapshot!(project.run(["new", "more"]), @r#"
    ------- stderr -------
    error: there are 2 heads: `b`, `c`
    help: choose its parent with `--parent <id>`, or join them with `cargo migrate merge`
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["merge", "b"]), @r#"
    ------- stderr -------
    error: `b` alone needs no merge
    help: `cargo migrate heads` lists what can be joined
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["merge", "a", "b"]), @r#"
    ------- stderr -------
    error: `b` already follows `a`
    help: leave out the older one; `cargo migrate heads` lists what can be joined
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["merge", "-m", "join", "--rev-id", "m"]), @"migrations/20261120T143205_m_join.sql");
    assert_snapshot!(project.read("migrations/20261120T143205_m_join.sql"), @r#"
    -- revision: m
    -- parents: b, c
    -- message: join
    -- created: 2026-11-20T14:32:05Z
    "#);
    assert_snapshot!(project.run(["merge"]), @r#"
    ------- stderr -------
    error: the chain has one head, `m`
    help: `cargo migrate heads` lists what can be joined
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["heads"]), @"m join (head, merge)");
}

#[test]
fn lock_seals_amends_and_forgets() {
    let project = chain("a  b:a");
    assert_snapshot!(project.run(["lock"]), @r#"
    ------- stderr -------
    every revision is sealed already
    "#);
    let text = project
        .read("migrations/b.sql")
        .replace("DROP TABLE", "DROP TABLE IF EXISTS");
    project.write("migrations/b.sql", text);
    assert_snapshot!(project.run(["lock"]), @r#"
    ------- stderr -------
    error[lock-changed]: sealed revision `b` was edited
     --> migrations/b.sql:1:14
      |
    1 | -- revision: b
      |              ^
      |
      = help: restore the sealed text, with `cargo migrate repair --ledger` where it was applied, and write a new revision, or accept it with `cargo migrate lock --amend b`

    error: the chain cannot be used: 1 error
    help: `cargo migrate explain lock-changed` shows more
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["lock", "--amend", "a"]), @r#"
    ------- stderr -------
    error: the meaning of `a` has not changed since it was sealed
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["lock", "--amend", "b"]), @r#"
    ------- stderr -------
    amended b
    warning: a database that has applied it keeps what the old text did, and refuses to run until that is resolved
    help: there, `cargo migrate status` lists it as changed, and `cargo migrate redo <revision>` reverts what was applied and applies the new text
    "#);
    project.run(["check"]).success().done();
    std::fs::remove_file(project.path().join("migrations/b.sql")).unwrap();
    assert_snapshot!(project.run(["lock", "--forget", "a"]), @r#"
    ------- stderr -------
    error: the file of `a` exists: `a.sql`
    help: only a revision without a file can be forgotten
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["lock", "--forget", "zzz"]), @r#"
    ------- stderr -------
    error: chain.lock has no revision `zzz`
    help: `cargo migrate check` shows those whose file is missing
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["lock", "--forget", "b"]), @r#"
    ------- stderr -------
    forgot b
    warning: a database that has applied it will be newer than this chain, and refuse to run
    help: there, `cargo migrate revert` still reverts it, with the text in the ledger
    "#);
    project.run(["check"]).success().done();
}

#[test]
fn lock_does_not_seal_an_empty_draft() {
    let project = chain("a");
    project
        .run(["new", "empty", "--rev-id", "e"])
        .success()
        .done();
    let lock = project.read("migrations/chain.lock");
    assert_snapshot!(project.run(["lock"]), @r#"
    ------- stderr -------
    error[empty-up]: revision `e` does nothing: its `up` has no statement
     --> migrations/20261120T143205_e_empty.sql:1:14
      |
    1 | -- revision: e
      |              ^
      |
      = help: write its SQL: `cargo migrate edit e`

    error: the chain cannot be used: 1 error
    help: `cargo migrate explain empty-up` shows more
    [exit status: 1]
    "#);
    assert_eq!(project.read("migrations/chain.lock"), lock);
}

#[test]
fn edit_starts_the_editor_with_its_arguments() {
    let project = chain("a");
    let mut command = project.command();
    command.args(["edit", "a"]).env("EDITOR", "printf '%s|' -w");
    assert_snapshot!(project.output(&mut command), @r#"
    -w|$PROJECT/migrations/a.sql|------- stderr -------
    warning: `a` is sealed: a change of its meaning is refused as lock-changed
    help: put the change into a new revision: `cargo migrate new "<message>"`
    "#);
    assert_snapshot!(project.run(["edit", "a"]), @r#"
    ------- stderr -------
    warning: `a` is sealed: a change of its meaning is refused as lock-changed
    help: put the change into a new revision: `cargo migrate new "<message>"`
    error: no editor is set
    help: set one, such as `export EDITOR=nano`; the file is `$PROJECT/migrations/a.sql`
    [exit status: 1]
    "#);
    let mut command = project.command();
    command.args(["edit"]).env("VISUAL", "false");
    assert_snapshot!(project.output(&mut command), @r#"
    ------- stderr -------
    warning: `a` is sealed: a change of its meaning is refused as lock-changed
    help: put the change into a new revision: `cargo migrate new "<message>"`
    error: the editor `false` failed

    Caused by:
      exit status: 1

    help: set $VISUAL or $EDITOR to an installed program
    [exit status: 1]
    "#);
}
