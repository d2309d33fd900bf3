//! A revision: its parents and its SQL.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Dialect, Dialects, Hash, Limits, Phase, RevisionId};
use migrate_sql::tokens;

/// One revision of a chain.
///
/// Every part is a [`Cow`], so that the same type is a `static` without any allocation in an
/// application's binary (as `embed_migrations!` writes it) and an owned value when a folder was
/// read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The revision's id.
    pub id: RevisionId,
    /// The parents: none for a base, one for an ordinary revision, several for a merge.
    pub parents: Cow<'static, [RevisionId]>,
    /// Revisions of other branches that must be applied before this one, as written in the file: an
    /// id, or a label of a revision.
    pub depends_on: Cow<'static, [Cow<'static, str>]>,
    /// Labels of the branch that starts here.
    pub labels: Cow<'static, [Cow<'static, str>]>,
    /// A one-line description.
    pub message: Cow<'static, str>,
    /// The time of creation, RFC 3339 in UTC; empty if the file has none.
    pub created: Cow<'static, str>,
    /// Whether older code can work after it, if the file says so; see [`Revision::phase`].
    pub stated_phase: Option<Phase>,
    /// The file's name in the migrations folder.
    pub file: Cow<'static, str>,
    /// The whole file, with LF line ends in every checkout.
    pub text: Cow<'static, str>,
    /// The sections, in the order of the file.
    pub sections: Cow<'static, [Section]>,
    /// The hash of the revision's meaning, see [`Hash`](struct@Hash).
    pub hash: Hash,
    /// The hash of [`Revision::hash`] and the chain hashes of all parents and dependencies:
    /// identifies the whole history up to here.
    pub chain_hash: Hash,
}

/// A part of a revision: the SQL for one direction and some dialects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Up or down.
    pub direction: Direction,
    /// The dialects it serves: those it names, or all that no other section names.
    pub dialects: Dialects,
    /// Whether it may run in a transaction; `no-transaction` turns that off.
    pub transaction: bool,
    /// The time limits of its statements; they are not part of the revision's meaning.
    pub limits: Limits,
    /// The statements, once for each different splitting: dialects that agree share an entry.
    pub scripts: Cow<'static, [Script]>,
    /// For `irreversible`: the reason why it cannot be reverted.
    pub irreversible: Option<Cow<'static, str>>,
}

/// The statements of a section in one splitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The dialects that split the section this way.
    pub dialects: Dialects,
    /// The place of each statement in [`Revision::text`], in bytes, without its terminator.
    pub statements: Cow<'static, [Statement]>,
}

/// The place of a statement in a revision's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

/// The direction of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the parents to the revision.
    Up,
    /// From the revision back to its parents.
    Down,
}

impl Direction {
    /// Returns the name in revision files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl Statement {
    /// Returns the statement's place as a byte range.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Section {
    /// Returns the statements for `dialect`, or `None` if the section does not serve it.
    #[must_use]
    pub fn statements(&self, dialect: Dialect) -> Option<&[Statement]> {
        self.scripts
            .iter()
            .find(|script| script.dialects.contains(dialect))
            .map(|script| &*script.statements)
    }
}

impl Revision {
    /// Returns the section for `direction` on `dialect`.
    #[must_use]
    pub fn section(&self, direction: Direction, dialect: Dialect) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.direction == direction && section.dialects.contains(dialect))
    }

    /// Returns the statements for `direction` on `dialect`; empty if there is no section.
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

    /// Returns whether the `down` for `dialect` is empty although the `up` is not: running it would
    /// only make the ledger and the tables disagree.
    #[must_use]
    pub fn is_empty_down(&self, dialect: Dialect) -> bool {
        let empty = |direction| {
            let section = self.section(direction, dialect)?;
            let statements = section.statements(dialect)?;
            Some(section.irreversible.is_none() && statements.is_empty())
        };
        empty(Direction::Down) == Some(true) && empty(Direction::Up) == Some(false)
    }

    /// Returns whether a database that has applied `other` has applied this revision: the parents
    /// and the tokens of the `up` are the same. The `down` and the rest of the header may differ.
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

    /// Returns whether both revisions run the same tokens in a direction.
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

    /// Returns whether this revision joins branches.
    #[must_use]
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}
