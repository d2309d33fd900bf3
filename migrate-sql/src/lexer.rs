//! Splits SQL into tokens, following the manual of each dialect.

use std::fmt;

use crate::Dialect;

/// A run of bytes of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token's kind.
    pub kind: TokenKind,
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword, a name or a number.
    Word,
    /// A quoted text, including dollar-quoted text.
    String,
    /// A quoted name.
    Quoted,
    /// An operator or a punctuation mark.
    Symbol,
    /// The end of a statement: `;`, or the delimiter that `DELIMITER` set.
    Terminator,
    /// A `DELIMITER` line of the mysql client.
    Delimiter,
    /// A comment.
    Comment,
    /// White space.
    Space,
}

impl TokenKind {
    /// Returns whether the token is significant: not a comment, white space or `DELIMITER` line.
    #[must_use]
    pub const fn matters(self) -> bool {
        !matches!(self, Self::Comment | Self::Space)
    }
}

/// A construct that begins and does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unterminated {
    /// The kind of construct.
    pub what: Construct,
    /// The offset where it begins.
    pub at: usize,
}

/// The constructs that need an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Construct {
    /// `'…'`
    Text,
    /// `"…"`, `` `…` `` or `[…]`
    Name,
    /// `/* … */`
    Comment,
    /// `$tag$ … $tag$`
    DollarQuote,
    /// `BEGIN … END` of a routine or trigger.
    Block,
}

impl fmt::Display for Construct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "quoted text",
            Self::Name => "quoted name",
            Self::Comment => "comment",
            Self::DollarQuote => "dollar-quoted text",
            Self::Block => "block",
        })
    }
}

/// Splits a text into tokens.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    dialect: Dialect,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The delimiter that ends a statement.
    delimiter: &'a [u8],
    /// The start of the executable comment of MySQL that is open.
    executable: Option<usize>,
    /// Up to this offset the text has only `+` and `-`, each an operator of its own.
    signs_end: usize,
    /// Set while only white space and comments have followed the end of the last statement.
    statement_start: bool,
    continued: Continued,
    quoting: Quoting,
}

/// What quotes mean in a session of MySQL or MariaDB, by its `sql_mode` (MySQL manual, "Server SQL
/// Modes"); the default is that of a server with its default settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quoting {
    /// Whether a backslash is an ordinary character: `NO_BACKSLASH_ESCAPES`.
    pub plain_backslash: bool,
    /// Whether `"…"` is a name: `ANSI_QUOTES`.
    pub ansi: bool,
}

/// Whether the text that follows continues the `E'…'` before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continued {
    No,
    SameLine,
    NextLine,
}

/// The mysql client cuts a delimiter to this length (`DELIMITER_NAME_LEN` in mysql.cc).
const LONGEST_DELIMITER: usize = 15;

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// SQL's white space; Rust's definition lacks the vertical tab.
const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Returns the tokens of a text with their kinds: no white space, no comments.
///
/// ```
/// use migrate_sql::{Dialect, TokenKind, words_and_symbols};
///
/// let found = words_and_symbols(Dialect::Sqlite, "a = 'b' -- c").unwrap();
/// let expected = [(TokenKind::Word, "a"), (TokenKind::Symbol, "="), (TokenKind::String, "'b'")];
/// assert_eq!(found, expected);
/// ```
///
/// # Errors
///
/// A quote or comment that does not end in this dialect.
pub fn words_and_symbols(
    dialect: Dialect,
    text: &str,
) -> Result<Vec<(TokenKind, &str)>, Unterminated> {
    let mut lexer = Lexer::new(dialect, text);
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token()? {
        if token.kind.matters() {
            found.push((token.kind, &text[token.start..token.end]));
        }
    }
    Ok(found)
}

