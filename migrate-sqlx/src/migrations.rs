//! The chain of an application, and what it can do with a database.

mod runner;

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use migrate_core::{
    Chain, Config, Dialect, Folder, Hash, LedgerNames, Revision, RevisionId, SessionSettings,
    Survey, Target,
};
#[cfg(any(feature = "cli", feature = "verify"))]
use migrate_schema::Schema;
use sqlx::Pool;

pub use self::runner::Runner;

use crate::backend::{Backend, Session};
use crate::chain_state::ChainState;
use crate::engine::{Engine, Options};
use crate::error::Error;
use crate::event::Report;
#[cfg(any(feature = "cli", feature = "verify"))]
use crate::introspect::SchemaReader;
use crate::ledger::Tables;
use crate::ledger_event::LedgerEvent;
use crate::required_tables::{self, Place, TablesOfChain};
#[cfg(feature = "cli")]
use crate::script::{Material, Script};
use crate::status::Status;

/// A sound chain, ready to run; as [`embed_migrations!`](crate::embed_migrations) bakes it into a
/// `static`.
///
/// What a start on an up-to-date database needs is there as it is: nothing is read, hashed or
/// allocated of the revisions before there is work to do.
#[derive(Clone, Debug)]
pub struct Migrations {
    source: Source,
    /// The chain, once it was needed.
    chain: OnceLock<Chain>,
    /// The number of revisions.
    count: usize,
    heads: Cow<'static, [(RevisionId, Hash)]>,
    pub(crate) ledger: LedgerNames,
    pub(crate) session: SessionSettings,
    /// The text of schema.lock.
    schema: Option<&'static str>,
    /// The tables in it.
    tables: TablesOfChain,
}

/// Where the revisions come from.
#[derive(Clone, Debug)]
enum Source {
    /// The binary: the files' texts, and a table of the places in them.
    Embedded {
        texts: &'static [&'static str],
        table: &'static [u8],
    },
    /// A folder, read already.
    Folder,
}

