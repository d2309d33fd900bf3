//! Scratch databases, in which the database itself normalizes schemas.

use std::rc::Rc;
use std::sync::Arc;

use migrate_core::{Dialect, LedgerNames, Target};
use migrate_schema::{Ddl, Renames, Schema};
use migrate_sqlx::__cli::{Create, Database, DatabaseUrl};
use migrate_sqlx::{Migrations, Refusal, SessionSettings, StatementError};
use sqlx::AssertSqlSafe;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::left_out::LeftOut;

mod confine;
pub(crate) mod interrupt;
mod lifetime;
mod name;
mod replay;
mod sql_file;

use self::confine::User;
use self::lifetime::{Lease, refused};

/// A database for one command: in memory on SQLite, beside the real one elsewhere.
/// It is dropped after the work in it; if that is cut off, the leases in `lifetime` keep it.
pub(crate) struct Scratch {
    database: Database,
    lease: Option<Rc<Lease>>,
    /// The name of the database that the chain is for.
    own: String,
    left_out: Arc<LeftOut>,
    /// What revisions run with.
    session: SessionSettings,
}

impl Scratch {
    /// Creates one beside the real one, with the same properties.
    pub(crate) async fn beside(chosen: &Chosen) -> Result<Self, CommandError> {
        let own = replay::own_name(chosen)?;
        let session = chosen.session.clone();
        let left_out = Arc::clone(chosen.left_out());
        if Dialect::from_url(chosen.url()) == Some(Dialect::Sqlite) {
            let memory = chosen.with_url("sqlite::memory:");
            return Ok(Self {
                database: memory.connect(Create::Missing).await?,
                lease: None,
                own,
                left_out,
                session,
            });
        }
        let (place, server, making) = chosen.scratch().await?;
        let lease = Lease::make(&place, making, server).await?;
        let confined = lease.is_confined().await;
        let database = match lease.chosen().await.connect(Create::Nothing).await {
            // The server does not let its user in, as a proxy that does not know it.
            Err(_) if confined => {
                let opened = lease.open().await;
                opened.map_err(|error| refused(&place, error))?;
                lease.chosen().await.connect(Create::Nothing).await?
            }
            connected => connected?,
        };
        Ok(Self {
            database,
            lease: Some(lease),
            own,
            left_out,
            session,
        })
    }

    /// Runs some work in one, and drops it.
    pub(crate) async fn with<T>(
        chosen: &Chosen,
        work: impl AsyncFnOnce(&Self) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let scratch = Self::beside(chosen).await?;
        let done = work(&scratch).await;
        scratch.drop_after(done).await
    }

    /// Returns the schema that generated statements create, and then the result of some work in an
    /// empty database: the same one if that is faster.
    pub(crate) async fn ddl_then<T>(
        chosen: &Chosen,
        ledger: &LedgerNames,
        statements: &[Ddl],
        work: impl AsyncFnOnce(&Self) -> Result<T, CommandError>,
    ) -> Result<(Schema, T), CommandError> {
        let scratch = Self::beside(chosen).await?;
        let made = match scratch.ddl(ledger, statements).await {
            Ok(made) => made,
            Err(error) => return scratch.drop_after(Err(error)).await,
        };
        let scratch = match scratch.empty_again(&made, ledger).await {
            Ok(true) => scratch,
            Ok(false) => {
                scratch.drop().await?;
                Self::beside(chosen).await?
            }
            Err(error) => return scratch.drop_after(Err(error)).await,
        };
        let done = work(&scratch).await;
        let done = scratch.drop_after(done).await?;
        Ok((made, done))
    }

    /// Drops what generated statements have created; returns true if nothing is left.
    ///
    /// Only PostgreSQL needs longer for a new database: it copies a template.
    async fn empty_again(&self, made: &Schema, ledger: &LedgerNames) -> Result<bool, CommandError> {
        /// PostgreSQL keeps a lock for each table of a message: with too many it refuses.
        const AT_ONCE: usize = 50;
        let empty = Schema::empty(made.dialect);
        if made.dialect != Dialect::Postgres {
            return Ok(false);
        }
        let statements = migrate_schema::statements(made, &empty, &Renames::none());
        for some in statements.chunks(AT_ONCE) {
            let some: Vec<_> = some.iter().map(|ddl| ddl.sql.as_str()).collect();
            if execute(&self.database, &some.join(";\n")).await.is_err() {
                return Ok(false);
            }
        }
        Ok(self.database.schema(ledger).await? == empty)
    }

