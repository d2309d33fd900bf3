//! The effects of statements on their session. They end with the session, so they are missing when
//! an interrupted revision is resumed.

use super::lexer::{Lexer, TokenKind};
use crate::Dialect;

/// The effect of a statement on its session, apart from its effect on the database.
///
/// A statement is [`None`](Self::None) only if it certainly has no such effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEffect {
    /// No effect.
    None,
    /// The ids and counts of the written rows, and anything that triggers and functions leave.
    Rows,
    /// Settings, locks, prepared statements: running the statement again restores them.
    Repeatable,
    /// Temporary objects, or variables with a value from the database; their names in upper case,
    /// those of variables with the `@`.
    Lost(Vec<String>),
    /// The statement runs code that can have any effect.
    Unknown,
}

/// Returns the effect of a statement on its session.
///
/// ```
/// use migrate_sql::Dialect;
/// use migrate_sql::{SessionEffect, session_effect};
///
/// let effect = |sql| session_effect(Dialect::MySql, sql);
/// assert_eq!(effect("CREATE TABLE t (a INT)"), SessionEffect::None);
/// assert_eq!(effect("SET FOREIGN_KEY_CHECKS = 0"), SessionEffect::Repeatable);
/// assert_eq!(
///     effect("SELECT max(id) INTO @last FROM t"),
///     SessionEffect::Lost(vec!["@LAST".into()])
/// );
/// ```
#[must_use]
pub fn session_effect(dialect: Dialect, statement: &str) -> SessionEffect {
    let words = Words::read(dialect, statement);
    match dialect {
        Dialect::Sqlite => sqlite(&words),
        Dialect::Postgres => postgres(&words),
        Dialect::MySql => mysql(&words),
    }
}

/// Returns which of the first `done` statements must run again in a new session before the others
/// can run as if the session were the same.
///
/// # Errors
///
/// The index of a statement whose effect on the session the others need and which running it again
/// does not restore.
pub fn resume_session(
    dialect: Dialect,
    statements: &[&str],
    done: usize,
) -> Result<Vec<usize>, usize> {
    let (before, rest) = statements.split_at(done.min(statements.len()));
    let rest: Vec<Words> = rest.iter().map(|sql| Words::read(dialect, sql)).collect();
    let mut mentioned: Vec<&str> = rest.iter().flat_map(Words::names).collect();
    mentioned.sort_unstable();
    mentioned.dedup();
    let counts = mentions_rows_before(dialect, &rest);
    let mut again = Vec::new();
    let mut repeated: Vec<String> = Vec::new();
    for (index, sql) in before.iter().enumerate() {
        let is_lost = match session_effect(dialect, sql) {
            SessionEffect::None => false,
            SessionEffect::Rows => counts && index + 1 == done,
            SessionEffect::Repeatable => {
                again.push(index);
                let words = Words::read(dialect, sql);
                repeated.extend(words.variables().map(str::to_owned));
                false
            }
            SessionEffect::Lost(names) => {
                let is_mentioned = |name: &String| mentioned.binary_search(&&**name).is_ok();
                names.iter().any(is_mentioned)
            }
            SessionEffect::Unknown => {
                let is_set = |name: &str| repeated.iter().any(|set| set == name);
                let unset = |name: &&str| name.starts_with('@') && !is_set(name);
                mentioned.iter().any(unset) || Words::read(dialect, sql).has_any(&MAKERS)
            }
        };
        if is_lost {
            return Err(index);
        }
    }
    Ok(again)
}

/// The words of a block or a function call that create something for the session.
const MAKERS: [&str; 4] = ["TEMP", "TEMPORARY", "SET_CONFIG", "PREPARE"];

/// The functions and variables that report the rows of an earlier statement.
const COUNTS: [&str; 8] = [
    "LAST_INSERT_ID",
    "ROW_COUNT",
    "FOUND_ROWS",
    "LASTVAL",
    "CURRVAL",
    "LAST_INSERT_ROWID",
    "CHANGES",
    "TOTAL_CHANGES",
];

