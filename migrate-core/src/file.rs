//! The revision file: its header, its sections, and their statements.

use std::borrow::Cow;
use std::ops::Range;

use crate::diagnostic::{MOST_PROBLEMS, nearest, suggestion};
use crate::id::printable;
use crate::invisible::{invisible, name_invisible};
use crate::limits::{DURATIONS, parse_duration};
use crate::lock::is_conflict_marker;
use crate::{Code, Diagnostic, Dialect, Dialects, Direction, Label, Limits, Phase, RevisionId};

/// The keys of a header line, in the order in which they are written.
pub const KEYS: [&str; 7] = [
    "revision",
    "parents",
    "depends-on",
    "labels",
    "message",
    "created",
    "phase",
];

/// The number of revisions or labels that a header line may name.
const MOST_NAMES: usize = 256;

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// A revision file, parsed but not yet checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parsed {
    /// The keys of the header, and the place of each.
    pub(crate) keys: Vec<(&'static str, Range<usize>)>,
    pub(crate) revision: Option<Spanned<RevisionId>>,
    pub(crate) parents: Vec<Spanned<RevisionId>>,
    pub(crate) depends_on: Vec<Spanned<String>>,
    pub(crate) labels: Vec<Spanned<String>>,
    pub(crate) message: String,
    pub(crate) created: String,
    pub(crate) phase: Option<Phase>,
    pub(crate) sections: Vec<ParsedSection>,
}

/// A section before its statements are split.
#[derive(Clone, Debug)]
pub(crate) struct ParsedSection {
    pub(crate) direction: Direction,
    /// The dialects that the section line names.
    pub(crate) named: Dialects,
    pub(crate) transaction: bool,
    pub(crate) limits: Limits,
    pub(crate) irreversible: Option<String>,
    /// The `-- migrate:` line.
    pub(crate) line: Range<usize>,
    /// The text up to the next section line.
    pub(crate) body: Range<usize>,
    /// The dialects that read the next section's line as text of this one.
    pub(crate) contested: Dialects,
}

impl ParsedSection {
    /// Returns the dialects that may read the section, whatever the other sections name.
    pub(crate) fn dialects(&self) -> Dialects {
        match self.named.is_empty() {
            true => Dialects::ALL,
            false => self.named,
        }
    }

    /// Returns where the section's text ends, and for which dialects it continues; `line` is the
    /// first line after its beginning that looks like a section line.
    ///
    /// The dialects have different quotes. Such a line is text if it is inside a quoted construct
    /// for every dialect that can read the section to its end; if none can, the line begins a
    /// section, and the unterminated construct is reported.
    fn end(&self, text: &str, line: usize) -> (usize, Dialects) {
        let start = self.body.start;
        if migrate_sql::plain(&text[start..line]).is_some() {
            return (line, Dialects::NONE);
        }
        let is_section = |line: &str| section_words(line).is_some();
        let ends: Vec<(Dialect, usize)> = self
            .dialects()
            .iter()
            .filter_map(|dialect| {
                let end = migrate_sql::first_mark(dialect, &text[start..], is_section).ok()?;
                Some((dialect, end.map_or(text.len(), |end| start + end)))
            })
            .collect();
        let first = ends.iter().map(|(_, end)| *end).min().unwrap_or(line);
        let later = ends.iter().filter(|(_, end)| *end > first);
        let later = later.map(|(dialect, _)| *dialect);
        (first, later.fold(Dialects::NONE, Dialects::with))
    }
}

impl Parsed {
    /// Returns the dialects that each section serves: those it names, or all that no other section
    /// of its direction names.
    pub(crate) fn serves(&self) -> impl Iterator<Item = Dialects> {
        let rest = |direction| {
            self.sections
                .iter()
                .filter(|section| section.direction == direction)
                .fold(Dialects::ALL, |rest, section| rest.without(section.named))
        };
        let (up, down) = (rest(Direction::Up), rest(Direction::Down));
        self.sections.iter().map(move |section| {
            match (section.named.is_empty(), section.direction) {
                (false, _) => section.named,
                (true, Direction::Up) => up,
                (true, Direction::Down) => down,
            }
        })
    }
}

