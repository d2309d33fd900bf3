//! The macros of `migrate-sqlx`; name that crate, not this one.
//!
//! Nothing is decided here: the chain is read and judged by `migrate-core`, the very code that
//! `cargo migrate check` runs.

mod embed;
mod literal;

use proc_macro::TokenStream;

/// Checks the chain of this package and bakes it into the binary, as a
/// `migrate_sqlx::Migrations` that fits a `static`.
///
/// Without an argument the folder is the one that migrate.toml names (`migrations` where there is
/// none); with one it is that folder, relative to the package's Cargo.toml. The rules are those of
/// the package's migrate.toml either way.
///
/// A broken chain is a compile error for each thing that is wrong, in the words of
/// `cargo migrate check`; what a rule only warns about is a compiler warning. An edited file, a new
/// revision (by way of chain.lock) and a changed migrate.toml compile the crate again.
///
/// ```ignore
/// use migrate_sqlx::{Migrations, embed_migrations};
///
/// static MIGRATIONS: Migrations = embed_migrations!();
/// ```
#[proc_macro]
pub fn embed_migrations(input: TokenStream) -> TokenStream {
    embed::expand(input.into()).into()
}