/// Returns whether statements ask for rows that were written before the first of them.
fn mentions_rows_before(dialect: Dialect, statements: &[Words<'_>]) -> bool {
    for words in statements {
        if words.has_any(&COUNTS) {
            return true;
        }
        let effect = match dialect {
            Dialect::Sqlite => sqlite(words),
            Dialect::Postgres => postgres(words),
            Dialect::MySql => mysql(words),
        };
        if effect == SessionEffect::Rows {
            return false;
        }
    }
    false
}

/// Returns the setting of the connection that a statement of SQLite assigns with `PRAGMA`, in lower
/// case; settings stored in the database file are not returned (SQLite manual, "PRAGMA
/// Statements").
#[must_use]
pub fn session_pragma(statement: &str) -> Option<&'static str> {
    Words::read(Dialect::Sqlite, statement).pragma()
}

/// The pragmas that belong to the connection and can be read and written.
const PRAGMAS: [&str; 30] = [
    "analysis_limit",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "case_sensitive_like",
    "cell_size_check",
    "checkpoint_fullfsync",
    "count_changes",
    "defer_foreign_keys",
    "empty_result_callbacks",
    "foreign_keys",
    "full_column_names",
    "fullfsync",
    "ignore_check_constraints",
    "journal_size_limit",
    "legacy_alter_table",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "secure_delete",
    "short_column_names",
    "synchronous",
    "temp_store",
    "trusted_schema",
    "writable_schema",
];

/// The words and names of a statement, in upper case and without quotes, and the symbols between
/// them.
struct Words<'a> {
    list: Vec<Word<'a>>,
}

struct Word<'a> {
    text: std::borrow::Cow<'a, str>,
    kind: TokenKind,
    /// Whether it directly follows the one before.
    glued: bool,
}

