//! The real databases, emptied and filled many times.

use migrate_core::Dialect;
use migrate_schema::{Ddl, Schema};
use migrate_sqlx::LedgerNames;
use migrate_sqlx::SchemaReader;
use migrate_tests::TestDatabase;
use migrate_tests::native_dump::{mysql_dump, postgres_dump};
use sqlx::{AssertSqlSafe, MySqlPool, PgPool, SqlitePool};

/// What SQLite reports of each table, and the texts of the rest.
const SQLITE_DUMP: &str = r#"WITH t AS (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%')
SELECT t.name, 'column', x.name, x.type, CAST(x."notnull" AND NOT (x.pk = 1 AND upper(x.type) = 'INTEGER') AS TEXT), x.dflt_value, CAST(x.pk AS TEXT), CAST(x.hidden AS TEXT) FROM t, pragma_table_xinfo(t.name) x
UNION ALL SELECT t.name, 'key', CAST(x.seq AS TEXT), x."table", x."from", x."to", x.on_update, x.on_delete FROM t, pragma_foreign_key_list(t.name) x
UNION ALL SELECT t.name, 'index', CAST(i."unique" AS TEXT), i.origin, CAST(i.partial AS TEXT), x.name, CAST(x.desc AS TEXT), x.coll FROM t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) x WHERE x.key
UNION ALL SELECT tbl_name, type, name, sql, NULL, NULL, NULL, NULL FROM sqlite_schema WHERE type IN ('view', 'trigger')
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"#;

/// What a session has in which revisions run: the server's modes, and not the driver's.
const MYSQL_SESSION: &str = "SET sql_mode = DEFAULT, time_zone = DEFAULT; SET NAMES utf8mb4";

/// One database that is used again and again.
pub(crate) enum Server {
    Sqlite(SqlitePool),
    Postgres(PgPool, String),
    MySql(MySqlPool, String),
}

macro_rules! on {
    ($server:expr, $pool:ident => $work:expr) => {
        match $server {
            Server::Sqlite($pool) => $work,
            Server::Postgres($pool, _) => $work,
            Server::MySql($pool, _) => $work,
        }
    };
}

async fn sqlite() -> SqlitePool {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    options
        .connect("sqlite::memory:")
        .await
        .expect("SQLite opens")
}

impl Server {
    pub(crate) async fn start(dialect: Dialect, name: &str) -> Self {
        if dialect == Dialect::Sqlite {
            return Self::Sqlite(sqlite().await);
        }
        let database = TestDatabase::create(dialect, name).await;
        let url = database.url();
        match dialect {
            Dialect::Sqlite => unreachable!("it has returned"),
            Dialect::Postgres => {
                let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
                let pool = options.connect(url).await.expect("PostgreSQL answers");
                Self::Postgres(pool, url.to_owned())
            }
            Dialect::MySql => {
                let options = sqlx::mysql::MySqlPoolOptions::new().max_connections(1);
                let pool = options.connect(url).await;
                Self::MySql(pool.expect("MariaDB or MySQL answers"), url.to_owned())
            }
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
            Self::MySql(..) => Dialect::MySql,
        }
    }

    /// Says whether it is MariaDB, and not MySQL itself.
    pub(crate) async fn is_mariadb(&self) -> bool {
        self.dialect() == Dialect::MySql
            && self.rows("SELECT VERSION()").await[0][0].contains("MariaDB")
    }

    /// Returns PostgreSQL's version as a number: 180006.
    pub(crate) async fn version(&self) -> u32 {
        let rows = self.rows("SHOW server_version_num").await;
        rows[0][0].parse().expect("a number")
    }

