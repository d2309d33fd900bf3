//! Splits the output of `alembic upgrade --sql` and `alembic downgrade --sql` into revisions.
//! Each revision begins with `-- Running upgrade a -> b` and an empty line
//! (`MigrationContext.run_migrations`). What Alembic does for its own version table, and the
//! `BEGIN` and `COMMIT` that it writes around revisions, is left out.

use std::collections::BTreeMap;
use std::ops::Range;

use migrate_core::{Dialect, Dialects, Direction};
use migrate_sql::{Lexer, TokenKind};

use crate::import::section::{statements, without};
use crate::import::{Note, Place};

/// What was written for one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// Whether all of it may run in a transaction.
    pub(crate) transaction: bool,
    pub(crate) statements: usize,
    /// The line of its marker, from 1.
    pub(crate) line: usize,
}

/// A text that was split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SplitSql {
    /// The parts by revision, in the order of the text.
    pub(crate) parts: Vec<(String, Part)>,
    /// What belongs to no revision.
    pub(crate) notes: Vec<Note>,
    /// Alembic's own table, as the text names it.
    pub(crate) version_table: Option<String>,
}

const VERSION: &str = "version_num";

/// Splits a text; `file` is its name in notes.
pub(crate) fn split_sql(
    text: &str,
    direction: Direction,
    is_known: impl Fn(&str) -> bool,
    dialects: Dialects,
    file: &str,
) -> SplitSql {
    let mut split_sql = SplitSql::default();
    let markers = markers(text, direction, &is_known, dialects);
    let end = markers.first().map_or(text.len(), |(_, range)| range.start);
    let mut taken = Taken::new(&text[..end], dialects, None);
    split_sql.version_table.clone_from(&taken.version_table);
    for range in taken.left() {
        let place = Place {
            file: file.to_owned(),
            line: line_of(text, range.start),
        };
        let first = text[range].lines().next().unwrap_or_default();
        split_sql.notes.push(Note::left(
            &place,
            format!("it comes before the first revision: {first}"),
        ));
    }
    for (index, (revision, marker)) in markers.iter().enumerate() {
        let end = markers
            .get(index + 1)
            .map_or(text.len(), |(_, next)| next.start);
        let body = &text[marker.end..end];
        let line = line_of(text, marker.start);
        taken = Taken::new(body, dialects, split_sql.version_table.take());
        split_sql.version_table = taken.version_table.take();
        let part = Part {
            transaction: !taken.autocommit,
            statements: taken.left().len(),
            text: without(body, &taken.own),
            line,
        };
        match split_sql.parts.iter().find(|(known, _)| known == revision) {
            None => split_sql.parts.push((revision.clone(), part)),
            Some((_, first)) if first.text.trim() == part.text.trim() => {}
            Some((_, first)) => {
                let place = Place {
                    file: file.to_owned(),
                    line,
                };
                split_sql.notes.push(Note::left(
                    &place,
                    format!(
                        "`{revision}` is already at line {}, with other SQL",
                        first.line
                    ),
                ));
            }
        }
    }
    split_sql
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// The revisions of the marker lines, and where those lines are with their ends.
fn markers(
    text: &str,
    direction: Direction,
    is_known: &impl Fn(&str) -> bool,
    dialects: Dialects,
) -> Vec<(String, Range<usize>)> {
    let comments = comments(text, dialects);
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let next = text[at..].lines().next().unwrap_or_default();
        let is_comment = comments
            .as_ref()
            .is_none_or(|starts| starts.contains_key(&range.start));
        if let Some(revision) = revision_of(line.trim_end(), direction)
            && is_known(revision)
            && next.trim().is_empty()
            && is_comment
        {
            found.push((revision.to_owned(), range));
        }
    }
    found
}

/// Where comments begin; `None` if no dialect can read the text.
fn comments(text: &str, dialects: Dialects) -> Option<BTreeMap<usize, usize>> {
    let all = match dialects.is_empty() {
        true => Dialects::ALL,
        false => dialects,
    };
    all.iter().find_map(|dialect| {
        let mut lexer = Lexer::new(dialect, text);
        let mut starts = BTreeMap::new();
        while let Some(token) = lexer.next_token().ok()? {
            if token.kind == TokenKind::Comment {
                starts.insert(token.start, token.end);
            }
        }
        Some(starts)
    })
}

