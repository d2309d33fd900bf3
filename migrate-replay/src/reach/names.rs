//! Qualified names, and whether their first part is a database.
//!
//! After `FROM` and in the other positions of objects, `a.b` is an object `b` of `a`; in an
//! expression, it is a column of a table. So the clauses are followed as far as needed to
//! distinguish both.

use super::{Item, Items as _, Named};
use migrate_core::Dialect;

/// A qualified name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Qualified {
    /// The position of its first part among the tokens.
    pub(super) first: usize,
    /// The number of its parts.
    pub(super) parts: usize,
    /// Whether it is at the position of an object; otherwise it is in an expression.
    pub(super) is_object: bool,
    /// How the statement uses it.
    pub(super) named: Named,
}

/// The results of one pass.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) names: Vec<Qualified>,
    /// The positions where statements begin, including those in bodies.
    pub(super) starts: Vec<usize>,
    /// The position where the body of the routine, trigger or event begins that the statement
    /// creates; it extends to the end.
    pub(super) body: Option<usize>,
}

/// The state inside a pair of parentheses.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Set if a comma leads to the next object of a list.
    list: bool,
    /// Set if `FROM` is a keyword of a function: `TRIM(LEADING 'x' FROM a.b)`.
    is_call: bool,
}

/// The words that begin a statement.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Verb {
    Create,
    Alter,
    Drop,
    Rename,
    Insert,
    Update,
    Delete,
    Grant,
    #[default]
    Other,
}

/// The state of the current statement.
#[derive(Clone, Copy, Default)]
struct Statement {
    verb: Verb,
    /// Set once the kind of the created, altered or dropped object is known.
    is_known: bool,
    /// Set for CREATE TABLE, whose LIKE names a table.
    is_table: bool,
    /// Set in a routine, trigger or event before its body.
    is_header: bool,
    /// Set if `ON` comes before an object.
    on: bool,
}

struct Reader<'i, 'a> {
    dialect: Dialect,
    items: &'i [Item<'a>],
    levels: Vec<Level>,
    /// Set if an object is next.
    expect: bool,
    /// Set if a statement begins here.
    start: bool,
    named: Named,
    statement: Statement,
    /// The number of open `CASE` expressions.
    cases: usize,
    read: Read,
}

/// The functions in whose arguments FROM is not a clause (MySQL manual, "String Functions", "Date
/// and Time Functions"; PostgreSQL manual, 9.4 and 9.9).
const WITH_FROM: &[&str] = &[
    "EXTRACT",
    "TRIM",
    "SUBSTRING",
    "SUBSTR",
    "MID",
    "OVERLAY",
    "POSITION",
    "NORMALIZE",
];

/// Words that may stand between a verb and its object.
const BEFORE_OBJECTS: &[&str] = &[
    "LOW_PRIORITY",
    "HIGH_PRIORITY",
    "DELAYED",
    "IGNORE",
    "QUICK",
    "HISTORY",
    "INTO",
    "IF",
    "NOT",
    "EXISTS",
    "TABLE",
    "ONLY",
    "LATERAL",
    "CONCURRENTLY",
    "BODY",
    "NOWAIT",
    "OR",
    "REPLACE",
    "ABORT",
    "FAIL",
    "ROLLBACK",
];

/// The words that end the list of a FROM.
const ENDS: &[&str] = &[
    "WHERE",
    "SET",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "VALUES",
    "VALUE",
    "WINDOW",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "RETURNING",
    "UPDATE",
];

/// Words in the header of a routine or trigger that can be last before its body (MySQL).
const HEADER_ENDS: &[&str] = &[
    "ROW",
    "DETERMINISTIC",
    "SQL",
    "DATA",
    "INVOKER",
    "DEFINER",
    "DO",
    "PRESERVE",
];

