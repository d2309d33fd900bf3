//! The transactions that a migration begins and ends itself, as a section can have them.
//!
//! The old tool has a transaction around the file, so a file may end one that it did not begin, and
//! leave one open that it did not end. What a section begins, it also ends.

use std::ops::Range;

use migrate_core::Dialect;
use migrate_sql::{FindingKind, TransactionControl, lint};

/// What has to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transactions {
    /// The statements to leave out.
    pub(super) left_out: Vec<Range<usize>>,
    /// Whether the section has to begin the transaction that the tool began.
    pub(super) begins: bool,
    /// Whether the section has to commit the transaction that the tool committed.
    pub(super) commits: bool,
}

/// A transaction while the statements are read.
#[derive(Clone, Copy)]
enum Open {
    /// The tool's own.
    Tool,
    /// That of the statement with this number.
    Statement(usize),
}

impl Transactions {
    /// Reads the statements of a migration; `wrapped` says whether the tool begins and commits a
    /// transaction around them.
    pub(super) fn new(
        dialect: Dialect,
        text: &str,
        statements: &[Range<usize>],
        wrapped: bool,
    ) -> Self {
        let controls: Vec<Option<TransactionControl>> = statements
            .iter()
            .map(|range| TransactionControl::of(dialect, &text[range.clone()]))
            .collect();
        let mut used = controls.iter().flatten();
        let is_plain = used.all(|control| {
            matches!(
                control,
                TransactionControl::Begin | TransactionControl::Commit
            )
        });
        // What is rolled back is not to be run, and `AND CHAIN` is a matter of its own.
        if !is_plain || controls.iter().all(Option::is_none) {
            return Self::default();
        }
        let left_out = |numbers: Vec<usize>| {
            let mut numbers = numbers;
            numbers.sort_unstable();
            let ranges = numbers.iter().map(|number| statements[*number].clone());
            ranges.collect()
        };
        // In SQLite all that can be in a transaction can be in one.
        let fits_in_one = dialect == Dialect::Sqlite
            && wrapped
            && statements
                .iter()
                .all(|range| !is_outside(dialect, &text[range.clone()]));
        if fits_in_one {
            let all = controls.iter().enumerate();
            return Self {
                left_out: left_out(
                    all.filter_map(|(number, control)| control.map(|_| number))
                        .collect(),
                ),
                ..Self::default()
            };
        }
        paired(dialect, &controls, wrapped).ranges(left_out)
    }
}

/// Whether the database refuses a statement inside a transaction. Foreign keys are off in every
/// revision.
fn is_outside(dialect: Dialect, statement: &str) -> bool {
    lint(dialect, statement).is_some_and(|found| {
        found.kind == FindingKind::NeedsNoTransaction && found.what != "PRAGMA FOREIGN_KEYS"
    })
}

struct Paired {
    left_out: Vec<usize>,
    begins: bool,
    commits: bool,
}

impl Paired {
    fn ranges(self, ranges: impl Fn(Vec<usize>) -> Vec<Range<usize>>) -> Transactions {
        Transactions {
            left_out: ranges(self.left_out),
            begins: self.begins,
            commits: self.commits,
        }
    }
}

/// Gives each `BEGIN` its `COMMIT`, with the same transactions as the tool had.
fn paired(dialect: Dialect, controls: &[Option<TransactionControl>], wrapped: bool) -> Paired {
    let mut left_out = Vec::new();
    let mut begins = false;
    let mut open = wrapped.then_some(Open::Tool);
    let mut is_used = false;
    for (number, control) in controls.iter().enumerate() {
        match (control, open) {
            (None, _) => {
                is_used = true;
                continue;
            }
            // MySQL commits what is open, PostgreSQL only warns.
            (Some(TransactionControl::Begin), Some(_)) if is_used && dialect != Dialect::MySql => {
                left_out.push(number);
                continue;
            }
            (Some(TransactionControl::Begin), Some(Open::Tool)) if is_used => {
                begins = true;
                open = Some(Open::Statement(number));
            }
            (Some(TransactionControl::Begin), Some(Open::Statement(before))) if !is_used => {
                left_out.push(before);
                open = Some(Open::Statement(number));
            }
            (Some(TransactionControl::Begin), _) => open = Some(Open::Statement(number)),
            (Some(_), Some(Open::Tool)) if is_used => {
                begins = true;
                open = None;
            }
            (Some(_), Some(Open::Statement(_))) => open = None,
            // There is nothing to commit.
            (Some(_), Some(Open::Tool) | None) => {
                left_out.push(number);
                open = None;
            }
        }
        is_used = false;
    }
    let mut commits = false;
    match open {
        Some(Open::Statement(number)) if !is_used => left_out.push(number),
        Some(Open::Statement(_)) => commits = wrapped,
        Some(Open::Tool) | None => {}
    }
    let mut paired = Paired {
        left_out,
        begins,
        commits,
    };
    if wrapped {
        paired.without_outer(controls);
    }
    paired
}