impl<'a> Lexer<'a> {
    /// Creates a lexer at the start of `text`.
    #[must_use]
    pub const fn new(dialect: Dialect, text: &'a str) -> Self {
        let quoting = Quoting {
            plain_backslash: false,
            ansi: false,
        };
        Self::with_quoting(dialect, text, quoting)
    }

    /// Creates a lexer at the start of what a session of MySQL reads with this `quoting`.
    #[must_use]
    pub const fn with_quoting(dialect: Dialect, text: &'a str, quoting: Quoting) -> Self {
        Self {
            dialect,
            text,
            bytes: text.as_bytes(),
            at: 0,
            delimiter: b";",
            executable: None,
            signs_end: 0,
            statement_start: true,
            continued: Continued::No,
            quoting,
        }
    }

    /// Sets what quotes mean from `at` on, and continues there.
    pub(crate) fn set_quoting(&mut self, quoting: Quoting, at: usize) {
        self.quoting = quoting;
        self.at = at;
    }

    /// Returns whether an executable comment of MySQL is open.
    #[must_use]
    pub const fn in_executable(&self) -> bool {
        self.executable.is_some()
    }

    /// Returns whether statements currently end with `;` and not with a delimiter that a
    /// `DELIMITER` line set.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.delimiter == b";"
    }

    /// Sets the delimiter that a `DELIMITER` line names.
    pub fn set_delimiter(&mut self, line: &Token) {
        let line = &self.text[line.start..line.end];
        if let Some(delimiter) = chosen_delimiter(line) {
            self.delimiter = delimiter.as_bytes();
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn unterminated<T>(&self, what: Construct, at: usize) -> Result<T, Unterminated> {
        Err(Unterminated { what, at })
    }

    /// Returns the next token, or `None` at the end.
    ///
    /// # Errors
    ///
    /// A quote or a comment that does not end.
    pub fn next_token(&mut self) -> Result<Option<Token>, Unterminated> {
        if self.at >= self.bytes.len() {
            return match self.executable {
                Some(at) => self.unterminated(Construct::Comment, at),
                None => Ok(None),
            };
        }
        let start = self.at;
        let kind = self.scan()?;
        if kind.matters() {
            self.statement_start = matches!(kind, TokenKind::Terminator | TokenKind::Delimiter);
        }
        if self.dialect == Dialect::Postgres {
            self.continued = self.continues(kind, start);
        }
        Ok(Some(Token {
            kind,
            start,
            end: self.at,
        }))
    }

    /// Advances past the next token.
    fn scan(&mut self) -> Result<TokenKind, Unterminated> {
        use Dialect::{MySql, Postgres, Sqlite};
        let first = self.bytes[self.at];
        if is_space(first) {
            while is_space(self.peek(0)) {
                self.at += 1;
            }
            return Ok(TokenKind::Space);
        }
        if self.rest().starts_with(self.delimiter) {
            self.at += self.delimiter.len();
            return Ok(TokenKind::Terminator);
        }
        match first {
            b'-' if self.peek(1) == b'-' && self.is_dash_comment() => Ok(self.line_comment()),
            b'#' if self.dialect == MySql => Ok(self.line_comment()),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'*' if self.peek(1) == b'/' && self.executable.is_some() => {
                self.executable = None;
                self.at += 2;
                Ok(TokenKind::Symbol)
            }
            b'\'' => {
                let escapes = self.dialect == MySql && !self.quoting.plain_backslash;
                let backslash = escapes || self.continued == Continued::NextLine;
                self.quoted(b'\'', backslash, Construct::Text)
            }
            b'"' if self.dialect == MySql && !self.quoting.ansi => {
                self.quoted(b'"', !self.quoting.plain_backslash, Construct::Text)
            }
            b'"' => self.quoted(b'"', false, Construct::Name),
            b'`' if self.dialect != Postgres => self.quoted(b'`', false, Construct::Name),
            b'[' if self.dialect == Sqlite => self.quoted(b']', false, Construct::Name),
            b'$' if self.dialect == Postgres => self.dollar(),
            byte if is_word(byte) => self.word(),
            byte if self.is_operator(byte) => Ok(self.operator()),
            _ => {
                self.at += 1;
                Ok(TokenKind::Symbol)
            }
        }
    }

    /// String constants separated by a newline are one constant, and the first decides whether
    /// backslashes escape (PostgreSQL manual, 4.1.2.1 "String Constants").
    fn continues(&self, kind: TokenKind, start: usize) -> Continued {
        let token = &self.bytes[start..self.at];
        match (kind, token[0]) {
            (TokenKind::String, b'E' | b'e') => Continued::SameLine,
            (TokenKind::String, b'\'') if self.continued == Continued::NextLine => {
                Continued::SameLine
            }
            (TokenKind::Space, _) if self.continued != Continued::No && token.contains(&b'\n') => {
                Continued::NextLine
            }
            (TokenKind::Space, _) | (TokenKind::Comment, b'-') => self.continued,
            _ => Continued::No,
        }
    }

    /// MySQL requires white space or a control character after the dashes, so that `5--1` is a sum
    /// (MySQL manual, "'--' as the Start of a Comment").
    fn is_dash_comment(&self) -> bool {
        self.dialect != Dialect::MySql
            || match self.bytes.get(self.at + 2) {
                None => true,
                Some(byte) => *byte == b' ' || byte.is_ascii_control(),
            }
    }

    fn line_comment(&mut self) -> TokenKind {
        while !matches!(self.peek(0), b'\n') && self.at < self.bytes.len() {
            self.at += 1;
        }
        TokenKind::Comment
    }

    fn block_comment(&mut self) -> Result<TokenKind, Unterminated> {
        let start = self.at;
        let mysql = self.dialect == Dialect::MySql;
        if mysql && (self.peek(2) == b'!' || (self.peek(2) == b'M' && self.peek(3) == b'!')) {
            // MySQL and MariaDB execute the contents of `/*! … */`, so they are code.
            self.at += if self.peek(2) == b'!' { 3 } else { 4 };
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            self.executable.get_or_insert(start);
            return Ok(TokenKind::Symbol);
        }
        let hint = mysql && self.peek(2) == b'+';
        // PostgreSQL's comments nest (manual, 4.1.5 "Comments"); those of the others do not.
        let nests = self.dialect == Dialect::Postgres;
        let mut depth = 1_usize;
        self.at += 2;
        while depth > 0 {
            match (self.peek(0), self.peek(1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                }
                (b'/', b'*') if nests => {
                    depth += 1;
                    self.at += 2;
                }
                _ if self.at >= self.bytes.len() => {
                    return self.unterminated(Construct::Comment, start);
                }
                _ => self.at += 1,
            }
        }
        Ok(if hint {
            TokenKind::Symbol
        } else {
            TokenKind::Comment
        })
    }

    /// Reads a text or name that ends with `close`; a doubled `close` is one literal character.
    fn quoted(
        &mut self,
        close: u8,
        backslash: bool,
        what: Construct,
    ) -> Result<TokenKind, Unterminated> {
        let start = self.at;
        self.at += 1;
        loop {
            let Some(byte) = self.bytes.get(self.at) else {
                return self.unterminated(what, start);
            };
            self.at += 1;
            if *byte == b'\\' && backslash {
                self.at += 1;
            } else if *byte == close {
                if self.peek(0) != close || close == b']' {
                    break;
                }
                self.at += 1;
            }
        }
        Ok(match what {
            Construct::Name => TokenKind::Quoted,
            _ => TokenKind::String,
        })
    }

    /// `$tag$ … $tag$` (PostgreSQL manual, 4.1.2.4), or a parameter such as `$1`.
    fn dollar(&mut self) -> Result<TokenKind, Unterminated> {
        let start = self.at;
        let mut end = start + 1;
        if !self.peek(1).is_ascii_digit() {
            while self.bytes.get(end).copied().is_some_and(is_word) {
                end += 1;
            }
        }
        if self.bytes.get(end) != Some(&b'$') {
            self.at = end.max(start + 1);
            while is_word(self.peek(0)) {
                self.at += 1;
            }
            return Ok(TokenKind::Symbol);
        }
        let tag = &self.text[start..=end];
        match self.text[end + 1..].find(tag) {
            Some(found) => {
                self.at = end + 1 + found + tag.len();
                Ok(TokenKind::String)
            }
            None => self.unterminated(Construct::DollarQuote, start),
        }
    }

    fn word(&mut self) -> Result<TokenKind, Unterminated> {
        let start = self.at;
        // A number contains no dollar on PostgreSQL: `1$$a$$` is a number and a text.
        let dollars = self.dialect != Dialect::Postgres || !self.peek(0).is_ascii_digit();
        while is_word(self.peek(0)) || (dollars && self.peek(0) == b'$' && !self.at_delimiter()) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        // E'…' has backslash escapes (PostgreSQL manual, 4.1.2.2); the other prefixes do not.
        if self.dialect == Dialect::Postgres && self.peek(0) == b'\'' && matches!(word, b"E" | b"e")
        {
            return match self.quoted(b'\'', true, Construct::Text) {
                Err(unterminated) => Err(Unterminated {
                    at: start,
                    ..unterminated
                }),
                kind => kind,
            };
        }
        if self.dialect == Dialect::MySql
            && word.eq_ignore_ascii_case(b"DELIMITER")
            && self.executable.is_none()
            && (self.statement_start || self.begins_line(start))
            && matches!(self.peek(0), b' ' | b'\t')
            && self.is_delimiter_line(start)
        {
            self.line_comment();
            return Ok(TokenKind::Delimiter);
        }
        Ok(TokenKind::Word)
    }

    /// In the middle of a statement, a column can have this name, but the client still treats the
    /// line as its command (MySQL manual, "mysql Client Commands").
    fn is_delimiter_line(&self, start: usize) -> bool {
        let usual = |byte: u8| byte.is_ascii_punctuation() && !b",().='\"`".contains(&byte);
        let line = self.text[start..].split('\n').next().unwrap_or("");
        chosen_delimiter(line)
            .is_some_and(|chosen| self.statement_start || chosen.bytes().all(usual))
    }

    fn at_delimiter(&self) -> bool {
        !self.is_plain() && self.rest().starts_with(self.delimiter)
    }

    fn begins_line(&self, at: usize) -> bool {
        let before = self.bytes[..at].iter().rev();
        let mut blanks = before.skip_while(|byte| matches!(byte, b' ' | b'\t'));
        matches!(blanks.next(), None | Some(b'\n'))
    }

    fn is_operator(&self, byte: u8) -> bool {
        match byte {
            b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'%' | b'^'
            | b'&' | b'|' | b':' => true,
            b'#' | b'?' | b'`' => self.dialect == Dialect::Postgres,
            _ => false,
        }
    }

    fn operator(&mut self) -> TokenKind {
        if self.dialect == Dialect::Postgres {
            self.postgres_operator();
        } else {
            const LONG: [&[u8]; 13] = [
                b"<=>", b"->>", b"<=", b">=", b"<>", b"!=", b"==", b"||", b"&&", b"<<", b">>",
                b":=", b"->",
            ];
            let long = LONG
                .iter()
                .find(|operator| self.rest().starts_with(operator));
            self.at += long.map_or(1, |operator| operator.len());
        }
        TokenKind::Symbol
    }

    /// A run of operator characters ends before a comment, and before a last `+` or `-` unless it
    /// holds one of the rarer characters (PostgreSQL manual, 4.1.3 "Operators").
    fn postgres_operator(&mut self) {
        if self.at < self.signs_end {
            self.at += 1;
            return;
        }
        let start = self.at;
        let mut rare = false;
        while self.at < self.bytes.len() && self.is_operator(self.peek(0)) {
            let comment = matches!((self.peek(0), self.peek(1)), (b'-', b'-') | (b'/', b'*'));
            if comment && self.at > start {
                break;
            }
            rare |= matches!(
                self.peek(0),
                b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`' | b'?'
            );
            self.at += 1;
        }
        // The rest of the run is not scanned again, which would take quadratic time.
        self.signs_end = self.at;
        while !rare && self.at > start + 1 && matches!(self.bytes[self.at - 1], b'+' | b'-') {
            self.at -= 1;
        }
    }
}

/// Returns the delimiter that a line of the mysql client sets, without its quotes.
pub(super) fn chosen_delimiter(line: &str) -> Option<&str> {
    let word = line.split_ascii_whitespace().nth(1)?;
    let bare = ['\'', '"', '`'].into_iter().find_map(|quote| {
        let inner = word.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.is_empty()).then_some(inner)
    });
    let chosen = bare.unwrap_or(word);
    Some(&chosen[..chosen.floor_char_boundary(LONGEST_DELIMITER)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(dialect: Dialect, text: &str) -> Result<Vec<(TokenKind, &str)>, Unterminated> {
        let mut lexer = Lexer::new(dialect, text);
        let mut found = Vec::new();
        while let Some(token) = lexer.next_token()? {
            if token.kind != TokenKind::Space {
                found.push((token.kind, &text[token.start..token.end]));
            }
        }
        Ok(found)
    }

    fn one(dialect: Dialect, text: &str) -> TokenKind {
        match kinds(dialect, text).as_deref() {
            Ok([(kind, _)]) => *kind,
            other => panic!("{dialect} {text:?} is not one token but {other:?}"),
        }
    }

    #[test]
    fn texts_and_names_of_each_dialect() {
        use Dialect::{MySql, Postgres, Sqlite};
        use TokenKind::{Comment, Quoted, String};
        for (dialect, text, kind) in [
            (Postgres, "'it''s'", String),
            (Postgres, r"'\'", String),
            (Postgres, r"E'\''", String),
            (Postgres, r"e'a\\'", String),
            (Postgres, "\"a\"\"b\"", Quoted),
            (Postgres, "$$it's$$", String),
            (Postgres, "$é1$ $$ $é1$", String),
            (Postgres, "/* /* */ */", Comment),
            (MySql, r"'\''", String),
            (MySql, "\"a''\\\"\"", String),
            (MySql, "`a``b`", Quoted),
            (MySql, "# x", Comment),
            (MySql, "--\tx", Comment),
            (MySql, "/* /* */", Comment),
            (Sqlite, r"'\'", String),
            (Sqlite, "[a]", Quoted),
            (Sqlite, "`a`", Quoted),
            (Sqlite, "--x", Comment),
        ] {
            assert_eq!(one(dialect, text), kind, "{dialect} {text}");
        }
    }

    #[test]
    fn what_does_not_end_is_reported_with_its_beginning() {
        use Dialect::{MySql, Postgres, Sqlite};
        for (dialect, text, what, at) in [
            (Postgres, "a 'b", Construct::Text, 2),
            (Postgres, "E'b\\'", Construct::Text, 0),
            (Postgres, "a $x$ $y$", Construct::DollarQuote, 2),
            (Postgres, "/* /* */", Construct::Comment, 0),
            (MySql, "1 /*! SET x", Construct::Comment, 2),
            (MySql, "'\\", Construct::Text, 0),
            (Sqlite, "[a", Construct::Name, 0),
        ] {
            assert_eq!(
                kinds(dialect, text),
                Err(Unterminated { what, at }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_dollar_in_a_name_or_a_parameter_opens_nothing() {
        assert!(kinds(Dialect::Postgres, "SELECT a$b, $1, c$d$").is_ok());
    }
}
