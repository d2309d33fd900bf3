//! Splits SQL text into statements.
//!
//! `;` ends a statement, except inside constructs that contain statements: triggers and routines
//! with `BEGIN … END`, PostgreSQL's `BEGIN ATOMIC`, and parentheses (a PostgreSQL rule).

mod mysql;
mod postgres;
mod sqlite;

use std::collections::VecDeque;
use std::ops::Range;

use super::lexer::{Construct, Lexer, Quoting, Token, TokenKind, Unterminated};
use super::sql_mode::{may_assign, quoting_after};
use crate::Dialect;

/// Returns the statements of `text` as byte ranges, without terminators, without surrounding white
/// space and comments, and without empty statements.
///
/// ```
/// use migrate_sql::Dialect;
/// use migrate_sql::split;
///
/// let text = "CREATE TABLE a (b TEXT DEFAULT ';'); -- one\nDROP TABLE c;";
/// let statements: Vec<_> = split(Dialect::Sqlite, text)?.into_iter().map(|range| &text[range]).collect();
/// assert_eq!(statements, ["CREATE TABLE a (b TEXT DEFAULT ';')", "DROP TABLE c"]);
/// # Ok::<(), migrate_sql::Unterminated>(())
/// ```
///
/// # Errors
///
/// A quote, comment or block that does not end.
pub fn split(dialect: Dialect, text: &str) -> Result<Vec<Range<usize>>, Unterminated> {
    read(dialect, text, |_| false).map(|read| read.statements)
}

/// Finds the first line that `is_mark` accepts and that is at a position where SQL could begin: not
/// inside a quoted text or name, a comment, or the body of a routine or a trigger. Returns `None`
/// if each such line is inside a construct that ends.
///
/// # Errors
///
/// A quote, comment or block that does not end, with no such line before it.
pub fn first_mark(
    dialect: Dialect,
    text: &str,
    is_mark: fn(&str) -> bool,
) -> Result<Option<usize>, Unterminated> {
    read(dialect, text, is_mark).map(|read| read.mark)
}

/// The result of [`read`].
struct Read {
    statements: Vec<Range<usize>>,
    /// The offset of the mark at which reading stopped.
    mark: Option<usize>,
    /// The offsets from which quotes mean something else, in their order.
    quotings: Vec<(usize, Quoting)>,
}

/// Returns the offsets from which quotes mean something else, in their order: where a statement
/// outside of routines sets the `sql_mode` of MySQL. There are none if the text cannot be split.
pub(crate) fn quotings(dialect: Dialect, text: &str) -> Vec<(usize, Quoting)> {
    match dialect == Dialect::MySql && may_assign(text) {
        true => read(dialect, text, |_| false).map_or_else(|_| Vec::new(), |read| read.quotings),
        false => Vec::new(),
    }
}

