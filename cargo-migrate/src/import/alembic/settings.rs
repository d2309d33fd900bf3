//! Where an Alembic environment keeps its revisions, as its settings say: alembic.ini, or
//! `[tool.alembic]` of pyproject.toml.

use std::collections::{BTreeMap, BTreeSet};

use crate::import::Sources;
use crate::import::source::SourceFile;
use crate::output::error::CommandError;
use crate::output::failure::Failure;

type Settings = BTreeMap<String, String>;

/// An environment, with what is known of its folders.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    /// The file with its settings.
    file: String,
    /// The folders with revisions.
    pub(super) folders: Vec<String>,
    /// Whether Alembic also reads the folders below those.
    is_recursive: bool,
}

impl Environment {
    /// Finds the environment of a folder: the one whose settings are in it, or else the only one
    /// below it. `None` if nothing says where revisions are.
    ///
    /// # Errors
    /// If several are below it, as each is a history of its own.
    pub(super) fn of(sources: &Sources) -> Result<Option<Self>, CommandError> {
        let mut found: Vec<Self> = sources
            .files
            .iter()
            .filter_map(|file| Self::new(file, sources))
            .collect();
        if found
            .iter()
            .any(|environment| !environment.file.contains('/'))
        {
            found.retain(|environment| !environment.file.contains('/'));
        }
        let distinct: BTreeSet<_> = found
            .iter()
            .map(|environment| &environment.folders)
            .collect();
        if distinct.len() < 2 {
            return Ok(found.into_iter().next());
        }
        let files = found.iter().map(|environment| environment.file.as_str());
        let mut folders: Vec<&str> = files
            .map(|file| file.rsplit_once('/').map_or(".", |(folder, _)| folder))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        Err(several(&folders))
    }

    /// Reads the settings of a file; `None` if its folders are empty.
    fn new(file: &SourceFile, sources: &Sources) -> Option<Self> {
        let settings = settings_of(file)?;
        let mut folders = Vec::new();
        for candidates in locations(file, &settings, &sources.paths_from_above()) {
            let prefix = |folder: &str| joined(folder, "");
            let holds = |folder: &String| {
                let mut files = sources.files.iter();
                folder.is_empty() || files.any(|file| file.name.starts_with(&prefix(folder)))
            };
            folders.extend(candidates.into_iter().find(holds));
        }
        let is_recursive = settings
            .get("recursive_version_locations")
            .is_some_and(|value| {
                ["true", "yes", "on", "1"].contains(&value.to_lowercase().as_str())
            });
        let environment = Self {
            file: file.name.clone(),
            folders,
            is_recursive,
        };
        Some(environment).filter(|environment| !environment.folders.is_empty())
    }

    /// Returns true if a file is below a folder that Alembic itself reads; `None` if it is
    /// elsewhere.
    pub(super) fn is_below(&self, file: &SourceFile) -> Option<bool> {
        let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.folders.iter().any(|known| known == folder) {
            return Some(false);
        }
        let mut known = self.folders.iter();
        known
            .any(|known| file.name.starts_with(&joined(known, "")))
            .then_some(!self.is_recursive)
    }
}

/// Refuses to make one chain of the histories in these folders.
pub(super) fn several(folders: &[&str]) -> CommandError {
    let shown = folders.join("`, `");
    CommandError::new(
        Failure::SeveralEnvironments,
        format!("there are several Alembic histories, in `{shown}`"),
    )
    .candidates(folders.iter().map(ToString::to_string).collect())
    .help(
        "each is a chain of its own: name the folder of one, `cargo migrate import alembic <path>`",
    )
}

/// The folders outside of the one that was read which its settings name.
pub(crate) fn outside(sources: &Sources) -> BTreeSet<String> {
    let from_above = sources.paths_from_above();
    let files = sources.files.iter();
    files
        .filter_map(|file| Some(locations(file, &settings_of(file)?, &from_above)))
        .flatten()
        .flatten()
        .filter(|folder| folder.starts_with("..") && !folder.ends_with(".."))
        .collect()
}

/// The folders with revisions that settings name; for each, where it may be, the likeliest first.
fn locations(file: &SourceFile, settings: &Settings, from_above: &[String]) -> Vec<Vec<String>> {
    let here = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let get = |name: &str| settings.get(name).map(String::as_str);
    let Some(listed) = get("version_locations") else {
        let places = places(here, get("script_location").unwrap_or_default(), from_above);
        return vec![
            places
                .iter()
                .map(|folder| joined(folder, "versions"))
                .collect(),
        ];
    };
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
    parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .map(|part| places(here, part, from_above))
        .collect()
}

