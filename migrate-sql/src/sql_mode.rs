//! The `sql_mode` of MySQL and MariaDB, as far as it decides where a text ends.

use crate::Dialect;
use crate::lexer::{Lexer, Quoting, TokenKind};

/// The modes in which `"…"` is a name, those of MariaDB that combine others among them.
const ANSI: [&str; 7] = [
    "ANSI",
    "ANSI_QUOTES",
    "DB2",
    "MAXDB",
    "MSSQL",
    "ORACLE",
    "POSTGRESQL",
];

/// Returns what quotes mean under a `sql_mode`.
///
/// ```
/// let quoting = migrate_sql::quoting_of("STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES");
/// assert!(quoting.plain_backslash && !quoting.ansi);
/// ```
#[must_use]
pub fn quoting_of(sql_mode: &str) -> Quoting {
    let has = |wanted: &[&str]| {
        let mut modes = sql_mode.split(',').map(str::trim);
        modes.any(|mode| wanted.iter().any(|it| mode.eq_ignore_ascii_case(it)))
    };
    Quoting {
        plain_backslash: has(&["NO_BACKSLASH_ESCAPES"]),
        ansi: has(&ANSI),
    }
}

/// Returns whether a text can assign `sql_mode`; most cannot.
pub(crate) fn may_assign(text: &str) -> bool {
    const NAME: &[u8] = b"sql_mode";
    text.as_bytes()
        .windows(NAME.len())
        .any(|window| window.eq_ignore_ascii_case(NAME))
}

/// Returns what quotes mean after a statement of MySQL that is read with `quoting`.
///
/// What the server computes is not known: a mode in a literal is taken as set, or as removed by
/// `REPLACE`, and a variable other than `@@sql_mode` as the server's default.
///
/// ```
/// use migrate_sql::{Quoting, quoting_after};
///
/// let ansi = quoting_after("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')", Quoting::default());
/// assert!(ansi.ansi);
/// assert_eq!(quoting_after("SET sql_mode = @before", ansi), Quoting::default());
/// assert_eq!(quoting_after("SET @before = @@sql_mode", ansi), ansi);
/// ```
#[must_use]
pub fn quoting_after(statement: &str, quoting: Quoting) -> Quoting {
    if !may_assign(statement) {
        return quoting;
    }
    let mut now = quoting;
    let mut lexer = Lexer::with_quoting(Dialect::MySql, statement, quoting);
    let mut words = std::iter::from_fn(|| {
        loop {
            let token = lexer.next_token().ok().flatten()?;
            let text = &statement[token.start..token.end];
            let is_mark =
                token.kind == TokenKind::Symbol && (text.starts_with("/*") || text == "*/");
            if token.kind.matters() && !is_mark {
                return Some((token.kind, text));
            }
        }
    });
    if !words
        .next()
        .is_some_and(|(_, text)| text.eq_ignore_ascii_case("SET"))
    {
        return quoting;
    }
    let mut assignment = Assignment::default();
    for (kind, text) in words {
        match text {
            "," if assignment.depth == 0 => {
                now = std::mem::take(&mut assignment).value.unwrap_or(now);
            }
            _ => assignment.take(kind, text, now),
        }
    }
    assignment.value.unwrap_or(now)
}

/// One of the assignments of a `SET`, as far as it has been read.
#[derive(Default)]
struct Assignment {
    depth: usize,
    signs: usize,
    /// Set after the `=`.
    has_name: bool,
    is_global: bool,
    is_mode: bool,
    removes: bool,
    value: Option<Quoting>,
}

impl Assignment {
    fn take(&mut self, kind: TokenKind, text: &str, now: Quoting) {
        match text {
            "(" => self.depth += 1,
            ")" => self.depth = self.depth.saturating_sub(1),
            "@" if !self.has_name => self.signs += 1,
            "=" | ":=" if !self.has_name => {
                self.has_name = true;
                // `@sql_mode` is a variable of the user.
                let is_own = self.is_mode && self.signs != 1 && !self.is_global;
                self.value = is_own.then(Quoting::default);
            }
            _ if !self.has_name => {
                let is = |words: &[&str]| words.iter().any(|it| text.eq_ignore_ascii_case(it));
                self.is_global |= is(&["GLOBAL", "PERSIST", "PERSIST_ONLY"]);
                self.is_mode = is(&["sql_mode", "`sql_mode`"]);
            }
            _ => self.take_value(kind, text, now),
        }
    }

    fn take_value(&mut self, kind: TokenKind, text: &str, now: Quoting) {
        let Some(value) = &mut self.value else { return };
        if text.eq_ignore_ascii_case("sql_mode") {
            value.ansi |= now.ansi;
            value.plain_backslash |= now.plain_backslash;
        } else if text.eq_ignore_ascii_case("REPLACE") {
            self.removes = true;
        } else if matches!(kind, TokenKind::String | TokenKind::Word) {
            let named = quoting_of(text.trim_matches(['\'', '"']));
            match self.removes {
                true => {
                    value.ansi &= !named.ansi;
                    value.plain_backslash &= !named.plain_backslash;
                }
                false => {
                    value.ansi |= named.ansi;
                    value.plain_backslash |= named.plain_backslash;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_sets() {
        let (ansi, plain) = (quoting_of("ANSI"), quoting_of("no_backslash_escapes"));
        let none = Quoting::default();
        for (statement, before, after) in [
            (
                "SET sql_mode = 'STRICT_TRANS_TABLES,ANSI_QUOTES'",
                none,
                ansi,
            ),
            ("/*!40101 SET SESSION SQL_MODE=ANSI */", none, ansi),
            (
                "set @@session.sql_mode := 'NO_BACKSLASH_ESCAPES'",
                none,
                plain,
            ),
            ("SET @@sql_mode=''", plain, none),
            (
                "SET @old = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES', x = 1",
                none,
                plain,
            ),
            ("SET sql_mode = @old", plain, none),
            ("SET `sql_mode` = DEFAULT", ansi, none),
            ("SET sql_mode = CONCAT('ANSI,', @@sql_mode)", none, ansi),
            (
                "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
                ansi,
                ansi,
            ),
            (
                "SET sql_mode = REPLACE(@@sql_mode, 'ANSI_QUOTES', '')",
                ansi,
                none,
            ),
            // Of others.
            ("SET @sql_mode = 'ANSI'", none, none),
            ("SET GLOBAL sql_mode = 'ANSI'", none, none),
            ("SET @@global.sql_mode = 'ANSI'", none, none),
            ("SET x = 'sql_mode', y = 'ANSI'", none, none),
            ("SELECT 'sql_mode' = 'ANSI'", ansi, ansi),
        ] {
            assert_eq!(quoting_after(statement, before), after, "{statement}");
        }
    }
}
