//! A migration as a revision file, with the contents of its sections.

use migrate_core::NewRevision;

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
    pub(super) up: Option<Span>,
    pub(super) down: Option<Span>,
}

/// Where a section's first line of SQL comes from.
pub(super) struct Span {
    pub(super) place: Place,
    /// Lines of the section's text that were not in the old file, minus those that were cut off.
    pub(super) shift: isize,
}

/// Makes the revision of a migration.
pub(super) fn draft(
    migration: &Migration,
    link: &Link,
    ids: &Names,
    form: Form<'_>,
    table: &VersionTable,
    notes: &mut Vec<Note>,
) -> Draft {
    let id = ids.get(&migration.version).cloned();
    let mut new = NewRevision {
        phase: None,
        id: id.unwrap_or_else(|| NewRevision::empty().id),
        parents: link.parents.clone(),
        depends_on: link.depends_on.clone(),
        labels: link.labels.clone(),
        message: printable(&migration.message),
        created: migration.created.clone(),
        sections: Vec::new(),
    };
    // A project for several databases needs to know which of them this SQL is for.
    let words: String = match form.config.dialects.without(form.dialects).is_empty() {
        true => String::new(),
        false => form
            .dialects
            .iter()
            .map(|dialect| format!(" {dialect}"))
            .collect(),
    };
    let mut is_draft = false;
    let joins = link.parents.len() > 1;
    let up = section(&migration.up, form, table, notes);
    let does_nothing = up.statements == 0 && !up.is_left;
    is_draft |= up.is_left;
    let down = section(&migration.down, form, table, notes);
    // A merge that does nothing needs no section.
    if joins && does_nothing && down.statements == 0 && !down.is_left {
        let name = new.file_name(&form.config.file_name);
        return Draft {
            new,
            name,
            is_draft,
            up: None,
            down: None,
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
    new.sections
        .push((format!("up{words}{}", options(&up)), up_text));
    let (line, text) = match (&migration.down, down.statements, down.is_left) {
        (_, 0, true) => {
            is_draft = true;
            ("down".to_owned() + &words, down.text.clone())
        }
        (_, 0, false) if does_nothing => (
            "down".to_owned() + &words,
            format!("{}-- there is nothing to revert\nSELECT 1;\n", down.text),
        ),
        (MigrationBody::Irreversible(why), ..) => {
            (format!("irreversible {}", printable(why)), String::new())
        }
        (_, 0, false) => (
            "down".to_owned() + &words,
            format!("{}{nothing}", down.text),
        ),
        (_, _, left) => {
            is_draft |= left;
            (format!("down{words}{}", options(&down)), down.text.clone())
        }
    };
    new.sections.push((line, text));
    Draft {
        name: new.file_name(&form.config.file_name),
        new,
        is_draft,
        up: up.span,
        down: down.span,
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
