//! Models.
#![allow(dead_code)]

use migrate_sqlx::Table;

#[derive(Table)]
pub struct User {
    id: i64,
}

#[derive(Table)]
#[table(name = "users", schema = "app", partial)]
pub struct Part {
    id: i64,
}
