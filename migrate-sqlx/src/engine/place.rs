//! Where in a statement the database says that the mistake is.

use migrate_core::{Dialect, invisible};
use migrate_sql::{Lexer, TokenKind};

use crate::driver_error::{DatabaseMessage, InnerQuery, Refusal};

/// Finds the byte of a statement that a failure is about; its start if nothing is more precise.
///
/// `position` is the database's own, in characters. A query inside the statement's `DO` block is
/// found there, and taken out of the message, which then need not show it.
pub(super) fn place(sql: &str, position: Option<usize>, message: &mut DatabaseMessage) -> usize {
    if let Some(offset) = position.and_then(|position| byte_of(sql, position)) {
        return offset;
    }
    if let Some(offset) = in_block(sql, message) {
        return offset;
    }
    hinted(sql, &message.message).unwrap_or(0)
}

fn byte_of(text: &str, position: usize) -> Option<usize> {
    text.char_indices().nth(position).map(|(offset, _)| offset)
}

/// PostgreSQL: the place in the body of a `DO` block, from the query that failed in it, or from the
/// line that CONTEXT names, whatever language it is in. Lines are counted from the opening quote.
fn in_block(sql: &str, message: &mut DatabaseMessage) -> Option<usize> {
    /// What PL/pgSQL calls a block, which has no name.
    const BLOCK: &str = "inline_code_block";
    let context = message.context.as_deref()?;
    let call = context.lines().rfind(|call| call.contains(BLOCK))?;
    let line = number(call.split_once(BLOCK)?.1)?;
    let mut calls = context.lines();
    let innermost = calls.next()?;
    let start = block(sql)?;
    let body = &sql[start..];
    let at_line = start
        + match line {
            0 | 1 => 0,
            line => body.match_indices('\n').nth(line - 2)?.0 + 1,
        };
    if innermost == call
        && let Some(query) = &message.inner_query
        && let Some(offset) = in_query(&sql[at_line..], query)
    {
        message.inner_query = None;
        return Some(at_line + offset);
    }
    // A running query has its text in CONTEXT, before its call.
    let query = (calls.next() == Some(call)).then(|| quoted(innermost));
    let in_line = query.flatten().and_then(|sql_text| {
        let query = InnerQuery {
            sql: sql_text.to_owned(),
            position: 0,
        };
        in_query(&sql[at_line..], &query)
    });
    Some(at_line + in_line.unwrap_or_else(|| indent(&sql[at_line..])))
}

/// The text between the first quote and the last.
fn quoted(text: &str) -> Option<&str> {
    let (start, end) = (text.find('"')?, text.rfind('"')?);
    text.get(start + 1..end)
}

/// Finds the mistake of a query that a function ran in the text of that function, where one of these
/// statements makes it: the byte in the text that the starts of the statements count in.
pub(super) fn in_function<'s>(
    statements: impl Iterator<Item = (usize, &'s str)>,
    query: &InnerQuery,
) -> Option<usize> {
    let mut found = statements.filter_map(|(start, sql)| {
        let body = block(sql).filter(|_| makes_function(sql))?;
        Some(start + body + in_query(&sql[body..], query)?)
    });
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn makes_function(sql: &str) -> bool {
    let mut lexer = Lexer::new(Dialect::Postgres, sql);
    let mut words = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind.matters() {
            words.push(sql[token.start..token.end].to_ascii_uppercase());
        }
        if words.len() == 4 {
            break;
        }
    }
    words.first().is_some_and(|word| word == "CREATE")
        && words
            .iter()
            .any(|word| matches!(word.as_str(), "FUNCTION" | "PROCEDURE"))
}

/// The byte after the opening quote of a `DO` block.
fn block(sql: &str) -> Option<usize> {
    let mut lexer = Lexer::new(Dialect::Postgres, sql);
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind == TokenKind::String {
            let text = &sql[token.start..token.end];
            let tag = match text.strip_prefix('$') {
                Some(rest) => rest.find('$')? + 2,
                None => 1,
            };
            return Some(token.start + tag);
        }
    }
    None
}

/// The place of a query's mistake in a text that has the query, `PERFORM` for its `SELECT` among
/// it.
fn in_query(text: &str, query: &InnerQuery) -> Option<usize> {
    let mistake = byte_of(&query.sql, query.position)?;
    if let Some(found) = text.find(&query.sql) {
        return Some(found + mistake);
    }
    let select = query
        .sql
        .get(..6)
        .filter(|word| word.eq_ignore_ascii_case("select"))?;
    let found = text.find(&query.sql[select.len()..])?;
    let found = found + indent(&text[found..]);
    Some(
        found
            + mistake
                .saturating_sub(query.sql.len() - query.sql[select.len()..].trim_start().len()),
    )
}

