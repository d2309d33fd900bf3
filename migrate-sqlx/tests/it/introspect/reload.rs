//! A schema that the database's own tools dump and load again is the same schema.

use std::io::Write as _;
use std::process::{Command, Stdio};

use migrate_sqlx::Dialect;
use migrate_tests::TestDatabase;

use super::{read, with_shop};

/// Runs a program with this input and returns what it writes.
fn piped(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A program that fails early closes its end; then its own words count.
    let written = writer.join().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {words}");
    written.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A client of MariaDB, which also speaks to MySQL, for the database of a url.
fn mariadb(program: &str, url: &str) -> Command {
    let rest = url.strip_prefix("mysql://").unwrap();
    let (user, place) = rest.rsplit_once('@').unwrap();
    let (user, password) = user.split_once(':').unwrap();
    let (server, database) = place.split_once('/').unwrap();
    let (host, port) = server.split_once(':').unwrap();
    let mut command = Command::new(program);
    command.args(["--no-defaults", "-h", host, "-P", port, "-u", user]);
    command.env("MYSQL_PWD", password);
    if program == "mariadb-dump" {
        command.args(["-d", "--routines", "--triggers"]);
    }
    command.arg(database);
    command
}

fn sqlite_file(database: &TestDatabase) -> &str {
    let path = database.url().strip_prefix("sqlite://").unwrap();
    path.split('?').next().unwrap()
}

fn dump(database: &TestDatabase) -> String {
    match database.dialect() {
        Dialect::Sqlite => piped(
            Command::new("sqlite3").args([sqlite_file(database), ".schema --nosys"]),
            "",
        ),
        Dialect::Postgres => piped(
            Command::new("pg_dump").args(["-s", "-d", database.url()]),
            "",
        ),
        Dialect::MySql => piped(&mut mariadb("mariadb-dump", database.url()), ""),
    }
}

fn load(database: &TestDatabase, sql: &str) {
    match database.dialect() {
        Dialect::Sqlite => piped(
            Command::new("sqlite3").args(["-bail", sqlite_file(database)]),
            sql,
        ),
        Dialect::Postgres => piped(
            Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-d", database.url()]),
            sql,
        ),
        Dialect::MySql => piped(&mut mariadb("mariadb", database.url()), sql),
    };
}

async fn survives_a_reload(dialect: Dialect) {
    let (first, schema) = with_shop(dialect, &format!("reload first {dialect}")).await;
    assert!(schema.tables.len() > 12 && schema.views.len() > 2);
    let second = TestDatabase::create(dialect, &format!("reload second {dialect}")).await;
    load(&second, &dump(&first));
    let reloaded = read(&second).await;
    for (name, table) in &schema.tables {
        assert_eq!(reloaded.tables.get(name), Some(table), "{name}");
    }
    assert_eq!(reloaded, schema);
    // And it is not equal to everything.
    second
        .execute("ALTER TABLE tree ADD COLUMN more integer")
        .await;
    assert_ne!(read(&second).await, schema);
}

#[tokio::test]
async fn a_shop_of_sqlite_survives_a_reload() {
    survives_a_reload(Dialect::Sqlite).await;
}

#[tokio::test]
async fn a_shop_of_postgres_survives_a_reload() {
    survives_a_reload(Dialect::Postgres).await;
}

#[tokio::test]
async fn a_shop_of_mysql_survives_a_reload() {
    survives_a_reload(Dialect::MySql).await;
}
