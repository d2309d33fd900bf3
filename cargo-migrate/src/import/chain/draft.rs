//! A migration as a revision file, with the contents of its sections.

use migrate_core::{Dialects, NewRevision};

use super::Form;
use super::links::Link;
use crate::import::section::{commented, to_section};
use crate::import::version_table::VersionTable;
use crate::import::{Migration, MigrationBody, Names, Note, Place};

/// A revision as it will be, with what links it to the old file.
pub(super) struct Draft {
    pub(super) new: NewRevision,
    pub(super) name: String,
    pub(super) is_draft: bool,
    /// Whether its `up` could not be carried over completely.
    pub(super) lacks_up: bool,
    /// What each section of `new` comes from.
    pub(super) origins: Vec<Origin>,
}

/// What a section is made of.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Which of the folders.
    pub(super) part: usize,
    pub(super) is_up: bool,
    pub(super) span: Option<Span>,
}

/// A section before it is known which others are the same.
struct Section {
    /// `up`, `down` or `irreversible`.
    word: &'static str,
    dialects: Dialects,
    /// What follows the dialects.
    rest: String,
    text: String,
    origin: Origin,
}

/// A revision of one folder.
struct Piece {
    sections: Vec<Section>,
    is_draft: bool,
    lacks_up: bool,
}

/// Where a section's first line of SQL comes from.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) place: Place,
    /// Lines of the section's text that were not in the old file, minus those that were cut off.
    pub(super) shift: isize,
}

