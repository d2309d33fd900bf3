//! A revision means the same whatever ran before it: in one run, in a run a revision, in a replay
//! with a look after each, and in a script for the database's own client.
//!
//! Random chains set state of their session of every kind, and between them revisions write down
//! what they see. `MIGRATE_TEST_SEED` and `MIGRATE_TEST_CHAINS` choose others, and how many.

use std::fmt::Write as _;

use migrate_core::{Chain, Config, Dialect, Direction, File, Folder, LedgerNames, Survey};
use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::Migrations;
use migrate_tests::TestDatabase;

/// What a revision may set: a word of its section, and SQL.
type Setter = (&'static str, &'static str);

const SQLITE: &[Setter] = &[
    ("no-transaction", "PRAGMA foreign_keys = ON;"),
    ("", "PRAGMA ignore_check_constraints = ON;"),
    ("", "PRAGMA case_sensitive_like = ON;"),
    (
        "",
        "PRAGMA recursive_triggers = ON; PRAGMA reverse_unordered_selects = ON;",
    ),
    ("", "PRAGMA query_only = ON;"),
    ("no-transaction", "PRAGMA query_only = ON; SELECT 1;"),
    (
        "",
        "PRAGMA legacy_alter_table(1); PRAGMA trusted_schema = OFF;",
    ),
    (
        "",
        "CREATE TEMP TABLE note (text TEXT); INSERT INTO temp.note VALUES ('hidden');",
    ),
    ("", "CREATE TEMP VIEW note AS SELECT 'seen' AS text;"),
    (
        "",
        "CREATE TEMP TRIGGER swallow BEFORE INSERT ON main.note BEGIN SELECT RAISE(IGNORE); END;",
    ),
    (
        "no-transaction",
        "ATTACH ':memory:' AS other; CREATE TABLE other.note (text TEXT);",
    ),
    (
        "no-transaction",
        "CREATE TEMP TABLE note (text TEXT); BEGIN; INSERT INTO main.note VALUES ('own'); COMMIT;",
    ),
];

const POSTGRES: &[Setter] = &[
    ("", "SET search_path = elsewhere, public;"),
    (
        "",
        "SELECT pg_catalog.set_config('search_path', '', false);",
    ),
    (
        "no-transaction",
        "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German';",
    ),
    ("", "SET ROLE pg_read_all_data;"),
    ("no-transaction", "SET ROLE pg_read_all_data;"),
    ("", "SET SESSION AUTHORIZATION pg_monitor;"),
    ("no-transaction", "SET SESSION AUTHORIZATION pg_monitor;"),
    ("no-transaction", "SET default_transaction_read_only = on;"),
    (
        "",
        "SET statement_timeout = '77s'; SET lock_timeout = '77s';",
    ),
    (
        "",
        "CREATE TEMP TABLE note AS SELECT 'hidden'::text AS text;",
    ),
    ("no-transaction", "CREATE TEMP TABLE note (text text);"),
    ("", "PREPARE q AS SELECT 1;"),
    ("", "DECLARE c CURSOR WITH HOLD FOR SELECT 1; LISTEN news;"),
    ("no-transaction", "SELECT pg_advisory_lock(77);"),
    ("", "SELECT nextval('public.counted');"),
    (
        "no-transaction",
        "BEGIN; SET LOCAL search_path = elsewhere; INSERT INTO public.note VALUES ('own'); COMMIT;",
    ),
    (
        "",
        "DO $$ BEGIN PERFORM set_config('my.word', 'said', false); CREATE TEMP TABLE IF NOT EXISTS work (a int); END $$;",
    ),
];

const MYSQL: &[Setter] = &[
    ("", "SET sql_mode = '';"),
    (
        "",
        "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT', time_zone = '+09:00';",
    ),
    ("", "SET FOREIGN_KEY_CHECKS = 0; SET UNIQUE_CHECKS = 0;"),
    ("", "SET @said = 'it';"),
    ("", "SELECT COUNT(*) INTO @said FROM note;"),
    (
        "",
        "/*!40101 SET @OLD_SQL_MODE = @@SQL_MODE, SQL_MODE = 'NO_AUTO_VALUE_ON_ZERO' */;",
    ),
    (
        "",
        "CREATE TEMPORARY TABLE note (text VARCHAR(40)); INSERT INTO note VALUES ('hidden');",
    ),
    ("", "PREPARE q FROM 'SELECT 1';"),
    (
        "",
        "LOCK TABLES note WRITE; INSERT INTO note VALUES ('locked'); UNLOCK TABLES;",
    ),
    ("", "LOCK TABLES note READ;"),
    ("", "SELECT GET_LOCK('cargo_migrate_test', 0);"),
    ("", "SET SESSION TRANSACTION READ ONLY;"),
    ("", "USE information_schema;"),
    ("", "INSERT INTO counted (n) VALUES (5);"),
    ("", "CALL leave_something();"),
    ("", "SET NAMES latin1; SET SESSION lock_wait_timeout = 77;"),
];

