//! Messages of a database: the parts of an error, and notices while a revision runs.

use std::sync::{Arc, Mutex};

use migrate_sqlx::{DatabaseMessage, Dialect, Error, Event, Migrations, Severity, StepPart};
use migrate_tests::TestDatabase;
use tracing::Dispatch;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::chain::migrations;
use crate::scenarios::connect;

async fn failure(database: &TestDatabase, up: &str) -> Error {
    let chain = migrations(&[("a", up, "")]);
    let error = connect(database).await.run(chain.runner()).await;
    error.expect_err("the revision fails")
}

/// The last recorded failure, as a plain client reads it.
async fn last_failure(database: &TestDatabase) -> String {
    let events = database
        .rows("SELECT detail FROM migrate_event WHERE kind = 'fail' AND revision = 'a' ORDER BY id")
        .await;
    events.last().expect("the failure is an event")[0].clone()
}

pub(crate) async fn all_that_the_database_says_of_an_error_is_told(database: TestDatabase) {
    let up = match database.dialect() {
        Dialect::MySql => {
            "SET SESSION sql_mode = '';\nCREATE TABLE t (a INT AUTO_INCREMENT, b INT) ENGINE = nosuch;"
        }
        Dialect::Sqlite | Dialect::Postgres => {
            "CREATE TABLE t (id INTEGER PRIMARY KEY);\nINSERT INTO t VALUES (420), (420);"
        }
    };
    let error = failure(&database, up).await;
    let message = error.database_message().unwrap();
    let printed = error.to_string();
    assert!(printed.ends_with(&message.message), "{printed}");
    assert!(
        printed.contains("of revision `a` failed at a.sql:"),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), 1);
    // What a `main` shows that returns the error: the statement, everything that was said, the help.
    let shown = format!("{error:?}");
    let source = error.report().label.and_then(|label| label.place?.source);
    assert!(
        shown.contains(&source.expect("the line of the statement")),
        "{shown}"
    );
    assert!(shown.contains(" ^"), "{shown}");
    assert!(
        message.parts().iter().all(|(name, _)| shown.contains(name)),
        "{shown}"
    );
    assert!(
        shown.ends_with(&format!("help: {}", error.help().expect("a help"))),
        "{shown}"
    );
    let failure = last_failure(&database).await;
    assert!(failure.ends_with(&message.report()), "{failure}");
    let parts: Vec<(&str, &str)> = message.parts();
    match database.dialect() {
        Dialect::Postgres => {
            assert_eq!(
                message.message,
                "duplicate key value violates unique constraint \"t_pkey\""
            );
            assert_eq!(message.sqlstate.as_deref(), Some("23505"));
            assert_eq!(
                parts,
                [("detail", "Key (id)=(420) already exists."), ("table", "t")]
            );
            assert_eq!(message.table.as_deref(), Some("t"));
            assert_eq!(message.constraint.as_deref(), Some("t_pkey"));
        }
        Dialect::MySql => {
            assert_eq!(message.number, Some(1075));
            assert_eq!(message.sqlstate.as_deref(), Some("42000"));
            assert_eq!(
                parts,
                [
                    ("warning", "Unknown storage engine 'nosuch' (1286)"),
                    (
                        "warning",
                        "Using storage engine InnoDB for table 't' (1266)"
                    ),
                ]
            );
        }
        Dialect::Sqlite => {
            assert_eq!(message.message, "UNIQUE constraint failed: t.id");
            // SQLITE_CONSTRAINT_PRIMARYKEY
            assert_eq!(message.number, Some(1555));
            assert_eq!(parts, []);
        }
    }
}

/// The word of the file that a failure is at.
fn word(error: &Error) -> (usize, String) {
    let Error::Statement(failed) = error else {
        panic!("{error:?}");
    };
    let place = failed.label.place.as_ref().expect("it has a place");
    let source = place.source.as_ref().expect("it is text");
    (place.line, source[place.span.clone()].to_owned())
}

