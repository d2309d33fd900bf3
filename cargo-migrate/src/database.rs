//! The database that is meant: where it is, how it compares with the chain, and what it takes to change it.

pub(crate) mod consent;
pub(crate) mod discrepancy;
pub(crate) mod extensions;
pub(crate) mod local_servers;
pub(crate) mod recreate;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod target;
pub(crate) mod tool;