pub(super) fn read(dialect: Dialect, items: &[Item<'_>]) -> Read {
    let mut reader = Reader {
        dialect,
        items,
        levels: vec![Level::default()],
        expect: false,
        start: true,
        named: Named::Read,
        statement: Statement::default(),
        cases: 0,
        read: Read::default(),
    };
    let mut place = 0;
    while place < items.len() {
        place = reader.take(place);
    }
    reader.read
}

impl<'a> Reader<'_, 'a> {
    fn at(&self, place: usize) -> Item<'a> {
        self.items.at(place)
    }

    fn before(&self, place: usize) -> Item<'a> {
        match place.checked_sub(1) {
            Some(before) => self.at(before),
            None => Item::NONE,
        }
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// Expects an object next, and with `list` others after commas.
    fn objects(&mut self, named: Named, list: bool) {
        self.level().list = list;
        self.named = named;
        self.expect = true;
    }

    fn begin(&mut self) {
        self.levels.clear();
        self.levels.push(Level::default());
        self.expect = false;
        self.start = true;
        self.cases = 0;
        self.statement = Statement::default();
    }

    /// Reads the token at a position; returns the position after it.
    fn take(&mut self, place: usize) -> usize {
        let item = self.at(place);
        if item.is_name(self.dialect) {
            return self.name(place);
        }
        let start = std::mem::take(&mut self.start);
        match item.text {
            "(" => self.open(place),
            ")" => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                self.expect = false;
                // The parameters of a routine end here.
                self.start = self.levels.len() == 1 && self.is_header();
            }
            "," => self.expect = self.level().list,
            ";" => self.begin(),
            // A label, and the statement that it names.
            ":" => self.start = start || self.read.starts.last() == Some(&place.wrapping_sub(1)),
            "@" => return self.variable(place),
            // `{ OJ a LEFT OUTER JOIN b … }` of ODBC.
            "{" if self.at(place + 1).is("OJ") => return place + 2,
            // A name after a dot, so not a keyword.
            "." => return place + 2,
            _ => {
                self.expect = false;
                self.start = self.is_header() && item.is_text();
            }
        }
        place + 1
    }

    fn open(&mut self, place: usize) {
        let before = self.before(place);
        let mut inside = Level {
            list: self.expect,
            is_call: before.is_any(WITH_FROM),
        };
        // `UNION = (a, b)` of a MERGE table.
        if before.is_sign("=") && place > 1 && self.at(place - 2).is("UNION") {
            inside.list = true;
            self.expect = true;
            self.named = Named::Written;
        }
        // Functions of MariaDB on sequences.
        if self.dialect == Dialect::MySql && before.is_any(&["NEXTVAL", "LASTVAL", "SETVAL"]) {
            self.expect = true;
            self.named = Named::Written;
        }
        self.levels.push(inside);
    }

    /// `@a.b` is one variable, and the name of an account is followed by its host.
    fn variable(&mut self, place: usize) -> usize {
        let mut place = place + 1;
        while self.at(place).is_sign("@") {
            place += 1;
        }
        if self.at(place).is_name(self.dialect) || self.at(place).is_text() {
            place += 1;
            while self.at(place).is_sign(".") {
                place += 2;
            }
        }
        self.expect = false;
        place
    }

    fn name(&mut self, place: usize) -> usize {
        let mut end = place + 1;
        let mut parts = 1;
        let mut all = false;
        while self.at(end).is_sign(".") && !all {
            all = self.at(end + 1).is_sign("*");
            // A text that is built from parts can end with the dot.
            if !all && end + 1 < self.items.len() && !self.at(end + 1).is_name(self.dialect) {
                break;
            }
            parts += 1;
            end += 2;
        }
        if parts == 1 {
            let start = std::mem::take(&mut self.start);
            if self.at(place).kind == super::TokenKind::Word {
                self.word(place, start);
            } else {
                self.expect = false;
            }
            return place + 1;
        }
        let is_type = self.at(end).is_sign("%") && self.at(end + 1).is("ROWTYPE");
        let is_call = self.at(end).is_sign("(") && !self.expect && !all;
        let is_object = self.expect || is_call || is_type;
        if !(all && parts == 2) {
            self.read.names.push(Qualified {
                first: place,
                parts,
                is_object,
                named: match (is_call, self.expect) {
                    (true, _) => Named::Called,
                    (false, true) => self.named,
                    (false, false) => Named::Read,
                },
            });
        }
        self.expect = false;
        self.start = false;
        end
    }

    fn verb(&mut self, verb: Verb, place: usize) {
        self.enter_body(place);
        self.statement = Statement {
            verb,
            ..Statement::default()
        };
    }

    fn enter_body(&mut self, place: usize) {
        if std::mem::take(&mut self.statement.is_header) && self.read.body.is_none() {
            self.read.body = Some(place);
        }
    }

    /// Returns whether the verb at a position is a prefix of a statement: those of `FOR
    /// UPDATE`, `ON DELETE` and `BEFORE INSERT` are not.
    fn is_verb(&self, place: usize) -> bool {
        const OTHERS: &[&str] = &["ON", "KEY", "FOR", "BEFORE", "AFTER", "OF", "NO", "OR"];
        let before = self.before(place);
        let before = before.is_any(OTHERS) && !(before.is("OR") && self.start);
        let granted = self.statement.verb == Verb::Grant && !self.statement.is_header;
        !before && !granted && !self.at(place + 1).is_sign("(")
    }

    fn word(&mut self, place: usize, start: bool) {
        let item = self.at(place);
        let expected = self.expect;
        if start {
            self.read.starts.push(place);
        }
        // No keyword is longer.
        let mut upper = [0_u8; 16];
        let Some(upper) = upper.get_mut(..item.text.len()) else {
            self.expect = false;
            return;
        };
        upper.copy_from_slice(item.text.as_bytes());
        upper.make_ascii_uppercase();
        let word = std::str::from_utf8(upper).unwrap_or_default();
        let is_dml = matches!(self.statement.verb, Verb::Delete | Verb::Update);
        match word {
            "CREATE" if start => self.verb(Verb::Create, place),
            "ALTER" if start => self.verb(Verb::Alter, place),
            "DROP" if start => self.verb(Verb::Drop, place),
            "RENAME" if start => self.verb(Verb::Rename, place),
            "GRANT" | "REVOKE" if start => {
                self.verb(Verb::Grant, place);
                self.statement.on = true;
            }
            "TRUNCATE" | "HANDLER" | "CACHE" if start => {
                self.verb(Verb::Other, place);
                self.objects(Named::Written, true);
                return;
            }
            "DESC" | "DESCRIBE" | "EXPLAIN" if start => {
                self.verb(Verb::Other, place);
                self.objects(Named::Read, false);
                self.start = true;
                return;
            }
            "LOCK" | "ANALYZE" | "VACUUM" | "COPY" | "REINDEX"
                if start && self.dialect != Dialect::MySql =>
            {
                self.objects(Named::Written, true);
                return;
            }
            "INSERT" | "REPLACE" if self.is_verb(place) && (word == "INSERT" || start) => {
                self.verb(Verb::Insert, place);
                self.objects(Named::Written, false);
                return;
            }
            "MERGE" if start => {
                self.verb(Verb::Insert, place);
                self.objects(Named::Written, false);
                return;
            }
            "UPDATE" if self.is_verb(place) => {
                self.verb(Verb::Update, place);
                self.objects(Named::Written, true);
                return;
            }
            "DELETE" if self.is_verb(place) => {
                self.verb(Verb::Delete, place);
                self.objects(Named::Written, true);
                return;
            }
            "CALL" => {
                self.enter_body(place);
                self.objects(Named::Called, false);
                return;
            }
            "FROM" if !self.level().is_call && !self.before(place).is("DISTINCT") => {
                let named = if is_dml { Named::Written } else { Named::Read };
                self.objects(named, true);
                return;
            }
            "USING" if self.statement.verb == Verb::Delete && !self.at(place + 1).is_sign("(") => {
                self.objects(Named::Written, true);
                return;
            }
            // `SELECT STRAIGHT_JOIN a.b` is a hint.
            "JOIN" | "STRAIGHT_JOIN" if word == "JOIN" || self.level().list => {
                let list = self.level().list;
                let named = if is_dml { Named::Written } else { Named::Read };
                self.objects(named, list);
                return;
            }
            "INTO" if self.statement.verb == Verb::Insert && expected => return,
            "TABLE" | "TABLES" => {
                self.statement.is_table = self.statement.verb == Verb::Create;
                self.statement.is_known = true;
                let one = matches!(self.statement.verb, Verb::Create | Verb::Alter);
                self.objects(Named::Written, !one);
                return;
            }
            "VIEW" | "PROCEDURE" | "FUNCTION" | "TRIGGER" | "EVENT" | "SEQUENCE" | "PACKAGE"
                if self.is_what() =>
            {
                self.statement.is_known = true;
                let verb = self.statement.verb;
                let is_create = matches!(verb, Verb::Create | Verb::Alter);
                self.statement.is_header = is_create && word != "VIEW" && word != "SEQUENCE";
                self.statement.on = is_create && word == "TRIGGER";
                self.objects(Named::Written, verb == Verb::Drop);
                return;
            }
            "TYPE" | "DOMAIN" | "COLLATION"
                if self.is_what() && self.dialect == Dialect::Postgres =>
            {
                self.statement.is_known = true;
                self.objects(Named::Written, self.statement.verb == Verb::Drop);
                return;
            }
            "INDEX" if self.is_what() => {
                self.statement.is_known = true;
                self.statement.on = true;
                // Elsewhere the index belongs to the table, and its name is not qualified.
                if self.dialect != Dialect::MySql {
                    self.objects(Named::Written, true);
                    return;
                }
            }
            "ON" if self.statement.on => {
                self.statement.on = false;
                self.objects(Named::Written, false);
                return;
            }
            "REFERENCES" => {
                self.objects(Named::Read, false);
                return;
            }
            "LIKE" if self.is_like(place) => {
                self.objects(Named::Read, false);
                return;
            }
            "RENAME" if self.statement.verb == Verb::Alter => {
                self.objects(Named::Written, false);
                return;
            }
            "TO" | "AS"
                if self.statement.verb == Verb::Rename
                    || (self.statement.verb == Verb::Alter && expected) =>
            {
                let list = self.level().list;
                self.objects(Named::Written, list);
                return;
            }
            // MariaDB's `NEXT VALUE FOR s`.
            "FOR" if self.before(place).is("VALUE") => {
                self.objects(Named::Written, false);
                return;
            }
            // MariaDB's `ROW TYPE OF t`.
            "OF" if self.before(place).is("TYPE") && place > 1 && self.at(place - 2).is("ROW") => {
                self.objects(Named::Read, false);
                return;
            }
            "CASE" if !start => self.cases += 1,
            "END" => self.cases = self.cases.saturating_sub(1),
            "BEGIN" | "THEN" | "ELSE" | "LOOP" | "REPEAT"
                if self.cases == 0
                    && self.levels.len() == 1
                    && !self.at(place + 1).is_sign("(") =>
            {
                if word == "BEGIN" {
                    self.enter_body(place);
                }
                self.statement = Statement::default();
                self.level().list = false;
                self.start = true;
            }
            "RETURN" | "SET" | "IF" | "CASE" | "WHILE" | "FOR" if start || word == "RETURN" => {
                self.enter_body(place);
                self.level().list = false;
            }
            "SELECT" => {
                self.enter_body(place);
                self.statement.is_table = false;
                self.level().list = false;
            }
            _ if ENDS.contains(&word) => self.level().list = false,
            _ if expected && BEFORE_OBJECTS.contains(&word) => return,
            _ if self.is_header() && HEADER_ENDS.contains(&word) => self.start = true,
            "DO" if self.dialect != Dialect::Postgres => self.start = true,
            _ => {}
        }
        self.expect = false;
    }

    /// Returns whether a body may begin after the next token. PostgreSQL's is a text, or begins
    /// with BEGIN.
    fn is_header(&self) -> bool {
        self.statement.is_header && self.dialect != Dialect::Postgres
    }

    /// Returns whether the kind of the created, altered or dropped object is still unknown.
    fn is_what(&self) -> bool {
        let verb = self.statement.verb;
        matches!(verb, Verb::Create | Verb::Alter | Verb::Drop) && !self.statement.is_known
    }

    /// `CREATE TABLE a LIKE b`, `CREATE TABLE a (LIKE b)`.
    fn is_like(&self, place: usize) -> bool {
        let opens = self.before(place).is_sign("(") && self.levels.len() == 2;
        let follows = self.levels.len() == 1 && !self.before(place).is_sign(")");
        self.statement.is_table && (opens || follows)
    }
}
