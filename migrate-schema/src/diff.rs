//! The difference of two schemas of one dialect.

pub(crate) mod after_renames;
pub(crate) mod change;
pub(crate) mod order;
pub(crate) mod reconcile;
pub(crate) mod renames;

use std::collections::{BTreeMap, BTreeSet};

use self::after_renames::AfterRenames;
use self::change::{Change, Constraint, Object, Renamed};
use self::order::Item;
use self::renames::Renames;
use crate::schema::text::Words;
use crate::schema::{Column, Index, Name, ObjectRef, OptionValue, Routine, Schema, Table};
use migrate_core::Dialect;

/// Two schemas, and what leads from one to the other.
pub(crate) struct Transition<'a> {
    /// The schema before.
    pub(crate) from: &'a Schema,
    /// The schema to reach.
    pub(crate) to: &'a Schema,
    /// The schema before, after all renames.
    pub(crate) after_renames: AfterRenames<'a>,
    /// The changes: renames first, then drops, then the rest.
    pub(crate) changes: Vec<Change>,
}

/// Returns what leads from one schema to another, in an order in which it can be done.
///
/// Both are of the same dialect, and as the database itself writes them. Nothing is guessed: what is
/// not in `renames` is dropped and created. A different order of a table's columns alone is no
/// difference, as a database cannot change it without rewriting the table.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Column, Name, Renames, Schema, Table, diff};
///
/// let before = Schema::empty(Dialect::Postgres);
/// let mut after = before.clone();
/// let id = Column { name: "id".to_owned(), sql_type: "bigint".to_owned(), ..Column::default() };
/// after.tables.insert(Name::plain("users"), Table { columns: vec![id], ..Table::default() });
///
/// let changes = diff(&before, &after, &Renames::none());
/// assert_eq!(changes[0].to_string(), "create table `users`");
/// assert!(diff(&after, &after, &Renames::none()).is_empty());
/// ```
#[must_use]
pub fn diff(from: &Schema, to: &Schema, renames: &Renames) -> Vec<Change> {
    Transition::new(from, to, renames).changes
}

impl<'a> Transition<'a> {
    pub(crate) fn new(from: &'a Schema, to: &'a Schema, renames: &Renames) -> Self {
        let after_renames = AfterRenames::new(from, to, renames);
        let mut changes = Changes(Vec::new());
        changes.renames(&after_renames);
        changes.objects(&after_renames.schema, to);
        let changes = changes.ordered(&after_renames.schema, to);
        Self {
            from,
            to,
            after_renames,
            changes,
        }
    }
}

/// Collects changes.
struct Changes(Vec<Change>);

impl Changes {
    fn create(&mut self, object: impl Into<Object>) {
        self.0.push(Change::Create(object.into()));
    }

    fn drop(&mut self, object: impl Into<Object>) {
        self.0.push(Change::Drop(object.into()));
    }

    fn alter(&mut self, from: impl Into<Object>, to: impl Into<Object>) {
        let (from, to) = (from.into(), to.into());
        self.0.push(Change::Alter { from, to });
    }

    fn rename(&mut self, renamed: Renamed) {
        self.0.push(Change::Rename(renamed));
    }

    fn renames(&mut self, renamed: &AfterRenames<'_>) {
        for (old, new) in &renamed.tables {
            self.rename(Renamed::Table {
                from: old.clone(),
                to: new.clone(),
            });
        }
        for (table, columns) in &renamed.columns {
            for (old, new) in columns {
                self.rename(Renamed::Column {
                    table: table.clone(),
                    from: old.clone(),
                    to: new.clone(),
                });
            }
        }
    }

    fn objects(&mut self, from: &Schema, to: &Schema) {
        for object in from.objects() {
            match (object, to.find(object)) {
                (_, None) => self.drop(object),
                (ObjectRef::Table(_, before), Some(ObjectRef::Table(_, after)))
                    if must_recreate(to.dialect, before, after) =>
                {
                    self.drop(object);
                }
                (_, Some(_)) => {}
            }
        }
        for object in to.objects() {
            match (from.find(object), object) {
                (None, _) => self.create(object),
                (Some(before), _) if before.is_same(to.dialect, object) => {}
                (Some(ObjectRef::Table(_, before)), ObjectRef::Table(name, after)) => {
                    match must_recreate(to.dialect, before, after) {
                        true => self.create(object),
                        false => self.table(name, before, after),
                    }
                }
                (Some(before), _) => self.alter(before, object),
            }
        }
    }

