//! From the text of schema.lock to schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::SchemaLock;
use super::line::{Token, quoted, tokens};
use super::write::IDENTITIES;
use crate::diagnostic::MOST_PROBLEMS;
use crate::lock::is_conflict_marker;
use crate::schema::{
    Action, Check, Column, Deferrable, Domain, Enum, Extension, ForeignKey, Generated, Identity,
    Index, IndexPart, Key, Name, Options, PartitionOf, Routine, Schema, Sequence, Signature, Table,
    UserType, View,
};
use crate::{Code, Diagnostic, Dialect, Label};

const ANEW: &str = "write it anew: `cargo migrate lock`";

/// Reads all of it, or only the lines about one table.
pub(super) fn parse(
    file: &str,
    text: &str,
    only: Option<&Name>,
) -> Result<SchemaLock, Vec<Diagnostic>> {
    let mut reader = Reader {
        file,
        text,
        only: only.map(|name| format!("table {}", quoted(&name.to_string()))),
        lock: SchemaLock::default(),
        section: None,
        version: false,
        positions: BTreeMap::new(),
        numberings: Vec::new(),
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
    only: Option<String>,
    lock: SchemaLock,
    section: Option<Dialect>,
    version: bool,
    /// Where each column stands in its table.
    positions: BTreeMap<(Dialect, Name), Vec<(u32, Column)>>,
    numberings: Vec<(Dialect, Name, String, Sequence)>,
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
            let span = start..start + line.trim_end().len();
            start += line.len();
            let ended = line.ends_with('\n');
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !ended {
                self.problem(span, "schema.lock was cut off here", "", ANEW);
                return;
            }
            if is_conflict_marker(line) {
                self.problem(
                    span,
                    "schema.lock holds the marks of an unfinished git merge",
                    "",
                    ANEW,
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
                ANEW,
            );
        }
        self.finish();
    }

    /// Reads a line; says whether to go on.
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
                Err(_) => self.problem(span.clone(), "there is no such dialect", "", ANEW),
            }
            return true;
        }
        let read = match (line.strip_prefix("head "), self.section) {
            (Some(head), None) => head.parse().ok().map(|head| {
                self.lock.heads.insert(head);
            }),
            (None, Some(dialect)) => {
                let skipped = self.only.as_ref().is_some_and(|only| {
                    let rest = line.strip_prefix(only.as_str());
                    !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                });
                match skipped {
                    true => Some(()),
                    false => self.line(dialect, line, span),
                }
            }
            _ => None,
        };
        if read.is_none() {
            self.problem(
                span.clone(),
                "this line of schema.lock cannot be read",
                "",
                ANEW,
            );
        }
        true
    }

    /// Reads a line of a section; `None` where it means nothing.
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
                    "schema.lock says two things of one object",
                    "another line says something else",
                    ANEW,
                );
            }
            return Some(());
        }
        let count = head.len();
        let mut attributes = Attributes(tokens.into_iter().skip(count).peekable());
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let schema = self.lock.schemas.get_mut(&dialect)?;
        match head.as_slice() {
            ["table", name, "column", column] => {
                let (at, column) = attributes.column(column)?;
                let key = (dialect, Name::from(*name));
                self.positions.entry(key).or_default().push((at, column));
            }
            ["table", name, "numbering", column] => {
                let own = attributes.sequence()?;
                let own = (dialect, Name::from(*name), (*column).to_owned(), own);
                self.numberings.push(own);
            }
            ["table", name, rest @ ..] => {
                let table = schema.tables.entry(Name::from(*name)).or_default();
                attributes.table(rest, table)?;
            }
            ["view", name, rest @ ..] => {
                let view = schema.views.entry(Name::from(*name)).or_default();
                attributes.view(rest, view)?;
            }
            _ => attributes.other(&head, schema)?,
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
        for (dialect, name, column, own) in std::mem::take(&mut self.numberings) {
            let schema = self.lock.schemas.get_mut(&dialect);
            let table = schema.and_then(|schema| schema.tables.get_mut(&name));
            let columns = table.map(|table| &mut table.columns);
            let found =
                columns.and_then(|columns| columns.iter_mut().find(|found| found.name == column));
            if let Some(found) = found {
                found.numbering = Some(own);
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

/// The attributes of a line.
struct Attributes<I: Iterator<Item = Token>>(std::iter::Peekable<I>);

impl<I: Iterator<Item = Token>> Attributes<I> {
    /// Returns the value that a name in a map has: `is=…` behind it.
    fn is(&mut self) -> String {
        let next = self.0.next_if(|token| token.word == "is");
        next.and_then(|token| token.value).unwrap_or_default()
    }

    fn option(&mut self, name: String, into: &mut Options) {
        let value = self.is();
        into.insert(name, value);
    }

    /// Reads each attribute; `None` as soon as one means nothing.
    fn each(
        &mut self,
        mut read: impl FnMut(&mut Self, &str, Option<String>) -> Option<()>,
    ) -> Option<()> {
        while let Some(Token { word, value }) = self.0.next() {
            read(self, &word, value)?;
        }
        Some(())
    }

    fn column(&mut self, name: &str) -> Option<(u32, Column)> {
        let mut at = None;
        let mut column = Column {
            name: name.to_owned(),
            ..Column::default()
        };
        self.each(|rest, key, value| {
            match (key, value) {
                ("null", None) => column.nullable = true,
                ("stored", None) => column.generated.as_mut()?.stored = true,
                ("at", Some(value)) => at = Some(value.parse().ok()?),
                ("type", Some(value)) => column.sql_type = value,
                ("default", value @ Some(_)) => column.default = value,
                ("generated", Some(expression)) => {
                    let stored = false;
                    column.generated = Some(Generated { expression, stored });
                }
                ("identity", Some(value)) => column.identity = Some(identity(&value)?),
                ("collation", value @ Some(_)) => column.collation = value,
                ("on-update", value @ Some(_)) => column.on_update = value,
                ("comment", value @ Some(_)) => column.comment = value,
                ("option", Some(name)) => rest.option(name, &mut column.options),
                _ => return None,
            }
            Some(())
        })?;
        Some((at?, column))
    }

    fn table(&mut self, rest: &[&str], table: &mut Table) -> Option<()> {
        match rest {
            [] => self.each(|rest, key, value| {
                match (key, value?) {
                    ("partition-of", name) => {
                        table.partition_of.get_or_insert_default().table = Name::from(name);
                    }
                    ("bounds", bounds) => {
                        let of: &mut PartitionOf = table.partition_of.get_or_insert_default();
                        of.bounds = bounds;
                    }
                    ("inherits", name) => table.inherits.push(Name::from(name)),
                    ("option", name) => rest.option(name, &mut table.options),
                    ("comment", text) => table.comment = Some(text),
                    _ => return None,
                }
                Some(())
            })?,
            ["primary-key"] => table.primary_key = Some(self.key()?),
            ["unique"] => table.uniques.push(self.key()?),
            ["foreign-key"] => table.foreign_keys.push(self.foreign_key()?),
            ["check"] => table.checks.push(self.check()?),
            ["index", name] => drop(table.indexes.insert((*name).to_owned(), self.index()?)),
            [word, name] => {
                let objects = match *word {
                    "exclusion" => &mut table.exclusions,
                    "trigger" => &mut table.triggers,
                    "policy" => &mut table.policies,
                    "rule" => &mut table.rules,
                    _ => return None,
                };
                objects.insert((*name).to_owned(), self.definition()?);
            }
            _ => return None,
        }
        Some(())
    }

    fn view(&mut self, rest: &[&str], view: &mut View) -> Option<()> {
        match rest {
            [] => self.each(|rest, key, value| {
                match (key, value) {
                    ("materialized", None) => view.materialized = true,
                    ("column", Some(name)) => view.columns.push(name),
                    ("option", Some(name)) => rest.option(name, &mut view.options),
                    ("column-comment", Some(name)) => {
                        rest.option(name, &mut view.column_comments);
                    }
                    ("comment", value @ Some(_)) => view.comment = value,
                    ("definition", Some(text)) => view.definition = text,
                    _ => return None,
                }
                Some(())
            })?,
            ["index", name] => drop(view.indexes.insert((*name).to_owned(), self.index()?)),
            ["trigger", name] => {
                view.triggers.insert((*name).to_owned(), self.definition()?);
            }
            ["rule", name] => drop(view.rules.insert((*name).to_owned(), self.definition()?)),
            _ => return None,
        }
        Some(())
    }

    fn other(&mut self, head: &[&str], schema: &mut Schema) -> Option<()> {
        match head {
            ["schema", name] => {
                let comment = self.only("comment")?;
                schema.schemas.insert((*name).to_owned(), comment);
            }
            ["extension", name] => {
                let own = Extension {
                    schema: self.only("schema")?,
                };
                schema.extensions.insert((*name).to_owned(), own);
            }
            ["sequence", name] => {
                schema.sequences.insert(Name::from(*name), self.sequence()?);
            }
            ["enum", name] => {
                let mut own = Enum::default();
                self.each(|_, key, value| {
                    match (key, value?) {
                        ("value", value) => own.values.push(value),
                        ("comment", text) => own.comment = Some(text),
                        _ => return None,
                    }
                    Some(())
                })?;
                schema.enums.insert(Name::from(*name), own);
            }
            ["type", name] => {
                let own = schema.types.entry(Name::from(*name)).or_default();
                self.each(|_, key, value| {
                    let own: &mut UserType = own;
                    match (key, value?) {
                        ("definition", text) => own.definition = text,
                        ("comment", text) => own.comment = Some(text),
                        _ => return None,
                    }
                    Some(())
                })?;
            }
            ["routine", signature] => {
                let mut own = Routine::default();
                self.each(|_, key, value| {
                    match key {
                        "definition" => own.definition = Some(value?),
                        "comment" => own.comment = Some(value?),
                        _ => return None,
                    }
                    Some(())
                })?;
                let signature = Signature::from((*signature).to_owned());
                schema.routines.insert(signature, own);
            }
            ["domain", name, "check"] => {
                let own = self.check()?;
                let domain = schema.domains.entry(Name::from(*name)).or_default();
                domain.checks.push(own);
            }
            ["domain", name] => {
                let domain: &mut Domain = schema.domains.entry(Name::from(*name)).or_default();
                self.each(|_, key, value| {
                    match (key, value) {
                        ("null", None) => domain.nullable = true,
                        ("type", Some(text)) => domain.sql_type = text,
                        ("default", value @ Some(_)) => domain.default = value,
                        ("collation", value @ Some(_)) => domain.collation = value,
                        ("comment", value @ Some(_)) => domain.comment = value,
                        _ => return None,
                    }
                    Some(())
                })?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Reads the one attribute that there may be.
    fn only(&mut self, key: &str) -> Option<Option<String>> {
        let mut found = None;
        self.each(|_, word, value| {
            found = Some(value?);
            (word == key).then_some(())
        })?;
        Some(found)
    }

    fn definition(&mut self) -> Option<String> {
        self.only("definition")?
    }

    fn key(&mut self) -> Option<Key> {
        let mut own = Key::default();
        self.each(|rest, key, value| {
            match (key, value) {
                ("nulls-not-distinct", None) => own.nulls_not_distinct = true,
                ("column", Some(name)) => own.columns.push(name),
                ("name", value @ Some(_)) => own.name = value,
                ("include", Some(name)) => own.include.push(name),
                ("deferrable", Some(word)) => own.deferrable = deferrable(&word)?,
                ("qualifier", Some(name)) => rest.option(name, &mut own.qualifiers),
                ("option", Some(name)) => rest.option(name, &mut own.options),
                _ => return None,
            }
            Some(())
        })?;
        Some(own)
    }

    fn foreign_key(&mut self) -> Option<ForeignKey> {
        let mut own = ForeignKey::default();
        self.each(|rest, key, value| {
            match (key, value?) {
                ("column", name) => own.columns.push(name),
                ("table", name) => own.table = Name::from(name),
                ("references", name) => own.references.push(name),
                ("on-delete", word) => own.on_delete = Action::parse(&word),
                ("on-update", word) => own.on_update = Action::parse(&word),
                ("deferrable", word) => own.deferrable = deferrable(&word)?,
                ("name", name) => own.name = Some(name),
                ("option", name) => rest.option(name, &mut own.options),
                _ => return None,
            }
            Some(())
        })?;
        Some(own)
    }

    fn check(&mut self) -> Option<Check> {
        let mut own = Check::default();
        self.each(|rest, key, value| {
            match (key, value?) {
                ("expression", text) => own.expression = text,
                ("name", name) => own.name = Some(name),
                ("option", name) => rest.option(name, &mut own.options),
                _ => return None,
            }
            Some(())
        })?;
        Some(own)
    }

    fn index(&mut self) -> Option<Index> {
        let mut own = Index::default();
        self.each(|rest, key, value| {
            match (key, value) {
                ("unique", None) => own.unique = true,
                ("nulls-not-distinct", None) => own.nulls_not_distinct = true,
                ("expression", None) => own.parts.last_mut()?.expression = true,
                ("descending", None) => own.parts.last_mut()?.descending = true,
                ("part", Some(over)) => own.parts.push(IndexPart {
                    over,
                    ..IndexPart::default()
                }),
                ("nulls", Some(word)) => {
                    own.parts.last_mut()?.nulls_first = Some(match word.as_str() {
                        "first" => true,
                        "last" => false,
                        _ => return None,
                    });
                }
                ("collation", value @ Some(_)) => own.parts.last_mut()?.collation = value,
                ("class", value @ Some(_)) => own.parts.last_mut()?.operator_class = value,
                ("prefix", Some(most)) => {
                    own.parts.last_mut()?.prefix = Some(most.parse().ok()?);
                }
                ("method", value @ Some(_)) => own.method = value,
                ("where", value @ Some(_)) => own.predicate = value,
                ("include", Some(name)) => own.include.push(name),
                ("option", Some(name)) => rest.option(name, &mut own.options),
                ("comment", value @ Some(_)) => own.comment = value,
                _ => return None,
            }
            Some(())
        })?;
        Some(own)
    }

    fn sequence(&mut self) -> Option<Sequence> {
        let mut own = Sequence::default();
        self.each(|_, key, value| {
            match (key, value) {
                ("cycle", None) => own.cycle = true,
                ("type", Some(text)) => own.sql_type = text,
                ("start", Some(number)) => own.start = number.parse().ok()?,
                ("increment", Some(number)) => own.increment = number.parse().ok()?,
                ("min", Some(number)) => own.min = number.parse().ok()?,
                ("max", Some(number)) => own.max = number.parse().ok()?,
                ("cache", Some(number)) => own.cache = number.parse().ok()?,
                ("owner", Some(name)) => {
                    own.owned_by.get_or_insert_default().0 = Name::from(name);
                }
                ("owner-column", Some(name)) => own.owned_by.get_or_insert_default().1 = name,
                ("comment", value @ Some(_)) => own.comment = value,
                _ => return None,
            }
            Some(())
        })?;
        Some(own)
    }
}

fn identity(word: &str) -> Option<Identity> {
    let found = IDENTITIES.iter().find(|(known, _)| *known == word);
    found.map(|(_, identity)| *identity)
}

fn deferrable(word: &str) -> Option<Deferrable> {
    match word {
        "immediate" => Some(Deferrable::Immediate),
        "deferred" => Some(Deferrable::Deferred),
        _ => None,
    }
}
