//! What is wrong between the ledger's rows and the chain, in words.

use std::collections::BTreeMap;

use migrate_core::{Dialect, LockState, Survey};
use migrate_sqlx::__cli::discrepancy::{Kind, discrepancies};
use migrate_sqlx::{AppliedRevision, Edit, RevisionState};

use super::project::{Project, listed};
use super::{Area, Finding, Severity};
use crate::database::consent::changed_on_protected;
use crate::database::target::Chosen;

const REPAIR: &str = "cargo migrate repair --ledger";

/// One finding for each kind of trouble.
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
        // What follows a changed revision is stale by it, and is mended with it.
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
            "the {what} of {all} was edited after it was applied; the `up` is what was applied"
        );
        new(Severity::Warning, message)
            .help("`cargo migrate run` takes the file's text into the ledger; nothing is run")
    };
    match kind {
        Kind::Unknown => error(format!("the database has applied the {revision} {all}, which no file has"))
            .why(elsewhere(project, survey, ids))
            .help(repair("writes lost files again from the text that the ledger kept")),
        Kind::Foreign => error(format!("the ledger has rows that are no revisions: {all}"))
            .why("somebody has written them by hand, or another program uses the table")
            .help(repair("takes out what the tables show to mean nothing, and keeps it in an event")),
        Kind::Edited => of_file(error(format!("the {revision} {all} was applied with another text than the file has now"))
            .why("the file was edited after it was sealed and applied: chain.lock and the ledger have the same text")
            .help(repair("puts the file back; for a change, write a new revision"))),
        Kind::Amended => of_file(match edit {
            Some(edit) => edited(edit)
                .why("`cargo migrate lock --amend` accepted the new text: the tables are what the file makes, and `revert` uses its `down`"),
            None => error(format!("the {revision} {all} was changed on purpose after it was applied here"))
                .why("`cargo migrate lock --amend` accepted the new text, and this database has run the old one")
                .help(repair("takes the new text into the ledger; nothing is run")),
        }),
        Kind::Moved => of_file(error(format!("the {revision} {all} follows another parent than when it was applied"))
            .why("it was rebased, or the chain was repaired, after this database had it")
            .help(repair("lets the rows follow"))),
        Kind::DownEdited | Kind::HeaderEdited => of_file(edited(match kind {
            Kind::DownEdited => Edit::Down,
            _ => Edit::Header,
        })
            .why("a way back was corrected or written later: the tables are what the file makes, and `revert` uses its `down`")),
        Kind::DraftChanged => {
            let drafts = match ids.len() {
                1 => "draft",
                _ => "drafts",
            };
            let found = error(format!("the {drafts} {all} was edited after it was applied"))
                .why("its author goes on with it, and this database has an earlier `up`");
            of_file(match chosen.protected() {
                Some(env) => found.help(changed_on_protected(env, ids)).no_command(),
                None => found.help(format!("`cargo migrate redo {first}` reverts what was applied and applies the new text")),
            })
        }
        Kind::NotSealed => of_file(error(format!("the {revision} {all} was changed after it was applied, and chain.lock does not know it"))
            .why("chain.lock was not written or not committed, so nothing says which text is meant")
            .help("`cargo migrate lock` takes the file as it is, then `cargo migrate repair --ledger`")),
        Kind::AllDiffer => of_file(error(format!("the file, chain.lock and the ledger have each another text of {all}"))
            .why("it was edited, accepted, and edited again")
            .help(format!("take the sealed text back with git, or `cargo migrate lock --amend {first}`; then `cargo migrate repair --ledger`"))),
        Kind::ByHand => error(format!("the rows of {all} do not hold what their hashes say"))
            .why("somebody has written them by hand")
            .help(repair("lets them follow the files, where the tables agree")),
        Kind::Unfinished | Kind::InDoubt => unfinished(rows, kind, ids),
        Kind::Missing => error(format!("what is applied needs {all}, which the ledger does not have"))
            .why("a row was deleted or never written, or a parent was put before it later")
            .help(repair("records it where the tables show that it is there; else `cargo migrate run` applies it")),
        Kind::Stale => new(Severity::Warning, format!("before the {revision} {all} something has changed since it was applied"))
            .why("a revision before it was rebased, repaired or amended; each start asks more of the database than it must")
            .help(repair("lets the rows follow")),
        Kind::Newer => error(format!("a newer version of cargo migrate wrote the rows of {all}"))
            .why("somebody has a newer version than this one")
            .help("`cargo install cargo-migrate`"),
        Kind::Duplicate => error(format!("the ledger has several rows of {all}"))
            .why("its table was copied or restored without its key")
            .help(format!("look at them, and keep one: `SELECT * FROM migrate_revision WHERE revision = '{first}'`")),
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
            "git has `{id}` on {listed}: the database was migrated from there; `cargo migrate switch HEAD` takes it to this branch, or merge that one"
        );
    }
    let sealed = |id: &String| {
        let entry = survey.lock.get(id);
        entry.is_some_and(|entry| entry.state != LockState::Draft)
    };
    match ids.iter().any(sealed) {
        true => "chain.lock knows it, so its file was deleted or not committed".to_owned(),
        false => {
            "the file was deleted, never committed, or this checkout is older than the database"
                .to_owned()
        }
    }
}

/// What was begun and not finished.
fn unfinished(rows: &[AppliedRevision], kind: Kind, ids: &[String]) -> Finding {
    let row = rows.iter().find(|row| row.revision == ids[0]);
    let (statements, error, way) = row.map_or((0, None, "run"), |row| {
        let way = match row.state {
            RevisionState::Reverting => "revert",
            _ => "run",
        };
        (row.statements, row.error.as_deref(), way)
    });
    let all = listed(ids);
    let message = match (kind, error) {
        (Kind::InDoubt, _) => format!(
            "nobody knows whether statement {} of {all} was finished",
            statements + 1
        ),
        (_, Some(error)) => format!(
            "{all} is half done: {statements} of its statements were finished, then: {}",
            error.lines().next().unwrap_or_default()
        ),
        (_, None) => format!("{all} is half done: {statements} of its statements were finished"),
    };
    let why = match kind {
        Kind::InDoubt => "the migrator or the server died in the middle of a statement",
        _ => "a statement failed where the database keeps no transaction around it",
    };
    Finding::new(Area::Ledger, Severity::Error, kind, message)
        .why(why)
        .help(format!("`{REPAIR}` asks the tables whether it is done; mend the statement and `cargo migrate {way} --resume` goes on"))
}

fn file_of(project: &Project<'_>, survey: &Survey, id: &str) -> Option<String> {
    let revision = &survey.revisions[survey.graph.index(id)?];
    Some(project.folder.as_ref()?.shown_file(&revision.file))
}
