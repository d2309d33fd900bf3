//! The user's command that lets a tool run.

use std::path::Path;
use std::process::Stdio;

use migrate_core::Dialect;
use migrate_sqlx::__cli::DatabaseUrl;

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A command with placeholders in `{}`.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    words: Vec<String>,
    typed: String,
}

const VERSION: &str = "{version}";

/// How many lines of a command that failed are shown.
const LINES: usize = 10;

impl Command {
    /// Reads a command line as a shell does, without running one.
    pub(crate) fn new(typed: &str) -> Result<Self, CommandError> {
        let words = shlex::split(typed).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| {
            CommandError::usage(format!("`--run '{typed}'` is no command line"))
                .help("write the program and its arguments, such as `--run 'goose sqlite3 {path} up-to {version}'`")
        })?;
        Ok(Self {
            words,
            typed: typed.to_owned(),
        })
    }

    /// Returns whether it can be told how far to go.
    pub(crate) fn takes_version(&self) -> bool {
        self.typed.contains(VERSION)
    }

    /// Returns it as it was typed, with a version: no secret is in it.
    pub(crate) fn shown(&self, version: Option<&str>) -> String {
        self.typed.replace(VERSION, version.unwrap_or_default())
    }

    /// Runs it on a database.
    pub(crate) async fn call(
        &self,
        folder: &Path,
        url: &str,
        version: Option<&str>,
    ) -> Result<(), CommandError> {
        let shown = self.shown(version);
        let mut values = values(url)?;
        values.push(("{url}", url.to_owned()));
        values.push((VERSION, version.unwrap_or_default().to_owned()));
        let mut words = self.words.iter().map(|word| filled(word, &values));
        let program = words.next().unwrap_or_default();
        let output = tokio::process::Command::new(program)
            .args(words)
            .current_dir(folder)
            .env("DATABASE_URL", url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| {
                CommandError::new(Failure::Import, format!("`{shown}` cannot be started"))
                    .because(error)
            })?;
        if output.status.success() {
            return Ok(());
        }
        let failed = CommandError::new(Failure::Import, format!("`{shown}` failed"));
        let output = without_password(&[output.stderr, output.stdout].concat(), url);
        let failed = last_lines(&output).iter().fold(failed, CommandError::cause);
        Err(failed.help("it must work on an empty database; nothing was written"))
    }
}

/// Replaces placeholders in one go: a value may look like one.
fn filled(word: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::new();
    let mut rest = word;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        rest = &rest[start..];
        let found = values.iter().find(|(name, _)| rest.starts_with(name));
        let (name, value) = found.map_or(("{", "{"), |(name, value)| (*name, value.as_str()));
        filled.push_str(value);
        rest = &rest[name.len()..];
    }
    filled + rest
}

/// The parts of a url, for tools that do not take one.
fn values(url: &str) -> Result<Vec<(&'static str, String)>, CommandError> {
    let url = DatabaseUrl::parse(url)?;
    if url.dialect() == Dialect::Sqlite {
        let path = url.database().unwrap_or_default().to_owned();
        return Ok(vec![("{path}", path)]);
    }
    let (host, port) = url.servers().next().unwrap_or_default();
    let (user, default) = match url.dialect() {
        Dialect::Postgres => {
            let options = url.postgres()?;
            let user = options
                .first()
                .map(|options| options.get_username().to_owned());
            (user.unwrap_or_default(), "5432")
        }
        _ => (url.mysql()?.get_username().to_owned(), "3306"),
    };
    let port = match port.is_empty() {
        true => default.to_owned(),
        false => port,
    };
    Ok(vec![
        ("{host}", host.to_owned()),
        ("{port}", port),
        ("{user}", user),
        ("{password}", url.password().unwrap_or_default().to_owned()),
        ("{database}", url.database().unwrap_or_default().to_owned()),
    ])
}

/// What a command printed, without the password that it was given, as it is and as urls have it.
fn without_password(output: &[u8], url: &str) -> String {
    let mut text = String::from_utf8_lossy(output).into_owned();
    let parsed = DatabaseUrl::parse(url).ok();
    let plain = parsed.as_ref().and_then(DatabaseUrl::password);
    let user = url
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'));
    let encoded = user.and_then(|(user, _)| Some(user.split_once(':')?.1));
    for password in [encoded, plain].into_iter().flatten() {
        if !password.is_empty() {
            text = text.replace(password, "<password>");
        }
    }
    text
}

fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Command, filled, values, without_password};

    #[test]
    fn placeholders_are_replaced_once() {
        let values = [("{a}", "{b}".to_owned()), ("{b}", "x".to_owned())];
        assert_eq!(filled("{a}{b}{c}{", &values), "{b}x{c}{");
    }

    #[test]
    fn a_command_is_words() {
        let command = Command::new("goose -dir 'my folder' up-to {version}").unwrap();
        assert_eq!(
            command.words,
            ["goose", "-dir", "my folder", "up-to", "{version}"]
        );
        assert!(command.takes_version());
        assert!(Command::new("").is_err());
        assert!(Command::new("a 'b").is_err());
    }

    #[test]
    fn no_password_is_shown() {
        let url = "postgres://me:a%40b@localhost/shop";
        let text = format!("cannot connect to {url} as me with a@b");
        assert_eq!(
            without_password(text.as_bytes(), url),
            "cannot connect to postgres://me:<password>@localhost/shop as me with <password>"
        );
        assert_eq!(without_password(b"x", "sqlite://a.db"), "x");
    }

    #[test]
    fn a_url_has_parts() {
        let all = values("mysql://me:a%40b@localhost/shop").unwrap();
        let all: Vec<_> = all.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(all, ["localhost", "3306", "me", "a@b", "shop"]);
    }
}
