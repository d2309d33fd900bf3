//! Repairs the files of a broken chain, as far as the intended state can be found out.
//!
//! Each kind of problem has a module. They run one after the other, each on the folder that the
//! previous one left: headers must be readable before links can be checked, and links before heads
//! and bases. Problems that no module can decide are kept and reported.

mod age;
mod bases;
mod conflict;
mod copies;
mod cycles;
mod found_lock;
mod header;
mod heads;
mod labels;
mod locks;
mod model;
mod names;
mod parents;
mod tables;
mod values;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use model::Model;
use work::Work;

use migrate_core::{Code, Config, Diagnostic, Folder, Problem, RevisionId, Survey};

/// The repair of a folder: its contents afterwards, the changes, and the remaining problems.
///
/// Sound parts are kept: a link to an existing revision is only dropped if it closes a cycle or if
/// another parent implies it. Repairing a repaired folder changes nothing.
///
/// Evidence decides, in this order: the entries of chain.lock, the spelling of names, the tables
/// that the SQL uses, who has a revision already, the time of creation. What is published, sealed or
/// applied keeps its place, and a draft is moved, whatever tables they use. A sealed revision that somebody has edited is left to
/// the user; one that the repair edits is sealed again.
///
/// ```
/// use migrate_core::{Config, File, Folder, Survey};
/// use migrate_repair::{Repair, RepairOptions};
///
/// let file = |name: &str, text: &str| File { name: name.into(), text: text.to_owned().into() };
/// let folder = Folder {
///     shown: "migrations".into(),
///     files: vec![
///         file("1.sql", "-- revision: a\n-- migrate: up\nALTER TABLE users ADD email TEXT;\n"),
///         file("2.sql", "-- revision: b\n-- migrate: up\nCREATE TABLE users (id INTEGER);\n"),
///     ],
///     ..Folder::default()
/// };
/// let repair = Repair::new(&folder, &Config::default(), &RepairOptions::default());
/// // The older one uses what the younger one creates, so it comes second.
/// assert!(repair.folder.files[0].text.contains("-- parents: b"));
/// assert!(repair.unresolved.is_empty());
/// assert!(!Survey::new(&repair.folder, &Config::default()).has_errors());
/// ```
#[derive(Clone, Debug)]
pub struct Repair {
    /// The repaired folder.
    pub folder: Folder,
    /// The repairs, in the order in which they were made.
    pub done: Vec<Repaired>,
    /// The new names of renamed files, by their old names.
    pub renamed: BTreeMap<String, String>,
    /// Revisions that were readable before and have another hash now: a database that has applied
    /// one has its old hash. Revisions that have their sealed hash again are not included.
    pub changed: Vec<RevisionId>,
    /// The remaining errors.
    pub unresolved: Vec<Diagnostic>,
}

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The problem that it fixes.
    pub code: Code,
    /// The revision; `None` for chain.lock as a whole.
    pub revision: Option<String>,
    /// The name of the file that was written or removed, in the migrations folder.
    pub file: String,
    /// The reason, in one line.
    pub reason: String,
}

/// Choices between several possible repairs.
#[derive(Clone, Debug, Default)]
pub struct RepairOptions {
    /// The order in which the parts of a chain with several bases are joined, by revisions in them;
    /// parts that are not named come last. Between two named parts, tables are not considered.
    pub order: Vec<String>,
    /// How several heads are joined.
    pub heads: HeadsRepair,
    /// The time of creation of a merge revision, RFC 3339 in UTC; empty for no time.
    pub created: String,
    /// Ids of revisions that the main branch of the remote has.
    pub published: BTreeSet<String>,
    /// Ids of revisions that a database has applied.
    pub applied: BTreeSet<String>,
    /// The names of the files that the last commit has.
    pub committed: BTreeSet<String>,
    /// Ids of revisions that are elsewhere, such as on a branch that is not merged yet: a link to
    /// one is valid, and no other revision takes its place.
    pub elsewhere: BTreeSet<String>,
    /// The committed text of chain.lock, used if the file is lost or broken.
    pub committed_lock: Option<String>,
}

