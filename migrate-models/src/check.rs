//! Compares a model with its table in the schema at the head.

use std::collections::{BTreeMap, BTreeSet};

use super::fits::fits;
use super::model::{Field, Model};
use super::{Models, Problem, Site};
use migrate_core::__support::nearest;
use migrate_core::{Code, Diagnostic, Dialect, Severity};
use migrate_schema::lock::SchemaLock;
use migrate_schema::{Column, Table};

impl Model {
    /// Compares the model with its table in each dialect; `None` is a schema without the table.
    ///
    /// A field that cannot hold the values of its column is an error, and so is a column that
    /// requires a value and has no field. An `Option` over a `NOT NULL` column can be read, but the
    /// model and the chain disagree, so it is a warning.
    #[must_use]
    pub fn check(&self, tables: &BTreeMap<Dialect, Option<Table>>) -> Vec<Problem> {
        if self.ignored || self.unchecked {
            return Vec::new();
        }
        let mut found = Found {
            model: self,
            problems: Vec::new(),
            reported: BTreeSet::new(),
        };
        for (dialect, table) in tables {
            match table {
                Some(table) => found.compare(*dialect, table),
                None => found.missing(),
            }
        }
        found.problems
    }
}

impl Models {
    /// Compares every model with the schema at the head, as the compiler does for each.
    #[must_use]
    pub fn check(&self, lock: &SchemaLock) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for model in self.models() {
            let table = |(dialect, schema): (&Dialect, &migrate_schema::Schema)| {
                (*dialect, schema.tables.get(&model.table).cloned())
            };
            problems.extend(model.check(&lock.schemas.iter().map(table).collect()));
        }
        self.diagnostics(problems)
    }
}

struct Found<'a> {
    model: &'a Model,
    problems: Vec<Problem>,
    /// Each problem is reported for one dialect only.
    reported: BTreeSet<(Code, Site, String)>,
}

/// Returns the command that fixes the problem, with a message for the new revision.
fn auto(message: &str) -> String {
    format!("run `cargo migrate new --auto \"{message}\"`")
}

impl Found<'_> {
    /// Reports a problem, unless another dialect has it too.
    fn report(&mut self, about: &str, problem: Problem) {
        if self
            .reported
            .insert((problem.code, problem.site, about.to_owned()))
        {
            self.problems.push(problem);
        }
    }

    fn missing(&mut self) {
        let table = &self.model.table;
        let message = format!("the schema at the head has no table `{table}`");
        let help = format!(
            "{}; or name its table: `#[table(name = \"…\")]`",
            auto(&format!("create {table}"))
        );
        self.report(
            "",
            Problem::error(Code::ModelWithoutTable, self.model.site, message, help),
        );
    }

    fn compare(&mut self, dialect: Dialect, table: &Table) {
        let model = self.model;
        let key = table.primary_key.as_ref().map(|key| key.columns.as_slice());
        let key = key.unwrap_or_default();
        for field in &model.fields {
            match table.column(&field.column) {
                Some(column) => {
                    self.fits(dialect, field, column, table.options.has("STRICT"));
                    let nullable = column.nullable && !key.contains(&column.name);
                    self.nulls(dialect, field, column, nullable, key);
                }
                None => self.no_column(field, table),
            }
        }
        // The fields of a flattened struct cannot be seen.
        if model.partial || model.open {
            return;
        }
        for column in &table.columns {
            let numbered = dialect == Dialect::Sqlite && table.is_rowid(column);
            let given = column.nullable
                || column.default.is_some()
                || column.generated.is_some()
                || column.identity.is_some()
                || numbered;
            if !given && !model.columns().any(|own| own == column.name) {
                self.no_field(column);
            }
        }
    }

    fn fits(&mut self, dialect: Dialect, field: &Field, column: &Column, strict: bool) {
        // A type set explicitly is trusted.
        let by_hand = field.settings.of(dialect).sql_type.is_some();
        if by_hand || fits(&field.kind, &column.sql_type, dialect, strict) {
            return;
        }
        let message = format!(
            "the column `{}` is `{}` in {}, which this type cannot hold",
            column.name,
            column.sql_type,
            dialect.name()
        );
        let help = format!(
            "{}; or change the type of the field; or set `#[column(type = \"{}\")]` if this type can hold it",
            auto(&format!("change {}", column.name)),
            column.sql_type.replace('"', "\\\"")
        );
        self.report(
            "",
            Problem::error(Code::TypeMismatch, field.type_site, message, help),
        );
    }

    fn nulls(
        &mut self,
        dialect: Dialect,
        field: &Field,
        column: &Column,
        nullable: bool,
        key: &[String],
    ) {
        let said = field.settings.of(dialect).nullable;
        let optional = said.unwrap_or(field.optional);
        // Whether a generated value is null depends on its expression, and MariaDB cannot declare
        // it.
        let computed = dialect == Dialect::MySql && column.generated.is_some();
        if nullable && !optional && !computed {
            let message = format!(
                "the column `{}` is nullable, but this type is not",
                column.name
            );
            let help = format!(
                "make it an `Option`, or {}; for a type that reads NULL, add `#[column(nullable)]`",
                auto(&format!("{} is never null", column.name))
            );
            self.report(
                "",
                Problem::error(Code::NullMismatch, field.type_site, message, help),
            );
        }
        // A row that is not inserted yet has no key, so this is not reported.
        if !nullable && optional && !key.contains(&column.name) && !self.model.partial {
            let message = format!(
                "the column `{}` is `NOT NULL`, but this is an `Option`",
                column.name
            );
            let help = format!(
                "remove the `Option` or add `#[column(nullable = false)]`, or {}",
                auto(&format!("{} may be null", column.name))
            );
            let mut problem = Problem::error(Code::NullMismatch, field.type_site, message, help);
            problem.severity = Severity::Warning;
            self.report("option", problem);
        }
    }

    fn no_column(&mut self, field: &Field, table: &Table) {
        let (name, column) = (&self.model.table, &field.column);
        let message = format!("`{name}` has no column `{column}`");
        // A column that another field has is not a candidate.
        let names = table.columns.iter().map(|column| column.name.as_str());
        let names = names.filter(|name| !self.model.columns().any(|own| own == *name));
        let near = match nearest(column, names) {
            Some(near) => format!("did you mean `#[sqlx(rename = \"{near}\")]`? If not, "),
            None => String::new(),
        };
        let help = format!(
            "{near}{}; for a field that is not a column, add `#[column(skip)]`",
            auto(&format!("add {column} to {name}"))
        );
        self.report(
            "",
            Problem::error(Code::FieldWithoutColumn, field.site, message, help),
        );
    }

    fn no_field(&mut self, column: &Column) {
        let (model, name) = (self.model, &column.name);
        let message = format!(
            "the column `{name}` of `{}` requires a value, but `{}` has no field for it",
            model.table, model.rust_name
        );
        let help = format!(
            "add the field; for a struct with only some columns, add `#[table(partial)]`; if the column goes with the field, {}",
            auto(&format!("drop {name} from {}", model.table))
        );
        self.report(
            name,
            Problem::error(Code::ColumnWithoutField, model.site, message, help),
        );
    }
}
