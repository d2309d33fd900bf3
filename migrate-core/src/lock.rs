//! chain.lock: the revisions of the chain, and the hash of each when it was sealed.
//!
//! One line per revision, sorted by id: its id, its parents (`-` for a base) and its hash, or the
//! word `draft`.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::MOST_PROBLEMS;
use crate::{Code, Diagnostic, Hash, Label, Revision, RevisionId};

/// The contents of chain.lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainLock {
    entries: BTreeMap<RevisionId, Entry>,
}

/// The entry of a revision in chain.lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The parents, in the order of the file.
    pub parents: Vec<RevisionId>,
    /// Draft or sealed.
    pub state: LockState,
}

/// Whether a revision may be edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockState {
    /// It may be edited.
    Draft,
    /// It may not be edited; this is its hash.
    Sealed(Hash),
}

impl ChainLock {
    /// The file's name in the migrations folder.
    pub const FILE: &'static str = "chain.lock";

    /// The version of the format and of the hash that this crate writes.
    pub const VERSION: u32 = 1;

    /// Returns the entry of a revision.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Iterates over the revisions, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = (&RevisionId, &Entry)> {
        self.entries.iter()
    }

    /// Returns whether the lock has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Records a revision as a draft, also if it was sealed.
    pub fn draft(&mut self, revision: &Revision) {
        self.enter(revision, LockState::Draft);
    }

    /// Records a revision as sealed with its present hash.
    pub fn seal(&mut self, revision: &Revision) {
        self.enter(revision, LockState::Sealed(revision.hash));
    }

    /// Updates the entry of a revision after an intended edit: a sealed revision stays sealed, with
    /// its present hash. A revision without an entry gets none.
    pub fn update(&mut self, revision: &Revision) {
        match self.get(revision.id.as_str()).map(|entry| entry.state) {
            Some(LockState::Draft) => self.draft(revision),
            Some(LockState::Sealed(_)) => self.seal(revision),
            None => {}
        }
    }

    fn enter(&mut self, revision: &Revision, state: LockState) {
        let parents = revision.parents.to_vec();
        self.entries
            .insert(revision.id.clone(), Entry { parents, state });
    }

    /// Removes the entry of a revision; returns whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.entries.remove(id).is_some()
    }

    /// Writes the file's text.
    #[must_use]
    pub fn render(&self) -> String {
        use std::fmt::Write as _;

        let mut text = format!(
            "# Written by cargo migrate: commit it, do not edit it.\nversion {}\n",
            Self::VERSION
        );
        for (id, entry) in &self.entries {
            let parents: Vec<_> = entry.parents.iter().map(RevisionId::as_str).collect();
            let parents = match parents.is_empty() {
                true => "-".to_owned(),
                false => parents.join(","),
            };
            let _infallible = match entry.state {
                LockState::Draft => writeln!(text, "{id} {parents} draft"),
                LockState::Sealed(hash) => writeln!(text, "{id} {parents} {hash}"),
            };
        }
        text
    }

    /// Reads a chain.lock; `file` is the name shown in messages.
    ///
    /// # Errors
    ///
    /// Everything wrong with it, each a [`Code::LockMalformed`].
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader {
            file,
            text,
            diagnostics: Vec::new(),
        };
        let lock = reader.read();
        if reader.diagnostics.is_empty() {
            Ok(lock)
        } else {
            Err(reader.diagnostics)
        }
    }
}

impl FromIterator<(RevisionId, Entry)> for ChainLock {
    fn from_iter<I: IntoIterator<Item = (RevisionId, Entry)>>(entries: I) -> Self {
        let mut lock = Self::default();
        lock.entries.extend(entries);
        lock
    }
}