/// How several heads are joined.
#[derive(Clone, Debug, Default)]
pub enum HeadsRepair {
    /// By a merge revision, which changes none of them.
    #[default]
    Merge,
    /// By moving unpublished branches after published ones, or by a merge if that is impossible.
    Rebase {
        /// The published ids; `None` means the revisions that chain.lock has sealed.
        published: Option<BTreeSet<String>>,
    },
}

impl Repair {
    /// Computes the repair of a folder. Writes nothing.
    #[must_use]
    pub fn new(folder: &Folder, config: &Config, options: &RepairOptions) -> Self {
        let mut work = Work::new(folder, config, options);
        headers(&mut work);
        copies::repair(&mut work);
        // A renamed file may be identified by its new name.
        headers(&mut work);
        let holds = links(&mut work);
        labels::repair(&mut work);
        if holds && join_bases(&mut work) {
            heads::repair(&mut work);
            // A branch may have been moved after a revision that leads to one of its parents.
            remove_redundant_parents(&mut work);
        }
        locks::repair(&mut work);
        let survey = work.survey();
        let changed = work.changed(&survey);
        let mut unresolved = survey.diagnostics;
        unresolved.retain(Diagnostic::is_error);
        Self {
            changed,
            folder: work.folder,
            done: work.done,
            renamed: work.renamed,
            unresolved,
        }
    }

    /// Returns whether there is nothing to repair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }
}

/// Repairs the header of each file.
fn headers(work: &mut Work<'_>) {
    let missing = missing(&work.survey(), work);
    let known = header::Known {
        template: &work.config.file_name,
        missing: &missing,
    };
    let mut done = Vec::new();
    for file in &mut work.folder.files {
        if let Some(header) = header::repair(&file.name, &file.text, &known) {
            file.text = header.text.into();
            done.push((file.name.clone(), header.done, header.wants_parent));
        }
    }
    if done.is_empty() {
        return;
    }
    let survey = work.survey();
    work.remember(&survey);
    for (name, repaired, wants_parent) in done {
        let revision = survey
            .revisions
            .iter()
            .find(|revision| *revision.file == *name);
        let id = revision
            .map(|revision| revision.id.to_string())
            .unwrap_or_default();
        for (code, reason) in repaired {
            work.did(code, &id, &name, reason);
        }
        if wants_parent {
            work.lost_parents.insert(name);
        }
    }
}

/// Returns the ids that are named somewhere and that no file has.
fn missing(survey: &Survey, work: &Work<'_>) -> BTreeSet<String> {
    let named = survey
        .revisions
        .iter()
        .flat_map(|revision| revision.parents.iter());
    let mut missing: BTreeSet<String> = named.map(ToString::to_string).collect();
    missing.extend(work.lock.keys().cloned());
    missing.retain(|id| survey.graph.index(id).is_none());
    missing
}

/// Repairs cycles and broken links; returns whether all links are valid now.
fn links(work: &mut Work<'_>) -> bool {
    let survey = work.survey();
    let is_unclear = |problem: &Problem| matches!(problem, Problem::DuplicateRevision { .. });
    if survey.graph.problems().iter().any(is_unclear) {
        return false;
    }
    let unidentified = work.unidentified_files(&survey);
    let mut model = Model::new(&survey, work);
    cycles::repair(&mut model);
    parents::repair(&mut model, work, &unidentified);
    if denies_redundant_parents(work) {
        model.remove_redundant_parents();
    }
    model.write(work, &survey);
    !heads::has_gaps(&model.links)
}

/// Joins the bases; returns whether the heads can be joined.
fn join_bases(work: &mut Work<'_>) -> bool {
    let survey = work.survey();
    if work.has_unidentified_files(&survey) {
        return false;
    }
    let mut model = Model::new(&survey, work);
    bases::repair(&mut model, work);
    if denies_redundant_parents(work) {
        model.remove_redundant_parents();
    }
    model.write(work, &survey);
    true
}

/// Removes parents that other parents imply.
fn remove_redundant_parents(work: &mut Work<'_>) {
    if denies_redundant_parents(work) {
        let survey = work.survey();
        let mut model = Model::new(&survey, work);
        model.remove_redundant_parents();
        model.write(work, &survey);
    }
}

fn denies_redundant_parents(work: &Work<'_>) -> bool {
    work.config.rules.redundant_parent == migrate_core::Level::Deny
}

#[cfg(test)]
mod tests;
