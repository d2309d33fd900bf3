//! One spelling for what PostgreSQL writes in two ways.
//!
//! It writes an expression as it has understood it, and understands what it wrote in another way:
//! a dump that is loaded gives other texts than the database it is of, and those stay. Here a text
//! becomes what it would be after that, as far as it is known:
//!
//! - `status IN ('a', 'b')` over a `varchar` is written
//!   `ANY ((ARRAY['a'::character varying, …])::text[])`, and the cast of such an array is read as
//!   the casts of its elements (`transformArrayExpr` of PostgreSQL's `parse_expr.c`);
//! - `EXTRACT(YEAR FROM …)` keeps its letters, and is read with small ones.

use migrate_core::Dialect;
use migrate_sql::{Lexer, TokenKind};

use super::super::record::Record;

/// The next field, as PostgreSQL would write it of a reloaded dump.
pub(super) fn expression(row: &mut Record) -> Option<String> {
    row.option().map(normalized)
}

/// Writes an expression or statement as PostgreSQL would write it of a reloaded dump.
pub(super) fn normalized(text: String) -> String {
    if !text.contains("ARRAY[") && !text.contains("EXTRACT(") {
        return text;
    }
    match plain_bytes(&text) {
        Some(plain) => Text { text: &text, plain }.normalized(0..text.len()),
        None => text,
    }
}

/// Returns for each byte whether it is outside of quotes; `None` if the text cannot be read.
fn plain_bytes(text: &str) -> Option<Vec<bool>> {
    let mut plain = vec![false; text.len()];
    let mut lexer = Lexer::new(Dialect::Postgres, text);
    while let Some(token) = lexer.next_token().ok()? {
        if matches!(token.kind, TokenKind::Word | TokenKind::Symbol) {
            plain[token.start..token.end].fill(true);
        }
    }
    Some(plain)
}

struct Text<'a> {
    text: &'a str,
    plain: Vec<bool>,
}

impl Text<'_> {
    fn normalized(&self, range: std::ops::Range<usize>) -> String {
        let mut new = String::with_capacity(range.len());
        let mut at = range.start;
        while at < range.end {
            if self.has_word(at, "ARRAY[")
                && let Some((array, end)) = self.cast_array(at)
            {
                // The parentheses were the cast's.
                if end.wrapped {
                    new.pop();
                }
                new.push_str(&array);
                at = end.at;
                continue;
            }
            let field = at + "EXTRACT(".len();
            if self.has_word(at, "EXTRACT(") && self.plain.get(field) == Some(&true) {
                let end = self.text[field..]
                    .find(|sign: char| !sign.is_ascii_alphabetic())
                    .map_or(self.text.len(), |length| field + length);
                new.push_str("EXTRACT(");
                new.push_str(&self.text[field..end].to_ascii_lowercase());
                at = end;
                continue;
            }
            let sign = self.text[at..].chars().next().expect("within the text");
            new.push(sign);
            at += sign.len_utf8();
        }
        new
    }

    fn has_word(&self, at: usize, word: &str) -> bool {
        let before = self.text[..at].chars().next_back();
        self.plain[at]
            && self.text[at..].starts_with(word)
            && !before.is_some_and(|sign| sign.is_alphanumeric() || sign == '_')
    }

    /// Reads `ARRAY[…]` and the cast after it, and writes the array with the casts inside.
    fn cast_array(&self, at: usize) -> Option<(String, End)> {
        let (elements, close) = self.elements(at + "ARRAY[".len())?;
        let rest = &self.text[close + 1..];
        // Behind a name they are a call's.
        let opening = self.text[..at].strip_suffix('(');
        let wrapped = rest.starts_with(")::")
            && opening.is_some_and(|before| {
                !before.ends_with(|sign: char| sign.is_alphanumeric() || "_\"".contains(sign))
            });
        let cast = rest.strip_prefix(if wrapped { ")::" } else { "::" })?;
        let of = element_type(cast)?;
        let mut written = Vec::with_capacity(elements.len());
        for element in elements {
            let element = self.normalized(element);
            let is_cast = element
                .strip_suffix(of)
                .is_some_and(|rest| rest.ends_with("::"));
            written.push(match (is_cast, wrapped) {
                (true, _) => element,
                (false, true) => format!("({element})::{of}"),
                // Where PostgreSQL leaves out what parentheses it can, an operator needs them.
                (false, false) if element.starts_with('\'') => format!("{element}::{of}"),
                (false, false) => return None,
            });
        }
        let end = self.text.len() - cast.len() + of.len() + "[]".len();
        let array = format!("ARRAY[{}]", written.join(", "));
        Some((array, End { at: end, wrapped }))
    }

    /// The elements of an array that begins here, and where its bracket closes.
    fn elements(&self, start: usize) -> Option<(Vec<std::ops::Range<usize>>, usize)> {
        let mut elements = Vec::new();
        let (mut depth, mut from) = (0_usize, start);
        for (offset, byte) in self.text.as_bytes()[start..].iter().enumerate() {
            let at = start + offset;
            if !self.plain[at] {
                continue;
            }
            match byte {
                b'(' | b'[' => depth += 1,
                b']' if depth == 0 => {
                    elements.push(from..at);
                    return (from < at).then_some((elements, at));
                }
                b')' | b']' => depth = depth.checked_sub(1)?,
                b',' if depth == 0 => {
                    elements.push(from..at);
                    from = at + ", ".len();
                }
                _ => {}
            }
        }
        None
    }
}

