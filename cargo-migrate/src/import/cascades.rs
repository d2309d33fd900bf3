//! Statements that change rows of other tables through foreign keys: tools for SQLite have them on,
//! and a revision is applied with them off.

use std::collections::BTreeSet;

use migrate_core::Dialect;

use super::version_table::Words;
use super::{Form, History, MigrationBody, Note, Place, Tool};

/// The tables whose rows others follow.
#[derive(Default)]
struct Cascades {
    on_delete: BTreeSet<String>,
    on_update: BTreeSet<String>,
}

/// Lists such statements of a tool whose sessions have foreign keys on.
pub(super) fn notes(history: &History, form: Form<'_>) -> Vec<Note> {
    let is_on = match form.tool {
        // sqlx-sqlite, `options/mod.rs`; rusqlite's own build of SQLite.
        Tool::Sqlx | Tool::Refinery => true,
        Tool::Alembic
        | Tool::Diesel
        | Tool::Dbmate
        | Tool::Goose
        | Tool::GolangMigrate
        | Tool::Flyway => false,
    };
    if !is_on || !(form.dialects.is_empty() || form.dialects.contains(Dialect::Sqlite)) {
        return Vec::new();
    }
    let bodies = || {
        let migrations = history.revisions.iter();
        migrations.flat_map(|migration| [&migration.up, &migration.down])
    };
    let mut cascades = Cascades::default();
    for body in bodies() {
        each(body, |words, _| cascades.read(words));
    }
    let mut notes = Vec::new();
    for body in bodies() {
        let mut found = Vec::new();
        let mut switches = false;
        each(body, |words, place| {
            switches |= words.at(0) == "PRAGMA" && words.follow("PRAGMA", "foreign_keys");
            found.extend(cascades.acts(words).map(|what| (what, place)));
        });
        // They were off where a file could switch them.
        if !switches {
            notes.extend(found.into_iter().map(|(what, place)| {
                Note::changed(
                    &place,
                    format!("{what} also changed the rows that point to its own (`ON DELETE`, `ON UPDATE`); a revision is applied with foreign keys off, so write that as a statement of its own"),
                )
            }));
        }
    }
    notes
}

/// Calls `read` with each statement of a migration, and its place.
fn each(body: &MigrationBody, mut read: impl FnMut(&Words, Place)) {
    let MigrationBody::Sql { text, place, .. } = body else {
        return;
    };
    for range in migrate_sql::split(Dialect::Sqlite, text).unwrap_or_default() {
        let before = text[..range.start].bytes().filter(|byte| *byte == b'\n');
        let place = Place {
            line: place.line + before.count(),
            ..place.clone()
        };
        read(&Words::new(Dialect::Sqlite, &text[range]), place);
    }
}

impl Cascades {
    /// Reads the foreign keys of a statement.
    fn read(&mut self, words: &Words) {
        if !matches!(words.at(0), "CREATE" | "ALTER") {
            return;
        }
        for at in (0..words.len()).filter(|at| words.at(*at) == "REFERENCES") {
            let Some(table) = words.name(at + 1) else {
                continue;
            };
            let mut depth = 0_usize;
            for next in at + 2..words.len() {
                match words.at(next) {
                    "(" => depth += 1,
                    ")" if depth == 0 => break,
                    ")" => depth -= 1,
                    "," if depth == 0 => break,
                    "ON" if matches!(words.at(next + 2), "CASCADE" | "SET") => {
                        match words.at(next + 1) {
                            "DELETE" => self.on_delete.insert(table.clone()),
                            _ => self.on_update.insert(table.clone()),
                        };
                    }
                    _ => {}
                }
            }
        }
    }

    /// Returns what a statement does to a table that others follow.
    fn acts(&self, words: &Words) -> Option<String> {
        let (what, at) = match (words.at(0), words.at(1), words.at(2)) {
            ("DELETE", "FROM", _) => ("DELETE FROM", 2),
            ("REPLACE", "INTO", _) => ("REPLACE INTO", 2),
            ("INSERT", "OR", "REPLACE") => ("INSERT OR REPLACE INTO", 4),
            ("UPDATE", "OR", _) => ("UPDATE", 3),
            ("UPDATE", ..) => ("UPDATE", 1),
            ("DROP", "TABLE", "IF") => ("DROP TABLE", 4),
            ("DROP", "TABLE", _) => ("DROP TABLE", 2),
            _ => return None,
        };
        let table = words.name(at)?;
        let tables = match what {
            "UPDATE" => &self.on_update,
            _ => &self.on_delete,
        };
        tables.contains(&table).then(|| format!("`{what} {table}`"))
    }
}
