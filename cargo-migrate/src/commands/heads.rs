use clap::Args;

use crate::output::error::CommandError;
use crate::output::json;
use crate::output::listing::line;
use crate::output::ui::Ui;
use crate::project::context::Context;

/// Show the heads: revisions that nothing follows
///
/// A chain normally has one head, the target of `cargo migrate run`. After a git merge of two
/// branches that both added a revision it has several: `cargo migrate merge` joins them.
#[derive(Debug, Args)]
pub(crate) struct HeadsArgs {}

pub(crate) fn run(_: &HeadsArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.any_survey(ui)?;
    let graph = &survey.graph;
    if ui.is_json() {
        let heads = graph.heads().map(|index| graph.id(index).as_str());
        return ui.json(&json::Heads {
            heads: heads.collect(),
        });
    }
    for index in graph.heads() {
        ui.answer(line(graph, &survey.revisions[index], index))?;
    }
    if graph.is_empty() {
        ui.status("there is no revision yet: `cargo migrate new \"<message>\"` writes the first");
    }
    Ok(())
}
