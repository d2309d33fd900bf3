//! Revisions that were edited after they were applied, and files with other line endings.

use std::sync::Mutex;

use migrate_core::{Chain, Config, File, Folder, Survey};
use migrate_sqlx::{Dialect, Edit, Error, Event, LedgerNames, Migrations, StampMode};
use migrate_tests::TestDatabase;

use crate::chain::{Written, migrations, text};
use crate::scenarios::{connect, run};

const UP_A: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY);";
const UP_B: &str = "CREATE TABLE b (id INTEGER PRIMARY KEY);";

/// Returns the events of a run: revisions that were started, with their text's origin, and texts
/// that the ledger took.
async fn run_listening(
    database: &TestDatabase,
    chain: &Migrations,
    target: Option<&str>,
) -> (Vec<String>, Result<(), Error>) {
    let events = Mutex::new(Vec::new());
    let runner = chain.runner().on_event(|event| {
        let line = match event {
            Event::Started {
                revision,
                from_ledger,
                ..
            } => format!("{} {from_ledger}", revision.id),
            Event::TextTaken { revision, edit, .. } => format!("took {}: {edit}", revision.id),
            _ => return,
        };
        events.lock().unwrap().push(line);
    });
    let database = connect(database).await;
    let done = match target {
        None => database.run(runner).await,
        Some(target) => {
            database
                .revert(runner.target(target.parse().unwrap()))
                .await
        }
    };
    (events.into_inner().unwrap(), done.map(|_| ()))
}

async fn revert(
    database: &TestDatabase,
    chain: &Migrations,
    target: &str,
) -> (Vec<String>, Result<(), Error>) {
    run_listening(database, chain, Some(target)).await
}

/// The rows of the ledger as a plain client reads them.
async fn rows(database: &TestDatabase, columns: &str) -> Vec<Vec<String>> {
    let order = format!("SELECT {columns} FROM migrate_revision ORDER BY revision");
    database.rows(&order).await
}

async fn events(database: &TestDatabase) -> Vec<Vec<String>> {
    database
        .rows("SELECT kind, revision, detail FROM migrate_event WHERE kind = 'repair' ORDER BY id")
        .await
}

