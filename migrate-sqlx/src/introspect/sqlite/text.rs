//! Reads the statements that SQLite keeps of its tables, indexes and views.
//!
//! The pragmas do not report everything: names of constraints, CHECK, COLLATE, expressions.
//! The grammar is that of <https://sqlite.org/lang_createtable.html> and of SQLite's `parse.y`,
//! which takes more: constraints without a comma between them, names as texts, a `CONSTRAINT x`
//! with nothing after it.

use migrate_core::Dialect;
use migrate_sql::{Lexer, Token, TokenKind, unquoted};

/// The tokens of a statement that mean something, and a place among them.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Takes a statement apart; `None` where it has no end.
    pub(super) fn new(text: &'a str) -> Option<Self> {
        let mut lexer = Lexer::new(Dialect::Sqlite, text);
        let mut tokens = Vec::new();
        while let Some(token) = lexer.next_token().ok()? {
            if token.kind.matters() {
                tokens.push(token);
            }
        }
        Some(Self {
            text,
            tokens,
            at: 0,
        })
    }

    /// The text of a token `ahead` of the place.
    fn word(&self, ahead: usize) -> &'a str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |token| &self.text[token.start..token.end])
    }

    /// Says whether there is this keyword or mark; quoted text is neither.
    fn is(&self, ahead: usize, word: &str) -> bool {
        let token = self.tokens.get(self.at + ahead);
        let plain =
            token.is_some_and(|token| !matches!(token.kind, TokenKind::Quoted | TokenKind::String));
        plain && self.word(ahead).eq_ignore_ascii_case(word)
    }

    /// Passes these keywords or marks, if they are next.
    pub(super) fn take(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(at, word)| self.is(at, word));
        if found {
            self.at += words.len();
        }
        found
    }

    /// Says whether one of these keywords or marks is next.
    pub(super) fn sees(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(0, word))
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Passes a name, in whichever quotes.
    pub(super) fn name(&mut self) -> Option<String> {
        let token = *self.tokens.get(self.at)?;
        if !matches!(
            token.kind,
            TokenKind::Word | TokenKind::Quoted | TokenKind::String
        ) {
            return None;
        }
        let name = unquoted(self.word(0));
        self.at += 1;
        Some(name)
    }

    /// Passes a name in the quotes of names, if one is next.
    pub(super) fn quoted_name(&mut self) -> Option<String> {
        let is_quoted = self.tokens.get(self.at)?.kind == TokenKind::Quoted;
        is_quoted.then(|| self.name())?
    }

    /// Passes one token, or a parenthesized group as a whole.
    pub(super) fn skip_group(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            if self.is_end() {
                return None;
            }
            if self.is(0, "(") {
                depth += 1;
            } else if self.is(0, ")") {
                depth = depth.checked_sub(1)?;
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Passes `( … )` and returns the text between.
    pub(super) fn group(&mut self) -> Option<&'a str> {
        if !self.is(0, "(") {
            return None;
        }
        let first = self.at + 1;
        self.skip_group()?;
        Some(self.between(first, self.at - 1))
    }

    /// The text from one token up to another, without the space around it.
    fn between(&self, first: usize, end: usize) -> &'a str {
        match self.tokens.get(first..end) {
            Some([first, .., last]) => &self.text[first.start..last.end],
            Some([only]) => &self.text[only.start..only.end],
            _ => "",
        }
    }

    /// Where it is, for [`Reader::since`].
    pub(super) const fn place(&self) -> usize {
        self.at
    }

    /// The text from a place up to here.
    pub(super) fn since(&self, place: usize) -> &'a str {
        self.between(place, self.at)
    }

    /// Says whether all of it is one plain value: a number with its sign, a text, a word.
    pub(super) fn is_value(&self) -> bool {
        let kinds: Vec<TokenKind> = self.tokens.iter().map(|token| token.kind).collect();
        match kinds[..] {
            [TokenKind::Word | TokenKind::String] => true,
            [TokenKind::Symbol, TokenKind::Word] => self.is(0, "-") || self.is(0, "+"),
            _ => false,
        }
    }

    /// The text from here to the end.
    pub(super) fn rest(&self) -> &'a str {
        self.between(self.at, self.tokens.len())
    }

    /// Passes `CREATE … <name>`, up to the name's end.
    pub(super) fn header(&mut self, kinds: &[&str]) -> Option<String> {
        if !self.take(&["CREATE"]) {
            return None;
        }
        while !self.sees(kinds) {
            if self.is_end() || self.sees(&["("]) {
                return None;
            }
            self.skip();
        }
        self.skip();
        self.take(&["IF", "NOT", "EXISTS"]);
        let name = self.name()?;
        match self.take(&["."]) {
            true => self.name(),
            false => Some(name),
        }
    }

    /// Passes `( a, b COLLATE c DESC )`: what an index or key is over.
    pub(super) fn parts(&mut self) -> Option<Vec<Part>> {
        if !self.take(&["("]) {
            return None;
        }
        let mut parts = Vec::new();
        loop {
            let first = self.at;
            while !self.sees(&[",", ")"]) {
                self.skip_group()?;
            }
            let last = self.at;
            parts.push(self.part(first, last)?);
            let is_last = self.is(0, ")");
            self.skip();
            if is_last {
                return Some(parts);
            }
        }
    }

    /// Understands the tokens of one part, from its end.
    fn part(&self, first: usize, mut end: usize) -> Option<Part> {
        let is = |at: usize, word: &str| {
            let at_word = Reader {
                text: self.text,
                tokens: vec![self.tokens[at]],
                at: 0,
            };
            at_word.is(0, word)
        };
        let mut part = Part::default();
        if end > first && is(end - 1, "AUTOINCREMENT") && end - 1 > first {
            part.autoincrement = true;
            end -= 1;
        }
        if end > first + 1 && (is(end - 1, "ASC") || is(end - 1, "DESC")) {
            part.descending = is(end - 1, "DESC");
            end -= 1;
        }
        if end > first + 2 && is(end - 2, "COLLATE") {
            let token = self.tokens[end - 1];
            part.collation = Some(as_sql(unquoted(&self.text[token.start..token.end])));
            end -= 2;
        }
        if end == first {
            return None;
        }
        self.between(first, end).clone_into(&mut part.text);
        Some(part)
    }
}

