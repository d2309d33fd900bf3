//! Parts of a `CREATE TABLE` of SQLite that no pragma reports.

use migrate_core::Dialect;
use migrate_schema::{Action, Check, Deferrable, ForeignKey, Generated, Key, Name, Options};

use super::text::{Part, Reader, as_sql};

/// A table as it was written. Names of columns may differ from the real ones in their case.
#[derive(Debug, Default)]
pub(super) struct TableText {
    pub(super) columns: Vec<ColumnText>,
    pub(super) primary_key: Option<Key>,
    pub(super) autoincrement: bool,
    pub(super) uniques: Vec<Key>,
    pub(super) checks: Vec<Check>,
    pub(super) foreign_keys: Vec<ForeignKey>,
}

/// A column as it was written.
#[derive(Debug, Default)]
pub(super) struct ColumnText {
    pub(super) name: String,
    /// As written after `DEFAULT`: an expression is in parentheses, a plain value is not.
    pub(super) default: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) generated: Option<Generated>,
    pub(super) options: Options,
    /// Written as `PRIMARY KEY DESC`, which keeps it from being the rowid.
    pub(super) descending_key: bool,
}

/// The words that can follow a column's type.
const CONSTRAINTS: [&str; 13] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "AS",
    "ON",
    "DEFERRABLE",
    "GENERATED",
];

/// The words that begin a constraint of a table.
const OF_TABLE: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// Reads a `CREATE TABLE`; `None` where it is none.
pub(super) fn read(sql: &str) -> Option<TableText> {
    let mut reader = Reader::new(sql)?;
    reader.header(&["TABLE"])?;
    let mut table = TableText::default();
    if !reader.take(&["("]) {
        return None;
    }
    loop {
        if reader.sees(&OF_TABLE) {
            table_constraints(&mut reader, &mut table)?;
        } else {
            column(&mut reader, &mut table)?;
        }
        if reader.take(&[")"]) {
            return Some(table);
        }
        if !reader.take(&[","]) {
            return None;
        }
    }
}

fn column(reader: &mut Reader<'_>, table: &mut TableText) -> Option<()> {
    let mut column = ColumnText {
        name: reader.name()?,
        ..ColumnText::default()
    };
    // `GENERATED` can be a part of the type, as any word can.
    while !ends(reader) && (!reader.sees(&CONSTRAINTS) || is_type_word(reader)) {
        reader.skip_group()?;
    }
    let mut name = None;
    let mut key = Key {
        columns: vec![column.name.clone()],
        ..Key::default()
    };
    while !ends(reader) {
        if reader.take(&["CONSTRAINT"]) {
            name = Some(reader.name()?);
            continue;
        }
        if reader.take(&["PRIMARY", "KEY"]) {
            let descending = reader.take(&["DESC"]);
            reader.take(&["ASC"]);
            column.descending_key = descending;
            key.name = name.take();
            key.options = on_conflict(reader)?;
            table.autoincrement |= reader.take(&["AUTOINCREMENT"]);
            let mut primary = key.clone();
            if descending {
                let qualifier = (column.name.clone(), "DESC".to_owned());
                primary.qualifiers.extend([qualifier]);
            }
            table.primary_key = Some(primary);
        } else if reader.take(&["UNIQUE"]) {
            key.name = name.take();
            key.options = on_conflict(reader)?;
            table.uniques.push(key.clone());
        } else if reader.take(&["NOT", "NULL"]) {
            name = None;
            column.options.extend(on_conflict(reader)?);
        } else if reader.take(&["NULL"]) {
            name = None;
            on_conflict(reader)?;
        } else if reader.take(&["DEFAULT"]) {
            name = None;
            column.default = Some(default(reader)?);
        } else if reader.take(&["COLLATE"]) {
            name = None;
            column.collation = Some(as_sql(reader.name()?));
        } else if reader.take(&["GENERATED", "ALWAYS", "AS"]) || reader.take(&["AS"]) {
            name = None;
            let expression = reader.group()?.to_owned();
            let stored = reader.take(&["STORED"]);
            reader.take(&["VIRTUAL"]);
            column.generated = Some(Generated { expression, stored });
        } else if reader.take(&["REFERENCES"]) {
            let key = references(reader, vec![column.name.clone()], name.take())?;
            table.foreign_keys.push(key);
        } else if reader.sees(&["CHECK"]) {
            table.checks.push(check(reader, name.take())?);
        } else {
            // `DEFERRABLE` can be anywhere after its `REFERENCES`.
            let deferrable = deferrable(reader)?;
            table.foreign_keys.last_mut()?.deferrable = deferrable;
        }
    }
    table.columns.push(column);
    Some(())
}

/// Says whether a column's definition ends here.
fn ends(reader: &Reader<'_>) -> bool {
    reader.is_end() || reader.sees(&[",", ")"])
}

/// `GENERATED` begins a constraint only with the rest of its words.
fn is_type_word(reader: &mut Reader<'_>) -> bool {
    reader.sees(&["GENERATED"]) && !reader.clone().take(&["GENERATED", "ALWAYS", "AS"])
}

