//! Names of database objects.

use std::fmt;

use crate::Dialect;

/// The name of an object, with the named schema it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", from = "String")
)]
pub struct Name {
    /// The named schema; `None` stands for the one that the connection uses by itself.
    pub schema: Option<String>,
    /// The name within it.
    pub name: String,
}

impl Name {
    /// A name in the schema that the connection uses by itself.
    #[must_use]
    pub fn plain(name: impl Into<String>) -> Self {
        Self {
            schema: None,
            name: name.into(),
        }
    }

    /// Writes it as an identifier of a dialect.
    ///
    /// ```
    /// use migrate_sql::{Dialect, Name};
    ///
    /// assert_eq!(Name::from("billing.invoices").quoted(Dialect::Postgres), "\"billing\".\"invoices\"");
    /// ```
    #[must_use]
    pub fn quoted(&self, dialect: Dialect) -> String {
        let name = dialect.quote(&self.name);
        match &self.schema {
            None => name,
            Some(schema) => format!("{}.{name}", dialect.quote(schema)),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What could be read otherwise stands in quotes.
        let part = |part: &str| match part.is_empty() || part.contains(['.', '"', '(']) {
            true => Dialect::Postgres.quote(part),
            false => part.to_owned(),
        };
        match &self.schema {
            None => f.write_str(&part(&self.name)),
            Some(schema) => write!(f, "{}.{}", part(schema), part(&self.name)),
        }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.to_string()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        let mut signs = text.chars().peekable();
        while let Some(sign) = signs.next() {
            let part = parts.last_mut().expect("it begins with one");
            match sign {
                '"' if quoted && signs.next_if_eq(&'"').is_some() => part.push('"'),
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                sign => part.push(sign),
            }
        }
        let name = parts.pop().unwrap_or_default();
        Self {
            schema: (!parts.is_empty()).then(|| parts.join(".")),
            name,
        }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}
