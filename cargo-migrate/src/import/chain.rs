//! Revision files of a history, checked as `check` does before any is written.

mod draft;
mod judge;
mod links;

use migrate_core::{ChainLock, Config, Dialects, File, RevisionId};

use self::draft::{Draft, draft};
use self::judge::{Refused, judged, refusals};
use self::links::Links;
use super::config_edits::ConfigEdits;
use super::folders::Part;
use super::version_table::VersionTable;
use super::{MigrationBody, Names, Note, NoteKind, Place, Tool, cascades};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A chain that is ready to be written.
#[derive(Debug)]
pub(crate) struct Imported {
    /// Name and text of each revision file, in the old tool's order.
    pub(crate) files: Vec<File>,
    /// The id of each of them.
    order: Vec<RevisionId>,
    /// With complete revisions sealed, and the rest as drafts.
    pub(crate) lock: ChainLock,
    /// The revisions that need a person.
    pub(crate) drafts: Vec<RevisionId>,
    /// Those whose `up` is not complete, by their place in the order.
    pub(crate) lacking_up: Vec<usize>,
    /// All that a person should know, by file and line.
    pub(crate) notes: Vec<Note>,
    /// What migrate.toml must say.
    pub(crate) config_edits: ConfigEdits,
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
    /// The databases that the SQL is for; none if unknown.
    pub(crate) dialects: Dialects,
    /// Those that migrate.toml must list because it does not yet; the configuration has them.
    pub(crate) added: Dialects,
}

impl Imported {
    /// Makes the chain.
    /// What the check refuses in a section becomes a comment in a draft, and a note that names the
    /// line of the old file; so the result passes `check` for any input.
    /// The parts have the same versions in the same order.
    pub(crate) fn new(mut parts: Vec<Part>, form: Form<'_>) -> Result<Self, CommandError> {
        let first = &parts[0].history;
        let ids = Names::new(
            first
                .revisions
                .iter()
                .map(|migration| migration.version.as_str()),
        );
        let mut notes = Vec::new();
        for migration in &first.revisions {
            let id = ids.get(&migration.version).map_or("", RevisionId::as_str);
            if id != migration.version {
                notes.push(Note::changed(
                    &migration.place,
                    format!(
                        "`{}` is not a valid id and becomes `{id}`",
                        migration.version
                    ),
                ));
            }
        }
        let links = Links::new(first, &ids, &mut notes);
        let mut forms = Vec::new();
        for part in &mut parts {
            let form = Form {
                dialects: part.dialects,
                ..form
            };
            notes.append(&mut part.history.notes);
            notes.extend(cascades::notes(&part.history, form));
            forms.push((form, VersionTable::new(&part.history, form)));
        }
        // One round finds at most one mistake of each section; none is tried a third time.
        for _ in 0..3 * parts.len() {
            let mut news = Vec::new();
            let draft = |(index, link)| {
                let migrations: Vec<_> = parts
                    .iter()
                    .zip(&forms)
                    .map(|(part, (form, table))| (&part.history.revisions[index], *form, table))
                    .collect();
                draft(&migrations, link, &ids, &mut news)
            };
            let drafts: Vec<Draft> = links.0.iter().enumerate().map(draft).collect();
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
                        "the chain that would be created",
                        errors,
                    ));
                }
                return Ok(Self {
                    drafts: drafts
                        .iter()
                        .filter(|draft| draft.is_draft)
                        .map(|draft| draft.new.id.clone())
                        .collect(),
                    lacking_up: (0..drafts.len())
                        .filter(|index| drafts[*index].lacks_up)
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
                    config_edits: ConfigEdits::new(rules, form.version_table, form.config)
                        .with_session(form.tool, form.dialects, form.config)
                        .with_dialects(form.added),
                    config,
                    ids,
                });
            }
            for Refused {
                revision,
                part,
                is_up,
                why,
                place,
            } in refused
            {
                let migration = &mut parts[part].history.revisions[revision];
                let body = match is_up {
                    true => &mut migration.up,
                    false => &mut migration.down,
                };
                *body = left(
                    std::mem::replace(body, MigrationBody::Irreversible(String::new())),
                    why,
                    place,
                );
            }
        }
        Err(CommandError::new(
            Failure::Import,
            "no chain that passes `cargo migrate check` can be created",
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
fn left(body: MigrationBody, why: String, at: Place) -> MigrationBody {
    match body {
        MigrationBody::Sql { text, place, .. }
        | MigrationBody::Part { text, place, .. }
        | MigrationBody::Left { text, place, .. } => {
            let line = if at.line > 0 { at.line } else { place.line };
            MigrationBody::Left {
                why,
                text,
                place: Place { line, ..place },
            }
        }
        MigrationBody::Irreversible(_) => MigrationBody::Left {
            why,
            text: String::new(),
            place: at,
        },
    }
}

/// How many notes are of what is not in the chain.
pub(crate) fn left_out(notes: &[Note]) -> usize {
    notes
        .iter()
        .filter(|note| note.kind == NoteKind::Left)
        .count()
}
