//! Evidence in the tables for a revision whose row is inconclusive.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Chain, LedgerNames, Set, SoundGraph, Target};
use migrate_schema::{Difference, DifferenceKind, Schema, differences};
use migrate_sqlx::Migrations;
use wildmatch::WildMatch;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::project::context::Context;
use crate::scratch::Scratch;

/// The live schema, and a chain to compare it with in a scratch database.
pub(super) struct Evidence<'a> {
    chosen: &'a Chosen,
    migrations: Migrations,
    graph: SoundGraph,
    ledger: LedgerNames,
    ignored: Vec<WildMatch>,
    live: Schema,
}

/// So many revisions are looked at one by one, whatever their text says.
const MOST_LOOKED_AT: usize = 40;

/// What the live schema says of one revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has all that the revision makes.
    There,
    /// It has nothing of it.
    NotThere,
    /// The revision changes no schema, so no schema shows it.
    Nothing,
    /// It has a part of it, or something else: this is what it lacks or has otherwise.
    Unclear(Vec<String>),
}

/// The schemas right before and right after a revision.
struct Around {
    before: Schema,
    after: Schema,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(
        context: &Context,
        chosen: &'a Chosen,
        chain: Chain,
        live: Schema,
    ) -> Result<Self, CommandError> {
        let config = context.config()?;
        Ok(Self {
            chosen,
            graph: chain.graph().clone(),
            migrations: Migrations::new(chain, config.ledger.clone()),
            ledger: config.ledger.clone(),
            ignored: config.ignored.iter().map(|p| WildMatch::new(p)).collect(),
            live,
        })
    }

    pub(super) const fn graph(&self) -> &SoundGraph {
        &self.graph
    }

    /// What the live schema has other than these revisions make.
    pub(super) async fn drift(&self, applied: &Set) -> Result<Vec<Difference>, CommandError> {
        let none = self.graph.none();
        let schemas = self.walk(&[(none, applied.clone())]).await?;
        let expected = schemas.into_iter().map(|around| around.after);
        Ok(expected
            .flat_map(|expected| self.differences(&expected))
            .collect())
    }

    /// Whether a revision that was started is there, according to the tables that it touches.
    pub(super) async fn of_unfinished(
        &self,
        index: usize,
        applied: &Set,
    ) -> Result<Verdict, CommandError> {
        let mut before = applied.clone();
        before.remove(index);
        let mut after = before.clone();
        after.insert(index);
        if self
            .graph
            .descendants([index])
            .iter()
            .any(|other| before.contains(other))
        {
            return self.of_followed(index, &after).await;
        }
        let around = match self.walk(&[(before.clone(), after)]).await {
            Ok(around) => around,
            // Often it cannot be finished at all, and that is why it was not.
            Err(_) if self.drift(&before).await?.is_empty() => return Ok(Verdict::NotThere),
            Err(error) => return Err(error),
        };
        let Some(Around { before, after }) = around.into_iter().next() else {
            return Ok(Verdict::Nothing);
        };
        let touched = touched(&before, &after);
        if touched.is_empty() {
            return Ok(Verdict::Nothing);
        }
        let of_it = |schema: &Schema| -> Vec<String> {
            let all = self.differences(schema);
            let blocks = all.iter().filter(|found| touched.contains(&key(found)));
            blocks.map(ToString::to_string).collect()
        };
        let lacking = of_it(&after);
        if lacking.is_empty() {
            return Ok(Verdict::There);
        }
        match of_it(&before).is_empty() {
            true => Ok(Verdict::NotThere),
            false => Ok(Verdict::Unclear(lacking)),
        }
    }

    /// Whether a revision that was started is there, although applied revisions follow it: there is
    /// no schema without it, so what it touches must be as all of them together make it.
    async fn of_followed(&self, index: usize, all: &Set) -> Result<Verdict, CommandError> {
        let own = self.graph.ancestors([index]);
        let mut before = own.clone();
        before.remove(index);
        let around = self.walk(&[(before, own)]).await?;
        let Some(Around { before, after }) = around.into_iter().next() else {
            return Ok(Verdict::Nothing);
        };
        let touched = touched(&before, &after);
        if touched.is_empty() {
            return Ok(Verdict::Nothing);
        }
        let drift = self.drift(all).await?;
        let of_it = drift
            .iter()
            .filter(|found| found.kind != DifferenceKind::Extra && touched.contains(&key(found)));
        let lacking: Vec<String> = of_it.map(ToString::to_string).collect();
        Ok(match lacking.is_empty() {
            true => Verdict::There,
            false => Verdict::Unclear(lacking),
        })
    }