#[tokio::test]
async fn a_mistake_in_a_body_is_shown_in_its_line_of_the_file() {
    let database = TestDatabase::create(Dialect::Postgres, "messages::body").await;
    // The first line of a section is the sixth of the file.
    for (up, expected, query) in [
        (
            "DO $$\nDECLARE x int;\nBEGIN\n  x := 1 +\n    nosuch;\nEND $$;",
            (10, "nosuch"),
            false,
        ),
        (
            "DO $$ BEGIN\n  PERFORM 1;\n  PERFORM 1/0;\nEND $$;",
            (8, "1"),
            false,
        ),
        (
            "DO $$ BEGIN\n  RAISE EXCEPTION 'no owner' USING HINT = 'run the importer';\nEND $$;",
            (7, "RAISE"),
            false,
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN\n  RETURN (SELECT nosuch FROM pg_class);\nEND $$;\nSELECT f();",
            (7, "nosuch"),
            false,
        ),
        (
            "DO $$ BEGIN\n  EXECUTE 'SELECT 1 + ' || 'nosuch FROM pg_class';\nEND $$;",
            (7, "EXECUTE"),
            true,
        ),
    ] {
        let error = failure(&database, up).await;
        let (line, found) = word(&error);
        assert_eq!((line, found.as_str()), expected, "{up}");
        let message = error.database_message().unwrap();
        assert_eq!(message.inner_query.is_some(), query, "{message:?}");
        assert!(message.context.is_some(), "{message:?}");
    }
    let failure = last_failure(&database).await;
    assert!(
        failure.contains("QUERY: SELECT 1 + nosuch FROM pg_class"),
        "{failure}"
    );
}

