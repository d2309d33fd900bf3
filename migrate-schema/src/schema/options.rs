//! Options of objects that have no field of their own.

use std::collections::BTreeMap;
use std::fmt;

/// Options without a field of their own, by their SQL keyword (`ENGINE`, `WITHOUT ROWID`).
///
/// ```
/// use migrate_schema::Options;
///
/// let mut options = Options::default();
/// options.insert("ENGINE", "InnoDB");
/// options.set("WITH SYSTEM VERSIONING");
/// assert!(options.has("ENGINE"));
/// assert_eq!(options.value("ENGINE"), Some("InnoDB"));
/// assert_eq!(options.words().collect::<Vec<_>>(), ["ENGINE InnoDB", "WITH SYSTEM VERSIONING"]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Options(BTreeMap<String, OptionValue>);

/// The value of an option.
///
/// In JSON, a bare keyword has an empty string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", from = "String")
)]
pub enum OptionValue {
    /// The option is a bare keyword: `STRICT`.
    Set,
    /// The option has a value: `ENGINE=InnoDB`.
    Value(String),
}

impl Options {
    /// Creates options with none set.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets an option that is a bare keyword.
    pub fn set(&mut self, keyword: impl Into<String>) {
        self.0.insert(keyword.into(), OptionValue::Set);
    }

    /// Gives an option a value.
    pub fn insert(&mut self, keyword: impl Into<String>, value: impl Into<String>) {
        self.0
            .insert(keyword.into(), OptionValue::Value(value.into()));
    }

    /// Adds an option with what is known of its value.
    pub fn add(&mut self, keyword: impl Into<String>, value: OptionValue) {
        self.0.insert(keyword.into(), value);
    }

    /// Removes an option.
    pub fn remove(&mut self, keyword: &str) -> Option<OptionValue> {
        self.0.remove(keyword)
    }

    /// Removes all options.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns whether there are no options.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether an option is set, with or without a value.
    #[must_use]
    pub fn has(&self, keyword: &str) -> bool {
        self.0.contains_key(keyword)
    }

    /// Returns an option.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<&OptionValue> {
        self.0.get(keyword)
    }

    /// Returns the value of an option; `None` also if it is a bare keyword.
    #[must_use]
    pub fn value(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword)?.as_value()
    }

    /// Iterates over the options by their keywords.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.0
            .iter()
            .map(|(keyword, value)| (keyword.as_str(), value))
    }

    /// Iterates over the keywords.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Iterates over the options that have a value.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter_map(|(keyword, value)| Some((keyword, value.as_value()?)))
    }

    /// Iterates over the options as SQL writes most: `KEYWORD` or `KEYWORD value`.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.iter().map(|(keyword, value)| match value {
            OptionValue::Set => keyword.to_owned(),
            OptionValue::Value(value) => format!("{keyword} {value}"),
        })
    }
}

impl Extend<(String, OptionValue)> for Options {
    fn extend<I: IntoIterator<Item = (String, OptionValue)>>(&mut self, options: I) {
        self.0.extend(options);
    }
}

impl FromIterator<(String, OptionValue)> for Options {
    fn from_iter<I: IntoIterator<Item = (String, OptionValue)>>(options: I) -> Self {
        Self(options.into_iter().collect())
    }
}

impl IntoIterator for Options {
    type Item = (String, OptionValue);
    type IntoIter = std::collections::btree_map::IntoIter<String, OptionValue>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl OptionValue {
    /// Returns the value; `None` of a bare keyword.
    #[must_use]
    pub fn as_value(&self) -> Option<&str> {
        match self {
            Self::Set => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl From<OptionValue> for String {
    fn from(value: OptionValue) -> Self {
        match value {
            OptionValue::Set => Self::new(),
            OptionValue::Value(value) => value,
        }
    }
}

impl From<String> for OptionValue {
    fn from(text: String) -> Self {
        match text.is_empty() {
            true => Self::Set,
            false => Self::Value(text),
        }
    }
}
