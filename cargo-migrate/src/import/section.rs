//! One direction of a migration, made fit for a revision's section.

use migrate_core::{Dialect, Dialects};
use migrate_sql::{FindingKind, Lexer, TokenKind};

use super::{Note, Place};

/// What a migration does in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MigrationBody {
    /// This SQL, which begins at this place.
    Sql {
        text: String,
        transaction: bool,
        place: Place,
    },
    /// It cannot be reverted, and why.
    Irreversible(String),
    /// It could not be carried over: why, and the original text. The revision stays a
    /// draft, and the text becomes a comment.
    Left {
        why: String,
        text: String,
        place: Place,
    },
    /// A part of it could be carried over: this SQL, of this whole. The revision stays a draft.
    Part {
        why: String,
        whole: String,
        text: String,
        transaction: bool,
        place: Place,
    },
}

/// A section, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) transaction: bool,
    /// The statements; none if it is a comment or nothing.
    pub(super) statements: usize,
    /// Lines of `text` before the first of the old file's.
    pub(super) before: usize,
}

/// Statements in the order of the text, without terminators.
pub(super) fn statements(
    dialects: Dialects,
    text: &str,
) -> Option<(Dialect, Vec<std::ops::Range<usize>>)> {
    let dialects = match dialects.is_empty() {
        true => Dialects::ALL,
        false => dialects,
    };
    // PostgreSQL's rules are the strictest about quotes: what it accepts is unambiguous.
    let mut order: Vec<Dialect> = dialects.iter().collect();
    order.sort_by_key(|dialect| *dialect != Dialect::Postgres);
    order
        .into_iter()
        .find_map(|dialect| Some((dialect, migrate_sql::split(dialect, text).ok()?)))
}

/// Makes SQL fit for a section, without what the tool does itself; changes become notes.
/// `Err` says why it cannot be in a section.
pub(super) fn to_section(
    text: &str,
    transaction: bool,
    dialects: Dialects,
    place: &Place,
    notes: &mut Vec<Note>,
) -> Result<Body, (String, Place)> {
    let at = |offset: usize| Place {
        file: place.file.clone(),
        line: match place.line {
            0 => 0,
            line => line + text[..offset].bytes().filter(|byte| *byte == b'\n').count(),
        },
    };
    let Some((dialect, ranges)) = statements(dialects, text) else {
        let known = dialects.iter().next().unwrap_or(Dialect::Postgres);
        let end = migrate_sql::split(known, text).err();
        let (what, offset) = end.map_or_else(
            || ("text".to_owned(), 0),
            |end| (end.what.to_string(), end.at),
        );
        return Err((format!("unterminated {what}"), at(offset)));
    };
    let mut transaction = transaction;
    let mut dropped: Vec<std::ops::Range<usize>> = Vec::new();
    let word = |range: &std::ops::Range<usize>| {
        let statement = &text[range.clone()];
        words(dialect, statement)
    };
    if let [first, .., last] = &ranges[..]
        && begins(&word(first))
        && commits(&word(last))
        && transaction
    {
        dropped.extend([first.clone(), last.clone()]);
        notes.push(Note::changed(
            &at(first.start),
            "its own `BEGIN` and `COMMIT` are left out: a revision is applied as a whole",
        ));
    }
    for range in &ranges {
        if dropped.contains(range) {
            continue;
        }
        let Some(found) = migrate_sql::lint(dialect, &text[range.clone()]) else {
            continue;
        };
        let what = &found.what;
        match found.kind {
            FindingKind::ClientCommand => {
                return Err((
                    format!("`{what}` is a client command, which servers do not accept"),
                    at(range.start),
                ));
            }
            FindingKind::NeedsNoTransaction if transaction && what == "PRAGMA FOREIGN_KEYS" => {
                dropped.push(range.clone());
                notes.push(Note::changed(
                    &at(range.start),
                    "`PRAGMA foreign_keys` is left out: inside a transaction it did nothing, and a revision is applied with foreign keys off and checked at its end",
                ));
            }
            FindingKind::TransactionControl | FindingKind::NeedsNoTransaction if transaction => {
                transaction = false;
                notes.push(Note::changed(
                    &at(range.start),
                    format!(
                        "`{what}` keeps it from running in one transaction: its section says `no-transaction`"
                    ),
                ));
            }
            FindingKind::BlocksLedger if dialect == Dialect::Postgres && transaction => {
                transaction = false;
                notes.push(Note::changed(
                    &at(range.start),
                    format!(
                        "`{what}` keeps it from running in one transaction: its section says `no-transaction`"
                    ),
                ));
            }
            FindingKind::TransactionControl
            | FindingKind::NeedsNoTransaction
            | FindingKind::BlocksLedger => {}
        }
    }
    let left = ranges.len() - dropped.len();
    let kept = without(text, &dropped);
    let (kept, invalid_line) = escape_markers(dialect, &kept);
    if let Some(offset) = invalid_line {
        return Err((
            "a line inside a string reads as a section header or as a conflict marker of git"
                .to_owned(),
            at(offset.min(text.len())),
        ));
    }
    let trimmed = kept.trim_start_matches([' ', '\t', '\n']);
    let cut = &kept[..kept.len() - trimmed.len()];
    let before = cut.bytes().filter(|byte| *byte == b'\n').count();
    // What is not on the first line keeps its indentation.
    let indent = cut.rsplit('\n').next().unwrap_or_default();
    Ok(Body {
        text: format!("{indent}{}\n", trimmed.trim_end()),
        transaction,
        statements: left,
        before,
    })
}

