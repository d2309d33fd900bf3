//! Alembic: the graph from the Python files, which are read and not run, and the SQL from what
//! `alembic upgrade --sql` and `downgrade --sql` write.

pub(crate) mod cut;
pub(crate) mod offline;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::python::{Assigned, Module, Scope, Value};
use super::source::SourceFile;
use super::{History, Migration, Note, Place, Sources, Way};
use crate::error::CommandError;

/// Reads the graph; no revision has SQL yet.
pub(super) fn graph(sources: &Sources) -> Result<History, CommandError> {
    let mut history = sources.history();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let folders = version_folders(sources);
    // What else lies about in the project is none of its business.
    let is_near = |note: &Note| {
        let mut near = folders.iter();
        folders.is_empty() || near.any(|folder| note.place.file.contains(folder.as_str()))
    };
    history.notes.retain(is_near);
    for file in sources.ending(".py") {
        let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_version = match folders.is_empty() {
            // Without an alembic.ini, what names a revision is one.
            true => true,
            false => folders.iter().any(|known| {
                folder == known
                    || folder
                        .strip_prefix(known.as_str())
                        .is_some_and(|rest| rest.starts_with('/'))
            }),
        };
        let base = file.base();
        if !is_version || base == "env.py" || base == "__init__.py" {
            continue;
        }
        let module = Module::read(&file.text);
        let scope = Scope {
            module: &module,
            file: &file.name,
            sources,
        };
        let Some(revision) = scope.value("revision") else {
            if module.names.contains_key("down_revision") {
                history.notes.push(Note::left(
                    &file.at(0),
                    "it has a `down_revision` and no `revision`",
                ));
            } else if let Some(line) = module.broken {
                history.notes.push(Note::left(
                    &file.at(line),
                    "it is no Python from here on, and names no revision before",
                ));
            } else if !folders.is_empty() {
                history
                    .notes
                    .push(Note::left(&file.at(0), "it names no revision"));
            }
            continue;
        };
        if folders.is_empty() && !module.names.contains_key("down_revision") {
            continue;
        }
        let Value::Text(version) = revision.value else {
            history.notes.push(Note::left(
                &file.at(revision.line),
                "its `revision` is no literal, and only running it would tell",
            ));
            continue;
        };
        let migration = migration(file, scope, version, &mut history.notes);
        if let Some(first) = seen.get(&migration.version) {
            history.notes.push(Note::left(
                &file.at(revision.line),
                format!("`{}` is a revision of `{first}` too", migration.version),
            ));
            continue;
        }
        seen.insert(migration.version.clone(), migration.place.clone());
        history.revisions.push(migration);
    }
    history.revisions = in_order(history.revisions);
    Ok(history)
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
                format!("its `{name}` is no literal, and only running it would tell"),
            ));
        }
        found
    };
    let parents = names("down_revision");
    let depends_on = names("depends_on");
    let labels = names("branch_labels");
    if let Some(line) = module.broken {
        notes.push(Note::left(&file.at(line), "it is no Python from here on"));
    }
    let docstring = module
        .docstring
        .clone()
        .unwrap_or_default()
        .replace("\r\n", "\n");
    let message = docstring
        .trim_start()
        .split("\n\n")
        .next()
        .unwrap_or_default();
    let message = match message.trim_start().starts_with("Revision ID:") {
        true => "",
        false => message,
    };
    let place = file.at(0);
    let line = |name: &str| {
        let function = module
            .functions
            .iter()
            .find(|function| function.name == name);
        file.at(function.map_or(0, |function| function.line))
    };
    let none = |name: &str| Way::Left {
        why: format!("there is no SQL of its `{name}()`"),
        text: String::new(),
        place: line(name),
    };
    Migration {
        version,
        parents,
        depends_on,
        labels,
        message: message.to_owned(),
        created: created(module, &docstring),
        up: none("upgrade"),
        down: none("downgrade"),
        place,
    }
}