impl<'a> Words<'a> {
    fn read(dialect: Dialect, statement: &'a str) -> Self {
        let mut list: Vec<Word<'_>> = Vec::new();
        let mut lexer = Lexer::new(dialect, statement);
        let mut end = 0;
        // An unterminated construct is refused elsewhere.
        while let Ok(Some(token)) = lexer.next_token() {
            if !token.kind.matters() {
                continue;
            }
            let glued = std::mem::replace(&mut end, token.end) == token.start;
            let text = &statement[token.start..token.end];
            if token.kind == TokenKind::Symbol && (text.starts_with("/*") || text == "*/") {
                continue;
            }
            let variable = matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
                && glued
                && list.last().is_some_and(|last| last.text == "@");
            if variable {
                let name = format!("@{}", unquoted(text).to_uppercase());
                let at = list.pop().map(|at| at.glued).unwrap_or_default();
                let server = at && list.last().is_some_and(|last| last.text == "@");
                if server {
                    list.pop();
                }
                list.push(Word {
                    text: match server {
                        true => format!("@{name}").into(),
                        false => name.into(),
                    },
                    kind: TokenKind::Word,
                    glued: false,
                });
                continue;
            }
            list.push(Word {
                text: match token.kind {
                    TokenKind::Word if text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                        text.to_ascii_uppercase().into()
                    }
                    TokenKind::Quoted => unquoted(text).to_uppercase().into(),
                    _ => text.into(),
                },
                kind: token.kind,
                glued,
            });
        }
        Self { list }
    }

    fn is_word(word: &Word<'_>) -> bool {
        matches!(word.kind, TokenKind::Word | TokenKind::Quoted)
    }

    /// Returns all words and names, those of variables with the `@`.
    fn names(&self) -> impl Iterator<Item = &str> {
        let words = self.list.iter().filter(|word| Self::is_word(word));
        words.map(|word| &*word.text)
    }

    fn variables(&self) -> impl Iterator<Item = &str> {
        self.names()
            .filter(|name| name.starts_with('@') && !name.starts_with("@@"))
    }

    fn first(&self) -> &str {
        self.word(0)
    }

    /// Returns the word at this place among the words, or the empty text.
    fn word(&self, place: usize) -> &str {
        self.names().nth(place).unwrap_or_default()
    }

    fn has(&self, word: &str) -> bool {
        self.list
            .iter()
            .any(|it| it.kind == TokenKind::Word && it.text == word)
    }

    /// Returns whether one of these words occurs; quoted texts are searched too, because they can
    /// contain code.
    fn has_any(&self, words: &[&str]) -> bool {
        self.list.iter().any(|it| match it.kind {
            TokenKind::Word => words.contains(&&*it.text),
            TokenKind::String => {
                let text = it.text.to_ascii_uppercase();
                text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|word| words.contains(&word))
            }
            _ => false,
        })
    }

    /// Returns the words that are called as functions.
    fn calls(&self) -> impl Iterator<Item = &str> {
        let pairs = self.list.iter().zip(self.list.iter().skip(1));
        pairs
            .filter(|(word, next)| Self::is_word(word) && next.text == "(")
            .map(|(word, _)| &*word.text)
    }

    fn calls_anything(&self) -> bool {
        self.calls().next().is_some()
    }

    /// Returns the name of the object of a `CREATE`, which follows the word of its kind.
    fn made(&self) -> Vec<String> {
        const KINDS: [&str; 5] = ["TABLE", "VIEW", "SEQUENCE", "TRIGGER", "INTO"];
        let mut words = self.list.iter().filter(|word| Self::is_word(word));
        words.by_ref().find(|word| KINDS.contains(&&*word.text));
        let mut name = words
            .map(|word| &*word.text)
            .skip_while(|word| {
                matches!(
                    *word,
                    "IF" | "NOT" | "EXISTS" | "TEMP" | "TEMPORARY" | "TABLE"
                )
            })
            .peekable();
        let schema = name.next_if(|word| *word == "TEMP" || word.starts_with("PG_TEMP"));
        name.next()
            .or(schema)
            .map(str::to_owned)
            .into_iter()
            .collect()
    }

    /// Returns the user variables that get a value: before `:=`, or in the list after `INTO`.
    fn assigned(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut into = false;
        for (at, word) in self.list.iter().enumerate() {
            let is_variable = word.text.starts_with('@') && !word.text.starts_with("@@");
            let next = self.list.get(at + 1).map(|next| &*next.text);
            if is_variable && (into || next == Some(":=")) {
                found.push(word.text.clone().into_owned());
            }
            into = word.text == "INTO" || (into && (is_variable || word.text == ","));
        }
        found
    }

    fn pragma(&self) -> Option<&'static str> {
        if self.first() != "PRAGMA" {
            return None;
        }
        let at = self
            .list
            .iter()
            .position(|word| matches!(&*word.text, "=" | "("))?;
        let name = &self.list.get(at.checked_sub(1)?)?.text;
        PRAGMAS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(name))
    }
}

fn unquoted(name: &str) -> &str {
    let mut inner = name.chars();
    match (inner.next(), inner.next_back()) {
        (Some('"' | '`' | '['), Some('"' | '`' | ']')) => inner.as_str(),
        _ => name,
    }
}

/// The only code that an SQLite database runs is triggers, and those only write rows.
fn sqlite(words: &Words<'_>) -> SessionEffect {
    let temporary = |word: &str| matches!(word, "TEMP" | "TEMPORARY");
    match words.first() {
        "CREATE" if temporary(words.word(1)) => SessionEffect::Lost(words.made()),
        // An index is dropped with its table.
        "CREATE" if matches!(words.word(1), "INDEX" | "UNIQUE") => SessionEffect::None,
        "CREATE" if words.made().is_empty() => SessionEffect::Lost(Vec::new()),
        "CREATE" => {
            // `CREATE TABLE temp.t`
            let mut names = words.names().skip(1);
            match names.find(|word| {
                !matches!(
                    *word,
                    "TABLE"
                        | "VIEW"
                        | "TRIGGER"
                        | "INDEX"
                        | "UNIQUE"
                        | "VIRTUAL"
                        | "IF"
                        | "NOT"
                        | "EXISTS"
                )
            }) {
                Some(word) if temporary(word) => SessionEffect::Lost(words.made()),
                _ => SessionEffect::None,
            }
        }
        "PRAGMA" => match words.pragma() {
            Some(_) => SessionEffect::Repeatable,
            None => SessionEffect::None,
        },
        "ATTACH" | "DETACH" => SessionEffect::Repeatable,
        "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "WITH" => SessionEffect::Rows,
        "SELECT" if words.calls().any(|name| name == "LOAD_EXTENSION") => SessionEffect::Repeatable,
        _ => SessionEffect::None,
    }
}

