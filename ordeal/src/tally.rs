//! The results of an ordeal.

use std::collections::BTreeMap;

use crate::migrator::Ended;

/// Counts, and whatever went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an ordeal must be judged"]
pub struct Tally {
    /// How many rounds there were.
    pub rounds: u32,
    /// What was seen, and how often.
    pub seen: BTreeMap<String, u32>,
    /// The failures, each with its round.
    pub flaws: Vec<String>,
}

impl Tally {
    pub(crate) fn new(rounds: u32) -> Self {
        Self {
            rounds,
            ..Self::default()
        }
    }

    pub(crate) fn saw(&mut self, what: &str) {
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn flaw(&mut self, round: u32, what: impl std::fmt::Display) {
        self.flaws.push(format!("round {round}: {what}"));
    }

    /// A failed migrator must print an error, and never panic.
    pub(crate) fn judge_words(&mut self, round: u32, ended: &Ended) {
        let has_error = ended.said.lines().any(|line| line.starts_with("error: "));
        if ended.said.contains("panicked") || (ended.code == Some(1) && !has_error) {
            self.flaw(round, format_args!("no clear error:\n{}", ended.said));
        }
    }

    /// Says what was seen, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let seen = self
            .seen
            .iter()
            .map(|(what, count)| format!("{count} {what}"));
        seen.collect::<Vec<_>>().join("; ")
    }

    /// Asserts that nothing was wrong.
    ///
    /// # Panics
    ///
    /// Something was.
    #[track_caller]
    pub fn sound(&self) {
        assert!(self.flaws.is_empty(), "{}", self.flaws.join("\n"));
    }
}
