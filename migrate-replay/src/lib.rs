//! What it takes to replay a revision chain in a scratch database.
//!
//! A statement may reach out of the database it runs in: to another database, to roles, to the
//! server. [`reaches`] finds what a statement reaches, [`Replay`] decides what becomes of it when the
//! chain runs elsewhere, and [`reaching`] is what `check` says about it.
//!
//! A replay passes through the states of the chain: [`walks`] plans the walk where there are
//! branches, and a [`SchemaIndex`] keeps a fingerprint of the schema at each state, by which a database
//! can be recognized.
//!
//! Everything here is pure: no database, no clock, no files.

#![forbid(unsafe_code)]

mod reach;
mod reaching;
mod replay;
mod schema_index;
mod walks;

pub use reach::{Named, Reach, ReachKind, reaches};
pub use reaching::reaching;
pub use replay::{
    CrossDatabase, NeededRole, OtherDatabase, Replay, ReplayTarget, SkippedStatement,
};
pub use schema_index::{Nearest, Position, SchemaIndex};
pub use walks::{Walk, walks};
