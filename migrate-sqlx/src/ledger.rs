//! The ledger: what the database says is applied, and every event.
//!
//! The SQL is text that each dialect accepts, with literals written in rather than bound, so that
//! a revision and its row can go to the server in one message.

use std::fmt::Write as _;
use std::time::Duration;

use migrate_core::{Dialect, Hash, LedgerNames, Phase, Revision, RevisionId};

use crate::applied_revision::{AppliedRevision, RevisionState};
use crate::backend::{Row, Session};
use crate::driver_error::Refusal;
use crate::error::Error;
use crate::ledger_event::{EventKind, LedgerEvent};
use crate::literal::literal;
use crate::required_tables;
use crate::timestamp::Timestamp;

/// Which version of the tool writes the rows.
pub(crate) const TOOL: &str = concat!("cargo-migrate ", env!("CARGO_PKG_VERSION"));

/// Stands before a hash in the ledger: the version of the algorithm.
const HASH_VERSION: &str = "1:";

/// A hash as the ledger writes it.
pub(crate) fn with_version(hash: &str) -> String {
    format!("{HASH_VERSION}{hash}")
}

/// The tables of one ledger, and the SQL on them.
pub(crate) struct Tables {
    dialect: Dialect,
    names: LedgerNames,
    pub(crate) author: Author,
    revision: String,
    event: String,
}

/// Who enters the rows, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// This process, now: the user and the host of the operating system.
    Process,
    /// This process, now, under a name that the application gives.
    Named(String),
    /// This process, now; neither user nor host are recorded.
    Anonymous(String),
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command writes scripts")
    )]
    /// A script that is sent later: the database supplies the user and the time.
    Script,
}

/// How many statements [`Tables::lock`] has.
pub(crate) const LOCKING: usize = 3;

/// How much of a revision's text is written at once, in bytes.
const PIECE: usize = 512 * 1024;

const COLUMNS: &str = "revision, parents, message, hash, chain_hash, state, statements, error, applied_at, duration_ms, tool, phase, file, body";

impl Tables {
    pub(crate) fn new(dialect: Dialect, names: &LedgerNames) -> Self {
        let table = |name: &str| {
            let table = dialect.quote(&format!("{}{name}", names.prefix));
            match &names.schema {
                None => table,
                Some(schema) => format!("{}.{table}", dialect.quote(schema)),
            }
        };
        Self {
            dialect,
            revision: table("revision"),
            event: table("event"),
            names: names.clone(),
            author: Author::Process,
        }
    }

    /// Returns the same tables, for SQL that is sent later by another client.
    #[cfg(feature = "cli")]
    pub(crate) fn for_script(dialect: Dialect, names: &LedgerNames) -> Self {
        Self {
            author: Author::Script,
            ..Self::new(dialect, names)
        }
    }

    /// Whether the table of the revisions is there, as a condition.
    #[cfg(feature = "cli")]
    pub(crate) fn exists(&self) -> String {
        let name = literal(self.dialect, &format!("{}revision", self.names.prefix));
        let schema = self.names.schema.as_deref();
        match self.dialect {
            Dialect::Sqlite => format!(
                "EXISTS (SELECT 1 FROM {}.sqlite_master WHERE type = 'table' AND name = {name})",
                self.dialect.quote(schema.unwrap_or("main"))
            ),
            Dialect::Postgres => format!(
                "to_regclass({}) IS NOT NULL",
                literal(self.dialect, &self.revision)
            ),
            Dialect::MySql => format!(
                "EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = {} AND table_name = {name})",
                schema.map_or_else(
                    || "DATABASE()".to_owned(),
                    |schema| literal(self.dialect, schema)
                )
            ),
        }
    }

    /// The table of the revisions, quoted.
    pub(crate) fn revision_table(&self) -> &str {
        &self.revision
    }

