//! Writes files completely or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// Writes a file in place of the one that is there, if any.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), CommandError> {
    // A link keeps being a link: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    filled(&path, text)
        .and_then(|file| file.persist(&path).map_err(|error| error.error))
        .map_err(|error| failed(&path, error))?;
    Ok(())
}

/// Writes a file that must not be there yet.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), CommandError> {
    filled(path, text)
        .and_then(|file| file.persist_noclobber(path).map_err(|error| error.error))
        .map_err(|error| failed(path, error))?;
    Ok(())
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> Result<(), CommandError> {
    fs::remove_file(path).map_err(|error| {
        CommandError::new(
            Failure::Io,
            format!("`{}` cannot be removed", path.display()),
        )
        .because(error)
    })
}

fn filled(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".cargo-migrate-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let old = fs::metadata(path).ok().map(|old| old.permissions().mode());
        builder.permissions(fs::Permissions::from_mode(old.unwrap_or(0o666) & 0o777));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn failed(path: &Path, error: io::Error) -> CommandError {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return exists(path);
    }
    CommandError::new(
        Failure::Io,
        format!("`{}` cannot be written", path.display()),
    )
    .because(error)
}

/// A file that would have to be overwritten.
pub(crate) fn exists(path: &Path) -> CommandError {
    CommandError::new(
        Failure::FileExists,
        format!("`{}` already exists", path.display()),
    )
    .help("nothing was overwritten: move it away or choose another message or id")
}
