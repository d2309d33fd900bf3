//! A database of whichever kind its url says.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use migrate_core::schema::Schema;
use migrate_core::{Dialect, Direction, LedgerNames, Stamp, Target};

use crate::backend::Session as _;
use crate::engine::{Declared, Mending, Walked};
use crate::error::Error;
use crate::event::Report;
use crate::introspect::SchemaReader;
use crate::ledger::{AppliedRevision, EventRecord, Tables};
use crate::migrations::Migrations;
use crate::runner::Runner;
use crate::script::Script;
use crate::status::Status;

/// A pool for a url; of the databases whose features are compiled in.
#[derive(Clone)]
#[non_exhaustive]
pub enum Database {
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    MySql(sqlx::MySqlPool),
}

/// Whether connecting may make the file of an SQLite database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// It may: the command is about to write.
    Missing,
    /// It may not: a missing file reads as an empty database.
    Nothing,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.dialect().name())
    }
}

macro_rules! on {
    ($database:expr, $pool:ident => $work:expr) => {
        match $database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite($pool) => $work,
            #[cfg(feature = "postgres")]
            Database::Postgres($pool) => $work,
            #[cfg(feature = "mysql")]
            Database::MySql($pool) => $work,
        }
    };
}

impl Database {
    /// Connects to the database of a url.
    ///
    /// # Errors
    ///
    /// The url cannot be used, or the database cannot be reached. No error shows the url, which
    /// may hold a password.
    pub async fn connect(url: &str, create: Create) -> Result<Self, Error> {
        let dialect = Dialect::from_url(url).ok_or_else(|| {
            let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
            let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
            Error::Url(match !scheme.is_empty() && scheme.bytes().all(sound) {
                false => "it has no scheme".to_owned(),
                true => format!("`{scheme}` is no database"),
            })
        })?;
        if dialect != Dialect::Sqlite {
            Self::check_url(url)?;
        }
        match dialect {
            Dialect::Sqlite => Self::sqlite(url, create).await,
            Dialect::Postgres => Self::postgres(url).await,
            Dialect::MySql => Self::mysql(url).await,
        }
    }

    #[cfg(feature = "sqlite")]
    async fn sqlite(url: &str, create: Create) -> Result<Self, Error> {
        use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

        let options = SqliteConnectOptions::from_str(url).map_err(unusable)?;
        let file = options.get_filename().to_owned();
        let memory = url.contains(":memory:") || url.contains("mode=memory");
        let options = match create {
            Create::Missing => options.create_if_missing(true),
            Create::Nothing if memory || file.exists() => options,
            Create::Nothing => {
                SqliteConnectOptions::from_str("sqlite::memory:").map_err(unusable)?
            }
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await;
        pool.map(Self::Sqlite).map_err(Error::from)
    }

    #[cfg(not(feature = "sqlite"))]
    async fn sqlite(_: &str, _: Create) -> Result<Self, Error> {
        Err(Error::Url(
            "the feature `sqlite` is not compiled in".to_owned(),
        ))
    }

    #[cfg(feature = "postgres")]
    async fn postgres(url: &str) -> Result<Self, Error> {
        use sqlx::Connection as _;
        use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

        let options = PgConnectOptions::from_str(&without_unknown(url))
            .map_err(unusable)?
            .application_name("cargo migrate");
        // A pool tries again until its time is up; the first connection says at once what is wrong.
        PgConnection::connect_with(&options)
            .await
            .map_err(Error::from)?
            .close()
            .await
            .map_err(Error::from)?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options);
        Ok(Self::Postgres(pool))
    }

    #[cfg(not(feature = "postgres"))]
    async fn postgres(_: &str) -> Result<Self, Error> {
        Err(Error::Url(
            "the feature `postgres` is not compiled in".to_owned(),
        ))
    }

    #[cfg(feature = "mysql")]
    async fn mysql(url: &str) -> Result<Self, Error> {
        use sqlx::Connection as _;
        use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions};

