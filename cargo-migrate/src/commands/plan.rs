use clap::Args;
use migrate_core::{Cascade, Dialect, Direction, Graph, Plan, Revision, Set, Target, TargetError};
use migrate_sqlx::__cli::{ChainState, Create};

use crate::cli::FromArg;
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::json::PlanDocument;
use crate::output::phrase::counted;
use crate::output::progress::with_message;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::drafts::Drafts;
use crate::scratch::interrupt::wait;

/// Show what `run` would do, or `revert` with `--down`
///
/// Nothing is changed. `--from` needs no database.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The target: an id, `head`, `heads`, `base`, `+1`, `-1`, `<label>@head` …; by default `head`,
    /// or `-1` with `--down`
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    target: Option<String>,
    /// Plan a revert
    #[arg(long)]
    down: bool,
    /// Also revert revisions of other branches if necessary
    #[arg(long, requires = "down")]
    cascade: bool,
    /// Fail if there is nothing to do
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    from: FromArg,
}

pub(crate) fn run(args: &PlanArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let direction = match args.down {
        true => Direction::Down,
        false => Direction::Up,
    };
    let cascade = match args.cascade {
        true => Cascade::Allow,
        false => Cascade::Refuse,
    };
    let target = target(args.target.as_deref(), direction)?;
    if let Some(from) = &args.from.from {
        let chain = context.chain(Require::Graph)?;
        let graph = chain.graph();
        let applied = applied_of(graph, from)?;
        let plan = match direction {
            Direction::Up => Plan::up(graph, &applied, &target)?,
            Direction::Down => Plan::down(graph, &applied, &target, cascade)?,
        };
        judge(args.strict && plan.steps.is_empty(), &target)?;
        let dialects = context.config()?.dialects;
        let mut shown: Vec<String> = Vec::new();
        for dialect in dialects.iter() {
            shown.extend(marks_of(&plan, chain.revisions(), dialect));
        }
        shown.sort();
        shown.dedup();
        shown.iter().for_each(|mark| ui.warning(mark));
        return show(&plan, graph, chain.revisions(), ui);
    }
    let chain = context.chain(require(args.target.is_some() || args.down))?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database()?;
    let state = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        Ok(database.state(&migrations).await?)
    })?;
    let plan = plan(&state, direction, &target, cascade, false)?;
    judge(args.strict && plan.steps.is_empty(), &target)?;
    let drafts = Drafts::of_plan(context, &chosen, direction)?;
    show_from(&state, &plan, &drafts, ui)?;
    drafts.warn(&state, &plan, ui);
    Ok(())
}

/// Refuses a target that leaves nothing to do, where that is not fine.
pub(crate) fn judge(refused: bool, target: &Target) -> Result<(), CommandError> {
    match refused {
        true => Err(TargetError::AlreadyApplied {
            given: target.to_string(),
        }
        .into()),
        false => Ok(()),
    }
}

/// Where a target is named, several heads are for it to refuse.
pub(crate) const fn require(explicit: bool) -> Require {
    match explicit {
        true => Require::AnyEnds,
        false => Require::OneEnd,
    }
}

/// Reads a target, or takes what is meant where there is none.
pub(crate) fn target(given: Option<&str>, direction: Direction) -> Result<Target, CommandError> {
    let usual = match direction {
        Direction::Up => "head",
        Direction::Down => "-1",
    };
    Ok(given.unwrap_or(usual).parse()?)
}

/// Answers with a plan.
pub(super) fn show(
    plan: &Plan,
    graph: &Graph,
    revisions: &[Revision],
    ui: &Ui,
) -> Result<(), CommandError> {
    if ui.is_json() {
        return ui.json(&PlanDocument::new(plan, graph));
    }
    for line in lines(plan, revisions) {
        ui.answer(line)?;
    }
    conclude(plan, ui);
    Ok(())
}

/// Says how much a plan does.
fn conclude(plan: &Plan, ui: &Ui) {
    let verb = match plan.direction {
        Direction::Up => "apply",
        Direction::Down => "revert",
    };
    match plan.steps.len() {
        0 => ui.status("there is nothing to do"),
        count => ui.status(format_args!("{} to {verb}", counted(count, "revision"))),
    }
}

