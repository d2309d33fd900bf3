//! Statements that name the old tool's own version table, which a new database does not have.

use std::collections::BTreeSet;

use migrate_core::Dialect;
use migrate_sql::{Lexer, TokenKind, unquoted};

use super::section::statements;
use super::{Form, History, MigrationBody};

/// The version table, and what the migrations create for it.
#[derive(Clone, Debug, Default)]
pub(super) struct VersionTable {
    /// Without its schema, in lower case; empty if there is none.
    name: String,
    /// The tool, as people write it.
    tool: &'static str,
    /// `INDEX` or `TRIGGER`, and its name in lower case.
    belongings: BTreeSet<(String, String)>,
}

/// How a statement uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableUse {
    /// It changes only this table, or what belongs to it.
    Own,
    /// It creates a routine or a trigger whose body names it.
    Body,
    /// It needs it for something else.
    Other,
}

impl VersionTable {
    /// Reads all migrations, because one may drop what another creates.
    pub(super) fn new(history: &History, form: Form<'_>) -> Self {
        let name = form.version_table.rsplit('.').next().unwrap_or_default();
        let mut table = Self {
            name: unquoted(name).to_lowercase(),
            tool: form.tool.name(),
            belongings: BTreeSet::new(),
        };
        let bodies = history
            .revisions
            .iter()
            .flat_map(|migration| [&migration.up, &migration.down]);
        for body in bodies {
            let (MigrationBody::Sql { text, .. } | MigrationBody::Part { text, .. }) = body else {
                continue;
            };
            if !table.is_in(text) {
                continue;
            }
            let Some((dialect, ranges)) = statements(form.dialects, text) else {
                continue;
            };
            for range in ranges {
                let words = Words::new(dialect, &text[range]);
                if table.use_of(&words) == Some(TableUse::Own)
                    && words.at(0) == "CREATE"
                    && let Some(made) = words.object()
                {
                    table.belongings.insert(made);
                }
            }
        }
        table
    }

    /// The name, as people know it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the tool, as people write it.
    pub(super) const fn tool(&self) -> &'static str {
        self.tool
    }

    /// Returns how a statement uses the table; `None` if it does not.
    pub(super) fn used_by(&self, dialect: Dialect, statement: &str) -> Option<TableUse> {
        let mut belongings = self.belongings.iter();
        let lower = statement.to_lowercase();
        let may_be = self.is_in(statement) || belongings.any(|(_, name)| lower.contains(name));
        if !may_be {
            return None;
        }
        let words = Words::new(dialect, statement);
        if matches!(words.at(0), "DROP" | "ALTER")
            && words
                .object()
                .is_some_and(|it| self.belongings.contains(&it))
        {
            return Some(match words.has(",") {
                true => TableUse::Other,
                false => TableUse::Own,
            });
        }
        self.use_of(&words)
    }

    fn is_in(&self, text: &str) -> bool {
        !self.name.is_empty() && text.to_lowercase().contains(&self.name)
    }

    fn use_of(&self, words: &Words) -> Option<TableUse> {
        let named = words
            .list
            .iter()
            .position(|word| word.is_name && word.lower == self.name);
        if let Some(named) = named
            && self.is_own(words, named)
        {
            return Some(TableUse::Own);
        }
        let is_routine = words.at(0) == "CREATE"
            && words.list.iter().take(5).any(|word| {
                matches!(
                    word.upper.as_str(),
                    "FUNCTION" | "PROCEDURE" | "TRIGGER" | "EVENT"
                )
            });
        // Text is run by these; for others it is a value.
        let runs_text = matches!(
            words.at(0),
            "DO" | "CALL" | "SELECT" | "PREPARE" | "EXECUTE"
        );
        let in_text = (is_routine || runs_text)
            && words.list.iter().any(|word| {
                let mut parts = word.lower.split(|c: char| !c.is_alphanumeric() && c != '_');
                !word.is_name && parts.any(|part| part == self.name)
            });
        if named.is_none() && !in_text {
            return None;
        }
        // PostgreSQL reads the body of such a function when it is created.
        let is_read = words.follow("LANGUAGE", "SQL") || words.follow("BEGIN", "ATOMIC");
        Some(match is_routine && !is_read {
            true => TableUse::Body,
            false => TableUse::Other,
        })
    }

    /// Returns whether the name at this place is that of all that the statement changes.
    fn is_own(&self, words: &Words, named: usize) -> bool {
        let mut before = named;
        while before >= 2 && words.at(before - 1) == "." {
            before -= 2;
        }
        while before > 0 && matches!(words.at(before - 1), "ONLY" | "EXISTS" | "NOT" | "IF") {
            before -= 1;
        }
        let Some(before) = before.checked_sub(1) else {
            return false;
        };
        let is_first = |word: &str| (0..before).all(|at| words.at(at) != word);
        let is_one = words.at(named + 1) != ",";
        let is_renamed = words.at(0) == "RENAME"
            || (words.at(named + 1) == "RENAME" && matches!(words.at(named + 2), "TO" | "AS"));
        match (words.at(0), words.at(before)) {
            ("ALTER" | "CREATE" | "DROP" | "TRUNCATE" | "LOCK", "TABLE") => {
                before <= 3 && is_one && !is_renamed && is_first("AS")
            }
            ("TRUNCATE", "TRUNCATE") | ("ANALYZE", "ANALYZE") => is_one,
            ("INSERT" | "REPLACE", "INTO") => is_first("INTO"),
            ("UPDATE", "UPDATE" | "ABORT" | "FAIL" | "IGNORE" | "REPLACE" | "ROLLBACK") => {
                before <= 2
            }
            ("DELETE", "FROM") => before == 1,
            ("COMMENT", "TABLE" | "COLUMN") => before == 2,
            ("CREATE" | "DROP" | "ALTER" | "COMMENT", "ON") => {
                is_first("ON") || words.at(1) == "ON"
            }
            ("GRANT" | "REVOKE", "ON") => is_first("ON") && is_one,
            ("GRANT" | "REVOKE", "TABLE") => words.at(before - 1) == "ON" && is_one,
            _ => false,
        }
    }
}

