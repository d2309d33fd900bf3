//! What is written to the terminal: answers, drawings, progress and errors.

pub(crate) mod error;
pub(crate) mod error_report;
pub(crate) mod failure;
pub(crate) mod graph_diagram;
pub(crate) mod graphlog;
pub(crate) mod json;
pub(crate) mod left_out;
pub(crate) mod listing;
pub(crate) mod named_codes;
pub(crate) mod next_command;
pub(crate) mod notice;
pub(crate) mod phrase;
pub(crate) mod progress;
pub(crate) mod redacted;
pub(crate) mod schema_diagram;
pub(crate) mod schema_listing;
pub(crate) mod style;
pub(crate) mod ui;
