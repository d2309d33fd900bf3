//! Checks a chain before any of its files is written.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{ChainLock, Code, Config, File, Folder, RevisionId, Survey};

use super::draft::Draft;
use crate::import::Place;
use crate::output::error::CommandError;
use crate::output::failure::Failure;

pub(super) type Judged = (Survey, ChainLock, Vec<&'static str>, Config);

/// Enters all revisions into a lock and checks the whole; returns the rules that it needs.
pub(super) fn judged(drafts: &[Draft], config: &Config) -> Result<Judged, CommandError> {
    let mut folder = Folder {
        shown: config.dir.clone(),
        ..Folder::default()
    };
    let mut names = BTreeSet::new();
    for draft in drafts {
        if !names.insert(&draft.name) {
            return Err(CommandError::new(
                Failure::FileExists,
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

/// A section that is refused.
pub(super) struct Refused {
    /// Which revision, and of which folder.
    pub(super) revision: usize,
    pub(super) part: usize,
    pub(super) is_up: bool,
    pub(super) why: String,
    /// Where in the old file.
    pub(super) place: Place,
}

/// Returns the sections that are refused, each with its first mistake.
pub(super) fn refusals(survey: &Survey, drafts: &[Draft]) -> Vec<Refused> {
    let mut refused: BTreeMap<(usize, usize, bool), Refused> = BTreeMap::new();
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
        let section = starts
            .partition_point(|start| *start <= line)
            .saturating_sub(1);
        let start = starts.get(section).copied().unwrap_or(0);
        let origin = draft.origins.get(section);
        let span = origin.and_then(|origin| origin.span.as_ref());
        let place = span.map_or_else(Place::default, |span| {
            let offset = line.saturating_sub(start + 1).cast_signed() - span.shift;
            Place {
                file: span.place.file.clone(),
                line: match span.place.line {
                    0 => 0,
                    line => line.saturating_add_signed(offset),
                },
            }
        });
        let (part, is_up) = origin.map_or((0, true), |origin| (origin.part, origin.is_up));
        refused
            .entry((index, part, is_up))
            .or_insert_with(|| Refused {
                revision: index,
                part,
                is_up,
                why: found.message.clone(),
                place,
            });
    }
    refused.into_values().collect()
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
