//! The migrations of another tool as revisions.
//! Each reader turns the tool's files into a [`History`], without a database and without running
//! anything. [`chain::Imported`] turns it into revision files, which are checked as `check` does
//! before anything is written.

pub(crate) mod alembic;
pub(crate) mod applied;
pub(crate) mod chain;
mod config_edits;
mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod linear;
mod names;
mod python;
mod refinery;
mod section;
pub(crate) mod source;
mod sqlx;
mod transactions;
mod version_table;
pub(crate) mod write;

use chain::Form;
pub(crate) use names::Names;
pub(crate) use section::MigrationBody;
pub(crate) use source::{Place, Sources};

use self::linear::Order;
pub(crate) use crate::database::tool::Tool;
use crate::output::error::CommandError;

/// The contents of another tool's folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// In the tool's own order: parents first.
    pub(crate) revisions: Vec<Migration>,
    /// What was found and is not in `revisions`, or is changed there.
    pub(crate) notes: Vec<Note>,
}

/// One migration of another tool.
#[derive(Clone, Debug)]
pub(crate) struct Migration {
    /// The tool's own name for it, as in its version table.
    pub(crate) version: String,
    pub(crate) parents: Vec<String>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) message: String,
    /// RFC 3339 in UTC; empty if unknown.
    pub(crate) created: String,
    pub(crate) up: MigrationBody,
    pub(crate) down: MigrationBody,
    pub(crate) place: Place,
}

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) kind: NoteKind,
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// How much of it is in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoteKind {
    /// It is not in the chain, or not completely.
    Left,
    /// It is, in another form.
    Changed,
}

impl Note {
    pub(crate) fn left(place: &Place, text: impl Into<String>) -> Self {
        Self {
            kind: NoteKind::Left,
            place: place.clone(),
            text: text.into(),
        }
    }

    pub(crate) fn changed(place: &Place, text: impl Into<String>) -> Self {
        Self {
            kind: NoteKind::Changed,
            place: place.clone(),
            text: text.into(),
        }
    }
}

impl Tool {
    /// Returns the default folders of the tool, the likeliest first.
    pub(crate) const fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Alembic => &["."],
            Self::Sqlx | Self::Refinery | Self::Diesel | Self::Goose => &["migrations"],
            Self::Dbmate => &["db/migrations", "migrations"],
            Self::GolangMigrate => &["migrations", "db/migrations"],
            Self::Flyway => &[
                "sql",
                "src/main/resources/db/migration",
                "db/migration",
                "migrations",
            ],
        }
    }

    /// Returns the endings of the files that it reads, and of those that are migrations in another
    /// language than SQL.
    pub(crate) const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Alembic => &["py", "ini", "toml"],
            Self::Sqlx | Self::Dbmate | Self::GolangMigrate => &["sql"],
            Self::Refinery => &["sql", "rs"],
            Self::Diesel => &["sql", "toml"],
            Self::Goose => &["sql", "go"],
            Self::Flyway => &["sql", "java", "conf", "toml"],
        }
    }

    /// Reads a folder of this tool; Alembic's SQL is not in its folder, see [`alembic`].
    pub(crate) fn read(self, sources: &Sources) -> Result<History, CommandError> {
        match self {
            Self::Alembic => alembic::graph(sources),
            Self::Sqlx => sqlx::read(sources),
            Self::Refinery => refinery::read(sources),
            Self::Diesel => diesel::read(sources),
            Self::Dbmate => dbmate::read(sources),
            Self::Goose => goose::read(sources),
            Self::GolangMigrate => golang_migrate::read(sources),
            Self::Flyway => flyway::read(sources),
        }
    }

    /// Returns true if both texts name the same migration: for most, `0001` of a file is 1 in a
    /// table.
    pub(crate) fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Alembic => one == other,
            Self::Diesel => Order::Versions.same(one, other),
            Self::Dbmate => Order::FileNames.same(one, other),
            Self::Sqlx | Self::Refinery | Self::Goose | Self::GolangMigrate | Self::Flyway => {
                Order::Numbers.same(one, other)
            }
        }
    }
}
