//! Views, triggers, routines and sequences of MySQL and MariaDB.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use migrate_core::Dialect;
use migrate_schema::{Name, Routine, RoutineKind, Schema, Sequence, Signature};

use super::super::record::Record;
use super::Reading;
use super::show_create::UnclearObjects;
use super::spelling::{without_database, without_end, without_own_database};
use crate::error::Error;

impl Reading {
    pub(super) fn view(&mut self, mut row: Record) {
        let name = Name::plain(row.text());
        let Some(view) = self.schema.views.get_mut(&name) else {
            return;
        };
        view.definition = row.text();
        let check = row.text();
        if check != "NONE" {
            view.options.insert("CHECK OPTION", check);
        }
        let security = row.text();
        if security == "INVOKER" {
            view.options.insert("SQL SECURITY", security);
        }
        if let Some(algorithm) = row.option().filter(|algorithm| algorithm != "UNDEFINED") {
            view.options.insert("ALGORITHM", algorithm);
        }
        // Who may not see the definition may not ask for it.
        if !self.server.mariadb && !view.definition.is_empty() {
            self.unclear_objects.of_view(&name);
        }
    }

    /// The server writes the database before names in views and defaults; the same schema in
    /// another database is the same.
    pub(super) fn without_database(&mut self) {
        let views = self
            .schema
            .views
            .values_mut()
            .map(|view| &mut view.definition);
        let columns = self
            .schema
            .tables
            .values_mut()
            .flat_map(|table| &mut table.columns);
        let defaults = columns.filter_map(|column| column.default.as_mut());
        for text in views.chain(defaults) {
            *text = without_database(text, &self.server.own, &self.names);
        }
        let tables = self.schema.tables.values_mut();
        for text in tables.flat_map(|table| table.triggers.values_mut()) {
            *text = without_own_database(text, &self.server.own);
        }
    }

    /// Where several fire at the same moment, their order counts: each says whom it follows.
    pub(super) fn trigger(&mut self, mut row: Record) -> Result<(), Error> {
        let table_name = row.text();
        let Some(table) = self.schema.tables.get_mut(&Name::plain(&table_name)) else {
            return Ok(());
        };
        let (name, timing, event) = (row.text(), row.text(), row.text());
        let order: u32 = row.number()?;
        let quote = |name: &str| Dialect::MySql.quote(name);
        // MariaDB 12 has triggers for several events.
        let events = event.replace(',', " OR ");
        let mut statement = format!(
            "CREATE TRIGGER {} {timing} {events} ON {} FOR EACH ROW",
            quote(&name),
            quote(&table_name)
        );
        let moment = (table_name, timing, event);
        if let Some((last, before)) = &self.last_trigger
            && order > 1
            && *last == moment
        {
            statement.extend([" FOLLOWS ", &quote(before)]);
        }
        let body = row.text();
        let body = without_end(&body);
        statement.extend(["\n", body]);
        if !self.server.mariadb {
            self.unclear_objects
                .of_trigger(&Name::plain(&moment.0), &name, body);
        }
        table.triggers.insert(name.clone(), statement);
        self.last_trigger = Some((moment, name));
        Ok(())
    }

    pub(super) fn sequence(&mut self, mut row: Record) -> Result<(), Error> {
        let name = Name::plain(row.text());
        let sequence = Sequence {
            sql_type: "bigint".to_owned(),
            start: row.number()?,
            increment: row.number()?,
            min: row.number()?,
            max: row.number()?,
            cycle: row.flag(),
            cache: row.number()?,
            ..Sequence::default()
        };
        self.schema.sequences.insert(name, sequence);
        Ok(())
    }
}

/// Functions and procedures, until their parameters are known.
#[derive(Default)]
pub(super) struct Routines {
    found: BTreeMap<(RoutineKind, String), Found>,
}

#[derive(Default)]
struct Found {
    parameters: Vec<String>,
    returns: Option<String>,
    characteristics: String,
    comment: Option<String>,
    body: Option<String>,
}

fn kind(text: &str) -> RoutineKind {
    match text {
        "PROCEDURE" => RoutineKind::Procedure,
        _ => RoutineKind::Function,
    }
}

impl Routines {
    pub(super) fn routine(
        &mut self,
        mut row: Record,
        unclear_objects: Option<&mut UnclearObjects>,
    ) {
        let place = (kind(&row.text()), row.text());
        let mut found = Found {
            returns: row.option(),
            ..Found::default()
        };
        if row.flag() {
            found.characteristics.push_str(" DETERMINISTIC");
        }
        let access = row.text();
        if access != "CONTAINS SQL" {
            found.characteristics.extend([" ", &access]);
        }
        if row.text() == "INVOKER" {
            found.characteristics.push_str(" SQL SECURITY INVOKER");
        }
        found.comment = row.option();
        found.body = row.option().map(|body| without_end(&body).to_owned());
        if let (Some(unclear_objects), Some(body)) = (unclear_objects, &found.body) {
            unclear_objects.of_routine(place.0, &place.1, body);
        }
        self.found.insert(place, found);
    }

    pub(super) fn set_body(&mut self, kind: RoutineKind, name: &str, body: &str) {
        if let Some(found) = self.found.get_mut(&(kind, name.to_owned())) {
            found.body = Some(body.to_owned());
        }
    }

    pub(super) fn parameter(&mut self, mut row: Record) {
        let kind = kind(&row.text());
        let Some(found) = self.found.get_mut(&(kind, row.text())) else {
            return;
        };
        let mode = row.text();
        let mut parameter = match kind {
            RoutineKind::Procedure => format!("{mode} "),
            _ => String::new(),
        };
        let name = Dialect::MySql.quote(&row.text());
        let _infallible = write!(parameter, "{name} {}", row.text());
        found.parameters.push(parameter);
    }

    /// Puts the statements together.
    pub(super) fn write(self, own: &str, schema: &mut Schema) {
        for ((kind, name), found) in self.found {
            let word = kind.as_str().to_ascii_uppercase();
            let mut statement = format!(
                "CREATE {word} {}({})",
                Dialect::MySql.quote(&name),
                found.parameters.join(", ")
            );
            if kind == RoutineKind::Function
                && let Some(returns) = found.returns
            {
                statement.extend([" RETURNS ", &returns]);
            }
            statement.push_str(&found.characteristics);
            if let Some(comment) = &found.comment {
                statement.extend([" COMMENT ", &Dialect::MySql.literal(comment)]);
            }
            let definition = found
                .body
                .map(|body| without_own_database(&format!("{statement}\n{body}"), own));
            let signature = Signature {
                kind,
                name: Name::plain(name),
                arguments: String::new(),
            };
            let routine = Routine {
                definition,
                comment: found.comment,
            };
            schema.routines.insert(signature, routine);
        }
    }
}
