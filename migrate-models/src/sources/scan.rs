//! Finds the items of a source file that matter for models.
//!
//! The file is split into tokens, and only modules, structs, enums, aliases and imports are parsed.
//! So a function body that does not compile, or that is newer than syn, does not hide the models
//! beside it.

use std::ops::Range;

use proc_macro2::{Delimiter, Group, LexError, Span, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, DeriveInput, Generics, Ident, Token, Type};

use super::condition::{holds_in_tests_only, is_test, undo, undo_fields};
use super::imports::{UseItem, imports, plain};
use crate::depth::too_deep;
use crate::resolve::derive_of;

/// The items of a file, or of the braces of a module.
#[derive(Default)]
pub(super) struct Items {
    pub(super) modules: Vec<ModuleItem>,
    pub(super) types: Vec<TypeItem>,
    pub(super) uses: Vec<UseItem>,
    /// Places that may have models and are not read, with the reason.
    pub(super) unfollowed: Vec<(Span, String)>,
    /// The errors of syn for items that derive `Table`.
    pub(super) broken: Vec<(Span, String)>,
    /// Set if all of it is compiled for tests alone.
    pub(super) test: bool,
}

/// `mod a;` or `mod a { … }`
pub(super) struct ModuleItem {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) path: Option<String>,
    pub(super) inline: Option<Items>,
    /// Set if it is compiled conditionally.
    pub(super) conditional: bool,
}

/// A struct, an enum, or an alias.
pub(super) struct TypeItem {
    pub(super) name: String,
    pub(super) what: TypeKind,
}

/// The kind of a [`TypeItem`].
pub(super) enum TypeKind {
    Item(Box<DeriveInput>),
    Alias(Box<(Generics, Type)>),
}

/// The nesting depth of modules in one file, and of braces in imports.
const DEEPEST: usize = 64;

/// Returns which bytes of a file are not Rust: a byte order mark, a `#!` line.
pub(super) fn preamble(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let rest = &text[mark..];
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        return mark + rest.find('\n').unwrap_or(rest.len());
    }
    mark
}

/// Splits a file into its items.
pub(super) fn scan(text: &str) -> Result<Items, (Range<usize>, String)> {
    let shift = preamble(text);
    let tokens: TokenStream = text[shift..].parse().map_err(|error: LexError| {
        let span = error.span().byte_range();
        let span = span.start + shift..span.end + shift;
        (span, "unbalanced quotes or parentheses".to_owned())
    })?;
    Ok(items(tokens, DEEPEST))
}

fn items(tokens: TokenStream, left: usize) -> Items {
    let mut scanner = Scanner {
        tokens: tokens.into_iter().peekable(),
        attributes: Vec::new(),
        items: Items::default(),
        left,
    };
    scanner.run();
    scanner.items
}

struct Scanner {
    tokens: std::iter::Peekable<proc_macro2::token_stream::IntoIter>,
    /// The attributes since the last item, each with its `#`.
    attributes: Vec<TokenTree>,
    items: Items,
    left: usize,
}

