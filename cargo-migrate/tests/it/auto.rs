//! `new --auto` and `check --models`: revisions from the models.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

const USERS: &str = r#"
#[derive(migrate_sqlx::Table)]
#[table(name = "users")]
struct User {
    id: i64,
    #[column(unique)]
    email: String,
    name: Option<String>,
}

fn unfinished() { this does not compile }
"#;

fn with_models(config: &str, models: &str) -> TestProject {
    let project = project();
    project.write("src/lib.rs", models);
    project.write("migrate.toml", config);
    project.run(["init", "-q"]).success().done();
    project
}

const SQLITE: &str = "dialects = [\"sqlite\"]\n[env.dev]\nurl = \"sqlite://dev.db\"\n";

/// Writes a revision from the models, and gives its text.
#[track_caller]
fn new(project: &TestProject, arguments: &[&str]) -> String {
    let mut all = vec!["new", "--auto"];
    all.extend(arguments);
    let file = project.run(all).success().stdout;
    project.read(file.trim())
}

#[test]
fn a_project_that_does_not_compile() {
    let project = with_models(SQLITE, USERS);
    assert_snapshot!(project.run(["check", "--models"]), @r#"
    ------- stderr -------
    checked 0 revisions, nothing is wrong
    error: the models differ from the chain

    Caused by:
      on SQLite: create table `users`

    help: write it with `cargo migrate new --auto "…"`
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["new", "--auto", "create users", "--rev-id", "a"]), @"
    migrations/20261120T143205_a_create_users.sql
    ------- stderr -------
    create table `users`
    help: read the file before you run it
    ");
    assert_snapshot!(project.read("migrations/20261120T143205_a_create_users.sql"), @r#"
    -- revision: a
    -- parents: none
    -- message: create users
    -- created: 2026-11-20T14:32:05Z

    -- migrate: up
    CREATE TABLE "users" (
        "id" INTEGER PRIMARY KEY,
        "email" TEXT NOT NULL,
        "name" TEXT,
        UNIQUE ("email")
    );

    -- migrate: down
    -- destructive: the rows of `users`
    DROP TABLE "users";
    "#);
    assert_snapshot!(project.read("migrations/schema.lock"), @"
    # Written by cargo migrate: commit it, do not edit it.
    version 1
    head a 619e0040e85e903783399717fa21fd5b3ed936c880a701c960a5442f3c3feb20

    [sqlite]
    model users
    model users column email type=TEXT not-null
    model users column id type=INTEGER not-null
    model users column name type=TEXT
    model users unique column=email
    table users
    table users column email at=2 type=TEXT
    table users column id at=1 type=INTEGER
    table users column name at=3 type=TEXT null
    table users primary-key column=id
    table users unique column=email
    ");
    project.run(["run", "-q"]).success().done();
    project.run(["verify"]).success().done();
    assert_snapshot!(project.run(["check", "--models"]), @"
    ------- stderr -------
    checked 1 revision, nothing is wrong
    checked the models match the chain
    ");
    assert_snapshot!(project.run(["new", "--auto", "again"]), @"
    ------- stderr -------
    nothing to do: the chain already has the wanted schema
    ");
}

/// What is lost is marked, and what may only have another name is asked about.
#[test]
fn a_column_with_another_name() {
    let project = with_models(SQLITE, USERS);
    new(&project, &["create users", "--rev-id", "a"]);
    project.write("src/lib.rs", USERS.replace("name: Opt", "nick: Opt"));
    assert_snapshot!(project.run(["new", "--auto", "nick", "--rev-id", "b"]), @"
    migrations/20261120T143205_b_nick.sql
    ------- stderr -------
    help: if it was only renamed, add `--rename users.name=users.nick`
    warning: on SQLite: drop column `users.name` loses data
    add column `users.nick`
    help: read the file before you run it
    ");
    assert_snapshot!(project.read("migrations/20261120T143205_b_nick.sql"), @r#"
    -- revision: b
    -- parents: a
    -- message: nick
    -- created: 2026-11-20T14:32:05Z

    -- migrate: up
    ALTER TABLE "users" ADD COLUMN "nick" TEXT;
    -- destructive: the values of `users.name`
    ALTER TABLE "users" DROP COLUMN "name";

    -- migrate: down
    ALTER TABLE "users" ADD COLUMN "name" TEXT;
    -- destructive: the values of `users.nick`
    ALTER TABLE "users" DROP COLUMN "nick";
    "#);
    std::fs::remove_file(project.path().join("migrations/20261120T143205_b_nick.sql"))
        .expect("it is there");
    project
        .run(["lock", "--forget", "b", "-q"])
        .success()
        .done();
    let renamed = ["nick", "--rev-id", "c", "--rename", "users.name=users.nick"];
    assert_snapshot!(new(&project, &renamed), @r#"
    -- revision: c
    -- parents: a
    -- message: nick
    -- created: 2026-11-20T14:32:05Z

    -- migrate: up
    ALTER TABLE "users" RENAME COLUMN "name" TO nick;

    -- migrate: down
    ALTER TABLE "users" RENAME COLUMN "nick" TO name;
    "#);
    assert_snapshot!(project.run(["new", "--auto", "x", "--rename", "users.no=users.nick"]), @"
    ------- stderr -------
    error: `--rename users.no=users.nick`: there is no table or column `users.no` to rename
    [exit status: 2]
    ");
}

/// SQL can say what is wanted as well.
#[test]
fn a_file_of_sql() {
    let project = with_models(SQLITE, "");
    project.write("schema/1.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
    project.write("schema/2.sql", "CREATE VIEW v AS SELECT id FROM a;");
    assert_snapshot!(new(&project, &["from sql", "--schema", "schema", "--rev-id", "a"]), @r#"
    -- revision: a
    -- parents: none
    -- message: from sql
    -- created: 2026-11-20T14:32:05Z

    -- migrate: up
    CREATE TABLE "a" (
        "id" INTEGER PRIMARY KEY
    );
    CREATE VIEW "v" AS SELECT id FROM a;

    -- migrate: down
    DROP VIEW "v";
    -- destructive: the rows of `a`
    DROP TABLE "a";
    "#);
    project.write("schema/2.sql", "CREATE VIEW v AS SELECT id FROM");
    assert_snapshot!(project.run(["new", "--auto", "x", "--schema", "schema"]), @"
    ------- stderr -------
    error: schema:2: the statement failed in a scratch database

    Caused by:
      incomplete input
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["new", "--auto", "x", "--schema", "nowhere"]), @"
    ------- stderr -------
    error: `nowhere` cannot be read

    Caused by:
      No such file or directory (os error 2)

    help: `--schema` takes a file of SQL in UTF-8, or a folder of `.sql` files, named from where you are
    [exit status: 1]
    ");
}

#[test]
fn what_stands_in_the_way() {
    let project = with_models("", USERS);
    assert_snapshot!(project.run(["new", "--auto", "x"]), @r#"
    ------- stderr -------
    error: nothing says which databases the project is for
    help: write `dialects = ["sqlite"]` in migrate.toml, or give an environment a url
    [exit status: 1]
    "#);
    project.write("migrate.toml", "dialects = [\"postgres\"]\n");
    assert_snapshot!(project.run(["new", "--auto", "x"]), @r#"
    ------- stderr -------
    error: there is no PostgreSQL server to try the schema on
    help: give an environment that is not protected a url of it: `url = "postgres://…"`; a scratch database is created there
    [exit status: 1]
    "#);
    project.write("migrate.toml", SQLITE);
    project.write(
        "src/lib.rs",
        "#[derive(Table)] struct User { id: Whatever }",
    );
    assert_snapshot!(project.run(["new", "--auto", "x"]), @r#"
    ------- stderr -------
    error[unknown-type]: unknown column type for `Whatever`
     --> src/lib.rs:1:36
      |
    1 | #[derive(Table)] struct User { id: Whatever }
      |                                    ^^^^^^^^
      |
      = help: set it with `#[column(type = "TEXT")]`, or derive `sqlx::Type` if the type belongs to this package

    error: the models cannot be used: 1 error
    help: `cargo migrate explain unknown-type` shows more
    [exit status: 1]
    "#);
}

/// schema.lock has what the chain makes: there a column that was added stands last, wherever the
/// model has it.
#[tokio::test]
async fn schema_lock_of_a_column_in_the_middle() {
    let postgres = TestDatabase::create(Dialect::Postgres, "cli_auto_order").await;
    let mysql = TestDatabase::create(Dialect::MySql, "cli_auto_order").await;
    let config = "dialects = [\"sqlite\", \"postgres\", \"mysql\"]\n\
        [env.dev]\nurl = \"sqlite://dev.db\"\n\
        [env.postgres]\nurl = \"${POSTGRES}\"\n[env.mysql]\nurl = \"${MYSQL}\"\n";
    let project = with_models(config, USERS);
    let urls = format!("POSTGRES={}\nMYSQL={}\n", postgres.url(), mysql.url());
    project.write(".env", urls);
    new(&project, &["create users", "--rev-id", "a"]);
    let more = USERS.replace("    name: Opt", "    age: Option<i32>,\n    name: Opt");
    assert_ne!(more, USERS);
    project.write("src/lib.rs", &more);
    new(&project, &["age", "--rev-id", "b"]);
    let written = project.read("migrations/schema.lock");
    // Only there a column can be added at its place, and is.
    let (rest, of_mysql) = written.split_once("[mysql]").expect("each has a part");
    let last = "table users column age at=4";
    assert_eq!(rest.matches(last).count(), 2, "{written}");
    assert!(
        of_mysql.contains("table users column age at=3"),
        "{written}"
    );
    project.run(["lock", "--schema", "-q"]).success().done();
    assert_eq!(project.read("migrations/schema.lock"), written);
    project.run(["check", "--models"]).success().done();
}

/// One revision for three databases: there and back on each of them, and then nothing is left.
#[tokio::test]
async fn on_all_three() {
    let postgres = TestDatabase::create(Dialect::Postgres, "cli_auto").await;
    let mysql = TestDatabase::create(Dialect::MySql, "cli_auto").await;
    let config = "dialects = [\"sqlite\", \"postgres\", \"mysql\"]\n\
        [env.dev]\nurl = \"sqlite://dev.db\"\n\
        [env.postgres]\nurl = \"${POSTGRES}\"\n[env.mysql]\nurl = \"${MYSQL}\"\n";
    let project = with_models(config, USERS);
    let urls = format!("POSTGRES={}\nMYSQL={}\n", postgres.url(), mysql.url());
    project.write(".env", urls);
    new(&project, &["create users", "--rev-id", "a"]);
    let envs = ["dev", "postgres", "mysql"];
    for env in envs {
        project.run(["run", "-q", "--env", env]).success().done();
        project.run(["verify", "--env", env]).success().done();
    }
    project.run(["check", "--models"]).success().done();
    // The chain has things that no model can say, and names of its own; they stay.
    let more = USERS.replace(
        "name: Option<String>,",
        "name: Option<String>,\n#[column(index, default = \"0\")] age: i32,\n#[column(references = \"users\", on_delete = \"cascade\")] boss: Option<i64>,",
    );
    project.write("src/lib.rs", &more);
    let text = new(&project, &["more", "--rev-id", "b"]);
    for line in [
        "up sqlite",
        "up postgres",
        "up mysql",
        "down sqlite",
        "down postgres",
        "down mysql",
    ] {
        assert!(text.contains(&format!("-- migrate: {line}\n")), "{text}");
    }
    for env in envs {
        project.run(["run", "-q", "--env", env]).success().done();
        project.run(["verify", "--env", env]).success().done();
        project.run(["revert", "-q", "--env", env]).success().done();
        project.run(["verify", "--env", env]).success().done();
        project.run(["run", "-q", "--env", env]).success().done();
    }
    project.run(["check", "--models"]).success().done();
    project.run(["lock", "-q"]).success().done();
    let lock = project.read("migrations/schema.lock");
    for section in ["[mysql]", "[postgres]", "[sqlite]"] {
        assert!(lock.contains(section), "{lock}");
    }
}
