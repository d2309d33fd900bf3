//! How a revision or an event is shown on a line.

use migrate_core::{Graph, Revision};
use migrate_sqlx::{EventKind, LedgerEvent};

use crate::output::progress::with_message;
use crate::output::style::{self, styled};

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
