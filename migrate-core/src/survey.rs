//! The whole folder, understood and judged: every revision, the graph, the lock, and all that is
//! wrong, at once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::file::{self, Parsed};
use crate::folder::shown_in;
use crate::hash::Hasher;
use crate::script::{self, Judge};
use crate::shell::shell_word;
use crate::{
    Chain, ChainLock, Code, Config, Diagnostic, Dialects, Folder, Graph, Hash, HeadsRule, Label,
    LockState, Place, Problem, Revision, Rules, Severity, with_lf,
};

/// A folder as it is, sound or broken.
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
    /// How they hang together; its indices are those of `revisions`.
    pub graph: Graph,
    /// What chain.lock says; empty where it cannot be read.
    pub lock: ChainLock,
    /// All that is wrong, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// Where each revision's id stands, for [`Survey::drafts`].
    ids: Vec<Range<usize>>,
    shown: String,
    /// Files that do not tell which revision they are.
    unread: Vec<String>,
}

impl Revision {
    /// Reads one revision from a file's text, as the ledger keeps it; [`Revision::chain_hash`]
    /// is left zero, as it depends on the rest of the chain.
    ///
    /// # Errors
    ///
    /// Everything that keeps the text from being understood; rules of style are not judged.
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

/// Reads a file; `None` where it does not say which revision it is.
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
    // What goes to a database, and into its ledger, must not depend on the checkout.
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
        let told = diagnostics[before..]
            .iter()
            .any(|found| matches!(found.code, Code::InvalidRevisionId | Code::ConflictMarkers));
        if !told {
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
    let mut judge = Judge {
        file: shown,
        text,
        rules,
        dialects,
        diagnostics,
    };
    let (sections, views) = judge.sections(&parsed);
    let revision = script::revision(name, whole, id.value.clone(), &parsed, sections, &views);
    Some((revision, parsed))
}

/// Where the links of a file stand, for what is wrong with them. Few files have something wrong, and
/// there may be very many: so they are taken apart once more, and only the last is kept.
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
        // What is wrong with the file itself has been told.
        let mut told = Vec::new();
        let text = &survey.revisions[index].text;
        let page = Rc::new(file::parse(&survey.file(index), text, &mut told));
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
    /// Understands and judges a folder.
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
                Judge {
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
        survey.judge_graph(config, lock.as_ref().and_then(|lock| lock.as_ref().ok()));
        match lock {
            Some(Ok(lock)) => survey.judge_lock(folder, lock),
            Some(Err(problems)) => survey.diagnostics.extend(problems),
            None => survey.no_lock(folder),
        }
        survey
            .diagnostics
            .extend(survey.stale_schema(folder, config));
        survey
            .diagnostics
            .extend(folder.diagnostics.iter().cloned());
        // A stable sort: what was found first in a file stays first.
        survey.diagnostics.sort_by(|a, b| {
            fn key(found: &Diagnostic) -> (Severity, Option<&str>) {
                let label = found.labels.first();
                (found.severity, label.map(|label| label.file.as_str()))
            }
            key(a).cmp(&key(b))
        });
        survey
    }

    /// Says whether something is wrong that keeps the chain from being used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns an error for each draft, as `check --locked` wants.
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

    /// Returns the chain, or everything that is wrong where there is an error.
    ///
    /// # Errors
    ///
    /// All diagnostics, warnings among them.
    pub fn into_chain(self) -> Result<Chain, Vec<Diagnostic>> {
        if self.has_errors() {
            return Err(self.diagnostics);
        }
        Ok(Chain::checked(self.revisions, self.graph))
    }

    /// Returns an error where schema.lock is not of this chain, as `check --locked` wants.
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

    /// A revision's file as shown to people.
    fn file(&self, index: usize) -> String {
        shown_in(&self.shown, &self.revisions[index].file)
    }

    /// Returns a label at a place in the file of the revision `index`, a range of bytes of its text.
    #[must_use]
    pub fn label(&self, index: usize, span: Range<usize>, word: impl Into<String>) -> Label {
        Label::at(&self.file(index), &self.revisions[index].text, span, word)
    }

