//! What models had said of a schema when they were last accepted.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::Dialect;

use crate::diff::renames::{Rename, Renames};
use crate::schema::text::renamed;
use crate::schema::{Name, Schema, Table};

/// What the models of an application had said when a revision was last written of them.
///
/// What models do not say stays as the chain made it. So a thing goes only where a model had said it
/// before: this is the memory of that. schema.lock carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modelled {
    /// The tables that had a model.
    pub tables: BTreeMap<Name, ModelledTable>,
    /// The values of the enums that are types of PostgreSQL.
    pub enums: BTreeMap<Name, Vec<String>>,
}

/// What a model had said of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelledTable {
    /// The fields, by their columns.
    pub columns: BTreeMap<String, ModelledColumn>,
    /// Whether it said what the primary key is, beyond the convention.
    pub primary_key: bool,
    /// The unique constraints by their columns, each with which of its properties it said.
    pub uniques: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// The foreign keys by their columns and the table that they reference, likewise.
    pub foreign_keys: BTreeMap<(Vec<String>, Name), BTreeSet<String>>,
    /// The expressions of the checks, as the database writes them.
    pub checks: BTreeSet<String>,
    /// The names of the indexes.
    pub indexes: BTreeSet<String>,
    /// Whether it had a comment.
    pub comment: bool,
    /// The keywords of the table's options.
    pub options: BTreeSet<String>,
}

/// What a model had said of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelledColumn {
    /// The type, in the model's words; `None` if the field's type is not known.
    pub sql_type: Option<String>,
    /// The values of its enum, where a check or the column's type keeps them.
    pub values: Vec<String>,
    /// Whether it was never NULL.
    pub not_null: bool,
    /// Whether it said a default, or that there is none.
    pub default: bool,
    /// Whether it said how the column is computed.
    pub generated: bool,
    /// Whether it said how the column is numbered, beyond the convention.
    pub identity: bool,
    /// Whether it said a collation.
    pub collation: bool,
    /// Whether it said what an update sets it to.
    pub on_update: bool,
    /// Whether it said a comment.
    pub comment: bool,
}

impl Modelled {
    /// Returns whether nothing was ever accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.enums.is_empty()
    }

    /// Returns the same with the names after some renames.
    #[must_use]
    pub fn after(&self, renames: &Renames, dialect: Dialect) -> Self {
        let mut after = self.clone();
        for rename in renames.iter() {
            if let Rename::Table { from, to } = rename
                && let Some(table) = after.tables.remove(from)
            {
                after.tables.insert(to.clone(), table);
            }
        }
        for table in after.tables.values_mut() {
            let keys = std::mem::take(&mut table.foreign_keys);
            let new = |name: Name| {
                let to = renames.tables().find(|(from, _)| **from == name);
                to.map_or(name, |(_, to)| to.clone())
            };
            let keys = keys
                .into_iter()
                .map(|((of, name), says)| ((of, new(name)), says));
            table.foreign_keys = keys.collect();
        }
        let mut columns: BTreeMap<&Name, BTreeMap<String, String>> = BTreeMap::new();
        for (table, from, to) in renames.columns() {
            let of = columns.entry(table).or_default();
            of.insert(from.clone(), to.clone());
        }
        for (name, columns) in columns {
            if let Some(table) = after.tables.get_mut(name) {
                table.rename(&columns, dialect);
            }
        }
        after
    }

    /// Adds what is said elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.enums.extend(other.enums);
        for (name, table) in other.tables {
            self.tables.entry(name).or_default().extend(table);
        }
    }

    /// Returns what is to be remembered when a revision is written that leads from one schema to
    /// another: what the models say now, and what they had said of all that it changes. So it is
    /// found again if the revision is deleted.
    #[must_use]
    pub fn remembered(self, now: Self, from: &Schema, to: &Schema) -> Self {
        let mut remembered = now;
        for (name, values) in self.enums {
            let before = from.enums.get(&name);
            if before.is_some() && before != to.enums.get(&name) {
                remembered.enums.insert(name, values);
            }
        }
        for (name, old) in self.tables {
            let Some(from) = from.tables.get(&name) else {
                continue;
            };
            let nothing = Table::default();
            let to = to.tables.get(&name).unwrap_or(&nothing);
            let table = remembered.tables.entry(name).or_default();
            table.remember(old, from, to);
        }
        remembered
    }
}

