//! Which database is meant.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use migrate_core::{Config, Env};
use migrate_sqlx::{Create, Database};

use crate::context::Context;
use crate::error::CommandError;
use crate::scratch::{LeftOut, LocalServers};
use crate::server::{Making, Server};

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

    /// A database in memory, which is nobody else's.
    pub(crate) fn memory(context: &Context) -> Self {
        Self {
            url: "sqlite::memory:".to_owned(),
            env: None,
            scratch: ScratchServer::Beside,
            thrown_away: false,
            left_out: Arc::clone(&context.left_out),
        }
    }

    /// The same choice of another database.
    pub(crate) fn with_url(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            env: self.env.clone(),
            scratch: ScratchServer::Beside,
            thrown_away: self.thrown_away,
            left_out: Arc::clone(&self.left_out),
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

    /// Returns its url, where that is not read in another way than it was meant.
    pub(crate) fn checked_url(&self) -> Result<&str, CommandError> {
        Database::check_url(&self.url)
            .map_err(|error| CommandError::from(error).place(&self.shown()))?;
        Ok(&self.url)
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
                let told = |error| CommandError::from(migrate_sqlx::Error::Database(error));
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
        let connected = tokio::time::timeout(CONNECT, Database::connect(&self.url, create)).await;
        match connected {
            Ok(Ok(database)) => Ok(database),
            Ok(Err(error)) => Err(CommandError::from(error).place(&self.shown())),
            Err(_) => Err(CommandError::failed(
                "database",
                format!("`{}` does not answer", self.shown()),
            )
            .cause(format_args!(
                "nothing came for {} seconds",
                CONNECT.as_secs()
            ))
            .help("is the server running, and are host and port right?")),
        }
    }
}

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(30);

/// A url without its password, and without its settings, which may hold one.
pub(crate) fn redacted(url: &str) -> String {
    let place = |url: &str| url.split('?').next().unwrap_or_default().to_owned();
    if url.starts_with("sqlite:") {
        return place(url);
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    // What is no word may be a part of a password.
    if !scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        return "…".to_owned();
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if rest[authority.len()..].contains('@') {
        // Whether this sign is of a setting or of a password that its writer forgot to encode,
        // nobody can say: only the first word is none.
        let word = rest.split([':', '/', '?', '#', '@']).next();
        return format!("{scheme}://{}…", word.unwrap_or_default());
    }
    let rest = place(rest.split('#').next().unwrap_or_default());
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", &rest));
    match user.split(':').next().unwrap_or_default() {
        "" => format!("{scheme}://{place}"),
        user => format!("{scheme}://{user}@{place}"),
    }
}

impl Context {
    /// Chooses the database: `--database-url`, then the environment's url, then `DATABASE_URL`.
    pub(crate) fn database(&self) -> Result<Chosen, CommandError> {
        let config = self.config()?;
        let env = self.env(config)?;
        if let Some(url) = &self.args.database_url {
            return Ok(Chosen {
                url: url.clone(),
                scratch: self.scratch_of(env.as_ref())?,
                env,
                thrown_away: false,
                left_out: Arc::clone(&self.left_out),
            });
        }
        if let Some(Env {
            name,
            url: Some(url),
            ..
        }) = &env
        {
            let url = self.expand(name, url)?;
            let url = self.beside_config(url)?;
            let scratch = self.scratch_of(env.as_ref())?;
            return Ok(Chosen {
                url,
                env,
                scratch,
                thrown_away: false,
                left_out: Arc::clone(&self.left_out),
            });
        }
        match self.variable("DATABASE_URL")? {
            Some(url) if !url.is_empty() => Ok(Chosen {
                url,
                scratch: self.scratch_of(env.as_ref())?,
                env,
                thrown_away: false,
                left_out: Arc::clone(&self.left_out),
            }),
            _ => Err(
                CommandError::failed("no-database", "no database is named").help(format!(
                    "say `--database-url <url>`, set DATABASE_URL, or write `url = \"sqlite://dev.db\"` below `[env.{}]` in {}",
                    config.default_env,
                    Config::FILE
                )),
            ),
        }
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
        let url = self.beside_config(self.expand(name, url)?)?;
        Ok(Chosen {
            url,
            scratch: self.scratch_of(Some(env))?,
            env: Some(env.clone()),
            thrown_away: false,
            left_out: Arc::clone(&self.left_out),
        })
    }

    /// An environment's server for throw-away databases.
    fn scratch_of(&self, env: Option<&Env>) -> Result<ScratchServer, CommandError> {
        let said = env.and_then(|env| Some((&env.name, env.scratch_url.as_deref()?)));
        match said {
            None => Ok(ScratchServer::Beside),
            Some((_, "local")) => Ok(ScratchServer::Local(Rc::clone(&self.local_servers))),
            Some((name, url)) => self.expand(name, url).map(ScratchServer::Url),
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

    /// Fills in `${NAME}`.
    fn expand(&self, env: &str, url: &str) -> Result<String, CommandError> {
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
                    format!("the url of `[env.{env}]` has a `${{…}}` that names no variable"),
                )
                .help("a name has only letters, digits and `_`: `${DATABASE_URL}`"));
            }
            let value = self.variable(name)?.filter(|value| !value.is_empty());
            expanded.push_str(&value.ok_or_else(|| {
                CommandError::failed(
                    "unset-variable",
                    format!(
                        "the url of `[env.{env}]` needs the variable `{name}`, which is not set"
                    ),
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

    /// An SQLite file that migrate.toml names is beside it, wherever the command is started.
    fn beside_config(&self, url: String) -> Result<String, CommandError> {
        let root = self.root()?;
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Ok(url);
        };
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if root == self.start || path.starts_with(['/', ':', '?']) || path.starts_with("file:") {
            return Ok(url);
        }
        let root = root
            .to_string_lossy()
            .replace('%', "%25")
            .replace('?', "%3f");
        Ok(format!("sqlite://{root}/{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            (
                "postgres://me:s3cret@host:5432/app",
                "postgres://me@host:5432/app",
            ),
            (
                "postgres://me:s3c@ret@host/app#s3cret",
                "postgres://me@host/app",
            ),
            (
                "postgres://me:s3/c@r?e#t@host/app?password=s3cret",
                "postgres://me…",
            ),
            ("postgres://me:12/34@host/app", "postgres://me…"),
            ("mysql://host/app?password=s3cret", "mysql://host/app"),
            ("mysql://host/app?password=s3@cret", "mysql://host…"),
            ("mysql://host:1?password=s3@cret", "mysql://host…"),
            ("postgres://:s3cret@host/app", "postgres://host/app"),
            ("postgres:me:s3cret@host/app", "…"),
            ("me:s3cret@host/app", "…"),
            ("s3cret", "…"),
            ("", "…"),
            ("sqlite://a/b@c.db?mode=rwc", "sqlite://a/b@c.db"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
