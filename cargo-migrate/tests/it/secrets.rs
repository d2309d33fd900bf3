//! No password is told: not by any command, however it was given the url, whatever goes wrong.

use std::fmt::Write as _;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};

use migrate_core::Dialect;
use migrate_sqlx::__cli::{Create, Database};
use migrate_tests::{CommandOutput, TestDatabase, TestProject};
use sqlx::postgres::PgConnectOptions;

use crate::{Done as _, chain};

/// The parts of the password that the urls below hold, and its other spellings.
const SECRETS: [&str; 4] = ["zq7", "xw9", "zq%37", "only-for-tests"];

/// Urls that cannot be connected to, or not even be read. Nothing listens on port 1.
const URLS: [&str; 28] = [
    "postgres://me:zq7xw9@127.0.0.1:1/app",
    "mysql://me:zq7xw9@127.0.0.1:1/app",
    "postgres://:zq7xw9@127.0.0.1:1/app",
    "postgres://me:zq%37xw9@127.0.0.1:1/app",
    "postgres://me:zq7xw9@nowhere.invalid/app",
    "mysql://me:zq7xw9@127.0.0.1:1/app?password=xw9&ssl-key=xw9",
    "postgres://127.0.0.1:1/app?password=zq7xw9&sslpassword=xw9",
    "postgres://127.0.0.1:1/app?user=me&sslpassword=zq7",
    "postgres://127.0.0.1:1/app?password=zq7@xw9",
    "mysql://127.0.0.1:1?password=zq7@xw9",
    // Not encoded.
    "postgres://me:zq7@xw9@127.0.0.1:1/app",
    "postgres://me:zq7/xw9@127.0.0.1:1/app",
    "postgres://me:zq7#xw9@127.0.0.1:1/app",
    "mysql://me:zq7?xw9@127.0.0.1:1/app",
    "postgres://127.0.0.1:1/zq7xw9@127.0.0.1:1/app",
    "postgres://me:zq7%xw9@127.0.0.1:1/app",
    "postgres://me:zq7%ffxw9@127.0.0.1:1/app",
    "postgres://me:zq7 xw9@127.0.0.1:1/app",
    // Not whole.
    "postgres://me:zq7xw9@/app",
    "postgres://me:zq7xw9@127.0.0.1:port/app",
    "mysql://me:zq7xw9@127.0.0.1:99999/app",
    "postgres:me:zq7xw9@127.0.0.1:1/app",
    "mysql:/me:zq7xw9@127.0.0.1:1/app",
    "me:zq7xw9@127.0.0.1:1/app",
    "oracle://me:zq7xw9@127.0.0.1:1/app",
    "zq7:xw9@postgres://127.0.0.1:1/app",
    "sqlite://dev.db?key=zq7xw9",
    "sqlite:dev.db?mode=rwc&key=zq7xw9",
];

/// Every command, with what it needs.
const COMMANDS: [&[&str]; 23] = [
    &["init"],
    &["new", "more", "--rev-id", "more"],
    &["run"],
    &["run", "--dry-run"],
    &["revert"],
    &["redo"],
    &["status"],
    &["schema"],
    &["current"],
    &["plan"],
    &["plan", "--down"],
    &["history"],
    &["history", "current:"],
    &["heads"],
    &["branches"],
    &["show", "current"],
    &["merge"],
    &["stamp", "heads"],
    &["check"],
    &["lock"],
    &["explain", "cycle"],
    &["edit", "a"],
    &["completions", "bash"],
];

/// The commands of the table above, and, as they stand, those that it lacks.
fn commands(project: &TestProject) -> Vec<Vec<String>> {
    let help = project.run(["--help"]).success().stdout;
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = list
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    let known = |name: &str| COMMANDS.iter().any(|words| words[0] == name);
    let lacking = names.iter().filter(|name| !known(name));
    let commands: Vec<Vec<String>> = COMMANDS
        .iter()
        .map(|words| words.iter().map(ToString::to_string).collect())
        .chain(lacking.map(|name| vec![(*name).to_owned()]))
        .collect();
    for command in &commands {
        assert!(
            names.contains(&&*command[0]),
            "{command:?} is not in {help}"
        );
    }
    commands
}

#[track_caller]
fn tells_nothing(output: &CommandOutput, of: &str) {
    let told = output.to_string();
    for secret in SECRETS {
        assert!(!told.contains(secret), "{secret} of {of} is in\n{told}");
    }
    assert!(!told.contains("panicked"), "{of}: {told}");
    assert!(matches!(output.code, Some(0..=2)), "{of}: {told}");
}

/// Runs it so that it tells as much as it can.
fn loudly(project: &TestProject, arguments: &[&str], variables: &[(&str, &str)]) -> CommandOutput {
    let mut command = project.command();
    command
        .args(arguments)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
        .env("EDITOR", "true")
        .envs(variables.iter().copied());
    project.output(&mut command)
}

