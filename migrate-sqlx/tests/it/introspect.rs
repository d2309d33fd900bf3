//! What is read of a live database's schema.

use migrate_sqlx::schema::Schema;
use migrate_sqlx::{Create, Database, Dialect, LedgerNames};
use migrate_tests::TestDatabase;

const SHOPS: [(Dialect, &str); 3] = [
    (Dialect::Sqlite, include_str!("schemas/sqlite.sql")),
    (Dialect::Postgres, include_str!("schemas/postgres.sql")),
    (Dialect::MySql, include_str!("schemas/mysql.sql")),
];

async fn read(database: &TestDatabase) -> Schema {
    let connected = Database::connect(database.url(), Create::Nothing)
        .await
        .unwrap();
    connected.schema(&LedgerNames::DEFAULT).await.unwrap()
}

async fn with_sql(dialect: Dialect, name: &str, sql: &str) -> (TestDatabase, Schema) {
    let database = TestDatabase::create(dialect, name).await;
    database.execute(sql).await;
    let schema = read(&database).await;
    (database, schema)
}

#[tokio::test]
async fn xx_sqlite() {
    let (_d, s) = with_sql(Dialect::Sqlite, "xx_sqlite", SHOPS[0].1).await;
    println!("{s:#?}");
}
#[tokio::test]
async fn xx_postgres() {
    let (_d, s) = with_sql(Dialect::Postgres, "xx_postgres", SHOPS[1].1).await;
    println!("{s:#?}");
}
#[tokio::test]
async fn xx_mysql() {
    let (_d, s) = with_sql(Dialect::MySql, "xx_mysql", SHOPS[2].1).await;
    println!("{s:#?}");
}
