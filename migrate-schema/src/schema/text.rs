//! Names in the texts of a schema: definitions, expressions, statements.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::Dialect;
use migrate_sql::{Lexer, TokenKind, unquoted};

/// The words of a text, to find out whether it mentions an object.
///
/// It may find too much, if a word is in a literal or means something else, but never too little: at
/// worst, a dependent object is recreated without need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    text: String,
    words: BTreeSet<String>,
}

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let words = text
            .split(|sign: char| !is_word(sign))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        Self { text, words }
    }

    /// Returns whether the text may mention an object of this name.
    pub(crate) fn mention(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        match name.chars().all(is_word) {
            true => self.words.contains(&name),
            false => {
                let doubled = |quote: &str| name.replace(quote, &quote.repeat(2));
                [name.clone(), doubled("\""), doubled("`")]
                    .iter()
                    .any(|name| self.text.contains(name))
            }
        }
    }

    /// Returns whether the text may mention a column: by its name, or by `*`.
    pub(crate) fn mention_column(&self, name: &str) -> bool {
        self.text.contains('*') || self.mention(name)
    }

    /// Iterates over the words in lower case.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }
}

/// Returns whether an expression or a definition may mention a name.
///
/// ```
/// use migrate_schema::mentions;
///
/// assert!(mentions("lower(\"Mail\") <> ''", "mail"));
/// assert!(!mentions("mailbox > 0", "mail"));
/// ```
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    Words::of(text).mention(name)
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '$')
}

/// Returns whether two names are one for the database.
pub(crate) fn same_name(dialect: Dialect, left: &str, right: &str) -> bool {
    match dialect {
        Dialect::Postgres => left == right,
        Dialect::Sqlite | Dialect::MySql => left.eq_ignore_ascii_case(right),
    }
}

/// Returns a text with names replaced, as the database does it itself when something is renamed:
/// SQLite leaves the quotes as they are, PostgreSQL puts them where they are needed, and MySQL
/// everywhere.
pub(crate) fn renamed(dialect: Dialect, text: &str, names: &BTreeMap<String, String>) -> String {
    let mut lexer = Lexer::new(dialect, text);
    let mut new = String::with_capacity(text.len());
    loop {
        let token = match lexer.next_token() {
            Ok(Some(token)) => token,
            Ok(None) => return new,
            // What cannot be read stays as it is.
            Err(_) => return text.to_owned(),
        };
        let written = &text[token.start..token.end];
        let name = match token.kind {
            TokenKind::Word if dialect == Dialect::Postgres => written.to_lowercase(),
            TokenKind::Word => written.to_owned(),
            TokenKind::Quoted => unquoted(written),
            TokenKind::String
            | TokenKind::Symbol
            | TokenKind::Terminator
            | TokenKind::Delimiter
            | TokenKind::Comment
            | TokenKind::Space => {
                new.push_str(written);
                continue;
            }
        };
        let found = names
            .iter()
            .find(|(from, _)| same_name(dialect, from, &name));
        match found {
            None => new.push_str(written),
            Some((_, to)) => new.push_str(&match dialect {
                Dialect::Postgres if is_plain(to) => to.clone(),
                Dialect::Sqlite
                    if token.kind == TokenKind::Word && is_plain(to) && !is_keyword(to) =>
                {
                    to.clone()
                }
                Dialect::Sqlite | Dialect::Postgres | Dialect::MySql => dialect.quote(to),
            }),
        }
    }
}

/// Returns whether a name that is not a keyword needs no quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    let small = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    name.bytes().next().is_some_and(small)
        && name
            .bytes()
            .all(|byte| small(byte) || byte.is_ascii_digit())
}

/// Returns whether SQLite reads a name as a keyword (<https://sqlite.org/lang_keywords.html>).
pub(crate) fn is_keyword(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SQLITE_KEYWORDS
        .split_ascii_whitespace()
        .any(|word| word == name)
}

const SQLITE_KEYWORDS: &str = "ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH \
    AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT \
    CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT \
    DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE \
    EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB \
    GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD \
    INTERSECT INTO IS ISNULL JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT \
    NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA \
    PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME \
    REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY \
    THEN TIES TO TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW \
    VIRTUAL WHEN WHERE WINDOW WITH WITHOUT WITHIN FALSE TRUE";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Words, renamed};
    use migrate_core::Dialect;

    #[test]
    fn names_are_found_as_words_in_any_case_and_quotes() {
        let words = Words::of("SELECT u.\"Odd \"\"name\" FROM Users u WHERE user_id > 1");
        for (name, found) in [
            ("users", true),
            ("USERS", true),
            ("user", false),
            ("user_id", true),
            ("Odd \"name", true),
        ] {
            assert_eq!(words.mention(name), found, "{name}");
        }
    }

    #[test]
    fn names_are_replaced_as_each_database_does() {
        let names = BTreeMap::from([("age".to_owned(), "years".to_owned())]);
        for (dialect, text, expected) in [
            (
                Dialect::Sqlite,
                "Age > 'age' AND \"age\" < 9",
                "years > 'age' AND \"years\" < 9",
            ),
            (
                Dialect::Postgres,
                "((age > 0) AND (t = 'age'::text))",
                "((years > 0) AND (t = 'age'::text))",
            ),
            (Dialect::MySql, "`age` > 'age'", "`years` > 'age'"),
        ] {
            assert_eq!(renamed(dialect, text, &names), expected);
        }
    }
}
