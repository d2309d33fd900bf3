//! Reads what MySQL's information schema does not show exactly from `SHOW CREATE`.

use std::collections::BTreeMap;

use migrate_core::Dialect;
use migrate_schema::{Name, RoutineKind};

use super::super::record::Record;
use super::Reading;
use super::spelling::{default_of, view_options, without_end};

/// What is to be asked for.
#[derive(Default)]
pub(super) struct UnclearObjects {
    /// The columns whose defaults may not be whole, by their tables.
    defaults: BTreeMap<Name, Vec<String>>,
    bodies: Vec<UnclearObject>,
}

/// What the statement is asked for that would make it.
pub(super) enum UnclearObject {
    Defaults(Name, Vec<String>),
    /// A trigger of a table, with its body as it was shown.
    Trigger(Name, String, String),
    Routine(RoutineKind, String, String),
    View(Name),
}

impl UnclearObjects {
    /// Bytes end at the first zero, and a character beyond the first plane is a `?`.
    pub(super) fn of_default(
        &mut self,
        table: &Name,
        column: &str,
        data_type: &str,
        default: &str,
    ) {
        if data_type.ends_with("binary") || default.contains('?') {
            let columns = self.defaults.entry(table.clone()).or_default();
            columns.push(column.to_owned());
        }
    }

    /// A quote in a literal is shown without what escapes it.
    pub(super) fn of_trigger(&mut self, table: &Name, name: &str, body: &str) {
        if has_literal(body) {
            let (name, body) = (name.to_owned(), body.to_owned());
            self.bodies
                .push(UnclearObject::Trigger(table.clone(), name, body));
        }
    }

    /// The same of a function or procedure.
    pub(super) fn of_routine(&mut self, kind: RoutineKind, name: &str, body: &str) {
        if has_literal(body) {
            let (name, body) = (name.to_owned(), body.to_owned());
            self.bodies.push(UnclearObject::Routine(kind, name, body));
        }
    }

    /// The names of its columns are not in its definition, nor is its algorithm shown.
    pub(super) fn of_view(&mut self, view: &Name) {
        self.bodies.push(UnclearObject::View(view.clone()));
    }

    pub(super) fn all(self) -> Vec<UnclearObject> {
        let defaults = self.defaults.into_iter();
        let defaults = defaults.map(|(table, columns)| UnclearObject::Defaults(table, columns));
        defaults.chain(self.bodies).collect()
    }
}

fn has_literal(body: &str) -> bool {
    body.contains(['\'', '"'])
}

impl UnclearObject {
    /// Asks for one row.
    pub(super) fn question(&self) -> String {
        let quote = |name: &str| Dialect::MySql.quote(name);
        match self {
            Self::Defaults(table, _) => {
                format!("SHOW CREATE TABLE {};\n", table.quoted(Dialect::MySql))
            }
            Self::View(view) => format!("SHOW CREATE VIEW {};\n", view.quoted(Dialect::MySql)),
            Self::Trigger(_, name, _) => format!("SHOW CREATE TRIGGER {};\n", quote(name)),
            Self::Routine(kind, name, _) => {
                let word = kind.as_str().to_ascii_uppercase();
                format!("SHOW CREATE {word} {};\n", quote(name))
            }
        }
    }
}

impl Reading {
    /// Takes in the answer. Who may not see the statement keeps what was shown.
    pub(super) fn resolve(&mut self, unclear: &UnclearObject, mut row: Record) {
        let _name = row.text();
        if matches!(
            unclear,
            UnclearObject::Trigger(..) | UnclearObject::Routine(..)
        ) {
            let _mode = row.text();
        }
        let statement = row.text();
        match unclear {
            UnclearObject::Defaults(table, columns) => {
                let Some(table) = self.schema.tables.get_mut(table) else {
                    return;
                };
                for column in &mut table.columns {
                    if columns.contains(&column.name)
                        && let Some(default) = default_of(&statement, &column.name)
                    {
                        column.default = Some(default.to_owned());
                    }
                }
            }
            UnclearObject::View(view) => {
                if let Some(options) = self.schema.views.get_mut(view).map(|it| &mut it.options) {
                    options.extend(view_options(&statement));
                }
            }
            UnclearObject::Trigger(table, name, shown) => {
                let table = self.schema.tables.get_mut(table);
                let trigger = table.and_then(|table| table.triggers.get_mut(name));
                let header = statement.to_ascii_uppercase().find("FOR EACH ROW");
                let rest = &statement[header.unwrap_or_default()..];
                if let Some(start) = rest.find(beginning(shown))
                    && let Some(trigger) = trigger
                    && let Some(header) = trigger.strip_suffix(shown)
                {
                    *trigger = format!("{header}{}", without_end(&rest[start..]));
                }
            }
            UnclearObject::Routine(kind, name, shown) => {
                // The body begins a line.
                let body = statement.match_indices('\n').find_map(|(at, _)| {
                    let rest = &statement[at + 1..];
                    rest.starts_with(beginning(shown)).then_some(rest)
                });
                if let Some(body) = body {
                    self.routines.set_body(*kind, name, without_end(body));
                }
            }
        }
    }
}

/// A body as far as it is shown as it is.
fn beginning(shown: &str) -> &str {
    let end = shown.find(['\'', '"']).unwrap_or(shown.len());
    &shown[..end]
}
