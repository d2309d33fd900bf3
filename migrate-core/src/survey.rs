//! Reads and checks the whole folder: every revision, the graph, the lock, and all problems at
//! once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use crate::file::{self, Parsed};
use crate::folder::shown_in;
use crate::hash::Hasher;
use crate::script::{self, Checker};
use crate::shell::shell_word;
use crate::{
    Chain, ChainLock, Code, Config, Diagnostic, Dialects, Folder, Graph, Hash, HeadsRule, Label,
    LockState, Place, Problem, Revision, Rules, Severity, with_lf,
};

/// The contents of a folder, sound or broken.
///
/// ```
/// use migrate_core::{Config, File, Folder, Survey};
///
/// let folder = Folder {
///     shown: "migrations".into(),
///     files: vec![File {
///         name: "b.sql".into(),
///         text: "-- revision: b\n-- parents: a\n-- migrate: up\nSELECT 1;\n".into(),
///     }],
///     ..Folder::default()
/// };
/// let survey = Survey::new(&folder, &Config::default());
/// assert!(survey.diagnostics.iter().any(|found| found.code.as_str() == "unknown-parent"));
/// ```
#[derive(Clone, Debug)]
pub struct Survey {
    /// Every revision that has an id, in the order of the files' names.
    pub revisions: Vec<Revision>,
    /// The graph of the revisions; its indices are those of `revisions`.
    pub graph: Graph,
    /// The contents of chain.lock; empty if it cannot be read.
    pub lock: ChainLock,
    /// All problems, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The place of each revision's id, for [`Survey::drafts`].
    ids: Vec<Range<usize>>,
    shown: String,
    /// Files that do not name their revision.
    unread: Vec<String>,
}

impl Revision {
    /// Reads one revision from a file's text, as the ledger keeps it. [`Revision::chain_hash`] is
    /// left zero, because it depends on the rest of the chain.
    ///
    /// # Errors
    ///
    /// Everything that makes the text unreadable; style rules are not checked.
    pub fn parse(name: &str, text: &str, dialects: Dialects) -> Result<Self, Vec<Diagnostic>> {
        let rules = Rules::default();
        let mut diagnostics = Vec::new();
        let owned = Cow::Owned(text.to_owned());
        let found = read(name, name, &owned, dialects, &rules, &mut diagnostics);
        diagnostics.retain(|found| {
            found.is_error()
                && !matches!(
                    found.code,
                    Code::TransactionControl | Code::NeedsNoTransaction
                )
        });
        match found {
            Some((revision, _)) if diagnostics.is_empty() => Ok(revision),
            _ => Err(diagnostics),
        }
    }
}

/// Reads a file; returns `None` if it does not name its revision.
#[expect(
    clippy::ptr_arg,
    reason = "whether the text is borrowed decides what is copied"
)]
fn read(
    name: &str,
    shown: &str,
    whole: &Cow<'static, str>,
    dialects: Dialects,
    rules: &Rules,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Revision, Parsed)> {
    let before = diagnostics.len();
    // The text that goes to a database and into its ledger must not depend on the checkout.
    let normalized;
    let whole = match with_lf(whole) {
        Cow::Borrowed(_) => whole,
        Cow::Owned(text) => {
            normalized = Cow::Owned(text);
            &normalized
        }
    };
    let text: &str = whole;
    let parsed = file::parse(shown, text, diagnostics);
    let Some(id) = &parsed.revision else {
        let has_problem = diagnostics[before..]
            .iter()
            .any(|found| matches!(found.code, Code::InvalidRevisionId | Code::ConflictMarkers));
        if !has_problem {
            let message = match text.trim().is_empty() {
                true => format!("`{shown}` is empty"),
                false => format!("`{shown}` does not name its revision"),
            };
            diagnostics.push(
                Diagnostic::error(Code::MissingRevision, message)
                    .label(Label::at(shown, text, 0..0, "expected `-- revision: <id>`"))
                    .help("write the header, or delete the file and begin with `cargo migrate new \"<message>\"`"),
            );
        }
        return None;
    };
    let mut checker = Checker {
        file: shown,
        text,
        rules,
        dialects,
        diagnostics,
    };
    let (sections, views) = checker.sections(&parsed);
    let revision = script::revision(name, whole, id.value.clone(), &parsed, sections, &views);
    Some((revision, parsed))
}

