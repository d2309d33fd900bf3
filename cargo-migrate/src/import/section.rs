//! One direction of a migration, made fit for a revision's section.

use migrate_core::{Dialect, Dialects};
use migrate_sql::{FindingKind, Lexer, TokenKind};

use super::transactions::Transactions;
use super::version_table::{TableUse, VersionTable};
use super::{Note, Place};
use crate::output::phrase::enumerated;

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
    // Only SQLite has this one.
    let first = match has_pragma(text) {
        true => Dialect::Sqlite,
        false => Dialect::Postgres,
    };
    order.sort_by_key(|dialect| *dialect != first);
    order
        .into_iter()
        .find_map(|dialect| Some((dialect, migrate_sql::split(dialect, text).ok()?)))
}

fn has_pragma(text: &str) -> bool {
    let ranges = migrate_sql::split(Dialect::Sqlite, text).unwrap_or_default();
    ranges.into_iter().any(|range| {
        let first = text[range].split_ascii_whitespace().next();
        first.is_some_and(|word| word.eq_ignore_ascii_case("PRAGMA"))
    })
}

/// Makes SQL fit for a section, without what the tool does itself; changes become notes.
/// `Err` says why it cannot be in a section.
pub(super) fn to_section(
    text: &str,
    transaction: bool,
    dialects: Dialects,
    table: &VersionTable,
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
    let own = Transactions::new(dialect, text, &ranges, transaction);
    if let Some(first) = own.left_out.first() {
        notes.push(Note::changed(&at(first.start), left_out(text, &own)));
        dropped.extend(own.left_out.iter().cloned());
    }
    if own.begins || own.commits {
        let tool = table.tool();
        let what = match (own.begins, own.commits) {
            (true, true) => "`BEGIN` and `COMMIT` are",
            (true, false) => "a `BEGIN` is",
            _ => "a `COMMIT` is",
        };
        notes.push(Note::changed(
            place,
            format!("{what} added: it ends and begins transactions, and {tool} began the first and committed the last"),
        ));
    }
    for range in &ranges {
        if dropped.contains(range) {
            continue;
        }
        let (name, tool) = (table.name(), table.tool());
        match table.used_by(dialect, &text[range.clone()]) {
            None => {}
            Some(TableUse::Own) => {
                dropped.push(range.clone());
                notes.push(Note::left(
                    &at(range.start),
                    format!("it changes `{name}`, the table of {tool} itself, which a new database does not have"),
                ));
                continue;
            }
            Some(TableUse::Body) => notes.push(Note::changed(
                &at(range.start),
                format!("its body names `{name}`, the table of {tool} itself, which a new database does not have"),
            )),
            Some(TableUse::Other) => {
                return Err((
                    format!("it needs `{name}`, the table of {tool} itself, which a new database does not have"),
                    at(range.start),
                ));
            }
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
                    "`PRAGMA foreign_keys` is left out: a revision is applied with foreign keys off and checked at its end",
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
    let kept = enclosed(dialect, kept, &own);
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

/// Says which statements of its own transactions are left out.
fn left_out(text: &str, own: &Transactions) -> String {
    let mut words: Vec<String> = Vec::new();
    for range in &own.left_out {
        let first = text[range.clone()].split(|c: char| !c.is_ascii_alphabetic());
        let word = first.take(1).collect::<String>().to_ascii_uppercase();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let verb = match quoted.len() {
        1 => "is",
        _ => "are",
    };
    let what = enumerated(&quoted);
    format!("its own {what} {verb} left out: a revision is applied as a whole")
}

/// Adds the `BEGIN` and the `COMMIT` that the tool sent, without a line before the first statement.
fn enclosed(dialect: Dialect, text: String, own: &Transactions) -> String {
    let Ok(ranges) = migrate_sql::split(dialect, &text) else {
        return text;
    };
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return text;
    };
    let mut text = text;
    if own.commits {
        let rest = text[last.end..].trim_start_matches([' ', '\t']);
        if !rest.starts_with(';') {
            text.insert(last.end, ';');
        }
        text.truncate(text.trim_end().len());
        text.push_str("\nCOMMIT;\n");
    }
    if own.begins {
        text.insert_str(first.start, "BEGIN; ");
    }
    text
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
            &VersionTable::default(),
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
    fn what_the_tool_began_and_committed_is_in_the_section() {
        let sql = "\nCREATE TABLE a (b);\nCOMMIT;\nVACUUM;\nBEGIN;\nCREATE TABLE c (d) -- last\n";
        let (body, notes) = fitted(sql);
        let body = body.unwrap();
        assert!(!body.transaction);
        assert_eq!(
            body.text,
            "BEGIN; CREATE TABLE a (b);\nCOMMIT;\nVACUUM;\nBEGIN;\nCREATE TABLE c (d); -- last\nCOMMIT;\n"
        );
        assert_eq!(body.before, 1);
        assert!(
            notes[0].starts_with("f.sql:1 `BEGIN` and `COMMIT` are added"),
            "{notes:?}"
        );
    }

    #[test]
    fn foreign_keys_that_are_switched_outside_of_the_transaction() {
        let sql = "COMMIT;\nPRAGMA foreign_keys = OFF;\nBEGIN;\nDROP TABLE a;\nCOMMIT;\nPRAGMA foreign_keys = ON;\nBEGIN;\n";
        let (body, notes) = fitted(sql);
        let body = body.unwrap();
        assert_eq!(
            (body.text.as_str(), body.transaction, body.statements),
            ("DROP TABLE a;\n", true, 1)
        );
        assert!(
            notes[0].starts_with("f.sql:1 its own `COMMIT` and `BEGIN` are left out"),
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
