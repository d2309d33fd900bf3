//! Chains to run, written as the files they come from.

use migrate_core::{Chain, Config, File, Folder, Survey};
use migrate_sqlx::{LedgerNames, Migrations};

/// A revision: its header in short (`b:a`), its up and its down.
pub(crate) type Written<'a> = (&'a str, &'a str, &'a str);

/// Writes a revision file; a section may begin with its own `-- migrate:` line.
pub(crate) fn text((header, up, down): Written<'_>) -> String {
    let (id, parents) = header.split_once(':').unwrap_or((header, "none"));
    let section = |name: &str, sql: &str| match sql.starts_with("-- migrate:") {
        true => format!("\n{sql}\n"),
        false => format!("\n-- migrate: {name}\n{sql}\n"),
    };
    let mut text = format!("-- revision: {id}\n-- parents: {parents}\n-- message: make {id}\n");
    if !up.is_empty() {
        text += &section("up", up);
    }
    if !down.is_empty() {
        text += &section("down", down);
    }
    text
}

/// Reads the files as the command does, whatever the rules say of them.
pub(crate) fn migrations_with(written: &[Written<'_>], ledger: LedgerNames) -> Migrations {
    let folder = Folder {
        shown: "migrations".to_owned(),
        files: written
            .iter()
            .map(|revision| File {
                name: format!("{}.sql", revision.0.split(':').next().unwrap()),
                text: text(*revision).into(),
            })
            .collect(),
        ..Folder::default()
    };
    let survey = Survey::new(&folder, &Config::default());
    let broken: Vec<_> = survey
        .diagnostics
        .iter()
        .filter(|found| !matches!(found.code.as_str(), "lock-missing" | "missing-down"))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
    Migrations::new(Chain::new(survey.revisions).unwrap(), ledger)
}

pub(crate) fn migrations(written: &[Written<'_>]) -> Migrations {
    migrations_with(written, LedgerNames::DEFAULT)
}

pub(crate) const AB: [Written<'static>; 2] = [
    (
        "a",
        "CREATE TABLE a (id INTEGER PRIMARY KEY, note VARCHAR(40));\nINSERT INTO a VALUES (1, 'it''s; done');",
        "DROP TABLE a;",
    ),
    (
        "b:a",
        "CREATE TABLE b (id INTEGER PRIMARY KEY);",
        "DROP TABLE b;",
    ),
];
