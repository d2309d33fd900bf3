//! What is to be done about each trouble.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Code, LockState, Revision, Set, Survey};
use migrate_sqlx::{AppliedRevision, Database, LedgerChange, Mending, State};
use serde::Serialize;

use super::evidence::{Evidence, Verdict};
use super::files::Files;
use crate::context::Context;
use crate::database::Chosen;
use crate::error::CommandError;
use crate::git::Repository;
use crate::trouble::{Kind, all_revisions, applied, file_name, kept, troubles};

/// What is done about one revision.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) revision: String,
    pub(super) problem: &'static str,
    pub(super) action: &'static str,
    pub(super) reason: String,
}

impl Entry {
    /// Says whether it changes the ledger, and not a file.
    fn is_of_row(&self) -> bool {
        !matches!(self.action, "write-file" | "put-file-back")
    }
}

/// What a person has to decide.
#[derive(Debug, Serialize)]
pub(super) struct Unresolved {
    pub(super) revision: String,
    pub(super) problem: &'static str,
    pub(super) reason: String,
    pub(super) help: Option<String>,
}

/// All that is to be done.
pub(super) struct Repair {
    pub(super) entries: Vec<Entry>,
    pub(super) files: Files,
    pub(super) mendings: Vec<Mending>,
    pub(super) unresolved: Vec<Unresolved>,
}

/// Where it is planned from.
pub(super) struct Planner<'a> {
    pub(super) context: &'a Context,
    pub(super) chosen: &'a Chosen,
    pub(super) database: &'a Database,
    pub(super) rows: &'a [AppliedRevision],
}

impl Repair {
    fn new(files: Files) -> Self {
        Self {
            entries: Vec::new(),
            files,
            mendings: Vec::new(),
            unresolved: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.mendings.is_empty()
    }

    fn enter(&mut self, revision: &str, kind: Kind, action: &'static str, reason: &str) {
        self.entries.push(Entry {
            revision: revision.to_owned(),
            problem: kind.code(),
            action,
            reason: reason.to_owned(),
        });
    }

    fn mend(&mut self, change: LedgerChange, kind: Kind, reason: &str) {
        let action = match &change {
            LedgerChange::Record(_) => "record",
            LedgerChange::Rewrite(_) => "rewrite-row",
            LedgerChange::Relink(_) => "relink-row",
            LedgerChange::Finish(_) => "count-as-applied",
            LedgerChange::Forget(_) => "forget",
        };
        self.enter(change.revision(), kind, action, reason);
        self.mendings.push(Mending {
            change,
            reason: reason.to_owned(),
        });
    }

    fn leave(&mut self, revision: &str, kind: Kind, reason: impl Into<String>, help: &str) {
        self.unresolved.push(Unresolved {
            revision: revision.to_owned(),
            problem: kind.code(),
            reason: reason.into(),
            help: Some(help.to_owned()).filter(|help| !help.is_empty()),
        });
    }
}

impl Planner<'_> {
    /// Plans the repair of a ledger beside a folder.
    pub(super) async fn plan(&self, files: Files) -> Result<Repair, CommandError> {
        let config = self.context.config()?;
        let mut repair = Repair::new(files);
        let survey = Survey::new(&repair.files.folder, config);
        self.mend_files(&survey, &mut repair)?;
        // What is behind a file that comes back is judged with it.
        let survey = Survey::new(&repair.files.folder, config);
        self.mend_rows(&survey, &mut repair).await?;
        note_ends(&survey, &mut repair);
        Ok(repair)
    }

    fn row(&self, revision: &str) -> &AppliedRevision {
        let row = self.rows.iter().find(|row| row.revision == revision);
        row.expect("the trouble is of a row")
    }

    /// Brings lost files back, and puts back those that were edited.
    fn mend_files(&self, survey: &Survey, repair: &mut Repair) -> Result<(), CommandError> {
        let found = troubles(survey, self.rows);
        let of = |kind: Kind| -> Vec<String> {
            let of_it = found.iter().filter(|trouble| trouble.kind == kind);
            of_it.map(|trouble| trouble.revision.clone()).collect()
        };
        for id in of(Kind::Edited) {
            let index = survey.graph.index(&id).expect("its file is there");
            let name = survey.revisions[index].file.to_string();
            let row = self.row(&id);
            repair.files.write(&name, &row.body);
            let reason = "the file was edited after it was sealed; chain.lock and the ledger agree, so it gets the text back that was applied";
            repair.enter(&id, Kind::Edited, "put-file-back", reason);
        }
        let lost = of(Kind::Unknown);
        if lost.is_empty() {
            return Ok(());
        }
        let broken = survey
            .diagnostics
            .iter()
            .any(|found| found.code == Code::LockMalformed);
        if broken {
            for id in lost {
                repair.leave(
                    &id,
                    Kind::Unknown,
                    "its file is lost, and chain.lock cannot be read, so it cannot be entered there",
                    "mend chain.lock first: `cargo migrate check`",
                );
            }
            return Ok(());
        }
        self.restore(survey, lost, repair)
    }

