use std::process::Command;

use super::{output_of, with_sorted_tables};

/// Returns what `pg_dump --schema-only` writes of the database at a url, with owners and
/// privileges, and without its comments and the settings of its session.
///
/// # Panics
///
/// `pg_dump` is not installed, or refuses.
#[must_use]
pub fn postgres_dump(url: &str) -> String {
    let dump = output_of(Command::new("pg_dump").args(["--schema-only", url]));
    let is_schema = |line: &&str| {
        let is_session = line.starts_with("SET ")
            || line.starts_with("SELECT pg_catalog.set_config")
            || line.starts_with('\\');
        !line.is_empty() && !line.starts_with("--") && !is_session
    };
    let mut lines: Vec<&str> = dump.lines().filter(is_schema).collect();
    // What is said of columns is in their order, as they are.
    let is_of_column = |line: &str| {
        line.starts_with("COMMENT ON COLUMN ")
            || line.starts_with("ALTER TABLE ONLY ") && line.contains(" ALTER COLUMN ")
    };
    for run in lines.chunk_by_mut(|one, other| is_of_column(one) && is_of_column(other)) {
        run.sort_unstable();
    }
    with_sorted_tables(&lines.join("\n"))
}
