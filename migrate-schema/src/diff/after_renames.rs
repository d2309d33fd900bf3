//! The schema after all renames.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::diff::order;
use crate::diff::renames::Renames;
use crate::schema::text::{Words, renamed, same_name};
use crate::schema::{IndexPart, Name, Schema, Table, View};
use migrate_core::Dialect;

/// A schema after all renames, and nothing else.
pub(crate) struct AfterRenames<'a> {
    /// The schema: what it has in common with the new one has the same name in both.
    pub(crate) schema: Cow<'a, Schema>,
    /// The renames of tables, step by step.
    pub(crate) tables: Vec<(Name, Name)>,
    /// The renames of columns by the new name of their table, step by step.
    pub(crate) columns: BTreeMap<Name, Vec<(String, String)>>,
}

/// Returns a schema after renames: what it has in common with another one has the same name in both.
#[must_use]
pub fn after_renames(from: &Schema, to: &Schema, renames: &Renames) -> Schema {
    AfterRenames::new(from, to, renames).schema.into_owned()
}

impl<'a> AfterRenames<'a> {
    pub(crate) fn new(from: &'a Schema, to: &Schema, renames: &Renames) -> Self {
        let mut base = AfterRenames {
            schema: Cow::Borrowed(from),
            tables: Vec::new(),
            columns: BTreeMap::new(),
        };
        let mut tables: BTreeMap<Name, Name> = renames
            .tables()
            .filter(|(old, new)| {
                old != new && from.tables.contains_key(old) && to.tables.contains_key(new)
            })
            .map(|(old, new)| (old.clone(), new.clone()))
            .collect();
        // A table whose name is needed, and that is not renamed itself, gets a free name.
        for new in tables.values().cloned().collect::<Vec<_>>() {
            if from.tables.contains_key(&new) && !tables.contains_key(&new) {
                let free = free_name(&new.name, |name| {
                    let name = Name {
                        name: name.to_owned(),
                        ..new.clone()
                    };
                    from.tables.contains_key(&name) || to.tables.contains_key(&name)
                });
                let free = Name {
                    name: free,
                    ..new.clone()
                };
                tables.insert(new, free);
            }
        }
        if from.dialect == Dialect::Sqlite {
            tables.extend(in_other_case(from, to, &tables));
        }
        let mut columns: BTreeMap<Name, BTreeMap<String, String>> = BTreeMap::new();
        let old_name = |new: &Name| -> Option<Name> {
            let renamed = tables.iter().find(|(_, to)| *to == new);
            match renamed {
                Some((from, _)) => Some(from.clone()),
                None => (!tables.contains_key(new)).then(|| new.clone()),
            }
        };
        for (table, old, new) in renames.columns() {
            let before = old_name(table).and_then(|name| from.tables.get(&name));
            let after = to.tables.get(table);
            if let (Some(before), Some(after)) = (before, after)
                && old != new
                && before.column(old).is_some()
                && after.column(new).is_some()
            {
                columns
                    .entry(table.clone())
                    .or_default()
                    .insert(old.clone(), new.clone());
            }
        }
        if from.dialect != Dialect::Postgres {
            for (name, after) in &to.tables {
                let Some(before) = old_name(name).and_then(|name| from.tables.get(&name)) else {
                    continue;
                };
                for (old, new) in columns_in_other_case(before, after) {
                    let said = columns.entry(name.clone()).or_default();
                    if !said.contains_key(&old) && !said.values().any(|other| *other == new) {
                        said.insert(old, new);
                    }
                }
            }
            columns.retain(|_, columns| !columns.is_empty());
        }
        for (table, columns) in &mut columns {
            let before = old_name(table).and_then(|name| from.tables.get(&name));
            let taken = |name: &str| {
                before.is_some_and(|before| before.column(name).is_some())
                    || to.tables[table].column(name).is_some()
            };
            for new in columns.values().cloned().collect::<Vec<_>>() {
                let is_there = before.is_some_and(|before| before.column(&new).is_some());
                if is_there && !columns.contains_key(&new) {
                    let free = free_name(&new, taken);
                    columns.insert(new, free);
                }
            }
            let pairs: Vec<_> = columns.clone().into_iter().collect();
            let steps = order::renames(&pairs, |name| {
                free_name(name, |name| {
                    taken(name) || columns.values().any(|other| other == name)
                })
            });
            base.columns.insert(table.clone(), steps);
        }
        if !tables.is_empty() || !columns.is_empty() {
            let names = Names {
                dialect: from.dialect,
                tables: &tables,
                columns: &columns,
            };
            base.schema = Cow::Owned(names.schema(from));
        }
        let pairs: Vec<_> = tables.clone().into_iter().collect();
        base.tables = order::renames(&pairs, |name| Name {
            name: free_name(&name.name, |free| {
                let free = Name {
                    name: free.to_owned(),
                    ..name.clone()
                };
                from.tables.contains_key(&free)
                    || to.tables.contains_key(&free)
                    || tables.values().any(|other| *other == free)
            }),
            ..name.clone()
        });
        base
    }
}

