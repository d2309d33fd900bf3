//! An index of the schemas of a chain, to find the state of a database by its schema.

use std::collections::BTreeSet;

use migrate_schema::{Difference, DifferenceKind, Fingerprint, Name, Schema, differences};

/// The fingerprints of the schemas along the walks of a chain.
///
/// It stores 32 bytes per state, and no schema.
#[derive(Clone, Debug, Default)]
pub struct SchemaIndex {
    entries: Vec<Entry>,
    /// Tables that are ignored if only the database has them.
    ignored: BTreeSet<Name>,
}

/// The schema at a position.
#[derive(Clone, Debug)]
struct Entry {
    position: Position,
    fingerprint: Fingerprint,
    /// The ignored tables that the chain itself creates there.
    ignored: BTreeSet<Name>,
}

/// A state on a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The walk, by its index.
    pub walk: usize,
    /// The number of steps applied.
    pub steps: usize,
}

/// The state with the schema most similar to that of a database.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// Its position.
    pub position: Position,
    /// The differences between the database and the state.
    pub differences: Vec<Difference>,
    distance: usize,
}

impl SchemaIndex {
    /// Creates an empty index; `ignored` are tables, such as those of other tools, that do not
    /// matter unless the chain creates them.
    #[must_use]
    pub const fn new(ignored: BTreeSet<Name>) -> Self {
        Self {
            entries: Vec::new(),
            ignored,
        }
    }

    /// Records the schema that the chain creates at a position.
    pub fn record(&mut self, position: Position, schema: &Schema) {
        let made = |name: &&Name| schema.tables.contains_key(*name);
        self.entries.push(Entry {
            position,
            fingerprint: Fingerprint::of(schema),
            ignored: self.ignored.iter().filter(made).cloned().collect(),
        });
    }

    /// Returns the positions that have exactly this schema.
    #[must_use]
    pub fn find(&self, live: &Schema) -> Vec<Position> {
        let mut known: Vec<(&BTreeSet<Name>, Fingerprint)> = Vec::new();
        let mut found = Vec::new();
        for entry in &self.entries {
            let seen = known.iter().find(|(made, _)| *made == &entry.ignored);
            let fingerprint = seen
                .map(|(_, fingerprint)| *fingerprint)
                .unwrap_or_else(|| {
                    let fingerprint = Fingerprint::of(&self.without_ignored(live, &entry.ignored));
                    known.push((&entry.ignored, fingerprint));
                    fingerprint
                });
            if fingerprint == entry.fingerprint {
                found.push(entry.position);
            }
        }
        found
    }

    /// Returns a database's schema without the ignored tables, except those that `expected` has
    /// too.
    #[must_use]
    pub fn comparable(&self, expected: &Schema, live: &Schema) -> Schema {
        let made = self
            .ignored
            .iter()
            .filter(|name| expected.tables.contains_key(*name));
        self.without_ignored(live, &made.cloned().collect())
    }

    fn without_ignored(&self, live: &Schema, made: &BTreeSet<Name>) -> Schema {
        let mut live = live.clone();
        live.tables
            .retain(|name, _| made.contains(name) || !self.ignored.contains(name));
        live
    }

    /// Returns whether the last step before a position changed the schema; `None` if that is
    /// unknown.
    #[must_use]
    pub fn changed(&self, position: Position) -> Option<bool> {
        let at = |steps: usize| {
            let there = Position { steps, ..position };
            self.entries.iter().find(|entry| entry.position == there)
        };
        let (before, after) = (at(position.steps.checked_sub(1)?)?, at(position.steps)?);
        Some(before.fingerprint != after.fingerprint)
    }
}

impl Nearest {
    /// Returns the nearer of the nearest state so far and another one; the later of two equally
    /// near.
    #[must_use]
    pub fn of(best: Option<Self>, position: Position, expected: &Schema, actual: &Schema) -> Self {
        let found = differences(expected, actual);
        let distance = distance(&found, expected, actual);
        match best {
            Some(best) if best.distance < distance => best,
            _ => Self {
                position,
                differences: found,
                distance,
            },
        }
    }
}

