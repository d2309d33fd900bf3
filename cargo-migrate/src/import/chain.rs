//! Revision files of a history, judged as `check` judges them before one is written.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{
    ChainLock, Code, Config, Dialects, File, Folder, NewRevision, RevisionId, Survey,
};

use super::names::mended;
use super::needs::Needs;
use super::way::{commented, fit};
use super::{History, Migration, Names, Note, NoteKind, Place, Tool, Way};
use crate::error::CommandError;

/// A chain that is ready to be written.
#[derive(Debug)]
pub(crate) struct Imported {
    /// Name and text of each revision file, in the old tool's order.
    pub(crate) files: Vec<File>,
    /// The id of each of them.
    order: Vec<RevisionId>,
    /// With what is whole sealed, and the rest as drafts.
    pub(crate) lock: ChainLock,
    /// The revisions that need a person: id, and whether it is about the way up.
    pub(crate) drafts: Vec<RevisionId>,
    /// All that a person should know, by file and line.
    pub(crate) notes: Vec<Note>,
    /// What migrate.toml must say.
    pub(crate) needs: Needs,
    pub(crate) ids: Names,
    /// The configuration with those rules.
    pub(crate) config: Config,
}

/// How sections are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    pub(crate) tool: Tool,
    pub(crate) config: &'a Config,
    /// The old tool's own table.
    pub(crate) version_table: &'a str,
    /// The databases that the SQL is for; none where nobody knows.
    pub(crate) dialects: Dialects,
}

/// A revision as it will be, with what links it to the old file.
struct Draft {
    new: NewRevision,
    name: String,
    is_draft: bool,
    up: Option<Span>,
    down: Option<Span>,
}

/// Where a section's first line of SQL comes from.
struct Span {
    place: Place,
    /// Lines of the section's text that were not in the old file, less those that were cut off.
    shift: isize,
}

impl Imported {
    /// Makes the chain.
    ///
    /// What the judge refuses in a section becomes a comment in a draft, and a note that names
    /// the line of the old file; so the result passes `check`, whatever was given.
    pub(crate) fn new(mut history: History, form: Form<'_>) -> Result<Self, CommandError> {
        let ids = Names::new(
            history
                .revisions
                .iter()
                .map(|migration| migration.version.as_str()),
        );
        let mut notes = std::mem::take(&mut history.notes);
        for migration in &history.revisions {
            let id = ids.get(&migration.version).map_or("", RevisionId::as_str);
            if id != migration.version {
                notes.push(Note::changed(
                    &migration.place,
                    format!("`{}` is no valid id and becomes `{id}`", migration.version),
                ));
            }
        }
        let links = Links::new(&history, &ids, &mut notes);
        // One round finds at most one mistake of each section; none is tried a third time.
        for _ in 0..3 {
            let mut news = Vec::new();
            let drafts: Vec<Draft> = history
                .revisions
                .iter()
                .zip(&links.0)
                .map(|(migration, link)| draft(migration, link, &ids, form, &mut news))
                .collect();
            let (survey, lock, rules, config) = judged(&drafts, form.config)?;
            let refused = refusals(&survey, &drafts);
            if refused.is_empty() {
                notes.extend(news);
                notes.sort_by(|a, b| (&a.place, a.kind).cmp(&(&b.place, b.kind)));
                notes.dedup();
                let errors: Vec<_> = survey
                    .diagnostics
                    .iter()
                    .filter(|found| found.is_error())
                    .cloned()
                    .collect();
                if !errors.is_empty() {
                    return Err(CommandError::diagnostics_of(
                        "the chain that would be made",
                        errors,
                    ));
                }
                return Ok(Self {
                    drafts: drafts
                        .iter()
                        .filter(|draft| draft.is_draft)
                        .map(|draft| draft.new.id.clone())
                        .collect(),
                    order: drafts.iter().map(|draft| draft.new.id.clone()).collect(),
                    files: drafts
                        .into_iter()
                        .map(|draft| File {
                            text: draft.new.render().into(),
                            name: draft.name,
                        })
                        .collect(),
                    lock,
                    notes,
                    needs: Needs::new(rules, form.version_table, form.config),
                    config,
                    ids,
                });
            }
            for (index, is_up, why, place) in refused {
                let migration = &mut history.revisions[index];
                let way = if is_up {
                    &mut migration.up
                } else {
                    &mut migration.down
                };
                *way = left(
                    std::mem::replace(way, Way::Irreversible(String::new())),
                    why,
                    place,
                );
            }
        }
        Err(CommandError::failed(
            "import",
            "the chain cannot be made so that it passes `cargo migrate check`",
        ))
    }
}

impl Imported {
    /// Iterates over ids and files.
    pub(crate) fn revisions(&self) -> impl Iterator<Item = (&RevisionId, &File)> {
        self.order.iter().zip(&self.files)
    }
}

