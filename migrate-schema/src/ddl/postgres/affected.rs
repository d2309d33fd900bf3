//! Dependents that must be dropped while PostgreSQL changes what they depend on.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::definition;
use crate::diff::Transition;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::schema::text::Words;
use crate::schema::{Column, Enum, ForeignKey, Index, Name, ObjectRef, Schema, Signature, Table};
use migrate_core::Dialect;

type Columns<'a> = BTreeMap<&'a Name, BTreeSet<&'a str>>;

/// The changes for which dependents are dropped before and recreated after.
pub(super) struct Affected<'a> {
    transition: &'a Transition<'a>,
    /// Types that are recreated under their name: enums, domains, composite types.
    pub(super) types: BTreeSet<Name>,
    /// Routines that are dropped, or cannot be replaced in place.
    pub(super) routines: BTreeSet<Signature>,
    /// The names of both, and of dropped sequences: what mentions one is dropped.
    words: BTreeSet<String>,
    /// Columns that get another type.
    pub(super) retyped: Columns<'a>,
    /// Columns that are dropped and added again, as their expression cannot be altered.
    pub(super) rebuilt: Columns<'a>,
    /// Dropped columns.
    dropped: Columns<'a>,
    /// Columns that have another name now.
    renamed: Columns<'a>,
    /// Dropped tables, including those that are recreated.
    pub(super) tables: BTreeSet<&'a Name>,
    /// Dropped sequences.
    pub(super) sequences: BTreeSet<&'a Name>,
}

impl<'a> Affected<'a> {
    /// `used` are the enums whose new values are needed at once.
    pub(super) fn new(transition: &'a Transition<'a>, used: &BTreeSet<Name>) -> Self {
        let mut affected = Self {
            transition,
            types: BTreeSet::new(),
            routines: BTreeSet::new(),
            words: BTreeSet::new(),
            retyped: Columns::new(),
            rebuilt: Columns::new(),
            dropped: Columns::new(),
            renamed: Columns::new(),
            tables: BTreeSet::new(),
            sequences: BTreeSet::new(),
        };
        affected.types_and_routines(used);
        affected.columns();
        affected
    }

