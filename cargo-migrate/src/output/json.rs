//! The documents of `--format json`.

use migrate_core::{Diagnostic, Graph, Label, Plan, Revision, RevisionId};
use migrate_sqlx::__cli::ChainState;
use migrate_sqlx::{DatabaseMessage, Report};
use serde::Serialize;

use crate::output::notice::Notice;

/// Why a command failed.
#[derive(Debug, Serialize)]
pub(crate) struct Failure<'a> {
    error: Error<'a>,
}

#[derive(Debug, Serialize)]
struct Error<'a> {
    code: &'a str,
    message: String,
    help: Option<String>,
    candidates: Vec<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    database: Option<Database<'a>>,
    /// What the database said before it failed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notices: &'a [Notice],
}

/// Which revision failed, and where.
#[derive(Debug, Serialize)]
struct Place<'a> {
    revision: &'a str,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
}

/// All that the database said of a failure; what it did not say is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
struct Database<'a> {
    /// The message alone, without what the command says of it.
    database_message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<&'a str>,
    #[serde(rename = "column_name", skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint: Option<&'a str>,
    /// The query inside a function, where it is in no line of the file, and the place in it in
    /// characters from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_position: Option<usize>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

impl<'a> Database<'a> {
    fn new(message: &'a DatabaseMessage) -> Self {
        let query = message.inner_query.as_ref();
        Self {
            database_message: &message.message,
            sqlstate: message.sqlstate.as_deref(),
            number: message.number,
            detail: message.detail.as_deref(),
            hint: message.hint.as_deref(),
            context: message.context.as_deref(),
            schema: message.schema.as_deref(),
            table: message.table.as_deref(),
            column: message.column.as_deref(),
            data_type: message.data_type.as_deref(),
            constraint: message.constraint.as_deref(),
            query: query.map(|query| query.sql.as_str()),
            query_position: query.map(|query| query.position + 1),
            warnings: &message.warnings,
        }
    }
}

impl<'a> Failure<'a> {
    pub(crate) const fn new(code: &'a str, message: String, help: Option<String>) -> Self {
        Self {
            error: Error {
                code,
                message,
                help,
                candidates: Vec::new(),
                place: None,
                database: None,
                notices: &[],
            },
        }
    }

    /// The same, with what may have been meant.
    pub(crate) fn candidates(mut self, candidates: Vec<String>) -> Self {
        self.error.candidates = candidates;
        self
    }

    /// The same, with which revision failed and where in its file.
    pub(crate) fn place(mut self, revision: &'a str, label: &'a Label) -> Self {
        let position = label.place.as_ref();
        self.error.place = Some(Place {
            revision,
            file: &label.file,
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
        });
        self
    }

    /// The same, with what the database said before.
    pub(crate) fn notices(mut self, notices: &'a [Notice]) -> Self {
        self.error.notices = notices;
        self
    }

    /// The same, with all that the database said.
    pub(crate) fn database(mut self, message: &'a DatabaseMessage) -> Self {
        self.error.database = Some(Database::new(message));
        self
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
    /// What has an edited text that the ledger takes, as its `up` is what was applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edited: Vec<String>,
    /// The drafts among the steps, if the environment is protected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drafts: Vec<String>,
    /// What the database said beside errors; none if nothing ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    notices: Option<Vec<Notice>>,
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
            edited: Vec::new(),
            drafts: Vec::new(),
            notices: None,
        }
    }

    /// The same of a plan that was carried out, with what the database said meanwhile.
    pub(crate) fn notices(mut self, notices: Vec<Notice>) -> Self {
        self.notices = Some(notices);
        self
    }

    /// The same, done in a database; `shown` is its url without the password.
    pub(crate) fn in_database(self, shown: String) -> Self {
        Self {
            database: Some(shown),
            ..self
        }
    }

    /// Describes a plan from where a database is.
    pub(crate) fn of(plan: &Plan, state: &ChainState<'_>) -> Self {
        Self {
            edited: names(&state.recorded_edits(plan)),
            ..Self::new(plan, &state.graph)
        }
    }

    /// Describes what a run has done from where a database was.
    pub(crate) fn done(report: &Report, state: &ChainState<'_>) -> Self {
        let steps: Vec<RevisionId> = report.steps.iter().map(|it| it.revision.clone()).collect();
        let plan = Plan::followed(&state.graph, &state.applied, report.direction, &steps);
        Self::of(&plan, state)
    }

    /// Names the drafts among the steps.
    pub(crate) fn with_drafts(mut self, drafts: Vec<String>) -> Self {
        self.drafts = drafts;
        self
    }
}

/// `redo` and `switch`.
#[derive(Debug, Serialize)]
pub(crate) struct DownAndUp {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    pub(crate) reverted: PlanDocument,
    pub(crate) applied: PlanDocument,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notices: Option<Vec<Notice>>,
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
    /// Existing files that got more lines.
    pub(crate) extended: Vec<String>,
    pub(crate) kept: Vec<String>,
}

/// One thing that `repair` fixes in a file.
#[derive(Debug, Serialize)]
pub(crate) struct RepairEdit<'a> {
    /// `None` if it is about chain.lock as a whole.
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

/// Writes the ids of revisions as they come.
pub(crate) fn ids_in_order(graph: &Graph, indices: &[usize]) -> Vec<String> {
    indices
        .iter()
        .map(|index| graph.id(*index).to_string())
        .collect()
}

/// Writes ids.
pub(crate) fn names(ids: &[RevisionId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Writes the applied heads, sorted.
pub(crate) fn heads(state: &ChainState<'_>) -> Vec<String> {
    names(&state.heads())
}

/// Writes the ids of revisions.
pub(crate) fn ids(graph: &Graph, indices: impl IntoIterator<Item = usize>) -> Vec<String> {
    indices
        .into_iter()
        .map(|index| graph.id(index).to_string())
        .collect()
}
