//! `#[table(…)]`: the properties of a table that Rust cannot express.

use syn::Attribute;
use syn::spanned::Spanned as _;

use super::attribute::{Entry, Notes, Value};
use super::column::{Comment, comment};
use super::constraint::{self, Part, What};
use migrate_core::Dialect;
use migrate_schema::Options;

/// The settings of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TableSettings {
    pub(super) name: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) parts: Vec<Part>,
    pub(super) comment: Option<Comment>,
    pub(super) renamed_from: Option<String>,
    pub(super) partial: Option<bool>,
    pub(super) ignore: Option<bool>,
    pub(super) unchecked: Option<bool>,
    /// How the runtime's crate is called, if not `migrate_sqlx`.
    pub(super) home: Option<String>,
    /// Further options for the table in each dialect, such as `STRICT`.
    pub(super) options: [Options; 3],
}

const KEYS: [&str; 16] = [
    "name",
    "schema",
    "primary_key",
    "unique",
    "index",
    "check",
    "foreign_key",
    "comment",
    "rename_from",
    "partial",
    "ignore",
    "unchecked",
    "crate",
    "postgres",
    "mysql",
    "sqlite",
];

const EXAMPLE: &str = "#[table(name = \"users\", unique(tenant, email))]";

/// Reads every `#[table(…)]` of a struct.
pub(super) fn read(notes: &mut Notes<'_>, attributes: &[Attribute]) -> TableSettings {
    let mut settings = TableSettings::default();
    for attribute in attributes {
        if !attribute.path().is_ident("table") {
            continue;
        }
        match attribute.meta.require_list() {
            Ok(list) => {
                for entry in notes.entries(list.tokens.clone(), attribute.path().span(), EXAMPLE) {
                    general(notes, &entry, &mut settings);
                }
            }
            Err(error) => notes.syntax(&error, attribute.path().span(), EXAMPLE),
        }
    }
    settings
}

fn general(notes: &mut Notes<'_>, entry: &Entry, settings: &mut TableSettings) {
    if let Ok(dialect) = entry.key.parse::<Dialect>() {
        of_dialect(notes, entry, dialect, settings);
        return;
    }
    match entry.key.as_str() {
        "name" => {
            let value = notes.text(entry);
            notes.once(&mut settings.name, value, entry);
        }
        "schema" => {
            let value = notes.text(entry);
            notes.once(&mut settings.schema, value, entry);
        }
        "comment" => {
            let value = comment(notes, entry);
            notes.once(&mut settings.comment, value, entry);
        }
        "rename_from" => {
            let value = notes.text(entry);
            notes.once(&mut settings.renamed_from, value, entry);
        }
        "partial" => {
            let value = notes.flag(entry);
            notes.once(&mut settings.partial, value, entry);
        }
        "ignore" => {
            let value = notes.flag(entry);
            notes.once(&mut settings.ignore, value, entry);
        }
        "unchecked" => {
            let value = notes.flag(entry);
            notes.once(&mut settings.unchecked, value, entry);
        }
        "crate" => {
            let value = notes.text(entry);
            notes.once(&mut settings.home, value, entry);
        }
        _ if part(notes, entry, None, settings) => {}
        _ => notes.unknown(entry, "#[table]", &KEYS),
    }
}

/// Reads a setting other than the columns; returns whether the entry is one.
fn part(
    notes: &mut Notes<'_>,
    entry: &Entry,
    dialect: Option<Dialect>,
    settings: &mut TableSettings,
) -> bool {
    let what = match entry.key.as_str() {
        "primary_key" => constraint::key(notes, entry, None).map(What::PrimaryKey),
        "unique" => constraint::key(notes, entry, None).map(What::Unique),
        "index" => {
            constraint::index(notes, entry, None).map(|(name, index)| What::Index(name, index))
        }
        "check" => constraint::check(notes, entry).map(What::Check),
        "foreign_key" => {
            constraint::foreign_key(notes, entry).map(|(key, said)| What::ForeignKey(key, said))
        }
        _ => return false,
    };
    if let Some(what) = what {
        let site = notes.site(entry.span);
        settings.parts.push(Part {
            dialect,
            site,
            what,
        });
    }
    true
}

fn of_dialect(
    notes: &mut Notes<'_>,
    entry: &Entry,
    dialect: Dialect,
    settings: &mut TableSettings,
) {
    let example = match dialect {
        Dialect::Sqlite => "sqlite(strict)",
        Dialect::Postgres => "postgres(index(columns(body), method = \"gin\"))",
        Dialect::MySql => "mysql(engine = \"InnoDB\")",
    };
    let Value::List(tokens) = &entry.value else {
        notes.wrong(
            entry.span,
            format!("`{dialect}` requires its settings in parentheses"),
            format!("for example `{example}`"),
        );
        return;
    };
    for entry in notes.entries(tokens.clone(), entry.span, example) {
        if part(notes, &entry, Some(dialect), settings) {
            continue;
        }
        let options = &mut settings.options[dialect as usize];
        match (dialect, entry.key.as_str()) {
            (Dialect::Sqlite, "strict") => flag_option(notes, &entry, "STRICT", options),
            (Dialect::Sqlite, "without_rowid") => {
                flag_option(notes, &entry, "WITHOUT ROWID", options);
            }
            (Dialect::MySql, "engine") => text_option(notes, &entry, "ENGINE", options),
            (Dialect::MySql, "charset") => text_option(notes, &entry, "CHARSET", options),
            (Dialect::MySql, "collate") => text_option(notes, &entry, "COLLATE", options),
            _ => {
                let mut known = vec!["primary_key", "unique", "index", "check", "foreign_key"];
                known.extend_from_slice(match dialect {
                    Dialect::Sqlite => &["strict", "without_rowid"],
                    Dialect::Postgres => &[],
                    Dialect::MySql => &["engine", "charset", "collate"],
                });
                notes.unknown(&entry, dialect.as_str(), &known);
            }
        }
    }
}

fn flag_option(notes: &mut Notes<'_>, entry: &Entry, name: &str, options: &mut Options) {
    if notes.flag(entry) == Some(true) {
        options.set(name);
    }
}

fn text_option(notes: &mut Notes<'_>, entry: &Entry, name: &str, options: &mut Options) {
    if let Some(text) = notes.text(entry) {
        options.insert(name, text);
    }
}
