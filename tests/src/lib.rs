//! What the tests of several crates share: a [`TestDatabase`] of its own for each test, and a
//! [`TestProject`] to run the command in, and the real [`alembic`] to compare with.

pub mod alembic;
mod database;
mod project;

pub use database::{HeldConnection, TestDatabase};
pub use project::{CommandOutput, TestProject};
