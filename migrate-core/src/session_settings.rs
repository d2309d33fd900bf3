//! What a session of the database is set to before a revision runs in it.

use std::borrow::Cow;

/// How the database reads a revision: `[session]` of migrate.toml, and the same keys of an
/// environment.
///
/// Where nothing is said, a session is the server's own, as its command-line client begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSettings {
    /// MySQL's and MariaDB's `sql_mode`; behind a `+`, modes that are added to the server's own.
    /// [`KEEP`](Self::KEEP) sets none at all.
    pub sql_mode: Option<Cow<'static, str>>,
    /// The time zone of MySQL, MariaDB and PostgreSQL, in the database's own spelling: `+00:00`,
    /// `SYSTEM` or `Europe/Vienna`. SQLite has none.
    pub time_zone: Option<Cow<'static, str>>,
}

impl SessionSettings {
    /// Says nothing.
    pub const NONE: Self = Self {
        sql_mode: None,
        time_zone: None,
    };

    /// The `sql_mode` for servers that refuse to have it set, as Vitess and PlanetScale may: what
    /// the driver begins with is kept.
    pub const KEEP: &'static str = "keep";

    /// The keys in migrate.toml.
    pub(crate) const NAMES: [&str; 2] = ["sql-mode", "time-zone"];

    /// Returns what is said here, and of the rest what `other` says.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            sql_mode: self.sql_mode.or_else(|| other.sql_mode.clone()),
            time_zone: self.time_zone.or_else(|| other.time_zone.clone()),
        }
    }

    /// The setting of this name.
    pub(crate) fn named(&mut self, name: &str) -> Option<&mut Option<Cow<'static, str>>> {
        match name {
            "sql-mode" => Some(&mut self.sql_mode),
            "time-zone" => Some(&mut self.time_zone),
            _ => None,
        }
    }
}
