//! The runtime on real databases: each scenario of `scenarios.rs` runs on each of them.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps nothing")]

mod atomic;
mod chain;
mod edits;
mod embedded;
mod idle;
mod interrupted;
mod introspect;
mod limits;
mod messages;
mod queries;
mod resume;
mod scenarios;
mod stopped;
