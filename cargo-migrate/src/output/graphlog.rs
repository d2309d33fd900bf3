//! The chain as a drawing, newest on top.

use migrate_core::{Graph, Revision, Set};
use renderdag::{Ancestor, GraphRowRenderer, Renderer};

/// What a revision is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// The database does not have it, or nobody asked.
    Pending,
    /// The database has it.
    Applied,
    /// The database is here.
    Current,
}

/// The signs to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// Boxes and circles.
    Unicode,
    /// What every terminal has.
    Ascii,
}

impl Charset {
    /// Chooses what the terminal can show, by the variables that say so.
    pub(crate) fn of_terminal() -> Self {
        let named = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty());
        let is_utf8 = named.is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
        match is_utf8 || cfg!(windows) {
            true => Self::Unicode,
            false => Self::Ascii,
        }
    }

    const fn sign(self, glyph: Glyph) -> &'static str {
        match (self, glyph) {
            (_, Glyph::Current) => "@",
            (Self::Unicode, Glyph::Applied) => "●",
            (Self::Unicode, Glyph::Pending) => "○",
            (Self::Ascii, Glyph::Applied) => "*",
            (Self::Ascii, Glyph::Pending) => "o",
        }
    }
}

/// Draws the revisions of `listed`, which is newest first, each with its text.
pub(crate) fn draw(
    graph: &Graph,
    revisions: &[Revision],
    listed: &[usize],
    charset: Charset,
    glyph: impl Fn(usize) -> Glyph,
    text: impl Fn(usize) -> String,
) -> String {
    let rows = GraphRowRenderer::new().output().with_min_row_height(1);
    let mut renderer: Box<dyn Renderer<usize, Output = String>> = match charset {
        Charset::Unicode => Box::new(rows.build_box_drawing()),
        Charset::Ascii => Box::new(rows.build_ascii()),
    };
    let mut waiting = graph.none();
    for index in listed {
        waiting.insert(*index);
    }
    let mut drawing = String::new();
    for index in listed {
        waiting.remove(*index);
        let row = renderer.next_row(
            *index,
            edges(graph, &revisions[*index], *index, &waiting),
            charset.sign(glyph(*index)).to_owned(),
            text(*index),
        );
        for line in row.lines() {
            drawing.extend([line.trim_end(), "\n"]);
        }
    }
    drawing.truncate(drawing.trim_end().len());
    drawing
}

/// The edges to parents that are still to come; one that is not shown, or does not exist, is a
/// loose end.
fn edges(graph: &Graph, revision: &Revision, index: usize, waiting: &Set) -> Vec<Ancestor<usize>> {
    let mut edges = Vec::new();
    if revision.parents.len() > graph.parents(index).len() {
        edges.push(Ancestor::Anonymous);
    }
    for parent in graph.parents(index) {
        let parent = *parent as usize;
        if waiting.contains(parent) {
            edges.push(Ancestor::Parent(parent));
        } else if !edges.iter().any(|edge| matches!(edge, Ancestor::Anonymous)) {
            edges.push(Ancestor::Anonymous);
        }
    }
    edges
}
