//! The difference of two schemas of one dialect.

pub(crate) mod after_renames;
pub(crate) mod change;
pub(crate) mod order;
pub(crate) mod reconcile;
pub(crate) mod renames;

use std::collections::{BTreeMap, BTreeSet};

use self::order::Item;
use crate::ddl::definition;
use crate::diff::after_renames::Base;
use crate::diff::change::{Change, Constraint, Kind};
use crate::diff::renames::Renames;
use crate::schema::text::Words;
use crate::schema::{Index, Name, Schema, Table};
use migrate_core::Dialect;

/// Two schemas, and what leads from one to the other.
pub(crate) struct Task<'a> {
    /// What there is.
    pub(crate) from: &'a Schema,
    /// What there shall be.
    pub(crate) to: &'a Schema,
    /// What there is after all renames.
    pub(crate) base: Base<'a>,
    /// What is to be done, renames first, then what goes, then what comes.
    pub(crate) changes: Vec<Change>,
}

/// Returns what leads from one schema to another, in an order in which it can be done.
///
/// Both are of the same dialect and as the database itself writes them. What differs is compared as
/// it is: nothing is guessed, and what is not in `renames` goes and comes. The order of a table's
/// columns alone is no difference: a database cannot change it without writing the table anew.
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
    Task::new(from, to, renames).changes
}

impl<'a> Task<'a> {
    pub(crate) fn new(from: &'a Schema, to: &'a Schema, renames: &Renames) -> Self {
        let base = Base::new(from, to, renames);
        let mut changes = Changes::default();
        changes.schema(&base, to);
        let changes = changes.ordered(&base, to);
        Self {
            from,
            to,
            base,
            changes,
        }
    }
}

#[derive(Default)]
struct Changes {
    all: Vec<Change>,
}

impl Changes {
    fn schema(&mut self, base: &Base<'_>, to: &Schema) {
        let from: &Schema = &base.schema;
        for (old, new) in &base.tables {
            self.all.push(Change::RenameTable {
                from: old.clone(),
                to: new.clone(),
            });
        }
        for (table, columns) in &base.columns {
            for (old, new) in columns {
                self.all.push(Change::RenameColumn {
                    table: table.clone(),
                    from: old.clone(),
                    to: new.clone(),
                });
            }
        }
        for (name, before, after) in both(&from.tables, &to.tables) {
            match (before, after) {
                (Some(before), Some(after)) if before == after => {}
                (Some(before), Some(after)) if is_another(to.dialect, before, after) => {
                    self.all.push(Change::DropTable {
                        name: name.clone(),
                        table: Box::new(before.clone()),
                    });
                    self.all.push(Change::CreateTable {
                        name: name.clone(),
                        table: Box::new(after.clone()),
                    });
                }
                (Some(before), Some(after)) => self.table(name, before, after),
                (Some(before), None) => self.all.push(Change::DropTable {
                    name: name.clone(),
                    table: Box::new(before.clone()),
                }),
                (None, Some(after)) => self.all.push(Change::CreateTable {
                    name: name.clone(),
                    table: Box::new(after.clone()),
                }),
                (None, None) => {}
            }
        }
        for (name, before, after) in both(&from.views, &to.views) {
            match (before.cloned(), after.cloned()) {
                (Some(from), Some(to)) if from == to => {}
                (Some(from), Some(to)) => self.all.push(Change::AlterView {
                    name: name.clone(),
                    from,
                    to,
                }),
                (Some(view), None) => self.all.push(Change::DropView {
                    name: name.clone(),
                    view,
                }),
                (None, Some(view)) => self.all.push(Change::CreateView {
                    name: name.clone(),
                    view,
                }),
                (None, None) => {}
            }
        }
        for (name, before, after) in both(&from.sequences, &to.sequences) {
            match (before.cloned(), after.cloned()) {
                (Some(from), Some(to)) if from == to => {}
                (Some(from), Some(to)) => self.all.push(Change::AlterSequence {
                    name: name.clone(),
                    from,
                    to,
                }),
                (Some(sequence), None) => self.all.push(Change::DropSequence {
                    name: name.clone(),
                    sequence,
                }),
                (None, Some(sequence)) => self.all.push(Change::CreateSequence {
                    name: name.clone(),
                    sequence,
                }),
                (None, None) => {}
            }
        }
        for (name, before, after) in both(&from.enums, &to.enums) {
            match (before.cloned(), after.cloned()) {
                (Some(from), Some(to)) if from == to => {}
                (Some(from), Some(to)) => self.all.push(Change::AlterEnum {
                    name: name.clone(),
                    from,
                    to,
                }),
                (Some(values), None) => self.all.push(Change::DropEnum {
                    name: name.clone(),
                    values,
                }),
                (None, Some(values)) => self.all.push(Change::CreateEnum {
                    name: name.clone(),
                    values,
                }),
                (None, None) => {}
            }
        }
        self.definitions(
            Kind::Schema,
            None,
            &definition::schemas(from),
            &definition::schemas(to),
        );
        self.definitions(
            Kind::Extension,
            None,
            &definition::extensions(from),
            &definition::extensions(to),
        );
        for kind in definition::EARLY {
            let (before, after) = (definition::early(from, kind), definition::early(to, kind));
            self.definitions(kind, None, &before, &after);
        }
        self.definitions(
            Kind::Domain,
            None,
            &definition::domains(from),
            &definition::domains(to),
        );
        self.definitions(
            Kind::Type,
            None,
            &definition::types(from),
            &definition::types(to),
        );
        self.definitions(
            Kind::Routine,
            None,
            &definition::routines(from),
            &definition::routines(to),
        );
    }

