//! A list of tasks that is kept in SQLite on a developer's machine and in MySQL or MariaDB in
//! production. One chain serves both: where they differ, a revision has a section for each.

use std::error::Error;

use migrate_sqlx::{Migrations, embed_migrations};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{MySqlPool, SqlitePool};

/// The chain, checked while this compiles: each revision has an up for SQLite and for MySQL.
pub static MIGRATIONS: Migrations = embed_migrations!();

/// The tasks, wherever they are kept.
pub enum Tasks {
    /// In development.
    Sqlite(SqlitePool),
    /// In production.
    MySql(MySqlPool),
}

const ADD: &str = "INSERT INTO tasks (title) VALUES (?)";
const FINISH: &str = "UPDATE tasks SET done = 1 WHERE title = ?";
const OPEN: &str = "SELECT title FROM tasks WHERE done = 0 ORDER BY title";
const FINISHED: &str = "SELECT COUNT(*) FROM tasks WHERE done_at IS NOT NULL";

impl Tasks {
    /// Connects to what the url names, and brings it to the head of the chain.
    ///
    /// # Errors
    ///
    /// The database cannot be reached, or a revision failed.
    pub async fn at(url: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse()?;
            let pool = SqlitePool::connect_with(options.create_if_missing(true)).await?;
            MIGRATIONS.run(&pool).await?;
            Ok(Self::Sqlite(pool))
        } else {
            let pool = MySqlPool::connect(url).await?;
            MIGRATIONS.run(&pool).await?;
            Ok(Self::MySql(pool))
        }
    }

    /// Adds a task.
    ///
    /// # Errors
    ///
    /// The database refused.
    pub async fn add(&self, title: &str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(pool) => sqlx::query(ADD).bind(title).execute(pool).await.map(drop),
            Self::MySql(pool) => sqlx::query(ADD).bind(title).execute(pool).await.map(drop),
        }
    }

    /// Marks a task as done.
    ///
    /// # Errors
    ///
    /// The database refused.
    pub async fn finish(&self, title: &str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(pool) => sqlx::query(FINISH)
                .bind(title)
                .execute(pool)
                .await
                .map(drop),
            Self::MySql(pool) => sqlx::query(FINISH)
                .bind(title)
                .execute(pool)
                .await
                .map(drop),
        }
    }

    /// Returns the titles of the tasks that are not done.
    ///
    /// # Errors
    ///
    /// The database refused.
    pub async fn open(&self) -> sqlx::Result<Vec<String>> {
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(OPEN).fetch_all(pool).await,
            Self::MySql(pool) => sqlx::query_scalar(OPEN).fetch_all(pool).await,
        }
    }

    /// Returns how many tasks remember when they were done.
    ///
    /// # Errors
    ///
    /// The database refused.
    pub async fn finished(&self) -> sqlx::Result<i64> {
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(FINISHED).fetch_one(pool).await,
            Self::MySql(pool) => sqlx::query_scalar(FINISHED).fetch_one(pool).await,
        }
    }
}