pub(crate) async fn an_edited_way_back_is_used_and_taken(database: TestDatabase) {
    let was = migrations(&[
        ("a", UP_A, ""),
        ("b:a", UP_B, "DROP TABLE nosuch;"),
        ("c:b", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
    ]);
    run(&database, &was).await.unwrap();
    // The first got a way back, the second's was corrected.
    let now = migrations(&[
        ("a", UP_A, "DROP TABLE a;"),
        ("b:a", UP_B, "DROP TABLE b;"),
        ("c:b", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
    ]);
    let state = connect(&database).await;
    let state = state.state(&now).await.unwrap();
    assert_eq!(state.edited, ["a", "b"]);
    assert!(state.changed.is_empty());
    assert_eq!(state.edit("b"), Some(Edit::Down));
    assert_eq!(state.edit("c"), None);

    let (seen, done) = revert(&database, &now, "a").await;
    done.unwrap();
    assert_eq!(seen, ["took b: its `down`", "c false", "b false"]);
    assert_eq!(
        database.tables().await,
        ["a", "migrate_event", "migrate_revision"]
    );

    // A run takes the rest, before it applies what is pending.
    let (seen, done) = run_listening(&database, &now, None).await;
    done.unwrap();
    assert_eq!(seen, ["took a: its `down`", "b false", "c false"]);
    let found = rows(&database, "hash, chain_hash, body").await;
    for (row, revision) in found.iter().zip(now.revisions()) {
        assert_eq!(row[0], format!("1:{}", revision.hash));
        assert_eq!(row[1], format!("1:{}", revision.chain_hash));
        assert_eq!(row[2], revision.text);
    }
    let found = events(&database).await;
    assert!(
        found[0][2].starts_with("its `down` was edited after it was applied"),
        "{found:?}"
    );
    assert!(
        found[0][2].ends_with(&*was.revisions()[1].text),
        "{found:?}"
    );
    assert_eq!(
        found.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(),
        ["b", "a"]
    );
    let (seen, done) = run_listening(&database, &now, None).await;
    done.unwrap();
    assert_eq!(seen, Vec::<String>::new());
    let (_, done) = revert(&database, &now, "base").await;
    done.unwrap();
}

/// A label is not part of what was applied; the rows after it follow by their chain hashes.
pub(crate) async fn an_edited_header_is_taken(database: TestDatabase) {
    let chain = [("a", UP_A, "DROP TABLE a;"), ("b:a", UP_B, "DROP TABLE b;")];
    run(&database, &migrations(&chain)).await.unwrap();
    let labelled = text(chain[0]).replace("-- message", "-- labels: first\n-- message");
    let now = of_texts(&[labelled, text(chain[1])]);
    let before = rows(&database, "applied_at, duration_ms").await;
    let (seen, done) = run_listening(&database, &now, None).await;
    done.unwrap();
    assert_eq!(seen, ["took a: its header"]);
    assert_eq!(rows(&database, "applied_at, duration_ms").await, before);
    let found = rows(&database, "chain_hash").await;
    for (row, revision) in found.iter().zip(now.revisions()) {
        assert_eq!(row[0], format!("1:{}", revision.chain_hash));
    }
    let status = connect(&database).await.status(&now).await.unwrap();
    assert!(status.edited.is_empty());
}

/// The first try fails, the `down` is corrected, the second works: on MySQL the first has begun.
pub(crate) async fn a_way_back_that_failed_is_corrected(database: TestDatabase) {
    let was = migrations(&[("a", UP_A, "DROP TABLE aa;")]);
    run(&database, &was).await.unwrap();
    let (_, failed) = revert(&database, &was, "base").await;
    let Err(Error::Statement(error)) = failed else {
        panic!("{failed:?}")
    };
    assert!(!error.from_ledger);
    let now = migrations(&[("a", UP_A, "DROP TABLE a;")]);
    let runner = now.runner().target("base".parse().unwrap());
    let runner = runner.resume(database.dialect() == Dialect::MySql);
    connect(&database).await.revert(runner).await.unwrap();
    assert_eq!(
        database.tables().await,
        ["migrate_event", "migrate_revision"]
    );
}

/// The file's `up` differs from what was applied: the ledger's text is used, and the help says how
/// to continue without it.
pub(crate) async fn another_up_is_reverted_by_the_text_of_the_ledger(database: TestDatabase) {
    run(&database, &migrations(&[("a", UP_A, "DROP TABLE aa;")]))
        .await
        .unwrap();
    let now = migrations(&[("a", "CREATE TABLE other (id INTEGER);", "DROP TABLE other;")]);
    let (seen, failed) = revert(&database, &now, "base").await;
    assert_eq!(seen, ["a true"]);
    let Err(Error::Statement(error)) = &failed else {
        panic!("{failed:?}")
    };
    assert!(error.from_ledger);
    assert_eq!(error.label.file, "a.sql (from the ledger)");
    let help = failed.unwrap_err().help().unwrap();
    assert!(
        help.contains("cargo migrate repair --undone a --execute"),
        "{help}"
    );
}

/// An edit after a revision with another `up` must not hide that by its chain hash.
pub(crate) async fn an_edit_does_not_hide_a_change_before_it(database: TestDatabase) {
    let was = [("a", UP_A, "DROP TABLE a;"), ("b:a", UP_B, "DROP TABLE b;")];
    run(&database, &migrations(&was)).await.unwrap();
    let before = rows(&database, "chain_hash").await;
    let now = migrations(&[
        ("a", "CREATE TABLE a2 (id INTEGER);", "DROP TABLE a2;"),
        ("b:a", UP_B, "DROP TABLE nosuch;"),
    ]);
    let (seen, failed) = revert(&database, &now, "-1").await;
    assert_eq!(seen, ["took b: its `down`", "b false"]);
    assert!(matches!(failed, Err(Error::Statement(_))), "{failed:?}");
    assert_eq!(rows(&database, "chain_hash").await, before);
    let (_, refused) = run_listening(&database, &now, None).await;
    assert_eq!(refused.unwrap_err().code(), "revision-changed");
}

/// Somebody else's parents are another place in the chain, whatever the `up` does.
pub(crate) async fn another_parent_is_no_edit(database: TestDatabase) {
    let was: [Written<'_>; 3] = [
        ("a", UP_A, "DROP TABLE a;"),
        ("b:a", UP_B, "DROP TABLE b;"),
        ("c:b", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
    ];
    run(&database, &migrations(&was)).await.unwrap();
    let now = migrations(&[
        was[0],
        ("b:c", was[1].1, was[1].2),
        ("c:a", was[2].1, was[2].2),
    ]);
    let status = connect(&database).await.status(&now).await.unwrap();
    assert_eq!(status.changed, ["b", "c"]);
    assert!(status.edited.is_empty());
}

fn of_texts(texts: &[String]) -> Migrations {
    let files = texts.iter().enumerate().map(|(number, text)| File {
        name: format!("{number}.sql"),
        text: text.clone().into(),
    });
    let folder = Folder {
        shown: "migrations".to_owned(),
        files: files.collect(),
        ..Folder::default()
    };
    let revisions = Survey::new(&folder, &Config::default()).revisions;
    Migrations::new(Chain::new(revisions).unwrap(), LedgerNames::DEFAULT)
}

/// A checkout with CRLF gives the database, its ledger and whoever reads an error the same.
pub(crate) async fn line_ends_of_a_checkout_do_not_matter(database: TestDatabase) {
    let trigger = match database.dialect() {
        Dialect::Sqlite => {
            "CREATE TRIGGER t AFTER DELETE ON mail BEGIN\n  UPDATE mail SET body = 'x\ny' WHERE 0;\nEND;"
        }
        Dialect::Postgres => {
            "CREATE FUNCTION t() RETURNS text LANGUAGE sql AS $$\n  SELECT 'x\ny'::text;\n$$;"
        }
        Dialect::MySql => {
            "CREATE TRIGGER t AFTER DELETE ON mail FOR EACH ROW BEGIN\n  SET @x = 'x\ny';\nEND;"
        }
    };
    let source = match database.dialect() {
        Dialect::Sqlite => "SELECT sql FROM sqlite_master WHERE name = 't'",
        Dialect::Postgres => "SELECT prosrc FROM pg_proc WHERE proname = 't'",
        Dialect::MySql => {
            "SELECT action_statement FROM information_schema.triggers WHERE trigger_name = 't' AND trigger_schema = DATABASE()"
        }
    };
    let up = format!(
        "CREATE TABLE mail (id INTEGER PRIMARY KEY, body VARCHAR(40) NOT NULL);\nINSERT INTO mail VALUES (1, 'Hello,\n\nbye');\n{trigger}"
    );
    let lf = [
        text(("a", &up, "DELETE FROM mail WHERE body = '\n';")),
        text(("b:a", "SELECT 1;\nSELECT 'a\nb' FROM\n  nosuch;", "")),
    ];
    let crlf = lf.clone().map(|text| text.replace('\n', "\r\n"));
    let mut seen = Vec::new();
    for texts in [&crlf, &lf] {
        let (_, failed) = run_listening(&database, &of_texts(texts), None).await;
        let Err(Error::Statement(error)) = failed else {
            panic!("{failed:?}")
        };
        let place = error.label.place.unwrap();
        let made = database.rows(source).await;
        assert!(!made[0][0].contains('\r'), "{made:?}");
        seen.push((
            (place.line, place.column, place.source),
            database.rows("SELECT body FROM mail").await,
            made,
            rows(&database, "revision, hash, body").await,
        ));
        if seen.len() == 1 {
            let forget = of_texts(&[crlf[0].clone()]);
            let runner = forget.runner();
            connect(&database)
                .await
                .stamp(runner, &["base".parse().unwrap()], StampMode::Replace)
                .await
                .unwrap();
            database.execute("DROP TABLE mail").await;
            if database.dialect() == Dialect::Postgres {
                database.execute("DROP FUNCTION t").await;
            }
        }
    }
    assert_eq!(seen[0].1, [["Hello,\n\nbye"]]);
    assert_eq!(seen[0].3[0][2], lf[0]);
    assert_eq!(seen[0], seen[1]);
}
