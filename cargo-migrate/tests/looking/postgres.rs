//! PostgreSQL.

use std::process::Command;

use migrate_core::Dialect;
use migrate_ordeal::{Result, Server};
use migrate_tests::TestDatabase;

use crate::{Done as _, ReachingChain, assert_same, codes, look_at};

/// What the chains may find on the server.
const SERVER: &str = "
CREATE ROLE looking_group NOLOGIN;
CREATE DATABASE archive;
";

const ARCHIVE: &str = "
CREATE TABLE kept (id INT);
CREATE PUBLICATION p FOR TABLE kept;
";

fn chains(folder: &str, port: &str) -> Vec<ReachingChain> {
    let far =
        format!("host=127.0.0.1 port={port} dbname=archive user=migrate password=only-for-tests");
    let orders = "-- migrate: up\nCREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);\nINSERT INTO orders VALUES (1, 10), (2, 20);";
    vec![
        ReachingChain::new(
            "roles",
            &[
                orders,
                "-- migrate: up
CREATE ROLE looking_app LOGIN PASSWORD 'initial';
ALTER ROLE looking_app PASSWORD 'second' CONNECTION LIMIT 7;
ALTER ROLE looking_app SET work_mem = '5MB';
COMMENT ON ROLE looking_app IS 'of the chain';
GRANT looking_group TO looking_app;
GRANT SELECT ON orders TO looking_app;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO looking_app;
ALTER DATABASE look_roles SET statement_timeout = '1h';
COMMENT ON DATABASE look_roles IS 'of the chain';
GRANT CONNECT, CREATE ON DATABASE look_roles TO looking_app;",
            ],
        )
        .wanted("CREATE ROLE looking_wanted SUPERUSER; CREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);"),
        ReachingChain::new(
            "server",
            &[
                orders,
                &format!(
                    "-- migrate: up no-transaction
ALTER SYSTEM SET work_mem = '9MB';
CREATE DATABASE looking_other;
CREATE TABLESPACE looking_space LOCATION '{folder}/space';"
                ),
            ],
        ),
        ReachingChain::new(
            "elsewhere",
            &[
                orders,
                &format!(
                    "-- migrate: up
CREATE EXTENSION dblink;
SELECT dblink_exec('{far}', 'INSERT INTO kept VALUES (1)');"
                ),
            ],
        ),
        ReachingChain::new(
            "foreign",
            &[
                orders,
                &format!(
                    "-- migrate: up
CREATE EXTENSION postgres_fdw;
CREATE SERVER archive FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname 'archive');
CREATE USER MAPPING FOR CURRENT_USER SERVER archive OPTIONS (user 'migrate', password 'only-for-tests');
CREATE FOREIGN TABLE far (id INT) SERVER archive OPTIONS (table_name 'kept');
INSERT INTO far VALUES (2);"
                ),
            ],
        ),
        ReachingChain::new(
            "files",
            &[
                orders,
                &format!(
                    "-- migrate: up
COPY orders TO '{folder}/out.csv';
COPY orders TO PROGRAM 'cat >> {folder}/program.csv';"
                ),
            ],
        ),
        ReachingChain::new(
            "subscription",
            &[
                orders,
                &format!(
                    "-- migrate: up no-transaction
CREATE TABLE kept (id INT);
CREATE SUBSCRIPTION looking CONNECTION '{far}' PUBLICATION p WITH (slot_name = 'looking', create_slot = false, connect = false, enabled = false);"
                ),
            ],
        ),
    ]
}

/// What happened since the chains were applied.
const LIFE: &str = "
ALTER ROLE looking_app PASSWORD 'rotated' CONNECTION LIMIT 3 NOLOGIN;
ALTER ROLE looking_app RESET ALL;
REVOKE looking_group FROM looking_app;
COMMENT ON ROLE looking_app IS NULL;
ALTER DATABASE look_roles RESET ALL;
COMMENT ON DATABASE look_roles IS NULL;
REVOKE CONNECT, CREATE ON DATABASE look_roles FROM looking_app;
ALTER SYSTEM RESET ALL;
DROP DATABASE looking_other;
DROP TABLESPACE looking_space;
";

