//! The one list of the kinds of objects that a schema holds.
//!
//! Whatever goes through a schema kind by kind is generated from this list or matches on
//! [`ObjectRef`], so a new kind is one entry here, and the compiler names what else must handle it.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::Dialect;

use super::{
    Definition, Domain, Enum, Event, Extension, Name, NotCarried, Routine, SchemaState, Sequence,
    Signature, Table, View,
};

/// Calls another macro with every kind: its variant, its words, its map in [`Schema`], and the
/// types of the map's keys and values.
macro_rules! for_each_kind {
    ($generate:ident) => {
        $generate! {
            /// The tables.
            Table("table") in tables: Name, Table;
            /// The views, materialized ones included.
            View("view") in views: Name, View;
            /// The sequences that no column's identity or `serial` type owns.
            Sequence("sequence") in sequences: Name, Sequence;
            /// The enumerated types of PostgreSQL.
            Enum("enum") in enums: Name, Enum;
            /// The domains of PostgreSQL.
            Domain("domain") in domains: Name, Domain;
            /// The composite and range types of PostgreSQL.
            Type("type") in types: Name, Definition;
            /// The user-defined collations of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Collation("collation") in collations: Name, Definition;
            /// The text search dictionaries of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Dictionary("text search dictionary") in dictionaries: Name, Definition;
            /// The text search configurations of PostgreSQL, each with its mappings.
            #[cfg_attr(feature = "serde", serde(default))]
            Configuration("text search configuration") in configurations: Name, Definition;
            /// The extended statistics of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Statistics("statistics") in statistics: Name, Definition;
            /// The foreign-data wrappers of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Wrapper("foreign-data wrapper") in wrappers: String, Definition;
            /// The foreign servers of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Server("server") in servers: String, Definition;
            /// The publications of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Publication("publication") in publications: String, Definition;
            /// The event triggers of PostgreSQL.
            #[cfg_attr(feature = "serde", serde(default))]
            EventTrigger("event trigger") in event_triggers: String, Definition;
            /// The operators of PostgreSQL, each by its sign with the types of both sides:
            /// `=== (text, text)`.
            #[cfg_attr(feature = "serde", serde(default))]
            Operator("operator") in operators: Name, Definition;
            /// The casts of PostgreSQL, each by its types: `text AS integer`.
            #[cfg_attr(feature = "serde", serde(default))]
            Cast("cast") in casts: String, Definition;
            /// The functions and procedures.
            Routine("routine") in routines: Signature, Routine;
            /// The recurring events of MySQL.
            #[cfg_attr(feature = "serde", serde(default))]
            Event("event") in events: Name, Event;
            /// The extensions of PostgreSQL, except `plpgsql`, which every database has. The
            /// objects that an extension created are in none of the other maps.
            Extension("extension") in extensions: String, Extension;
            /// The named schemas besides the connection's default one, each with its comment.
            Schema("schema") in schemas: String, Option<String>;
        }
    };
}
pub(crate) use for_each_kind;

macro_rules! schema {
    ($($(#[$meta:meta])* $Kind:ident($word:literal) in $map:ident: $Name:ty, $Value:ty;)*) => {
        /// The objects of a database.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct Schema {
            /// The dialect that the texts are written in.
            pub dialect: Dialect,
            $($(#[$meta])* pub $map: BTreeMap<$Name, $Value>,)*
            /// Other objects of the database, for people to know: they are not compared, and no SQL
            /// is written for them.
            #[cfg_attr(feature = "serde", serde(default))]
            pub not_carried: BTreeSet<NotCarried>,
            /// The state of the database that it was read from; never compared or written.
            #[cfg_attr(feature = "serde", serde(skip))]
            pub state: SchemaState,
        }

        /// A kind of object that a schema holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ObjectKind {
            $(#[doc = concat!("A ", $word, ".")] $Kind,)*
        }

        /// An object of a [`Schema`], with its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ObjectRef<'a> {
            $(#[doc = concat!("A ", $word, ".")] $Kind(&'a $Name, &'a $Value),)*
        }

        impl Schema {
            /// Creates a schema without objects.
            #[must_use]
            pub const fn empty(dialect: Dialect) -> Self {
                Self {
                    dialect,
                    $($map: BTreeMap::new(),)*
                    not_carried: BTreeSet::new(),
                    state: SchemaState::new(),
                }
            }

            /// Iterates over all objects: by kind, then by name.
            pub fn objects(&self) -> impl Iterator<Item = ObjectRef<'_>> {
                std::iter::empty()
                    $(.chain(self.$map.iter().map(|(name, value)| ObjectRef::$Kind(name, value))))*
            }

            /// Returns the object of the same kind and name as another schema's.
            #[must_use]
            pub fn find(&self, object: ObjectRef<'_>) -> Option<ObjectRef<'_>> {
                match object {
                    $(ObjectRef::$Kind(name, _) => {
                        let (name, value) = self.$map.get_key_value(name)?;
                        Some(ObjectRef::$Kind(name, value))
                    })*
                }
            }

            /// Adds a copy of an object, or replaces the one of its kind and name.
            pub fn insert(&mut self, object: ObjectRef<'_>) {
                match object {
                    $(ObjectRef::$Kind(name, value) => {
                        self.$map.insert(name.clone(), value.clone());
                    })*
                }
            }

            /// Keeps only the objects for which `keep` returns true.
            pub fn retain(&mut self, mut keep: impl FnMut(ObjectRef<'_>) -> bool) {
                $(self.$map.retain(|name, value| keep(ObjectRef::$Kind(name, value)));)*
            }

            /// Returns how many objects there are of a kind.
            #[must_use]
            pub fn count(&self, kind: ObjectKind) -> usize {
                match kind {
                    $(ObjectKind::$Kind => self.$map.len(),)*
                }
            }
        }

        impl ObjectKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$Kind,)*];

            /// Returns its name in lower case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Kind => $word,)*
                }
            }
        }

        impl ObjectRef<'_> {
            /// Returns the object's kind.
            #[must_use]
            pub const fn kind(self) -> ObjectKind {
                match self {
                    $(Self::$Kind(..) => ObjectKind::$Kind,)*
                }
            }

            /// Returns the object's kind and name, which identify it.
            #[must_use]
            pub fn key(self) -> (ObjectKind, String) {
                (self.kind(), self.name())
            }

            /// Returns the object's name; of a routine its signature.
            #[must_use]
            pub fn name(self) -> String {
                match self {
                    $(Self::$Kind(name, _) => name.to_string(),)*
                }
            }
        }
    };
}

for_each_kind!(schema);
