//! Random graphs, states and commands, the same for the same seed.

use super::{Name, Question, Sketch};

/// A source of numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64, turn: u64) -> Self {
        let mut random = Self(seed ^ turn.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.next();
        random
    }

    // SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Says yes so many times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Picks one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }

    /// Draws a sound graph of 1 to `most` revisions, in no order.
    pub fn graph(&mut self, most: usize) -> Vec<Sketch> {
        let count = 1 + match self.chance(60) {
            true => self.below(most.min(9)),
            false => self.below(most),
        };
        let [bases, forks, merges, needs, labels] =
            [[0, 4, 15], [5, 20, 50], [0, 15, 40], [0, 8, 25], [0, 8, 30]]
                .map(|rates| *self.pick(&rates));
        let mut names = ["left", "right", "billing", "core", "shop_eu", "web"].map(str::to_owned);
        self.shuffle(&mut names);
        let mut names = Vec::from(names);
        let mut drawn = Drawn::default();
        for index in 0..count {
            let mut parents = Vec::new();
            if index > 0 && !self.chance(bases) {
                parents.push(match self.chance(forks) {
                    true => self.below(index),
                    false => index - 1,
                });
                if self.chance(merges) {
                    for _ in 0..1 + self.below(3) {
                        parents.push(self.below(index));
                    }
                }
            }
            let parents = drawn.tops(&parents, &drawn.leads);
            let mut depends_on = Vec::new();
            while index > 0 && depends_on.len() < 2 && self.chance(needs) {
                let needed = self.below(index);
                // One that the parents imply says nothing, but is allowed.
                let implied = parents
                    .iter()
                    .any(|at| Drawn::holds(&drawn.all, *at, needed));
                if !depends_on.contains(&needed) && (!implied || self.chance(20)) {
                    depends_on.push(needed);
                }
            }
            let mut borne = Vec::new();
            while self.chance(labels) {
                borne.extend(names.pop());
            }
            let sketch = Sketch {
                id: self.id(index),
                parents: parents
                    .iter()
                    .map(|at| drawn.sketches[*at].id.clone())
                    .collect(),
                depends_on: depends_on
                    .iter()
                    .map(|at| {
                        let needed = &drawn.sketches[*at];
                        match needed.labels.first() {
                            Some(label) if self.chance(50) => label.clone(),
                            _ => needed.id.clone(),
                        }
                    })
                    .collect(),
                labels: borne,
                created: format!("2026-11-20T14:{:02}:{:02}Z", self.below(60), self.below(60)),
            };
            drawn.add(sketch, &parents, &depends_on);
        }
        let mut sketches = drawn.sketches;
        self.shuffle(&mut sketches);
        sketches
    }

    /// Makes an id that no other index has; many begin alike.
    fn id(&mut self, index: usize) -> String {
        let beginning = *self.pick(&["a", "ab", "abc", "b", "c0de", "1", "0f3", "rev_"]);
        format!("{beginning}{:02x}{index:02x}", self.below(256))
    }

    /// Draws where a database is, as the rows of Alembic's version table.
    pub fn rows(&mut self, sketches: &[Sketch]) -> Vec<String> {
        let drawn = Drawn::of(sketches);
        let mut applied = Vec::new();
        for _ in 0..self.below(4) {
            applied.push(self.below(sketches.len()));
        }
        let rows = drawn.tops(&applied, &drawn.all);
        rows.iter()
            .map(|at| drawn.sketches[*at].id.clone())
            .collect()
    }

    /// Draws a command for a database in this place.
    pub fn question(&mut self, sketches: &[Sketch], rows: Vec<String>) -> Question {
        let name = *self.pick(&[Name::Upgrade, Name::Downgrade, Name::Stamp]);
        let count = match name {
            Name::Stamp if self.chance(40) => 2 + self.below(2),
            _ => 1,
        };
        let targets = (0..count)
            .map(|_| self.target(sketches, &rows, name))
            .collect();
        Question {
            name,
            rows,
            targets,
        }
    }

    fn target(&mut self, sketches: &[Sketch], rows: &[String], name: Name) -> String {
        let drawn = Drawn::of(sketches);
        let mut likely: Vec<usize> = (0..sketches.len()).collect();
        if name == Name::Downgrade && self.chance(80) && !rows.is_empty() {
            likely.retain(|at| {
                let is_row = |top: &usize| rows.contains(&drawn.sketches[*top].id);
                (0..sketches.len()).any(|top| is_row(&top) && Drawn::holds(&drawn.all, top, *at))
            });
        }
        let id = drawn.sketches[*self.pick(&likely)].id.clone();
        let labels: Vec<&String> = sketches.iter().flat_map(|sketch| &sketch.labels).collect();
        let branch = match labels.is_empty() || self.chance(30) {
            true => drawn.sketches[self.below(sketches.len())].id.clone(),
            false => (*self.pick(&labels)).clone(),
        };
        let steps = match self.chance(90) {
            true => 1 + self.below(3),
            false => self.below(sketches.len() + 3),
        };
        let steps = match (name, self.chance(90)) {
            (Name::Upgrade, true) | (Name::Downgrade, false) => format!("+{steps}"),
            _ => format!("-{steps}"),
        };
        match self.below(26) {
            0 | 1 => "head".to_owned(),
            2 => "heads".to_owned(),
            3 => "base".to_owned(),
            4..=6 => id,
            7 => id[..1 + self.below(id.len())].to_owned(),
            8 => branch[..1 + self.below(branch.len())].to_owned(),
            9 | 10 => steps,
            11 => format!("{id}{steps}"),
            12 | 13 => format!("{branch}@head"),
            14 => format!("{branch}@heads"),
            15 | 16 => format!("{branch}@base"),
            17 | 18 => format!("{branch}@{steps}"),
            19 | 20 => format!("{branch}@{id}"),
            21 => format!("{branch}@{id}{steps}"),
            22 => format!("{branch}@{}", &id[..1 + self.below(id.len())]),
            23 => format!("{}{steps}", self.pick(&["head", "heads", "base"])),
            24 => format!("{branch}@{}{steps}", self.pick(&["head", "heads", "base"])),
            _ => (*self.pick(&["current", "nowhere", "nowhere@head", "left@current"])).to_owned(),
        }
    }
}

