//! The revision chain of `cargo migrate`, without a database.

mod dialect;
mod hash;
mod id;
mod revision;

pub use dialect::{Dialect, Dialects, UnknownDialect};
pub use hash::{Hash, InvalidHash};
pub use id::{InvalidRevisionId, RevisionId};
pub use revision::{Direction, Revision, Script, Section, Statement};
