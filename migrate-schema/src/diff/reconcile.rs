//! The schema that a database gets when it is brought closer to an expected one.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::change::Constraint;
use crate::diff::must_recreate;
use crate::schema::text::Words;
use crate::schema::{Column, Enum, Index, Name, ObjectRef, Schema, Table, View};
use migrate_core::Dialect;

/// How far a schema may be changed to become the expected one.
///
/// Missing objects are added in any case.
///
/// ```
/// use std::collections::BTreeSet;
/// use migrate_core::Dialect;
/// use migrate_schema::{Name, Reconcile, Schema, Table, differences};
///
/// let mut expected = Schema::empty(Dialect::Sqlite);
/// let mut actual = expected.clone();
/// expected.tables.insert(Name::plain("users"), Table::default());
/// actual.tables.insert(Name::plain("mine"), Table::default());
///
/// let target = Reconcile::default().target(&expected, &actual, &BTreeSet::new());
/// let left = differences(&expected, &target);
/// assert_eq!(left[0].to_string(), "extra table `mine`");
/// assert_eq!(left.len(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconcile {
    /// Whether objects that differ may be changed: types, nullability, defaults, definitions, names.
    pub changes: bool,
    /// Whether objects that are not expected may be dropped.
    pub drops: bool,
}

/// A column that existing rows have no value for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfilled {
    /// The column's table, which exists.
    pub table: Name,
    /// The column's name.
    pub column: String,
    /// Whether the column exists and takes NULL, so that only rows with NULL in it need a value.
    pub exists: bool,
}

impl Reconcile {
    /// Returns what `actual` becomes on the way to `expected`, whatever the kinds of the objects.
    ///
    /// `without` lists columns, each with its table, that are neither added nor changed, nor are the
    /// constraints and indexes that need them.
    #[must_use]
    pub fn target(
        self,
        expected: &Schema,
        actual: &Schema,
        without: &BTreeSet<(Name, String)>,
    ) -> Schema {
        let mut target = Schema::empty(actual.dialect);
        target.not_carried.clone_from(&actual.not_carried);
        for object in expected.objects() {
            match (object, actual.find(object)) {
                (ObjectRef::View(_, view), None) if mentions_any(view, without) => {}
                (_, None) => target.insert(object),
                (_, Some(existing)) if existing == object => target.insert(object),
                (ObjectRef::Table(name, table), Some(ObjectRef::Table(_, existing))) => {
                    let without = without
                        .iter()
                        .filter(|(table, _)| table == name)
                        .map(|(_, column)| column.as_str())
                        .collect();
                    let table = self.table(expected.dialect, table, existing, &without);
                    target.insert(ObjectRef::Table(name, &table));
                }
                // Values can be added where they belong, and no existing one changes.
                (ObjectRef::Enum(name, of), Some(ObjectRef::Enum(_, existing)))
                    if !self.changes && follow(&existing.values, &of.values) =>
                {
                    let extended = Enum {
                        values: of.values.clone(),
                        comment: existing.comment.clone(),
                    };
                    target.insert(ObjectRef::Enum(name, &extended));
                }
                (_, Some(existing)) => target.insert(self.pick(existing, object)),
            }
        }
        if !self.drops {
            let extra = |object: &ObjectRef<'_>| expected.find(*object).is_none();
            for object in actual.objects().filter(extra) {
                target.insert(object);
            }
        }
        target
    }

    /// Returns the columns that need a value for the existing rows: they are not nullable, have no
    /// default, and the database does not generate one.
    #[must_use]
    pub fn unfilled(self, expected: &Schema, actual: &Schema) -> Vec<Unfilled> {
        let mut found = Vec::new();
        for (name, table) in &expected.tables {
            let Some(existing) = actual.tables.get(name) else {
                continue;
            };
            for column in &table.columns {
                let has_value = column.nullable
                    || column.generated.is_some()
                    || column.identity.is_some()
                    || expected.dialect == Dialect::Sqlite && table.is_rowid(column);
                let exists = match existing.column(&column.name) {
                    _ if has_value => continue,
                    None if column.default.is_none() => false,
                    Some(old) if old.nullable && self.changes => true,
                    None | Some(_) => continue,
                };
                found.push(Unfilled {
                    table: name.clone(),
                    column: column.name.clone(),
                    exists,
                });
            }
        }
        found
    }

