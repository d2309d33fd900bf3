//! A run as a script, for whoever must not or cannot let a program at the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};

use migrate_core::{Dialect, Direction, Graph, LedgerNames, Plan, Revision, Set};

use crate::backend::mysql_lock;
use crate::engine::check_section;
use crate::error::{Error, count};
use crate::ledger::{State, TOOL, Tables, literal};

/// SQL that does what a run would do, the ledger's rows included: for `psql`, `mariadb` or `mysql`,
/// or `sqlite3`.
///
/// It looks first whether the database is where it begins, and stops where it is not; so it can be
/// sent twice, or to the wrong database, and nothing happens. Afterwards the database is where the
/// run would have left it.
///
/// ```
/// # fn example(migrations: &migrate_sqlx::Migrations) -> Result<(), migrate_sqlx::Error> {
/// use migrate_sqlx::{Dialect, Graph, Plan, Target};
///
/// let graph = Graph::new(migrations.revisions());
/// let plan = Plan::up(&graph, &graph.none(), &Target::heads())?;
/// let script = migrations.script(Dialect::Postgres, &plan)?;
/// println!("{}", script.sql);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Script {
    /// All of it, header and settings included.
    pub sql: String,
    /// The revisions that it applies or reverts, in this order.
    pub steps: Vec<String>,
    /// The heads before it, sorted.
    pub from: Vec<String>,
    /// The heads after it, sorted.
    pub to: Vec<String>,
}

/// What a script is made of.
pub(crate) struct Material<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) ledger: &'a LedgerNames,
    pub(crate) graph: &'a Graph,
    pub(crate) revisions: &'a [Revision],
    /// The chain hashes as the ledger has them, where that is not what the chain has.
    pub(crate) recorded: BTreeMap<String, String>,
}

/// How long a script waits for a migrator to finish, in seconds.
const WAIT: u32 = 60;

impl Script {
    pub(crate) fn write(material: &Material<'_>, plan: &Plan) -> Result<Self, Error> {
        let graph = material.graph;
        let ids = |set: &Set| -> Vec<String> {
            let heads = graph.effective_heads(set);
            heads
                .iter()
                .map(|index| graph.id(*index).to_string())
                .collect()
        };
        let steps: Vec<&Revision> = plan
            .steps
            .iter()
            .map(|index| &material.revisions[*index])
            .collect();
        for revision in &steps {
            check_section(revision, plan.direction, material.dialect)?;
        }
        let (from, to) = (ids(&plan.before), ids(&plan.after()));
        let mut writer = Writer {
            material,
            tables: Tables::for_script(material.dialect, material.ledger),
            direction: plan.direction,
            sql: String::new(),
        };
        writer.header(steps.len(), &from, &to);
        if !steps.is_empty() {
            writer.settings(from.is_empty());
            let mut place = Place {
                count: plan.before.iter().count(),
                heads: from.clone(),
            };
            let all = plan.with_heads(graph).enumerate();
            for (number, (index, heads)) in all {
                writer.title(&material.revisions[index], number + 1, steps.len());
                writer.step(index, &place);
                place = Place {
                    count: match plan.direction {
                        Direction::Up => place.count + 1,
                        Direction::Down => place.count - 1,
                    },
                    heads: heads.iter().map(ToString::to_string).collect(),
                };
            }
            writer.end();
        }
        Ok(Self {
            sql: writer.sql,
            steps: steps
                .iter()
                .map(|revision| revision.id.to_string())
                .collect(),
            from,
            to,
        })
    }
}

/// Where the database must be before a step.
struct Place {
    count: usize,
    heads: Vec<String>,
}

struct Writer<'a> {
    material: &'a Material<'a>,
    tables: Tables,
    direction: Direction,
    sql: String,
}

fn place(heads: &[String]) -> String {
    match heads.is_empty() {
        true => "base".to_owned(),
        false => heads.join(", "),
    }
}

