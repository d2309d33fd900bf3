//! One line of schema.lock: words, then attributes.

use migrate_core::__support::{plain_word, word};

/// A line that is being written.
pub(super) struct Line(String);

/// Writes a word or a value, in quotes where it must be.
pub(super) fn quoted(text: &str) -> String {
    if plain_word(text) {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for sign in text.chars() {
        match sign {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}

impl Line {
    pub(super) fn new(words: &[&str]) -> Self {
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        Self(words.join(" "))
    }

    pub(super) fn flag(&mut self, name: &str) {
        self.0.push(' ');
        self.0.push_str(name);
    }

    pub(super) fn pair(&mut self, key: &str, value: &str) {
        self.flag(key);
        self.0.push('=');
        self.0.push_str(&quoted(value));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A part of a line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The word, or the key of an attribute.
    pub(super) word: String,
    /// The value after the `=`.
    pub(super) value: Option<String>,
}

/// Cuts a line into its parts; `None` if it is not a line that was written here.
pub(super) fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = line;
    loop {
        let (key, after) = word(rest)?;
        rest = after;
        let mut value = None;
        if let Some(after) = rest.strip_prefix('=') {
            let (said, after) = word(after)?;
            value = Some(said);
            rest = after;
        }
        tokens.push(Token { word: key, value });
        match rest.strip_prefix(' ') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Some(tokens),
            None => return None,
        }
    }
}
