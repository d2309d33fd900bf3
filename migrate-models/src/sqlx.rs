//! The attributes of sqlx's own derives: `#[sqlx(…)]` and `#[repr(…)]`.
//!
//! They have the meaning of sqlx 0.9 (`sqlx-macros-core/src/derives/attributes.rs`). Errors that
//! sqlx reports are left to sqlx.

use heck::{
    ToKebabCase as _, ToLowerCamelCase as _, ToShoutySnakeCase as _, ToSnakeCase as _,
    ToUpperCamelCase as _,
};
use syn::{Attribute, Ident, Type};

use super::attribute::{Entry, Value, entries};
use super::depth::too_deep;

/// The sqlx attributes of a struct or an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) rename_all: Option<String>,
    pub(super) type_name: Option<String>,
    pub(super) transparent: bool,
    pub(super) repr: Option<String>,
}

/// The sqlx attributes of a field or a variant.
#[derive(Default)]
pub(super) struct Child {
    pub(super) rename: Option<String>,
    pub(super) skip: bool,
    pub(super) flatten: bool,
    pub(super) json: Option<Json>,
    pub(super) try_from: Option<Type>,
}

/// How a field is stored as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Json {
    NotNull,
    Nullable,
}

fn all(attributes: &[Attribute]) -> Vec<Entry> {
    let lists = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("sqlx"))
        .filter_map(|attribute| attribute.meta.require_list().ok());
    lists
        .filter_map(|list| entries(list.tokens.clone()).ok())
        .flatten()
        .collect()
}

fn text(entry: &Entry) -> Option<String> {
    match &entry.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

pub(super) fn container(attributes: &[Attribute]) -> Container {
    let mut container = Container::default();
    for entry in all(attributes) {
        match entry.key.as_str() {
            "rename_all" => container.rename_all = text(&entry),
            "type_name" => container.type_name = text(&entry),
            "transparent" => container.transparent = true,
            _ => {}
        }
    }
    for attribute in attributes {
        if !attribute.path().is_ident("repr") {
            continue;
        }
        let words = attribute.parse_args_with(
            syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated,
        );
        let words = words.into_iter().flatten();
        let word = words.filter_map(|word| word.path().get_ident().map(Ident::to_string));
        container.repr = container
            .repr
            .or(word.into_iter().find(|word| is_integer(word)));
    }
    container
}

fn is_integer(word: &str) -> bool {
    word.strip_prefix(['i', 'u'])
        .is_some_and(|bits| bits == "size" || bits.parse::<u8>().is_ok())
}

pub(super) fn child(attributes: &[Attribute]) -> Child {
    let mut child = Child::default();
    for entry in all(attributes) {
        match entry.key.as_str() {
            "rename" => child.rename = text(&entry),
            "skip" => child.skip = true,
            "flatten" => child.flatten = true,
            "json" => {
                child.json = Some(match &entry.value {
                    Value::List(inner) if inner.to_string() == "nullable" => Json::Nullable,
                    _ => Json::NotNull,
                });
            }
            "try_from" => {
                child.try_from = text(&entry).and_then(|text| type_of(&text));
            }
            _ => {}
        }
    }
    child
}

/// Reads the type in the quotes of `try_from = "…"`.
fn type_of(text: &str) -> Option<Type> {
    let tokens = text.parse().ok()?;
    match too_deep(&tokens) {
        true => None,
        false => syn::parse2(tokens).ok(),
    }
}

/// Converts a name for `rename_all`, with the library that sqlx uses.
pub(super) fn rename(name: &str, rename_all: Option<&str>) -> String {
    match rename_all {
        Some("lowercase") => name.to_lowercase(),
        Some("snake_case") => name.to_snake_case(),
        Some("UPPERCASE") => name.to_uppercase(),
        Some("SCREAMING_SNAKE_CASE") => name.to_shouty_snake_case(),
        Some("kebab-case") => name.to_kebab_case(),
        Some("camelCase") => name.to_lower_camel_case(),
        Some("PascalCase") => name.to_upper_camel_case(),
        _ => name.to_owned(),
    }
}
