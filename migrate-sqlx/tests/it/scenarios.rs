//! Scenarios for every database.

use std::sync::Mutex;
use std::time::Duration;

use migrate_core::Cascade;
use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::{
    Dialect, Error, Event, LedgerNames, Migrations, Report, RevisionState, StampMode, Target,
};
use migrate_tests::TestDatabase;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::atomic::{
    an_atomic_revert_keeps_all_or_nothing, an_atomic_run_keeps_all_or_nothing,
    an_atomic_run_refuses_what_needs_no_transaction, atomic_runs_at_once_apply_each_revision_once,
};
use crate::chain::{AB, migrations, migrations_with};
use crate::edits::{
    a_way_back_that_failed_is_corrected, an_edit_does_not_hide_a_change_before_it,
    an_edited_header_is_taken, an_edited_way_back_is_used_and_taken, another_parent_is_no_edit,
    another_up_is_reverted_by_the_text_of_the_ledger, line_ends_of_a_checkout_do_not_matter,
};
use crate::interrupted::{
    a_ledger_that_cannot_be_written_is_no_failing_statement,
    a_ledger_that_was_tampered_with_is_told, a_statement_in_doubt_is_asked_about,
    settings_of_a_revision_end_with_the_run, two_at_once_without_a_transaction,
    what_a_killed_migrator_sent_is_waited_for,
};
use crate::limits::{
    a_missed_lock_is_told, a_missed_lock_is_tried_again, a_section_lifts_the_limit_of_the_run,
    a_statement_that_takes_too_long_is_ended, settings_do_not_reach_the_next_revision,
};
use crate::messages::{
    a_rollback_of_ours_says_nothing, all_that_the_database_says_of_an_error_is_told,
    an_unseen_character_is_named, what_is_said_beside_errors_is_an_event,
};
use crate::resume::{
    a_resumed_revision_has_the_settings_of_its_session, what_is_finished_may_not_be_edited,
};
use crate::runner::{a_run_ends_at_its_time_limit, events_say_who_did_it};
use crate::stopped::{
    a_run_that_is_stopped_is_rolled_back, a_stop_before_the_work_does_nothing,
    a_stop_between_statements_can_be_resumed,
};
use crate::versions::{
    a_version_works_beside_another_one, an_older_version_takes_the_database_back,
    head_is_the_chains_and_not_the_ledgers, the_ledger_of_another_chain_is_left_alone,
};

/// Runs each scenario on each database, under names that are unique in the workspace.
macro_rules! on_each_database {
    ($($scenario:ident,)*) => {
        mod sqlite { on_each_database!(@ Sqlite $($scenario,)*); }
        mod postgres { on_each_database!(@ Postgres $($scenario,)*); }
        mod mysql { on_each_database!(@ MySql $($scenario,)*); }
    };
    (@ $dialect:ident $($scenario:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $scenario() {
            let dialect = migrate_sqlx::Dialect::$dialect;
            let name = concat!(module_path!(), "::", stringify!($scenario));
            super::$scenario(migrate_tests::TestDatabase::create(dialect, name).await).await;
        })*
    };
}