    fn renamed(&self) -> &'a Schema {
        &self.transition.after_renames.schema
    }

    fn types_and_routines(&mut self, used: &BTreeSet<Name>) {
        for change in &self.transition.changes {
            match change {
                Change::Alter {
                    from: Object::Enum { value: from, .. },
                    to: Object::Enum { name, value: to },
                } if used.contains(name) || !only_adds(from, to) => {
                    self.types.insert(name.clone());
                    self.words.insert(name.name.clone());
                }
                Change::Alter {
                    to: Object::Domain { name, .. } | Object::Type { name, .. },
                    ..
                } => {
                    self.types.insert(name.clone());
                    self.words.insert(name.name.clone());
                }
                Change::Alter {
                    from: Object::Routine { value: from, .. },
                    to: Object::Routine { name, value: to },
                } => {
                    let sql = |routine| definition::routine(Dialect::Postgres, name, routine);
                    if !is_replaceable(&sql(from), &sql(to)) {
                        self.routines.insert(name.clone());
                    }
                }
                Change::Drop(Object::Routine { name, .. }) => {
                    self.routines.insert(name.clone());
                }
                Change::Drop(Object::Sequence { name, .. }) => {
                    self.words.insert(name.name.clone());
                    self.sequences.insert(name);
                }
                Change::Drop(Object::Table { name, .. }) => {
                    self.tables.insert(name);
                }
                _ => {}
            }
        }
        // Types of such types, and routines that take or call one.
        let renamed = self.renamed();
        let words = |object| {
            let sql = definition::create(Dialect::Postgres, object);
            Words::of(&sql.unwrap_or_default())
        };
        let domains = renamed.domains.iter();
        let domains = domains.map(|(name, of)| (name, words(ObjectRef::Domain(name, of))));
        let types = renamed.types.iter();
        let types = types.map(|(name, of)| (name, words(ObjectRef::Type(name, of))));
        let types: Vec<(&Name, Words)> = domains.chain(types).collect();
        let routines = renamed.routines.iter();
        let routines: Vec<(&Signature, Words)> = routines
            .map(|(signature, of)| (signature, words(ObjectRef::Routine(signature, of))))
            .collect();
        loop {
            let before = (self.types.len(), self.routines.len());
            let hit = |words: &Words| self.words.iter().any(|word| words.mention(word));
            let more: Vec<Name> = types
                .iter()
                .filter(|(name, words)| !self.types.contains(name) && hit(words))
                .map(|(name, _)| (*name).clone())
                .collect();
            let others: Vec<Signature> = routines
                .iter()
                .filter(|(name, words)| !self.routines.contains(name) && hit(words))
                .map(|(name, _)| (*name).clone())
                .collect();
            self.words.extend(more.iter().map(|name| name.name.clone()));
            self.types.extend(more);
            self.routines.extend(others);
            let known = renamed.routines.keys();
            let known = known.filter(|signature| self.routines.contains(signature));
            self.words.extend(known.map(|it| it.name.name.clone()));
            if before == (self.types.len(), self.routines.len()) {
                break;
            }
        }
    }

    fn columns(&mut self) {
        for change in &self.transition.changes {
            match change {
                Change::Alter {
                    from: Object::Column { value: from, .. },
                    to: Object::Column { table, value: to },
                } => {
                    let retyped = from.sql_type != to.sql_type || from.collation != to.collation;
                    // A column can stop to be computed, and keep what it holds.
                    let computed = match (&from.generated, &to.generated) {
                        (_, None) => false,
                        (before, after) => before != after || retyped,
                    };
                    if computed {
                        self.rebuilt.entry(table).or_default().insert(&to.name);
                    } else if retyped {
                        self.retyped.entry(table).or_default().insert(&to.name);
                    }
                }
                Change::Drop(Object::Column {
                    table,
                    value: column,
                }) => {
                    self.dropped.entry(table).or_default().insert(&column.name);
                }
                Change::Rename(Renamed::Column { table, from, to }) => {
                    let renamed = self.renamed.entry(table).or_default();
                    renamed.extend([&**from, &**to]);
                }
                _ => {}
            }
        }
        for (name, table) in self.surviving() {
            for column in &table.columns {
                let type_words = Words::of(&column.sql_type);
                let of_type = self.types.iter().any(|of| type_words.mention(&of.name));
                let is_known =
                    |of: &Columns<'_>| of.get(name).is_some_and(|all| all.contains(&*column.name));
                if of_type && !is_known(&self.rebuilt) && !is_known(&self.dropped) {
                    let columns = match column.generated {
                        None => &mut self.retyped,
                        Some(_) => &mut self.rebuilt,
                    };
                    columns.entry(name).or_default().insert(&column.name);
                }
            }
            for column in &table.columns {
                let Some(generated) = &column.generated else {
                    continue;
                };
                let words = Words::of(&generated.expression);
                let stays = self.transition.to.tables[name]
                    .column(&column.name)
                    .is_some();
                if stays && (self.speaks_of_changed(name, &words) || self.is_hit(&words)) {
                    self.rebuilt.entry(name).or_default().insert(&column.name);
                }
            }
            // A rebuilt column gets its new type anyway.
            if let (Some(retyped), Some(rebuilt)) =
                (self.retyped.get_mut(name), self.rebuilt.get(name))
            {
                retyped.retain(|column| !rebuilt.contains(column));
            }
        }
    }

    /// Returns the tables that exist all the time, in their form before the changes.
    pub(super) fn surviving(&self) -> impl Iterator<Item = (&'a Name, &'a Table)> + use<'a> {
        let to = self.transition.to;
        let gone = self.tables.clone();
        self.renamed()
            .tables
            .iter()
            .filter(move |(name, _)| to.tables.contains_key(*name) && !gone.contains(name))
    }

    fn among(columns: &Columns<'_>, table: &Name, is: impl Fn(&str) -> bool) -> bool {
        columns
            .get(table)
            .is_some_and(|columns| columns.iter().any(|column| is(column)))
    }

    /// Returns whether a text of a table mentions a column that is retyped, rebuilt or dropped.
    fn speaks_of_changed(&self, table: &Name, words: &Words) -> bool {
        [&self.retyped, &self.rebuilt, &self.dropped]
            .into_iter()
            .any(|columns| Self::among(columns, table, |column| words.mention(column)))
    }

    /// Returns whether a text mentions a type, routine or sequence that is dropped.
    pub(super) fn is_hit(&self, words: &Words) -> bool {
        self.words.iter().any(|word| words.mention(word))
    }

    pub(super) fn is_retyped(&self, table: &Name, column: &str) -> bool {
        Self::among(&self.retyped, table, |other| other == column)
    }

    pub(super) fn is_rebuilt(&self, table: &Name, column: &str) -> bool {
        Self::among(&self.rebuilt, table, |other| other == column)
    }

    /// Returns whether a view must be dropped meanwhile.
    pub(super) fn view(&self, words: &Words) -> bool {
        let renamed = self.transition.after_renames.tables.iter();
        let mut names = renamed
            .flat_map(|(old, new)| [old, new])
            .chain(self.tables.iter().copied());
        if names.any(|name| words.mention(&name.name)) || self.is_hit(words) {
            return true;
        }
        let columns = [&self.retyped, &self.rebuilt, &self.dropped, &self.renamed];
        columns.into_iter().flatten().any(|(table, columns)| {
            words.mention(&table.name) && columns.iter().any(|column| words.mention_column(column))
        })
    }

    /// Returns whether a trigger, policy or rule of a table must be dropped meanwhile.
    pub(super) fn on_table(&self, table: &Name, definition: &str) -> bool {
        let words = Words::of(definition);
        // PostgreSQL updates its text after a rename; it is recreated to have the text of a new one.
        let renamed = [&self.renamed]
            .into_iter()
            .any(|columns| Self::among(columns, table, |column| words.mention(column)));
        let tables = self.tables.iter().any(|name| words.mention(&name.name));
        self.speaks_of_changed(table, &words) || self.is_hit(&words) || renamed || tables
    }

    /// Returns whether a constraint must be dropped meanwhile.
    pub(super) fn constraint(&self, table: &Name, constraint: &Constraint) -> bool {
        match constraint {
            Constraint::PrimaryKey(key) | Constraint::Unique(key) => {
                let mut columns = key.columns.iter().chain(&key.include);
                columns.any(|column| self.is_rebuilt(table, column))
            }
            Constraint::Check(check) => {
                let words = Words::of(&check.expression);
                self.speaks_of_changed(table, &words) || self.is_hit(&words)
            }
            Constraint::Exclusion(_, definition) => {
                let words = Words::of(definition);
                self.speaks_of_changed(table, &words) || self.is_hit(&words)
            }
            Constraint::ForeignKey(key) => self.foreign_key(table, key),
        }
    }

    /// Returns whether a foreign key must be dropped while a column or key changes on either side.
    fn foreign_key(&self, table: &Name, key: &ForeignKey) -> bool {
        let changed = |table: &Name, columns: &[String]| {
            columns
                .iter()
                .any(|column| self.is_retyped(table, column) || self.is_rebuilt(table, column))
        };
        let same = |columns: &[String]| {
            let (one, other): (BTreeSet<_>, BTreeSet<_>) =
                (columns.iter().collect(), key.references.iter().collect());
            one == other
        };
        let target_goes = || {
            self.transition.changes.iter().any(|change| match change {
                Change::Drop(Object::Constraint {
                    table,
                    value: Constraint::PrimaryKey(of) | Constraint::Unique(of),
                }) => *table == key.table && same(&of.columns),
                Change::Drop(Object::Index {
                    table,
                    value: index,
                    ..
                }) => {
                    let columns: Vec<String> =
                        index.parts.iter().map(|part| part.over.clone()).collect();
                    *table == key.table && index.unique && same(&columns)
                }
                _ => false,
            })
        };
        self.tables.contains(&key.table)
            || changed(table, &key.columns)
            || changed(&key.table, &key.references)
            || target_goes()
    }

    /// Returns whether an index must be dropped meanwhile.
    pub(super) fn index(&self, table: &Name, index: &Index) -> bool {
        let expressions = index
            .parts
            .iter()
            .filter(|part| part.expression)
            .map(|part| &part.over);
        let mut texts = expressions
            .chain(&index.predicate)
            .map(|text| Words::of(text));
        let plain = index
            .parts
            .iter()
            .filter(|part| !part.expression)
            .map(|part| &part.over);
        let mut names = plain.chain(&index.include);
        names.any(|column| self.is_rebuilt(table, column))
            || texts.any(|words| self.speaks_of_changed(table, &words) || self.is_hit(&words))
    }

    /// Returns whether a default must be dropped meanwhile.
    pub(super) fn default(&self, table: &Name, column: &Column) -> bool {
        let Some(default) = &column.default else {
            return false;
        };
        self.is_retyped(table, &column.name) || self.is_hit(&Words::of(default))
    }
}

/// Returns whether an enum only gains values and keeps the order of the others.
pub(super) fn only_adds(from: &Enum, to: &Enum) -> bool {
    let mut rest = to.values.iter();
    from.values
        .iter()
        .all(|value| rest.any(|other| other == value))
}

/// Returns whether `CREATE OR REPLACE` accepts the new definition: the result, and the names and
/// defaults of the arguments, come before the language.
fn is_replaceable(from: &str, to: &str) -> bool {
    let head = |definition: &str| {
        let end = definition.find("\n LANGUAGE").unwrap_or(definition.len());
        definition[..end].to_owned()
    };
    from.starts_with("CREATE OR REPLACE") && head(from) == head(to)
}