/// What a section was, as something that could not be carried over.
fn left(way: Way, why: String, at: Place) -> Way {
    match way {
        Way::Sql { text, place, .. }
        | Way::Part { text, place, .. }
        | Way::Left { text, place, .. } => {
            let line = if at.line > 0 { at.line } else { place.line };
            Way::Left {
                why,
                text,
                place: Place { line, ..place },
            }
        }
        Way::Irreversible(_) => Way::Left {
            why,
            text: String::new(),
            place: at,
        },
    }
}

/// Parents, dependencies and labels of each revision, as this project can have them.
struct Links(Vec<Link>);

struct Link {
    parents: Vec<RevisionId>,
    depends_on: Vec<String>,
    labels: Vec<String>,
}

impl Links {
    fn new(history: &History, ids: &Names, notes: &mut Vec<Note>) -> Self {
        let taken: BTreeSet<&str> = history
            .revisions
            .iter()
            .filter_map(|migration| ids.get(&migration.version).map(RevisionId::as_str))
            .collect();
        let mut labels: BTreeMap<&str, String> = BTreeMap::new();
        for migration in &history.revisions {
            for label in &migration.labels {
                let new = mended(label);
                let known = labels.values().any(|other| *other == new);
                if taken.contains(new.as_str()) || known {
                    let why = match known {
                        true => "is given twice",
                        false => "is also an id",
                    };
                    notes.push(Note::left(
                        &migration.place,
                        format!("the label `{label}` {why} and is left out"),
                    ));
                    continue;
                }
                if new != *label {
                    notes.push(Note::changed(
                        &migration.place,
                        format!("the label `{label}` becomes `{new}`"),
                    ));
                }
                labels.insert(label, new);
            }
        }
        let link = |migration: &Migration| {
            let mut parents: Vec<RevisionId> = Vec::new();
            for parent in &migration.parents {
                match ids.get(parent) {
                    Some(id) if !parents.contains(id) => parents.push(id.clone()),
                    Some(_) => {}
                    None => notes.push(Note::left(
                        &migration.place,
                        format!("its parent `{parent}` is in no file and is left out"),
                    )),
                }
            }
            let mut depends_on = Vec::new();
            for name in &migration.depends_on {
                let label = labels.get(name.as_str());
                let beginnings = || {
                    let mut fitting = history
                        .revisions
                        .iter()
                        .filter(|other| other.version.starts_with(name.as_str()));
                    fitting
                        .next()
                        .filter(|_| fitting.next().is_none() && !name.is_empty())
                };
                let found = match (ids.get(name), label) {
                    (Some(id), _) => Some(id.to_string()),
                    (None, Some(label)) => Some(label.clone()),
                    (None, None) => beginnings()
                        .and_then(|other| ids.get(&other.version))
                        .map(ToString::to_string),
                };
                match found {
                    Some(found) => depends_on.push(found),
                    None => notes.push(Note::left(
                        &migration.place,
                        format!("it depends on `{name}`, which is in no file; that is left out"),
                    )),
                }
            }
            let own = migration
                .labels
                .iter()
                .filter_map(|label| labels.get(label.as_str()).cloned());
            Link {
                parents,
                depends_on,
                labels: own.collect(),
            }
        };
        Self(history.revisions.iter().map(link).collect())
    }
}

fn draft(
    migration: &Migration,
    link: &Link,
    ids: &Names,
    form: Form<'_>,
    notes: &mut Vec<Note>,
) -> Draft {
    let id = ids.get(&migration.version).cloned();
    let mut new = NewRevision {
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
    let up = section(&migration.up, form, notes);
    let does_nothing = up.statements == 0 && !up.is_left;
    is_draft |= up.is_left;
    let down = section(&migration.down, form, notes);
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
    let up_text = match does_nothing {
        true => format!(
            "{}-- it did nothing in {tool}, and so it does here\nSELECT 1;\n",
            up.text
        ),
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
            format!("{}-- there is nothing to take back\nSELECT 1;\n", down.text),
        ),
        (Way::Irreversible(why), ..) => (format!("irreversible {}", printable(why)), String::new()),
        (_, 0, false) => (
            format!("irreversible its way back did nothing in {tool}"),
            down.text.clone(),
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
            comment.push_str("-- import: this is what stood there\n");
            comment.push_str(&commented(text));
        }
        Self {
            is_left: true,
            ..Self::nothing(comment)
        }
    }
}

