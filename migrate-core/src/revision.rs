//! A revision: what to run, and which revisions it follows.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Dialect, Dialects, Hash, Limits, RevisionId};
use migrate_sql::tokens;

/// One revision of a chain.
///
/// Every part is a [`Cow`], so that the same type is a `static` without any allocation in an
/// application's binary (as `embed_migrations!` writes it) and an owned value where a folder was
/// read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its name.
    pub id: RevisionId,
    /// Empty for a base, one for an ordinary revision, two or more for a merge.
    pub parents: Cow<'static, [RevisionId]>,
    /// Revisions of other branches that must be applied before, as the file has them: an id, or
    /// a label that stands for the revision that bears it.
    pub depends_on: Cow<'static, [Cow<'static, str>]>,
    /// Names of the branch that starts here.
    pub labels: Cow<'static, [Cow<'static, str>]>,
    /// What it does, in a line.
    pub message: Cow<'static, str>,
    /// When it was made, RFC 3339 in UTC; empty where the file does not say.
    pub created: Cow<'static, str>,
    /// The file's name in the migrations folder.
    pub file: Cow<'static, str>,
    /// The whole file, with LF at the ends of its lines whatever the checkout made of them.
    pub text: Cow<'static, str>,
    /// Its sections, in the order of the file.
    pub sections: Cow<'static, [Section]>,
    /// What this revision means, see [`Hash`](struct@Hash).
    pub hash: Hash,
    /// [`Revision::hash`] with the chain hashes of all parents and dependencies: stands for the
    /// whole history up to here.
    pub chain_hash: Hash,
}

/// A part of a revision: the SQL for one direction and some dialects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Up or down.
    pub direction: Direction,
    /// The dialects it serves: those it names, or all that no other section names.
    pub dialects: Dialects,
    /// Whether it may run in a transaction; `no-transaction` says it may not.
    pub transaction: bool,
    /// How long its statements may take; no part of what the revision means.
    pub limits: Limits,
    /// The statements, once for each way of splitting them: dialects that agree share an entry.
    pub scripts: Cow<'static, [Script]>,
    /// For `irreversible`: why there is no way down.
    pub irreversible: Option<Cow<'static, str>>,
}

/// The statements of a section as some dialects split them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The dialects that split the section so.
    pub dialects: Dialects,
    /// Where each statement stands in [`Revision::text`], in bytes, without its terminator.
    pub statements: Cow<'static, [Statement]>,
}

/// Where a statement stands in a revision's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// Which way a section leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the parents to the revision.
    Up,
    /// From the revision back to its parents.
    Down,
}

impl Direction {
    /// Returns the word of revision files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl Statement {
    /// Returns the statement's place as a range of bytes.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Section {
    /// Returns the statements for `dialect`, or `None` where the section does not serve it.
    #[must_use]
    pub fn statements(&self, dialect: Dialect) -> Option<&[Statement]> {
        self.scripts
            .iter()
            .find(|script| script.dialects.contains(dialect))
            .map(|script| &*script.statements)
    }
}

impl Revision {
    /// Returns the section that leads in `direction` on `dialect`.
    #[must_use]
    pub fn section(&self, direction: Direction, dialect: Dialect) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.direction == direction && section.dialects.contains(dialect))
    }

    /// Returns the statements that lead in `direction` on `dialect`; none where no section does.
    #[must_use]
    pub fn statements(&self, direction: Direction, dialect: Dialect) -> &[Statement] {
        self.section(direction, dialect)
            .and_then(|section| section.statements(dialect))
            .unwrap_or_default()
    }

    /// Returns a statement's text.
    #[must_use]
    pub fn sql(&self, statement: Statement) -> &str {
        &self.text[statement.range()]
    }

    /// Says whether there is a `down` for `dialect`, but nothing in it, where the `up` did
    /// something: running it would only make the ledger tell another story than the tables.
    #[must_use]
    pub fn is_empty_down(&self, dialect: Dialect) -> bool {
        let empty = |direction| {
            let section = self.section(direction, dialect)?;
            let statements = section.statements(dialect)?;
            Some(section.irreversible.is_none() && statements.is_empty())
        };
        empty(Direction::Down) == Some(true) && empty(Direction::Up) == Some(false)
    }

    /// Says whether a database that has applied `other` has applied this revision: what it follows
    /// and the tokens of its `up` are the same. The way back and the rest of the header may differ.
    ///
    /// ```
    /// use migrate_core::{Dialect, Dialects, Revision};
    ///
    /// let parse = |down: &str| {
    ///     let text = format!("-- revision: a\n-- migrate: up\nCREATE TABLE t (id INT);\n-- migrate: down\n{down}");
    ///     Revision::parse("a.sql", &text, Dialects::NONE)
    /// };
    /// let (was, now) = (parse("DROP TABLE tt;").unwrap(), parse("DROP TABLE t;").unwrap());
    /// assert!(now.hash != was.hash && now.is_applied_by(&was, Dialect::Sqlite));
    /// ```
    #[must_use]
    pub fn is_applied_by(&self, other: &Self, dialect: Dialect) -> bool {
        self.id == other.id
            && self.parents == other.parents
            && self.depends_on == other.depends_on
            && self.runs_like(other, Direction::Up, dialect)
    }

    /// Says whether both revisions run the same tokens in a direction.
    #[must_use]
    pub fn runs_like(&self, other: &Self, direction: Direction, dialect: Dialect) -> bool {
        let statements = |revision: &Self| {
            let section = revision.section(direction, dialect);
            let Some(section) = section.filter(|section| section.irreversible.is_none()) else {
                return Some(Vec::new());
            };
            let statements = section.statements(dialect)?.iter();
            let tokens = statements.map(|place| tokens(dialect, revision.sql(*place)));
            tokens.collect::<Result<_, _>>().ok()
        };
        let (mine, others): (Option<Vec<_>>, _) = (statements(self), statements(other));
        mine.is_some() && mine == others
    }

    /// Says whether this revision joins branches.
    #[must_use]
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}
