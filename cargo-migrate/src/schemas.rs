//! Schemas by name, and what is derived from comparing them.

pub(crate) mod autogenerate;
pub(crate) mod baseline;
pub(crate) mod detect;
pub(crate) mod ignored;
pub(crate) mod named;
pub(crate) mod normalize;
pub(crate) mod schema_lock;