fn postgres(words: &Words<'_>) -> SessionEffect {
    let temporary =
        |word: &str| matches!(word, "TEMP" | "TEMPORARY") || word.starts_with("PG_TEMP");
    match words.first() {
        "CREATE" => match words.word(1) {
            _ if words.names().take(8).any(temporary) => SessionEffect::Lost(words.made()),
            "TABLE" | "UNLOGGED" | "FOREIGN" if words.has("AS") => SessionEffect::Rows,
            "MATERIALIZED" => SessionEffect::Rows,
            "EXTENSION" | "SCHEMA" => SessionEffect::Unknown,
            _ => SessionEffect::None,
        },
        "ALTER" if words.word(1) == "TABLE" => SessionEffect::Rows,
        "ALTER" | "DROP" | "COMMENT" | "GRANT" | "REVOKE" | "TRUNCATE" | "REINDEX" | "VACUUM"
        | "ANALYZE" | "CLUSTER" | "LOCK" | "NOTIFY" | "SECURITY" | "CHECKPOINT" | "BEGIN"
        | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" => {
            SessionEffect::None
        }
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" | "WITH" | "REFRESH" => {
            SessionEffect::Rows
        }
        "SELECT" if words.has("INTO") && words.names().any(temporary) => {
            SessionEffect::Lost(words.made())
        }
        "SELECT" | "VALUES" | "TABLE" | "SHOW" if !words.calls_anything() => SessionEffect::None,
        // pg_dump empties the search path like this.
        "SELECT" if !words.has("FROM") && words.calls().all(|name| name == "SET_CONFIG") => {
            SessionEffect::Repeatable
        }
        "SET" | "RESET" | "DISCARD" | "LISTEN" | "UNLISTEN" | "PREPARE" | "DEALLOCATE" | "LOAD" => {
            SessionEffect::Repeatable
        }
        "DECLARE" => SessionEffect::Lost(vec![words.word(1).to_owned()]),
        _ => SessionEffect::Unknown,
    }
}

fn mysql(words: &Words<'_>) -> SessionEffect {
    match words.first() {
        "CREATE" => mysql_create(words),
        "ALTER" | "DROP" | "RENAME" | "TRUNCATE" | "ANALYZE" | "OPTIMIZE" | "CHECK" | "REPAIR"
        | "GRANT" | "REVOKE" => SessionEffect::None,
        "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "WITH" | "LOAD" => match words.assigned() {
            names if names.is_empty() => SessionEffect::Rows,
            names => SessionEffect::Lost(names),
        },
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "DESCRIBE" | "EXPLAIN" => match words.assigned() {
            names if !names.is_empty() => SessionEffect::Lost(names),
            _ if words.calls_anything() => SessionEffect::Unknown,
            _ => SessionEffect::None,
        },
        "SET" => mysql_set(words),
        "FLUSH" if !words.has("LOCK") && !words.has("EXPORT") => SessionEffect::None,
        "USE" | "PREPARE" | "DEALLOCATE" | "LOCK" | "UNLOCK" | "FLUSH" => SessionEffect::Repeatable,
        _ => SessionEffect::Unknown,
    }
}

