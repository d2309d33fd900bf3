use std::time::Duration;

use clap::Args;
use migrate_core::{Cascade, Direction, Plan, RevisionId, Target};
use migrate_sqlx::__cli::{ChainState, Create, Database};
use migrate_sqlx::{Limits, Migrations, Report, Runner};

use super::plan;
use crate::backup;
use crate::cli::{ChangeArgs, ResumeArg};
use crate::commands::offline::{self, SqlArgs, Wanted};
use crate::database::consent::{ask, refused};
use crate::database::migrations;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::{self, PlanDocument};
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::drafts::Drafts;
use crate::schemas::schema_lock;
use crate::scratch::interrupt::block_on;

/// Apply the pending revisions, up to the target
///
/// All ancestors of the target are applied, including dependencies, parents first. If the target is
/// applied already, nothing is done.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The target: an id or the beginning of one, `head`, `heads`, `+1`, `<label>@head` …; by
    /// default `head`
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    target: Option<String>,
    #[command(flatten)]
    resume: ResumeArg,
    /// Apply all or nothing, in one transaction: on SQLite and PostgreSQL, if no revision is
    /// `no-transaction`
    #[arg(long, conflicts_with = "resume")]
    atomic: bool,
    /// Back up the database's data first, as `cargo migrate backup` does; the default if
    /// migrate.toml has `backup = true`
    #[arg(long)]
    backup: bool,
    /// Skip the backup that migrate.toml asks for
    #[arg(long, conflicts_with = "backup")]
    no_backup: bool,
    /// Fail if there is nothing to do
    #[arg(long)]
    strict: bool,
    /// Also apply drafts to a protected environment, although their text may still change
    #[arg(long)]
    allow_drafts: bool,
    #[command(flatten)]
    sql: SqlArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &RunArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    if args.sql.sql {
        let wanted = Wanted {
            target: args.target.as_deref(),
            direction: Direction::Up,
            cascade: Cascade::Refuse,
            strict: args.strict,
            allow_drafts: args.allow_drafts,
        };
        return offline::print(&wanted, args.sql.dialect, context, ui);
    }
    let chain = context.chain(plan::require(args.target.is_some()))?;
    let target = plan::target(args.target.as_deref(), Direction::Up)?;
    if args.target.is_none() {
        // With one head it is all heads, which an up-to-date database answers in one round trip.
        target.resolve(chain.graph(), &chain.graph().none())?;
    }
    let drafts = Drafts::of(&context.survey()?.lock);
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    let wanted = chosen.env.as_ref().is_some_and(|env| env.backup);
    let backs_up = args.backup || (wanted && !args.no_backup);
    let create = match args.change.dry_run {
        true => Create::Nothing,
        false => Create::Missing,
    };
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(create).await?;
        let looks = args.change.dry_run
            || ui.is_json()
            || chosen.protected().is_some()
            || backs_up
            || drafts.has_empty(chain.revisions(), database.dialect());
        let before = match looks {
            true => Some(
                Before::look(
                    &database,
                    &chosen,
                    &migrations,
                    &target,
                    args.resume.resume.is_some(),
                )
                .await?,
            ),
            false => None,
        };
        if let Some(before) = &before {
            let steps = before.plan.steps.iter();
            let steps = steps.map(|index| &before.state.revisions[*index]);
            drafts.refuse(steps, database.dialect(), &chosen, args.allow_drafts)?;
            let shown = Drafts::of_plan(context, &chosen, Direction::Up)?;
            if args.change.dry_run {
                return plan::show_from(&before.state, &before.plan, &shown, ui);
            }
            if !before.plan.steps.is_empty() || !before.state.edited.is_empty() {
                if !args.change.yes {
                    before.consent(&chosen, &shown, ui)?;
                }
                if backs_up && !before.plan.steps.is_empty() {
                    let backup = backup::make(&chosen, None, context, ui).await?;
                    backup.report(context, ui);
                }
            }
        }
        let runner = runner(&migrations, &args.change, &chosen, &progress).atomic(args.atomic);
        let runner = args.resume.apply(runner);
        let runner = match args.target.is_some() {
            true => runner.target(target.clone()),
            false => runner,
        };
        let report = database.run(runner).await;
        progress.end();
        let report = match report {
            Ok(report) => report,
            Err(error @ migrate_sqlx::Error::Changed { .. }) => {
                let state = database.state(&migrations).await?;
                return Err(refused(&state, error, &chosen));
            }
            Err(error) => return Err(CommandError::from(error).in_folder(&chain_folder(context))),
        };
        plan::judge(args.strict && report.steps.is_empty(), &target)?;
        if let Some(before) = before {
            if chosen.protected().is_some() {
                before.confirm(&database, &migrations).await?;
            }
            if ui.is_json() {
                let document = PlanDocument::done(&report, &before.state);
                let document = document.notices(progress.notices());
                ui.json(&document.in_database(chosen.shown()))?;
            }
        }
        if !ui.is_json() {
            print_report(&chosen, &report, ui);
        }
        schema_lock::follow(&report.current, &migrations, &chosen, context, ui).await
    };
    block_on(&progress, work)
}

