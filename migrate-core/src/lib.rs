//! The revision chain of `cargo migrate`, without a database: files, graph, lock, diagnostics and
//! plans.
//!
//! A **revision** is an id, its **parents**, and SQL to apply and to revert it. The revisions of a
//! project form a **chain**: a directed acyclic graph from its **bases** (no parent) to its
//! **heads** (nothing follows). A revision with several parents is a **merge**. The **ledger** of a
//! database records what it has applied.
//!
//! Data flows one way: a [`Folder`] is read, a [`Survey`] parses and checks it, and a [`Chain`] is
//! the result without errors. A [`Plan`] is computed from a chain and the applied revisions.
//! Everything here is pure: no clock, no process, no network, and only one module opens files.

#![forbid(unsafe_code)]

mod chain;
mod config;
mod dag;
mod diagnostic;
mod drawing;
mod edit;
#[doc(hidden)]
pub mod embedded;
mod file;
mod folder;
mod graph;
mod hash;
mod id;
mod invisible;
mod limits;
mod line_ends;
mod lock;
mod plan;
mod published;
mod rebase;
mod revision;
mod schema_lock;
mod script;
mod session_settings;
mod shell;
mod survey;
mod target;

pub use chain::{Chain, SoundGraph};
pub use config::{Config, Env, HeadsRule, LedgerNames, Level, Rules};
pub use diagnostic::{Code, Diagnostic, Label, Place, Severity};
pub use drawing::{Drawing, Style};
pub use file::NewRevision;
pub use folder::{File, Folder};
pub use graph::{Graph, Problem, Set};
pub use hash::{Hash, InvalidHash};
pub use id::{InvalidRevisionId, RevisionId};
pub use invisible::{invisible, name_invisible};
pub use limits::{Limits, parse_duration};
pub use line_ends::with_lf;
pub use lock::{ChainLock, Entry, LockState};
pub use migrate_sql::{Dialect, Dialects, Name, UnknownDialect};
pub use plan::{Cascade, Plan, Stamp};
pub use published::Published;
pub use rebase::{Rebase, RebaseError};
pub use revision::{Direction, Revision, Script, Section, Statement};
pub use schema_lock::{SchemaHead, SchemaLine, SchemaLines};
pub use session_settings::SessionSettings;
pub use shell::shell_word;
pub use survey::{Lead, Survey};
pub use target::{Anchor, Target, TargetError};

/// Items for the other crates of the workspace that are not part of the API.
#[doc(hidden)]
pub mod __support {
    pub use crate::dag::components;
    pub use crate::diagnostic::{MOST_PROBLEMS, nearest, suggestion};
    pub use crate::edit::{labels, with_value};
    pub use crate::file::{KEYS, is_timestamp, key_and_value, near_key, section_words};
    pub use crate::hash::Hasher;
    pub use crate::line_ends::newline;
    pub use crate::lock::{entry, is_conflict_marker};
    pub use crate::schema_lock::{plain_word, word};
}
