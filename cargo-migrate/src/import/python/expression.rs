//! The expressions of a head: literals, names, and combinations of them.

use super::Value;
use super::tokens::{Kind, Token};

/// Reads an expression that is nothing but literals and names.
pub(super) fn value(tokens: &[Token]) -> Value {
    let mut at = 0;
    let first = sum(tokens, &mut at, 0);
    if at == tokens.len() {
        return first;
    }
    // A tuple without parentheses.
    let mut items = vec![first];
    while at < tokens.len() {
        if tokens[at].kind != Kind::Symbol(',') {
            return Value::Unknown;
        }
        at += 1;
        if at < tokens.len() {
            items.push(sum(tokens, &mut at, 0));
        }
    }
    Value::List(items)
}

/// A list of ids does not nest deeper than this.
const DEEPEST: usize = 16;

/// Reads one value, or several with a `+` between them.
fn sum(tokens: &[Token], at: &mut usize, depth: usize) -> Value {
    let first = item(tokens, at, depth);
    let mut parts = vec![first];
    while tokens.get(*at).map(|token| &token.kind) == Some(&Kind::Symbol('+')) {
        *at += 1;
        parts.push(item(tokens, at, depth));
    }
    match parts.len() {
        1 => parts.remove(0),
        _ => Value::Joined(parts),
    }
}

fn item(tokens: &[Token], at: &mut usize, depth: usize) -> Value {
    let Some(token) = tokens.get(*at) else {
        return Value::Unknown;
    };
    match &token.kind {
        Kind::Text { .. } => {
            let mut parts = Vec::new();
            while let Some(Kind::Text { value, is_filled }) =
                tokens.get(*at).map(|token| &token.kind)
            {
                match value {
                    None => parts.push(Value::Unknown),
                    Some(text) if *is_filled => filled(text, &mut parts),
                    Some(text) => parts.push(Value::Text(text.clone())),
                }
                *at += 1;
            }
            joined_where_known(parts)
        }
        Kind::Word(word) => {
            *at += 1;
            let mut name = word.clone();
            while let [dot, attribute, ..] = &tokens[*at..]
                && dot.kind == Kind::Symbol('.')
                && let Kind::Word(attribute) = &attribute.kind
            {
                name.extend([".", attribute]);
                *at += 2;
            }
            match name.as_str() {
                "None" => Value::None,
                _ => Value::Name(name),
            }
        }
        Kind::Symbol(open @ ('(' | '[' | '{')) if depth < DEEPEST => {
            let close = match open {
                '(' => ')',
                '[' => ']',
                _ => '}',
            };
            *at += 1;
            let mut items = Vec::new();
            let mut commas = 0;
            loop {
                match tokens.get(*at).map(|token| &token.kind) {
                    Some(Kind::Symbol(symbol)) if *symbol == close => {
                        *at += 1;
                        break;
                    }
                    None => return Value::Unknown,
                    _ => items.push(sum(tokens, at, depth + 1)),
                }
                match tokens.get(*at).map(|token| &token.kind) {
                    Some(Kind::Symbol(',')) => {
                        commas += 1;
                        *at += 1;
                    }
                    Some(Kind::Symbol(symbol)) if *symbol == close => {}
                    _ => {
                        *at = tokens.len();
                        return Value::Unknown;
                    }
                }
            }
            // `("a")` is not a tuple, and `{}` is not a set.
            match (close, commas, items.len()) {
                (')', 0, 1) => items.remove(0),
                ('}', _, 0) => Value::Unknown,
                _ => Value::List(items),
            }
        }
        _ => {
            *at = tokens.len();
            Value::Unknown
        }
    }
}

/// Puts texts together that need no name.
fn joined_where_known(mut parts: Vec<Value>) -> Value {
    match parts.len() {
        1 => parts.remove(0),
        _ if parts.iter().all(|part| matches!(part, Value::Text(_))) => super::joined(parts),
        _ => Value::Joined(parts),
    }
}

/// Splits an f-string into its literal parts and the names in braces.
fn filled(text: &str, parts: &mut Vec<Value>) {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            plain.push_str(brace);
            rest = after;
            continue;
        }
        let inner = match rest.split_once('}') {
            Some((inner, after)) if brace == "{" => {
                rest = after;
                inner.trim()
            }
            _ => "",
        };
        let is_name = !inner.is_empty()
            && !inner.starts_with(|c: char| c.is_ascii_digit())
            && inner
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        parts.push(Value::Text(std::mem::take(&mut plain)));
        parts.push(match is_name {
            true => Value::Name(inner.to_owned()),
            false => Value::Unknown,
        });
    }
    plain.push_str(rest);
    parts.push(Value::Text(plain));
}
