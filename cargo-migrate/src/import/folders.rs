//! A folder for each database: the same version in each of them is one migration.

use migrate_core::Dialects;

use super::{History, Migration, MigrationBody, Note, Tool};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::phrase::enumerated;

/// The migrations for some databases.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// None if they are unknown.
    pub(crate) dialects: Dialects,
    /// The folder, as people can find it.
    pub(crate) folder: String,
    pub(crate) history: History,
}

/// Gives all parts the same versions in the same order. One that a part does not have does nothing
/// there.
///
/// # Errors
///
/// The folders are numbered differently: a version is one migration in one, and another in the next.
pub(crate) fn align(tool: Tool, parts: &mut [Part]) -> Result<(), CommandError> {
    refuse_other_numbers(tool, parts)?;
    let mut all: Vec<Migration> = Vec::new();
    for part in &*parts {
        let is_new = |migration: &&Migration| position(tool, &all, migration).is_none();
        let new: Vec<Migration> = part
            .history
            .revisions
            .iter()
            .filter(is_new)
            .cloned()
            .collect();
        all.extend(new);
    }
    all.sort_by_cached_key(|migration| tool.order().of(migration));
    let mut before = Vec::new();
    for migration in &mut all {
        let this = vec![migration.version.clone()];
        migration.parents = std::mem::replace(&mut before, this);
    }
    let folders = |migration: &Migration| {
        let has = |part: &&Part| position(tool, &part.history.revisions, migration).is_some();
        let folders = parts.iter().filter(has);
        folders.map(|part| part.folder.clone()).collect::<Vec<_>>()
    };
    let owners: Vec<Vec<String>> = all.iter().map(folders).collect();
    let count = parts.len();
    for (number, part) in parts.iter_mut().enumerate() {
        let own = std::mem::take(&mut part.history.revisions);
        for (each, owners) in all.iter().zip(&owners) {
            let there = position(tool, &own, each).map(|at| own[at].clone());
            if number == 0 && owners.len() < count {
                part.history.notes.push(Note::changed(
                    &each.place,
                    "not every database has it: on the others it does nothing",
                ));
            }
            if let Some(there) = &there
                && there.message != each.message
            {
                part.history.notes.push(Note::changed(
                    &there.place,
                    format!(
                        "`{}` is the same version and called `{}`, as the revision is",
                        each.place, each.message
                    ),
                ));
            }
            part.history.revisions.push(match there {
                Some(there) => Migration {
                    up: there.up,
                    down: there.down,
                    place: there.place,
                    ..each.clone()
                },
                None => Migration {
                    up: nothing(each, owners),
                    down: nothing(each, owners),
                    ..each.clone()
                },
            });
        }
    }
    Ok(())
}

fn position(tool: Tool, migrations: &[Migration], migration: &Migration) -> Option<usize> {
    let mut migrations = migrations.iter();
    migrations.position(|other| tool.same(&other.version, &migration.version))
}

/// What a database does for a version that only others have.
fn nothing(migration: &Migration, folders: &[String]) -> MigrationBody {
    MigrationBody::Sql {
        text: format!("-- it is only in {}\nSELECT 1;\n", enumerated(folders)),
        transaction: true,
        place: migration.place.clone(),
    }
}

/// Refuses folders of which one has a migration at another version than the other.
fn refuse_other_numbers(tool: Tool, parts: &[Part]) -> Result<(), CommandError> {
    for (at, one) in parts.iter().enumerate() {
        for other in &parts[at + 1..] {
            let (ours, theirs) = (&one.history.revisions, &other.history.revisions);
            for migration in ours {
                let words = &migration.message;
                let here = position(tool, theirs, migration).map(|at| &theirs[at]);
                let (Some(here), Some(_), Some(moved)) =
                    (here, named(ours, words), named(theirs, words))
                else {
                    continue;
                };
                if tool.same(&moved.version, &migration.version) {
                    continue;
                }
                return Err(CommandError::new(
                    Failure::Import,
                    format!(
                        "version `{}` is `{words}` in `{}` and `{}` in `{}`, where `{words}` is `{}`",
                        migration.version, one.folder, here.message, other.folder, moved.version
                    ),
                )
                .help(format!(
                    "one chain needs the same versions: import each folder as a chain of its own, such as `cargo migrate import {} {}`, with another `dir` in its migrate.toml",
                    tool.word(),
                    one.folder
                )));
            }
        }
    }
    Ok(())
}

/// The migration that is called so, if it is the only one.
fn named<'m>(migrations: &'m [Migration], words: &str) -> Option<&'m Migration> {
    let mut named = migrations.iter().filter(|each| each.message == words);
    named
        .next()
        .filter(|_| named.next().is_none() && !words.is_empty())
}
