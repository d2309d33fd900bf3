//! goose: `<version>_<words>.sql` with `-- +goose Up` and `-- +goose Down` (its
//! `internal/sqlparser/parser.go`); `<version>_<words>.go` is Go.

use super::linear::{Entry, Order, chain, damaged, message};
use super::source::SourceFile;
use super::{History, MigrationBody, Note, Sources};
use crate::output::error::CommandError;

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    for file in &sources.files {
        let is_sql = file.name.ends_with(".sql");
        if !is_sql && !file.name.ends_with(".go") {
            continue;
        }
        let base = file.base();
        let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
        let version = stem
            .split_once('_')
            .filter(|(version, _)| version.parse::<i64>().is_ok_and(|version| version > 0));
        let Some((version, words)) = version.filter(|_| !stem.ends_with("_test")) else {
            if is_sql {
                notes.push(Note::left(
                    &file.at(0),
                    "goose takes only files named `<version>_<name>.sql`",
                ));
            }
            continue;
        };
        let (up, down) = match is_sql {
            true => sections(file, &mut notes),
            false => (
                MigrationBody::Left {
                    why: "it is a program in Go: write what it does as SQL".to_owned(),
                    text: file.text.clone(),
                    place: file.at(1),
                },
                MigrationBody::Irreversible("it was a program in Go".to_owned()),
            ),
        };
        entries.push(Entry {
            version: version.to_owned(),
            message: message(words),
            up,
            down,
            place: file.at(0),
        });
    }
    Ok(chain(sources, entries, notes, Order::Numbers))
}

/// What an annotation of goose asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Annotation {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    EnvSubOn,
    EnvSubOff,
    Unknown,
}

fn annotation(line: &str) -> Option<Annotation> {
    let rest = line.trim().strip_prefix("--")?.trim_start();
    let words = rest.strip_prefix("+goose")?.trim().to_ascii_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    Some(match words[..] {
        ["up"] => Annotation::Up,
        ["down"] => Annotation::Down,
        ["statementbegin"] => Annotation::StatementBegin,
        ["statementend"] => Annotation::StatementEnd,
        ["no", "transaction"] => Annotation::NoTransaction,
        ["envsub", "on"] => Annotation::EnvSubOn,
        ["envsub", "off"] => Annotation::EnvSubOff,
        _ => Annotation::Unknown,
    })
}

/// One direction while it is read.
struct Part {
    line: usize,
    text: String,
}

fn sections(file: &SourceFile, notes: &mut Vec<Note>) -> (MigrationBody, MigrationBody) {
    if let Some(damaged) = damaged(file) {
        return (
            damaged,
            MigrationBody::Irreversible("goose's file is not UTF-8".to_owned()),
        );
    }
    let mut up: Option<Part> = None;
    let mut down: Option<Part> = None;
    let mut in_down = false;
    let mut transaction = true;
    let mut filled_in = false;
    let mut in_statement = false;
    for (number, line) in file.text.split_inclusive('\n').enumerate() {
        let at = file.at(number + 1);
        let side = if in_down { &mut down } else { &mut up };
        let Some(annotation) = annotation(line) else {
            if filled_in && line.contains('$') && !line.trim_start().starts_with("--") {
                notes.push(Note::left(
                    &at,
                    "goose fills in variables of the environment here; the text is kept as it is",
                ));
            }
            match side {
                Some(part) => part.text.push_str(line),
                None if line.trim().is_empty() || line.trim_start().starts_with("--") => {}
                None => notes.push(Note::left(&at, "it comes before `-- +goose Up`")),
            }
            continue;
        };
        // Each takes a line, so that the lines of what follows stay where they were.
        if let Some(part) = side {
            part.text.push('\n');
        }
        match annotation {
            Annotation::Up | Annotation::Down => {
                in_down = annotation == Annotation::Down;
                let side = if in_down { &mut down } else { &mut up };
                *side = Some(Part {
                    line: number + 2,
                    text: String::new(),
                });
            }
            Annotation::StatementBegin => in_statement = true,
            Annotation::StatementEnd => {
                if !in_statement {
                    notes.push(Note::left(&at, "no `StatementBegin` comes before it"));
                }
                in_statement = false;
                // goose reads what is between as one statement, with or without its end.
                if let Some(part) = if in_down { &mut down } else { &mut up } {
                    end_statement(&mut part.text);
                }
            }
            Annotation::NoTransaction => transaction = false,
            Annotation::EnvSubOn => filled_in = true,
            Annotation::EnvSubOff => filled_in = false,
            Annotation::Unknown => notes.push(Note::left(
                &at,
                format!("unknown annotation `{}`", line.trim()),
            )),
        }
    }
    let body = |part: Part| MigrationBody::Sql {
        text: part.text,
        transaction,
        place: file.at(part.line),
    };
    let no_up = || MigrationBody::Left {
        why: "it has no line `-- +goose Up`".to_owned(),
        text: file.text.clone(),
        place: file.at(1),
    };
    let no_down = || MigrationBody::Irreversible("goose had no `-- +goose Down` for it".to_owned());
    (up.map_or_else(no_up, body), down.map_or_else(no_down, body))
}

/// Terminates the last statement if it is not terminated.
fn end_statement(text: &mut String) {
    let trimmed = text.trim_end();
    let last = trimmed.lines().last().unwrap_or_default().trim();
    if last.is_empty() || last.starts_with("--") || last.ends_with(';') {
        return;
    }
    let end = trimmed.len();
    text.insert(end, ';');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations() {
        let history = read(&Sources::of(&[
            (
                "00001_a.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql\n-- +goose StatementEnd\nSELECT 2;\n\n-- +goose Down\nSELECT 3;\n",
            ),
            ("00002_b.go", "package m\n"),
            ("00003_c.sql", "-- +goose up\n-- +goose ENVSUB ON\nSELECT '${X}';\n-- +goose ENVSUB OFF\nSELECT '$';\n"),
            ("main.go", ""),
            ("00004_d_test.go", ""),
        ]))
        .unwrap();
        let [a, b, c] = &history.revisions[..] else {
            panic!()
        };
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
            (
                "SELECT 1;\n\nCREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;\n\nSELECT 2;\n\n\n",
                false,
                3
            )
        );
        assert!(matches!(&a.down, MigrationBody::Sql { text, .. } if text == "SELECT 3;\n"));
        assert!(matches!(b.up, MigrationBody::Left { .. }));
        assert!(matches!(c.down, MigrationBody::Irreversible(_)));
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| note.place.to_string())
            .collect();
        assert_eq!(notes, ["old/00003_c.sql:3"]);
    }
}
