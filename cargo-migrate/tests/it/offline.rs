//! `run --sql` and `revert --sql`: what the databases' own clients do with the scripts.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::{Value, json};

use crate::{Done as _, chain, project};

/// A chain on one database that is migrated by scripts, and one that is migrated by the command.
struct Twins {
    project: TestProject,
    offline: TestDatabase,
    online: TestDatabase,
}

impl Twins {
    async fn new(dialect: Dialect, name: &str, project: TestProject) -> Self {
        let twins = Self {
            project,
            offline: TestDatabase::create(dialect, &format!("{name}_offline")).await,
            online: TestDatabase::create(dialect, &format!("{name}_online")).await,
        };
        twins.project.write(
            "migrate.toml",
            format!(
                "dialects = [\"{dialect}\"]\n[rules]\nmultiple-bases = \"allow\"\nmultiple-heads = \"allow\"\n\
                 [env.dev]\nurl = \"${{OFFLINE_URL}}\"\n[env.online]\nurl = \"${{ONLINE_URL}}\"\n"
            ),
        );
        twins.project.write(
            ".env",
            format!(
                "OFFLINE_URL={}\nONLINE_URL={}\n",
                twins.offline.url(),
                twins.online.url()
            ),
        );
        twins
    }

    /// The script of some arguments.
    #[track_caller]
    fn script(&self, arguments: &[&str]) -> String {
        self.project.run(arguments).success().stdout
    }

    /// Sends the script of some arguments with the client, and does the same online.
    #[track_caller]
    fn both(&self, arguments: &[&str], online: &[&str]) {
        let script = self.script(arguments);
        let output = self.offline.client(&script);
        assert!(output.status.success(), "{output:?}\n{script}");
        let mut online = online.to_vec();
        online.extend(["--env", "online"]);
        self.project.run(online).success().done();
    }

    async fn assert_same(&self) {
        assert_eq!(ledger(&self.offline).await, ledger(&self.online).await);
        assert_eq!(self.offline.tables().await, self.online.tables().await);
        assert_eq!(self.status("dev"), self.status("online"));
    }

    /// What `status` says, but for what differs from run to run.
    #[track_caller]
    fn status(&self, env: &str) -> Value {
        let arguments = ["status", "--env", env, "--format", "json"];
        let mut status = self.project.run(arguments).json();
        status["database"] = Value::Null;
        for list in ["applied", "failed", "changed", "unknown"] {
            for row in status[list].as_array_mut().into_iter().flatten() {
                for varying in ["applied_at", "duration_ms"] {
                    row[varying] = Value::Null;
                }
            }
        }
        status
    }
}

/// The ledger, but for when, how long, and by whom.
async fn ledger(database: &TestDatabase) -> [Vec<Vec<String>>; 2] {
    [
        database
            .rows(
                "SELECT revision, parents, message, hash, chain_hash, state, CAST(statements AS CHAR(9)), error, tool, file, body \
                 FROM migrate_revision ORDER BY revision",
            )
            .await,
        database
            .rows("SELECT kind, revision, tool FROM migrate_event ORDER BY id")
            .await,
    ]
}

fn revision(project: &TestProject, id: &str, parents: &str, sections: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!("-- revision: {id}\n-- parents: {parents}\n-- message: it's \"{id}\" \\ 100%\n{sections}"),
    );
}

