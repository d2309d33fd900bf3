//! A database's schema as data, in the database's own spelling.
//!
//! What stands here is what the database itself says of its schema, so two schemas of one dialect
//! can be compared as they are: nobody has to know that PostgreSQL writes `int` as `integer`, or
//! that MariaDB adds a default length. Nothing here depends on the order in which things were made,
//! but for the columns of a table, which keep theirs.
//!
//! Who owns an object and who may use it is no part of it; of views that is known where it was read,
//! to be given back: [`ViewState`].

mod ddl;
mod diff;
mod difference;
mod fingerprint;
pub mod lock;
mod schema;

pub use ddl::{Ddl, create, dump, script, statements};
pub use diff::change::{Change, Constraint, Object, Renamed};
pub use diff::diff;
pub use diff::reconcile::{Reconcile, Unfilled};
pub use diff::renames::{Rename, Renames, UnknownRename, likely_renames};
pub use difference::{Difference, DifferenceKind, differences};
pub use fingerprint::Fingerprint;
pub use schema::{
    Action, Affinity, Check, Column, Deferrable, Definition, Domain, Enum, Extension, ForeignKey,
    Generated, Grant, Identity, Index, IndexPart, Key, Name, NotCarried, ObjectKind, ObjectRef,
    OptionValue, Options, PartitionOf, Routine, RoutineKind, Schema, Sequence, Signature, Table,
    View, ViewState,
};
