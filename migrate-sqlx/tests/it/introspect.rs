//! Reads schemas of live databases.

mod mysql;
mod odd;
mod postgres;
mod reload;
mod same;
mod scale;
mod sqlite;

use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::schema::{Schema, Table};
use migrate_sqlx::{Dialect, LedgerNames};
use migrate_tests::TestDatabase;

/// A schema with something of everything that the database knows; MySQL itself has another.
const fn shop(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => include_str!("schemas/sqlite.sql"),
        Dialect::Postgres => include_str!("schemas/postgres.sql"),
        Dialect::MySql => include_str!("schemas/mariadb.sql"),
    }
}

/// Makes a database for the test `name` with what its server knows, and reads it.
async fn with_shop(dialect: Dialect, name: &str) -> (TestDatabase, Schema) {
    let database = TestDatabase::create(dialect, name).await;
    if dialect == Dialect::MySql && !database.is_mariadb().await {
        // One by one: in a message of many it keeps the semicolon of a body, and no dump loads then.
        for statement in include_str!("schemas/mysql.sql").split_terminator(";\n") {
            database.execute(statement).await;
        }
    } else {
        database.execute(shop(dialect)).await;
    }
    let schema = read(&database).await;
    (database, schema)
}

async fn read(database: &TestDatabase) -> Schema {
    read_url(database.url()).await
}

async fn read_url(url: &str) -> Schema {
    let connected = Database::connect(url, Create::Nothing).await.unwrap();
    connected.schema(&LedgerNames::DEFAULT).await.unwrap()
}

/// Makes a database for the test `name` with this SQL, and reads it.
async fn with_sql(dialect: Dialect, name: &str, sql: &str) -> (TestDatabase, Schema) {
    let database = TestDatabase::create(dialect, name).await;
    database.execute(sql).await;
    let schema = read(&database).await;
    (database, schema)
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Table {
    schema.tables.get(&name.into()).unwrap()
}
