use clap::Args;
use migrate_core::{Set, Survey};
use migrate_sqlx::__cli::Create;
use migrate_sqlx::LedgerEvent;

use crate::database::state_of;
use crate::output::error::CommandError;
use crate::output::graph_diagram::Diagram;
use crate::output::graphlog::{Charset, Glyph, draw};
use crate::output::json;
use crate::output::listing::{event_line, line};
use crate::output::style::{self, styled};
use crate::output::ui::{Format, Ui};
use crate::project::context::Context;
use crate::project::range::Range;
use crate::scratch::interrupt::wait;

/// Show the revisions as a graph, newest first
///
/// A range `a:b` shows the revisions from `a` to `b`, both included; `a:` and `:b` are open on one
/// side. The database is read only for `--applied`, or for a range from where it is: then `●` marks
/// applied revisions, `○` pending ones, and `@` where the database is; with `-v`, each revision's
/// events are shown, with time and user. `--format mermaid` and `--format dot` draw the graph for
/// documents.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// What to show: `a:b`, `a:`, `:b`, or one revision and its ancestors
    #[arg(value_name = "RANGE", allow_negative_numbers = true)]
    range: Option<String>,
    /// Mark the applied revisions
    #[arg(long)]
    applied: bool,
    /// List the revisions without the graph
    #[arg(long)]
    no_graph: bool,
}

pub(crate) fn run(args: &HistoryArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let survey = context.any_survey(ui)?;
    let graph = &survey.graph;
    let range = args.range.as_deref().map(Range::parse).transpose()?;
    let asks = args.applied || range.as_ref().is_some_and(Range::is_relative);
    let (applied, events) = match asks {
        true => {
            let (applied, events) = applied(context, survey, args.applied)?;
            (Some(applied), events)
        }
        false => (None, Vec::new()),
    };
    let shown = match &range {
        None => None,
        Some(range) => Some(range.resolve(graph, applied.as_ref())?),
    };
    let listed: Vec<usize> = graph
        .order()
        .rev()
        .filter(|index| shown.as_ref().is_none_or(|shown| shown.contains(*index)))
        .collect();
    let marks = applied.filter(|_| args.applied);
    if ui.is_json() {
        let mut revisions = Vec::with_capacity(listed.len());
        for index in listed {
            let mut one = context.one_revision(survey, index)?;
            one.applied = marks.as_ref().map(|applied| applied.contains(index));
            revisions.push(one);
        }
        return ui.json(&json::History { revisions });
    }
    let current = marks.as_ref().map(|applied| graph.effective_heads(applied));
    let glyph = |index: usize| match (&marks, &current) {
        (_, Some(current)) if current.contains(&index) => Glyph::Current,
        (Some(applied), _) if applied.contains(index) => Glyph::Applied,
        _ => Glyph::Pending,
    };
    let shown: Vec<usize> = listed.iter().rev().copied().collect();
    let diagram = Diagram {
        graph,
        revisions: &survey.revisions,
        shown: &shown,
    };
    match ui.format {
        Format::Mermaid => return ui.answer(diagram.mermaid(glyph)),
        Format::Dot => return ui.answer(diagram.dot(glyph)),
        Format::Human | Format::Json | Format::Sql => {}
    }
    if listed.is_empty() {
        ui.status(match graph.is_empty() {
            true => "there is no revision yet: `cargo migrate new \"<message>\"` writes the first",
            false => "no revision is in this range",
        });
        return Ok(());
    }
    let text = |index: usize| {
        let revision = &survey.revisions[index];
        let mut text = line(graph, revision, index);
        if ui.is_verbose() {
            let more = format!("{} {}", revision.created, revision.file);
            text.extend(["\n", &styled(style::DIM, more.trim_start())]);
            for event in events
                .iter()
                .filter(|event| *event.revision == *revision.id.as_str())
            {
                text.extend(["\n", &event_line(event)]);
            }
        }
        text
    };
    if args.no_graph {
        for index in listed {
            ui.answer(text(index))?;
        }
        return Ok(());
    }
    ui.answer(draw(
        graph,
        &survey.revisions,
        &listed,
        Charset::of_terminal(),
        glyph,
        text,
    ))
}

/// What the database has of the chain, and all that was ever done to it.
fn applied(
    context: &Context,
    survey: &Survey,
    events: bool,
) -> Result<(Set, Vec<LedgerEvent>), CommandError> {
    let chosen = context.database()?;
    let config = context.config()?;
    let (state, events) = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = state_of(&database, survey, config).await?;
        let events = match events {
            true => database.events(&config.ledger).await?,
            false => Vec::new(),
        };
        Ok((state, events))
    })?;
    let mut applied = survey.graph.none();
    for index in state
        .applied
        .iter()
        .filter(|index| *index < survey.graph.len())
    {
        applied.insert(index);
    }
    Ok((applied, events))
}
