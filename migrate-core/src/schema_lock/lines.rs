//! The lines of schema.lock, each with the section it is in.

use std::collections::BTreeSet;
use std::ops::Range;

use migrate_sql::{Dialect, Name};

use super::SchemaHead;
use crate::diagnostic::MOST_PROBLEMS;
use crate::lock::is_conflict_marker;
use crate::{Code, Diagnostic, Label};

const REWRITE: &str = "recreate it: `cargo migrate lock`";

/// A line of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaLine<'a> {
    /// The dialect whose section it is in.
    pub dialect: Dialect,
    /// The line, without its end.
    pub text: &'a str,
    /// Where it is in the file, in bytes.
    pub span: Range<usize>,
}

/// The text of a schema.lock as lines.
///
/// ```
/// use migrate_core::{Dialect, SchemaLines};
///
/// let text = "version 1\nhead 9f3c\n\n[sqlite]\ntable users\ntable users column id at=1 type=INTEGER\n";
/// let lines = SchemaLines::read("schema.lock", text, |_| true);
/// assert!(lines.problems.is_empty());
/// assert_eq!(lines.lines.len(), 2);
/// let tables = lines.tables().unwrap();
/// assert_eq!(tables[0].0, Dialect::Sqlite);
/// assert!(tables[0].1.iter().map(|name| &*name.name).eq(["users"]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SchemaLines<'a> {
    file: &'a str,
    text: &'a str,
    /// The heads that the schemas were taken at.
    pub heads: BTreeSet<SchemaHead>,
    /// The dialects that have a section, in their order.
    pub dialects: Vec<Dialect>,
    /// The lines of all sections that were wanted.
    pub lines: Vec<SchemaLine<'a>>,
    /// What is wrong, each with its place in the file, in its order.
    pub problems: Vec<(usize, Diagnostic)>,
}

impl<'a> SchemaLines<'a> {
    /// The version of the format that this crate reads and writes.
    pub const VERSION: u32 = 1;

    /// Reads a schema.lock; `file` is its name in messages. Keeps those lines of sections that
    /// `wanted` returns true for.
    #[must_use]
    pub fn read(file: &'a str, text: &'a str, wanted: impl Fn(&str) -> bool) -> Self {
        let mut lines = Self {
            file,
            text,
            ..Self::default()
        };
        lines.read_all(&wanted);
        lines
    }

