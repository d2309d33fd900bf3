//! Repairs the header of one file: misspelled keys, unreadable values, conflict markers. All other
//! bytes are kept.

use std::collections::BTreeSet;
use std::ops::Range;

use super::values::{self, List};
use super::{conflict, names};
use migrate_core::__support::{KEYS, key_and_value, near_key, newline, section_words};
use migrate_core::{Code, RevisionId};

/// A repaired header.
pub(super) struct Header {
    pub(super) text: String,
    /// The repairs, each with the problem it fixes.
    pub(super) done: Vec<(Code, String)>,
    /// Set if its parents named a place, such as `head`, instead of a revision.
    pub(super) wants_parent: bool,
}

/// The facts known from outside the file.
pub(super) struct Known<'a> {
    /// The template for the names of files.
    pub(super) template: &'a str,
    /// Ids that chain.lock or a parent names and that no file has.
    pub(super) missing: &'a BTreeSet<String>,
}

/// A line that looks like a header line.
struct Line {
    key: Range<usize>,
    /// The range without the surrounding white space.
    value: Range<usize>,
    /// The range with the line end.
    whole: Range<usize>,
}

/// The header lines of a file.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    /// The first line that is neither header nor comment.
    stray: Option<usize>,
    has_up: bool,
}

impl Lines {
    fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut start = beginning(text);
        let mut in_header = true;
        for whole in text[start..].split_inclusive('\n') {
            let at = start;
            start += whole.len();
            let content = whole.trim_end();
            if let Some(words) = section_words(content) {
                in_header = false;
                read.has_up |= words.split_ascii_whitespace().next() == Some("up");
            }
            if !in_header {
                continue;
            }
            let Some(comment) = content.strip_prefix("--") else {
                if !content.trim().is_empty() {
                    read.stray.get_or_insert(at);
                    in_header = false;
                    // The text that follows may still have the sections.
                }
                continue;
            };
            let Some((key, value)) = key_and_value(comment.trim()) else {
                continue;
            };
            let from = at + content.find(key).unwrap_or_default();
            let value = value.trim();
            let end = at + content.len();
            read.lines.push(Line {
                key: from..from + key.len(),
                value: end - value.len()..end,
                whole: at..start,
            });
        }
        read
    }
}

/// Returns where the text begins, after a byte order mark.
fn beginning(text: &str) -> usize {
    usize::from(text.starts_with('\u{feff}')) * 3
}

/// Repairs a file's header; returns `None` if there is nothing to repair, or if the revision of the
/// file cannot be found out.
pub(super) fn repair(name: &str, text: &str, known: &Known<'_>) -> Option<Header> {
    let mut header = Header {
        text: text.to_owned(),
        done: Vec::new(),
        wants_parent: false,
    };
    if let Some(resolved) = conflict::parents(&header.text) {
        header.did(
            resolved,
            Code::ConflictMarkers,
            "both sides of the git merge name a parent: it follows both",
        );
    }
    header.unknown_keys();
    header.duplicate_keys();
    header.invalid_values(name, known);
    header.add_revision(name, known);
    header.add_up();
    let is_named = {
        let lines = Lines::read(&header.text);
        lines.lines.iter().any(|line| {
            &header.text[line.key.clone()] == "revision"
                && RevisionId::check(&header.text[line.value.clone()]).is_ok()
        })
    };
    (is_named && !header.done.is_empty()).then_some(header)
}

impl Header {
    fn did(&mut self, text: String, code: Code, why: impl Into<String>) {
        self.text = text;
        self.done.push((code, why.into()));
    }

    fn replaced(&self, range: Range<usize>, with: &str) -> String {
        format!(
            "{}{with}{}",
            &self.text[..range.start],
            &self.text[range.end..]
        )
    }

    /// Repairs unknown keys.
    fn unknown_keys(&mut self) {
        loop {
            let lines = Lines::read(&self.text).lines;
            let key = |line: &Line| self.text[line.key.clone()].to_owned();
            let has = |wanted: &str| lines.iter().any(|line| key(line) == wanted);
            let unknown = lines
                .iter()
                .find(|line| !KEYS.contains(&key(line).as_str()));
            let Some(line) = unknown else {
                return;
            };
            let written = key(line);
            let value = &self.text[line.value.clone()];
            let lower = written.to_lowercase().replace('_', "-");
            let near = match KEYS.into_iter().find(|known| *known == lower) {
                Some(known) => Some(known),
                None => near_key(&written),
            };
            let is_section = matches!(
                value.split_ascii_whitespace().next(),
                Some("up" | "down" | "irreversible")
            );
            let near = near.filter(|near| match *near {
                "migrate" => is_section,
                // Two of these are joined to one list; the others occur once.
                "parents" | "depends-on" | "labels" => true,
                near => !has(near),
            });
            match near {
                Some(near) => {
                    let text = self.replaced(line.key.clone(), near);
                    self.did(
                        text,
                        Code::UnknownHeader,
                        format!("`{written}` is misspelled: it is now `{near}`"),
                    );
                }
                None => {
                    let text = self.replaced(line.key.start..line.key.start, "# ");
                    self.did(
                        text,
                        Code::UnknownHeader,
                        format!("`{written}` is not a header key: the line is kept as a comment"),
                    );
                }
            }
        }
    }

