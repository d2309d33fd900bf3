//! Databases as a whole: made empty again.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::str::FromStr as _;

use migrate_core::Dialect;
use migrate_sqlx::Database;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, PgConnection};

use crate::database::Chosen;
use crate::error::CommandError;

/// Whether the sessions of others may be ended for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    Respect,
    End,
}

/// Drops a database and makes it anew, with the encoding and the owner that it had.
pub(crate) async fn recreate(chosen: &Chosen, others: Others) -> Result<(), CommandError> {
    let url = chosen.url();
    let told = |error: sqlx::Error| {
        let busy = error
            .as_database_error()
            .and_then(|error| error.code())
            .as_deref()
            == Some("55006");
        let told = CommandError::from(migrate_sqlx::Error::Database(error)).place(&chosen.shown());
        match busy {
            true => told.help("end those sessions, or let them be ended with `--force`"),
            false => told,
        }
    };
    match Dialect::from_url(url) {
        Some(Dialect::Sqlite) => remove_files(url),
        Some(dialect) => {
            Database::check_url(url)
                .map_err(|error| CommandError::from(error).place(&chosen.shown()))?;
            match dialect {
                Dialect::Postgres => postgres(url, others).await.map_err(told),
                Dialect::MySql | Dialect::Sqlite => mysql(url).await.map_err(told),
            }
        }
        None => Err(CommandError::failed(
            "database-url",
            "its url names no database",
        )),
    }
}

async fn postgres(url: &str, others: Others) -> Result<(), sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?;
    let name = options
        .get_database()
        .unwrap_or(options.get_username())
        .to_owned();
    // Nobody can drop the database that they are in.
    let beside = if name == "postgres" {
        "template1"
    } else {
        "postgres"
    };
    let mut connection = PgConnection::connect_with(&options.clone().database(beside)).await?;
    let made: Option<String> = sqlx::query_scalar(
        "SELECT format('CREATE DATABASE %I WITH OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
         datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype) \
         FROM pg_database WHERE datname = $1",
    )
    .bind(&name)
    .fetch_optional(&mut connection)
    .await?;
    let quoted = Dialect::Postgres.quote(&name);
    let force = match others {
        Others::End => " WITH (FORCE)",
        Others::Respect => "",
    };
    for sql in [
        format!("DROP DATABASE IF EXISTS {quoted}{force}"),
        made.unwrap_or_else(|| format!("CREATE DATABASE {quoted}")),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await
}

async fn mysql(url: &str) -> Result<(), sqlx::Error> {
    let options = MySqlConnectOptions::from_str(url)?;
    let Some(name) = options.get_database().map(str::to_owned) else {
        return Err(sqlx::Error::Configuration(
            "the url names no database".into(),
        ));
    };
    let beside = options.clone().database("information_schema");
    let mut connection: MySqlConnection = beside.connect().await?;
    let set: Option<(String, String)> = sqlx::query_as(
        "SELECT CAST(default_character_set_name AS CHAR), CAST(default_collation_name AS CHAR) FROM information_schema.schemata WHERE schema_name = ?",
    )
    .bind(&name)
    .fetch_optional(&mut connection)
    .await?;
    let quoted = Dialect::MySql.quote(&name);
    let set = set.map_or_else(String::new, |(set, collation)| {
        format!(" CHARACTER SET {set} COLLATE {collation}")
    });
    for sql in [
        format!("DROP DATABASE IF EXISTS {quoted}"),
        format!("CREATE DATABASE {quoted}{set}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await
}

/// The file goes with those that SQLite keeps beside it.
fn remove_files(url: &str) -> Result<(), CommandError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| CommandError::from(migrate_sqlx::Error::Url(error.to_string())))?;
    let file = options.get_filename();
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let told = format!("`{}` cannot be deleted", path.display());
                return Err(CommandError::failed("io", told).because(error));
            }
            _ => {}
        }
    }
    Ok(())
}
