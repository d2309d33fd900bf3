//! A part of the chain: what leads from one place to another.

use migrate_core::{Anchor, Graph, Set, Target, TargetError};

/// `a:b`, `a:`, `:b`, or one place and what leads to it.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    from: Option<Target>,
    to: Option<Target>,
}

impl Range {
    /// Reads a range.
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        let target = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some),
        };
        let (from, to) = text.split_once(':').unwrap_or(("", text));
        Ok(Self {
            from: target(from)?,
            to: target(to)?,
        })
    }

    /// Says whether it depends on where a database is.
    pub(crate) fn is_relative(&self) -> bool {
        let relative = |target: &Option<Target>| {
            let place = target.as_ref().map(|target| &target.place);
            matches!(place, Some(None | Some(Anchor::Current)))
        };
        relative(&self.from) || relative(&self.to)
    }

    /// Returns the revisions in it; `applied` is where the database is.
    pub(crate) fn resolve(&self, graph: &Graph, applied: Option<&Set>) -> Result<Set, TargetError> {
        let nothing = graph.none();
        let applied = applied.unwrap_or(&nothing);
        let places = |target: &Target| target.resolve(graph, applied);
        let mut shown = match &self.to {
            Some(to) => graph.ancestors(places(to)?),
            None => graph.ancestors(0..graph.len()),
        };
        let from = match &self.from {
            Some(from) => places(from)?,
            None => Vec::new(),
        };
        // `base` is before everything, so it bounds nothing.
        if !from.is_empty() {
            let after = graph.descendants(from);
            for index in (0..graph.len()).filter(|index| !after.contains(*index)) {
                shown.remove(index);
            }
        }
        Ok(shown)
    }
}
