//! `run --sql` and `revert --sql`: a script instead of a run.

use clap::Args;
use migrate_core::{Cascade, Dialect, Direction, Plan};
use migrate_sqlx::__cli::{Create, Script};
use serde::Serialize;

use crate::commands::plan;
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::drafts::Drafts;
use crate::scratch::interrupt::wait;

/// Whether to print instead of run, and for which database.
#[derive(Clone, Debug, Args)]
pub(crate) struct SqlArgs {
    /// Print a script for the database's own client instead of running anything; the target may
    /// then be a range, such as `a:b`, which needs no database
    #[arg(long, conflicts_with_all = ["dry_run", "resume", "lock_wait", "atomic"])]
    pub(crate) sql: bool,
    /// The dialect of the script, if no URL determines it: sqlite, postgres or mysql
    #[arg(long, value_name = "DIALECT", requires = "sql")]
    pub(crate) dialect: Option<Dialect>,
}

/// The target of a script.
pub(crate) struct Wanted<'a> {
    pub(crate) target: Option<&'a str>,
    pub(crate) direction: Direction,
    pub(crate) cascade: Cascade,
    pub(crate) strict: bool,
    pub(crate) allow_drafts: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    direction: &'a str,
    from: &'a [String],
    steps: &'a [String],
    to: &'a [String],
    sql: &'a str,
}

/// Prints the script of a run to a target, or through a range.
pub(crate) fn print(
    wanted: &Wanted<'_>,
    dialect: Option<Dialect>,
    context: &Context,
    ui: &Ui,
) -> Result<(), CommandError> {
    let range = wanted.target.and_then(|target| target.split_once(':'));
    let script = match range {
        Some((from, to)) => through(wanted, from, to, dialect, context)?,
        None => from_here(wanted, dialect, context)?,
    };
    if wanted.direction == Direction::Up
        && let Ok(chosen) = context.database()
    {
        let survey = context.survey()?;
        let revision = |id: &String| Some(&survey.revisions[survey.graph.index(id)?]);
        let steps = script.steps.iter().filter_map(revision);
        let drafts = Drafts::of(&survey.lock);
        drafts.refuse(steps, of(dialect, context)?, &chosen, wanted.allow_drafts)?;
    }
    let to = range.map_or(wanted.target, |(_, to)| {
        Some(to).filter(|to| !to.is_empty())
    });
    let target = plan::target(to, wanted.direction)?;
    plan::judge(wanted.strict && script.steps.is_empty(), &target)?;
    if ui.is_json() {
        return ui.json(&Document {
            direction: wanted.direction.as_str(),
            from: &script.from,
            steps: &script.steps,
            to: &script.to,
            sql: &script.sql,
        });
    }
    ui.answer(script.sql.trim_end())
}

/// The script that begins where the database is.
fn from_here(
    wanted: &Wanted<'_>,
    dialect: Option<Dialect>,
    context: &Context,
) -> Result<Script, CommandError> {
    let chain = context.chain(match wanted.direction {
        Direction::Up => plan::require(wanted.target.is_some()),
        Direction::Down => Require::AnyEnds,
    })?;
    let target = plan::target(wanted.target, wanted.direction)?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database()?;
    if let (Some(asked), Some(is)) = (dialect, Dialect::from_url(chosen.url()))
        && asked != is
    {
        return Err(CommandError::usage(format!(
            "the script begins where the database is, and `{}` is not {}",
            chosen.shown(),
            asked.name()
        ))
        .help("name a range, which needs no database: `base:head`"));
    }
    wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        let runner = migrations.runner().session(chosen.session.clone());
        let runner = runner.target(target).cascade(wanted.cascade);
        Ok(database.script(runner, wanted.direction).await?)
    })
}

/// The script of a range; a revert is written from the newer end to the older.
fn through(
    wanted: &Wanted<'_>,
    from: &str,
    to: &str,
    dialect: Option<Dialect>,
    context: &Context,
) -> Result<Script, CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let graph = chain.graph();
    let from = match (from, wanted.direction) {
        ("", Direction::Down) => "heads",
        (from, _) => from,
    };
    let to = match (to, wanted.direction) {
        ("", Direction::Down) => "base",
        ("", Direction::Up) => "head",
        (to, _) => to,
    };
    let applied = plan::applied_of(graph, from)?;
    let target = to.parse()?;
    let plan = match wanted.direction {
        Direction::Up => Plan::up(graph, &applied, &target)?,
        Direction::Down => Plan::down(graph, &applied, &target, wanted.cascade)?,
    };
    let migrations = migrations(&chain, context.config()?);
    Ok(migrations.script(of(dialect, context)?, &plan)?)
}

/// The dialect that is meant: the one that is named, the url's, or the only one of migrate.toml.
fn of(dialect: Option<Dialect>, context: &Context) -> Result<Dialect, CommandError> {
    if let Some(dialect) = dialect {
        return Ok(dialect);
    }
    let chosen = match context.database() {
        Ok(chosen) => Dialect::from_url(chosen.url()),
        Err(error) if error.is(Failure::NoDatabase) || error.is(Failure::UnsetVariable) => None,
        Err(error) => return Err(error),
    };
    let configured: Vec<Dialect> = context.config()?.dialects.iter().collect();
    match (chosen, &configured[..]) {
        (Some(dialect), _) => Ok(dialect),
        (None, [dialect]) => Ok(*dialect),
        _ => Err(
            CommandError::usage("the dialect of the script is not specified")
                .help("add `--dialect sqlite`, `--dialect postgres` or `--dialect mysql`"),
        ),
    }
}
