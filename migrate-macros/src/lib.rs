//! The macros of `migrate-sqlx`; name that crate, not this one.
//!
//! Nothing is decided here: the chain and the models are read and judged by `migrate-core`, the very
//! code that `cargo migrate` runs.

#![forbid(unsafe_code)]

mod embed;
mod literal;
#[cfg(feature = "models")]
mod table;
mod warning;

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

/// Makes a struct a model of a table, and compares it with the schema at the chain's head.
///
/// ```ignore
/// use migrate_sqlx::Table;
///
/// #[derive(sqlx::FromRow, Table)]
/// #[table(name = "users", unique(tenant, email))]
/// struct User {
///     id: i64,
///     tenant: uuid::Uuid,
///     email: String,
///     #[column(references = "users(id)", on_delete = "set null")]
///     invited_by: Option<i64>,
///     #[column(default = "now()")]
///     created_at: chrono::DateTime<chrono::Utc>,
/// }
/// ```
///
/// The struct is the one that sqlx reads rows into: `#[sqlx(rename, rename_all, skip, flatten,
/// json, try_from)]` mean here what they mean there. `#[table(…)]` and `#[column(…)]` say what Rust
/// cannot; the page `docs/models.md` has all of it.
///
/// `cargo migrate new --auto` writes the revision that makes the chain's schema what the models
/// say. Until then the compiler says where they differ: schema.lock, beside chain.lock, holds the
/// schema at the head, and what does not fit is an error at its field. `#[table(unchecked)]` turns
/// that off for a struct, `[models] check = false` in migrate.toml for all.
#[cfg(feature = "models")]
#[proc_macro_derive(Table, attributes(table, column, sqlx))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    table::expand(input.into()).into()
}
