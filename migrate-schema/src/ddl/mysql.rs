//! MySQL and MariaDB: all that changes about a table is one `ALTER TABLE`, but for foreign keys.
//!
//! A server commits each statement by itself, so what is half done stays so.

mod alter;
mod partitions;
mod session;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use self::alter::Alter;
use crate::ddl::tables::{drop_tables, drop_views, views_that_change, views_to_create};
use crate::ddl::{Ddl, Out, clause, definition};
use crate::diff::Transition;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::schema::stored_session::without_session;
use crate::schema::text::Words;
use crate::schema::{ForeignKey, Name, ObjectKind, ObjectRef, Schema, Sequence, View};
use migrate_core::Dialect;

const DIALECT: Dialect = Dialect::MySql;

pub(super) fn statements(transition: &Transition<'_>) -> Vec<Ddl> {
    let mut plan = Plan::new(transition);
    let views = views_that_change(transition, |words| plan.is_renamed(words));
    drop_views(&mut plan.out, DIALECT, &views);
    plan.drop_events();
    let triggers = plan.drop_triggers();
    plan.drop_definitions();
    plan.rename_tables();
    plan.drop_foreign_keys();
    drop_tables(&mut plan.out, transition);
    plan.drop_checks();
    plan.sequences();
    let later = plan.create_tables();
    plan.alter_tables();
    plan.add_foreign_keys(later);
    plan.drop_sequences();
    plan.create_definitions();
    plan.create_views(&views);
    plan.create_triggers(&triggers);
    plan.create_events();
    session::set_and_restore(plan.out.0)
}

struct Plan<'a> {
    transition: &'a Transition<'a>,
    /// The tables that are dropped, including those that are recreated.
    gone: BTreeSet<&'a Name>,
    /// The changes of each table that stays.
    alters: BTreeMap<&'a Name, Alter<'a>>,
    /// The foreign keys to add or recreate.
    to_recreate: Vec<(&'a Name, ForeignKey)>,
    out: Out,
}

impl<'a> Plan<'a> {
    fn new(transition: &'a Transition<'a>) -> Self {
        let mut gone = BTreeSet::new();
        let mut changes: BTreeMap<&Name, Vec<&Change>> = BTreeMap::new();
        for change in &transition.changes {
            let table = match change {
                Change::Drop(Object::Table { name, .. }) => {
                    gone.insert(name);
                    None
                }
                Change::Create(Object::Trigger { .. })
                | Change::Drop(Object::Trigger { .. })
                | Change::Alter {
                    to: Object::Trigger { .. },
                    ..
                }
                | Change::Rename(Renamed::Table { .. }) => None,
                Change::Create(object)
                | Change::Drop(object)
                | Change::Alter { to: object, .. } => object.table(),
                Change::Rename(renamed) => Some(renamed.table()),
            };
            if let Some(table) = table {
                changes.entry(table).or_default().push(change);
            }
        }
        let alters = changes
            .into_iter()
            .map(|(name, changes)| (name, Alter::new(transition, name, &changes)))
            .collect();
        Self {
            transition,
            gone,
            alters,
            to_recreate: Vec::new(),
            out: Out::default(),
        }
    }