/// Reads statements up to the first line that is a mark at a position where SQL could begin.
fn read(
    dialect: Dialect,
    text: &str,
    is_mark: impl Fn(&str) -> bool,
) -> Result<Read, Unterminated> {
    let mut stream = Stream {
        lexer: Lexer::new(dialect, text),
        text,
        ahead: VecDeque::with_capacity(3),
        is_mark,
        marks: VecDeque::new(),
        unterminated: None,
    };
    let mut statements: Vec<Range<usize>> = Vec::new();
    let mut statement: Option<Statement> = None;
    let mut quotings = Vec::new();
    let mut quoting = Quoting::default();
    let follows = dialect == Dialect::MySql && may_assign(text);
    loop {
        let token = stream.next();
        if let Some(mark) = stream.mark_before(token.as_ref(), &mut statement) {
            return Ok(Read {
                statements,
                mark: Some(mark),
                quotings,
            });
        }
        let Some(token) = token else { break };
        match token.kind {
            TokenKind::Delimiter => {
                // The client sends the text before the line.
                statements.extend(statement.take().map(Statement::close).transpose()?);
                stream.lexer.set_delimiter(&token);
            }
            TokenKind::Terminator => {
                // Half of an executable comment is not a statement.
                let inside = stream.lexer.is_plain()
                    && (stream.lexer.in_executable()
                        || statement.as_ref().is_some_and(Statement::is_inside));
                if !inside {
                    let done = statement.take().map(|done| done.range);
                    if follows && let Some(range) = &done {
                        let after = quoting_after(&text[range.clone()], quoting);
                        if std::mem::replace(&mut quoting, after) != after {
                            quotings.push((token.end, after));
                            stream.read_again(token.end, after);
                        }
                    }
                    statements.extend(done);
                } else if let Some(statement) = &mut statement {
                    statement.range.end = token.end;
                    statement.previous = Previous::Start;
                    statement.header = Header::No;
                }
            }
            // With another delimiter, an empty statement would be an error of the server.
            _ if statement.is_none() && &text[token.start..token.end] == ";" => {}
            _ => {
                let current = statement.get_or_insert_with(|| Statement::new(dialect, token.start));
                if stream.lexer.is_plain() {
                    current.range.end = token.end;
                    current.take(&token, &mut stream);
                } else if &text[token.start..token.end] != ";" {
                    // A last `;` before the delimiter would begin an empty statement.
                    current.range.end = token.end;
                }
            }
        }
    }
    if let Some(unterminated) = stream.unterminated {
        return Err(unterminated);
    }
    statements.extend(statement.map(Statement::close).transpose()?);
    Ok(Read {
        statements,
        mark: None,
        quotings,
    })
}

/// The significant tokens, with lookahead.
struct Stream<'a, M> {
    lexer: Lexer<'a>,
    text: &'a str,
    ahead: VecDeque<Token>,
    is_mark: M,
    /// The marks among the tokens read so far, and whether each is in an executable comment.
    marks: VecDeque<(usize, bool)>,
    /// The construct that does not end; no tokens follow it.
    unterminated: Option<Unterminated>,
}

impl<'a, M: Fn(&str) -> bool> Stream<'a, M> {
    fn read(&mut self) -> Option<Token> {
        while self.unterminated.is_none() {
            let token = match self.lexer.next_token() {
                Ok(token) => token?,
                Err(unterminated) => {
                    self.unterminated = Some(unterminated);
                    return None;
                }
            };
            if self.text.as_bytes()[token.start] == b'-' && self.is_marked(token.start) {
                let executable = self.lexer.in_executable();
                self.marks.push_back((token.start, executable));
            }
            if token.kind.matters() {
                return Some(token);
            }
        }
        None
    }

    /// Reads what follows `at` with another meaning of quotes.
    fn read_again(&mut self, at: usize, quoting: Quoting) {
        self.lexer.set_quoting(quoting, at);
        self.ahead.clear();
        self.marks.retain(|(mark, _)| *mark < at);
        self.unterminated = None;
    }

    /// Returns whether the line that begins here is a mark.
    fn is_marked(&self, at: usize) -> bool {
        let begins_line = at == 0 || self.text.as_bytes()[at - 1] == b'\n';
        begins_line
            && self.text[at..]
                .lines()
                .next()
                .is_some_and(|line| (self.is_mark)(line.trim_end()))
    }

    /// Returns the mark before the next token, or before the end, that is where SQL could begin.
    fn mark_before(
        &mut self,
        token: Option<&Token>,
        statement: &mut Option<Statement>,
    ) -> Option<usize> {
        while let Some((at, executable)) = self.marks.front().copied()
            && token.is_none_or(|token| at <= token.start)
        {
            self.marks.pop_front();
            match statement {
                _ if executable => {}
                None => return Some(at),
                Some(statement) if self.lexer.is_plain() && statement.blocks.is_empty() => {
                    return Some(at);
                }
                Some(statement) => statement.marked = !self.lexer.is_plain(),
            }
        }
        None
    }

    fn next(&mut self) -> Option<Token> {
        self.ahead.pop_front().or_else(|| self.read())
    }

