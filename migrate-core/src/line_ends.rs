//! Line ends: a checkout may turn LF into CRLF, which must not change a revision.

use std::borrow::Cow;

/// Returns the text with LF instead of CRLF; a lone CR is kept, because no checkout writes one.
///
/// ```
/// assert_eq!(migrate_core::with_lf("a\r\nb\rc"), "a\nb\rc");
/// ```
#[must_use]
pub fn with_lf(text: &str) -> Cow<'_, str> {
    match text.contains("\r\n") {
        true => Cow::Owned(text.replace("\r\n", "\n")),
        false => Cow::Borrowed(text),
    }
}

/// Returns the line end that the file uses.
pub fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