    /// Whether revisions that others follow are there: what they touch must be as all of
    /// the applied ones together make it.
    pub(super) async fn of_applied(
        &self,
        indices: &[usize],
        drift: &[Difference],
    ) -> Result<Vec<Verdict>, CommandError> {
        let wrong: Vec<&Difference> = drift
            .iter()
            .filter(|found| found.kind != DifferenceKind::Extra)
            .collect();
        if wrong.is_empty() {
            return Ok(indices.iter().map(|_| Verdict::There).collect());
        }
        // What does not name a thing does not make it; a look at each of very many would take hours.
        let few = indices.len() <= MOST_LOOKED_AT;
        let looked_at: Vec<usize> = indices
            .iter()
            .copied()
            .filter(|index| few || self.names_one_of(*index, &wrong))
            .collect();
        let stops: Vec<(Set, Set)> = looked_at
            .iter()
            .map(|index| {
                let after = self.graph.ancestors([*index]);
                let mut before = after.clone();
                before.remove(*index);
                (before, after)
            })
            .collect();
        let around = self.walk(&stops).await?;
        let verdict = |Around { before, after }: Around| {
            let touched = touched(&before, &after);
            let of_it = wrong.iter().filter(|found| touched.contains(&key(found)));
            let lacking: Vec<String> = of_it.map(ToString::to_string).collect();
            match (touched.is_empty(), lacking.is_empty()) {
                (true, _) => Verdict::Nothing,
                (false, true) => Verdict::There,
                (false, false) => Verdict::Unclear(lacking),
            }
        };
        let mut judged: BTreeMap<usize, Verdict> = looked_at
            .into_iter()
            .zip(around.into_iter().map(verdict))
            .collect();
        let verdict_of = |index| judged.remove(index).unwrap_or(Verdict::There);
        Ok(indices.iter().map(verdict_of).collect())
    }

    /// Says whether a revision's text has the name of something that differs.
    fn names_one_of(&self, index: usize, wrong: &[&Difference]) -> bool {
        let text = self.migrations.revisions()[index].text.to_lowercase();
        wrong.iter().any(|found| {
            let name = match &found.table {
                Some(table) => table.name.as_str(),
                None => {
                    let quoted = found.object.split('`').nth(1);
                    let name = quoted.unwrap_or(&found.object);
                    name.rsplit('.').next().unwrap_or(name)
                }
            };
            text.contains(&name.to_lowercase())
        })
    }

    fn differences(&self, expected: &Schema) -> Vec<Difference> {
        let mut found = differences(expected, &self.live);
        found.retain(|difference| {
            let table = difference.table.as_ref().map(ToString::to_string);
            !table.is_some_and(|table| self.ignored.iter().any(|it| it.matches(&table)))
        });
        found
    }

    /// Applies the chain once, in one scratch database, and looks at the schema before and
    /// after each stop; the stops are in the chain's order.
    async fn walk(&self, stops: &[(Set, Set)]) -> Result<Vec<Around>, CommandError> {
        let ledger = &self.ledger;
        Scratch::with(self.chosen, async |scratch| {
            let mut around = Vec::with_capacity(stops.len());
            let replayed = scratch.replay(&self.migrations, ledger).await?;
            let reach = async |set: &Set| -> Result<Schema, CommandError> {
                let heads = self.graph.effective_heads(set).into_iter();
                let targets = heads.map(|index| self.graph.id(index).as_str().parse());
                let targets = targets.collect::<Result<Vec<Target>, _>>()?;
                replayed.at(&targets).await
            };
            for (before, after) in stops {
                let before = reach(before).await?;
                let after = reach(after).await?;
                around.push(Around { before, after });
            }
            Ok(around)
        })
        .await
    }
}

/// What a revision touches: tables by their names, other objects by themselves.
fn touched(before: &Schema, after: &Schema) -> BTreeSet<String> {
    differences(before, after).iter().map(key).collect()
}

fn key(difference: &Difference) -> String {
    match &difference.table {
        Some(table) => format!("table {table}"),
        None => difference.object.clone(),
    }
}