    /// The present time as an expression, in the form of [`crate::timestamp::now`].
    fn now(&self) -> String {
        match (&self.author, self.dialect) {
            (Author::Process | Author::Named(_) | Author::Anonymous(_), _) => {
                format!("'{}'", crate::timestamp::now())
            }
            (Author::Script, Dialect::Sqlite) => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')".to_owned(),
            (Author::Script, Dialect::Postgres) => {
                "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
                    .to_owned()
            }
            (Author::Script, Dialect::MySql) => {
                "CONCAT(LEFT(DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')"
                    .to_owned()
            }
        }
    }

    /// Who does it and from where, as expressions.
    fn who(&self) -> [String; 2] {
        // Unknown names are left empty.
        let known = |name: whoami::Result<String>| literal(self.dialect, &name.unwrap_or_default());
        match (&self.author, self.dialect) {
            (Author::Process, _) => [known(whoami::username()), known(whoami::hostname())],
            (Author::Named(name), _) => [literal(self.dialect, name), known(whoami::hostname())],
            (Author::Anonymous(name), _) => [literal(self.dialect, name), "''".to_owned()],
            (Author::Script, Dialect::Sqlite) => ["''".to_owned(), "''".to_owned()],
            (Author::Script, Dialect::Postgres) => [
                "current_user".to_owned(),
                "coalesce(host(inet_client_addr()), '')".to_owned(),
            ],
            (Author::Script, Dialect::MySql) => [
                "SUBSTRING_INDEX(USER(), '@', 1)".to_owned(),
                "SUBSTRING_INDEX(USER(), '@', -1)".to_owned(),
            ],
        }
    }

