//! Notes over HTTP. What matters here is [`prepare`]: the service never starts on a database that
//! does not fit its code.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use migrate_sqlx::{Migrations, Table, embed_migrations};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

/// The chain, checked while this compiles.
pub static MIGRATIONS: Migrations = embed_migrations!();

/// Where the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine: the database follows the code.
    Development,
    /// Where a deployment step runs `cargo migrate run --env production` before the new binary.
    Production,
}

impl Environment {
    /// Reads `APP_ENV`. Only where it is not set, or says `development`, may the service change the
    /// schema: a misspelt `production` must not.
    #[must_use]
    pub fn from_variable(value: Option<&str>) -> Self {
        match value {
            None | Some("development") => Self::Development,
            Some(_) => Self::Production,
        }
    }
}

/// Makes sure that the database is what the code expects.
///
/// # Errors
///
/// In development a revision failed; in production the database lacks what the code needs, or a newer
/// version has taken away what it may need.
pub async fn prepare(
    pool: &SqlitePool,
    environment: Environment,
) -> Result<(), migrate_sqlx::Error> {
    match environment {
        Environment::Development => MIGRATIONS.run(pool).await.map(drop),
        // An instance of the version before may start again after the deployment step.
        Environment::Production => MIGRATIONS.ensure_compatible(pool).await,
    }
}

/// A note as it is stored.
#[derive(Debug, Serialize, sqlx::FromRow, Table)]
#[table(name = "notes")]
pub struct Note {
    id: i64,
    text: String,
    #[column(index(name = "notes_tag"), default = "''")]
    tag: String,
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
    #[serde(default)]
    tag: String,
}

#[derive(Deserialize)]
struct Filter {
    tag: Option<String>,
}

/// The service's routes.
pub fn application(pool: SqlitePool) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/notes", get(list).post(add))
        .with_state(pool)
}

/// Says whether the code can work with the database: one query. A newer version may be being deployed.
async fn health(State(pool): State<SqlitePool>) -> (StatusCode, String) {
    match MIGRATIONS.ensure_compatible(&pool).await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

async fn list(
    State(pool): State<SqlitePool>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Note>>, Failure> {
    let notes =
        sqlx::query_as("SELECT id, text, tag FROM notes WHERE ?1 IS NULL OR tag = ?1 ORDER BY id")
            .bind(filter.tag)
            .fetch_all(&pool)
            .await?;
    Ok(Json(notes))
}

async fn add(
    State(pool): State<SqlitePool>,
    Json(new): Json<NewNote>,
) -> Result<(StatusCode, Json<Note>), Failure> {
    let note =
        sqlx::query_as("INSERT INTO notes (text, tag) VALUES (?, ?) RETURNING id, text, tag")
            .bind(new.text)
            .bind(new.tag)
            .fetch_one(&pool)
            .await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// A query that failed: the reason is for the log, not for the caller.
struct Failure(sqlx::Error);

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl axum::response::IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        eprintln!("{}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
