//! The syntax of `#[table(…)]` and `#[column(…)]`.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, Lit, Token};

use super::values::is_whole;
use super::{Problem, Site};
use migrate_core::__support::{nearest, suggestion};
use migrate_core::Code;

/// One entry of an attribute's list: `key`, `key = value` or `key(…)`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) span: Span,
    pub(super) value: Value,
}

/// The value of an entry.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// No value.
    Flag,
    /// A quoted text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// An unquoted word.
    Word(String),
    /// The tokens between parentheses.
    List(TokenStream),
}

/// Reads a list of entries.
pub(super) fn entries(tokens: TokenStream) -> syn::Result<Vec<Entry>> {
    let list = |input: ParseStream<'_>| {
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(entry(input)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(entries)
    };
    list.parse2(tokens)
}

fn entry(input: ParseStream<'_>) -> syn::Result<Entry> {
    let key = input.call(Ident::parse_any)?;
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        value(input)?
    } else if input.peek(syn::token::Paren) {
        let group: Group = input.parse()?;
        Value::List(group.stream())
    } else {
        Value::Flag
    };
    Ok(Entry {
        span: key.span(),
        key: key.unraw().to_string(),
        value,
    })
}

fn value(input: ParseStream<'_>) -> syn::Result<Value> {
    if input.peek(Ident::peek_any) && !input.peek(syn::LitBool) {
        return Ok(Value::Word(
            input.call(Ident::parse_any)?.unraw().to_string(),
        ));
    }
    let sign = match input.parse::<Option<Token![-]>>()? {
        Some(_) => "-",
        None => "",
    };
    Ok(match input.parse()? {
        Lit::Str(text) if sign.is_empty() => Value::Text(text.value()),
        Lit::Bool(value) if sign.is_empty() => Value::Bool(value.value),
        Lit::Int(number) => Value::Number(format!("{sign}{}", number.base10_digits())),
        Lit::Float(number) => Value::Number(format!("{sign}{}", number.base10_digits())),
        other => {
            return Err(syn::Error::new(
                other.span(),
                "expected a string, a number, `true` or `false`",
            ));
        }
    })
}

/// Reads a list of names: `a, b`, with quotes around a name that is not an identifier.
pub(super) fn names(tokens: TokenStream) -> syn::Result<Vec<(String, Span)>> {
    let list = |input: ParseStream<'_>| {
        let mut names = Vec::new();
        while !input.is_empty() {
            names.push(name(input)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(names)
    };
    list.parse2(tokens)
}

/// Reads one name.
pub(super) fn name(input: ParseStream<'_>) -> syn::Result<(String, Span)> {
    if input.peek(syn::LitStr) {
        let text: syn::LitStr = input.parse()?;
        return Ok((text.value(), text.span()));
    }
    let ident = input.call(Ident::parse_any)?;
    Ok((ident.unraw().to_string(), ident.span()))
}

/// Returns whether a list begins with entries, and not with names: `unique(columns(a), …)`.
pub(super) fn begins_with_entry(tokens: &TokenStream) -> bool {
    let mut tokens = tokens.clone().into_iter();
    let (first, second) = (tokens.next(), tokens.next());
    match (first, second) {
        (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(sign))) => sign.as_char() == '=',
        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) => {
            name != "expr" && group.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    }
}

