//! Why a command did not do what it was asked to do, as data; `error_report` shows it.

use std::error::Error;
use std::fmt::Display;
use std::io;

use migrate_core::{Diagnostic, Label, TargetError};
use migrate_sqlx::{DatabaseMessage, DriverError};

use crate::output::failure::{Failure, exit};
use crate::output::notice::Notice;

/// Why a command failed: what happened, why, and what to type next.
///
/// It is boxed, as nearly every function may return it.
#[derive(Debug)]
pub(crate) struct CommandError(Box<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) reason: Reason,
    message: String,
    /// What it comes from, beside the reason.
    source: Option<Box<dyn Error + Send + Sync>>,
    /// Further causes, in words.
    causes: Vec<String>,
    pub(super) help: Option<String>,
    pub(super) candidates: Vec<String>,
    /// Whether it happened in a scratch database, and not in the one that is meant.
    in_scratch: bool,
    /// The folder that the file it is about is in.
    folder: Option<String>,
    /// What the database said before.
    pub(super) notices: Vec<Notice>,
    /// What was done before and stays so.
    pub(super) done: Option<String>,
}

/// What an error is.
#[derive(Debug)]
pub(super) enum Reason {
    /// A command failed by itself.
    Failure(Failure),
    /// The runtime failed.
    Runtime(migrate_sqlx::Error),
    /// A target cannot be resolved.
    Target(TargetError),
    /// The files are wrong.
    Diagnostics(Vec<Diagnostic>),
    /// The answer on stdout already says what is wrong.
    Reported,
    /// The reader of the answer is gone, which is not an error.
    BrokenPipe,
}

/// Where a revision failed.
pub(super) struct Place<'a> {
    pub(super) revision: &'a str,
    pub(super) label: Label,
}

impl CommandError {
    /// Returns an error of the command itself.
    pub(crate) fn new(failure: Failure, message: impl Into<String>) -> Self {
        Self::of(Reason::Failure(failure), message)
    }

