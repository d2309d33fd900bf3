//! What a driver's error says, and what it means: the one place that takes a [`sqlx::Error`] apart.

use std::fmt;

/// An error of the driver, told in the database's own words.
///
/// Its `Display` is the database's message alone. That of [`sqlx::Error`] adds, for PostgreSQL, a
/// line number of the server's C source, which reads like one of the user's file.
#[derive(Debug)]
pub struct DriverError(Box<sqlx::Error>);

impl DriverError {
    /// Returns the driver's error.
    #[must_use]
    pub fn as_sqlx(&self) -> &sqlx::Error {
        &self.0
    }

    /// Returns the driver's error.
    #[must_use]
    pub fn into_sqlx(self) -> sqlx::Error {
        *self.0
    }

    /// Returns all that the database said.
    #[must_use]
    pub fn message(&self) -> DatabaseMessage {
        DatabaseMessage::new(&self.0)
    }
}

impl From<sqlx::Error> for DriverError {
    fn from(error: sqlx::Error) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

impl std::error::Error for DriverError {
    /// What is below the driver: a socket, TLS. An error of the database has nothing below it.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            sqlx::Error::Database(_) => None,
            error => error.source(),
        }
    }
}

/// What a database says of an error, part by part.
///
/// PostgreSQL's parts are those of ["Error and Notice Message
/// Fields"](https://www.postgresql.org/docs/current/protocol-error-fields.html); the other databases
/// have a code and a message, and MySQL and MariaDB the further rows of `SHOW WARNINGS`. `Display`
/// writes the message alone, [`report`](Self::report) all parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseMessage {
    /// What happened, most often in a line.
    pub message: String,
    /// The SQLSTATE, of five characters; SQLite has none.
    pub sqlstate: Option<String>,
    /// The error number of MySQL and MariaDB, the extended result code of SQLite.
    pub number: Option<u32>,
    /// PostgreSQL's DETAIL.
    pub detail: Option<String>,
    /// PostgreSQL's HINT.
    pub hint: Option<String>,
    /// PostgreSQL's CONTEXT: the calls that led there, the innermost first, one a line.
    pub context: Option<String>,
    /// The schema of the object that it is about.
    pub schema: Option<String>,
    /// The table that it is about.
    pub table: Option<String>,
    /// The column that it is about.
    pub column: Option<String>,
    /// The data type that it is about.
    pub data_type: Option<String>,
    /// The constraint that it is about.
    pub constraint: Option<String>,
    /// The query inside a function that failed, where the mistake is in one.
    pub inner_query: Option<InnerQuery>,
    /// What MySQL and MariaDB say beside the error, in the order of `SHOW WARNINGS`.
    pub warnings: Vec<String>,
}

/// A query that a function or a `DO` block ran.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InnerQuery {
    /// Its text.
    pub sql: String,
    /// Where the mistake is, in characters from 0.
    pub position: usize,
}

impl DatabaseMessage {
    /// Takes a driver's error apart. One that does not come from the database has only a message.
    #[must_use]
    pub fn new(error: &sqlx::Error) -> Self {
        let mut told = Self {
            message: text(error),
            ..Self::default()
        };
        let Some(error) = error.as_database_error() else {
            return told;
        };
        #[cfg(feature = "postgres")]
        if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            told.postgres(error);
            return told;
        }
        #[cfg(feature = "mysql")]
        if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            told.sqlstate = error.code().map(str::to_owned);
            told.number = Some(error.number().into());
            return told;
        }
        told.number = error.code().and_then(|code| code.parse().ok());
        told
    }

    #[cfg(feature = "postgres")]
    fn postgres(&mut self, error: &sqlx::postgres::PgDatabaseError) {
        use sqlx::postgres::PgErrorPosition;

        let owned = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
        self.sqlstate = owned(Some(error.code()));
        self.detail = owned(error.detail());
        self.hint = owned(error.hint());
        self.context = owned(error.r#where());
        self.schema = owned(error.schema());
        self.table = owned(error.table());
        self.column = owned(error.column());
        self.data_type = owned(error.data_type());
        self.constraint = owned(error.constraint());
        if let Some(PgErrorPosition::Internal { position, query }) = error.position() {
            self.inner_query = Some(InnerQuery {
                sql: query.to_owned(),
                position: position.saturating_sub(1),
            });
        }
    }

    /// Returns the parts beside the message, each with its name: `detail`, `hint`, `context`,
    /// `query`, `warning`, and the object where the text of the others does not name it.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, &str)> {
        let query = self.inner_query.as_ref().map(|query| &query.sql);
        let spoken = [
            ("detail", self.detail.as_ref()),
            ("hint", self.hint.as_ref()),
            ("context", self.context.as_ref()),
            ("query", query),
        ];
        let objects = [
            ("schema", self.schema.as_ref()),
            ("table", self.table.as_ref()),
            ("column", self.column.as_ref()),
            ("data type", self.data_type.as_ref()),
            ("constraint", self.constraint.as_ref()),
        ];
        let mut parts: Vec<(&str, &str)> = spoken
            .into_iter()
            .filter_map(|(name, part)| Some((name, part?.as_str())))
            .collect();
        let is_said = |name: &str| {
            let mut texts = [self.message.as_str()]
                .into_iter()
                .chain(parts.iter().map(|(_, text)| *text));
            texts.any(|text| speaks_of(text, name))
        };
        let unsaid: Vec<_> = objects
            .into_iter()
            .filter_map(|(name, part)| Some((name, part?.as_str())))
            // Nearly everything is in PostgreSQL's schema `public`.
            .filter(|(name, part)| !(is_said(part) || *name == "schema" && *part == "public"))
            .collect();
        parts.extend(unsaid);
        parts.extend(self.warnings.iter().map(|text| ("warning", text.as_str())));
        parts
    }

    /// Returns the message and behind it the other parts, one a line, with their names in upper
    /// case as PostgreSQL's client writes them.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = self.message.clone();
        for (name, part) in self.parts() {
            text.extend(["\n", &name.to_uppercase(), ": ", part]);
        }
        text
    }
}

