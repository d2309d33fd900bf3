//! What the objects of a PostgreSQL database depend on.
//!
//! The catalogue records it exactly
//! (<https://www.postgresql.org/docs/current/catalog-pg-depend.html>). Where a schema was not read
//! from a database, or a part of it has another text than was read, the words of the text tell, and
//! may find too much.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::text::Words;
use super::{Domain, Index, Name, ObjectRef, Schema, Signature, Table};

/// What can depend on something, or is depended on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A table, view or sequence.
    Relation(Name),
    /// A column of a table, with its type; or one of a view.
    Column(Name, String),
    /// The default of a column, or the expression that computes it.
    Default(Name, String),
    /// A constraint of a table.
    Constraint(Name, String),
    /// An index of a table or materialized view.
    Index(Name, String),
    /// A trigger of a table or view.
    Trigger(Name, String),
    /// A row security policy.
    Policy(Name, String),
    /// A rewrite rule of a table or view, except what makes a view.
    Rule(Name, String),
    /// An enum, domain, composite or range type.
    Type(Name),
    /// A function, procedure or aggregate.
    Routine(Signature),
    /// An operator.
    Operator(Name),
    /// A cast.
    Cast(String),
}

/// What each part of a schema depends on.
pub(crate) type Needs = BTreeMap<Part, BTreeSet<Part>>;

/// What a database's catalogue records of each part, with a hash of the text that it had.
#[derive(Clone, Debug, Default)]
pub struct Dependencies(BTreeMap<Part, (u64, BTreeSet<Part>)>);

