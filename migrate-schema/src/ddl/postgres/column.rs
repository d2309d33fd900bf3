//! Changes of columns.

use super::DIALECT;
use super::table::has_own_not_null;
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
    /// The values in the new type, where it has the name of the old one.
    pub(super) using: String,
    /// Whether its default depends on what does not exist yet.
    pub(super) default_waits: bool,
    /// Has lost its default already.
    pub(super) without_default: bool,
    /// Whether its default is set in this table alone.
    pub(super) only_default: bool,
    /// Whether it accepts NULL or not in this table alone.
    pub(super) only_null: bool,
    /// The name of the constraint of `NOT NULL`, if it is the table's own.
    pub(super) not_null_name: Option<String>,
    /// The name that it still has because a table above had it too.
    pub(super) inherited_name: Option<String>,
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

    /// Writes the changes; returns the statement that sets a default that has to wait.
    pub(super) fn write(&self, out: &mut Out) -> Option<String> {
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
        let mut waiting = None;
        if to.generated.is_none() && default != to.default.as_ref() {
            let set = match &to.default {
                Some(expression) => format!("SET DEFAULT {expression}"),
                None => "DROP DEFAULT".to_owned(),
            };
            let sql = self.alter_only(self.only_default, &set);
            match self.default_waits {
                true => waiting = Some(sql),
                false => out.add(sql),
            }
            self.advance_default(out);
        }
        self.number(out);
        options(out, self.table, Some(from), to);
        waiting
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
                format!(" USING {}", self.using)
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

    /// Fills what has no value where none may be missing.
    fn fill(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
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
    }

    fn null(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
        let is_checked = |column: &Column| !column.options.has("NOT VALID");
        match (from.nullable, to.nullable) {
            // It is added when all values are there.
            (true, false) if !is_checked(to) => {}
            (true, false) => {
                self.fill(out);
                out.add(match has_own_not_null(to) {
                    true => add_not_null(self.table, to),
                    false => self.alter_only(self.only_null, "SET NOT NULL"),
                });
            }
            (false, true) if to.identity.is_none() || to.identity == Some(Identity::Serial) => {
                out.add(self.alter_only(self.only_null, "DROP NOT NULL"));
            }
            (false, false) if is_checked(from) && !is_checked(to) => {
                out.add(self.alter_only(self.only_null, "DROP NOT NULL"));
            }
            (false, false) => {
                let Some(new) = &self.not_null_name else {
                    return;
                };
                let (quoted, name) = (self.table.quoted(DIALECT), DIALECT.quote(new));
                if let Some(old) = self.inherited_name.as_ref().filter(|old| *old != new) {
                    let old = DIALECT.quote(old);
                    out.add(format!(
                        "ALTER TABLE {quoted} RENAME CONSTRAINT {old} TO {name}"
                    ));
                }
                if !is_checked(from) && is_checked(to) {
                    self.fill(out);
                    out.add(format!("ALTER TABLE {quoted} VALIDATE CONSTRAINT {name}"));
                }
                let inherits = |column: &Column| match column.options.has("NO INHERIT") {
                    true => "NO INHERIT",
                    false => "INHERIT",
                };
                if inherits(from) != inherits(to) {
                    let how = inherits(to);
                    out.add(format!(
                        "ALTER TABLE {quoted} ALTER CONSTRAINT {name} {how}"
                    ));
                }
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

    /// Ends the numbering, unless the next one continues from its counter.
    fn stop_numbering(&self, out: &mut Out) {
        let is_numbered = is_identity(self.to) || self.to.identity == Some(Identity::Serial);
        match self.from.identity {
            Some(Identity::Always | Identity::ByDefault) if !is_numbered => {
                out.add(self.alter("DROP IDENTITY"));
            }
            Some(Identity::Serial) => {
                out.add(self.alter("DROP DEFAULT"));
                if !is_numbered {
                    self.on_sequence(out, "DROP SEQUENCE %s");
                }
            }
            _ => {}
        }
    }

    fn number(&self, out: &mut Out) {
        let (from, to) = (self.from, self.to);
        let usual = Sequence::of_column(&to.sql_type);
        let sequence = to.sequence_options.as_ref().unwrap_or(&usual);
        if from.identity == to.identity {
            if from.sequence_options != to.sequence_options && to.identity.is_some() {
                let what = clause::sequence(sequence, to.identity == Some(Identity::Serial));
                self.on_sequence(out, &format!("ALTER SEQUENCE %s {what}"));
            }
            return;
        }
        if is_identity(from) && is_identity(to) {
            let word = match to.identity {
                Some(Identity::Always) => "ALWAYS",
                _ => "BY DEFAULT",
            };
            return out.add(self.alter(&format!("SET GENERATED {word}")));
        }
        let start = match to.identity {
            Some(Identity::Always | Identity::ByDefault) => {
                let word = clause::identity(to).unwrap_or_default();
                vec![self.alter(&format!("ADD {word}"))]
            }
            Some(Identity::Serial) => {
                let name = Name {
                    name: format!("{}_{}_seq", self.table.name, to.name),
                    ..self.table.clone()
                };
                let name = name.quoted(DIALECT);
                let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&to.name));
                let what = clause::sequence(sequence, true);
                let literal = DIALECT.literal(&name);
                vec![
                    format!("CREATE SEQUENCE {name} {what} OWNED BY {table}.{column}"),
                    self.alter(&format!("SET DEFAULT nextval({literal})")),
                ]
            }
            Some(Identity::AutoIncrement) | None => return,
        };
        let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&to.name));
        let counter = format!(
            "pg_get_serial_sequence({}, {})",
            DIALECT.literal(&table),
            DIALECT.literal(&to.name)
        );
        if from.identity.is_some() {
            let end = match is_identity(from) {
                true => self.alter("DROP IDENTITY"),
                false => "EXECUTE format('DROP SEQUENCE %s', counter)".to_owned(),
            };
            let start = start.join("; ");
            out.add(format!(
                "DO $number$ DECLARE counter text := {counter}; last bigint; called boolean; BEGIN EXECUTE format('SELECT last_value, is_called FROM %s', counter) INTO last, called; {end}; {start}; PERFORM setval({counter}, last, called); END $number$"
            ));
            return;
        }
        for statement in start {
            out.add(statement);
        }
        // The next number is one that no row has.
        if sequence.increment > 0 {
            out.add(format!(
                "SELECT setval({counter}, max({column})) FROM {table} HAVING max({column}) >= {}",
                sequence.start
            ));
        }
    }

    /// Moves a sequence that a default counts with from now on behind the numbers that rows have.
    fn advance_default(&self, out: &mut Out) {
        let sequence = self.to.default.as_deref().and_then(|default| {
            let rest = default.strip_prefix("nextval('")?;
            Some(&rest[..rest.find("'::regclass)")?])
        });
        let Some(sequence) = sequence else { return };
        let name = sequence.replace("''", "'");
        let mut known = self.schema.sequences.iter();
        let counts_up = known.any(|(of, it)| {
            it.increment > 0 && (of.quoted(DIALECT) == name || of.to_string() == name)
        });
        if counts_up {
            let (table, column) = (self.table.quoted(DIALECT), DIALECT.quote(&self.to.name));
            out.add(format!(
                "SELECT setval('{sequence}', max({column})) FROM {table} HAVING max({column}) > (SELECT last_value FROM {name})"
            ));
        }
    }

    /// Does something to the sequence of the column, whatever its name is.
    fn on_sequence(&self, out: &mut Out, statement: &str) {
        out.add(on_sequence(self.table, &self.to.name, statement));
    }
}

