//! Whatever SQLite accepts is read, including all that its pragmas report.

use std::collections::BTreeMap;

use migrate_sqlx::SchemaReader;
use migrate_sqlx::schema::Schema;
use migrate_sqlx::{Dialect, LedgerNames};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, SqlitePool};

use super::shop;

/// Texts at the edges of SQLite's grammar, each for a database of its own.
const ODD: [&str; 38] = [
    "CREATE TABLE t(a)",
    "CREATE TABLE \"t t\"(\"a a\" \"b c\" \"d\" (1,2) )",
    "create table/*c*/t/*d*/(--x\na/*,*/int--)\n,b)",
    "CREATE TABLE t(a int default(1), b default ('a' || 'b') unique, c default \"dq\", d default null, e default true, f default abc)",
    "CREATE TABLE t(a integer primary key on conflict replace autoincrement, b)",
    "CREATE TABLE t(a integer, b, primary key(a autoincrement))",
    "CREATE TABLE t(a text constraint x constraint y primary key constraint z not null constraint w, constraint v)",
    "CREATE TABLE t(a, b, unique(a), unique(b) unique(a,b) check(a) check(b))",
    "CREATE TABLE t(a references t deferrable initially deferred check(a>0), b references t(a) on delete cascade not deferrable initially immediate)",
    "CREATE TABLE t(a references t on update set null on delete set default match simple on insert cascade)",
    "CREATE TABLE t(a generated always as (1) stored, b as (a+1) virtual not null, c generated always, d)",
    "CREATE TABLE t(a int generated always as (b), b int)",
    "CREATE TABLE t([a] int, [b c] text, `d``e` blob, \"f\"\"g\" real, 'h''i' numeric)",
    "CREATE TABLE t(a VARCHAR(255) COLLATE \"NOCASE\", b COLLATE 'RTRIM' COLLATE binary)",
    "CREATE TABLE t(x, y, PRIMARY KEY(\"x\" COLLATE NOCASE ASC, [y] DESC) ON CONFLICT IGNORE)",
    "CREATE TABLE t(x, y, PRIMARY KEY((x), (\"y\")))",
    "CREATE TABLE t(x, check (x in ('a)', \"b(\", [x], `x`) -- )\n and x <> ')' /* ( */ ))",
    "CREATE TABLE t(x); create index i on t(x) where x is not null -- c",
    "CREATE TABLE t(x,y); create unique index if not exists main.i on t(\"x\" collate nocase asc, y+1 desc, (x), ('x'), 'y', x||y collate rtrim)",
    "CREATE TABLE t(x); create index \"on\" on t(x); create index [where] on \"t\"(x)where x>1",
    "CREATE TABLE t(x,y); create view v(a,\"b c\")as select x,y from t",
    "CREATE VIEW \"as\" as select 1 as \"as\"; create view if not exists w as with a as (select 1) select * from a",
    "CREATE TABLE \"select\"(\"from\" int, \"where\" int, check(\"from\">1))",
    "CREATE TABLE t(a);alter table t add b; alter table t rename to \"t;x\"; create index i on \"t;x\"(b)",
    "CREATE TABLE \"table\"(a);CREATE TABLE \"index\"(a);create index \"table i\" on \"index\"(a)",
    "CREATE VIRTUAL TABLE f USING fts5(a, b UNINDEXED, prefix='2 3')",
    "CREATE TABLE x(a);CREATE VIRTUAL TABLE if not exists main.r USING rtree_i32(id,a,b,+c text)",
    "CREATE TABLE é(ü int, \"日本\" text)",
    "CREATE TABLE t(a DOUBLE PRECISION, b UNSIGNED BIG INT, c DECIMAL(10,-5), d NATIVE CHARACTER(70), e \"\", f '')",
    "CREATE TABLE t(a primary key, b) without/**/rowid",
    "CREATE TABLE t(\"\" int, \" \" int)",
    "CREATE TABLE t(a int not null on conflict fail null on conflict abort unique on conflict ignore)",
    "CREATE TABLE t(a default CURRENT_DATE, b default x'00', c default 1e5, d default .5, e default 0x1F, f default -.5e-1 check(f<0))",
    "CREATE TABLE t(a default (case when 1 then '(' else ')' end))",
    "CREATE TABLE t AS SELECT 1 a, 'x' \"b c\", 2.5",
    "CREATE TABLE p(a primary key); create table c(b references P(A) on delete no action on update restrict, foreign key(\"B\") references \"p\"([a]) deferrable)",
    "CREATE TABLE t(initially int, deferred int, match int, always int, rowid int, stored int, virtual int, conflict int, key int, no int, action int, cascade int, if int, current_time int)",
    "CREATE TABLE T(A); create trigger tr after insert on t begin select 1; end; create index I on t(a); create view V as select A from t",
];

