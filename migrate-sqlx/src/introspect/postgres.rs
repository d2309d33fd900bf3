//! PostgreSQL 12 and later: its catalogue in one snapshot, with two messages.
//!
//! What a dump has and is not read is named: [`not_carried`] lists it.

mod array;
mod not_carried;
mod objects;
mod queries;
mod relations;
mod spelling;

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{
    Dependencies, Extension, Name, ObjectKind, OptionValue, Options, Part, Schema, Signature,
};

use self::array::array;
use super::record::Record;
use super::{is_ledger, unreadable};
use crate::backend::Session;
use crate::error::Error;

/// What is known while the rows are read.
struct Reading {
    schema: Schema,
    /// The named schema that the connection uses by default.
    own: Option<String>,
    /// The names of tables and views by their numbers in the catalogue.
    relations: BTreeMap<u32, Name>,
    /// The table's name and the index's by the index's number.
    indexes: BTreeMap<u32, (Name, String)>,
    /// The columns by the table's number and their own.
    columns: BTreeMap<(u32, i16), (Name, String)>,
    /// The kinds and names of objects by their catalogue, and their numbers there.
    objects: BTreeMap<(String, u32), (ObjectKind, String)>,
    /// The columns that sequences number, by the numbers of the sequences.
    numbered: BTreeMap<u32, (Name, String)>,
    routines: BTreeMap<u32, Signature>,
    /// The operators and casts by their catalogue, and their numbers there.
    code: BTreeMap<(String, u32), Part>,
    types: BTreeMap<u32, Name>,
    /// What depends on what.
    dependencies: Vec<(Part, Part)>,
    /// Tables that are left out, as they are the ledger's.
    left_out: BTreeSet<u32>,
}

pub(super) async fn read(
    session: &mut dyn Session,
    ledger: &LedgerNames,
    schemas: Option<&BTreeSet<String>>,
    with_state: bool,
) -> Result<Schema, Error> {
    let version = session.query(queries::VERSION.to_owned()).await;
    let version = version.map_err(Error::from)?.into_iter().next();
    let version = Record::from(version.unwrap_or_default()).number()?;
    let rows = session
        .query(queries::all(version, schemas, with_state))
        .await;
    let mut reading = Reading {
        schema: Schema::empty(Dialect::Postgres),
        own: None,
        relations: BTreeMap::new(),
        indexes: BTreeMap::new(),
        columns: BTreeMap::new(),
        objects: BTreeMap::new(),
        numbered: BTreeMap::new(),
        routines: BTreeMap::new(),
        code: BTreeMap::new(),
        types: BTreeMap::new(),
        dependencies: Vec::new(),
        left_out: BTreeSet::new(),
    };
    reading.schema.state.names_not_null = version >= 18_00_00;
    for row in rows.map_err(Error::from)? {
        reading.row(Record::from(row), ledger)?;
    }
    Ok(reading.finish(ledger, with_state))
}

impl Reading {
    /// Takes in a row. The queries are in such an order that what a row refers to is there.
    fn row(&mut self, mut row: Record, ledger: &LedgerNames) -> Result<(), Error> {
        let kind = row.text();
        match kind.as_str() {
            "own" => self.own = row.option(),
            "schema" => {
                let name = row.text();
                if self.own.as_ref() != Some(&name) {
                    self.schema.schemas.insert(name, row.option());
                }
            }
            "extension" => {
                let name = row.text();
                let schema = self.schema_name(row.text());
                let requires = names(row.option()).into_iter().collect();
                let extension = Extension { schema, requires };
                self.schema.extensions.insert(name, extension);
            }
            "relation" => self.relation(row, ledger)?,
            "column" => self.column(row)?,
            "owner" | "grant" | "closed" => self.privilege(&kind, row)?,
            "sequence" => self.sequence(row)?,
            "constraint" => self.constraint(row)?,
            "index" => self.index(row)?,
            "part" => self.index_part(row)?,
            "inherits" => self.inherits(row)?,
            "trigger" => self.trigger(row)?,
            "rule" => self.rule(row)?,
            "policy" => self.policy(row)?,
            "enum" => self.enumeration(row)?,
            "domain" => self.domain(row)?,
            "type" => self.composite_or_range(row)?,
            kind @ ("collation" | "dictionary" | "configuration" | "statistics") => {
                self.of_one_text(kind, row);
            }
            "routine" => self.routine(row)?,
            "of one text" => self.global(row)?,
            "operator" => self.operator(row)?,
            "depends" => self.depends(row)?,
            "not carried" => self.not_carried(row),
            other => return Err(unreadable(other)),
        }
        Ok(())
    }

    /// A named schema, where it is not the connection's own.
    fn schema_name(&self, schema: String) -> Option<String> {
        (self.own.as_ref() != Some(&schema)).then_some(schema)
    }

    /// Reads the name of an object: the schema, then the name.
    fn name(&self, row: &mut Record) -> Name {
        let schema = self.schema_name(row.text());
        Name {
            schema,
            name: row.text(),
        }
    }

    fn is_ledger(&self, ledger: &LedgerNames, name: &Name) -> bool {
        let own = self.own.as_deref();
        is_ledger(ledger, own, name.schema.as_deref().or(own), &name.name)
    }

    /// A schema that has nothing but the ledger is the ledger's too.
    fn finish(mut self, ledger: &LedgerNames, with_state: bool) -> Schema {
        if with_state {
            let dependencies = std::mem::take(&mut self.dependencies);
            self.schema.state.dependencies = Dependencies::of_catalogue(&self.schema, dependencies);
        }
        let schema = &mut self.schema;
        if let Some(place) = ledger.schema.as_deref()
            && !self.left_out.is_empty()
        {
            let used = |name: &Name| name.schema.as_deref() == Some(place);
            let is_used = schema.tables.keys().any(used)
                || schema.views.keys().any(used)
                || schema.sequences.keys().any(used)
                || schema.enums.keys().any(used)
                || schema.domains.keys().any(used)
                || schema.types.keys().any(used)
                || schema.collations.keys().any(used)
                || schema.dictionaries.keys().any(used)
                || schema.configurations.keys().any(used)
                || schema.statistics.keys().any(used)
                || schema.operators.keys().any(used)
                || schema.routines.keys().any(|routine| used(&routine.name));
            if !is_used {
                schema.schemas.remove(place);
            }
        }
        self.schema
    }
}

/// Settings such as `fillfactor=70`.
fn settings(prefix: &str, text: Option<String>) -> Options {
    let settings = text.map(|text| array(&text)).unwrap_or_default();
    settings
        .into_iter()
        .map(|setting| match setting.split_once('=') {
            Some((key, value)) => {
                let value = OptionValue::Value(value.to_owned());
                (format!("{prefix}{key}"), value)
            }
            None => (format!("{prefix}{setting}"), OptionValue::Set),
        })
        .collect()
}

/// The names of an array, where there is one.
fn names(text: Option<String>) -> Vec<String> {
    text.map(|text| array(&text)).unwrap_or_default()
}
