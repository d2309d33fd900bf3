//! Keys, indexes, checks and references in attributes.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Ident, LitInt, LitStr, Token};

use super::Site;
use super::attribute::{Entry, Notes, Value, begins_with_entry, name, names};
use migrate_core::Dialect;
use migrate_schema::{Action, Check, Deferrable, ForeignKey, Index, IndexPart, Key, Name};

/// A setting of the table other than its columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// The dialect; `None` for all.
    pub(super) dialect: Option<Dialect>,
    pub(super) site: Site,
    pub(super) what: What,
}

/// The kinds of settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    PrimaryKey(Key),
    Unique(Key),
    Index(Option<String>, Index),
    Check(Check),
    /// With the properties that it names, even as they are anyway.
    ForeignKey(ForeignKey, BTreeSet<String>),
}

const ACTIONS: [(&str, Action); 5] = [
    ("cascade", Action::Cascade),
    ("restrict", Action::Restrict),
    ("set null", Action::SetNull),
    ("set default", Action::SetDefault),
    ("no action", Action::NoAction),
];

const DEFERRED: [(&str, Deferrable); 3] = [
    ("initially immediate", Deferrable::Immediate),
    ("initially deferred", Deferrable::Deferred),
    ("not deferrable", Deferrable::No),
];

pub(super) const DEFERRABLE: &str = "deferrable";
pub(super) const ON_DELETE: &str = "on-delete";
pub(super) const ON_UPDATE: &str = "on-update";

/// Returns the properties that are said.
pub(super) fn set_of(words: &[(&str, bool)]) -> BTreeSet<String> {
    let said = words.iter().filter(|(_, said)| *said);
    said.map(|(word, _)| (*word).to_owned()).collect()
}

/// Reads `on_delete` and `on_update`.
pub(super) fn action(notes: &mut Notes<'_>, entry: &Entry) -> Option<Action> {
    notes.choice(entry, &ACTIONS)
}

/// Reads `deferrable`, with or without a value.
pub(super) fn deferrable(notes: &mut Notes<'_>, entry: &Entry) -> Option<Deferrable> {
    match entry.value {
        Value::Flag => Some(Deferrable::Immediate),
        _ => notes.choice(entry, &DEFERRED),
    }
}

/// Reads `primary_key(a, b)` or `unique(columns(a, b), name = "…")`; `own` are the columns if the
/// attribute names none.
pub(super) fn key(notes: &mut Notes<'_>, entry: &Entry, own: Option<&str>) -> Option<Key> {
    const KEYS: [&str; 5] = [
        "columns",
        "name",
        "include",
        "nulls_not_distinct",
        "deferrable",
    ];
    let mut key = Key {
        columns: own.map(str::to_owned).into_iter().collect(),
        ..Key::default()
    };
    let tokens = match &entry.value {
        Value::List(tokens) => tokens.clone(),
        Value::Flag if own.is_some() => return Some(key),
        _ => {
            wants_columns(notes, entry, own);
            return None;
        }
    };
    if own.is_none() && !begins_with_entry(&tokens) {
        key.columns = columns(notes, tokens, entry.span, &format!("{}(a, b)", entry.key))?;
        return Some(key);
    }
    let example = format!("{}(columns(a, b), name = \"…\")", entry.key);
    for entry in notes.entries(tokens, entry.span, &example) {
        match (entry.key.as_str(), &entry.value) {
            ("columns", Value::List(list)) if own.is_none() => {
                key.columns =
                    columns(notes, list.clone(), entry.span, "columns(a, b)").unwrap_or_default();
            }
            ("include", Value::List(list)) => {
                key.include =
                    columns(notes, list.clone(), entry.span, "include(a, b)").unwrap_or_default();
            }
            ("columns" | "include", _) => wants_columns(notes, &entry, None),
            ("name", _) => key.name = notes.text(&entry),
            ("nulls_not_distinct", _) => {
                key.nulls_not_distinct = notes.flag(&entry).unwrap_or_default();
            }
            ("deferrable", _) => {
                key.deferrable = deferrable(notes, &entry).unwrap_or_default();
            }
            _ => notes.unknown(&entry, "unique", &KEYS),
        }
    }
    Some(key)
}