    fn of(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            reason,
            message: message.into(),
            source: None,
            causes: Vec::new(),
            help: None,
            candidates: Vec::new(),
            in_scratch: false,
            folder: None,
            notices: Vec::new(),
            done: None,
        }))
    }

    /// Returns the error of a command line that cannot be used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Failure::Usage, message)
    }

    /// Returns the error of a command whose answer says what is wrong: only the exit code is left.
    pub(crate) fn reported() -> Self {
        Self::of(Reason::Reported, "")
    }

    /// Returns the error of a chain whose files are wrong.
    pub(crate) fn diagnostics(diagnostics: Vec<Diagnostic>) -> Self {
        Self::diagnostics_of("the chain", diagnostics)
    }

    /// Returns the error of wrong files in another place than the migrations folder.
    pub(crate) fn diagnostics_of(chain: &str, diagnostics: Vec<Diagnostic>) -> Self {
        Self::of(
            Reason::Diagnostics(diagnostics),
            format!("{chain} cannot be used"),
        )
    }

    /// Returns the error with what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Returns the error with what it comes from.
    pub(crate) fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Returns the error with one more cause.
    pub(crate) fn cause(mut self, cause: impl Display) -> Self {
        self.0.causes.push(cause.to_string());
        self
    }

    /// Returns the error with what may have been meant.
    pub(crate) fn candidates(mut self, candidates: Vec<String>) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// Returns true if it says what may have been meant.
    pub(crate) const fn has_candidates(&self) -> bool {
        !self.0.candidates.is_empty()
    }

    /// Returns the error with what the database said before it.
    pub(crate) fn notices(mut self, notices: Vec<Notice>) -> Self {
        self.0.notices = notices;
        self
    }

    /// Returns the error with what was done before and stays so, and how to go on.
    pub(crate) fn done(mut self, done: impl Into<String>, help: impl Into<String>) -> Self {
        self.0.done = Some(done.into());
        let before = self.0.help.take();
        self.help(match before {
            Some(before) if before.ends_with('?') => format!("{before} then {}", help.into()),
            Some(before) => format!("{before}; then {}", help.into()),
            None => help.into(),
        })
    }

    /// Returns the error with the database that cannot be used.
    pub(crate) fn of_database(mut self, shown: &str) -> Self {
        if let Reason::Runtime(
            migrate_sqlx::Error::Database(_) | migrate_sqlx::Error::NoServer(_),
        ) = self.0.reason
        {
            self.0.message = format!("the database `{shown}` cannot be used");
        }
        self
    }

    /// Returns the error as one that happened in a scratch database.
    pub(crate) fn in_scratch(mut self) -> Self {
        self.0.in_scratch = true;
        self
    }

    /// Returns the error with the folder that the file of its revision is in.
    pub(crate) fn in_folder(mut self, shown: &str) -> Self {
        self.0.folder = Some(shown.to_owned()).filter(|folder| !folder.is_empty());
        self
    }

    /// Returns true if it says more once the command is known.
    pub(crate) fn is_of_command(&self) -> bool {
        let is_choice = matches!(
            self.0.reason,
            Reason::Target(TargetError::AmbiguousWalk { .. })
        );
        is_choice || self.is(Failure::Interrupted) && self.0.message == INTERRUPTED
    }

    /// Returns the error with the command that was interrupted, or with what it may be typed with.
    pub(crate) fn of_command(mut self, command: &str) -> Self {
        if let Reason::Target(TargetError::AmbiguousWalk { candidates, .. }) = &self.0.reason {
            let choices = candidates.iter().take(8);
            let choices: Vec<String> = choices
                .map(|target| format!("`cargo migrate {command} {target}`"))
                .collect();
            let help = format!("name one: {}", choices.join(" or "));
            return self.help(help);
        }
        self.0.message = format!("interrupted: `cargo migrate {command}` did not finish");
        self
    }

    /// Returns the error of a command that Ctrl-C or SIGTERM has stopped.
    pub(crate) fn interrupted() -> Self {
        Self::new(Failure::Interrupted, INTERRUPTED)
    }

    /// Returns true if the command failed for this reason.
    pub(crate) fn is(&self, failure: Failure) -> bool {
        self.failure() == Some(failure)
    }

    /// Returns the failure of the command itself.
    pub(crate) const fn failure(&self) -> Option<Failure> {
        match &self.0.reason {
            Reason::Failure(failure) => Some(*failure),
            _ => None,
        }
    }

    /// Returns the error of the runtime.
    pub(crate) const fn runtime(&self) -> Option<&migrate_sqlx::Error> {
        match &self.0.reason {
            Reason::Runtime(error) => Some(error),
            _ => None,
        }
    }

    /// Returns what is wrong with the files.
    pub(crate) fn found(&self) -> &[Diagnostic] {
        match &self.0.reason {
            Reason::Diagnostics(found) => found,
            _ => &[],
        }
    }

    /// Returns its code, which `explain` has a page of.
    pub(crate) fn code(&self) -> &'static str {
        match &self.0.reason {
            Reason::Failure(failure) => failure.code(),
            Reason::Runtime(error) => error.code(),
            Reason::Target(error) => error.code(),
            Reason::Diagnostics(found) => {
                found.first().map_or("chain", |found| found.code.as_str())
            }
            Reason::Reported | Reason::BrokenPipe => "",
        }
    }

    /// Returns what the command ends with.
    pub(super) const fn exit_code(&self) -> u8 {
        match &self.0.reason {
            Reason::Failure(failure) => failure.exit_code(),
            Reason::BrokenPipe => 0,
            _ => exit::PROBLEM,
        }
    }

    pub(super) const fn parts(&self) -> &Parts {
        &self.0
    }

    /// Returns what happened.
    pub(super) fn message(&self) -> String {
        let message = &self.0.message;
        match (self.0.in_scratch, self.place()) {
            (false, _) => message.clone(),
            (true, Some(_)) => format!("{message} in the scratch database"),
            (true, None) => format!("in the scratch database: {message}"),
        }
    }

    /// Returns why it happened, down to the first reason.
    pub(super) fn causes(&self) -> Vec<String> {
        let mut causes = self.causes_of_runtime();
        if let Some(source) = &self.0.source {
            add_causes(&mut causes, &**source);
        }
        causes.extend(self.0.causes.iter().cloned());
        causes
    }

    /// Returns the causes that the runtime names.
    pub(super) fn causes_of_runtime(&self) -> Vec<String> {
        let mut causes = Vec::new();
        if let Some(error) = self.runtime() {
            if let migrate_sqlx::Error::ResumeEdited { was, .. } = error {
                causes.push(format!("it ran as: {was}"));
            }
            if let migrate_sqlx::Error::NoServer(tried) = error {
                causes.push(tried.to_string());
            }
            if let Some(driver) = error.driver_error() {
                add_causes(&mut causes, driver);
            }
        }
        causes
    }

    /// Returns what happened and why, in a line.
    pub(crate) fn full_message(&self) -> String {
        let mut message = self.message();
        for cause in self.causes() {
            message.extend([": ", &cause]);
        }
        if let Some(done) = &self.0.done {
            message.extend(["; ", done]);
        }
        message
    }

    /// Returns what happened and why, of each cause the first line, for a warning.
    pub(crate) fn in_a_line(&self) -> String {
        self.causes().iter().fold(self.message(), |line, cause| {
            let cause = cause.lines().next().unwrap_or_default();
            format!("{line}: {cause}")
        })
    }

    /// Returns what to do about it.
    pub(crate) fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns true if a file of the chain is shown with it.
    pub(crate) fn has_place(&self) -> bool {
        self.place().is_some()
    }

    /// Returns which revision failed, and where in its file.
    pub(super) fn place(&self) -> Option<Place<'_>> {
        let error = self.runtime()?;
        let (revision, label) = (error.revision()?, error.label()?);
        let mut place = Place { revision, label };
        if let Some(folder) = &self.0.folder {
            let file = &mut place.label.file;
            if !file.starts_with(&format!("{folder}/")) {
                *file = format!("{folder}/{file}");
            }
        }
        Some(place)
    }

    /// Returns all that the database said of it.
    pub(super) fn database(&self) -> Option<DatabaseMessage> {
        use migrate_sqlx::Error as Runtime;

        let Some(error) = self.runtime() else {
            return words_of_database(self.0.source.as_deref()?);
        };
        let is_of_database = |error: &DriverError| error.as_sqlx().as_database_error().is_some();
        let is_statement = matches!(error, Runtime::Statement(_) | Runtime::Step(_));
        error
            .database_message()
            .filter(|_| is_statement || error.driver_error().is_some_and(is_of_database))
    }
}

