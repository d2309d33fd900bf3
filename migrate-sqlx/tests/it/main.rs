//! The runtime on real databases: each scenario of `scenarios.rs` runs on each of them.

mod chain;
mod embedded;
mod scenarios;