on_each_database! {
    from_empty_to_the_heads_and_back,
    reading_creates_nothing,
    a_failing_statement_is_told_with_its_place,
    statements_without_a_transaction_are_recorded_one_by_one,
    many_at_once_apply_each_revision_once,
    a_table_of_another_tool_is_left_alone,
    a_newer_database_is_refused_and_can_be_taken_back,
    a_changed_revision_is_refused_and_reverted_by_its_old_text,
    the_ledger_can_have_another_name,
    a_merge_needs_no_sections,
    a_late_branch_is_applied_late,
    what_cannot_be_reverted_stops_before_anything_is,
    a_stamp_records_without_running,
    a_run_that_is_dropped_gives_the_lock_back,
    a_password_is_never_shown,
    text_of_any_kind_survives_in_the_ledger,
    triggers_and_routines,
    what_a_killed_migrator_sent_is_waited_for,
    a_ledger_that_was_tampered_with_is_told,
    settings_of_a_revision_end_with_the_run,
    a_ledger_that_cannot_be_written_is_no_failing_statement,
    two_at_once_without_a_transaction,
    a_run_that_is_stopped_is_rolled_back,
    a_stop_between_statements_can_be_resumed,
    a_stop_before_the_work_does_nothing,
    an_atomic_run_keeps_all_or_nothing,
    an_atomic_revert_keeps_all_or_nothing,
    an_atomic_run_refuses_what_needs_no_transaction,
    atomic_runs_at_once_apply_each_revision_once,
    what_is_finished_may_not_be_edited,
    a_resumed_revision_has_the_settings_of_its_session,
    a_missed_lock_is_tried_again,
    a_missed_lock_is_told,
    a_statement_that_takes_too_long_is_ended,
    a_section_lifts_the_limit_of_the_run,
    settings_do_not_reach_the_next_revision,
    a_statement_in_doubt_is_asked_about,
    an_edited_way_back_is_used_and_taken,
    an_edited_header_is_taken,
    a_way_back_that_failed_is_corrected,
    another_up_is_reverted_by_the_text_of_the_ledger,
    an_edit_does_not_hide_a_change_before_it,
    another_parent_is_no_edit,
    line_ends_of_a_checkout_do_not_matter,
    all_that_the_database_says_of_an_error_is_told,
    an_unseen_character_is_named,
    what_is_said_beside_errors_is_an_event,
    a_rollback_of_ours_says_nothing,
    an_older_version_takes_the_database_back,
    head_is_the_chains_and_not_the_ledgers,
    the_ledger_of_another_chain_is_left_alone,
    a_version_works_beside_another_one,
    events_say_who_did_it,
    a_run_ends_at_its_time_limit,
}

/// SQLite in memory, in the one connection there is.
pub(crate) async fn in_memory(foreign_keys: bool) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .foreign_keys(foreign_keys);
    let pool = SqlitePoolOptions::new().max_connections(1);
    pool.connect_with(options).await.unwrap()
}

pub(crate) async fn connect(database: &TestDatabase) -> Database {
    Database::connect(database.url(), Create::Missing)
        .await
        .expect("the database answers")
}

pub(crate) async fn run(
    database: &TestDatabase,
    migrations: &Migrations,
) -> Result<Vec<String>, Error> {
    let report = connect(database).await.run(migrations.runner()).await?;
    Ok(ids(&report))
}

async fn revert(
    database: &TestDatabase,
    migrations: &Migrations,
    target: &str,
) -> Result<Vec<String>, Error> {
    let runner = migrations
        .runner()
        .target(target.parse().expect("a target"))
        .cascade(Cascade::Refuse);
    let report = connect(database).await.revert(runner).await?;
    Ok(ids(&report))
}

fn ids(report: &Report) -> Vec<String> {
    report
        .steps
        .iter()
        .map(|step| step.revision.to_string())
        .collect()
}

async fn from_empty_to_the_heads_and_back(database: TestDatabase) {
    let chain = migrations(&AB);
    let events = Mutex::new(Vec::new());
    let runner = chain.runner().on_event(|event| {
        if let Event::Finished { revision, .. } = event {
            events.lock().unwrap().push(revision.id.to_string());
        }
    });
    let report = connect(&database).await.run(runner).await.unwrap();
    assert_eq!(ids(&report), ["a", "b"]);
    assert_eq!(events.into_inner().unwrap(), ["a", "b"]);
    assert_eq!(
        database.tables().await,
        ["a", "b", "migrate_event", "migrate_revision"]
    );
    assert_eq!(database.rows("SELECT note FROM a").await, [["it's; done"]]);

    assert_eq!(run(&database, &chain).await.unwrap(), Vec::<String>::new());
    let status = connect(&database).await.status(&chain).await.unwrap();
    assert_eq!(status.current, ["b"]);
    assert_eq!(status.applied.len(), 2);
    assert!(status.pending.is_empty() && status.failed.is_empty() && status.changed.is_empty());

    assert_eq!(revert(&database, &chain, "-1").await.unwrap(), ["b"]);
    assert_eq!(
        database.tables().await,
        ["a", "migrate_event", "migrate_revision"]
    );
    assert_eq!(revert(&database, &chain, "base").await.unwrap(), ["a"]);
    assert_eq!(
        database.tables().await,
        ["migrate_event", "migrate_revision"]
    );
    let kinds: Vec<_> = connect(&database)
        .await
        .events(&LedgerNames::DEFAULT)
        .await
        .unwrap()
        .into_iter()
        .map(|event| format!("{} {}", event.kind, event.revision))
        .collect();
    assert_eq!(kinds, ["apply a", "apply b", "revert b", "revert a"]);
}