const fn is_identity(column: &Column) -> bool {
    matches!(
        column.identity,
        Some(Identity::Always | Identity::ByDefault)
    )
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

/// Returns whether a column gets a new `NOT NULL`.
pub(super) fn is_not_null_made(from: &Column, to: &Column) -> bool {
    let is_checked = |column: &Column| !column.options.has("NOT VALID");
    from.nullable || to.nullable || is_checked(from) && !is_checked(to)
}

/// Writes the statement that adds a `NOT NULL` that is not the usual one.
pub(super) fn add_not_null(table: &Name, column: &Column) -> String {
    format!(
        "ALTER TABLE {} ADD {}",
        table.quoted(DIALECT),
        clause::not_null_of_table(column)
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
    statistics(out, table, from, to);
    if from.is_none()
        && let Some(name) = &to.state.sequence_name
    {
        let name = DIALECT.quote(name).replace('%', "%%");
        let rename = format!("ALTER SEQUENCE %s RENAME TO {name}");
        out.add(on_sequence(table, &to.name, &rename));
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

/// Sets how much `ANALYZE` keeps of a column: of the table's own rows, and not of those below it.
pub(super) fn statistics(out: &mut Out, table: &Name, from: Option<&Column>, to: &Column) {
    let before = from.and_then(|from| from.options.value("STATISTICS"));
    let after = to.options.value("STATISTICS");
    if before != after {
        let (table, column) = (table.quoted(DIALECT), DIALECT.quote(&to.name));
        let value = after.unwrap_or("-1");
        out.add(format!(
            "ALTER TABLE ONLY {table} ALTER COLUMN {column} SET STATISTICS {value}"
        ));
    }
}

/// Adds a column to a table that may have rows.
pub(super) fn add(out: &mut Out, table: &Name, column: &Column, after: &Table, schema: &Schema) {
    let quoted = table.quoted(DIALECT);
    let fills_itself = column.nullable
        || column.options.has("NOT VALID")
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
