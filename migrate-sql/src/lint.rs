//! Statements that cannot work in a revision.

use std::ops::Range;

use super::lexer::{Lexer, TokenKind};
use crate::Dialect;

/// A statement, or a part of one, that cannot work in its section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The reason.
    pub kind: FindingKind,
    /// The byte range within the statement.
    pub range: Range<usize>,
    /// A short name of it, such as `CREATE INDEX CONCURRENTLY`.
    pub what: String,
}

/// The reason why a statement cannot work in its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// It begins or ends a transaction.
    TransactionControl,
    /// The database refuses it inside a transaction.
    NeedsNoTransaction,
    /// It is a command of a client, not of a server.
    ClientCommand,
    /// It prevents the ledger from being written: while a revision runs, or on PostgreSQL in the
    /// revision's own transaction.
    BlocksLedger,
}

/// The words that decide are among the first; no statement needs more.
const WORDS: usize = 16;

/// Checks one statement.
///
/// ```
/// use migrate_sql::Dialect;
/// use migrate_sql::{FindingKind, lint};
///
/// let finding = lint(Dialect::Postgres, "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)").unwrap();
/// assert_eq!(finding.kind, FindingKind::NeedsNoTransaction);
/// assert_eq!(finding.what, "CREATE INDEX CONCURRENTLY");
/// ```
#[must_use]
pub fn lint(dialect: Dialect, statement: &str) -> Option<Finding> {
    let meta = match dialect {
        Dialect::Postgres => statement.starts_with('\\'),
        Dialect::Sqlite => statement.starts_with('.'),
        Dialect::MySql => {
            let first = statement.split_ascii_whitespace().next();
            statement.starts_with('\\')
                || first.is_some_and(|word| word.eq_ignore_ascii_case("SOURCE"))
        }
    };
    if meta {
        let word = statement
            .split_ascii_whitespace()
            .next()
            .unwrap_or(statement);
        return Some(Finding {
            kind: FindingKind::ClientCommand,
            range: 0..word.len(),
            what: word.to_owned(),
        });
    }
    if !may_be_found(dialect, statement) {
        return None;
    }
    let words = Words::read(dialect, statement);
    let first = words.list.first()?;
    let bare: Vec<&str> = words.list.iter().filter_map(Word::bare).collect();
    let (kind, what) = match dialect {
        Dialect::Postgres => postgres(&bare, &words),
        Dialect::Sqlite => sqlite(&bare, &words),
        Dialect::MySql => mysql(&bare, &words),
    }?;
    // The range is that of the first word, or of the word that decides.
    let deciding = what.rsplit(' ').next().unwrap_or(&what);
    let place = words
        .list
        .iter()
        .find(|word| word.text == deciding)
        .unwrap_or(first);
    Some(Finding {
        kind,
        range: place.range.clone(),
        what,
    })
}

/// Returns whether a statement with this first word can have a finding; most cannot.
fn may_be_found(dialect: Dialect, statement: &str) -> bool {
    let end = statement
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric());
    let first = &statement.as_bytes()[..end.unwrap_or(statement.len())];
    let harmless: &[&str] = match dialect {
        Dialect::Sqlite | Dialect::MySql => &[
            "CREATE", "INSERT", "ALTER", "DROP", "UPDATE", "DELETE", "SELECT",
        ],
        Dialect::Postgres => &["INSERT", "UPDATE", "DELETE", "SELECT"],
    };
    if harmless
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word.as_bytes()))
    {
        return false;
    }
    // CREATE TABLE is half of all statements.
    !(dialect == Dialect::Postgres
        && first.eq_ignore_ascii_case(b"CREATE")
        && statement
            .as_bytes()
            .get(6..13)
            .is_some_and(|next| next.eq_ignore_ascii_case(b" TABLE ")))
}

