//! Settings of the database session in which a revision runs.

use std::borrow::Cow;

/// Session settings: `[session]` of migrate.toml, and the same keys of an environment.
///
/// Settings that are `None` keep the server's default, as its command-line client does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSettings {
    /// The `sql_mode` of MySQL and MariaDB; after a `+`, modes that are added to the server's own.
    /// [`KEEP`](Self::KEEP) leaves it unchanged.
    pub sql_mode: Option<Cow<'static, str>>,
    /// The time zone of MySQL, MariaDB and PostgreSQL, in the database's own spelling: `+00:00`,
    /// `SYSTEM` or `Europe/Vienna`. SQLite has none.
    pub time_zone: Option<Cow<'static, str>>,
}

impl SessionSettings {
    /// Sets nothing.
    pub const NONE: Self = Self {
        sql_mode: None,
        time_zone: None,
    };

    /// The value for servers that refuse to set `sql_mode`, as Vitess and PlanetScale may: the
    /// driver's initial mode is kept.
    pub const KEEP: &'static str = "keep";

    /// The keys in migrate.toml.
    pub(crate) const NAMES: [&str; 2] = ["sql-mode", "time-zone"];

    /// Returns these settings, with those of `other` for the ones that are not set.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            sql_mode: self.sql_mode.or_else(|| other.sql_mode.clone()),
            time_zone: self.time_zone.or_else(|| other.time_zone.clone()),
        }
    }

    /// Returns the setting with this name.
    pub(crate) fn named(&mut self, name: &str) -> Option<&mut Option<Cow<'static, str>>> {
        match name {
            "sql-mode" => Some(&mut self.sql_mode),
            "time-zone" => Some(&mut self.time_zone),
            _ => None,
        }
    }
}
