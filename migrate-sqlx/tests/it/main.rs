//! The runtime on real databases: each scenario of `scenarios.rs` runs on each of them.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps nothing")]

/// Runs an expression with a pool of the database's own driver.
macro_rules! with_pool {
    ($database:expr, |$pool:ident| $body:expr) => {
        match $database.dialect() {
            migrate_sqlx::Dialect::Sqlite => {
                let $pool = sqlx::SqlitePool::connect($database.url()).await.unwrap();
                $body
            }
            migrate_sqlx::Dialect::Postgres => {
                let $pool = sqlx::PgPool::connect($database.url()).await.unwrap();
                $body
            }
            migrate_sqlx::Dialect::MySql => {
                let $pool = sqlx::MySqlPool::connect($database.url()).await.unwrap();
                $body
            }
        }
    };
}

mod atomic;
mod chain;
mod edits;
mod embedded;
mod idle;
mod interrupted;
mod introspect;
mod limits;
mod messages;
mod queries;
mod resume;
mod runner;
mod scenarios;
mod stopped;
mod versions;