    /// Returns the text of the token `n` tokens after the present one; empty at the end.
    fn peek(&mut self, n: usize) -> &'a str {
        while self.ahead.len() <= n {
            match self.read() {
                Some(token) => self.ahead.push_back(token),
                None => return "",
            }
        }
        let token = self.ahead[n];
        &self.text[token.start..token.end]
    }
}

/// The kind of a statement, as far as it has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The first word has not been read.
    Unknown,
    /// CREATE or ALTER; the kind of the object has not been read.
    Create,
    /// Can contain statements: a routine, a trigger, a compound statement.
    Routine,
    /// A package of MariaDB, whose `AS` opens it.
    Package,
    /// Contains no statements.
    Plain,
}

/// The context that the previous word sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    /// A statement may begin here.
    Start,
    /// `END`, which may be followed by the keyword of the block that it ends.
    End,
    /// A name or an expression follows, so that `end` and `begin` are columns.
    Name,
    /// An alias or the body of a routine follows.
    As,
    Other,
}

#[derive(Clone, Copy)]
struct Block {
    holds: Holds,
    at: usize,
}

/// The contents of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Statements,
    /// A `CASE` inside an expression.
    Expression,
    /// A condition or a range, followed by the `DO` or `LOOP` of a `WHILE` or `FOR`.
    Condition,
    /// In MariaDB's Oracle mode, the declarations of a routine or a package, followed by `BEGIN`.
    Declarations,
}

struct Statement {
    dialect: Dialect,
    range: Range<usize>,
    kind: Kind,
    blocks: Vec<Block>,
    parentheses: usize,
    previous: Previous,
    header: Header,
    /// Set inside a `<<label>>` of Oracle mode.
    label: bool,
    /// Set if a mark is inside the statement.
    marked: bool,
}

/// The state between the name of a routine and its body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    /// Not in a header.
    No,
    /// `AS` or `IS` begins an Oracle mode body.
    Open,
    /// Like `Open`, but a `RETURN` begins a body.
    Returns,
}

impl Statement {
    fn new(dialect: Dialect, start: usize) -> Self {
        Self {
            dialect,
            range: start..start,
            kind: Kind::Unknown,
            blocks: Vec::new(),
            parentheses: 0,
            previous: Previous::Start,
            header: Header::No,
            label: false,
            marked: false,
        }
    }

    /// Ends the statement if nothing has ended it.
    fn close(self) -> Result<Range<usize>, Unterminated> {
        match self.blocks.last() {
            Some(block) => Err(Unterminated {
                what: Construct::Block,
                at: block.at,
            }),
            // Only with a delimiter that a `DELIMITER` line set does a mark belong to the
            // statement.
            None if self.marked => Err(Unterminated {
                what: Construct::Block,
                at: self.range.start,
            }),
            None => Ok(self.range),
        }
    }

    /// Returns whether a `;` here belongs to the statement.
    fn is_inside(&self) -> bool {
        !self.blocks.is_empty() || (self.dialect == Dialect::Postgres && self.parentheses > 0)
    }

