//! A ledger in a schema of its own: one that is not there yet, and one that a revision moves.

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, chain};

/// A chain of two whose ledger is in `schema`.
fn with_ledger(dialect: Dialect, schema: &str, database: &TestDatabase) -> TestProject {
    let project = chain("a  b:a");
    project.write(
        "migrate.toml",
        format!(
            "dialects = [\"{dialect}\"]\n[ledger]\nschema = \"{schema}\"\n[env.dev]\nurl = \"{}\"\n",
            database.url()
        ),
    );
    project
}

/// The schemas of this name; the databases, on MySQL.
async fn schemas(database: &TestDatabase, name: &str) -> usize {
    let sql =
        format!("SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{name}'");
    database.rows(&sql).await.len()
}

/// The name of a database beside the test's own, as MySQL's databases are for the whole server.
async fn beside(database: &TestDatabase, suffix: &str) -> String {
    let name = match database.dialect() {
        Dialect::Postgres => database.rows("SELECT current_database()").await,
        _ => database.rows("SELECT DATABASE()").await,
    };
    format!("{}_{suffix}", name[0][0])
}

async fn a_missing_schema_is_made(dialect: Dialect) {
    let database = TestDatabase::create(dialect, "cli_ledger_schema").await;
    let schema = beside(&database, "ops").await;
    let what = if dialect == Dialect::MySql {
        "DATABASE"
    } else {
        "SCHEMA"
    };
    database
        .execute(&format!("DROP {what} IF EXISTS {schema}"))
        .await;
    let project = with_ledger(dialect, &schema, &database);
    // What only reads takes it for an empty ledger, and makes nothing.
    for command in [
        &["status"][..],
        &["current"],
        &["plan"],
        &["run", "--dry-run"],
        &["doctor"],
        &["status", "--events"],
        &["history", "current:"],
    ] {
        let output = project.run(command);
        assert!(
            !output.to_string().contains("cannot be used"),
            "{command:?}: {output}"
        );
        assert_eq!(schemas(&database, &schema).await, 0, "{command:?}");
    }
    project.run(["run"]).success().done();
    let rows = format!("SELECT revision FROM {schema}.migrate_revision ORDER BY 1");
    assert_eq!(database.rows(&rows).await, [["a"], ["b"]]);
    assert_eq!(database.tables().await, ["t_a", "t_b"]);
    // The replay has a ledger of its own.
    for command in [
        &["verify"][..],
        &["stamp", "a", "--detect", "--dry-run"],
        &["diff", "database", "head"],
    ] {
        let output = project.run(command);
        assert!(
            output.code != Some(2) && !output.stderr.contains("error"),
            "{command:?}: {output}"
        );
        assert_eq!(database.rows(&rows).await, [["a"], ["b"]]);
    }
    project.run(["verify"]).success().done();
    project.run(["revert", "base"]).success().done();
    let cascade = match dialect {
        Dialect::Postgres => " CASCADE",
        Dialect::Sqlite | Dialect::MySql => "",
    };
    let drop_schema = format!("DROP {what} {schema}{cascade}");
    database.execute(&drop_schema).await;
    project.run(["stamp", "b"]).success().done();
    assert_eq!(database.rows(&rows).await, [["a"], ["b"]]);
    database.execute(&drop_schema).await;
}

#[tokio::test]
async fn a_missing_schema_is_made_on_postgres() {
    a_missing_schema_is_made(Dialect::Postgres).await;
}

#[tokio::test]
async fn a_missing_schema_is_made_on_mariadb() {
    a_missing_schema_is_made(Dialect::MySql).await;
}

