//! What the tests of several crates share: a [`TestDatabase`] of its own for each test, and a
//! [`TestProject`] to run the command in, and the real [`alembic`] to compare with.

pub mod alembic;
mod database;
pub mod native_dump;
mod project;

pub use database::{TestDatabase, TestSession};
pub use project::{CommandOutput, TestProject};