fn section(way: &Way, form: Form<'_>, notes: &mut Vec<Note>) -> Made {
    match way {
        Way::Irreversible(_) => Made::nothing(String::new()),
        Way::Left { why, text, place } => Made::left(why, text, place, notes),
        Way::Sql {
            text,
            transaction,
            place,
        } => match fit(text, *transaction, form.dialects, place, notes) {
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
        Way::Part {
            why,
            whole,
            text,
            transaction,
            place,
        } => match fit(text, *transaction, form.dialects, place, notes) {
            Ok(body) => {
                notes.push(Note::left(place, why));
                let comment = format!("-- import: not carried over whole: {}\n", printable(why));
                let sql = if body.statements == 0 { "" } else { &body.text };
                let whole = match whole.trim().is_empty() {
                    true => String::new(),
                    false => format!("-- import: this is what stood there\n{}", commented(whole)),
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

type Judged = (Survey, ChainLock, Vec<&'static str>, Config);

/// Enters all revisions into a lock and judges the whole; says which rules it needs.
fn judged(drafts: &[Draft], config: &Config) -> Result<Judged, CommandError> {
    let mut folder = Folder {
        shown: config.dir.clone(),
        ..Folder::default()
    };
    let mut names = BTreeSet::new();
    for draft in drafts {
        if !names.insert(&draft.name) {
            return Err(CommandError::failed(
                "file-exists",
                format!("two revisions would have the file `{}`", draft.name),
            )
            .help("put `{id}` into `file-name` of migrate.toml"));
        }
        folder.files.push(File {
            name: draft.name.clone(),
            text: draft.new.render().into(),
        });
    }
    folder.files.sort_by(|a, b| a.name.cmp(&b.name));
    let is_draft: BTreeMap<&RevisionId, bool> = drafts
        .iter()
        .map(|draft| (&draft.new.id, draft.is_draft))
        .collect();
    let mut lock = ChainLock::default();
    for revision in Survey::new(&folder, config).revisions {
        match is_draft.get(&revision.id) {
            Some(true) => lock.draft(&revision),
            _ => lock.seal(&revision),
        }
    }
    folder.lock = Some(lock.render());
    let mut rules = Vec::new();
    let mut config = config.clone();
    loop {
        let survey = Survey::new(&folder, &config);
        let has = |code| {
            survey
                .diagnostics
                .iter()
                .any(|found| found.code == code && found.is_error())
        };
        let rule = [
            (Code::MultipleBases, "multiple-bases = \"allow\""),
            (Code::MultipleHeads, "multiple-heads = \"labelled\""),
            (Code::MultipleHeads, "multiple-heads = \"allow\""),
            (Code::RedundantParent, "redundant-parent = \"allow\""),
            (Code::MissingDialect, "missing-dialect = \"warn\""),
        ]
        .into_iter()
        .find(|(code, line)| has(*code) && !rules.contains(line));
        let Some((_, line)) = rule else {
            return Ok((survey, lock, rules, config));
        };
        if line.contains("multiple-heads") {
            rules.retain(|line: &&str| !line.contains("multiple-heads"));
        }
        rules.push(line);
        let parsed = Config::parse(Config::FILE, &format!("[rules]\n{}\n", rules.join("\n")))
            .map_err(CommandError::diagnostics)?;
        for line in &rules {
            match line.split(' ').next() {
                Some("multiple-heads") => config.rules.multiple_heads = parsed.rules.multiple_heads,
                Some("multiple-bases") => config.rules.multiple_bases = parsed.rules.multiple_bases,
                Some("missing-dialect") => {
                    config.rules.missing_dialect = parsed.rules.missing_dialect;
                }
                _ => config.rules.redundant_parent = parsed.rules.redundant_parent,
            }
        }
    }
}

/// The sections that are refused: which revision, whether its way up, why, and where in the old
/// file.
fn refusals(survey: &Survey, drafts: &[Draft]) -> Vec<(usize, bool, String, Place)> {
    let mut refused: BTreeMap<(usize, bool), (String, Place)> = BTreeMap::new();
    for found in survey
        .diagnostics
        .iter()
        .filter(|found| found.is_error() && is_about_sql(found.code))
    {
        let Some(label) = found.labels.first() else {
            continue;
        };
        let Some(index) = drafts
            .iter()
            .position(|draft| label.file.ends_with(&draft.name))
        else {
            continue;
        };
        let draft = &drafts[index];
        let line = label.place.as_ref().map_or(0, |place| place.line);
        let text = draft.new.render();
        let starts: Vec<usize> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.starts_with("-- migrate: "))
            .map(|(number, _)| number + 1)
            .collect();
        let is_up = starts.get(1).is_none_or(|down| line < *down);
        let (start, span) = match is_up {
            true => (starts.first(), &draft.up),
            false => (starts.get(1), &draft.down),
        };
        let place = span.as_ref().map_or_else(Place::default, |span| {
            let offset = line
                .saturating_sub(start.copied().unwrap_or(0) + 1)
                .cast_signed()
                - span.shift;
            Place {
                file: span.place.file.clone(),
                line: match span.place.line {
                    0 => 0,
                    line => line.saturating_add_signed(offset),
                },
            }
        });
        refused
            .entry((index, is_up))
            .or_insert_with(|| (found.message.clone(), place));
    }
    refused
        .into_iter()
        .map(|((index, is_up), (why, place))| (index, is_up, why, place))
        .collect()
}

const fn is_about_sql(code: Code) -> bool {
    matches!(
        code,
        Code::UnterminatedSql
            | Code::ClientCommand
            | Code::TransactionControl
            | Code::NeedsNoTransaction
            | Code::ConflictMarkers
            | Code::MalformedSection
            | Code::DuplicateSection
            | Code::EmptyUp
    )
}

/// How many notes are of what is not in the chain.
pub(crate) fn left_out(notes: &[Note]) -> usize {
    notes
        .iter()
        .filter(|note| note.kind == NoteKind::Left)
        .count()
}
