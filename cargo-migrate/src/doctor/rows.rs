//! Findings about the ledger's rows and the chain.

use std::collections::BTreeMap;

use migrate_core::{Dialect, Label, LockState, Survey};
use migrate_sqlx::__cli::ChainState;
use migrate_sqlx::__cli::discrepancy::{Kind, discrepancies};
use migrate_sqlx::{AppliedRevision, Edit, RevisionState};

use super::project::{Project, listed};
use super::{Area, Finding, Severity};
use crate::database::consent::{cannot_be_redone, changed_on_protected, without_a_way_back};
use crate::database::target::Chosen;

const REPAIR: &str = "cargo migrate repair --ledger";

/// One finding for each kind of discrepancy.
pub(super) fn findings(
    project: &Project<'_>,
    chosen: &Chosen,
    dialect: Dialect,
    rows: &[AppliedRevision],
) -> Vec<Finding> {
    let empty;
    let survey = match &project.survey {
        Some(survey) => survey,
        None => {
            empty = Survey::new(&migrate_core::Folder::default(), &project.config);
            &empty
        }
    };
    let mut kinds: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for discrepancy in discrepancies(survey, rows, dialect) {
        kinds
            .entry(discrepancy.kind)
            .or_default()
            .push(discrepancy.revision);
    }
    if kinds.keys().any(|kind| kind.is_of_text()) {
        // What follows a changed revision is stale by it, and is repaired with it.
        kinds.remove(&Kind::Stale);
    }
    kinds
        .into_iter()
        .map(|(kind, ids)| finding(project, chosen, dialect, survey, rows, kind, &ids))
        .collect()
}

fn finding(
    project: &Project<'_>,
    chosen: &Chosen,
    dialect: Dialect,
    survey: &Survey,
    rows: &[AppliedRevision],
    kind: Kind,
    ids: &[String],
) -> Finding {
    let all = listed(ids);
    let first = &ids[0];
    let revision = match ids.len() {
        1 => "revision",
        _ => "revisions",
    };
    let new = |severity, message: String| Finding::new(Area::Ledger, severity, kind, message);
    let error = |message: String| new(Severity::Error, message);
    let repair = |rest: &str| format!("`{REPAIR}` {rest}");
    let of_file = |finding: Finding| {
        let file = file_of(project, survey, first);
        match file {
            Some(file) => finding.file(file),
            None => finding,
        }
    };
    // Of several, what all of them have in common.
    let edit = ids
        .iter()
        .map(|id| {
            let row = rows.iter().find(|row| row.revision == *id)?;
            row.edit(&survey.revisions[survey.graph.index(id)?], dialect)
        })
        .try_fold(Edit::Header, |all, edit| match (all, edit?) {
            (Edit::Header, edit) => Some(edit),
            (Edit::Down, _) => Some(Edit::Down),
        });
    let edited = |edit: Edit| {
        let what = edit.to_string();
        let what = what.trim_start_matches("its ");
        let message = format!(
            "the {what} of {all} was edited after it was applied; the `up` has not changed"
        );
        new(Severity::Warning, message)
            .help("`cargo migrate run` records the file's text in the ledger; nothing is run")
    };
    match kind {
        Kind::Unknown => error(format!("the database has applied the {revision} {all}, which no file has"))
            .why(elsewhere(project, survey, ids))
            .help(repair("restores lost files from the text in the ledger")),
        Kind::Foreign => error(format!("the ledger has rows that are not revisions: {all}"))
            .why("they were written by hand, or another program uses the table")
            .help(repair("removes those that the tables show to be meaningless, and keeps them in an event")),
        Kind::Edited => of_file(error(format!("the {revision} {all} was applied with a text that differs from the file"))
            .why("the file was edited after it was sealed and applied: chain.lock and the ledger have the same text")
            .help(repair("restores the file; for a change, write a new revision"))),
        Kind::Amended => of_file(match edit {
            Some(edit) => edited(edit)
                .why("`cargo migrate lock --amend` accepted the new text: the tables match the file, and `revert` uses its `down`"),
            None => error(format!("the {revision} {all} was changed on purpose after it was applied here"))
                .why("`cargo migrate lock --amend` accepted the new text, and this database has run the old one")
                .help(repair("records the new text in the ledger; nothing is run")),
        }),
        Kind::Moved => of_file(error(format!("the {revision} {all} follows another parent than when it was applied"))
            .why("it was rebased, or the chain was repaired, after this database applied it")
            .help(repair("updates the rows"))),
        Kind::DownEdited | Kind::HeaderEdited => of_file(edited(match kind {
            Kind::DownEdited => Edit::Down,
            _ => Edit::Header,
        })
            .why("a `down` was corrected or written later: the tables match the file, and `revert` uses its `down`")),
        Kind::DraftChanged => {
            let drafts = match ids.len() {
                1 => "draft",
                _ => "drafts",
            };
            let found = error(format!("the {drafts} {all} was edited after it was applied"))
                .why("its author kept editing it, and this database has an earlier `up`");
            of_file(match chosen.protected() {
                Some(env) => found.help(changed_on_protected(env, ids)).no_command(),
                None if ids.iter().any(|id| cannot_be_redone(rows, id, dialect)) => {
                    let stuck = ids.iter().find(|id| cannot_be_redone(rows, id, dialect));
                    found.help(without_a_way_back(stuck.unwrap_or(first))).no_command()
                }
                None => found.help(format!("`cargo migrate redo {first}` reverts what was applied and applies the new text")),
            })
        }
        Kind::NotSealed => of_file(error(format!("the {revision} {all} was changed after it was applied, and chain.lock has not sealed it"))
            .why("chain.lock was not written or not committed, so it is unclear which text is right")
            .help("`cargo migrate lock` seals the file as it is, then `cargo migrate repair --ledger`")),
        Kind::AllDiffer => of_file(error(format!("the file, chain.lock and the ledger have three different texts of {all}"))
            .why("it was edited, accepted, and edited again")
            .help(format!("restore the sealed text with git, or `cargo migrate lock --amend {first}`; then `cargo migrate repair --ledger`"))),
        Kind::ByHand => error(format!("the rows of {all} do not match their hashes"))
            .why("they were written by hand")
            .help(repair("updates them from the files if the tables agree")),
        Kind::Unfinished | Kind::InDoubt => unfinished(project, survey, dialect, rows, kind, ids),
        Kind::Missing => error(format!("applied revisions need {all}, which the ledger does not have"))
            .why("a row was deleted or never written, or a parent was added to it later")
            .help(repair("records it if the tables show that it was applied; otherwise `cargo migrate run` applies it")),
        Kind::Stale => new(Severity::Warning, format!("something before the {revision} {all} has changed since it was applied"))
            .why("a revision before it was rebased, repaired or amended; each start sends more queries than necessary")
            .help(repair("updates the rows")),
        Kind::Newer => error(format!("a newer version of cargo migrate wrote the rows of {all}"))
            .why("somebody has a newer version than this one")
            .help("`cargo install cargo-migrate`"),
        Kind::Duplicate => error(format!("the ledger has several rows of {all}"))
            .why("its table was copied or restored without its key")
            .help(format!("inspect them, and keep one: `SELECT * FROM migrate_revision WHERE revision = '{first}'`")),
    }
}

