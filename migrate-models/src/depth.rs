//! Limits the nesting of tokens, because syn recurses as deeply as its input.

use proc_macro2::{TokenStream, TokenTree};

/// The nesting depth of tokens; types written by people are less deep.
const DEEPEST: usize = 64;

/// The number of consecutive tokens that each contain the next: `&&&&T`, `1 + 1 + 1`, `fn() -> fn()
/// -> T`.
const LONGEST_RUN: usize = 128;

/// Returns whether tokens are nested too deeply for syn's parser.
pub(crate) fn too_deep(tokens: &TokenStream) -> bool {
    // No recursion here either: each entry is an unfinished level.
    let mut levels = vec![(tokens.clone().into_iter(), 0_usize, 0_usize)];
    let mut previous = ' ';
    while let Some((level, angles, run)) = levels.last_mut() {
        let Some(token) = level.next() else {
            levels.pop();
            continue;
        };
        let mut sign = ' ';
        match token {
            TokenTree::Group(group) => levels.push((group.stream().into_iter(), 0, 0)),
            TokenTree::Punct(punct) => {
                sign = punct.as_char();
                match sign {
                    '<' => *angles += 1,
                    '>' if previous != '-' && previous != '=' => *angles = angles.saturating_sub(1),
                    ',' | ';' => *run = 0,
                    ':' | '#' | '\'' | '=' => {}
                    _ => *run += 1,
                }
            }
            TokenTree::Ident(word) => {
                let holds = [
                    "mut", "const", "dyn", "impl", "fn", "for", "unsafe", "extern",
                ];
                *run += usize::from(holds.iter().any(|name| word == name));
            }
            TokenTree::Literal(_) => {}
        }
        previous = sign;
        let open: usize = levels.iter().map(|(_, angles, _)| angles + 1).sum();
        if open > DEEPEST || levels.iter().any(|(.., run)| *run > LONGEST_RUN) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn what_people_write_is_not_too_deep() {
        let text = "pub struct A<T: Into<Vec<u8>>> where T: Fn(&str) -> Option<Box<dyn Fn(&mut T) -> Result<(), ()>>> { a: [T; 3], b: &'static [&'static str] }";
        assert!(!too_deep(&text.parse().unwrap()));
    }

    #[test]
    fn what_would_fill_the_stack_is() {
        for text in [
            format!("{}u8{}", "(".repeat(100), ")".repeat(100)),
            format!("{}u8{}", "Vec<".repeat(100), ">".repeat(100)),
            format!("{}u8{}", "A<u8, ".repeat(100), ">".repeat(100)),
            format!("{}u8", "&".repeat(200)),
            format!("{}u8", "fn() -> ".repeat(200)),
            format!("[u8; {}0]", "!".repeat(200)),
            format!("[u8; {}0]", "1 + ".repeat(200)),
        ] {
            assert!(too_deep(&text.parse().unwrap()), "{text}");
        }
    }
}
