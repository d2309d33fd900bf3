//! The statements of SQLite.

use super::{Holds, Kind, Previous, Statement};

/// Returns the kind of a `CREATE` statement by one of its first words.
pub(super) fn created(word: &str) -> Kind {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("TRIGGER") {
        Kind::Routine
    } else if is("TEMP") || is("TEMPORARY") {
        Kind::Create
    } else {
        Kind::Plain
    }
}

impl Statement {
    /// Only a trigger ends with `; END`, because a CASE contains no `;` (`sqlite3_complete()` has
    /// the same rule).
    pub(super) fn sqlite(&mut self, word: &str, at: usize) {
        let previous = std::mem::replace(&mut self.previous, Previous::Other);
        if word.eq_ignore_ascii_case("BEGIN") && self.blocks.is_empty() {
            self.open(Holds::Statements, at);
            self.previous = Previous::Other;
        } else if word.eq_ignore_ascii_case("END") && previous == Previous::Start {
            self.blocks.pop();
        }
    }
}