/// The places of the links in a file, for diagnostics about them. Few files have problems, and
/// there may be very many files, so a file is parsed again when needed and only the last one is
/// kept.
#[derive(Default)]
struct Pages {
    last: RefCell<Option<(usize, Rc<Parsed>)>>,
}

impl Pages {
    fn of(&self, survey: &Survey, index: usize) -> Rc<Parsed> {
        if let Some((last, page)) = &*self.last.borrow()
            && *last == index
        {
            return Rc::clone(page);
        }
        // Problems of the file itself have been reported.
        let mut known = Vec::new();
        let text = &survey.revisions[index].text;
        let page = Rc::new(file::parse(&survey.file(index), text, &mut known));
        *self.last.borrow_mut() = Some((index, Rc::clone(&page)));
        page
    }
}

/// What is known of a name that no revision has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead<'a> {
    /// This file, which cannot be read, seems to be of it.
    Unread(&'a str),
    /// chain.lock has it, so its file was deleted.
    Locked,
    /// This id or label is nearly the same.
    Near(&'a str),
}

impl Survey {
    /// Reads and checks a folder.
    #[must_use]
    pub fn new(folder: &Folder, config: &Config) -> Self {
        let mut diagnostics = Vec::new();
        let lock_file = folder.shown_file(ChainLock::FILE);
        let lock = folder
            .lock
            .as_deref()
            .map(|text| ChainLock::parse(&lock_file, text));

        let mut revisions = Vec::with_capacity(folder.files.len());
        let mut ids = Vec::with_capacity(folder.files.len());
        let mut unread: Vec<String> = folder.unread.clone();
        for file in &folder.files {
            let shown = folder.shown_file(&file.name);
            let dialects = config.dialects;
            if let Some((revision, parsed)) = read(
                &file.name,
                &shown,
                &file.text,
                dialects,
                &config.rules,
                &mut diagnostics,
            ) {
                let at = parsed.revision.as_ref().map_or(0..0, |id| id.span.clone());
                let draft = matches!(&lock, Some(Ok(lock)) if lock.get(revision.id.as_str()).is_some_and(|entry| entry.state == LockState::Draft));
                Checker {
                    file: &shown,
                    text: &revision.text,
                    rules: &config.rules,
                    dialects,
                    diagnostics: &mut diagnostics,
                }
                .completeness(&revision, at.clone(), draft);
                revisions.push(revision);
                ids.push(at);
            } else {
                unread.push(file.name.clone());
            }
        }
        let graph = Graph::new(&revisions);
        link(&mut revisions, &graph);

        let mut survey = Self {
            ids,
            shown: folder.shown.clone(),
            revisions,
            graph,
            lock: ChainLock::default(),
            diagnostics,
            unread,
        };
        survey.check_graph(config, lock.as_ref().and_then(|lock| lock.as_ref().ok()));
        match lock {
            Some(Ok(lock)) => survey.check_lock(folder, lock),
            Some(Err(problems)) => survey.diagnostics.extend(problems),
            None => survey.no_lock(folder),
        }
        survey
            .diagnostics
            .extend(survey.stale_schema(folder, config));
        survey
            .diagnostics
            .extend(folder.diagnostics.iter().cloned());
        // The sort is stable: the problems of a file keep the order in which they were found.
        survey.diagnostics.sort_by(|a, b| {
            fn key(found: &Diagnostic) -> (Severity, Option<&str>) {
                let label = found.labels.first();
                (found.severity, label.map(|label| label.file.as_str()))
            }
            key(a).cmp(&key(b))
        });
        survey
    }

    /// Returns whether a problem keeps the chain from being used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns an error for each draft, as `check --locked` reports it.
    #[must_use]
    pub fn drafts(&self) -> Vec<Diagnostic> {
        (0..self.revisions.len())
            .filter(|index| {
                let id = self.revisions[*index].id.as_str();
                self.lock
                    .get(id)
                    .is_some_and(|entry| entry.state == LockState::Draft)
            })
            .map(|index| {
                let id = &self.revisions[index].id;
                Diagnostic::error(Code::LockDraft, format!("revision `{id}` is a draft"))
                    .label(self.at_id(index, ""))
                    .help("seal it with `cargo migrate lock`")
            })
            .collect()
    }

    /// Returns whether the graph is that of all revisions of the folder, whatever else is wrong.
    #[must_use]
    pub fn is_graph_sound(&self) -> bool {
        let breaks = |found: &Diagnostic| found.is_error() && found.code.breaks_graph();
        !self.diagnostics.iter().any(breaks)
    }

    /// Returns the chain, or the diagnostics that `accepts` does not accept. Problems that break
    /// the graph are never accepted.
    ///
    /// # Errors
    ///
    /// The remaining errors, and the warnings.
    pub fn chain(&self, accepts: impl Fn(Code) -> bool) -> Result<Chain, Vec<Diagnostic>> {
        let accepts = |code: Code| accepts(code) && !code.breaks_graph();
        let rest = self.diagnostics.iter().filter(|found| !accepts(found.code));
        let chain = match rest.clone().any(Diagnostic::is_error) {
            true => None,
            false => Chain::with_graph(self.revisions.clone(), self.graph.clone()).ok(),
        };
        chain.ok_or_else(|| rest.cloned().collect())
    }

    /// Returns the chain, or all diagnostics if one of them is an error.
    ///
    /// # Errors
    ///
    /// All diagnostics, including warnings.
    pub fn into_chain(self) -> Result<Chain, Vec<Diagnostic>> {
        if self.has_errors() {
            return Err(self.diagnostics);
        }
        Ok(Chain::checked(self.revisions, self.graph))
    }

    /// Returns an error if schema.lock does not match this chain, as `check --locked` reports it.
    #[must_use]
    pub fn stale_schemas(&self) -> Vec<Diagnostic> {
        let stale = |found: &&Diagnostic| found.code == Code::SchemaLockStale;
        let found = self.diagnostics.iter().filter(stale).cloned();
        found.map(|found| found.severity(Severity::Error)).collect()
    }

    pub(crate) fn at_id(&self, index: usize, word: &str) -> Label {
        let text = &self.revisions[index].text;
        Label::at(&self.file(index), text, self.ids[index].clone(), word)
    }

    /// Returns the file of a revision as shown in messages.
    fn file(&self, index: usize) -> String {
        shown_in(&self.shown, &self.revisions[index].file)
    }

    /// Returns a label for a byte range of the file of revision `index`.
    #[must_use]
    pub fn label(&self, index: usize, span: Range<usize>, word: impl Into<String>) -> Label {
        Label::at(&self.file(index), &self.revisions[index].text, span, word)
    }

    fn check_graph(&mut self, config: &Config, lock: Option<&ChainLock>) {
        let pages = Pages::default();
        let mut found: Vec<Diagnostic> = self
            .graph
            .problems()
            .iter()
            .filter_map(|problem| self.problem(&pages, problem, &config.rules, lock))
            .collect();
        // A missing link causes additional heads and bases; they are not further mistakes.
        if found.iter().all(|found| !found.is_error()) {
            found.extend(self.ends(&config.rules));
        }
        self.diagnostics.extend(found);
    }

    fn problem(
        &self,
        pages: &Pages,
        problem: &Problem,
        rules: &Rules,
        lock: Option<&ChainLock>,
    ) -> Option<Diagnostic> {
        let id = |index: usize| &self.revisions[index].id;
        let parent = |index: usize, position: usize| {
            let parent = &pages.of(self, index).parents[position];
            (parent.value.to_string(), parent.span.clone())
        };
        let dependency = |index: usize, position: usize| {
            let dependency = &pages.of(self, index).depends_on[position];
            (dependency.value.clone(), dependency.span.clone())
        };
        let label_span = |index: usize, label: &str| {
            let page = pages.of(self, index);
            let found = page.labels.iter().find(|known| known.value == label);
            found.map_or(0..0, |label| label.span.clone())
        };
        Some(match *problem {
            Problem::DuplicateRevision { first, second } => Diagnostic::error(
                Code::DuplicateRevision,
                format!("two files have the id `{}`", id(first)),
            )
            .label(self.at_id(second, "this one too"))
            .label(self.at_id(first, "first here"))
            .help("delete the file that is a copy; to keep both, `cargo migrate repair` shows a new id for one of them"),
            Problem::UnknownParent { revision, parent: position } => {
                let (name, span) = parent(revision, position);
                let diagnostic = Diagnostic::error(
                    Code::UnknownParent,
                    format!("revision `{}` follows `{name}`, which does not exist", id(revision)),
                )
                .label(self.label(revision, span, "no revision has this id"));
                diagnostic.help(self.unknown_help(&name, lock)).subject(name)
            }
            Problem::SelfParent { revision, parent: position } => {
                let (name, span) = parent(revision, position);
                Diagnostic::error(Code::SelfParent, format!("revision `{name}` is its own parent"))
                    .label(self.label(revision, span, ""))
                    .help("name the revision before it, or `none` if it is the first; `cargo migrate repair` suggests one")
            }
            Problem::SelfDependency { revision, dependency: position } => {
                let (name, span) = dependency(revision, position);
                Diagnostic::error(Code::Cycle, format!("revision `{}` depends on itself", id(revision)))
                    .label(self.label(revision, span, format!("`{name}` is this revision")))
                    .help("remove it from the `-- depends-on:` line")
            }
            Problem::Cycle { ref path } => self.cycle(path, pages),
            Problem::UnknownDependency { revision, dependency: position } => {
                let (name, span) = dependency(revision, position);
                Diagnostic::error(
                    Code::UnknownDependency,
                    format!("revision `{}` depends on `{name}`, which is neither a revision nor a label", id(revision)),
                )
                .label(self.label(revision, span, "no revision has this id or label"))
                .help(self.unknown_help(&name, lock))
                .subject(name)
            }
            Problem::DuplicateLabel { first, second, ref label } => Diagnostic::error(
                Code::DuplicateLabel,
                format!("two revisions have the label `{label}`"),
            )
            .label(self.label(second, label_span(second, label), "this one too"))
            .label(self.label(first, label_span(first, label), "first here"))
            .help("a label names one branch: remove it from one of the two; revisions after the other still carry it; `cargo migrate repair` shows how"),
            Problem::LabelIsRevision { revision, ref label, other } => Diagnostic::error(
                Code::LabelIsRevision,
                format!("the label `{label}` is also the id of a revision"),
            )
            .label(self.label(revision, label_span(revision, label), "the label"))
            .label(self.at_id(other, "the revision"))
            .help("choose another label"),
            Problem::RedundantParent { revision, parent: position, through } => {
                let (name, span) = parent(revision, position);
                let (through, _) = parent(revision, through);
                Diagnostic::error(
                    Code::RedundantParent,
                    format!("redundant parent `{name}` of `{}`: `{through}` already follows it", id(revision)),
                )
                .severity(rules.redundant_parent.severity()?)
                .label(self.label(revision, span, ""))
                .help(format!("remove `{name}` from the `-- parents:` line, or run `cargo migrate repair`"))
            }
        })
    }

    /// Reports a cycle, with a label for each of its links.
    fn cycle(&self, path: &[usize], pages: &Pages) -> Diagnostic {
        let id = |index: usize| &self.revisions[index].id;
        let names: Vec<_> = path
            .iter()
            .map(|index| format!("`{}`", id(*index)))
            .collect();
        let message = format!(
            "revisions follow one another in a cycle: {}",
            names.join(" -> ")
        );
        let mut diagnostic = Diagnostic::error(Code::Cycle, message);
        for edge in path.windows(2) {
            let (from, to) = (edge[0], edge[1]);
            let page = pages.of(self, from);
            let (span, verb) = match page.parents.iter().find(|parent| parent.value == *id(to)) {
                Some(parent) => (parent.span.clone(), "follows"),
                None => {
                    let mut dependencies = self.graph.dependencies(from).iter();
                    let position = dependencies.position(|at| *at as usize == to);
                    let spans = &page.depends_on;
                    let span = position.and_then(|at| spans.get(at)).or(spans.first());
                    (span.map_or(0..0, |found| found.span.clone()), "depends on")
                }
            };
            let word = format!("`{}` {verb} `{}`", id(from), id(to));
            diagnostic = diagnostic.label(self.label(from, span, word));
        }
        diagnostic.help("one of these lines is wrong: change it to name the revision that really came before; `cargo migrate repair` suggests which")
    }

    /// Returns the unreadable file that seems to belong to this revision, by its name.
    fn unread_file(&self, id: &str) -> Option<&String> {
        self.unread.iter().find(|name| name.contains(id))
    }

    fn unknown_help(&self, name: &str, lock: Option<&ChainLock>) -> String {
        match self.lead_in(name, lock) {
            Some(Lead::Unread(file)) => format!("fix `{file}` first, which cannot be read"),
            Some(Lead::Locked) => format!(
                "`{name}` is in chain.lock, so its file was deleted; find the commit with `git log --diff-filter=D --name-only` and restore it"
            ),
            Some(Lead::Near(near)) => format!("did you mean `{near}`?"),
            None => "`cargo migrate history` lists the revisions".to_owned(),
        }
    }

    /// Returns what is known of a name that no revision has.
    #[must_use]
    pub fn lead(&self, name: &str) -> Option<Lead<'_>> {
        self.lead_in(name, Some(&self.lock))
    }

    fn lead_in(&self, name: &str, lock: Option<&ChainLock>) -> Option<Lead<'_>> {
        if let Some(file) = self.unread_file(name) {
            return Some(Lead::Unread(file));
        }
        if lock.is_some_and(|lock| lock.get(name).is_some()) {
            return Some(Lead::Locked);
        }
        let ids = self.revisions.iter().map(|revision| revision.id.as_str());
        let labels = self
            .revisions
            .iter()
            .flat_map(|revision| revision.labels.iter().map(AsRef::as_ref));
        crate::diagnostic::nearest(name, ids.chain(labels)).map(Lead::Near)
    }

    /// Reports several heads and several bases.
    fn ends(&self, rules: &Rules) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let names = |ends: &[usize]| -> Vec<String> {
            ends.iter()
                .map(|index| self.revisions[*index].id.to_string())
                .collect()
        };
        let mut ends =
            |code, severity: Option<Severity>, what: &str, ends: &[usize], help: String| {
                let Some(severity) = severity else {
                    return;
                };
                let message = format!(
                    "the chain has {} {what}s: `{}`",
                    ends.len(),
                    names(ends).join("`, `")
                );
                let mut diagnostic = Diagnostic::error(code, message)
                    .severity(severity)
                    .help(help);
                for index in ends.iter().take(8) {
                    diagnostic = diagnostic.label(self.at_id(*index, format!("a {what}").as_str()));
                }
                found.push(diagnostic);
            };
        let heads: Vec<usize> = self.graph.heads().collect();
        if heads.len() > 1 {
            let severity = match rules.multiple_heads {
                HeadsRule::One(level) => level.severity(),
                HeadsRule::Labelled => (!self.each_has_a_label(&heads)).then_some(Severity::Error),
            };
            let help = format!(
                "join them with `cargo migrate merge {}`, or move your unpublished branch after the other: {}",
                names(&heads).join(" "),
                moves(&names(&heads))
            );
            ends(Code::MultipleHeads, severity, "head", &heads, help);
        }
        let bases: Vec<usize> = self.graph.bases().collect();
        if bases.len() > 1 {
            let help = "`cargo migrate repair` shows how to join them; if the branches are meant to be separate, set `multiple-bases = \"allow\"` below `[rules]` in migrate.toml".to_owned();
            ends(
                Code::MultipleBases,
                rules.multiple_bases.severity(),
                "base",
                &bases,
                help,
            );
        }
        found
    }

    /// Returns whether each head carries a label that no other head carries.
    fn each_has_a_label(&self, heads: &[usize]) -> bool {
        let mut all: Vec<&str> = Vec::new();
        for head in heads {
            all.extend(self.graph.labels_of(*head));
        }
        all.sort_unstable();
        let is_own = |label: &&str| {
            let first = all.partition_point(|known| known < label);
            all.get(first + 1).is_none_or(|next| next != label)
        };
        heads
            .iter()
            .all(|head| self.graph.labels_of(*head).iter().any(is_own))
    }

    fn no_lock(&mut self, folder: &Folder) {
        let unreadable = folder.diagnostics.iter().any(|found| {
            found
                .labels
                .first()
                .is_some_and(|label| label.file.ends_with(ChainLock::FILE))
        });
        if self.revisions.is_empty() || unreadable {
            return;
        }
        let file = folder.shown_file(ChainLock::FILE);
        self.diagnostics.push(
            Diagnostic::error(
                Code::LockMissing,
                format!("missing `{file}`, which records each revision as it was sealed"),
            )
            .label(Label::file(&file))
            .help("write it with `cargo migrate lock`, and commit it"),
        );
    }

    fn check_lock(&mut self, folder: &Folder, lock: ChainLock) {
        let file = folder.shown_file(ChainLock::FILE);
        let text = folder.lock.as_deref().unwrap_or_default();
        for index in 0..self.revisions.len() {
            let revision = &self.revisions[index];
            let id = &revision.id;
            let diagnostic = match lock.get(id.as_str()).map(|entry| entry.state) {
                Some(LockState::Draft) => continue,
                Some(LockState::Sealed(hash)) if hash == revision.hash => continue,
                Some(LockState::Sealed(_)) => Diagnostic::error(
                    Code::LockChanged,
                    format!("sealed revision `{id}` was edited"),
                )
                .label(self.at_id(index, ""))
                .subject(id.as_str())
                .help(format!("undo the edit with `git checkout HEAD -- {}` and write a new revision, or accept it with `cargo migrate lock --amend {id}`", shell_word(&self.file(index)))),
                None => Diagnostic::error(
                    Code::LockMissing,
                    format!("revision `{id}` is not in chain.lock"),
                )
                .label(self.at_id(index, ""))
                .help("add it with `cargo migrate lock`"),
            };
            self.diagnostics.push(diagnostic);
        }
        let mut lines = Vec::new();
        let mut deleted = Vec::new();
        for (id, entry) in lock.iter() {
            // An unreadable file has its own diagnostic; its revision is not deleted.
            if self.graph.index(id.as_str()).is_some() || self.unread_file(id.as_str()).is_some() {
                continue;
            }
            if lines.is_empty() {
                lines = first_words(text);
            }
            let mut label = Label::file(&file);
            if let Ok(at) = lines.binary_search_by_key(&id.as_str(), |(word, ..)| *word) {
                let (_, number, line) = lines[at];
                label = Label::at(&file, line, 0..id.as_str().len(), "");
                label.place = label.place.map(|place| Place {
                    line: number,
                    ..place
                });
            }
            let (severity, what) = match entry.state {
                LockState::Draft => (Severity::Warning, "draft"),
                LockState::Sealed(_) => (Severity::Error, "sealed revision"),
            };
            deleted.push(Diagnostic::error(Code::LockDeleted, format!("the file of the {what} `{id}` is missing"))
                .severity(severity)
                .label(label)
                .subject(id.as_str())
                .help(format!("restore it from git (`git log --diff-filter=D --name-only -- {}`), or remove it from chain.lock with `cargo migrate lock --forget {id}`", shell_word(&folder.shown))));
        }
        self.diagnostics.extend(deleted);
        self.lock = lock;
    }
}

