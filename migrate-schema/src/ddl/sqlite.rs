//! SQLite: `ALTER TABLE` where possible, otherwise the table is rebuilt.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use self::table::{carried, copied, copied_rowid, create_table, needs_rebuild};
use crate::ddl::clause::{self, Extra};
use crate::ddl::tables::{drop_tables, drop_views, views_that_change, views_to_create};
use crate::ddl::{Ddl, Out};
use crate::diff::Transition;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::schema::text::{Words, is_keyword, is_plain};
use crate::schema::{Identity, Name, Table, View};
use migrate_core::Dialect;

const DIALECT: Dialect = Dialect::Sqlite;

pub(super) fn statements(transition: &Transition<'_>) -> Vec<Ddl> {
    let mut plan = Plan::new(transition);
    let views = views_that_change(transition, |words| plan.is_touched(words));
    drop_views(&mut plan.out, DIALECT, &views);
    let triggers = plan.drop_triggers();
    plan.drop_indexes();
    plan.rename();
    drop_tables(&mut plan.out, transition);
    plan.change_tables();
    plan.create_tables();
    plan.create_indexes();
    plan.create_views(&views);
    plan.create_triggers(&triggers);
    plan.out.0
}

struct Plan<'a> {
    transition: &'a Transition<'a>,
    /// The changes of each table that exists before and after.
    changes: BTreeMap<&'a Name, Vec<&'a Change>>,
    /// The tables that are rebuilt.
    rebuilt: BTreeSet<&'a Name>,
    /// The old and new names of tables that no view or trigger may reference meanwhile.
    touched: BTreeSet<&'a str>,
    out: Out,
}

impl<'a> Plan<'a> {
    fn new(transition: &'a Transition<'a>) -> Self {
        let mut changes: BTreeMap<&Name, Vec<&Change>> = BTreeMap::new();
        let mut touched = BTreeSet::new();
        for change in &transition.changes {
            match change {
                Change::Create(object)
                | Change::Drop(object)
                | Change::Alter { to: object, .. } => {
                    if let Object::Option { table, .. }
                    | Object::Column { table, .. }
                    | Object::Constraint { table, .. } = object
                    {
                        changes.entry(table).or_default().push(change);
                    }
                }
                Change::Rename(Renamed::Constraint { table, .. }) => {
                    changes.entry(table).or_default().push(change);
                }
                Change::Rename(_) => {}
            }
            match change {
                Change::Rename(Renamed::Table { from, to }) => {
                    touched.extend([&*from.name, &*to.name]);
                }
                Change::Drop(Object::Column { table, .. })
                | Change::Rename(Renamed::Column { table, .. }) => {
                    touched.insert(&table.name);
                }
                Change::Drop(Object::Table { name, .. }) => {
                    touched.insert(&name.name);
                }
                _ => {}
            }
        }
        let rebuilt: BTreeSet<&Name> = changes
            .iter()
            .filter(|(name, changes)| needs_rebuild(transition, name, changes))
            .map(|(name, _)| *name)
            .collect();
        touched.extend(rebuilt.iter().map(|name| &*name.name));
        Self {
            transition,
            changes,
            rebuilt,
            touched,
            out: Out::default(),
        }
    }

