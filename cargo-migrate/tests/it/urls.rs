//! Urls as people have them: the forms of libpq and of cloud providers, several servers, what is
//! misspelt, and which of two counts.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use url::Url;

use crate::{Done as _, chain};

/// A chain whose table holds the answer to a question that the server is asked in it.
fn asking(dialect: Dialect, question: &str) -> TestProject {
    let project = crate::project();
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(
        "migrations/a.sql",
        format!("-- revision: a\n-- parents: none\n\n-- migrate: up\nCREATE TABLE way AS SELECT {question} AS answer;\n\n-- migrate: down\nDROP TABLE way;\n"),
    );
    project.run(["repair", "--execute"]).done();
    project.run(["lock"]).success().done();
    project
}

/// Runs, verifies beside it, keeps the data, and goes back: each connects in a way of its own.
/// Gives the server's answer.
async fn through(project: &TestProject, url: &str, database: &TestDatabase) -> String {
    let run = |arguments: &[&str]| {
        let output = project.output(project.command().args(arguments).env("TEST_URL", url));
        assert_eq!(output.code, Some(0), "{url} {arguments:?}: {output}");
        assert!(!output.to_string().contains("only-for-tests"), "{output}");
    };
    run(&["run"]);
    let rows = database.rows("SELECT answer FROM way").await;
    run(&["verify"]);
    run(&["backup"]);
    std::fs::remove_dir_all(project.path().join("backups")).expect("a backup was made");
    run(&["revert"]);
    run(&["reset", "--yes"]);
    run(&["revert"]);
    rows[0][0].clone()
}

/// The parts of a server's url.
struct Parts {
    user: String,
    password: String,
    port: u16,
    name: String,
}

impl Parts {
    fn of(database: &TestDatabase) -> Self {
        let url = Url::parse(database.url()).expect("a url");
        Self {
            user: url.username().to_owned(),
            password: url.password().expect("a password").to_owned(),
            port: url.port().expect("a port"),
            name: url.path().trim_start_matches('/').to_owned(),
        }
    }
}

#[tokio::test]
async fn sockets_of_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_url_socket").await;
    let Parts {
        user,
        password,
        port,
        name,
    } = Parts::of(&database);
    let folder = database.rows("SHOW unix_socket_directories").await[0][0].clone();
    let folder = folder.split(',').next().expect("a folder").trim();
    let encoded = folder.replace('/', "%2F");
    let project = asking(Dialect::Postgres, "inet_client_addr() IS NULL");
    for url in [
        format!("postgresql://{user}:{password}@/{name}?host={folder}&port={port}"),
        format!("postgres:///{name}?host={folder}&port={port}&user={user}&password={password}"),
        format!("postgres://{user}:{password}@localhost/{name}?host={folder}&port={port}"),
        format!("postgres://{user}:{password}@{encoded}:{port}/{name}"),
        format!("postgres://{user}:{password}@/?dbname={name}&host={encoded}&port={port}"),
    ] {
        assert_eq!(through(&project, &url, &database).await, "t", "{url}");
        // libpq reads it the same way.
        assert_eq!(
            psql(&url, "SELECT current_database()"),
            Some(name.clone()),
            "{url}"
        );
    }
    let shown = project
        .run(
            ["status", "--format", "json", "--database-url"]
                .into_iter()
                .map(str::to_owned)
                .chain([format!(
                    "postgresql://{user}:{password}@/{name}?host={folder}&port={port}"
                )]),
        )
        .success()
        .json();
    assert_eq!(
        shown["database"],
        format!("postgresql://{user}@/{name}?host={folder}")
    );
}

#[tokio::test]
async fn sockets_of_mariadb() {
    let database = TestDatabase::create(Dialect::MySql, "cli_url_socket").await;
    let Parts {
        user,
        password,
        name,
        ..
    } = Parts::of(&database);
    let socket = database.rows("SELECT @@socket").await[0][0].clone();
    let project = asking(
        Dialect::MySql,
        "(SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID())",
    );
    for url in [
        format!("mysql://{user}:{password}@/{name}?socket={socket}"),
        format!("mariadb://{user}:{password}@localhost/{name}?socket={socket}&ssl-mode=DISABLED"),
        format!(
            "mysql://{user}:{password}@{}/{name}",
            socket.replace('/', "%2F")
        ),
    ] {
        assert_eq!(
            through(&project, &url, &database).await,
            "localhost",
            "{url}"
        );
    }
}

