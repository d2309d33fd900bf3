//! Arguments that several commands share, and errors of the command line.

use std::ffi::OsString;
use std::io::Write as _;

use clap::{Args, ValueEnum};
use migrate_sqlx::{InDoubt, Runner};

use crate::output::error::CommandError;
use crate::output::error_report::report;
use crate::output::failure::exit;
use crate::output::next_command::{Next, Selection};
use crate::output::ui::{Format, OutputArgs, Typed, Ui, choose_color};

/// Arguments of every command.
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
    /// Show what would be done and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation in a protected environment
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// How long to wait for another migrator, in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) lock_wait: Option<u64>,
}

/// Whether to resume an unfinished revision.
#[derive(Clone, Debug, Args)]
pub(crate) struct ResumeArg {
    /// Continue an unfinished revision after its last finished statement; if the outcome of the
    /// next one is unknown, `--resume=again` runs it again, `--resume=done` skips it
    #[arg(long, value_name = "STATEMENT", num_args = 0..=1, require_equals = true, default_missing_value = "known", hide_possible_values = true)]
    pub(crate) resume: Option<ResumeWord>,
}

/// What to do about a statement whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResumeWord {
    /// Continue only if the outcome is known
    #[value(hide = true)]
    Known,
    /// Run it again
    Again,
    /// Count it as done
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

/// The applied revisions to plan from.
#[derive(Clone, Debug, Args)]
pub(crate) struct FromArg {
    /// Plan from these applied revisions (comma-separated) instead of a database; `--from ""` is an
    /// empty database
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
        let error = CommandError::usage(message)
            .help("`cargo migrate --help` lists the commands and options");
        return report(&error, &ui);
    }
    let text = typed.hidden(&text.ansi().to_string());
    let _closed = write!(anstream::stderr(), "{text}");
    exit::USAGE
}
