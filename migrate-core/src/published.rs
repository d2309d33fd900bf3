//! Compares a branch with the published chain before they are merged.

use crate::lock::entry;
use crate::shell::shell_word;
use crate::{
    ChainLock, Code, Config, Diagnostic, File, Folder, Label, LockState, Revision, Severity, Survey,
};

/// The published chain, and the one from which this branch forked.
#[derive(Clone, Debug)]
pub struct Published {
    /// The name of the published branch, such as `origin/main`.
    pub name: String,
    /// The migrations folder at its latest commit.
    pub tip: Folder,
    /// The migrations folder of the last common commit; differences from it were made on this
    /// branch.
    pub fork_point: Folder,
}

/// The chains chains.
struct Chains<'a> {
    name: &'a str,
    config: &'a Config,
    here: Survey,
    there: Survey,
    fork_point: Survey,
    /// The chain after the merge.
    merged: Survey,
}

impl Published {
    /// Checks a branch as if it were merged now: its own problems, and the new problems that the
    /// merge would cause.
    ///
    /// Problems of the published chain itself are not caused by this branch and are left out.
    #[must_use]
    pub fn check(&self, here: &Folder, config: &Config) -> Vec<Diagnostic> {
        let survey = |folder: &Folder| Survey::new(folder, config);
        let chains = Chains {
            name: &self.name,
            config,
            here: survey(here),
            there: survey(&self.tip),
            fork_point: survey(&self.fork_point),
            merged: survey(&self.merge(here)),
        };
        let mut published = chains.changed_and_deleted();
        published.extend(chains.fork());
        let mut news = chains.after_the_merge();
        if published
            .iter()
            .any(|found| found.code == Code::ForkedChain)
        {
            news.retain(|found| !is_end(found.code));
        }
        let mut all = chains.own_problems(&published);
        all.extend(published);
        all.extend(chains.taken_ids());
        all.extend(news);
        let (mut errors, warnings): (Vec<_>, Vec<_>) =
            all.into_iter().partition(Diagnostic::is_error);
        errors.extend(warnings);
        errors
    }

    /// Returns the folder as git would merge it; if both changed a file, with this branch's text.
    fn merge(&self, here: &Folder) -> Folder {
        let sides = [&self.fork_point, &self.tip, here];
        let files = merge(sides.map(|folder| {
            let files = folder.files.iter();
            files.map(|file| (&*file.name, &*file.text)).collect()
        }));
        let locks = sides.map(|folder| {
            let text = folder.lock.as_deref().unwrap_or_default();
            let lock = ChainLock::parse(ChainLock::FILE, text).unwrap_or_default();
            lock.render()
        });
        let lock = merge(locks.each_ref().map(|text| {
            // Behind a comment and the version.
            let lines = text.lines().skip(2);
            let id = |line| Some((str::split(line, ' ').next()?, line));
            lines.filter_map(id).collect()
        }));
        let lock = lock.into_iter().filter_map(|(_, line)| entry(line));
        let lock: ChainLock = lock.collect();
        Folder {
            shown: here.shown.clone(),
            files: files
                .into_iter()
                .map(|(name, text)| File {
                    name: name.to_owned(),
                    text: text.to_owned().into(),
                })
                .collect(),
            lock: Some(lock.render()),
            unread: here.unread.clone(),
            ..Folder::default()
        }
    }
}

/// Files with their names, or lines of chain.lock with their ids.
type Texts<'a> = Vec<(&'a str, &'a str)>;

/// Merges the changes of both sides since `base`; the result is sorted.
fn merge<'a>(mut sides: [Texts<'a>; 3]) -> Texts<'a> {
    for side in &mut sides {
        side.sort_unstable();
    }
    let [base, theirs, ours] = sides;
    let is_unchanged = |named: &(&str, &str)| text_of(named.0, &ours) == text_of(named.0, &base);
    let mut merged: Texts<'a> = theirs.into_iter().filter(is_unchanged).collect();
    merged.extend(ours.iter().filter(|named| !is_unchanged(named)));
    merged.sort_unstable();
    merged
}

