//! Reads header values that people write but the parser does not accept.

use crate::names;
use migrate_core::__support::is_timestamp;
use migrate_core::RevisionId;

/// The contents of a list of ids or labels.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// The words that can be ids.
    pub(super) words: Vec<String>,
    /// Set if the list has a name for a place that is not a revision, such as `head`.
    pub(super) place: bool,
}

impl List {
    /// Reads a list in any notation: with quotes, brackets, blanks for commas, duplicates.
    pub(super) fn read(value: &str) -> Self {
        let mut list = Self::default();
        for part in value.split(',') {
            let part = part.trim_matches(|c: char| c.is_whitespace() || "()[]".contains(c));
            let words: Vec<&str> = part.split_whitespace().map(bare).collect();
            let words =
                match words.len() > 1 && words.iter().all(|word| RevisionId::check(word).is_ok()) {
                    true => words,
                    false => vec![bare(part)],
                };
            for word in words {
                match word {
                    "" | "-" | "base" => {}
                    "head" | "heads" | "current" => list.place = true,
                    word => {
                        let id = as_id(word).unwrap_or_else(|| word.to_owned());
                        if !list.words.contains(&id) {
                            list.words.push(id);
                        }
                    }
                }
            }
        }
        list
    }
}

/// Returns a word without the quotes and the `.sql` of other notations.
pub(super) fn bare(word: &str) -> &str {
    word.trim()
        .trim_matches(|c| matches!(c, '"' | '\'' | '`'))
        .trim()
}

/// Returns the id for a word, with `_` for characters that an id cannot have; `None` if nothing is
/// left.
pub(super) fn as_id(word: &str) -> Option<String> {
    if RevisionId::check(word).is_ok() {
        return Some(word.to_owned());
    }
    let allowed = |c: char| match c.is_ascii_alphanumeric() || matches!(c, '_' | '.') {
        true => c,
        false => '_',
    };
    let id: String = word
        .chars()
        .map(allowed)
        .take(RevisionId::MAX_LEN)
        .collect();
    let id = id.trim_start_matches('.').to_owned();
    let says_something = id.contains(|c: char| c.is_ascii_alphanumeric());
    (says_something && RevisionId::check(&id).is_ok()).then_some(id)
}

/// Returns the time of a `created` line in the only form that is accepted.
pub(super) fn time(value: &str) -> Option<String> {
    let value = bare(value);
    let utc = ["Z", "z", " UTC", "+00:00", "-00:00"];
    let local = utc
        .iter()
        .find_map(|zone| value.strip_suffix(zone))
        .unwrap_or(value);
    let (date, clock) = local.split_once(['T', 't', ' ']).unwrap_or((local, ""));
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || b"-:/._".contains(&byte))
    };
    if !digits(date) || !digits(clock) {
        return None;
    }
    let clock = clock.split('.').next().unwrap_or_default();
    let stamp = names::stamp(&format!("{}T{}", date.replace(['/', '.'], "-"), clock))?;
    Some(names::created(&stamp)).filter(|time| is_timestamp(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_however_it_is_written() {
        let read = |value: &str| List::read(value).words.join(" ");
        assert_eq!(read("a, b"), "a b");
        assert_eq!(read("a b,,a"), "a b");
        assert_eq!(read("('a', \"b\")"), "a b");
        assert_eq!(read("add-users"), "add_users");
        assert_eq!(read("-"), "");
        assert!(List::read("head").place);
    }

    #[test]
    fn a_time_is_read_however_it_is_written() {
        for value in [
            "2026-11-20 14:32:05",
            "2026-11-20T14:32:05.123456",
            "2026/11/20 14:32:05 UTC",
            "2026-11-20T14:32:05+00:00",
        ] {
            assert_eq!(
                time(value).as_deref(),
                Some("2026-11-20T14:32:05Z"),
                "{value}"
            );
        }
        assert_eq!(time("2026-11-20").as_deref(), Some("2026-11-20T00:00:00Z"));
        // Without a calendar the offset from UTC cannot be applied, and a wrong hour is a wrong
        // order.
        assert_eq!(time("2026-11-20T14:32:05+02:00"), None);
        assert_eq!(time("yesterday"), None);
    }
}