/// Parses a file; problems are added to `diagnostics`.
pub(crate) fn parse(file: &str, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Parsed {
    let mut parser = Parser {
        file,
        text,
        diagnostics,
        parsed: Parsed::default(),
        reported: 0,
        surplus: Diagnostic::error(Code::MalformedHeader, ""),
        section_end: 0,
        swallowed: Vec::new(),
    };
    parser.run();
    parser.parsed
}

struct Parser<'a> {
    file: &'a str,
    text: &'a str,
    diagnostics: &'a mut Vec<Diagnostic>,
    parsed: Parsed,
    reported: usize,
    /// Receives the problems after the last one that is reported.
    surplus: Diagnostic,
    /// The end of the current section, as far as it is known.
    section_end: usize,
    /// Lines that look like a section line but are text of a section: the line and the section.
    swallowed: Vec<(Range<usize>, usize)>,
}

/// A file without a mistake has at most this many sections: both directions, for each dialect and
/// for the rest.
const MOST_SECTIONS: usize = 8;

/// Returns the invisible characters before a comment, which keep it from being one.
fn unseen_comment(line: &str) -> Option<(usize, char)> {
    let (offset, c) = invisible(line)?;
    let is_unseen = |c: char| c.is_whitespace() || invisible(c.encode_utf8(&mut [0; 4])).is_some();
    line.trim_start_matches(is_unseen)
        .starts_with("--")
        .then_some((offset, c))
}