struct Word {
    text: String,
    range: Range<usize>,
    /// Set inside parentheses, as for options and columns.
    enclosed: bool,
    /// Set for `@name` of MySQL, a user variable; `@@name` is a system variable.
    own: bool,
    /// Set if an `=` or `:=` follows.
    assigned: bool,
}

impl Word {
    fn bare(&self) -> Option<&str> {
        (!self.enclosed).then_some(&*self.text)
    }
}

struct Words {
    list: Vec<Word>,
    /// Set if an `=` or a parenthesis is among them: `PRAGMA a = b`, `VACUUM (FULL)`.
    assigns: bool,
    /// Set if a quoted name is among them, as in `CLUSTER "t"`.
    quoted: bool,
}

impl Words {
    fn read(dialect: Dialect, statement: &str) -> Self {
        let mut words = Self {
            list: Vec::new(),
            assigns: false,
            quoted: false,
        };
        let mut lexer = Lexer::new(dialect, statement);
        let mut depth = 0_usize;
        let mut signs = 0;
        while let Ok(Some(token)) = lexer.next_token() {
            let text = &statement[token.start..token.end];
            match token.kind {
                TokenKind::Word => words.list.push(Word {
                    text: text.to_ascii_uppercase(),
                    range: token.start..token.end,
                    enclosed: depth > 0,
                    own: signs == 1,
                    assigned: false,
                }),
                TokenKind::Quoted => words.quoted = true,
                TokenKind::Symbol => {
                    words.assigns |= matches!(text, "=" | "(");
                    match (text, words.list.last_mut()) {
                        ("(", _) => depth += 1,
                        (")", _) => depth = depth.saturating_sub(1),
                        ("=" | ":=", Some(last)) => last.assigned = true,
                        _ => {}
                    }
                }
                _ => {}
            }
            signs = if text == "@" { signs + 1 } else { 0 };
            // pg_dump lists every column before FROM.
            if words.list.len() >= WORDS && words.list[0].text != "COPY" {
                break;
            }
        }
        words
    }
}

impl Words {
    /// Returns the options in parentheses, each with the word after it.
    fn options(&self) -> impl Iterator<Item = [&str; 2]> {
        let next = self.list[1..].iter().map(|word| &*word.text).chain([""]);
        let pairs = self.list.iter().zip(next);
        pairs
            .filter(|(word, _)| word.enclosed)
            .map(|(word, next)| [&*word.text, next])
    }

    /// Returns whether an option is present and not turned off.
    fn has_option(&self, option: &str) -> bool {
        self.options()
            .any(|[word, value]| word == option && !matches!(value, "FALSE" | "OFF" | "0"))
    }

    /// Returns whether the system variable of this name is assigned.
    fn sets(&self, variable: &str) -> bool {
        let mut words = self.list.iter();
        words.any(|word| word.text == variable && word.assigned && !word.own)
    }
}

type Verdict = Option<(FindingKind, String)>;

fn control(what: &str) -> Verdict {
    Some((FindingKind::TransactionControl, what.to_owned()))
}

fn outside(what: &str) -> Verdict {
    Some((FindingKind::NeedsNoTransaction, what.to_owned()))
}

fn blocks(what: &str) -> Verdict {
    Some((FindingKind::BlocksLedger, what.to_owned()))
}