/// The message of an interruption that does not say what was interrupted.
const INTERRUPTED: &str = "interrupted";

/// Returns an error and those below it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        if let Some(error) = error.downcast_ref::<migrate_sqlx::Error>() {
            return Some(error.driver_error()?.as_sqlx());
        }
        match error.downcast_ref::<sqlx::Error>() {
            // What is below it repeats it.
            Some(sqlx::Error::Database(_)) => None,
            _ => error.source(),
        }
    })
}

/// Adds an error and those below it, a database's in its own words: see
/// [`DriverError`].
fn add_causes(causes: &mut Vec<String>, error: &(dyn Error + 'static)) {
    for error in chain(error) {
        let text = match error.downcast_ref::<sqlx::Error>() {
            Some(driver) => DatabaseMessage::new(driver).to_string(),
            None => error.to_string(),
        };
        // Some drivers' errors repeat what is below them.
        if !causes.last().is_some_and(|last| last.ends_with(&text)) {
            causes.push(text);
        }
    }
}

/// Returns what the database said, if the error comes from one.
fn words_of_database(error: &(dyn Error + Send + Sync + 'static)) -> Option<DatabaseMessage> {
    chain(error)
        .filter_map(|error| error.downcast_ref::<sqlx::Error>())
        .find(|error| error.as_database_error().is_some())
        .map(DatabaseMessage::new)
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::of(Reason::BrokenPipe, ""),
            _ => Self::new(Failure::Io, "reading or writing failed").because(error),
        }
    }
}

impl From<migrate_sqlx::Error> for CommandError {
    fn from(error: migrate_sqlx::Error) -> Self {
        let (message, help) = (error.headline(), error.help());
        let mut error = match error {
            migrate_sqlx::Error::Target(target) => return target.into(),
            migrate_sqlx::Error::Stopped { .. } => Self::new(Failure::Interrupted, message),
            error => Self::of(Reason::Runtime(error), message),
        };
        error.0.help = help;
        error
    }
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        let (message, help, candidates) = (error.to_string(), error.help(), error.candidates());
        let mut error = Self::of(Reason::Target(error), message).candidates(candidates);
        error.0.help = help;
        error
    }
}
