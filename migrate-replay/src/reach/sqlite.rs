//! SQLite: other files, programs, and extensions loaded into the process.

use super::{Found, Item, Items as _, Named, ReachKind, TokenKind, names};
use migrate_core::Dialect;

/// Functions that read and write files, or load a library (<https://sqlite.org/lang_corefunc.html>,
/// <https://sqlite.org/cli.html#fileio>).
const FUNCTIONS: &[&str] = &[
    "LOAD_EXTENSION",
    "READFILE",
    "WRITEFILE",
    "EDIT",
    "LSDIR",
    "FSDIR",
];

/// Modules whose tables are files (<https://sqlite.org/vtablist.html>).
const MODULES: &[&str] = &["CSV", "VSV", "ZIPFILE", "FSDIR", "SQLITE_DBDATA"];

/// The settings of the process (<https://sqlite.org/pragma.html>).
const PRAGMAS: &[&str] = &[
    "TEMP_STORE_DIRECTORY",
    "DATA_STORE_DIRECTORY",
    "LOCK_PROXY_FILE",
    "SOFT_HEAP_LIMIT",
    "HARD_HEAP_LIMIT",
];

/// The databases that every connection has.
const OWN: &[&str] = &["main", "temp", "temporary"];

pub(super) fn read(items: &[Item<'_>], found: &mut Found) {
    let read = names::read(Dialect::Sqlite, items);
    for name in &read.names {
        let at = items.at(name.first);
        let written = at.name(Dialect::Sqlite);
        let is_own = OWN.iter().any(|own| written.eq_ignore_ascii_case(own));
        // Functions do not belong to a database.
        let is_object = name.is_object && name.named != Named::Called;
        if (name.parts > 2 || is_object) && !is_own {
            let object = items
                .get(name.first + 2)
                .map_or(at.end() + 1, |item| item.start);
            found.database(at, name.named, object);
        }
    }
    statement(items, found);
    for (place, item) in items.iter().enumerate() {
        let is_call = items.at(place + 1).is_sign("(");
        if is_call && item.kind == TokenKind::Word && item.is_any(FUNCTIONS) {
            found.server(format!("{}()", item.text.to_ascii_lowercase()), *item);
        }
    }
}

fn statement(items: &[Item<'_>], found: &mut Found) {
    let first = items.at(0);
    if first.is("ATTACH") {
        return attach(items, found);
    }
    if first.is("DETACH") {
        let name = items.at(items.skip(1, &["DATABASE"]));
        return found.database(name, Named::Used, name.end());
    }
    if first.is("VACUUM") {
        if let Some(into) = items.iter().find(|item| item.is("INTO")) {
            found.server("VACUUM INTO", *into);
        }
    } else if first.is("PRAGMA") {
        let name = match items.at(2).is_sign(".") {
            true => items.at(3),
            false => items.at(1),
        };
        if name.is_any(PRAGMAS) {
            found.server(format!("PRAGMA {}", name.text.to_ascii_lowercase()), name);
        }
    } else if items.follow(0, &["CREATE", "VIRTUAL", "TABLE"]) {
        let using = items.iter().position(|item| item.is("USING"));
        let module = using.map_or(Item::NONE, |using| items.at(using + 1));
        if module.is_any(MODULES) {
            found.server(
                format!("USING {}", module.text.to_ascii_lowercase()),
                module,
            );
        }
    }
}

/// `ATTACH DATABASE expression AS name`: a database in memory or a temporary one belongs to this
/// connection alone.
fn attach(items: &[Item<'_>], found: &mut Found) {
    let start = items.skip(1, &["DATABASE"]);
    let mut depth = 0_usize;
    let mut end = start;
    while end < items.len() {
        let item = items.at(end);
        match item.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && item.is("AS") => break,
            _ => {}
        }
        end += 1;
    }
    if end == start || end == items.len() {
        return;
    }
    let file = items.at(start);
    let is_alone = end == start + 1;
    if !(is_alone && matches!(file.text, "':memory:'" | "''" | "\":memory:\"")) {
        let name = items.at(end + 1).name(Dialect::Sqlite);
        let kind = ReachKind::Attach { name };
        found.push(kind, file.start..items.at(end - 1).end());
    }
}
