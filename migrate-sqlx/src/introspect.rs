//! Reads the schema of a live database.
//!
//! The number of messages does not depend on what is in the database: one on SQLite, two on
//! PostgreSQL, three on MySQL and MariaDB, or four where MariaDB has sequences; what the server refuses
//! to show is asked for alone. Nothing is written, and what the user may not see is not in the result.

mod mysql;
mod postgres;
mod record;
mod sqlite;

use std::collections::BTreeSet;

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{Schema, Table};
use sqlx::Pool;

use crate::backend::{Backend, Session};
use crate::error::Error;

/// Reads the schema of a database.
///
/// What it leaves out: the ledger's own tables, what belongs to an extension of PostgreSQL, the
/// shadow tables behind a virtual table of SQLite, other databases of a MySQL server, temporary
/// objects, and who owns what.
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn example(pool: sqlx::PgPool) -> Result<(), migrate_sqlx::Error> {
/// use migrate_sqlx::{LedgerNames, SchemaReader};
///
/// let schema = SchemaReader::new(LedgerNames::DEFAULT).read(&pool).await?;
/// for (name, table) in &schema.tables {
///     println!("{name} has {} columns", table.columns.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a reader does nothing until `read`"]
pub struct SchemaReader {
    ledger: LedgerNames,
    schemas: Option<BTreeSet<String>>,
    /// Whether to read what no comparison needs, and SQL that is written does: privileges and
    /// dependencies.
    state: bool,
}

impl SchemaReader {
    /// Reads everything but the tables of this ledger.
    pub const fn new(ledger: LedgerNames) -> Self {
        Self {
            ledger,
            schemas: None,
            state: true,
        }
    }

    /// Reads only these named schemas of PostgreSQL instead of all that are not the system's. The
    /// other databases have none and ignore it.
    pub fn schemas<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.schemas = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Reads only what is compared.
    #[cfg(feature = "verify")]
    pub(crate) const fn without_state(mut self) -> Self {
        self.state = false;
        self
    }

    /// Reads the schema.
    ///
    /// The same schema gives an equal result, in whatever order its objects were made. On
    /// PostgreSQL it is read in one snapshot, and on SQLite in one statement; MySQL has no
    /// snapshot of its schema.
    ///
    /// # Errors
    ///
    /// The database cannot be read; or [`Error::SchemaText`] where what it says of an object
    /// cannot be understood.
    pub async fn read<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Schema, Error> {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let schema = self.read_on(&mut *connection).await;
        if schema.is_err() && connection.dialect() != Dialect::Sqlite {
            // It may be in the middle of something.
            connection.close_on_drop();
        }
        schema
    }

    /// Reads the schema on a connection that is in no transaction.
    pub(crate) async fn read_on(&self, session: &mut dyn Session) -> Result<Schema, Error> {
        let mut schema = match session.dialect() {
            Dialect::Sqlite => sqlite::read(session, &self.ledger).await?,
            Dialect::Postgres => {
                postgres::read(session, &self.ledger, self.schemas.as_ref(), self.state).await?
            }
            Dialect::MySql => mysql::read(session, &self.ledger).await?,
        };
        for table in schema.tables.values_mut() {
            sort(table);
        }
        for domain in schema.domains.values_mut() {
            domain.checks.sort();
        }
        Ok(schema)
    }
}

/// Says whether a table is one of the ledger's two; `own` is the named schema that the connection
/// uses by default.
fn is_ledger(ledger: &LedgerNames, own: Option<&str>, schema: Option<&str>, table: &str) -> bool {
    let is_there = ledger.schema.as_deref().or(own) == schema;
    let name = table.strip_prefix(&*ledger.prefix);
    is_there && matches!(name, Some("revision" | "event"))
}

/// Why what the database says of an object cannot be understood.
fn unreadable(object: impl Into<String>) -> Error {
    Error::SchemaText {
        object: object.into(),
    }
}

/// What has no order by its nature gets one.
fn sort(table: &mut Table) {
    table.uniques.sort();
    table.foreign_keys.sort();
    table.checks.sort();
}
