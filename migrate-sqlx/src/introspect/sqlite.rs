//! SQLite 3.37 and later: one statement, so one state of the database, and the texts it keeps.

mod table;
mod text;

use std::collections::BTreeMap;

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{Column, Identity, Index, IndexPart, Key, Name, Schema, Table, View};

use self::text::{Part, Reader, without_table};
use super::record::Record;
use super::{is_ledger, unreadable};
use crate::backend::Session;
use crate::error::Error;

/// Every table, view, column, index and trigger. A virtual table is not asked for its columns, as
/// its module may be missing; a shadow table belongs to one.
const QUERY: &str = r#"
WITH listed AS MATERIALIZED (SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main')
SELECT 'object', s.type, s.name, s.tbl_name, s.sql, l.type, l.wr, l.strict, NULL, NULL
FROM main.sqlite_schema s LEFT JOIN listed l ON l.name = s.name AND s.type IN ('table', 'view')
WHERE s.sql IS NOT NULL AND s.name NOT LIKE 'sqlite\_%' ESCAPE '\'
UNION ALL
SELECT 'column', s.name, x.cid, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden, NULL
FROM main.sqlite_schema s JOIN pragma_table_xinfo(s.name, 'main') x
WHERE s.type = 'table' AND s.rootpage > 0
UNION ALL
SELECT 'part', s.name, i.name, i."unique", x.seqno, x.cid, x.name, x.coll, x."desc", NULL
FROM main.sqlite_schema s JOIN pragma_index_list(s.name, 'main') i JOIN pragma_index_xinfo(i.name, 'main') x
WHERE s.type = 'table' AND s.rootpage > 0 AND i.origin = 'c' AND x.key"#;

/// What one row says of a table or view.
struct Object {
    name: String,
    sql: String,
    kind: String,
    without_rowid: bool,
    strict: bool,
}

/// A column as the pragma reports it.
struct PragmaColumn {
    cid: i64,
    column: Column,
    /// Its place in the primary key, from 1.
    key: usize,
}

/// The parts of an index as the pragma reports them, and whether it is unique.
#[derive(Default)]
struct PragmaIndex {
    unique: bool,
    parts: BTreeMap<i64, PragmaPart>,
}

struct PragmaPart {
    /// None for an expression.
    column: Option<String>,
    collation: String,
    descending: bool,
}

pub(super) async fn read(session: &mut dyn Session, ledger: &LedgerNames) -> Result<Schema, Error> {
    let mut objects: Vec<Object> = Vec::new();
    let mut indexes: Vec<(String, String, String)> = Vec::new();
    let mut triggers: Vec<(String, String, String)> = Vec::new();
    let mut columns: BTreeMap<String, Vec<PragmaColumn>> = BTreeMap::new();
    let mut pragma_indexes: BTreeMap<String, PragmaIndex> = BTreeMap::new();
    let rows = session.query(QUERY.to_owned()).await;
    for row in rows.map_err(Error::from)? {
        let mut row = Record::from(row);
        match row.text().as_str() {
            "object" => {
                let (class, name, table, sql) = (row.text(), row.text(), row.text(), row.text());
                match class.as_str() {
                    "index" => indexes.push((table, name, sql)),
                    "trigger" => triggers.push((table, name, sql)),
                    _ => objects.push(Object {
                        name,
                        sql,
                        kind: row.text(),
                        without_rowid: row.flag(),
                        strict: row.flag(),
                    }),
                }
            }
            "column" => {
                let table = row.text();
                columns.entry(table).or_default().push(column(row)?);
            }
            _ => {
                let (_, index, unique) = (row.text(), row.text(), row.flag());
                let (place, cid) = (row.number()?, row.number::<i64>()?);
                let entry = pragma_indexes.entry(index).or_default();
                entry.unique = unique;
                let name = row.text();
                entry.parts.insert(
                    place,
                    PragmaPart {
                        column: (cid != -2).then_some(name),
                        collation: row.text(),
                        descending: row.flag(),
                    },
                );
            }
        }
    }
    let mut schema = Schema::empty(Dialect::Sqlite);
    objects.retain(|object| {
        object.kind != "shadow" && !is_ledger(ledger, Some("main"), Some("main"), &object.name)
    });
    for object in objects {
        let name = Name::plain(&object.name);
        if object.kind == "view" {
            let view = view(&object.sql).ok_or_else(|| unreadable(&object.name))?;
            schema.views.insert(name, view);
        } else if object.kind == "virtual" {
            let table = virtual_table(&object.sql).ok_or_else(|| unreadable(&object.name))?;
            schema.tables.insert(name, table);
        } else {
            let columns = columns.remove(&object.name).unwrap_or_default();
            let table = table(&object, columns).ok_or_else(|| unreadable(&object.name))?;
            schema.tables.insert(name, table);
        }
    }
    implied_references(&mut schema);
    for (table, name, sql) in indexes {
        let Some(table) = find(&mut schema.tables, &table) else {
            continue;
        };
        let pragma = pragma_indexes.remove(&name).unwrap_or_default();
        let index = index(table, &pragma, &sql).ok_or_else(|| unreadable(&name))?;
        table.indexes.insert(name, index);
    }
    for (table, name, sql) in triggers {
        if let Some(table) = find(&mut schema.tables, &table) {
            table.triggers.insert(name, sql);
        } else if let Some(view) = find(&mut schema.views, &table) {
            view.triggers.insert(name, sql);
        }
    }
    Ok(schema)
}

/// Finds an object by its name, which SQLite compares without case.
fn find<'a, T>(objects: &'a mut BTreeMap<Name, T>, name: &str) -> Option<&'a mut T> {
    let plain = Name::plain(name);
    if objects.contains_key(&plain) {
        return objects.get_mut(&plain);
    }
    let same = |key: &&Name| key.name.eq_ignore_ascii_case(name);
    let key = objects.keys().find(same)?.clone();
    objects.get_mut(&key)
}

