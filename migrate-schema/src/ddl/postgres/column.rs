//! Changes of columns.

use super::DIALECT;
use crate::Schema;
use crate::ddl::clause::{self, Extra};
use crate::ddl::{Ddl, Out};
use crate::schema::types;
use crate::schema::{Column, Deferrable, Identity, Name, Sequence, Table};

/// A column that exists before and after.
pub(super) struct Altered<'a> {
    pub(super) table: &'a Name,
    pub(super) from: &'a Column,
    pub(super) to: &'a Column,
    pub(super) after: &'a Table,
    pub(super) schema: &'a Schema,
    /// Whether its type is set again, though it may have the same name.
    pub(super) retyped: bool,
    /// Has lost its default already.
    pub(super) without_default: bool,
    /// Whether its default is set in this table alone.
    pub(super) only_default: bool,
    /// Whether it accepts NULL or not in this table alone.
    pub(super) only_null: bool,
}

impl Altered<'_> {
    fn alter(&self, what: &str) -> String {
        self.alter_only(false, what)
    }

    /// Writes a change of this table, or of all below it too.
    fn alter_only(&self, only: bool, what: &str) -> String {
        let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&self.to.name));
        let only = if only { "ONLY " } else { "" };
        format!("ALTER TABLE {only}{table} ALTER COLUMN {column} {what}")
    }

    pub(super) fn write(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
        if from.generated.is_some() && to.generated.is_none() {
            out.add(self.alter("DROP EXPRESSION"));
        }
        if from.identity != to.identity {
            self.stop_numbering(out);
        }
        let mut default = match self.without_default {
            true => None,
            false => from.default.as_ref(),
        };
        if default.is_some() && self.retyped {
            out.add(self.alter_only(self.only_default, "DROP DEFAULT"));
            default = None;
        }
        if self.retyped {
            self.retype(out);
        }
        self.null(out);
        if to.generated.is_none() && default != to.default.as_ref() {
            let set = match &to.default {
                Some(expression) => format!("SET DEFAULT {expression}"),
                None => "DROP DEFAULT".to_owned(),
            };
            out.add(self.alter_only(self.only_default, &set));
        }
        self.number(out);
        options(out, self.table, Some(from), to);
    }

    fn retype(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
        let lossy = types::loses(DIALECT, &from.sql_type, &to.sql_type);
        let collation = to.collation.as_ref();
        let collation = collation.map_or_else(String::new, |name| format!(" COLLATE {name}"));
        let column = DIALECT.quote(&to.name);
        let using = match (lossy, from.sql_type == to.sql_type) {
            // The same name for another type.
            (_, true) if from.collation == to.collation => {
                format!(" USING {column}::text::{}", to.sql_type)
            }
            (false, _) | (_, true) => String::new(),
            _ => types::cast(&column, &from.sql_type, &to.sql_type)
                .map_or_else(String::new, |cast| format!(" USING {cast}")),
        };
        let mut ddl = Ddl::new(self.alter(&format!("TYPE {}{collation}{using}", to.sql_type)));
        if lossy {
            ddl = ddl
                .with_data_loss(format!(
                    "the values of `{}.{}` that `{}` does not accept",
                    self.table, to.name, to.sql_type
                ))
                .with_review(format!(
                    "rows whose `{}` is no `{}` make this fail, or are rounded",
                    to.name, to.sql_type
                ));
        }
        out.push(ddl);
        if from.identity == Some(Identity::Serial)
            && to.identity == from.identity
            && from.sql_type != to.sql_type
        {
            self.on_sequence(out, &format!("ALTER SEQUENCE %s AS {}", to.sql_type));
        }
    }

    fn null(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
        match (from.nullable, to.nullable) {
            (true, false) => {
                let value = match &to.default {
                    Some(default) if !default.to_lowercase().starts_with("null") => default.clone(),
                    _ => types::zero(self.schema, self.after, to),
                };
                let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&to.name));
                if to.generated.is_none() && from.generated.is_none() {
                    out.push(
                        Ddl::new(format!(
                            "UPDATE {table} SET {column} = {value} WHERE {column} IS NULL"
                        ))
                        .with_review(format!(
                            "rows of `{}` without `{}` get this value",
                            self.table, to.name
                        )),
                    );
                    // Deferred constraint checks block `ALTER TABLE`.
                    if self.waits() {
                        out.add("SET CONSTRAINTS ALL IMMEDIATE");
                    }
                }
                out.add(self.alter_only(self.only_null, "SET NOT NULL"));
            }
            (false, true) if to.identity.is_none() || to.identity == Some(Identity::Serial) => {
                out.add(self.alter_only(self.only_null, "DROP NOT NULL"));
            }
            _ => {}
        }
    }

    /// Returns whether an update of the table leaves deferred checks.
    fn waits(&self) -> bool {
        self.schema.tables.iter().any(|(name, table)| {
            table.foreign_keys.iter().any(|key| {
                key.deferrable == Deferrable::Deferred
                    && (name == self.table || key.table == *self.table)
            })
        })
    }

    fn stop_numbering(&self, out: &mut Out) {
        match self.from.identity {
            Some(Identity::Always | Identity::ByDefault) => match self.to.identity {
                Some(Identity::Always | Identity::ByDefault) => {}
                _ => out.add(self.alter("DROP IDENTITY")),
            },
            Some(Identity::Serial) => {
                out.add(self.alter("DROP DEFAULT"));
                self.on_sequence(out, "DROP SEQUENCE %s");
            }
            Some(Identity::AutoIncrement) | None => {}
        }
    }

    fn number(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
        let is_identity =
            |it: Option<Identity>| matches!(it, Some(Identity::Always | Identity::ByDefault));
        if from.identity == to.identity {
            if from.sequence_options != to.sequence_options && to.identity.is_some() {
                let usual = Sequence::of_column(&to.sql_type);
                let sequence = to.sequence_options.as_ref().unwrap_or(&usual);
                let what = clause::sequence(sequence, to.identity == Some(Identity::Serial));
                self.on_sequence(out, &format!("ALTER SEQUENCE %s {what}"));
            }
            return;
        }
        match to.identity {
            Some(Identity::Always | Identity::ByDefault) if is_identity(from.identity) => {
                let word = match to.identity {
                    Some(Identity::Always) => "ALWAYS",
                    _ => "BY DEFAULT",
                };
                out.add(self.alter(&format!("SET GENERATED {word}")));
                return;
            }
            Some(Identity::Always | Identity::ByDefault) => {
                let word = clause::identity(to).unwrap_or_default();
                out.add(self.alter(&format!("ADD {word}")));
            }
            Some(Identity::Serial) => {
                let name = Name {
                    name: format!("{}_{}_seq", self.table.name, to.name),
                    ..self.table.clone()
                };
                let sequence = name.quoted(DIALECT);
                let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&to.name));
                let usual = Sequence::of_column(&to.sql_type);
                let what = clause::sequence(to.sequence_options.as_ref().unwrap_or(&usual), true);
                out.add(format!(
                    "CREATE SEQUENCE {sequence} {what} OWNED BY {table}.{column}"
                ));
                let literal = DIALECT.literal(&sequence);
                out.add(self.alter(&format!("SET DEFAULT nextval({literal})")));
            }
            Some(Identity::AutoIncrement) | None => return,
        }
        // The next number is one that no row has.
        let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&to.name));
        out.add(format!(
            "SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({column}), 0) + 1, false) FROM {table}",
            DIALECT.literal(&table),
            DIALECT.literal(&to.name),
        ));
    }

    /// Does something to the sequence of the column, whatever its name is.
    fn on_sequence(&self, out: &mut Out, statement: &str) {
        out.add(on_sequence(self.table, &self.to.name, statement));
    }
}

