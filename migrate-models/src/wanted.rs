//! The schema that models want of a chain which makes another one.
//!
//! What a model says counts. What it does not say stays as the chain made it, unless a model had
//! said it before: then it goes.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Diagnostic, Dialect};
use migrate_schema::{
    Check, Column, Deferrable, Enum, ForeignKey, Index, Key, Modelled, ModelledColumn,
    ModelledTable, Name, Renames, Schema, Table, after_renames, listed, mentions,
};

use super::Models;
use super::build::{Built, SaidOfTable};
use super::constraint::{DEFERRABLE, ON_DELETE, ON_UPDATE, set_of};
use super::values::{self, same_expression};

/// The models beside the schema that the chain makes.
pub struct Beside {
    built: Built,
    /// The values of the enums in the models.
    enums: BTreeMap<Name, Vec<String>>,
    /// The names that tables have before the renames, by those after.
    names: BTreeMap<Name, Name>,
    /// What the models had said before, after the renames.
    before: Modelled,
    renames: Renames,
}

impl Models {
    /// Puts the models beside the schema that the chain makes; `before` is what they had said when
    /// they were last accepted.
    ///
    /// # Errors
    ///
    /// A new column has a type that the dialect has no column for, or a key names a column that is
    /// not there.
    pub fn beside(
        &self,
        chain: &Schema,
        before: &Modelled,
        renames: &Renames,
    ) -> Result<Beside, Vec<Diagnostic>> {
        let before = before.after(renames, chain.dialect);
        let there = after_renames(chain, &self.names(chain.dialect), renames);
        let mut built = self.built(&there, &before)?;
        let enums = built.schema.enums.iter();
        let enums = enums.map(|(name, own)| (name.clone(), own.values.clone()));
        let enums = enums.collect();
        for (name, own) in &mut built.schema.enums {
            if let Some(there) = there.enums.get(name) {
                let before = before.enums.get(name).map_or(&[][..], Vec::as_slice);
                own.values = values::wanted(&own.values, &there.values, before);
            }
        }
        let new = built
            .schema
            .tables
            .keys()
            .filter_map(|name| name.schema.clone());
        let new: Vec<String> = new
            .filter(|schema| chain.dialect == Dialect::Postgres && schema != "public")
            .filter(|schema| !chain.schemas.contains_key(schema))
            .collect();
        built
            .schema
            .schemas
            .extend(new.into_iter().map(|name| (name, None)));
        let names = renames.iter().filter_map(|rename| match rename {
            migrate_schema::Rename::Table { from, to } => Some((to.clone(), from.clone())),
            migrate_schema::Rename::Column { .. } => None,
        });
        Ok(Beside {
            names: names.collect(),
            enums,
            built,
            before,
            renames: renames.clone(),
        })
    }

    /// Returns the tables and columns of the models, and nothing else of them.
    #[must_use]
    pub fn names(&self, dialect: Dialect) -> Schema {
        let mut schema = Schema::empty(dialect);
        for (name, model) in self.tables() {
            let columns = model.columns().map(|column| Column {
                name: column.to_owned(),
                ..Column::default()
            });
            let table = Table {
                columns: columns.collect(),
                ..Table::default()
            };
            schema.tables.insert(name.clone(), table);
        }
        schema
    }
}

