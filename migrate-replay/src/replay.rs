//! Rewrites a chain, or a file of SQL, so that it runs in a scratch database without effects
//! elsewhere.
//!
//! Statements that reach out of the database ([`reach::reaches`]) are changed, skipped, or refused:
//!
//! - the name of the chain's own database is replaced by that of the scratch database;
//! - roles that a statement needs are listed, so that they can be created before;
//! - statements about the server, its files or another server are skipped, and so are statements
//!   that would run them: a call of a function whose body does so, a row for a table whose trigger
//!   does;
//! - a reference to an object of another database is refused.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::reach::{self, Item, Items as _, Named, Reach, ReachKind};
use migrate_core::{Dialect, Direction, Revision, Script, Section, Statement};
use migrate_sql::{Quoting, quoting_after};

/// The surroundings of a scratch database.
#[derive(Clone, Copy, Debug)]
pub struct ReplayTarget<'a> {
    /// The dialect of the SQL.
    pub dialect: Dialect,
    /// The name of the database that the chain is for.
    pub own: &'a str,
    /// The name of the scratch database.
    pub scratch: &'a str,
    /// The treatment of other databases' names.
    pub cross_database: CrossDatabase,
}

/// The treatment of other databases' names (MySQL).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossDatabase {
    /// They are refused: the server is shared.
    Refuse,
    /// They are kept: the server as a whole is temporary.
    Keep,
}

/// A chain or a file in a form that runs in a scratch database.
#[derive(Clone, Debug)]
pub struct Replay<T> {
    /// The rewritten input: the same order, each line at its place.
    pub runs: Vec<T>,
    /// The `up` statements that are skipped, in the order of the files.
    pub skipped: Vec<SkippedStatement>,
    /// The roles that must exist (PostgreSQL).
    pub roles: Vec<NeededRole>,
}

/// A statement that is not run in a scratch database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct SkippedStatement {
    /// The name of its file.
    pub file: String,
    /// The line where it begins, counted from 1.
    pub line: usize,
    /// The reason: `CREATE ROLE`.
    pub what: String,
}

/// A role that statements reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededRole {
    /// The name of the role.
    pub name: String,
    /// Whether statements run as this role, so that it must be allowed to create objects.
    pub acts: bool,
}

/// A reference to another database whose objects cannot be used safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherDatabase {
    /// The name of the file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The name of the database.
    pub database: String,
}

/// A statement and its place.
struct Source<'a> {
    sql: &'a str,
    file: &'a str,
    line: usize,
    /// Set for statements of an `up`; a replay runs only these, except for a baseline that is
    /// reverted.
    is_up: bool,
}

impl Replay<Revision> {
    /// Rewrites the revisions of a chain; ids and hashes are kept. Takes linear time.
    ///
    /// ```
    /// use migrate_core::{Dialect, Dialects, Revision};
    /// use migrate_replay::{ReplayTarget, CrossDatabase, Replay};
    ///
    /// let text = "-- revision: a\n-- migrate: up\nGRANT ALL ON shop.* TO app;\nDROP TABLE shop.t;\n";
    /// let revision = Revision::parse("a.sql", text, Dialects::NONE).unwrap();
    /// let target = ReplayTarget { dialect: Dialect::MySql, own: "shop", scratch: "s1", cross_database: CrossDatabase::Refuse };
    /// let replay = Replay::revisions(&[revision], &target).unwrap();
    /// assert_eq!(replay.runs[0].text.lines().last(), Some("DROP TABLE `s1`.t;"));
    /// assert_eq!((replay.skipped[0].line, &*replay.skipped[0].what), (3, "GRANT"));
    /// ```
    ///
    /// # Errors
    ///
    /// Every name of another database.
    pub fn revisions(
        revisions: &[Revision],
        target: &ReplayTarget<'_>,
    ) -> Result<Self, Vec<OtherDatabase>> {
        let mut sources = Vec::new();
        for revision in revisions {
            let (mut at, mut line) = (0, 1);
            for (direction, statement) in statements(revision, target.dialect) {
                // Sections are in the order of the file.
                line += newlines(&revision.text[at..statement.range().start]);
                at = statement.range().start;
                sources.push(Source {
                    sql: revision.sql(*statement),
                    file: &revision.file,
                    line,
                    is_up: direction == Direction::Up,
                });
            }
        }
        let rewritten = rewrite(&sources, target)?;
        let mut texts = rewritten.texts.into_iter();
        let runs = revisions
            .iter()
            .map(|revision| with_texts(revision, target.dialect, &mut texts))
            .collect();
        Ok(Self {
            runs,
            skipped: rewritten.skipped,
            roles: rewritten.roles,
        })
    }
}

