//! PostgreSQL: one change a statement, in the order in which they depend on each other.

mod affected;
mod column;
mod inheritance;
mod nodes;
mod objects;
mod privileges;
mod table;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use self::affected::Affected;
use self::column::Altered;
use self::inheritance::{Inheritance, Own};
use self::nodes::Node;
use crate::ddl::clause;
use crate::ddl::{Ddl, Out};
use crate::diff::Transition;
use crate::diff::after_renames::free_name;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::diff::order;
use crate::schema::text::Words;
use crate::schema::{Column, Name, ObjectRef, Schema, Table};
use migrate_core::Dialect;
use migrate_sql::split;

const DIALECT: Dialect = Dialect::Postgres;

pub(super) fn statements(transition: &Transition<'_>) -> Vec<Ddl> {
    let first = Plan::new(transition, &BTreeSet::new()).run();
    // A value that was added cannot be used before the transaction ends (PostgreSQL manual, "ALTER
    // TYPE", Notes). Then the type is recreated.
    let mut used = BTreeSet::new();
    for change in &transition.changes {
        let Change::Alter {
            from: Object::Enum { value: from, .. },
            to: Object::Enum { name, value: to },
        } = change
        else {
            continue;
        };
        let new = to
            .values
            .iter()
            .filter(|value| !from.values.contains(value));
        let literals: Vec<String> = new.map(|value| DIALECT.literal(value)).collect();
        let uses = |ddl: &Ddl| {
            !ddl.sql.starts_with("ALTER TYPE") && literals.iter().any(|it| ddl.sql.contains(it))
        };
        if first.iter().any(uses) {
            used.insert(name.clone());
        }
    }
    match used.is_empty() {
        true => first,
        false => Plan::new(transition, &used).run(),
    }
}

/// Splits a text into its statements.
fn each(sql: &str) -> Vec<String> {
    match split(DIALECT, sql) {
        Ok(parts) => parts.into_iter().map(|part| sql[part].to_owned()).collect(),
        // A text that cannot be split is one statement.
        Err(_) => vec![sql.to_owned()],
    }
}

fn comment(kind: &str, quoted: &str, comment: Option<&str>) -> String {
    let text = comment.map_or_else(|| "NULL".to_owned(), |text| DIALECT.literal(text));
    format!("COMMENT ON {kind} {quoted} IS {text}")
}

struct Plan<'a> {
    transition: &'a Transition<'a>,
    affected: Affected<'a>,
    inheritance: Inheritance<'a>,
    /// The constraints of existing tables that are added last: new ones, and those that were dropped
    /// meanwhile.
    to_recreate: Vec<(&'a Name, Constraint)>,
    /// The defaults that are already gone.
    without_default: BTreeSet<(&'a Name, &'a str)>,
    /// The types that wait under another name until nothing is of them.
    displaced: BTreeMap<Name, Name>,
    /// The tables that exist by now.
    existing: BTreeSet<&'a Name>,
    /// The views that are changed in place.
    replaced: BTreeSet<Name>,
    /// The objects that were dropped and created again.
    recreated: Vec<ObjectRef<'a>>,
    out: Out,
}

impl<'a> Plan<'a> {
    fn new(transition: &'a Transition<'a>, used: &BTreeSet<Name>) -> Self {
        let affected = Affected::new(transition, used);
        let renamed = &transition.after_renames.schema;
        Self {
            transition,
            inheritance: Inheritance::new(renamed, transition.to, &affected.tables),
            affected,
            to_recreate: Vec::new(),
            without_default: BTreeSet::new(),
            displaced: BTreeMap::new(),
            existing: BTreeSet::new(),
            replaced: BTreeSet::new(),
            recreated: Vec::new(),
            out: Out::default(),
        }
    }

