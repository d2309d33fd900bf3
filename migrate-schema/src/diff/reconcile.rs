//! What a schema becomes when it gets what it lacks of another.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::change::Constraint;
use crate::diff::must_recreate;
use crate::schema::text::Words;
use crate::schema::{Column, Enum, Index, Name, ObjectRef, Schema, Table, View};
use migrate_core::Dialect;

/// How far a schema may be changed to be what it should be.
///
/// What is missing is added in any case.
///
/// ```
/// use std::collections::BTreeSet;
/// use migrate_core::Dialect;
/// use migrate_schema::{Name, Repair, Schema, Table, differences};
///
/// let mut expected = Schema::empty(Dialect::Sqlite);
/// let mut actual = expected.clone();
/// expected.tables.insert(Name::plain("users"), Table::default());
/// actual.tables.insert(Name::plain("mine"), Table::default());
///
/// let wanted = Repair::default().wanted(&expected, &actual, &BTreeSet::new());
/// let left = differences(&expected, &wanted);
/// assert_eq!(left[0].to_string(), "extra table `mine`");
/// assert_eq!(left.len(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// What is there in another way may become what it should be: types, nullability, defaults,
    /// definitions, names.
    pub changes: bool,
    /// What should not be there may go.
    pub drops: bool,
}

/// A column that rows have no value for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfilled {
    /// Its table, which is there.
    pub table: Name,
    /// Its name.
    pub column: String,
    /// Whether it is there and takes NULL: then only the rows that have NULL there count.
    pub is_there: bool,
}

