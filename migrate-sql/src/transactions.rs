//! How the statements of a script begin and end transactions.

use crate::{Dialect, FindingKind, Lexer, TokenKind, lint};

/// What a statement does to the transaction of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionControl {
    /// It begins one.
    Begin,
    /// It commits it.
    Commit,
    /// It rolls it back.
    Rollback,
    /// Something else, such as `COMMIT AND CHAIN`, `PREPARE TRANSACTION` or `SET autocommit`.
    Other,
}

impl TransactionControl {
    /// Reads a statement; `None` if it leaves transactions alone.
    #[must_use]
    pub fn of(dialect: Dialect, statement: &str) -> Option<Self> {
        let found = lint(dialect, statement)
            .filter(|found| found.kind == FindingKind::TransactionControl)?;
        Some(match found.what.as_str() {
            "BEGIN" | "START TRANSACTION" => Self::Begin,
            _ if chains(dialect, statement) => Self::Other,
            "COMMIT" | "END" => Self::Commit,
            "ROLLBACK" | "ABORT" => Self::Rollback,
            _ => Self::Other,
        })
    }
}

/// Returns whether the next transaction begins at once: `AND CHAIN`.
fn chains(dialect: Dialect, statement: &str) -> bool {
    let mut lexer = Lexer::new(dialect, statement);
    let mut previous = "";
    while let Ok(Some(token)) = lexer.next_token() {
        let text = &statement[token.start..token.end];
        match token.kind {
            TokenKind::Word if text.eq_ignore_ascii_case("CHAIN") => {
                return previous.eq_ignore_ascii_case("AND");
            }
            TokenKind::Word => previous = text,
            _ => {}
        }
    }
    false
}

/// A statement whose counterpart is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpaired {
    /// It begins a transaction inside of one, which SQLite refuses.
    BeginInside(usize),
    /// It ends a transaction, and none is open, which SQLite refuses.
    NothingOpen(usize),
    /// It begins a transaction that is still open at the end.
    LeftOpen(usize),
}

/// Finds the first statement of a script outside of a transaction that begins or ends one without
/// its counterpart, if the database minds; the number is that of the statement.
///
/// ```
/// use migrate_sql::{Dialect, Unpaired, unpaired};
///
/// let open = unpaired(Dialect::Postgres, ["BEGIN", "SELECT 1"].into_iter());
/// assert_eq!(open, Some(Unpaired::LeftOpen(0)));
/// ```
pub fn unpaired<'a>(
    dialect: Dialect,
    statements: impl Iterator<Item = &'a str>,
) -> Option<Unpaired> {
    let is_strict = dialect == Dialect::Sqlite;
    let mut open = None;
    for (number, statement) in statements.enumerate() {
        match TransactionControl::of(dialect, statement) {
            Some(TransactionControl::Begin) if open.is_some() && is_strict => {
                return Some(Unpaired::BeginInside(number));
            }
            Some(TransactionControl::Begin) => open = Some(number),
            Some(TransactionControl::Commit | TransactionControl::Rollback)
                if open.is_none() && is_strict =>
            {
                return Some(Unpaired::NothingOpen(number));
            }
            Some(TransactionControl::Commit | TransactionControl::Rollback) => open = None,
            // What is open afterwards cannot be known from here.
            Some(TransactionControl::Other) => return None,
            None if dialect == Dialect::MySql && commits_itself(statement) => open = None,
            None => {}
        }
    }
    open.map(Unpaired::LeftOpen)
}

/// Returns whether a statement of MySQL commits what is open before it (its manual, "Statements
/// That Cause an Implicit Commit").
fn commits_itself(statement: &str) -> bool {
    let first = statement.split(|c: char| !c.is_ascii_alphabetic()).next();
    first.is_some_and(|first| {
        [
            "ALTER", "ANALYZE", "CREATE", "DROP", "GRANT", "LOCK", "OPTIMIZE", "RENAME", "REPAIR",
            "REVOKE", "TRUNCATE",
        ]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MySql, Postgres, Sqlite};
    use Unpaired::{BeginInside, LeftOpen, NothingOpen};

    #[test]
    fn counterparts() {
        for (dialect, statements, expected) in [
            (Sqlite, &["BEGIN", "SELECT 1", "COMMIT"][..], None),
            (Sqlite, &["BEGIN IMMEDIATE", "END"], None),
            (Sqlite, &["SELECT 1", "COMMIT"], Some(NothingOpen(1))),
            (Sqlite, &["BEGIN", "BEGIN"], Some(BeginInside(1))),
            (Sqlite, &["BEGIN", "ROLLBACK", "BEGIN"], Some(LeftOpen(2))),
            (Sqlite, &["SAVEPOINT a", "RELEASE a"], None),
            (Postgres, &["COMMIT"], None),
            (Postgres, &["BEGIN", "BEGIN", "COMMIT"], None),
            (
                Postgres,
                &["START TRANSACTION", "SELECT 1"],
                Some(LeftOpen(0)),
            ),
            (Postgres, &["BEGIN", "COMMIT AND CHAIN"], None),
            (
                Postgres,
                &["BEGIN", "COMMIT AND NO CHAIN", "BEGIN"],
                Some(LeftOpen(2)),
            ),
            (
                MySql,
                &["BEGIN", "INSERT INTO t VALUES (1)"],
                Some(LeftOpen(0)),
            ),
            (MySql, &["BEGIN", "CREATE TABLE t (a INT)"], None),
            (MySql, &["SET autocommit = 0"], None),
        ] {
            let found = unpaired(dialect, statements.iter().copied());
            assert_eq!(found, expected, "{dialect} {statements:?}");
        }
    }
}
