//! Calls Alembic's command line and reads its output.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// How to call Alembic.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its fixed arguments.
    words: Vec<String>,
    /// The user's own arguments, before the command.
    options: Vec<String>,
}

/// The output of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) sql: String,
    /// The last line if it failed.
    pub(crate) error: Option<String>,
}

impl Program {
    /// Accepts `alembic`, or what was typed instead, such as `poetry run alembic`.
    pub(crate) fn new(typed: &str, options: &[String]) -> Self {
        Self {
            words: typed.split_whitespace().map(str::to_owned).collect(),
            options: options.to_vec(),
        }
    }

    /// Returns it as it would be typed.
    pub(crate) fn shown(&self) -> String {
        let words: Vec<&str> = self
            .words
            .iter()
            .chain(&self.options)
            .map(String::as_str)
            .collect();
        words.join(" ")
    }

    /// Lets it read its settings from this file, unless the user has named one.
    pub(crate) fn settings(&mut self, file: Option<String>) {
        let named = |word: &String| word.starts_with("-c") || word.starts_with("--config");
        let words = self.words.iter().chain(&self.options);
        if let Some(file) = file.filter(|_| !words.into_iter().any(named)) {
            self.options.splice(0..0, ["-c".to_owned(), file]);
        }
    }

    /// Calls it in a folder.
    pub(crate) fn call(
        &self,
        folder: &Path,
        words: &[&str],
        environment: &[(&str, OsString)],
    ) -> Result<Answer, CommandError> {
        let shown = self.shown();
        let missing = || {
            CommandError::new(Failure::Alembic, format!("`{shown}` cannot be started"))
                .help("name it with `--alembic <program>`, or give the files that it wrote elsewhere with `--up-sql` and `--down-sql`")
        };
        let (program, fixed) = self.words.split_first().ok_or_else(missing)?;
        let output = Command::new(program)
            .args(fixed)
            .args(&self.options)
            .args(words)
            .current_dir(folder)
            .env("PYTHONIOENCODING", "utf-8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null())
            .output()
            .map_err(|error| missing().because(error))?;
        let sql = String::from_utf8(output.stdout).map_err(|_| {
            CommandError::new(
                Failure::Alembic,
                format!("what `{shown} {}` wrote is not UTF-8", words.join(" ")),
            )
        })?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        Ok(match output.status.success() {
            true => Answer { sql, error: None },
            false => failed(sql, &stderr),
        })
    }
}

/// Removes the refusal of the command line from the SQL: it is printed on stdout, after all else.
fn failed(mut sql: String, stderr: &str) -> Answer {
    let start = match sql.starts_with(REFUSED) {
        true => Some(0),
        false => sql.rfind(&format!("\n{REFUSED}")).map(|end| end + 1),
    };
    let refusal = start.map(|start| sql.split_off(start)).unwrap_or_default();
    let error = Some(last_words(&format!("{refusal}\n{stderr}")));
    Answer { sql, error }
}

/// How Alembic's command line begins a refusal (`alembic.util.err`).
const REFUSED: &str = "FAILED: ";

/// The exception at the end of a traceback, or the message of Alembic's command line.
fn last_words(stderr: &str) -> String {
    let mut lines = stderr.lines().filter(|line| !line.trim().is_empty());
    let failed = stderr.lines().rev().find(|line| line.starts_with(REFUSED));
    let exception = stderr.lines().rev().find(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
            && (name.ends_with("Error") || name.ends_with("Exception") || line.contains(':'))
    });
    failed
        .map(|line| line.trim_start_matches(REFUSED))
        .or(exception)
        .or_else(|| lines.next_back())
        .map_or_else(|| "it printed nothing".to_owned(), shortened)
}

/// As much of a line as a note has room for.
fn shortened(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_no_sql() {
        let refused = failed(
            "SELECT 1;\n\nFAILED: no way: on\n".to_owned(),
            "ERROR [x] no way\n",
        );
        assert_eq!(refused.sql, "SELECT 1;\n\n");
        assert_eq!(refused.error.as_deref(), Some("no way: on"));
        let broken = failed("SELECT 1;\n".to_owned(), "Traceback\nKeyError: 'x'\n");
        assert_eq!(broken.sql, "SELECT 1;\n");
        assert_eq!(broken.error.as_deref(), Some("KeyError: 'x'"));
    }

    #[test]
    fn the_last_words_are_the_exception() {
        for (stderr, words) in [
            (
                "Traceback:\n  File \"x\", line 1\n    raise E\nNotImplementedError: no way: back\n",
                "NotImplementedError: no way: back",
            ),
            (
                "Traceback:\n  File \"x\", line 1\nNotImplementedError\n\n",
                "NotImplementedError",
            ),
            (
                "INFO [x] y\nsqlalchemy.exc.CompileError: a\n(Background on this error at: https://x)\n",
                "sqlalchemy.exc.CompileError: a",
            ),
            ("ERROR [x] y\nFAILED: Can't locate\n", "Can't locate"),
            ("", "it printed nothing"),
        ] {
            assert_eq!(last_words(stderr), words);
        }
    }
}
