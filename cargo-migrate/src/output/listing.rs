//! How a revision is shown on a line, and what is said of a chain that is not sound.

use migrate_core::{Graph, Revision, Survey};
use migrate_sqlx::{EventKind, LedgerEvent};

use crate::output::error::{CommandError, counted};
use crate::output::json::OneRevision;
use crate::output::progress::with_message;
use crate::output::ui::{Ui, style, styled};
use crate::project::context::{Context, Demand};

/// Writes a revision's id, message and what it is in the graph.
pub(crate) fn line(graph: &Graph, revision: &Revision, index: usize) -> String {
    let mut marks = Vec::new();
    let children = graph.children(index).len();
    if children == 0 {
        marks.push("head");
    }
    if revision.parents.is_empty() {
        marks.push("base");
    }
    if children > 1 {
        marks.push("branch point");
    }
    if revision.is_merge() {
        marks.push("merge");
    }
    let mut rest = String::new();
    if !marks.is_empty() {
        rest = styled(style::GOOD, format_args!("({})", marks.join(", ")));
    }
    if !revision.labels.is_empty() {
        let labels = styled(
            style::HELP,
            format_args!("[{}]", revision.labels.join(", ")),
        );
        rest = match rest.is_empty() {
            true => labels,
            false => format!("{rest} {labels}"),
        };
    }
    let text = match rest.is_empty() {
        true => revision.message.to_string(),
        false => with_message(&revision.message, &rest),
    };
    format!("{} {text}", styled(style::ID, &revision.id))
        .trim_end()
        .to_owned()
}

/// Writes an event: when, what, who and from where, how long and by which version.
pub(crate) fn event_line(event: &LedgerEvent) -> String {
    let who = match (event.by.as_str(), event.host.as_str()) {
        ("", "") => String::new(),
        (by, "") => format!(" by {by}"),
        ("", host) => format!(" from {host}"),
        (by, host) => format!(" by {by} on {host}"),
    };
    let took = match event.kind {
        EventKind::Apply | EventKind::Revert => format!("{} ms, ", event.duration.as_millis()),
        _ => String::new(),
    };
    let style = match event.kind {
        EventKind::Apply => style::GOOD,
        EventKind::Fail => style::ERROR,
        _ => style::WARNING,
    };
    let line = format!(
        "{} {} {}{who} {}",
        event.at,
        styled(style, &event.kind),
        styled(style::ID, &event.revision),
        styled(style::DIM, format_args!("({took}{})", event.tool)),
    );
    match event.detail.as_str() {
        "" => line,
        // What follows is the text that a repair has replaced.
        detail if event.kind == EventKind::Repair => {
            format!("{line}: {}", detail.lines().next().unwrap_or_default())
        }
        detail => format!("{line}: {}", detail.replace('\n', " ")),
    }
}

impl Context {
    /// Describes a revision for `--format json`.
    pub(crate) fn one_revision<'a>(
        &self,
        survey: &'a Survey,
        index: usize,
    ) -> Result<OneRevision<'a>, CommandError> {
        let revision = &survey.revisions[index];
        let file = self.folder()?.shown_file(&revision.file);
        Ok(OneRevision::new(revision, &survey.graph, index, file))
    }

    /// Returns the chain, however broken it is, and says on stderr what keeps it from
    /// being drawn as it is meant.
    pub(crate) fn any_survey(&self, ui: &Ui) -> Result<&Survey, CommandError> {
        let survey = self.survey()?;
        let errors: Vec<_> = survey
            .diagnostics
            .iter()
            .filter(|found| Demand::Graph.minds(found))
            .collect();
        for found in errors.iter().take(8) {
            let file = found
                .labels
                .first()
                .map(|label| format!("{}: ", label.file))
                .unwrap_or_default();
            ui.warning(format_args!("{file}{} [{}]", found.message, found.code));
        }
        if errors.len() > 8 {
            ui.warning(format_args!(
                "and {} more",
                counted(errors.len() - 8, "error")
            ));
        }
        if !errors.is_empty() {
            ui.help("`cargo migrate check` shows where, and what mends it");
        }
        Ok(survey)
    }
}