/// One column or expression of an index or key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// What it is over, as it was written.
    pub(super) text: String,
    pub(super) collation: Option<String>,
    pub(super) descending: bool,
    pub(super) autoincrement: bool,
}

impl Part {
    /// Its column, as the grammar of keys wants one: parentheses around it mean nothing.
    pub(super) fn column(&self) -> String {
        unquoted(
            self.text
                .trim_matches(|sign: char| sign.is_whitespace() || sign == '(' || sign == ')'),
        )
    }
}

/// An expression without the name of the one table that it can speak of, `t.a > 0` as `a > 0`: a
/// table that gets another name gets other expressions too otherwise, as SQLite writes that in, and
/// one that is rebuilt under another name would have none.
pub(super) fn without_table(expression: &str, table: &str) -> String {
    let Some(reader) = Reader::new(expression) else {
        return expression.to_owned();
    };
    let tokens = &reader.tokens;
    let written = |token: &Token| &expression[token.start..token.end];
    let is_dot = |at: usize| tokens.get(at).is_some_and(|token| written(token) == ".");
    let is_name = |at: usize, name: &str| {
        tokens.get(at).is_some_and(|token| {
            matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
                && unquoted(written(token)).eq_ignore_ascii_case(name)
        })
    };
    let mut text = String::with_capacity(expression.len());
    let (mut at, mut end) = (0, 0);
    while at < tokens.len() {
        let in_schema = is_name(at, "main") && is_dot(at + 1);
        let first = if in_schema { at + 2 } else { at };
        // A column in the quotes of a text would be a text then.
        let column = tokens.get(first + 2);
        let column =
            column.filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
        if let Some(column) = column
            && is_name(first, table)
            && is_dot(first + 1)
            && !(at > 0 && is_dot(at - 1))
        {
            text.push_str(&expression[end..tokens[at].start]);
            end = column.start;
            at = first + 3;
        } else {
            at += 1;
        }
    }
    text.push_str(&expression[end..]);
    text
}

/// A name as SQL takes it: in quotes only where it is more than a word.
pub(super) fn as_sql(name: String) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match !name.is_empty() && name.bytes().all(is_word) {
        true => name,
        false => Dialect::Sqlite.quote(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_loses_the_name_of_its_table_and_nothing_else() {
        for (expression, expected) in [
            ("t.a > 0", "a > 0"),
            ("\"T\" . [a b] > t.\"c\"", "[a b] > \"c\""),
            ("main.t.a > MAIN.'x'", "a > MAIN.'x'"),
            ("t > 1.5 AND tt.a <> 't.a'", "t > 1.5 AND tt.a <> 't.a'"),
            ("t.t > t.'a' /* t.a */", "t > t.'a' /* t.a */"),
            ("f(t.a, (t.b))", "f(a, (b))"),
            ("a > 'no end", "a > 'no end"),
        ] {
            assert_eq!(without_table(expression, "t"), expected);
        }
    }
}