#[tokio::test]
async fn an_address_of_ipv6() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let database = TestDatabase::create(dialect, "cli_url_ipv6").await;
        // The servers of the tests listen on 127.0.0.1; this is the same in an address of IPv6.
        let url = database.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
        assert_ne!(url, database.url());
        let project = asking(dialect, "1");
        assert_eq!(through(&project, &url, &database).await, "1", "{url}");
    }
}

/// What psql answers, and nothing where it fails.
fn psql(url: &str, sql: &str) -> Option<String> {
    let output = Command::new("psql")
        .args(["-X", "-At", url, "-c", sql])
        .output()
        .expect("psql is installed");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

#[tokio::test]
async fn several_servers_of_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_url_several").await;
    let Parts {
        user,
        password,
        port,
        name,
    } = Parts::of(&database);
    // Nothing listens on port 1.
    let hosts = format!("127.0.0.1:1,127.0.0.1:{port}");
    let project = asking(Dialect::Postgres, "1");
    let plain = format!("postgres://{user}:{password}@{hosts}/{name}");
    for url in [
        plain.clone(),
        format!("{plain}?target_session_attrs=read-write"),
        format!("{plain}?target_session_attrs=prefer-standby&load_balance_hosts=random"),
        format!(
            "postgres://{user}:{password}@/{name}?host=127.0.0.1,127.0.0.1&port=1,{port}&target_session_attrs=primary"
        ),
    ] {
        assert_eq!(through(&project, &url, &database).await, "1", "{url}");
    }
    let told = project
        .run([
            "status",
            "--database-url",
            &format!("postgres://{user}:{password}@127.0.0.1:1,127.0.0.1:2/{name}"),
        ])
        .code(1)
        .stderr;
    assert!(
        told.contains("`127.0.0.1:1`: ") && told.contains("`127.0.0.1:2`: "),
        "{told}"
    );
    assert!(!told.contains(&password), "{told}");
}

#[tokio::test]
async fn target_session_attrs_mean_what_they_do_for_libpq() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_url_attributes").await;
    let name = Parts::of(&database).name;
    let project = asking(Dialect::Postgres, "1");
    let mut refused = Vec::new();
    for read_only in ["off", "on"] {
        database
            .execute(&format!(
                "ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"
            ))
            .await;
        for wanted in [
            "any",
            "read-write",
            "read-only",
            "primary",
            "standby",
            "prefer-standby",
        ] {
            let url = format!("{}?target_session_attrs={wanted}", database.url());
            let output = project.run(["status", "--database-url", &url]);
            let taken = psql(&url, "SELECT 1").is_some();
            assert_eq!(
                output.code == Some(0),
                taken,
                "{wanted}, {read_only}: {output}"
            );
            if !taken {
                let why = output.stderr.lines().find(|line| line.contains("`: "));
                let (_, why) = why
                    .and_then(|line| line.split_once("`: "))
                    .expect("a reason");
                refused.push(format!("{wanted}: {why}\n"));
            }
        }
    }
    assert_snapshot!(refused.concat(), @"
    read-only: it is a primary, and can be written to
    standby: it is a primary, and can be written to
    read-write: its sessions are read-only
    standby: its sessions are read-only
    ");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_passed_by() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_url_silent").await;
    let Parts {
        user,
        password,
        port,
        name,
    } = Parts::of(&database);
    // It accepts, and never answers.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let dumb = silent.local_addr().expect("an address").port();
    let url = format!(
        "postgres://{user}:{password}@127.0.0.1:{dumb},127.0.0.1:{port}/{name}?connect_timeout=1"
    );
    let project = asking(Dialect::Postgres, "1");
    project
        .run(["run", "--database-url", &url])
        .success()
        .done();
    assert!(database.tables().await.contains(&"way".to_owned()));
    let alone = format!("postgres://{user}:{password}@127.0.0.1:{dumb}/{name}?connect_timeout=1");
    let told = project
        .run(["status", "--database-url", &alone])
        .code(1)
        .stderr;
    assert!(told.contains("no answer for 1 s"), "{told}");
}

