//! Hundreds of tables: nothing is lost, and nothing is asked for each.

use std::fmt::Write as _;

use migrate_sqlx::Dialect;

use super::with_sql;

/// Tables with a key, a reference to the one before, a check and two indexes each.
fn many(dialect: Dialect, tables: usize) -> String {
    let mut sql = String::new();
    for at in 0..tables {
        let before = at.saturating_sub(1);
        let _infallible = writeln!(
            sql,
            "CREATE TABLE t{at} (id integer PRIMARY KEY, a integer NOT NULL DEFAULT 5, b varchar(40) DEFAULT 'x', f varchar(20), g integer, parent_id integer, \
             CONSTRAINT parent{at} FOREIGN KEY (parent_id) REFERENCES t{before} (id) ON DELETE CASCADE, CONSTRAINT small{at} CHECK (a < 100), UNIQUE (f, g)); \
             CREATE INDEX by_a{at} ON t{at} (a, b); CREATE INDEX by_g{at} ON t{at} (g DESC, f);"
        );
    }
    // MariaDB commits each statement by itself.
    match dialect {
        Dialect::MySql => sql,
        Dialect::Sqlite | Dialect::Postgres => format!("BEGIN; {sql} COMMIT"),
    }
}

async fn read(dialect: Dialect, tables: usize) {
    let name = format!("introspect scale {dialect}");
    let (_database, schema) = with_sql(dialect, &name, &many(dialect, tables)).await;
    assert_eq!(schema.tables.len(), tables);
    for (name, table) in &schema.tables {
        assert_eq!(table.columns.len(), 6, "{name}");
        assert_eq!(table.foreign_keys.len(), 1, "{name}");
        assert_eq!((table.checks.len(), table.uniques.len()), (1, 1), "{name}");
        assert!(table.indexes.len() >= 2, "{name}");
    }
}

#[tokio::test]
async fn a_thousand_tables_of_sqlite_are_read() {
    read(Dialect::Sqlite, 1_000).await;
}

#[tokio::test]
async fn hundreds_of_tables_of_postgres_are_read() {
    read(Dialect::Postgres, 300).await;
}

#[tokio::test]
async fn dozens_of_tables_of_mysql_are_read() {
    read(Dialect::MySql, 40).await;
}