/// Reads `index(a, b)` or `index(columns(a, b desc), unique, …)`.
pub(super) fn index(
    notes: &mut Notes<'_>,
    entry: &Entry,
    own: Option<&str>,
) -> Option<(Option<String>, Index)> {
    const KEYS: [&str; 8] = [
        "columns",
        "name",
        "unique",
        "where",
        "method",
        "include",
        "nulls_not_distinct",
        "comment",
    ];
    let mut name = None;
    let mut index = Index {
        parts: own.map(column_part).into_iter().collect(),
        ..Index::default()
    };
    let tokens = match &entry.value {
        Value::List(tokens) => tokens.clone(),
        Value::Flag if own.is_some() => return Some((None, index)),
        _ => {
            wants_columns(notes, entry, own);
            return None;
        }
    };
    if own.is_none() && !begins_with_entry(&tokens) {
        let empty = tokens.is_empty();
        index.parts = parts(notes, tokens, entry.span, "index(a, b desc)");
        if empty {
            wants_columns(notes, entry, None);
        }
        return (!index.parts.is_empty()).then_some((None, index));
    }
    for entry in notes.entries(
        tokens,
        entry.span,
        "index(columns(a, b desc), where = \"…\")",
    ) {
        match (entry.key.as_str(), &entry.value) {
            ("columns", Value::List(list)) => {
                index.parts = parts(notes, list.clone(), entry.span, "columns(a, b desc)");
            }
            ("include", Value::List(list)) => {
                index.include =
                    columns(notes, list.clone(), entry.span, "include(a, b)").unwrap_or_default();
            }
            ("columns" | "include", _) => wants_columns(notes, &entry, None),
            ("name", _) => name = notes.text(&entry),
            ("unique", _) => index.unique = notes.flag(&entry).unwrap_or_default(),
            ("where", _) => index.predicate = notes.sql(&entry),
            ("method", _) => index.method = notes.text(&entry),
            ("nulls_not_distinct", _) => {
                index.nulls_not_distinct = notes.flag(&entry).unwrap_or_default();
            }
            ("comment", _) => index.comment = notes.text(&entry),
            _ => notes.unknown(&entry, "index", &KEYS),
        }
    }
    if index.parts.is_empty() {
        wants_columns(notes, entry, None);
        return None;
    }
    Some((name, index))
}

/// Reads `check = "…"` or `check(expression = "…", name = "…")`.
pub(super) fn check(notes: &mut Notes<'_>, entry: &Entry) -> Option<Check> {
    let Value::List(tokens) = &entry.value else {
        let expression = notes.sql(entry)?;
        return Some(Check {
            expression,
            ..Check::default()
        });
    };
    let (mut expression, mut name) = (None, None);
    let inner = notes.entries(
        tokens.clone(),
        entry.span,
        "check(expression = \"price > 0\", name = \"…\")",
    );
    for entry in inner {
        match entry.key.as_str() {
            "expression" => expression = notes.sql(&entry),
            "name" => name = notes.text(&entry),
            _ => notes.unknown(&entry, "check", &["expression", "name"]),
        }
    }
    if expression.is_none() {
        notes.wrong(
            entry.span,
            "a check requires an expression",
            "for example `check(expression = \"price > 0\", name = \"price_is_positive\")`",
        );
    }
    Some(Check {
        expression: expression?,
        name,
        ..Check::default()
    })
}

/// Reads `foreign_key(columns(a, b), references = "t(a, b)", …)`.
pub(super) fn foreign_key(
    notes: &mut Notes<'_>,
    entry: &Entry,
) -> Option<(ForeignKey, BTreeSet<String>)> {
    const KEYS: [&str; 6] = [
        "columns",
        "references",
        "on_delete",
        "on_update",
        "deferrable",
        "name",
    ];
    const EXAMPLE: &str = "foreign_key(columns(a, b), references = \"accounts(a, b)\")";
    let Value::List(tokens) = &entry.value else {
        wants_columns(notes, entry, None);
        return None;
    };
    let mut target = None;
    let mut foreign = ForeignKey::default();
    let mut said = BTreeSet::new();
    for entry in notes.entries(tokens.clone(), entry.span, EXAMPLE) {
        if ["on_delete", "on_update", "deferrable"].contains(&entry.key.as_str()) {
            said.insert(entry.key.replace('_', "-"));
        }
        match (entry.key.as_str(), &entry.value) {
            ("columns", Value::List(list)) => {
                foreign.columns =
                    columns(notes, list.clone(), entry.span, "columns(a, b)").unwrap_or_default();
            }
            ("columns", _) => wants_columns(notes, &entry, None),
            ("references", _) => target = references(notes, &entry),
            ("on_delete", _) => foreign.on_delete = action(notes, &entry).unwrap_or_default(),
            ("on_update", _) => foreign.on_update = action(notes, &entry).unwrap_or_default(),
            ("deferrable", _) => {
                foreign.deferrable = deferrable(notes, &entry).unwrap_or_default();
            }
            ("name", _) => foreign.name = notes.text(&entry),
            _ => notes.unknown(&entry, "foreign_key", &KEYS),
        }
    }
    if foreign.columns.is_empty() || target.is_none() {
        notes.wrong(
            entry.span,
            "a foreign key requires its columns and a reference",
            format!("for example `{EXAMPLE}`"),
        );
    }
    (foreign.table, foreign.references) = target?;
    (!foreign.columns.is_empty()).then_some((foreign, said))
}