/// What a revision sees of its session, each as an expression.
const fn seen(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &[
            "(SELECT foreign_keys FROM pragma_foreign_keys)",
            "(SELECT ignore_check_constraints FROM pragma_ignore_check_constraints)",
            "(SELECT recursive_triggers FROM pragma_recursive_triggers)",
            "(SELECT query_only FROM pragma_query_only)",
            "(SELECT legacy_alter_table FROM pragma_legacy_alter_table)",
            "(SELECT trusted_schema FROM pragma_trusted_schema)",
            "(SELECT COUNT(*) FROM pragma_database_list WHERE name NOT IN ('main', 'temp'))",
            "(SELECT COUNT(*) FROM sqlite_temp_master WHERE name NOT LIKE 'cargo_migrate%')",
            "'a' LIKE 'A'",
        ],
        Dialect::Postgres => &[
            "current_setting('search_path')",
            "current_setting('TimeZone')",
            "current_setting('DateStyle')",
            "current_setting('default_transaction_read_only')",
            "current_setting('statement_timeout')",
            "coalesce(current_setting('my.word', true), '')",
            "session_user::text || current_user::text",
            "(SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema())",
            "(SELECT count(*) FROM pg_prepared_statements WHERE name = 'q')",
            "(SELECT count(*) FROM pg_cursors WHERE name = 'c')",
            "(SELECT count(*) FROM pg_listening_channels())",
            "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 77)",
        ],
        Dialect::MySql => &[
            "@@sql_mode",
            "@@time_zone",
            "@@foreign_key_checks",
            "@@unique_checks",
            "COALESCE(@said, 'nothing')",
            "COALESCE(@OLD_SQL_MODE, 'nothing')",
            "DATABASE() = 'information_schema'",
            "@@character_set_client",
            "LAST_INSERT_ID()",
            "COALESCE(IS_USED_LOCK('cargo_migrate_test') = CONNECTION_ID(), 0)",
            "@@lock_wait_timeout",
        ],
    }
}

/// The beginning of every chain, and a revision that writes down what it sees.
fn base(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "CREATE TABLE note (text TEXT);\nCREATE TABLE seen (at TEXT, what TEXT);".to_owned(),
        Dialect::Postgres => "CREATE TABLE note (text text);\nCREATE TABLE seen (at text, what text);\nCREATE SEQUENCE counted;\nCREATE SCHEMA elsewhere;\nGRANT ALL ON note, seen TO PUBLIC;".to_owned(),
        Dialect::MySql => "CREATE TABLE note (text VARCHAR(40));\nCREATE TABLE seen (at VARCHAR(40), what TEXT);\nCREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, n INT);\nCREATE PROCEDURE leave_something() BEGIN SET @said = 'by call'; CREATE TEMPORARY TABLE IF NOT EXISTS counted (a INT); END;".to_owned(),
    }
}

fn look(dialect: Dialect, id: &str) -> String {
    let parts: Vec<_> = seen(dialect)
        .iter()
        .map(|part| match dialect {
            Dialect::MySql => format!("CAST({part} AS CHAR)"),
            Dialect::Postgres => format!("({part})::text"),
            Dialect::Sqlite => (*part).to_owned(),
        })
        .collect();
    let all = match dialect {
        Dialect::MySql => format!("CONCAT_WS('/', {})", parts.join(", ")),
        _ => parts.join(" || '/' || "),
    };
    format!("INSERT INTO seen SELECT '{id}', {all};\nINSERT INTO note VALUES ('{id}');")
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }
}

fn chain(dialect: Dialect, random: &mut Random) -> Vec<(String, String)> {
    let setters = match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
    };
    let mut files = vec![(
        "r0".to_owned(),
        format!("-- migrate: up\n{}\n", base(dialect)),
    )];
    for number in 0..12 {
        let (word, sql) = setters[random.below(setters.len())];
        files.push((
            format!("s{number}"),
            format!("-- migrate: up {word}\n{sql}\n"),
        ));
        files.push((
            format!("t{number}"),
            format!("-- migrate: up\n{}\n", look(dialect, &format!("t{number}"))),
        ));
    }
    let mut parent = "none".to_owned();
    files
        .into_iter()
        .map(|(id, section)| {
            let text = format!("-- revision: {id}\n-- parents: {parent}\n\n{section}");
            parent.clone_from(&id);
            (id, text)
        })
        .collect()
}