/// The constraints of a table; the commas between them can be missing.
fn table_constraints(reader: &mut Reader<'_>, table: &mut TableText) -> Option<()> {
    let mut name = None;
    while !ends(reader) {
        if reader.take(&["CONSTRAINT"]) {
            name = Some(reader.name()?);
        } else if reader.take(&["PRIMARY", "KEY"]) {
            let parts = reader.parts()?;
            table.autoincrement |= parts.iter().any(|part| part.autoincrement);
            table.primary_key = Some(key(&parts, name.take(), reader)?);
        } else if reader.take(&["UNIQUE"]) {
            let parts = reader.parts()?;
            table.uniques.push(key(&parts, name.take(), reader)?);
        } else if reader.sees(&["CHECK"]) {
            table.checks.push(check(reader, name.take())?);
        } else if reader.take(&["FOREIGN", "KEY"]) {
            let columns = reader.parts()?.iter().map(Part::column).collect();
            if !reader.take(&["REFERENCES"]) {
                return None;
            }
            let mut key = references(reader, columns, name.take())?;
            if reader.sees(&["NOT", "DEFERRABLE"]) {
                key.deferrable = deferrable(reader)?;
            }
            table.foreign_keys.push(key);
        } else {
            return None;
        }
    }
    Some(())
}

fn key(parts: &[Part], name: Option<String>, reader: &mut Reader<'_>) -> Option<Key> {
    let mut key = Key {
        name,
        options: on_conflict(reader)?,
        ..Key::default()
    };
    for part in parts {
        let column = part.column();
        let collation = part
            .collation
            .as_ref()
            .map(|name| format!("COLLATE {name}"));
        let descending = part.descending.then(|| "DESC".to_owned());
        let qualifier: Vec<String> = collation.into_iter().chain(descending).collect();
        if !qualifier.is_empty() {
            key.qualifiers.insert(column.clone(), qualifier.join(" "));
        }
        key.columns.push(column);
    }
    Some(key)
}

fn check(reader: &mut Reader<'_>, name: Option<String>) -> Option<Check> {
    reader.take(&["CHECK"]);
    let expression = reader.group()?.to_owned();
    // It is allowed and means nothing.
    on_conflict(reader)?;
    Some(Check {
        expression,
        name,
        options: Options::new(),
    })
}

/// `ON CONFLICT …`, where that is not what happens anyway.
fn on_conflict(reader: &mut Reader<'_>) -> Option<Options> {
    let mut options = Options::new();
    if reader.take(&["ON", "CONFLICT"]) {
        let word = reader.name()?.to_ascii_uppercase();
        if word != "ABORT" {
            options.insert("ON CONFLICT", word);
        }
    }
    Some(options)
}

/// Passes the value of a default. A quoted name, in whichever quotes, is a text there
/// (<https://sqlite.org/quirks.html#dblquote>), but only outside of parentheses, so it is returned
/// as the literal.
fn default(reader: &mut Reader<'_>) -> Option<String> {
    if let Some(text) = reader.quoted_name() {
        return Some(Dialect::Sqlite.literal(&text));
    }
    let begin = reader.place();
    if reader.sees(&["("]) {
        let inner = reader.group()?;
        let is_value = Reader::new(inner)?.is_value();
        return Some(match is_value {
            true => inner.to_owned(),
            false => reader.since(begin).to_owned(),
        });
    }
    let signed = reader.sees(&["+", "-"]);
    if signed {
        reader.skip();
    }
    reader.skip_group()?;
    // A number is several tokens: `1.5e-3`; and so is a blob.
    while !ends(reader) && !reader.sees(&CONSTRAINTS) {
        reader.skip_group()?;
    }
    Some(reader.since(begin).to_owned())
}

fn references(
    reader: &mut Reader<'_>,
    columns: Vec<String>,
    name: Option<String>,
) -> Option<ForeignKey> {
    let mut key = ForeignKey {
        columns,
        table: Name::plain(reader.name()?),
        name,
        ..ForeignKey::default()
    };
    if reader.sees(&["("]) {
        key.references = reader.parts()?.iter().map(Part::column).collect();
    }
    loop {
        if reader.take(&["ON", "DELETE"]) {
            key.on_delete = action(reader)?;
        } else if reader.take(&["ON", "UPDATE"]) {
            key.on_update = action(reader)?;
        } else if reader.take(&["ON", "INSERT"]) {
            action(reader)?;
        } else if reader.take(&["MATCH"]) {
            // SQLite reads it and does nothing else: <https://sqlite.org/foreignkeys.html>.
            reader.name()?;
        } else {
            return Some(key);
        }
    }
}

fn action(reader: &mut Reader<'_>) -> Option<Action> {
    for action in [
        Action::SetNull,
        Action::SetDefault,
        Action::Cascade,
        Action::Restrict,
        Action::NoAction,
    ] {
        let words: Vec<&str> = action.as_sql().split(' ').collect();
        if reader.take(&words) {
            return Some(action);
        }
    }
    None
}

/// `[NOT] DEFERRABLE [INITIALLY …]`.
fn deferrable(reader: &mut Reader<'_>) -> Option<Deferrable> {
    let never = reader.take(&["NOT"]);
    if !reader.take(&["DEFERRABLE"]) {
        return None;
    }
    let deferred = reader.take(&["INITIALLY", "DEFERRED"]);
    reader.take(&["INITIALLY", "IMMEDIATE"]);
    Some(match (never, deferred) {
        (true, _) => Deferrable::No,
        (false, true) => Deferrable::Deferred,
        (false, false) => Deferrable::Immediate,
    })
}