/// The significant parts of a statement.
pub(super) struct Words {
    list: Vec<Word>,
}

struct Word {
    upper: String,
    /// Without its quotes.
    lower: String,
    /// Whether it can name something.
    is_name: bool,
}

impl Words {
    pub(super) fn new(dialect: Dialect, statement: &str) -> Self {
        let mut list = Vec::new();
        let mut lexer = Lexer::new(dialect, statement);
        while let Ok(Some(token)) = lexer.next_token() {
            if !token.kind.matters() {
                continue;
            }
            let text = &statement[token.start..token.end];
            let is_name = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
            list.push(Word {
                upper: match token.kind {
                    TokenKind::Word | TokenKind::Symbol => text.to_uppercase(),
                    _ => String::new(),
                },
                lower: match is_name {
                    true => unquoted(text).to_lowercase(),
                    false => text.to_lowercase(),
                },
                is_name,
            });
        }
        Self { list }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    /// A name in lower case, without its schema and quotes.
    pub(super) fn name(&self, number: usize) -> Option<String> {
        let number = match self.at(number + 1) {
            "." => number + 2,
            _ => number,
        };
        let word = self.list.get(number).filter(|word| word.is_name)?;
        Some(word.lower.clone())
    }

    /// A keyword or a sign; empty for anything else.
    pub(super) fn at(&self, number: usize) -> &str {
        self.list.get(number).map_or("", |word| &word.upper)
    }

    fn has(&self, sign: &str) -> bool {
        self.list.iter().any(|word| word.upper == sign)
    }

    /// Returns whether a keyword stands before another word.
    pub(super) fn follow(&self, one: &str, other: &str) -> bool {
        let mut pairs = self.list.windows(2);
        pairs.any(|pair| pair[0].upper == one && pair[1].lower == other.to_lowercase())
    }

    /// The index or trigger that the statement creates, changes or drops.
    fn object(&self) -> Option<(String, String)> {
        let kind = (1..5).find(|at| matches!(self.at(*at), "INDEX" | "TRIGGER"))?;
        let mut at = kind + 1;
        while matches!(self.at(at), "CONCURRENTLY" | "IF" | "NOT" | "EXISTS") {
            at += 1;
        }
        while self.at(at + 1) == "." {
            at += 2;
        }
        let word = self.list.get(at).filter(|word| word.is_name)?;
        // `CREATE INDEX ON t`: nobody can name it.
        (word.upper != "ON").then(|| (self.at(kind).to_owned(), word.lower.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MySql, Postgres, Sqlite};
    use TableUse::{Body, Other, Own};

    #[test]
    fn statements_that_use_it() {
        let table = VersionTable {
            name: "schema_migrations".to_owned(),
            tool: "dbmate",
            belongings: [("TRIGGER".to_owned(), "guard".to_owned())].into(),
        };
        for (dialect, statement, expected) in [
            (
                Sqlite,
                "ALTER TABLE schema_migrations ADD COLUMN note TEXT",
                Some(Own),
            ),
            (
                Postgres,
                "alter table if exists only public.\"schema_migrations\" add note text",
                Some(Own),
            ),
            (
                MySql,
                "ALTER TABLE `Schema_Migrations` RENAME COLUMN a TO b",
                Some(Own),
            ),
            (
                Sqlite,
                "ALTER TABLE schema_migrations RENAME TO old",
                Some(Other),
            ),
            (MySql, "RENAME TABLE schema_migrations TO old", Some(Other)),
            (
                Postgres,
                "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint)",
                Some(Own),
            ),
            (
                Postgres,
                "CREATE TABLE copies AS TABLE schema_migrations",
                Some(Other),
            ),
            (Postgres, "DROP TABLE schema_migrations, other", Some(Other)),
            (Postgres, "DROP TABLE other, schema_migrations", Some(Other)),
            (Postgres, "TRUNCATE schema_migrations", Some(Own)),
            (
                Sqlite,
                "INSERT OR IGNORE INTO schema_migrations VALUES (1)",
                Some(Own),
            ),
            (
                Postgres,
                "INSERT INTO facts SELECT version FROM schema_migrations",
                Some(Other),
            ),
            (
                Sqlite,
                "UPDATE OR IGNORE schema_migrations SET note = ''",
                Some(Own),
            ),
            (
                Sqlite,
                "UPDATE facts SET n = (SELECT max(version) FROM schema_migrations)",
                Some(Other),
            ),
            (
                MySql,
                "DELETE FROM schema_migrations WHERE version = 1",
                Some(Own),
            ),
            (
                Postgres,
                "COMMENT ON TABLE schema_migrations IS 'x'",
                Some(Own),
            ),
            (
                Postgres,
                "COMMENT ON COLUMN public.schema_migrations.note IS 'x'",
                Some(Own),
            ),
            (
                Postgres,
                "COMMENT ON TABLE facts IS 'like schema_migrations'",
                None,
            ),
            (
                Postgres,
                "CREATE INDEX CONCURRENTLY i ON ONLY schema_migrations (note)",
                Some(Own),
            ),
            (
                Postgres,
                "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON schema_migrations EXECUTE FUNCTION f()",
                Some(Own),
            ),
            (Postgres, "DROP TRIGGER t ON schema_migrations", Some(Own)),
            (Sqlite, "DROP TRIGGER IF EXISTS guard", Some(Own)),
            (Sqlite, "DROP TRIGGER guards", None),
            (Sqlite, "DROP INDEX guard", None),
            (
                Postgres,
                "GRANT SELECT ON TABLE schema_migrations TO reader",
                Some(Own),
            ),
            (
                Postgres,
                "GRANT SELECT ON facts, schema_migrations TO reader",
                Some(Other),
            ),
            (
                Postgres,
                "GRANT SELECT ON schema_migrations, facts TO reader",
                Some(Other),
            ),
            (
                Postgres,
                "CREATE VIEW v AS SELECT * FROM schema_migrations",
                Some(Other),
            ),
            (
                Postgres,
                "CREATE TABLE facts (v bigint REFERENCES schema_migrations)",
                Some(Other),
            ),
            (
                Postgres,
                "DO $$ BEGIN ALTER TABLE schema_migrations ADD note text; END $$",
                Some(Other),
            ),
            (
                Postgres,
                "CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN (SELECT 1 FROM schema_migrations); END $$ LANGUAGE plpgsql",
                Some(Body),
            ),
            (
                Postgres,
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM schema_migrations $$",
                Some(Other),
            ),
            (
                Sqlite,
                "CREATE TRIGGER t AFTER INSERT ON facts BEGIN DELETE FROM schema_migrations; END",
                Some(Body),
            ),
            (
                Sqlite,
                "CREATE TRIGGER t AFTER INSERT ON schema_migrations BEGIN SELECT 1; END",
                Some(Own),
            ),
            (
                Postgres,
                "INSERT INTO facts VALUES ('schema_migrations')",
                None,
            ),
            (
                Postgres,
                "CREATE TABLE schema_migrations_log (id int)",
                None,
            ),
            (Postgres, "SELECT 1", None),
        ] {
            assert_eq!(table.used_by(dialect, statement), expected, "{statement}");
        }
    }
}