/// Receives places and problems while entries are read.
pub(super) struct Notes<'a> {
    /// Records a place.
    pub(super) mark: &'a mut dyn FnMut(Span) -> Site,
    /// The problems so far.
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Notes<'_> {
    pub(super) fn site(&mut self, span: Span) -> Site {
        (self.mark)(span)
    }

    pub(super) fn wrong(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let site = self.site(span);
        self.problems
            .push(Problem::error(Code::MalformedModel, site, message, help));
    }

    /// Reports an attribute that stands where it means nothing.
    pub(super) fn misplaced(&mut self, attributes: &[Attribute], name: &str, place: &str) {
        for attribute in attributes {
            if attribute.path().is_ident(name) {
                self.wrong(
                    attribute.path().span(),
                    format!("`#[{name}(…)]` belongs to {place}"),
                    match name {
                        "table" => "write `#[column(…)]` here, or move it to the struct",
                        _ => "write `#[table(…)]` here, or move it to a field",
                    },
                );
            }
        }
    }

    /// Returns an SQL text, or reports that it is missing or ends too early.
    pub(super) fn sql(&mut self, entry: &Entry) -> Option<String> {
        let text = self.text(entry)?;
        self.whole(entry, text)
    }

    /// Returns an SQL text, or reports that it ends too early.
    pub(super) fn whole(&mut self, entry: &Entry, text: String) -> Option<String> {
        if is_whole(&text) {
            return Some(text);
        }
        self.wrong(
            entry.span,
            format!("the SQL of `{}` is not complete: `{text}`", entry.key),
            "close its parentheses and quotes",
        );
        None
    }

    /// Reports an error of syn at a place.
    pub(super) fn syntax(&mut self, error: &syn::Error, at: Span, example: &str) {
        for error in error.clone() {
            let words = error.to_string();
            let message = words.lines().next().unwrap_or("invalid syntax");
            // The end of a parenthesized list has no place of its own.
            let span = match message.starts_with("unexpected end") {
                true => at,
                false => error.span(),
            };
            self.wrong(span, message, format!("for example `{example}`"));
        }
    }

    /// Reports an unknown key.
    pub(super) fn unknown(&mut self, entry: &Entry, place: &str, known: &[&str]) {
        self.wrong(
            entry.span,
            format!("unknown key `{}` in `{place}`", entry.key),
            suggestion(&entry.key, known),
        );
    }

    /// Returns a text, or reports that it is missing.
    pub(super) fn text(&mut self, entry: &Entry) -> Option<String> {
        match &entry.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => {
                self.wrong(
                    entry.span,
                    format!("`{}` requires a string", entry.key),
                    format!("for example `{} = \"…\"`", entry.key),
                );
                None
            }
        }
    }

    /// Returns whether a flag is set, by its presence or by `= false`.
    pub(super) fn flag(&mut self, entry: &Entry) -> Option<bool> {
        match entry.value {
            Value::Flag => Some(true),
            Value::Bool(value) => Some(value),
            _ => {
                self.wrong(
                    entry.span,
                    format!("expected `true`, `false` or no value for `{}`", entry.key),
                    format!("write `{0}` or `{0} = false`", entry.key),
                );
                None
            }
        }
    }

    /// Returns one of several values, quoted or not.
    pub(super) fn choice<T: Copy>(&mut self, entry: &Entry, choices: &[(&str, T)]) -> Option<T> {
        let word = match &entry.value {
            Value::Text(word) | Value::Word(word) => word.to_ascii_lowercase(),
            _ => String::new(),
        };
        let word = word.replace('_', " ");
        let found = choices.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let known: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let help = match nearest(&word, known.iter().copied()) {
                Some(near) => format!("did you mean `{} = \"{near}\"`?", entry.key),
                None => format!("expected one of `{}`", known.join("`, `")),
            };
            let message = match word.is_empty() {
                true => format!("`{}` requires a value", entry.key),
                false => format!("invalid value `{word}` for `{}`", entry.key),
            };
            self.wrong(entry.span, message, help);
        }
        found.map(|(_, value)| *value)
    }

    /// Returns the entries of `key(…)`, whose key is at `at`.
    pub(super) fn entries(&mut self, tokens: TokenStream, at: Span, example: &str) -> Vec<Entry> {
        entries(tokens).unwrap_or_else(|error| {
            self.syntax(&error, at, example);
            Vec::new()
        })
    }

    /// Sets a value that may be set only once.
    pub(super) fn once<T>(&mut self, into: &mut Option<T>, value: Option<T>, entry: &Entry) {
        if into.is_some() {
            self.wrong(
                entry.span,
                format!("`{}` is given twice", entry.key),
                "keep one of the two",
            );
        } else {
            *into = value;
        }
    }
}
