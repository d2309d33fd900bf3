//! The rows of a database as literals, which the database writes itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use migrate_core::Dialect;
use migrate_schema::{Column, Identity, Name, Schema, Table};
use migrate_sqlx::__cli::Database;

use crate::import::applied::rows;
use crate::output::phrase::counted;

/// The rows of each table, and how far each sequence has counted.
#[derive(Default)]
pub(super) struct Contents {
    /// Each row as a list of literals, in the order of the database.
    tables: BTreeMap<Name, Vec<String>>,
    /// By the quoted name.
    sequences: BTreeMap<String, String>,
}

/// How many rows of a table are written into a revision.
const MOST: usize = 10_000;

/// How many rows a statement inserts.
const AT_ONCE: usize = 100;

impl Contents {
    /// Reads the tables of a schema.
    pub(super) async fn read(
        database: &Database,
        schema: &Schema,
        version_table: &str,
    ) -> Result<Self, sqlx::Error> {
        let dialect = schema.dialect;
        let mut contents = Self::default();
        for (name, table) in &schema.tables {
            let columns: Vec<String> = columns(table)
                .map(|column| literal(dialect, column))
                .collect();
            if columns.is_empty() {
                continue;
            }
            let only = match dialect {
                Dialect::Postgres => "ONLY ",
                Dialect::Sqlite | Dialect::MySql => "",
            };
            let sql = format!(
                "SELECT {} FROM {only}{} LIMIT {}",
                columns.join(", "),
                name.quoted(dialect),
                MOST + 1
            );
            let all = rows(database, &sql).await?.into_iter().map(|row| {
                let values: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
                values.join(", ")
            });
            contents.tables.insert(name.clone(), all.collect());
        }
        if dialect == Dialect::Postgres {
            let sql = format!(
                "SELECT CASE schemaname WHEN current_schema() THEN quote_ident(sequencename) \
                 ELSE format('%I.%I', schemaname, sequencename) END, last_value::text FROM pg_sequences \
                 WHERE last_value IS NOT NULL AND NOT EXISTS (SELECT FROM pg_depend \
                 WHERE objid = format('%I.%I', schemaname, sequencename)::regclass AND classid = 'pg_class'::regclass \
                 AND deptype IN ('a', 'i') AND refobjid = to_regclass({}))",
                dialect.literal(version_table)
            );
            for mut row in rows(database, &sql).await? {
                let value = row.pop().flatten().unwrap_or_default();
                let name = row.pop().flatten().unwrap_or_default();
                contents.sequences.insert(name, value);
            }
        }
        Ok(contents)
    }

    /// Returns the SQL that adds what the other one has; or why rows cannot just be added.
    pub(super) fn until(&self, wanted: &Self, schema: &Schema) -> Result<String, String> {
        let dialect = schema.dialect;
        let mut text = String::new();
        for (name, table) in in_order(schema) {
            let had = self.tables.get(name).map_or(&[][..], Vec::as_slice);
            let has = wanted.tables.get(name).map_or(&[][..], Vec::as_slice);
            let mut had = counts(had);
            let mut rows = has.to_vec();
            rows.retain(|row| match had.get_mut(row.as_str()) {
                Some(times) if *times > 0 => {
                    *times -= 1;
                    false
                }
                _ => true,
            });
            if had.values().any(|times| *times > 0) {
                return Err(format!(
                    "it changes or deletes rows of `{name}` that earlier versions have written"
                ));
            }
            if rows.len() > MOST {
                return Err(format!(
                    "it writes more than {} into `{name}`",
                    counted(MOST, "row")
                ));
            }
            let names: Vec<String> = columns(table)
                .map(|column| dialect.quote(&column.name))
                .collect();
            let always = columns(table).any(|column| column.identity == Some(Identity::Always));
            let overriding = if always {
                " OVERRIDING SYSTEM VALUE"
            } else {
                ""
            };
            for rows in rows.chunks(AT_ONCE) {
                let rows: Vec<String> = rows.iter().map(|row| format!("    ({row})")).collect();
                // Writing to a String cannot fail.
                let _infallible = writeln!(
                    text,
                    "INSERT INTO {} ({}){overriding} VALUES\n{};",
                    name.quoted(dialect),
                    names.join(", "),
                    rows.join(",\n")
                );
            }
        }
        for (name, value) in &wanted.sequences {
            if self.sequences.get(name) != Some(value) {
                let name = dialect.literal(name);
                let _infallible = writeln!(text, "SELECT pg_catalog.setval({name}, {value});");
            }
        }
        Ok(text)
    }

