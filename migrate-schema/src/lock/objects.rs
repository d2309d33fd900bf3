//! The lines of each kind of object.

use super::attribute::Fields;
use super::attribute::Tokens;
use super::fields::PlacedColumn;
use super::line::Line;
use crate::schema::kinds::for_each_kind;
use crate::schema::{
    Check, Definition, Domain, Enum, Event, Extension, Name, ObjectKind, Routine, Schema, Sequence,
    Signature, Table, View,
};

/// Takes a line that is written.
pub(super) type Push<'p> = &'p mut dyn FnMut(Line);

/// An object of a schema: a line, and one for each of its parts.
trait Lines: Fields + Clone {
    /// Writes the lines of the parts; `heading` begins each.
    fn write_parts(&self, _heading: &[&str], _push: Push<'_>) {}

    /// Reads the line of a part; `None` if there is no such part.
    fn read_part(&mut self, _part: &[&str], _rest: Tokens) -> Option<()> {
        None
    }
}

macro_rules! lines {
    ($($(#[$meta:meta])* $Kind:ident($word:literal) in $map:ident: $Name:ty, $Value:ty;)*) => {
        /// Writes the lines of all objects.
        pub(super) fn write(schema: &Schema, push: Push<'_>) {
            $(for (name, object) in &schema.$map {
                let name = name.to_string();
                let heading = [word(ObjectKind::$Kind), name.as_str()];
                line(&heading, &[], object.clone(), push);
                object.write_parts(&heading, push);
            })*
        }

        /// Reads a line into the object that it is about, or a part of it; `None` if it is invalid.
        pub(super) fn read(
            kind: ObjectKind,
            name: &str,
            part: &[&str],
            rest: Tokens,
            schema: &mut Schema,
        ) -> Option<()> {
            match kind {
                $(ObjectKind::$Kind => {
                    let name = <$Name>::from(name.to_owned());
                    let object = schema.$map.entry(name).or_default();
                    match part {
                        [] => Fields::read(object, rest),
                        part => object.read_part(part, rest),
                    }
                })*
            }
        }
    };
}

for_each_kind!(lines);

/// Returns the word that begins the lines of a kind.
const fn word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Dictionary => "dictionary",
        ObjectKind::Configuration => "configuration",
        ObjectKind::Statistics => "statistics",
        ObjectKind::EventTrigger => "event-trigger",
        ObjectKind::Wrapper => "wrapper",
        kind => kind.as_str(),
    }
}

/// Returns the kind that a word stands for.
pub(super) fn kind(of: &str) -> Option<ObjectKind> {
    ObjectKind::ALL
        .iter()
        .copied()
        .find(|kind| word(*kind) == of)
}

pub(super) fn line(heading: &[&str], part: &[&str], mut object: impl Fields, push: Push<'_>) {
    let mut line = Line::new(&[heading, part].concat());
    object.write(&mut line);
    push(line);
}

pub(super) fn part<T: Fields + Default>(rest: Tokens) -> Option<T> {
    let mut object = T::default();
    Fields::read(&mut object, rest)?;
    Some(object)
}

impl Lines for Table {
    fn write_parts(&self, heading: &[&str], push: Push<'_>) {
        for (at, column) in (1..).zip(&self.columns) {
            let placed = PlacedColumn {
                at: Some(at),
                column: column.clone(),
            };
            line(heading, &["column", &column.name], placed, push);
            if let Some(options) = &column.sequence_options {
                line(heading, &["numbering", &column.name], options.clone(), push);
            }
        }
        if let Some(key) = &self.primary_key {
            line(heading, &["primary-key"], key.clone(), push);
        }
        for key in &self.uniques {
            line(heading, &["unique"], key.clone(), push);
        }
        for key in &self.foreign_keys {
            line(heading, &["foreign-key"], key.clone(), push);
        }
        for check in &self.checks {
            line(heading, &["check"], check.clone(), push);
        }
        for (name, index) in &self.indexes {
            line(heading, &["index", name], index.clone(), push);
        }
        for (word, statements) in [
            ("exclusion", &self.exclusions),
            ("trigger", &self.triggers),
            ("policy", &self.policies),
            ("rule", &self.rules),
        ] {
            for (name, statement) in statements {
                line(heading, &[word, name], statement.clone(), push);
            }
        }
    }

    fn read_part(&mut self, part: &[&str], rest: Tokens) -> Option<()> {
        match part {
            ["primary-key"] => self.primary_key = Some(self::part(rest)?),
            ["unique"] => self.uniques.push(self::part(rest)?),
            ["foreign-key"] => self.foreign_keys.push(self::part(rest)?),
            ["check"] => self.checks.push(self::part(rest)?),
            ["index", name] => drop(self.indexes.insert((*name).to_owned(), self::part(rest)?)),
            [word, name] => {
                let statements = match *word {
                    "exclusion" => &mut self.exclusions,
                    "trigger" => &mut self.triggers,
                    "policy" => &mut self.policies,
                    "rule" => &mut self.rules,
                    _ => return None,
                };
                statements.insert((*name).to_owned(), self::part(rest)?);
            }
            _ => return None,
        }
        Some(())
    }
}

impl Lines for View {
    fn write_parts(&self, heading: &[&str], push: Push<'_>) {
        for (name, index) in &self.indexes {
            line(heading, &["index", name], index.clone(), push);
        }
        for (word, statements) in [("trigger", &self.triggers), ("rule", &self.rules)] {
            for (name, statement) in statements {
                line(heading, &[word, name], statement.clone(), push);
            }
        }
    }

    fn read_part(&mut self, part: &[&str], rest: Tokens) -> Option<()> {
        match part {
            ["index", name] => drop(self.indexes.insert((*name).to_owned(), self::part(rest)?)),
            ["trigger", name] => drop(self.triggers.insert((*name).to_owned(), self::part(rest)?)),
            ["rule", name] => drop(self.rules.insert((*name).to_owned(), self::part(rest)?)),
            _ => return None,
        }
        Some(())
    }
}

impl Lines for Domain {
    fn write_parts(&self, heading: &[&str], push: Push<'_>) {
        for check in &self.checks {
            line(heading, &["check"], check.clone(), push);
        }
    }

    fn read_part(&mut self, part: &[&str], rest: Tokens) -> Option<()> {
        let check: Check = (part == ["check"]).then(|| self::part(rest))??;
        self.checks.push(check);
        Some(())
    }
}

impl Lines for Sequence {}
impl Lines for Enum {}
impl Lines for Definition {}
impl Lines for Routine {}
impl Lines for Event {}
impl Lines for Extension {}
impl Lines for Option<String> {}
