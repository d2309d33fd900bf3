//! A throw-away database, in which the database itself says what SQL means.

use migrate_core::schema::{self, Ddl, Renames, Schema};
use migrate_core::{Dialect, LedgerNames, Target};
use migrate_sqlx::{Create, Database, DatabaseUrl, Migrations};
use sqlx::AssertSqlSafe;

use crate::database::Chosen;
use crate::error::CommandError;
use crate::schemafile::{Statement, statements};
use crate::server::{Others, Server};

/// A database that nobody else uses: in memory on SQLite, beside the real one elsewhere.
pub(crate) struct Scratch {
    database: Database,
    /// What has to be dropped at the end, and where.
    made: Option<(Chosen, String)>,
}

impl Scratch {
    /// Makes one as the real one is made, beside it.
    pub(crate) async fn beside(chosen: &Chosen) -> Result<Self, CommandError> {
        let chosen = &chosen.scratch();
        if Dialect::from_url(chosen.url()) == Some(Dialect::Sqlite) {
            let memory = chosen.with_url("sqlite::memory:");
            return Ok(Self {
                database: memory.connect(Create::Missing).await?,
                made: None,
            });
        }
        let (mut server, real) = Server::of(chosen).await?;
        let name = format!("cargo_migrate_scratch_{}", random()?);
        let failed = |error: sqlx::Error| {
            CommandError::failed(
                "scratch",
                format!("no throw-away database can be made beside {}", chosen.shown()),
            )
            .because(error)
            .help("let its user create databases, or name another server in migrate.toml: `scratch-url` of the environment")
        };
        let making = server.making(&real).await.map_err(failed)?.of_ours();
        server.create(&name, &making).await.map_err(failed)?;
        let scratch = chosen.with_url(&DatabaseUrl::with_database(chosen.url(), &name));
        let database = scratch.connect(Create::Nothing).await;
        match database {
            Ok(database) => Ok(Self {
                database,
                made: Some((chosen.clone(), name)),
            }),
            Err(error) => {
                server.drop(&name, Others::End).await.map_err(failed)?;
                Err(error)
            }
        }
    }

    /// Does some work in one, and drops it whatever comes of it.
    pub(crate) async fn with<T>(
        chosen: &Chosen,
        work: impl AsyncFnOnce(&Self) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let scratch = Self::beside(chosen).await?;
        let done = work(&scratch).await;
        scratch.drop_after(done).await
    }

    /// The schema that statements of ours make, and then what some work in an empty database
    /// gives: in the same one, where that is faster than another.
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

    /// Takes away what statements of ours have made; says whether nothing is left.
    ///
    /// Only PostgreSQL needs longer for a new database: it copies a template.
    async fn empty_again(&self, made: &Schema, ledger: &LedgerNames) -> Result<bool, CommandError> {
        /// PostgreSQL keeps a lock for each table of a message: with too many it refuses.
        const AT_ONCE: usize = 50;
        let empty = Schema::empty(made.dialect);
        if made.dialect != Dialect::Postgres {
            return Ok(false);
        }
        let statements = schema::statements(made, &empty, &Renames::none());
        for some in statements.chunks(AT_ONCE) {
            let some: Vec<_> = some.iter().map(|ddl| ddl.sql.as_str()).collect();
            if execute(&self.database, &some.join(";\n")).await.is_err() {
                return Ok(false);
            }
        }
        Ok(self.database.schema(ledger).await? == empty)
    }

    /// The database itself.
    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    /// The schema that a chain gives at some revisions.
    pub(crate) async fn chain(
        &self,
        migrations: &Migrations,
        ledger: &LedgerNames,
        targets: &[Target],
    ) -> Result<Schema, CommandError> {
        let migrations = migrations.apart(self.database.dialect());
        for target in targets {
            let runner = migrations.runner().target(target.clone());
            self.database.run(runner).await.map_err(|error| {
                CommandError::from(error).cause("this was in a throw-away database")
            })?;
        }
        let ledger = ledger.apart(self.database.dialect());
        Ok(self.database.schema(&ledger).await?)
    }

    /// The schema that statements of ours make.
    pub(crate) async fn ddl(
        &self,
        ledger: &LedgerNames,
        statements: &[Ddl],
    ) -> Result<Schema, CommandError> {
        let database = &self.database;
        for ddl in statements {
            execute(database, &ddl.sql).await.map_err(|words| {
                CommandError::failed(
                    "statement-failed",
                    format!("{} refuses what the models describe", database.dialect().name()),
                )
                .cause(words)
                .cause(&ddl.sql)
                .help("say more of it in the model: a type, a default or a name that this database takes")
            })?;
        }
        Ok(database.schema(ledger).await?)
    }

    /// The schema that SQL makes.
    pub(crate) async fn sql(
        &self,
        ledger: &LedgerNames,
        file: &str,
        text: &str,
    ) -> Result<Schema, CommandError> {
        let database = &self.database;
        for Statement { line, sql } in statements(database.dialect(), file, text)? {
            execute(database, sql).await.map_err(|words| {
                let told = format!("{file}:{line}: the statement failed in a throw-away database");
                CommandError::failed("statement-failed", told).cause(words)
            })?;
        }
        if database.dialect() == Dialect::Postgres {
            // A dump leaves the session without a search path, and then no schema is the own one.
            let reset = "RESET SESSION AUTHORIZATION; RESET ALL";
            execute(database, reset).await.map_err(|words| {
                let told = format!("{file}: the session cannot be as it was before");
                CommandError::failed("statement-failed", told).cause(words)
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
        let Some((chosen, name)) = self.made else {
            return Ok(());
        };
        match self.database {
            Database::Postgres(pool) => pool.close().await,
            Database::MySql(pool) => pool.close().await,
            _ => {}
        }
        let (mut server, _) = Server::of(&chosen).await?;
        server.drop(&name, Others::End).await.map_err(|error| {
            CommandError::failed(
                "scratch",
                format!("the throw-away database `{name}` could not be dropped"),
            )
            .because(error)
            .help(format!("drop it yourself: `DROP DATABASE {name}`"))
        })
    }
}

/// A word that nobody else has chosen.
fn random() -> Result<String, CommandError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        CommandError::failed("io", "the system gives no random numbers").because(error)
    })?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

/// The schema that a chain gives at some revisions, as the database itself spells it.
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

/// The schema that a script of ours makes in an empty database, or `None` where the database
/// refuses it. All of it goes there at once.
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

/// The schema that SQL makes in an empty database.
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

/// Runs a statement; where the database refuses it, its own words come back.
async fn execute(database: &Database, sql: &str) -> Result<(), String> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    let ran = match database {
        Database::Sqlite(pool) => sql.execute(pool).await.map(drop),
        Database::Postgres(pool) => sql.execute(pool).await.map(drop),
        Database::MySql(pool) => sql.execute(pool).await.map(drop),
        _ => Err(sqlx::Error::Configuration(
            "no database of this kind".into(),
        )),
    };
    ran.map_err(|error| match error.as_database_error() {
        Some(told) => told.message().to_owned(),
        None => error.to_string(),
    })
}
