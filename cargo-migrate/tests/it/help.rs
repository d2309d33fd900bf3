//! The help of every command, and the ways to use it wrongly.

use insta::assert_snapshot;

use crate::project;

#[test]
fn the_help_of_the_whole() {
    assert_snapshot!(project().run(["-h"]), @"
    Write, inspect, check and apply a chain of schema migrations

    Usage: cargo migrate [OPTIONS] <COMMAND>

    Commands:
      init         Set up a project: write migrate.toml, migrations/ and chain.lock
      new          Write a new revision that follows the head [alias: revision]
      run          Apply the pending revisions, up to the target [aliases: up, upgrade]
      revert       Revert the revisions after the target [aliases: down, downgrade]
      redo         Revert the last revision and apply it again
      status       Compare the chain with the database: applied, pending, unknown, changed, failed
      current      Show where the database is
      plan         Show what `run` would do, or `revert` with `--down`
      history      Show the revisions as a graph, newest first
      heads        Show the heads: revisions that nothing follows
      branches     Show the revisions at which the chain forks
      show         Show one revision: what it follows, and its SQL
      merge        Join several heads with a merge revision
      rebase       Move a branch onto another head, instead of merging the two
      stamp        Record revisions as applied without running anything
      switch       Switch the database to the revisions of another git branch
      schema       Show the database's schema
      import       Import the migrations of another tool
      baseline     Turn an existing database into the first revision of a new chain
      check        Check the chain and its lock, without a database
      verify       Compare the database with the schema of its revisions, and with the models
      diff         Show the changes from one schema to another
      models       Print structs for the tables of the chain that have no model
      snapshot     Save the database's schema and its applied revisions in a file
      backup       Back up the database's data to a file
      doctor       Diagnose files, git, database and models, and show how to fix each problem
      repair       Repair the files of a broken chain, and a ledger that does not match it
      reset        Drop the database, recreate it, and apply all revisions
      lock         Seal every draft in chain.lock
      explain      Explain what a code means, and how to fix the problem
      edit         Open a revision's file in the editor
      completions  Print a shell's completion script for `cargo-migrate`

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn cargo_passes_its_own_name() {
    let project = project();
    assert_eq!(
        project.run(["migrate", "--version"]),
        project.run(["--version"])
    );
}

#[test]
fn an_unknown_command() {
    assert_snapshot!(project().run(["hisotry"]), @r#"
    ------- stderr -------
    error: unrecognized subcommand 'hisotry'

      tip: a similar subcommand exists: 'history'

    Usage: cargo migrate [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit status: 2]
    "#);
}

#[test]
fn a_mistake_in_the_command_line_is_json_too() {
    assert_snapshot!(project().run(["bogus", "--format", "json"]), @r#"
    {
      "error": {
        "code": "usage",
        "message": "unrecognized subcommand 'bogus'",
        "help": "`cargo migrate --help` lists the commands and options",
        "candidates": []
      }
    }
    [exit status: 2]
    "#);
}

#[test]
fn init() {
    assert_snapshot!(project().run(["init", "-h"]), @"
    Set up a project: write migrate.toml, migrations/ and chain.lock

    Usage: cargo migrate init [OPTIONS]

    Options:
          --dialect <DIALECT>  The databases to support: `sqlite`, `postgres`, `mysql`; by default,
                               those of the features in Cargo.toml
          --ci                 Add a GitHub workflow that checks the chain
      -h, --help               Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn new() {
    assert_snapshot!(project().run(["new", "-h"]), @"
    Write a new revision that follows the head

    Usage: cargo migrate new [OPTIONS] <MESSAGE>...

    Arguments:
      <MESSAGE>...  What the revision does, in one line; becomes part of the file's name

    Options:
          --parent <REVISION>      The parent, instead of the head; `base` starts a separate chain
          --splice                 Allow a parent that others already follow
          --label <NAME>           Name the branch that starts with it
          --depends-on <REVISION>  Require this revision of another branch to be applied first
          --rev-id <ID>            Use this id instead of 12 random hex digits
          --sql <FILE>             Fill `up` with this file
          --auto                   Fill `up` and `down` with the changes from the chain's schema to that
                                   of the models
          --schema <PATH>          With `--auto`: take the wanted schema from a file of SQL, or a folder
                                   of them, instead of the models
          --rename <OLD=NEW>       With `--auto`: a table or column that was renamed: `users=people`, or
                                   `users.mail=email`; can be repeated
          --edit                   Open it in the editor
      -h, --help                   Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn run() {
    assert_snapshot!(project().run(["run", "-h"]), @"
    Apply the pending revisions, up to the target

    Usage: cargo migrate run [OPTIONS] [TARGET]

    Arguments:
      [TARGET]  The target: an id or the beginning of one, `head`, `heads`, `+1`, `<label>@head` …; by
                default `head`

    Options:
          --resume[=<STATEMENT>]  Continue an unfinished revision after its last finished statement; if
                                  the outcome of the next one is unknown, `--resume=again` runs it
                                  again, `--resume=done` skips it
          --atomic                Apply all or nothing, in one transaction: on SQLite and PostgreSQL, if
                                  no revision is `no-transaction`
          --backup                Back up the database's data first, as `cargo migrate backup` does; the
                                  default if migrate.toml has `backup = true`
          --no-backup             Skip the backup that migrate.toml asks for
          --strict                Fail if there is nothing to do
          --allow-drafts          Also apply drafts to a protected environment, although their text may
                                  still change
          --sql                   Print a script for the database's own client instead of running
                                  anything; the target may then be a range, such as `a:b`, which needs
                                  no database
          --dialect <DIALECT>     The dialect of the script, if no URL determines it: sqlite, postgres
                                  or mysql
          --dry-run               Show what would be done and change nothing
      -y, --yes                   Do not ask for confirmation in a protected environment
          --lock-wait <SECONDS>   How long to wait for another migrator, in seconds
      -h, --help                  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn revert() {
    assert_snapshot!(project().run(["revert", "-h"]), @"
    Revert the revisions after the target

    Usage: cargo migrate revert [OPTIONS] [TARGET]

    Arguments:
      [TARGET]  The target: an id or the beginning of one, `base`, `-2`, `<label>@base` …; by default
                `-1`, one step back

    Options:
          --cascade               Also revert revisions of other branches if the target's label is not
                                  enough
          --resume[=<STATEMENT>]  Continue an unfinished revision after its last finished statement; if
                                  the outcome of the next one is unknown, `--resume=again` runs it
                                  again, `--resume=done` skips it
          --atomic                Revert all or nothing, in one transaction: on SQLite and PostgreSQL,
                                  if no revision is `no-transaction`
          --strict                Fail if there is nothing to do
          --sql                   Print a script for the database's own client instead of running
                                  anything; the target may then be a range, such as `a:b`, which needs
                                  no database
          --dialect <DIALECT>     The dialect of the script, if no URL determines it: sqlite, postgres
                                  or mysql
          --dry-run               Show what would be done and change nothing
      -y, --yes                   Do not ask for confirmation in a protected environment
          --lock-wait <SECONDS>   How long to wait for another migrator, in seconds
      -h, --help                  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn redo() {
    assert_snapshot!(project().run(["redo", "-h"]), @"
    Revert the last revision and apply it again

    Usage: cargo migrate redo [OPTIONS] [REVISION]

    Arguments:
      [REVISION]  The revision, instead of the last

    Options:
          --dry-run              Show what would be done and change nothing
      -y, --yes                  Do not ask for confirmation in a protected environment
          --lock-wait <SECONDS>  How long to wait for another migrator, in seconds
      -h, --help                 Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn schema() {
    assert_snapshot!(project().run(["schema", "-h"]), @"
    Show the database's schema

    Usage: cargo migrate schema [OPTIONS] [NAME]...

    Arguments:
      [NAME]...  Show only these tables and views

    Options:
          --schema <NAME>  Read only this named schema of PostgreSQL; can be repeated
      -h, --help           Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn status() {
    assert_snapshot!(project().run(["status", "-h"]), @"
    Compare the chain with the database: applied, pending, unknown, changed, failed

    Usage: cargo migrate status [OPTIONS]

    Options:
          --events  Also list the database's events: what was done, when, by whom and from where
      -h, --help    Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn current() {
    assert_snapshot!(project().run(["current", "-h"]), @"
    Show where the database is

    Usage: cargo migrate current [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn plan() {
    assert_snapshot!(project().run(["plan", "-h"]), @r#"
    Show what `run` would do, or `revert` with `--down`

    Usage: cargo migrate plan [OPTIONS] [TARGET]

    Arguments:
      [TARGET]  The target: an id, `head`, `heads`, `base`, `+1`, `-1`, `<label>@head` …; by default
                `head`, or `-1` with `--down`

    Options:
          --down              Plan a revert
          --cascade           Also revert revisions of other branches if necessary
          --strict            Fail if there is nothing to do
          --from <REVISIONS>  Plan from these applied revisions (comma-separated) instead of a database;
                              `--from ""` is an empty database
      -h, --help              Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    "#);
}

#[test]
fn history() {
    assert_snapshot!(project().run(["history", "-h"]), @"
    Show the revisions as a graph, newest first

    Usage: cargo migrate history [OPTIONS] [RANGE]

    Arguments:
      [RANGE]  What to show: `a:b`, `a:`, `:b`, or one revision and its ancestors

    Options:
          --applied   Mark the applied revisions
          --no-graph  List the revisions without the graph
      -h, --help      Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn heads() {
    assert_snapshot!(project().run(["heads", "-h"]), @"
    Show the heads: revisions that nothing follows

    Usage: cargo migrate heads [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn branches() {
    assert_snapshot!(project().run(["branches", "-h"]), @"
    Show the revisions at which the chain forks

    Usage: cargo migrate branches [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn show() {
    assert_snapshot!(project().run(["show", "-h"]), @"
    Show one revision: what it follows, and its SQL

    Usage: cargo migrate show [OPTIONS] <REVISION>

    Arguments:
      <REVISION>  The revision

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn merge() {
    assert_snapshot!(project().run(["merge", "-h"]), @"
    Join several heads with a merge revision

    Usage: cargo migrate merge [OPTIONS] [REVISION]...

    Arguments:
      [REVISION]...  The heads to join, instead of all

    Options:
      -m, --message <MESSAGE>  The message of the merge
          --rev-id <ID>        Use this id instead of 12 random hex digits
      -h, --help               Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn stamp() {
    assert_snapshot!(project().run(["stamp", "-h"]), @r#"
    Record revisions as applied without running anything

    Usage: cargo migrate stamp [OPTIONS] [TARGET]...

    Arguments:
      [TARGET]...  The revisions that the database is at: ids or beginnings of them, `head`, `heads`,
                   `base`

    Options:
          --detect               Find the revision whose schema this database has, and record that
          --purge                First forget everything in the ledger
          --allow-drafts         Also record drafts in a protected environment, although their text may
                                 still change
          --from <REVISIONS>     Plan from these applied revisions (comma-separated) instead of a
                                 database; `--from ""` is an empty database
          --dry-run              Show what would be done and change nothing
      -y, --yes                  Do not ask for confirmation in a protected environment
          --lock-wait <SECONDS>  How long to wait for another migrator, in seconds
      -h, --help                 Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    "#);
}

#[test]
fn check() {
    assert_snapshot!(project().run(["check", "-h"]), @"
    Check the chain and its lock, without a database

    Usage: cargo migrate check [OPTIONS]

    Options:
          --locked         Also refuse drafts and an outdated schema.lock, as CI should
          --since [<REF>]  Also check this branch against the chain of a git reference: whether it forks
                           that chain, edits or deletes sealed revisions, or reuses an id; the default
                           is the remote's main branch
          --models         Also compare the models with the schema of the chain, in scratch databases,
                           and fail if a revision is missing
      -h, --help           Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn lock() {
    assert_snapshot!(project().run(["lock", "-h"]), @"
    Seal every draft in chain.lock

    Usage: cargo migrate lock [OPTIONS]

    Options:
          --amend <REVISION>   Accept that this sealed revision was edited, and seal it as it is now
          --forget <REVISION>  Forget this revision, whose file was deleted
          --schema             Only rewrite schema.lock, the schema at the head, and seal nothing
      -h, --help               Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn explain() {
    assert_snapshot!(project().run(["explain", "-h"]), @"
    Explain what a code means, and how to fix the problem

    Usage: cargo migrate explain [OPTIONS] [CODE]

    Arguments:
      [CODE]  The code in brackets after `error`, or `code` in JSON, such as `multiple-heads`

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn edit() {
    assert_snapshot!(project().run(["edit", "-h"]), @"
    Open a revision's file in the editor

    Usage: cargo migrate edit [OPTIONS] [REVISION]

    Arguments:
      [REVISION]  The revision: an id or the beginning of one, a label, or `head` [default: head]

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}

#[test]
fn completions() {
    assert_snapshot!(project().run(["completions", "-h"]), @"
    Print a shell's completion script for `cargo-migrate`

    Usage: cargo migrate completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --package <NAME>      The package whose migrations to use
      -C <DIR>                  Work as if started in this folder
          --env <NAME>          The environment of migrate.toml to use [env: MIGRATE_ENV]
          --database-url <URL>  The database to use
          --format <FORMAT>     Output format [default: human] [possible values: human, json]
          --color <WHEN>        When to use color [possible values: auto, always, never]
      -q, --quiet               Print only the answer, warnings and errors
      -v, --verbose...          Print more
    ");
}