/// Computes the chain hashes, parents and dependencies first; revisions in a cycle keep zero.
fn link(revisions: &mut [Revision], graph: &Graph) {
    if graph
        .problems()
        .iter()
        .any(|problem| matches!(problem, Problem::Cycle { .. }))
    {
        return;
    }
    let order: Vec<usize> = graph.order().collect();
    for index in order {
        let mut hasher = Hasher::new("cargo-migrate chain 1");
        hasher.part(revisions[index].hash.as_bytes());
        let before = |at: &u32| revisions[*at as usize].chain_hash;
        let mut below: Vec<Hash> = graph.parents(index).iter().map(before).collect();
        below.extend(graph.dependencies(index).iter().map(before));
        for hash in below {
            hasher.part(hash.as_bytes());
        }
        revisions[index].chain_hash = hasher.finish();
    }
}

/// Returns the lines of the lock, each after its first word and its number, sorted.
fn first_words(text: &str) -> Vec<(&str, usize, &str)> {
    let first = |(line, number)| Some((str::split_ascii_whitespace(line).next()?, number, line));
    let mut lines: Vec<_> = text.lines().zip(1..).filter_map(first).collect();
    lines.sort_unstable();
    lines
}

/// Returns the commands that move the branch of one head after the other; among several heads, two
/// must be named.
fn moves(heads: &[String]) -> String {
    match heads {
        [a, b] => format!("`cargo migrate rebase {a}` or `cargo migrate rebase {b}`"),
        _ => "`cargo migrate rebase <head> --onto <head>`".to_owned(),
    }
}