impl Repair {
    /// Returns what `actual` becomes on the way to `expected`.
    ///
    /// `without` are columns, each with its table, that stay as they are or stay away, and with
    /// them the constraints and indexes that need them.
    #[must_use]
    pub fn wanted(
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
                (ObjectRef::Table(name, wanted), Some(ObjectRef::Table(_, existing))) => {
                    let kept = without
                        .iter()
                        .filter(|(table, _)| table == name)
                        .map(|(_, column)| column.as_str())
                        .collect();
                    let table = self.table(expected.dialect, wanted, existing, &kept);
                    target.insert(ObjectRef::Table(name, &table));
                }
                // Values can be added where they belong, and no existing one changes.
                (ObjectRef::Enum(name, wanted), Some(ObjectRef::Enum(_, existing)))
                    if !self.changes && follow(&existing.values, &wanted.values) =>
                {
                    let extended = Enum {
                        values: wanted.values.clone(),
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

    /// Returns the columns that cannot be there without a value for the rows there are: what must
    /// not be NULL, has no default and is not computed.
    #[must_use]
    pub fn unfilled(self, expected: &Schema, actual: &Schema) -> Vec<Unfilled> {
        let mut found = Vec::new();
        for (name, should) in &expected.tables {
            let Some(there) = actual.tables.get(name) else {
                continue;
            };
            for column in &should.columns {
                let has_value = column.nullable
                    || column.generated.is_some()
                    || column.identity.is_some()
                    || expected.dialect == Dialect::Sqlite && should.is_rowid(column);
                let is_there = match there.column(&column.name) {
                    _ if has_value => continue,
                    None if column.default.is_none() => false,
                    Some(old) if old.nullable && self.changes => true,
                    None | Some(_) => continue,
                };
                found.push(Unfilled {
                    table: name.clone(),
                    column: column.name.clone(),
                    is_there,
                });
            }
        }
        found
    }

    fn table(
        self,
        dialect: Dialect,
        should: &Table,
        there: &Table,
        without: &BTreeSet<&str>,
    ) -> Table {
        // It would go with all its rows.
        let anew = must_recreate(dialect, there, should);
        if anew && !(self.changes && self.drops) {
            return there.clone();
        }
        let mut table = match self.changes {
            true => Table {
                comment: should.comment.clone(),
                options: should.options.clone(),
                inherits: should.inherits.clone(),
                partition_of: should.partition_of.clone(),
                ..there.clone()
            },
            false => there.clone(),
        };
        let mut columns = Vec::new();
        for column in &should.columns {
            let away = without.contains(column.name.as_str());
            columns.extend(match there.column(&column.name) {
                Some(old) if away || !self.changes => Some(old.clone()),
                Some(_) => Some(column.clone()),
                None if away => None,
                None => Some(column.clone()),
            });
        }
        let extra = |column: &&Column| should.column(&column.name).is_none();
        if !self.drops {
            columns.extend(there.columns.iter().filter(extra).cloned());
        }
        table.columns = columns;
        self.constraints(should, there, &mut table, without);
        table.indexes = self.indexes(should, there, without, &table);
        let definitions = |should, there| self.maps(should, there);
        table.triggers = definitions(&should.triggers, &there.triggers);
        table.policies = definitions(&should.policies, &there.policies);
        table.rules = definitions(&should.rules, &there.rules);
        table
    }

    fn constraints(
        self,
        should: &Table,
        there: &Table,
        table: &mut Table,
        without: &BTreeSet<&str>,
    ) {
        let mut extra = Constraint::all(there);
        let mut kept = Vec::new();
        let mut missing = Constraint::all(should);
        missing.retain(|constraint| {
            let same = extra.iter().position(|old| old == constraint);
            kept.extend(same.map(|at| extra.remove(at)));
            same.is_none()
        });
        for constraint in missing {
            if !can_stand(&constraint, table, without) {
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
        // What spoke of a column that goes, goes with it.
        kept.retain(|constraint| can_stand(constraint, table, &BTreeSet::new()));
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
        should: &Table,
        there: &Table,
        without: &BTreeSet<&str>,
        table: &Table,
    ) -> BTreeMap<String, Index> {
        let mut missing = should.indexes.clone();
        missing.retain(|name, index| {
            there.indexes.contains_key(name) || index_can_stand(index, table, without)
        });
        let mut there = there.indexes.clone();
        // The same index by another name is not made twice.
        let renamed: Vec<(String, String)> = missing
            .iter()
            .filter(|(name, _)| !there.contains_key(*name))
            .filter_map(|(name, index)| {
                let same = |(old, other): &(&String, &Index)| {
                    *other == index && !should.indexes.contains_key(*old)
                };
                Some((there.iter().find(same)?.0.clone(), name.clone()))
            })
            .collect();
        for (old, new) in renamed {
            match self.changes {
                true => drop(there.remove(&old)),
                false => drop(missing.remove(&new)),
            }
        }
        let mut indexes = self.maps(&missing, &there);
        indexes.retain(|_, index| index_can_stand(index, table, &BTreeSet::new()));
        indexes
    }

    /// Takes the expected parts of a table, and existing ones as far as they are not changed or
    /// dropped.
    fn maps<V: Clone>(
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

/// Says whether values come in the same order in another list that may have more.
fn follow(values: &[String], all: &[String]) -> bool {
    let mut all = all.iter();
    values.iter().all(|value| all.any(|other| other == value))
}

/// Says whether an existing constraint is the same thing in another way, or in the way of it.
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

/// Says whether a table has all that a constraint needs.
fn can_stand(constraint: &Constraint, table: &Table, without: &BTreeSet<&str>) -> bool {
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

fn index_can_stand(index: &Index, table: &Table, without: &BTreeSet<&str>) -> bool {
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

    const ADD: Repair = Repair {
        changes: false,
        drops: false,
    };
    const CHANGE: Repair = Repair {
        changes: true,
        drops: false,
    };
    const ALL: Repair = Repair {
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
    fn left(repair: Repair, expected: &str, actual: &str) -> Vec<String> {
        let (expected, actual) = (schema(expected), schema(actual));
        let wanted = repair.wanted(&expected, &actual, &BTreeSet::new());
        let left = differences(&expected, &wanted);
        let told = left
            .iter()
            .map(|it| format!("{} {}", it.kind.as_str(), it.object));
        told.collect()
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
        let wanted = ADD.wanted(&expected, &actual, &BTreeSet::new());
        assert_eq!(wanted, actual);
        assert_eq!(
            CHANGE.wanted(&expected, &actual, &BTreeSet::new()),
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
        assert_eq!(
            (needed[0].column.as_str(), needed[0].is_there),
            ("a", false)
        );
        let wanted = ADD.wanted(&expected, &actual, &BTreeSet::from([column]));
        let table = &wanted.tables[&Name::plain("t")];
        assert_eq!(table.columns.len(), 1);
        assert!(table.uniques.is_empty());
        assert_eq!(table.indexes.keys().collect::<Vec<_>>(), ["j"]);
    }
}
