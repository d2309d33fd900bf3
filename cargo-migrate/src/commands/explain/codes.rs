//! Every code that people can meet, by where they meet it. Each has a page that `explain` shows.

use migrate_core::{Code, TargetError};

use crate::doctor::DoctorCode;
use migrate_sqlx::__cli::discrepancy::Kind;

/// What commands of this package fail with, beside what the other packages refuse.
const FAILURES: &[&str] = &[
    "usage",
    "no-package",
    "cargo-metadata",
    "no-migrations",
    "chain-exists",
    "no-dialect",
    "no-database",
    "unset-variable",
    "malformed-dotenv",
    "no-server",
    "wrong-dialect",
    "extension",
    "scratch",
    "protected",
    "not-confirmed",
    "published",
    "applied",
    "not-applied",
    "nothing-applied",
    "nothing-there",
    "nothing-to-merge",
    "nothing-to-rebase",
    "nothing-to-amend",
    "not-a-head",
    "still-needed",
    "not-deleted",
    "no-revision",
    "no-ledger",
    "ledger-exists",
    "missing-table",
    "models-differ",
    "snapshot",
    "other-database",
    "file-exists",
    "file-changed",
    "no-repository",
    "unknown-reference",
    "no-merge-base",
    "git",
    "no-editor",
    "editor",
    "backup",
    "no-tool",
    "import",
    "alembic",
    "several-environments",
    "folder-in-use",
    "no-version-table",
    "unfinished",
    "io",
    "json",
    "no-randomness",
];

/// Codes that are met in one place.
#[derive(Debug)]
pub(crate) struct Group {
    /// The place, in a word.
    pub(crate) name: &'static str,
    pub(crate) codes: Vec<&'static str>,
}

/// Returns all codes. One that is met in several places is in the first of them.
pub(crate) fn groups() -> Vec<Group> {
    let topic = |name| move |code: &&Code| topic(**code) == name;
    let of_chain = |name| Code::ALL.iter().filter(topic(name)).map(|it| it.as_str());
    let runtime = migrate_sqlx::Error::CODES.iter().copied();
    let targets = TargetError::CODES.iter().copied();
    let ledger = Kind::ALL.iter().map(|it| it.code());
    let doctor = DoctorCode::ALL.iter().map(|it| it.code());
    let all: [(&str, Vec<&str>); 6] = [
        (FILES, of_chain(FILES).collect()),
        (LOCK, of_chain(LOCK).collect()),
        (MODELS, of_chain(MODELS).collect()),
        ("refusals", runtime.chain(targets).collect()),
        ("commands", FAILURES.to_vec()),
        ("doctor", doctor.chain(ledger).collect()),
    ];
    let mut groups: Vec<Group> = Vec::new();
    for (name, codes) in all {
        let is_told = |code: &&str| groups.iter().any(|group| group.codes.contains(code));
        let codes = codes.into_iter().filter(|code| !is_told(code)).collect();
        groups.push(Group { name, codes });
    }
    groups
}

/// Returns all codes, in the order of their groups.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    groups().into_iter().flat_map(|group| group.codes)
}

const FILES: &str = "files";
const LOCK: &str = "lock";
const MODELS: &str = "models";

/// Returns the group of a diagnostic.
const fn topic(code: Code) -> &'static str {
    match code {
        Code::LockMalformed
        | Code::LockMissing
        | Code::LockChanged
        | Code::LockDeleted
        | Code::LockDraft
        | Code::ForkedChain
        | Code::PublishedChanged
        | Code::PublishedDeleted
        | Code::SchemaLockStale
        | Code::SchemaLockMalformed => LOCK,
        _ if code.is_of_models() => MODELS,
        _ => FILES,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_code_is_a_word_that_is_listed_once() {
        let all: Vec<&str> = all().collect();
        let unique: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(unique.len(), all.len());
        for code in all {
            let is_sign = |sign: char| sign.is_ascii_lowercase() || sign == '-';
            assert!(code.chars().all(is_sign), "{code}");
        }
    }

    #[test]
    fn every_failure_of_a_command_is_listed_and_no_other() {
        // What `CommandError::usage` gives.
        let mut given: BTreeSet<String> = ["usage".to_owned()].into();
        let mut others = BTreeSet::new();
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut |text| {
                for call in ["CommandError::failed(", "Self::failed("] {
                    for rest in text.split(call).skip(1) {
                        let argument = rest.trim_start();
                        match argument.strip_prefix('"') {
                            Some(rest) => given.insert(until(rest, '"')),
                            None => others.insert(until(argument, ',')),
                        };
                    }
                }
            },
        );
        // What the other packages refuse keeps its name.
        assert_eq!(others, BTreeSet::from(["error.code()".to_owned()]));
        let all: BTreeSet<String> = all().map(str::to_owned).collect();
        let unlisted: Vec<_> = given.difference(&all).collect();
        assert!(unlisted.is_empty(), "not in FAILURES: {unlisted:?}");
        for listed in FAILURES {
            assert!(given.contains(*listed), "nothing fails with `{listed}`");
        }
    }

    fn until(text: &str, end: char) -> String {
        text.split(end).next().unwrap_or_default().to_owned()
    }

    /// Hands over each source below a folder, but for this one.
    fn read(folder: &Path, to: &mut impl FnMut(&str)) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, to);
            } else if path.extension().is_some_and(|it| it == "rs")
                && path.file_name().is_some_and(|it| it != "codes.rs")
            {
                to(&fs::read_to_string(&path).unwrap());
            }
        }
    }
}
