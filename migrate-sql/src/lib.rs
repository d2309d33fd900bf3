//! SQL as far as migrations need it: where a statement ends, which tokens matter, and what has no
//! place in a revision. Everything is linear in the text and takes any text.

#![forbid(unsafe_code)]

mod dialect;
mod lexer;
mod lint;
mod name;
mod plain;
mod quoting;
mod session;
mod split;
mod tokens;

pub use dialect::{Dialect, Dialects, UnknownDialect};
pub use lexer::{Construct, Lexer, Token, TokenKind, Unterminated};
pub use lint::{Finding, FindingKind, lint};
pub use name::Name;
pub use plain::{Plain, plain};
pub use quoting::unquoted;
pub use session::{SessionEffect, resume_session, session_effect, session_pragma};
pub use split::first_mark;
pub use split::split;
pub use tokens::{Tokens, tokens};
