//! Splits Python source into tokens.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    /// The line where it ends.
    pub(super) last: usize,
    /// The indentation of its logical line.
    pub(super) indent: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a number.
    Word(String),
    /// A string; without a value if only the interpreter knows it.
    Text {
        value: Option<String>,
        /// Whether names in braces are to be filled in.
        is_filled: bool,
    },
    Symbol(char),
    /// The end of a line that is not continued.
    End,
}

impl Token {
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text { .. })
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { value, .. } => value.as_deref(),
            _ => None,
        }
    }
}

pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    indent: usize,
    depth: usize,
    tokens: Vec<Token>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text,
            at: 0,
            line: 1,
            indent: 0,
            depth: 0,
            tokens: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, line: usize) {
        let (last, indent) = (self.line, self.indent);
        self.tokens.push(Token {
            kind,
            line,
            last,
            indent,
        });
    }

    /// Splits the whole text; returns the line of an unterminated string.
    pub(super) fn all(mut self) -> (Vec<Token>, Option<usize>) {
        self.indent = self.measured();
        while let Some(character) = self.rest().chars().next() {
            match character {
                '\n' => {
                    if self.depth == 0 {
                        self.push(Kind::End, self.line);
                    }
                    self.at += 1;
                    self.line += 1;
                    if self.depth == 0 {
                        self.indent = self.measured();
                    }
                }
                '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                '\\' if self.rest()[1..].trim_start_matches('\r').starts_with('\n') => {
                    self.at += self.rest().find('\n').unwrap_or(0) + 1;
                    self.line += 1;
                }
                character if character.is_whitespace() => self.at += character.len_utf8(),
                '\'' | '"' => {
                    if let Err(line) = self.quoted("") {
                        return (self.tokens, Some(line));
                    }
                }
                character if character.is_alphanumeric() || character == '_' => {
                    if let Err(line) = self.word() {
                        return (self.tokens, Some(line));
                    }
                }
                character => {
                    match character {
                        '(' | '[' | '{' => self.depth += 1,
                        ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                        _ => {}
                    }
                    // `==` and the like are not assignments.
                    let next = self.rest()[character.len_utf8()..].chars().next();
                    let compared = "=!<>+-*/%&|^:@".contains(character) && next == Some('=');
                    self.push(
                        Kind::Symbol(if compared { '≈' } else { character }),
                        self.line,
                    );
                    self.at += character.len_utf8() + usize::from(compared);
                }
            }
        }
        self.push(Kind::End, self.line);
        let broken = (self.depth > 0).then_some(self.line);
        (self.tokens, broken)
    }

    /// Returns how many spaces the line begins with.
    fn measured(&self) -> usize {
        let rest = self.rest();
        rest.len() - rest.trim_start_matches([' ', '\t', '\u{c}']).len()
    }

    fn word(&mut self) -> Result<(), usize> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        let is_prefix = word.len() <= 2
            && word.chars().all(|c| "rRbBuUfFtT".contains(c))
            && rest[end..].starts_with(['\'', '"']);
        self.at += end;
        if is_prefix {
            return self.quoted(word);
        }
        self.push(Kind::Word(word.to_owned()), self.line);
        Ok(())
    }

    /// A quoted string, after its prefix; an error if it is unterminated.
    fn quoted(&mut self, prefix: &str) -> Result<(), usize> {
        let line = self.line;
        let rest = self.rest();
        let quote = &rest[..1];
        let triple = quote.repeat(3);
        let mark = match rest.starts_with(&triple) {
            true => triple.as_str(),
            false => quote,
        };
        let has = |letters: [char; 2]| prefix.contains(letters);
        let raw = has(['r', 'R']);
        let is_filled = has(['f', 'F']);
        // Bytes and templates are not strings.
        let known = !has(['b', 'B']) && !has(['t', 'T']);
        let mut value = Some(String::new()).filter(|_| known);
        let mut body = rest[mark.len()..].char_indices();
        let start = self.at + mark.len();
        loop {
            let Some((offset, character)) = body.next() else {
                return Err(line);
            };
            if rest[mark.len() + offset..].starts_with(mark) {
                self.at = start + offset + mark.len();
                self.push(Kind::Text { value, is_filled }, line);
                return Ok(());
            }
            match character {
                '\n' if mark.len() == 1 => return Err(line),
                '\n' => self.line += 1,
                '\\' => {
                    let Some((_, escaped)) = body.next() else {
                        return Err(line);
                    };
                    self.line += usize::from(escaped == '\n');
                    let meant = match (raw, escaped) {
                        (true, _) => Some(format!("\\{escaped}")),
                        (false, '\n') => Some(String::new()),
                        (false, '\\' | '\'' | '"') => Some(escaped.to_string()),
                        (false, 'n') => Some("\n".to_owned()),
                        (false, 't') => Some("\t".to_owned()),
                        (false, 'r') => Some("\r".to_owned()),
                        // By number or by name: ids are not written like this.
                        (false, 'x' | 'u' | 'U' | 'N' | '0'..='7' | 'a' | 'b' | 'f' | 'v') => None,
                        (false, _) => Some(format!("\\{escaped}")),
                    };
                    match (&mut value, meant) {
                        (Some(value), Some(meant)) => value.push_str(&meant),
                        (value, _) => *value = None,
                    }
                    continue;
                }
                _ => {}
            }
            if let Some(value) = &mut value {
                value.push(character);
            }
        }
    }
}
