//! SQL as far as migrations need it: where a statement ends, which tokens matter, and what has no
//! place in a revision. Everything is linear in the text and takes any text.

mod lexer;
mod lint;
mod plain;
mod split;

pub use lexer::{Construct, Lexer, Token, TokenKind, Unterminated};
pub use lint::{Finding, FindingKind, lint};
pub(crate) use plain::is_plain;
pub use split::split;

use crate::Dialect;

/// Hands each token that matters to `feed`: no white space, no comments.
///
/// `a b` gives other tokens than `ab`, and `a+b` the same as `a + b`.
///
/// # Errors
///
/// What does not end in this dialect; the tokens before it were fed.
pub fn feed_tokens(
    dialect: Dialect,
    text: &str,
    feed: &mut dyn FnMut(&[u8]),
) -> Result<(), Unterminated> {
    let bytes = text.as_bytes();
    let mut lexer = Lexer::new(dialect, text);
    let mut last: Option<Token> = None;
    while let Some(token) = lexer.next_token()? {
        if token.kind == TokenKind::Delimiter {
            lexer.set_delimiter(&token);
        }
        if !token.kind.matters() {
            continue;
        }
        match &mut last {
            Some(last) if last.end == token.start && belongs(bytes, last, &token) => {
                last.end = token.end;
            }
            _ => {
                if let Some(last) = last.replace(token) {
                    feed(&bytes[last.start..last.end]);
                }
            }
        }
    }
    if let Some(last) = last {
        feed(&bytes[last.start..last.end]);
    }
    Ok(())
}

/// Whether `next`, right behind `last`, is one thing with it: `x'41'` is no `x '41'`, and `1.5`
/// or `1e-5` no three tokens.
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
        let mut tokens = Vec::new();
        feed_tokens(dialect, text, &mut |token| {
            tokens.push(String::from_utf8_lossy(token).into_owned());
        })
        .unwrap();
        tokens
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