    fn before(&self, name: &Name) -> &'a Table {
        &self.transition.after_renames.schema.tables[name]
    }

    fn is_touched(&self, words: &Words) -> bool {
        self.touched.iter().any(|name| words.mention(name))
    }

    /// Drops the triggers that must not exist meanwhile, and returns them.
    fn drop_triggers(&mut self) -> BTreeSet<String> {
        let mut gone = BTreeSet::new();
        let mut changed = BTreeSet::new();
        for change in &self.transition.changes {
            if let Change::Drop(Object::Trigger { name, .. })
            | Change::Alter {
                to: Object::Trigger { name, .. },
                ..
            } = change
            {
                changed.insert(name);
            }
        }
        for table in self.transition.from.tables.values() {
            for (name, definition) in &table.triggers {
                if changed.contains(name) || self.is_touched(&Words::of(definition)) {
                    self.out
                        .add(format!("DROP TRIGGER {}", DIALECT.quote(name)));
                    gone.insert(name.clone());
                }
            }
        }
        gone
    }

    fn drop_indexes(&mut self) {
        for change in &self.transition.changes {
            let (table, name) = match change {
                Change::Drop(Object::Index { table, name, .. }) => (table, name),
                Change::Rename(Renamed::Index { table, from, .. }) => (table, from),
                _ => continue,
            };
            if !self.rebuilt.contains(table) {
                self.out.add(format!("DROP INDEX {}", DIALECT.quote(name)));
            }
        }
    }

    fn rename(&mut self) {
        for change in &self.transition.changes {
            match change {
                Change::Rename(Renamed::Table { from, to }) => {
                    let mut old = from.quoted(DIALECT);
                    if from.name.eq_ignore_ascii_case(&to.name) {
                        // To SQLite that name is taken.
                        let way = DIALECT.quote(&self.free_name(&to.name));
                        self.out.add(format!("ALTER TABLE {old} RENAME TO {way}"));
                        old = way;
                    }
                    let new = to.quoted(DIALECT);
                    self.out.add(format!("ALTER TABLE {old} RENAME TO {new}"));
                }
                Change::Rename(Renamed::Column { table, from, to }) => {
                    // SQLite would write the quotes wherever the name occurs.
                    let new = match is_plain(to) && !is_keyword(to) {
                        true => to.clone(),
                        false => DIALECT.quote(to),
                    };
                    self.out.add(format!(
                        "ALTER TABLE {} RENAME COLUMN {} TO {new}",
                        table.quoted(DIALECT),
                        DIALECT.quote(from),
                    ));
                }
                _ => {}
            }
        }
    }

    fn change_tables(&mut self) {
        for (name, changes) in std::mem::take(&mut self.changes) {
            match self.rebuilt.contains(name) {
                true => self.rebuild(name, &changes),
                false => self.alter(name, &changes),
            }
        }
    }

    /// Adds and drops columns in place.
    fn alter(&mut self, name: &Name, changes: &[&Change]) {
        let after = &self.transition.to.tables[name];
        let table = name.quoted(DIALECT);
        for change in changes {
            let Change::Create(Object::Column { value: column, .. }) = change else {
                continue;
            };
            let mut sql = clause::column(DIALECT, column, Extra::default());
            for constraint in changes
                .iter()
                .filter_map(|change| carried(after, changes, change, column))
            {
                let with = match constraint {
                    Constraint::ForeignKey(key) => {
                        let references = clause::references(DIALECT, key);
                        match &key.name {
                            Some(name) => {
                                format!("CONSTRAINT {} {references}", DIALECT.quote(name))
                            }
                            None => references,
                        }
                    }
                    constraint => clause::constraint(DIALECT, constraint),
                };
                sql = format!("{sql} {with}");
            }
            self.out
                .add(format!("ALTER TABLE {table} ADD COLUMN {sql}"));
        }
        for change in changes {
            if let Change::Drop(Object::Column { value: column, .. }) = change {
                let sql = format!(
                    "ALTER TABLE {table} DROP COLUMN {}",
                    DIALECT.quote(&column.name)
                );
                let ddl = Ddl::new(sql);
                self.out.push(match change.is_destructive(DIALECT) {
                    true => ddl.with_data_loss(format!("the values of `{name}.{}`", column.name)),
                    false => ddl,
                });
            }
        }
    }

    /// Rebuilds a table with its rows: the steps of
    /// <https://sqlite.org/lang_altertable.html#otheralter>.
    fn rebuild(&mut self, name: &Name, changes: &[&Change]) {
        let before = self.before(name);
        let after = &self.transition.to.tables[name];
        let lost: Vec<String> = changes
            .iter()
            .filter(|change| change.is_destructive(DIALECT))
            .map(ToString::to_string)
            .collect();
        let old = name.quoted(DIALECT);
        let new = Name::plain(self.free_name(&format!("{}__new", name.name)));
        let new_quoted = new.quoted(DIALECT);
        self.out.add(create_table(&new, after));
        let (mut columns, mut values, made_up) = copied(self.transition.to, before, after);
        if let Some(rowid) = copied_rowid(before, after) {
            columns.insert(0, rowid.to_owned());
            values.insert(0, rowid.to_owned());
        }
        let mut copy = Ddl::new(format!(
            "INSERT INTO {new_quoted} ({})\nSELECT {}\nFROM {old}",
            columns.join(", "),
            values.join(", ")
        ));
        if !made_up.is_empty() {
            copy = copy.with_review(format!("the rows of `{name}` get {}", made_up.join(", ")));
        }
        if !lost.is_empty() {
            copy = copy.with_data_loss(lost.join("; "));
        }
        self.out.push(copy);
        let counts = |table: &Table| {
            table
                .columns
                .iter()
                .any(|column| column.identity == Some(Identity::AutoIncrement))
        };
        if counts(before) && counts(after) {
            // The numbers that were given and are free again are not given twice.
            let (old_name, new_name) = (DIALECT.literal(&name.name), DIALECT.literal(&new.name));
            self.out.add(format!(
                "DELETE FROM sqlite_sequence WHERE name = {new_name}"
            ));
            self.out.add(format!(
                "INSERT INTO sqlite_sequence (name, seq)\nSELECT {new_name}, seq FROM sqlite_sequence WHERE name = {old_name}"
            ));
        }
        self.out.add(format!("DROP TABLE {old}"));
        self.out
            .add(format!("ALTER TABLE {new_quoted} RENAME TO {old}"));
    }

    fn create_tables(&mut self) {
        for change in &self.transition.changes {
            if let Change::Create(Object::Table { name, value: table }) = change {
                self.out.add(create_table(name, table));
            }
        }
    }

    fn create_indexes(&mut self) {
        for change in &self.transition.changes {
            match change {
                Change::Create(Object::Table { name, value: table }) => {
                    self.all_indexes(name, table);
                }
                Change::Create(Object::Index {
                    table,
                    name,
                    value: index,
                }) if !self.rebuilt.contains(table) => {
                    self.out
                        .add(clause::create_index(DIALECT, table, name, index));
                }
                Change::Rename(Renamed::Index { table, to, .. })
                    if !self.rebuilt.contains(table) =>
                {
                    let index = &self.transition.to.tables[table].indexes[to];
                    self.out
                        .add(clause::create_index(DIALECT, table, to, index));
                }
                _ => {}
            }
        }
        for name in std::mem::take(&mut self.rebuilt) {
            self.all_indexes(name, &self.transition.to.tables[name]);
        }
    }

    fn all_indexes(&mut self, name: &Name, table: &Table) {
        for (index_name, index) in &table.indexes {
            self.out
                .add(clause::create_index(DIALECT, name, index_name, index));
        }
    }

    fn create_views(&mut self, gone: &[Name]) {
        let to = self.transition.to;
        for name in views_to_create(&self.transition.after_renames.schema, to, gone) {
            let view = &to.views[&name];
            self.out.add(create_view(&name, view));
            for trigger in view.triggers.values() {
                self.out.add(trigger);
            }
        }
    }

    fn create_triggers(&mut self, gone: &BTreeSet<String>) {
        let existing: BTreeSet<&String> = self
            .transition
            .from
            .tables
            .values()
            .flat_map(|table| table.triggers.keys())
            .filter(|name| !gone.contains(*name))
            .collect();
        for table in self.transition.to.tables.values() {
            for (name, definition) in &table.triggers {
                if !existing.contains(name) {
                    self.out.add(definition);
                }
            }
        }
    }

    fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| {
            let is = |table: &Name| table.name.eq_ignore_ascii_case(name);
            self.transition.from.tables.keys().any(is)
                || self.transition.after_renames.schema.tables.keys().any(is)
                || self.transition.to.tables.keys().any(is)
        };
        match taken(name) {
            true => crate::diff::after_renames::free_name(name, taken),
            false => name.to_owned(),
        }
    }
}

fn create_view(name: &Name, view: &View) -> String {
    let columns = match view.columns.is_empty() {
        true => String::new(),
        false => format!(" ({})", clause::names(DIALECT, &view.columns)),
    };
    format!(
        "CREATE VIEW {}{columns} AS {}",
        name.quoted(DIALECT),
        view.definition
    )
}
