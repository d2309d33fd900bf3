//! Chains and files that reach out of their database: what only looks changes nothing there. The
//! witness is the server, asked by a client that knows nothing of the command.

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

/// What replays the chain. The last one writes a file of the project.
const LOOKS: [&[&str]; 12] = [
    &["verify"],
    &["doctor"],
    &["diff", "database", "head"],
    &["diff", "empty", "head", "--format", "sql"],
    &["stamp", "--detect", "--dry-run"],
    &["check", "--models"],
    &["lock", "--schema"],
    &["repair"],
    &["repair", "--ledger"],
    &["repair", "--schema"],
    &["snapshot"],
    &["new", "--auto", "x"],
];

fn revision(project: &TestProject, id: &str, parents: &str, words: &str, up: &str) {
    project.write(
        &format!("migrations/{id}.sql"),
        format!(
            "-- revision: {id}\n-- parents: {parents}\n-- message: {id}\n-- migrate: up{words}\n{up}\n-- migrate: irreversible a test\n"
        ),
    );
}

fn chain_on(database: &TestDatabase, revisions: &[(&str, &str)]) -> TestProject {
    let project = project();
    let (dialect, url) = (database.dialect(), database.url());
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"{url}\"\n"),
    );
    let mut parent = "none";
    for (id, up) in revisions {
        let (id, words) = id
            .split_once(' ')
            .map_or((*id, String::new()), |(id, words)| {
                (id, format!(" {words}"))
            });
        revision(&project, id, parent, &words, up);
        parent = id;
    }
    project.run(["lock", "-q"]).success().done();
    project
}

fn name_of(database: &TestDatabase) -> &str {
    let (_, name) = database.url().rsplit_once('/').expect("a database");
    name
}

/// What a client sees of some queries.
async fn seen(database: &TestDatabase, queries: &[String]) -> Vec<Vec<Vec<String>>> {
    let mut seen = Vec::new();
    for query in queries {
        seen.push(database.rows(query).await);
    }
    seen
}

/// Each command that looks leaves all of this as it is.
async fn nothing_changes(project: &TestProject, database: &TestDatabase, queries: &[String]) {
    let before = seen(database, queries).await;
    for look in LOOKS {
        let output = project.run(look);
        let after = seen(database, queries).await;
        assert_eq!(after, before, "after {look:?}:\n{output}");
    }
}

/// The names of files and what is left out of them.
fn left_out(project: &TestProject, arguments: &[&str]) -> Vec<String> {
    let json = project.run(arguments).json();
    let list = json["not_replayed"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|left| {
            let text = |key: &str| left[key].as_str().unwrap_or_default().to_owned();
            format!("{}:{} {}", text("file"), left["line"], text("what"))
        })
        .collect()
}

/// As a dump with `--databases` begins, and as people write by hand.
fn shop(db: &str) -> String {
    format!(
        "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `{db}` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
USE `{db}`;
DROP TABLE IF EXISTS `{db}`.`orders`;
CREATE TABLE {db}.orders (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 1);
CREATE TABLE log (id INT);
CREATE VIEW {db}.totals AS SELECT {db}.orders.id, {db}.orders.n FROM {db}.orders, {db}.log;
CREATE TRIGGER {db}.logged AFTER DELETE ON {db}.orders FOR EACH ROW INSERT INTO {db}.log VALUES (OLD.id);
CREATE PROCEDURE {db}.pay() UPDATE {db}.orders SET n = n * 2;
CREATE EVENT {db}.nightly ON SCHEDULE EVERY 1 SECOND DO DELETE FROM {db}.orders WHERE n > 1000000;"
    )
}