/// Makes the revision of a migration, which each folder has in its own form.
pub(super) fn draft(
    migrations: &[(&Migration, Form<'_>, &VersionTable)],
    link: &Link,
    ids: &Names,
    notes: &mut Vec<Note>,
) -> Draft {
    let (first, form, _) = migrations[0];
    let id = ids.get(&first.version).cloned();
    let mut new = NewRevision {
        phase: None,
        id: id.unwrap_or_else(|| NewRevision::empty().id),
        parents: link.parents.clone(),
        depends_on: link.depends_on.clone(),
        labels: link.labels.clone(),
        message: printable(&first.message),
        created: first.created.clone(),
        sections: Vec::new(),
    };
    let joins = link.parents.len() > 1;
    let (mut is_draft, mut lacks_up) = (false, false);
    let mut sections: Vec<Section> = Vec::new();
    for (part, (migration, form, table)) in migrations.iter().enumerate() {
        let piece = piece(part, migration, joins, *form, table, notes);
        is_draft |= piece.is_draft;
        lacks_up |= piece.lacks_up;
        for section in piece.sections {
            let is_same = |other: &&mut Section| {
                // A revision has one reason for all databases without a way back.
                other.word == section.word
                    && (section.word == "irreversible"
                        || (&other.rest, &other.text) == (&section.rest, &section.text))
            };
            match sections.iter_mut().find(is_same) {
                Some(other) => {
                    other.dialects = section.dialects.iter().fold(other.dialects, Dialects::with);
                }
                None => sections.push(section),
            }
        }
    }
    sections.sort_by_key(|section| !section.origin.is_up);
    let mut origins = Vec::new();
    for section in sections {
        let dialects = match section.word {
            "irreversible" => Dialects::NONE,
            // A project for several databases needs to know which of them this SQL is for.
            _ if form.config.dialects.without(section.dialects).is_empty() => Dialects::NONE,
            _ => section.dialects,
        };
        let words = dialects.iter().map(|dialect| format!(" {dialect}"));
        let line = format!(
            "{}{}{}",
            section.word,
            words.collect::<String>(),
            section.rest
        );
        new.sections.push((line, section.text));
        origins.push(section.origin);
    }
    Draft {
        name: new.file_name(&form.config.file_name),
        new,
        is_draft,
        lacks_up,
        origins,
    }
}

/// Makes the sections of a migration of one folder.
fn piece(
    part: usize,
    migration: &Migration,
    joins: bool,
    form: Form<'_>,
    table: &VersionTable,
    notes: &mut Vec<Note>,
) -> Piece {
    let up = section(&migration.up, form, table, notes);
    let does_nothing = up.statements == 0 && !up.is_left;
    let lacks_up = up.is_left;
    let mut is_draft = lacks_up;
    let down = section(&migration.down, form, table, notes);
    // A merge that does nothing needs no section.
    if joins && does_nothing && down.statements == 0 && !down.is_left {
        return Piece {
            sections: Vec::new(),
            is_draft,
            lacks_up,
        };
    }
    let tool = form.tool.word();
    let options = |made: &Made| match made.transaction {
        true => String::new(),
        false => " no-transaction".to_owned(),
    };
    let nothing = format!("-- it did nothing in {tool}, and does nothing here\nSELECT 1;\n");
    let up_text = match does_nothing {
        true => format!("{}{nothing}", up.text),
        false => up.text.clone(),
    };
    let of = |word, rest, text, is_up, span| Section {
        word,
        dialects: form.dialects,
        rest,
        text,
        origin: Origin { part, is_up, span },
    };
    let up_section = of("up", options(&up), up_text, true, up.span);
    let (word, rest, text) = match (&migration.down, down.statements, down.is_left) {
        (_, 0, true) => {
            is_draft = true;
            ("down", String::new(), down.text.clone())
        }
        (_, 0, false) if does_nothing => (
            "down",
            String::new(),
            format!("{}-- there is nothing to revert\nSELECT 1;\n", down.text),
        ),
        (MigrationBody::Irreversible(why), ..) => (
            "irreversible",
            format!(" {}", printable(why)),
            String::new(),
        ),
        (_, 0, false) => ("down", String::new(), format!("{}{nothing}", down.text)),
        (_, _, left) => {
            is_draft |= left;
            ("down", options(&down), down.text.clone())
        }
    };
    let down_section = of(word, rest, text, false, down.span);
    Piece {
        sections: vec![up_section, down_section],
        is_draft,
        lacks_up,
    }
}

/// A section as it will be.
struct Made {
    text: String,
    transaction: bool,
    statements: usize,
    is_left: bool,
    span: Option<Span>,
}

impl Made {
    fn nothing(text: String) -> Self {
        Self {
            text,
            transaction: true,
            statements: 0,
            is_left: false,
            span: None,
        }
    }

    fn left(why: &str, text: &str, place: &Place, notes: &mut Vec<Note>) -> Self {
        notes.push(Note::left(place, why));
        let mut comment = format!("-- import: not carried over: {}\n", printable(why));
        if !text.trim().is_empty() {
            comment.push_str("-- import: this is the original text\n");
            comment.push_str(&commented(text));
        }
        Self {
            is_left: true,
            ..Self::nothing(comment)
        }
    }
}

fn section(
    body: &MigrationBody,
    form: Form<'_>,
    table: &VersionTable,
    notes: &mut Vec<Note>,
) -> Made {
    match body {
        MigrationBody::Irreversible(_) => Made::nothing(String::new()),
        MigrationBody::Left { why, text, place } => Made::left(why, text, place, notes),
        MigrationBody::Sql {
            text,
            transaction,
            place,
        } => match to_section(text, *transaction, form.dialects, table, place, notes) {
            Ok(body) if body.statements == 0 => {
                let text = if body.text.trim().is_empty() {
                    String::new()
                } else {
                    body.text
                };
                Made::nothing(text)
            }
            Ok(body) => Made {
                span: Some(Span {
                    place: place.clone(),
                    shift: -(body.before.cast_signed()),
                }),
                statements: body.statements,
                transaction: body.transaction,
                is_left: false,
                text: body.text,
            },
            Err((why, at)) => Made::left(&why, text, &at, notes),
        },
        MigrationBody::Part {
            why,
            whole,
            text,
            transaction,
            place,
        } => match to_section(text, *transaction, form.dialects, table, place, notes) {
            Ok(body) => {
                notes.push(Note::left(place, why));
                let comment = format!("-- import: not carried over whole: {}\n", printable(why));
                let sql = if body.statements == 0 { "" } else { &body.text };
                let whole = match whole.trim().is_empty() {
                    true => String::new(),
                    false => format!("-- import: this is the original text\n{}", commented(whole)),
                };
                Made {
                    span: Some(Span {
                        place: place.clone(),
                        shift: 1 - body.before.cast_signed(),
                    }),
                    statements: body.statements,
                    transaction: body.transaction,
                    is_left: true,
                    text: format!("{comment}{sql}{whole}"),
                }
            }
            Err((other, at)) => Made::left(&format!("{why}; {other}"), text, &at, notes),
        },
    }
}

/// A text as it can stand on one line.
fn printable(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}
