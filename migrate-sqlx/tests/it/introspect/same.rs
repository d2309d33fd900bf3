//! When two schemas are equal, and what is not part of a schema.

use std::borrow::Cow;

use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::SchemaReader;
use migrate_sqlx::schema::Schema;
use migrate_sqlx::{Dialect, LedgerNames};
use migrate_tests::TestDatabase;

use super::{read, with_sql};
use crate::chain::{AB, migrations};

/// Two ways to create the same objects.
const ONE_WAY: &str = "CREATE TABLE a (id integer PRIMARY KEY, x integer, y integer, CHECK (x > 0), CHECK (y > 0));
CREATE TABLE b (id integer PRIMARY KEY, a_id integer, c_id integer, FOREIGN KEY (a_id) REFERENCES a (id));
CREATE TABLE c (id integer PRIMARY KEY, u integer, v integer, CONSTRAINT c_u UNIQUE (u), CONSTRAINT c_v UNIQUE (v));
CREATE INDEX by_x ON a (x); CREATE INDEX by_y ON a (y);
CREATE VIEW v AS SELECT id FROM a; CREATE VIEW w AS SELECT id FROM b;";
const ANOTHER_WAY: &str = "CREATE TABLE c (id integer PRIMARY KEY, u integer, v integer, CONSTRAINT c_v UNIQUE (v), CONSTRAINT c_u UNIQUE (u));
CREATE TABLE gone (id integer); DROP TABLE gone;
CREATE TABLE a (id integer PRIMARY KEY, x integer, y integer, CHECK (x > 0), CHECK (y > 0));
CREATE INDEX by_y ON a (y); CREATE INDEX by_x ON a (x);
CREATE TABLE b (id integer PRIMARY KEY, a_id integer, c_id integer, FOREIGN KEY (a_id) REFERENCES a (id));
CREATE VIEW w AS SELECT id FROM b; CREATE VIEW v AS SELECT id FROM a;";

#[tokio::test]
async fn the_order_in_which_things_were_made_does_not_count() {
    for dialect in Dialect::ALL {
        let (_one, one) = with_sql(dialect, &format!("same one {dialect}"), ONE_WAY).await;
        let (_two, two) = with_sql(dialect, &format!("same two {dialect}"), ANOTHER_WAY).await;
        assert_eq!(one, two, "{dialect}");
        assert_eq!((one.tables.len(), one.views.len()), (3, 2));
    }
}

#[tokio::test]
async fn the_ledger_is_no_part_of_the_schema() {
    for dialect in Dialect::ALL {
        let name = format!("ledger left out {dialect}");
        let alike = "CREATE TABLE migrate_revisions (id integer)";
        let (database, before) = with_sql(dialect, &name, alike).await;
        let chain = migrations(&AB);
        let connected = Database::connect(database.url(), Create::Nothing)
            .await
            .unwrap();
        connected.run(chain.runner()).await.unwrap();
        let after = read(&database).await;
        assert!(
            database
                .tables()
                .await
                .contains(&"migrate_event".to_owned())
        );
        let of_ledger: Vec<String> = after
            .tables
            .keys()
            .map(|name| name.name.clone())
            .filter(|name| name.starts_with("migrate_"))
            .collect();
        assert_eq!(of_ledger, ["migrate_revisions"], "{dialect}");
        assert!(after.tables.len() > before.tables.len());
        assert_eq!(after.sequences, before.sequences);
    }
}

#[tokio::test]
async fn a_ledger_in_a_schema_of_its_own_takes_it_along() {
    let database = TestDatabase::create(Dialect::Postgres, "ledger own schema").await;
    database
        .execute("CREATE SCHEMA journal; CREATE TABLE journal.x_revision (id integer); CREATE TABLE journal.x_event (id serial); CREATE TABLE x_revision (id integer)")
        .await;
    let connected = Database::connect(database.url(), Create::Nothing)
        .await
        .unwrap();
    let ledger = LedgerNames {
        prefix: Cow::Borrowed("x_"),
        schema: Some(Cow::Borrowed("journal")),
    };
    let schema = connected.schema(&ledger).await.unwrap();
    let names = |schema: &Schema| {
        schema
            .tables
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&schema), ["x_revision"]);
    assert!(schema.schemas.is_empty() && schema.sequences.is_empty());
    // With anything else in it, the schema is the application's too.
    database
        .execute("CREATE TABLE journal.other (id integer)")
        .await;
    let schema = connected.schema(&ledger).await.unwrap();
    assert_eq!(names(&schema), ["x_revision", "journal.other"]);
    assert!(schema.schemas.contains_key("journal"));
}

#[tokio::test]
async fn an_empty_database_has_an_empty_schema_and_stays_empty() {
    for dialect in Dialect::ALL {
        let database = TestDatabase::create(dialect, &format!("introspect empty {dialect}")).await;
        assert_eq!(read(&database).await, Schema::empty(dialect));
        assert!(database.tables().await.is_empty());
    }
}

#[tokio::test]
async fn a_pool_of_an_application_can_be_read_again_and_again() {
    let database = TestDatabase::create(Dialect::Postgres, "introspect pool").await;
    database.execute("CREATE TABLE t (id integer)").await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let reader = SchemaReader::new(LedgerNames::DEFAULT);
    let first = reader.read(&pool).await.unwrap();
    // The transaction and its settings are over.
    let path: String = sqlx::query_scalar("SHOW search_path")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(path, "\"$user\", public");
    sqlx::query("CREATE TABLE u (id integer)")
        .execute(&pool)
        .await
        .unwrap();
    let second = migrations(&AB).schema(&pool).await.unwrap();
    assert_eq!((first.tables.len(), second.tables.len()), (1, 2));
}
