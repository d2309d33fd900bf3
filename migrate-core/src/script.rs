//! Turns a parsed file into a revision: its sections are split into statements, checked, and
//! hashed.

use std::borrow::Cow;
use std::ops::Range;

use crate::diagnostic::MOST_PROBLEMS;
use crate::file::{Parsed, ParsedSection};
use crate::hash::Hasher;
use crate::{
    Code, Diagnostic, Dialect, Dialects, Direction, Hash, Label, Revision, RevisionId, Rules,
    Script, Section, Severity, Statement,
};
use migrate_sql::{FindingKind, Plain, Tokens, Unpaired};

/// The version of the algorithm is part of every hash.
const HASH: &str = "cargo-migrate revision 1";

/// The settings by which the sections of a file are checked.
pub(crate) struct Checker<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    pub(crate) rules: &'a Rules,
    /// The dialects of the project; empty if it does not configure any.
    pub(crate) dialects: Dialects,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
}

/// Creates the revision of a parsed file, which is known to contain `id`.
#[expect(
    clippy::ptr_arg,
    reason = "whether the text is borrowed decides what is copied"
)]
pub(crate) fn revision(
    name: &str,
    text: &Cow<'static, str>,
    id: RevisionId,
    parsed: &Parsed,
    sections: Vec<Section>,
    views: &[Vec<Tokens>],
) -> Revision {
    let owned = |names: &[crate::file::Spanned<String>]| {
        names
            .iter()
            .map(|name| Cow::Owned(name.value.clone()))
            .collect()
    };
    // If the text is borrowed for good, its parts need no copies.
    let part = |part: &str| match text {
        Cow::Borrowed(text) => match text.find(part) {
            Some(at) => Cow::Borrowed(&text[at..at + part.len()]),
            None => Cow::Owned(part.to_owned()),
        },
        Cow::Owned(_) => Cow::Owned(part.to_owned()),
    };
    let mut revision = Revision {
        id,
        parents: parsed
            .parents
            .iter()
            .map(|parent| parent.value.clone())
            .collect(),
        depends_on: owned(&parsed.depends_on),
        labels: owned(&parsed.labels),
        message: part(&parsed.message),
        created: part(&parsed.created),
        stated_phase: parsed.phase,
        file: Cow::Owned(name.to_owned()),
        text: text.clone(),
        sections: sections.into(),
        hash: Hash::from_bytes([0; 32]),
        chain_hash: Hash::from_bytes([0; 32]),
    };
    revision.hash = hash(&revision, text, &parsed.sections, views);
    revision
}

/// Returns the hash of a revision's meaning: ids and links, and the tokens of the sections.
///
/// A section is hashed as the tokens that its dialects see in it. If it names no dialect, every
/// dialect that can read it counts, so that the hash does not depend on migrate.toml and includes
/// every edit that some database would notice.
fn hash(
    revision: &Revision,
    text: &str,
    sections: &[ParsedSection],
    views: &[Vec<Tokens>],
) -> Hash {
    let mut hasher = Hasher::new(HASH);
    hasher.part(revision.id.as_str().as_bytes());
    hasher.parts(revision.parents.iter());
    hasher.parts(revision.depends_on.iter());
    hasher.parts(revision.labels.iter());
    for (section, tokens) in sections.iter().zip(views) {
        hasher.part(section.direction.as_str().as_bytes());
        hasher.part(&[section.named.bits(), u8::from(section.transaction)]);
        if let Some(reason) = &section.irreversible {
            hasher.part(reason.as_bytes());
        }
        for tokens in tokens {
            hasher.part(tokens.as_bytes());
        }
        if tokens.is_empty() {
            hasher.part(text[section.body.clone()].as_bytes());
        }
    }
    hasher.finish()
}

