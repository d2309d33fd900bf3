//! How errors are shown: as text, or as the document of `--format json`. No password of the command
//! line is in either.

use migrate_core::{Diagnostic, Drawing, Label, Severity, Style};
use migrate_sqlx::{DatabaseMessage, InnerQuery};

use crate::output::error::{CommandError, Place, Reason};
use crate::output::json;
use crate::output::phrase::counted;
use crate::output::style::{self, styled};
use crate::output::ui::{Ui, drawn};

/// An error in the words that are shown.
struct Report<'a> {
    error: &'a CommandError,
    message: String,
    causes: Vec<String>,
    help: Option<String>,
    done: Option<String>,
    place: Option<Place<'a>>,
    database: Option<DatabaseMessage>,
}

/// Shows an error and returns the exit code.
pub(crate) fn report(error: &CommandError, ui: &Ui) -> u8 {
    let report = Report::new(error, ui);
    match &error.parts().reason {
        Reason::Reported | Reason::BrokenPipe => {}
        Reason::Diagnostics(found) => {
            let shown = found.iter().cloned();
            let shown: Vec<_> = shown.map(|found| ui.shown_diagnostic(found)).collect();
            report.diagnostics(&shown, ui);
        }
        Reason::Failure(_) | Reason::Runtime(_) | Reason::Target(_) => report.failure(ui),
    }
    error.exit_code()
}

impl<'a> Report<'a> {
    fn new(error: &'a CommandError, ui: &Ui) -> Self {
        let parts = error.parts();
        let shown = |text: &Option<String>| text.as_ref().map(|text| ui.shown(text));
        Self {
            error,
            message: ui.shown(&error.message()),
            causes: error.causes().iter().map(|text| ui.shown(text)).collect(),
            help: shown(&parts.help),
            done: shown(&parts.done),
            place: error.place(),
            database: error.database().map(|said| hidden(said, ui)),
        }
    }

    /// Shows what is wrong with the files.
    fn diagnostics(&self, found: &[Diagnostic], ui: &Ui) {
        if ui.is_json() {
            let document = json::Diagnostics::new(found).done(self.done.as_deref());
            // If nobody reads the answer any more, the exit code still says it.
            let _unread = ui.json(&document);
            return;
        }
        for diagnostic in found {
            ui.say(format_args!("{}\n", drawn(diagnostic)));
        }
        let errors = found.iter().filter(|found| found.is_error()).count();
        ui.say(format_args!(
            "{} {}: {}",
            styled(style::ERROR, "error:"),
            self.message,
            counted(errors, "error")
        ));
        if let Some(first) = found.first() {
            ui.say(format_args!(
                "{} `cargo migrate explain {}` shows more",
                styled(style::HELP, "help:"),
                first.code
            ));
        }
        self.done(ui);
    }

    /// Shows what failed.
    fn failure(&self, ui: &Ui) {
        if ui.is_json() {
            let _unread = ui.json(&self.document(ui));
            return;
        }
        match &self.place {
            Some(place) => {
                ui.say(self.drawing(&place.label));
                let in_drawing = self.error.causes_of_runtime().len();
                for cause in self.causes.iter().skip(in_drawing) {
                    ui.say(format_args!("{} {cause}", styled(style::HELP, "note:")));
                }
            }
            None => self.plain(ui),
        }
        self.done(ui);
        if let Some(help) = &self.help {
            ui.say(format_args!("{} {help}", styled(style::HELP, "help:")));
        }
    }

    fn document(&self, ui: &Ui) -> json::Failure<'_> {
        let parts = self.error.parts();
        let candidates = parts.candidates.iter();
        let mut message = self.message.clone();
        for cause in &self.causes {
            message.extend([": ", cause]);
        }
        if let Some(done) = &self.done {
            message.extend(["; ", done]);
        }
        let mut document = json::Failure::new(self.error.code(), message, self.help.clone())
            .candidates(candidates.map(|text| ui.shown(text)).collect())
            .notices(&parts.notices);
        if let Some(place) = &self.place {
            document = document.place(place.revision, &place.label);
        }
        if let Some(database) = &self.database {
            document = document.database(database);
        }
        document
    }

    /// Shows an error that is at no place in a file.
    fn plain(&self, ui: &Ui) {
        ui.say(format_args!(
            "{} {}",
            styled(style::ERROR, "error:"),
            self.message
        ));
        if !self.causes.is_empty() {
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
        for (name, text) in self.database.iter().flat_map(DatabaseMessage::parts) {
            let text = text.replace('\n', "\n    ");
            ui.say(format_args!(
                "  {} {text}",
                styled(style::HELP, format_args!("{name}:"))
            ));
        }
        if !self.causes.is_empty() && (self.help.is_some() || self.done.is_some()) {
            ui.say("");
        }
    }

    fn done(&self, ui: &Ui) {
        if let Some(done) = &self.done {
            ui.say(format_args!("{} {done}", styled(style::HELP, "note:")));
        }
    }

    /// Draws the statement that failed as diagnostics are drawn, with all that the database said.
    fn drawing(&self, label: &Label) -> String {
        let source = label.place.as_ref().and_then(|place| place.source.as_ref());
        let mut drawing = Drawing::new(Severity::Error, &self.message).label(label);
        if source.is_none() && !label.text.is_empty() {
            drawing = drawing.note("database", &label.text);
        }
        let database = self.database.as_ref();
        let mut marked = String::new();
        if let Some(query) = database.and_then(|database| database.inner_query.as_ref()) {
            marked = mark(query);
        }
        for (name, text) in database.map(DatabaseMessage::parts).unwrap_or_default() {
            let text = match name {
                "query" => &marked,
                _ => text,
            };
            drawing = drawing.note(name, text);
        }
        drawing.render(Style::Colour)
    }
}

/// Takes the passwords of the command line out of what a database said.
fn hidden(mut said: DatabaseMessage, ui: &Ui) -> DatabaseMessage {
    let parts = [&mut said.detail, &mut said.hint, &mut said.context];
    let texts = parts.into_iter().flatten().chain(&mut said.warnings);
    for text in texts.chain([&mut said.message]) {
        *text = ui.hidden(text);
    }
    said
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