impl Dependencies {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes what the catalogue records of a whole schema: pairs of a part and what it depends on.
    #[must_use]
    pub fn of_catalogue(schema: &Schema, edges: impl IntoIterator<Item = (Part, Part)>) -> Self {
        let texts = texts(schema).into_iter();
        let mut all: BTreeMap<_, _> = texts
            .map(|(part, text)| (part, (hash(&text), BTreeSet::new())))
            .collect();
        for (part, needed) in edges {
            if let Some((_, needs)) = all.get_mut(&part) {
                needs.insert(needed);
            }
        }
        Self(all)
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Part {
    /// Returns the table or view that it is or belongs to.
    pub(crate) const fn relation(&self) -> Option<&Name> {
        match self {
            Self::Relation(name)
            | Self::Column(name, _)
            | Self::Default(name, _)
            | Self::Constraint(name, _)
            | Self::Index(name, _)
            | Self::Trigger(name, _)
            | Self::Policy(name, _)
            | Self::Rule(name, _) => Some(name),
            Self::Type(_) | Self::Routine(_) | Self::Operator(_) | Self::Cast(_) => None,
        }
    }
}

/// Returns what each part of a schema depends on.
pub(crate) fn needs(schema: &Schema) -> Needs {
    let Dependencies(recorded) = &schema.state.dependencies;
    let mut guess: Option<Guess<'_>> = None;
    let mut needs: Needs = texts(schema)
        .into_iter()
        .map(|(part, text)| {
            let needed = match recorded.get(&part) {
                Some((of, needed)) if *of == hash(&text) => needed.clone(),
                _ => guess
                    .get_or_insert_with(|| Guess::new(schema))
                    .needed(&part, &text),
            };
            (part, needed)
        })
        .collect();
    for (name, table) in &schema.tables {
        let above = table.parents().cloned().map(Part::Relation);
        needs
            .entry(Part::Relation(name.clone()))
            .or_default()
            .extend(above);
    }
    needs
}

/// Returns the parts that can depend on others, each with its text.
fn texts(schema: &Schema) -> Vec<(Part, String)> {
    let mut all = Vec::new();
    for (name, table) in &schema.tables {
        of_table(&mut all, name, table);
    }
    for (name, view) in &schema.views {
        all.push((Part::Relation(name.clone()), view.definition.clone()));
        for (column, default) in &view.column_defaults {
            all.push((Part::Default(name.clone(), column.clone()), default.clone()));
        }
        of_indexes(&mut all, name, &view.indexes);
        for (definitions, part) in [
            (&view.triggers, Part::Trigger as fn(Name, String) -> Part),
            (&view.rules, Part::Rule),
        ] {
            let parts = definitions.iter();
            all.extend(parts.map(|(it, text)| (part(name.clone(), it.clone()), text.clone())));
        }
    }
    for object in schema.objects() {
        all.push(match object {
            ObjectRef::Domain(name, domain) => (Part::Type(name.clone()), of_domain(domain)),
            ObjectRef::Type(name, of) => (Part::Type(name.clone()), of.definition.clone()),
            ObjectRef::Routine(signature, routine) => {
                let part = Part::Routine(signature.clone());
                (part, routine.statement().to_owned())
            }
            ObjectRef::Operator(name, of) => (Part::Operator(name.clone()), of.definition.clone()),
            ObjectRef::Cast(name, of) => {
                let text = format!("{name} {}", of.definition);
                (Part::Cast(name.clone()), text)
            }
            _ => continue,
        });
    }
    all
}

fn of_domain(domain: &Domain) -> String {
    let checks = domain.checks.iter().map(|check| &check.expression);
    let texts = [&domain.sql_type]
        .into_iter()
        .chain(&domain.collation)
        .chain(&domain.default)
        .chain(checks);
    let texts: Vec<&str> = texts.map(String::as_str).collect();
    texts.join(" ")
}

fn of_table(all: &mut Vec<(Part, String)>, name: &Name, table: &Table) {
    let options = ["PARTITION BY", "OF"].map(|word| table.options.value(word).unwrap_or_default());
    all.push((Part::Relation(name.clone()), options.join(" ")));
    for column in &table.columns {
        let place = || (name.clone(), column.name.clone());
        let (of, it) = place();
        all.push((Part::Column(of, it), column.sql_type.clone()));
        let computed = column.generated.as_ref().map(|it| &it.expression);
        if let Some(text) = column.default.as_ref().or(computed) {
            let (of, it) = place();
            all.push((Part::Default(of, it), text.clone()));
        }
    }
    let mut constraint = |key: Option<&String>, text: String| {
        if let Some(key) = key {
            all.push((Part::Constraint(name.clone(), key.clone()), text));
        }
    };
    for check in &table.checks {
        constraint(check.name.as_ref(), check.expression.clone());
    }
    for (exclusion, definition) in &table.exclusions {
        constraint(Some(exclusion), definition.clone());
    }
    for key in &table.foreign_keys {
        constraint(key.name.as_ref(), key.table.to_string());
    }
    of_indexes(all, name, &table.indexes);
    for (definitions, part) in [
        (&table.triggers, Part::Trigger as fn(Name, String) -> Part),
        (&table.policies, Part::Policy),
        (&table.rules, Part::Rule),
    ] {
        let parts = definitions.iter();
        all.extend(parts.map(|(it, text)| (part(name.clone(), it.clone()), text.clone())));
    }
}

fn of_indexes(all: &mut Vec<(Part, String)>, name: &Name, indexes: &BTreeMap<String, Index>) {
    for (index_name, index) in indexes {
        let parts = index.parts.iter().map(|part| part.over.as_str());
        let texts: Vec<&str> = parts.chain(index.predicate.as_deref()).collect();
        let part = Part::Index(name.clone(), index_name.clone());
        all.push((part, texts.join(" ")));
    }
}

/// Finds what a text depends on by its words.
struct Guess<'a> {
    schema: &'a Schema,
    /// The relations, types and routines by their names in lower case, without named schemas.
    named: BTreeMap<String, Vec<Part>>,
    /// Those whose names are more than a word.
    odd: Vec<String>,
}

impl<'a> Guess<'a> {
    fn new(schema: &'a Schema) -> Self {
        let mut named: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        for object in schema.objects() {
            let (name, part) = match object {
                ObjectRef::Table(name, _) => (name, Part::Relation(name.clone())),
                ObjectRef::View(name, _) => (name, Part::Relation(name.clone())),
                ObjectRef::Sequence(name, _) => (name, Part::Relation(name.clone())),
                ObjectRef::Enum(name, _) => (name, Part::Type(name.clone())),
                ObjectRef::Domain(name, _) => (name, Part::Type(name.clone())),
                ObjectRef::Type(name, _) => (name, Part::Type(name.clone())),
                ObjectRef::Routine(signature, _) => {
                    (&signature.name, Part::Routine(signature.clone()))
                }
                // A sign is no word; a cast has no name at all.
                ObjectRef::Operator(..)
                | ObjectRef::Cast(..)
                | ObjectRef::Wrapper(..)
                | ObjectRef::Server(..)
                | ObjectRef::Publication(..)
                | ObjectRef::EventTrigger(..)
                | ObjectRef::Collation(..)
                | ObjectRef::Dictionary(..)
                | ObjectRef::Configuration(..)
                | ObjectRef::Statistics(..)
                | ObjectRef::Extension(..)
                | ObjectRef::Event(..)
                | ObjectRef::Schema(..) => continue,
            };
            named
                .entry(name.name.to_lowercase())
                .or_default()
                .push(part);
        }
        let is_word = |name: &&String| {
            name.chars()
                .all(|sign| sign.is_alphanumeric() || sign == '_')
        };
        let odd = named
            .keys()
            .filter(|name| !is_word(name))
            .cloned()
            .collect();
        Self { schema, named, odd }
    }

