use clap::Args;

use crate::output::error::CommandError;
use crate::output::json;
use crate::output::listing::line;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Show the revisions at which the chain forks
///
/// Below each are the revisions that follow it.
#[derive(Debug, Args)]
pub(crate) struct BranchesArgs {}

pub(crate) fn run(_: &BranchesArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.any_survey(ui)?;
    let graph = &survey.graph;
    if ui.is_json() {
        let branches = graph.branch_points().map(|index| graph.id(index).as_str());
        return ui.json(&json::Branches {
            branches: branches.collect(),
        });
    }
    for index in graph.branch_points() {
        ui.answer(line(graph, &survey.revisions[index], index))?;
        for child in graph.children(index) {
            let child = *child as usize;
            let arrow = styled(style::DIM, "->");
            ui.answer(format_args!(
                "    {arrow} {}",
                line(graph, &survey.revisions[child], child)
            ))?;
        }
    }
    if graph.branch_points().next().is_none() {
        ui.status("the chain does not fork");
    }
    Ok(())
}
