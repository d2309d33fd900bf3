//! A database's schema as data, in the database's own spelling.
//!
//! Every text is as the database itself writes it, so two schemas of one dialect can be compared as
//! they are: PostgreSQL writes `int` as `integer`, and MariaDB adds a default length. The order in
//! which objects were created does not matter, except for the columns of a table.
//!
//! Owners and privileges are not part of a schema. Those of views are kept, to restore them when a
//! view is recreated: [`SchemaState`].
//!
//! The kinds of objects are listed once, in `schema/kinds.rs`; the struct [`Schema`], [`ObjectKind`],
//! [`ObjectRef`], [`Object`], the diff and the lines of schema.lock follow from that list.

mod ddl;
mod diff;
mod difference;
mod fingerprint;
pub mod lock;
mod modelled;
mod schema;

pub use ddl::{Ddl, create, dump, script, statements};
pub use diff::after_renames::after_renames;
pub use diff::change::{Change, Constraint, Object, Renamed};
pub use diff::diff;
pub use diff::reconcile::{Reconcile, Unfilled};
pub use diff::renames::{Rename, Renames, UnknownRename, likely_renames};
pub use difference::{Difference, DifferenceKind, differences};
pub use fingerprint::Fingerprint;
pub use modelled::{Modelled, ModelledColumn, ModelledTable};
pub use schema::{
    Action, Affinity, Check, Column, ColumnState, Deferrable, Definition, Dependencies, Domain,
    Enum, Event, Extension, ForeignKey, Generated, Grant, Identity, Index, IndexPart, Inherited,
    Key, Name, NotCarried, ObjectKind, ObjectRef, OptionValue, Options, Part, PartitionOf,
    Privileges, Routine, RoutineKind, Schema, SchemaState, Sequence, Signature, Table, View,
    ViewState, listed, literals, mentions, with_session,
};
