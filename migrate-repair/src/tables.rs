//! The tables that a revision creates, and those that must exist before.
//!
//! This reads tokens, not grammar: a name is a table if it is at the position of one in the
//! statements that migrations consist of. A wrong table only matters if another revision creates a
//! table with that name.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Config, Dialect, Direction, Revision};
use migrate_sql::{Lexer, TokenKind, unquoted};

/// A table's name, without quotes and in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Table {
    name: String,
    schema: Option<String>,
}

impl Table {
    /// Returns whether both may be the same table; one without a schema may be in any.
    fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && match (&self.schema, &other.schema) {
                (Some(here), Some(there)) => here == there,
                _ => true,
            }
    }
}

/// The tables of one revision's `up`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables {
    /// The tables it creates and did not need before.
    creates: BTreeSet<Table>,
    /// The tables that must exist before.
    uses: BTreeSet<Table>,
}

/// Returns for each revision the revisions that create the tables it uses, each with the table.
pub(super) fn needs(revisions: &[Revision], config: &Config) -> Vec<Vec<(usize, String)>> {
    let tables: Vec<Tables> = revisions
        .iter()
        .map(|revision| Tables::of(revision, config))
        .collect();
    let mut makers: BTreeMap<&str, Vec<(usize, &Table)>> = BTreeMap::new();
    for (index, tables) in tables.iter().enumerate() {
        for table in &tables.creates {
            makers.entry(&table.name).or_default().push((index, table));
        }
    }
    let needs = |(index, tables): (usize, &Tables)| {
        let mut needs: Vec<(usize, String)> = Vec::new();
        for table in &tables.uses {
            let mut found = makers
                .get(table.name.as_str())
                .into_iter()
                .flatten()
                .filter(|(maker, made)| *maker != index && made.is(table));
            // If several create it, the intended one is unknown.
            if let (Some((maker, _)), None) = (found.next(), found.next()) {
                needs.push((*maker, table.name.clone()));
            }
        }
        needs
    };
    tables.iter().enumerate().map(needs).collect()
}

impl Tables {
    /// Reads the `up` of a revision, for all databases of the project.
    pub(super) fn of(revision: &Revision, config: &Config) -> Self {
        let mut all = Self::default();
        for section in revision.sections.iter() {
            if section.direction != Direction::Up {
                continue;
            }
            for script in section.scripts.iter() {
                let wanted = script.dialects.iter().filter(|dialect| {
                    config.dialects.is_empty() || config.dialects.contains(*dialect)
                });
                for dialect in wanted {
                    let mut reader = Reader::default();
                    for statement in script.statements.iter() {
                        reader.statement(&words(dialect, revision.sql(*statement)));
                    }
                    all.creates.extend(reader.tables.creates);
                    all.uses.extend(reader.tables.uses);
                }
            }
        }
        all
    }
}

/// A significant token.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// A keyword or an unquoted name, in lower case.
    Plain(String),
    /// A quoted name.
    Quoted(String),
    Symbol(char),
}

impl Word {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(word) if word == keyword)
    }

    fn is_any(&self, keywords: &[&str]) -> bool {
        matches!(self, Self::Plain(word) if keywords.contains(&word.as_str()))
    }
}

fn words(dialect: Dialect, sql: &str) -> Vec<Word> {
    let mut lexer = Lexer::new(dialect, sql);
    let mut words = Vec::new();
    // An unterminated construct is reported elsewhere; the text before it counts.
    while let Ok(Some(token)) = lexer.next_token() {
        let text = &sql[token.start..token.end];
        match token.kind {
            TokenKind::Word => words.push(Word::Plain(text.to_lowercase())),
            TokenKind::Quoted => words.push(Word::Quoted(unquoted(text).to_lowercase())),
            // SQLite and MySQL read a text as a name if only a name is possible.
            TokenKind::String if text.starts_with(['"', '\'']) => {
                words.push(Word::Quoted(unquoted(text).to_lowercase()));
            }
            TokenKind::Symbol => words.extend(text.chars().map(Word::Symbol)),
            _ => {}
        }
    }
    words
}

