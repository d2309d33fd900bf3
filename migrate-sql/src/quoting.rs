//! Names and texts as SQL writes them.

use crate::Dialect;

impl Dialect {
    /// Quotes `name` as an identifier, whatever characters it has.
    ///
    /// ```
    /// use migrate_sql::Dialect;
    ///
    /// assert_eq!(Dialect::Postgres.quote("odd \"name"), "\"odd \"\"name\"");
    /// assert_eq!(Dialect::MySql.quote("odd `name"), "`odd ``name`");
    /// ```
    #[must_use]
    pub fn quote(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::MySql => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// Quotes `text` as a string literal, as a server with its default settings reads it.
    ///
    /// ```
    /// use migrate_sql::Dialect;
    ///
    /// assert_eq!(Dialect::Sqlite.literal("it's \\n"), "'it''s \\n'");
    /// assert_eq!(Dialect::MySql.literal("it's \\n"), "'it''s \\\\n'");
    /// ```
    #[must_use]
    pub fn literal(self, text: &str) -> String {
        let text = text.replace('\'', "''");
        match self {
            Self::MySql => format!("'{}'", text.replace('\\', "\\\\")),
            Self::Sqlite | Self::Postgres => format!("'{text}'"),
        }
    }
}

/// Returns what stands in the quotes of a name or text; anything else stays as it is.
///
/// ```
/// use migrate_sql::unquoted;
///
/// assert_eq!(unquoted("\"odd \"\"name\""), "odd \"name");
/// assert_eq!(unquoted("[id]"), "id");
/// assert_eq!(unquoted("id"), "id");
/// ```
#[must_use]
pub fn unquoted(text: &str) -> String {
    let mut signs = text.chars();
    let (open, close) = (signs.next(), signs.next_back());
    let inner = signs.as_str();
    match (open, close) {
        (Some('['), Some(']')) => inner.to_owned(),
        (Some(quote @ ('"' | '`' | '\'')), Some(end)) if quote == end => {
            inner.replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        _ => text.to_owned(),
    }
}
