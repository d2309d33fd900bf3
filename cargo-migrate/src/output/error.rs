//! Why a command did not do what it was asked, and how that is told.

use std::fmt::Display;
use std::io;

use migrate_core::{Diagnostic, Label, TargetError};
use migrate_sqlx::{DatabaseMessage, DriverError, InnerQuery};

use crate::output::json;
use crate::output::progress::Notice;
use crate::output::ui::{Ui, drawn, style, styled};

/// The exit codes.
pub(crate) mod exit {
    /// Something is wrong with the chain or the database, or the work failed.
    pub(crate) const PROBLEM: u8 = 1;
    /// Wrong usage.
    pub(crate) const USAGE: u8 = 2;
    /// Interrupted by Ctrl-C or SIGTERM.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Why a command failed: what happened, why, and what to type next.
///
/// It is boxed, as nearly every function may return it.
#[derive(Debug)]
pub(crate) struct CommandError(Box<Failure>);

#[derive(Debug)]
struct Failure {
    kind: Kind,
    code: String,
    message: String,
    causes: Vec<String>,
    help: Option<String>,
    candidates: Vec<String>,
    /// Where it happened, drawn; stands for the message.
    drawing: Option<String>,
    /// How many causes are in the drawing.
    drawn: usize,
    /// All that the database said.
    database: Option<DatabaseMessage>,
    /// What the database said before.
    notices: Vec<Notice>,
    /// Which revision failed, and where in its file.
    place: Option<Place>,
    /// What was done before.
    done: Option<String>,
}

/// Where a revision failed.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) revision: String,
    pub(crate) file: String,
    /// The line and the column of the statement, both from 1.
    pub(crate) position: Option<(usize, usize)>,
}

impl Place {
    fn new(revision: &str, label: &Label) -> Self {
        Self {
            revision: revision.to_owned(),
            file: label.file.clone(),
            position: label.place.as_ref().map(|place| (place.line, place.column)),
        }
    }
}

#[derive(Debug)]
enum Kind {
    Problem,
    Usage,
    Interrupted,
    /// Whoever read the answer has gone: no error of ours.
    BrokenPipe,
    /// The files are wrong.
    Diagnostics(Vec<Diagnostic>),
    /// The answer on stdout already says what is wrong.
    Told,
}