    fn judge_graph(&mut self, config: &Config, lock: Option<&ChainLock>) {
        let pages = Pages::default();
        let mut found: Vec<Diagnostic> = self
            .graph
            .problems()
            .iter()
            .filter_map(|problem| self.problem(&pages, problem, &config.rules, lock))
            .collect();
        // Where a link is missing, more heads and bases are its shadow, not another mistake.
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
            .help("delete the one that is a copy; if both are meant, `cargo migrate repair` gives one a new id, and shows it first"),
            Problem::UnknownParent { revision, parent: position } => {
                let (name, span) = parent(revision, position);
                let diagnostic = Diagnostic::error(
                    Code::UnknownParent,
                    format!("revision `{}` follows `{name}`, which does not exist", id(revision)),
                )
                .label(self.label(revision, span, "no revision has this id"));
                diagnostic.help(self.unknown_help(&name, lock)).subject(name.to_string())
            }
            Problem::SelfParent { revision, parent: position } => {
                let (name, span) = parent(revision, position);
                Diagnostic::error(Code::SelfParent, format!("revision `{name}` is its own parent"))
                    .label(self.label(revision, span, ""))
                    .help("name the revision before it, or `none` if it is the first; `cargo migrate repair` shows which it probably is")
            }
            Problem::SelfDependency { revision, dependency: position } => {
                let (name, span) = dependency(revision, position);
                Diagnostic::error(Code::Cycle, format!("revision `{}` depends on itself", id(revision)))
                    .label(self.label(revision, span, format!("`{name}` is this revision")))
                    .help("take it out of the `-- depends-on:` line")
            }
            Problem::Cycle { ref path } => {
                let names: Vec<_> = path.iter().map(|index| format!("`{}`", id(*index))).collect();
                let mut diagnostic = Diagnostic::error(
                    Code::Cycle,
                    format!("revisions follow one another in a circle: {}", names.join(" -> ")),
                );
                for edge in path.windows(2) {
                    let (from, to) = (edge[0], edge[1]);
                    let page = pages.of(self, from);
                    let (span, word) = match page.parents.iter().find(|parent| parent.value == *id(to)) {
                        Some(parent) => (parent.span.clone(), "follows"),
                        None => {
                            let position = self.graph.dependencies(from).iter().position(|at| *at as usize == to);
                            let spans = &page.depends_on;
                            let span = position.and_then(|at| spans.get(at)).or(spans.first());
                            (span.map_or(0..0, |found| found.span.clone()), "depends on")
                        }
                    };
                    let word = format!("`{}` {word} `{}`", id(from), id(to));
                    diagnostic = diagnostic.label(self.label(from, span, word));
                }
                diagnostic.help("one of these lines is not true: make it name the revision that really came before; `cargo migrate repair` shows which is against the time")
            }
            Problem::UnknownDependency { revision, dependency: position } => {
                let (name, span) = dependency(revision, position);
                Diagnostic::error(
                    Code::UnknownDependency,
                    format!("revision `{}` depends on `{name}`, which is neither a revision nor a label", id(revision)),
                )
                .label(self.label(revision, span, "no revision has this id or label"))
                .help(self.unknown_help(&name, lock))
                .subject(name.to_string())
            }
            Problem::DuplicateLabel { first, second, ref label } => Diagnostic::error(
                Code::DuplicateLabel,
                format!("two revisions bear the label `{label}`"),
            )
            .label(self.label(second, label_span(second, label), "this one too"))
            .label(self.label(first, label_span(first, label), "first here"))
            .help("a label names one branch: take it off one of them; all that follows the other still carries it; `cargo migrate repair` shows how"),
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
                    format!("`{}` need not name `{name}` as a parent: `{through}` already follows it", id(revision)),
                )
                .severity(rules.redundant_parent.severity()?)
                .label(self.label(revision, span, ""))
                .help(format!("take `{name}` out of the `-- parents:` line, or let `cargo migrate repair` do it"))
            }
        })
    }

    /// The unreadable file that seems to be of this revision, by its name.
    fn unread_file(&self, id: &str) -> Option<&String> {
        self.unread.iter().find(|name| name.contains(id))
    }

    fn unknown_help(&self, name: &str, lock: Option<&ChainLock>) -> String {
        match self.lead_in(name, lock) {
            Some(Lead::Unread(file)) => format!("mend `{file}` first, which cannot be read"),
            Some(Lead::Locked) => format!(
                "chain.lock knows `{name}`, so its file was deleted; find the commit with `git log --diff-filter=D --name-only` and restore it"
            ),
            Some(Lead::Near(near)) => format!("did you mean `{near}`?"),
            None => "`cargo migrate history` shows the revisions there are".to_owned(),
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

    /// Several heads, several bases.
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
                "join them with `cargo migrate merge {}`, or put the branch that only you have behind the other: {}",
                names(&heads).join(" "),
                moves(&names(&heads))
            );
            ends(Code::MultipleHeads, severity, "head", &heads, help);
        }
        let bases: Vec<usize> = self.graph.bases().collect();
        if bases.len() > 1 {
            let help = "`cargo migrate repair` shows how they become one chain; where the branches are meant to be apart, say `multiple-bases = \"allow\"` below `[rules]` in migrate.toml".to_owned();
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

    /// Whether each head carries a label that no other head carries.
    fn each_has_a_label(&self, heads: &[usize]) -> bool {
        let mut bearers: BTreeMap<&str, usize> = BTreeMap::new();
        for label in heads.iter().flat_map(|head| self.graph.labels_of(*head)) {
            *bearers.entry(label).or_default() += 1;
        }
        heads.iter().all(|head| {
            let labels = self.graph.labels_of(*head);
            labels.iter().any(|label| bearers[label] == 1)
        })
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
                format!(
                    "there is no `{file}`, which says what each revision was when it was sealed"
                ),
            )
            .label(Label::file(&file))
            .help("write it with `cargo migrate lock`, and commit it"),
        );
    }

    fn judge_lock(&mut self, folder: &Folder, lock: ChainLock) {
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
                    format!("revision `{id}` was sealed and has been edited since"),
                )
                .label(self.at_id(index, ""))
                .subject(id.as_str())
                .help(format!("take the edit back with `git checkout HEAD -- {}` and write a new revision, or accept it with `cargo migrate lock --amend {id}`", shell_word(&self.file(index)))),
                None => Diagnostic::error(
                    Code::LockMissing,
                    format!("chain.lock does not know revision `{id}`"),
                )
                .label(self.at_id(index, ""))
                .help("enter it with `cargo migrate lock`"),
            };
            self.diagnostics.push(diagnostic);
        }
        let mut lines = BTreeMap::new();
        let mut deleted = Vec::new();
        for (id, entry) in lock.iter() {
            // A file that cannot be read has its own diagnostic; its revision is not deleted.
            if self.graph.index(id.as_str()).is_some() || self.unread_file(id.as_str()).is_some() {
                continue;
            }
            if lines.is_empty() {
                lines = first_words(text);
            }
            let mut label = Label::file(&file);
            if let Some((number, line)) = lines.get(id.as_str()) {
                label = Label::at(&file, line, 0..id.as_str().len(), "");
                label.place = label.place.map(|place| Place {
                    line: *number,
                    ..place
                });
            }
            let (severity, what) = match entry.state {
                LockState::Draft => (Severity::Warning, "draft"),
                LockState::Sealed(_) => (Severity::Error, "sealed revision"),
            };
            deleted.push(Diagnostic::error(Code::LockDeleted, format!("the {what} `{id}` has no file any more"))
                .severity(severity)
                .label(label)
                .subject(id.as_str())
                .help(format!("restore it from git (`git log --diff-filter=D --name-only -- {}`), or forget it with `cargo migrate lock --forget {id}`", shell_word(&folder.shown))));
        }
        self.diagnostics.extend(deleted);
        self.lock = lock;
    }
}

/// Fills in the chain hashes, parents and dependencies first; what stands in a circle keeps zero.
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

/// The lines of the lock by their first words, numbered from 1.
fn first_words(text: &str) -> BTreeMap<&str, (usize, &str)> {
    let first = |(line, number)| Some((str::split_ascii_whitespace(line).next()?, (number, line)));
    text.lines().zip(1..).filter_map(first).collect()
}

/// The commands that put the branch of one head behind the other; among several it takes both names.
fn moves(heads: &[String]) -> String {
    match heads {
        [a, b] => format!("`cargo migrate rebase {a}` or `cargo migrate rebase {b}`"),
        _ => "`cargo migrate rebase <head> --onto <head>`".to_owned(),
    }
}