/// A graph with what each revision implies, found the slow way.
#[derive(Default)]
struct Drawn {
    sketches: Vec<Sketch>,
    /// What each leads to by parents.
    leads: Vec<Vec<bool>>,
    /// What each implies by parents and dependencies.
    all: Vec<Vec<bool>>,
}

impl Drawn {
    fn of(sketches: &[Sketch]) -> Self {
        let mut drawn = Self::default();
        while drawn.sketches.len() < sketches.len() {
            for sketch in sketches {
                let place = |name: &String| {
                    let is = |known: &Sketch| known.id == *name || known.labels.contains(name);
                    drawn.sketches.iter().position(is)
                };
                let places = |names: &[String]| names.iter().map(place).collect();
                let parents: Option<Vec<usize>> = places(&sketch.parents);
                let depends_on: Option<Vec<usize>> = places(&sketch.depends_on);
                if let (None, Some(parents), Some(depends_on)) =
                    (place(&sketch.id), parents, depends_on)
                {
                    drawn.add(sketch.clone(), &parents, &depends_on);
                }
            }
        }
        drawn
    }

    fn add(&mut self, sketch: Sketch, parents: &[usize], depends_on: &[usize]) {
        let index = self.sketches.len();
        let with = |sets: &[Vec<bool>], below: &mut dyn Iterator<Item = &usize>| {
            let mut set = vec![false; index + 1];
            set[index] = true;
            for below in below {
                for (at, implied) in sets[*below].iter().enumerate() {
                    set[at] |= implied;
                }
            }
            set
        };
        let leads = with(&self.leads, &mut parents.iter());
        let all = with(&self.all, &mut parents.iter().chain(depends_on));
        self.sketches.push(sketch);
        self.leads.push(leads);
        self.all.push(all);
    }

    /// Says whether a revision is in the set of another.
    fn holds(sets: &[Vec<bool>], of: usize, index: usize) -> bool {
        sets[of].get(index) == Some(&true)
    }

    /// Leaves out what another one implies.
    fn tops(&self, of: &[usize], sets: &[Vec<bool>]) -> Vec<usize> {
        debug_assert_eq!(self.sketches.len(), sets.len());
        let mut tops = of.to_vec();
        tops.sort_unstable();
        tops.dedup();
        tops.retain(|index| {
            !of.iter()
                .any(|top| top != index && Self::holds(sets, *top, *index))
        });
        tops
    }
}
