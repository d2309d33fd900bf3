use clap::Args;
use migrate_core::NewRevision;

use super::show::one;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require, new_id, now};
use crate::project::new_revision;

const EXAMPLE: &str = "\
Before and after:
  a - b          a - b - m
   \\- c    ->     \\- c -/";

/// Join several heads with a merge revision
///
/// Joins all heads unless some are named. The merge has no SQL of its own; it states that the chain
/// includes both branches.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct MergeArgs {
    /// The heads to join, instead of all
    #[arg(value_name = "REVISION")]
    revisions: Vec<String>,
    /// The message of the merge
    #[arg(short, long)]
    message: Option<String>,
    /// Use this id instead of 12 random hex digits
    #[arg(long, value_name = "ID")]
    rev_id: Option<String>,
}

pub(crate) fn run(args: &MergeArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.require(Require::AnyEnds)?;
    let graph = &survey.graph;
    let mut parents: Vec<usize> = Vec::new();
    for given in &args.revisions {
        let index = match given.as_str() {
            "heads" => {
                parents.extend(graph.heads());
                continue;
            }
            given => one(survey, given)?,
        };
        if !parents.contains(&index) {
            parents.push(index);
        }
    }
    if args.revisions.is_empty() {
        parents.extend(graph.heads());
    }
    parents.sort_by_key(|index| graph.id(*index));
    parents.dedup();
    if parents.len() < 2 {
        let what = match parents.first() {
            Some(only) if args.revisions.is_empty() => {
                format!("the chain has one head, `{}`", graph.id(*only))
            }
            Some(only) => format!("`{}` alone needs no merge", graph.id(*only)),
            None => "the chain has no revision".to_owned(),
        };
        return Err(CommandError::new(Failure::NothingToMerge, what)
            .help("`cargo migrate heads` lists what can be joined"));
    }
    for index in &parents {
        let below = graph.ancestors([*index]);
        if let Some(other) = parents
            .iter()
            .find(|other| *other != index && below.contains(**other))
        {
            return Err(CommandError::new(
                Failure::NothingToMerge,
                format!(
                    "`{}` already follows `{}`",
                    graph.id(*index),
                    graph.id(*other)
                ),
            )
            .help("leave out the older one; `cargo migrate heads` lists what can be joined"));
        }
    }
    let message = match &args.message {
        Some(message) => message.clone(),
        None => format!(
            "merge {}",
            json::ids(graph, parents.iter().copied()).join(" ")
        ),
    };
    let id = match &args.rev_id {
        Some(id) => id
            .parse()
            .map_err(|why| CommandError::usage(format!("invalid revision id `{id}`: {why}")))?,
        None => new_id(|id| graph.index(id).is_some() || survey.lock.get(id).is_some())?,
    };
    let new = NewRevision {
        id,
        parents: parents
            .iter()
            .map(|index| graph.id(*index).clone())
            .collect(),
        message,
        created: now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ..NewRevision::empty()
    };
    let path = new_revision::write(context, &new, ui)?;
    new_revision::report(context, &new, &path, ui)
}
