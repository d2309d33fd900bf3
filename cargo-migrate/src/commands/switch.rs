use clap::Args;
use migrate_core::{Plan, Survey, Target};
use migrate_sqlx::__cli::{ChainState, Create};

use super::plan;
use super::run::{chain_folder, runner};
use crate::cli::ChangeArgs;
use crate::database::consent::refuse_protected;
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::json::{self, DownAndUp, PlanDocument};
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::drafts::Drafts;
use crate::project::git::Repository;
use crate::scratch::interrupt::block_on;

/// Switch the database to the revisions of another git branch
///
/// Revisions that the branch does not have, or has with another text, are reverted, with the text
/// in the ledger; then all of the branch's revisions are applied. The files in the checkout do not
/// matter, so it can be run before or after `git switch`. A `down` that drops a table drops its
/// rows.
#[derive(Debug, Args)]
pub(crate) struct SwitchArgs {
    /// The branch, tag or commit
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &SwitchArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let repository = Repository::require(context.root()?)?;
    let folder = repository.folder(&repository.commit(&args.reference)?)?;
    let survey = Survey::new(&folder, context.config()?);
    // Where `run` and the application refuse a chain, a database is not taken there either.
    let chain = survey.chain(|_| false).map_err(|found| {
        CommandError::diagnostics_of(&format!("the chain of `{}`", args.reference), found)
    })?;
    let drafts = Drafts::of(&survey.lock);
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    if !args.change.dry_run {
        refuse_protected(&chosen)?;
    }
    let progress = Progress::new(ui).with_ledger_texts();
    let work = async {
        let database = chosen
            .connect(match args.change.dry_run {
                true => Create::Nothing,
                false => Create::Missing,
            })
            .await?;
        let state = database.state(&migrations).await?;
        state.judge_unfinished(None)?;
        let changed = json::names(&state.changed);
        let going = [&state.unknown[..], &changed].concat();
        let indices = going.iter().filter_map(|id| state.graph.index(id));
        let down = Plan::without(&state.graph, &state.applied, indices);
        let up = Plan::including(&state.graph, &down.after(), 0..chain.revisions().len());
        let steps = up.steps.iter().map(|index| &state.revisions[*index]);
        drafts.refuse(steps, database.dialect(), &chosen, true)?;
        if !ui.is_json() {
            for plan in [&down, &up] {
                for line in plan::lines(plan, &state.revisions) {
                    match args.change.dry_run {
                        true => ui.answer(line)?,
                        false => ui.status(line),
                    }
                }
            }
        }
        if !args.change.dry_run {
            let failed = |error| CommandError::from(error).in_folder(&chain_folder(context));
            let runner = || runner(&migrations, &args.change, &chosen, &progress);
            if !going.is_empty() {
                database.undo(runner(), &going).await.map_err(failed)?;
            }
            let up = runner().target(Target::heads());
            database.run(up).await.map_err(failed)?;
            progress.end();
        }
        if ui.is_json() {
            return ui.json(&DownAndUp {
                database: Some(chosen.shown()).filter(|_| !args.change.dry_run),
                reverted: PlanDocument::of(&down, &state),
                applied: PlanDocument::new(&up, &state.graph),
                notices: (!args.change.dry_run).then(|| progress.notices()),
            });
        }
        report(args, &chosen.shown(), &state, &down, &up, ui);
        Ok(())
    };
    block_on(&progress, work)
}

fn report(args: &SwitchArgs, shown: &str, state: &ChainState<'_>, down: &Plan, up: &Plan, ui: &Ui) {
    let heads = json::ids(&state.graph, state.graph.effective_heads(&up.after()));
    let heads = match heads.is_empty() {
        true => "base".to_owned(),
        false => heads.join(", "),
    };
    let place = format!(
        "{}, as `{}` has it",
        styled(style::ID, heads),
        args.reference
    );
    match (down.steps.len() + up.steps.len(), args.change.dry_run) {
        (0, _) => ui.status(format_args!("nothing to do: {shown} is at {place}")),
        (_, true) => ui.status(format_args!("{shown} would be at {place}")),
        (_, false) => ui.status(format_args!("{shown} is at {place}")),
    }
}
