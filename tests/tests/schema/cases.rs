//! Schemas that change, judged by the databases' own dumps.
//!
//! A case is a file below `cases/<dialect>/` with the sections `-- before` and `-- after`, and where
//! wanted `-- rows`, what is in the database meanwhile, and `-- same`: queries, a line each, whose
//! results are the same before, after, and on the way back.

use std::path::Path;

use migrate_core::Dialect;
use migrate_schema::{Renames, Schema, create, statements};

use super::same;
use super::server::Server;

struct Case {
    name: String,
    before: String,
    after: String,
    rows: String,
    same: Vec<String>,
}

impl Case {
    fn all(folder: &str) -> Vec<Self> {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/cases");
        let folder = cases.join(folder);
        let only = std::env::var("MIGRATE_TEST_CASE").ok();
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the dialect has cases")
            .map(|entry| entry.expect("it can be listed").path())
            .filter(|path| only.as_ref().is_none_or(|only| path.ends_with(only)))
            .collect();
        files.sort();
        files.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a case can be read");
        let section = |name: &str| {
            let begin = format!("-- {name}\n");
            let rest = text.split_once(&begin).map_or("", |(_, rest)| rest);
            let end = rest.find("\n-- ").unwrap_or(rest.len());
            rest[..end].trim().to_owned()
        };
        Self {
            name: path.file_name().expect("a file").to_string_lossy().into(),
            before: section("before"),
            after: section("after"),
            rows: section("rows"),
            same: section("same").lines().map(str::to_owned).collect(),
        }
    }

    async fn check(&self, server: &mut Server) -> Result<(), String> {
        let to = made(server, &self.after).await?;
        let dump_after = server.dump().await;
        let from = made(server, &self.before).await?;
        let dump_before = server.dump().await;

        server.empty().await;
        server
            .run(&create(&from))
            .await
            .map_err(|why| format!("what was read cannot be made: {why}"))?;
        let bare = |dump: &str| {
            let is_right = |line: &&str| {
                line.starts_with("GRANT ")
                    || line.starts_with("REVOKE ")
                    || line.contains(" OWNER TO ")
            };
            let kept: Vec<&str> = dump.lines().filter(|line| !is_right(line)).collect();
            kept.join("\n")
        };
        equal(
            "what was read",
            &bare(&dump_before),
            &bare(&server.dump().await),
        )?;

        made(server, &self.before).await?;
        if !self.rows.is_empty() {
            let ran = server.execute(self.rows.clone()).await;
            ran.map_err(|why| format!("rows: {why}"))?;
        }
        let values = self.values(server).await;
        for (way, from, to, dump) in [
            ("up", &from, &to, &dump_after),
            ("down", &to, &from, &dump_before),
        ] {
            let ddl = statements(from, to, &Renames::none());
            let sql: Vec<String> = ddl.iter().map(|ddl| format!("{ddl:?}")).collect();
            let sql = sql.join("\n");
            server
                .run(&ddl)
                .await
                .map_err(|why| format!("{way}: {why}"))?;
            same(to, &server.read().await, way).map_err(|why| format!("{why}\n{sql}"))?;
            equal(way, dump, &server.dump().await).map_err(|why| format!("{why}\n{sql}"))?;
            let now = self.values(server).await;
            if now != values {
                return Err(format!("{way}: values {values:?} are {now:?}\n{sql}"));
            }
        }
        Ok(())
    }

    async fn values(&self, server: &Server) -> Vec<Vec<Vec<String>>> {
        let mut values = Vec::new();
        for query in &self.same {
            values.push(server.rows(query).await);
        }
        values
    }
}

async fn made(server: &mut Server, sql: &str) -> Result<Schema, String> {
    server.empty().await;
    let ran = server.execute(sql.to_owned()).await;
    ran.map_err(|why| format!("{why}\n{sql}"))?;
    Ok(server.read().await)
}

/// Compares two dumps, and returns the lines that only one of them has.
pub(crate) fn equal(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let only = |sign: char, has: &str, other: &str| -> String {
        let lines = has
            .lines()
            .filter(|line| !other.lines().any(|it| it == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    let (lost, mut more) = (only('-', expected, found), only('+', found, expected));
    if lost.is_empty() && more.is_empty() {
        let mut lines = expected.lines().zip(found.lines());
        let other = lines.find(|(one, other)| one != other);
        more = format!("their order: {other:?}\n");
    }
    Err(format!("{what}: the dump is another:\n{lost}{more}"))
}

async fn all(dialect: Dialect) {
    let mut server = Server::start(dialect, &format!("schema cases {dialect}")).await;
    let folders: &[&str] = match dialect {
        Dialect::Sqlite => &["sqlite"],
        Dialect::Postgres => {
            super::views::roles(&server).await;
            match server.version().await {
                18_00_00.. => &["postgres", "postgres-18"],
                _ => &["postgres"],
            }
        }
        // What both servers have, and what is of one alone.
        Dialect::MySql if server.is_mariadb().await => &["mysql", "mariadb"],
        Dialect::MySql => &["mysql", "mysql-8"],
    };
    let mut wrong = Vec::new();
    for case in folders.iter().flat_map(|folder| Case::all(folder)) {
        if let Err(why) = case.check(&mut server).await {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn the_dump_of_sqlite_is_as_expected_both_ways() {
    all(Dialect::Sqlite).await;
}

#[tokio::test]
async fn the_dump_of_postgres_is_as_expected_both_ways() {
    all(Dialect::Postgres).await;
}

#[tokio::test]
async fn the_dump_of_mysql_is_as_expected_both_ways() {
    all(Dialect::MySql).await;
}