    fn table(&mut self, name: &Name, before: &Table, after: &Table) {
        let object = |column: &Column| Object::Column {
            table: name.clone(),
            value: Box::new(column.clone()),
        };
        for column in &before.columns {
            match after.column(&column.name) {
                None => self.drop(object(column)),
                Some(new) if new == column => {}
                Some(new) => self.alter(object(column), object(new)),
            }
        }
        for column in &after.columns {
            if before.column(&column.name).is_none() {
                self.create(object(column));
            }
        }
        self.constraints(name, before, after);
        self.indexes(name, &before.indexes, &after.indexes);
        self.parts(&before.triggers, &after.triggers, |trigger, value| {
            Object::Trigger {
                table: name.clone(),
                name: trigger.to_owned(),
                value: value.clone(),
            }
        });
        self.parts(&before.policies, &after.policies, |policy, value| {
            Object::Policy {
                table: name.clone(),
                name: policy.to_owned(),
                value: value.clone(),
            }
        });
        self.parts(&before.rules, &after.rules, |rule, value| Object::Rule {
            table: name.clone(),
            name: rule.to_owned(),
            value: value.clone(),
        });
        self.parts(&options(before), &options(after), |option, value| {
            Object::Option {
                table: name.clone(),
                name: option.to_owned(),
                value: value.clone(),
            }
        });
    }

    fn parts<V: PartialEq>(
        &mut self,
        before: &BTreeMap<String, V>,
        after: &BTreeMap<String, V>,
        object: impl Fn(&str, &V) -> Object,
    ) {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            match (before.get(name), after.get(name)) {
                (Some(from), Some(to)) if from == to => {}
                (Some(from), Some(to)) => self.alter(object(name, from), object(name, to)),
                (Some(from), None) => self.drop(object(name, from)),
                (None, Some(to)) => self.create(object(name, to)),
                (None, None) => {}
            }
        }
    }

    fn constraints(&mut self, name: &Name, before: &Table, after: &Table) {
        let mut old = Constraint::all(before);
        let mut new = Constraint::all(after);
        new.retain(|constraint| {
            let same = old.iter().position(|old| old == constraint);
            same.map(|at| old.remove(at)).is_none()
        });
        // Constraints that differ in their name alone are renamed.
        old.retain(|old| {
            let same = new
                .iter()
                .position(|new| new.named(None) == old.named(None));
            let Some(at) = same else {
                return true;
            };
            self.rename(Renamed::Constraint {
                table: name.clone(),
                from: old.clone(),
                to: new.remove(at),
            });
            false
        });
        let object = |value: Constraint| Object::Constraint {
            table: name.clone(),
            value,
        };
        for constraint in old {
            self.drop(object(constraint));
        }
        for constraint in new {
            self.create(object(constraint));
        }
    }

    fn indexes(
        &mut self,
        table: &Name,
        before: &BTreeMap<String, Index>,
        after: &BTreeMap<String, Index>,
    ) {
        let object = |name: &str, index: &Index| Object::Index {
            table: table.clone(),
            name: name.to_owned(),
            value: Box::new(index.clone()),
        };
        let mut dropped: BTreeMap<&String, &Index> = before
            .iter()
            .filter(|(name, index)| after.get(*name) != Some(index))
            .collect();
        for (name, index) in after {
            if before.get(name) == Some(index) {
                continue;
            }
            let same = dropped.iter().find_map(|(old, other)| {
                // A rename needs a new name that was free, and leaves the old one free.
                let moved =
                    *other == index && !after.contains_key(*old) && !before.contains_key(name);
                moved.then_some(*old)
            });
            if let Some(old) = same {
                dropped.remove(old);
                self.rename(Renamed::Index {
                    table: table.clone(),
                    from: old.clone(),
                    to: name.clone(),
                });
            } else {
                self.create(object(name, index));
            }
        }
        for (name, index) in dropped {
            self.drop(object(name, index));
        }
    }

    /// Sorts the changes: a dependent is dropped before what it depends on, and created after it.
    fn ordered(mut self, from: &Schema, to: &Schema) -> Vec<Change> {
        let (mut dropped, mut created) = (BTreeSet::new(), BTreeSet::new());
        for change in &self.0 {
            match change {
                Change::Drop(Object::Table { name, .. }) => dropped.insert(name.clone()),
                Change::Create(Object::Table { name, .. }) => created.insert(name.clone()),
                _ => false,
            };
        }
        let old = creation_order(from, |name| dropped.contains(name));
        let new = creation_order(to, |name| created.contains(name));
        let of = |order: &BTreeMap<Name, usize>, name: &Name| order.get(name).copied().unwrap_or(0);
        let place = |change: &Change| -> usize {
            match change {
                Change::Drop(Object::Table { name, .. }) => old.0.len() - of(&old.0, name),
                Change::Drop(Object::View { name, .. }) => old.1.len() - of(&old.1, name),
                Change::Create(Object::Table { name, .. }) => of(&new.0, name),
                Change::Create(Object::View { name, .. })
                | Change::Alter {
                    to: Object::View { name, .. },
                    ..
                } => of(&new.1, name),
                _ => 0,
            }
        };
        self.0.sort_by_key(|change| (rank(change), place(change)));
        self.0
    }
}

