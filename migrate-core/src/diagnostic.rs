//! The problems of a chain and how they are displayed, for the macro, the command and the runtime.

use std::fmt;
use std::ops::Range;

use crate::drawing::{Drawing, Style};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The stable name of a kind of problem; `cargo migrate explain <code>` explains it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, ordered by topic.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the code as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// migrate.toml cannot be read or has an unknown key or value.
    MalformedConfig = "malformed-config",
    /// A file of the migrations folder is not readable text.
    UnreadableFile = "unreadable-file",
    /// A file has the markers of an unfinished git merge.
    ConflictMarkers = "conflict-markers",
    /// A line before the first section is neither header, comment nor blank, or a value is invalid.
    MalformedHeader = "malformed-header",
    /// A header line has an unknown key.
    UnknownHeader = "unknown-header",
    /// The file does not name its revision.
    MissingRevision = "missing-revision",
    /// A file's revision id is invalid.
    InvalidRevisionId = "invalid-revision-id",
    /// A `-- migrate:` line has an unknown value.
    MalformedSection = "malformed-section",
    /// Two sections serve the same direction and dialect.
    DuplicateSection = "duplicate-section",
    /// Two files have the same id.
    DuplicateRevision = "duplicate-revision",
    /// A parent does not exist.
    UnknownParent = "unknown-parent",
    /// A revision is its own parent.
    SelfParent = "self-parent",
    /// Revisions follow one another in a cycle.
    Cycle = "cycle",
    /// A dependency does not exist.
    UnknownDependency = "unknown-dependency",
    /// Two revisions have the same label.
    DuplicateLabel = "duplicate-label",
    /// A label equals a revision's id.
    LabelIsRevision = "label-is-revision",
    /// A merge has a parent that is an ancestor of another of its parents.
    RedundantParent = "redundant-parent",
    /// The chain has several bases.
    MultipleBases = "multiple-bases",
    /// The chain has several heads.
    MultipleHeads = "multiple-heads",
    /// A revision does nothing.
    EmptyUp = "empty-up",
    /// A revision cannot be reverted.
    MissingDown = "missing-down",
    /// A revision has no `up` for a configured dialect.
    MissingDialect = "missing-dialect",
    /// A quote, a comment or a dollar quote does not end.
    UnterminatedSql = "unterminated-sql",
    /// BEGIN, COMMIT or the like in a section that runs in a transaction of its own.
    TransactionControl = "transaction-control",
    /// A statement that the database refuses inside a transaction.
    NeedsNoTransaction = "needs-no-transaction",
    /// A statement that prevents the ledger from being written.
    BlocksLedger = "blocks-ledger",
    /// A command of psql, mysql or sqlite3 that servers do not accept.
    ClientCommand = "client-command",
    /// A statement acts outside the database that it runs in.
    ReachesOut = "reaches-out",
    /// A line of chain.lock cannot be read.
    LockMalformed = "lock-malformed",
    /// chain.lock has no entry for a file.
    LockMissing = "lock-missing",
    /// A sealed revision was edited.
    LockChanged = "lock-changed",
    /// The file of a revision in chain.lock does not exist.
    LockDeleted = "lock-deleted",
    /// A draft, when every revision must be sealed.
    LockDraft = "lock-draft",
    /// A branch adds a head beside the published chain.
    ForkedChain = "forked-chain",
    /// A branch edits a published revision.
    PublishedChanged = "published-changed",
    /// A branch deletes a published revision.
    PublishedDeleted = "published-deleted",
    /// schema.lock does not match the chain.
    SchemaLockStale = "schema-lock-stale",
    /// A line of schema.lock cannot be read.
    SchemaLockMalformed = "schema-lock-malformed",
    /// A source file of the package cannot be read or is not valid Rust.
    UnreadableSource = "unreadable-source",
    /// Models may be in sources that are not followed: in a macro, in `include!`.
    UnfollowedSource = "unfollowed-source",
    /// An attribute of a model is unknown or contradictory.
    MalformedModel = "malformed-model",
    /// Two models describe the same table.
    DuplicateTable = "duplicate-table",
    /// A field has a type without a known column type.
    UnknownType = "unknown-type",
    /// The schema at the head does not have the model's table.
    ModelWithoutTable = "model-without-table",
    /// The table does not have the field's column.
    FieldWithoutColumn = "field-without-column",
    /// A column that requires a value has no field.
    ColumnWithoutField = "column-without-field",
    /// A field's type cannot hold the values of its column.
    TypeMismatch = "type-mismatch",
    /// A column is nullable and its field is not, or the reverse.
    NullMismatch = "null-mismatch",
}

impl Code {
    /// Returns whether the problem is about the models of an application, not about its chain.
    #[must_use]
    pub const fn is_of_models(self) -> bool {
        self as usize >= Self::SchemaLockMalformed as usize
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The chain cannot be used; a compile error.
    Error,
    /// The chain can be used; a compiler warning.
    Warning,
}

impl Severity {
    /// Returns the name as it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A problem, its place, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The problem in one line.
    pub message: String,
    /// The places; the first is the primary one.
    pub labels: Vec<Label>,
    /// What to do next.
    pub help: Option<String>,
    /// The id or label that it is about: the one that no file has, or that of the changed file.
    pub subject: Option<String>,
}

/// A place in a file, with a short text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file's name as shown, relative to the package.
    pub file: String,
    /// The place in the file; `None` for the file as a whole.
    pub place: Option<Place>,
    /// The text beside the caret; may be empty.
    pub text: String,
}

