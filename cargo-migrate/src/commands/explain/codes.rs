//! Every code that people can meet, by where they meet it. Each has a page that `explain` shows.

use migrate_core::{Code, TargetError};
use migrate_sqlx::__cli::discrepancy::Kind;

use crate::doctor::DoctorCode;
use crate::output::failure::Failure;

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
    let failures = Failure::ALL.iter().map(|it| it.code());
    let doctor = DoctorCode::ALL.iter().map(|it| it.code());
    let all: [(&str, Vec<&str>); 6] = [
        (FILES, of_chain(FILES).collect()),
        (LOCK, of_chain(LOCK).collect()),
        (MODELS, of_chain(MODELS).collect()),
        ("refusals", runtime.chain(targets).collect()),
        ("commands", failures.collect()),
        ("doctor", doctor.chain(ledger).collect()),
    ];
    let mut groups: Vec<Group> = Vec::new();
    for (name, codes) in all {
        let is_listed = |code: &&str| groups.iter().any(|group| group.codes.contains(code));
        let codes = codes.into_iter().filter(|code| !is_listed(code)).collect();
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
    fn every_failure_happens_somewhere() {
        let mut unused: BTreeSet<String> =
            (Failure::ALL.iter().map(|it| format!("{it:?}"))).collect();
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut |text| {
                for rest in text.split("Failure::").skip(1) {
                    let end = rest.find(|c: char| !c.is_alphanumeric());
                    unused.remove(&rest[..end.unwrap_or(rest.len())]);
                }
            },
        );
        assert!(unused.is_empty(), "nothing fails with {unused:?}");
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