    fn definitions(
        &mut self,
        kind: Kind,
        on: Option<&Name>,
        before: &BTreeMap<String, String>,
        after: &BTreeMap<String, String>,
    ) {
        for (name, before, after) in both(before, after) {
            let (name, on) = (name.clone(), on.cloned());
            match (before.cloned(), after.cloned()) {
                (Some(from), Some(to)) if from == to => {}
                (Some(from), Some(to)) => self.all.push(Change::Alter {
                    kind,
                    on,
                    name,
                    from,
                    to,
                }),
                (Some(definition), None) => self.all.push(Change::Drop {
                    kind,
                    on,
                    name,
                    definition,
                }),
                (None, Some(definition)) => self.all.push(Change::Create {
                    kind,
                    on,
                    name,
                    definition,
                }),
                (None, None) => {}
            }
        }
    }

    fn table(&mut self, name: &Name, before: &Table, after: &Table) {
        for column in &before.columns {
            match after.column(&column.name) {
                None => self.all.push(Change::DropColumn {
                    table: name.clone(),
                    column: column.clone(),
                }),
                Some(new) if new == column => {}
                Some(new) => self.all.push(Change::AlterColumn {
                    table: name.clone(),
                    from: Box::new(column.clone()),
                    to: Box::new(new.clone()),
                }),
            }
        }
        for column in &after.columns {
            if before.column(&column.name).is_none() {
                self.all.push(Change::AddColumn {
                    table: name.clone(),
                    column: column.clone(),
                });
            }
        }
        self.constraints(name, before, after);
        self.indexes(name, &before.indexes, &after.indexes);
        self.definitions(Kind::Trigger, Some(name), &before.triggers, &after.triggers);
        self.definitions(Kind::Policy, Some(name), &before.policies, &after.policies);
        self.definitions(Kind::Rule, Some(name), &before.rules, &after.rules);
        for (option, from, to) in both(&options(before), &options(after)) {
            if from != to {
                self.all.push(Change::AlterTable {
                    table: name.clone(),
                    option: option.clone(),
                    from: from.cloned(),
                    to: to.cloned(),
                });
            }
        }
    }