    fn table(
        self,
        dialect: Dialect,
        expected: &Table,
        existing: &Table,
        without: &BTreeSet<&str>,
    ) -> Table {
        // A table that is recreated loses its rows.
        if must_recreate(dialect, existing, expected) && !(self.changes && self.drops) {
            return existing.clone();
        }
        let mut table = match self.changes {
            true => Table {
                comment: expected.comment.clone(),
                options: expected.options.clone(),
                inherits: expected.inherits.clone(),
                partition_of: expected.partition_of.clone(),
                ..existing.clone()
            },
            false => existing.clone(),
        };
        let mut columns = Vec::new();
        for column in &expected.columns {
            let away = without.contains(column.name.as_str());
            columns.extend(match existing.column(&column.name) {
                Some(old) if away || !self.changes => Some(old.clone()),
                Some(_) => Some(column.clone()),
                None if away => None,
                None => Some(column.clone()),
            });
        }
        let extra = |column: &&Column| expected.column(&column.name).is_none();
        if !self.drops {
            columns.extend(existing.columns.iter().filter(extra).cloned());
        }
        table.columns = columns;
        self.constraints(expected, existing, &mut table, without);
        if table.primary_key.is_none() {
            // It needs a key.
            table.options.remove("WITHOUT ROWID");
        }
        table.indexes = self.indexes(expected, existing, without, &table);
        table.triggers = self.parts(&expected.triggers, &existing.triggers);
        table.policies = self.parts(&expected.policies, &existing.policies);
        table.rules = self.parts(&expected.rules, &existing.rules);
        table
    }

    fn constraints(
        self,
        expected: &Table,
        existing: &Table,
        table: &mut Table,
        without: &BTreeSet<&str>,
    ) {
        let mut extra = Constraint::all(existing);
        let mut kept = Vec::new();
        let mut missing = Constraint::all(expected);
        missing.retain(|constraint| {
            let same = extra.iter().position(|old| old == constraint);
            kept.extend(same.map(|at| extra.remove(at)));
            same.is_none()
        });
        for constraint in missing {
            if !fits_on(&constraint, table, without) {
                continue;
            }
            let other = extra.iter().position(|old| stands_for(old, &constraint));
            match (other, self.changes) {
                (None, _) => kept.push(constraint),
                (Some(at), true) => {
                    extra.remove(at);
                    kept.push(constraint);
                }
                (Some(_), false) => {}
            }
        }
        if !self.drops {
            kept.extend(extra);
        }
        // A dropped column takes the constraints on it along.
        kept.retain(|constraint| fits_on(constraint, table, &BTreeSet::new()));
        table.primary_key = None;
        table.uniques.clear();
        table.checks.clear();
        table.exclusions.clear();
        table.foreign_keys.clear();
        for constraint in kept {
            match constraint {
                Constraint::PrimaryKey(key) => table.primary_key = Some(key),
                Constraint::Unique(key) => table.uniques.push(key),
                Constraint::Check(check) => table.checks.push(check),
                Constraint::Exclusion(name, definition) => {
                    table.exclusions.insert(name, definition);
                }
                Constraint::ForeignKey(key) => table.foreign_keys.push(key),
            }
        }
        table.uniques.sort();
        table.checks.sort();
        table.foreign_keys.sort();
    }

    fn indexes(
        self,
        expected: &Table,
        existing: &Table,
        without: &BTreeSet<&str>,
        table: &Table,
    ) -> BTreeMap<String, Index> {
        let mut missing = expected.indexes.clone();
        missing.retain(|name, index| {
            existing.indexes.contains_key(name) || index_fits_on(index, table, without)
        });
        let mut existing = existing.indexes.clone();
        // The same index by another name is not created a second time.
        let renamed: Vec<(String, String)> = missing
            .iter()
            .filter(|(name, _)| !existing.contains_key(*name))
            .filter_map(|(name, index)| {
                let same = |(old, other): &(&String, &Index)| {
                    *other == index && !expected.indexes.contains_key(*old)
                };
                Some((existing.iter().find(same)?.0.clone(), name.clone()))
            })
            .collect();
        for (old, new) in renamed {
            match self.changes {
                true => drop(existing.remove(&old)),
                false => drop(missing.remove(&new)),
            }
        }
        let mut indexes = self.parts(&missing, &existing);
        indexes.retain(|_, index| index_fits_on(index, table, &BTreeSet::new()));
        indexes
    }

