//! Tables of SQLite: which changes are possible in place, and how a table is created and filled.

use super::DIALECT;
use crate::ddl::clause::{self, Extra};
use crate::ddl::tables::shared;
use crate::diff::Transition;
use crate::diff::change::{Change, Constraint, Object};
use crate::schema::text::Words;
use crate::schema::types;
use crate::schema::{Column, Identity, Name, Schema, Table};

/// Returns whether `ALTER TABLE` cannot make the changes (<https://sqlite.org/lang_altertable.html>).
pub(super) fn needs_rebuild(transition: &Transition<'_>, name: &Name, changes: &[&Change]) -> bool {
    let before = &transition.after_renames.schema.tables[name];
    let after = &transition.to.tables[name];
    let can = |change: &&Change| match change {
        Change::Create(Object::Column { value: column, .. }) => can_add(after, changes, column),
        Change::Drop(Object::Column { value: column, .. }) => can_drop(before, column),
        Change::Create(Object::Constraint { .. }) => changes.iter().any(|other| {
            let Change::Create(Object::Column { value: column, .. }) = other else {
                return false;
            };
            carried(after, changes, change, column).is_some()
        }),
        _ => false,
    };
    // A table must have a column at any time.
    !changes.iter().all(can) || shared(before, after).next().is_none()
}

fn can_add(after: &Table, changes: &[&Change], column: &Column) -> bool {
    let in_key = after
        .primary_key
        .iter()
        .chain(&after.uniques)
        .any(|key| key.columns.contains(&column.name));
    let constant = match &column.default {
        None => column.nullable,
        Some(default) => {
            let null = default.eq_ignore_ascii_case("null");
            !default.to_ascii_uppercase().starts_with("CURRENT")
                && clause::is_literal(default)
                && (column.nullable || !null)
        }
    };
    let points = changes.iter().any(|change| {
        matches!(
            carried(after, changes, change, column),
            Some(Constraint::ForeignKey(_))
        )
    });
    let generated = column.generated.as_ref();
    !in_key
        && column.identity.is_none()
        && (constant || generated.is_some())
        && generated.is_none_or(|generated| !generated.stored && column.nullable)
        && (!points || column.default.is_none())
}

/// Returns a constraint that can be added together with a column.
pub(super) fn carried<'a>(
    after: &Table,
    changes: &[&Change],
    change: &'a Change,
    column: &Column,
) -> Option<&'a Constraint> {
    let Change::Create(Object::Constraint {
        value: constraint, ..
    }) = change
    else {
        return None;
    };
    let with = match constraint {
        Constraint::ForeignKey(key) => key.columns == [column.name.clone()],
        Constraint::Check(check) => {
            // It is added with the last of the new columns that it mentions.
            let words = Words::of(&check.expression);
            let is_new = |name: &str| {
                let adds = |change: &&Change| matches!(change, Change::Create(Object::Column { value: column, .. }) if column.name == name);
                changes.iter().any(adds)
            };
            let mut spoken = after
                .columns
                .iter()
                .filter(|column| words.mention(&column.name));
            let last = spoken.rfind(|column| is_new(&column.name));
            last.is_some_and(|last| last.name == column.name)
        }
        Constraint::PrimaryKey(_) | Constraint::Unique(_) | Constraint::Exclusion(..) => false,
    };
    with.then_some(constraint)
}

fn can_drop(before: &Table, column: &Column) -> bool {
    let name = &column.name;
    let speaks = Constraint::all(before)
        .iter()
        .any(|constraint| match constraint {
            Constraint::PrimaryKey(key) | Constraint::Unique(key) => key.columns.contains(name),
            Constraint::ForeignKey(key) => key.columns.contains(name),
            Constraint::Check(check) => Words::of(&check.expression).mention(name),
            Constraint::Exclusion(..) => true,
        });
    let computes = before
        .columns
        .iter()
        .filter(|other| other.name != *name)
        .filter_map(|other| other.generated.as_ref())
        .any(|generated| Words::of(&generated.expression).mention(name));
    !speaks && !computes
}

