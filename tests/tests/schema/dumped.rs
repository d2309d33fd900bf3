//! Everything that a database's own dump can have is carried, or at least named.
//!
//! `dumped/<dialect>.sql` has a section for each of it. What is not dumped alike after it was read and
//! made again must be named by [`Schema::not_carried`](migrate_schema::Schema).

use migrate_core::Dialect;
use migrate_schema::create;

use super::cases::equal;
use super::server::Server;

const POSTGRES: &str = include_str!("dumped/postgres.sql");
const POSTGRES_18: &str = include_str!("dumped/postgres-18.sql");

/// Returns the sections, each with its name.
fn sections(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("-- ## ").skip(1);
    parts
        .map(|part| part.split_once('\n').expect("a section has SQL"))
        .collect()
}

async fn all(dialect: Dialect) {
    let mut server = Server::start(dialect, &format!("all that is dumped {dialect}")).await;
    let texts = match dialect {
        Dialect::Postgres if server.version().await >= 18_00_00 => vec![POSTGRES, POSTGRES_18],
        Dialect::Postgres => vec![POSTGRES],
        Dialect::MySql => vec![include_str!("dumped/mysql.sql")],
        Dialect::Sqlite => vec![include_str!("dumped/sqlite.sql")],
    };
    let mut wrong = Vec::new();
    let mut named = Vec::new();
    for (name, sql) in texts.into_iter().flat_map(sections) {
        server.empty().await;
        if let Err(why) = server.execute(sql.to_owned()).await {
            wrong.push(format!("{name}: {why}"));
            continue;
        }
        let (schema, dump) = (server.read().await, server.dump().await);
        if !schema.not_carried.is_empty() {
            named.push(name);
            continue;
        }
        server.empty().await;
        let ddl = create(&schema);
        let made = server.run(&ddl).await;
        if let Err(why) = made {
            wrong.push(format!("{name}: what was read cannot be made: {why}"));
        } else if let Err(why) = equal(name, &dump, &server.dump().await) {
            wrong.push(format!("{why}\n{ddl:#?}"));
        }
    }
    server.empty().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // What could be carried is not only named.
    let expected: &[&str] = match dialect {
        Dialect::Postgres => &ONLY_NAMED,
        Dialect::MySql => &["events that run once"],
        Dialect::Sqlite => &[],
    };
    assert_eq!(named, expected);
}

const ONLY_NAMED: [&str; 25] = [
    "the comment of the own schema",
    "base types",
    "shell types",
    "conversions",
    "operator classes",
    "operator families",
    "languages",
    "transforms",
    "access methods",
    "text search parsers",
    "text search templates",
    "user mappings",
    "options of foreign columns",
    "subscriptions",
    "unlogged sequences",
    "indexes of a partitioned table alone",
    "settings of constraints",
    "statistics targets of indexes",
    "settings of columns",
    "targets of extended statistics",
    "statistics targets of materialized views",
    "storage of columns of materialized views",
    "clustered materialized views",
    "triggers of partitions",
    "comments on what is only named",
];

#[tokio::test]
async fn what_a_dump_of_sqlite_has_is_carried_or_named() {
    all(Dialect::Sqlite).await;
}

#[tokio::test]
async fn what_a_dump_of_postgres_has_is_carried_or_named() {
    all(Dialect::Postgres).await;
}

#[tokio::test]
async fn what_a_dump_of_mysql_has_is_carried_or_named() {
    all(Dialect::MySql).await;
}
