//! Decides about a revision by the evidence of the tables.

use migrate_core::{Dialect, Revision};
use migrate_sqlx::__cli::discrepancy::Kind;
use migrate_sqlx::__cli::{LedgerChange, RowRepair};
use migrate_sqlx::{AppliedRevision, RevisionState};

use super::evidence::Verdict;
use super::ledger_plan::LedgerPlan;
use crate::database::consent::{cannot_be_redone, changed_on_protected, without_a_way_back};
use crate::output::error::CommandError;

/// Decides about a revision that was started.
pub(super) fn unfinished(
    row: &AppliedRevision,
    kind: Kind,
    revision: Option<&Revision>,
    verdict: Result<Verdict, CommandError>,
    repair: &mut LedgerPlan,
) {
    let id = row.revision.as_str();
    let verb = match row.state {
        RevisionState::Reverting => "revert",
        _ => "run",
    };
    let go_on = match kind {
        Kind::InDoubt => format!(
            "if the database has what the statement does, go on with `cargo migrate {verb} --resume=done`, otherwise with `cargo migrate {verb} --resume=again`"
        ),
        _ => format!("go on with `cargo migrate {verb} --resume`"),
    };
    let way_on = format!(
        "{go_on}; or say what has become of it: `cargo migrate repair --done {id}` or `--undone {id}`"
    );
    match verdict {
        Ok(Verdict::There) => {
            repair.change_row(
                LedgerChange::Finish(id.to_owned()),
                kind,
                "the schema is the one after this revision, so it counts as applied",
            );
            let now = revision.filter(|revision| {
                revision.hash.to_string() != row.hash
                    || revision.chain_hash.to_string() != row.chain_hash
            });
            repair.row_repairs.extend(now.map(|revision| {
                RowRepair {
                    change: LedgerChange::Rewrite(revision.clone()),
                    reason:
                        "the file was changed after the revision was started, and the tables match its new text"
                            .to_owned(),
                }
            }));
        }
        Ok(Verdict::NotThere) => repair.change_row(
            LedgerChange::Forget(id.to_owned()),
            kind,
            "the schema is the one before this revision, so it counts as not applied",
        ),
        Ok(Verdict::Nothing) => repair.leave(
            id,
            kind,
            "it changes no table, so the schema does not show whether it was finished",
            &way_on,
        ),
        Ok(Verdict::Unclear(lacking)) => repair.leave(
            id,
            kind,
            format!(
                "the schema is neither the one before this revision nor the one after it; compared with the latter: {}",
                some(&lacking)
            ),
            &way_on,
        ),
        Err(error) => repair.leave(
            id,
            kind,
            format!(
                "the schema after it cannot be built for comparison: {}",
                error.full_message()
            ),
            &way_on,
        ),
    }
}

/// Decides about a revision that should be there together with all applied ones.
pub(super) fn applied(
    id: &str,
    kind: Kind,
    revision: Option<&Revision>,
    verdict: Verdict,
    repair: &mut LedgerPlan,
) {
    // What touches no table leaves nothing that could be missing.
    let there = matches!(verdict, Verdict::There | Verdict::Nothing);
    let lacking = match verdict {
        Verdict::Unclear(lacking) => some(&lacking),
        _ => String::new(),
    };
    match (kind, revision, there) {
        (Kind::Missing, Some(revision), true) => repair.change_row(
            LedgerChange::Record(revision.clone()),
            kind,
            "revisions that need it are applied, and the database has what it creates: it is recorded",
        ),
        (Kind::Missing, _, _) => repair.leave(
            id,
            kind,
            format!("revisions that need it are applied, but the database lacks what it creates: {lacking}"),
            "`cargo migrate run` applies it",
        ),
        (Kind::ByHand, Some(revision), true) => repair.change_row(
            LedgerChange::Rewrite(revision.clone()),
            kind,
            "the row was written by hand, and the database has what the file creates: the row gets the file's text",
        ),
        (Kind::ByHand, _, _) => repair.leave(
            id,
            kind,
            format!("the row was written by hand, and the database lacks what the file creates: {lacking}"),
            "create it as in the file: `cargo migrate repair --schema`",
        ),
        (Kind::Amended, Some(revision), _) => {
            repair.change_row(
                LedgerChange::Rewrite(revision.clone()),
                kind,
                "it was changed on purpose, according to chain.lock: the row gets the new text; nothing is run, and the tables stay as the old one left them",
            );
            if !there {
                repair.leave(
                    id,
                    kind,
                    format!("the tables do not match the new text: {lacking}"),
                    "change them: `cargo migrate repair --schema`; or apply it again: `cargo migrate redo`",
                );
            }
        }
        (Kind::Foreign, _, true) => repair.change_row(
            LedgerChange::Forget(id.to_owned()),
            kind,
            "it is not a revision, and the schema matches the other revisions: the row is removed, and the event keeps its contents",
        ),
        _ => repair.leave(
            id,
            kind,
            format!("it is not a revision, but the schema does not match the other revisions: {lacking}"),
            "see where it comes from: `cargo migrate status --events`, `cargo migrate verify`",
        ),
    }
}

/// Reports what only a person can decide.
pub(super) fn leave(
    id: &str,
    kind: Kind,
    protected: Option<&str>,
    rows: &[AppliedRevision],
    dialect: Dialect,
    repair: &mut LedgerPlan,
) {
    let (reason, help) = match kind {
        Kind::DraftChanged => (
            "it is a draft, and was edited after it was applied".to_owned(),
            match protected {
                Some(env) => changed_on_protected(env, &[id.to_owned()]),
                None if cannot_be_redone(rows, id, dialect) => without_a_way_back(id),
                None => format!(
                    "`cargo migrate redo {id}` reverts what was applied and applies the new text"
                ),
            },
        ),
        Kind::NotSealed => (
            "it was changed, and chain.lock has not sealed it".to_owned(),
            "`cargo migrate lock` seals the file as it is; then repair again".to_owned(),
        ),
        Kind::AllDiffer => (
            "the file, chain.lock and the ledger have three different texts".to_owned(),
            format!(
                "choose the file's with `cargo migrate lock --amend {id}`, or restore the sealed one with `git checkout`; then repair again"
            ),
        ),
        Kind::Newer => (
            "a newer version of cargo migrate has written it".to_owned(),
            "`cargo install cargo-migrate`".to_owned(),
        ),
        Kind::Duplicate => (
            "the ledger has several rows for it, so its table was created without a key".to_owned(),
            format!(
                "inspect them: `SELECT * FROM migrate_revision WHERE revision = '{id}'`, and keep one"
            ),
        ),
        _ => (
            "its file is lost, and the ledger does not have its complete text".to_owned(),
            format!("look for it in git: `git log --all -S'-- revision: {id}'`"),
        ),
    };
    repair.leave(id, kind, reason, &help);
}

/// The first few, in a line.
fn some(all: &[String]) -> String {
    const MOST: usize = 5;
    let mut shown: Vec<String> = all.iter().take(MOST).cloned().collect();
    if all.len() > MOST {
        shown.push(format!("and {} more", all.len() - MOST));
    }
    shown.join("; ")
}
