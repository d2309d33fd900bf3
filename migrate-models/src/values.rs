//! The values that an expression or a type lists.

use migrate_core::Dialect;
use migrate_sql::{TokenKind, words_and_symbols};

/// Returns the values of an enum where there are some already. Those that no model knows stay,
/// unless one has known them: `before`.
pub(super) fn wanted(own: &[String], there: &[String], before: &[String]) -> Vec<String> {
    let stays = |value: &&String| own.contains(value) || !before.contains(value);
    let mut values: Vec<String> = there.iter().filter(stays).cloned().collect();
    let new = own.iter().filter(|value| !there.contains(value));
    values.extend(new.cloned());
    // The order is the model's, if all are the model's and it said another one.
    let all_known = values.iter().all(|value| own.contains(value));
    match all_known && !before.is_empty() && before != own {
        true => own.to_vec(),
        false => values,
    }
}

/// Returns whether a text closes its quotes and parentheses, in one dialect at least.
pub(super) fn is_whole(text: &str) -> bool {
    Dialect::ALL.iter().any(|dialect| {
        let depth = words_and_symbols(*dialect, text).ok().and_then(|tokens| {
            tokens
                .into_iter()
                .try_fold(0_usize, |depth, token| match token {
                    (TokenKind::Symbol, "(") => Some(depth + 1),
                    (TokenKind::Symbol, ")") => depth.checked_sub(1),
                    _ => Some(depth),
                })
        });
        depth == Some(0)
    })
}

/// Returns whether two expressions are the same but for their spaces and the parentheses around
/// them.
#[cfg(feature = "sources")]
pub(super) fn same_expression(one: &str, other: &str, dialect: Dialect) -> bool {
    let tokens = |text: &str| migrate_sql::tokens(dialect, unparenthesized(text)).ok();
    one == other || tokens(one).is_some_and(|one| Some(one) == tokens(other))
}

/// Returns an expression without the parentheses that enclose all of it.
#[cfg(feature = "sources")]
fn unparenthesized(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0_i32;
    let is_closed_early = inner.chars().any(|sign| {
        depth += match sign {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth < 0
    });
    match is_closed_early {
        true => text,
        false => unparenthesized(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_no_model_has_known_stay() {
        let all = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        for (own, there, before, expected) in [
            ("a c", "a b c", "", "a b c"),
            ("c a", "a b c", "c a", "a b c"),
            ("a c d", "a b c", "a c", "a b c d"),
            ("a", "a b c", "a c", "a b"),
            ("b a", "a b", "", "a b"),
            ("b a", "a b", "a b", "b a"),
            ("x a b", "a b", "a b", "x a b"),
            ("a b", "a b c", "a b c", "a b"),
        ] {
            let values = wanted(&all(own), &all(there), &all(before));
            assert_eq!(
                values,
                all(expected),
                "{own} beside {there}, before {before}"
            );
        }
    }
}
