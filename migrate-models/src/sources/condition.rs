//! Conditional compilation: `cfg` and `cfg_attr`.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::Parser as _;
use syn::{Attribute, DeriveInput, Token};

/// The depth to which conditions are read.
pub(super) const DEEPEST: usize = 64;

/// Returns whether the tokens of `#![…]` are `cfg(test)`.
pub(super) fn is_test(tokens: &TokenStream) -> bool {
    let mut tokens = tokens.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(group))) => {
            word == "cfg" && holds_in_tests_only(group.stream(), DEEPEST)
        }
        _ => false,
    }
}

/// Returns whether a condition requires `test`: `test`, `all(test, …)`, `any(test)`.
pub(super) fn holds_in_tests_only(condition: TokenStream, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else {
        return false;
    };
    let mut tokens = condition.into_iter();
    let (first, second) = (tokens.next(), tokens.next());
    match (first, second) {
        (Some(TokenTree::Ident(word)), None) => word == "test",
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(group))) => {
            let mut parts = vec![Vec::new()];
            for token in group.stream() {
                match &token {
                    TokenTree::Punct(sign) if sign.as_char() == ',' => parts.push(Vec::new()),
                    _ => parts.last_mut().expect("it begins with one").push(token),
                }
            }
            parts.retain(|part| !part.is_empty());
            let mut parts = parts
                .into_iter()
                .map(|part| holds_in_tests_only(part.into_iter().collect(), left));
            match word.to_string().as_str() {
                "all" => parts.any(|test| test),
                "any" => parts.len() > 0 && parts.all(|test| test),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Replaces a `cfg_attr` by its attributes, as if its condition held; by none if it requires
/// `test`.
pub(super) fn undo(attribute: Attribute, into: &mut Vec<Attribute>, left: usize) {
    if !attribute.path().is_ident("cfg_attr") {
        into.push(attribute);
        return;
    }
    let (Some(left), Ok(list)) = (left.checked_sub(1), attribute.meta.require_list()) else {
        return;
    };
    let mut tokens = list.tokens.clone().into_iter();
    let condition = tokens
        .by_ref()
        .take_while(|token| !matches!(token, TokenTree::Punct(sign) if sign.as_char() == ','))
        .collect();
    if holds_in_tests_only(condition, DEEPEST) {
        return;
    }
    let inner = syn::punctuated::Punctuated::<syn::Meta, Token![,]>::parse_terminated;
    for meta in inner.parse2(tokens.collect()).into_iter().flatten() {
        let inner = Attribute {
            pound_token: Token![#](Span::call_site()),
            style: syn::AttrStyle::Outer,
            bracket_token: syn::token::Bracket::default(),
            meta,
        };
        undo(inner, into, left);
    }
}

pub(super) fn undo_fields(item: &mut DeriveInput) {
    let undo_all = |attributes: &mut Vec<Attribute>| {
        for attribute in std::mem::take(attributes) {
            undo(attribute, attributes, 8);
        }
    };
    match &mut item.data {
        syn::Data::Struct(data) => {
            for field in &mut data.fields {
                undo_all(&mut field.attrs);
            }
        }
        syn::Data::Enum(data) => {
            for variant in &mut data.variants {
                undo_all(&mut variant.attrs);
            }
        }
        syn::Data::Union(_) => {}
    }
}