async fn looks_leave_mysql_alone(name: &str) {
    let database = TestDatabase::create(Dialect::MySql, name).await;
    let db = name_of(&database);
    let account = format!("{}_app", &db[..16]);
    database
        .execute(&format!("DROP USER IF EXISTS {account}"))
        .await;
    let rest = format!(
        "CREATE USER {account} IDENTIFIED BY 'first';
GRANT SELECT ON {db}.* TO {account};
SET GLOBAL default_week_format = 3;
CALL {db}.pay();
UPDATE {db}.orders SET n = n + 1;
INSERT INTO {db}.log SELECT id FROM {db}.orders;
SET @sql = 'ALTER TABLE {db}.orders COMMENT = ''x''';
PREPARE s FROM @sql;
EXECUTE s;
DEALLOCATE PREPARE s;
/*!40000 TRUNCATE TABLE {db}.log */;"
    );
    let project = chain_on(&database, &[("a", &shop(db)), ("b", &rest)]);
    project.run(["run", "-q"]).success().done();
    database
        .execute(&format!(
            "SET GLOBAL default_week_format = 0; INSERT INTO orders VALUES (1, 5), (2, 6); INSERT INTO log VALUES (7); \
             ALTER USER {account} IDENTIFIED BY 'rotated'; REVOKE SELECT ON {db}.* FROM {account}"
        ))
        .await;
    let queries = [
        "SELECT CAST(id AS CHAR), CAST(n AS CHAR) FROM orders ORDER BY id".to_owned(),
        "SELECT CAST(id AS CHAR) FROM log".to_owned(),
        format!(
            "SELECT CAST(authentication_string AS CHAR) FROM mysql.user WHERE user = '{account}'"
        ),
        format!("SELECT CAST(COUNT(*) AS CHAR) FROM mysql.db WHERE user = '{account}'"),
        "SELECT CAST(@@global.default_week_format AS CHAR)".to_owned(),
    ];
    project.run(["verify"]).success().done();
    nothing_changes(&project, &database, &queries).await;
    assert_eq!(
        left_out(&project, &["verify", "--format", "json"]),
        [
            "migrations/b.sql:5 CREATE USER",
            "migrations/b.sql:6 GRANT",
            "migrations/b.sql:7 SET GLOBAL"
        ]
    );
    let told = project.run(["verify"]).stderr;
    assert_eq!(told.matches("not replayed: ").count(), 3, "{told}");

    // A dump of it says the same, and the same names in its file are no other database.
    project.write(
        "dump.sql",
        shop(db) + "\nALTER TABLE orders COMMENT = 'x';\n",
    );
    project
        .run(["diff", "database", "dump.sql"])
        .success()
        .done();
    assert_eq!(seen(&database, &queries[..1]).await[0].len(), 2);
    database.execute(&format!("DROP USER {account}")).await;
}

#[tokio::test]
async fn looks_leave_mysql_alone_on_mysql() {
    looks_leave_mysql_alone("looks_leave_mysql_alone_on_mysql").await;
}

#[tokio::test]
async fn another_database_is_refused_on_mysql() {
    let database = TestDatabase::create(Dialect::MySql, "another_database_is_refused_1").await;
    let other = TestDatabase::create(Dialect::MySql, "another_database_is_refused_2").await;
    other.execute("CREATE TABLE t (id INT)").await;
    let named = name_of(&other);
    let up =
        format!("CREATE TABLE a (id INT);\nDELETE FROM `{named}`.t WHERE id = 1;\nUSE {named};");
    let project = chain_on(&database, &[("a", &up)]);
    project.run(["run", "-q"]).done();
    other.execute("INSERT INTO t VALUES (1)").await;
    for look in LOOKS {
        let output = project.run(look);
        let rows = other.rows("SELECT CAST(id AS CHAR) FROM t").await;
        assert_eq!(rows, [["1"]], "after {look:?}:\n{output}");
    }
    let output = project
        .run(["diff", "empty", "head", "--format", "json"])
        .code(1);
    let error = &output.json()["error"];
    assert_eq!(error["code"], "other-database");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("migrations/a.sql:6: "), "{message}");
    // A file is looked at as a chain is.
    project.write("want.sql", format!("DROP TABLE IF EXISTS {named}.t;"));
    let output = project.run(["diff", "database", "want.sql", "--format", "json"]);
    assert_eq!(output.code(1).json()["error"]["code"], "other-database");
    assert_eq!(other.rows("SELECT CAST(id AS CHAR) FROM t").await, [["1"]]);
}

