//! Chooses the database: `--database-url`, the environment of migrate.toml, or DATABASE_URL.

use std::path::Path;
use std::rc::Rc;

use migrate_core::{Config, Dialect, Env};
use migrate_sqlx::__cli::DatabaseUrl;

use super::Context;
use crate::database::extensions;
use crate::database::target::{Chosen, ScratchServer};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::redacted::redacted;
use crate::output::ui::Ui;

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
            // If an environment is named, no note is needed.
            chosen.passes_over = !self.names_env() && self.other_database_url(&chosen);
            return Ok(chosen);
        }
        match self.database_url()? {
            Some(url) => self.choose(url, env),
            None => Err(
                CommandError::new(Failure::NoDatabase, "no database is named").help(format!(
                    "pass `--database-url <url>`, set DATABASE_URL, or write `url = \"sqlite://dev.db\"` below `[env.{}]` in {}",
                    config.default_env,
                    Config::FILE
                )),
            ),
        }
    }

    /// [`Context::database`] of a command that writes: where DATABASE_URL names another one, it
    /// says so.
    pub(crate) fn database_to_write(&self, ui: &Ui) -> Result<Chosen, CommandError> {
        let chosen = self.database()?;
        chosen.report_passed_over(ui);
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
            return Err(CommandError::new(
                Failure::NoDatabase,
                format!("the environment `{name}` has no url"),
            ));
        };
        self.choose(self.url_of(name, url)?, Some(env.clone()))
    }

    /// Returns the database of a url that is compared with another.
    pub(crate) fn database_at(&self, url: &str) -> Result<Chosen, CommandError> {
        self.choose(url.to_owned(), None)
    }

    /// A database of SQLite in memory, which is nobody else's.
    pub(crate) fn memory(&self) -> Result<Chosen, CommandError> {
        let env = self.env(self.config()?)?;
        let mut chosen = Chosen::new("sqlite::memory:", &self.left_out);
        chosen.extensions = self.extensions_of(env.as_ref())?;
        Ok(chosen)
    }

    /// Accepts a url if the project is for its database: nothing is opened or created before.
    fn choose(&self, url: String, env: Option<Env>) -> Result<Chosen, CommandError> {
        let config = self.config()?;
        let dialect = Dialect::from_url(&url);
        if let Some(dialect) = dialect
            && config.lists_dialects
            && !config.dialects.contains(dialect)
        {
            return Err(wrong_dialect(&url, dialect, config));
        }
        let mut chosen = Chosen::new(url, &self.left_out);
        chosen.scratch = self.scratch_of(env.as_ref())?;
        if dialect == Some(Dialect::Sqlite) {
            chosen.extensions = self.extensions_of(env.as_ref())?;
        }
        chosen.session = config.session_of(env.as_ref());
        chosen.env = env;
        Ok(chosen)
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

    /// DATABASE_URL of the process, or of `.env`, if a file of SQLite is beside it: so it is for
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
            Ok(Some(url)) => url != chosen.url() && place(&url) != place(chosen.url()),
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
    /// wherever the command is started; if the whole url is a variable of `.env`, beside that.
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

    /// An environment's server for scratch databases.
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

    /// The environment of `--env`, of `MIGRATE_ENV`, or the default one if it exists.
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
                        .help(format!("expected one of `{}`", names.join("`, `")))
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
                // It may be a password.
                return Err(CommandError::new(
                    Failure::UnsetVariable,
                    format!("{what} has a `${{…}}` that names no variable"),
                )
                .help("a name has only letters, digits and `_`: `${DATABASE_URL}`"));
            }
            let value = self.variable(name)?.filter(|value| !value.is_empty());
            expanded.push_str(&value.ok_or_else(|| {
                CommandError::new(
                    Failure::UnsetVariable,
                    format!("{what} needs the variable `{name}`, which is not set"),
                )
                .help(format!(
                    "set it, write it into .env, or pass `--database-url <url>`: `export {name}=…`"
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
    CommandError::new(
        Failure::WrongDialect,
        format!(
            "`{}` is a database of {}, and the project is for {}",
            redacted(url),
            dialect.name(),
            listed.join(", ")
        ),
    )
    .help(format!(
        "use a database of those, or add `{dialect:?}` to `dialects` in {}: every revision must support it then",
        Config::FILE,
        dialect = dialect.as_str()
    ))
}