/// Returns the columns to be filled, what they are filled with, and which values are made up.
pub(super) fn copied(
    schema: &Schema,
    before: &Table,
    after: &Table,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut columns, mut values, mut made_up) = (Vec::new(), Vec::new(), Vec::new());
    for column in &after.columns {
        if column.generated.is_some() {
            continue;
        }
        let quoted = DIALECT.quote(&column.name);
        let zero = || match column.default.as_deref() {
            Some(default) if !default.eq_ignore_ascii_case("null") => default.to_owned(),
            _ => types::zero(schema, after, column),
        };
        let numbers_itself = after.is_rowid(column);
        let value = match before.column(&column.name) {
            Some(old) if old.nullable && !column.nullable && !numbers_itself => {
                let zero = zero();
                made_up.push(format!("{zero} for `{}` where it is null", column.name));
                format!("ifnull({quoted}, {zero})")
            }
            Some(_) => quoted.clone(),
            None if numbers_itself || column.nullable || column.default.is_some() => continue,
            None => {
                let zero = zero();
                made_up.push(format!("{zero} for `{}`", column.name));
                zero
            }
        };
        columns.push(quoted);
        values.push(value);
    }
    // An INSERT needs a column.
    if columns.is_empty()
        && let Some(column) = after
            .columns
            .iter()
            .find(|column| column.generated.is_none())
    {
        columns.push(DIALECT.quote(&column.name));
        values.push(column.default.clone().unwrap_or_else(|| "NULL".to_owned()));
    }
    (columns, values, made_up)
}

/// Returns a name of the rowid if the rows must keep it by that name: other tables and full-text
/// indexes may hold it (<https://sqlite.org/lang_createtable.html#rowid>). A column that is the
/// rowid of the new table and has a value already is copied by its own name.
pub(super) fn copied_rowid(before: &Table, after: &Table) -> Option<&'static str> {
    let has_rowid =
        |table: &Table| !table.options.has("WITHOUT ROWID") && !table.options.has("USING");
    let is_filled =
        |column: &Column| after.is_rowid(column) && before.column(&column.name).is_some();
    if !has_rowid(before) || !has_rowid(after) || after.columns.iter().any(is_filled) {
        return None;
    }
    let is_free = |name: &&str| {
        let mut columns = before.columns.iter().chain(&after.columns);
        !columns.any(|column| column.name.eq_ignore_ascii_case(name))
    };
    ["rowid", "_rowid_", "oid"].into_iter().find(is_free)
}

pub(super) fn create_table(name: &Name, table: &Table) -> String {
    let quoted = name.quoted(DIALECT);
    if let Some(module) = table.options.value("USING") {
        return format!("CREATE VIRTUAL TABLE {quoted} USING {module}");
    }
    let mut lines = Vec::new();
    let mut inline_key = false;
    for column in &table.columns {
        let key = table.primary_key.as_ref();
        let key = key.filter(|key| key.columns == [column.name.clone()]);
        // Only so is it not the number of its row (<https://sqlite.org/lang_createtable.html#rowid>).
        let is_descending = column.nullable
            && column.sql_type.eq_ignore_ascii_case("INTEGER")
            && key.is_some_and(|key| {
                key.qualifiers
                    .get(&column.name)
                    .is_some_and(|it| it == "DESC")
            });
        let is_rowid = table.is_rowid(column);
        let Some(key) = key.filter(|_| is_rowid || is_descending) else {
            lines.push(clause::column(DIALECT, column, Extra::default()));
            continue;
        };
        inline_key = true;
        // A rowid is never NULL, so NOT NULL is not written.
        let extra = Extra {
            nullable: true,
            default: None,
        };
        let mut line = clause::column(DIALECT, column, extra);
        if let Some(name) = &key.name {
            line = format!("{line} CONSTRAINT {}", DIALECT.quote(name));
        }
        line.push_str(" PRIMARY KEY");
        if is_descending {
            line.push_str(" DESC");
        }
        if let Some(action) = key.options.value("ON CONFLICT") {
            line = format!("{line} ON CONFLICT {action}");
        }
        if column.identity == Some(Identity::AutoIncrement) {
            line.push_str(" AUTOINCREMENT");
        }
        lines.push(line);
    }
    for constraint in Constraint::all(table) {
        if !(inline_key && matches!(constraint, Constraint::PrimaryKey(_))) {
            lines.push(clause::constraint(DIALECT, &constraint));
        }
    }
    let options: Vec<&str> = table.options.keywords().collect();
    let tail = match options.is_empty() {
        true => String::new(),
        false => format!(" {}", options.join(", ")),
    };
    format!(
        "CREATE TABLE {quoted} (\n    {}\n){tail}",
        lines.join(",\n    ")
    )
}
