//! Models.
#![allow(dead_code)]

use migrate_sqlx::Table;

#[derive(Table)]
#[table(name = "users")]
pub struct User {
    id: Option<i64>,
    email: Option<String>,
    nick: String,
}

type Maybe = Option<String>;

#[derive(Table)]
#[table(name = "users", partial)]
pub struct Sound {
    id: i64,
    #[column(nullable = false)]
    email: Option<String>,
    #[column(nullable)]
    nick: Maybe,
}
