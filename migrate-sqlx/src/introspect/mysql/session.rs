//! The session that the server keeps with a view, a routine, a trigger or an event.

use migrate_core::Dialect;
use migrate_schema::with_session;
use migrate_sql::{Quoting, quoting_of};

use super::super::record::Record;

/// What was set when an object was created.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredSession {
    sql_mode: Option<String>,
    client: String,
    collation: String,
    /// The collation that the database had, which texts without one of their own have.
    pub(super) of_database: Option<String>,
    /// An event's alone.
    time_zone: Option<String>,
}

/// The modes in which the server writes statements in another way.
const OTHER_SPELLINGS: [&str; 5] = [
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
];

/// Returns the statements that let the present session read a schema, and that restore it; `None` if
/// it can as it is. SQL that ran before, such as a file's, may have set anything.
pub(super) fn readable(row: &mut Record) -> Option<(String, String)> {
    let literal = |text: &str| Dialect::MySql.literal(text);
    let (mode, client, collation) = (row.text(), row.text(), row.text());
    let results = row.option();
    let is_other = OTHER_SPELLINGS.iter().any(|word| mode.contains(word));
    let is_encoded = client != "utf8mb4" || results.as_deref() != Some("utf8mb4");
    (is_other || is_encoded).then(|| {
        let results = results.map_or_else(|| "NULL".to_owned(), |results| literal(&results));
        (
            "SET sql_mode = ''; SET NAMES utf8mb4".to_owned(),
            format!(
                "SET sql_mode = {}, character_set_client = {}, collation_connection = {}, character_set_results = {results}",
                literal(&mode),
                literal(&client),
                literal(&collation)
            ),
        )
    })
}

impl StoredSession {
    /// Reads what is kept with a view.
    pub(super) fn of_view(row: &mut Record) -> Self {
        Self {
            client: row.text(),
            collation: row.text(),
            ..Self::default()
        }
    }

    /// Reads what is kept with code.
    pub(super) fn of_code(row: &mut Record) -> Self {
        Self {
            sql_mode: Some(row.text()),
            client: row.text(),
            collation: row.text(),
            of_database: row.option(),
            time_zone: None,
        }
    }

    pub(super) fn in_time_zone(self, time_zone: String) -> Self {
        Self {
            time_zone: Some(time_zone),
            ..self
        }
    }

    /// Returns what quotes mean in it.
    pub(super) fn quoting(&self) -> Quoting {
        self.sql_mode.as_deref().map(quoting_of).unwrap_or_default()
    }

    /// Returns the variables to set for a text, with their values.
    ///
    /// The modes are always among them, as they are another server's or configuration's otherwise;
    /// the character sets where `own`, which every session of this driver has, does not serve.
    pub(super) fn settings(&self, text: &str, own: &Self) -> Vec<(&'static str, String)> {
        let literal = |text: &str| Dialect::MySql.literal(text);
        let mut settings = Vec::new();
        if let Some(mode) = &self.sql_mode {
            settings.push(("sql_mode", literal(mode)));
        }
        // It is only the encoding that the text came in, and a file has it in UTF-8.
        let is_readable = text.is_ascii() || self.client.starts_with("utf8");
        if self.client != own.client && is_readable && !self.client.is_empty() {
            settings.push(("character_set_client", literal(&self.client)));
        }
        if self.collation != own.collation && !self.collation.is_empty() {
            settings.push(("collation_connection", literal(&self.collation)));
        }
        if let Some(zone) = &self.time_zone {
            settings.push(("time_zone", literal(zone)));
        }
        settings
    }

    /// Puts the session before a statement.
    pub(super) fn of(&self, statement: &str, own: &Self) -> String {
        let settings = self.settings(statement, own);
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        with_session(&settings, statement)
    }
}