impl Parser<'_> {
    fn problem(
        &mut self,
        code: Code,
        span: Range<usize>,
        message: String,
        word: &str,
    ) -> &mut Diagnostic {
        self.reported += 1;
        if self.reported > MOST_PROBLEMS {
            return &mut self.surplus;
        }
        let label = Label::at(self.file, self.text, span, word);
        self.diagnostics
            .push(Diagnostic::error(code, message).label(label));
        self.diagnostics.last_mut().expect("pushed above")
    }

    fn run(&mut self) {
        let mut start = usize::from(self.text.starts_with('\u{feff}')) * 3;
        let mut stray = false;
        while start < self.text.len() {
            let end = self.text[start..]
                .find('\n')
                .map_or(self.text.len(), |newline| start + newline + 1);
            let line = start..start + self.text[start..end].trim_end().len();
            let content = &self.text[line.clone()];
            if is_conflict_marker(content) {
                self.problem(
                    Code::ConflictMarkers,
                    line,
                    "the file has the conflict markers of an unfinished git merge".to_owned(),
                    "",
                )
                .help = Some(format!(
                    "resolve the conflict in {}, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`",
                    self.file
                ));
                // The text between the markers would only be reported twice.
                return;
            }
            let comment = content.strip_prefix("--").map(str::trim);
            if let Some(words) = section_words(content).filter(|_| self.begins_section(start)) {
                self.end_section(start);
                let offset = line.end - words.len();
                self.section(line, offset, end);
            } else if self.parsed.sections.is_empty() {
                match comment {
                    Some(comment) => self.comment(comment, line),
                    None if content.trim().is_empty() || stray => {}
                    None => {
                        stray = true;
                        let unseen = unseen_comment(content);
                        let place = unseen.map_or(line.clone(), |(offset, c)| {
                            let start = line.start + offset;
                            start..start + c.len_utf8()
                        });
                        self.problem(
                            Code::MalformedHeader,
                            place,
                            "expected a header line, a comment or a blank line before the first section".to_owned(),
                            &unseen.map_or_else(String::new, |(_, c)| name_invisible(c)),
                        )
                        .help = Some(match unseen {
                            Some(_) => "delete the invisible character".to_owned(),
                            None => "begin the SQL with a line `-- migrate: up`".to_owned(),
                        });
                    }
                }
            }
            start = end;
        }
        self.end_section(self.text.len());
        self.duplicates();
        self.check_swallowed();
    }

    /// Returns whether a line that looks like a section line begins a section, and is not text of
    /// the previous one.
    fn begins_section(&mut self, line: usize) -> bool {
        let count = self.parsed.sections.len();
        let Some(section) = self.parsed.sections.last_mut() else {
            return true;
        };
        if self.section_end <= section.body.start {
            (self.section_end, section.contested) = match count <= MOST_SECTIONS {
                true => section.end(self.text, line),
                false => (line, Dialects::NONE),
            };
        }
        let begins = self.section_end <= line;
        if !begins {
            let length = self.text[line..].lines().next().map_or(0, str::len);
            self.swallowed.push((line..line + length, count - 1));
        }
        begins
    }

    /// A line that is text because of the quotes around it may be a section line after a forgotten
    /// quote. It is reported if the file lacks the section that the line would begin.
    fn check_swallowed(&mut self) {
        for (line, index) in std::mem::take(&mut self.swallowed) {
            let section = &self.parsed.sections[index];
            let Some((direction, named)) = section_of(&self.text[line.clone()]) else {
                continue;
            };
            let wanted = match (named.is_empty(), section.named.is_empty()) {
                (false, _) => named,
                (true, false) => section.named,
                (true, true) => Dialects::ALL,
            };
            let served = self
                .parsed
                .sections
                .iter()
                .zip(self.parsed.serves())
                .filter(|(section, _)| section.direction == direction)
                .fold(Dialects::NONE, |all, (_, serves)| {
                    serves.iter().fold(all, Dialects::with)
                });
            if wanted.without(served).is_empty() {
                continue;
            }
            let before = &self.text[section.body.start..line.start];
            let open = section.dialects().iter().find_map(|dialect| {
                let open = migrate_sql::split(dialect, before).err()?;
                Some((open.what.to_string(), section.body.start + open.at))
            });
            let (what, at) = open.unwrap_or(("statement".to_owned(), section.body.start));
            let second = Label::at(self.file, self.text, line.clone(), "this line is inside it");
            let word = direction.as_str();
            let problem = self.problem(
                Code::UnterminatedSql,
                at..at + 1,
                format!("this {what} contains a line that looks like a section, and the file has no other `{word}`"),
                "it begins here",
            );
            problem.labels.push(second);
            problem.help = Some(
                "close it before that line; if the line is text, put a blank before it".to_owned(),
            );
        }
    }

    fn end_section(&mut self, end: usize) {
        if let Some(section) = self.parsed.sections.last_mut() {
            section.body.end = end;
        }
    }

    /// Handles a comment before the first section, which is a header line if it looks like one.
    fn comment(&mut self, comment: &str, line: Range<usize>) {
        let Some((key, value)) = key_and_value(comment) else {
            return;
        };
        let key_start = line.start
            + self.text[line.clone()]
                .find(key)
                .expect("the key is in its line");
        let key_span = key_start..key_start + key.len();
        let value_start = line.end - value.trim_start().len();
        let value = value.trim();
        let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
            let near = near_key(key);
            self.problem(
                Code::UnknownHeader,
                key_span,
                format!("unknown key `{}` in revision header", printable(key)),
                "",
            )
            .help = Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "expected one of `{}`; write a plain comment as `-- # {}: …`",
                    KEYS.join("`, `"),
                    printable(key)
                ),
            });
            return;
        };
        if let Some((_, first)) = self.parsed.keys.iter().find(|(seen, _)| *seen == known) {
            let first = Label::at(self.file, self.text, first.clone(), "first here");
            let problem = self.problem(
                Code::MalformedHeader,
                key_span,
                format!("`{known}` is given twice"),
                "and again here",
            );
            problem.labels.push(first);
            problem.help = Some("delete one of the two lines".to_owned());
            return;
        }
        self.parsed.keys.push((known, key_span.clone()));
        match known {
            "revision" => self.revision(value, value_start, key_span),
            "parents" => self.parents(value, value_start),
            "depends-on" => self.parsed.depends_on = self.names(value, value_start, "dependency"),
            "labels" => self.parsed.labels = self.names(value, value_start, "label"),
            "message" => value.clone_into(&mut self.parsed.message),
            "phase" => self.phase(value, value_start, key_span),
            _ => self.created(value, value_start),
        }
    }

    fn revision(&mut self, value: &str, start: usize, key: Range<usize>) {
        let span = if value.is_empty() {
            key
        } else {
            start..start + value.len()
        };
        match value.parse() {
            Ok(value) => self.parsed.revision = Some(Spanned { value, span }),
            Err(why) => {
                self.problem(
                    Code::InvalidRevisionId,
                    span,
                    format!("invalid revision id `{}`: {why}", printable(value)),
                    "",
                )
                .help = Some(
                    "an id is 1 to 64 letters, digits, `_` and `.`, such as `9f3c1a2b77de`"
                        .to_owned(),
                );
            }
        }
    }

    fn parents(&mut self, value: &str, start: usize) {
        if matches!(value, "" | "none") {
            return;
        }
        for (word, span) in self.list(value, start) {
            match word.parse::<RevisionId>() {
                Ok(value) => {
                    if self.parsed.parents.iter().any(|known| known.value == value) {
                        self.problem(
                            Code::MalformedHeader,
                            span,
                            format!("the parent `{value}` is named twice"),
                            "",
                        )
                        .help = Some("name each parent once".to_owned());
                    } else {
                        self.parsed.parents.push(Spanned { value, span });
                    }
                }
                Err(why) => {
                    self.problem(
                        Code::InvalidRevisionId,
                        span,
                        format!("invalid revision id `{}`: {why}", printable(word)),
                        "",
                    )
                    .help = Some(
                        "write `-- parents: none` for a base, otherwise ids separated by commas"
                            .to_owned(),
                    );
                }
            }
        }
    }

    fn phase(&mut self, value: &str, start: usize, key: Range<usize>) {
        self.parsed.phase = Phase::named(value);
        if self.parsed.phase.is_some() {
            return;
        }
        let span = match value.is_empty() {
            true => key,
            false => start..start + value.len(),
        };
        self.problem(
            Code::MalformedHeader,
            span,
            format!("invalid phase `{}`", printable(value)),
            "",
        )
        .help = Some(suggestion(value, &Phase::NAMES));
    }

    /// Labels and dependencies follow the same rules as ids, so that no identifier such as
    /// `label@head` or `id-1` is ambiguous.
    fn names(&mut self, value: &str, start: usize, what: &str) -> Vec<Spanned<String>> {
        let mut names: Vec<Spanned<String>> = Vec::new();
        for (word, span) in self.list(value, start) {
            if let Err(why) = RevisionId::check(word) {
                self.problem(
                    Code::MalformedHeader,
                    span,
                    format!("invalid {what} `{}`", printable(word)),
                    "",
                )
                .help = Some(format!(
                    "a {what} follows the rules of ids: {why}; separate several with commas"
                ));
            } else if names.iter().all(|known| known.value != word) {
                names.push(Spanned {
                    value: word.to_owned(),
                    span,
                });
            }
        }
        names
    }

    /// Returns the values of a comma-separated list, and the place of each.
    fn list<'t>(&mut self, value: &'t str, start: usize) -> Vec<(&'t str, Range<usize>)> {
        if value.is_empty() {
            return Vec::new();
        }
        let mut words = value.split(',').map(|part| {
            let word = part.trim();
            let at = start + (word.as_ptr().addr() - value.as_ptr().addr());
            (word, at..at + word.len())
        });
        let list = words.by_ref().take(MOST_NAMES).collect();
        if let Some((_, span)) = words.next() {
            self.problem(
                Code::MalformedHeader,
                span,
                format!("this line names more than {MOST_NAMES} revisions or labels"),
                "the first one over the limit",
            )
            .help = Some("join them with several merges".to_owned());
        }
        list
    }

    fn created(&mut self, value: &str, start: usize) {
        if is_timestamp(value) {
            value.clone_into(&mut self.parsed.created);
        } else {
            self.problem(
                Code::MalformedHeader,
                start..start + value.len(),
                format!("invalid time `{}`", printable(value)),
                "",
            )
            .help = Some("use the form `2026-11-20T14:32:05Z`".to_owned());
        }
    }

    /// Handles a line `-- migrate: …`; its values begin at `words`, its text at `body`.
    fn section(&mut self, line: Range<usize>, words: usize, body: usize) {
        let text = &self.text[words..line.end];
        let mut section = ParsedSection {
            direction: Direction::Up,
            named: Dialects::NONE,
            transaction: true,
            limits: Limits::NONE,
            irreversible: None,
            line: line.clone(),
            body: body..body,
            contested: Dialects::NONE,
        };
        let mut rest = text.split_ascii_whitespace();
        match rest.next() {
            Some("up") => {}
            Some("down") => section.direction = Direction::Down,
            Some("irreversible") => {
                let reason = text
                    .trim_start()
                    .strip_prefix("irreversible")
                    .unwrap_or("")
                    .trim();
                section.direction = Direction::Down;
                section.irreversible = Some(reason.to_owned());
                if reason.is_empty() {
                    self.problem(
                        Code::MalformedSection,
                        line,
                        "missing reason in `-- migrate: irreversible`".to_owned(),
                        "",
                    )
                    .help = Some(
                        "for example `-- migrate: irreversible the old values are gone`".to_owned(),
                    );
                }
                self.parsed.sections.push(section);
                return;
            }
            word => {
                let word = word.unwrap_or("");
                self.problem(
                    Code::MalformedSection,
                    line,
                    match word {
                        "" => "missing direction in section header".to_owned(),
                        word => format!("unknown section `{}`", printable(word)),
                    },
                    "",
                )
                .help = Some(match nearest(word, ["up", "down", "irreversible"]) {
                    Some(near) if !word.is_empty() => format!("did you mean `-- migrate: {near}`?"),
                    _ => "expected `-- migrate: up`, `-- migrate: down` or `-- migrate: irreversible <reason>`".to_owned(),
                });
                // The text that follows still belongs to it, not to the previous section.
                return;
            }
        }
        for word in rest {
            if word == "no-transaction" {
                section.transaction = false;
            } else if let Ok(dialect) = word.parse::<Dialect>() {
                section.named = section.named.with(dialect);
            } else if let Some((name, value)) = word.split_once('=')
                && let Some(limit) = section.limits.named(name)
            {
                *limit = parse_duration(value);
                if limit.is_none() {
                    let at = value.as_ptr().addr() - self.text.as_ptr().addr();
                    self.problem(
                        Code::MalformedSection,
                        at..at + value.len(),
                        format!("invalid duration `{}`", printable(value)),
                        "",
                    )
                    .help = Some(DURATIONS.to_owned());
                }
            } else {
                self.unknown_section_word(word);
            }
        }
        self.parsed.sections.push(section);
    }

    /// Reports a word of a section header that is neither a dialect nor an option.
    fn unknown_section_word(&mut self, word: &str) {
        let at = word.as_ptr().addr() - self.text.as_ptr().addr();
        let near = match word {
            "mariadb" => Some("mysql"),
            "postgresql" | "pg" => Some("postgres"),
            "sqlite3" => Some("sqlite"),
            _ => nearest(
                word.split('=').next().unwrap_or(word),
                ["sqlite", "postgres", "mysql", "no-transaction"]
                    .into_iter()
                    .chain(Limits::NAMES),
            ),
        };
        self.problem(
            Code::MalformedSection,
            at..at + word.len(),
            format!("unknown word `{}` in section header", printable(word)),
            "",
        )
        .help = Some(match near {
            Some(near) if Limits::NAMES.contains(&near) => {
                format!("did you mean `{near}=5s`?")
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => "expected one of `sqlite`, `postgres`, `mysql`, `no-transaction`, `lock-timeout=5s`, `statement-timeout=5s`".to_owned(),
        });
    }

    /// Reports two sections for one direction and dialect.
    fn duplicates(&mut self) {
        let sections = std::mem::take(&mut self.parsed.sections);
        // For each direction, the first section without a dialect, and the first for each dialect.
        let mut firsts: Vec<(Direction, Option<Dialect>, &ParsedSection)> = Vec::new();
        for section in &sections {
            let mut clash: Option<&ParsedSection> = None;
            let named = section.named.iter().map(Some);
            for dialect in named.chain(section.named.is_empty().then_some(None)) {
                let known = firsts
                    .iter()
                    .find(|(direction, of, _)| (*direction, *of) == (section.direction, dialect));
                match known {
                    Some((.., first)) => {
                        clash.get_or_insert(first);
                    }
                    None => firsts.push((section.direction, dialect, section)),
                }
            }
            if let Some(first) = clash {
                let first = Label::at(self.file, self.text, first.line.clone(), "first here");
                let direction = section.direction.as_str();
                let problem = self.problem(
                    Code::DuplicateSection,
                    section.line.clone(),
                    format!("two `{direction}` sections serve the same database"),
                    "and again here",
                );
                problem.labels.push(first);
                problem.help = Some(format!(
                    "join them, or name the dialect of each: `-- migrate: {direction} postgres`"
                ));
            }
        }
        self.parsed.sections = sections;
    }
}

