//! The conflict markers of git.

use super::values::List;
use migrate_core::__support::{is_conflict_marker, key_and_value, newline, section_words};

/// The part of a conflict that a line is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Outside,
    Ours,
    /// The common ancestor, in git's `diff3` style.
    Base,
    Theirs,
}

/// Returns the part that a marker line begins.
fn part(line: &str) -> Option<Part> {
    let line = line.trim_end();
    if !is_conflict_marker(line) {
        return None;
    }
    Some(match line.as_bytes()[0] {
        b'<' => Part::Ours,
        b'|' => Part::Base,
        b'=' => Part::Theirs,
        _ => Part::Outside,
    })
}

/// Returns the text with one `-- parents:` line for each conflict that affects nothing else: the
/// line names the parents of both sides. Returns `None` if there is no conflict, or one that the
/// user must resolve.
pub(super) fn parents(text: &str) -> Option<String> {
    let mut resolved = String::with_capacity(text.len());
    let mut at = Part::Outside;
    let mut words: Vec<String> = Vec::new();
    let (mut found, mut in_header) = (false, true);
    for line in text.split_inclusive('\n') {
        if let Some(next) = part(line) {
            if !in_header {
                return None;
            }
            if next == Part::Outside && at == Part::Theirs {
                if words.len() > 1 {
                    words.retain(|word| word != "none");
                }
                let joined = if words.is_empty() {
                    "none".to_owned()
                } else {
                    words.join(", ")
                };
                resolved.extend(["-- parents: ", &joined, newline(text)]);
                words.clear();
                found = true;
            }
            at = next;
            continue;
        }
        match at {
            Part::Outside => {
                in_header &= section_words(line.trim_end()).is_none();
                resolved.push_str(line);
            }
            Part::Base => {}
            Part::Ours | Part::Theirs => {
                let line = line.trim();
                let header = line
                    .strip_prefix("--")
                    .and_then(|comment| key_and_value(comment.trim()));
                match header {
                    Some(("parents", value)) => {
                        for word in List::read(value).words {
                            if !words.contains(&word) {
                                words.push(word);
                            }
                        }
                    }
                    None if line.is_empty() => {}
                    _ => return None,
                }
            }
        }
    }
    (found && at == Part::Outside).then_some(resolved)
}

#[cfg(test)]
mod tests {
    use super::parents;

    #[test]
    fn both_sides_are_named() {
        assert_eq!(
            parents("-- revision: c\r\n<<<<<<< HEAD\r\n-- parents: a\r\n||||||| 1234\r\n-- parents: z\r\n=======\r\n-- parents: b\r\n>>>>>>> other\r\n-- migrate: up\r\n").as_deref(),
            Some("-- revision: c\r\n-- parents: a, b\r\n-- migrate: up\r\n")
        );
        assert_eq!(
            parents("-- revision: c\n<<<<<<< HEAD\n-- parents: none\n=======\n-- parents: b\n>>>>>>> other\n").as_deref(),
            Some("-- revision: c\n-- parents: b\n")
        );
    }

    #[test]
    fn what_needs_a_person_stays() {
        for text in [
            "-- revision: c\n-- parents: a\n",
            "-- revision: c\n<<<<<<< HEAD\n-- message: a\n=======\n-- message: b\n>>>>>>> other\n",
            "-- revision: c\n-- migrate: up\n<<<<<<< HEAD\n-- parents: a\n=======\n-- parents: b\n>>>>>>> other\n",
            "-- revision: c\n<<<<<<< HEAD\n-- parents: a\n=======\n-- parents: b\n",
            "-- revision: c\n-- parents: a\n>>>>>>> other\n",
        ] {
            assert_eq!(parents(text), None, "{text}");
        }
    }
}
