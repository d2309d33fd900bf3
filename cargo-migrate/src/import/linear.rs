//! What the tools with a linear history have in common.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::source::{Place, SourceFile, Sources};
use super::{History, Migration, MigrationBody, Note};

/// A migration before it has its place.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) version: String,
    pub(super) message: String,
    pub(super) up: MigrationBody,
    pub(super) down: MigrationBody,
    pub(super) place: Place,
}

/// How a tool orders its migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By the numbers in their versions; one number is one version, however it is written.
    Numbers,
    /// By their versions as text.
    Versions,
    /// By the names of their files as text; the version itself is text too.
    FileNames,
}

/// What identifies a migration, or orders it.
pub(super) type Key = Vec<(usize, String)>;

impl Order {
    /// Returns whether both are the same version.
    pub(super) fn same(self, one: &str, other: &str) -> bool {
        self.identity(one) == self.identity(other)
    }

    fn identity(self, version: &str) -> Key {
        match self {
            Self::Numbers => version_key(version),
            Self::Versions | Self::FileNames => vec![(0, version.to_owned())],
        }
    }

    fn key(self, entry: &Entry) -> Key {
        match self {
            Self::Numbers | Self::Versions => self.identity(&entry.version),
            Self::FileNames => file_name(&entry.place),
        }
    }

    /// Returns what orders a migration that was read, also among those of other folders.
    pub(super) fn of(self, migration: &Migration) -> Key {
        match self {
            Self::Numbers | Self::Versions => self.identity(&migration.version),
            Self::FileNames => file_name(&migration.place),
        }
    }
}

fn file_name(place: &Place) -> Key {
    let name = place.file.rsplit('/').next().unwrap_or_default();
    vec![(0, name.to_owned())]
}

/// Numbers of a version, which can be compared: `1.10` comes after `1.9`, and `0001` is 1.
pub(super) fn version_key(version: &str) -> Key {
    let mut parts: Vec<_> = version
        .split(['.', '_', '-'])
        .map(|part| {
            let part = part.trim_start_matches('0');
            (part.len(), part.to_owned())
        })
        .collect();
    while parts.last().is_some_and(|(length, _)| *length == 0) {
        parts.pop();
    }
    parts
}