    fn take(&mut self, token: &Token, stream: &mut Stream<'_, impl Fn(&str) -> bool>) {
        let text = &stream.text[token.start..token.end];
        if token.kind != TokenKind::Word {
            match text {
                "(" => self.parentheses += 1,
                ")" => self.parentheses = self.parentheses.saturating_sub(1),
                _ => {}
            }
            // A label ends with a colon, and the statement that it names begins after it; a routine
            // without characteristics begins after its parameters.
            let parameters = text == ")" && self.parentheses == 0 && self.blocks.is_empty();
            let label = text == ":" && self.kind == Kind::Routine;
            let executable = text.starts_with("/*") || text == "*/";
            let mysql = self.dialect == Dialect::MySql && self.kind == Kind::Routine;
            let labelled = text == ">>" && self.label;
            self.label = match text {
                "<<" => mysql && self.previous == Previous::Start,
                ">>" => false,
                _ => self.label,
            };
            self.previous = if parameters || label || labelled {
                Previous::Start
            } else if token.kind == TokenKind::Symbol && text != ")" && !executable {
                Previous::Name
            } else {
                Previous::Other
            };
            return;
        }
        if self.label {
            return;
        }
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        match self.kind {
            Kind::Unknown => {
                self.kind = match self.dialect {
                    _ if is("CREATE") => Kind::Create,
                    Dialect::MySql => mysql::first_word(text, stream),
                    Dialect::Sqlite | Dialect::Postgres => Kind::Plain,
                };
                if self.kind != Kind::Routine {
                    return;
                }
            }
            Kind::Create => {
                self.previous = Previous::Other;
                self.kind = match self.dialect {
                    Dialect::Sqlite => sqlite::created(text),
                    Dialect::Postgres => postgres::created(text),
                    Dialect::MySql => mysql::created(text),
                };
                if self.dialect == Dialect::MySql && (is("PROCEDURE") || is("FUNCTION")) {
                    self.header = Header::Open;
                }
                return;
            }
            Kind::Package if is("AS") || is("IS") => {
                self.kind = Kind::Routine;
                self.open(Holds::Declarations, token.start);
                return;
            }
            Kind::Plain | Kind::Package => return,
            Kind::Routine => {}
        }
        match self.dialect {
            Dialect::MySql => self.mysql(text, token.start, stream),
            Dialect::Sqlite => self.sqlite(text, token.start),
            Dialect::Postgres => self.postgres(text, token.start, stream),
        }
    }

    fn open(&mut self, holds: Holds, at: usize) {
        self.blocks.push(Block { holds, at });
        self.previous = match holds {
            Holds::Statements | Holds::Declarations => Previous::Start,
            Holds::Condition => Previous::Name,
            Holds::Expression => Previous::Other,
        };
    }

