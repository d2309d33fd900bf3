use clap::Args;
use migrate_core::{Cascade, Direction};
use migrate_sqlx::__cli::Create;

use super::{plan, run::chain_folder, run::runner};
use crate::cli::{ChangeArgs, ResumeArg};
use crate::commands::offline::{self, SqlArgs, Wanted};
use crate::database::consent::refuse_protected;
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::json::PlanDocument;
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::drafts::Drafts;
use crate::scratch::interrupt::block_on;

/// Revert the revisions after the target
///
/// The target itself stays: `base` reverts everything. Revisions that depend on a reverted one are
/// reverted as well. If a file has changed or is missing, the text in the ledger is used. A `down`
/// that drops a table drops its rows: refused in a protected environment.
#[derive(Debug, Args)]
pub(crate) struct RevertArgs {
    /// The target: an id or the beginning of one, `base`, `-2`, `<label>@base` …; by default `-1`,
    /// one step back
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    target: Option<String>,
    /// Also revert revisions of other branches if the target's label is not enough
    #[arg(long)]
    cascade: bool,
    #[command(flatten)]
    resume: ResumeArg,
    /// Revert all or nothing, in one transaction: on SQLite and PostgreSQL, if no revision is
    /// `no-transaction`
    #[arg(long, conflicts_with = "resume")]
    atomic: bool,
    /// Fail if there is nothing to do
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    sql: SqlArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &RevertArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let cascade = match args.cascade {
        true => Cascade::Allow,
        false => Cascade::Refuse,
    };
    if args.sql.sql {
        let wanted = Wanted {
            target: args.target.as_deref(),
            direction: Direction::Down,
            cascade,
            strict: args.strict,
            allow_drafts: false,
        };
        return offline::print(&wanted, args.sql.dialect, context, ui);
    }
    let chain = context.chain(Require::AnyEnds)?;
    let target = plan::target(args.target.as_deref(), Direction::Down)?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let is_protected = chosen.protected().is_some();
        let before = match args.change.dry_run || ui.is_json() || is_protected {
            true => Some(database.state(&migrations).await?),
            false => None,
        };
        if let Some(state) = before
            .as_ref()
            .filter(|_| is_protected && !args.change.dry_run)
        {
            // Where nothing would be reverted, that is the answer.
            match state.plan_down(&target, cascade, args.resume.resume.is_some()) {
                Ok(plan) if plan.steps.is_empty() => {}
                Err(migrate_sqlx::Error::Target(error)) => return Err(error.into()),
                _ => refuse_protected(&chosen)?,
            }
        }
        if let Some(state) = before.as_ref().filter(|_| args.change.dry_run) {
            let resume = args.resume.resume.is_some();
            let plan = plan::plan(state, Direction::Down, &target, cascade, resume)?;
            return plan::show_from(state, &plan, &Drafts::default(), ui);
        }
        let runner = runner(&migrations, &args.change, &chosen, &progress)
            .atomic(args.atomic)
            .target(target.clone())
            .cascade(cascade);
        let report = database.revert(args.resume.apply(runner)).await;
        progress.end();
        let report =
            report.map_err(|error| CommandError::from(error).in_folder(&chain_folder(context)))?;
        plan::judge(args.strict && report.steps.is_empty(), &target)?;
        match before.filter(|_| ui.is_json()) {
            Some(state) => {
                let document = PlanDocument::done(&report, &state);
                let document = document.notices(progress.notices());
                ui.json(&document.in_database(chosen.shown()))
            }
            None => {
                let shown = chosen.shown();
                match report.steps.len() {
                    0 => ui.status(format_args!("nothing to revert in {shown}")),
                    count => {
                        let count = counted(count, "revision");
                        ui.status(format_args!("{count} reverted in {shown}"));
                    }
                }
                Ok(())
            }
        }
    };
    block_on(&progress, work)
}
