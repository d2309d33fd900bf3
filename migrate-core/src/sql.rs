//! SQL as far as migrations need it: where a statement ends, which tokens matter, and what has no
//! place in a revision. Everything is linear in the text and takes any text.

mod lexer;
mod lint;
mod plain;
mod reach;
mod session;
mod split;
mod tokens;

pub use lexer::{Construct, Lexer, Token, TokenKind, Unterminated};
pub use lint::{Finding, FindingKind, lint};
pub(crate) use plain::{Plain, plain};
#[cfg(feature = "schema")]
pub(crate) use reach::{Item, Items, items};
pub use reach::{Named, Reach, ReachKind, reaches};
pub use session::{SessionEffect, resume_session, session_effect, session_pragma};
pub(crate) use split::first_mark;
pub use split::split;
pub use tokens::{Tokens, tokens};