impl fmt::Display for DatabaseMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Whether a name stands in a text, and not only inside of a word.
fn speaks_of(text: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + name.len()..].chars().next();
        !is_part(before) && !is_part(after)
    })
}

/// The database's message, or the driver's where the database said nothing.
fn text(error: &sqlx::Error) -> String {
    let Some(refusal) = error.as_database_error() else {
        let text = error.to_string();
        // sqlx names the message of the protocol that it did not expect, and its own source.
        return match text.contains("CopyOutResponse") {
            true => {
                "`COPY … TO STDOUT` sends rows to a client, and nobody takes them here".to_owned()
            }
            false => text,
        };
    };
    match (refusal.message().trim(), refusal.code()) {
        ("", Some(code)) => format!("the database refused it without a message (code {code})"),
        ("", None) => "the database refused it without a message".to_owned(),
        (message, _) => message.to_owned(),
    }
}

/// Whether a statement failed only because another session had a lock: PostgreSQL's
/// lock_not_available and deadlock_detected, MySQL's ER_LOCK_WAIT_TIMEOUT and ER_LOCK_DEADLOCK.
pub(crate) fn missed_lock(error: &sqlx::Error) -> bool {
    match mysql_number(error) {
        Some(number) => matches!(number, 1205 | 1213),
        None => matches!(code(error).as_deref(), Some("55P03" | "40P01")),
    }
}

/// Whether a statement was ended because it took too long: PostgreSQL's query_canceled, MariaDB's
/// ER_STATEMENT_TIMEOUT, MySQL's ER_QUERY_TIMEOUT and ER_QUERY_INTERRUPTED, SQLITE_INTERRUPT.
pub(crate) fn timed_out(error: &sqlx::Error) -> bool {
    match mysql_number(error) {
        Some(number) => matches!(number, 1317 | 1969 | 3024),
        None => matches!(code(error).as_deref(), Some("57014" | "9")),
    }
}

/// Whether a statement was cancelled from outside: query_canceled, ER_QUERY_INTERRUPTED,
/// SQLITE_INTERRUPT.
pub(crate) fn cancelled(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("57014" | "70100" | "9"))
}

/// Whether another connection is in the way, whatever the extended code says of how:
/// SQLITE_BUSY, and SQLITE_LOCKED of a shared cache.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = code(error).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Whether one transaction holds more locks than the server has room for: PostgreSQL's
/// out_of_memory, whose hint is a setting.
pub(crate) fn out_of_locks(error: &sqlx::Error) -> bool {
    code(error).as_deref() == Some("53200")
}

/// Whether something was to be made that is there already: PostgreSQL's duplicate_table,
/// duplicate_column, duplicate_object and duplicate_schema; SQLite has only words for it.
pub(crate) fn is_there(error: &sqlx::Error) -> bool {
    let Some(refusal) = error.as_database_error() else {
        return false;
    };
    let words = refusal.message();
    matches!(
        code(error).as_deref(),
        Some("42P07" | "42701" | "42710" | "42P06")
    ) || words.ends_with(" already exists")
        || words.starts_with("duplicate column name")
}

/// What is to be done about a connection that failed.
pub(crate) fn connection_help(error: &sqlx::Error) -> Option<&'static str> {
    Some(match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            "is the server running, and are host and port right?"
        }
        sqlx::Error::Tls(_) => {
            "compile with one of the `tls-…` features, or ask the server without TLS: `?sslmode=disable`, `?ssl-mode=disabled`"
        }
        error => match (code(error).as_deref()?, mysql_number(error)) {
            ("28P01" | "28000", _) => "look at the user and the password of the url",
            // ER_BAD_DB_ERROR; its SQLSTATE is that of mistakes of grammar.
            ("3D000", _) | (_, Some(1049)) => {
                "does the database exist? create it with `CREATE DATABASE`, or let `cargo migrate reset --yes` create it and apply the chain"
            }
            // ER_DBACCESS_DENIED_ERROR
            (_, Some(1044)) => {
                "the user has no rights on this database: `GRANT` them, or name another user in the url"
            }
            ("42501", _) => "the user needs the right to create tables in this schema",
            ("14", _) => "does the folder of the file exist, and may it be written?",
            _ => return None,
        },
    })
}

fn code(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error()?.code()
}

#[cfg(feature = "mysql")]
fn mysql_number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    let error = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?;
    Some(error.number())
}

#[cfg(not(feature = "mysql"))]
const fn mysql_number(_: &sqlx::Error) -> Option<u16> {
    None
}