/// The revision of a marker line.
fn revision_of(line: &str, direction: Direction) -> Option<&str> {
    let rest = line.strip_prefix("-- Running ")?;
    let (from, to) = match direction {
        Direction::Up => rest.strip_prefix("upgrade ")?,
        Direction::Down => rest.strip_prefix("downgrade ")?,
    }
    .split_once("->")?;
    Some(match direction {
        // Some versions write the message after it.
        Direction::Up => to.split(',').next().unwrap_or_default().trim(),
        Direction::Down => from.trim(),
    })
}

/// The statements of a part, and which of them are Alembic's own.
struct Taken {
    all: Vec<Range<usize>>,
    own: Vec<Range<usize>>,
    /// Whether a part of it was to be committed by itself.
    autocommit: bool,
    version_table: Option<String>,
}

impl Taken {
    fn new(body: &str, dialects: Dialects, version_table: Option<String>) -> Self {
        let (dialect, all) = statements(dialects, body).unwrap_or((Dialect::Postgres, Vec::new()));
        let mut taken = Self {
            own: Vec::new(),
            autocommit: false,
            version_table,
            all,
        };
        let ranges = taken.all.clone();
        let text = |range: &Range<usize>| &body[range.clone()];
        // At both ends it is what Alembic puts around and between revisions.
        let mut last = ranges.len();
        while last > 0 {
            let statement = text(&ranges[last - 1]);
            if !is_control(statement) && !taken.is_version(statement, dialect) {
                break;
            }
            taken.own.push(ranges[last - 1].clone());
            last -= 1;
        }
        let mut first = 0;
        while first < last && is_control(text(&ranges[first])) {
            taken.own.push(ranges[first].clone());
            first += 1;
        }
        // Within, it is an `autocommit_block`.
        let inner: Vec<_> = ranges[first..last]
            .iter()
            .filter(|range| is_control(text(range)))
            .cloned()
            .collect();
        taken.autocommit = !inner.is_empty();
        taken.own.extend(inner);
        taken
    }

    /// The statements that are not Alembic's own.
    fn left(&self) -> Vec<Range<usize>> {
        self.all
            .iter()
            .filter(|range| !self.own.contains(range))
            .cloned()
            .collect()
    }

    /// Returns true if a statement is for the version table, and keeps its name.
    fn is_version(&mut self, statement: &str, dialect: Dialect) -> bool {
        let words: Vec<String> = tokens(statement, dialect);
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        let skip = match upper[..] {
            ["INSERT", "INTO", ..]
            | ["DELETE", "FROM", ..]
            | ["CREATE", "TABLE", ..]
            | ["DROP", "TABLE", ..] => 2,
            ["UPDATE", ..] => 1,
            _ => return false,
        };
        // `schema.table` is three tokens.
        let mut length = 1;
        while words.get(skip + length).is_some_and(|word| word == ".") {
            length += 2;
        }
        let Some(name) = words.get(skip..skip + length) else {
            return false;
        };
        let name = name.concat();
        let rest: Vec<&str> = words[skip + length..].iter().map(String::as_str).collect();
        let matches = match upper[0] {
            "INSERT" => matches!(rest[..], ["(", VERSION, ")", ..]) && rest.len() >= 7,
            "UPDATE" => matches!(rest[..], [_, VERSION, "=", ..]) && rest.contains(&VERSION),
            "DELETE" => {
                rest.contains(&VERSION) && rest.last().is_some_and(|word| word.starts_with('\''))
            }
            "CREATE" => matches!(rest[..], ["(", VERSION, ..]),
            _ => rest.is_empty() && self.version_table.as_deref() == Some(name.as_str()),
        };
        if matches {
            self.version_table = Some(name);
        }
        matches
    }
}

/// The tokens that matter.
fn tokens(statement: &str, dialect: Dialect) -> Vec<String> {
    let mut lexer = Lexer::new(dialect, statement);
    let mut words = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind.matters() {
            words.push(statement[token.start..token.end].to_owned());
        }
    }
    words
}