impl CommandError {
    fn new(kind: Kind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            kind,
            code: code.into(),
            message: message.into(),
            causes: Vec::new(),
            help: None,
            candidates: Vec::new(),
            drawing: None,
            drawn: 0,
            database: None,
            notices: Vec::new(),
            place: None,
            done: None,
        }))
    }

    /// The work failed, or something is wrong with the chain or the database.
    pub(crate) fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Problem, code, message)
    }

    /// The command line asks for what cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, "usage", message)
    }

    /// Ctrl-C or SIGTERM.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, "interrupted", message)
    }

    /// Returns the error with the command that was interrupted, where it does not say more.
    pub(crate) fn interrupting(mut self, command: &str) -> Self {
        if self.0.message == "interrupted" {
            self.0.message = format!("interrupted: `cargo migrate {command}` did not finish");
        }
        self
    }

    /// The answer says what is wrong; only the exit code is left to give.
    pub(crate) fn told() -> Self {
        Self::new(Kind::Told, "", "")
    }

    /// The files are wrong.
    pub(crate) fn diagnostics(diagnostics: Vec<Diagnostic>) -> Self {
        Self::diagnostics_of("the chain", diagnostics)
    }

    /// The files of another place than the folder here are wrong.
    pub(crate) fn diagnostics_of(chain: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let message = format!("{chain} cannot be used");
        Self::new(Kind::Diagnostics(diagnostics), "", message)
    }

    /// Returns the error with what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Says whether it is of this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.0.code == code
    }

    /// Returns what went wrong and why in a line, for what is only a warning.
    pub(crate) fn in_a_line(&self) -> String {
        let Failure {
            message, causes, ..
        } = &*self.0;
        causes.iter().fold(message.clone(), |line, cause| {
            let cause = cause.lines().next().unwrap_or_default();
            format!("{line}: {cause}")
        })
    }

    /// Returns its kind in a word.
    pub(crate) fn code(&self) -> &str {
        match (&self.0.kind, self.0.code.as_str()) {
            (Kind::Diagnostics(found), "") => {
                found.first().map_or("chain", |found| found.code.as_str())
            }
            (_, code) => code,
        }
    }

    /// Returns what is wrong with the files, where that is why.
    pub(crate) fn found(&self) -> &[Diagnostic] {
        match &self.0.kind {
            Kind::Diagnostics(found) => found,
            _ => &[],
        }
    }

    /// Returns what to do about it.
    pub(crate) fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns the error with what was done before and stays so, and what was not done, and how to
    /// go on.
    pub(crate) fn done(mut self, done: impl Into<String>, help: impl Into<String>) -> Self {
        self.0.done = Some(done.into());
        let before = self.0.help.take();
        self.help(match before {
            Some(before) if before.ends_with('?') => format!("{before} then {}", help.into()),
            Some(before) => format!("{before}; then {}", help.into()),
            None => help.into(),
        })
    }

    /// Returns the error with what may have been meant.
    pub(crate) fn candidates(mut self, candidates: Vec<String>) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// Returns the error with why it happened, down to the first reason.
    pub(crate) fn because(mut self, error: impl std::error::Error + 'static) -> Self {
        self.add_causes(&error);
        self
    }

    /// Adds an error and what is below it. The words of a database are taken from the driver's error
    /// part by part: see [`migrate_sqlx::DriverError`].
    fn add_causes(&mut self, error: &(dyn std::error::Error + 'static)) {
        use std::error::Error as _;

        let mut next = Some(error);
        while let Some(error) = next {
            let (text, source) = match error.downcast_ref::<sqlx::Error>() {
                Some(driver) => {
                    let database = DatabaseMessage::new(driver);
                    let text = database.to_string();
                    let is_words = matches!(driver, sqlx::Error::Database(_));
                    if is_words {
                        self.0.database.get_or_insert(database);
                    }
                    (text, driver.source().filter(|_| !is_words))
                }
                None => (error.to_string(), error.source()),
            };
            // Some drivers' errors repeat what is below them.
            let is_repeated = |last: &String| last.ends_with(text.as_str());
            if !self.0.causes.last().is_some_and(is_repeated) {
                self.0.causes.push(text);
            }
            next = source;
        }
    }

    /// Returns the error with one more reason.
    pub(crate) fn cause(mut self, cause: impl Display) -> Self {
        self.0.causes.push(cause.to_string());
        self
    }

    /// Returns the error with the database it is about, where that is not said yet.
    pub(crate) fn place(mut self, database: &str) -> Self {
        if self.0.code == "database" {
            self.0.message = format!("the database `{database}` cannot be used");
        }
        self
    }

    /// Returns the error with where it happened: not in the database that is meant.
    pub(crate) fn in_throw_away(mut self) -> Self {
        let before = self.0.message.clone();
        self.0.message = match &self.0.drawing {
            Some(_) => format!("{before} in the throw-away database"),
            None => format!("in the throw-away database: {before}"),
        };
        let drawing = self.0.drawing.take();
        self.0.drawing = drawing.map(|drawing| drawing.replacen(&before, &self.0.message, 1));
        self
    }

    /// Says whether a file of the chain is shown with it.
    pub(crate) fn is_drawn(&self) -> bool {
        self.0.drawing.is_some()
    }

    /// Returns the error with the folder that the files it names are in, where it is not said yet.
    pub(crate) fn in_folder(mut self, shown: &str) -> Self {
        let place = format!("--> {shown}/");
        let drawing = self.0.drawing.take();
        self.0.drawing = drawing.map(|drawing| match drawing.contains(&place) {
            true => drawing,
            false => drawing.replacen("--> ", &place, 1),
        });
        if let Some(at) = &mut self.0.place
            && !at.file.starts_with(&format!("{shown}/"))
        {
            at.file = format!("{shown}/{}", at.file);
        }
        self
    }

    /// Returns the error with what the database said before it.
    pub(crate) fn notices(mut self, notices: Vec<Notice>) -> Self {
        self.0.notices = notices;
        self
    }

    /// Tells it and returns the exit code.
    pub(crate) fn tell(mut self, ui: &Ui) -> u8 {
        self.hide(ui);
        let code = match self.0.kind {
            Kind::BrokenPipe => return 0,
            Kind::Told => return exit::PROBLEM,
            Kind::Problem | Kind::Diagnostics(_) => exit::PROBLEM,
            Kind::Usage => exit::USAGE,
            Kind::Interrupted => exit::INTERRUPTED,
        };
        if ui.is_json() {
            let outcome = match &self.0.kind {
                Kind::Diagnostics(found) => {
                    ui.json(&json::Diagnostics::new(found).done(self.0.done.as_deref()))
                }
                _ => ui.json(
                    &json::Failure::new(
                        &self.0.code,
                        &self.full_message(),
                        self.0.help.as_deref(),
                        &self.0.candidates,
                    )
                    .place(self.0.place.as_ref())
                    .database(self.0.database.as_ref())
                    .notices(&self.0.notices),
                ),
            };
            // Nobody reads the answer any more: the code still says it.
            let _unread = outcome;
            return code;
        }
        match &self.0.kind {
            Kind::Diagnostics(found) => {
                tell_diagnostics(&self.0.message, found, ui);
                self.tell_done(ui);
            }
            _ => self.tell_error(ui),
        }
        code
    }

    /// Makes its texts what is shown: commands that can be typed, and no password that was.
    fn hide(&mut self, ui: &Ui) {
        let failure = &mut *self.0;
        let told = [&mut failure.message]
            .into_iter()
            .chain(&mut failure.causes)
            .chain(&mut failure.help)
            .chain(&mut failure.done)
            .chain(&mut failure.candidates);
        for text in told {
            *text = ui.shown(text);
        }
        if let Some(database) = &mut failure.database {
            let parts = [
                &mut database.detail,
                &mut database.hint,
                &mut database.context,
            ];
            let texts = parts.into_iter().flatten().chain(&mut database.warnings);
            for text in texts.chain([&mut database.message]) {
                *text = ui.hidden(text);
            }
        }
        if let Kind::Diagnostics(found) = &mut failure.kind {
            for diagnostic in found {
                *diagnostic = ui.shown_diagnostic(diagnostic.clone());
            }
        }
    }

    /// Returns what happened and why, in a line.
    pub(crate) fn full_message(&self) -> String {
        let mut message = self.0.message.clone();
        for cause in &self.0.causes {
            message.extend([": ", cause]);
        }
        if let Some(done) = &self.0.done {
            message.extend(["; ", done]);
        }
        message
    }

    fn tell_done(&self, ui: &Ui) {
        if self.0.drawing.is_some() {
            for cause in self.0.causes.iter().skip(self.0.drawn) {
                ui.say(format_args!("{} {cause}", styled(style::HELP, "note:")));
            }
        }
        if let Some(done) = &self.0.done {
            ui.say(format_args!("{} {done}", styled(style::HELP, "note:")));
        }
    }

    fn tell_error(&self, ui: &Ui) {
        match &self.0.drawing {
            Some(drawing) => ui.say(drawing),
            None => ui.say(format_args!(
                "{} {}",
                styled(style::ERROR, "error:"),
                self.0.message
            )),
        }
        if self.0.drawing.is_none() && !self.0.causes.is_empty() {
            ui.say("");
            ui.say("Caused by:");
            for (number, cause) in self.0.causes.iter().enumerate() {
                let cause = cause.replace('\n', "\n     ");
                match self.0.causes.len() {
                    1 => ui.say(format_args!("  {cause}")),
                    _ => ui.say(format_args!("  {number}: {cause}")),
                }
            }
        }
        if self.0.drawing.is_none() {
            for (name, text) in self.0.database.iter().flat_map(DatabaseMessage::parts) {
                let text = text.replace('\n', "\n    ");
                ui.say(format_args!(
                    "  {} {text}",
                    styled(style::HELP, format_args!("{name}:"))
                ));
            }
        }
        let more = self.0.help.is_some() || self.0.done.is_some();
        if more && self.0.drawing.is_none() && !self.0.causes.is_empty() {
            ui.say("");
        }
        self.tell_done(ui);
        if let Some(help) = &self.0.help {
            ui.say(format_args!("{} {help}", styled(style::HELP, "help:")));
        }
    }
}

