//! A graph, where a database is on it, and a command: in a form that fits into a line of a test.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use migrate_core::{Hash, Revision};
use serde::Serialize;

/// A revision without its SQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sketch {
    /// Its id.
    pub id: String,
    /// What it follows.
    pub parents: Vec<String>,
    /// What it depends on, by id or label.
    pub depends_on: Vec<String>,
    /// The labels it bears.
    pub labels: Vec<String>,
    /// When it was made.
    #[serde(skip)]
    pub created: String,
}

/// Which command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// `run` here.
    Upgrade,
    /// `revert` here.
    Downgrade,
    /// The same word on both sides.
    Stamp,
}

/// A command, and where the database is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Which command.
    pub name: Name,
    /// The heads of what is applied.
    pub rows: Vec<String>,
    /// Where to go; one but for a stamp.
    pub targets: Vec<String>,
}

/// A question about a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The graph.
    pub revisions: Vec<Sketch>,
    /// The question.
    pub question: Question,
}

impl Sketch {
    /// Reads a drawing: `a  b:a  c:a+dep@label` is `b` and `c` on `a`, where `c` depends on `dep`
    /// and bears a label.
    #[must_use]
    pub fn read(drawing: &str) -> Vec<Self> {
        let split = |text: &str| -> Vec<String> {
            let words = text.split(',').filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        };
        let sketch = |word: &str| {
            let (word, labels) = word.split_once('@').unwrap_or((word, ""));
            let (word, depends_on) = word.split_once('+').unwrap_or((word, ""));
            let (id, parents) = word.split_once(':').unwrap_or((word, ""));
            Self {
                id: id.to_owned(),
                parents: split(parents),
                depends_on: split(depends_on),
                labels: split(labels),
                created: String::new(),
            }
        };
        drawing.split_whitespace().map(sketch).collect()
    }

    /// Makes the revision, without SQL.
    ///
    /// # Panics
    ///
    /// An id is none.
    #[must_use]
    pub fn revision(&self) -> Revision {
        let cows = |words: &[String]| words.iter().cloned().map(Cow::Owned).collect();
        Revision {
            id: self.id.parse().expect("an id"),
            parents: self
                .parents
                .iter()
                .map(|id| id.parse().expect("an id"))
                .collect(),
            depends_on: cows(&self.depends_on),
            labels: cows(&self.labels),
            message: Cow::Borrowed(""),
            created: Cow::Owned(self.created.clone()),
            stated_phase: None,
            file: Cow::Borrowed(""),
            text: Cow::Borrowed(""),
            sections: Cow::Borrowed(&[]),
            hash: Hash::from_bytes([0; 32]),
            chain_hash: Hash::from_bytes([0; 32]),
        }
    }
}

impl fmt::Display for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        for (sign, words) in [
            (':', &self.parents),
            ('+', &self.depends_on),
            ('@', &self.labels),
        ] {
            if !words.is_empty() {
                write!(f, "{sign}{}", words.join(","))?;
            }
        }
        Ok(())
    }
}

impl Case {
    /// Reads a case: a drawing, the rows, and a command such as `downgrade left@base`.
    ///
    /// # Panics
    ///
    /// There is no such command.
    #[must_use]
    pub fn read(drawing: &str, rows: &str, command: &str) -> Self {
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let mut targets = words(command);
        let name = match targets.remove(0).as_str() {
            "upgrade" => Name::Upgrade,
            "downgrade" => Name::Downgrade,
            "stamp" => Name::Stamp,
            other => panic!("no command `{other}`"),
        };
        Self {
            revisions: Sketch::read(drawing),
            question: Question {
                name,
                rows: words(rows),
                targets,
            },
        }
    }

    /// Returns the cases that are this one without one of its parts.
    #[must_use]
    pub fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for gone in &self.revisions {
            smaller.extend(self.without(gone));
        }
        for (index, sketch) in self.revisions.iter().enumerate() {
            let mut cut = |change: &dyn Fn(&mut Sketch)| {
                let mut case = self.clone();
                change(&mut case.revisions[index]);
                smaller.push(case);
            };
            for at in 0..sketch.parents.len() {
                cut(&|sketch| drop(sketch.parents.remove(at)));
            }
            for at in 0..sketch.depends_on.len() {
                cut(&|sketch| drop(sketch.depends_on.remove(at)));
            }
            for at in 0..sketch.labels.len() {
                cut(&|sketch| drop(sketch.labels.remove(at)));
            }
        }
        for at in 0..self.question.rows.len() {
            let mut case = self.clone();
            case.question.rows.remove(at);
            smaller.push(case);
        }
        if self.question.targets.len() > 1 {
            for at in 0..self.question.targets.len() {
                let mut case = self.clone();
                case.question.targets.remove(at);
                smaller.push(case);
            }
        }
        smaller.retain(Self::is_whole);
        smaller
    }

    /// Leaves one revision out; what followed it follows its parents. `None` where it is a row.
    fn without(&self, gone: &Sketch) -> Option<Self> {
        let mut case = self.clone();
        case.revisions.retain(|sketch| sketch.id != gone.id);
        for sketch in &mut case.revisions {
            sketch
                .depends_on
                .retain(|name| *name != gone.id && !gone.labels.contains(name));
            if let Some(at) = sketch.parents.iter().position(|id| *id == gone.id) {
                sketch.parents.remove(at);
                for parent in &gone.parents {
                    if !sketch.parents.contains(parent) {
                        sketch.parents.push(parent.clone());
                    }
                }
            }
        }
        (!case.question.rows.contains(&gone.id)).then_some(case)
    }

    /// Says whether every name means something, and no row or parent implies another.
    fn is_whole(&self) -> bool {
        let names: BTreeSet<&String> = self
            .revisions
            .iter()
            .flat_map(|sketch| sketch.labels.iter().chain([&sketch.id]))
            .collect();
        let mut needed = self.revisions.iter().flat_map(|sketch| &sketch.depends_on);
        let revisions: Vec<Revision> = self.revisions.iter().map(Sketch::revision).collect();
        let graph = migrate_core::Graph::new(&revisions);
        let rows: Option<Vec<usize>> = self
            .question
            .rows
            .iter()
            .map(|row| graph.index(row))
            .collect();
        needed.all(|name| names.contains(name))
            && graph.problems().is_empty()
            && rows.is_some_and(|rows| {
                let applied = graph.ancestors(rows.iter().copied());
                graph.effective_heads(&applied).len() == rows.len()
            })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revisions: Vec<String> = self.revisions.iter().map(ToString::to_string).collect();
        let name = match self.question.name {
            Name::Upgrade => "upgrade",
            Name::Downgrade => "downgrade",
            Name::Stamp => "stamp",
        };
        write!(
            f,
            "{:?}, {:?}, \"{name} {}\"",
            revisions.join("  "),
            self.question.rows.join(" "),
            self.question.targets.join(" "),
        )
    }
}