/// The first words of a statement, in capitals.
fn words(dialect: Dialect, statement: &str) -> Vec<String> {
    let mut lexer = Lexer::new(dialect, statement);
    let mut words = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        match token.kind {
            TokenKind::Word => words.push(statement[token.start..token.end].to_ascii_uppercase()),
            kind if kind.matters() => break,
            _ => {}
        }
        if words.len() > 4 {
            break;
        }
    }
    words
}

fn begins(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words[..],
        ["BEGIN" | "START"]
            | [
                "BEGIN",
                "TRANSACTION" | "WORK" | "IMMEDIATE" | "EXCLUSIVE" | "DEFERRED"
            ]
            | [
                "BEGIN",
                "IMMEDIATE" | "EXCLUSIVE" | "DEFERRED",
                "TRANSACTION"
            ]
            | ["START", "TRANSACTION"]
    )
}

fn commits(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words[..],
        ["COMMIT" | "END"] | ["COMMIT" | "END", "TRANSACTION" | "WORK"]
    )
}

/// The text without these statements and their terminators; line breaks stay.
pub(super) fn without(text: &str, ranges: &[std::ops::Range<usize>]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    let mut ranges = ranges.to_vec();
    ranges.sort_by_key(|range| range.start);
    for range in ranges {
        kept.push_str(&text[at..range.start]);
        kept.extend(text[range.clone()].chars().filter(|c| *c == '\n'));
        at = range.end;
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if rest[blank..].starts_with(';') {
            at += blank + 1;
        }
    }
    kept.push_str(&text[at..]);
    kept
}

/// Returns true if a line would be read as something other than SQL.
fn is_special(line: &str) -> bool {
    let line = line.trim_end();
    let section = line
        .strip_prefix("--")
        .and_then(|rest| rest.trim().strip_prefix("migrate"))
        .is_some_and(|rest| rest.trim_start().starts_with(':'));
    section || is_mark(line)
}

fn is_mark(line: &str) -> bool {
    line.starts_with("<<<<<<< ")
        || line.starts_with(">>>>>>> ")
        || line == "======="
        || line.starts_with("||||||| ")
}