/// Returns the distinct token lists that the dialects which can read a section see in it.
fn views(section: &ParsedSection, body: &str, plain: Option<&Plain>) -> Vec<Tokens> {
    if let Some(plain) = plain {
        return vec![plain.tokens.clone()];
    }
    let mut views: Vec<Tokens> = Vec::new();
    for tokens in section
        .dialects()
        .iter()
        .filter_map(|dialect| migrate_sql::tokens(dialect, body).ok())
    {
        if !views.contains(&tokens) {
            views.push(tokens);
        }
    }
    views
}

/// Returns the dialects that the sections of a direction serve.
fn served(revision: &Revision, direction: Direction) -> Dialects {
    revision
        .sections
        .iter()
        .filter(|section| section.direction == direction)
        .flat_map(|section| section.dialects.iter())
        .collect()
}

/// Returns the names of dialects in section headers.
fn listed(dialects: Dialects) -> Vec<&'static str> {
    dialects.iter().map(Dialect::as_str).collect()
}

/// Returns the names of dialects as a phrase.
fn names(dialects: Dialects) -> String {
    let names: Vec<_> = dialects.iter().map(Dialect::name).collect();
    names.join(" and ")
}

/// Returns the statements of a section as ranges of the whole file.
fn placed(ranges: Vec<Range<usize>>, offset: usize) -> Cow<'static, [Statement]> {
    let place = |range: Range<usize>| Statement {
        start: (range.start + offset) as u32,
        end: (range.end + offset) as u32,
    };
    ranges.into_iter().map(place).collect()
}

