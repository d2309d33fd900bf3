//! How an error is written: in one line, and as a report.

use std::fmt;

use migrate_core::{Diagnostic, Dialect, Drawing, Label, RevisionId, Severity, Style};

use super::{Error, StatementError, StepError, count};
use crate::driver_error::{DatabaseMessage, InnerQuery};

/// Writes what happened in one line: the revision, its place in its file, and what the database said.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_headline(f)?;
        if let Some(label) = self.label() {
            write!(f, " at {}", Location(&label))?;
        }
        match self.words() {
            Some(words) => write!(f, ": {}", OneLine(&words)),
            None => Ok(()),
        }
    }
}

/// Writes [`Error::report`]: what a `main` that returns the error shows, behind `Error: `.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report().to_string();
        f.write_str(report.strip_prefix("error: ").unwrap_or(&report))
    }
}

impl Error {
    /// Returns the parts of the error, which display as `cargo migrate` shows it: the statement that
    /// failed in its file, all that the database said, and what to do next.
    ///
    /// ```
    /// # fn show(error: &migrate_sqlx::Error) {
    /// eprintln!("{}", error.report()); // for people
    /// let report = error.report(); // for programs
    /// if let Some(label) = &report.label {
    ///     eprintln!("{} in {}", report.code, label.file);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            code: self.code(),
            message: self.headline(),
            revision: self.revision().map(str::to_owned),
            label: self.label(),
            words: self.words(),
            database: self.database_message(),
            diagnostics: match self {
                Self::LedgerText { diagnostics, .. } | Self::UnsoundChain { diagnostics, .. } => {
                    diagnostics.clone()
                }
                _ => Vec::new(),
            },
            help: self.help(),
        }
    }

    /// Returns what happened, without its place and without what the database said.
    #[doc(hidden)]
    #[must_use]
    pub fn headline(&self) -> String {
        Headline(self).to_string()
    }

    /// Returns the place of the failure in a revision's file.
    #[doc(hidden)]
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        match self {
            Self::Statement(failed) => Some(failed.label.clone()),
            Self::Step(failed) => Some(Label {
                text: failed.message.to_string(),
                ..Label::file(&failed.file)
            }),
            Self::Unfinished {
                label: Some(label), ..
            }
            | Self::InDoubt { label, .. }
            | Self::ResumeSession { label, .. }
            | Self::ResumeEdited { label, .. } => Some((**label).clone()),
            _ => None,
        }
    }

    /// Returns the revision that it is about.
    #[must_use]
    pub fn revision(&self) -> Option<&str> {
        match self {
            Self::Statement(failed) => Some(&failed.revision),
            Self::Step(failed) => Some(&failed.revision),
            Self::Unfinished { revision, .. }
            | Self::LedgerLost { revision, .. }
            | Self::Irreversible { revision, .. }
            | Self::MissingDialect { revision, .. }
            | Self::ForeignKeys { revision, .. }
            | Self::InvalidIndex { revision, .. }
            | Self::ResumeEdited { revision, .. }
            | Self::ResumeSession { revision, .. }
            | Self::Unrecorded { revision, .. }
            | Self::ScriptUse { revision }
            | Self::NotUnfinished { revision }
            | Self::InDoubt { revision, .. }
            | Self::NotAtomic { revision, .. }
            | Self::LockLost { revision, .. }
            | Self::LedgerText { revision, .. } => Some(revision),
            _ => None,
        }
    }

    /// What the database, its driver or a file said.
    fn words(&self) -> Option<String> {
        match self {
            Self::NoServer(tried) => Some(tried.to_string()),
            Self::Statement(failed) => Some(failed.label.text.clone()),
            Self::LedgerText { diagnostics, .. } | Self::UnsoundChain { diagnostics, .. } => {
                diagnostics.first().map(|found| found.message.clone())
            }
            Self::Folder { source, .. } => Some(source.to_string()),
            error => error.driver_error().map(ToString::to_string),
        }
    }

    fn write_headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => f.write_str(failed_use(error.as_sqlx())),
            Self::Url(inner) => write!(f, "the database's url cannot be used: {inner}"),
            Self::UrlParameter { message, .. } => {
                write!(f, "the database's url cannot be used: {message}")
            }
            Self::NoServer(_) => f.write_str("no server of the url can be used"),
            Self::Target(error) => write!(f, "{error}"),
            Self::Newer { revisions, phase } => {
                let how = match phase {
                    Some(phase) => format!(" of the phase `{}`", phase.as_str()),
                    None => String::new(),
                };
                write!(
                    f,
                    "the database has revisions{how} that this chain does not know: `{}`",
                    revisions.join("`, `")
                )
            }
            Self::AnotherChain { revisions } => write!(
                f,
                "the ledger of this database belongs to another chain: it has `{}`, and no revision of this one",
                revisions.join("`, `")
            ),
            Self::UnsoundChain { folder, .. } => {
                write!(
                    f,
                    "the revisions in `{}` are not a sound chain",
                    folder.display()
                )
            }
            Self::Folder { folder, .. } => write!(f, "`{}` cannot be read", folder.display()),
            Self::Changed { revisions } => write!(
                f,
                "revisions were changed after they were applied: `{}`",
                listed(revisions)
            ),
            Self::Unfinished {
                revision,
                statements,
                error,
                ..
            } => write!(
                f,
                "revision `{revision}` is unfinished: {statements} of its statements were finished{}",
                error
                    .as_ref()
                    .and_then(|error| error.lines().next())
                    .map(|error| format!(", then: {error}"))
                    .unwrap_or_default()
            ),
            Self::ForeignLedger { table } => {
                write!(f, "the table {table} is not a ledger of cargo migrate")
            }
            Self::LedgerSchema { schema, .. } => write!(
                f,
                "the ledger's schema `{schema}` is missing or not accessible to this user, and cannot be created"
            ),
            Self::LedgerLost {
                revision, table, ..
            } => write!(
                f,
                "revision `{revision}` moved, renamed or dropped the ledger {table}"
            ),
            Self::Irreversible { revision, reason } => write!(
                f,
                "revision `{revision}` cannot be reverted: {}",
                reason
                    .as_deref()
                    .unwrap_or("it has no `down` for this database")
            ),
            Self::MissingDialect { revision, dialect } => write!(
                f,
                "revision `{revision}` has no `up` for {}",
                dialect.name()
            ),
            Self::Locked { waited, holder } => write!(
                f,
                "another migrator still holds the lock{} after {} s",
                holder
                    .as_ref()
                    .map(|holder| format!(" ({holder})"))
                    .unwrap_or_default(),
                waited.as_secs()
            ),
            Self::Statement(failed) => failed.headline(f),
            Self::Step(failed) => failed.headline(f),
            Self::NotCurrent { pending } => write!(
                f,
                "the database is not up to date: {} to apply{}",
                count(pending.len(), "revision"),
                pending
                    .first()
                    .map(|first| format!(", the first is `{first}`"))
                    .unwrap_or_default()
            ),
            Self::ForeignKeys { revision, tables } => write!(
                f,
                "after revision `{revision}` rows of `{}` would point to rows that do not exist",
                tables.join("`, `")
            ),
            Self::InvalidIndex { revision, index } => write!(
                f,
                "the index `{index}` of revision `{revision}` is invalid: an earlier try to build it failed"
            ),
            Self::ResumeEdited {
                revision,
                number,
                of,
                ..
            } => write!(
                f,
                "revision `{revision}` cannot be resumed: finished statement {number} of {of} was edited"
            ),
            Self::ResumeSession {
                revision, number, ..
            } => write!(
                f,
                "revision `{revision}` cannot be resumed: the session state of its finished statement {number} is lost"
            ),
            Self::Unrecorded {
                revision,
                number,
                of,
                ..
            } => write!(
                f,
                "statement {number} of {of} of revision `{revision}` finished, but the ledger could not record it"
            ),
            Self::ScriptUse { revision } => write!(
                f,
                "the script of revision `{revision}` cannot switch back after `USE`: the database's name is unknown"
            ),
            Self::NotUnfinished { revision } => write!(
                f,
                "revision `{revision}` is not unfinished in this database"
            ),
            Self::InDoubt {
                revision,
                number,
                of,
                ..
            } => write!(
                f,
                "it is unknown whether statement {number} of {of} of revision `{revision}` finished"
            ),
            Self::NotAtomic { revision, dialect } => write!(
                f,
                "revision `{revision}` cannot be part of one transaction{}",
                match dialect {
                    Dialect::MySql => ": MySQL and MariaDB commit at every schema change",
                    Dialect::Sqlite | Dialect::Postgres =>
                        ": its section says `no-transaction`, or it is unfinished",
                }
            ),
            Self::LockLost { revision, .. } => write!(
                f,
                "the lock was lost before revision `{revision}` was finished"
            ),
            Self::Stopped { finished, timeout } => {
                f.write_str("stopped before the run was finished")?;
                if let Some(timeout) = timeout {
                    write!(f, ", at its time limit of {timeout:?}")?;
                }
                match finished.len() {
                    0 => Ok(()),
                    done => write!(
                        f,
                        ": {} done, the one in progress was not",
                        count(done, "revision")
                    ),
                }
            }
            Self::Repair {
                number,
                of,
                rolled_back,
                ..
            } => write!(
                f,
                "statement {number} of {of} failed, and {}",
                match (*rolled_back, *number) {
                    (true, _) => "nothing was changed",
                    (false, 1) => "nothing was done before it",
                    (false, _) => "the statements before it stay",
                }
            ),
            Self::RepairDangling { tables } => write!(
                f,
                "nothing was changed: rows of `{}` would point to rows that do not exist",
                tables.join("`, `")
            ),
            Self::Concurrent => {
                f.write_str("another process changed the database's revisions in the meantime")
            }
            Self::SchemaText { object } => write!(
                f,
                "the database's definition of `{object}` cannot be parsed"
            ),
            Self::MissingTables { tables } => write!(
                f,
                "the ledger says that all revisions are applied, but the database lacks {}: `{}`",
                count(tables.len(), "table"),
                tables.join("`, `")
            ),
            #[cfg(feature = "verify")]
            Self::SchemaDiffers { differences } => write!(
                f,
                "the database does not match its revisions: {}",
                several(differences)
            ),
            #[cfg(feature = "verify")]
            Self::NoSchema { dialect } => write!(
                f,
                "the application was compiled without a schema.lock of its chain's head for {}",
                dialect.name()
            ),
            Self::LedgerText { revision, .. } => write!(
                f,
                "the ledger's text of revision `{revision}` cannot be read"
            ),
        }
    }
}