/// Changes comments that would be read as section headers; returns where a string has such a line.
fn escape_markers(dialect: Dialect, text: &str) -> (String, Option<usize>) {
    if !text.lines().any(is_special) {
        return (text.to_owned(), None);
    }
    let mut comments = Vec::new();
    let mut lexer = Lexer::new(dialect, text);
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind == TokenKind::Comment {
            comments.push(token.start..token.end);
        }
    }
    let mut escape_markers = String::with_capacity(text.len());
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if !is_special(line.trim_end_matches('\n')) {
            escape_markers.push_str(line);
            continue;
        }
        if !comments.iter().any(|comment| comment.contains(&start)) {
            return (escape_markers, Some(start));
        }
        match line.strip_prefix("--") {
            Some(rest) => escape_markers.extend(["-- #", rest]),
            None => escape_markers.extend([" ", line]),
        }
    }
    (escape_markers, None)
}

/// Writes a text as comments that nothing reads.
pub(super) fn commented(text: &str) -> String {
    let mut comment = String::new();
    for line in text.trim_matches('\n').lines() {
        comment.extend(["-- | ", line.trim_end()]);
        comment.truncate(comment.trim_end().len());
        comment.push('\n');
    }
    comment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str) -> (Result<Body, (String, Place)>, Vec<String>) {
        let mut notes = Vec::new();
        let place = Place {
            file: "f.sql".to_owned(),
            line: 1,
        };
        let body = to_section(
            text,
            true,
            Dialects::NONE.with(Dialect::Sqlite),
            &place,
            &mut notes,
        );
        let notes = notes
            .iter()
            .map(|note| format!("{} {}", note.place, note.text));
        (body, notes.collect())
    }

    #[test]
    fn a_transaction_of_its_own_is_left_out() {
        let (body, notes) = fitted("-- one\nBEGIN;\n\nCREATE TABLE a (b);\nCOMMIT;\n");
        let body = body.unwrap();
        assert_eq!(body.text, "-- one\n\n\nCREATE TABLE a (b);\n");
        assert!(body.transaction);
        assert_eq!(body.statements, 1);
        assert!(notes[0].starts_with("f.sql:2 its own `BEGIN`"), "{notes:?}");
    }

    #[test]
    fn other_transactions_stay() {
        let (body, notes) = fitted("CREATE TABLE a (b);\nCOMMIT;\nBEGIN;\nCREATE TABLE c (d);\n");
        let body = body.unwrap();
        assert!(!body.transaction);
        assert_eq!(body.statements, 4);
        assert!(
            notes[0].starts_with("f.sql:2 `COMMIT` keeps it"),
            "{notes:?}"
        );
    }

    #[test]
    fn the_words_of_a_trigger_are_no_transaction() {
        let sql = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = 1; END;\n";
        let (body, notes) = fitted(sql);
        assert_eq!(body.unwrap().text, sql);
        assert_eq!(notes, Vec::<String>::new());
    }

    #[test]
    fn lines_that_would_be_read_as_ours() {
        let (body, _) = fitted("SELECT 1;\n-- migrate: down\n--migrate:up\n/*\n=======\n*/\n");
        assert_eq!(
            body.unwrap().text,
            "SELECT 1;\n-- # migrate: down\n-- #migrate:up\n/*\n =======\n*/\n"
        );
        let (body, _) = fitted("SELECT '\n-- migrate: down\n';");
        assert_eq!(body.unwrap_err().1.line, 2);
    }

    #[test]
    fn what_cannot_stand_in_a_section() {
        let (body, _) = fitted("SELECT 1;\nSELECT 'a;\n");
        let (why, place) = body.unwrap_err();
        assert_eq!((why.as_str(), place.line), ("unterminated quoted text", 2));
        let (body, _) = fitted("SELECT 1;\n.mode csv\n");
        assert_eq!(body.unwrap_err().1.line, 2);
    }

    #[test]
    fn a_comment_of_anything() {
        assert_eq!(
            commented("\na\n\n-- migrate: up\n"),
            "-- | a\n-- |\n-- | -- migrate: up\n"
        );
    }
}