/// The folder of the revision files as messages name it.
pub(crate) fn chain_folder(context: &Context) -> String {
    context
        .folder()
        .map(|folder| folder.shown.clone())
        .unwrap_or_default()
}

/// A runner with the options that every change has.
pub(super) fn runner<'a>(
    migrations: &'a Migrations,
    change: &ChangeArgs,
    chosen: &Chosen,
    progress: &'a Progress<'_>,
) -> Runner<'a> {
    let env = chosen.env.as_ref();
    let runner = migrations
        .runner()
        .limits(env.map_or(Limits::NONE, |env| env.limits))
        .session(chosen.session.clone())
        .on_event(|event| progress.event(event))
        .stop_when(progress.interrupted());
    let runner = match env.and_then(|env| env.lock_retries) {
        Some(retries) => runner.lock_retries(retries),
        None => runner,
    };
    match change.lock_wait {
        Some(seconds) => runner.lock_wait(Duration::from_secs(seconds)),
        None => runner,
    }
}

/// Where the database is before anything is done to it, and what will be.
struct Before<'a> {
    state: ChainState<'a>,
    plan: Plan,
}

impl<'a> Before<'a> {
    async fn look(
        database: &Database,
        chosen: &Chosen,
        migrations: &'a Migrations,
        target: &Target,
        resume: bool,
    ) -> Result<Self, CommandError> {
        let state = database.state(migrations).await?;
        let plan = state.plan_up(target, resume);
        let plan = plan.map_err(|error| refused(&state, error, chosen))?;
        Ok(Self { state, plan })
    }

    /// Asks before a protected database is changed.
    fn consent(&self, chosen: &Chosen, drafts: &Drafts, ui: &Ui) -> Result<(), CommandError> {
        let Some(env) = chosen.protected() else {
            return Ok(());
        };
        if !ui.is_json() {
            plan::show_texts(&self.state, &self.plan, ui);
            for line in plan::lines_from(&self.state, &self.plan, drafts) {
                ui.say(line);
            }
        }
        let count = drafts.among(&self.state, &self.plan).len();
        let drafts = match count {
            0 => String::new(),
            count => format!(" ({} among them)", counted(count, "draft")),
        };
        let edited = self.state.edited.len();
        let texts = || format!("record {} in the ledger", counted(edited, "edited text"));
        let what = match (self.plan.steps.len(), edited) {
            (0, _) => texts(),
            (count, 0) => format!("apply {}{drafts}", counted(count, "revision")),
            (count, _) => format!(
                "{}, and apply {}{drafts}",
                texts(),
                counted(count, "revision")
            ),
        };
        ask(env, &chosen.shown(), &what, ui)
    }

    /// Sees to it that the ledger has all that was planned.
    async fn confirm(
        &self,
        database: &Database,
        migrations: &Migrations,
    ) -> Result<(), CommandError> {
        let after = database.state(migrations).await?;
        after.judge(false)?;
        let is_applied = |id: &RevisionId| {
            let index = after.graph.index(id.as_str());
            index.is_some_and(|index| after.applied.contains(index))
        };
        let planned = self
            .plan
            .steps
            .iter()
            .map(|index| self.state.graph.id(*index));
        match planned.into_iter().find(|id| !is_applied(id)) {
            None => Ok(()),
            Some(id) => Err(CommandError::new(
                Failure::NotApplied,
                format!("the run succeeded, but the ledger does not have `{id}`"),
            )
            .help("it was changed in the meantime: `cargo migrate status --events` shows what was done")),
        }
    }
}

pub(super) fn print_report(chosen: &Chosen, report: &Report, ui: &Ui) {
    if report.steps.is_empty() {
        match report.current.is_empty() {
            true => ui.status("nothing to apply: the chain is empty"),
            false => ui.status(format_args!(
                "nothing to apply: {} is at {}",
                chosen.shown(),
                json::names(&report.current).join(", ")
            )),
        }
        return;
    }
    let duration: Duration = report.steps.iter().map(|step| step.duration).sum();
    ui.status(format_args!(
        "{} applied to {} in {} ms",
        counted(report.steps.len(), "revision"),
        chosen.shown(),
        duration.as_millis()
    ));
}