async fn reading_creates_nothing(database: TestDatabase) {
    let chain = migrations(&AB);
    let connected = Database::connect(&database.url().replace("?mode=rwc", ""), Create::Nothing)
        .await
        .unwrap();
    let status = connected.status(&chain).await.unwrap();
    assert_eq!(status.pending, ["a", "b"]);
    assert!(
        connected
            .events(&LedgerNames::DEFAULT)
            .await
            .unwrap()
            .is_empty()
    );
    if database.dialect() == Dialect::Sqlite {
        let file = database
            .url()
            .trim_start_matches("sqlite://")
            .replace("?mode=rwc", "");
        assert!(!std::path::Path::new(&file).exists());
    }
    assert!(database.tables().await.is_empty());
}

async fn a_failing_statement_is_told_with_its_place(database: TestDatabase) {
    let chain = migrations(&[
        AB[0],
        (
            "b:a",
            "-- été\nCREATE TABLE b (id INTEGER PRIMARY KEY);\nINSERT INTO b VALUES (1); INSERT INTO nowhere VALUES (1);",
            "DROP TABLE b;",
        ),
    ]);
    let error = run(&database, &chain).await.unwrap_err();
    let Error::Statement(failed) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (failed.revision.as_str(), failed.number, failed.of),
        ("b", 3, 3)
    );
    assert_eq!(failed.finished, ["a"]);
    let place = failed.label.place.as_ref().unwrap();
    assert_eq!(place.line, 8, "{place:?}");
    assert!(place.column >= 27, "{place:?}");
    assert!(error.help().unwrap().contains("cargo migrate run"));

    let whole = database.dialect().transactional_ddl();
    assert_eq!(failed.rolled_back, whole);
    assert_eq!(database.tables().await.contains(&"b".to_owned()), !whole);
    let status = connect(&database).await.status(&chain).await.unwrap();
    assert_eq!(status.applied.len(), 1);
    let events = connect(&database)
        .await
        .events(&LedgerNames::DEFAULT)
        .await
        .unwrap();
    assert_eq!(events.last().unwrap().kind.as_str(), "fail");

    // Fixed, it is applied; if nothing could be rolled back, it resumes after the finished statements.
    let fixed = migrations(&[
        AB[0],
        (
            "b:a",
            "-- été\nCREATE TABLE b (id INTEGER PRIMARY KEY);\nINSERT INTO b VALUES (1); INSERT INTO b VALUES (2);",
            "DROP TABLE b;",
        ),
    ]);
    if !whole {
        assert_eq!(status.failed[0].statements, 2);
        let refused = run(&database, &fixed).await.unwrap_err();
        assert_eq!(refused.code(), "revision-unfinished");
        assert!(refused.help().unwrap().contains("--resume"));
    }
    let report = connect(&database)
        .await
        .run(fixed.runner().resume(!whole))
        .await
        .unwrap();
    assert_eq!(ids(&report), ["b"]);
    assert_eq!(
        database.rows("SELECT id FROM b ORDER BY id").await,
        [["1"], ["2"]]
    );
    assert_eq!(run(&database, &fixed).await.unwrap(), Vec::<String>::new());
}