    fn constraints(&mut self, name: &Name, before: &Table, after: &Table) {
        let mut gone = constraints(before);
        let mut new = constraints(after);
        new.retain(|constraint| {
            let same = gone.iter().position(|old| old == constraint);
            same.map(|at| gone.remove(at)).is_none()
        });
        // What has another name, and is otherwise the same.
        gone.retain(|old| {
            let same = new
                .iter()
                .position(|new| new.named(None) == old.named(None));
            let Some(at) = same else {
                return true;
            };
            self.all.push(Change::RenameConstraint {
                table: name.clone(),
                from: old.clone(),
                to: new.remove(at),
            });
            false
        });
        self.all
            .extend(gone.into_iter().map(|constraint| Change::DropConstraint {
                table: name.clone(),
                constraint,
            }));
        self.all
            .extend(new.into_iter().map(|constraint| Change::AddConstraint {
                table: name.clone(),
                constraint,
            }));
    }

    fn indexes(
        &mut self,
        table: &Name,
        before: &BTreeMap<String, Index>,
        after: &BTreeMap<String, Index>,
    ) {
        let mut gone: BTreeMap<&String, &Index> = before
            .iter()
            .filter(|(name, index)| after.get(*name) != Some(index))
            .collect();
        for (name, index) in after {
            if before.get(name) == Some(index) {
                continue;
            }
            let same = gone.iter().find_map(|(old, other)| {
                // Another name, while the old one is free and the new one was.
                let moved =
                    *other == index && !after.contains_key(*old) && !before.contains_key(name);
                moved.then_some(*old)
            });
            if let Some(old) = same {
                gone.remove(old);
                self.all.push(Change::RenameIndex {
                    table: table.clone(),
                    from: old.clone(),
                    to: name.clone(),
                });
            } else {
                self.all.push(Change::CreateIndex {
                    table: table.clone(),
                    name: name.clone(),
                    index: index.clone(),
                });
            }
        }
        for (name, index) in gone {
            self.all.push(Change::DropIndex {
                table: table.clone(),
                name: name.clone(),
                index: index.clone(),
            });
        }
    }

    /// Sorts them: what depends on something goes before it, and comes after it.
    fn ordered(mut self, base: &Base<'_>, to: &Schema) -> Vec<Change> {
        let (mut dropped, mut created) = (BTreeSet::new(), BTreeSet::new());
        for change in &self.all {
            match change {
                Change::DropTable { name, .. } => dropped.insert(name.clone()),
                Change::CreateTable { name, .. } => created.insert(name.clone()),
                _ => false,
            };
        }
        let gone = creation_order(&base.schema, |name| dropped.contains(name));
        let new = creation_order(to, |name| created.contains(name));
        let place = |change: &Change| -> usize {
            let of =
                |order: &BTreeMap<Name, usize>, name: &Name| order.get(name).copied().unwrap_or(0);
            match change {
                Change::DropTable { name, .. } => gone.0.len() - of(&gone.0, name),
                Change::CreateTable { name, .. } => of(&new.0, name),
                Change::DropView { name, .. } => gone.1.len() - of(&gone.1, name),
                Change::CreateView { name, .. } | Change::AlterView { name, .. } => {
                    of(&new.1, name)
                }
                _ => 0,
            }
        };
        self.all.sort_by_key(|change| (rank(change), place(change)));
        self.all
    }
}

/// Says whether a table cannot become the other: what it is made of cannot be changed.
pub(crate) fn is_another(dialect: Dialect, before: &Table, after: &Table) -> bool {
    let fixed: &[&str] = match dialect {
        // The module of a virtual table.
        Dialect::Sqlite => &["USING"],
        Dialect::Postgres => &["PARTITION BY", "SERVER"],
        Dialect::MySql => &[],
    };
    fixed
        .iter()
        .any(|word| before.options.get(*word) != after.options.get(*word))
}

