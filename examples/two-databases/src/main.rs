//! `cargo run -p two-databases` keeps the tasks in `tasks.db`;
//! `DATABASE_URL=mysql://… cargo run -p two-databases` keeps them in MySQL or MariaDB.

use std::error::Error;

use two_databases::Tasks;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://tasks.db".to_owned());
    let tasks = Tasks::at(&url).await?;
    tasks.add("write the next revision").await?;
    tasks.add("learn about chains").await?;
    tasks.finish("learn about chains").await?;
    println!("still to do: {}", tasks.open().await?.join(", "));
    println!("done: {}", tasks.finished().await?);
    Ok(())
}