impl Writer<'_> {
    fn line(&mut self, line: impl Display) {
        let _infallible = writeln!(self.sql, "{line}");
    }

    /// A statement of ours: one line, ended.
    fn statement(&mut self, sql: impl Display) {
        self.line(format_args!("{sql};"));
    }

    fn header(&mut self, steps: usize, from: &[String], to: &[String]) {
        let verb = match self.direction {
            Direction::Up => "applies",
            Direction::Down => "reverts",
        };
        let (name, client) = match self.material.dialect {
            Dialect::Sqlite => ("SQLite", "sqlite3 <database file> < <this file>"),
            Dialect::Postgres => (
                "PostgreSQL",
                "psql --no-psqlrc --quiet --file=<this file> <database>",
            ),
            Dialect::MySql => (
                "MySQL and MariaDB",
                "mariadb <database> < <this file>   (or mysql)",
            ),
        };
        self.line(format_args!(
            "-- {TOOL} for {name}: {verb} {}",
            count(steps, "revision")
        ));
        self.line(format_args!("-- from {}", place(from)));
        self.line(format_args!("-- to   {}", place(to)));
        if steps == 0 {
            self.line("-- There is nothing to do.");
            return;
        }
        self.line("--");
        self.line(format_args!("-- Type:  {client}"));
        self.line("-- Each step looks whether the database is where it begins, and stops the script where it is not.");
        match self.material.dialect {
            Dialect::MySql => {
                self.line("-- What fails half way is recorded: `cargo migrate status` shows it, `cargo migrate run --resume` goes on.");
            }
            Dialect::Sqlite | Dialect::Postgres => {
                self.line("-- Each step is a transaction: what fails leaves nothing of its step.");
            }
        }
    }

    /// What the client is told before anything runs. The settings are those of the driver, so that
    /// the SQL means what it means in a run.
    fn settings(&mut self, begins_empty: bool) {
        self.line("");
        match self.material.dialect {
            Dialect::Sqlite => {
                self.line(".bail on");
                self.line("PRAGMA foreign_keys = OFF;");
                self.line("CREATE TEMP TABLE cargo_migrate (fine INTEGER);");
            }
            Dialect::Postgres => {
                self.line("\\set ON_ERROR_STOP on");
                self.line(postgres());
            }
            Dialect::MySql => {
                self.line("SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci;");
                self.line("SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION'), time_zone = '+00:00';");
                for suffix in ["", ".work"] {
                    let name = mysql_lock(self.material.ledger, suffix);
                    self.demand(
                        &format!("COALESCE(GET_LOCK({name}, {WAIT}), 0)"),
                        "another migrator is at work",
                    );
                }
            }
        }
        self.line("");
        if begins_empty {
            for sql in self.tables.create() {
                self.statement(sql);
            }
        } else {
            let exists = self.tables.exists();
            self.demand(&exists, "the database has no ledger: it is at base");
        }
    }

    fn title(&mut self, revision: &Revision, number: usize, of: usize) {
        let verb = match self.direction {
            Direction::Up => "apply",
            Direction::Down => "revert",
        };
        // A line end in it would make SQL of what follows.
        let message = revision.message.replace(['\r', '\n'], " ");
        self.line("");
        self.line(format_args!(
            "-- {number} of {of}: {verb} {} {message}",
            revision.id
        ));
    }

    fn step(&mut self, index: usize, before: &Place) {
        let revision = &self.material.revisions[index];
        let dialect = self.material.dialect;
        let section = revision.section(self.direction, dialect);
        let whole =
            dialect.transactional_ddl() && section.is_none_or(|section| section.transaction);
        match whole {
            true => self.at_once(revision, before),
            false => self.by_statement(revision, before),
        }
    }

    fn at_once(&mut self, revision: &Revision, before: &Place) {
        self.begin();
        self.check_place(before);
        if self.material.dialect == Dialect::Sqlite {
            self.statement("CREATE TEMP TABLE cargo_migrate_keys AS SELECT \"table\" AS child, parent, COUNT(*) AS rows FROM pragma_foreign_key_check GROUP BY 1, 2");
        }
        for sql in statements(revision, self.direction, self.material.dialect) {
            self.sql_of_revision(sql);
        }
        self.reset();
        if self.material.dialect == Dialect::Sqlite {
            self.demand(
                "NOT EXISTS (SELECT 1 FROM (SELECT \"table\" AS child, parent, COUNT(*) AS rows FROM pragma_foreign_key_check GROUP BY 1, 2) now \
                 LEFT JOIN temp.cargo_migrate_keys old ON old.child = now.child AND old.parent IS now.parent WHERE now.rows > COALESCE(old.rows, 0))",
                "rows would point to rows that do not exist",
            );
            self.statement("DROP TABLE temp.cargo_migrate_keys");
        }
        let id = revision.id.as_str();
        let duration = match self.material.dialect {
            Dialect::Postgres => {
                "(EXTRACT(EPOCH FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint"
            }
            Dialect::Sqlite | Dialect::MySql => "0",
        };
        match self.direction {
            Direction::Up => {
                for sql in self.tables.insert(revision, State::Applied, duration) {
                    self.statement(sql);
                }
                self.statement(self.tables.event("apply", id, duration, DETAIL));
            }
            Direction::Down => {
                self.statement(self.tables.delete(id));
                self.statement(self.tables.event("revert", id, duration, DETAIL));
            }
        }
        self.statement("COMMIT");
    }

    /// Each finished statement is recorded, as a run records it.
    fn by_statement(&mut self, revision: &Revision, before: &Place) {
        let id = revision.id.as_str();
        let state = match self.direction {
            Direction::Up => State::Applying,
            Direction::Down => State::Reverting,
        };
        self.begin();
        self.check_place(before);
        let record = match self.direction {
            Direction::Up => self.tables.insert(revision, state, "0"),
            Direction::Down => vec![self.tables.progress(id, state, 0, None)],
        };
        for sql in record {
            self.statement(sql);
        }
        self.statement("COMMIT");
        for (number, sql) in statements(revision, self.direction, self.material.dialect).enumerate()
        {
            self.sql_of_revision(sql);
            self.reset();
            self.statement(self.tables.progress(id, state, number + 1, None));
        }
        self.begin();
        match self.direction {
            Direction::Up => {
                self.statement(self.tables.finish(revision, 0));
                self.statement(self.tables.event("apply", id, "0", DETAIL));
            }
            Direction::Down => {
                self.statement(self.tables.delete(id));
                self.statement(self.tables.event("revert", id, "0", DETAIL));
            }
        }
        self.statement("COMMIT");
    }

    fn begin(&mut self) {
        self.statement(match self.material.dialect {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres | Dialect::MySql => "BEGIN",
        });
    }

    /// A statement as its author wrote it. The client must not end it where it only holds a `;`.
    fn sql_of_revision(&mut self, sql: &str) {
        if self.material.dialect != Dialect::MySql || !sql.contains(';') {
            self.statement(sql);
            return;
        }
        let mut delimiter = "//".to_owned();
        while sql.contains(&delimiter) {
            delimiter.push('/');
        }
        self.line(format_args!("DELIMITER {delimiter}"));
        self.line(sql);
        self.line(&delimiter);
        self.line("DELIMITER ;");
    }

    /// What a revision has set must not reach the ledger, nor the next one; dumps empty the search
    /// path, for example.
    fn reset(&mut self) {
        if self.material.dialect == Dialect::Postgres {
            self.line(format_args!("RESET ALL; {}", postgres()));
        }
    }

    /// Stops the script where the ledger is not as it was planned with: the number of rows, all of
    /// them whole, and the chain hashes of the heads, which stand for all that they follow.
    fn check_place(&mut self, place_before: &Place) {
        let table = self.tables.revision_table().to_owned();
        if self.material.dialect == Dialect::Postgres {
            self.statement(format_args!("LOCK TABLE {table} IN EXCLUSIVE MODE"));
        }
        let hashes: BTreeSet<String> = place_before.heads.iter().map(|id| self.hash(id)).collect();
        let mut fine = format!(
            "(SELECT COUNT(*) FROM {table}) = {} AND NOT EXISTS (SELECT 1 FROM {table} WHERE state <> 'applied')",
            place_before.count
        );
        if !hashes.is_empty() {
            let list: Vec<_> = hashes.iter().map(|hash| format!("'{hash}'")).collect();
            let _infallible = write!(
                fine,
                " AND (SELECT COUNT(*) FROM {table} WHERE chain_hash IN ({})) = {}",
                list.join(", "),
                hashes.len()
            );
        }
        let heads = place(&place_before.heads);
        self.demand(
            &fine,
            &format!("this step begins at {heads}, and the database is not there"),
        );
    }

    /// Stops the script, and undoes what is not committed, where `fine` is not true.
    fn demand(&mut self, fine: &str, message: &str) {
        let dialect = self.material.dialect;
        match dialect {
            // Only a trigger can raise an error, and its message is a literal.
            Dialect::Sqlite => {
                self.statement(format_args!(
                    "CREATE TEMP TRIGGER cargo_migrate_refuses BEFORE INSERT ON cargo_migrate WHEN NEW.fine IS NOT 1 BEGIN SELECT RAISE(ROLLBACK, {}); END",
                    literal(dialect, &format!("cargo-migrate: {message}"))
                ));
                self.statement(format_args!("INSERT INTO temp.cargo_migrate SELECT {fine}"));
                self.statement("DROP TRIGGER temp.cargo_migrate_refuses");
            }
            Dialect::Postgres => {
                let message =
                    literal(dialect, &format!("cargo-migrate: {message}")).replace('%', "%%");
                self.line(format_args!(
                    "DO $do$ BEGIN IF NOT ({fine}) THEN RAISE EXCEPTION {message}; END IF; END $do$;"
                ));
            }
            // Outside a routine nothing can be raised on both servers, so what is prepared then
            // names a table that does not exist; such a name has at most 64 characters.
            Dialect::MySql => {
                let name: String = message.replace('`', "").chars().take(64).collect();
                self.statement(format_args!(
                    "SET @cargo_migrate = IF({fine}, 'DO 0', {})",
                    literal_text(&format!("SELECT 1 FROM `{}`", name.trim_end()))
                ));
                self.statement("PREPARE cargo_migrate FROM @cargo_migrate");
                self.statement("EXECUTE cargo_migrate");
                self.statement("DEALLOCATE PREPARE cargo_migrate");
            }
        }
    }

    fn hash(&self, id: &str) -> String {
        if let Some(recorded) = self.material.recorded.get(id) {
            return crate::ledger::with_version(recorded);
        }
        let hash = self
            .material
            .graph
            .index(id)
            .map(|index| self.material.revisions[index].chain_hash);
        crate::ledger::with_version(&hash.map(|hash| hash.to_string()).unwrap_or_default())
    }

    fn end(&mut self) {
        match self.material.dialect {
            Dialect::Sqlite => {
                self.line("");
                self.line("DROP TABLE temp.cargo_migrate;");
            }
            Dialect::Postgres => {}
            Dialect::MySql => {
                self.line("");
                for suffix in ["", ".work"] {
                    let name = mysql_lock(self.material.ledger, suffix);
                    self.statement(format_args!("DO RELEASE_LOCK({name})"));
                }
            }
        }
    }
}

/// The settings of the driver, and how long to wait for a lock.
fn postgres() -> String {
    format!(
        "SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET lock_timeout = '{WAIT}s'; SET client_min_messages = 'warning';"
    )
}

/// What the events say of it.
const DETAIL: &str = "by script";

/// A text that people can read; not more than words is kept of it.
fn literal_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "").replace('\'', "''"))
}

fn statements(
    revision: &Revision,
    direction: Direction,
    dialect: Dialect,
) -> impl Iterator<Item = &str> {
    let section = revision.section(direction, dialect);
    let statements = section.and_then(|section| section.statements(dialect));
    statements
        .unwrap_or_default()
        .iter()
        .map(|statement| revision.sql(*statement))
}
