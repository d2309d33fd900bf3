//! Reads the time of creation and the revision from a file's name.

use std::collections::BTreeSet;

use migrate_core::RevisionId;

/// Returns the time at the beginning of a file's name as 14 digits, in the forms that most tools
/// write: `20261120T143205_…`, `20261120143205_…`, `2026_11_20_143205_…` or `20261120_…`.
pub(super) fn stamp(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    let mut digits = String::new();
    let mut at = 0;
    for (count, separators) in [
        (4, "-_"),
        (2, "-_"),
        (2, "-_T"),
        (2, "-_:"),
        (2, "-_:"),
        (2, ""),
    ] {
        let group = bytes.get(at..at + count);
        let Some(group) = group.filter(|group| group.iter().all(u8::is_ascii_digit)) else {
            break;
        };
        digits.extend(group.iter().map(|digit| char::from(*digit)));
        at += count;
        if bytes
            .get(at)
            .is_some_and(|byte| separators.contains(char::from(*byte)))
        {
            at += 1;
        }
    }
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let is_date = matches!(number(0..4), Some(1970..=2199))
        && matches!(number(4..6), Some(1..=12))
        && matches!(number(6..8), Some(1..=31));
    if !is_date {
        return None;
    }
    // An incomplete time is not a time: the digits after the date belong to the name.
    if digits.len() < 12 {
        digits.truncate(8);
    }
    Some(format!("{digits:0<14}"))
}

/// Returns the digits of a `created` header, which sort like the times in names.
pub(super) fn digits(created: &str) -> String {
    created
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect()
}

/// Formats a time as a `created` header.
pub(super) fn created(stamp: &str) -> String {
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        &stamp[0..4],
        &stamp[4..6],
        &stamp[6..8],
        &stamp[8..10],
        &stamp[10..12],
        &stamp[12..14]
    )
}

/// Returns a name that sorts in natural order: `v2` before `v10`.
pub(super) fn natural(name: &str) -> String {
    let mut sorted = String::new();
    let mut number = String::new();
    for character in name.chars().chain(['\0']) {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        if !number.is_empty() {
            let digits = number.trim_start_matches('0');
            // The number of digits comes first: a longer number is larger.
            sorted.push(char::from_u32(0x30 + digits.len() as u32).unwrap_or(char::MAX));
            sorted.push_str(digits);
            number.clear();
        }
        sorted.push(character);
    }
    sorted
}

/// Returns a file's name without its extension.
pub(super) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Returns whether `word` is one or several whole words of a file's name.
pub(super) fn holds(name: &str, word: &str) -> bool {
    let stem = stem(name);
    let is_edge = |neighbour: Option<char>| neighbour.is_none_or(|c| !c.is_ascii_alphanumeric());
    !word.is_empty()
        && stem.match_indices(word).any(|(at, _)| {
            is_edge(stem[..at].chars().next_back())
                && is_edge(stem[at + word.len()..].chars().next())
        })
}

/// Returns the revision of a file by its name: one of the known ids without a file, or the id that
/// the template yields.
pub(super) fn revision(
    name: &str,
    template: &str,
    missing: &BTreeSet<String>,
) -> Option<RevisionId> {
    let mut known = missing.iter().filter(|id| holds(name, id));
    if let (Some(id), None) = (known.next(), known.next()) {
        return id.parse().ok();
    }
    let id = by_template(stem(name), template)?;
    // `…_create_users` would match too; ids that `new` generates have a digit.
    let is_made = id.len() >= 4 && id.contains(|c: char| c.is_ascii_digit());
    id.parse().ok().filter(|_| is_made)
}

fn by_template<'a>(mut stem: &'a str, mut template: &str) -> Option<&'a str> {
    let mut id = None;
    while !template.is_empty() {
        let Some(rest) = template.strip_prefix('{') else {
            let end = template.find('{').unwrap_or(template.len());
            let literal = &template[..end];
            template = &template[end..];
            stem = match stem.strip_prefix(literal) {
                Some(rest) => rest,
                // An empty slug leaves no separator before it.
                None if stem.is_empty() => return id,
                None => return None,
            };
            continue;
        };
        let (what, rest) = rest.split_once('}')?;
        template = rest;
        let literal = &template[..template.find('{').unwrap_or(template.len())];
        let end = match what {
            "created" => {
                let end = stem
                    .find(|c: char| !c.is_ascii_digit() && c != 'T')
                    .unwrap_or(stem.len());
                if end < 8 {
                    return None;
                }
                end
            }
            _ if literal.is_empty() => stem.len(),
            _ => stem.find(literal).unwrap_or(stem.len()),
        };
        if what == "id" {
            id = Some(&stem[..end]).filter(|id| !id.is_empty());
        }
        stem = &stem[end..];
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_name() {
        let stamps = |name: &str| stamp(name).unwrap_or_default();
        assert_eq!(stamps("20261120T143205_9f3c_users.sql"), "20261120143205");
        assert_eq!(stamps("20261120143205_9f3c.sql"), "20261120143205");
        assert_eq!(stamps("2026_11_20_143205_users.sql"), "20261120143205");
        assert_eq!(stamps("2026-11-20_users.sql"), "20261120000000");
        assert_eq!(stamps("20261120_9f3c1a.sql"), "20261120000000");
        assert_eq!(stamps("0001_users.sql"), "");
        assert_eq!(stamps("99999999_users.sql"), "");
        assert_eq!(created("20261120143205"), "2026-11-20T14:32:05Z");
    }

    #[test]
    fn names_sort_as_people_count() {
        assert!(natural("v2_b.sql") < natural("v10_a.sql"));
        assert!(natural("0009") < natural("010"));
        assert!(natural("a") < natural("b"));
    }

    #[test]
    fn the_revision_of_a_name() {
        let none = BTreeSet::new();
        let of =
            |name: &str| revision(name, "{created}_{id}_{slug}", &none).map(|id| id.to_string());
        assert_eq!(
            of("20261120T143205_9f3c1a2b77de_create_users.sql").as_deref(),
            Some("9f3c1a2b77de")
        );
        assert_eq!(
            of("20261120T143205_9f3c1a2b77de.sql").as_deref(),
            Some("9f3c1a2b77de")
        );
        assert_eq!(of("20261120T143205_create_users.sql"), None);
        assert_eq!(of("dump.sql"), None);
        let missing = BTreeSet::from(["create".to_owned()]);
        assert_eq!(
            revision("x_create_users.sql", "{id}", &missing)
                .map(|id| id.to_string())
                .as_deref(),
            Some("create")
        );
    }
}
