//! A user of MySQL or MariaDB for one scratch database alone.
//!
//! A statement there can name any database of the server, so what is replayed runs as a user who
//! has rights on the scratch one only: what was not recognized as reaching out is refused by the
//! server. If the server does not let us create users, the replay runs as our own.
//!
//! On PostgreSQL a session cannot leave its database, and SQLite has no users.

use std::fmt::Write as _;

use migrate_core::Dialect;
use migrate_sqlx::__cli::DatabaseUrl;
use migrate_sqlx::Refusal;
use sha1::{Digest as _, Sha1};
use sqlx::{AssertSqlSafe, MySqlConnection};

use super::name::{PREFIX, random};
use crate::database::server::Server;
use crate::output::error::CommandError;

/// A user, whose password nobody else knows.
pub(crate) struct User {
    pub(super) name: String,
    pub(super) password: String,
}

impl User {
    /// Chooses the user of a scratch database, if its server needs one.
    pub(super) fn of(server: &Server, database: &str) -> Result<Option<Self>, CommandError> {
        if matches!(server, Server::Postgres(_)) {
            return Ok(None);
        }
        // Rules for passwords want each kind of character (MySQL manual, "The Password Validation
        // Component").
        let mut password = "aA1-".to_owned();
        for byte in random::<20>()? {
            write!(password, "{byte:02x}").expect("writing to a string does not fail");
        }
        Ok(Some(Self {
            name: name_of(database),
            password,
        }))
    }

    /// Creates the user, or returns `None` if the server refuses.
    /// It is refused for lack of rights, by rules for passwords, by plugins, and by services that
    /// have their own users. In each case the statements have been checked before.
    pub(super) async fn make(
        self,
        server: &mut Server,
        database: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        let Server::MySql(connection) = server else {
            return Ok(None);
        };
        let name = &self.name;
        let secret = self.secret(connection).await?;
        // A `_` stands for any character here; what follows it is the database's own.
        let statements = [
            format!("CREATE USER '{name}'@'%' IDENTIFIED BY {secret}"),
            format!("GRANT ALL PRIVILEGES ON `{database}`.* TO '{name}'@'%'"),
        ];
        for (done, sql) in statements.into_iter().enumerate() {
            match execute(connection, sql).await {
                Err(sqlx::Error::Database(_)) if done == 0 => return Ok(None),
                Err(sqlx::Error::Database(_)) => {
                    self.drop(server).await?;
                    return Ok(None);
                }
                other => other?,
            }
        }
        Ok(Some(self))
    }

    /// The password as `CREATE USER` takes it. MySQL writes a hash into its logs; MariaDB writes
    /// what it was given, for replicas to read, so it is given a hash (MariaDB manual, "CREATE
    /// USER", IDENTIFIED BY PASSWORD).
    async fn secret(&self, connection: &mut MySqlConnection) -> Result<String, sqlx::Error> {
        let version: String = sqlx::query_scalar("SELECT VERSION()")
            .fetch_one(connection)
            .await?;
        if !version.to_ascii_lowercase().contains("mariadb") {
            return Ok(format!("'{}'", self.password));
        }
        let hash = Sha1::digest(Sha1::digest(&self.password));
        let mut secret = "PASSWORD '*".to_owned();
        for byte in hash {
            write!(secret, "{byte:02X}").expect("writing to a string does not fail");
        }
        Ok(secret + "'")
    }

    /// Lets the user create triggers and functions if a binary log is written and the server
    /// requires SUPER for them (MySQL manual, "Stored Program Binary Logging"). SUPER does not give
    /// access to the tables of another database.
    pub(super) async fn allow_programs(&self, server: &mut Server) -> Result<(), sqlx::Error> {
        let Server::MySql(connection) = server else {
            return Ok(());
        };
        let sql = "SELECT CAST(@@log_bin AND NOT @@log_bin_trust_function_creators AS SIGNED)";
        let wanted: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
        if wanted == 0 {
            return Ok(());
        }
        match execute(
            connection,
            format!("GRANT SUPER ON *.* TO '{}'@'%'", self.name),
        )
        .await
        {
            // The statement that needs it will fail and be reported.
            Err(sqlx::Error::Database(_)) => Ok(()),
            other => other,
        }
    }

    pub(super) async fn drop(&self, server: &mut Server) -> Result<(), sqlx::Error> {
        server
            .execute(format!("DROP USER IF EXISTS '{}'@'%'", self.name))
            .await
    }

    /// Drops the user of a scratch database that another command has left.
    pub(super) async fn drop_of(server: &mut Server, database: &str) -> Result<(), sqlx::Error> {
        match server {
            Server::Postgres(_) => Ok(()),
            Server::MySql(_) => {
                let name = name_of(database);
                let sql = format!("DROP USER IF EXISTS '{name}'@'%'");
                server.execute(sql).await
            }
        }
    }
}

/// A user's name may have 32 characters on MySQL.
fn name_of(database: &str) -> String {
    let own = database.strip_prefix(PREFIX).unwrap_or(database);
    format!("cargo_migrate_{own}")
}

/// Kills the sessions of a scratch database, as its own user, who may do so. PostgreSQL does it by
/// itself when the database is dropped; MySQL and MariaDB would wait.
pub(super) async fn end_sessions(inside: &DatabaseUrl, name: &str) -> Result<(), sqlx::Error> {
    if inside.dialect() != Dialect::MySql {
        return Ok(());
    }
    let mut connection = crate::database::server::mysql(inside).await?;
    let sql = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()";
    let sessions: Vec<i64> = sqlx::query_scalar(sql)
        .bind(name)
        .fetch_all(&mut connection)
        .await?;
    for session in sessions {
        match execute(&mut connection, format!("KILL {session}")).await {
            // The session has ended by itself.
            Err(error) if Refusal::of(&error) == Some(Refusal::UnknownSession) => {}
            other => other?,
        }
    }
    Ok(())
}

async fn execute(connection: &mut MySqlConnection, sql: String) -> Result<(), sqlx::Error> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql));
    sql.execute(connection).await.map(drop)
}
