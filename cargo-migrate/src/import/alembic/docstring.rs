//! The message and the time of a revision, from its docstring and the name of its file.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::import::python::{Module, Value};

/// What is meant for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Docstring {
    pub(super) message: String,
    /// RFC 3339 in UTC; empty if unknown.
    pub(super) created: String,
}

/// The beginnings of the lines that Alembic writes below the message.
const LINES: [&str; 4] = ["Revision ID:", "Revises:", "Create Date:", "Branch Labels:"];

impl Docstring {
    /// Reads the docstring, and the file's name for what the docstring lacks.
    pub(super) fn new(module: &Module, file: &str, version: &str) -> Self {
        let docstring = module.docstring.clone().unwrap_or_default();
        let docstring = docstring.replace("\r\n", "\n");
        let stem = file.strip_suffix(".py").unwrap_or(file);
        let lines = docstring.trim_start().lines();
        let message: Vec<&str> = lines
            .map(str::trim)
            .take_while(|line| !line.is_empty() && !LINES.iter().any(|own| line.starts_with(own)))
            .collect();
        let message = match message.is_empty() {
            true => slug(stem, version),
            false => message.join(" "),
        };
        let mut created = written(module, &docstring);
        if created.is_empty() {
            created = date_of(stem).unwrap_or_default();
        }
        Self { message, created }
    }
}

/// The words of a file's name, which Alembic derives from the message.
fn slug(stem: &str, version: &str) -> String {
    let words = |text: &str| {
        let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || "-_.".contains(c));
        text.replace(['_', '-'], " ").trim().to_owned()
    };
    match stem.split_once(version) {
        Some((before, after)) => match words(after) {
            empty if empty.is_empty() => words(before),
            after => after,
        },
        None => words(stem),
    }
}

/// The value of `Create Date:` in the docstring, or of a variable of that name.
fn written(module: &Module, docstring: &str) -> String {
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
    // Without a zone it is the author's local time; the order depends on the parents.
    text.parse().map(in_utc).unwrap_or_default()
}

fn in_utc(time: DateTime) -> String {
    format!("{time}Z")
}

/// The time with which a file's name begins: `2024-01-17_13-09_`, `20240117130900_`, `2024_01_17-`.
fn date_of(stem: &str) -> Option<String> {
    // The longest prefix that is a time and is followed by something else.
    [6, 5, 3].into_iter().find_map(|parts| {
        let mut rest = stem;
        let mut numbers = [0_i16; 6];
        for (index, number) in numbers.iter_mut().enumerate().take(parts) {
            let length = if index == 0 { 4 } else { 2 };
            if index > 0 {
                rest = rest.strip_prefix(['-', '_', 'T', '.', ':']).unwrap_or(rest);
            }
            let digits = rest.get(..length)?;
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *number = digits.parse().ok()?;
            rest = &rest[length..];
        }
        let [year, rest_of @ ..] = numbers;
        let [month, day, hour, minute, second] = rest_of.map(|number| number as i8);
        let is_whole = rest.is_empty() || rest.starts_with(['-', '_', '.']);
        let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        (is_whole && (1990..2100).contains(&year)).then(|| in_utc(time))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
                written(&Module::default(), &format!("x\n\nCreate Date: {text}\n")),
                time,
                "{text}"
            );
        }
    }

    #[test]
    fn times_of_names() {
        for (stem, time) in [
            ("2024-01-17_13-09_ab12_words", "2024-01-17T13:09:00Z"),
            ("2022_10_12_102048_22b7cb02_words", "2022-10-12T10:20:48Z"),
            ("2024_01_17_1309-ab12_words", "2024-01-17T13:09:00Z"),
            ("20240117130900_words", "2024-01-17T13:09:00Z"),
            ("2024_01_17_22b7cb02_words", "2024-01-17T00:00:00Z"),
            ("20240117", "2024-01-17T00:00:00Z"),
        ] {
            assert_eq!(date_of(stem).as_deref(), Some(time), "{stem}");
        }
        for stem in [
            "ab12_words",
            "0001_words",
            "20249917_x",
            "20240117ab_x",
            "2024",
            "10240117_x",
            "é024",
        ] {
            assert_eq!(date_of(stem), None, "{stem}");
        }
    }

    #[test]
    fn messages() {
        let message = |docstring: &str, file: &str| {
            let module = Module {
                docstring: Some(docstring.to_owned()),
                ..Module::default()
            };
            Docstring::new(&module, file, "ab12").message
        };
        assert_eq!(message("add\nusers\n\nmore", "x.py"), "add users");
        assert_eq!(
            message("add users\nRevision ID: ab12\nRevises:\n", "x.py"),
            "add users"
        );
        assert_eq!(
            message("\nRevision ID: ab12\n", "ab12_add_users.py"),
            "add users"
        );
        assert_eq!(
            message("", "2024-01-17_13-09_ab12_add_users.py"),
            "add users"
        );
        assert_eq!(message("", "0001_add_users.py"), "add users");
        assert_eq!(message("", "add_users_ab12.py"), "add users");
        assert_eq!(message("", "ab12.py"), "");
    }
}