fn column(mut row: Record) -> Result<PragmaColumn, Error> {
    let cid = row.number()?;
    let (name, sql_type, not_null) = (row.text(), row.text(), row.flag());
    let default = row.nullable();
    let key = row.number()?;
    Ok(PragmaColumn {
        cid,
        key,
        column: Column {
            name,
            sql_type,
            nullable: !not_null,
            default,
            ..Column::default()
        },
    })
}

/// Puts together what the pragma and the text say of a table.
fn table(object: &Object, mut columns: Vec<PragmaColumn>) -> Option<Table> {
    let text = table::read(&object.sql)?;
    columns.sort_by_key(|column| column.cid);
    if text.columns.len() != columns.len() {
        return None;
    }
    let mut table = Table::default();
    let mut keyed: Vec<(usize, String)> = Vec::new();
    let mut rowid = None;
    for (at, (pragma, text)) in columns.into_iter().zip(text.columns).enumerate() {
        let mut column = pragma.column;
        if !column.name.eq_ignore_ascii_case(&text.name) {
            return None;
        }
        if pragma.key > 0 {
            keyed.push((pragma.key, column.name.clone()));
            let integer = column.sql_type.eq_ignore_ascii_case("INTEGER");
            rowid = (integer && !text.descending_key && !object.without_rowid).then_some(at);
        }
        // No default and a default of NULL are the same.
        let default = text.default.or(column.default);
        column.default = default.filter(|default| !default.eq_ignore_ascii_case("NULL"));
        column.collation = text.collation.and_then(collation);
        column.generated = text.generated;
        column.options = text.options;
        table.columns.push(column);
    }
    keyed.sort();
    if let (Some(rowid), 1) = (rowid, keyed.len()) {
        // An alias of the rowid is never NULL: <https://sqlite.org/rowidtable.html>.
        let column = &mut table.columns[rowid];
        column.nullable = false;
        column.identity = text.autoincrement.then_some(Identity::AutoIncrement);
    }
    if !keyed.is_empty() {
        let mut key = text.primary_key?;
        real_names(&table, &mut key);
        key.columns = keyed.into_iter().map(|(_, column)| column).collect();
        table.primary_key = Some(key);
    }
    for mut key in text.uniques {
        real_names(&table, &mut key);
        table.uniques.push(key);
    }
    for mut key in text.foreign_keys {
        for column in &mut key.columns {
            real_name(&table, column);
        }
        table.foreign_keys.push(key);
    }
    table.checks = text.checks;
    for check in &mut table.checks {
        check.expression = without_table(&check.expression, &object.name);
    }
    for (is, word) in [
        (object.without_rowid, "WITHOUT ROWID"),
        (object.strict, "STRICT"),
    ] {
        if is {
            table.options.set(word);
        }
    }
    Some(table)
}