/// Where the revisions that no file has may be.
fn elsewhere(project: &Project<'_>, survey: &Survey, ids: &[String]) -> String {
    let branches = project
        .git
        .as_ref()
        .and_then(|git| git.branches_with(ids, &project.config.dir).ok())
        .unwrap_or_default();
    if let Some((id, names)) = branches.iter().next() {
        let listed = listed(names);
        return format!(
            "git has `{id}` on {listed}: the database was migrated from there; `cargo migrate switch HEAD` takes it to this branch; or merge that one"
        );
    }
    let sealed = |id: &String| {
        let entry = survey.lock.get(id);
        entry.is_some_and(|entry| entry.state != LockState::Draft)
    };
    match ids.iter().any(sealed) {
        true => "chain.lock lists it, so its file was deleted or not committed".to_owned(),
        false => {
            "the file was deleted, never committed, or this checkout is older than the database"
                .to_owned()
        }
    }
}

/// What was begun and not finished.
fn unfinished(
    project: &Project<'_>,
    survey: &Survey,
    dialect: Dialect,
    rows: &[AppliedRevision],
    kind: Kind,
    ids: &[String],
) -> Finding {
    let all = listed(ids);
    let state = ChainState::of_survey(survey, rows.to_vec(), dialect);
    let row = rows.iter().find(|row| row.revision == ids[0]);
    let next = row.and_then(|row| state.next_statement(row));
    let (statements, error, way) = row.map_or((0, None, "run"), |row| {
        let way = match row.state {
            RevisionState::Reverting => "revert",
            _ => "run",
        };
        (row.statements, row.error.as_deref(), way)
    });
    let text = |label: &Label| {
        Some(format!(
            ": `{}`",
            label.place.as_ref()?.source.as_ref()?.trim()
        ))
    };
    let text = next.as_ref().and_then(|(_, label)| text(label));
    let message = match (kind, error) {
        (Kind::InDoubt, _) => format!(
            "it is unknown whether statement {} of {all} was finished{}",
            statements + 1,
            text.unwrap_or_default()
        ),
        (_, Some(error)) => format!(
            "{all} is unfinished: {statements} of its statements were finished, then: {}",
            error.lines().next().unwrap_or_default()
        ),
        (_, None) => format!("{all} is unfinished: {statements} of its statements were finished"),
    };
    let (why, go_on) = match (kind, error) {
        (Kind::InDoubt, _) => (
            "the migrator or the server died in the middle of a statement",
            format!(
                "or look for its changes yourself: if they are there, continue with `cargo migrate {way} --resume=done`, otherwise with `cargo migrate {way} --resume=again`"
            ),
        ),
        (_, Some(_)) => (
            "a statement failed where the database keeps no transaction around it",
            format!("or fix the statement and continue with `cargo migrate {way} --resume`"),
        ),
        (_, None) => (
            "the migrator or the server died before the next statement was done",
            format!("or continue with `cargo migrate {way} --resume`"),
        ),
    };
    let finding = Finding::new(Area::Ledger, Severity::Error, kind, message)
        .why(why)
        .help(format!(
            "`{REPAIR}` checks by the tables whether it was finished; {go_on}"
        ));
    let label = next.map(|(_, label)| label);
    match (label, &project.folder) {
        (Some(label), Some(folder)) => finding.at(folder, &label),
        _ => finding,
    }
}

fn file_of(project: &Project<'_>, survey: &Survey, id: &str) -> Option<String> {
    let revision = &survey.revisions[survey.graph.index(id)?];
    Some(project.folder.as_ref()?.shown_file(&revision.file))
}