    /// Returns how they differ.
    pub(super) fn differs(&self, wanted: &Self) -> Option<String> {
        let tables = wanted.tables.iter();
        let mut tables = tables.filter(|(name, rows)| {
            let ours = self.tables.get(*name);
            ours.is_none_or(|ours| counts(ours) != counts(rows))
        });
        match tables.next() {
            Some((name, _)) => Some(format!("it does not give the same rows of `{name}`")),
            None => (self.sequences != wanted.sequences)
                .then(|| "it does not leave its sequences at the same values".to_owned()),
        }
    }
}

/// How often each row is there.
fn counts(rows: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.as_str()).or_default() += 1;
    }
    counts
}

/// The columns that hold values of their own.
fn columns(table: &Table) -> impl Iterator<Item = &Column> {
    let columns = table.columns.iter();
    columns.filter(|column| column.generated.is_none())
}

/// The tables, those that foreign keys reference before those that have them.
fn in_order(schema: &Schema) -> Vec<(&Name, &Table)> {
    let mut order: Vec<(&Name, &Table)> = Vec::new();
    let mut rest: Vec<(&Name, &Table)> = schema.tables.iter().collect();
    while !rest.is_empty() {
        let waits = |(name, table): &(&Name, &Table)| {
            let keys = table.foreign_keys.iter();
            keys.filter(|key| key.table != **name)
                .any(|key| rest.iter().any(|(other, _)| **other == key.table))
        };
        let (later, now): (Vec<_>, Vec<_>) = rest.iter().copied().partition(waits);
        // A cycle has no order.
        let (later, now) = match now.is_empty() {
            true => (now, later),
            false => (later, now),
        };
        order.extend(now);
        rest = later;
    }
    order
}

/// The expression of a column's value as a literal of the database.
fn literal(dialect: Dialect, column: &Column) -> String {
    let name = dialect.quote(&column.name);
    let kind = column.sql_type.to_ascii_lowercase();
    let is = |kinds: &[&str]| kinds.iter().any(|known| kind.starts_with(known));
    match dialect {
        Dialect::Sqlite => format!("quote({name})"),
        Dialect::Postgres if is(&["smallint", "integer", "bigint", "boolean"]) => {
            format!("coalesce({name}::text, 'NULL')")
        }
        Dialect::Postgres => format!("quote_nullable({name}::text)"),
        Dialect::MySql
            if is(&[
                "tinyint",
                "smallint",
                "mediumint",
                "int",
                "bigint",
                "decimal",
            ]) =>
        {
            format!("CAST(IFNULL({name}, 'NULL') AS CHAR)")
        }
        Dialect::MySql if is(&["float", "double"]) => {
            format!("CAST(IFNULL({name} + 0e0, 'NULL') AS CHAR)")
        }
        Dialect::MySql if is(&["bit"]) => format!("CAST(IFNULL({name} + 0, 'NULL') AS CHAR)"),
        Dialect::MySql
            if is(&[
                "char",
                "varchar",
                "text",
                "tinytext",
                "mediumtext",
                "longtext",
                "enum",
                "set",
                "json",
                "date",
                "time",
                "year",
                "uuid",
                "inet",
            ]) =>
        {
            format!("CAST(QUOTE(CAST({name} AS CHAR)) AS CHAR)")
        }
        // Bytes, and what has them inside, such as a geometry.
        Dialect::MySql => {
            format!("CAST(IFNULL(CONCAT('X''', HEX({name}), ''''), 'NULL') AS CHAR)")
        }
    }
}
