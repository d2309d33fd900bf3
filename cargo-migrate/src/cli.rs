//! The arguments that several commands share, and what is said of a command line that is wrong.

use std::ffi::OsString;
use std::io::Write as _;

use clap::{Args, ValueEnum};
use migrate_sqlx::{InDoubt, Runner};

use crate::output::error::CommandError;
use crate::output::error_report::report;
use crate::output::failure::exit;
use crate::output::next_command::{Next, Selection};
use crate::output::ui::{Format, OutputArgs, Typed, Ui, choose_color};

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GlobalArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// How to change a database.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Show what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask where the environment is protected
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// How long to wait while another migrator is at work, in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) lock_wait: Option<u64>,
}

/// Whether to go on with what is half done.
#[derive(Clone, Debug, Args)]
pub(crate) struct ResumeArg {
    /// Go on with a half-done revision after its last finished statement; where nobody knows
    /// whether the next one was finished, `--resume=again` runs it, `--resume=done` passes over it
    #[arg(long, value_name = "STATEMENT", num_args = 0..=1, require_equals = true, default_missing_value = "known", hide_possible_values = true)]
    pub(crate) resume: Option<ResumeWord>,
}

/// What to do about a statement in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResumeWord {
    /// Go on only where it is known
    #[value(hide = true)]
    Known,
    /// Run it again
    Again,
    /// Take it for done
    Done,
}

impl ResumeArg {
    /// Sets a run to it.
    pub(crate) fn apply<'a>(&self, runner: Runner<'a>) -> Runner<'a> {
        let in_doubt = match self.resume {
            None => return runner,
            Some(ResumeWord::Known) => InDoubt::Refuse,
            Some(ResumeWord::Again) => InDoubt::Again,
            Some(ResumeWord::Done) => InDoubt::Done,
        };
        runner.resume(true).in_doubt(in_doubt)
    }
}

/// Where to pretend the database is.
#[derive(Clone, Debug, Args)]
pub(crate) struct FromArg {
    /// Plan from these applied revisions instead of a database, with commas between several;
    /// `--from ""` is an empty database
    #[arg(long, value_name = "REVISIONS")]
    pub(crate) from: Option<String>,
}

/// Shows help, the version or what is wrong with the command line; returns the exit code.
pub(crate) fn usage(args: &[OsString], error: &clap::Error) -> u8 {
    let words: Vec<_> = args.iter().map(|word| word.to_string_lossy()).collect();
    let given = |option: &str| {
        words.iter().enumerate().find_map(|(at, word)| {
            let rest = word.strip_prefix(option)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if rest.is_empty() => words.get(at + 1).map(ToString::to_string),
                None => None,
            }
        })
    };
    let color = given("--color").and_then(|word| clap::ValueEnum::from_str(&word, true).ok());
    choose_color(color);
    let typed = Typed::new(args.iter().cloned());
    let text = error.render();
    if !error.use_stderr() {
        let _closed = write!(anstream::stdout(), "{}", text.ansi());
        return 0;
    }
    if given("--format").as_deref() == Some("json") {
        let rendered = text.to_string();
        let message = rendered.lines().next().unwrap_or_default();
        let output = OutputArgs {
            format: Format::Json,
            ..OutputArgs::default()
        };
        let ui = Ui::new(&output, Next::new(&Selection::default()));
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let error = CommandError::usage(message).help("`cargo migrate --help` shows what there is");
        return report(&error, &ui);
    }
    let text = typed.hidden(&text.ansi().to_string());
    let _closed = write!(anstream::stderr(), "{text}");
    exit::USAGE
}