/// Returns the values of a line `-- migrate: …`.
pub fn section_words(line: &str) -> Option<&str> {
    let comment = line.strip_prefix("--")?.trim();
    let rest = comment.strip_prefix("migrate")?;
    rest.trim_start().strip_prefix(':')
}

/// Returns the direction and dialects of a section line; `None` if its first value is unknown.
fn section_of(line: &str) -> Option<(Direction, Dialects)> {
    let mut words = section_words(line.trim_end())?.split_ascii_whitespace();
    let direction = match words.next()? {
        "up" => Direction::Up,
        "down" => Direction::Down,
        "irreversible" => return Some((Direction::Down, Dialects::NONE)),
        _ => return None,
    };
    let named = words.filter_map(|word| word.parse().ok());
    Some((direction, named.fold(Dialects::NONE, Dialects::with)))
}

/// Splits a comment that looks like a header line; the value keeps its white space.
pub fn key_and_value(comment: &str) -> Option<(&str, &str)> {
    let (key, value) = comment.split_once(':')?;
    let key = key.trim_end();
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        // A comment such as `https://…` is not a header line, but a key without its blank must not
        // be missed.
        && (value.is_empty() || value.starts_with([' ', '\t']) || KEYS.contains(&key));
    is_key.then_some((key, value))
}