impl ModelledTable {
    fn extend(&mut self, other: Self) {
        for (name, column) in other.columns {
            let own = self.columns.entry(name).or_default();
            own.add(&column);
            own.sql_type = column.sql_type;
            own.values = column.values;
        }
        self.primary_key |= other.primary_key;
        extend(&mut self.uniques, other.uniques);
        extend(&mut self.foreign_keys, other.foreign_keys);
        self.checks.extend(other.checks);
        self.indexes.extend(other.indexes);
        self.comment |= other.comment;
        self.options.extend(other.options);
    }

    /// Adds what was said of what changes from one table to another.
    fn remember(&mut self, mut old: Self, from: &Table, to: &Table) {
        for (name, column) in old.columns {
            let Some(before) = from.column(&name) else {
                continue;
            };
            let after = to.column(&name);
            let kept = (!column.values.is_empty()).then(|| column.values.clone());
            if let Some(values) = kept
                && (after != Some(before) || from.checks != to.checks)
            {
                self.columns.entry(name.clone()).or_default().values = values;
            }
            if after != Some(before) {
                let own = self.columns.entry(name).or_default();
                own.add(&column);
                if after.is_none_or(|after| after.sql_type != before.sql_type) {
                    own.sql_type = column.sql_type;
                }
            }
        }
        self.primary_key |= old.primary_key && from.primary_key != to.primary_key;
        old.uniques.retain(|columns, _| {
            let of = |table: &Table| {
                let mut keys = table.uniques.iter();
                keys.find(|key| key.columns == *columns).cloned()
            };
            of(from).is_some() && of(from) != of(to)
        });
        extend(&mut self.uniques, old.uniques);
        old.foreign_keys.retain(|(columns, name), _| {
            let of = |table: &Table| {
                let mut keys = table.foreign_keys.iter();
                keys.find(|key| key.columns == *columns && key.table == *name)
                    .cloned()
            };
            of(from).is_some() && of(from) != of(to)
        });
        extend(&mut self.foreign_keys, old.foreign_keys);
        old.checks.retain(|text| {
            let has = |table: &Table| table.checks.iter().any(|check| check.expression == *text);
            has(from) && !has(to)
        });
        self.checks.extend(old.checks);
        let gone =
            |name: &String| from.indexes.contains_key(name) && !to.indexes.contains_key(name);
        old.indexes.retain(gone);
        self.indexes.extend(old.indexes);
        self.comment |= old.comment && from.comment != to.comment;
        old.options
            .retain(|word| from.options.get(word) != to.options.get(word));
        self.options.extend(old.options);
    }

    fn rename(&mut self, columns: &BTreeMap<String, String>, dialect: Dialect) {
        let new = |name: String| columns.get(&name).cloned().unwrap_or(name);
        let all = |names: Vec<String>| names.into_iter().map(new).collect::<Vec<_>>();
        let own = std::mem::take(&mut self.columns);
        self.columns = own.into_iter().map(|(name, of)| (new(name), of)).collect();
        let own = std::mem::take(&mut self.uniques);
        self.uniques = own.into_iter().map(|(of, says)| (all(of), says)).collect();
        let own = std::mem::take(&mut self.foreign_keys);
        let own = own.into_iter();
        self.foreign_keys = own
            .map(|((of, table), says)| ((all(of), table), says))
            .collect();
        let own = std::mem::take(&mut self.checks);
        let text = |text: String| renamed(dialect, &text, columns);
        self.checks = own.into_iter().map(text).collect();
    }
}

fn extend<K: Ord>(into: &mut BTreeMap<K, BTreeSet<String>>, more: BTreeMap<K, BTreeSet<String>>) {
    for (key, says) in more {
        into.entry(key).or_default().extend(says);
    }
}

impl ModelledColumn {
    /// Adds what another one says, but for the type.
    fn add(&mut self, other: &Self) {
        self.not_null |= other.not_null;
        self.default |= other.default;
        self.generated |= other.generated;
        self.identity |= other.identity;
        self.collation |= other.collation;
        self.on_update |= other.on_update;
        self.comment |= other.comment;
    }
}