/// A chain that holds what a client could stumble over.
fn odd(dialect: Dialect) -> TestProject {
    let project = project();
    let options = match dialect {
        Dialect::MySql => "CHARACTER SET utf8mb4",
        Dialect::Sqlite | Dialect::Postgres => "",
    };
    revision(
        &project,
        "a",
        "none",
        &format!(
            "\n-- migrate: up\n-- a comment; with a semicolon, and 'a quote\nCREATE TABLE t (id INTEGER PRIMARY KEY, text VARCHAR(200) /* ; */) {options};\n\
         INSERT INTO t VALUES (1, 'it''s; \u{1f980} :name :''x'' $1 ? ${{y}} -- no comment');\r\nINSERT INTO t VALUES (2, 'two\nlines;\n');\n\
         \n-- migrate: down\nDROP TABLE t;\n"
        ),
    );
    let routine = match dialect {
        Dialect::Sqlite => {
            "\n-- migrate: up\nCREATE TABLE log (id INTEGER, note TEXT);\nCREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.id, 'a;b'); UPDATE log SET note = note || CASE WHEN 1 THEN 'x' END; END;\n\
             INSERT INTO t VALUES (3, 'C:\\new\\');\n-- migrate: down\nDROP TRIGGER tr;\nDROP TABLE log;\n"
        }
        Dialect::Postgres => {
            "\n-- migrate: up\nCREATE TABLE log (id INTEGER, note TEXT);\nCREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN INSERT INTO log VALUES (NEW.id, 'a;b'); RETURN NULL; END $body$;\n\
             CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();\nINSERT INTO t VALUES (3, E'C:\\\\new\\\\;') ;\nSET search_path = pg_catalog;\n\
             -- migrate: down\nDROP TRIGGER tr ON t;\nDROP FUNCTION f;\nDROP TABLE log;\n"
        }
        Dialect::MySql => {
            "\n-- migrate: up\nCREATE TABLE log (id INTEGER, note TEXT);\nCREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO log VALUES (NEW.id, 'a;b//'); END;\n\
             DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END;;\nDELIMITER ;\nINSERT INTO t VALUES (3, 'C:\\\\new\\\\;\\'');\n# a comment; of MySQL\n\
             -- migrate: down\nDROP PROCEDURE p;\nDROP TRIGGER tr;\nDROP TABLE log;\n"
        }
    };
    revision(&project, "b", "a", routine);
    let by_statement = match dialect {
        Dialect::Sqlite => {
            "\n-- migrate: up no-transaction\nPRAGMA user_version = 7;\nCREATE INDEX i ON t (text);\n-- migrate: down\nDROP INDEX i;\n"
        }
        Dialect::Postgres => {
            "\n-- migrate: up no-transaction\nCREATE INDEX CONCURRENTLY i ON t (text);\nVACUUM t;\n-- migrate: down no-transaction\nDROP INDEX CONCURRENTLY i;\n"
        }
        Dialect::MySql => {
            "\n-- migrate: up\nCREATE INDEX i ON t (text);\nALTER TABLE t ADD more INT;\n-- migrate: down\nALTER TABLE t DROP more;\nDROP INDEX i ON t;\n"
        }
    };
    revision(&project, "c", "a", by_statement);
    revision(&project, "m", "b, c", "");
    revision(
        &project,
        "d",
        "m",
        "\n-- migrate: up\nDELETE FROM t WHERE id = 2;\n-- migrate: irreversible the rows are gone; it's so\n",
    );
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"{dialect}://x\"\n"),
    );
    project.run(["lock"]).success().done();
    project
}

/// After a script everything is as after a run.
async fn as_a_run(dialect: Dialect) {
    let twins = Twins::new(dialect, "script_as_a_run", odd(dialect)).await;
    // In two parts: from nothing, and from somewhere.
    twins.both(&["run", "--sql", "b"], &["run", "b"]);
    twins.assert_same().await;
    twins.both(&["run", "--sql"], &["run"]);
    twins.assert_same().await;
    assert_eq!(
        twins.offline.rows("SELECT text FROM t WHERE id = 1").await,
        [["it's; \u{1f980} :name :'x' $1 ? ${y} -- no comment"]]
    );
    assert_eq!(
        twins.offline.rows("SELECT text FROM t ORDER BY id").await,
        twins.online.rows("SELECT text FROM t ORDER BY id").await
    );
    twins.project.run(["run", "--strict"]).code(1).done();
    // `d` has no way back: taken out of the ledger, all others go.
    for env in ["dev", "online"] {
        let back = ["stamp", "m", "--env", env];
        twins.project.run(back).success().done();
    }
    twins.both(&["revert", "--sql", "base"], &["revert", "base"]);
    twins.assert_same().await;
    assert_eq!(
        twins.offline.tables().await,
        ["migrate_event", "migrate_revision"]
    );
    twins.project.run(["run"]).success().done();
}

#[tokio::test]
async fn as_a_run_on_sqlite() {
    as_a_run(Dialect::Sqlite).await;
}

#[tokio::test]
async fn as_a_run_on_postgres() {
    as_a_run(Dialect::Postgres).await;
}

#[tokio::test]
async fn as_a_run_on_mariadb() {
    as_a_run(Dialect::MySql).await;
}

