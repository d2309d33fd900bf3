//! diesel: `<version>_<words>/up.sql`, `down.sql` and `metadata.toml` (`migrations_internals`).

use std::collections::BTreeMap;

use super::linear::{Entry, Order, chain, message, whole};
use super::{History, MigrationBody, Note, Sources};
use crate::output::error::CommandError;

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut notes = Vec::new();
    let mut folders: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (index, file) in sources.files.iter().enumerate() {
        match file.name.rsplit_once('/') {
            Some((folder, base @ ("up.sql" | "down.sql" | "metadata.toml"))) => {
                folders.entry(folder).or_default().insert(base, index);
            }
            _ if file.name.ends_with(".sql") => notes.push(Note::left(
                &file.at(0),
                "diesel takes only `up.sql` and `down.sql` of a folder",
            )),
            _ => {}
        }
    }
    let mut entries = Vec::new();
    for (folder, files) in folders {
        let file = |base: &str| files.get(base).map(|index| &sources.files[*index]);
        let base = folder.rsplit('/').next().unwrap_or(folder);
        let (written, words) = base.split_once('_').unwrap_or((base, ""));
        // In the version table it is without the separators of the date.
        let version = written.replace('-', "");
        let Some(up) = file("up.sql") else {
            if let Some(other) = file("down.sql") {
                notes.push(Note::left(&other.at(0), "its folder has no `up.sql`"));
            }
            continue;
        };
        let mut transaction = true;
        if let Some(metadata) = file("metadata.toml") {
            match metadata.text.parse::<toml::Table>() {
                Ok(table) => {
                    let said = table.get("run_in_transaction");
                    transaction = said.and_then(toml::Value::as_bool).unwrap_or(true);
                    for key in table.keys().filter(|key| *key != "run_in_transaction") {
                        notes.push(Note::left(
                            &metadata.at(0),
                            format!("unknown setting `{key}`"),
                        ));
                    }
                }
                Err(error) => notes.push(Note::left(&metadata.at(0), error.message().to_owned())),
            }
        }
        entries.push(Entry {
            version,
            message: message(words),
            up: whole(up, transaction),
            down: file("down.sql").map_or_else(
                || MigrationBody::Irreversible("diesel had no `down.sql` for it".to_owned()),
                |down| whole(down, transaction),
            ),
            place: up.at(0),
        });
    }
    Ok(chain(sources, entries, notes, Order::Versions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_files() {
        let history = read(&Sources::of(&[
            ("00000000000000_diesel_initial_setup/down.sql", "SELECT 0;"),
            ("00000000000000_diesel_initial_setup/up.sql", "SELECT 0;"),
            (
                "2024-01-31-120405_create_users/metadata.toml",
                "run_in_transaction = false\n",
            ),
            ("2024-01-31-120405_create_users/up.sql", "SELECT 1;"),
            ("2024-02-31-120405_x/down.sql", "SELECT 1;"),
            ("2024-03-01-120405-0001_y/up.sql", "SELECT 1;"),
            ("stray.sql", ""),
        ]))
        .unwrap();
        let seen: Vec<_> = history
            .revisions
            .iter()
            .map(|r| (r.version.as_str(), r.created.as_str(), r.message.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("00000000000000", "", "diesel initial setup"),
                ("20240131120405", "2024-01-31T12:04:05Z", "create users"),
                ("202403011204050001", "2024-03-01T12:04:05Z", "y"),
            ]
        );
        assert!(matches!(
            &history.revisions[1].up,
            MigrationBody::Sql {
                transaction: false,
                ..
            }
        ));
        assert!(matches!(
            &history.revisions[1].down,
            MigrationBody::Irreversible(_)
        ));
        assert_eq!(history.notes.len(), 2);
    }
}
