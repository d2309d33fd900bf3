//! Extensions of SQLite, which are loaded into each connection of the command.

use std::path::{Path, PathBuf};

use migrate_sqlx::Refusal;
use sqlx::sqlite::SqliteConnectOptions;

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// Returns the options with an extension.
#[expect(
    unsafe_code,
    reason = "an extension is code of its own, and the user asks for it"
)]
pub(crate) fn load(options: SqliteConnectOptions, extension: String) -> SqliteConnectOptions {
    // SAFETY: it runs in this process whatever it does. The user has named it in migrate.toml, as
    // they would in sqlx.toml, and trusts it; there is no other way to use its tables.
    unsafe { options.extension(extension) }
}

/// Resolves an extension: a path is relative to migrate.toml, and must exist; a name is found by
/// the system.
pub(crate) fn place(said: &str, root: &Path) -> Result<String, CommandError> {
    if !said.contains(['/', '\\']) {
        return Ok(said.to_owned());
    }
    let path = root.join(said);
    if !is_there(&path) {
        return Err(CommandError::new(
            Failure::Extension,
            format!("there is no SQLite extension at `{}`", path.display()),
        )
        .help(HELP));
    }
    Ok(path.to_string_lossy().into_owned())
}

/// SQLite adds the system's own suffix (<https://sqlite.org/c3ref/load_extension.html>).
fn is_there(path: &Path) -> bool {
    let suffixed = || {
        let mut name = path.as_os_str().to_owned();
        name.push(std::env::consts::DLL_SUFFIX);
        PathBuf::from(name)
    };
    path.is_file() || suffixed().is_file()
}

/// The error code of SQLite if an extension cannot be loaded; it differs if the database itself
/// cannot be opened.
pub(crate) fn not_loaded(error: &migrate_sqlx::Error) -> Option<CommandError> {
    let migrate_sqlx::Error::Database(error) = error else {
        return None;
    };
    (error.refusal() == Some(Refusal::Unnamed)).then(|| {
        CommandError::new(Failure::Extension, "an SQLite extension cannot be loaded")
            .cause(error)
            .help(HELP)
    })
}

const HELP: &str = "`extensions` below `[sqlite]` in migrate.toml is a list of names that the system finds, and of paths beside migrate.toml";
