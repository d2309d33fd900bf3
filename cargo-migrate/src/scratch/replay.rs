//! Runs SQL that is not generated, a chain's revisions and files, in a scratch database.
//! Nothing else runs them there. What reaches out of the database is changed, left out or refused
//! first ([`Replay`]).

use migrate_core::{Dialect, LedgerNames, Revision, Target};
use migrate_replay::{CrossDatabase, NeededRole, OtherDatabase, Replay, ReplayTarget};
use migrate_schema::Schema;
use migrate_sqlx::__cli::SchemaReplay;
use migrate_sqlx::{Error, Migrations, Refusal};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::sql_file::{Statement, statements};
use super::{Scratch, execute, in_replay};
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A chain in a scratch database, without what reaches out of it.
pub(crate) struct Replayed<'s> {
    scratch: &'s Scratch,
    migrations: Migrations,
    ledger: LedgerNames,
}

impl Scratch {
    /// Checks all statements of a chain before the first of them runs.
    pub(crate) async fn replay(
        &self,
        migrations: &Migrations,
        ledger: &LedgerNames,
    ) -> Result<Replayed<'_>, CommandError> {
        let replay = Replay::<Revision>::revisions(migrations.revisions(), &self.target())
            .map_err(|found| other_database(&found, |file| self.left_out.in_folder(file)))?;
        self.left_out.extend_of_chain(replay.skipped);
        self.allow(
            replay.runs.iter().map(|revision| &*revision.text),
            &replay.roles,
        )
        .await?;
        let ledger = ledger.apart(self.database.dialect());
        let chain = migrations.chain().with_revisions(replay.runs);
        Ok(Replayed {
            scratch: self,
            migrations: Migrations::new(chain, ledger.clone()).with_session(self.session.clone()),
            ledger,
        })
    }

    /// Returns the schema that the SQL of a file creates.
    pub(crate) async fn sql(
        &self,
        ledger: &LedgerNames,
        file: &str,
        text: &str,
    ) -> Result<Schema, CommandError> {
        let database = &self.database;
        let found = statements(database.dialect(), file, text)?;
        let lines: Vec<_> = found
            .iter()
            .map(|Statement { line, sql }| (*line, *sql))
            .collect();
        let replay = Replay::<String>::statements(file, &lines, &self.target())
            .map_err(|found| other_database(&found, str::to_owned))?;
        self.left_out.extend(replay.skipped);
        self.allow(std::iter::once(text), &replay.roles).await?;
        for ((line, _), sql) in lines.iter().zip(&replay.runs) {
            execute(database, sql).await.map_err(|error| {
                let message = format!("{file}:{line}: the statement failed in a scratch database");
                CommandError::new(Failure::StatementFailed, message).because(error)
            })?;
        }
        if database.dialect() == Dialect::Postgres {
            // A dump leaves the session without a search path, and then no schema is the own one.
            let reset = "RESET SESSION AUTHORIZATION; RESET ALL";
            execute(database, reset).await.map_err(|error| {
                let message = format!("{file}: the session cannot be reset");
                CommandError::new(Failure::StatementFailed, message).because(error)
            })?;
        }
        Ok(database.schema(ledger).await?)
    }

    fn target(&self) -> ReplayTarget<'_> {
        ReplayTarget {
            dialect: self.database.dialect(),
            own: &self.own,
            scratch: self.lease.as_ref().map_or("", |lease| lease.name()),
            cross_database: match self
                .lease
                .as_ref()
                .is_some_and(|lease| lease.is_thrown_away())
            {
                true => CrossDatabase::Keep,
                false => CrossDatabase::Refuse,
            },
        }
    }

    async fn allow(
        &self,
        texts: impl Iterator<Item = &str>,
        roles: &[NeededRole],
    ) -> Result<(), CommandError> {
        self.prepare_for(texts).await?;
        let migrate_sqlx::__cli::Database::Postgres(pool) = &self.database else {
            return Ok(());
        };
        let database = self.target().scratch;
        for role in roles {
            let had = have(role, database, pool).await;
            had.map_err(|error| no_role(&role.name, error))?;
        }
        Ok(())
    }
}

impl Replayed<'_> {
    /// Returns the schema at some revisions.
    pub(crate) async fn at(&self, targets: &[Target]) -> Result<Schema, CommandError> {
        for target in targets {
            let runner = self.migrations.runner().target(target.clone());
            let ran = self.scratch.database.run(runner).await;
            ran.map_err(|error| self.failed(error))?;
        }
        Ok(self.scratch.database.schema(&self.ledger).await?)
    }

    /// Applies these revisions one after the other, and reads the schema before the first and after
    /// each.
    pub(crate) async fn walk(
        &self,
        steps: &[usize],
        look: impl FnMut(usize, Schema) + Send,
    ) -> Result<SchemaReplay, CommandError> {
        let runner = self.migrations.runner();
        let walked = self.scratch.database.replay(runner, steps, look).await;
        walked.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: Error) -> CommandError {
        in_replay(self.scratch.database.dialect(), error)
    }

    /// Returns the schema at the heads, and what is left of it after all are reverted.
    pub(crate) async fn there_and_back(&self, base: Target) -> Result<(Schema, Schema), Error> {
        let database = &self.scratch.database;
        database.run(self.migrations.runner()).await?;
        let made = database.schema(&self.ledger).await?;
        database
            .revert(self.migrations.runner().target(base))
            .await?;
        Ok((made, database.schema(&self.ledger).await?))
    }
}