async fn statements_without_a_transaction_are_recorded_one_by_one(database: TestDatabase) {
    let index = match database.dialect() {
        Dialect::Postgres => "CREATE INDEX CONCURRENTLY i ON a (note);",
        _ => "CREATE INDEX i ON a (note);",
    };
    let up = format!(
        "-- migrate: up no-transaction\nINSERT INTO a VALUES (2, 'x');\n{index}\nINSERT INTO a VALUES (3, 'y'), (2, 'again');"
    );
    let broken = migrations(&[
        AB[0],
        (
            "c:a",
            &up,
            "-- migrate: down no-transaction\nDELETE FROM a WHERE id > 1;",
        ),
    ]);
    let Error::Statement(failed) = run(&database, &broken).await.unwrap_err() else {
        panic!()
    };
    assert!(!failed.rolled_back);
    assert_eq!(failed.number, 3);
    let status = connect(&database).await.status(&broken).await.unwrap();
    assert_eq!(
        (status.failed[0].statements, status.failed[0].state),
        (2, RevisionState::Applying)
    );
    assert!(status.failed[0].error.is_some());

    let up = up.replace(", (2, 'again')", "");
    let fixed = migrations(&[
        AB[0],
        (
            "c:a",
            &up,
            "-- migrate: down no-transaction\nDELETE FROM a WHERE id > 1;",
        ),
    ]);
    let report = connect(&database)
        .await
        .run(fixed.runner().resume(true))
        .await
        .unwrap();
    assert_eq!(ids(&report), ["c"]);
    assert_eq!(database.rows("SELECT COUNT(*) FROM a").await, [["3"]]);
    assert_eq!(revert(&database, &fixed, "-1").await.unwrap(), ["c"]);
    assert_eq!(database.rows("SELECT COUNT(*) FROM a").await, [["1"]]);
}

async fn many_at_once_apply_each_revision_once(database: TestDatabase) {
    let names: Vec<String> = (0..12)
        .map(|number| {
            format!(
                "r{number:02}{}",
                if number == 0 {
                    String::new()
                } else {
                    format!(":r{:02}", number - 1)
                }
            )
        })
        .collect();
    let ups: Vec<String> = (0..12)
        .map(|number| {
            format!("CREATE TABLE t{number} (id INTEGER); INSERT INTO t{number} VALUES (1);")
        })
        .collect();
    let written: Vec<_> = names
        .iter()
        .zip(&ups)
        .map(|(name, up)| (name.as_str(), up.as_str(), ""))
        .collect();
    let chain: &'static Migrations = Box::leak(Box::new(migrations(&written)));
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let database = connect(&database).await;
        tasks.push(tokio::spawn(async move {
            database
                .run(chain.runner())
                .await
                .map(|report| report.steps.len())
        }));
    }
    let mut applied = 0;
    for task in tasks {
        applied += task.await.unwrap().unwrap();
    }
    assert_eq!(applied, 12);
    for number in 0..12 {
        assert_eq!(
            database
                .rows(&format!("SELECT COUNT(*) FROM t{number}"))
                .await,
            [["1"]]
        );
    }
    let events = connect(&database)
        .await
        .events(&LedgerNames::DEFAULT)
        .await
        .unwrap();
    assert_eq!(events.len(), 12);
}

async fn a_table_of_another_tool_is_left_alone(database: TestDatabase) {
    database
        .execute("CREATE TABLE migrate_revision (version INTEGER)")
        .await;
    let chain = migrations(&AB);
    for error in [
        run(&database, &chain).await.unwrap_err(),
        connect(&database).await.status(&chain).await.unwrap_err(),
        revert(&database, &chain, "base").await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "foreign-ledger");
        assert!(error.help().unwrap().contains("prefix"));
    }
    assert_eq!(database.tables().await, ["migrate_revision"]);
}

async fn a_newer_database_is_refused_and_can_be_taken_back(database: TestDatabase) {
    run(&database, &migrations(&AB)).await.unwrap();
    let older = migrations(&AB[..1]);
    let error = run(&database, &older).await.unwrap_err();
    assert_eq!(error.code(), "database-newer");
    assert!(error.to_string().contains("`b`"));
    assert_eq!(
        connect(&database)
            .await
            .status(&older)
            .await
            .unwrap()
            .unknown,
        ["b"]
    );
    assert_eq!(revert(&database, &older, "a").await.unwrap(), ["b"]);
    assert!(!database.tables().await.contains(&"b".to_owned()));
    assert_eq!(run(&database, &older).await.unwrap(), Vec::<String>::new());
}