/// Reads `references = "schema.table(a, b)"`; without columns it means the table's primary key.
pub(super) fn references(notes: &mut Notes<'_>, entry: &Entry) -> Option<(Name, Vec<String>)> {
    let text = notes.text(entry)?;
    let parsed = match text.trim().split_once('(') {
        None => Some((text.trim(), Vec::new())),
        Some((table, rest)) => rest.strip_suffix(')').map(|columns| {
            let columns = columns.split(',');
            let columns = columns.map(|column| column.trim().trim_matches('"').to_owned());
            (table.trim(), columns.collect())
        }),
    };
    match parsed {
        Some((table, columns))
            if !table.is_empty() && columns.iter().all(|column: &String| !column.is_empty()) =>
        {
            Some((Name::from(table), columns))
        }
        _ => {
            notes.wrong(
                entry.span,
                format!("invalid reference `{text}`"),
                "for example `references = \"users(id)\"`",
            );
            None
        }
    }
}

fn wants_columns(notes: &mut Notes<'_>, entry: &Entry, own: Option<&str>) {
    if own.is_some() {
        notes.wrong(
            entry.span,
            format!("`{}` takes no value, or settings in parentheses", entry.key),
            format!("for example `{}(name = \"…\")`", entry.key),
        );
        return;
    }
    notes.wrong(
        entry.span,
        format!("`{}` requires columns in parentheses", entry.key),
        format!("for example `{}(a, b)`", entry.key),
    );
}

fn columns(
    notes: &mut Notes<'_>,
    tokens: TokenStream,
    at: Span,
    example: &str,
) -> Option<Vec<String>> {
    match names(tokens) {
        Ok(names) => Some(names.into_iter().map(|(name, _)| name).collect()),
        Err(error) => {
            notes.syntax(&error, at, example);
            None
        }
    }
}

fn column_part(column: &str) -> IndexPart {
    IndexPart {
        over: column.to_owned(),
        ..IndexPart::default()
    }
}

fn parts(notes: &mut Notes<'_>, tokens: TokenStream, at: Span, example: &str) -> Vec<IndexPart> {
    let list = |input: ParseStream<'_>| {
        let mut parts = Vec::new();
        while !input.is_empty() {
            parts.push(part(input)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(parts)
    };
    list.parse2(tokens).unwrap_or_else(|error| {
        notes.syntax(&error, at, example);
        Vec::new()
    })
}

/// Reads one part of an index: a column or `expr("…")`, and the keywords after it.
fn part(input: ParseStream<'_>) -> syn::Result<IndexPart> {
    let (over, _) = name(input)?;
    let mut part = column_part(&over);
    if over == "expr" && input.peek(syn::token::Paren) {
        let inner;
        syn::parenthesized!(inner in input);
        part.over = inner.parse::<LitStr>()?.value();
        part.expression = true;
    }
    while !input.is_empty() && !input.peek(Token![,]) {
        let word = input.call(Ident::parse_any)?;
        let text = || -> syn::Result<Option<String>> {
            input.parse::<Token![=]>()?;
            Ok(Some(input.parse::<LitStr>()?.value()))
        };
        match word.unraw().to_string().as_str() {
            "asc" => part.descending = false,
            "desc" => part.descending = true,
            "nulls_first" => part.nulls_first = Some(true),
            "nulls_last" => part.nulls_first = Some(false),
            "collate" => part.collation = text()?,
            "class" => part.operator_class = text()?,
            "length" => {
                input.parse::<Token![=]>()?;
                part.prefix = Some(input.parse::<LitInt>()?.base10_parse()?);
            }
            _ => {
                return Err(syn::Error::new(
                    word.span(),
                    "expected `asc`, `desc`, `nulls_first`, `nulls_last`, `collate = \"…\"`, `class = \"…\"` or `length = …` after a column",
                ));
            }
        }
    }
    Ok(part)
}
