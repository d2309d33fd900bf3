//! Finds the revision of a database by its schema alone.
//!
//! The chain is walked once through a scratch database, and of the schema after each revision 32
//! bytes are kept. Branches off the walk are walked too, if nothing before had the database's
//! schema.

use migrate_core::{Config, Graph, Set};
use migrate_replay::{Nearest, Position, SchemaIndex, Walk, walks};
use migrate_schema::{Difference, Schema};
use migrate_sqlx::{Error, Migrations};

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::schemas::ignored::{Ignored, version_tables};
use crate::scratch::Scratch;

/// The revisions of a chain that match a database's schema.
pub(crate) struct Detection {
    /// The states that have exactly its schema, those with fewer revisions first.
    pub(crate) exact: Vec<Set>,
    /// The most similar state, if none is the same.
    pub(crate) nearest: Option<(Set, Vec<Difference>)>,
    /// The revisions that fail in an empty database: revisions that need them were not checked.
    pub(crate) stopped: Vec<(usize, Error)>,
}

/// Compares a database's schema with those of a chain: all, or only that of one state. The state of
/// the ledger is always among all, whatever else has the schema.
pub(crate) async fn detect(
    migrations: &Migrations,
    graph: &Graph,
    only: Option<&Set>,
    ledger: Option<&Set>,
    live: Schema,
    chosen: &Chosen,
    config: &Config,
) -> Result<Detection, CommandError> {
    let straight = |state: &Set| {
        let steps = graph.ordered(state);
        let states = vec![steps.len()];
        Walk { steps, states }
    };
    let mut walks = match only {
        None => walks(graph),
        Some(state) => vec![straight(state)],
    };
    let ignored = Ignored::new(config, &[]);
    let mut live = live;
    ignored.leave_out(&mut live);
    let mut schemas = SchemaIndex::new(version_tables());
    let mut nearest = None;
    let mut stopped: Vec<(usize, Error)> = Vec::new();
    let mut exact = Vec::new();
    let mut number = 0;
    while let Some(walk) = walks.get(number) {
        let walked = Scratch::with(chosen, async |scratch| {
            let look = |steps: usize, mut made: Schema| {
                if walk.states.binary_search(&steps).is_ok() {
                    ignored.leave_out(&mut made);
                    let position = Position {
                        walk: number,
                        steps,
                    };
                    schemas.record(position, &made);
                    let beside = schemas.comparable(&made, &live);
                    nearest = Some(Nearest::of(nearest.take(), position, &made, &beside));
                }
            };
            let replayed = scratch.replay(migrations, &config.ledger).await?;
            replayed.walk(&walk.steps, look).await
        })
        .await?;
        if let Some(error) = walked.stopped {
            let index = walk.steps[walked.steps];
            if !stopped.iter().any(|(other, _)| *other == index) {
                stopped.push((index, error));
            }
        }
        exact = schemas.find(&live);
        number += 1;
        if !exact.is_empty() {
            let is_compared = |state: &Set| {
                let mut compared = walks[..number].iter();
                compared.any(|walk| {
                    let mut states = walk.states.iter();
                    states.any(|steps| walk.state(graph, *steps) == *state)
                })
            };
            let left = ledger.filter(|state| only.is_none() && !is_compared(state));
            walks.truncate(number);
            match left {
                Some(state) => walks.push(straight(state)),
                None => break,
            }
        }
    }
    let state = |position: &Position| walks[position.walk].state(graph, position.steps);
    let mut exact: Vec<Set> = exact.iter().map(state).collect();
    if only.is_none() {
        add_twins(graph, &walks[0], &schemas, &mut exact);
    }
    exact.sort_by_key(|state| state.iter().count());
    let nearest = nearest.filter(|_| exact.is_empty());
    Ok(Detection {
        nearest: nearest.map(|nearest| (state(&nearest.position), nearest.differences)),
        exact,
        stopped,
    })
}

/// Adds the states that were not walked to and must have the same schema: the revisions between
/// them change no schema.
fn add_twins(graph: &Graph, run: &Walk, schemas: &SchemaIndex, exact: &mut Vec<Set>) {
    let mut neutral = graph.none();
    for (place, index) in run.steps.iter().enumerate() {
        let position = Position {
            walk: 0,
            steps: place + 1,
        };
        if schemas.changed(position) == Some(false) {
            neutral.insert(*index);
        }
    }
    for index in neutral.iter() {
        let state = graph.ancestors([index]);
        let is_twin = |other: &Set| {
            let (mut more, mut less) = (state.clone(), other.clone());
            more.remove_all(other);
            less.remove_all(&state);
            more.iter()
                .chain(less.iter())
                .all(|index| neutral.contains(index))
        };
        if !exact.contains(&state) && exact.iter().any(is_twin) {
            exact.push(state);
        }
    }
}
