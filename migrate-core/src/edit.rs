//! Edits of a revision file that keep every other byte.

use crate::{Revision, RevisionId, file};

impl Revision {
    /// Returns the file's text with other parents; comments and SQL are kept. Its lines end with
    /// LF, as in all texts of revisions.
    ///
    /// ```
    /// use migrate_core::{Dialects, Revision};
    ///
    /// let text = "-- revision: c\n-- parents: a\n\n-- migrate: up\nSELECT 1; -- as it was\n";
    /// let revision = Revision::parse("c.sql", text, Dialects::ALL).expect("it is sound");
    /// assert_eq!(
    ///     revision.with_parents(&["b".parse()?]),
    ///     "-- revision: c\n-- parents: b\n\n-- migrate: up\nSELECT 1; -- as it was\n",
    /// );
    /// # Ok::<(), migrate_core::InvalidRevisionId>(())
    /// ```
    #[must_use]
    pub fn with_parents(&self, parents: &[RevisionId]) -> String {
        let ids: Vec<_> = parents.iter().map(RevisionId::as_str).collect();
        let value = match ids.is_empty() {
            true => "none".to_owned(),
            false => ids.join(", "),
        };
        with_value(&self.text, "parents", &value)
    }
}

/// Returns the labels in the header of a revision's text.
pub fn labels(text: &str) -> Vec<String> {
    let labels = file::parse("", text, &mut Vec::new()).labels;
    labels.into_iter().map(|label| label.value).collect()
}

/// Returns a file's text with another value of a header line. If the line does not exist, it is
/// added after the `-- revision:` line.
pub fn with_value(text: &str, key: &str, value: &str) -> String {
    let value = match value {
        "" => String::new(),
        value => format!(" {value}"),
    };
    let keys = file::parse("", text, &mut Vec::new()).keys;
    let end_of = |name: &str| {
        let (_, key) = keys.iter().find(|(key, _)| *key == name)?;
        let line = text[key.end..].find('\n').unwrap_or(text.len() - key.end);
        Some((key.end, key.end + text[key.end..][..line].trim_end().len()))
    };
    if let Some((start, end)) = end_of(key) {
        return format!("{}:{value}{}", &text[..start], &text[end..]);
    }
    // A file with an id has this line.
    let end = end_of("revision").map_or(0, |(_, end)| end);
    let newline = match text[end..].starts_with('\r') {
        true => "\r\n",
        false => "\n",
    };
    format!("{}{newline}-- {key}:{value}{}", &text[..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use crate::{Dialects, Revision, RevisionId};

    fn edited(text: &str, parents: &[&str]) -> String {
        let revision = Revision::parse("c.sql", text, Dialects::ALL).expect("it is sound");
        let parents: Vec<RevisionId> = parents.iter().map(|id| id.parse().unwrap()).collect();
        let edited = revision.with_parents(&parents);
        let read = Revision::parse("c.sql", &edited, Dialects::ALL).expect("it stays sound");
        assert_eq!(*read.parents, parents);
        edited
    }

    #[test]
    fn one_line_changes() {
        let text = |line: &str| {
            format!(
                "\u{feff}-- a note\n-- revision: c\n{line}\n-- # parents: no\n-- migrate: up\nSELECT '-- parents: x';\n"
            )
        };
        assert_eq!(
            edited(&text("--   parents: a, b  "), &["d"]),
            text("--   parents: d  ")
        );
        assert_eq!(
            edited(&text("-- parents:"), &["d", "e"]),
            text("-- parents: d, e")
        );
        assert_eq!(
            edited(&text("-- parents: a"), &[]),
            text("-- parents: none")
        );
    }

    #[test]
    fn a_line_is_added_where_there_is_none() {
        assert_eq!(
            edited("-- revision: c\r\n-- migrate: up\r\nSELECT 1;", &["d"]),
            "-- revision: c\n-- parents: d\n-- migrate: up\nSELECT 1;"
        );
        assert_eq!(
            edited("-- revision: c", &["d"]),
            "-- revision: c\n-- parents: d"
        );
    }
}
