//! Mending the files of a broken chain, as far as anybody can tell what was meant.
//!
//! Each kind of problem has a file. They run one after the other on the folder as the one before
//! left it: what a header says must be known before its links can be judged, and the links before
//! the ends of the chain. What none of them can decide stays, and is told.

mod bases;
mod conflict;
mod copies;
mod cycles;
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

/// A folder as it would be with all that can be mended, what was done for it, and what is left.
///
/// What is sound stays: no link that leads to a revision is dropped, but for one that closes a
/// circle or that another parent implies. Mending a mended folder finds nothing to do.
///
/// Evidence decides, in this order: what chain.lock knows of a revision, what its words nearly say,
/// which tables its SQL uses, when it was made. A sealed revision that somebody has edited is left
/// to people; one that is edited here is sealed anew.
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
/// // The older one uses what the younger one makes, so it comes second.
/// assert!(repair.folder.files[0].text.contains("-- parents: b"));
/// assert!(repair.unresolved.is_empty());
/// assert!(!Survey::new(&repair.folder, &Config::default()).has_errors());
/// ```
#[derive(Clone, Debug)]
pub struct Repair {
    /// The folder as it would be.
    pub folder: Folder,
    /// What was done, in that order.
    pub done: Vec<Mended>,
    /// Files that have another name now, by the old one.
    pub renamed: BTreeMap<String, String>,
    /// Revisions that mean something else now, though they could be read before: a database that has
    /// applied one has another hash of it. One that means again what was sealed is not among them.
    pub changed: Vec<RevisionId>,
    /// The errors that are left.
    pub unresolved: Vec<Diagnostic>,
}

/// One thing that was mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// What was wrong.
    pub code: Code,
    /// The revision that it is about; `None` for chain.lock as a whole.
    pub revision: Option<String>,
    /// The name of the file that was written or removed, in the migrations folder.
    pub file: String,
    /// Why it was mended so, in a line.
    pub reason: String,
}

/// What to do where there are several ways.
#[derive(Clone, Debug, Default)]
pub struct RepairOptions {
    /// Revisions in the order in which the parts of a chain with several bases come; those that are
    /// not named come after them. Tables count for nothing between two that are named.
    pub order: Vec<String>,
    /// What becomes of several heads.
    pub heads: HeadsMend,
    /// When a merge revision is made, RFC 3339 in UTC; empty for no time.
    pub created: String,
    /// Ids of revisions that are elsewhere, such as on a branch that has not been merged: a link to
    /// one is true, and no other revision takes its place.
    pub elsewhere: BTreeSet<String>,
    /// The text of chain.lock as it was committed, for one that is lost or broken.
    pub committed_lock: Option<String>,
}

/// What becomes of several heads.
#[derive(Clone, Debug, Default)]
pub enum HeadsMend {
    /// They are joined by a merge revision, which changes none of them.
    #[default]
    Merge,
    /// What is not published is put behind what is; a merge joins what cannot be moved.
    Rebase {
        /// The ids that are published; `None` stands for what chain.lock has sealed.
        published: Option<BTreeSet<String>>,
    },
}

impl Repair {
    /// Finds out how to mend a folder. Nothing is written.
    #[must_use]
    pub fn new(folder: &Folder, config: &Config, options: &RepairOptions) -> Self {
        let mut work = Work::new(folder, config, options);
        headers(&mut work);
        copies::mend(&mut work);
        // A file that has another name now may be told by it.
        headers(&mut work);
        let holds = links(&mut work);
        labels::mend(&mut work);
        if holds && ends(&mut work) {
            heads::mend(&mut work);
            // What a branch was put behind may lead to what it named.
            thin_out(&mut work);
        }
        locks::mend(&mut work);
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

    /// Says whether there is nothing to mend.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }
}

/// Mends the header of each file.
fn headers(work: &mut Work<'_>) {
    let missing = missing(&work.survey(), work);
    let known = header::Known {
        template: &work.config.file_name,
        missing: &missing,
    };
    let mut done = Vec::new();
    for file in &mut work.folder.files {
        if let Some(header) = header::mend(&file.name, &file.text, &known) {
            file.text = header.text.into();
            done.push((file.name.clone(), header.done, header.wants_parent));
        }
    }
    if done.is_empty() {
        return;
    }
    let survey = work.survey();
    work.remember(&survey);
    for (name, mended, wants_parent) in done {
        let revision = survey
            .revisions
            .iter()
            .find(|revision| *revision.file == *name);
        let id = revision
            .map(|revision| revision.id.to_string())
            .unwrap_or_default();
        for (code, reason) in mended {
            work.did(code, &id, &name, reason);
        }
        if wants_parent {
            work.orphans.insert(name);
        }
    }
}

/// Ids that something names and no file has.
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

/// Mends circles and links that lead nowhere; says whether all links hold now.
fn links(work: &mut Work<'_>) -> bool {
    let survey = work.survey();
    let is_unclear = |problem: &Problem| matches!(problem, Problem::DuplicateRevision { .. });
    if survey.graph.problems().iter().any(is_unclear) {
        return false;
    }
    let strangers = work.strangers(&survey);
    let mut model = Model::new(&survey, work);
    cycles::mend(&mut model);
    parents::mend(&mut model, work, &strangers);
    if redundant_is_wrong(work) {
        model.thin_out();
    }
    work.write(&model, &survey);
    !heads::has_gaps(&model.links)
}

/// Joins the bases; says whether the heads can be joined then.
fn ends(work: &mut Work<'_>) -> bool {
    let survey = work.survey();
    if work.has_strangers(&survey) {
        return false;
    }
    let mut model = Model::new(&survey, work);
    bases::mend(&mut model, work);
    if redundant_is_wrong(work) {
        model.thin_out();
    }
    work.write(&model, &survey);
    true
}

/// Takes out parents that other parents imply.
fn thin_out(work: &mut Work<'_>) {
    if redundant_is_wrong(work) {
        let survey = work.survey();
        let mut model = Model::new(&survey, work);
        model.thin_out();
        work.write(&model, &survey);
    }
}

fn redundant_is_wrong(work: &Work<'_>) -> bool {
    work.config.rules.redundant_parent == migrate_core::Level::Deny
}

#[cfg(test)]
mod tests;
