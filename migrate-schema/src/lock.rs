//! schema.lock: the schema that the chain's head has, in every dialect.
//!
//! It stands beside chain.lock, is written by the tool and committed. `#[derive(Table)]` compares
//! its struct with it, so that a model and the chain cannot drift apart unnoticed.
//!
//! ```text
//! # Written by cargo migrate: commit it, do not edit it.
//! version 1
//! head 9f3c1a2b77de 6dd2…c10f
//!
//! [postgres]
//! table users
//! table users column email at=2 type=text
//! table users column id at=1 type=bigint identity=by-default
//! table users primary-key column=id name=users_pkey
//! table users unique column=email name=users_email_key
//! ```
//!
//! Lines that begin with `model` are what the models had said when a revision was last written of
//! them ([`Modelled`]):
//!
//! ```text
//! model users
//! model users column email type=text
//! model users unique column=email
//! ```
//!
//! A head stands with its chain hash, so that it can be seen without a database whether the schema is
//! still that of the chain.
//!
//! A line is about one thing and needs no other, and the lines of a section are sorted. So git
//! merges what two branches add; where it keeps both sides (`merge=union`) the result is the
//! schema that has both. A word or a value that is more than letters, digits and `_.()-$` stands in
//! double quotes, in which `\"`, `\\`, `\n`, `\r` and `\t` stand for what they do in Rust.

mod attribute;
mod fields;
mod line;
mod modelled;
mod objects;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::read::Scope;
use crate::{Modelled, Name, Schema, Table};
use migrate_core::{Diagnostic, Dialect, Folder, Graph, Revision, SchemaHead, SchemaLines};

/// What schema.lock says.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Column, Name, Schema, Table, lock::SchemaLock};
///
/// let mut schema = Schema::empty(Dialect::Sqlite);
/// let mut table = Table::default();
/// table.columns.push(Column {
///     name: "id".to_owned(),
///     sql_type: "INTEGER".to_owned(),
///     ..Column::default()
/// });
/// schema.tables.insert(Name::plain("users"), table);
/// let mut lock = SchemaLock::default();
/// lock.schemas.insert(Dialect::Sqlite, schema);
///
/// let text = lock.render();
/// assert!(text.ends_with("[sqlite]\ntable users\ntable users column id at=1 type=INTEGER\n"));
/// assert_eq!(SchemaLock::parse("schema.lock", &text), Ok(lock));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaLock {
    /// Where in the chain the schemas are taken: its heads, less those that change nothing.
    pub heads: BTreeSet<SchemaHead>,
    /// The schemas, by their dialects.
    pub schemas: BTreeMap<Dialect, Schema>,
    /// What the models had said, by the dialects.
    pub models: BTreeMap<Dialect, Modelled>,
}

impl SchemaLock {
    /// The file's name in the migrations folder.
    pub const FILE: &'static str = Folder::SCHEMA_LOCK;

    /// The version of the format that this crate writes.
    pub const VERSION: u32 = SchemaLines::VERSION;

    /// Reads the text of the schema.lock in the migrations folder `dir`, which messages call
    /// `shown`; `None` if there is none yet.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read.
    pub fn read(dir: &Path, shown: &str) -> Result<Option<String>, Box<Diagnostic>> {
        Folder::read_schema_lock(dir, shown)
    }

    /// Returns where a chain's schema comes from: [`SchemaHead::all`].
    #[must_use]
    pub fn heads(revisions: &[Revision], graph: &Graph) -> BTreeSet<SchemaHead> {
        SchemaHead::all(revisions, graph)
    }

    /// Returns whether the schemas are those of this chain, as far as the heads say.
    #[must_use]
    pub fn is_of(&self, revisions: &[Revision], graph: &Graph) -> bool {
        SchemaHead::are_of(&self.heads, revisions, graph)
    }

    /// Writes the file's text.
    #[must_use]
    pub fn render(&self) -> String {
        write::render(self)
    }

    /// Reads a schema.lock; `file` is its name in messages.
    ///
    /// # Errors
    ///
    /// Everything wrong with it, each a [`Code::SchemaLockMalformed`](migrate_core::Code).
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        read::parse(file, text, &Scope::All)
    }

    /// Reads only what the models had said, also from a file that is otherwise broken: a lock can be
    /// recreated, its memory of the models cannot.
    #[must_use]
    pub fn models(text: &str) -> BTreeMap<Dialect, Modelled> {
        modelled::read_all(text)
    }

    /// Reads only what a schema.lock says of one table, for each dialect that it has; much faster
    /// than [`SchemaLock::parse`] where there are many tables.
    ///
    /// # Errors
    ///
    /// What is wrong with the lines that it needs.
    pub fn parse_table(
        file: &str,
        text: &str,
        table: &Name,
    ) -> Result<BTreeMap<Dialect, Option<Table>>, Vec<Diagnostic>> {
        let lock = read::parse(file, text, &Scope::table(table))?;
        let one = |(dialect, mut schema): (Dialect, Schema)| (dialect, schema.tables.remove(table));
        Ok(lock.schemas.into_iter().map(one).collect())
    }
}

#[cfg(test)]
mod tests;
