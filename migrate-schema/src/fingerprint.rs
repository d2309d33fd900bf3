//! A schema in 32 bytes.

use std::fmt;

use crate::lock::SchemaLock;
use crate::schema::Schema;
use migrate_core::{__support::Hasher, Hash};

/// What a schema is, as far as [`differences`](crate::differences()) compares it: two schemas of
/// one dialect have the same fingerprint where nothing differs.
///
/// So the order of a table's columns is no part of it, nor is a comment of a routine that its
/// definition holds already. It is the same on every machine, and made of the text that
/// schema.lock would have: another version of that format gives others, so it is not for keeping.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Fingerprint, Name, Schema, Table};
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
        routine.definition = Some(routine.statement().to_owned());
        if !matches!(schema.dialect, migrate_core::Dialect::Postgres) {
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

#[cfg(test)]
mod tests {
    use super::Fingerprint;
    use crate::lock::SchemaLock;
    use crate::{Routine, Schema, Signature, differences};
    use migrate_core::Dialect;

    /// Schemas of which each differs from the first in one thing, but the second, in nothing.
    const SCHEMAS: [&str; 22] = [
        "",
        "table t column a at=2 type=text\ntable t column b at=1 type=integer null\n",
        "table u\n",
        "table t column c at=3 type=text\n",
        "table t column a at=1 type=varchar\n",
        "table t column a at=1 type=text null\n",
        "table t column a at=1 type=text default=x\n",
        "table t column a at=1 type=text comment=x\n",
        "table t primary-key column=a name=t_pkey\n",
        "table t unique column=a name=t_a_key\n",
        "table t unique column=a name=other\n",
        "table t check expression=\"a > 0\"\n",
        "table t foreign-key column=a table=t references=b\n",
        "table t index i part=a\n",
        "table t index i part=a unique\n",
        "table t index i part=a descending\n",
        "enum e value=x\n",
        "enum e value=x value=y\n",
        "schema s\n",
        "extension citext\n",
        "table t comment=x\n",
        "table t column b at=2 type=integer null collation=x\n",
    ];

    fn schema(changed: &str) -> Schema {
        let usual =
            "table t\ntable t column a at=1 type=text\ntable t column b at=2 type=integer null\n";
        // A changed line replaces the usual one.
        let key = |line: &str| line.split(" at=").next().unwrap_or(line).to_owned();
        let said: Vec<String> = changed.lines().map(key).collect();
        let mut text = "version 1\n[postgres]\n".to_owned();
        for line in usual.lines() {
            let again = said.contains(&key(line))
                || line == "table t" && changed.starts_with("table t comment");
            if !again {
                text.extend([line, "\n"]);
            }
        }
        text += changed;
        let lock = SchemaLock::parse("schema.lock", &text);
        let mut lock = lock.unwrap_or_else(|found| panic!("{changed}: {}", found[0]));
        lock.schemas.remove(&Dialect::Postgres).unwrap()
    }

    #[test]
    fn two_fingerprints_are_the_same_exactly_where_nothing_differs() {
        let schemas: Vec<Schema> = SCHEMAS.iter().map(|text| schema(text)).collect();
        let mut same = 0;
        for (at, one) in schemas.iter().enumerate() {
            for (place, other) in schemas.iter().enumerate() {
                let equal = Fingerprint::of(one) == Fingerprint::of(other);
                let nothing = differences(one, other).is_empty();
                assert_eq!(equal, nothing, "{:?} and {:?}", SCHEMAS[at], SCHEMAS[place]);
                same += usize::from(equal);
            }
        }
        // Each with itself, and the first two with each other.
        assert_eq!(same, schemas.len() + 2);
    }

    #[test]
    fn what_nothing_compares_is_no_part_of_it() {
        let with = |definition: &str, comment: Option<&str>| {
            let mut schema = Schema::empty(Dialect::MySql);
            let routine = Routine {
                definition: Some(definition.to_owned()),
                comment: comment.map(str::to_owned),
            };
            let name = Signature::from("function f()".to_owned());
            schema.routines.insert(name, routine);
            schema
        };
        let (one, other) = (with("SELECT 1", None), with("SELECT 1;\n", Some("x")));
        assert!(differences(&one, &other).is_empty());
        assert_eq!(Fingerprint::of(&one), Fingerprint::of(&other));
    }

    #[test]
    fn it_is_the_same_on_every_machine() {
        let found = Fingerprint::of(&schema(""));
        insta::assert_snapshot!(found, @"454363e621ec88bfce2b3bdc0e83a1c977f5a5e6b86eb384ef822639c41f5f6c");
    }
}
