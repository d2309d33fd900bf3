//! Whether the code of an application that does not know a revision can work after it.

use migrate_sql::{Lexer, TokenKind, words_and_symbols};

use crate::{Dialect, Direction, Revision};

/// Whether code that was written before a revision can work after it.
///
/// A file says it in its header, `-- phase: expand` or `-- phase: contract`; where it does not,
/// [`Revision::phase`] reads it from the statements. The ledger keeps the phase of each revision, so
/// that an application which does not have the file can ask: see `Migrations::ensure_compatible`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It only adds: the code before it works after it as well.
    Expand,
    /// It takes something away, or changes what is there: the code before it may fail after it.
    Contract,
}

impl Phase {
    /// The names in the header of a revision file.
    pub const NAMES: [&'static str; 2] = [Self::Expand.as_str(), Self::Contract.as_str()];

    /// Returns the name in the header of a revision file and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Contract => "contract",
        }
    }

    /// Returns the phase of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "expand" => Some(Self::Expand),
            "contract" => Some(Self::Contract),
            _ => None,
        }
    }
}

impl Revision {
    /// Returns the phase that the file states, or that its statements have.
    ///
    /// A revision is [`Phase::Expand`] if each statement of its `up`, on every database, is known to
    /// leave the tables that were there as older code expects them: a new table, view or index, a new
    /// column that may be left out, rows that are added or updated, or anything on a table that the
    /// revision itself creates. All others, and what cannot be judged by its text, such as a call of a
    /// function, are [`Phase::Contract`].
    #[must_use]
    pub fn phase(&self) -> Phase {
        if let Some(stated) = self.stated_phase {
            return stated;
        }
        let ups = self.sections.iter();
        let mut ups = ups.filter(|section| section.direction == Direction::Up);
        let expands = ups.all(|section| {
            section.scripts.iter().all(|script| {
                let Some(dialect) = script.dialects.iter().next() else {
                    return true;
                };
                let mut created = Created::default();
                let mut statements = script.statements.iter();
                statements.all(|statement| created.expands(dialect, self.sql(*statement)))
            })
        });
        match expands {
            true => Phase::Expand,
            false => Phase::Contract,
        }
    }
}

/// The tables that a revision has created so far, unquoted and in lower case.
#[derive(Default)]
struct Created(Vec<String>);

impl Created {
    fn expands(&mut self, dialect: Dialect, statement: &str) -> bool {
        let Some(beginning) = beginning(dialect, statement) else {
            return false;
        };
        let mut words = Words(&beginning);
        let Some(verb) = words.keyword() else {
            return beginning.is_empty();
        };
        match verb.as_str() {
            "create" => self.creates(&mut words),
            "alter" | "drop" => {
                let Ok(tokens) = words_and_symbols(dialect, statement) else {
                    return false;
                };
                let mut words = Words(&tokens[1..]);
                words.skip("table")
                    && match verb.as_str() {
                        "alter" => self.alters(&mut words),
                        _ => self.drops(&mut words),
                    }
            }
            "comment" | "grant" | "insert" | "replace" | "update" | "copy" | "set" | "analyze"
            | "pragma" => true,
            _ => false,
        }
    }

    /// Whether it drops a table that the revision itself created.
    fn drops(&self, words: &mut Words<'_>) -> bool {
        if words.skip("if") {
            return false;
        }
        let name = words.name();
        words.is_at_end() && name.is_some_and(|name| self.0.contains(&name))
    }

    fn creates(&mut self, words: &mut Words<'_>) -> bool {
        let replaces = words.skip("or");
        if replaces {
            return false;
        }
        let unique = words.skip("unique");
        for word in [
            "temporary",
            "temp",
            "unlogged",
            "virtual",
            "fulltext",
            "spatial",
            "materialized",
        ] {
            words.skip(word);
        }
        let Some(kind) = words.keyword() else {
            return false;
        };
        match kind.as_str() {
            "table" => {
                // One that was there already is not the revision's own.
                let may_exist = words.skip_if_not_exists();
                let name = words.name().filter(|_| !may_exist);
                // A partition takes rows that went elsewhere.
                let of_another = words.0.windows(2).any(|pair| {
                    pair[0].1.eq_ignore_ascii_case("partition")
                        && pair[1].1.eq_ignore_ascii_case("of")
                });
                self.0.extend(name);
                !of_another
            }
            "index" if !unique => true,
            "index" => {
                let on = words
                    .0
                    .iter()
                    .position(|(_, text)| text.eq_ignore_ascii_case("on"));
                let mut rest = Words(&words.0[on.map_or(words.0.len(), |on| on + 1)..]);
                rest.skip("only");
                rest.name().is_some_and(|table| self.0.contains(&table))
            }
            "view" | "sequence" | "type" | "domain" | "schema" | "extension" | "collation"
            | "statistics" | "function" | "procedure" | "aggregate" => true,
            _ => false,
        }
    }

