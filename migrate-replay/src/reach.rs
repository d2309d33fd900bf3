//! The places where a statement reaches out of the database that it runs in.
//!
//! The statements of a chain also run in scratch databases. Their effects on the database disappear
//! with it; their effects on other databases, on the server or on another server do not. This
//! module finds every such place: by the words that begin the statement, by functions that are
//! called, and by qualified names. Bodies of routines and triggers are read, and so is text that is
//! run as SQL, if it is part of the statement.
//!
//! The lists follow the manuals of PostgreSQL 18 (part VI "Reference", chapters 9.26 to 9.28),
//! MySQL 9 (chapter "SQL Statements"), MariaDB 11 ("SQL Statements") and SQLite ("SQL As Understood
//! By SQLite").

mod mysql;
mod names;
mod postgres;
mod sqlite;

use std::borrow::Cow;
use std::ops::Range;

use migrate_core::Dialect;
use migrate_sql::{Lexer, Quoting, TokenKind};

/// A place where a statement reaches out of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The kind of the reach.
    pub kind: ReachKind,
    /// The byte range within the statement.
    pub range: Range<usize>,
    /// Whether it is in the body of a routine, a trigger or an event that the statement only
    /// creates. Nothing reaches out before that runs.
    pub deferred: bool,
}

/// The kinds of reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReachKind {
    /// The name of a database. The range is that of the name with its quotes.
    Database {
        /// The name without its quotes.
        name: String,
        /// What the name qualifies.
        before: Named,
        /// The offset where the object's own name begins, or the end of the name if it is not
        /// qualified.
        object: usize,
    },
    /// A role that has to exist (PostgreSQL).
    Role {
        /// The name without its quotes.
        name: String,
        /// Whether the following statements run as this role.
        acts: bool,
    },
    /// The account that owns a view, routine, trigger or event of MySQL: the range is that of
    /// `DEFINER = …`.
    Definer,
    /// The directory for the files of a table (MySQL): the range is that of the clause.
    Directory,
    /// The place where an event of MySQL is enabled: the range is that of `ENABLE`, or of the
    /// position for a keyword that disables it.
    Event,
    /// The file that `ATTACH` opens (SQLite). The range is that of the expression.
    Attach {
        /// The schema name that the file's database gets, without its quotes.
        name: String,
    },
    /// An effect on the server as a whole, on its files, or on another server.
    Server(String),
}

/// What the name of a database qualifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// An object that the statement reads.
    Read,
    /// An object that the statement creates, changes or drops, or whose rows it changes.
    Written,
    /// A routine that the statement calls, or a package (MariaDB).
    Called,
    /// Nothing: `USE shop`.
    Used,
    /// Nothing: `CREATE DATABASE shop`, `ALTER DATABASE shop`, `GRANT … ON DATABASE shop`.
    Itself,
}

impl Reach {
    /// Returns a short description: `CREATE ROLE`, or ``database `shop` ``.
    #[must_use]
    pub fn what(&self) -> Cow<'_, str> {
        match &self.kind {
            ReachKind::Database { name, .. } => format!("database `{name}`").into(),
            ReachKind::Role { name, .. } => format!("role `{name}`").into(),
            ReachKind::Definer => "DEFINER".into(),
            ReachKind::Directory => "DATA DIRECTORY".into(),
            ReachKind::Event => "EVENT".into(),
            ReachKind::Attach { .. } => "ATTACH".into(),
            ReachKind::Server(what) => what.as_str().into(),
        }
    }
}

/// Finds every place where a statement reaches out of its database, in the order of the text.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_replay::reaches;
///
/// let found = reaches(Dialect::MySql, "DROP TABLE IF EXISTS `shop`.orders");
/// assert_eq!(found[0].what(), "database `shop`");
/// assert_eq!(found[0].range, 21..27);
/// assert!(reaches(Dialect::MySql, "SELECT o.id FROM orders o").is_empty());
/// ```
#[must_use]
pub fn reaches(dialect: Dialect, statement: &str) -> Vec<Reach> {
    reaches_with(dialect, Quoting::default(), statement)
}