/// SQLite's own collations in one spelling; `BINARY` is what there is without one.
fn collation(name: String) -> Option<String> {
    let own = ["NOCASE", "RTRIM", "BINARY"]
        .into_iter()
        .find(|own| name.eq_ignore_ascii_case(own));
    match own {
        Some("BINARY") => None,
        Some(own) => Some(own.to_owned()),
        None => Some(name),
    }
}

/// Writes a column's name as the column has it.
fn real_name(table: &Table, name: &mut String) {
    let same = |column: &&Column| column.name.eq_ignore_ascii_case(name);
    if let Some(column) = table.columns.iter().find(same) {
        name.clone_from(&column.name);
    }
}

fn real_names(table: &Table, key: &mut Key) {
    for column in &mut key.columns {
        real_name(table, column);
    }
    let qualifiers = std::mem::take(&mut key.qualifiers);
    for (mut column, qualifier) in qualifiers {
        real_name(table, &mut column);
        key.qualifiers.insert(column, qualifier);
    }
}

/// A foreign key can leave out what it points to: then it is the primary key.
fn implied_references(schema: &mut Schema) {
    let mut keys: BTreeMap<String, (Name, Table)> = BTreeMap::new();
    for (name, table) in &schema.tables {
        let known = Table {
            columns: table.columns.clone(),
            primary_key: table.primary_key.clone(),
            ..Table::default()
        };
        keys.insert(name.name.to_ascii_lowercase(), (name.clone(), known));
    }
    for table in schema.tables.values_mut() {
        for key in &mut table.foreign_keys {
            let Some((name, target)) = keys.get(&key.table.name.to_ascii_lowercase()) else {
                continue;
            };
            key.table.clone_from(name);
            if key.references.is_empty() {
                let columns = target.primary_key.as_ref().map(|key| key.columns.clone());
                key.references = columns.unwrap_or_default();
            }
            for column in &mut key.references {
                real_name(target, column);
            }
        }
    }
}

fn index(table: &Table, pragma: &PragmaIndex, sql: &str) -> Option<Index> {
    let mut reader = Reader::new(sql)?;
    reader.header(&["INDEX"])?;
    if !reader.take(&["ON"]) {
        return None;
    }
    let name = reader.name()?;
    let parts = reader.parts()?;
    if parts.len() != pragma.parts.len() {
        return None;
    }
    let mut index = Index {
        unique: pragma.unique,
        ..Index::default()
    };
    for (part, known) in parts.into_iter().zip(pragma.parts.values()) {
        index.parts.push(index_part(table, part, known));
    }
    if reader.take(&["WHERE"]) {
        index.predicate = Some(without_table(reader.rest(), &name));
    }
    Some(index)
}

fn index_part(table: &Table, part: Part, known: &PragmaPart) -> IndexPart {
    let Some(name) = &known.column else {
        return IndexPart {
            over: part.text,
            expression: true,
            descending: known.descending,
            collation: part.collation.and_then(collation),
            ..IndexPart::default()
        };
    };
    let own = table
        .column(name)
        .and_then(|column| column.collation.as_deref());
    let is_own = known
        .collation
        .eq_ignore_ascii_case(own.unwrap_or("BINARY"));
    IndexPart {
        over: name.clone(),
        descending: known.descending,
        collation: match is_own {
            true => None,
            false => {
                Some(collation(known.collation.clone()).unwrap_or_else(|| "BINARY".to_owned()))
            }
        },
        ..IndexPart::default()
    }
}

fn view(sql: &str) -> Option<View> {
    let mut reader = Reader::new(sql)?;
    reader.header(&["VIEW"])?;
    let mut view = View::default();
    if reader.sees(&["("]) {
        view.columns = reader.parts()?.iter().map(Part::column).collect();
    }
    if !reader.take(&["AS"]) {
        return None;
    }
    reader.rest().clone_into(&mut view.definition);
    Some(view)
}

fn virtual_table(sql: &str) -> Option<Table> {
    let mut reader = Reader::new(sql)?;
    reader.header(&["TABLE"])?;
    if !reader.take(&["USING"]) {
        return None;
    }
    let mut table = Table::default();
    let module = reader.rest().to_owned();
    table.options.insert("USING", module);
    Some(table)
}
