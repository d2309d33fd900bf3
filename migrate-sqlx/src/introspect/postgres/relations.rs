//! Tables and views, and what belongs to them.

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{
    Action, Check, Column, Deferrable, ForeignKey, Generated, Identity, Index, IndexPart,
    Inherited, Key, Name, ObjectKind, Options, PartitionOf, Sequence, Table, View,
};

use super::super::record::Record;
use super::spelling::{expression, normalized};
use super::{Reading, names, settings, unreadable};
use crate::error::Error;

impl Reading {
    pub(super) fn relation(&mut self, mut row: Record, ledger: &LedgerNames) -> Result<(), Error> {
        let oid = row.number()?;
        let name = self.name(&mut row);
        if self.is_ledger(ledger, &name) {
            self.left_out.insert(oid);
            return Ok(());
        }
        let kind = row.text();
        let unlogged = row.flag();
        let mut options = settings("", row.option());
        options.extend(settings("toast.", row.option()));
        let mut flag = |is: bool, word: &str| {
            if is {
                options.set(word);
            }
        };
        flag(unlogged, "UNLOGGED");
        flag(row.flag(), "ENABLE ROW LEVEL SECURITY");
        flag(row.flag(), "FORCE ROW LEVEL SECURITY");
        let partition_by = row.option();
        let bounds = row.option();
        let definition = expression(&mut row);
        let comment = row.option();
        let words = [
            ("PARTITION BY", partition_by),
            ("USING", row.option()),
            ("OF", row.option()),
            ("REPLICA IDENTITY", row.option()),
            ("SERVER", row.option()),
            ("OPTIONS", row.option()),
            ("CLUSTER ON", row.option()),
        ];
        for (word, value) in words {
            if let Some(value) = value {
                options.insert(word, value);
            }
        }
        self.relations.insert(oid, name.clone());
        let object_kind = match definition {
            Some(_) => ObjectKind::View,
            None => ObjectKind::Table,
        };
        let object = (object_kind, name.to_string());
        self.objects.insert(("relation".to_owned(), oid), object);
        if let Some(definition) = definition {
            let definition = definition.trim();
            let definition = definition.strip_suffix(';').unwrap_or(definition);
            self.schema.views.insert(
                name,
                View {
                    definition: definition.to_owned(),
                    materialized: kind == "m",
                    comment,
                    options,
                    ..View::default()
                },
            );
        } else {
            let partition_of = bounds.map(|bounds| PartitionOf {
                bounds,
                ..PartitionOf::default()
            });
            self.schema.tables.insert(
                name,
                Table {
                    comment,
                    options,
                    partition_of,
                    ..Table::default()
                },
            );
        }
        Ok(())
    }

    /// Reads the number of a relation and finds the table.
    fn table(&mut self, row: &mut Record) -> Result<Option<(Name, &mut Table)>, Error> {
        let name = self.relations.get(&row.number()?);
        Ok(name.and_then(|name| Some((name.clone(), self.schema.tables.get_mut(name)?))))
    }

    pub(super) fn column(&mut self, mut row: Record) -> Result<(), Error> {
        let oid: u32 = row.number()?;
        let number: i16 = row.number()?;
        let name = row.text();
        let Some(relation) = self.relations.get(&oid) else {
            return Ok(());
        };
        let mut column = Column {
            name,
            sql_type: row.text(),
            nullable: row.flag(),
            default: expression(&mut row),
            ..Column::default()
        };
        column.identity = match row.text().as_str() {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        };
        let generated = row.option();
        if let Some(generated) = generated {
            let expression = column.default.take().unwrap_or_default();
            let stored = generated == "s";
            column.generated = Some(Generated { expression, stored });
        }
        column.collation = row.option();
        for word in ["STORAGE", "COMPRESSION", "STATISTICS"] {
            if let Some(value) = row.option() {
                column.options.insert(word, value);
            }
        }
        column.comment = row.option();
        column.inherited = Inherited(row.flag());
        if let Some(name) = row.option() {
            column.options.insert("CONSTRAINT", name);
        }
        column.state.not_null_name = row.option();
        if row.flag() {
            column.options.set("NO INHERIT");
        }
        if !row.flag() {
            column.options.set("NOT VALID");
        }
        column.state.is_not_null_inherited = row.flag();
        if let Some(table) = self.schema.tables.get_mut(relation) {
            let place = (relation.clone(), column.name.clone());
            self.columns.insert((oid, number), place);
            table.columns.push(column);
        } else if let Some(view) = self.schema.views.get_mut(relation) {
            let collation = column.collation.as_deref().unwrap_or_default();
            let spelled = format!("{} {collation}", column.sql_type);
            view.state.columns.push((column.name.clone(), spelled));
            if let Some(default) = column.default {
                view.column_defaults.insert(column.name.clone(), default);
            }
            if let Some(comment) = column.comment {
                view.column_comments.insert(column.name, comment);
            }
        }
        Ok(())
    }