/// Does what [`reaches`] does, for a statement that a session of MySQL reads with this `quoting`.
#[must_use]
pub fn reaches_with(dialect: Dialect, quoting: Quoting, statement: &str) -> Vec<Reach> {
    let mut found = Found {
        dialect,
        quoting,
        list: Vec::new(),
        deferred: false,
        offset: 0,
        depth: 0,
    };
    found.read(statement);
    let mut list = found.list;
    list.sort_by_key(|reach| (reach.range.start, reach.range.end));
    list.dedup();
    list
}

/// The nesting depth of texts in texts: `DO $$ … EXECUTE $q$ DO …`.
const DEEPEST: usize = 4;

/// The reaches found so far, and the text that is being read.
struct Found {
    dialect: Dialect,
    quoting: Quoting,
    list: Vec<Reach>,
    deferred: bool,
    /// The offset of that text in the statement.
    offset: usize,
    depth: usize,
}

impl Found {
    fn read(&mut self, text: &str) {
        let items = items_with(self.dialect, self.quoting, text);
        match self.dialect {
            Dialect::MySql => mysql::read(&items, self),
            Dialect::Postgres => postgres::read(&items, self),
            Dialect::Sqlite => sqlite::read(&items, self),
        }
    }

    fn push(&mut self, kind: ReachKind, range: Range<usize>) {
        self.list.push(Reach {
            kind,
            range: range.start + self.offset..range.end + self.offset,
            deferred: self.deferred,
        });
    }

    fn server(&mut self, what: impl Into<String>, at: Item<'_>) {
        self.push(ReachKind::Server(what.into()), at.range());
    }

    fn database(&mut self, at: Item<'_>, before: Named, object: usize) {
        let kind = ReachKind::Database {
            name: at.name(self.dialect),
            before,
            object: object + self.offset,
        };
        self.push(kind, at.range());
    }

    /// Reads a quoted text as SQL of its own.
    fn text(&mut self, item: Item<'_>, deferred: bool) {
        let Some((start, inner)) = item.inner() else {
            return;
        };
        if self.depth == DEEPEST {
            return;
        }
        let (offset, before) = (self.offset, self.deferred);
        self.offset += item.start + start;
        self.deferred |= deferred;
        self.depth += 1;
        self.read(&inner);
        self.depth -= 1;
        self.deferred = before;
        self.offset = offset;
    }

    /// Reads a text that may be SQL: if its first word begins a statement.
    fn perhaps_sql(&mut self, item: Item<'_>) {
        const VERBS: [&str; 25] = [
            "ALTER", "ATTACH", "CALL", "COMMENT", "COPY", "CREATE", "DELETE", "DO", "DROP",
            "FLUSH", "GRANT", "INSERT", "KILL", "LOAD", "LOCK", "MERGE", "PERFORM", "RENAME",
            "REPLACE", "REVOKE", "SELECT", "SET", "TRUNCATE", "UPDATE", "USE",
        ];
        let Some((_, inner)) = item.inner() else {
            return;
        };
        let first = inner.split(|sign: char| !sign.is_ascii_alphabetic());
        let first = first.into_iter().find(|word| !word.is_empty());
        if first.is_some_and(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb))) {
            self.text(item, false);
        }
    }
}

/// A significant token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) text: &'a str,
    pub(crate) start: usize,
    pub(crate) kind: TokenKind,
}

impl<'a> Item<'a> {
    const NONE: Self = Item {
        text: "",
        start: 0,
        kind: TokenKind::Space,
    };

    fn range(self) -> Range<usize> {
        self.start..self.end()
    }

