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
//! wrong. [`Migrations::run`] brings a database to the heads; an up-to-date one costs a single
//! round trip. [`Migrations::runner`] has the rest: a target, a callback a step, how long to wait
//! for another migrator.
//!
//! Features: `sqlite`, `postgres`, `mysql` (MariaDB too), and sqlx's choices of TLS.

#![forbid(unsafe_code)]

mod backend;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod database;
mod driver_error;
mod engine;
mod error;
mod event;
mod held;
mod introspect;
mod ledger;
mod migrations;
mod moment;
mod notice;
mod pause;
mod presence;
mod runner;
mod script;
mod status;
mod stop;
#[cfg(feature = "models")]
mod table;
mod url;

#[doc(hidden)]
pub use backend::{Attempt, ConnectOptions, Failure, Row};
pub use backend::{Backend, Session};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use database::{Create, Database};
pub use driver_error::{DatabaseMessage, DriverError, InnerQuery};
pub use engine::{Declared, InDoubt, LedgerChange, Mending, Walked};
pub use error::{Error, Phase, StatementError, StepError, Tried};
pub use event::{Applied, Event, Report};
pub use introspect::SchemaReader;
pub use ledger::{AppliedRevision, EventRecord, State};
pub use migrate_core::{
    Cascade, Dialect, Direction, Graph, LedgerNames, Limits, Plan, SessionSettings, Target,
};
#[cfg(feature = "models")]
pub use migrate_macros::Table;
pub use migrate_macros::embed_migrations;
pub use migrate_schema as schema;
pub use migrations::Migrations;
pub use notice::Severity;
pub use runner::Runner;
pub use script::Script;
pub use status::{ChainState, Edit, Status};
#[doc(hidden)]
pub use stop::Stop;
#[cfg(feature = "models")]
pub use table::Table;
pub use url::DatabaseUrl;

/// What `embed_migrations!` expands to.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow::Borrowed;

    pub use migrate_core::{Dialect, Hash, LedgerNames, SessionSettings};

    pub use crate::Migrations;
}