    /// PostgreSQL: finds the schema the tables are in, or will be, and names it from now on. A
    /// revision may change the search path, as every dump of pg_dump does.
    pub(crate) async fn find_schema(&mut self, session: &mut dyn Session) -> Result<(), Error> {
        if self.dialect != Dialect::Postgres || self.names.schema.is_some() {
            return Ok(());
        }
        let sql = format!(
            "SELECT coalesce((SELECT n.nspname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = to_regclass({})), current_schema()::text)",
            literal(self.dialect, &self.revision)
        );
        let rows = session.query(sql).await.map_err(Error::from)?;
        let schema = rows
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next()?);
        if let Some(schema) = schema {
            self.names.schema = Some(schema.into());
            *self = Self {
                author: self.author.clone(),
                ..Self::new(self.dialect, &self.names)
            };
        }
        Ok(())
    }

    /// Counts in one query: rows, rows that are not whole, those of the heads' chain hashes that are
    /// there, and the tables that are. `None` if the ledger does not exist.
    pub(crate) async fn summary(
        &self,
        session: &mut dyn Session,
        heads: &[(RevisionId, Hash)],
        tables: &[required_tables::Place],
    ) -> Result<Option<Summary>, Error> {
        let mut hashes = String::from("''");
        for (_, hash) in heads {
            let _infallible = write!(hashes, ", '{HASH_VERSION}{hash}'");
        }
        let sql = format!(
            "SELECT COUNT(*), COUNT(CASE WHEN state <> 'applied' THEN 1 END), COUNT(CASE WHEN chain_hash IN ({hashes}) THEN 1 END), {} FROM {}",
            required_tables::count(self.dialect, tables),
            self.revision
        );
        let rows = match session.query(sql).await {
            Ok(rows) => rows,
            Err(error) => return self.absent(error).map(|()| None),
        };
        let number = |column: usize| {
            let text = rows.first().and_then(|row| row.get(column)?.as_deref());
            text.and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        Ok(Some(Summary {
            rows: number(0),
            unfinished: number(1),
            heads: number(2),
            tables: number(3),
        }))
    }

    /// Reads every row without its text and message, which take time to send, and counts the tables
    /// that are there, in one query. A missing ledger reads as empty, and counts none.
    pub(crate) async fn outline(
        &self,
        session: &mut dyn Session,
        tables: &[required_tables::Place],
    ) -> Result<(Vec<AppliedRevision>, usize), Error> {
        let columns = COLUMNS.replace("message", "''").replace("body", "''");
        let sql = format!(
            "SELECT {columns}, {} FROM {} ORDER BY applied_at, revision",
            required_tables::count(self.dialect, tables),
            self.revision
        );
        let rows = match session.query(sql).await {
            Ok(rows) => rows,
            Err(error) => return self.absent(error).map(|()| (Vec::new(), 0)),
        };
        // It is the same in each row.
        let count = rows.first().and_then(|row| row.last()?.as_deref());
        let count = count.and_then(|count| count.parse().ok());
        let rows = rows.into_iter().map(applied).collect();
        Ok((rows, count.unwrap_or_default()))
    }

    pub(crate) fn create(&self) -> [String; 2] {
        let (text, name, id) = match self.dialect {
            Dialect::Sqlite => ("TEXT", "TEXT", "INTEGER PRIMARY KEY"),
            Dialect::Postgres => (
                "TEXT",
                "VARCHAR(64)",
                "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            ),
            Dialect::MySql => (
                "LONGTEXT",
                "VARCHAR(64)",
                "BIGINT AUTO_INCREMENT PRIMARY KEY",
            ),
        };
        let options = match self.dialect {
            Dialect::MySql => " ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin",
            Dialect::Sqlite | Dialect::Postgres => "",
        };
        [
            format!(
                "CREATE TABLE IF NOT EXISTS {} (revision {name} NOT NULL PRIMARY KEY, parents {text} NOT NULL, message {text} NOT NULL, \
                 hash VARCHAR(80) NOT NULL, chain_hash VARCHAR(80) NOT NULL, state VARCHAR(16) NOT NULL, statements INTEGER NOT NULL, \
                 error {text}, applied_at VARCHAR(32) NOT NULL, duration_ms BIGINT NOT NULL, tool VARCHAR(64) NOT NULL, phase VARCHAR(16) NOT NULL, file {text} NOT NULL, body {text} NOT NULL){options}",
                self.revision
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (id {id}, at VARCHAR(32) NOT NULL, kind VARCHAR(16) NOT NULL, revision {name} NOT NULL, \
                 done_by {text} NOT NULL, host {text} NOT NULL, tool VARCHAR(64) NOT NULL, duration_ms BIGINT NOT NULL, detail {text} NOT NULL){options}",
                self.event
            ),
        ]
    }

    /// The schema that it is to be in, where one is named.
    pub(crate) fn schema(&self) -> Option<&str> {
        self.names.schema.as_deref()
    }

    /// The statement that makes the schema, where an error says that it is not there: PostgreSQL's
    /// invalid_schema_name, MySQL's ER_BAD_DB_ERROR. SQLite has none of its own.
    pub(crate) fn missing_schema(&self, error: &Error) -> Option<String> {
        let Error::Database(error) = error else {
            return None;
        };
        let schema = self.dialect.quote(self.schema()?);
        match (self.dialect, error.refusal()?) {
            (Dialect::Postgres, Refusal::UnknownSchema) => {
                Some(format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
            }
            (Dialect::MySql, Refusal::UnknownDatabase) => Some(format!(
                "CREATE DATABASE IF NOT EXISTS {schema} DEFAULT CHARACTER SET utf8mb4"
            )),
            _ => None,
        }
    }

    /// Whether an error says that the tables are not where they were.
    pub(crate) fn are_gone(&self, error: &sqlx::Error) -> bool {
        let (Some(refusal), Some(error)) = (Refusal::of(error), error.as_database_error()) else {
            return false;
        };
        let ledger = format!("{}revision", self.names.prefix);
        match refusal {
            Refusal::UnknownTable | Refusal::UnknownSchema => error.message().contains(&ledger),
            Refusal::UnknownDatabase | Refusal::NoDatabaseSelected => true,
            _ => false,
        }
    }

    /// Whether the ledger still allows a way up: 1, else 0. The revision is not there, and all it
    /// needs is; `there` says that it is there and unfinished.
    pub(crate) fn guard_up_sql(&self, revision: &str, there: bool, needs: &[&str]) -> String {
        let table = &self.revision;
        let not = if there { "" } else { "NOT " };
        let mut sql = format!(
            "CASE WHEN {not}EXISTS (SELECT 1 FROM {table} WHERE revision = {})",
            literal(self.dialect, revision)
        );
        if !needs.is_empty() {
            let ids: Vec<_> = needs.iter().map(|id| literal(self.dialect, id)).collect();
            let _infallible = write!(
                sql,
                " AND (SELECT COUNT(*) FROM {table} WHERE state = 'applied' AND revision IN ({})) = {}",
                ids.join(", "),
                needs.len()
            );
        }
        sql + " THEN 1 ELSE 0 END"
    }

    /// SQL that is 1 if the ledger still allows to revert a revision, else 0: it is recorded, and
    /// nobody added a row that may need it.
    pub(crate) fn guard_down_sql(&self, revision: &str, rows: usize) -> String {
        let table = &self.revision;
        format!(
            "CASE WHEN (SELECT COUNT(*) FROM {table}) = {rows} AND EXISTS (SELECT 1 FROM {table} WHERE revision = {}) THEN 1 ELSE 0 END",
            literal(self.dialect, revision)
        )
    }

    /// PostgreSQL: lets nobody else write to the ledger until the transaction ends. It waits for
    /// what a migrator sent that is gone, but not forever, and then gives the session's own
    /// `lock_timeout` back. Divides by zero where the ledger has changed; see [`LOCKING`].
    pub(crate) fn lock(&self, guard_sql: &str, wait: Duration) -> String {
        format!(
            "SELECT set_config('cargo_migrate.lock_timeout', current_setting('lock_timeout'), true), set_config('lock_timeout', '{}', true);\n\
             LOCK TABLE {} IN EXCLUSIVE MODE;\n\
             SELECT set_config('lock_timeout', current_setting('cargo_migrate.lock_timeout'), true), 1 / ({guard_sql})",
            // Zero would wait forever.
            wait.as_millis().clamp(1, 2_147_483_647),
            self.revision
        )
    }

    /// The row of a revision, in statements of which each fits into a message; `duration` is a
    /// number or an expression of the dialect.
    pub(crate) fn insert(
        &self,
        revision: &Revision,
        state: RevisionState,
        duration: &str,
    ) -> Vec<String> {
        let literal = |text: &str| literal(self.dialect, text);
        let parents: Vec<_> = revision.parents.iter().map(RevisionId::as_str).collect();
        let (body, rest) = self.first_piece(&revision.text);
        let row = format!(
            "INSERT INTO {} ({COLUMNS}) VALUES ({}, {}, {}, '{HASH_VERSION}{}', '{HASH_VERSION}{}', '{}', 0, NULL, {}, {duration}, '{TOOL}', '{}', {}, {})",
            self.revision,
            literal(revision.id.as_str()),
            literal(&parents.join(",")),
            literal(&revision.message),
            revision.hash,
            revision.chain_hash,
            state.as_str(),
            self.now(),
            revision.phase().as_str(),
            literal(&revision.file),
            literal(body),
        );
        self.with_rest(row, revision.id.as_str(), rest)
    }

    /// As much of a text as is written at once, and the rest: MariaDB takes no message above 16 MiB
    /// by default, and a literal there takes two bytes for each of the text.
    fn first_piece<'t>(&self, text: &'t str) -> (&'t str, &'t str) {
        match self.dialect {
            Dialect::MySql => text.split_at(text.floor_char_boundary(PIECE)),
            Dialect::Sqlite | Dialect::Postgres => (text, ""),
        }
    }

    /// A statement that writes a body's first piece, and those that add the others.
    fn with_rest(&self, first: String, revision: &str, mut rest: &str) -> Vec<String> {
        let mut statements = vec![first];
        while !rest.is_empty() {
            let (piece, left) = self.first_piece(rest);
            statements.push(format!(
                "UPDATE {} SET body = CONCAT(body, {}) WHERE revision = {}",
                self.revision,
                literal(self.dialect, piece),
                literal(self.dialect, revision)
            ));
            rest = left;
        }
        statements
    }

    /// The row takes over what the revision is now.
    pub(crate) fn rewrite(&self, revision: &Revision) -> Vec<String> {
        let literal = |text: &str| literal(self.dialect, text);
        let parents: Vec<_> = revision.parents.iter().map(RevisionId::as_str).collect();
        let (body, rest) = self.first_piece(&revision.text);
        let row = format!(
            "UPDATE {} SET parents = {}, message = {}, hash = '{HASH_VERSION}{}', chain_hash = '{HASH_VERSION}{}', phase = '{}', file = {}, body = {} WHERE revision = {}",
            self.revision,
            literal(&parents.join(",")),
            literal(&revision.message),
            revision.hash,
            revision.chain_hash,
            revision.phase().as_str(),
            literal(&revision.file),
            literal(body),
            literal(revision.id.as_str()),
        );
        self.with_rest(row, revision.id.as_str(), rest)
    }

    /// The row takes over the place of the revision in the chain.
    pub(crate) fn relink(&self, revision: &Revision) -> String {
        let parents: Vec<_> = revision.parents.iter().map(RevisionId::as_str).collect();
        format!(
            "UPDATE {} SET parents = {}, chain_hash = '{HASH_VERSION}{}' WHERE revision = {}",
            self.revision,
            literal(self.dialect, &parents.join(",")),
            revision.chain_hash,
            literal(self.dialect, revision.id.as_str()),
        )
    }

    pub(crate) fn delete(&self, revision: &str) -> String {
        format!(
            "DELETE FROM {} WHERE revision = {}",
            self.revision,
            literal(self.dialect, revision)
        )
    }

    /// How far an unfinished revision has come.
    pub(crate) fn progress(
        &self,
        revision: &str,
        state: RevisionState,
        statements: usize,
        error: Option<&str>,
    ) -> String {
        let error = error.map_or_else(|| "NULL".to_owned(), |error| literal(self.dialect, error));
        format!(
            "UPDATE {} SET state = '{}', statements = {statements}, error = {error} WHERE revision = {}",
            self.revision,
            state.as_str(),
            literal(self.dialect, revision)
        )
    }

    /// An unfinished revision is whole now; its row has the text that finished it.
    pub(crate) fn finish(&self, revision: &Revision, duration_ms: u128) -> String {
        format!(
            "UPDATE {} SET state = 'applied', statements = 0, error = NULL, applied_at = {}, duration_ms = duration_ms + {duration_ms}, \
             hash = '{HASH_VERSION}{}', chain_hash = '{HASH_VERSION}{}' WHERE revision = {}",
            self.revision,
            self.now(),
            revision.hash,
            revision.chain_hash,
            literal(self.dialect, revision.id.as_str()),
        )
    }

    /// A revision was applied at another time than now.
    pub(crate) fn date(&self, revision: &str, time: &str) -> String {
        let literal = |text: &str| literal(self.dialect, text);
        format!(
            "UPDATE {} SET applied_at = {} WHERE revision = {}",
            self.revision,
            literal(time),
            literal(revision)
        )
    }

    pub(crate) fn event(
        &self,
        kind: &EventKind,
        revision: &str,
        duration: &str,
        detail: &str,
    ) -> String {
        let literal = |text: &str| literal(self.dialect, text);
        let [by, host] = self.who();
        format!(
            "INSERT INTO {} (at, kind, revision, done_by, host, tool, duration_ms, detail) VALUES ({}, '{}', {}, {by}, {host}, '{TOOL}', {duration}, {})",
            self.event,
            self.now(),
            kind.as_str(),
            literal(revision),
            literal(detail),
        )
    }

    /// Reads every row; a missing table reads as empty, and nothing is created.
    pub(crate) async fn read(
        &self,
        session: &mut dyn Session,
    ) -> Result<Option<Vec<AppliedRevision>>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM {} ORDER BY applied_at, revision",
            self.revision
        );
        match session.query(sql).await {
            Ok(rows) => Ok(Some(rows.into_iter().map(applied).collect())),
            Err(error) => self.absent(error).map(|()| None),
        }
    }

    /// Reads the events, the oldest first; a missing table reads as empty.
    pub(crate) async fn events(
        &self,
        session: &mut dyn Session,
    ) -> Result<Vec<LedgerEvent>, Error> {
        let sql = format!(
            "SELECT at, kind, revision, done_by, host, tool, duration_ms, detail FROM {} ORDER BY id",
            self.event
        );
        match session.query(sql).await {
            Ok(rows) => Ok(rows.into_iter().map(event).collect()),
            Err(error) => self.absent(error).map(|()| Vec::new()),
        }
    }

    /// Judges an error of reading the ledger: a missing ledger is fine, a table of another
    /// application is reported as such.
    fn absent(&self, error: sqlx::Error) -> Result<(), Error> {
        match Refusal::of(&error) {
            Some(Refusal::UnknownTable | Refusal::UnknownSchema | Refusal::UnknownDatabase) => {
                Ok(())
            }
            // MySQL does not reveal whether an inaccessible table exists.
            Some(Refusal::Denied)
                if self.dialect == Dialect::MySql
                    && let Some(schema) = self.schema() =>
            {
                Err(Error::LedgerSchema {
                    schema: schema.to_owned(),
                    dialect: self.dialect,
                    source: error.into(),
                })
            }
            Some(Refusal::UnknownColumn) => Err(Error::ForeignLedger {
                table: self.revision.clone(),
            }),
            _ => Err(Error::from(error)),
        }
    }
}