    const fn end(self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether it is this keyword.
    pub(crate) fn is(self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_any(self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub(crate) fn is_sign(self, sign: &str) -> bool {
        matches!(self.kind, TokenKind::Symbol | TokenKind::Terminator) && self.text == sign
    }

    fn is_text(self) -> bool {
        self.kind == TokenKind::String
    }

    /// Returns whether it can be a name. With ANSI_QUOTES, MySQL reads `"…"` as one.
    pub(crate) fn is_name(self, dialect: Dialect) -> bool {
        match self.kind {
            TokenKind::Word | TokenKind::Quoted => true,
            TokenKind::String => dialect == Dialect::MySql && self.text.starts_with('"'),
            _ => false,
        }
    }

    /// Returns it as a name, without quotes.
    pub(crate) fn name(self, dialect: Dialect) -> String {
        let quote = match self.text.as_bytes().first() {
            Some(quote @ (b'"' | b'`' | b'[' | b'\'')) => char::from(*quote),
            // PostgreSQL folds unquoted names.
            _ if dialect == Dialect::Postgres => return self.text.to_ascii_lowercase(),
            _ => return self.text.to_owned(),
        };
        let inner = &self.text[1..self.text.len().saturating_sub(1).max(1)];
        match quote {
            '[' => inner.to_owned(),
            quote => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
        }
    }

    /// Returns the contents of a quoted text and their offset. An escaped character becomes a blank
    /// and the character, so that all others keep their offsets.
    fn inner(self) -> Option<(usize, Cow<'a, str>)> {
        if self.kind != TokenKind::String {
            return None;
        }
        if self.text.starts_with('$') {
            let tag = self.text[1..].find('$')? + 2;
            return Some((tag, self.text.get(tag..self.text.len() - tag)?.into()));
        }
        let open = self.text.find(['\'', '"'])?;
        let quote = self.text.as_bytes()[open];
        let inner = self.text.get(open + 1..self.text.len() - 1)?;
        if !inner
            .as_bytes()
            .iter()
            .any(|byte| *byte == quote || *byte == b'\\')
        {
            return Some((open + 1, inner.into()));
        }
        let mut plain = String::with_capacity(inner.len());
        let mut signs = inner.chars().peekable();
        while let Some(sign) = signs.next() {
            let escapes = sign == '\\' || sign == char::from(quote);
            match (escapes, signs.peek()) {
                (true, Some('n' | 'r' | 't')) if sign == '\\' => {
                    signs.next();
                    plain.push_str("  ");
                }
                (true, Some(next)) => {
                    plain.push(' ');
                    plain.push(*next);
                    signs.next();
                }
                _ => plain.push(sign),
            }
        }
        Some((open + 1, plain.into()))
    }
}

/// Returns the significant tokens, as far as the text can be read; the marks of MySQL's executable
/// comments are left out.
pub(crate) fn items(dialect: Dialect, text: &str) -> Vec<Item<'_>> {
    items_with(dialect, Quoting::default(), text)
}

fn items_with(dialect: Dialect, quoting: Quoting, text: &str) -> Vec<Item<'_>> {
    let mut lexer = Lexer::with_quoting(dialect, text, quoting);
    let mut items = Vec::with_capacity(text.len() / 6);
    let mut executable = false;
    while let Ok(Some(token)) = lexer.next_token() {
        let written = &text[token.start..token.end];
        let opens = token.kind == TokenKind::Symbol && written.starts_with("/*");
        let closes = executable && written == "*/";
        executable = lexer.in_executable();
        if token.kind.matters() && token.kind != TokenKind::Delimiter && !opens && !closes {
            items.push(Item {
                text: written,
                start: token.start,
                kind: token.kind,
            });
        }
    }
    items
}

/// A sequence of tokens.
pub(crate) trait Items<'a> {
    /// Returns the token at a position, or an empty one.
    fn at(&self, place: usize) -> Item<'a>;

    /// Returns whether these keywords are at a position.
    fn follow(&self, place: usize, words: &[&str]) -> bool {
        let mut words = words.iter().enumerate();
        words.all(|(more, word)| self.at(place + more).is(word))
    }

    /// Returns the position after optional keywords.
    fn skip(&self, place: usize, words: &[&str]) -> usize {
        let mut place = place;
        while self.at(place).is_any(words) {
            place += 1;
        }
        place
    }
}

impl<'a> Items<'a> for [Item<'a>] {
    fn at(&self, place: usize) -> Item<'a> {
        self.get(place).copied().unwrap_or(Item::NONE)
    }
}

/// Returns the words of the first pattern that matches at a position.
fn matching<'p>(items: &[Item<'_>], place: usize, patterns: &'p [&'p str]) -> Option<&'p str> {
    let fits = |pattern: &&&str| {
        let mut words = pattern.split(' ').enumerate();
        words.all(|(more, word)| items.at(place + more).is(word))
    };
    patterns.iter().find(fits).copied()
}

#[cfg(test)]
mod tests;
