//! SQL as far as migrations need it: where a statement ends, which tokens matter, and what has no
//! place in a revision. Everything is linear in the text and takes any text.

mod lexer;
mod lint;
mod split;

pub use lexer::{Construct, Lexer, Token, TokenKind, Unterminated};
pub use lint::{Finding, FindingKind, lint};
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
    let mut lexer = Lexer::new(dialect, text);
    while let Some(token) = lexer.next_token()? {
        if token.kind.matters() {
            feed(&text.as_bytes()[token.start..token.end]);
        }
        if token.kind == TokenKind::Delimiter {
            lexer.set_delimiter(&token);
        }
    }
    Ok(())
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