/// The first invisible character of a statement whose grammar the database does not understand, where
/// a name or a keyword could be: a no-break space is a part of a word there.
pub(super) fn unseen(
    dialect: Dialect,
    sql: &str,
    message: &DatabaseMessage,
) -> Option<(usize, char)> {
    if message.refusal != Some(Refusal::Syntax) {
        return None;
    }
    let mut lexer = Lexer::new(dialect, sql);
    while let Ok(Some(token)) = lexer.next_token() {
        if matches!(
            token.kind,
            TokenKind::String | TokenKind::Quoted | TokenKind::Comment
        ) {
            continue;
        }
        if let Some((offset, c)) = invisible(&sql[token.start..token.end]) {
            return Some((token.start + offset, c));
        }
    }
    None
}

/// The first number of a text.
fn number(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    text[digits..]
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Where a message says the mistake is, in words: `near "x"` and `no such column: x` of SQLite, if
/// it stands there once; `at line 3` of MySQL.
fn hinted(sql: &str, message: &str) -> Option<usize> {
    let near = |(_, rest): (&str, &str)| rest.split_once('"').map(|(word, _)| word.to_owned());
    let missing = || {
        let (what, name) = message.rsplit_once(": ")?;
        let what = what.rsplit(": ").next()?;
        what.starts_with("no such ").then(|| {
            // Where it was looked for is in front of it: `main.t`.
            name.rsplit('.').next().unwrap_or(name).to_owned()
        })
    };
    if let Some(word) = message
        .split_once("near \"")
        .and_then(near)
        .or_else(missing)
    {
        return only_word(sql, &word);
    }
    let (_, line) = message.rsplit_once(" at line ")?;
    let offset = match number(line)? {
        0 => return None,
        1 => 0,
        line => sql.match_indices('\n').nth(line - 2)?.0 + 1,
    };
    Some(offset + indent(&sql[offset..]))
}

/// The place of a word, if it occurs once.
fn only_word(sql: &str, word: &str) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_name = is_part(word.chars().next());
    let mut found = sql
        .match_indices(word)
        .map(|(offset, _)| offset)
        .filter(|offset| {
            let before = sql[..*offset].chars().next_back();
            let after = sql[offset + word.len()..].chars().next();
            !(is_name && (is_part(before) || is_part(after)))
        });
    match (found.next(), found.next()) {
        (Some(only), None) if !word.is_empty() => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseMessage, InnerQuery, hinted, in_function, place};

    #[test]
    fn hints_in_messages() {
        for (sql, message, expected) in [
            ("SELECT 1 FORM t", "near \"FORM\": syntax error", Some(9)),
            ("a a", "near \"a\": syntax error", None),
            ("x\n  y", "You have an error … near 'y' at line 2", Some(4)),
            ("SELECT ab, b FROM t", "no such column: b", Some(11)),
            ("DROP TABLE t", "no such table: main.t", Some(11)),
            ("SELECT b, b", "no such column: b", None),
        ] {
            assert_eq!(hinted(sql, message), expected, "{sql}");
        }
    }

    fn message(context: &str, query: Option<(&str, usize)>) -> DatabaseMessage {
        DatabaseMessage {
            context: Some(context.to_owned()),
            inner_query: query.map(|(sql, position)| InnerQuery {
                sql: sql.to_owned(),
                position,
            }),
            ..DatabaseMessage::default()
        }
    }

    #[test]
    fn places_in_a_block() {
        let sql = "DO LANGUAGE plpgsql $x$ DECLARE ü int; BEGIN\n  PERFORM 1;\n  PERFORM 1 + nosuch;\nEND $x$";
        let mut with_query = message(
            "PL/pgSQL function inline_code_block line 3 at PERFORM",
            Some(("SELECT 1 + nosuch", 11)),
        );
        assert!(sql[place(sql, None, &mut with_query)..].starts_with("nosuch"));
        assert_eq!(with_query.inner_query, None);

        let mut with_line = message(
            "SQL statement \"SELECT 1\"\nPL/pgSQL-Funktion inline_code_block Zeile 2 bei PERFORM",
            None,
        );
        assert!(sql[place(sql, None, &mut with_line)..].starts_with("1;"));

        // What a function ran is not in the block.
        let mut called = message(
            "PL/pgSQL function g() line 1 at RETURN\nSQL statement \"SELECT g()\"\nPL/pgSQL function inline_code_block line 3 at PERFORM",
            Some(("nosuch", 0)),
        );
        assert!(sql[place(sql, None, &mut called)..].starts_with("PERFORM 1 +"));
        assert!(called.inner_query.is_some());

        let made =
            "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN\n  RETURN nosuch; END $$";
        let statements = [(0, "CREATE TABLE nosuch (a int)"), (100, made), (900, sql)];
        let query = called.inner_query.unwrap();
        let offset = in_function(statements.into_iter(), &query).unwrap();
        assert!(made[offset - 100..].starts_with("nosuch"));
        let twice = [(0, made), (100, made)];
        assert_eq!(in_function(twice.into_iter(), &query), None);
    }
}
