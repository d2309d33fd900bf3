//! All of a database that a run must leave the same.

use std::process::Command;

use migrate_core::Dialect;
use migrate_tests::TestDatabase;
use tokio::time::timeout;
use url::Url;

use crate::Result;
use crate::migrator::PATIENCE;

/// Its schema as its own client writes it, the journal, and what the ledger says was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    lines: Vec<String>,
}

impl Picture {
    pub(crate) async fn take(database: &TestDatabase) -> Result<Self> {
        let mut lines = schema(database).await?;
        let tables = database.tables().await;
        for (table, sql) in [
            (
                "journal",
                "SELECT 'ran', revision, entry FROM journal ORDER BY revision, entry",
            ),
            (
                "migrate_revision",
                "SELECT 'row', revision, parents, hash, chain_hash, state, tool, file, body FROM migrate_revision ORDER BY revision",
            ),
            (
                "migrate_event",
                "SELECT 'event', kind, revision FROM migrate_event WHERE kind <> 'fail' ORDER BY revision, kind",
            ),
        ] {
            if !tables.iter().any(|known| known == table) {
                continue;
            }
            let rows = database.rows(sql).await;
            lines.extend(rows.into_iter().map(|row| row.join(" ")));
        }
        Ok(Self { lines })
    }

    /// Returns how another one differs from this, in a few lines; `None` if it does not.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let beyond = |lines: &[String], others: &[String], sign: &str| {
            let mut others = others.to_vec();
            let mut beyond = Vec::new();
            for line in lines {
                match others.iter().position(|other| other == line) {
                    Some(at) => drop(others.swap_remove(at)),
                    None => beyond.push(format!("{sign} {line}")),
                }
            }
            beyond
        };
        let mut difference = beyond(&self.lines, &other.lines, "missing:");
        difference.extend(beyond(&other.lines, &self.lines, "extra:"));
        if difference.is_empty() {
            difference.push("the same in another order".to_owned());
        }
        let more = difference.len().saturating_sub(8);
        difference.truncate(8);
        if more > 0 {
            difference.push(format!("and {more} more"));
        }
        Some(difference.join("\n  "))
    }
}

async fn schema(database: &TestDatabase) -> Result<Vec<String>> {
    let dump = match database.dialect() {
        Dialect::Sqlite => {
            let sql = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name";
            let rows = database.rows(sql).await;
            return Ok(rows.into_iter().map(|row| row.join(" ")).collect());
        }
        Dialect::Postgres => {
            let mut command = Command::new("pg_dump");
            command.args(["--schema-only", "--no-owner", "--dbname"]);
            output(command.arg(database.url())).await?
        }
        Dialect::MySql => {
            let url = Url::parse(database.url())?;
            let mut command = Command::new("mariadb-dump");
            command
                .args(["--no-defaults", "--no-data", "--skip-comments", "--compact"])
                .arg(format!("--host={}", url.host_str().unwrap_or_default()))
                .arg(format!("--port={}", url.port().unwrap_or(3306)))
                .arg(format!("--user={}", url.username()))
                .arg(format!("--password={}", url.password().unwrap_or_default()))
                .arg(url.path().trim_start_matches('/'));
            output(&mut command).await?
        }
    };
    let kept = dump.lines().filter(|line| {
        // pg_dump guards a dump with a word that it makes up each time.
        let guard = line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        !(guard || line.is_empty() || line.starts_with("--"))
    });
    Ok(kept.map(without_counter).collect())
}

/// How many events there were is no part of the schema.
fn without_counter(line: &str) -> String {
    let Some((before, rest)) = line.split_once(" AUTO_INCREMENT=") else {
        return line.to_owned();
    };
    format!(
        "{before}{}",
        rest.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

async fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = tokio::process::Command::from(std::mem::replace(command, Command::new("true")))
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, output)
        .await
        .map_err(|_| format!("{program} does not end: a table is locked"))?
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} failed: {said}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of SQLite with these statements done.
    async fn after(statements: &[&str]) -> Picture {
        let database = TestDatabase::create(Dialect::Sqlite, "ordeal::picture").await;
        for sql in statements {
            database.execute(sql).await;
        }
        Picture::take(&database).await.unwrap()
    }

    const TABLES: &str =
        "CREATE TABLE journal (revision TEXT, entry TEXT); CREATE TABLE t (id INTEGER)";
    const ENTRY: &str = "INSERT INTO journal VALUES ('r000', 'first')";

    #[tokio::test]
    async fn what_ran_twice_or_never_is_seen() {
        let once = after(&[TABLES, ENTRY]).await;
        assert_eq!(once.difference(&after(&[TABLES, ENTRY]).await), None);
        let twice = once.difference(&after(&[TABLES, ENTRY, ENTRY]).await);
        assert_eq!(twice.as_deref(), Some("extra: ran r000 first"));
        let never = once.difference(&after(&[TABLES]).await);
        assert_eq!(never.as_deref(), Some("missing: ran r000 first"));
        let index = once.difference(&after(&[TABLES, ENTRY, "CREATE INDEX i ON t (id)"]).await);
        assert_eq!(
            index.as_deref(),
            Some("extra: index i t CREATE INDEX i ON t (id)")
        );
    }

    #[test]
    fn a_counter_is_no_part_of_the_schema() {
        let line = ") ENGINE=InnoDB AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4;";
        assert_eq!(
            without_counter(line),
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
        );
        assert_eq!(without_counter("CREATE TABLE `t` ("), "CREATE TABLE `t` (");
    }
}
