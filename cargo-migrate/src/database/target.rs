//! Which database is meant.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use migrate_core::{Config, Dialect, Env};
use migrate_sqlx::__cli::{Create, Database, DatabaseUrl};
use migrate_sqlx::SessionSettings;
use sqlx::sqlite::SqliteConnectOptions;

use crate::database::extensions;
use crate::database::server::{Making, Server};
use crate::output::error::CommandError;
use crate::output::redacted::redacted;
use crate::output::ui::{Ui, style, styled};
use crate::project::context::Context;
use crate::scratch::{LeftOut, LocalServers};

/// A database that was chosen, and how careful to be with it.
#[derive(Clone)]
pub(crate) struct Chosen {
    /// May hold a password: only [`Chosen::shown`] is for people.
    url: String,
    /// The environment that was named or is the default.
    pub(crate) env: Option<Env>,
    scratch: ScratchServer,
    /// Whether its whole server is thrown away, so that nothing on it is anybody's.
    thrown_away: bool,
    left_out: Arc<LeftOut>,
    /// The extensions that its connections load, on SQLite.
    extensions: Vec<String>,
    /// What its sessions are set to.
    pub(crate) session: SessionSettings,
    /// Whether DATABASE_URL names another one, which was not used.
    passes_over: bool,
}

/// Where throw-away databases are made.
#[derive(Clone, Default)]
enum ScratchServer {
    #[default]
    Beside,
    /// On another server; the url may hold a password as well.
    Url(String),
    /// On one that is started for them.
    Local(Rc<LocalServers>),
}

impl Chosen {
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
            env: self.env.clone(),
            scratch: ScratchServer::Beside,
            thrown_away: self.thrown_away,
            left_out: Arc::clone(&self.left_out),
            extensions: self.extensions.clone(),
            session: self.session.clone(),
            passes_over: false,
        }
    }

    /// The same choice on a server that is thrown away.
    pub(crate) fn on_thrown_away(&self, url: &str) -> Self {
        Self {
            thrown_away: true,
            ..self.with_url(url)
        }
    }

    /// What throw-away databases for it leave out.
    pub(crate) const fn left_out(&self) -> &Arc<LeftOut> {
        &self.left_out
    }

    /// Says whether its whole server is thrown away.
    pub(crate) const fn is_thrown_away(&self) -> bool {
        self.thrown_away
    }

    /// Reads its url.
    pub(crate) fn parsed(&self) -> Result<DatabaseUrl, CommandError> {
        DatabaseUrl::parse(&self.url)
            .map_err(|error| CommandError::from(error).place(&self.shown()))
    }

    /// The options of an SQLite database, with its extensions.
    pub(crate) fn sqlite(&self) -> Result<SqliteConnectOptions, CommandError> {
        let options = self.parsed()?.sqlite()?;
        let extensions = self.extensions.iter().cloned();
        Ok(extensions.fold(options, extensions::load))
    }

    /// Says that DATABASE_URL does not count.
    fn tell_passed_over(&self, ui: &Ui) {
        if let (true, Some(env)) = (self.passes_over, &self.env) {
            ui.status(format_args!(
                "{} DATABASE_URL is set and not used: `[env.{}]` in {} comes first",
                styled(style::HELP, "note:"),
                env.name,
                Config::FILE
            ));
        }
    }

    /// Connects to the server where throw-away databases for it are made; returns what one is made
    /// with there.
    pub(crate) async fn scratch(&self) -> Result<(Self, Server, Making), CommandError> {
        let (place, made) = match &self.scratch {
            ScratchServer::Beside => (self.clone(), None),
            ScratchServer::Url(url) => (self.with_url(url), None),
            ScratchServer::Local(servers) => {
                let (place, making) = servers.like(self).await?;
                (place, Some(making))
            }
        };
        let (mut server, name) = Server::of(&place).await?;
        let making = match made {
            Some(making) => making,
            None => {
                let making = server.making(&name).await;
                let told =
                    |error: sqlx::Error| CommandError::from(migrate_sqlx::Error::from(error));
                making.map_err(told)?.of_ours()
            }
        };
        Ok((place, server, making))
    }

    /// Returns the name of the environment where it is protected.
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
            Err(_) => Err(CommandError::failed(
                "database",
                format!("`{}` does not answer", self.shown()),
            )
            .cause(format_args!(
                "nothing came for {} seconds",
                patience.as_secs()
            ))
            .help("is the server running, and are host and port right?")),
        }
    }

    fn refused(&self, error: migrate_sqlx::Error) -> CommandError {
        let extension = (!self.extensions.is_empty()).then(|| extensions::not_loaded(&error));
        match extension.flatten() {
            Some(told) => told,
            None => CommandError::from(error).place(&self.shown()),
        }
    }
}

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(30);