/// A place on one line of a file, with everything needed to draw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The line's text; `None` if it is too long to show.
    pub source: Option<String>,
    /// The marked bytes of `source`.
    pub span: Range<usize>,
}

/// The number of problems reported for one file; more are left out.
pub const MOST_PROBLEMS: usize = 100;

/// Longer lines are named but not shown.
const LONGEST_SHOWN_LINE: usize = 400;

impl Place {
    /// Finds the place of the bytes `span` in `text`, clipped to the line it starts on.
    #[must_use]
    pub fn new(text: &str, span: Range<usize>) -> Self {
        let start = span.start.min(text.len());
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |newline| start + newline);
        // A byte order mark is not a character of the first line.
        let line_start = if line_start == 0 && text.starts_with('\u{feff}') && start >= 3 {
            3
        } else {
            line_start
        };
        let source = text[line_start..line_end].trim_end_matches('\r');
        // A span that begins at the line's end is marked directly after the last character.
        let from = (start - line_start).min(source.len());
        let to = (span.end.max(start) - line_start).clamp(from, source.len());
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: source[..from].chars().count() + 1,
            source: (source.len() <= LONGEST_SHOWN_LINE).then(|| source.to_owned()),
            span: from..to,
        }
    }
}

impl Label {
    /// Returns a label for a byte range of a file's text.
    #[must_use]
    pub fn at(file: &str, text: &str, span: Range<usize>, word: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: Some(Place::new(text, span)),
            text: word.into(),
        }
    }

    /// Returns a label for a file as a whole.
    #[must_use]
    pub fn file(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            text: String::new(),
        }
    }
}

impl Diagnostic {
    /// Creates an error without labels.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            subject: None,
        }
    }

    /// Returns the diagnostic with the id or label that it is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Returns the diagnostic with one more label.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Returns the diagnostic with a help text.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the diagnostic with another severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Returns whether the chain cannot be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Renders the diagnostic as rustc does.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut drawing = Drawing::new(self.severity, &self.message).code(self.code.as_str());
        for label in &self.labels {
            drawing = drawing.label(label);
        }
        if let Some(help) = &self.help {
            drawing = drawing.note("help", help);
        }
        drawing.render(style)
    }

    /// Renders the diagnostic for `compile_error!`: rustc writes the `error: ` before it, so the
    /// code is at the end of the first line.
    #[must_use]
    pub fn render_for_rustc(&self) -> String {
        let rendered = self.render(Style::Plain);
        let prefix = format!("{}[{}]: ", self.severity.as_str(), self.code);
        let body = rendered.strip_prefix(&prefix).unwrap_or(&rendered);
        match body.split_once('\n') {
            Some((first, rest)) => format!("{first} [{}]\n{rest}", self.code),
            None => format!("{body} [{}]", self.code),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}

/// Returns the candidate nearest to `word`, if one is near enough to be a suggestion.
#[doc(hidden)]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let most = (length / 3).max(1);
    candidates
        .into_iter()
        // The distance is at least this, and computing it takes the product of both lengths.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= most)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the help for an unknown word: the nearest of the known ones, or all of them.
#[doc(hidden)]
#[must_use]
pub fn suggestion(word: &str, known: &[&str]) -> String {
    match (nearest(word, known.iter().copied()), known) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, [only]) => format!("expected `{only}`"),
        (None, _) => format!("expected one of `{}`", known.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_words() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            assert!(
                code.as_str()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'-')
            );
        }
    }

    fn sample() -> Diagnostic {
        let text = "-- revision: b\r\n-- parents: x\r\n";
        Diagnostic::error(
            Code::UnknownParent,
            "revision `b` follows `x`, which does not exist",
        )
        .label(Label::at(
            "migrations/b.sql",
            text,
            28..29,
            "no revision has this id",
        ))
        .help("did you mean `a`?")
    }

    #[test]
    fn renders_as_rustc_does() {
        insta::assert_snapshot!(sample(), @r"
        error[unknown-parent]: revision `b` follows `x`, which does not exist
         --> migrations/b.sql:2:13
          |
        2 | -- parents: x
          |             ^ no revision has this id
          |
          = help: did you mean `a`?
        ");
    }

    #[test]
    fn the_code_moves_to_the_end_for_rustc() {
        insta::assert_snapshot!(sample().render_for_rustc().lines().next().unwrap(),
            @"revision `b` follows `x`, which does not exist [unknown-parent]");
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let place = Place::new("\u{feff}-- revision: x", 16..17);
        assert_eq!((place.line, place.column), (1, 14));
    }

    #[test]
    fn the_end_of_a_line_is_marked_behind_its_last_character() {
        let place = Place::new("ab\r\nc", 3..4);
        assert_eq!((place.line, place.column), (1, 3));
        assert_eq!((place.source.as_deref(), place.span), (Some("ab"), 2..2));
    }

    #[test]
    fn a_very_long_word_is_near_nothing() {
        assert_eq!(nearest("perents", ["parents", "labels"]), Some("parents"));
        // The table of all distances would have 16 million columns.
        assert_eq!(nearest(&"x".repeat(16_000_000), ["parents"]), None);
    }

    #[test]
    fn a_very_long_line_is_named_but_not_drawn() {
        let text = "x".repeat(1_000_000);
        let label = Label::at("a.sql", &text, 999_999..1_000_000, "");
        let drawn = Diagnostic::error(Code::UnterminatedSql, "long").label(label);
        assert!(drawn.to_string().contains("a.sql:1:1000000"));
        assert!(drawn.to_string().len() < 200);
    }
}