impl Scanner {
    fn run(&mut self) {
        while let Some(token) = self.tokens.next() {
            match &token {
                TokenTree::Punct(sign) if sign.as_char() == '#' => self.attribute(token),
                TokenTree::Punct(sign) if sign.as_char() == ';' => self.attributes.clear(),
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.attributes.clear();
                }
                // The input that a macro captured is in invisible parentheses.
                TokenTree::Ident(word) => self.word(word),
                TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn attribute(&mut self, hash: TokenTree) {
        let inner = self
            .tokens
            .next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'))
            .is_some();
        let Some(TokenTree::Group(group)) = self
            .tokens
            .next_if(|next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket))
        else {
            return;
        };
        if inner {
            self.items.test |= is_test(&group.stream());
        } else {
            self.attributes.extend([hash, TokenTree::Group(group)]);
        }
    }

    fn word(&mut self, word: &Ident) {
        match word.to_string().as_str() {
            "mod" => self.module(),
            "struct" | "enum" | "union" => self.declaration(word.clone()),
            "type" => self.alias(),
            // Not `impl Sized + use<'a>`.
            "use" if !self.next_is('<') => self.import(),
            name => self.call(name, word.span()),
        }
    }

    /// Returns the attributes of the item that begins, with each `cfg_attr` replaced; `None` if the
    /// item is compiled for tests alone.
    fn take(&mut self) -> Option<Vec<Attribute>> {
        let tokens: TokenStream = self.attributes.drain(..).collect();
        if too_deep(&tokens) {
            return Some(Vec::new());
        }
        let attributes = Attribute::parse_outer.parse2(tokens).unwrap_or_default();
        let mut undone = Vec::new();
        for attribute in attributes {
            if attribute.path().is_ident("cfg")
                && let Ok(list) = attribute.meta.require_list()
                && holds_in_tests_only(list.tokens.clone(), DEEPEST)
            {
                return None;
            }
            undo(attribute, &mut undone, 8);
        }
        Some(undone)
    }

    fn module(&mut self) {
        let Some(TokenTree::Ident(name)) = self
            .tokens
            .next_if(|next| matches!(next, TokenTree::Ident(_)))
        else {
            return;
        };
        let attributes = self.take();
        let body = self.tokens.next_if(
            |next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace),
        );
        let Some(attributes) = attributes else { return };
        let path = attributes.iter().find_map(|attribute| {
            let value = attribute.meta.require_name_value().ok()?;
            match &value.value {
                syn::Expr::Lit(literal) if value.path.is_ident("path") => match &literal.lit {
                    syn::Lit::Str(text) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            }
        });
        let inline = match body {
            Some(TokenTree::Group(group)) => match self.left.checked_sub(1) {
                Some(left) => Some(items(group.stream(), left)),
                None => {
                    let why = "modules are nested too deeply here".to_owned();
                    self.items.unfollowed.push((name.span(), why));
                    return;
                }
            },
            _ => None,
        };
        if inline.as_ref().is_some_and(|items| items.test) {
            return;
        }
        self.items.modules.push(ModuleItem {
            name: plain(&name),
            span: name.span(),
            path,
            inline,
            conditional: attributes
                .iter()
                .any(|attribute| attribute.path().is_ident("cfg")),
        });
    }

    /// Reads a struct or an enum, up to its `}` or `;`.
    fn declaration(&mut self, keyword: Ident) {
        let Some(TokenTree::Ident(name)) = self
            .tokens
            .next_if(|next| matches!(next, TokenTree::Ident(_)))
        else {
            return;
        };
        let attributes = self.take();
        let mut declaration = vec![TokenTree::Ident(keyword), TokenTree::Ident(name.clone())];
        for token in self.tokens.by_ref() {
            let last = match &token {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(sign) => sign.as_char() == ';',
                TokenTree::Ident(_) | TokenTree::Literal(_) => false,
            };
            declaration.push(token);
            if last {
                break;
            }
        }
        let Some(attributes) = attributes else { return };
        let is_model = derive_of(&attributes, "Table").is_some();
        let declaration: TokenStream = declaration.into_iter().collect();
        if too_deep(&declaration) {
            if is_model {
                let why = "nested too deeply".to_owned();
                self.items.broken.push((name.span(), why));
            }
            return;
        }
        match syn::parse2::<DeriveInput>(declaration) {
            Ok(mut item) => {
                item.attrs = attributes;
                undo_fields(&mut item);
                self.items.types.push(TypeItem {
                    name: plain(&name),
                    what: TypeKind::Item(Box::new(item)),
                });
            }
            Err(error) if is_model => {
                self.items.broken.push((error.span(), error.to_string()));
            }
            // The item matters only if a model names it, which then reports an unknown type.
            Err(_) => {}
        }
    }

    fn alias(&mut self) {
        let tokens = self.until_semicolon();
        if self.take().is_none() || too_deep(&tokens) {
            return;
        }
        let alias = |input: ParseStream<'_>| {
            let name: Ident = input.parse()?;
            let generics: Generics = input.parse()?;
            input.parse::<Token![=]>()?;
            let of: Type = input.parse()?;
            Ok((plain(&name), generics, of))
        };
        if let Ok((name, generics, of)) = alias.parse2(tokens) {
            let what = TypeKind::Alias(Box::new((generics, of)));
            self.items.types.push(TypeItem { name, what });
        }
    }

    fn import(&mut self) {
        let tokens = self.until_semicolon();
        if self.take().is_some() {
            imports(tokens, &[], &mut self.items.uses, DEEPEST);
        }
    }

    /// Handles a macro call at the position of an item.
    fn call(&mut self, name: &str, span: Span) {
        if self
            .tokens
            .next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'))
            .is_none()
        {
            return;
        }
        if name == "macro_rules" {
            self.tokens.next();
            self.tokens.next();
            self.attributes.clear();
            return;
        }
        let Some(TokenTree::Group(group)) = self.tokens.next() else {
            return;
        };
        let test = self.take().is_none();
        let why = match name {
            _ if test => return,
            "include" => "`include!` is not followed",
            _ if mentions_model(&group) => "the input of a macro is not followed",
            _ => return,
        };
        self.items.unfollowed.push((span, why.to_owned()));
    }

    fn next_is(&mut self, sign: char) -> bool {
        matches!(self.tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == sign)
    }

    /// Takes the tokens before the `;`, or before the next item's attributes if it is missing.
    fn until_semicolon(&mut self) -> TokenStream {
        let mut taken = TokenStream::new();
        while !self.next_is('#') {
            match self.tokens.next() {
                Some(TokenTree::Punct(sign)) if sign.as_char() == ';' => break,
                Some(token) => taken.extend([token]),
                None => break,
            }
        }
        taken
    }
}

/// Returns whether `derive(… Table …)` is anywhere in a macro's input.
fn mentions_model(group: &Group) -> bool {
    let mut streams = vec![(group.stream().into_iter(), false)];
    let mut derive = false;
    while let Some((stream, inside)) = streams.last_mut() {
        let inside = *inside;
        match stream.next() {
            None => {
                streams.pop();
            }
            Some(TokenTree::Ident(word)) => {
                if inside && word == "Table" {
                    return true;
                }
                derive = word == "derive";
            }
            Some(TokenTree::Group(group)) => {
                streams.push((group.stream().into_iter(), derive));
                derive = false;
            }
            Some(_) => derive = false,
        }
    }
    false
}
