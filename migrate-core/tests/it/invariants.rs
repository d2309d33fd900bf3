//! Invariants that hold for any text, shared by the property tests and the fuzz targets.

use migrate_core::embedded::{decode, encode};
use migrate_core::{
    Chain, ChainLock, Config, Diagnostic, Dialect, Dialects, File, Folder, Revision, Style, Survey,
    Target, with_lf,
};
use migrate_replay::{ReachKind, reaches};
use migrate_schema::lock::SchemaLock;
use migrate_sql::{Lexer, Token, TokenKind, lint, split, tokens};

/// A diagnostic can be rendered in every form, and marks whole characters of an existing line.
pub fn diagnostic(found: &Diagnostic) {
    let plain = found.render(Style::Plain);
    assert!(plain.starts_with(found.severity.as_str()), "{plain}");
    assert!(!found.render(Style::Colour).is_empty());
    assert!(found.render_for_rustc().contains(found.code.as_str()));
    assert!(!found.message.contains('\n'), "{found:?}");
    for place in found.labels.iter().filter_map(|label| label.place.as_ref()) {
        assert!(place.line >= 1 && place.column >= 1, "{place:?}");
        if let Some(source) = &place.source {
            assert!(source.get(place.span.clone()).is_some(), "{place:?}");
            let column = source[..place.span.start].chars().count() + 1;
            assert_eq!(place.column, column, "{place:?}");
        }
    }
}

/// Returns the tokens of a text, and whether one of them is a `DELIMITER` line; `None` if a
/// construct does not end.
fn lex(dialect: Dialect, text: &str) -> Option<(Vec<Token>, bool)> {
    let mut lexer = Lexer::new(dialect, text);
    let mut found = Vec::new();
    let mut delimiters = false;
    let mut end = 0;
    loop {
        match lexer.next_token() {
            Ok(Some(token)) => {
                assert!(token.start == end && token.end > end, "{token:?} {text:?}");
                assert!(text.is_char_boundary(token.end), "{token:?} {text:?}");
                end = token.end;
                if token.kind == TokenKind::Delimiter {
                    delimiters = true;
                    lexer.set_delimiter(&token);
                }
                found.push(token);
            }
            Ok(None) => {
                assert_eq!(end, text.len(), "{text:?}");
                return Some((found, delimiters));
            }
            Err(unterminated) => {
                assert!(text.is_char_boundary(unterminated.at), "{text:?}");
                return None;
            }
        }
    }
}

/// A reach is a range of whole characters in the statement.
fn reach(dialect: Dialect, statement: &str) {
    for reach in reaches(dialect, statement) {
        assert!(
            statement.get(reach.range.clone()).is_some(),
            "{statement:?}"
        );
        assert!(!reach.what().is_empty(), "{statement:?}");
        if let ReachKind::Database { object, .. } = reach.kind {
            assert!(reach.range.end <= object, "{dialect} {statement:?}");
            assert!(
                statement.is_char_boundary(object),
                "{dialect} {statement:?}"
            );
        }
    }
}

/// Every significant token is in a statement or ends one, and each statement splits into itself.
pub fn sql(dialect: Dialect, text: &str) {
    let lexed = lex(dialect, text);
    let significant = tokens(dialect, text);
    assert_eq!(significant.is_ok(), lexed.is_some(), "{dialect} {text:?}");
    let ranges = match split(dialect, text) {
        Ok(ranges) => ranges,
        Err(unterminated) => {
            assert!(text.is_char_boundary(unterminated.at), "{dialect} {text:?}");
            assert!(unterminated.at < text.len(), "{dialect} {text:?}");
            return;
        }
    };
    let (lexed, delimiters) = lexed.expect("what can be split has tokens");
    let mut at = 0;
    for range in &ranges {
        assert!(
            at <= range.start && range.start < range.end,
            "{dialect} {text:?}"
        );
        let statement = text.get(range.clone()).expect("whole characters");
        if let Some(finding) = lint(dialect, statement) {
            assert!(statement.get(finding.range).is_some(), "{dialect} {text:?}");
        }
        reach(dialect, statement);
        at = range.end;
    }
    let mut left = ranges.iter().peekable();
    for token in lexed.iter().filter(|token| token.kind.matters()) {
        while left.next_if(|range| range.end <= token.start).is_some() {}
        let inside = left
            .peek()
            .is_some_and(|range| range.start <= token.start && token.end <= range.end);
        let ends = matches!(token.kind, TokenKind::Terminator | TokenKind::Delimiter)
            || (delimiters && &text[token.start..token.end] == ";");
        assert!(inside || ends, "{dialect} {token:?} of {text:?} is lost");
    }
    if delimiters {
        return;
    }
    for range in &ranges {
        let statement = &text[range.clone()];
        if dialect == Dialect::MySql && ends_differently(statement) {
            continue;
        }
        let whole = std::iter::once(0..statement.len());
        assert_eq!(
            split(dialect, statement),
            Ok(whole.collect()),
            "{dialect} {statement:?} of {text:?}"
        );
        let alone = lex(dialect, statement).expect("it ended in the whole").0;
        let shifted = alone.iter().map(|token| Token {
            kind: token.kind,
            start: token.start + range.start,
            end: token.end + range.start,
        });
        let place = |at: usize| lexed.partition_point(|token| token.start < at);
        let within = &lexed[place(range.start)..place(range.end)];
        assert!(
            shifted.eq(within.iter().copied()),
            "{dialect} {statement:?} of {text:?}"
        );
    }
}

