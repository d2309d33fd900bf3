//! dbmate: `<version>_<words>.sql` with `-- migrate:up` and `-- migrate:down` (its
//! `pkg/dbmate/parse.go`).

use super::linear::{Entry, Order, chain, damaged, message};
use super::{History, MigrationBody, Note, Sources};
use crate::import::source::SourceFile;
use crate::output::error::CommandError;

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    for file in sources.ending(".sql") {
        let base = file.base();
        let digits = base.len() - base.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 || file.name.contains('/') {
            // The dump that dbmate writes beside the folder is not a migration.
            notes.push(Note::left(
                &file.at(0),
                "dbmate takes only files named `<version>_<name>.sql`",
            ));
            continue;
        }
        let words = base[digits..].trim_end_matches(".sql");
        let (up, down) = sections(file, &mut notes);
        entries.push(Entry {
            version: base[..digits].to_owned(),
            message: message(words),
            up,
            down,
            place: file.at(0),
        });
    }
    Ok(chain(sources, entries, notes, Order::FileNames))
}

/// A part of a file, and where it begins.
struct Part {
    line: usize,
    transaction: bool,
    text: String,
}

fn sections(file: &SourceFile, notes: &mut Vec<Note>) -> (MigrationBody, MigrationBody) {
    if let Some(damaged) = damaged(file) {
        return (
            damaged,
            MigrationBody::Irreversible("dbmate's file is not UTF-8".to_owned()),
        );
    }
    let mut up: Option<Part> = None;
    let mut down: Option<Part> = None;
    let mut in_down = false;
    for (number, line) in file.text.split_inclusive('\n').enumerate() {
        if let Some((is_up, options)) = marker(line) {
            in_down = !is_up;
            let side = if is_up { &mut up } else { &mut down };
            if side.is_some() {
                notes.push(Note::left(
                    &file.at(number + 1),
                    "the section occurs a second time",
                ));
            }
            let mut transaction = true;
            for option in options.split_whitespace() {
                match option.split_once(':') {
                    Some(("transaction", value)) => transaction = value != "false",
                    _ => notes.push(Note::left(
                        &file.at(number + 1),
                        format!("unknown option `{option}`"),
                    )),
                }
            }
            *side = Some(Part {
                line: number + 2,
                transaction,
                text: String::new(),
            });
            continue;
        }
        let side = if in_down { &mut down } else { &mut up };
        match side {
            Some(part) => part.text.push_str(line),
            None if line.trim().is_empty() || line.trim_start().starts_with("--") => {}
            None => notes.push(Note::left(
                &file.at(number + 1),
                "it comes before `-- migrate:up`, where dbmate does not accept it",
            )),
        }
    }
    let body = |part: Part| MigrationBody::Sql {
        text: part.text,
        transaction: part.transaction,
        place: file.at(part.line),
    };
    let no_up = || MigrationBody::Left {
        why: "it has no line `-- migrate:up`".to_owned(),
        text: file.text.clone(),
        place: file.at(1),
    };
    let no_down =
        || MigrationBody::Irreversible("dbmate had no `-- migrate:down` for it".to_owned());
    (up.map_or_else(no_up, body), down.map_or_else(no_down, body))
}

/// `-- migrate:up` or `-- migrate:down`, and its options.
fn marker(line: &str) -> Option<(bool, &str)> {
    let rest = line.trim_end().strip_prefix("--")?.trim_start();
    let rest = rest.strip_prefix("migrate:")?;
    let (word, options) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match word {
        "up" => Some((true, options)),
        "down" => Some((false, options)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_a_file() {
        let history = read(&Sources::of(&[
            (
                "20240131120405_create_users.sql",
                "-- migrate:up transaction:false\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n",
            ),
            (
                "20240131120406_b.sql",
                "SELECT 0;\n-- migrate:up wow\nSELECT 1;\n",
            ),
            ("20240131120407_c.sql", "SELECT 0;\n"),
            ("schema.sql", ""),
        ]))
        .unwrap();
        let [a, b, c] = &history.revisions[..] else {
            panic!()
        };
        assert_eq!(a.message, "create users");
        assert_eq!(a.created, "2024-01-31T12:04:05Z");
        let MigrationBody::Sql {
            text,
            transaction,
            place,
        } = &a.up
        else {
            panic!()
        };
        assert_eq!(
            (text.as_str(), *transaction, place.line),
            ("SELECT 1;\n\n", false, 2)
        );
        let MigrationBody::Sql {
            text,
            transaction,
            place,
        } = &a.down
        else {
            panic!()
        };
        assert_eq!(
            (text.as_str(), *transaction, place.line),
            ("SELECT 2;\n", true, 5)
        );
        assert!(matches!(b.down, MigrationBody::Irreversible(_)));
        assert!(matches!(c.up, MigrationBody::Left { .. }));
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| note.place.to_string())
            .collect();
        assert_eq!(
            notes,
            [
                "old/20240131120406_b.sql:1",
                "old/20240131120406_b.sql:2",
                "old/20240131120407_c.sql:1",
                "old/schema.sql"
            ]
        );
    }
}
