//! What names a schema, and what is said of what names none.

use insta::assert_snapshot;

use crate::{Done as _, chain};

const SOURCES: &str = "help: a schema is `database`, `env:<name>`, a url, `models`, `empty`, a file of SQL, a snapshot (`cargo migrate snapshot`), or a revision (`cargo migrate history`)";

#[test]
fn any_file_with_sql_is_a_schema() {
    let project = chain("a");
    project.write(
        "x.dump",
        "CREATE TABLE t_a (id INTEGER PRIMARY KEY);\nCREATE TABLE more (id INTEGER);\n",
    );
    assert_snapshot!(project.run(["diff", "head", "x.dump"]), @"create table `more`");
    assert_snapshot!(project.run(["diff", "x.dump", "./x.dump"]), @"
    ------- stderr -------
    there is no difference
    ");
    let snapshot = project
        .run(["schema", "--format", "json", "--env", "dev"])
        .success();
    project.write("x.copy", &snapshot.stdout);
    assert_snapshot!(project.run(["diff", "x.copy", "head"]), @"create table `t_a`");
}

#[test]
fn a_url_is_the_schema_of_its_database() {
    let project = chain("a");
    project.run(["run", "-q"]).success().done();
    project
        .run(["diff", "head", "sqlite://dev.db"])
        .success()
        .done();
    // A revision of this name goes before a file.
    project.write("a", "CREATE TABLE other (id INTEGER);\n");
    assert_snapshot!(project.run(["diff", "sqlite://dev.db", "a"]), @"
    ------- stderr -------
    there is no difference
    ");
}

#[test]
fn what_names_no_schema_says_what_does() {
    let project = chain("a");
    project.run(["run", "-q"]).success().done();
    project.write("x.dump", b"PGDMP\x01\x0e");
    for (word, message, help) in [
        (
            "x.dump",
            "it is an archive of pg_dump, not a text",
            "`pg_restore --schema-only --file=dump.sql x.dump`",
        ),
        (
            "dev.db",
            "it is a database of SQLite, not a text",
            "`sqlite://dev.db`",
        ),
        ("y.dump", "error: revision `y.dump` does not exist", SOURCES),
        ("./y.dump", "invalid target `./y.dump`", SOURCES),
        ("y.sql", "`y.sql` cannot be read", SOURCES),
    ] {
        let told = project.run(["diff", word, "head"]).code(1).stderr;
        assert!(told.contains(message) && told.contains(help), "{told}");
    }
    let told = project.run(["new", "x", "--auto", "--schema", "nowhere.sql"]);
    assert_snapshot!(told, @"
    ------- stderr -------
    error: `nowhere.sql` cannot be read

    Caused by:
      No such file or directory (os error 2)

    help: `--schema` takes a file of SQL in UTF-8, or a folder of `.sql` files, named from where you are
    [exit status: 1]
    ");
}

#[test]
fn an_automatic_revision_that_does_not_run_is_said_to_be_there() {
    let project = chain("a");
    let text = project.read("migrations/a.sql").replace(
        "migrate: up\nCREATE TABLE t_a (id INTEGER PRIMARY KEY);",
        "migrate: up\nCREATE TABLE t_a (id INTEGER PRIMARY KEY, mail TEXT);\nINSERT INTO t_a (mail) VALUES ('x'), ('x');",
    );
    project.write("migrations/a.sql", text);
    project.run(["lock", "-q", "--amend", "a"]).success().done();
    let before = project.read("migrations/chain.lock");
    project.write("wanted.sql", "CREATE TABLE t_a (id INTEGER PRIMARY KEY, mail TEXT);\nCREATE UNIQUE INDEX once ON t_a (mail);\n");
    let told = project
        .run([
            "new",
            "once",
            "--auto",
            "--schema",
            "wanted.sql",
            "--rev-id",
            "b",
        ])
        .code(1);
    assert_snapshot!(told, @r#"
    ------- stderr -------
    create index `once` on `t_a`
    help: read the file before you run it
    error: statement 1 of 1 of revision `b` failed in the scratch database
     --> migrations/20261120T143205_b_once.sql:7:1
      |
    7 | CREATE UNIQUE INDEX "once" ON "t_a" ("mail");
      | ^^^^^^ UNIQUE constraint failed: t_a.mail
    note: `migrations/20261120T143205_b_once.sql` is written as a draft, but it does not run
    help: correct its SQL with `cargo migrate edit b`; then write schema.lock with `cargo migrate lock --schema`; or remove the revision with `rm migrations/20261120T143205_b_once.sql` and `cargo migrate lock --forget b`
    [exit status: 1]
    "#);
    // What it says removes it.
    let help = told.stderr.lines().last().expect("a help");
    let file = help
        .split("`rm ")
        .nth(1)
        .and_then(|rest| rest.split('`').next());
    std::fs::remove_file(project.path().join(file.expect("a file"))).expect("it is there");
    project
        .run(["lock", "--forget", "b", "-q"])
        .success()
        .done();
    project.run(["check"]).success().done();
    assert_eq!(project.read("migrations/chain.lock"), before);
}

/// What `new` has shown of a made-up value and a loss, `plan` and a protected run show as well.
#[test]
fn a_plan_shows_what_was_made_up_and_what_is_lost() {
    let project = chain("a");
    project.write(
        "wanted.sql",
        "CREATE TABLE t_a (id INTEGER PRIMARY KEY, mail TEXT NOT NULL);\n",
    );
    let auto = ["new", "x", "--auto", "--schema", "wanted.sql", "--rev-id"];
    let told = project.run(auto.iter().chain(&["b"])).success();
    assert_snapshot!(told, @r#"
    migrations/20261120T143205_b_x.sql
    ------- stderr -------
    add column `t_a.mail`
    warning: on SQLite: the rows of `t_a` get '' for `mail`: INSERT INTO "t_a__new" ("id", "mail")
    help: read the file before you run it
    "#);
    project.write("wanted.sql", "CREATE TABLE t_a (id INTEGER PRIMARY KEY);\n");
    project.run(auto.iter().chain(&["c"])).success().done();
    let config = project.read("migrate.toml");
    project.write("migrate.toml", format!("{config}protected = true\n"));
    project.run(["lock", "-q"]).success().done();
    assert_snapshot!(project.run(["plan"]), @r#"
    apply a add a
    apply b x
    apply c x
    ------- stderr -------
    warning: `b`: the rows of `t_a` get '' for `mail`: INSERT INTO "t_a__new" ("id", "mail")
    warning: `c`: loses the values of `t_a.mail`: ALTER TABLE "t_a" DROP COLUMN "mail"
    3 revisions to apply
    "#);
    assert_snapshot!(project.run(["run"]), @r#"
    ------- stderr -------
    warning: `b`: the rows of `t_a` get '' for `mail`: INSERT INTO "t_a__new" ("id", "mail")
    warning: `c`: loses the values of `t_a.mail`: ALTER TABLE "t_a" DROP COLUMN "mail"
    apply a add a
    apply b x
    apply c x
    error: the environment `dev` is protected, and the session is non-interactive
    help: add `--yes` to do it anyway; nothing was changed
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["plan", "base", "--down", "--from", "c"]), @r#"
    revert c x
    revert b x
    revert a add a
    ------- stderr -------
    warning: `b`: loses the values of `t_a.mail`: ALTER TABLE "t_a" DROP COLUMN "mail"
    warning: `c`: the rows of `t_a` get '' for `mail`: INSERT INTO "t_a__new" ("id", "mail")
    3 revisions to revert
    "#);
}

/// An attribute that says what the database does anyway is said.
#[test]
fn no_action_is_an_action() {
    let project = chain("a");
    let text = project.read("migrations/a.sql").replace(
        "migrate: up\n",
        "migrate: up\nCREATE TABLE notes (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES t_a (id) ON DELETE CASCADE);\n",
    );
    project.write("migrations/a.sql", text);
    project.run(["lock", "-q", "--amend", "a"]).success().done();
    let model = |action: &str| {
        format!(
            "#[derive(Table)]\n#[table(name = \"notes\")]\nstruct Note {{\n    id: i64,\n    #[column(references = \"t_a(id)\"{action})]\n    a: i64,\n}}\n"
        )
    };
    project.write("src/lib.rs", model(""));
    let told = project.run(["new", "x", "--auto"]).success().stderr;
    assert!(told.contains("nothing to do"), "{told}");
    project.write("src/lib.rs", model(", on_delete = \"no action\""));
    let told = project.run(["new", "x", "--auto"]).success().stderr;
    assert!(told.contains("foreign key"), "{told}");
    // Once it is accepted, leaving it out changes nothing that it had not changed.
    project.run(["new", "again", "--auto"]).success().done();
    project.write("src/lib.rs", model(""));
    let told = project.run(["new", "y", "--auto"]).success().stderr;
    assert!(told.contains("nothing to do"), "{told}");
}
