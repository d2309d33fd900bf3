//! A run as a script, for databases that the tool itself may not connect to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};

use migrate_core::{Dialect, Direction, Graph, LedgerNames, Plan, Revision, SessionSettings, Set};
use migrate_sql::{SessionEffect, session_effect, session_pragma};

use crate::applied_revision::{IN_DOUBT, RevisionState};
use crate::backend::{mysql_lock, mysql_settings};
use crate::chain_state::check_section;
use crate::engine::{CLEANING, QUERY_ONLY, out_of_reach};
use crate::error::{Error, count};
use crate::ledger::{TOOL, Tables};
use crate::ledger_event::EventKind;
use crate::literal::literal;

/// SQL that does the same as a run, including the ledger's rows: for `psql`, `mariadb` or `mysql`,
/// or `sqlite3`.
///
/// It first checks that the database is where the script begins, and stops if it is not; so sending
/// it twice, or to the wrong database, does nothing. Afterwards the database is in the same state
/// as after the run.
///
/// ```
/// # fn example(migrations: &migrate_sqlx::Migrations) -> Result<(), migrate_sqlx::Error> {
/// use migrate_core::Plan;
/// use migrate_sqlx::{Dialect, Target};
///
/// let graph = migrations.chain().graph();
/// let plan = Plan::up(graph, &graph.none(), &Target::heads())?;
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

