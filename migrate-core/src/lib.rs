//! The revision chain of `cargo migrate`, without a database: files, graph, lock, diagnostics and
//! plans.
//!
//! A **revision** is an id, its **parents**, and SQL to go up and down. The revisions of a project
//! form a **chain**: a directed acyclic graph from its **bases** (no parent) to its **heads**
//! (nothing follows). A revision with several parents is a **merge**. What a database has applied
//! stands in its **ledger**.
//!
//! Data flows one way: a [`Folder`] is read, a [`Survey`] understands and judges it, and a
//! [`Chain`] is what has no error. From a chain and what a database has applied
//! follows a [`Plan`].
//! Everything here is pure: no clock, no process, no network, and one module that opens files.

#![forbid(unsafe_code)]

mod chain;
mod config;
mod diagnostic;
mod dialect;
mod edit;
#[doc(hidden)]
pub mod embedded;
mod file;
mod folder;
mod graph;
mod hash;
mod id;
mod invisible;
mod lanes;
mod limits;
mod line_ends;
mod lock;
#[cfg(feature = "models")]
pub mod models;
mod plan;
mod published;
mod rebase;
#[cfg(feature = "repair")]
mod repair;
#[cfg(feature = "schema")]
mod replay;
mod revision;
pub mod schema;
mod script;
mod session_settings;
mod shell;
pub mod sql;
mod survey;
mod target;
#[cfg(feature = "schema")]
mod trail;

pub use chain::Chain;
pub use config::{Config, Env, HeadsRule, LedgerNames, Level, Rules};
#[doc(hidden)]
pub use diagnostic::nearest;
pub use diagnostic::{Code, Diagnostic, Label, Place, Severity, Style};
pub use dialect::{Dialect, Dialects, UnknownDialect};
pub use file::NewRevision;
pub use folder::{File, Folder};
pub use graph::{Graph, Problem, Set};
pub use hash::{Hash, InvalidHash};
pub use id::{InvalidRevisionId, RevisionId};
pub use invisible::{invisible, name_invisible};
pub use lanes::{Lane, lanes};
pub use limits::{Limits, parse_duration};
pub use line_ends::with_lf;
pub use lock::{ChainLock, Entry, LockState};
pub use plan::{Cascade, Plan, Stamp};
pub use published::Published;
pub use rebase::{Rebase, RebaseError};
#[cfg(feature = "repair")]
pub use repair::{HeadsMend, Mended, Repair, RepairOptions};
#[cfg(feature = "schema")]
pub use replay::{Border, NeededRole, NotReplayed, OtherDatabase, Others, Replay};
pub use revision::{Direction, Revision, Script, Section, Statement};
pub use session_settings::SessionSettings;
pub use shell::shell_word;
pub use survey::Survey;
pub use target::{Anchor, Target, TargetError};
#[cfg(feature = "schema")]
pub use trail::{Nearest, Stop, Trail};