const RESTORE: &str = "restore the committed file with `git checkout HEAD -- <this file>`, then run `cargo migrate check`";

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Range<usize>, message: &str, word: &str, help: &str) {
        if self.diagnostics.len() >= MOST_PROBLEMS {
            return;
        }
        self.diagnostics.push(
            Diagnostic::error(Code::LockMalformed, message)
                .label(Label::at(self.file, self.text, span, word))
                .help(help.replace("<this file>", self.file)),
        );
    }

    fn read(&mut self) -> ChainLock {
        let mut lock = ChainLock::default();
        let mut version = None;
        let mut start = usize::from(self.text.starts_with('\u{feff}')) * 3;
        for line in self.text[start..].split_inclusive('\n') {
            let trimmed = line.trim();
            let from = start + (line.len() - line.trim_start().len());
            let span = from..from + trimmed.len();
            let ended = line.ends_with('\n');
            start += line.len();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            if is_conflict_marker(trimmed) {
                self.problem(
                    span,
                    "chain.lock has the conflict markers of an unfinished git merge",
                    "keep both sides",
                    "delete the lines `<<<<<<<`, `=======` and `>>>>>>>`, keep all lines between them, then run `cargo migrate check`",
                );
                // One report is enough: the other markers belong to the same merge.
                return lock;
            }
            if let Some(number) = trimmed.strip_prefix("version ") {
                version = Some(number);
                if number != ChainLock::VERSION.to_string() {
                    self.problem(
                        span,
                        "chain.lock was written by another version of cargo migrate",
                        "this one reads version 1",
                        "install the version that the project uses: `cargo install cargo-migrate`",
                    );
                    return lock;
                }
                if !ended {
                    self.problem(span, "chain.lock is truncated here", "", RESTORE);
                }
                continue;
            }
            match entry(trimmed) {
                Some((id, entry)) if ended => {
                    if lock
                        .entries
                        .insert(id, entry.clone())
                        .is_some_and(|old| old != entry)
                    {
                        self.problem(
                            span,
                            "chain.lock has two different entries for one revision",
                            "this entry differs from the previous one",
                            "delete the wrong line, then run `cargo migrate check`",
                        );
                    }
                }
                Some(_) | None if !ended => {
                    self.problem(span, "chain.lock is truncated here", "", RESTORE);
                }
                _ => self.problem(
                    span,
                    "invalid line in chain.lock",
                    "expected `<id> <parents> <hash>` or `<id> <parents> draft`",
                    RESTORE,
                ),
            }
        }
        if version.is_none() && self.diagnostics.is_empty() {
            self.problem(
                0..0,
                "chain.lock does not begin with its version",
                "expected `version 1`",
                RESTORE,
            );
        }
        lock
    }
}

/// Parses one line of chain.lock; returns `None` if it is invalid.
pub fn entry(line: &str) -> Option<(RevisionId, Entry)> {
    let mut words = line.split_ascii_whitespace();
    let id = words.next()?.parse().ok()?;
    let parents = match words.next()? {
        "-" => Vec::new(),
        ids => ids
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?,
    };
    let state = match words.next()? {
        "draft" => LockState::Draft,
        hash => LockState::Sealed(hash.parse().ok()?),
    };
    match words.next() {
        Some(_) => None,
        None => Some((id, Entry { parents, state })),
    }
}

/// Returns whether a line is a conflict marker of git.
pub fn is_conflict_marker(line: &str) -> bool {
    if !line.starts_with(['<', '>', '=', '|']) {
        return false;
    }
    let line = line.trim_end();
    line.starts_with("<<<<<<< ")
        || line.starts_with(">>>>>>> ")
        || line == "======="
        || line.starts_with("||||||| ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Written by cargo migrate: commit it, do not edit it.
version 1
a - 00000000000000000000000000000000000000000000000000000000000000ff
b a draft
c a,b draft
";

    fn rendered(text: &str) -> String {
        let diagnostics = ChainLock::parse("migrations/chain.lock", text).unwrap_err();
        diagnostics.iter().map(|d| format!("{d}\n")).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let lock = ChainLock::parse("chain.lock", TEXT).unwrap();
        assert_eq!(lock.render(), TEXT);
        let crlf = TEXT.replace('\n', "\r\n");
        assert_eq!(ChainLock::parse("chain.lock", &crlf).unwrap(), lock);
    }

    #[test]
    fn a_lock_cut_in_half() {
        insta::assert_snapshot!(rendered(&TEXT[..100]));
        for end in 1..TEXT.len() {
            // A cut at any place other than the end of a line is refused.
            if !TEXT[..end].ends_with('\n') && end > 55 {
                assert!(
                    ChainLock::parse("chain.lock", &TEXT[..end]).is_err(),
                    "{end}"
                );
            }
        }
    }

    #[test]
    fn a_lock_in_the_middle_of_a_merge() {
        let text = TEXT.replace(
            "b a draft",
            "<<<<<<< HEAD\nb a draft\n=======\nd a draft\n>>>>>>> other",
        );
        insta::assert_snapshot!(rendered(&text));
    }

    #[test]
    fn lines_that_mean_nothing() {
        insta::assert_snapshot!(rendered(
            "version 1\na\nb - nohash\na' - draft\nc - draft more\n"
        ));
        insta::assert_snapshot!(rendered("version 2\n"));
        insta::assert_snapshot!(rendered("a - draft\n"));
    }
}
