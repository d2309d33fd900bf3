//! The statements of MySQL and MariaDB.

use super::{Header, Holds, Kind, Previous, Statement, Stream};

/// The keywords after END that name the block that it ends.
const ENDED: [&str; 6] = ["IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"];

/// The words that can be last before the statement of a trigger, an event or a routine.
const HEADER_ENDS: [&str; 6] = ["ROW", "DETERMINISTIC", "SQL", "DATA", "INVOKER", "DEFINER"];

/// The words before a name or an expression. BEGIN and END are not reserved on MySQL (manual,
/// "Keywords and Reserved Words"), so columns can have these names.
const BEFORE_NAMES: [&str; 26] = [
    "SELECT", "DISTINCT", "WHERE", "AND", "OR", "NOT", "SET", "DECLARE", "BY", "ON", "INTO",
    "WHEN", "ELSEIF", "ELSIF", "UNTIL", "RETURN", "IN", "LIKE", "BETWEEN", "HAVING", "FROM",
    "JOIN", "UPDATE", "TABLE", "COLUMN", "ADD",
];

/// The words that begin the body of a routine; after them, `AS` and `IS` belong to expressions.
const BODIES: [&str; 20] = [
    "BEGIN", "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "REPLACE", "SET",
    "CALL", "DO", "IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR", "CREATE", "ALTER",
];

/// The objects whose `CREATE` contains no statements.
const PLAIN_OBJECTS: [&str; 16] = [
    "TABLE",
    "TEMPORARY",
    "VIEW",
    "INDEX",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "DATABASE",
    "SCHEMA",
    "USER",
    "ROLE",
    "SERVER",
    "SEQUENCE",
    "TABLESPACE",
    "LOGFILE",
    "INSTANCE",
];

/// Returns the kind of a statement that does not begin with CREATE, by its first words.
pub(super) fn first_word(word: &str, stream: &mut Stream<'_, impl Fn(&str) -> bool>) -> Kind {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("ALTER") {
        return Kind::Create;
    }
    // MariaDB accepts compound statements outside routines too: `BEGIN NOT ATOMIC`, and the
    // others unchanged, optionally with a label. A plain BEGIN starts a transaction.
    let compound = match is("BEGIN") {
        true => stream.peek(0).eq_ignore_ascii_case("NOT"),
        false => ENDED.into_iter().any(is) || stream.peek(0) == ":",
    };
    if compound { Kind::Routine } else { Kind::Plain }
}

/// Returns the kind of a `CREATE` or `ALTER` statement by one of its first words.
pub(super) fn created(word: &str) -> Kind {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"]
        .into_iter()
        .any(is)
    {
        Kind::Routine
    } else if is("PACKAGE") {
        Kind::Package
    } else if PLAIN_OBJECTS.into_iter().any(is) {
        Kind::Plain
    } else {
        // OR REPLACE, DEFINER = name@host, AGGREGATE, ALGORITHM = …
        Kind::Create
    }
}

impl Statement {
    /// Follows the header of a routine; returns whether `word` is the `AS` or `IS` that ends it in
    /// MariaDB's Oracle mode (manual, "SQL_MODE=ORACLE").
    fn is_body_of_oracle_mode(
        &mut self,
        word: &str,
        stream: &mut Stream<'_, impl Fn(&str) -> bool>,
    ) -> bool {
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        if self.header == Header::No || self.parentheses > 0 {
            return false;
        }
        if is("RETURNS") {
            self.header = Header::Returns;
        } else if BODIES.into_iter().any(is) || (is("RETURN") && self.header == Header::Returns) {
            self.header = Header::No;
        } else if is("AS") || is("IS") {
            self.header = Header::No;
            // A body in another language is a quoted text: `AS $$ … $$`.
            return !stream.peek(0).starts_with(['$', '\'', '"']);
        }
        false
    }

    /// The compound statements of MySQL and MariaDB ("Compound Statement Syntax").
    pub(super) fn mysql(
        &mut self,
        word: &str,
        at: usize,
        stream: &mut Stream<'_, impl Fn(&str) -> bool>,
    ) {
        if self.is_body_of_oracle_mode(word, stream) {
            self.open(Holds::Declarations, at);
            return;
        }
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        let previous = std::mem::replace(&mut self.previous, Previous::Other);
        let holds = self.blocks.last().map(|block| block.holds);
        let in_expression = holds == Some(Holds::Expression);
        let starts = previous == Previous::Start && !in_expression;
        if (is("BEGIN") && previous == Previous::Name)
            || (is("END") && matches!(previous, Previous::Name | Previous::As))
        {
            // A column.
        } else if is("END") {
            self.blocks.pop();
            self.previous = Previous::End;
        } else if previous == Previous::End && ENDED.into_iter().any(is) {
            // `END IF`, `END CASE`: that block is closed already.
        } else if is("CASE") {
            let holds = match starts {
                true => Holds::Statements,
                false => Holds::Expression,
            };
            self.open(holds, at);
            self.previous = Previous::Other;
        } else if is("BEGIN") {
            self.open_or_go_on(Holds::Declarations, at);
        } else if is("LOOP") {
            self.open_or_go_on(Holds::Condition, at);
        } else if is("IF") && starts {
            self.open(Holds::Statements, at);
            self.previous = Previous::Name;
        } else if is("THEN") && self.blocks.is_empty() {
            // The IF was the whole body, after a header that can end with any word.
            self.open(Holds::Statements, at);
        } else if is("AS") {
            self.previous = Previous::As;
        } else if is("DECLARE") && starts && self.blocks.is_empty() {
            // A trigger of Oracle mode.
            self.open(Holds::Declarations, at);
        } else if (is("PROCEDURE") || is("FUNCTION"))
            && starts
            && holds == Some(Holds::Declarations)
        {
            self.header = Header::Open;
        } else if BEFORE_NAMES.into_iter().any(is) {
            self.previous = Previous::Name;
        } else if (is("WHILE") && (starts || self.blocks.is_empty())) || (is("FOR") && starts) {
            self.open(Holds::Condition, at);
        } else if is("REPEAT") && starts {
            self.open(Holds::Statements, at);
        } else if is("DO") && holds == Some(Holds::Condition) {
            self.open_or_go_on(Holds::Condition, at);
        } else if ((is("THEN") || is("ELSE") || is("DO")) && !in_expression)
            || (self.blocks.is_empty() && HEADER_ENDS.into_iter().any(is))
        {
            self.previous = Previous::Start;
        }
    }
}
