#[derive(migrate_sqlx::Table)]
pub struct User {
    id: i64,