    /// Reads a sequence: one that numbers its column belongs to the column.
    pub(super) fn sequence(&mut self, mut row: Record) -> Result<(), Error> {
        let number_of_sequence: u32 = row.number()?;
        let name = self.name(&mut row);
        let written = row.text();
        let mut sequence = Sequence {
            sql_type: row.text(),
            start: row.number()?,
            increment: row.number()?,
            min: row.number()?,
            max: row.number()?,
            cycle: row.flag(),
            cache: row.number()?,
            owned_by: None,
            comment: row.option(),
        };
        let Some(owner) = row.option() else {
            self.relations.insert(number_of_sequence, name.clone());
            self.schema.sequences.insert(name, sequence);
            return Ok(());
        };
        let oid = owner.parse().map_err(|_| unreadable(&written))?;
        let number = row.number()?;
        let is_identity = row.flag();
        if self.left_out.contains(&oid) {
            return Ok(());
        }
        let Some((table, column_name)) = self.columns.get(&(oid, number)) else {
            return Ok(());
        };
        let columns = self.schema.tables.get_mut(table);
        let column =
            columns.and_then(|table| table.columns.iter_mut().find(|it| it.name == *column_name));
        let default = format!("nextval('{}'::regclass)", written.replace('\'', "''"));
        match column {
            Some(column) if is_identity || column.default.as_ref() == Some(&default) => {
                if !is_identity {
                    column.default = None;
                    column.identity = Some(Identity::Serial);
                }
                let usual = format!("{}_{column_name}_seq", table.name);
                column.state.sequence_name = (name.name != usual).then(|| name.name.clone());
                if sequence != Sequence::of_column(&column.sql_type) {
                    column.sequence_options = Some(sequence);
                }
                let numbered = (table.clone(), column_name.clone());
                self.numbered.insert(number_of_sequence, numbered);
            }
            _ => {
                self.relations.insert(number_of_sequence, name.clone());
                sequence.owned_by = Some((table.clone(), column_name.clone()));
                self.schema.sequences.insert(name, sequence);
            }
        }
        Ok(())
    }

    pub(super) fn constraint(&mut self, mut row: Record) -> Result<(), Error> {
        let own = self.own.clone();
        let oid = row.number()?;
        let Some(relation) = self.relations.get(&oid) else {
            return Ok(());
        };
        let Some(table) = self.schema.tables.get_mut(relation) else {
            return Ok(());
        };
        let name = row.text();
        let kind = row.text();
        let deferrable = match (row.flag(), row.flag()) {
            (false, _) => Deferrable::No,
            (true, false) => Deferrable::Immediate,
            (true, true) => Deferrable::Deferred,
        };
        let mut options = Options::new();
        let mut flag = |is: bool, word: &str| {
            if is {
                options.set(word);
            }
        };
        let (valid, enforced, no_inherit) = (row.flag(), row.flag(), row.flag());
        flag(!enforced, "NOT ENFORCED");
        flag(enforced && !valid, "NOT VALID");
        flag(no_inherit && kind == "c", "NO INHERIT");
        let mut columns = Vec::new();
        let numbers = names(row.option());
        // Those of checks and exclusions are in their texts, and can be expressions.
        for number in numbers
            .iter()
            .filter(|_| matches!(kind.as_str(), "p" | "u" | "f"))
        {
            let number: i16 = number.parse().map_err(|_| unreadable(&name))?;
            let column = self.columns.get(&(oid, number));
            let (_, column) = column.ok_or_else(|| unreadable(&name))?;
            columns.push(column.clone());
        }
        let schema = row.option().filter(|schema| Some(schema) != own.as_ref());
        let target = Name {
            schema,
            name: row.text(),
        };
        let references = names(row.option());
        let (on_update, on_delete) = (action(&row.text()), action(&row.text()));
        if row.flag() {
            options.insert("MATCH", "FULL".to_owned());
        }
        let set_columns = names(row.option());
        let text = expression(&mut row);
        let (include, nulls_not_distinct) = (names(row.option()), row.flag());
        if row.flag() {
            let word = if kind == "f" {
                "PERIOD"
            } else {
                "WITHOUT OVERLAPS"
            };
            options.set(word);
        }
        for object in ["CONSTRAINT", "INDEX"] {
            if let Some(comment) = row.option() {
                let option = format!("COMMENT ON {object} {name}");
                table.options.insert(option, comment);
            }
        }
        match kind.as_str() {
            "f" => {
                if !set_columns.is_empty() {
                    let columns = set_columns.iter().map(|name| Dialect::Postgres.quote(name));
                    let columns = columns.collect::<Vec<_>>().join(", ");
                    options.insert("ON DELETE COLUMNS", format!("({columns})"));
                }
                table.foreign_keys.push(ForeignKey {
                    columns,
                    table: target,
                    references,
                    on_delete,
                    on_update,
                    deferrable,
                    name: Some(name),
                    options,
                });
            }
            "c" => table.checks.push(Check {
                expression: text.unwrap_or_default(),
                name: Some(name),
                options,
            }),
            "x" => {
                table.exclusions.insert(name, text.unwrap_or_default());
            }
            // The column has it.
            "n" => {}
            kind => {
                let key = Key {
                    columns,
                    name: Some(name),
                    include,
                    nulls_not_distinct,
                    deferrable,
                    options,
                    ..Key::default()
                };
                match kind {
                    "p" => table.primary_key = Some(key),
                    _ => table.uniques.push(key),
                }
            }
        }
        Ok(())
    }

