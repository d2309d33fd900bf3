//! Scratch databases, in which the database itself normalizes schemas.

use std::rc::Rc;
use std::sync::Arc;

use migrate_core::{Dialect, LedgerNames, Target};
use migrate_models::Beside;
use migrate_schema::{Name, Schema};
use migrate_sqlx::__cli::{Create, Database, DatabaseUrl};
use migrate_sqlx::{Migrations, Refusal, SessionSettings, StatementError};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

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
    /// The folder of its file, if it is one of SQLite's that other programs use too.
    folder: Option<TempDir>,
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
                folder: None,
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
            folder: None,
            own,
            left_out,
            session,
        })
    }

    /// Creates one that other programs can use as well: on SQLite it is a file.
    pub(crate) async fn for_programs(chosen: &Chosen) -> Result<Self, CommandError> {
        let scratch = match Dialect::from_url(chosen.url()) {
            Some(Dialect::Sqlite) => {
                let folder = TempDir::with_prefix("cargo-migrate")?;
                let url = sqlite_url(&folder);
                let database = chosen.with_url(&url).connect(Create::Missing).await?;
                Self {
                    database,
                    lease: None,
                    folder: Some(folder),
                    own: String::new(),
                    left_out: Arc::clone(chosen.left_out()),
                    session: chosen.session.clone(),
                }
            }
            _ => Self::beside(chosen).await?,
        };
        if let Some(lease) = &scratch.lease {
            let allowed = lease.allow_programs().await;
            allowed.map_err(migrate_sqlx::Error::from)?;
        }
        Ok(scratch)
    }

    /// Returns its url, password and all: not for people.
    pub(crate) async fn url(&self) -> String {
        match (&self.lease, &self.folder) {
            (Some(lease), _) => lease.chosen().await.url().to_owned(),
            (None, Some(folder)) => sqlite_url(folder),
            (None, None) => "sqlite::memory:".to_owned(),
        }
    }

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    /// Runs generated SQL as a revision is applied: on SQLite, foreign keys are off.
    pub(crate) async fn as_revision(&self, sql: &str) -> Result<(), sqlx::Error> {
        let keys = |word: &str| format!("PRAGMA foreign_keys = {word};\n");
        match self.database.dialect() {
            Dialect::Sqlite => execute(&self.database, &(keys("OFF") + sql)).await,
            Dialect::Postgres | Dialect::MySql if sql.trim().is_empty() => Ok(()),
            Dialect::Postgres | Dialect::MySql => execute(&self.database, sql).await,
        }
    }

    /// Drops it.
    pub(crate) async fn discard(self) -> Result<(), CommandError> {
        self.drop().await
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

    /// Returns the tables of models as the database writes them, in a database that has the schema of
    /// the chain: types, functions and other tables are there.
    pub(crate) async fn models(
        &self,
        models: &Beside,
        chain: &Schema,
        ledger: &LedgerNames,
    ) -> Result<Schema, CommandError> {
        let database = &self.database;
        let dialect = database.dialect();
        for sql in cleared(&models.described(chain), chain) {
            execute(database, &sql)
                .await
                .map_err(migrate_sqlx::Error::from)?;
        }
        for (name, value) in models.new_values(chain) {
            let (name, value) = (name.quoted(dialect), dialect.literal(value));
            let sql = format!("ALTER TYPE {name} ADD VALUE {value}");
            execute(database, &sql)
                .await
                .map_err(|error| refused_models(dialect, &sql, error))?;
        }
        for ddl in migrate_schema::create(&models.needed(chain)) {
            execute(database, &ddl.sql)
                .await
                .map_err(|error| refused_models(dialect, &ddl.sql, error))?;
        }
        Ok(database.schema(&ledger.apart(dialect)).await?)
    }

    async fn drop_after<T>(self, done: Result<T, CommandError>) -> Result<T, CommandError> {
        let dropped = self.drop().await;
        let done = done?;
        dropped?;
        Ok(done)
    }

    async fn drop(self) -> Result<(), CommandError> {
        let Some(lease) = self.lease else {
            if let (Database::Sqlite(pool), Some(folder)) = (self.database, self.folder) {
                pool.close().await;
                folder.close()?;
            }
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

/// The url of the file in a folder.
fn sqlite_url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("scratch.db").display())
}

/// Returns the statements that drop tables, so that they can be created in another form; nothing
/// else of the database needs to keep its meaning.
fn cleared(tables: &[&Name], chain: &Schema) -> Vec<String> {
    let dialect = chain.dialect;
    let drops = |end: &str| {
        let drop = |name: &&Name| format!("DROP TABLE IF EXISTS {}{end}", name.quoted(dialect));
        tables.iter().map(drop).collect::<Vec<_>>()
    };
    match dialect {
        Dialect::Postgres => drops(" CASCADE"),
        Dialect::Sqlite => {
            let off = "PRAGMA foreign_keys = OFF".to_owned();
            std::iter::once(off).chain(drops("")).collect()
        }
        // A key that stays would refuse another type of the column that it references.
        Dialect::MySql => {
            let mut all = vec!["SET foreign_key_checks = 0".to_owned()];
            for (name, table) in &chain.tables {
                let keys = table.foreign_keys.iter();
                let keys = keys.filter(|key| tables.contains(&&key.table));
                let drops: Vec<_> = keys
                    .filter_map(|key| key.name.as_ref())
                    .map(|key| format!("DROP FOREIGN KEY {}", dialect.quote(key)))
                    .collect();
                if !drops.is_empty() && !tables.contains(&name) {
                    let name = name.quoted(dialect);
                    all.push(format!("ALTER TABLE {name} {}", drops.join(", ")));
                }
            }
            all.extend(drops(""));
            all.push("SET foreign_key_checks = 1".to_owned());
            all
        }
    }
}

fn refused_models(dialect: Dialect, sql: &str, error: sqlx::Error) -> CommandError {
    CommandError::new(
        Failure::StatementFailed,
        format!("{} refuses what the models describe", dialect.name()),
    )
    .because(error)
    .cause(sql)
    .help("add to the model: a type, a default or a name that this database accepts")
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
        migrate_sqlx::Error::Statement(failed) => Some(replay_help(dialect, failed)),
        _ => None,
    };
    let error = CommandError::from(error).in_scratch();
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

/// Says what to do about a statement that fails in an empty database, by the class of its error.
fn replay_help(dialect: Dialect, failed: &StatementError) -> &'static str {
    match failed.source.refusal() {
        Some(Refusal::Denied | Refusal::DatabaseDenied) if dialect == Dialect::MySql => {
            "a replay has rights on the scratch database alone: remove what reaches further from the chain, or replay on a separate server with `scratch-url = \"local\"` of the environment"
        }
        Some(Refusal::UnknownOfExtension) => {
            "if an SQLite extension provides it, name the extension in migrate.toml: `extensions = [\"…\"]` below `[sqlite]`"
        }
        Some(
            Refusal::AlreadyExists
            | Refusal::Syntax
            | Refusal::DivisionByZero
            | Refusal::DependentObjects,
        ) => {
            "the chain must run in an empty database: correct this statement, or what runs before it"
        }
        Some(
            Refusal::LockNotAvailable
            | Refusal::Deadlock
            | Refusal::Busy
            | Refusal::OutOfLocks
            | Refusal::Cancelled
            | Refusal::TimedOut
            | Refusal::Killed,
        ) => "the statement was stopped in the scratch database: try again",
        _ => {
            "a replay starts in an empty database: an earlier revision must create what this one needs; if the server must provide it, name one that does with `scratch-url` of the environment"
        }
    }
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