/// Writes a statement about the sequence of a column, whose name only the database knows.
pub(super) fn on_sequence(table: &Name, column: &str, statement: &str) -> String {
    format!(
        "DO $$ BEGIN EXECUTE format({}, pg_get_serial_sequence({}, {})); END $$",
        DIALECT.literal(statement),
        DIALECT.literal(&table.quoted(DIALECT)),
        DIALECT.literal(column),
    )
}

/// Sets what is not part of a column's definition.
pub(super) fn options(out: &mut Out, table: &Name, from: Option<&Column>, to: &Column) {
    let (quoted, column) = (table.quoted(DIALECT), DIALECT.quote(&to.name));
    let alter = |what: &str| format!("ALTER TABLE {quoted} ALTER COLUMN {column} {what}");
    for word in ["STORAGE", "COMPRESSION"] {
        let before = from.and_then(|from| from.options.value(word));
        let after = to.options.value(word);
        if before != after {
            let value = after.unwrap_or("DEFAULT");
            out.add(alter(&format!("SET {word} {value}")));
        }
    }
    if from.is_none() && to.identity == Some(Identity::Serial) {
        if to.nullable {
            out.add(alter("DROP NOT NULL"));
        }
        if let Some(sequence_options) = &to.sequence_options {
            let what = clause::sequence(sequence_options, true);
            out.add(on_sequence(
                table,
                &to.name,
                &format!("ALTER SEQUENCE %s {what}"),
            ));
        }
    }
    let before = from.and_then(|from| from.comment.as_ref());
    if before != to.comment.as_ref() {
        out.add(super::comment(
            "COLUMN",
            &format!("{quoted}.{column}"),
            to.comment.as_deref(),
        ));
    }
}

/// Adds a column to a table that may have rows.
pub(super) fn add(out: &mut Out, table: &Name, column: &Column, after: &Table, schema: &Schema) {
    let quoted = table.quoted(DIALECT);
    let fills_itself = column.nullable
        || column.default.is_some()
        || column.generated.is_some()
        || column.identity.is_some();
    if fills_itself {
        let sql = clause::column(DIALECT, column, Extra::default());
        out.add(format!("ALTER TABLE {quoted} ADD COLUMN {sql}"));
    } else {
        let zero = types::zero(schema, after, column);
        let extra = Extra {
            default: Some(&zero),
            nullable: false,
        };
        let sql = clause::column(DIALECT, column, extra);
        out.push(
            Ddl::new(format!("ALTER TABLE {quoted} ADD COLUMN {sql}")).with_review(format!(
                "the rows of `{table}` get this value for `{}`",
                column.name
            )),
        );
        let name = DIALECT.quote(&column.name);
        out.add(format!(
            "ALTER TABLE {quoted} ALTER COLUMN {name} DROP DEFAULT"
        ));
    }
    options(out, table, None, column);
}