/// Where a cast ends, and whether what it casts is in parentheses.
struct End {
    at: usize,
    wrapped: bool,
}

/// The type of the elements, where the text begins with the type of an array.
fn element_type(text: &str) -> Option<&str> {
    let end = text.find("[]")?;
    let name = &text[..end];
    let known = |sign: char| sign.is_alphanumeric() || " _.\"(),".contains(sign);
    let closed = name.matches('(').count() == name.matches(')').count();
    (!name.is_empty() && closed && name.chars().all(known)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn casts_of_arrays_are_casts_of_their_elements() {
        for (text, expected) in [
            (
                "((a)::text = ANY ((ARRAY['x'::character varying, 'ARRAY[1'::character varying])::text[]))",
                "((a)::text = ANY (ARRAY[('x'::character varying)::text, ('ARRAY[1'::character varying)::text]))",
            ),
            (
                "(n = ANY ((ARRAY[1, (2)::bigint, f(3, 4)])::bigint[]))",
                "(n = ANY (ARRAY[(1)::bigint, (2)::bigint, (f(3, 4))::bigint]))",
            ),
            (
                "WHEN (new.a::text = ANY (ARRAY['x'::character varying, 'y'::text]::text[]))",
                "WHEN (new.a::text = ANY (ARRAY['x'::character varying::text, 'y'::text]))",
            ),
            (
                "(d = ANY ((ARRAY['1'::character varying])::numeric(10,2)[]))",
                "(d = ANY (ARRAY[('1'::character varying)::numeric(10,2)]))",
            ),
        ] {
            assert_eq!(normalized(text.to_owned()), expected);
            assert_eq!(normalized(expected.to_owned()), expected);
        }
    }

    #[test]
    fn fields_are_small() {
        assert_eq!(
            normalized("EXTRACT(YEAR FROM 'EXTRACT(YEAR'::text)".to_owned()),
            "EXTRACT(year FROM 'EXTRACT(YEAR'::text)"
        );
    }

    #[test]
    fn what_has_one_spelling_stays() {
        for text in [
            "(a = ANY (ARRAY['x'::text, 'y'::text]))",
            "f(ARRAY['x'::text])::text[]",
            "(a = ANY (ARRAY[b || c]::text[]))",
            "('ARRAY[1]::text[]'::text <> a)",
            "(\"EXTRACT(YEAR\" > ARRAY[])",
            "((MY_ARRAY[1])::text[] <> x)",
            "(ARRAY[a, b] || '{}'::text[])",
        ] {
            assert_eq!(normalized(text.to_owned()), text);
        }
    }
}
