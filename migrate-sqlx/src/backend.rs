//! The databases: how to send SQL to each, and how one migrator keeps the others out.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;

use futures_util::future::BoxFuture;
use migrate_core::{Dialect, LedgerNames, SessionSettings};

use crate::cancel::CancelToken;
use crate::driver_error::DatabaseMessage;

/// A database of sqlx that migrations run on; for [`sqlx::Sqlite`], [`sqlx::Postgres`] and
/// [`sqlx::MySql`], each behind its feature.
#[diagnostic::on_unimplemented(
    message = "migrate-sqlx cannot run migrations on `{Self}`",
    label = "no database of migrate-sqlx",
    note = "each database is a feature: `migrate-sqlx = {{ features = [\"postgres\"] }}`, `\"mysql\"` or `\"sqlite\"`",
    note = "the pool must be of sqlx 0.9, and of one database: `AnyPool` is none"
)]
pub trait Backend: sqlx::Database<Connection: Session> + sealed::Sealed {
    /// The dialect of its connections.
    #[doc(hidden)]
    const DIALECT: Dialect;

    /// Returns how to connect so that the session is the server's own, where revisions get sessions
    /// of their own: each may change what only a new connection gives back.
    #[doc(hidden)]
    fn own_session(options: &ConnectOptions<Self>) -> Option<ConnectOptions<Self>>;

    /// Returns the SQL that sets what revisions run with; empty where nothing is said.
    #[doc(hidden)]
    fn settings(session: &SessionSettings) -> String;
}

/// What a connection of a database is made from.
pub(crate) type ConnectOptions<DB> =
    <<DB as sqlx::Database>::Connection as sqlx::Connection>::Options;

/// A connection that can run scripts; what differs between the drivers is here, and nothing else.
pub trait Session: sealed::Sealed + Send {
    /// Returns its dialect.
    #[doc(hidden)]
    fn dialect(&self) -> Dialect;

    /// Runs statements in one message; on failure says how many were finished before.
    #[doc(hidden)]
    fn execute(&mut self, sql: String) -> BoxFuture<'_, Result<(), Failure>>;

    /// Returns the rows of one statement as text.
    #[doc(hidden)]
    fn query(&mut self, sql: String) -> BoxFuture<'_, Result<Vec<Row>, sqlx::Error>>;

    /// Tries to become the only migrator, and waits a little where another one is. `wait` is how
    /// long the ledger's own statements on this connection may wait for a lock.
    ///
    /// This is a connection of its own: closing it gives the lock back, whatever happened.
    #[doc(hidden)]
    fn try_lock<'a>(
        &'a mut self,
        names: &'a LedgerNames,
        wait: Duration,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>>;

    /// Returns the holder of the lock, if the database reports it; takes no lock.
    #[doc(hidden)]
    fn holder<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Option<String>, sqlx::Error>>;

    /// Makes the statements of this connection cancellable, and gives `stop` the SQL that cancels them
    /// from another connection, if it takes that.
    #[doc(hidden)]
    fn make_cancellable<'a>(
        &'a mut self,
        stop: &'a CancelToken,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>;

    /// Forgets what [`Session::make_cancellable`] has left in the connection.
    #[doc(hidden)]
    fn reset_cancellable(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>>;

    /// Waits on the working connection until the server has finished what a migrator sent
    /// that is gone; its own lock went at once, but the server finishes a message it has.
    #[doc(hidden)]
    fn try_enter<'a>(
        &'a mut self,
        names: &'a LedgerNames,
    ) -> BoxFuture<'a, Result<Attempt, sqlx::Error>>;

    /// Takes another connection instead of this one, where that is how a session gets clean; says
    /// whether it did.
    #[doc(hidden)]
    fn renew(&mut self) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
        Box::pin(async { Ok(false) })
    }
}

/// A row as text; `None` is NULL.
pub(crate) type Row = Vec<Option<String>>;

/// A message of several statements that failed.
#[doc(hidden)]
#[derive(Debug)]
pub struct Failure {
    /// How many statements were finished before.
    pub(crate) finished: usize,
    /// Where the database says the mistake is, in characters of the message from 0.
    pub(crate) position: Option<usize>,
    /// What the database says beside the error.
    pub(crate) warnings: Vec<String>,
    pub(crate) error: sqlx::Error,
}

