//! Replays a revision chain in a scratch database.
//!
//! A statement may reach out of the database it runs in: to another database, to roles, to the
//! server. [`reaches`] finds what a statement reaches, [`Replay`] rewrites the chain so that it can
//! run in a scratch database, and [`reaching`] returns the diagnostics of `check`.
//!
//! A replay visits the states of the chain: [`walks`] plans the walks through its branches, and a
//! [`SchemaIndex`] keeps a fingerprint of the schema at each state, by which a database can be
//! recognized.
//!
//! Everything here is pure: no database, no clock, no files.

#![forbid(unsafe_code)]

mod reach;
mod reaching;
mod replay;
mod schema_index;
mod walks;

pub use reach::{Named, Reach, ReachKind, reaches, reaches_with};
pub use reaching::reaching;
pub use replay::{
    CrossDatabase, NeededRole, OtherDatabase, Replay, ReplayTarget, SkippedStatement,
};
pub use schema_index::{Nearest, Position, SchemaIndex};
pub use walks::{Walk, walks};
