//! A schema with something of everything that a database keeps is made, taken away and made again.

use migrate_core::Dialect;
use migrate_schema::{Renames, Schema, create, statements};

use super::same;
use super::server::Server;

const fn shop(dialect: Dialect, mariadb: bool) -> &'static str {
    match dialect {
        Dialect::MySql if mariadb => {
            include_str!("../../../migrate-sqlx/tests/it/schemas/mariadb.sql")
        }
        Dialect::Sqlite => include_str!("../../../migrate-sqlx/tests/it/schemas/sqlite.sql"),
        Dialect::Postgres => include_str!("../../../migrate-sqlx/tests/it/schemas/postgres.sql"),
        Dialect::MySql => include_str!("../../../migrate-sqlx/tests/it/schemas/mysql.sql"),
    }
}

async fn everything(dialect: Dialect) {
    let mut server = Server::start(dialect, &format!("all of the shop {dialect}")).await;
    server.empty().await;
    server
        .execute(shop(dialect, server.is_mariadb().await).to_owned())
        .await
        .expect("the shop can be made");
    let shop = server.read().await;
    let nothing = Schema::empty(dialect);
    assert_eq!(statements(&shop, &shop, &Renames::none()), []);

    server
        .run(&statements(&shop, &nothing, &Renames::none()))
        .await
        .expect("everything can go");
    same(&nothing, &server.read().await, "something is left").expect("nothing is there");

    server
        .run(&create(&shop))
        .await
        .expect("it can be made again");
    same(&shop, &server.read().await, "another shop is made").expect("it is the same");
}

#[tokio::test]
async fn all_that_sqlite_keeps_is_made_and_taken_away() {
    everything(Dialect::Sqlite).await;
}

#[tokio::test]
async fn all_that_postgres_keeps_is_made_and_taken_away() {
    everything(Dialect::Postgres).await;
}

#[tokio::test]
async fn all_that_mysql_keeps_is_made_and_taken_away() {
    everything(Dialect::MySql).await;
}
