//! A fast path for text that every dialect reads the same way, as most SQL is: such text is read
//! once.

use std::ops::Range;

use super::tokens::Tokens;

/// The common reading of a text.
pub struct Plain {
    /// The statements, as [`split`](super::split) returns them.
    pub statements: Vec<Range<usize>>,
    /// The significant tokens.
    pub tokens: Tokens,
}

/// Reads a text in which all dialects see the same tokens and the same statements.
///
/// Such a text has nothing that is specific to a dialect: no quotes other than `'…'`, no prefix
/// before a quote, no run of operators, no dash comment without a blank, no block, no `;` in
/// parentheses. Returning `None` only costs time.
pub fn plain(text: &str) -> Option<Plain> {
    let bytes = text.as_bytes();
    let mut read = Plain {
        statements: Vec::new(),
        tokens: Tokens::with_capacity(bytes.len()),
    };
    let mut statement: Option<Range<usize>> = None;
    let mut depth = 0_usize;
    // Set until the statement's first word has been read.
    let mut first = true;
    let mut operator = false;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let start = at;
        let after_operator = std::mem::replace(&mut operator, false);
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                let word = &bytes[start..at];
                let number = byte.is_ascii_digit();
                let glued = match bytes.get(at) {
                    Some(b'\'' | b'$' | 0x80..) => true,
                    Some(b'.') => number,
                    Some(b'+' | b'-') => number && matches!(word[word.len() - 1], b'e' | b'E'),
                    _ => false,
                };
                if glued || decides(word, std::mem::take(&mut first)) {
                    return None;
                }
            }
            b',' | b'.' => {}
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b';' if depth > 0 => return None,
            b';' => {
                first = true;
                read.tokens.push(b";");
                read.statements.extend(statement.take());
                continue;
            }
            b'\'' => loop {
                match bytes.get(at)? {
                    b'\\' => return None,
                    b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
                    b'\'' => {
                        at += 1;
                        break;
                    }
                    _ => at += 1,
                }
            },
            b'-' if bytes.get(at) == Some(&b'-') => {
                if !matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
                    return None;
                }
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'*' | b'=' | b'<' | b'>' | b'+' | b'-' if !after_operator => operator = true,
            _ => return None,
        }
        read.tokens.push(&bytes[start..at]);
        statement.get_or_insert(start..at).end = at;
    }
    read.statements.extend(statement);
    Some(read)
}

/// Returns whether some dialect treats the word as the beginning of a block, of an object that
/// contains blocks, or of a client's command; the first word of a statement can be more of these.
fn decides(word: &[u8], first: bool) -> bool {
    let is = |known: &[&str]| {
        known
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
    };
    match word.len() {
        2 => first && is(&["IF"]),
        3 => is(&["END"]) || (first && is(&["FOR"])),
        4 => is(&["CASE", "LOOP"]),
        5 => is(&["BEGIN", "EVENT"]) || (first && is(&["WHILE"])),
        6 => first && is(&["REPEAT"]),
        7 => is(&["TRIGGER", "PACKAGE"]),
        8 => is(&["FUNCTION"]),
        9 => is(&["DELIMITER", "PROCEDURE"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;
    use crate::{split, tokens};

    /// Asserts that every dialect reads a plain text as `plain` does.
    fn same(text: &str) {
        let Some(plain) = plain(text) else { return };
        for dialect in Dialect::ALL {
            assert_eq!(
                tokens(dialect, text),
                Ok(plain.tokens.clone()),
                "{dialect} {text:?}"
            );
            assert_eq!(
                split(dialect, text),
                Ok(plain.statements.clone()),
                "{dialect} {text:?}"
            );
        }
    }

    #[test]
    fn usual_statements_are_plain() {
        let text = "CREATE TABLE IF NOT EXISTS t (id BIGINT, n VARCHAR(255) DEFAULT 'it''s; ok'); -- why\nINSERT INTO t VALUES (1, 'x') ;";
        assert!(plain(text).is_some());
        same(text);
    }

    #[test]
    fn what_a_dialect_reads_in_its_own_way_is_not() {
        for text in [
            "`a`", "\"a\"", "$1", "#", "--x", "E'a'", "'\\'", "/* */", "a || b", "1--1", "end",
            "[a]", "(a; b)", "a::b", "'",
        ] {
            assert!(plain(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
        #[test]
        fn plain_is_the_same_for_all(text in "([-a-e'\"`$;/*()#=<>+.,:|\\\\ \n\\[\\]é!0-9_]|if |case |loop |create |trigger |-- ){0,24}") {
            same(&text);
        }
    }
}
