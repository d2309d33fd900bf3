use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use migrate_core::{ChainLock, Config, Dialect};

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::Initialised;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::dotenv::Dotenv;
use crate::project::package::PackageRoot;
use crate::project::write;
use crate::schemas::schema_lock;

/// Set up a project: write migrate.toml, migrations/ and chain.lock
///
/// Existing files are not overwritten, so it can be run again.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The databases to support: `sqlite`, `postgres`, `mysql`; by default, those of the features
    /// in Cargo.toml
    #[arg(long, value_name = "DIALECT", value_delimiter = ',')]
    dialect: Vec<String>,
    /// Add a GitHub workflow that checks the chain
    #[arg(long)]
    ci: bool,
}

const WORKFLOW: &str = include_str!("init/migrations.yml");

pub(crate) fn run(args: &InitArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let root = root(context)?;
    let config = Config::read(&root).map_err(CommandError::diagnostics)?;
    let named = named(&args.dialect)?;
    let first = First::of(&root, &named);
    let dir = root.join(&config.dir);
    let mut files = vec![
        (root.join(Config::FILE), first.migrate_toml()),
        (dir.join(ChainLock::FILE), ChainLock::default().render()),
        (
            dir.join(".gitattributes"),
            schema_lock::ATTRIBUTES.to_owned(),
        ),
    ];
    if args.ci {
        let folder = repository(&root).join(".github/workflows");
        files.push((folder.join("migrations.yml"), WORKFLOW.to_owned()));
    }
    let mut done = Initialised::default();
    for (path, text) in files {
        let shown = context.shown(&path);
        if path.symlink_metadata().is_ok() {
            done.kept.push(shown);
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                let shown = context.shown(folder);
                CommandError::new(
                    Failure::Io,
                    format!("the folder `{shown}` cannot be created"),
                )
                .because(error)
            })?;
        }
        write::create(&path, &text)?;
        done.created.push(shown);
    }
    let config_file = context.shown(&root.join(Config::FILE));
    let now = Config::read(&root).map_err(CommandError::diagnostics)?;
    ignore_databases(&now, &root, context, &mut done)?;
    if !named.is_empty() && !done.created.contains(&config_file) && listed(&config) != Some(named) {
        ui.warning(format_args!(
            "{config_file} already exists, and `--dialect` does not change it: edit its `dialects`"
        ));
    }
    if ui.is_json() {
        return ui.json(&done);
    }
    for path in &done.created {
        ui.status(format_args!("{} {path}", styled(style::GOOD, "created")));
    }
    for path in &done.extended {
        ui.status(format_args!("{} {path}", styled(style::GOOD, "extended")));
    }
    for path in &done.kept {
        ui.status(format_args!("{} {path}", styled(style::DIM, "kept")));
    }
    if now.envs.iter().all(|env| env.url.is_none()) && context.database().is_err() {
        ui.help(format_args!(
            "name your database: `url = \"…\"` below `[env.{}]` in {config_file}, or DATABASE_URL",
            now.default_env
        ));
    }
    ui.help("write the first revision with `cargo migrate new \"<message>\"`");
    Ok(())
}

/// The package; where there is no Cargo.toml, the folder itself.
fn root(context: &Context) -> Result<PathBuf, CommandError> {
    let has_manifest = |folder: &Path| folder.join("Cargo.toml").is_file();
    let alone = context.args.package.is_none() && !context.start.ancestors().any(has_manifest);
    match alone {
        true => Ok(context.start.clone()),
        false => {
            let name = context.args.package.as_deref();
            Ok(PackageRoot::find(&context.start, name)?.root)
        }
    }
}

/// The folder that git's own is in; workflows are found there only.
fn repository(root: &Path) -> &Path {
    root.ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(root)
}

fn named(words: &[String]) -> Result<BTreeSet<Dialect>, CommandError> {
    words
        .iter()
        .map(|word| {
            word.parse().map_err(|error: migrate_core::UnknownDialect| {
                CommandError::usage(error.to_string())
            })
        })
        .collect()
}

/// What the features of sqlx and migrate-sqlx in Cargo.toml say.
fn dialects_of(root: &Path) -> BTreeSet<Dialect> {
    let mut found = BTreeSet::new();
    let Ok(text) = std::fs::read_to_string(root.join("Cargo.toml")) else {
        return found;
    };
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return found;
    };
    for name in ["migrate-sqlx", "sqlx"] {
        let features = manifest
            .get("dependencies")
            .and_then(|dependencies| dependencies.get(name)?.get("features")?.as_array());
        let features = features.into_iter().flatten();
        found.extend(features.filter_map(|feature| dialect_of_feature(feature.as_str()?)));
    }
    found
}

