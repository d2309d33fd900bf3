//! Drives the service in this process: no port, no other program.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tower::ServiceExt as _;
use web::{Environment, MIGRATIONS, application, prepare};

/// An empty database in a file that goes with the guard.
async fn empty_database() -> (tempfile::TempDir, SqlitePool) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("notes.db"))
        .create_if_missing(true);
    (folder, SqlitePool::connect_with(options).await.unwrap())
}

async fn call(
    pool: &SqlitePool,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap();
    let response = application(pool.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn development_migrates_and_serves() {
    let (_folder, pool) = empty_database().await;
    prepare(&pool, Environment::Development).await.unwrap();

    let note = json!({"text": "buy milk", "tag": "home"});
    let (status, body) = call(&pool, Method::POST, "/notes", Some(note)).await;
    assert_eq!(
        (status, body.as_str()),
        (
            StatusCode::CREATED,
            r#"{"id":1,"text":"buy milk","tag":"home"}"#
        )
    );

    let (status, body) = call(&pool, Method::GET, "/notes?tag=work", None).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "[]"));
    let (status, body) = call(&pool, Method::GET, "/notes", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("buy milk"), "{body}");
}

#[tokio::test]
async fn production_refuses_a_database_that_is_behind() {
    let (_folder, pool) = empty_database().await;
    let error = prepare(&pool, Environment::Production).await.unwrap_err();
    assert!(!error.to_string().is_empty());
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(tables, 0, "looking must not create anything");
    let (status, _) = call(&pool, Method::GET, "/health", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn health_names_a_table_that_somebody_dropped() {
    let (_folder, pool) = empty_database().await;
    MIGRATIONS.run(&pool).await.unwrap();
    let (status, _) = call(&pool, Method::GET, "/health", None).await;
    assert_eq!(status, StatusCode::OK);

    sqlx::query("DROP TABLE notes")
        .execute(&pool)
        .await
        .unwrap();
    let (status, body) = call(&pool, Method::GET, "/health", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("lacks 1 table: `notes`"), "{body}");
}

#[tokio::test]
async fn production_starts_on_a_database_that_fits() {
    let (_folder, pool) = empty_database().await;
    // What the deployment step does before the new binary starts.
    MIGRATIONS.run(&pool).await.unwrap();

    prepare(&pool, Environment::Production).await.unwrap();
    let (status, body) = call(&pool, Method::GET, "/health", None).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "ok\n"));
}

/// A deployment migrates while this version still runs: then it goes on, unless the newer version
/// takes something away.
#[tokio::test]
async fn health_accepts_a_newer_version_that_only_adds() {
    let (_folder, pool) = empty_database().await;
    MIGRATIONS.run(&pool).await.unwrap();
    let record = async |id: &str, phase: &str| {
        sqlx::query(
            "INSERT INTO migrate_revision (revision, parents, message, hash, chain_hash, state, statements, applied_at, duration_ms, tool, phase, file, body) \
             VALUES (?1, '', '', '', '', 'applied', 0, '', 0, '', ?2, '', '')",
        )
        .bind(id)
        .bind(phase)
        .execute(&pool)
        .await
        .unwrap();
    };
    record("later", "expand").await;
    prepare(&pool, Environment::Production).await.unwrap();
    let (status, _) = call(&pool, Method::GET, "/health", None).await;
    assert_eq!(status, StatusCode::OK);

    record("latest", "contract").await;
    let (status, body) = call(&pool, Method::GET, "/health", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        body.contains("`latest`") && !body.contains("`later`"),
        "{body}"
    );
}

#[test]
fn only_development_may_change_the_schema() {
    assert_eq!(Environment::from_variable(None), Environment::Development);
    assert_eq!(
        Environment::from_variable(Some("development")),
        Environment::Development
    );
    assert_eq!(
        Environment::from_variable(Some("production")),
        Environment::Production
    );
    assert_eq!(
        Environment::from_variable(Some("prodution")),
        Environment::Production
    );
}
