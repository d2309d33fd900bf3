//! Code of MySQL and MariaDB that other clients have created: it means in another database what it
//! meant, and the databases' own dumps say so.

use migrate_core::Dialect;
use migrate_tests::native_dump::mysql_dump;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

/// Runs a statement of each line as another client does: MySQL would keep the semicolon of a message
/// with several statements, and no such dump can be loaded.
async fn execute(database: &TestDatabase, sql: &str) {
    let mut session = database.session().await;
    for statement in sql.lines() {
        session.execute(statement.trim_end_matches(';')).await;
    }
}

/// A project with a database that has a chain already, and an empty one.
async fn adopted(name: &str, sql: &str) -> (TestProject, [TestDatabase; 2]) {
    let live = TestDatabase::create(Dialect::MySql, &format!("stored code {name}")).await;
    let empty = TestDatabase::create(Dialect::MySql, &format!("stored code {name} new")).await;
    execute(&live, sql).await;
    let project = project();
    project.write(
        "migrate.toml",
        format!(
            "[env.live]\nurl = \"{}\"\n[env.empty]\nurl = \"{}\"\n",
            live.url(),
            empty.url()
        ),
    );
    project.write("migrations/.keep", "");
    let baseline = project.run(["baseline", "--env", "live", "--format", "json"]);
    let baseline = baseline.success().json();
    assert_eq!(baseline["draft"], false, "{baseline}");
    (project, [live, empty])
}

async fn dump(database: &TestDatabase) -> String {
    mysql_dump(database.url(), database.is_mariadb().await)
}

/// Compares two dumps line by line.
fn assert_same(found: &str, expected: &str) {
    let only = |has: &str, other: &str| -> Vec<String> {
        let lines = has
            .lines()
            .filter(|line| !other.lines().any(|it| it == *line));
        lines.map(str::to_owned).collect()
    };
    let differences = (only(found, expected), only(expected, found));
    assert_eq!(differences, (Vec::new(), Vec::new()));
    assert_eq!(found, expected);
}

/// Runs the chain in the empty database, and compares both.
async fn is_the_same(project: &TestProject, [live, empty]: &[TestDatabase; 2]) {
    project
        .run(["run", "--env", "empty", "-q"])
        .success()
        .done();
    assert_same(&dump(empty).await, &dump(live).await);
    for env in ["live", "empty"] {
        project.run(["verify", "--env", env]).success().done();
    }
}

const CODE: &str = r#"SET sql_mode = 'STRICT_TRANS_TABLES';
CREATE TABLE flags (id int PRIMARY KEY, a int, b int, e int);
CREATE FUNCTION either(a int, b int) RETURNS int DETERMINISTIC RETURN a || b;
CREATE TRIGGER flags_e BEFORE INSERT ON flags FOR EACH ROW SET NEW.e = NEW.a || NEW.b;
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
CREATE FUNCTION win(a varchar(20)) RETURNS varchar(50) DETERMINISTIC RETURN CONCAT('C:\', a);
CREATE PROCEDURE clean(days int) BEGIN DELETE FROM "flags" WHERE "id" > days; SELECT '\'; END;
SET NAMES latin1, sql_mode = '', time_zone = '+03:00';
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01 02:00:00' DO DELETE FROM flags WHERE id < 0 || e;
CREATE VIEW named AS SELECT id, 'x' AS x FROM flags;
CREATE TABLE posts (id int PRIMARY KEY, at datetime NOT NULL DEFAULT '0000-00-00 00:00:00');
"#;

#[tokio::test]
async fn it_means_the_same_elsewhere_on_mysql() {
    let (project, databases) = adopted("elsewhere", CODE).await;
    is_the_same(&project, &databases).await;
    for database in &databases {
        let rows = database.rows("SELECT either(1, 0), win('x')").await;
        assert_eq!(rows, [["1", "C:\\x"]]);
        database
            .execute("INSERT INTO flags (id, a, b) VALUES (1, 2, 3)")
            .await;
        assert_eq!(database.rows("SELECT e FROM flags").await, [["1"]]);
    }
}

/// What only has to make room for a change comes back as it was, on both ways.
#[tokio::test]
async fn it_survives_renames_and_the_way_back_on_mysql() {
    let (project, databases) = adopted("renames", CODE).await;
    is_the_same(&project, &databases).await;
    let before = dump(&databases[0]).await;
    project.write("after.sql", CODE.replace("flags", "marks"));
    let new = [
        "new",
        "--auto",
        "--schema",
        "after.sql",
        "--env",
        "live",
        "--rename",
        "flags=marks",
        "x",
    ];
    project.run(new).success().done();
    for env in ["live", "empty"] {
        project.run(["run", "--env", env, "-q"]).success().done();
        project.run(["verify", "--env", env]).success().done();
    }
    let expected = TestDatabase::create(Dialect::MySql, "stored code renames after").await;
    execute(&expected, &CODE.replace("flags", "marks")).await;
    for database in &databases {
        assert_same(&dump(database).await, &dump(&expected).await);
    }
    project
        .run(["revert", "--env", "live", "--yes", "-q"])
        .success()
        .done();
    assert_same(&dump(&databases[0]).await, &before);
    project.run(["run", "--env", "live", "-q"]).success().done();
    assert_same(&dump(&databases[0]).await, &dump(&expected).await);
}

/// A trigger that was created again in another session is another.
#[tokio::test]
async fn another_session_is_a_difference_that_is_repaired_on_mysql() {
    let (project, databases) = adopted("repair", CODE).await;
    is_the_same(&project, &databases).await;
    let before = dump(&databases[0]).await;
    databases[0]
        .execute(
            "DROP TRIGGER flags_e; SET sql_mode = 'PIPES_AS_CONCAT';
             CREATE TRIGGER flags_e BEFORE INSERT ON flags FOR EACH ROW SET NEW.e = NEW.a || NEW.b;
             DROP EVENT nightly",
        )
        .await;
    let verified = project.run(["verify", "--env", "live"]).code(1);
    assert!(
        verified.stdout.contains("missing event `nightly`"),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains("different trigger `flags_e`"),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains("PIPES_AS_CONCAT"),
        "{}",
        verified.stdout
    );
    let repair = [
        "repair",
        "--schema",
        "--allow-changes",
        "--execute",
        "--yes",
        "--env",
        "live",
    ];
    project.run(repair).success().done();
    assert_same(&dump(&databases[0]).await, &before);
}

/// The file that the server's own dump client writes is a schema, and makes what was dumped.
#[tokio::test]
async fn a_dump_with_code_is_a_schema_on_mysql() {
    let (project, databases) = adopted("dumped", CODE).await;
    is_the_same(&project, &databases).await;
    let dumped = migrate_tests::native_dump::mysql_script(
        databases[0].url(),
        databases[0].is_mariadb().await,
    );
    project.write("dump.sql", dumped);
    let same = project.run(["diff", "env:live", "dump.sql"]).success();
    assert_eq!(same.stdout, "");
}