/// Returns the distance between two schemas: a missing table weighs as much as all its columns.
fn distance(found: &[Difference], expected: &Schema, actual: &Schema) -> usize {
    let weight = |difference: &Difference| {
        let schema = match difference.kind {
            DifferenceKind::Missing => expected,
            DifferenceKind::Extra => actual,
            DifferenceKind::Different => return 1,
        };
        let table = difference.table.as_ref();
        let whole = table.filter(|name| {
            !(expected.tables.contains_key(*name) && actual.tables.contains_key(*name))
        });
        let columns = whole.and_then(|name| Some(schema.tables.get(name)?.columns.len()));
        1 + columns.unwrap_or(0)
    };
    found.iter().map(weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_core::Dialect;
    use migrate_schema::{Column, Table};

    fn schema(text: &str) -> Schema {
        let mut schema = Schema::empty(Dialect::Sqlite);
        for table in text.split_whitespace() {
            let (name, columns) = table.split_once(':').unwrap_or((table, ""));
            let columns = columns.split(',').filter(|name| !name.is_empty());
            let columns = columns.map(|name| Column {
                name: name.to_owned(),
                ..Column::default()
            });
            let table = Table {
                columns: columns.collect(),
                ..Table::default()
            };
            schema.tables.insert(Name::plain(name), table);
        }
        schema
    }

    fn index(ignored: &str, schemas: &[&str]) -> SchemaIndex {
        let ignored = ignored.split_whitespace().map(Name::plain).collect();
        let mut index = SchemaIndex::new(ignored);
        for (steps, text) in schemas.iter().enumerate() {
            index.record(Position { walk: 0, steps }, &schema(text));
        }
        index
    }

    fn found(index: &SchemaIndex, live: &str) -> Vec<usize> {
        let found = index.find(&schema(live));
        found.into_iter().map(|position| position.steps).collect()
    }

    #[test]
    fn a_state_is_found_by_its_schema() {
        let index = index("", &["", "a:x", "a:x,y", "a:x,y", "a:x,y b:x"]);
        assert_eq!(found(&index, ""), [0]);
        assert_eq!(found(&index, "a:y,x"), [2, 3]);
        assert_eq!(found(&index, "a:x,y b:x"), [4]);
        assert_eq!(found(&index, "a:x b:x"), []);
        let changed = |steps| index.changed(Position { walk: 0, steps });
        assert_eq!(changed(3), Some(false));
        assert_eq!(changed(4), Some(true));
        assert_eq!(changed(0), None);
    }

    #[test]
    fn what_another_tool_keeps_matters_only_where_the_chain_makes_it() {
        let index = index(
            "versions",
            &["", "a:x", "a:x versions:v", "a:x,y versions:v"],
        );
        assert_eq!(found(&index, "a:x versions:other"), [1]);
        assert_eq!(found(&index, "a:x versions:v"), [1, 2]);
        assert_eq!(found(&index, "a:x,y versions:v"), [3]);
        assert_eq!(found(&index, "a:x,y"), []);
    }

    #[test]
    fn the_nearest_has_the_least_that_differs_and_is_the_later_of_equals() {
        let chain = ["", "a:x,y", "a:x,y b:x,y,z", "a:x,y b:x,y,z c:x"];
        let nearest = |live: &str| {
            let live = schema(live);
            let mut best = None;
            for (steps, text) in chain.iter().enumerate() {
                let position = Position { walk: 0, steps };
                best = Some(Nearest::of(best, position, &schema(text), &live));
            }
            best.unwrap()
        };
        let found = nearest("a:x b:x,y,z");
        assert_eq!(found.position.steps, 2);
        assert_eq!(found.differences.len(), 1);
        assert!(
            found.differences[0]
                .to_string()
                .starts_with("missing column `a.y`")
        );
        assert_eq!(nearest("a:x,y b:x,z").position.steps, 2);
        assert_eq!(nearest("z:x").position.steps, 0);
    }
}
