//! Models.
#![allow(dead_code)]

use migrate_sqlx::Table;

#[derive(Table)]
#[table(name = "users")]
pub struct User {
    id: i32,
    email: i64,
    nick: Option<String>,
}

#[derive(Table)]
#[table(name = "users", partial)]
pub struct ByHand {
    #[column(type = "bigint")]
    id: i32,
    email: std::borrow::Cow<'static, str>,
}

#[derive(Table)]
#[table(name = "users", partial, unchecked)]
pub struct Unchecked {
    id: Vec<u8>,
}
