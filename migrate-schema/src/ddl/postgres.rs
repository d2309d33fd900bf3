//! PostgreSQL: one change a statement, in the order in which they depend on each other.

mod affected;
mod column;
mod composite;
mod graph;
mod inheritance;
mod objects;
mod privileges;
mod table;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use self::affected::Affected;
use self::column::Altered;
use self::graph::Node;
use self::inheritance::{Inheritance, Own};
use crate::ddl::clause;
use crate::ddl::{Ddl, Out};
use crate::diff::Transition;
use crate::diff::after_renames::free_name;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::diff::order;
use crate::schema::dependencies::{Needs, Part, needs};
use crate::schema::text::Words;
use crate::schema::{Column, Name, ObjectKind, ObjectRef, Schema, Signature, Table};
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
            let sql = &ddl.sql;
            let may = sql.starts_with("UPDATE") || Words::of(sql).mention(&name.name);
            let has = || literals.iter().any(|it| sql.contains(it));
            !sql.starts_with("ALTER TYPE") && has() && may
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
    /// The parts of dropped tables that are already gone.
    dropped_parts: BTreeSet<Part>,
    /// The defaults that are already gone.
    without_default: BTreeSet<(&'a Name, &'a str)>,
    /// The types that wait under another name until nothing is of them.
    displaced: BTreeMap<Name, Name>,
    /// The routines that wait so until no such type depends on them.
    displaced_routines: BTreeMap<&'a Signature, Name>,
    /// The statements that create functions from displaced types to new ones.
    conversions: Vec<String>,
    /// The types that were dropped together with what they depended on.
    dropped_types: BTreeSet<Name>,
    /// What each part of the new schema depends on.
    needs: Needs,
    /// The constraints that were added to tables.
    added_constraints: BTreeSet<Part>,
    /// What is created after columns are altered.
    late: BTreeSet<Part>,
    /// The statements that set a default that depends on such.
    late_defaults: Vec<String>,
    /// The tables that exist by now.
    existing: BTreeSet<&'a Name>,
    /// The views that are changed in place.
    replaced: BTreeSet<Name>,
    /// The objects that were dropped and created again.
    recreated: Vec<(ObjectRef<'a>, (ObjectKind, String))>,
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
            dropped_parts: BTreeSet::new(),
            without_default: BTreeSet::new(),
            displaced: BTreeMap::new(),
            displaced_routines: BTreeMap::new(),
            conversions: Vec::new(),
            dropped_types: BTreeSet::new(),
            needs: needs(transition.to),
            added_constraints: BTreeSet::new(),
            late: BTreeSet::new(),
            late_defaults: Vec::new(),
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
        self.leave_types();
        self.create_prerequisites();
        self.drop_apart();
        self.drop_on_tables();
        self.drop_parts_of_gone_tables();
        let indexes = self.drop_indexes();
        self.drop_defaults();
        let views = self.changed_views();
        self.free_domains();
        self.drop_in_order();
        self.drop_sequences();
        self.rename_on_tables();
        self.displace_types();
        self.alter_types();
        let late = self.create_early(&views);
        self.restrict_domains();
        self.create_conversions();
        self.alter_tables();
        self.alter_columns();
        self.enter_types();
        self.drop_conversions();
        let keys = self.create_late(late, &views, &indexes);
        self.set_late_defaults();
        self.add_not_null_for_new_rows();
        self.add_all(&keys);
        self.comment_on_constraints();
        self.choose_indexes();
        self.create_on_tables();
        self.create_apart();
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
            for (keyword, part, before, after) in on_tables(before, after) {
                for (object, definition) in before {
                    if after.get(object) != Some(definition)
                        || self.affected.part(&part(name.clone(), object.clone()))
                    {
                        self.drop_on_table(keyword, name, object);
                    }
                }
            }
        }
    }

    fn drop_on_table(&mut self, keyword: &str, table: &Name, object: &str) {
        self.out.add(format!(
            "DROP {keyword} {} ON {}",
            DIALECT.quote(object),
            table.quoted(DIALECT)
        ));
    }

    /// Drops what a dropped table depends on with a part alone, where the other depends on the table:
    /// neither could be dropped before the other.
    fn drop_parts_of_gone_tables(&mut self) {
        let needs = &self.affected.needs;
        let leads_back = |part: &Part, table: &Name| {
            let mut waiting = vec![part];
            let mut seen = BTreeSet::new();
            while let Some(part) = waiting.pop() {
                if part.relation() == Some(table) {
                    return true;
                }
                if seen.insert(part) {
                    waiting.extend(needs.get(part).into_iter().flatten());
                }
            }
            false
        };
        let mut gone = Vec::new();
        for (part, needed) in needs {
            let table = part
                .relation()
                .and_then(|name| self.affected.tables.get(name));
            let Some(table) = table else { continue };
            let mut others = needed.iter().filter(|it| it.relation() != Some(*table));
            // The other can have one of this table: two policies that mention each other's tables.
            let is_gone = |part: &Part| match (part, part.relation()) {
                (Part::Routine(signature), _) => self.affected.routines.contains(signature),
                (_, Some(name)) => {
                    self.affected.tables.contains(name) || self.affected.views.contains(name)
                }
                _ => false,
            };
            let is_query = matches!(part, Part::Policy(..) | Part::Rule(..));
            if others.any(|it| is_query && is_gone(it) || leads_back(it, table)) {
                gone.push((*table, part.clone()));
            }
        }
        for (table, part) in gone {
            let quoted = table.quoted(DIALECT);
            match &part {
                Part::Trigger(_, name) => self.drop_on_table("TRIGGER", table, name),
                Part::Policy(_, name) => self.drop_on_table("POLICY", table, name),
                Part::Rule(_, name) => self.drop_on_table("RULE", table, name),
                Part::Index(_, name) => self.drop_index(table, name),
                Part::Constraint(_, name) if !self.is_foreign_key(table, name) => {
                    let name = DIALECT.quote(name);
                    self.out
                        .add(format!("ALTER TABLE {quoted} DROP CONSTRAINT {name}"));
                }
                Part::Default(_, column) => {
                    let column = DIALECT.quote(column);
                    self.out.add(format!(
                        "ALTER TABLE {quoted} ALTER COLUMN {column} DROP DEFAULT"
                    ));
                }
                _ => continue,
            }
            self.dropped_parts.insert(part);
        }
    }

    fn is_foreign_key(&self, table: &Name, name: &str) -> bool {
        let keys = &self.renamed().tables[table].foreign_keys;
        keys.iter().any(|key| key.name.as_deref() == Some(name))
    }

    fn create_on_tables(&mut self) {
        let surviving: BTreeMap<&Name, &Table> = self.affected.surviving().collect();
        let nothing = Table::default();
        for (name, after) in &self.transition.to.tables {
            let before = surviving.get(name).copied();
            for (_, part, before_all, after) in on_tables(before.unwrap_or(&nothing), after) {
                for (object, definition) in after {
                    let stays = before_all.get(object) == Some(definition)
                        && !self.affected.part(&part(name.clone(), object.clone()));
                    if !stays {
                        for statement in each(definition) {
                            self.out.add(statement);
                        }
                    }
                }
            }
        }
    }

    /// Returns the constraints that are dropped or block other changes, foreign keys first.
    fn constraints_to_drop(&mut self, order: &[Node<'a>]) -> Vec<(&'a Name, Constraint)> {
        let mut gone: Vec<(bool, &'a Name, Constraint)> = Vec::new();
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
        gone.into_iter().map(|(_, name, it)| (name, it)).collect()
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
                    && self.is_index_affected(name, index_name)
                {
                    self.drop_index(name, index_name);
                    back.insert((name, new_name.as_str()));
                }
            }
        }
        back
    }

    fn is_index_affected(&self, table: &Name, name: &str) -> bool {
        let part = Part::Index(table.clone(), name.to_owned());
        self.affected.part(&part)
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

    /// Returns the columns to drop, first those that are computed from others.
    fn columns_to_drop(&self) -> Vec<(&'a Name, &'a Column)> {
        let mut gone: Vec<(&'a Name, &'a Column)> = Vec::new();
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
        gone
    }

    fn drop_column(&mut self, table: &Name, column: &str) {
        let before = self.renamed().tables[table].column(column);
        let is_computed = before.is_some_and(|before| before.generated.is_some());
        let ddl = Ddl::new(format!(
            "ALTER TABLE {} DROP COLUMN {}",
            table.quoted(DIALECT),
            DIALECT.quote(column)
        ));
        self.out.push(match is_computed {
            true => ddl,
            false => ddl.with_data_loss(format!("the values of `{table}.{column}`")),
        });
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
        let default = Part::Default(table.clone(), to.name.clone());
        let default_waits = self
            .needs
            .get(&default)
            .is_some_and(|needed| needed.iter().any(|part| self.late.contains(part)));
        let column = DIALECT.quote(&to.name);
        let mut using = self.converted(&column, &from.sql_type, &to.sql_type);
        if using == column {
            using = format!("{column}::text::{}", to.sql_type);
        }
        let (renamed, after) = (self.renamed(), self.transition.to);
        let not_null_name = after
            .not_null_above(table, to)
            .is_none()
            .then(|| after.not_null_name(table, to));
        // It could not be renamed before.
        let is_freed = renamed.not_null_above(table, from).is_some() && not_null_name.is_some();
        let inherited_name = is_freed.then(|| renamed.not_null_name(table, from));
        let altered = Altered {
            table,
            not_null_name,
            inherited_name,
            using,
            default_waits,
            from: &left,
            to,
            after: &self.transition.to.tables[table],
            schema: self.transition.to,
            retyped: existed && is_retyped(table) && !typed_above,
            without_default: existed && was_dropped(table) && left.default == from.default,
            only_default: self.inheritance.only(table, &from.name, Own::Default),
            only_null: self.inheritance.only(table, &from.name, Own::Nullable),
        };
        let late_default = altered.write(&mut self.out);
        self.late_defaults.extend(late_default);
    }

    /// Adds `NOT NULL` that is not valid: until then a row can be updated that has no such value.
    fn add_not_null_for_new_rows(&mut self) {
        let is_lax = |column: &Column| !column.nullable && column.options.has("NOT VALID");
        for (name, table) in &self.transition.to.tables {
            let before = self.renamed().tables.get(name);
            let before = before.filter(|_| !self.affected.tables.contains(name));
            for column in table.columns.iter().filter(|column| is_lax(column)) {
                let old = before.and_then(|before| before.column(&column.name));
                let old = old.filter(|old| !self.affected.is_rebuilt(name, &old.name));
                if !old.is_some_and(is_lax) {
                    self.out.add(column::add_not_null(name, column));
                }
            }
        }
    }

    fn set_late_defaults(&mut self) {
        for sql in std::mem::take(&mut self.late_defaults) {
            self.out.add(sql);
        }
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
                Change::Rename(Renamed::Index { table, from, to })
                    if !self.is_index_affected(table, from) =>
                {
                    indexes.push((in_schema(table, from), in_schema(table, to)));
                }
                _ => {}
            }
        }
        for (table, old, new) in self.renamed_not_null() {
            others.entry(table).or_default().push((old, new));
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

    /// Returns the constraints of `NOT NULL` that get another name. What a table above has too keeps
    /// its name, as no statement changes it.
    fn renamed_not_null(&self) -> Vec<(&'a Name, String, String)> {
        let (from, to) = (self.renamed(), self.transition.to);
        let mut all = Vec::new();
        for (name, before) in self.affected.surviving() {
            for column in &to.tables[name].columns {
                let old = before.column(&column.name).filter(|old| {
                    let is_made = self.affected.is_rebuilt(name, &old.name);
                    !column::is_not_null_made(old, column) && !is_made
                });
                let Some(old) = old else { continue };
                let is_above = from.not_null_above(name, old).is_some()
                    || to.not_null_above(name, column).is_some();
                let names = (
                    from.not_null_name(name, old),
                    to.not_null_name(name, column),
                );
                if !is_above && names.0 != names.1 {
                    all.push((name, names.0, names.1));
                }
            }
        }
        all
    }

    fn add_all(&mut self, constraints: &[(&Name, Constraint)]) {
        for (name, constraint) in constraints {
            if let Some(key) = constraint.name() {
                let part = Part::Constraint((*name).clone(), key.to_owned());
                self.added_constraints.insert(part);
            }
            self.out.add(format!(
                "ALTER TABLE {} ADD {}",
                name.quoted(DIALECT),
                clause::constraint(DIALECT, constraint)
            ));
        }
    }

    /// Returns the indexes to create, `back` being those that were dropped meanwhile.
    fn indexes_to_create(&self, back: &BTreeSet<(&'a Name, &'a str)>) -> Vec<Node<'a>> {
        let mut all = Vec::new();
        for change in &self.transition.changes {
            match change {
                Change::Create(Object::Index { table, name, .. }) => {
                    all.push(Node::Index(table, name));
                }
                Change::Create(Object::Table { name, value: table }) => {
                    let indexes = table.indexes.keys();
                    all.extend(indexes.map(|index| Node::Index(name, index)));
                }
                _ => {}
            }
        }
        all.extend(back.iter().map(|(table, name)| Node::Index(table, name)));
        all
    }
}

type Definitions = BTreeMap<String, String>;

/// A kind of what is on a table: its keyword, the part that one is, and all before and after.
type OnTable<'t> = (
    &'static str,
    fn(Name, String) -> Part,
    &'t Definitions,
    &'t Definitions,
);

/// Returns the triggers, policies and rules of a table before and after.
fn on_tables<'t>(before: &'t Table, after: &'t Table) -> [OnTable<'t>; 3] {
    [
        ("TRIGGER", Part::Trigger, &before.triggers, &after.triggers),
        ("POLICY", Part::Policy, &before.policies, &after.policies),
        ("RULE", Part::Rule, &before.rules, &after.rules),
    ]
}
