//! `embed_migrations!()` as cargo and rustc see it: what they say of a broken chain, and what makes
//! them compile again.

mod diagnostics;
mod package;
mod rebuild;