/// Draws what is wrong with the files, then says how much it is.
fn tell_diagnostics(message: &str, found: &[Diagnostic], ui: &Ui) {
    for diagnostic in found {
        ui.say(format_args!("{}\n", drawn(diagnostic)));
    }
    let errors = found.iter().filter(|found| found.is_error()).count();
    ui.say(format_args!(
        "{} {message}: {}",
        styled(style::ERROR, "error:"),
        counted(errors, "error")
    ));
    if let Some(first) = found.first() {
        ui.say(format_args!(
            "{} `cargo migrate explain {}` tells more",
            styled(style::HELP, "help:"),
            first.code
        ));
    }
}

/// Writes `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Kind::BrokenPipe, "", "");
        }
        Self::failed("io", "reading or writing failed").because(error)
    }
}

impl From<migrate_sqlx::Error> for CommandError {
    fn from(error: migrate_sqlx::Error) -> Self {
        if let migrate_sqlx::Error::Target(target) = error {
            return target.into();
        }
        let mut told = match error {
            migrate_sqlx::Error::Stopped { .. } => Self::interrupted(error.to_string()),
            _ => Self::failed(error.code(), error.to_string()),
        };
        told.0.help = error.help();
        let is_of_database = |error: &DriverError| error.as_sqlx().as_database_error().is_some();
        let has_place = matches!(
            error,
            migrate_sqlx::Error::Statement(_) | migrate_sqlx::Error::Step(_)
        );
        told.0.database = error
            .database_message()
            .filter(|_| has_place || error.driver_error().is_some_and(is_of_database));
        let database = told.0.database.as_ref();
        let drawing = match &error {
            migrate_sqlx::Error::Statement(failed) => {
                told.0.place = Some(Place::new(&failed.revision, &failed.label));
                Some(draw(&failed.to_string(), &failed.label, database))
            }
            migrate_sqlx::Error::Step(failed) => {
                let label = Label {
                    file: failed.file.clone(),
                    place: None,
                    text: failed.message.to_string(),
                };
                told.0.place = Some(Place::new(&failed.revision, &label));
                Some(draw(&failed.to_string(), &label, database))
            }
            migrate_sqlx::Error::InDoubt {
                label, revision, ..
            }
            | migrate_sqlx::Error::ResumeSession {
                label, revision, ..
            } => {
                told.0.place = Some(Place::new(revision, label));
                Some(draw(&error.to_string(), label, None))
            }
            migrate_sqlx::Error::ResumeEdited {
                label,
                revision,
                was,
                ..
            } => {
                told.0.place = Some(Place::new(revision, label));
                told.0.causes.push(format!("it ran as: {was}"));
                Some(draw(&error.to_string(), label, None))
            }
            _ => None,
        };
        told.0.drawing = drawing;
        if let Some(source) = std::error::Error::source(&error) {
            told.add_causes(source);
        }
        told.0.drawn = told.0.causes.len();
        told
    }
}

