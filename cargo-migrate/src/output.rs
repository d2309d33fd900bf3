//! What is written to the terminal: answers, drawings, progress and errors.

pub(crate) mod error;
pub(crate) mod graph_diagram;
pub(crate) mod graphlog;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod named_codes;
pub(crate) mod next_command;
pub(crate) mod progress;
pub(crate) mod redacted;
pub(crate) mod schema_diagram;
pub(crate) mod schema_listing;
pub(crate) mod ui;
