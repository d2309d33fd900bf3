//! Runs a migration chain that the compiler checked, on SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # mod application {
//! use migrate_sqlx::{Migrations, embed_migrations};
//!
//! # const IN_YOURS: &str = r#"
//! static MIGRATIONS: Migrations = embed_migrations!();
//! # "#;
//! # static MIGRATIONS: Migrations = Migrations::embedded(&[], &[], &[], migrate_sqlx::LedgerNames::DEFAULT);
//!
//! # async fn start(url: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let pool = sqlx::SqlitePool::connect(url).await?;
//! MIGRATIONS.run(&pool).await?; // or ensure_current(&pool), which applies nothing
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! [`embed_migrations!`] bakes the chain into the binary, or refuses to compile with what is
//! wrong.
//!
//! # Which method
//!
//! | | applies | refuses |
//! |---|---|---|
//! | [`Migrations::run`] | what is pending | a database that is ahead, changed or unfinished |
//! | [`Migrations::ensure_current`] | nothing | the same, and one that is behind or lacks a table |
//! | [`Migrations::ensure_compatible`] | nothing | one that lacks what the code needs, or of which a newer version has taken something away |
//! | `Migrations::verify` | nothing | one whose tables are not those that the revisions create |
//!
//! An application that migrates itself calls `run` when it starts; an up-to-date database costs a
//! single round trip. Where a deployment step migrates, the application calls `ensure_compatible`, at
//! its start and in its health check: old and new instances run side by side for a while.
//! [`Migrations::runner`] has the rest: a target, a callback for each step, time limits, who did it,
//! how long to wait for another migrator, and [`Runner::retreat`], which takes a database back to what
//! this version knows.
//!
//! # Errors
//!
//! An [`Error`] displays in one line, with the revision, its file and line, and what the database
//! said. [`Error::report`] is for people and programs: the statement as `cargo migrate` draws it, and
//! what to type next. A `main` that returns the error shows that. [`Error::code`] is stable;
//! `cargo migrate explain <code>` explains it.
//!
//! # Features
//!
//! - `sqlite`, `postgres`, `mysql` (MariaDB too): the databases.
//! - `models`: `#[derive(Table)]`, which compares a model with `schema.lock` at compile time.
//! - `verify`: `Migrations::verify`, which compares the schema when the application starts.
//! - `mysql-rsa`: passwords of MySQL over connections without TLS. It builds the crate `rsa`
//!   (RUSTSEC-2023-0071); with TLS or a socket it is not needed.
//! - `tls-…`: sqlx's choices of TLS.
//! - `cli`: what `cargo migrate` needs. It is not for applications, and is exempt from semver.

#![forbid(unsafe_code)]

mod applied_revision;
mod backend;
mod cancel;
mod chain_state;
#[cfg(all(
    feature = "cli",
    any(feature = "sqlite", feature = "postgres", feature = "mysql")
))]
mod database;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod discrepancy;
mod driver_error;
mod engine;
mod error;
mod event;
#[cfg(any(feature = "cli", feature = "verify"))]
mod introspect;
mod ledger;
mod ledger_change;
mod ledger_event;
mod literal;
mod migration_lock;
mod migrations;
mod notice;
mod required_tables;
#[cfg(feature = "cli")]
mod script;
mod sleep;
mod status;
#[cfg(feature = "models")]
mod table;
mod timestamp;
#[cfg(feature = "cli")]
mod url;

pub use applied_revision::{AppliedRevision, Edit, RevisionState};
pub use backend::{Backend, Session};
pub use driver_error::{DatabaseMessage, DriverError, InnerQuery, Refusal};
pub use engine::{InDoubt, StampMode};
pub use error::{Error, ErrorReport, StatementError, StepError, StepPart, Tried};
pub use event::{Applied, Event, Report};
#[cfg(any(feature = "cli", feature = "verify"))]
pub use introspect::SchemaReader;
pub use ledger_event::{EventKind, LedgerEvent};
pub use migrate_core::{
    Anchor, Cascade, Chain, Code, Diagnostic, Dialect, Dialects, Direction, Hash, Label,
    LedgerNames, Limits, Phase, Place, Problem, Revision, RevisionId, Script, Section,
    SessionSettings, Set, SoundGraph, Stamp, Statement, Target, TargetError,
};
#[cfg(feature = "models")]
pub use migrate_macros::Table;
#[cfg(any(feature = "cli", feature = "verify"))]
pub use migrate_schema as schema;
pub use migrations::{Migrations, Runner};
pub use notice::Severity;
pub use status::Status;
#[cfg(feature = "models")]
pub use table::Table;
pub use timestamp::Timestamp;

/// Checks the chain of this package and embeds it in the binary, as a [`Migrations`] that fits a
/// `static`.
///
/// Without an argument, the folder is the one configured in migrate.toml (`migrations` by default);
/// an argument is a folder relative to the package's Cargo.toml. The rules are those of the
/// package's migrate.toml in both cases.
///
/// A broken chain is one compile error for each problem, with the text of `cargo migrate check`; a
/// rule that only warns gives a compiler warning. The crate is compiled again if a file is edited,
/// a revision is added (through chain.lock) or migrate.toml changes.
///
/// ```no_run
/// use migrate_sqlx::{Migrations, embed_migrations};
///
/// # const IN_YOURS: &str = r#"
/// static MIGRATIONS: Migrations = embed_migrations!();
/// # "#;
/// ```
#[macro_export]
macro_rules! embed_migrations {
    ($($folder:tt)*) => { $crate::__private::embed_migrations!(($crate) $($folder)*) };
}

/// What `embed_migrations!` expands to.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow::Borrowed;

    pub use migrate_core::{Dialect, Hash, LedgerNames, RevisionId, SessionSettings};
    pub use migrate_macros::embed_migrations;

    pub use crate::Migrations;
}

/// What `cargo migrate` needs beside the API of an application. It may change in any release.
#[doc(hidden)]
pub mod __cli {
    pub use crate::chain_state::ChainState;
    #[cfg(all(
        feature = "cli",
        any(feature = "sqlite", feature = "postgres", feature = "mysql")
    ))]
    pub use crate::database::{Create, Database};
    #[cfg(feature = "cli")]
    pub use crate::discrepancy;
    #[cfg(feature = "cli")]
    pub use crate::engine::{Outcome, SchemaReplay};
    pub use crate::ledger_change::{LedgerChange, RowRepair};
    #[cfg(feature = "cli")]
    pub use crate::script::Script;
    #[cfg(feature = "cli")]
    pub use crate::url::DatabaseUrl;
}
