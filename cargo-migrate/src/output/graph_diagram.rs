//! The chain as a diagram for documents: Mermaid, which GitHub and GitLab draw, and Graphviz.
//!
//! An arrow leads from a parent to its child, a dotted one from a dependency to what needs it.

use std::fmt::Write as _;

use migrate_core::{Graph, Revision};

use crate::output::graphlog::Glyph;

/// What is drawn.
pub(crate) struct Diagram<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) revisions: &'a [Revision],
    /// The revisions to show, in the order of application.
    pub(crate) shown: &'a [usize],
}

impl Diagram<'_> {
    /// Writes it for Mermaid.
    pub(crate) fn mermaid(&self, glyph: impl Fn(usize) -> Glyph) -> String {
        let mut text = String::from("flowchart TD\n");
        for index in self.shown {
            let words = self.words(*index).map(|word| escape_mermaid(&word));
            let class = match self.class(*index, glyph(*index)) {
                Some(class) => format!(":::{class}"),
                None => String::new(),
            };
            push(
                &mut text,
                format_args!(
                    "    r{index}[\"{}\"]{class}",
                    words.collect::<Vec<_>>().join("<br>")
                ),
            );
        }
        for (from, to, dependency) in self.edges() {
            let arrow = if dependency { "-.->" } else { "-->" };
            push(&mut text, format_args!("    r{from} {arrow} r{to}"));
        }
        text.push_str("    classDef head stroke-width:3px\n    classDef applied fill:#d3f2d3,color:#000\n    classDef current fill:#d3f2d3,color:#000,stroke-width:3px");
        text
    }

    /// Writes it for Graphviz's `dot`.
    pub(crate) fn dot(&self, glyph: impl Fn(usize) -> Glyph) -> String {
        let mut text = String::from(
            "digraph chain {\n    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
        );
        for index in self.shown {
            let words = self.words(*index).map(|word| escape_dot(&word));
            let class = match self.class(*index, glyph(*index)) {
                Some("head") => ", penwidth=2",
                Some("applied") => ", style=\"rounded,filled\", fillcolor=\"#d3f2d3\"",
                Some("current") => ", style=\"rounded,filled\", fillcolor=\"#d3f2d3\", penwidth=2",
                _ => "",
            };
            push(
                &mut text,
                format_args!(
                    "    r{index} [label=\"{}\"{class}];",
                    words.collect::<Vec<_>>().join("\\n")
                ),
            );
        }
        for (from, to, dependency) in self.edges() {
            let style = if dependency { " [style=dashed]" } else { "" };
            push(&mut text, format_args!("    r{from} -> r{to}{style};"));
        }
        text.push('}');
        text
    }

    /// The lines of a box: the id with its labels, and the message.
    fn words(&self, index: usize) -> impl Iterator<Item = String> {
        let revision = &self.revisions[index];
        let id = match revision.labels.is_empty() {
            true => revision.id.to_string(),
            false => format!("{} [{}]", revision.id, revision.labels.join(", ")),
        };
        let message = (!revision.message.is_empty()).then(|| revision.message.to_string());
        [id].into_iter().chain(message)
    }

    fn class(&self, index: usize, glyph: Glyph) -> Option<&'static str> {
        match glyph {
            Glyph::Current => Some("current"),
            Glyph::Applied => Some("applied"),
            Glyph::Pending => self.graph.is_head(index).then_some("head"),
        }
    }

    /// The edges between what is shown: from, to, and whether it is a dependency.
    fn edges(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        let mut shown = self.graph.none();
        for index in self.shown {
            shown.insert(*index);
        }
        let edges = self.shown.iter().flat_map(|to| {
            let parents = self.graph.parents(*to).iter().map(|from| (*from, false));
            let needs = self
                .graph
                .dependencies(*to)
                .iter()
                .map(|from| (*from, true));
            parents
                .chain(needs)
                .map(|(from, dependency)| (from as usize, *to, dependency))
        });
        edges.filter(move |(from, _, _)| shown.contains(*from))
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _infallible = writeln!(text, "{line}");
}

/// Mermaid reads entities in a text, and Markdown where it begins like a list.
fn escape_mermaid(text: &str) -> String {
    let mut escaped = String::new();
    for sign in text.chars() {
        match sign {
            c if c.is_alphanumeric()
                || matches!(
                    c,
                    ' ' | '_' | '.' | ',' | '-' | '/' | '(' | ')' | ':' | '[' | ']'
                ) =>
            {
                escaped.push(c);
            }
            c => {
                let _infallible = write!(escaped, "#{};", u32::from(c));
            }
        }
    }
    escaped
}

fn escape_dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
