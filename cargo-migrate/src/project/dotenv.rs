//! The file `.env`, as dotenvy reads it for sqlx and for most applications.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// What is in a `.env`, and where it is.
#[derive(Default)]
pub(crate) struct Dotenv {
    path: PathBuf,
    text: String,
    values: BTreeMap<String, String>,
}

impl std::fmt::Debug for Dotenv {
    /// Without the values, which may be passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dotenv")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Dotenv {
    /// Reads the first in this folder or above it; if there is none, it is empty.
    pub(crate) fn above(folder: &Path) -> Result<Self, CommandError> {
        let Some(path) = folder
            .ancestors()
            .map(|folder| folder.join(".env"))
            .find(|path| path.is_file())
        else {
            return Ok(Self::default());
        };
        // The file may contain a password: the error does not show it.
        let broken = || {
            CommandError::new(
                Failure::MalformedDotenv,
                format!("`{}` cannot be read", shown(&path)),
            )
            .help("each line is `NAME=value`; a value with spaces needs quotes")
        };
        let text = std::fs::read_to_string(&path).map_err(|_| broken())?;
        let values = dotenvy::from_read_iter(text.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| broken())?;
        Ok(Self { path, text, values })
    }

    /// The folder it is in.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.path.parent()
    }

    /// Returns a variable.
    ///
    /// A `$` begins the name of another variable there. If that is not set, dotenvy removes both:
    /// the rest would be another password.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, CommandError> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        // The last of a name counts.
        let mut lines = self.text.lines().filter(|line| key(line) == Some(name));
        let raw = lines.next_back().and_then(|line| line.split_once('='));
        let is_set = |name: &str| {
            !name.is_empty() && (std::env::var_os(name).is_some() || self.values.contains_key(name))
        };
        let lost = raw.is_some_and(|(_, raw)| !variables(raw).iter().all(|name| is_set(name)));
        if lost {
            return Err(CommandError::new(
                Failure::UnsetVariable,
                format!(
                    "a `$` in `{name}` of `{}` refers to a variable that is not set",
                    shown(&self.path)
                ),
            )
            .help(format!(
                "for a literal `$`, put the value in single quotes, `{name}='…'`, or write `%24` in a url"
            )));
        }
        Ok(Some(value))
    }
}

/// The path as it can be typed here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let from_here = here.and_then(|here| path.strip_prefix(here).ok());
    from_here.unwrap_or(path).display().to_string()
}

fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    Some(key.strip_prefix("export ").unwrap_or(key).trim())
}

/// The names behind the `$` of a value, with dotenvy's rules: none in single quotes or behind a
/// backslash.
fn variables(raw: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut single, mut double) = (false, false);
    let mut letters = raw.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '\\' if !single => drop(letters.next()),
            '#' | ' ' if !single && !double => break,
            '$' if !single => {
                let block = letters.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(letter) = letters.next_if(|letter| match block {
                    true => *letter != '}',
                    false => letter.is_ascii_alphanumeric() || *letter == '_',
                }) {
                    name.push(letter);
                }
                names.push(name);
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_value() {
        for (raw, expected) in [
            ("postgres://me:pw@h/d", &[][..]),
            ("postgres://me:pa$word@h/d", &["word"]),
            ("postgres://me:pa$$@h/d", &["", ""]),
            ("\"a${NAME}b\"", &["NAME"]),
            ("'pa$word'", &[]),
            (r"pa\$word", &[]),
            ("x # $word", &[]),
        ] {
            assert_eq!(variables(raw), expected, "{raw}");
        }
    }
}