#[tokio::test]
async fn a_login_that_is_refused_ends_the_search() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_url_login").await;
    let Parts {
        user, port, name, ..
    } = Parts::of(&database);
    let next = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let there = next.local_addr().expect("an address").port();
    next.set_nonblocking(true).expect("a socket");
    let url = format!("postgres://{user}:wrong@127.0.0.1:{port},127.0.0.1:{there}/{name}");
    let told = asking(Dialect::Postgres, "1")
        .run(["status", "--database-url", &url])
        .code(1)
        .stderr;
    assert!(told.contains("password authentication failed"), "{told}");
    let nobody = next.accept().expect_err("nobody came");
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
}

/// The commands that look at a database, and those that change it.
const COMMANDS: [&[&str]; 17] = [
    &["status"],
    &["current"],
    &["run"],
    &["run", "--dry-run"],
    &["run", "--sql"],
    &["revert"],
    &["redo"],
    &["reset", "--yes"],
    &["stamp", "head"],
    &["stamp", "head", "--detect"],
    &["plan"],
    &["history", "current:"],
    &["verify"],
    &["schema"],
    &["diff", "database", "head"],
    &["backup"],
    &["repair", "--done", "a"],
];

/// Every command is refused with this code, and nobody is connected to, and nothing is made.
#[track_caller]
fn refused(project: &TestProject, url: &str, listener: &TcpListener, code: &str) -> String {
    let before = files(project);
    for command in COMMANDS {
        let arguments = [command, &["--database-url", url, "--format", "json"]].concat();
        let output = project.run(&arguments);
        let error = &output.json()["error"];
        assert_eq!(error["code"], code, "{command:?}: {output}");
        assert_eq!(output.code, Some(1), "{command:?}: {output}");
        assert!(!output.to_string().contains("s3cret"), "{output}");
        assert_eq!(files(project), before, "{command:?}");
    }
    let nobody = listener.accept().expect_err("no connection is opened");
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    project
        .run(["status", "--database-url", url])
        .code(1)
        .stderr
}