#[tokio::test]
async fn what_fails_behind_the_statements_names_revision_and_step() {
    let database = TestDatabase::create(Dialect::Postgres, "messages::behind").await;
    let deferred = "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO b VALUES (3);";
    for (up, atomic, part, code, said) in [
        (
            deferred,
            false,
            StepPart::Commit,
            "step-failed",
            "Key (id)=(3) is not present",
        ),
        (
            deferred,
            true,
            StepPart::RunCommit,
            "step-failed",
            "Key (id)=(3) is not present",
        ),
        (
            "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'on', true); END $$;",
            false,
            StepPart::Ledger,
            "read-only",
            "read-only transaction",
        ),
    ] {
        let chain = migrations(&[("a", up, "")]);
        let runner = chain.runner().atomic(atomic);
        let error = connect(&database).await.run(runner).await.unwrap_err();
        let Error::Step(failed) = &error else {
            panic!("{up}: {error:?}");
        };
        assert_eq!(failed.part, part, "{up}");
        assert_eq!(
            (failed.revision.as_str(), failed.file.as_str()),
            ("a", "a.sql")
        );
        assert_eq!(error.code(), code);
        assert!(failed.message.report().contains(said), "{failed:?}");
        assert!(last_failure(&database).await.contains(said));
        assert!(
            database
                .rows("SELECT * FROM migrate_revision")
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_named() {
    let database = TestDatabase::create(Dialect::Postgres, "messages::copy").await;
    let error = failure(&database, "DO $$ BEGIN RAISE EXCEPTION ''; END $$;").await;
    let message = error.database_message().unwrap().message;
    assert_eq!(
        message,
        "the database refused it without a message (code P0001)"
    );
}

pub(crate) async fn an_unseen_character_is_named(database: TestDatabase) {
    let error = failure(&database, "CREATE\u{a0}TABLE t (id INTEGER);").await;
    let Error::Statement(failed) = &error else {
        panic!("{error:?}");
    };
    assert!(
        failed.label.text.ends_with("found U+00A0 (no-break space)"),
        "{}",
        failed.label.text
    );
    assert_eq!(failed.label.place.as_ref().unwrap().column, 7);
}

#[derive(Debug, PartialEq, Eq)]
struct Heard(String, Severity, Option<String>, String);

async fn hear(database: &TestDatabase, chain: &Migrations) -> Vec<Heard> {
    let heard = Mutex::new(Vec::new());
    let runner = chain.runner().on_event(|event| {
        if let Event::Notice {
            revision,
            severity,
            code,
            message,
            ..
        } = event
        {
            heard.lock().unwrap().push(Heard(
                revision.id.to_string(),
                severity,
                code.map(str::to_owned),
                message.to_owned(),
            ));
        }
    });
    connect(database).await.run(runner).await.unwrap();
    heard.into_inner().unwrap()
}

/// The ledger's own statements say something as well, which is nothing of the revision's.
pub(crate) async fn what_is_said_beside_errors_is_an_event(database: TestDatabase) {
    let (a, b) = match database.dialect() {
        Dialect::Sqlite => ("DROP TABLE IF EXISTS nosuch;", "SELECT 1;"),
        Dialect::Postgres => (
            "DROP TABLE IF EXISTS nosuch;\nDO $$ BEGIN RAISE WARNING 'careful'; RAISE INFO 'half'; END $$;",
            "-- migrate: up no-transaction\nDO $$ BEGIN RAISE NOTICE 'b'; END $$;\nROLLBACK;",
        ),
        Dialect::MySql => (
            "DROP TABLE IF EXISTS nosuch;\nCREATE TABLE t (a INT);",
            "INSERT IGNORE INTO t VALUES ('x');",
        ),
    };
    let chain = migrations(&[("a", a, ""), ("b:a", b, "")]);
    let heard = hear(&database, &chain).await;
    let of = |id: &str, severity, code: Option<&str>, message: &str| {
        Heard(
            id.to_owned(),
            severity,
            code.map(str::to_owned),
            message.to_owned(),
        )
    };
    let expected = match database.dialect() {
        Dialect::Sqlite => Vec::new(),
        Dialect::Postgres => vec![
            of(
                "a",
                Severity::Notice,
                None,
                "table \"nosuch\" does not exist, skipping",
            ),
            of("a", Severity::Warning, None, "careful"),
            of("a", Severity::Info, None, "half"),
            of("b", Severity::Notice, None, "b"),
            of(
                "b",
                Severity::Warning,
                None,
                "there is no transaction in progress",
            ),
        ],
        Dialect::MySql => {
            let unknown = &heard[0].3;
            assert!(unknown.starts_with("Unknown table"), "{unknown}");
            assert!(heard[1].3.starts_with("Incorrect integer value: 'x'"));
            vec![
                of("a", Severity::Notice, Some("1051"), unknown),
                of("b", Severity::Warning, Some("1366"), &heard[1].3),
            ]
        }
    };
    assert_eq!(heard, expected);
}

/// A failure of which nothing was kept leaves nothing but itself to hear.
pub(crate) async fn a_rollback_of_ours_says_nothing(database: TestDatabase) {
    let heard = Mutex::new(0);
    let up = "-- migrate: up no-transaction\nSELECT 1;\nSELECT * FROM nosuch;";
    let chain = migrations(&[("a", up, "")]);
    let runner = chain.runner().on_event(|event| {
        if let Event::Notice { .. } = event {
            *heard.lock().unwrap() += 1;
        }
    });
    connect(&database).await.run(runner).await.unwrap_err();
    assert_eq!(heard.into_inner().unwrap(), 0);
}

/// An application's subscriber, which wants what is no trace.
struct Application(Arc<Mutex<Vec<String>>>);

impl Subscriber for Application {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        let target = event.metadata().target();
        self.0
            .lock()
            .unwrap()
            .push(format!("{target}: {}", message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn the_applications_subscriber_hears_what_it_heard_before() {
    let database = TestDatabase::create(Dialect::Postgres, "messages::subscriber").await;
    let up = "DO $$ BEGIN RAISE NOTICE 'said'; RAISE INFO 'whispered'; END $$;";
    let chain = migrations(&[("a", up, "")]);
    let logged = Arc::default();
    let application = Dispatch::new(Application(Arc::clone(&logged)));
    let heard = hear(&database, &chain).with_subscriber(application).await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    let logged = logged.lock().unwrap();
    let notices = logged
        .iter()
        .filter(|it| it.starts_with("sqlx::postgres::notice"));
    let notices: Vec<&String> = notices.collect();
    // PostgreSQL's INFO is a trace for sqlx, which this application does not want.
    assert_eq!(notices, ["sqlx::postgres::notice: \"said\""]);
    assert!(
        logged.iter().any(|it| it.ends_with(": migrated")),
        "{logged:?}"
    );
}

#[test]
fn parts_say_nothing_twice() {
    let mut message = DatabaseMessage::default();
    message.message = "null value in column \"id\"".to_owned();
    message.column = Some("id".to_owned());
    message.table = Some("t".to_owned());
    message.schema = Some("public".to_owned());
    message.hint = Some("fill it".to_owned());
    assert_eq!(message.parts(), [("hint", "fill it"), ("table", "t")]);
    assert_eq!(
        message.report(),
        "null value in column \"id\"\nHINT: fill it\nTABLE: t"
    );
}

#[tokio::test]
async fn mysql_quotes_the_statement_and_nothing_that_follows_it() {
    let database = TestDatabase::create(Dialect::MySql, "messages::quotation").await;
    let long = format!("CREATE TABLE t (a INT) COMMENT = {}", "x".repeat(70));
    for up in [
        "CREATE INDEX i ON t (a) LOCKED;",
        "INSERT INTO t VALUES (1) x;",
        "CREATE TABLE t (a INT",
        // Up to 80 characters are quoted, so the end is cut off in the middle.
        &long,
    ] {
        let up = format!("-- migrate: up no-transaction\n{up}");
        let error = failure(&database, &up).await;
        let message = &error
            .database_message()
            .expect("it is the server's")
            .message;
        let (_, quoted) = message.split_once("near ").expect("it quotes the mistake");
        assert!(quoted.ends_with("' at line 1"), "{message}");
        assert!(!quoted.contains([';', '\n']), "{message}");
        let event = last_failure(&database).await;
        assert!(!event.contains("SHOW WARNINGS"), "{event}");
        database
            .execute("DROP TABLE migrate_event, migrate_revision")
            .await;
    }
}
