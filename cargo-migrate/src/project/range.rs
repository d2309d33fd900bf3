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

    /// Returns true if it depends on where a database is.
    pub(crate) fn is_relative(&self) -> bool {
        let relative = |target: &Option<Target>| {
            let place = target.as_ref().map(|target| &target.place);
            matches!(place, Some(None | Some(Anchor::Current)))
        };
        relative(&self.from) || relative(&self.to)
    }

    /// Returns the revisions in it; `applied` is where the database is.
    /// Ends without a path between them are refused, as by Alembic: an empty answer would read as
    /// if there were nothing between them.
    pub(crate) fn resolve(&self, graph: &Graph, applied: Option<&Set>) -> Result<Set, TargetError> {
        let nothing = graph.none();
        let applied = applied.unwrap_or(&nothing);
        let places = |target: &Target| target.resolve(graph, applied);
        let to = self.to.as_ref().map(places).transpose()?;
        // `base` is before everything, so it bounds nothing.
        let from = self.from.as_ref().map(places).transpose()?;
        let from = from.unwrap_or_default();
        let between = |from: &[usize], to: &[usize]| {
            let mut set = graph.ancestors(to.iter().copied());
            let after = graph.descendants(from.iter().copied());
            for index in (0..graph.len()).filter(|index| !after.contains(*index)) {
                set.remove(index);
            }
            set
        };
        let all: Vec<usize> = (0..graph.len()).collect();
        let end = to.as_deref().unwrap_or(&all);
        let shown = match from.is_empty() {
            true => graph.ancestors(end.iter().copied()),
            false => between(&from, end),
        };
        match (&self.from, &self.to) {
            (Some(first), Some(last)) if shown.is_empty() && !from.is_empty() => {
                Err(TargetError::NotConnected {
                    from: first.to_string(),
                    to: last.to_string(),
                    reversed: end.is_empty() || !between(end, &from).is_empty(),
                })
            }
            _ => Ok(shown),
        }
    }
}
