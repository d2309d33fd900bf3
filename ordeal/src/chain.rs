//! The chain that every ordeal applies.

use std::fmt::Write as _;
use std::process::Command;

use migrate_core::Dialect;
use migrate_tests::TestProject;

use crate::Result;

/// A folder with revisions `r000`, `r001` …, one on the other.
#[derive(Debug)]
pub(crate) struct Chain {
    project: TestProject,
    revisions: usize,
    dialect: Dialect,
    transactions: Transactions,
}

/// Whether revisions run in a transaction, if the database can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transactions {
    /// They do.
    Used,
    /// Their sections say `no-transaction`.
    Refused,
    /// The same, and each revision sets something for its session that its last statement needs
    /// and that the next revision must not find.
    WithSettings,
}

impl Chain {
    pub(crate) fn write(
        project: TestProject,
        dialect: Dialect,
        revisions: usize,
        transactions: Transactions,
    ) -> Result<Self> {
        project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
        let chain = Self {
            project,
            revisions,
            dialect,
            transactions,
        };
        for number in 0..revisions {
            let mut up = String::new();
            for statement in chain.statements(number) {
                writeln!(up, "{};", statement.sql)?;
            }
            chain.add(number, &up);
        }
        chain.seal()?;
        Ok(chain)
    }

    /// Whether a revision can stay unfinished.
    pub(crate) fn stops_halfway(&self) -> bool {
        !self.dialect.transactional_ddl() || self.transactions != Transactions::Used
    }

    /// Adds one that begins with a table and ends with an entry of the journal, and between them
    /// runs this.
    pub(crate) fn add_between(&mut self, sql: &str) -> Result<()> {
        let number = self.revisions;
        let last = entry(number, "last").sql;
        let up = format!("CREATE TABLE t_{number:03} (id INTEGER);\n{sql};\n{last};\n");
        self.add(number, &up);
        self.revisions += 1;
        self.seal()
    }

    /// Writes the file of a revision that runs this.
    fn add(&self, number: usize, up: &str) {
        let parents = match number.checked_sub(1) {
            None => "none".to_owned(),
            Some(parent) => id(parent),
        };
        let undone = entry(number, "undone").sql;
        let id = id(number);
        let words = match self.transactions {
            Transactions::Used => "",
            Transactions::Refused | Transactions::WithSettings => " no-transaction",
        };
        self.project.write(
            &format!("migrations/{id}.sql"),
            format!(
                "-- revision: {id}\n-- parents: {parents}\n-- message: ordeal {number}\n-- created: 2026-11-20T14:{:02}:{:02}Z\n\n-- migrate: up{words}\n{up}\n-- migrate: down\n{undone};\nDROP TABLE t_{number:03};\n",
                number / 60,
                number % 60
            ),
        );
    }

    /// Writes the lock.
    fn seal(&self) -> Result<()> {
        let sealed = self.project.run(["lock", "-q"]);
        match sealed.code {
            Some(0) => Ok(()),
            _ => Err(format!("the chain cannot be sealed: {sealed}").into()),
        }
    }