/// Collects texts; says whether there was nothing else.
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

/// What `Create Date:` of the docstring says, or a variable of that name.
fn created(module: &Module, docstring: &str) -> String {
    let line = docstring
        .lines()
        .find_map(|line| line.trim().strip_prefix("Create Date:"));
    let variable = || match module.value("create_date")?.value {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let Some(text) = line.map(str::to_owned).or_else(variable) else {
        return String::new();
    };
    let text = text.trim().replacen(' ', "T", 1).replace(' ', "");
    if let Ok(time) = text.parse::<Timestamp>() {
        return time.to_string();
    }
    match text.parse::<DateTime>() {
        // Without a zone it is whatever the author's clock said; the order is the parents'.
        Ok(time) => format!("{time}Z"),
        Err(_) => String::new(),
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
            // A circle: the judge will show it.
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

/// The folders with revisions, as alembic.ini has them, below the folder that was read; none where
/// there is no alembic.ini or its folders are elsewhere.
fn version_folders(sources: &Sources) -> Vec<String> {
    let mut folders = Vec::new();
    for ini in &sources.files {
        let here = ini.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(settings) = settings_of(ini) else {
            continue;
        };
        let get = |name: &str| settings.get(name).map(String::as_str);
        let location = get("script_location").unwrap_or_default();
        // A path is seen from where Alembic is called, which is mostly here.
        let path = |text: &str| {
            let there = below(here, text);
            match has(sources, there.clone()) {
                true => there,
                false => below("", text),
            }
        };
        match get("version_locations") {
            Some(listed) => {
                let separator = get("path_separator").or_else(|| get("version_path_separator"));
                let parts: Vec<&str> = match separator {
                    Some("os") => listed
                        .split(if cfg!(windows) { ';' } else { ':' })
                        .collect(),
                    Some("newline") => listed.lines().collect(),
                    Some("space") => listed.split(' ').collect(),
                    Some(":") => listed.split(':').collect(),
                    Some(";") => listed.split(';').collect(),
                    _ => listed.split([' ', ',', '\n']).collect(),
                };
                folders.extend(
                    parts
                        .iter()
                        .map(|part| part.trim())
                        .filter(|part| !part.is_empty())
                        .filter_map(path),
                );
            }
            None => folders.extend(path(location).map(|folder| joined(&folder, "versions"))),
        }
    }
    folders.retain(|folder| {
        let prefix = format!("{folder}/");
        sources
            .files
            .iter()
            .any(|file| folder.is_empty() || file.name.starts_with(&prefix))
    });
    folders
}

/// Where Alembic is to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Home {
    /// Below the folder that was read.
    pub(crate) folder: String,
    /// Its settings, seen from there, where they are somewhere else.
    pub(crate) settings: Option<String>,
}

/// Finds the place to call Alembic in: beside alembic.ini, unless its paths are seen from above.
pub(crate) fn home(sources: &Sources) -> Home {
    let mut found: Vec<(&SourceFile, String)> = sources
        .files
        .iter()
        .filter_map(|file| Some((file, settings_of(file)?.remove("script_location")?)))
        .collect();
    found.sort_by_key(|(file, _)| file.name.matches('/').count());
    let Some((file, location)) = found.first() else {
        return Home::default();
    };
    let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    match has(sources, below(folder, location)) || !has(sources, below("", location)) {
        true => Home {
            folder: folder.to_owned(),
            settings: None,
        },
        false => Home {
            folder: String::new(),
            settings: Some(file.name.clone()),
        },
    }
}

/// Says whether a folder has files.
fn has(sources: &Sources, folder: Option<String>) -> bool {
    folder.is_some_and(|folder| {
        let prefix = joined(&folder, "");
        sources
            .files
            .iter()
            .any(|file| file.name.starts_with(&prefix))
    })
}

/// The settings of Alembic in a file; `None` where it is a file of something else.
fn settings_of(file: &SourceFile) -> Option<BTreeMap<String, String>> {
    let settings = match file.base() {
        "pyproject.toml" => of_pyproject(&file.text),
        base if base.ends_with(".ini") => settings(&file.text),
        _ => return None,
    };
    settings.contains_key("script_location").then_some(settings)
}

/// The settings of `[tool.alembic]`; a list is written with a line for each.
fn of_pyproject(text: &str) -> BTreeMap<String, String> {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let alembic = table
        .get("tool")
        .and_then(|tool| tool.get("alembic")?.as_table());
    let mut settings = BTreeMap::new();
    for (key, value) in alembic.into_iter().flatten() {
        if let Some(text) = value.as_str() {
            settings.insert(key.clone(), text.to_owned());
        } else if let Some(list) = value.as_array() {
            let lines: Vec<&str> = list.iter().filter_map(toml::Value::as_str).collect();
            settings.insert(key.clone(), lines.join("\n"));
            settings.insert("path_separator".to_owned(), "newline".to_owned());
        }
    }
    settings
}

/// The settings of `[alembic]`; a value goes on in the lines that are indented.
fn settings(text: &str) -> BTreeMap<String, String> {
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    let mut inside = false;
    let mut last: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = trimmed.strip_prefix('[') {
            inside = section.trim_end_matches(']') == "alembic";
            last = None;
        } else if !inside {
        } else if line.starts_with([' ', '\t']) {
            if let Some(value) = last.as_ref().and_then(|key| settings.get_mut(key)) {
                value.extend(["\n", trimmed]);
            }
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let key = key.trim().to_owned();
            settings.insert(key.clone(), value.trim().to_owned());
            last = Some(key);
        }
    }
    settings
}

/// A path of alembic.ini below the folder that was read; `None` where it leads out of it.
fn below(here: &str, path: &str) -> Option<String> {
    let path = path.replace("%(here)s", "").replace('\\', "/");
    // `package:folder` is found where Python finds the package; most keep it beside alembic.ini.
    let path = path.replacen(':', "/", 1);
    let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn joined(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// The lines of a function, as they stand.
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

/// Where a function of a revision, or one of the same file that it calls, may do something that
/// its SQL does not show: the word and the line.
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
                "old/db/versions/x.py:7: its `down_revision` is no literal, and only running it would tell",
                "old/db/versions/x.py:8: its `branch_labels` is no literal, and only running it would tell",
                "old/db/versions/helper.py: it names no revision",
            ]
        );
    }

    #[test]
    fn the_place_to_call_it_in() {
        let ini = |location: &str| format!("[alembic]\nscript_location = {location}\n");
        let home = |name: &str, location: &str| {
            let sources = Sources::of(&[(name, &ini(location)), ("app/db/env.py", "")]);
            let home = home(&sources);
            (home.folder, home.settings)
        };
        assert_eq!(home("app/alembic.ini", "db"), ("app".to_owned(), None));
        assert_eq!(
            home("alembic.ini", "%(here)s/app/db"),
            (String::new(), None)
        );
        assert_eq!(
            home("app/db/alembic.ini", "app/db"),
            (String::new(), Some("app/db/alembic.ini".to_owned()))
        );
        assert_eq!(
            home("app/alembic.ini", "elsewhere"),
            ("app".to_owned(), None)
        );
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
    fn times_with_and_without_a_zone() {
        for (text, time) in [
            ("2024-01-02 03:04:05.678901", "2024-01-02T03:04:05.678901Z"),
            ("2024-01-02 03:04:05+02:00", "2024-01-02T01:04:05Z"),
            ("2024-01-02 03:04:05.5 +00:00", "2024-01-02T03:04:05.5Z"),
            ("2024-01-02 03:04", "2024-01-02T03:04:00Z"),
            ("yesterday", ""),
        ] {
            assert_eq!(
                created(&Module::default(), &format!("x\n\nCreate Date: {text}\n")),
                time,
                "{text}"
            );
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
