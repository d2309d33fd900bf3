//! What stands behind the words of a line, read into the object that it is of.

use super::line::Token;
use super::write::IDENTITIES;
use crate::{
    Action, Check, Column, Deferrable, Domain, Enum, Extension, ForeignKey, Generated, Identity,
    Index, IndexPart, Key, Name, Options, PartitionOf, Routine, Schema, Sequence, Signature, Table,
    UserType, View,
};

/// The attributes of a line.
pub(super) struct Attributes<I: Iterator<Item = Token>>(pub(super) std::iter::Peekable<I>);

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

    pub(super) fn column(&mut self, name: &str) -> Option<(u32, Column)> {
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

    pub(super) fn table(&mut self, rest: &[&str], table: &mut Table) -> Option<()> {
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

    pub(super) fn view(&mut self, rest: &[&str], view: &mut View) -> Option<()> {
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

    pub(super) fn other(&mut self, head: &[&str], schema: &mut Schema) -> Option<()> {
        match head {
            ["schema", name] => {
                let comment = self.only("comment")?;
                schema.schemas.insert((*name).to_owned(), comment);
            }
            ["extension", name] => {
                let mut own = Extension::default();
                self.each(|_, key, value| {
                    match (key, value?) {
                        ("schema", name) => own.schema = Some(name),
                        ("requires", name) => drop(own.requires.insert(name)),
                        _ => return None,
                    }
                    Some(())
                })?;
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
            [
                word @ ("collation" | "dictionary" | "configuration" | "type"),
                name,
            ] => {
                let all = match *word {
                    "collation" => &mut schema.collations,
                    "dictionary" => &mut schema.dictionaries,
                    "configuration" => &mut schema.configurations,
                    _ => &mut schema.types,
                };
                let own = all.entry(Name::from(*name)).or_default();
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

    pub(super) fn sequence(&mut self) -> Option<Sequence> {
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
