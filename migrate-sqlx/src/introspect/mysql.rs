//! MySQL 5.7 and later, MariaDB 10.3 and later: their information schema, in two messages; a third
//! reads what is not there, or not as it is, from the statements that create it, and a fourth the
//! numbers of MariaDB's sequences.
//!
//! Named, and not read any further: events that run once, packages, when the history of a partitioned
//! table begins, the collation that the database had when code was created if it has another now, and
//! what the server does not show how to create. Left out: other databases of the server,
//! definers, tablespaces, and the current value of an AUTO_INCREMENT. RESTRICT is read as NO ACTION, as InnoDB does the same for both
//! (MySQL manual, "FOREIGN KEY Constraints"). What the user has no right to see is missing: a
//! view's text needs SHOW VIEW, a trigger needs TRIGGER.

mod create_table;
mod objects;
mod queries;
mod session;
mod show_create;
mod spelling;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{Name, RoutineKind, Schema};

use self::objects::{FoundEvent, FoundRoutine};
use self::session::StoredSession;
use self::show_create::{Asked, UnclearDefaults};
use super::record::Record;
use super::{is_ledger, unreadable};
use crate::backend::{Row, Session};
use crate::error::Error;

/// What is known while the rows are read.
struct Reading {
    schema: Schema,
    server: Server,
    /// The collations of the tables.
    collations: BTreeMap<Name, String>,
    /// The names of tables and views, which the texts of views are qualified with.
    names: BTreeSet<String>,
    routines: BTreeMap<(RoutineKind, String), FoundRoutine>,
    events: BTreeMap<String, FoundEvent>,
    /// The sessions of triggers, by their tables.
    trigger_sessions: BTreeMap<(Name, String), StoredSession>,
    sequences: Vec<String>,
    /// What is to be asked for.
    asked: Vec<Asked>,
    unclear_defaults: UnclearDefaults,
    /// The table, moment and event of the last trigger, with its name.
    last_trigger: Option<((String, String, String), String)>,
}

/// What differs between the servers.
#[derive(Debug, Default)]
pub(super) struct Server {
    mariadb: bool,
    /// The database.
    own: String,
    /// The collation of the database.
    collation: String,
    /// What a session of this driver has.
    session: StoredSession,
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
    let mut other_session = None;
    let rows = session.query(queries::SERVER.to_owned()).await;
    for row in rows.map_err(Error::from)? {
        let mut row = Record::from(row);
        match row.text().as_str() {
            "server" => {
                server.mariadb = row.text().to_ascii_lowercase().contains("mariadb");
                server.own = row.text();
                server.collation = row.text();
                server.session = StoredSession::of_view(&mut row);
            }
            "session" => other_session = session::readable(&mut row),
            _ => {
                let place = (
                    row.text().to_ascii_uppercase(),
                    row.text().to_ascii_uppercase(),
                );
                server.columns.insert(place);
            }
        }
    }
    let Some((set, restore)) = other_session else {
        return read_all(session, ledger, server).await;
    };
    session.query(set).await.map_err(Error::from)?;
    let schema = read_all(session, ledger, server).await;
    session.query(restore).await.map_err(Error::from)?;
    schema
}

/// Reads the schema in a session in which texts are written as everywhere.
async fn read_all(
    session: &mut dyn Session,
    ledger: &LedgerNames,
    server: Server,
) -> Result<Schema, Error> {
    let sql = queries::all(&server);
    let mut reading = Reading {
        schema: Schema::empty(Dialect::MySql),
        server,
        collations: BTreeMap::new(),
        names: BTreeSet::new(),
        routines: BTreeMap::new(),
        events: BTreeMap::new(),
        trigger_sessions: BTreeMap::new(),
        sequences: Vec::new(),
        asked: Vec::new(),
        unclear_defaults: UnclearDefaults::new(),
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
    let asked = std::mem::take(&mut reading.asked);
    for (asked, answer) in asked.iter().zip(answers(session, &asked).await?) {
        match answer {
            Some(row) => reading.resolve(asked, Record::from(row)),
            None => drop(
                reading
                    .schema
                    .not_carried
                    .insert(asked.clone().not_carried()),
            ),
        }
    }
    reading.unique_constraints();
    reading.without_database();
    reading.code();
    Ok(reading.schema)
}

/// Asks for the statements that create objects: with one message, or where the server refuses one of
/// them, as it does what the user may not see, with one for each.
async fn answers(session: &mut dyn Session, asked: &[Asked]) -> Result<Vec<Option<Row>>, Error> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let all = asked.iter().map(Asked::question).collect();
    match session.query(all).await {
        Ok(rows) => return Ok(rows.into_iter().map(Some).collect()),
        Err(error) if error.as_database_error().is_none() => return Err(error.into()),
        Err(_) => {}
    }
    let mut answers = Vec::with_capacity(asked.len());
    for asked in asked {
        answers.push(match session.query(asked.question()).await {
            Ok(rows) => rows.into_iter().next(),
            Err(error) if error.as_database_error().is_some() => None,
            Err(error) => return Err(error.into()),
        });
    }
    Ok(answers)
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
            "view" => self.view(row),
            "trigger" => self.trigger(row)?,
            "routine" => self.routine(row),
            "event" => self.event(row),
            other => return Err(unreadable(other)),
        }
        Ok(())
    }

    fn is_ledger(&self, ledger: &LedgerNames, table: &str) -> bool {
        let own = Some(self.server.own.as_str());
        is_ledger(ledger, own, own, table)
    }
}
