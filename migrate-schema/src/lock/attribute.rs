//! The attributes of a line, each as it is written and read.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{Line, Token};
use crate::schema::{Action, Deferrable, Identity, IndexPart, Name, OptionValue, Options};

/// Is called with each field and its key.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&'static str, &mut dyn Attribute);

/// An object, or a part of one, that is a line.
pub(super) trait Fields {
    /// Calls `field` with each field, in the order in which they are written.
    fn fields(&mut self, field: Visit<'_>);

    /// Writes all fields.
    fn write(&mut self, line: &mut Line) {
        self.fields(&mut |key, attribute| attribute.write(key, line));
    }

    /// Reads the rest of a line; `None` if an attribute is unknown or invalid.
    fn read(&mut self, mut rest: Tokens) -> Option<()> {
        while let Some(token) = rest.next() {
            let mut token = Some(token);
            self.take(&mut token, &mut rest)?;
            if token.is_some() {
                return None;
            }
        }
        Some(())
    }

    /// Takes a token that is an attribute of this object; `None` if its value is invalid.
    fn take(&mut self, token: &mut Option<Token>, rest: &mut Tokens) -> Option<()> {
        let mut valid = Some(());
        self.fields(&mut |key, attribute| {
            if let Some(token) = token.take_if(|token| token.word == key) {
                valid = attribute.read(token.value, rest);
            } else if token.is_some()
                && let Some(nested) = attribute.nested()
            {
                valid = nested.take(token, rest);
            }
        });
        valid
    }
}

/// The tokens of a line that are not read yet.
pub(super) type Tokens = std::iter::Peekable<std::vec::IntoIter<Token>>;

/// A value that attributes of a line hold.
pub(super) trait Attribute {
    /// Writes the attributes of this key; none for a default.
    fn write(&self, key: &str, line: &mut Line);

    /// Reads one attribute of the key; `None` if its value is invalid.
    fn read(&mut self, value: Option<String>, rest: &mut Tokens) -> Option<()>;

    /// Returns the object that later attributes of the line may be about.
    fn nested(&mut self) -> Option<&mut dyn Fields> {
        None
    }
}

impl Attribute for String {
    fn write(&self, key: &str, line: &mut Line) {
        line.pair(key, self);
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = value?;
        Some(())
    }
}

impl Attribute for Option<String> {
    fn write(&self, key: &str, line: &mut Line) {
        if let Some(value) = self {
            line.pair(key, value);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Some(value?);
        Some(())
    }
}

impl Attribute for bool {
    fn write(&self, key: &str, line: &mut Line) {
        if *self {
            line.flag(key);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = true;
        value.is_none().then_some(())
    }
}

impl Attribute for Vec<String> {
    fn write(&self, key: &str, line: &mut Line) {
        self.iter().for_each(|value| line.pair(key, value));
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        self.push(value?);
        Some(())
    }
}

impl Attribute for BTreeSet<String> {
    fn write(&self, key: &str, line: &mut Line) {
        self.iter().for_each(|value| line.pair(key, value));
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        self.insert(value?);
        Some(())
    }
}

impl Attribute for Name {
    fn write(&self, key: &str, line: &mut Line) {
        line.pair(key, &self.to_string());
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Self::from(value?);
        Some(())
    }
}

impl Attribute for Option<Name> {
    fn write(&self, key: &str, line: &mut Line) {
        if let Some(name) = self {
            name.write(key, line);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Some(Name::from(value?));
        Some(())
    }
}

impl Attribute for Vec<Name> {
    fn write(&self, key: &str, line: &mut Line) {
        self.iter().for_each(|name| name.write(key, line));
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        self.push(Name::from(value?));
        Some(())
    }
}

impl Attribute for i64 {
    fn write(&self, key: &str, line: &mut Line) {
        line.pair(key, &self.to_string());
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = value?.parse().ok()?;
        Some(())
    }
}

impl Attribute for Option<u32> {
    fn write(&self, key: &str, line: &mut Line) {
        if let Some(number) = self {
            line.pair(key, &number.to_string());
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Some(value?.parse().ok()?);
        Some(())
    }
}

/// Returns the value of the option or name before: `is=…`.
fn is(rest: &mut Tokens) -> Option<String> {
    let next = rest.next_if(|token| token.word == "is");
    next.and_then(|token| token.value)
}

impl Attribute for Options {
    fn write(&self, key: &str, line: &mut Line) {
        for (keyword, value) in self.iter() {
            line.pair(key, keyword);
            if let OptionValue::Value(value) = value {
                line.pair("is", value);
            }
        }
    }