/// Draws the statement that failed as diagnostics are drawn, with all that the database said.
fn draw(title: &str, label: &Label, database: Option<&DatabaseMessage>) -> String {
    use annotate_snippets::renderer::DecorStyle;
    use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

    let group = Group::with_title(Level::ERROR.primary_title(title));
    let mut group = match &label.place {
        Some(place) => match &place.source {
            Some(source) => group.element(
                Snippet::source(source)
                    .path(&label.file)
                    .line_start(place.line)
                    .annotation(
                        AnnotationKind::Primary
                            .span(place.span.clone())
                            .label(&label.text),
                    ),
            ),
            None => group
                .element(
                    Origin::path(&label.file)
                        .line(place.line)
                        .char_column(place.column),
                )
                .element(Level::NOTE.with_name("database").message(&label.text)),
        },
        None => {
            let group = group.element(Origin::path(&label.file));
            match label.text.as_str() {
                "" => group,
                text => group.element(Level::NOTE.with_name("database").message(text)),
            }
        }
    };
    let mut marked = String::new();
    if let Some(query) = database.and_then(|database| database.inner_query.as_ref()) {
        marked = mark(query);
    }
    for (name, text) in database.map(DatabaseMessage::parts).unwrap_or_default() {
        let text = match name {
            "query" => &marked,
            _ => text,
        };
        group = group.element(Level::NOTE.with_name(name).message(text));
    }
    Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .render(&[group])
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

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        let mut told = Self::failed(error.code(), error.to_string()).candidates(error.candidates());
        told.0.help = error.help();
        told
    }
}