    fn renamed(&self) -> &'a Schema {
        &self.transition.after_renames.schema
    }

    fn run(mut self) -> Vec<Ddl> {
        self.rename();
        self.create_prerequisites();
        let views = self.drop_views();
        self.drop_on_tables();
        self.drop_on_gone_tables();
        self.drop_constraints();
        let indexes = self.drop_indexes();
        self.drop_defaults();
        self.drop_columns();
        self.drop_tables_and_routines();
        self.drop_sequences();
        self.rename_on_tables();
        self.types();
        self.sequences();
        let late = self.create_tables_and_routines(&views);
        self.alter_tables();
        self.alter_columns();
        let keys = self.add_constraints();
        self.create_indexes(&indexes);
        self.add_all(&keys);
        self.create_views(&views, &late);
        self.create_on_tables();
        self.restore_privileges();
        self.finish();
        self.out.0
    }

    fn rename(&mut self) {
        for change in &self.transition.changes {
            match change {
                Change::Rename(Renamed::Table { from, to }) => self.out.add(format!(
                    "ALTER TABLE {} RENAME TO {}",
                    from.quoted(DIALECT),
                    DIALECT.quote(&to.name)
                )),
                Change::Rename(Renamed::Column { table, from, to }) => self.out.add(format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {}",
                    table.quoted(DIALECT),
                    DIALECT.quote(from),
                    DIALECT.quote(to)
                )),
                _ => {}
            }
        }
    }

    /// Drops the triggers, policies and rules that change or block other changes.
    fn drop_on_tables(&mut self) {
        for (name, before) in self.affected.surviving() {
            let after = &self.transition.to.tables[name];
            for (keyword, before, after) in on_tables(before, after) {
                for (object, definition) in before {
                    if after.get(object) != Some(definition)
                        || self.affected.on_table(name, definition)
                    {
                        self.out.add(format!(
                            "DROP {keyword} {} ON {}",
                            DIALECT.quote(object),
                            name.quoted(DIALECT)
                        ));
                    }
                }
            }
        }
    }

    /// Drops the policies and rules of dropped tables that mention another dropped object, which could
    /// not be dropped otherwise. Triggers are dropped with their tables, before their functions.
    fn drop_on_gone_tables(&mut self) {
        let renamed = self.renamed();
        let tables = self.affected.tables.iter().copied();
        let routines = renamed.routines.keys();
        let gone: BTreeSet<&Name> = routines
            .filter(|it| self.affected.routines.contains(*it))
            .map(|signature| &signature.name)
            .chain(tables)
            .collect();
        for (name, table) in &renamed.tables {
            if !self.affected.tables.contains(name) {
                continue;
            }
            for (kind, all) in [("POLICY", &table.policies), ("RULE", &table.rules)] {
                for (object, definition) in all {
                    let words = Words::of(definition);
                    if gone
                        .iter()
                        .any(|other| *other != name && words.mention(&other.name))
                    {
                        self.out.add(format!(
                            "DROP {kind} {} ON {}",
                            DIALECT.quote(object),
                            name.quoted(DIALECT)
                        ));
                    }
                }
            }
        }
    }

    fn create_on_tables(&mut self) {
        let surviving: BTreeMap<&Name, &Table> = self.affected.surviving().collect();
        let nothing = Table::default();
        for (name, after) in &self.transition.to.tables {
            let before = surviving.get(name).copied();
            for (_, before_all, after) in on_tables(before.unwrap_or(&nothing), after) {
                for (object, definition) in after {
                    let stays = before_all.get(object) == Some(definition)
                        && !self.affected.on_table(name, definition);
                    if !stays {
                        for statement in each(definition) {
                            self.out.add(statement);
                        }
                    }
                }
            }
        }
    }

    /// Drops the constraints that are dropped or block other changes, foreign keys first.
    fn drop_constraints(&mut self) {
        let mut gone: Vec<(bool, &Name, Constraint)> = Vec::new();
        let dropped: BTreeSet<&Name> = self.affected.tables.clone();
        for change in &self.transition.changes {
            match change {
                Change::Drop(Object::Constraint {
                    table,
                    value: constraint,
                }) => {
                    gone.push((false, table, constraint.clone()));
                }
                Change::Create(Object::Constraint {
                    table,
                    value: constraint,
                }) => {
                    self.to_recreate.push((table, constraint.clone()));
                }
                _ => {}
            }
        }
        for (name, before) in self.affected.surviving() {
            let after = Constraint::all(&self.transition.to.tables[name]);
            for constraint in Constraint::all(before) {
                if self.affected.constraint(name, &constraint) {
                    // A renamed one is recreated with its new name.
                    let renamed = self
                        .transition
                        .changes
                        .iter()
                        .find_map(|change| match change {
                            Change::Rename(Renamed::Constraint { table, from, to })
                                if table == name && *from == constraint =>
                            {
                                Some(to.clone())
                            }
                            _ => None,
                        });
                    let back =
                        renamed.or_else(|| after.contains(&constraint).then(|| constraint.clone()));
                    if let Some(back) = back {
                        gone.push((false, name, constraint));
                        self.to_recreate.push((name, back));
                    }
                }
            }
        }
        // Foreign keys between dropped tables, or to a key that changes.
        for (name, table) in &self.renamed().tables {
            if dropped.contains(name) {
                for key in &table.foreign_keys {
                    let key = Constraint::ForeignKey(key.clone());
                    if self.affected.constraint(name, &key) {
                        gone.push((true, name, key));
                    }
                }
            }
        }
        // Such a key is dropped before, unless its own table is dropped first anyway.
        let order = self.drop_order();
        let place = |name: &Name| order.iter().position(|node| *node == Node::Table(name));
        gone.retain(|(of_dropped, name, constraint)| match constraint {
            Constraint::ForeignKey(key) if *of_dropped => {
                key.table != **name && place(&key.table) < place(name)
            }
            _ => true,
        });
        // What a table inherits goes with that of the table above; what is its own then can go.
        gone.sort_by_key(|(_, name, constraint)| {
            let is_key = matches!(constraint, Constraint::ForeignKey(_));
            (!is_key, self.inheritance.depth(name))
        });
        for (_, name, constraint) in gone {
            if let Some(constraint) = constraint.name() {
                self.out.add(format!(
                    "ALTER TABLE {} DROP CONSTRAINT {}",
                    name.quoted(DIALECT),
                    DIALECT.quote(constraint)
                ));
            }
        }
    }

    /// Drops the indexes that are dropped or block other changes; returns those to recreate.
    fn drop_indexes(&mut self) -> BTreeSet<(&'a Name, &'a str)> {
        let mut back = BTreeSet::new();
        for change in &self.transition.changes {
            if let Change::Drop(Object::Index { table, name, .. }) = change {
                self.drop_index(table, name);
            }
        }
        for (name, before) in self.affected.surviving() {
            let after = &self.transition.to.tables[name];
            for (index_name, index) in &before.indexes {
                let renamed = self
                    .transition
                    .changes
                    .iter()
                    .find_map(|change| match change {
                        Change::Rename(Renamed::Index { table, from, to })
                            if table == name && from == index_name =>
                        {
                            Some(to)
                        }
                        _ => None,
                    });
                let stays = renamed.or_else(|| {
                    (after.indexes.get(index_name) == Some(index)).then_some(index_name)
                });
                if let Some(new_name) = stays
                    && self.affected.index(name, index)
                {
                    self.drop_index(name, index_name);
                    back.insert((name, new_name.as_str()));
                }
            }
        }
        back
    }

    fn drop_index(&mut self, table: &Name, name: &str) {
        let index = Name {
            name: name.to_owned(),
            ..table.clone()
        };
        self.out
            .add(format!("DROP INDEX {}", index.quoted(DIALECT)));
    }

    /// Drops the defaults that mention a dropped object, and those of retyped columns.
    fn drop_defaults(&mut self) {
        for (name, before) in self.affected.surviving() {
            for column in &before.columns {
                let stays = self.transition.to.tables[name]
                    .column(&column.name)
                    .is_some();
                if stays
                    && !self.affected.is_rebuilt(name, &column.name)
                    && self.affected.default(name, column)
                {
                    let only = match self.inheritance.has_children(name) {
                        true => "ONLY ",
                        false => "",
                    };
                    self.out.add(format!(
                        "ALTER TABLE {only}{} ALTER COLUMN {} DROP DEFAULT",
                        name.quoted(DIALECT),
                        DIALECT.quote(&column.name)
                    ));
                    self.without_default.insert((name, &column.name));
                }
            }
        }
        for (name, sequence) in &self.renamed().sequences {
            let Some((table, column)) = &sequence.owned_by else {
                continue;
            };
            let after = self.transition.to.tables.get(table);
            let goes = self.affected.tables.contains(table)
                || after.is_none_or(|after| after.column(column).is_none())
                || self.affected.is_rebuilt(table, column);
            if goes {
                self.out.add(format!(
                    "ALTER SEQUENCE {} OWNED BY NONE",
                    name.quoted(DIALECT)
                ));
            }
        }
    }

    /// Drops columns, first those that are computed from others.
    fn drop_columns(&mut self) {
        let mut gone: Vec<(&Name, &Column)> = Vec::new();
        for change in &self.transition.changes {
            if let Change::Drop(Object::Column {
                table,
                value: column,
            }) = change
            {
                gone.push((table, column));
            }
        }
        for (name, before) in self.affected.surviving() {
            let columns = before.columns.iter();
            let rebuilt = columns.filter(|column| self.affected.is_rebuilt(name, &column.name));
            let own = rebuilt.filter(|column| !self.inheritance.is_from_above(name, column));
            gone.extend(own.map(|column| (name, column)));
        }
        gone.retain(|(table, column)| !self.inheritance.follows(table, column));
        gone.sort_by_key(|(table, column)| {
            let is_generated = column.generated.is_some();
            (!is_generated, self.inheritance.depth(table))
        });
        for (table, column) in gone {
            let ddl = Ddl::new(format!(
                "ALTER TABLE {} DROP COLUMN {}",
                table.quoted(DIALECT),
                DIALECT.quote(&column.name)
            ));
            self.out.push(match column.generated.is_none() {
                true => ddl.with_data_loss(format!("the values of `{table}.{}`", column.name)),
                false => ddl,
            });
        }
    }

    /// Changes, adds and fills columns.
    fn alter_columns(&mut self) {
        let to = self.transition.to;
        // A generated column comes after the columns that it is computed from.
        let mut generated = Vec::new();
        for change in &self.transition.changes {
            if let Change::Create(Object::Column {
                table,
                value: column,
            }) = change
                && !self.inheritance.follows(table, column)
            {
                match column.generated.is_some() {
                    true => generated.push((table, &**column)),
                    false => column::add(&mut self.out, table, column, &to.tables[table], to),
                }
            }
        }
        let mut tables: Vec<_> = self.affected.surviving().collect();
        tables.sort_by_key(|(name, _)| self.inheritance.depth(name));
        for (name, before) in tables {
            let after = &to.tables[name];
            for column in &after.columns {
                let Some(from) = before.column(&column.name) else {
                    // What is the table's own is changed after the one above has brought it.
                    if let Some(from) = self.inheritance.brought(name, &column.name) {
                        self.alter_column(name, &from, column, false);
                    }
                    continue;
                };
                if !self.affected.is_rebuilt(name, &from.name) {
                    self.alter_column(name, from, column, true);
                } else if !self.inheritance.is_from_above(name, from) {
                    match column.generated.is_some() {
                        true => generated.push((name, column)),
                        false => column::add(&mut self.out, name, column, after, to),
                    }
                }
            }
        }
        for (table, column) in generated {
            column::add(&mut self.out, table, column, &to.tables[table], to);
        }
    }

    /// Changes a column as far as the changes of the tables above have not.
    fn alter_column(&mut self, table: &Name, from: &Column, to: &Column, existed: bool) {
        let is_retyped = |table: &Name| self.affected.is_retyped(table, &from.name);
        let was_dropped = |table: &Name| self.without_default.contains(&(table, &*from.name));
        let is_set_again = |table: &Name| is_retyped(table) || was_dropped(table);
        let left = match existed {
            true => self.inheritance.left(table, from, to, is_set_again),
            false => from.clone(),
        };
        let typed_above = self
            .inheritance
            .is_typed_above(table, &from.name, is_retyped);
        let altered = Altered {
            table,
            from: &left,
            to,
            after: &self.transition.to.tables[table],
            schema: self.transition.to,
            retyped: existed && is_retyped(table) && !typed_above,
            without_default: existed && was_dropped(table) && left.default == from.default,
            only_default: self.inheritance.only(table, &from.name, Own::Default),
            only_null: self.inheritance.only(table, &from.name, Own::Nullable),
        };
        altered.write(&mut self.out);
    }

    /// Gives constraints and indexes their names, while the old ones are free and nothing new has
    /// come.
    fn rename_on_tables(&mut self) {
        let mut indexes: Vec<(Name, Name)> = Vec::new();
        let mut others: BTreeMap<&Name, Vec<(String, String)>> = BTreeMap::new();
        let in_schema = |table: &Name, name: &str| Name {
            name: name.to_owned(),
            ..table.clone()
        };
        for change in &self.transition.changes {
            match change {
                Change::Rename(Renamed::Constraint { table, from, to })
                    if !self.affected.constraint(table, from) =>
                {
                    let (Some(old), Some(new)) = (from.name(), to.name()) else {
                        continue;
                    };
                    match from {
                        Constraint::Check(_) | Constraint::ForeignKey(_) => {
                            others
                                .entry(table)
                                .or_default()
                                .push((old.to_owned(), new.to_owned()));
                        }
                        // It has the name of its index.
                        Constraint::PrimaryKey(_)
                        | Constraint::Unique(_)
                        | Constraint::Exclusion(..) => {
                            indexes.push((in_schema(table, old), in_schema(table, new)));
                        }
                    }
                }
                Change::Rename(Renamed::Index { table, from, to }) => {
                    let index = &self.transition.to.tables[table].indexes[to];
                    if !self.affected.index(table, index) {
                        indexes.push((in_schema(table, from), in_schema(table, to)));
                    }
                }
                _ => {}
            }
        }
        let free = |name: &Name| in_schema(name, &free_name(&name.name, |_| false));
        for (from, to) in order::renames(&indexes, free) {
            self.out.add(format!(
                "ALTER INDEX {} RENAME TO {}",
                from.quoted(DIALECT),
                DIALECT.quote(&to.name)
            ));
        }
        for (table, names) in others {
            for (from, to) in order::renames(&names, |name| free_name(name, |_| false)) {
                self.out.add(format!(
                    "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                    table.quoted(DIALECT),
                    DIALECT.quote(&from),
                    DIALECT.quote(&to)
                ));
            }
        }
    }

    /// Adds the constraints; returns the foreign keys, which come after the indexes, as one may be
    /// what they point to.
    fn add_constraints(&mut self) -> Vec<(&'a Name, Constraint)> {
        let recreated = std::mem::take(&mut self.to_recreate);
        let (keys, others): (Vec<_>, Vec<_>) = recreated
            .into_iter()
            .partition(|(_, constraint)| matches!(constraint, Constraint::ForeignKey(_)));
        self.add_all(&others);
        keys
    }

    fn add_all(&mut self, constraints: &[(&Name, Constraint)]) {
        for (name, constraint) in constraints {
            self.out.add(format!(
                "ALTER TABLE {} ADD {}",
                name.quoted(DIALECT),
                clause::constraint(DIALECT, constraint)
            ));
        }
    }

    fn create_indexes(&mut self, back: &BTreeSet<(&Name, &str)>) {
        for change in &self.transition.changes {
            match change {
                Change::Create(Object::Index {
                    table,
                    name,
                    value: index,
                }) => self.create_index(table, name, index),
                Change::Create(Object::Table { name, value: table }) => {
                    for (index_name, index) in &table.indexes {
                        self.create_index(name, index_name, index);
                    }
                }
                _ => {}
            }
        }
        for (table, name) in back {
            let index = &self.transition.to.tables[*table].indexes[*name];
            self.create_index(table, name, index);
        }
    }
}

type Definitions = BTreeMap<String, String>;

/// Returns the triggers, policies and rules of a table before and after, with their keyword.
fn on_tables<'t>(
    before: &'t Table,
    after: &'t Table,
) -> [(&'static str, &'t Definitions, &'t Definitions); 3] {
    [
        ("TRIGGER", &before.triggers, &after.triggers),
        ("POLICY", &before.policies, &after.policies),
        ("RULE", &before.rules, &after.rules),
    ]
}

/// Returns whether a text may mention one of these views.
fn speaks_of_view<'n>(words: &Words, mut views: impl Iterator<Item = &'n Name>) -> bool {
    views.any(|view| words.mention(&view.name))
}
