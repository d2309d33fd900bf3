//! Changes of a table's partitions.

use super::DIALECT;
use migrate_sql::{Lexer, TokenKind};

/// Returns the clause that leads from some partitions to others; the text is that after
/// `PARTITION BY`.
///
/// Partitions by range or list that are added leave the others alone, and so does a range that is
/// split off the last; anything else writes all rows again (MySQL manual, "Management of RANGE and
/// LIST Partitions").
pub(super) fn change(before: &str, after: &str) -> String {
    added(before, after)
        .or_else(|| reorganized(before, after))
        .unwrap_or_else(|| format!("PARTITION BY {after}"))
}

fn added(before: &str, after: &str) -> Option<String> {
    let (old, new) = (Partitions::read(before)?, Partitions::read(after)?);
    let more = new.list.strip_prefix(old.list.as_slice())?;
    let is_by_value = old.is_by("RANGE") || old.is_by("LIST");
    let fits = old.by == new.by && is_by_value && !more.is_empty();
    fits.then(|| format!("ADD PARTITION ({})", more.join(", ")))
}

/// The last one stays, so that each row has a place before and after.
fn reorganized(before: &str, after: &str) -> Option<String> {
    let (old, new) = (Partitions::read(before)?, Partitions::read(after)?);
    let ((last, old_list), (same, new_list)) = (old.list.split_last()?, new.list.split_last()?);
    if old.by != new.by || !old.is_by("RANGE") || last != same {
        return None;
    }
    let shared = match old_list.len() < new_list.len() {
        true => new_list.starts_with(old_list).then_some(old_list.len()),
        false => old_list.starts_with(new_list).then_some(new_list.len()),
    }?;
    let names: Option<Vec<&str>> = old.list[shared..].iter().map(|part| name(part)).collect();
    Some(format!(
        "REORGANIZE PARTITION {} INTO ({})",
        names?.join(", "),
        new.list[shared..].join(", ")
    ))
}

/// Returns the name in `PARTITION <name> …`.
fn name(part: &str) -> Option<&str> {
    let mut lexer = Lexer::new(DIALECT, part);
    let tokens = std::iter::from_fn(|| lexer.next_token().ok().flatten());
    let token = tokens.filter(|token| token.kind.matters()).nth(1)?;
    part.get(token.start..token.end)
}

struct Partitions<'a> {
    /// What they are made by, with the subpartitions.
    by: &'a str,
    list: Vec<&'a str>,
}

impl<'a> Partitions<'a> {
    /// Reads `RANGE (…) (PARTITION …, PARTITION …)`.
    fn read(text: &'a str) -> Option<Self> {
        let mut lexer = Lexer::new(DIALECT, text);
        let (mut depth, mut list, mut by, mut begun) = (0_usize, Vec::new(), None, 0);
        let mut opened = None;
        while let Some(token) = lexer.next_token().ok()? {
            let written = &text[token.start..token.end];
            if !token.kind.matters() {
                continue;
            }
            let first = opened.take();
            match written {
                "(" => {
                    opened = (depth == 0).then_some(token.start);
                    depth += 1;
                }
                "," | ")" if by.is_some() && depth == 1 => {
                    list.push(text[begun..token.start].trim());
                    begun = token.end;
                    depth -= usize::from(written == ")");
                }
                ")" => depth = depth.checked_sub(1)?,
                _ if token.kind == TokenKind::Word && written.eq_ignore_ascii_case("PARTITION") => {
                    if let (Some(open), None) = (first, by) {
                        by = Some(text[..open].trim_end());
                        begun = token.start;
                    }
                }
                _ => {}
            }
        }
        Some(Self { by: by?, list })
    }

    fn is_by(&self, word: &str) -> bool {
        let by = self.by.get(..word.len());
        by.is_some_and(|by| by.eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::change;

    #[test]
    fn only_what_must_be_is_written_again() {
        let range = |list: &str| format!("RANGE (`a`) ({list})");
        let list = |list: &str| format!("LIST COLUMNS (`a`) ({list})");
        let (p0, p1, top) = (
            "PARTITION `p0` VALUES LESS THAN (1) COMMENT = ', PARTITION'",
            "PARTITION `p 1` VALUES LESS THAN (f(1, 2))",
            "PARTITION `top` VALUES LESS THAN MAXVALUE",
        );
        let (x, y) = (
            "PARTITION x VALUES IN ('a',')')",
            "PARTITION y VALUES IN (2)",
        );
        let of = |parts: &[&str]| parts.join(", ");
        for (before, after, expected) in [
            (
                range(p0),
                range(&of(&[p0, p1, top])),
                format!("ADD PARTITION ({p1}, {top})"),
            ),
            (
                range(&of(&[p0, top])),
                range(&of(&[p0, p1, top])),
                format!("REORGANIZE PARTITION `top` INTO ({p1}, {top})"),
            ),
            (
                range(&of(&[p0, p1, top])),
                range(&of(&[p0, top])),
                format!("REORGANIZE PARTITION `p 1`, `top` INTO ({top})"),
            ),
            (list(x), list(&of(&[x, y])), format!("ADD PARTITION ({y})")),
            // Rows would be lost, or have no place.
            (
                list(&of(&[x, y])),
                list(x),
                format!("PARTITION BY {}", list(x)),
            ),
            (
                range(&of(&[p0, p1])),
                range(p0),
                format!("PARTITION BY {}", range(p0)),
            ),
            (range(p0), list(x), format!("PARTITION BY {}", list(x))),
            (
                "HASH (`a`) PARTITIONS 2".to_owned(),
                "HASH (`a`) PARTITIONS 4".to_owned(),
                "PARTITION BY HASH (`a`) PARTITIONS 4".to_owned(),
            ),
        ] {
            assert_eq!(change(&before, &after), expected, "{before}");
        }
    }
}