impl StatementError {
    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            of,
            revision,
            ..
        } = self;
        write!(
            f,
            "statement {number} of {of} of revision `{revision}` failed"
        )
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        write!(
            f,
            " at {}: {}",
            Location(&self.label),
            OneLine(&self.label.text)
        )
    }
}

impl std::error::Error for StatementError {}

impl StepError {
    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, part, .. } = self;
        write!(f, "revision `{revision}` failed {part}")?;
        match self.reverting {
            true => f.write_str(" while it was reverted"),
            false => Ok(()),
        }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        write!(f, " at {}: {}", self.file, OneLine(&self.message.message))
    }
}

impl std::error::Error for StepError {}

struct Headline<'a>(&'a Error);

impl fmt::Display for Headline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_headline(f)
    }
}

/// A place as editors and terminals follow it.
struct Location<'a>(&'a Label);

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.file)?;
        match &self.0.place {
            Some(place) => write!(f, ":{}:{}", place.line, place.column),
            None => Ok(()),
        }
    }
}

struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.lines().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            f.write_str(line.trim())?;
        }
        Ok(())
    }
}

/// The parts of an [`Error`]; `Display` writes them for people, without colours.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ErrorReport {
    /// The stable name of the failure; `cargo migrate explain <code>` explains it.
    pub code: &'static str,
    /// What happened, in one line.
    pub message: String,
    /// The revision that it is about.
    pub revision: Option<String>,
    /// Where it happened in the revision's file, with what the database said of that place.
    pub label: Option<Label>,
    /// What the database, its driver or the operating system said.
    pub words: Option<String>,
    /// All parts of the database's message.
    pub database: Option<DatabaseMessage>,
    /// What is wrong with the files, if that is what it is about.
    pub diagnostics: Vec<Diagnostic>,
    /// What to type or do next.
    pub help: Option<String>,
}