    /// Prepares for statements that need rights which its own user does not have, before the first
    /// of them.
    async fn prepare_for<'a>(
        &self,
        mut texts: impl Iterator<Item = &'a str>,
    ) -> Result<(), CommandError> {
        let Some(lease) = &self.lease else {
            return Ok(());
        };
        if texts.any(makes_programs) {
            let allowed = lease.allow_programs().await;
            allowed.map_err(migrate_sqlx::Error::from)?;
        }
        Ok(())
    }

    /// Returns the schema of a chain at some revisions.
    pub(crate) async fn chain(
        &self,
        migrations: &Migrations,
        ledger: &LedgerNames,
        targets: &[Target],
    ) -> Result<Schema, CommandError> {
        self.replay(migrations, ledger).await?.at(targets).await
    }

    /// Returns the schema that generated statements create.
    pub(crate) async fn ddl(
        &self,
        ledger: &LedgerNames,
        statements: &[Ddl],
    ) -> Result<Schema, CommandError> {
        let database = &self.database;
        for ddl in statements {
            execute(database, &ddl.sql).await.map_err(|error| {
                CommandError::new(
                    Failure::StatementFailed,
                    format!(
                        "{} refuses what the models describe",
                        database.dialect().name()
                    ),
                )
                .because(error)
                .cause(&ddl.sql)
                .help("add to the model: a type, a default or a name that this database accepts")
            })?;
        }
        Ok(database.schema(ledger).await?)
    }

    async fn drop_after<T>(self, done: Result<T, CommandError>) -> Result<T, CommandError> {
        let dropped = self.drop().await;
        let done = done?;
        dropped?;
        Ok(done)
    }

    async fn drop(self) -> Result<(), CommandError> {
        let Some(lease) = self.lease else {
            return Ok(());
        };
        match self.database {
            Database::Postgres(pool) => pool.close().await,
            Database::MySql(pool) => pool.close().await,
            _ => {}
        }
        lease.release().await
    }
}

/// Whether a text may create triggers or functions; false positives do no harm.
fn makes_programs(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("trigger") || text.contains("function")
}

/// An error while a chain was replayed, and what to do about it: the target database was not
/// touched.
fn in_replay(dialect: Dialect, error: migrate_sqlx::Error) -> CommandError {
    let help = match &error {
        migrate_sqlx::Error::Statement(failed) => {
            Some(match dialect == Dialect::MySql && is_denied(failed) {
                true => {
                    "a replay has rights on the scratch database alone: remove what reaches further from the chain, or replay on a separate server with `scratch-url = \"local\"` of the environment"
                }
                false => {
                    "a replay starts in an empty database: an earlier revision must create what this one needs; if the server must provide it, name one that does with `scratch-url` of the environment"
                }
            })
        }
        _ => None,
    };
    let error = CommandError::from(error).in_scratch();
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

/// Returns true if a statement failed for lack of rights.
fn is_denied(failed: &StatementError) -> bool {
    matches!(
        failed.source.refusal(),
        Some(Refusal::Denied | Refusal::DatabaseDenied)
    )
}

/// Another database of the same server, as another user if there is one.
fn in_database(chosen: &Chosen, name: &str, user: Option<&User>) -> Chosen {
    let url = DatabaseUrl::with_database(chosen.url(), name);
    chosen.with_url(&match user {
        None => url,
        Some(user) => DatabaseUrl::with_user(&url, &user.name, &user.password),
    })
}

/// Returns the schema of a chain at some revisions, as the database itself spells it.
pub(crate) async fn schema_at(
    chosen: &Chosen,
    migrations: &Migrations,
    ledger: &LedgerNames,
    targets: &[Target],
) -> Result<Schema, CommandError> {
    Scratch::with(chosen, async |scratch| {
        scratch.chain(migrations, ledger, targets).await
    })
    .await
}

/// Returns the schema that a generated script creates in an empty database, or `None` if the
/// database refuses it. All of it is sent at once.
pub(crate) async fn schema_of_script(
    chosen: &Chosen,
    ledger: &LedgerNames,
    script: &str,
) -> Result<Option<Schema>, CommandError> {
    Scratch::with(chosen, async |scratch| {
        match execute(&scratch.database, script).await {
            Ok(()) => Ok(Some(scratch.database.schema(ledger).await?)),
            Err(_) => Ok(None),
        }
    })
    .await
}

/// Returns the schema that SQL creates in an empty database.
pub(crate) async fn schema_of_sql(
    chosen: &Chosen,
    ledger: &LedgerNames,
    file: &str,
    text: &str,
) -> Result<Schema, CommandError> {
    Scratch::with(chosen, async |scratch| {
        scratch.sql(ledger, file, text).await
    })
    .await
}

/// Runs a statement.
async fn execute(database: &Database, sql: &str) -> Result<(), sqlx::Error> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    match database {
        Database::Sqlite(pool) => sql.execute(pool).await.map(drop),
        Database::Postgres(pool) => sql.execute(pool).await.map(drop),
        Database::MySql(pool) => sql.execute(pool).await.map(drop),
        _ => Err(sqlx::Error::Configuration(
            "no database of this kind".into(),
        )),
    }
}
