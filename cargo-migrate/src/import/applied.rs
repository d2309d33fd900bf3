//! Reads from another tool's version table which migrations are applied.

use std::collections::BTreeSet;

use migrate_core::{Dialect, Graph, Set};
use migrate_sqlx::__cli::Database;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Tool, linear::version_key};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// The rows of a version table, interpreted as the tool does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// These versions, each by itself.
    Each(Vec<String>),
    /// These, and all that leads to them.
    UpTo(Vec<String>),
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
        let columns = |columns: &[&str]| {
            columns
                .iter()
                .map(|column| text(column))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let quoted = |name: &str| dialect.quote(name);
        let select = match tool {
            Tool::Alembic => columns(&["version_num"]),
            Tool::Sqlx => columns(&["version", "success"]),
            Tool::Refinery | Tool::Diesel | Tool::Dbmate => columns(&["version"]),
            Tool::GolangMigrate => columns(&["version", "dirty"]),
            Tool::Goose => columns(&["version_id", "is_applied"]),
            Tool::Flyway => columns(&[&quoted("version"), &quoted("success"), &quoted("type")]),
        };
        let order = match tool {
            Tool::Goose => " ORDER BY id".to_owned(),
            Tool::Flyway => format!(" ORDER BY {}", quoted("installed_rank")),
            _ => String::new(),
        };
        let rows = rows(database, &format!("SELECT {select} FROM {from}{order}"))
            .await
            .map_err(|error| {
                CommandError::new(
                    Failure::NoVersionTable,
                    format!("the table `{table}` of {} cannot be read", tool.word()),
                )
                .because(error)
                .help("if it has another name, pass `--version-table <name>`")
            })?;
        Self::of(tool, &rows)
    }

    /// Understands the rows.
    fn of(tool: Tool, rows: &[Vec<Option<String>>]) -> Result<Self, CommandError> {
        let field =
            |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let is_true = |text: &str| matches!(text, "1" | "t" | "true" | "TRUE" | "\u{1}");
        let mut each = Vec::new();
        match tool {
            Tool::Alembic => return Ok(Self::UpTo(rows.iter().map(|row| field(row, 0)).collect())),
            Tool::Refinery | Tool::Diesel | Tool::Dbmate => {
                each.extend(rows.iter().map(|row| field(row, 0)));
            }
            Tool::Sqlx => {
                for row in rows {
                    let version = field(row, 0);
                    if !is_true(&field(row, 1)) {
                        return Err(half_done(tool, &version));
                    }
                    each.push(version);
                }
            }
            Tool::GolangMigrate => {
                for row in rows {
                    let version = field(row, 0);
                    if is_true(&field(row, 1)) {
                        return Err(half_done(tool, &version));
                    }
                    each.push(version);
                }
                return Ok(Self::UpTo(each));
            }
            Tool::Goose => {
                // The last row of a version decides; 0 is the table's own.
                for row in rows {
                    let version = field(row, 0);
                    each.retain(|known| *known != version);
                    if is_true(&field(row, 1)) && version != "0" {
                        each.push(version);
                    }
                }
            }
            Tool::Flyway => {
                let mut baseline = None;
                for row in rows {
                    let (version, kind) = (field(row, 0), field(row, 2));
                    if version.is_empty() {
                        // A repeatable one, or a schema that was created.
                        continue;
                    }
                    if !is_true(&field(row, 1)) {
                        return Err(half_done(tool, &version));
                    }
                    each.retain(|known| *known != version);
                    match kind.as_str() {
                        "BASELINE" => baseline = Some(version),
                        "UNDO_SQL" | "UNDO_JDBC" | "DELETE" => {}
                        _ => each.push(version),
                    }
                }
                if let Some(baseline) = baseline {
                    return Ok(Self::UpTo([vec![baseline], each].concat()));
                }
            }
        }
        Ok(Self::Each(each))
    }

    /// Finds the revisions of the chain, and the set of them with all that they imply.
    ///
    /// # Errors
    ///
    /// A version that the chain does not have; or one that is not applied although a later one is.
    pub(crate) fn resolve(
        &self,
        tool: Tool,
        graph: &Graph,
        id_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Set, CommandError> {
        let (Self::Each(versions) | Self::UpTo(versions)) = self;
        let mut unknown = Vec::new();
        let mut found = BTreeSet::new();
        for version in versions {
            let exact = id_of(version).and_then(|id| graph.index(&id));
            let same =
                || (0..graph.len()).find(|index| tool.same(graph.id(*index).as_str(), version));
            match exact.or_else(same) {
                Some(index) => {
                    found.insert(index);
                }
                // A baseline comes before the files of the folder.
                None if matches!(self, Self::UpTo(_)) && tool == Tool::Flyway => {
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
            .help(format!(
                "restore their files and import again, or revert them with {}",
                tool.word()
            )));
        }
        let closure = graph.ancestors(found.iter().copied());
        let holes: Vec<String> = closure
            .iter()
            .filter(|index| matches!(self, Self::Each(_)) && !found.contains(index))
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
        Ok(closure)
    }
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

    fn each(versions: &[&str]) -> Applied {
        Applied::Each(
            versions
                .iter()
                .map(|version| (*version).to_owned())
                .collect(),
        )
    }

    #[test]
    fn rows_mean_what_the_tool_means() {
        assert_eq!(
            of(Tool::Sqlx, &[&["1", "1"], &["2", "true"]]).unwrap(),
            each(&["1", "2"])
        );
        assert!(of(Tool::Sqlx, &[&["1", "0"]]).is_err());
        assert!(of(Tool::GolangMigrate, &[&["1", "t"]]).is_err());
        assert_eq!(
            of(
                Tool::Goose,
                &[&["0", "1"], &["1", "1"], &["2", "1"], &["2", "0"]]
            )
            .unwrap(),
            each(&["1"])
        );
        assert_eq!(
            of(
                Tool::Flyway,
                &[
                    &["1", "t", "SQL"],
                    &["", "t", "SQL"],
                    &["2", "t", "SQL"],
                    &["2", "t", "UNDO_SQL"]
                ]
            )
            .unwrap(),
            each(&["1"])
        );
        assert_eq!(
            of(Tool::Flyway, &[&["3", "t", "BASELINE"], &["4", "t", "SQL"]]).unwrap(),
            Applied::UpTo(vec!["3".to_owned(), "4".to_owned()])
        );
    }
}