    /// Writes files again whose parents and dependencies are known once all are written.
    fn restore(
        &self,
        survey: &Survey,
        lost: Vec<String>,
        repair: &mut Repair,
    ) -> Result<(), CommandError> {
        let config = self.context.config()?;
        let mut texts: BTreeMap<String, Revision> = BTreeMap::new();
        for id in lost {
            texts.extend(kept(self.row(&id)).map(|revision| (id, revision)));
        }
        let mut elsewhere = BTreeMap::new();
        let ids: Vec<String> = texts.keys().cloned().collect();
        if let Some(git) = Repository::find(self.context.root()?) {
            elsewhere = git.branches_with(&ids, &config.dir)?;
        }
        let mut known: BTreeSet<String> =
            survey.graph.ids().iter().map(ToString::to_string).collect();
        known.extend(survey.graph.labels().map(|(label, _)| label.to_owned()));
        let needs = |revision: &Revision| -> Vec<String> {
            let parents = revision.parents.iter().map(ToString::to_string);
            parents
                .chain(revision.depends_on.iter().map(ToString::to_string))
                .collect()
        };
        let mut lock = survey.lock.clone();
        loop {
            let ready: Vec<String> = texts
                .iter()
                .filter(|(_, revision)| needs(revision).iter().all(|need| known.contains(need)))
                .map(|(id, _)| id.clone())
                .collect();
            if ready.is_empty() {
                break;
            }
            for id in ready {
                let revision = texts.remove(&id).expect("it was among them");
                known.insert(id.clone());
                known.extend(revision.labels.iter().map(ToString::to_string));
                let branches = elsewhere.get(&id).map(|names| names.join("`, `"));
                let sealed = lock.get(&id).map(|entry| entry.state);
                if let Some(LockState::Sealed(hash)) = sealed
                    && hash != revision.hash
                {
                    repair.leave(
                        &id,
                        Kind::Unknown,
                        "its file is lost, and chain.lock has sealed another text than was applied",
                        &format!("find the sealed one with `git log --all -S'-- revision: {id}'`, or forget it with `cargo migrate lock --forget {id}` and repair again"),
                    );
                    continue;
                }
                let row = self.row(&id);
                let name = file_name(row, &repair.files.folder);
                repair.files.write(&name, &row.body);
                if sealed.is_none() {
                    lock.seal(&revision);
                }
                let mut reason =
                    "its file is lost; it is written again from the text that the ledger kept"
                        .to_owned();
                if let Some(branches) = branches {
                    reason = format!("{reason} (git has it on `{branches}` as well)");
                }
                repair.enter(&id, Kind::Unknown, "write-file", &reason);
            }
        }
        if lock != survey.lock {
            repair.files.write_lock(&lock);
        }
        for (id, revision) in texts {
            let lacking: Vec<String> = needs(&revision)
                .into_iter()
                .filter(|need| !known.contains(need))
                .collect();
            let lacking = lacking.join("`, `");
            let (reason, help) = match elsewhere.get(&id).and_then(|names| names.first()) {
                Some(branch) => (
                    format!(
                        "its file is lost here, and so is `{lacking}`, which it needs; git has it on `{branch}`"
                    ),
                    format!(
                        "`git merge {branch}` brings it here, or take the database to this branch: `cargo migrate switch HEAD`"
                    ),
                ),
                None => (
                    format!(
                        "its file is lost, and it needs `{lacking}`, which neither a file nor the ledger has"
                    ),
                    format!("look for it in git: `git log --all -S'-- revision: {lacking}'`"),
                ),
            };
            repair.leave(&id, Kind::Unknown, reason, &help);
        }
        Ok(())
    }

