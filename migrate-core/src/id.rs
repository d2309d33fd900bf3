//! The name of a revision.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;

/// The name of a revision, unique within its chain.
///
/// `[A-Za-z0-9_.]{1,64}`, not starting with a dot, and none of the reserved names (`head`, `heads`,
/// `base`, `current`), which are places in every chain. Ids are opaque: nothing in the chain
/// depends on how they sort.
///
/// ```
/// use migrate_core::RevisionId;
///
/// let id: RevisionId = "9f3c1a2b77de".parse()?;
/// assert_eq!(id.as_str(), "9f3c1a2b77de");
/// assert!("head".parse::<RevisionId>().is_err());
/// # Ok::<(), migrate_core::InvalidRevisionId>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionId(Cow<'static, str>);

/// The reason why a text is not a revision id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRevisionId {
    /// The text is empty.
    #[error("a revision id has at least one character")]
    Empty,
    /// The text has more than [`RevisionId::MAX_LEN`] characters.
    #[error("a revision id has at most {} characters", RevisionId::MAX_LEN)]
    TooLong,
    /// The text starts with a dot.
    #[error("a revision id does not start with a dot")]
    LeadingDot,
    /// The text has a character outside `[A-Za-z0-9_.]`.
    #[error("a revision id has only letters, digits, `_` and `.`, not `{}`", printable(&.0.to_string()))]
    Character(char),
    /// The text is a reserved name.
    #[error("`head`, `heads`, `base` and `current` are reserved for places in the chain")]
    Reserved,
}

/// The number of characters of a text that messages show.
const LONGEST_SHOWN: usize = 100;

/// Returns a text in printable form: characters that terminals do not show are escaped, and a very
/// long text is truncated.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(LONGEST_SHOWN) {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

impl RevisionId {
    /// The maximum length of an id, which is a key of the ledger's table.
    pub const MAX_LEN: usize = 64;

    /// Creates an id from a literal that was checked before, as `embed_migrations!` does.
    #[doc(hidden)]
    #[must_use]
    pub const fn from_checked(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn to_cow(&self) -> Cow<'static, str> {
        self.0.clone()
    }

    /// Checks whether `text` is a valid id.
    ///
    /// # Errors
    ///
    /// The first rule that `text` breaks.
    pub fn check(text: &str) -> Result<(), InvalidRevisionId> {
        if text.is_empty() {
            return Err(InvalidRevisionId::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(InvalidRevisionId::TooLong);
        }
        if text.starts_with('.') {
            return Err(InvalidRevisionId::LeadingDot);
        }
        if let Some(other) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
        {
            return Err(InvalidRevisionId::Character(other));
        }
        if matches!(text, "head" | "heads" | "base" | "current") {
            return Err(InvalidRevisionId::Reserved);
        }
        Ok(())
    }
}

impl PartialEq<str> for RevisionId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for RevisionId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl FromStr for RevisionId {
    type Err = InvalidRevisionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::check(text)?;
        Ok(Self(Cow::Owned(text.to_owned())))
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for RevisionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RevisionId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_stays_on_a_line() {
        assert_eq!(
            printable("it's \"é\"\n\u{1b}[0m"),
            "it's \"é\"\\n\\u{1b}[0m"
        );
        assert_eq!(printable(&"x".repeat(101)), "x".repeat(100) + "…");
    }

    #[test]
    fn the_rules_of_an_id() {
        for good in ["a", "v4_20_0_backup_records", "1.2.3", &"x".repeat(64)] {
            assert_eq!(RevisionId::check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", InvalidRevisionId::Empty),
            (".a", InvalidRevisionId::LeadingDot),
            ("a-b", InvalidRevisionId::Character('-')),
            ("a'; DROP TABLE x", InvalidRevisionId::Character('\'')),
            ("é", InvalidRevisionId::Character('é')),
            ("heads", InvalidRevisionId::Reserved),
            (&"x".repeat(65), InvalidRevisionId::TooLong),
        ] {
            assert_eq!(RevisionId::check(bad), Err(why), "{bad}");
        }
    }
}
