//! From a field to its column.

use super::Builder;
use crate::Problem;
use crate::column::{Numbered, Settings, written};
use crate::constraint::What;
use crate::fits::{fits, is_built_in};
use crate::kind::Kind;
use crate::model::Field;
use crate::types::{self, folded, is_text, sql_type};
use crate::values::wanted;
use migrate_core::{Code, Dialect};
use migrate_schema::{
    Check, Column, Enum, Generated, Identity, ModelledColumn, Name, listed, literals,
};

impl Builder<'_> {
    /// Creates the column of a field; `key` is the primary key, `kept` says that it is the one that
    /// is there.
    pub(super) fn column(
        &mut self,
        field: &Field,
        settings: &Settings,
        key: &[String],
        kept: bool,
    ) -> Column {
        let there = self.there.and_then(|there| there.column(&field.column));
        let before = self.before.and_then(|it| it.columns.get(&field.column));
        let strict = self.table.options.has("STRICT");
        let own = match &settings.sql_type {
            Some(by_hand) => Some(by_hand.clone()),
            None => sql_type(&field.kind, self.dialect, strict),
        };
        let sql_type = match (there, &own) {
            // A type that is not known here is the one that sqlx reads into it: the column's.
            (Some(there), None) => there.sql_type.clone(),
            (Some(there), Some(_))
                if let Kind::Enum { values, .. } = &field.kind
                    && settings.sql_type.is_none()
                    && there.sql_type.starts_with("enum(")
                    && self.dialect == Dialect::MySql =>
            {
                let known = literals(&there.sql_type, self.dialect);
                let before = before.map_or(&[][..], |before| &before.values);
                let all = wanted(values, &known, before);
                match all == known {
                    true => there.sql_type.clone(),
                    false => types::enum_of(&all),
                }
            }
            (Some(there), Some(own))
                if settings.sql_type.is_none() && self.reads(field, own, there, before, strict) =>
            {
                there.sql_type.clone()
            }
            (_, Some(own)) => own.clone(),
            (None, None) => {
                self.no_type(field);
                String::new()
            }
        };
        let filler = types::filler(&field.kind, self.dialect);
        let filler = filler.filter(|_| settings.sql_type.is_none());
        let name = field.column.clone();
        self.said
            .fillers
            .extend(filler.map(|filler| (name, filler)));
        let mut values = Vec::new();
        if let Kind::Enum {
            type_name,
            values: own,
        } = &field.kind
        {
            self.enumeration(field, type_name, own, &sql_type);
            if self.dialect != Dialect::Postgres || is_text(type_name) {
                values.clone_from(own);
            }
        }
        let default = settings.default.as_ref();
        let default = default.and_then(|said| types::default(said, self.dialect, &sql_type));
        let generated = settings.generated.as_ref().map(|expression| Generated {
            expression: expression.clone(),
            stored: settings.virtual_ != Some(true),
        });
        let alone = key.len() == 1 && key[0] == field.column;
        let was_numbered = before.is_some_and(|before| before.identity);
        let identity = match settings.numbered {
            Some(Numbered::No) => None,
            Some(Numbered::By(identity)) => Some(identity),
            Some(Numbered::Yes) => Some(self.identity()),
            None if let Some(there) = there
                && !was_numbered
                && there.sql_type == sql_type
                && default.is_none()
                && generated.is_none() =>
            {
                there.identity
            }
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
        let says_null = settings.nullable.unwrap_or(field.optional);
        let is_computed = generated.is_some() || there.is_some_and(|it| it.generated.is_some());
        let nullable = match there {
            Some(there) if kept && key.contains(&field.column) => there.nullable,
            _ if key.contains(&field.column) => false,
            // MariaDB takes no NOT NULL there ("Generated Columns" in its manual).
            there
                if self.dialect == Dialect::MySql && is_computed && settings.nullable.is_none() =>
            {
                there.is_none_or(|there| there.nullable)
            }
            // An `Option` reads what is never NULL: only a field that was none before means that it
            // may be.
            Some(there) if settings.nullable.is_none() && says_null && !there.nullable => {
                before.is_some_and(|before| before.not_null)
            }
            _ => says_null,
        };
        let comment = written(settings.comment.as_ref(), field.docs.as_ref());
        self.said.own.columns.insert(
            field.column.clone(),
            ModelledColumn {
                sql_type: own,
                values,
                not_null: !says_null,
                default: settings.default.is_some(),
                generated: generated.is_some(),
                identity: settings.numbered.is_some(),
                collation: settings.collation.is_some(),
                on_update: settings.on_update_value.is_some(),
                comment: comment.is_some(),
            },
        );
        let collation = settings.collation.as_deref();
        let collation = collation.map(|name| types::collation(name, self.dialect));
        let unsaid = there.filter(|_| before.is_none_or(|before| !before.collation));
        Column {
            name: field.column.clone(),
            nullable,
            default,
            generated,
            identity,
            collation: collation.or_else(|| unsaid.and_then(|there| there.collation.clone())),
            on_update: settings.on_update_value.clone(),
            comment,
            sql_type,
            ..Column::default()
        }
    }

    /// Returns whether a column that is there is the one that the field means.
    fn reads(
        &self,
        field: &Field,
        own: &str,
        there: &Column,
        before: Option<&ModelledColumn>,
        strict: bool,
    ) -> bool {
        if !fits(&field.kind, &there.sql_type, self.dialect, strict) {
            return false;
        }
        let is_as_before = before.is_none_or(|before| before.sql_type.as_deref() == Some(own));
        match self.dialect {
            // The affinity is all there is to it.
            Dialect::Sqlite => true,
            // sqlx reads any width, but not every number can be written.
            Dialect::MySql => is_as_before || matches!(field.kind, Kind::Enum { .. }),
            Dialect::Postgres => is_as_before || is_built_in(&there.sql_type),
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
            matches!(&part.what, What::ForeignKey(key, _) if key.columns.iter().any(|own| own == column))
        })
    }

    /// Reports that the dialect has no column for a field.
    fn no_type(&mut self, field: &Field) {
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
    }

    /// Adds what keeps a column to the values of an enum.
    fn enumeration(&mut self, field: &Field, type_name: &str, values: &[String], sql_type: &str) {
        match self.dialect {
            Dialect::Postgres if !is_text(type_name) => {
                if sql_type != folded(type_name) {
                    return;
                }
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
                let checks = self.there.into_iter().flat_map(|there| &there.checks);
                let mut known = checks
                    .filter_map(|check| listed(&check.expression, &field.column, self.dialect));
                let before = self.before.and_then(|it| it.columns.get(&field.column));
                let before = before.map_or(&[][..], |before| &before.values);
                let all = match known.next() {
                    Some(known) => wanted(values, &known, before),
                    None => values.to_vec(),
                };
                self.said.values.insert(field.column.clone(), all.clone());
                let values: Vec<_> = all
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