impl ObjectRef<'_> {
    /// Returns whether another object of the same kind is the same, as far as SQL can make it so.
    pub(crate) fn is_same(self, dialect: Dialect, other: ObjectRef<'_>) -> bool {
        match (self, other) {
            (ObjectRef::Routine(_, before), ObjectRef::Routine(_, after)) => {
                // Elsewhere the comment is part of the statement.
                let comment = |of: &Routine| match dialect {
                    Dialect::Postgres => of.comment.clone(),
                    Dialect::MySql | Dialect::Sqlite => None,
                };
                before.statement() == after.statement() && comment(before) == comment(after)
            }
            // What an extension requires is a fact about the extension.
            (ObjectRef::Extension(_, before), ObjectRef::Extension(_, after)) => {
                before.schema == after.schema
            }
            (before, after) => before == after,
        }
    }
}

/// Returns whether no `ALTER TABLE` turns `before` into `after` (the module of a virtual table,
/// PostgreSQL's `PARTITION BY` or server), so that the table is dropped and created.
pub(crate) fn must_recreate(dialect: Dialect, before: &Table, after: &Table) -> bool {
    let fixed: &[&str] = match dialect {
        // The module of a virtual table.
        Dialect::Sqlite => &["USING"],
        Dialect::Postgres => &["PARTITION BY", "SERVER"],
        Dialect::MySql => &[],
    };
    fixed
        .iter()
        .any(|word| before.options.get(word) != after.options.get(word))
}

/// Returns the places of tables and views in the order in which they can be made.
fn creation_order(
    schema: &Schema,
    includes: impl Fn(&Name) -> bool,
) -> (BTreeMap<Name, usize>, BTreeMap<Name, usize>) {
    let tables: Vec<&Name> = schema.tables.keys().filter(|name| includes(name)).collect();
    let places: BTreeMap<&Name, usize> = tables
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, at))
        .collect();
    let needs: Vec<BTreeSet<usize>> = tables
        .iter()
        .enumerate()
        .map(|(at, name)| {
            needed_tables(&schema.tables[*name])
                .filter_map(|name| places.get(name))
                .copied()
                .filter(|other| *other != at)
                .collect()
        })
        .collect();
    let tables = order::by_needs(&needs)
        .into_iter()
        .enumerate()
        .map(|(place, at)| (tables[at].clone(), place))
        .collect();
    (tables, view_order(schema))
}

