//! Tables of MySQL and MariaDB, and what belongs to them.

use migrate_core::LedgerNames;
use migrate_schema::{
    Action, Check, Column, ForeignKey, Generated, Identity, Index, IndexPart, Key, Name, Options,
    Table, View,
};

use super::super::record::Record;
use super::show_create::Asked;
use super::spelling::{create_options, literal, unescaped};
use super::{Reading, unreadable};
use crate::error::Error;

/// A column's place in an index, before it is known what the index is.
#[derive(Default)]
struct IndexRow {
    name: String,
    unique: bool,
    part: IndexPart,
    method: String,
    comment: Option<String>,
    ignored: bool,
}

impl Reading {
    pub(super) fn table(&mut self, mut row: Record, ledger: &LedgerNames) {
        let (name, kind) = (row.text(), row.text());
        if self.is_ledger(ledger, &name) {
            return;
        }
        self.names.insert(name.clone());
        let place = Name::plain(&name);
        match kind.as_str() {
            "VIEW" | "SYSTEM VIEW" => {
                self.schema.views.insert(place, View::default());
                return;
            }
            "SEQUENCE" => {
                self.sequences.push(name);
                return;
            }
            _ => {}
        }
        let mut options = Options::new();
        if let Some(engine) = row.option() {
            options.insert("ENGINE", engine);
        }
        if let Some(collation) = row.option() {
            self.collations.insert(place.clone(), collation.clone());
            options.insert("COLLATE", collation);
        }
        options.extend(create_options(&row.text()));
        if kind == "SYSTEM VERSIONED" {
            options.set("WITH SYSTEM VERSIONING");
        }
        let table = Table {
            options,
            comment: row.option(),
            ..Table::default()
        };
        self.asked.push(Asked::Table(place.clone()));
        self.schema.tables.insert(place, table);
    }

    /// Reads a table's name and finds it.
    fn find(&mut self, row: &mut Record) -> Option<(Name, &mut Table)> {
        let name = Name::plain(row.text());
        let table = self.schema.tables.get_mut(&name)?;
        Some((name, table))
    }

    pub(super) fn column(&mut self, mut row: Record) {
        let mariadb = self.server.mariadb;
        let Some((place, _)) = self.find(&mut row) else {
            return;
        };
        let mut column = Column {
            name: row.text(),
            sql_type: row.text(),
            ..Column::default()
        };
        let data_type = row.text();
        column.nullable = row.flag();
        let default = row.nullable();
        let extra = row.text();
        let lower = extra.to_ascii_lowercase();
        let expression = row.option();
        if lower.contains("auto_increment") {
            column.identity = Some(Identity::AutoIncrement);
        }
        if let Some(at) = lower.find("on update ") {
            let rest = &extra[at + "on update ".len()..];
            let end = rest.find([' ', ',']).unwrap_or(rest.len());
            column.on_update = Some(rest[..end].to_owned());
        }
        for word in ["INVISIBLE", "WITHOUT SYSTEM VERSIONING"] {
            if lower.contains(&word.to_ascii_lowercase()) {
                column.options.set(word);
            }
        }
        if let Some(expression) = expression {
            let stored = lower.contains("stored") || lower.contains("persistent");
            let expression = match mariadb {
                true => expression,
                false => unescaped(&expression),
            };
            column.generated = Some(Generated { expression, stored });
        } else {
            column.default = match (default, mariadb) {
                // MariaDB writes expressions, and NULL where there is no default.
                (Some(default), true) => (default != "NULL").then_some(default),
                (Some(default), false) if lower.contains("default_generated") => {
                    let default = unescaped(&default);
                    let is_time = default
                        .to_ascii_uppercase()
                        .starts_with("CURRENT_TIMESTAMP");
                    Some(if is_time {
                        default
                    } else {
                        format!("({default})")
                    })
                }
                (Some(default), false) => {
                    self.note_default(&place, &column.name, &data_type, &default);
                    Some(literal(&default, &data_type))
                }
                (None, _) => None,
            };
        }
        let collation = row.option();
        column.collation =
            collation.filter(|collation| self.collations.get(&place) != Some(collation));
        column.comment = row.option();
        if let Some(reference) = row.option() {
            column.options.insert("SRID", reference);
        }
        if let Some(table) = self.schema.tables.get_mut(&place) {
            table.columns.push(column);
        }
    }