#[tokio::test]
async fn looks_leave_postgres_alone() {
    let database = TestDatabase::create(Dialect::Postgres, "looks_leave_postgres_alone").await;
    let db = name_of(&database);
    let role = format!("{}_app", &db[..16]);
    let login = format!("{role}_login");
    let drop_roles = format!("DROP ROLE IF EXISTS {role}, {login}");
    database.execute(&drop_roles).await;
    let up = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF; END $$;
ALTER ROLE {role} WITH LOGIN PASSWORD 'first';
CREATE ROLE {login} LOGIN;
GRANT {role} TO {login};
CREATE TABLE t (id INT PRIMARY KEY);
GRANT SELECT ON t TO {role};
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON t TO {role} USING (true);
CREATE VIEW v AS SELECT id FROM t;
ALTER VIEW v OWNER TO {role};
GRANT SELECT ON v TO {login};
ALTER DEFAULT PRIVILEGES FOR ROLE {role} GRANT SELECT ON TABLES TO {login};
COMMENT ON DATABASE {db} IS 'first';
ALTER DATABASE {db} SET statement_timeout = '1h';
GRANT CONNECT ON DATABASE {db} TO {role};
COMMENT ON ROLE {role} IS 'first';
GRANT ALL ON SCHEMA public TO {role};
SET ROLE {role};
CREATE TABLE own (id int);
RESET ROLE;
CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE {role} PASSWORD ''again'''; END $$;
SELECT again();
CREATE SUBSCRIPTION {role} CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);"
    );
    let project = chain_on(&database, &[("a", &up)]);
    project.run(["run", "-q"]).success().done();
    database
        .execute(&format!(
            "ALTER ROLE {role} NOLOGIN PASSWORD 'rotated'; REVOKE {role} FROM {login}; COMMENT ON ROLE {role} IS 'changed'; \
             COMMENT ON DATABASE {db} IS 'changed'; ALTER DATABASE {db} RESET ALL; REVOKE CONNECT ON DATABASE {db} FROM {role}; \
             INSERT INTO t VALUES (1)"
        ))
        .await;
    let queries = [
        format!(
            "SELECT rolname::text, rolcanlogin::text, rolpassword FROM pg_authid WHERE rolname LIKE '{}%' ORDER BY 1",
            &db[..16]
        ),
        format!(
            "SELECT count(*)::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE rolname = '{role}'"
        ),
        format!(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{role}'"
        ),
        format!(
            "SELECT shobj_description(oid, 'pg_database'), datacl::text FROM pg_database WHERE datname = '{db}'"
        ),
        format!(
            "SELECT count(*)::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = '{db}'"
        ),
        format!("SELECT count(*)::text FROM pg_subscription WHERE subname = '{role}'"),
        "SELECT id::text FROM t".to_owned(),
    ];
    project.run(["verify"]).success().done();
    nothing_changes(&project, &database, &queries).await;
    let left = left_out(&project, &["verify", "--format", "json"]);
    let words: Vec<_> = left
        .iter()
        .filter_map(|left| left.split_once(' '))
        .map(|(_, words)| words)
        .collect();
    assert_eq!(
        words,
        [
            "CREATE ROLE",
            "ALTER ROLE",
            "CREATE ROLE",
            "GRANT of a role",
            "COMMENT ON ROLE",
            "uses `again`, which reaches out",
            "CREATE SUBSCRIPTION"
        ]
    );
    for sql in [
        format!("ALTER SUBSCRIPTION {role} SET (slot_name = NONE)"),
        format!("DROP SUBSCRIPTION {role}"),
        format!("DROP OWNED BY {login}"),
        format!("DROP OWNED BY {role}"),
    ] {
        database.execute(&sql).await;
    }
    database.execute(&drop_roles).await;

    // Where they are not there at all, they are made without login, and gone at the end.
    project.run(["diff", "empty", "head"]).success().done();
    let roles = format!(
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE '{}%' OR shobj_description(oid, 'pg_authid') LIKE 'created by cargo migrate%' AND rolname LIKE '{}%'",
        &db[..16],
        &db[..16]
    );
    assert_eq!(database.rows(&roles).await, Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn a_foreign_table_gets_no_rows_of_replays_on_postgres() {
    let database = TestDatabase::create(Dialect::Postgres, "a_foreign_table_gets_no_rows").await;
    let far = TestDatabase::create(Dialect::Postgres, "a_foreign_table_far_away").await;
    far.execute("CREATE TABLE eu (region text, id int)").await;
    let (_, rest) = far.url().split_once("://").expect("a url");
    let (account, place) = rest.rsplit_once('@').expect("an account");
    let (user, password) = account.split_once(':').unwrap_or((account, ""));
    let (place, name) = place.split_once('/').expect("a database");
    let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
    let up = format!(
        "CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', port '{port}', dbname '{name}');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user '{user}', password '{password}');
CREATE TABLE orders (region text, id int) PARTITION BY LIST (region);
CREATE TABLE us PARTITION OF orders FOR VALUES IN ('us');
CREATE FOREIGN TABLE eu PARTITION OF orders FOR VALUES IN ('eu') SERVER far;
INSERT INTO orders VALUES ('eu', 1), ('us', 1);
INSERT INTO eu VALUES ('eu', 2);
CREATE MATERIALIZED VIEW kept AS SELECT * FROM eu;
CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO eu VALUES ('eu', 3); RETURN NEW; END $$;
CREATE TABLE t (id int);
CREATE TRIGGER more AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION more();
INSERT INTO t VALUES (1);"
    );
    let project = chain_on(&database, &[("a", &up)]);
    project.run(["run", "-q"]).success().done();
    let rows = "SELECT id::text FROM eu ORDER BY 1";
    assert_eq!(far.rows(rows).await, [["1"], ["2"], ["3"]]);
    project.run(["verify"]).success().done();
    for look in LOOKS {
        let output = project.run(look);
        let after = far.rows(rows).await;
        assert_eq!(after, [["1"], ["2"], ["3"]], "after {look:?}:\n{output}");
    }
}

#[tokio::test]
async fn looks_leave_other_files_alone_on_sqlite() {
    let database = TestDatabase::create(Dialect::Sqlite, "looks_leave_other_files_alone").await;
    let folder = database.url().trim_start_matches("sqlite://");
    let archive = folder.replace("test.db?mode=rwc", "archive.db");
    let copy = folder.replace("test.db?mode=rwc", "copy.db");
    let up = format!(
        "ATTACH '{archive}' AS archive;
DROP TABLE IF EXISTS archive.old;
CREATE TABLE archive.old (id INTEGER);
CREATE TABLE t (id INTEGER);
INSERT INTO t SELECT id FROM archive.old;
DELETE FROM archive.old;
DETACH archive;
VACUUM INTO '{copy}';"
    );
    let project = chain_on(&database, &[("a no-transaction", &up)]);
    project.run(["run", "-q"]).success().done();
    std::fs::remove_file(&copy).expect("the copy was made");
    let other = TestDatabase::existing(&format!("sqlite://{archive}"));
    other.execute("INSERT INTO old VALUES (1), (2)").await;
    project.run(["verify"]).success().done();
    for look in LOOKS {
        let output = project.run(look);
        let rows = other.rows("SELECT CAST(id AS TEXT) FROM old").await;
        assert_eq!(rows, [["1"], ["2"]], "after {look:?}:\n{output}");
        assert!(
            !std::path::Path::new(&copy).exists(),
            "after {look:?}:\n{output}"
        );
    }
    let left = left_out(&project, &["verify", "--format", "json"]);
    assert_eq!(left.len(), 3, "{left:?}");
    assert_eq!(left[2], "migrations/a.sql:12 VACUUM INTO");
}

#[test]
fn check_and_import_say_which_revisions_reach_out() {
    let project = project();
    project.write("migrate.toml", "dialects = [\"postgres\"]\n");
    revision(&project, "a", "none", "", "CREATE TABLE role (id int);");
    revision(
        &project,
        "b",
        "a",
        "",
        "CREATE ROLE app;\nALTER ROLE app PASSWORD 'x';",
    );
    project.run(["lock", "-q"]).success().done();
    let found = project.run(["check", "--format", "json"]).success().json();
    let found = found["diagnostics"].as_array().expect("a list").clone();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "reaches-out");
    assert_eq!(found[0]["line"], 5);
    project.write(
        "migrate.toml",
        "dialects = [\"postgres\"]\n[rules]\nreaches-out = \"allow\"\n",
    );
    let found = project.run(["check", "--format", "json"]).success().json();
    assert_eq!(found["diagnostics"].as_array().map(Vec::len), Some(0));
    project.write(
        "migrate.toml",
        "dialects = [\"postgres\"]\n[rules]\nreaches-out = \"deny\"\n",
    );
    project.run(["check"]).code(1).done();

    let project = crate::project();
    project.write(
        "old/V1__a.sql",
        "CREATE TABLE t (id int);\nCREATE ROLE app;\n",
    );
    let output = project.run(["import", "flyway", "old", "--dialect", "postgres"]);
    let output = output.success();
    assert!(output.stderr.contains("reaches-out"), "{output}");
}
