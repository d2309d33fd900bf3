//! An application that looks at the schema when it starts.

use migrate_core::schema::lock::SchemaLock;
use migrate_core::{Config, Dialect, File, Folder, LedgerNames, Survey};
use migrate_sqlx::{Database, Error, Migrations};
use migrate_tests::TestDatabase;

/// A chain as an application has it in its binary.
fn chain(schema_lock: Option<String>) -> Migrations {
    let up = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(100) NOT NULL);\nCREATE INDEX by_email ON users (email);";
    let folder = Folder {
        files: vec![File {
            name: "a.sql".to_owned(),
            text: format!(
                "-- revision: a\n-- migrate: up\n{up}\n-- migrate: down\nDROP TABLE users;\n"
            )
            .into(),
        }],
        ..Folder::default()
    };
    let revisions = Survey::new(&folder, &Config::default()).revisions;
    let chain = Migrations::new(revisions, LedgerNames::DEFAULT);
    match schema_lock {
        None => chain,
        Some(text) => chain.with_schema(text.leak()),
    }
}

async fn verify(chain: &Migrations, database: &Database) -> Result<(), Error> {
    match database {
        Database::Sqlite(pool) => chain.verify(pool).await,
        Database::Postgres(pool) => chain.verify(pool).await,
        Database::MySql(pool) => chain.verify(pool).await,
        _ => unreachable!("there is no fourth"),
    }
}

/// It starts on the schema it was made for, and on nothing less.
async fn a_start(dialect: Dialect) {
    let database = TestDatabase::create(dialect, "start_up::a_start").await;
    let connected = Database::connect(database.url(), migrate_sqlx::Create::Missing)
        .await
        .expect("it answers");
    let bare = chain(None);
    let early = verify(&bare, &connected)
        .await
        .expect_err("nothing is applied");
    assert_eq!(early.code(), "not-current");
    connected.run(bare.runner()).await.expect("it runs");
    let without = verify(&bare, &connected)
        .await
        .expect_err("it has no schema");
    assert_eq!(without.code(), "no-schema");

    let schema = connected
        .schema(&LedgerNames::DEFAULT)
        .await
        .expect("it is read");
    let mut lock = SchemaLock::default();
    lock.schemas.insert(dialect, schema);
    let baked = chain(Some(lock.render()));
    verify(&baked, &connected).await.expect("all is there");
    // What is too much is no danger.
    database.execute("CREATE TABLE more (id INTEGER)").await;
    verify(&baked, &connected).await.expect("all is there");
    database.execute("DROP TABLE users").await;
    let refused = verify(&baked, &connected)
        .await
        .expect_err("a table is gone");
    assert_eq!(
        refused.to_string(),
        "the database is not what its revisions make: missing table `users`"
    );
    assert!(refused.help().is_some_and(|help| help.contains("verify")));
}

#[tokio::test]
async fn a_start_on_sqlite() {
    a_start(Dialect::Sqlite).await;
}

#[tokio::test]
async fn a_start_on_postgres() {
    a_start(Dialect::Postgres).await;
}

#[tokio::test]
async fn a_start_on_mariadb() {
    a_start(Dialect::MySql).await;
}