/// Returns the key, or `migrate`, that is nearest to an unknown key.
pub fn near_key(key: &str) -> Option<&'static str> {
    match key {
        "down_revision" | "down-revision" | "parent" => Some("parents"),
        "depends_on" | "depends" => Some("depends-on"),
        _ => nearest(key, KEYS.into_iter().chain(["migrate"])),
    }
}

/// Returns whether a text has the form `2026-11-20T14:32:05Z`, with an optional fraction. Such
/// texts sort by time.
pub fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let Some(rest) = bytes.get(shape.len()..) else {
        return false;
    };
    let fraction = match rest {
        [b'.', digits @ .., b'Z'] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        rest => rest == b"Z",
    };
    fraction
        && shape.iter().zip(bytes).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => other == byte,
        })
}

/// A new revision file.
///
/// ```
/// use migrate_core::NewRevision;
///
/// let new = NewRevision {
///     id: "9f3c1a2b77de".parse()?,
///     message: "create users".into(),
///     created: "2026-11-20T14:32:05Z".into(),
///     ..NewRevision::empty()
/// };
/// assert_eq!(
///     new.file_name("{created}_{id}_{slug}"),
///     "20261120T143205_9f3c1a2b77de_create_users.sql",
/// );
/// # Ok::<(), migrate_core::InvalidRevisionId>(())
/// ```
#[derive(Clone, Debug)]
pub struct NewRevision {
    /// The revision's id.
    pub id: RevisionId,
    /// The revisions that it follows.
    pub parents: Vec<RevisionId>,
    /// Revisions or labels of other branches that must be applied before.
    pub depends_on: Vec<String>,
    /// Labels of the branch that starts here.
    pub labels: Vec<String>,
    /// A one-line description.
    pub message: String,
    /// The time of creation, RFC 3339 in UTC.
    pub created: String,
    /// Whether older code can work after it; `None` leaves it to the statements.
    pub phase: Option<Phase>,
    /// The line of each section without `-- migrate: `, and its SQL.
    pub sections: Vec<(String, String)>,
}

