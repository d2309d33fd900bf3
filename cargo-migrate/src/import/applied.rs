//! Reads from another tool's version table which migrations are applied.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, Direction, Graph, Revision, Set};
use migrate_sqlx::__cli::Database;
use sqlx::{AssertSqlSafe, Row as _};

use super::{History, Tool, linear::version_key};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// The rows of a version table, interpreted as the tool does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    versions: Vec<String>,
    /// Whether all that leads to them is applied too.
    with_ancestors: bool,
    /// When, for the versions of which the tool keeps it; RFC 3339 in UTC with milliseconds.
    times: BTreeMap<String, String>,
    /// The versions that may be code, and what the table says of them.
    code: Vec<(String, String)>,
}

impl Applied {
    /// Reads a version table.
    pub(crate) async fn read(
        tool: Tool,
        database: &Database,
        table: &str,
    ) -> Result<Self, CommandError> {
        let dialect = database.dialect();
        let from: Vec<String> = table.split('.').map(|part| dialect.quote(part)).collect();
        let from = from.join(".");
        let text = |column: &str| match dialect {
            Dialect::MySql => format!("CAST({column} AS CHAR)"),
            Dialect::Sqlite | Dialect::Postgres => format!("CAST({column} AS TEXT)"),
        };
        // What a table has had from its beginning, and what may be missing.
        let (needed, more): (&[&str], &[&str]) = match tool {
            Tool::Alembic => (&["version_num"], &[]),
            Tool::Sqlx => (&["version", "success"], &["installed_on"]),
            Tool::Refinery => (&["version"], &["applied_on", "name"]),
            Tool::Diesel => (&["version"], &["run_on"]),
            Tool::Dbmate => (&["version"], &[]),
            Tool::GolangMigrate => (&["version", "dirty"], &[]),
            Tool::Goose => (&["version_id", "is_applied"], &["tstamp"]),
            Tool::Flyway => (
                &["version", "success", "type"],
                &["installed_on", "description"],
            ),
        };
        let order = match tool {
            Tool::Goose => " ORDER BY id".to_owned(),
            Tool::Flyway => format!(" ORDER BY {}", dialect.quote("installed_rank")),
            _ => String::new(),
        };
        let select = |columns: &[&str]| {
            // Flyway quotes its names; SQLite reads a quoted name that is missing as a text.
            let columns = columns.iter().map(|column| match tool {
                Tool::Flyway => text(&dialect.quote(column)),
                _ => text(column),
            });
            let columns: Vec<String> = columns.collect();
            format!("SELECT {} FROM {from}{order}", columns.join(", "))
        };
        let full = rows(database, &select(&[needed, more].concat())).await;
        let read = match full {
            Err(_) if !more.is_empty() => rows(database, &select(needed)).await,
            full => full,
        };
        let rows = read.map_err(|error| {
            CommandError::new(
                Failure::NoVersionTable,
                format!("the table `{table}` of {} cannot be read", tool.word()),
            )
            .because(error)
            .help("if it has another name, pass `--version-table <name>`")
        })?;
        Self::of(tool, &rows)
    }

    /// Returns what is applied, in the order of the table.
    pub(crate) fn versions(&self) -> &[String] {
        &self.versions
    }

    /// Understands the rows.
    fn of(tool: Tool, rows: &[Vec<Option<String>>]) -> Result<Self, CommandError> {
        let field =
            |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let is_true = |text: &str| matches!(text, "1" | "t" | "true" | "TRUE" | "\u{1}");
        let mut applied = Self::default();
        for row in rows {
            let version = field(row, 0);
            let (is_done, time) = match tool {
                Tool::Alembic | Tool::Dbmate => (true, String::new()),
                Tool::Refinery | Tool::Diesel => (true, field(row, 1)),
                Tool::GolangMigrate => (!is_true(&field(row, 1)), String::new()),
                Tool::Sqlx | Tool::Goose => (is_true(&field(row, 1)), field(row, 2)),
                Tool::Flyway => (is_true(&field(row, 1)), field(row, 3)),
            };
            match tool {
                // A repeatable one, or a schema that was created; goose's 0 is the table's own.
                Tool::Flyway if version.is_empty() => continue,
                Tool::Goose if version == "0" => continue,
                Tool::Goose => {}
                _ if !is_done => return Err(half_done(tool, &version)),
                _ => {}
            }
            // The last row of a version decides.
            applied.versions.retain(|known| *known != version);
            applied.code.retain(|(known, _)| *known != version);
            let (kind, words) = match tool {
                Tool::Flyway => (field(row, 2), field(row, 4)),
                Tool::Refinery => (String::new(), field(row, 2)),
                _ => (String::new(), String::new()),
            };
            match tool {
                Tool::Goose if !is_done => continue,
                Tool::Flyway if matches!(kind.as_str(), "UNDO_SQL" | "UNDO_JDBC" | "DELETE") => {
                    continue;
                }
                Tool::Flyway if kind == "BASELINE" => applied.with_ancestors = true,
                Tool::Flyway if !matches!(kind.as_str(), "SQL" | "SQL_BASELINE" | "SCHEMA") => {
                    applied.code.push((version.clone(), words));
                }
                Tool::Refinery | Tool::Diesel | Tool::Goose => {
                    applied.code.push((version.clone(), words));
                }
                _ => {}
            }
            if let Some(time) = moment(&time) {
                applied.times.insert(version.clone(), time);
            }
            applied.versions.push(version);
        }
        applied.with_ancestors |= matches!(tool, Tool::Alembic | Tool::GolangMigrate);
        Ok(applied)
    }