    fn alters(&self, words: &mut Words<'_>) -> bool {
        if words.skip("if") {
            words.skip("exists");
        }
        words.skip("only");
        let Some(table) = words.name() else {
            return false;
        };
        if self.0.contains(&table) {
            return true;
        }
        words
            .actions()
            .all(|action| Words(action).adds_optional_column())
    }
}

/// Returns as many tokens of a statement as say what it creates, and where: `CREATE UNIQUE INDEX
/// CONCURRENTLY IF NOT EXISTS a.i ON ONLY b.t` has fifteen. `None` if it cannot be read.
fn beginning(dialect: Dialect, statement: &str) -> Option<Vec<(TokenKind, &str)>> {
    const MOST: usize = 16;
    let mut lexer = Lexer::new(dialect, statement);
    let mut found = Vec::with_capacity(MOST);
    while found.len() < MOST
        && let Some(token) = lexer.next_token().ok()?
    {
        if token.kind.matters() {
            found.push((token.kind, &statement[token.start..token.end]));
        }
    }
    Some(found)
}

/// The rest of a statement's tokens.
struct Words<'a>(&'a [(TokenKind, &'a str)]);

impl<'a> Words<'a> {
    fn keyword(&mut self) -> Option<String> {
        let ((kind, text), rest) = self.0.split_first()?;
        self.0 = rest;
        (*kind == TokenKind::Word).then(|| text.to_ascii_lowercase())
    }

    fn skip(&mut self, word: &str) -> bool {
        match self.0.split_first() {
            Some(((TokenKind::Word, text), rest)) if text.eq_ignore_ascii_case(word) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_if_not_exists(&mut self) -> bool {
        let skipped = self.skip("if");
        if skipped {
            self.skip("not");
            self.skip("exists");
        }
        skipped
    }

    /// Reads a name, which may have its schema before it.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let ((kind, text), rest) = self.0.split_first()?;
            match kind {
                TokenKind::Word => name.push_str(&text.to_lowercase()),
                // SQLite and MySQL compare quoted names without case, too; a table of PostgreSQL whose
                // name differs in its case alone from a new one is not mistaken for it.
                TokenKind::Quoted | TokenKind::String => {
                    name.push_str(text.trim_matches(['"', '`', '[', ']', '\'']));
                }
                _ => return None,
            }
            self.0 = rest;
            match rest.split_first() {
                Some(((TokenKind::Symbol, "."), rest)) => {
                    name.push('.');
                    self.0 = rest;
                }
                _ => return Some(name),
            }
        }
    }

    fn is_at_end(&self) -> bool {
        self.0
            .iter()
            .all(|(kind, _)| *kind == TokenKind::Terminator)
    }

    /// The actions of `ALTER TABLE`: what the commas outside of parentheses separate.
    fn actions(&self) -> impl Iterator<Item = &'a [(TokenKind, &'a str)]> {
        let mut depth = 0_usize;
        self.0.split(move |(kind, text)| {
            if *kind == TokenKind::Symbol {
                match *text {
                    "(" => depth += 1,
                    ")" => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            depth == 0 && *text == ","
        })
    }

    /// Whether an action adds a column that an INSERT of older code may leave out.
    fn adds_optional_column(&mut self) -> bool {
        // How MySQL goes about it.
        if self.skip("algorithm") || self.skip("lock") {
            return true;
        }
        // `ADD (a INT, b INT)` is several.
        if !self.skip("add") || matches!(self.0.first(), Some((TokenKind::Symbol, "("))) {
            return false;
        }
        let is_column = self.skip("column");
        self.skip_if_not_exists();
        let others = [
            "constraint",
            "primary",
            "unique",
            "foreign",
            "check",
            "exclude",
            "index",
            "key",
            "fulltext",
            "spatial",
            "partition",
            "period",
            "system",
        ];
        let begins = |word: &&str| matches!(self.0.first(), Some((TokenKind::Word, text)) if text.eq_ignore_ascii_case(word));
        if !is_column && others.iter().any(begins) {
            return false;
        }
        let has = |word: &str| {
            let mut words = self.0.iter().filter(|(kind, _)| *kind == TokenKind::Word);
            words.any(|(_, text)| text.eq_ignore_ascii_case(word))
        };
        let is_required = self.0.windows(2).any(|pair| {
            pair[0].1.eq_ignore_ascii_case("not") && pair[1].1.eq_ignore_ascii_case("null")
        });
        let has_value = [
            "default",
            "generated",
            "as",
            "auto_increment",
            "serial",
            "bigserial",
        ]
        .into_iter()
        .any(has);
        let restricts = ["unique", "primary", "check"].into_iter().any(has);
        !restricts && (!is_required || has_value)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, File, Folder, Phase, Survey};

    fn phase(header: &str, up: &str) -> Phase {
        let text = format!("-- revision: a\n{header}\n-- migrate: up postgres\n{up}\n");
        let folder = Folder {
            files: vec![File {
                name: "a.sql".to_owned(),
                text: text.into(),
            }],
            ..Folder::default()
        };
        let survey = Survey::new(&folder, &Config::default());
        survey.revisions[0].phase()
    }

    #[test]
    fn what_only_adds_expands() {
        for up in [
            "CREATE TABLE t (id INT NOT NULL UNIQUE CHECK (id > 0));",
            "CREATE TABLE s.t (id INT); CREATE UNIQUE INDEX i ON s.t (id); ALTER TABLE s.t ADD CHECK (id > 0);",
            "CREATE TABLE \"t\" (id INT); ALTER TABLE t ALTER id SET NOT NULL; DROP TABLE t;",
            "ALTER TABLE t ADD note TEXT, ADD COLUMN IF NOT EXISTS n NUMERIC(3, 1) NOT NULL DEFAULT 0;",
            "ALTER TABLE t ADD COLUMN author INT REFERENCES users (id);",
            "ALTER TABLE t ADD a INT, ALGORITHM=INPLACE, LOCK=NONE;",
            "CREATE TABLE IF NOT EXISTS t (id INT);",
            "CREATE INDEX CONCURRENTLY i ON t (a);",
            "CREATE VIEW v AS SELECT 1;",
            "INSERT INTO t VALUES (1); UPDATE t SET a = 1; COMMENT ON TABLE t IS 'x';",
            "-- nothing but a comment",
        ] {
            assert_eq!(phase("", up), Phase::Expand, "{up}");
        }
    }

    #[test]
    fn what_takes_away_or_cannot_be_judged_contracts() {
        for up in [
            "DROP TABLE t;",
            "CREATE TABLE t (id INT); DROP TABLE t, u;",
            "ALTER TABLE t DROP COLUMN a;",
            "ALTER TABLE t ADD a INT, DROP b;",
            "ALTER TABLE t ADD a INT NOT NULL;",
            "ALTER TABLE t ADD a INT UNIQUE;",
            "ALTER TABLE t ADD (a INT NOT NULL, b INT DEFAULT 0);",
            "CREATE TABLE IF NOT EXISTS t (id INT); ALTER TABLE t DROP COLUMN old;",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
            "ALTER TABLE t ADD UNIQUE (a);",
            "ALTER TABLE t RENAME a TO b;",
            "ALTER TABLE t ALTER a TYPE TEXT;",
            "CREATE UNIQUE INDEX i ON t (a);",
            "CREATE TABLE a.t (id INT); CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a.i ON ONLY b.t (a);",
            "CREATE OR REPLACE VIEW v AS SELECT 1;",
            "CREATE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION f();",
            "CREATE TABLE p PARTITION OF t FOR VALUES IN (1);",
            "ALTER TYPE e ADD VALUE 'x';",
            "DELETE FROM t;",
            "TRUNCATE t;",
            "SELECT f();",
            "DO $$ BEGIN END $$;",
            "CALL p();",
            "REVOKE SELECT ON t FROM u;",
        ] {
            assert_eq!(phase("", up), Phase::Contract, "{up}");
        }
    }

    #[test]
    fn what_is_stated_counts() {
        assert_eq!(phase("-- phase: expand", "DROP TABLE t;"), Phase::Expand);
        assert_eq!(phase("-- phase: contract", "SELECT 1;"), Phase::Contract);
    }
}