    /// Takes the expected parts of a table, and existing ones as far as they are not changed or
    /// dropped.
    fn parts<V: Clone>(
        self,
        expected: &BTreeMap<String, V>,
        existing: &BTreeMap<String, V>,
    ) -> BTreeMap<String, V> {
        let mut all = match self.drops {
            true => BTreeMap::new(),
            false => existing.clone(),
        };
        for (name, expected) in expected {
            let value = match existing.get(name) {
                Some(existing) => self.pick(existing, expected),
                None => expected,
            };
            all.insert(name.clone(), value.clone());
        }
        all
    }

    /// Picks the existing form of what differs, or the expected one if that may change.
    fn pick<T>(self, existing: T, expected: T) -> T {
        match self.changes {
            true => expected,
            false => existing,
        }
    }
}

/// Returns whether a view may be about one of these columns.
fn mentions_any(view: &View, columns: &BTreeSet<(Name, String)>) -> bool {
    let words = Words::of(&view.definition);
    columns
        .iter()
        .any(|(table, column)| words.mention(&table.name) && words.mention(column))
}

/// Returns whether another list has these values in the same order, possibly among others.
fn follow(values: &[String], all: &[String]) -> bool {
    let mut all = all.iter();
    values.iter().all(|value| all.any(|other| other == value))
}

/// Returns whether an existing constraint is another form of the new one, or takes its place.
fn stands_for(old: &Constraint, new: &Constraint) -> bool {
    let same_name = old.name().is_some() && old.name() == new.name();
    same_name
        || old.named(None) == new.named(None)
        || match (old, new) {
            (Constraint::PrimaryKey(_), Constraint::PrimaryKey(_)) => true,
            (Constraint::Unique(old), Constraint::Unique(new)) => old.columns == new.columns,
            (Constraint::ForeignKey(old), Constraint::ForeignKey(new)) => {
                old.columns == new.columns && old.table == new.table
            }
            _ => false,
        }
}

/// Returns whether a table has the columns that a constraint needs.
fn fits_on(constraint: &Constraint, table: &Table, without: &BTreeSet<&str>) -> bool {
    let has = |columns: &[String]| {
        columns
            .iter()
            .all(|name| table.column(name).is_some() && !without.contains(name.as_str()))
    };
    match constraint {
        Constraint::PrimaryKey(key) | Constraint::Unique(key) => has(&key.columns),
        Constraint::ForeignKey(key) => has(&key.columns),
        Constraint::Check(check) => mentions_none(&check.expression, without),
        Constraint::Exclusion(_, definition) => mentions_none(definition, without),
    }
}

fn index_fits_on(index: &Index, table: &Table, without: &BTreeSet<&str>) -> bool {
    let parts = index.parts.iter().all(|part| match part.expression {
        true => mentions_none(&part.over, without),
        false => table.column(&part.over).is_some() && !without.contains(part.over.as_str()),
    });
    parts
        && index
            .include
            .iter()
            .all(|name| table.column(name).is_some())
        && index
            .predicate
            .as_ref()
            .is_none_or(|predicate| mentions_none(predicate, without))
}

