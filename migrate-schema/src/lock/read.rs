//! From the text of schema.lock to schemas.

use std::collections::{BTreeMap, BTreeSet};

use super::SchemaLock;
use super::attribute::Fields as _;
use super::fields::PlacedColumn;
use super::line::{Token, quoted, tokens};
use super::{modelled, objects};
use crate::{Column, Name, Schema, Sequence};
use migrate_core::{Diagnostic, Dialect, SchemaLines};

/// Which part is read.
pub(super) enum Scope {
    All,
    /// What begins a line about this table.
    Table(String),
}

impl Scope {
    pub(super) fn table(name: &Name) -> Self {
        Self::Table(format!("table {}", quoted(&name.to_string())))
    }

    /// Returns whether a line about a table may be about this one: its name may be longer still.
    fn may_have(&self, line: &str) -> bool {
        match self {
            Self::All => true,
            Self::Table(only) => line.starts_with(only),
        }
    }

    fn has(&self, line: &str) -> bool {
        match self {
            Self::All => true,
            Self::Table(only) => {
                let rest = line.strip_prefix(only);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            }
        }
    }
}

/// Reads all of schema.lock, or the part in scope.
pub(super) fn parse(file: &str, text: &str, scope: &Scope) -> Result<SchemaLock, Vec<Diagnostic>> {
    let mut lines = SchemaLines::read(file, text, |line| scope.may_have(line));
    let mut reader = Reader {
        lock: SchemaLock {
            heads: std::mem::take(&mut lines.heads),
            schemas: lines
                .dialects
                .iter()
                .map(|dialect| (*dialect, Schema::empty(*dialect)))
                .collect(),
            models: BTreeMap::new(),
        },
        positions: BTreeMap::new(),
        sequence_options: Vec::new(),
        seen: BTreeMap::new(),
    };
    for line in std::mem::take(&mut lines.lines) {
        if !scope.has(line.text) {
            continue;
        }
        match reader.line(line.dialect, line.text) {
            Some(Read::Understood) => {}
            Some(Read::Contradiction) => lines.contradiction(line.span),
            None => lines.unreadable(line.span),
        }
    }
    match lines.problems.is_empty() {
        true => Ok(reader.finish()),
        false => Err(lines.into_diagnostics()),
    }
}

/// What became of a line.
enum Read {
    Understood,
    /// Another line says something else of the same object.
    Contradiction,
}

struct Reader<'a> {
    lock: SchemaLock,
    /// The position of each column in its table.
    positions: BTreeMap<(Dialect, Name), Vec<(u32, Column)>>,
    sequence_options: Vec<(Dialect, Name, String, Sequence)>,
    /// The lines so far, by what they are about.
    seen: BTreeMap<(Dialect, Vec<String>), &'a str>,
}

impl<'a> Reader<'a> {
    /// Reads a line of a section; `None` if it means nothing.
    fn line(&mut self, dialect: Dialect, line: &'a str) -> Option<Read> {
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
            return Some(match before == line {
                true => Read::Understood,
                false => Read::Contradiction,
            });
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
            ["model" | "model-enum", ..] => {
                modelled::read(&head, rest, self.lock.models.entry(dialect).or_default())?;
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
        Some(Read::Understood)
    }

    /// Puts the columns in their order, and sorts what is sorted.
    fn finish(mut self) -> SchemaLock {
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
        self.lock
    }
}

/// A line that a merge has kept twice is one.
fn sorted<T: Ord>(of: &mut Vec<T>) {
    let all: BTreeSet<T> = std::mem::take(of).into_iter().collect();
    of.extend(all);
}

/// Returns the words that say what a line is about: `table users column email`.
pub(super) fn heading(words: &[String]) -> Option<&[String]> {
    let count = match words {
        [kind, _, part, ..] if kind == "table" => match part.as_str() {
            "primary-key" | "unique" | "foreign-key" | "check" => 3,
            "column" | "numbering" | "index" | "exclusion" | "trigger" | "policy" | "rule" => 4,
            _ => return None,
        },
        [kind, _, part, ..] if kind == "model" => match part.as_str() {
            "unique" | "foreign-key" | "check" => 3,
            "column" | "index" => 4,
            _ => 2,
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
