//! Throw-away databases: how long they live, who works in them, and what is said of them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use sqlx::Connection as _;

use crate::interrupt::{ended, signal};
use crate::{Done as _, project, steady};

/// A project whose database is said to have a revision with this SQL, which nobody ran.
fn stamped(database: &TestDatabase, sql: &str) -> TestProject {
    let project = project();
    project.write(
        "migrate.toml",
        format!(
            "dialects = [\"{}\"]\n[rules]\nmissing-down = \"allow\"\n[env.dev]\nurl = \"{}\"\n",
            database.dialect(),
            database.url()
        ),
    );
    project.write(
        "migrations/a.sql",
        format!("-- revision: a\n-- parents: none\n\n-- migrate: up\n{sql}\n"),
    );
    project.run(["lock", "-q"]).success().done();
    project.run(["stamp", "head", "-q"]).success().done();
    project
}

fn start(project: &TestProject, command: &str) -> Child {
    let mut command_line = project.command();
    command_line
        .args(command.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command_line.spawn().expect("the command starts")
}

/// The scratch database in which a statement with a mark is at work.
async fn at_work(database: &TestDatabase, mark: &str) -> String {
    let sql = match database.dialect() {
        Dialect::Postgres => format!(
            "SELECT datname FROM pg_stat_activity WHERE query LIKE '%{mark}%' AND wait_event = 'PgSleep' AND datname LIKE 'cargo_migrate_scratch_%'"
        ),
        _ => format!(
            "SELECT db FROM information_schema.processlist WHERE info LIKE '%{mark}%' AND state = 'User sleep' AND db LIKE 'cargo_migrate_scratch_%'"
        ),
    };
    loop {
        if let Some(row) = database.rows(&sql).await.into_iter().next() {
            return row.into_iter().next().expect("a column");
        }
    }
}

/// Whether anything of a scratch database is there: itself, its sessions, its user.
async fn is_there(database: &TestDatabase, name: &str) -> bool {
    let user = name.replace("_scratch", "");
    let sql = match database.dialect() {
        Dialect::Postgres => format!(
            "SELECT datname FROM pg_database WHERE datname = '{name}' UNION ALL SELECT datname FROM pg_stat_activity WHERE datname = '{name}'"
        ),
        _ => format!(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{name}' UNION ALL SELECT user FROM mysql.user WHERE user = '{user}'"
        ),
    };
    !database.rows(&sql).await.is_empty()
}

/// Each command that makes one, interrupted while it is at work.
async fn interrupted(dialect: Dialect, name: &str, sql: &str) {
    for (number, command) in ["verify", "stamp --detect --dry-run", "lock --schema"]
        .into_iter()
        .enumerate()
    {
        for signal_name in ["INT", "TERM"] {
            let test = format!("{name}::{number}::{signal_name}");
            let database = TestDatabase::create(dialect, &test).await;
            let mark = format!(
                "mark {}",
                database.url().rsplit_once('/').expect("a name").1
            );
            let project = stamped(&database, &sql.replace("MARK", &mark));
            let child = start(&project, command);
            let scratch = at_work(&database, &mark).await;
            signal(&child, signal_name);
            let ended = ended(child);
            assert_eq!(ended.code, Some(130), "{ended}");
            let first = command.split(' ').next().expect("a word");
            let told = format!("error: interrupted: `cargo migrate {first}` did not finish\n");
            assert!(ended.stderr.ends_with(&told), "{ended}");
            assert!(!ended.stderr.contains("status"), "{ended}");
            assert!(!is_there(&database, &scratch).await, "{command}: {scratch}");
        }
    }
}

#[tokio::test]
async fn an_interrupted_command_leaves_none_on_postgres() {
    let sql = "CREATE TABLE a (id INTEGER);\nSELECT pg_sleep(100000 /* MARK */);";
    interrupted(Dialect::Postgres, "scratch::interrupted", sql).await;
}

#[tokio::test]
async fn an_interrupted_command_leaves_none_on_mysql() {
    let sql = "CREATE TABLE a (id INTEGER);\nINSERT INTO a SELECT SLEEP(100000) /* MARK */ FROM information_schema.collations;";
    interrupted(Dialect::MySql, "scratch::interrupted", sql).await;
}

/// Somebody else has a table of it, so that it cannot be dropped.
#[tokio::test]
async fn a_second_signal_names_what_is_left_on_mysql() {
    let database = TestDatabase::create(Dialect::MySql, "scratch::second_signal").await;
    let mark = database
        .url()
        .rsplit_once('/')
        .expect("a name")
        .1
        .to_owned();
    let project = stamped(
        &database,
        &format!(
            "CREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\nINSERT INTO a SELECT SLEEP(100000) /* {mark} */ FROM information_schema.collations;"
        ),
    );
    let child = start(&project, "verify");
    let scratch = at_work(&database, &mark).await;
    let mut other = database.session().await;
    other
        .execute(&format!("LOCK TABLES {scratch}.b READ"))
        .await;
    signal(&child, "INT");
    let dropping = format!(
        "SELECT id FROM information_schema.processlist WHERE info LIKE 'DROP DATABASE%{scratch}%' AND state LIKE 'Waiting%'"
    );
    while database.rows(&dropping).await.is_empty() {}
    signal(&child, "INT");
    let ended = ended(child);
    assert_eq!(ended.code, Some(130), "{ended}");
    let told = ended.to_string().replace(&scratch, "[scratch]");
    assert_snapshot!(told, @"
    ------- stderr -------
    error: interrupted again: a scratch database is left on the server
    help: drop it with `DROP DATABASE [scratch]`; a command that creates one there an hour from now drops it as well
    [exit status: 130]
    ");
    other.execute("UNLOCK TABLES").await;
    database
        .execute(&format!("DROP DATABASE IF EXISTS {scratch}"))
        .await;
}

#[tokio::test]
async fn a_failed_replay_leaves_none_and_says_where_it_was() {
    let database = TestDatabase::create(Dialect::MySql, "scratch::failed").await;
    let project = stamped(
        &database,
        "CREATE TABLE left_by_a_failed_replay (id INTEGER);\nINSERT INTO nowhere VALUES (1);",
    );
    let output = project.run(["verify"]).code(1);
    let own = |text: String| {
        let scratch = text
            .split('\'')
            .find(|word| word.starts_with("cargo_migrate_scratch_"));
        match scratch
            .and_then(|word| word.split('.').next())
            .map(str::to_owned)
        {
            Some(scratch) => text.replace(&scratch, "[scratch]"),
            None => text,
        }
    };
    assert_snapshot!(own(output.to_string()), @"
    ------- stderr -------
    error: statement 2 of 2 of revision `a` failed in the scratch database
     --> migrations/a.sql:6:1
      |
    6 | INSERT INTO nowhere VALUES (1);
      | ^^^^^^ Table '[scratch].nowhere' doesn't exist
    help: a replay starts in an empty database: an earlier revision must create what this one needs; if the server must provide it, name one that does with `scratch-url` of the environment
    [exit status: 1]
    ");
    let output = project.run(["verify", "--format", "json"]).code(1);
    let json = output.json();
    let message = json["error"]["message"].as_str().expect("a message");
    let begin = "statement 2 of 2 of revision `a` failed in the scratch database: ";
    assert!(message.starts_with(begin), "{message}");
    let left = "SELECT table_schema FROM information_schema.tables WHERE table_name = 'left_by_a_failed_replay'";
    assert_eq!(database.rows(left).await, Vec::<Vec<String>>::new());
}

/// A word for a name that no other run of a test has.
fn random() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let hash = folder
        .path()
        .display()
        .to_string()
        .bytes()
        .fold(7_u32, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
    format!("{hash:08x}")
}

/// Makes a scratch database that a command is working with, and returns what shows that. Commands
/// of other tests may drop it as long as nothing does.
async fn in_use(database: &TestDatabase, name: &str) -> Box<dyn std::any::Any> {
    if database.dialect() == Dialect::MySql {
        let mut session = database.session().await;
        let sql = format!("SELECT GET_LOCK('{name}', 0); CREATE DATABASE {name}");
        session.execute(&sql).await;
        return Box::new(session);
    }
    let (server, _) = database.url().rsplit_once('/').expect("a name");
    loop {
        let dropped = format!("DROP DATABASE IF EXISTS {name}");
        database.execute(&dropped).await;
        database.execute(&format!("CREATE DATABASE {name}")).await;
        if let Ok(session) = sqlx::PgConnection::connect(&format!("{server}/{name}")).await {
            return Box::new(session);
        }
    }
}

/// Three that commands have left: one that nobody uses, one in use, and a young one.
async fn swept(dialect: Dialect, name: &str) {
    let database = TestDatabase::create(dialect, name).await;
    let project = stamped(&database, "CREATE TABLE a (id INTEGER);");
    let now = match dialect {
        Dialect::Postgres => "SELECT to_hex(extract(epoch FROM clock_timestamp())::bigint)",
        _ => "SELECT LOWER(HEX(UNIX_TIMESTAMP()))",
    };
    let now = database.rows(now).await.remove(0).remove(0);
    let random = random();
    let [unused, used, young] = [
        format!("cargo_migrate_scratch_00000001_{random}"),
        format!("cargo_migrate_scratch_00000002_{random}"),
        format!("cargo_migrate_scratch_{now}_{random}"),
    ];
    let _session = in_use(&database, &used).await;
    if dialect == Dialect::MySql {
        let user = unused.replace("_scratch", "");
        database
            .execute(&format!(
                "CREATE USER '{user}'@'%' IDENTIFIED BY 'aA1-secret'"
            ))
            .await;
    }
    database.execute(&format!("CREATE DATABASE {unused}")).await;
    database.execute(&format!("CREATE DATABASE {young}")).await;
    project.run(["verify"]).code(1).done();
    assert!(!is_there(&database, &unused).await);
    assert!(is_there(&database, &used).await);
    assert!(is_there(&database, &young).await);
    let force = match dialect {
        Dialect::Postgres => " WITH (FORCE)",
        _ => "",
    };
    for name in [used, young] {
        database
            .execute(&format!("DROP DATABASE {name}{force}"))
            .await;
    }
}

#[tokio::test]
async fn old_ones_are_swept_up_on_postgres() {
    swept(Dialect::Postgres, "scratch::swept").await;
}

#[tokio::test]
async fn old_ones_are_swept_up_on_mysql() {
    swept(Dialect::MySql, "scratch::swept").await;
}

/// A user with no more rights than the command needs: nobody can be made for the replay.
#[tokio::test]
async fn who_may_make_no_users_replays_alone_on_mysql() {
    let database = TestDatabase::create(Dialect::MySql, "scratch::alone").await;
    let (_, name) = database.url().rsplit_once('/').expect("a name");
    let user = format!("u{}", random());
    database
        .execute(&format!(
            "CREATE USER {user}@'%' IDENTIFIED BY 'aA1-secret'"
        ))
        .await;
    database
        .execute(&format!("GRANT ALL PRIVILEGES ON {name}.* TO {user}@'%'"))
        .await;
    database
        .execute(&format!(
            "GRANT ALL PRIVILEGES ON `cargo\\_migrate\\_scratch\\_%`.* TO {user}@'%'"
        ))
        .await;
    let project = stamped(&database, "CREATE TABLE a (id INTEGER);");
    database.execute("CREATE TABLE a (id INTEGER)").await;
    let url = database
        .url()
        .replace("migrate:only-for-tests", &format!("{user}:aA1-secret"));
    project
        .run(["verify", "--database-url", &url])
        .success()
        .done();
    database.execute(&format!("DROP USER {user}@'%'")).await;
}

/// A project whose scratch databases are on a server of their own, and the folder that is in.
fn local(database: &TestDatabase, sql: &str) -> (TestProject, tempfile::TempDir) {
    use std::os::unix::fs::PermissionsExt as _;

    let project = stamped(database, sql);
    let config = project.read("migrate.toml") + "scratch-url = \"local\"\n";
    project.write("migrate.toml", config);
    let folder = tempfile::tempdir().expect("a folder");
    // The server runs as nobody where this is root.
    let open = std::fs::Permissions::from_mode(0o1777);
    std::fs::set_permissions(folder.path(), open).expect("it is ours");
    (project, folder)
}

fn is_empty(folder: &tempfile::TempDir) -> bool {
    let mut entries = std::fs::read_dir(folder.path()).expect("a folder");
    entries.next().is_none()
}

/// Processes that have this folder in their command line.
fn processes(folder: &tempfile::TempDir) -> usize {
    lines(folder).len()
}

/// Whether a server of PostgreSQL has its socket there.
fn is_serving(folder: &tempfile::TempDir) -> bool {
    let is_server = |line: &String| line.contains(" -k ") && !line.starts_with("/bin/sh");
    lines(folder).iter().any(is_server)
}

/// The command lines with this folder.
fn lines(folder: &tempfile::TempDir) -> Vec<String> {
    let output = std::process::Command::new("ps")
        .args(["ax", "-o", "args"])
        .output();
    let text = String::from_utf8_lossy(&output.expect("ps is there").stdout).into_owned();
    let shown = folder.path().display().to_string();
    let lines = text.lines().filter(|line| line.contains(&shown));
    lines.map(str::to_owned).collect()
}

/// Looks with each command, and counts the servers that it starts.
async fn on_a_local_server(dialect: Dialect, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    let database = TestDatabase::create(dialect, name).await;
    let (project, folder) = local(
        &database,
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n VARCHAR(20));",
    );
    database
        .execute("CREATE TABLE a (id INTEGER PRIMARY KEY, n VARCHAR(20))")
        .await;
    let programs = tempfile::tempdir().expect("a folder");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(programs.path(), open.clone()).expect("it is ours");
    let counted = programs.path().join("counted");
    std::fs::write(&counted, "").expect("it is ours");
    std::fs::set_permissions(&counted, open.clone()).expect("it is ours");
    let is_mysql = dialect == Dialect::MySql && !database.is_mariadb().await;
    let (program, real) = match dialect {
        Dialect::Postgres => ("initdb", newest_initdb()),
        _ if is_mysql => ("mysqld", mysqld()),
        _ => (
            "mariadb-install-db",
            "/usr/bin/mariadb-install-db".to_owned(),
        ),
    };
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--version*) ;; *--initialize*|*-install*|*-D*|*--auth*) echo made >> {} ;; esac\nexec {real} \"$@\"\n",
        counted.display()
    );
    let wrapper = programs.path().join(program);
    std::fs::write(&wrapper, script).expect("it is ours");
    std::fs::set_permissions(&wrapper, open).expect("it is ours");
    let path = format!(
        "{}:{}",
        programs.path().display(),
        std::env::var("PATH").expect("a path")
    );
    for command in ["verify", "diff base head"] {
        let mut line = project.command();
        line.args(command.split(' '))
            .env("TMPDIR", folder.path())
            .env("PATH", &path);
        let output = project.output(&mut line);
        output.success().done();
        assert!(is_empty(&folder), "{command}");
        assert_eq!(processes(&folder), 0, "{command}");
    }
    let counted = std::fs::read_to_string(counted).expect("it is ours");
    assert_eq!(counted.lines().count(), 2, "one server a command");
}

