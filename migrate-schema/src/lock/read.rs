//! From the text of schema.lock to schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::SchemaLock;
use super::fields::{Fields as _, PlacedColumn};
use super::line::{Token, quoted, text, tokens};
use super::objects;
use crate::{Column, Name, Schema, Sequence};
use migrate_core::__support::MOST_PROBLEMS;
use migrate_core::__support::is_conflict_marker;
use migrate_core::SchemaHead;
use migrate_core::{Code, Diagnostic, Dialect, Label};

const HELP: &str = "recreate it: `cargo migrate lock`";

/// Which part is read.
pub(super) enum Scope {
    All,
    /// What begins a line about this table.
    Table(String),
    TableNames,
}

impl Scope {
    pub(super) fn table(name: &Name) -> Self {
        Self::Table(format!("table {}", quoted(&name.to_string())))
    }
}

/// Reads all of schema.lock, or the part in scope.
pub(super) fn parse(file: &str, text: &str, scope: Scope) -> Result<SchemaLock, Vec<Diagnostic>> {
    let mut reader = Reader {
        file,
        text,
        scope,
        lock: SchemaLock::default(),
        section: None,
        version: false,
        positions: BTreeMap::new(),
        sequence_options: Vec::new(),
        seen: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    reader.read();
    match reader.diagnostics.is_empty() {
        true => Ok(reader.lock),
        false => Err(reader.diagnostics),
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    scope: Scope,
    lock: SchemaLock,
    section: Option<Dialect>,
    version: bool,
    /// The position of each column in its table.
    positions: BTreeMap<(Dialect, Name), Vec<(u32, Column)>>,
    sequence_options: Vec<(Dialect, Name, String, Sequence)>,
    /// The lines so far, by what they are about.
    seen: BTreeMap<(Dialect, Vec<String>), &'a str>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn problem(&mut self, span: Range<usize>, message: &str, word: &str, help: &str) {
        if self.diagnostics.len() < MOST_PROBLEMS {
            let label = Label::at(self.file, self.text, span, word);
            let found = Diagnostic::error(Code::SchemaLockMalformed, message);
            self.diagnostics.push(found.label(label).help(help));
        }
    }

    fn read(&mut self) {
        let mut start = usize::from(self.text.starts_with('\u{feff}')) * 3;
        for line in self.text[start..].split_inclusive('\n') {
            // Skips most lines if one table is read: an application has many models, and each reads.
            if self.is_of_another_table(line) {
                start += line.len();
                continue;
            }
            let span = start..start + line.trim_end().len();
            start += line.len();
            let ended = line.ends_with('\n');
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !ended {
                self.problem(span, "schema.lock was cut off here", "", HELP);
                return;
            }
            if is_conflict_marker(line) {
                self.problem(
                    span,
                    "schema.lock has the conflict markers of an unfinished git merge",
                    "",
                    HELP,
                );
                return;
            }
            if !self.top(line, &span) {
                return;
            }
        }
        if !self.version && self.diagnostics.is_empty() {
            self.problem(
                0..0,
                "schema.lock does not begin with its version",
                "expected `version 1`",
                HELP,
            );
        }
        self.finish();
    }

    fn is_of_another_table(&self, line: &str) -> bool {
        match &self.scope {
            Scope::Table(only) => {
                line.as_bytes().starts_with(b"table ")
                    && !line.as_bytes().starts_with(only.as_bytes())
                    && line.as_bytes().last() == Some(&b'\n')
            }
            Scope::All | Scope::TableNames => false,
        }
    }

    /// Reads a line; returns whether to go on.
    fn top(&mut self, line: &'a str, span: &Range<usize>) -> bool {
        if let Some(number) = line.strip_prefix("version ") {
            self.version = true;
            if number == SchemaLock::VERSION.to_string() {
                return true;
            }
            self.problem(
                span.clone(),
                "schema.lock was written by another version of cargo migrate",
                "this one reads version 1",
                "install the version that the project uses: `cargo install cargo-migrate`",
            );
            return false;
        }
        if let Some(word) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            match word.parse() {
                Ok(dialect) => {
                    self.section = Some(dialect);
                    let schemas = &mut self.lock.schemas;
                    schemas
                        .entry(dialect)
                        .or_insert_with(|| Schema::empty(dialect));
                }
                Err(_) => self.problem(span.clone(), "unknown dialect", "", HELP),
            }
            return true;
        }
        let read = match (line.strip_prefix("head "), self.section) {
            (Some(head), None) => SchemaHead::parse(head).map(|head| {
                self.lock.heads.insert(head);
            }),
            (None, Some(dialect)) => {
                match &self.scope {
                    // A longer table name, or another kind of object.
                    Scope::Table(only)
                        if line != only && !line.starts_with(&format!("{only} ")) =>
                    {
                        Some(())
                    }
                    Scope::TableNames => self.table_name(dialect, line),
                    _ => self.line(dialect, line, span),
                }
            }
            _ => None,
        };
        if read.is_none() {
            self.problem(
                span.clone(),
                "this line of schema.lock cannot be read",
                "",
                HELP,
            );
        }
        true
    }

    /// Reads of which table a line is, if of one; `None` if it names none.
    fn table_name(&mut self, dialect: Dialect, line: &str) -> Option<()> {
        let Some(rest) = line.strip_prefix("table ") else {
            return Some(());
        };
        let (name, _) = text(rest)?;
        let tables = &mut self.lock.schemas.get_mut(&dialect)?.tables;
        tables.entry(Name::from(name.as_str())).or_default();
        Some(())
    }

    /// Reads a line of a section; `None` if it means nothing.
    fn line(&mut self, dialect: Dialect, line: &'a str, span: &Range<usize>) -> Option<()> {
        let tokens = tokens(line)?;
        let words: Vec<String> = tokens
            .iter()
            .take_while(|token| token.value.is_none())
            .map(|token| token.word.clone())
            .collect();
        let head = heading(&words)?;
        let object = (dialect, head.to_vec());
        // Of constraints without a name there can be several.
        let own = matches!(head, [_, _, word] if word != "primary-key");
        if let Some(before) = self.seen.insert(object, line)
            && !own
        {
            if before != line {
                self.problem(
                    span.clone(),
                    "schema.lock has two entries for one object",
                    "another line differs",
                    HELP,
                );
            }
            return Some(());
        }
        let count = head.len();
        let rest: Vec<Token> = tokens.into_iter().skip(count).collect();
        let rest = rest.into_iter().peekable();
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let schema = self.lock.schemas.get_mut(&dialect)?;
        match head.as_slice() {
            ["table", name, "column", column] => {
                let mut placed = PlacedColumn::default();
                placed.read(rest)?;
                placed.column.name = (*column).to_owned();
                let key = (dialect, Name::from(*name));
                let columns = self.positions.entry(key).or_default();
                columns.push((placed.at?, placed.column));
            }
            ["table", name, "numbering", column] => {
                let mut own = Sequence::default();
                own.read(rest)?;
                let own = (dialect, Name::from(*name), (*column).to_owned(), own);
                self.sequence_options.push(own);
            }
            [kind, name, part @ ..] => {
                objects::read(objects::kind(kind)?, name, part, rest, schema)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Puts the columns in their order, and sorts what is sorted.
    fn finish(&mut self) {
        for ((dialect, name), mut columns) in std::mem::take(&mut self.positions) {
            columns.sort_by(|(at, a), (other, b)| (at, &a.name).cmp(&(other, &b.name)));
            if let Some(schema) = self.lock.schemas.get_mut(&dialect) {
                let table = schema.tables.entry(name).or_default();
                table.columns = columns.into_iter().map(|(_, column)| column).collect();
            }
        }
        for (dialect, name, column, own) in std::mem::take(&mut self.sequence_options) {
            let schema = self.lock.schemas.get_mut(&dialect);
            let table = schema.and_then(|schema| schema.tables.get_mut(&name));
            let columns = table.map(|table| &mut table.columns);
            let found =
                columns.and_then(|columns| columns.iter_mut().find(|found| found.name == column));
            if let Some(found) = found {
                found.sequence_options = Some(own);
            }
        }
        for schema in self.lock.schemas.values_mut() {
            for table in schema.tables.values_mut() {
                sorted(&mut table.uniques);
                sorted(&mut table.foreign_keys);
                sorted(&mut table.checks);
            }
            for domain in schema.domains.values_mut() {
                sorted(&mut domain.checks);
            }
        }
    }
}

/// A line that a merge has kept twice is one.
fn sorted<T: Ord>(of: &mut Vec<T>) {
    let all: BTreeSet<T> = std::mem::take(of).into_iter().collect();
    of.extend(all);
}

/// Returns the words that say what a line is about: `table users column email`.
fn heading(words: &[String]) -> Option<&[String]> {
    let count = match words {
        [kind, _, part, ..] if kind == "table" => match part.as_str() {
            "primary-key" | "unique" | "foreign-key" | "check" => 3,
            "column" | "numbering" | "index" | "exclusion" | "trigger" | "policy" | "rule" => 4,
            _ => return None,
        },
        [kind, _, part, ..] if kind == "view" => match part.as_str() {
            "index" | "trigger" | "rule" => 4,
            "materialized" => 2,
            _ => return None,
        },
        [kind, _, part, ..] if kind == "domain" && part == "check" => 3,
        [_, _, ..] => 2,
        _ => return None,
    };
    words.get(..count)
}