    /// Mends the rows, some of them by what the tables say.
    async fn mend_rows(&self, survey: &Survey, repair: &mut Repair) -> Result<(), CommandError> {
        let already: BTreeSet<(String, &str)> = repair
            .unresolved
            .iter()
            .map(|left| (left.revision.clone(), left.problem))
            .collect();
        let found = troubles(survey, self.rows);
        let mut to_prove = Vec::new();
        for trouble in &found {
            let id = trouble.revision.as_str();
            let kind = trouble.kind;
            if already.contains(&(id.to_owned(), kind.code())) {
                continue;
            }
            let now = survey.graph.index(id).map(|at| &survey.revisions[at]);
            match (kind, now) {
                (Kind::Moved, Some(revision)) => repair.mend(
                    LedgerChange::Rewrite(revision.clone()),
                    kind,
                    "it does what it did and follows another parent now: the row follows it",
                ),
                (Kind::Stale, Some(revision)) => repair.mend(
                    LedgerChange::Relink(revision.clone()),
                    kind,
                    "what is before it has changed since: the row takes its place in the chain as it is now",
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
                _ => leave(id, kind, repair),
            }
        }
        if !to_prove.is_empty() {
            self.prove(survey, &to_prove, repair).await?;
        }
        self.hold_back(survey, repair);
        let rank: BTreeMap<&str, usize> = found
            .iter()
            .enumerate()
            .map(|(rank, trouble)| (trouble.revision.as_str(), rank))
            .collect();
        let rank = |id: &str| rank.get(id).copied().unwrap_or_default();
        repair
            .mendings
            .sort_by_key(|mending| rank(mending.change.revision()));
        // The files come first, in the order in which they need each other.
        repair.entries.sort_by_key(|entry| match entry.is_of_row() {
            true => 1 + rank(&entry.revision),
            false => 0,
        });
        Ok(())
    }

    /// Leaves alone what follows a revision of which nobody has said yet which text is meant: its
    /// chain hash would say that all before it is as it should be.
    fn hold_back(&self, survey: &Survey, repair: &mut Repair) {
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
            .mendings
            .iter()
            .filter(|mending| {
                let takes_place = matches!(
                    mending.change,
                    LedgerChange::Record(_) | LedgerChange::Rewrite(_) | LedgerChange::Relink(_)
                );
                takes_place && is_behind(mending.change.revision())
            })
            .map(|mending| mending.change.revision().to_owned())
            .collect();
        repair
            .mendings
            .retain(|mending| !held.contains(mending.change.revision()));
        let (kept, back): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut repair.entries)
            .into_iter()
            .partition(|entry| !(held.contains(&entry.revision) && entry.is_of_row()));
        repair.entries = kept;
        for entry in back {
            repair.unresolved.push(Unresolved {
                revision: entry.revision,
                problem: entry.problem,
                reason: "what is before it has to be decided first".to_owned(),
                help: None,
            });
        }
    }

    /// Lets the tables say what the rows do not.
    async fn prove(
        &self,
        survey: &Survey,
        to_prove: &[(&str, Kind, Option<&Revision>)],
        repair: &mut Repair,
    ) -> Result<(), CommandError> {
        let config = self.context.config()?;
        let live = self.database.schema(&config.ledger).await?;
        let all = all_revisions(&survey.revisions, self.rows);
        let evidence = Evidence::new(self.context, self.chosen, all, live)?;
        let graph = evidence.graph();
        let mut whole = graph.ancestors(applied(graph, self.rows).iter());
        for row in self.rows.iter().filter(|row| row.state != State::Applied) {
            if let Some(index) = graph.index(&row.revision) {
                whole.remove(index);
            }
        }
        let mut rest = Vec::new();
        for &(id, kind, revision) in to_prove {
            match (kind, graph.index(id)) {
                (Kind::Unfinished | Kind::InDoubt, Some(index)) => {
                    let verdict = evidence.of_unfinished(index, &whole).await;
                    self.judge_unfinished(id, kind, verdict, repair);
                }
                (Kind::Unfinished | Kind::InDoubt, None) => leave(id, kind, repair),
                _ => rest.push((id, kind, revision)),
            }
        }
        if !rest.is_empty() {
            self.prove_applied(&evidence, &whole, &rest, repair).await;
        }
        Ok(())
    }

    fn judge_unfinished(
        &self,
        id: &str,
        kind: Kind,
        verdict: Result<Verdict, CommandError>,
        repair: &mut Repair,
    ) {
        let row = self.row(id);
        let way_on = match row.state {
            State::Reverting => format!(
                "go on with `cargo migrate revert --resume`, or say what has become of it: `cargo migrate repair --done {id}` or `--undone {id}`"
            ),
            _ => format!(
                "go on with `cargo migrate run --resume`, or say what has become of it: `cargo migrate repair --done {id}` or `--undone {id}`"
            ),
        };
        match verdict {
            Ok(Verdict::There) => repair.mend(
                LedgerChange::Finish(id.to_owned()),
                kind,
                "the schema is the one after it: it counts as applied",
            ),
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

    /// Judges what should be there together with all that is applied.
    async fn prove_applied(
        &self,
        evidence: &Evidence<'_>,
        whole: &Set,
        rest: &[(&str, Kind, Option<&Revision>)],
        repair: &mut Repair,
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
                    let reason = format!("the schema cannot be made to compare with: {why}");
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
            judge_applied(id, kind, revision, verdict, repair);
        }
    }
}

fn judge_applied(
    id: &str,
    kind: Kind,
    revision: Option<&Revision>,
    verdict: Verdict,
    repair: &mut Repair,
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
fn leave(id: &str, kind: Kind, repair: &mut Repair) {
    let (reason, help) = match kind {
        Kind::DraftChanged => (
            "it is a draft, and was edited after it was applied".to_owned(),
            format!("`cargo migrate redo {id}` reverts what was applied and applies the new text"),
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

/// The chain may have several heads once files are back.
fn note_ends(survey: &Survey, repair: &mut Repair) {
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
        let reason = format!("with its file back, {}", found.message);
        let help = found.help.clone().unwrap_or_default();
        repair.leave(id, Kind::Unknown, reason, &help);
    }
}

/// The first few, in a line.
fn some(all: &[String]) -> String {
    const MOST: usize = 5;
    let mut told: Vec<String> = all.iter().take(MOST).cloned().collect();
    if all.len() > MOST {
        told.push(format!("and {} more", all.len() - MOST));
    }
    told.join("; ")
}
