//! Models.
#![allow(dead_code)]

#[derive(migrate_sqlx::Table)]
pub struct User {
    id: i64,
    colour: Colour,
}

pub enum Colour {
    Red,
}