fn is_control(statement: &str) -> bool {
    matches!(
        statement.to_ascii_uppercase().as_str(),
        "BEGIN" | "COMMIT" | "BEGIN TRANSACTION" | "START TRANSACTION"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(text: &str, direction: Direction) -> SplitSql {
        let dialects = Dialects::NONE.with(Dialect::Sqlite);
        split_sql(
            text,
            direction,
            |id| ["a", "b", "c", "d"].contains(&id),
            dialects,
            "up.sql",
        )
    }

    const UP: &str = "BEGIN;

CREATE TABLE my.versions (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT versions_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> a

CREATE TABLE t (id INTEGER);

INSERT INTO my.versions (version_num) VALUES ('a') RETURNING version_num;

-- Running upgrade a -> b, a message -> more

INSERT INTO t (id) VALUES (1);

COMMIT;

CREATE INDEX i ON t (id);

BEGIN;

INSERT INTO t VALUES ('
-- Running upgrade b -> c

');;

-- Running upgrade b -> c
SELECT 1;

UPDATE my.versions SET version_num='b' WHERE my.versions.version_num = 'a';

COMMIT;

BEGIN;

-- Running upgrade b, c -> d

DELETE FROM my.versions WHERE my.versions.version_num = 'b';

UPDATE my.versions SET version_num='d' WHERE my.versions.version_num = 'c';

COMMIT;

";

    #[test]
    fn revisions_are_cut_apart() {
        let split_sql = sqlite(UP, Direction::Up);
        assert_eq!(split_sql.version_table.as_deref(), Some("my.versions"));
        assert_eq!(split_sql.notes, []);
        let ids: Vec<_> = split_sql
            .parts
            .iter()
            .map(|(id, part)| (id.as_str(), part.line, part.statements))
            .collect();
        assert_eq!(ids, [("a", 8, 1), ("b", 14, 4), ("d", 38, 0)]);
        let b = &split_sql.parts[1].1;
        assert!(!b.transaction);
        assert!(split_sql.parts[0].1.transaction);
        let squeezed: Vec<_> = b
            .text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        assert_eq!(
            squeezed,
            [
                "INSERT INTO t (id) VALUES (1);",
                "CREATE INDEX i ON t (id);",
                "INSERT INTO t VALUES ('",
                "-- Running upgrade b -> c",
                "');;",
                "-- Running upgrade b -> c",
                "SELECT 1;",
            ]
        );
    }

    #[test]
    fn the_way_down() {
        let split_sql = sqlite(
            "-- Running downgrade d -> b, c\n\nINSERT INTO v (version_num) VALUES ('b');\n\nUPDATE v SET version_num='c' WHERE v.version_num = 'd';\n\n-- Running downgrade a -> \n\nDROP TABLE t;\n\nDELETE FROM v WHERE v.version_num = 'a';\n\nDROP TABLE v;\n",
            Direction::Down,
        );
        let ids: Vec<_> = split_sql
            .parts
            .iter()
            .map(|(id, part)| (id.as_str(), part.statements))
            .collect();
        assert_eq!(ids, [("d", 0), ("a", 1)]);
    }

    #[test]
    fn what_belongs_to_no_revision_is_told() {
        let split_sql = sqlite(
            "SET x = 1;\n\n-- Running upgrade  -> a\n\nSELECT 1;\n\n-- Running upgrade  -> a\n\nSELECT 2;\n",
            Direction::Up,
        );
        let notes: Vec<_> = split_sql
            .notes
            .iter()
            .map(|note| format!("{}: {}", note.place, note.text))
            .collect();
        assert_eq!(
            notes,
            [
                "up.sql:1: it comes before the first revision: SET x = 1",
                "up.sql:7: `a` is already at line 3, with other SQL"
            ]
        );
    }

    #[test]
    fn what_looks_like_the_version_table() {
        for mine in [
            "INSERT INTO t (version_num, b) VALUES ('a', 'b')",
            "DELETE FROM t WHERE version_num = 5",
            "UPDATE t SET a = 1 WHERE version_num = 'x'",
            "DROP TABLE t",
        ] {
            let split_sql = sqlite(
                &format!("-- Running upgrade  -> a\n\n{mine};\n"),
                Direction::Up,
            );
            assert_eq!(split_sql.parts[0].1.statements, 1, "{mine}");
        }
    }
}
