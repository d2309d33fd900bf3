//! The arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use migrate_sqlx::{InDoubt, Runner};

use crate::output::next_command::Place;

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// The package whose migrations are meant
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Work as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// The environment of migrate.toml to use [env: MIGRATE_ENV]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// The database to use
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// How to answer
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// Say nothing but the answer, warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What the commands that a help names have to fit.
    #[arg(skip)]
    pub(crate) place: Place,
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

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
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