impl Migrations {
    /// Makes the value that `embed_migrations!` expands to.
    #[doc(hidden)]
    #[must_use]
    pub const fn embedded(
        texts: &'static [&'static str],
        table: &'static [u8],
        heads: &'static [(RevisionId, Hash)],
        ledger: LedgerNames,
    ) -> Self {
        Self {
            source: Source::Embedded { texts, table },
            chain: OnceLock::new(),
            count: texts.len(),
            heads: Cow::Borrowed(heads),
            ledger,
            session: SessionSettings::NONE,
            schema: None,
            tables: &[],
        }
    }

    /// Sets what revisions run with, as `[session]` of migrate.toml does.
    #[must_use]
    pub const fn with_session(mut self, session: SessionSettings) -> Self {
        // What it was made with has nothing to drop, which a constant function could not do.
        std::mem::forget(std::mem::replace(&mut self.session, session));
        self
    }

    /// Takes the text of schema.lock along, as `embed_migrations!` found it.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_schema(mut self, lock: &'static str) -> Self {
        self.schema = Some(lock);
        self
    }

    /// Takes the tables that [`Migrations::ensure_current`] looks for, as `embed_migrations!` found
    /// them in schema.lock.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_tables(mut self, tables: TablesOfChain) -> Self {
        self.tables = tables;
        self
    }

    /// Reads the chain of a folder when the program runs, for one whose revisions are not in its binary.
    ///
    /// It is checked as by `cargo migrate check`, with the default rules of migrate.toml, and against
    /// the chain.lock in it. The files are not looked at again.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), migrate_sqlx::Error> {
    /// let migrations = migrate_sqlx::Migrations::from_dir("/srv/shop/migrations")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Folder`] if it cannot be read, [`Error::UnsoundChain`] with everything that is wrong.
    pub fn from_dir(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let shown = folder.to_string_lossy();
        let read = Folder::read(folder, &shown).map_err(|source| Error::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        let chain = Survey::new(&read, &Config::default()).into_chain();
        match chain {
            Ok(chain) => Ok(Self::new(chain, LedgerNames::DEFAULT)),
            Err(diagnostics) => Err(Error::UnsoundChain {
                folder: folder.to_owned(),
                diagnostics,
            }),
        }
    }

    /// Returns the same chain with another ledger, instead of that of `[ledger]` in migrate.toml.
    #[must_use]
    pub fn with_ledger(mut self, ledger: LedgerNames) -> Self {
        self.ledger = ledger;
        self
    }

    /// Takes a sound chain, and the names of its ledger.
    #[must_use]
    pub fn new(chain: Chain, ledger: LedgerNames) -> Self {
        Self {
            source: Source::Folder,
            count: chain.revisions().len(),
            heads: chain.heads().into(),
            chain: OnceLock::from(chain),
            ledger,
            session: SessionSettings::NONE,
            schema: None,
            tables: &[],
        }
    }

    /// Returns the same chain for a scratch database, which contains its ledger as well: see
    /// [`LedgerNames::apart`].
    #[must_use]
    pub fn apart(&self, dialect: Dialect) -> Self {
        Self {
            ledger: self.ledger.apart(dialect),
            ..self.clone()
        }
    }

    /// Returns the chain.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        self.chain.get_or_init(|| match self.source {
            Source::Embedded { texts, table } => {
                Chain::embedded(migrate_core::embedded::decode(texts, table))
            }
            Source::Folder => Chain::empty(),
        })
    }

    /// Returns the heads of the chain, sorted.
    pub(crate) fn heads(&self) -> Vec<RevisionId> {
        self.heads.iter().map(|(id, _)| id.clone()).collect()
    }

    /// Returns the revisions of the chain, in the order of their files' names.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        self.chain().revisions()
    }

    /// Whether the database is exactly where the chain ends, and has these tables, in one round
    /// trip.
    pub(crate) async fn is_current(
        &self,
        session: &mut dyn Session,
        places: &[Place],
    ) -> Result<bool, Error> {
        let tables = Tables::new(session.dialect(), &self.ledger);
        match tables.summary(session, &self.heads, places).await? {
            Some(summary) => Ok(summary.rows == self.count
                && summary.unfinished == 0
                && summary.heads == self.heads.len()
                && summary.tables == places.len()),
            None => Ok(self.count == 0),
        }
    }

    /// Applies the pending revisions, and returns what it did.
    ///
    /// An up-to-date database costs one round trip and takes no lock.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what was applied before stays applied.
    pub async fn run<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Report, Error> {
        self.runner().run(pool).await
    }

    /// Reverts the last revision.
    ///
    /// # Data loss
    ///
    /// A `down` that drops a table drops its rows.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn revert<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Report, Error> {
        self.runner().revert(pool).await
    }

    /// Applies nothing, and refuses a database that is not exactly where the chain ends, or that lacks
    /// a table which the revisions create.
    ///
    /// It is for a start on its own: while another version is being deployed, the one that is still
    /// running would be refused. [`Migrations::ensure_compatible`] is for that.
    ///
    /// It is one round trip if all is well. The tables are those of schema.lock as it was when the
    /// application was compiled; without one, only the ledger is read. `Migrations::verify` compares
    /// the columns, indexes and constraints as well.
    ///
    /// # Errors
    ///
    /// [`Error::NotCurrent`], [`Error::Newer`], [`Error::AnotherChain`], [`Error::Changed`], [`Error::Unfinished`] or
    /// [`Error::MissingTables`] says what is not as it should be.
    pub async fn ensure_current<DB: Backend>(&self, pool: &Pool<DB>) -> Result<(), Error> {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let places = required_tables::of(self.tables, connection.dialect());
        if self.is_current(&mut *connection, places).await? {
            return Ok(());
        }
        let mut engine = self.engine(&mut *connection, Options::DEFAULT);
        let joined = engine.read().await?;
        joined.judge(false)?;
        let pending = joined.status().pending;
        if !pending.is_empty() {
            return Err(Error::NotCurrent { pending });
        }
        required_tables::ensure(&mut *connection, places).await
    }

    /// Applies nothing, and refuses a database that this version of the application cannot work with:
    /// for a health check, and for a start beside other versions in a rolling deployment.
    ///
    /// It is one query. The [phase](migrate_core::Phase) of each revision decides, which the ledger
    /// keeps:
    ///
    /// | the database | |
    /// |---|---|
    /// | is current | accepted |
    /// | has revisions that the chain does not know, all of them `expand` | accepted |
    /// | … one of them `contract` | [`Error::Newer`] |
    /// | lacks revisions, all of them `contract` | accepted |
    /// | … one of them `expand` | [`Error::NotCurrent`] |
    /// | was changed, is unfinished, lacks a table | as [`Migrations::ensure_current`] |
    ///
    /// ```no_run
    /// # async fn health(migrations: &migrate_sqlx::Migrations, pool: sqlx::SqlitePool) -> u16 {
    /// match migrations.ensure_compatible(&pool).await {
    ///     Ok(()) => 200,
    ///     Err(_) => 503,
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::ensure_current`].
    pub async fn ensure_compatible<DB: Backend>(&self, pool: &Pool<DB>) -> Result<(), Error> {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let session = &mut *connection;
        let dialect = session.dialect();
        let places = required_tables::of(self.tables, dialect);
        let tables = Tables::new(dialect, &self.ledger);
        let (rows, count) = tables.outline(session, places).await?;
        let mut state = ChainState::new(self.chain(), rows, dialect);
        if state.judge_changed().is_err() || state.judge_unfinished(None).is_err() {
            // Only the texts tell an edited `down` from an edited `up`, and where a revision stopped.
            state = self.engine(session, Options::DEFAULT).read().await?;
        }
        state.judge_compatible()?;
        match count == places.len() {
            true => Ok(()),
            false => required_tables::ensure(session, places).await,
        }
    }

    /// Returns where the database is. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or its table is not a ledger.
    pub async fn status<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Status, Error> {
        Ok(self.state(pool).await?.status())
    }

    /// Returns the chain beside the ledger: what [`Migrations::status`] shows and what is planned
    /// from. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or its table is not a ledger.
    #[doc(hidden)]
    pub async fn state<DB: Backend>(&self, pool: &Pool<DB>) -> Result<ChainState<'_>, Error> {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let dialect = connection.dialect();
        let tables = Tables::new(dialect, &self.ledger);
        let rows = tables.read(&mut *connection).await?.unwrap_or_default();
        Ok(ChainState::new(self.chain(), rows, dialect))
    }

    /// Returns every event, the oldest first. Writes nothing.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or its table is not a ledger.
    pub async fn events<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Vec<LedgerEvent>, Error> {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let session = &mut *connection;
        Tables::new(session.dialect(), &self.ledger)
            .events(session)
            .await
    }

    /// Reads the database's schema, without the tables of the ledger. Writes nothing.
    ///
    /// # Errors
    ///
    /// See [`SchemaReader::read`].
    #[cfg(any(feature = "cli", feature = "verify"))]
    pub async fn schema<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Schema, Error> {
        SchemaReader::new(self.ledger.clone()).read(pool).await
    }

    /// Refuses a database that is not where the chain ends, or whose tables are not those that the
    /// revisions create: the schema that schema.lock keeps is in the binary. Writes nothing,
    /// and needs no scratch database.
    ///
    /// What the database has beyond that is not a danger to an application and is accepted;
    /// `cargo migrate verify` reports it.
    ///
    /// ```no_run
    /// # async fn example(migrations: &migrate_sqlx::Migrations, pool: sqlx::SqlitePool) -> Result<(), migrate_sqlx::Error> {
    /// migrations.verify(&pool).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::ensure_current`]; [`Error::SchemaDiffers`] names what is missing or
    /// different, [`Error::NoSchema`] a binary that has no schema of this database's dialect.
    #[cfg(feature = "verify")]
    pub async fn verify<DB: Backend>(&self, pool: &Pool<DB>) -> Result<(), Error> {
        use migrate_schema::lock::SchemaLock;
        use migrate_schema::{DifferenceKind, differences};

        self.ensure_current(pool).await?;
        let reader = SchemaReader::new(self.ledger.clone()).without_state();
        let actual = reader.read(pool).await?;
        let dialect = actual.dialect;
        let none = || Error::NoSchema { dialect };
        let lock = SchemaLock::parse(SchemaLock::FILE, self.schema.ok_or_else(none)?);
        let mut lock = lock.map_err(|_| none())?;
        let expected = lock.schemas.remove(&dialect).ok_or_else(none)?;
        let mut found = differences(&expected, &actual);
        found.retain(|difference| difference.kind != DifferenceKind::Extra);
        match found.is_empty() {
            true => Ok(()),
            false => Err(Error::SchemaDiffers { differences: found }),
        }
    }

    /// Returns what [`Migrations::run`] would apply, in order. Writes nothing.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn plan<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Vec<RevisionId>, Error> {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let mut engine = self.engine(&mut *connection, Options::DEFAULT);
        let joined = engine.read().await?;
        let plan = joined.plan_up(&Target::heads(), false)?;
        let id = |index| joined.graph.id(index).clone();
        Ok(plan.steps.into_iter().map(id).collect())
    }

    /// Writes a plan as a script for the database's own client. Asks no database.
    ///
    /// The plan's indices are those of [`Migrations::revisions`].
    ///
    /// # Errors
    ///
    /// A revision has no way in the plan's direction on this database.
    #[cfg(feature = "cli")]
    #[doc(hidden)]
    pub fn script(&self, dialect: Dialect, plan: &migrate_core::Plan) -> Result<Script, Error> {
        let chain = self.chain();
        let material = Material {
            dialect,
            ledger: &self.ledger,
            session: &self.session,
            database: None,
            graph: chain.graph(),
            revisions: chain.revisions(),
            recorded: std::collections::BTreeMap::new(),
        };
        Script::write(&material, plan)
    }

    /// Begins a run with settings of its own.
    pub fn runner(&self) -> Runner<'_> {
        Runner::new(self)
    }
}

impl Migrations {
    pub(crate) fn engine<'a>(
        &'a self,
        session: &'a mut dyn Session,
        options: Options,
    ) -> Engine<'a> {
        Engine::new(session, self.chain(), &self.ledger, options)
    }
}