    fn needed(&self, part: &Part, text: &str) -> BTreeSet<Part> {
        let text = match part {
            Part::Routine(_) => head(text),
            _ => text,
        };
        let words = Words::of(text);
        let odd = self.odd.iter().filter(|name| words.mention(name));
        let plain = words.iter().filter_map(|word| self.named.get(word));
        let mut needed: BTreeSet<Part> = plain
            .chain(odd.filter_map(|name| self.named.get(name)))
            .flatten()
            .filter(|other| *other != part)
            .cloned()
            .collect();
        if let Some(table) = part
            .relation()
            .and_then(|name| self.schema.tables.get_key_value(name))
        {
            self.columns(&mut needed, table, |name| words.mention(name));
        }
        if matches!(
            part,
            Part::Relation(_) | Part::Routine(_) | Part::Policy(..) | Part::Rule(..)
        ) {
            let spoken: Vec<_> = needed
                .iter()
                .filter_map(|part| match part {
                    Part::Relation(name) => self.schema.tables.get_key_value(name),
                    _ => None,
                })
                .collect();
            for table in spoken {
                self.columns(&mut needed, table, |name| words.mention_column(name));
                // A view that groups by a key depends on it
                // (<https://www.postgresql.org/docs/current/sql-select.html#SQL-GROUPBY>).
                let key = table
                    .1
                    .primary_key
                    .as_ref()
                    .and_then(|key| key.name.clone());
                if let Some(key) = key.filter(|_| words.mention("group")) {
                    needed.insert(Part::Constraint(table.0.clone(), key));
                }
            }
        }
        needed
    }

    fn columns(
        &self,
        needed: &mut BTreeSet<Part>,
        (name, table): (&Name, &Table),
        is_spoken: impl Fn(&str) -> bool,
    ) {
        let spoken = table
            .columns
            .iter()
            .filter(|column| is_spoken(&column.name));
        needed.extend(spoken.map(|column| Part::Column(name.clone(), column.name.clone())));
    }
}

/// Returns the part of a routine's text that must be known when it is created: the arguments, the
/// result, and a body that is SQL and not a string.
pub(crate) fn head(definition: &str) -> &str {
    definition
        .split_once("\nAS $")
        .map_or(definition, |(head, _)| head)
}

/// Returns the body of a routine that is a string. PostgreSQL checks it when the routine is created,
/// unless `check_function_bodies` is off, and records no dependency on what it mentions.
pub(crate) fn body(definition: &str) -> &str {
    definition.split_once("\nAS $").map_or("", |(_, body)| body)
}
