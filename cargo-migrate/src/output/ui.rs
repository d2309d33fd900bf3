//! Writes the answer to stdout and everything else to stderr.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use migrate_core::Diagnostic;
use migrate_replay::SkippedStatement;
use serde::Serialize;

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::left_out::LeftOut;
use crate::output::next_command::Next;
use crate::output::redacted::redacted;
use crate::output::style::{self, styled};

/// How the answer is written.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct OutputArgs {
    /// Output format
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
    /// When to use color
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// Print only the answer, warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The form of the answer on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    #[default]
    Human,
    /// One JSON document, also on failure
    Json,
    /// `history` or `schema` as a diagram for Markdown
    #[value(hide = true)]
    Mermaid,
    /// `schema` or `diff` as SQL
    #[value(hide = true)]
    Sql,
    /// `history` as a diagram for Graphviz
    #[value(hide = true)]
    Dot,
}

/// When to use color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The streams, and how to write on them.
#[derive(Debug)]
pub(crate) struct Ui {
    pub(crate) format: Format,
    quiet: bool,
    verbose: u8,
    typed: Typed,
    next: Next,
    left_out: Arc<LeftOut>,
}

/// A document, with what scratch databases left out.
#[derive(Serialize)]
struct WithLeftOut<'a, T> {
    #[serde(flatten)]
    document: &'a T,
    not_replayed: Vec<SkippedStatement>,
}

/// The urls on the command line. An error may repeat a word of it, wherever it stood, and no
/// password is shown.
#[derive(Clone, Default)]
pub(crate) struct Typed(Vec<(String, String)>);

impl Typed {
    /// Finds them among the words, as values of options too: `--env=…`, `-p…`.
    pub(crate) fn new(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut typed = Vec::new();
        let mut is_url = false;
        for word in words {
            let word = word.to_string_lossy();
            let value = match word.strip_prefix("--") {
                Some(option) => option.split_once('=').map_or("", |(_, value)| value),
                None if word.starts_with('-') => word.get(2..).unwrap_or_default(),
                None => &word,
            };
            if is_url || value.contains("://") {
                let scheme = value.split("://").next().unwrap_or_default();
                let shown = match scheme.contains('@') {
                    true => "…".to_owned(),
                    false => redacted(value),
                };
                // What reads it as a range goes on after its colon.
                let after = |text: &str| text.split_once(':').map(|(_, end)| end.to_owned());
                let end = after(value).unwrap_or_default();
                let shown_end = after(&shown).unwrap_or_else(|| "…".to_owned());
                typed.extend([(value.to_owned(), shown), (end, shown_end)]);
            }
            is_url = word == "--database-url";
        }
        typed.retain(|(url, shown)| url.contains(['@', '?', '#']) && url != shown);
        Self(typed)
    }

    /// Returns a text without their passwords.
    pub(crate) fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (url, shown)| {
            text.replace(url, shown)
                .replace(&url.escape_debug().to_string(), shown)
        })
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(…)")
    }
}

impl Ui {
    pub(crate) fn new(args: &OutputArgs, next: Next) -> Self {
        choose_color(args.color);
        Self {
            format: args.format,
            quiet: args.quiet,
            verbose: args.verbose,
            typed: Typed::new(std::env::args_os()),
            next,
            left_out: Arc::default(),
        }
    }

    /// The same, with what will be left out of replays.
    pub(crate) fn with(self, left_out: Arc<LeftOut>) -> Self {
        Self { left_out, ..self }
    }

    /// Names what scratch databases left out.
    pub(crate) fn not_replayed(&self) {
        for SkippedStatement { file, line, what } in self.left_out.list() {
            let label = styled(style::WARNING, "not replayed:");
            self.say(self.hidden(&format!("{label} {file}:{line} {what}")));
        }
    }

    /// Returns a text without the passwords of the command line.
    pub(crate) fn hidden(&self, text: &str) -> String {
        self.typed.hidden(text)
    }