impl Replay<String> {
    /// Rewrites the statements of a file, each with the line where it begins.
    ///
    /// # Errors
    ///
    /// Every name of another database.
    pub fn statements(
        file: &str,
        statements: &[(usize, &str)],
        target: &ReplayTarget<'_>,
    ) -> Result<Self, Vec<OtherDatabase>> {
        let sources: Vec<_> = statements
            .iter()
            .map(|(line, sql)| Source {
                sql,
                file,
                line: *line,
                is_up: true,
            })
            .collect();
        let rewritten = rewrite(&sources, target)?;
        let texts = rewritten.texts.into_iter().zip(&sources);
        let runs = texts
            .map(|(text, source)| text.unwrap_or_else(|| source.sql.to_owned()))
            .collect();
        Ok(Self {
            runs,
            skipped: rewritten.skipped,
            roles: rewritten.roles,
        })
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn statements(
    revision: &Revision,
    dialect: Dialect,
) -> impl Iterator<Item = (Direction, &Statement)> {
    revision
        .sections
        .iter()
        .filter(move |section| section.dialects.contains(dialect))
        .flat_map(move |section| {
            let statements = section.statements(dialect).unwrap_or_default();
            statements
                .iter()
                .map(|statement| (section.direction, statement))
        })
}

/// Returns the same revision with other statements; `None` keeps one.
fn with_texts(
    revision: &Revision,
    dialect: Dialect,
    texts: &mut impl Iterator<Item = Option<String>>,
) -> Revision {
    let all: Vec<Option<String>> = statements(revision, dialect)
        .map(|_| texts.next().flatten())
        .collect();
    if all.iter().all(Option::is_none) {
        return revision.clone();
    }
    let mut text = String::with_capacity(revision.text.len());
    let (mut at, mut places) = (0, Vec::with_capacity(all.len()));
    for ((_, statement), changed) in statements(revision, dialect).zip(&all) {
        let range = statement.range();
        text.push_str(&revision.text[at..range.start]);
        let start = text.len() as u32;
        text.push_str(changed.as_deref().unwrap_or(&revision.text[range.clone()]));
        places.push(Statement {
            start,
            end: text.len() as u32,
        });
        at = range.end;
    }
    text.push_str(&revision.text[at..]);
    let mut places = places.into_iter();
    let sections = revision.sections.iter().map(|section| {
        let serves = section.dialects.contains(dialect);
        let own = section.statements(dialect).filter(|_| serves);
        // The statements of other dialects have moved, and are not run.
        let scripts = own.map(|own| Script {
            dialects: migrate_core::Dialects::NONE.with(dialect),
            statements: places.by_ref().take(own.len()).collect(),
        });
        Section {
            scripts: scripts.into_iter().collect(),
            ..section.clone()
        }
    });
    Revision {
        sections: sections.collect(),
        text: Cow::Owned(text),
        ..revision.clone()
    }
}

/// The results for the statements: for each another text, or `None` if it is kept.
struct Rewritten {
    texts: Vec<Option<String>>,
    skipped: Vec<SkippedStatement>,
    roles: Vec<NeededRole>,
}

/// Names that decide about the statements that reference them, in lower case.
#[derive(Default)]
struct Names {
    /// Objects whose use reaches out: functions by their bodies, tables by their triggers, tables
    /// that are on another server.
    tainted: BTreeSet<String>,
    /// Objects that were skipped, so nothing can reference them.
    absent: BTreeSet<String>,
    /// Packages of MariaDB.
    packages: BTreeSet<String>,
    /// Databases of files that SQLite attaches.
    attached: BTreeSet<String>,
}

/// The treatment of one statement.
enum Verdict {
    Runs(Vec<(Range<usize>, String)>),
    Skipped(String),
}

fn rewrite(
    sources: &[Source<'_>],
    target: &ReplayTarget<'_>,
) -> Result<Rewritten, Vec<OtherDatabase>> {
    let reaches = reaches_of(sources, target.dialect);
    let names = Names::of(sources, &reaches, target);
    let mut rewritten = Rewritten {
        texts: Vec::with_capacity(sources.len()),
        skipped: Vec::new(),
        roles: Vec::new(),
    };
    let mut refused = Vec::new();
    let mut roles: BTreeSet<NeededRole> = BTreeSet::new();
    for (source, reaches) in sources.iter().zip(&reaches) {
        let known = refused.len();
        let mut verdict = names.verdict(source, reaches, target, &mut refused);
        if !source.is_up && refused.len() > known {
            refused.truncate(known);
            verdict = Verdict::Skipped(String::new());
        }
        rewritten.texts.push(match verdict {
            Verdict::Skipped(what) => {
                if source.is_up {
                    rewritten.skipped.push(SkippedStatement {
                        file: source.file.to_owned(),
                        line: source.line,
                        what,
                    });
                }
                Some(format!("SELECT 1{}", "\n".repeat(newlines(source.sql))))
            }
            Verdict::Runs(edits) => {
                roles.extend(reaches.iter().filter(|_| source.is_up).filter_map(needed));
                (!edits.is_empty()).then(|| edited(source.sql, edits))
            }
        });
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    rewritten.roles = roles.into_iter().collect();
    Ok(rewritten)
}

/// Finds the reaches of each statement, in the session of its section.
fn reaches_of(sources: &[Source<'_>], dialect: Dialect) -> Vec<Vec<Reach>> {
    let mut session = None;
    let mut quoting = Quoting::default();
    let each = sources.iter().map(|source| {
        if session.replace((source.file, source.is_up)) != Some((source.file, source.is_up)) {
            quoting = Quoting::default();
        }
        let found = reach::reaches_with(dialect, quoting, source.sql);
        if dialect == Dialect::MySql {
            quoting = quoting_after(source.sql, quoting);
        }
        found
    });
    each.collect()
}

fn needed(reach: &Reach) -> Option<NeededRole> {
    match &reach.kind {
        ReachKind::Role { name, acts } => Some(NeededRole {
            name: name.clone(),
            acts: *acts,
        }),
        _ => None,
    }
}

/// Replaces ranges of a text; lines keep their numbers.
fn edited(sql: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut text = String::with_capacity(sql.len() + 64);
    let mut at = 0;
    for (range, with) in edits {
        // The same range is changed once.
        if range.start < at {
            continue;
        }
        text.push_str(&sql[at..range.start]);
        text.push_str(&with);
        let lost = newlines(&sql[range.clone()]).saturating_sub(newlines(&with));
        text.extend(std::iter::repeat_n('\n', lost));
        at = range.end;
    }
    text.push_str(&sql[at..]);
    text
}

/// Returns the words of a text, including names, in any language.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '$')
        .filter(|word| !word.is_empty())
}

/// Returns the first word of a text that is in a set.
fn named_in(set: &BTreeSet<String>, text: &str) -> Option<String> {
    if set.is_empty() {
        return None;
    }
    words(text)
        .map(str::to_lowercase)
        .find(|word| set.contains(word))
}

/// The words that a statement begins with, without modifiers: `CREATE OR REPLACE TABLE` begins with
/// CREATE and TABLE.
struct Beginning<'a> {
    items: Vec<Item<'a>>,
    dialect: Dialect,
    /// The position of the word for the kind of the object.
    what: usize,
}

impl<'a> Beginning<'a> {
    /// Reads enough of a statement to know which object it creates, and on which table.
    fn of(dialect: Dialect, sql: &'a str) -> Self {
        const WHAT: [&str; 10] = [
            "TABLE",
            "VIEW",
            "FUNCTION",
            "PROCEDURE",
            "TRIGGER",
            "RULE",
            "EXTENSION",
            "PACKAGE",
            "EVENT",
            "INDEX",
        ];
        let items = reach::items(dialect, sql);
        let what = items.iter().take(12).position(|item| item.is_any(&WHAT));
        Self {
            what: what.unwrap_or(usize::MAX),
            items,
            dialect,
        }
    }

    fn is(&self, verb: &str) -> bool {
        self.items.at(0).is(verb)
    }

    fn makes(&self, what: &[&str]) -> bool {
        self.is("CREATE") && self.what < self.items.len() && self.items.at(self.what).is_any(what)
    }

    /// Returns the last part of the name at a position, in lower case.
    fn name(&self, place: usize) -> Option<String> {
        let mut place = self
            .items
            .skip(place, &["IF", "NOT", "EXISTS", "ONLY", "BODY"]);
        while self.items.at(place + 1).is_sign(".") {
            place += 2;
        }
        let item = self.items.at(place);
        item.is_name(self.dialect)
            .then(|| item.name(self.dialect).to_lowercase())
    }

    /// Returns the name of the created object.
    fn made(&self) -> Option<String> {
        self.name(self.what.checked_add(1)?)
    }

    /// Returns the name after the first of some words.
    fn behind(&self, words: &[&str]) -> Option<String> {
        let starts = |place: &usize| {
            let mut words = words.iter().enumerate();
            words.all(|(more, word)| {
                let item = self.items.at(place + more);
                item.is(word) || item.is_sign(word)
            })
        };
        let place = (0..self.items.len()).find(starts)?;
        self.name(place + words.len())
    }
}

impl Names {
    fn of(sources: &[Source<'_>], reaches: &[Vec<Reach>], target: &ReplayTarget<'_>) -> Self {
        let mut names = Self::default();
        // Objects made from others, which are tainted if those are.
        let mut made: Vec<(&str, Vec<String>)> = Vec::new();
        for (source, reaches) in sources.iter().zip(reaches) {
            let first = words(source.sql).next().unwrap_or_default();
            let is = |word: &str| first.eq_ignore_ascii_case(word);
            for reach in reaches {
                if let ReachKind::Attach { name } = &reach.kind {
                    names.attached.insert(name.to_lowercase());
                }
            }
            // A CREATE in an executable comment of MySQL is read as well.
            if !is("CREATE") && !is("ALTER") && !source.sql.starts_with("/*") {
                continue;
            }
            let deferred = reaches
                .iter()
                .any(|reach| reach.deferred && names.is_out(reach, target));
            let at_once = reaches
                .iter()
                .any(|reach| !reach.deferred && is_server(reach));
            let beginning = Beginning::of(target.dialect, source.sql);
            let makes = |what: &[&str]| beginning.makes(what);
            if makes(&["PACKAGE"]) {
                names.packages.extend(beginning.made());
            }
            if at_once && makes(&["TABLE", "EXTENSION", "FUNCTION"]) {
                names.absent.extend(beginning.made());
                continue;
            }
            let mut of_it = Vec::new();
            if makes(&["FUNCTION", "PROCEDURE", "VIEW", "PACKAGE"]) {
                of_it.extend(beginning.made());
            } else if makes(&["TRIGGER"]) {
                of_it.extend(beginning.behind(&["ON"]));
            } else if makes(&["RULE"]) {
                of_it.extend(beginning.behind(&["TO"]));
            } else if makes(&["TABLE"]) && beginning.items.at(1).is("FOREIGN") {
                names.tainted.extend(beginning.made());
                names.tainted.extend(beginning.behind(&["PARTITION", "OF"]));
                names.tainted.extend(beginning.behind(&["INHERITS", "("]));
            } else if makes(&["TABLE"]) {
                // A table with a partition on another server is there as well.
                of_it.extend(beginning.behind(&["PARTITION", "OF"]));
            } else if beginning.is("ALTER") && beginning.behind(&["ATTACH", "PARTITION"]).is_some()
            {
                of_it.extend(beginning.name(2));
            }
            if deferred {
                names.tainted.extend(of_it);
            } else if !of_it.is_empty() {
                made.push((source.sql, of_it));
            }
        }
        names.spread(made);
        names
    }

    /// Objects made from something that reaches out are tainted too.
    fn spread(&mut self, mut made: Vec<(&str, Vec<String>)>) {
        while !self.tainted.is_empty() {
            let before = made.len();
            made.retain_mut(|(sql, of_it)| match named_in(&self.tainted, sql) {
                Some(_) => {
                    self.tainted.append(&mut of_it.drain(..).collect());
                    false
                }
                None => true,
            });
            if made.len() == before {
                return;
            }
        }
    }

    /// Returns whether a reach has effects elsewhere once it runs.
    fn is_out(&self, reach: &Reach, target: &ReplayTarget<'_>) -> bool {
        match &reach.kind {
            ReachKind::Server(_) => true,
            ReachKind::Database { name, before, .. } => {
                target.dialect == Dialect::MySql
                    && target.cross_database == CrossDatabase::Refuse
                    && !is_own(name, target)
                    && !self.is_package(name, *before)
            }
            _ => false,
        }
    }

    fn is_package(&self, name: &str, before: Named) -> bool {
        before == Named::Called && self.packages.contains(&name.to_lowercase())
    }

    fn verdict(
        &self,
        source: &Source<'_>,
        reaches: &[Reach],
        target: &ReplayTarget<'_>,
        refused: &mut Vec<OtherDatabase>,
    ) -> Verdict {
        let sql = source.sql;
        if let Some(reach) = reaches
            .iter()
            .find(|reach| !reach.deferred && is_server(reach))
        {
            return Verdict::Skipped(reach.what().into_owned());
        }
        if let Some(name) = named_in(&self.absent, sql) {
            return Verdict::Skipped(format!("uses `{name}`, which is not replayed"));
        }
        let mut edits = Vec::new();
        if let Some(name) = named_in(&self.tainted, sql) {
            if runs_rows(sql) {
                return Verdict::Skipped(format!("uses `{name}`, which reaches out"));
            }
            edits.extend(without_rows(target.dialect, sql));
        }
        for reach in reaches {
            match &reach.kind {
                ReachKind::Database { name, before, .. } => {
                    let own = is_own(name, target);
                    match (target.dialect, before) {
                        (Dialect::Sqlite, _) => {
                            if let Some(verdict) = self.attached(name, *before, sql, &mut edits) {
                                return verdict;
                            }
                        }
                        _ if own => {
                            let scratch = target.dialect.quote(target.scratch);
                            edits.push((reach.range.clone(), scratch));
                            edits.extend(if_not_exists(*before, target.dialect, sql, reach));
                        }
                        (_, Named::Itself) => {
                            let first = words(sql).next().unwrap_or_default();
                            let what = format!("{} of {}", first.to_uppercase(), reach.what());
                            return Verdict::Skipped(what);
                        }
                        // A body may reference it: statements that would run the body are skipped.
                        (Dialect::MySql, _) if !reach.deferred && self.is_out(reach, target) => {
                            refused.push(OtherDatabase {
                                file: source.file.to_owned(),
                                line: source.line + newlines(&sql[..reach.range.start]),
                                database: name.clone(),
                            });
                        }
                        _ => {}
                    }
                }
                ReachKind::Definer | ReachKind::Directory => {
                    edits.push((reach.range.clone(), String::new()));
                }
                // Read from there, it is one that the chain enables: a replica has its
                // source's events like this (MySQL manual, "Replication of Invoked Features").
                ReachKind::Event => {
                    edits.push((reach.range.clone(), "DISABLE ON SLAVE ".to_owned()));
                }
                ReachKind::Attach { .. } => {
                    edits.push((reach.range.clone(), "':memory:'".to_owned()));
                }
                ReachKind::Role { .. } | ReachKind::Server(_) => {}
            }
        }
        Verdict::Runs(edits)
    }

    /// Handles statements in an attached file, which is replaced by an empty database in memory.
    /// Objects are created and dropped in it, because others may depend on them; statements on its
    /// rows are skipped.
    fn attached(
        &self,
        name: &str,
        before: Named,
        sql: &str,
        edits: &mut Vec<(Range<usize>, String)>,
    ) -> Option<Verdict> {
        if before == Named::Used || !self.attached.contains(&name.to_lowercase()) {
            return None;
        }
        let beginning = Beginning::of(Dialect::Sqlite, sql);
        if beginning.is("CREATE") {
            return None;
        }
        if beginning.is("DROP") {
            if let Some(next) = beginning.items.get(2).filter(|next| !next.is("IF")) {
                edits.push((next.start..next.start, "IF EXISTS ".to_owned()));
            }
            return None;
        }
        let what = format!("changes the attached database `{name}`");
        Some(Verdict::Skipped(what))
    }
}

fn is_server(reach: &Reach) -> bool {
    matches!(reach.kind, ReachKind::Server(_))
}

/// Returns whether it is the name of the chain's own database. On some systems MySQL ignores the
/// case of names (manual, "Identifier Case Sensitivity").
fn is_own(name: &str, target: &ReplayTarget<'_>) -> bool {
    match target.dialect {
        Dialect::Postgres => name == target.own,
        Dialect::MySql => name.to_lowercase() == target.own.to_lowercase(),
        Dialect::Sqlite => false,
    }
}

/// Returns the database already exists.
fn if_not_exists(
    before: Named,
    dialect: Dialect,
    sql: &str,
    reach: &Reach,
) -> Option<(Range<usize>, String)> {
    let says =
        |word: &str| words(&sql[..reach.range.start]).any(|it| it.eq_ignore_ascii_case(word));
    let creates = before == Named::Itself && dialect == Dialect::MySql && says("CREATE");
    let at = reach.range.start;
    (creates && !says("EXISTS") && !says("REPLACE")).then(|| (at..at, "IF NOT EXISTS ".to_owned()))
}

/// Returns whether a statement works on rows or calls something, and creates no object.
fn runs_rows(sql: &str) -> bool {
    const VERBS: [&str; 19] = [
        "ANALYZE", "BEGIN", "CALL", "COPY", "DELETE", "DO", "EXECUTE", "EXPLAIN", "IF", "INSERT",
        "LOAD", "MERGE", "REFRESH", "REPLACE", "SELECT", "SET", "TABLE", "TRUNCATE", "UPDATE",
    ];
    let first = words(sql).next().unwrap_or_default();
    let is = |word: &&str| first.eq_ignore_ascii_case(word);
    VERBS.iter().any(is) || is(&"VALUES") || is(&"WITH") || is(&"VACUUM")
}

/// Returns the edit that creates a table or view without its rows, if these come from something
/// that reaches out (PostgreSQL manual, "CREATE MATERIALIZED VIEW", "CREATE TABLE AS").
fn without_rows(dialect: Dialect, sql: &str) -> Option<(Range<usize>, String)> {
    if dialect != Dialect::Postgres {
        return None;
    }
    let beginning = Beginning::of(dialect, sql);
    let items = &beginning.items;
    let takes_rows = beginning.items.at(1).is("MATERIALIZED")
        || (beginning.makes(&["TABLE"]) && items.iter().any(|item| item.is("SELECT")));
    if !takes_rows || items.ends_with_words(&["NO", "DATA"]) {
        return None;
    }
    let end = match items.ends_with_words(&["WITH", "DATA"]) {
        true => items.at(items.len() - 2).start,
        false => sql.len(),
    };
    Some((end..sql.len(), "\nWITH NO DATA".to_owned()))
}

trait EndsWith {
    fn ends_with_words(&self, words: &[&str]) -> bool;
}

impl EndsWith for Vec<Item<'_>> {
    fn ends_with_words(&self, words: &[&str]) -> bool {
        let from = self.len().saturating_sub(words.len());
        self.len() >= words.len() && (0..words.len()).all(|at| self.at(from + at).is(words[at]))
    }
}

#[cfg(test)]
mod tests;