impl Beside {
    /// Returns the tables of a schema that the models describe, by the names that they have there.
    #[must_use]
    pub fn described<'a>(&self, chain: &'a Schema) -> Vec<&'a Name> {
        let of_models = self.built.schema.tables.keys();
        let names = of_models.flat_map(|name| [Some(name), self.names.get(name)]);
        let names: BTreeSet<&Name> = names.flatten().collect();
        let tables = chain.tables.keys();
        tables.filter(|name| names.contains(name)).collect()
    }

    /// Returns the tables of the models and what they need that the chain does not make.
    #[must_use]
    pub fn needed(&self, chain: &Schema) -> Schema {
        let mut schema = self.built.schema.clone();
        schema
            .enums
            .retain(|name, _| !chain.enums.contains_key(name));
        schema
    }

    /// Returns the values that enums of the chain lack.
    #[must_use]
    pub fn new_values<'a>(&'a self, chain: &Schema) -> Vec<(&'a Name, &'a String)> {
        let mut all = Vec::new();
        for (name, own) in &self.built.schema.enums {
            if let Some(there) = chain.enums.get(name) {
                let new = own
                    .values
                    .iter()
                    .filter(|value| !there.values.contains(value));
                all.extend(new.map(|value| (name, value)));
            }
        }
        all
    }

    /// Returns the schema that the models want of a database that has another one; `spelled` are
    /// their tables as the database writes them. Returns also what they say now.
    #[must_use]
    pub fn wanted(&self, spelled: &Schema, there: &Schema) -> (Schema, Modelled) {
        let dialect = there.dialect;
        let there = after_renames(there, &self.built.schema, &self.renames);
        let mut wanted = there.clone();
        let mut said = Modelled {
            enums: self.enums.clone(),
            ..Modelled::default()
        };
        wanted.schemas.extend(self.built.schema.schemas.clone());
        for (name, own) in &self.built.schema.enums {
            let comment = there
                .enums
                .get(name)
                .and_then(|there| there.comment.clone());
            let own = Enum {
                comment,
                ..own.clone()
            };
            wanted.enums.insert(name.clone(), own);
        }
        for (name, words) in &self.built.schema.tables {
            let (Some(spelled), Some(facts)) =
                (spelled.tables.get(name), self.built.said.get(name))
            else {
                continue;
            };
            let nothing = ModelledTable::default();
            let merge = Merge {
                dialect,
                words,
                spelled,
                facts,
                before: self.before.tables.get(name).unwrap_or(&nothing),
            };
            let (table, now) = match there.tables.get(name) {
                Some(there) => merge.onto(there),
                None => (spelled.clone(), merge.said(spelled)),
            };
            let fillers = facts.fillers.iter();
            let fillers =
                fillers.map(|(column, value)| ((name.clone(), column.clone()), value.clone()));
            wanted.state.fillers.extend(fillers);
            wanted.tables.insert(name.clone(), table);
            said.tables.insert(name.clone(), now);
        }
        self.drop_tables(&mut wanted);
        let used = |name: &Name, wanted: &Schema| {
            let columns = wanted.tables.values().flat_map(|table| &table.columns);
            let types = columns.map(|column| column.sql_type.as_str());
            let types = types.chain(wanted.domains.values().map(|it| it.sql_type.as_str()));
            let types = types.chain(wanted.types.values().map(|it| it.definition.as_str()));
            let routines = wanted
                .routines
                .values()
                .filter_map(|it| it.definition.as_deref());
            let views = wanted.views.values().map(|view| view.definition.as_str());
            let mut all = types.chain(routines).chain(views);
            all.any(|text| mentions(text, &name.name))
        };
        let gone: Vec<Name> = self
            .before
            .enums
            .keys()
            .filter(|name| !self.built.schema.enums.contains_key(*name))
            .filter(|name| !used(name, &wanted))
            .cloned()
            .collect();
        wanted.enums.retain(|name, _| !gone.contains(name));
        (wanted, said)
    }

    /// Drops the tables that had a model and have none, with what goes with them.
    fn drop_tables(&self, wanted: &mut Schema) {
        let own = &self.built.schema.tables;
        let had = self.before.tables.keys();
        let mut gone: BTreeSet<Name> = had
            .filter(|name| !own.contains_key(*name) && wanted.tables.contains_key(*name))
            .cloned()
            .collect();
        loop {
            let parts = wanted.tables.iter().filter(|(name, table)| {
                let part = table.partition_of.as_ref();
                !gone.contains(*name) && part.is_some_and(|part| gone.contains(&part.table))
            });
            let parts: Vec<Name> = parts.map(|(name, _)| name.clone()).collect();
            if parts.is_empty() {
                break;
            }
            gone.extend(parts);
        }
        wanted.tables.retain(|name, _| !gone.contains(name));
        for table in wanted.tables.values_mut() {
            table.inherits.retain(|parent| !gone.contains(parent));
            table.foreign_keys.retain(|key| !gone.contains(&key.table));
        }
        let tables = &wanted.tables;
        wanted.sequences.retain(|_, sequence| {
            sequence.owned_by.as_ref().is_none_or(|(table, column)| {
                tables
                    .get(table)
                    .is_some_and(|table| table.column(column).is_some())
            })
        });
    }
}

