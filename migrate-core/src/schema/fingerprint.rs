//! A schema in 32 bytes.

use std::fmt;

use super::Schema;
use super::lock::SchemaLock;
use crate::hash::{Hash, Hasher};

/// What a schema is, as far as [`differences`](super::differences()) compares it: two schemas of
/// one dialect have the same fingerprint where nothing differs.
///
/// So the order of a table's columns is no part of it, nor is a comment of a routine that its
/// definition holds already. It is the same on every machine, and made of the text that
/// schema.lock would have: another version of that format gives others, so it is not for keeping.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_core::schema::{Fingerprint, Name, Schema, Table};
///
/// let empty = Schema::empty(Dialect::Sqlite);
/// let mut one = empty.clone();
/// one.tables.insert(Name::plain("users"), Table::default());
///
/// assert_eq!(Fingerprint::of(&one), Fingerprint::of(&one.clone()));
/// assert_ne!(Fingerprint::of(&one), Fingerprint::of(&empty));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Hash);

impl Fingerprint {
    /// Returns the fingerprint of a schema.
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        let mut lock = SchemaLock::default();
        lock.schemas.insert(schema.dialect, normal(schema));
        let mut hasher = Hasher::new("schema-fingerprint-1");
        hasher.part(lock.render().as_bytes());
        Self(hasher.finish())
    }
}

/// The schema without what nothing compares.
fn normal(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for table in schema.tables.values_mut() {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.uniques.sort();
        table.foreign_keys.sort();
        table.checks.sort();
    }
    for routine in schema.routines.values_mut() {
        let definition = routine.definition.as_deref().unwrap_or_default();
        let definition = definition.trim_end().trim_end_matches(';').to_owned();
        routine.definition = Some(definition);
        if !matches!(schema.dialect, crate::Dialect::Postgres) {
            routine.comment = None;
        }
    }
    schema
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