/// Words that may be at the position of a name and are not names.
const NO_NAMES: [&str; 20] = [
    "select", "set", "values", "where", "lateral", "only", "if", "exists", "not", "as", "on",
    "using", "cascade", "restrict", "from", "table", "unnest", "default", "no", "null",
];

#[derive(Default)]
struct Reader {
    tables: Tables,
    /// Tables of this revision alone, which do not exist afterwards.
    temporary: BTreeSet<Table>,
}

impl Reader {
    fn creates(&mut self, table: Table) {
        // A table that it needed before is recreated: another revision may have created it first.
        if !self.tables.uses.iter().any(|used| used.is(&table)) {
            self.tables.creates.insert(table);
        }
    }

    fn uses(&mut self, table: Table) {
        let own = self.tables.creates.iter().chain(&self.temporary);
        if !own.into_iter().any(|made| made.is(&table)) {
            self.tables.uses.insert(table);
        }
    }

    fn statement(&mut self, words: &[Word]) {
        let first = |keyword: &str| words.first().is_some_and(|word| word.is(keyword));
        let mut at = 0;
        if first("create") {
            at = 1;
            if let Some((table, behind)) = create(words) {
                // The created name is not used by the statement, and a reference to itself is not
                // another table.
                at = behind;
                match words
                    .iter()
                    .take(4)
                    .any(|word| word.is_any(&["temp", "temporary"]))
                {
                    true => drop(self.temporary.insert(table)),
                    false => self.creates(table),
                }
            }
        } else if first("drop") || first("truncate") || first("lock") {
            self.list(words);
        } else if first("rename") {
            self.renames(words);
        }
        while at < words.len() {
            self.mention(words, at);
            at += 1;
        }
        if first("alter") {
            self.alter(words);
        }
    }

    /// `DROP TABLE a, b`, `TRUNCATE a, b`.
    fn list(&mut self, words: &[Word]) {
        let what = match words.get(1) {
            Some(word) if word.is_any(&["table", "tables", "view"]) => 2,
            Some(word) if word.is("materialized") => 3,
            Some(_) if words[0].is("truncate") => 1,
            _ => return,
        };
        let mut at = past(words, what, &["if", "exists", "only"]);
        // A table that may be missing is not needed.
        let needed = at == what || !words[what..at].iter().any(|word| word.is("exists"));
        while let Some((table, behind)) = name(words, at) {
            if needed {
                self.uses(table);
            }
            if words.get(behind) != Some(&Word::Symbol(',')) {
                break;
            }
            at = behind + 1;
        }
    }

    /// MySQL's `RENAME TABLE a TO b, c TO d`.
    fn renames(&mut self, words: &[Word]) {
        let mut at = 2;
        while let Some((old, behind)) = name(words, at) {
            self.uses(old);
            let Some((new, behind)) = name(words, behind + 1) else {
                return;
            };
            self.creates(new);
            at = behind + 1;
        }
    }

    /// `ALTER TABLE a RENAME TO b`.
    fn alter(&mut self, words: &[Word]) {
        if !words.get(1).is_some_and(|word| word.is("table")) {
            return;
        }
        let start = past(words, 2, &["if", "exists", "only"]);
        let Some((_, behind)) = name(words, start) else {
            return;
        };
        if words.get(behind).is_some_and(|word| word.is("rename"))
            && words
                .get(behind + 1)
                .is_some_and(|word| word.is_any(&["to", "as"]))
            && let Some((new, _)) = name(words, behind + 2)
        {
            self.creates(new);
        }
    }

