//! The chain that every ordeal applies.

use std::fmt::Write as _;
use std::process::Command;

use migrate_core::Dialect;
use migrate_tests::TestProject;

use crate::Result;

/// A folder with revisions `r000`, `r001` …, one on the other.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) project: TestProject,
    #[expect(dead_code, reason = "for what is to come")]
    revisions: usize,
    dialect: Dialect,
}

impl Chain {
    pub(crate) fn write(project: TestProject, dialect: Dialect, revisions: usize) -> Result<Self> {
        project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
        let chain = Self {
            project,
            revisions,
            dialect,
        };
        for number in 0..revisions {
            let statements = chain.statements(number);
            let mut up = String::new();
            for (sql, _) in statements {
                writeln!(up, "{sql};")?;
            }
            chain.add(number, &up);
        }
        chain.seal()?;
        Ok(chain)
    }

    /// Writes the file of a revision that runs this.
    pub(crate) fn add(&self, number: usize, up: &str) {
        let parents = match number.checked_sub(1) {
            None => "none".to_owned(),
            Some(parent) => id(parent),
        };
        let id = id(number);
        self.project.write(
            &format!("migrations/{id}.sql"),
            format!(
                "-- revision: {id}\n-- parents: {parents}\n-- message: ordeal {number}\n-- created: 2026-11-20T14:{:02}:{:02}Z\n\n-- migrate: up\n{up}\n-- migrate: down\nDROP TABLE t_{number:03};\n",
                number / 60,
                number % 60
            ),
        );
    }

    /// Writes the lock.
    pub(crate) fn seal(&self) -> Result<()> {
        let sealed = self.project.run(["lock", "-q"]);
        match sealed.code {
            Some(0) => Ok(()),
            _ => Err(format!("the chain cannot be sealed: {sealed}").into()),
        }
    }

    /// The command with these arguments on a database.
    pub(crate) fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = self.project.command();
        command.args(arguments).args(["--database-url", url]);
        command
    }

    /// What a revision runs, and what takes each statement back.
    ///
    /// Some of the statements work as well when they are run twice: a row for the journal, and an
    /// index that the database names itself.
    pub(crate) fn statements(&self, number: usize) -> Vec<(String, String)> {
        let id = id(number);
        let table = format!("t_{number:03}");
        let journal = |statement: usize| {
            (
                format!("INSERT INTO journal (revision, statement) VALUES ('{id}', {statement})"),
                format!("DELETE FROM journal WHERE revision = '{id}' AND statement = {statement}"),
            )
        };
        let index = match self.dialect {
            Dialect::Sqlite => (
                format!("CREATE INDEX i_{number:03} ON {table} (b)"),
                format!("DROP INDEX i_{number:03}"),
            ),
            Dialect::Postgres => (
                format!("CREATE INDEX ON {table} (b)"),
                format!("DROP INDEX {table}_b_idx"),
            ),
            Dialect::MySql => (
                format!("ALTER TABLE {table} ADD INDEX (b)"),
                format!("ALTER TABLE {table} DROP INDEX b"),
            ),
        };
        let mut statements = vec![
            (
                format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)"),
                format!("DROP TABLE {table}"),
            ),
            journal(1),
            (
                format!("ALTER TABLE {table} ADD COLUMN b VARCHAR(20)"),
                format!("ALTER TABLE {table} DROP COLUMN b"),
            ),
            index,
            journal(2),
        ];
        if number == 0 {
            let journal = (
                "CREATE TABLE journal (revision VARCHAR(64) NOT NULL, statement INTEGER NOT NULL)"
                    .to_owned(),
                "DROP TABLE journal".to_owned(),
            );
            statements.insert(0, journal);
        }
        statements
    }
}

/// The id of a revision.
pub(crate) fn id(number: usize) -> String {
    format!("r{number:03}")
}
