//! For which database SQL is, if nobody says it.

use migrate_core::{Dialect, Dialects};
use migrate_sql::{Lexer, TokenKind};

use super::{History, MigrationBody};

/// Returns the dialect whose own words a history has; none if it has those of no dialect, or of
/// several.
pub(crate) fn guess(history: &History) -> Dialects {
    let bodies = history
        .revisions
        .iter()
        .flat_map(|migration| [&migration.up, &migration.down]);
    let mut found = Dialects::NONE;
    for body in bodies {
        if let MigrationBody::Sql { text, .. } | MigrationBody::Part { text, .. } = body {
            found = found_in(text).iter().fold(found, Dialects::with);
        }
    }
    match found.iter().nth(1) {
        None => found,
        Some(_) => Dialects::NONE,
    }
}

fn found_in(text: &str) -> Dialects {
    let words = words(text);
    let mut found = Dialects::NONE;
    let mut in_trigger = false;
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map_or("", String::as_str);
        let dialect = match (word.as_str(), next) {
            ("PRAGMA" | "AUTOINCREMENT", _) | ("WITHOUT", "ROWID") => Dialect::Sqlite,
            ("AUTO_INCREMENT", _) | ("ENGINE", "=") => Dialect::MySql,
            ("BIGSERIAL" | "TIMESTAMPTZ" | "PLPGSQL" | "CONCURRENTLY", _)
            | ("CREATE", "EXTENSION") => Dialect::Postgres,
            ("CREATE", "TRIGGER") => {
                in_trigger = true;
                continue;
            }
            // The trigger of PostgreSQL has no body of its own.
            ("EXECUTE", _) => {
                in_trigger = false;
                continue;
            }
            // That of SQLite has no statements of a procedure.
            ("BEGIN", next) if in_trigger => match next {
                "SET" | "IF" | "DECLARE" => Dialect::MySql,
                _ => Dialect::Sqlite,
            },
            _ => continue,
        };
        found = found.with(dialect);
    }
    found
}

/// The words of SQL in upper case, and `=`, without what is quoted.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut lexer = Lexer::new(Dialect::Sqlite, text);
    while let Ok(Some(token)) = lexer.next_token() {
        let word = &text[token.start..token.end];
        let counts = !matches!(
            token.kind,
            TokenKind::String | TokenKind::Quoted | TokenKind::Comment
        );
        if counts && (word == "=" || word.starts_with(|c: char| c.is_ascii_alphabetic())) {
            words.push(word.to_ascii_uppercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_own_words() {
        for (text, expected) in [
            (
                "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT)",
                Some(Dialect::Sqlite),
            ),
            ("PRAGMA foreign_keys = OFF", Some(Dialect::Sqlite)),
            (
                "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
                Some(Dialect::Sqlite),
            ),
            (
                "CREATE TABLE a (id INT AUTO_INCREMENT)",
                Some(Dialect::MySql),
            ),
            (
                "CREATE TABLE a (id INT) engine = InnoDB",
                Some(Dialect::MySql),
            ),
            (
                "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.x = 1; END",
                Some(Dialect::MySql),
            ),
            ("CREATE TABLE a (id BIGSERIAL)", Some(Dialect::Postgres)),
            (
                "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f(); BEGIN; SELECT 1; COMMIT",
                None,
            ),
            (
                "CREATE TABLE a (engine TEXT, \"AUTO_INCREMENT\" INT) -- PRAGMA",
                None,
            ),
            ("SELECT 'PRAGMA'", None),
        ] {
            let found: Vec<Dialect> = found_in(text).iter().collect();
            assert_eq!(found, Vec::from_iter(expected), "{text}");
        }
    }
}