fn mysql_create(words: &Words<'_>) -> SessionEffect {
    const KINDS: [&str; 14] = [
        "TABLE",
        "VIEW",
        "TRIGGER",
        "FUNCTION",
        "PROCEDURE",
        "EVENT",
        "INDEX",
        "SEQUENCE",
        "DATABASE",
        "SCHEMA",
        "USER",
        "ROLE",
        "SERVER",
        "PACKAGE",
    ];
    let mut kinds = words.names().skip(1);
    let mut temporary = false;
    let kind = kinds.find(|word| {
        temporary |= *word == "TEMPORARY";
        KINDS.contains(word)
    });
    match kind {
        _ if temporary => SessionEffect::Lost(words.made()),
        Some("TABLE") if words.has("SELECT") || words.has("VALUES") || words.has("WITH") => {
            SessionEffect::Rows
        }
        Some(_) => SessionEffect::None,
        None => SessionEffect::Unknown,
    }
}

/// `SET` of constants, of other settings and of variables can be repeated; values read from tables
/// or returned by other functions may have changed.
fn mysql_set(words: &Words<'_>) -> SessionEffect {
    const STEADY: [&str; 10] = [
        "CONCAT",
        "CONCAT_WS",
        "REPLACE",
        "IF",
        "IFNULL",
        "COALESCE",
        "NULLIF",
        "LOWER",
        "UPPER",
        "SELECT",
    ];
    let steady = !words.has("FROM") && words.calls().all(|name| STEADY.contains(&name));
    let global = |word: &str| {
        matches!(
            word,
            "GLOBAL" | "PERSIST" | "PERSIST_ONLY" | "@@GLOBAL" | "@@PERSIST"
        )
    };
    match words.word(1) {
        "PASSWORD" | "DEFAULT" => SessionEffect::None,
        word if global(word) && !words.list.iter().any(|it| it.text == ",") => SessionEffect::None,
        _ if steady => SessionEffect::Repeatable,
        _ => SessionEffect::Lost(words.variables().map(str::to_owned).collect()),
    }
}

#[cfg(test)]
mod tests {
    use Dialect::{MySql, Postgres, Sqlite};

    use super::*;

    #[test]
    fn what_statements_leave_behind() {
        let lost = |name: &str| SessionEffect::Lost(vec![name.to_owned()]);
        for (dialect, sql, effect) in [
            (
                MySql,
                "create table t (a int, temporary int)",
                SessionEffect::None,
            ),
            (MySql, "CREATE TABLE t AS SELECT 1", SessionEffect::Rows),
            (
                MySql,
                "CREATE OR REPLACE DEFINER=`a`@`b` VIEW v AS SELECT 1",
                SessionEffect::None,
            ),
            (
                MySql,
                "CREATE TEMPORARY TABLE IF NOT EXISTS `work` (a INT)",
                lost("WORK"),
            ),
            (MySql, "ALTER TABLE t ADD INDEX (a)", SessionEffect::None),
            (MySql, "INSERT INTO t VALUES (1)", SessionEffect::Rows),
            (MySql, "UPDATE t SET a = (@n := @n + 1)", lost("@N")),
            (MySql, "SELECT 1", SessionEffect::None),
            (MySql, "SELECT GET_LOCK('a', 1)", SessionEffect::Unknown),
            (MySql, "SELECT id FROM t INTO @`the id`", lost("@THE ID")),
            (
                MySql,
                "/*!40014 SET @OLD_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */",
                SessionEffect::Repeatable,
            ),
            (
                MySql,
                "SET sql_mode = (SELECT CONCAT(@@sql_mode, ',ANSI'))",
                SessionEffect::Repeatable,
            ),
            (MySql, "SET @a = (SELECT max(id) FROM t)", lost("@A")),
            (MySql, "SET @a = NOW()", lost("@A")),
            (MySql, "SET GLOBAL max_connections = 5", SessionEffect::None),
            (MySql, "LOCK TABLES a WRITE", SessionEffect::Repeatable),
            (MySql, "USE shop", SessionEffect::Repeatable),
            (MySql, "FLUSH TABLES", SessionEffect::None),
            (MySql, "CALL p()", SessionEffect::Unknown),
            (Postgres, "CREATE TABLE t (a text)", SessionEffect::None),
            (Postgres, "CREATE TABLE t AS SELECT 1", SessionEffect::Rows),
            (
                Postgres,
                "create local temporary table t (a int)",
                lost("T"),
            ),
            (Postgres, "CREATE TABLE pg_temp.t (a int)", lost("T")),
            (Postgres, "SELECT 1 INTO TEMP t", lost("T")),
            (
                Postgres,
                "SELECT pg_catalog.set_config('search_path', '', false)",
                SessionEffect::Repeatable,
            ),
            (
                Postgres,
                "SELECT set_config('a.b', max(id)::text, false) FROM t",
                SessionEffect::Unknown,
            ),
            (Postgres, "DO $$ BEGIN END $$", SessionEffect::Unknown),
            (
                Postgres,
                "ALTER TABLE t ADD a int DEFAULT f()",
                SessionEffect::Rows,
            ),
            (
                Postgres,
                "CREATE INDEX CONCURRENTLY i ON t (a)",
                SessionEffect::None,
            ),
            (Postgres, "SET ROLE me", SessionEffect::Repeatable),
            (Sqlite, "CREATE TABLE t (temp INT)", SessionEffect::None),
            (
                Sqlite,
                "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
                lost("T"),
            ),
            (Sqlite, "CREATE TABLE temp.t (a INT)", lost("T")),
            (
                Sqlite,
                "PRAGMA main.foreign_keys(1)",
                SessionEffect::Repeatable,
            ),
            (Sqlite, "PRAGMA user_version = 3", SessionEffect::None),
            (Sqlite, "PRAGMA foreign_keys", SessionEffect::None),
        ] {
            assert_eq!(session_effect(dialect, sql), effect, "{dialect} {sql}");
        }
    }

