//! The rows of a catalogue, field by field.

use std::str::FromStr;

use crate::backend::Row;
use crate::error::Error;
use crate::introspect::unreadable;

/// A row that is read from left to right.
pub(super) struct Record {
    fields: std::vec::IntoIter<Option<String>>,
}

impl From<Row> for Record {
    fn from(row: Row) -> Self {
        Self {
            fields: row.into_iter(),
        }
    }
}

impl Record {
    /// The next field; NULL and the empty text are `None`.
    pub(super) fn option(&mut self) -> Option<String> {
        self.fields.next()?.filter(|text| !text.is_empty())
    }

    /// The next field, in which an empty text is a text.
    pub(super) fn nullable(&mut self) -> Option<String> {
        self.fields.next()?
    }

    /// The next field; NULL is empty.
    pub(super) fn text(&mut self) -> String {
        self.fields.next().flatten().unwrap_or_default()
    }

    /// The next field as each database writes what is true.
    pub(super) fn flag(&mut self) -> bool {
        matches!(
            self.fields.next().flatten().as_deref(),
            Some("t" | "true" | "1" | "YES")
        )
    }

    /// The next field as a number.
    pub(super) fn number<T: FromStr>(&mut self) -> Result<T, Error> {
        let text = self.text();
        text.parse().map_err(|_| unreadable(text))
    }
}