const INCLUDE: &str = "include";
const NULLS: &str = "nulls-not-distinct";

/// Returns which properties of a unique constraint a model says.
fn says_of_key(key: &Key) -> BTreeSet<String> {
    set_of(&[
        (INCLUDE, !key.include.is_empty()),
        (NULLS, key.nulls_not_distinct),
        (DEFERRABLE, key.deferrable != Deferrable::No),
    ])
}

/// A model's table, and what is known of it.
struct Merge<'a> {
    dialect: Dialect,
    /// In the model's words.
    words: &'a Table,
    /// As the database writes it.
    spelled: &'a Table,
    facts: &'a SaidOfTable,
    /// What the model had said before.
    before: &'a ModelledTable,
}

impl Merge<'_> {
    /// Returns the table that the model wants where there is one, and what it says now.
    fn onto(&self, there: &Table) -> (Table, ModelledTable) {
        let mut table = there.clone();
        table.columns.clear();
        let is_wanted = |name: &str| self.words.column(name).is_some();
        let old = there
            .columns
            .iter()
            .filter(|column| is_wanted(&column.name));
        table.columns.extend(old.map(|column| self.column(column)));
        // A new one stands after the field before it, where a database can place it.
        let mut last = None;
        for column in &self.spelled.columns {
            let at = table.columns.iter().position(|own| own.name == column.name);
            last = Some(at.unwrap_or_else(|| {
                let at = last.map_or(0, |last| last + 1);
                table.columns.insert(at, column.clone());
                at
            }));
        }

        let gone = there
            .columns
            .iter()
            .filter(|column| !is_wanted(&column.name));
        let gone: Vec<&str> = gone.map(|column| column.name.as_str()).collect();
        table.primary_key = self.primary_key(there);
        table.uniques = self.uniques(there, &gone);
        table.foreign_keys = self.foreign_keys(there, &gone);
        table.checks = self.checks(there, &gone);
        table.indexes = self.indexes(there, &gone);
        if self.facts.own.comment {
            table.comment.clone_from(&self.spelled.comment);
        } else if self.before.comment {
            table.comment = None;
        }
        for keyword in self.before.options.difference(&self.facts.own.options) {
            table.options.remove(keyword);
        }
        for keyword in &self.facts.own.options {
            if let Some(value) = self.spelled.options.get(keyword) {
                table.options.add(keyword.clone(), value.clone());
            }
        }
        let said = self.said(&table);
        (table, said)
    }

    /// Returns which properties of a foreign key the model says.
    fn says(&self, key: &ForeignKey) -> BTreeSet<String> {
        let of = (key.columns.clone(), key.table.clone());
        let said = self.facts.foreign_keys.get(&of);
        said.cloned().unwrap_or_default()
    }

    /// Returns what the model says of a table, in which all is named.
    fn said(&self, table: &Table) -> ModelledTable {
        let mut said = self.facts.own.clone();
        let keys = self.words.uniques.iter();
        said.uniques = keys
            .map(|key| (key.columns.clone(), says_of_key(key)))
            .collect();
        let keys = self.words.foreign_keys.iter();
        let keys = keys.map(|key| ((key.columns.clone(), key.table.clone()), self.says(key)));
        said.foreign_keys = keys.collect();
        let explicit = self.spelled.checks.iter();
        for check in explicit.filter(|check| self.enum_of(check).is_none()) {
            let made = table.checks.iter().find(|made| self.is_check(check, made));
            said.checks.extend(made.map(|made| made.expression.clone()));
        }
        for name in self.words.indexes.keys() {
            let made = match table.indexes.contains_key(name) {
                true => Some(name),
                false => self.index_like(name, &table.indexes),
            };
            said.indexes.extend(made.cloned());
        }
        said
    }

    fn column(&self, there: &Column) -> Column {
        let name = &there.name;
        let (Some(words), Some(spelled), Some(now)) = (
            self.words.column(name),
            self.spelled.column(name),
            self.facts.own.columns.get(name),
        ) else {
            return there.clone();
        };
        let nothing = ModelledColumn::default();
        let before = self.before.columns.get(name).unwrap_or(&nothing);
        let mut column = there.clone();
        if words.sql_type != there.sql_type {
            column.sql_type.clone_from(&spelled.sql_type);
        }
        if words.nullable != there.nullable {
            column.nullable = spelled.nullable;
        }
        if words.identity != there.identity {
            column.identity = spelled.identity;
            column
                .sequence_options
                .clone_from(&spelled.sequence_options);
        }
        self.text(
            &mut column.default,
            &spelled.default,
            now.default,
            before.default,
        );
        if now.generated || before.generated {
            let same = match (&there.generated, &spelled.generated) {
                (Some(there), Some(spelled)) => {
                    there.stored == spelled.stored
                        && self.same(&there.expression, &spelled.expression)
                }
                _ => false,
            };
            if !same {
                column.generated.clone_from(&spelled.generated);
            }
        }
        // What numbers or computes a column is its default.
        if (column.identity.is_some() && there.identity.is_none()) || column.generated.is_some() {
            column.default = None;
        }
        self.text(
            &mut column.collation,
            &spelled.collation,
            now.collation,
            before.collation,
        );
        self.text(
            &mut column.on_update,
            &spelled.on_update,
            now.on_update,
            before.on_update,
        );
        if now.comment || before.comment {
            column.comment.clone_from(&spelled.comment);
        }
        column
    }

    /// Takes what the model says now; what it said before and not now goes.
    fn text(&self, into: &mut Option<String>, spelled: &Option<String>, now: bool, before: bool) {
        let same = match (&*into, spelled) {
            (Some(there), Some(spelled)) => self.same(there, spelled),
            _ => false,
        };
        match (now, before) {
            (true, _) if !same => into.clone_from(spelled),
            (false, true) => *into = None,
            _ => {}
        }
    }

    fn same(&self, one: &str, other: &str) -> bool {
        same_expression(one, other, self.dialect)
    }

    fn primary_key(&self, there: &Table) -> Option<Key> {
        let (words, spelled) = (&self.words.primary_key, &self.spelled.primary_key);
        let (Some(words), Some(made)) = (words, &there.primary_key) else {
            return spelled.clone();
        };
        if words.columns != made.columns {
            return spelled.clone();
        }
        match words.name.is_none() || words.name == made.name {
            true => Some(made.clone()),
            false => spelled.clone(),
        }
    }

    fn uniques(&self, there: &Table, gone: &[&str]) -> Vec<Key> {
        let mut keys: Vec<Key> = there
            .uniques
            .iter()
            .filter(|key| !self.before.uniques.contains_key(&key.columns))
            .filter(|key| {
                !key.columns
                    .iter()
                    .any(|column| gone.contains(&column.as_str()))
            })
            .filter(|key| {
                !self
                    .words
                    .uniques
                    .iter()
                    .any(|said| said.columns == key.columns)
            })
            .cloned()
            .collect();
        for said in &self.words.uniques {
            let spelled = self.spelled.uniques.iter().find(|key| {
                key.columns == said.columns && (said.name.is_none() || key.name == said.name)
            });
            let made = there.uniques.iter().find(|key| key.columns == said.columns);
            let (Some(spelled), Some(made)) = (spelled, made) else {
                if !self.has_unique_index(there, &said.columns) {
                    keys.push(spelled.unwrap_or(said).clone());
                }
                continue;
            };
            let mut key = spelled.clone();
            key.options.clone_from(&made.options);
            key.qualifiers.clone_from(&made.qualifiers);
            if said.name.is_none() {
                key.name.clone_from(&made.name);
            }
            let mut says = says_of_key(said);
            says.extend(
                self.before
                    .uniques
                    .get(&said.columns)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            if !says.contains(INCLUDE) {
                key.include.clone_from(&made.include);
            }
            if !says.contains(NULLS) {
                key.nulls_not_distinct = made.nulls_not_distinct;
            }
            if !says.contains(DEFERRABLE) {
                key.deferrable = made.deferrable;
            }
            keys.push(key);
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// Returns whether an index that no model has made keeps these columns unique.
    fn has_unique_index(&self, there: &Table, columns: &[String]) -> bool {
        there.indexes.iter().any(|(name, index)| {
            let parts = index.parts.iter();
            !self.before.indexes.contains(name)
                && index.unique
                && index.predicate.is_none()
                && index
                    .parts
                    .iter()
                    .all(|part| !part.expression && part.prefix.is_none())
                && parts.map(|part| &part.over).eq(columns)
        })
    }

    fn foreign_keys(&self, there: &Table, gone: &[&str]) -> Vec<ForeignKey> {
        let is = |one: &ForeignKey, other: &ForeignKey| {
            one.columns == other.columns && one.table == other.table
        };
        let mut keys: Vec<ForeignKey> = there
            .foreign_keys
            .iter()
            .filter(|key| {
                let before = (key.columns.clone(), key.table.clone());
                !self.before.foreign_keys.contains_key(&before)
            })
            .filter(|key| {
                !key.columns
                    .iter()
                    .any(|column| gone.contains(&column.as_str()))
            })
            .filter(|key| !self.words.foreign_keys.iter().any(|said| is(said, key)))
            .cloned()
            .collect();
        for said in &self.words.foreign_keys {
            let spelled = self
                .spelled
                .foreign_keys
                .iter()
                .find(|key| is(key, said) && (said.name.is_none() || key.name == said.name));
            let made = there.foreign_keys.iter().find(|key| is(key, said));
            let mut key = spelled.unwrap_or(said).clone();
            if let Some(made) = made {
                key.options.clone_from(&made.options);
                if said.name.is_none() {
                    key.name.clone_from(&made.name);
                }
                if made.references.is_empty() {
                    key.references.clear();
                }
                let known = (said.columns.clone(), said.table.clone());
                let mut says = self.says(said);
                says.extend(
                    self.before
                        .foreign_keys
                        .get(&known)
                        .into_iter()
                        .flatten()
                        .cloned(),
                );
                if !says.contains(ON_DELETE) {
                    key.on_delete = made.on_delete;
                }
                if !says.contains(ON_UPDATE) {
                    key.on_update = made.on_update;
                }
                if !says.contains(DEFERRABLE) {
                    key.deferrable = made.deferrable;
                }
            }
            keys.push(key);
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// Returns whether a check of the chain is one of the model.
    fn is_check(&self, said: &Check, made: &Check) -> bool {
        self.same(&said.expression, &made.expression)
    }

    /// Returns the column of an enum whose values a check of the model keeps, unless it has a name.
    fn enum_of(&self, check: &Check) -> Option<&String> {
        let is_named = |own: &Check| own.name.is_some() && own.name == check.name;
        if self.words.checks.iter().any(is_named) {
            return None;
        }
        let sorted = |values: &[String]| values.iter().cloned().collect::<BTreeSet<_>>();
        let mut enums = self.facts.values.iter();
        let found = enums.find(|(column, values)| {
            let listed = listed(&check.expression, column, self.dialect);
            listed.is_some_and(|listed| sorted(&listed) == sorted(values))
        });
        found.map(|(column, _)| column)
    }

    /// Returns whether the field of a column was an enum.
    fn was_enum(&self, column: &str) -> bool {
        let before = self.before.columns.get(column);
        before.is_some_and(|before| !before.values.is_empty())
    }

    /// Returns whether the field of a column was no such enum before.
    fn has_changed(&self, column: &str) -> bool {
        let before = self.before.columns.get(column);
        let now = self.facts.own.columns.get(column);
        before.is_some_and(|before| now.is_some_and(|now| now.values != before.values))
    }

    fn checks(&self, there: &Table, gone: &[&str]) -> Vec<Check> {
        let mut made: Vec<&Check> = there.checks.iter().collect();
        let mut checks = Vec::new();
        let mut take = |found: &dyn Fn(&Check) -> bool| {
            let at = made.iter().position(|made| found(made))?;
            Some(made.remove(at))
        };
        for said in &self.spelled.checks {
            let own = self.words.checks.iter();
            let is_named = said.name.is_some() && own.clone().any(|own| own.name == said.name);
            if let Some(column) = self.enum_of(said) {
                let is_of_enum = |made: &Check| {
                    self.same(&made.expression, &said.expression)
                        || listed(&made.expression, column, self.dialect).is_some()
                };
                let is_new = there.column(column).is_none();
                match take(&is_of_enum) {
                    Some(made) if self.enum_of(made) == Some(column) => checks.push(made.clone()),
                    Some(made) => checks.push(Check {
                        name: made.name.clone(),
                        options: made.options.clone(),
                        expression: said.expression.clone(),
                    }),
                    None if is_new || self.has_changed(column) => checks.push(said.clone()),
                    // It is the convention of an enum that is new, not something that is said.
                    None => {}
                }
                continue;
            }
            let same = take(&|made| {
                self.same(&made.expression, &said.expression)
                    && (!is_named || made.name == said.name)
            });
            match same {
                Some(made) => checks.push(made.clone()),
                None => {
                    // One of the same name is replaced.
                    if is_named {
                        take(&|made| made.name == said.name);
                    }
                    checks.push(said.clone());
                }
            }
        }
        // The check of a field that is no enum any more goes.
        let was_of_enum = |made: &Check| {
            let columns = self.facts.own.columns.iter();
            let mut others = columns.filter(|(_, now)| now.values.is_empty());
            others.any(|(column, _)| {
                self.was_enum(column) && listed(&made.expression, column, self.dialect).is_some()
            })
        };
        let unsaid = made.into_iter().filter(|made| {
            !was_of_enum(made)
                && !self.before.checks.contains(&made.expression)
                && !gone.iter().any(|column| mentions(&made.expression, column))
        });
        checks.extend(unsaid.cloned());
        checks.sort();
        checks.dedup();
        checks
    }

    fn indexes(&self, there: &Table, gone: &[&str]) -> BTreeMap<String, Index> {
        let mut indexes = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for name in self.words.indexes.keys() {
            let Some(spelled) = self.spelled.indexes.get(name) else {
                continue;
            };
            if let Some(made) = there.indexes.get(name) {
                taken.insert(name.clone());
                indexes.insert(name.clone(), self.index(spelled, made));
                continue;
            }
            let like = self.index_like(name, &there.indexes);
            if let Some(like) = like.filter(|like| !self.words.indexes.contains_key(*like)) {
                taken.insert(like.clone());
                indexes.insert(like.clone(), there.indexes[like].clone());
            } else if !(self.facts.unnamed.contains(name) && self.is_unique_key(spelled, there)) {
                indexes.insert(name.clone(), spelled.clone());
            }
        }
        for (name, index) in &there.indexes {
            let over_gone = index.parts.iter().any(|part| {
                gone.iter().any(|column| match part.expression {
                    true => mentions(&part.over, column),
                    false => part.over == **column,
                })
            });
            let where_gone = index
                .predicate
                .as_ref()
                .is_some_and(|text| gone.iter().any(|column| mentions(text, column)));
            let is_unsaid = !taken.contains(name) && !self.before.indexes.contains(name);
            if is_unsaid && !over_gone && !where_gone {
                indexes.insert(name.clone(), index.clone());
            }
        }
        if self.dialect == Dialect::MySql {
            self.indexes_of_new_keys(there, &mut indexes);
        }
        indexes
    }

    /// Returns an index of the model where there is one of that name.
    fn index(&self, spelled: &Index, made: &Index) -> Index {
        if self.is_same_index(spelled, made) {
            return made.clone();
        }
        let mut index = spelled.clone();
        index.options.clone_from(&made.options);
        index.comment = spelled.comment.clone().or_else(|| made.comment.clone());
        index
    }

    fn is_same_index(&self, spelled: &Index, made: &Index) -> bool {
        let texts = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => self.same(one, other),
            (one, other) => one == other,
        };
        spelled.unique == made.unique
            && spelled.parts.len() == made.parts.len()
            && spelled.parts.iter().zip(&made.parts).all(|(one, other)| {
                let over = match one.expression && other.expression {
                    true => self.same(&one.over, &other.over),
                    false => one.over == other.over,
                };
                let other = migrate_schema::IndexPart {
                    over: one.over.clone(),
                    ..other.clone()
                };
                over && *one == other
            })
            && texts(&spelled.predicate, &made.predicate)
            && spelled.method == made.method
            && spelled.include == made.include
            && spelled.nulls_not_distinct == made.nulls_not_distinct
            && (spelled.comment.is_none() || spelled.comment == made.comment)
    }

    /// Returns the index that is there and that the model means without a name.
    fn index_like<'t>(&self, name: &str, there: &'t BTreeMap<String, Index>) -> Option<&'t String> {
        let spelled = self.spelled.indexes.get(name)?;
        let unnamed = self.facts.unnamed.contains(name);
        let mut like = there
            .iter()
            .filter(|(_, made)| self.is_same_index(spelled, made));
        like.next().filter(|_| unnamed).map(|(name, _)| name)
    }

    /// Returns whether a unique constraint that is there is what an index of the model does.
    fn is_unique_key(&self, index: &Index, there: &Table) -> bool {
        let columns = index.parts.iter().map(|part| &part.over);
        index.unique
            && index.predicate.is_none()
            && index.parts.iter().all(|part| !part.expression)
            && there
                .uniques
                .iter()
                .any(|key| key.columns.iter().eq(columns.clone()))
    }

    /// Adds the indexes that MySQL makes for new foreign keys.
    fn indexes_of_new_keys(&self, there: &Table, indexes: &mut BTreeMap<String, Index>) {
        for (name, index) in &self.spelled.indexes {
            let columns: Vec<&String> = index.parts.iter().map(|part| &part.over).collect();
            let is_key = |key: &&ForeignKey| key.columns.iter().eq(columns.iter().copied());
            let is_new = self.spelled.foreign_keys.iter().any(|key| is_key(&key))
                && !there.foreign_keys.iter().any(|key| is_key(&key));
            let serves = |other: &Index| {
                let parts = other.parts.iter().map(|part| &part.over);
                parts.take(columns.len()).eq(columns.iter().copied())
            };
            if is_new && !self.words.indexes.contains_key(name) && !indexes.values().any(serves) {
                indexes.insert(name.clone(), index.clone());
            }
        }
    }
}
