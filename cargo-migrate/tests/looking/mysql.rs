//! MariaDB, and MySQL itself where the tests of MySQL run on it.

use std::collections::BTreeMap;
use std::process::Command;

use migrate_core::Dialect;
use migrate_ordeal::{Result, Server};
use migrate_tests::TestDatabase;

use crate::{Done as _, ReachingChain, assert_same, codes, look_at};

const SERVER: &str = "
CREATE USER looking_group@'%' IDENTIFIED BY 'Group-1';
CREATE DATABASE archive;
CREATE TABLE archive.kept (id INT)
";

fn chains(folder: &str) -> Vec<ReachingChain> {
    let orders = "-- migrate: up\nCREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);\nINSERT INTO orders VALUES (1, 10), (2, 20);";
    vec![
        ReachingChain::new(
            "names",
            &["-- migrate: up
DROP TABLE IF EXISTS look_names.orders;
CREATE TABLE look_names.orders (id INT PRIMARY KEY, n INT NOT NULL);
INSERT INTO `look_names`.`orders` VALUES (1, 10), (2, 20);
UPDATE look_names . orders SET n = n * 2;
CREATE TRIGGER look_names.doubled BEFORE INSERT ON look_names.orders FOR EACH ROW SET NEW.n = NEW.n * 2;
CREATE VIEW look_names.many AS SELECT * FROM look_names.orders WHERE n > 10;"],
        )
        .wanted("DROP TABLE IF EXISTS look_names.orders; CREATE TABLE look_names.orders (id INT PRIMARY KEY, n INT NOT NULL);"),
        ReachingChain::new(
            "used",
            &["-- migrate: up
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `look_used`;
USE `look_used`;
DROP TABLE IF EXISTS `orders`;
CREATE TABLE `orders` (id INT PRIMARY KEY, n INT NOT NULL);
INSERT INTO `orders` VALUES (1, 10), (2, 20);
DELIMITER ;;
CREATE DEFINER=`migrate`@`%` PROCEDURE `emptied`() BEGIN DELETE FROM look_used.orders; END ;;
DELIMITER ;"],
        )
        .wanted("USE look_used; DROP TABLE IF EXISTS orders; CREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);"),
        ReachingChain::new(
            "other",
            &[
                orders,
                "-- migrate: up
INSERT INTO archive.kept VALUES (1);
CREATE TABLE IF NOT EXISTS archive.more (id INT);
DROP TABLE archive.more;",
            ],
        ),
        ReachingChain::new(
            "server",
            &[
                orders,
                "-- migrate: up
CREATE USER IF NOT EXISTS looking_app@'%' IDENTIFIED BY 'Initial-1';
ALTER USER looking_app@'%' IDENTIFIED BY 'Second-2';
GRANT SELECT ON look_server.* TO looking_app@'%';
REVOKE INSERT ON look_server.orders FROM looking_group@'%';
SET GLOBAL max_connect_errors = 4321;
CREATE DATABASE IF NOT EXISTS looking_other;
FLUSH PRIVILEGES;",
            ],
        ),
        ReachingChain::new(
            "files",
            &[
                orders,
                &format!("-- migrate: up\nSELECT * FROM orders INTO OUTFILE '{folder}/orders.csv';"),
            ],
        ),
        // What nobody can recognise by looking at it.
        ReachingChain::new(
            "hidden",
            &[
                orders,
                "-- migrate: up
SET @a = CONCAT('INSERT INTO arch', 'ive.kept VALUES (7)');
PREPARE a FROM @a;
EXECUTE a;
SET @b = CONCAT('DELETE FROM look_', 'hidden.orders WHERE id = 3');
PREPARE b FROM @b;
EXECUTE b;
SET @c = CONCAT('SET GLOBAL max_conn', 'ect_errors = 77');
PREPARE c FROM @c;
EXECUTE c;",
            ],
        ),
    ]
}

const LIFE: &str = "
ALTER USER looking_app@'%' IDENTIFIED BY 'Rotated-3';
REVOKE SELECT ON look_server.* FROM looking_app@'%';
GRANT INSERT ON look_server.orders TO looking_group@'%';
SET GLOBAL max_connect_errors = 99;
DROP DATABASE looking_other
";

#[tokio::test]
async fn on_mysql() -> Result<()> {
    let url = std::env::var("MIGRATE_TEST_MYSQL_URL").map_err(
        |_| "this test needs MariaDB or MySQL: run it with ./tests/run, which starts one",
    )?;
    let is_mysql = !TestDatabase::existing(&url).is_mariadb().await;
    let options = [
        "--general-log=1",
        "--log-output=TABLE",
        "--secure-file-priv=",
        // Only who has SUPER may make triggers and functions then.
        "--log-bin=log",
        "--server-id=1",
    ];
    let server = match is_mysql {
        true => Server::start_mysql(&options).await?,
        false => Server::start(Dialect::MySql, &options).await?,
    };
    let admin = TestDatabase::existing(server.url());
    let folder = server.folder().display().to_string();
    for statement in SERVER.split(';') {
        admin.execute(statement).await;
    }
    let mut projects = Vec::new();
    for chain in &chains(&folder) {
        let name = format!("look_{}", chain.name);
        admin.execute(&format!("CREATE DATABASE {name}")).await;
        if chain.name == "server" {
            let grant = "CREATE TABLE look_server.orders (id INT); GRANT INSERT ON look_server.orders TO looking_group@'%'; DROP TABLE look_server.orders";
            admin.execute(grant).await;
        }
        let project = chain.project(Dialect::MySql, &server.database(&name));
        project.run(["run", "--yes", "-q"]).success().done();
        TestDatabase::existing(&server.database(&name))
            .execute("UPDATE orders SET n = n + 1; INSERT INTO orders VALUES (3, 30)")
            .await;
        projects.push(project);
    }
    for statement in LIFE.split(';') {
        admin.execute(statement).await;
    }
    let before = picture(&server, is_mysql).await?;
    admin.execute("TRUNCATE TABLE mysql.general_log").await;
    let said = look_at(&projects);
    // What is about the server is left out; another database is refused, by the recogniser where the
    // text shows it and by the server where it does not.
    assert_eq!(codes(&said, "verify"), [0, 0, 1, 0, 0, 1]);
    let log = admin
        .rows("SELECT thread_id, command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log")
        .await;
    assert_same(&before, &picture(&server, is_mysql).await?, &said);
    let mut users: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &log {
        let [thread, command, text] = &row[..] else {
            unreachable!("three columns were asked for")
        };
        match command.as_str() {
            "Connect" => drop(users.insert(thread, text)),
            "Query" | "Execute" => {
                let connected = users.get(thread.as_str()).copied().unwrap_or_default();
                match connected.starts_with("cargo_migrate_") {
                    // It has no rights elsewhere; what can be recognised does not come to it at all.
                    true => assert!(!reaches_out(text), "{connected}: {text}"),
                    false => assert!(is_look(text), "{connected}: {text}"),
                }
            }
            _ => {}
        }
    }
    assert!(
        users
            .values()
            .any(|user| user.starts_with("cargo_migrate_"))
    );
    // Replicas make the user too, and nobody can read its password there.
    let mut logged = String::new();
    for entry in std::fs::read_dir(server.folder().join("data"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("log.0") {
            logged += &String::from_utf8_lossy(&std::fs::read(&path)?);
        }
    }
    assert!(logged.contains("CREATE USER 'cargo_migrate_"));
    assert!(!logged.contains("'aA1-"));
    Ok(())
}

/// All that the server has: users, rights, passwords, databases, rows, variables, files.
async fn picture(server: &Server, is_mysql: bool) -> Result<String> {
    let mut dump = match is_mysql {
        true => {
            let mut dump = server.mysql_program("mysqldump");
            dump.args([
                "--no-defaults",
                "--set-gtid-purged=OFF",
                "--column-statistics=0",
            ]);
            dump
        }
        false => {
            let mut dump = Command::new("mariadb-dump");
            dump.arg("--no-defaults");
            dump
        }
    };
    let url = url::Url::parse(server.url())?;
    dump.args(["-h", "127.0.0.1", "-u", "migrate", "-ponly-for-tests"]);
    dump.arg(format!("-P{}", url.port().ok_or("a port")?));
    dump.args([
        "--all-databases",
        "--routines",
        "--events",
        "--skip-comments",
    ]);
    dump.args(["--order-by-primary", "--skip-dump-date"]);
    // They follow what the server itself counts now and then, and the log is not what it has.
    for table in [
        "innodb_table_stats",
        "innodb_index_stats",
        "general_log",
        "slow_log",
    ] {
        dump.arg(format!("--ignore-table=mysql.{table}"));
    }
    let output = dump.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut picture = String::from_utf8_lossy(&output.stdout).into_owned();
    let admin = TestDatabase::existing(server.url());
    for variable in admin.rows("SHOW GLOBAL VARIABLES").await {
        // They count what was written to the binary log: scratch databases are as well.
        if variable[0].starts_with("gtid_") {
            continue;
        }
        picture.extend([variable.join(" = "), "\n".to_owned()]);
    }
    let persisted = server.folder().join("data/mysqld-auto.cnf");
    if persisted.is_file() {
        picture += &std::fs::read_to_string(persisted)?;
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(server.folder())? {
        files.push(entry?.file_name().to_string_lossy().into_owned());
    }
    files.retain(|file| file.ends_with(".csv"));
    files.sort();
    Ok(format!("{picture}{files:?}"))
}

/// Whether a statement is one of the chains' that reach out and can be recognised.
fn reaches_out(statement: &str) -> bool {
    const NAMES: [&str; 8] = [
        "look_names",
        "look_used",
        "look_other",
        "look_server",
        "archive.kept VALUES (1)",
        "archive.more",
        "looking_",
        "orders.csv",
    ];
    NAMES.iter().any(|name| statement.contains(name))
        || statement.contains("max_connect_errors = 4321")
}

/// Whether a statement only reads, or is about a scratch database or its user.
fn is_look(statement: &str) -> bool {
    const SCRATCH: [&str; 8] = [
        "GRANT SUPER ON *.* TO 'cargo_migrate_",
        "CREATE DATABASE `cargo_migrate_scratch_",
        "DROP DATABASE IF EXISTS `cargo_migrate_scratch_",
        "CREATE USER 'cargo_migrate_",
        "DROP USER IF EXISTS 'cargo_migrate_",
        "GRANT ALL PRIVILEGES ON `cargo_migrate_scratch_",
        "SELECT GET_LOCK('cargo_migrate_scratch_",
        "SELECT GET_LOCK(?, 0)",
    ];
    const SESSION: [&str; 4] = ["SET GLOBAL", "SET PERSIST", "SET PASSWORD", "SET @@GLOBAL"];
    let text = statement.trim_start();
    // The dump of `backup` sets its session so.
    let text = match text.strip_prefix("/*!").or(text.strip_prefix("/*M!")) {
        Some(rest) => rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == ' '),
        None => text,
    };
    let upper = text.to_ascii_uppercase();
    let starts = |words: &[&str]| words.iter().any(|word| upper.starts_with(word));
    let reads = starts(&[
        "SELECT",
        "SHOW",
        "SET ",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "START TRANSACTION",
        "USE ",
        "UNLOCK TABLES",
        "SAVEPOINT",
        "RELEASE SAVEPOINT",
    ]) && !starts(&SESSION)
        && !upper.contains("GET_LOCK(")
        && !upper.contains("INTO OUTFILE");
    reads || SCRATCH.iter().any(|begin| text.starts_with(begin))
}