#[tokio::test]
async fn on_postgres() -> Result<()> {
    let options = [
        "-c",
        "log_statement=all",
        "-c",
        "log_line_prefix=%d|%p| ",
        "-c",
        "full_page_writes=off",
    ];
    let server = Server::start(Dialect::Postgres, &options).await?;
    let admin = TestDatabase::existing(server.url());
    let folder = server.folder().display().to_string();
    let port = server
        .url()
        .rsplit_once(':')
        .and_then(|(_, rest)| rest.split('/').next());
    let port = port.expect("a port");
    admin
        .execute(&format!(
            "COPY (SELECT 1) TO PROGRAM 'mkdir {folder}/space; cat >/dev/null'"
        ))
        .await;
    for statement in SERVER.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        admin.execute(statement).await;
    }
    TestDatabase::existing(&server.database("archive"))
        .execute(ARCHIVE)
        .await;
    let chains = chains(&folder, port);
    let mut projects = Vec::new();
    for chain in &chains {
        let name = format!("look_{}", chain.name);
        admin.execute(&format!("CREATE DATABASE {name}")).await;
        let project = chain.project(Dialect::Postgres, &server.database(&name));
        project.run(["run", "--yes", "-q"]).success().done();
        TestDatabase::existing(&server.database(&name))
            .execute("UPDATE orders SET n = n + 1; INSERT INTO orders VALUES (3, 30)")
            .await;
        projects.push(project);
    }
    for statement in LIFE.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        admin.execute(statement).await;
    }
    let before = picture(&server)?;
    let logged = server.log()?.len();
    let said = look_at(&projects);
    // What is about the server is left out, and the rest is compared.
    assert_eq!(codes(&said, "verify"), [0; 6]);
    let log = server.log()?;
    assert_same(&before, &picture(&server)?, &said);
    for (database, statement) in statements(&log[logged..]) {
        assert!(
            is_look(database, &statement),
            "in `{database}`: {statement}"
        );
    }
    Ok(())
}

/// All that the server has: roles, rights, passwords, settings, databases, rows; and its files.
fn picture(server: &Server) -> Result<String> {
    let output = Command::new("pg_dumpall")
        .args(["-d", server.url()])
        .env("PGPASSWORD", "only-for-tests")
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let dump = String::from_utf8(output.stdout)?;
    let settings = std::fs::read_to_string(server.folder().join("data/postgresql.auto.conf"))?;
    let mut files = String::new();
    for entry in std::fs::read_dir(server.folder())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && name != "log" {
            let length = entry.metadata()?.len().to_string();
            files.extend([&name, ": ", &length, "\n"]);
        }
    }
    // Two words are random in each dump (pg_dump manual, `--restrict-key`).
    let lines = dump
        .lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    let dump: String = lines.flat_map(|line| [line, "\n"]).collect();
    Ok(format!("{dump}{settings}{files}"))
}

/// The statements of a log, each with its database.
fn statements(log: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in log.lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if let Some((_, statement)) = found.last_mut() {
                statement.extend(["\n", more]);
            }
            continue;
        }
        let Some((database, rest)) = line.split_once('|') else {
            continue;
        };
        let Some((_, rest)) = rest.split_once("LOG:  ") else {
            continue;
        };
        let rest = match rest.split_once(": ") {
            Some((kind, sql)) if kind == "statement" || kind.starts_with("execute ") => sql,
            _ => continue,
        };
        found.push((database, rest.to_owned()));
    }
    found
}

/// Whether a statement only reads where it is, or is about a scratch database.
fn is_look(database: &str, statement: &str) -> bool {
    const SCRATCH: &str = "cargo_migrate_scratch_";
    if database.starts_with(SCRATCH) {
        return true;
    }
    let text = statement.trim_start();
    let text = match text
        .strip_prefix("/*")
        .and_then(|rest| rest.split_once("*/"))
    {
        Some((_, rest)) => rest.trim_start(),
        None => text,
    };
    let about_scratch = ["CREATE DATABASE ", "DROP DATABASE IF EXISTS "]
        .iter()
        .filter_map(|words| text.strip_prefix(words))
        .any(|name| name.trim_start_matches('"').starts_with(SCRATCH));
    // As introspection and dumps begin: the server itself refuses to write there.
    let is_read_only = text.starts_with("BEGIN") && text.contains("READ ONLY");
    let begins = [
        "SELECT",
        "SHOW",
        "SET ",
        "RESET",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "LOCK TABLE",
        "WITH ",
        "COPY ",
        "PREPARE",
        "EXECUTE",
        "DECLARE",
        "FETCH",
        "CLOSE",
        "DISCARD",
        "DEALLOCATE",
    ];
    let writes = [
        "INSERT",
        "UPDATE ",
        "DELETE",
        "TRUNCATE",
        "CREATE",
        "ALTER",
        "DROP",
        "GRANT",
        "REVOKE",
        "nextval(",
        "setval(",
        "dblink",
        " FROM STDIN",
    ];
    let reads = begins.iter().any(|word| text.starts_with(word))
        && !writes.iter().any(|word| {
            let ahead = [";", "; ", "\n"].map(|before| format!("{before}{word}"));
            ahead.iter().any(|words| text.contains(words))
        });
    let read_only = is_read_only || reads;
    about_scratch || read_only
}
