//! MySQL 5.7 and later, MariaDB 10.3 and later: their information schema, in two messages; a third
//! reads the numbers of MariaDB's sequences, or what MySQL does not
//! show there as it is.
//!
//! Named, and not read any further: scheduled events. Left out: other databases of the server,
//! definers, tablespaces, and the current value of an AUTO_INCREMENT. RESTRICT is read as NO ACTION, as InnoDB does the same for both
//! (MySQL manual, "FOREIGN KEY Constraints"). What the user has no right to see is missing: a
//! view's text needs SHOW VIEW, a trigger needs TRIGGER.

mod objects;
mod queries;
mod show_create;
mod spelling;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{Name, NotCarried, Schema};

use self::objects::Routines;
use self::show_create::{UnclearObject, UnclearObjects};
use super::record::Record;
use super::{is_ledger, unreadable};
use crate::backend::Session;
use crate::error::Error;

/// What is known while the rows are read.
struct Reading {
    schema: Schema,
    server: Server,
    /// The collations of the tables.
    collations: BTreeMap<Name, String>,
    /// The names of tables and views, which the texts of views are qualified with.
    names: BTreeSet<String>,
    routines: Routines,
    sequences: Vec<String>,
    unclear_objects: UnclearObjects,
    /// The table, moment and event of the last trigger, with its name.
    last_trigger: Option<((String, String, String), String)>,
}

/// What differs between the servers.
#[derive(Debug, Default)]
pub(super) struct Server {
    mariadb: bool,
    /// The database.
    own: String,
    /// The columns of the information schema that not every server has.
    columns: BTreeSet<(String, String)>,
}

impl Server {
    /// Says whether the information schema has a column.
    fn has(&self, table: &str, column: &str) -> bool {
        let place = (table.to_owned(), column.to_owned());
        self.columns.contains(&place)
    }
}

pub(super) async fn read(session: &mut dyn Session, ledger: &LedgerNames) -> Result<Schema, Error> {
    let mut server = Server::default();
    let rows = session.query(queries::SERVER.to_owned()).await;
    for row in rows.map_err(Error::from)? {
        let mut row = Record::from(row);
        match row.text().as_str() {
            "server" => {
                server.mariadb = row.text().to_ascii_lowercase().contains("mariadb");
                server.own = row.text();
            }
            _ => {
                let place = (
                    row.text().to_ascii_uppercase(),
                    row.text().to_ascii_uppercase(),
                );
                server.columns.insert(place);
            }
        }
    }
    let sql = queries::all(&server);
    let mut reading = Reading {
        schema: Schema::empty(Dialect::MySql),
        server,
        collations: BTreeMap::new(),
        names: BTreeSet::new(),
        routines: Routines::default(),
        sequences: Vec::new(),
        unclear_objects: UnclearObjects::default(),
        last_trigger: None,
    };
    let rows = session.query(sql).await;
    for row in rows.map_err(Error::from)? {
        reading.row(Record::from(row), ledger)?;
    }
    if !reading.sequences.is_empty() {
        let rows = session.query(queries::sequences(&reading.sequences)).await;
        for row in rows.map_err(Error::from)? {
            reading.sequence(Record::from(row))?;
        }
    }
    let unclear_objects = std::mem::take(&mut reading.unclear_objects).all();
    if !unclear_objects.is_empty() {
        let sql = unclear_objects
            .iter()
            .map(UnclearObject::question)
            .collect();
        let rows = session.query(sql).await.map_err(Error::from)?;
        for (unclear, row) in unclear_objects.iter().zip(rows) {
            reading.resolve(unclear, Record::from(row));
        }
    }
    reading.unique_constraints();
    reading.without_database();
    reading
        .routines
        .write(&reading.server.own, &mut reading.schema);
    Ok(reading.schema)
}

impl Reading {
    /// Takes in a row. The queries are in such an order that what a row refers to is there.
    fn row(&mut self, mut row: Record, ledger: &LedgerNames) -> Result<(), Error> {
        match row.text().as_str() {
            "table" => self.table(row, ledger),
            "column" => self.column(row),
            "index" => self.index_part(row)?,
            "foreign" => self.foreign_key(row),
            "check" => self.check(row),
            "partition" => self.partition(row),
            "view" => self.view(row),
            "trigger" => self.trigger(row)?,
            "routine" => {
                let unclear_objects = (!self.server.mariadb).then_some(&mut self.unclear_objects);
                self.routines.routine(row, unclear_objects);
            }
            "parameter" => self.routines.parameter(row),
            "event" => {
                self.schema.not_carried.insert(NotCarried {
                    kind: "event".to_owned(),
                    name: Name::plain(row.text()),
                });
            }
            other => return Err(unreadable(other)),
        }
        Ok(())
    }

    fn is_ledger(&self, ledger: &LedgerNames, table: &str) -> bool {
        let own = Some(self.server.own.as_str());
        is_ledger(ledger, own, own, table)
    }
}
