//! Why a command did not do what it was asked, and how that is told.

use std::fmt::Display;
use std::io;

use migrate_core::{Diagnostic, Label, TargetError};

use crate::json;
use crate::ui::{Ui, drawn, style, styled};

/// The exit codes.
pub(crate) mod exit {
    /// Something is wrong with the chain or the database, or the work failed.
    pub(crate) const PROBLEM: u8 = 1;
    /// Wrong usage.
    pub(crate) const USAGE: u8 = 2;
    /// Interrupted by Ctrl-C.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Why a command failed: what happened, why, and what to type next.
#[derive(Debug)]
pub(crate) struct CommandError {
    kind: Kind,
    code: String,
    message: String,
    causes: Vec<String>,
    help: Option<String>,
    candidates: Vec<String>,
    /// Where it happened, drawn; stands for the message.
    drawing: Option<String>,
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
        Self {
            kind,
            code: code.into(),
            message: message.into(),
            causes: Vec::new(),
            help: None,
            candidates: Vec::new(),
            drawing: None,
        }
    }

    /// The work failed, or something is wrong with the chain or the database.
    pub(crate) fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Problem, code, message)
    }

    /// The command line asks for what cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, "usage", message)
    }

    /// Ctrl-C.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, "interrupted", message)
    }

    /// The answer says what is wrong; only the exit code is left to give.
    pub(crate) fn told() -> Self {
        Self::new(Kind::Told, "", "")
    }

    /// The files are wrong.
    pub(crate) fn diagnostics(diagnostics: Vec<Diagnostic>) -> Self {
        Self::new(Kind::Diagnostics(diagnostics), "", "")
    }

    /// Returns the error with what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the error with what may have been meant.
    pub(crate) fn candidates(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates;
        self
    }

    /// Returns the error with why it happened, down to the first reason.
    #[expect(clippy::needless_pass_by_value, reason = "it reads as a builder")]
    pub(crate) fn because(mut self, error: impl std::error::Error) -> Self {
        self.causes.push(error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            self.causes.push(error.to_string());
            source = error.source();
        }
        self
    }

    /// Returns the error with one more reason.
    pub(crate) fn cause(mut self, cause: impl Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Returns the error with the database it is about, where that is not said yet.
    pub(crate) fn place(mut self, database: &str) -> Self {
        if self.code == "database" {
            self.message = format!("the database `{database}` cannot be used");
        }
        self
    }

    /// Returns the error with the folder that the files it names are in.
    pub(crate) fn in_folder(mut self, shown: &str) -> Self {
        self.drawing = self
            .drawing
            .map(|drawing| drawing.replacen("--> ", &format!("--> {shown}/"), 1));
        self
    }

    /// Tells it and returns the exit code.
    pub(crate) fn tell(self, ui: &Ui) -> u8 {
        let code = match self.kind {
            Kind::BrokenPipe => return 0,
            Kind::Told => return exit::PROBLEM,
            Kind::Problem | Kind::Diagnostics(_) => exit::PROBLEM,
            Kind::Usage => exit::USAGE,
            Kind::Interrupted => exit::INTERRUPTED,
        };
        if ui.is_json() {
            let outcome = match &self.kind {
                Kind::Diagnostics(found) => ui.json(&json::Diagnostics::new(found)),
                _ => ui.json(&json::Failure::new(
                    &self.code,
                    &self.full_message(),
                    self.help.as_deref(),
                    &self.candidates,
                )),
            };
            // Nobody reads the answer any more: the code still says it.
            let _unread = outcome;
            return code;
        }
        match &self.kind {
            Kind::Diagnostics(found) => tell_diagnostics(found, ui),
            _ => self.tell_error(ui),
        }
        code
    }

    fn full_message(&self) -> String {
        let mut message = self.message.clone();
        for cause in &self.causes {
            message.extend([": ", cause]);
        }
        message
    }

    fn tell_error(&self, ui: &Ui) {
        match &self.drawing {
            Some(drawing) => ui.say(drawing),
            None => ui.say(format_args!(
                "{} {}",
                styled(style::ERROR, "error:"),
                self.message
            )),
        }
        if self.drawing.is_none() && !self.causes.is_empty() {
            ui.say("");
            ui.say("Caused by:");
            for (number, cause) in self.causes.iter().enumerate() {
                let cause = cause.replace('\n', "\n     ");
                match self.causes.len() {
                    1 => ui.say(format_args!("  {cause}")),
                    _ => ui.say(format_args!("  {number}: {cause}")),
                }
            }
        }
        if let Some(help) = &self.help {
            if self.drawing.is_none() && !self.causes.is_empty() {
                ui.say("");
            }
            ui.say(format_args!("{} {help}", styled(style::HELP, "help:")));
        }
    }
}

/// Draws what is wrong with the files, then says how much it is.
fn tell_diagnostics(found: &[Diagnostic], ui: &Ui) {
    for diagnostic in found {
        ui.say(format_args!("{}\n", drawn(diagnostic)));
    }
    let errors = found.iter().filter(|found| found.is_error()).count();
    ui.say(format_args!(
        "{} the chain cannot be used: {}",
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
        let mut told = Self::failed(error.code(), error.to_string());
        told.help = error.help();
        if let migrate_sqlx::Error::Statement(failed) = &error {
            told.drawing = Some(draw(&failed.to_string(), &failed.label));
        }
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            // The driver's own words, without its prefix, are the database's.
            told.causes.push(cause.to_string());
            source = match cause.downcast_ref::<sqlx::Error>() {
                // Its source says the same once more.
                Some(sqlx::Error::Database(_)) => None,
                _ => cause.source(),
            };
        }
        told.causes.dedup();
        told
    }
}

/// Draws the statement that failed as diagnostics are drawn.
fn draw(title: &str, label: &Label) -> String {
    use annotate_snippets::renderer::DecorStyle;
    use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

    let group = Group::with_title(Level::ERROR.primary_title(title));
    let group = match &label.place {
        Some(place) => match &place.source {
            Some(source) => group.element(
                Snippet::source(source)
                    .path(&label.file)
                    .line_start(place.line)
                    .annotation(AnnotationKind::Primary.span(place.span.clone()).label(&label.text)),
            ),
            None => group.element(
                Origin::path(&label.file)
                    .line(place.line)
                    .char_column(place.column),
            ),
        },
        None => group.element(Origin::path(&label.file)),
    };
    Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .render(&[group])
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        let mut told = Self::failed(error.code(), error.to_string()).candidates(error.candidates());
        told.help = error.help();
        told
    }
}