/// A user who may not make a schema is told what to let somebody type, and that is enough.
async fn a_schema_that_may_not_be_made(dialect: Dialect) {
    let database = TestDatabase::create(dialect, "cli_ledger_schema_denied").await;
    let schema = beside(&database, "ops").await;
    let user = schema.replace("test_", "u");
    let parts = url::Url::parse(database.url()).expect("a url");
    let name = parts.path().trim_start_matches('/');
    let postgres = dialect == Dialect::Postgres;
    let before: &[String] = &match postgres {
        true => vec![
            format!("DROP ROLE IF EXISTS {user}"),
            format!("CREATE ROLE {user} LOGIN PASSWORD 'only-for-tests'"),
            format!("GRANT CREATE, USAGE ON SCHEMA public TO {user}"),
        ],
        false => vec![
            format!("DROP DATABASE IF EXISTS {schema}"),
            format!("DROP USER IF EXISTS '{user}'@'%'"),
            format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'only-for-tests'"),
            format!("GRANT ALL ON {name}.* TO '{user}'@'%'"),
        ],
    };
    for sql in before {
        database.execute(sql).await;
    }
    let project = with_ledger(dialect, &schema, &database);
    let mut theirs = parts.clone();
    theirs.set_username(&user).expect("a user");
    let run =
        |format: &str| project.run(["run", "--database-url", theirs.as_str(), "--format", format]);
    let failed = run("json").code(1);
    assert_eq!(failed.json()["error"]["code"], "ledger-schema", "{failed}");
    let told = run("human").stderr;
    assert!(told.contains("`CREATE "), "{told}");
    assert_eq!(database.tables().await, [""; 0]);
    let after: &[String] = &match postgres {
        true => vec![format!("CREATE SCHEMA {schema} AUTHORIZATION {user}")],
        false => vec![
            format!("CREATE DATABASE {schema}"),
            format!("GRANT ALL ON {schema}.* TO '{user}'@'%'"),
        ],
    };
    for sql in after {
        database.execute(sql).await;
    }
    run("human").success().done();
    let clean: &[String] = &match postgres {
        true => vec![
            format!("DROP OWNED BY {user} CASCADE"),
            format!("DROP ROLE {user}"),
        ],
        false => vec![
            format!("DROP DATABASE {schema}"),
            format!("DROP USER '{user}'@'%'"),
        ],
    };
    for sql in clean {
        database.execute(sql).await;
    }
}

#[tokio::test]
async fn a_schema_that_may_not_be_made_on_postgres() {
    a_schema_that_may_not_be_made(Dialect::Postgres).await;
}

#[tokio::test]
async fn a_schema_that_may_not_be_made_on_mariadb() {
    a_schema_that_may_not_be_made(Dialect::MySql).await;
}

#[test]
fn sqlite_has_no_schemas() {
    let project = chain("a");
    project.write(
        "migrate.toml",
        "dialects = [\"sqlite\"]\n[ledger]\nschema = \"ops\"\n[env.dev]\nurl = \"sqlite://dev.db\"\n",
    );
    let told = project.run(["run"]).code(1).stderr;
    assert!(told.contains("SQLite has no schemas of its own"), "{told}");
}

/// A revision that takes the ledger away is told as what it is, and kept only where the database
/// cannot roll it back.
async fn a_revision_that_moves_the_ledger(dialect: Dialect, name: &str, up: &str, stays: bool) {
    let database = TestDatabase::create(dialect, name).await;
    let schema = match dialect {
        Dialect::MySql => beside(&database, "ops").await,
        _ => "ops".to_owned(),
    };
    if dialect == Dialect::MySql {
        database
            .execute(&format!("DROP DATABASE IF EXISTS {schema}"))
            .await;
    }
    let project = with_ledger(dialect, &schema, &database);
    if dialect == Dialect::Sqlite {
        project.write(
            "migrate.toml",
            format!(
                "dialects = [\"sqlite\"]\n[env.dev]\nurl = \"{}\"\n",
                database.url()
            ),
        );
    }
    project.write(
        "migrations/c.sql",
        format!("-- revision: c\n-- parents: b\n\n-- migrate: up\nCREATE TABLE t_c (id INTEGER PRIMARY KEY);\n{};\n\n-- migrate: down\nDROP TABLE t_c;\n", up.replace("ops", &schema)),
    );
    project.run(["repair", "--execute"]).done();
    project.run(["lock"]).success().done();
    let failed = project.run(["run", "--format", "json"]).code(1);
    let error = failed.json();
    assert_eq!(error["error"]["code"], "ledger-lost", "{failed}");
    let message = error["error"]["message"].as_str().expect("a text");
    assert!(message.contains("revision `c`"), "{message}");
    assert_eq!(database.tables().await.contains(&"t_c".to_owned()), stays);
    if !stays {
        let current = project.run(["current"]).success().stdout;
        assert!(current.starts_with("b "), "{current}");
    }
}

#[tokio::test]
async fn a_revision_that_moves_the_ledger_on_postgres() {
    for up in [
        "ALTER SCHEMA ops RENAME TO elsewhere",
        "DROP SCHEMA ops CASCADE",
        "ALTER TABLE ops.migrate_revision SET SCHEMA public",
    ] {
        a_revision_that_moves_the_ledger(Dialect::Postgres, "cli_ledger_moved", up, false).await;
    }
}

#[tokio::test]
async fn a_revision_that_moves_the_ledger_on_mariadb() {
    for up in ["DROP DATABASE ops", "DROP TABLE ops.migrate_revision"] {
        a_revision_that_moves_the_ledger(Dialect::MySql, "cli_ledger_moved", up, true).await;
    }
}

#[tokio::test]
async fn a_revision_that_moves_the_ledger_on_sqlite() {
    let up = "DROP TABLE migrate_revision";
    a_revision_that_moves_the_ledger(Dialect::Sqlite, "cli_ledger_moved", up, false).await;
}