    /// Adds a problem at a place of the file.
    pub fn problem(&mut self, span: Range<usize>, message: &str, label: &str, help: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            let at = span.start;
            let label = Label::at(self.file, self.text, span, label);
            let found = Diagnostic::error(Code::SchemaLockMalformed, message);
            let place = self.problems.partition_point(|(before, _)| *before <= at);
            self.problems
                .insert(place, (at, found.label(label).help(help)));
        }
    }

    /// Adds that a line means nothing.
    pub fn unreadable(&mut self, span: Range<usize>) {
        self.problem(span, "this line of schema.lock cannot be read", "", REWRITE);
    }

    /// Adds that two lines contradict each other.
    pub fn contradiction(&mut self, span: Range<usize>) {
        self.problem(
            span,
            "schema.lock has two entries for one object",
            "another line differs",
            REWRITE,
        );
    }

    /// Returns what is wrong, in the order of the file.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.problems.into_iter().map(|(_, found)| found).collect()
    }

    /// Returns the names of the tables, by dialect.
    ///
    /// # Errors
    ///
    /// Everything wrong with the lines that were wanted.
    pub fn tables(mut self) -> Result<Vec<(Dialect, Vec<Name>)>, Vec<Diagnostic>> {
        let none = |dialect: &Dialect| (*dialect, Vec::new());
        let mut tables: Vec<(Dialect, Vec<Name>)> = self.dialects.iter().map(none).collect();
        for line in std::mem::take(&mut self.lines) {
            let Some(rest) = line.text.strip_prefix("table ") else {
                continue;
            };
            match word(rest) {
                Some((name, _)) => {
                    let name = Name::from(name.as_str());
                    let known = tables
                        .iter_mut()
                        .find(|(dialect, _)| *dialect == line.dialect);
                    let names = known.map(|(_, names)| names);
                    // Most lines are of the table that the line before is of.
                    if let Some(names) = names.filter(|names| names.last() != Some(&name)) {
                        names.push(name);
                    }
                }
                None => self.unreadable(line.span),
            }
        }
        // Where git merged two sides, the lines of a table may stand apart.
        for (_, names) in &mut tables {
            names.sort_unstable();
            names.dedup();
        }
        match self.problems.is_empty() {
            true => Ok(tables),
            false => Err(self.into_diagnostics()),
        }
    }

    fn read_all(&mut self, wanted: &dyn Fn(&str) -> bool) {
        let mut has_version = false;
        let mut section = None;
        let mut start = usize::from(self.text.starts_with('\u{feff}')) * 3;
        for line in self.text[start..].split_inclusive('\n') {
            let span = start..start + line.trim_end().len();
            start += line.len();
            let is_whole = line.ends_with('\n');
            // Most lines, where one table is wanted: an application has many models, and each reads.
            let of_table = line.starts_with("table ") || line.starts_with("model ");
            if is_whole && section.is_some() && of_table && !wanted(line) {
                continue;
            }
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !is_whole {
                self.problem(span, "schema.lock was cut off here", "", REWRITE);
                return;
            }
            if is_conflict_marker(line) {
                self.problem(
                    span,
                    "schema.lock has the conflict markers of an unfinished git merge",
                    "",
                    REWRITE,
                );
                return;
            }
            if let Some(number) = line.strip_prefix("version ") {
                has_version = true;
                if number != Self::VERSION.to_string() {
                    self.problem(
                        span,
                        "schema.lock was written by another version of cargo migrate",
                        "this one reads version 1",
                        "install the version that the project uses: `cargo install cargo-migrate`",
                    );
                    return;
                }
            } else if let Some(word) = bracketed(line) {
                match word.parse() {
                    Ok(dialect) => {
                        section = Some(dialect);
                        if !self.dialects.contains(&dialect) {
                            self.dialects.push(dialect);
                        }
                    }
                    Err(_) => self.problem(span, "unknown dialect", "", REWRITE),
                }
            } else {
                match (line.strip_prefix("head "), section) {
                    (Some(head), None) => match SchemaHead::parse(head) {
                        Some(head) => {
                            self.heads.insert(head);
                        }
                        None => self.unreadable(span),
                    },
                    (None, Some(dialect)) => self.lines.push(SchemaLine {
                        dialect,
                        text: line,
                        span,
                    }),
                    _ => self.unreadable(span),
                }
            }
        }
        if !has_version && self.problems.is_empty() {
            self.problem(
                0..0,
                "schema.lock does not begin with its version",
                "expected `version 1`",
                REWRITE,
            );
        }
    }
}

fn bracketed(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

/// Returns whether a word stands without quotes.
#[must_use]
pub fn plain_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.()-$".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Reads one word or value of a line, in quotes or not, and returns it with what follows; `None` if
/// there is none.
#[must_use]
pub fn word(from: &str) -> Option<(String, &str)> {
    let Some(inner) = from.strip_prefix('"') else {
        let end = from.find([' ', '=']).unwrap_or(from.len());
        let (word, rest) = from.split_at(end);
        return plain_word(word).then(|| (word.to_owned(), rest));
    };
    let mut text = String::new();
    let mut signs = inner.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((text, &inner[at + 1..])),
            '\\' => text.push(match signs.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                sign @ ('"' | '\\') => sign,
                _ => return None,
            }),
            sign => text.push(sign),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `merge=union` keeps the lines of both sides, one after the other.
    #[test]
    fn a_table_that_a_merge_has_split_is_one() {
        let text = "version 1\n\n[sqlite]\ntable b\ntable a\ntable b column id at=1 type=INTEGER\ntable a column id at=1 type=INTEGER\n[postgres]\ntable c\n[sqlite]\ntable b column x at=2 type=TEXT\n";
        let tables = SchemaLines::read("schema.lock", text, |_| true).tables();
        let name = |name: &str| Name::plain(name);
        assert_eq!(
            tables,
            Ok(vec![
                (Dialect::Sqlite, vec![name("a"), name("b")]),
                (Dialect::Postgres, vec![name("c")]),
            ])
        );
    }
}
