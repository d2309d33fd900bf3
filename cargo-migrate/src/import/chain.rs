//! Revision files of a history, checked as `check` does before any is written.

mod draft;
mod judge;
mod links;

use migrate_core::{ChainLock, Config, Dialects, File, RevisionId};

use self::draft::{Draft, draft};
use self::judge::{judged, refusals};
use self::links::Links;
use super::config_edits::ConfigEdits;
use super::version_table::VersionTable;
use super::{History, MigrationBody, Names, Note, NoteKind, Place, Tool, cascades};
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
    /// The revisions that need a person: id, and whether it is about the `up` section.
    pub(crate) drafts: Vec<RevisionId>,
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
}

impl Imported {
    /// Makes the chain.
    /// What the check refuses in a section becomes a comment in a draft, and a note that names the
    /// line of the old file; so the result passes `check` for any input.
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
                    format!(
                        "`{}` is not a valid id and becomes `{id}`",
                        migration.version
                    ),
                ));
            }
        }
        let links = Links::new(&history, &ids, &mut notes);
        let table = VersionTable::new(&history, form);
        notes.extend(cascades::notes(&history, form));
        // One round finds at most one mistake of each section; none is tried a third time.
        for _ in 0..3 {
            let mut news = Vec::new();
            let drafts: Vec<Draft> = history
                .revisions
                .iter()
                .zip(&links.0)
                .map(|(migration, link)| draft(migration, link, &ids, form, &table, &mut news))
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
                        .with_session(form.tool, form.dialects, form.config),
                    config,
                    ids,
                });
            }
            for (index, is_up, why, place) in refused {
                let migration = &mut history.revisions[index];
                let body = if is_up {
                    &mut migration.up
                } else {
                    &mut migration.down
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
