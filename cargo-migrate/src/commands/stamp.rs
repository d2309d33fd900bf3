mod detect;

use clap::Args;
use migrate_core::{Dialect, Set, SoundGraph, Stamp, Target};
use migrate_sqlx::__cli::{ChainState, Create};
use migrate_sqlx::StampMode;

use super::plan::applied_of;
use super::run::runner;
use crate::cli::{ChangeArgs, FromArg};
use crate::database::consent::ask;
use crate::database::migrations;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::json::{self, Stamped};
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::drafts::Drafts;
use crate::scratch::interrupt::block_on;

const EXAMPLE: &str = "\
`stamp b` on a database where `c` is applied records `a` and `b` and forgets `c`:
  a - b - c    ->    a - b";

/// Record revisions as applied without running anything
///
/// Each target becomes the state of its own lineage: the target and its ancestors are recorded, all
/// that follows it or depends on it is forgotten, other branches stay. The database's tables are
/// not read, except with `--detect`, which finds the database's revision by them.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct StampArgs {
    /// The revisions that the database is at: ids or beginnings of them, `head`, `heads`, `base`
    #[arg(value_name = "TARGET", required_unless_present = "detect")]
    targets: Vec<String>,
    /// Find the revision whose schema this database has, and record that
    ///
    /// The chain is applied to a scratch database, once, and its schema after each revision is
    /// compared with the database's; the ledger is not needed. If none matches, the nearest is
    /// shown with its differences, and nothing is recorded. If several have the same schema, one
    /// has to be named: `--yes` takes the last of them. With a target, only that is compared.
    #[arg(long, conflicts_with = "from")]
    detect: bool,
    /// First forget everything in the ledger
    #[arg(long)]
    purge: bool,
    /// Also record drafts in a protected environment, although their text may still change
    #[arg(long)]
    allow_drafts: bool,
    #[command(flatten)]
    from: FromArg,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &StampArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let targets: Vec<Target> = args
        .targets
        .iter()
        .map(|target| target.parse())
        .collect::<Result<_, _>>()?;
    if args.detect {
        return detect::run(args, &targets, context, ui);
    }
    if let Some(from) = &args.from.from {
        if !args.change.dry_run {
            return Err(
                CommandError::usage("`--from` only shows what a stamp would do")
                    .help("add `--dry-run`, or leave `--from` out to stamp the database"),
            );
        }
        let chain = context.chain(Require::Graph)?;
        let graph = chain.graph();
        let applied = applied_of(graph, from)?;
        return show(args, graph, &applied, &targets, ui);
    }
    let chain = context.chain(Require::AnyEnds)?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    let progress = Progress::new(ui);
    let work = async {
        let create = match args.change.dry_run {
            true => Create::Nothing,
            false => Create::Missing,
        };
        let database = chosen.connect(create).await?;
        let state = database.state(&migrations).await;
        if args.change.dry_run {
            let state = state?;
            if !args.purge {
                state.judge(false)?;
            }
            drafts(args, context, &state, &targets, &chosen, database.dialect())?;
            return show(args, &state.graph, &state.applied, &targets, ui);
        }
        if let Ok(state) = &state {
            drafts(args, context, state, &targets, &chosen, database.dialect())?;
        }
        if let Some(env) = chosen.protected().filter(|_| !args.change.yes) {
            let what = format!("stamp `{}`", args.targets.join("`, `"));
            ask(env, &chosen.shown(), &what, ui)?;
        }
        let runner = runner(&migrations, &args.change, &chosen, &progress);
        let stamp = database.stamp(runner, &targets, mode(args.purge)).await?;
        // A ledger that cannot be read is what `--purge` is for.
        let before = state.ok();
        let from = before.as_ref().map(json::heads).unwrap_or_default();
        let after = database.state(&migrations).await?;
        if ui.is_json() {
            return ui.json(&Stamped {
                database: Some(chosen.shown()),
                from,
                to: json::heads(&after),
            });
        }
        let forgotten = match before.filter(|_| args.purge) {
            Some(before) => before.status().applied.len(),
            None => stamp.forgotten.len(),
        };
        report(
            &chosen.shown(),
            &json::heads(&after),
            stamp.recorded.len(),
            forgotten,
            ui,
        );
        Ok(())
    };
    block_on(&progress, work)
}

/// Refuses drafts that would be recorded and must not be.
fn drafts(
    args: &StampArgs,
    context: &Context,
    state: &ChainState<'_>,
    targets: &[Target],
    chosen: &Chosen,
    dialect: Dialect,
) -> Result<(), CommandError> {
    let nothing = state.graph.none();
    let base = if args.purge { &nothing } else { &state.applied };
    let stamp = Stamp::new(&state.graph, base, targets)?;
    let new = stamp
        .recorded
        .iter()
        .filter(|at| !state.applied.contains(**at));
    let new = new.map(|index| &state.revisions[*index]);
    let drafts = Drafts::of(&context.survey()?.lock);
    drafts.refuse(new, dialect, chosen, args.allow_drafts)
}

/// Answers with what a stamp would do.
fn show(
    args: &StampArgs,
    graph: &SoundGraph,
    applied: &Set,
    targets: &[Target],
    ui: &Ui,
) -> Result<(), CommandError> {
    let nothing = graph.none();
    let base = if args.purge { &nothing } else { applied };
    let stamp = Stamp::new(graph, base, targets)?;
    if ui.is_json() {
        return ui.json(&Stamped {
            database: None,
            from: json::ids(graph, graph.effective_heads(applied)),
            to: json::ids(graph, graph.effective_heads(&stamp.after)),
        });
    }
    if args.purge {
        ui.answer("forget everything")?;
    }
    for index in &stamp.forgotten {
        ui.answer(format_args!(
            "forget {}",
            styled(style::ID, graph.id(*index))
        ))?;
    }
    for index in &stamp.recorded {
        ui.answer(format_args!(
            "record {}",
            styled(style::ID, graph.id(*index))
        ))?;
    }
    if stamp.recorded.len() + stamp.forgotten.len() == 0 {
        ui.status("there is nothing to do");
    }
    Ok(())
}

fn report(shown: &str, heads: &[String], recorded: usize, forgotten: usize, ui: &Ui) {
    let place = match heads.is_empty() {
        true => "base".to_owned(),
        false => heads.join(", "),
    };
    ui.status(format_args!(
        "{} {place}: {} recorded, {forgotten} forgotten in {shown}",
        styled(style::GOOD, "stamped"),
        counted(recorded, "revision"),
    ));
}

/// How to stamp, with or without `--purge`.
const fn mode(purge: bool) -> StampMode {
    match purge {
        true => StampMode::Replace,
        false => StampMode::Update,
    }
}
