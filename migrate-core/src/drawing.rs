//! Draws a message and the places it is about, as rustc draws its diagnostics.
//!
//! Everything that a compiler error, the command or a running application shows comes from here. The
//! picture is that of the crate `annotate-snippets`, which the tests compare it with; an application
//! that embeds its chain would build that crate twice, for one snippet with one mark.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use crate::diagnostic::{Label, Place, Severity};

/// Whether the output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// Text with ANSI colours.
    Colour,
}

/// A message, the places it is about, and notes below them.
///
/// ```
/// use migrate_core::{Drawing, Label, Severity, Style};
///
/// let label = Label::at("a.sql", "SELECT a b;\n", 9..10, "syntax error");
/// let drawn = Drawing::new(Severity::Error, "the statement failed")
///     .label(&label)
///     .note("help", "name one column")
///     .render(Style::Plain);
/// assert_eq!(
///     drawn,
///     "error: the statement failed
///  --> a.sql:1:10
///   |
/// 1 | SELECT a b;
///   |          ^ syntax error
///   |
///   = help: name one column"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Drawing<'a> {
    severity: Severity,
    code: Option<&'a str>,
    message: &'a str,
    parts: Vec<Part<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Label(&'a Label),
    Note { name: &'a str, text: &'a str },
}

impl Part<'_> {
    const fn is_source(self) -> bool {
        matches!(
            self,
            Part::Label(Label {
                place: Some(Place {
                    source: Some(_),
                    ..
                }),
                ..
            })
        )
    }
}

/// A line that is wider is shown as far as it is about the mark.
const WIDEST: usize = 140;
/// What is shown before the mark of such a line.
const BEFORE_MARK: usize = 40;
const CUT: &str = "...";

const BOLD: &str = "\u{1b}[1m";
const BLUE: &str = "\u{1b}[1m\u{1b}[94m";

impl<'a> Drawing<'a> {
    /// Begins a drawing with its first line.
    #[must_use]
    pub const fn new(severity: Severity, message: &'a str) -> Self {
        Self {
            severity,
            code: None,
            message,
            parts: Vec::new(),
        }
    }

    /// Returns the drawing with a code behind the severity: `error[unknown-parent]`.
    #[must_use]
    pub const fn code(mut self, code: &'a str) -> Self {
        self.code = Some(code);
        self
    }

    /// Returns the drawing with one more place; the first is the primary one.
    #[must_use]
    pub fn label(mut self, label: &'a Label) -> Self {
        self.parts.push(Part::Label(label));
        self
    }

    /// Returns the drawing with a note below: `= help: …`.
    #[must_use]
    pub fn note(mut self, name: &'a str, text: &'a str) -> Self {
        self.parts.push(Part::Note { name, text });
        self
    }

    /// Draws it; the last line does not end.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut canvas = Canvas {
            drawn: String::new(),
            style,
            gutter: self.gutter(),
        };
        self.title(&mut canvas);
        let mut before: Option<Part<'_>> = None;
        let mut places = 0;
        for part in &self.parts {
            match *part {
                Part::Note { name, text } => {
                    if before.is_none_or(Part::is_source) {
                        canvas.bar();
                    }
                    canvas.note(name, text);
                }
                Part::Label(label) => {
                    if before.is_some() && part.is_source() {
                        canvas.bar();
                    }
                    let colour = match places {
                        0 => severity_colour(self.severity),
                        _ => BLUE,
                    };
                    canvas.place(label, places == 0, colour);
                    places += 1;
                }
            }
            before = Some(*part);
        }
        canvas.drawn
    }

    /// The columns of the largest line number.
    fn gutter(&self) -> usize {
        let lines = self.parts.iter().filter_map(|part| match part {
            Part::Label(label) if part.is_source() => label.place.as_ref().map(|place| place.line),
            _ => None,
        });
        lines.max().map_or(0, |line| line.to_string().len())
    }

    fn title(&self, canvas: &mut Canvas) {
        let mut name = self.severity.as_str().to_owned();
        if let Some(code) = self.code {
            let _ = write!(name, "[{code}]");
        }
        canvas.paint(severity_colour(self.severity), &name);
        let message = printable(self.message);
        let mut lines = message.split('\n');
        let first = lines.next().unwrap_or_default();
        canvas.paint(BOLD, &format!(": {first}"));
        for line in lines {
            canvas.line(name.len() + 2);
            canvas.paint(BOLD, line);
        }
    }
}

const fn severity_colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "\u{1b}[1m\u{1b}[91m",
        Severity::Warning => "\u{1b}[1m\u{1b}[33m",
    }
}

/// The lines drawn so far.
struct Canvas {
    drawn: String,
    style: Style,
    gutter: usize,
}

