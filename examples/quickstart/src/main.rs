//! `cargo run -p quickstart` applies the embedded chain to an SQLite database and shows its history.
//! The database is in memory; `cargo run -p quickstart -- sqlite://reading-list.db` keeps it.

use std::error::Error;

use migrate_sqlx::{Event, Migrations, embed_migrations};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

/// The chain of `migrations/`, checked while this compiles.
static MIGRATIONS: Migrations = embed_migrations!();

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "sqlite::memory:".to_owned());
    let options: SqliteConnectOptions = url.parse()?;
    // One connection: each would have a memory of its own.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.create_if_missing(true))
        .await?;

    let report = MIGRATIONS
        .runner()
        .on_event(|event| {
            if let Event::Finished { revision, .. } = event {
                println!("applied {}  {}", revision.id, revision.message);
            }
        })
        .run(&pool)
        .await?;
    if report.steps.is_empty() {
        println!("nothing to do, the database is up to date");
    }

    println!("\nhistory, newest first:");
    for event in MIGRATIONS.events(&pool).await?.iter().rev() {
        println!(
            "{}  {} {}{}",
            event.at,
            event.kind,
            event.revision,
            follows(&event.revision)
        );
    }

    let title: String = sqlx::query_scalar("SELECT title FROM books ORDER BY id")
        .fetch_one(&pool)
        .await?;
    println!("\nfirst on the list: {title}");
    Ok(())
}

/// What a revision of the chain follows, in words.
fn follows(id: &str) -> String {
    let revision = MIGRATIONS
        .revisions()
        .iter()
        .find(|revision| revision.id.as_str() == id);
    let parents = revision.map_or(&[][..], |revision| &revision.parents);
    match parents {
        [] => ", the first".to_owned(),
        [parent] => format!(", follows {parent}"),
        [first, rest @ ..] => rest.iter().fold(format!(", joins {first}"), |all, parent| {
            format!("{all} and {parent}")
        }),
    }
}
