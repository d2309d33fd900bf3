//! As much of Python as the head of a migration needs: which names a module gives which literals.
//!
//! Nothing is run. What is no literal is told as such, so that nobody takes a guess for a value.
//! The grammar is that of "Lexical analysis" in Python's reference.

use std::collections::BTreeMap;

/// What a module says at its top level, outside of functions and blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// The first text that stands for itself: the module's docstring, or what was meant to be one.
    pub(super) docstring: Option<String>,
    /// What each name was given last.
    pub(super) names: BTreeMap<String, Assigned>,
    /// The functions.
    pub(super) functions: Vec<Function>,
    /// Where the text stopped being Python, as a line from 1.
    pub(super) broken: Option<usize>,
}

/// A value, and the line where it is given, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) value: Value,
    pub(super) line: usize,
}

/// A value as far as it can be known without running anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Text(String),
    /// A tuple, a list or a set.
    List(Vec<Self>),
    /// The value of another name.
    Name(String),
    /// Only the interpreter can say.
    Unknown,
}

/// A function of the module: its name, where it stands, and the words in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// The last line with something of it.
    pub(super) last: usize,
    /// Names and keywords of its body, each with its line; no texts and no comments.
    pub(super) words: Vec<(String, usize)>,
}

impl Module {
    /// Reads a module.
    pub(super) fn read(text: &str) -> Self {
        let (tokens, broken) = Tokens::new(text).all();
        let mut module = Self {
            broken,
            ..Self::default()
        };
        let mut statement = Vec::new();
        let mut inside: Option<Function> = None;
        let mut depth = 0_usize;
        for token in tokens {
            match &token.kind {
                Kind::Symbol('(' | '[' | '{') => depth += 1,
                Kind::Symbol(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if statement.is_empty() && token.indent > 0 {
                // A line of a block: of the function above it, or of another one.
                if let Some(function) = &mut inside {
                    if !matches!(token.kind, Kind::End) {
                        function.last = token.last;
                    }
                    if let Kind::Word(word) = &token.kind {
                        function.words.push((word.clone(), token.line));
                    }
                }
                continue;
            }
            match token.kind {
                Kind::End if depth == 0 => {
                    module.take(&std::mem::take(&mut statement), &mut inside);
                }
                Kind::End => {}
                Kind::Symbol(';') if depth == 0 => {
                    module.take(&std::mem::take(&mut statement), &mut inside);
                }
                _ => statement.push(token),
            }
        }
        module.take(&statement, &mut inside);
        module.functions.extend(inside);
        module
    }

    /// Returns what a name is, with the names it stands for looked up.
    pub(super) fn value(&self, name: &str) -> Option<Assigned> {
        let assigned = self.names.get(name)?;
        Some(Assigned {
            value: self.looked_up(&assigned.value, 8),
            line: assigned.line,
        })
    }

    fn looked_up(&self, value: &Value, most: usize) -> Value {
        match value {
            Value::Name(name) if most > 0 => match self.names.get(name) {
                Some(assigned) => self.looked_up(&assigned.value, most - 1),
                None => Value::Unknown,
            },
            Value::Name(_) => Value::Unknown,
            Value::List(values) => {
                let values = values.iter().map(|value| self.looked_up(value, most));
                Value::List(values.collect())
            }
            other => other.clone(),
        }
    }

    /// Takes a statement of the top level.
    fn take(&mut self, statement: &[Token], inside: &mut Option<Function>) {
        let Some(first) = statement.first() else {
            return;
        };
        match &first.kind {
            Kind::Word(word) if matches!(word.as_str(), "def" | "async" | "class") => {
                self.functions.extend(inside.take());
                let names = statement.iter().filter_map(|token| match &token.kind {
                    Kind::Word(word) => Some(word.as_str()),
                    _ => None,
                });
                let name = names
                    .into_iter()
                    .find(|word| !matches!(*word, "def" | "async" | "class"));
                let mut function = Function {
                    name: name.unwrap_or_default().to_owned(),
                    line: first.line,
                    last: statement.last().map_or(first.line, |token| token.last),
                    words: Vec::new(),
                };
                // `def upgrade(): pass` has its body here.
                let body = statement
                    .iter()
                    .skip_while(|token| token.kind != Kind::Symbol(':'));
                for token in body {
                    if let Kind::Word(word) = &token.kind {
                        function.words.push((word.clone(), token.line));
                    }
                }
                *inside = Some(function);
            }
            Kind::Text { value, .. } if statement.iter().all(Token::is_text) => {
                let rest = statement[1..].iter().filter_map(Token::text);
                let text = value.iter().map(String::as_str).chain(rest).collect();
                self.docstring.get_or_insert(text);
            }
            Kind::Word(_) => {
                self.functions.extend(inside.take());
                self.assignment(statement);
            }
            _ => self.functions.extend(inside.take()),
        }
    }

    /// `name = value`, `name: type = value`, `a = b = value`.
    fn assignment(&mut self, statement: &[Token]) {
        let mut names = Vec::new();
        let mut rest = statement;
        loop {
            let [name, after @ ..] = rest else { return };
            let Kind::Word(word) = &name.kind else { break };
            match after.first().map(|token| &token.kind) {
                Some(Kind::Symbol('=')) => {
                    names.push((word.clone(), name.line));
                    rest = &after[1..];
                }
                Some(Kind::Symbol(':')) if names.is_empty() => {
                    let mut depth = 0_usize;
                    let equals = after.iter().position(|token| {
                        match token.kind {
                            Kind::Symbol('(' | '[' | '{') => depth += 1,
                            Kind::Symbol(')' | ']' | '}') => depth = depth.saturating_sub(1),
                            _ => {}
                        }
                        depth == 0 && token.kind == Kind::Symbol('=')
                    });
                    let Some(equals) = equals else { return };
                    names.push((word.clone(), name.line));
                    rest = &after[equals + 1..];
                }
                _ => break,
            }
        }
        let value = value(rest);
        for (name, line) in names {
            let value = value.clone();
            self.names.insert(name, Assigned { value, line });
        }
    }
}

/// Reads an expression that is nothing but literals and names.
fn value(tokens: &[Token]) -> Value {
    let mut at = 0;
    let first = item(tokens, &mut at, 0);
    if at == tokens.len() {
        return first;
    }
    // A tuple without parentheses.
    let mut items = vec![first];
    while at < tokens.len() {
        if tokens[at].kind != Kind::Symbol(',') {
            return Value::Unknown;
        }
        at += 1;
        if at < tokens.len() {
            items.push(item(tokens, &mut at, 0));
        }
    }
    Value::List(items)
}

/// What nests deeper than this is no list of ids.
const DEEPEST: usize = 16;

fn item(tokens: &[Token], at: &mut usize, depth: usize) -> Value {
    let Some(token) = tokens.get(*at) else {
        return Value::Unknown;
    };
    match &token.kind {
        Kind::Text { .. } => {
            let mut text = Some(String::new());
            while let Some(Kind::Text { value, .. }) = tokens.get(*at).map(|token| &token.kind) {
                match (&mut text, value) {
                    (Some(text), Some(value)) => text.push_str(value),
                    (text, None) => *text = None,
                    (None, Some(_)) => {}
                }
                *at += 1;
            }
            text.map_or(Value::Unknown, Value::Text)
        }
        Kind::Word(word) => {
            *at += 1;
            match word.as_str() {
                "None" => Value::None,
                _ => Value::Name(word.clone()),
            }
        }
        Kind::Symbol(open @ ('(' | '[' | '{')) if depth < DEEPEST => {
            let close = match open {
                '(' => ')',
                '[' => ']',
                _ => '}',
            };
            *at += 1;
            let mut items = Vec::new();
            let mut commas = 0;
            loop {
                match tokens.get(*at).map(|token| &token.kind) {
                    Some(Kind::Symbol(symbol)) if *symbol == close => {
                        *at += 1;
                        break;
                    }
                    None => return Value::Unknown,
                    _ => items.push(item(tokens, at, depth + 1)),
                }
                match tokens.get(*at).map(|token| &token.kind) {
                    Some(Kind::Symbol(',')) => {
                        commas += 1;
                        *at += 1;
                    }
                    Some(Kind::Symbol(symbol)) if *symbol == close => {}
                    _ => {
                        *at = tokens.len();
                        return Value::Unknown;
                    }
                }
            }
            // `("a")` is no tuple, and `{}` is no set.
            match (close, commas, items.len()) {
                (')', 0, 1) => items.remove(0),
                ('}', _, 0) => Value::Unknown,
                _ => Value::List(items),
            }
        }
        _ => {
            *at = tokens.len();
            Value::Unknown
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    kind: Kind,
    line: usize,
    /// The line where it ends.
    last: usize,
    /// How far the logical line it is on is indented.
    indent: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A name, a keyword or a number.
    Word(String),
    /// A text; without a value where only the interpreter knows it.
    Text {
        value: Option<String>,
    },
    Symbol(char),
    /// The end of a line that is not continued.
    End,
}

impl Token {
    fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text { .. })
    }

    fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { value } => value.as_deref(),
            _ => None,
        }
    }
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    indent: usize,
    depth: usize,
    tokens: Vec<Token>,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
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

