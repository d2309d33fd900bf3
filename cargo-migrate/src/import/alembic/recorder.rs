//! Records the SQL of a real run of Alembic on an empty database, in the format of its offline
//! mode. A file that Python reads at its start is on PYTHONPATH and writes the executed statements,
//! so it works with any program that runs Alembic, and with any driver of SQLAlchemy.

use std::ffi::OsString;
use std::path::Path;

use migrate_core::Direction;
use tempfile::TempDir;

use super::program::{Answer, Program};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::project::write;

/// The folder with that file, and what was written.
#[derive(Debug)]
pub(crate) struct Recorder {
    folder: TempDir,
}

const HOOK: &str = include_str!("recorder/sitecustomize.py");

/// The beginning of the line in which Python reports a refusal of the file.
const REFUSED: &str = "sitecustomize.Refused: ";

impl Recorder {
    pub(crate) fn new() -> Result<Self, CommandError> {
        let folder = TempDir::with_prefix("cargo-migrate")?;
        write::create(&folder.path().join("sitecustomize.py"), HOOK)?;
        Ok(Self { folder })
    }

    /// Runs Alembic all the way in a direction, on an empty database, or on one with tables that
    /// the revisions begin with; returns what it did.
    pub(crate) fn run(
        &self,
        program: &Program,
        home: &Path,
        direction: Direction,
        allows_tables: bool,
    ) -> Result<Answer, CommandError> {
        let (word, name) = match direction {
            Direction::Up => ("up", "up.sql"),
            Direction::Down => ("down", "down.sql"),
        };
        let file = self.folder.path().join(name);
        let known = std::env::var_os("PYTHONPATH").unwrap_or_default();
        let folders = [self.folder.path().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&known).filter(|path| !path.as_os_str().is_empty()));
        let path = std::env::join_paths(folders).map_err(|error| {
            CommandError::new(Failure::Alembic, "PYTHONPATH cannot be set").because(error)
        })?;
        let tables = if allows_tables { "allow" } else { "refuse" };
        let environment: [(&str, OsString); 4] = [
            ("PYTHONPATH", path),
            ("CARGO_MIGRATE_RECORD", file.clone().into_os_string()),
            ("CARGO_MIGRATE_RECORD_WAY", word.into()),
            ("CARGO_MIGRATE_RECORD_TABLES", tables.into()),
        ];
        let answer = program.call(home, Self::words(direction), &environment)?;
        let sql = match file.exists() {
            true => std::fs::read_to_string(&file)?,
            false => String::new(),
        };
        let failed = |error: &str, help: &str| {
            CommandError::new(Failure::Alembic, "the run of Alembic was not recorded")
                .cause(error)
                .help(help)
        };
        match (answer.error, direction) {
            (Some(error), _) if error.starts_with(REFUSED) && sql.is_empty() => Err(failed(
                error.trim_start_matches(REFUSED),
                "env.py must connect to an empty database, and only to one that may be deleted; if its tables are those that `create_all()` makes before the first revision, add `--allow-tables`",
            )),
            (Some(error), Direction::Up) if sql.is_empty() => Err(failed(
                &error,
                "`alembic upgrade heads` must work here on an empty database",
            )),
            (None, Direction::Up) if sql.is_empty() => Err(failed(
                "it ran, but none of its statements was recorded",
                "the Python that runs it must read PYTHONPATH; or pass files with `--up-sql` and `--down-sql`",
            )),
            (error, _) => Ok(Answer { sql, error }),
        }
    }

    /// The arguments after `alembic`.
    pub(crate) const fn words(direction: Direction) -> &'static [&'static str] {
        match direction {
            Direction::Up => &["upgrade", "heads"],
            Direction::Down => &["downgrade", "base"],
        }
    }
}
