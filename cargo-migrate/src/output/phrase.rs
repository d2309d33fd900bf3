//! Parts of sentences.

/// Writes `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Writes `a`, `a and b`, `a, b and c`.
pub(crate) fn enumerated(parts: &[String]) -> String {
    match parts {
        [first @ .., before, last] if !first.is_empty() => {
            format!("{}, {before} and {last}", first.join(", "))
        }
        parts => parts.join(" and "),
    }
}