    fn read(&mut self, value: Option<String>, rest: &mut Tokens) -> Option<()> {
        self.add(
            value?,
            is(rest).map_or(OptionValue::Set, OptionValue::Value),
        );
        Some(())
    }
}

impl Attribute for BTreeMap<String, String> {
    fn write(&self, key: &str, line: &mut Line) {
        for (name, value) in self {
            line.pair(key, name);
            if !value.is_empty() {
                line.pair("is", value);
            }
        }
    }

    fn read(&mut self, value: Option<String>, rest: &mut Tokens) -> Option<()> {
        self.insert(value?, is(rest).unwrap_or_default());
        Some(())
    }
}

impl Attribute for Action {
    fn write(&self, key: &str, line: &mut Line) {
        if *self != Self::NoAction {
            line.pair(key, self.as_sql());
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Self::parse(&value?);
        Some(())
    }
}

const DEFERRABLE: [(&str, Deferrable); 2] = [
    ("immediate", Deferrable::Immediate),
    ("deferred", Deferrable::Deferred),
];

impl Attribute for Deferrable {
    fn write(&self, key: &str, line: &mut Line) {
        if let Some(word) = word_of(&DEFERRABLE, *self) {
            line.pair(key, word);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = value_of(&DEFERRABLE, &value?)?;
        Some(())
    }
}

const IDENTITIES: [(&str, Identity); 4] = [
    ("always", Identity::Always),
    ("by-default", Identity::ByDefault),
    ("serial", Identity::Serial),
    ("auto-increment", Identity::AutoIncrement),
];

impl Attribute for Option<Identity> {
    fn write(&self, key: &str, line: &mut Line) {
        if let Some(word) = self.and_then(|identity| word_of(&IDENTITIES, identity)) {
            line.pair(key, word);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Some(value_of(&IDENTITIES, &value?)?);
        Some(())
    }
}

/// Where an index has NULL: first or last.
const NULLS: [(&str, bool); 2] = [("first", true), ("last", false)];

impl Attribute for Option<bool> {
    fn write(&self, key: &str, line: &mut Line) {
        if let Some(word) = self.and_then(|first| word_of(&NULLS, first)) {
            line.pair(key, word);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        *self = Some(value_of(&NULLS, &value?)?);
        Some(())
    }
}

fn word_of<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> Option<&'static str> {
    let found = words.iter().find(|(_, of)| *of == value)?;
    Some(found.0)
}

fn value_of<T: Copy>(words: &[(&'static str, T)], word: &str) -> Option<T> {
    let found = words.iter().find(|(known, _)| *known == word)?;
    Some(found.1)
}

/// A part of an index begins with what it is over; the attributes after it are about it.
impl Attribute for Vec<IndexPart> {
    fn write(&self, key: &str, line: &mut Line) {
        for part in self {
            line.pair(key, &part.over);
            part.clone().write(line);
        }
    }

    fn read(&mut self, value: Option<String>, _: &mut Tokens) -> Option<()> {
        self.push(IndexPart {
            over: value?,
            ..IndexPart::default()
        });
        Some(())
    }

    fn nested(&mut self) -> Option<&mut dyn Fields> {
        self.last_mut().map(|part| part as &mut dyn Fields)
    }
}