/// The name of the database that a url is of.
pub(super) fn own_name(chosen: &Chosen) -> Result<String, CommandError> {
    let url = chosen.parsed()?;
    let name = match url.dialect() {
        Dialect::Postgres => url.postgres()?.first().map(|options| {
            let database = options.get_database().unwrap_or(options.get_username());
            database.to_owned()
        }),
        Dialect::MySql => url.database().map(str::to_owned),
        Dialect::Sqlite => None,
    };
    Ok(name.unwrap_or_default())
}

fn other_database(found: &[OtherDatabase], shown: impl Fn(&str) -> String) -> CommandError {
    let place = |other: &OtherDatabase| {
        format!(
            "{}:{}: `{}`",
            shown(&other.file),
            other.line,
            other.database
        )
    };
    let first = found.first().map(place).unwrap_or_default();
    let error = CommandError::new(
        Failure::OtherDatabase,
        format!("{first} is another database, which a scratch database must not reach"),
    );
    let error = found
        .iter()
        .skip(1)
        .take(MOST_NAMED)
        .fold(error, |error, other| error.cause(place(other)));
    error.help("write names without the database that the chain is for; if it does need another one, replay it on a separate server: `scratch-url = \"local\"` of the environment in migrate.toml")
}

/// How many more names an error lists.
const MOST_NAMED: usize = 9;

/// The comment of roles that were created for a scratch database.
const MARK: &str = "created by cargo migrate for a scratch database";

/// Creates a role if it does not exist. The new role cannot log in, and belongs to the scratch
/// database from the start, so nobody can drop it before. An existing one stays as it is.
async fn have(role: &NeededRole, database: &str, pool: &PgPool) -> Result<(), sqlx::Error> {
    let there: Option<(bool,)> = sqlx::query_as(
        "SELECT coalesce(shobj_description(oid, 'pg_authid') = $2, false) FROM pg_roles WHERE rolname = $1",
    )
    .bind(&role.name)
    .bind(MARK)
    .fetch_optional(pool)
    .await?;
    let quote = |name: &str| Dialect::Postgres.quote(name);
    let (name, database) = (quote(&role.name), quote(database));
    let is_ours = there.is_none_or(|(ours,)| ours);
    let mut statements = Vec::new();
    if there.is_none() {
        statements.push(format!("CREATE ROLE {name} NOLOGIN ROLE CURRENT_USER"));
        statements.push(format!("COMMENT ON ROLE {name} IS '{MARK}'"));
    }
    if is_ours {
        statements.push(format!("GRANT CONNECT ON DATABASE {database} TO {name}"));
    }
    if role.acts {
        statements.push(format!("GRANT ALL ON DATABASE {database} TO {name}"));
        statements.push(format!("GRANT ALL ON SCHEMA public TO {name}"));
    }
    // One message is one transaction.
    let sql = statements.join("; ");
    let made = sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await;
    match made {
        // Somebody else created it meanwhile.
        Err(error) if Refusal::of(&error) == Some(Refusal::AlreadyExists) => Ok(()),
        made => made.map(drop),
    }
}

fn no_role(name: &str, error: sqlx::Error) -> CommandError {
    CommandError::new(
        Failure::Scratch,
        format!("the role `{name}`, which the chain names, cannot be created for a scratch database"),
    )
    .because(error)
    .help("let its user create roles, or create it yourself; or name another server in migrate.toml: `scratch-url` of the environment")
}

/// Drops the roles that were created for scratch databases and are no longer needed.
pub(super) async fn drop_roles(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = "SELECT rolname::text FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = $1";
    let names: Vec<String> = sqlx::query_scalar(sql)
        .bind(MARK)
        .fetch_all(&mut *connection)
        .await?;
    for name in names {
        let sql = format!("DROP ROLE IF EXISTS {}", Dialect::Postgres.quote(&name));
        let dropped = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection);
        match dropped.await {
            // Another scratch database needs it, or it is somebody else's.
            Err(error)
                if matches!(
                    Refusal::of(&error),
                    Some(Refusal::DependentObjects | Refusal::Denied)
                ) => {}
            dropped => dropped.map(drop)?,
        }
    }
    Ok(())
}