        let options = MySqlConnectOptions::from_str(url).map_err(unusable)?;
        MySqlConnection::connect_with(&options)
            .await
            .map_err(Error::from)?
            .close()
            .await
            .map_err(Error::from)?;
        let pool = MySqlPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options);
        Ok(Self::MySql(pool))
    }

    #[cfg(not(feature = "mysql"))]
    async fn mysql(_: &str) -> Result<Self, Error> {
        Err(Error::Url(
            "the feature `mysql` is not compiled in".to_owned(),
        ))
    }

    /// Says which dialect it speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// [`Runner::run`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::run`].
    pub async fn run(&self, runner: Runner<'_>) -> Result<Report, Error> {
        on!(self, pool => runner.run(pool).await)
    }

    /// [`Runner::revert`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::revert`].
    pub async fn revert(&self, runner: Runner<'_>) -> Result<Report, Error> {
        on!(self, pool => runner.revert(pool).await)
    }

    /// [`Runner::script`] of this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::script`].
    pub async fn script(&self, runner: Runner<'_>, direction: Direction) -> Result<Script, Error> {
        on!(self, pool => runner.script(pool, direction).await)
    }

    /// [`Runner::undo`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::undo`].
    pub async fn undo(&self, runner: Runner<'_>, revisions: &[String]) -> Result<Report, Error> {
        on!(self, pool => runner.undo(pool, revisions).await)
    }

    /// [`Runner::stamp`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::stamp`].
    pub async fn stamp(
        &self,
        runner: Runner<'_>,
        targets: &[Target],
        purge: bool,
    ) -> Result<Stamp, Error> {
        on!(self, pool => runner.stamp(pool, targets, purge).await)
    }

    /// [`Runner::declare`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::declare`].
    pub async fn declare(
        &self,
        runner: Runner<'_>,
        revision: &str,
        declared: Declared,
    ) -> Result<(), Error> {
        on!(self, pool => runner.declare(pool, revision, declared).await)
    }

    /// [`Runner::walk`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::walk`].
    pub async fn walk(
        &self,
        runner: Runner<'_>,
        steps: &[usize],
        look: impl FnMut(usize, Schema) + Send,
    ) -> Result<Walked, Error> {
        on!(self, pool => runner.walk(pool, steps, look).await)
    }

    /// [`Runner::mend_ledger`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::mend_ledger`].
    pub async fn mend_ledger(
        &self,
        runner: Runner<'_>,
        before: &[AppliedRevision],
        mendings: &[Mending],
    ) -> Result<(), Error> {
        on!(self, pool => runner.mend_ledger(pool, before, mendings).await)
    }

    /// Reads the ledger as it is, without a chain beside it; `None` where there is none. Writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or [`Error::ForeignLedger`].
    pub async fn ledger(
        &self,
        ledger: &LedgerNames,
    ) -> Result<Option<Vec<AppliedRevision>>, Error> {
        on!(self, pool => {
            let mut connection = pool.acquire().await.map_err(Error::from)?;
            let tables = Tables::new(self.dialect(), ledger);
            tables.read(&mut *connection).await
        })
    }

    /// Says who keeps other migrators out just now, as far as the database tells; SQLite does not.
    /// Takes no lock and waits for none.
    ///
    /// # Errors
    ///
    /// The database cannot be asked.
    pub async fn migrator(&self, ledger: &LedgerNames) -> Result<Option<String>, Error> {
        on!(self, pool => {
            let mut connection = pool.acquire().await.map_err(Error::from)?;
            connection.holder(ledger).await.map_err(Error::from)
        })
    }

    /// [`Runner::mend_schema`] on this database.
    ///
    /// # Errors
    ///
    /// See [`Runner::mend_schema`].
    pub async fn mend_schema(
        &self,
        runner: Runner<'_>,
        statements: &[String],
        applied: &BTreeSet<String>,
        detail: &str,
    ) -> Result<(), Error> {
        on!(self, pool => runner.mend_schema(pool, statements, applied, detail).await)
    }

    /// [`Migrations::status`] of this database.
    ///
    /// # Errors
    ///
    /// See [`Migrations::status`].
    pub async fn status(&self, migrations: &Migrations) -> Result<Status, Error> {
        on!(self, pool => migrations.status(pool).await)
    }

    /// [`Migrations::events`] of this database.
    ///
    /// # Errors
    ///
    /// See [`Migrations::events`].
    pub async fn events(&self, migrations: &Migrations) -> Result<Vec<EventRecord>, Error> {
        on!(self, pool => migrations.events(pool).await)
    }

    /// Reads the schema of this database, without the tables of the ledger.
    ///
    /// # Errors
    ///
    /// See [`SchemaReader::read`].
    pub async fn schema(&self, ledger: &LedgerNames) -> Result<Schema, Error> {
        self.read_schema(&SchemaReader::new(ledger.clone())).await
    }

    /// [`SchemaReader::read`] of this database.
    ///
    /// # Errors
    ///
    /// See [`SchemaReader::read`].
    pub async fn read_schema(&self, reader: &SchemaReader) -> Result<Schema, Error> {
        on!(self, pool => reader.read(pool).await)
    }

    /// Refuses the url of a server that would be read in another way than it was meant: a part of
    /// the password would be taken for a host or a database, and the server would tell it.
    /// [`Database::connect`] does so by itself.
    ///
    /// ```
    /// use migrate_sqlx::Database;
    ///
    /// assert!(Database::check_url("postgres://me:p%2Fw@host/app").is_ok());
    /// assert!(Database::check_url("postgres://me:p/w@host/app").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Url`], which does not say the url.
    pub fn check_url(url: &str) -> Result<(), Error> {
        let Some((_, rest)) = url.split_once("://") else {
            return Err(Error::Url("it lacks the `//` behind its scheme".to_owned()));
        };
        let unencoded = || {
            Error::Url("in its user and password, `:`, `/`, `?`, `#`, `@` and `%` are written `%3A`, `%2F`, `%3F`, `%23`, `%40` and `%25`".to_owned())
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let (server, database) = path.split_once('/').unwrap_or((path, ""));
        if database.contains('@') {
            return Err(unencoded());
        }
        let port = match server.rsplit_once('@') {
            Some(_) => None,
            None => server.rsplit_once(':').filter(|_| !server.ends_with(']')),
        };
        match port {
            Some((_, port)) if !port.bytes().all(|byte| byte.is_ascii_digit()) => Err(unencoded()),
            _ => Ok(()),
        }
    }
}