    /// Runs statements as one message.
    pub(crate) async fn execute(&self, sql: String) -> Result<(), sqlx::Error> {
        on!(self, pool => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop))
    }

    /// Takes everything away.
    pub(crate) async fn empty(&mut self) {
        let sql = match self {
            Self::Sqlite(pool) => {
                pool.close().await;
                *pool = sqlite().await;
                return;
            }
            Self::Postgres(..) => "SET client_min_messages = warning; DO $$ DECLARE s text; BEGIN
 FOR s IN SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication UNION ALL SELECT format('DROP SUBSCRIPTION %I', subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database() UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname) FROM pg_foreign_data_wrapper UNION ALL SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql' UNION ALL SELECT format('DROP LANGUAGE %I CASCADE', lanname) FROM pg_language WHERE oid >= 16384 UNION ALL SELECT format('DROP ACCESS METHOD %I CASCADE', amname) FROM pg_am WHERE oid >= 16384 LOOP EXECUTE s; END LOOP;
 FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$; CREATE SCHEMA public".to_owned(),
            Self::MySql(_, url) => {
                let (_, name) = url.rsplit_once('/').expect("the url names a database");
                format!("DROP DATABASE {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name}; {MYSQL_SESSION}")
            }
        };
        self.execute(sql)
            .await
            .expect("what a test made can be dropped");
    }

    pub(crate) async fn read(&self) -> Schema {
        self.clean_session().await;
        let reader = SchemaReader::new(LedgerNames::DEFAULT);
        let mut schema =
            on!(self, pool => reader.read(pool).await).expect("the schema can be read");
        // Their order alone is no difference.
        for table in schema.tables.values_mut() {
            table
                .columns
                .sort_by(|one, other| one.name.cmp(&other.name));
        }
        schema
    }

    /// Returns the database's own dump of its schema.
    pub(crate) async fn dump(&self) -> String {
        match self {
            Self::Postgres(_, url) => postgres_dump(url),
            // Its dump is the text that each statement was written in, so it is asked what it
            // understood.
            Self::Sqlite(_) => {
                let rows = self.rows(SQLITE_DUMP).await;
                let as_literal = |text: String| match text.starts_with(['"', '`', '[']) {
                    true => Dialect::Sqlite.literal(&migrate_sql::unquoted(&text)),
                    false => text,
                };
                let lines: Vec<String> = rows
                    .into_iter()
                    .map(|row| {
                        row.into_iter()
                            .map(as_literal)
                            .collect::<Vec<_>>()
                            .join(" | ")
                    })
                    .collect();
                lines.join("\n")
            }
            Self::MySql(_, url) => mysql_dump(url, self.is_mariadb().await),
        }
    }

    /// Forgets what SQL that was run before has set.
    async fn clean_session(&self) {
        if self.dialect() == Dialect::MySql {
            let clean = self.execute(MYSQL_SESSION.to_owned()).await;
            clean.expect("the session can be set");
        }
    }

    /// Runs DDL as the executor does.
    pub(crate) async fn run(&self, statements: &[Ddl]) -> Result<(), String> {
        let mut sql = String::new();
        if self.dialect() == Dialect::Sqlite {
            sql.push_str("PRAGMA foreign_keys = OFF;\nBEGIN;\n");
        }
        for ddl in statements {
            sql.push_str(&ddl.sql);
            sql.push_str(";\n");
        }
        if self.dialect() == Dialect::Sqlite {
            sql.push_str("COMMIT;\nPRAGMA foreign_keys = ON;\n");
        }
        if statements.is_empty() {
            return Ok(());
        }
        self.clean_session().await;
        self.execute(sql.clone())
            .await
            .map_err(|error| format!("{error}\n{sql}"))
    }

    /// Counts the rows of a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {}", self.dialect().quote(table));
        let sql = AssertSqlSafe(sql);
        on!(self, pool => sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await)
            .expect("the table is there")
    }

    /// Says what a foreign key points to that is not there: SQLite looks only when it is asked.
    pub(crate) async fn dangling(&self) -> Vec<String> {
        let Self::Sqlite(pool) = self else {
            return Vec::new();
        };
        let rows = sqlx::query("PRAGMA foreign_key_check")
            .fetch_all(pool)
            .await
            .expect("it can be asked");
        rows.iter()
            .map(|row| sqlx::Row::get::<String, _>(row, 0))
            .collect()
    }
}

impl Server {
    /// Returns the rows of a query whose columns are texts or whole numbers; NULL is empty.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, pool => {
            let rows = sqlx::raw_sql(sql).fetch_all(pool).await.expect("the query runs");
            rows.iter()
                .map(|row| {
                    (0..sqlx::Row::len(row))
                        .map(|column| {
                            let value: Option<String> =
                                sqlx::Row::try_get_unchecked(row, column).expect("a text");
                            value.unwrap_or_default()
                        })
                        .collect()
                })
                .collect()
        })
    }
}