    pub(super) fn index(&mut self, mut row: Record) -> Result<(), Error> {
        let Some(relation) = self.relations.get(&row.number()?).cloned() else {
            return Ok(());
        };
        let oid = row.number()?;
        let name = row.text();
        let mut index = Index {
            unique: row.flag(),
            nulls_not_distinct: row.flag(),
            method: row.option(),
            predicate: expression(&mut row),
            ..Index::default()
        };
        let is_valid = row.flag();
        index.options = settings("", row.option());
        if !is_valid {
            index.options.set("INVALID");
        }
        index.comment = row.option();
        index.include = names(row.option());
        self.indexes.insert(oid, (relation.clone(), name.clone()));
        if let Some(indexes) = self.indexes_of(&relation) {
            indexes.insert(name, index);
        }
        Ok(())
    }

    fn indexes_of(
        &mut self,
        relation: &Name,
    ) -> Option<&mut std::collections::BTreeMap<String, Index>> {
        match self.schema.tables.get_mut(relation) {
            Some(table) => Some(&mut table.indexes),
            None => Some(&mut self.schema.views.get_mut(relation)?.indexes),
        }
    }

    pub(super) fn index_part(&mut self, mut row: Record) -> Result<(), Error> {
        let Some((relation, name)) = self.indexes.get(&row.number()?).cloned() else {
            return Ok(());
        };
        let mut part = IndexPart {
            expression: row.flag(),
            over: normalized(row.text()),
            descending: row.flag(),
            ..IndexPart::default()
        };
        // Without a word, NULLs count as larger than all else.
        let nulls_first = row.flag();
        part.nulls_first = (nulls_first != part.descending).then_some(nulls_first);
        part.collation = row.option();
        let (class, parameters) = (row.option(), row.option());
        part.operator_class = match (class, parameters) {
            (Some(class), Some(parameters)) => Some(format!("{class}({parameters})")),
            (class, _) => class,
        };
        let indexes = self.indexes_of(&relation);
        if let Some(index) = indexes.and_then(|indexes| indexes.get_mut(&name)) {
            index.parts.push(part);
        }
        Ok(())
    }

    pub(super) fn inherits(&mut self, mut row: Record) -> Result<(), Error> {
        let own = self.own.clone();
        let Some((_, table)) = self.table(&mut row)? else {
            return Ok(());
        };
        let schema = row.option().filter(|schema| Some(schema) != own.as_ref());
        let parent = Name {
            schema,
            name: row.text(),
        };
        match &mut table.partition_of {
            Some(partition) => partition.table = parent,
            None => table.inherits.push(parent),
        }
        Ok(())
    }
}

/// The letters of `pg_constraint.confdeltype`.
fn action(letter: &str) -> Action {
    match letter {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}
