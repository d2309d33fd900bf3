//! Resolves a Rust type to the kind of values it holds.

use std::cell::Cell;
use std::collections::BTreeMap;

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{
    Data, DeriveInput, Fields, GenericArgument, GenericParam, Generics, PathArguments, Type,
};

use super::kind::{Kind, known};
use super::sqlx;

/// A kind of values, and whether they may be absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
}

/// The scope in which the path of a type is looked up.
pub(crate) trait Scope {
    /// Finds the item of a path; `absolute` if it began with `::`.
    fn find(&self, path: &[String], absolute: bool) -> Found<'_>;

    /// Returns whether only well-known names can be found here, because a derive sees one struct.
    fn is_blind(&self) -> bool;
}

/// The item of a path.
#[cfg_attr(
    not(feature = "sources"),
    expect(dead_code, reason = "a derive finds nothing but names")
)]
pub(crate) enum Found<'a> {
    /// A type of another crate, by its whole path, or an unknown type.
    Elsewhere(Vec<String>),
    /// `type A<T> = …;`
    Alias(&'a Generics, &'a Type, Box<dyn Scope + 'a>),
    /// A struct or an enum.
    Item(&'a DeriveInput, Box<dyn Scope + 'a>),
}

/// The scope of a derive, in which names have their usual meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blind;

impl Scope for Blind {
    fn find(&self, path: &[String], _: bool) -> Found<'_> {
        Found::Elsewhere(path.to_vec())
    }

    fn is_blind(&self) -> bool {
        true
    }
}

/// The remaining budget for following aliases and newtypes: in depth, and in total for one field.
#[derive(Clone, Copy)]
struct Left<'a> {
    deep: u8,
    steps: &'a Cell<u16>,
}

impl Left<'_> {
    const DEEP: u8 = 32;
    const STEPS: u16 = 1000;

    fn less(self) -> Option<Self> {
        let deep = self.deep.checked_sub(1)?;
        self.steps.set(self.steps.get().checked_sub(1)?);
        Some(Self { deep, ..self })
    }
}

/// The arguments of a generic type, by the names of its parameters.
type Bindings = BTreeMap<String, Resolved>;

/// Resolves a type.
pub(crate) fn resolve(of: &Type, scope: &dyn Scope) -> Resolved {
    let steps = Cell::new(Left::STEPS);
    let left = Left {
        deep: Left::DEEP,
        steps: &steps,
    };
    descend(of, scope, &Bindings::new(), left)
}

/// Returns the parts of a path of a type, and whether it began with `::`.
pub(crate) fn parts(of: &Type) -> Option<(Vec<String>, bool)> {
    match of {
        Type::Path(path) if path.qself.is_none() => {
            let parts = path.path.segments.iter();
            let parts = parts.map(|part| part.ident.unraw().to_string()).collect();
            Some((parts, path.path.leading_colon.is_some()))
        }
        Type::Group(group) => parts(&group.elem),
        Type::Paren(paren) => parts(&paren.elem),
        _ => None,
    }
}

fn one(kind: Kind) -> Resolved {
    Resolved {
        optional: false,
        kind,
    }
}

fn unknown(of: &Type) -> Resolved {
    // Written as in source, not as tokens are printed.
    let text = of.to_token_stream().to_string();
    let text = [" :: ", " <", "< ", " >", "& ", " ,"]
        .iter()
        .fold(text, |text, wide| text.replace(wide, wide.trim()));
    one(Kind::Unknown(text.chars().take(80).collect()))
}

fn many(of: Resolved) -> Resolved {
    one(match of.kind {
        Kind::Int {
            bits: 8,
            signed: false,
        } if !of.optional => Kind::Bytes,
        kind => Kind::Array(Box::new(kind)),
    })
}

fn descend(of: &Type, scope: &dyn Scope, bindings: &Bindings, left: Left<'_>) -> Resolved {
    let Some(left) = left.less() else {
        return unknown(of);
    };
    match of {
        Type::Group(group) => descend(&group.elem, scope, bindings, left),
        Type::Paren(paren) => descend(&paren.elem, scope, bindings, left),
        Type::Reference(reference) => descend(&reference.elem, scope, bindings, left),
        Type::Slice(slice) => many(descend(&slice.elem, scope, bindings, left)),
        Type::Array(array) => many(descend(&array.elem, scope, bindings, left)),
        Type::Path(path) => match (parts(of), path.path.segments.last()) {
            (Some((parts, absolute)), Some(last)) => {
                let arguments = arguments(&last.arguments, scope, bindings, left);
                named(of, &parts, absolute, arguments, (scope, bindings, left))
            }
            _ => unknown(of),
        },
        _ => unknown(of),
    }
}

