//! Ids and labels of another tool as this one can have them.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::RevisionId;

/// The id for each name of the old tool.
/// A name that is a valid id stays. Otherwise invalid characters become `_`, a leading dot and a
/// reserved word get a `_`, and what is too long is cut; if two names would be the same, the later
/// gets a number as a suffix.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    ids: BTreeMap<String, RevisionId>,
    taken: BTreeSet<String>,
}

impl Names {
    /// Gives each name its id.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let mut made = Self::default();
        // Those that stay as they are come first, so that no other name takes theirs.
        for name in names.clone() {
            if let Ok(id) = name.parse() {
                made.taken.insert(name.to_owned());
                made.ids.insert(name.to_owned(), id);
            }
        }
        for name in names {
            if !made.ids.contains_key(name) {
                let id = made.free(&valid(name));
                made.ids.insert(name.to_owned(), id);
            }
        }
        made
    }

    /// Returns the id of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&RevisionId> {
        self.ids.get(name)
    }

    fn free(&mut self, wanted: &str) -> RevisionId {
        let mut number = 1_usize;
        loop {
            let text = match number {
                1 => wanted.to_owned(),
                _ => {
                    let mut text = wanted.to_owned();
                    text.truncate(RevisionId::MAX_LEN - 8);
                    format!("{text}_{number}")
                }
            };
            if self.taken.insert(text.clone()) {
                return text.parse().expect("it is corrected");
            }
            number += 1;
        }
    }
}

/// Makes a name that follows the rules of ids.
pub(super) fn valid(name: &str) -> String {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let mut text: String = name
        .chars()
        .map(|c| if sound(c) { c } else { '_' })
        .take(RevisionId::MAX_LEN)
        .collect();
    if text.starts_with('.') || text.is_empty() {
        text.insert(0, '_');
        text.truncate(RevisionId::MAX_LEN);
    }
    if RevisionId::check(&text).is_err() {
        text.push('_');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_and_stay_apart() {
        let long = "x".repeat(70);
        let names = ["a b", "a-b", "a_b", "head", ".a", "", "1.2", &long, "é"];
        let made = Names::new(names);
        let ids: Vec<_> = names
            .iter()
            .map(|name| made.get(name).unwrap().as_str())
            .collect();
        assert_eq!(
            ids,
            [
                "a_b_2",
                "a_b_3",
                "a_b",
                "head_",
                "_.a",
                "_",
                "1.2",
                &"x".repeat(64),
                "__2"
            ]
        );
        for id in ids {
            assert_eq!(RevisionId::check(id), Ok(()));
        }
    }
}