/// Returns a ledger's names with the schema that it is in: on PostgreSQL the search path decides, and
/// each schema's ledger has a lock of its own.
pub(crate) async fn located(
    names: &LedgerNames,
    session: &mut dyn Session,
) -> Result<LedgerNames, Error> {
    let mut tables = Tables::new(session.dialect(), names);
    tables.find_schema(session).await?;
    Ok(tables.names)
}

/// The ledger in three numbers.
pub(crate) struct Summary {
    pub(crate) rows: usize,
    pub(crate) unfinished: usize,
    /// How many of the chain's heads it has.
    pub(crate) heads: usize,
    /// How many of the tables that were asked for it has.
    pub(crate) tables: usize,
}

fn applied(row: Row) -> AppliedRevision {
    let mut values = row.into_iter();
    let mut next = || values.next().flatten();
    let mut text = || next().unwrap_or_default();
    let version = |hash: String| {
        hash.strip_prefix(HASH_VERSION)
            .map(str::to_owned)
            .unwrap_or(hash)
    };
    AppliedRevision {
        revision: text(),
        parents: text()
            .split(',')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        message: text(),
        hash: version(text()),
        chain_hash: version(text()),
        state: match text().as_str() {
            "applied" => RevisionState::Applied,
            "reverting" => RevisionState::Reverting,
            _ => RevisionState::Applying,
        },
        statements: text().parse().unwrap_or_default(),
        error: Some(text()).filter(|error| !error.is_empty()),
        applied_at: Timestamp::new(text()),
        duration: Duration::from_millis(text().parse().unwrap_or_default()),
        tool: text(),
        phase: Phase::named(&text()),
        file: text(),
        body: text(),
    }
}

fn event(row: Row) -> LedgerEvent {
    let mut values = row.into_iter();
    let mut text = || values.next().flatten().unwrap_or_default();
    LedgerEvent {
        at: Timestamp::new(text()),
        kind: EventKind::read(text()),
        revision: text(),
        by: text(),
        host: text(),
        tool: text(),
        duration: Duration::from_millis(text().parse().unwrap_or_default()),
        detail: text(),
    }
}