impl Canvas {
    /// Begins a line.
    fn line(&mut self, indent: usize) {
        self.drawn.push('\n');
        self.drawn.extend(std::iter::repeat_n(' ', indent));
    }

    fn paint(&mut self, colour: &str, text: &str) {
        match self.style {
            Style::Plain => self.drawn.push_str(text),
            Style::Colour if text.is_empty() => {}
            Style::Colour => {
                let _ = write!(self.drawn, "{colour}{text}\u{1b}[0m");
            }
        }
    }

    /// Begins a line with the bar that separates the line numbers.
    fn bar(&mut self) {
        self.line(self.gutter + 1);
        self.paint(BLUE, "|");
    }

    fn note(&mut self, name: &str, text: &str) {
        self.line(self.gutter + 1);
        self.paint(BLUE, "= ");
        self.paint(BOLD, name);
        for (number, line) in printable(text).split('\n').enumerate() {
            match number {
                0 => self.drawn.push_str(": "),
                _ => self.line(self.gutter + 5 + name.len()),
            }
            self.drawn.push_str(line);
        }
    }

    fn place(&mut self, label: &Label, primary: bool, colour: &str) {
        self.line(self.gutter);
        self.paint(BLUE, if primary { "--> " } else { "::: " });
        self.drawn.push_str(&printable(&label.file));
        let Some(place) = &label.place else { return };
        let _ = write!(self.drawn, ":{}:{}", place.line, place.column);
        let Some(source) = &place.source else { return };

        let shown = Shown::new(source, place);
        self.bar();
        self.drawn.push('\n');
        self.paint(
            BLUE,
            &format!("{:>width$}", place.line, width = self.gutter),
        );
        self.drawn.push(' ');
        self.paint(BLUE, "|");
        if !shown.text.is_empty() {
            self.drawn.push(' ');
        }
        if shown.cut_before {
            self.paint(BLUE, CUT);
        }
        self.drawn.push_str(&shown.text);
        if shown.cut_after {
            self.paint(BLUE, CUT);
        }
        self.bar();
        let indent = shown.before_mark + 1;
        self.drawn.extend(std::iter::repeat_n(' ', indent));
        let mark = if primary { "^" } else { "-" };
        self.paint(colour, &mark.repeat(shown.marked));
        if label.text.is_empty() {
            return;
        }
        for (number, line) in printable(&label.text).split('\n').enumerate() {
            match number {
                0 => self.drawn.push(' '),
                _ => {
                    self.bar();
                    let indent = indent + shown.marked + 1;
                    self.drawn.extend(std::iter::repeat_n(' ', indent));
                }
            }
            self.paint(colour, line);
        }
    }
}

/// A line as it is shown, and where its mark is, in columns of a terminal.
struct Shown {
    text: String,
    cut_before: bool,
    cut_after: bool,
    before_mark: usize,
    marked: usize,
}

impl Shown {
    fn new(source: &str, place: &Place) -> Self {
        let start = width(&source[..place.span.start]);
        let marked = width(&source[place.span.clone()]).max(1);
        let whole = printable(source);
        let columns = width(source);
        if columns <= WIDEST {
            return Self {
                text: whole.into_owned(),
                cut_before: false,
                cut_after: false,
                before_mark: start,
                marked,
            };
        }
        let from = start.saturating_sub(BEFORE_MARK).min(columns - WIDEST);
        let to = from + WIDEST;
        let mut text = String::new();
        let mut column = 0;
        for c in whole.chars() {
            if (from..to).contains(&column) {
                text.push(c);
            }
            column += c.width().unwrap_or(0);
        }
        let cut_before = from > 0;
        let before_mark = start - from + if cut_before { CUT.len() } else { 0 };
        Self {
            text,
            cut_before,
            cut_after: columns > to,
            before_mark,
            marked: marked.min(to.saturating_sub(start)).max(1),
        }
    }
}

/// The columns of a text as [`printable`] writes it.
fn width(text: &str) -> usize {
    printable(text)
        .chars()
        .map(|c| c.width().unwrap_or(0))
        .sum()
}

/// Writes a text so that a terminal shows all of it and obeys none of it: control characters as their
/// pictures, tabs as blanks, and what reverses the direction as a replacement character.
fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == '\n' || (!c.is_control() && !is_directional(c));
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => written.push_str("    "),
            // It would join two characters into one, of another width.
            '\u{200d}' => {}
            '\u{7f}' => written.push('\u{2421}'),
            '\0'..'\u{20}' if c != '\n' => {
                written.extend(char::from_u32(0x2400 + u32::from(c)));
            }
            _ if is_plain(c) => written.push(c),
            _ => written.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(written)
}

const fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200d}')
}

#[cfg(test)]
mod tests;
