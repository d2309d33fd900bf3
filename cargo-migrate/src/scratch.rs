//! A throw-away database, in which the database itself says what SQL means.

use migrate_core::schema::{Ddl, Schema};
use migrate_core::{Dialect, LedgerNames, Target};
use migrate_sqlx::{Create, Database, Migrations};
use sqlx::AssertSqlSafe;
use url::Url;

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
        let database = match in_database(chosen, &name) {
            Ok(scratch) => scratch.connect(Create::Nothing).await,
            Err(error) => Err(error),
        };
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

    /// Does some work in it, and drops it whatever comes of it.
    pub(crate) async fn with<T>(
        chosen: &Chosen,
        work: impl AsyncFnOnce(&Database) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let scratch = Self::beside(chosen).await?;
        let done = work(&scratch.database).await;
        let dropped = scratch.drop().await;
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

/// The same server's database of another name.
fn in_database(chosen: &Chosen, name: &str) -> Result<Chosen, CommandError> {
    let unreadable =
        || CommandError::failed("database-url", "the url cannot be read").place(&chosen.shown());
    let mut url = Url::parse(chosen.url()).map_err(|_| unreadable())?;
    url.set_path(&format!("/{name}"));
    // The setting would win over the path.
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != "dbname")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    match kept.is_empty() {
        true => url.set_query(None),
        false => drop(url.query_pairs_mut().clear().extend_pairs(kept)),
    }
    Ok(chosen.with_url(url.as_str()))
}

/// The schema that a chain gives at some revisions, as the database itself spells it.
pub(crate) async fn schema_at(
    chosen: &Chosen,
    migrations: &Migrations,
    ledger: &LedgerNames,
    targets: &[Target],
) -> Result<Schema, CommandError> {
    Scratch::with(chosen, async |database| {
        for target in targets {
            let runner = migrations.runner().target(target.clone());
            database.run(runner).await.map_err(|error| {
                CommandError::from(error).cause("this was in a throw-away database")
            })?;
        }
        Ok(database.schema(ledger).await?)
    })
    .await
}

/// The schema that statements of ours make in an empty database, as it spells it.
pub(crate) async fn schema_of_ddl(
    chosen: &Chosen,
    ledger: &LedgerNames,
    statements: &[Ddl],
) -> Result<Schema, CommandError> {
    Scratch::with(chosen, async |database| {
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
    Scratch::with(chosen, async |database| {
        match execute(database, script).await {
            Ok(()) => Ok(Some(database.schema(ledger).await?)),
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
    let dialect = Dialect::from_url(chosen.url())
        .ok_or_else(|| CommandError::failed("database-url", "its url names no database"))?;
    let statements = statements(dialect, file, text)?;
    Scratch::with(chosen, async |database| {
        for Statement { line, sql } in statements {
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