fn files(project: &TestProject) -> Vec<String> {
    let folder = std::fs::read_dir(project.path()).expect("a folder");
    let mut names: Vec<_> = folder
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

#[test]
fn a_parameter_that_nobody_knows() {
    let (listener, port) = listener();
    for (dialect, parameter) in [
        ("postgres", "sslmod=require"),
        ("postgres", "zslmode=s3cret"),
        ("mysql", "ssl_mode=REQUIRED"),
        ("mysql", "pasword=s3cret"),
    ] {
        let project = chain("a");
        project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
        let url = format!("{dialect}://me:s3cret@127.0.0.1:{port}/app?{parameter}");
        let told = refused(&project, &url, &listener, "url-parameter");
        assert!(told.contains("help: did you mean `"), "{told}");
    }
    let project = chain("a");
    let told = refused(
        &project,
        "sqlite://other.db?mod=ro",
        &listener,
        "url-parameter",
    );
    assert_snapshot!(told, @"
    error: the database's url cannot be used: unknown parameter `mod`
    help: did you mean `mode`?
    ");
}

#[test]
fn a_database_that_the_project_is_not_for() {
    let (listener, port) = listener();
    let project = chain("a");
    for scheme in ["postgres", "postgresql", "mysql", "mariadb"] {
        let url = format!("{scheme}://me:s3cret@127.0.0.1:{port}/app");
        refused(&project, &url, &listener, "wrong-dialect");
    }
    project.write("migrate.toml", "dialects = [\"postgres\", \"mysql\"]\n");
    let told = refused(&project, "sqlite://other.db", &listener, "wrong-dialect");
    assert_snapshot!(told, @r#"
    error: `sqlite://other.db` is a database of SQLite, and the project is for `postgres`, `mysql`
    help: use a database of those, or add `"sqlite"` to `dialects` in migrate.toml: every revision must support it then
    "#);
    // What an environment says is refused as well, and what is said nowhere is not.
    project.write(
        "migrate.toml",
        "dialects = [\"postgres\"]\n[env.dev]\nurl = \"sqlite://dev.db\"\n",
    );
    let failed = project.run(["run", "--format", "json"]).code(1).json();
    assert_eq!(failed["error"]["code"], "wrong-dialect");
    project.write("migrate.toml", "[env.dev]\nurl = \"postgres://h/d\"\n");
    project
        .run(["run", "--database-url", "sqlite://other.db"])
        .success()
        .done();
}

fn init(project: &TestProject, arguments: &[&str]) -> (String, String) {
    let output = project.run([&["init"], arguments].concat()).success();
    let config = project.read("migrate.toml");
    let said = |line: &&str| line.starts_with("dialects") || line.starts_with("url");
    let lines: Vec<&str> = config.lines().filter(said).collect();
    (lines.join("\n"), output.stderr)
}

#[test]
fn init_takes_the_url_that_is_there() {
    let project = crate::project();
    project.write(".env", "DATABASE_URL=postgres://me:s3cret@host/app\n");
    let (lines, told) = init(&project, &[]);
    assert_eq!(
        lines,
        "dialects = [\"postgres\"]\nurl = \"${DATABASE_URL}\""
    );
    assert!(!told.contains("s3cret"), "{told}");
    // The same from the environment of the process.
    let project = crate::project();
    let mut command = project.command();
    command
        .arg("init")
        .env("DATABASE_URL", "mysql://me@host/app");
    project.output(&mut command).success().done();
    assert!(
        project
            .read("migrate.toml")
            .contains("dialects = [\"mysql\"]")
    );
    // Where another database is asked for, it is not meant.
    let project = crate::project();
    project.write(".env", "DATABASE_URL=postgres://me:s3cret@host/app\n");
    let (lines, _) = init(&project, &["--dialect", "sqlite"]);
    assert_eq!(lines, "dialects = [\"sqlite\"]\nurl = \"sqlite://dev.db\"");
}

#[test]
fn the_url_of_the_application_is_used() {
    let project = crate::project();
    project.write(".env", "DATABASE_URL=sqlite://app.db\n");
    init(&project, &[]);
    project.write("a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n");
    project.run(["new", "a", "--sql", "a.sql"]).success().done();
    project.write("src/deep/x.rs", "");
    let mut command = project.command();
    command
        .arg("run")
        .current_dir(project.path().join("src/deep"));
    let told = project.output(&mut command).success().stderr;
    assert!(
        told.contains("1 revision applied to sqlite://$PROJECT/app.db"),
        "{told}"
    );
    assert!(files(&project).contains(&"app.db".to_owned()));
    assert!(!files(&project).contains(&"dev.db".to_owned()));
}

#[test]
fn a_url_that_does_not_count_is_told() {
    let project = chain("a  b:a");
    project.write(".env", "DATABASE_URL=sqlite://app.db\n");
    let note = "note: DATABASE_URL is set but not used: `[env.dev]` in migrate.toml comes first";
    for command in [
        &["run"][..],
        &["redo"],
        &["revert"],
        &["stamp", "b"],
        &["reset", "--yes"],
    ] {
        let told = project.run(command).success().stderr;
        assert_eq!(told.lines().next(), Some(note), "{command:?}: {told}");
    }
    // Not where it is the same, where an environment was named, nor where nothing is written.
    for arguments in [
        &["run", "--env", "dev"][..],
        &["run", "--database-url", "sqlite://x.db"],
        &["status"],
    ] {
        let told = project.run(arguments).success().stderr;
        assert!(!told.contains("note:"), "{arguments:?}: {told}");
    }
    project.write(".env", "DATABASE_URL=sqlite:dev.db?mode=rwc\n");
    let told = project.run(["run"]).success().stderr;
    assert!(!told.contains("note:"), "{told}");
}

#[test]
fn a_dollar_in_a_file_of_the_environment() {
    let project = chain("a");
    project.write("migrate.toml", "[env.dev]\nurl = \"${DATABASE_URL}\"\n");
    for value in [
        "postgres://me:s3$cret@127.0.0.1:1/app",
        "\"postgres://me:s3${cret}@127.0.0.1:1/app\"",
        "postgres://me:s3$$@127.0.0.1:1/app",
    ] {
        project.write(".env", format!("DATABASE_URL={value}\n"));
        let failed = project.run(["status", "--format", "json"]).code(1);
        assert_eq!(failed.json()["error"]["code"], "unset-variable", "{failed}");
        assert!(!failed.to_string().contains("cret"), "{failed}");
        for command in ["init", "check"] {
            project.run([command]).success().done();
        }
    }
    assert_snapshot!(project.run(["status"]), @"
    ------- stderr -------
    error: a `$` in `DATABASE_URL` of `.env` refers to a variable that is not set
    help: for a literal `$`, put the value in single quotes, `DATABASE_URL='…'`, or write `%24` in a url
    [exit status: 1]
    ");
    // Single quotes, a backslash, and a variable that is set.
    for (text, file) in [
        ("DATABASE_URL='sqlite://a$b.db'\n", "a$b.db"),
        ("DATABASE_URL=sqlite://c\\$d.db\n", "c$d.db"),
        ("NAME=e\nDATABASE_URL=sqlite://${NAME}.db\n", "e.db"),
    ] {
        project.write(".env", text);
        project.run(["run"]).success().done();
        assert!(files(&project).contains(&file.to_owned()), "{file}");
    }
}

#[test]
fn a_dialect_that_was_not_heeded() {
    let project = crate::project();
    init(&project, &["--dialect", "postgres"]);
    let told = project.run(["init", "--dialect", "mysql"]).success().stderr;
    assert!(
        told.contains("warning: migrate.toml already exists, and `--dialect` does not change it"),
        "{told}"
    );
    let told = project
        .run(["init", "--dialect", "postgres"])
        .success()
        .stderr;
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn git_does_not_see_the_database_nor_line_ends() {
    let project = crate::project();
    project.git(&["init", "-q"]);
    project.write(".gitignore", "/target");
    init(&project, &["--dialect", "sqlite"]);
    assert_eq!(project.read(".gitignore"), "/target\n/dev.db\n/dev.db-*\n");
    project
        .run(["init", "--dialect", "sqlite"])
        .success()
        .done();
    assert_eq!(project.read(".gitignore"), "/target\n/dev.db\n/dev.db-*\n");
    // In a checkout with CRLF as well, a revision has LF.
    project.write("a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n");
    project
        .run(["new", "a", "--sql", "a.sql", "--rev-id", "a"])
        .success()
        .done();
    project.run(["run"]).success().done();
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "a"]);
    project.git(&["config", "core.autocrlf", "true"]);
    let tracked = Command::new("git")
        .current_dir(project.path())
        .args(["ls-files", "--eol"])
        .output()
        .expect("git starts");
    let tracked = String::from_utf8_lossy(&tracked.stdout).into_owned();
    assert!(!tracked.contains("dev.db"), "{tracked}");
    let revision = tracked
        .lines()
        .find(|line| line.ends_with("_a.sql"))
        .expect("a revision");
    assert!(revision.contains("attr/text eol=lf"), "{revision}");
}

/// Each write to a socket of datagrams is one of them.
#[cfg(unix)]
#[test]
fn a_line_is_written_at_once() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    let project = chain("a");
    let (ours, theirs) = UnixDatagram::pair().expect("a pair of sockets");
    let mut command = project.command();
    command.args(["status", "--database-url", "sqlite://dev.db?mod=ro"]);
    command.stderr(OwnedFd::from(theirs));
    let status = command.status().expect("the command starts");
    assert_eq!(status.code(), Some(1));
    drop(command);
    ours.set_nonblocking(true).expect("a socket");
    let mut lines = Vec::new();
    let mut line = [0; 4096];
    while let Ok(length) = ours.recv(&mut line)
        && length > 0
    {
        lines.push(String::from_utf8_lossy(&line[..length]).into_owned());
    }
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.ends_with('\n')), "{lines:?}");
}