impl NewRevision {
    /// Returns a revision without any contents, to fill in.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            id: RevisionId::from_checked("_"),
            parents: Vec::new(),
            depends_on: Vec::new(),
            labels: Vec::new(),
            message: String::new(),
            created: String::new(),
            phase: None,
            sections: Vec::new(),
        }
    }

    /// Writes the file's text.
    #[must_use]
    pub fn render(&self) -> String {
        let parents: Vec<_> = self.parents.iter().map(RevisionId::as_str).collect();
        let message = self
            .message
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let values: [Cow<'_, str>; 7] = [
            self.id.as_str().into(),
            if parents.is_empty() {
                "none".into()
            } else {
                parents.join(", ").into()
            },
            self.depends_on.join(", ").into(),
            self.labels.join(", ").into(),
            message.into(),
            self.created.as_str().into(),
            self.phase.map_or("", Phase::as_str).into(),
        ];
        let mut text = String::new();
        for (key, value) in KEYS.iter().zip(values) {
            if !value.is_empty() {
                text.extend(["-- ", key, ": ", &value, "\n"]);
            }
        }
        for (line, sql) in &self.sections {
            text.extend(["\n-- migrate: ", line, "\n", sql]);
            if !sql.is_empty() && !sql.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }

    /// Fills in the template of migrate.toml's `file-name`.
    #[must_use]
    pub fn file_name(&self, template: &str) -> String {
        let created: String = self
            .created
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == 'T')
            .take("20261120T143205".len())
            .collect();
        let mut slug: String = self
            .message
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join("_");
        // File systems limit a name to 255 bytes; a third of that is enough for people.
        while slug.len() > 80 {
            slug.pop();
        }
        let name = template
            .replace("{created}", &created)
            .replace("{id}", self.id.as_str())
            .replace("{slug}", slug.trim_end_matches('_'));
        format!("{}.sql", name.trim_matches('_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Parsed, String) {
        let mut diagnostics = Vec::new();
        let parsed = parse("migrations/a.sql", text, &mut diagnostics);
        let rendered = diagnostics.iter().map(|d| format!("{d}\n")).collect();
        (parsed, rendered)
    }

    const TEXT: &str = "-- revision: c
-- parents: a, b
-- depends-on: billing
-- labels: accounts
-- message: create users
-- created: 2026-11-20T14:32:05Z

-- migrate: up
SELECT 1;

-- migrate: down postgres no-transaction
SELECT 2;
";

    #[test]
    fn a_whole_file() {
        let (parsed, rendered) = parsed(TEXT);
        assert_eq!(rendered, "");
        assert_eq!(parsed.revision.unwrap().value.as_str(), "c");
        let parents: Vec<_> = parsed
            .parents
            .iter()
            .map(|p| (p.value.as_str(), &TEXT[p.span.clone()]))
            .collect();
        assert_eq!(parents, [("a", "a"), ("b", "b")]);
        assert_eq!(parsed.message, "create users");
        let [up, down] = &parsed.sections[..] else {
            panic!()
        };
        assert_eq!(TEXT[up.body.clone()].trim(), "SELECT 1;");
        assert_eq!(TEXT[down.body.clone()].trim(), "SELECT 2;");
        assert!(up.transaction && !down.transaction);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_change_nothing() {
        let (plain, _) = parsed(TEXT);
        let (other, rendered) = parsed(&format!("\u{feff}{}", TEXT.replace('\n', "\r\n")));
        assert_eq!(rendered, "");
        assert_eq!(plain.message, other.message);
        assert_eq!(plain.created, other.created);
        assert_eq!(plain.sections.len(), other.sections.len());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let new = NewRevision {
            id: "x1".parse().unwrap(),
            parents: vec!["a".parse().unwrap(), "b".parse().unwrap()],
            labels: vec!["l".into()],
            message: "two\nlines -- of: it".into(),
            created: "2026-11-20T14:32:05Z".into(),
            sections: vec![
                ("up".into(), "SELECT 1;".into()),
                ("down".into(), String::new()),
            ],
            ..NewRevision::empty()
        };
        let (parsed, rendered) = parsed(&new.render());
        assert_eq!(rendered, "");
        assert_eq!(parsed.revision.unwrap().value, new.id);
        assert_eq!(parsed.message, "two lines -- of: it");
        assert_eq!(parsed.sections.len(), 2);
    }

    #[test]
    fn a_link_without_a_blank_is_no_comment() {
        let (parsed, rendered) =
            parsed("-- revision:b\n-- parents:a\n-- https://x.y\n-- migrate: up\n");
        assert_eq!(rendered, "");
        assert_eq!(parsed.revision.unwrap().value.as_str(), "b");
        assert_eq!(parsed.parents[0].value.as_str(), "a");
    }

    #[test]
    fn a_header_twice() {
        insta::assert_snapshot!(parsed("-- revision: a\n-- parents: none\n-- revision: b\n").1);
    }

    #[test]
    fn keys_and_words_that_do_not_exist() {
        insta::assert_snapshot!(parsed("-- revision: a\n-- parnets: b\n-- down_revision: c\n-- note: hi\n-- see https://x.y: z\n-- migrate: upp\n-- migrate: up mariadb\n").1);
    }

    #[test]
    fn values_that_cannot_be() {
        insta::assert_snapshot!(parsed("-- revision: a'; DROP TABLE users; --\n-- parents: b,,-c\n-- labels: head, ok\n-- created: yesterday\nSELECT 1;\nSELECT 2;\n-- migrate: irreversible\n").1);
    }

    #[test]
    fn sections_that_clash() {
        insta::assert_snapshot!(parsed("-- revision: a\n-- migrate: up\n-- migrate: up sqlite\n-- migrate: up\n-- migrate: down mysql sqlite\n-- migrate: down sqlite\n").1);
    }

    #[test]
    fn the_marks_of_a_merge() {
        insta::assert_snapshot!(parsed("-- revision: a\n<<<<<<< HEAD\n-- parents: b\n=======\n-- parents: c\n>>>>>>> other\n").1);
    }

    #[test]
    fn a_name_for_a_file() {
        let new = NewRevision {
            message: "Äußere  Straße: 100%!".into(),
            ..NewRevision::empty()
        };
        assert_eq!(
            new.file_name("{id}-{slug}"),
            "-äußere_straße_100.sql"
                .replace("-ä", "_-ä")
                .trim_start_matches('_')
        );
    }
}