/// Runs every command in both formats.
#[track_caller]
fn all_commands(project: &TestProject, url: &str, given: &[&str], variables: &[(&str, &str)]) {
    for command in commands(project) {
        for format in ["human", "json"] {
            let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            arguments.extend(["-vv", "--format", format]);
            arguments.extend(given);
            let output = loudly(project, &arguments, variables);
            tells_nothing(&output, &format!("{command:?} {url} {given:?}"));
            if matches!(
                &*command[0],
                "run" | "status" | "current" | "revert" | "stamp"
            ) {
                assert_eq!(output.code, Some(1), "{command:?} {url}: {output}");
            }
        }
    }
}

const NO_ENV: &str = "dialects = [\"postgres\", \"mysql\", \"sqlite\"]\n";

fn with_config(url: &str) -> TestProject {
    let project = chain("a  b:a");
    project.write("migrate.toml", format!("{NO_ENV}[env.dev]\nurl = {url}\n"));
    project
}

#[test]
fn on_the_command_line() {
    for url in URLS {
        all_commands(
            &with_config("\"sqlite://dev.db\""),
            url,
            &["--database-url", url],
            &[],
        );
    }
}

#[test]
fn in_the_environment() {
    let project = chain("a  b:a");
    project.write("migrate.toml", NO_ENV);
    for url in URLS {
        all_commands(&project, url, &[], &[("DATABASE_URL", url)]);
    }
}

#[test]
fn in_a_file_of_the_environment() {
    let project = chain("a  b:a");
    project.write("migrate.toml", NO_ENV);
    for url in URLS {
        project.write(".env", format!("DATABASE_URL='{url}'\n"));
        all_commands(&project, url, &[], &[]);
        // With a blank in it, this is no line of such a file.
        project.write(".env", format!("DATABASE_URL={url} xw9 'zq7\n"));
        for command in ["status", "run"] {
            tells_nothing(&loudly(&project, &[command], &[]), url);
        }
    }
}

#[test]
fn in_the_configuration() {
    for url in URLS {
        all_commands(&with_config(&format!("'{url}'")), url, &[], &[]);
    }
}

#[test]
fn in_a_variable_of_the_configuration() {
    for url in URLS {
        let project = with_config("\"${TEST_URL}\"");
        all_commands(&project, url, &[], &[("TEST_URL", url)]);
    }
    for url in [
        "postgres://me:${zq7xw9",
        "postgres://me:zq7${xw9@127.0.0.1}/app",
        "${TEST-zq7}",
    ] {
        tells_nothing(
            &loudly(&with_config(&format!("'{url}'")), &["status"], &[]).code(1),
            url,
        );
    }
}

#[test]
fn in_a_configuration_that_is_broken() {
    for url in URLS {
        for config in [
            format!("[env.dev]\nurl = '{url}' x\n"),
            format!("[env.dev]\nurl = '{url}\n"),
            format!("[env.dev]\nurl = {url}\n"),
            format!("[env.dev]\nurll = '{url}'\n"),
            format!("[env.dev]\nurl = ['{url}']\n"),
            format!("[env]\ndev = '{url}'\n"),
            format!("[env.dev]\nurl = 'x'\nurl = '{url}'\n"),
            "[env.dev]\npassword = 'zq7xw9'\n".to_owned(),
        ] {
            let project = chain("a");
            project.write("migrate.toml", &config);
            for format in ["human", "json"] {
                let output = loudly(&project, &["check", "--format", format], &[]);
                tells_nothing(&output, &config);
                assert_eq!(output.code, Some(1), "{config}: {output}");
            }
        }
    }
}

#[test]
fn where_no_url_belongs() {
    let project = with_config("\"sqlite://dev.db\"");
    for url in URLS.into_iter().filter(|url| url.contains("://")) {
        let equals = [
            format!("--databaseurl={url}"),
            format!("--format={url}"),
            format!("-p{url}"),
        ];
        for arguments in [
            &["status", url][..],
            &["run", url],
            &["schema", url],
            &["history", url],
            &["show", url],
            &["stamp", url],
            &["plan", "--from", url],
            &["explain", url],
            &["merge", url],
            &["edit", url],
            &["completions", url],
            &["lock", "--amend", url],
            &["new", "x", "--rev-id", url],
            &["new", "x", "--parent", url],
            &["new", "x", "--label", url],
            &["new", "x", "--sql", url],
            &["status", "--database-ur", url],
            &["status", "--env", url],
            &["status", "--format", url],
            &["status", "--color", url],
            &["status", "-p", url],
            &["-C", url, "status"],
            &[url],
            &["status", &equals[0]],
            &["status", &equals[1]],
            &["status", &equals[2]],
        ] {
            for format in ["human", "json"] {
                let arguments = [arguments, &["--format", format]].concat();
                let output = loudly(&project, &arguments, &[]);
                tells_nothing(&output, &format!("{arguments:?}"));
                assert_ne!(output.code, Some(0), "{arguments:?}");
            }
        }
    }
}

