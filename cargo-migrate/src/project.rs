//! The files of a project: its package, configuration, chain and git history, and the edits made to them.

pub(crate) mod context;
pub(crate) mod dotenv;
pub(crate) mod drafts;
pub(crate) mod edits;
pub(crate) mod git;
pub(crate) mod new_revision;
pub(crate) mod next_run;
pub(crate) mod package;
pub(crate) mod published;
pub(crate) mod range;
pub(crate) mod rebuild;
pub(crate) mod sealed_text;
pub(crate) mod write;
