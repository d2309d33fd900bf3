//! Which database is meant, and where it is on the chain.

use std::future::Future;
use std::time::Duration;

use migrate_core::{
    Chain, Config, Dialect, Dialects, Env, Graph, Plan, Revision, Set, Target, TargetError,
};
use migrate_sqlx::{Create, Database, Error, Migrations, Status};

use crate::context::Context;
use crate::error::CommandError;
use crate::json;

/// A database that was chosen, and how careful to be with it.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// May hold a password: only [`Chosen::shown`] is for people.
    url: String,
    /// The environment that was named or is the default.
    pub(crate) env: Option<Env>,
}

impl Chosen {
    /// Returns the url without password and settings.
    pub(crate) fn shown(&self) -> String {
        redacted(&self.url)
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
fn redacted(url: &str) -> String {
    let without_settings = || url.split('?').next().unwrap_or_default().to_owned();
    let Some((scheme, rest)) = url.split_once("://") else {
        return without_settings();
    };
    if scheme == "sqlite" {
        return without_settings();
    }
    // A password may hold any sign that its writer forgot to encode, so the last `@` counts.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (user.split(':').next().unwrap_or_default(), place),
        None => ("", rest),
    };
    let place = place.split(['?', '#']).next().unwrap_or_default();
    match user.is_empty() {
        true => format!("{scheme}://{place}"),
        false => format!("{scheme}://{user}@{place}"),
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
                env,
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
            return Ok(Chosen { url, env });
        }
        match self.variable("DATABASE_URL")? {
            Some(url) if !url.is_empty() => Ok(Chosen { url, env }),
            _ => Err(
                CommandError::failed("no-database", "no database is named").help(format!(
                    "say `--database-url <url>`, set DATABASE_URL, or write `url = \"sqlite://dev.db\"` below `[env.{}]` in {}",
                    config.default_env,
                    Config::FILE
                )),
            ),
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

/// A chain beside a database: the chain's revisions, and those only the ledger has.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) graph: Graph,
    pub(crate) applied: Set,
    pub(crate) status: Status,
    pub(crate) revisions: Vec<Revision>,
}

impl State {
    /// Reads where the database is. Writes nothing.
    pub(crate) async fn read(
        database: &Database,
        migrations: &Migrations,
    ) -> Result<Self, CommandError> {
        let status = database.status(migrations).await?;
        let mut revisions = migrations.revisions().to_vec();
        for row in status.applied.iter().chain(&status.failed) {
            if status.unknown.contains(&row.revision) {
                let kept = Revision::parse(&row.file, &row.body, Dialects::NONE);
                revisions.extend(kept.ok());
            }
        }
        let graph = Graph::new(&revisions);
        let mut applied = graph.none();
        let reverting = status
            .failed
            .iter()
            .filter(|row| row.state == migrate_sqlx::State::Reverting);
        for row in status.applied.iter().chain(reverting) {
            if let Some(index) = graph.index(&row.revision) {
                applied.insert(index);
            }
        }
        Ok(Self {
            graph,
            applied,
            status,
            revisions,
        })
    }

    /// Refuses what `run` would refuse.
    pub(crate) fn judge(&self) -> Result<(), CommandError> {
        let Status {
            unknown,
            changed,
            failed,
            ..
        } = &self.status;
        if !unknown.is_empty() {
            let revisions = unknown.clone();
            return Err(Error::Newer { revisions }.into());
        }
        if !changed.is_empty() {
            let revisions = changed.clone();
            return Err(Error::Changed { revisions }.into());
        }
        match failed.first() {
            None => Ok(()),
            Some(row) => Err(Error::Unfinished {
                revision: row.revision.clone(),
                statements: row.statements,
                error: row.error.clone(),
                reverting: row.state == migrate_sqlx::State::Reverting,
            }
            .into()),
        }
    }

    /// Returns the applied heads, sorted.
    pub(crate) fn heads(&self) -> Vec<String> {
        json::ids(&self.graph, self.graph.effective_heads(&self.applied))
    }

    /// Returns the plan that leads through these revisions from here.
    pub(crate) fn plan_of(&self, done: &migrate_sqlx::Report) -> Plan {
        Plan {
            direction: done.direction,
            steps: done
                .steps
                .iter()
                .filter_map(|step| self.graph.index(&step.revision))
                .collect(),
            before: self.applied.clone(),
        }
    }
}

/// Makes the runtime's value of a chain.
pub(crate) fn migrations(chain: &Chain, config: &Config) -> Migrations {
    Migrations::new(chain.revisions().to_vec(), config.ledger.clone())
}

/// Returns the applied set of `--from a,b`: these revisions and all they imply.
pub(crate) fn applied_of(graph: &Graph, from: &str) -> Result<Set, TargetError> {
    let none = graph.none();
    let mut indices = Vec::new();
    for word in from
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        indices.extend(word.parse::<Target>()?.resolve(graph, &none)?);
    }
    Ok(graph.ancestors(indices))
}

/// Works until it is done, or until Ctrl-C; calls `tick` now and then meanwhile.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, CommandError>>,
    mut tick: impl FnMut(),
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut work = std::pin::pin!(work);
        let mut interval = tokio::time::interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = tokio::signal::ctrl_c() => {
                    return Err(CommandError::interrupted("interrupted by Ctrl-C")
                        .help("what was finished before stays; `cargo migrate status` shows where the database is"));
                }
                _ = interval.tick() => tick(),
            }
        }
    })
}

/// Guesses the dialect of the feature names of a Cargo.toml.
pub(crate) fn dialect_of_feature(feature: &str) -> Option<Dialect> {
    match feature {
        "sqlite" | "sqlite-unbundled" => Some(Dialect::Sqlite),
        "postgres" => Some(Dialect::Postgres),
        "mysql" => Some(Dialect::MySql),
        _ => None,
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
                "postgres://me:s3/c@r?e#t@host/app?password=s3cret",
                "postgres://me@host/app",
            ),
            ("mysql://host/app?password=s3cret", "mysql://host/app"),
            ("postgres://:s3cret@host/app", "postgres://host/app"),
            ("sqlite://a/b@c.db?mode=rwc", "sqlite://a/b@c.db"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