    /// Opens a block of statements, unless it is the one that the surrounding block expects.
    fn open_or_go_on(&mut self, awaited_by: Holds, at: usize) {
        match self.blocks.last_mut() {
            Some(block) if block.holds == awaited_by => {
                block.holds = Holds::Statements;
                self.previous = Previous::Start;
            }
            _ => self.open(Holds::Statements, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MySql, Postgres, Sqlite};

    fn statements(dialect: Dialect, text: &str) -> Vec<&str> {
        split(dialect, text)
            .unwrap()
            .into_iter()
            .map(|range| &text[range])
            .collect()
    }

    /// The statements, one per line, separated by a line `~`.
    #[track_caller]
    fn splits(dialect: Dialect, text: &str) {
        let expected: Vec<_> = text.split("\n~\n").map(str::trim).collect();
        let joined = expected.join(";\n") + ";\n-- the end";
        assert_eq!(statements(dialect, &joined), expected, "{dialect}");
        let open = expected.join(";\n");
        assert_eq!(
            statements(dialect, &open),
            expected,
            "{dialect}, without the last `;`"
        );
    }

    #[test]
    fn quotes_follow_the_sql_mode() {
        splits(
            MySql,
            r#"SET sql_mode = 'NO_BACKSLASH_ESCAPES'
~
SELECT 'C:\', ';'
~
SET sql_mode = @before, x = 'it\'
~
SELECT 'it\';'
~
SET sql_mode = ANSI
~
SELECT ';\'' AS ";\", "a"
~
CREATE PROCEDURE p() BEGIN SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'it\';'; END
~
SELECT 'it\';'"#,
        );
        let tokens = |text: &str| crate::tokens(MySql, text).expect("it ends");
        let set = "SET sql_mode = 'NO_BACKSLASH_ESCAPES';";
        assert_eq!(
            tokens(&format!("{set} SELECT '\\' -- '")),
            tokens(&format!("{set}SELECT '\\'"))
        );
    }

    #[test]
    fn nothing_is_no_statement() {
        for dialect in Dialect::ALL {
            assert!(statements(dialect, "").is_empty());
            assert!(statements(dialect, " ; -- a\n;; /* b */ ;").is_empty());
        }
    }

    #[test]
    fn sqlite_triggers() {
        splits(
            Sqlite,
            "CREATE TABLE a (b)
~
CREATE TEMP TRIGGER t AFTER UPDATE ON a WHEN CASE WHEN new.b THEN 1 END BEGIN
  UPDATE a SET b = CASE WHEN 1 THEN 2 ELSE 3 END; -- ; END
  SELECT 'END;';
END
~
CREATE TABLE \"begin\" (x)",
        );
        splits(
            Sqlite,
            "BEGIN\n~\nSELECT 1\n~\nEND\n~\nSELECT CASE WHEN 1 THEN 2 END",
        );
    }

    #[test]
    fn postgres_bodies() {
        splits(Postgres, "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$
~
CREATE FUNCTION g(a int DEFAULT 1) RETURNS int BEGIN ATOMIC
  SELECT CASE WHEN a = 1 THEN 2 END;
  SELECT 3;
END
~
CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM v)
~
BEGIN TRANSACTION
~
DO $x$ BEGIN PERFORM 1; END $x$
~
INSERT INTO t VALUES (E'a\\';b', U&'c;', B'1', 'd'';')");
    }

    #[test]
    fn mysql_routines_without_a_delimiter() {
        splits(MySql, "CREATE TABLE IF NOT EXISTS a (b INT)
~
CREATE DEFINER=`root`@`localhost` PROCEDURE p(IN n INT)
BEGIN
  DECLARE done INT DEFAULT FALSE;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  DECLARE c CURSOR FOR SELECT b FROM a;
  outer_loop: LOOP
    IF n > 3 THEN
      SET n = IF(n = 4, 1, 2);
    ELSEIF n < 1 THEN
      SELECT 1;
    ELSE IF n = 2 THEN SELECT 2; END IF;
    END IF;
    LEAVE outer_loop;
  END LOOP outer_loop;
  WHILE n > 0 DO SET n = n - 1; END WHILE;
  REPEAT SET n = n + 1; UNTIL n > 5 END REPEAT;
  CASE n WHEN 1 THEN SELECT CASE WHEN 1 THEN IF(1, 2, 3) ELSE IF(1, 2, 3) END; ELSE BEGIN END; END CASE;
  SELECT REPEAT('a', 3);
  DROP TABLE IF EXISTS x;
  IF NOT EXISTS (SELECT 1) THEN SELECT 3; END IF;
  FOR i IN 1..3 DO SELECT i; END FOR;
END
~
CREATE TRIGGER IF NOT EXISTS t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1
~
CREATE TRIGGER u BEFORE INSERT ON a FOR EACH ROW IF NEW.b IS NULL THEN SET NEW.b = 1; END IF
~
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END
~
CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN IF(a, 1, 2)
~
CREATE OR REPLACE VIEW v AS SELECT 1
~
SELECT CASE WHEN 1 THEN 2 END
~
BEGIN NOT ATOMIC SELECT 1; SELECT 2; END
~
BEGIN
~
COMMIT");
    }

    #[test]
    fn mysql_delimiters() {
        let text = "SELECT 1;\nDELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT ';'; END//\n\
                    CREATE PROCEDURE q() SELECT 2 //\ndelimiter ;\nSELECT 3;\n";
        assert_eq!(
            statements(MySql, text),
            [
                "SELECT 1",
                "CREATE PROCEDURE p() BEGIN SELECT ';'; END",
                "CREATE PROCEDURE q() SELECT 2",
                "SELECT 3"
            ]
        );
        let dump = "/*!50003 SET x=1 */ ;\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a=1; END */;;\nDELIMITER ;\n";
        assert_eq!(statements(MySql, dump).len(), 2);
        let dollars = "DELIMITER $$\nSELECT a$$\nSELECT 2$$\nDELIMITER ;";
        assert_eq!(statements(MySql, dollars), ["SELECT a", "SELECT 2"]);
    }

    #[test]
    fn a_block_that_does_not_end() {
        let text = "SELECT 1; CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;";
        let unterminated = split(Sqlite, text).unwrap_err();
        assert_eq!(unterminated.what, Construct::Block);
        assert_eq!(&text[unterminated.at..unterminated.at + 5], "BEGIN");
    }

    #[test]
    fn columns_called_begin_and_end_open_and_close_nothing() {
        for (dialect, first) in [
            (
                MySql,
                "CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW BEGIN IF NEW.end < NEW.start THEN SET NEW.end = NEW.start; END IF; SET NEW.a = 1; END",
            ),
            (
                MySql,
                "CREATE PROCEDURE p() BEGIN DECLARE end INT; SELECT start, end FROM b WHERE end > 3; SELECT 2; END",
            ),
            (MySql, "CREATE PROCEDURE p(begin INT) SELECT begin"),
            (
                Sqlite,
                "CREATE TRIGGER t AFTER INSERT ON b BEGIN UPDATE b SET end = NEW.end; SELECT CASE WHEN 1 THEN 2 END; END",
            ),
            (
                Postgres,
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT t.end FROM t; END",
            ),
        ] {
            assert_eq!(
                statements(dialect, &format!("{first}; SELECT 1;")),
                [first, "SELECT 1"]
            );
        }
    }

    #[test]
    fn a_mysql_body_can_be_one_compound_statement_behind_any_header() {
        for first in [
            "CREATE PROCEDURE p(a INT) COMMENT 'x' IF a THEN SELECT 1; END IF",
            "CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW FOLLOWS u IF NEW.a THEN SET NEW.b=1; END IF",
            "CREATE FUNCTION f(a INT) RETURNS INT IF a THEN RETURN 1; ELSE RETURN 2; END IF",
            "CREATE FUNCTION f(a INT) RETURNS INT NO SQL l: WHILE a DO SET a=0; SET a=0; END WHILE",
            "/*!50001 SET @a=1; SET @b=2 */",
        ] {
            assert_eq!(
                statements(MySql, &format!("{first}; SELECT 2")),
                [first, "SELECT 2"]
            );
        }
    }

    #[test]
    fn bodies_of_mariadbs_oracle_mode() {
        for first in [
            "CREATE PROCEDURE p AS BEGIN SELECT 1; SELECT 2; END",
            "CREATE OR REPLACE PROCEDURE p (a IN INT, b OUT VARCHAR2(9)) IS x INT := 1; y INT; BEGIN x := a; END p",
            "CREATE FUNCTION f(a INT) RETURN VARCHAR(9) DETERMINISTIC AS BEGIN RETURN a IS NULL; END",
            "CREATE PROCEDURE p AS BEGIN FOR i IN 1..3 LOOP SELECT i; END LOOP; WHILE end > 1 LOOP SELECT 2; END LOOP; SELECT 3; END",
            "CREATE PROCEDURE p AS BEGIN <<l>> LOOP EXIT l WHEN 1; END LOOP; <<begin>> BEGIN NULL; END; <<m>> FOR i IN 1..2 LOOP NULL; END LOOP m; SELECT 1; END",
            "CREATE PROCEDURE p AS BEGIN IF a THEN NULL; ELSIF end > 1 THEN NULL; ELSE NULL; END IF; EXCEPTION WHEN OTHERS THEN BEGIN SELECT 1; END; SELECT 2; END",
            "CREATE PROCEDURE p AS BEGIN DECLARE x INT; BEGIN x := 1; END; SELECT x << 2 >> 1; END",
            "CREATE PROCEDURE p AS CURSOR c IS SELECT a AS b FROM t; PROCEDURE q AS BEGIN NULL; END; BEGIN OPEN c; END",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW DECLARE x INT; BEGIN x := 1; END",
            "CREATE PACKAGE p AS PROCEDURE q(a INT); FUNCTION f RETURN INT; END",
            "CREATE PACKAGE BODY p AS x INT; PROCEDURE q(a INT) AS y INT; BEGIN SELECT 1; END; FUNCTION f RETURN INT AS BEGIN RETURN 1; END; BEGIN x := 3; SELECT 2; END p",
        ] {
            assert_eq!(
                statements(MySql, &format!("{first}; SELECT 9")),
                [first, "SELECT 9"]
            );
        }
        // In no mode does `AS` after the beginning of a body open a body.
        for first in [
            "CREATE PROCEDURE p() SELECT 1 AS a",
            "CREATE FUNCTION f(a INT) RETURNS INT RETURN a IS NULL",
            "CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE JAVASCRIPT AS 'return 1;'",
        ] {
            assert_eq!(
                statements(MySql, &format!("{first}; SELECT 9")),
                [first, "SELECT 9"]
            );
        }
    }

    #[test]
    fn a_compound_statement_can_have_a_label() {
        splits(
            MySql,
            "l: BEGIN NOT ATOMIC SELECT 1; SELECT 2; END l\n~\nl: LOOP LEAVE l; END LOOP l\n~\n`m` : WHILE end > 1 DO SELECT 1; SELECT 2; END WHILE\n~\nSELECT 3",
        );
    }

    #[test]
    fn a_last_semicolon_before_the_delimiter_is_no_part_of_the_statement() {
        for text in [
            "DELIMITER //\nBEGIN NOT ATOMIC SELECT 1; END;\n//\nDELIMITER ;\n",
            "DELIMITER //\nBEGIN NOT ATOMIC SELECT 1; END ; -- so\n;\nDELIMITER ;\n",
            "SELECT 0; DELIMITER //\nBEGIN NOT ATOMIC SELECT 1; END; // DELIMITER ;\n",
        ] {
            let found = statements(MySql, text);
            assert_eq!(
                found.last(),
                Some(&"BEGIN NOT ATOMIC SELECT 1; END"),
                "{text}"
            );
        }
    }

    #[test]
    fn delimiter_can_be_a_column() {
        let text = "CREATE TABLE t (\n  delimiter VARCHAR(3)\n); SELECT 1;";
        assert_eq!(statements(MySql, text).len(), 2);
        for text in [
            "DELIMITER '//'\nSELECT 1//\nDELIMITER ;\nSELECT 2;",
            "DELIMITER //\nSELECT 1\nDELIMITER ;\nSELECT 2;",
            "DELIMITER //\n;//\nSELECT 1//\nSELECT 2//\n",
        ] {
            assert_eq!(statements(MySql, text), ["SELECT 1", "SELECT 2"]);
        }
    }

    #[test]
    fn postgres_texts_go_on_in_the_next_line() {
        let text = "SELECT E'a'\n'b\\'; c'; SELECT 1$$;$$";
        assert_eq!(statements(Postgres, text).len(), 2);
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        let many = 2_000_000;
        for piece in [
            "'",
            "/*",
            "$a$",
            "$a",
            "(",
            "--\n",
            "BEGIN ",
            "CASE ",
            "\\'",
            "é",
            "DELIMITER x\n",
            "+",
            "+-",
        ] {
            for dialect in Dialect::ALL {
                let _either = split(dialect, &piece.repeat(many / piece.len()));
                let _either = split(
                    dialect,
                    &format!("CREATE TRIGGER {}", piece.repeat(many / piece.len())),
                );
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_splits_into_ordered_pieces(text in "[-a-z'\"`$;/*()#\\\\ \n\\[\\]é!]{0,60}") {
            for dialect in Dialect::ALL {
                let Ok(ranges) = split(dialect, &text) else { continue };
                let mut last = 0;
                for range in ranges {
                    assert!(last <= range.start && range.start < range.end);
                    assert!(text.get(range.clone()).is_some());
                    last = range.end;
                }
            }
        }

        #[test]
        fn statements_joined_again_are_the_same(words in proptest::collection::vec("w[a-z]{0,4}( '[a-z;]*')?( \\([a-z]\\))?", 0..6)) {
            for dialect in Dialect::ALL {
                let joined = words.join(";\n");
                let expected: Vec<_> = words.iter().map(String::as_str).collect();
                proptest::prop_assert_eq!(statements(dialect, &joined), expected);
            }
        }
    }
}
