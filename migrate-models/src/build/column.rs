//! From a field to its column.

use super::Builder;
use crate::Problem;
use crate::column::{Numbered, Settings, written};
use crate::constraint::What;
use crate::kind::Kind;
use crate::model::Field;
use crate::types::{self, folded, is_text, sql_type};
use migrate_core::{Code, Dialect};
use migrate_schema::{Check, Column, Enum, Generated, Identity, Name};

impl Builder<'_> {
    /// Creates the column of a field.
    pub(super) fn column(&mut self, field: &Field, settings: &Settings, key: &[String]) -> Column {
        let strict = self.table.options.has("STRICT");
        let sql_type = match &settings.sql_type {
            Some(by_hand) => by_hand.clone(),
            None => self.sql_type(field, strict),
        };
        let default = settings.default.as_ref();
        let default = default.and_then(|said| types::default(said, self.dialect, &sql_type));
        let generated = settings.generated.as_ref().map(|expression| Generated {
            expression: expression.clone(),
            stored: settings.virtual_ != Some(true),
        });
        let alone = key.len() == 1 && key[0] == field.column;
        let identity = match settings.numbered {
            Some(Numbered::No) => None,
            Some(Numbered::By(identity)) => Some(identity),
            Some(Numbered::Yes) => Some(self.identity()),
            // As SQLAlchemy does: a whole number that alone is the key and comes from nowhere else.
            // SQLite numbers such a key by itself.
            None if alone
                && matches!(field.kind, Kind::Int { .. })
                && settings.sql_type.is_none()
                && default.is_none()
                && generated.is_none()
                && settings.references.is_none()
                && !self.references_from(&field.column)
                && self.dialect != Dialect::Sqlite =>
            {
                Some(self.identity())
            }
            None => None,
        };
        // MariaDB takes no NOT NULL there ("Generated Columns" in its manual).
        let computed = self.dialect == Dialect::MySql && generated.is_some();
        let nullable = match settings.nullable {
            None if computed => true,
            _ => self.model.nullable(field, self.dialect) && !key.contains(&field.column),
        };
        Column {
            name: field.column.clone(),
            nullable,
            default,
            generated,
            identity,
            collation: settings
                .collation
                .as_deref()
                .map(|name| types::collation(name, self.dialect)),
            on_update: settings.on_update_value.clone(),
            comment: written(settings.comment.as_ref(), field.docs.as_ref()),
            sql_type,
            ..Column::default()
        }
    }

    fn identity(&self) -> Identity {
        match self.dialect {
            Dialect::Postgres => Identity::ByDefault,
            Dialect::Sqlite | Dialect::MySql => Identity::AutoIncrement,
        }
    }

    fn references_from(&self, column: &str) -> bool {
        self.model.settings.parts.iter().any(|part| {
            matches!(&part.what, What::ForeignKey(key) if key.columns.iter().any(|own| own == column))
        })
    }

    fn sql_type(&mut self, field: &Field, strict: bool) -> String {
        if let Kind::Enum { type_name, values } = &field.kind {
            self.enumeration(field, type_name, values);
        }
        if let Some(sql_type) = sql_type(&field.kind, self.dialect, strict) {
            return sql_type;
        }
        let name = self.dialect.name();
        let mut inner = &field.kind;
        while let Kind::Array(of) = inner {
            inner = of;
        }
        let (message, example) = match inner {
            Kind::Unknown(of) => (
                format!("unknown column type for `{of}`"),
                match self.dialect {
                    Dialect::Sqlite => "TEXT",
                    Dialect::Postgres | Dialect::MySql => "text",
                },
            ),
            Kind::Int { bits, signed } => {
                let of = if *signed { "i" } else { "u" };
                (
                    format!("{name} has no column that sqlx reads as `{of}{bits}`"),
                    "bigint",
                )
            }
            _ => (format!("{name} has no column type for this"), "text"),
        };
        let help = match self.dialect {
            _ if matches!(inner, Kind::Unknown(_)) => {
                format!(
                    "set it with `#[column(type = \"{example}\")]`, or derive `sqlx::Type` if the type belongs to this package"
                )
            }
            dialect => format!(
                "set it with `#[column({dialect}(type = \"{example}\"))]`, and read it with `#[sqlx(try_from = \"…\")]`"
            ),
        };
        self.problems.push(Problem::error(
            Code::UnknownType,
            field.type_site,
            message,
            help,
        ));
        String::new()
    }

    /// Adds what keeps a column to the values of an enum.
    fn enumeration(&mut self, field: &Field, type_name: &str, values: &[String]) {
        match self.dialect {
            Dialect::Postgres if !is_text(type_name) => {
                let name = Name::from(folded(type_name).as_str());
                let own = Enum {
                    values: values.to_vec(),
                    comment: None,
                };
                let other = self.enums.entry(name).or_insert_with(|| own.clone());
                if *other != own {
                    self.problems.push(Problem::error(
                        Code::MalformedModel,
                        field.type_site,
                        format!(
                            "another enum with different values has the database type `{type_name}`"
                        ),
                        "rename one of them with `#[sqlx(type_name = \"…\")]`",
                    ));
                }
            }
            // MySQL's own type has the values.
            Dialect::MySql => {}
            Dialect::Postgres | Dialect::Sqlite => {
                let values: Vec<_> = values
                    .iter()
                    .map(|value| self.dialect.literal(value))
                    .collect();
                self.table.checks.push(Check {
                    expression: format!(
                        "{} IN ({})",
                        self.dialect.quote(&field.column),
                        values.join(", ")
                    ),
                    ..Check::default()
                });
            }
        }
    }
}
