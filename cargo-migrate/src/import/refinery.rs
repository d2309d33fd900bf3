//! refinery: `V1__words.sql` and `U1__words.sql`; `V1__words.rs` is Rust (refinery-core,
//! `util.rs`).

use super::linear::{Entry, Order, chain, message, whole};
use super::{History, MigrationBody, Note, Sources};
use crate::output::error::CommandError;

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    for file in &sources.files {
        let is_sql = file.name.ends_with(".sql");
        if !is_sql && !file.name.ends_with(".rs") {
            continue;
        }
        let base = file.base();
        let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
        let Some((kind, version, words)) = parse(stem) else {
            if is_sql {
                notes.push(Note::left(
                    &file.at(0),
                    "refinery takes only files named `V<version>__<name>.sql` and `U<version>__<name>.sql`",
                ));
            }
            continue;
        };
        if kind == 'U' {
            // To refinery, `U` is an unversioned migration, not a down migration.
            notes.push(Note::changed(
                &file.at(0),
                "refinery did not order it; here it is ordered by its version",
            ));
        }
        entries.push(Entry {
            version: version.to_owned(),
            message: message(words),
            up: match is_sql {
                true => whole(file, true),
                false => MigrationBody::Left {
                    why: "it is a program in Rust: write what it does as SQL".to_owned(),
                    text: file.text.clone(),
                    place: file.at(1),
                },
            },
            down: MigrationBody::Irreversible("refinery has no down migrations".to_owned()),
            place: file.at(0),
        });
    }
    Ok(chain(sources, entries, notes, Order::Numbers))
}

fn parse(stem: &str) -> Option<(char, &str, &str)> {
    let kind = stem
        .chars()
        .next()
        .filter(|kind| matches!(kind, 'V' | 'U'))?;
    let (version, words) = stem[1..].split_once("__")?;
    version.parse::<u64>().ok()?;
    (!words.is_empty()).then_some((kind, version, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_and_rust() {
        let history = read(&Sources::of(&[
            ("V10__c.sql", "SELECT 3;"),
            (
                "V2__b_x.rs",
                "pub fn migration() -> String { String::new() }",
            ),
            ("V1__a.sql", "SELECT 1;"),
            ("U3__u.sql", "SELECT 3;"),
            ("mod.rs", ""),
            ("x.sql", ""),
        ]))
        .unwrap();
        let seen: Vec<_> = history
            .revisions
            .iter()
            .map(|r| (r.version.as_str(), r.message.as_str()))
            .collect();
        assert_eq!(seen, [("1", "a"), ("2", "b x"), ("3", "u"), ("10", "c")]);
        assert!(matches!(
            &history.revisions[1].up,
            MigrationBody::Left { .. }
        ));
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| note.place.file.as_str())
            .collect();
        assert_eq!(notes, ["old/U3__u.sql", "old/x.sql"]);
    }
}