/// Guesses the dialect of the feature names of a Cargo.toml.
fn dialect_of_feature(feature: &str) -> Option<Dialect> {
    match feature {
        "sqlite" | "sqlite-unbundled" => Some(Dialect::Sqlite),
        "postgres" => Some(Dialect::Postgres),
        "mysql" => Some(Dialect::MySql),
        _ => None,
    }
}

/// The dialects that migrate.toml lists.
fn listed(config: &Config) -> Option<BTreeSet<Dialect>> {
    config
        .lists_dialects
        .then(|| config.dialects.iter().collect())
}

/// Keeps the files of SQLite databases in the project, and those beside them, out of git.
fn ignore_databases(
    config: &Config,
    root: &Path,
    context: &Context,
    done: &mut Initialised,
) -> Result<(), CommandError> {
    let path = root.join(".gitignore");
    let shown = context.shown(&path);
    let is_there = path.is_file();
    if !is_there && !root.ancestors().any(|folder| folder.join(".git").exists()) {
        return Ok(());
    }
    let unwritable = |error| {
        CommandError::new(Failure::Io, format!("`{shown}` cannot be written")).because(error)
    };
    let before = match is_there {
        true => std::fs::read_to_string(&path).map_err(unwritable)?,
        false => String::new(),
    };
    let mut text = before.clone();
    for file in config
        .envs
        .iter()
        .filter_map(|env| file_of(env.url.as_deref()?))
    {
        let has = |line: &str| line.trim().trim_start_matches('/') == file;
        if text.lines().any(has) {
            continue;
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend(["/", file, "\n/", file, "-*\n"]);
    }
    if text == before {
        return Ok(());
    }
    std::fs::write(&path, text).map_err(unwritable)?;
    match is_there {
        true => done.extended.push(shown),
        false => done.created.push(shown),
    }
    Ok(())
}

/// The file of an SQLite database, if it is named relative to the project and without variables.
fn file_of(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next()?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let is_plain = path
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    let is_inside = !path.starts_with('/') && path.split('/').all(|part| part != "..");
    (is_plain && is_inside && !path.is_empty()).then_some(path)
}

/// What the first migrate.toml says.
struct First {
    dialects: BTreeSet<Dialect>,
    url: &'static str,
}

impl First {
    /// Takes the dialects that are named or found in Cargo.toml, and DATABASE_URL where there is
    /// one of them: sqlx's macros and the application use it as well.
    fn of(root: &Path, named: &BTreeSet<Dialect>) -> Self {
        let mut dialects = match named.is_empty() {
            true => dialects_of(root),
            false => named.clone(),
        };
        if let Some(dialect) = dialect_of_database_url(root)
            && (named.is_empty() || named.contains(&dialect))
        {
            dialects.insert(dialect);
            let url = "url = \"${DATABASE_URL}\"";
            return Self { dialects, url };
        }
        let url = match dialects.first() {
            Some(Dialect::Sqlite) => "url = \"sqlite://dev.db\"",
            Some(Dialect::Postgres) => "url = \"postgres://localhost/dev\"",
            Some(Dialect::MySql) => "url = \"mysql://root@localhost/dev\"",
            None => "# url = \"sqlite://dev.db\"",
        };
        Self { dialects, url }
    }

    fn migrate_toml(&self) -> String {
        let quoted: Vec<_> = self
            .dialects
            .iter()
            .map(|dialect| format!("{:?}", dialect.as_str()))
            .collect();
        let dialects_line = match quoted.is_empty() {
            true => "# dialects = [\"sqlite\"]".to_owned(),
            false => format!("dialects = [{}]", quoted.join(", ")),
        };
        include_str!("init/migrate.toml")
            .replace("{dialects}", &dialects_line)
            .replace("{url}", self.url)
    }
}

/// The dialect of DATABASE_URL, of the environment or of `.env`. One that cannot be read is not
/// taken: the command that uses it says what is wrong.
fn dialect_of_database_url(root: &Path) -> Option<Dialect> {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return Dialect::from_url(&url);
    }
    let file = Dotenv::above(root).ok()?;
    Dialect::from_url(file.get("DATABASE_URL").ok()??)
}