fn text_of<'a>(name: &str, texts: &Texts<'a>) -> Option<&'a str> {
    let at = texts.binary_search_by_key(&name, |(known, _)| known);
    at.ok().map(|at| texts[at].1)
}

impl Chains<'_> {
    /// Returns this branch's own problems, except those that are better reported against the
    /// published chain.
    fn own_problems(&self, published: &[Diagnostic]) -> Vec<Diagnostic> {
        let place = |found: &Diagnostic| found.labels.first().map(|label| label.file.clone());
        let told_better = |found: &Diagnostic| match found.code {
            Code::LockChanged => published
                .iter()
                .any(|other| other.code == Code::PublishedChanged && place(other) == place(found)),
            Code::LockDeleted => published
                .iter()
                .any(|other| other.code == Code::PublishedDeleted && other.labels == found.labels),
            code if is_end(code) => published
                .iter()
                .any(|other| other.code == Code::ForkedChain),
            _ => false,
        };
        let mut own = self.here.diagnostics.clone();
        own.retain(|found| !told_better(found));
        own
    }

    /// Returns the problems that the merge would cause and that exist on neither side.
    fn after_the_merge(&self) -> Vec<Diagnostic> {
        let known = |found: &Diagnostic| {
            self.here.diagnostics.contains(found) || self.there.diagnostics.contains(found)
        };
        let about_the_lock = |code: Code| code.as_str().starts_with("lock-");
        let grows = |code: Code| match code {
            Code::MultipleHeads => {
                self.merged.graph.heads().count() > self.there.graph.heads().count()
            }
            Code::MultipleBases => {
                self.merged.graph.bases().count() > self.there.graph.bases().count()
            }
            _ => true,
        };
        let mut found = self.merged.diagnostics.clone();
        found.retain(|found| !known(found) && !about_the_lock(found.code) && grows(found.code));
        for found in &mut found {
            found.message = format!("after a merge with `{}`, {}", self.name, found.message);
        }
        found
    }

    /// Reports whether this branch ends beside the published chain instead of after it.
    fn fork(&self) -> Option<Diagnostic> {
        let graph = &self.merged.graph;
        let broken = self
            .merged
            .diagnostics
            .iter()
            .find(|found| found.code == Code::MultipleHeads)?;
        let heads = || graph.heads();
        let published = |index: &usize| self.there.graph.index(graph.id(*index).as_str()).is_some();
        let (old, new): (Vec<usize>, Vec<usize>) = heads().partition(published);
        if new.is_empty() || old.len() + new.len() <= self.there.graph.heads().count().max(1) {
            return None;
        }
        let names = |heads: &[usize]| {
            let ids: Vec<_> = heads
                .iter()
                .map(|index| graph.id(*index).as_str())
                .collect();
            ids.join("`, `")
        };
        let message = match &old[..] {
            [] => format!("this branch has several heads: `{}`", names(&new)),
            old => format!(
                "this branch forks the chain of `{}`, which continues to `{}`",
                self.name,
                names(old)
            ),
        };
        let mut diagnostic =
            Diagnostic::error(Code::ForkedChain, message).severity(broken.severity);
        for head in &new {
            let path = graph.path_to(*head);
            let first = graph
                .order()
                .find(|index| path.contains(*index) && !published(index));
            let first = first.unwrap_or(*head);
            let parents: Vec<usize> = graph.parents(first).iter().map(|at| *at as usize).collect();
            let word = match &parents[..] {
                [] => "this starts a separate chain".to_owned(),
                parents => format!("this follows `{}`", names(parents)),
            };
            diagnostic = diagnostic.label(self.merged.at_id(first, &word));
        }
        Some(diagnostic.help(self.fix(&old, &new)))
    }

    /// Returns the command that makes the chain linear: a rebase onto the published head, if that
    /// is possible and nothing was merged manually.
    fn fix(&self, old: &[usize], new: &[usize]) -> String {
        let graph = &self.merged.graph;
        let id = |index: usize| graph.id(index).as_str();
        let joins = |head: usize| {
            let path = graph.path_to(head);
            (0..graph.len()).any(|index| {
                path.contains(index)
                    && graph.parents(index).len() > 1
                    && self.there.graph.index(id(index)).is_none()
            })
        };
        let command = match (old, new) {
            ([old], [new]) if !joins(*new) => {
                format!("`cargo migrate rebase {} --onto {}`", id(*new), id(*old))
            }
            _ => {
                let all: Vec<_> = old.iter().chain(new).map(|index| id(*index)).collect();
                format!("`cargo migrate merge {}`", all.join(" "))
            }
        };
        let is_here = |index: &usize| self.here.graph.index(id(*index)).is_some();
        match old.iter().all(is_here) {
            true => format!("fix it with {command}"),
            false => format!("run `git merge {}`, then {command}", self.name),
        }
    }

    /// Reports published revisions that this branch has changed or deleted.
    fn changed_and_deleted(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for theirs in &self.there.revisions {
            let id = theirs.id.as_str();
            let sealed = self.there.lock.get(id).map(|entry| entry.state);
            let (Some(LockState::Sealed(_)), Some(before)) = (sealed, get(&self.fork_point, id))
            else {
                continue;
            };
            let rules = &self.config.rules;
            match get(&self.here, id) {
                Some(ours) if ours.hash != theirs.hash && ours.hash != before.hash => {
                    found.extend(self.changed(id, rules.published_changed.severity()));
                }
                None => found.extend(self.deleted(theirs, rules.published_deleted.severity())),
                Some(_) => {}
            }
        }
        found
    }

    fn changed(&self, id: &str, severity: Option<Severity>) -> Option<Diagnostic> {
        let index = self.here.graph.index(id)?;
        let file = self.here.at_id(index, "").file;
        Some(
            Diagnostic::error(
                Code::PublishedChanged,
                format!("this branch edits `{id}`, which is sealed on `{}`", self.name),
            )
            .severity(severity?)
            .label(self.here.at_id(index, ""))
            .help(format!(
                "undo the edit with `git checkout {} -- {}`, and write a new revision: `cargo migrate new \"<message>\"`",
                shell_word(self.name),
                shell_word(&file)
            )),
        )
    }

    fn deleted(&self, theirs: &Revision, severity: Option<Severity>) -> Option<Diagnostic> {
        // An unreadable file is reported as such.
        let index = self.there.graph.index(theirs.id.as_str())?;
        let file = self.there.at_id(index, "").file;
        Some(
            Diagnostic::error(
                Code::PublishedDeleted,
                format!("this branch deletes `{}`, which is sealed on `{}`", theirs.id, self.name),
            )
            .severity(severity?)
            .label(Label::file(&file))
            .help(format!(
                "restore it with `git checkout {} -- {}`, and write a revision that undoes it: `cargo migrate new \"<message>\"`",
                shell_word(self.name),
                shell_word(&file)
            )),
        )
    }

    /// Reports ids that both sides have given to different revisions in files of the same name; git
    /// would not merge these files, so the merged chain does not show the conflict.
    fn taken_ids(&self) -> Vec<Diagnostic> {
        let taken = |ours: &&Revision| {
            let id = ours.id.as_str();
            get(&self.fork_point, id).is_none()
                && get(&self.there, id)
                    .is_some_and(|theirs| theirs.file == ours.file && theirs.hash != ours.hash)
        };
        let report = |ours: &Revision| {
            let index = self.here.graph.index(ours.id.as_str())?;
            Some(
                Diagnostic::error(
                    Code::DuplicateRevision,
                    format!(
                        "`{}` has a different revision with the id `{}`",
                        self.name, ours.id
                    ),
                )
                .label(self.here.at_id(index, ""))
                .help("give this one a new id, and change the `-- parents:` lines that name it"),
            )
        };
        let ours = self.here.revisions.iter();
        ours.filter(taken).filter_map(report).collect()
    }
}

const fn is_end(code: Code) -> bool {
    matches!(code, Code::MultipleHeads | Code::MultipleBases)
}

fn get<'a>(survey: &'a Survey, id: &str) -> Option<&'a Revision> {
    let index = survey.graph.index(id)?;
    survey.revisions.get(index)
}
