//! Starts the service: `cargo run -p web`.

use std::error::Error;

use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use web::{Environment, application, prepare};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let environment = Environment::from_variable(std::env::var("APP_ENV").ok().as_deref());
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://notes.db".to_owned());
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());

    let options: SqliteConnectOptions = url.parse()?;
    // In production a mistyped url must not make a new, empty database.
    let options = options.create_if_missing(environment == Environment::Development);
    let pool = SqlitePool::connect_with(options).await?;
    // An error shows the statement that failed, what the database said, and what to type next.
    prepare(&pool, environment).await?;

    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, application(pool)).await?;
    Ok(())
}
