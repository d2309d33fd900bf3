//! Servers, on which databases are created and dropped.

use migrate_core::Dialect;
use migrate_sqlx::__cli::DatabaseUrl;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};

/// Whether the sessions of others may be ended for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherSessions {
    Keep,
    Terminate,
}

/// A server, on a connection that is in none of the databases that are created and dropped.
pub(crate) enum Server {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// The properties a database is created with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Making {
    owner: String,
    encoding: String,
}

impl Making {
    /// The same for another owner.
    pub(crate) fn of_ours(self) -> Self {
        Self {
            owner: String::new(),
            ..self
        }
    }
}

impl Server {
    /// Connects to the server of a database; returns the database's name as well.
    pub(crate) async fn connect(url: &DatabaseUrl) -> Result<(Self, String), migrate_sqlx::Error> {
        let unusable = |what: &'static str| sqlx::Error::Configuration(what.into());
        match url.dialect() {
            Dialect::Postgres => {
                let options = url.postgres()?;
                let options = options.first();
                let user = options.map(|options| options.get_username().to_owned());
                let name = options.and_then(|options| options.get_database().map(str::to_owned));
                let name = name.or(user).unwrap_or_default();
                // Nobody can drop the database that they are in.
                let beside = match name.as_str() {
                    "postgres" => "template1",
                    _ => "postgres",
                };
                let (connection, _) = url.connect_postgres(Some(beside)).await?;
                Ok((Self::Postgres(connection), name))
            }
            Dialect::MySql => {
                let options = url.mysql()?;
                let Some(name) = options.get_database().map(str::to_owned) else {
                    return Err(unusable("the url names no database").into());
                };
                Ok((Self::MySql(mysql(url).await?), name))
            }
            Dialect::Sqlite => Err(unusable("its url names no server").into()),
        }
    }

    /// Connects to see whether a server answers.
    pub(crate) async fn answers(url: &str) -> Result<(), migrate_sqlx::Error> {
        let url = DatabaseUrl::parse(url)?;
        match url.dialect() {
            Dialect::Postgres => url.connect_postgres(None).await.map(drop),
            _ => Ok(mysql(&url).await.map(drop)?),
        }
    }

    /// Returns what a database was created with, and nothing if it does not exist.
    pub(crate) async fn making(&mut self, name: &str) -> Result<Making, sqlx::Error> {
        let found: Option<(String, String)> = match self {
            Self::Postgres(connection) => {
                sqlx::query_as(
                    "SELECT format(' OWNER %I', pg_get_userbyid(datdba)), \
                     format(' TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, datctype) \
                     FROM pg_database WHERE datname = $1",
                )
                .bind(name)
                .fetch_optional(connection)
                .await?
            }
            Self::MySql(connection) => {
                sqlx::query_as(
                    "SELECT '', CAST(CONCAT(' CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name) AS CHAR) \
                     FROM information_schema.schemata WHERE schema_name = ?",
                )
                .bind(name)
                .fetch_optional(connection)
                .await?
            }
        };
        let (owner, encoding) = found.unwrap_or_default();
        Ok(Making { owner, encoding })
    }

    pub(crate) async fn create(&mut self, name: &str, making: &Making) -> Result<(), sqlx::Error> {
        let name = self.dialect().quote(name);
        let Making { owner, encoding } = making;
        self.execute(format!("CREATE DATABASE {name}{owner}{encoding}"))
            .await
    }

    pub(crate) async fn drop(
        &mut self,
        name: &str,
        other_sessions: OtherSessions,
    ) -> Result<(), sqlx::Error> {
        let force = match (self.dialect(), other_sessions) {
            (Dialect::Postgres, OtherSessions::Terminate) => " WITH (FORCE)",
            _ => "",
        };
        let name = self.dialect().quote(name);
        self.execute(format!("DROP DATABASE IF EXISTS {name}{force}"))
            .await
    }

    /// Returns the server's time, in seconds since 1970.
    pub(crate) async fn clock(&mut self) -> Result<u64, sqlx::Error> {
        let seconds: i64 = match self {
            Self::Postgres(connection) => {
                let sql = "SELECT extract(epoch FROM clock_timestamp())::bigint";
                sqlx::query_scalar(sql).fetch_one(connection).await?
            }
            Self::MySql(connection) => {
                let sql = "SELECT CAST(UNIX_TIMESTAMP() AS SIGNED)";
                sqlx::query_scalar(sql).fetch_one(connection).await?
            }
        };
        Ok(seconds.unsigned_abs())
    }

    /// Returns the databases whose names begin so and that nobody uses: no session is in them, and
    /// none [keeps](Self::keep) them. Those of other owners are left out.
    pub(crate) async fn unused(&mut self, prefix: &str) -> Result<Vec<String>, sqlx::Error> {
        match self {
            Self::Postgres(connection) => {
                let sql = "SELECT datname::text FROM pg_database d \
                     WHERE starts_with(datname, $1) AND pg_has_role(datdba, 'MEMBER') \
                     AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)";
                sqlx::query_scalar(sql)
                    .bind(prefix)
                    .fetch_all(connection)
                    .await
            }
            Self::MySql(connection) => {
                // Do not wait for sessions that still use them.
                sqlx::raw_sql("SET SESSION lock_wait_timeout = 1")
                    .execute(&mut *connection)
                    .await?;
                let sql = "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata \
                     WHERE LEFT(schema_name, CHAR_LENGTH(?)) = ? AND IS_FREE_LOCK(schema_name) = 1 \
                     AND schema_name NOT IN (SELECT db FROM information_schema.processlist WHERE db IS NOT NULL)";
                let names = sqlx::query_scalar(sql).bind(prefix).bind(prefix);
                let names = names.fetch_all(&mut *connection).await?;
                sqlx::raw_sql("SET SESSION lock_wait_timeout = DEFAULT")
                    .execute(connection)
                    .await?;
                Ok(names)
            }
        }
    }

    /// Marks a database as in use as long as the session lives. PostgreSQL sees that by itself.
    pub(crate) async fn keep(mut self, name: &str) -> Result<Option<Self>, sqlx::Error> {
        let Self::MySql(connection) = &mut self else {
            return Ok(None);
        };
        // It is idle until the work has ended.
        sqlx::raw_sql("SET SESSION wait_timeout = 2147483")
            .execute(&mut *connection)
            .await?;
        sqlx::query("SELECT GET_LOCK(?, 0)")
            .bind(name)
            .execute(connection)
            .await?;
        Ok(Some(self))
    }

    const fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::MySql(_) => Dialect::MySql,
        }
    }

    pub(crate) async fn execute(&mut self, sql: String) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Postgres(connection) => sql.execute(connection).await.map(drop),
            Self::MySql(connection) => sql.execute(connection).await.map(drop),
        }
    }
}

/// Connects to a server of MySQL or MariaDB, outside of all its databases.
pub(crate) async fn mysql(url: &DatabaseUrl) -> Result<MySqlConnection, sqlx::Error> {
    let unusable = |error: migrate_sqlx::Error| sqlx::Error::Configuration(error.into());
    let options = url.mysql().map_err(unusable)?;
    MySqlConnection::connect_with(&options.database("information_schema")).await
}