fn migrations(files: &[(String, String)]) -> Migrations {
    let files = files.iter().map(|(id, text)| File {
        name: format!("{id}.sql"),
        text: text.clone().into(),
    });
    let folder = Folder {
        files: files.collect(),
        ..Folder::default()
    };
    let survey = Survey::new(&folder, &Config::default());
    let chain = Chain::new(survey.revisions).expect("it is sound");
    Migrations::new(chain, LedgerNames::DEFAULT)
}

async fn connect(database: &TestDatabase) -> Database {
    let connected = Database::connect(database.url(), Create::Missing).await;
    connected.expect("the database answers")
}

/// What is in a database at the end.
async fn outcome(database: &TestDatabase) -> String {
    let mut told = database.tables().await.join(" ");
    for sql in [
        "SELECT at, what FROM seen ORDER BY at",
        "SELECT text, '' FROM note ORDER BY text",
        "SELECT revision, state FROM migrate_revision ORDER BY revision",
    ] {
        for row in database.rows(sql).await {
            let _infallible = write!(told, "\n{}", row.join(" "));
        }
    }
    told
}

async fn a_revision_means_the_same_everywhere(dialect: Dialect) {
    let variable = |name: &str| std::env::var(name).ok()?.parse().ok();
    let seed: u64 = variable("MIGRATE_TEST_SEED").unwrap_or(1);
    let chains: u64 = variable("MIGRATE_TEST_CHAINS").unwrap_or(3);
    for number in 0..chains {
        let mut random = Random(seed.wrapping_mul(1_000) + number);
        let files = chain(dialect, &mut random);
        let migrations = migrations(&files);
        let shown = || {
            let sections = files.iter().map(|(_, text)| text.as_str());
            let setters = sections.filter(|text| text.contains("revision: s"));
            setters.collect::<String>()
        };
        let name = |way: &str| format!("session_state::{dialect}::{way}");

        let one_run = TestDatabase::create(dialect, &name("one run")).await;
        let connected = connect(&one_run).await;
        let ran = connected.run(migrations.runner()).await;
        ran.unwrap_or_else(|error| panic!("seed {seed}, chain {number}: {error:?}\n{}", shown()));
        let expected = outcome(&one_run).await;

        let one_by_one = TestDatabase::create(dialect, &name("one by one")).await;
        for (id, _) in &files {
            let target = id.parse().expect("a target");
            let connected = connect(&one_by_one).await;
            let ran = connected.run(migrations.runner().target(target)).await;
            ran.unwrap_or_else(|error| panic!("chain {number}: {error:?}\n{}", shown()));
        }
        let found = outcome(&one_by_one).await;
        assert_eq!(
            found,
            expected,
            "one by one, seed {seed}, chain {number}\n{}",
            shown()
        );

        let replayed = TestDatabase::create(dialect, &name("replay")).await;
        let connected = connect(&replayed).await;
        let steps: Vec<usize> = (0..files.len()).collect();
        let mut looks = 0;
        let walked = connected
            .replay(migrations.runner(), &steps, |_, _| looks += 1)
            .await
            .expect("the database is read");
        assert!(
            walked.stopped.is_none(),
            "chain {number}: {walked:?}\n{}",
            shown()
        );
        assert_eq!(looks, files.len() + 1);
        let found = outcome(&replayed).await;
        assert_eq!(
            found,
            expected,
            "replay, seed {seed}, chain {number}\n{}",
            shown()
        );

        let scripted = TestDatabase::create(dialect, &name("script")).await;
        let connected = connect(&scripted).await;
        let script = connected.script(migrations.runner(), Direction::Up).await;
        let script = script.expect("a script");
        let output = scripted.client(&script.sql);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}\n{}", script.sql);
        let found = outcome(&scripted).await;
        assert_eq!(
            found,
            expected,
            "script, seed {seed}, chain {number}\n{}",
            shown()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_means_the_same_everywhere_on_sqlite() {
    a_revision_means_the_same_everywhere(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_means_the_same_everywhere_on_postgres() {
    a_revision_means_the_same_everywhere(Dialect::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_means_the_same_everywhere_on_mysql() {
    a_revision_means_the_same_everywhere(Dialect::MySql).await;
}
