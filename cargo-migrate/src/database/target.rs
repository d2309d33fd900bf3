//! The choice of the target database.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use migrate_core::{Config, Dialect, Env};
use migrate_sqlx::__cli::{Create, Database, DatabaseUrl};
use migrate_sqlx::SessionSettings;
use sqlx::sqlite::SqliteConnectOptions;

use crate::database::extensions;
use crate::database::local_servers::LocalServers;
use crate::database::server::{Making, Server};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::left_out::LeftOut;
use crate::output::redacted::redacted;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;

/// The chosen database, and whether it is protected.
#[derive(Clone)]
pub(crate) struct Chosen {
    /// May hold a password: only [`Chosen::shown`] is for people.
    url: String,
    /// The environment that was named or is the default.
    pub(crate) env: Option<Env>,
    pub(crate) scratch: ScratchServer,
    /// Whether its whole server is temporary, so that nobody else has anything on it.
    thrown_away: bool,
    left_out: Arc<LeftOut>,
    /// The extensions that its connections load, on SQLite.
    pub(crate) extensions: Vec<String>,
    /// What its sessions are set to.
    pub(crate) session: SessionSettings,
    /// Whether DATABASE_URL names another one, which was not used.
    pub(crate) passes_over: bool,
}

/// Where scratch databases are created.
#[derive(Clone, Default)]
pub(crate) enum ScratchServer {
    #[default]
    Beside,
    /// On another server; the url may hold a password as well.
    Url(String),
    /// On one that is started for them.
    Local(Rc<LocalServers>),
}

impl Chosen {
    /// Chooses a database by its url, without an environment.
    pub(crate) fn new(url: impl Into<String>, left_out: &Arc<LeftOut>) -> Self {
        Self {
            url: url.into(),
            env: None,
            scratch: ScratchServer::Beside,
            thrown_away: false,
            left_out: Arc::clone(left_out),
            extensions: Vec::new(),
            session: SessionSettings::NONE,
            passes_over: false,
        }
    }

    /// Returns the url, password and all: not for people.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the url without password and settings.
    pub(crate) fn shown(&self) -> String {
        redacted(&self.url)
    }

    /// The same choice of another database.
    pub(crate) fn with_url(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            scratch: ScratchServer::Beside,
            passes_over: false,
            ..self.clone()
        }
    }

    /// The same choice on a temporary server.
    pub(crate) fn on_thrown_away(&self, url: &str) -> Self {
        Self {
            thrown_away: true,
            ..self.with_url(url)
        }
    }

    /// What replays in scratch databases for it leave out.
    pub(crate) const fn left_out(&self) -> &Arc<LeftOut> {
        &self.left_out
    }

    /// Returns true if its whole server is temporary.
    pub(crate) const fn is_thrown_away(&self) -> bool {
        self.thrown_away
    }

    /// Reads its url.
    pub(crate) fn parsed(&self) -> Result<DatabaseUrl, CommandError> {
        DatabaseUrl::parse(&self.url)
            .map_err(|error| CommandError::from(error).of_database(&self.shown()))
    }

    /// The options of an SQLite database, with its extensions.
    pub(crate) fn sqlite(&self) -> Result<SqliteConnectOptions, CommandError> {
        let options = self.parsed()?.sqlite()?;
        let extensions = self.extensions.iter().cloned();
        Ok(extensions.fold(options, extensions::load))
    }

    /// Notes that DATABASE_URL is not used.
    pub(crate) fn report_passed_over(&self, ui: &Ui) {
        if let (true, Some(env)) = (self.passes_over, &self.env) {
            ui.status(format_args!(
                "{} DATABASE_URL is set but not used: `[env.{}]` in {} comes first",
                styled(style::HELP, "note:"),
                env.name,
                Config::FILE
            ));
        }
    }

    /// Connects to its server; returns the database's name there as well.
    pub(crate) async fn server(&self) -> Result<(Server, String), CommandError> {
        Server::connect(&self.parsed()?)
            .await
            .map_err(|error| CommandError::from(error).of_database(&self.shown()))
    }

    /// Connects to the server where scratch databases for it are made; returns what one is made
    /// with there.
    pub(crate) async fn scratch(&self) -> Result<(Self, Server, Making), CommandError> {
        let (place, made) = match &self.scratch {
            ScratchServer::Beside => (self.clone(), None),
            ScratchServer::Url(url) => (self.with_url(url), None),
            ScratchServer::Local(servers) => {
                let real = self.server().await.ok();
                let (url, making) = servers.like(real, Dialect::from_url(&self.url)).await?;
                (self.on_thrown_away(&url), Some(making))
            }
        };
        let (mut server, name) = place.server().await?;
        let making = match made {
            Some(making) => making,
            None => {
                let making = server.making(&name).await;
                let failed =
                    |error: sqlx::Error| CommandError::from(migrate_sqlx::Error::from(error));
                making.map_err(failed)?.of_ours()
            }
        };
        Ok((place, server, making))
    }

    /// Returns the name of the environment if it is protected.
    pub(crate) fn protected(&self) -> Option<&str> {
        let env = self.env.as_ref()?;
        env.protected.then_some(env.name.as_str())
    }

    /// Connects to it.
    pub(crate) async fn connect(&self, create: Create) -> Result<Database, CommandError> {
        let url = self.parsed()?;
        let patience = url
            .patience()
            .map_or(CONNECT, |patience| patience.max(CONNECT));
        let connecting = async {
            match url.dialect() {
                Dialect::Sqlite if url.is_in_memory() => {
                    Ok(Database::open_sqlite(self.sqlite()?, Create::Missing).await)
                }
                Dialect::Sqlite => Ok(Database::open_sqlite(self.sqlite()?, create).await),
                Dialect::Postgres | Dialect::MySql => {
                    Ok(Database::open(&url, create, &self.session).await)
                }
            }
        };
        match tokio::time::timeout(patience, connecting).await {
            Ok(Ok(Ok(database))) => Ok(database),
            Ok(Ok(Err(error))) => Err(self.refused(error)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(CommandError::new(
                Failure::Database,
                format!("`{}` does not answer", self.shown()),
            )
            .cause(format_args!("no answer for {} seconds", patience.as_secs()))
            .help("check that the server is running, and that host and port are correct")),
        }
    }

    fn refused(&self, error: migrate_sqlx::Error) -> CommandError {
        let extension = (!self.extensions.is_empty()).then(|| extensions::not_loaded(&error));
        match extension.flatten() {
            Some(failed) => failed,
            None => CommandError::from(error).of_database(&self.shown()),
        }
    }
}

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(30);
