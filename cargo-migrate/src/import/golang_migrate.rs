//! golang-migrate: `<version>_<words>.up.sql` and `.down.sql` (its `source/parse.go`).

use super::linear::{Order, Pairs, chain, message, whole};
use super::{History, Note, Sources};
use crate::output::error::CommandError;

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut pairs = Pairs::default();
    for file in sources.ending(".sql") {
        let parsed = parse(&file.name);
        let Some((version, words, is_up)) = parsed else {
            pairs.notes.push(Note::left(
                &file.at(0),
                "golang-migrate takes only files named `<version>_<title>.up.sql` and `.down.sql`",
            ));
            continue;
        };
        pairs.add(version, &message(words), is_up, whole(file, true), file);
    }
    let (entries, notes) = pairs.entries("golang-migrate had no `.down.sql` for it");
    Ok(chain(sources, entries, notes, Order::Numbers))
}

fn parse(name: &str) -> Option<(&str, &str, bool)> {
    let (version, rest) = name.split_once('_')?;
    version.parse::<u64>().ok()?;
    match (rest.strip_suffix(".up.sql"), rest.strip_suffix(".down.sql")) {
        (Some(words), _) => Some((version, words, true)),
        (None, Some(words)) => Some((version, words, false)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_files() {
        let history = read(&Sources::of(&[
            ("000010_c.up.sql", "SELECT 3;"),
            ("000002_b-x.down.sql", "SELECT 2;"),
            ("000002_b-x.up.sql", "SELECT 2;"),
            ("1_a.up.sql", "SELECT 1;"),
            ("2_plain.sql", ""),
            ("deeper/4_d.up.sql", ""),
        ]))
        .unwrap();
        let seen: Vec<_> = history
            .revisions
            .iter()
            .map(|r| (r.version.as_str(), r.message.as_str()))
            .collect();
        assert_eq!(seen, [("1", "a"), ("000002", "b x"), ("000010", "c")]);
        assert_eq!(history.notes.len(), 2);
    }
}