    #[test]
    fn what_runs_again_when_a_revision_goes_on() {
        let resume = |dialect, statements: &[&str], done| resume_session(dialect, statements, done);
        let rates = [
            "CREATE TABLE rate (a INT)",
            "SET @standard = 20.00",
            "INSERT INTO rate VALUES (@standard)",
            "INSERT INTO rate VALUES (@standard)",
        ];
        assert_eq!(resume(MySql, &rates, 3), Ok(vec![1]));
        let read = [
            "SET @a = (SELECT max(a) FROM t)",
            "INSERT INTO t VALUES (@a)",
        ];
        assert_eq!(resume(MySql, &read, 1), Err(0));
        let unused = [
            "CREATE TEMPORARY TABLE w (a INT)",
            "INSERT INTO t VALUES (1)",
        ];
        assert_eq!(resume(MySql, &unused, 1), Ok(Vec::new()));
        let last = [
            "INSERT INTO p VALUES ()",
            "INSERT INTO c VALUES (LAST_INSERT_ID())",
        ];
        assert_eq!(resume(MySql, &last, 1), Err(0));
        let called = ["CALL p()", "INSERT INTO c VALUES (@x)"];
        assert_eq!(resume(MySql, &called, 1), Err(0));
        let path = [
            "SET search_path = app",
            "CREATE TABLE a ()",
            "CREATE TABLE b ()",
        ];
        assert_eq!(resume(Postgres, &path, 2), Ok(vec![0]));
        let block = ["DO $$ BEGIN CREATE TEMP TABLE w (); END $$", "SELECT 1"];
        assert_eq!(resume(Postgres, &block, 1), Err(0));
    }

    #[test]
    fn an_index_of_sqlite_leaves_nothing() {
        for sql in [
            "CREATE INDEX i ON t (a)",
            "create unique index if not exists \"i\" on t (a)",
        ] {
            assert_eq!(session_effect(Sqlite, sql), SessionEffect::None, "{sql}");
        }
    }

    #[test]
    fn pragmas_of_the_connection() {
        assert_eq!(
            session_pragma("pragma Foreign_Keys = on"),
            Some("foreign_keys")
        );
        assert_eq!(
            session_pragma("PRAGMA temp.cache_size(5)"),
            Some("cache_size")
        );
        assert_eq!(session_pragma("PRAGMA table_info(t)"), None);
        assert_eq!(session_pragma("PRAGMA journal_mode = WAL"), None);
    }
}
