//! The values that an expression or a type lists.

use migrate_core::Dialect;
use migrate_sql::{TokenKind, unquoted, words_and_symbols};

/// Returns the literals of a text: those of `enum('a','b')`.
#[must_use]
pub fn literals(text: &str, dialect: Dialect) -> Vec<String> {
    let strings = words_and_symbols(dialect, text).into_iter().flatten();
    let strings = strings.filter(|(kind, _)| *kind == TokenKind::String);
    strings.map(|(_, text)| unquoted(text)).collect()
}

/// Returns the values that a check allows in a column, if it says nothing else:
/// `state IN ('a', 'b')`, or as PostgreSQL writes it, `state = ANY (ARRAY['a'::text, 'b'::text])`.
#[must_use]
pub fn listed(expression: &str, column: &str, dialect: Dialect) -> Option<Vec<String>> {
    const SYMBOLS: [&str; 10] = ["(", ")", "[", "]", ",", "=", "::", ":", "[]", ".."];
    let mut has_column = false;
    let mut lists = false;
    let mut values = Vec::new();
    let mut cast = false;
    for (kind, text) in words_and_symbols(dialect, expression).ok()? {
        // A cast is to a name of one or two words: `::character varying`.
        let is_cast = std::mem::replace(&mut cast, false);
        match kind {
            TokenKind::String => values.push(unquoted(text)),
            TokenKind::Word | TokenKind::Quoted if is_cast => {
                cast = text.eq_ignore_ascii_case("character");
            }
            TokenKind::Word | TokenKind::Quoted
                if unquoted(text).eq_ignore_ascii_case(column) && !has_column =>
            {
                has_column = true;
            }
            TokenKind::Word if ["in", "any"].contains(&text.to_lowercase().as_str()) => {
                lists = true;
            }
            TokenKind::Word if text.eq_ignore_ascii_case("array") => {}
            TokenKind::Symbol if SYMBOLS.contains(&text) => cast = text == "::" || text == ":",
            _ => return None,
        }
    }
    (has_column && lists && !values.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_values_is_seen_in_every_spelling() {
        let expected = ["a".to_owned(), "b'c".to_owned()];
        for (dialect, text) in [
            (Dialect::Sqlite, "state IN ('a','b''c')"),
            (Dialect::Sqlite, "(\"state\" in ( 'b''c', 'a' ))"),
            (
                Dialect::Postgres,
                "(state = ANY (ARRAY['a'::text, 'b''c'::text]))",
            ),
            (
                Dialect::Postgres,
                "((state)::text = ANY ((ARRAY['a'::character varying, 'b''c'::character varying])::text[]))",
            ),
        ] {
            let mut values = listed(text, "state", dialect).expect(text);
            values.sort();
            assert_eq!(values, expected, "{text}");
        }
        for text in [
            "state IN ('a') AND other > 0",
            "state <> 'a'",
            "other IN ('a')",
            "length(state) IN ('a')",
            "state NOT IN ('a')",
            "state = 'a'",
        ] {
            assert_eq!(listed(text, "state", Dialect::Sqlite), None, "{text}");
        }
    }
}
