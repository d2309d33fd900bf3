//! An application that looks at the schema when it starts.

use migrate_core::{Chain, Config, Dialect, File, Folder, LedgerNames, Survey};
use migrate_schema::lock::SchemaLock;
use migrate_sqlx::__cli::Database;
use migrate_sqlx::{Error, Migrations};
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
    let chain = Chain::new(revisions).expect("it is sound");
    let chain = Migrations::new(chain, LedgerNames::DEFAULT);
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
    let connected = Database::connect(database.url(), migrate_sqlx::__cli::Create::Missing)
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
        "the database does not match its revisions: missing table `users`"
    );
    assert!(refused.help().is_some_and(|help| help.contains("verify")));
}

/// One question finds out that a table is gone; the second says which.
async fn a_start_without_a_table(dialect: Dialect) {
    let database = TestDatabase::create(dialect, "start_up::a_start_without_a_table").await;
    let connected = Database::connect(database.url(), migrate_sqlx::__cli::Create::Missing)
        .await
        .expect("it answers");
    let own: &[(&str, &str)] = &[("", "Users"), ("", "it's \"odd\"")];
    let own = match dialect {
        Dialect::Sqlite => own,
        Dialect::Postgres => &[("", "users"), ("", "it's \"odd\""), ("kept", "users")],
        Dialect::MySql => &[("", "users"), ("", "it's \"odd\"")],
    };
    let tables: &'static [_] = Box::leak(Box::new([(dialect, own)]));
    let chain = chain(None).with_tables(tables);
    connected.run(chain.runner()).await.expect("it runs");
    let odd = match dialect {
        Dialect::MySql => "`it's \"odd\"`",
        Dialect::Sqlite | Dialect::Postgres => "\"it's \"\"odd\"\"\"",
    };
    let told = ensure(&chain, &connected).await.expect_err("one is gone");
    assert_eq!(told.code(), "missing-tables");
    assert!(told.to_string().contains("it's \"odd\""), "{told}");
    database
        .execute(&format!("CREATE TABLE {odd} (id INTEGER)"))
        .await;
    if dialect == Dialect::Postgres {
        let told = ensure(&chain, &connected).await.expect_err("one is gone");
        assert_eq!(
            told.to_string(),
            "the ledger says that all revisions are applied, but the database lacks 1 table: `kept.users`"
        );
        database.execute("CREATE SCHEMA kept").await;
        database
            .execute("CREATE TABLE kept.users (id INTEGER)")
            .await;
    }
    ensure(&chain, &connected).await.expect("all is there");
    database.execute("DROP TABLE users").await;
    // A view is no table.
    database
        .execute("CREATE VIEW users AS SELECT 1 AS id")
        .await;
    let told = ensure(&chain, &connected).await.expect_err("one is gone");
    assert!(
        told.to_string()
            .to_lowercase()
            .contains("lacks 1 table: `users`"),
        "{told}"
    );
    assert!(
        told.help()
            .is_some_and(|help| help.contains("repair --schema"))
    );
}

async fn ensure(chain: &Migrations, database: &Database) -> Result<(), Error> {
    match database {
        Database::Sqlite(pool) => chain.ensure_current(pool).await,
        Database::Postgres(pool) => chain.ensure_current(pool).await,
        Database::MySql(pool) => chain.ensure_current(pool).await,
        _ => unreachable!("there is no fourth"),
    }
}

#[tokio::test]
async fn a_start_without_a_table_on_sqlite() {
    a_start_without_a_table(Dialect::Sqlite).await;
}

#[tokio::test]
async fn a_start_without_a_table_on_postgres() {
    a_start_without_a_table(Dialect::Postgres).await;
}

#[tokio::test]
async fn a_start_without_a_table_on_mariadb() {
    a_start_without_a_table(Dialect::MySql).await;
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
