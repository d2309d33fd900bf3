//! A database of the kind that its url names.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, Direction, LedgerNames, SessionSettings, Stamp, Target};
use migrate_schema::Schema;

use crate::applied_revision::AppliedRevision;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::backend::Backend;
use crate::backend::Session;
use crate::chain_state::ChainState;
use crate::engine::{Outcome, SchemaReplay, StampMode};
use crate::error::Error;
use crate::event::Report;
use crate::introspect::SchemaReader;
use crate::ledger::{Tables, located};
use crate::ledger_change::RowRepair;
use crate::ledger_event::LedgerEvent;
use crate::migration_lock::Work;
use crate::migrations::{Migrations, Runner};
use crate::script::Script;
use crate::status::Status;
use crate::url::DatabaseUrl;

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

/// Whether connecting may create the file of an SQLite database.
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
        Self::open(&DatabaseUrl::parse(url)?, create, &SessionSettings::NONE).await
    }

    /// Connects to the database of a url that was read already; what `session` says is set on each
    /// connection.
    ///
    /// # Errors
    ///
    /// See [`Database::connect`].
    pub async fn open(
        url: &DatabaseUrl,
        create: Create,
        session: &SessionSettings,
    ) -> Result<Self, Error> {
        match url.dialect() {
            Dialect::Sqlite => Self::sqlite(url, create).await,
            Dialect::Postgres => Self::postgres(url, session).await,
            Dialect::MySql => Self::mysql(url, session).await,
        }
    }

    #[cfg(feature = "sqlite")]
    async fn sqlite(url: &DatabaseUrl, create: Create) -> Result<Self, Error> {
        let create = match url.is_in_memory() {
            true => Create::Missing,
            false => create,
        };
        Self::open_sqlite(url.sqlite()?, create).await
    }

    /// Opens an SQLite database with options that a url cannot hold, extensions for example. One in
    /// memory is made with [`Create::Missing`].
    ///
    /// # Errors
    ///
    /// The database, or an extension, cannot be used.
    #[cfg(feature = "sqlite")]
    pub async fn open_sqlite(
        options: sqlx::sqlite::SqliteConnectOptions,
        create: Create,
    ) -> Result<Self, Error> {
        use sqlx::sqlite::SqlitePoolOptions;

        let options = match create {
            Create::Missing => options.create_if_missing(true),
            Create::Nothing if options.get_filename().exists() => options,
            Create::Nothing => options
                .filename(":memory:")
                .immutable(false)
                .shared_cache(false),
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await;
        pool.map(Self::Sqlite).map_err(Error::from)
    }

    #[cfg(not(feature = "sqlite"))]
    async fn sqlite(_: &DatabaseUrl, _: Create) -> Result<Self, Error> {
        Err(Error::Url(
            "the feature `sqlite` is not compiled in".to_owned(),
        ))
    }

    #[cfg(feature = "postgres")]
    async fn postgres(url: &DatabaseUrl, session: &SessionSettings) -> Result<Self, Error> {
        use sqlx::Connection as _;
        use sqlx::postgres::PgPoolOptions;

        // A pool tries again until its time is up; the first connection says at once what is wrong.
        let (connection, options) = url.connect_postgres(None).await?;
        closed(connection.close().await);
        let settings = <sqlx::Postgres as Backend>::settings(session);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .after_connect(move |connection, _| set(connection, settings.clone()))
            .connect_lazy_with(options);
        Ok(Self::Postgres(pool))
    }

    #[cfg(not(feature = "postgres"))]
    async fn postgres(_: &DatabaseUrl, _: &SessionSettings) -> Result<Self, Error> {
        Err(Error::Url(
            "the feature `postgres` is not compiled in".to_owned(),
        ))
    }

    #[cfg(feature = "mysql")]
    async fn mysql(url: &DatabaseUrl, session: &SessionSettings) -> Result<Self, Error> {
        use sqlx::Connection as _;
        use sqlx::mysql::{MySqlConnection, MySqlPoolOptions};

        let options = url.mysql()?;
        let options = <sqlx::MySql as Backend>::own_session(&options).unwrap_or(options);
        let connection = MySqlConnection::connect_with(&options).await;
        closed(connection.map_err(Error::from)?.close().await);
        let settings = <sqlx::MySql as Backend>::settings(session);
        let pool = MySqlPoolOptions::new()
            .max_connections(1)
            .after_connect(move |connection, _| set(connection, settings.clone()))
            .connect_lazy_with(options);
        Ok(Self::MySql(pool))
    }

    #[cfg(not(feature = "mysql"))]
    async fn mysql(_: &DatabaseUrl, _: &SessionSettings) -> Result<Self, Error> {
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

    /// Applies these revisions, and passes the schema before the first and after each to `on_schema`; see
    /// [`Runner::replay`].
    ///
    /// # Errors
    ///
    /// See [`Runner::replay`].
    pub async fn replay(
        &self,
        runner: Runner<'_>,
        steps: &[usize],
        on_schema: impl FnMut(usize, Schema) + Send,
    ) -> Result<SchemaReplay, Error> {
        on!(self, pool => runner.replay(pool, steps, on_schema).await)
    }

    /// Returns a connection of the pool.
    async fn session(&self) -> Result<Box<dyn Session>, Error> {
        Ok(on!(self, pool => Box::new(Work::reading(pool).await?)))
    }

    /// Reads the ledger as it is, without a chain beside it; `None` if there is none. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or [`Error::ForeignLedger`].
    pub async fn ledger(
        &self,
        ledger: &LedgerNames,
    ) -> Result<Option<Vec<AppliedRevision>>, Error> {
        let tables = Tables::new(self.dialect(), ledger);
        tables.read(&mut *self.session().await?).await
    }

    /// Returns the events of a ledger, the oldest first. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or [`Error::ForeignLedger`].
    pub async fn events(&self, ledger: &LedgerNames) -> Result<Vec<LedgerEvent>, Error> {
        let tables = Tables::new(self.dialect(), ledger);
        tables.events(&mut *self.session().await?).await
    }

    /// Returns who keeps other migrators out just now, if the database knows; SQLite does not. Takes
    /// no lock and waits for none.
    ///
    /// # Errors
    ///
    /// The database cannot be asked.
    pub async fn migrator(&self, ledger: &LedgerNames) -> Result<Option<String>, Error> {
        let mut session = self.session().await?;
        let ledger = located(ledger, &mut *session).await?;
        session.holder(&ledger).await.map_err(Error::from)
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
}

/// Defines methods that do on this database what those of a runner or a chain do on a pool.
macro_rules! on_pool {
    ($($receiver:ident: $type:ty => $method:ident($($argument:ident: $given:ty),*) -> $done:ty;)*) => {
        impl Database {
            $(
                /// Does on this database what the method of the same name does on a pool.
                ///
                /// # Errors
                ///
                /// Those of that method.
                pub async fn $method(&self, $receiver: $type, $($argument: $given),*) -> Result<$done, Error> {
                    on!(self, pool => $receiver.$method(pool, $($argument),*).await)
                }
            )*
        }
    };
}

on_pool! {
    runner: Runner<'_> => run() -> Report;
    runner: Runner<'_> => revert() -> Report;
    runner: Runner<'_> => script(direction: Direction) -> Script;
    runner: Runner<'_> => undo(revisions: &[String]) -> Report;
    runner: Runner<'_> => stamp(targets: &[Target], mode: StampMode) -> Stamp;
    runner: Runner<'_> => stamp_at(targets: &[Target], mode: StampMode, times: &BTreeMap<String, String>) -> Stamp;
    runner: Runner<'_> => record_outcome(revision: &str, outcome: Outcome) -> ();
    runner: Runner<'_> => repair_ledger(before: &[AppliedRevision], repairs: &[RowRepair]) -> ();
    runner: Runner<'_> => repair_schema(statements: &[String], applied: &BTreeSet<String>, detail: &str) -> ();
    migrations: &Migrations => status() -> Status;
}

impl Database {
    /// Returns the chain beside the ledger of this database. Writes nothing.
    ///
    /// # Errors
    ///
    /// See [`Migrations::state`].
    pub async fn state<'a>(&self, migrations: &'a Migrations) -> Result<ChainState<'a>, Error> {
        on!(self, pool => migrations.state(pool).await)
    }
}

/// Runs the statement that sets a new connection's session, where there is one.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn set(
    connection: &mut (impl Session + 'static),
    settings: String,
) -> futures_util::future::BoxFuture<'_, Result<(), sqlx::Error>> {
    Box::pin(async move {
        match settings.is_empty() {
            true => Ok(()),
            false => connection.query(settings).await.map(drop),
        }
    })
}

/// A server that was asked to end a session may close its socket before TLS says goodbye.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn closed(closed: Result<(), sqlx::Error>) {
    if let Err(error) = closed {
        tracing::debug!(%error, "the connection was closed already");
    }
}
