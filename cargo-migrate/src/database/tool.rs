//! Other migration tools, and the tables in which they record what they have applied.

use clap::ValueEnum;

/// A tool whose migrations can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Alembic, of Python's SQLAlchemy
    Alembic,
    /// sqlx-cli and `sqlx::migrate!`
    Sqlx,
    /// refinery
    Refinery,
    /// diesel
    Diesel,
    /// dbmate
    Dbmate,
    /// goose
    Goose,
    /// golang-migrate
    GolangMigrate,
    /// Flyway
    Flyway,
}

/// The tables, besides those of [`Tool`], in which tools keep what they have applied.
pub(crate) const OTHER_VERSION_TABLES: [&str; 10] = [
    "__EFMigrationsHistory",
    "_prisma_migrations",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "DATABASECHANGELOG",
    "DATABASECHANGELOGLOCK",
    "django_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "seaql_migrations",
];

impl Tool {
    /// Returns the name that is typed.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Alembic => "alembic",
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
            Self::Diesel => "diesel",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "flyway",
        }
    }

    /// Returns the name as people write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Alembic => "Alembic",
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
            Self::Diesel => "diesel",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "Flyway",
        }
    }

    /// Returns the default name of the version table.
    pub(crate) const fn version_table(self) -> &'static str {
        match self {
            Self::Alembic => "alembic_version",
            Self::Sqlx => "_sqlx_migrations",
            Self::Refinery => "refinery_schema_history",
            Self::Diesel => "__diesel_schema_migrations",
            Self::Dbmate | Self::GolangMigrate => "schema_migrations",
            Self::Goose => "goose_db_version",
            Self::Flyway => "flyway_schema_history",
        }
    }
}
