//! Models on real databases: what they describe can be made, and the database has what the models
//! say.

use migrate_core::{Dialect, LedgerNames};
use migrate_models::{Models, Root, read};
use migrate_schema::lock::SchemaLock;
use migrate_schema::{Schema, create};
use migrate_sqlx::SchemaReader;
use migrate_tests::TestDatabase;

const MODELS: &str = r#"
#[derive(Table)]
#[table(name = "users", comment = "who may come in", unique(tenant, email),
    index(columns(tenant, created_at desc), name = "users_by_age"),
    check(expression = "age >= 0", name = "age_is_positive"),
    postgres(index(columns(expr("lower(email)")), unique, name = "users_lower")))]
struct User {
    id: i64,
    tenant: Uuid,
    #[column(comment = "where to write to")]
    email: String,
    #[column(index)]
    age: i32,
    #[column(default = "'new'")]
    state: State,
    level: Option<Level>,
    #[column(references = "users", on_delete = "set null")]
    invited_by: Option<i64>,
    #[column(default = true)]
    active: bool,
    #[column(default = 0, type = "numeric(10,2)", mysql(type = "decimal(10,2)"), sqlite(type = "NUMERIC(10,2)"))]
    balance: Decimal,
    #[column(default = "lower('X')")]
    word: String,
    #[column(default = "now()")]
    created_at: DateTime<Utc>,
    born: Option<NaiveDate>,
    local: Option<NaiveDateTime>,
    #[column(unique(name = "users_token"))]
    token: Option<Vec16>,
    data: Option<serde_json::Value>,
    picture: Option<Vec<u8>>,
    rate: f64,
    #[column(generated = "age + 1")]
    next_age: i32,
    #[column(postgres(collate = "C"), sqlite(collate = "NOCASE"), mysql(collate = "utf8mb4_bin"))]
    code: String,
}
type Vec16 = String;
#[derive(sqlx::Type)] #[sqlx(type_name = "user_state", rename_all = "snake_case")] enum State { New, InWork, #[sqlx(rename = "it's")] Done }
#[derive(sqlx::Type)] #[repr(i16)] enum Level { Low = 1 }

#[derive(Table)]
#[table(name = "memberships", primary_key(user_id, team), sqlite(strict, without_rowid),
    foreign_key(columns(user_id), references = "users(id)", on_delete = "cascade", name = "of_user"))]
struct Membership { user_id: i64, team: String, since: time::OffsetDateTime, }

#[derive(Table)]
#[table(name = "notes")]
struct Note { #[column(auto_increment)] id: i32, #[column(references = "users", on_delete = cascade, on_update = "restrict")] user_id: i64, text: Option<String> }
"#;

fn models() -> Models {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("lib.rs");
    std::fs::write(&file, MODELS).expect("the file can be written");
    let root = Root {
        name: "app".to_owned(),
        file,
    };
    read(folder.path(), &[root])
        .into_models()
        .expect("sound models")
}

async fn live(database: &TestDatabase) -> Schema {
    let reader = SchemaReader::new(LedgerNames::DEFAULT);
    match database.dialect() {
        Dialect::Sqlite => {
            reader
                .read(
                    &sqlx::SqlitePool::connect(database.url())
                        .await
                        .expect("it answers"),
                )
                .await
        }
        Dialect::Postgres => {
            reader
                .read(
                    &sqlx::PgPool::connect(database.url())
                        .await
                        .expect("it answers"),
                )
                .await
        }
        Dialect::MySql => {
            reader
                .read(
                    &sqlx::MySqlPool::connect(database.url())
                        .await
                        .expect("it answers"),
                )
                .await
        }
    }
    .expect("the schema can be read")
}

async fn made(dialect: Dialect) {
    let models = models();
    let schema = models
        .schema(dialect)
        .unwrap_or_else(|found| panic!("{found:#?}"));
    let database = TestDatabase::create(dialect, &format!("models_live_{dialect}")).await;
    for ddl in create(&schema) {
        database.execute(&ddl.sql).await;
    }
    let schema = live(&database).await;
    let mut lock = SchemaLock::default();
    lock.schemas.insert(dialect, schema.clone());
    let text = lock.render();
    assert_eq!(SchemaLock::parse("schema.lock", &text), Ok(lock.clone()));
    let found = models.check(&lock);
    assert!(
        found.is_empty(),
        "{}",
        found
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[tokio::test]
async fn on_sqlite() {
    made(Dialect::Sqlite).await;
}
#[tokio::test]
async fn on_postgres() {
    made(Dialect::Postgres).await;
}
#[tokio::test]
async fn on_mysql() {
    made(Dialect::MySql).await;
}
