//! Driver errors: their messages and kinds. Only this module inspects a [`sqlx::Error`].

use std::fmt;

/// An error of the driver that displays the database's own message.
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

    /// Returns the kind of the refusal, if it is known.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        Refusal::of(&self.0)
    }

    /// Returns the full message of the database.
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
    /// Returns the error below the driver: a socket, TLS. A database error has none.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            sqlx::Error::Database(_) => None,
            error => error.source(),
        }
    }
}

/// The parts of a database's error message.
///
/// PostgreSQL's parts are those of ["Error and Notice Message
/// Fields"](https://www.postgresql.org/docs/current/protocol-error-fields.html); the other databases
/// have a code and a message, and MySQL and MariaDB the further rows of `SHOW WARNINGS`. `Display`
/// writes the message alone, [`report`](Self::report) all parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseMessage {
    /// The message, usually one line.
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
    /// The schema of the object.
    pub schema: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// The data type.
    pub data_type: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
    /// The failed query inside a function, if the error is in one.
    pub inner_query: Option<InnerQuery>,
    /// The other rows of `SHOW WARNINGS` on MySQL and MariaDB, in its order.
    pub warnings: Vec<String>,
    /// The kind of the refusal, if it is known.
    pub refusal: Option<Refusal>,
}

/// A query that a function or a `DO` block ran.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InnerQuery {
    /// Its text.
    pub sql: String,
    /// The position of the error, in characters from 0.
    pub position: usize,
}

impl DatabaseMessage {
    /// Reads a driver's error. One that does not come from the database has only a message.
    #[must_use]
    pub fn new(error: &sqlx::Error) -> Self {
        let mut message = Self {
            message: text(error),
            refusal: Refusal::of(error),
            ..Self::default()
        };
        let Some(error) = error.as_database_error() else {
            return message;
        };
        #[cfg(feature = "postgres")]
        if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            message.postgres(error);
            return message;
        }
        #[cfg(feature = "mysql")]
        if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            message.sqlstate = error.code().map(str::to_owned);
            message.number = Some(error.number().into());
            if message.refusal == Some(Refusal::Syntax) {
                quote_statement_only(&mut message.message);
            }
            return message;
        }
        message.number = error.code().and_then(|code| code.parse().ok());
        message
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

    /// Returns the parts besides the message, each with its name: `detail`, `hint`, `context`,
    /// `query`, `warning`, and the object if the other texts do not name it.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, &str)> {
        let query = self.inner_query.as_ref().map(|query| &query.sql);
        let texts = [
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
        let mut parts: Vec<(&str, &str)> = texts
            .into_iter()
            .filter_map(|(name, part)| Some((name, part?.as_str())))
            .collect();
        let is_mentioned = |name: &str| {
            let mut texts = [self.message.as_str()]
                .into_iter()
                .chain(parts.iter().map(|(_, text)| *text));
            texts.any(|text| mentions(text, name))
        };
        let others: Vec<_> = objects
            .into_iter()
            .filter_map(|(name, part)| Some((name, part?.as_str())))
            // Nearly everything is in PostgreSQL's schema `public`.
            .filter(|(name, part)| !(is_mentioned(part) || *name == "schema" && *part == "public"))
            .collect();
        parts.extend(others);
        parts.extend(self.warnings.iter().map(|text| ("warning", text.as_str())));
        parts
    }

    /// Returns the message followed by the other parts, one per line, with their names in upper
    /// case as in PostgreSQL's client.
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

/// Returns true if a text contains a name as a whole word.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + name.len()..].chars().next();
        !is_part(before) && !is_part(after)
    })
}

/// What follows a statement in its message to MySQL and MariaDB.
pub(crate) const MYSQL_END: &str = ";\nSHOW WARNINGS;\n";

/// Ends a quotation where the statement ends: MySQL and MariaDB quote up to 80 characters from the
/// mistake on, of all that was sent.
#[cfg(feature = "mysql")]
fn quote_statement_only(message: &mut String) {
    let Some(end) = message.rfind('\'') else {
        return;
    };
    let quoted = message[..end].trim_end_matches("...");
    let is_ours = |start: usize| {
        let rest = &quoted[start..];
        rest.starts_with(MYSQL_END) || MYSQL_END.starts_with(rest)
    };
    let mut ends = quoted.match_indices(';').map(|(start, _)| start);
    if let Some(start) = ends.find(|start| is_ours(*start)) {
        message.replace_range(start..end, "");
    }
}