    /// Records a table that the words from `at` on need.
    fn mention(&mut self, words: &[Word], at: usize) {
        let Word::Plain(word) = &words[at] else {
            return;
        };
        let before = at.checked_sub(1).map(|before| &words[before]);
        let is_before = |keywords: &[&str]| before.is_some_and(|word| word.is_any(keywords));
        let begins = |keyword: &str| words[0].is(keyword);
        let next = match word.as_str() {
            "references" | "into" | "join" | "inherits" => at + 1,
            "from" => {
                self.sources(words, at + 1);
                return;
            }
            "update"
                if !is_before(&[
                    "on", "for", "after", "before", "or", "of", "key", "do", "no",
                ]) =>
            {
                at + 1
            }
            "of" if is_before(&["partition"]) => at + 1,
            "like" if before == Some(&Word::Symbol('(')) || begins("create") && at < 8 => at + 1,
            "table" if begins("alter") || begins("lock") || begins("comment") || begins("copy") => {
                at + 1
            }
            "copy" if at == 0 => 1,
            "on" if is_object(words) && !is_before(&["conflict"]) => at + 1,
            _ => return,
        };
        let next = match words.get(next) {
            Some(Word::Symbol('(')) if word == "inherits" => next + 1,
            _ => next,
        };
        let next = past(
            words,
            next,
            &[
                "table",
                "if",
                "exists",
                "only",
                "or",
                "replace",
                "ignore",
                "abort",
                "rollback",
                "fail",
                "low_priority",
            ],
        );
        if let Some((table, _)) = name(words, next) {
            self.uses(table);
        }
    }

    /// `FROM a, b`.
    fn sources(&mut self, words: &[Word], mut at: usize) {
        at = past(words, at, &["only"]);
        while let Some((table, behind)) = name(words, at) {
            // A function is not a table.
            if words.get(behind) != Some(&Word::Symbol('(')) {
                self.uses(table);
            }
            let mut end = past(words, behind, &["as"]);
            if matches!(words.get(end), Some(Word::Plain(word)) if !NO_NAMES.contains(&word.as_str()))
            {
                end += 1;
            }
            if words.get(end) != Some(&Word::Symbol(',')) {
                return;
            }
            at = end + 1;
        }
    }
}

/// `CREATE … TABLE name`; views are read like tables, so they count as tables.
fn create(words: &[Word]) -> Option<(Table, usize)> {
    let what = words.iter().take(8).position(|word| {
        word.is_any(&[
            "table",
            "view",
            "index",
            "trigger",
            "function",
            "procedure",
            "policy",
            "type",
            "rule",
        ])
    })?;
    if !words[what].is_any(&["table", "view"]) {
        return None;
    }
    name(words, past(words, what + 1, &["if", "not", "exists"]))
}

/// Returns whether `ON` names a table in this statement: that of an index, a trigger, a privilege.
fn is_object(words: &[Word]) -> bool {
    let of = |word: &Word| word.is_any(&["index", "trigger", "policy", "rule", "statistics"]);
    words[0].is_any(&["grant", "revoke"])
        || words[0].is_any(&["create", "drop", "alter", "comment"]) && words.iter().take(6).any(of)
}

/// Returns the position after any of these keywords.
fn past(words: &[Word], mut at: usize, keywords: &[&str]) -> usize {
    while words.get(at).is_some_and(|word| word.is_any(keywords)) {
        at += 1;
    }
    at
}