    /// Returns the versions that no file has and that may be code, with what the table says of them.
    pub(crate) fn code_without_files(
        &self,
        tool: Tool,
        history: &History,
    ) -> Vec<(String, String)> {
        let is_there = |version: &str| {
            let mut revisions = history.revisions.iter();
            revisions.any(|migration| tool.same(&migration.version, version))
        };
        let code = self.code.iter();
        code.filter(|(version, _)| !is_there(version))
            .cloned()
            .collect()
    }

    /// Finds the revisions of the chain, and the set of them with all that they imply.
    ///
    /// # Errors
    ///
    /// A version that the chain does not have; or one that is not applied although a later one is,
    /// unless it is idle and does nothing anyway.
    pub(crate) fn resolve(
        &self,
        tool: Tool,
        graph: &Graph,
        id_of: impl Fn(&str) -> Option<String>,
        is_idle: impl Fn(usize) -> bool,
    ) -> Result<Resolved, CommandError> {
        let mut unknown = Vec::new();
        let mut found = BTreeSet::new();
        let mut times = BTreeMap::new();
        for version in &self.versions {
            let exact = id_of(version).and_then(|id| graph.index(&id));
            let same =
                || (0..graph.len()).find(|index| tool.same(graph.id(*index).as_str(), version));
            match exact.or_else(same) {
                Some(index) => {
                    found.insert(index);
                    let time = self.times.get(version).cloned();
                    times.extend(time.map(|time| (graph.id(index).to_string(), time)));
                }
                // A baseline comes before the files of the folder.
                None if self.with_ancestors && tool == Tool::Flyway => {
                    let key = version_key(version);
                    found.extend(
                        (0..graph.len())
                            .filter(|index| version_key(graph.id(*index).as_str()) <= key),
                    );
                }
                None => unknown.push(version.clone()),
            }
        }
        if !unknown.is_empty() {
            return Err(CommandError::new(
                Failure::UnknownRevision,
                format!(
                    "the database has `{}`, which the chain does not have",
                    unknown.join("`, `")
                ),
            )
            .help(match tool.has_code() {
                true => format!(
                    "restore their files and import again, or revert them with {0}; a migration in code becomes a draft at its place if the chain is written with `cargo migrate import {0} <path> --stamp`: delete the imported revisions and chain.lock first",
                    tool.word()
                ),
                false => format!(
                    "restore their files and import again, or revert them with {}",
                    tool.word()
                ),
            }));
        }
        let closure = graph.ancestors(found.iter().copied());
        let holes: Vec<String> = closure
            .iter()
            .filter(|index| !self.with_ancestors && !found.contains(index) && !is_idle(*index))
            .map(|index| graph.id(index).to_string())
            .collect();
        if !holes.is_empty() {
            return Err(CommandError::new(
                Failure::NotApplied,
                format!(
                    "`{}` is not applied, although what follows it is",
                    holes.join("`, `")
                ),
            )
            .help(format!("apply it with {} first", tool.word())));
        }
        // What a baseline implies was there before all that has a time.
        if let Some(first) = times.values().min().cloned() {
            for index in closure.iter() {
                times
                    .entry(graph.id(index).to_string())
                    .or_insert_with(|| first.clone());
            }
        }
        Ok(Resolved {
            applied: closure,
            times,
        })
    }
}

/// What a version table means for a chain.
pub(crate) struct Resolved {
    pub(crate) applied: Set,
    /// When, by revision, as far as the tool keeps it.
    pub(crate) times: BTreeMap<String, String>,
}