    /// Takes the whole text apart; says where it ended in the middle of a text.
    fn all(mut self) -> (Vec<Token>, Option<usize>) {
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
                    // `==` and its like are no assignments.
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

    /// How many blanks stand at the beginning of the line.
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

    /// A text in quotes, behind its prefix; an error where it does not end.
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
        // What is filled in, and bytes, are no plain texts.
        let known = !has(['f', 'F']) && !has(['b', 'B']) && !has(['t', 'T']);
        let mut value = Some(String::new()).filter(|_| known);
        let mut body = rest[mark.len()..].char_indices();
        let start = self.at + mark.len();
        loop {
            let Some((offset, character)) = body.next() else {
                return Err(line);
            };
            if rest[mark.len() + offset..].starts_with(mark) {
                self.at = start + offset + mark.len();
                self.push(Kind::Text { value }, line);
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
                        // By number or by name: no id is written so.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    fn of(module: &str, name: &str) -> Option<Value> {
        Module::read(module).value(name).map(|found| found.value)
    }

    #[test]
    fn what_alembic_writes() {
        let module = Module::read(
            "\"\"\"add users\n\nRevision ID: b1\nCreate Date: 2024-01-02 03:04:05.678901\n\n\"\"\"\nfrom typing import Sequence, Union\n\nimport sqlalchemy as sa\n\n# revision identifiers\nrevision: str = 'b1'\ndown_revision: Union[str, Sequence[str], None] = ('a1', \"a2\",)\nbranch_labels: Union[str, Sequence[str], None] = None\n\n\ndef upgrade() -> None:\n    \"\"\"Upgrade.\"\"\"\n    op.get_bind().execute('x = revision')\n    revision = 'no'\n\ndef downgrade() -> None: pass\n",
        );
        assert!(
            module
                .docstring
                .as_ref()
                .unwrap()
                .starts_with("add users\n\nRevision")
        );
        assert_eq!(module.value("revision").unwrap().value, text("b1"));
        assert_eq!(module.value("revision").unwrap().line, 12);
        assert_eq!(
            module.value("down_revision").unwrap().value,
            Value::List(vec![text("a1"), text("a2")])
        );
        assert_eq!(module.value("branch_labels").unwrap().value, Value::None);
        let names: Vec<_> = module
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.last))
            .collect();
        assert_eq!(names, [("upgrade", 17, 20), ("downgrade", 22, 22)]);
        let words: Vec<_> = module.functions[0]
            .words
            .iter()
            .map(|(word, _)| word.as_str())
            .collect();
        assert_eq!(words, ["op", "get_bind", "execute", "revision"]);
        assert_eq!(module.broken, None);
    }

