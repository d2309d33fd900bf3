//! Models.
#![allow(dead_code)]

use migrate_sqlx::Table;

#[derive(Table)]
#[table(nmae = "users")]
pub struct User {
    #[column(primary_key, defualt = 1)]
    id: i64,
    #[column(on_delete = "cascde")]
    other: i64,
}

#[derive(Table)]
pub struct Pair(i64, i64);
