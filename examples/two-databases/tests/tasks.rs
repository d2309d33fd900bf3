//! The same steps on both databases: what the application sees must not differ.

use migrate_sqlx::Dialect;
use migrate_tests::TestDatabase;
use two_databases::{MIGRATIONS, Tasks};

async fn works_on(dialect: Dialect, name: &str) {
    let database = TestDatabase::create(dialect, name).await;
    let tasks = Tasks::at(database.url()).await.unwrap();
    tasks.add("sweep").await.unwrap();
    tasks.add("cook").await.unwrap();
    assert_eq!(tasks.open().await.unwrap(), ["cook", "sweep"]);
    assert_eq!(tasks.finished().await.unwrap(), 0);

    // The trigger, which each database words in its own way, remembers when.
    tasks.finish("cook").await.unwrap();
    assert_eq!(tasks.open().await.unwrap(), ["sweep"]);
    assert_eq!(tasks.finished().await.unwrap(), 1);

    // A second start finds nothing to do.
    Tasks::at(database.url()).await.unwrap();
    let applied = database.rows("SELECT COUNT(*) FROM migrate_revision").await;
    assert_eq!(applied, [[MIGRATIONS.revisions().len().to_string()]]);

    // And all of it can be taken back.
    for _ in MIGRATIONS.revisions() {
        match &tasks {
            Tasks::Sqlite(pool) => MIGRATIONS.revert(pool).await.unwrap(),
            Tasks::MySql(pool) => MIGRATIONS.revert(pool).await.unwrap(),
        };
    }
    assert_eq!(
        database.tables().await,
        ["migrate_event", "migrate_revision"]
    );
}

#[tokio::test]
async fn sqlite() {
    works_on(Dialect::Sqlite, "two-databases sqlite").await;
}

#[tokio::test]
async fn mariadb() {
    works_on(Dialect::MySql, "two-databases mariadb").await;
}
