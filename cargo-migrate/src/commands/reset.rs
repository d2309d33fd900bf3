use clap::Args;
use migrate_core::{Direction, Target};
use migrate_sqlx::__cli::Create;

use super::plan;
use super::run::{chain_folder, print_report, runner};
use crate::cli::ChangeArgs;
use crate::database::consent::{confirm, refuse_protected};
use crate::database::migrations;
use crate::database::recreate::recreate;
use crate::database::server::OtherSessions;
use crate::output::error::CommandError;
use crate::output::json::PlanDocument;
use crate::output::progress::Progress;
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::drafts::Drafts;
use crate::schemas::named::dialect;
use crate::scratch::interrupt::block_on;

/// Drop the database, recreate it, and apply all revisions
///
/// Everything in it is lost, whoever created it. Refused in a protected environment. The server's
/// user needs the privilege to create databases; privileges granted on the old one are lost.
#[derive(Debug, Args)]
pub(crate) struct ResetArgs {
    /// Terminate other sessions that use it: PostgreSQL refuses to drop a database in use
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &ResetArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let chain = context.chain(plan::require(false))?;
    let migrations = migrations(&chain, context.config()?);
    let chosen = context.database_to_write(ui)?;
    refuse_protected(&chosen)?;
    // Before anything is lost.
    let drafts = Drafts::of(&context.survey()?.lock);
    drafts.refuse(chain.revisions(), dialect(&chosen)?, &chosen, true)?;
    if args.change.dry_run {
        let graph = chain.graph();
        let plan =
            migrate_core::Plan::up(graph, &graph.none(), &plan::target(None, Direction::Up)?)?;
        return plan::show(&plan, graph, chain.revisions(), ui);
    }
    if !args.change.yes {
        confirm("lose everything", &chosen.shown(), ui)?;
    }
    let other_sessions = match args.force {
        true => OtherSessions::Terminate,
        false => OtherSessions::Keep,
    };
    let progress = Progress::new(ui);
    let work = async {
        recreate(&chosen, other_sessions).await?;
        ui.status(format_args!("recreated {}", chosen.shown()));
        let database = chosen.connect(Create::Missing).await?;
        let before = database.state(&migrations).await?;
        let runner = runner(&migrations, &args.change, &chosen, &progress).target(Target::heads());
        let report = database.run(runner).await;
        progress.end();
        let report =
            report.map_err(|error| CommandError::from(error).in_folder(&chain_folder(context)))?;
        match ui.is_json() {
            true => {
                let document = PlanDocument::done(&report, &before);
                let document = document.notices(progress.notices());
                ui.json(&document.in_database(chosen.shown()))
            }
            false => {
                print_report(&chosen, &report, ui);
                Ok(())
            }
        }
    };
    block_on(&progress, work)
}
