//! Walks through a chain that visit every state a database is likely to be in.

use migrate_core::{Graph, Set};

/// A walk from an empty database: one revision after the other, each at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The revisions, each after all that it needs.
    pub steps: Vec<usize>,
    /// The numbers of steps after which the walk is in a state that no earlier walk has visited.
    pub states: Vec<usize>,
}

impl Walk {
    /// Returns the applied revisions after this number of steps.
    #[must_use]
    pub fn state(&self, graph: &Graph, steps: usize) -> Set {
        let mut state = graph.none();
        for index in self.steps.iter().take(steps) {
            state.insert(*index);
        }
        state
    }
}

/// Returns as few walks as needed to visit these states: nothing applied, each prefix of the order
/// in which a run applies the chain, and each revision with all that it needs.
///
/// The first walk is that order. In a chain without branches it is the only one; a revision of a
/// branch whose ancestry is not a prefix of the order is on another walk.
///
/// ```
/// use migrate_core::{Dialects, Graph, Revision};
/// use migrate_replay::walks;
///
/// let revision = |id: &str, parents: &str| {
///     let text = format!("-- revision: {id}\n-- parents: {parents}\n-- migrate: up\nSELECT 1;\n");
///     Revision::parse("file.sql", &text, Dialects::NONE).unwrap()
/// };
/// //   a - b
/// //    \- c
/// let graph = Graph::new(&[revision("a", "none"), revision("b", "a"), revision("c", "a")]);
/// let walks = walks(&graph);
/// assert_eq!(walks[0].steps, [0, 1, 2]);
/// // `c` without `b`.
/// assert_eq!((&walks[1].steps[..], &walks[1].states[..]), (&[0, 2][..], &[2][..]));
/// ```
#[must_use]
pub fn walks(graph: &Graph) -> Vec<Walk> {
    let steps: Vec<usize> = graph.order().collect();
    let mut aside: Vec<(usize, Set)> = Vec::new();
    for (place, index) in steps.iter().enumerate() {
        let needs = graph.ancestors([*index]);
        // If it comes directly after all it needs and nothing else, the order visits its state.
        if needs.iter().count() != place + 1 {
            aside.push((*index, needs));
        }
    }
    let mut walks = vec![Walk {
        states: (0..=steps.len()).collect(),
        steps,
    }];
    let mut ends: Vec<(usize, Set)> = Vec::new();
    for (index, needs) in aside {
        // Continues the walk of the longest predecessor.
        let before = ends
            .iter()
            .enumerate()
            .filter(|(_, (end, _))| needs.contains(*end))
            .max_by_key(|(at, _)| walks[at + 1].steps.len())
            .map(|(at, _)| at);
        let at = before.unwrap_or_else(|| {
            ends.push((index, graph.none()));
            walks.push(Walk::default());
            ends.len() - 1
        });
        let mut missing = needs.clone();
        missing.remove_all(&ends[at].1);
        let walk = &mut walks[at + 1];
        walk.steps.extend(graph.ordered(&missing));
        walk.states.push(walk.steps.len());
        ends[at] = (index, needs);
    }
    walks
}

#[cfg(test)]
mod tests {
    use migrate_core::{Config, File, Folder, Survey};

    use super::*;

    /// Builds a graph from its drawing in a line: `b:a` follows `a`.
    fn graph(drawing: &str) -> Graph {
        let file = |word: &str| {
            let (id, parents) = word.split_once(':').unwrap_or((word, "none"));
            File {
                name: format!("{id}.sql"),
                text: format!("-- revision: {id}\n-- parents: {parents}\n").into(),
            }
        };
        let folder = Folder {
            files: drawing.split_whitespace().map(file).collect(),
            ..Folder::default()
        };
        Survey::new(&folder, &Config::default()).graph
    }

    /// Draws the walks, with a `|` after each state.
    fn drawn(text: &str) -> String {
        let graph = graph(text);
        let mut lines = Vec::new();
        for walk in walks(&graph) {
            let mut line = String::new();
            for (at, step) in walk.steps.iter().enumerate() {
                line += graph.id(*step).as_str();
                if walk.states.contains(&(at + 1)) {
                    line += "|";
                }
            }
            lines.push(line);
        }
        lines.join(" ")
    }

    #[test]
    fn a_line_is_one_walk() {
        assert_eq!(drawn("a  b:a  c:b"), "a|b|c|");
    }

    #[test]
    fn a_branch_is_a_walk_of_its_own() {
        // a - b - d - f
        //  \- c - e -/
        assert_eq!(
            drawn("a  b:a  c:a  d:b  e:c  f:d,e"),
            "a|b|c|d|e|f| ac|e| abd|"
        );
    }

    #[test]
    fn independent_chains_are_passed_alone_too() {
        // a - b
        // x - y
        assert_eq!(drawn("a  b:a  x  y:x"), "a|b|x|y| x|y|");
    }

    #[test]
    fn every_ancestry_is_passed_once_and_in_an_order_that_can_be_applied() {
        let graph = graph("a  b:a  c:a  d:a  e:b,c  f:d  g:e,f  h:c  i:h,g");
        let walks = walks(&graph);
        let mut states: Vec<Set> = Vec::new();
        for walk in &walks {
            for (at, step) in walk.steps.iter().enumerate() {
                let before = walk.state(&graph, at);
                assert!(!before.contains(*step));
                let needs = graph.ancestors([*step]);
                assert!(
                    needs
                        .iter()
                        .all(|need| need == *step || before.contains(need))
                );
            }
            states.extend(
                walk.states
                    .iter()
                    .map(|position| walk.state(&graph, *position)),
            );
        }
        for index in 0..graph.len() {
            let needs = graph.ancestors([index]);
            assert_eq!(states.iter().filter(|state| **state == needs).count(), 1);
        }
        let mut all = states.clone();
        all.dedup();
        assert_eq!(all.len(), states.len());
    }
}