#[test]
fn the_rest_of_the_url_is_told() {
    let url = "postgres://me:zq7xw9@127.0.0.1:1/app?password=xw9";
    let project = with_config(&format!("'{url}'"));
    let told = project.run(["status"]).code(1).stderr;
    assert!(told.contains("`postgres://me@127.0.0.1:1/app`"), "{told}");
    let told = project.run(["show", url]).code(1).stderr;
    assert!(told.contains("`postgres://me@127.0.0.1:1/app`"), "{told}");
    let told = project.run(["status", url]).code(2).stderr;
    assert!(told.contains("'postgres://me@127.0.0.1:1/app'"), "{told}");
}

/// Wrong and right passwords on a server; neither is told, nor kept in the ledger.
async fn on_a_server(dialect: Dialect, name: &str) {
    let database = TestDatabase::create(dialect, name).await;
    let url = database.url();
    let wrong = url.replace("only-for-tests", "zq7%40xw9");
    assert_ne!(wrong, url, "the server has a password");
    let project = with_config("\"${TEST_URL}\"");
    for url in [
        &wrong,
        &format!("{url}_is_not_there"),
        &format!("{url}?sslpassword=zq7&password=xw9&foo=zq7"),
        &url.replace("only-for-tests", "only-for-tests/zq7"),
    ] {
        all_commands(&project, url, &[], &[("TEST_URL", url)]);
        all_commands(&project, url, &["--database-url", url], &[]);
    }
    // Only PostgreSQL has such a parameter.
    let right = match dialect {
        Dialect::Postgres => format!("{url}?sslpassword=zq7xw9"),
        _ => url.to_owned(),
    };
    let variables = [("TEST_URL", right.as_str())];
    let project = with_config("\"${TEST_URL}\"");
    loudly(&project, &["run"], &variables).success().done();
    project.write(
        "migrations/bad.sql",
        "-- revision: bad\n-- parents: b\n-- migrate: up\nSELECT * FROM nowhere;\n-- migrate: down\nSELECT 1;\n",
    );
    project.run(["lock"]).success().done();
    let failed = loudly(&project, &["run"], &variables).code(1);
    tells_nothing(&failed, "a statement that fails");
    assert!(failed.stderr.contains("nowhere"), "{failed}");
    for command in commands(&project) {
        for format in ["human", "json"] {
            let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            arguments.extend(["-vv", "--format", format]);
            let output = loudly(&project, &arguments, &variables);
            tells_nothing(&output, &format!("{arguments:?}"));
        }
    }
    if dialect == Dialect::Postgres {
        // All was reverted on the way; elsewhere what is half done stays.
        let again = loudly(&project, &["run", "b"], &variables);
        again.success().done();
    }
    let status = loudly(&project, &["status", "--format", "json"], &variables).json();
    assert!(
        status["database"]
            .as_str()
            .expect("a text")
            .contains("migrate@127.0.0.1")
    );
    let mut kept = String::new();
    for table in ["migrate_revision", "migrate_event"] {
        let rows = database.rows(&format!("SELECT * FROM {table}")).await;
        assert!(!rows.is_empty(), "{table}");
        write!(kept, "{rows:?}").expect("a text grows");
    }
    for secret in SECRETS {
        assert!(!kept.contains(secret), "{kept}");
    }
}

#[tokio::test]
async fn on_postgres() {
    on_a_server(Dialect::Postgres, "cli_secrets").await;
}

#[tokio::test]
async fn on_mariadb() {
    on_a_server(Dialect::MySql, "cli_secrets").await;
}

/// Keeps all that is traced.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<String>>);

impl Traced {
    fn text(&self) -> String {
        self.0.lock().expect("no test panics with it").clone()
    }
}

impl tracing::field::Visit for Traced {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let mut text = self.0.lock().expect("no test panics with it");
        writeln!(text, "{field}={value:?}").expect("a text grows");
    }
}

impl tracing::Subscriber for Traced {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn the_library_neither_traces_nor_returns_it() {
    let traced = Traced::default();
    let _guard = tracing::subscriber::set_default(traced.clone());
    for url in URLS {
        let Err(error) = Database::connect(url, Create::Nothing).await else {
            panic!("{url} can be used");
        };
        let mut told = format!("{error} {error:?} {error:#?} {:?}", error.help());
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            write!(told, " {error} {error:?}").expect("a text grows");
            source = error.source();
        }
        told += &traced.text();
        for secret in SECRETS {
            assert!(!told.contains(secret), "{url}: {told}");
        }
    }
    // The driver itself does trace it, and so would be found.
    PgConnectOptions::from_str("postgres://h/d?sslpassword=zq7").expect("a url");
    assert!(traced.text().contains("zq7"));
}

#[tokio::test]
async fn a_url_can_have_settings_that_the_driver_does_not_know() {
    let database = TestDatabase::create(Dialect::Postgres, "cli_secrets_settings").await;
    let url = format!(
        "{}?schema=public&sslmode=disable&connect_timeout=1#x",
        database.url()
    );
    let project = with_config(&format!("'{url}'"));
    project.run(["status"]).success().done();
}
