//! schema.lock, as far as the chain knows it: the heads it was taken at, its lines, and the names of
//! the tables in it. `migrate-schema` reads what the lines mean.

mod heads;
mod lines;

pub use heads::SchemaHead;
pub use lines::{SchemaLine, SchemaLines, plain_word, word};
