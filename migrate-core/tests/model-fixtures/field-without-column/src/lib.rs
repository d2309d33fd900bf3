//! Models.
#![allow(dead_code)]

use migrate_sqlx::Table;

#[derive(Table)]
#[table(name = "users")]
pub struct User {
    id: i64,
    emial: String,
    born: Option<i64>,
    #[sqlx(rename = "nickname")]
    nick: Option<String>,
    #[column(skip)]
    computed: i64,
}
