//! Parses as much of Python as the head of a migration needs: which literals a module assigns to
//! which names. Nothing is run. What is not a literal is marked as such, so that a guess is never
//! used as a value. The grammar is that of "Lexical analysis" in Python's reference.

mod expression;
mod imports;
mod tokens;

use std::collections::BTreeMap;

pub(super) use imports::Scope;

use expression::value;
use tokens::{Kind, Token, Tokens};

/// The top level of a module, outside of functions and blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// The first string that is a statement: the module's docstring, or what was meant to be one.
    pub(super) docstring: Option<String>,
    /// The last value of each name.
    pub(super) names: BTreeMap<String, Assigned>,
    /// Where each imported name is defined: `a.b.c` for `from a.b import c`, with the dots of a
    /// relative import before it.
    pub(super) imports: BTreeMap<String, String>,
    /// The functions.
    pub(super) functions: Vec<Function>,
    /// The line, from 1, where the text stops being valid Python.
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
    /// The value of another name, perhaps one of another module: `name` or `module.name`.
    Name(String),
    /// Concatenated strings or lists.
    Joined(Vec<Self>),
    /// Only the interpreter knows.
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

    /// Returns the value of a name, with references to names of this module resolved.
    pub(super) fn value(&self, name: &str) -> Option<Assigned> {
        self.value_with(name, LONGEST, &|_, _| Value::Unknown)
    }

    /// Returns the value of a name; `other` knows the names that the module does not define.
    fn value_with(
        &self,
        name: &str,
        most: usize,
        other: &dyn Fn(&str, usize) -> Value,
    ) -> Option<Assigned> {
        let assigned = self.names.get(name)?;
        Some(Assigned {
            value: self.looked_up(&assigned.value, most, other),
            line: assigned.line,
        })
    }

    fn looked_up(&self, value: &Value, most: usize, other: &dyn Fn(&str, usize) -> Value) -> Value {
        let each = |values: &[Value]| -> Vec<Value> {
            let values = values.iter();
            values
                .map(|value| self.looked_up(value, most, other))
                .collect()
        };
        match value {
            Value::Name(_) if most == 0 => Value::Unknown,
            Value::Name(name) => match self.names.get(name) {
                Some(assigned) => self.looked_up(&assigned.value, most - 1, other),
                None => other(name, most - 1),
            },
            Value::List(values) => Value::List(each(values)),
            Value::Joined(values) => joined(each(values)),
            value => value.clone(),
        }
    }

    /// Reads a statement of the top level.
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
            Kind::Word(word) => {
                self.functions.extend(inside.take());
                match word.as_str() {
                    "import" | "from" => imports::take(statement, &mut self.imports),
                    _ => self.assignment(statement),
                }
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

/// How many names may refer to one another.
const LONGEST: usize = 8;

/// Concatenates strings, or lists.
fn joined(values: Vec<Value>) -> Value {
    let mut values = values.into_iter();
    let Some(mut whole) = values.next() else {
        return Value::Unknown;
    };
    for value in values {
        match (&mut whole, value) {
            (Value::Text(text), Value::Text(more)) => text.push_str(&more),
            (Value::List(list), Value::List(more)) => list.extend(more),
            _ => return Value::Unknown,
        }
    }
    match whole {
        Value::Text(_) | Value::List(_) => whole,
        _ => Value::Unknown,
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
            ("r = f'a'", text("a")),
            ("x = 'b'\nr = f'a{x}' '{c}' f'{{}}'", text("ab{c}{}")),
            ("r = 'a' + 'b'", text("ab")),
            ("x = 'b'\nr = 'a' + x + \"c\"", text("abc")),
            (
                "x = ('a',)\nr = x + ('b', 'c' + 'd')",
                Value::List(vec![text("a"), text("b"), text("cd")]),
            ),
        ] {
            assert_eq!(of(module, "r"), Some(value), "{module}");
        }
    }

    #[test]
    fn what_only_the_interpreter_knows() {
        for module in [
            "r = f'{x}'",
            "r = b'a'",
            "r = 'a' + b",
            "r = 'a' + ('b',)",
            "r = 'a' - 'b'",
            "r = f'a{x!r}'",
            "x = 'a'\nr = f'{x:3}'",
            "r = f'a}'",
            "r = f'{'",
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
