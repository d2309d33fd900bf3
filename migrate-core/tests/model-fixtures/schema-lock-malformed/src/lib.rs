//! Models.
#![allow(dead_code)]

#[derive(migrate_sqlx::Table)]
#[table(name = "users")]
pub struct User {
    id: i64,
}