/// A time of a version table as the ledger has it. One without a time zone is read as UTC, which it
/// is in SQLite, and where the server's time zone is.
fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// Whether a revision does nothing on a database, as one that is there only for other databases.
pub(crate) fn is_idle(revision: &Revision, dialect: Dialect) -> bool {
    let statements = revision.statements(Direction::Up, dialect);
    let mut texts = statements.iter().map(|statement| revision.sql(*statement));
    !statements.is_empty() && texts.all(|text| text.eq_ignore_ascii_case("SELECT 1"))
}

fn half_done(tool: Tool, version: &str) -> CommandError {
    CommandError::new(
        Failure::Unfinished,
        format!(
            "`{version}` did not finish, according to the table of {}",
            tool.word()
        ),
    )
    .help(format!("repair it with {} first", tool.word()))
}

pub(crate) async fn rows(
    database: &Database,
    sql: &str,
) -> Result<Vec<Vec<Option<String>>>, sqlx::Error> {
    macro_rules! read {
        ($pool:expr) => {{
            let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
                .fetch_all($pool)
                .await?;
            rows.iter()
                .map(|row| {
                    (0..row.len())
                        .map(|column| row.try_get_unchecked(column))
                        .collect()
                })
                .collect()
        }};
    }
    match database {
        Database::Sqlite(pool) => read!(pool),
        Database::Postgres(pool) => read!(pool),
        Database::MySql(pool) => read!(pool),
        _ => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tool: Tool, rows: &[&[&str]]) -> Result<Applied, CommandError> {
        let row = |row: &&[&str]| {
            let field = |text: &&str| Some((*text).to_owned()).filter(|text| !text.is_empty());
            row.iter().map(field).collect()
        };
        let rows: Vec<Vec<_>> = rows.iter().map(row).collect();
        Applied::of(tool, &rows)
    }

    fn versions(tool: Tool, rows: &[&[&str]]) -> (String, bool) {
        let applied = of(tool, rows).unwrap();
        (applied.versions.join(" "), applied.with_ancestors)
    }

    #[test]
    fn rows_mean_what_the_tool_means() {
        let each = |versions: &str| (versions.to_owned(), false);
        assert_eq!(
            versions(Tool::Sqlx, &[&["1", "1"], &["2", "true"]]),
            each("1 2")
        );
        assert!(of(Tool::Sqlx, &[&["1", "0"]]).is_err());
        assert!(of(Tool::GolangMigrate, &[&["1", "t"]]).is_err());
        assert_eq!(
            versions(Tool::GolangMigrate, &[&["7", "f"]]),
            ("7".to_owned(), true)
        );
        assert_eq!(
            versions(
                Tool::Goose,
                &[&["0", "1"], &["1", "1"], &["2", "1"], &["2", "0"]]
            ),
            each("1")
        );
        assert_eq!(
            versions(
                Tool::Flyway,
                &[
                    &["1", "t", "SQL"],
                    &["", "t", "SQL"],
                    &["2", "t", "SQL"],
                    &["2", "t", "UNDO_SQL"]
                ]
            ),
            each("1")
        );
        assert_eq!(
            versions(Tool::Flyway, &[&["3", "t", "BASELINE"], &["4", "t", "SQL"]]),
            ("3 4".to_owned(), true)
        );
    }

    #[test]
    fn versions_that_may_be_code() {
        let rows: &[&[&str]] = &[
            &["1", "t", "SQL", "", "a"],
            &["2", "t", "JDBC", "", "fill it"],
            &["3", "t", "SPRING_JDBC", "", "more"],
        ];
        let history = History::default();
        let flyway = of(Tool::Flyway, rows).unwrap();
        assert_eq!(
            flyway.code_without_files(Tool::Flyway, &history),
            [
                ("2".to_owned(), "fill it".to_owned()),
                ("3".to_owned(), "more".to_owned())
            ]
        );
        let sqlx = of(Tool::Sqlx, &[&["1", "1"]]).unwrap();
        assert_eq!(sqlx.code_without_files(Tool::Sqlx, &history), []);
    }

    #[test]
    fn times_become_those_of_the_ledger() {
        for (text, expected) in [
            ("2024-01-31 12:04:05", Some("2024-01-31T12:04:05.000Z")),
            (
                "2024-01-31 12:04:05.678901+00",
                Some("2024-01-31T12:04:05.678Z"),
            ),
            ("2024-01-31 14:04:05+02", Some("2024-01-31T12:04:05.000Z")),
            (
                "2024-01-31T12:04:05.123456789+00:00",
                Some("2024-01-31T12:04:05.123Z"),
            ),
            ("2024-01-31T12:04:05Z", Some("2024-01-31T12:04:05.000Z")),
            ("", None),
            ("yesterday", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text}");
        }
    }
}
