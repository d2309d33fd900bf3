//! The documents of `--format json`.

use migrate_core::{Diagnostic, Graph, Plan, Revision, RevisionId};
use serde::Serialize;

/// Why a command failed.
#[derive(Debug, Serialize)]
pub(crate) struct Failure<'a> {
    error: Error<'a>,
}

#[derive(Debug, Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    candidates: &'a [String],
}

impl<'a> Failure<'a> {
    pub(crate) fn new(
        code: &'a str,
        message: &'a str,
        help: Option<&'a str>,
        candidates: &'a [String],
    ) -> Self {
        let error = Error {
            code,
            message,
            help,
            candidates,
        };
        Self { error }
    }
}

/// What is wrong with the files.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnostics<'a> {
    diagnostics: Vec<Found<'a>>,
    /// What was done before, where that is more than nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<&'a str>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Found<'a> {
    code: &'a str,
    severity: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> Diagnostics<'a> {
    pub(crate) fn new(diagnostics: &'a [Diagnostic]) -> Self {
        Self {
            diagnostics: diagnostics.iter().map(Found::new).collect(),
            done: None,
        }
    }

    /// The same, with what was done before.
    pub(crate) fn done(mut self, done: Option<&'a str>) -> Self {
        self.done = done;
        self
    }
}

impl<'a> Found<'a> {
    pub(crate) fn new(diagnostic: &'a Diagnostic) -> Self {
        let label = diagnostic.labels.first();
        let place = label.and_then(|label| label.place.as_ref());
        Self {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            file: label.map(|label| label.file.as_str()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
        }
    }
}

/// `heads`.
#[derive(Debug, Serialize)]
pub(crate) struct Heads<'a> {
    pub(crate) heads: Vec<&'a str>,
}

/// `branches`.
#[derive(Debug, Serialize)]
pub(crate) struct Branches<'a> {
    pub(crate) branches: Vec<&'a str>,
}

/// `current`.
#[derive(Debug, Serialize)]
pub(crate) struct Current {
    pub(crate) current: Vec<String>,
}

/// `history`.
#[derive(Debug, Serialize)]
pub(crate) struct History<'a> {
    pub(crate) revisions: Vec<OneRevision<'a>>,
}

/// `show`, and what `history` is made of.
#[derive(Debug, Serialize)]
pub(crate) struct OneRevision<'a> {
    revision: &'a str,
    parents: Vec<&'a str>,
    depends_on: Vec<&'a str>,
    labels: Vec<&'a str>,
    message: &'a str,
    created: &'a str,
    file: String,
    head: bool,
    base: bool,
    branch_point: bool,
    merge: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) applied: Option<bool>,
}

impl<'a> OneRevision<'a> {
    /// Describes a revision as its file and the graph have it.
    pub(crate) fn new(revision: &'a Revision, graph: &Graph, index: usize, file: String) -> Self {
        Self {
            revision: revision.id.as_str(),
            parents: revision.parents.iter().map(RevisionId::as_str).collect(),
            depends_on: revision.depends_on.iter().map(AsRef::as_ref).collect(),
            labels: revision.labels.iter().map(AsRef::as_ref).collect(),
            message: &revision.message,
            created: &revision.created,
            file,
            head: graph.children(index).is_empty(),
            base: revision.parents.is_empty(),
            branch_point: graph.children(index).len() > 1,
            merge: revision.is_merge(),
            applied: None,
        }
    }
}

/// `plan`, and what `run`, `revert` and `redo` did.
#[derive(Debug, Serialize)]
pub(crate) struct PlanDocument {
    /// Where it was done; none for what is only planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    direction: &'static str,
    from: Vec<String>,
    steps: Vec<Step>,
    to: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Step {
    revision: String,
    parents: Vec<String>,
    heads_after: Vec<String>,
}

impl PlanDocument {
    /// Describes a plan.
    pub(crate) fn new(plan: &Plan, graph: &Graph) -> Self {
        let steps = plan.with_heads(graph).map(|(index, heads)| Step {
            revision: graph.id(index).to_string(),
            parents: ids(graph, graph.parents(index).iter().map(|at| *at as usize)),
            heads_after: heads.iter().map(ToString::to_string).collect(),
        });
        Self {
            database: None,
            direction: plan.direction.as_str(),
            steps: steps.collect(),
            from: ids(graph, graph.effective_heads(&plan.before)),
            to: ids(graph, graph.effective_heads(&plan.after())),
        }
    }

    /// The same, done in a database; `shown` is its url without the password.
    pub(crate) fn in_database(self, shown: String) -> Self {
        Self {
            database: Some(shown),
            ..self
        }
    }
}

/// `redo` and `switch`.
#[derive(Debug, Serialize)]
pub(crate) struct DownAndUp {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    pub(crate) reverted: PlanDocument,
    pub(crate) applied: PlanDocument,
}

/// `stamp`.
#[derive(Debug, Serialize)]
pub(crate) struct Stamped {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    pub(crate) from: Vec<String>,
    pub(crate) to: Vec<String>,
}

/// `new` and `merge`.
#[derive(Debug, Serialize)]
pub(crate) struct Written<'a> {
    pub(crate) revision: &'a str,
    pub(crate) parents: Vec<&'a str>,
    pub(crate) file: String,
}

/// `init`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Initialised {
    pub(crate) created: Vec<String>,
    /// What was there, and got lines more.
    pub(crate) extended: Vec<String>,
    pub(crate) kept: Vec<String>,
}

/// One thing that `repair` mends in a file.
#[derive(Debug, Serialize)]
pub(crate) struct RepairEdit<'a> {
    /// None where it is about chain.lock as a whole.
    pub(crate) revision: Option<&'a str>,
    pub(crate) file: String,
    /// `edit`, `create`, `remove` or `rename`.
    pub(crate) action: &'a str,
    /// The name before a `rename`.
    pub(crate) renamed_from: Option<String>,
    pub(crate) code: &'a str,
    pub(crate) reason: &'a str,
}

/// `lock`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Locked {
    pub(crate) sealed: Vec<String>,
    pub(crate) entered: Vec<String>,
    pub(crate) amended: Vec<String>,
    pub(crate) forgotten: Vec<String>,
}

/// Writes the ids of revisions.
pub(crate) fn ids(graph: &Graph, indices: impl IntoIterator<Item = usize>) -> Vec<String> {
    indices
        .into_iter()
        .map(|index| graph.id(index).to_string())
        .collect()
}