    /// Repairs duplicate keys.
    fn duplicate_keys(&mut self) {
        loop {
            let lines = Lines::read(&self.text).lines;
            let key = |line: &Line| &self.text[line.key.clone()];
            let value = |line: &Line| &self.text[line.value.clone()];
            let pair = lines.iter().enumerate().find_map(|(at, second)| {
                let first = lines[..at].iter().find(|first| key(first) == key(second))?;
                // It cannot be known which id is right.
                let is_clear = key(second) != "revision" || value(first) == value(second);
                is_clear.then_some((first, second))
            });
            let Some((first, second)) = pair else {
                return;
            };
            let name = key(second).to_owned();
            if value(first) == value(second) {
                let text = self.replaced(second.whole.clone(), "");
                self.did(
                    text,
                    Code::MalformedHeader,
                    format!("`{name}` was given twice with the same value"),
                );
                continue;
            }
            if !matches!(name.as_str(), "parents" | "depends-on" | "labels") {
                let text = self.replaced(second.key.start..second.key.start, "# ");
                self.did(
                    text,
                    Code::MalformedHeader,
                    format!("`{name}` was given twice: the first is used, the second is kept as a comment"),
                );
                continue;
            }
            let mut words = List::read(value(first)).words;
            for word in List::read(value(second)).words {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            if words.len() > 1 {
                words.retain(|word| word != "none");
            }
            let joined = words.join(", ");
            let without = self.replaced(second.whole.clone(), "");
            let text = format!(
                "{} {joined}{}",
                without[..first.key.end + 1].trim_end(),
                &without[first.value.end..]
            );
            self.did(
                text,
                Code::MalformedHeader,
                format!("`{name}` was given twice: both lines are joined"),
            );
        }
    }

    /// Repairs values that cannot be read.
    fn invalid_values(&mut self, name: &str, known: &Known<'_>) {
        for key in KEYS {
            let lines = Lines::read(&self.text).lines;
            let Some(line) = lines
                .iter()
                .find(|line| &self.text[line.key.clone()] == key)
            else {
                continue;
            };
            let value = self.text[line.value.clone()].to_owned();
            let written = line.key.end + 1..line.value.end;
            match key {
                "parents" | "depends-on" | "labels" => {
                    let list = List::read(&value);
                    if list.place && key == "depends-on" {
                        // Only the user knows what has to run before.
                        continue;
                    }
                    self.wants_parent |= list.place && key == "parents";
                    let as_read: Vec<&str> = value.split(',').map(str::trim).collect();
                    let is_fine = value.is_empty() || as_read == list.words;
                    if is_fine
                        || list
                            .words
                            .iter()
                            .any(|word| RevisionId::check(word).is_err())
                    {
                        continue;
                    }
                    let mut joined = list.words.join(", ");
                    if joined.is_empty() && key == "parents" {
                        "none".clone_into(&mut joined);
                    }
                    let code = match as_read.iter().all(|word| RevisionId::check(word).is_ok()) {
                        true => Code::MalformedHeader,
                        false => Code::InvalidRevisionId,
                    };
                    let text = self.replaced(written, format!(" {joined}").trim_end());
                    self.did(
                        text,
                        code,
                        format!("`{key}` is now a list of distinct ids, separated by commas"),
                    );
                }
                "created" if !migrate_core::__support::is_timestamp(&value) => {
                    let time = values::time(&value)
                        .or_else(|| names::stamp(name).map(|stamp| names::created(&stamp)));
                    match time {
                        Some(time) => {
                            let text = self.replaced(written, &format!(" {time}"));
                            self.did(
                                text,
                                Code::MalformedHeader,
                                "the time is now in the accepted form",
                            );
                        }
                        None => {
                            let text = self.replaced(line.key.start..line.key.start, "# ");
                            self.did(
                                text,
                                Code::MalformedHeader,
                                "invalid time: the line is kept as a comment",
                            );
                        }
                    }
                }
                "revision" if RevisionId::check(&value).is_err() => {
                    let by_name = || {
                        names::revision(name, known.template, known.missing)
                            .map(|id| id.to_string())
                    };
                    let id = match values::bare(&value) {
                        "" => by_name(),
                        word => values::as_id(word).or_else(by_name),
                    };
                    if let Some(id) = id {
                        let text = self.replaced(written, &format!(" {id}"));
                        self.did(
                            text,
                            Code::InvalidRevisionId,
                            format!("`{id}` is the nearest valid id; references to it are updated"),
                        );
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds the id to a file that does not name its revision but has a name that does.
    fn add_revision(&mut self, name: &str, known: &Known<'_>) {
        let lines = Lines::read(&self.text).lines;
        if lines
            .iter()
            .any(|line| &self.text[line.key.clone()] == "revision")
            || self.text.trim().is_empty()
        {
            return;
        }
        if let Some(id) = names::revision(name, known.template, known.missing) {
            let at = beginning(&self.text);
            let text = self.replaced(at..at, &format!("-- revision: {id}{}", newline(&self.text)));
            self.did(
                text,
                Code::MissingRevision,
                "the id is taken from the file's name",
            );
        }
    }

    /// Adds the section line before SQL outside any section.
    fn add_up(&mut self) {
        let lines = Lines::read(&self.text);
        if let Some(stray) = lines.stray.filter(|_| !lines.has_up) {
            let text = self.replaced(
                stray..stray,
                &format!("-- migrate: up{}", newline(&self.text)),
            );
            self.did(
                text,
                Code::MalformedHeader,
                "the SQL outside any section is now the `up`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(name: &str, text: &str) -> String {
        let known = Known {
            template: "{created}_{id}_{slug}",
            missing: &BTreeSet::new(),
        };
        match repair(name, text, &known) {
            Some(header) => {
                let again = repair(name, &header.text, &known);
                assert!(again.is_none(), "{:?}", again.map(|header| header.done));
                header.text
            }
            None => "-".to_owned(),
        }
    }

    #[test]
    fn only_what_is_wrong_changes() {
        assert_eq!(
            repaired(
                "a.sql",
                "-- revision: a\n-- parents: none\n-- migrate: up\nSELECT 1;\n"
            ),
            "-"
        );
        assert_eq!(
            repaired(
                "a.sql",
                "\u{feff}-- revison: a\r\n-- Parents: b, c\r\n-- note: x\r\n-- migrate: up\r\n-- nope: y\r\n"
            ),
            "\u{feff}-- revision: a\r\n-- parents: b, c\r\n-- # note: x\r\n-- migrate: up\r\n-- nope: y\r\n"
        );
        assert_eq!(
            repaired("a.sql", "-- revision: a\n-- down_revision: 'b'\n"),
            "-- revision: a\n-- parents: b\n"
        );
        assert_eq!(
            repaired("a.sql", "-- revision: a\n-- migrat: up\nSELECT 1;\n"),
            "-- revision: a\n-- migrate: up\nSELECT 1;\n"
        );
        assert_eq!(
            repaired("a.sql", "-- revision: \"add-a\"\n-- parents: b-c,  d\n"),
            "-- revision: add_a\n-- parents: b_c, d\n"
        );
    }

    #[test]
    fn what_is_given_twice_is_given_once() {
        assert_eq!(
            repaired(
                "a.sql",
                "-- revision: a\n-- parents: b\n-- parents: c\n-- revision: a\n-- message: x\n-- message: y\n"
            ),
            "-- revision: a\n-- parents: b, c\n-- message: x\n-- # message: y\n"
        );
        assert_eq!(repaired("a.sql", "-- revision: a\n-- revision: b\n"), "-");
    }

    #[test]
    fn a_file_without_a_name_gets_the_one_of_its_file() {
        assert_eq!(
            repaired(
                "20261120T143205_9f3c1a2b77de_x.sql",
                "\u{feff}CREATE TABLE a (id INT);\r\n"
            ),
            "\u{feff}-- revision: 9f3c1a2b77de\r\n-- migrate: up\r\nCREATE TABLE a (id INT);\r\n"
        );
        // It may be anything.
        assert_eq!(repaired("dump.sql", "CREATE TABLE a (id INT);\n"), "-");
        assert_eq!(repaired("20261120T143205_9f3c1a2b77de_x.sql", ""), "-");
    }

    #[test]
    fn a_time_that_cannot_be_read() {
        assert_eq!(
            repaired("a.sql", "-- revision: a\n-- created: 2026-11-20 14:32\n"),
            "-- revision: a\n-- created: 2026-11-20T14:32:00Z\n"
        );
        assert_eq!(
            repaired("a.sql", "-- revision: a\n-- created: now\n"),
            "-- revision: a\n-- # created: now\n"
        );
        assert_eq!(
            repaired("20261120_a.sql", "-- revision: a\n-- created: now\n"),
            "-- revision: a\n-- created: 2026-11-20T00:00:00Z\n"
        );
    }
}