fn arguments(
    of: &PathArguments,
    scope: &dyn Scope,
    bindings: &Bindings,
    left: Left<'_>,
) -> Vec<Resolved> {
    let PathArguments::AngleBracketed(arguments) = of else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(of) => Some(of),
        _ => None,
    });
    types.map(|of| descend(of, scope, bindings, left)).collect()
}

fn named(
    of: &Type,
    path: &[String],
    absolute: bool,
    arguments: Vec<Resolved>,
    (scope, bindings, left): (&dyn Scope, &Bindings, Left<'_>),
) -> Resolved {
    if let ([name], false) = (path, absolute)
        && let Some(bound) = bindings.get(name)
    {
        return bound.clone();
    }
    match scope.find(path, absolute) {
        Found::Elsewhere(path) => elsewhere(of, &path, arguments),
        Found::Alias(generics, of, scope) => {
            descend(of, scope.as_ref(), &bind(generics, arguments), left)
        }
        Found::Item(item, scope) => {
            let bindings = bind(&item.generics, arguments);
            let kind = declared(item, scope.as_ref(), &bindings, left);
            kind.unwrap_or_else(|| unknown(of))
        }
    }
}

fn bind(generics: &Generics, arguments: Vec<Resolved>) -> Bindings {
    let parameters = generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(parameter.ident.to_string()),
            _ => None,
        });
    parameters.zip(arguments).collect()
}

fn elsewhere(of: &Type, path: &[String], mut arguments: Vec<Resolved>) -> Resolved {
    let name = path.last().map_or("", String::as_str);
    let std = match path.first().map(String::as_str) {
        Some("std" | "core" | "alloc") => true,
        _ => path.len() == 1,
    };
    match (name, arguments.len()) {
        ("Option", 1) if std => {
            let of = arguments.remove(0);
            return Resolved {
                optional: true,
                ..of
            };
        }
        ("Box" | "Arc" | "Rc" | "Cow", 1) if std => return arguments.remove(0),
        ("Vec", 1) if std => return many(arguments.remove(0)),
        _ => {}
    }
    // `sqlx::types::Json<Option<T>>` is never NULL: an absent value is JSON's own null.
    let kinds: Vec<_> = arguments
        .into_iter()
        .map(|argument| argument.kind)
        .collect();
    known(path, &kinds).map_or_else(|| unknown(of), one)
}

/// Returns the path of the derive of this name, if an item has one.
pub(crate) fn derive_of(attributes: &[syn::Attribute], name: &str) -> Option<Vec<String>> {
    let derives = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .filter_map(|attribute| {
            attribute
                .parse_args_with(
                    syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated,
                )
                .ok()
        });
    let paths = derives.flatten().map(|path| {
        let parts = path.segments.iter();
        parts
            .map(|part| part.ident.unraw().to_string())
            .collect::<Vec<_>>()
    });
    paths
        .into_iter()
        .find(|path| path.last().is_some_and(|last| last == name))
}

/// Resolves a struct or an enum of the package by its derive of sqlx's `Type`.
fn declared(
    item: &DeriveInput,
    scope: &dyn Scope,
    bindings: &Bindings,
    left: Left<'_>,
) -> Option<Resolved> {
    derive_of(&item.attrs, "Type")?;
    let container = sqlx::container(&item.attrs);
    let type_name = || {
        let name = item.ident.unraw().to_string();
        container.type_name.clone().unwrap_or(name)
    };
    match &item.data {
        Data::Struct(data) if container.transparent => {
            let field = data.fields.iter().next()?;
            Some(descend(&field.ty, scope, bindings, left))
        }
        Data::Struct(_) => Some(one(Kind::PostgresNamed(type_name()))),
        Data::Enum(_) if container.repr.is_some() => {
            let repr = container.repr.as_slice();
            known(repr, &[]).map(one)
        }
        Data::Enum(data) => {
            let variants = data.variants.iter();
            let values = variants
                .map(|variant| match &variant.fields {
                    Fields::Unit => {
                        let name = variant.ident.unraw().to_string();
                        let renamed = sqlx::child(&variant.attrs).rename;
                        let all = container.rename_all.as_deref();
                        Some(renamed.unwrap_or_else(|| sqlx::rename(&name, all)))
                    }
                    Fields::Named(_) | Fields::Unnamed(_) => None,
                })
                .collect::<Option<Vec<_>>>()?;
            Some(one(Kind::Enum {
                type_name: type_name(),
                values,
            }))
        }
        Data::Union(_) => None,
    }
}