fn mentions_none(text: &str, names: &BTreeSet<&str>) -> bool {
    let words = Words::of(text);
    !names.iter().any(|name| words.mention(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differences;
    use crate::lock::SchemaLock;
    use crate::schema::ObjectKind;

    const ADD: Reconcile = Reconcile {
        changes: false,
        drops: false,
    };
    const CHANGE: Reconcile = Reconcile {
        changes: true,
        drops: false,
    };
    const ALL: Reconcile = Reconcile {
        changes: true,
        drops: true,
    };

    fn schema(lines: &str) -> Schema {
        let text = format!("version 1\n[postgres]\n{lines}");
        let lock = SchemaLock::parse("schema.lock", &text);
        let mut lock = lock.unwrap_or_else(|found| panic!("{lines}: {}", found[0]));
        lock.schemas.remove(&Dialect::Postgres).unwrap()
    }

    /// What is left of the differences.
    fn left(allowed: Reconcile, expected: &str, actual: &str) -> Vec<String> {
        let (expected, actual) = (schema(expected), schema(actual));
        let target = allowed.target(&expected, &actual, &BTreeSet::new());
        let left = differences(&expected, &target);
        let shown = left
            .iter()
            .map(|it| format!("{} {}", it.kind.as_str(), it.object));
        shown.collect()
    }

    const TABLE: &str =
        "table t\ntable t column a at=1 type=text\ntable t column b at=2 type=integer null\n";

    #[test]
    fn what_is_missing_is_added_whatever_it_is() {
        let expected = format!(
            "{TABLE}table t primary-key column=a name=t_pkey\ntable t unique column=b name=k\ntable t check expression=\"b > 0\" name=c\ntable t index i part=b\ntable u\ntable u column x at=1 type=text\nenum e value=x\nschema s\n"
        );
        for actual in ["", "table t\ntable t column a at=1 type=text\n", TABLE] {
            assert_eq!(left(ADD, &expected, actual), [""; 0], "{actual}");
        }
    }

    /// A line for an object of each kind that is created from nothing else.
    const EVERY_KIND: &str = "schema s\nextension citext\ncollation c definition=\"(provider = icu)\"\ndictionary d definition=\"(TEMPLATE = simple)\"\nconfiguration f definition=\"(PARSER = default)\"\nenum e value=x\ntype t definition=\"AS (x integer)\"\ndomain dom type=text\nsequence q type=bigint start=1 increment=1 min=1 max=9 cache=1\nroutine \"function f()\" definition=\"CREATE FUNCTION f()\"\nstatistics s definition=\"ON a, b FROM u\"\nevent e definition=\"CREATE EVENT e\"\nwrapper w definition=\"NO HANDLER\"\nserver s definition=\"FOREIGN DATA WRAPPER w\"\npublication p definition=\"FOR TABLE u\"\nevent-trigger t definition=\"ON sql_drop\"\noperator \"=== (text, text)\" definition=\"(FUNCTION = f)\"\ncast \"text AS integer\" definition=\"WITH INOUT\"\ntable u\nview v definition=\"SELECT 1\"\n";

    #[test]
    fn every_kind_is_added_changed_and_dropped() {
        let all = schema(EVERY_KIND);
        for kind in ObjectKind::ALL {
            assert_eq!(all.count(*kind), 1, "{kind:?}");
        }
        assert_eq!(left(ADD, EVERY_KIND, ""), [""; 0]);
        assert_eq!(left(CHANGE, "", EVERY_KIND).len(), ObjectKind::ALL.len());
        assert_eq!(left(ALL, "", EVERY_KIND), [""; 0]);
        let other = EVERY_KIND
            .replace("schema s", "schema s comment=x")
            .replace("extension citext", "extension citext schema=s")
            .replace("definition=\"", "definition=\"x")
            .replace("value=x", "value=y")
            .replace("type=text", "type=integer")
            .replace("start=1", "start=2")
            .replace("table u\n", "table u comment=x\n");
        assert_eq!(left(ADD, &other, EVERY_KIND).len(), ObjectKind::ALL.len());
        assert_eq!(left(CHANGE, &other, EVERY_KIND), [""; 0]);
    }

    #[test]
    fn only_a_rowid_fills_itself() {
        let table = |options: &str, qualifier: &str| {
            let lines = format!(
                "version 1\n[sqlite]\ntable t{options}\ntable t column a at=1 type=TEXT\ntable t column id at=2 type=INTEGER\ntable t primary-key column=id{qualifier}\n"
            );
            let lock = SchemaLock::parse("schema.lock", &lines);
            let mut lock = lock.unwrap_or_else(|found| panic!("{lines}: {}", found[0]));
            lock.schemas.remove(&Dialect::Sqlite).unwrap()
        };
        let mut actual = Schema::empty(Dialect::Sqlite);
        let a = Column {
            name: "a".to_owned(),
            sql_type: "TEXT".to_owned(),
            ..Column::default()
        };
        let columns = vec![a];
        let without_id = Table {
            columns,
            ..Table::default()
        };
        actual.tables.insert(Name::plain("t"), without_id);
        let unfilled = |expected: &Schema| ADD.unfilled(expected, &actual).len();
        assert_eq!(unfilled(&table("", "")), 0);
        let without_rowid = table(" option=\"WITHOUT ROWID\"", "");
        assert_eq!(unfilled(&without_rowid), 1);
        // The key and what needs it stay away together.
        let id = BTreeSet::from([(Name::plain("t"), "id".to_owned())]);
        assert_eq!(CHANGE.target(&without_rowid, &actual, &id), actual);
        assert_eq!(unfilled(&table("", " qualifier=id is=DESC")), 1);
    }

    #[test]
    fn what_differs_stays_until_changes_are_allowed() {
        let expected = format!("{TABLE}table t index i part=b\ntable t unique column=a name=k\n");
        let actual = "table t\ntable t column a at=1 type=varchar\ntable t column b at=2 type=integer\ntable t index i part=a\ntable t unique column=a name=other\n";
        assert_eq!(
            left(ADD, &expected, actual),
            [
                "missing index `i` of table `t`",
                "extra index `i` of table `t`",
                "different column `t.a`",
                "different column `t.b`",
                "different name of unique constraint `k` of table `t`",
            ]
        );
        assert_eq!(left(CHANGE, &expected, actual), [""; 0]);
    }

    #[test]
    fn what_is_extra_stays_until_drops_are_allowed() {
        let actual = format!(
            "{TABLE}table t column mine at=3 type=text\ntable t index mine_i part=mine\ntable t check expression=\"b > 0\" name=c\ntable u\nenum e value=x\n"
        );
        let found = left(CHANGE, TABLE, &actual);
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(left(ALL, TABLE, &actual), [""; 0]);
    }

    #[test]
    fn a_key_is_not_made_beside_another_of_the_same_columns() {
        let expected =
            format!("{TABLE}table t foreign-key column=b table=t references=b on-delete=CASCADE\n");
        let actual = format!("{TABLE}table t foreign-key column=b table=t references=b\n");
        let found = left(ADD, &expected, &actual);
        assert_eq!(found.len(), 2, "{found:?}");
        let (expected, actual) = (schema(&expected), schema(&actual));
        let target = ADD.target(&expected, &actual, &BTreeSet::new());
        assert_eq!(target, actual);
        assert_eq!(
            CHANGE.target(&expected, &actual, &BTreeSet::new()),
            expected
        );
    }

    #[test]
    fn values_of_an_enum_are_added_where_they_belong_and_never_taken() {
        let all = "enum e value=a value=b value=c\n";
        assert_eq!(left(ADD, all, "enum e value=a value=c\n"), [""; 0]);
        assert_eq!(
            left(ADD, all, "enum e value=c value=a\n"),
            ["different enum `e`"]
        );
        assert_eq!(left(ADD, "enum e value=a\n", all), ["different enum `e`"]);
    }

    #[test]
    fn a_column_that_stays_away_keeps_what_needs_it_away() {
        let expected = format!(
            "{TABLE}table t unique column=a name=k\ntable t index i part=lower(a) expression\ntable t index j part=b\n"
        );
        let actual = "table t\ntable t column b at=1 type=integer null\n";
        let (expected, actual) = (schema(&expected), schema(actual));
        let column = (Name::plain("t"), "a".to_owned());
        let needed = ADD.unfilled(&expected, &actual);
        assert_eq!(needed.len(), 1);
        assert_eq!((needed[0].column.as_str(), needed[0].exists), ("a", false));
        let target = ADD.target(&expected, &actual, &BTreeSet::from([column]));
        let table = &target.tables[&Name::plain("t")];
        assert_eq!(table.columns.len(), 1);
        assert!(table.uniques.is_empty());
        assert_eq!(table.indexes.keys().collect::<Vec<_>>(), ["j"]);
    }
}