impl Context {
    /// Chooses the database: `--database-url`, then the environment's url, then `DATABASE_URL`.
    pub(crate) fn database(&self) -> Result<Chosen, CommandError> {
        let config = self.config()?;
        let env = self.env(config)?;
        let is_protected = env.as_ref().is_some_and(|env| env.protected);
        self.args.place.protect(is_protected);
        if let Some(url) = &self.args.database_url {
            return self.choose(url.clone(), env);
        }
        if let Some(Env {
            name,
            url: Some(url),
            ..
        }) = &env
        {
            let url = self.url_of(name, url)?;
            let mut chosen = self.choose(url, env)?;
            // Whoever names an environment knows that it counts.
            chosen.passes_over = !self.names_env() && self.other_database_url(&chosen);
            return Ok(chosen);
        }
        match self.database_url()? {
            Some(url) => self.choose(url, env),
            None => Err(
                CommandError::failed("no-database", "no database is named").help(format!(
                    "say `--database-url <url>`, set DATABASE_URL, or write `url = \"sqlite://dev.db\"` below `[env.{}]` in {}",
                    config.default_env,
                    Config::FILE
                )),
            ),
        }
    }

    /// [`Context::database`] of a command that writes: where DATABASE_URL names another one, it says
    /// so.
    pub(crate) fn database_to_write(&self, ui: &Ui) -> Result<Chosen, CommandError> {
        let chosen = self.database()?;
        chosen.tell_passed_over(ui);
        Ok(chosen)
    }

    /// Returns the database of an environment.
    pub(crate) fn database_of(&self, name: &str) -> Result<Chosen, CommandError> {
        let config = self.config()?;
        let Some(env) = config.env(name) else {
            return Err(
                CommandError::usage(format!("there is no environment `{name}`")).help(format!(
                    "give it a url below `[env.{name}]` in {}",
                    Config::FILE
                )),
            );
        };
        let Some(url) = &env.url else {
            return Err(CommandError::failed(
                "no-database",
                format!("the environment `{name}` has no url"),
            ));
        };
        self.choose(self.url_of(name, url)?, Some(env.clone()))
    }

    /// A database of SQLite in memory, which is nobody else's.
    pub(crate) fn memory(&self) -> Result<Chosen, CommandError> {
        let env = self.env(self.config()?)?;
        Ok(Chosen {
            url: "sqlite::memory:".to_owned(),
            extensions: self.extensions_of(env.as_ref())?,
            session: SessionSettings::NONE,
            env: None,
            scratch: ScratchServer::Beside,
            thrown_away: false,
            left_out: Arc::clone(&self.left_out),
            passes_over: false,
        })
    }

    /// Takes a url, where the project is for its database: nothing is opened or made before.
    fn choose(&self, url: String, env: Option<Env>) -> Result<Chosen, CommandError> {
        let config = self.config()?;
        let dialect = Dialect::from_url(&url);
        if let Some(dialect) = dialect
            && config.lists_dialects
            && !config.dialects.contains(dialect)
        {
            return Err(wrong_dialect(&url, dialect, config));
        }
        Ok(Chosen {
            scratch: self.scratch_of(env.as_ref())?,
            thrown_away: false,
            left_out: Arc::clone(&self.left_out),
            extensions: match dialect {
                Some(Dialect::Sqlite) => self.extensions_of(env.as_ref())?,
                _ => Vec::new(),
            },
            session: config.session_of(env.as_ref()),
            url,
            env,
            passes_over: false,
        })
    }

    /// The extensions of the project's SQLite databases, or of an environment's.
    fn extensions_of(&self, env: Option<&Env>) -> Result<Vec<String>, CommandError> {
        let config = self.config()?;
        let (said, what) = match env.and_then(|env| Some((env.extensions.as_ref()?, &env.name))) {
            Some((said, name)) => (said, format!("an extension of `[env.{name}.sqlite]`")),
            None => (&config.extensions, "an extension of `[sqlite]`".to_owned()),
        };
        let root = self.root()?;
        said.iter()
            .map(|said| extensions::place(&self.expand(&what, said)?, root))
            .collect()
    }

