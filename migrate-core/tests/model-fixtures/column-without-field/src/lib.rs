//! Models.
#![allow(dead_code)]

use migrate_sqlx::Table;

#[derive(Table)]
#[table(name = "users")]
pub struct User {
    id: i64,
}

#[derive(Table)]
#[table(name = "users", partial)]
pub struct OnlyTheId {
    id: i64,
}