/// The tables whose names differ in case only: to SQLite they are the same.
fn in_other_case(from: &Schema, to: &Schema, said: &BTreeMap<Name, Name>) -> Vec<(Name, Name)> {
    let small: BTreeMap<String, &Name> = to
        .tables
        .keys()
        .filter(|name| {
            !from.tables.contains_key(*name) && !said.values().any(|other| other == *name)
        })
        .map(|name| (name.name.to_ascii_lowercase(), name))
        .collect();
    from.tables
        .keys()
        .filter(|name| !to.tables.contains_key(*name) && !said.contains_key(*name))
        .filter_map(|name| {
            let same = small.get(&name.name.to_ascii_lowercase())?;
            Some((name.clone(), (*same).clone()))
        })
        .collect()
}

/// The columns whose names differ in case only: to SQLite and MySQL they are the same.
fn columns_in_other_case(before: &Table, after: &Table) -> Vec<(String, String)> {
    let gone = before
        .columns
        .iter()
        .filter(|column| after.column(&column.name).is_none());
    gone.filter_map(|column| {
        let same = after.columns.iter().find(|other| {
            other.name.eq_ignore_ascii_case(&column.name) && before.column(&other.name).is_none()
        })?;
        Some((column.name.clone(), same.name.clone()))
    })
    .collect()
}

/// Makes a name that is not taken, for a while.
pub(crate) fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    // PostgreSQL cuts names to 63 bytes, MySQL to 64 characters.
    let mut end = name.len().min(50);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let beginning = &name[..end];
    let mut free = format!("{beginning}__old");
    let mut turn = 2;
    while taken(&free) {
        free = format!("{beginning}__old{turn}");
        turn += 1;
    }
    free
}

/// The names that change.
struct Names<'a> {
    dialect: Dialect,
    tables: &'a BTreeMap<Name, Name>,
    /// By the table's new name.
    columns: &'a BTreeMap<Name, BTreeMap<String, String>>,
}