    /// DATABASE_URL of the process, or of `.env`, where a file of SQLite is beside it: so it is for
    /// the applications that are started there.
    fn database_url(&self) -> Result<Option<String>, CommandError> {
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return Ok(Some(url).filter(|url| !url.is_empty()));
        }
        let file = self.dotenv()?;
        let url = file.get("DATABASE_URL")?.filter(|url| !url.is_empty());
        Ok(url.map(|url| match file.folder() {
            Some(folder) => self.beside(folder, url.to_owned()),
            None => url.to_owned(),
        }))
    }

    /// Whether DATABASE_URL is set, and names another database.
    fn other_database_url(&self, chosen: &Chosen) -> bool {
        let place = |url: &str| {
            DatabaseUrl::parse(url).ok().map(|url| {
                let file = |name: &str| match url.dialect() {
                    Dialect::Sqlite => self.start.join(name).to_string_lossy().into_owned(),
                    Dialect::Postgres | Dialect::MySql => name.to_owned(),
                };
                let servers: Vec<_> = url
                    .servers()
                    .map(|(host, port)| (host.to_owned(), port))
                    .collect();
                (url.dialect(), servers, url.database().map(file))
            })
        };
        match self.database_url() {
            Ok(Some(url)) => url != chosen.url && place(&url) != place(&chosen.url),
            // What cannot be read is no reason to stop here, as it is not used.
            Ok(None) | Err(_) => false,
        }
    }

    /// Whether an environment was named, and is not just the default.
    fn names_env(&self) -> bool {
        let variable = std::env::var("MIGRATE_ENV").ok();
        let named = self.args.env.as_ref().or(variable.as_ref());
        named.is_some_and(|name| !name.is_empty())
    }

    /// An environment's url with its variables filled in. A file of SQLite is beside migrate.toml,
    /// wherever the command is started; where the whole url is a variable of `.env`, beside that.
    fn url_of(&self, env: &str, url: &str) -> Result<String, CommandError> {
        let root = self.root()?;
        let only = url
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        let folder = match only {
            Some(name) if std::env::var_os(name).is_none() => self.dotenv()?.folder(),
            _ => None,
        };
        let expanded = self.expand(&format!("the url of `[env.{env}]`"), url)?;
        Ok(self.beside(folder.unwrap_or(root), expanded))
    }

    /// An environment's server for throw-away databases.
    fn scratch_of(&self, env: Option<&Env>) -> Result<ScratchServer, CommandError> {
        let said = env.and_then(|env| Some((&env.name, env.scratch_url.as_deref()?)));
        match said {
            None => Ok(ScratchServer::Beside),
            Some((_, "local")) => Ok(ScratchServer::Local(Rc::clone(&self.local_servers))),
            Some((name, url)) => self
                .expand(&format!("the url of `[env.{name}]`"), url)
                .map(ScratchServer::Url),
        }
    }

    /// The environment of `--env`, of `MIGRATE_ENV`, or the default one where it exists.
    fn env(&self, config: &Config) -> Result<Option<Env>, CommandError> {
        let variable = std::env::var("MIGRATE_ENV").ok();
        let named = self
            .args
            .env
            .clone()
            .or(variable)
            .filter(|name| !name.is_empty());
        let Some(name) = named else {
            return Ok(config.env(&config.default_env).cloned());
        };
        match config.env(&name) {
            Some(env) => Ok(Some(env.clone())),
            None => {
                let names: Vec<_> = config.envs.iter().map(|env| env.name.clone()).collect();
                let error =
                    CommandError::usage(format!("{} has no environment `{name}`", Config::FILE));
                Err(match names.is_empty() {
                    true => error.help(format!("write `[env.{name}]` and its `url` there")),
                    false => error
                        .help(format!("there are `{}`", names.join("`, `")))
                        .candidates(names),
                })
            }
        }
    }

    /// Fills in `${NAME}`; `what` names the setting.
    fn expand(&self, what: &str, url: &str) -> Result<String, CommandError> {
        let mut expanded = String::new();
        let mut rest = url;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                break;
            };
            expanded.push_str(before);
            let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !name.bytes().all(sound) {
                // What stands there may be a password.
                return Err(CommandError::failed(
                    "unset-variable",
                    format!("{what} has a `${{…}}` that names no variable"),
                )
                .help("a name has only letters, digits and `_`: `${DATABASE_URL}`"));
            }
            let value = self.variable(name)?.filter(|value| !value.is_empty());
            expanded.push_str(&value.ok_or_else(|| {
                CommandError::failed(
                    "unset-variable",
                    format!("{what} needs the variable `{name}`, which is not set"),
                )
                .help(format!(
                    "set it, write it into .env, or say `--database-url <url>`: `export {name}=…`"
                ))
            })?);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    /// The url of an SQLite file that is named from a folder.
    fn beside(&self, folder: &Path, url: String) -> String {
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return url;
        };
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = match path.strip_prefix("file:") {
            Some(file) if !file.starts_with('/') => file,
            _ => path,
        };
        if folder == self.start
            || path.is_empty()
            || path.starts_with(['/', ':', '?'])
            || path.starts_with("file:")
        {
            return url;
        }
        let folder = folder
            .to_string_lossy()
            .replace('%', "%25")
            .replace('?', "%3f");
        format!("sqlite://{folder}/{path}")
    }
}

fn wrong_dialect(url: &str, dialect: Dialect, config: &Config) -> CommandError {
    let listed: Vec<_> = config
        .dialects
        .iter()
        .map(|listed| format!("`{listed}`"))
        .collect();
    CommandError::failed(
        "wrong-dialect",
        format!(
            "`{}` is a database of {}, and the project is for {}",
            redacted(url),
            dialect.name(),
            listed.join(", ")
        ),
    )
    .help(format!(
        "use a database of those, or add `{dialect:?}` to `dialects` in {}: every revision must serve it then",
        Config::FILE,
        dialect = dialect.as_str()
    ))
}