/// Returns whether MySQL may read a statement differently if its text ends after it: then `--` is a
/// comment (MySQL manual, "'--' as the Start of a Comment"), and a `DELIMITER` is no longer shown
/// to be a column by the rest of its line.
fn ends_differently(statement: &str) -> bool {
    let delimiter = |line: &str| {
        let word = line.trim_start().get(.."DELIMITER".len());
        word.is_some_and(|word| word.eq_ignore_ascii_case("DELIMITER"))
    };
    statement.ends_with("--") || statement.lines().any(delimiter)
}

/// A section is split as its text is, although most are split once for all dialects.
pub fn section(text: &str) {
    const HEADER: &str = "-- revision: a\n-- migrate: up\n";
    for dialect in Dialect::ALL {
        sql(dialect, text);
    }
    let Ok(revision) = Revision::parse("a.sql", &format!("{HEADER}{text}"), Dialects::NONE) else {
        return;
    };
    let text = with_lf(text);
    let [only] = &*revision.sections else {
        return;
    };
    for dialect in Dialect::ALL {
        let statements = only.statements(dialect).map(|statements| {
            let place = |range: std::ops::Range<usize>| {
                range.start - HEADER.len()..range.end - HEADER.len()
            };
            statements
                .iter()
                .map(|statement| place(statement.range()))
                .collect()
        });
        assert_eq!(statements, split(dialect, &text).ok(), "{dialect} {text:?}");
    }
}

/// A lock that is read and written is unchanged.
pub fn lock(text: &str) {
    match ChainLock::parse("migrations/chain.lock", text) {
        Ok(lock) => {
            let written = lock.render();
            let read = ChainLock::parse("migrations/chain.lock", &written);
            assert_eq!(read.as_ref(), Ok(&lock), "{written}");
            assert_eq!(read.map(|lock| lock.render()), Ok(written));
        }
        Err(found) => {
            assert!(!found.is_empty());
            found.iter().for_each(diagnostic);
        }
    }
}

/// A schema.lock that is read and written is unchanged, and so is each of its tables alone.
pub fn schema_lock(text: &str) {
    const FILE: &str = "migrations/schema.lock";
    let lock = match SchemaLock::parse(FILE, text) {
        Ok(lock) => lock,
        Err(found) => {
            assert!(!found.is_empty());
            return found.iter().for_each(diagnostic);
        }
    };
    let written = lock.render();
    let read = SchemaLock::parse(FILE, &written);
    assert_eq!(read.as_ref(), Ok(&lock), "{written}");
    assert_eq!(read.map(|lock| lock.render()), Ok(written.clone()));
    for name in lock
        .schemas
        .values()
        .flat_map(|schema| schema.tables.keys())
    {
        let alone = SchemaLock::parse_table(FILE, &written, name).expect("all of it is sound");
        for (dialect, schema) in &lock.schemas {
            let found = alone.get(dialect).and_then(Option::as_ref);
            assert_eq!(found, schema.tables.get(name), "{written}");
        }
    }
}

/// A configuration is read, or refused with reasons.
pub fn config(text: &str) {
    if let Err(found) = Config::parse("migrate.toml", text) {
        assert!(!found.is_empty());
        found.iter().for_each(diagnostic);
    }
}

/// A displayed target parses to the same target.
pub fn target(text: &str) {
    if let Ok(target) = text.parse::<Target>() {
        assert_eq!(target.to_string().parse(), Ok(target), "{text:?}");
    }
}

/// Any folder can be checked; without a lock, each revision is a draft. Returns its chain if it has
/// no errors.
pub fn folder(texts: &[&str], lock: Option<&str>, config: &Config) -> Option<Chain> {
    let files = texts.iter().enumerate().map(|(number, text)| File {
        name: format!("{number:04}.sql"),
        text: (*text).to_owned().into(),
    });
    let mut folder = Folder {
        shown: "migrations".to_owned(),
        files: files.collect(),
        ..Folder::default()
    };
    folder.lock = Some(match lock {
        Some(lock) => lock.to_owned(),
        None => drafts(&folder, config).render(),
    });
    let survey = Survey::new(&folder, config);
    survey.diagnostics.iter().for_each(diagnostic);
    survey.drafts().iter().for_each(diagnostic);
    for revision in &survey.revisions {
        let sections = revision.sections.iter();
        for script in sections.flat_map(|section| section.scripts.iter()) {
            for statement in script.statements.iter() {
                assert!(!revision.sql(*statement).trim().is_empty());
            }
        }
    }
    survey.into_chain().ok()
}

fn drafts(folder: &Folder, config: &Config) -> ChainLock {
    let mut lock = ChainLock::default();
    for revision in &Survey::new(folder, config).revisions {
        lock.draft(revision);
    }
    lock
}

/// An embedded chain is decoded to the same chain. The texts are leaked.
pub fn embedded(chain: &Chain) {
    let texts: Vec<&'static str> = chain
        .revisions()
        .iter()
        .map(|revision| &*revision.text.to_string().leak())
        .collect();
    assert_eq!(
        decode(texts.leak(), encode(chain).leak()),
        as_embedded(chain)
    );
}

/// The revisions of a chain as a binary has them: with the phase that each has.
pub fn as_embedded(chain: &Chain) -> Vec<Revision> {
    let mut revisions = chain.revisions().to_vec();
    for revision in &mut revisions {
        revision.stated_phase = Some(revision.phase());
    }
    revisions
}