/// Returns the places of tables and views in the order in which they can be made.
fn creation_order(
    schema: &Schema,
    wanted: impl Fn(&Name) -> bool,
) -> (BTreeMap<Name, usize>, BTreeMap<Name, usize>) {
    let tables: Vec<&Name> = schema.tables.keys().filter(|name| wanted(name)).collect();
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
pub(crate) fn needed_tables(table: &Table) -> impl Iterator<Item = &Name> {
    let parts = table.partition_of.iter().map(|part| &part.table);
    let keys = table.foreign_keys.iter().map(|key| &key.table);
    keys.chain(&table.inherits).chain(parts)
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

/// Returns where a kind of change stands.
const fn rank(change: &Change) -> u8 {
    match change {
        Change::RenameTable { .. } => 0,
        Change::RenameColumn { .. } => 1,
        Change::Drop { kind, .. } => match kind {
            Kind::Trigger | Kind::Policy | Kind::Rule => 2,
            Kind::Routine => 9,
            Kind::Domain => 53,
            Kind::Type => 54,
            Kind::Configuration => 55,
            Kind::Dictionary | Kind::Collation => 56,
            Kind::Extension => 57,
            Kind::Schema => 58,
        },
        Change::DropView { .. } => 3,
        Change::DropConstraint {
            constraint: Constraint::ForeignKey(_),
            ..
        } => 4,
        Change::DropConstraint { .. } => 5,
        Change::DropIndex { .. } => 6,
        Change::DropTable { .. } => 7,
        Change::DropColumn { .. } => 8,
        Change::Create { kind, .. } | Change::Alter { kind, .. } => match kind {
            Kind::Schema => 10,
            Kind::Extension | Kind::Collation | Kind::Dictionary | Kind::Configuration => 11,
            Kind::Type => 13,
            Kind::Domain => 14,
            Kind::Routine => 16,
            Kind::Trigger => 47,
            Kind::Policy => 48,
            Kind::Rule => 49,
        },
        Change::CreateEnum { .. } | Change::AlterEnum { .. } => 12,
        Change::CreateSequence { .. } | Change::AlterSequence { .. } => 15,
        Change::CreateTable { .. } => 20,
        Change::AlterTable { .. } => 21,
        Change::AddColumn { .. } => 22,
        Change::AlterColumn { .. } => 23,
        Change::RenameConstraint { .. } => 30,
        Change::RenameIndex { .. } => 31,
        Change::AddConstraint {
            constraint: Constraint::ForeignKey(_),
            ..
        } => 34,
        Change::AddConstraint { .. } => 32,
        Change::CreateIndex { .. } => 33,
        Change::CreateView { .. } | Change::AlterView { .. } => 45,
        Change::DropSequence { .. } => 50,
        Change::DropEnum { .. } => 55,
    }
}

/// Returns the constraints of a table.
pub(crate) fn constraints(table: &Table) -> Vec<Constraint> {
    let key = table
        .primary_key
        .iter()
        .cloned()
        .map(Constraint::PrimaryKey);
    let uniques = table.uniques.iter().cloned().map(Constraint::Unique);
    let checks = table.checks.iter().cloned().map(Constraint::Check);
    let exclusions = table
        .exclusions
        .iter()
        .map(|(name, definition)| Constraint::Exclusion(name.clone(), definition.clone()));
    let foreign_keys = table
        .foreign_keys
        .iter()
        .cloned()
        .map(Constraint::ForeignKey);
    key.chain(uniques)
        .chain(checks)
        .chain(exclusions)
        .chain(foreign_keys)
        .collect()
}

/// Returns what is compared of a table besides its parts.
fn options(table: &Table) -> BTreeMap<String, String> {
    let mut options = table.options.clone();
    if let Some(comment) = &table.comment {
        options.insert("COMMENT".to_owned(), comment.clone());
    }
    if !table.inherits.is_empty() {
        let names: Vec<String> = table.inherits.iter().map(ToString::to_string).collect();
        options.insert("INHERITS".to_owned(), names.join(", "));
    }
    if let Some(part) = &table.partition_of {
        options.insert(
            "PARTITION OF".to_owned(),
            format!("{} {}", part.table, part.bounds),
        );
    }
    options
}

/// Iterates over the names of two maps, with what each has there.
fn both<'a, K: Ord, V>(
    before: &'a BTreeMap<K, V>,
    after: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let names: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .map(|name| (name, before.get(name), after.get(name)))
}