impl ErrorReport {
    /// Draws the message with the statement that failed and all that the database said of it;
    /// without the help.
    #[doc(hidden)]
    #[must_use]
    pub fn drawing(&self, style: Style) -> String {
        let mut drawing = Drawing::new(Severity::Error, &self.message);
        let mut is_said = false;
        if let Some(label) = &self.label {
            drawing = drawing.label(label);
            let source = label.place.as_ref().and_then(|place| place.source.as_ref());
            is_said = source.is_some() || label.text.is_empty();
        }
        is_said |= !self.diagnostics.is_empty();
        if let Some(words) = self.words.as_ref().filter(|_| !is_said) {
            let name = if self.database.is_some() {
                "database"
            } else {
                "cause"
            };
            drawing = drawing.note(name, words);
        }
        let mut marked = String::new();
        if let Some(query) = self
            .database
            .as_ref()
            .and_then(|said| said.inner_query.as_ref())
        {
            marked = mark(query);
        }
        for (name, text) in self.database.iter().flat_map(DatabaseMessage::parts) {
            let text = match name {
                "query" => &marked,
                _ => text,
            };
            drawing = drawing.note(name, text);
        }
        drawing.render(style)
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.drawing(Style::Plain))?;
        for diagnostic in &self.diagnostics {
            write!(f, "\n\n{diagnostic}")?;
        }
        match &self.help {
            // Each diagnostic has its own.
            _ if !self.diagnostics.is_empty() => Ok(()),
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

/// Writes a query that a function ran, with a caret below its mistake.
fn mark(query: &InnerQuery) -> String {
    let before: String = query.sql.chars().take(query.position).collect();
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default();
    let blanks: String = column
        .chars()
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let mut lines: Vec<String> = query.sql.lines().map(str::to_owned).collect();
    lines.insert((line + 1).min(lines.len()), format!("{blanks}^"));
    lines.join("\n")
}

/// Writes the first few differences.
#[cfg(feature = "verify")]
fn several(differences: &[migrate_schema::Difference]) -> String {
    const MOST: usize = 5;
    let mut texts: Vec<String> = differences
        .iter()
        .take(MOST)
        .map(ToString::to_string)
        .collect();
    if differences.len() > MOST {
        texts.push(format!("and {} more", differences.len() - MOST));
    }
    texts.join("; ")
}

/// Returns what failed; the database's message is in the source.
fn failed_use(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Database(_) => "the database refused a connection or a query of the migrator",
        sqlx::Error::PoolTimedOut => "no connection of the pool became free in time",
        sqlx::Error::PoolClosed => "the pool of connections is closed",
        sqlx::Error::Io(_) => "the connection to the database failed",
        sqlx::Error::Tls(_) => "the TLS connection to the database failed",
        sqlx::Error::Configuration(_) => "the options of the connection are not valid",
        _ => "the database driver failed",
    }
}

fn listed(revisions: &[RevisionId]) -> String {
    let ids: Vec<&str> = revisions.iter().map(RevisionId::as_str).collect();
    ids.join("`, `")
}