    /// The command with these arguments on a database.
    pub(crate) fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = self.project.command();
        // A wrapper program may change the working directory.
        command.arg("-C").arg(self.project.path());
        command.args(arguments).args(["--database-url", url]);
        command
    }

    /// What a revision runs.
    ///
    /// Some of the statements work as well when they are run twice: a row for the journal, and an
    /// index that the database names itself.
    pub(crate) fn statements(&self, number: usize) -> Vec<Statement> {
        let table = format!("t_{number:03}");
        let (index, name) = match self.dialect {
            Dialect::Sqlite => (
                format!("CREATE INDEX i_{number:03} ON {table} (b)"),
                format!("i_{number:03}"),
            ),
            Dialect::Postgres => (
                format!("CREATE INDEX ON {table} (b)"),
                format!("{table}_b_idx"),
            ),
            Dialect::MySql => (format!("ALTER TABLE {table} ADD INDEX (b)"), "b".to_owned()),
        };
        let mut statements = vec![
            Statement::new(
                format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)"),
                self.table_is_there(&table),
            ),
            entry(number, "first"),
            Statement::new(
                format!("ALTER TABLE {table} ADD COLUMN b VARCHAR(20)"),
                match self.dialect {
                    Dialect::Sqlite => {
                        format!("SELECT 1 FROM pragma_table_info('{table}') WHERE name = 'b'")
                    }
                    Dialect::Postgres | Dialect::MySql => {
                        self.listed("columns", &table, "column_name", "b")
                    }
                },
            ),
            Statement::new(
                index,
                match self.dialect {
                    Dialect::Sqlite => self.table_is_there(&name),
                    Dialect::Postgres => {
                        format!("SELECT 1 FROM pg_indexes WHERE indexname = '{name}'")
                    }
                    Dialect::MySql => self.listed("statistics", &table, "index_name", &name),
                },
            ),
            entry(number, "second"),
        ];
        if self.transactions == Transactions::WithSettings {
            let (set, said) = match self.dialect {
                Dialect::Sqlite => (
                    "PRAGMA recursive_triggers = ON",
                    "(SELECT iif(recursive_triggers, 'set', 'clean') FROM pragma_recursive_triggers)",
                ),
                Dialect::Postgres => (
                    "SELECT set_config('ordeal.said', 'set', false)",
                    "coalesce(nullif(current_setting('ordeal.said', true), ''), 'clean')",
                ),
                Dialect::MySql => ("SET @said = 'set'", "COALESCE(@said, 'clean')"),
            };
            // Whether it was set cannot be seen, and need not be: it is set again.
            let set = Statement::new(set.to_owned(), "SELECT 1".to_owned());
            statements.splice(0..0, [seen(number, said, "clean"), set]);
            statements.push(seen(number, said, "set"));
        }
        if number == 0 {
            let journal = Statement::new(
                "CREATE TABLE journal (revision VARCHAR(64) NOT NULL, entry VARCHAR(64) NOT NULL)"
                    .to_owned(),
                self.table_is_there("journal"),
            );
            statements.insert(0, journal);
        }
        statements
    }

    fn table_is_there(&self, table: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("SELECT 1 FROM sqlite_master WHERE name = '{table}'"),
            Dialect::Postgres | Dialect::MySql => self.listed("tables", table, "table_name", table),
        }
    }

    fn listed(&self, view: &str, table: &str, column: &str, name: &str) -> String {
        let schema = match self.dialect {
            Dialect::MySql => "DATABASE()",
            Dialect::Sqlite | Dialect::Postgres => "current_schema()",
        };
        format!(
            "SELECT 1 FROM information_schema.{view} WHERE table_schema = {schema} AND table_name = '{table}' AND {column} = '{name}'"
        )
    }
}

/// One statement of a revision.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Its SQL.
    pub(crate) sql: String,
    /// What has a row where it was done.
    pub(crate) done: String,
}

impl Statement {
    const fn new(sql: String, done: String) -> Self {
        Self { sql, done }
    }
}

/// A row of the journal, which has no key.
pub(crate) fn entry(number: usize, entry: &str) -> Statement {
    let id = id(number);
    let this = format!("FROM journal WHERE revision = '{id}' AND entry = '{entry}'");
    Statement::new(
        format!("INSERT INTO journal (revision, entry) VALUES ('{id}', '{entry}')"),
        format!("SELECT 1 {this}"),
    )
}

/// A row of the journal with what a revision sees of its session.
fn seen(number: usize, said: &str, expected: &str) -> Statement {
    let id = id(number);
    Statement::new(
        format!("INSERT INTO journal (revision, entry) SELECT '{id}', {said}"),
        format!("SELECT 1 FROM journal WHERE revision = '{id}' AND entry = '{expected}'"),
    )
}

/// The id of a revision.
pub(crate) fn id(number: usize) -> String {
    format!("r{number:03}")
}
