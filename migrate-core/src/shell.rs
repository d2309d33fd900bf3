//! Quoting for command lines.

use std::borrow::Cow;

/// Quotes a word for a POSIX shell, whatever it contains; a plain word is returned unchanged.
///
/// ```
/// use migrate_core::shell_word;
///
/// assert_eq!(shell_word("migrations/a.sql"), "migrations/a.sql");
/// assert_eq!(shell_word("it's here.sql"), r"'it'\''s here.sql'");
/// ```
#[must_use]
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@%+=,^".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}