/// Where a path of the settings may be, the likeliest first.
/// It is relative to where Alembic is called, which is mostly beside the settings, and may be above
/// the folder that was read. `package:folder`
/// is found where Python finds the package, and the folder that was read may be within it.
fn places(here: &str, path: &str, from_above: &[String]) -> Vec<String> {
    let is_package = !path.contains(['/', '\\', '%']) && path.contains(':');
    let path = path.replace("%(here)s", ".").replace('\\', "/");
    let path = match is_package {
        true => path.replace(':', "/"),
        false => path,
    };
    let mut places = vec![below(here, &path), below("", &path)];
    places.extend(from_above.iter().filter_map(|above| within(above, &path)));
    let mut rest = path.as_str();
    while is_package && let Some((_, inner)) = rest.split_once('/') {
        rest = inner;
        places.extend([below(here, rest), below("", rest)]);
    }
    places
}

/// A path as it is from the folder that was read; `above` leads there from where the path begins.
fn within(above: &str, path: &str) -> Option<String> {
    let path = below("", path);
    Some(path.strip_prefix(above)?.strip_prefix('/')?.to_owned())
}

/// Where Alembic is to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Home {
    /// Below the folder that was read.
    pub(crate) folder: String,
    /// Its settings, relative to there, if they are somewhere else.
    pub(crate) settings: Option<String>,
}

/// Finds the folder to call Alembic in: beside alembic.ini, unless its paths are relative to a
/// folder above.
pub(crate) fn home(sources: &Sources) -> Home {
    let mut found: Vec<(&SourceFile, String)> = sources
        .files
        .iter()
        .filter_map(|file| Some((file, settings_of(file)?.remove("script_location")?)))
        .collect();
    found.sort_by_key(|(file, _)| file.name.matches('/').count());
    let Some((file, location)) = found.first() else {
        return Home {
            folder: above(sources).unwrap_or_default(),
            settings: None,
        };
    };
    let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let location = location.replace("%(here)s", ".");
    let has = |folder: &str| {
        let prefix = joined(folder, "");
        let mut files = sources.files.iter();
        files.any(|file| file.name.starts_with(&prefix))
    };
    if !has(&below(folder, &location)) {
        if has(&below("", &location)) {
            return Home {
                folder: String::new(),
                settings: Some(file.name.clone()),
            };
        }
        for (number, above) in sources.paths_from_above().iter().enumerate() {
            if within(above, &location).is_some_and(|location| has(&location)) {
                return Home {
                    folder: vec![".."; number + 1].join("/"),
                    settings: Some(joined(above, &file.name)),
                };
            }
        }
    }
    Home {
        folder: folder.to_owned(),
        settings: None,
    }
}

/// The nearest folder above the one that was read with settings of Alembic.
fn above(sources: &Sources) -> Option<String> {
    let mut folder = "..".to_owned();
    for _ in 0..HIGHEST {
        for base in ["alembic.ini", "pyproject.toml"] {
            let name = format!("{folder}/{base}");
            let text = sources.text(&name).unwrap_or_default();
            if read(base, &text).contains_key("script_location") {
                return Some(folder);
            }
        }
        folder.push_str("/..");
    }
    None
}

/// How many folders above the revisions the settings may be.
const HIGHEST: usize = 6;

/// The settings of Alembic in a file; `None` if it is a file of something else.
fn settings_of(file: &SourceFile) -> Option<Settings> {
    let mut settings = read(file.base(), &file.text);
    // Flask-Migrate sets the folder of the file itself at run time.
    let is_own = file.base() == "alembic.ini" && !settings.is_empty();
    if is_own && !settings.contains_key("script_location") {
        settings.insert(
            "version_locations".to_owned(),
            "%(here)s/versions".to_owned(),
        );
        return Some(settings);
    }
    settings.contains_key("script_location").then_some(settings)
}

fn read(base: &str, text: &str) -> Settings {
    match base {
        "pyproject.toml" => of_pyproject(text),
        base if base.ends_with(".ini") => of_ini(text),
        _ => Settings::new(),
    }
}

/// The settings of `[tool.alembic]`; a list is written with a line for each.
fn of_pyproject(text: &str) -> Settings {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let alembic = table
        .get("tool")
        .and_then(|tool| tool.get("alembic")?.as_table());
    let mut settings = Settings::new();
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

/// The settings of `[alembic]`; a value continues in the lines that are indented.
fn of_ini(text: &str) -> Settings {
    let mut settings = Settings::new();
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

/// A path relative to a folder; one that leads out of the folder that was read begins with `..`.
fn below(here: &str, path: &str) -> String {
    let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|part| *part != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn joined(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
