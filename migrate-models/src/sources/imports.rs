//! The names that a `use` imports.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A name that a `use` imports.
#[derive(Debug)]
pub(super) struct UseItem {
    pub(super) path: Vec<String>,
    /// `None` for a `*`.
    pub(super) name: Option<String>,
}

/// Reads the tree of a `use`.
pub(super) fn imports(
    tokens: TokenStream,
    prefix: &[String],
    into: &mut Vec<UseItem>,
    left: usize,
) {
    let Some(left) = left.checked_sub(1) else {
        return;
    };
    let mut path = prefix.to_vec();
    let mut renamed = None;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "as" => {
                renamed = Some(match tokens.next() {
                    Some(TokenTree::Ident(name)) => plain(&name),
                    _ => "_".to_owned(),
                });
            }
            TokenTree::Ident(word) => path.push(plain(&word)),
            TokenTree::Punct(sign) if sign.as_char() == '*' => {
                into.push(UseItem { path, name: None });
                return;
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let mut part = TokenStream::new();
                for token in group.stream() {
                    match token {
                        TokenTree::Punct(sign) if sign.as_char() == ',' => {
                            imports(std::mem::take(&mut part), &path, into, left);
                        }
                        token => part.extend([token]),
                    }
                }
                imports(part, &path, into, left);
                return;
            }
            _ => {}
        }
    }
    if path.len() > prefix.len() {
        // `use a::{self}` imports `a` itself.
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let name = renamed.or_else(|| path.last().cloned());
        into.push(UseItem { path, name });
    }
}

/// Returns a name without its `r#`.
pub(super) fn plain(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}
