//! Tables of MySQL and MariaDB.

use super::DIALECT;
use crate::ddl::clause::{self, Extra};
use crate::diff::change::Constraint;
use crate::schema::{Check, Column, ForeignKey, Index, Name, OptionValue, Table};

/// Writes a column with the checks that belong to it: MariaDB keeps those apart from a table's.
pub(super) fn column(table: &Table, column: &Column, extra: Extra<'_>) -> String {
    let mut sql = clause::column(DIALECT, column, extra);
    for check in &table.checks {
        if check.options.value("COLUMN") == Some(column.name.as_str()) {
            sql = format!("{sql} CHECK ({})", check.expression);
        }
    }
    sql
}

/// Returns whether a check is part of its column's definition.
pub(super) fn is_of_column(check: &Check) -> bool {
    check.options.has("COLUMN")
}

pub(super) fn create(name: &Name, table: &Table, foreign_keys: &[&ForeignKey]) -> String {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| self::column(table, column, Extra::default()))
        .collect();
    for constraint in Constraint::all(table) {
        match &constraint {
            Constraint::Check(check) if is_of_column(check) => {}
            Constraint::ForeignKey(_) => {}
            _ => lines.push(self::constraint(&constraint)),
        }
    }
    lines.extend(
        table
            .indexes
            .iter()
            .map(|(name, index)| self::index(name, index)),
    );
    let periods = table.options.values().filter(|(word, _)| is_period(word));
    lines.extend(periods.map(|(word, columns)| format!("{word} {columns}")));
    for key in foreign_keys {
        let key = Constraint::ForeignKey((*key).clone());
        lines.push(clause::constraint(DIALECT, &key));
    }
    let mut sql = format!(
        "CREATE TABLE {} (\n    {}\n)",
        name.quoted(DIALECT),
        lines.join(",\n    ")
    );
    for (word, value) in table.options.iter() {
        if word != "PARTITION BY" && !is_period(word) {
            sql = format!("{sql} {}", option(word, value));
        }
    }
    if let Some(comment) = &table.comment {
        sql = format!("{sql} COMMENT={}", DIALECT.literal(comment));
    }
    if let Some(partitions) = table.options.value("PARTITION BY") {
        sql = format!("{sql} PARTITION BY {partitions}");
    }
    sql
}

/// Returns whether an option of a table is a period of MariaDB, which is written among its columns.
pub(super) fn is_period(word: &str) -> bool {
    word.starts_with("PERIOD FOR ")
}

/// Writes an option of a table.
pub(super) fn option(word: &str, value: &OptionValue) -> String {
    match value {
        OptionValue::Set => word.to_owned(),
        OptionValue::Value(value) => format!("{word}={value}"),
    }
}

/// Writes a constraint; MySQL writes the comment of a key as a literal.
pub(super) fn constraint(constraint: &Constraint) -> String {
    let (key, primary) = match constraint {
        Constraint::PrimaryKey(key) => (key, true),
        Constraint::Unique(key) => (key, false),
        _ => return clause::constraint(DIALECT, constraint),
    };
    let mut bare = key.clone();
    if let Some(comment) = key.options.value("COMMENT") {
        bare.options.insert("COMMENT", DIALECT.literal(comment));
    }
    clause::constraint(
        DIALECT,
        &match primary {
            true => Constraint::PrimaryKey(bare),
            false => Constraint::Unique(bare),
        },
    )
}

/// Writes an index as a part of a table.
pub(super) fn index(name: &str, index: &Index) -> String {
    let (kind, using) = match index.method.as_deref() {
        Some(kind @ ("FULLTEXT" | "SPATIAL")) => (format!("{kind} "), String::new()),
        Some(method) => (String::new(), format!(" USING {method}")),
        None => (String::new(), String::new()),
    };
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut parts = clause::index_parts(DIALECT, index);
    if index.options.has("WITHOUT OVERLAPS") {
        // The period is the last of them.
        parts.insert_str(parts.len() - 1, " WITHOUT OVERLAPS");
    }
    let mut sql = format!("{unique}{kind}INDEX {} {parts}{using}", DIALECT.quote(name));
    for (option, value) in index.options.values() {
        sql = format!("{sql} {option} {value}");
    }
    if let Some(comment) = &index.comment {
        sql = format!("{sql} COMMENT {}", DIALECT.literal(comment));
    }
    if index.options.has("IGNORED") {
        // Each server has its own word, and reads the other's as a comment.
        sql.push_str(" /*M!100600 IGNORED */ /*!80000 INVISIBLE */");
    }
    sql
}