/// Returns the tables that another needs to be there.
fn needed_tables(table: &Table) -> impl Iterator<Item = &Name> {
    let keys = table.foreign_keys.iter().map(|key| &key.table);
    keys.chain(table.parents())
}

/// Returns the places of the views in the order in which they can be made.
pub(crate) fn view_order(schema: &Schema) -> BTreeMap<Name, usize> {
    let items: Vec<Item<&Name>> = schema
        .views
        .iter()
        .map(|(name, view)| Item {
            key: name,
            name: name.name.clone(),
            words: Words::of(&view.definition),
        })
        .collect();
    order::by_mention(&items)
        .into_iter()
        .enumerate()
        .map(|(place, at)| (items[at].key.clone(), place))
        .collect()
}

/// Returns the place of a change among the others.
const fn rank(change: &Change) -> u8 {
    match change {
        Change::Rename(renamed) => match renamed {
            Renamed::Table { .. } => 0,
            Renamed::Column { .. } => 1,
            Renamed::Constraint { .. } => 30,
            Renamed::Index { .. } => 31,
        },
        Change::Drop(object) => match object {
            Object::Trigger { .. }
            | Object::Policy { .. }
            | Object::Rule { .. }
            | Object::Event { .. }
            | Object::Publication { .. }
            | Object::EventTrigger { .. }
            | Object::Statistics { .. } => 2,
            Object::View { .. } => 3,
            Object::Constraint {
                value: Constraint::ForeignKey(_),
                ..
            } => 4,
            Object::Constraint { .. } => 5,
            Object::Index { .. } => 6,
            Object::Table { .. } => 7,
            Object::Column { .. } => 8,
            Object::Routine { .. } | Object::Operator { .. } | Object::Cast { .. } => 9,
            Object::Option { .. } => 21,
            Object::Sequence { .. } => 50,
            Object::Domain { .. } => 53,
            Object::Type { .. } => 54,
            Object::Enum { .. } => 55,
            Object::Configuration { .. } => 56,
            Object::Collation { .. } => 57,
            Object::Dictionary { .. } => 58,
            Object::Server { .. } => 58,
            Object::Wrapper { .. } | Object::Extension { .. } => 59,
            Object::Schema { .. } => 60,
        },
        Change::Create(object) | Change::Alter { to: object, .. } => match object {
            Object::Schema { .. } => 10,
            Object::Extension { .. } => 11,
            Object::Wrapper { .. } | Object::Server { .. } | Object::Collation { .. } => 12,
            Object::Dictionary { .. } => 13,
            Object::Configuration { .. } => 14,
            Object::Enum { .. } => 15,
            Object::Type { .. } => 16,
            Object::Domain { .. } => 17,
            Object::Sequence { .. } => 18,
            Object::Routine { .. } | Object::Operator { .. } | Object::Cast { .. } => 19,
            Object::Table { .. } => 20,
            Object::Option { .. } => 21,
            Object::Column { .. } => match change {
                Change::Create(_) => 22,
                _ => 23,
            },
            Object::Constraint {
                value: Constraint::ForeignKey(_),
                ..
            } => 34,
            Object::Constraint { .. } => 32,
            Object::Index { .. } => 33,
            Object::View { .. } => 45,
            Object::Trigger { .. } => 47,
            Object::Policy { .. } => 48,
            Object::Rule { .. } => 49,
            Object::Statistics { .. } => 46,
            Object::Event { .. } => 50,
            Object::Publication { .. } | Object::EventTrigger { .. } => 51,
        },
    }
}

/// Returns the options of a table and what is compared as one.
fn options(table: &Table) -> BTreeMap<String, OptionValue> {
    let mut options = table.options.clone();
    if let Some(comment) = &table.comment {
        options.insert("COMMENT", comment.as_str());
    }
    if !table.inherits.is_empty() {
        let names: Vec<String> = table.inherits.iter().map(ToString::to_string).collect();
        options.insert("INHERITS", names.join(", "));
    }
    if let Some(partition) = &table.partition_of {
        let text = format!("{} {}", partition.table, partition.bounds);
        options.insert("PARTITION OF", text);
    }
    options.into_iter().collect()
}
