//! Characters that editors do not show and that databases read as part of a word.

/// Finds the first character of a text that is invisible on a screen and is not ASCII white space:
/// a no-break space, a zero-width space, a byte order mark inside a file, a control character.
///
/// ```
/// assert_eq!(migrate_core::invisible("SELECT\u{a0}1"), Some((6, '\u{a0}')));
/// assert_eq!(migrate_core::invisible("SELECT 1\n"), None);
/// ```
#[must_use]
pub fn invisible(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| is_invisible(*c))
}

/// Describes an invisible character: "U+00A0 (no-break space) here".
#[must_use]
pub fn name_invisible(c: char) -> String {
    let name = match c {
        '\u{a0}' => " (no-break space)",
        '\u{ad}' => " (soft hyphen)",
        '\u{200b}' => " (zero-width space)",
        '\u{feff}' => " (byte order mark)",
        _ => "",
    };
    format!("found U+{:04X}{name}", u32::from(c))
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}'
            | '\u{b}'..='\u{c}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'..='\u{a0}'
            | '\u{ad}'
            | '\u{1680}'
            | '\u{180e}'
            | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}'
            | '\u{3000}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    )
}
