//! Which chain a schema.lock is of.

use std::collections::BTreeSet;
use std::fmt;

use crate::{
    Code, Config, Diagnostic, Dialect, Dialects, Direction, Folder, Graph, Hash, Label, Revision,
    RevisionId, Severity, Survey,
};

/// A revision at which schemas were taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaHead {
    /// Which.
    pub id: RevisionId,
    /// Its chain hash at that time, which stands for all that it follows as well; `None` where
    /// nobody wrote it down.
    pub chain: Option<Hash>,
}

impl SchemaHead {
    /// Reads what follows `head`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, hash) = match text.split_once(' ') {
            Some((id, hash)) => (id, Some(hash.parse().ok()?)),
            None => (text, None),
        };
        Some(Self {
            id: id.parse().ok()?,
            chain: hash,
        })
    }

    /// Returns true if it is this one, as far as was written down.
    fn is(&self, now: &Self) -> bool {
        self.id == now.id && (self.chain.is_none() || self.chain == now.chain)
    }
}

impl fmt::Display for SchemaHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.chain {
            Some(hash) => write!(f, "{} {hash}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl SchemaHead {
    /// Returns where a chain's schema comes from: its heads, or what these follow where they have
    /// nothing to apply, as a merge or a revision that is yet to be written.
    ///
    /// ```
    /// use migrate_core::{Config, File, Folder, SchemaHead, Survey};
    ///
    /// let file = |name: &str, text: &str| File {
    ///     name: format!("{name}.sql"),
    ///     text: format!("-- revision: {name}\n{text}").into(),
    /// };
    /// let folder = Folder {
    ///     files: vec![
    ///         file("a", "-- migrate: up\nCREATE TABLE a (id INTEGER);\n"),
    ///         file("b", "-- parents: a\n-- migrate: up\n"),
    ///     ],
    ///     ..Folder::default()
    /// };
    /// let survey = Survey::new(&folder, &Config::default());
    /// let heads = SchemaHead::all(&survey.revisions, &survey.graph);
    /// assert!(heads.iter().map(|head| head.id.as_str()).eq(["a"]));
    /// ```
    #[must_use]
    pub fn all(revisions: &[Revision], graph: &Graph) -> BTreeSet<Self> {
        let mut made = graph.none();
        for index in 0..graph.len() {
            made.insert(index);
        }
        for index in graph.order().rev() {
            let is_last = !graph.above(index).any(|above| made.contains(above));
            if is_last && applies_nothing(&revisions[index]) {
                made.remove(index);
            }
        }
        let heads = graph.effective_heads(&made).into_iter();
        heads
            .map(|index| Self {
                id: graph.id(index).clone(),
                chain: Some(revisions[index].chain_hash),
            })
            .collect()
    }

    /// Returns true if what was taken at these heads is still of this chain, as far as was written
    /// down.
    #[must_use]
    pub fn are_of(heads: &BTreeSet<Self>, revisions: &[Revision], graph: &Graph) -> bool {
        are_same(heads, &Self::all(revisions, graph))
    }
}

fn are_same(then: &BTreeSet<SchemaHead>, now: &BTreeSet<SchemaHead>) -> bool {
    then.len() == now.len() && then.iter().zip(now).all(|(then, now)| then.is(now))
}

fn applies_nothing(revision: &Revision) -> bool {
    let mut up = revision
        .sections
        .iter()
        .filter(|section| section.direction == Direction::Up);
    up.all(|section| {
        let mut scripts = section.scripts.iter();
        scripts.all(|script| script.statements.is_empty())
    })
}

/// The lines of a schema.lock that say what it is of, without those of the schemas.
struct Top<'a> {
    heads: BTreeSet<SchemaHead>,
    /// The first head without its hash, and where its line begins.
    first: Option<(usize, &'a str)>,
    dialects: Dialects,
}

impl<'a> Top<'a> {
    /// Reads them; lines that mean nothing are for who reads the schemas.
    fn read(text: &'a str) -> Self {
        let end = text.find("\n[").map_or(text.len(), |end| end + 1);
        let mut top = Self {
            heads: BTreeSet::new(),
            first: None,
            dialects: Dialects::NONE,
        };
        let mut start = 0;
        for line in text[..end].split_inclusive('\n') {
            if let Some(head) = line.strip_prefix("head ") {
                let id = head.split_whitespace().next().unwrap_or_default();
                let said = &line[..line.len() - head.len() + id.len()];
                top.first.get_or_insert((start, said));
                top.heads.extend(SchemaHead::parse(head.trim_end()));
            }
            start += line.len();
        }
        for (at, _) in text.match_indices("\n[") {
            let word = text[at + 2..].split(']').next().unwrap_or_default();
            if let Ok(dialect) = word.parse::<Dialect>() {
                top.dialects = top.dialects.with(dialect);
            }
        }
        top
    }
}

impl Survey {
    /// Tells a schema.lock that is not of this chain, or that lacks a database of the project.
    pub(crate) fn stale_schema(&self, folder: &Folder, config: &Config) -> Option<Diagnostic> {
        let text = folder.schema_lock.as_deref()?;
        // Of a chain that does not hold together there is no schema, and other things to fix.
        if !self.graph.problems().is_empty() {
            return None;
        }
        let file = folder.shown_file(Folder::SCHEMA_LOCK);
        let top = Top::read(text);
        let now = SchemaHead::all(&self.revisions, &self.graph);
        let (message, word) = match why(&top, &now) {
            Some((message, word)) => (format!("`{file}` is out of date: {message}"), word),
            None => {
                let missing = config
                    .dialects
                    .iter()
                    .find(|dialect| !top.dialects.contains(*dialect))?;
                let message = format!("`{file}` has no schema for {}", missing.name());
                (message, String::new())
            }
        };
        let label = match top.first {
            Some((start, line)) => Label::at(&file, text, start..start + line.len(), word),
            None => Label::file(&file),
        };
        Some(
            Diagnostic::error(Code::SchemaLockStale, message)
                .severity(Severity::Warning)
                .label(label)
                .help("recreate it with `cargo migrate lock --schema`; `cargo migrate run` to the head does so too"),
        )
    }
}

/// Says what the chain has become since, if it is not the same.
fn why(top: &Top<'_>, now: &BTreeSet<SchemaHead>) -> Option<(String, String)> {
    if are_same(&top.heads, now) {
        return None;
    }
    let ids = |heads: &BTreeSet<SchemaHead>| -> Vec<String> {
        heads.iter().map(|head| format!("`{}`", head.id)).collect()
    };
    let (then, now_at) = (ids(&top.heads), ids(now));
    if then == now_at {
        let message = format!(
            "{}, or what it follows, was edited since",
            now_at.join(", ")
        );
        return Some((message, "the chain hash is different now".to_owned()));
    }
    let place = |ids: &[String]| match ids {
        [] => "that of an empty chain".to_owned(),
        ids => format!("that at {}", ids.join(", ")),
    };
    let message = format!("the schema of the chain is {} now", place(&now_at));
    Some((message, format!("this is {}", place(&then))))
}
