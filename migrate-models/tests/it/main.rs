//! Models: from the sources of a package to the schema they describe.

mod attributes;
mod check;
mod fixtures;
mod hostile;
mod package;
mod schema;
mod sources;
mod types;