/// The database's message, or the driver's if the database sent none.
fn text(error: &sqlx::Error) -> String {
    let Some(refusal) = error.as_database_error() else {
        let text = error.to_string();
        // sqlx names the message of the protocol that it did not expect, and its own source.
        return match text.contains("CopyOutResponse") {
            true => {
                "`COPY … TO STDOUT` sends rows to a client, which is not supported here".to_owned()
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

/// The kind of a refusal, independent of the database's own codes.
///
/// Each name of a database is listed once, in the functions of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing listens at the address.
    NoListener,
    /// The host has no address.
    UnknownHost,
    /// The server does not answer in time.
    NoAnswer,
    /// TLS cannot be used.
    Tls,
    /// The connection failed in another way.
    Connection,
    /// The server is starting or stopping.
    NotReady,
    /// The user is unknown, or the password is wrong.
    Credentials,
    /// The user may not use the database.
    DatabaseDenied,
    /// The user may not do this.
    Denied,
    /// The database does not exist.
    UnknownDatabase,
    /// No database is selected.
    NoDatabaseSelected,
    /// The file cannot be opened.
    CannotOpen,
    /// The file is not a database, or is damaged.
    NotADatabase,
    /// The table does not exist.
    UnknownTable,
    /// The schema does not exist.
    UnknownSchema,
    /// The column does not exist.
    UnknownColumn,
    /// The file, the transaction or the server accepts no writes.
    ReadOnly,
    /// The object exists already.
    AlreadyExists,
    /// Other objects need the object.
    DependentObjects,
    /// Other sessions use the object.
    InUse,
    /// The user cannot be created or dropped.
    CannotUser,
    /// The session to end is gone.
    UnknownSession,
    /// The statement is not SQL.
    Syntax,
    /// A division by zero.
    DivisionByZero,
    /// A lock was not free in time.
    LockNotAvailable,
    /// Two sessions waited for each other.
    Deadlock,
    /// Another connection has the database's lock.
    Busy,
    /// The transaction holds more locks than the server has room for.
    OutOfLocks,
    /// The statement was cancelled, or took too long on PostgreSQL and MySQL.
    Cancelled,
    /// The statement took too long.
    TimedOut,
    /// The session was ended.
    Killed,
    /// SQLite lacks what an extension brings: a virtual table, a function or a collation.
    UnknownOfExtension,
    /// Something else, for which SQLite has only a message.
    Unnamed,
}

impl Refusal {
    /// Returns the kind of a driver's error, if it is known.
    #[must_use]
    pub fn of(error: &sqlx::Error) -> Option<Self> {
        match error {
            sqlx::Error::Io(error) => Some(Self::of_connection(error)),
            sqlx::Error::PoolTimedOut => Some(Self::NoAnswer),
            sqlx::Error::Tls(_) => Some(Self::Tls),
            error => Self::of_database(error.as_database_error()?),
        }
    }

    fn of_connection(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            // A Unix socket is missing if no server has created it.
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => Self::NoListener,
            ErrorKind::TimedOut => Self::NoAnswer,
            ErrorKind::PermissionDenied => Self::Denied,
            // The standard library has no kind for what `getaddrinfo` says.
            _ if error.to_string().contains("lookup address") => Self::UnknownHost,
            _ => Self::Connection,
        }
    }

    fn of_database(error: &dyn sqlx::error::DatabaseError) -> Option<Self> {
        let code = error.code();
        #[cfg(feature = "postgres")]
        if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            return Self::of_sqlstate(error.code());
        }
        #[cfg(feature = "mysql")]
        if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            return Self::of_mysql(error.number(), code.as_deref(), error.message());
        }
        Some(Self::of_sqlite(code?.parse().ok()?, error.message()))
    }

    /// Reads a SQLSTATE of PostgreSQL (manual, appendix A).
    #[cfg(feature = "postgres")]
    fn of_sqlstate(code: &str) -> Option<Self> {
        Some(match code {
            "28P01" | "28000" => Self::Credentials,
            "3D000" => Self::UnknownDatabase,
            "57P03" => Self::NotReady,
            "42501" => Self::Denied,
            "42P01" => Self::UnknownTable,
            "3F000" => Self::UnknownSchema,
            "42703" => Self::UnknownColumn,
            // duplicate_table, duplicate_column, duplicate_object, duplicate_schema
            "42P07" | "42701" | "42710" | "42P06" => Self::AlreadyExists,
            "25006" => Self::ReadOnly,
            "2BP01" => Self::DependentObjects,
            "55006" => Self::InUse,
            "42601" => Self::Syntax,
            "22012" => Self::DivisionByZero,
            "55P03" => Self::LockNotAvailable,
            "40P01" => Self::Deadlock,
            // Its hint is a setting for locks.
            "53200" => Self::OutOfLocks,
            "57014" => Self::Cancelled,
            _ => return None,
        })
    }

    /// Reads an error of MySQL or MariaDB ("Server Error Message Reference").
    #[cfg(feature = "mysql")]
    fn of_mysql(number: u16, sqlstate: Option<&str>, message: &str) -> Option<Self> {
        Some(match number {
            // ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
            1045 | 1698 => Self::Credentials,
            1044 => Self::DatabaseDenied,
            // ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR,
            // ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_PROCACCESS_DENIED_ERROR,
            // ER_BINLOG_CREATE_ROUTINE_NEED_SUPER
            1142 | 1143 | 1227 | 1370 | 1419 => Self::Denied,
            1046 => Self::NoDatabaseSelected,
            1049 => Self::UnknownDatabase,
            // ER_BAD_TABLE_ERROR, ER_NO_SUCH_TABLE
            1051 | 1146 => Self::UnknownTable,
            1054 => Self::UnknownColumn,
            1064 => Self::Syntax,
            1094 => Self::UnknownSession,
            1205 => Self::LockNotAvailable,
            1213 => Self::Deadlock,
            // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE, and of
            // ER_OPTION_PREVENTS_STATEMENT, which names the option, `--read-only` and `--super-read-only`
            1792 | 1836 => Self::ReadOnly,
            1290 if message.contains("read-only") => Self::ReadOnly,
            1317 => Self::Cancelled,
            1396 => Self::CannotUser,
            // MariaDB's ER_STATEMENT_TIMEOUT, MySQL's ER_QUERY_TIMEOUT
            1969 | 3024 => Self::TimedOut,
            _ if sqlstate == Some("28000") => Self::Credentials,
            _ if sqlstate == Some("70100") => Self::Killed,
            _ if message.ends_with(" already exists") => Self::AlreadyExists,
            _ => return None,
        })
    }

    /// Reads an extended result code of SQLite; for SQLITE_ERROR only the message tells the kinds apart.
    fn of_sqlite(code: u32, message: &str) -> Self {
        let of_extensions = ["module", "function", "collation sequence"]
            .iter()
            .any(|what| message.starts_with(&format!("no such {what}: ")));
        match code & 0xff {
            // SQLITE_BUSY, and SQLITE_LOCKED of a shared cache
            5 | 6 => Self::Busy,
            // SQLITE_READONLY
            8 => Self::ReadOnly,
            9 => Self::Cancelled,
            // SQLITE_CORRUPT, SQLITE_NOTADB
            11 | 26 => Self::NotADatabase,
            14 => Self::CannotOpen,
            _ if message.contains("no such table") => Self::UnknownTable,
            _ if message.contains("no such column") => Self::UnknownColumn,
            _ if of_extensions => Self::UnknownOfExtension,
            _ if message.ends_with("syntax error") || message.starts_with("unrecognized token") => {
                Self::Syntax
            }
            _ if message.ends_with(" already exists")
                || message.starts_with("duplicate column name") =>
            {
                Self::AlreadyExists
            }
            _ => Self::Unnamed,
        }
    }

    /// Returns the help for a connection that fails with this kind.
    fn connection_help(self) -> Option<&'static str> {
        Some(match self {
            Self::NoListener | Self::UnknownHost | Self::NoAnswer | Self::Connection => {
                "check that the server is running, and that host and port are correct"
            }
            Self::Tls => {
                "compile with one of the `tls-…` features, or connect without TLS: `?sslmode=disable`, `?ssl-mode=disabled`"
            }
            Self::Credentials => "check the user and the password of the url",
            Self::UnknownDatabase => {
                "if the database does not exist, create it with `CREATE DATABASE`, or let `cargo migrate reset --yes` create it and apply the chain"
            }
            Self::DatabaseDenied => {
                "the user has no rights on this database: `GRANT` them, or name another user in the url"
            }
            Self::ReadOnly => READ_ONLY_HELP,
            Self::CannotOpen => "check that the folder of the file exists and is writable",
            _ => return None,
        })
    }
}

