//! Reads a SQL file that describes a schema, such as a dump: commands for the database's client are
//! left out.

use migrate_core::Dialect;
use migrate_sql::{Lexer, TokenKind, split};

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A statement, and the line it begins in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    pub(crate) line: usize,
    pub(crate) sql: &'a str,
}

/// Lines of `psql` that a schema does not depend on (PostgreSQL manual, "psql", Meta-Commands);
/// `pg_dump` writes the first two.
const OF_PSQL: [&str; 8] = [
    "restrict",
    "unrestrict",
    "set",
    "unset",
    "echo",
    "encoding",
    "pset",
    "timing",
];

/// Reads the statements that describe the schema.
pub(crate) fn statements<'a>(
    dialect: Dialect,
    file: &str,
    text: &'a str,
) -> Result<Vec<Statement<'a>>, CommandError> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    for part in parts(dialect, file, text)? {
        let (start, sql) = (part.start, &text[part.clone()]);
        let ranges = split(dialect, sql).map_err(|error| {
            let line = line_of(text, start + error.at);
            let message = format!("{file}:{line}: unterminated statement");
            CommandError::new(Failure::UnterminatedSql, message)
        })?;
        for range in ranges {
            line += text[at..start + range.start].matches('\n').count();
            at = start + range.start;
            let sql = &sql[range];
            if dialect == Dialect::Sqlite && is_sqlites_own(sql) {
                continue;
            }
            found.push(Statement { line, sql });
        }
    }
    Ok(found)
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The parts of a text between the lines that are for `psql`.
fn parts(
    dialect: Dialect,
    file: &str,
    text: &str,
) -> Result<Vec<std::ops::Range<usize>>, CommandError> {
    let mut parts = Vec::new();
    let mut start = 0;
    if dialect == Dialect::Postgres {
        while let Some(at) = psql_line(&text[start..]) {
            let at = start + at;
            let length = text[at..].find('\n').unwrap_or(text.len() - at);
            let word = text[at + 1..at + length].split_whitespace().next();
            let word = word.unwrap_or_default();
            if !OF_PSQL.contains(&word) {
                let line = line_of(text, at);
                let message =
                    format!("{file}:{line}: `\\{word}` is for psql, which is not used here");
                let help = match word {
                    "." => "leave the rows out: `pg_dump --schema-only`",
                    _ => "leave the line out of the file",
                };
                return Err(CommandError::new(Failure::ClientCommand, message).help(help));
            }
            parts.push(start..at);
            start = at + length;
        }
    }
    parts.push(start..text.len());
    Ok(parts)
}

/// Where a line begins that is for `psql`: with a backslash, outside of any statement's quotes.
fn psql_line(text: &str) -> Option<usize> {
    let mut lexer = Lexer::new(Dialect::Postgres, text);
    let mut is_new = true;
    // The splitter reports what is unterminated.
    while let Ok(Some(token)) = lexer.next_token() {
        let written = &text[token.start..token.end];
        if is_new && token.kind == TokenKind::Symbol && written.starts_with('\\') {
            return Some(token.start);
        }
        match token.kind.matters() {
            true => is_new = false,
            false => is_new |= written.contains('\n'),
        }
    }
    None
}

/// Returns true if SQLite creates the table itself: `.schema` lists `sqlite_sequence`, and no
/// statement may create it.
fn is_sqlites_own(sql: &str) -> bool {
    let words = first_words::<3>(Dialect::Sqlite, sql);
    words[0] == "CREATE" && words[1] == "TABLE" && words[2].starts_with("SQLITE_")
}

/// The first words and names of a statement, in capitals; empty if it has fewer.
fn first_words<const N: usize>(dialect: Dialect, sql: &str) -> [String; N] {
    let mut words = std::array::from_fn(|_| String::new());
    let mut lexer = Lexer::new(dialect, sql);
    let mut filled = 0;
    while let Ok(Some(token)) = lexer.next_token() {
        if filled == N {
            break;
        }
        // What only MySQL reads is in a comment: `CREATE DATABASE /*!32312 IF NOT EXISTS*/`.
        if matches!(
            token.kind,
            TokenKind::Word | TokenKind::Quoted | TokenKind::String
        ) {
            let word = sql[token.start..token.end].trim_matches(['"', '`', '\'', '[', ']']);
            words[filled] = word.to_ascii_uppercase();
            filled += 1;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use migrate_core::Dialect;

    use super::{Statement, statements};

    #[test]
    fn what_dumps_write_for_the_client_is_left_out() {
        let text = "-- dump\n\\restrict a'b\n\nSET a = 1;\n  \\echo so\nSELECT '\n\\restrict x';\n\\unrestrict a'b\n";
        let found = statements(Dialect::Postgres, "a.sql", text).unwrap();
        assert_eq!(
            found,
            [
                Statement {
                    line: 4,
                    sql: "SET a = 1"
                },
                Statement {
                    line: 6,
                    sql: "SELECT '\n\\restrict x'"
                },
            ]
        );
        let text = "CREATE TABLE sqlite_sequence(name,seq);\nCREATE TABLE a (b);";
        let found = statements(Dialect::Sqlite, "a.sql", text).unwrap();
        assert_eq!(
            found,
            [Statement {
                line: 2,
                sql: "CREATE TABLE a (b)"
            }]
        );
    }

    #[test]
    fn what_only_psql_can_do_is_refused() {
        for (text, code) in [
            ("\\connect other\n", "client-command"),
            ("COPY a FROM stdin;\n1\n\\.\n", "client-command"),
            ("SELECT 1;\n\\i more.sql", "client-command"),
            ("SELECT 'a", "unterminated-sql"),
        ] {
            let error = statements(Dialect::Postgres, "a.sql", text).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
        }
    }
}