/// Writes a plan, one line a step.
pub(super) fn lines(plan: &Plan, revisions: &[Revision]) -> Vec<String> {
    let verb = match plan.direction {
        Direction::Up => styled(style::GOOD, "apply"),
        Direction::Down => styled(style::WARNING, "revert"),
    };
    let line = |index: &usize| {
        let revision = &revisions[*index];
        let id = styled(style::ID, &revision.id);
        with_message(&format!("{verb} {id}"), &revision.message)
            .trim_end()
            .to_owned()
    };
    plan.steps.iter().map(line).collect()
}

/// Plans from where the database is, and refuses what the work itself would refuse.
pub(super) fn plan(
    state: &ChainState<'_>,
    direction: Direction,
    target: &Target,
    cascade: Cascade,
    resume: bool,
) -> Result<Plan, CommandError> {
    Ok(match direction {
        Direction::Up => state.plan_up(target, resume)?,
        Direction::Down => state.plan_down(target, cascade, resume)?,
    })
}

/// Answers with a plan from where the database is.
pub(super) fn show_from(
    state: &ChainState<'_>,
    plan: &Plan,
    drafts: &Drafts,
    ui: &Ui,
) -> Result<(), CommandError> {
    if ui.is_json() {
        let drafts = drafts.among(state, plan);
        return ui.json(&PlanDocument::of(plan, state).with_drafts(drafts));
    }
    show_texts(state, plan, ui);
    for line in lines_from(state, plan, drafts) {
        ui.answer(line)?;
    }
    conclude(plan, ui);
    Ok(())
}

/// Writes a plan, one line a step, and marks the steps that are drafts.
pub(super) fn lines_from(state: &ChainState<'_>, plan: &Plan, drafts: &Drafts) -> Vec<String> {
    let lines = lines(plan, &state.revisions).into_iter().zip(&plan.steps);
    lines
        .map(|(line, index)| match drafts.has(state.graph.id(*index)) {
            true => format!("{line} {}", styled(style::WARNING, "(draft)")),
            false => line,
        })
        .collect()
}

/// Shows which texts a plan would use that are not what was applied, or not in a file.
pub(super) fn show_texts(state: &ChainState<'_>, plan: &Plan, ui: &Ui) {
    for id in state.kept_texts(plan) {
        ui.warning(format_args!(
            "the file of `{id}` has changed or is missing: its text in the ledger would be used"
        ));
    }
    for id in state.recorded_edits(plan) {
        if let Some(edit) = state.edit(id.as_str()) {
            ui.status(format_args!(
                "`{id}`: {edit} was edited after it was applied; the file's text would be used, and recorded in the ledger"
            ));
        }
    }
    for mark in marks_of(plan, &state.revisions, state.dialect()) {
        ui.warning(mark);
    }
}

/// Returns the marks of a plan's revisions.
fn marks_of(plan: &Plan, revisions: &[Revision], dialect: Dialect) -> Vec<String> {
    let steps = plan.steps.iter().map(|index| &revisions[*index]);
    let marks = steps.flat_map(|revision| {
        let marks = marks(revision, plan.direction, dialect).into_iter();
        marks.map(|mark| format!("`{}`: {mark}", revision.id))
    });
    marks.collect()
}

/// Returns what `new --auto` has marked in a section: what is lost, and what to review, such as a
/// value that it made up; each with the first line of its statement.
fn marks(revision: &Revision, direction: Direction, dialect: Dialect) -> Vec<String> {
    let mut marks = Vec::new();
    for statement in revision.statements(direction, dialect) {
        let range = statement.range();
        let before = revision.text[..range.start].trim_end().lines().rev();
        let comments = before.map_while(|line| line.strip_prefix("-- "));
        let of_it = comments.map_while(|comment| {
            let (word, what) = comment.split_once(": ")?;
            match word {
                "destructive" => Some(format!("loses {what}")),
                "review" => Some(what.to_owned()),
                _ => None,
            }
        });
        let sql = revision.text[range.clone()]
            .lines()
            .next()
            .unwrap_or_default();
        let mut of_it: Vec<String> = of_it.map(|what| format!("{what}: {sql}")).collect();
        of_it.reverse();
        marks.append(&mut of_it);
    }
    marks
}

/// Returns the applied set of `--from a,b`: these revisions and all they imply.
pub(crate) fn applied_of(graph: &Graph, from: &str) -> Result<Set, TargetError> {
    let none = graph.none();
    let mut indices = Vec::new();
    for word in from
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        indices.extend(word.parse::<Target>()?.resolve(graph, &none)?);
    }
    Ok(graph.ancestors(indices))
}
