//! A schema as a diagram for documents: an `erDiagram` of Mermaid
//! (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).

use std::fmt::Write as _;

use migrate_schema::{ForeignKey, Name, Schema, Table};

/// Draws the tables and what refers to what.
pub(crate) fn diagram(schema: &Schema) -> String {
    let mut text = String::from("erDiagram");
    for (name, table) in &schema.tables {
        entity(&mut text, name, table);
    }
    for (name, table) in &schema.tables {
        for key in &table.foreign_keys {
            relation(&mut text, name, table, key);
        }
    }
    text
}

fn entity(text: &mut String, name: &Name, table: &Table) {
    push(
        text,
        format_args!("    {} {{", quoted_text(&name.to_string())),
    );
    for column in &table.columns {
        let is_in = |columns: &[String]| columns.contains(&column.name);
        let mut marks = Vec::new();
        if table
            .primary_key
            .as_ref()
            .is_some_and(|key| is_in(&key.columns))
        {
            marks.push("PK");
        }
        if table.foreign_keys.iter().any(|key| is_in(&key.columns)) {
            marks.push("FK");
        }
        let alone = std::slice::from_ref(&column.name);
        if table.uniques.iter().any(|key| key.columns == alone) {
            marks.push("UK");
        }
        let mut line = format!("{} {}", word(&column.sql_type), word(&column.name));
        if !marks.is_empty() {
            line.extend([" ", &marks.join(", ")]);
        }
        if let Some(comment) = &column.comment {
            line.extend([" ", &quoted_text(comment)]);
        }
        push(text, format_args!("        {line}"));
    }
    push(text, format_args!("    }}"));
}

/// One row there has many here, or one where the key is also a key of its own table.
fn relation(text: &mut String, name: &Name, table: &Table, key: &ForeignKey) {
    let optional = key
        .columns
        .iter()
        .any(|name| table.column(name).is_none_or(|column| column.nullable));
    let same = |columns: &[String]| {
        columns.len() == key.columns.len() && columns.iter().all(|name| key.columns.contains(name))
    };
    let keys = table.primary_key.iter().chain(&table.uniques);
    let single = keys.into_iter().any(|key| same(&key.columns));
    push(
        text,
        format_args!(
            "    {} {}--{} {} : {}",
            quoted_text(&key.table.to_string()),
            if optional { "|o" } else { "||" },
            if single { "o|" } else { "o{" },
            quoted_text(&name.to_string()),
            quoted_text(&key.columns.join(", "))
        ),
    );
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _infallible = write!(text, "\n{line}");
}

/// A text in quotes, without the signs that no quotes help.
fn quoted_text(text: &str) -> String {
    let safe = text.replace(['"', '\\', '%'], "'");
    format!("\"{}\"", safe.replace(|sign: char| sign.is_control(), " "))
}

/// A type or a name of a column: Mermaid takes one word for it.
fn word(text: &str) -> String {
    let mut word: String = text
        .chars()
        .map(|sign| match sign {
            sign if sign.is_alphanumeric() || "_-()[]".contains(sign) => sign,
            _ => '_',
        })
        .collect();
    // These three are marks of keys, in whichever case.
    if ["PK", "FK", "UK"]
        .iter()
        .any(|mark| word.eq_ignore_ascii_case(mark))
    {
        word.push('_');
    }
    if !word.starts_with(|sign: char| sign.is_alphabetic() || sign == '_') {
        word.insert(0, '_');
    }
    word
}
