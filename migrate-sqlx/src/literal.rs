//! Texts as SQL literals.

use std::fmt::Write as _;

use migrate_core::Dialect;

/// Writes `text` as a literal that no setting of the server can read otherwise.
pub(crate) fn literal(dialect: Dialect, text: &str) -> String {
    match dialect {
        // The shell of SQLite ends at the one, and takes the other out of line ends.
        Dialect::Sqlite if text.contains(['\0', '\r']) => format!("CAST({} AS TEXT)", hex(text)),
        Dialect::Sqlite => format!("'{}'", text.replace('\'', "''")),
        // E'…' does not depend on standard_conforming_strings.
        Dialect::Postgres => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        // Hex does not depend on NO_BACKSLASH_ESCAPES, nor on the connection's character set.
        Dialect::MySql if text.is_empty() => "''".to_owned(),
        Dialect::MySql => format!("CONVERT({} USING utf8mb4)", hex(text)),
    }
}

fn hex(text: &str) -> String {
    let mut hex = String::with_capacity(text.len() * 2 + 3);
    hex.push_str("X'");
    for byte in text.bytes() {
        let _infallible = write!(hex, "{byte:02X}");
    }
    hex.push('\'');
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_cannot_be_left() {
        assert_eq!(literal(Dialect::Sqlite, "it's"), "'it''s'");
        assert_eq!(literal(Dialect::Postgres, r"\' ; --"), r"E'\\'' ; --'");
        assert_eq!(
            literal(Dialect::MySql, "a'"),
            "CONVERT(X'6127' USING utf8mb4)"
        );
    }
}
