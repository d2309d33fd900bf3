//! Flyway: `V1.2__words.sql`, `U1.2__words.sql` and `R__words.sql`, in folders of any depth; the
//! same names with `.java` or `.kt` are code (Flyway's manual, "Migrations").

use std::collections::BTreeMap;
use std::path::Path;

use super::linear::{Entry, Order, chain, message, version_key};
use super::source::SourceFile;
use super::{History, MigrationBody, Note, Sources};
use crate::output::error::CommandError;

/// The folders with code beside the resources of a Maven or Gradle project, from the folder with the
/// SQL.
pub(crate) fn code_folders(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap_or_default();
    let mut above = folder.ancestors().enumerate();
    let resources = above.find(|(_, path)| path.file_name().is_some_and(|it| it == "resources"));
    let Some((depth, sources)) =
        resources.and_then(|(depth, path)| Some((depth + 1, path.parent()?)))
    else {
        return Vec::new();
    };
    let languages = ["java", "kotlin"].into_iter();
    languages
        .filter(|language| sources.join(language).is_dir())
        .map(|language| format!("{}{language}", "../".repeat(depth)))
        .collect()
}

pub(super) fn read(sources: &Sources) -> Result<History, CommandError> {
    let mut notes = Vec::new();
    let mut undos: BTreeMap<Vec<(usize, String)>, MigrationBody> = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    for file in &sources.files {
        let is_sql = file.name.ends_with(".sql");
        let language = match file.name.rsplit_once('.') {
            Some((_, "kt")) => "Kotlin",
            _ => "Java",
        };
        if !is_sql && !file.name.ends_with(".java") && !file.name.ends_with(".kt") {
            if file.name.ends_with(".sql.conf")
                || file.base() == "flyway.conf"
                || file.base() == "flyway.toml"
            {
                notes.push(Note::left(&file.at(0), "settings of Flyway are not read"));
            }
            continue;
        }
        let base = file.base();
        let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
        let Some((kind, version, words)) = parse(stem) else {
            if is_sql {
                notes.push(Note::left(
                    &file.at(0),
                    "Flyway takes only files named `V<version>__<description>.sql`; callbacks are not carried over",
                ));
            }
            continue;
        };
        if kind == 'R' && !is_sql {
            notes.push(Note::left(
                &file.at(0),
                format!("a repeatable migration in {language} runs whenever it changes"),
            ));
            continue;
        }
        if kind == 'R' {
            notes.push(Note::left(
                &file.at(0),
                format!(
                    "a repeatable migration runs whenever it changes; put what it creates into a revision: `cargo migrate new \"{}\" --sql {}`",
                    message(words),
                    file.shown
                ),
            ));
            continue;
        }
        let body = match is_sql {
            true => sql(file),
            false => MigrationBody::Left {
                why: format!("it is a program in {language}: write what it does as SQL"),
                text: file.text.clone(),
                place: file.at(1),
            },
        };
        if kind == 'U' {
            undos.insert(version_key(version), body);
            continue;
        }
        if kind == 'B' {
            notes.push(Note::left(
                &file.at(0),
                "a baseline migration stands for those before it, which are all carried over",
            ));
            continue;
        }
        entries.push(Entry {
            version: version.replace('_', "."),
            message: message(words),
            up: body,
            down: MigrationBody::Irreversible("Flyway had no undo migration for it".to_owned()),
            place: file.at(0),
        });
    }
    for entry in &mut entries {
        if let Some(undo) = undos.remove(&version_key(&entry.version)) {
            entry.down = undo;
        }
    }
    for body in undos.into_values() {
        if let MigrationBody::Sql { place, .. } | MigrationBody::Left { place, .. } = body {
            let whole = super::Place { line: 0, ..place };
            notes.push(Note::left(
                &whole,
                "it reverts a migration that does not exist",
            ));
        }
    }
    Ok(chain(sources, entries, notes, Order::Numbers))
}

/// SQL, unless something has to be filled in.
fn sql(file: &SourceFile) -> MigrationBody {
    let place = file.text.lines().enumerate().find_map(|(number, line)| {
        let (_, rest) = line.split_once("${")?;
        let (name, _) = rest.split_once('}')?;
        Some((number + 1, name.to_owned()))
    });
    match place {
        Some((line, name)) if !file.damaged => MigrationBody::Left {
            why: format!("Flyway fills in `${{{name}}}` at line {line}: write its value"),
            text: file.text.clone(),
            place: file.at(1),
        },
        _ => super::linear::whole(file, true),
    }
}

fn parse(stem: &str) -> Option<(char, &str, &str)> {
    let kind = stem
        .chars()
        .next()
        .filter(|kind| matches!(kind, 'V' | 'U' | 'R' | 'B'))?;
    let (version, words) = stem[1..].split_once("__")?;
    let sound = match kind {
        'R' => version.is_empty(),
        _ => {
            version.starts_with(|c: char| c.is_ascii_digit())
                && version
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
        }
    };
    sound.then_some((kind, version, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_undos_and_the_rest() {
        let history = read(&Sources::of(&[
            ("R__views.sql", "CREATE VIEW v AS SELECT 1;"),
            ("U1_1__b.sql", "SELECT 1;"),
            ("U9__gone.sql", "SELECT 1;"),
            ("V1.10__c.sql", "SELECT '${x}';"),
            ("V1__a.sql", "SELECT 1;"),
            ("afterMigrate.sql", "SELECT 1;"),
            ("deeper/V1_1__b_x.sql", "SELECT 1;"),
            ("V2__J.java", "class V2__J {}"),
            ("Other.java", ""),
        ]))
        .unwrap();
        let seen: Vec<_> = history
            .revisions
            .iter()
            .map(|r| (r.version.as_str(), r.message.as_str()))
            .collect();
        assert_eq!(
            seen,
            [("1", "a"), ("1.1", "b x"), ("1.10", "c"), ("2", "J")]
        );
        assert!(matches!(
            &history.revisions[0].down,
            MigrationBody::Irreversible(_)
        ));
        assert!(matches!(
            &history.revisions[1].down,
            MigrationBody::Sql { .. }
        ));
        assert!(matches!(
            &history.revisions[2].up,
            MigrationBody::Left { .. }
        ));
        assert!(matches!(
            &history.revisions[3].up,
            MigrationBody::Left { .. }
        ));
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| note.place.to_string())
            .collect();
        assert_eq!(
            notes,
            [
                "old/R__views.sql",
                "old/afterMigrate.sql",
                "old/U9__gone.sql"
            ]
        );
    }
}