async fn read(sql: &str) -> (SqlitePool, Schema) {
    let one = SqlitePoolOptions::new().max_connections(1);
    let pool = one.connect("sqlite::memory:").await.unwrap();
    let made = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&pool)
        .await;
    made.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let schema = SchemaReader::new(LedgerNames::DEFAULT).read(&pool).await;
    let schema = schema.unwrap_or_else(|error| panic!("{sql}: {error}"));
    (pool, schema)
}

/// A foreign key in the words of the pragma: from, table, to, actions.
type Key = (Vec<String>, String, Vec<String>, String, String);

async fn keys_of_pragma(pool: &SqlitePool, table: &str) -> Vec<Key> {
    let rows: Vec<(i64, String, String, Option<String>, String, String)> = sqlx::query_as(
        "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq",
    )
    .bind(table)
    .fetch_all(pool)
    .await
    .unwrap();
    let mut keys: BTreeMap<i64, Key> = BTreeMap::new();
    for (id, target, from, to, on_update, on_delete) in rows {
        let target = target.to_lowercase();
        let key = keys
            .entry(id)
            .or_insert_with(|| (Vec::new(), target, Vec::new(), on_update, on_delete));
        key.0.push(from);
        key.2.extend(to.map(|to| to.to_lowercase()));
    }
    let mut keys: Vec<Key> = keys.into_values().collect();
    keys.sort();
    keys
}

async fn agrees_with_the_pragmas(sql: &str) {
    let (pool, schema) = read(sql).await;
    for (name, table) in &schema.tables {
        let mut keys: Vec<Key> = Vec::new();
        let pragma = keys_of_pragma(&pool, &name.name).await;
        for key in &table.foreign_keys {
            keys.push((
                key.columns.clone(),
                key.table.name.to_lowercase(),
                key.references
                    .iter()
                    .map(|column| column.to_lowercase())
                    .collect(),
                key.on_update.as_sql().to_owned(),
                key.on_delete.as_sql().to_owned(),
            ));
        }
        keys.sort();
        // The pragma leaves out what the text leaves out; here it is the primary key.
        let implied = pragma.iter().any(|key| key.2.is_empty());
        if implied {
            for key in keys.iter_mut().filter(|key| !pragma.contains(key)) {
                key.2.clear();
            }
            keys.sort();
        }
        assert_eq!(keys, pragma, "{name} of {sql}");
        let constraints: (i64,) =
            sqlx::query_as("SELECT count(*) FROM pragma_index_list(?) WHERE origin = 'c'")
                .bind(&name.name)
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(table.indexes.len() as i64, constraints.0, "{name} of {sql}");
    }
}

#[tokio::test]
async fn whatever_sqlite_accepts_is_read() {
    for sql in ODD {
        agrees_with_the_pragmas(sql).await;
    }
    agrees_with_the_pragmas(shop(Dialect::Sqlite)).await;
}

#[tokio::test]
async fn what_was_written_in_an_odd_way_means_the_same() {
    let same = [
        (
            "CREATE TABLE t(a int, b text)",
            "create table \"t\" ( [a] int , -- x\n `b` text /* y */ )",
        ),
        (
            "CREATE TABLE t(a int default 1)",
            "CREATE TABLE t(a int default (1))",
        ),
        (
            "CREATE TABLE t(a int)",
            "CREATE TABLE t(a int default null null)",
        ),
        (
            "CREATE TABLE t(a text)",
            "CREATE TABLE t(a text collate binary)",
        ),
        (
            "CREATE TABLE t(a text collate nocase)",
            "CREATE TABLE t(a text collate \"NoCase\")",
        ),
        (
            "CREATE TABLE t(a int, check (a > 1), unique (a))",
            "CREATE TABLE t(a int check (a > 1) unique on conflict abort)",
        ),
        (
            "CREATE TABLE t(a int, primary key (a))",
            "CREATE TABLE t(A int, primary key ((\"a\") asc))",
        ),
        (
            "CREATE TABLE t(a int references t (a))",
            "CREATE TABLE t(a int, foreign key (\"A\") references [T]('a') match full on delete no action not deferrable)",
        ),
    ];
    for (one, other) in same {
        let ((_, one), (_, mut other)) = (read(one).await, read(other).await);
        for table in other.tables.values_mut() {
            for column in &mut table.columns {
                column.name = column.name.to_lowercase();
            }
            if let Some(key) = &mut table.primary_key {
                key.columns[0] = key.columns[0].to_lowercase();
            }
        }
        assert_eq!(one, other);
    }
}