impl Names<'_> {
    fn table_name(&self, name: &Name) -> Name {
        self.tables.get(name).unwrap_or(name).clone()
    }

    fn column_name(&self, table: &Name, name: &str) -> String {
        let columns = self.columns.get(table);
        let new = columns.and_then(|columns| columns.get(name));
        new.map_or(name, String::as_str).to_owned()
    }

    /// Renames tables and columns in a text.
    fn text(&self, text: &str) -> String {
        let words = Words::of(text);
        let mut names = BTreeMap::new();
        for (from, to) in self.tables {
            names.insert(from.name.clone(), to.name.clone());
        }
        for (table, columns) in self.columns {
            let old = self.tables.iter().find(|(_, to)| *to == table);
            let old = old.map_or(table, |(from, _)| from);
            if words.mention(&old.name) {
                names.extend(columns.clone());
            }
        }
        match names.keys().any(|name| words.mention(name)) {
            true => renamed(self.dialect, text, &names),
            false => text.to_owned(),
        }
    }

    fn texts(&self, texts: &mut BTreeMap<String, String>) {
        for text in texts.values_mut() {
            *text = self.text(text);
        }
    }

    fn schema(&self, from: &Schema) -> Schema {
        let mut schema = from.clone();
        schema.tables = from
            .tables
            .iter()
            .map(|(old, table)| {
                let new = self.table_name(old);
                let mut table = table.clone();
                self.given_names(old, &new, &mut table);
                self.not_null_names(from, old, &new, &mut table);
                self.table(&new, &mut table);
                (new, table)
            })
            .collect();
        for view in schema.views.values_mut() {
            self.view(view);
        }
        for sequence in schema.sequences.values_mut() {
            if let Some((table, column)) = &mut sequence.owned_by {
                *table = self.table_name(table);
                *column = self.column_name(table, column);
            }
        }
        schema
    }

    /// MySQL renames constraints that it named itself along with their table
    /// (MySQL manual, "RENAME TABLE Statement").
    fn given_names(&self, old: &Name, new: &Name, table: &mut Table) {
        if self.dialect != Dialect::MySql || old == new {
            return;
        }
        let rename = |name: &mut Option<String>, word: &str| {
            let number = name
                .as_ref()
                .and_then(|name| name.strip_prefix(&format!("{}_{word}_", old.name)));
            if let Some(number) = number {
                *name = Some(format!("{}_{word}_{number}", new.name));
            }
        };
        for key in &mut table.foreign_keys {
            rename(&mut key.name, "ibfk");
        }
        for check in &mut table.checks {
            rename(&mut check.name, "chk");
        }
    }

    /// PostgreSQL keeps the names of the constraints of `NOT NULL`, in which those of their table and
    /// column usually are.
    fn not_null_names(&self, from: &Schema, old: &Name, new: &Name, table: &mut Table) {
        if !from.state.names_not_null {
            return;
        }
        for column in &mut table.columns {
            if column.nullable || from.not_null_above(old, column).is_some() {
                continue;
            }
            let kept = from.not_null_name(old, column);
            let usual = format!(
                "{}_{}_not_null",
                new.name,
                self.column_name(new, &column.name)
            );
            match kept == usual {
                true => drop(column.options.remove("CONSTRAINT")),
                false => column.options.insert("CONSTRAINT", kept),
            }
        }
    }

    fn view(&self, view: &mut View) {
        view.definition = self.text(&view.definition);
        self.texts(&mut view.triggers);
        self.texts(&mut view.rules);
    }

    fn table(&self, name: &Name, table: &mut Table) {
        for key in &mut table.foreign_keys {
            key.table = self.table_name(&key.table);
            for column in &mut key.references {
                *column = self.column_name(&key.table, column);
            }
        }
        for parent in &mut table.inherits {
            *parent = self.table_name(parent);
        }
        if let Some(part) = &mut table.partition_of {
            part.table = self.table_name(&part.table);
        }
        self.texts(&mut table.triggers);
        self.texts(&mut table.policies);
        self.texts(&mut table.rules);
        let Some(columns) = self.columns.get(name) else {
            return;
        };
        let column_names = |names: &mut Vec<String>| {
            for name in names {
                *name = self.column_name_in(columns, name);
            }
        };
        let text = |text: &mut String| *text = renamed(self.dialect, text, columns);
        for column in &mut table.columns {
            column.name = self.column_name_in(columns, &column.name);
            if let Some(generated) = &mut column.generated {
                text(&mut generated.expression);
            }
        }
        for key in table.primary_key.iter_mut().chain(&mut table.uniques) {
            column_names(&mut key.columns);
            column_names(&mut key.include);
            key.qualifiers = std::mem::take(&mut key.qualifiers)
                .into_iter()
                .map(|(column, what)| (self.column_name_in(columns, &column), what))
                .collect();
        }
        for key in &mut table.foreign_keys {
            column_names(&mut key.columns);
        }
        for check in &mut table.checks {
            text(&mut check.expression);
        }
        for index in table.indexes.values_mut() {
            for IndexPart {
                over, expression, ..
            } in &mut index.parts
            {
                match expression {
                    true => text(over),
                    false => *over = self.column_name_in(columns, over),
                }
            }
            column_names(&mut index.include);
            if let Some(predicate) = &mut index.predicate {
                text(predicate);
            }
        }
        for exclusion in table.exclusions.values_mut() {
            text(exclusion);
        }
        // They are sorted by what has just changed.
        table.uniques.sort();
        table.foreign_keys.sort();
        table.checks.sort();
    }

    fn column_name_in(&self, columns: &BTreeMap<String, String>, name: &str) -> String {
        columns
            .iter()
            .find(|(from, _)| same_name(self.dialect, from, name))
            .map_or(name, |(_, to)| to)
            .to_owned()
    }
}
