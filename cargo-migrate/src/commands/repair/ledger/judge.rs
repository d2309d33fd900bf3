//! What is done about a revision once the tables have been asked.

use migrate_core::Revision;
use migrate_sqlx::__cli::discrepancy::Kind;
use migrate_sqlx::__cli::{LedgerChange, RowRepair};
use migrate_sqlx::{AppliedRevision, RevisionState};

use super::evidence::Verdict;
use super::ledger_plan::LedgerPlan;
use crate::database::consent::changed_on_protected;
use crate::output::error::CommandError;

/// What becomes of a revision that was begun.
pub(super) fn unfinished(
    row: &AppliedRevision,
    kind: Kind,
    revision: Option<&Revision>,
    verdict: Result<Verdict, CommandError>,
    repair: &mut LedgerPlan,
) {
    let id = row.revision.as_str();
    let way_on = match row.state {
        RevisionState::Reverting => format!(
            "go on with `cargo migrate revert --resume`, or say what has become of it: `cargo migrate repair --done {id}` or `--undone {id}`"
        ),
        _ => format!(
            "go on with `cargo migrate run --resume`, or say what has become of it: `cargo migrate repair --done {id}` or `--undone {id}`"
        ),
    };
    match verdict {
        Ok(Verdict::There) => {
            repair.mend(
                LedgerChange::Finish(id.to_owned()),
                kind,
                "the schema is the one after it: it counts as applied",
            );
            let now = revision.filter(|revision| {
                revision.hash.to_string() != row.hash
                    || revision.chain_hash.to_string() != row.chain_hash
            });
            repair.mendings.extend(now.map(|revision| {
                RowRepair {
                    change: LedgerChange::Rewrite(revision.clone()),
                    reason:
                        "the file was changed after it was begun, and the tables are as it says now"
                            .to_owned(),
                }
            }));
        }
        Ok(Verdict::NotThere) => repair.mend(
            LedgerChange::Forget(id.to_owned()),
            kind,
            "the schema is the one before it: it counts as not applied",
        ),
        Ok(Verdict::Nothing) => repair.leave(
            id,
            kind,
            "it changes no table, so the schema cannot tell whether it was finished",
            &way_on,
        ),
        Ok(Verdict::Unclear(lacking)) => repair.leave(
            id,
            kind,
            format!(
                "the schema is neither the one before it nor the one after it; for that: {}",
                some(&lacking)
            ),
            &way_on,
        ),
        Err(error) => repair.leave(
            id,
            kind,
            format!(
                "the schema after it cannot be made to compare with: {}",
                error.full_message()
            ),
            &way_on,
        ),
    }
}

/// What becomes of a revision that should be there together with all that is applied.
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
        (Kind::Missing, Some(revision), true) => repair.mend(
            LedgerChange::Record(revision.clone()),
            kind,
            "what needs it is applied, and the database has what it makes: it is recorded",
        ),
        (Kind::Missing, _, _) => repair.leave(
            id,
            kind,
            format!("what needs it is applied, and the database has not what it makes: {lacking}"),
            "`cargo migrate run` applies it",
        ),
        (Kind::ByHand, Some(revision), true) => repair.mend(
            LedgerChange::Rewrite(revision.clone()),
            kind,
            "the row was written by hand, and the database has what the file makes: the row takes the file's text",
        ),
        (Kind::ByHand, _, _) => repair.leave(
            id,
            kind,
            format!("the row was written by hand, and the database has not what the file makes: {lacking}"),
            "make it as the file says: `cargo migrate repair --schema`",
        ),
        (Kind::Amended, Some(revision), _) => {
            repair.mend(
                LedgerChange::Rewrite(revision.clone()),
                kind,
                "it was changed on purpose, as chain.lock says: the row takes the new text; nothing is run, the tables keep what the old one did",
            );
            if !there {
                repair.leave(
                    id,
                    kind,
                    format!("the tables are not what the new text makes: {lacking}"),
                    "bring them there: `cargo migrate repair --schema`; or apply it anew: `cargo migrate redo`",
                );
            }
        }
        (Kind::Foreign, _, true) => repair.mend(
            LedgerChange::Forget(id.to_owned()),
            kind,
            "it is no revision, and the schema is what the others make: the row goes, and the event keeps what it said",
        ),
        _ => repair.leave(
            id,
            kind,
            format!("it is no revision, and the schema is not what the others make: {lacking}"),
            "see what made it: `cargo migrate status --events`, `cargo migrate verify`",
        ),
    }
}

/// What nobody but a person can decide.
pub(super) fn leave(id: &str, kind: Kind, protected: Option<&str>, repair: &mut LedgerPlan) {
    let (reason, help) = match kind {
        Kind::DraftChanged => (
            "it is a draft, and was edited after it was applied".to_owned(),
            match protected {
                Some(env) => changed_on_protected(env, &[id.to_owned()]),
                None => format!(
                    "`cargo migrate redo {id}` reverts what was applied and applies the new text"
                ),
            },
        ),
        Kind::NotSealed => (
            "it was changed, and chain.lock does not know it".to_owned(),
            "`cargo migrate lock` takes the file as it is; then repair again".to_owned(),
        ),
        Kind::AllDiffer => (
            "the file, chain.lock and the ledger have a text each".to_owned(),
            format!(
                "choose the file's with `cargo migrate lock --amend {id}`, or take the sealed one back with `git checkout`; then repair again"
            ),
        ),
        Kind::Newer => (
            "a newer version of cargo migrate has written it".to_owned(),
            "`cargo install cargo-migrate`".to_owned(),
        ),
        Kind::Duplicate => (
            "the ledger has several rows of it, so somebody has made its table without a key"
                .to_owned(),
            format!(
                "look at them: `SELECT * FROM migrate_revision WHERE revision = '{id}'`, and keep one"
            ),
        ),
        _ => (
            "its file is lost, and the ledger does not keep it whole".to_owned(),
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