/// The pages of PostgreSQL's manual on these commands each say "cannot be executed inside a
/// transaction block". A word counts only at its position in the command: elsewhere it is a name.
fn postgres(words: &[&str], read: &Words) -> Verdict {
    match words {
        ["ROLLBACK", rest @ ..] if rest.contains(&"TO") => None,
        ["COMMIT" | "ROLLBACK", "PREPARED", ..] => outside(&words[..2].join(" ")),
        ["START" | "PREPARE", "TRANSACTION", ..] => control(&words[..2].join(" ")),
        ["BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "ABORT", ..] => control(words[0]),
        ["CREATE", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..] => outside("CREATE INDEX CONCURRENTLY"),
        ["DROP", "INDEX", "CONCURRENTLY", ..] => outside("DROP INDEX CONCURRENTLY"),
        ["REINDEX", what @ ("DATABASE" | "SYSTEM" | "SCHEMA"), ..] => {
            outside(&format!("REINDEX {what}"))
        }
        ["REINDEX", _, "CONCURRENTLY", ..] => outside("REINDEX CONCURRENTLY"),
        ["REINDEX", ..] if read.has_option("CONCURRENTLY") => outside("REINDEX CONCURRENTLY"),
        ["VACUUM", ..] => outside("VACUUM"),
        ["CREATE" | "DROP", "DATABASE" | "TABLESPACE", ..] => outside(&words[..2].join(" ")),
        ["CREATE", "SUBSCRIPTION", ..]
            if read
                .options()
                .any(|pair| matches!(pair, ["CONNECT" | "CREATE_SLOT", "FALSE"])) =>
        {
            None
        }
        ["DISCARD", "ALL", ..] => outside("DISCARD ALL"),
        // Must come before any query, and applies to the whole transaction.
        ["SET", "TRANSACTION", ..] | ["SET", "LOCAL", "TRANSACTION", ..] => {
            blocks("SET TRANSACTION")
        }
        ["SET", rest @ ..]
            if rest.iter().take(2).any(|word| {
                matches!(
                    *word,
                    "TRANSACTION_READ_ONLY" | "TRANSACTION_ISOLATION" | "TRANSACTION_DEFERRABLE"
                )
            }) =>
        {
            blocks("SET TRANSACTION")
        }
        ["CREATE", "SUBSCRIPTION", ..] => outside("CREATE SUBSCRIPTION"),
        ["DROP", "SUBSCRIPTION", ..] => outside("DROP SUBSCRIPTION"),
        ["ALTER", "SYSTEM", ..] => outside("ALTER SYSTEM"),
        ["ALTER", "DATABASE", rest @ ..] if follow(rest, ["SET", "TABLESPACE"]) => {
            outside("ALTER DATABASE SET TABLESPACE")
        }
        ["ALTER", "TABLE", rest @ .., "CONCURRENTLY"] if follow(rest, ["DETACH", "PARTITION"]) => {
            outside("DETACH PARTITION CONCURRENTLY")
        }
        ["CLUSTER"] | ["CLUSTER", "VERBOSE"] if !read.quoted => outside("CLUSTER"),
        ["COPY", rest @ ..] if follow(rest, ["FROM", "STDIN"]) => {
            Some((FindingKind::ClientCommand, "COPY FROM STDIN".to_owned()))
        }
        ["COPY", rest @ ..] if follow(rest, ["TO", "STDOUT"]) => {
            Some((FindingKind::ClientCommand, "COPY TO STDOUT".to_owned()))
        }
        _ => None,
    }
}

/// Returns whether two words are adjacent.
fn follow(words: &[&str], pair: [&str; 2]) -> bool {
    words.windows(2).any(|words| words == pair)
}

/// SQLite's pages on ATTACH, VACUUM, and on the pragmas that do nothing or fail inside a
/// transaction.
fn sqlite(words: &[&str], read: &Words) -> Verdict {
    match words {
        ["ROLLBACK", rest @ ..] if rest.contains(&"TO") => None,
        ["BEGIN" | "COMMIT" | "END" | "ROLLBACK", ..] => control(words[0]),
        ["VACUUM", ..] => outside("VACUUM"),
        ["ATTACH" | "DETACH", ..] => outside(words[0]),
        [
            "PRAGMA",
            name @ ("FOREIGN_KEYS" | "JOURNAL_MODE" | "SYNCHRONOUS"),
            ..,
        ]
        | [
            "PRAGMA",
            _,
            name @ ("FOREIGN_KEYS" | "JOURNAL_MODE" | "SYNCHRONOUS"),
            ..,
        ] if read.assigns => outside(&format!("PRAGMA {name}")),
        _ => None,
    }
}

/// DDL runs outside any transaction here, but the ledger's own statements must commit, on a
/// connection of their own.
fn mysql(words: &[&str], read: &Words) -> Verdict {
    match words {
        ["BEGIN", "NOT", "ATOMIC", ..] | ["XA", "RECOVER", ..] => None,
        ["ROLLBACK", rest @ ..] if rest.contains(&"TO") => None,
        ["START", "TRANSACTION", ..] => control("START TRANSACTION"),
        ["BEGIN" | "COMMIT" | "ROLLBACK" | "XA", ..] => control(words[0]),
        ["SET", scope, ..] if *scope != "GLOBAL" && read.sets("AUTOCOMMIT") => {
            control("SET AUTOCOMMIT")
        }
        ["FLUSH", rest @ ..] if rest.contains(&"READ") && rest.contains(&"LOCK") => {
            blocks("FLUSH TABLES WITH READ LOCK")
        }
        ["BACKUP", "STAGE" | "LOCK", ..] => blocks(&words[..2].join(" ")),
        ["SET", ..] if read.sets("READ_ONLY") || read.sets("SUPER_READ_ONLY") => {
            blocks("SET GLOBAL READ_ONLY")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MySql, Postgres, Sqlite};
    use FindingKind::{BlocksLedger, ClientCommand, NeedsNoTransaction, TransactionControl};

    #[test]
    fn what_has_no_place() {
        for (dialect, statement, kind, what) in [
            (Postgres, "begin", TransactionControl, "BEGIN"),
            (
                Postgres,
                "start /* x */ transaction",
                TransactionControl,
                "START TRANSACTION",
            ),
            (Postgres, "END", TransactionControl, "END"),
            (Postgres, "rollback", TransactionControl, "ROLLBACK"),
            (
                Postgres,
                "drop index concurrently if exists i",
                NeedsNoTransaction,
                "DROP INDEX CONCURRENTLY",
            ),
            (
                Postgres,
                "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
                NeedsNoTransaction,
                "REINDEX CONCURRENTLY",
            ),
            (Postgres, "VACUUM (FULL) t", NeedsNoTransaction, "VACUUM"),
            (
                Postgres,
                "create database d",
                NeedsNoTransaction,
                "CREATE DATABASE",
            ),
            (
                Postgres,
                "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
                NeedsNoTransaction,
                "DETACH PARTITION CONCURRENTLY",
            ),
            (
                Postgres,
                "copy t (a, b) from stdin with csv",
                ClientCommand,
                "COPY FROM STDIN",
            ),
            (
                Postgres,
                "COPY (SELECT 1) TO STDOUT",
                ClientCommand,
                "COPY TO STDOUT",
            ),
            (Postgres, "\\connect x", ClientCommand, "\\connect"),
            (
                Postgres,
                "COPY t (a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q) FROM stdin",
                ClientCommand,
                "COPY FROM STDIN",
            ),
            (Postgres, "CLUSTER (VERBOSE)", NeedsNoTransaction, "CLUSTER"),
            (
                Sqlite,
                "PRAGMA main.foreign_keys = ON",
                NeedsNoTransaction,
                "PRAGMA FOREIGN_KEYS",
            ),
            (MySql, "\\. x.sql", ClientCommand, "\\."),
            (Sqlite, "BEGIN IMMEDIATE", TransactionControl, "BEGIN"),
            (Sqlite, "vacuum", NeedsNoTransaction, "VACUUM"),
            (
                Sqlite,
                "PRAGMA foreign_keys = OFF",
                NeedsNoTransaction,
                "PRAGMA FOREIGN_KEYS",
            ),
            (Sqlite, ".mode csv", ClientCommand, ".mode"),
            (
                MySql,
                "SET @@session.autocommit = 0",
                TransactionControl,
                "SET AUTOCOMMIT",
            ),
            (MySql, "XA START 'x'", TransactionControl, "XA"),
            (MySql, "source x.sql", ClientCommand, "source"),
            (
                MySql,
                "flush local tables a, b with read lock",
                BlocksLedger,
                "FLUSH TABLES WITH READ LOCK",
            ),
            (
                MySql,
                "SET @@GLOBAL.super_read_only = ON",
                BlocksLedger,
                "SET GLOBAL READ_ONLY",
            ),
            (MySql, "BACKUP STAGE START", BlocksLedger, "BACKUP STAGE"),
            (
                Postgres,
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                BlocksLedger,
                "SET TRANSACTION",
            ),
            (
                Postgres,
                "set local transaction_read_only to on",
                BlocksLedger,
                "SET TRANSACTION",
            ),
            (
                MySql,
                "SET @a = 1, autocommit := 0",
                TransactionControl,
                "SET AUTOCOMMIT",
            ),
            (
                Postgres,
                "REINDEX (CONCURRENTLY, VERBOSE) TABLE t",
                NeedsNoTransaction,
                "REINDEX CONCURRENTLY",
            ),
            (
                Postgres,
                "REINDEX (VERBOSE) SCHEMA s",
                NeedsNoTransaction,
                "REINDEX SCHEMA",
            ),
            (
                Postgres,
                "ALTER DATABASE \"d\" SET TABLESPACE t",
                NeedsNoTransaction,
                "ALTER DATABASE SET TABLESPACE",
            ),
        ] {
            let finding = lint(dialect, statement).unwrap_or_else(|| panic!("{statement}"));
            assert_eq!(
                (finding.kind, finding.what.as_str()),
                (kind, what),
                "{statement}"
            );
            assert!(statement.get(finding.range).is_some());
        }
    }

    #[test]
    fn what_is_fine() {
        for (dialect, statement) in [
            (Postgres, "ROLLBACK TO SAVEPOINT a"),
            (Postgres, "SAVEPOINT a"),
            (Postgres, "CREATE INDEX concurrently_i ON t (a)"),
            (Postgres, "CREATE TABLE vacuum (a int)"),
            (Postgres, "REINDEX TABLE t"),
            (Postgres, "REINDEX TABLE schema"),
            (Postgres, "REINDEX (CONCURRENTLY false) TABLE t"),
            (Postgres, "CREATE INDEX i ON t (concurrently)"),
            (Postgres, "DROP INDEX i, concurrently"),
            (Postgres, "ALTER DATABASE tablespace OWNER TO me"),
            (Postgres, "ALTER TABLE t RENAME detach TO concurrently"),
            (
                Postgres,
                "ALTER TABLE t DETACH PARTITION concurrently FINALIZE",
            ),
            (MySql, "SET @autocommit = 1"),
            (MySql, "SET @a = @@autocommit"),
            (MySql, "SET GLOBAL autocommit = 0"),
            (Postgres, "CLUSTER t USING i"),
            (Postgres, "CLUSTER \"t\""),
            (
                Postgres,
                "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
            ),
            (Postgres, "ALTER TYPE e ADD VALUE 'x'"),
            (Postgres, "DO $$ BEGIN COMMIT; END $$"),
            (Sqlite, "PRAGMA foreign_keys"),
            (Sqlite, "PRAGMA user_version = 3"),
            (MySql, "BEGIN NOT ATOMIC SELECT 1; END"),
            (MySql, "LOCK TABLES a WRITE"),
            (MySql, "FLUSH TABLES"),
            (MySql, "SET SESSION TRANSACTION READ ONLY"),
            (Postgres, "SET default_transaction_read_only = on"),
            (
                Postgres,
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            ),
            (MySql, "INSERT INTO a VALUES ('COMMIT')"),
        ] {
            assert_eq!(lint(dialect, statement), None, "{statement}");
        }
    }
}