/// The input of a script.
pub(crate) struct Material<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) ledger: &'a LedgerNames,
    pub(crate) session: &'a SessionSettings,
    /// The database's name, if there is a connection.
    pub(crate) database: Option<String>,
    pub(crate) graph: &'a Graph,
    pub(crate) revisions: &'a [Revision],
    /// The ledger's chain hashes, if they differ from the chain's.
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
            // After a reconnect the client would stay in the database of `USE`.
            if material.database.is_none()
                && uses_another(revision, plan.direction, material.dialect)
            {
                return Err(Error::ScriptUse {
                    revision: revision.id.to_string(),
                });
            }
        }
        let (from, to) = (ids(&plan.before), ids(&plan.after()));
        let mut writer = Writer {
            material,
            tables: Tables::for_script(material.dialect, material.ledger),
            direction: plan.direction,
            sql: String::new(),
            dirty: false,
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
    /// Whether the step before may have left something in the session.
    dirty: bool,
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
        self.line(format_args!("-- Usage: {client}"));
        self.line("-- Each step checks that the database is where it begins, and stops the script if it is not.");
        match self.material.dialect {
            Dialect::MySql => {
                self.line("-- A step that fails halfway is recorded: `cargo migrate status` shows it, `cargo migrate run --resume` continues.");
            }
            Dialect::Sqlite | Dialect::Postgres => {
                self.line("-- Each step is a transaction: a step that fails is rolled back.");
            }
        }
    }

    /// Writes the client's settings: with these, the SQL means the same as in a run.
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
                let settings = self.postgres();
                self.line(settings);
            }
            Dialect::MySql => self.mysql_session(),
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

    /// A session of MySQL as a run has it, with the locks that keep other migrators out.
    fn mysql_session(&mut self) {
        self.line("SET NAMES utf8mb4;");
        let settings = mysql_settings(self.material.session);
        if !settings.is_empty() {
            self.statement(settings);
        }
        for suffix in ["", ".work"] {
            let name = mysql_lock(self.material.ledger, suffix);
            self.demand(
                &format!("COALESCE(GET_LOCK({name}, {WAIT}), 0)"),
                "another migrator is running",
            );
        }
    }

    /// MySQL: has the client take a new connection.
    fn reconnect(&mut self) {
        match &self.material.database {
            Some(name) => self.line(format_args!("connect {};", Dialect::MySql.quote(name))),
            None => self.line("connect;"),
        }
        self.mysql_session();
    }

    /// PostgreSQL's settings as a run has them, and how long to wait for a lock.
    fn postgres(&self) -> String {
        let zone = self.material.session.time_zone.as_deref().unwrap_or("UTC");
        let zone = literal_text(zone);
        format!(
            "SET client_encoding = 'UTF8'; SET TimeZone = {zone}; SET lock_timeout = '{WAIT}s'; SET client_min_messages = 'warning';"
        )
    }

    /// Starts a clean session for the next step.
    fn begin_session(&mut self, revision: &Revision) {
        let dialect = self.material.dialect;
        if std::mem::take(&mut self.dirty) {
            match dialect {
                Dialect::Sqlite => {}
                Dialect::Postgres => {
                    self.reset();
                    self.line(format_args!(
                        "\\o /dev/null\n{};\nDEALLOCATE ALL;\n\\o",
                        CLEANING.join("; ")
                    ));
                }
                Dialect::MySql => self.reconnect(),
            }
        }
        if dialect == Dialect::MySql {
            // The ledger's own rows have numbers as well.
            self.line("DO LAST_INSERT_ID(0);");
        }
        self.dirty = statements(revision, self.direction, dialect)
            .any(|sql| session_effect(dialect, sql) != SessionEffect::None);
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
        self.begin_session(revision);
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
        self.end_session(revision);
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
                for sql in self
                    .tables
                    .insert(revision, RevisionState::Applied, duration)
                {
                    self.statement(sql);
                }
                self.statement(self.tables.event(&EventKind::Apply, id, duration, DETAIL));
            }
            Direction::Down => {
                self.statement(self.tables.delete(id));
                self.statement(self.tables.event(&EventKind::Revert, id, duration, DETAIL));
            }
        }
        self.statement("COMMIT");
    }

    /// Each finished statement is recorded, as a run records it.
    fn by_statement(&mut self, revision: &Revision, before: &Place) {
        let id = revision.id.as_str();
        let state = match self.direction {
            Direction::Up => RevisionState::Applying,
            Direction::Down => RevisionState::Reverting,
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
        let dialect = self.material.dialect;
        let texts: Vec<_> = statements(revision, self.direction, dialect).collect();
        let groups = out_of_reach(dialect, &texts);
        for (number, sql) in texts.iter().enumerate() {
            let group = groups[number];
            if group == Some(number) {
                let unclear = self.tables.progress(id, state, number, Some(IN_DOUBT));
                self.ledger_statement(&unclear, None);
            }
            self.sql_of_revision(sql);
            let next = groups.get(number + 1).copied().flatten();
            if group.is_none() || (next != group && number + 1 < texts.len()) {
                let progress = self.tables.progress(id, state, number + 1, None);
                let mut done = texts[..=number].iter().rev();
                let closed = done.find(|sql| {
                    dialect == Dialect::Sqlite && session_pragma(sql) == Some(QUERY_ONLY)
                });
                self.ledger_statement(&progress, closed.copied());
            }
        }
        self.end_session(revision);
        if dialect == Dialect::MySql && groups.last().is_some_and(Option::is_some) {
            // What keeps the ledger from being written ends with its session.
            self.reconnect();
            self.dirty = false;
        }
        self.begin();
        match self.direction {
            Direction::Up => {
                self.statement(self.tables.finish(revision, 0));
                self.statement(self.tables.event(&EventKind::Apply, id, "0", DETAIL));
            }
            Direction::Down => {
                self.statement(self.tables.delete(id));
                self.statement(self.tables.event(&EventKind::Revert, id, "0", DETAIL));
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

    /// A statement on the ledger between those of a revision. What the revision has set does not
    /// reach it on PostgreSQL, nor the `query_only` of SQLite that `closed` sets.
    fn ledger_statement(&mut self, sql: &str, closed: Option<&str>) {
        if let Some(closed) = closed {
            self.statement(format_args!("PRAGMA {QUERY_ONLY} = 0"));
            self.statement(sql);
            self.statement(closed);
            return;
        }
        match self.material.dialect {
            Dialect::Postgres => self.line(format_args!(
                "BEGIN READ WRITE; SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; SET LOCAL statement_timeout = 0; {sql}; COMMIT;"
            )),
            Dialect::Sqlite | Dialect::MySql => self.statement(sql),
        }
    }

    /// What a revision has set must not reach the ledger, nor the next one; dumps empty the search
    /// path, for example.
    fn end_session(&mut self, revision: &Revision) {
        match self.material.dialect {
            Dialect::Sqlite => {
                for sql in given_back(statements(revision, self.direction, Dialect::Sqlite)) {
                    self.statement(sql);
                }
            }
            Dialect::Postgres => self.reset(),
            Dialect::MySql => {}
        }
    }

    fn reset(&mut self) {
        let settings = self.postgres();
        self.line(format_args!(
            "RESET SESSION AUTHORIZATION; RESET ALL; {settings}"
        ));
    }

    /// Stops the script if the ledger is not as planned: the number of rows, all of
    /// them whole, and the chain hashes of the heads, which cover all their ancestors.
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
            &format!("this step begins at {heads}, but the database is not there"),
        );
    }

    /// Stops the script and rolls back if `fine` is not true.
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

/// Whether a revision changes to another database of MySQL's.
fn uses_another(revision: &Revision, direction: Direction, dialect: Dialect) -> bool {
    dialect == Dialect::MySql
        && statements(revision, direction, dialect).any(|sql| {
            let mut words = sql.split(|c: char| !c.is_alphanumeric());
            words.any(|word| word.eq_ignore_ascii_case("USE"))
                && out_of_reach(dialect, &[sql]) == [Some(0)]
        })
}

/// SQL that restores SQLite's session after a revision: its defaults ("PRAGMA Statements" in the
/// manual), no temporary objects, nothing attached.
fn given_back<T: AsRef<str>>(statements: impl Iterator<Item = T>) -> Vec<String> {
    let mut back = Vec::new();
    for sql in statements {
        let sql = sql.as_ref();
        if let Some(name) = session_pragma(sql) {
            let default = match name {
                "automatic_index" | "cache_spill" | "short_column_names" | "trusted_schema" => "1",
                "synchronous" => "2",
                "cache_size" => "-2000",
                "locking_mode" => "NORMAL",
                "journal_size_limit" => "-1",
                "max_page_count" => "4294967294",
                _ => "0",
            };
            back.push(format!("PRAGMA {name} = {default}"));
        }
        let words: Vec<&str> = sql.split_whitespace().take(4).collect();
        let first = words.first().copied().unwrap_or_default();
        if first.eq_ignore_ascii_case("ATTACH")
            && let Some(name) = sql.split_whitespace().last()
        {
            back.push(format!("DETACH {name}"));
        }
        let kinds = words.iter().filter_map(|word| {
            let kinds = ["TABLE", "VIEW", "TRIGGER"];
            kinds
                .into_iter()
                .find(|kind| word.eq_ignore_ascii_case(kind))
        });
        if first.eq_ignore_ascii_case("CREATE")
            && let SessionEffect::Lost(names) = session_effect(Dialect::Sqlite, sql)
            && let Some(kind) = kinds.into_iter().next()
        {
            let drop = |name: &String| {
                format!("DROP {kind} IF EXISTS temp.{}", Dialect::Sqlite.quote(name))
            };
            back.extend(names.iter().map(drop));
        }
    }
    back.reverse();
    back
}

/// The detail of the script's events.
const DETAIL: &str = "by script";

/// A quoted text for people; backslashes are removed.
fn literal_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "").replace('\'', "''"))
}

fn statements(
    revision: &Revision,
    direction: Direction,
    dialect: Dialect,
) -> impl Iterator<Item = &str> {
    let statements = revision.statements(direction, dialect).iter();
    statements.map(|statement| revision.sql(*statement))
}