/// The settings of a url that sqlx knows for PostgreSQL; with the others it would log their values,
/// which may be passwords.
#[cfg(feature = "postgres")]
fn without_unknown(url: &str) -> String {
    const KNOWN: [&str; 18] = [
        "sslmode",
        "ssl-mode",
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    let url = url.split('#').next().unwrap_or_default();
    let Some((place, settings)) = url.split_once('?') else {
        return url.to_owned();
    };
    let known = |setting: &&str| {
        let key = setting.split('=').next().unwrap_or_default();
        KNOWN.contains(&key) || key.starts_with("options[") || key.starts_with("options%5B")
    };
    let kept: Vec<&str> = settings.split('&').filter(known).collect();
    format!("{place}?{}", kept.join("&"))
}

/// Why a url cannot be used, without the url.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
fn unusable(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Configuration(why) => Error::Url(why.to_string()),
        other => Error::from(other),
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_in_another_way_is_refused() {
        for url in [
            "postgres://me:pw@host:5432/app?sslmode=require",
            "postgres://me:p@w@host/app",
            "postgres://me@[::1]:5432/app",
            "postgres://[::1]/app",
            "postgres://host/app?user=me&password=p@w",
            "postgres:///app",
            "mysql://host:/app",
            "mysql://%2Frun%2Fmysqld/app",
        ] {
            assert!(Database::check_url(url).is_ok(), "{url}");
        }
        for url in [
            "postgres://me:p/w@host/app",
            "postgres://me:1/w@host/app",
            "postgres://me:p#w@host/app",
            "mysql://me:p?w@host/app",
            "postgres:me:pw@host/app",
        ] {
            assert!(Database::check_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn unknown_settings_are_left_out() {
        for (url, kept) in [
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://h/d?schema=x#y", "postgres://h/d?"),
            (
                "postgres://h/d?a=1&sslmode=require&options[x]=1&sslpassword=2",
                "postgres://h/d?sslmode=require&options[x]=1",
            ),
        ] {
            assert_eq!(without_unknown(url), kept);
        }
    }
}
