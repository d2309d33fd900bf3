//! The SQL text of migrations: dialects, statement boundaries, significant tokens, and statements
//! that a revision cannot contain. Every function accepts any text and takes linear time.

#![forbid(unsafe_code)]

mod dialect;
mod lexer;
mod lint;
mod name;
mod plain;
mod quoting;
mod session;
mod split;
mod sql_mode;
mod tokens;
mod transactions;

pub use dialect::{Dialect, Dialects, UnknownDialect};
pub use lexer::{Construct, Lexer, Quoting, Token, TokenKind, Unterminated, words_and_symbols};
pub use lint::{Finding, FindingKind, lint};
pub use name::Name;
pub use plain::{Plain, plain};
pub use quoting::unquoted;
pub use session::{SessionEffect, resume_session, session_effect, session_pragma};
pub use split::first_mark;
pub use split::split;
pub use sql_mode::{quoting_after, quoting_of};
pub use tokens::{Tokens, tokens};
pub use transactions::{TransactionControl, Unpaired, unpaired};
