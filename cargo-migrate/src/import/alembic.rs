//! Alembic: the graph from the Python files, which are read and not run, and the SQL from what
//! `alembic upgrade --sql` and `downgrade --sql` write.

mod docstring;
pub(crate) mod offline;
pub(crate) mod program;
pub(crate) mod recorder;
mod settings;
pub(crate) mod split_sql;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(crate) use settings::{home, outside};

use docstring::Docstring;
use settings::{Environment, several};

use super::python::{Assigned, Module, Scope, Value};
use super::source::SourceFile;
use super::{History, Migration, MigrationBody, Note, Place, Sources};
use crate::output::error::CommandError;
use crate::output::phrase::counted;

/// Reads the graph; no revision has SQL yet.
pub(super) fn graph(sources: &Sources) -> Result<History, CommandError> {
    let mut history = sources.history();
    let environment = Environment::of(sources)?;
    // Without an alembic.ini, a file that names a revision is one.
    let is_anywhere = environment.is_none();
    let environment = environment.unwrap_or_default();
    // Other files of the project do not matter.
    let is_near = |note: &Note| {
        let mut near = environment.folders.iter();
        is_anywhere || near.any(|folder| note.place.file.contains(folder.as_str()))
    };
    history.notes.retain(is_near);
    let mut files: Vec<(bool, &SourceFile)> = sources
        .ending(".py")
        .filter(|file| !matches!(file.base(), "env.py" | "__init__.py"))
        .filter_map(|file| match is_anywhere {
            true => Some((false, file)),
            false => Some((environment.is_below(file)?, file)),
        })
        .collect();
    // Files in Alembic's own folders come before those in folders below.
    files.sort_by_key(|(is_below, _)| *is_below);
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let mut below = Vec::new();
    let mut twins: BTreeMap<[String; 2], usize> = BTreeMap::new();
    for (is_below, file) in files {
        let Some((revision, migration)) = of_file(file, sources, is_anywhere, &mut history.notes)
        else {
            continue;
        };
        if let Some(first) = seen.get(&migration.version) {
            let mut pair = [folder_of(&first.file), folder_of(&file.shown)];
            pair.sort_unstable();
            if !Path::new(pair[1]).starts_with(pair[0]) {
                *twins.entry(pair.map(str::to_owned)).or_default() += 1;
            }
            history.notes.push(Note::left(
                &file.at(revision),
                format!("`{}` is a revision of `{first}` too", migration.version),
            ));
            continue;
        }
        seen.insert(migration.version.clone(), migration.place.clone());
        match is_below {
            true => below.push(migration),
            false => history.revisions.push(migration),
        }
    }
    // One file may be a copy. If more are the same, each folder is the history of a database.
    if let Some((folders, _)) = twins.iter().find(|(_, count)| **count > 1) {
        return Err(several(&folders.each_ref().map(String::as_str)));
    }
    linked(&mut history, below);
    history.revisions = in_order(history.revisions);
    Ok(history)
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Reads a file: the line of its id, and the revision. Returns `None` if it is not a revision.
fn of_file(
    file: &SourceFile,
    sources: &Sources,
    is_anywhere: bool,
    notes: &mut Vec<Note>,
) -> Option<(usize, Migration)> {
    let module = Module::read(&file.text);
    let scope = Scope {
        module: &module,
        file: &file.name,
        sources,
    };
    let has_parents = module.names.contains_key("down_revision");
    let Some(revision) = scope.value("revision") else {
        if has_parents {
            notes.push(Note::left(
                &file.at(0),
                "it has a `down_revision` but no `revision`",
            ));
        } else if let Some(line) = module.broken {
            notes.push(Note::left(
                &file.at(line),
                "it is not valid Python from here on, and names no revision before",
            ));
        } else if !is_anywhere {
            notes.push(Note::left(&file.at(0), "it names no revision"));
        }
        return None;
    };
    if is_anywhere && !has_parents {
        return None;
    }
    let Value::Text(version) = revision.value else {
        notes.push(Note::left(
            &file.at(revision.line),
            "its `revision` is not a literal, and its value is known only by running it",
        ));
        return None;
    };
    Some((revision.line, migration(file, scope, version, notes)))
}

/// Adds those of the folders below that belong to the others: Alembic reads them only if configured
/// to, possibly in env.py, and an archive of squashed revisions is not part of the history.
fn linked(history: &mut History, mut below: Vec<Migration>) {
    let mut known: BTreeSet<String> = history
        .revisions
        .iter()
        .flat_map(|migration| {
            let needs = migration.parents.iter().chain(&migration.depends_on);
            needs.chain([&migration.version]).cloned()
        })
        .collect();
    let is_alone = history.revisions.is_empty();
    loop {
        let belongs = |migration: &Migration| {
            let mut needs = migration.parents.iter().chain(&migration.depends_on);
            is_alone || known.contains(&migration.version) || needs.any(|need| known.contains(need))
        };
        let (taken, left): (Vec<_>, Vec<_>) = below.into_iter().partition(belongs);
        below = left;
        if taken.is_empty() {
            break;
        }
        for migration in taken {
            known.extend(migration.parents.iter().cloned());
            known.extend(migration.depends_on.iter().cloned());
            known.insert(migration.version.clone());
            history.revisions.push(migration);
        }
    }
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for migration in &below {
        let folder = folder_of(&migration.place.file).to_owned();
        *folders.entry(folder).or_default() += 1;
    }
    for (file, count) in folders {
        history.notes.push(Note::left(
            &Place { file, line: 0 },
            format!(
                "{} that no other leads to; Alembic reads the folder only with `recursive_version_locations`",
                counted(count, "revision")
            ),
        ));
    }
}

fn migration(
    file: &SourceFile,
    scope: Scope<'_>,
    version: String,
    notes: &mut Vec<Note>,
) -> Migration {
    let module = scope.module;
    let mut names = |name: &str| {
        let Some(Assigned { value, line }) = scope.value(name) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let whole = texts(&value, &mut found);
        if !whole {
            notes.push(Note::left(
                &file.at(line),
                format!("its `{name}` is not a literal, and its value is known only by running it"),
            ));
        }
        found
    };
    let parents = names("down_revision");
    let depends_on = names("depends_on");
    let labels = names("branch_labels");
    if let Some(line) = module.broken {
        notes.push(Note::left(
            &file.at(line),
            "it is not valid Python from here on",
        ));
    }
    let docstring = Docstring::new(module, file.base(), &version);
    let place = file.at(0);
    let line = |name: &str| {
        let function = module
            .functions
            .iter()
            .find(|function| function.name == name);
        file.at(function.map_or(0, |function| function.line))
    };
    let none = |name: &str| MigrationBody::Left {
        why: format!("there is no SQL for its `{name}()`"),
        text: String::new(),
        place: line(name),
    };
    Migration {
        version,
        parents,
        depends_on,
        labels,
        message: docstring.message,
        created: docstring.created,
        up: none("upgrade"),
        down: none("downgrade"),
        place,
    }
}

/// Collects texts; returns true if there was nothing else.
fn texts(value: &Value, found: &mut Vec<String>) -> bool {
    match value {
        Value::None => true,
        Value::Text(text) => {
            if !found.contains(text) {
                found.push(text.clone());
            }
            true
        }
        Value::List(values) => values.iter().filter(|value| !texts(value, found)).count() == 0,
        Value::Name(_) | Value::Joined(_) | Value::Unknown => false,
    }
}

/// Parents and dependencies first, and else by time and name.
fn in_order(revisions: Vec<Migration>) -> Vec<Migration> {
    let mut waiting: BTreeMap<(String, String), Migration> = revisions
        .into_iter()
        .map(|revision| {
            (
                (revision.created.clone(), revision.version.clone()),
                revision,
            )
        })
        .collect();
    let all: BTreeSet<String> = waiting
        .values()
        .map(|revision| revision.version.clone())
        .collect();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut ordered = Vec::new();
    loop {
        let ready: Vec<_> = waiting
            .iter()
            .filter(|(_, revision)| {
                let mut needs = revision.parents.iter().chain(&revision.depends_on);
                needs.all(|need| done.contains(need) || !all.contains(need))
            })
            .map(|(key, _)| key.clone())
            .collect();
        if ready.is_empty() {
            // A cycle, which the check of the chain reports.
            ordered.extend(waiting.into_values());
            return ordered;
        }
        for key in ready {
            if let Some(revision) = waiting.remove(&key) {
                done.insert(revision.version.clone());
                ordered.push(revision);
            }
        }
    }
}

/// The lines of a function, verbatim.
fn source_of(text: &str, function: &str) -> String {
    let module = Module::read(text);
    let found = module.functions.iter().find(|found| found.name == function);
    let lines = found.map(|found| {
        let count = found.last.saturating_sub(found.line) + 1;
        text.lines().skip(found.line - 1).take(count)
    });
    lines
        .into_iter()
        .flatten()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The name and the line of something in a function of a revision, or in one of the same file that
/// it calls, that its SQL may not show.
fn found_in(text: &str, function: &str, looked_for: &[&str]) -> Option<(String, usize)> {
    let module = Module::read(text);
    let mut wanted = vec![function];
    let mut at = 0;
    while let Some(name) = wanted.get(at).copied() {
        at += 1;
        let found = module.functions.iter().find(|found| found.name == name);
        for (word, line) in found.into_iter().flat_map(|found| &found.words) {
            if looked_for.contains(&word.as_str()) {
                return Some((word.clone(), *line));
            }
            let called = module.functions.iter().any(|found| found.name == *word);
            if called && !wanted.contains(&word.as_str()) {
                wanted.push(word);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(id: &str, down: &str, more: &str) -> String {
        format!(
            "\"\"\"add {id}\n\nRevision ID: {id}\nCreate Date: 2024-01-02 03:04:05.678\n\"\"\"\nrevision = '{id}'\ndown_revision = {down}\n{more}\ndef upgrade():\n    pass\n"
        )
    }

    #[test]
    fn a_graph_with_everything() {
        let a = revision("a", "None", "branch_labels = ('main',)");
        let b = revision("b", "'a'", "");
        let c = revision("c", "'a'", "depends_on = ['x', 'main']");
        let d = revision("d", "('b', 'c')", "");
        let x = revision("x", "NOTHING", "branch_labels = (EXPAND,)");
        let history = graph(&Sources::of(&[
            ("alembic.ini", "[alembic]\n# comment\nscript_location = %(here)s/db\n[loggers]\nscript_location = no\n"),
            ("db/env.py", "revision = 'no'"),
            ("db/versions/d.py", &d),
            ("db/versions/a.py", &a),
            ("db/versions/b.py", &b),
            ("db/versions/deep/c.py", &c),
            ("db/versions/x.py", &x),
            ("db/versions/helper.py", "x = 1"),
            ("tests/y.py", &revision("y", "None", "")),
        ]))
        .unwrap();
        let seen: Vec<_> = history
            .revisions
            .iter()
            .map(|r| {
                format!(
                    "{} {:?} {:?} {:?}",
                    r.version, r.parents, r.depends_on, r.labels
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                "a [] [] [\"main\"]",
                "x [] [] []",
                "b [\"a\"] [] []",
                "c [\"a\"] [\"x\", \"main\"] []",
                "d [\"b\", \"c\"] [] []",
            ]
        );
        let first = &history.revisions[0];
        assert_eq!(
            (first.message.as_str(), first.created.as_str()),
            ("add a", "2024-01-02T03:04:05.678Z")
        );
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| format!("{}: {}", note.place, note.text))
            .collect();
        assert_eq!(
            notes,
            [
                "old/db/versions/x.py:7: its `down_revision` is not a literal, and its value is known only by running it",
                "old/db/versions/x.py:8: its `branch_labels` is not a literal, and its value is known only by running it",
                "old/db/versions/helper.py: it names no revision",
            ]
        );
    }

    fn versions(history: &History) -> Vec<&str> {
        let revisions = history.revisions.iter();
        revisions.map(|r| r.version.as_str()).collect()
    }

    #[test]
    fn folders_below_belong_where_something_leads_there() {
        let ini = "[alembic]\nscript_location = db\n";
        let (squashed, old) = (revision("c", "None", ""), revision("c", "'b'", ""));
        let (a, b) = (revision("a", "None", ""), revision("b", "'a'", ""));
        let (d, e) = (revision("d", "'c'", ""), revision("e", "'d'", ""));
        let files = |ini| {
            Sources::of(&[
                ("alembic.ini", ini),
                ("db/versions/archive/a.py", &a),
                ("db/versions/archive/b.py", &b),
                ("db/versions/archive/c.py", &old),
                ("db/versions/c.py", &squashed),
                ("db/versions/later/d.py", &d),
                ("db/versions/later/more/e.py", &e),
            ])
        };
        let history = graph(&files(ini)).unwrap();
        assert_eq!(versions(&history), ["c", "d", "e"]);
        let notes: Vec<_> = history
            .notes
            .iter()
            .map(|note| note.place.to_string())
            .collect();
        assert_eq!(
            notes,
            ["old/db/versions/archive/c.py:6", "old/db/versions/archive"]
        );
        let all = graph(&files(&format!(
            "{ini}recursive_version_locations = true\n"
        )))
        .unwrap();
        assert_eq!(all.revisions.len(), 5);
    }

    #[test]
    fn each_environment_is_a_history_of_its_own() {
        let (a, b) = (revision("a", "None", ""), revision("b", "None", ""));
        let ini = "[alembic]\nscript_location = db\n";
        let refused = graph(&Sources::of(&[
            ("one/alembic.ini", ini),
            ("one/db/versions/a.py", &a),
            ("deep/two/alembic.ini", ini),
            ("deep/two/db/versions/b.py", &b),
        ]))
        .unwrap_err();
        assert!(
            format!("{refused:?}").contains("`deep/two`, `one`"),
            "{refused:?}"
        );
        let refused = graph(&Sources::of(&[
            ("left/a.py", &a),
            ("left/b.py", &b),
            ("right/a.py", &a),
            ("right/b.py", &b),
        ]))
        .unwrap_err();
        assert!(
            format!("{refused:?}").contains("`old/left`, `old/right`"),
            "{refused:?}"
        );
        // The folder's own settings count, as for Alembic.
        let history = graph(&Sources::of(&[
            ("alembic.ini", ini),
            ("db/versions/a.py", &a),
            ("tests/alembic.ini", ini),
            ("tests/db/versions/b.py", &b),
        ]))
        .unwrap();
        assert_eq!(versions(&history), ["a"]);
        // Two that have the same folder are one.
        let ini = "[alembic]\nscript_location = x\nversion_locations = %(here)s/../versions\n";
        let history = graph(&Sources::of(&[
            ("one/alembic.ini", ini),
            ("two/alembic.ini", ini),
            ("versions/a.py", &a),
        ]))
        .unwrap();
        assert_eq!(versions(&history), ["a"]);
    }

    #[test]
    fn where_the_settings_say_that_revisions_are() {
        let a = revision("a", "None", "");
        for (file, ini, versions_in) in [
            (
                "shop/alembic.ini",
                "[alembic]\nscript_location = shop:data:migrations\n",
                "shop/data/migrations/versions",
            ),
            // The folder that was read lies within the package.
            (
                "alembic.ini",
                "[alembic]\nscript_location = shop:data:migrations\n",
                "migrations/versions",
            ),
            (
                "alembic.ini",
                "[alembic]\nscript_location = x\nversion_locations = %(here)s/../shared\n",
                "../shared",
            ),
            // Flask-Migrate sets the folder at run time.
            (
                "migrations/alembic.ini",
                "[alembic]\nfile_template = x\n[loggers]\n",
                "migrations/versions",
            ),
            (
                "pyproject.toml",
                "[tool.alembic]\nscript_location = \"%(here)s/db\"\n",
                "db/versions",
            ),
        ] {
            let history = graph(&Sources::of(&[
                (file, ini),
                (&format!("{versions_in}/a.py"), &a),
                ("elsewhere/b.py", &revision("b", "None", "")),
            ]))
            .unwrap();
            assert_eq!(versions(&history), ["a"], "{ini}");
        }
    }

    #[test]
    fn labels_that_another_file_names() {
        let head = "from shop.db import names\n\nbranch_labels = (names.LEFT, f'{names.LEFT}_{names.YEAR}')";
        let history = graph(&Sources::of(&[
            ("shop/db/versions/a.py", &revision("a", "None", head)),
            ("shop/db/names.py", "LEFT = 'left'\nYEAR = '2024'\n"),
        ]))
        .unwrap();
        assert_eq!(history.revisions[0].labels, ["left", "left_2024"]);
        assert_eq!(history.notes, []);
    }

    #[test]
    fn several_folders() {
        let sources = |ini: &str| {
            Sources::of(&[
                ("app/alembic.ini", ini),
                ("app/one/a.py", &revision("a", "None", "")),
                ("two/b.py", &revision("b", "None", "")),
                ("three/c.py", &revision("c", "None", "")),
            ])
        };
        for ini in [
            "[alembic]\nscript_location = x\nversion_path_separator = :\nversion_locations = %(here)s/one:%(here)s/../two\n",
            "[alembic]\nscript_location = x\nversion_locations = one ../two\n",
            "[alembic]\nscript_location = x\npath_separator = newline\nversion_locations =\n  one\n  ../two\n",
        ] {
            let history = graph(&sources(ini)).unwrap();
            let seen: Vec<_> = history
                .revisions
                .iter()
                .map(|r| r.version.as_str())
                .collect();
            assert_eq!(seen, ["a", "b"], "{ini}");
        }
    }

    #[test]
    fn a_circle_has_an_end() {
        let history = graph(&Sources::of(&[
            ("a.py", &revision("a", "'b'", "")),
            ("b.py", &revision("b", "'a'", "")),
        ]))
        .unwrap();
        assert_eq!(history.revisions.len(), 2);
    }
}
