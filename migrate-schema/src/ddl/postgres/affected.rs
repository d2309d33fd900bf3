//! Dependents that must be dropped while PostgreSQL changes what they depend on.

use std::collections::{BTreeMap, BTreeSet};

use super::{composite, views};
use crate::ddl::definition;
use crate::diff::Transition;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::schema::composite::drops;
use crate::schema::dependencies::{Needs, Part, needs};
use crate::schema::{Column, Domain, Enum, ForeignKey, Name, Schema, Signature, Table};
use migrate_core::Dialect;

type Columns<'a> = BTreeMap<&'a Name, BTreeSet<&'a str>>;

/// The changes for which dependents are dropped before and recreated after.
pub(super) struct Affected<'a> {
    transition: &'a Transition<'a>,
    /// What each part depends on, after the renames and before all else.
    pub(super) needs: Needs,
    /// Types that are recreated under their name: enums, domains, composite types.
    pub(super) types: BTreeSet<Name>,
    /// Routines that are dropped, or cannot be replaced in place.
    pub(super) routines: BTreeSet<Signature>,
    /// Operators and casts that are dropped, or change.
    pub(super) code: BTreeSet<Part>,
    /// Views that are dropped, or cannot stay meanwhile.
    pub(super) views: BTreeSet<Name>,
    /// Columns that get another type.
    pub(super) retyped: Columns<'a>,
    /// Columns that are dropped and added again, as their expression cannot be altered.
    pub(super) rebuilt: Columns<'a>,
    /// Dropped columns.
    pub(super) dropped: Columns<'a>,
    /// Columns that have another name now.
    renamed: Columns<'a>,
    /// Dropped tables, including those that are recreated.
    pub(super) tables: BTreeSet<&'a Name>,
    /// Composite types that lose attributes in place.
    shrunk: BTreeSet<Name>,
    /// Parts of tables that are dropped meanwhile: defaults, constraints, indexes, triggers, policies
    /// and rules.
    parts: BTreeSet<Part>,
}

impl<'a> Affected<'a> {
    /// `used` are the enums whose new values are needed at once.
    pub(super) fn new(transition: &'a Transition<'a>, used: &BTreeSet<Name>) -> Self {
        let mut affected = Self {
            transition,
            needs: needs(&transition.after_renames.schema),
            types: BTreeSet::new(),
            routines: BTreeSet::new(),
            code: BTreeSet::new(),
            views: BTreeSet::new(),
            retyped: Columns::new(),
            rebuilt: Columns::new(),
            dropped: Columns::new(),
            renamed: Columns::new(),
            tables: BTreeSet::new(),
            shrunk: BTreeSet::new(),
            parts: BTreeSet::new(),
        };
        let mut waiting = affected.changed(used);
        waiting.extend(affected.speak_of_renamed());
        affected.dependents(waiting);
        // A rebuilt column gets its new type anyway.
        for (table, rebuilt) in &affected.rebuilt {
            if let Some(retyped) = affected.retyped.get_mut(table) {
                retyped.retain(|column| !rebuilt.contains(column));
            }
        }
        affected
    }

