//! `backup`, and `run --backup`: the file is whole, and gives the data back.

use std::process::{Command, Stdio};

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};

use crate::{Done as _, chain};

/// The files in the folder `backups`.
fn backups(project: &TestProject) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(project.path().join("backups")) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != ".gitignore")
        .collect();
    names.sort();
    names
}

/// Types what the command says gets the data back.
fn restore(project: &TestProject, command: &str, password: &str) {
    let output = Command::new("sh")
        .args(["-e", "-c", command])
        .current_dir(project.path())
        .env("PGPASSWORD", password)
        .env("MYSQL_PWD", password)
        .stdin(Stdio::null())
        .output()
        .expect("a shell starts");
    assert!(output.status.success(), "{command}: {output:?}");
}

/// The size depends on the version of the database.
fn sized(output: &CommandOutput) -> String {
    let text = output.to_string();
    match (text.find(" ("), text.find(" KiB")) {
        (Some(start), Some(end)) => format!("{} ([size]{}", &text[..start], &text[end..]),
        _ => text,
    }
}

#[test]
fn sqlite_and_back() {
    let project = chain("a  b:a");
    project.run(["run", "a", "-q"]).success().done();
    assert_snapshot!(sized(&project.run(["backup", "keep.db"])), @"
    keep.db
    ------- stderr -------
    backing up sqlite://dev.db to keep.db
    kept keep.db ([size] KiB)
    help: to restore it: `sqlite3 dev.db '.restore keep.db'`
    ");
    project.run(["run", "-q"]).success().done();
    restore(&project, "sqlite3 dev.db '.restore keep.db'", "");
    assert_snapshot!(project.run(["current"]), @"a add a (base)");
}

#[test]
fn no_file_is_written_over() {
    let project = chain("a");
    project.run(["run", "-q"]).success().done();
    project.write("keep.db", "mine");
    assert_snapshot!(project.run(["backup", "keep.db"]), @"
    ------- stderr -------
    error: `keep.db` already exists
    help: a backup never overwrites a file: name another one
    [exit status: 1]
    ");
    assert_eq!(project.read("keep.db"), "mine");
    project.run(["backup", "-q"]).success().done();
    // The clock of the tests stands still.
    assert_snapshot!(project.run(["backup"]), @"
    ------- stderr -------
    error: `$PROJECT/backups/dev_20261120T143205Z.db` already exists
    help: a backup never overwrites a file: name another one
    [exit status: 1]
    ");
    assert_snapshot!(project.read("backups/.gitignore"), @"*");
}

#[test]
fn there_is_nothing_to_keep() {
    let project = chain("a");
    assert_snapshot!(project.run(["backup"]), @"
    ------- stderr -------
    error: there is no database file `dev.db` to back up
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["backup", "--database-url", "sqlite::memory:"]), @"
    ------- stderr -------
    error: an in-memory database cannot be backed up
    [exit status: 1]
    ");
    assert!(backups(&project).is_empty());
}

#[test]
fn a_run_backs_up_where_it_is_wanted_and_there_is_work() {
    let project = chain("a  b:a");
    project.run(["run", "a", "-q", "--backup"]).success().done();
    assert_eq!(backups(&project), ["dev_20261120T143205Z.db"]);
    std::fs::remove_dir_all(project.path().join("backups")).expect("it is there");
    let config = project.read("migrate.toml");
    project.write("migrate.toml", format!("{config}backup = true\n"));
    project.run(["run", "-q", "--dry-run"]).success().done();
    assert!(backups(&project).is_empty());
    project.run(["run", "-q"]).success().done();
    assert_eq!(backups(&project).len(), 1);
    std::fs::remove_dir_all(project.path().join("backups")).expect("it is there");
    project.run(["run", "-q"]).success().done();
    assert!(backups(&project).is_empty());
    project.run(["revert", "-q"]).success().done();
    project.run(["run", "-q", "--no-backup"]).success().done();
    assert!(backups(&project).is_empty());
}

#[test]
fn a_run_without_its_backup_does_not_run() {
    let project = chain("a");
    let config = project.read("migrate.toml");
    project.write("migrate.toml", format!("{config}backup = true\n"));
    project.write("backups", "a file where the folder should be");
    assert_snapshot!(project.run(["run"]), @"
    ------- stderr -------
    backing up sqlite://dev.db to backups/dev_20261120T143205Z.db
    error: `$PROJECT/backups` cannot be written

    Caused by:
      File exists (os error 17)
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["current"]), @"
    ------- stderr -------
    nothing is applied
    ");
}

/// The chain on a server, kept, changed, and taken back by the printed command.
async fn server(dialect: Dialect, name: &str) {
    let database = TestDatabase::create(dialect, name).await;
    let project = chain("a  b:a");
    let config = format!(
        "dialects = [\"{}\"]\n\n[env.dev]\nurl = \"{}\"\n",
        dialect,
        database.url()
    );
    project.write("migrate.toml", config);
    project.run(["run", "a", "-q"]).success().done();
    database.execute("INSERT INTO t_a VALUES (7), (8)").await;
    let made = project
        .run(["backup", "it's kept", "--format", "json"])
        .success()
        .json();
    let command = made["restore"].as_str().expect("it is told").to_owned();
    let (_, rest) = database.url().split_once("://").expect("a url");
    let (user, _) = rest.split_once('@').expect("a user");
    let (_, password) = user.split_once(':').expect("a password");
    assert!(!format!("{made}").contains(password), "{made}");
    project.run(["run", "-q"]).success().done();
    database.execute("DELETE FROM t_a").await;
    // A person types the password; here a variable has it.
    restore(&project, &command.replace(" --password ", " "), password);
    assert_eq!(
        database.rows("SELECT id FROM t_a ORDER BY id").await,
        [["7"], ["8"]]
    );
    assert_snapshot!(project.run(["current"]), @"a add a (base)");
}

#[tokio::test]
async fn postgres_and_back() {
    server(Dialect::Postgres, "backup::postgres").await;
}

#[tokio::test]
async fn mysql_and_back() {
    server(Dialect::MySql, "backup::mysql").await;
}

#[tokio::test]
async fn a_tool_that_is_not_there_or_refused() {
    let database = TestDatabase::create(Dialect::Postgres, "backup::tool").await;
    let project = chain("a");
    let url = |url: &str| project.write("migrate.toml", format!("[env.dev]\nurl = \"{url}\"\n"));
    url(database.url());
    let without_path = project.output(project.command().arg("backup").env("PATH", "/nowhere"));
    let text = without_path.to_string().replace(database.url(), "");
    assert!(text.contains("`pg_dump` is not installed"), "{text}");
    let (base, _) = database.url().rsplit_once('/').expect("a database");
    url(&format!("{base}/no_such_database"));
    let refused = project.run(["backup", "x.dump"]).code(1);
    assert!(refused.stderr.contains("no_such_database"), "{refused}");
    assert!(!project.path().join("x.dump").exists());
    assert!(backups(&project).is_empty());
}