    #[test]
    fn the_ways_to_write_a_text() {
        for (module, value) in [
            ("r = 'a' \"b\"", text("ab")),
            ("r = ('a'\n     'b')", text("ab")),
            ("r = (\n 'a' # one\n)", text("a")),
            ("r = r'a\\n'", text("a\\n")),
            ("r = u'a'", text("a")),
            ("r = 'a\\'b\\\\'", text("a'b\\")),
            ("r = '''a\n'b'\n'''", text("a\n'b'\n")),
            ("r = \\\n  'a'", text("a")),
            ("r = 'a'; s = 'b'", text("a")),
            ("s = r = 'a'", text("a")),
            ("x = 'a'\nr = x", text("a")),
            ("r = 'a'\nr = 'b'", text("b")),
            ("r : 'Final[str]' = 'a'", text("a")),
            ("r = 'a' # = 'b'", text("a")),
            ("r = 'a'\r\ns = 'b'\r\n", text("a")),
            ("r = 'a', 'b'", Value::List(vec![text("a"), text("b")])),
            ("r = 'a',", Value::List(vec![text("a")])),
            ("r = ['a', 'b']", Value::List(vec![text("a"), text("b")])),
            ("r = {'a'}", Value::List(vec![text("a")])),
            ("r = ()", Value::List(vec![])),
        ] {
            assert_eq!(of(module, "r"), Some(value), "{module}");
        }
    }

    #[test]
    fn what_only_the_interpreter_knows() {
        for module in [
            "r = f'{x}'",
            "r = b'a'",
            "r = 'a' + 'b'",
            "r = 'a' % 1",
            "r = str('a')",
            "r = x",
            "r = r",
            "r = x.y",
            "r = '\\x61'",
            "r = 'a' if x else 'b'",
            "r = {}",
            "r = ['a' for a in b]",
            "r = {'a': 'b'}",
            "r = *a, 'b'",
            "r = lambda: 'a'",
        ] {
            assert_eq!(of(module, "r"), Some(Value::Unknown), "{module}");
        }
        assert_eq!(
            of("r = ('a', X)", "r"),
            Some(Value::List(vec![text("a"), Value::Unknown]))
        );
    }

    #[test]
    fn what_is_no_assignment_of_the_module() {
        for module in [
            "def f():\n    r = 'a'\n",
            "if x:\n    r = 'a'\n",
            "r == 'a'",
            "r += 'a'",
            "r: str",
            "'''\nr = 'a'\n'''",
            "# r = 'a'",
            "f(\nr = 'a'\n)",
            "x.r = 'a'",
            "class A:\n  r = 'a'",
        ] {
            assert_eq!(of(module, "r"), None, "{module}");
        }
    }

    #[test]
    fn any_text_has_an_end() {
        for (module, line) in [
            ("r = 'a\n", 1),
            ("\nr = '''a\n\n", 2),
            ("r = (\n'a'", 2),
            ("r = 'a\\", 1),
        ] {
            assert_eq!(Module::read(module).broken, Some(line), "{module:?}");
        }
        let hostile = "(".repeat(100_000) + "'a'" + &")".repeat(100_000);
        assert_eq!(of(&format!("r = {hostile}"), "r"), Some(Value::Unknown));
        for character in ["\0", "\u{feff}", "é = 'a'", "\\", "💥", "))))", "\r"] {
            let _any = Module::read(character);
        }
    }
}