fn newest_initdb() -> String {
    let folders = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let found = folders.filter_map(|folder| {
        let path = folder.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        Some((version, path.join("bin/initdb").display().to_string()))
    });
    found.max().expect("PostgreSQL is installed").1
}

/// MySQL itself, as `tests/with-servers` has fetched it.
fn mysqld() -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    format!("{root}/tests/fetched-server run {root}/target/tools/mysql mysqld")
}

#[tokio::test]
async fn a_local_server_of_postgres() {
    on_a_local_server(Dialect::Postgres, "scratch::local").await;
}

#[tokio::test]
async fn a_local_server_of_mysql() {
    on_a_local_server(Dialect::MySql, "scratch::local").await;
}

#[tokio::test]
async fn a_local_server_ends_with_its_command() {
    for name in ["INT", "KILL"] {
        let test = format!("scratch::local_ends::{name}");
        let database = TestDatabase::create(Dialect::Postgres, &test).await;
        // What it says is all that is seen of it from here.
        let (project, folder) = local(
            &database,
            "DO $$ BEGIN RAISE WARNING 'begun'; PERFORM pg_sleep(100000); END $$;",
        );
        let mut line = project.command();
        line.args(["verify"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = line.spawn().expect("the command starts");
        // Its data are made before, and what is killed then leaves them.
        while !is_serving(&folder) {
            let ended = child.try_wait().expect("it can be asked");
            assert!(
                ended.is_none(),
                "it ended before its server was there: {ended:?}"
            );
        }
        signal(&child, name);
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let told: Vec<String> = stderr.lines().map_while(Result::ok).collect();
        child.wait().expect("it ends");
        if name == "INT" {
            let told = told.join("\n");
            assert_eq!(
                told,
                "error: interrupted: `cargo migrate verify` did not finish"
            );
            assert!(is_empty(&folder));
            assert_eq!(processes(&folder), 0);
        }
        // Nobody waits for the end of what a killed one has started: it comes by itself.
        while !is_empty(&folder) || processes(&folder) > 0 {}
    }
}

#[tokio::test]
async fn a_replay_says_where_it_was() {
    let database = TestDatabase::create(Dialect::Postgres, "scratch::says").await;
    let project = stamped(
        &database,
        "CREATE TABLE a (id INTEGER);\nCREATE TABLE a (id INTEGER);",
    );
    for command in ["verify", "diff database head"] {
        let output = project.run(command.split(' ')).code(1);
        insta::allow_duplicates! {
            assert_snapshot!(steady(&output), @r#"
            ------- stderr -------
            error: statement 2 of 2 of revision `a` failed in the scratch database
             --> migrations/a.sql:6:1
              |
            6 | CREATE TABLE a (id INTEGER);
              | ^^^^^^ relation "a" already exists
            help: the chain must run in an empty database: correct this statement, or what runs before it
            [exit status: 1]
            "#);
        }
    }
}
