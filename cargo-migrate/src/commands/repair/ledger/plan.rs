//! What is done about each discrepancy.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Code, Revision, Set, Survey};
use migrate_sqlx::__cli::discrepancy::{Kind, applied, discrepancies};
use migrate_sqlx::__cli::{Database, LedgerChange};
use migrate_sqlx::{AppliedRevision, RevisionState};

use super::evidence::{Evidence, Verdict};
use super::files::Files;
use super::judge;
use super::ledger_plan::{Entry, LedgerPlan, Unresolved};
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::project::context::Context;

/// Where it is planned from.
pub(super) struct Planner<'a> {
    pub(super) context: &'a Context,
    pub(super) chosen: &'a Chosen,
    pub(super) database: &'a Database,
    pub(super) rows: &'a [AppliedRevision],
}

impl Planner<'_> {
    /// Gives back the files that the ledger kept, as far as their links are known.
    pub(super) fn give_back(&self, files: Files) -> Result<LedgerPlan, CommandError> {
        let mut repair = LedgerPlan::new(files);
        let survey = Survey::new(&repair.files.folder, self.context.config()?);
        self.repair_files(&survey, &mut repair)?;
        Ok(repair)
    }

    /// Plans the repair of a ledger beside a folder.
    pub(super) async fn plan(&self, files: Files) -> Result<LedgerPlan, CommandError> {
        let config = self.context.config()?;
        let mut repair = self.give_back(files)?;
        // What follows a restored file is judged with it.
        let survey = Survey::new(&repair.files.folder, config);
        self.repair_rows(&survey, &mut repair).await?;
        note_ends(&survey, &mut repair);
        Ok(repair)
    }

    pub(super) fn row(&self, revision: &str) -> &AppliedRevision {
        let row = self.rows.iter().find(|row| row.revision == revision);
        row.expect("the discrepancy is of a row")
    }

    /// Repairs the rows, some of them by what the tables say.
    async fn repair_rows(
        &self,
        survey: &Survey,
        repair: &mut LedgerPlan,
    ) -> Result<(), CommandError> {
        let already: BTreeSet<(String, &str)> = repair
            .unresolved
            .iter()
            .map(|left| (left.revision.clone(), left.problem))
            .collect();
        let found = discrepancies(survey, self.rows, self.database.dialect());
        let mut to_prove = Vec::new();
        for discrepancy in &found {
            let id = discrepancy.revision.as_str();
            let kind = discrepancy.kind;
            if already.contains(&(id.to_owned(), kind.code())) {
                continue;
            }
            let now = survey.graph.index(id).map(|at| &survey.revisions[at]);
            let dialect = self.database.dialect();
            if matches!(kind, Kind::DownEdited | Kind::HeaderEdited | Kind::Amended)
                && let Some(revision) = now
                && let Some(edit) = self.row(id).edit(revision, dialect)
            {
                let accepted = match kind {
                    Kind::Amended => "it was changed on purpose, according to chain.lock: ",
                    _ => "",
                };
                let reason = format!(
                    "{accepted}{edit} was edited after it was applied, and its `up` has not changed: the row gets the file's text; nothing is run"
                );
                repair.change_row(LedgerChange::Rewrite(revision.clone()), kind, &reason);
                continue;
            }
            match (kind, now) {
                (Kind::Moved, Some(revision)) => repair.change_row(
                    LedgerChange::Rewrite(revision.clone()),
                    kind,
                    "it does the same as before, but follows another parent now: the row is updated",
                ),
                (Kind::Stale, Some(revision)) => repair.change_row(
                    LedgerChange::Relink(revision.clone()),
                    kind,
                    "revisions before it have changed since: the row is updated to the present chain",
                ),
                (
                    Kind::Amended
                    | Kind::ByHand
                    | Kind::Missing
                    | Kind::Unfinished
                    | Kind::InDoubt
                    | Kind::Foreign,
                    _,
                ) => to_prove.push((id, kind, now)),
                _ => self.leave(id, kind, repair),
            }
        }
        if !to_prove.is_empty() {
            self.prove(survey, &to_prove, repair).await?;
        }
        self.hold_back(survey, repair);
        let rank: BTreeMap<&str, usize> = found
            .iter()
            .enumerate()
            .map(|(rank, discrepancy)| (discrepancy.revision.as_str(), rank))
            .collect();
        let rank = |id: &str| rank.get(id).copied().unwrap_or_default();
        repair
            .row_repairs
            .sort_by_key(|row| rank(row.change.revision()));
        // The files come first, in the order in which they need each other.
        repair.entries.sort_by_key(|entry| match entry.is_of_row() {
            true => 1 + rank(&entry.revision),
            false => 0,
        });
        Ok(())
    }

    fn leave(&self, id: &str, kind: Kind, repair: &mut LedgerPlan) {
        let (protected, dialect) = (self.chosen.protected(), self.database.dialect());
        judge::leave(id, kind, protected, self.rows, dialect, repair);
    }

    /// Leaves alone what follows a revision of which nobody has said yet which text is meant: its
    /// chain hash would say that all before it is as it should be.
    fn hold_back(&self, survey: &Survey, repair: &mut LedgerPlan) {
        let undecided: Vec<usize> = repair
            .unresolved
            .iter()
            .filter(|left| {
                [
                    Kind::DraftChanged,
                    Kind::NotSealed,
                    Kind::AllDiffer,
                    Kind::ByHand,
                ]
                .iter()
                .any(|kind| kind.code() == left.problem)
            })
            .filter_map(|left| survey.graph.index(&left.revision))
            .collect();
        let behind = survey.graph.descendants(undecided);
        let is_behind = |id: &str| survey.graph.index(id).is_some_and(|at| behind.contains(at));
        let held: BTreeSet<String> = repair
            .row_repairs
            .iter()
            .filter(|row| {
                let takes_place = matches!(
                    row.change,
                    LedgerChange::Record(_) | LedgerChange::Rewrite(_) | LedgerChange::Relink(_)
                );
                takes_place && is_behind(row.change.revision())
            })
            .map(|row| row.change.revision().to_owned())
            .collect();
        repair
            .row_repairs
            .retain(|row| !held.contains(row.change.revision()));
        let (kept, back): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut repair.entries)
            .into_iter()
            .partition(|entry| !(held.contains(&entry.revision) && entry.is_of_row()));
        repair.entries = kept;
        for entry in back {
            repair.unresolved.push(Unresolved {
                revision: entry.revision,
                problem: entry.problem,
                reason: "revisions before it have to be decided first".to_owned(),
                help: None,
            });
        }
    }

    /// Lets the tables say what the rows do not.
    async fn prove(
        &self,
        survey: &Survey,
        to_prove: &[(&str, Kind, Option<&Revision>)],
        repair: &mut LedgerPlan,
    ) -> Result<(), CommandError> {
        let config = self.context.config()?;
        let live = self.database.schema(&config.ledger).await?;
        // Lost revisions are run with the text that the ledger kept.
        let lost = self
            .rows
            .iter()
            .filter(|row| survey.graph.index(&row.revision).is_none());
        let lost = lost.filter_map(AppliedRevision::kept).collect();
        let chain = survey.chain(|_| true).map_err(CommandError::diagnostics)?;
        let chain = chain.extended(lost).into_owned();
        let evidence = Evidence::new(self.context, self.chosen, chain, live)?;
        let graph = evidence.graph();
        let mut whole = graph.ancestors(applied(graph, self.rows).iter());
        for row in self
            .rows
            .iter()
            .filter(|row| row.state != RevisionState::Applied)
        {
            if let Some(index) = graph.index(&row.revision) {
                whole.remove(index);
            }
        }
        let mut rest = Vec::new();
        for &(id, kind, revision) in to_prove {
            match (kind, graph.index(id)) {
                (Kind::Unfinished | Kind::InDoubt, Some(index)) => {
                    let verdict = evidence.of_unfinished(index, &whole).await;
                    judge::unfinished(self.row(id), kind, revision, verdict, repair);
                }
                (Kind::Unfinished | Kind::InDoubt, None) => {
                    self.leave(id, kind, repair);
                }
                _ => rest.push((id, kind, revision)),
            }
        }
        if !rest.is_empty() {
            self.prove_applied(&evidence, &whole, &rest, repair).await;
        }
        Ok(())
    }

    /// Judges what should be there together with all that is applied.
    async fn prove_applied(
        &self,
        evidence: &Evidence<'_>,
        whole: &Set,
        rest: &[(&str, Kind, Option<&Revision>)],
        repair: &mut LedgerPlan,
    ) {
        let graph = evidence.graph();
        let known: Vec<usize> = rest.iter().filter_map(|(id, ..)| graph.index(id)).collect();
        let judged = async {
            let drift = evidence.drift(whole).await?;
            let verdicts = evidence.of_applied(&known, &drift).await?;
            Ok::<_, CommandError>((drift, verdicts))
        };
        let (drift, verdicts) = match judged.await {
            Ok(judged) => judged,
            Err(error) => {
                let why = error.full_message();
                for (id, kind, _) in rest {
                    let reason = format!("the schema cannot be built for comparison: {why}");
                    let help = "`cargo migrate verify` shows the same failure";
                    repair.leave(id, *kind, reason, help);
                }
                return;
            }
        };
        let mut verdicts = verdicts.into_iter();
        for &(id, kind, revision) in rest {
            let verdict = match graph.index(id) {
                Some(_) => verdicts.next().unwrap_or(Verdict::Nothing),
                None if drift.is_empty() => Verdict::There,
                None => Verdict::Unclear(drift.iter().map(ToString::to_string).collect()),
            };
            judge::applied(id, kind, revision, verdict, repair);
        }
    }
}

/// The chain may have several heads once files are back.
fn note_ends(survey: &Survey, repair: &mut LedgerPlan) {
    let ends = |found: &&migrate_core::Diagnostic| {
        matches!(found.code, Code::MultipleHeads | Code::MultipleBases) && found.is_error()
    };
    let written: Vec<String> = repair
        .entries
        .iter()
        .filter(|entry| entry.action == "write-file")
        .map(|entry| entry.revision.clone())
        .collect();
    let Some(id) = written.last() else {
        return;
    };
    for found in survey.diagnostics.iter().filter(ends) {
        let reason = format!("with its file restored, {}", found.message);
        let help = found.help.clone().unwrap_or_default();
        repair.leave(id, Kind::Unknown, reason, &help);
    }
}