async fn a_changed_revision_is_refused_and_reverted_by_its_old_text(database: TestDatabase) {
    run(&database, &migrations(&AB)).await.unwrap();
    let changed = migrations(&[
        AB[0],
        ("b:a", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
    ]);
    let error = run(&database, &changed).await.unwrap_err();
    assert_eq!(error.code(), "revision-changed");
    assert!(error.help().unwrap().contains("cargo migrate redo b"));
    assert_eq!(
        connect(&database)
            .await
            .status(&changed)
            .await
            .unwrap()
            .changed,
        ["b"]
    );
    assert_eq!(revert(&database, &changed, "-1").await.unwrap(), ["b"]);
    assert_eq!(run(&database, &changed).await.unwrap(), ["b"]);
    assert_eq!(
        database.tables().await,
        ["a", "c", "migrate_event", "migrate_revision"]
    );

    // A comment is no change.
    let commented = migrations(&[
        AB[0],
        (
            "b:a",
            "CREATE TABLE c ( -- why\n  id INTEGER);",
            "DROP TABLE c;",
        ),
    ]);
    assert_eq!(
        run(&database, &commented).await.unwrap(),
        Vec::<String>::new()
    );
}

async fn the_ledger_can_have_another_name(database: TestDatabase) {
    let schema = (database.dialect() == Dialect::Postgres).then_some("odd \"schema");
    if let Some(schema) = schema {
        database
            .execute(&format!(
                "CREATE SCHEMA {}",
                Dialect::Postgres.quote(schema)
            ))
            .await;
    }
    let names = LedgerNames {
        prefix: "my-own \"`'".into(),
        schema: schema.map(Into::into),
    };
    let chain = migrations_with(&AB, names);
    assert_eq!(run(&database, &chain).await.unwrap(), ["a", "b"]);
    assert_eq!(run(&database, &chain).await.unwrap(), Vec::<String>::new());
    assert_eq!(revert(&database, &chain, "base").await.unwrap(), ["b", "a"]);
}

async fn a_merge_needs_no_sections(database: TestDatabase) {
    // a - b - m
    //  \- c -/
    let chain = migrations(&[
        AB[0],
        AB[1],
        ("c:a", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
        ("m:b, c", "", ""),
    ]);
    assert_eq!(run(&database, &chain).await.unwrap(), ["a", "b", "c", "m"]);
    assert_eq!(
        connect(&database)
            .await
            .status(&chain)
            .await
            .unwrap()
            .current,
        ["m"]
    );
    assert_eq!(revert(&database, &chain, "b").await.unwrap(), ["m"]);
    assert_eq!(
        connect(&database)
            .await
            .status(&chain)
            .await
            .unwrap()
            .current,
        ["b", "c"]
    );
}

async fn a_late_branch_is_applied_late(database: TestDatabase) {
    run(&database, &migrations(&AB)).await.unwrap();
    let merged = migrations(&[
        AB[0],
        AB[1],
        ("A0:a", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
        ("m:A0, b", "", ""),
    ]);
    assert_eq!(run(&database, &merged).await.unwrap(), ["A0", "m"]);
}

async fn what_cannot_be_reverted_stops_before_anything_is(database: TestDatabase) {
    let chain = migrations(&[
        ("a", AB[0].1, "-- migrate: irreversible the rows are gone"),
        AB[1],
    ]);
    run(&database, &chain).await.unwrap();
    let error = revert(&database, &chain, "base").await.unwrap_err();
    assert_eq!(error.code(), "irreversible");
    assert!(error.to_string().contains("the rows are gone"));
    assert!(database.tables().await.contains(&"b".to_owned()));
}

async fn a_stamp_records_without_running(database: TestDatabase) {
    let chain = migrations(&AB);
    let connected = connect(&database).await;
    let stamp = |target: &str, mode| {
        let targets: Vec<Target> = vec![target.parse().unwrap()];
        let (connected, chain) = (&connected, &chain);
        async move {
            connected
                .stamp(chain.runner(), &targets, mode)
                .await
                .unwrap()
        }
    };
    stamp("head", StampMode::Update).await;
    assert_eq!(
        database.tables().await,
        ["migrate_event", "migrate_revision"]
    );
    assert_eq!(connected.status(&chain).await.unwrap().current, ["b"]);
    assert_eq!(run(&database, &chain).await.unwrap(), Vec::<String>::new());
    stamp("a", StampMode::Update).await;
    assert_eq!(connected.status(&chain).await.unwrap().current, ["a"]);
    stamp("base", StampMode::Replace).await;
    assert!(connected.status(&chain).await.unwrap().applied.is_empty());
}

async fn a_run_that_is_dropped_gives_the_lock_back(database: TestDatabase) {
    let slow = match database.dialect() {
        Dialect::Sqlite => return,
        Dialect::Postgres => "SELECT pg_sleep(3);",
        // The server finishes what it has, and only then lets the next one in.
        Dialect::MySql => "SELECT SLEEP(3);",
    };
    let up = format!("-- migrate: up no-transaction\nCREATE TABLE a (id INTEGER);\n{slow}");
    let chain = migrations(&[("a", &up, "")]);
    let connected = connect(&database).await;
    // It is dropped once it is surely inside the slow statement.
    let watch = async {
        loop {
            let status = Database::connect(database.url(), Create::Nothing)
                .await
                .unwrap()
                .status(&chain)
                .await
                .unwrap();
            if status.failed.first().is_some_and(|row| row.statements == 1) {
                break;
            }
        }
    };
    tokio::select! {
        ended = connected.run(chain.runner()) => panic!("{ended:?}"),
        () = watch => {}
    }
    // The lock is free: the next one sees the statement of unknown outcome instead of waiting.
    let error = connected
        .run(chain.runner().lock_wait(Duration::from_secs(30)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "in-doubt");
}

async fn a_password_is_never_shown(database: TestDatabase) {
    if database.dialect() == Dialect::Sqlite {
        return;
    }
    let secret = "s3cr3t-pass";
    let (scheme, rest) = database.url().split_once("://").unwrap();
    let (_, place) = rest.split_once('@').unwrap();
    for url in [
        format!("{scheme}://migrate:{secret}@{place}"),
        format!("{scheme}://migrate:{secret}@127.0.0.1:1/x"),
        format!("{scheme}://migrate:{secret}@host:notaport/x"),
        format!("nosql://migrate:{secret}@{place}"),
    ] {
        let error = Database::connect(&url, Create::Nothing).await.unwrap_err();
        let mut texts = format!("{error} {error:?} {:?}", error.help());
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            texts += &cause.to_string();
            source = cause.source();
        }
        assert!(!texts.contains(secret), "{texts}");
    }
    let connected = connect(&database).await;
    assert!(!format!("{connected:?}").contains("only-for-tests"));
}

async fn text_of_any_kind_survives_in_the_ledger(database: TestDatabase) {
    let up = "-- quotes ' \" ` \\ and \\' and 🦀 and $$ and ?1 :x\r\nCREATE TABLE a (id INTEGER);";
    let chain = migrations(&[("a", up, "DROP TABLE a; -- it's \\")]);
    run(&database, &chain).await.unwrap();
    let status = connect(&database).await.status(&chain).await.unwrap();
    assert_eq!(status.applied[0].body, chain.revisions()[0].text);
    let none = migrations(&[]);
    assert_eq!(revert(&database, &none, "base").await.unwrap(), ["a"]);
}

async fn triggers_and_routines(database: TestDatabase) {
    let (up, down) = match database.dialect() {
        Dialect::Sqlite => (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET note = 'seen;' WHERE id = new.id; END;",
            "DROP TRIGGER t;",
        ),
        Dialect::Postgres => (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.note := 'seen;'; RETURN new; END; $$;\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();",
            "DROP TRIGGER t ON a; DROP FUNCTION f;",
        ),
        Dialect::MySql => (
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF NEW.id > 0 THEN SET NEW.note = 'seen;'; END IF; END;",
            "DROP TRIGGER t;",
        ),
    };
    let chain = migrations(&[AB[0], ("t:a", up, down)]);
    run(&database, &chain).await.unwrap();
    database.execute("INSERT INTO a VALUES (7, 'x')").await;
    assert_eq!(
        database.rows("SELECT note FROM a WHERE id = 7").await,
        [["seen;"]]
    );
    assert_eq!(revert(&database, &chain, "a").await.unwrap(), ["t"]);
}
