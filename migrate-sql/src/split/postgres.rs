//! The statements of PostgreSQL.

use super::{Holds, Kind, Previous, Statement, Stream};

/// Returns the kind of a `CREATE` statement by one of its first words.
pub(super) fn created(word: &str) -> Kind {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("FUNCTION") || is("PROCEDURE") {
        Kind::Routine
    } else if is("OR") || is("REPLACE") {
        Kind::Create
    } else {
        Kind::Plain
    }
}

impl Statement {
    /// SQL-standard bodies: one block, with CASE inside it. `AS end` and `t.end` are names.
    pub(super) fn postgres(
        &mut self,
        word: &str,
        at: usize,
        stream: &mut Stream<'_, impl Fn(&str) -> bool>,
    ) {
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        let previous = std::mem::replace(&mut self.previous, Previous::Other);
        if (is("BEGIN") && stream.peek(0).eq_ignore_ascii_case("ATOMIC") && self.blocks.is_empty())
            || is("CASE")
        {
            self.open(Holds::Statements, at);
            self.previous = Previous::Other;
        } else if is("END") && !matches!(previous, Previous::Name | Previous::As) {
            self.blocks.pop();
        } else if is("AS") {
            self.previous = Previous::As;
        }
    }
}
