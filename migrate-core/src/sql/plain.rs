//! Text that every dialect reads the same way, which most of SQL is: then once is enough.

/// Says whether all dialects see the same tokens and the same statements in `text`.
///
/// It holds nothing that one of them reads in its own way: no other quote than `'…'`, no prefix
/// before one, no run of operators, no dash comment without a blank, no block, no `;` in
/// parentheses. `false` only costs time.
pub(crate) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut depth = 0_usize;
    let mut operator = false;
    let mut first = true;
    while at < bytes.len() {
        let byte = bytes[at];
        let after_operator = std::mem::replace(&mut operator, false);
        at += 1;
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => {
                let start = at - 1;
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                let prefixes = at < bytes.len() && matches!(bytes[at], b'\'' | b'$' | 0x80..);
                if prefixes || decides(&bytes[start..at], std::mem::take(&mut first)) {
                    return false;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b'.' => {}
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b';' if depth > 0 => return false,
            b';' => first = true,
            b'\'' => {
                while at < bytes.len() && bytes[at] != b'\'' {
                    if bytes[at] == b'\\' {
                        return false;
                    }
                    at += 1;
                }
                // A text that does not end is a matter for each dialect; a doubled quote is just
                // another text right behind this one, for all of them.
                if at == bytes.len() {
                    return false;
                }
                at += 1;
            }
            b'-' if bytes.get(at) == Some(&b'-') => {
                if !matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
                    return false;
                }
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
            }
            b'*' | b'=' | b'<' | b'>' | b'+' | b'-' if !after_operator => operator = true,
            _ => return false,
        }
    }
    true
}

/// The words that some dialect takes for the beginning of a block, of what holds blocks, or of a
/// client's command; `first` in its statement, a word can be more.
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
    use crate::sql::{feed_tokens, split};

    fn same(text: &str) {
        let read = Dialect::ALL.map(|dialect| {
            let mut tokens = Vec::new();
            feed_tokens(dialect, text, &mut |token| tokens.push(token.to_vec()))
                .map(|()| (tokens, split(dialect, text)))
        });
        assert_eq!(read[0], read[1], "{text:?}");
        assert_eq!(read[0], read[2], "{text:?}");
    }

    #[test]
    fn usual_statements_are_plain() {
        let text = "CREATE TABLE IF NOT EXISTS t (id BIGINT, n VARCHAR(255) DEFAULT 'it''s; ok'); -- why\nINSERT INTO t VALUES (1, 'x') ;";
        assert!(is_plain(text));
        same(text);
    }

    #[test]
    fn what_a_dialect_reads_in_its_own_way_is_not() {
        for text in [
            "`a`", "\"a\"", "$1", "#", "--x", "E'a'", "'\\'", "/* */", "a || b", "1--1", "end",
            "[a]", "(a; b)", "a::b", "'",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
        #[test]
        fn plain_is_the_same_for_all(text in "([-a-e'\"`$;/*()#=<>+.,:|\\\\ \n\\[\\]é!0-9_]|if |case |loop |create |trigger |-- ){0,24}") {
            if is_plain(&text) {
                same(&text);
            }
        }
    }
}
