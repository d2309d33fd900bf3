//! Views, triggers, routines and sequences of MySQL and MariaDB.

use migrate_core::Dialect;
use migrate_schema::{Event, Name, NotCarried, Routine, RoutineKind, Sequence, Signature};

use super::super::record::Record;
use super::Reading;
use super::session::StoredSession;
use super::show_create::Asked;
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
        let settings = StoredSession::of_view(&mut row);
        let settings = settings.settings(&view.definition, &self.server.session);
        if !settings.is_empty() {
            let set = settings
                .iter()
                .map(|(name, value)| format!("{name} = {value}"));
            view.options
                .insert("SESSION", set.collect::<Vec<_>>().join(", "));
        }
        // MySQL does not show the names of its columns otherwise, nor its algorithm. Who may not see
        // the definition may not ask for it.
        if !self.server.mariadb && !view.definition.is_empty() {
            self.asked.push(Asked::View(name));
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
        table.triggers.insert(name.clone(), statement);
        let table = Name::plain(&moment.0);
        if !self.server.mariadb && body.contains(['\'', '"']) {
            self.asked.push(Asked::Trigger(table.clone(), name.clone()));
        }
        let session = StoredSession::of_code(&mut row);
        self.note_database_collation("trigger", &name, &session);
        self.trigger_sessions.insert((table, name.clone()), session);
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

/// A function or procedure, until it is known how it is created.
pub(super) struct FoundRoutine {
    pub(super) session: StoredSession,
    comment: Option<String>,
    /// None of what the user may not see.
    pub(super) statement: Option<String>,
}

/// An event, until it is known how it is created.
pub(super) struct FoundEvent {
    pub(super) session: StoredSession,
    pub(super) starts_at_creation: bool,
    pub(super) statement: String,
}

impl Reading {
    pub(super) fn routine(&mut self, mut row: Record) {
        let (kind, name) = (row.text(), row.text());
        let session = StoredSession::of_code(&mut row);
        let kind = match kind.as_str() {
            "FUNCTION" => RoutineKind::Function,
            "PROCEDURE" => RoutineKind::Procedure,
            other => {
                let kind = other.to_lowercase();
                let name = Name::plain(name);
                self.schema.not_carried.insert(NotCarried { kind, name });
                return;
            }
        };
        self.note_database_collation(kind.as_str(), &name, &session);
        self.asked.push(Asked::Routine(kind, name.clone()));
        let found = FoundRoutine {
            session,
            comment: row.option(),
            statement: None,
        };
        self.routines.insert((kind, name), found);
    }

    /// An event that happens once is a task, and is gone when it is done.
    pub(super) fn event(&mut self, mut row: Record) {
        let (name, is_recurring) = (row.text(), row.flag());
        if !is_recurring {
            self.schema.not_carried.insert(NotCarried {
                kind: "event that runs once".to_owned(),
                name: Name::plain(name),
            });
            return;
        }
        let session = StoredSession::of_code(&mut row).in_time_zone(row.text());
        self.note_database_collation("event", &name, &session);
        self.asked.push(Asked::Event(name.clone()));
        let found = FoundEvent {
            session,
            starts_at_creation: row.flag(),
            statement: String::new(),
        };
        self.events.insert(name, found);
    }

    /// Texts in code have the collation that the database had then, which no session can set.
    pub(super) fn note_database_collation(
        &mut self,
        kind: &str,
        name: &str,
        session: &StoredSession,
    ) {
        let then = session.of_database.as_deref();
        if then.is_some_and(|then| then != self.server.collation) {
            self.schema.not_carried.insert(NotCarried {
                kind: format!("database collation of {kind}"),
                name: Name::plain(name),
            });
        }
    }

    /// Puts the code of the schema into its sessions.
    pub(super) fn code(&mut self) {
        let (own, driver) = (&self.server.own, &self.server.session);
        for ((kind, name), found) in std::mem::take(&mut self.routines) {
            let statement = found.statement.map(|statement| {
                let quoting = found.session.quoting();
                let statement = without_own_database(&statement, own, quoting);
                found.session.of(&statement, driver)
            });
            let signature = Signature {
                kind,
                name: Name::plain(name),
                arguments: String::new(),
            };
            let routine = Routine {
                definition: statement,
                comment: found.comment,
            };
            self.schema.routines.insert(signature, routine);
        }
        for (name, found) in std::mem::take(&mut self.events) {
            if !found.statement.is_empty() {
                let quoting = found.session.quoting();
                let statement = without_own_database(&found.statement, own, quoting);
                let definition = found.session.of(&statement, driver);
                self.schema
                    .events
                    .insert(Name::plain(name), Event { definition });
            }
        }
        for ((table, name), session) in std::mem::take(&mut self.trigger_sessions) {
            let table = self.schema.tables.get_mut(&table);
            if let Some(trigger) = table.and_then(|table| table.triggers.get_mut(&name)) {
                let statement = without_own_database(trigger, own, session.quoting());
                *trigger = session.of(&statement, driver);
            }
        }
    }
}