/// Reads a name, with an optional schema; returns the position after it.
fn name(words: &[Word], at: usize) -> Option<(Table, usize)> {
    let mut parts = Vec::new();
    let mut at = at;
    loop {
        match words.get(at)? {
            Word::Quoted(part) => parts.push(part.clone()),
            Word::Plain(part)
                if !parts.is_empty()
                    || !NO_NAMES.contains(&part.as_str())
                        && !part.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                parts.push(part.clone());
            }
            _ => return None,
        }
        at += 1;
        if words.get(at) != Some(&Word::Symbol('.')) {
            break;
        }
        at += 1;
    }
    let name = parts.pop()?;
    // These are the default schemas of unqualified tables.
    let schema = parts
        .pop()
        .filter(|schema| !matches!(schema.as_str(), "public" | "main" | "dbo"));
    Some((Table { name, schema }, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_core::Dialects;

    /// Returns the tables of a script: those it creates, a bar, those it uses.
    fn tables(sql: &str) -> String {
        let text = format!("-- revision: a\n-- parents: none\n-- migrate: up\n{sql}\n");
        let revision = Revision::parse("a.sql", &text, Dialects::NONE).expect("it is sound");
        let tables = Tables::of(&revision, &Config::default());
        let names = |tables: &BTreeSet<Table>| {
            let shown = tables.iter().map(|table| match &table.schema {
                Some(schema) => format!("{schema}.{}", table.name),
                None => table.name.clone(),
            });
            shown
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join(" ")
        };
        format!("{} | {}", names(&tables.creates), names(&tables.uses))
    }

    #[test]
    fn what_is_made() {
        assert_eq!(tables("CREATE TABLE users (id INT);"), "users | ");
        assert_eq!(
            tables("create table if not exists \"Users\" (id INT);"),
            "users | "
        );
        assert_eq!(
            tables("CREATE UNLOGGED TABLE app.users (id INT);"),
            "app.users | "
        );
        assert_eq!(tables("CREATE TABLE public.users (id INT);"), "users | ");
        assert_eq!(
            tables("CREATE OR REPLACE VIEW v AS SELECT * FROM users u, \"app\".teams WHERE 1=1;"),
            "v | app.teams users"
        );
        assert_eq!(
            tables("CREATE TEMP TABLE t (id INT); INSERT INTO t VALUES (1);"),
            " | "
        );
        assert_eq!(
            tables("CREATE TABLE t AS SELECT * FROM generate_series(1, 2) JOIN x ON true;"),
            "t | x"
        );
    }

    #[test]
    fn what_is_used() {
        for sql in [
            "ALTER TABLE users ADD COLUMN a INT;",
            "ALTER TABLE IF EXISTS ONLY \"users\" ADD a INT;",
            "DROP TABLE users;",
            "DROP TABLE users CASCADE;",
            "INSERT INTO users (id) VALUES (1);",
            "INSERT OR IGNORE INTO users (id) VALUES (1);",
            "UPDATE users SET id = 1;",
            "DELETE FROM users WHERE id = 1;",
            "CREATE INDEX i ON users (id);",
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON users USING btree (id);",
            "CREATE INDEX ON public.users (id);",
            "DROP INDEX i ON users;",
            "CREATE TRIGGER t AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();",
            "GRANT SELECT ON users TO reader;",
            "COMMENT ON TABLE users IS 'people';",
            "TRUNCATE users;",
            "LOCK TABLE users;",
        ] {
            assert_eq!(tables(sql), " | users", "{sql}");
        }
        assert_eq!(
            tables(
                "CREATE TABLE a (u INT REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL);"
            ),
            "a | users"
        );
        assert_eq!(
            tables("CREATE TABLE a (u INT, FOREIGN KEY (u) REFERENCES `users` (id));"),
            "a | users"
        );
        assert_eq!(
            tables("CREATE TABLE p PARTITION OF users FOR VALUES IN (1);"),
            "p | users"
        );
        assert_eq!(tables("CREATE TABLE p (LIKE users);"), "p | users");
        assert_eq!(
            tables("CREATE TABLE p (x INT) INHERITS (users);"),
            "p | users"
        );
        assert_eq!(tables("DROP TABLE a, b;"), " | a b");
        assert_eq!(tables("-- ALTER TABLE no\nSELECT 'UPDATE no SET';"), " | ");
    }

    #[test]
    fn what_is_its_own_is_not_used() {
        assert_eq!(
            tables("DROP TABLE IF EXISTS a; CREATE TABLE a (id INT); INSERT INTO a VALUES (1);"),
            "a | "
        );
        assert_eq!(
            tables(
                "CREATE TABLE new_a (id INT); INSERT INTO new_a SELECT id FROM a; DROP TABLE a; ALTER TABLE new_a RENAME TO a;"
            ),
            "new_a | a"
        );
        assert_eq!(tables("ALTER TABLE a RENAME TO b;"), "b | a");
        assert_eq!(tables("RENAME TABLE a TO b, c TO d;"), "b d | a c");
        assert_eq!(
            tables("CREATE TABLE a (id INT, up INT REFERENCES a (id));"),
            "a | "
        );
    }
}
