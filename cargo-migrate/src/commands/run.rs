use std::time::Duration;

use clap::Args;
use migrate_core::{Cascade, Code, Direction, Plan, RevisionId, Target};
use migrate_sqlx::{Create, Database, Limits, Migrations, Runner};

use super::plan;
use crate::backup;
use crate::cli::{ChangeArgs, ResumeArg};
use crate::consent::ask;
use crate::context::Context;
use crate::database::Chosen;
use crate::error::{CommandError, counted};
use crate::json::PlanDocument;
use crate::lockfile;
use crate::offline::{self, SqlArgs, Wanted};
use crate::progress::Progress;
use crate::state::{State, migrations};
use crate::ui::Ui;

/// Apply what the database has not, up to the target
///
/// The target's whole ancestry is applied, dependencies included, parents first. A target that is
/// applied already is fine, and nothing is done.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Where to go: an id or the beginning of one, `head`, `heads`, `+1`, `<label>@head` …;
    /// `head` where nothing is said
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    target: Option<String>,
    #[command(flatten)]
    resume: ResumeArg,
    /// Keep all of it or nothing, in one transaction: on SQLite and PostgreSQL, and where no
    /// revision is `no-transaction`
    #[arg(long, conflicts_with = "resume")]
    atomic: bool,
    /// Keep the database's data in a file first, as `cargo migrate backup` does; so it is where
    /// migrate.toml says `backup = true`
    #[arg(long)]
    backup: bool,
    /// Leave the backup out that migrate.toml wants
    #[arg(long, conflicts_with = "backup")]
    no_backup: bool,
    /// Fail where there is nothing to do
    #[arg(long)]
    strict: bool,
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
        };
        return offline::print(&wanted, args.sql.dialect, context, ui);
    }
    let chain = context.chain(plan::demand(args.target.is_some()))?;
    let target = plan::target(args.target.as_deref(), Direction::Up)?;
    if args.target.is_none() {
        // With one head it is all heads, which an up-to-date database answers in one round trip.
        target.resolve(chain.graph(), &chain.graph().none())?;
    }
    for found in &context.survey()?.diagnostics {
        if found.code == Code::EmptyUp && !found.is_error() {
            ui.warning(&found.message);
        }
    }
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database()?;
    let wanted = chosen.env.as_ref().is_some_and(|env| env.backup);
    let backs_up = args.backup || (wanted && !args.no_backup);
    let create = match args.change.dry_run {
        true => Create::Nothing,
        false => Create::Missing,
    };
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(create).await?;
        let looks = args.change.dry_run || ui.is_json() || chosen.protected().is_some() || backs_up;
        let before = match looks {
            true => Some(
                Before::look(
                    &database,
                    &migrations,
                    &target,
                    args.resume.resume.is_some(),
                )
                .await?,
            ),
            false => None,
        };
        if let Some(before) = &before {
            if args.change.dry_run {
                return before.show(ui);
            }
            if !before.plan.steps.is_empty() {
                if !args.change.yes {
                    before.consent(&chosen, ui)?;
                }
                if backs_up {
                    let backup = backup::make(&chosen, None, context, ui).await?;
                    backup.tell(context, ui);
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
        let report =
            report.map_err(|error| CommandError::from(error).in_folder(&chain_folder(context)))?;
        plan::judge(args.strict && report.steps.is_empty(), &target)?;
        if let Some(before) = before {
            if chosen.protected().is_some() {
                before.confirm(&database, &migrations).await?;
            }
            if ui.is_json() {
                let plan = before.state.plan_of(&report);
                ui.json(&PlanDocument::new(&plan, &before.state.graph))?;
            }
        }
        if !ui.is_json() {
            tell(&database, &migrations, &report, ui).await?;
        }
        lockfile::follow(&database, &migrations, &chosen, context, ui).await
    };
    progress.block_on(work)
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
struct Before {
    state: State,
    plan: Plan,
}

impl Before {
    async fn look(
        database: &Database,
        migrations: &Migrations,
        target: &Target,
        resume: bool,
    ) -> Result<Self, CommandError> {
        let state = State::read(database, migrations).await?;
        state.judge(resume)?;
        let plan = Plan::up(&state.graph, &state.applied, target)?;
        Ok(Self { state, plan })
    }

    fn show(&self, ui: &Ui) -> Result<(), CommandError> {
        plan::show(&self.plan, &self.state.graph, &self.state.revisions, ui)
    }

    /// Asks before a protected database is changed.
    fn consent(&self, chosen: &Chosen, ui: &Ui) -> Result<(), CommandError> {
        let Some(env) = chosen.protected() else {
            return Ok(());
        };
        if !ui.is_json() {
            for line in plan::lines(&self.plan, &self.state.revisions) {
                ui.say(line);
            }
        }
        let what = format!("apply {}", counted(self.plan.steps.len(), "revision"));
        ask(env, &chosen.shown(), &what, ui)
    }

    /// Sees to it that the ledger has all that was planned.
    async fn confirm(
        &self,
        database: &Database,
        migrations: &Migrations,
    ) -> Result<(), CommandError> {
        let after = State::read(database, migrations).await?;
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
            Some(id) => Err(CommandError::failed(
                "not-applied",
                format!("the run ended well, but the ledger does not have `{id}`"),
            )
            .help("somebody has changed it meanwhile: `cargo migrate status --events` shows what was done")),
        }
    }
}

pub(super) async fn tell(
    database: &Database,
    migrations: &Migrations,
    report: &migrate_sqlx::Report,
    ui: &Ui,
) -> Result<(), CommandError> {
    if report.steps.is_empty() {
        let heads = State::read(database, migrations).await?.heads();
        match heads.is_empty() {
            true => ui.status("nothing to apply: the chain is empty"),
            false => ui.status(format_args!(
                "nothing to apply: the database is at {}",
                heads.join(", ")
            )),
        }
        return Ok(());
    }
    let duration: Duration = report.steps.iter().map(|step| step.duration).sum();
    ui.status(format_args!(
        "{} applied in {} ms",
        counted(report.steps.len(), "revision"),
        duration.as_millis()
    ));
    Ok(())
}
