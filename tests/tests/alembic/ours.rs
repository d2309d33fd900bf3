//! What we would do.

use migrate_core::{
    Cascade, Chain, Graph, Plan, Revision, Set, SoundGraph, Stamp, Target, TargetError,
};
use migrate_tests::alembic::{Case, Name, Sketch};

/// What we would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ours {
    /// These steps, with the rows after each.
    Steps(Vec<(String, Vec<String>)>),
    /// A stamp that ends in these rows.
    Stamp(Vec<String>),
    /// Nothing.
    Refused(TargetError),
}

pub(crate) fn graph(case: &Case) -> SoundGraph {
    let revisions: Vec<Revision> = case.revisions.iter().map(Sketch::revision).collect();
    let chain = Chain::new(revisions).expect("the graph is sound");
    chain.graph().clone()
}

pub(crate) fn applied(graph: &Graph, case: &Case) -> Set {
    let rows = &case.question.rows;
    graph.ancestors(rows.iter().map(|row| graph.index(row).expect("a row")))
}

pub(crate) fn ours(case: &Case, cascade: Cascade) -> Ours {
    let graph = graph(case);
    go(&graph, &applied(&graph, case), case, cascade).unwrap_or_else(Ours::Refused)
}

fn go(
    graph: &SoundGraph,
    applied: &Set,
    case: &Case,
    cascade: Cascade,
) -> Result<Ours, TargetError> {
    let targets = &case.question.targets;
    let targets: Vec<Target> = targets
        .iter()
        .map(|target| target.parse())
        .collect::<Result<_, _>>()?;
    let plan = match case.question.name {
        Name::Upgrade => Plan::up(graph, applied, &targets[0])?,
        Name::Downgrade => Plan::down(graph, applied, &targets[0], cascade)?,
        Name::Stamp => {
            let stamp = Stamp::new(graph, applied, &targets)?;
            let rows = graph.effective_heads(&stamp.after);
            let names = rows.into_iter().map(|index| graph.id(index).to_string());
            return Ok(Ours::Stamp(names.collect()));
        }
    };
    let steps = plan.with_heads(graph).map(|(step, heads)| {
        let heads = heads.iter().map(ToString::to_string).collect();
        (graph.id(step).to_string(), heads)
    });
    Ok(Ours::Steps(steps.collect()))
}