impl Paired {
    /// Leaves out the only transaction if it is around everything: a section has that itself.
    fn without_outer(&mut self, controls: &[Option<TransactionControl>]) {
        let kept: Vec<usize> = (0..controls.len())
            .filter(|number| !self.left_out.contains(number))
            .collect();
        let of = |number: Option<&usize>| number.and_then(|number| controls[*number]);
        let inner = kept.iter().filter(|number| controls[**number].is_some());
        let expected = usize::from(!self.begins) + usize::from(!self.commits);
        let is_around = (self.begins || of(kept.first()) == Some(TransactionControl::Begin))
            && (self.commits || of(kept.last()) == Some(TransactionControl::Commit))
            && inner.count() == expected;
        if !is_around {
            return;
        }
        if !self.begins {
            self.left_out.extend(kept.first());
        }
        if !self.commits {
            self.left_out.extend(kept.last());
        }
        (self.begins, self.commits) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MySql, Postgres, Sqlite};

    /// The statements as they will be, from those between bars.
    fn read(dialect: Dialect, text: &str, wrapped: bool) -> String {
        let sql = text.replace('|', ";");
        let ranges = migrate_sql::split(dialect, &sql).unwrap();
        let found = Transactions::new(dialect, &sql, &ranges, wrapped);
        let kept = ranges
            .iter()
            .filter(|range| !found.left_out.contains(range))
            .map(|range| sql[range.clone()].trim());
        let begin = found.begins.then_some("+BEGIN").into_iter();
        let commit = found.commits.then_some("+COMMIT");
        begin
            .chain(kept)
            .chain(commit)
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn what_a_tool_wraps() {
        for (dialect, text, expected) in [
            // All of it can be in one transaction.
            (Sqlite, "COMMIT|BEGIN|a|COMMIT|BEGIN", "a"),
            (
                Sqlite,
                "a|COMMIT|PRAGMA foreign_keys=OFF|BEGIN|b",
                "a|PRAGMA foreign_keys=OFF|b",
            ),
            (Sqlite, "BEGIN TRANSACTION|a|END TRANSACTION", "a"),
            (Sqlite, "a|COMMIT", "a"),
            // Some cannot.
            (Sqlite, "COMMIT|VACUUM|BEGIN", "VACUUM"),
            (
                Sqlite,
                "a|COMMIT|VACUUM|BEGIN|b",
                "+BEGIN|a|COMMIT|VACUUM|BEGIN|b|+COMMIT",
            ),
            (Sqlite, "a|COMMIT|VACUUM|BEGIN", "+BEGIN|a|COMMIT|VACUUM"),
            (
                Sqlite,
                "BEGIN|a|COMMIT|VACUUM|BEGIN|b|COMMIT",
                "BEGIN|a|COMMIT|VACUUM|BEGIN|b|COMMIT",
            ),
            (Sqlite, "a|ROLLBACK", "a|ROLLBACK"),
            // PostgreSQL may need the commit in between.
            (Postgres, "BEGIN|a", "a"),
            (Postgres, "a|COMMIT", "a"),
            (Postgres, "BEGIN|a|COMMIT", "a"),
            (Postgres, "BEGIN|a|BEGIN|b|COMMIT|COMMIT", "a|b"),
            (Postgres, "a|COMMIT|b", "+BEGIN|a|COMMIT|b"),
            (
                Postgres,
                "a|COMMIT|BEGIN|b",
                "+BEGIN|a|COMMIT|BEGIN|b|+COMMIT",
            ),
            (
                Postgres,
                "BEGIN|a|COMMIT|BEGIN|b|COMMIT",
                "BEGIN|a|COMMIT|BEGIN|b|COMMIT",
            ),
            (Postgres, "COMMIT|a", "a"),
            (
                Postgres,
                "COMMIT|CREATE INDEX CONCURRENTLY i ON t (a)|BEGIN",
                "CREATE INDEX CONCURRENTLY i ON t (a)",
            ),
            (Postgres, "a|COMMIT AND CHAIN|b", "a|COMMIT AND CHAIN|b"),
            // MySQL begins another.
            (MySql, "START TRANSACTION|a|COMMIT", "a"),
            (MySql, "a|BEGIN|b", "+BEGIN|a|BEGIN|b|+COMMIT"),
            (MySql, "a|COMMIT", "a"),
        ] {
            assert_eq!(read(dialect, text, true), expected, "{dialect} {text}");
        }
    }

    #[test]
    fn what_no_tool_wraps() {
        for (dialect, text, expected) in [
            (Sqlite, "BEGIN|a|COMMIT", "BEGIN|a|COMMIT"),
            (Sqlite, "BEGIN|a|COMMIT|COMMIT", "BEGIN|a|COMMIT"),
            (Postgres, "a|COMMIT", "a"),
            // It was rolled back when the tool's connection ended: a person must see it.
            (Postgres, "BEGIN|a", "BEGIN|a"),
        ] {
            assert_eq!(read(dialect, text, false), expected, "{dialect} {text}");
        }
    }
}
