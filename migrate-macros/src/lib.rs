//! The macros of `migrate-sqlx`; depend on that crate, not on this one.
//!
//! The macros contain no rules of their own: `migrate-core` and `migrate-models` read and check the
//! chain and the models with the same code that `cargo migrate` runs.

#![forbid(unsafe_code)]

mod embed;
mod literal;
#[cfg(feature = "models")]
mod table;
mod warning;

use proc_macro::TokenStream;

/// What `migrate_sqlx::embed_migrations!` expands to, behind the path of its crate.
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
/// json, try_from)]` have the same meaning here. `#[table(…)]` and `#[column(…)]` set what Rust
/// cannot express; see the page `docs/models.md`.
///
/// `cargo migrate new --auto` writes the revision that changes the chain's schema to that of the
/// models. Until then the compiler reports the differences: schema.lock, beside chain.lock, has the
/// schema at the head, and a mismatch is an error at its field. `#[table(unchecked)]` turns that
/// off for a struct, `[models] check = false` in migrate.toml for all.
#[cfg(feature = "models")]
#[proc_macro_derive(Table, attributes(table, column, sqlx))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    table::expand(input.into()).into()
}