/// Returns true if a statement failed only because another session held a lock.
pub(crate) fn missed_lock(error: &sqlx::Error) -> bool {
    matches!(
        Refusal::of(error),
        Some(Refusal::LockNotAvailable | Refusal::Deadlock)
    )
}

/// Returns true if rows violate what a statement demands of them: a constraint, or a type that their
/// values do not fit, which is class 22 of SQLSTATE.
pub(crate) fn violates_rows(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    // MySQL's ER_WARN_DATA_TRUNCATED has the class of warnings.
    let is_of_values = |code: &str| code.starts_with("22") || code == "01000";
    !matches!(error.kind(), sqlx::error::ErrorKind::Other)
        || error
            .code()
            .is_some_and(|code| code.len() == 5 && is_of_values(&code))
}

/// Returns true if a statement was cancelled because it took too long.
pub(crate) fn timed_out(error: &sqlx::Error) -> bool {
    matches!(
        Refusal::of(error),
        Some(Refusal::Cancelled | Refusal::TimedOut)
    )
}

/// Returns true if a statement was cancelled by another session.
pub(crate) fn cancelled(error: &sqlx::Error) -> bool {
    matches!(
        Refusal::of(error),
        Some(Refusal::Cancelled | Refusal::TimedOut | Refusal::Killed)
    )
}

/// What to do about a database that accepts no writes.
pub(crate) const READ_ONLY_HELP: &str = "the database accepts no writes: connect to the primary server, or see that this user may write the file and its folder";

/// Returns the help for a failed connection.
pub(crate) fn connection_help(error: &sqlx::Error) -> Option<&'static str> {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return Some(
            "all connections of the pool are in use, or the server does not answer: give back what is held across the call, or raise the pool's `max_connections` or `acquire_timeout`",
        );
    }
    match Refusal::of(error)? {
        Refusal::Denied if matches!(error, sqlx::Error::Io(_)) => {
            Refusal::Connection.connection_help()
        }
        Refusal::Denied if mysql_number(error).is_none() => {
            Some("the user needs the right to create tables in this schema")
        }
        refusal => refusal.connection_help(),
    }
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