    /// Returns a text as it is shown: its commands can be typed as they are, and no password of the
    /// command line is in it.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.hidden(&self.next.complete(text))
    }

    /// Returns a diagnostic as it is shown.
    pub(crate) fn shown_diagnostic(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.message = self.shown(&diagnostic.message);
        diagnostic.help = diagnostic.help.take().map(|help| self.shown(&help));
        let labels = diagnostic.labels.iter_mut();
        for place in labels.filter_map(|label| label.place.as_mut()) {
            let source = place.source.take();
            place.source = source.filter(|line| self.hidden(line) == *line);
        }
        diagnostic
    }

    /// Returns a command as it can be typed.
    pub(crate) fn command(&self, command: &str) -> String {
        self.hidden(&self.next.command(command))
    }

    /// Returns true if a program reads the answer.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Returns true if `-v` was given.
    pub(crate) const fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Returns true if a person can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        !self.is_json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Returns true if something that moves may be shown.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.is_json() && std::io::stderr().is_terminal()
    }

    /// Writes lines of the answer.
    pub(crate) fn answer(&self, text: impl Display) -> Result<(), CommandError> {
        let mut stdout = anstream::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes the one document of `--format json`.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<(), CommandError> {
        let not_replayed = self.left_out.list();
        let text = match not_replayed.is_empty() {
            true => serde_json::to_string_pretty(document),
            false => serde_json::to_string_pretty(&WithLeftOut {
                document,
                not_replayed,
            }),
        };
        let text = text.map_err(|error| {
            CommandError::new(Failure::Json, "the answer cannot be written as JSON").because(error)
        })?;
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes what happened; silent with `--quiet`.
    pub(crate) fn status(&self, text: impl Display) {
        if !self.quiet {
            self.say(self.next.complete(&text.to_string()));
        }
    }

    /// Writes a warning.
    pub(crate) fn warning(&self, text: impl Display) {
        let text = self.next.complete(&text.to_string());
        self.say(format_args!(
            "{} {text}",
            styled(style::WARNING, "warning:")
        ));
    }

    /// Writes what to type next.
    pub(crate) fn help(&self, text: impl Display) {
        let text = self.next.complete(&text.to_string());
        if !self.quiet {
            self.say(format_args!("{} {text}", styled(style::HELP, "help:")));
        }
    }

    /// Writes a line to stderr. Errors, such as a closed pipe, are ignored.
    pub(crate) fn say(&self, text: impl Display) {
        // In one piece: what is written in parts is torn where another stream goes to the same log,
        // and a stream that strips colours writes what is between them.
        let line = format!("{text}\n");
        let _unheard = match anstream::AutoStream::choice(&std::io::stderr()) {
            anstream::ColorChoice::Never => {
                let plain = anstream::adapter::strip_str(&line).to_string();
                std::io::stderr().write_all(plain.as_bytes())
            }
            _ => anstream::stderr().write_all(line.as_bytes()),
        };
    }

    /// Asks a question and returns the line that is typed.
    pub(crate) fn ask(&self, question: impl Display) -> Result<String, CommandError> {
        let mut stderr = anstream::stderr();
        write!(stderr, "{question} ")?;
        stderr.flush()?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

/// Draws a diagnostic in the style that stderr and stdout strip where they must.
pub(crate) fn drawn(diagnostic: &Diagnostic) -> String {
    diagnostic.render(migrate_core::Style::Colour)
}

/// Decides once whether there is colour: the option, then cargo's variable; what is left,
/// `NO_COLOR` among it, is for each stream to see.
pub(crate) fn choose_color(option: Option<Color>) {
    let variable = || match std::env::var("CARGO_TERM_COLOR").as_deref() {
        Ok("always") => Some(Color::Always),
        Ok("never") => Some(Color::Never),
        _ => None,
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let choice = match option.or_else(|| if no_color { None } else { variable() }) {
        Some(Color::Always) => anstream::ColorChoice::Always,
        Some(Color::Never) => anstream::ColorChoice::Never,
        Some(Color::Auto) | None => anstream::ColorChoice::Auto,
    };
    choice.write_global();
}
