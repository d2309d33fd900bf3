//! Tables and routines, which can need each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::needed_tables;
use crate::diff::order;
use crate::schema::text::Words;
use crate::schema::{Name, Schema, Signature, Table};

/// A table or a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node<'a> {
    Table(&'a Name),
    Routine(&'a Signature),
}

/// Returns the names that routines mention: in the head, which must exist first, and in the body.
pub(super) fn words_of_routines(schema: &Schema) -> BTreeMap<&Signature, Spoken> {
    let all = schema.routines.iter();
    all.map(|(signature, routine)| {
        let definition = routine.definition.as_deref().unwrap_or_default();
        (signature, Spoken::of(definition))
    })
    .collect()
}

/// The words of a routine.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    /// The arguments, the result, and a body that is SQL and not a string.
    pub(super) head: Words,
    /// A body that is a string. PostgreSQL checks it when the routine is created, unless
    /// `check_function_bodies` is off, and keeps no dependency on what it mentions.
    pub(super) body: Words,
}

impl Spoken {
    fn of(definition: &str) -> Self {
        let (head, body) = definition.split_once("\nAS $").unwrap_or((definition, ""));
        Self {
            head: Words::of(head),
            body: Words::of(body),
        }
    }
}

/// Returns what a table and its triggers mention. Policies and rules that mention a dropped object
/// are dropped before.
pub(super) fn words_of_all(table: &Table) -> Words {
    let with: Vec<&str> = table.triggers.values().map(String::as_str).collect();
    Words::of(&format!("{} {}", text_of_table(table), with.join(" ")))
}

/// Returns what a table needs to be created.
pub(super) fn words_of_table(table: &Table) -> Words {
    Words::of(&text_of_table(table))
}

fn text_of_table(table: &Table) -> String {
    let mut text = String::new();
    let checks = table.checks.iter().map(|check| &check.expression);
    let columns = table.columns.iter().flat_map(|column| {
        column
            .default
            .iter()
            .chain(column.generated.iter().map(|it| &it.expression))
            .chain([&column.sql_type])
    });
    let indexes = table.indexes.values().flat_map(|index| {
        let parts = index
            .parts
            .iter()
            .filter(|part| part.expression)
            .map(|part| &part.over);
        parts.chain(&index.predicate)
    });
    for part in checks
        .chain(columns)
        .chain(indexes)
        .chain(table.exclusions.values())
    {
        text.push_str(part);
        text.push(' ');
    }
    text
}

/// The parts of each partitioned table, and theirs.
fn parts(schema: &Schema) -> BTreeMap<&Name, Vec<&Name>> {
    let mut parts: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
    for (name, table) in &schema.tables {
        let mut above = table.partition_of.as_ref();
        while let Some(whole) = above {
            parts.entry(&whole.table).or_default().push(name);
            above = schema
                .tables
                .get(&whole.table)
                .and_then(|table| table.partition_of.as_ref());
        }
    }
    parts
}

/// Returns an order in which each node comes after those that it needs.
pub(super) fn order(
    schema: &Schema,
    nodes: &[Node<'_>],
    words_of: fn(&Table) -> Words,
) -> Vec<usize> {
    let routines = words_of_routines(schema);
    let table_places: BTreeMap<&Name, usize> = nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| match node {
            Node::Table(name) => Some((*name, at)),
            Node::Routine(_) => None,
        })
        .collect();
    let parts = parts(schema);
    let routine_places: Vec<(usize, &str)> = nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| match node {
            Node::Table(_) => None,
            Node::Routine(signature) => Some((at, &*signature.name.name)),
        })
        .collect();
    let called = |words: &Words| -> Vec<usize> {
        let called = routine_places
            .iter()
            .filter(|(_, name)| words.mention(name));
        called.map(|(at, _)| *at).collect()
    };
    let needs: Vec<order::Needs> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| {
            let mut should = BTreeSet::new();
            let (words, named): (Words, Vec<usize>) = match node {
                Node::Table(name) => {
                    let table = &schema.tables[*name];
                    let needed = needed_tables(table);
                    // A reference to a table is one to its partitions.
                    let targets = table.foreign_keys.iter().map(|key| &key.table);
                    let parts = targets
                        .filter_map(|target| parts.get(target))
                        .flatten()
                        .copied();
                    let tables = needed
                        .chain(parts)
                        .filter_map(|name| table_places.get(name))
                        .copied()
                        .collect();
                    // Without routines, the texts need not be parsed.
                    let words = match routine_places.is_empty() {
                        true => Words::default(),
                        false => words_of(table),
                    };
                    (words, tables)
                }
                Node::Routine(signature) => {
                    let Spoken { head, body } = &routines[*signature];
                    let tables = |words: &Words| -> Vec<usize> {
                        let spoken = table_places
                            .iter()
                            .filter(|(name, _)| words.mention(&name.name));
                        spoken.map(|(_, at)| *at).collect()
                    };
                    should.extend(tables(body));
                    should.extend(called(body).into_iter().filter(|other| *other != at));
                    (head.clone(), tables(head))
                }
            };
            let must = called(&words).into_iter().chain(named);
            let must = must.filter(|other| *other != at);
            order::Needs {
                must: must.collect(),
                should,
            }
        })
        .collect();
    order::by_must_and_should(&needs)
}
