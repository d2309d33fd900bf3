//! What a change of a table does to those below it: partitions, and children by `INHERITS`.
//!
//! `ALTER TABLE` changes a column in all of them unless `ONLY` is written, which not every change
//! accepts (<https://www.postgresql.org/docs/current/sql-altertable.html>, "Notes").

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Column, Name, Schema};

/// The tables that are below others before and after, with their columns on both sides.
pub(super) struct Inheritance<'a> {
    before: &'a Schema,
    after: &'a Schema,
    parents: BTreeMap<&'a Name, Vec<&'a Name>>,
    children: BTreeMap<&'a Name, Vec<&'a Name>>,
}

/// What of a column can differ between a table and those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Default,
    Nullable,
}

impl<'a> Inheritance<'a> {
    /// Takes the schema after all renames and the one to reach, and the tables that are dropped.
    pub(super) fn new(before: &'a Schema, after: &'a Schema, gone: &BTreeSet<&Name>) -> Self {
        let mut parents: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
        let mut children: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
        let survives = |name: &Name| !gone.contains(name) && after.tables.contains_key(name);
        for (name, table) in &before.tables {
            let Some(now) = after.tables.get(name).filter(|_| survives(name)) else {
                continue;
            };
            for parent in table.parents().filter(|parent| survives(parent)) {
                if now.parents().any(|other| other == parent) {
                    parents.entry(name).or_default().push(parent);
                    children.entry(parent).or_default().push(name);
                }
            }
        }
        Self {
            before,
            after,
            parents,
            children,
        }
    }

    /// Returns the parents of a table.
    fn parents(&self, table: &Name) -> impl Iterator<Item = &'a Name> {
        self.parents.get(table).into_iter().flatten().copied()
    }

    /// Returns how many tables are above a table, at most.
    pub(super) fn depth(&self, table: &Name) -> usize {
        let depths = self.parents(table).map(|parent| self.depth(parent) + 1);
        depths.max().unwrap_or(0)
    }

    /// Returns whether tables are below it.
    pub(super) fn has_children(&self, table: &Name) -> bool {
        self.children.contains_key(table)
    }

    /// Returns whether the type of the column is set with that of a table above.
    pub(super) fn is_typed_above(
        &self,
        table: &Name,
        column: &str,
        is_retyped: impl Fn(&Name) -> bool,
    ) -> bool {
        self.parents(table).any(|parent| {
            let (before, _) = self.column(parent, column);
            before.is_some() && is_retyped(parent)
        })
    }

    fn descendants(&self, table: &Name) -> BTreeSet<&'a Name> {
        let mut all = BTreeSet::new();
        let mut waiting: Vec<&Name> = self.children.get(table).cloned().unwrap_or_default();
        while let Some(name) = waiting.pop() {
            if all.insert(name) {
                waiting.extend(self.children.get(name).into_iter().flatten().copied());
            }
        }
        all
    }

    /// Returns a column before and after.
    fn column(&self, table: &Name, column: &str) -> (Option<&'a Column>, Option<&'a Column>) {
        let find = |schema: &'a Schema| schema.tables.get(table)?.column(column);
        (find(self.before), find(self.after))
    }

    /// Returns whether all tables below have the same before and after, so that one statement does
    /// for all.
    fn is_shared(&self, table: &Name, column: &str, own: Own) -> bool {
        let of = |table: &Name| {
            let (before, after) = self.column(table, column);
            let value = |column: &'a Column| match own {
                Own::Default => (column.default.as_ref(), true),
                Own::Nullable => (None, column.nullable),
            };
            (before.map(value), after.map(value))
        };
        let descendants = self.descendants(table);
        descendants.iter().all(|name| of(name) == of(table))
    }

    fn is_partitioned(&self, table: &Name) -> bool {
        let table = self.before.tables.get(table);
        table.is_some_and(|table| table.options.has("PARTITION BY"))
    }

    /// Returns whether a statement about a column must leave the tables below alone.
    pub(super) fn only(&self, table: &Name, column: &str, own: Own) -> bool {
        let descends = |is: fn(&Column) -> bool| {
            let descendants = self.descendants(table);
            let mut after = descendants.iter().map(|name| self.column(name, column).1);
            after.all(|column| column.is_some_and(is))
        };
        // PostgreSQL 18 wants it in all below.
        let (_, after) = self.column(table, column);
        let in_all = after.is_some_and(|after| !after.nullable) && descends(|it| !it.nullable);
        let forced = own == Own::Nullable && (self.is_partitioned(table) || in_all);
        self.children.contains_key(table) && !forced && !self.is_shared(table, column, own)
    }

    /// Returns whether the column comes to or leaves the table with that of one above.
    pub(super) fn follows(&self, table: &Name, column: &Column) -> bool {
        let (before, after) = self.column(table, &column.name);
        self.parents(table).any(|parent| {
            let (above_before, above_after) = self.column(parent, &column.name);
            let comes = before.is_none() && above_before.is_none() && above_after.is_some();
            let leaves = after.is_none() && above_before.is_some() && above_after.is_none();
            comes || leaves && self.is_from_above(table, column)
        })
    }

    /// Returns whether the column is of a table above alone.
    pub(super) fn is_from_above(&self, table: &Name, column: &Column) -> bool {
        let before = self.before.tables.get(table);
        let is_partition = before.is_some_and(|table| table.partition_of.is_some());
        is_partition || column.inherited.0
    }

    /// Returns the column as the changes of the tables above leave it. `is_set_again` names the
    /// columns whose type or default is set again though it has the same text.
    pub(super) fn left(
        &self,
        table: &Name,
        from: &Column,
        to: &Column,
        is_set_again: impl Fn(&Name) -> bool,
    ) -> Column {
        let mut left = from.clone();
        for parent in self.parents(table) {
            let (Some(before), Some(after)) = self.column(parent, &from.name) else {
                continue;
            };
            if is_set_again(parent) || before.sql_type != after.sql_type {
                left.sql_type.clone_from(&to.sql_type);
            }
            if before.collation != after.collation {
                left.collation.clone_from(&to.collation);
            }
            if (is_set_again(parent) || before.default != after.default)
                && self.is_shared(parent, &from.name, Own::Default)
            {
                left.default.clone_from(&to.default);
            }
            if before.nullable != after.nullable && !self.only(parent, &from.name, Own::Nullable) {
                // PostgreSQL 18 leaves what is the table's own as well.
                left.nullable =
                    after.nullable && (from.nullable || from.state.is_not_null_inherited);
            }
            if before.generated != after.generated {
                left.generated.clone_from(&to.generated);
            }
            if before.identity == from.identity && after.identity == to.identity {
                left.identity = to.identity;
                left.sequence_options.clone_from(&to.sequence_options);
            }
            if before.options.get("STORAGE") != after.options.get("STORAGE") {
                left.options.remove("STORAGE");
                if let Some(value) = to.options.get("STORAGE") {
                    left.options.add("STORAGE", value.clone());
                }
            }
        }
        left
    }

    /// Returns the column that a table above brings along, if the column is new.
    pub(super) fn brought(&self, table: &Name, column: &str) -> Option<Column> {
        self.parents(table).find_map(|parent| {
            let (None, Some(after)) = self.column(parent, column) else {
                return None;
            };
            Some(Column {
                comment: None,
                ..after.clone()
            })
        })
    }
}
