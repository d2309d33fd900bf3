//! The order in which objects are dropped and created, by what they depend on.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::change::Constraint;
use crate::diff::order;
use crate::schema::dependencies::{Needs, Part, body};
use crate::schema::text::Words;
use crate::schema::{Name, ObjectRef, Schema, Signature};

/// What is dropped or created by a statement of its own, or several.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    /// An enum, domain, composite or range type.
    Type(ObjectRef<'a>),
    Sequence(&'a Name),
    Table(&'a Name),
    Column(&'a Name, &'a str),
    Constraint(&'a Name, Constraint),
    Index(&'a Name, &'a str),
    View(&'a Name),
    Routine(&'a Signature),
    /// An operator or a cast.
    Code(ObjectRef<'a>),
}

impl Node<'_> {
    /// Returns the part that it is.
    pub(super) fn part(&self) -> Part {
        match self {
            Self::Type(
                ObjectRef::Enum(name, _) | ObjectRef::Domain(name, _) | ObjectRef::Type(name, _),
            ) => Part::Type((*name).clone()),
            Self::Type(other) => Part::Type(Name::from(other.name())),
            Self::Sequence(name) | Self::Table(name) | Self::View(name) => {
                Part::Relation((*name).clone())
            }
            Self::Column(table, column) => Part::Column((*table).clone(), (*column).to_owned()),
            Self::Constraint(table, constraint) => Part::Constraint(
                (*table).clone(),
                constraint.name().unwrap_or_default().to_owned(),
            ),
            Self::Index(table, name) => Part::Index((*table).clone(), (*name).to_owned()),
            Self::Routine(signature) => Part::Routine((*signature).clone()),
            Self::Code(ObjectRef::Operator(name, _)) => Part::Operator((*name).clone()),
            Self::Code(other) => Part::Cast(other.name()),
        }
    }

    /// Returns whether the parts of its relation are dropped and created with it.
    const fn is_whole(&self) -> bool {
        matches!(self, Self::Table(_) | Self::View(_))
    }
}

/// Nodes with what each depends on.
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// The places of the nodes that a node depends on.
    needs: Vec<order::Needs>,
    /// What else it depends on.
    others: Vec<BTreeSet<Part>>,
}

impl<'a> Graph<'a> {
    /// Takes nodes of a schema. What `is_left_out` returns true for, of a table or view, is not
    /// dropped or created with it.
    pub(super) fn new(
        schema: &Schema,
        needs: &Needs,
        nodes: Vec<Node<'a>>,
        is_left_out: impl Fn(&Part) -> bool,
    ) -> Self {
        let mut of_relation: BTreeMap<&Name, Vec<&Part>> = BTreeMap::new();
        for part in needs.keys() {
            if let Some(name) = part.relation() {
                of_relation.entry(name).or_default().push(part);
            }
        }
        let places: BTreeMap<Part, usize> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.part(), at))
            .collect();
        let wholes: BTreeMap<&Name, usize> = nodes
            .iter()
            .enumerate()
            .filter_map(|(at, node)| match node {
                Node::Table(name) | Node::View(name) => Some((*name, at)),
                _ => None,
            })
            .collect();
        let place = |part: &Part| {
            let whole = || wholes.get(part.relation()?).copied();
            places.get(part).copied().or_else(whole)
        };
        let soft = Soft::new(schema, &nodes);
        let (mut all, mut others) = (Vec::new(), Vec::new());
        for (at, node) in nodes.iter().enumerate() {
            let part = node.part();
            let parts: Vec<Part> = match (node.is_whole(), part.relation()) {
                (true, Some(relation)) => {
                    let parts = of_relation.get(relation).into_iter().flatten();
                    let with = parts.filter(|part| {
                        // Its constraints and indexes can be nodes of their own.
                        place(part) == Some(at) && !is_left_out(part)
                    });
                    with.map(|part| (*part).clone()).collect()
                }
                _ => match &part {
                    Part::Column(table, column) => {
                        vec![part.clone(), Part::Default(table.clone(), column.clone())]
                    }
                    _ => vec![part.clone()],
                },
            };
            let mut needed: BTreeSet<Part> = parts
                .iter()
                .filter_map(|part| needs.get(part))
                .flatten()
                .cloned()
                .collect();
            if let Part::Constraint(table, _) | Part::Index(table, _) = &part {
                needed.insert(Part::Relation(table.clone()));
            }
            let must = needed
                .iter()
                .filter_map(&place)
                .filter(|other| *other != at);
            let must = must.collect();
            all.push(order::Needs {
                should: soft.of(schema, node, at),
                must,
            });
            needed.retain(|part| place(part).is_none());
            others.push(needed);
        }
        Self {
            nodes,
            needs: all,
            others,
        }
    }

    /// Returns the places in an order in which each node comes after those that it depends on.
    pub(super) fn creation_order(&self) -> Vec<usize> {
        order::by_must_and_should(&self.needs)
    }

    /// Returns the places in an order in which each node comes before those that it depends on.
    pub(super) fn drop_order(&self) -> Vec<usize> {
        let mut reversed = vec![BTreeSet::new(); self.nodes.len()];
        for (at, needs) in self.needs.iter().enumerate() {
            for needed in &needs.must {
                reversed[*needed].insert(at);
            }
        }
        order::by_needs(&reversed)
    }

    /// Returns the places of the nodes that depend on something that `is_late` returns true for,
    /// also by way of others.
    pub(super) fn late(&self, is_late: impl Fn(&Part) -> bool) -> BTreeSet<usize> {
        let depends = |at: &usize| self.others[*at].iter().any(&is_late);
        let mut late: BTreeSet<usize> = (0..self.nodes.len()).filter(depends).collect();
        loop {
            let waits = |at: &usize| {
                !late.contains(at) && self.needs[*at].must.iter().any(|it| late.contains(it))
            };
            let more: Vec<usize> = (0..self.nodes.len()).filter(waits).collect();
            if more.is_empty() {
                return late;
            }
            late.extend(more);
        }
    }
}

/// What should exist before a node and need not: the tables that a foreign key references, as it is
/// then part of `CREATE TABLE`, and what the body of a routine mentions.
struct Soft<'n> {
    tables: BTreeMap<&'n Name, usize>,
    routines: Vec<(usize, &'n str)>,
    /// The parts of each partitioned table, and theirs: a reference to a table is one to its parts.
    parts: BTreeMap<Name, Vec<Name>>,
}

impl<'n> Soft<'n> {
    fn new(schema: &Schema, nodes: &'n [Node<'_>]) -> Self {
        let mut soft = Self {
            tables: BTreeMap::new(),
            routines: Vec::new(),
            parts: BTreeMap::new(),
        };
        for (at, node) in nodes.iter().enumerate() {
            match node {
                Node::Table(name) => {
                    soft.tables.insert(name, at);
                }
                Node::Routine(signature) => soft.routines.push((at, &signature.name.name)),
                _ => {}
            }
        }
        for (name, table) in &schema.tables {
            let mut above = table.partition_of.as_ref();
            while let Some(whole) = above {
                let parts = soft.parts.entry(whole.table.clone()).or_default();
                parts.push(name.clone());
                let whole = schema.tables.get(&whole.table);
                above = whole.and_then(|table| table.partition_of.as_ref());
            }
        }
        soft
    }

    fn of(&self, schema: &Schema, node: &Node<'_>, at: usize) -> BTreeSet<usize> {
        let all: Vec<usize> = match node {
            Node::Table(name) => {
                let keys = schema.tables.get(*name).map(|table| &table.foreign_keys);
                let targets = keys.into_iter().flatten().map(|key| &key.table);
                let with_parts = targets.flat_map(|target| {
                    let parts = self.parts.get(target).into_iter().flatten();
                    std::iter::once(target).chain(parts)
                });
                with_parts
                    .filter_map(|name| self.tables.get(name))
                    .copied()
                    .collect()
            }
            Node::Routine(signature) => {
                let routine = schema.routines.get(*signature);
                let definition = routine.and_then(|routine| routine.definition.as_deref());
                let words = Words::of(body(definition.unwrap_or_default()));
                let tables = self
                    .tables
                    .iter()
                    .filter(|(name, _)| words.mention(&name.name));
                let routines = self.routines.iter().filter(|(_, name)| words.mention(name));
                tables
                    .map(|(_, at)| *at)
                    .chain(routines.map(|(at, _)| *at))
                    .collect()
            }
            _ => Vec::new(),
        };
        all.into_iter().filter(|other| *other != at).collect()
    }
}