    fn renamed(&self) -> &'a Schema {
        &self.transition.after_renames.schema
    }

    /// Returns what is dropped or changes in such a way that dependents block it.
    fn changed(&mut self, used: &BTreeSet<Name>) -> Vec<Part> {
        let mut all = Vec::new();
        for change in &self.transition.changes {
            match change {
                Change::Alter {
                    from: Object::Enum { value: from, .. },
                    to: Object::Enum { name, value: to },
                } if !used.contains(name) && only_adds(from, to) => {}
                Change::Alter {
                    from: Object::Domain { value: from, .. },
                    to: Object::Domain { name, value: to },
                } if self.can_alter_domain(name, from, to) => {}
                Change::Alter {
                    from: Object::Type { value: from, .. },
                    to: Object::Type { name, value: to },
                } if composite::alter(name, &from.definition, &to.definition).is_some() => {
                    let shrinks = drops(&from.definition, &to.definition);
                    self.shrunk.extend(shrinks.then(|| name.clone()));
                }
                Change::Alter {
                    to:
                        Object::Enum { name, .. }
                        | Object::Domain { name, .. }
                        | Object::Type { name, .. },
                    ..
                } => {
                    self.types.insert(name.clone());
                    all.push(Part::Type(name.clone()));
                }
                Change::Alter {
                    from: Object::Routine { value: from, .. },
                    to: Object::Routine { name, value: to },
                } => {
                    let sql = |routine| definition::routine(Dialect::Postgres, name, routine);
                    if !is_replaceable(&sql(from), &sql(to)) {
                        all.push(Part::Routine(name.clone()));
                    }
                }
                Change::Drop(Object::Operator { name, .. }) => {
                    all.push(Part::Operator(name.clone()));
                }
                Change::Drop(Object::Cast { name, .. }) => all.push(Part::Cast(name.clone())),
                Change::Alter {
                    from: Object::Operator { value: from, .. },
                    to: Object::Operator { name, value: to },
                } if from.definition != to.definition => all.push(Part::Operator(name.clone())),
                Change::Alter {
                    from: Object::Cast { value: from, .. },
                    to: Object::Cast { name, value: to },
                } if from.definition != to.definition => all.push(Part::Cast(name.clone())),
                Change::Drop(Object::Routine { name, .. }) => all.push(Part::Routine(name.clone())),
                Change::Drop(Object::Sequence { name, .. }) => {
                    all.push(Part::Relation(name.clone()));
                }
                Change::Drop(Object::Table { name, .. }) => {
                    self.tables.insert(name);
                    all.push(Part::Relation(name.clone()));
                }
                Change::Alter {
                    from: Object::Column { value: from, .. },
                    to: Object::Column { table, value: to },
                } => {
                    let retyped = from.sql_type != to.sql_type || from.collation != to.collation;
                    // A column can stop to be computed, and keep what it holds.
                    let computed = match (&from.generated, &to.generated) {
                        (_, None) => false,
                        (before, after) => before != after || retyped,
                    };
                    let columns = match (computed, retyped) {
                        (true, _) => &mut self.rebuilt,
                        (false, true) => &mut self.retyped,
                        (false, false) => continue,
                    };
                    columns.entry(table).or_default().insert(&to.name);
                    all.push(Part::Column(table.clone(), to.name.clone()));
                }
                Change::Drop(Object::Column { table, value }) => {
                    self.dropped.entry(table).or_default().insert(&value.name);
                    all.push(Part::Column(table.clone(), value.name.clone()));
                }
                Change::Drop(Object::Constraint { table, value }) => {
                    let name = value.name().map(str::to_owned);
                    all.extend(name.map(|name| Part::Constraint(table.clone(), name)));
                }
                Change::Rename(Renamed::Column { table, from, to }) => {
                    let renamed = self.renamed.entry(table).or_default();
                    renamed.extend([&**from, &**to]);
                }
                _ => {}
            }
        }
        for signature in all.iter().filter_map(|part| match part {
            Part::Routine(signature) => Some(signature),
            _ => None,
        }) {
            self.routines.insert(signature.clone());
        }
        let is_code = |part: &&Part| matches!(part, Part::Operator(_) | Part::Cast(_));
        self.code.extend(all.iter().filter(is_code).cloned());
        for name in self.renamed().views.keys() {
            if !views::stays(self.transition, name) {
                self.views.insert(name.clone());
                all.push(Part::Relation(name.clone()));
            }
        }
        all
    }

    /// Returns whether `ALTER DOMAIN` can make a change. It adds no constraint to a domain that an
    /// array or another type contains in a table
    /// (<https://www.postgresql.org/docs/current/sql-alterdomain.html>, "Notes").
    fn can_alter_domain(&self, name: &Name, from: &Domain, to: &Domain) -> bool {
        let restricts = to.checks.iter().any(|check| !from.checks.contains(check))
            || from.nullable && !to.nullable;
        let of = Part::Type(name.clone());
        let is_contained = || {
            let mut dependents = self.needs.iter().filter(|(_, needed)| needed.contains(&of));
            dependents.any(|(part, _)| match part {
                Part::Type(_) => true,
                Part::Column(table, column) => {
                    let table = self.renamed().tables.get(table);
                    let column = table.and_then(|table| table.column(column));
                    column.is_some_and(|column| column.sql_type.ends_with("[]"))
                }
                _ => false,
            })
        };
        from.sql_type == to.sql_type
            && from.collation == to.collation
            && !(restricts && is_contained())
    }

    /// Returns the views over renamed tables and columns, and drops the triggers, policies and rules
    /// that mention a renamed column. PostgreSQL updates their texts, but those of the new schema can
    /// have other names of results.
    fn speak_of_renamed(&mut self) -> Vec<Part> {
        let tables: BTreeSet<&Name> = self
            .transition
            .after_renames
            .tables
            .iter()
            .flat_map(|(old, new)| [old, new])
            .collect();
        let is_renamed = |part: &Part| match part {
            Part::Column(table, column) => {
                let columns = self.renamed.get(table);
                columns.is_some_and(|columns| columns.contains(&**column)) || tables.contains(table)
            }
            part => part.relation().is_some_and(|name| tables.contains(name)),
        };
        let speaking = self
            .needs
            .iter()
            .filter(|(_, needed)| needed.iter().any(is_renamed));
        let speaking: Vec<Part> = speaking.map(|(part, _)| part.clone()).collect();
        let mut all = Vec::new();
        for part in speaking {
            match &part {
                Part::Relation(name) if self.renamed().views.contains_key(name) => {
                    self.views.insert(name.clone());
                    all.push(part);
                }
                Part::Trigger(table, _) | Part::Policy(table, _) | Part::Rule(table, _)
                    if self.renamed.contains_key(table) =>
                {
                    self.parts.insert(part);
                }
                _ => {}
            }
        }
        all
    }

    /// Finds all that must be dropped or recreated with some parts.
    fn dependents(&mut self, mut waiting: Vec<Part>) {
        let mut dependents: BTreeMap<Part, Vec<Part>> = BTreeMap::new();
        let mut of_columns: BTreeMap<Name, Vec<Part>> = BTreeMap::new();
        for (part, needed) in &self.needs {
            for other in needed {
                if let Part::Column(relation, _) = other {
                    let all = of_columns.entry(relation.clone()).or_default();
                    all.push(part.clone());
                }
                dependents
                    .entry(other.clone())
                    .or_default()
                    .push(part.clone());
            }
        }
        // What mentions an attribute blocks its drop; what has a value of the type does not.
        for name in std::mem::take(&mut self.shrunk) {
            let of = Part::Type(name);
            for dependent in dependents.get(&of).into_iter().flatten() {
                if !matches!(dependent, Part::Column(..) | Part::Type(_)) {
                    waiting.extend(self.hit(dependent, &of));
                }
            }
        }
        let mut seen: BTreeSet<(Part, bool)> = BTreeSet::new();
        while let Some(part) = waiting.pop() {
            let is_rebuilt = match &part {
                Part::Column(table, column) => self.is_rebuilt(table, column),
                _ => false,
            };
            if !seen.insert((part.clone(), is_rebuilt)) {
                continue;
            }
            // Of a table or view, the columns alone can be mentioned.
            let by_columns = match &part {
                Part::Relation(name) => of_columns.get(name),
                _ => None,
            };
            let all = dependents.get(&part).into_iter().chain(by_columns);
            for dependent in all.flatten() {
                waiting.extend(self.hit(dependent, &part));
            }
        }
    }

    /// Takes in a part that depends on a dropped, recreated or altered one; returns what of it others
    /// may depend on.
    fn hit(&mut self, part: &Part, by: &Part) -> Option<Part> {
        let renamed = self.renamed();
        match part {
            Part::Type(name) => {
                self.types.insert(name.clone());
                return Some(part.clone());
            }
            Part::Routine(signature) => {
                self.routines.insert(signature.clone());
                return Some(part.clone());
            }
            Part::Operator(_) | Part::Cast(_) => {
                self.code.insert(part.clone());
                return Some(part.clone());
            }
            _ => {}
        }
        let relation = part.relation()?;
        if renamed.views.contains_key(relation) {
            self.views.insert(relation.clone());
            return Some(Part::Relation(relation.clone()));
        }
        let (table, before) = renamed.tables.get_key_value(relation)?;
        let after = self.transition.to.tables.get(table)?;
        if self.tables.contains(table) {
            return None;
        }
        let of_own_column = |column: &str| *by == Part::Column(table.clone(), column.to_owned());
        match part {
            Part::Column(_, column) | Part::Default(_, column) => {
                let column = before.column(column)?;
                after.column(&column.name)?;
                let is_default = matches!(part, Part::Default(..));
                match &column.generated {
                    Some(_) if is_default && of_own_column(&column.name) => None,
                    Some(_) => {
                        self.rebuilt.entry(table).or_default().insert(&column.name);
                        Some(Part::Column(table.clone(), column.name.clone()))
                    }
                    None if is_default => {
                        self.parts.insert(part.clone());
                        None
                    }
                    None => {
                        self.retyped.entry(table).or_default().insert(&column.name);
                        Some(part.clone())
                    }
                }
            }
            Part::Constraint(_, name) => {
                let all = Constraint::all(before);
                let goes = match all.iter().find(|it| it.name() == Some(name))? {
                    Constraint::Check(_) | Constraint::Exclusion(..) => true,
                    Constraint::PrimaryKey(_) | Constraint::Unique(_) => self.cannot_keep_index(by),
                    Constraint::ForeignKey(_) => false,
                };
                goes.then(|| self.parts.insert(part.clone()));
                goes.then(|| part.clone())
            }
            Part::Index(_, name) => {
                let index = before.indexes.get(name)?;
                let computes =
                    index.predicate.is_some() || index.parts.iter().any(|part| part.expression);
                let is_plain = matches!(by, Part::Column(..)) && !computes;
                if !is_plain || self.cannot_keep_index(by) {
                    self.parts.insert(part.clone());
                }
                None
            }
            Part::Trigger(..) | Part::Policy(..) | Part::Rule(..) => {
                self.parts.insert(part.clone());
                None
            }
            Part::Relation(_)
            | Part::Type(_)
            | Part::Routine(_)
            | Part::Operator(_)
            | Part::Cast(_) => None,
        }
    }

    /// Returns whether a part is a column that no index can be kept over: it is rebuilt, or its
    /// values are texts meanwhile.
    fn cannot_keep_index(&self, part: &Part) -> bool {
        match part {
            Part::Column(table, column) => {
                self.is_rebuilt(table, column) || self.is_text_meanwhile(table, column)
            }
            _ => false,
        }
    }

    /// Returns whether a range type is recreated. It cannot wait under another name, as its functions
    /// keep theirs, so the values of its columns are texts meanwhile.
    pub(super) fn is_recreated_range(&self, name: &Name) -> bool {
        let of = self.renamed().types.get(name);
        self.types.contains(name) && of.is_some_and(|of| of.definition.starts_with("AS RANGE"))
    }

    pub(super) fn is_text_meanwhile(&self, table: &Name, column: &str) -> bool {
        let part = Part::Column(table.clone(), column.to_owned());
        let mut needed = self.needs.get(&part).into_iter().flatten();
        needed.any(|part| matches!(part, Part::Type(name) if self.is_recreated_range(name)))
    }

    /// Returns the tables that exist all the time, in their form before the changes.
    pub(super) fn surviving(&self) -> impl Iterator<Item = (&'a Name, &'a Table)> + use<'a> {
        let to = self.transition.to;
        let gone = self.tables.clone();
        self.renamed()
            .tables
            .iter()
            .filter(move |(name, _)| to.tables.contains_key(*name) && !gone.contains(name))
    }

    fn is_among(columns: &Columns<'_>, table: &Name, column: &str) -> bool {
        columns
            .get(table)
            .is_some_and(|columns| columns.contains(column))
    }

    pub(super) fn is_retyped(&self, table: &Name, column: &str) -> bool {
        Self::is_among(&self.retyped, table, column)
    }

    pub(super) fn is_rebuilt(&self, table: &Name, column: &str) -> bool {
        Self::is_among(&self.rebuilt, table, column)
    }

    /// Returns whether a part of a table must be dropped meanwhile.
    pub(super) fn part(&self, part: &Part) -> bool {
        self.parts.contains(part)
    }

    /// Returns whether a constraint must be dropped meanwhile.
    pub(super) fn constraint(&self, table: &Name, constraint: &Constraint) -> bool {
        match (constraint, constraint.name()) {
            (Constraint::ForeignKey(key), _) => self.foreign_key(table, key),
            (_, Some(name)) => self.part(&Part::Constraint(table.clone(), name.to_owned())),
            (_, None) => false,
        }
    }

    /// Returns whether a foreign key must be dropped while a column or key changes on either side.
    fn foreign_key(&self, table: &Name, key: &ForeignKey) -> bool {
        let changed = |table: &Name, columns: &[String]| {
            columns
                .iter()
                .any(|column| self.is_retyped(table, column) || self.is_rebuilt(table, column))
        };
        let same = |columns: &[String]| {
            let (one, other): (BTreeSet<_>, BTreeSet<_>) =
                (columns.iter().collect(), key.references.iter().collect());
            one == other
        };
        let target_goes = || {
            self.transition.changes.iter().any(|change| match change {
                Change::Drop(Object::Constraint {
                    table,
                    value: Constraint::PrimaryKey(of) | Constraint::Unique(of),
                }) => *table == key.table && same(&of.columns),
                Change::Drop(Object::Index {
                    table,
                    value: index,
                    ..
                }) => {
                    let columns: Vec<String> =
                        index.parts.iter().map(|part| part.over.clone()).collect();
                    *table == key.table && index.unique && same(&columns)
                }
                _ => false,
            })
        };
        self.tables.contains(&key.table)
            || changed(table, &key.columns)
            || changed(&key.table, &key.references)
            || target_goes()
    }

    /// Returns whether a default must be dropped meanwhile.
    pub(super) fn default(&self, table: &Name, column: &Column) -> bool {
        column.default.is_some()
            && (self.is_retyped(table, &column.name)
                || self.part(&Part::Default(table.clone(), column.name.clone())))
    }
}

/// Returns whether an enum only gains values and keeps the order of the others.
pub(super) fn only_adds(from: &Enum, to: &Enum) -> bool {
    let mut rest = to.values.iter();
    from.values
        .iter()
        .all(|value| rest.any(|other| other == value))
}

/// Returns whether `CREATE OR REPLACE` accepts the new definition: the result, and the names and
/// defaults of the arguments, come before the language.
fn is_replaceable(from: &str, to: &str) -> bool {
    let head = |definition: &str| {
        let end = definition.find("\n LANGUAGE").unwrap_or(definition.len());
        definition[..end].to_owned()
    };
    from.starts_with("CREATE OR REPLACE") && head(from) == head(to)
}