/// The time in a version of 14 digits, which diesel follows with 4 more, or of 10, which are seconds
/// since 1970; else empty.
pub(super) fn created(version: &str) -> String {
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let made = match digits.len() {
        14 | 18 => DateTime::strptime("%Y%m%d%H%M%S", &digits[..14]).ok(),
        10 if digits.len() == version.len() => digits
            .parse()
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .map(|time| time.to_zoned(jiff::tz::TimeZone::UTC).datetime()),
        _ => None,
    };
    made.filter(|made| (1970..2200).contains(&made.year()))
        .map(|made| made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

/// Links migrations in the order of the tool.
pub(super) fn chain(
    sources: &Sources,
    entries: Vec<Entry>,
    notes: Vec<Note>,
    order: Order,
) -> History {
    let mut history = sources.history();
    history.notes.extend(notes);
    let mut distinct: BTreeMap<Key, Entry> = BTreeMap::new();
    for entry in entries {
        let key = order.identity(&entry.version);
        match distinct.get(&key) {
            Some(first) => history.notes.push(Note::left(
                &entry.place,
                format!(
                    "`{}` has the same version `{}`; each version must be one migration",
                    first.place, first.version
                ),
            )),
            None => {
                distinct.insert(key, entry);
            }
        }
    }
    let mut sorted: Vec<Entry> = distinct.into_values().collect();
    sorted.sort_by_cached_key(|entry| order.key(entry));
    let mut parents = Vec::new();
    for entry in sorted {
        let parent = vec![entry.version.clone()];
        history.revisions.push(Migration {
            parents: std::mem::replace(&mut parents, parent),
            depends_on: Vec::new(),
            labels: Vec::new(),
            created: created(&entry.version),
            version: entry.version,
            message: entry.message,
            up: entry.up,
            down: entry.down,
            place: entry.place,
        });
    }
    history
}

/// Puts a migration where its version belongs.
pub(super) fn insert(revisions: &mut Vec<Migration>, migration: Migration, order: Order) {
    let key = order.identity(&migration.version);
    let at = revisions.partition_point(|other| order.identity(&other.version) < key);
    let mut migration = migration;
    migration.parents = match at.checked_sub(1).map(|before| &revisions[before]) {
        Some(before) => vec![before.version.clone()],
        None => Vec::new(),
    };
    if let Some(next) = revisions.get_mut(at) {
        next.parents = vec![migration.version.clone()];
    }
    revisions.insert(at, migration);
}

/// Files of which each direction has its own, by version.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pairs: BTreeMap<String, Pair>,
    pub(super) notes: Vec<Note>,
}

#[derive(Debug, Default)]
struct Pair {
    message: String,
    up: Option<(MigrationBody, Place)>,
    down: Option<(MigrationBody, Place)>,
}

impl Pairs {
    /// Adds a file.
    pub(super) fn add(
        &mut self,
        version: &str,
        message: &str,
        is_up: bool,
        body: MigrationBody,
        file: &SourceFile,
    ) {
        let pair = self.pairs.entry(version.to_owned()).or_default();
        if pair.message.is_empty() || is_up {
            message.clone_into(&mut pair.message);
        }
        let side = match is_up {
            true => &mut pair.up,
            false => &mut pair.down,
        };
        match side {
            Some((_, first)) => self.notes.push(Note::left(
                &file.at(0),
                format!("`{}` is of version `{version}` too", first.file),
            )),
            None => *side = Some((body, file.at(0))),
        }
    }

    /// Returns what belongs together; a down migration without its up migration is a note.
    pub(super) fn entries(self, no_down: &str) -> (Vec<Entry>, Vec<Note>) {
        let mut notes = self.notes;
        let mut entries = Vec::new();
        for (version, pair) in self.pairs {
            match (pair.up, pair.down) {
                (Some((up, place)), down) => entries.push(Entry {
                    version,
                    message: pair.message,
                    up,
                    down: down.map_or_else(
                        || MigrationBody::Irreversible(no_down.to_owned()),
                        |(down, _)| down,
                    ),
                    place,
                }),
                (None, Some((_, place))) => {
                    notes.push(Note::left(
                        &place,
                        "it reverts a migration that does not exist",
                    ));
                }
                (None, None) => {}
            }
        }
        (entries, notes)
    }
}

/// The part of a name after its version, as people read it.
pub(super) fn message(words: &str) -> String {
    words.replace(['_', '-'], " ").trim().to_owned()
}

/// A file that is not UTF-8 cannot be run.
pub(super) fn damaged(file: &SourceFile) -> Option<MigrationBody> {
    file.damaged.then(|| MigrationBody::Left {
        why: "it is not UTF-8: convert it, for example with `iconv -t UTF-8`, and import again"
            .to_owned(),
        text: file.text.clone(),
        place: file.at(1),
    })
}

/// SQL that begins on the first line of a file.
pub(super) fn whole(file: &SourceFile, transaction: bool) -> MigrationBody {
    if let Some(damaged) = damaged(file) {
        return damaged;
    }
    MigrationBody::Sql {
        text: file.text.clone(),
        transaction,
        place: file.at(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version_key("0001"), version_key("1"));
        assert_eq!(version_key("1.0"), version_key("1"));
        assert_eq!(version_key("1_2"), version_key("1.2"));
        assert!(version_key("9") < version_key("10"));
        assert!(version_key("1.9") < version_key("1.10"));
        assert!(version_key("1") < version_key("1.1"));
        assert!(version_key("20240101120000") < version_key("20240101120001"));
    }

    #[test]
    fn times_are_read_from_versions() {
        for (version, time) in [
            ("20240131120405", "2024-01-31T12:04:05Z"),
            ("2024-01-31-120405", "2024-01-31T12:04:05Z"),
            ("20240231120405", ""),
            ("20240131", ""),
            ("0001", ""),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("202401311204050001", "2024-01-31T12:04:05Z"),
            ("99999999999999", ""),
        ] {
            assert_eq!(created(version), time, "{version}");
        }
    }
}