impl Checker<'_> {
    fn push(&mut self, diagnostic: Diagnostic, span: Range<usize>, word: &str, help: &str) {
        let file = self.file;
        let of_file = |found: &&Diagnostic| found.labels.iter().any(|label| label.file == file);
        let reported = self.diagnostics.iter().rev().take_while(of_file);
        let (mut count, mut broken) = (0, false);
        for found in reported.take(MOST_PROBLEMS) {
            count += 1;
            broken |= found.is_error();
        }
        // An error after many warnings is still reported, because it decides.
        if count == MOST_PROBLEMS && (broken || !diagnostic.is_error()) {
            return;
        }
        let label = Label::at(self.file, self.text, span, word);
        let mut diagnostic = diagnostic.help(help);
        // Its own place comes first, before the places that it refers to.
        diagnostic.labels.insert(0, label);
        self.diagnostics.push(diagnostic);
    }

    fn breach(
        &mut self,
        severity: Option<Severity>,
        code: Code,
        message: String,
        span: Range<usize>,
        help: &str,
    ) {
        if let Some(severity) = severity {
            self.push(
                Diagnostic::error(code, message).severity(severity),
                span,
                "",
                help,
            );
        }
    }

    /// Splits the sections and checks their contents; returns with each the tokens that the
    /// dialects see in it.
    pub(crate) fn sections(&mut self, parsed: &Parsed) -> (Vec<Section>, Vec<Vec<Tokens>>) {
        let mut sections = Vec::with_capacity(parsed.sections.len());
        let mut seen = Vec::with_capacity(parsed.sections.len());
        for (section, serves) in parsed.sections.iter().zip(parsed.serves()) {
            let body = &self.text[section.body.clone()];
            let plain = migrate_sql::plain(body);
            seen.push(views(section, body, plain.as_ref()));
            let scripts = self.scripts(section, serves, plain);
            self.lint(section, serves, &scripts);
            sections.push(Section {
                direction: section.direction,
                dialects: serves,
                transaction: section.transaction,
                limits: section.limits,
                scripts: scripts.into(),
                irreversible: section.irreversible.clone().map(Cow::Owned),
            });
        }
        (sections, seen)
    }

    /// Returns the dialects of a section that the project uses; all of them if it configures none.
    fn checked(&self, serves: Dialects) -> Dialects {
        match self.dialects.is_empty() {
            true => serves,
            false => serves.and(self.dialects),
        }
    }

    fn scripts(
        &mut self,
        section: &ParsedSection,
        serves: Dialects,
        plain: Option<Plain>,
    ) -> Vec<Script> {
        let body = &self.text[section.body.clone()];
        let offset = section.body.start;
        // If the project does not configure its databases, a section is valid if any dialect can
        // read it.
        let known = !self.dialects.is_empty() || !section.named.is_empty();
        let checked = self.checked(serves);
        if let Some(plain) = plain {
            return vec![Script {
                dialects: serves,
                statements: placed(plain.statements, offset),
            }];
        }
        let mut scripts: Vec<Script> = Vec::new();
        let mut failures: Vec<(migrate_sql::Unterminated, Dialects)> = Vec::new();
        for dialect in serves.iter() {
            match migrate_sql::split(dialect, body) {
                Ok(ranges) => {
                    let statements = placed(ranges, offset);
                    match scripts
                        .iter_mut()
                        .find(|script| script.statements == statements)
                    {
                        Some(script) => script.dialects = script.dialects.with(dialect),
                        None => scripts.push(Script {
                            dialects: Dialects::NONE.with(dialect),
                            statements,
                        }),
                    }
                }
                Err(_) if !checked.contains(dialect) => {}
                Err(unterminated) => {
                    let same = |(known, _): &&mut (migrate_sql::Unterminated, _)| {
                        known.at == unterminated.at
                    };
                    match failures.iter_mut().find(same) {
                        Some((_, dialects)) => *dialects = dialects.with(dialect),
                        None => failures.push((unterminated, Dialects::NONE.with(dialect))),
                    }
                }
            }
        }
        if known || scripts.is_empty() {
            for (unterminated, dialects) in failures {
                let at = unterminated.at;
                let whose = match dialects == checked {
                    true => String::new(),
                    false => format!(" for {}", names(dialects)),
                };
                let span = at + offset..at + offset + 1;
                let diagnostic = Diagnostic::error(
                    Code::UnterminatedSql,
                    format!("unterminated {}{whose}", unterminated.what),
                );
                let contested = section.contested.and(dialects);
                if contested.is_empty() {
                    let help =
                        "close it, or name the dialects of the section: `-- migrate: up postgres`";
                    self.push(diagnostic, span, "it begins here", help);
                    continue;
                }
                // The section ends here only because other dialects read it differently.
                let end = section.body.end;
                let line = self.text[end..].lines().next().map_or(0, str::len);
                let word = format!(
                    "for {} this line is inside it, for other dialects it begins a section",
                    names(contested)
                );
                let line = Label::at(self.file, self.text, end..end + line, &word);
                let direction = section.direction.as_str();
                let words = contested.iter().map(Dialect::as_str).collect::<Vec<_>>();
                let help = format!(
                    "name the dialects of the section: `-- migrate: {direction} {}`; or put a blank before the line that looks like a section",
                    words.join(" ")
                );
                self.push(diagnostic.label(line), span, "it begins here", &help);
            }
        }
        scripts
    }

    /// Checks each statement. If the project does not configure its databases, one dialect may read
    /// an unknown body as loose statements, including `END`, so only a statement that all dialects
    /// read as transaction control is reported.
    fn lint(&mut self, section: &ParsedSection, serves: Dialects, scripts: &[Script]) {
        let checked = self.checked(serves);
        let known = !self.dialects.is_empty() || !section.named.is_empty();
        let mut reported = Vec::new();
        let findings: Vec<Vec<(Dialect, usize, migrate_sql::Finding)>> = scripts
            .iter()
            .flat_map(|script| {
                let dialects = script.dialects.and(checked);
                dialects.iter().map(move |dialect| (dialect, script))
            })
            .map(|(dialect, script)| {
                let found = |statement: &Statement| {
                    let finding = migrate_sql::lint(dialect, &self.text[statement.range()])?;
                    Some((dialect, statement.start as usize, finding))
                };
                script.statements.iter().filter_map(found).collect()
            })
            .collect();
        let everywhere = |at: usize| {
            findings.iter().all(|found| {
                let same = found.binary_search_by_key(&at, |(_, start, _)| *start);
                same.is_ok_and(|same| found[same].2.kind == FindingKind::TransactionControl)
            })
        };
        for (dialect, at, finding) in findings.iter().flatten() {
            let is_certain =
                known || finding.kind != FindingKind::TransactionControl || everywhere(*at);
            if is_certain && let Err(place) = reported.binary_search(at) {
                reported.insert(place, *at);
                self.report_finding(section, *dialect, *at, finding);
            }
        }
        if !section.transaction {
            self.unpaired(checked, known, scripts);
        }
    }

    /// Checks that the transactions that a section begins itself are its own: what it leaves open
    /// would include the ledger's row.
    fn unpaired(&mut self, checked: Dialects, known: bool, scripts: &[Script]) {
        let mut found = Vec::new();
        for script in scripts {
            let texts = || {
                let statements = script.statements.iter();
                statements.map(|statement| &self.text[statement.range()])
            };
            for dialect in script.dialects.and(checked).iter() {
                let unpaired = migrate_sql::unpaired(dialect, texts());
                found.push(unpaired.map(|unpaired| (dialect, script, unpaired)));
            }
        }
        if !known && found.iter().any(Option::is_none) {
            return;
        }
        let Some((dialect, script, unpaired)) = found.into_iter().flatten().next() else {
            return;
        };
        let (number, why, help) = match unpaired {
            Unpaired::BeginInside(number) => (
                number,
                "inside another transaction",
                "write the `COMMIT` of the first before it, or delete it",
            ),
            Unpaired::NothingOpen(number) => (
                number,
                "without a transaction to end",
                "delete it, or write its `BEGIN` before it",
            ),
            Unpaired::LeftOpen(number) => (
                number,
                "whose transaction is still open at the end of the section",
                "write its `COMMIT` at the end of the section, or delete it",
            ),
        };
        let statement = script.statements[number].range();
        let Some(finding) = migrate_sql::lint(dialect, &self.text[statement.clone()]) else {
            return;
        };
        let at = statement.start;
        self.breach(
            self.rules.transaction_control.severity(),
            Code::TransactionControl,
            format!("`{}` {why}", finding.what),
            at + finding.range.start..at + finding.range.end,
            help,
        );
    }

    fn report_finding(
        &mut self,
        section: &ParsedSection,
        dialect: Dialect,
        at: usize,
        finding: &migrate_sql::Finding,
    ) {
        let span = at + finding.range.start..at + finding.range.end;
        let what = &finding.what;
        let direction = section.direction.as_str();
        match finding.kind {
            FindingKind::ClientCommand => self.push(
                Diagnostic::error(
                    Code::ClientCommand,
                    format!("`{what}` is a client command, which servers do not accept"),
                ),
                span,
                "",
                "write it as SQL, or run it outside the migration",
            ),
            FindingKind::TransactionControl if section.transaction => self.breach(
                self.rules.transaction_control.severity(),
                Code::TransactionControl,
                format!("`{what}` in a section that runs in a transaction of its own"),
                span,
                &format!("delete it: a revision is applied completely or not at all; or write `-- migrate: {direction} no-transaction`"),
            ),
            FindingKind::NeedsNoTransaction if section.transaction => self.breach(
                self.rules.needs_no_transaction.severity(),
                Code::NeedsNoTransaction,
                format!("{} refuses `{what}` inside a transaction", dialect.name()),
                span,
                &format!("move it to a separate revision with a section `-- migrate: {direction} {dialect} no-transaction`"),
            ),
            FindingKind::BlocksLedger if dialect == Dialect::MySql => self.push(
                Diagnostic::error(
                    Code::BlocksLedger,
                    format!("`{what}` prevents writing to every table, including those of the ledger"),
                ),
                span,
                "",
                "run it outside the migration",
            ),
            FindingKind::BlocksLedger if section.transaction => self.push(
                Diagnostic::error(
                    Code::BlocksLedger,
                    format!("`{what}` affects the transaction in which the ledger is written"),
                ),
                span,
                "",
                &format!("delete it; or write `-- migrate: {direction} {dialect} no-transaction`, and use an explicit transaction in the section"),
            ),
            FindingKind::TransactionControl
            | FindingKind::NeedsNoTransaction
            | FindingKind::BlocksLedger => {}
        }
    }

    /// Checks that every dialect has an `up`, and that the revision can be reverted.
    pub(crate) fn completeness(&mut self, revision: &Revision, at: Range<usize>, draft: bool) {
        let up = served(revision, Direction::Up);
        let wanted = if self.dialects.is_empty() {
            up
        } else {
            self.dialects
        };
        let name = &revision.id;
        let nothing_at_all = revision.sections.is_empty();
        if nothing_at_all && revision.is_merge() {
            return;
        }
        let empty = self.rules.empty_up.map_or(
            Some(if draft {
                Severity::Warning
            } else {
                Severity::Error
            }),
            crate::Level::severity,
        );
        let lacking = wanted.without(up);
        if up.is_empty() {
            self.breach(
                empty,
                Code::EmptyUp,
                format!("revision `{name}` has no `up`"),
                at,
                &format!(
                    "write its SQL below a line `-- migrate: up`: `cargo migrate edit {name}`"
                ),
            );
            return;
        }
        if !lacking.is_empty() {
            let words = listed(lacking);
            self.breach(
                self.rules.missing_dialect.severity(),
                Code::MissingDialect,
                format!("revision `{name}` has no `up` for {}", words.join(" and ")),
                at.clone(),
                &format!(
                    "add a section `-- migrate: up {}`: `cargo migrate edit {name}`",
                    words.join(" ")
                ),
            );
        }
        let without_statements: Dialects = up
            .and(wanted)
            .iter()
            .filter(|dialect| {
                revision
                    .section(Direction::Up, *dialect)
                    .and_then(|section| section.statements(*dialect))
                    .is_some_and(<[_]>::is_empty)
            })
            .collect();
        if !without_statements.is_empty() && !revision.is_merge() {
            let whose = match without_statements == up.and(wanted) {
                true => String::new(),
                false => format!(" for {}", listed(without_statements).join(" and ")),
            };
            self.breach(
                empty,
                Code::EmptyUp,
                format!("revision `{name}` does nothing{whose}: its `up` has no statement"),
                at.clone(),
                &format!("write its SQL: `cargo migrate edit {name}`"),
            );
        }
        self.check_down(revision, at, up.and(wanted), without_statements);
    }

    /// Checks that the revision can be reverted on the dialects that its `up` serves, unless it has
    /// no statements there.
    fn check_down(
        &mut self,
        revision: &Revision,
        at: Range<usize>,
        up: Dialects,
        without_statements: Dialects,
    ) {
        let name = &revision.id;
        let down = served(revision, Direction::Down);
        // An empty `down` reverts nothing that a non-empty `up` did.
        let one_way: Dialects = up
            .without(without_statements)
            .iter()
            .filter(|dialect| !down.contains(*dialect) || revision.is_empty_down(*dialect))
            .collect();
        if !one_way.is_empty() {
            let whose = match one_way == up {
                true => String::new(),
                false => format!(" for {}", listed(one_way).join(" and ")),
            };
            let what = match one_way.and(down).is_empty() {
                true => "it has no `down`",
                false => "its `down` has no statement",
            };
            self.breach(
                self.rules.missing_down.severity(),
                Code::MissingDown,
                format!("revision `{name}` cannot be reverted{whose}: {what}"),
                at,
                &format!("add a section `-- migrate: down`, or give the reason with `-- migrate: irreversible <reason>`: `cargo migrate edit {name}`"),
            );
        }
    }
}
