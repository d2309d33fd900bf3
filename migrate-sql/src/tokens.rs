//! The significant tokens of a script, without white space and comments.

use super::lexer::{Lexer, Token, TokenKind, Unterminated, chosen_delimiter};
use super::split::quotings;
use crate::Dialect;

/// The tokens of a text, as bytes to compare and to hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens(Vec<u8>);

impl Tokens {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes + bytes / 4))
    }

    /// Adds a token. The byte that ends it never occurs in UTF-8, so two lists of tokens never have
    /// the same bytes.
    pub(crate) fn push(&mut self, token: &[u8]) {
        self.0.extend_from_slice(token);
        self.0.push(0xff);
    }

    /// Returns the tokens, each followed by a byte `0xff`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Returns the significant tokens: no white space, no comments.
///
/// `a b` and `ab` have different tokens, `a+b` and `a + b` the same.
///
/// # Errors
///
/// A quote or comment that does not end in this dialect.
pub fn tokens(dialect: Dialect, text: &str) -> Result<Tokens, Unterminated> {
    let bytes = text.as_bytes();
    let mut tokens = Tokens::with_capacity(bytes.len());
    let mut lexer = Lexer::new(dialect, text);
    let mut last: Option<Token> = None;
    let mut quotings = quotings(dialect, text).into_iter().peekable();
    while let Some(token) = lexer.next_token()? {
        if let Some((at, quoting)) = quotings.next_if(|(at, _)| *at <= token.end) {
            lexer.set_quoting(quoting, at);
        }
        if !token.kind.matters() {
            continue;
        }
        if token.kind == TokenKind::Delimiter {
            if let Some(last) = last.take() {
                tokens.push(&bytes[last.start..last.end]);
            }
            // The client reads only these two words of the line.
            let line = &text[token.start..token.end];
            let words = line.split_ascii_whitespace().take(1);
            words
                .chain(chosen_delimiter(line))
                .for_each(|word| tokens.push(word.as_bytes()));
            lexer.set_delimiter(&token);
            continue;
        }
        match &mut last {
            Some(last) if last.end == token.start && belongs(bytes, last, &token) => {
                last.end = token.end;
            }
            _ => {
                if let Some(last) = last.replace(token) {
                    tokens.push(&bytes[last.start..last.end]);
                }
            }
        }
    }
    if let Some(last) = last {
        tokens.push(&bytes[last.start..last.end]);
    }
    Ok(tokens)
}

/// Returns whether `next`, directly after `last`, forms one item with it: `x'41'` is not `x '41'`,
/// and `1.5` or `1e-5` are not three tokens.
fn belongs(bytes: &[u8], last: &Token, next: &Token) -> bool {
    if last.kind != TokenKind::Word {
        return false;
    }
    let number = bytes[last.start].is_ascii_digit();
    match next.kind {
        TokenKind::String => true,
        TokenKind::Word => number,
        TokenKind::Symbol => {
            let exponent = matches!(bytes[last.end - 1], b'e' | b'E');
            number
                && match &bytes[next.start..next.end] {
                    b"." => true,
                    b"+" | b"-" => exponent,
                    _ => false,
                }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(dialect: Dialect, text: &str) -> Vec<String> {
        let tokens = super::tokens(dialect, text).unwrap();
        let words = tokens.as_bytes().split_inclusive(|byte| *byte == 0xff);
        words
            .map(|word| String::from_utf8_lossy(&word[..word.len() - 1]).into_owned())
            .collect()
    }

    #[test]
    fn comments_and_white_space_do_not_matter() {
        for dialect in Dialect::ALL {
            let plain = tokens(dialect, "SELECT a+b,'x -- y' FROM t WHERE c=-1;");
            let spaced = "SELECT a + b , -- why\n\t'x -- y' /* ; */\r\nFROM t WHERE c = - 1 ;";
            assert_eq!(tokens(dialect, spaced), plain, "{dialect}");
            assert_ne!(tokens(dialect, "SELECT ab"), tokens(dialect, "SELECT a b"));
            assert_ne!(tokens(dialect, "a <= b"), tokens(dialect, "a < = b"));
            assert_ne!(tokens(dialect, "x'41'"), tokens(dialect, "x '41'"));
            assert_ne!(tokens(dialect, "1.5"), tokens(dialect, "1 .5"));
            assert_ne!(tokens(dialect, "1e-5"), tokens(dialect, "1e - 5"));
        }
    }

    #[test]
    fn the_white_space_of_a_delimiter_line_does_not_matter() {
        let text = "DELIMITER //\nSELECT 1//\nDELIMITER ;\n";
        let plain = tokens(Dialect::MySql, text);
        let spaced = "\x0b DELIMITER \t//  \r\nSELECT\x0b1 //\r\n  DELIMITER\t; \n";
        assert_eq!(tokens(Dialect::MySql, spaced), plain);
        assert_eq!(plain[..3], ["DELIMITER", "//", "SELECT"]);
        let other = text.replace("//", "$$");
        assert_ne!(tokens(Dialect::MySql, &other), plain);
    }

    #[test]
    fn comments_that_mysql_runs_matter() {
        assert_eq!(
            tokens(
                Dialect::MySql,
                "/*!40101 SET NAMES utf8 */; # no\n-- no\nSELECT 1--1"
            ),
            [
                "/*!40101", "SET", "NAMES", "utf8", "*/", ";", "SELECT", "1", "-", "-", "1"
            ]
        );
    }

    #[test]
    fn a_function_body_is_one_token_on_postgres() {
        let text = "AS $f$ -- kept\nit's $f$ LANGUAGE sql";
        assert_eq!(tokens(Dialect::Postgres, text)[1], "$f$ -- kept\nit's $f$");
    }
}