/// Ranges are written without a database, and stop where the database is elsewhere.
async fn ranges(dialect: Dialect) {
    let twins = Twins::new(dialect, "script_ranges", chain("a  b:a  c:a  m:b,c  d:m")).await;
    twins.project.run(["lock"]).done();
    let dialect_argument = ["--dialect", dialect.as_str(), "--database-url", "nowhere:1"];
    let script = |direction: &str, range: &str| {
        let mut arguments = vec![direction, "--sql", range];
        arguments.extend(dialect_argument);
        twins.script(&arguments)
    };
    let first = script("run", "base:b");
    let second = script("run", "b:heads");
    // Not where the second begins: nothing happens.
    refused(&twins.offline, &second).await;
    assert!(twins.offline.client(&first).status.success());
    // Sent twice, nothing happens either.
    refused(&twins.offline, &first).await;
    assert!(twins.offline.client(&second).status.success());
    twins
        .project
        .run(["run", "b", "--env", "online"])
        .success()
        .done();
    twins
        .project
        .run(["run", "--env", "online"])
        .success()
        .done();
    twins.assert_same().await;
    refused(&twins.offline, &second).await;

    let down = script("revert", "heads:b");
    assert!(twins.offline.client(&down).status.success());
    twins
        .project
        .run(["revert", "b", "--env", "online"])
        .success()
        .done();
    twins.assert_same().await;
    refused(&twins.offline, &down).await;
    let rest = script("revert", "b,c:base");
    let output = twins.offline.client(&rest);
    assert!(output.status.success(), "{output:?}\n{rest}");
    twins
        .project
        .run(["revert", "base", "--env", "online"])
        .success()
        .done();
    twins.assert_same().await;
}

/// The client fails, and leaves the database as it was.
async fn refused(database: &TestDatabase, script: &str) {
    let tables = database.tables().await;
    let before = match tables.is_empty() {
        true => None,
        false => Some(ledger(database).await),
    };
    let output = database.client(script);
    assert!(!output.status.success(), "{output:?}\n{script}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("this step begins at") || told.contains("no ledger"),
        "{told}"
    );
    assert_eq!(database.tables().await, tables, "{told}");
    if let Some(before) = before {
        assert_eq!(ledger(database).await, before, "{told}");
    }
}

#[tokio::test]
async fn ranges_on_sqlite() {
    ranges(Dialect::Sqlite).await;
}

#[tokio::test]
async fn ranges_on_postgres() {
    ranges(Dialect::Postgres).await;
}

#[tokio::test]
async fn ranges_on_mariadb() {
    ranges(Dialect::MySql).await;
}

/// A database that has another text of the same revision is not where the script begins.
async fn another_history(dialect: Dialect) {
    let twins = Twins::new(dialect, "script_history", chain("a  b:a")).await;
    twins.project.run(["run", "a"]).success().done();
    let text = twins.project.read("migrations/a.sql");
    twins.project.write(
        "migrations/a.sql",
        text.replace("PRIMARY KEY", "NOT NULL PRIMARY KEY"),
    );
    twins
        .project
        .run(["lock", "--amend", "a", "-q"])
        .success()
        .done();
    let script = twins.script(&["run", "--sql", "a:b", "--dialect", dialect.as_str()]);
    refused(&twins.offline, &script).await;
}

#[tokio::test]
async fn another_history_on_sqlite() {
    another_history(Dialect::Sqlite).await;
}

#[tokio::test]
async fn another_history_on_postgres() {
    another_history(Dialect::Postgres).await;
}

#[tokio::test]
async fn another_history_on_mariadb() {
    another_history(Dialect::MySql).await;
}

/// A statement that fails half way leaves what a run would leave.
async fn failing(dialect: Dialect) {
    let project = chain("a");
    revision(
        &project,
        "b",
        "a",
        "\n-- migrate: up\nCREATE TABLE one (id INTEGER);\nCREATE TABLE two (id INTEGER);\nINSERT INTO missing VALUES (1);\nCREATE TABLE three (id INTEGER);\n\
         -- migrate: down\nDROP TABLE three;\nDROP TABLE two;\nDROP TABLE one;\n",
    );
    let twins = Twins::new(dialect, "script_failing", project).await;
    twins.project.run(["lock"]).success().done();
    let output = twins.offline.client(&twins.script(&["run", "--sql"]));
    assert!(!output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("missing"), "{told}");
    let status = twins.status("dev");
    let applied = &status["applied"];
    assert_eq!(applied.as_array().map(Vec::len), Some(1), "{status}");
    assert_eq!(applied[0]["revision"], "a", "{status}");
    let tables = twins.offline.tables().await;
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => {
            assert_eq!(tables, ["migrate_event", "migrate_revision", "t_a"]);
            assert_eq!(status["failed"], json!([]));
        }
        Dialect::MySql => {
            assert_eq!(
                tables,
                ["migrate_event", "migrate_revision", "one", "t_a", "two"]
            );
            assert_eq!(status["failed"][0]["revision"], "b", "{status}");
            assert_eq!(status["failed"][0]["statements"], 2, "{status}");
        }
    }
    // Once repaired, the command goes on from there.
    twins
        .offline
        .execute("CREATE TABLE missing (id INTEGER)")
        .await;
    let on: &[&str] = match dialect {
        Dialect::MySql => &["run", "--resume"],
        Dialect::Sqlite | Dialect::Postgres => &["run"],
    };
    twins.project.run(on).success().done();
    assert_eq!(twins.offline.rows("SELECT * FROM missing").await.len(), 1);
}