impl Failure {
    /// All that the database said.
    pub(crate) fn message(&self) -> DatabaseMessage {
        let mut message = DatabaseMessage::new(&self.error);
        message.warnings.clone_from(&self.warnings);
        message
    }
}

/// What came of trying to lock.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The lock is ours until the connection closes.
    Locked,
    /// Somebody else has it; who, where the database says.
    Busy(Option<String>),
    /// This database has no such lock: each revision takes its own.
    Unneeded,
}

/// The name of MySQL's lock as an expression: `GET_LOCK` is one name space for the whole server, so
/// the database's name is in it; 64 characters are the most it takes.
#[cfg(any(feature = "cli", feature = "mysql"))]
pub(crate) fn mysql_lock(names: &LedgerNames, suffix: &str) -> String {
    let literal = |text: &str| crate::literal::literal(Dialect::MySql, text);
    let schema = match names.schema.as_deref() {
        Some(schema) => literal(schema),
        None => "COALESCE(DATABASE(), '')".to_owned(),
    };
    let ledger = literal(&format!("/{}", names.prefix));
    format!("CONCAT('cargo-migrate.', LEFT(SHA2(CONCAT({schema}, {ledger}), 256), 40), '{suffix}')")
}

/// The statement that sets a session of MySQL; empty where nothing is to be set.
#[cfg(any(feature = "cli", feature = "mysql"))]
pub(crate) fn mysql_settings(session: &SessionSettings) -> String {
    // The driver announces itself as a client for which functions may have blanks before their
    // parenthesis, and then `count` and `position` are no names of tables any more.
    const OWN: &str = "IF(FIND_IN_SET('IGNORE_SPACE', @@GLOBAL.sql_mode), @@SESSION.sql_mode, \
                       TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',IGNORE_SPACE,', ',')))";
    let literal = |text: &str| crate::literal::literal(Dialect::MySql, text);
    let mode = match session.sql_mode.as_deref() {
        None => Some(format!("sql_mode = {OWN}")),
        Some(SessionSettings::KEEP) => None,
        Some(mode) => Some(match mode.strip_prefix('+') {
            Some(more) => format!("sql_mode = CONCAT({OWN}, ',', {})", literal(more)),
            None => format!("sql_mode = {}", literal(mode)),
        }),
    };
    let zone = session.time_zone.as_deref();
    let zone = zone.map(|zone| format!("time_zone = {}", literal(zone)));
    let settings: Vec<String> = mode.into_iter().chain(zone).collect();
    match settings.is_empty() {
        true => String::new(),
        false => format!("SET SESSION {}", settings.join(", ")),
    }
}

/// How long one attempt waits inside the database.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// How long to wait for another migrator where nothing else is said.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(60);

pub(crate) mod sealed {
    /// Keeps the traits from being implemented elsewhere.
    #[doc(hidden)]
    pub trait Sealed {}
}

/// The same three lines for each driver: sqlx's traits do not let one generic function serve all
/// connections and still give a future that can be sent between threads.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! driver {
    ($database:ty, $connection:ty, $dialect:expr) => {
        impl crate::backend::sealed::Sealed for $database {}
        impl crate::backend::sealed::Sealed for $connection {}

        async fn execute(
            connection: &mut $connection,
            sql: String,
        ) -> Result<(), crate::backend::Failure> {
            use futures_util::TryStreamExt as _;

            let mut finished = 0;
            let mut results = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_many(connection);
            loop {
                match results.try_next().await {
                    Ok(None) => return Ok(()),
                    Ok(Some(sqlx::Either::Left(_))) => finished += 1,
                    Ok(Some(sqlx::Either::Right(row))) => hear(&row),
                    Err(error) => {
                        let position = position(&error);
                        return Err(crate::backend::Failure {
                            finished,
                            position,
                            warnings: Vec::new(),
                            error,
                        });
                    }
                }
            }
        }

        async fn query(
            connection: &mut $connection,
            sql: String,
        ) -> Result<Vec<crate::backend::Row>, sqlx::Error> {
            use sqlx::Row as _;

            let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .fetch_all(connection)
                .await?;
            rows.iter()
                .map(|row| {
                    (0..row.len())
                        .map(|column| row.try_get_unchecked(column))
                        .collect()
                })
                .collect()
        }
    };
}
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use driver;
