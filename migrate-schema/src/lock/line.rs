//! One line of schema.lock: words, then attributes.

/// A line that is being written.
pub(super) struct Line(String);

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.()-$".contains(&byte))
}

/// Writes a word or a value, in quotes where it must be.
pub(super) fn quoted(text: &str) -> String {
    if is_plain(text) {
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
        let (word, after) = text(rest)?;
        rest = after;
        let mut value = None;
        if let Some(after) = rest.strip_prefix('=') {
            let (text, after) = text(after)?;
            value = Some(text);
            rest = after;
        }
        tokens.push(Token { word, value });
        match rest.strip_prefix(' ') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Some(tokens),
            None => return None,
        }
    }
}

/// Reads one word or value, and returns the rest.
pub(super) fn text(from: &str) -> Option<(String, &str)> {
    let Some(inner) = from.strip_prefix('"') else {
        let end = from.find([' ', '=']).unwrap_or(from.len());
        let (word, rest) = from.split_at(end);
        return is_plain(word).then(|| (word.to_owned(), rest));
    };
    let mut text = String::new();
    let mut signs = inner.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((text, &inner[at + 1..])),
            '\\' => text.push(match signs.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                sign @ ('"' | '\\') => sign,
                _ => return None,
            }),
            sign => text.push(sign),
        }
    }
    None
}
