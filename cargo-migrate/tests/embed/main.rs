//! `embed_migrations!()` and `#[derive(Table)]` as cargo and rustc see them: what they say of a broken
//! chain and of models that do not fit it, and what makes them compile again.

mod diagnostics;
mod models;
mod package;
mod rebuild;
mod the_loop;
