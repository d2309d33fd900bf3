//! What only `SHOW CREATE TABLE` says of a table.

use std::fmt::Write as _;

use migrate_core::Dialect;
use migrate_schema::{Options, Table};
use migrate_sql::{Lexer, TokenKind, unquoted};

/// A token, and whether a blank is before it.
#[derive(Clone, Copy)]
struct Piece<'s> {
    text: &'s str,
    kind: TokenKind,
    spaced: bool,
}

impl Piece<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// Splits a statement into tokens. What is in a comment for certain versions counts.
fn pieces(statement: &str) -> Vec<Piece<'_>> {
    let mut lexer = Lexer::new(Dialect::MySql, statement);
    let mut pieces = Vec::new();
    let mut spaced = false;
    while let Ok(Some(token)) = lexer.next_token() {
        let text = &statement[token.start..token.end];
        let is_mark = token.kind == TokenKind::Symbol && (text.starts_with("/*") || text == "*/");
        if !token.kind.matters() || is_mark {
            spaced = true;
            continue;
        }
        pieces.push(Piece {
            text,
            kind: token.kind,
            spaced: std::mem::take(&mut spaced),
        });
    }
    pieces
}

/// Puts tokens together again, with single blanks.
fn joined(pieces: &[Piece<'_>]) -> String {
    let mut text = String::new();
    for piece in pieces {
        if piece.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(piece.text);
    }
    text
}

/// Takes in what the information schema does not have.
pub(super) fn complete(table: &mut Table, statement: &str) {
    let pieces = pieces(statement);
    let Some(open) = pieces.iter().position(|piece| piece.text == "(") else {
        return;
    };
    let (mut depth, mut begun) = (1_usize, open + 1);
    for at in open + 1..pieces.len() {
        match pieces[at].text {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let ends = depth == 0 || (depth == 1 && pieces[at].text == ",");
        if ends {
            part(table, &pieces[begun..at]);
            begun = at + 1;
        }
        if depth == 0 {
            options(table, &pieces[begun..]);
            return;
        }
    }
}

/// Takes in a column, a key or a period.
fn part(table: &mut Table, part: &[Piece<'_>]) {
    let Some(first) = part.first() else { return };
    if first.kind == TokenKind::Quoted {
        column(table, &unquoted(first.text), &part[1..]);
    } else if first.is("PERIOD") {
        let Some(open) = part.iter().position(|piece| piece.text == "(") else {
            return;
        };
        let name = joined(&part[2..open]);
        // The server makes a check of the same name by itself.
        let own = unquoted(&name);
        table
            .checks
            .retain(|check| check.name.as_ref() != Some(&own));
        table
            .options
            .insert(format!("PERIOD FOR {name}"), joined(&part[open..]));
    } else if let Some(open) = part.iter().position(|piece| piece.text == "(")
        && part[..open].iter().any(|piece| piece.is("KEY"))
        && !part[..open].iter().any(|piece| piece.is("FOREIGN"))
    {
        let name = part[..open]
            .iter()
            .rfind(|piece| piece.kind == TokenKind::Quoted);
        key(table, name.map(|name| unquoted(name.text)), &part[open..]);
    }
}

fn column(table: &mut Table, name: &str, rest: &[Piece<'_>]) {
    const VALUED: [&str; 4] = [
        "COLUMN_FORMAT",
        "STORAGE",
        "ENGINE_ATTRIBUTE",
        "SECONDARY_ENGINE_ATTRIBUTE",
    ];
    let Some(column) = table.columns.iter_mut().find(|column| column.name == name) else {
        return;
    };
    for (at, piece) in rest.iter().enumerate() {
        if let Some(word) = VALUED.iter().find(|word| piece.is(word))
            && let Some(value) = value(&rest[at + 1..])
        {
            column.options.insert(*word, value);
        }
        let end = rest.get(at + 1).filter(|_| piece.is("ROW"));
        if let Some(end) = end.filter(|end| end.is("START") || end.is("END")) {
            column.generated = None;
            // The server says otherwise, and takes neither word.
            column.nullable = true;
            let word = end.text.to_ascii_uppercase();
            column
                .options
                .set(format!("GENERATED ALWAYS AS ROW {word}"));
        }
    }
}

/// Returns the value after a word, with or without a sign between.
fn value<'s>(rest: &[Piece<'s>]) -> Option<&'s str> {
    let after = usize::from(rest.first().is_some_and(|sign| sign.text == "="));
    rest.get(after).map(|value| value.text)
}

/// Takes in what is after the columns of a key, and the period among them.
fn key(table: &mut Table, name: Option<String>, rest: &[Piece<'_>]) {
    let mut depth = 0_usize;
    let closes = |piece: &Piece<'_>| {
        match piece.text {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0
    };
    let end = rest.iter().position(closes).unwrap_or(rest.len());
    let mut options = Options::new();
    for (at, piece) in rest.iter().enumerate().skip(end) {
        if piece.is("PARSER") || piece.is("KEY_BLOCK_SIZE") || piece.is("ENGINE_ATTRIBUTE") {
            let word = match piece.is("PARSER") {
                true => "WITH PARSER".to_owned(),
                false => piece.text.to_ascii_uppercase(),
            };
            options.extend(value(&rest[at + 1..]).map(|value| (word, value.to_owned().into())));
        }
    }
    let overlaps = rest.iter().position(|piece| piece.is("WITHOUT"));
    let period = overlaps.map(|at| unquoted(rest[at - 1].text));
    if period.is_some() {
        options.set("WITHOUT OVERLAPS");
    }
    match name {
        None => {
            if let Some(key) = &mut table.primary_key {
                of_period(&mut key.columns, period);
                key.options.extend(options);
            }
        }
        Some(name) => {
            if let Some(index) = table.indexes.get_mut(&name) {
                let mut columns: Vec<_> = index.parts.iter().map(|it| it.over.clone()).collect();
                of_period(&mut columns, period);
                index.parts.truncate(columns.len());
                if let (Some(part), Some(column)) = (index.parts.last_mut(), columns.pop()) {
                    part.over = column;
                }
                index.options.extend(options);
            }
        }
    }
}

/// The catalogue has the two columns of a period in its place.
fn of_period(columns: &mut Vec<String>, period: Option<String>) {
    if let Some(period) = period {
        columns.truncate(columns.len().saturating_sub(2));
        columns.push(period);
    }
}

/// Takes in the options that the catalogue does not have, and the partitions.
fn options(table: &mut Table, rest: &[Piece<'_>]) {
    /// Those that are read elsewhere, or belong to a place and not to the schema.
    const ELSEWHERE: [&str; 8] = [
        "ENGINE",
        "AUTO_INCREMENT",
        "CHARSET",
        "COLLATE",
        "COMMENT",
        "CONNECTION",
        "DIRECTORY",
        "TABLESPACE",
    ];
    let partitions = rest
        .windows(2)
        .position(|pair| pair[0].is("PARTITION") && pair[1].is("BY"));
    let own = &rest[..partitions.unwrap_or(rest.len())];
    for (at, piece) in own.iter().enumerate() {
        let is_set = own.get(at + 1).is_some_and(|sign| sign.text == "=");
        let word = unquoted(piece.text).to_ascii_uppercase();
        if !is_set || ELSEWHERE.contains(&word.as_str()) || table.options.has(&word) {
            continue;
        }
        let Some(value) = own.get(at + 2) else {
            continue;
        };
        let end = match value.text {
            "(" => own[at..].iter().position(|piece| piece.text == ")"),
            _ => Some(2),
        };
        if let Some(end) = end {
            table.options.insert(word, joined(&own[at + 2..=at + end]));
        }
    }
    if let Some(at) = partitions {
        table
            .options
            .insert("PARTITION BY", self::partitions(&rest[at + 2..]));
    }
}

/// Writes partitions with their names in quotes, and without what is the same of all: the table's
/// engine, and when the history began, which is when the table was created.
fn partitions(by: &[Piece<'_>]) -> String {
    let mut text = String::new();
    let mut at = 0;
    let is = |at: usize, word: &str| by.get(at).is_some_and(|piece: &Piece<'_>| piece.is(word));
    while let Some(piece) = by.get(at) {
        if is(at, "ENGINE") && by.get(at + 1).is_some_and(|sign| sign.text == "=") {
            at += 3;
            continue;
        }
        if is(at, "STARTS") && is(at + 1, "TIMESTAMP") {
            at += 3;
            continue;
        }
        let is_name = piece.kind == TokenKind::Word
            && at > 0
            && (is(at - 1, "PARTITION") || is(at - 1, "SUBPARTITION"))
            && !piece.is("BY");
        if piece.spaced && !text.is_empty() && !text.ends_with('(') {
            text.push(' ');
        }
        let _infallible = match is_name {
            true => write!(text, "{}", Dialect::MySql.quote(piece.text)),
            false => write!(text, "{}", piece.text),
        };
        at += 1;
    }
    text
}

/// Returns whether the start of a history is in the partitions of a statement.
pub(super) fn has_start(statement: &str) -> bool {
    let pieces = pieces(statement);
    pieces
        .windows(2)
        .any(|pair| pair[0].is("STARTS") && pair[1].is("TIMESTAMP"))
}

#[cfg(test)]
mod tests {
    use migrate_schema::{Check, Column, Index, IndexPart, Key};

    use super::*;

    fn completed(mut table: Table, statement: &str) -> Table {
        complete(&mut table, statement);
        table
    }

    #[test]
    fn options_that_no_catalogue_has() {
        let of = |statement: &str| -> Vec<String> {
            completed(Table::default(), statement)
                .options
                .words()
                .collect()
        };
        assert_eq!(
            of(
                "CREATE TABLE `t` (\n  `a` int DEFAULT ')'\n) ENGINE=MRG_MyISAM AUTO_INCREMENT=5 DEFAULT CHARSET=latin1 INSERT_METHOD=LAST UNION=(`a`,`b`) COMMENT='UNION=x'"
            ),
            ["INSERT_METHOD LAST", "UNION (`a`,`b`)"]
        );
        assert_eq!(
            of(
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB\n/*!50100 PARTITION BY LIST  COLUMNS(a)\n(PARTITION p0 VALUES IN (1,2) MAX_ROWS = 9 COMMENT = 'it''s' ENGINE = InnoDB,\n PARTITION `p 1` VALUES IN (3) ENGINE = InnoDB) */"
            ),
            [
                "PARTITION BY LIST COLUMNS(a) (PARTITION `p0` VALUES IN (1,2) MAX_ROWS = 9 COMMENT = 'it''s', PARTITION `p 1` VALUES IN (3))"
            ]
        );
        assert_eq!(
            of(
                "CREATE TABLE `t` (\n  `a` int\n) WITH SYSTEM VERSIONING\n PARTITION BY SYSTEM_TIME INTERVAL 1 MONTH STARTS TIMESTAMP'2026-11-28 00:00:00'\n(PARTITION `p0` HISTORY ENGINE = InnoDB,\n PARTITION `pn` CURRENT ENGINE = InnoDB)"
            ),
            [
                "PARTITION BY SYSTEM_TIME INTERVAL 1 MONTH (PARTITION `p0` HISTORY, PARTITION `pn` CURRENT)"
            ]
        );
    }

    #[test]
    fn keys_columns_and_periods() {
        let part = |over: &str| IndexPart {
            over: over.to_owned(),
            ..IndexPart::default()
        };
        let index = |parts: &[&str]| Index {
            parts: parts.iter().map(|over| part(over)).collect(),
            ..Index::default()
        };
        let column = |name: &str| Column {
            name: name.to_owned(),
            ..Column::default()
        };
        let table = Table {
            columns: vec![column("a"), column("re")],
            indexes: [
                ("k".to_owned(), index(&["id", "e", "s"])),
                ("w".to_owned(), index(&["a"])),
            ]
            .into(),
            primary_key: Some(Key {
                columns: vec!["id".to_owned(), "e".to_owned(), "s".to_owned()],
                ..Key::default()
            }),
            checks: vec![Check {
                name: Some("p".to_owned()),
                ..Check::default()
            }],
            ..Table::default()
        };
        let table = completed(
            table,
            "CREATE TABLE `t` (\n  `a` varchar(9) /*!50606 COLUMN_FORMAT DYNAMIC */ DEFAULT 'STORAGE',\n  `re` timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE,\n  PRIMARY KEY (`id`,`p` WITHOUT OVERLAPS),\n  UNIQUE KEY `k` (`id`,`p` WITHOUT OVERLAPS) KEY_BLOCK_SIZE=4,\n  FULLTEXT KEY `w` (`a`) COMMENT ')' /*!50100 WITH PARSER `ngram` */ ,\n  PERIOD FOR `p` (`s`, `e`)\n) ENGINE=InnoDB",
        );
        let words = |options: &Options| options.words().collect::<Vec<_>>();
        assert_eq!(words(&table.columns[0].options), ["COLUMN_FORMAT DYNAMIC"]);
        assert_eq!(
            words(&table.columns[1].options),
            ["GENERATED ALWAYS AS ROW END"]
        );
        let key = table.primary_key.unwrap();
        assert_eq!(
            (key.columns, words(&key.options)),
            (
                vec!["id".to_owned(), "p".to_owned()],
                vec!["WITHOUT OVERLAPS".to_owned()]
            )
        );
        let unique = &table.indexes["k"];
        assert_eq!((unique.parts.len(), &*unique.parts[1].over), (2, "p"));
        assert_eq!(
            words(&unique.options),
            ["KEY_BLOCK_SIZE 4", "WITHOUT OVERLAPS"]
        );
        assert_eq!(words(&table.indexes["w"].options), ["WITH PARSER `ngram`"]);
        assert_eq!(words(&table.options), ["PERIOD FOR `p` (`s`, `e`)"]);
        assert!(table.checks.is_empty());
    }
}
