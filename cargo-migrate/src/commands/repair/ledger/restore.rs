//! Restores files from the ledger.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Code, Folder, LockState, Revision, Survey};
use migrate_sqlx::__cli::discrepancy::{Kind, discrepancies};
use migrate_sqlx::AppliedRevision;

use super::ledger_plan::LedgerPlan;
use super::plan::Planner;
use crate::output::error::CommandError;
use crate::project::git::Repository;

impl Planner<'_> {
    /// Restores lost and edited files.
    pub(super) fn repair_files(
        &self,
        survey: &Survey,
        repair: &mut LedgerPlan,
    ) -> Result<(), CommandError> {
        let found = discrepancies(survey, self.rows, self.database.dialect());
        let of = |kind: Kind| -> Vec<String> {
            let of_it = found.iter().filter(|discrepancy| discrepancy.kind == kind);
            of_it
                .map(|discrepancy| discrepancy.revision.clone())
                .collect()
        };
        for id in of(Kind::Edited) {
            let index = survey.graph.index(&id).expect("its file is there");
            let name = survey.revisions[index].file.to_string();
            let row = self.row(&id);
            let reason = "the file was edited after it was sealed; chain.lock and the ledger agree, so the text that was applied is restored";
            repair.write_file(&name, row, Kind::Edited, "put-file-back", reason);
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
                    "its file is lost, and chain.lock cannot be read, so it cannot be added there",
                    "fix chain.lock first: `cargo migrate check`",
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
        repair: &mut LedgerPlan,
    ) -> Result<(), CommandError> {
        let config = self.context.config()?;
        let mut texts: BTreeMap<String, Revision> = BTreeMap::new();
        for id in lost {
            texts.extend(self.row(&id).kept().map(|revision| (id, revision)));
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
                        "its file is lost, and the text that chain.lock has sealed is not the one that was applied",
                        &format!("find the sealed one with `git log --all -S'-- revision: {id}'`, or remove it from chain.lock with `cargo migrate lock --forget {id}` and repair again"),
                    );
                    continue;
                }
                let row = self.row(&id);
                let name = file_name(row, &repair.files.folder);
                if sealed.is_none() {
                    lock.seal(&revision);
                }
                let mut reason =
                    "its file is lost; it is restored from the text in the ledger".to_owned();
                if let Some(branches) = branches {
                    reason = format!("{reason} (git has it on `{branches}` as well)");
                }
                repair.write_file(&name, row, Kind::Unknown, "write-file", &reason);
            }
        }
        if lock != survey.lock {
            repair.files.write_lock(&lock, Kind::Unknown.code());
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
                        "`git merge {branch}` brings it here; or switch the database to this branch: `cargo migrate switch HEAD`"
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
}
/// The name that a lost file is written under: the one that the ledger has, where it is a name and
/// free, or one made of the id.
fn file_name(row: &AppliedRevision, folder: &Folder) -> String {
    let plain = !row.file.starts_with('.')
        && !row.file.contains(['/', '\\', '\0'])
        && row.file.to_ascii_lowercase().ends_with(".sql");
    let taken = |name: &str| folder.files.iter().any(|file| file.name == name);
    let numbered = (2..).map(|number| format!("{}_{number}.sql", row.revision));
    [row.file.clone()]
        .into_iter()
        .filter(|_| plain)
        .chain([format!("{}.sql", row.revision)])
        .chain(numbered)
        .find(|name| !taken(name) && !folder.unread.contains(name))
        .expect("the numbers do not end")
}
