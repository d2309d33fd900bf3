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
    assert_snapshot!(project.run(["check", "--models"]), @"");
    assert_snapshot!(project.run(["new", "--auto", "create users", "--rev-id", "a"]), @"");
    assert_snapshot!(project.read("migrations/20261120T143205_a_create_users.sql"), @"");
    assert_snapshot!(project.read("migrations/schema.lock"), @"");
    project.run(["run", "-q"]).success().done();
    project.run(["verify"]).success().done();
    assert_snapshot!(project.run(["check", "--models"]), @"");
    assert_snapshot!(project.run(["new", "--auto", "again"]), @"");
}

/// What is lost is marked, and what may only have another name is asked about.
#[test]
fn a_column_with_another_name() {
    let project = with_models(SQLITE, USERS);
    new(&project, &["create users", "--rev-id", "a"]);
    project.write("src/lib.rs", USERS.replace("name: Opt", "nick: Opt"));
    assert_snapshot!(project.run(["new", "--auto", "nick", "--rev-id", "b"]), @"");
    assert_snapshot!(project.read("migrations/20261120T143205_b_nick.sql"), @"");
    std::fs::remove_file(project.path().join("migrations/20261120T143205_b_nick.sql"))
        .expect("it is there");
    project
        .run(["lock", "--forget", "b", "-q"])
        .success()
        .done();
    let renamed = ["nick", "--rev-id", "c", "--rename", "users.name=users.nick"];
    assert_snapshot!(new(&project, &renamed), @"");
    assert_snapshot!(project.run(["new", "--auto", "x", "--rename", "users.no=users.nick"]), @"");
}

/// SQL can say what is wanted as well.
#[test]
fn a_file_of_sql() {
    let project = with_models(SQLITE, "");
    project.write("schema/1.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
    project.write("schema/2.sql", "CREATE VIEW v AS SELECT id FROM a;");
    assert_snapshot!(new(&project, &["from sql", "--schema", "schema", "--rev-id", "a"]), @"");
    project.write("schema/2.sql", "CREATE VIEW v AS SELECT id FROM");
    assert_snapshot!(project.run(["new", "--auto", "x", "--schema", "schema"]), @"");
    assert_snapshot!(project.run(["new", "--auto", "x", "--schema", "nowhere"]), @"");
}

#[test]
fn what_stands_in_the_way() {
    let project = with_models("", USERS);
    assert_snapshot!(project.run(["new", "--auto", "x"]), @"");
    project.write("migrate.toml", "dialects = [\"postgres\"]\n");
    assert_snapshot!(project.run(["new", "--auto", "x"]), @"");
    project.write("migrate.toml", SQLITE);
    project.write(
        "src/lib.rs",
        "#[derive(Table)] struct User { id: Whatever }",
    );
    assert_snapshot!(project.run(["new", "--auto", "x"]), @"");
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
