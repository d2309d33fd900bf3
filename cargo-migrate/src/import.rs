//! The migrations of another tool as revisions.
//! Each reader turns the tool's files into a [`History`], without a database and without running
//! anything. [`chain::Imported`] turns it into revision files, which are checked as `check` does
//! before anything is written.

pub(crate) mod alembic;
pub(crate) mod applied;
mod cascades;
pub(crate) mod chain;
mod config_edits;
mod dbmate;
mod diesel;
pub(crate) mod flyway;
pub(crate) mod folders;
mod golang_migrate;
mod goose;
pub(crate) mod guess;
mod linear;
mod names;
mod python;
pub(crate) mod recording;
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

impl History {
    /// Adds versions of the database that are in no file as drafts, each at its place.
    pub(crate) fn add_code(&mut self, tool: Tool, table: &str, code: Vec<(String, String)>) {
        for (version, message) in code {
            let place = Place {
                file: table.to_owned(),
                line: 0,
            };
            let why = format!(
                "`{version}` is applied and in no file: write what it did as SQL, or `SELECT 1;`"
            );
            let migration = Migration {
                parents: Vec::new(),
                depends_on: Vec::new(),
                labels: Vec::new(),
                message,
                created: linear::created(&version),
                up: MigrationBody::Left {
                    why,
                    text: String::new(),
                    place: place.clone(),
                },
                down: MigrationBody::Irreversible("it was in no file".to_owned()),
                place,
                version,
            };
            linear::insert(&mut self.revisions, migration, tool.order());
        }
    }
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
            Self::Flyway => &["sql", "java", "kt", "conf", "toml"],
        }
    }

    /// Returns whether its migrations may be code that is in no file of its folder.
    pub(crate) const fn has_code(self) -> bool {
        match self {
            Self::Refinery | Self::Diesel | Self::Goose | Self::Flyway => true,
            Self::Alembic | Self::Sqlx | Self::Dbmate | Self::GolangMigrate => false,
        }
    }

    /// Returns the order of a tool whose history is linear.
    const fn order(self) -> Order {
        match self {
            Self::Diesel => Order::Versions,
            Self::Dbmate => Order::FileNames,
            Self::Alembic
            | Self::Sqlx
            | Self::Refinery
            | Self::Goose
            | Self::GolangMigrate
            | Self::Flyway => Order::Numbers,
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
            _ => self.order().same(one, other),
        }
    }
}