    fn renamed(&self) -> &'a Schema {
        &self.transition.after_renames.schema
    }

    /// Returns whether a text mentions a renamed table or column, as MySQL updates no text.
    fn is_renamed(&self, words: &Words) -> bool {
        self.transition.changes.iter().any(|change| match change {
            Change::Rename(Renamed::Table { from, to }) => {
                words.mention(&from.name) || words.mention(&to.name)
            }
            Change::Rename(Renamed::Column { table, from, to }) => {
                words.mention(&table.name) && (words.mention(from) || words.mention(to))
            }
            _ => false,
        })
    }

    /// Drops the triggers that change, those whose text would be wrong, and those that follow one
    /// of them, as it comes back behind all that are there; returns all.
    fn drop_triggers(&mut self) -> BTreeSet<String> {
        let mut gone: BTreeSet<String> = BTreeSet::new();
        for table in self.transition.from.tables.values() {
            loop {
                let follows = |definition: &str| {
                    gone.iter().any(|other| {
                        definition.contains(&format!("FOLLOWS {}", DIALECT.quote(other)))
                    })
                };
                let goes = |(name, definition): &(&String, &String)| {
                    let mut after = self.transition.to.tables.values();
                    let same = after.any(|table| table.triggers.get(*name) == Some(*definition));
                    !same || self.is_renamed(&Words::of(definition)) || follows(definition)
                };
                let more = table.triggers.iter().filter(goes);
                let more: Vec<String> = more
                    .map(|(name, _)| name.clone())
                    .filter(|name| !gone.contains(name))
                    .collect();
                if more.is_empty() {
                    break;
                }
                for name in more {
                    self.out
                        .add(format!("DROP TRIGGER {}", DIALECT.quote(&name)));
                    gone.insert(name);
                }
            }
        }
        gone
    }

    fn drop_definitions(&mut self) {
        for change in &self.transition.changes {
            if let Change::Drop(object) | Change::Alter { from: object, .. } = change
                && let Some(object) = object.as_ref().filter(is_definition)
            {
                self.out.add(definition::drop(DIALECT, object));
            }
        }
    }

    fn create_definitions(&mut self) {
        for change in &self.transition.changes {
            if let Change::Create(object) | Change::Alter { to: object, .. } = change
                && let Some(object) = object.as_ref().filter(is_definition)
                && let Some(sql) = definition::create(DIALECT, object)
            {
                self.out.add(sql);
            }
        }
    }

    fn drop_events(&mut self) {
        for change in &self.transition.changes {
            if let Change::Drop(object) | Change::Alter { from: object, .. } = change
                && let Some(event @ ObjectRef::Event(..)) = object.as_ref()
            {
                self.out.add(definition::drop(DIALECT, event));
            }
        }
    }

    fn create_events(&mut self) {
        for change in &self.transition.changes {
            if let Change::Create(object) | Change::Alter { to: object, .. } = change
                && let Some(ObjectRef::Event(_, event)) = object.as_ref()
            {
                self.out.add(event.definition.clone());
            }
        }
    }

    fn rename_tables(&mut self) {
        for change in &self.transition.changes {
            if let Change::Rename(Renamed::Table { from, to }) = change {
                self.out.add(format!(
                    "RENAME TABLE {} TO {}",
                    from.quoted(DIALECT),
                    to.quoted(DIALECT)
                ));
            }
        }
    }

    /// Drops the foreign keys that are dropped, and those that block changes of a column or index.
    fn drop_foreign_keys(&mut self) {
        let mut gone: Vec<(&Name, &ForeignKey)> = Vec::new();
        for (name, table) in &self.renamed().tables {
            let after = self.transition.to.tables.get(name);
            for key in &table.foreign_keys {
                if self.gone.contains(name) {
                    if key.table != *name
                        && self.gone.contains(&key.table)
                        && self.is_dropped_before(&key.table, name)
                    {
                        gone.push((name, key));
                    }
                    continue;
                }
                let stays = after.is_some_and(|after| after.foreign_keys.contains(key));
                if !stays {
                    gone.push((name, key));
                } else if self.is_in_the_way(name, key) {
                    gone.push((name, key));
                    self.to_recreate.push((name, key.clone()));
                }
            }
        }
        for change in &self.transition.changes {
            match change {
                Change::Create(Object::Constraint {
                    table,
                    value: Constraint::ForeignKey(key),
                })
                | Change::Rename(Renamed::Constraint {
                    table,
                    to: Constraint::ForeignKey(key),
                    ..
                }) => self.to_recreate.push((table, key.clone())),
                _ => {}
            }
        }
        for (name, key) in gone {
            if let Some(key) = &key.name {
                self.out.add(format!(
                    "ALTER TABLE {} DROP FOREIGN KEY {}",
                    name.quoted(DIALECT),
                    DIALECT.quote(key)
                ));
            }
        }
    }

    fn is_dropped_before(&self, one: &Name, other: &Name) -> bool {
        let place = |name: &Name| {
            let drops = |change: &Change| matches!(change, Change::Drop(Object::Table { name: of, .. }) if of == name);
            self.transition.changes.iter().position(drops)
        };
        place(one) < place(other)
    }

    fn is_in_the_way(&self, table: &Name, key: &ForeignKey) -> bool {
        let touches = |table: &Name, columns: &[String]| {
            self.alters
                .get(table)
                .is_some_and(|alter| alter.touches(columns))
        };
        self.gone.contains(&key.table)
            || touches(table, &key.columns)
            || touches(&key.table, &key.references)
    }

    /// Drops the checks whose names other tables get: to MySQL they are names of the schema, and to
    /// MariaDB of the table.
    fn drop_checks(&mut self) {
        let mut new_names: BTreeSet<(String, &Name)> = BTreeSet::new();
        for change in &self.transition.changes {
            if let Change::Create(Object::Table { name, value: table }) = change {
                let names = table.checks.iter().filter_map(|check| check.name.as_ref());
                new_names.extend(names.map(|check| (check.to_lowercase(), name)));
            }
        }
        for (name, alter) in &self.alters {
            new_names.extend(
                alter
                    .new_checks()
                    .map(|check| (check.to_lowercase(), *name)),
            );
        }
        for (name, alter) in &mut self.alters {
            let free = |check: &str| {
                let check = check.to_lowercase();
                new_names
                    .iter()
                    .any(|(other, table)| *other == check && table != name)
            };
            for check in alter.take_checks(free) {
                self.out.add(format!(
                    "ALTER TABLE {} DROP CONSTRAINT {}",
                    name.quoted(DIALECT),
                    DIALECT.quote(&check)
                ));
            }
        }
    }

    /// Makes the tables; returns the foreign keys for which it is too early.
    fn create_tables(&mut self) -> Vec<(&'a Name, ForeignKey)> {
        let mut later = Vec::new();
        let mut existing: BTreeSet<&Name> = self
            .renamed()
            .tables
            .keys()
            .filter(|name| !self.gone.contains(name) && !self.alters.contains_key(name))
            .collect();
        for change in &self.transition.changes {
            if let Change::Create(Object::Table { name, value: table }) = change {
                existing.insert(name);
                let (inline, wait): (Vec<_>, Vec<_>) = table
                    .foreign_keys
                    .iter()
                    .partition(|key| existing.contains(&key.table));
                let sql = table::create(name, table, &inline);
                self.out.add(session::of_tables(&sql, &[table], false));
                later.extend(wait.into_iter().map(|key| (name, key.clone())));
            }
        }
        later
    }

    fn alter_tables(&mut self) {
        for alter in std::mem::take(&mut self.alters).into_values() {
            alter.write(&mut self.out);
        }
    }

    fn add_foreign_keys(&mut self, later: Vec<(&'a Name, ForeignKey)>) {
        for (name, key) in std::mem::take(&mut self.to_recreate)
            .into_iter()
            .chain(later)
        {
            let target = key.table.clone();
            let add = Ddl::new(format!(
                "ALTER TABLE {} ADD {}",
                name.quoted(DIALECT),
                clause::constraint(DIALECT, &Constraint::ForeignKey(key))
            ));
            if target.schema.is_some() || self.is_there(&target) {
                self.out.push(add);
                continue;
            }
            // Otherwise InnoDB rejects a key to a missing table; this is also how it was created.
            self.out.add("SET foreign_key_checks = 0");
            let why = format!("it references `{target}`, which does not exist");
            self.out.push(add.with_review(why));
            self.out.add("SET foreign_key_checks = 1");
        }
    }

    /// Returns whether the table exists in the target, ignoring case.
    fn is_there(&self, table: &Name) -> bool {
        let same = |name: &Name| name.name.eq_ignore_ascii_case(&table.name);
        self.transition.to.tables.keys().any(same)
    }

    fn sequences(&mut self) {
        for change in &self.transition.changes {
            let (word, name, sequence) = match change {
                Change::Create(Object::Sequence {
                    name,
                    value: sequence,
                }) => ("CREATE", name, sequence),
                Change::Alter {
                    to: Object::Sequence { name, value: to },
                    ..
                } => ("ALTER", name, to),
                _ => continue,
            };
            self.out.add(format!(
                "{word} SEQUENCE {} {}",
                name.quoted(DIALECT),
                counts(sequence)
            ));
        }
    }

    fn drop_sequences(&mut self) {
        for change in &self.transition.changes {
            if let Change::Drop(Object::Sequence { name, .. }) = change {
                self.out.push(
                    Ddl::new(format!("DROP SEQUENCE {}", name.quoted(DIALECT)))
                        .with_data_loss(format!("the counter of `{name}`")),
                );
            }
        }
    }

    fn create_views(&mut self, gone: &[Name]) {
        let to = self.transition.to;
        for name in views_to_create(self.renamed(), to, gone) {
            self.out.add(create_view(&name, &to.views[&name]));
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
        for (name, table) in &self.transition.to.tables {
            let new: Vec<(&String, &String)> = table
                .triggers
                .iter()
                .filter(|(trigger, _)| !existing.contains(trigger) || self.gone.contains(name))
                .collect();
            // One that follows another comes after it.
            let items: Vec<crate::diff::order::Item<()>> = new
                .iter()
                .map(|(trigger, definition)| crate::diff::order::Item {
                    key: (),
                    name: (*trigger).clone(),
                    words: Words::of(header(definition)),
                })
                .collect();
            for at in crate::diff::order::by_mention(&items) {
                self.out.add(new[at].1);
            }
        }
    }
}

/// Returns the line of a trigger that says what it follows.
fn header(trigger: &str) -> &str {
    let (_, statement) = without_session(trigger);
    statement.split('\n').next().unwrap_or_default()
}

/// Returns whether an object is created by a single text, after tables and before views.
fn is_definition(object: &ObjectRef<'_>) -> bool {
    match object.kind() {
        ObjectKind::Routine => true,
        ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence | ObjectKind::Event => false,
        // PostgreSQL's.
        ObjectKind::Enum
        | ObjectKind::Domain
        | ObjectKind::Type
        | ObjectKind::Collation
        | ObjectKind::Dictionary
        | ObjectKind::Configuration
        | ObjectKind::Statistics
        | ObjectKind::Wrapper
        | ObjectKind::Server
        | ObjectKind::Publication
        | ObjectKind::EventTrigger
        | ObjectKind::Operator
        | ObjectKind::Cast
        | ObjectKind::Extension
        | ObjectKind::Schema => false,
    }
}

/// Writes what a sequence of MariaDB does.
fn counts(sequence: &Sequence) -> String {
    let cache = match sequence.cache {
        0 => "NOCACHE".to_owned(),
        cache => format!("CACHE {cache}"),
    };
    format!(
        "START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} {cache} {}",
        sequence.start,
        sequence.increment,
        sequence.min,
        sequence.max,
        if sequence.cycle { "CYCLE" } else { "NOCYCLE" }
    )
}

fn create_view(name: &Name, view: &View) -> String {
    let option = |word: &str| view.options.value(word);
    let mut sql = "CREATE".to_owned();
    if let Some(algorithm) = option("ALGORITHM") {
        sql = format!("{sql} ALGORITHM = {algorithm}");
    }
    if let Some(security) = option("SQL SECURITY") {
        sql = format!("{sql} SQL SECURITY {security}");
    }
    let columns = option("COLUMNS").map_or_else(String::new, |columns| format!(" {columns}"));
    sql = format!(
        "{sql} VIEW {}{columns} AS {}",
        name.quoted(DIALECT),
        view.definition
    );
    if let Some(check) = option("CHECK OPTION") {
        sql = format!("{sql} WITH {check} CHECK OPTION");
    }
    match option("SESSION") {
        Some(settings) => format!("SET {settings};\n{sql}"),
        None => sql,
    }
}