#[tokio::test]
async fn failing_on_sqlite() {
    failing(Dialect::Sqlite).await;
}

#[tokio::test]
async fn failing_on_postgres() {
    failing(Dialect::Postgres).await;
}

#[tokio::test]
async fn failing_on_mariadb() {
    failing(Dialect::MySql).await;
}

/// Rows that point nowhere are found before a step is committed, as in a run.
#[tokio::test]
async fn sqlite_keeps_its_foreign_keys() {
    let project = chain("a");
    revision(
        &project,
        "b",
        "a",
        "\n-- migrate: up\nCREATE TABLE child (a INTEGER REFERENCES t_a (id));\nINSERT INTO child VALUES (99);\n-- migrate: down\nDROP TABLE child;\n",
    );
    let twins = Twins::new(Dialect::Sqlite, "script_keys", project).await;
    twins.project.run(["lock"]).success().done();
    twins.project.run(["run", "a"]).success().done();
    let output = twins.offline.client(&twins.script(&["run", "--sql"]));
    assert!(!output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("rows that do not exist"),
        "{output:?}"
    );
    assert_eq!(
        twins.offline.tables().await,
        ["migrate_event", "migrate_revision", "t_a"]
    );
}

#[test]
fn a_script_to_read() {
    let project = chain("a  b:a");
    for dialect in ["sqlite", "postgres", "mysql"] {
        let script = project
            .run(["run", "--sql", "a:b", "--dialect", dialect])
            .success()
            .stdout;
        let version = env!("CARGO_PKG_VERSION");
        // The names that MySQL is given are long and say nothing.
        insta::assert_snapshot!(dialect, script.replace(version, "[version]"));
    }
}

#[test]
fn wrong_usage() {
    let project = chain("a  b:a");
    assert_snapshot!(project.run(["run", "--sql", "--dry-run"]), @"
    ------- stderr -------
    error: the argument '--sql' cannot be used with '--dry-run'

    Usage: cargo migrate run --sql [TARGET]

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(project.run(["run", "--dialect", "postgres"]), @"
    ------- stderr -------
    error: the following required arguments were not provided:
      --sql

    Usage: cargo migrate run --sql --dialect <DIALECT> [TARGET]

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(project.run(["run", "--sql", "--dialect", "postgres"]), @"
    ------- stderr -------
    error: the script begins where the database is, and `sqlite://dev.db` is not PostgreSQL
    help: name a range, which needs no database: `base:head`
    [exit status: 2]
    ");
    assert_snapshot!(project.run(["run", "--sql", "b:a"]), @"
    -- cargo-migrate 0.1.0 for SQLite: applies 0 revisions
    -- from b
    -- to   b
    -- There is nothing to do.
    ");
    assert_snapshot!(project.run(["revert", "--sql", "a:b"]), @"
    ------- stderr -------
    error: `b` is not an ancestor of the applied revisions: `a`
    help: `cargo migrate status` shows what is applied
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["run", "--sql", "a:zz"]), @"
    ------- stderr -------
    error: revision `zz` does not exist
    help: `cargo migrate history` lists the revisions
    [exit status: 1]
    ");
    project.write("migrate.toml", "");
    assert_snapshot!(project.run(["run", "--sql", "a:b"]), @"
    ------- stderr -------
    error: the dialect of the script is not specified
    help: add `--dialect sqlite`, `--dialect postgres` or `--dialect mysql`
    [exit status: 2]
    ");
}
