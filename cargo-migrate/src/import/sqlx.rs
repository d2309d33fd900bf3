//! sqlx: `<version>_<words>.sql`, or `.up.sql` and `.down.sql` (sqlx-core, `migrate/source.rs`).

use super::linear::{Order, Pairs, chain, message, whole};
use super::{History, Note, Sources};
use crate::output::error::CommandError;

/// What sqlx requires at the very beginning of a file that runs outside a transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut pairs = Pairs::default();
    for file in sources.ending(".sql") {
        if file.name.contains('/') {
            pairs.notes.push(Note::left(
                &file.at(0),
                "sqlx does not read folders inside it",
            ));
            continue;
        }
        let parts = file.name.split_once('_');
        let number = |version: &str| version.parse::<i64>().is_ok_and(|version| version >= 0);
        let Some((version, words)) = parts.filter(|(version, _)| number(version)) else {
            pairs.notes.push(Note::left(
                &file.at(0),
                "sqlx takes only files named `<version>_<description>.sql`",
            ));
            continue;
        };
        let transaction = !file.text.starts_with(NO_TRANSACTION);
        let (words, is_up) = match (
            words.strip_suffix(".down.sql"),
            words.strip_suffix(".up.sql"),
        ) {
            (Some(words), _) => (words, false),
            (None, Some(words)) => (words, true),
            (None, None) => (words.trim_end_matches(".sql"), true),
        };
        pairs.add(
            version,
            &message(words),
            is_up,
            whole(file, transaction),
            file,
        );
    }
    let (entries, notes) = pairs.entries("sqlx had no down migration for it");
    Ok(chain(sources, entries, notes, Order::Numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::MigrationBody;

    #[test]
    fn simple_and_reversible_files() {
        let history = read(&Sources::of(&[
            ("0002_b.up.sql", "-- no-transaction\nVACUUM;"),
            ("0002_b.down.sql", "SELECT 2;"),
            ("10_last_one.sql", "SELECT 3;"),
            ("1_a.sql", "SELECT 1;"),
            ("3_c.down.sql", "SELECT 1;"),
            ("readme.sql", ""),
            ("x_y.sql", ""),
            ("deeper/4_d.sql", ""),
        ]))
        .unwrap();
        let seen: Vec<_> = history
            .revisions
            .iter()
            .map(|r| (r.version.as_str(), r.parents.join(","), r.message.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("1", String::new(), "a"),
                ("0002", "1".to_owned(), "b"),
                ("10", "0002".to_owned(), "last one"),
            ]
        );
        assert!(matches!(
            &history.revisions[1].up,
            MigrationBody::Sql {
                transaction: false,
                ..
            }
        ));
        assert!(matches!(
            &history.revisions[1].down,
            MigrationBody::Sql {
                transaction: true,
                ..
            }
        ));
        assert!(matches!(
            &history.revisions[0].down,
            MigrationBody::Irreversible(_)
        ));
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| note.place.file.as_str())
            .collect();
        assert_eq!(
            notes,
            [
                "old/readme.sql",
                "old/x_y.sql",
                "old/deeper/4_d.sql",
                "old/3_c.down.sql"
            ]
        );
    }

    #[test]
    fn what_is_no_text_keeps_its_place() {
        let history = read(&Sources::of(&[
            ("1_a.sql", "SELECT 1;"),
            ("2_b.sql", "\u{fffd}"),
        ]))
        .unwrap();
        assert!(matches!(
            &history.revisions[1].up,
            MigrationBody::Left { .. }
        ));
    }

    #[test]
    fn a_version_twice() {
        let history = read(&Sources::of(&[
            ("1_a.sql", ""),
            ("01_b.sql", ""),
            ("1_c.sql", ""),
        ]))
        .unwrap();
        assert_eq!(history.revisions.len(), 1);
        assert_eq!(history.notes.len(), 2);
    }
}
