//! Models.
#![allow(dead_code)]

#[derive(migrate_sqlx::Table)]
#[table(name = "users")]
pub struct User {
    id: i64,
}

#[derive(migrate_sqlx::Table)]
#[table(name = "users")]
pub struct Account {
    id: i64,
}