    pub(super) fn index_part(&mut self, mut row: Record) -> Result<(), Error> {
        let Some((_, table)) = self.find(&mut row) else {
            return Ok(());
        };
        let mut index = IndexRow {
            name: row.text(),
            unique: !row.flag(),
            ..IndexRow::default()
        };
        let column = row.option();
        let expression = row.option();
        index.part = IndexPart {
            expression: column.is_none(),
            over: column
                .or_else(|| expression.map(|expression| unescaped(&expression)))
                .unwrap_or_default(),
            descending: row.text() == "D",
            ..IndexPart::default()
        };
        if let Some(prefix) = row.option() {
            let prefix = prefix.parse().map_err(|_| unreadable(&index.name))?;
            index.part.prefix = Some(prefix);
        }
        index.method = row.text();
        // A spatial index is always over the whole, and yet has a length.
        if index.method == "SPATIAL" {
            index.part.prefix = None;
        }
        index.comment = row.option();
        index.ignored = row.flag();
        add(table, index);
        Ok(())
    }

    pub(super) fn foreign_key(&mut self, mut row: Record) {
        let Some((_, table)) = self.find(&mut row) else {
            return;
        };
        let (name, column) = (row.text(), row.text());
        let target = Name {
            schema: row.option(),
            name: row.text(),
        };
        let references = row.text();
        let (on_update, on_delete) = (action(&row.text()), action(&row.text()));
        match table.foreign_keys.last_mut() {
            Some(last) if last.name.as_ref() == Some(&name) => {
                last.columns.push(column);
                last.references.push(references);
            }
            _ => table.foreign_keys.push(ForeignKey {
                columns: vec![column],
                table: target,
                references: vec![references],
                on_delete,
                on_update,
                name: Some(name),
                ..ForeignKey::default()
            }),
        }
    }

    /// A check of a column has the column's name on MariaDB, and no other.
    pub(super) fn check(&mut self, mut row: Record) {
        let mariadb = self.server.mariadb;
        let Some((_, table)) = self.find(&mut row) else {
            return;
        };
        let (name, expression, level) = (row.text(), row.text(), row.text());
        let expression = match mariadb {
            true => expression,
            false => unescaped(&expression),
        };
        let mut options = Options::new();
        if !row.flag() {
            options.set("NOT ENFORCED");
        }
        let name = if level == "Column" {
            options.insert("COLUMN", name);
            None
        } else {
            Some(name)
        };
        table.checks.push(Check {
            expression,
            name,
            options,
        });
    }
}

/// Adds a part to the key or index it belongs to. What is unique over plain columns is a
/// constraint, as the database calls it.
fn add(table: &mut Table, row: IndexRow) {
    let IndexRow {
        name,
        unique,
        part,
        method,
        comment,
        ignored,
    } = row;
    if name == "PRIMARY" {
        let key = table.primary_key.get_or_insert_default();
        let qualifier = match (part.prefix, part.descending) {
            (Some(prefix), false) => format!("({prefix})"),
            (Some(prefix), true) => format!("({prefix}) DESC"),
            (None, true) => "DESC".to_owned(),
            (None, false) => String::new(),
        };
        if !qualifier.is_empty() {
            key.qualifiers.insert(part.over.clone(), qualifier);
        }
        if method != "BTREE" {
            key.options.insert("USING", method);
        }
        if let Some(comment) = comment {
            key.options.insert("COMMENT", comment);
        }
        key.columns.push(part.over);
        return;
    }
    let index = table.indexes.entry(name.clone()).or_insert_with(|| Index {
        unique,
        method: (method != "BTREE").then_some(method),
        comment,
        ..Index::default()
    });
    if ignored {
        index.options.set("IGNORED");
    }
    index.parts.push(part);
}

impl Reading {
    /// Moves what is unique over plain columns to the constraints.
    pub(super) fn unique_constraints(&mut self) {
        for table in self.schema.tables.values_mut() {
            let indexes = std::mem::take(&mut table.indexes);
            for (name, index) in indexes {
                let is_plain = |part: &IndexPart| {
                    !part.expression && !part.descending && part.prefix.is_none()
                };
                let bare = index.method.is_none() && index.comment.is_none();
                if index.unique
                    && bare
                    && index.options.is_empty()
                    && index.parts.iter().all(is_plain)
                {
                    table.uniques.push(Key {
                        columns: index.parts.into_iter().map(|part| part.over).collect(),
                        name: Some(name),
                        ..Key::default()
                    });
                } else {
                    table.indexes.insert(name, index);
                }
            }
        }
    }
}

fn action(text: &str) -> Action {
    match Action::parse(text) {
        Action::Restrict => Action::NoAction,
        action => action,
    }
}
