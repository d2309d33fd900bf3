//! Kill and crash tests of the command: many migrators at once, killed ones, dead servers, cut
//! connections, full disks.
//!
//! Each ordeal drives the real binary and then asks three things of the database: does its schema
//! equal that of an undisturbed run, does its ledger agree, and did each statement run exactly
//! once? For the last, the chain's revisions write what they do into a journal that has no key, so
//! that nothing keeps them from doing it twice.
//!
//! `cargo run -p migrate-ordeal` runs many rounds and prints a table. The tests of
//! `cargo-migrate` run a few rounds of each.

mod aftermath;
mod arena;
mod chain;
mod concurrency;
mod cut;
mod dead;
mod disk;
mod killed;
mod migrator;
mod obstacles;
mod picture;
mod process;
mod proxy;
mod server;
mod tally;

pub use arena::Arena;
pub use chain::Transactions;
pub use concurrency::many_at_once;
pub use cut::cut_connections;
pub use dead::dead_servers;
pub use killed::{killed_migrators, killed_reverts};
pub use obstacles::{
    endless_statement, full_disk, locked_table, no_permission, read_only_database,
};
pub use server::Server;
pub use tally::Tally;

/// An error of the machine, not the command: the ordeal cannot continue.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of an ordeal, unless it could not be run.
pub type Result<T> = std::result::Result<T, Error>;
