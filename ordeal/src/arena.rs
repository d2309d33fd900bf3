//! The environment of an ordeal.

use std::path::{Path, PathBuf};

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use url::Url;

use crate::chain::{Chain, Transactions};
use crate::migrator::{Ended, Migrator};
use crate::picture::Picture;
use crate::server::Server;
use crate::{Result, Tally};

/// The command, its database, and the number of rounds.
#[derive(Clone, Debug)]
pub struct Arena {
    /// The command: the built `cargo-migrate`.
    pub binary: PathBuf,
    /// The database.
    pub dialect: Dialect,
    /// The server's url; empty for SQLite.
    pub server: String,
    /// The url that migrators use in its place, as that of a proxy.
    pub through: Option<String>,
    /// What the databases are named after, so that no two ordeals share one.
    pub name: String,
    /// The number of rounds.
    pub rounds: u32,
    /// The seed of the random numbers.
    pub seed: u64,
}

impl Arena {
    /// Takes the servers that `tests/with-servers` started.
    ///
    /// # Errors
    ///
    /// The server's url is not in the environment.
    pub fn new(binary: impl Into<PathBuf>, dialect: Dialect, name: &str) -> Result<Self> {
        let server = match dialect {
            Dialect::Sqlite => String::new(),
            Dialect::Postgres => variable("MIGRATE_TEST_POSTGRES_URL")?,
            Dialect::MySql => variable("MIGRATE_TEST_MYSQL_URL")?,
        };
        Ok(Self {
            binary: binary.into(),
            dialect,
            server,
            through: None,
            name: name.to_owned(),
            rounds: 1,
            seed: 1,
        })
    }

    /// Sets the number of rounds.
    #[must_use]
    pub fn rounds(self, rounds: u32) -> Self {
        Self { rounds, ..self }
    }

    /// The same, where migrators connect through the proxy of `tests/with-servers`, which pools
    /// transactions.
    ///
    /// # Errors
    ///
    /// The proxy's url is not in the environment.
    pub fn through_pgbouncer(&self) -> Result<Self> {
        Ok(Self {
            through: Some(variable("MIGRATE_TEST_PGBOUNCER_URL")?),
            ..self.clone()
        })
    }

    /// The same on a server of its own.
    pub(crate) fn on(&self, server: &Server) -> Self {
        Self {
            server: server.url().to_owned(),
            ..self.clone()
        }
    }

    /// The random numbers of a round, the same in each run.
    pub(crate) fn random(&self, round: u32) -> fastrand::Rng {
        let turn = u64::from(round).wrapping_mul(0xd6e8_feb8_6659_fd93);
        fastrand::Rng::with_seed(self.seed ^ turn)
    }

    /// Creates an empty database.
    pub(crate) async fn database(&self) -> TestDatabase {
        match self.dialect {
            Dialect::Sqlite => TestDatabase::create(self.dialect, &self.name).await,
            Dialect::Postgres | Dialect::MySql => {
                TestDatabase::create_on(&self.server, &self.name).await
            }
        }
    }

    /// What migrators connect to.
    pub(crate) fn url(&self, database: &TestDatabase) -> String {
        match &self.through {
            None => database.url().to_owned(),
            Some(through) => elsewhere(database.url(), through),
        }
    }

    /// Returns the database after an undisturbed run.
    pub(crate) async fn undisturbed(&self, chain: &Chain) -> Result<(Picture, Ended)> {
        let database = self.database().await;
        let run = Migrator::start(chain.command(&self.url(&database), &["run"]))?;
        let ended = run.end().await?;
        if ended.code != Some(0) {
            return Err(format!("an undisturbed run failed:\n{}", ended.said).into());
        }
        Ok((Picture::take(&database).await?, ended))
    }

    /// A chain that is applied here.
    pub(crate) fn chain(&self, revisions: usize) -> Result<Chain> {
        self.chain_with(revisions, Transactions::Used)
    }

    /// The same, where its sections say how they run.
    pub(crate) fn chain_with(&self, revisions: usize, transactions: Transactions) -> Result<Chain> {
        let project = TestProject::empty(&self.binary);
        Chain::write(project, self.dialect, revisions, transactions)
    }

    /// An ordeal that has seen nothing yet.
    pub(crate) fn tally(&self) -> Tally {
        Tally::new(self.rounds)
    }
}

/// Reads a variable that `tests/with-servers` sets.
pub(crate) fn variable(name: &str) -> Result<String> {
    std::env::var(name)
        .map_err(|_| format!("{name} is not set: run this with `tests/with-servers`").into())
}

/// The same user and database on the server of another url.
pub(crate) fn elsewhere(url: &str, server: &str) -> String {
    let database = url.rsplit('/').next().unwrap_or_default();
    let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
    format!("{base}/{database}")
}

/// The same database as another user.
pub(crate) fn as_user(url: &str, user: &str, password: &str) -> Result<String> {
    let mut url = Url::parse(url)?;
    let set = url
        .set_username(user)
        .and_then(|()| url.set_password(Some(password)));
    set.map_err(|()| "the url takes a user")?;
    Ok(url.to_string())
}

/// The file of an SQLite database.
pub(crate) fn file(url: &str) -> &Path {
    let path = url.trim_start_matches("sqlite://");
    Path::new(path.split('?').next().unwrap_or(path))
}
